// The sort: what texts share is passed over, the next bytes become a number, numbers are sorted
// digit by digit, and each run of equal numbers is sorted by what follows.
//
// Each step tells at least two texts of a run apart, or all of them are equal.
#include "vm/base/sort.h"

#define MORE 8u // of the bytes in a word: there are others behind them
#define FEW 32u

typedef struct sort_key {
    uint64_t word;    // seven bytes, and how many of them there are
    const char *rest; // of the text, from those bytes on
    size_t size;
    uint32_t item;
} sort_key;

typedef struct sorter {
    rp_sort_text text;
    const void *ctx;
    uint32_t levels;
    sort_key *spare; // as many as there are items
} sorter;

static uint64_t word_of(const char *text, size_t size)
{
    const unsigned char *p = (const unsigned char *)text;
    uint64_t word = 0;
    if (size >= MORE) {
        word = (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 | (uint64_t)p[2] << 40 |
               (uint64_t)p[3] << 32 | (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 |
               (uint64_t)p[6] << 8 | p[7];
        return (word & ~(uint64_t)0xff) | MORE;
    }
    for (size_t i = 0; i < size; i++) {
        word |= (uint64_t)p[i] << (56 - 8 * i);
    }
    return word | size;
}

// How many bytes all texts begin with alike.
static size_t shared_size(const sort_key *keys, uint32_t n)
{
    const char *first = keys[0].rest;
    size_t shared = keys[0].size;
    for (uint32_t i = 1; shared != 0 && i < n; i++) {
        const sort_key *k = &keys[i];
        bool longer = k->size >= shared;
        if (longer && (k->rest == first || memcmp(k->rest, first, shared) == 0)) {
            continue;
        }
        size_t least = longer ? shared : k->size;
        shared = 0;
        while (shared < least && k->rest[shared] == first[shared]) {
            shared++;
        }
    }
    return shared;
}

static void sort_few(sort_key *keys, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        sort_key key = keys[i];
        uint32_t at = i;
        for (; at > 0 && keys[at - 1].word > key.word; at--) {
            keys[at] = keys[at - 1];
        }
        keys[at] = key;
    }
}

static void sort_digit(const sort_key *from, sort_key *to, uint32_t n, unsigned shift)
{
    const sort_key *end = from + n;
    sort_key *next[256];
    uint32_t count[256] = {0};
    for (const sort_key *k = from; k < end; k++) {
        count[k->word >> shift & 0xffu]++;
    }
    for (unsigned d = 0; d < 256; d++) {
        next[d] = to;
        to += count[d];
    }
    for (const sort_key *k = from; k < end; k++) {
        *next[k->word >> shift & 0xffu]++ = *k;
    }
}

static uint64_t differing_bits(const sort_key *keys, uint32_t n)
{
    uint64_t bits = 0;
    for (uint32_t i = 1; i < n; i++) {
        bits |= keys[i].word ^ keys[0].word;
    }
    return bits;
}

// Of the digits that differ the first two: those tell most words apart, and few remain to be
// sorted.
static uint64_t telling_digits(uint64_t differing)
{
    uint64_t telling = 0;
    uint32_t count = 0;
    for (uint64_t digit = UINT64_C(0xff) << 56; digit != 0 && count < 2; digit >>= 8) {
        bool differs = (differing & digit) != 0;
        telling |= differs ? digit : 0;
        count += differs;
    }
    return telling;
}

// By some digits, from the last one on.
static void sort_many(const sorter *s, sort_key *keys, uint32_t n, uint64_t digits)
{
    sort_key *from = keys, *to = s->spare;
    for (unsigned shift = 0; shift < 64; shift += 8) {
        if ((digits >> shift & 0xffu) != 0) {
            sort_digit(from, to, n, shift);
            sort_key *sorted = to;
            to = from;
            from = sorted;
        }
    }
    if (from != keys) {
        memcpy(keys, from, n * sizeof *keys);
    }
}

static bool is_sorted(const sort_key *keys, uint32_t n)
{
    uint32_t sorted = 1;
    while (sorted < n && keys[sorted - 1].word <= keys[sorted].word) {
        sorted++;
    }
    return sorted == n;
}

// Sorts by words, or by some digits of them; those by which equal ones are equal. Names that end in
// numbers often come in order.
static uint64_t sort_words(const sorter *s, sort_key *keys, uint32_t n, uint64_t differing)
{
    if (is_sorted(keys, n)) {
        return ~(uint64_t)0;
    }
    if (n <= FEW) {
        sort_few(keys, n);
        return ~(uint64_t)0;
    }
    uint64_t digits = telling_digits(differing);
    sort_many(s, keys, n, digits);
    return digits;
}

// Keys of which nothing has told apart so far: all texts before this level are equal.
typedef struct key_run {
    sort_key *keys;
    uint32_t n, level;
} key_run;

// The texts of the next level at which not all are one and the same; false if there is none.
static bool next_level(const sorter *s, key_run *r)
{
    bool same = true;
    while (same && ++r->level < s->levels) {
        for (uint32_t i = 0; i < r->n; i++) {
            rp_str text = s->text(s->ctx, r->keys[i].item, r->level);
            r->keys[i].rest = text.ptr;
            r->keys[i].size = text.len;
            same = same && text.ptr == r->keys[0].rest && text.len == r->keys[0].size;
        }
    }
    return !same;
}

// Makes the words of what follows what all texts begin with.
static void make_words(const key_run *r)
{
    size_t shared = shared_size(r->keys, r->n);
    for (uint32_t i = 0; i < r->n; i++) {
        sort_key *k = &r->keys[i];
        k->rest += shared;
        k->size -= shared;
        k->word = word_of(k->rest, k->size);
    }
}

// Goes on until words differ, and says in which bits; 0 if all texts are equal. Equal words of
// texts that have more bytes leave it to those.
static uint64_t tell_apart(const sorter *s, key_run *r)
{
    uint64_t differing = differing_bits(r->keys, r->n);
    while (differing == 0) {
        if ((r->keys[0].word & 0xffu) != MORE && !next_level(s, r)) {
            return 0;
        }
        make_words(r);
        differing = differing_bits(r->keys, r->n);
    }
    return differing;
}

static void sort_two(const sorter *s, const key_run *r)
{
    sort_key *a = &r->keys[0], *b = &r->keys[1], first = *a;
    int order = rp_str_compare(rp_str_make(a->rest, a->size), rp_str_make(b->rest, b->size));
    for (uint32_t level = r->level + 1; order == 0 && level < s->levels; level++) {
        order = rp_str_compare(s->text(s->ctx, a->item, level), s->text(s->ctx, b->item, level));
    }
    if (order > 0) {
        *a = *b;
        *b = first;
    }
}

// The longest of the runs that a run falls into is sorted in the next round: those that are sorted
// in between have at most half of the keys, so that calls are as deep as a number has bits.
static void sort_run(const sorter *s, key_run r)
{
    while (r.n > 2) {
        uint64_t differing = tell_apart(s, &r);
        if (differing == 0) {
            return;
        }
        uint64_t digits = sort_words(s, r.keys, r.n, differing);
        key_run longest = {r.keys, 1, r.level};
        for (uint32_t first = 0, last = 1; first < r.n; first = last++) {
            while (last < r.n && ((r.keys[last].word ^ r.keys[first].word) & digits) == 0) {
                last++;
            }
            key_run part = {r.keys + first, last - first, r.level};
            if (part.n > longest.n) {
                key_run shorter = longest;
                longest = part;
                part = shorter;
            }
            if (part.n > 1) {
                sort_run(s, part);
            }
        }
        r = longest;
    }
    if (r.n == 2) {
        sort_two(s, &r);
    }
}

bool rp_sort_by_texts(uint32_t *items, uint32_t count, uint32_t levels, rp_sort_text text,
                      const void *ctx, rp_alloc alloc)
{
    size_t size = 2 * (size_t)count * sizeof(sort_key);
    sort_key *keys = count < 2 ? NULL : rp_alloc_get(alloc, size);
    if (keys == NULL) {
        return count < 2;
    }
    sorter s = {text, ctx, levels, keys + count};
    for (uint32_t i = 0; i < count; i++) {
        keys[i] = (sort_key){.rest = "", .item = items[i]};
    }
    sort_run(&s, (key_run){keys, count, UINT32_MAX}); // before the first level
    for (uint32_t i = 0; i < count; i++) {
        items[i] = keys[i].item;
    }
    rp_alloc_free(alloc, keys, size);
    return true;
}
