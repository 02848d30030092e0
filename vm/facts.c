// Building facts: growing columns, texts, reasons and answers.
//
// The one idea: all columns of a table grow together, so setting a cell is one store and one bit.
// Memory that runs out is remembered; after that nothing happens any more. Sealing is in seal.c.
#include "vm/facts.h"

#include "vm/base/bits.h"
#include "vm/base/buf.h"
#include "vm/base/checked.h"
#include "vm/plan.h"

#define FIRST_ROWS 64u
#define LARGE_ROWS 4096u
#define MAX_ROWS (1u << 30)
#define NO_MEMORY(f) ((void)((f)->status = RDSPOL_NO_MEMORY))

static bool is_bool(const rp_facts *f, uint32_t column)
{
    return RP_TYPE_KIND(f->bundle->columns[column].type) == RP_KIND_BOOL;
}

static bool has_present(const rp_facts *f, uint32_t column)
{
    return is_bool(f, column) || RP_TYPE_OPTIONAL(f->bundle->columns[column].type);
}

// Columns that facts hold; the others are the run's.
static bool is_fact(const rp_facts *f, uint32_t column)
{
    return f->bundle->columns[column].origin == RP_COLUMN_FACT;
}

// The same of lists, by their kind.
static bool is_kept_list(uint32_t kind)
{
    return kind == RP_LIST_FACT || kind == RP_LIST_MAP;
}

static void *zeroed(rp_facts *f, size_t size)
{
    void *block = rp_alloc_get(f->alloc, size);
    if (block != NULL) {
        memset(block, 0, size);
    }
    return block;
}

rdspol_status rp_facts_new(rp_facts **out, const rp_bundle *bundle, rp_alloc alloc)
{
    alloc = rp_alloc_or_libc(alloc);
    *out = NULL;
    rp_facts *f = rp_alloc_get(alloc, sizeof *f);
    if (f == NULL) {
        return RDSPOL_NO_MEMORY;
    }
    memset(f, 0, sizeof *f);
    f->bundle = bundle;
    f->alloc = alloc;
    f->region_table = RP_NONE;
    rp_strtab_init(&f->texts, alloc);
    rp_strtab_init(&f->files, alloc);
    rp_map_init(&f->reasons, alloc);
    rp_map_init(&f->answers, alloc);
    rp_map_init(&f->pairs, alloc);
    rp_map_init(&f->audited, alloc);
    f->tables = zeroed(f, bundle->table_count * sizeof *f->tables);
    f->columns = zeroed(f, bundle->column_count * sizeof *f->columns);
    f->lists = zeroed(f, bundle->list_count * sizeof *f->lists);
    if (f->tables == NULL || f->columns == NULL || f->lists == NULL) {
        rp_facts_free(f);
        return RDSPOL_NO_MEMORY;
    }
    for (uint32_t t = 0; t < bundle->table_count; t++) {
        if ((bundle->tables[t].flags & RP_TABLE_REGION) != 0) {
            f->region_table = t;
        }
    }
    *out = f;
    return RDSPOL_OK;
}

// Bytes of arrays for a capacity: a word and 64 values may be read from any row.
static size_t plane_size(uint32_t capacity)
{
    return capacity == 0 ? 0 : ((size_t)capacity / 64 + 2) * sizeof(uint64_t);
}

static size_t array_size(uint32_t capacity, size_t element)
{
    return capacity == 0 ? 0 : ((size_t)capacity + 64) * element;
}

static size_t element_size(const rp_facts *f, uint32_t column)
{
    return rp_plan_value_size(RP_TYPE_KIND(f->bundle->columns[column].type));
}

// Arrays in the order in which they grow: where growing stopped half-way, the first ones have the
// capacity that was wanted.
typedef struct freeing {
    rp_facts *f;
    uint32_t capacity, wanted, grown;
} freeing;

static uint32_t next_capacity(freeing *of, const void *block)
{
    bool larger = block != NULL && of->grown > 0;
    of->grown -= larger;
    return larger ? of->wanted : of->capacity;
}

static void free_array(freeing *of, void *block, size_t size)
{
    uint32_t capacity = next_capacity(of, size == 0 ? NULL : block);
    rp_alloc_free(of->f->alloc, block, array_size(capacity, size));
}

