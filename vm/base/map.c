// The map: linear probing, at most two thirds full.
#include "vm/base/map.h"

#include <string.h>

#define FIRST_SLOTS 64u

void rp_map_init(rp_map *map, rp_alloc alloc)
{
    memset(map, 0, sizeof *map);
    map->alloc = rp_alloc_or_libc(alloc);
}

static size_t slots_size(const rp_map *map)
{
    return map->slots == NULL ? 0 : ((size_t)map->mask + 1) * sizeof *map->slots;
}

void rp_map_free(rp_map *map)
{
    rp_alloc_free(map->alloc, map->slots, slots_size(map));
    rp_map_init(map, map->alloc);
}

static uint64_t hash_key(uint64_t a, uint64_t b)
{
    uint64_t hash = (a ^ a >> 31) * UINT64_C(0x9e3779b97f4a7c15);
    hash = (hash ^ b ^ hash >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    return hash ^ hash >> 32;
}

static uint32_t find_slot(const rp_map *map, uint64_t a, uint64_t b)
{
    uint32_t at = (uint32_t)hash_key(a, b) & map->mask;
    while (map->slots[at].used != 0 && (map->slots[at].a != a || map->slots[at].b != b)) {
        at = (at + 1) & map->mask;
    }
    return at;
}

uint32_t rp_map_find(const rp_map *map, uint64_t a, uint64_t b)
{
    if (map->slots == NULL) {
        return RP_MAP_NONE;
    }
    const rp_map_slot *slot = &map->slots[find_slot(map, a, b)];
    return slot->used != 0 ? slot->value : RP_MAP_NONE;
}

static bool rehash(rp_map *map, uint32_t capacity)
{
    rp_map_slot *fresh = rp_alloc_get(map->alloc, capacity * sizeof *fresh);
    if (fresh == NULL) {
        return false;
    }
    memset(fresh, 0, capacity * sizeof *fresh);
    rp_map old = *map;
    map->slots = fresh;
    map->mask = capacity - 1;
    for (uint32_t i = 0; old.slots != NULL && i <= old.mask; i++) {
        if (old.slots[i].used != 0) {
            fresh[find_slot(map, old.slots[i].a, old.slots[i].b)] = old.slots[i];
        }
    }
    rp_alloc_free(map->alloc, old.slots, slots_size(&old));
    return true;
}

uint32_t *rp_map_add(rp_map *map, uint64_t a, uint64_t b)
{
    bool full = map->slots == NULL || map->count >= map->mask / 3 * 2;
    if (full && (map->mask >= 1u << 30 ||
                 !rehash(map, map->slots == NULL ? FIRST_SLOTS : (map->mask + 1) * 2))) {
        return NULL;
    }
    rp_map_slot *slot = &map->slots[find_slot(map, a, b)];
    if (slot->used == 0) {
        slot->used = 1;
        slot->a = a;
        slot->b = b;
        slot->value = RP_MAP_NONE;
        map->count++;
    }
    return &slot->value;
}
