// The definition of the language, as code. Nothing here is fast, and nothing is shared with the
// compiler's lowering or the machine but the parsing of values.
#include "tests/oracle/oracle.h"

#include <math.h>
#include <stdlib.h>

typedef struct scope {
    const rp_var *var;
    oracle_value value;
    oracle_list list;
    bool is_list;
    const struct scope *next;
} scope;

static oracle_value eval(oracle *o, const scope *env, const rp_core *core);
static oracle_list list_of(oracle *o, const scope *env, const rp_core *core);

static oracle_value unknown(const rp_type *type) { return (oracle_value){.state = ORACLE_UNKNOWN, .type = type}; }
static oracle_value absent(const rp_type *type) { return (oracle_value){.state = ORACLE_ABSENT, .type = type}; }

static oracle_value truth(const rp_core *core, bool value)
{
    return (oracle_value){.state = ORACLE_KNOWN, .type = core->type, .number = value};
}

static bool is_known(oracle_value v) { return v.state == ORACLE_KNOWN; }
static bool is_true(oracle_value v) { return v.state == ORACLE_KNOWN && v.number != 0; }
static bool is_false(oracle_value v) { return v.state == ORACLE_KNOWN && v.number == 0; }

static oracle_value not_(oracle_value v)
{
    if (is_known(v)) v.number = !v.number;
    return v;
}

// ---- facts ----

static uint32_t table_of(oracle *o, const rp_entity *entity) { return rp_bundle_find_table(o->facts->bundle, entity->name); }

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
    if (object.state == ORACLE_ABSENT) return core->type->optional ? absent(core->type) : unknown(core->type);
    const rp_field *field = core->of.field;
    return field->kind == RP_FIELD_DERIVED ? apply(o, field->function, object) : fact(o, object, field, core->type);
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
        v.real = core->kind == RP_CORE_ADD ? a.real + b.real : core->kind == RP_CORE_SUB ? a.real - b.real : core->kind == RP_CORE_MUL ? a.real * b.real : a.real / b.real;
        fits = isfinite(v.real) && (core->kind != RP_CORE_DIV || b.real < 0.0 || b.real > 0.0);
    } else {
        fits = core->kind == RP_CORE_ADD   ? !__builtin_add_overflow(a.number, b.number, &v.number)
               : core->kind == RP_CORE_SUB ? !__builtin_sub_overflow(a.number, b.number, &v.number)
                                           : !__builtin_mul_overflow(a.number, b.number, &v.number);
    }
    return fits ? v : unknown(core->type);
}

// ---- lists ----

static void push(oracle *o, oracle_list *list, oracle_value value, bool sure)
{
    oracle_member *grown = RP_NEW_ARRAY(o->arena, oracle_member, list->count + 1);
    if (list->count > 0) memcpy(grown, list->members, list->count * sizeof *grown);
    grown[list->count++] = (oracle_member){value, sure};
    list->members = grown;
}

static oracle_list no_list(void) { return (oracle_list){.complete = false}; }

static oracle_value element(oracle *o, uint32_t table, uint32_t row, const rp_type *type)
{
    const rp_rec_table *t = &o->facts->bundle->tables[table];
    if (t->kind == RP_TABLE_ELEMENTS) return cell(o, t->first_column, row, type);
    return (oracle_value){.state = ORACLE_KNOWN, .type = type, .table = table, .row = row, .entries = t->kind == RP_TABLE_ENTRIES};
}

