// Kernels of folds: from the rows of an inner frame to the rows of the outer one.
//
// `rp_fold_begin` clears the result, each chunk adds to it at the position of its parent, and
// `rp_fold_finish` says what is known, given which lists were complete. So the result does not
// depend on how the rows were cut into chunks. The step's own plane (`aux`) marks outer rows that
// are undecided (or, for first and witness, done).
#include "vm/kernels.h"

#include "vm/base/checked.h"

// Over the rows of word `w` whose bits are set.
#define FOR_ROWS(i, plane_word)                                                                    \
    for (uint64_t left_ = (plane_word); left_ != 0; left_ &= left_ - 1)                            \
        for (size_t i = (size_t)w * RP_WORD_BITS + rp_bits_lowest(left_), once_ = 1; once_ != 0;   \
             once_ = 0)

static uint64_t undecided(const rp_step *s, const rp_frame *f, uint32_t w)
{
    return f->mask[w] & ~(rp_word_true(s->a, w) | rp_word_false(s->a, w));
}

static uint64_t sure(const rp_step *s, const rp_frame *f, uint32_t w)
{
    return f->mask[w] & rp_word_true(s->a, w);
}

// Sets the bits of the parents of some rows of a word. Parents ascend, so that neighbours mostly
// share a word of the outer plane, which stays in a register until the next one begins.
static void mark_each(uint64_t *plane, const uint32_t *parents, uint64_t rows)
{
    uint64_t word = 0;
    uint32_t at = 0;
    for (; rows != 0; rows &= rows - 1) {
        uint32_t parent = parents[rp_bits_lowest(rows)];
        if (parent / RP_WORD_BITS != at) {
            plane[at] |= word;
            at = parent / RP_WORD_BITS;
            word = 0;
        }
        word |= (uint64_t)1 << (parent % RP_WORD_BITS);
    }
    plane[at] |= word;
}

static void mark_parents(const rp_frame *f, uint32_t w, uint64_t *plane, uint64_t rows)
{
    if (f->same) {
        plane[w] |= rows;
    } else if (rows != 0) {
        mark_each(plane, f->parents + (size_t)w * RP_WORD_BITS, rows);
    }
}

static void mark_undecided(const rp_step *s, const rp_frame *f, uint32_t w)
{
    mark_parents(f, w, s->aux, undecided(s, f, w));
}

RP_KERNEL(fold_any)
{
    (void)x;
    for (uint32_t w = 0; w < f->words; w++) {
        mark_parents(f, w, s->out->p, sure(s, f, w));
        mark_undecided(s, f, w);
    }
}

// While it runs, `p` says that one was true and `k` that two were.
RP_KERNEL(fold_one)
{
    (void)x;
    for (uint32_t w = 0; w < f->words; w++) {
        FOR_ROWS(i, sure(s, f, w))
        {
            uint32_t parent = f->parents[i];
            rp_bits_set(rp_bits_get(s->out->p, parent) ? s->out->k : s->out->p, parent);
        }
        mark_undecided(s, f, w);
    }
}

RP_KERNEL(fold_count)
{
    (void)x;
    int64_t *out = s->out->v;
    for (uint32_t w = 0; w < f->words; w++) {
        FOR_ROWS(i, sure(s, f, w))
        {
            out[f->parents[i]]++;
        }
        mark_undecided(s, f, w);
    }
}

RP_KERNEL(fold_sum_int)
{
    (void)x;
    int64_t *out = s->out->v;
    const int64_t *b = s->b->v;
    for (uint32_t w = 0; w < f->words; w++) {
        FOR_ROWS(i, sure(s, f, w))
        {
            uint32_t parent = f->parents[i];
            if (!rp_bits_get(s->b->p, i) || !rp_checked_add_i64(out[parent], b[i], &out[parent])) {
                rp_bits_set(s->aux, parent);
            }
        }
        mark_undecided(s, f, w);
    }
}

RP_KERNEL(fold_sum_float)
{
    (void)x;
    double *out = s->out->v;
    const double *b = s->b->v;
    for (uint32_t w = 0; w < f->words; w++) {
        FOR_ROWS(i, sure(s, f, w))
        {
            uint32_t parent = f->parents[i];
            if (rp_bits_get(s->b->p, i)) {
                out[parent] += b[i];
            } else {
                rp_bits_set(s->aux, parent);
            }
        }
        mark_undecided(s, f, w);
    }
}

