// Lowering of lists. There are no list values: a list is consumed where it is asked about, by a
// frame over its elements and a fold. Choices between lists become choices between results, two
// lists one after the other two frames whose results are joined, and `each` a frame inside a frame.
#include "compiler/lower.h"
#include "compiler/prune.h"
#include "vm/base/text.h"

static const rp_ir_type bool_type = {.kind = RP_KIND_BOOL};
static const rp_ir_type int_type = {.kind = RP_KIND_INT};
static const rp_ir_type cover_type = {.kind = RP_KIND_COVER};

// ---- where an expression is at home ----

static rp_frame *home_of_env(rp_lower *lower, const rp_env *env);

static rp_frame *home(rp_lower *lower, const rp_env *env, const rp_core *core)
{
    if (core == NULL) return NULL;
    rp_frame *frame = NULL;
    if (core->kind == RP_CORE_VAR) {
        const rp_env *found = rp_lower_find(env, core->of.var);
        if (found != NULL) frame = home_of_env(lower, found);
    }
    for (uint32_t i = 0; i < core->count; i++) {
        frame = rp_ir_deeper(frame, home(lower, env, core->items[i]));
        if (core->kind == RP_CORE_QUANTIFIER)
            frame = rp_ir_deeper(frame, home(lower, env, core->wheres[i]));
    }
    frame = rp_ir_deeper(frame, home(lower, env, core->a));
    frame = rp_ir_deeper(frame, home(lower, env, core->b));
    return rp_ir_deeper(frame, home(lower, env, core->c));
}

static rp_frame *home_of_env(rp_lower *lower, const rp_env *env)
{
    if (env->value != NULL) return env->value->frame;
    if (env->list != NULL) return home(lower, env->list_env, env->list);
    rp_frame *frame = env->choice != NULL ? env->choice->frame : NULL;
    for (uint32_t i = 0; i < env->choice_count; i++) {
        frame = rp_ir_deeper(frame, home(lower, env->list_env, env->choices[i]));
    }
    return frame;
}

// A variable that the expression itself binds is not in the environment, so it does not count.
rp_frame *rp_lower_home(rp_lower *lower, const rp_core *core)
{
    rp_frame *frame = home(lower, lower->env, core);
    return frame != NULL ? frame : lower->root;
}

// ---- folds ----

static rp_ir *as_true(rp_lower *lower, rp_ir *condition, rp_span span)
{
    return condition != NULL ? condition : rp_lower_bool(lower, true, span);
}

static rp_op by_kind(rp_kind kind, rp_op of_int, rp_op of_float, rp_op of_version)
{
    if (kind == RP_KIND_FLOAT) return of_float;
    return kind == RP_KIND_VERSION ? of_version : of_int;
}

static rp_ir_type optional_of(const rp_ir *value)
{
    rp_ir_type type = value->type;
    type.optional = true;
    return type;
}

// Exactly one. Over lists inside lists `condition` says that a row has any below it, `value` that
// it has exactly one: then exactly one row has any, and none has several.
static rp_ir *fold_one(rp_lower *lower, rp_frame *child, rp_ir *condition, rp_ir *value,
                       rp_span span)
{
    rp_ir *one = rp_prune_fold(lower->ir, RP_OP_FOLD_ONE, bool_type, child, condition, NULL, span);
    if (value == NULL) return one;
    rp_ir *several = rp_lower_and(lower, condition, rp_lower_not(lower, value, span), span);
    rp_ir *some = rp_ir_fold(lower->ir, RP_OP_FOLD_ANY, bool_type, child, several, NULL, span);
    return rp_lower_and(lower, one, rp_lower_not(lower, some, span), span);
}

rp_ir *rp_lower_fold(rp_lower *lower, const rp_consumer *consumer, rp_frame *child,
                     rp_ir *condition, rp_ir *value)
{
    rp_ir_program *ir = lower->ir;
    rp_span span = consumer->span;
    condition = as_true(lower, condition, span);
    switch (consumer->join) {
    case RP_JOIN_ANY:
        if (value != NULL) condition = rp_lower_and(lower, condition, value, span);
        return rp_prune_fold(ir, RP_OP_FOLD_ANY, bool_type, child, condition, NULL, span);
    case RP_JOIN_ONE: return fold_one(lower, child, condition, value, span);
    case RP_JOIN_COUNT:
        if (value == NULL)
            return rp_prune_fold(ir, RP_OP_FOLD_COUNT, int_type, child, condition, NULL, span);
        return rp_prune_fold(ir, RP_OP_FOLD_SUM_INT, int_type, child, condition, value, span);
    case RP_JOIN_SUM:
        return rp_prune_fold(
            ir, value->type.kind == RP_KIND_FLOAT ? RP_OP_FOLD_SUM_FLOAT : RP_OP_FOLD_SUM_INT,
            value->type, child, condition, value, span);
    case RP_JOIN_MIN:
        return rp_prune_fold(ir,
                             by_kind(value->type.kind, RP_OP_FOLD_MIN_INT, RP_OP_FOLD_MIN_FLOAT,
                                     RP_OP_FOLD_MIN_VERSION),
                             optional_of(value), child, condition, value, span);
    case RP_JOIN_MAX:
        return rp_prune_fold(ir,
                             by_kind(value->type.kind, RP_OP_FOLD_MAX_INT, RP_OP_FOLD_MAX_FLOAT,
                                     RP_OP_FOLD_MAX_VERSION),
                             optional_of(value), child, condition, value, span);
    case RP_JOIN_FIRST:
        return rp_prune_fold(ir, RP_OP_FOLD_FIRST, optional_of(value), child, condition, value,
                             span);
    case RP_JOIN_COVER:
        return rp_prune_fold(ir, RP_OP_FOLD_COVER, cover_type, child, condition, value, span);
    case RP_JOIN_TEXT:
        return rp_prune_fold(ir, RP_OP_FOLD_TEXT, (rp_ir_type){.kind = RP_KIND_LISTTEXT}, child,
                             condition, value, span);
    case RP_JOIN_WITNESS:
        return rp_prune_fold(ir, RP_OP_FOLD_WITNESS, optional_of(value), child, condition, value,
                             span);
    }
    return NULL;
}

