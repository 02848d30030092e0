// rdspol facts show: saved facts as a table.
#include "cli/facts.h"
#include "collectors/live/saved.h"
#include "vm/base/arena.h"
#include "vm/base/buf.h"
#if RDSPOL_HAS_GZIP
#include "collectors/gzip.h"
#endif

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_SAVED ((size_t)4 << 30)

// ---- Reading -----------------------------------------------------------------------------------

#if RDSPOL_HAS_GZIP
static ptrdiff_t read_view(void *ctx, void *buffer, size_t capacity)
{
    rp_str *left = ctx;
    size_t size = left->len < capacity ? left->len : capacity;
    if (size > 0) memcpy(buffer, left->ptr, size);
    *left = rp_str_from_offset(*left, size);
    return (ptrdiff_t)size;
}

// Unpacks into memory. False, with errno, if it is damaged or too large.
static bool unpack(rp_str packed, rp_buf *out)
{
    char block[65536];
    ptrdiff_t n = -1;
    const rdspol_gunzip *gunzip = rp_gzip();
    void *stream = gunzip->open(gunzip->ctx, read_view, &packed);
    while (stream != NULL && (n = gunzip->read(stream, block, sizeof block)) > 0) {
        rp_buf_add(out, block, (size_t)n);
    }
    if (stream != NULL) gunzip->close(stream);
    errno = n < 0 ? EBADMSG : ENOMEM;
    return n == 0 && !out->failed;
}
#else
static bool unpack(rp_str packed, rp_buf *out)
{
    (void)packed, (void)out;
    errno = ENOTSUP;
    return false;
}
#endif

static bool is_packed(rp_str text)
{
    return rp_str_starts(text, RP_STR("\x1f\x8b"));
}

// Reads a file, packed or not, with the zeros behind it that the scanner wants; to be freed by the
// caller. `ptr` is NULL after a message.
static rp_str read_padded(const char *file)
{
    rp_str raw = rp_read_file(file);
    rp_buf out;
    rp_buf_init(&out, rp_alloc_or_libc((rp_alloc){0}), MAX_SAVED);
    bool good = raw.ptr != NULL;
    if (good && is_packed(raw)) {
        good = unpack(raw, &out);
    } else if (good) {
        rp_buf_add_str(&out, raw);
    }
    char *pad = good ? rp_buf_grow(&out, RP_SAVED_PAD) : NULL;
    if (pad != NULL) memset(pad, 0, RP_SAVED_PAD);
    int reason = good ? ENOMEM : errno;
    free((void *)(uintptr_t)raw.ptr);
    if (pad != NULL) return rp_str_make(out.data, out.size - RP_SAVED_PAD);
    rp_buf_free(&out);
    (void)rp_app_error("%s: %s", file, strerror(reason));
    return rp_str_make(NULL, 0);
}

static int walk(const char *file, rp_saved_walk *w)
{
    rdspol_error error = {0};
    rp_str text = read_padded(file);
    if (text.ptr == NULL) return RP_EXIT_TROUBLE;
    rdspol_status status = rp_saved_read(text, w, rp_alloc_or_libc((rp_alloc){0}), &error);
    free((void *)(uintptr_t)text.ptr);
    return status == RDSPOL_OK ? RP_EXIT_OK : rp_app_library_error(file, &error);
}

// ---- Showing -----------------------------------------------------------------------------------

typedef struct shown {
    rp_str account, region, operation;
    uint64_t answers, errors, bytes;
    char code[48];
} shown;

typedef struct showing {
    rp_saved_walk walk;
    rp_arena arena;
    char collected[48];
    shown *rows;
    size_t count, capacity;
    bool failed;
} showing;

static shown *row_of(showing *s, const rp_saved_answer *a)
{
    for (size_t i = s->count; i > 0; i--) {
        shown *r = &s->rows[i - 1];
        if (rp_str_equal(r->operation, a->operation) && rp_str_equal(r->region, a->region) &&
            rp_str_equal(r->account, a->account))
            return r;
    }
    if (s->count == s->capacity) {
        size_t capacity = s->capacity == 0 ? 64 : s->capacity * 2;
        shown *grown = realloc(s->rows, capacity * sizeof *grown);
        if (grown == NULL) return NULL;
        s->rows = grown;
        s->capacity = capacity;
    }
    shown *r = &s->rows[s->count++];
    *r = (shown){.account = rp_arena_str(&s->arena, a->account),
                 .region = rp_arena_str(&s->arena, a->region),
                 .operation = rp_arena_str(&s->arena, a->operation)};
    return r;
}

static bool count_answer(void *ctx, const rp_saved_answer *answer)
{
    showing *s = ctx;
    shown *r = row_of(s, answer);
    s->failed = r == NULL;
    if (r == NULL) return false;
    (void)snprintf(s->collected, sizeof s->collected, "%.*s", (int)s->walk.collected.len,
                   s->walk.collected.len > 0 ? s->walk.collected.ptr : "");
    r->answers += answer->code.len == 0;
    r->errors += answer->code.len > 0;
    r->bytes += answer->response.len;
    if (answer->code.len > 0)
        (void)snprintf(r->code, sizeof r->code, "%.*s", (int)answer->code.len, answer->code.ptr);
    return true;
}

static int compare_rows(const void *a, const void *b)
{
    const shown *x = a, *y = b;
    int order = rp_str_compare(x->account, y->account);
    if (order == 0) order = rp_str_compare(x->region, y->region);
    return order != 0 ? order : rp_str_compare(x->operation, y->operation);
}

static int print_rows(showing *s)
{
    rp_buf out;
    rp_buf_init(&out, rp_alloc_or_libc((rp_alloc){0}), MAX_SAVED);
    if (s->count > 0) qsort(s->rows, s->count, sizeof *s->rows, compare_rows);
    rp_buf_printf(&out, "collected %s\n", s->collected);
    for (size_t i = 0; i < s->count; i++) {
        const shown *r = &s->rows[i], *before = i > 0 ? r - 1 : NULL;
        bool same = before != NULL && rp_str_equal(before->account, r->account) &&
                    rp_str_equal(before->region, r->region);
        if (!same)
            rp_buf_printf(&out, "\n%.*s/%.*s\n", (int)r->account.len, r->account.ptr,
                          (int)r->region.len, r->region.ptr);
        rp_buf_printf(&out, "  %-45.*s %6llu answers %10llu bytes", (int)r->operation.len,
                      r->operation.ptr, (unsigned long long)r->answers,
                      (unsigned long long)r->bytes);
        if (r->errors > 0)
            rp_buf_printf(&out, "  %llu failed: %s", (unsigned long long)r->errors, r->code);
        rp_buf_add_char(&out, '\n');
    }
    int status = out.failed ? rp_app_error("out of memory") : rp_app_print_safe(rp_buf_str(&out));
    rp_buf_free(&out);
    return status;
}

int rp_facts_show(rp_app *app, const char *file)
{
    showing s = {.walk = {.answer = count_answer}};
    (void)app;
    s.walk.ctx = &s;
    rp_arena_init(&s.arena, rp_alloc_or_libc((rp_alloc){0}));
    int status = walk(file, &s.walk);
    if (status == RP_EXIT_OK) status = s.failed ? rp_app_error("out of memory") : print_rows(&s);
    free(s.rows);
    rp_arena_clear(&s.arena);
    return status;
}
