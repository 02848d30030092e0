// Operators. Each says which types it takes; constants are computed at once, so that an overflow in
// one does not compile.
#include "compiler/check.h"
#include "vm/base/checked.h"
#include "vm/base/text.h"

#include <math.h>

static rp_core *node2(rp_check *check, rp_core_kind kind, const rp_type *type, rp_core *a,
                      rp_core *b, rp_span span)
{
    rp_core *core = rp_core_new(check, kind, type, span);
    core->a = a;
    core->b = b;
    return core;
}

static rp_core *negation(rp_check *check, rp_core *a, rp_span span)
{
    if (a->kind == RP_CORE_CONST) return rp_core_bool(check, a->value.number == 0, span);
    return node2(check, RP_CORE_NOT, check->program->t_bool, a, NULL, span);
}

static bool is_poison(const rp_core *a)
{
    return a->type->kind == RP_T_POISON;
}

static rp_str name_of(rp_check *check, const rp_type *type)
{
    return rp_type_name(check->program->arena, type);
}

// ---- logic ----

static rp_core *check_logic(rp_check *check, const rp_node *node)
{
    bool is_and = node->op == RP_OPERATOR_AND;
    rp_core *left = rp_check_condition(check, node->a);
    rp_check right_side = *check;
    right_side.proofs = rp_narrow(check, left, is_and);
    rp_core *right = rp_check_condition(&right_side, node->b);
    if (is_poison(left) || is_poison(right)) return rp_core_error(check, node->span);
    return node2(check, is_and ? RP_CORE_AND : RP_CORE_OR, check->program->t_bool, left, right,
                 node->span);
}

// ---- comparison ----

static bool is_literal(const rp_node *node)
{
    return node->kind == RP_NODE_STRING || node->kind == RP_NODE_INT ||
           node->kind == RP_NODE_LIST || node->kind == RP_NODE_RECORD;
}

// Literals are checked last, with the type of the other side as hint.
static void check_sides(rp_check *check, const rp_node *a, const rp_node *b, rp_core **left,
                        rp_core **right)
{
    if (is_literal(a)) {
        *right = rp_check_expr(check, b, NULL);
        *left = rp_check_expr(check, a, (*right)->type);
    } else {
        *left = rp_check_expr(check, a, NULL);
        *right = rp_check_expr(check, b, (*left)->type);
    }
}

static bool is_comparable(const rp_type *type)
{
    if (type->kind == RP_T_REF) return type->entity->is_resource;
    return type->kind != RP_T_LIST && type->kind != RP_T_MAP;
}

static rp_core *report_incomparable(rp_check *check, const rp_core *left, const rp_core *right,
                                    rp_span span)
{
    rp_diag *diag = RP_DIAG(check->program->diags, NOT_COMPARABLE, span, name_of(check, left->type),
                            name_of(check, right->type));
    if (left->type->kind == RP_T_LIST)
        RP_HELP0(check->program->diags, diag, "ask about the members: `any x in …: x == …`");
    return rp_core_error(check, span);
}

static bool same_constants(const rp_core *left, const rp_core *right, bool *equal)
{
    if (left->kind != RP_CORE_CONST || right->kind != RP_CORE_CONST) return false;
    switch (left->type->kind) {
    case RP_T_STRING:
    case RP_T_ENUM: *equal = rp_str_equal(left->value.text, right->value.text); return true;
    case RP_T_FLOAT:
        *equal = !(left->value.real < right->value.real || left->value.real > right->value.real);
        return true;
    case RP_T_VERSION:
        *equal = rp_version_compare(left->value.text, right->value.text) == 0;
        return true;
    case RP_T_CIDR: return false;
    default: *equal = left->value.number == right->value.number; return true;
    }
}

rp_core *rp_check_equal(rp_check *check, rp_core *left, rp_core *right, rp_span span)
{
    if (is_poison(left) || is_poison(right)) return rp_core_error(check, span);
    if (left->kind == RP_CORE_ABSENT || right->kind == RP_CORE_ABSENT) {
        RP_DIAG0(check->program->diags, ABSENT_EQUALS, span);
        return rp_core_error(check, span);
    }
    const rp_type *joined = rp_type_join(left->type, right->type);
    if (joined == NULL || !is_comparable(left->type) || !is_comparable(right->type)) {
        return report_incomparable(check, left, right, span);
    }
    // An enum compared with another one: as texts.
    left = rp_check_convert(
        check, left, left->type->optional ? rp_type_optional(joined) : rp_type_required(joined));
    right = rp_check_convert(
        check, right, right->type->optional ? rp_type_optional(joined) : rp_type_required(joined));
    bool equal = false;
    if (same_constants(left, right, &equal)) return rp_core_bool(check, equal, span);
    return node2(check, RP_CORE_EQ, check->program->t_bool, left, right, span);
}

