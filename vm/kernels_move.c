// Kernels that move values: loads, gathers, outer values, map look-ups, stores.
//
// A load of consecutive rows points into the column; only planes that do not begin at a word are
// copied. Everything else walks the rows of the chunk.
#include "vm/kernels.h"

static bool is_bool(uint32_t type)
{
    return RP_TYPE_KIND(type) == RP_KIND_BOOL;
}

// Whether two planes are kept apart: of bools and optional values.
static bool has_two(uint32_t type)
{
    return is_bool(type) || RP_TYPE_OPTIONAL(type);
}

static void copy_window(uint64_t *to, const uint64_t *from, const rp_frame *f)
{
    for (uint32_t w = 0; w < f->words; w++) {
        to[w] = rp_bits_window(from, f->base + (size_t)w * RP_WORD_BITS) & f->mask[w];
    }
}

static void load_consecutive(rp_exec *x, const rp_step *s, const rp_frame *f)
{
    const rp_val *column = s->extra;
    uint32_t end = f->base + f->n;
    bool in_place = f->base % RP_WORD_BITS == 0 &&
                    (f->n % RP_WORD_BITS == 0 || end == x->world->rows[f->info->table]);
    if (s->number != 0) {
        s->out->v = (unsigned char *)column->v + (size_t)f->base * s->number;
    }
    if (in_place) {
        s->out->p = column->p + f->base / RP_WORD_BITS;
        s->out->k = has_two(s->type) ? column->k + f->base / RP_WORD_BITS : s->out->p;
        return;
    }
    rp_val place;
    rp_exec_place(x, s->insn, &place);
    s->out->p = place.p;
    s->out->k = place.k;
    if (has_two(s->type)) {
        copy_window(place.k, column->k, f);
    }
    copy_window(place.p, column->p, f);
}

// Eight at once, so that counting is not half of the work.
#define PICK(NAME, TYPE)                                                                           \
    static void NAME(TYPE *to, const TYPE *from, const uint32_t *rows, uint32_t n)                 \
    {                                                                                              \
        uint32_t i = 0;                                                                            \
        for (; n - i >= 8; i += 8) {                                                               \
            for (uint32_t l = 0; l < 8; l++) {                                                     \
                to[i + l] = from[rows[i + l]];                                                     \
            }                                                                                      \
        }                                                                                          \
        for (; i < n; i++) {                                                                       \
            to[i] = from[rows[i]];                                                                 \
        }                                                                                          \
    }

PICK(pick_u32, uint32_t)
PICK(pick_u64, uint64_t)

// The bits at 64 rows, from the last one down.
static uint64_t pick_word(const uint64_t *from, const uint32_t *rows)
{
    uint64_t word = 0;
    for (unsigned g = RP_WORD_BITS; g > 0; g -= 8) {
        for (unsigned l = 1; l <= 8; l++) {
            uint32_t row = rows[g - l];
            word = word << 1 | (from[row / RP_WORD_BITS] >> (row % RP_WORD_BITS) & 1u);
        }
    }
    return word;
}

// The same where the rows ascend and are near each other: mostly all of their bits are alike.
static uint64_t pick_ascending(const uint64_t *from, const uint32_t *rows)
{
    uint32_t first = rows[0], span = rows[RP_WORD_BITS - 1] - first;
    if (span < RP_WORD_BITS) {
        uint64_t all = rp_bits_low(span + 1), bits = rp_bits_window(from, first) & all;
        if (bits == 0 || bits == all) {
            return bits == 0 ? 0 : ~(uint64_t)0;
        }
    }
    return pick_word(from, rows);
}

static void pick_bits(uint64_t *to, const uint64_t *from, const uint32_t *rows, uint32_t n,
                      bool ascending)
{
    uint32_t whole = n / RP_WORD_BITS, first = whole * RP_WORD_BITS;
    for (uint32_t w = 0; w < whole; w++) {
        const uint32_t *at = rows + (size_t)w * RP_WORD_BITS;
        to[w] = ascending ? pick_ascending(from, at) : pick_word(from, at);
    }
    if (first < n) {
        to[whole] = 0;
    }
    for (uint32_t i = first; i < n; i++) {
        to[whole] |= (uint64_t)rp_bits_get(from, rows[i]) << (i - first);
    }
}

// The rows of an array with planes.
typedef struct picking {
    const rp_val *from;
    const uint32_t *rows;
    unsigned char alike; // of all of its values
    bool ascending;
} picking;

static void pick_present(const rp_step *s, const picking *p, const rp_frame *f)
{
    if ((p->alike & RP_ALIKE_EVERY) != 0) {
        s->out->p = f->mask;
    } else if ((p->alike & RP_ALIKE_NONE) != 0) {
        memset(s->out->p, 0, f->words * sizeof(uint64_t));
    } else {
        pick_bits(s->out->p, p->from->p, p->rows, f->n, p->ascending);
    }
}

