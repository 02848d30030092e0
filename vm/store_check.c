// Whether facts from outside are sound: the only defence between their bytes and the machine, which
// follows indices without looking.
#include "vm/store.h"

#include "vm/base/bits.h"
#include "vm/exec.h"

// Elements of all rows of one list together, against the rows that there are: lists of one type may
// share rows where answers about one resource were merged, but not without end.
enum { MAX_SHARING = 16 };

// ---- Arrays ------------------------------------------------------------------------------------

RP_WIDE static bool all_below(const uint32_t *values, size_t count, uint32_t limit)
{
    uint32_t bad = 0;
    for (size_t i = 0; i < count; i++) bad |= (uint32_t)(values[i] >= limit);
    return bad == 0;
}

RP_WIDE static bool all_zero(const uint64_t *words, size_t count)
{
    uint64_t any = 0;
    for (size_t i = 0; i < count; i++) any |= words[i];
    return any == 0;
}

RP_WIDE static bool all_finite(const uint64_t *bits, size_t count)
{
    const uint64_t exponent = UINT64_C(0x7ff) << 52;
    uint64_t bad = 0;
    for (size_t i = 0; i < count; i++) bad |= (uint64_t)((bits[i] & exponent) == exponent);
    return bad == 0;
}

RP_WIDE static bool implies(const uint64_t *present, const uint64_t *known, size_t words)
{
    uint64_t bad = 0;
    for (size_t i = 0; i < words; i++) bad |= present[i] & ~known[i];
    return bad == 0;
}

static bool below_or_none(uint32_t value, uint32_t limit)
{
    return value < limit || value == RP_NONE;
}

// Bits behind the last row, and the word behind the last one, are zero.
static bool plane_ends(const uint64_t *plane, uint32_t rows)
{
    size_t words = (size_t)rows / RP_WORD_BITS;
    uint64_t tail = plane[words] >> (rows % RP_WORD_BITS);
    return tail == 0 && plane[words + 1] == 0;
}

// ---- Columns -----------------------------------------------------------------------------------

// Zero stands behind what is not known; it is an index as good as any where there are rows, and is
// not followed where there are none.
static uint32_t limit_of(const rp_facts *f, const rp_rec_column *c)
{
    uint32_t type = c->type, count = f->texts.count;
    if (RP_TYPE_KIND(type) == RP_KIND_REF) count = f->tables[RP_TYPE_TABLE(type)].rows;
    return count == 0 ? 1 : count;
}

static bool nothing_known(const rp_fact_column *c, uint32_t rows)
{
    const uint64_t *plane = c->present != NULL ? c->present : c->known;
    return all_zero(plane, rp_bits_words(rows));
}

// A weak reference that is not known may say that it is no row that there is: RP_NONE.
static bool weak_is_sound(const rp_fact_column *c, uint32_t rows, uint32_t limit)
{
    const uint32_t *values = c->values;
    uint32_t bad = 0;
    for (uint32_t r = 0; r < rows; r++) {
        bool open = values[r] == RP_NONE && !rp_bits_get(c->known, r);
        bad |= (uint32_t)(values[r] >= limit && !open);
    }
    return bad == 0 && all_below(values + rows, 64, limit);
}

static bool reference_is_sound(const rp_facts *f, uint32_t column, uint32_t rows)
{
    const rp_rec_column *c = &f->bundle->columns[column];
    const rp_fact_column *x = &f->columns[column];
    bool empty = f->tables[RP_TYPE_TABLE(c->type)].rows == 0;
    bool weak = (c->flags & RP_COLUMN_WEAK) != 0;
    uint32_t limit = limit_of(f, c);
    return (weak ? weak_is_sound(x, rows, limit)
                 : all_below(x->values, (size_t)rows + 64, limit)) &&
           (!empty || nothing_known(x, rows));
}

static bool values_are_sound(const rp_facts *f, uint32_t column, uint32_t rows)
{
    const rp_rec_column *c = &f->bundle->columns[column];
    const rp_fact_column *x = &f->columns[column];
    size_t count = (size_t)rows + 64;
    if (x->values == NULL && RP_TYPE_KIND(c->type) != RP_KIND_BOOL) {
        return nothing_known(x, rows);
    }
    switch (RP_TYPE_KIND(c->type)) {
    case RP_KIND_BOOL:
    case RP_KIND_INT:
    case RP_KIND_TIME:
    case RP_KIND_DURATION: return true;
    case RP_KIND_FLOAT: return all_finite(x->values, count);
    case RP_KIND_REF: return reference_is_sound(f, column, rows);
    case RP_KIND_STRING:
    case RP_KIND_CIDR:
    case RP_KIND_VERSION:
    case RP_KIND_LISTTEXT:
        return all_below(x->values, count, limit_of(f, c)) &&
               (f->texts.count != 0 || nothing_known(x, rows));
    default: return false;
    }
}

