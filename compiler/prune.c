// Better places for folds, found where a fold is made.
//
// - A fold that depends on nothing but one record or resource, reached from somewhere else, is a
//   derived column of that table (*hoisting*): however many rows look at it, it is computed once.
// - For the condition of a fold over a list there may be a *necessary condition* that depends on
//   the member alone: where it is false, the condition is false. It is hoisted likewise, and a
//   filter keeps from the dear rest the members, and the rows of the scan, for which it is false.
//   Nothing changes for the rest: a row left out is one whose fold is false, zero or absent.
// - Of `a and b` a dear `b` is computed only where `a` is not false, of `a or b` where it is not
//   true (*guards*).
//
// Example: `none g in instance.security_groups, rule in g.ingress: rule.open and
// rule.covers(instance.port)` visits rules only of groups that have an open rule, of instances that
// have such a group.
#include "compiler/prune.h"
#include "compiler/move.h"

static const rp_ir_type bool_type = {.kind = RP_KIND_BOOL};

static bool is_message(const rp_frame *frame)
{
    while (frame->parent != NULL) frame = frame->parent;
    return frame->kind == RP_FRAME_ROWS;
}

static bool has_scan(const rp_ltable *table)
{
    return table != NULL && (table->kind == RP_TABLE_RESOURCE || table->kind == RP_TABLE_RECORD);
}

// The reference that an element of a list is: its row, or the value of the element.
static rp_ir *object_of(rp_ir_program *ir, rp_frame *frame, rp_span span)
{
    if (frame->table->kind != RP_TABLE_ELEMENTS) return rp_ir_row(ir, frame, span);
    rp_lcolumn *column = rp_layout_first_column(frame->table);
    return rp_ir_in(ir, frame, RP_OP_LOAD, column->type, column, NULL, NULL, NULL, span);
}

static bool is_row_somewhere(const rp_ir *object)
{
    return object->type.kind == RP_KIND_REF && !object->type.optional &&
           has_scan(object->type.table);
}

// ---- necessary conditions ----

static rp_ir *may(rp_mover *to, rp_ir *value);

static bool says_nothing(const rp_ir *value)
{
    return value == NULL || value->op == RP_OP_CONST;
}

static rp_ir *both(rp_mover *to, rp_ir *a, rp_ir *b)
{
    if (says_nothing(a) || a == b) return b;
    if (says_nothing(b)) return a;
    return rp_ir_make(to->ir, RP_OP_AND, bool_type, NULL, a, b, NULL, a->span);
}

static rp_ir *either(rp_mover *to, rp_ir *a, rp_ir *b)
{
    if (says_nothing(a) || says_nothing(b)) return NULL;
    return a == b ? a : rp_ir_make(to->ir, RP_OP_OR, bool_type, NULL, a, b, NULL, a->span);
}

static rp_ir *moved(rp_mover *to, rp_ir *value)
{
    if (value->reach < to->from->depth) return NULL;
    rp_ir *result = rp_move(to, value);
    bool failed = to->failed;
    to->failed = false;
    return failed ? NULL : result;
}

// A filter is made again if its condition can be; else its rows are those around it.
static bool enter_frame(rp_mover *to, rp_frame *frame, rp_ir **condition)
{
    bool inside = frame->index == NULL || frame->index->reach >= to->from->depth;
    if (inside) {
        bool entered = rp_move_frame(to, frame) != NULL;
        to->failed = false;
        return entered;
    }
    if (frame->kind != RP_FRAME_FILTER) return false;
    *condition = may(to, frame->index);
    rp_move_as(to, frame, rp_move_frame(to, frame->parent));
    return true;
}

static rp_ir *may_fold(rp_mover *to, rp_ir *fold)
{
    rp_ir *around = NULL;
    if (!enter_frame(to, fold->child, &around)) return NULL;
    rp_frame *child = rp_move_frame(to, fold->child);
    rp_ir *inside = may(to, fold->in[0]);
    if (fold->op == RP_OP_FOLD_COVER && fold->in[1]->type.kind == RP_KIND_COVER)
        inside = both(to, inside, may(to, fold->in[1]));
    if (child == rp_move_frame(to, fold->child->parent)) return both(to, around, inside);
    if (says_nothing(inside)) return child->kind == RP_FRAME_FILTER ? child->index : NULL;
    return rp_ir_fold(to->ir, RP_OP_FOLD_ANY, bool_type, child, inside, NULL, fold->span);
}

static rp_ir *may_outer(rp_mover *to, const rp_ir *value)
{
    if (value->in[0]->frame->depth < to->from->depth) return NULL;
    rp_frame *frame = rp_move_frame(to, value->frame);
    rp_ir *outer = may(to, value->in[0]);
    return outer != NULL && frame != NULL ? rp_ir_use(to->ir, frame, outer) : NULL;
}

static rp_ir *may_logic(rp_mover *to, const rp_ir *value)
{
    rp_ir *a = may(to, value->in[0]);
    rp_ir *b = may(to, value->in[1]);
    return value->op == RP_OP_AND ? both(to, a, b) : either(to, a, b);
}

