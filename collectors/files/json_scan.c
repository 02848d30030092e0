// The scanner: window, tokens, members, skipping.
//
// What is skipped is mostly the same structure over and over. A trail remembers, for each place in
// it, the bytes that stood between one scalar and the next (`",\n  \"Name\": "` or the end of one
// object and the start of the next). Where the same bytes come at the same place they are valid,
// since they were, and need one comparison; anything else goes the long way, and is remembered.
//
// Pointers into the window are good until `refill`; what must survive it is in `at`, `keep` and
// `held`, which it moves. Skipping is a loop, not recursion: one bit a level says what is open.
#include "collectors/files/json_scan.h"

#include "vm/base/arena.h"
#include "vm/base/strtab.h"
#include "vm/base/text.h"
#include "vm/base/wide.h"

#include <stdarg.h>
#include <stdio.h>

#define MIB ((size_t)1024 * 1024)

rp_json_limits rp_json_limits_default(void)
{
    rp_json_limits limits = {RP_JSON_DEPTH, 16 * MIB, 64 * MIB, (uint64_t)4096 * MIB, 10000000};
    return limits;
}

static void start(rp_json *j, rp_alloc alloc, const rp_json_limits *limits)
{
    memset(j, 0, sizeof *j);
    j->alloc = rp_alloc_or_libc(alloc);
    j->limits = limits != NULL ? *limits : rp_json_limits_default();
    if (j->limits.depth > RP_JSON_DEPTH) {
        j->limits.depth = RP_JSON_DEPTH;
    }
    rp_buf_init(&j->text, j->alloc, j->limits.string_size);
}

static size_t block_size(size_t capacity)
{
    return capacity + 2 * (size_t)RP_JSON_PAD;
}

static void set_end(rp_json *j, unsigned char *end)
{
    j->end = end;
    memset(end, 0, RP_JSON_PAD);
}

static unsigned char *take_window(rp_json *j)
{
    unsigned char *window = j->spare != NULL ? j->spare->window : NULL;
    if (window == NULL) {
        return rp_alloc_get(j->alloc, block_size(RP_JSON_WINDOW));
    }
    j->spare->window = NULL;
    return window;
}

// One that has grown is too large to be kept.
static void give_window(rp_json *j)
{
    if (j->spare != NULL && j->spare->window == NULL && j->capacity == RP_JSON_WINDOW) {
        j->spare->window = j->window;
    } else {
        rp_alloc_free(j->alloc, j->window, block_size(j->capacity));
    }
}

void rp_json_spare_free(rp_json_spare *spare, rp_alloc alloc)
{
    rp_alloc_free(alloc, spare->window, block_size(RP_JSON_WINDOW));
    spare->window = NULL;
}

void rp_json_open(rp_json *json, rp_alloc alloc, const rp_json_limits *limits, rp_read_fn read,
                  void *ctx, rp_json_spare *spare)
{
    start(json, alloc, limits);
    json->read = read;
    json->ctx = ctx;
    json->spare = spare;
    json->window = take_window(json);
    if (json->window == NULL) {
        (void)rp_json_fail_at(json, 0, RDSPOL_NO_MEMORY, "out of memory");
        return;
    }
    json->capacity = RP_JSON_WINDOW;
    memset(json->window, 0, RP_JSON_PAD);
    json->at = json->counted = json->window + RP_JSON_PAD;
    set_end(json, json->at);
}

void rp_json_open_text(rp_json *json, rp_alloc alloc, const rp_json_limits *limits, rp_str text)
{
    start(json, alloc, limits);
    // Never written to: a window that is borrowed is neither refilled nor moved.
    union {
        const char *in;
        unsigned char *out;
    } bytes = {text.ptr};
    json->borrowed = json->ended = true;
    json->window = bytes.out - RP_JSON_PAD;
    json->capacity = text.len;
    json->at = json->counted = bytes.out;
    json->end = bytes.out + text.len;
}

static void free_trail(rp_json *j);

void rp_json_free(rp_json *json)
{
    free_trail(json);
    rp_buf_free(&json->text);
    if (!json->borrowed && json->window != NULL) {
        give_window(json);
    }
    json->window = NULL;
}

// ---- Errors and places -------------------------------------------------------------------------

static size_t print_frame(const rp_json_frame *frame, bool first, char *out, size_t size)
{
    if (frame->array ? frame->count == 0 : frame->name == NULL) {
        return 0;
    }
    int n = frame->array ? snprintf(out, size, "[%llu]", (unsigned long long)(frame->count - 1))
                         : snprintf(out, size, "%s%.*s%s", first ? "" : ".", (int)frame->name->size,
                                    frame->name->text, frame->name->cut ? "..." : "");
    return n < 0 ? 0 : (size_t)n;
}

// Of a path that is too long the end is kept.
void rp_json_path(const rp_json *json, char *out, size_t size)
{
    char part[RP_JSON_NAME + 16];
    size_t used = 0;
    out[0] = 0;
    for (uint32_t d = 1; d <= json->depth; d++) {
        size_t n = print_frame(&json->frame[d], used == 0, part, sizeof part);
        n = n < sizeof part ? n : sizeof part - 1;
        if (used + n + 1 > size) {
            size_t drop = used + n + 1 + 3 - size;
            drop = drop > used ? used : drop;
            memmove(out, out + drop, used - drop);
            used -= drop;
            memcpy(out, "...", used < 3 ? used : 3);
            n = n < size - used - 1 ? n : size - used - 1;
        }
        memcpy(out + used, part, n);
        used += n;
        out[used] = 0;
    }
}

