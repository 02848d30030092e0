// Running a program: values, frames, and one step for each instruction.
//
// The one idea: everything a kernel touches is decided before evaluation. A step holds pointers to
// its operands' values; a value holds pointers to its array and planes, in the workspace, in the
// facts (loads of a scan), or in planes that all rows share (constants). Nothing here allocates
// while it evaluates.
//
// Planes: `p` present (of a bool: true), `k` known (of a bool: false). Of a type that is not
// optional both are the same plane. Of a bool both bits set is absent. Arrays and planes may hold
// anything behind the last row of a chunk except in planes: those are zero there. Kernels work on
// whole words; those that follow a value to memory walk the set bits only. A cover has one plane:
// where its bit is not set the cover is empty, and its words may hold anything.
#ifndef RP_VM_EXEC_H
#define RP_VM_EXEC_H

#include "vm/base/bits.h"
#include "vm/base/wide.h"
#include "vm/facts.h"
#include "vm/plan.h"

typedef struct rp_val {
    void *v;
    uint64_t *k, *p;
} rp_val;

// A list as the machine reads it. `order`: element i is row order[i]. `fixed`: the same for all
// rows. `owner`, not NULL only where each row's elements begin where those of the row before end:
// the row of each element.
typedef struct rp_list_view {
    const uint32_t *begin, *end;
    const uint64_t *complete;
    const uint32_t *order;
    const uint32_t *owner;
    uint32_t first, last;
    bool fixed;
} rp_list_view;

// A constant set: up to 8 members one by one, or a bitmap over ids, or sorted numbers.
typedef struct rp_set_view {
    const uint64_t *items; // bits of the members, sorted
    const uint64_t *bitmap;
    uint32_t count;
    uint32_t bitmap_size; // in bits
} rp_set_view;

// What all cells of a column, or all values of a chunk, have in common: planes that follow from
// that need not be gathered. KNOWN: known, of bools true or false. EVERY, NONE: bits of `p`.
enum { RP_ALIKE_KNOWN = 1, RP_ALIKE_EVERY = 2, RP_ALIKE_NONE = 4 };

// What programs read: columns, lists, texts. Bound by the run, read only during evaluation.
typedef struct rp_world {
    const rp_bundle *bundle;
    rp_val *columns;      // per column
    unsigned char *alike; // per column: RP_ALIKE_*; `store` says it of derived columns
    uint32_t *rows;       // per table
    rp_list_view *lists;  // per list
    rp_set_view *sets;    // per set
    uint64_t *consts;     // per constant: the bits of its value
    uint64_t *params;     // per parameter: the same
    uint64_t param_present[RP_MAX_PARAMS / 64];
    int64_t now;
    const rp_str *base_texts; // ids below base_count
    uint32_t base_count;
    const rp_strtab *overlay; // ids from base_count on
    const uint32_t *rank;     // per id of a version: its rank; NULL if no version is compared
    const uint32_t *range_of; // per id of a cidr: index into ranges
    const rp_cidr *ranges;
    uint32_t id_count;
} rp_world;

static inline rp_str rp_world_text(const rp_world *world, uint32_t id)
{
    return id < world->base_count ? world->base_texts[id]
                                  : rp_strtab_get(world->overlay, id - world->base_count);
}

typedef struct rp_frame {
    const rp_frame_info *info;
    uint32_t n;       // rows of the chunk
    uint32_t words;   // of planes
    uint32_t base;    // of a scan: the first row; else the first of consecutive rows
    bool consecutive; // rows base, base + 1, ...: of `rows` only the first need be there
    bool same;        // as many rows as the outer chunk has, and row i belongs to its row i
    uint32_t *rows;   // unless it is a scan
    uint32_t *parents;
    uint64_t *mask;
    uint64_t *incomplete; // of the outer chunk's rows: their list is not complete
} rp_frame;

typedef struct rp_exec rp_exec;
typedef struct rp_step rp_step;
typedef void (*rp_kernel)(rp_exec *x, const rp_step *s, const rp_frame *f);

struct rp_step {
    rp_kernel run;
    rp_val *out;
    const rp_val *a, *b;
    union {
        const rp_val *c;
        uint64_t *aux; // of a fold, which has no third operand; of a test of texts slots of
                       // answers, or NULL
    };
    const void *extra; // per opcode: column, list, set, ...
    uint32_t number;   // per opcode: row of a set, size of a value, ...
    uint16_t insn;
    uint8_t op;
    uint8_t type; // kind and whether optional
};

