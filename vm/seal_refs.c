// Sealing, third part: texts become rows.
//
// A reference is looked up through its column's joins, within its own account and Region unless the
// target's column is unique. What nobody listed gets a stub: a row of which only the key, the
// account and the Region are known. Rows of records first learn to which resource they belong,
// since that decides the account and Region in which their references are looked up.
#include "vm/seal.h"

#include "vm/base/buf.h"
#include "vm/seal_index.h"

typedef struct resolver {
    rp_facts *f;
    rp_seal_index **index;              // by column: of those that joins name
    rp_map stubs;                       // (table, pair), text -> row
    uint32_t listed_table, listed_pair; // what `listed` is about
    bool listed;
} resolver;

// ---- Owners ------------------------------------------------------------------------------------

static bool has_owners(const rp_facts *f, uint32_t table)
{
    return f->bundle->tables[table].kind != RP_TABLE_RESOURCE && f->tables[table].rows != 0;
}

static bool alloc_owners(rp_facts *f)
{
    for (uint32_t t = 0; t < f->bundle->table_count; t++) {
        rp_fact_table *rows = &f->tables[t];
        if (!has_owners(f, t)) {
            continue;
        }
        size_t size = ((size_t)rows->capacity + 64) * sizeof(uint32_t);
        rows->owner_table = rp_alloc_get(f->alloc, size);
        rows->owner_row = rp_alloc_get(f->alloc, size);
        if (rows->owner_table == NULL || rows->owner_row == NULL) {
            return false;
        }
        memset(rows->owner_table, 0xff, size);
        memset(rows->owner_row, 0xff, size);
    }
    return true;
}

// The resource that a row belongs to; false if it is not known (yet).
static inline bool owner_of(const rp_facts *f, uint32_t table, uint32_t row, uint32_t *owner_table,
                            uint32_t *owner_row)
{
    const rp_fact_table *rows = &f->tables[table];
    if (f->bundle->tables[table].kind == RP_TABLE_RESOURCE) {
        *owner_table = table;
        *owner_row = row;
        return true;
    }
    *owner_table = rows->owner_table == NULL ? RP_NONE : rows->owner_table[row];
    *owner_row = rows->owner_row == NULL ? RP_NONE : rows->owner_row[row];
    return *owner_table != RP_NONE;
}

// Returns whether some row had none before.
static bool give_owner(rp_facts *f, uint32_t element, uint32_t begin, uint32_t end,
                       uint32_t owner_table, uint32_t owner_row)
{
    rp_fact_table *rows = &f->tables[element];
    bool fresh = false;
    for (uint32_t e = begin; rows->owner_table != NULL && e < end && e < rows->rows; e++) {
        fresh |= rows->owner_table[e] == RP_NONE;
        rows->owner_table[e] = owner_table;
        rows->owner_row[e] = owner_row;
    }
    return fresh;
}

// Of a row that lives: the resource that it is, or belongs to as far as that is known.
static inline bool lives_in(const rp_facts *f, uint32_t table, uint32_t row, uint32_t *owner_table,
                            uint32_t *owner_row)
{
    const rp_fact_meta *meta = f->tables[table].meta;
    bool dead = meta != NULL && meta[row].state == RP_ROW_DEAD;
    return !dead && owner_of(f, table, row, owner_table, owner_row);
}

static bool pass_list(rp_facts *f, uint32_t list)
{
    uint32_t table = f->bundle->lists[list].owner, element = f->bundle->lists[list].element;
    const rp_fact_list *l = &f->lists[list];
    uint32_t owner_table, owner_row;
    bool fresh = false;
    for (uint32_t r = 0; l->begin != NULL && r < f->tables[table].rows; r++) {
        if (l->begin[r] != l->end[r] && lives_in(f, table, r, &owner_table, &owner_row)) {
            fresh |= give_owner(f, element, l->begin[r], l->end[r], owner_table, owner_row);
        }
    }
    return fresh;
}