static void fail_va(rp_json *j, uint64_t offset, rdspol_status status, const char *format,
                    va_list args) RP_PRINTF(4, 0);

static void fail_va(rp_json *j, uint64_t offset, rdspol_status status, const char *format,
                    va_list args)
{
    if (j->status != RDSPOL_OK) {
        return;
    }
    j->status = status;
    j->error_offset = offset;
    (void)vsnprintf(j->message, sizeof j->message, format, args);
    rp_json_path(j, j->path, sizeof j->path);
}

bool rp_json_fail(rp_json *json, rdspol_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail_va(json, rp_json_offset(json), status, format, args);
    va_end(args);
    return false;
}

bool rp_json_fail_at(rp_json *json, uint64_t offset, rdspol_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail_va(json, offset, status, format, args);
    va_end(args);
    return false;
}

static bool unexpected(rp_json *j, const char *expected)
{
    unsigned char c = *j->at;
    if (j->at == j->end) {
        return rp_json_fail(j, RDSPOL_INPUT, "expected %s, found the end of the input", expected);
    }
    if (c > 0x20 && c < 0x7f) {
        return rp_json_fail(j, RDSPOL_INPUT, "expected %s, found `%c`", expected, c);
    }
    return rp_json_fail(j, RDSPOL_INPUT, "expected %s, found byte 0x%02x", expected, c);
}

static size_t code_points(const unsigned char *from, const unsigned char *to)
{
    size_t count = 0;
    for (; from < to; from++) {
        count += (*from & 0xc0) != 0x80;
    }
    return count;
}

static inline uint64_t sum_bytes(const uint8_t bytes[64])
{
    const uint64_t even = UINT64_C(0x00ff00ff00ff00ff);
    uint64_t sum = 0, word;
    for (int i = 0; i < 64; i += 8) {
        memcpy(&word, bytes + i, sizeof word);
        sum += (word & even) + (word >> 8 & even);
    }
    return sum * UINT64_C(0x0001000100010001) >> 48;
}

// Newlines among `count` times 64 bytes. Each byte of a sum counts up to 255 of them.
RP_WIDE static uint64_t newlines64(const unsigned char *p, size_t count)
{
    uint64_t total = 0;
    while (count != 0) {
        uint8_t sums[64] = {0};
        size_t now = count < 255 ? count : 255;
        count -= now;
        for (; now != 0; now--, p += 64) {
            for (int i = 0; i < 64; i++) {
                sums[i] = (uint8_t)(sums[i] + (p[i] == '\n'));
            }
        }
        total += sum_bytes(sums);
    }
    return total;
}

// Newlines among fewer than 64 bytes; up to 64 are looked at.
static uint64_t newlines_before(const unsigned char *p, size_t size)
{
    uint64_t mask = 0;
    for (unsigned i = 0; i < 64; i += 32) {
        mask |= (uint64_t)rp_json_bytes_equal(p + i, '\n') << i;
    }
    return rp_bits_count(mask & rp_bits_low(size));
}

// Counts lines and the column up to `to`.
static void count_to(rp_json *j, unsigned char *to)
{
    unsigned char *p = j->counted;
    if (p >= to) {
        return;
    }
    size_t blocks = (size_t)(to - p) / 64;
    uint64_t lines = blocks == 0 ? 0 : newlines64(p, blocks);
    lines += newlines_before(p + 64 * blocks, (size_t)(to - p) % 64);
    if (lines != 0) {
        j->line += lines;
        j->column = 0;
        for (p = to; p[-1] != '\n';) {
            p--;
        }
    }
    j->column += code_points(p, to);
    j->counted = to;
}

void rp_json_place(rp_json *json, uint32_t *line, uint32_t *column)
{
    count_to(json, json->at);
    *line = json->line < UINT32_MAX ? (uint32_t)json->line + 1 : UINT32_MAX;
    *column = json->column < UINT32_MAX ? (uint32_t)json->column + 1 : UINT32_MAX;
}

// ---- The window --------------------------------------------------------------------------------

static unsigned char *first_needed(const rp_json *j)
{
    unsigned char *first = j->at;
    if (j->keep != NULL && j->keep < first) {
        first = j->keep;
    }
    return j->held != NULL && j->held < first ? j->held : first;
}

static void shift(rp_json *j, unsigned char *to, unsigned char *from)
{
    j->at = to + (j->at - from);
    j->counted = to + (j->counted - from);
    j->keep = j->keep == NULL ? NULL : to + (j->keep - from);
    j->held = j->held == NULL ? NULL : to + (j->held - from);
    set_end(j, to + (j->end - from));
}