static bool column_is_sound(const rp_facts *f, uint32_t column)
{
    const rp_rec_column *c = &f->bundle->columns[column];
    const rp_fact_column *x = &f->columns[column];
    uint32_t rows = f->tables[c->table].rows;
    bool boolean = RP_TYPE_KIND(c->type) == RP_KIND_BOOL;
    if (rows == 0 || x->known == NULL) return true;
    bool ends = plane_ends(x->known, rows) && (x->present == NULL || plane_ends(x->present, rows));
    bool implied =
        boolean || x->present == NULL || implies(x->present, x->known, rp_bits_words(rows));
    return ends && implied && values_are_sound(f, column, rows);
}

// ---- Lists -------------------------------------------------------------------------------------

RP_WIDE static bool ranges_are_sound(const uint32_t *begin, const uint32_t *end, size_t rows,
                                     uint32_t elements, uint64_t *total)
{
    uint32_t bad = 0;
    uint64_t sum = 0;
    for (size_t i = 0; i < rows; i++) {
        bad |= (uint32_t)(begin[i] > end[i]) | (uint32_t)(end[i] > elements);
        sum += end[i] - begin[i];
    }
    *total = sum;
    return bad == 0;
}

static bool list_is_sound(const rp_facts *f, uint32_t list)
{
    const rp_rec_list *l = &f->bundle->lists[list];
    const rp_fact_list *x = &f->lists[list];
    uint64_t total;
    if (x->begin == NULL || l->owner == RP_NONE) return x->begin == NULL;
    uint32_t rows = f->tables[l->owner].rows, elements = f->tables[l->element].rows;
    return ranges_are_sound(x->begin, x->end, (size_t)rows + 64, elements, &total) &&
           total <= (uint64_t)MAX_SHARING * ((uint64_t)elements + rows) &&
           plane_ends(x->complete, rows);
}

// ---- Tables ------------------------------------------------------------------------------------

// 1 if a value is neither an index nor RP_NONE, which is the largest number.
static inline uint32_t astray(uint32_t value, uint32_t limit)
{
    return (uint32_t)(value >= limit) & (uint32_t)(value != RP_NONE);
}

static bool metas_are_sound(const rp_facts *f, const rp_fact_meta *meta, uint32_t rows)
{
    uint32_t texts = f->texts.count, pairs = f->pair_count, files = f->files.count, bad = 0;
    for (uint32_t r = 0; r < rows; r++) {
        const rp_fact_meta *m = &meta[r];
        bad |= astray(m->account, texts) | astray(m->region, texts) | astray(m->viewer, texts) |
               astray(m->pair, pairs) | astray(m->place.file, files) |
               (uint32_t)(m->state > RP_ROW_PENDING);
    }
    return bad == 0;
}

static bool owner_is_sound(const rp_facts *f, uint32_t table, uint32_t row)
{
    if (table == RP_NONE) {
        return true;
    }
    return table < f->bundle->table_count && f->bundle->tables[table].kind == RP_TABLE_RESOURCE &&
           row < f->tables[table].rows;
}

// Mostly all rows of a type belong to rows of one other type.
RP_WIDE static bool belong_to(const uint32_t *tables, const uint32_t *owners, size_t rows,
                              uint32_t table, uint32_t limit)
{
    uint32_t bad = 0;
    for (size_t i = 0; i < rows; i++) {
        uint32_t here = (uint32_t)(tables[i] == table);
        bad |= (here & (uint32_t)(owners[i] >= limit)) |
               ((here ^ 1u) & (uint32_t)(tables[i] != RP_NONE));
    }
    return bad == 0;
}

