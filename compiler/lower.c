// Lowering of expressions. A variable is a value; a field is a load where the row is the frame's
// own and a gather elsewhere; a derived field is a column that its own table's scan computes once.
#include "compiler/lower.h"
#include "compiler/check.h"
#include "compiler/prune.h"

#define MAX_STEPS 1000000u

static const rp_ir_type bool_type = {.kind = RP_KIND_BOOL};

rp_ir *rp_lower_const(rp_lower *lower, const rp_value *value, rp_span span)
{
    rp_ir_type type = {.kind = rp_kind_of(value->type)};
    return rp_ir_make(lower->ir, RP_OP_CONST, type, rp_ir_constant(lower->ir, value), NULL, NULL,
                      NULL, span);
}

rp_ir *rp_lower_bool(rp_lower *lower, bool value, rp_span span)
{
    rp_value constant = {.type = lower->ir->program->t_bool, .number = value};
    return rp_lower_const(lower, &constant, span);
}

rp_ir *rp_lower_unknown(rp_lower *lower, rp_ir_type type, rp_str why, rp_span span)
{
    type.optional = false;
    return rp_ir_make(lower->ir, RP_OP_UNKNOWN, type, rp_ir_text_of(lower->ir, why), NULL, NULL,
                      NULL, span);
}

// ---- logic, simplified where a side is constant ----

static bool is_bool(const rp_ir *value, bool wanted)
{
    if (value->op != RP_OP_CONST || value->type.kind != RP_KIND_BOOL) return false;
    return (((const rp_ir_const *)value->arg)->value.number != 0) == wanted;
}

rp_ir *rp_lower_not(rp_lower *lower, rp_ir *a, rp_span span)
{
    if (lower->ir->optimize && a->op == RP_OP_NOT) return a->in[0];
    if (is_bool(a, true)) return rp_lower_bool(lower, false, span);
    if (is_bool(a, false)) return rp_lower_bool(lower, true, span);
    return rp_ir_make(lower->ir, RP_OP_NOT, bool_type, NULL, a, NULL, NULL, span);
}

rp_ir *rp_lower_and(rp_lower *lower, rp_ir *a, rp_ir *b, rp_span span)
{
    if (is_bool(a, true) || is_bool(b, false) || a == b) return b;
    if (is_bool(b, true) || is_bool(a, false)) return a;
    b = rp_prune_guarded(lower->ir, b, a);
    return rp_ir_make(lower->ir, RP_OP_AND, bool_type, NULL, a, b, NULL, span);
}

rp_ir *rp_lower_or(rp_lower *lower, rp_ir *a, rp_ir *b, rp_span span)
{
    if (is_bool(a, false) || is_bool(b, true) || a == b) return b;
    if (is_bool(b, false) || is_bool(a, true)) return a;
    b = rp_prune_guarded(lower->ir, b, rp_lower_not(lower, a, span));
    return rp_ir_make(lower->ir, RP_OP_OR, bool_type, NULL, a, b, NULL, span);
}

static rp_ir *select_bool(rp_lower *lower, rp_ir *c, rp_ir *a, rp_ir *b, rp_span span)
{
    if (is_bool(b, false)) return rp_lower_and(lower, c, a, span);
    if (is_bool(b, true)) return rp_lower_or(lower, rp_lower_not(lower, c, span), a, span);
    if (is_bool(a, true)) return rp_lower_or(lower, c, b, span);
    if (is_bool(a, false)) return rp_lower_and(lower, rp_lower_not(lower, c, span), b, span);
    return NULL;
}

rp_ir *rp_lower_select(rp_lower *lower, rp_ir *condition, rp_ir *a, rp_ir *b, rp_span span)
{
    if (is_bool(condition, true)) return a;
    if (is_bool(condition, false)) return b;
    if (a == b) return a;
    rp_ir_type type = a->type;
    type.optional = a->type.optional || b->type.optional;
    rp_ir *logic = type.kind == RP_KIND_BOOL && !type.optional
                       ? select_bool(lower, condition, a, b, span)
                       : NULL;
    if (logic != NULL) return logic;
    return rp_ir_make(lower->ir, RP_OP_SELECT, type, NULL, condition, a, b, span);
}

static rp_ir *coalesce(rp_lower *lower, rp_ir *a, rp_ir *b, rp_span span)
{
    if (!a->type.optional) return a;
    rp_ir_type type = a->type;
    type.optional = b->type.optional;
    return rp_ir_make(lower->ir, RP_OP_COALESCE, type, NULL, a, b, NULL, span);
}

static rp_ir *required(rp_lower *lower, rp_ir *value, rp_span span)
{
    if (!value->type.optional) return value;
    return coalesce(lower, value, rp_lower_unknown(lower, value->type, RP_STR_EMPTY, span), span);
}

rp_ir *rp_lower_required(rp_lower *lower, const rp_core *core)
{
    return required(lower, rp_lower_expr(lower, core), core->span);
}

