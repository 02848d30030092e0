// Sealing: what is known about types that are fetched by key.
//
// The calls for such a type are asked for by references. So it is answered completely only where
// every type whose references lead to it was listed completely and no such reference is unknown:
// a row that was not listed might mention a key that nobody asked for (language.md 6).
#include "vm/seal.h"

typedef struct leads {
    rp_facts *f;
    uint32_t target;
    unsigned char *tables; // tables with a reference to the target, or to records that have one
    uint64_t *open;        // pairs where some reference is unknown
} leads;

static bool column_leads(const leads *l, uint32_t column)
{
    const rp_rec_column *c = &l->f->bundle->columns[column];
    if (c->origin != RP_COLUMN_FACT || RP_TYPE_KIND(c->type) != RP_KIND_REF) {
        return false;
    }
    uint32_t to = RP_TYPE_TABLE(c->type);
    return to == l->target || (l->f->bundle->tables[to].kind != RP_TABLE_RESOURCE && l->tables[to]);
}

static bool list_leads(const leads *l, uint32_t list)
{
    const rp_rec_list *r = &l->f->bundle->lists[list];
    return (r->kind == RP_LIST_FACT || r->kind == RP_LIST_MAP) && l->tables[r->element] != 0;
}

static bool table_leads(const leads *l, uint32_t table)
{
    const rp_rec_table *t = &l->f->bundle->tables[table];
    for (uint32_t c = t->first_column; c < t->first_column + t->column_count; c++) {
        if (column_leads(l, c)) {
            return true;
        }
    }
    for (uint32_t k = t->first_list; k < t->first_list + t->list_count; k++) {
        if (list_leads(l, k)) {
            return true;
        }
    }
    return false;
}

// Records inside records need as many passes as they nest.
static void find_leads(leads *l)
{
    bool fresh = true;
    while (fresh) {
        fresh = false;
        for (uint32_t t = 0; t < l->f->bundle->table_count; t++) {
            if (l->tables[t] == 0 && t != l->target && table_leads(l, t)) {
                l->tables[t] = 1;
                fresh = true;
            }
        }
    }
}

static bool is_resource(const rp_facts *f, uint32_t table)
{
    return f->bundle->tables[table].kind == RP_TABLE_RESOURCE;
}

// The pair of the resource that a row belongs to, if that was listed; else RP_NONE.
static uint32_t pair_of(const rp_facts *f, uint32_t table, uint32_t row)
{
    const rp_fact_table *rows = &f->tables[table];
    if (!is_resource(f, table)) {
        if (rows->owner_table == NULL || rows->owner_table[row] == RP_NONE) {
            return RP_NONE;
        }
        table = rows->owner_table[row];
        row = rows->owner_row[row];
    }
    const rp_fact_meta *meta = &f->tables[table].meta[row];
    return meta->state == RP_ROW_REAL ? meta->pair : RP_NONE;
}

static void mark_open(leads *l, uint32_t table, uint32_t row)
{
    uint32_t pair = pair_of(l->f, table, row);
    if (pair != RP_NONE) {
        rp_bits_set(l->open, pair);
    }
}

static void find_unknown(leads *l, uint32_t table)
{
    const rp_facts *f = l->f;
    const rp_rec_table *t = &f->bundle->tables[table];
    uint32_t rows = f->tables[table].rows;
    if (rows == 0) {
        return;
    }
    for (uint32_t c = t->first_column; c < t->first_column + t->column_count; c++) {
        for (uint32_t r = 0; column_leads(l, c) && r < rows; r++) {
            if (!rp_bits_get(f->columns[c].known, r)) {
                mark_open(l, table, r);
            }
        }
    }
    for (uint32_t k = t->first_list; k < t->first_list + t->list_count; k++) {
        for (uint32_t r = 0; list_leads(l, k) && r < rows; r++) {
            if (!rp_bits_get(f->lists[k].complete, r)) {
                mark_open(l, table, r);
            }
        }
    }
}

static rp_listing *listing_at(const rp_facts *f, uint32_t table, uint32_t pair)
{
    return &f->listing[(size_t)table * f->pair_count + pair];
}

// Of what refers to the type, one that was not listed completely, if there is one.
static const rp_listing *open_listing(const leads *l, uint32_t pair)
{
    for (uint32_t t = 0; t < l->f->bundle->table_count; t++) {
        const rp_listing *listing = listing_at(l->f, t, pair);
        if (l->tables[t] != 0 && is_resource(l->f, t) && listing->answered != RP_ANSWERED_ALL) {
            return listing;
        }
    }
    return NULL;
}

