// Facts through the public header: rows and fields by name, texts by the type of the field.
//
// A thin layer over the builder for hosts without files. Names are looked up at each call; readers
// use vm/facts.h. Every number that a host passes is checked.
#include "vm/facts.h"

#include "vm/base/bits.h"

rdspol_status rdspol_facts_new(rdspol_facts **out, const rdspol_bundle *bundle,
                               const rdspol_facts_opts *opts, rdspol_error *error)
{
    rp_alloc alloc = {NULL, NULL};
    if (opts != NULL) {
        alloc.fn = opts->alloc;
        alloc.ctx = opts->alloc_ctx;
    }
    rdspol_status status = rp_facts_new(out, bundle, alloc);
    return status == RDSPOL_OK ? status : rp_error_set(error, status, NULL, "out of memory");
}

void rdspol_facts_free(rdspol_facts *facts)
{
    rp_facts_free(facts);
}

static uint32_t text_or_none(rp_facts *f, rp_str text)
{
    return text.len == 0 ? RP_NONE : rp_facts_text(f, text);
}

rdspol_status rdspol_facts_scope(rdspol_facts *facts, rdspol_str account, rdspol_str region)
{
    if (facts->sealed) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    rp_facts_scope_add(facts, text_or_none(facts, account), text_or_none(facts, region));
    return facts->status;
}

void rdspol_facts_assume_complete(rdspol_facts *facts)
{
    rp_facts_assume_complete(facts);
}

rdspol_status rdspol_facts_listed(rdspol_facts *facts, rdspol_str kind, rdspol_str account,
                                  rdspol_str region, int cut, rdspol_reason reason,
                                  rdspol_str detail)
{
    uint32_t table = rp_bundle_find_table(facts->bundle, kind);
    if (facts->sealed || table == RP_NONE) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    const rp_rec_table *t = &facts->bundle->tables[table];
    for (uint32_t s = t->first_source; s < t->first_source + t->source_count; s++) {
        if (facts->bundle->sources[s].kind != RP_SOURCE_GROUP) {
            rp_facts_answer(facts, s, RP_NONE, text_or_none(facts, account),
                            text_or_none(facts, region), cut != 0, reason,
                            text_or_none(facts, detail));
            return facts->status;
        }
    }
    return RDSPOL_INVALID_ARGUMENT;
}

rdspol_status rdspol_facts_add(rdspol_facts *facts, rdspol_str kind, rdspol_str account,
                               rdspol_str region, uint32_t *row)
{
    uint32_t table = rp_bundle_find_table(facts->bundle, kind);
    if (facts->sealed || table == RP_NONE) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    *row = rp_facts_row_add(facts, table);
    rp_facts_row_scope(facts, table, *row, text_or_none(facts, account),
                       text_or_none(facts, region));
    return facts->status;
}

typedef struct field {
    uint32_t table, column, list;
} field;

// The field of a row; false if there is no such table, row or field.
static bool find_field(const rp_facts *f, rp_str kind, uint32_t row, rp_str name, field *out)
{
    out->table = rp_bundle_find_table(f->bundle, kind);
    if (f->sealed || out->table == RP_NONE || row >= rp_facts_row_count(f, out->table)) {
        return false;
    }
    out->column = rp_bundle_find_column(f->bundle, out->table, name);
    out->list = rp_bundle_find_list(f->bundle, out->table, name);
    return true;
}

static bool find_column(const rp_facts *f, rp_str kind, uint32_t row, rp_str name, field *out)
{
    return find_field(f, kind, row, name, out) && out->column != RP_NONE &&
           f->bundle->columns[out->column].origin == RP_COLUMN_FACT;
}

static bool find_list(const rp_facts *f, rp_str kind, uint32_t row, rp_str name, uint32_t list_kind,
                      field *out)
{
    return find_field(f, kind, row, name, out) && out->list != RP_NONE &&
           f->bundle->lists[out->list].kind == list_kind;
}

static bool is_record(const rp_facts *f, uint32_t column)
{
    return rp_bundle_is_record(f->bundle, f->bundle->columns[column].type);
}

rdspol_status rdspol_facts_set(rdspol_facts *facts, rdspol_str kind, uint32_t row, rdspol_str name,
                               rdspol_str value)
{
    field at;
    if (!find_column(facts, kind, row, name, &at) || is_record(facts, at.column) ||
        !rp_facts_set_text(facts, at.column, row, value)) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    return facts->status;
}

rdspol_status rdspol_facts_absent(rdspol_facts *facts, rdspol_str kind, uint32_t row,
                                  rdspol_str name)
{
    field at;
    if (!find_column(facts, kind, row, name, &at) ||
        !RP_TYPE_OPTIONAL(facts->bundle->columns[at.column].type)) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    rp_facts_set_absent(facts, at.column, row);
    return facts->status;
}

