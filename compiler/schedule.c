// Ordering. Two questions are answered by stages:
//
// - In which scan? A value that reads a derived column comes in a later scan than the one that
// stores
//   it. `stage` of a value counts the stores before it.
// - Where in a frame? The folds of an inner frame that need nothing of the outer one but what is
// there
//   already share one pass over it. `turn` counts the passes that a value waits for.
//
// Values of an earlier stage are loaded from a column if they are dear, else computed again.
#include "compiler/schedule.h"

static uint32_t greater(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

// ---- which columns are stored ----

typedef struct planner {
    rp_ir_program *ir;
    uint32_t epoch;
} planner;

static void visit(planner *plan, rp_ir *value, uint32_t stage);

static void store(planner *plan, rp_lcolumn *column)
{
    if (column->stored) return;
    column->stored = true;
    column->definition->column =
        column->definition->column != NULL ? column->definition->column : column;
    visit(plan, column->definition, column->definition->stage);
}

static rp_lcolumn *spill(planner *plan, rp_ir *value)
{
    if (value->column == NULL) {
        value->column = rp_layout_add_column(plan->ir, value->frame->table, RP_STR("#value"),
                                             value->type, RP_COLUMN_DERIVED);
        value->column->definition = value;
    }
    store(plan, value->column);
    return value->column;
}

// Storing and loading a value costs about as much as a few instructions.
#define DEAR 8u

static bool is_dear(const rp_ir *value)
{
    if (value->type.kind == RP_KIND_COVER || value->op == RP_OP_OUTER) return false;
    return value->child != NULL || value->weight >= DEAR;
}

static void visit_frame(planner *plan, const rp_frame *frame, uint32_t stage)
{
    for (; frame != NULL; frame = frame->parent) {
        if (frame->index != NULL) visit(plan, frame->index, stage);
    }
}

// Whether a value of a scan is taken from the column that an earlier scan stored.
static bool is_loaded(const rp_ir *value, uint32_t stage)
{
    bool in_scan = value->frame != NULL && value->frame->kind == RP_FRAME_SCAN;
    return in_scan && value->stage < stage && value->column != NULL && value->column->stored;
}

static void visit(planner *plan, rp_ir *value, uint32_t stage)
{
    // In it no derived column is read, and nothing comes of an earlier stage.
    if (value->stage == 1 && stage <= 1) return;
    bool in_scan = value->frame != NULL && value->frame->kind == RP_FRAME_SCAN;
    if (in_scan && value->stage < stage && (is_dear(value) || value->column != NULL)) {
        spill(plan, value);
        return;
    }
    // Once for each stage: the same value may be computed in two scans.
    if (value->mark == plan->epoch + stage) return;
    value->mark = plan->epoch + stage;
    rp_lcolumn *column = rp_ir_derived(value);
    if (column != NULL) store(plan, column);
    for (int i = 0; i < 3; i++) {
        if (value->in[i] != NULL) visit(plan, value->in[i], stage);
    }
    if (value->child != NULL) visit_frame(plan, value->child, stage);
}

static uint32_t stage_of_policy(const rp_ir_policy *policy)
{
    uint32_t stage = 1;
    for (const rp_ir_clause *clause = policy->clauses; clause != NULL; clause = clause->next) {
        stage = greater(stage, clause->value->stage);
    }
    return stage;
}

static void visit_policy(planner *plan, rp_ir_policy *policy)
{
    policy->stage = stage_of_policy(policy);
    for (rp_ir_clause *clause = policy->clauses; clause != NULL; clause = clause->next)
        visit(plan, clause->value, policy->stage);
    *policy->table->last_policy = policy;
    policy->table->last_policy = &policy->next_of_table;
}

static void visit_message(planner *plan, rp_ir_message *message)
{
    if (message->frame == NULL) return;
    rp_ltable *table = message->frame->table;
    *table->last_message = message;
    table->last_message = &message->next_of_table;
    for (uint32_t i = 0; i < message->piece_count; i++) {
        if (message->pieces[i].value == NULL) continue;
        visit(plan, message->pieces[i].value, 0);
    }
    for (rp_ir_witness *at = message->witnesses; at != NULL; at = at->next) {
        visit(plan, at->value, 0);
    }
}

static void link_stored(rp_ltable *table)
{
    rp_lcolumn **last = &table->stored;
    for (rp_lcolumn *column = table->columns; column != NULL; column = column->next) {
        if (!column->stored) continue;
        *last = column;
        last = &column->next_stored;
    }
}

void rp_schedule_plan(rp_ir_program *ir)
{
    planner plan = {ir, 1u << 24};
    for (rp_ir_policy *policy = ir->policies; policy != NULL; policy = policy->next)
        visit_policy(&plan, policy);
    for (rp_ir_waiver *waiver = ir->waivers; waiver != NULL; waiver = waiver->next) {
        if (waiver->condition != NULL) visit(&plan, waiver->condition, waiver->condition->stage);
    }
    for (rp_ir_message *message = ir->messages; message != NULL; message = message->next)
        visit_message(&plan, message);
    for (rp_ltable *table = ir->tables; table != NULL; table = table->next) link_stored(table);
}

// ---- emitting a frame ----

// Values of a frame that the inside of a child takes.
typedef struct taken {
    rp_ir *value;
    struct taken *next;
} taken;

typedef enum how { COMPUTED, LOADED, FOLDED } how;

typedef struct needed {
    rp_ir *value;
    const taken *inside; // of a fold
    how done;            // computed, loaded, or by a pass over its child
    uint32_t turn;
    uint32_t next; // of the folds of one child and turn: the next one, or RP_NONE
    uint32_t last; // of the first of them: the last one; RP_NONE of all others
} needed;

typedef struct emitter {
    rp_ir_program *ir;
    const rp_sink *sink;
    uint32_t epoch; // of the frame instance at hand
    uint32_t stage; // of the scan; 0 in messages
    uint32_t next_epoch;
    // What the passes under way compute: that of an inner one lies above that of the outer one.
    needed *stack;
    uint32_t stack_size, stack_capacity;
} emitter;

// What one pass over a frame computes, in the order of its making.
typedef struct passing {
    rp_frame *frame;
    uint32_t first, end; // on the stack
    uint32_t last_turn;
} passing;

static passing begin_pass(const emitter *emit, rp_frame *frame)
{
    return (passing){.frame = frame, .first = emit->stack_size, .end = emit->stack_size};
}

static void end_pass(emitter *emit, const passing *pass)
{
    emit->stack_size = pass->first;
}

static void need(emitter *emit, passing *pass, rp_ir *value);

static void grow_stack(emitter *emit)
{
    uint32_t capacity = emit->stack_capacity == 0 ? 256 : emit->stack_capacity * 2;
    needed *stack = rp_arena_alloc(emit->ir->arena, capacity * sizeof *stack);
    if (emit->stack_size > 0) memcpy(stack, emit->stack, emit->stack_size * sizeof *stack);
    emit->stack = stack;
    emit->stack_capacity = capacity;
}

static void append(emitter *emit, passing *pass, rp_ir *value, how done, const taken *inside)
{
    if (emit->stack_size == emit->stack_capacity) grow_stack(emit);
    value->mark = emit->epoch;
    emit->stack[emit->stack_size++] = (needed){value, inside, done, 0, RP_NONE, RP_NONE};
    pass->end = emit->stack_size;
}

// Collects what the inside of a child frame takes from this one. Only then is it asked for: what is
// asked for may hold folds over the same child.
static taken *collect_inside(emitter *emit, const passing *pass, rp_ir *value, uint32_t walk,
                             taken *list)
{
    if ((value->outer & rp_ir_depth_bit(pass->frame)) == 0 || value->seen == walk) return list;
    value->seen = walk;
    if (value->op == RP_OP_OUTER) {
        if (value->in[0]->frame->depth < pass->frame->depth) return list;
        if (value->in[0]->frame != pass->frame)
            return collect_inside(emit, pass, value->in[0], walk, list);
        taken *made = RP_NEW(emit->ir->arena, taken);
        *made = (taken){value->in[0], list};
        return made;
    }
    for (int i = 0; i < 3; i++) {
        if (value->in[i] != NULL) list = collect_inside(emit, pass, value->in[i], walk, list);
    }
    bool indexed = value->child != NULL && value->child->index != NULL;
    return indexed ? collect_inside(emit, pass, value->child->index, walk, list) : list;
}

static const taken *need_inside(emitter *emit, passing *pass, const rp_ir *fold)
{
    taken *list = NULL;
    uint32_t walk = ++emit->ir->seen;
    for (int i = 0; i < 3; i++) {
        if (fold->in[i] != NULL) list = collect_inside(emit, pass, fold->in[i], walk, list);
    }
    for (const taken *at = list; at != NULL; at = at->next) need(emit, pass, at->value);
    return list;
}

static void need(emitter *emit, passing *pass, rp_ir *value)
{
    if (value->mark == emit->epoch) return;
    if (is_loaded(value, emit->stage)) {
        append(emit, pass, value, LOADED, NULL);
        return;
    }
    const taken *inside = NULL;
    value->mark = emit->epoch; // before its operands are in, so that shared ones are visited once
    if (value->child != NULL) {
        if (value->child->index != NULL) need(emit, pass, value->child->index);
        inside = need_inside(emit, pass, value);
    } else if (value->op != RP_OP_OUTER) {
        for (int i = 0; i < 3; i++) {
            if (value->in[i] != NULL) need(emit, pass, value->in[i]);
        }
    }
    append(emit, pass, value, value->child != NULL ? FOLDED : COMPUTED, inside);
}

// ---- turns ----

// While turns are computed `insn` holds the turn of the values of this frame.
static uint32_t turn_of(const needed *of)
{
    const rp_ir *value = of->value;
    uint32_t turn = 0;
    if (of->done == LOADED || value->op == RP_OP_OUTER) return 0;
    if (of->done == COMPUTED) {
        for (int i = 0; i < 3; i++) {
            if (value->in[i] != NULL) turn = greater(turn, value->in[i]->insn);
        }
        return turn;
    }
    if (value->child->index != NULL) turn = value->child->index->insn;
    for (const taken *at = of->inside; at != NULL; at = at->next)
        turn = greater(turn, at->value->insn);
    return turn + 1;
}

static void find_turns(const emitter *emit, passing *pass)
{
    for (uint32_t i = pass->first; i < pass->end; i++) {
        uint32_t turn = turn_of(&emit->stack[i]);
        emit->stack[i].value->insn = turn;
        emit->stack[i].turn = turn;
        pass->last_turn = greater(pass->last_turn, turn);
    }
}

// ---- instructions ----

static void emit_pass(emitter *emit, passing *pass);

static uint32_t insn_of(const rp_ir *value)
{
    return value != NULL ? value->insn : RP_NONE;
}

static void emit_load(emitter *emit, rp_ir *value)
{
    uint32_t column = emit->sink->column(emit->sink->ctx, value->column);
    value->insn = emit->sink->add(emit->sink->ctx, RP_OP_LOAD, value->type, column, RP_NONE,
                                  RP_NONE, value->span);
}

static void emit_value(emitter *emit, rp_ir *value)
{
    const rp_op_info *info = rp_op_get(value->op);
    uint32_t operands[3];
    uint32_t in = 0;
    for (int i = 0; i < 3; i++) {
        rp_operand kind = info->operands[i];
        if (kind == RP_OPERAND__)
            operands[i] = RP_NONE;
        else if (rp_operand_is_value(kind))
            operands[i] = insn_of(value->in[in++]);
        else
            operands[i] = emit->sink->index(emit->sink->ctx, value);
    }
    value->insn = emit->sink->add(emit->sink->ctx, value->op, value->type, operands[0], operands[1],
                                  operands[2], value->span);
}

static void open_child(emitter *emit, const rp_frame *child)
{
    rp_ir_type none = {.kind = RP_KIND_NONE};
    const rp_sink *sink = emit->sink;
    if (child->kind == RP_FRAME_UNNEST) {
        uint32_t list = sink->list(sink->ctx, child->list);
        sink->add(sink->ctx, RP_OP_UNNEST, none, list, insn_of(child->index), RP_NONE,
                  (rp_span){0, 0, 0});
    } else {
        sink->add(sink->ctx, RP_OP_FILTER, none, insn_of(child->index), RP_NONE, RP_NONE,
                  (rp_span){0, 0, 0});
    }
}

static void close_frame(emitter *emit)
{
    rp_ir_type none = {.kind = RP_KIND_NONE};
    emit->sink->add(emit->sink->ctx, RP_OP_END, none, RP_NONE, RP_NONE, RP_NONE,
                    (rp_span){0, 0, 0});
}

// One pass over a child frame: everything that folds of one turn need, then the folds.
static void emit_child(emitter *emit, uint32_t first)
{
    rp_frame *child = emit->stack[first].value->child;
    open_child(emit, child);
    uint32_t before = emit->epoch;
    emit->epoch = emit->next_epoch++;
    passing inner = begin_pass(emit, child);
    for (uint32_t i = first; i != RP_NONE; i = emit->stack[i].next) {
        rp_ir *const *in = emit->stack[i].value->in;
        for (int k = 0; k < 3; k++) {
            if (in[k] != NULL) need(emit, &inner, in[k]);
        }
    }
    emit_pass(emit, &inner);
    end_pass(emit, &inner);
    emit->epoch = before;
    for (uint32_t i = first; i != RP_NONE; i = emit->stack[i].next)
        emit_value(emit, emit->stack[i].value);
    close_frame(emit);
}

// Links the folds of a turn that share a pass over their child, in the order of their making.
static void link_folds(emitter *emit, const passing *pass, uint32_t turn)
{
    uint32_t mark = emit->next_epoch++;
    for (uint32_t i = pass->first; i < pass->end; i++) {
        needed *at = &emit->stack[i];
        if (at->done != FOLDED || at->turn != turn) continue;
        rp_frame *child = at->value->child;
        if (child->mark != mark)
            child->first_fold = i;
        else
            emit->stack[emit->stack[child->first_fold].last].next = i;
        child->mark = mark;
        emit->stack[child->first_fold].last = i;
    }
}

static void emit_folds(emitter *emit, const passing *pass, uint32_t turn)
{
    link_folds(emit, pass, turn);
    for (uint32_t i = pass->first; i < pass->end; i++) {
        const needed *at = &emit->stack[i];
        if (at->turn == turn && at->last != RP_NONE) emit_child(emit, i);
    }
}

static void emit_pass(emitter *emit, passing *pass)
{
    find_turns(emit, pass);
    for (uint32_t turn = 0; turn <= pass->last_turn; turn++) {
        if (turn > 0) emit_folds(emit, pass, turn);
        for (uint32_t i = pass->first; i < pass->end; i++) {
            const needed *at = &emit->stack[i];
            if (at->turn != turn || at->done == FOLDED) continue;
            if (at->done == LOADED)
                emit_load(emit, at->value);
            else
                emit_value(emit, at->value);
        }
    }
}

// ---- scans ----

static void need_columns(emitter *emit, passing *pass, rp_ltable *table)
{
    for (rp_lcolumn *column = table->stored; column != NULL; column = column->next_stored) {
        if (column->definition->stage == emit->stage) need(emit, pass, column->definition);
    }
}

static void need_policies(emitter *emit, passing *pass, const rp_ltable *table)
{
    for (rp_ir_policy *policy = table->policies; policy != NULL; policy = policy->next_of_table) {
        if (policy->stage != emit->stage) continue;
        for (rp_ir_clause *clause = policy->clauses; clause != NULL; clause = clause->next)
            need(emit, pass, clause->value);
    }
    for (rp_ir_waiver *waiver = emit->ir->waivers; waiver != NULL; waiver = waiver->next) {
        if (waiver->table == table && waiver->condition != NULL &&
            waiver->condition->stage == emit->stage)
            need(emit, pass, waiver->condition);
    }
}

static void emit_stores(emitter *emit, rp_ltable *table)
{
    rp_ir_type none = {.kind = RP_KIND_NONE};
    const rp_sink *sink = emit->sink;
    for (rp_lcolumn *column = table->stored; column != NULL; column = column->next_stored) {
        if (column->definition->stage != emit->stage) continue;
        sink->add(sink->ctx, RP_OP_STORE, none, sink->column(sink->ctx, column),
                  column->definition->insn, RP_NONE, column->definition->span);
    }
    for (rp_ir_policy *policy = table->policies; policy != NULL; policy = policy->next_of_table) {
        if (policy->stage == emit->stage) sink->policy(sink->ctx, policy);
    }
    for (rp_ir_waiver *waiver = emit->ir->waivers; waiver != NULL; waiver = waiver->next) {
        bool here = waiver->table == table && waiver->condition != NULL &&
                    waiver->condition->stage == emit->stage;
        if (here) waiver->insn = waiver->condition->insn;
    }
}

// A scan whose policies have constant clauses only has values all the same; this is for safety.
static bool has_policies(const emitter *emit, const rp_ltable *table)
{
    const rp_ir_policy *policy = table->policies;
    while (policy != NULL && policy->stage != emit->stage) policy = policy->next_of_table;
    return policy != NULL;
}

static void emit_scan(emitter *emit, rp_ltable *table)
{
    if (table->scan == NULL) return;
    emit->epoch = emit->next_epoch++;
    passing pass = begin_pass(emit, table->scan);
    need_columns(emit, &pass, table);
    need_policies(emit, &pass, table);
    if (pass.end == pass.first && !has_policies(emit, table)) return;
    rp_ir_type none = {.kind = RP_KIND_NONE};
    emit->sink->add(emit->sink->ctx, RP_OP_SCAN, none, emit->sink->table(emit->sink->ctx, table),
                    RP_NONE, RP_NONE, (rp_span){0, 0, 0});
    emit_pass(emit, &pass);
    end_pass(emit, &pass);
    emit_stores(emit, table);
    close_frame(emit);
}

static void need_message(emitter *emit, passing *pass, const rp_ir_message *message)
{
    for (uint32_t i = 0; i < message->piece_count; i++) {
        if (message->pieces[i].value != NULL) need(emit, pass, message->pieces[i].value);
    }
    for (const rp_ir_witness *at = message->witnesses; at != NULL; at = at->next)
        need(emit, pass, at->value);
}

static void emit_messages(emitter *emit, const rp_ltable *table)
{
    emit->epoch = emit->next_epoch++;
    passing pass = begin_pass(emit, table->rows);
    for (const rp_ir_message *message = table->messages; message != NULL;
         message = message->next_of_table)
        need_message(emit, &pass, message);
    if (pass.end == pass.first) return;
    rp_ir_type none = {.kind = RP_KIND_NONE};
    table->rows->first_insn = emit->sink->add(emit->sink->ctx, RP_OP_ROWS, none,
                                              emit->sink->table(emit->sink->ctx, table), RP_NONE,
                                              RP_NONE, (rp_span){0, 0, 0});
    emit_pass(emit, &pass);
    end_pass(emit, &pass);
    close_frame(emit);
}

static uint32_t last_stage(const rp_ir_program *ir)
{
    uint32_t stage = 1;
    for (const rp_ir_policy *policy = ir->policies; policy != NULL; policy = policy->next)
        stage = greater(stage, policy->stage);
    for (const rp_ltable *table = ir->tables; table != NULL; table = table->next) {
        for (const rp_lcolumn *column = table->stored; column != NULL; column = column->next_stored)
            stage = greater(stage, column->definition->stage);
    }
    for (const rp_ir_waiver *waiver = ir->waivers; waiver != NULL; waiver = waiver->next) {
        if (waiver->condition != NULL) stage = greater(stage, waiver->condition->stage);
    }
    return stage;
}

void rp_schedule_emit(rp_ir_program *ir, const rp_sink *sink)
{
    emitter emit = {.ir = ir, .sink = sink, .next_epoch = 1u << 30};
    uint32_t last = last_stage(ir);
    for (emit.stage = 1; emit.stage <= last; emit.stage++) {
        for (rp_ltable *table = ir->tables; table != NULL; table = table->next)
            emit_scan(&emit, table);
    }
    emit.stage = 0;
    for (const rp_ltable *table = ir->tables; table != NULL; table = table->next) {
        if (table->rows != NULL) emit_messages(&emit, table);
    }
}
