// A hash map from two 64-bit words to a 32-bit number.
//
// The one idea: everything that is looked up beside columns (a reason of a cell, a row by its key,
// an answer by its call) has a key of up to four ids. Must not remove anything.
#ifndef RP_BASE_MAP_H
#define RP_BASE_MAP_H

#include "vm/base/alloc.h"

#include <stdbool.h>
#include <stdint.h>

#define RP_MAP_NONE 0xffffffffu

typedef struct rp_map_slot {
    uint64_t a, b;
    uint32_t value, used;
} rp_map_slot;

typedef struct rp_map {
    rp_alloc alloc;
    rp_map_slot *slots;
    uint32_t count;
    uint32_t mask; // capacity - 1, or 0 while there is none
} rp_map;

void rp_map_init(rp_map *map, rp_alloc alloc);
void rp_map_free(rp_map *map);
// The value of a key, or RP_MAP_NONE.
uint32_t rp_map_find(const rp_map *map, uint64_t a, uint64_t b);
// The place of the value of a key, which is RP_MAP_NONE if the key is new; NULL if memory ran out.
// The place is good until the next call.
uint32_t *rp_map_add(rp_map *map, uint64_t a, uint64_t b);

static inline uint64_t rp_map_pair(uint32_t high, uint32_t low)
{
    return (uint64_t)high << 32 | low;
}

#endif