// The rows of the other table that refer to this one, found by looking at all of them.
static oracle_list relation(oracle *o, const rp_rec_list *record, uint32_t owner, const rp_type *type)
{
    oracle_list list = {.complete = true};
    const rp_fact_table *rows = &o->facts->tables[record->element];
    for (uint32_t r = 0; r < rows->rows; r++) {
        if (rows->meta[r].state != RP_ROW_REAL) continue;
        oracle_value back = cell(o, record->a, r, type);
        if (back.state == ORACLE_UNKNOWN) list.complete = false;
        if (is_known(back) && back.row == owner) push(o, &list, element(o, record->element, r, type), true);
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
    for (uint32_t e = stored->begin[object.row]; e < stored->end[object.row]; e++) push(o, &list, element(o, record->element, e, type), true);
    return list;
}

static oracle_list field_list(oracle *o, const scope *env, const rp_core *core)
{
    oracle_value object = eval(o, env, core->a);
    if (object.state == ORACLE_UNKNOWN) return no_list();
    if (object.state == ORACLE_ABSENT) return (oracle_list){.complete = true};
    if (core->of.field->kind != RP_FIELD_DERIVED) return fact_list(o, object, core->of.field);
    scope self = {.var = core->of.field->function->receiver_var, .value = object};
    return list_of(o, &self, core->of.field->function->body);
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
        arg->is_list = function->args[i]->type->kind == RP_T_LIST;
        if (arg->is_list) arg->list = list_of(o, env, call->items[i]);
        else arg->value = eval(o, env, call->items[i]);
        inner = arg;
    }
    return inner;
}

static const scope *find(const scope *env, const rp_var *var)
{
    while (env != NULL && env->var->id != var->id) env = env->next;
    return env;
}

static oracle_list appended(oracle *o, oracle_list a, oracle_list b)
{
    oracle_list all = {.complete = a.complete && b.complete};
    for (uint32_t i = 0; i < a.count; i++) push(o, &all, a.members[i].value, a.members[i].sure);
    for (uint32_t i = 0; i < b.count; i++) push(o, &all, b.members[i].value, b.members[i].sure);
    return all;
}

// Members of both branches possibly belong where the condition is unknown.
static oracle_list chosen(oracle *o, const scope *env, const rp_core *core)
{
    oracle_value condition = eval(o, env, core->a);
    if (is_known(condition)) return list_of(o, env, condition.number ? core->b : core->c);
    return no_list();
}

typedef struct walk {
    oracle *o;
    const rp_core *core;
    oracle_list list;
} walk;

static void each(walk *w, const scope *env, uint32_t index, bool sure)
{
    if (index == w->core->count) {
        push(w->o, &w->list, eval(w->o, env, w->core->a), sure);
        return;
    }
    oracle_list members = list_of(w->o, env, w->core->items[index]);
    if (!members.complete) w->list.complete = false;
    for (uint32_t i = 0; i < members.count; i++) {
        scope bound = {.var = w->core->vars[index], .value = members.members[i].value, .next = env};
        oracle_value where = truth(w->core, true);
        if (w->core->wheres[index] != NULL) where = eval(w->o, &bound, w->core->wheres[index]);
        if (is_false(where)) continue;
        each(w, &bound, index + 1, sure && members.members[i].sure && is_true(where));
    }
}

static oracle_list split(oracle *o, const scope *env, const rp_core *core)
{
    oracle_value text = eval(o, env, core->items[0]);
    if (!is_known(text)) return no_list();
    oracle_list list = {.complete = true};
    rp_str rest = text.text;
    rp_str part;
    while (rp_text_split(&rest, core->items[1]->value.text, &part)) {
        part = rp_text_trim(part);
        if (part.len > 0) push(o, &list, (oracle_value){.state = ORACLE_KNOWN, .type = core->type->element, .text = part}, true);
    }
    return list;
}

static oracle_list list_of(oracle *o, const scope *env, const rp_core *core)
{
    switch (core->kind) {
    case RP_CORE_FIELD: return field_list(o, env, core);
    case RP_CORE_VAR: return find(env, core->of.var)->list;
    case RP_CORE_IF: return chosen(o, env, core);
    case RP_CORE_CONCAT: return appended(o, list_of(o, env, core->a), list_of(o, env, core->b));
    case RP_CORE_CALL: return list_of(o, arguments(o, env, core), core->of.function->body);
    case RP_CORE_BUILTIN: return split(o, env, core);
    case RP_CORE_QUANTIFIER: {
        walk w = {o, core, {.complete = true}};
        each(&w, env, 0, true);
        return w.list;
    }
    case RP_CORE_LIST: {
        oracle_list list = {.complete = true};
        for (uint32_t i = 0; i < core->count; i++) push(o, &list, eval(o, env, core->items[i]), true);
        return list;
    }
    default: return no_list();
    }
}

// ---- quantifiers ----