// ---- variables ----

const rp_env *rp_lower_find(const rp_env *env, const rp_var *var)
{
    while (env != NULL && env->var->id != var->id) env = env->next;
    return env;
}

rp_env *rp_lower_bind(rp_lower *lower, const rp_var *var, rp_ir *value)
{
    rp_env *env = RP_NEW(lower->ir->arena, rp_env);
    *env = (rp_env){.var = var, .value = value, .next = lower->env};
    return env;
}

// One of the choices of a variable, by its number.
static rp_ir *choose(rp_lower *lower, const rp_env *env, const rp_member *of, rp_span span)
{
    rp_lower inner = *lower;
    inner.env = env->list_env;
    rp_ir *result = of->apply(&inner, env->choices[env->choice_count - 1], of);
    for (uint32_t i = env->choice_count - 1; i-- > 0;) {
        rp_value number = {.type = lower->ir->program->t_int, .number = i};
        rp_ir *here = rp_ir_make(lower->ir, RP_OP_EQ_INT, bool_type, NULL, env->choice,
                                 rp_lower_const(lower, &number, span), NULL, span);
        result = of->join(lower, here, of->apply(&inner, env->choices[i], of), result, of);
    }
    return result;
}

static rp_ir *join_values(rp_lower *lower, rp_ir *condition, rp_ir *a, rp_ir *b,
                          const rp_member *of)
{
    return rp_lower_select(lower, condition, a, b, of->span);
}

static rp_ir *apply_whole(rp_lower *lower, const rp_core *core, const rp_member *of)
{
    (void)of;
    return rp_lower_expr(lower, core);
}

rp_ir *rp_lower_choice(rp_lower *lower, const rp_env *env, rp_span span)
{
    rp_member whole = {.apply = apply_whole, .join = join_values, .span = span};
    return choose(lower, env, &whole, span);
}

static rp_ir *lower_var(rp_lower *lower, const rp_core *core)
{
    const rp_var *var = core->of.var->witness != NULL ? core->of.var->witness : core->of.var;
    const rp_env *env = rp_lower_find(lower->env, var);
    if (env != NULL && env->value != NULL) return env->value;
    if (env != NULL && env->choices != NULL) return rp_lower_choice(lower, env, core->span);
    return rp_lower_unknown(lower, rp_ir_type_of(lower->ir, core->type), RP_STR_EMPTY, core->span);
}

// ---- fields ----

static bool is_own_row(const rp_ir *object)
{
    return object->op == RP_OP_ROW;
}

// The definition of a derived column, in the scan of its table.
static rp_ir *definition(rp_lower *lower, rp_lcolumn *column)
{
    if (column->definition != NULL) return column->definition;
    rp_function *function = column->field->function;
    rp_lower scan = {.ir = lower->ir, .root = rp_ir_scan(lower->ir, column->table)};
    scan.env = rp_lower_bind(&scan, function->receiver_var,
                             rp_ir_row(lower->ir, scan.root, column->field->node->span));
    rp_ir *value = rp_lower_expr(&scan, function->body);
    if (!function->type->optional)
        value = required(&scan, value, function->body->span);
    else
        column->type.optional = value->type.optional;
    column->definition = rp_ir_use(lower->ir, scan.root, value);
    return column->definition;
}

static rp_ir *derived_field(rp_lower *lower, rp_ir *object, rp_field *field, rp_span span)
{
    rp_lcolumn *column = rp_layout_column(lower->ir, field);
    rp_ir *value = definition(lower, column);
    if (is_own_row(object) && object->frame == column->table->scan) return value;
    return rp_ir_read(lower->ir, object, column, span);
}

// Fields of a group with a condition: elsewhere optionals are absent.
static rp_ir *group_field(rp_lower *lower, rp_ir *object, rp_field *field, rp_ir *raw, rp_span span)
{
    rp_lower inner = *lower;
    inner.env = rp_lower_bind(lower, &field->entity->self, object);
    rp_ir *condition = rp_lower_required(&inner, field->group->when);
    rp_ir_type type = raw->type;
    type.optional = true;
    rp_ir *absent = rp_ir_make(lower->ir, RP_OP_ABSENT, type, NULL, NULL, NULL, NULL, span);
    return rp_lower_select(lower, condition, raw, absent, span);
}

rp_ir *rp_lower_field(rp_lower *lower, rp_ir *object, rp_field *field, rp_span span)
{
    if (field->kind == RP_FIELD_DERIVED) return derived_field(lower, object, field, span);
    rp_ir *raw = rp_ir_read(lower->ir, object, rp_layout_column(lower->ir, field), span);
    return field->group != NULL && field->group->when != NULL
               ? group_field(lower, object, field, raw, span)
               : raw;
}

// `x.key` and `x.value` of the entries of a map: the columns of the entry table.
static rp_ir *entry_field(rp_lower *lower, rp_ir *object, const rp_field *field, rp_span span)
{
    rp_lcolumn *column = object->type.table->columns;
    if (rp_str_equal(field->name, RP_STR("value"))) column = column->next;
    return rp_ir_read(lower->ir, object, column, span);
}

