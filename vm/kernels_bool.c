// Kernels of truth and choice: Kleene logic, presence, `??`, `if`, comparisons, sets.
//
// Each works on 64 rows a word. What is compared behind a zero plane does not matter: the planes
// mask it.
//
// Comparisons and choices are loops of a fixed length over the parts of a word, in lanes as wide as
// the values, which compilers turn into vector code: the bit of a lane's row comes from a table.
#include "vm/kernels.h"

#define BITS8(TYPE, at)                                                                            \
    (TYPE)1 << (at), (TYPE)2 << (at), (TYPE)4 << (at), (TYPE)8 << (at), (TYPE)16 << (at),          \
        (TYPE)32 << (at), (TYPE)64 << (at), (TYPE)128 << (at)

enum { HALF = 32, QUARTER = 16 };
static const uint32_t bits_u32[HALF] = {BITS8(uint32_t, 0), BITS8(uint32_t, 8), BITS8(uint32_t, 16),
                                        BITS8(uint32_t, 24)};
static const uint64_t bits_u64[QUARTER] = {BITS8(uint64_t, 0), BITS8(uint64_t, 8)};

RP_KERNEL(and)
{
    (void)x;
    for (uint32_t w = 0; w < f->words; w++) {
        uint64_t t = rp_word_true(s->a, w) & rp_word_true(s->b, w);
        s->out->k[w] = rp_word_false(s->a, w) | rp_word_false(s->b, w);
        s->out->p[w] = t;
    }
}

RP_KERNEL(or)
{
    (void)x;
    for (uint32_t w = 0; w < f->words; w++) {
        uint64_t t = rp_word_true(s->a, w) | rp_word_true(s->b, w);
        s->out->k[w] = rp_word_false(s->a, w) & rp_word_false(s->b, w);
        s->out->p[w] = t;
    }
}

RP_KERNEL(not )
{
    (void)x;
    for (uint32_t w = 0; w < f->words; w++) {
        uint64_t t = rp_word_false(s->a, w);
        s->out->k[w] = rp_word_true(s->a, w);
        s->out->p[w] = t;
    }
}

static bool is_bool(uint32_t type)
{
    return RP_TYPE_KIND(type) == RP_KIND_BOOL;
}

// `number` tells the kind of the operand.
RP_KERNEL(present)
{
    (void)x;
    for (uint32_t w = 0; w < f->words; w++) {
        uint64_t k = s->a->k[w], p = s->a->p[w];
        bool boolean = s->number == RP_KIND_BOOL;
        s->out->p[w] = boolean ? k ^ p : p;
        s->out->k[w] = boolean ? k & p : k & ~p;
    }
}

// Rows in `take` get the value of `c`, the others that of `b`. The result may be one of them.
#define CHOOSE(NAME, TYPE, PART, BITS)                                                             \
    RP_WIDE static void NAME(TYPE *to, const TYPE *b, const TYPE *c, uint64_t take)                \
    {                                                                                              \
        TYPE chosen[RP_WORD_BITS];                                                                 \
        for (unsigned first = 0; first < RP_WORD_BITS; first += (PART)) {                          \
            TYPE rows = (TYPE)(take >> first);                                                     \
            for (unsigned l = 0; l < (PART); l++) {                                                \
                TYPE of_c = (rows & (BITS)[l]) != 0 ? ~(TYPE)0 : 0;                                \
                chosen[first + l] = (c[first + l] & of_c) | (b[first + l] & ~of_c);                \
            }                                                                                      \
        }                                                                                          \
        memcpy(to, chosen, sizeof chosen);                                                         \
    }

CHOOSE(choose_u32, uint32_t, HALF, bits_u32)
CHOOSE(choose_u64, uint64_t, QUARTER, bits_u64)

static void choose_word(const rp_step *s, uint32_t w, const rp_val *b, const rp_val *c,
                        uint64_t take)
{
    size_t size = s->number, first = (size_t)w * RP_WORD_BITS;
    if (size != 0 && (take == 0 || take == ~(uint64_t)0)) {
        const rp_val *all = take == 0 ? b : c;
        memmove((unsigned char *)s->out->v + first * size,
                (const unsigned char *)all->v + first * size, RP_WORD_BITS * size);
    } else if (size == 8) {
        choose_u64((uint64_t *)s->out->v + first, (const uint64_t *)b->v + first,
                   (const uint64_t *)c->v + first, take);
    } else if (size == 4) {
        choose_u32((uint32_t *)s->out->v + first, (const uint32_t *)b->v + first,
                   (const uint32_t *)c->v + first, take);
    }
}

