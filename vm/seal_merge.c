// Sealing, second part: one row for each resource, whatever number of answers spoke of it.
//
// The identity is the unique column, else account, Region and key. A fragment gives the row what it
// lacks; two different known values are an error that names both places. What another account sees
// of a resource adds nothing to its owner's answer (decisions.md 15).
#include "vm/seal.h"

#include "vm/plan.h"
#include "vm/seal_index.h"

#include <stdio.h>

typedef struct merger {
    rp_facts *f;
    rdspol_error *error;
    uint32_t table;
    rp_seal_index unique, key; // of the rows
} merger;

static bool is_known(const rp_facts *f, uint32_t column, uint32_t row)
{
    const rp_fact_column *c = &f->columns[column];
    bool known = rp_bits_get(c->known, row);
    bool boolean = RP_TYPE_KIND(f->bundle->columns[column].type) == RP_KIND_BOOL;
    return known || (boolean && rp_bits_get(c->present, row));
}

static bool times_agree(int64_t a, int64_t b)
{
    uint64_t distance = a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
    return distance < 1000;
}

// Of two known cells. A record counts as equal: its members are compared nowhere else.
static bool cells_agree(const rp_facts *f, uint32_t column, uint32_t a, uint32_t b)
{
    const rp_fact_column *c = &f->columns[column];
    uint32_t type = f->bundle->columns[column].type;
    rp_kind kind = RP_TYPE_KIND(type);
    size_t size = rp_plan_value_size(kind);
    if (kind == RP_KIND_BOOL) {
        return rp_bits_get(c->known, a) == rp_bits_get(c->known, b) &&
               rp_bits_get(c->present, a) == rp_bits_get(c->present, b);
    }
    if (!rp_seal_is_present(f, column, a) || !rp_seal_is_present(f, column, b)) {
        return rp_seal_is_present(f, column, a) == rp_seal_is_present(f, column, b);
    }
    if (rp_bundle_is_record(f->bundle, type)) {
        return true;
    }
    const unsigned char *values = c->values;
    if (kind == RP_KIND_TIME) {
        return times_agree(((const int64_t *)c->values)[a], ((const int64_t *)c->values)[b]);
    }
    return memcmp(values + a * size, values + b * size, size) == 0;
}

static void print_place(const rp_facts *f, uint32_t table, uint32_t row, char out[96])
{
    const rp_place *p = &f->tables[table].meta[row].place;
    if (p->file == RP_NONE) {
        (void)snprintf(out, 96, "an answer");
        return;
    }
    rp_str name = rp_strtab_get(&f->files, p->file);
    size_t skip = name.len > 60 ? name.len - 60 : 0;
    (void)snprintf(out, 96, "%.*s:%u:%u", (int)(name.len - skip), name.ptr + skip,
                   (unsigned)p->line, (unsigned)p->column);
}

static rdspol_status conflict(const merger *m, uint32_t field, uint32_t a, uint32_t b)
{
    const rp_facts *f = m->f;
    char first[96], second[96];
    rp_str table = rp_bundle_text(f->bundle, f->bundle->tables[m->table].name);
    rp_str name = rp_bundle_text(f->bundle, field);
    rp_str id = rp_facts_row_id(f, m->table, a);
    print_place(f, m->table, a, first);
    print_place(f, m->table, b, second);
    return rp_error_set(m->error, RDSPOL_CONFLICT, first, "%.*s.%.*s of %.*s differs: %s and %s",
                        (int)table.len, table.ptr, (int)name.len, name.ptr,
                        (int)(id.len < 60 ? id.len : 60), id.ptr, first, second);
}

static void move_reason(rp_facts *f, uint32_t field, uint32_t to, uint32_t from)
{
    uint32_t at = rp_map_find(&f->reasons, field, from);
    if (at == RP_MAP_NONE || rp_map_find(&f->reasons, field, to) != RP_MAP_NONE) {
        return;
    }
    uint32_t *place = rp_map_add(&f->reasons, field, to);
    if (place != NULL) {
        *place = at;
    } else {
        f->status = RDSPOL_NO_MEMORY;
    }
}