// ---- members of records that are written out ----

static bool is_written(const rp_lower *lower, const rp_core *core)
{
    rp_lower inner = *lower;
    const rp_env *env;
    switch (core->kind) {
    case RP_CORE_RECORD: return true;
    case RP_CORE_ASSUME:
    case RP_CORE_FIELD: return is_written(lower, core->a);
    case RP_CORE_IF: return is_written(lower, core->b) || is_written(lower, core->c);
    case RP_CORE_CALL: return is_written(lower, core->of.function->body);
    case RP_CORE_VAR:
        env = rp_lower_find(lower->env, core->of.var);
        if (env == NULL) return false;
        inner.env = env->list_env;
        return env->choices != NULL || (env->list != NULL && is_written(&inner, env->list));
    default: return false;
    }
}

// A member of a member: the outer one is asked for the inner one.
typedef struct inner_member {
    rp_member of;
    const rp_field *field;
    const rp_member *then;
} inner_member;

static rp_ir *member_of(rp_lower *lower, const rp_core *record, const rp_field *field,
                        const rp_member *of);

static rp_ir *apply_member(rp_lower *lower, const rp_core *record, const rp_member *of)
{
    const inner_member *inner = (const void *)of;
    return member_of(lower, record, inner->field, inner->then);
}

static rp_ir *member_of_literal(rp_lower *lower, const rp_core *record, const rp_field *field,
                                const rp_member *of)
{
    for (uint32_t i = 0; i < record->count; i++) {
        if (rp_str_equal(record->names[i], field->name))
            return of->apply(lower, record->items[i], of);
    }
    // A derived field, of the record as it is written.
    rp_lower inner = *lower;
    inner.env = NULL;
    rp_env *env = rp_lower_bind(&inner, field->function->receiver_var, NULL);
    env->list = record;
    env->list_env = lower->env;
    inner.env = env;
    return of->apply(&inner, field->function->body, of);
}

static rp_ir *member_of_var(rp_lower *lower, const rp_core *var, const rp_field *field,
                            const rp_member *of)
{
    const rp_env *env = rp_lower_find(lower->env, var->of.var);
    rp_lower inner = *lower;
    inner.env = env->list_env;
    if (env->choices == NULL) return member_of(&inner, env->list, field, of);
    inner_member each = {{apply_member, of->join, of->on_row, of->data, of->span}, field, of};
    return choose(lower, env, &each.of, of->span);
}

// What `of` says of a member of a record, wherever the record is written.
static rp_ir *member_of(rp_lower *lower, const rp_core *record, const rp_field *field,
                        const rp_member *of)
{
    if (!is_written(lower, record)) {
        rp_core here = {.kind = RP_CORE_FIELD, .type = field->type, .span = of->span};
        here.a = (rp_core *)(uintptr_t)record;
        here.of.field = (rp_field *)(uintptr_t)field;
        return of->on_row(lower, &here, of);
    }
    rp_lower inner = *lower;
    rp_ir *condition, *yes, *no;
    switch (record->kind) {
    case RP_CORE_RECORD: return member_of_literal(lower, record, field, of);
    case RP_CORE_ASSUME: return member_of(lower, record->a, field, of);
    case RP_CORE_VAR: return member_of_var(lower, record, field, of);
    case RP_CORE_CALL:
        inner.env = rp_lower_arguments(lower, record);
        return member_of(&inner, record->of.function->body, field, of);
    case RP_CORE_IF:
        condition = rp_lower_required(lower, record->a);
        yes = member_of(lower, record->b, field, of);
        no = member_of(lower, record->c, field, of);
        return of->join(lower, condition, yes, no, of);
    default: { // a member of a record that is written, too
        inner_member outer = {{apply_member, of->join, of->on_row, of->data, of->span}, field, of};
        return member_of(lower, record->a, record->of.field, &outer.of);
    }
    }
}

rp_ir *rp_lower_member(rp_lower *lower, const rp_core *field, const rp_member *of)
{
    return is_written(lower, field->a) ? member_of(lower, field->a, field->of.field, of)
                                       : of->on_row(lower, field, of);
}

// ---- fields ----

static rp_ir *field_of_row(rp_lower *lower, const rp_core *core, const rp_member *of)
{
    (void)of;
    rp_ir *object = rp_lower_expr(lower, core->a->kind == RP_CORE_ASSUME ? core->a->a : core->a);
    if (object->type.table != NULL && object->type.table->kind == RP_TABLE_ENTRIES)
        return entry_field(lower, object, core->of.field, core->span);
    return rp_lower_field(lower, object, core->of.field, core->span);
}

static rp_ir *lower_field(rp_lower *lower, const rp_core *core)
{
    rp_member value = {apply_whole, join_values, field_of_row, NULL, core->span};
    return rp_lower_member(lower, core, &value);
}