// Least or greatest of present values; an absent one is skipped, an unknown one leaves it open.
#define EXTREME(NAME, TYPE, BETTER)                                                                \
    RP_KERNEL(NAME)                                                                                \
    {                                                                                              \
        (void)x;                                                                                   \
        TYPE *out = s->out->v;                                                                     \
        const TYPE *b = s->b->v;                                                                   \
        for (uint32_t w = 0; w < f->words; w++) {                                                  \
            FOR_ROWS(i, sure(s, f, w))                                                             \
            {                                                                                      \
                uint32_t parent = f->parents[i];                                                   \
                if (!rp_bits_get(s->b->k, i)) {                                                    \
                    rp_bits_set(s->aux, parent);                                                   \
                } else if (rp_bits_get(s->b->p, i) &&                                              \
                           (!rp_bits_get(s->out->p, parent) || BETTER(b[i], out[parent]))) {       \
                    out[parent] = b[i];                                                            \
                    rp_bits_set(s->out->p, parent);                                                \
                }                                                                                  \
            }                                                                                      \
            mark_undecided(s, f, w);                                                               \
        }                                                                                          \
    }

#define LESS(a, b) ((a) < (b))
#define MORE(a, b) ((a) > (b))
#define LESS_VERSION(a, b) (x->world->rank[a] < x->world->rank[b])
#define MORE_VERSION(a, b) (x->world->rank[a] > x->world->rank[b])

EXTREME(fold_min_int, int64_t, LESS)
EXTREME(fold_max_int, int64_t, MORE)
EXTREME(fold_min_float, double, LESS)
EXTREME(fold_max_float, double, MORE)
EXTREME(fold_min_version, uint32_t, LESS_VERSION)
EXTREME(fold_max_version, uint32_t, MORE_VERSION)

static bool is_bool(const rp_step *s)
{
    return RP_TYPE_KIND(s->type) == RP_KIND_BOOL;
}

static void take(const rp_step *s, size_t i, uint32_t parent)
{
    size_t size = rp_plan_value_size(RP_TYPE_KIND(s->type));
    if (size != 0) {
        memcpy((unsigned char *)s->out->v + parent * size,
               (const unsigned char *)s->b->v + i * size, size);
    }
    rp_bits_put(s->out->k, parent, rp_bits_get(s->b->k, i));
    rp_bits_put(s->out->p, parent, rp_bits_get(s->b->p, i));
}

// Rows of a word that decide: those that may belong, but for rows whose value is absent, which are
// passed over. `certain`: those that belong and whose value is known.
static uint64_t deciding(const rp_step *s, const rp_frame *f, uint32_t w, uint64_t *certain)
{
    uint64_t k = s->b->k[w], p = s->b->p[w];
    uint64_t absent = is_bool(s) ? k & p : k & ~p;
    *certain = rp_word_true(s->a, w) & (k | p);
    return f->mask[w] & ~rp_word_false(s->a, w) & ~absent;
}

// The first rows are the only ones.
static void take_all(const rp_step *s, const rp_frame *f)
{
    size_t size = rp_plan_value_size(RP_TYPE_KIND(s->type));
    if (size != 0) {
        memcpy(s->out->v, s->b->v, f->n * size);
    }
    for (uint32_t w = 0; w < f->words; w++) {
        uint64_t certain, rows = deciding(s, f, w, &certain);
        uint64_t k = s->b->k[w], p = s->b->p[w];
        s->out->k[w] = rows & certain & k;
        s->out->p[w] = rows & certain & p;
        s->aux[w] = rows;
    }
}

// `aux`: the row is decided, by a value or by something unknown before it.
RP_KERNEL(fold_first)
{
    (void)x;
    if (f->same) {
        take_all(s, f);
        return;
    }
    for (uint32_t w = 0; w < f->words; w++) {
        uint64_t certain, rows = deciding(s, f, w, &certain);
        FOR_ROWS(i, rows)
        {
            uint32_t parent = f->parents[i];
            if (!rp_bits_get(s->aux, parent)) {
                rp_bits_set(s->aux, parent);
                if ((certain >> (i % RP_WORD_BITS) & 1u) != 0) {
                    take(s, i, parent);
                }
            }
        }
    }
}

RP_KERNEL(fold_witness)
{
    (void)x;
    for (uint32_t w = 0; w < f->words; w++) {
        FOR_ROWS(i, sure(s, f, w))
        {
            uint32_t parent = f->parents[i];
            if (!rp_bits_get(s->aux, parent)) {
                take(s, i, parent);
                rp_bits_set(s->aux, parent);
            }
        }
    }
}

// ---- Covers ------------------------------------------------------------------------------------

// Word by word: a range that is everything has 256 blocks.
static void add_block(uint32_t blocks[9], uint32_t first, uint32_t count)
{
    while (count != 0) {
        uint32_t at = first % 32, n = 32 - at < count ? 32 - at : count;
        uint32_t ones = n == 32 ? ~(uint32_t)0 : ((uint32_t)1 << n) - 1;
        blocks[first / 32] |= ones << at;
        first += n;
        count -= n;
    }
}

