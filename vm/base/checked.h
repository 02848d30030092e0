// Arithmetic that says when it does not fit: true means success and `*out` is the result.
//
// Used for every size that is computed from a file or a bundle and for the `int` of the language.
// Must not clamp or wrap silently.
#ifndef RP_BASE_CHECKED_H
#define RP_BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool rp_checked_add_size(size_t a, size_t b, size_t *out)
{
    *out = a + b;
    return a <= SIZE_MAX - b;
}

static inline bool rp_checked_mul_size(size_t a, size_t b, size_t *out)
{
    *out = a * b;
    return a == 0 || b <= SIZE_MAX / a;
}

static inline bool rp_checked_add_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    *out = a + b;
    return a <= UINT64_MAX - b;
}

static inline bool rp_checked_mul_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    *out = a * b;
    return a == 0 || b <= UINT64_MAX / a;
}

static inline bool rp_checked_add_i64(int64_t a, int64_t b, int64_t *out)
{
    if (b >= 0 ? a > INT64_MAX - b : a < INT64_MIN - b) {
        return false;
    }
    *out = a + b;
    return true;
}

static inline bool rp_checked_sub_i64(int64_t a, int64_t b, int64_t *out)
{
    if (b >= 0 ? a < INT64_MIN + b : a > INT64_MAX + b) {
        return false;
    }
    *out = a - b;
    return true;
}

static inline bool rp_checked_mul_i64(int64_t a, int64_t b, int64_t *out)
{
    if (a == 0 || b == 0) {
        *out = 0;
        return true;
    }
    if ((a == -1 && b == INT64_MIN) || (b == -1 && a == INT64_MIN)) {
        return false;
    }
    if (a > 0 ? (b > 0 ? a > INT64_MAX / b : b < INT64_MIN / a)
              : (b > 0 ? a < INT64_MIN / b : b < INT64_MAX / a)) {
        return false;
    }
    *out = a * b;
    return true;
}

#endif