// ---- two lists, one after the other ----

static rp_ir *less(rp_lower *lower, rp_ir *a, rp_ir *b, rp_span span)
{
    rp_op op = by_kind(a->type.kind, RP_OP_LE_INT, RP_OP_LE_FLOAT, RP_OP_LE_VERSION);
    return rp_ir_make(lower->ir, op, bool_type, NULL, a, b, NULL, span);
}

static rp_ir *present(rp_lower *lower, rp_ir *a, rp_span span)
{
    return rp_ir_make(lower->ir, RP_OP_PRESENT, bool_type, NULL, a, NULL, NULL, span);
}

static rp_ir *required(rp_lower *lower, rp_ir *a, rp_span span)
{
    rp_ir_type type = a->type;
    type.optional = false;
    return rp_ir_make(lower->ir, RP_OP_COALESCE, type, NULL, a,
                      rp_lower_unknown(lower, type, RP_STR_EMPTY, span), NULL, span);
}

// The lesser (or greater) of two that may be absent.
static rp_ir *extreme(rp_lower *lower, rp_ir *a, rp_ir *b, bool greatest, rp_span span)
{
    rp_ir *known_a = required(lower, a, span);
    rp_ir *known_b = required(lower, b, span);
    rp_ir *first =
        greatest ? less(lower, known_b, known_a, span) : less(lower, known_a, known_b, span);
    rp_ir *both = rp_lower_select(lower, first, a, b, span);
    rp_ir *if_a = rp_lower_select(lower, present(lower, b, span), both, a, span);
    return rp_lower_select(lower, present(lower, a, span), if_a, b, span);
}

static rp_ir *exactly_one(rp_lower *lower, const rp_core *list, const rp_consumer *consumer,
                          rp_ir *one_a, rp_ir *one_b);

static rp_ir *add(rp_lower *lower, rp_ir *a, rp_ir *b, rp_span span)
{
    return rp_ir_make(lower->ir, a->type.kind == RP_KIND_FLOAT ? RP_OP_ADD_FLOAT : RP_OP_ADD_INT,
                      a->type, NULL, a, b, NULL, span);
}

static rp_ir *joined(rp_lower *lower, const rp_core *list, const rp_consumer *consumer, rp_ir *a,
                     rp_ir *b)
{
    rp_span span = consumer->span;
    switch (consumer->join) {
    case RP_JOIN_ANY: return rp_lower_or(lower, a, b, span);
    case RP_JOIN_ONE: return exactly_one(lower, list, consumer, a, b);
    case RP_JOIN_COUNT:
    case RP_JOIN_SUM: return add(lower, a, b, span);
    case RP_JOIN_MIN: return extreme(lower, a, b, false, span);
    case RP_JOIN_MAX: return extreme(lower, a, b, true, span);
    case RP_JOIN_COVER:
        return rp_ir_make(lower->ir, RP_OP_COVER_OR, cover_type, NULL, a, b, NULL, span);
    case RP_JOIN_TEXT: return a; // messages print the lists one after the other themselves
    default: return rp_ir_make(lower->ir, RP_OP_COALESCE, a->type, NULL, a, b, NULL, span);
    }
}

static const rp_consumer *as_any(rp_lower *lower, const rp_consumer *consumer);

static rp_ir *none_of(rp_lower *lower, const rp_core *list, const rp_consumer *consumer)
{
    rp_ir *some = rp_lower_list(lower, list, as_any(lower, consumer));
    return rp_lower_not(lower, some, consumer->span);
}

static rp_ir *exactly_one(rp_lower *lower, const rp_core *list, const rp_consumer *consumer,
                          rp_ir *one_a, rp_ir *one_b)
{
    rp_ir *in_a = rp_lower_and(lower, one_a, none_of(lower, list->b, consumer), consumer->span);
    rp_ir *in_b = rp_lower_and(lower, none_of(lower, list->a, consumer), one_b, consumer->span);
    return rp_lower_or(lower, in_a, in_b, consumer->span);
}

// ---- elements ----

// What an element of a frame's list is: the row of a record or entry, or the value of the column.
static rp_ir *element_value(rp_lower *lower, rp_frame *frame, rp_span span)
{
    rp_ltable *table = frame->table;
    bool row = table->kind == RP_TABLE_RECORD || table->kind == RP_TABLE_ENTRIES ||
               table->kind == RP_TABLE_RESOURCE;
    if (row) return rp_ir_row(lower->ir, frame, span);
    rp_lcolumn *column = rp_layout_first_column(table);
    return rp_ir_in(lower->ir, frame, RP_OP_LOAD, column->type, column, NULL, NULL, NULL, span);
}

static rp_ir *consume_frame(rp_lower *lower, rp_frame *child, const rp_env *element,
                            const rp_consumer *consumer)
{
    rp_ir *condition = NULL;
    rp_ir *value = NULL;
    consumer->element(lower, child, element, consumer->data, &condition, &value);
    return rp_lower_fold(lower, consumer, child, condition, value);
}

