// Saving and opening.
#include "vm/store.h"

#include "vm/base/bits.h"
#include "vm/base/checked.h"
#include "vm/plan.h"

#include <stdint.h>

_Static_assert(sizeof(rp_store_header) == 104, "the header has no gaps");
_Static_assert(sizeof(rp_fact_meta) == 48, "rows of meta have no gaps");
_Static_assert(sizeof(rp_map_slot) == 24, "slots of maps have no gaps");

enum { ALIGNMENT = 64, MAX_COUNT = 1 << 30 };

// Which arrays a table, column or list has.
enum { HAS_META = 1, HAS_JUDGED = 2, HAS_OWNERS = 4 };
enum { HAS_KNOWN = 1, HAS_PRESENT = 2, HAS_VALUES = 4 };
enum { HAS_RANGES = 1 };

// ---- The walk ----------------------------------------------------------------------------------

// Told each array in turn: where its pointer stands, the bytes that are used, and all its bytes
// with what may be read behind the last row: numbers that fit where addresses have 32 bits, too.
typedef struct walk {
    bool (*array)(struct walk *w, void *pointer, uint64_t used, uint64_t size);
    rp_facts *facts;
    const rp_store_header *header;
    const uint32_t *rows; // by table
    const unsigned char *table_flags, *column_flags, *list_flags;
    uint64_t at;                // offset of the next array
    const unsigned char *bytes; // of what is opened
    int (*write)(void *ctx, const void *data, size_t size);
    void *ctx;
} walk;

static uint64_t plane_size(uint32_t rows)
{
    return rows == 0 ? 0 : ((uint64_t)rows / 64 + 2) * sizeof(uint64_t);
}

static bool lanes(walk *w, void *pointer, uint32_t rows, size_t element)
{
    uint64_t size = rows == 0 ? 0 : ((uint64_t)rows + 64) * element;
    return w->array(w, pointer, (uint64_t)rows * element, size);
}

static bool plane(walk *w, void *pointer, uint32_t rows)
{
    return w->array(w, pointer, rp_bits_words(rows) * sizeof(uint64_t), plane_size(rows));
}

static bool whole(walk *w, void *pointer, uint32_t count, size_t element)
{
    uint64_t size = (uint64_t)count * element;
    return w->array(w, pointer, size, size);
}

static bool walk_table(walk *w, uint32_t table)
{
    rp_fact_table *t = &w->facts->tables[table];
    uint32_t rows = w->rows[table];
    unsigned flags = w->table_flags[table];
    bool good = true;
    if ((flags & HAS_META) != 0) good = whole(w, &t->meta, rows, sizeof *t->meta);
    if ((flags & HAS_JUDGED) != 0) good = good && plane(w, &t->judged, rows);
    if ((flags & HAS_OWNERS) != 0) {
        good = good && lanes(w, &t->owner_table, rows, sizeof(uint32_t)) &&
               lanes(w, &t->owner_row, rows, sizeof(uint32_t));
    }
    return good;
}

static bool walk_column(walk *w, uint32_t column)
{
    const rp_rec_column *c = &w->facts->bundle->columns[column];
    rp_fact_column *f = &w->facts->columns[column];
    uint32_t rows = w->rows[c->table];
    unsigned flags = w->column_flags[column];
    bool good = true;
    if ((flags & HAS_VALUES) != 0)
        good = lanes(w, &f->values, rows, rp_plan_value_size(RP_TYPE_KIND(c->type)));
    if ((flags & HAS_KNOWN) != 0) good = good && plane(w, &f->known, rows);
    if ((flags & HAS_PRESENT) != 0) good = good && plane(w, &f->present, rows);
    return good;
}

static bool walk_list(walk *w, uint32_t list)
{
    const rp_rec_list *l = &w->facts->bundle->lists[list];
    rp_fact_list *f = &w->facts->lists[list];
    if ((w->list_flags[list] & HAS_RANGES) == 0) return true;
    uint32_t rows = w->rows[l->owner];
    return lanes(w, &f->begin, rows, sizeof(uint32_t)) &&
           lanes(w, &f->end, rows, sizeof(uint32_t)) && plane(w, &f->complete, rows);
}

