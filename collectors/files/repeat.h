// Objects and lists that come again byte for byte: the rows that they became are copied.
//
// The one idea: what a value becomes depends on its bytes and on its reader alone, and AWS writes
// the same tags, groups and subnets under one database after the other. A value is found by the
// hash of its first bytes, kept when it is seen a second time, and taken only if all of its bytes
// are equal. Only a way to read faster; without it the result is the same. Of one builder of facts,
// before it is merged or sealed.
#ifndef RP_FILES_REPEAT_H
#define RP_FILES_REPEAT_H

#include "collectors/files/json_scan.h"
#include "collectors/files/scheme.h"
#include "vm/facts.h"

typedef struct rp_repeat {
    uint64_t hash;
    const rp_reader *reader; // NULL: the place is free
    unsigned char *bytes;    // `size` bytes and RP_JSON_PAD more, or NULL: it was seen once
    uint32_t size;
    uint32_t row, count; // the rows: one of an object, those of a list's elements
    bool used;           // since another one wanted the place
} rp_repeat;

typedef struct rp_repeats {
    rp_alloc alloc;
    rp_repeat *places; // made when there is something to gain
    uint32_t met;
} rp_repeats;

// A value that is about to be read, and how the facts stood before it.
typedef struct rp_sight {
    uint64_t hash; // 0: nothing is known about it
    uint64_t offset;
    uint32_t reason_count;
    uint32_t row; // the next one of the reader's table
} rp_sight;

void rp_repeats_init(rp_repeats *repeats, rp_alloc alloc);
void rp_repeats_clear(rp_repeats *repeats);
// Takes the next value of the scanner if it is an object or a list that `reader` read before: true,
// and `*row` is the first of the new rows (RP_NONE if memory ran out). Otherwise `*sight` is what
// `rp_repeats_note` wants to know once the value has been read.
bool rp_repeats_take(rp_repeats *repeats, rp_json *json, const rp_reader *reader, rp_facts *facts,
                     rp_sight *sight, uint32_t *row);
// The value at `sight` was read: into the rows of the reader's table that were added since.
void rp_repeats_note(rp_repeats *repeats, const rp_json *json, const rp_reader *reader,
                     const rp_facts *facts, const rp_sight *sight);

#endif
