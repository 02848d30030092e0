// The same value over the rows of another frame.
#ifndef RP_COMPILER_MOVE_H
#define RP_COMPILER_MOVE_H

#include "compiler/ir.h"

// Folds over one list share a pass over it with others; lists in lists are what pays to do for
// fewer rows.
#define RP_DEAR_LISTS 2u

// `to` is a filter of `from`, or of what `outside` makes of it, or the scan of the table that
// `object` refers to (NULL: of the table of `from` itself). A scan sees nothing of the frames
// around `from`: a value that does fails.
typedef struct rp_mover {
    rp_ir_program *ir;
    rp_frame *from, *to;
    rp_ir *object;
    bool keeps; // what is computed in `from` is taken from there, unless lists lie in lists
    struct rp_mover *outside; // moves what is further out than `from`; NULL: that stays
    bool failed;
    uint32_t id;
} rp_mover;

rp_mover rp_move_into(rp_ir_program *ir, rp_frame *from, rp_frame *to, rp_ir *object);
// NULL, and `failed`, if the value needs what `to` does not see.
rp_ir *rp_move(rp_mover *mover, rp_ir *value);
rp_frame *rp_move_frame(rp_mover *mover, rp_frame *frame);
// Lets `frame`, inside `from`, stand for `stand_in` from now on.
void rp_move_as(rp_mover *mover, rp_frame *frame, rp_frame *stand_in);

#endif