// ---- maps ----

static rp_ir *lookup_in(rp_lower *lower, rp_ir *object, rp_llist *list, rp_ir *key, rp_span span)
{
    rp_ir_type type = {.kind = RP_KIND_REF, .optional = true, .table = list->element};
    if (is_own_row(object)) {
        rp_frame *frame = rp_ir_deeper(object->frame, key->frame);
        if (frame == object->frame)
            return rp_ir_in(lower->ir, frame, RP_OP_LOOKUP, type, list, NULL, key, NULL, span);
    }
    return rp_ir_make(lower->ir, RP_OP_LOOKUP, type, list, object, key, NULL, span);
}

// A look-up by a constant key in another row's map is made once for each of those rows.
static rp_ir *hoisted_lookup(rp_lower *lower, rp_ir *object, rp_llist *list, rp_ir *key,
                             rp_span span)
{
    rp_frame *scan = rp_ir_scan(lower->ir, list->owner);
    rp_ir *entry = lookup_in(lower, rp_ir_row(lower->ir, scan, span), list, key, span);
    if (object->frame == scan && is_own_row(object)) return entry;
    return rp_ir_read(lower->ir, object, rp_ir_column(lower->ir, entry, RP_STR("#entry")), span);
}

static rp_ir *lower_key(rp_lower *lower, const rp_core *core, const rp_llist *list)
{
    rp_ir *key = rp_lower_required(lower, core);
    if (!(list->flags & RP_LIST_LOWER)) return key;
    return rp_lower_text(lower, RP_TEXT_LOWER, key, RP_STR_EMPTY, false, RP_KIND_STRING, false,
                         core->span);
}

// A question to a map. The key is an expression of its own environment: that of the question, not
// of the map.
typedef struct map_question {
    rp_lower *lower;
    const rp_core *key;
    bool whether; // the key is there; else: its value
    rp_ir_type type;
    rp_span span;
} map_question;

static rp_ir *ask_map(rp_lower *lower, const rp_core *map, const map_question *asked);

static rp_ir *ask_row(rp_lower *lower, const rp_core *map, const rp_member *of)
{
    const map_question *asked = of->data;
    rp_ir *object = rp_lower_expr(lower, map->a->kind == RP_CORE_ASSUME ? map->a->a : map->a);
    const rp_field *field = map->of.field;
    if (field->kind == RP_FIELD_DERIVED) {
        rp_lower inner = *lower;
        inner.env = NULL;
        inner.env = rp_lower_bind(&inner, field->function->receiver_var, object);
        return ask_map(&inner, field->function->body, asked);
    }
    rp_llist *list = rp_layout_list(lower->ir, map->of.field);
    rp_ir *key = lower_key(asked->lower, asked->key, list);
    bool constant = key->op == RP_OP_CONST && lower->ir->optimize;
    rp_ir *entry = constant ? hoisted_lookup(lower, object, list, key, asked->span)
                            : lookup_in(lower, object, list, key, asked->span);
    if (!asked->whether)
        return rp_ir_read(lower->ir, entry, entry->type.table->columns->next, asked->span);
    return rp_ir_make(lower->ir, RP_OP_PRESENT, bool_type, NULL, entry, NULL, NULL, asked->span);
}

static rp_ir *ask_member(rp_lower *lower, const rp_core *map, const rp_member *of)
{
    return ask_map(lower, map, of->data);
}

static rp_ir *ask_field(rp_lower *lower, const rp_core *map, const map_question *asked)
{
    rp_member member = {ask_member, join_values, ask_row, asked, asked->span};
    return rp_lower_member(lower, map, &member);
}

// A map that a record literal leaves out is empty.
static rp_ir *ask_nothing(rp_lower *lower, const map_question *asked)
{
    if (asked->whether) return rp_lower_bool(lower, false, asked->span);
    rp_ir_type type = asked->type;
    type.optional = true;
    return rp_ir_make(lower->ir, RP_OP_ABSENT, type, NULL, NULL, NULL, NULL, asked->span);
}

// Wherever the map comes from: choices between maps become choices between answers.
static rp_ir *ask_map(rp_lower *lower, const rp_core *map, const map_question *asked)
{
    rp_lower inner = *lower;
    const rp_env *env;
    rp_ir *condition, *yes, *no;
    switch (map->kind) {
    case RP_CORE_FIELD: return ask_field(lower, map, asked);
    case RP_CORE_LIST: return ask_nothing(lower, asked);
    case RP_CORE_IF:
        condition = rp_lower_required(lower, map->a);
        yes = ask_map(lower, map->b, asked);
        no = ask_map(lower, map->c, asked);
        return rp_lower_select(lower, condition, yes, no, asked->span);
    case RP_CORE_VAR:
        env = rp_lower_find(lower->env, map->of.var);
        if (env == NULL || env->list == NULL) break;
        inner.env = env->list_env;
        return ask_map(&inner, env->list, asked);
    case RP_CORE_CALL:
        inner.env = rp_lower_arguments(lower, map);
        return ask_map(&inner, map->of.function->body, asked);
    default: break;
    }
    RP_DIAG0(lower->ir->program->diags, MAP_SOURCE, asked->span);
    lower->ir->failed = true;
    return rp_lower_unknown(lower, asked->type, RP_STR_EMPTY, asked->span);
}