static bool owners_are_sound(const rp_facts *f, const rp_fact_table *t)
{
    uint32_t first = t->rows == 0 ? RP_NONE : t->owner_table[0];
    if (first < f->bundle->table_count && owner_is_sound(f, first, 0) &&
        belong_to(t->owner_table, t->owner_row, t->rows, first, f->tables[first].rows)) {
        return true;
    }
    for (uint32_t r = 0; r < t->rows; r++) {
        if (!owner_is_sound(f, t->owner_table[r], t->owner_row[r])) {
            return false;
        }
    }
    return true;
}

static bool table_is_sound(const rp_facts *f, uint32_t table)
{
    const rp_fact_table *t = &f->tables[table];
    bool good = t->judged == NULL || t->rows == 0 || plane_ends(t->judged, t->rows);
    good = good && (t->meta == NULL || metas_are_sound(f, t->meta, t->rows)) &&
           (t->owner_table == NULL || owners_are_sound(f, t));
    // Row i of the Regions is pair i.
    return good && (table != f->region_table || t->rows == f->pair_count);
}

// ---- The rest ----------------------------------------------------------------------------------

static bool reason_is_sound(const rp_facts *f, const rp_fact_reason *r)
{
    return (uint32_t)r->reason <= RDSPOL_REASON_DECLARED &&
           below_or_none(r->detail, f->texts.count);
}

// A search ends at a free slot.
static bool map_is_sound(const rp_map *map, uint32_t limit)
{
    bool free_slot = map->slots == NULL;
    for (size_t i = 0; map->slots != NULL && i <= map->mask; i++) {
        const rp_map_slot *s = &map->slots[i];
        free_slot |= s->used == 0;
        if (s->used != 0 && !below_or_none(s->value, limit)) return false;
    }
    return free_slot;
}

// A slot is free, or holds half a hash and the number of a text from 1.
RP_WIDE static bool slots_are_sound(const uint64_t *slots, size_t count, uint64_t texts)
{
    uint64_t bad = 0, any_free = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t number = slots[i] & UINT32_MAX;
        any_free |= (uint64_t)(slots[i] == 0);
        bad |= (uint64_t)(number > texts) | ((uint64_t)(number == 0) & (uint64_t)(slots[i] != 0));
    }
    return bad == 0 && any_free != 0;
}

static bool texts_are_sound(const rp_strtab *texts)
{
    return texts->slots == NULL ||
           slots_are_sound(texts->slots, (size_t)texts->slot_mask + 1, texts->count);
}

static bool answers_are_sound(const rp_facts *f)
{
    uint32_t texts = f->texts.count;
    for (uint32_t i = 0; i < f->answer_count; i++) {
        const rp_fact_answer *a = &f->answer[i];
        if (a->source >= f->bundle->source_count || !below_or_none(a->argument, texts) ||
            !below_or_none(a->account, texts) || !below_or_none(a->region, texts) ||
            !reason_is_sound(f, &a->why))
            return false;
    }
    return true;
}

static bool listings_are_sound(const rp_facts *f)
{
    for (uint32_t i = 0; i + 1 < f->listing_count; i++) {
        const rp_listing *l = &f->listing[i];
        if ((uint32_t)l->answered > RP_ANSWERED_ALL ||
            !below_or_none(l->source, f->bundle->source_count) || !reason_is_sound(f, &l->why))
            return false;
    }
    return true;
}

static bool rest_is_sound(const rp_facts *f)
{
    bool good = texts_are_sound(&f->texts) && map_is_sound(&f->reasons, f->reason_count) &&
                map_is_sound(&f->answers, f->answer_count) &&
                map_is_sound(&f->pairs, f->pair_count) && map_is_sound(&f->audited, 2);
    for (uint32_t i = 0; good && i < f->reason_count; i++) good = reason_is_sound(f, &f->reason[i]);
    for (uint32_t i = 0; good && i < f->pair_count; i++) {
        good = below_or_none(f->pair[i].account, f->texts.count) &&
               below_or_none(f->pair[i].region, f->texts.count);
    }
    return good && answers_are_sound(f) && listings_are_sound(f);
}

bool rp_store_is_sound(const rp_facts *facts)
{
    const rp_bundle *b = facts->bundle;
    bool good = rest_is_sound(facts);
    for (uint32_t t = 0; good && t < b->table_count; t++) good = table_is_sound(facts, t);
    for (uint32_t c = 0; good && c < b->column_count; c++) good = column_is_sound(facts, c);
    for (uint32_t l = 0; good && l < b->list_count; l++) good = list_is_sound(facts, l);
    return good;
}
