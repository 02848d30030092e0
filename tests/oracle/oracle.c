// The definition of the language, as code. Nothing here is fast, and nothing is shared with the
// compiler's lowering or the machine but the parsing of values.
#include "tests/oracle/oracle.h"
#include "vm/base/bits.h"

#include <math.h>
#include <stdlib.h>

// A variable in scope: a value, or a list as an expression of its own scope.
typedef struct scope {
    const rp_var *var;
    oracle_value value;
    const rp_core *list;
    const struct scope *list_env;
    const struct scope *next;
} scope;

static oracle_value eval(oracle *o, const scope *env, const rp_core *core);

static oracle_value unknown(const rp_type *type)
{
    return (oracle_value){.state = ORACLE_UNKNOWN, .type = type};
}
static oracle_value absent(const rp_type *type)
{
    return (oracle_value){.state = ORACLE_ABSENT, .type = type};
}

static oracle_value truth(const rp_core *core, bool value)
{
    return (oracle_value){.state = ORACLE_KNOWN, .type = core->type, .number = value};
}

static bool is_known(oracle_value v)
{
    return v.state == ORACLE_KNOWN;
}
static bool is_true(oracle_value v)
{
    return v.state == ORACLE_KNOWN && v.number != 0;
}
static bool is_false(oracle_value v)
{
    return v.state == ORACLE_KNOWN && v.number == 0;
}

static oracle_value not_(oracle_value v)
{
    if (is_known(v)) v.number = !v.number;
    return v;
}

// ---- facts ----

static uint32_t table_of(oracle *o, const rp_entity *entity)
{
    return rp_bundle_find_table(o->facts->bundle, entity->name);
}

static oracle_value cell(oracle *o, uint32_t column, uint32_t row, const rp_type *type)
{
    const rp_rec_column *record = &o->facts->bundle->columns[column];
    const rp_fact_column *c = &o->facts->columns[column];
    rp_kind kind = RP_TYPE_KIND(record->type);
    oracle_value v = {.state = ORACLE_KNOWN, .type = type};
    bool known = rp_bits_get(c->known, row);
    bool present = c->present != NULL && rp_bits_get(c->present, row);
    if (kind == RP_KIND_BOOL) {
        if (!known && !present) return unknown(type);
        if (known && present) return absent(type);
        v.number = present;
        return v;
    }
    if (!known) return unknown(type);
    if (c->present != NULL && !present) return absent(type);
    switch (kind) {
    case RP_KIND_FLOAT: v.real = ((const double *)c->values)[row]; break;
    case RP_KIND_INT:
    case RP_KIND_TIME:
    case RP_KIND_DURATION: v.number = ((const int64_t *)c->values)[row]; break;
    case RP_KIND_REF:
        v.table = RP_TYPE_TABLE(record->type);
        v.row = ((const uint32_t *)c->values)[row];
        break;
    default: v.text = rp_strtab_get(&o->facts->texts, ((const uint32_t *)c->values)[row]); break;
    }
    return v;
}

static bool field_is_read(oracle *o, uint32_t table, rp_str name, uint32_t *column)
{
    *column = rp_bundle_find_column(o->facts->bundle, table, name);
    return *column != RP_NONE;
}

static oracle_value fact(oracle *o, oracle_value object, const rp_field *field, const rp_type *type)
{
    uint32_t column;
    if (object.entries != 0) {
        const rp_rec_table *t = &o->facts->bundle->tables[object.table];
        bool is_key = rp_str_equal(field->name, RP_STR("key"));
        return cell(o, t->first_column + (is_key ? 0 : 1), object.row, type);
    }
    if (!field_is_read(o, object.table, field->name, &column)) abort();
    return cell(o, column, object.row, type);
}

static oracle_value apply(oracle *o, const rp_function *function, oracle_value receiver)
{
    scope self = {.var = function->receiver_var, .value = receiver};
    return eval(o, &self, function->body);
}

static oracle_value field_of(oracle *o, const scope *env, const rp_core *core)
{
    oracle_value object = eval(o, env, core->a);
    if (object.state == ORACLE_UNKNOWN) return unknown(core->type);
    if (object.state == ORACLE_ABSENT)
        return core->type->optional ? absent(core->type) : unknown(core->type);
    const rp_field *field = core->of.field;
    return field->kind == RP_FIELD_DERIVED ? apply(o, field->function, object)
                                           : fact(o, object, field, core->type);
}

// ---- comparison ----

static bool same(oracle_value a, oracle_value b)
{
    switch (a.type->kind) {
    case RP_T_FLOAT: return !(a.real < b.real || a.real > b.real);
    case RP_T_STRING:
    case RP_T_ENUM:
    case RP_T_CIDR: return rp_str_equal(a.text, b.text);
    case RP_T_VERSION: return rp_version_compare(a.text, b.text) == 0;
    case RP_T_REF: return a.table == b.table && a.row == b.row;
    default: return a.number == b.number;
    }
}

