// What to do with each member of an answer: the schema of a bundle as a tree of names.
//
// The one idea: a path of the schema is walked once, when the scheme is made; reading then follows
// the names of the document through the tree. A node says what the value is for: cells that take
// it, and readers of its inside. Several readers of one value read it one after another. Immutable
// once made, so threads share it. Must not touch facts or files.
#ifndef RP_FILES_SCHEME_H
#define RP_FILES_SCHEME_H

#include "vm/base/arena.h"
#include "vm/bundle.h"

typedef struct rp_node rp_node;

typedef enum rp_reader_kind {
    RP_READ_MEMBERS, // an object: its members, for the same row
    RP_READ_RECORD,  // an object: a row of another table, named by a column
    RP_READ_LIST,    // a list: a row for each element; also the outer list of A[].B[]
    RP_READ_MAP,     // an object: an entry for each member
    RP_READ_PAIRS,   // an object of objects: a row for each pair of names
    RP_READ_FIRST,   // a list: its first element, for the same row
    RP_READ_FIND,    // a list: the first element whose member `name` is `value`
    RP_READ_TEXT     // a string: JSON inside it
} rp_reader_kind;

typedef struct rp_reader {
    struct rp_reader *next;
    rp_reader_kind kind;
    uint32_t field;     // column of RECORD; list of LIST, MAP, PAIRS; see `is_list` of FIND
    uint32_t table;     // whose rows are added
    uint32_t key;       // column of MAP, PAIRS for the (outer) name
    uint32_t inner;     // column of PAIRS for the inner name
    uint32_t order;     // of the paths of one list
    bool flat;          // LIST: the elements are lists themselves, appended to the same list
    bool nested;        // LIST: such an inner list
    bool several;       // the list has several paths: read when the row has been read
    bool lower;         // keys of MAP in lower case
    rp_str name, value; // FIND
    rp_node *node;      // for the element, member or record
} rp_reader;

typedef struct rp_cell {
    struct rp_cell *next;
    uint32_t column;
    uint32_t bit; // of the column among those of its table
    rp_kind kind;
    bool plain;   // the text as it is
    bool element; // of a list
} rp_cell;

typedef struct rp_child {
    struct rp_child *next;
    rp_str name;
    rp_node *node;
    uint32_t index; // among the children
} rp_child;

// Nodes of which the usual value is read in a few steps. None of them is lenient.
typedef enum rp_simple {
    RP_SIMPLE_NOT,
    RP_SIMPLE_NOTHING, // no cells and no readers: passed over
    RP_SIMPLE_TEXTS,   // cells that take the text as it is
    RP_SIMPLE_BOOL,    // one cell
    RP_SIMPLE_INT      // one cell
} rp_simple;

struct rp_node {
    rp_cell *cells;
    rp_reader *readers;
    rp_child *children;
    uint32_t id; // below the scheme's node_count
    uint32_t child_count;
    uint32_t slot_mask;
    rp_child **slots; // by rp_name_hash
    bool lenient;     // inside a JSON text: what does not fit is absent
    rp_simple simple;
    bool lists;       // of a row: some list of it has several paths
};

// Fields of a row whose path has a FIND step: unknown if their list is missing altogether.
typedef struct rp_found {
    struct rp_found *next;
    uint32_t field;
    bool is_list;
} rp_found;

// An argument of the call that is a field: `^Arg`, or an OWN argument.
typedef struct rp_argument {
    struct rp_argument *next;
    rp_str name;
    uint32_t column;
} rp_argument;

// How one source reads its answers.
typedef struct rp_feed {
    uint32_t source, table;
    rp_node *node; // of a row
    rp_found *found;
    rp_argument *arguments;
    uint64_t *fillable; // see rp_facts_fillable
    uint32_t arn;       // the column that every answer has, or RP_NONE
} rp_feed;

typedef struct rp_scheme {
    rp_arena arena;
    const rp_bundle *bundle;
    rp_feed *feeds;      // by source
    rp_node **records;   // by table: the node of a record's row
    rp_node **in_json;   // the same inside a JSON text
    uint64_t **fillable; // by table of records
    uint32_t node_count;
    bool failed;
} rp_scheme;

// A scheme for a bundle, which outlives it. False if memory ran out.
bool rp_scheme_make(rp_scheme *scheme, const rp_bundle *bundle, rp_alloc alloc);
void rp_scheme_clear(rp_scheme *scheme);

static inline uint32_t rp_name_hash(rp_str name)
{
    uint32_t last = 0;
    if (name.len >= 4) {
        memcpy(&last, name.ptr + name.len - 4, 4);
    } else {
        for (size_t i = 0; i < name.len; i++) {
            last = last << 8 | (unsigned char)name.ptr[i];
        }
    }
    last = (last ^ (uint32_t)name.len * 0x9e3779b1u) * 0x85ebca6bu;
    return last ^ last >> 15;
}

static inline const rp_child *rp_node_find(const rp_node *node, rp_str name)
{
    if (node->slots == NULL) {
        return NULL;
    }
    for (uint32_t i = rp_name_hash(name) & node->slot_mask; node->slots[i] != NULL;
         i = (i + 1) & node->slot_mask) {
        if (rp_str_equal(node->slots[i]->name, name)) {
            return node->slots[i];
        }
    }
    return NULL;
}

static inline bool rp_node_is_empty(const rp_node *node)
{
    return node->cells == NULL && node->readers == NULL;
}

#endif
