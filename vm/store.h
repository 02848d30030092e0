// Sealed facts as bytes: written as they lie in memory, opened without reading them again.
//
// The one idea: one walk over all arrays of the facts says where each lies and how long it is; saving
// writes what the walk finds, opening points into the bytes, checking looks at the same arrays. So
// the bytes hold no offsets that could lie. For hosts with little-endian numbers only. Must not know
// files.
#ifndef RP_VM_STORE_H
#define RP_VM_STORE_H

#include "vm/facts.h"

#define RP_STORE_MAGIC 0x00465052u // "RPF\0"
#define RP_STORE_VERSION 1u

// What stands first. Counts are checked before anything is computed from them.
typedef struct rp_store_header {
    uint32_t magic, version;
    uint64_t size;   // of everything
    uint64_t schema; // see rp_store_schema
    uint64_t text_size, file_size;
    uint32_t text_count, text_slots, file_count;
    uint32_t reason_count, reason_slots;
    uint32_t answer_count, answer_slots;
    uint32_t pair_count, pair_slots, audited_slots;
    uint32_t table_count, column_count, list_count;
    uint32_t has_audited, assume_complete, reserved;
} rp_store_header;

// Answers, pairs and listings hold enums and bools, which bytes from outside must not be read as:
// rows of words instead.
enum { RP_STORE_ANSWER = 8, RP_STORE_PAIR = 3, RP_STORE_LISTING = 4, RP_STORE_REASON = 2 };

// A number that differs if tables, columns, lists or sources of a schema do, or where in the answers
// their facts are read from.
uint64_t rp_store_schema(const rp_bundle *bundle);

// Whether nothing in facts that point into bytes from outside leads out of them: indices, ids,
// ranges of lists, slots of maps. Linear in the facts.
bool rp_store_is_sound(const rp_facts *facts);

#endif