void rp_seal_take_reason(rp_facts *facts, uint32_t field, uint32_t to, uint32_t from)
{
    uint32_t at = rp_map_find(&facts->reasons, field, from);
    if (at == RP_MAP_NONE && rp_map_find(&facts->reasons, field, to) == RP_MAP_NONE) {
        return;
    }
    uint32_t *place = rp_map_add(&facts->reasons, field, to);
    if (place == NULL) {
        facts->status = RDSPOL_NO_MEMORY;
        return;
    }
    *place = at;
    if (at != RP_MAP_NONE) {
        *rp_map_add(&facts->reasons, field, from) = RP_MAP_NONE; // it is there: cannot fail
    }
}

void rp_seal_copy_cell(rp_facts *f, uint32_t column, uint32_t to, uint32_t from)
{
    rp_fact_column *c = &f->columns[column];
    size_t size = rp_plan_value_size(RP_TYPE_KIND(f->bundle->columns[column].type));
    unsigned char *values = c->values;
    if (values != NULL) {
        memcpy(values + to * size, values + from * size, size);
    }
    rp_bits_put(c->known, to, rp_bits_get(c->known, from));
    if (c->present != NULL) {
        rp_bits_put(c->present, to, rp_bits_get(c->present, from));
    }
}

void rp_seal_copy_row(rp_facts *f, uint32_t table, uint32_t to, uint32_t from)
{
    const rp_rec_table *t = &f->bundle->tables[table];
    for (uint32_t c = t->first_column; c < t->first_column + t->column_count; c++) {
        if (f->columns[c].known != NULL) {
            rp_seal_copy_cell(f, c, to, from);
        }
        rp_seal_take_reason(f, c, to, from);
    }
    for (uint32_t l = t->first_list; l < t->first_list + t->list_count; l++) {
        rp_fact_list *list = &f->lists[l];
        if (list->begin != NULL) {
            list->begin[to] = list->begin[from];
            list->end[to] = list->end[from];
            rp_bits_put(list->complete, to, rp_bits_get(list->complete, from));
        }
        rp_seal_take_reason(f, ~l, to, from);
    }
}

static bool is_absent(const rp_facts *f, uint32_t column, uint32_t row)
{
    const rp_fact_column *c = &f->columns[column];
    if (c->present == NULL) {
        return false;
    }
    bool boolean = RP_TYPE_KIND(f->bundle->columns[column].type) == RP_KIND_BOOL;
    return rp_bits_get(c->known, row) && rp_bits_get(c->present, row) == boolean;
}

static rdspol_status merge_column(const merger *m, uint32_t column, uint32_t to, uint32_t from)
{
    rp_facts *f = m->f;
    if (f->columns[column].known == NULL || !is_known(f, column, from)) {
        move_reason(f, column, to, from);
        return RDSPOL_OK;
    }
    const rp_fact_meta *meta = f->tables[m->table].meta;
    bool other_source = meta[to].sources != meta[from].sources;
    if (!is_known(f, column, to) || (other_source && is_absent(f, column, to))) {
        rp_seal_copy_cell(f, column, to, from);
        return RDSPOL_OK;
    }
    bool tells_nothing = other_source && is_absent(f, column, from);
    if (!tells_nothing && f->later_counts) {
        rp_seal_copy_cell(f, column, to, from);
        return RDSPOL_OK;
    }
    if (tells_nothing || cells_agree(f, column, to, from)) {
        return RDSPOL_OK;
    }
    return conflict(m, f->bundle->columns[column].name, to, from);
}

static bool lists_agree(const rp_facts *f, uint32_t list, uint32_t a, uint32_t b)
{
    const rp_fact_list *l = &f->lists[list];
    const rp_rec_table *t = &f->bundle->tables[f->bundle->lists[list].element];
    uint32_t count = l->end[a] - l->begin[a];
    if (count != l->end[b] - l->begin[b]) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t c = t->first_column; c < t->first_column + t->column_count; c++) {
            uint32_t x = l->begin[a] + i, y = l->begin[b] + i;
            if (f->columns[c].known != NULL && is_known(f, c, x) && is_known(f, c, y) &&
                !cells_agree(f, c, x, y)) {
                return false;
            }
        }
    }
    return true;
}

