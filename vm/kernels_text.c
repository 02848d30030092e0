// Kernels of texts, versions, address ranges and covers.
//
// They follow ids to memory, so they walk the set bits of the present plane only. Texts repeat: a
// predicate with a constant on its right remembers the answer of one text in each of the slots of
// its memo, which is what most columns have distinct texts.
#include "vm/kernels.h"

typedef bool (*predicate)(rp_str text, rp_str literal);

static bool test_once(const rp_exec *x, uint32_t id, uint32_t literal, predicate holds)
{
    return holds(rp_world_text(x->world, id), rp_world_text(x->world, literal));
}

// The answers of one step: `texts` and `literals` are the ids of a word.
typedef struct asking {
    const rp_exec *x;
    const uint32_t *texts, *literals;
    uint64_t *memo;
    predicate holds;
} asking;

// A slot holds twice an id and two, plus its answer.
static uint64_t remember(const asking *q, unsigned i)
{
    uint64_t answer = test_once(q->x, q->texts[i], q->literals[i], q->holds);
    q->memo[q->texts[i] % RP_MEMO_SLOTS] = 2 * ((uint64_t)q->texts[i] + 1) + answer;
    return answer;
}

// What is in the slot beyond twice the id and two is the answer, or more: that of another id, or of
// none yet.
static inline uint64_t ask(const asking *q, unsigned i)
{
    uint64_t id = q->texts[i], answer = q->memo[id % RP_MEMO_SLOTS] - 2 * (id + 1);
    return answer <= 1 ? answer : remember(q, i);
}

static uint64_t ask_word(const asking *q, uint64_t rows)
{
    uint64_t yes = 0;
    if (rows == ~(uint64_t)0) {
        for (unsigned i = RP_WORD_BITS; i-- > 0;) {
            yes = yes << 1 | ask(q, i);
        }
        return yes;
    }
    for (; rows != 0; rows &= rows - 1) {
        unsigned i = rp_bits_lowest(rows);
        yes |= ask(q, i) << i;
    }
    return yes;
}

static uint64_t test_word(const rp_exec *x, const rp_step *s, uint32_t w, uint64_t rows,
                          predicate holds)
{
    const uint32_t *a = (const uint32_t *)s->a->v + (size_t)w * RP_WORD_BITS;
    const uint32_t *b = (const uint32_t *)s->b->v + (size_t)w * RP_WORD_BITS;
    asking q = {x, a, b, s->aux, holds};
    uint64_t yes = 0;
    if (s->aux != NULL) {
        return ask_word(&q, rows);
    }
    for (; rows != 0; rows &= rows - 1) {
        unsigned i = rp_bits_lowest(rows);
        yes |= (uint64_t)test_once(x, a[i], b[i], holds) << i;
    }
    return yes;
}

// Absent is false; an absent literal makes the answer unknown.
static inline void test_texts(rp_exec *x, const rp_step *s, const rp_frame *f, predicate holds)
{
    for (uint32_t w = 0; w < f->words; w++) {
        uint64_t yes = test_word(x, s, w, s->a->p[w] & s->b->p[w], holds);
        s->out->k[w] = s->a->k[w] & s->b->p[w] & ~yes;
        s->out->p[w] = yes;
    }
}

RP_KERNEL(text_starts)
{
    test_texts(x, s, f, rp_str_starts);
}

RP_KERNEL(text_ends)
{
    test_texts(x, s, f, rp_str_ends);
}

RP_KERNEL(text_contains)
{
    test_texts(x, s, f, rp_text_contains);
}

RP_KERNEL(text_glob)
{
    test_texts(x, s, f, rp_glob_match);
}

RP_KERNEL(text_length)
{
    const uint32_t *a = s->a->v;
    int64_t *out = s->out->v;
    for (uint32_t w = 0; w < f->words; w++) {
        for (uint64_t rows = s->a->p[w]; rows != 0; rows &= rows - 1) {
            size_t i = (size_t)w * RP_WORD_BITS + rp_bits_lowest(rows);
            out[i] = (int64_t)rp_world_text(x->world, a[i]).len;
        }
        s->out->k[w] = s->a->p[w];
        s->out->p[w] = s->a->p[w];
    }
}

// Both present, else unknown.
static void test_pairs(rp_exec *x, const rp_step *s, const rp_frame *f,
                       bool (*holds)(const rp_exec *x, uint32_t a, uint32_t b))
{
    const uint32_t *a = s->a->v, *b = s->b->v;
    for (uint32_t w = 0; w < f->words; w++) {
        uint64_t yes = 0, known = s->a->p[w] & s->b->p[w];
        for (uint64_t rows = known; rows != 0; rows &= rows - 1) {
            size_t i = (size_t)w * RP_WORD_BITS + rp_bits_lowest(rows);
            yes |= holds(x, a[i], b[i]) ? rows & (~rows + 1) : 0;
        }
        s->out->k[w] = known & ~yes;
        s->out->p[w] = yes;
    }
}

RP_KERNEL(version_series)
{
    for (uint32_t w = 0; w < f->words; w++) {
        uint64_t known = s->a->p[w] & s->b->p[w];
        uint64_t yes = test_word(x, s, w, known, rp_version_in_series);
        s->out->k[w] = known & ~yes;
        s->out->p[w] = yes;
    }
}