RP_KERNEL(coalesce)
{
    (void)x;
    bool boolean = is_bool(s->type);
    for (uint32_t w = 0; w < f->words; w++) {
        uint64_t ak = s->a->k[w], ap = s->a->p[w], bk = s->b->k[w], bp = s->b->p[w];
        uint64_t absent = boolean ? ak & ap : ak & ~ap;
        uint64_t keep = boolean ? ak ^ ap : ap;
        choose_word(s, w, s->a, s->b, absent & bp);
        s->out->k[w] = (keep & ak) | (absent & bk);
        s->out->p[w] = (keep & ap) | (absent & bp);
    }
}

// Rows where both branches are known and the same.
static uint64_t same_values(const rp_step *s, uint32_t w, uint64_t rows)
{
    size_t size = s->number;
    const unsigned char *b = s->b->v, *c = s->c->v;
    uint64_t same = rows;
    for (uint64_t left = rows; left != 0; left &= left - 1) {
        size_t i = (size_t)w * RP_WORD_BITS + rp_bits_lowest(left);
        if (memcmp(b + i * size, c + i * size, size) != 0) {
            same &= ~(left & (~left + 1));
        }
    }
    return same;
}

static uint64_t agree(const rp_step *s, uint32_t w, uint64_t open)
{
    if (open == 0) {
        return 0;
    }
    uint64_t bk = s->b->k[w], bp = s->b->p[w], ck = s->c->k[w], cp = s->c->p[w];
    if (is_bool(s->type)) {
        return open & ~(bk ^ ck) & ~(bp ^ cp) & (bk | bp);
    }
    uint64_t absent = bk & ~bp & ck & ~cp;
    return open & (absent | same_values(s, w, open & bp & cp));
}

RP_KERNEL(select)
{
    (void)x;
    for (uint32_t w = 0; w < f->words; w++) {
        uint64_t t = rp_word_true(s->a, w), no = rp_word_false(s->a, w);
        uint64_t same = agree(s, w, f->mask[w] & ~t & ~no);
        uint64_t from_b = t | same;
        uint64_t bk = s->b->k[w], bp = s->b->p[w], ck = s->c->k[w], cp = s->c->p[w];
        choose_word(s, w, s->b, s->c, no & cp);
        s->out->k[w] = (from_b & bk) | (no & ck);
        s->out->p[w] = (from_b & bp) | (no & cp);
    }
}

// A comparison of present values is `hit`; where one is known to be absent it is false.
static void put_equal(const rp_step *s, uint32_t w, uint64_t hit)
{
    uint64_t both_known = s->a->k[w] & s->b->k[w];
    uint64_t yes = hit & s->a->p[w] & s->b->p[w];
    s->out->k[w] = both_known & ~yes;
    s->out->p[w] = yes;
}

// An order needs both present.
static void put_order(const rp_step *s, uint32_t w, uint64_t hit)
{
    uint64_t both = s->a->p[w] & s->b->p[w];
    s->out->k[w] = both & ~hit;
    s->out->p[w] = both & hit;
}

RP_WIDE static uint64_t equal_u32(const void *left, const void *right, size_t first)
{
    const uint32_t *a = (const uint32_t *)left + first, *b = (const uint32_t *)right + first;
    uint32_t low = 0, high = 0;
    for (unsigned l = 0; l < HALF; l++) {
        low |= a[l] == b[l] ? bits_u32[l] : 0;
        high |= a[HALF + l] == b[HALF + l] ? bits_u32[l] : 0;
    }
    return low | (uint64_t)high << HALF;
}

#define COMPARE(NAME, TYPE, OPERATOR)                                                              \
    RP_WIDE static uint64_t NAME(const void *left, const void *right, size_t first)                \
    {                                                                                              \
        const TYPE *a = (const TYPE *)left + first, *b = (const TYPE *)right + first;              \
        const TYPE *a1 = a + QUARTER, *a2 = a1 + QUARTER, *a3 = a2 + QUARTER;                      \
        const TYPE *b1 = b + QUARTER, *b2 = b1 + QUARTER, *b3 = b2 + QUARTER;                      \
        uint64_t word = 0;                                                                         \
        for (unsigned l = 0; l < QUARTER; l++) {                                                   \
            uint64_t bit = bits_u64[l], hits = a[l] OPERATOR b[l] ? bit : 0;                       \
            hits |= a1[l] OPERATOR b1[l] ? bit << QUARTER : 0;                                     \
            hits |= a2[l] OPERATOR b2[l] ? bit << (2 * QUARTER) : 0;                               \
            hits |= a3[l] OPERATOR b3[l] ? bit << (3 * QUARTER) : 0;                               \
            word |= hits;                                                                          \
        }                                                                                          \
        return word;                                                                               \
    }

