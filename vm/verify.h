// What the two halves of the verifier share: the place of an error, and the types of values.
#ifndef RP_VM_VERIFY_H
#define RP_VM_VERIFY_H

#include "vm/base/text.h"
#include "vm/bundle.h"

typedef struct rp_verifier {
    rp_bundle *bundle;
    rdspol_error *error;
    // What the bundle points to, while it is written.
    rp_frame_info *frames;
    uint32_t *frame_of, *store_of, *emit_of, *text_of, *text_of_list;
    uint16_t *table_of;
    uint64_t *fed_by;
    // Per table: columns behind the first that no text function fills; lists of parts of texts that
    // are its rows, and how many of them are filled; whether a function over its rows was met.
    uint32_t *other_columns, *parts_due, *parts_done;
    unsigned char *parts_read;
} rp_verifier;

// The program: frames, operands, types. Fills `frames`, `frame_of`, `store_of`, `emit_of`.
rdspol_status rp_verify_code(const rp_verifier *v);

// RDSPOL_INVALID_BUNDLE, naming a record.
rdspol_status rp_verify_refuse(const rp_verifier *v, const char *section, uint32_t index,
                               const char *problem);

// Kinds that columns and most values may have: all that fit a column, and no covers.
static inline bool rp_kind_is_plain(rp_kind kind)
{
    return kind <= RP_KIND_REF;
}

static inline bool rp_kind_is_int(rp_kind kind)
{
    return kind == RP_KIND_INT || kind == RP_KIND_TIME || kind == RP_KIND_DURATION;
}

static inline bool rp_kind_is_text(rp_kind kind)
{
    return kind == RP_KIND_STRING || kind == RP_KIND_VERSION || kind == RP_KIND_CIDR;
}

// Values that are 32-bit numbers: texts and references.
static inline bool rp_kind_is_id(rp_kind kind)
{
    return rp_kind_is_text(kind) || kind == RP_KIND_REF;
}

// Same kind, and of references the same table; whether optional does not matter.
static inline bool rp_type_same(uint32_t a, uint32_t b)
{
    return RP_TYPE_KIND(a) == RP_TYPE_KIND(b) &&
           (RP_TYPE_KIND(a) != RP_KIND_REF || RP_TYPE_TABLE(a) == RP_TYPE_TABLE(b));
}

#endif
