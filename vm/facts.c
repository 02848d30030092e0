// Building facts: growing columns, texts, reasons and answers; merging builders.
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

static void add_reason(rp_facts *f, uint32_t field, uint32_t row, rdspol_reason reason,
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
    add_reason(facts, column, row, reason, detail);
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
        add_reason(facts, ~list, row, reason, detail);
    }
}

// ---- Copying rows ------------------------------------------------------------------------------

static inline bool is_record(const rp_facts *f, uint32_t type)
{
    return RP_TYPE_KIND(type) == RP_KIND_REF &&
           f->bundle->tables[RP_TYPE_TABLE(type)].kind != RP_TABLE_RESOURCE;
}

static inline void copy_bits(uint64_t *plane, uint32_t to, uint32_t from, uint32_t count)
{
    for (; count != 0; count--, to++, from++) {
        plane[to / RP_WORD_BITS] |= (uint64_t)rp_bits_get(plane, from) << (to % RP_WORD_BITS);
    }
}

static void copy_records(rp_facts *f, uint32_t column, uint32_t to, uint32_t from, uint32_t count)
{
    const rp_fact_column *c = &f->columns[column];
    const uint64_t *known = c->present != NULL ? c->present : c->known;
    uint32_t target = RP_TYPE_TABLE(f->bundle->columns[column].type);
    for (uint32_t i = 0; i < count; i++) {
        if (rp_bits_get(known, from + i)) {
            uint32_t inner = rp_facts_rows_copy(f, target, ((uint32_t *)c->values)[from + i], 1);
            ((uint32_t *)c->values)[to + i] = inner == RP_NONE ? 0 : inner;
        }
    }
}

// The new rows' bits and values are zero so far. A cell that is not known has no value.
static void copy_cells(rp_facts *f, uint32_t column, uint32_t to, uint32_t from, uint32_t count)
{
    const rp_fact_column *c = &f->columns[column];
    uint32_t type = f->bundle->columns[column].type;
    copy_bits(c->known, to, from, count);
    if (c->present != NULL) {
        copy_bits(c->present, to, from, count);
    }
    if (c->values == NULL) {
        return;
    }
    if (is_record(f, type)) {
        copy_records(f, column, to, from, count);
    } else if (rp_plan_value_size(RP_TYPE_KIND(type)) == sizeof(uint32_t)) {
        uint32_t *values = c->values;
        for (uint32_t i = 0; i < count; i++) {
            values[to + i] = values[from + i];
        }
    } else {
        uint64_t *values = c->values;
        for (uint32_t i = 0; i < count; i++) {
            values[to + i] = values[from + i];
        }
    }
}

static void copy_list(rp_facts *f, uint32_t list, uint32_t to, uint32_t from)
{
    const rp_fact_list *l = &f->lists[list];
    uint32_t begin = l->begin[from], count = l->end[from] - begin;
    if (count != 0) {
        begin = rp_facts_rows_copy(f, f->bundle->lists[list].element, begin, count);
    }
    if (begin != RP_NONE) {
        l->begin[to] = begin;
        l->end[to] = begin + count;
        copy_bits(l->complete, to, from, 1);
    }
}

// Rows of elements or records; the first one.
static uint32_t add_rows(rp_facts *f, uint32_t table, uint32_t count)
{
    rp_fact_table *rows = &f->tables[table];
    uint32_t first = rows->rows;
    if (f->status != RDSPOL_OK) {
        return RP_NONE;
    }
    while (rows->capacity - first < count) {
        if (!grow_table(f, table)) {
            NO_MEMORY(f);
            return RP_NONE;
        }
    }
    rows->rows += count;
    return first;
}