static oracle_value equal(const rp_core *core, oracle_value a, oracle_value b)
{
    if (a.state == ORACLE_UNKNOWN || b.state == ORACLE_UNKNOWN) return unknown(core->type);
    if (a.state == ORACLE_ABSENT || b.state == ORACLE_ABSENT) return truth(core, false);
    return truth(core, same(a, b));
}

static int order(oracle_value a, oracle_value b)
{
    if (a.type->kind == RP_T_FLOAT) return (a.real > b.real) - (a.real < b.real);
    if (a.type->kind == RP_T_VERSION) return rp_version_compare(a.text, b.text);
    return (a.number > b.number) - (a.number < b.number);
}

static oracle_value compare(const rp_core *core, oracle_value a, oracle_value b)
{
    if (!is_known(a) || !is_known(b)) return unknown(core->type);
    return truth(core, core->kind == RP_CORE_LT ? order(a, b) < 0 : order(a, b) <= 0);
}

// ---- arithmetic ----

static oracle_value arithmetic(const rp_core *core, oracle_value a, oracle_value b)
{
    oracle_value v = {.state = ORACLE_KNOWN, .type = core->type};
    if (!is_known(a) || !is_known(b)) return unknown(core->type);
    bool fits = true;
    if (core->type->kind == RP_T_FLOAT) {
        v.real = core->kind == RP_CORE_ADD   ? a.real + b.real
                 : core->kind == RP_CORE_SUB ? a.real - b.real
                 : core->kind == RP_CORE_MUL ? a.real * b.real
                                             : a.real / b.real;
        fits = isfinite(v.real) && (core->kind != RP_CORE_DIV || b.real < 0.0 || b.real > 0.0);
    } else {
        fits = core->kind == RP_CORE_ADD   ? !__builtin_add_overflow(a.number, b.number, &v.number)
               : core->kind == RP_CORE_SUB ? !__builtin_sub_overflow(a.number, b.number, &v.number)
                                           : !__builtin_mul_overflow(a.number, b.number, &v.number);
    }
    return fits ? v : unknown(core->type);
}

// ---- lists ----

// A list is consumed: each member is asked whether it belongs and what it counts for, and the
// answers are joined. f(if c then a else b) is if c then f(a) else f(b), f(a + b) is f(a) joined
// with f(b), and f(each …) goes level by level.
typedef struct cover_set {
    bool sure4[256], sure6[256], may4[256], may6[256];
    bool open;
} cover_set;

typedef struct consumer {
    const rp_core *core; // of the result's type and quantifier
    rp_quantifier kind;
    // What a member counts for. `belongs` is true when called and may be changed.
    oracle_value (*visit)(oracle *o, const struct consumer *consumer, oracle_value member,
                          oracle_value *belongs);
    const scope *env;
    const void *data;
    uint32_t index;
    const struct consumer *outer; // of `each`: who asks
    cover_set *cover;
    bool possibly; // of covers: what is added may not belong
} consumer;

static oracle_value fold(oracle *o, const scope *env, const rp_core *list, const consumer *c);

static void push(oracle *o, oracle_list *list, oracle_value value)
{
    oracle_member *grown = RP_NEW_ARRAY(o->arena, oracle_member, list->count + 1);
    if (list->count > 0) memcpy(grown, list->members, list->count * sizeof *grown);
    grown[list->count++] = (oracle_member){value, true};
    list->members = grown;
}

static oracle_value element(oracle *o, uint32_t table, uint32_t row, const rp_type *type)
{
    const rp_rec_table *t = &o->facts->bundle->tables[table];
    if (t->kind == RP_TABLE_ELEMENTS) return cell(o, t->first_column, row, type);
    return (oracle_value){.state = ORACLE_KNOWN,
                          .type = type,
                          .table = table,
                          .row = row,
                          .entries = t->kind == RP_TABLE_ENTRIES};
}

// The rows of the other table that refer to this one, found by looking at all of them.
static oracle_list relation(oracle *o, const rp_rec_list *record, uint32_t owner,
                            const rp_type *type)
{
    oracle_list list = {.complete = true};
    const rp_fact_table *rows = &o->facts->tables[record->element];
    for (uint32_t r = 0; r < rows->rows; r++) {
        if (rows->meta[r].state != RP_ROW_REAL) continue;
        oracle_value back = cell(o, record->a, r, type);
        if (back.state == ORACLE_UNKNOWN) list.complete = false;
        if (is_known(back) && back.row == owner)
            push(o, &list, element(o, record->element, r, type));
    }
    return list;
}