static bool grow(rp_json *j)
{
    size_t limit = j->held != NULL ? j->limits.hold_size : j->limits.string_size + MIB;
    if (j->capacity >= limit + RP_JSON_WINDOW) {
        return rp_json_fail(j, RDSPOL_LIMIT, "a %s of more than %zu MiB",
                            j->held != NULL ? "value" : "string", limit / MIB);
    }
    size_t fresh = j->capacity * 2;
    unsigned char *block =
        rp_alloc_resize(j->alloc, j->window, block_size(j->capacity), block_size(fresh));
    if (block == NULL) {
        return rp_json_fail(j, RDSPOL_NO_MEMORY, "out of memory");
    }
    unsigned char *old = j->window;
    j->window = block;
    j->capacity = fresh;
    if (block != old) {
        shift(j, block, old);
    }
    return true;
}

// More bytes behind `end`. False at the end of the input and on failure. Out of line: it is called
// once for each window.
static
#if defined(__GNUC__)
    __attribute__((noinline, cold))
#endif
    bool
    refill(rp_json *j)
{
    if (j->ended || rp_json_failed(j)) {
        return false;
    }
    unsigned char *begin = j->window + RP_JSON_PAD, *first = first_needed(j);
    count_to(j, first);
    if (first != begin) {
        j->base += (uint64_t)(first - begin);
        memmove(begin, first, (size_t)(j->end - first));
        shift(j, begin, first);
    } else if (j->end == begin + j->capacity && !grow(j)) {
        return false;
    }
    begin = j->window + RP_JSON_PAD;
    ptrdiff_t n = j->read(j->ctx, j->end, j->capacity - (size_t)(j->end - begin));
    if (n < 0) {
        return rp_json_fail(j, RDSPOL_INPUT, "cannot be read");
    }
    j->ended = n == 0;
    set_end(j, j->end + n);
    if (j->base + (uint64_t)(j->end - begin) > j->limits.input_size) {
        return rp_json_fail(j, RDSPOL_LIMIT, "more than %llu MiB",
                            (unsigned long long)(j->limits.input_size / MIB));
    }
    return n != 0;
}

// At least `count` bytes at `at`.
static bool need(rp_json *j, size_t count)
{
    while ((size_t)(j->end - j->at) < count) {
        if (!refill(j)) {
            return false;
        }
    }
    return true;
}

// Moves `at` to the next byte that is not a blank; the byte, 0 at the end.
static inline unsigned char next_byte(rp_json *j)
{
    for (;;) {
        j->at = rp_json_blank_end(j->at);
        if (*j->at != 0 || j->at != j->end || !refill(j)) {
            return *j->at;
        }
    }
}

// ---- Strings -----------------------------------------------------------------------------------

static int hex_digit(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool pass_escape(rp_json *j)
{
    if (need(j, 2) && j->at[1] != 0 && strchr("\"\\/bfnrt", j->at[1]) != NULL) {
        j->at += 2;
        return true;
    }
    if (j->end - j->at < 2 || j->at[1] != 'u') {
        return rp_json_fail(j, RDSPOL_INPUT, "an escape that JSON does not have");
    }
    if (!need(j, 6)) {
        return rp_json_fail(j, RDSPOL_INPUT, "a string that does not end");
    }
    for (int i = 2; i < 6; i++) {
        if (hex_digit(j->at[i]) < 0) {
            return rp_json_fail(j, RDSPOL_INPUT, "an escape \\u without four hex digits");
        }
    }
    j->at += 6;
    return true;
}

static size_t utf8_size(unsigned char lead)
{
    return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
}

static bool pass_utf8(rp_json *j)
{
    size_t size = utf8_size(*j->at);
    if (!need(j, size) || !rp_utf8_is_valid(rp_str_make((const char *)j->at, size))) {
        return rp_json_fail(j, RDSPOL_INPUT, "invalid UTF-8 in a string");
    }
    j->at += size;
    return true;
}

// What stopped the scan inside a string, except its end.
static
#if defined(__GNUC__)
    __attribute__((noinline))
#endif
    bool
    pass_special(rp_json *j, bool *escaped)
{
    unsigned char c = *j->at;
    if (c == '\\') {
        *escaped = true;
        return pass_escape(j);
    }
    if (c >= 0x80) {
        return pass_utf8(j);
    }
    if (c == 0 && j->at == j->end) {
        return refill(j) ||
               (!rp_json_failed(j) && rp_json_fail(j, RDSPOL_INPUT, "a string that does not end"));
    }
    return rp_json_fail(j, RDSPOL_INPUT, "a control character in a string");
}

static bool too_long(rp_json *j, uint64_t start)
{
    if (rp_json_offset(j) - start <= j->limits.string_size) {
        return false;
    }
    return !rp_json_fail_at(j, start, RDSPOL_LIMIT, "a string of more than %zu MiB",
                            j->limits.string_size / MIB);
}

// From the opening quote to behind the closing one.
static inline bool pass_string(rp_json *j, bool *escaped)
{
    uint64_t start = rp_json_offset(j);
    j->at++;
    for (;;) {
        j->at = rp_json_text_end(j->at);
        if (too_long(j, start)) {
            return false;
        }
        if (*j->at == '"') {
            j->at++;
            return true;
        }
        if (!pass_special(j, escaped)) {
            return false;
        }
    }
}

static uint32_t four_hex(const unsigned char *p)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        value = value << 4 | (uint32_t)hex_digit(p[i]);
    }
    return value;
}

