// Which instructions run, and where each value lies in one block of memory: the workspace.
//
// Instructions that run, and the ends of their frames, have *slots*, in the order of the program:
// tables about them are as long as what runs is.
//
// The one idea: a value's place is decided once, from the first instruction that makes it to the
// last that uses it; a place is used again after that. So memory is a number that is known before
// anything runs, the same for the verifier (all instructions, 1,024 rows) and for a run.
#ifndef RP_VM_PLAN_H
#define RP_VM_PLAN_H

#include "vm/bundle.h"

typedef struct rp_plan {
    uint32_t chunk;  // rows at once
    uint32_t padded; // the same, up to a whole word
    uint32_t slot_count;
    uint16_t *slot;  // per instruction; RP_PLAN_NO_SLOT
    uint16_t *insn;  // per slot
    uint32_t *value; // per slot: its place in units of RP_PLAN_UNIT, RP_PLAN_NONE if it needs none
    uint32_t *aux;   // per slot of a fold: a plane of its own
    uint32_t depths; // how many there are
    size_t rows[RP_MAX_FRAME_DEPTH];       // per depth: row numbers of the chunk
    size_t parents[RP_MAX_FRAME_DEPTH];    // per depth: positions in the chunk of the outer frame
    size_t mask[RP_MAX_FRAME_DEPTH];       // per depth: plane of the rows of the chunk
    size_t incomplete[RP_MAX_FRAME_DEPTH]; // per depth: plane of the outer rows' lists
    size_t size;
} rp_plan;

#define RP_PLAN_NONE UINT32_MAX
#define RP_PLAN_UNIT ((size_t)64) // bytes
#define RP_PLAN_NO_SLOT UINT16_MAX

// Members of a list, for a message: what is printed of them.
#define RP_LISTTEXT_SHOWN 10u
typedef struct rp_listtext {
    uint64_t items[RP_LISTTEXT_SHOWN]; // the bits of a value
    uint32_t count;                    // of all members
    uint32_t unknown;                  // bit i: item i is not known
    uint32_t incomplete;
    uint32_t padding;
} rp_listtext;

// Covers: blocks of 256 of IPv4 and 32 of 2000::/3, surely and possibly.
typedef struct rp_cover {
    uint32_t sure[9], maybe[9];
} rp_cover;

// Bytes of one value of a kind, beside its planes; 0 for a bool.
static inline size_t rp_plan_value_size(rp_kind kind)
{
    switch (kind) {
    case RP_KIND_INT:
    case RP_KIND_FLOAT:
    case RP_KIND_TIME:
    case RP_KIND_DURATION: return 8;
    case RP_KIND_STRING:
    case RP_KIND_CIDR:
    case RP_KIND_VERSION:
    case RP_KIND_REF: return 4;
    case RP_KIND_COVER: return sizeof(rp_cover);
    case RP_KIND_LISTTEXT: return sizeof(rp_listtext);
    case RP_KIND_BOOL:
    case RP_KIND_NONE:
    case RP_KIND_COUNT: break;
    }
    return 0;
}
// `live`: which instructions run, NULL for all. `keep`: whose values keep their places until the
// end of everything; NULL for none. False if memory ran out.
bool rp_plan_make(rp_plan *plan, const rp_bundle *bundle, rp_arena *arena, uint32_t chunk,
                  const unsigned char *live, const unsigned char *keep);

#endif
