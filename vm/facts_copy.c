// Rows like others of the same builder, with all that they hold.
//
// Must not know why: what is copied are cells and lists, not reasons.
#include "vm/base/bits.h"
#include "vm/facts.h"
#include "vm/plan.h"

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
    if (rp_bundle_is_record(f->bundle, type)) {
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
    uint32_t first = f->tables[table].rows;
    if (!rp_facts_reserve(f, table, count)) {
        return RP_NONE;
    }
    f->tables[table].rows += count;
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