static bool order_constants(const rp_core *left, const rp_core *right, bool or_equal, bool *holds)
{
    if (left->kind != RP_CORE_CONST || right->kind != RP_CORE_CONST) return false;
    int order = 0;
    if (left->type->kind == RP_T_VERSION)
        order = rp_version_compare(left->value.text, right->value.text);
    else if (left->type->kind == RP_T_FLOAT)
        order = (left->value.real > right->value.real) - (left->value.real < right->value.real);
    else
        order =
            (left->value.number > right->value.number) - (left->value.number < right->value.number);
    *holds = or_equal ? order <= 0 : order < 0;
    return true;
}

static rp_core *order(rp_check *check, rp_core *left, rp_core *right, bool or_equal, rp_span span)
{
    bool holds = false;
    if (order_constants(left, right, or_equal, &holds)) return rp_core_bool(check, holds, span);
    return node2(check, or_equal ? RP_CORE_LE : RP_CORE_LT, check->program->t_bool, left, right,
                 span);
}

// Brings both sides to one ordered type that is never absent; NULL after a diagnostic.
static const rp_type *ordered_type(rp_check *check, const rp_core *left, const rp_core *right,
                                   rp_span span)
{
    if (is_poison(left) || is_poison(right)) return NULL;
    const rp_type *joined = rp_type_join(left->type, right->type);
    if (joined == NULL) {
        report_incomparable(check, left, right, span);
        return NULL;
    }
    if (!rp_type_is_ordered(joined)) {
        rp_diag *diag = RP_DIAG(check->program->diags, NO_ORDER, span,
                                name_of(check, rp_type_required(joined)));
        if (rp_type_is_text(joined))
            RP_HELP0(check->program->diags, diag,
                     "a version is compared as one: `version(x)`, or a field of type version");
        return NULL;
    }
    return rp_type_required(joined);
}

static rp_core *check_order(rp_check *check, const rp_node *node)
{
    rp_core *left;
    rp_core *right;
    check_sides(check, node->a, node->b, &left, &right);
    const rp_type *type = ordered_type(check, left, right, node->span);
    if (type == NULL) return rp_core_error(check, node->span);
    left = rp_check_convert(check, left, type);
    right = rp_check_convert(check, right, type);
    if (is_poison(left) || is_poison(right)) return rp_core_error(check, node->span);
    switch (node->op) {
    case RP_OPERATOR_LT: return order(check, left, right, false, node->span);
    case RP_OPERATOR_LE: return order(check, left, right, true, node->span);
    case RP_OPERATOR_GT: return order(check, right, left, false, node->span);
    default: return order(check, right, left, true, node->span);
    }
}

static bool is_empty_range(const rp_core *low, const rp_core *high)
{
    bool holds = true;
    return order_constants(low, high, true, &holds) && !holds;
}

rp_core *rp_check_range(rp_check *check, const rp_node *node)
{
    rp_core *value = rp_check_expr(check, node->a, NULL);
    rp_core *low = rp_check_expr(check, node->b, value->type);
    rp_core *high = rp_check_expr(check, node->c, value->type);
    const rp_type *type = ordered_type(check, value, low, node->span);
    if (type == NULL || ordered_type(check, value, high, node->span) == NULL)
        return rp_core_error(check, node->span);
    value = rp_check_convert(check, value, type);
    low = rp_check_convert(check, low, type);
    high = rp_check_convert(check, high, type);
    if (is_poison(value) || is_poison(low) || is_poison(high))
        return rp_core_error(check, node->span);
    if (is_empty_range(low, high)) RP_DIAG0(check->program->diags, EMPTY_RANGE, node->span);
    low = order(check, low, value, true, node->span);
    high = order(check, value, high, true, node->span);
    rp_core *both = node2(check, RP_CORE_AND, check->program->t_bool, low, high, node->span);
    return node->op & RP_FLAG_NEGATED ? negation(check, both, node->span) : both;
}

// ---- in ----