static oracle_list fact_list(oracle *o, oracle_value object, const rp_field *field)
{
    const rp_bundle *b = o->facts->bundle;
    uint32_t index = rp_bundle_find_list(b, object.table, field->name);
    if (index == RP_NONE) abort();
    const rp_rec_list *record = &b->lists[index];
    const rp_type *type = field->type->element;
    if (record->kind == RP_LIST_RELATION) return relation(o, record, object.row, type);
    const rp_fact_list *stored = &o->facts->lists[index];
    oracle_list list = {.complete = rp_bits_get(stored->complete, object.row)};
    for (uint32_t e = stored->begin[object.row]; e < stored->end[object.row]; e++)
        push(o, &list, element(o, record->element, e, type));
    return list;
}

static oracle_list field_list(oracle *o, const scope *env, const rp_core *core)
{
    oracle_value object = eval(o, env, core->a);
    if (object.state == ORACLE_UNKNOWN) return (oracle_list){.complete = false};
    if (object.state == ORACLE_ABSENT) return (oracle_list){.complete = true};
    return fact_list(o, object, core->of.field);
}

static const scope *arguments(oracle *o, const scope *env, const rp_core *call)
{
    const scope *inner = NULL;
    const rp_function *function = call->of.function;
    if (call->a != NULL) {
        scope *self = RP_NEW(o->arena, scope);
        *self = (scope){.var = function->receiver_var, .value = eval(o, env, call->a)};
        inner = self;
    }
    for (uint32_t i = 0; i < call->count; i++) {
        scope *arg = RP_NEW(o->arena, scope);
        *arg = (scope){.var = function->args[i], .next = inner};
        if (function->args[i]->type->kind == RP_T_LIST) {
            arg->list = call->items[i];
            arg->list_env = env;
        } else {
            arg->value = eval(o, env, call->items[i]);
        }
        inner = arg;
    }
    return inner;
}

static const scope *find(const scope *env, const rp_var *var)
{
    while (env != NULL && env->var->id != var->id) env = env->next;
    return env;
}

static oracle_list split(oracle *o, const scope *env, const rp_core *core)
{
    oracle_value text = eval(o, env, core->items[0]);
    oracle_list list = {.complete = is_known(text)};
    rp_str rest = text.text;
    rp_str part;
    while (list.complete && rp_text_split(&rest, core->items[1]->value.text, &part)) {
        part = rp_text_trim(part);
        if (part.len > 0)
            push(o, &list,
                 (oracle_value){.state = ORACLE_KNOWN, .type = core->type->element, .text = part});
    }
    return list;
}

// ---- tallies of one level ----

typedef struct tally {
    bool any_open; // a member that may decide
    uint32_t sure; // surely true ones
    bool open;     // something that keeps a number from being known
    int64_t number;
    double real;
    bool overflow;
    oracle_value best; // min, max, first
    bool has_best;
} tally;

static void add_number(tally *t, const rp_type *type, oracle_value v)
{
    if (type->kind == RP_T_FLOAT) {
        t->real += v.real;
        t->overflow |= !isfinite(t->real);
    } else {
        t->overflow |= __builtin_add_overflow(t->number, v.number, &t->number);
    }
}

static bool is_better(rp_quantifier kind, oracle_value v, oracle_value best)
{
    if (kind == RP_QUANTIFIER_MIN) return order(v, best) < 0;
    return kind == RP_QUANTIFIER_MAX && order(v, best) > 0;
}

static void take_best(tally *t, rp_quantifier kind, oracle_value v)
{
    if (v.state == ORACLE_ABSENT) return;
    if (!t->has_best || is_better(kind, v, t->best)) t->best = v;
    t->has_best = true;
}

static void count_bool(tally *t, oracle_value belongs, oracle_value v)
{
    bool sure = is_true(belongs) && is_true(v);
    bool never = is_false(belongs) || is_false(v);
    if (sure) t->sure++;
    if (!sure && !never) t->any_open = true;
}

static void count_first(tally *t, oracle_value belongs, oracle_value v)
{
    if (t->has_best || t->open || v.state == ORACLE_ABSENT) return;
    if (!is_true(belongs) || v.state == ORACLE_UNKNOWN)
        t->open = true;
    else
        take_best(t, RP_QUANTIFIER_FIRST, v);
}

static void count_number(tally *t, const consumer *c, oracle_value belongs, oracle_value v)
{
    if (is_false(belongs)) return;
    if (c->kind == RP_QUANTIFIER_FIRST) {
        count_first(t, belongs, v);
        return;
    }
    if (!is_true(belongs) || v.state == ORACLE_UNKNOWN)
        t->open = true;
    else if (c->kind == RP_QUANTIFIER_SUM || c->kind == RP_QUANTIFIER_COUNT)
        add_number(t, c->core->type, v);
    else
        take_best(t, c->kind, v);
}

