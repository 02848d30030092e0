// Sealing: the rows of the region table.
//
// Row i is pair i, in the order of the pairs' texts; what readers and hosts wrote into the table
// are fragments, as of any other resource. They name pairs first; when the pairs are sorted, each
// gives the row of its pair what it knows:
//
//     fragments | pairs          rows 0 .. n-1 | n .. n+p-1
//               | pairs          merged into the second part,
//     pairs                      which then moves to the front
#include "vm/seal.h"

#include "vm/plan.h"

// The pairs that fragments name. One that knows its Region only waits for the account of the
// others.
void rp_seal_region_pairs(rp_facts *f)
{
    if (f->region_table == RP_NONE) {
        return;
    }
    const rp_rec_table *t = &f->bundle->tables[f->region_table];
    rp_fact_table *rows = &f->tables[f->region_table];
    for (uint32_t r = 0; r < rows->rows; r++) {
        rp_fact_meta *meta = &rows->meta[r];
        if (t->account != RP_NONE && rp_seal_is_present(f, t->account, r)) {
            meta->account = rp_facts_cell_id(f, t->account, r);
        }
        if (rp_seal_is_present(f, t->key, r)) {
            meta->region = rp_facts_cell_id(f, t->key, r);
        }
        if (meta->region != RP_NONE && (meta->account != RP_NONE || meta->sources == 0)) {
            rp_facts_scope_add(f, meta->account, meta->region);
        }
    }
}

// The row of a pair, at the end of the table.
bool rp_seal_region_add(rp_facts *f, uint32_t pair)
{
    if (f->region_table == RP_NONE) {
        return true;
    }
    uint32_t row = rp_facts_row_add(f, f->region_table);
    if (row == RP_NONE) {
        return false;
    }
    const rp_rec_table *t = &f->bundle->tables[f->region_table];
    rp_fact_meta *meta = &f->tables[f->region_table].meta[row];
    const rp_pair *p = &f->pair[pair];
    meta->account = p->account;
    meta->region = p->region;
    meta->pair = pair;
    meta->state = p->scanned ? RP_ROW_REAL : RP_ROW_STUB;
    if (p->region != RP_NONE) {
        rp_facts_set_row(f, t->key, row, p->region);
    }
    if (t->account != RP_NONE && p->account != RP_NONE) {
        rp_facts_set_row(f, t->account, row, p->account);
    }
    if (t->region != RP_NONE) {
        rp_facts_set_row(f, t->region, row, pair);
    }
    return f->status == RDSPOL_OK;
}

static uint32_t pair_of_fragment(const rp_facts *f, uint32_t row, const rp_pair *fallback)
{
    const rp_fact_meta *meta = &f->tables[f->region_table].meta[row];
    uint32_t account = meta->account, region = meta->region;
    if (account == RP_NONE) {
        account = fallback->account;
        region = region == RP_NONE ? fallback->region : region;
    }
    uint32_t pair = rp_map_find(&f->pairs, account, region);
    return pair != RP_MAP_NONE ? pair : rp_map_find(&f->pairs, meta->account, meta->region);
}

static void clear_row(rp_facts *f, uint32_t row)
{
    const rp_rec_table *t = &f->bundle->tables[f->region_table];
    for (uint32_t c = t->first_column; c < t->first_column + t->column_count; c++) {
        rp_fact_column *column = &f->columns[c];
        size_t size = rp_plan_value_size(RP_TYPE_KIND(f->bundle->columns[c].type));
        if (column->known != NULL) {
            rp_bits_clear(column->known, row);
        }
        if (column->present != NULL) {
            rp_bits_clear(column->present, row);
        }
        if (column->values != NULL && size != 0) {
            memset((unsigned char *)column->values + row * size, 0, size);
        }
    }
    for (uint32_t l = t->first_list; l < t->first_list + t->list_count; l++) {
        rp_fact_list *list = &f->lists[l];
        if (list->begin != NULL) {
            list->begin[row] = list->end[row] = 0;
            rp_bits_clear(list->complete, row);
        }
    }
    memset(&f->tables[f->region_table].meta[row], 0, sizeof(rp_fact_meta));
}

static void move_row(rp_facts *f, uint32_t to, uint32_t from)
{
    rp_seal_copy_row(f, f->region_table, to, from);
    f->tables[f->region_table].meta[to] = f->tables[f->region_table].meta[from];
}

rdspol_status rp_seal_region_rows(rp_facts *f, const rp_pair *fallback, rdspol_error *error)
{
    uint32_t table = f->region_table, pairs = f->pair_count;
    uint32_t fragments = table == RP_NONE ? 0 : f->tables[table].rows;
    for (uint32_t p = 0; p < pairs; p++) {
        if (!rp_seal_region_add(f, p)) {
            return rp_seal_no_memory(error);
        }
    }
    for (uint32_t r = 0; r < fragments; r++) {
        uint32_t pair = pair_of_fragment(f, r, fallback);
        if (pair != RP_MAP_NONE) {
            RP_TRY(rp_seal_merge_rows(f, table, fragments + pair, r, error));
        }
    }
    for (uint32_t p = 0; fragments != 0 && p < pairs; p++) {
        move_row(f, p, fragments + p);
    }
    for (uint32_t r = pairs; fragments != 0 && r < fragments + pairs; r++) {
        clear_row(f, r);
    }
    if (table != RP_NONE) {
        f->tables[table].rows = pairs;
    }
    return f->status == RDSPOL_OK ? RDSPOL_OK : rp_seal_no_memory(error);
}