static bool pass_record(rp_facts *f, uint32_t column)
{
    uint32_t table = f->bundle->columns[column].table;
    uint32_t target = RP_TYPE_TABLE(f->bundle->columns[column].type);
    const uint32_t *records = f->columns[column].values;
    uint32_t owner_table, owner_row;
    bool fresh = false;
    for (uint32_t r = 0; records != NULL && r < f->tables[table].rows; r++) {
        if (rp_seal_is_present(f, column, r) && records[r] != RP_NONE &&
            lives_in(f, table, r, &owner_table, &owner_row)) {
            fresh |= give_owner(f, target, records[r], records[r] + 1, owner_table, owner_row);
        }
    }
    return fresh;
}

static bool pass_owners(rp_facts *f, uint32_t table)
{
    const rp_rec_table *t = &f->bundle->tables[table];
    bool fresh = false;
    for (uint32_t l = t->first_list; l < t->first_list + t->list_count; l++) {
        fresh |= pass_list(f, l);
    }
    for (uint32_t c = t->first_column; c < t->first_column + t->column_count; c++) {
        if (rp_bundle_is_record(f->bundle, f->bundle->columns[c].type)) {
            fresh |= pass_record(f, c);
        }
    }
    return fresh;
}

// Level by level: records inside records need as many passes as they nest.
static void find_owners(rp_facts *f)
{
    const rp_bundle *b = f->bundle;
    bool fresh = true;
    for (uint32_t pass = 0; pass <= RP_MAX_FRAME_DEPTH && fresh; pass++) {
        fresh = pass == 0;
        for (uint32_t t = 0; t < b->table_count; t++) {
            if ((b->tables[t].kind == RP_TABLE_RESOURCE) == (pass == 0)) {
                fresh |= pass_owners(f, t);
            }
        }
    }
}

// ---- Looking up --------------------------------------------------------------------------------

// Rows that belong to no pair are found by those that belong to none either.
static uint32_t scope_of(uint32_t pair)
{
    return pair == RP_NONE ? RP_SEAL_EVERYWHERE - 1 : pair;
}

static bool add_to_index(resolver *v, rp_seal_index *index, uint32_t column, uint32_t row)
{
    const rp_facts *f = v->f;
    const rp_rec_column *c = &f->bundle->columns[column];
    if (!rp_seal_is_present(f, column, row)) {
        return true;
    }
    const rp_fact_meta *meta = &f->tables[c->table].meta[row];
    uint32_t scope = (c->flags & RP_COLUMN_UNIQUE) != 0 ? RP_SEAL_EVERYWHERE : scope_of(meta->pair);
    uint32_t id = ((const uint32_t *)f->columns[column].values)[row];
    uint32_t *at = rp_seal_index_add(index, id, scope);
    if (at == NULL) {
        return false;
    }
    if (*at == RP_MAP_NONE) {
        *at = row;
    }
    return true;
}

static bool index_column(resolver *v, uint32_t column)
{
    const rp_facts *f = v->f;
    uint32_t table = f->bundle->columns[column].table, rows = f->tables[table].rows;
    rp_seal_index *index = rp_alloc_get(f->alloc, sizeof *index);
    if (index == NULL) {
        return false;
    }
    rp_seal_index_init(index, f->alloc, rows, f->texts.count);
    v->index[column] = index;
    for (uint32_t r = 0; r < rows; r++) {
        uint32_t state = f->tables[table].meta[r].state;
        if (state != RP_ROW_DEAD && state != RP_ROW_STUB && !add_to_index(v, index, column, r)) {
            return false;
        }
    }
    return true;
}

static void free_index(resolver *v)
{
    uint32_t columns = v->f->bundle->column_count;
    for (uint32_t c = 0; v->index != NULL && c < columns; c++) {
        if (v->index[c] != NULL) {
            rp_seal_index_free(v->index[c]);
            rp_alloc_free(v->f->alloc, v->index[c], sizeof *v->index[c]);
        }
    }
    rp_alloc_free(v->f->alloc, v->index, columns * sizeof *v->index);
}

