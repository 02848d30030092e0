// What the conditions of policies reach: expressions, functions, parameters. What only titles,
// messages and remedies use is not among it.
#ifndef RP_COMPILER_REACH_H
#define RP_COMPILER_REACH_H

#include "compiler/model.h"

typedef struct rp_reach {
    rp_arena *arena;
    rp_index spans;  // expressions, by where they stand
    rp_index others; // functions and parameters, by address
} rp_reach;

// Looks through the policies of a program that was checked without errors.
void rp_reach_find(rp_reach *reach, rp_arena *arena, const rp_program *program);
// A function or parameter.
bool rp_reach_has(const rp_reach *reach, const void *thing);
// An expression that stands exactly there and, if `kind` is not RP_CORE_COUNT, is of that kind;
// NULL if none is reached.
const rp_core *rp_reach_at(const rp_reach *reach, rp_span span, rp_core_kind kind);

#endif
