// A view of bytes: pointer and length, no terminating NUL, owned by somebody else.
//
// `rdspol_str` is defined here and in `vm/include/rdspol.h`, word for word the same, so that the
// public header compiles alone and `vm/base/` needs nothing of ours. Must not own memory.
#ifndef RP_BASE_STR_H
#define RP_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#ifndef RDSPOL_STR_DEFINED
#define RDSPOL_STR_DEFINED
typedef struct rdspol_str {
    const char *ptr;
    size_t len;
} rdspol_str;
#endif

typedef rdspol_str rp_str;

#define RP_STR(literal) ((rp_str){(literal), sizeof(literal) - 1})

static inline rp_str rp_str_make(const char *ptr, size_t len)
{
    rp_str s = {ptr, len};
    return s;
}

static inline rp_str rp_str_from(const char *text)
{
    return rp_str_make(text, strlen(text));
}

static inline bool rp_str_equal(rp_str a, rp_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

// Order of bytes; a prefix comes before what it begins.
static inline int rp_str_compare(rp_str a, rp_str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.ptr, b.ptr, common);
    if (order != 0) {
        return order < 0 ? -1 : 1;
    }
    return a.len == b.len ? 0 : (a.len < b.len ? -1 : 1);
}

static inline bool rp_str_starts(rp_str text, rp_str prefix)
{
    return text.len >= prefix.len &&
           (prefix.len == 0 || memcmp(text.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool rp_str_ends(rp_str text, rp_str suffix)
{
    return text.len >= suffix.len && (suffix.len == 0 || memcmp(text.ptr + (text.len - suffix.len),
                                                                suffix.ptr, suffix.len) == 0);
}

static inline rp_str rp_str_from_offset(rp_str text, size_t offset)
{
    return rp_str_make(text.ptr + offset, text.len - offset);
}

#endif