static rdspol_status merge_list(const merger *m, uint32_t list, uint32_t to, uint32_t from)
{
    rp_facts *f = m->f;
    rp_fact_list *l = &f->lists[list];
    if (l->begin == NULL) {
        return RDSPOL_OK;
    }
    bool complete = rp_bits_get(l->complete, from);
    bool own_complete = rp_bits_get(l->complete, to);
    if (own_complete && complete && !f->later_counts) {
        return lists_agree(f, list, to, from) ? RDSPOL_OK
                                              : conflict(m, f->bundle->lists[list].name, to, from);
    }
    bool replaces = own_complete ? complete : complete || l->begin[to] == l->end[to];
    if (replaces) {
        l->begin[to] = l->begin[from];
        l->end[to] = l->end[from];
        rp_bits_put(l->complete, to, complete);
        move_reason(f, ~list, to, from);
    }
    return RDSPOL_OK;
}

static bool is_hidden(const rp_rec_table *t, uint32_t column)
{
    return column == t->account || column == t->region;
}

static rdspol_status merge_rows(const merger *m, uint32_t to, uint32_t from)
{
    const rp_rec_table *t = &m->f->bundle->tables[m->table];
    rp_fact_meta *meta = m->f->tables[m->table].meta;
    for (uint32_t c = t->first_column; c < t->first_column + t->column_count; c++) {
        if (!is_hidden(t, c)) {
            RP_TRY(merge_column(m, c, to, from));
        }
    }
    for (uint32_t l = t->first_list; l < t->first_list + t->list_count; l++) {
        RP_TRY(merge_list(m, l, to, from));
    }
    meta[to].sources |= meta[from].sources;
    if (meta[to].place.file == RP_NONE) {
        meta[to].place = meta[from].place;
    }
    if (meta[to].pair == RP_NONE && meta[from].pair != RP_NONE) {
        meta[to].account = meta[from].account;
        meta[to].region = meta[from].region;
        meta[to].pair = meta[from].pair;
        rp_seal_hidden(m->f, m->table, to);
    }
    meta[from].state = RP_ROW_DEAD;
    return m->f->status == RDSPOL_OK ? RDSPOL_OK : rp_seal_no_memory(m->error);
}

rdspol_status rp_seal_merge_rows(rp_facts *facts, uint32_t table, uint32_t to, uint32_t from,
                                 rdspol_error *error)
{
    merger m = {.f = facts, .error = error, .table = table};
    return merge_rows(&m, to, from);
}

// Whose answer a fragment is: its owner's, or another account's view of it.
static bool is_owners(const rp_fact_meta *meta)
{
    return meta->viewer == RP_NONE || meta->account == RP_NONE || meta->viewer == meta->account;
}

static rdspol_status meet(const merger *m, uint32_t *kept, uint32_t row)
{
    rp_fact_meta *meta = m->f->tables[m->table].meta;
    bool old_own = is_owners(&meta[*kept]), new_own = is_owners(&meta[row]);
    if (old_own == new_own && (old_own || meta[*kept].viewer == meta[row].viewer)) {
        return merge_rows(m, *kept, row);
    }
    if (new_own) {
        meta[*kept].state = RP_ROW_DEAD;
        *kept = row;
    } else {
        meta[row].state = RP_ROW_DEAD;
    }
    return RDSPOL_OK;
}

// `row` becomes the row that stands for both where another one has the identity already.
static rdspol_status add_identity(const merger *m, rp_seal_index *index, uint32_t id,
                                  uint32_t scope, uint32_t *row)
{
    uint32_t *at = rp_seal_index_add(index, id, scope);
    if (at == NULL) {
        return rp_seal_no_memory(m->error);
    }
    if (*at == RP_MAP_NONE || m->f->tables[m->table].meta[*at].state == RP_ROW_DEAD) {
        *at = *row;
    } else if (*at != *row) {
        RP_TRY(meet(m, at, *row));
        *row = *at;
    }
    return RDSPOL_OK;
}

// A key identifies within the account and Region, or where there is no Region within the account.
static uint32_t key_scope(const rp_fact_meta *meta)
{
    const uint32_t of_account = 0x80000000u; // there are fewer pairs and texts than that
    if (meta->pair != RP_NONE) {
        return meta->pair;
    }
    return meta->account == RP_NONE ? RP_SEAL_EVERYWHERE : of_account | meta->account;
}

