// An allocator that stops giving after so many times, and counts what it gave.
#ifndef RP_TESTS_PURSE_H
#define RP_TESTS_PURSE_H

#include <stdlib.h>

typedef struct purse {
    int left;        // allocations that may still succeed
    int denied;      // what could not be made smaller is not counted: it may stay as it is
    long long bytes; // handed out and not given back
} purse;

static inline void *purse_alloc(void *ctx, void *ptr, size_t old_size, size_t new_size)
{
    purse *p = ctx;
    if (new_size != 0 && p->left == 0) {
        p->denied += new_size > old_size;
        return NULL;
    }
    void *block = NULL;
    if (new_size == 0) {
        free(ptr);
    } else if ((block = realloc(ptr, new_size)) == NULL) {
        abort();
    } else {
        p->left--;
    }
    p->bytes += (long long)new_size - (long long)old_size;
    return block;
}

#endif
