// A growing byte buffer with the most it may hold.
//
// The one idea: errors stick. Appending to a failed buffer does nothing, so a writer checks
// `failed` once at its end. Must not grow beyond `max`, whatever is appended.
#ifndef RP_BASE_BUF_H
#define RP_BASE_BUF_H

#include "vm/base/alloc.h"
#include "vm/base/str.h"

#include <stdbool.h>
#include <stdint.h>

#if defined(__GNUC__)
#define RP_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define RP_PRINTF(text, first)
#endif

typedef struct rp_buf {
    rp_alloc alloc;
    char *data;
    size_t size;
    size_t capacity;
    size_t max;
    bool failed;    // out of memory or beyond `max`
    bool too_large; // it was the latter
} rp_buf;

void rp_buf_init(rp_buf *buf, rp_alloc alloc, size_t max);
void rp_buf_free(rp_buf *buf);
// Forgets the content and the error, keeps the memory.
void rp_buf_reset(rp_buf *buf);
// Room for `size` more bytes, to be filled by the caller; NULL on failure. Grows `size`.
char *rp_buf_grow(rp_buf *buf, size_t size);
// For what does not fit into the memory at hand.
void rp_buf_add_more(rp_buf *buf, const void *data, size_t size);
void rp_buf_add_str(rp_buf *buf, rp_str text);
void rp_buf_add_text(rp_buf *buf, const char *text);
void rp_buf_add_char(rp_buf *buf, char c);
void rp_buf_add_u32(rp_buf *buf, uint32_t value); // little-endian
void rp_buf_add_u64(rp_buf *buf, uint64_t value); // little-endian
void rp_buf_printf(rp_buf *buf, const char *format, ...) RP_PRINTF(2, 3);

static inline void rp_buf_add(rp_buf *buf, const void *data, size_t size)
{
    if (buf->failed || size == 0 || size > buf->capacity - buf->size) {
        rp_buf_add_more(buf, data, size);
        return;
    }
    memcpy(buf->data + buf->size, data, size);
    buf->size += size;
    buf->too_large = false;
}

static inline rp_str rp_buf_str(const rp_buf *buf)
{
    return rp_str_make(buf->data, buf->size);
}

#endif
