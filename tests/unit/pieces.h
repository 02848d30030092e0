// A text that is read in pieces of one size.
#ifndef RP_TESTS_PIECES_H
#define RP_TESTS_PIECES_H

#include "vm/base/str.h"

#include <stddef.h>
#include <string.h>

typedef struct pieces {
    rp_str rest;
    size_t piece; // bytes; SIZE_MAX: as many as there is room for
} pieces;

static inline ptrdiff_t read_piece(void *ctx, void *buffer, size_t capacity)
{
    pieces *p = ctx;
    size_t n = p->piece < capacity ? p->piece : capacity;
    n = n < p->rest.len ? n : p->rest.len;
    if (n != 0) memcpy(buffer, p->rest.ptr, n);
    p->rest = rp_str_from_offset(p->rest, n);
    return (ptrdiff_t)n;
}

#endif