static oracle_value of_tally(const consumer *c, const tally *t, bool complete)
{
    const rp_core *core = c->core;
    switch (c->kind) {
    case RP_QUANTIFIER_ANY:
        return t->sure > 0                ? truth(core, true)
               : t->any_open || !complete ? unknown(core->type)
                                          : truth(core, false);
    case RP_QUANTIFIER_ONE:
        if (t->sure > 1) return truth(core, false);
        return t->any_open || !complete ? unknown(core->type) : truth(core, t->sure == 1);
    case RP_QUANTIFIER_COUNT:
    case RP_QUANTIFIER_SUM:
        if (t->open || !complete || t->overflow) return unknown(core->type);
        return (oracle_value){
            .state = ORACLE_KNOWN, .type = core->type, .number = t->number, .real = t->real};
    default:
        if (t->open || !complete) return unknown(core->type);
        return t->has_best ? t->best : absent(core->type);
    }
}

static bool is_bool(const consumer *c)
{
    return c->kind == RP_QUANTIFIER_ANY || c->kind == RP_QUANTIFIER_ONE;
}

// Of `exactly one` over lists inside lists: `any` says that the member has some below it, `one`
// that it has exactly one.
static void count_nested(tally *t, oracle_value any, oracle_value one)
{
    bool several = is_true(any) && is_false(one);
    if (is_true(any)) t->sure += several ? 2 : 1;
    if (!is_known(any) || (is_true(any) && !is_known(one))) t->any_open = true;
}

static oracle_value consume_members(oracle *o, const oracle_list *list, const consumer *c)
{
    tally t = {.sure = 0};
    for (uint32_t i = 0; i < list->count; i++) {
        oracle_value belongs = truth(c->core, true);
        o->nested = false;
        oracle_value v = c->visit(o, c, list->members[i].value, &belongs);
        if (o->nested)
            count_nested(&t, belongs, v);
        else if (is_bool(c))
            count_bool(&t, belongs, v);
        else
            count_number(&t, c, belongs, v);
    }
    if (c->cover != NULL && !list->complete) c->cover->open = true;
    return of_tally(c, &t, list->complete);
}

// ---- joining ----

static oracle_value plus(const consumer *c, oracle_value a, oracle_value b)
{
    tally t = {.sure = 0};
    if (!is_known(a) || !is_known(b)) return unknown(c->core->type);
    add_number(&t, c->core->type, a);
    add_number(&t, c->core->type, b);
    return of_tally(c, &t, true);
}

static oracle_value better(const consumer *c, oracle_value a, oracle_value b)
{
    if (c->kind == RP_QUANTIFIER_FIRST) return a.state == ORACLE_ABSENT ? b : a;
    if (a.state == ORACLE_UNKNOWN || b.state == ORACLE_UNKNOWN) return unknown(c->core->type);
    if (a.state == ORACLE_ABSENT) return b;
    return b.state == ORACLE_ABSENT || !is_better(c->kind, b, a) ? a : b;
}

static oracle_value or_(const rp_core *core, oracle_value a, oracle_value b)
{
    if (is_true(a) || is_true(b)) return truth(core, true);
    return is_known(a) && is_known(b) ? truth(core, false) : unknown(core->type);
}

static oracle_value and_(const rp_core *core, oracle_value a, oracle_value b)
{
    return not_(or_(core, not_(a), not_(b)));
}

static oracle_value exactly_one(oracle *o, const scope *env, const rp_core *list, const consumer *c)
{
    consumer any = *c;
    any.kind = RP_QUANTIFIER_ANY;
    oracle_value none_a = not_(fold(o, env, list->a, &any));
    oracle_value none_b = not_(fold(o, env, list->b, &any));
    return or_(c->core, and_(c->core, fold(o, env, list->a, c), none_b),
               and_(c->core, none_a, fold(o, env, list->b, c)));
}

static oracle_value concatenation(oracle *o, const scope *env, const rp_core *list,
                                  const consumer *c)
{
    if (c->kind == RP_QUANTIFIER_ONE) return exactly_one(o, env, list, c);
    oracle_value a = fold(o, env, list->a, c);
    oracle_value b = fold(o, env, list->b, c);
    if (c->kind == RP_QUANTIFIER_ANY) return or_(c->core, a, b);
    return c->kind == RP_QUANTIFIER_SUM || c->kind == RP_QUANTIFIER_COUNT ? plus(c, a, b)
                                                                          : better(c, a, b);
}

static oracle_value common(const rp_core *core, oracle_value a, oracle_value b)
{
    if (a.state == ORACLE_ABSENT && b.state == ORACLE_ABSENT) return a;
    return is_known(a) && is_known(b) && same(a, b) ? a : unknown(core->type);
}

