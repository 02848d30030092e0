// What the members of answers in XML are, and what they are called on the wire.
//
// The one idea: `wire.txt` says it as text, so that a start which collects nothing pays for
// nothing; it becomes a tree when a collection begins. Immutable once loaded. Must not know
// bundles.
#ifndef RP_LIVE_WIRE_H
#define RP_LIVE_WIRE_H

#include "vm/base/arena.h"

typedef enum rp_wire_kind {
    RP_WIRE_TEXT,
    RP_WIRE_NUMBER,
    RP_WIRE_BOOL,
    RP_WIRE_TIME,
    RP_WIRE_OBJECT,
    RP_WIRE_LIST,
    RP_WIRE_MAP
} rp_wire_kind;

typedef struct rp_wire_node {
    rp_wire_kind kind;
    rp_str name, wire; // of the model, of the element
    rp_str item;       // of a list: the element's name of its members
    struct rp_wire_node *first, *last, *next;
} rp_wire_node;

typedef struct rp_wire {
    rp_arena arena;
    rp_wire_node top; // an object of operations
} rp_wire;

// False if memory ran out, or if the built-in text is malformed.
bool rp_wire_load(rp_wire *wire, rp_alloc alloc);
void rp_wire_clear(rp_wire *wire);
// The answer of "rds:DescribeDBInstances" as an object; NULL if it is not known.
const rp_wire_node *rp_wire_find(const rp_wire *wire, rp_str operation);
// The member with a name on the wire; the search begins behind `after` (or at the start, NULL) and
// goes round, because members mostly come in one order.
const rp_wire_node *rp_wire_member(const rp_wire_node *node, const rp_wire_node *after,
                                   rp_str wire);

#endif
