// The string table: linear probing over 64-bit slots, at most three quarters full.
//
// The hash takes eight bytes at a time: multiply by an odd constant, fold the high half down.
#include "vm/base/strtab.h"

#include "vm/base/endian.h"

#define FIRST_SLOTS 256u
#define FIRST_ITEMS 128u
#define MULTIPLIER UINT64_C(0x9e3779b97f4a7c15)

void rp_strtab_init(rp_strtab *table, rp_alloc alloc)
{
    memset(table, 0, sizeof *table);
    table->alloc = rp_alloc_or_libc(alloc);
    rp_arena_init(&table->bytes, table->alloc);
}

static size_t slots_size(const rp_strtab *table)
{
    return table->slots == NULL ? 0 : ((size_t)table->slot_mask + 1) * sizeof *table->slots;
}

void rp_strtab_free(rp_strtab *table)
{
    rp_alloc_free(table->alloc, table->slots, slots_size(table));
    rp_alloc_free(table->alloc, table->items, table->item_capacity * sizeof *table->items);
    rp_arena_clear(&table->bytes);
    rp_strtab_init(table, table->alloc);
}

void rp_strtab_trim(rp_strtab *table)
{
    if (table->count == 0 || table->count == table->item_capacity) {
        return;
    }
    rp_str *items = rp_alloc_resize(table->alloc, table->items,
                                    table->item_capacity * sizeof *items,
                                    table->count * sizeof *items);
    if (items != NULL) { // what could not be made smaller stays as it is
        table->items = items;
        table->item_capacity = table->count;
    }
}

void rp_strtab_finish(rp_strtab *table)
{
    rp_alloc_free(table->alloc, table->slots, slots_size(table));
    table->slots = NULL;
    table->slot_mask = 0;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * MULTIPLIER;
    return hash ^ hash >> 32;
}

static uint64_t read_word(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

// Up to seven bytes; which of them are taken twice depends on the length alone.
static uint64_t read_short(rp_str text)
{
    uint32_t low, high;
    if (text.len >= 4) {
        memcpy(&low, text.ptr, 4);
        memcpy(&high, text.ptr + text.len - 4, 4);
        return (uint64_t)high << 32 | low;
    }
    const unsigned char *p = (const unsigned char *)text.ptr;
    return text.len == 0 ? 0
                         : (uint64_t)p[0] << 16 | (uint64_t)p[text.len / 2] << 8 | p[text.len - 1];
}

// Eight bytes at a time; the last eight overlap those before them.
uint64_t rp_strtab_hash(rp_str text)
{
    uint64_t hash = mix(MULTIPLIER, text.len);
    for (size_t at = 0; at + 8 < text.len; at += 8) {
        hash = mix(hash, read_word(text.ptr + at));
    }
    uint64_t rest = text.len >= 8 ? read_word(text.ptr + text.len - 8) : read_short(text);
    return mix(mix(hash, rest), hash >> 29);
}

// Where a text belongs: the half of the hash that slots keep tells it, so that a larger table is
// filled from the slots alone.
static uint32_t home_of(const rp_strtab *table, uint64_t slot)
{
    return (uint32_t)(slot >> 32) & table->slot_mask;
}

// The slot that holds the text, or the free one where it belongs.
static uint32_t find_slot(const rp_strtab *table, rp_str text, uint64_t hash)
{
    uint32_t at = home_of(table, hash);
    for (;; at = (at + 1) & table->slot_mask) {
        uint64_t slot = table->slots[at];
        if (slot == 0) {
            return at;
        }
        if (slot >> 32 == hash >> 32 && rp_str_equal(table->items[(uint32_t)slot - 1], text)) {
            return at;
        }
    }
}

uint32_t rp_strtab_find(const rp_strtab *table, rp_str text)
{
    if (table->slots == NULL) {
        return RP_STRTAB_NONE;
    }
    uint64_t slot = table->slots[find_slot(table, text, rp_strtab_hash(text))];
    return slot == 0 ? RP_STRTAB_NONE : (uint32_t)slot - 1;
}

static bool rehash(rp_strtab *table, uint32_t capacity)
{
    uint64_t *slots = rp_alloc_get(table->alloc, capacity * sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    memset(slots, 0, capacity * sizeof *slots);
    rp_strtab old = *table;
    table->slots = slots;
    table->slot_mask = capacity - 1;
    for (uint32_t i = 0; old.slots != NULL && i <= old.slot_mask; i++) {
        uint32_t at = home_of(table, old.slots[i]);
        while (old.slots[i] != 0 && slots[at] != 0) {
            at = (at + 1) & table->slot_mask;
        }
        if (old.slots[i] != 0) {
            slots[at] = old.slots[i];
        }
    }
    rp_alloc_free(table->alloc, old.slots, slots_size(&old));
    return true;
}

static bool reserve_slot(rp_strtab *table)
{
    if (table->slots == NULL) {
        return rehash(table, FIRST_SLOTS);
    }
    if (table->count < table->slot_mask / 4 * 3) {
        return true;
    }
    return table->slot_mask < (1u << 30) && rehash(table, (table->slot_mask + 1) * 2);
}

static bool reserve_item(rp_strtab *table)
{
    if (table->count < table->item_capacity) {
        return true;
    }
    uint32_t capacity = table->item_capacity == 0 ? FIRST_ITEMS : table->item_capacity * 2;
    rp_str *items = rp_alloc_resize(table->alloc, table->items,
                                    table->item_capacity * sizeof *items, capacity * sizeof *items);
    if (items == NULL) {
        return false;
    }
    table->items = items;
    table->item_capacity = capacity;
    return true;
}

uint32_t rp_strtab_add(rp_strtab *table, rp_str text)
{
    uint64_t hash = rp_strtab_hash(text);
    uint32_t at = table->slots == NULL ? 0 : find_slot(table, text, hash);
    if (table->slots != NULL && table->slots[at] != 0) {
        return (uint32_t)table->slots[at] - 1;
    }
    uint32_t mask = table->slot_mask;
    if (!reserve_slot(table) || !reserve_item(table)) {
        return RP_STRTAB_NONE;
    }
    rp_str copy = rp_arena_str(&table->bytes, text);
    if (copy.ptr == NULL) {
        return RP_STRTAB_NONE;
    }
    uint32_t id = table->count++;
    table->items[id] = copy;
    at = table->slot_mask == mask ? at : find_slot(table, text, hash);
    table->slots[at] = hash >> 32 << 32 | (id + 1);
    return id;
}
