// Kernels of arithmetic. What does not fit, is not finite or divides by zero is unknown.
//
// Only present values are computed, word by word along their bits: a result that does not fit drops
// its bit.
#include "vm/kernels.h"

#include "vm/base/checked.h"

#define DAY INT64_C(86400000)

static void put_known(const rp_step *s, uint32_t w, uint64_t known)
{
    s->out->k[w] = known;
    s->out->p[w] = known;
}

#define INT_KERNEL(NAME, FUNCTION)                                                                 \
    RP_KERNEL(NAME)                                                                                \
    {                                                                                              \
        (void)x;                                                                                   \
        const int64_t *a = s->a->v, *b = s->b->v;                                                  \
        int64_t *out = s->out->v;                                                                  \
        for (uint32_t w = 0; w < f->words; w++) {                                                  \
            uint64_t rows = s->a->p[w] & s->b->p[w], known = rows;                                 \
            for (; rows != 0; rows &= rows - 1) {                                                  \
                size_t i = (size_t)w * RP_WORD_BITS + rp_bits_lowest(rows);                        \
                int64_t result = 0;                                                                \
                known &= FUNCTION(a[i], b[i], &result) ? ~(uint64_t)0 : ~(rows & (~rows + 1));     \
                out[i] = result;                                                                   \
            }                                                                                      \
            put_known(s, w, known);                                                                \
        }                                                                                          \
    }

INT_KERNEL(add_int, rp_checked_add_i64)
INT_KERNEL(sub_int, rp_checked_sub_i64)
INT_KERNEL(mul_int, rp_checked_mul_i64)

#define FLOAT_KERNEL(NAME, OPERATOR)                                                               \
    RP_KERNEL(NAME)                                                                                \
    {                                                                                              \
        (void)x;                                                                                   \
        const double *a = s->a->v, *b = s->b->v;                                                   \
        double *out = s->out->v;                                                                   \
        for (uint32_t w = 0; w < f->words; w++) {                                                  \
            uint64_t rows = s->a->p[w] & s->b->p[w], known = rows;                                 \
            for (; rows != 0; rows &= rows - 1) {                                                  \
                size_t i = (size_t)w * RP_WORD_BITS + rp_bits_lowest(rows);                        \
                double result = a[i] OPERATOR b[i];                                                \
                bool finite = result - result == 0;                                                \
                known &= finite ? ~(uint64_t)0 : ~(rows & (~rows + 1));                            \
                out[i] = finite ? result : 0;                                                      \
            }                                                                                      \
            put_known(s, w, known);                                                                \
        }                                                                                          \
    }

FLOAT_KERNEL(add_float, +)
FLOAT_KERNEL(sub_float, -)
FLOAT_KERNEL(mul_float, *)

RP_KERNEL(div)
{
    (void)x;
    const double *a = s->a->v, *b = s->b->v;
    double *out = s->out->v;
    for (uint32_t w = 0; w < f->words; w++) {
        uint64_t rows = s->a->p[w] & s->b->p[w], known = rows;
        for (; rows != 0; rows &= rows - 1) {
            size_t i = (size_t)w * RP_WORD_BITS + rp_bits_lowest(rows);
            double result = b[i] == 0 ? 0 : a[i] / b[i];
            bool good = b[i] != 0 && result - result == 0;
            known &= good ? ~(uint64_t)0 : ~(rows & (~rows + 1));
            out[i] = good ? result : 0;
        }
        put_known(s, w, known);
    }
}

RP_KERNEL(to_float)
{
    (void)x;
    const int64_t *a = s->a->v;
    double *out = s->out->v;
    for (uint32_t w = 0; w < f->words; w++) {
        for (uint64_t rows = s->a->p[w]; rows != 0; rows &= rows - 1) {
            size_t i = (size_t)w * RP_WORD_BITS + rp_bits_lowest(rows);
            out[i] = (double)a[i];
        }
        uint64_t k = s->a->k[w], p = s->a->p[w];
        s->out->k[w] = k;
        s->out->p[w] = p;
    }
}

RP_KERNEL(days)
{
    (void)x;
    const int64_t *a = s->a->v;
    int64_t *out = s->out->v;
    for (uint32_t w = 0; w < f->words; w++) {
        for (uint64_t rows = s->a->p[w]; rows != 0; rows &= rows - 1) {
            size_t i = (size_t)w * RP_WORD_BITS + rp_bits_lowest(rows);
            out[i] = a[i] / DAY;
        }
        put_known(s, w, s->a->p[w]);
    }
}
