// The allocator: one function, as in Lua, that allocates, grows, shrinks and frees.
//
// fn(ctx, NULL, 0, n) allocates, fn(ctx, p, old, n) resizes, fn(ctx, p, old, 0) frees and returns
// NULL. It returns NULL when it cannot; then the old block is untouched. Everything here goes
// through the handle's own allocator; nothing calls malloc behind its back.
#ifndef RP_BASE_ALLOC_H
#define RP_BASE_ALLOC_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct rp_alloc {
    void *(*fn)(void *ctx, void *ptr, size_t old_size, size_t new_size);
    void *ctx;
} rp_alloc;

void *rp_alloc_libc(void *ctx, void *ptr, size_t old_size, size_t new_size);

// The caller's allocator, or that of libc where `fn` is NULL.
static inline rp_alloc rp_alloc_or_libc(rp_alloc alloc)
{
    rp_alloc libc = {rp_alloc_libc, NULL};
    return alloc.fn != NULL ? alloc : libc;
}

static inline void *rp_alloc_get(rp_alloc alloc, size_t size)
{
    return alloc.fn(alloc.ctx, NULL, 0, size == 0 ? 1 : size);
}

// Zeroed: libc does not touch fresh pages for that.
static inline void *rp_alloc_get_zero(rp_alloc alloc, size_t size)
{
    if (alloc.fn == rp_alloc_libc) {
        return calloc(1, size == 0 ? 1 : size);
    }
    void *block = rp_alloc_get(alloc, size);
    return block == NULL ? NULL : memset(block, 0, size);
}

static inline void *rp_alloc_resize(rp_alloc alloc, void *ptr, size_t old_size, size_t new_size)
{
    return alloc.fn(alloc.ctx, ptr, old_size, new_size == 0 ? 1 : new_size);
}

static inline void rp_alloc_free(rp_alloc alloc, void *ptr, size_t size)
{
    if (ptr != NULL) {
        (void)alloc.fn(alloc.ctx, ptr, size == 0 ? 1 : size, 0);
    }
}

#endif