// Every column that some join names, once; keys and unique columns for tests too.
static bool make_index(resolver *v)
{
    const rp_bundle *b = v->f->bundle;
    v->index = rp_alloc_get_zero(v->f->alloc, b->column_count * sizeof *v->index);
    if (v->index == NULL) {
        return false;
    }
    for (uint32_t c = 0; c < b->column_count; c++) {
        const rp_rec_table *t = &b->tables[b->columns[c].table];
        bool target = v->f->assume_complete && t->kind == RP_TABLE_RESOURCE &&
                      (c == t->key || c == t->unique);
        for (uint32_t j = 0; j < b->join_count && !target; j++) {
            target = b->joins[j].column == c;
        }
        if (target && v->f->columns[c].known != NULL && !index_column(v, c)) {
            return false;
        }
    }
    return true;
}

bool rp_facts_refers_widely(const rp_facts *facts, uint32_t column)
{
    const rp_bundle *b = facts->bundle;
    const rp_rec_column *c = &b->columns[column];
    for (uint32_t k = 0; k < c->join_count; k++) {
        if ((b->columns[b->joins[c->first_join + k].column].flags & RP_COLUMN_UNIQUE) != 0) {
            return true;
        }
    }
    return false;
}

static uint32_t find_in(const resolver *v, uint32_t column, uint32_t pair, uint32_t text)
{
    bool unique = (v->f->bundle->columns[column].flags & RP_COLUMN_UNIQUE) != 0;
    const rp_seal_index *index = v->index[column];
    uint32_t scope = unique ? RP_SEAL_EVERYWHERE : scope_of(pair);
    return index == NULL ? RP_MAP_NONE : rp_seal_index_find(index, text, scope);
}

static uint32_t find_row(const resolver *v, const rp_rec_column *c, uint32_t pair, uint32_t text)
{
    const rp_bundle *b = v->f->bundle;
    const rp_rec_table *target = &b->tables[RP_TYPE_TABLE(c->type)];
    uint32_t row = RP_MAP_NONE;
    for (uint32_t k = 0; k < c->join_count && row == RP_MAP_NONE; k++) {
        row = find_in(v, b->joins[c->first_join + k].column, pair, text);
    }
    if (v->f->assume_complete && row == RP_MAP_NONE && target->unique != RP_NONE) {
        row = find_in(v, target->unique, pair, text);
    }
    if (v->f->assume_complete && row == RP_MAP_NONE && target->key != RP_NONE) {
        row = find_in(v, target->key, pair, text);
    }
    return row;
}

// ---- Stubs -------------------------------------------------------------------------------------

// A text that names a target which nobody listed.
typedef struct mention {
    uint32_t table, pair, text; // pair: of the row that refers to it
    bool arn;
    uint32_t account, region, home; // of the target, with its pair
} mention;

// The account and Region of a stub: those of its ARN, else of the row that refers to it.
static void find_home(rp_facts *f, mention *m)
{
    rp_arn arn;
    bool none = m->pair == RP_NONE;
    m->arn = rp_arn_parse(rp_strtab_get(&f->texts, m->text), &arn);
    m->account = none ? RP_NONE : f->pair[m->pair].account;
    m->region = none ? RP_NONE : f->pair[m->pair].region;
    if (m->arn && arn.account.len != 0) {
        m->account = rp_facts_text(f, arn.account);
    }
    if (m->arn && arn.region.len != 0) {
        m->region = rp_facts_text(f, arn.region);
    }
    m->home = m->account != RP_NONE && m->region != RP_NONE ? rp_seal_pair(f, m->account, m->region)
                                                            : m->pair;
}

