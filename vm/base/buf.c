// The byte buffer: doubles, never beyond its maximum, and remembers its first failure.
#include "vm/base/buf.h"

#include "vm/base/endian.h"

#include <stdarg.h>
#include <stdio.h>

void rp_buf_init(rp_buf *buf, rp_alloc alloc, size_t max)
{
    memset(buf, 0, sizeof *buf);
    buf->alloc = rp_alloc_or_libc(alloc);
    buf->max = max;
}

void rp_buf_free(rp_buf *buf)
{
    rp_alloc_free(buf->alloc, buf->data, buf->capacity);
    buf->data = NULL;
    buf->size = 0;
    buf->capacity = 0;
}

void rp_buf_reset(rp_buf *buf)
{
    buf->size = 0;
    buf->failed = false;
    buf->too_large = false;
}

static bool reserve(rp_buf *buf, size_t needed)
{
    if (needed <= buf->capacity) {
        return true;
    }
    size_t capacity = buf->capacity < 64 ? 64 : buf->capacity;
    while (capacity < needed) {
        capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    }
    capacity = capacity > buf->max ? buf->max : capacity;
    char *data = rp_alloc_resize(buf->alloc, buf->data, buf->capacity, capacity);
    if (data == NULL) {
        return false;
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

char *rp_buf_grow(rp_buf *buf, size_t size)
{
    if (buf->failed) {
        return NULL;
    }
    buf->too_large = size > buf->max - buf->size;
    // NULL means failure, so that room for nothing in an empty buffer is memory, too.
    size_t wanted = buf->size + size == 0 ? 1 : buf->size + size;
    if (buf->too_large || !reserve(buf, wanted)) {
        buf->failed = true;
        return NULL;
    }
    char *room = buf->data + buf->size;
    buf->size += size;
    return room;
}

void rp_buf_add_more(rp_buf *buf, const void *data, size_t size)
{
    if (size == 0) {
        return;
    }
    char *room = rp_buf_grow(buf, size);
    if (room != NULL) {
        memcpy(room, data, size);
    }
}

void rp_buf_add_str(rp_buf *buf, rp_str text)
{
    rp_buf_add(buf, text.ptr, text.len);
}

void rp_buf_add_text(rp_buf *buf, const char *text)
{
    rp_buf_add(buf, text, strlen(text));
}

void rp_buf_add_char(rp_buf *buf, char c)
{
    rp_buf_add(buf, &c, 1);
}

void rp_buf_add_u32(rp_buf *buf, uint32_t value)
{
    unsigned char bytes[4];
    rp_endian_put_u32(bytes, value);
    rp_buf_add(buf, bytes, sizeof bytes);
}

void rp_buf_add_u64(rp_buf *buf, uint64_t value)
{
    unsigned char bytes[8];
    rp_endian_put_u64(bytes, value);
    rp_buf_add(buf, bytes, sizeof bytes);
}

void rp_buf_printf(rp_buf *buf, const char *format, ...)
{
    char small[256];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (size < 0) {
        buf->failed = true;
        return;
    }
    if ((size_t)size < sizeof small) {
        rp_buf_add(buf, small, (size_t)size);
        return;
    }
    char *room = rp_buf_grow(buf, (size_t)size + 1);
    if (room != NULL) {
        va_start(args, format);
        (void)vsnprintf(room, (size_t)size + 1, format, args);
        va_end(args);
        buf->size--;
    }
}