// A range of /8 or wider as blocks.
static void add_range(uint32_t blocks[9], const rp_cidr *range)
{
    uint32_t first = range->address[0];
    uint32_t count = 1u << (8 - range->length);
    if (range->family == 4) {
        add_block(blocks, first, count);
        return;
    }
    uint32_t low = first < 0x20 ? 0x20 : first;
    uint32_t high = first + count > 0x40 ? 0x40 : first + count;
    if (low < high) {
        add_block(blocks, 256 + low - 0x20, high - low);
    }
}

// Eight words and one: the compiler makes wide operations of loops of such lengths only.
static void add_words(uint32_t *restrict to, const uint32_t *restrict from)
{
    for (uint32_t w = 0; w < 8; w++) {
        to[w] |= from[w];
    }
    to[8] |= from[8];
}

// The cover of a row, which begins to be there.
static rp_cover *touch_cover(const rp_val *out, uint32_t row)
{
    rp_cover *cover = (rp_cover *)out->v + row;
    if (!rp_bits_get(out->p, row)) {
        memset(cover, 0, sizeof *cover);
        rp_bits_set(out->p, row);
    }
    return cover;
}

static void add_cover(const rp_val *out, uint32_t row, const rp_cover *from, bool certain)
{
    if (!rp_bits_get(out->p, row) && certain) {
        rp_bits_set(out->p, row);
        ((rp_cover *)out->v)[row] = *from;
        return;
    }
    rp_cover *to = touch_cover(out, row);
    if (certain) {
        add_words(to->sure, from->sure);
    }
    add_words(to->maybe, from->maybe);
}

// One range; what is not known may be everything.
static void add_one(const rp_exec *x, const rp_step *s, size_t i, bool certain, uint32_t row)
{
    if (!rp_bits_get(s->b->p, i)) {
        memset(touch_cover(s->out, row)->maybe, 0xff, sizeof(uint32_t) * 9);
        return;
    }
    uint32_t id = ((const uint32_t *)s->b->v)[i];
    const rp_cidr *range = &x->world->ranges[x->world->range_of[id]];
    if (range->length > 8) {
        return;
    }
    rp_cover *cover = touch_cover(s->out, row);
    add_range(cover->maybe, range);
    if (certain) {
        add_range(cover->sure, range);
    }
}

RP_KERNEL(fold_cover)
{
    bool covers = s->number == RP_KIND_COVER;
    const uint32_t *parents = f->parents;
    for (uint32_t w = 0; w < f->words; w++) {
        uint64_t certain = rp_word_true(s->a, w), there = covers ? s->b->p[w] : ~(uint64_t)0;
        FOR_ROWS(i, f->mask[w] & ~rp_word_false(s->a, w) & there)
        {
            bool sure = (certain >> (i % RP_WORD_BITS) & 1u) != 0;
            if (covers) {
                add_cover(s->out, parents[i], (const rp_cover *)s->b->v + i, sure);
            } else {
                add_one(x, s, i, sure, parents[i]);
            }
        }
    }
}

// ---- Lists for messages ------------------------------------------------------------------------

static uint64_t item_bits(const rp_step *s, size_t i)
{
    size_t size = rp_plan_value_size((rp_kind)s->number);
    uint32_t small = 0;
    uint64_t bits = 0;
    if (size == 4) {
        memcpy(&small, (const unsigned char *)s->b->v + i * size, size);
        return small;
    }
    if (size == 8) {
        memcpy(&bits, (const unsigned char *)s->b->v + i * size, size);
        return bits;
    }
    return rp_bits_get(s->b->p, i);
}

static void add_item(rp_listtext *list, uint64_t bits, bool known)
{
    if (list->count < RP_LISTTEXT_SHOWN) {
        list->items[list->count] = bits;
        list->unknown |= known ? 0 : 1u << list->count;
    }
    list->count++;
}

static void add_list(rp_listtext *to, const rp_listtext *from)
{
    uint32_t shown = from->count < RP_LISTTEXT_SHOWN ? from->count : RP_LISTTEXT_SHOWN;
    for (uint32_t k = 0; k < shown; k++) {
        add_item(to, from->items[k], (from->unknown >> k & 1u) == 0);
    }
    to->count += from->count - shown;
    to->incomplete |= from->incomplete;
}

static void add_member(const rp_step *s, rp_listtext *to, size_t i)
{
    if (s->number == RP_KIND_LISTTEXT) {
        add_list(to, &((const rp_listtext *)s->b->v)[i]);
        return;
    }
    bool boolean = s->number == RP_KIND_BOOL;
    bool p = rp_bits_get(s->b->p, i), k = rp_bits_get(s->b->k, i);
    bool absent = boolean ? k && p : k && !p;
    if (!absent) {
        add_item(to, item_bits(s, i), boolean ? k != p : p);
    }
}