// Any of any, sum of sums, first of the firsts: one level after the other.
typedef struct tally {
    bool any_true, any_open; // a member that surely decides; one that may
    uint32_t sure;           // surely true ones
    bool open;               // something that keeps a number from being known
    int64_t number;
    double real;
    bool overflow;
    oracle_value best; // min, max, first
    bool has_best, first_open;
} tally;

static oracle_value quantify(oracle *o, const scope *env, const rp_core *core, uint32_t index);

static void add_number(tally *t, const rp_core *core, oracle_value v)
{
    if (core->type->kind == RP_T_FLOAT) {
        t->real += v.real;
        t->overflow |= !isfinite(t->real);
    } else {
        t->overflow |= __builtin_add_overflow(t->number, v.number, &t->number);
    }
}

static void take_best(tally *t, const rp_core *core, oracle_value v)
{
    if (v.state == ORACLE_ABSENT) return;
    bool better = !t->has_best || (core->op == RP_QUANTIFIER_MIN && order(v, t->best) < 0) || (core->op == RP_QUANTIFIER_MAX && order(v, t->best) > 0);
    if (core->op == RP_QUANTIFIER_FIRST) better = !t->has_best;
    if (better) t->best = v;
    t->has_best = true;
}

static void count_bool(tally *t, const rp_core *core, oracle_value belongs, oracle_value v)
{
    if (core->op == RP_QUANTIFIER_ALL) v = not_(v);
    bool sure = is_true(belongs) && is_true(v);
    bool never = is_false(belongs) || is_false(v);
    if (sure) t->sure++;
    if (!sure && !never) t->any_open = true;
}

static void count_number(tally *t, const rp_core *core, oracle_value belongs, oracle_value v)
{
    if (is_false(belongs)) return;
    bool first = core->op == RP_QUANTIFIER_FIRST;
    if (first && t->has_best) return;
    if (!is_true(belongs) || v.state == ORACLE_UNKNOWN) {
        bool skipped = first && is_known(belongs) && v.state == ORACLE_ABSENT;
        if (!skipped && !(first && !is_true(belongs) && v.state == ORACLE_ABSENT)) t->open = true;
        return;
    }
    if (core->op == RP_QUANTIFIER_SUM || core->op == RP_QUANTIFIER_COUNT) add_number(t, core, v);
    else if (!(first && t->open)) take_best(t, core, v);
}

static oracle_value of_bool(const rp_core *core, const tally *t, bool complete)
{
    bool open = t->any_open || !complete;
    if (core->op == RP_QUANTIFIER_ONE) {
        if (t->sure > 1) return truth(core, false);
        if (t->any_open || !complete) return unknown(core->type);
        return truth(core, t->sure == 1);
    }
    oracle_value any = t->sure > 0 ? truth(core, true) : open ? unknown(core->type) : truth(core, false);
    return core->op == RP_QUANTIFIER_ANY ? any : not_(any);
}

static oracle_value of_number(const rp_core *core, const tally *t, bool complete)
{
    if (t->open || !complete || t->overflow) return unknown(core->type);
    if (core->op == RP_QUANTIFIER_SUM || core->op == RP_QUANTIFIER_COUNT) {
        return (oracle_value){.state = ORACLE_KNOWN, .type = core->type, .number = t->number, .real = t->real};
    }
    return t->has_best ? t->best : absent(core->type);
}

static bool is_bool(const rp_core *core) { return core->op <= RP_QUANTIFIER_ONE; }

