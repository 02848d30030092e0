// A string table: each distinct text has one id, so equality of texts is equality of numbers.
//
// Ids count from 0 in the order of first use. Texts are copied into chunks that never move, so a
// view stays valid as long as the table. Open addressing; a slot keeps half of the hash, so that
// texts are compared only when they are most likely equal. Must not remove anything.
#ifndef RP_BASE_STRTAB_H
#define RP_BASE_STRTAB_H

#include "vm/base/arena.h"

#include <stdbool.h>
#include <stdint.h>

#define RP_STRTAB_NONE 0xffffffffu

typedef struct rp_strtab {
    rp_arena bytes;
    rp_alloc alloc;
    rp_str *items;
    uint64_t *slots; // upper half of the hash, id + 1; 0 is free
    uint32_t count;
    uint32_t item_capacity;
    uint32_t slot_mask; // capacity - 1, or 0 while there is none
} rp_strtab;

void rp_strtab_init(rp_strtab *table, rp_alloc alloc);
void rp_strtab_free(rp_strtab *table);
// The id of a text, adding it; RP_STRTAB_NONE if memory ran out.
uint32_t rp_strtab_add(rp_strtab *table, rp_str text);
// Gives back the room for texts that are not there.
void rp_strtab_trim(rp_strtab *table);
// Gives back what finding and adding need; only `rp_strtab_get` and `rp_strtab_free` may follow.
void rp_strtab_finish(rp_strtab *table);
// The id of a text, or RP_STRTAB_NONE if it is not there.
uint32_t rp_strtab_find(const rp_strtab *table, rp_str text);

uint64_t rp_strtab_hash(rp_str text);

static inline rp_str rp_strtab_get(const rp_strtab *table, uint32_t id)
{
    return table->items[id];
}

#endif
