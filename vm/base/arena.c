// The arena: a list of blocks, newest first; the newest one is being filled.
//
// Blocks double up to 1 MiB; a request that is larger than half a block gets one of its own, so
// that the rest of the current block is not lost.
#include "vm/base/arena.h"

#include "vm/base/checked.h"

#include <stdint.h>

#define FIRST_BLOCK ((size_t)4096)
#define LAST_BLOCK ((size_t)1 << 20)
#define LAST_OF_FEW ((size_t)16 << 20)
// Zeroed requests from here on get a block of their own, so that pages that nobody uses stay untouched.
#define LARGE ((size_t)32 * 1024)

struct rp_arena_block {
    rp_arena_block *older;
    size_t size;
};

// The header takes a whole number of alignment units.
#define HEADER                                                                                     \
    ((sizeof(rp_arena_block) + RP_ARENA_ALIGNMENT - 1) / RP_ARENA_ALIGNMENT * RP_ARENA_ALIGNMENT)

void *rp_alloc_libc(void *ctx, void *ptr, size_t old_size, size_t new_size)
{
    (void)ctx;
    (void)old_size;
    if (new_size == 0) {
        free(ptr);
        return NULL;
    }
    return realloc(ptr, new_size);
}

void rp_arena_init(rp_arena *arena, rp_alloc alloc)
{
    memset(arena, 0, sizeof *arena);
    arena->alloc = rp_alloc_or_libc(alloc);
}

void rp_arena_on_fail(rp_arena *arena, void (*fail)(void *ctx), void *ctx)
{
    arena->fail = fail;
    arena->fail_ctx = ctx;
}

void rp_arena_clear(rp_arena *arena)
{
    rp_arena_block *block = arena->blocks;
    while (block != NULL) {
        rp_arena_block *older = block->older;
        rp_alloc_free(arena->alloc, block, block->size);
        block = older;
    }
    arena->blocks = NULL;
    arena->next = NULL;
    arena->left = 0;
    arena->total = 0;
}

static void *out_of_memory(rp_arena *arena)
{
    if (arena->fail != NULL) {
        arena->fail(arena->fail_ctx);
    }
    return NULL;
}

static rp_arena_block *add_block(rp_arena *arena, size_t payload, bool zero)
{
    size_t size = HEADER + payload;
    rp_arena_block *block = size < payload ? NULL
                            : zero         ? rp_alloc_get_zero(arena->alloc, size)
                                           : rp_alloc_get(arena->alloc, size);
    if (block == NULL) {
        return NULL;
    }
    block->size = size;
    block->older = arena->blocks;
    arena->blocks = block;
    arena->total += size;
    return block;
}

static void *alloc_alone(rp_arena *arena, size_t size, bool zero)
{
    rp_arena_block *block = add_block(arena, size, zero);
    return block == NULL ? out_of_memory(arena) : (char *)block + HEADER;
}

static size_t next_block_size(const rp_arena *arena)
{
    size_t size = arena->total < FIRST_BLOCK ? FIRST_BLOCK : arena->total;
    if (arena->few) {
        return size > LAST_OF_FEW / 2 ? LAST_OF_FEW : size * 2;
    }
    return size > LAST_BLOCK ? LAST_BLOCK : size;
}

void *rp_arena_alloc_more(rp_arena *arena, size_t size)
{
    size_t rounded = (size + (RP_ARENA_ALIGNMENT - 1)) / RP_ARENA_ALIGNMENT * RP_ARENA_ALIGNMENT;
    if (rounded < size) {
        return out_of_memory(arena);
    }
    size_t fresh = next_block_size(arena);
    if (rounded > fresh / 2) {
        return alloc_alone(arena, rounded, false);
    }
    rp_arena_block *block = add_block(arena, fresh, false);
    if (block == NULL) {
        return out_of_memory(arena);
    }
    arena->next = (char *)block + HEADER + rounded;
    arena->left = fresh - rounded;
    return (char *)block + HEADER;
}

void *rp_arena_zero(rp_arena *arena, size_t size)
{
    if (size >= LARGE) {
        return alloc_alone(arena, size, true);
    }
    void *block = rp_arena_alloc(arena, size);
    if (block != NULL) {
        memset(block, 0, size);
    }
    return block;
}

void *rp_arena_array(rp_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (!rp_checked_mul_size(count, size, &bytes)) {
        return out_of_memory(arena);
    }
    return rp_arena_zero(arena, bytes);
}

// Bytes need no alignment: they are taken from the end of the block at hand.
static char *alloc_bytes(rp_arena *arena, size_t size)
{
    if (size != 0 && size <= arena->left && arena->next != NULL) {
        arena->left -= size;
        return arena->next + arena->left;
    }
    return rp_arena_alloc(arena, size);
}

rp_str rp_arena_str(rp_arena *arena, rp_str text)
{
    char *copy = alloc_bytes(arena, text.len + 1);
    if (copy == NULL) {
        return rp_str_make(NULL, 0);
    }
    if (text.len != 0) {
        memcpy(copy, text.ptr, text.len);
    }
    copy[text.len] = '\0';
    return rp_str_make(copy, text.len);
}