static void free_plane(freeing *of, void *block)
{
    uint32_t capacity = next_capacity(of, block);
    rp_alloc_free(of->f->alloc, block, plane_size(capacity));
}

static void free_table(rp_facts *f, uint32_t table)
{
    const rp_rec_table *t = &f->bundle->tables[table];
    rp_fact_table *rows = &f->tables[table];
    freeing of = {f, rows->capacity, rows->wanted, rows->grown};
    for (uint32_t c = t->first_column; c < t->first_column + t->column_count; c++) {
        free_array(&of, f->columns[c].values, element_size(f, c));
        free_plane(&of, f->columns[c].known);
        free_plane(&of, f->columns[c].present);
    }
    for (uint32_t l = t->first_list; l < t->first_list + t->list_count; l++) {
        free_array(&of, f->lists[l].begin, sizeof(uint32_t));
        free_array(&of, f->lists[l].end, sizeof(uint32_t));
        free_plane(&of, f->lists[l].complete);
    }
    free_array(&of, rows->meta, sizeof(rp_fact_meta));
    free_plane(&of, rows->judged);
    free_array(&of, rows->owner_table, sizeof(uint32_t));
    free_array(&of, rows->owner_row, sizeof(uint32_t));
}

void rp_facts_drop(rp_facts *facts, uint32_t table)
{
    const rp_rec_table *t = &facts->bundle->tables[table];
    free_table(facts, table);
    memset(&facts->tables[table], 0, sizeof facts->tables[table]);
    for (uint32_t c = t->first_column; c < t->first_column + t->column_count; c++) {
        memset(&facts->columns[c], 0, sizeof facts->columns[c]);
    }
    for (uint32_t l = t->first_list; l < t->first_list + t->list_count; l++) {
        memset(&facts->lists[l], 0, sizeof facts->lists[l]);
    }
}

// What lies in the caller's bytes is not ours to free.
static void forget_borrowed(rp_facts *f)
{
    for (uint32_t t = 0; t < f->bundle->table_count; t++) {
        f->tables[t] = (rp_fact_table){0};
    }
    for (uint32_t c = 0; c < f->bundle->column_count; c++) {
        f->columns[c] = (rp_fact_column){0};
    }
    for (uint32_t l = 0; l < f->bundle->list_count; l++) {
        f->lists[l] = (rp_fact_list){0};
    }
    f->texts.slots = NULL;
    f->texts.slot_mask = 0;
    f->reasons.slots = f->answers.slots = f->pairs.slots = f->audited.slots = NULL;
}

void rp_facts_free(rp_facts *facts)
{
    if (facts == NULL) {
        return;
    }
    if (facts->borrows) {
        forget_borrowed(facts);
    }
    const rp_bundle *b = facts->bundle;
    rp_alloc alloc = facts->alloc;
    for (uint32_t t = 0; t < b->table_count; t++) {
        if (facts->tables != NULL && facts->columns != NULL && facts->lists != NULL) {
            free_table(facts, t);
        }
    }
    rp_alloc_free(alloc, facts->tables, b->table_count * sizeof *facts->tables);
    rp_alloc_free(alloc, facts->columns, b->column_count * sizeof *facts->columns);
    rp_alloc_free(alloc, facts->lists, b->list_count * sizeof *facts->lists);
    rp_alloc_free(alloc, facts->reason, facts->reason_capacity * sizeof *facts->reason);
    rp_alloc_free(alloc, facts->answer, facts->answer_capacity * sizeof *facts->answer);
    rp_alloc_free(alloc, facts->pair, facts->pair_capacity * sizeof *facts->pair);
    rp_alloc_free(alloc, facts->listing, facts->listing_count * sizeof *facts->listing);
    rp_strtab_free(&facts->texts);
    rp_strtab_free(&facts->files);
    rp_map_free(&facts->reasons);
    rp_map_free(&facts->answers);
    rp_map_free(&facts->pairs);
    rp_map_free(&facts->audited);
    rp_alloc_free(alloc, facts, sizeof *facts);
}

rdspol_status rp_facts_status(const rp_facts *facts)
{
    return facts->status;
}

uint32_t rp_facts_text(rp_facts *facts, rp_str text)
{
    uint32_t id = rp_strtab_add(&facts->texts, text);
    if (id == RP_STRTAB_NONE) {
        NO_MEMORY(facts);
    }
    return id;
}