rdspol_status rdspol_facts_unknown(rdspol_facts *facts, rdspol_str kind, uint32_t row,
                                   rdspol_str name, rdspol_reason reason, rdspol_str detail)
{
    field at;
    if (!find_field(facts, kind, row, name, &at)) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    if (at.column != RP_NONE) {
        rp_facts_set_unknown(facts, at.column, row, reason, text_or_none(facts, detail));
    } else if (at.list != RP_NONE) {
        rp_facts_list_unknown(facts, at.list, row, reason, text_or_none(facts, detail));
    } else {
        return RDSPOL_INVALID_ARGUMENT;
    }
    return facts->status;
}

// Adds texts as rows of an element table: `width` columns each.
static bool add_elements(rp_facts *f, uint32_t table, const rp_str *values, size_t count,
                         uint32_t width, uint32_t *begin, uint32_t *end)
{
    uint32_t first = f->bundle->tables[table].first_column;
    *begin = *end = rp_facts_row_count(f, table);
    for (size_t i = 0; i < count; i++) {
        uint32_t row = rp_facts_row_add(f, table);
        for (uint32_t c = 0; c < width; c++) {
            if (row == RP_NONE || !rp_facts_set_text(f, first + c, row, values[i * width + c])) {
                return false;
            }
        }
        *end = row + 1;
    }
    return true;
}

static rdspol_status set_elements(rp_facts *f, uint32_t list, uint32_t row, const rp_str *values,
                                  size_t count, uint32_t width, int complete)
{
    uint32_t element = f->bundle->lists[list].element, begin, end;
    if (f->bundle->tables[element].column_count < width ||
        is_record(f, f->bundle->tables[element].first_column + width - 1)) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    if (!add_elements(f, element, values, count, width, &begin, &end)) {
        return f->status != RDSPOL_OK ? f->status : RDSPOL_INVALID_ARGUMENT;
    }
    rp_facts_set_list(f, list, row, begin, end, complete != 0);
    return f->status;
}

rdspol_status rdspol_facts_list(rdspol_facts *facts, rdspol_str kind, uint32_t row, rdspol_str name,
                                const rdspol_str *values, size_t count, int complete)
{
    field at;
    if (!find_list(facts, kind, row, name, RP_LIST_FACT, &at) ||
        facts->bundle->tables[facts->bundle->lists[at.list].element].kind != RP_TABLE_ELEMENTS) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    return set_elements(facts, at.list, row, values, count, 1, complete);
}

rdspol_status rdspol_facts_map(rdspol_facts *facts, rdspol_str kind, uint32_t row, rdspol_str name,
                               const rdspol_str *values, size_t count, int complete)
{
    field at;
    if (!find_list(facts, kind, row, name, RP_LIST_MAP, &at)) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    return set_elements(facts, at.list, row, values, count, 2, complete);
}

rdspol_status rdspol_facts_record_map(rdspol_facts *facts, rdspol_str kind, uint32_t row,
                                      rdspol_str name, const rdspol_str *keys, const uint32_t *rows,
                                      size_t count, int complete)
{
    field at;
    if (!find_list(facts, kind, row, name, RP_LIST_MAP, &at)) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    uint32_t element = facts->bundle->lists[at.list].element;
    uint32_t key = facts->bundle->tables[element].first_column;
    uint32_t begin = rp_facts_row_count(facts, element);
    if (!is_record(facts, key + 1)) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t entry = rp_facts_row_add(facts, element);
        (void)rp_facts_set_text(facts, key, entry, keys[i]);
        rp_facts_set_row(facts, key + 1, entry, rows[i]);
    }
    rp_facts_set_list(facts, at.list, row, begin, begin + (uint32_t)count, complete != 0);
    return facts->status;
}

rdspol_status rdspol_facts_rows(rdspol_facts *facts, rdspol_str kind, uint32_t row, rdspol_str name,
                                uint32_t first, uint32_t count, int complete)
{
    field at;
    if (!find_field(facts, kind, row, name, &at)) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    if (at.column != RP_NONE && is_record(facts, at.column)) {
        uint32_t target = RP_TYPE_TABLE(facts->bundle->columns[at.column].type);
        if (first >= rp_facts_row_count(facts, target)) {
            return RDSPOL_INVALID_ARGUMENT;
        }
        rp_facts_set_row(facts, at.column, row, first);
        return facts->status;
    }
    if (at.list == RP_NONE || facts->bundle->lists[at.list].kind != RP_LIST_FACT) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    uint32_t rows = rp_facts_row_count(facts, facts->bundle->lists[at.list].element);
    if (first > rows || count > rows - first) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    rp_facts_set_list(facts, at.list, row, first, first + count, complete != 0);
    return facts->status;
}

rdspol_status rdspol_facts_complete(rdspol_facts *facts, rdspol_str kind, uint32_t row)
{
    field at;
    if (!find_field(facts, kind, row, rp_str_make("", 0), &at)) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    rp_facts_fill_missing(facts, at.table, row, RP_FILL_TEST);
    return facts->status;
}

rdspol_status rdspol_facts_seal(rdspol_facts *facts, rdspol_error *error)
{
    return rp_facts_seal(facts, error);
}
