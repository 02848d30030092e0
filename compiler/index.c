// Chains in buckets; the buckets double when there are as many entries.
#include "compiler/index.h"

#define FIRST_BUCKETS 16u

static void grow(rp_arena *arena, rp_index *index)
{
    uint32_t count = index->bucket_count == 0 ? FIRST_BUCKETS : index->bucket_count * 2;
    rp_index_entry **buckets = RP_NEW_ARRAY(arena, rp_index_entry *, count);
    for (uint32_t i = 0; i < index->bucket_count; i++) {
        // The oldest first, so that the latest of equal hashes stays in front.
        rp_index_entry *oldest = NULL;
        for (rp_index_entry *at = index->buckets[i], *next; at != NULL; at = next) {
            next = at->next;
            at->next = oldest;
            oldest = at;
        }
        for (rp_index_entry *at = oldest, *next; at != NULL; at = next) {
            next = at->next;
            at->next = buckets[at->hash & (count - 1)];
            buckets[at->hash & (count - 1)] = at;
        }
    }
    index->buckets = buckets;
    index->bucket_count = count;
}

void rp_index_add(rp_arena *arena, rp_index *index, uint64_t hash, void *thing)
{
    if (index->count >= index->bucket_count) grow(arena, index);
    rp_index_entry **bucket = &index->buckets[hash & (index->bucket_count - 1)];
    rp_index_entry *entry = rp_arena_alloc(arena, sizeof *entry);
    *entry = (rp_index_entry){hash, thing, *bucket};
    *bucket = entry;
    index->count++;
}

static const rp_index_entry *same(const rp_index_entry *entry, uint64_t hash)
{
    while (entry != NULL && entry->hash != hash) entry = entry->next;
    return entry;
}

const rp_index_entry *rp_index_first(const rp_index *index, uint64_t hash)
{
    if (index->bucket_count == 0) return NULL;
    return same(index->buckets[hash & (index->bucket_count - 1)], hash);
}

const rp_index_entry *rp_index_next(const rp_index_entry *entry)
{
    return same(entry->next, entry->hash);
}