static rp_ir *lower_lookup(rp_lower *lower, const rp_core *core)
{
    map_question asked = {lower, core->b, false, rp_ir_type_of(lower->ir, core->type), core->span};
    return ask_map(lower, core->a, &asked);
}

static rp_ir *lower_in_map(rp_lower *lower, const rp_core *core)
{
    map_question asked = {lower, core->a, true, bool_type, core->span};
    return ask_map(lower, core->b, &asked);
}

// ---- operators ----

static rp_op by_kind(rp_kind kind, rp_op of_int, rp_op of_float, rp_op of_version)
{
    if (kind == RP_KIND_FLOAT) return of_float;
    return kind == RP_KIND_VERSION ? of_version : of_int;
}

static rp_op equality(rp_kind kind)
{
    switch (kind) {
    case RP_KIND_BOOL: return RP_OP_EQ_BOOL;
    case RP_KIND_INT:
    case RP_KIND_TIME:
    case RP_KIND_DURATION: return RP_OP_EQ_INT;
    case RP_KIND_FLOAT: return RP_OP_EQ_FLOAT;
    case RP_KIND_VERSION: return RP_OP_EQ_VERSION;
    default: return RP_OP_EQ_ID;
    }
}

static bool is_text_constant(const rp_ir *value, rp_kind kind)
{
    return value->op == RP_OP_CONST && value->type.kind == kind;
}

static rp_ir *equal(rp_lower *lower, rp_ir *a, rp_ir *b, rp_span span)
{
    rp_kind kind = a->type.kind;
    if (is_text_constant(a, RP_KIND_STRING) && !is_text_constant(b, RP_KIND_STRING)) {
        rp_ir *swap = a;
        a = b;
        b = swap;
    }
    return rp_ir_make(lower->ir, equality(kind), bool_type, NULL, a, b, NULL, span);
}

static rp_ir *lower_equal(rp_lower *lower, const rp_core *core)
{
    rp_ir *a = rp_lower_expr(lower, core->a);
    rp_ir *b = rp_lower_expr(lower, core->b);
    return equal(lower, a, b, core->span);
}

static rp_ir *lower_logic(rp_lower *lower, const rp_core *core)
{
    rp_ir *a = rp_lower_required(lower, core->a);
    rp_ir *b = rp_lower_required(lower, core->b);
    return core->kind == RP_CORE_AND ? rp_lower_and(lower, a, b, core->span)
                                     : rp_lower_or(lower, a, b, core->span);
}

static rp_ir *lower_coalesce(rp_lower *lower, const rp_core *core)
{
    rp_ir *a = rp_lower_expr(lower, core->a);
    rp_ir *b =
        core->type->optional ? rp_lower_expr(lower, core->b) : rp_lower_required(lower, core->b);
    return coalesce(lower, a, b, core->span);
}

static rp_ir *lower_order(rp_lower *lower, const rp_core *core)
{
    rp_ir *a = rp_lower_required(lower, core->a);
    rp_ir *b = rp_lower_required(lower, core->b);
    rp_op op = core->kind == RP_CORE_LT
                   ? by_kind(a->type.kind, RP_OP_LT_INT, RP_OP_LT_FLOAT, RP_OP_LT_VERSION)
                   : by_kind(a->type.kind, RP_OP_LE_INT, RP_OP_LE_FLOAT, RP_OP_LE_VERSION);
    return rp_ir_make(lower->ir, op, bool_type, NULL, a, b, NULL, core->span);
}

static rp_ir *lower_arithmetic(rp_lower *lower, const rp_core *core)
{
    rp_ir *a = rp_lower_required(lower, core->a);
    rp_ir *b = rp_lower_required(lower, core->b);
    bool real = core->type->kind == RP_T_FLOAT;
    rp_op op = RP_OP_DIV;
    if (core->kind == RP_CORE_ADD) op = real ? RP_OP_ADD_FLOAT : RP_OP_ADD_INT;
    if (core->kind == RP_CORE_SUB) op = real ? RP_OP_SUB_FLOAT : RP_OP_SUB_INT;
    if (core->kind == RP_CORE_MUL) op = real ? RP_OP_MUL_FLOAT : RP_OP_MUL_INT;
    rp_ir_type type = rp_ir_type_of(lower->ir, core->type);
    if (op == RP_OP_ADD_INT && a->type.kind != type.kind)
        return rp_ir_make(lower->ir, op, type, NULL, b, a, NULL, core->span);
    return rp_ir_make(lower->ir, op, type, NULL, a, b, NULL, core->span);
}

