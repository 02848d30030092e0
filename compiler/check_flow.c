// if, match and quantifiers.
#include "compiler/check.h"

#define MAX_VARIABLES 4u
#define MAX_ARMS 256u

static bool is_poison(const rp_core *core)
{
    return core->type->kind == RP_T_POISON;
}

static rp_core *choose(rp_check *check, rp_core *condition, rp_core *a, rp_core *b, rp_span span)
{
    if (is_poison(condition) || is_poison(a) || is_poison(b)) return rp_core_error(check, span);
    const rp_type *joined = rp_type_join(a->type, b->type);
    if (joined == NULL) {
        RP_DIAG(check->program->diags, TYPE_MISMATCH, b->span,
                rp_type_name(check->program->arena, a->type),
                rp_type_name(check->program->arena, b->type));
        return rp_core_error(check, span);
    }
    rp_core *core = rp_core_new(check, RP_CORE_IF, joined, span);
    core->a = condition;
    core->b = rp_check_convert(check, a, joined);
    core->c = rp_check_convert(check, b, joined);
    return core;
}

static const rp_type *hint_from(const rp_core *core, const rp_type *hint)
{
    return hint != NULL || is_poison(core) || core->type->kind == RP_T_NOTHING ? hint : core->type;
}

rp_core *rp_check_if(rp_check *check, const rp_node *node, const rp_type *hint)
{
    rp_core *condition = rp_check_condition(check, node->a);
    rp_check branch = *check;
    branch.proofs = rp_narrow(check, condition, true);
    rp_core *a = rp_check_expr(&branch, node->b, hint);
    branch.proofs = rp_narrow(check, condition, false);
    rp_core *b = rp_check_expr(&branch, node->c, hint_from(a, hint));
    return choose(check, condition, a, b, node->span);
}

// ---- match ----

typedef struct matching {
    rp_check *check;
    const rp_node *node;
    rp_core *subject;
    const rp_type *hint;
    const rp_node *seen[MAX_ARMS]; // labels so far
    uint32_t seen_count;
    bool absent_seen;
} matching;

static rp_core *label_value(matching *match, const rp_node *label)
{
    return rp_check_as(match->check, label, rp_type_required(match->subject->type));
}

static bool same_label(const rp_node *a, const rp_node *b)
{
    if (a->kind != b->kind) return false;
    return a->kind == RP_NODE_STRING ? rp_str_equal(a->text, b->text)
                                     : a->value.number == b->value.number;
}

static void note_label(matching *match, const rp_node *label)
{
    for (uint32_t i = 0; i < match->seen_count; i++) {
        if (!same_label(match->seen[i], label)) continue;
        RP_DIAG0(match->check->program->diags, UNREACHABLE_ARM, label->span);
        return;
    }
    if (match->seen_count < MAX_ARMS)
        match->seen[match->seen_count++] = label;
    else if (match->seen_count == MAX_ARMS) {
        RP_DIAG(match->check->program->diags, LIMIT, label->span, RP_STR("labels of a match"),
                RP_STR("256"));
    }
}

static rp_core *is_absent(matching *match, rp_span span)
{
    rp_core *present =
        rp_core_new(match->check, RP_CORE_PRESENT, match->check->program->t_bool, span);
    present->a = match->subject;
    rp_core *absent = rp_core_new(match->check, RP_CORE_NOT, match->check->program->t_bool, span);
    absent->a = present;
    return absent;
}

static rp_core *either(matching *match, rp_core *a, rp_core *b)
{
    if (a == NULL || is_poison(a)) return b;
    if (is_poison(b)) return a;
    rp_core *core = rp_core_new(match->check, RP_CORE_OR, match->check->program->t_bool, b->span);
    core->a = a;
    core->b = b;
    return core;
}