static oracle_value quantify(oracle *o, const scope *env, const rp_core *core, uint32_t index)
{
    oracle_list list = list_of(o, env, core->items[index]);
    tally t = {.sure = 0};
    bool last = index + 1 == core->count;
    for (uint32_t i = 0; i < list.count; i++) {
        scope bound = {.var = core->vars[index], .value = list.members[i].value, .next = env};
        oracle_value belongs = truth(core, true);
        if (core->wheres[index] != NULL) belongs = eval(o, &bound, core->wheres[index]);
        if (is_true(belongs) && !list.members[i].sure) belongs.state = ORACLE_UNKNOWN;
        oracle_value v = is_false(belongs) ? unknown(core->type) : last ? eval(o, &bound, core->a) : quantify(o, &bound, core, index + 1);
        if (is_bool(core)) {
            if (!last && core->op != RP_QUANTIFIER_ANY) v = not_(v); // the inner `all` or `none` as `any`
            if (core->op == RP_QUANTIFIER_ALL && !last) v = not_(v);
            count_bool(&t, core, belongs, v);
        } else if (core->op == RP_QUANTIFIER_COUNT && last) {
            oracle_value counted = v;
            if (is_known(v)) counted.number = v.number != 0;
            bool never = is_false(belongs) || is_false(v);
            if (never) continue;
            if (!is_true(belongs) || !is_known(v)) t.open = true;
            else t.number++;
        } else {
            count_number(&t, core, belongs, v);
        }
    }
    return is_bool(core) ? of_bool(core, &t, list.complete) : of_number(core, &t, list.complete);
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
    oracle_value a = eval(o, env, core->b);
    oracle_value b = eval(o, env, core->c);
    if (a.state == ORACLE_ABSENT && b.state == ORACLE_ABSENT) return a;
    return is_known(a) && is_known(b) && same(a, b) ? a : unknown(core->type);
}

static oracle_value contains(oracle *o, const scope *env, const rp_core *core)
{
    oracle_value wanted = eval(o, env, core->a);
    oracle_list list = list_of(o, env, core->b);
    bool open = !list.complete;
    for (uint32_t i = 0; i < list.count; i++) {
        oracle_value is = equal(core, wanted, list.members[i].value);
        if (is_true(is) && list.members[i].sure) return truth(core, true);
        if (!is_false(is)) open = true;
    }
    return open ? unknown(core->type) : truth(core, false);
}

static oracle_value entry(oracle *o, const scope *env, const rp_core *map, oracle_value key, const rp_type *type)
{
    oracle_list entries = list_of(o, env, map);
    if (!is_known(key)) return unknown(type);
    for (uint32_t i = 0; i < entries.count; i++) {
        oracle_value e = entries.members[i].value;
        oracle_value k = cell(o, o->facts->bundle->tables[e.table].first_column, e.row, o->program->t_string);
        if (is_known(k) && rp_str_equal(k.text, key.text)) return cell(o, o->facts->bundle->tables[e.table].first_column + 1, e.row, type);
    }
    return entries.complete ? absent(type) : unknown(type);
}