static oracle_value choice(oracle *o, const scope *env, const rp_core *list, const consumer *c)
{
    oracle_value condition = eval(o, env, list->a);
    if (is_known(condition)) return fold(o, env, condition.number ? list->b : list->c, c);
    consumer either = *c;
    either.possibly = true;
    oracle_value a = fold(o, env, list->b, &either);
    oracle_value b = fold(o, env, list->c, &either);
    return common(c->core, a, b);
}

// ---- each, inside another consumer ----

static oracle_value each_from(oracle *o, const scope *env, const rp_core *each, uint32_t index,
                              const consumer *outer);

static oracle_value visit_each(oracle *o, const consumer *c, oracle_value member,
                               oracle_value *belongs)
{
    const rp_core *each = c->data;
    scope *bound = RP_NEW(o->arena, scope);
    *bound = (scope){.var = each->vars[c->index], .value = member, .next = c->env};
    if (each->wheres[c->index] != NULL) *belongs = eval(o, bound, each->wheres[c->index]);
    if (is_false(*belongs)) return unknown(c->core->type);
    consumer inside = *c->outer;
    inside.possibly |= c->possibly || !is_true(*belongs);
    if (c->index + 1 < each->count && inside.kind == RP_QUANTIFIER_ONE) {
        consumer some = inside;
        some.kind = RP_QUANTIFIER_ANY;
        *belongs = and_(c->core, *belongs, each_from(o, bound, each, c->index + 1, &some));
        oracle_value one = each_from(o, bound, each, c->index + 1, &inside);
        o->nested = true;
        return one;
    }
    if (c->index + 1 < each->count) {
        oracle_value below = each_from(o, bound, each, c->index + 1, &inside);
        o->nested = false;
        return below;
    }
    oracle_value inner = truth(c->core, true);
    oracle_value asked = eval(o, bound, each->a);
    o->nested = false; // whatever conditions and body asked
    oracle_value v = inside.visit(o, &inside, asked, &inner);
    *belongs = and_(c->core, *belongs, inner);
    return v;
}

static oracle_value each_from(oracle *o, const scope *env, const rp_core *each, uint32_t index,
                              const consumer *outer)
{
    consumer *c = RP_NEW(o->arena, consumer);
    consumer *asks = RP_NEW(o->arena, consumer);
    *asks = *outer;
    *c = *outer;
    c->visit = visit_each;
    c->env = env;
    c->data = each;
    c->index = index;
    c->outer = asks;
    return fold(o, env, each->items[index], c);
}

static oracle_value fold(oracle *o, const scope *env, const rp_core *list, const consumer *c)
{
    oracle_list members = {.complete = false};
    switch (list->kind) {
    case RP_CORE_IF: return choice(o, env, list, c);
    case RP_CORE_CONCAT: return concatenation(o, env, list, c);
    case RP_CORE_CALL: return fold(o, arguments(o, env, list), list->of.function->body, c);
    case RP_CORE_QUANTIFIER: return each_from(o, env, list, 0, c);
    case RP_CORE_VAR:
        return fold(o, find(env, list->of.var)->list_env, find(env, list->of.var)->list, c);
    case RP_CORE_FIELD:
        if (list->of.field->kind == RP_FIELD_DERIVED) {
            scope *self = RP_NEW(o->arena, scope);
            *self = (scope){.var = list->of.field->function->receiver_var,
                            .value = eval(o, env, list->a)};
            return fold(o, self, list->of.field->function->body, c);
        }
        members = field_list(o, env, list);
        break;
    case RP_CORE_BUILTIN: members = split(o, env, list); break;
    case RP_CORE_LIST:
        members.complete = true;
        for (uint32_t i = 0; i < list->count; i++) push(o, &members, eval(o, env, list->items[i]));
        break;
    default: break;
    }
    return consume_members(o, &members, c);
}

// ---- quantifiers ----

static oracle_value level(oracle *o, const scope *env, const rp_core *core, uint32_t index,
                          rp_quantifier kind);

static oracle_value visit_binding(oracle *o, const consumer *c, oracle_value member,
                                  oracle_value *belongs)
{
    const rp_core *core = c->data;
    scope *bound = RP_NEW(o->arena, scope);
    *bound = (scope){.var = core->vars[c->index], .value = member, .next = c->env};
    if (core->wheres[c->index] != NULL) *belongs = eval(o, bound, core->wheres[c->index]);
    if (is_false(*belongs)) return unknown(core->type);
    if (c->index + 1 < core->count) {
        oracle_value below = level(o, bound, core, c->index + 1, c->kind);
        o->nested = false;
        return below;
    }
    oracle_value v = eval(o, bound, core->a);
    o->nested = false; // whatever the body asked
    if (core->op == RP_QUANTIFIER_ALL) return not_(v);
    if (core->op != RP_QUANTIFIER_COUNT) return v;
    *belongs = and_(core, *belongs, v); // the condition and the body together
    return (oracle_value){.state = ORACLE_KNOWN, .type = core->type, .number = 1};
}