static void pick_known(const rp_step *s, const picking *p, const rp_frame *f)
{
    if ((p->alike & RP_ALIKE_KNOWN) == 0) {
        pick_bits(s->out->k, p->from->k, p->rows, f->n, p->ascending);
    } else if (!is_bool(s->type)) {
        s->out->k = f->mask;
    } else {
        for (uint32_t w = 0; w < f->words; w++) {
            s->out->k[w] = f->mask[w] & ~s->out->p[w];
        }
    }
}

static void pick(const rp_step *s, const picking *p, const rp_frame *f)
{
    bool two = s->out->k != s->out->p;
    if (s->number == 4) {
        pick_u32(s->out->v, p->from->v, p->rows, f->n);
    } else if (s->number == 8) {
        pick_u64(s->out->v, p->from->v, p->rows, f->n);
    }
    pick_present(s, p, f);
    if (two) {
        pick_known(s, p, f);
    } else {
        s->out->k = s->out->p;
    }
}

// A cover is copied where it is there.
static void copy_cover(const rp_val *to, uint32_t i, const rp_val *from, uint32_t row)
{
    if (rp_bits_get(from->p, row)) {
        rp_bits_set(to->p, i);
        ((rp_cover *)to->v)[i] = ((const rp_cover *)from->v)[row];
    }
}

static void pick_covers(const rp_val *to, const rp_val *from, const uint32_t *rows,
                        const rp_frame *f)
{
    memset(to->p, 0, f->words * sizeof(uint64_t));
    for (uint32_t i = 0; i < f->n; i++) {
        copy_cover(to, i, from, rows[i]);
    }
}

// A reference that is not known may lead to a cover of everything.
static void gather_covers(const rp_step *s, const rp_frame *f)
{
    const rp_val *column = s->extra;
    const uint32_t *rows = s->a->v;
    memset(s->out->p, 0, f->words * sizeof(uint64_t));
    for (uint32_t i = 0; i < f->n; i++) {
        if (rp_bits_get(s->a->p, i)) {
            copy_cover(s->out, i, column, rows[i]);
        } else {
            rp_cover *open = (rp_cover *)s->out->v + i;
            memset(open->sure, 0, sizeof open->sure);
            memset(open->maybe, 0xff, sizeof open->maybe);
            rp_bits_set(s->out->p, i);
        }
    }
}

RP_KERNEL(load)
{
    if (f->consecutive) {
        load_consecutive(x, s, f);
        return;
    }
    rp_exec_place(x, s->insn, s->out);
    if (RP_TYPE_KIND(s->type) == RP_KIND_COVER) {
        pick_covers(s->out, s->extra, f->rows, f);
        return;
    }
    picking p = {.from = s->extra, .rows = f->rows};
    p.alike = x->world->alike[rp_bundle_insn(x->world->bundle, s->insn).a];
    pick(s, &p, f);
}

// The values at the rows of one word; where all 64 refer to something without looking at each.
static void gather_u32(uint32_t *to, const uint32_t *from, const uint32_t *rows, uint64_t there)
{
    if (there == ~(uint64_t)0) {
        pick_u32(to, from, rows, RP_WORD_BITS);
        return;
    }
    for (; there != 0; there &= there - 1) {
        uint32_t i = rp_bits_lowest(there);
        to[i] = from[rows[i]];
    }
}

static void gather_u64(uint64_t *to, const uint64_t *from, const uint32_t *rows, uint64_t there)
{
    for (; there != 0; there &= there - 1) {
        uint32_t i = rp_bits_lowest(there);
        to[i] = from[rows[i]];
    }
}

static void gather_word(const rp_step *s, const uint32_t *rows, uint32_t first, uint64_t there)
{
    const rp_val *column = s->extra;
    if (s->number == 4) {
        gather_u32((uint32_t *)s->out->v + first, column->v, rows + first, there);
    } else if (s->number == 8) {
        gather_u64((uint64_t *)s->out->v + first, column->v, rows + first, there);
    }
}

static uint64_t gather_bits(const uint64_t *plane, const uint32_t *rows, uint64_t there)
{
    uint64_t bits = 0;
    if (there == ~(uint64_t)0) {
        return pick_word(plane, rows);
    }
    for (uint64_t left = there; left != 0; left &= left - 1) {
        uint32_t i = rp_bits_lowest(left);
        bits |= (uint64_t)rp_bits_get(plane, rows[i]) << i;
    }
    return bits;
}

