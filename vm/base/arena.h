// An arena: many small blocks from few large ones, freed together.
//
// The one idea: everything that lives as long as one compilation, bundle or run comes from one
// arena and is never freed alone. `fail`, if set, is called when memory runs out and does not
// return (a compiler jumps to its one `setjmp`); otherwise NULL is returned. Blocks are aligned
// for any type.
#ifndef RP_BASE_ARENA_H
#define RP_BASE_ARENA_H

#include "vm/base/alloc.h"
#include "vm/base/str.h"

#include <stdbool.h>

typedef struct rp_arena_block rp_arena_block;

typedef struct rp_arena {
    rp_alloc alloc;
    rp_arena_block *blocks;
    char *next;
    size_t left;
    size_t total; // bytes taken from the allocator
    bool few;     // of its blocks each is as large as two times all before
    void (*fail)(void *ctx);
    void *fail_ctx;
} rp_arena;

void rp_arena_init(rp_arena *arena, rp_alloc alloc);
void rp_arena_on_fail(rp_arena *arena, void (*fail)(void *ctx), void *ctx);
void rp_arena_clear(rp_arena *arena);

// For what does not fit into the rest of the block at hand.
void *rp_arena_alloc_more(rp_arena *arena, size_t size);

#define RP_ARENA_ALIGNMENT ((size_t)16)

// Not zeroed; a size of 0 gives a valid pointer.
static inline void *rp_arena_alloc(rp_arena *arena, size_t size)
{
    size_t rounded = (size + (RP_ARENA_ALIGNMENT - 1)) / RP_ARENA_ALIGNMENT * RP_ARENA_ALIGNMENT;
    if (rounded > arena->left || rounded < size || arena->next == NULL) {
        return rp_arena_alloc_more(arena, size);
    }
    void *result = arena->next;
    arena->next += rounded;
    arena->left -= rounded;
    return result;
}

void *rp_arena_zero(rp_arena *arena, size_t size);
// `count` elements of `size` bytes, zeroed; fails on overflow.
void *rp_arena_array(rp_arena *arena, size_t count, size_t size);
// A copy with a NUL behind it.
rp_str rp_arena_str(rp_arena *arena, rp_str text);

#define RP_NEW(arena, type) ((type *)rp_arena_zero((arena), sizeof(type)))
#define RP_NEW_ARRAY(arena, type, count) ((type *)rp_arena_array((arena), (count), sizeof(type)))

#endif
