// From JSON values to rows of facts, as a scheme says.
//
// The one idea: the scanner and the tree of the scheme walk together; where the tree has nothing,
// the scanner skips. A value with several readers is held and read again. Must not know operations,
// files or folders: the caller says which feed the next value belongs to, and what was asked.
#ifndef RP_FILES_ROWS_H
#define RP_FILES_ROWS_H

#include "collectors/files/repeat.h"
#include "vm/facts.h"

// A list with several paths, met before the row was complete.
typedef struct rp_late {
    uint64_t offset;
    const rp_reader *reader;
} rp_late;

// A member that was met, and what came after it: guesses of what comes next. Only a way to read
// faster; without it the result is the same.
enum { RP_NEXT = 4, RP_MAX_SEEN = 8192 };
typedef struct rp_seen {
    struct rp_seen *next[RP_NEXT];
    const rp_child *child; // NULL: not read
    rp_json_guess guess;
} rp_seen;

// A text that was read lately, and its id. Of size 0: none.
enum { RP_RECENT = 1024 };
typedef struct rp_recent {
    uint32_t id, size;
    char text[88];
} rp_recent;

typedef struct rp_reading {
    rp_alloc alloc;
    const rp_scheme *scheme;
    rp_facts *facts;
    rp_json *json;
    uint32_t file;  // for places
    uint64_t *bits; // a stack: what was touched, row by row and object by object
    size_t bit_words, bit_capacity;
    rp_late *late; // a stack
    size_t late_count, late_capacity;
    rp_repeats repeats;
    rp_arena seen_arena;
    rp_seen **first; // RP_NEXT by node: members that came first in its object
    uint32_t seen_count;
    rp_recent *recent;    // RP_RECENT, or NULL
    uint32_t text_count;  // until there are
    uint32_t inner_lists; // how many inner lists were read: A[].B[]
} rp_reading;

// What was asked, and where.
typedef struct rp_asked {
    const rp_str *names, *values; // arguments; values are texts that outlive the facts' building
    size_t count;
    uint32_t account, region; // text ids or RP_NONE
} rp_asked;

void rp_reading_init(rp_reading *r, rp_alloc alloc, const rp_scheme *scheme, rp_facts *facts);
// Another file, into the same facts.
void rp_reading_begin(rp_reading *r, rp_json *json);
void rp_reading_clear(rp_reading *r);

// Reads the next value, an object, as one row of a feed. `*row` is the row, or RP_NONE.
bool rp_read_resource(rp_reading *r, const rp_feed *feed, const rp_asked *asked, uint32_t *row);

#endif