static void add_code_point(rp_buf *buf, uint32_t c)
{
    if (c < 0x80) {
        rp_buf_add_char(buf, (char)c);
        return;
    }
    char out[4];
    size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, c >>= 6) {
        out[i] = (char)(0x80 | (c & 0x3f));
    }
    out[0] = (char)((0xf00u >> size & 0xf0u) | c);
    rp_buf_add(buf, out, size);
}

// \uXXXX, with its other half if it is one of a pair; the bytes passed, 0 for half a pair.
static size_t decode_unicode(rp_buf *buf, const unsigned char *p, const unsigned char *end)
{
    uint32_t c = four_hex(p + 2);
    size_t size = 6;
    if (c >= 0xdc00 && c < 0xe000) {
        return 0;
    }
    if (c >= 0xd800 && c < 0xdc00) {
        uint32_t low = end - p >= 12 && p[6] == '\\' && p[7] == 'u' ? four_hex(p + 8) : 0;
        if (low < 0xdc00 || low >= 0xe000) {
            return 0;
        }
        c = 0x10000 + ((c - 0xd800) << 10 | (low - 0xdc00));
        size = 12;
    }
    add_code_point(buf, c);
    return size;
}

static size_t decode_escape(rp_buf *buf, const unsigned char *p, const unsigned char *end)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    if (p[1] == 'u') {
        return decode_unicode(buf, p, end);
    }
    rp_buf_add_char(buf, values[strchr(names, p[1]) - names]);
    return 2;
}

// The text between the quotes, which is valid but has escapes. Zeros follow the result.
static bool decode(rp_json *j, const unsigned char *p, const unsigned char *end, rp_str *out)
{
    rp_buf_reset(&j->text);
    while (p < end) {
        const unsigned char *slash = memchr(p, '\\', (size_t)(end - p));
        const unsigned char *stop = slash == NULL ? end : slash;
        rp_buf_add(&j->text, p, (size_t)(stop - p));
        p = stop;
        if (p < end) {
            size_t size = decode_escape(&j->text, p, end);
            if (size == 0) {
                return rp_json_fail(j, RDSPOL_INPUT, "half of a surrogate pair in a string");
            }
            p += size;
        }
    }
    if (j->text.failed) {
        return rp_json_fail(j, RDSPOL_NO_MEMORY, "out of memory");
    }
    *out = j->text.size == 0 ? rp_str_make("", 0) : rp_buf_str(&j->text);
    return true;
}

// The text of a string whose first quote is at `keep` and whose last one is `size` bytes on.
static bool take_text(rp_json *j, size_t size, bool escaped, rp_str *out)
{
    const unsigned char *begin = j->keep + 1;
    j->keep = NULL;
    if (escaped) {
        return decode(j, begin, begin + size, out);
    }
    *out = rp_str_make((const char *)begin, size);
    return true;
}

bool rp_json_string(rp_json *json, rp_str *text)
{
    bool escaped = false;
    if (rp_json_failed(json) || next_byte(json) != '"') {
        return unexpected(json, "a string");
    }
    json->keep = json->at;
    if (!pass_string(json, &escaped)) {
        return false;
    }
    json->fresh = false;
    return take_text(json, (size_t)(json->at - json->keep) - 2, escaped, text);
}

// ---- Numbers and words -------------------------------------------------------------------------

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static const unsigned char *digits_end(const unsigned char *p)
{
    while (is_digit(*p)) {
        p++;
    }
    return p;
}

// Where a number ends, or NULL if it is none. A zero byte ends it.
static const unsigned char *number_end(const unsigned char *p)
{
    p += *p == '-';
    const unsigned char *end = digits_end(p);
    if (end == p || (*p == '0' && end != p + 1)) {
        return NULL;
    }
    if (*end == '.') {
        p = end + 1;
        end = digits_end(p);
        if (end == p) {
            return NULL;
        }
    }
    if (*end == 'e' || *end == 'E') {
        p = end + 1;
        p += *p == '+' || *p == '-';
        end = digits_end(p);
        if (end == p) {
            return NULL;
        }
    }
    return end;
}