static oracle_value in_map(oracle *o, const scope *env, const rp_core *core)
{
    oracle_value key = eval(o, env, core->a);
    oracle_list entries = list_of(o, env, core->b);
    if (!is_known(key)) return unknown(core->type);
    for (uint32_t i = 0; i < entries.count; i++) {
        oracle_value e = entries.members[i].value;
        oracle_value k = cell(o, o->facts->bundle->tables[e.table].first_column, e.row, o->program->t_string);
        if (is_known(k) && rp_str_equal(k.text, key.text)) return truth(core, true);
    }
    return entries.complete ? truth(core, false) : unknown(core->type);
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
    case BUILTIN_LOWER: rp_text_lower(text, bytes); v.text.ptr = bytes; return v;
    case BUILTIN_AFTER: v.text = rp_str_starts(text, argument) ? rp_str_from_offset(text, argument.len) : text; return rp_str_starts(text, argument) ? v : absent(core->type);
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
static bool is_public_block(uint32_t block) { return block >= 1 && block <= 223 && block != 10 && block != 127; }

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

static oracle_value covers_internet(oracle *o, const scope *env, const rp_core *core)
{
    bool sure4[256] = {false}, sure6[256] = {false}, may4[256] = {false}, may6[256] = {false};
    oracle_list list = list_of(o, env, core->items[0]);
    bool open = !list.complete;
    for (uint32_t i = 0; i < list.count; i++) {
        oracle_value v = list.members[i].value;
        if (!is_known(v)) {
            open = true;
            continue;
        }
        if (list.members[i].sure) cover(v.text, sure4, sure6);
        cover(v.text, may4, may6);
    }
    if (covers_all(sure4, six_covered(sure6))) return truth(core, true);
    return open || covers_all(may4, six_covered(may6)) ? unknown(core->type) : truth(core, false);
}

static oracle_value builtin(oracle *o, const scope *env, const rp_core *core)
{
    if (core->op == BUILTIN_COVERS_INTERNET) return covers_internet(o, env, core);
    if (core->op == BUILTIN_SIZE) {
        oracle_list list = list_of(o, env, core->items[0]);
        bool sure = list.complete;
        for (uint32_t i = 0; i < list.count; i++) sure = sure && list.members[i].sure;
        return sure ? (oracle_value){.state = ORACLE_KNOWN, .type = core->type, .number = list.count} : unknown(core->type);
    }
    oracle_value a = eval(o, env, core->items[0]);
    bool text = core->op >= BUILTIN_LOWER && core->op <= BUILTIN_CIDR && core->op != BUILTIN_SPLIT;
    if (text) return is_known(a) ? text_result(o, core, a.text, core->count > 1 ? core->items[1]->value.text : RP_STR_EMPTY) : unknown(core->type);
    if (core->op == BUILTIN_DAYS) {
        a.number /= 86400000;
        a.type = core->type;
        return is_known(a) ? a : unknown(core->type);
    }
    oracle_value b = core->count > 1 ? eval(o, env, core->items[1]) : a;
    if (a.state == ORACLE_UNKNOWN || !is_known(b)) {
        if (!(core->count == 1 && a.state == ORACLE_ABSENT)) {
            if (a.state == ORACLE_ABSENT && core->op <= BUILTIN_GLOB && b.state == ORACLE_UNKNOWN) return unknown(core->type);
            return unknown(core->type);
        }
    }
    if (a.state == ORACLE_ABSENT) return core->op <= BUILTIN_GLOB ? truth(core, false) : unknown(core->type);
    return predicate(core, a, b);
}

static oracle_value constant(const rp_core *core)
{
    return (oracle_value){.state = ORACLE_KNOWN, .type = core->type, .number = core->value.number, .real = core->value.real, .text = core->value.text};
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

static oracle_value present(const rp_core *core, oracle_value v)
{
    return v.state == ORACLE_UNKNOWN ? unknown(core->type) : truth(core, is_known(v));
}

static oracle_value is_empty(oracle *o, const scope *env, const rp_core *core)
{
    oracle_list list = list_of(o, env, core->a);
    bool open = !list.complete;
    for (uint32_t i = 0; i < list.count; i++) {
        if (list.members[i].sure) return truth(core, false);
        open = true;
    }
    return open ? unknown(core->type) : truth(core, true);
}

static oracle_value eval(oracle *o, const scope *env, const rp_core *core)
{
    oracle_value a;
    switch (core->kind) {
    case RP_CORE_CONST: return constant(core);
    case RP_CORE_ABSENT: return absent(core->type);
    case RP_CORE_NOW: return (oracle_value){.state = ORACLE_KNOWN, .type = core->type, .number = o->now};
    case RP_CORE_VAR: return find(env, core->of.var)->value;
    case RP_CORE_FIELD: return field_of(o, env, core);
    case RP_CORE_LOOKUP: return entry(o, env, core->a, eval(o, env, core->b), core->type);
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
    case RP_CORE_COALESCE: a = eval(o, env, core->a); return a.state == ORACLE_ABSENT ? eval(o, env, core->b) : a;
    case RP_CORE_ASSUME: a = eval(o, env, core->a); return a.state == ORACLE_ABSENT ? unknown(core->type) : a;
    case RP_CORE_IF: return branch(o, env, core);
    case RP_CORE_IN: return contains(o, env, core);
    case RP_CORE_IN_MAP: return in_map(o, env, core);
    case RP_CORE_BUILTIN: return builtin(o, env, core);
    case RP_CORE_CALL: return call(o, env, core);
    case RP_CORE_QUANTIFIER: return quantify(o, env, core, 0);
    default: return unknown(core->type);
    }
}

// ---- verdicts ----

rdspol_verdict oracle_judge(oracle *o, const rp_policy_decl *policy, uint32_t row)
{
    scope self = {.var = &policy->self, .value = {.state = ORACLE_KNOWN, .type = policy->entity->type, .table = table_of(o, policy->entity), .row = row}};
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