COMPARE(equal_i64, int64_t, ==)
COMPARE(equal_f64, double, ==)
COMPARE(less_i64, int64_t, <)
COMPARE(less_f64, double, <)
COMPARE(less_equal_i64, int64_t, <=)
COMPARE(less_equal_f64, double, <=)

#define COMPARISON(NAME, FUNCTION, PUT)                                                            \
    RP_KERNEL(NAME)                                                                                \
    {                                                                                              \
        (void)x;                                                                                   \
        for (uint32_t w = 0; w < f->words; w++) {                                                  \
            PUT(s, w, FUNCTION(s->a->v, s->b->v, (size_t)w *RP_WORD_BITS));                        \
        }                                                                                          \
    }

COMPARISON(eq_id, equal_u32, put_equal)
COMPARISON(eq_int, equal_i64, put_equal)
COMPARISON(eq_float, equal_f64, put_equal)
COMPARISON(lt_int, less_i64, put_order)
COMPARISON(lt_float, less_f64, put_order)
COMPARISON(le_int, less_equal_i64, put_order)
COMPARISON(le_float, less_equal_f64, put_order)

RP_KERNEL(eq_bool)
{
    (void)x;
    for (uint32_t w = 0; w < f->words; w++) {
        uint64_t ak = s->a->k[w], ap = s->a->p[w], bk = s->b->k[w], bp = s->b->p[w];
        uint64_t absent = (ak & ap) | (bk & bp);
        uint64_t known = (ak | ap) & (bk | bp);
        uint64_t yes = known & ~absent & ~(ap ^ bp);
        s->out->k[w] = known & ~yes;
        s->out->p[w] = yes;
    }
}

RP_WIDE static uint64_t less_u32(const uint32_t *a, const uint32_t *b)
{
    uint32_t low = 0, high = 0;
    for (unsigned l = 0; l < HALF; l++) {
        low |= a[l] < b[l] ? bits_u32[l] : 0;
        high |= a[HALF + l] < b[HALF + l] ? bits_u32[l] : 0;
    }
    return low | (uint64_t)high << HALF;
}

// Versions are compared by rank; the rank of an id is read only where it is present.
typedef struct ranks {
    uint32_t a[RP_WORD_BITS], b[RP_WORD_BITS];
} ranks;

// Whether the ids of a word are one and the same, as those of a constant are.
static bool are_same(const uint32_t *ids)
{
    return memcmp(ids, ids + 1, (RP_WORD_BITS - 1) * sizeof *ids) == 0;
}

static void rank_word(const uint32_t *rank, const uint32_t *ids, uint64_t there, uint32_t *out)
{
    if (there == ~(uint64_t)0) {
        bool same = are_same(ids);
        uint32_t first = rank[ids[0]];
        for (unsigned i = 0; i < RP_WORD_BITS; i++) {
            out[i] = same ? first : rank[ids[i]];
        }
        return;
    }
    memset(out, 0, RP_WORD_BITS * sizeof *out);
    for (; there != 0; there &= there - 1) {
        unsigned i = rp_bits_lowest(there);
        out[i] = rank[ids[i]];
    }
}

static void rank_both(const rp_exec *x, const rp_step *s, uint32_t w, ranks *out)
{
    size_t first = (size_t)w * RP_WORD_BITS;
    rank_word(x->world->rank, (const uint32_t *)s->a->v + first, s->a->p[w], out->a);
    rank_word(x->world->rank, (const uint32_t *)s->b->v + first, s->b->p[w], out->b);
}

RP_KERNEL(eq_version)
{
    ranks r;
    for (uint32_t w = 0; w < f->words; w++) {
        rank_both(x, s, w, &r);
        put_equal(s, w, equal_u32(r.a, r.b, 0));
    }
}

