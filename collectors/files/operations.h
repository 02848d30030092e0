// Which operations there are, how their answers are recognised, and what the names of files say.
//
// The one idea: the static table of AWS operations, joined with what the bundle's sources name, so
// that an answer is recognised also where nothing of it is read. Immutable once made.
#ifndef RP_FILES_OPERATIONS_H
#define RP_FILES_OPERATIONS_H

#include "vm/base/arena.h"
#include "vm/bundle.h"

typedef enum rp_shape { RP_SHAPE_LIST, RP_SHAPE_ONE, RP_SHAPE_FIELD, RP_SHAPE_ANY } rp_shape;

typedef struct rp_operation {
    rp_str service, name;
    rp_str member;   // empty: recognised by names only
    rp_shape shape;
    rp_str argument; // empty: the call asks for everything
    rp_str inside;
    rp_str names[3]; // for folders and files: describe-db-parameters, db-parameters, alias
    uint32_t *sources; // of the bundle
    uint32_t source_count;
} rp_operation;

typedef struct rp_operations {
    rp_operation *items;
    uint32_t count;
} rp_operations;

// Everything is in the arena. False if memory ran out.
bool rp_operations_make(rp_operations *ops, const rp_bundle *bundle, rp_arena *arena);
// "rds:DescribeDBInstances"; NULL if it is not known.
const rp_operation *rp_operations_named(const rp_operations *ops, rp_str name);

// What the name of a file says: 1.1 of the page about inputs.
typedef struct rp_hint {
    const rp_operation *operation; // or NULL
    bool has_argument, error;      // NAME.error.json
    rp_str argument;               // in the arena
    rp_str account, region;        // from folders, or empty
} rp_hint;

// `argument` is decoded into the arena. False if memory ran out.
bool rp_hint_of(rp_hint *hint, const rp_operations *ops, rp_str path, rp_arena *arena);

#endif