uint32_t rp_facts_file(rp_facts *facts, rp_str name)
{
    uint32_t id = rp_strtab_add(&facts->files, name);
    if (id == RP_STRTAB_NONE) {
        NO_MEMORY(facts);
    }
    return id;
}

// ---- Growing -----------------------------------------------------------------------------------

static bool grow(rp_facts *f, rp_fact_table *rows, void **block, size_t old_size, size_t new_size)
{
    unsigned char *bytes = rp_alloc_resize(f->alloc, *block, old_size, new_size);
    if (bytes == NULL) {
        return false;
    }
    if (new_size > old_size) {
        memset(bytes + old_size, 0, new_size - old_size);
    }
    *block = bytes;
    rows->grown++;
    return true;
}

static bool grow_plane(rp_facts *f, rp_fact_table *rows, uint64_t **plane)
{
    void *block = *plane;
    bool ok = grow(f, rows, &block, plane_size(rows->capacity), plane_size(rows->wanted));
    *plane = block;
    return ok;
}

static bool grow_array(rp_facts *f, rp_fact_table *rows, void **block, size_t size)
{
    return grow(f, rows, block, array_size(rows->capacity, size), array_size(rows->wanted, size));
}

static bool grow_ids(rp_facts *f, rp_fact_table *rows, uint32_t **ids)
{
    void *block = *ids;
    bool ok = grow_array(f, rows, &block, sizeof **ids);
    *ids = block;
    return ok;
}

static bool grow_column(rp_facts *f, rp_fact_table *rows, uint32_t c)
{
    rp_fact_column *column = &f->columns[c];
    size_t size = element_size(f, c);
    if (!is_fact(f, c)) {
        return true;
    }
    if (column->values != NULL && !grow_array(f, rows, &column->values, size)) {
        return false;
    }
    return grow_plane(f, rows, &column->known) &&
           (!has_present(f, c) || grow_plane(f, rows, &column->present));
}

static bool grow_list(rp_facts *f, rp_fact_table *rows, uint32_t l)
{
    rp_fact_list *list = &f->lists[l];
    if (!is_kept_list(f->bundle->lists[l].kind)) {
        return true;
    }
    return grow_ids(f, rows, &list->begin) && grow_ids(f, rows, &list->end) &&
           grow_plane(f, rows, &list->complete);
}

// To the capacity that is wanted. If this fails half-way, the first `grown` arrays have it, and
// free_table tells the allocator so.
static bool resize_table(rp_facts *f, uint32_t table)
{
    const rp_rec_table *t = &f->bundle->tables[table];
    rp_fact_table *rows = &f->tables[table];
    bool ok = true;
    for (uint32_t c = t->first_column; ok && c < t->first_column + t->column_count; c++) {
        ok = grow_column(f, rows, c);
    }
    for (uint32_t l = t->first_list; ok && l < t->first_list + t->list_count; l++) {
        ok = grow_list(f, rows, l);
    }
    if (ok && t->kind == RP_TABLE_RESOURCE) {
        void *block = rows->meta;
        ok = grow_array(f, rows, &block, sizeof *rows->meta);
        rows->meta = block;
    }
    if (ok) {
        rows->capacity = rows->wanted;
        rows->grown = 0;
    }
    return ok;
}

// If this fails, the builder is dead.
static bool grow_table(rp_facts *f, uint32_t table)
{
    rp_fact_table *rows = &f->tables[table];
    // Large tables grow by half: what is reserved is memory that was written to.
    uint32_t old = rows->capacity, more = old < LARGE_ROWS ? old : old / 2;
    rows->wanted = old == 0 ? FIRST_ROWS : (old + more) / 64 * 64;
    return rows->wanted <= MAX_ROWS && resize_table(f, table);
}

bool rp_facts_reserve(rp_facts *facts, uint32_t table, uint32_t count)
{
    rp_fact_table *rows = &facts->tables[table];
    bool ok = facts->status == RDSPOL_OK && count <= MAX_ROWS - rows->rows;
    while (ok && rows->capacity - rows->rows < count) {
        ok = grow_table(facts, table);
    }
    if (!ok) {
        NO_MEMORY(facts);
    }
    return ok;
}