static uint32_t make_stub(rp_facts *f, const mention *m)
{
    const rp_rec_table *t = &f->bundle->tables[m->table];
    bool unique = (m->arn && t->unique != RP_NONE) || t->key == RP_NONE;
    uint32_t row = rp_facts_row_add(f, m->table);
    if (row == RP_NONE) {
        return RP_NONE;
    }
    rp_fact_meta *meta = &f->tables[m->table].meta[row];
    meta->state = RP_ROW_STUB;
    meta->account = m->account;
    meta->region = m->region;
    meta->pair = m->home;
    rp_facts_set_row(f, unique ? t->unique : t->key, row, m->text);
    rp_seal_hidden(f, m->table, row);
    return f->status == RDSPOL_OK ? row : RP_NONE;
}

static uint32_t find_stub(const resolver *v, const mention *m, uint32_t pair, uint32_t text)
{
    return rp_map_find(&v->stubs, rp_map_pair(m->table, pair), text);
}

static bool note_stub(resolver *v, const mention *m, uint32_t pair, uint32_t text, uint32_t row)
{
    uint32_t *at = rp_map_add(&v->stubs, rp_map_pair(m->table, pair), text);
    if (at != NULL && *at == RP_MAP_NONE) {
        *at = row;
    }
    return at != NULL;
}

// An ARN and the key at its end name one resource: the key of a mentioned ARN, or RP_NONE.
static uint32_t key_in_arn(rp_facts *f, const mention *m)
{
    const rp_rec_table *t = &f->bundle->tables[m->table];
    if (!m->arn || t->key == RP_NONE || t->unique == RP_NONE || t->key == t->unique) {
        return RP_NONE;
    }
    return rp_seal_key_in_arn(f, rp_strtab_get(&f->texts, m->text));
}

// A row that is known by the other of its two names only learns this one.
static uint32_t twin_of(resolver *v, const mention *m, uint32_t key)
{
    rp_facts *f = v->f;
    const rp_rec_table *t = &f->bundle->tables[m->table];
    uint32_t row = key == RP_NONE ? RP_MAP_NONE : find_stub(v, m, m->home, key);
    if (row == RP_MAP_NONE || rp_seal_is_present(f, t->unique, row)) {
        return RP_MAP_NONE;
    }
    rp_facts_set_row(f, t->unique, row, m->text);
    return row;
}

static bool is_arn(const rp_facts *f, uint32_t text)
{
    return rp_str_starts(rp_strtab_get(&f->texts, text), RP_STR("arn:"));
}

// A stub that others made, or RP_MAP_NONE.
static uint32_t known_stub(const resolver *v, uint32_t table, uint32_t pair, uint32_t text)
{
    mention m = {.table = table};
    return find_stub(v, &m, is_arn(v->f, text) ? RP_NONE : pair, text);
}

// The stub of a text: one for all who mention it, within their pair unless it is an ARN.
static uint32_t stub_of(resolver *v, uint32_t table, uint32_t pair, uint32_t text)
{
    rp_facts *f = v->f;
    mention m = {.table = table, .pair = pair, .text = text};
    bool arn = is_arn(f, text);
    uint32_t key = f->bundle->tables[table].key, scope = arn ? RP_NONE : pair;
    uint32_t row = find_stub(v, &m, scope, text);
    if (row != RP_MAP_NONE) {
        if (!arn && key != RP_NONE && !rp_seal_is_present(f, key, row)) {
            rp_facts_set_row(f, key, row, text);
        }
        return row;
    }
    find_home(f, &m);
    uint32_t own_key = key_in_arn(f, &m);
    row = twin_of(v, &m, own_key);
    row = row != RP_MAP_NONE ? row : make_stub(f, &m);
    bool ok = row != RP_NONE && note_stub(v, &m, scope, text, row) &&
              (own_key == RP_NONE || note_stub(v, &m, m.home, own_key, row));
    return ok ? row : RP_NONE;
}

static bool was_supplied(const rp_facts *f, uint32_t table)
{
    const rp_rec_table *t = &f->bundle->tables[table];
    for (uint32_t i = 0; i < t->source_count; i++) {
        uint64_t key = rp_map_pair(t->first_source + i, RP_NONE);
        uint32_t at = rp_map_find(&f->answers, key, rp_map_pair(RP_NONE, RP_NONE));
        if (at != RP_MAP_NONE) {
            return f->answer[at].answered;
        }
    }
    return f->assume_complete;
}