static bool is_number_byte(unsigned char c)
{
    return is_digit(c) || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

// All bytes of the number are in the window, and one that is not part of it or the end.
static bool gather_number(rp_json *j)
{
    size_t size = 0;
    for (;;) {
        while (is_number_byte(j->at[size])) {
            size++;
        }
        if (j->at + size != j->end || j->ended) {
            return true;
        }
        if (!refill(j) && rp_json_failed(j)) {
            return false;
        }
    }
}

static bool pass_number(rp_json *j, rp_str *text)
{
    if (!gather_number(j)) {
        return false;
    }
    const unsigned char *end = number_end(j->at);
    if (end == NULL) {
        return rp_json_fail(j, RDSPOL_INPUT, "a number that JSON does not allow");
    }
    *text = rp_str_make((const char *)j->at, (size_t)(end - j->at));
    j->at += end - j->at;
    return true;
}

bool rp_json_number(rp_json *json, rp_str *text)
{
    unsigned char c = rp_json_failed(json) ? 0 : next_byte(json);
    if (c != '-' && !is_digit(c)) {
        return unexpected(json, "a number");
    }
    json->fresh = false;
    return pass_number(json, text);
}

static bool pass_word(rp_json *j)
{
    const char *word = *j->at == 't' ? "true" : *j->at == 'f' ? "false" : "null";
    size_t size = strlen(word);
    if (!need(j, size) || memcmp(j->at, word, size) != 0) {
        return rp_json_failed(j) ? false
                                 : rp_json_fail(j, RDSPOL_INPUT, "a word that is no JSON value");
    }
    j->at += size;
    return true;
}

bool rp_json_word(rp_json *json)
{
    unsigned char c = rp_json_failed(json) ? 0 : next_byte(json);
    if (c != 't' && c != 'f' && c != 'n') {
        return unexpected(json, "true, false or null");
    }
    json->fresh = false;
    return pass_word(json);
}

// ---- Structure ---------------------------------------------------------------------------------

static bool skip_bom(rp_json *j)
{
    if (need(j, 3) && memcmp(j->at, "\xef\xbb\xbf", 3) == 0) {
        j->at += 3;
    }
    return !rp_json_failed(j);
}

rp_json_kind rp_json_peek_slow(rp_json *json)
{
    if (rp_json_failed(json)) {
        return RP_JSON_ERROR;
    }
    if (json->depth == 0 && rp_json_offset(json) == 0 && !skip_bom(json)) {
        return RP_JSON_ERROR;
    }
    switch (next_byte(json)) {
    case '{': return RP_JSON_OBJECT;
    case '[': return RP_JSON_ARRAY;
    case '"': return RP_JSON_STRING;
    case 't': return RP_JSON_TRUE;
    case 'f': return RP_JSON_FALSE;
    case 'n': return RP_JSON_NULL;
    case 0:
        if (json->at == json->end && json->depth == 0 && !rp_json_failed(json)) {
            return RP_JSON_END;
        }
        break;
    default:
        if (*json->at == '-' || is_digit(*json->at)) {
            return RP_JSON_NUMBER;
        }
    }
    (void)unexpected(json, "a value");
    return RP_JSON_ERROR;
}

bool rp_json_enter(rp_json *json)
{
    rp_json_kind kind = rp_json_peek(json);
    if (kind != RP_JSON_OBJECT && kind != RP_JSON_ARRAY) {
        return unexpected(json, "an object or a list");
    }
    if (json->depth >= json->limits.depth) {
        return rp_json_fail(json, RDSPOL_LIMIT, "nested deeper than %u",
                            (unsigned)json->limits.depth);
    }
    rp_json_frame *frame = &json->frame[++json->depth];
    frame->count = 0;
    frame->name = NULL;
    frame->array = kind == RP_JSON_ARRAY;
    json->fresh = true;
    json->at++;
    return true;
}

static bool leave(rp_json *j)
{
    j->at++;
    j->depth--;
    j->fresh = false;
    return false;
}

// What stands before a member or element. True: one follows, and `at` is there.
static bool separator(rp_json *j, unsigned char close)
{
    unsigned char c = rp_json_failed(j) ? 0 : next_byte(j);
    if (rp_json_failed(j)) {
        return false;
    }
    if (c == close) {
        return leave(j);
    }
    if (!j->fresh) {
        if (c != ',') {
            return unexpected(j, close == '}' ? "`,` or `}`" : "`,` or `]`");
        }
        j->at++;
        (void)next_byte(j);
    }
    if (++j->frame[j->depth].count > j->limits.member_count) {
        return rp_json_fail(j, RDSPOL_LIMIT, "more than %llu members",
                            (unsigned long long)j->limits.member_count);
    }
    return !rp_json_failed(j);
}

static void note_name(rp_json_frame *frame, rp_str name)
{
    frame->own.cut = name.len > RP_JSON_NAME;
    frame->own.size = (uint8_t)(frame->own.cut ? RP_JSON_NAME : name.len);
    memcpy(frame->own.text, name.ptr, frame->own.size);
    frame->name = &frame->own;
}

bool rp_json_member(rp_json *json, rp_str *name)
{
    bool escaped = false;
    if (!separator(json, '}')) {
        return false;
    }
    if (*json->at != '"') {
        note_name(&json->frame[json->depth], rp_str_make("", 0));
        return unexpected(json, "a member name");
    }
    json->keep = json->at;
    if (!pass_string(json, &escaped)) {
        return false;
    }
    size_t size = (size_t)(json->at - json->keep) - 2;
    if (next_byte(json) != ':') {
        return unexpected(json, "`:`");
    }
    json->at++;
    json->fresh = false;
    if (!take_text(json, size, escaped, name)) {
        return false;
    }
    note_name(&json->frame[json->depth], *name);
    return true;
}

void rp_json_learn(rp_json *json, uint64_t offset, rp_json_guess *guess)
{
    const rp_json_frame *frame = &json->frame[json->depth];
    guess->size = 0;
    if (rp_json_failed(json)) {
        return;
    }
    (void)next_byte(json);
    uint64_t size = rp_json_offset(json) - offset;
    if (rp_json_failed(json) || offset < json->base || size > RP_JSON_GLUE) {
        return;
    }
    memcpy(guess->bytes, json->at - size, (size_t)size);
    guess->size = (uint16_t)size;
    guess->name = *frame->name;
}

// Remembers what stands between two elements: from `offset` to the next byte.
static void note_gap(rp_json *j, uint64_t offset)
{
    rp_json_frame *frame = &j->frame[j->depth];
    uint64_t size = rp_json_offset(j) - offset;
    frame->gap_size = 0;
    if (offset >= j->base && size <= RP_JSON_GAP && !j->fresh) {
        frame->gap_size = (uint8_t)size;
        memcpy(frame->gap, j->at - size, (size_t)size);
    }
}

bool rp_json_element_slow(rp_json *json)
{
    uint64_t offset = rp_json_offset(json);
    if (!separator(json, ']')) {
        return false;
    }
    if (*json->at == ']') {
        return unexpected(json, "a value");
    }
    note_gap(json, offset);
    json->fresh = false;
    return true;
}

// ---- Skipping ----------------------------------------------------------------------------------

// Bit d: whether level d is an array.
typedef struct levels {
    uint64_t array[RP_JSON_DEPTH / 64 + 1];
} levels;

static inline bool in_array(const levels *l, uint32_t depth)
{
    return (l->array[depth / 64] >> (depth % 64) & 1u) != 0;
}

// What is skipped has no place of its own.
static void forget_place(rp_json_frame *frame)
{
    frame->array = false;
    frame->name = NULL;
}

static bool open_level(rp_json *j, levels *l, bool array)
{
    if (j->depth >= j->limits.depth) {
        return rp_json_fail(j, RDSPOL_LIMIT, "nested deeper than %u", (unsigned)j->limits.depth);
    }
    forget_place(&j->frame[++j->depth]);
    rp_bits_put(l->array, j->depth, array);
    j->at++;
    return true;
}

static inline bool skip_name(rp_json *j)
{
    bool escaped;
    if (*j->at != '"') {
        return unexpected(j, "a member name");
    }
    if (!pass_string(j, &escaped)) {
        return false;
    }
    if (*j->at != ':' && next_byte(j) != ':') {
        return unexpected(j, "`:`");
    }
    j->at++;
    return true;
}

static bool skip_scalar(rp_json *j)
{
    bool escaped;
    rp_str text;
    switch (*j->at) {
    case '"': return pass_string(j, &escaped);
    case 't':
    case 'f':
    case 'n': return pass_word(j);
    default:
        return *j->at == '-' || is_digit(*j->at) ? pass_number(j, &text) : unexpected(j, "a value");
    }
}

// A value has ended: closes levels, moves to the next value. `*done` at the end of the outermost.
static inline bool to_next_value(rp_json *j, const levels *l, uint32_t base, bool *done)
{
    while (j->depth != base) {
        bool array = in_array(l, j->depth);
        unsigned char c = next_byte(j);
        if (c == ',') {
            j->at++;
            (void)next_byte(j);
            return array || skip_name(j);
        }
        if (c != (array ? ']' : '}')) {
            return unexpected(j, array ? "`,` or `]`" : "`,` or `}`");
        }
        j->at++;
        j->depth--;
    }
    *done = true;
    return true;
}

// An object or array begins: moves to its first value, or over it if it has none.
static inline bool skip_open(rp_json *j, levels *l, uint32_t base, bool *done)
{
    bool array = *j->at == '[';
    if (!open_level(j, l, array)) {
        return false;
    }
    if (next_byte(j) == (array ? ']' : '}')) {
        j->at++;
        j->depth--;
        return to_next_value(j, l, base, done);
    }
    return array || skip_name(j);
}

// ---- Trails ------------------------------------------------------------------------------------

enum {
    TURN_BYTES = 128,
    TURN_NEXT = 4,
    MAX_TURNS = 2048,
    TURN_SLOTS = 1024,
    TURN_ROOTS = 256,
    MAX_STRANGE = 64
};

// From behind a scalar (or the start) to the next scalar (or the end). What is open before and
// after is the same whenever the turn is taken: a turn is only looked for behind turns that end so.
typedef struct turn {
    struct turn *next[TURN_NEXT]; // the latest first
    struct turn *chain;           // in its slot
    levels before, after;
    uint32_t base, depth_before, depth_after;
    bool done;     // the value has ended
    uint32_t size; // 0: too long to be compared
    unsigned char bytes[TURN_BYTES];
} turn;

// The start of the values of a member. Where names are data, every value is strange: something had to
// be learned of it. Where most are, the long way is the shorter one.
typedef struct root {
    turn *next[TURN_NEXT];
    uint32_t base;    // the depth
    uint32_t strange; // values, less those that were not
} root;

typedef struct rp_json_trail {
    rp_arena arena;
    root roots[TURN_ROOTS]; // by depth and the member's name
    turn *slots[TURN_SLOTS];
    uint32_t count;
    turn spare[2]; // where no more are remembered
} rp_json_trail;

static void free_trail(rp_json *j)
{
    if (j->trail != NULL) {
        rp_arena_clear(&j->trail->arena);
        rp_alloc_free(j->alloc, j->trail, sizeof *j->trail);
        j->trail = NULL;
    }
}

static bool make_trail(rp_json *j)
{
    if (j->trail == NULL) {
        j->trail = rp_alloc_get(j->alloc, sizeof *j->trail);
        if (j->trail == NULL) {
            return rp_json_fail(j, RDSPOL_NO_MEMORY, "out of memory");
        }
        memset(j->trail, 0, sizeof *j->trail);
        rp_arena_init(&j->trail->arena, j->alloc);
    }
    return true;
}

static bool is_scalar_start(unsigned char c)
{
    return c == '"' || c == '-' || is_digit(c) || c == 't' || c == 'f' || c == 'n';
}

static inline turn *follow(rp_json *j, turn *const *next)
{
    for (size_t i = 0; i < TURN_NEXT && next[i] != NULL; i++) {
        turn *t = next[i];
        if (t->size != 0 && (size_t)(j->end - j->at) > t->size &&
            rp_json_same(j->at, t->bytes, t->size) &&
            (t->done || is_scalar_start(j->at[t->size]))) {
            j->at += t->size;
            return t;
        }
    }
    return NULL;
}

// The long way: `from` says what is open, NULL at the start of the value.
static bool walk_turn(rp_json *j, const turn *from, turn *out)
{
    levels l = {{0}};
    uint32_t base = j->depth;
    if (from != NULL) {
        l = from->after;
        for (uint32_t d = 0; d < from->depth_after; d++) {
            forget_place(&j->frame[++j->depth]);
        }
    }
    out->base = base;
    out->before = l;
    out->depth_before = j->depth - base;
    out->done = false;
    bool ok = from == NULL || to_next_value(j, &l, base, &out->done);
    while (ok && !out->done) {
        unsigned char c = next_byte(j);
        if (c != '{' && c != '[') {
            break;
        }
        ok = skip_open(j, &l, base, &out->done);
    }
    if (!ok || rp_json_failed(j)) {
        return false;
    }
    // Levels that are closed leave no trace, so that equal states are equal bytes.
    for (size_t w = 0; w < sizeof l.array / sizeof *l.array; w++) {
        l.array[w] &= j->depth < w * RP_WORD_BITS ? 0 : rp_bits_low(j->depth + 1 - w * RP_WORD_BITS);
    }
    out->after = l;
    out->depth_after = j->depth - base;
    j->depth = base;
    return true;
}

static uint32_t turn_slot(const turn *t)
{
    uint64_t hash = rp_strtab_hash(rp_str_make((const char *)t->bytes, t->size));
    hash ^= ((uint64_t)t->depth_before << 20 | t->depth_after << 10 | t->base) * 0x9e3779b1u;
    return (uint32_t)(hash >> 7) % TURN_SLOTS;
}

static bool same_turn(const turn *a, const turn *b)
{
    return a->size == b->size && a->base == b->base && a->done == b->done &&
           a->depth_before == b->depth_before && a->depth_after == b->depth_after &&
           memcmp(&a->before, &b->before, sizeof a->before) == 0 &&
           memcmp(&a->after, &b->after, sizeof a->after) == 0 &&
           memcmp(a->bytes, b->bytes, a->size) == 0;
}

// The remembered turn that equals `t`, which is made if there is room; else `t`.
static turn *remember(rp_json_trail *trail, turn *t, turn **next)
{
    turn **slot = &trail->slots[turn_slot(t)];
    turn *found = *slot;
    while (found != NULL && !same_turn(found, t)) {
        found = found->chain;
    }
    if (found == NULL && trail->count < MAX_TURNS) {
        found = rp_arena_alloc(&trail->arena, sizeof *found);
        if (found != NULL) {
            *found = *t;
            found->chain = *slot;
            *slot = found;
            trail->count++;
        }
    }
    if (found == NULL) {
        return t;
    }
    memmove(next + 1, next, (TURN_NEXT - 1) * sizeof *next);
    next[0] = found;
    return found;
}

static turn *learn_turn(rp_json *j, const turn *from, turn **next)
{
    rp_json_trail *trail = j->trail;
    turn *t = from == &trail->spare[0] ? &trail->spare[1] : &trail->spare[0];
    uint64_t offset = rp_json_offset(j);
    memset(t, 0, sizeof *t);
    if (!walk_turn(j, from, t)) {
        return NULL;
    }
    uint64_t size = rp_json_offset(j) - offset;
    if (offset >= j->base && size <= TURN_BYTES) {
        t->size = (uint32_t)size;
        memcpy(t->bytes, j->at - size, (size_t)size);
    }
    return remember(trail, t, next);
}

// Others may share the place, so their depth is compared.
static root *root_of(rp_json *j)
{
    const rp_json_frame *frame = &j->frame[j->depth];
    uint32_t hash = j->depth;
    if (!frame->array && frame->name != NULL && frame->name->size >= 4) {
        memcpy(&hash, frame->name->text + frame->name->size - 4, 4);
        hash = (hash ^ (uint32_t)frame->name->size << 8 ^ j->depth) * 0x9e3779b1u >> 8;
    }
    root *r = &j->trail->roots[hash % TURN_ROOTS];
    if (r->base != j->depth) {
        memset(r, 0, sizeof *r);
        r->base = j->depth;
    }
    return r;
}

// The long way to the end of the value.
static bool walk_container(rp_json *j)
{
    levels l = {{0}};
    uint32_t base = j->depth;
    bool done = false, ok = skip_open(j, &l, base, &done);
    while (ok && !done) {
        unsigned char c = next_byte(j);
        ok = c == '{' || c == '[' ? skip_open(j, &l, base, &done)
                                  : skip_scalar(j) && to_next_value(j, &l, base, &done);
    }
    return ok && !rp_json_failed(j);
}

static void note_strange(root *r, bool strange)
{
    if (strange) {
        r->strange++;
    } else if (r->strange != 0) {
        r->strange--;
    }
}

static bool follow_container(rp_json *j, root *r)
{
    turn *t = NULL, **next = r->next;
    bool strange = false;
    for (;; next = t->next) {
        turn *taken = follow(j, next);
        strange = strange || taken == NULL;
        t = taken != NULL ? taken : learn_turn(j, t, next);
        if (t == NULL) {
            return false;
        }
        if (t->done) {
            note_strange(r, strange);
            return true;
        }
        if (!skip_scalar(j)) {
            return false;
        }
    }
}

static bool skip_container(rp_json *j)
{
    if (!make_trail(j)) {
        return false;
    }
    root *r = root_of(j);
    return r->strange < MAX_STRANGE ? follow_container(j, r) : walk_container(j);
}

// A number of digits that does not begin with 0, or is it; NULL if it is another one.
static unsigned char *digits_only(unsigned char *p)
{
    if (!is_digit(*p)) {
        return NULL;
    }
    bool zero = *p++ == '0';
    while (!zero && is_digit(*p)) {
        p++;
    }
    return *p == ',' || *p == '\n' || *p == '}' ? p : NULL;
}

bool rp_json_quick_int(rp_json *json, int64_t *value)
{
    unsigned char *end = digits_only(json->at);
    if (end == NULL || end - json->at > 18) {
        return false;
    }
    for (*value = 0; json->at != end; json->at++) {
        *value = *value * 10 + (*json->at - '0');
    }
    return true;
}

bool rp_json_quick_other(rp_json *json)
{
    unsigned char *p = json->at;
    bool value;
    if (*p == 't' || *p == 'f') {
        return rp_json_quick_bool(json, &value);
    }
    if (*p == '[' || *p == '{') {
        bool empty = p[1] == (*p == '[' ? ']' : '}') && json->depth < json->limits.depth;
        p = empty ? p + 2 : NULL;
    } else {
        p = digits_only(p);
    }
    json->at = p != NULL ? p : json->at;
    return p != NULL;
}

bool rp_json_skip(rp_json *json)
{
    unsigned char c = rp_json_failed(json) ? 0 : next_byte(json);
    if (rp_json_failed(json)) {
        return false;
    }
    bool ok = c == '{' || c == '[' ? skip_container(json) : skip_scalar(json);
    json->fresh = false;
    return ok;
}

// ---- Values that come again --------------------------------------------------------------------

rp_str rp_json_start(rp_json *json)
{
    rp_str none = {NULL, 0};
    rp_json_kind kind = rp_json_peek(json);
    if (kind != RP_JSON_OBJECT && kind != RP_JSON_ARRAY) {
        return none;
    }
    size_t most = kind == RP_JSON_OBJECT ? RP_JSON_START : RP_JSON_LIST_START;
    size_t left = (size_t)(json->end - json->at), limit = left < most ? left : most;
    const unsigned char *end = memchr(json->at, kind == RP_JSON_OBJECT ? '}' : ']', limit);
    if (end == NULL && left < most) {
        return none;
    }
    return rp_str_make((const char *)json->at, end == NULL ? limit : (size_t)(end - json->at) + 1);
}

bool rp_json_take(rp_json *json, const unsigned char *bytes, size_t size)
{
    if ((size_t)(json->end - json->at) < size || json->depth >= json->limits.depth ||
        memcmp(json->at, bytes, size) != 0) {
        return false;
    }
    json->at += size;
    json->fresh = false;
    return true;
}

rp_str rp_json_since(const rp_json *json, uint64_t offset)
{
    rp_str none = {NULL, 0};
    size_t size = (size_t)(rp_json_offset(json) - offset);
    return offset < json->base || rp_json_failed(json)
               ? none
               : rp_str_make((const char *)json->at - size, size);
}

// ---- Holding -----------------------------------------------------------------------------------

rp_json_hold rp_json_keep(rp_json *json)
{
    rp_json_hold hold = {0, json->held == NULL, json->fresh, json->frame[json->depth].count};
    if (!rp_json_failed(json)) {
        (void)next_byte(json);
    }
    hold.offset = rp_json_offset(json);
    if (hold.outer) {
        json->held = json->at;
    }
    return hold;
}

void rp_json_rewind(rp_json *json, const rp_json_hold *hold)
{
    if (!rp_json_failed(json)) {
        json->at = json->window + RP_JSON_PAD + (size_t)(hold->offset - json->base);
        json->fresh = hold->fresh;
        json->frame[json->depth].count = hold->count;
    }
}

void rp_json_release(rp_json *json, const rp_json_hold *hold)
{
    if (hold->outer) {
        json->held = NULL;
    }
}