RP_KERNEL(lt_version)
{
    ranks r;
    for (uint32_t w = 0; w < f->words; w++) {
        rank_both(x, s, w, &r);
        put_order(s, w, less_u32(r.a, r.b));
    }
}

RP_KERNEL(le_version)
{
    ranks r;
    for (uint32_t w = 0; w < f->words; w++) {
        rank_both(x, s, w, &r);
        put_order(s, w, ~less_u32(r.b, r.a));
    }
}

// Four members at once; of a set that has no more the last one stands for those that are missing.
RP_WIDE static uint64_t set_word_u32(const uint32_t *values, const rp_set_view *set)
{
    uint32_t low = 0, high = 0;
    for (uint32_t k = 0; k < set->count; k += 4) {
        uint32_t rest = set->count - k - 1;
        const uint64_t *items = set->items + k;
        uint32_t m0 = (uint32_t)items[0], m1 = (uint32_t)items[rest < 1 ? rest : 1];
        uint32_t m2 = (uint32_t)items[rest < 2 ? rest : 2];
        uint32_t m3 = (uint32_t)items[rest < 3 ? rest : 3];
        for (unsigned l = 0; l < HALF; l++) {
            uint32_t a = values[l], b = values[HALF + l];
            low |= ((a == m0) | (a == m1) | (a == m2) | (a == m3)) != 0 ? bits_u32[l] : 0;
            high |= ((b == m0) | (b == m1) | (b == m2) | (b == m3)) != 0 ? bits_u32[l] : 0;
        }
    }
    return low | (uint64_t)high << HALF;
}

static bool in_sorted(const rp_set_view *set, uint64_t bits)
{
    uint32_t low = 0, high = set->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (set->items[middle] < bits) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < set->count && set->items[low] == bits;
}

static bool in_bitmap(const rp_set_view *set, uint32_t id)
{
    return id < set->bitmap_size && rp_bits_get(set->bitmap, id);
}

static bool is_version(const rp_step *s)
{
    return s->number == RP_KIND_VERSION;
}

// Versions that are written differently may be equal, so they are compared by rank.
static bool in_ranks(const rp_world *world, const rp_set_view *set, uint32_t id)
{
    for (uint32_t k = 0; k < set->count; k++) {
        if (world->rank[(uint32_t)set->items[k]] == world->rank[id]) {
            return true;
        }
    }
    return false;
}

static bool in_set_one(const rp_exec *x, const rp_step *s, size_t i)
{
    const rp_set_view *set = s->extra;
    if (rp_plan_value_size((rp_kind)s->number) == 8) {
        return in_sorted(set, ((const uint64_t *)s->a->v)[i]);
    }
    uint32_t id = ((const uint32_t *)s->a->v)[i];
    return is_version(s) ? in_ranks(x->world, set, id) : in_bitmap(set, id);
}

static uint64_t set_word(const rp_exec *x, const rp_step *s, uint32_t w)
{
    const rp_set_view *set = s->extra;
    bool small = rp_plan_value_size((rp_kind)s->number) == 4 && !is_version(s);
    if (small && set->bitmap == NULL) {
        return set_word_u32((const uint32_t *)s->a->v + (size_t)w * RP_WORD_BITS, set);
    }
    uint64_t hits = 0;
    for (uint64_t left = s->a->p[w]; left != 0; left &= left - 1) {
        size_t i = (size_t)w * RP_WORD_BITS + rp_bits_lowest(left);
        hits |= in_set_one(x, s, i) ? left & (~left + 1) : 0;
    }
    return hits;
}

static void set_bools(const rp_step *s, const rp_frame *f)
{
    const rp_set_view *set = s->extra;
    bool has_true = in_sorted(set, 1), has_false = in_sorted(set, 0);
    for (uint32_t w = 0; w < f->words; w++) {
        uint64_t t = rp_word_true(s->a, w), no = rp_word_false(s->a, w);
        uint64_t known = s->a->k[w] | s->a->p[w];
        uint64_t yes = (has_true ? t : 0) | (has_false ? no : 0);
        s->out->k[w] = known & ~yes;
        s->out->p[w] = yes;
    }
}

RP_KERNEL(in_set)
{
    if (s->number == RP_KIND_BOOL) {
        set_bools(s, f);
        return;
    }
    for (uint32_t w = 0; w < f->words; w++) {
        uint64_t yes = set_word(x, s, w) & s->a->p[w];
        s->out->k[w] = s->a->k[w] & ~yes;
        s->out->p[w] = yes;
    }
}
