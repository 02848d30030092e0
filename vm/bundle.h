// An opened bundle: one array of records for each section, and what verification found out.
//
// Members are named after sections: `tables` and `table_count`. On a little-endian host with
// aligned bytes the instructions are read in place, else they are swapped into a block; packed
// records are unpacked, but for places. Immutable after opening. The compiler, readers and the
// machine all read the schema through these arrays.
#ifndef RP_VM_BUNDLE_H
#define RP_VM_BUNDLE_H

#include "vm/base/alloc.h"
#include "vm/base/arena.h"
#include "vm/base/buf.h"
#include "vm/format.h"
#include "vm/include/rdspol.h"
#include "vm/op.h"

typedef struct rdspol_bundle rp_bundle;

// One for each opening instruction, in program order; `parent` RP_NONE at the top.
typedef struct rp_frame_info {
    uint32_t first;  // the opening instruction
    uint32_t end;    // its `end`
    uint32_t parent; // index of the enclosing frame
    uint32_t table;  // whose rows it has
    uint32_t depth;  // 0 at the top
    bool message;    // inside a `rows` frame
} rp_frame_info;

struct rdspol_bundle {
    rp_alloc alloc;
    rp_arena arena;
#define SECTION(ID, name, FIELDS)                                                                  \
    const rp_rec_##name *name##s;                                                                  \
    uint32_t name##_count;
#include "vm/format.def"
#undef SECTION
    const char *text;                 // the bytes of the strings; `bytess` is not used
    const unsigned char *place_bytes; // packed; `places` is not used
    size_t place_size;
    // From verification.
    const rp_frame_info *frames;
    uint32_t frame_count;
    const uint32_t
        *frame_of; // per instruction: frame that holds its result's user (a fold: the outer)
    const uint16_t *table_of;     // per instruction: the table that its result refers to, else 0
    const uint32_t *store_of;     // per column: the instruction that stores it, or RP_NONE
    const uint32_t *emit_of;      // per policy: its emit
    const uint32_t *text_of;      // per column: its TEXT record, or RP_NONE
    const uint32_t *text_of_list; // per list
    const uint64_t *fed_by;       // per column and then per list: mask of its table's sources
};

// Text of a string index; empty for RP_NONE.
static inline rp_str rp_bundle_text(const rp_bundle *bundle, uint32_t string)
{
    if (string == RP_NONE) {
        return rp_str_make("", 0);
    }
    return rp_str_make(bundle->text + bundle->strings[string].offset, bundle->strings[string].size);
}

// Unpacks where the expressions of the instructions begin, `place_count` of them. False if the
// bytes are damaged.
bool rp_bundle_places(const rp_bundle *bundle, rp_rec_place *out);

// Prints a bool, number, time or duration as the language writes it; false for other kinds.
bool rp_print_scalar(rp_kind kind, uint64_t bits, rp_buf *out);

static inline uint64_t rp_bundle_const_bits(const rp_bundle *bundle, uint32_t constant)
{
    const rp_rec_const *c = &bundle->consts[constant];
    return (uint64_t)c->hi << 32 | c->lo;
}

// An instruction, taken apart. `type` is a type word.
typedef struct rp_insn {
    uint32_t op, type;
    uint32_t a, b, c; // RP_NONE: not there
} rp_insn;

static inline uint32_t rp_insn_operand(uint32_t half)
{
    return half == RP_INSN_NONE ? RP_NONE : half;
}

static inline uint32_t rp_bundle_op(const rp_bundle *bundle, uint32_t insn)
{
    return bundle->insns[insn].head & 0xffu;
}

// Type of the result of an instruction that was verified.
static inline uint32_t rp_bundle_type(const rp_bundle *bundle, uint32_t insn)
{
    return (bundle->insns[insn].head >> 8 & 0xffu) | (uint32_t)bundle->table_of[insn] << 16;
}

static inline rp_insn rp_bundle_insn(const rp_bundle *bundle, uint32_t insn)
{
    uint32_t head = bundle->insns[insn].head, tail = bundle->insns[insn].tail;
    return (rp_insn){.op = head & 0xffu,
                     .type = rp_bundle_type(bundle, insn),
                     .a = rp_insn_operand(head >> 16),
                     .b = rp_insn_operand(tail & 0xffffu),
                     .c = rp_insn_operand(tail >> 16)};
}

// Checks the records and the program; the second half of opening.
rdspol_status rp_verify(rp_bundle *bundle, rdspol_error *error);

// Whether a value of this type is a row of a record: not a resource that is referred to.
static inline bool rp_bundle_is_record(const rp_bundle *bundle, uint32_t type)
{
    return RP_TYPE_KIND(type) == RP_KIND_REF &&
           bundle->tables[RP_TYPE_TABLE(type)].kind != RP_TABLE_RESOURCE;
}

// Table by name ("instance"); column or list of a table by name; RP_NONE if there is none.
uint32_t rp_bundle_find_table(const rp_bundle *bundle, rp_str name);
uint32_t rp_bundle_find_column(const rp_bundle *bundle, uint32_t table, rp_str name);
uint32_t rp_bundle_find_list(const rp_bundle *bundle, uint32_t table, rp_str name);

// Fills an error; `path` may be NULL. Returns `status`.
rdspol_status rp_error_set(rdspol_error *error, rdspol_status status, const char *path,
                           const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 4, 5)))
#endif
    ;

#define RP_TRY(expr)                                                                               \
    do {                                                                                           \
        rdspol_status rp_status = (expr);                                                          \
        if (rp_status != RDSPOL_OK) {                                                              \
            return rp_status;                                                                      \
        }                                                                                          \
    } while (0)

#endif
