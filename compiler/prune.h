// Better places for folds: see prune.c.
#ifndef RP_COMPILER_PRUNE_H
#define RP_COMPILER_PRUNE_H

#include "compiler/ir.h"

// A fold, as rp_ir_fold makes it or an equal value that costs less.
rp_ir *rp_prune_fold(rp_ir_program *ir, rp_op op, rp_ir_type type, rp_frame *child, rp_ir *a,
                     rp_ir *b, rp_span span);
// The same condition where `guard` is not false, and false elsewhere; as it is if that does not
// pay.
rp_ir *rp_prune_guarded(rp_ir_program *ir, rp_ir *value, rp_ir *guard);
// Whether a cover is full, the same.
rp_ir *rp_prune_cover(rp_ir_program *ir, rp_ir *cover, rp_span span);

#endif
