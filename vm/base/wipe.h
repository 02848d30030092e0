// Memory that held secrets: a memset that the compiler cannot leave out, and an allocator that
// wipes every block before it gives it back.
//
// The one idea: every block here is freed with its size, so one allocator between a buffer or an
// arena and the real one keeps secrets from staying behind, also those left when a block grows.
#ifndef RP_BASE_WIPE_H
#define RP_BASE_WIPE_H

#include "vm/base/alloc.h"

static inline void rp_wipe(void *data, size_t size)
{
    if (data == NULL) return;
#if defined(__GNUC__)
    memset(data, 0, size);
    __asm__ __volatile__("" : : "r"(data) : "memory");
#else
    volatile unsigned char *byte = data;
    while (size-- > 0) *byte++ = 0;
#endif
}

// The `fn` of a wiping allocator; `ctx` is the rp_alloc that it takes blocks from.
static inline void *rp_alloc_wiping_fn(void *ctx, void *ptr, size_t old_size, size_t new_size)
{
    const rp_alloc *inner = ctx;
    void *fresh = NULL;
    if (new_size != 0) {
        fresh = inner->fn(inner->ctx, NULL, 0, new_size);
        if (fresh == NULL) return NULL; // the old block is untouched
        if (ptr != NULL) memcpy(fresh, ptr, old_size < new_size ? old_size : new_size);
    }
    if (ptr != NULL) {
        rp_wipe(ptr, old_size);
        (void)inner->fn(inner->ctx, ptr, old_size, 0);
    }
    return fresh;
}

// `inner` must outlive every block.
static inline rp_alloc rp_alloc_wiping(rp_alloc *inner)
{
    *inner = rp_alloc_or_libc(*inner);
    rp_alloc wiping = {rp_alloc_wiping_fn, inner};
    return wiping;
}

#endif