uint32_t rp_facts_rows_copy(rp_facts *facts, uint32_t table, uint32_t from, uint32_t count)
{
    const rp_rec_table *t = &facts->bundle->tables[table];
    uint32_t to = add_rows(facts, table, count);
    if (to == RP_NONE) {
        return RP_NONE;
    }
    for (uint32_t c = t->first_column; c < t->first_column + t->column_count; c++) {
        if (facts->columns[c].known != NULL) {
            copy_cells(facts, c, to, from, count);
        }
    }
    for (uint32_t l = t->first_list; l < t->first_list + t->list_count; l++) {
        for (uint32_t i = 0; i < count && facts->lists[l].begin != NULL; i++) {
            copy_list(facts, l, to + i, from + i);
        }
    }
    return to;
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

static void add_answer(rp_facts *f, const rp_fact_answer *answer)
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
    add_answer(facts, &answer);
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

// ---- Merging builders --------------------------------------------------------------------------

typedef struct merge {
    rp_facts *dst, *src;
    uint32_t text_count, file_count;
    uint32_t *text; // id in src -> id in dst
    uint32_t *file;
    uint32_t *first; // per table: rows of dst before
} merge;

void rp_facts_close(rp_facts *facts)
{
    rp_strtab_finish(&facts->texts);
    rp_strtab_trim(&facts->texts);
    for (uint32_t t = 0; t < facts->bundle->table_count; t++) {
        rp_facts_shrink(facts, t);
    }
}

static uint32_t map_id(const uint32_t *map, uint32_t id)
{
    return id == RP_NONE ? RP_NONE : map[id];
}

static uint32_t *map_texts(rp_facts *dst, const rp_strtab *from, rp_strtab *to)
{
    uint32_t *map = rp_alloc_get(dst->alloc, from->count * sizeof *map);
    for (uint32_t i = 0; map != NULL && i < from->count; i++) {
        map[i] = rp_strtab_add(to, rp_strtab_get(from, i));
        if (map[i] == RP_STRTAB_NONE) {
            NO_MEMORY(dst);
            map[i] = 0;
        }
    }
    return map;
}

// Bits of `src` behind `count` are zero, and `dst` has a word more than it needs.
static void append_plane(uint64_t *dst, const uint64_t *src, uint32_t first, uint32_t count)
{
    uint64_t *to = dst + first / RP_WORD_BITS;
    uint32_t shift = first % RP_WORD_BITS;
    for (size_t w = 0; w < rp_bits_words(count); w++) {
        to[w] |= src[w] << shift;
        to[w + 1] |= shift == 0 ? 0 : src[w] >> (RP_WORD_BITS - shift);
    }
}

// Texts and references to resources are text ids; references to records are rows.
static void append_ids(const merge *m, uint32_t column, uint32_t first, uint32_t count)
{
    uint32_t type = m->dst->bundle->columns[column].type;
    uint32_t *to = m->dst->columns[column].values;
    const uint32_t *from = m->src->columns[column].values;
    const uint64_t *known = m->src->columns[column].present != NULL
                                ? m->src->columns[column].present
                                : m->src->columns[column].known;
    uint32_t target = RP_TYPE_TABLE(type);
    bool rows = RP_TYPE_KIND(type) == RP_KIND_REF &&
                m->dst->bundle->tables[target].kind != RP_TABLE_RESOURCE;
    for (uint32_t r = 0; r < count; r++) {
        if (rp_bits_get(known, r)) {
            to[first + r] = rows ? m->first[target] + from[r] : m->text[from[r]];
        }
    }
}

static void append_column(const merge *m, uint32_t column, uint32_t first, uint32_t count)
{
    rp_fact_column *to = &m->dst->columns[column];
    const rp_fact_column *from = &m->src->columns[column];
    size_t size = element_size(m->dst, column);
    if (from->known == NULL || count == 0) {
        return;
    }
    append_plane(to->known, from->known, first, count);
    if (to->present != NULL) {
        append_plane(to->present, from->present, first, count);
    }
    unsigned char *values = from->values == NULL ? NULL : values_of(m->dst, column);
    if (values == NULL) {
        return;
    }
    if (size == 4) {
        append_ids(m, column, first, count);
    } else {
        memcpy(values + first * size, from->values, count * size);
    }
}

static void append_list(const merge *m, uint32_t list, uint32_t first, uint32_t count)
{
    rp_fact_list *to = &m->dst->lists[list];
    const rp_fact_list *from = &m->src->lists[list];
    if (from->begin == NULL) {
        return;
    }
    uint32_t shift = m->first[m->dst->bundle->lists[list].element];
    for (uint32_t r = 0; r < count; r++) {
        to->begin[first + r] = from->begin[r] + shift;
        to->end[first + r] = from->end[r] + shift;
    }
    append_plane(to->complete, from->complete, first, count);
}

static void append_meta(const merge *m, uint32_t table, uint32_t first, uint32_t count)
{
    for (uint32_t r = 0; r < count && m->src->tables[table].meta != NULL; r++) {
        rp_fact_meta *meta = &m->dst->tables[table].meta[first + r];
        *meta = m->src->tables[table].meta[r];
        meta->account = map_id(m->text, meta->account);
        meta->region = map_id(m->text, meta->region);
        meta->place.file = map_id(m->file, meta->place.file);
    }
}

static bool reserve_rows(const merge *m, uint32_t table)
{
    rp_fact_table *rows = &m->dst->tables[table];
    uint32_t fresh = m->src->tables[table].rows;
    if (fresh > MAX_ROWS - rows->rows) {
        return false;
    }
    while (rows->capacity < rows->rows + fresh) {
        if (!grow_table(m->dst, table)) {
            return false;
        }
    }
    return true;
}

// The memory of a table that was appended: both builders at once would be twice as much.
static void drop_table(rp_facts *f, uint32_t table)
{
    const rp_rec_table *t = &f->bundle->tables[table];
    free_table(f, table);
    memset(&f->tables[table], 0, sizeof f->tables[table]);
    for (uint32_t c = t->first_column; c < t->first_column + t->column_count; c++) {
        memset(&f->columns[c], 0, sizeof f->columns[c]);
    }
    for (uint32_t l = t->first_list; l < t->first_list + t->list_count; l++) {
        memset(&f->lists[l], 0, sizeof f->lists[l]);
    }
}

static bool append_table(const merge *m, uint32_t t)
{
    const rp_rec_table *table = &m->dst->bundle->tables[t];
    uint32_t first = m->first[t], count = m->src->tables[t].rows;
    if (!reserve_rows(m, t)) {
        return false;
    }
    for (uint32_t i = 0; i < table->column_count; i++) {
        append_column(m, table->first_column + i, first, count);
    }
    for (uint32_t i = 0; i < table->list_count; i++) {
        append_list(m, table->first_list + i, first, count);
    }
    append_meta(m, t, first, count);
    m->dst->tables[t].rows += count;
    drop_table(m->src, t);
    return true;
}

static bool append_rows(const merge *m)
{
    uint32_t tables = m->dst->bundle->table_count;
    for (uint32_t t = 0; t < tables; t++) {
        m->first[t] = m->dst->tables[t].rows;
    }
    for (uint32_t t = 0; t < tables; t++) {
        if (!append_table(m, t)) {
            return false;
        }
    }
    return true;
}

static void append_reasons(const merge *m)
{
    const rp_bundle *b = m->dst->bundle;
    const rp_map *map = &m->src->reasons;
    for (uint32_t i = 0; map->slots != NULL && i <= map->mask; i++) {
        const rp_map_slot *slot = &map->slots[i];
        if (slot->used == 0) {
            continue;
        }
        uint32_t field = (uint32_t)slot->a;
        uint32_t table = field < b->column_count ? b->columns[field].table : b->lists[~field].owner;
        const rp_fact_reason *reason = &m->src->reason[slot->value];
        add_reason(m->dst, field, (uint32_t)slot->b + m->first[table], reason->reason,
                   map_id(m->text, reason->detail));
    }
}

static void append_answers(const merge *m)
{
    for (uint32_t i = 0; i < m->src->answer_count; i++) {
        rp_fact_answer answer = m->src->answer[i];
        answer.argument = map_id(m->text, answer.argument);
        answer.account = map_id(m->text, answer.account);
        answer.region = map_id(m->text, answer.region);
        answer.why.detail = map_id(m->text, answer.why.detail);
        add_answer(m->dst, &answer);
    }
    for (uint32_t i = 0; i < m->src->pair_count; i++) {
        rp_facts_scope_add(m->dst, map_id(m->text, m->src->pair[i].account),
                           map_id(m->text, m->src->pair[i].region));
    }
    const rp_map *audited = &m->src->audited;
    for (uint32_t i = 0; audited->slots != NULL && i <= audited->mask; i++) {
        if (audited->slots[i].used != 0) {
            rp_facts_audited_add(m->dst, m->text[audited->slots[i].a]);
        }
    }
}

rdspol_status rp_facts_merge(rp_facts *dst, rp_facts *src)
{
    uint32_t tables = dst->bundle->table_count;
    merge m = {.dst = dst, .src = src};
    m.text_count = src->texts.count;
    m.file_count = src->files.count;
    m.text = map_texts(dst, &src->texts, &dst->texts);
    m.file = map_texts(dst, &src->files, &dst->files);
    m.first = rp_alloc_get(dst->alloc, tables * sizeof *m.first);
    bool ok = m.text != NULL && m.file != NULL && m.first != NULL && src->status == RDSPOL_OK &&
              dst->status == RDSPOL_OK;
    rp_strtab_free(&src->texts);
    if (!ok || !append_rows(&m)) {
        NO_MEMORY(dst);
    } else {
        append_reasons(&m);
        append_answers(&m);
        dst->assume_complete |= src->assume_complete;
        dst->later_counts |= src->later_counts;
    }
    src->status = RDSPOL_INVALID_ARGUMENT; // it was emptied: to be freed
    rp_alloc_free(dst->alloc, m.text, m.text_count * sizeof *m.text);
    rp_alloc_free(dst->alloc, m.file, m.file_count * sizeof *m.file);
    rp_alloc_free(dst->alloc, m.first, tables * sizeof *m.first);
    return dst->status;
}