static rp_ir *consume_values(rp_lower *lower, rp_frame *child, const rp_consumer *consumer)
{
    rp_env element = {.value = element_value(lower, child, consumer->span)};
    return consume_frame(lower, child, &element, consumer);
}

// ---- the lists themselves ----

static rp_ir *unknown_result(rp_lower *lower, const rp_consumer *consumer)
{
    if (consumer->join != RP_JOIN_COVER) {
        rp_ir_type type = consumer->type;
        return rp_lower_unknown(lower, type, RP_STR_EMPTY, consumer->span);
    }
    rp_ir *maybe = rp_lower_unknown(lower, bool_type, RP_STR_EMPTY, consumer->span);
    rp_frame *child = rp_ir_filter(lower->ir, consumer->frame, maybe);
    rp_ir *range =
        rp_lower_unknown(lower, (rp_ir_type){.kind = RP_KIND_CIDR}, RP_STR_EMPTY, consumer->span);
    return rp_ir_fold(lower->ir, RP_OP_FOLD_COVER, cover_type, child, maybe, range, consumer->span);
}

static bool is_row_of(const rp_ir *object, const rp_frame *frame)
{
    return object->op == RP_OP_ROW && object->frame == frame;
}

static rp_ir *list_of_object(rp_lower *lower, rp_ir *object, rp_llist *list,
                             const rp_consumer *consumer)
{
    rp_frame *parent = rp_ir_deeper(consumer->frame, object->frame);
    rp_frame *child =
        rp_ir_unnest(lower->ir, parent, list, is_row_of(object, parent) ? NULL : object);
    return consume_values(lower, child, consumer);
}

// Of a group with a condition: elsewhere the list is empty, which a filter on the condition says.
static rp_ir *list_of_group(rp_lower *lower, rp_ir *object, const rp_field *field,
                            const rp_consumer *consumer)
{
    rp_llist *list = rp_layout_list(lower->ir, (rp_field *)(uintptr_t)field);
    if (field->group == NULL || field->group->when == NULL)
        return list_of_object(lower, object, list, consumer);
    rp_lower inner = *lower;
    inner.env = rp_lower_bind(lower, &field->entity->self, object);
    rp_ir *condition = rp_lower_required(&inner, field->group->when);
    rp_frame *parent = rp_ir_deeper(consumer->frame, rp_ir_deeper(object->frame, condition->frame));
    rp_frame *filter = rp_ir_filter(lower->ir, parent, condition);
    rp_consumer within = *consumer;
    within.frame = filter;
    rp_ir *value = list_of_object(lower, object, list, &within);
    rp_ir *kept = rp_ir_use(lower->ir, filter, condition);
    if (consumer->join != RP_JOIN_ONE) return rp_lower_fold(lower, consumer, filter, kept, value);
    return rp_ir_fold(lower->ir, RP_OP_FOLD_ANY, bool_type, filter,
                      rp_lower_and(lower, kept, value, consumer->span), NULL, consumer->span);
}

// One of two results, which are both there.
static rp_ir *choose_result(rp_lower *lower, const rp_consumer *consumer, rp_ir *condition,
                            rp_ir *a, rp_ir *b)
{
    if (consumer->join != RP_JOIN_COVER)
        return rp_lower_select(lower, condition, a, b, consumer->span);
    rp_frame *frame = rp_ir_deeper(consumer->frame, condition->frame);
    rp_frame *yes = rp_ir_filter(lower->ir, frame, condition);
    rp_frame *no = rp_ir_filter(lower->ir, frame, rp_lower_not(lower, condition, consumer->span));
    a = rp_lower_fold(lower, consumer, yes, rp_ir_use(lower->ir, yes, yes->index), a);
    b = rp_lower_fold(lower, consumer, no, rp_ir_use(lower->ir, no, no->index), b);
    return rp_ir_make(lower->ir, RP_OP_COVER_OR, cover_type, NULL, a, b, NULL, consumer->span);
}

static rp_ir *list_of_row(rp_lower *lower, const rp_core *list, const rp_member *of)
{
    const rp_consumer *consumer = of->data;
    rp_field *field = list->of.field;
    rp_ir *object = rp_lower_expr(lower, list->a->kind == RP_CORE_ASSUME ? list->a->a : list->a);
    if (field->kind != RP_FIELD_DERIVED) return list_of_group(lower, object, field, consumer);
    rp_lower inner = *lower;
    inner.env = NULL;
    inner.env = rp_lower_bind(&inner, field->function->receiver_var, object);
    return rp_lower_list(&inner, field->function->body, consumer);
}

static rp_ir *list_of_member(rp_lower *lower, const rp_core *list, const rp_member *of)
{
    return rp_lower_list(lower, list, of->data);
}

static rp_ir *chosen_list(rp_lower *lower, rp_ir *condition, rp_ir *a, rp_ir *b,
                          const rp_member *of)
{
    return choose_result(lower, of->data, condition, a, b);
}

static rp_ir *list_field(rp_lower *lower, const rp_core *list, const rp_consumer *consumer)
{
    rp_member member = {list_of_member, chosen_list, list_of_row, consumer, consumer->span};
    return rp_lower_member(lower, list, &member);
}

static rp_ir *list_call(rp_lower *lower, const rp_core *list, const rp_consumer *consumer)
{
    rp_lower inner = *lower;
    inner.env = rp_lower_arguments(lower, list);
    return rp_lower_list(&inner, list->of.function->body, consumer);
}

