// Kernels of texts, versions, address ranges and covers.
//
// They follow ids to memory, so they walk the set bits of the present plane only. A predicate that
// is costly and has a constant on its right is computed once for each distinct text: two bits an id
// (tested, true) in the step's memo.
#include "vm/kernels.h"

typedef bool (*predicate)(rp_str text, rp_str literal);

static bool test_memo(rp_exec *x, const rp_step *s, uint32_t id, uint32_t literal, predicate holds)
{
    uint64_t *memo = x->memo[s->insn];
    if (memo == NULL) {
        return holds(rp_world_text(x->world, id), rp_world_text(x->world, literal));
    }
    if (!rp_bits_get(memo, (size_t)id * 2)) {
        bool yes = holds(rp_world_text(x->world, id), rp_world_text(x->world, literal));
        rp_bits_set(memo, (size_t)id * 2);
        rp_bits_put(memo, (size_t)id * 2 + 1, yes);
    }
    return rp_bits_get(memo, (size_t)id * 2 + 1);
}

// Absent is false; an absent literal makes the answer unknown.
static void test_texts(rp_exec *x, const rp_step *s, const rp_frame *f, predicate holds)
{
    const uint32_t *a = s->a->v, *b = s->b->v;
    for (uint32_t w = 0; w < f->words; w++) {
        uint64_t yes = 0, known = s->a->k[w] & s->b->p[w];
        for (uint64_t rows = s->a->p[w] & s->b->p[w]; rows != 0; rows &= rows - 1) {
            size_t i = (size_t)w * RP_WORD_BITS + rp_bits_lowest(rows);
            yes |= test_memo(x, s, a[i], b[i], holds) ? rows & (~rows + 1) : 0;
        }
        s->out->k[w] = known & ~yes;
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

static bool in_series(const rp_exec *x, uint32_t a, uint32_t b)
{
    return rp_version_in_series(rp_world_text(x->world, a), rp_world_text(x->world, b));
}

RP_KERNEL(version_series)
{
    test_pairs(x, s, f, in_series);
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

RP_KERNEL(cover_or)
{
    (void)x;
    const rp_cover *a = s->a->v, *b = s->b->v;
    rp_cover *out = s->out->v;
    for (uint32_t i = 0; i < f->n; i++) {
        for (uint32_t w = 0; w < 9; w++) {
            out[i].sure[w] = a[i].sure[w] | b[i].sure[w];
            out[i].maybe[w] = a[i].maybe[w] | b[i].maybe[w];
        }
    }
}

RP_KERNEL(cover_full)
{
    (void)x;
    const rp_cover *a = s->a->v;
    memset(s->out->k, 0, f->words * sizeof(uint64_t));
    memset(s->out->p, 0, f->words * sizeof(uint64_t));
    for (uint32_t i = 0; i < f->n; i++) {
        if (covers_all(a[i].sure)) {
            rp_bits_set(s->out->p, i);
        } else if (!covers_all(a[i].maybe)) {
            rp_bits_set(s->out->k, i);
        }
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
}