static uint32_t lower_text(rp_facts *f, uint32_t text)
{
    rp_buf copy;
    rp_buf_init(&copy, f->alloc, SIZE_MAX);
    rp_str original = rp_strtab_get(&f->texts, text);
    char *out = rp_buf_grow(&copy, original.len);
    if (out != NULL) {
        (void)rp_text_lower(original, out);
        text = rp_facts_text(f, rp_buf_str(&copy));
    }
    rp_buf_free(&copy);
    return text;
}

static bool is_from_file(const rp_facts *f, uint32_t table)
{
    return (f->bundle->tables[table].flags & RP_TABLE_FROM_FILE) != 0;
}

// Whether a text that no target has refers to nothing: everything that there is was read.
static bool is_whole(resolver *v, const rp_rec_column *c, uint32_t pair)
{
    uint32_t target = RP_TYPE_TABLE(c->type);
    if (is_from_file(v->f, target)) {
        return was_supplied(v->f, target);
    }
    if (pair == RP_NONE) {
        return false;
    }
    if (v->listed_table != target || v->listed_pair != pair) {
        v->listed_table = target;
        v->listed_pair = pair;
        v->listed = rp_seal_listing(v->f, target, pair).answered == RP_ANSWERED_ALL;
    }
    return v->listed;
}

// Absent where that is known and the type has it, else unknown: then the value says that it is at
// least no row that there is (RP_NONE), which relations ask.
static void leads_nowhere(rp_facts *f, uint32_t column, uint32_t row, bool known)
{
    rp_fact_column *c = &f->columns[column];
    ((uint32_t *)c->values)[row] = known ? 0 : RP_NONE;
    if (c->present != NULL) {
        rp_bits_clear(c->present, row);
    }
    if (!known || c->present == NULL) {
        rp_bits_clear(c->known, row);
    }
}

// A column of references, and what is the same for all of its cells.
typedef struct reference {
    const rp_rec_column *c;
    uint32_t column, target;
    bool weak, from_file;
    bool lower; // the target's column keeps its texts in lower case
} reference;

static reference reference_of(const rp_facts *f, uint32_t column)
{
    const rp_bundle *b = f->bundle;
    const rp_rec_column *c = &b->columns[column];
    uint32_t target = RP_TYPE_TABLE(c->type);
    bool lower = c->join_count != 0 &&
                 (b->columns[b->joins[c->first_join].column].flags & RP_COLUMN_LOWER) != 0;
    bool weak = (c->flags & RP_COLUMN_WEAK) != 0;
    return (reference){c, column, target, weak, is_from_file(f, target), lower};
}

static bool resolve_cell(resolver *v, const reference *ref, uint32_t row, uint32_t pair)
{
    rp_facts *f = v->f;
    uint32_t text = ((const uint32_t *)f->columns[ref->column].values)[row];
    text = ref->lower ? lower_text(f, text) : text;
    uint32_t found = text == RP_NONE ? RP_NONE : find_row(v, ref->c, pair, text);
    if (found == RP_MAP_NONE && ref->weak && text != RP_NONE) {
        found = known_stub(v, ref->target, pair, text);
    }
    if (found == RP_MAP_NONE && (ref->weak || ref->from_file)) {
        bool whole = is_whole(v, ref->c, pair);
        if (whole || ref->weak) { // a weak reference invents no target
            leads_nowhere(f, ref->column, row, whole);
            return true;
        }
    }
    if (found == RP_MAP_NONE && text != RP_NONE) {
        found = stub_of(v, ref->target, pair, text);
    }
    if (found == RP_NONE) {
        return false;
    }
    if (f->tables[ref->target].meta[found].state == RP_ROW_PENDING) {
        f->tables[ref->target].meta[found].state = RP_ROW_STUB;
    }
    ((uint32_t *)f->columns[ref->column].values)[row] = found;
    return true;
}

