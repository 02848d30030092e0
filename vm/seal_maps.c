// Sealing: of equal keys of a map the first counts (language.md 9), for look-ups and quantifiers.
//
// The one idea: a stamp for each text remembers the last list that had it as a key, so that one
// pass over the entries finds the second of two. There hardly ever is one.
#include "vm/seal.h"

static void drop_later(rp_facts *f, uint32_t list, uint32_t row, uint32_t *stamps)
{
    rp_fact_list *l = &f->lists[list];
    uint32_t element = f->bundle->lists[list].element;
    uint32_t key = f->bundle->tables[element].first_column, kept = l->begin[row];
    const uint32_t *ids = f->columns[key].values;
    for (uint32_t e = l->begin[row]; e < l->end[row]; e++) {
        if (rp_seal_is_present(f, key, e)) {
            if (stamps[ids[e]] == row + 1) {
                continue;
            }
            stamps[ids[e]] = row + 1;
        }
        if (kept != e) {
            rp_seal_copy_row(f, element, kept, e);
        }
        kept++;
    }
    l->end[row] = kept;
}

rdspol_status rp_seal_maps(rp_facts *facts, rdspol_error *error)
{
    const rp_bundle *b = facts->bundle;
    size_t size = facts->texts.count * sizeof(uint32_t);
    uint32_t *stamps = rp_alloc_get(facts->alloc, size);
    if (stamps == NULL && size != 0) {
        return rp_seal_no_memory(error);
    }
    for (uint32_t l = 0; l < b->list_count; l++) {
        uint32_t rows = b->lists[l].owner == RP_NONE ? 0 : facts->tables[b->lists[l].owner].rows;
        if (b->lists[l].kind != RP_LIST_MAP || facts->lists[l].begin == NULL) {
            continue;
        }
        memset(stamps, 0, size);
        for (uint32_t r = 0; r < rows; r++) {
            drop_later(facts, l, r, stamps);
        }
    }
    rp_alloc_free(facts->alloc, stamps, size);
    return facts->status == RDSPOL_OK ? RDSPOL_OK : rp_seal_no_memory(error);
}