static rp_ir *lower_to_float(rp_lower *lower, const rp_core *core)
{
    rp_ir *a = rp_lower_expr(lower, core->a);
    rp_ir_type type = {.kind = RP_KIND_FLOAT, .optional = a->type.optional};
    return rp_ir_make(lower->ir, RP_OP_TO_FLOAT, type, NULL, a, NULL, NULL, core->span);
}

static rp_ir *lower_present(rp_lower *lower, const rp_core *core)
{
    rp_ir *a = rp_lower_expr(lower, core->a);
    return rp_ir_make(lower->ir, RP_OP_PRESENT, bool_type, NULL, a, NULL, NULL, core->span);
}

static rp_ir *lower_if(rp_lower *lower, const rp_core *core)
{
    rp_ir *condition = rp_lower_required(lower, core->a);
    rp_ir *a =
        core->type->optional ? rp_lower_expr(lower, core->b) : rp_lower_required(lower, core->b);
    rp_ir *b =
        core->type->optional ? rp_lower_expr(lower, core->c) : rp_lower_required(lower, core->c);
    return rp_lower_select(lower, condition, a, b, core->span);
}

static rp_ir *lower_absent(rp_lower *lower, const rp_core *core)
{
    return rp_ir_make(lower->ir, RP_OP_ABSENT,
                      rp_ir_type_of(lower->ir, rp_type_optional(core->type)), NULL, NULL, NULL,
                      NULL, core->span);
}

static rp_ir *lower_param(rp_lower *lower, const rp_core *core)
{
    return rp_ir_make(lower->ir, RP_OP_PARAM, rp_ir_type_of(lower->ir, core->type), core->of.param,
                      NULL, NULL, NULL, core->span);
}

// ---- in a list ----

static bool all_constant(const rp_core *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->items[i]->kind != RP_CORE_CONST) return false;
    }
    return list->kind == RP_CORE_LIST;
}

static rp_value *values_of(rp_lower *lower, const rp_core *list)
{
    rp_value *values = RP_NEW_ARRAY(lower->ir->arena, rp_value, list->count);
    for (uint32_t i = 0; i < list->count; i++) values[i] = list->items[i]->value;
    return values;
}

static const rp_core *resolved_list(rp_lower *lower, const rp_core *list)
{
    while (list->kind == RP_CORE_VAR) {
        const rp_env *env = rp_lower_find(lower->env, list->of.var);
        if (env == NULL || env->list == NULL) break;
        list = env->list;
    }
    return list;
}

typedef struct is_equal {
    rp_ir *wanted;
} is_equal;

static void element_is_equal(rp_lower *lower, rp_frame *frame, const rp_env *element, void *data,
                             rp_ir **condition, rp_ir **value)
{
    const is_equal *wanted = data;
    *condition =
        equal(lower, element->value,
              rp_ir_use(lower->ir, rp_ir_deeper(frame, wanted->wanted->frame), wanted->wanted),
              (rp_span){0, 0, 0});
    *value = NULL;
}

static rp_ir *lower_in(rp_lower *lower, const rp_core *core)
{
    const rp_core *list = resolved_list(lower, core->b);
    rp_ir *value = rp_lower_expr(lower, core->a);
    rp_kind kind = value->type.kind;
    bool simple = kind != RP_KIND_REF && kind != RP_KIND_BOOL;
    if (simple && all_constant(list) && kind != RP_KIND_FLOAT) {
        const rp_ir_set *set =
            rp_ir_set_of(lower->ir, values_of(lower, list), list->count, NULL, kind);
        if (list->count == 1)
            return equal(lower, value, rp_lower_const(lower, &list->items[0]->value, core->span),
                         core->span);
        return rp_ir_make(lower->ir, RP_OP_IN_SET, bool_type, set, value, NULL, NULL, core->span);
    }
    if (simple && list->kind == RP_CORE_PARAM && kind != RP_KIND_FLOAT) {
        const rp_ir_set *set = rp_ir_set_of(lower->ir, NULL, 0, list->of.param, kind);
        return rp_ir_make(lower->ir, RP_OP_IN_SET, bool_type, set, value, NULL, NULL, core->span);
    }
    is_equal wanted = {value};
    rp_consumer consumer = {.join = RP_JOIN_ANY,
                            .element = element_is_equal,
                            .data = &wanted,
                            .type = bool_type,
                            .span = core->span,
                            .frame = rp_ir_deeper(value->frame, rp_lower_home(lower, core))};
    return rp_lower_list(lower, core->b, &consumer);
}

static void element_counts(rp_lower *lower, rp_frame *frame, const rp_env *element, void *data,
                           rp_ir **condition, rp_ir **value)
{
    (void)frame;
    (void)element;
    (void)data;
    *condition = rp_lower_bool(lower, true, (rp_span){0, 0, 0});
    *value = NULL;
}