static uint64_t gather_present(const rp_val *column, const uint32_t *rows, uint64_t there,
                               unsigned char alike)
{
    if ((alike & (RP_ALIKE_NONE | RP_ALIKE_EVERY)) == 0) {
        return gather_bits(column->p, rows, there);
    }
    return (alike & RP_ALIKE_NONE) != 0 ? 0 : there;
}

static uint64_t gather_known(const rp_val *column, const uint32_t *rows, uint64_t there,
                             unsigned char alike, uint64_t no)
{
    return (alike & RP_ALIKE_KNOWN) != 0 ? there & ~no : gather_bits(column->k, rows, there);
}

RP_KERNEL(gather)
{
    if (RP_TYPE_KIND(s->type) == RP_KIND_COVER) {
        gather_covers(s, f);
        return;
    }
    const uint32_t *rows = s->a->v;
    const rp_val *column = s->extra;
    unsigned char alike = x->world->alike[rp_bundle_insn(x->world->bundle, s->insn).b];
    bool boolean = is_bool(s->type), optional = RP_TYPE_OPTIONAL(s->type);
    bool two = s->out->k != s->out->p && column->k != column->p;
    for (uint32_t w = 0; w < f->words; w++) {
        uint32_t first = w * RP_WORD_BITS;
        uint64_t there = s->a->p[w], absent = optional ? s->a->k[w] & ~there : 0;
        gather_word(s, rows, first, there);
        uint64_t p = gather_present(column, rows + first, there, alike);
        uint64_t k = two ? gather_known(column, rows + first, there, alike, boolean ? p : 0) : p;
        s->out->k[w] = k | absent;
        s->out->p[w] = p | (boolean ? absent : 0);
    }
}

RP_KERNEL(row)
{
    (void)x;
    uint32_t *out = s->out->v;
    for (uint32_t i = 0; i < f->n; i++) {
        out[i] = rp_frame_row(f, i);
    }
    memcpy(s->out->k, f->mask, f->words * sizeof(uint64_t));
    memcpy(s->out->p, f->mask, f->words * sizeof(uint64_t));
}

// The positions, in the frame that owns the operand, of the rows of this one; NULL if they are the
// same.
static const uint32_t *outer_positions(rp_exec *x, const rp_frame *f, uint32_t home)
{
    const uint32_t *rows = NULL;
    for (uint32_t depth = f->info->depth; depth > home; depth--) {
        const rp_frame *at = &x->frames[depth];
        if (at->same) {
            continue;
        }
        if (rows != NULL) {
            pick_u32(x->positions, at->parents, rows, f->n);
        }
        rows = rows == NULL ? at->parents : x->positions;
    }
    return rows;
}

// Texts of lists, which have no planes.
static void pick_texts(const rp_step *s, const uint32_t *rows, const rp_frame *f)
{
    const rp_listtext *from = s->a->v;
    rp_listtext *to = s->out->v;
    for (uint32_t i = 0; i < f->n; i++) {
        to[i] = from[rows[i]];
    }
}

// What is there in every row of its own frame is there in every row of this one.
static void point_to(rp_val *out, const rp_val *from, const uint64_t *mask, const rp_frame *f)
{
    out->v = from->v;
    out->k = from->k == mask ? f->mask : from->k;
    out->p = from->p == mask ? f->mask : from->p;
}

RP_KERNEL(outer)
{
    const rp_bundle *b = x->world->bundle;
    uint32_t home = b->frames[b->frame_of[rp_bundle_insn(b, s->insn).a]].depth;
    const uint32_t *rows = outer_positions(x, f, home);
    const uint64_t *mask = x->frames[home].mask;
    rp_exec_place(x, s->insn, s->out);
    if (rows == NULL) {
        point_to(s->out, s->a, mask, f);
    } else if (RP_TYPE_KIND(s->type) == RP_KIND_LISTTEXT) {
        pick_texts(s, rows, f);
    } else if (RP_TYPE_KIND(s->type) == RP_KIND_COVER) {
        pick_covers(s->out, s->a, rows, f);
    } else {
        unsigned char alike = rp_val_alike(s->a, x->frames[home].n, s->number == 0);
        pick(s, &(picking){s->a, rows, alike, true}, f);
    }
}

static bool same_lowered(rp_str lower, rp_str text)
{
    if (lower.len != text.len) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        c = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        if (c != lower.ptr[i]) {
            return false;
        }
    }
    return true;
}

typedef enum found { FOUND, NOT_THERE, NOT_KNOWN } found;

// Entries are looked for in the lists of a map. `all_keys`: the key of each entry is present.
// `letters`: the key has capitals, so that keys, which are in lower case, are compared by letter.
typedef struct search {
    const rp_exec *x;
    const rp_list_view *list;
    const rp_val *keys;
    uint32_t key;
    bool all_keys, lower, letters;
} search;