// Nobody will read the cell, and it must be no text id any more.
static void clear_cell(rp_facts *f, uint32_t column, uint32_t row)
{
    ((uint32_t *)f->columns[column].values)[row] = 0;
    rp_bits_clear(f->columns[column].known, row);
    if (f->columns[column].present != NULL) {
        rp_bits_clear(f->columns[column].present, row);
    }
}

static bool resolve_column(resolver *v, uint32_t column, uint32_t rows)
{
    rp_facts *f = v->f;
    reference ref = reference_of(f, column);
    uint32_t owner_table, owner_row;
    for (uint32_t r = 0; r < rows; r++) {
        if (!rp_seal_is_present(f, column, r)) {
            continue;
        }
        if (!lives_in(f, ref.c->table, r, &owner_table, &owner_row) ||
            f->tables[owner_table].meta[owner_row].state == RP_ROW_DEAD) {
            clear_cell(f, column, r);
        } else if (!resolve_cell(v, &ref, r, f->tables[owner_table].meta[owner_row].pair)) {
            return false;
        }
    }
    return true;
}

static bool is_reference(const rp_bundle *b, uint32_t column)
{
    const rp_rec_column *c = &b->columns[column];
    return c->origin == RP_COLUMN_FACT && RP_TYPE_KIND(c->type) == RP_KIND_REF &&
           b->tables[RP_TYPE_TABLE(c->type)].kind == RP_TABLE_RESOURCE &&
           column != b->tables[c->table].region;
}

// Rows that know one of their two names only are found by the other as stubs are.
static bool note_half_named(resolver *v, uint32_t table)
{
    rp_facts *f = v->f;
    const rp_rec_table *t = &f->bundle->tables[table];
    mention m = {.table = table};
    if (t->kind != RP_TABLE_RESOURCE || t->key == RP_NONE || t->unique == RP_NONE ||
        t->key == t->unique) {
        return true;
    }
    for (uint32_t r = 0; r < f->tables[table].rows; r++) {
        const rp_fact_meta *meta = &f->tables[table].meta[r];
        bool whole = rp_seal_is_present(f, t->key, r) && rp_seal_is_present(f, t->unique, r);
        uint32_t key = whole || meta->state == RP_ROW_DEAD ? RP_NONE : rp_seal_key_of(f, table, r);
        if (key != RP_NONE && !note_stub(v, &m, meta->pair, key, r)) {
            return false;
        }
    }
    return true;
}

// Weak references come last: what others mention is there then.
static bool resolve_columns(resolver *v, uint32_t weak)
{
    const rp_bundle *b = v->f->bundle;
    for (uint32_t c = 0; c < b->column_count; c++) {
        // Stubs that are added meanwhile refer to nothing.
        bool now = is_reference(b, c) && (b->columns[c].flags & RP_COLUMN_WEAK) == weak;
        if (now && !resolve_column(v, c, v->f->tables[b->columns[c].table].rows)) {
            return false;
        }
    }
    return true;
}

static bool resolve_all(resolver *v)
{
    const rp_bundle *b = v->f->bundle;
    for (uint32_t t = 0; t < b->table_count; t++) {
        if (!note_half_named(v, t)) {
            return false;
        }
    }
    return resolve_columns(v, 0) && resolve_columns(v, RP_COLUMN_WEAK);
}

rdspol_status rp_seal_references(rp_facts *facts, rdspol_error *error)
{
    resolver v = {.f = facts, .listed_table = RP_NONE};
    rp_map_init(&v.stubs, facts->alloc);
    bool ok = alloc_owners(facts);
    if (ok) {
        find_owners(facts);
        ok = make_index(&v) && resolve_all(&v);
    }
    free_index(&v);
    rp_map_free(&v.stubs);
    return ok ? RDSPOL_OK : rp_seal_no_memory(error);
}