// What `from` leaves open is open in `pair` too; false if it leaves nothing open.
static bool limit_pair(leads *l, uint32_t pair, uint32_t from)
{
    rp_listing *own = listing_at(l->f, l->target, pair);
    const rp_listing *other = open_listing(l, from);
    if (other == NULL && !rp_bits_get(l->open, from)) {
        return false;
    }
    if (other != NULL) {
        *own = *other;
    } else {
        own->source = l->f->bundle->tables[l->target].first_source;
        own->why = (rp_fact_reason){RDSPOL_REASON_NOT_IN_ANSWER, RP_NONE};
    }
    own->answered = RP_ANSWERED_PART;
    return true;
}

// References lead to other accounts of the Region too, where they are found by a unique column.
static bool open_pair(leads *l, uint32_t pair)
{
    const rp_facts *f = l->f;
    bool shared = f->bundle->tables[l->target].unique != RP_NONE;
    bool open = limit_pair(l, pair, pair);
    for (uint32_t q = 0; shared && !open && q < f->pair_count; q++) {
        bool near = f->pair[q].scanned && f->pair[q].region == f->pair[pair].region;
        open = near && limit_pair(l, pair, q);
    }
    return open;
}

static bool open_pairs(leads *l)
{
    bool changed = false;
    for (uint32_t p = 0; p < l->f->pair_count; p++) {
        bool all = listing_at(l->f, l->target, p)->answered == RP_ANSWERED_ALL;
        changed |= all && open_pair(l, p);
    }
    return changed;
}

// A call that failed for a key which nobody mentions: there is a row of which nothing is known.
static void open_failed(leads *l)
{
    const rp_facts *f = l->f;
    for (uint32_t i = 0; i < f->answer_count; i++) {
        const rp_fact_answer *a = &f->answer[i];
        const rp_rec_source *s = &f->bundle->sources[a->source];
        uint32_t pair = rp_map_find(&f->pairs, a->account, a->region);
        if (s->table != l->target || s->kind != RP_SOURCE_KEY || a->answered ||
            pair == RP_MAP_NONE) {
            continue;
        }
        rp_listing *own = listing_at(f, l->target, pair);
        if (own->answered == RP_ANSWERED_ALL) {
            *own = (rp_listing){RP_ANSWERED_PART, a->source, a->why};
        }
    }
}

// Whether an answer about one resource names it, so that a list which lacks it is not the last
// word.
static bool names_resource(const rp_facts *f, const rp_rec_table *t, uint32_t source)
{
    if (t->key == RP_NONE || f->bundle->sources[source].kind != RP_SOURCE_GROUP) {
        return false;
    }
    const rp_rec_column *key = &f->bundle->columns[t->key];
    for (uint32_t k = 0; k < key->path_count; k++) {
        if (f->bundle->paths[key->first_path + k].source == source) {
            return true;
        }
    }
    return false;
}

// Fetched by key and not listed too, or described as well as listed: ListSecrets leaves out what is
// about to be deleted, and references lead there all the same.
static bool is_keyed(const rp_facts *f, uint32_t table)
{
    const rp_rec_table *t = &f->bundle->tables[table];
    bool keyed = false, listed = false, named = false;
    for (uint32_t s = t->first_source; s < t->first_source + t->source_count; s++) {
        uint32_t kind = f->bundle->sources[s].kind;
        if (kind == RP_SOURCE_EACH || kind == RP_SOURCE_FILE) {
            return false;
        }
        keyed |= kind == RP_SOURCE_KEY;
        listed |= kind == RP_SOURCE_LIST;
        named |= names_resource(f, t, s);
    }
    return named || (keyed && !listed);
}

static bool limit_table(rp_facts *f, uint32_t table, leads *l)
{
    uint32_t tables = f->bundle->table_count;
    memset(l->tables, 0, tables);
    memset(l->open, 0, rp_bits_words(f->pair_count) * sizeof *l->open);
    l->target = table;
    find_leads(l);
    for (uint32_t t = 0; t < tables; t++) {
        if (l->tables[t] != 0) {
            find_unknown(l, t);
        }
    }
    open_failed(l);
    return open_pairs(l);
}

// Types that are fetched by key may refer to each other: until nothing changes any more.
bool rp_seal_key_listings(rp_facts *facts)
{
    size_t tables = facts->bundle->table_count;
    size_t words = (rp_bits_words(facts->pair_count) + 1) * sizeof(uint64_t);
    leads l = {.f = facts};
    l.tables = rp_alloc_get(facts->alloc, tables);
    l.open = rp_alloc_get(facts->alloc, words);
    bool ok = l.tables != NULL && l.open != NULL, changed = ok && !facts->assume_complete;
    while (changed) {
        changed = false;
        for (uint32_t t = 0; t < tables; t++) {
            if (is_resource(facts, t) && is_keyed(facts, t)) {
                changed |= limit_table(facts, t, &l);
            }
        }
    }
    rp_alloc_free(facts->alloc, l.tables, tables);
    rp_alloc_free(facts->alloc, l.open, words);
    return ok;
}
