// Finding, taking and keeping values that repeat.
//
// A place holds one value. Another one that falls on it first takes away its mark of having been
// used, then the place: values that never come again do not drive out those that do.
#include "collectors/files/repeat.h"

enum { PLACE_BITS = 10, PLACES = 1 << PLACE_BITS, MAX_SIZE = 4096, FIRST_MET = 32 };

void rp_repeats_init(rp_repeats *repeats, rp_alloc alloc)
{
    repeats->alloc = alloc;
    repeats->places = NULL;
    repeats->met = 0;
}

static void forget(rp_repeats *repeats, rp_repeat *place)
{
    rp_alloc_free(repeats->alloc, place->bytes, (size_t)place->size + RP_JSON_PAD);
    memset(place, 0, sizeof *place);
}

void rp_repeats_clear(rp_repeats *repeats)
{
    for (size_t i = 0; repeats->places != NULL && i < PLACES; i++) {
        forget(repeats, &repeats->places[i]);
    }
    rp_alloc_free(repeats->alloc, repeats->places, PLACES * sizeof *repeats->places);
    repeats->places = NULL;
}

// Few values are not worth the memory of the places.
static bool has_places(rp_repeats *repeats)
{
    if (repeats->places == NULL && ++repeats->met > FIRST_MET) {
        repeats->places = rp_alloc_get_zero(repeats->alloc, PLACES * sizeof *repeats->places);
    }
    return repeats->places != NULL;
}

static uint64_t word_at(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

#define FACTOR UINT64_C(0x9e3779b97f4a7c15)

static inline void add_16(uint64_t sums[2], const char *p)
{
    sums[0] = (sums[0] ^ word_at(p)) * FACTOR;
    sums[1] = (sums[1] ^ word_at(p + 8)) * FACTOR;
}

// The upper bits are what matters: every bit reaches them. Four sums, so that the processor need not
// wait for one product after the other. The last 16 bytes may be taken twice.
static uint64_t hash_start(rp_str start, uint32_t node)
{
    uint64_t even[2] = {start.len, node}, odd[2] = {FACTOR, ~FACTOR};
    const char *p = start.ptr, *end = p + start.len;
    for (; end - p >= 32; p += 32) {
        add_16(even, p);
        add_16(odd, p + 16);
    }
    if (end - p >= 16) {
        add_16(even, p);
    }
    add_16(odd, end - 16);
    even[0] = (even[0] ^ odd[0] >> 32) * FACTOR;
    even[1] = (even[1] ^ odd[1] >> 32) * FACTOR;
    return ((even[0] ^ even[1] >> 32) * FACTOR ^ odd[0] ^ odd[1]) | 1;
}

static rp_repeat *place_of(rp_repeats *repeats, uint64_t hash)
{
    return &repeats->places[hash >> (64 - PLACE_BITS)];
}

bool rp_repeats_take(rp_repeats *repeats, rp_json *json, const rp_reader *reader, rp_facts *facts,
                     rp_sight *sight, uint32_t *row)
{
    sight->hash = 0;
    rp_str start = rp_json_start(json);
    if (start.len < 16 || !has_places(repeats)) {
        return false;
    }
    sight->hash = hash_start(start, reader->node->id);
    sight->offset = rp_json_offset(json);
    sight->reason_count = facts->reason_count;
    sight->row = rp_facts_row_count(facts, reader->table);
    rp_repeat *place = place_of(repeats, sight->hash);
    if (place->hash != sight->hash || place->reader != reader || place->bytes == NULL ||
        !rp_json_take(json, place->bytes, place->size)) {
        return false;
    }
    place->used = true;
    *row = rp_facts_rows_copy(facts, reader->table, place->row, place->count);
    return true;
}

static void keep(rp_repeats *repeats, rp_repeat *place, rp_str value)
{
    place->bytes = rp_alloc_get(repeats->alloc, value.len + RP_JSON_PAD);
    if (place->bytes != NULL) {
        memset(place->bytes + value.len, 0, RP_JSON_PAD);
        memcpy(place->bytes, value.ptr, value.len);
        place->size = (uint32_t)value.len;
    }
}

// A reason why a cell is unknown is kept beside the row, so such a row is not copied.
void rp_repeats_note(rp_repeats *repeats, const rp_json *json, const rp_reader *reader,
                     const rp_facts *facts, const rp_sight *sight)
{
    if (sight->hash == 0 || facts->reason_count != sight->reason_count) {
        return;
    }
    rp_repeat *place = place_of(repeats, sight->hash);
    if (place->used) {
        place->used = false;
        return;
    }
    if (place->hash != sight->hash || place->reader != reader || place->bytes != NULL) {
        forget(repeats, place);
        place->hash = sight->hash;
        place->reader = reader;
        return;
    }
    rp_str value = rp_json_since(json, sight->offset);
    uint32_t count = rp_facts_row_count(facts, reader->table) - sight->row;
    if (value.len != 0 && value.len <= MAX_SIZE && count != 0) {
        place->row = sight->row;
        place->count = count;
        keep(repeats, place, value);
    }
}