static oracle_value level(oracle *o, const scope *env, const rp_core *core, uint32_t index,
                          rp_quantifier kind)
{
    consumer *c = RP_NEW(o->arena, consumer);
    *c = (consumer){.core = core,
                    .kind = kind,
                    .visit = visit_binding,
                    .env = env,
                    .data = core,
                    .index = index};
    return fold(o, env, core->items[index], c);
}

static oracle_value quantify(oracle *o, const scope *env, const rp_core *core)
{
    bool negated = core->op == RP_QUANTIFIER_ALL || core->op == RP_QUANTIFIER_NONE;
    oracle_value result =
        level(o, env, core, 0, negated ? RP_QUANTIFIER_ANY : (rp_quantifier)core->op);
    return negated ? not_(result) : result;
}

// ---- other operators ----

static oracle_value logic(const rp_core *core, oracle_value a, oracle_value b)
{
    bool is_and = core->kind == RP_CORE_AND;
    if (is_and ? is_false(a) || is_false(b) : is_true(a) || is_true(b)) return truth(core, !is_and);
    return is_known(a) && is_known(b) ? truth(core, is_and) : unknown(core->type);
}

static oracle_value branch(oracle *o, const scope *env, const rp_core *core)
{
    oracle_value condition = eval(o, env, core->a);
    if (is_true(condition)) return eval(o, env, core->b);
    if (is_false(condition)) return eval(o, env, core->c);
    return common(core, eval(o, env, core->b), eval(o, env, core->c));
}

static oracle_value visit_equal(oracle *o, const consumer *c, oracle_value member,
                                oracle_value *belongs)
{
    (void)o;
    (void)belongs;
    return equal(c->core, *(const oracle_value *)c->data, member);
}

static oracle_value contains(oracle *o, const scope *env, const rp_core *core)
{
    oracle_value wanted = eval(o, env, core->a);
    consumer c = {.core = core, .kind = RP_QUANTIFIER_ANY, .visit = visit_equal, .data = &wanted};
    return fold(o, env, core->b, &c);
}

static oracle_value visit_any(oracle *o, const consumer *c, oracle_value member,
                              oracle_value *belongs)
{
    (void)o;
    (void)member;
    (void)belongs;
    return c->kind == RP_QUANTIFIER_COUNT
               ? (oracle_value){.state = ORACLE_KNOWN, .type = c->core->type, .number = 1}
               : truth(c->core, true);
}

// The entry of a key: known, absent, or unknown where the map is not complete.
static oracle_value entry(oracle *o, const scope *env, const rp_core *map, oracle_value key,
                          const rp_type *type, bool ask)
{
    oracle_list entries = field_list(o, env, map);
    if (!is_known(key)) return unknown(type);
    for (uint32_t i = 0; i < entries.count; i++) {
        oracle_value e = entries.members[i].value;
        uint32_t first = o->facts->bundle->tables[e.table].first_column;
        oracle_value k = cell(o, first, e.row, o->program->t_string);
        if (is_known(k) && rp_str_equal(k.text, key.text))
            return ask ? e : cell(o, first + 1, e.row, type);
    }
    return entries.complete ? absent(type) : unknown(type);
}

static oracle_value present(const rp_core *core, oracle_value v)
{
    return v.state == ORACLE_UNKNOWN ? unknown(core->type) : truth(core, is_known(v));
}

typedef enum builtin_id {
#define BUILTIN(ID, name, arguments, result, meaning, example) BUILTIN_##ID,
#include "compiler/builtins.def"
#undef BUILTIN
    BUILTIN_COUNT
} builtin_id;

static oracle_value text_result(oracle *o, const rp_core *core, rp_str text, rp_str argument)
{
    oracle_value v = {.state = ORACLE_KNOWN, .type = core->type, .text = text};
    char *bytes = rp_arena_alloc(o->arena, text.len + RP_TEXT_MAX);
    rp_cidr range;
    switch (core->op) {
    case BUILTIN_LOWER:
        rp_text_lower(text, bytes);
        v.text.ptr = bytes;
        return v;
    case BUILTIN_AFTER:
        v.text = rp_str_starts(text, argument) ? rp_str_from_offset(text, argument.len) : text;
        return rp_str_starts(text, argument) ? v : absent(core->type);
    case BUILTIN_NUMBER: return rp_text_parse_int(text, &v.number) ? v : absent(core->type);
    case BUILTIN_VERSION: return rp_version_is_valid(text) ? v : absent(core->type);
    case BUILTIN_LENGTH: v.number = (int64_t)text.len; return v;
    default:
        if (!rp_cidr_parse(text, &range)) return absent(core->type);
        v.text = (rp_str){bytes, rp_cidr_print(&range, bytes)};
        return v;
    }
}