static rp_ir *lower_empty(rp_lower *lower, const rp_core *core)
{
    rp_consumer consumer = {.join = RP_JOIN_ANY,
                            .element = element_counts,
                            .type = bool_type,
                            .span = core->span,
                            .frame = rp_lower_home(lower, core)};
    return rp_lower_not(lower, rp_lower_list(lower, core->a, &consumer), core->span);
}

static rp_ir *lower_size(rp_lower *lower, const rp_core *core)
{
    rp_consumer consumer = {.join = RP_JOIN_COUNT,
                            .element = element_counts,
                            .type = {.kind = RP_KIND_INT},
                            .span = core->span,
                            .frame = rp_lower_home(lower, core)};
    return rp_lower_list(lower, core->items[0], &consumer);
}

// ---- functions ----

const rp_env *rp_lower_arguments(rp_lower *lower, const rp_core *call)
{
    const rp_function *function = call->of.function;
    rp_lower inner = {.ir = lower->ir, .root = lower->root, .env = NULL};
    if (call->a != NULL) {
        const rp_core *receiver = call->a->kind == RP_CORE_ASSUME ? call->a->a : call->a;
        bool written = is_written(lower, receiver);
        rp_env *env = rp_lower_bind(&inner, function->receiver_var,
                                    written ? NULL : rp_lower_expr(lower, receiver));
        env->list = written ? receiver : NULL;
        env->list_env = lower->env;
        inner.env = env;
    }
    for (uint32_t i = 0; i < call->count; i++) {
        rp_env *env = rp_lower_bind(&inner, function->args[i], NULL);
        const rp_core *item = call->items[i];
        bool list =
            function->args[i]->type->kind == RP_T_LIST || function->args[i]->type->kind == RP_T_MAP;
        bool record = function->args[i]->type->kind == RP_T_REF &&
                      !function->args[i]->type->entity->is_resource;
        if (list || (record && is_written(lower, item))) {
            env->list = item;
            env->list_env = lower->env;
        } else {
            env->value = function->args[i]->type->optional ? rp_lower_expr(lower, item)
                                                           : rp_lower_required(lower, item);
        }
        inner.env = env;
    }
    return inner.env;
}

static rp_ir *lower_call(rp_lower *lower, const rp_core *core)
{
    rp_lower inner = *lower;
    inner.env = rp_lower_arguments(lower, core);
    const rp_function *function = core->of.function;
    rp_ir *body = rp_lower_expr(&inner, function->body);
    if (!function->type->optional) body = required(lower, body, core->span);
    if (core->a == NULL || !core->a->type->optional) return body;
    rp_ir *receiver = rp_lower_expr(lower, core->a);
    rp_ir *present =
        rp_ir_make(lower->ir, RP_OP_PRESENT, bool_type, NULL, receiver, NULL, NULL, core->span);
    rp_ir_type type = body->type;
    type.optional = true;
    return rp_lower_select(
        lower, present, body,
        rp_ir_make(lower->ir, RP_OP_ABSENT, type, NULL, NULL, NULL, NULL, core->span), core->span);
}

typedef enum builtin_id {
#define BUILTIN(ID, name, arguments, result, meaning, example) BUILTIN_##ID,
#include "compiler/builtins.def"
#undef BUILTIN
    BUILTIN_COUNT
} builtin_id;

static const struct {
    builtin_id id;
    rp_op op;
    bool optional_first; // the first argument may be absent
} predicates[] = {{BUILTIN_STARTS_WITH, RP_OP_TEXT_STARTS, true},
                  {BUILTIN_ENDS_WITH, RP_OP_TEXT_ENDS, true},
                  {BUILTIN_CONTAINS, RP_OP_TEXT_CONTAINS, true},
                  {BUILTIN_GLOB, RP_OP_TEXT_GLOB, true},
                  {BUILTIN_LENGTH, RP_OP_TEXT_LENGTH, false},
                  {BUILTIN_IN_SERIES, RP_OP_VERSION_SERIES, false},
                  {BUILTIN_WITHIN, RP_OP_CIDR_WITHIN, false},
                  {BUILTIN_OVERLAPS, RP_OP_CIDR_OVERLAPS, false},
                  {BUILTIN_PREFIX_LENGTH, RP_OP_CIDR_LENGTH, false},
                  {BUILTIN_IS_PRIVATE, RP_OP_CIDR_PRIVATE, false},
                  {BUILTIN_IS_IPV6, RP_OP_CIDR_V6, false},
                  {BUILTIN_DAYS, RP_OP_DAYS, false}};

