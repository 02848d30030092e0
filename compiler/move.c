// Moving: the frames inside are made again around the new rows, loads become loads there, and what
// belongs to frames further out stays where it is.
#include "compiler/move.h"

rp_mover rp_move_into(rp_ir_program *ir, rp_frame *from, rp_frame *to, rp_ir *object)
{
    bool row = object != NULL && object->op == RP_OP_ROW && object->frame == from;
    return (rp_mover){
        .ir = ir, .from = from, .to = to, .object = row ? NULL : object, .id = ++ir->movers};
}

static void *fail(rp_mover *mover)
{
    mover->failed = true;
    return NULL;
}

static bool is_filter(const rp_mover *mover)
{
    return mover->to->parent != NULL;
}

void rp_move_as(rp_mover *mover, rp_frame *frame, rp_frame *stand_in)
{
    frame->moved = stand_in;
    frame->moved_by = mover->id;
}

static rp_frame *move_inner(rp_mover *mover, rp_frame *frame)
{
    rp_frame *parent = rp_move_frame(mover, frame->parent);
    rp_ir *index = frame->index != NULL ? rp_move(mover, frame->index) : NULL;
    if (mover->failed) return NULL;
    if (frame->kind == RP_FRAME_FILTER) return rp_ir_filter(mover->ir, parent, index);
    bool own = index == NULL && frame->list->owner != NULL;
    if (own && frame->list->owner != parent->table) return fail(mover);
    bool row = index != NULL && index->op == RP_OP_ROW && index->frame == parent;
    return rp_ir_unnest(mover->ir, parent, frame->list, row ? NULL : index);
}

rp_frame *rp_move_frame(rp_mover *mover, rp_frame *frame)
{
    if (frame == mover->from) return mover->to;
    if (frame->depth <= mover->from->depth) return fail(mover);
    if (frame->moved_by == mover->id) return frame->moved;
    rp_frame *moved = move_inner(mover, frame);
    if (moved != NULL) rp_move_as(mover, frame, moved);
    return moved;
}

// A value of a frame further out, or of `from` where that is not made again.
static rp_ir *move_outer(rp_mover *mover, rp_ir *value)
{
    rp_frame *frame = rp_move_frame(mover, value->frame);
    rp_ir *outer = value->in[0];
    const rp_ir *object = mover->object;
    if (frame == NULL) return NULL;
    if (object != NULL && object->op == RP_OP_OUTER && object->in[0] == outer)
        return rp_ir_use(mover->ir, frame, rp_ir_row(mover->ir, mover->to, value->span));
    if (outer->frame->depth < mover->from->depth) {
        if (mover->outside != NULL) outer = rp_move(mover->outside, outer);
        return is_filter(mover) ? rp_ir_use(mover->ir, frame, outer) : fail(mover);
    }
    rp_ir *moved = rp_move(mover, outer);
    return moved != NULL ? rp_ir_use(mover->ir, frame, moved) : NULL;
}

static rp_ir *move_fold(rp_mover *mover, const rp_ir *value)
{
    rp_frame *child = rp_move_frame(mover, value->child);
    rp_ir *in[2];
    for (int i = 0; i < 2; i++)
        in[i] = value->in[i] != NULL && child != NULL ? rp_move(mover, value->in[i]) : NULL;
    if (mover->failed) return NULL;
    return rp_ir_fold(mover->ir, value->op, value->type, child, in[0], in[1], value->span);
}

static rp_ir *move_gather(rp_mover *mover, const rp_ir *value)
{
    rp_ir *object = rp_move(mover, value->in[0]);
    rp_frame *frame = rp_move_frame(mover, value->frame);
    if (mover->failed) return NULL;
    rp_ir *row = object->op == RP_OP_OUTER ? object->in[0] : object;
    if (row->op != RP_OP_ROW)
        return rp_ir_in(mover->ir, frame, RP_OP_GATHER, value->type, value->arg, object, NULL, NULL,
                        value->span);
    rp_ir *load = rp_ir_in(mover->ir, row->frame, RP_OP_LOAD, value->type, value->arg, NULL, NULL,
                           NULL, value->span);
    return rp_ir_use(mover->ir, frame, load);
}

// Whether a frame's rows are rows of `from`: it is a filter of it, or of such a filter.
static bool has_rows_of(const rp_frame *frame, const rp_frame *from)
{
    while (frame != from && frame->kind == RP_FRAME_FILTER) frame = frame->parent;
    return frame == from;
}

// Whether it is `object`, loaded again behind a filter.
static bool is_object_again(const rp_mover *mover, const rp_ir *value)
{
    const rp_ir *object = mover->object;
    return object != NULL && object->op == RP_OP_LOAD && value->op == RP_OP_LOAD &&
           object->frame == mover->from && value->arg == object->arg &&
           has_rows_of(value->frame, mover->from);
}

static rp_ir *move_plain(rp_mover *mover, const rp_ir *value)
{
    rp_frame *frame = rp_move_frame(mover, value->frame);
    rp_ir *in[3];
    for (int i = 0; i < 3; i++) in[i] = value->in[i] != NULL ? rp_move(mover, value->in[i]) : NULL;
    bool own = value->op == RP_OP_LOAD || value->op == RP_OP_ROW ||
               (value->op == RP_OP_LOOKUP && value->in[0] == NULL);
    if (own && mover->object != NULL && has_rows_of(value->frame, mover->from)) return fail(mover);
    if (mover->failed) return NULL;
    bool row = value->op == RP_OP_LOOKUP && in[0] != NULL && in[0]->op == RP_OP_ROW;
    return rp_ir_in(mover->ir, frame, value->op, value->type, value->arg,
                    row && in[0]->frame == frame ? NULL : in[0], in[1], in[2], value->span);
}

static bool stays(const rp_mover *mover, const rp_ir *value)
{
    bool cheap = value->op == RP_OP_LOAD || value->op == RP_OP_ROW;
    return mover->keeps && value->frame == mover->from && !cheap && value->reach != RP_REACH_NONE &&
           value->lists < RP_DEAR_LISTS;
}

static rp_ir *move(rp_mover *mover, rp_ir *value)
{
    if (value == mover->object) return rp_ir_row(mover->ir, mover->to, value->span);
    if (is_object_again(mover, value)) {
        rp_frame *frame = rp_move_frame(mover, value->frame);
        return frame != NULL ? rp_ir_row(mover->ir, frame, value->span) : NULL;
    }
    if (stays(mover, value)) return rp_ir_use(mover->ir, mover->to, value);
    if (value->child != NULL) return move_fold(mover, value);
    switch (value->op) {
    case RP_OP_OUTER: return move_outer(mover, value);
    case RP_OP_GATHER: return move_gather(mover, value);
    default: return move_plain(mover, value);
    }
}

rp_ir *rp_move(rp_mover *mover, rp_ir *value)
{
    if (value->frame == NULL || mover->failed) return value;
    if (value->moved_by == mover->id) return value->moved;
    rp_ir *moved = move(mover, value);
    if (moved == NULL) return fail(mover);
    value->moved = moved;
    value->moved_by = mover->id;
    return moved;
}
