// Prepare: what a run computes once, before it judges: parameters, constants, columns of its own.
//
// The one idea: facts stay as they are; everything that depends on the bundle or on parameters goes
// into the run: texts into an overlay whose ids follow the dictionary's, columns and lists into the
// arena. Relations and orders are in prepare_rows.c.
#include "vm/run.h"

#include "vm/verify.h"

#include <stdlib.h>

uint32_t rp_run_text(rp_run *run, rp_str text)
{
    uint32_t id = rp_strtab_find(&run->facts->texts, text);
    if (id != RP_STRTAB_NONE) {
        return id;
    }
    id = rp_strtab_add(&run->overlay, text);
    return id == RP_STRTAB_NONE ? RP_NONE : id + run->world.base_count;
}

// ---- Parameters and constants ------------------------------------------------------------------

static bool canonical_cidr(rp_run *run, rp_str text, uint64_t *bits)
{
    rp_cidr range;
    char canonical[RP_TEXT_MAX];
    if (!rp_cidr_parse(text, &range)) {
        return false;
    }
    *bits = rp_run_text(run, rp_str_make(canonical, rp_cidr_print(&range, canonical)));
    return true;
}

static uint64_t float_bits(double value)
{
    uint64_t bits;
    value = value == 0 ? 0 : value; // one zero
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

// The bits of a value given as text; a text id that is RP_NONE means that memory ran out.
static bool parse_value(rp_run *run, rp_kind kind, rp_str text, uint64_t *bits)
{
    int64_t number = 0;
    double value;
    bool ok = true;
    switch (kind) {
    case RP_KIND_BOOL:
        *bits = rp_str_equal(text, RP_STR("true"));
        return *bits != 0 || rp_str_equal(text, RP_STR("false"));
    case RP_KIND_FLOAT:
        ok = rp_text_parse_float(text, &value);
        *bits = ok ? float_bits(value) : 0;
        return ok;
    case RP_KIND_CIDR: return canonical_cidr(run, text, bits);
    case RP_KIND_INT: ok = rp_text_parse_int(text, &number); break;
    case RP_KIND_TIME: ok = rp_time_parse_iso(text, &number); break;
    case RP_KIND_DURATION: ok = rp_duration_parse(text, &number); break;
    case RP_KIND_VERSION:
        ok = rp_version_is_valid(text);
        number = rp_run_text(run, text);
        break;
    default: number = rp_run_text(run, text); break;
    }
    *bits = (uint64_t)number;
    return ok;
}

static bool bind_consts(rp_run *run)
{
    const rp_bundle *b = run->bundle;
    run->world.consts = RP_NEW_ARRAY(&run->arena, uint64_t, b->const_count);
    for (uint32_t i = 0; run->world.consts != NULL && i < b->const_count; i++) {
        rp_kind kind = RP_TYPE_KIND(b->consts[i].type);
        uint64_t bits = rp_bundle_const_bits(b, i);
        if (rp_kind_is_text(kind)) {
            rp_str text = rp_bundle_text(b, b->consts[i].lo);
            if (!parse_value(run, kind, text, &bits) || bits == RP_NONE) {
                return false;
            }
        }
        run->world.consts[i] = bits;
    }
    return run->world.consts != NULL;
}

// Order of two values of a kind, by their bits.
static int compare_values(const rp_run *run, rp_kind kind, uint64_t a, uint64_t b)
{
    if (kind == RP_KIND_FLOAT) {
        double x, y;
        memcpy(&x, &a, sizeof x);
        memcpy(&y, &b, sizeof y);
        return (x > y) - (x < y);
    }
    if (kind == RP_KIND_VERSION) {
        return rp_version_compare(rp_world_text(&run->world, (uint32_t)a),
                                  rp_world_text(&run->world, (uint32_t)b));
    }
    int64_t x = (int64_t)a, y = (int64_t)b;
    return (x > y) - (x < y);
}

static bool is_allowed(const rp_run *run, uint32_t set, rp_kind kind, uint64_t bits)
{
    const rp_bundle *b = run->bundle;
    for (uint32_t k = 0; k < b->sets[set].item_count; k++) {
        uint64_t item = run->world.consts[b->items[b->sets[set].first_item + k].constant];
        if (kind == RP_KIND_VERSION ? compare_values(run, kind, item, bits) == 0 : item == bits) {
            return true;
        }
    }
    return false;
}

static rdspol_status refuse(const rp_run *run, uint32_t param, const char *problem,
                            rdspol_error *error)
{
    rp_str module = rp_bundle_text(run->bundle, run->bundle->params[param].module);
    rp_str name = rp_bundle_text(run->bundle, run->bundle->params[param].name);
    return rp_error_set(error, RDSPOL_PARAMETER, NULL, "parameter %.*s.%.*s %s", (int)module.len,
                        module.ptr, (int)name.len, name.ptr, problem);
}

static rdspol_status check_value(const rp_run *run, uint32_t param, uint64_t bits,
                                 rdspol_error *error)
{
    const rp_rec_param *p = &run->bundle->params[param];
    rp_kind kind = RP_TYPE_KIND(p->type);
    if (p->min != RP_NONE && compare_values(run, kind, bits, run->world.consts[p->min]) < 0) {
        return refuse(run, param, "is below its least value", error);
    }
    if (p->max != RP_NONE && compare_values(run, kind, bits, run->world.consts[p->max]) > 0) {
        return refuse(run, param, "is above its greatest value", error);
    }
    if (p->allowed != RP_NONE && !is_allowed(run, p->allowed, kind, bits)) {
        return refuse(run, param, "is not one of the allowed values", error);
    }
    return RDSPOL_OK;
}

static bool names_param(const rp_bundle *b, uint32_t param, rp_str name, bool *qualified)
{
    rp_str module = rp_bundle_text(b, b->params[param].module);
    rp_str own = rp_bundle_text(b, b->params[param].name);
    *qualified = name.len == module.len + 1 + own.len && rp_str_starts(name, module) &&
                 name.ptr[module.len] == '.' && rp_str_ends(name, own);
    return *qualified || rp_str_equal(name, own);
}

static rdspol_status find_param(const rp_run *run, rp_str name, uint32_t *out, rdspol_error *error)
{
    *out = RP_NONE;
    for (uint32_t i = 0; i < run->bundle->param_count; i++) {
        bool qualified;
        if (!names_param(run->bundle, i, name, &qualified)) {
            continue;
        }
        if (!qualified && *out != RP_NONE) {
            return rp_error_set(error, RDSPOL_PARAMETER, NULL,
                                "parameter %.*s is in several modules: say which",
                                (int)(name.len < 100 ? name.len : 100), name.ptr);
        }
        *out = i;
        if (qualified) {
            return RDSPOL_OK;
        }
    }
    return *out != RP_NONE
               ? RDSPOL_OK
               : rp_error_set(error, RDSPOL_PARAMETER, NULL, "the bundle has no parameter %.*s",
                              (int)(name.len < 100 ? name.len : 100), name.ptr);
}

static rdspol_status set_members(rp_run *run, uint32_t param, const rp_str *values, size_t count,
                                 rdspol_error *error)
{
    rp_kind kind = RP_TYPE_KIND(run->bundle->params[param].type);
    rp_run_param *p = &run->params[param];
    p->items = RP_NEW_ARRAY(&run->arena, uint64_t, count);
    p->count = (uint32_t)count;
    p->is_default = false;
    if (p->items == NULL || count > UINT32_MAX) {
        return rp_error_set(error, RDSPOL_NO_MEMORY, NULL, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        if (!parse_value(run, kind, values[i], &p->items[i])) {
            return refuse(run, param, "has a value that is not of its type", error);
        }
        if (rp_kind_is_text(kind) && p->items[i] == RP_NONE) {
            return rp_error_set(error, RDSPOL_NO_MEMORY, NULL, "out of memory");
        }
    }
    return RDSPOL_OK;
}

static bool is_list(const rp_run *run, uint32_t param)
{
    return (run->bundle->params[param].flags & RP_PARAM_LIST) != 0;
}

static rdspol_status set_param(rp_run *run, const rdspol_param *given, rdspol_error *error)
{
    uint32_t param;
    RP_TRY(find_param(run, given->name, &param, error));
    if (!is_list(run, param) && given->value_count != 1) {
        return refuse(run, param, "takes one value", error);
    }
    return set_members(run, param, given->values, given->value_count, error);
}

// Defaults stand in `items` until a value is given.
static bool set_default(rp_run *run, uint32_t param)
{
    const rp_rec_param *p = &run->bundle->params[param];
    rp_run_param *out = &run->params[param];
    bool list = is_list(run, param);
    bool has = list ? (p->flags & RP_PARAM_HAS_DEFAULT) != 0 || p->item_count != 0
                    : p->fallback != RP_NONE;
    out->is_default = true;
    out->count = !has ? RP_NONE : list ? p->item_count : 1;
    if (!has) {
        return true;
    }
    out->items = RP_NEW_ARRAY(&run->arena, uint64_t, out->count);
    for (uint32_t k = 0; out->items != NULL && k < out->count; k++) {
        out->items[k] =
            run->world.consts[list ? run->bundle->items[p->first_item + k].constant : p->fallback];
    }
    return out->items != NULL;
}

static rdspol_status check_param(rp_run *run, uint32_t param, rdspol_error *error)
{
    const rp_rec_param *p = &run->bundle->params[param];
    rp_run_param *value = &run->params[param];
    if (value->count == RP_NONE) {
        value->count = 0;
        if (!RP_TYPE_OPTIONAL(p->type)) {
            return refuse(run, param, "has no default and needs a value", error);
        }
        return RDSPOL_OK;
    }
    if (is_list(run, param) && p->size_max != 0 &&
        (value->count < p->size_min || value->count > p->size_max)) {
        return refuse(run, param, "has too few or too many members", error);
    }
    for (uint32_t k = 0; k < value->count; k++) {
        RP_TRY(check_value(run, param, value->items[k], error));
    }
    if (!is_list(run, param)) {
        run->world.params[param] = value->items[0];
        rp_bits_set(run->world.param_present, param);
    }
    return RDSPOL_OK;
}

rdspol_status rp_prepare_params(rp_run *run, const rdspol_run_opts *opts, rdspol_error *error)
{
    uint32_t count = run->bundle->param_count;
    run->params = RP_NEW_ARRAY(&run->arena, rp_run_param, count);
    run->world.params = RP_NEW_ARRAY(&run->arena, uint64_t, count);
    bool ok = run->params != NULL && run->world.params != NULL && bind_consts(run);
    for (uint32_t i = 0; ok && i < count; i++) {
        ok = set_default(run, i);
    }
    if (!ok) {
        return rp_error_set(error, RDSPOL_NO_MEMORY, NULL, "out of memory");
    }
    for (size_t i = 0; i < opts->param_count; i++) {
        RP_TRY(set_param(run, &opts->params[i], error));
    }
    for (uint32_t i = 0; i < count; i++) {
        RP_TRY(check_param(run, i, error));
    }
    return RDSPOL_OK;
}

// ---- Columns -----------------------------------------------------------------------------------

// A column of the run's own for `rows` rows and, behind them, those of a chunk. Derived ones are
// written before they are read.
static bool new_column(rp_run *run, uint32_t column, uint32_t rows)
{
    uint32_t type = run->bundle->columns[column].type;
    size_t size = rp_plan_value_size(RP_TYPE_KIND(type));
    size_t padding = rp_bits_words(run->chunk) * RP_WORD_BITS;
    size_t words = (size_t)rows / RP_WORD_BITS + padding / RP_WORD_BITS + 2;
    bool two = size == 0 || RP_TYPE_OPTIONAL(type);
    rp_val *out = &run->world.columns[column];
    size_t bytes = ((size_t)rows + padding) * size;
    out->v = size == 0 ? NULL
             : run->bundle->columns[column].origin == RP_COLUMN_DERIVED
                 ? rp_arena_alloc(&run->arena, bytes)
                 : rp_arena_zero(&run->arena, bytes);
    out->p = RP_NEW_ARRAY(&run->arena, uint64_t, words);
    out->k = two ? RP_NEW_ARRAY(&run->arena, uint64_t, words) : out->p;
    return (out->v != NULL || size == 0) && out->p != NULL && out->k != NULL;
}

// Columns of tables without rows share one of zeros, as long as a chunk: nothing is written to
// them.
static bool bind_empty_column(rp_run *run, uint32_t column)
{
    rp_val *empty = &run->empty;
    size_t words = rp_bits_words(run->chunk) + 2;
    if (empty->v == NULL) {
        empty->v = RP_NEW_ARRAY(&run->arena, uint64_t, words * RP_WORD_BITS);
        empty->p = empty->k = RP_NEW_ARRAY(&run->arena, uint64_t, words);
    }
    run->world.columns[column] = *empty;
    return empty->v != NULL && empty->p != NULL;
}

// Values of columns in which no cell has one: they may be looked at, but mean nothing. One array of
// zeros for the largest table.
static void *no_values(rp_run *run)
{
    uint32_t most = 0;
    for (uint32_t t = 0; run->no_values == NULL && t < run->bundle->table_count; t++) {
        uint32_t rows = run->facts->tables[t].rows;
        most = rows > most ? rows : most;
    }
    if (run->no_values == NULL) {
        run->no_values = RP_NEW_ARRAY(&run->arena, uint64_t, (size_t)most + RP_WORD_BITS);
    }
    return run->no_values;
}

static bool bind_fact_column(rp_run *run, uint32_t column)
{
    const rp_fact_column *c = &run->facts->columns[column];
    if (c->known == NULL) {
        return bind_empty_column(run, column);
    }
    rp_val *out = &run->world.columns[column];
    bool boolean = RP_TYPE_KIND(run->bundle->columns[column].type) == RP_KIND_BOOL;
    out->v = c->values != NULL || boolean ? c->values : no_values(run);
    if (out->v == NULL && !boolean) {
        return false;
    }
    out->k = c->known;
    out->p = c->present != NULL ? c->present : c->known;
    return true;
}

// Tables whose rows the run makes: members of list parameters and of split texts.
static bool is_own_table(const rp_bundle *b, uint32_t table)
{
    for (uint32_t l = 0; l < b->list_count; l++) {
        uint32_t kind = b->lists[l].kind;
        if (b->lists[l].element == table && (kind == RP_LIST_PARAM || kind == RP_LIST_TEXT)) {
            return true;
        }
    }
    return b->tables[table].kind == RP_TABLE_CONST;
}

static void put_bits(rp_run *run, uint32_t column, uint32_t row, uint64_t bits)
{
    rp_val *c = &run->world.columns[column];
    size_t size = rp_plan_value_size(RP_TYPE_KIND(run->bundle->columns[column].type));
    if (size == 0) {
        rp_bits_put(c->p, row, bits != 0);
        rp_bits_put(c->k, row, bits == 0);
        return;
    }
    if (size == 4) {
        ((uint32_t *)c->v)[row] = (uint32_t)bits;
    } else {
        ((uint64_t *)c->v)[row] = bits;
    }
    rp_bits_set(c->k, row);
    rp_bits_set(c->p, row);
}

static void put_absent(rp_run *run, uint32_t column, uint32_t row)
{
    rp_val *c = &run->world.columns[column];
    if (c->k != c->p) {
        rp_bits_set(c->k, row);
        rp_bits_put(c->p, row, RP_TYPE_KIND(run->bundle->columns[column].type) == RP_KIND_BOOL);
    }
}

static void fill_cells(rp_run *run, uint32_t table)
{
    const rp_rec_table *t = &run->bundle->tables[table];
    for (uint32_t i = 0; i < t->cell_count; i++) {
        uint32_t column = t->first_column + i % t->column_count, row = i / t->column_count;
        uint32_t constant = run->bundle->items[t->first_cell + i].constant;
        if (constant == RP_NONE) {
            put_absent(run, column, row);
        } else {
            put_bits(run, column, row, run->world.consts[constant]);
        }
    }
}

// Rows of a table made by the run; those of split texts are counted when they are made.
static uint32_t own_rows(const rp_run *run, uint32_t table)
{
    const rp_bundle *b = run->bundle;
    const rp_rec_table *t = &b->tables[table];
    uint32_t rows = t->column_count == 0 ? 0 : t->cell_count / t->column_count;
    for (uint32_t l = 0; l < b->list_count; l++) {
        if (b->lists[l].element == table && b->lists[l].kind == RP_LIST_PARAM) {
            rows += run->params[b->lists[l].a].count;
        }
    }
    return rows;
}

// Whether a column gets arrays of its own: not where nobody looks, nor where there are no rows.
// Rows that the run makes may be more than it knows of here.
static bool has_cells(const rp_run *run, uint32_t column, bool own, uint32_t rows)
{
    return own || (rows != 0 && run->reads[column] != 0);
}

static bool bind_table(rp_run *run, uint32_t table)
{
    const rp_rec_table *t = &run->bundle->tables[table];
    bool own = is_own_table(run->bundle, table);
    uint32_t rows = own ? own_rows(run, table) : run->facts->tables[table].rows;
    bool ok = true;
    run->world.rows[table] = rows;
    for (uint32_t c = t->first_column; ok && c < t->first_column + t->column_count; c++) {
        bool fact = !own && run->bundle->columns[c].origin == RP_COLUMN_FACT;
        ok = fact                           ? bind_fact_column(run, c)
             : has_cells(run, c, own, rows) ? new_column(run, c, rows)
                                            : bind_empty_column(run, c);
    }
    if (ok) {
        fill_cells(run, table);
    }
    return ok;
}

static void bind_param_list(rp_run *run, uint32_t list, uint32_t *next)
{
    const rp_rec_list *l = &run->bundle->lists[list];
    const rp_run_param *p = &run->params[l->a];
    rp_list_view *view = &run->world.lists[list];
    view->fixed = true;
    view->first = next[l->element];
    for (uint32_t k = 0; k < p->count; k++) {
        put_bits(run, run->bundle->tables[l->element].first_column, next[l->element]++,
                 p->items[k]);
    }
    view->last = next[l->element];
}

// Lists of facts; those that no row has yet are empty and need no arrays.
static void bind_list(rp_run *run, uint32_t list, uint32_t *next)
{
    const rp_rec_list *l = &run->bundle->lists[list];
    rp_list_view *view = &run->world.lists[list];
    if (l->kind == RP_LIST_CONST) {
        view->fixed = true;
        view->first = l->a;
        view->last = l->b;
    } else if (l->kind == RP_LIST_PARAM) {
        bind_param_list(run, list, next);
    } else if (l->kind == RP_LIST_FACT || l->kind == RP_LIST_MAP) {
        view->begin = run->facts->lists[list].begin;
        view->end = run->facts->lists[list].end;
        view->complete = run->facts->lists[list].complete;
    }
}

bool rp_prepare_columns(rp_run *run)
{
    const rp_bundle *b = run->bundle;
    run->world.columns = RP_NEW_ARRAY(&run->arena, rp_val, b->column_count);
    run->world.rows = RP_NEW_ARRAY(&run->arena, uint32_t, b->table_count);
    run->world.lists = RP_NEW_ARRAY(&run->arena, rp_list_view, b->list_count);
    uint32_t *next = RP_NEW_ARRAY(&run->arena, uint32_t, b->table_count);
    bool ok = run->world.columns != NULL && run->world.rows != NULL && run->world.lists != NULL &&
              next != NULL;
    for (uint32_t t = 0; ok && t < b->table_count; t++) {
        ok = bind_table(run, t);
    }
    for (uint32_t l = 0; ok && l < b->list_count; l++) {
        bind_list(run, l, next);
    }
    return ok;
}

// ---- Text functions ----------------------------------------------------------------------------

static uint32_t arn_part(rp_run *run, uint32_t op, rp_str text)
{
    rp_arn arn;
    if (!rp_arn_parse(text, &arn)) {
        return RP_NONE;
    }
    const rp_str parts[] = {arn.partition, arn.service, arn.region, arn.account, arn.resource};
    rp_str part = parts[op - RP_TEXT_ARN_PARTITION];
    return part.len == 0 ? RP_NONE : rp_run_text(run, part);
}

static uint32_t lower_text(rp_run *run, rp_str text, bool *failed)
{
    char *copy = rp_arena_alloc(&run->arena, text.len);
    if (copy == NULL) {
        *failed = true;
        return RP_NONE;
    }
    bool changed = rp_text_lower(text, copy);
    return rp_run_text(run, changed ? rp_str_make(copy, text.len) : text);
}

// The result for one text; false if it is absent.
static bool apply_text(rp_run *run, uint32_t op, uint32_t id, rp_str literal, uint64_t *bits,
                       bool *failed)
{
    rp_str text = rp_world_text(&run->world, id);
    int64_t number;
    *bits = RP_NONE;
    switch (op) {
    case RP_TEXT_LOWER: *bits = lower_text(run, text, failed); break;
    case RP_TEXT_AFTER:
        if (!rp_str_starts(text, literal)) {
            return false;
        }
        *bits = rp_run_text(run, rp_str_from_offset(text, literal.len));
        break;
    case RP_TEXT_NUMBER:
        if (!rp_text_parse_int(text, &number)) {
            return false;
        }
        *bits = (uint64_t)number;
        return true;
    case RP_TEXT_VERSION: *bits = id; return rp_version_is_valid(text);
    case RP_TEXT_CIDR:
        if (!canonical_cidr(run, text, bits)) {
            return false;
        }
        break;
    default: *bits = arn_part(run, op, text); return *bits != RP_NONE;
    }
    *failed = *failed || *bits == RP_NONE;
    return true;
}

static void put_result(rp_run *run, const rp_rec_text *t, uint32_t row, uint64_t bits, bool absent)
{
    if (absent) {
        put_absent(run, t->result, row);
    } else {
        put_bits(run, t->result, row, bits);
    }
}

static rp_str literal_of(const rp_run *run, const rp_rec_text *t)
{
    if (t->argument != RP_NONE) {
        return rp_world_text(&run->world, (uint32_t)run->world.consts[t->argument]);
    }
    if (t->param == RP_NONE || !rp_bits_get(run->world.param_present, t->param)) {
        return rp_str_make("", 0);
    }
    return rp_world_text(&run->world, (uint32_t)run->world.params[t->param]);
}

// Where a text of a column stands first: per id its row and one, 0 before it was seen.
typedef struct firsts {
    rp_run *run;
    uint32_t *row;
    size_t count;
} firsts;

// Room for the ids that there are; nothing was seen.
static bool reserve_firsts(firsts *f)
{
    size_t count = (size_t)f->run->world.base_count + f->run->overlay.count;
    if (f->row != NULL && count <= f->count) {
        return true;
    }
    rp_alloc_free(f->run->alloc, f->row, f->count * sizeof *f->row);
    f->row = rp_alloc_get_zero(f->run->alloc, (count + 1) * sizeof *f->row);
    f->count = f->row == NULL ? 0 : count + 1;
    return f->row != NULL;
}

static void forget_firsts(firsts *f, const rp_val *in, uint32_t rows)
{
    const uint32_t *ids = in->v;
    for (uint32_t r = 0; r < rows; r++) {
        if (rp_bits_get(in->p, r)) {
            f->row[ids[r]] = 0;
        }
    }
}

static bool fill_first(rp_run *run, const rp_rec_text *t, uint32_t row, uint32_t id, rp_str literal)
{
    uint64_t bits;
    bool failed = false, there = apply_text(run, t->op, id, literal, &bits, &failed);
    put_result(run, t, row, bits, !there);
    return !failed;
}

// The same result as in another row.
static void copy_result(const rp_val *out, size_t size, uint32_t row, uint32_t from)
{
    if (size == 8) {
        ((uint64_t *)out->v)[row] = ((const uint64_t *)out->v)[from];
    } else {
        ((uint32_t *)out->v)[row] = ((const uint32_t *)out->v)[from];
    }
    out->p[row / RP_WORD_BITS] |= (uint64_t)rp_bits_get(out->p, from) << row % RP_WORD_BITS;
    out->k[row / RP_WORD_BITS] |= (uint64_t)rp_bits_get(out->k, from) << row % RP_WORD_BITS;
}

// A function of the texts of a column.
typedef struct text_column {
    const rp_rec_text *t;
    rp_str literal;
    const rp_val *in, *out;
    size_t size; // of a result
} text_column;

// The rows of a word that have a text.
static bool fill_word(firsts *f, const text_column *c, size_t w)
{
    bool ok = true;
    for (uint64_t left = c->in->p[w]; ok && left != 0; left &= left - 1) {
        uint32_t row = (uint32_t)(w * RP_WORD_BITS + rp_bits_lowest(left));
        uint32_t id = ((const uint32_t *)c->in->v)[row], first = f->row[id];
        if (first != 0) {
            copy_result(c->out, c->size, row, first - 1);
        } else {
            f->row[id] = row + 1;
            ok = fill_first(f->run, c->t, row, id, c->literal);
        }
    }
    return ok;
}

// Once for each distinct text of the column. Where there is none, there is no result.
static bool fill_text_column(firsts *f, const rp_rec_text *t)
{
    rp_run *run = f->run;
    const rp_bundle *b = run->bundle;
    uint32_t table = b->columns[t->column].table, rows = run->world.rows[table];
    text_column c = {t, literal_of(run, t), &run->world.columns[t->column],
                     &run->world.columns[t->result],
                     rp_plan_value_size(RP_TYPE_KIND(b->columns[t->result].type))};
    // Rows that the run makes may have come since the column was laid out.
    bool ok = !is_own_table(b, table) || new_column(run, t->result, rows);
    for (size_t w = 0; ok && w < rp_bits_words(rows); w++) {
        if (c.out->k != c.out->p) {
            c.out->k[w] |= c.in->k[w] & ~c.in->p[w];
        }
        ok = fill_word(f, &c, w);
    }
    forget_firsts(f, c.in, rows);
    return ok;
}

typedef struct splitter {
    rp_run *run;
    rp_buf ids; // of the parts, one after another
    uint32_t *begin, *end;
    uint64_t *complete;
    rp_str separator;
} splitter;

static bool split_first(splitter *s, uint32_t id, uint32_t row)
{
    rp_str rest = rp_world_text(&s->run->world, id), part;
    s->begin[row] = (uint32_t)(s->ids.size / sizeof id);
    while (rp_text_split(&rest, s->separator, &part)) {
        part = rp_text_trim(part);
        uint32_t part_id = part.len == 0 ? RP_NONE : rp_run_text(s->run, part);
        if (part.len != 0) {
            rp_buf_add(&s->ids, &part_id, sizeof part_id);
        }
        if (s->ids.failed || (part.len != 0 && part_id == RP_NONE)) {
            return false;
        }
    }
    s->end[row] = (uint32_t)(s->ids.size / sizeof id);
    return true;
}

static bool split_row(splitter *s, firsts *f, uint32_t id, uint32_t row)
{
    uint32_t first = f->row[id];
    if (first == 0) {
        f->row[id] = row + 1;
        return split_first(s, id, row);
    }
    s->begin[row] = s->begin[first - 1];
    s->end[row] = s->end[first - 1];
    return true;
}

// The parts become rows of the element table, behind those that are there.
static bool add_parts(splitter *s, uint32_t element)
{
    rp_run *run = s->run;
    uint32_t column = run->bundle->tables[element].first_column;
    uint32_t old = run->world.rows[element];
    uint32_t count = (uint32_t)(s->ids.size / sizeof(uint32_t));
    rp_val before = run->world.columns[column];
    if (!new_column(run, column, old + count)) {
        return false;
    }
    for (uint32_t r = 0; r < old; r++) {
        put_bits(run, column, r, ((const uint32_t *)before.v)[r]);
    }
    for (uint32_t k = 0; k < count; k++) {
        uint32_t id;
        memcpy(&id, s->ids.data + k * sizeof id, sizeof id);
        put_bits(run, column, old + k, id);
    }
    run->world.rows[element] = old + count;
    return true;
}

static bool fill_text_list(firsts *f, const rp_rec_text *t)
{
    rp_run *run = f->run;
    const rp_val *in = &run->world.columns[t->column];
    uint32_t element = run->bundle->lists[t->list].element;
    uint32_t rows = run->world.rows[run->bundle->columns[t->column].table];
    splitter s = {.run = run, .separator = literal_of(run, t)};
    s.begin = RP_NEW_ARRAY(&run->arena, uint32_t, rows);
    s.end = RP_NEW_ARRAY(&run->arena, uint32_t, rows);
    s.complete = RP_NEW_ARRAY(&run->arena, uint64_t, rp_bits_words(rows) + 1);
    rp_buf_init(&s.ids, run->alloc, SIZE_MAX);
    bool ok = s.begin != NULL && s.end != NULL && s.complete != NULL;
    for (uint32_t r = 0; ok && r < rows; r++) {
        if (rp_bits_get(in->p, r)) {
            ok = split_row(&s, f, ((const uint32_t *)in->v)[r], r);
            rp_bits_set(s.complete, r);
        }
    }
    forget_firsts(f, in, rows);
    uint32_t shift = run->world.rows[element];
    for (uint32_t r = 0; ok && r < rows; r++) {
        s.begin[r] += shift;
        s.end[r] += shift;
    }
    ok = ok && add_parts(&s, element);
    rp_buf_free(&s.ids);
    run->world.lists[t->list] =
        (rp_list_view){.begin = s.begin, .end = s.end, .complete = s.complete};
    return ok;
}

bool rp_prepare_texts(rp_run *run)
{
    const rp_bundle *b = run->bundle;
    firsts f = {.run = run};
    bool ok = true;
    for (uint32_t i = 0; ok && i < b->text_count; i++) {
        const rp_rec_text *t = &b->texts[i];
        bool split = t->op == RP_TEXT_SPLIT;
        if (split || run->reads[t->result] != 0) {
            ok = reserve_firsts(&f) && (split ? fill_text_list(&f, t) : fill_text_column(&f, t));
        }
    }
    rp_alloc_free(run->alloc, f.row, f.count * sizeof *f.row);
    return ok;
}

// ---- Sets, ranks, ranges -----------------------------------------------------------------------

static int compare_bits(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static bool bind_bitmap(rp_run *run, rp_set_view *view, const uint64_t *items)
{
    uint32_t size = (uint32_t)items[view->count - 1] + 1;
    uint64_t *bitmap = RP_NEW_ARRAY(&run->arena, uint64_t, rp_bits_words(size));
    for (uint32_t k = 0; bitmap != NULL && k < view->count; k++) {
        rp_bits_set(bitmap, items[k]);
    }
    view->bitmap = bitmap;
    view->bitmap_size = size;
    return bitmap != NULL;
}

static bool bind_set(rp_run *run, uint32_t set)
{
    const rp_bundle *b = run->bundle;
    const rp_rec_set *s = &b->sets[set];
    rp_set_view *view = &run->world.sets[set];
    view->count = s->param != RP_NONE ? run->params[s->param].count : s->item_count;
    uint64_t *items = RP_NEW_ARRAY(&run->arena, uint64_t, view->count);
    for (uint32_t k = 0; items != NULL && k < view->count; k++) {
        items[k] = s->param != RP_NONE ? run->params[s->param].items[k]
                                       : run->world.consts[b->items[s->first_item + k].constant];
    }
    if (items == NULL) {
        return false;
    }
    if (view->count != 0) {
        qsort(items, view->count, sizeof *items, compare_bits);
    }
    view->items = items;
    rp_kind kind = RP_KIND_INT;
    if (view->count != 0) {
        kind = s->param != RP_NONE ? RP_TYPE_KIND(b->params[s->param].type)
                                   : RP_TYPE_KIND(b->consts[b->items[s->first_item].constant].type);
    }
    bool ids = kind == RP_KIND_STRING || kind == RP_KIND_CIDR;
    return !ids || view->count <= 8 || bind_bitmap(run, view, items);
}

// Calls `visit` for each id of a kind: cells, constants, members of parameters.
static bool each_id(rp_run *run, rp_kind kind, bool (*visit)(void *ctx, uint32_t id), void *ctx)
{
    const rp_bundle *b = run->bundle;
    for (uint32_t c = 0; c < b->column_count; c++) {
        const rp_val *column = &run->world.columns[c];
        uint32_t rows = run->world.rows[b->columns[c].table];
        bool wanted = RP_TYPE_KIND(b->columns[c].type) == kind && run->reads[c] != 0 &&
                      b->columns[c].origin != RP_COLUMN_DERIVED;
        for (uint32_t r = 0; wanted && r < rows; r++) {
            if (rp_bits_get(column->p, r) && !visit(ctx, ((const uint32_t *)column->v)[r])) {
                return false;
            }
        }
    }
    for (uint32_t i = 0; i < b->const_count; i++) {
        if (RP_TYPE_KIND(b->consts[i].type) == kind &&
            !visit(ctx, (uint32_t)run->world.consts[i])) {
            return false;
        }
    }
    for (uint32_t i = 0; i < b->param_count; i++) {
        for (uint32_t k = 0; RP_TYPE_KIND(b->params[i].type) == kind && k < run->params[i].count;
             k++) {
            if (!visit(ctx, (uint32_t)run->params[i].items[k])) {
                return false;
            }
        }
    }
    return true;
}

typedef struct collector {
    rp_run *run;
    uint32_t *index; // per id: 0, or its place in `ids` and one; pages without one stay untouched
    rp_buf ids;
} collector;

static bool collect_id(void *ctx, uint32_t id)
{
    collector *c = ctx;
    if (c->index[id] == 0) {
        rp_buf_add(&c->ids, &id, sizeof id);
        c->index[id] = (uint32_t)(c->ids.size / sizeof id);
    }
    return !c->ids.failed;
}

typedef struct version_id {
    rp_str text;
    uint32_t id;
} version_id;

static int compare_versions(const void *a, const void *b)
{
    const version_id *x = a, *y = b;
    int order = rp_version_compare(x->text, y->text);
    return order != 0 ? order : (x->id > y->id) - (x->id < y->id);
}

static uint32_t collected(const collector *c, uint32_t k)
{
    uint32_t id;
    memcpy(&id, c->ids.data + k * sizeof id, sizeof id);
    return id;
}

static bool rank_versions(collector *c)
{
    uint32_t count = (uint32_t)(c->ids.size / sizeof(uint32_t));
    version_id *sorted = RP_NEW_ARRAY(&c->run->arena, version_id, count);
    if (sorted == NULL) {
        return false;
    }
    for (uint32_t k = 0; k < count; k++) {
        sorted[k].id = collected(c, k);
        sorted[k].text = rp_world_text(&c->run->world, sorted[k].id);
    }
    if (count != 0) {
        qsort(sorted, count, sizeof *sorted, compare_versions);
    }
    for (uint32_t k = 0, rank = 0; k < count; k++) {
        rank += k != 0 && rp_version_compare(sorted[k - 1].text, sorted[k].text) != 0;
        c->index[sorted[k].id] = rank;
    }
    c->run->world.rank = c->index;
    return true;
}

static bool parse_ranges(collector *c)
{
    uint32_t count = (uint32_t)(c->ids.size / sizeof(uint32_t));
    rp_cidr *ranges = RP_NEW_ARRAY(&c->run->arena, rp_cidr, (size_t)count + 1);
    for (uint32_t k = 0; ranges != NULL && k < count; k++) {
        // Texts of packed facts may be anything: what is no range is an empty one of no family.
        if (!rp_cidr_parse(rp_world_text(&c->run->world, collected(c, k)), &ranges[k + 1])) {
            ranges[k + 1] = (rp_cidr){0};
        }
    }
    c->run->world.range_of = c->index;
    c->run->world.ranges = ranges;
    return ranges != NULL;
}

static bool has_kind(const rp_bundle *b, rp_kind kind)
{
    bool found = false;
    for (uint32_t c = 0; !found && c < b->column_count; c++) {
        found = RP_TYPE_KIND(b->columns[c].type) == kind;
    }
    for (uint32_t i = 0; !found && i < b->insn_count; i++) {
        found = RP_TYPE_KIND(rp_bundle_type(b, i)) == kind;
    }
    return found;
}

static bool bind_ids(rp_run *run, rp_kind kind, bool (*finish)(collector *c))
{
    if (!has_kind(run->bundle, kind)) {
        return true;
    }
    collector c = {.run = run};
    c.index = RP_NEW_ARRAY(&run->arena, uint32_t, (size_t)run->world.id_count + 1);
    if (c.index == NULL) {
        return false;
    }
    rp_buf_init(&c.ids, run->alloc, SIZE_MAX);
    bool ok = each_id(run, kind, collect_id, &c) && finish(&c);
    rp_buf_free(&c.ids);
    return ok;
}

static bool is_dense(const rp_list_view *list, uint32_t rows)
{
    bool dense = !list->fixed && list->order == NULL;
    for (uint32_t r = 0; dense && r + 1 < rows; r++) {
        dense = list->end[r] == list->begin[r + 1];
    }
    return dense && rows != 0;
}

// Whether the facts name the row of each element: they do so where rows are resources.
static bool owners_are_told(const rp_list_view *list, uint32_t rows, const uint32_t *owner)
{
    uint32_t off = 0;
    for (uint32_t r = 0; owner != NULL && off == 0 && r < rows; r++) {
        for (uint32_t e = list->begin[r]; e < list->end[r]; e++) {
            off |= owner[e] ^ r;
        }
    }
    return owner != NULL && off == 0;
}

static uint32_t *make_owners(rp_run *run, const rp_list_view *list, uint32_t rows)
{
    uint32_t *owner = rp_arena_alloc(&run->arena, list->end[rows - 1] * sizeof *owner);
    for (uint32_t r = 0; owner != NULL && r < rows; r++) {
        for (uint32_t e = list->begin[r]; e < list->end[r]; e++) {
            owner[e] = r;
        }
    }
    return owner;
}

static bool bind_owners(rp_run *run, uint32_t list)
{
    const rp_rec_list *l = &run->bundle->lists[list];
    rp_list_view *view = &run->world.lists[list];
    if (view->owner != NULL || !is_dense(view, run->world.rows[l->owner])) {
        return true;
    }
    uint32_t rows = run->world.rows[l->owner];
    bool facts = l->kind == RP_LIST_FACT || l->kind == RP_LIST_MAP;
    const uint32_t *told = facts ? run->facts->tables[l->element].owner_row : NULL;
    view->owner = owners_are_told(view, rows, told) ? told : make_owners(run, view, rows);
    return view->owner != NULL;
}

// Lists whose elements lie one behind the other, of those that are opened in frames of their rows.
static bool find_dense_lists(rp_run *run)
{
    const rp_bundle *b = run->bundle;
    bool ok = true;
    for (uint32_t i = 0; ok && i < b->insn_count; i++) {
        if (run->live[i] != 0 && rp_bundle_op(b, i) == RP_OP_UNNEST) {
            const rp_insn n = rp_bundle_insn(b, i);
            bool own = n.b == RP_NONE && b->lists[n.a].owner != RP_NONE;
            ok = !own || bind_owners(run, n.a);
        }
    }
    return ok;
}

static bool find_alike_columns(rp_run *run)
{
    const rp_bundle *b = run->bundle;
    run->world.alike = RP_NEW_ARRAY(&run->arena, unsigned char, b->column_count);
    for (uint32_t c = 0; run->world.alike != NULL && c < b->column_count; c++) {
        if (b->columns[c].origin != RP_COLUMN_DERIVED && run->reads[c] != 0) {
            run->world.alike[c] =
                rp_val_alike(&run->world.columns[c], run->world.rows[b->columns[c].table],
                             RP_TYPE_KIND(b->columns[c].type) == RP_KIND_BOOL);
        }
    }
    return run->world.alike != NULL;
}

bool rp_prepare_values(rp_run *run)
{
    const rp_bundle *b = run->bundle;
    run->world.id_count = run->world.base_count + run->overlay.count;
    run->world.sets = RP_NEW_ARRAY(&run->arena, rp_set_view, b->set_count);
    bool ok = run->world.sets != NULL;
    for (uint32_t i = 0; ok && i < b->set_count; i++) {
        ok = bind_set(run, i);
    }
    return ok && find_dense_lists(run) && find_alike_columns(run) &&
           bind_ids(run, RP_KIND_VERSION, rank_versions) &&
           bind_ids(run, RP_KIND_CIDR, parse_ranges);
}