static const struct {
    builtin_id id;
    uint32_t op;
} texts[] = {{BUILTIN_LOWER, RP_TEXT_LOWER},
             {BUILTIN_AFTER, RP_TEXT_AFTER},
             {BUILTIN_NUMBER, RP_TEXT_NUMBER},
             {BUILTIN_VERSION, RP_TEXT_VERSION},
             {BUILTIN_CIDR, RP_TEXT_CIDR},
             {BUILTIN_ARN_PARTITION, RP_TEXT_ARN_PARTITION},
             {BUILTIN_ARN_SERVICE, RP_TEXT_ARN_SERVICE},
             {BUILTIN_ARN_REGION, RP_TEXT_ARN_REGION},
             {BUILTIN_ARN_ACCOUNT, RP_TEXT_ARN_ACCOUNT},
             {BUILTIN_ARN_RESOURCE, RP_TEXT_ARN_RESOURCE}};

static rp_ir *lower_predicate(rp_lower *lower, const rp_core *core, rp_op op, bool optional_first)
{
    rp_ir *a = optional_first ? rp_lower_expr(lower, core->items[0])
                              : rp_lower_required(lower, core->items[0]);
    rp_ir *b = core->count > 1 ? rp_lower_required(lower, core->items[1]) : NULL;
    return rp_ir_make(lower->ir, op, rp_ir_type_of(lower->ir, core->type), NULL, a, b, NULL,
                      core->span);
}

static rp_ir *lower_text_builtin(rp_lower *lower, const rp_core *core, uint32_t op)
{
    rp_ir *value = rp_lower_required(lower, core->items[0]);
    rp_str argument = core->count > 1 ? core->items[1]->value.text : RP_STR_EMPTY;
    return rp_lower_text(lower, op, value, argument, core->count > 1, rp_kind_of(core->type),
                         core->type->optional, core->span);
}

static rp_ir *lower_builtin(rp_lower *lower, const rp_core *core)
{
    for (size_t i = 0; i < sizeof predicates / sizeof *predicates; i++) {
        if ((int)predicates[i].id == core->op)
            return lower_predicate(lower, core, predicates[i].op, predicates[i].optional_first);
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if ((int)texts[i].id == core->op) return lower_text_builtin(lower, core, texts[i].op);
    }
    if (core->op == BUILTIN_SIZE) return lower_size(lower, core);
    return rp_lower_covers(lower, core->items[0], core->span);
}

// ---- dispatch ----

static bool over_budget(rp_lower *lower, const rp_core *core)
{
    if (++lower->ir->steps <= MAX_STEPS) return false;
    if (!lower->ir->failed)
        RP_DIAG(lower->ir->program->diags, LIMIT, core->span,
                RP_STR("expressions once functions are expanded"), RP_STR("1000000"));
    lower->ir->failed = true;
    return true;
}

rp_ir *rp_lower_expr(rp_lower *lower, const rp_core *core)
{
    if (over_budget(lower, core))
        return rp_lower_unknown(lower, bool_type, RP_STR_EMPTY, core->span);
    switch (core->kind) {
    case RP_CORE_CONST: return rp_lower_const(lower, &core->value, core->span);
    case RP_CORE_ABSENT: return lower_absent(lower, core);
    case RP_CORE_UNKNOWN:
        return rp_lower_unknown(lower, rp_ir_type_of(lower->ir, core->type), core->value.text,
                                core->span);
    case RP_CORE_NOW:
        return rp_ir_make(lower->ir, RP_OP_NOW, (rp_ir_type){.kind = RP_KIND_TIME}, NULL, NULL,
                          NULL, NULL, core->span);
    case RP_CORE_PARAM: return lower_param(lower, core);
    case RP_CORE_VAR: return lower_var(lower, core);
    case RP_CORE_FIELD: return lower_field(lower, core);
    case RP_CORE_LOOKUP: return lower_lookup(lower, core);
    case RP_CORE_AND:
    case RP_CORE_OR: return lower_logic(lower, core);
    case RP_CORE_NOT: return rp_lower_not(lower, rp_lower_required(lower, core->a), core->span);
    case RP_CORE_EQ: return lower_equal(lower, core);
    case RP_CORE_LT:
    case RP_CORE_LE: return lower_order(lower, core);
    case RP_CORE_ADD:
    case RP_CORE_SUB:
    case RP_CORE_MUL:
    case RP_CORE_DIV: return lower_arithmetic(lower, core);
    case RP_CORE_TO_FLOAT: return lower_to_float(lower, core);
    case RP_CORE_PRESENT: return lower_present(lower, core);
    case RP_CORE_EMPTY: return lower_empty(lower, core);
    case RP_CORE_COALESCE: return lower_coalesce(lower, core);
    case RP_CORE_ASSUME: return required(lower, rp_lower_expr(lower, core->a), core->span);
    case RP_CORE_IF: return lower_if(lower, core);
    case RP_CORE_IN: return lower_in(lower, core);
    case RP_CORE_IN_MAP: return lower_in_map(lower, core);
    case RP_CORE_BUILTIN: return lower_builtin(lower, core);
    case RP_CORE_CALL: return lower_call(lower, core);
    case RP_CORE_QUANTIFIER: return rp_lower_quantifier(lower, core);
    default: return rp_lower_unknown(lower, bool_type, RP_STR_EMPTY, core->span);
    }
}