static bool has_capitals(rp_str text)
{
    bool any = false;
    for (size_t i = 0; i < text.len && !any; i++) {
        any = text.ptr[i] >= 'A' && text.ptr[i] <= 'Z';
    }
    return any;
}

static void look_for(search *s, uint32_t key)
{
    s->key = key;
    s->letters = s->lower && has_capitals(rp_world_text(s->x->world, key));
}

static search begin_search(const rp_exec *x, uint32_t list)
{
    const rp_world *world = x->world;
    const rp_rec_list *l = &world->bundle->lists[list];
    uint32_t column = world->bundle->tables[l->element].first_column;
    search s = {.x = x, .list = &world->lists[list], .keys = &world->columns[column]};
    s.key = RP_NONE;
    s.all_keys = (world->alike[column] & RP_ALIKE_EVERY) != 0;
    s.lower = (l->flags & RP_LIST_LOWER) != 0;
    return s;
}

static bool is_key(const search *s, uint32_t id)
{
    return id == s->key || (s->letters && same_lowered(rp_world_text(s->x->world, id),
                                                       rp_world_text(s->x->world, s->key)));
}

// The first entry with the key; an entry whose key is unknown might be it.
static found find_entry(const search *s, uint32_t row, uint32_t *entry)
{
    const uint32_t *ids = s->keys->v;
    uint32_t begin, end;
    bool complete = rp_list_range(s->list, row, &begin, &end), open = false;
    for (uint32_t e = begin; e < end; e++) {
        if (!s->all_keys && !rp_bits_get(s->keys->p, e)) {
            open = true;
        } else if (is_key(s, ids[e])) {
            *entry = e;
            return open ? NOT_KNOWN : FOUND;
        }
    }
    return complete && !open ? NOT_THERE : NOT_KNOWN;
}

// The rows of a word: what was found, and in `known` where it is certain that there is none, too.
static uint64_t look_up(search *q, const rp_step *s, const rp_frame *f, uint32_t w, uint64_t rows,
                        uint64_t *known)
{
    const uint32_t *keys = s->c->v;
    uint64_t there = 0;
    for (; rows != 0; rows &= rows - 1) {
        uint32_t i = w * RP_WORD_BITS + rp_bits_lowest(rows);
        uint32_t row = s->a != NULL ? ((const uint32_t *)s->a->v)[i] : rp_frame_row(f, i);
        uint64_t bit = rows & (~rows + 1);
        if (keys[i] != q->key) {
            look_for(q, keys[i]);
        }
        found result = find_entry(q, row, (uint32_t *)s->out->v + i);
        there |= result == FOUND ? bit : 0;
        *known |= result == NOT_KNOWN ? 0 : bit;
    }
    return there;
}

RP_KERNEL(lookup)
{
    search q = begin_search(x, rp_bundle_insn(x->world->bundle, s->insn).b);
    bool optional = s->out->k != s->out->p;
    for (uint32_t w = 0; w < f->words; w++) {
        uint64_t rows = s->c->p[w] & f->mask[w], known = 0;
        if (s->a != NULL) {
            known = s->a->k[w] & ~s->a->p[w] & rows;
            rows &= s->a->p[w];
        }
        uint64_t there = look_up(&q, s, f, w, rows, &known);
        s->out->k[w] = optional ? known : there;
        s->out->p[w] = there;
    }
}

static void store_plane(uint64_t *to, const uint64_t *from, const rp_frame *f)
{
    if (f->base % RP_WORD_BITS == 0) {
        for (uint32_t w = 0; w < f->words; w++) {
            to[f->base / RP_WORD_BITS + w] = from[w] & f->mask[w];
        }
        return;
    }
    for (uint32_t i = 0; i < f->n; i++) {
        rp_bits_put(to, (size_t)f->base + i, rp_bits_get(from, i));
    }
}

RP_KERNEL(store)
{
    const rp_val *column = s->extra;
    unsigned char *alike = &x->world->alike[rp_bundle_insn(x->world->bundle, s->insn).a];
    unsigned char here = rp_val_alike(s->b, f->n, s->number == 0);
    *alike = f->base == 0 ? here : *alike & here;
    if (s->number != 0) {
        memcpy((unsigned char *)column->v + (size_t)f->base * s->number, s->b->v,
               (size_t)f->n * s->number);
    }
    store_plane(column->k, s->b->k, f);
    store_plane(column->p, s->b->p, f);
}

RP_KERNEL(emit)
{
    if (x->emit != NULL) {
        x->emit(x->ctx, rp_bundle_insn(x->world->bundle, s->insn).a, f);
    }
}
