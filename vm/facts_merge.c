// Merging builders: what several threads, or several answers, were read into becomes one.
//
// Tables are appended one by one, ids of texts and rows shifted. Must not look at what rows say.
#include "vm/base/bits.h"
#include "vm/facts.h"
#include "vm/plan.h"

typedef struct merge {
    rp_facts *dst, *src;
    uint32_t text_count, file_count;
    uint32_t *text; // id in src -> id in dst
    uint32_t *file;
    uint32_t *first; // per table: rows of dst before
} merge;

void rp_facts_trim(rp_facts *facts)
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
            dst->status = RDSPOL_NO_MEMORY;
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
    bool rows = rp_bundle_is_record(m->dst->bundle, type);
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
    size_t size = rp_plan_value_size(RP_TYPE_KIND(m->dst->bundle->columns[column].type));
    if (from->known == NULL || count == 0) {
        return;
    }
    append_plane(to->known, from->known, first, count);
    if (to->present != NULL) {
        append_plane(to->present, from->present, first, count);
    }
    unsigned char *values = from->values == NULL ? NULL : rp_facts_values(m->dst, column);
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

static bool append_table(const merge *m, uint32_t t)
{
    const rp_rec_table *table = &m->dst->bundle->tables[t];
    uint32_t first = m->first[t], count = m->src->tables[t].rows;
    if (!rp_facts_reserve(m->dst, t, count)) {
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
    rp_facts_drop(m->src, t); // both builders at once would be twice as much
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
        rp_facts_add_reason(m->dst, field, (uint32_t)slot->b + m->first[table], reason->reason,
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
        rp_facts_add_answer(m->dst, &answer);
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
        dst->status = RDSPOL_NO_MEMORY;
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
