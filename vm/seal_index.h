// Which row has a text in a column, within a scope.
//
// The one idea: texts that were read one after the other have ids one after the other, so a large
// column is found by an array with a place for each text, which the processor reads ahead. A place
// holds the first scope that used its text; a map holds all others, and everything of small
// columns.
#ifndef RP_VM_SEAL_INDEX_H
#define RP_VM_SEAL_INDEX_H

#include "vm/base/map.h"

typedef struct rp_seal_place {
    uint32_t scope; // and 1; 0: free
    uint32_t row;
} rp_seal_place;

// The scope of texts that name one row everywhere. Others are smaller.
#define RP_SEAL_EVERYWHERE 0xfffffffeu

typedef struct rp_seal_index {
    rp_seal_place *places; // by text id below `text_count`, or NULL
    uint32_t text_count;
    rp_map others; // (scope, text) -> row
} rp_seal_index;

// An index of a column with so many rows, while there are so many texts. Without memory for the
// array the map serves alone.
void rp_seal_index_init(rp_seal_index *index, rp_alloc alloc, uint32_t row_count,
                        uint32_t text_count);
void rp_seal_index_free(rp_seal_index *index);
// The place of the row of a text, which is RP_MAP_NONE if the text is new in its scope; NULL if
// memory ran out. The place is good until the next call.
uint32_t *rp_seal_index_add(rp_seal_index *index, uint32_t text, uint32_t scope);

// The row of a text, or RP_MAP_NONE.
static inline uint32_t rp_seal_index_find(const rp_seal_index *index, uint32_t text, uint32_t scope)
{
    if (text < index->text_count) {
        const rp_seal_place *place = &index->places[text];
        if (place->scope == scope + 1 || place->scope == 0) {
            return place->scope == 0 ? RP_MAP_NONE : place->row;
        }
    }
    return rp_map_find(&index->others, scope, text);
}

#endif