void rp_facts_shrink(rp_facts *facts, uint32_t table)
{
    rp_fact_table *rows = &facts->tables[table];
    rows->wanted = (rows->rows + 63) / 64 * 64;
    if (rows->capacity >= LARGE_ROWS && rows->wanted < rows->capacity) {
        (void)resize_table(facts, table); // what could not be made smaller stays as it is
    }
}

uint32_t rp_facts_row_add(rp_facts *facts, uint32_t table)
{
    rp_fact_table *rows = &facts->tables[table];
    if (facts->status != RDSPOL_OK) {
        return RP_NONE;
    }
    if (rows->rows == rows->capacity && !grow_table(facts, table)) {
        NO_MEMORY(facts);
        return RP_NONE;
    }
    if (rows->meta != NULL) {
        rp_fact_meta *meta = &rows->meta[rows->rows];
        meta->account = meta->region = meta->pair = meta->viewer = RP_NONE;
        meta->place.file = RP_NONE;
    }
    return rows->rows++;
}

uint32_t rp_facts_row_count(const rp_facts *facts, uint32_t table)
{
    return facts->tables[table].rows;
}

static rp_fact_meta *meta_of(rp_facts *f, uint32_t table, uint32_t row)
{
    return row == RP_NONE || f->tables[table].meta == NULL ? NULL : &f->tables[table].meta[row];
}

void rp_facts_row_source(rp_facts *facts, uint32_t table, uint32_t row, uint32_t source)
{
    rp_fact_meta *meta = meta_of(facts, table, row);
    if (meta != NULL) {
        meta->sources |= (uint64_t)1 << (source - facts->bundle->tables[table].first_source);
    }
}

void rp_facts_row_scope(rp_facts *facts, uint32_t table, uint32_t row, uint32_t account,
                        uint32_t region)
{
    rp_fact_meta *meta = meta_of(facts, table, row);
    if (meta != NULL) {
        meta->account = account;
        meta->region = region;
    }
}

void rp_facts_row_place(rp_facts *facts, uint32_t table, uint32_t row, const rp_place *place)
{
    rp_fact_meta *meta = meta_of(facts, table, row);
    if (meta != NULL) {
        meta->place = *place;
    }
}

// ---- Cells -------------------------------------------------------------------------------------

static bool is_dead_cell(const rp_facts *f, uint32_t column, uint32_t row)
{
    return row == RP_NONE || f->columns[column].known == NULL;
}

static inline void mark_present(rp_facts *f, uint32_t column, uint32_t row)
{
    rp_bits_set(f->columns[column].known, row);
    if (f->columns[column].present != NULL) {
        rp_bits_set(f->columns[column].present, row);
    }
}

void rp_facts_set_bool(rp_facts *facts, uint32_t column, uint32_t row, bool value)
{
    if (!is_dead_cell(facts, column, row)) {
        rp_bits_put(facts->columns[column].present, row, value);
        rp_bits_put(facts->columns[column].known, row, !value);
    }
}

// The values of a column that is not bool, made for the first of them: many columns never have one.
// NULL if memory ran out.
static void *make_values(rp_facts *f, uint32_t column)
{
    uint32_t capacity = f->tables[f->bundle->columns[column].table].capacity;
    if (f->status == RDSPOL_OK) {
        f->columns[column].values = zeroed(f, array_size(capacity, element_size(f, column)));
        f->status = f->columns[column].values == NULL ? RDSPOL_NO_MEMORY : RDSPOL_OK;
    }
    return f->columns[column].values;
}

static inline void *values_of(rp_facts *f, uint32_t column)
{
    void *values = f->columns[column].values;
    return values != NULL ? values : make_values(f, column);
}

void *rp_facts_values(rp_facts *facts, uint32_t column)
{
    return values_of(facts, column);
}

static inline void set_id(rp_facts *f, uint32_t column, uint32_t row, uint32_t id)
{
    bool sets = !is_dead_cell(f, column, row) && id != RP_NONE;
    uint32_t *values = sets ? values_of(f, column) : NULL;
    if (values != NULL) {
        values[row] = id;
        mark_present(f, column, row);
    }
}