static oracle_value predicate(const rp_core *core, oracle_value a, oracle_value b)
{
    rp_cidr x;
    rp_cidr y;
    switch (core->op) {
    case BUILTIN_STARTS_WITH: return truth(core, rp_str_starts(a.text, b.text));
    case BUILTIN_ENDS_WITH: return truth(core, rp_str_ends(a.text, b.text));
    case BUILTIN_CONTAINS: return truth(core, rp_text_contains(a.text, b.text));
    case BUILTIN_GLOB: return truth(core, rp_glob_match(a.text, b.text));
    case BUILTIN_IN_SERIES: return truth(core, rp_version_in_series(a.text, b.text));
    default: break;
    }
    if (!rp_cidr_parse(a.text, &x) || (core->count > 1 && !rp_cidr_parse(b.text, &y))) abort();
    switch (core->op) {
    case BUILTIN_WITHIN: return truth(core, rp_cidr_within(&x, &y));
    case BUILTIN_OVERLAPS: return truth(core, rp_cidr_overlaps(&x, &y));
    case BUILTIN_IS_PRIVATE: return truth(core, rp_cidr_is_private(&x));
    case BUILTIN_IS_IPV6: return truth(core, x.family == 6);
    default: return (oracle_value){.state = ORACLE_KNOWN, .type = core->type, .number = x.length};
    }
}

// The public /8 blocks of IPv4, and the eighths of 2000::/3, one bit each.
static bool is_public_block(uint32_t block)
{
    return block >= 1 && block <= 223 && block != 10 && block != 127;
}

static bool covers_all(const bool *blocks4, bool six)
{
    bool all = true;
    for (uint32_t i = 0; i < 256; i++) all = all && (!is_public_block(i) || blocks4[i]);
    return all || six;
}

static void cover(rp_str text, bool *blocks4, bool *blocks6)
{
    rp_cidr range;
    if (!rp_cidr_parse(text, &range) || range.length > 8) return;
    uint32_t first = range.address[0];
    uint32_t count = 1u << (8 - range.length);
    for (uint32_t i = 0; i < count; i++) (range.family == 4 ? blocks4 : blocks6)[first + i] = true;
}

static bool six_covered(const bool *blocks6)
{
    for (uint32_t i = 0x20; i < 0x40; i++) {
        if (!blocks6[i]) return false;
    }
    return true;
}

static oracle_value visit_range(oracle *o, const consumer *c, oracle_value member,
                                oracle_value *belongs)
{
    (void)o;
    (void)belongs;
    if (!is_known(member))
        c->cover->open = true;
    else {
        if (!c->possibly) cover(member.text, c->cover->sure4, c->cover->sure6);
        cover(member.text, c->cover->may4, c->cover->may6);
    }
    return truth(c->core, true);
}

static oracle_value covers_internet(oracle *o, const scope *env, const rp_core *core)
{
    cover_set set;
    memset(&set, 0, sizeof set);
    consumer c = {.core = core, .kind = RP_QUANTIFIER_ANY, .visit = visit_range, .cover = &set};
    fold(o, env, core->items[0], &c);
    if (covers_all(set.sure4, six_covered(set.sure6))) return truth(core, true);
    return set.open || covers_all(set.may4, six_covered(set.may6)) ? unknown(core->type)
                                                                   : truth(core, false);
}

static oracle_value text_builtin(oracle *o, const rp_core *core, oracle_value a)
{
    if (!is_known(a)) return unknown(core->type);
    return text_result(o, core, a.text,
                       core->count > 1 ? core->items[1]->value.text : RP_STR_EMPTY);
}

static oracle_value builtin(oracle *o, const scope *env, const rp_core *core)
{
    if (core->op == BUILTIN_COVERS_INTERNET) return covers_internet(o, env, core);
    if (core->op == BUILTIN_SIZE) {
        consumer c = {.core = core, .kind = RP_QUANTIFIER_COUNT, .visit = visit_any};
        return fold(o, env, core->items[0], &c);
    }
    oracle_value a = eval(o, env, core->items[0]);
    bool text = (core->op >= BUILTIN_LOWER && core->op <= BUILTIN_CIDR);
    if (text) return text_builtin(o, core, a);
    oracle_value b = core->count > 1 ? eval(o, env, core->items[1]) : a;
    if (a.state == ORACLE_UNKNOWN || b.state == ORACLE_UNKNOWN) return unknown(core->type);
    if (a.state == ORACLE_ABSENT)
        return core->op <= BUILTIN_GLOB ? truth(core, false) : unknown(core->type);
    if (core->op != BUILTIN_DAYS) return predicate(core, a, b);
    return (oracle_value){.state = ORACLE_KNOWN, .type = core->type, .number = a.number / 86400000};
}