static rp_ir *list_var(rp_lower *lower, const rp_core *list, const rp_consumer *consumer)
{
    const rp_env *env = rp_lower_find(lower->env, list->of.var);
    if (env == NULL || env->list == NULL) return unknown_result(lower, consumer);
    rp_lower inner = *lower;
    inner.env = env->list_env;
    return rp_lower_list(&inner, env->list, consumer);
}

static bool all_constant(const rp_core *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->items[i]->kind != RP_CORE_CONST) return false;
    }
    return true;
}

// A list of constants is a constant table. Any other is one of numbers, each of which stands for
// its expression.
static rp_ir *list_literal(rp_lower *lower, const rp_core *list, const rp_consumer *consumer)
{
    rp_value *values = RP_NEW_ARRAY(lower->ir->arena, rp_value, list->count);
    bool constant = all_constant(list);
    for (uint32_t i = 0; i < list->count; i++) {
        values[i] = constant ? list->items[i]->value
                             : (rp_value){.type = lower->ir->program->t_int, .number = i};
    }
    bool typed = list->type->element->kind != RP_T_NOTHING;
    rp_kind kind = constant && typed ? rp_kind_of(list->type->element) : RP_KIND_INT;
    rp_llist *laid = rp_layout_const_list(lower->ir, values, list->count, kind);
    rp_frame *child = rp_ir_unnest(lower->ir, consumer->frame, laid, NULL);
    rp_env element = {.value = element_value(lower, child, consumer->span)};
    if (!constant) {
        element = (rp_env){.choices = list->items,
                           .choice_count = list->count,
                           .choice = element.value,
                           .list_env = lower->env};
        if (list->items[0]->kind != RP_CORE_RECORD)
            element = (rp_env){.value = rp_lower_choice(lower, &element, consumer->span)};
    }
    return consume_frame(lower, child, &element, consumer);
}

static rp_ir *list_param(rp_lower *lower, const rp_core *list, const rp_consumer *consumer)
{
    rp_llist *laid = rp_layout_param_list(lower->ir, list->of.param);
    return consume_values(lower, rp_ir_unnest(lower->ir, consumer->frame, laid, NULL), consumer);
}

// One branch of a choice: behind a filter, so that the other branch's list does not matter there.
static rp_ir *list_branch(rp_lower *lower, rp_ir *condition, const rp_core *list,
                          const rp_consumer *consumer)
{
    rp_frame *filter =
        rp_ir_filter(lower->ir, rp_ir_deeper(consumer->frame, condition->frame), condition);
    rp_consumer inner = *consumer;
    inner.frame = filter;
    rp_ir *value = rp_lower_list(lower, list, &inner);
    return rp_lower_fold(lower, consumer, filter, rp_ir_use(lower->ir, filter, condition), value);
}

static rp_ir *list_if(rp_lower *lower, const rp_core *list, const rp_consumer *consumer)
{
    rp_ir *condition = rp_lower_required(lower, list->a);
    if (consumer->join == RP_JOIN_COVER) {
        rp_ir *a = list_branch(lower, condition, list->b, consumer);
        rp_ir *b =
            list_branch(lower, rp_lower_not(lower, condition, list->span), list->c, consumer);
        return joined(lower, list, consumer, a, b);
    }
    rp_ir *yes = rp_lower_list(lower, list->b, consumer);
    rp_ir *no = rp_lower_list(lower, list->c, consumer);
    return rp_lower_select(lower, condition, yes, no, list->span);
}

// ---- quantifiers as lists and as values ----

typedef struct binding {
    const rp_core *quantifier;
    uint32_t index;
    const rp_consumer *consumer; // of what the innermost body gives
    rp_lower *caller;            // environment of the quantifier
} binding;

static rp_ir *consume_binding(rp_lower *lower, const binding *at, rp_frame *frame);

static rp_env *bind_element(rp_lower *lower, const rp_var *var, const rp_env *element)
{
    rp_env *env = RP_NEW(lower->ir->arena, rp_env);
    *env = *element;
    env->var = var;
    env->next = lower->env;
    return env;
}

// Whether what comes after a condition has frames of its own, so that filtering first pays.
static bool has_frames(const rp_core *core)
{
    if (core == NULL) return false;
    switch (core->kind) {
    case RP_CORE_QUANTIFIER:
    case RP_CORE_EMPTY:
    case RP_CORE_BUILTIN: return true;
    case RP_CORE_IN: return core->b->kind != RP_CORE_LIST && core->b->kind != RP_CORE_PARAM;
    case RP_CORE_CALL:
        if (has_frames(core->of.function->body)) return true;
        break;
    default: break;
    }
    for (uint32_t i = 0; i < core->count; i++) {
        if (has_frames(core->items[i])) return true;
    }
    return has_frames(core->a) || has_frames(core->b) || has_frames(core->c);
}

static void body_element(rp_lower *inner, const binding *at, rp_frame *frame, rp_ir *where,
                         rp_ir **condition, rp_ir **value)
{
    const rp_core *quantifier = at->quantifier;
    rp_env element = {.value = NULL};
    if (quantifier->a->kind == RP_CORE_RECORD) {
        rp_core **choices = RP_NEW(inner->ir->arena, rp_core *);
        choices[0] = quantifier->a;
        element.choices = choices;
        element.choice_count = 1;
        element.list_env = inner->env;
    } else {
        // `first` passes over members whose value is absent.
        bool passes = quantifier->op == RP_QUANTIFIER_FIRST && quantifier->a->type->optional;
        element.value =
            passes ? rp_lower_expr(inner, quantifier->a) : rp_lower_required(inner, quantifier->a);
    }
    at->consumer->element(inner, frame, &element, at->consumer->data, condition, value);
    if (where == NULL) return;
    *condition =
        *condition != NULL ? rp_lower_and(inner, where, *condition, quantifier->span) : where;
}