RP_KERNEL(fold_text)
{
    (void)x;
    rp_listtext *out = s->out->v;
    for (uint32_t w = 0; w < f->words; w++) {
        FOR_ROWS(i, f->mask[w] & ~rp_word_false(s->a, w))
        {
            rp_listtext *list = &out[f->parents[i]];
            if ((rp_word_true(s->a, w) >> (i % RP_WORD_BITS) & 1u) != 0) {
                add_member(s, list, i);
            } else {
                list->incomplete = 1;
            }
        }
    }
}

// ---- Before and after --------------------------------------------------------------------------

void rp_fold_begin(rp_exec *x, const rp_step *s, const rp_frame *outer)
{
    (void)x;
    size_t planes = outer->words * sizeof(uint64_t);
    size_t size = rp_plan_value_size(RP_TYPE_KIND(s->type));
    if (size != 0 && s->op != RP_OP_FOLD_COVER) {
        memset(s->out->v, 0, outer->n * size);
    }
    if (s->out->p != NULL) {
        memset(s->out->k, 0, planes);
        memset(s->out->p, 0, planes);
    }
    memset(s->aux, 0, planes);
}

// The result is what was gathered, where every list was complete and nothing was undecided.
static void finish_value(const rp_step *s, const rp_frame *outer, const uint64_t *incomplete,
                         bool may_be_absent)
{
    for (uint32_t w = 0; w < outer->words; w++) {
        uint64_t known = outer->mask[w] & ~s->aux[w] & ~incomplete[w];
        uint64_t present = may_be_absent ? known & s->out->p[w] : known;
        s->out->k[w] = known;
        s->out->p[w] = present;
    }
}

static void finish_bool(const rp_step *s, const rp_frame *outer, const uint64_t *incomplete)
{
    for (uint32_t w = 0; w < outer->words; w++) {
        uint64_t open = s->aux[w] | incomplete[w];
        uint64_t one = s->out->p[w], two = s->out->k[w];
        bool any = s->op == RP_OP_FOLD_ANY;
        s->out->p[w] = any ? one : one & ~two & ~open;
        s->out->k[w] = outer->mask[w] & (any ? ~one & ~open : two | (~one & ~open));
    }
}

// Rows without a decision: nothing was found. Incomplete: something unseen may come first.
static void finish_first(const rp_step *s, const rp_frame *outer, const uint64_t *incomplete)
{
    bool boolean = is_bool(s);
    bool first = s->op == RP_OP_FOLD_FIRST;
    for (uint32_t w = 0; w < outer->words; w++) {
        uint64_t none = outer->mask[w] & ~s->aux[w];
        uint64_t keep = first ? ~incomplete[w] : ~(uint64_t)0;
        uint64_t k = (s->out->k[w] | none) & keep, p = s->out->p[w];
        s->out->k[w] = k;
        s->out->p[w] = (boolean ? p | none : p) & keep;
    }
}

static void finish_cover(const rp_step *s, const rp_frame *outer, const uint64_t *incomplete)
{
    for (uint32_t w = 0; w < outer->words; w++) {
        FOR_ROWS(i, incomplete[w] & outer->mask[w])
        {
            rp_cover *cover = touch_cover(s->out, (uint32_t)i);
            memset(cover->maybe, 0xff, sizeof cover->maybe);
        }
    }
}

static void finish_text(const rp_step *s, const rp_frame *outer, const uint64_t *incomplete)
{
    rp_listtext *out = s->out->v;
    for (uint32_t w = 0; w < outer->words; w++) {
        FOR_ROWS(i, incomplete[w] & outer->mask[w])
        {
            out[i].incomplete = 1;
        }
    }
}

static void check_sums(const rp_step *s, const rp_frame *outer)
{
    const double *out = s->out->v;
    for (uint32_t i = 0; i < outer->n; i++) {
        if (!(out[i] - out[i] == 0)) {
            rp_bits_set(s->aux, i);
        }
    }
}

void rp_fold_finish(rp_exec *x, const rp_step *s, const rp_frame *outer, const uint64_t *incomplete)
{
    (void)x;
    switch (s->op) {
    case RP_OP_FOLD_ANY:
    case RP_OP_FOLD_ONE: finish_bool(s, outer, incomplete); break;
    case RP_OP_FOLD_FIRST:
    case RP_OP_FOLD_WITNESS: finish_first(s, outer, incomplete); break;
    case RP_OP_FOLD_COVER: finish_cover(s, outer, incomplete); break;
    case RP_OP_FOLD_TEXT: finish_text(s, outer, incomplete); break;
    case RP_OP_FOLD_SUM_FLOAT:
        check_sums(s, outer);
        finish_value(s, outer, incomplete, false);
        break;
    case RP_OP_FOLD_COUNT:
    case RP_OP_FOLD_SUM_INT: finish_value(s, outer, incomplete, false); break;
    default: // least and greatest
        finish_value(s, outer, incomplete, true);
        break;
    }
}
