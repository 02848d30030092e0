// Making and filling an index.
#include "vm/seal_index.h"

enum { ROWS_WORTH_AN_ARRAY = 1024 };

void rp_seal_index_init(rp_seal_index *index, rp_alloc alloc, uint32_t row_count,
                        uint32_t text_count)
{
    index->text_count = 0;
    index->places = NULL;
    rp_map_init(&index->others, alloc);
    if (row_count >= ROWS_WORTH_AN_ARRAY && row_count >= text_count / 16) {
        index->places = rp_alloc_get_zero(alloc, text_count * sizeof *index->places);
    }
    if (index->places != NULL) {
        index->text_count = text_count;
    }
}

void rp_seal_index_free(rp_seal_index *index)
{
    rp_alloc_free(index->others.alloc, index->places, index->text_count * sizeof *index->places);
    index->places = NULL;
    index->text_count = 0;
    rp_map_free(&index->others);
}

uint32_t *rp_seal_index_add(rp_seal_index *index, uint32_t text, uint32_t scope)
{
    if (text >= index->text_count) {
        return rp_map_add(&index->others, scope, text);
    }
    rp_seal_place *place = &index->places[text];
    if (place->scope == 0) {
        *place = (rp_seal_place){scope + 1, RP_MAP_NONE};
    }
    return place->scope == scope + 1 ? &place->row : rp_map_add(&index->others, scope, text);
}