// The level below, as condition and value of this one.
static void consume_below(rp_lower *inner, const binding *next, rp_frame *frame, rp_ir *where,
                          rp_ir **condition, rp_ir **value)
{
    *condition = where;
    *value = consume_binding(inner, next, frame);
    if (next->consumer->join != RP_JOIN_ONE) return;
    binding some = *next;
    some.consumer = as_any(inner, next->consumer);
    rp_ir *found = consume_binding(inner, &some, frame);
    *condition = where != NULL ? rp_lower_and(inner, where, found, next->quantifier->span) : found;
}

// Behind a filter the element is the filter's own row, so that what is asked about it, with all its
// frames, is asked only of the rows that remain.
static rp_ir *moved(rp_lower *lower, rp_ir *value, rp_frame *filter)
{
    if (value == NULL || value->frame != filter->parent) return value;
    if (value->op != RP_OP_ROW && value->op != RP_OP_LOAD)
        return rp_ir_use(lower->ir, filter, value);
    return rp_ir_in(lower->ir, filter, value->op, value->type, value->arg, NULL, NULL, NULL,
                    value->span);
}

static void move_element(rp_lower *lower, const rp_var *var, rp_frame *filter)
{
    const rp_env *bound = rp_lower_find(lower->env, var);
    rp_env element = *bound;
    element.value = moved(lower, bound->value, filter);
    element.choice = moved(lower, bound->choice, filter);
    lower->env = bind_element(lower, var, &element);
}

// The same behind a filter on the condition. Condition and value are brought back as they would be
// without it: a row that was left out has a false condition.
static void consume_filtered(rp_lower *inner, const binding *at, const binding *next,
                             rp_frame *frame, rp_ir *where, rp_ir **condition, rp_ir **value)
{
    rp_span span = at->quantifier->span;
    rp_frame *filter = rp_ir_filter(inner->ir, frame, where);
    rp_ir *kept = rp_ir_use(inner->ir, filter, where);
    move_element(inner, at->quantifier->vars[at->index], filter);
    rp_ir *asked = kept;
    rp_ir *result = NULL;
    if (next->index == at->quantifier->count)
        body_element(inner, at, filter, kept, &asked, &result);
    else
        result = consume_binding(inner, next, filter);
    *value = NULL;
    if (at->consumer->join == RP_JOIN_ANY && result != NULL)
        asked = rp_lower_and(inner, asked, result, span);
    *condition = asked == kept
                     ? where
                     : rp_ir_fold(inner->ir, RP_OP_FOLD_ANY, bool_type, filter, asked, NULL, span);
    if (at->consumer->join != RP_JOIN_ANY && result != NULL)
        *value = rp_lower_fold(inner, at->consumer, filter, asked, result);
}

// The condition on this element, the level below or the body, and what comes of them.
static void consume_plain(rp_lower *inner, const binding *at, const binding *next, rp_frame *frame,
                          rp_ir *where, rp_ir **condition, rp_ir **value)
{
    if (next->index == at->quantifier->count)
        body_element(inner, at, frame, where, condition, value);
    else
        consume_below(inner, next, frame, where, condition, value);
}

static void element_of_binding(rp_lower *lower, rp_frame *frame, const rp_env *element, void *data,
                               rp_ir **condition, rp_ir **value)
{
    const binding *at = data;
    const rp_core *quantifier = at->quantifier;
    rp_lower inner = *lower;
    inner.env = at->caller->env;
    inner.env = bind_element(&inner, quantifier->vars[at->index], element);
    rp_ir *where = quantifier->wheres[at->index] != NULL
                       ? rp_lower_required(&inner, quantifier->wheres[at->index])
                       : NULL;
    bool last = at->index + 1 == quantifier->count;
    rp_lower before = inner;
    binding next = {quantifier, at->index + 1, at->consumer, &inner};
    bool filters = where != NULL && inner.ir->optimize && at->consumer->join != RP_JOIN_TEXT &&
                   at->consumer->join != RP_JOIN_ONE && (!last || has_frames(quantifier->a));
    if (filters) {
        consume_filtered(&inner, at, &next, frame, where, condition, value);
        // What looked dear may have become columns of other tables.
        filters = (*condition)->lists > 0 || (*value != NULL && (*value)->lists > 0);
    }
    if (filters) return;
    inner = before;
    consume_plain(&inner, at, &next, frame, where, condition, value);
}

// The same consumer asking for any element where it asked for exactly one, at every level: a list
// that is itself an `each` hands its elements on to the consumer behind it.
static const rp_consumer *as_any(rp_lower *lower, const rp_consumer *consumer)
{
    rp_consumer *any = RP_NEW(lower->ir->arena, rp_consumer);
    *any = *consumer;
    any->join = RP_JOIN_ANY;
    if (consumer->element != element_of_binding) return any;
    const binding *at = consumer->data;
    binding *below = RP_NEW(lower->ir->arena, binding);
    *below = *at;
    below->consumer = as_any(lower, at->consumer);
    any->data = below;
    return any;
}

static rp_ir *consume_binding(rp_lower *lower, const binding *at, rp_frame *frame)
{
    binding *state = RP_NEW(lower->ir->arena, binding);
    rp_lower *caller = RP_NEW(lower->ir->arena, rp_lower);
    *caller = *lower;
    *state = *at;
    state->caller = caller;
    rp_consumer consumer = *at->consumer;
    consumer.element = element_of_binding;
    consumer.data = state;
    consumer.frame = frame;
    return rp_lower_list(lower, at->quantifier->items[at->index], &consumer);
}