static rp_core *in_list(rp_check *check, const rp_node *node, rp_core *list)
{
    const rp_type *element = list->type->element;
    rp_core *value = rp_check_expr(check, node->a, element->kind == RP_T_NOTHING ? NULL : element);
    if (is_poison(value) || is_poison(list)) return rp_core_error(check, node->span);
    const rp_type *joined = rp_type_join(value->type, element);
    if (joined == NULL || !is_comparable(value->type))
        return report_incomparable(check, value, list, node->span);
    value = rp_check_convert(
        check, value, value->type->optional ? rp_type_optional(joined) : rp_type_required(joined));
    return node2(check, RP_CORE_IN, check->program->t_bool, value, list, node->span);
}

static rp_core *in_map(rp_check *check, const rp_node *node, rp_core *map)
{
    rp_core *key = rp_check_as(check, node->a, check->program->t_string);
    if (is_poison(key)) return rp_core_error(check, node->span);
    return node2(check, RP_CORE_IN_MAP, check->program->t_bool, key, map, node->span);
}

static rp_core *check_in(rp_check *check, const rp_node *node)
{
    rp_core *value = is_literal(node->a) ? NULL : rp_check_expr(check, node->a, NULL);
    const rp_type *element =
        value != NULL && !is_poison(value) && is_comparable(value->type)
            ? rp_type_list(&check->program->types, rp_type_required(value->type))
            : NULL;
    rp_core *list = rp_check_expr(check, node->b, element);
    if (is_poison(list)) return rp_core_error(check, node->span);
    rp_core *result;
    if (list->type->kind == RP_T_LIST)
        result = in_list(check, node, list);
    else if (list->type->kind == RP_T_MAP)
        result = in_map(check, node, list);
    else {
        RP_DIAG(check->program->diags, NOT_A_LIST, node->b->span, name_of(check, list->type));
        return rp_core_error(check, node->span);
    }
    if (is_poison(result)) return result;
    return node->op == RP_OPERATOR_NOT_IN ? negation(check, result, node->span) : result;
}

// ---- arithmetic ----

static rp_core *number(rp_check *check, const rp_type *type, int64_t value, rp_span span)
{
    rp_core *core = rp_core_new(check, RP_CORE_CONST, type, span);
    core->value = (rp_value){.type = type, .number = value};
    return core;
}

static rp_core *real(rp_check *check, double value, rp_span span)
{
    if (!isfinite(value)) {
        RP_DIAG0(check->program->diags, ARITHMETIC, span);
        return rp_core_error(check, span);
    }
    rp_core *core = rp_core_new(check, RP_CORE_CONST, check->program->t_float, span);
    core->value = (rp_value){.type = check->program->t_float, .real = value};
    return core;
}

static rp_core *fold_int(rp_check *check, rp_core_kind kind, const rp_type *type, int64_t a,
                         int64_t b, rp_span span)
{
    int64_t result = 0;
    bool fits = kind == RP_CORE_ADD   ? rp_checked_add_i64(a, b, &result)
                : kind == RP_CORE_SUB ? rp_checked_sub_i64(a, b, &result)
                                      : rp_checked_mul_i64(a, b, &result);
    if (fits) return number(check, type, result, span);
    RP_DIAG0(check->program->diags, ARITHMETIC, span);
    return rp_core_error(check, span);
}

static rp_core *fold_float(rp_check *check, rp_core_kind kind, double a, double b, rp_span span)
{
    if (kind == RP_CORE_DIV && !(b < 0.0 || b > 0.0)) return real(check, (double)INFINITY, span);
    double result = kind == RP_CORE_ADD   ? a + b
                    : kind == RP_CORE_SUB ? a - b
                    : kind == RP_CORE_MUL ? a * b
                                          : a / b;
    return real(check, result, span);
}

static rp_core *arithmetic(rp_check *check, rp_core_kind kind, const rp_type *type, rp_core *a,
                           rp_core *b, rp_span span)
{
    if (a->kind == RP_CORE_CONST && b->kind == RP_CORE_CONST) {
        if (type->kind == RP_T_FLOAT)
            return fold_float(check, kind, a->value.real, b->value.real, span);
        return fold_int(check, kind, type, a->value.number, b->value.number, span);
    }
    return node2(check, kind, type, a, b, span);
}