static oracle_value constant(const rp_core *core)
{
    return (oracle_value){.state = ORACLE_KNOWN,
                          .type = core->type,
                          .number = core->value.number,
                          .real = core->value.real,
                          .text = core->value.text};
}

static oracle_value call(oracle *o, const scope *env, const rp_core *core)
{
    const scope *inner = arguments(o, env, core);
    if (core->a != NULL && core->a->type->optional) {
        oracle_value receiver = eval(o, env, core->a);
        if (receiver.state == ORACLE_ABSENT) return absent(core->type);
        if (receiver.state == ORACLE_UNKNOWN) return unknown(core->type);
    }
    return eval(o, inner, core->of.function->body);
}

static oracle_value to_float(const rp_core *core, oracle_value v)
{
    v.type = core->type;
    v.real = (double)v.number;
    return v;
}

static oracle_value is_empty(oracle *o, const scope *env, const rp_core *core)
{
    consumer c = {.core = core, .kind = RP_QUANTIFIER_ANY, .visit = visit_any};
    return not_(fold(o, env, core->a, &c));
}

static oracle_value eval(oracle *o, const scope *env, const rp_core *core)
{
    oracle_value a;
    switch (core->kind) {
    case RP_CORE_CONST: return constant(core);
    case RP_CORE_ABSENT: return absent(core->type);
    case RP_CORE_NOW:
        return (oracle_value){.state = ORACLE_KNOWN, .type = core->type, .number = o->now};
    case RP_CORE_VAR: return find(env, core->of.var)->value;
    case RP_CORE_FIELD: return field_of(o, env, core);
    case RP_CORE_LOOKUP: return entry(o, env, core->a, eval(o, env, core->b), core->type, false);
    case RP_CORE_AND:
    case RP_CORE_OR: return logic(core, eval(o, env, core->a), eval(o, env, core->b));
    case RP_CORE_NOT: return not_(eval(o, env, core->a));
    case RP_CORE_EQ: return equal(core, eval(o, env, core->a), eval(o, env, core->b));
    case RP_CORE_LT:
    case RP_CORE_LE: return compare(core, eval(o, env, core->a), eval(o, env, core->b));
    case RP_CORE_ADD:
    case RP_CORE_SUB:
    case RP_CORE_MUL:
    case RP_CORE_DIV: return arithmetic(core, eval(o, env, core->a), eval(o, env, core->b));
    case RP_CORE_TO_FLOAT: return to_float(core, eval(o, env, core->a));
    case RP_CORE_PRESENT: return present(core, eval(o, env, core->a));
    case RP_CORE_EMPTY: return is_empty(o, env, core);
    case RP_CORE_COALESCE:
        a = eval(o, env, core->a);
        return a.state == ORACLE_ABSENT ? eval(o, env, core->b) : a;
    case RP_CORE_ASSUME:
        a = eval(o, env, core->a);
        return a.state == ORACLE_ABSENT ? unknown(core->type) : a;
    case RP_CORE_IF: return branch(o, env, core);
    case RP_CORE_IN: return contains(o, env, core);
    case RP_CORE_IN_MAP:
        return present(core, entry(o, env, core->b, eval(o, env, core->a), core->type, true));
    case RP_CORE_BUILTIN: return builtin(o, env, core);
    case RP_CORE_CALL: return call(o, env, core);
    case RP_CORE_QUANTIFIER: return quantify(o, env, core);
    default: return unknown(core->type);
    }
}

// ---- verdicts ----

rdspol_verdict oracle_judge(oracle *o, const rp_policy_decl *policy, uint32_t row)
{
    scope self = {.var = &policy->self,
                  .value = {.state = ORACLE_KNOWN,
                            .type = policy->entity->type,
                            .table = table_of(o, policy->entity),
                            .row = row}};
    bool when_false = false, when_open = false, fails = false, open = false;
    for (const rp_clause *clause = policy->clauses; clause != NULL; clause = clause->next) {
        oracle_value v = eval(o, &self, clause->condition);
        if (clause->is_when) {
            when_false |= is_false(v);
            when_open |= !is_known(v);
        } else {
            fails |= is_false(v);
            open |= !is_known(v);
        }
    }
    if (when_false) return RDSPOL_VERDICT_NOT_APPLICABLE;
    if (when_open) return RDSPOL_VERDICT_UNKNOWN;
    if (fails) return RDSPOL_VERDICT_FAIL;
    return open ? RDSPOL_VERDICT_UNKNOWN : RDSPOL_VERDICT_PASS;
}