static rp_ir *list_each(rp_lower *lower, const rp_core *list, const rp_consumer *consumer)
{
    binding first = {list, 0, consumer, lower};
    return consume_binding(lower, &first, consumer->frame);
}

static rp_ir *list_split(rp_lower *lower, const rp_core *list, const rp_consumer *consumer)
{
    rp_ir *value = rp_lower_required(lower, list->items[0]);
    return rp_lower_split(lower, value, list->items[1]->value.text, consumer);
}

static rp_ir *list_concat(rp_lower *lower, const rp_core *list, const rp_consumer *consumer)
{
    rp_ir *a = rp_lower_list(lower, list->a, consumer);
    rp_ir *b = rp_lower_list(lower, list->b, consumer);
    return joined(lower, list, consumer, a, b);
}

rp_ir *rp_lower_list(rp_lower *lower, const rp_core *list, const rp_consumer *consumer)
{
    switch (list->kind) {
    case RP_CORE_FIELD: return list_field(lower, list, consumer);
    case RP_CORE_VAR: return list_var(lower, list, consumer);
    case RP_CORE_LIST: return list_literal(lower, list, consumer);
    case RP_CORE_PARAM: return list_param(lower, list, consumer);
    case RP_CORE_IF: return list_if(lower, list, consumer);
    case RP_CORE_CALL: return list_call(lower, list, consumer);
    case RP_CORE_QUANTIFIER: return list_each(lower, list, consumer);
    case RP_CORE_BUILTIN: return list_split(lower, list, consumer);
    case RP_CORE_CONCAT: return list_concat(lower, list, consumer);
    default: return unknown_result(lower, consumer);
    }
}

// ---- quantifiers that give a value ----

// The innermost element of a quantifier: its body is condition or value, by the kind.
static void quantified(rp_lower *lower, rp_frame *frame, const rp_env *element, void *data,
                       rp_ir **condition, rp_ir **value)
{
    const rp_core *core = data;
    rp_ir *body = element->value;
    (void)frame;
    switch (core->op) {
    case RP_QUANTIFIER_ALL: *condition = rp_lower_not(lower, body, core->span); break;
    case RP_QUANTIFIER_ANY:
    case RP_QUANTIFIER_NONE:
    case RP_QUANTIFIER_ONE:
    case RP_QUANTIFIER_COUNT: *condition = body; break;
    default: *value = body; break;
    }
}

static rp_join join_of(const rp_core *core)
{
    switch (core->op) {
    case RP_QUANTIFIER_ONE: return RP_JOIN_ONE;
    case RP_QUANTIFIER_COUNT: return RP_JOIN_COUNT;
    case RP_QUANTIFIER_SUM: return RP_JOIN_SUM;
    case RP_QUANTIFIER_MIN: return RP_JOIN_MIN;
    case RP_QUANTIFIER_MAX: return RP_JOIN_MAX;
    case RP_QUANTIFIER_FIRST: return RP_JOIN_FIRST;
    default: return RP_JOIN_ANY;
    }
}

rp_ir *rp_lower_quantifier(rp_lower *lower, const rp_core *core)
{
    rp_core *data = RP_NEW(lower->ir->arena, rp_core);
    *data = *core;
    rp_consumer *consumer = RP_NEW(lower->ir->arena, rp_consumer);
    *consumer = (rp_consumer){.join = join_of(core),
                              .element = quantified,
                              .data = data,
                              .span = core->span,
                              .frame = rp_lower_home(lower, core),
                              .type = rp_ir_type_of(lower->ir, core->type)};
    binding first = {core, 0, consumer, lower};
    rp_ir *result = consume_binding(lower, &first, consumer->frame);
    bool negated = core->op == RP_QUANTIFIER_ALL || core->op == RP_QUANTIFIER_NONE;
    return negated ? rp_lower_not(lower, result, core->span) : result;
}

// ---- covers_internet ----

static void range_element(rp_lower *lower, rp_frame *frame, const rp_env *element, void *data,
                          rp_ir **condition, rp_ir **value)
{
    (void)lower;
    (void)frame;
    (void)data;
    *condition = NULL;
    *value = element->value;
}

rp_ir *rp_lower_covers(rp_lower *lower, const rp_core *list, rp_span span)
{
    rp_consumer consumer = {.join = RP_JOIN_COVER,
                            .element = range_element,
                            .type = cover_type,
                            .span = span,
                            .frame = rp_lower_home(lower, list)};
    rp_ir *cover = rp_lower_list(lower, list, &consumer);
    return rp_prune_cover(lower->ir, cover, span);
}

// ---- functions of texts ----

static rp_str fold_text(rp_lower *lower, uint32_t op, rp_str text, rp_str argument,
                        bool *is_absent);

static rp_ir *text_of_constant(rp_lower *lower, uint32_t op, const rp_ir *value, rp_str argument,
                               rp_kind kind, bool optional, rp_span span)
{
    bool absent = false;
    rp_str text = ((const rp_ir_const *)value->arg)->value.text;
    rp_str result = fold_text(lower, op, text, argument, &absent);
    rp_ir_type type = {.kind = kind, .optional = optional};
    if (absent) return rp_ir_make(lower->ir, RP_OP_ABSENT, type, NULL, NULL, NULL, NULL, span);
    const rp_type *of = kind == RP_KIND_CIDR      ? lower->ir->program->t_cidr
                        : kind == RP_KIND_VERSION ? lower->ir->program->t_version
                                                  : lower->ir->program->t_string;
    rp_value constant = {.type = of, .text = result};
    if (kind == RP_KIND_INT) {
        constant.type = lower->ir->program->t_int;
        if (!rp_text_parse_int(text, &constant.number))
            return rp_ir_make(lower->ir, RP_OP_ABSENT, type, NULL, NULL, NULL, NULL, span);
    }
    return rp_lower_const(lower, &constant, span);
}