// The result of an operator of ints, floats, times and durations; NULL if it takes no such
// operands.
static const rp_type *arithmetic_type(rp_check *check, rp_operator op, rp_type_kind a,
                                      rp_type_kind b)
{
    rp_program *program = check->program;
    bool numbers = (a == RP_T_INT || a == RP_T_FLOAT) && (b == RP_T_INT || b == RP_T_FLOAT);
    if (numbers)
        return op == RP_OPERATOR_DIV || a == RP_T_FLOAT || b == RP_T_FLOAT ? program->t_float
                                                                           : program->t_int;
    bool additive = op == RP_OPERATOR_ADD || op == RP_OPERATOR_SUB;
    if (additive && a == RP_T_DURATION && b == RP_T_DURATION) return program->t_duration;
    if (additive && a == RP_T_TIME && b == RP_T_DURATION) return program->t_time;
    if (op == RP_OPERATOR_ADD && a == RP_T_DURATION && b == RP_T_TIME) return program->t_time;
    if (op == RP_OPERATOR_SUB && a == RP_T_TIME && b == RP_T_TIME) return program->t_duration;
    bool scaled = (a == RP_T_INT && b == RP_T_DURATION) || (a == RP_T_DURATION && b == RP_T_INT);
    return op == RP_OPERATOR_MUL && scaled ? program->t_duration : NULL;
}

static rp_core_kind kind_of(rp_operator op)
{
    switch (op) {
    case RP_OPERATOR_ADD: return RP_CORE_ADD;
    case RP_OPERATOR_SUB: return RP_CORE_SUB;
    case RP_OPERATOR_MUL: return RP_CORE_MUL;
    default: return RP_CORE_DIV;
    }
}

static rp_core *concatenation(rp_check *check, rp_core *a, rp_core *b, rp_span span)
{
    const rp_type *joined = rp_type_join(a->type, b->type);
    if (a->type->element->kind == RP_T_NOTHING) joined = b->type;
    if (b->type->element->kind == RP_T_NOTHING) joined = a->type;
    if (joined == NULL) return report_incomparable(check, a, b, span);
    a = rp_check_convert(check, a, joined);
    b = rp_check_convert(check, b, joined);
    return node2(check, RP_CORE_CONCAT, joined, a, b, span);
}

static bool report_absent_operand(rp_check *check, const rp_core *core)
{
    if (!core->type->optional) return false;
    rp_diag *diag =
        RP_DIAG(check->program->diags, OPTIONAL_VALUE, core->span, name_of(check, core->type),
                name_of(check, rp_type_required(core->type)));
    RP_HELP0(check->program->diags, diag,
             "say what holds when it is absent: `x ?? default`, or `x is present and …`");
    return true;
}

static rp_core *check_arithmetic(rp_check *check, const rp_node *node, const rp_type *hint)
{
    rp_core *a = rp_check_expr(check, node->a, hint);
    rp_core *b = rp_check_expr(check, node->b,
                               hint != NULL                 ? hint
                               : a->type->kind == RP_T_LIST ? a->type
                                                            : NULL);
    if (is_poison(a) || is_poison(b)) return rp_core_error(check, node->span);
    if (node->op == RP_OPERATOR_ADD && a->type->kind == RP_T_LIST && b->type->kind == RP_T_LIST) {
        return concatenation(check, a, b, node->span);
    }
    if (report_absent_operand(check, a) || report_absent_operand(check, b))
        return rp_core_error(check, node->span);
    const rp_type *type =
        arithmetic_type(check, (rp_operator)node->op, a->type->kind, b->type->kind);
    if (type == NULL && a->type->kind == RP_T_NOTHING) type = b->type;
    if (type == NULL && b->type->kind == RP_T_NOTHING) type = a->type;
    if (type == NULL) {
        rp_diag *diag = RP_DIAG(check->program->diags, NO_ARITHMETIC, node->span,
                                rp_str_from(rp_operator_name((rp_operator)node->op)),
                                name_of(check, a->type), name_of(check, b->type));
        if (rp_type_is_text(a->type))
            RP_HELP0(check->program->diags, diag,
                     "texts are not joined; messages have holes: \"{x} of {y}\"");
        return rp_core_error(check, node->span);
    }
    if (type->kind == RP_T_FLOAT) {
        a = rp_check_convert(check, a, type);
        b = rp_check_convert(check, b, type);
    }
    return arithmetic(check, kind_of((rp_operator)node->op), type, a, b, node->span);
}

// ---- ?? ----

static rp_core *check_coalesce(rp_check *check, const rp_node *node, const rp_type *hint)
{
    rp_core *a = rp_check_expr(check, node->a, hint);
    rp_core *b = rp_check_expr(check, node->b, a->type->kind == RP_T_NOTHING ? hint : a->type);
    if (is_poison(a) || is_poison(b)) return rp_core_error(check, node->span);
    if (!a->type->optional) {
        if (a->kind != RP_CORE_ASSUME)
            RP_DIAG(check->program->diags, NEVER_ABSENT, node->a->span, RP_STR("??"));
        return a;
    }
    const rp_type *joined = rp_type_join(rp_type_required(a->type), b->type);
    if (joined == NULL) {
        RP_DIAG(check->program->diags, TYPE_MISMATCH, b->span,
                name_of(check, rp_type_required(a->type)), name_of(check, b->type));
        return rp_core_error(check, node->span);
    }
    a = rp_check_convert(check, a, rp_type_optional(joined));
    b = rp_check_convert(check, b, joined);
    return node2(check, RP_CORE_COALESCE, joined, a, b, node->span);
}