// `subject in [labels]` for the ordinary labels of an arm.
static rp_core *one_of(matching *match, const rp_node *labels, uint32_t count)
{
    rp_core *list = rp_core_new(match->check, RP_CORE_LIST, NULL, labels->span);
    list->type =
        rp_type_list(&match->check->program->types, rp_type_required(match->subject->type));
    list->items = RP_NEW_ARRAY(match->check->program->arena, rp_core *, count);
    for (const rp_node *label = labels; label != NULL; label = label->next) {
        if (label->kind == RP_NODE_ABSENT) continue;
        note_label(match, label);
        rp_core *value = label_value(match, label);
        if (is_poison(value)) return value;
        list->items[list->count++] = value;
    }
    rp_core *in =
        rp_core_new(match->check, RP_CORE_IN, match->check->program->t_bool, labels->span);
    in->a = match->subject;
    in->b = list;
    return in;
}

static rp_core *arm_condition(matching *match, const rp_node *arm)
{
    rp_core *condition = NULL;
    uint32_t values = 0;
    for (const rp_node *label = arm->a; label != NULL; label = label->next) {
        if (label->kind != RP_NODE_ABSENT) {
            values++;
            continue;
        }
        if (match->absent_seen || !match->subject->type->optional) {
            RP_DIAG0(match->check->program->diags, UNREACHABLE_ARM, label->span);
        }
        match->absent_seen = true;
        condition = match->subject->type->optional ? is_absent(match, label->span) : condition;
    }
    if (values > 0) condition = either(match, condition, one_of(match, arm->a, values));
    return condition != NULL ? condition : rp_core_bool(match->check, false, arm->span);
}

static bool names_all(const matching *match)
{
    const rp_type *type = match->subject->type;
    if (type->optional && !match->absent_seen) return false;
    if (type->kind == RP_T_BOOL) return match->seen_count == 2;
    return type->kind == RP_T_ENUM && match->seen_count == type->members->count;
}

static rp_str missing_member(const matching *match)
{
    const rp_type *type = match->subject->type;
    if (type->optional && !match->absent_seen) return RP_STR("absent");
    for (uint32_t i = 0; type->kind == RP_T_ENUM && i < type->members->count; i++) {
        bool seen = false;
        for (uint32_t j = 0; j < match->seen_count; j++)
            seen |= rp_str_equal(match->seen[j]->text, type->members->values[i]);
        if (!seen) return type->members->values[i];
    }
    return RP_STR("else");
}

// A value that the schema does not know: unknown, with the reason of that name (vm/missing.c knows
// the text).
static rp_core *unexpected(matching *match)
{
    rp_core *core = rp_core_new(match->check, RP_CORE_UNKNOWN, match->check->program->t_unknown,
                                match->node->span);
    core->value.text = RP_STR("unexpected_value");
    return core;
}

static rp_core *check_arms(matching *match, const rp_node *arm, const rp_type *hint)
{
    rp_check *check = match->check;
    if (arm == NULL) {
        if (!names_all(match))
            RP_DIAG(check->program->diags, MISSING_ARM, match->node->span, missing_member(match));
        return names_all(match) ? unexpected(match) : rp_core_error(check, match->node->span);
    }
    if (arm->op == RP_FLAG_ELSE) {
        if (arm->next != NULL)
            RP_DIAG0(check->program->diags, UNREACHABLE_ARM, arm->next->span);
        else if (names_all(match) && match->subject->type->kind == RP_T_BOOL) {
            RP_DIAG0(check->program->diags, UNREACHABLE_ARM, arm->span);
        }
        return rp_check_expr(check, arm->b, hint);
    }
    rp_core *condition = arm_condition(match, arm);
    const rp_proof *before = check->proofs;
    check->proofs = rp_narrow(check, condition, true);
    rp_core *value = rp_check_expr(check, arm->b, hint);
    check->proofs = before;
    check->proofs = rp_narrow(check, condition, false);
    rp_core *rest = check_arms(match, arm->next, hint_from(value, hint));
    check->proofs = before;
    if (is_poison(rest) || is_poison(value)) return rp_core_error(check, match->node->span);
    return choose(check, condition, value, rest, match->node->span);
}