void rp_facts_set_int(rp_facts *facts, uint32_t column, uint32_t row, int64_t value)
{
    if (RP_TYPE_KIND(facts->bundle->columns[column].type) == RP_KIND_FLOAT) {
        rp_facts_set_float(facts, column, row, (double)value);
        return;
    }
    int64_t *values = is_dead_cell(facts, column, row) ? NULL : values_of(facts, column);
    if (values != NULL) {
        values[row] = value;
        mark_present(facts, column, row);
    }
}

void rp_facts_set_float(rp_facts *facts, uint32_t column, uint32_t row, double value)
{
    double *values = is_dead_cell(facts, column, row) ? NULL : values_of(facts, column);
    if (values != NULL) {
        values[row] = value;
        mark_present(facts, column, row);
    }
}

void rp_facts_set_row(rp_facts *facts, uint32_t column, uint32_t row, uint32_t target)
{
    set_id(facts, column, row, target);
}

void rp_facts_set_absent(rp_facts *facts, uint32_t column, uint32_t row)
{
    if (is_dead_cell(facts, column, row) || facts->columns[column].present == NULL) {
        return;
    }
    rp_bits_set(facts->columns[column].known, row);
    if (is_bool(facts, column)) {
        rp_bits_set(facts->columns[column].present, row);
    } else {
        rp_bits_clear(facts->columns[column].present, row);
        unsigned char *values = facts->columns[column].values;
        size_t size = values == NULL ? 0 : element_size(facts, column);
        for (size_t i = 0; i < size; i++) {
            values[row * size + i] = 0;
        }
    }
}

static uint32_t lowered(rp_facts *f, rp_str text)
{
    rp_buf copy;
    rp_buf_init(&copy, f->alloc, SIZE_MAX);
    char *out = rp_buf_grow(&copy, text.len);
    uint32_t id = RP_NONE;
    if (out != NULL) {
        (void)rp_text_lower(text, out);
        id = rp_facts_text(f, rp_str_make(out, text.len));
    } else {
        NO_MEMORY(f);
    }
    rp_buf_free(&copy);
    return id;
}

static void set_cidr(rp_facts *f, uint32_t column, uint32_t row, rp_str text)
{
    rp_cidr range;
    char canonical[RP_TEXT_MAX];
    if (!rp_cidr_parse(text, &range)) {
        rp_facts_set_unknown(f, column, row, RDSPOL_REASON_UNPARSABLE, rp_facts_text(f, text));
        return;
    }
    size_t size = rp_cidr_print(&range, canonical);
    set_id(f, column, row, rp_facts_text(f, rp_str_make(canonical, size)));
}

static void set_time(rp_facts *f, uint32_t column, uint32_t row, rp_str text)
{
    int64_t ms;
    if (rp_time_parse(text, &ms)) {
        rp_facts_set_int(f, column, row, ms);
    } else {
        rp_facts_set_unknown(f, column, row, RDSPOL_REASON_UNPARSABLE, rp_facts_text(f, text));
    }
}

static bool set_number(rp_facts *f, uint32_t column, uint32_t row, rp_kind kind, rp_str text)
{
    int64_t value;
    double number;
    if (kind == RP_KIND_BOOL) {
        bool yes = rp_str_equal(text, RP_STR("true"));
        if (yes || rp_str_equal(text, RP_STR("false"))) {
            rp_facts_set_bool(f, column, row, yes);
            return true;
        }
        return false;
    }
    if (kind == RP_KIND_FLOAT) {
        if (!rp_text_parse_float(text, &number)) {
            return false;
        }
        rp_facts_set_float(f, column, row, number);
        return true;
    }
    if (kind == RP_KIND_INT ? !rp_text_parse_int(text, &value) : !rp_duration_parse(text, &value)) {
        return false;
    }
    rp_facts_set_int(f, column, row, value);
    return true;
}