// ---- entry points ----

rp_core *rp_check_binary(rp_check *check, const rp_node *node, const rp_type *hint)
{
    switch (node->op) {
    case RP_OPERATOR_AND:
    case RP_OPERATOR_OR: return check_logic(check, node);
    case RP_OPERATOR_EQ:
    case RP_OPERATOR_NE: {
        rp_core *left;
        rp_core *right;
        check_sides(check, node->a, node->b, &left, &right);
        rp_core *equal = rp_check_equal(check, left, right, node->span);
        return node->op == RP_OPERATOR_EQ || is_poison(equal) ? equal
                                                              : negation(check, equal, node->span);
    }
    case RP_OPERATOR_LT:
    case RP_OPERATOR_LE:
    case RP_OPERATOR_GT:
    case RP_OPERATOR_GE: return check_order(check, node);
    case RP_OPERATOR_IN:
    case RP_OPERATOR_NOT_IN: return check_in(check, node);
    case RP_OPERATOR_COALESCE: return check_coalesce(check, node, hint);
    default: return check_arithmetic(check, node, hint);
    }
}

rp_core *rp_check_unary(rp_check *check, const rp_node *node, const rp_type *hint)
{
    if (node->op == RP_OPERATOR_NOT) {
        rp_core *operand = rp_check_condition(check, node->a);
        return is_poison(operand) ? operand : negation(check, operand, node->span);
    }
    rp_core *operand = rp_check_expr(check, node->a, hint);
    if (is_poison(operand) || report_absent_operand(check, operand))
        return rp_core_error(check, node->span);
    rp_type_kind kind = operand->type->kind;
    if (kind == RP_T_FLOAT)
        return arithmetic(check, RP_CORE_SUB, operand->type, real(check, 0.0, node->span), operand,
                          node->span);
    if (kind == RP_T_INT || kind == RP_T_DURATION) {
        return arithmetic(check, RP_CORE_SUB, operand->type,
                          number(check, operand->type, 0, node->span), operand, node->span);
    }
    RP_DIAG(check->program->diags, TYPE_MISMATCH, node->a->span, RP_STR("a number or duration"),
            name_of(check, operand->type));
    return rp_core_error(check, node->span);
}

static rp_core *check_empty(rp_check *check, const rp_node *node, rp_core *operand)
{
    if (operand->type->kind != RP_T_LIST && operand->type->kind != RP_T_MAP) {
        rp_diag *diag = RP_DIAG(check->program->diags, NOT_A_LIST, node->a->span,
                                name_of(check, operand->type));
        if (operand->type->optional)
            RP_HELP0(check->program->diags, diag, "of an optional ask `is absent`");
        return rp_core_error(check, node->span);
    }
    rp_core *empty = node2(check, RP_CORE_EMPTY, check->program->t_bool, operand, NULL, node->span);
    return node->op == RP_OPERATOR_EMPTY ? empty : negation(check, empty, node->span);
}

rp_core *rp_check_is(rp_check *check, const rp_node *node)
{
    rp_core *operand = rp_check_expr(check, node->a, NULL);
    if (is_poison(operand)) return operand;
    if (node->op == RP_OPERATOR_EMPTY || node->op == RP_OPERATOR_NOT_EMPTY)
        return check_empty(check, node, operand);
    bool asks_present = node->op == RP_OPERATOR_PRESENT;
    if (operand->kind == RP_CORE_ASSUME) return rp_core_bool(check, asks_present, node->span);
    if (!operand->type->optional) {
        rp_diag *diag = RP_DIAG(check->program->diags, NEVER_ABSENT, node->span,
                                rp_str_from(rp_operator_name((rp_operator)node->op)));
        if (operand->type->kind == RP_T_LIST || operand->type->kind == RP_T_MAP) {
            RP_HELP0(check->program->diags, diag,
                     "lists and maps are never absent: ask `is empty`");
        }
        return rp_core_bool(check, asks_present, node->span);
    }
    rp_core *present =
        node2(check, RP_CORE_PRESENT, check->program->t_bool, operand, NULL, node->span);
    return asks_present ? present : negation(check, present, node->span);
}