static bool walk_maps(walk *w)
{
    rp_facts *f = w->facts;
    const rp_store_header *h = w->header;
    return whole(w, &f->reasons.slots, h->reason_slots, sizeof(rp_map_slot)) &&
           whole(w, &f->answers.slots, h->answer_slots, sizeof(rp_map_slot)) &&
           whole(w, &f->pairs.slots, h->pair_slots, sizeof(rp_map_slot)) &&
           whole(w, &f->audited.slots, h->audited_slots, sizeof(rp_map_slot));
}

static bool walk_arrays(walk *w)
{
    bool good = true;
    for (uint32_t t = 0; good && t < w->header->table_count; t++) good = walk_table(w, t);
    for (uint32_t c = 0; good && c < w->header->column_count; c++) good = walk_column(w, c);
    for (uint32_t l = 0; good && l < w->header->list_count; l++) good = walk_list(w, l);
    return good && walk_maps(w);
}

static uint64_t aligned(uint64_t at)
{
    return (at + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

// ---- Saving ------------------------------------------------------------------------------------

static bool is_little_endian(void)
{
    const uint32_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 1;
}

static bool put(walk *w, const void *data, size_t size)
{
    w->at += size;
    return size == 0 || w->write(w->ctx, data, size) != 0;
}

static bool put_zeros(walk *w, uint64_t size)
{
    static const unsigned char zeros[256];
    bool good = true;
    while (good && size > 0) {
        size_t step = size < sizeof zeros ? (size_t)size : sizeof zeros;
        good = put(w, zeros, step);
        size -= step;
    }
    return good;
}

static bool align_output(walk *w)
{
    return put_zeros(w, aligned(w->at) - w->at);
}

static bool save_array(walk *w, void *pointer, uint64_t used, uint64_t size)
{
    void *data;
    memcpy(&data, pointer, sizeof data);
    return align_output(w) && put(w, data, (size_t)used) && put_zeros(w, size - used);
}

static bool count_array(walk *w, void *pointer, uint64_t used, uint64_t size)
{
    (void)pointer, (void)used;
    w->at = aligned(w->at) + size;
    return true;
}

static void fill_flags(const rp_facts *f, unsigned char *tables, unsigned char *columns,
                       unsigned char *lists)
{
    const rp_bundle *b = f->bundle;
    for (uint32_t t = 0; t < b->table_count; t++) {
        const rp_fact_table *x = &f->tables[t];
        tables[t] = (unsigned char)((x->meta != NULL ? HAS_META : 0) |
                                    (x->judged != NULL ? HAS_JUDGED : 0) |
                                    (x->owner_table != NULL ? HAS_OWNERS : 0));
    }
    for (uint32_t c = 0; c < b->column_count; c++) {
        const rp_fact_column *x = &f->columns[c];
        columns[c] = (unsigned char)((x->known != NULL ? HAS_KNOWN : 0) |
                                     (x->present != NULL ? HAS_PRESENT : 0) |
                                     (x->values != NULL ? HAS_VALUES : 0));
    }
    for (uint32_t l = 0; l < b->list_count; l++) {
        lists[l] = f->lists[l].begin != NULL ? HAS_RANGES : 0;
    }
}

static uint64_t text_size(const rp_strtab *texts)
{
    uint64_t size = 0;
    for (uint32_t i = 0; i < texts->count; i++) size += texts->items[i].len;
    return size;
}

static uint32_t slots_of(const rp_map *map)
{
    return map->slots == NULL ? 0 : map->mask + 1;
}

static rp_store_header header_of(const rp_facts *f)
{
    return (rp_store_header){.magic = RP_STORE_MAGIC,
                             .version = RP_STORE_VERSION,
                             .schema = rp_store_schema(f->bundle),
                             .text_size = text_size(&f->texts),
                             .file_size = text_size(&f->files),
                             .text_count = f->texts.count,
                             .text_slots = f->texts.slots == NULL ? 0 : f->texts.slot_mask + 1,
                             .file_count = f->files.count,
                             .reason_count = f->reason_count,
                             .reason_slots = slots_of(&f->reasons),
                             .answer_count = f->answer_count,
                             .answer_slots = slots_of(&f->answers),
                             .pair_count = f->pair_count,
                             .pair_slots = slots_of(&f->pairs),
                             .audited_slots = slots_of(&f->audited),
                             .table_count = f->bundle->table_count,
                             .column_count = f->bundle->column_count,
                             .list_count = f->bundle->list_count,
                             .has_audited = f->has_audited,
                             .assume_complete = f->assume_complete};
}

// Offsets of texts, one more than there are, then their bytes.
static bool put_texts(walk *w, const rp_strtab *texts)
{
    uint32_t offset = 0;
    bool good = align_output(w) && put(w, &offset, sizeof offset);
    for (uint32_t i = 0; good && i < texts->count; i++) {
        offset += (uint32_t)texts->items[i].len;
        good = put(w, &offset, sizeof offset);
    }
    for (uint32_t i = 0; good && i < texts->count; i++) {
        good = put(w, texts->items[i].ptr, texts->items[i].len);
    }
    return good;
}

static bool put_words(walk *w, const rp_facts *f)
{
    bool good = align_output(w);
    for (uint32_t i = 0; good && i < f->reason_count; i++) {
        const uint32_t row[RP_STORE_REASON] = {(uint32_t)f->reason[i].reason, f->reason[i].detail};
        good = put(w, row, sizeof row);
    }
    for (uint32_t i = 0; good && i < f->answer_count; i++) {
        const rp_fact_answer *a = &f->answer[i];
        const uint32_t row[RP_STORE_ANSWER] = {a->source,
                                               a->argument,
                                               a->account,
                                               a->region,
                                               a->answered,
                                               a->cut,
                                               (uint32_t)a->why.reason,
                                               a->why.detail};
        good = put(w, row, sizeof row);
    }
    for (uint32_t i = 0; good && i < f->pair_count; i++) {
        const uint32_t row[RP_STORE_PAIR] = {f->pair[i].account, f->pair[i].region,
                                             f->pair[i].scanned};
        good = put(w, row, sizeof row);
    }
    uint32_t listings = f->bundle->table_count * f->pair_count; // opened facts have room for more
    for (uint32_t i = 0; good && i < listings; i++) {
        const rp_listing *l = &f->listing[i];
        const uint32_t row[RP_STORE_LISTING] = {(uint32_t)l->answered, l->source,
                                                (uint32_t)l->why.reason, l->why.detail};
        good = put(w, row, sizeof row);
    }
    return good;
}

static uint64_t words_size(const rp_store_header *h)
{
    uint64_t listings = (uint64_t)h->table_count * h->pair_count;
    return sizeof(uint32_t) *
           ((uint64_t)h->reason_count * RP_STORE_REASON +
            (uint64_t)h->answer_count * RP_STORE_ANSWER + (uint64_t)h->pair_count * RP_STORE_PAIR +
            listings * RP_STORE_LISTING);
}

static uint64_t texts_size(uint32_t count, uint64_t size)
{
    return ((uint64_t)count + 1) * sizeof(uint32_t) + size;
}

// Everything before the arrays: header, rows and flags, texts, files, slots of texts, words.
static uint64_t front_size(const rp_store_header *h)
{
    uint64_t at = sizeof *h + (uint64_t)h->table_count * sizeof(uint32_t) + h->table_count +
                  h->column_count + h->list_count;
    at = aligned(at) + texts_size(h->text_count, h->text_size);
    at = aligned(at) + texts_size(h->file_count, h->file_size);
    at = aligned(at) + (uint64_t)h->text_slots * sizeof(uint64_t);
    return aligned(at) + words_size(h);
}

static bool put_front(walk *w, const rp_facts *f)
{
    const rp_bundle *b = f->bundle;
    return put(w, w->header, sizeof *w->header) &&
           put(w, w->rows, b->table_count * sizeof *w->rows) &&
           put(w, w->table_flags, b->table_count) && put(w, w->column_flags, b->column_count) &&
           put(w, w->list_flags, b->list_count) && put_texts(w, &f->texts) &&
           put_texts(w, &f->files) && align_output(w) &&
           put(w, f->texts.slots, (size_t)w->header->text_slots * sizeof(uint64_t)) &&
           put_words(w, f);
}

static rdspol_status save_with(const rp_facts *f, rp_arena *arena, walk *w, rdspol_error *error)
{
    const rp_bundle *b = f->bundle;
    rp_store_header header = header_of(f);
    uint32_t *rows = RP_NEW_ARRAY(arena, uint32_t, b->table_count);
    size_t flag_count = (size_t)b->table_count + b->column_count + b->list_count;
    unsigned char *flags = RP_NEW_ARRAY(arena, unsigned char, flag_count);
    if (rows == NULL || flags == NULL) {
        return rp_error_set(error, RDSPOL_NO_MEMORY, NULL, "out of memory");
    }
    for (uint32_t t = 0; t < b->table_count; t++) rows[t] = f->tables[t].rows;
    fill_flags(f, flags, flags + b->table_count, flags + b->table_count + b->column_count);
    w->header = &header;
    w->rows = rows;
    w->table_flags = flags;
    w->column_flags = flags + b->table_count;
    w->list_flags = flags + b->table_count + b->column_count;
    w->array = count_array;
    w->at = front_size(&header);
    (void)walk_arrays(w);
    header.size = w->at;
    w->at = 0;
    w->array = save_array;
    return put_front(w, f) && walk_arrays(w)
               ? RDSPOL_OK
               : rp_error_set(error, RDSPOL_INPUT, NULL, "the facts could not be written");
}

rdspol_status rdspol_facts_save(const rdspol_facts *facts, rdspol_write_fn write, void *ctx,
                                rdspol_error *error)
{
    rp_arena arena;
    // The walk takes pointers to arrays; saving only looks through them.
    union {
        const rp_facts *in;
        rp_facts *out;
    } whole_facts = {facts};
    walk w = {.facts = whole_facts.out, .write = write, .ctx = ctx};
    if (!facts->sealed || facts->finished) {
        return rp_error_set(error, RDSPOL_INVALID_ARGUMENT, NULL, "facts that are %s",
                            facts->sealed ? "finished" : "not sealed");
    }
    if (!is_little_endian()) {
        return rp_error_set(error, RDSPOL_UNSUPPORTED_VERSION, NULL,
                            "facts are packed on little-endian machines only");
    }
    rp_arena_init(&arena, facts->alloc);
    rdspol_status status = save_with(facts, &arena, &w, error);
    rp_arena_clear(&arena);
    return status;
}

// ---- Opening -----------------------------------------------------------------------------------

static rdspol_status refuse(rdspol_error *error, const char *why)
{
    return rp_error_set(error, RDSPOL_INPUT, NULL, "packed facts: %s", why);
}

static bool open_array(walk *w, void *pointer, uint64_t used, uint64_t size)
{
    (void)used;
    uint64_t at = aligned(w->at);
    if (at > w->header->size || size > w->header->size - at) return false;
    // Sealed facts are only looked at.
    union {
        const unsigned char *in;
        void *out;
    } array = {w->bytes + at};
    w->at = at + size;
    if (size != 0) memcpy(pointer, &array.out, sizeof array.out);
    return true;
}

static bool counts_are_small(const rp_store_header *h)
{
    const uint32_t counts[] = {h->text_count,   h->text_slots,   h->file_count,   h->reason_count,
                               h->reason_slots, h->answer_count, h->answer_slots, h->pair_count,
                               h->pair_slots,   h->audited_slots};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        if (counts[i] > MAX_COUNT) return false;
    }
    return h->text_size <= UINT32_MAX && h->file_size <= UINT32_MAX &&
           (uint64_t)h->table_count * h->pair_count <= MAX_COUNT;
}

static bool is_power(uint32_t slots)
{
    return (slots & (slots - 1)) == 0;
}

static rdspol_status check_header(const rp_store_header *h, const rp_bundle *b, size_t size,
                                  rdspol_error *error)
{
    if (h->magic != RP_STORE_MAGIC) return refuse(error, "not of this kind");
    if (h->version != RP_STORE_VERSION) return refuse(error, "of another version");
    if (h->schema != rp_store_schema(b) || h->table_count != b->table_count ||
        h->column_count != b->column_count || h->list_count != b->list_count) {
        return rp_error_set(error, RDSPOL_SCHEMA_MISMATCH, NULL,
                            "packed facts: made for policies with another schema: pack them anew");
    }
    bool sound = h->size == size && counts_are_small(h) && is_power(h->text_slots) &&
                 is_power(h->reason_slots) && is_power(h->answer_slots) &&
                 is_power(h->pair_slots) && is_power(h->audited_slots) && front_size(h) <= size;
    return sound ? RDSPOL_OK : refuse(error, "damaged");
}

// Offsets become views. False if they are not in order, or memory ran out.
static bool open_texts(rp_strtab *texts, const unsigned char *bytes, uint32_t count, uint64_t size)
{
    const uint32_t *offsets = (const uint32_t *)(const void *)bytes;
    const char *data = (const char *)(offsets + count + 1);
    size_t room;
    bool fits = rp_checked_mul_size((size_t)count + 1, sizeof *texts->items, &room);
    texts->items = fits ? rp_alloc_get(texts->alloc, room) : NULL;
    if (texts->items == NULL) return false;
    texts->item_capacity = count + 1;
    bool good = offsets[0] == 0 && offsets[count] == size;
    for (uint32_t i = 0; i < count; i++) {
        good = good && offsets[i] <= offsets[i + 1];
        texts->items[i] = rp_str_make(data + offsets[i], offsets[i + 1] - offsets[i]);
    }
    texts->count = good ? count : 0;
    return good;
}

static rp_fact_reason reason_from(const uint32_t *words)
{
    return (rp_fact_reason){(rdspol_reason)words[0], words[1]};
}

static bool open_words(rp_facts *f, const rp_store_header *h, const uint32_t *words)
{
    uint32_t listings = h->table_count * h->pair_count;
    f->reason = rp_alloc_get(f->alloc, (h->reason_count + 1) * sizeof *f->reason);
    f->answer = rp_alloc_get(f->alloc, (h->answer_count + 1) * sizeof *f->answer);
    f->pair = rp_alloc_get(f->alloc, (h->pair_count + 1) * sizeof *f->pair);
    f->listing = rp_alloc_get(f->alloc, (listings + 1) * sizeof *f->listing);
    f->reason_capacity = f->reason == NULL ? 0 : h->reason_count + 1;
    f->answer_capacity = f->answer == NULL ? 0 : h->answer_count + 1;
    f->pair_capacity = f->pair == NULL ? 0 : h->pair_count + 1;
    f->listing_count = f->listing == NULL ? 0 : listings + 1;
    if (f->reason == NULL || f->answer == NULL || f->pair == NULL || f->listing == NULL)
        return false;
    for (; f->reason_count < h->reason_count; words += RP_STORE_REASON) {
        f->reason[f->reason_count++] = reason_from(words);
    }
    for (; f->answer_count < h->answer_count; words += RP_STORE_ANSWER) {
        f->answer[f->answer_count++] = (rp_fact_answer){words[0],
                                                        words[1],
                                                        words[2],
                                                        words[3],
                                                        words[4] != 0,
                                                        words[5] != 0,
                                                        reason_from(words + 6)};
    }
    for (; f->pair_count < h->pair_count; words += RP_STORE_PAIR) {
        f->pair[f->pair_count++] = (rp_pair){words[0], words[1], words[2] != 0};
    }
    for (uint32_t i = 0; i < listings; i++, words += RP_STORE_LISTING) {
        f->listing[i] = (rp_listing){(rp_answered)words[0], words[1], reason_from(words + 2)};
    }
    return true;
}

static const unsigned char *after(const walk *w, uint64_t *at, uint64_t size)
{
    const unsigned char *here = w->bytes + aligned(*at);
    *at = aligned(*at) + size;
    return here;
}

static bool open_front(walk *w)
{
    rp_facts *f = w->facts;
    const rp_store_header *h = w->header;
    uint64_t at = sizeof *h;
    w->rows = (const uint32_t *)(const void *)(w->bytes + at);
    at += (uint64_t)h->table_count * sizeof *w->rows;
    w->table_flags = w->bytes + at;
    w->column_flags = w->table_flags + h->table_count;
    w->list_flags = w->column_flags + h->column_count;
    at += (uint64_t)h->table_count + h->column_count + h->list_count;
    const unsigned char *texts = after(w, &at, texts_size(h->text_count, h->text_size));
    const unsigned char *files = after(w, &at, texts_size(h->file_count, h->file_size));
    union {
        const void *in;
        uint64_t *out;
    } slots = {after(w, &at, (uint64_t)h->text_slots * sizeof(uint64_t))};
    const void *words = after(w, &at, words_size(h));
    f->texts.slots = h->text_slots == 0 ? NULL : slots.out;
    f->texts.slot_mask = h->text_slots == 0 ? 0 : h->text_slots - 1;
    w->at = at;
    return open_texts(&f->texts, texts, h->text_count, h->text_size) &&
           open_texts(&f->files, files, h->file_count, h->file_size) &&
           open_words(f, h, (const uint32_t *)words);
}

static bool list_flags_fit(const walk *w, uint32_t list)
{
    const rp_rec_list *l = &w->facts->bundle->lists[list];
    unsigned flags = w->list_flags[list];
    bool fact = l->kind == RP_LIST_FACT || l->kind == RP_LIST_MAP;
    if (l->owner == RP_NONE) return flags == 0;
    return flags == HAS_RANGES || (flags == 0 && (!fact || w->rows[l->owner] == 0));
}

// Rows are as many as the bytes have room for: each has its place in an array.
static bool rows_have_arrays(const walk *w, uint32_t table)
{
    const rp_rec_table *t = &w->facts->bundle->tables[table];
    unsigned flags = w->table_flags[table];
    for (uint32_t c = 0; c < t->column_count; c++) flags |= w->column_flags[t->first_column + c];
    return flags != 0;
}

// A table, column or list has the arrays that the schema gives it, if it has any rows; a column of
// which no cell has a value may lack those.
static bool flags_fit(const walk *w)
{
    const rp_bundle *b = w->facts->bundle;
    for (uint32_t t = 0; t < b->table_count; t++) {
        bool resource = b->tables[t].kind == RP_TABLE_RESOURCE;
        unsigned wanted = resource ? HAS_META | HAS_JUDGED : HAS_OWNERS;
        if (w->rows[t] > MAX_COUNT) return false;
        if (w->rows[t] != 0 &&
            (!rows_have_arrays(w, t) ||
             (w->table_flags[t] & ~(unsigned)HAS_OWNERS) != (wanted & ~(unsigned)HAS_OWNERS)))
            return false;
    }
    for (uint32_t c = 0; c < b->column_count; c++) {
        unsigned flags = w->column_flags[c];
        bool boolean = RP_TYPE_KIND(b->columns[c].type) == RP_KIND_BOOL;
        bool present = boolean || RP_TYPE_OPTIONAL(b->columns[c].type);
        unsigned values = boolean ? 0u : HAS_VALUES;
        unsigned wanted = HAS_KNOWN | (present ? HAS_PRESENT : 0u) | values;
        bool fact = b->columns[c].origin == RP_COLUMN_FACT;
        if (flags != 0 && (flags | values) != wanted) return false;
        if (fact && flags == 0 && w->rows[b->columns[c].table] != 0) return false;
    }
    for (uint32_t l = 0; l < b->list_count; l++) {
        if (!list_flags_fit(w, l)) return false;
    }
    return true;
}

static void set_counts(rp_facts *f, const walk *w)
{
    const rp_store_header *h = w->header;
    for (uint32_t t = 0; t < h->table_count; t++) f->tables[t].rows = w->rows[t];
    f->reasons.mask = h->reason_slots - (h->reason_slots != 0);
    f->answers.mask = h->answer_slots - (h->answer_slots != 0);
    f->pairs.mask = h->pair_slots - (h->pair_slots != 0);
    f->audited.mask = h->audited_slots - (h->audited_slots != 0);
    f->has_audited = h->has_audited != 0;
    f->assume_complete = h->assume_complete != 0;
}

static rdspol_status open_with(rp_facts *f, const rp_store_header *h, const void *data,
                               rdspol_error *error)
{
    walk w = {.facts = f, .header = h, .bytes = data, .array = open_array};
    f->borrows = true;
    bool good = open_front(&w) && flags_fit(&w);
    if (good) {
        set_counts(f, &w);
        good = walk_arrays(&w) && w.at == h->size;
    }
    if (!good || !rp_store_is_sound(f)) return refuse(error, "damaged");
    f->sealed = true;
    return RDSPOL_OK;
}

rdspol_status rdspol_facts_open(rdspol_facts **out, const rdspol_bundle *bundle, const void *data,
                                size_t size, const rdspol_facts_opts *opts, rdspol_error *error)
{
    rp_alloc alloc = {opts != NULL ? opts->alloc : NULL, opts != NULL ? opts->alloc_ctx : NULL};
    rp_store_header header;
    *out = NULL;
    if (!is_little_endian() || (uintptr_t)data % ALIGNMENT != 0) {
        return rp_error_set(error, RDSPOL_INVALID_ARGUMENT, NULL,
                            "packed facts lie at a multiple of 64, on a little-endian machine");
    }
    if (size < sizeof header) return refuse(error, "damaged");
    memcpy(&header, data, sizeof header);
    RP_TRY(check_header(&header, bundle, size, error));
    rp_facts *facts;
    if (rp_facts_new(&facts, bundle, alloc) != RDSPOL_OK) {
        return rp_error_set(error, RDSPOL_NO_MEMORY, NULL, "out of memory");
    }
    rdspol_status status = open_with(facts, &header, data, error);
    if (status == RDSPOL_OK) {
        *out = facts;
    } else {
        rp_facts_free(facts);
    }
    return status;
}