bool rp_facts_set_text(rp_facts *facts, uint32_t column, uint32_t row, rp_str text)
{
    const rp_rec_column *c = &facts->bundle->columns[column];
    rp_kind kind = RP_TYPE_KIND(c->type);
    switch (kind) {
    case RP_KIND_BOOL:
    case RP_KIND_INT:
    case RP_KIND_FLOAT:
    case RP_KIND_DURATION: return set_number(facts, column, row, kind, text);
    case RP_KIND_TIME: set_time(facts, column, row, text); return true;
    case RP_KIND_CIDR: set_cidr(facts, column, row, text); return true;
    case RP_KIND_VERSION:
        if (!rp_version_is_valid(text)) {
            rp_facts_set_unknown(facts, column, row, RDSPOL_REASON_UNPARSABLE,
                                 rp_facts_text(facts, text));
            return true;
        }
        break;
    case RP_KIND_STRING:
    case RP_KIND_REF:
    case RP_KIND_COVER:
    case RP_KIND_LISTTEXT:
    case RP_KIND_NONE:
    case RP_KIND_COUNT: break;
    }
    bool lower = (c->flags & RP_COLUMN_LOWER) != 0;
    set_id(facts, column, row, lower ? lowered(facts, text) : rp_facts_text(facts, text));
    return true;
}

// ---- Reasons and lists -------------------------------------------------------------------------

static bool reserve(rp_facts *f, void **block, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity) {
        return true;
    }
    uint32_t fresh = *capacity == 0 ? 16 : *capacity * 2;
    void *bytes = rp_alloc_resize(f->alloc, *block, *capacity * size, fresh * size);
    if (bytes == NULL) {
        NO_MEMORY(f);
        return false;
    }
    *block = bytes;
    *capacity = fresh;
    return true;
}

void rp_facts_add_reason(rp_facts *f, uint32_t field, uint32_t row, rdspol_reason reason,
                         uint32_t detail)
{
    if (row == RP_NONE || reason == RDSPOL_REASON_NONE) {
        return;
    }
    void *block = f->reason;
    if (!reserve(f, &block, f->reason_count, &f->reason_capacity, sizeof *f->reason)) {
        return;
    }
    f->reason = block;
    uint32_t *at = rp_map_add(&f->reasons, field, row);
    if (at == NULL) {
        NO_MEMORY(f);
        return;
    }
    if (*at == RP_MAP_NONE) {
        *at = f->reason_count++;
    }
    f->reason[*at].reason = reason;
    f->reason[*at].detail = detail;
}

void rp_facts_set_unknown(rp_facts *facts, uint32_t column, uint32_t row, rdspol_reason reason,
                          uint32_t detail)
{
    if (is_dead_cell(facts, column, row)) {
        return;
    }
    rp_bits_clear(facts->columns[column].known, row);
    if (facts->columns[column].present != NULL) {
        rp_bits_clear(facts->columns[column].present, row);
    }
    rp_facts_add_reason(facts, column, row, reason, detail);
}

void rp_facts_set_list(rp_facts *facts, uint32_t list, uint32_t row, uint32_t begin, uint32_t end,
                       bool complete)
{
    rp_fact_list *l = &facts->lists[list];
    if (row == RP_NONE || l->begin == NULL || begin == RP_NONE || end == RP_NONE) {
        return;
    }
    l->begin[row] = begin == end ? 0 : begin;
    l->end[row] = begin == end ? 0 : end;
    rp_bits_put(l->complete, row, complete);
}

void rp_facts_list_unknown(rp_facts *facts, uint32_t list, uint32_t row, rdspol_reason reason,
                           uint32_t detail)
{
    if (row != RP_NONE && facts->lists[list].begin != NULL) {
        rp_bits_clear(facts->lists[list].complete, row);
        rp_facts_add_reason(facts, ~list, row, reason, detail);
    }
}

// ---- What an answer left out -------------------------------------------------------------------

static bool is_fed(const rp_bundle *b, uint32_t table, uint64_t mask, uint32_t source)
{
    if (source == RP_NONE) {
        return true;
    }
    return (mask >> (source - b->tables[table].first_source) & 1u) != 0;
}

static bool column_fed(const rp_bundle *b, uint32_t column, uint32_t source)
{
    return is_fed(b, b->columns[column].table, b->fed_by[column], source);
}

static bool list_fed(const rp_bundle *b, uint32_t list, uint32_t source)
{
    return is_fed(b, b->lists[list].owner, b->fed_by[b->column_count + list], source);
}

bool rp_facts_column_fed(const rp_facts *facts, uint32_t column, uint32_t source)
{
    return column_fed(facts->bundle, column, source);
}

bool rp_facts_list_fed(const rp_facts *facts, uint32_t list, uint32_t source)
{
    return list_fed(facts->bundle, list, source);
}