#define RP_MEMO_SLOTS 512u

struct rp_exec {
    const rp_world *world;
    rp_plan plan;
    unsigned char *block; // the workspace
    size_t block_size;
    rp_val *vals;              // per slot
    rp_step *steps;            // per slot
    const unsigned char *live; // per instruction: which of them run; NULL: all
    uint32_t *fold_first;      // per frame that runs: the slots of its folds, a list
    uint32_t *fold_next;       // per slot
    uint64_t *zero;            // a plane of zeros
    uint32_t *positions;       // scratch of `outer`: a number for each row of a chunk
    uint32_t *counting;        // 0, 1, 2, ... for each row of a chunk
    int64_t *now;              // an array of the start of the run, or NULL
    rp_frame frames[RP_MAX_FRAME_DEPTH];
    void (*emit)(void *ctx, uint32_t policy, const rp_frame *f);
    // After the body of an outermost frame ran over a chunk.
    void (*chunk_done)(void *ctx, uint32_t frame, const rp_frame *f);
    void *ctx;
};

// The value of an instruction that runs.
static inline const rp_val *rp_exec_val(const rp_exec *x, uint32_t insn)
{
    return &x->vals[x->plan.slot[insn]];
}

// Lays out and binds a program; `live` and `keep` as for `rp_plan_make`. Everything comes from
// `arena`.
bool rp_exec_init(rp_exec *x, const rp_world *world, rp_arena *arena, uint32_t chunk,
                  const unsigned char *live, const unsigned char *keep);
// Refills what depends on parameters and `now`.
void rp_exec_bind_now(rp_exec *x);
// Runs an outermost frame over the rows `first` to `last` of its table.
void rp_exec_scan(rp_exec *x, uint32_t frame, uint32_t first, uint32_t last);
// Runs an outermost frame, of which `live` names no stores, over `count` rows, at most a chunk.
void rp_exec_rows(rp_exec *x, uint32_t frame, const uint32_t *rows, uint32_t count);
// Opens a frame over one row: `row` of an outermost frame, or one element for row `parent` of the
// enclosing frame; runs the instructions of its body that `live` names.
void rp_exec_one(rp_exec *x, uint32_t frame, uint32_t row, uint32_t parent);

// The arrays of an instruction in the workspace: where a load copies to when it cannot point into
// the facts. All NULL if it has no place there.
void rp_exec_place(const rp_exec *x, uint32_t insn, rp_val *out);
// The kernel of an opcode; NULL for frames and `end`.
rp_kernel rp_kernel_get(uint32_t op);
// Folds: before the first and after the last chunk of the inner frame, over the outer chunk.
void rp_fold_begin(rp_exec *x, const rp_step *s, const rp_frame *outer);
void rp_fold_finish(rp_exec *x, const rp_step *s, const rp_frame *outer,
                    const uint64_t *incomplete);

static inline unsigned char rp_val_alike(const rp_val *v, size_t rows, bool boolean)
{
    uint64_t open = 0, missing = 0, some = 0;
    for (size_t w = 0; w < rp_bits_words(rows); w++) {
        uint64_t all = rp_bits_low(rows - w * RP_WORD_BITS), p = v->p[w] & all;
        open |= all & ~(boolean ? v->k[w] ^ p : v->k[w]);
        missing |= all & ~p;
        some |= p;
    }
    unsigned alike = open == 0 ? RP_ALIKE_KNOWN : 0;
    alike |= missing == 0 ? RP_ALIKE_EVERY : 0;
    alike |= some == 0 ? RP_ALIKE_NONE : 0;
    return (unsigned char)alike;
}

// The list range of a row; false if the list of the row is not known completely.
static inline bool rp_list_range(const rp_list_view *list, uint32_t row, uint32_t *begin,
                                 uint32_t *end)
{
    if (list->fixed) {
        *begin = list->first;
        *end = list->last;
        return true;
    }
    *begin = list->begin[row];
    *end = list->end[row];
    return rp_bits_get(list->complete, row);
}

static inline uint32_t rp_frame_row(const rp_frame *f, uint32_t i)
{
    return f->consecutive ? f->base + i : f->rows[i];
}

#endif
