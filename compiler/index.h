// An index from hashes to things, in an arena: what has many of a kind is found without looking
// through all of them.
//
//     for (at = rp_index_first(&index, hash); at != NULL; at = rp_index_next(at))
//         if (is_wanted(at->thing)) ...
//
// Of equal hashes the latest comes first. An index that is zeroed is empty.
#ifndef RP_COMPILER_INDEX_H
#define RP_COMPILER_INDEX_H

#include "vm/base/arena.h"

typedef struct rp_index_entry {
    uint64_t hash;
    void *thing;
    struct rp_index_entry *next;
} rp_index_entry;

typedef struct rp_index {
    rp_index_entry **buckets;
    uint32_t bucket_count; // a power of two, or 0
    uint32_t count;
} rp_index;

void rp_index_add(rp_arena *arena, rp_index *index, uint64_t hash, void *thing);
const rp_index_entry *rp_index_first(const rp_index *index, uint64_t hash);
const rp_index_entry *rp_index_next(const rp_index_entry *entry);

// A hash of two words.
static inline uint64_t rp_index_mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

#endif