// A condition over the rows of `to` that is false only where `value` is; of a cover: where it is
// empty. NULL: none is known.
static rp_ir *may(rp_mover *to, rp_ir *value)
{
    rp_ir *whole = value->type.kind == RP_KIND_BOOL ? moved(to, value) : NULL;
    if (whole != NULL) return whole;
    switch (value->op) {
    case RP_OP_AND:
    case RP_OP_OR:
    case RP_OP_COVER_OR: return may_logic(to, value);
    case RP_OP_OUTER: return may_outer(to, value);
    case RP_OP_COVER_FULL: return may(to, value->in[0]);
    case RP_OP_FOLD_ANY:
    case RP_OP_FOLD_COVER: return may_fold(to, value);
    default: return NULL;
    }
}

// ---- filters ----

// How many frames deeper a fold may become here and where it is looked at next: the limit of the
// machine must not be what stops a program.
#define FILTERS 3u

static bool joins_folds(rp_op op)
{
    return op != RP_OP_FOLD_ONE && op != RP_OP_FOLD_TEXT && op != RP_OP_FOLD_WITNESS;
}

// The result of a filter, brought to the frame around it.
static rp_ir *bring_out(rp_ir_program *ir, rp_frame *filter, rp_op op, rp_ir *value)
{
    if (op == RP_OP_FOLD_ANY)
        return rp_ir_fold(ir, op, bool_type, filter, value, NULL, value->span);
    rp_value yes = {.type = ir->program->t_bool, .number = 1};
    rp_ir *all = rp_ir_make(ir, RP_OP_CONST, bool_type, rp_ir_constant(ir, &yes), NULL, NULL, NULL,
                            value->span);
    return rp_ir_fold(ir, op == RP_OP_FOLD_COUNT ? RP_OP_FOLD_SUM_INT : op, value->type, filter,
                      all, value, value->span);
}

// The necessary condition of a member, as a value of the list's frame; NULL if none pays.
static rp_ir *member_condition(rp_ir_program *ir, rp_frame *child, rp_ir *a, rp_ir *b)
{
    rp_ir *object = object_of(ir, child, a->span);
    if (!is_row_somewhere(object)) return NULL;
    rp_frame *scan = rp_ir_scan(ir, object->type.table);
    rp_mover to = rp_move_into(ir, child, scan, object);
    rp_ir *condition = may(&to, a);
    if (b != NULL && b->type.kind == RP_KIND_COVER) condition = both(&to, condition, may(&to, b));
    if (says_nothing(condition) || condition->frame != scan) return NULL;
    rp_lcolumn *column = condition->op == RP_OP_LOAD ? (rp_lcolumn *)(uintptr_t)condition->arg
                                                     : rp_ir_column(ir, condition, RP_STR("#may"));
    return rp_ir_read(ir, object, column, a->span);
}

// The fold of the members for which `condition` may hold. `around`: a filter of the fold's frame in
// which it is done, or NULL.
static rp_ir *fold_of_some(rp_ir_program *ir, const rp_ir *fold, rp_ir *condition, rp_frame *around)
{
    rp_frame *members = fold->child;
    rp_mover outside = {.ir = ir};
    if (around != NULL) {
        outside = rp_move_into(ir, fold->frame, around, NULL);
        outside.keeps = true;
        members = rp_move_frame(&outside, members);
        condition = rp_move(&outside, condition);
    }
    rp_frame *filter = rp_ir_filter(ir, members, condition);
    rp_mover into = rp_move_into(ir, fold->child, filter, NULL);
    into.outside = around != NULL ? &outside : NULL;
    rp_ir *a = rp_move(&into, fold->in[0]);
    rp_ir *b = fold->in[1] != NULL ? rp_move(&into, fold->in[1]) : NULL;
    rp_ir *some = rp_ir_fold(ir, fold->op, fold->type, filter, a, b, fold->span);
    return bring_out(ir, members, fold->op, some);
}

// The same value, computed only for the rows of a scan for which `condition` may hold.
static rp_ir *in_some_rows(rp_ir_program *ir, rp_op op, rp_ir *value, rp_ir *condition)
{
    rp_frame *filter = rp_ir_filter(ir, value->frame, condition);
    rp_mover into = rp_move_into(ir, value->frame, filter, NULL);
    into.keeps = true;
    return bring_out(ir, filter, op, rp_move(&into, value));
}

static rp_ir *pruned(rp_ir_program *ir, rp_ir *fold)
{
    rp_frame *child = fold->child;
    if (fold->lists < RP_DEAR_LISTS || child->kind != RP_FRAME_UNNEST || !joins_folds(fold->op))
        return fold;
    if (fold->deepest + FILTERS >= RP_MAX_FRAME_DEPTH) return fold;
    rp_ir *condition = member_condition(ir, child, fold->in[0], fold->in[1]);
    if (condition == NULL) return fold;
    if (fold->frame->kind != RP_FRAME_SCAN || fold->op == RP_OP_FOLD_COVER)
        return fold_of_some(ir, fold, condition, NULL);
    rp_ir *some = rp_ir_fold(ir, RP_OP_FOLD_ANY, bool_type, child, condition, NULL, fold->span);
    rp_frame *rows = rp_ir_filter(ir, fold->frame, some);
    return bring_out(ir, rows, fold->op, fold_of_some(ir, fold, condition, rows));
}

