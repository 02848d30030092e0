// What the benchmarks share: the clock, medians, and giving up.
#ifndef RP_TESTS_BENCH_H
#define RP_TESTS_BENCH_H

#include "collectors/files/include/rdspol_files.h"
#include "compiler/include/rdspol_compiler.h"
#include "tests/unit/library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BENCH_MAX = 1000 };

typedef struct bundle_bytes {
    char *bytes;
    size_t size;
} bundle_bytes;

// Microseconds.
static inline double bench_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

static inline int bench_compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static inline double bench_median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, bench_compare);
    return values[count / 2];
}

static inline void bench_die(const char *what, const rdspol_error *error)
{
    (void)fprintf(stderr, "%s: %s\n", what, error == NULL ? "failed" : error->message);
    exit(1);
}

#endif