static rp_str arn_part(uint32_t op, const rp_arn *arn)
{
    switch (op) {
    case RP_TEXT_ARN_PARTITION: return arn->partition;
    case RP_TEXT_ARN_SERVICE: return arn->service;
    case RP_TEXT_ARN_REGION: return arn->region;
    case RP_TEXT_ARN_ACCOUNT: return arn->account;
    default: return arn->resource;
    }
}

static rp_str fold_text(rp_lower *lower, uint32_t op, rp_str text, rp_str argument, bool *is_absent)
{
    char *bytes = rp_arena_alloc(lower->ir->arena, text.len + RP_TEXT_MAX);
    rp_cidr range;
    rp_arn arn;
    switch (op) {
    case RP_TEXT_LOWER: rp_text_lower(text, bytes); return (rp_str){bytes, text.len};
    case RP_TEXT_AFTER:
        *is_absent = !rp_str_starts(text, argument);
        return *is_absent ? text : rp_str_from_offset(text, argument.len);
    case RP_TEXT_NUMBER: return text;
    case RP_TEXT_VERSION: *is_absent = !rp_version_is_valid(text); return text;
    case RP_TEXT_CIDR:
        *is_absent = !rp_cidr_parse(text, &range);
        return *is_absent ? text : (rp_str){bytes, rp_cidr_print(&range, bytes)};
    default: break;
    }
    *is_absent = !rp_arn_parse(text, &arn);
    rp_str part = *is_absent ? text : arn_part(op, &arn);
    *is_absent |= part.len == 0;
    return part;
}

// f(a column of constants) is another column of constants.
static rp_lcolumn *text_of_constants(rp_lower *lower, uint32_t op, rp_lcolumn *source,
                                     rp_str argument, rp_kind kind, bool optional)
{
    for (rp_lcolumn *column = source->table->columns; column != NULL; column = column->next) {
        bool same = column->text_source == source && column->text_op == op;
        if (same && rp_str_equal(column->text_argument, argument)) return column;
    }
    rp_ir_type type = {.kind = kind, .optional = optional};
    rp_lcolumn *column =
        rp_layout_add_column(lower->ir, source->table, RP_STR("#text"), type, RP_COLUMN_CONST);
    column->text_source = source;
    column->text_op = op;
    column->text_argument = argument;
    column->cells = RP_NEW_ARRAY(lower->ir->arena, rp_value, source->table->row_count);
    for (uint32_t i = 0; i < source->table->row_count; i++) {
        rp_ir constant = {.op = RP_OP_CONST, .arg = rp_ir_constant(lower->ir, &source->cells[i])};
        rp_ir *result =
            text_of_constant(lower, op, &constant, argument, kind, optional, (rp_span){0, 0, 0});
        column->cells[i].absent = result->op == RP_OP_ABSENT;
        if (result->op == RP_OP_CONST) column->cells[i] = ((const rp_ir_const *)result->arg)->value;
    }
    return column;
}

// The column that a value is read from, where functions of its texts can be computed beforehand.
static rp_lcolumn *source_column(const rp_ir *value)
{
    return (value->op == RP_OP_LOAD || value->op == RP_OP_GATHER)
               ? (rp_lcolumn *)(uintptr_t)value->arg
               : NULL;
}

static rp_ir *text_of_column(rp_lower *lower, uint32_t op, rp_ir *value, rp_str argument,
                             bool has_argument, rp_kind kind, bool optional, rp_span span)
{
    rp_lcolumn *source = source_column(value);
    rp_lcolumn *column =
        source->origin == RP_COLUMN_CONST
            ? text_of_constants(lower, op, source, argument, kind, optional)
            : rp_layout_text_column(lower->ir, source, op, argument, has_argument, kind, optional);
    if (value->op == RP_OP_LOAD)
        return rp_ir_in(lower->ir, value->frame, RP_OP_LOAD, column->type, column, NULL, NULL, NULL,
                        span);
    rp_ir_type type = column->type;
    type.optional |= value->in[0]->type.optional;
    return rp_ir_make(lower->ir, RP_OP_GATHER, type, column, value->in[0], NULL, NULL, span);
}

// f(a derived column): the function moves into its definition, as a derived column of its own.
static rp_ir *text_of_derived(rp_lower *lower, uint32_t op, rp_ir *value, rp_str argument,
                              bool has_argument, rp_kind kind, bool optional, rp_span span)
{
    rp_lcolumn *source = source_column(value);
    rp_ir *inside =
        rp_lower_text(lower, op, source->definition, argument, has_argument, kind, optional, span);
    if (value->op == RP_OP_LOAD && value->frame == source->table->scan) return inside;
    inside = rp_ir_use(lower->ir, source->table->scan, inside);
    rp_lcolumn *column = rp_ir_column(lower->ir, inside, source->name);
    if (value->op == RP_OP_LOAD)
        return rp_ir_in(lower->ir, value->frame, RP_OP_LOAD, column->type, column, NULL, NULL, NULL,
                        span);
    return rp_ir_read(lower->ir, value->in[0], column, span);
}

