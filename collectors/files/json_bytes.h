// Where plain bytes of JSON end: blanks and the inside of strings, 32 bytes at a time.
//
// The one idea: a string is over at the first byte that is a quote, a backslash, a control
// character or not ASCII; as a signed byte the last two are "less than a blank". SSE2 belongs to
// every x86-64, so nothing is chosen at run time; elsewhere eight bytes at a time give the same.
// Both may look at up to 32 bytes beyond the byte where they stop.
#ifndef RP_FILES_JSON_BYTES_H
#define RP_FILES_JSON_BYTES_H

#include "vm/base/bits.h"

#include <stdint.h>
#include <string.h>

static inline bool rp_json_is_blank(unsigned char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

#if defined(__SSE2__)
#include <emmintrin.h>

static inline __m128i rp_json_load(const unsigned char *p)
{
    __m128i block;
    memcpy(&block, p, sizeof block);
    return block;
}

static inline __m128i rp_json_text_ends(__m128i block)
{
    __m128i low = _mm_cmplt_epi8(block, _mm_set1_epi8(0x20));
    __m128i quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
    __m128i slash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
    return _mm_or_si128(low, _mm_or_si128(quote, slash));
}

static inline uint32_t rp_json_mask(__m128i low, __m128i high)
{
    return (uint32_t)_mm_movemask_epi8(low) | (uint32_t)_mm_movemask_epi8(high) << 16;
}

static inline unsigned char *rp_json_text_end(unsigned char *p)
{
    for (;; p += 32) {
        uint32_t ends = rp_json_mask(rp_json_text_ends(rp_json_load(p)),
                                     rp_json_text_ends(rp_json_load(p + 16)));
        if (ends != 0) {
            return p + rp_bits_lowest(ends);
        }
    }
}

static inline uint32_t rp_json_not_space(const unsigned char *p)
{
    __m128i space = _mm_set1_epi8(' ');
    return ~rp_json_mask(_mm_cmpeq_epi8(rp_json_load(p), space),
                         _mm_cmpeq_epi8(rp_json_load(p + 16), space));
}

static inline unsigned char *rp_json_space_end(unsigned char *p)
{
    for (;; p += 32) {
        uint32_t other = rp_json_not_space(p);
        if (other != 0) {
            return p + rp_bits_lowest(other);
        }
    }
}

// Which of 32 bytes are `c`.
static inline uint32_t rp_json_bytes_equal(const unsigned char *p, char c)
{
    __m128i all = _mm_set1_epi8(c);
    return rp_json_mask(_mm_cmpeq_epi8(rp_json_load(p), all),
                        _mm_cmpeq_epi8(rp_json_load(p + 16), all));
}

// Whether `size` bytes are equal; both may be read up to the next multiple of 32.
static inline bool rp_json_same(const unsigned char *a, const unsigned char *b, size_t size)
{
    __m128i low = _mm_cmpeq_epi8(rp_json_load(a), rp_json_load(b));
    __m128i high = _mm_cmpeq_epi8(rp_json_load(a + 16), rp_json_load(b + 16));
    while (size > 32) {
        if (_mm_movemask_epi8(_mm_and_si128(low, high)) != 0xffff) {
            return false;
        }
        a += 32;
        b += 32;
        size -= 32;
        low = _mm_cmpeq_epi8(rp_json_load(a), rp_json_load(b));
        high = _mm_cmpeq_epi8(rp_json_load(a + 16), rp_json_load(b + 16));
    }
    return (~rp_json_mask(low, high) & (uint32_t)rp_bits_low(size)) == 0;
}

#else

// A word whose top bits say which of the eight bytes are zero; exact up to the first one.
static inline uint64_t rp_json_zero_bytes(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    return (word - ones) & ~word & (ones << 7);
}

static inline bool rp_json_plain8(const unsigned char *p)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t word;
    memcpy(&word, p, 8);
    uint64_t low = (word - ones * 0x20) & ~word & (ones << 7);
    return (low | (word & (ones << 7)) | rp_json_zero_bytes(word ^ ones * '"') |
            rp_json_zero_bytes(word ^ ones * '\\')) == 0;
}

static inline unsigned char *rp_json_text_end(unsigned char *p)
{
    while (rp_json_plain8(p)) {
        p += 8;
    }
    while (*p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\') {
        p++;
    }
    return p;
}

static inline unsigned char *rp_json_space_end(unsigned char *p)
{
    while (*p == ' ') {
        p++;
    }
    return p;
}

static inline uint32_t rp_json_bytes_equal(const unsigned char *p, char c)
{
    uint32_t mask = 0;
    for (unsigned i = 0; i < 32; i++) {
        mask |= (uint32_t)(p[i] == (unsigned char)c) << i;
    }
    return mask;
}

static inline bool rp_json_same(const unsigned char *a, const unsigned char *b, size_t size)
{
    return memcmp(a, b, size) == 0;
}
#endif

// The first byte that is not a blank: mostly the next one, the one after a space, or the one after
// a line end and the indentation.
static inline unsigned char *rp_json_blank_end(unsigned char *p)
{
    while (*p <= ' ' && rp_json_is_blank(*p)) {
        p = p[1] > ' ' ? p + 1 : rp_json_space_end(p + 1);
    }
    return p;
}

#endif