// ---- hoisting ----

// Whether rows of a frame may be met several times: there is a reference on the way to them.
static bool is_shared(const rp_frame *frame)
{
    for (; frame->parent != NULL; frame = frame->parent) {
        if (frame->kind == RP_FRAME_FILTER) continue;
        bool own = frame->index == NULL && frame->list->kind == RP_LIST_FACT &&
                   frame->table->kind == RP_TABLE_RECORD;
        if (!own) return true;
    }
    return false;
}

// What the list of a fold belongs to, if that is elsewhere.
static rp_ir *owner_of_list(rp_ir_program *ir, const rp_frame *child, rp_span span)
{
    if (child->kind != RP_FRAME_UNNEST || child->list->owner == NULL) return NULL;
    if (child->index == NULL)
        return is_shared(child->parent) ? rp_ir_row(ir, child->parent, span) : NULL;
    const rp_ir *base = child->index->op == RP_OP_OUTER ? child->index->in[0] : child->index;
    bool scanned = base->op == RP_OP_ROW && base->frame->kind == RP_FRAME_SCAN;
    return scanned ? NULL : child->index;
}

static bool can_store(rp_ir_type type)
{
    return type.kind != RP_KIND_LISTTEXT;
}

static rp_ir *hoisted(rp_ir_program *ir, rp_ir *fold)
{
    rp_frame *child = fold->child;
    rp_ir *owner = can_store(fold->type) ? owner_of_list(ir, child, fold->span) : NULL;
    if (owner == NULL || !is_row_somewhere(owner)) return NULL;
    bool alone = fold->in[0]->reach >= owner->reach &&
                 (fold->in[1] == NULL || fold->in[1]->reach >= owner->reach);
    if (!alone) return NULL;
    rp_frame *scan = rp_ir_scan(ir, owner->type.table);
    rp_mover to = rp_move_into(ir, fold->frame, scan, owner);
    rp_ir *there = rp_move(&to, fold);
    if (there == NULL) return NULL;
    there = pruned(ir, there);
    return rp_ir_read(ir, owner, rp_ir_column(ir, there, RP_STR("#fold")), fold->span);
}

rp_ir *rp_prune_fold(rp_ir_program *ir, rp_op op, rp_ir_type type, rp_frame *child, rp_ir *a,
                     rp_ir *b, rp_span span)
{
    rp_ir *fold = rp_ir_fold(ir, op, type, child, a, b, span);
    if (!ir->optimize || is_message(child)) return fold;
    rp_ir *column = hoisted(ir, fold);
    return column != NULL ? column : pruned(ir, fold);
}

// ---- logic ----

rp_ir *rp_prune_guarded(rp_ir_program *ir, rp_ir *value, rp_ir *guard)
{
    rp_frame *frame = value->frame;
    bool pays = ir->optimize && value->lists >= RP_DEAR_LISTS && guard->reach != RP_REACH_NONE &&
                !is_message(frame) && value->deepest + FILTERS < RP_MAX_FRAME_DEPTH;
    if (!pays || frame->depth < guard->frame->depth) return value;
    guard = rp_ir_use(ir, frame, guard);
    bool given = guard->op == RP_OP_OUTER && guard->in[0] == frame->index; // by the filter around
    if (given) return value;
    return in_some_rows(ir, RP_OP_FOLD_ANY, value, guard);
}

// ---- covers ----

// For which rows a cover may have members at all: those that `pruned` lets through.
static rp_ir *cover_condition(rp_ir_program *ir, const rp_ir *cover)
{
    if (cover->op == RP_OP_COVER_OR) {
        rp_ir *a = cover_condition(ir, cover->in[0]);
        rp_ir *b = a != NULL ? cover_condition(ir, cover->in[1]) : NULL;
        if (b == NULL || a == b) return b;
        return rp_ir_make(ir, RP_OP_OR, bool_type, NULL, a, b, NULL, cover->span);
    }
    const rp_ir *inner = cover->op == RP_OP_FOLD_COVER ? cover->in[1] : NULL;
    bool filtered = inner != NULL && inner->op == RP_OP_FOLD_COVER &&
                    inner->child->kind == RP_FRAME_FILTER && inner->frame == cover->child;
    if (!filtered) return NULL;
    return rp_ir_fold(ir, RP_OP_FOLD_ANY, bool_type, cover->child, inner->child->index, NULL,
                      cover->span);
}

rp_ir *rp_prune_cover(rp_ir_program *ir, rp_ir *cover, rp_span span)
{
    rp_ir *full = rp_ir_make(ir, RP_OP_COVER_FULL, bool_type, NULL, cover, NULL, NULL, span);
    bool scan = ir->optimize && full->frame != NULL && full->frame->kind == RP_FRAME_SCAN;
    rp_ir *some = scan ? cover_condition(ir, cover) : NULL;
    return some != NULL ? in_some_rows(ir, RP_OP_FOLD_ANY, full, some) : full;
}