rp_core *rp_check_match(rp_check *check, const rp_node *node, const rp_type *hint)
{
    rp_core *subject = rp_check_expr(check, node->a, NULL);
    if (is_poison(subject)) return rp_core_error(check, node->span);
    if (!rp_type_is_text(subject->type) && subject->type->kind != RP_T_INT &&
        subject->type->kind != RP_T_BOOL) {
        RP_DIAG(check->program->diags, MATCH_SUBJECT, node->a->span,
                rp_type_name(check->program->arena, subject->type));
        return rp_core_error(check, node->span);
    }
    if (rp_node_list_count(node->b) > MAX_ARMS) {
        RP_DIAG(check->program->diags, LIMIT, node->span, RP_STR("arms of a match"), RP_STR("256"));
        return rp_core_error(check, node->span);
    }
    matching *state = RP_NEW(check->program->arena, matching);
    *state = (matching){.check = check, .node = node, .subject = subject, .hint = hint};
    return check_arms(state, node->b, hint);
}

// ---- quantifiers ----

// The entries of a map are records of two fields, `key` and `value`.
static rp_entity *entry_entity(rp_check *check, const rp_type *map)
{
    rp_program *program = check->program;
    rp_entity *entity = RP_NEW(program->arena, rp_entity);
    rp_field *key = RP_NEW(program->arena, rp_field);
    rp_field *value = RP_NEW(program->arena, rp_field);
    *entity = (rp_entity){.name = RP_STR("entry"), .module = check->module};
    *key = (rp_field){.name = RP_STR("key"),
                      .module = check->module,
                      .entity = entity,
                      .type = program->t_string};
    *value = (rp_field){
        .name = RP_STR("value"), .module = check->module, .entity = entity, .type = map->element};
    rp_entity_add_field(program->arena, entity, key);
    rp_entity_add_field(program->arena, entity, value);
    entity->type = rp_type_ref(&program->types, entity);
    return entity;
}

static const rp_type *variable_type(rp_check *check, rp_core *list, rp_span span)
{
    if (list->type->kind == RP_T_LIST)
        return list->type->element->kind == RP_T_NOTHING ? check->program->t_poison
                                                         : list->type->element;
    if (list->type->kind == RP_T_MAP) return entry_entity(check, list->type)->type;
    if (!is_poison(list)) {
        rp_diag *diag = RP_DIAG(check->program->diags, NOT_A_LIST, span,
                                rp_type_name(check->program->arena, list->type));
        if (list->type->optional)
            RP_HELP0(check->program->diags, diag, "of an optional ask `is present`");
    }
    return check->program->t_poison;
}

static bool mentions(const rp_core *core, const rp_var *var)
{
    if (core == NULL) return false;
    if (core->kind == RP_CORE_VAR && core->of.var->id == var->id) return true;
    for (uint32_t i = 0; i < core->count; i++) {
        bool filtered = core->kind == RP_CORE_QUANTIFIER && mentions(core->wheres[i], var);
        if (filtered || mentions(core->items[i], var)) return true;
    }
    return mentions(core->a, var) || mentions(core->b, var) || mentions(core->c, var);
}

// A part of a `where` that only needs variables further left belongs there: members that it rules
// out need not be looked through.
static void check_place(rp_check *check, const rp_core *quantifier, uint32_t at,
                        const rp_core *part)
{
    if (part->kind == RP_CORE_AND) {
        check_place(check, quantifier, at, part->a);
        check_place(check, quantifier, at, part->b);
        return;
    }
    uint32_t needs = at + 1;
    while (needs > 0 && !mentions(part, quantifier->vars[needs - 1])) needs--;
    if (needs == 0 || needs == at + 1) return;
    RP_DIAG(check->program->diags, WHERE_LEFT, part->span, quantifier->vars[at]->name,
            quantifier->vars[needs - 1]->name);
}

static void bind(rp_check *check, rp_core *core, const rp_node *binding)
{
    rp_core *list = rp_check_expr(check, binding->a, NULL);
    rp_check_hiding(check, binding->text, binding->name);
    rp_var *var = rp_check_var(check, binding->text, variable_type(check, list, binding->a->span),
                               binding->name);
    var->in_quantifier = true;
    uint32_t i = core->count++;
    core->items[i] = list;
    core->vars[i] = var;
    if (binding->b == NULL) return;
    core->wheres[i] = rp_check_condition(check, binding->b);
    check_place(check, core, i, core->wheres[i]);
    check->proofs = rp_narrow(check, core->wheres[i], true);
}