static void set_default(rp_facts *f, uint32_t column, uint32_t row, uint32_t constant)
{
    const rp_bundle *b = f->bundle;
    uint64_t bits = rp_bundle_const_bits(b, constant);
    int64_t value;
    double number;
    memcpy(&value, &bits, sizeof value);
    memcpy(&number, &bits, sizeof number);
    switch (RP_TYPE_KIND(b->columns[column].type)) {
    case RP_KIND_BOOL: rp_facts_set_bool(f, column, row, bits != 0); break;
    case RP_KIND_INT:
    case RP_KIND_TIME:
    case RP_KIND_DURATION: rp_facts_set_int(f, column, row, value); break;
    case RP_KIND_FLOAT: rp_facts_set_float(f, column, row, number); break;
    default:
        (void)rp_facts_set_text(f, column, row, rp_bundle_text(b, b->consts[constant].lo));
        break;
    }
}

static void fill_column(rp_facts *f, uint32_t column, uint32_t row, rp_fill mode)
{
    const rp_rec_column *c = &f->bundle->columns[column];
    if (mode == RP_FILL_QUERY_CUT) {
        rp_facts_set_unknown(f, column, row, RDSPOL_REASON_NOT_SUPPLIED, RP_NONE);
    } else if (c->fallback != RP_NONE) {
        set_default(f, column, row, c->fallback);
    } else if (RP_TYPE_OPTIONAL(c->type)) {
        rp_facts_set_absent(f, column, row);
    }
}

static void fill_list(rp_facts *f, uint32_t list, uint32_t row, rp_fill mode)
{
    bool empty = (f->bundle->lists[list].flags & RP_LIST_EMPTY) != 0;
    if (mode == RP_FILL_QUERY_CUT) {
        rp_facts_list_unknown(f, list, row, RDSPOL_REASON_NOT_SUPPLIED, RP_NONE);
    } else if (empty || mode == RP_FILL_TEST) {
        rp_facts_set_list(f, list, row, 0, 0, true);
    }
}

static bool column_touched(const rp_facts *f, uint32_t column, uint32_t row)
{
    const rp_fact_column *c = &f->columns[column];
    return rp_bits_get(c->known, row) || (c->present != NULL && rp_bits_get(c->present, row)) ||
           rp_map_find(&f->reasons, column, row) != RP_MAP_NONE;
}

static bool list_touched(const rp_facts *f, uint32_t list, uint32_t row)
{
    const rp_fact_list *l = &f->lists[list];
    return rp_bits_get(l->complete, row) || l->begin[row] != l->end[row] ||
           rp_map_find(&f->reasons, ~list, row) != RP_MAP_NONE;
}

// Account and Region of a row are filled by sealing, not by answers.
static bool is_hidden(const rp_rec_table *t, uint32_t column)
{
    return column == t->region || (column == t->account && t->kind == RP_TABLE_RESOURCE);
}

void rp_facts_fillable(const rp_bundle *bundle, uint32_t table, uint32_t source, uint64_t *bits)
{
    const rp_rec_table *t = &bundle->tables[table];
    for (uint32_t i = 0; i < t->column_count; i++) {
        uint32_t column = t->first_column + i;
        bool fact = bundle->columns[column].origin == RP_COLUMN_FACT && !is_hidden(t, column);
        rp_bits_put(bits, i, fact && column_fed(bundle, column, source));
    }
    for (uint32_t i = 0; i < t->list_count; i++) {
        uint32_t list = t->first_list + i;
        rp_bits_put(bits, t->column_count + i,
                    is_kept_list(bundle->lists[list].kind) && list_fed(bundle, list, source));
    }
}

void rp_facts_fill(rp_facts *facts, uint32_t table, uint32_t row, const uint64_t *bits,
                   rp_fill mode)
{
    const rp_rec_table *t = &facts->bundle->tables[table];
    size_t words = rp_bits_words((size_t)t->column_count + t->list_count);
    for (size_t w = 0; row != RP_NONE && w < words; w++) {
        for (uint64_t left = bits[w]; left != 0; left &= left - 1) {
            uint32_t i = (uint32_t)w * RP_WORD_BITS + rp_bits_lowest(left);
            if (i < t->column_count) {
                fill_column(facts, t->first_column + i, row, mode);
            } else {
                fill_list(facts, t->first_list + i - t->column_count, row, mode);
            }
        }
    }
}