static const rp_cidr *range(const rp_exec *x, uint32_t id)
{
    return &x->world->ranges[x->world->range_of[id]];
}

static bool is_within(const rp_exec *x, uint32_t a, uint32_t b)
{
    return rp_cidr_within(range(x, a), range(x, b));
}

static bool do_overlap(const rp_exec *x, uint32_t a, uint32_t b)
{
    return rp_cidr_overlaps(range(x, a), range(x, b));
}

RP_KERNEL(cidr_within)
{
    test_pairs(x, s, f, is_within);
}

RP_KERNEL(cidr_overlaps)
{
    test_pairs(x, s, f, do_overlap);
}

RP_KERNEL(cidr_length)
{
    const uint32_t *a = s->a->v;
    int64_t *out = s->out->v;
    for (uint32_t w = 0; w < f->words; w++) {
        for (uint64_t rows = s->a->p[w]; rows != 0; rows &= rows - 1) {
            size_t i = (size_t)w * RP_WORD_BITS + rp_bits_lowest(rows);
            out[i] = range(x, a[i])->length;
        }
        s->out->k[w] = s->a->p[w];
        s->out->p[w] = s->a->p[w];
    }
}

static void test_ranges(rp_exec *x, const rp_step *s, const rp_frame *f,
                        bool (*holds)(const rp_cidr *range))
{
    const uint32_t *a = s->a->v;
    for (uint32_t w = 0; w < f->words; w++) {
        uint64_t yes = 0, known = s->a->p[w];
        for (uint64_t rows = known; rows != 0; rows &= rows - 1) {
            size_t i = (size_t)w * RP_WORD_BITS + rp_bits_lowest(rows);
            yes |= holds(range(x, a[i])) ? rows & (~rows + 1) : 0;
        }
        s->out->k[w] = known & ~yes;
        s->out->p[w] = yes;
    }
}

static bool is_v6(const rp_cidr *r)
{
    return r->family == 6;
}

RP_KERNEL(cidr_private)
{
    test_ranges(x, s, f, rp_cidr_is_private);
}

RP_KERNEL(cidr_v6)
{
    test_ranges(x, s, f, is_v6);
}

// ---- Covers: words 0 to 7 are the /8 blocks of IPv4, word 8 those of 2000::/3 ------------------

// Every /8 block but 0, 10, 127 and 224 to 255, which are never public as a whole.
static bool covers_v4(const uint32_t blocks[9])
{
    for (uint32_t w = 0; w < 7; w++) {
        uint32_t needed = 0xffffffffu;
        needed &= w == 0 ? ~(1u << 0 | 1u << 10) : needed;
        needed &= w == 3 ? ~(1u << 31) : needed;
        if ((blocks[w] & needed) != needed) {
            return false;
        }
    }
    return true;
}

static bool covers_all(const uint32_t blocks[9])
{
    return covers_v4(blocks) || blocks[8] == 0xffffffffu;
}

static void join_covers(rp_cover *out, const rp_cover *a, const rp_cover *b)
{
    for (uint32_t w = 0; w < 9; w++) {
        out->sure[w] = a->sure[w] | b->sure[w];
        out->maybe[w] = a->maybe[w] | b->maybe[w];
    }
}

RP_KERNEL(cover_or)
{
    (void)x;
    const rp_cover *a = s->a->v, *b = s->b->v;
    rp_cover *out = s->out->v;
    for (uint32_t w = 0; w < f->words; w++) {
        uint64_t in_a = s->a->p[w], in_b = s->b->p[w];
        for (uint64_t rows = in_a | in_b; rows != 0; rows &= rows - 1) {
            unsigned bit = rp_bits_lowest(rows);
            size_t i = (size_t)w * RP_WORD_BITS + bit;
            if ((in_a & in_b) >> bit & 1u) {
                join_covers(&out[i], &a[i], &b[i]);
            } else {
                out[i] = in_a >> bit & 1u ? a[i] : b[i];
            }
        }
        s->out->p[w] = in_a | in_b;
    }
}

RP_KERNEL(cover_full)
{
    (void)x;
    const rp_cover *a = s->a->v;
    for (uint32_t w = 0; w < f->words; w++) {
        uint64_t there = s->a->p[w], full = 0, open = 0;
        for (uint64_t rows = there; rows != 0; rows &= rows - 1) {
            unsigned bit = rp_bits_lowest(rows);
            size_t i = (size_t)w * RP_WORD_BITS + bit;
            if (covers_all(a[i].sure)) {
                full |= (uint64_t)1 << bit;
            } else if (covers_all(a[i].maybe)) {
                open |= (uint64_t)1 << bit;
            }
        }
        s->out->k[w] = f->mask[w] & ~full & ~open;
        s->out->p[w] = full;
    }
}

// A cover of which nothing is known: possibly everything.
RP_KERNEL(unknown_cover)
{
    (void)x;
    rp_cover *out = s->out->v;
    for (uint32_t i = 0; i < f->n; i++) {
        memset(out[i].sure, 0, sizeof out[i].sure);
        memset(out[i].maybe, 0xff, sizeof out[i].maybe);
    }
    memcpy(s->out->p, f->mask, f->words * sizeof(uint64_t));
}