static rp_core *body_of_type(rp_check *check, const rp_node *node, const rp_type *due)
{
    rp_core *body = rp_check_expr(check, node->b, due);
    if (node->op == RP_QUANTIFIER_COUNT && body->type->kind == RP_T_INT) {
        RP_DIAG0(check->program->diags, COUNT_BODY, node->b->span);
        return rp_core_error(check, node->b->span);
    }
    return rp_check_convert(check, body, due);
}

static bool sums(const rp_type *type)
{
    return type->kind == RP_T_INT || type->kind == RP_T_FLOAT || type->kind == RP_T_DURATION;
}

// The result type of a quantifier over a body of a type; NULL if it does not take such a body.
static const rp_type *result_type(rp_check *check, rp_quantifier quantifier, const rp_type *body)
{
    switch (quantifier) {
    case RP_QUANTIFIER_SUM: return sums(body) && !body->optional ? body : NULL;
    case RP_QUANTIFIER_MIN:
    case RP_QUANTIFIER_MAX:
        return rp_type_is_ordered(body) && !body->optional ? rp_type_optional(body) : NULL;
    case RP_QUANTIFIER_FIRST:
        return body->kind == RP_T_LIST || body->kind == RP_T_MAP || body->kind == RP_T_NOTHING
                   ? NULL
                   : rp_type_optional(body);
    case RP_QUANTIFIER_EACH: {
        bool nests = body->kind == RP_T_LIST || body->kind == RP_T_MAP || body->optional ||
                     body->kind == RP_T_NOTHING;
        return nests ? NULL : rp_type_list(&check->program->types, body);
    }
    case RP_QUANTIFIER_COUNT: return check->program->t_int;
    default: return check->program->t_bool;
    }
}

static bool takes_bool(rp_quantifier quantifier)
{
    return quantifier <= RP_QUANTIFIER_COUNT;
}

static void finish_quantifier(rp_check *check, rp_core *core, const rp_node *node,
                              const rp_type *hint)
{
    rp_quantifier quantifier = (rp_quantifier)node->op;
    const rp_type *body_hint = hint != NULL && hint->kind == RP_T_LIST ? hint->element : hint;
    core->a = takes_bool(quantifier) ? body_of_type(check, node, check->program->t_bool)
                                     : rp_check_expr(check, node->b, body_hint);
    if (is_poison(core->a)) return;
    core->type = result_type(check, quantifier, core->a->type);
    if (core->type != NULL) return;
    core->type = check->program->t_poison;
    RP_DIAG(check->program->diags, QUANTIFIER_BODY, node->b->span,
            rp_str_from(rp_quantifier_name(quantifier)),
            rp_type_name(check->program->arena, core->a->type));
}

rp_core *rp_check_quantifier(rp_check *check, const rp_node *node, const rp_type *hint)
{
    rp_check inner = *check;
    uint32_t count = rp_node_list_count(node->a);
    rp_core *core = rp_core_new(check, RP_CORE_QUANTIFIER, check->program->t_poison, node->span);
    core->op = node->op;
    core->items = RP_NEW_ARRAY(check->program->arena, rp_core *, count);
    core->wheres = RP_NEW_ARRAY(check->program->arena, rp_core *, count);
    core->vars = RP_NEW_ARRAY(check->program->arena, rp_var *, count);
    for (const rp_node *binding = node->a; binding != NULL; binding = binding->next)
        bind(&inner, core, binding);
    if (count > MAX_VARIABLES)
        RP_DIAG(check->program->diags, LIMIT, node->span, RP_STR("variables of a quantifier"),
                RP_STR("4"));
    if (node->op == RP_QUANTIFIER_ONE && count > 1)
        RP_DIAG0(check->program->diags, EXACTLY_ONE, node->span);
    finish_quantifier(&inner, core, node, hint);
    bool failed = is_poison(core) || is_poison(core->a);
    for (uint32_t i = 0; i < core->count; i++) {
        failed |= is_poison(core->items[i]) || core->vars[i]->type->kind == RP_T_POISON;
        failed |= core->wheres[i] != NULL && is_poison(core->wheres[i]);
    }
    return failed ? rp_core_error(check, node->span) : core;
}