void rp_facts_fill_missing(rp_facts *facts, uint32_t table, uint32_t row, rp_fill mode)
{
    const rp_rec_table *t = &facts->bundle->tables[table];
    if (row == RP_NONE) {
        return;
    }
    for (uint32_t c = t->first_column; c < t->first_column + t->column_count; c++) {
        if (is_fact(facts, c) && !is_hidden(t, c) && !column_touched(facts, c, row)) {
            fill_column(facts, c, row, mode);
        }
    }
    for (uint32_t l = t->first_list; l < t->first_list + t->list_count; l++) {
        if (facts->lists[l].begin != NULL && !list_touched(facts, l, row)) {
            fill_list(facts, l, row, mode);
        }
    }
}

// ---- Answers -----------------------------------------------------------------------------------

// Of several answers to one question: cut stays cut, and an answer outweighs a failure.
static void join_answer(rp_fact_answer *old, const rp_fact_answer *fresh)
{
    old->cut |= fresh->cut;
    if (!old->answered && !fresh->answered) {
        old->why = fresh->why;
    }
    old->answered |= fresh->answered;
}

void rp_facts_add_answer(rp_facts *f, const rp_fact_answer *answer)
{
    void *block = f->answer;
    if (!reserve(f, &block, f->answer_count, &f->answer_capacity, sizeof *f->answer)) {
        return;
    }
    f->answer = block;
    uint32_t *at = rp_map_add(&f->answers, rp_map_pair(answer->source, answer->argument),
                              rp_map_pair(answer->account, answer->region));
    if (at == NULL) {
        NO_MEMORY(f);
    } else if (*at == RP_MAP_NONE) {
        *at = f->answer_count;
        f->answer[f->answer_count++] = *answer;
    } else {
        join_answer(&f->answer[*at], answer);
    }
}

void rp_facts_answer(rp_facts *facts, uint32_t source, uint32_t argument, uint32_t account,
                     uint32_t region, bool cut, rdspol_reason reason, uint32_t detail)
{
    rp_fact_answer answer = {source, argument,        account, region, reason == RDSPOL_REASON_NONE,
                             cut,    {reason, detail}};
    rp_facts_add_answer(facts, &answer);
}

void rp_facts_scope_add(rp_facts *facts, uint32_t account, uint32_t region)
{
    void *block = facts->pair;
    if (!reserve(facts, &block, facts->pair_count, &facts->pair_capacity, sizeof *facts->pair)) {
        return;
    }
    facts->pair = block;
    uint32_t *at = rp_map_add(&facts->pairs, account, region);
    if (at == NULL) {
        NO_MEMORY(facts);
        return;
    }
    if (*at == RP_MAP_NONE) {
        *at = facts->pair_count;
        rp_pair pair = {account, region, true};
        facts->pair[facts->pair_count++] = pair;
    }
    facts->pair[*at].scanned = true;
    rp_facts_audited_add(facts, account);
}

void rp_facts_audited_add(rp_facts *facts, uint32_t account)
{
    if (account == RP_NONE) {
        return;
    }
    uint32_t *at = rp_map_add(&facts->audited, account, 0);
    if (at == NULL) {
        NO_MEMORY(facts);
    } else {
        *at = 1;
    }
}

// Answers are looked up by account only after sealing, which makes their map anew.
void rp_facts_default_account(rp_facts *facts, uint32_t account)
{
    for (uint32_t t = 0; t < facts->bundle->table_count; t++) {
        rp_fact_meta *meta = facts->tables[t].meta;
        for (uint32_t r = 0; meta != NULL && r < facts->tables[t].rows; r++) {
            meta[r].account = meta[r].account == RP_NONE ? account : meta[r].account;
        }
    }
    for (uint32_t i = 0; i < facts->answer_count; i++) {
        rp_fact_answer *a = &facts->answer[i];
        a->account = a->account == RP_NONE ? account : a->account;
    }
}

void rp_facts_assume_complete(rp_facts *facts)
{
    facts->assume_complete = true;
}

void rp_facts_later_counts(rp_facts *facts)
{
    facts->later_counts = true;
}
