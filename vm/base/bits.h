// Bit planes: arrays of 64-bit words, bit i of a plane is bit i % 64 of word i / 64.
//
// The one idea: a plane says something about 64 rows at once, and sparse planes are walked by
// counting trailing zeros. Must not know what a plane means.
#ifndef RP_BASE_BITS_H
#define RP_BASE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define RP_WORD_BITS 64u

static inline size_t rp_bits_words(size_t rows)
{
    return rows / RP_WORD_BITS + (rows % RP_WORD_BITS != 0);
}

static inline bool rp_bits_get(const uint64_t *plane, size_t i)
{
    return (plane[i / RP_WORD_BITS] >> (i % RP_WORD_BITS) & 1u) != 0;
}

static inline void rp_bits_set(uint64_t *plane, size_t i)
{
    plane[i / RP_WORD_BITS] |= (uint64_t)1 << (i % RP_WORD_BITS);
}

static inline void rp_bits_clear(uint64_t *plane, size_t i)
{
    plane[i / RP_WORD_BITS] &= ~((uint64_t)1 << (i % RP_WORD_BITS));
}

static inline void rp_bits_put(uint64_t *plane, size_t i, bool value)
{
    uint64_t bit = (uint64_t)1 << (i % RP_WORD_BITS);
    plane[i / RP_WORD_BITS] = (plane[i / RP_WORD_BITS] & ~bit) | (value ? bit : 0);
}

// Index of the lowest set bit; the word is not zero.
static inline unsigned rp_bits_lowest(uint64_t word)
{
#if defined(__GNUC__)
    return (unsigned)__builtin_ctzll(word);
#else
    unsigned at = 0;
    for (; (word & 1u) == 0; word >>= 1) {
        at++;
    }
    return at;
#endif
}

static inline unsigned rp_bits_count(uint64_t word)
{
#if defined(__GNUC__)
    return (unsigned)__builtin_popcountll(word);
#else
    unsigned count = 0;
    for (; word != 0; word &= word - 1) {
        count++;
    }
    return count;
#endif
}

// The lowest `count` bits set, 0 to 64.
static inline uint64_t rp_bits_low(size_t count)
{
    return count >= RP_WORD_BITS ? ~(uint64_t)0 : ((uint64_t)1 << count) - 1;
}

// Sets the first `rows` bits of a plane of `words` words and clears the others.
static inline void rp_bits_fill(uint64_t *plane, size_t words, size_t rows)
{
    for (size_t w = 0; w < words; w++) {
        size_t first = w * RP_WORD_BITS;
        plane[w] = first >= rows ? 0 : rp_bits_low(rows - first);
    }
}

// The 64 bits that begin at bit `at`. The plane has a word beyond the one that holds `at`.
static inline uint64_t rp_bits_window(const uint64_t *plane, size_t at)
{
    size_t w = at / RP_WORD_BITS;
    unsigned shift = (unsigned)(at % RP_WORD_BITS);
    return shift == 0 ? plane[w] : plane[w] >> shift | plane[w + 1] << (RP_WORD_BITS - shift);
}

// Eight bytes of eight bits, rows and columns exchanged: bit b of byte a becomes bit a of byte b.
static inline uint64_t rp_bits_transpose8(uint64_t x)
{
    uint64_t t = (x ^ x >> 7) & UINT64_C(0x00aa00aa00aa00aa);
    x ^= t ^ t << 7;
    t = (x ^ x >> 14) & UINT64_C(0x0000cccc0000cccc);
    x ^= t ^ t << 14;
    t = (x ^ x >> 28) & UINT64_C(0x00000000f0f0f0f0);
    return x ^ t ^ t << 28;
}

#endif