static rp_ir *no_text_source(rp_lower *lower, rp_kind kind, rp_span span)
{
    RP_DIAG0(lower->ir->program->diags, TEXT_SOURCE, span);
    lower->ir->failed = true;
    return rp_lower_unknown(lower, (rp_ir_type){.kind = kind}, RP_STR_EMPTY, span);
}

typedef struct choice {
    rp_ir *condition, *yes, *no;
} choice;

// The parts of a `select`, or of a `coalesce` as if it were one.
static choice choice_of(rp_lower *lower, rp_ir *value, rp_span span)
{
    if (value->op == RP_OP_SELECT) return (choice){value->in[0], value->in[1], value->in[2]};
    return (choice){present(lower, value->in[0], span), value->in[0], value->in[1]};
}

rp_ir *rp_lower_text(rp_lower *lower, uint32_t op, rp_ir *value, rp_str argument, bool has_argument,
                     rp_kind kind, bool optional, rp_span span)
{
    rp_ir_type type = {.kind = kind, .optional = optional};
    switch (value->op) {
    case RP_OP_CONST: return text_of_constant(lower, op, value, argument, kind, optional, span);
    case RP_OP_UNKNOWN:
        return rp_ir_make(lower->ir, RP_OP_UNKNOWN, (rp_ir_type){.kind = kind}, value->arg, NULL,
                          NULL, NULL, span);
    case RP_OP_ABSENT:
        type.optional = true;
        return rp_ir_make(lower->ir, RP_OP_ABSENT, type, NULL, NULL, NULL, NULL, span);
    case RP_OP_OUTER:
        return rp_ir_use(
            lower->ir, value->frame,
            rp_lower_text(lower, op, value->in[0], argument, has_argument, kind, optional, span));
    case RP_OP_SELECT:
    case RP_OP_COALESCE: {
        choice of = choice_of(lower, value, span);
        rp_ir *yes = rp_lower_text(lower, op, of.yes, argument, has_argument, kind, optional, span);
        rp_ir *no = rp_lower_text(lower, op, of.no, argument, has_argument, kind, optional, span);
        return rp_lower_select(lower, of.condition, yes, no, span);
    }
    case RP_OP_LOAD:
    case RP_OP_GATHER:
        if (source_column(value)->origin == RP_COLUMN_DERIVED)
            return text_of_derived(lower, op, value, argument, has_argument, kind, optional, span);
        return text_of_column(lower, op, value, argument, has_argument, kind, optional, span);
    default: break;
    }
    return no_text_source(lower, kind, span);
}

// ---- split ----

static rp_ir *split_constant(rp_lower *lower, rp_str text, rp_str separator,
                             const rp_consumer *consumer)
{
    rp_value *values = RP_NEW_ARRAY(lower->ir->arena, rp_value, text.len + 1);
    uint32_t count = 0;
    rp_str rest = text;
    rp_str part;
    while (rp_text_split(&rest, separator, &part)) {
        part = rp_text_trim(part);
        if (part.len > 0)
            values[count++] = (rp_value){.type = lower->ir->program->t_string, .text = part};
    }
    rp_llist *list = rp_layout_const_list(lower->ir, values, count, RP_KIND_STRING);
    return consume_values(lower, rp_ir_unnest(lower->ir, consumer->frame, list, NULL), consumer);
}

// Members of a list parameter: their table has the list of the parameter alone.
static bool is_of_param(const rp_lcolumn *column)
{
    const rp_llist *list = column->table->lists;
    return list != NULL && list->kind == RP_LIST_PARAM;
}

static rp_ir *split_column(rp_lower *lower, rp_ir *value, rp_str separator,
                           const rp_consumer *consumer)
{
    rp_lcolumn *source = source_column(value);
    if (source->origin == RP_COLUMN_DERIVED && value->op == RP_OP_LOAD &&
        source->definition != NULL) {
        return rp_lower_split(lower, source->definition, separator, consumer);
    }
    rp_llist *list = rp_layout_text_list(lower->ir, source, separator);
    rp_frame *parent = rp_ir_deeper(consumer->frame, value->frame);
    bool own = value->op == RP_OP_LOAD && value->frame == parent;
    rp_ir *index = value->op == RP_OP_GATHER ? value->in[0]
                   : own                     ? NULL
                                             : rp_ir_row(lower->ir, value->frame, consumer->span);
    return consume_values(lower, rp_ir_unnest(lower->ir, parent, list, index), consumer);
}

rp_ir *rp_lower_split(rp_lower *lower, rp_ir *value, rp_str separator, const rp_consumer *consumer)
{
    switch (value->op) {
    case RP_OP_CONST:
        return split_constant(lower, ((const rp_ir_const *)value->arg)->value.text, separator,
                              consumer);
    case RP_OP_UNKNOWN: return unknown_result(lower, consumer);
    case RP_OP_OUTER: return rp_lower_split(lower, value->in[0], separator, consumer);
    case RP_OP_SELECT:
    case RP_OP_COALESCE: {
        choice of = choice_of(lower, value, consumer->span);
        rp_ir *yes = rp_lower_split(lower, of.yes, separator, consumer);
        rp_ir *no = rp_lower_split(lower, of.no, separator, consumer);
        return rp_lower_select(lower, of.condition, yes, no, consumer->span);
    }
    case RP_OP_LOAD:
    case RP_OP_GATHER:
        if (source_column(value)->origin != RP_COLUMN_CONST && !is_of_param(source_column(value)))
            return split_column(lower, value, separator, consumer);
        break;
    default: break;
    }
    no_text_source(lower, RP_KIND_STRING, consumer->span);
    return unknown_result(lower, consumer);
}