static bool has_cell(const rp_facts *f, uint32_t column, uint32_t row)
{
    return column != RP_NONE && rp_seal_is_present(f, column, row);
}

// The key of a row as a text id: its cell, or what stands at the end of its ARN.
uint32_t rp_seal_key_of(rp_facts *facts, uint32_t table, uint32_t row)
{
    const rp_rec_table *t = &facts->bundle->tables[table];
    if (t->key == RP_NONE || has_cell(facts, t->key, row)) {
        return rp_facts_cell_id(facts, t->key, row);
    }
    rp_str arn = rp_facts_cell_text(facts, t->unique, row);
    return rp_str_starts(arn, RP_STR("arn:")) ? rp_seal_key_in_arn(facts, arn) : RP_NONE;
}

uint32_t rp_seal_key_in_arn(rp_facts *facts, rp_str arn)
{
    char copy[256]; // texts may move while one is added
    rp_str id = rp_seal_id_from_arn(arn);
    if (id.len > sizeof copy) {
        return RP_NONE;
    }
    memcpy(copy, id.ptr, id.len);
    return rp_facts_text(facts, rp_str_make(copy, id.len));
}

// First the rows that name their unique column, then those that only have a key. A row that takes
// over a key is found by it too: which of several answers came first must not matter.
static rdspol_status merge_pass(merger *m, bool unique_pass)
{
    const rp_facts *f = m->f;
    const rp_rec_table *t = &f->bundle->tables[m->table];
    const rp_fact_meta *meta = f->tables[m->table].meta;
    for (uint32_t r = 0; r < f->tables[m->table].rows; r++) {
        uint32_t row = r;
        bool unique = has_cell(f, t->unique, r);
        if (meta[r].state != RP_ROW_REAL || unique != unique_pass) {
            continue;
        }
        if (unique) {
            RP_TRY(add_identity(m, &m->unique, rp_facts_cell_id(f, t->unique, r),
                                RP_SEAL_EVERYWHERE, &row));
        }
        uint32_t key = rp_seal_key_of(m->f, m->table, row);
        if (key != RP_NONE && t->key != t->unique) {
            RP_TRY(add_identity(m, &m->key, key, key_scope(&meta[row]), &row));
        }
    }
    return RDSPOL_OK;
}

// Only groups told of it: it is no resource unless something refers to it.
static void set_pending(rp_facts *f, uint32_t table)
{
    const rp_rec_table *t = &f->bundle->tables[table];
    uint64_t groups = 0;
    for (uint32_t i = 0; i < t->source_count; i++) {
        bool group = f->bundle->sources[t->first_source + i].kind == RP_SOURCE_GROUP;
        groups |= group ? (uint64_t)1 << i : 0;
    }
    for (uint32_t r = 0; r < f->tables[table].rows; r++) {
        rp_fact_meta *meta = &f->tables[table].meta[r];
        if (meta->state == RP_ROW_REAL && meta->sources != 0 && (meta->sources & ~groups) == 0) {
            meta->state = RP_ROW_PENDING;
        }
    }
}

static rdspol_status merge_table(rp_facts *f, uint32_t table, rdspol_error *error)
{
    merger m = {.f = f, .error = error, .table = table};
    uint32_t rows = f->tables[table].rows;
    rp_seal_index_init(&m.unique, f->alloc, rows, f->texts.count);
    rp_seal_index_init(&m.key, f->alloc, rows, f->texts.count);
    rdspol_status status = merge_pass(&m, true);
    if (status == RDSPOL_OK) {
        status = merge_pass(&m, false);
    }
    rp_seal_index_free(&m.unique);
    rp_seal_index_free(&m.key);
    set_pending(f, table);
    return status;
}

rdspol_status rp_seal_merge(rp_facts *facts, rdspol_error *error)
{
    const rp_bundle *b = facts->bundle;
    for (uint32_t t = 0; t < b->table_count; t++) {
        if (b->tables[t].kind == RP_TABLE_RESOURCE && t != facts->region_table) {
            RP_TRY(merge_table(facts, t, error));
        }
    }
    return RDSPOL_OK;
}
