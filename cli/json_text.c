// Strings as JSON. Eight bytes are looked at together; only what is not plain is looked at singly.
#include "cli/json_text.h"

#include "vm/base/text.h"

#define ONES 0x0101010101010101u
#define HIGHS 0x8080808080808080u

// Not 0 if a word has a byte below 0x20, a quote, a backslash, or one above 0x7f. False alarms are
// possible, misses are not.
static uint64_t odd_bits(uint64_t word)
{
    uint64_t quote = word ^ (ONES * '"');
    uint64_t backslash = word ^ (ONES * '\\');
    uint64_t low = word - ONES * 0x20;
    return (low | (quote - ONES) | (backslash - ONES) | word) & HIGHS;
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static size_t plain_size(rp_str text)
{
    size_t at = 0;
    while (at + 8 <= text.len) {
        uint64_t word;
        memcpy(&word, text.ptr + at, sizeof word);
        if (odd_bits(word) != 0) break;
        at += 8;
    }
    while (at < text.len && is_plain((unsigned char)text.ptr[at])) at++;
    return at;
}

static void add_escape(rp_out *out, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    static const char names[] = "btn\0fr"; // 8 to 13
    char escape[6] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
    if (c == '"' || c == '\\') {
        escape[1] = (char)c;
        rp_out_add(out, escape, 2);
    } else if (c >= 8 && c <= 13 && c != 11) {
        escape[1] = names[c - 8];
        rp_out_add(out, escape, 2);
    } else {
        rp_out_add(out, escape, sizeof escape);
    }
}

// One character that is not plain; returns its size.
static size_t add_odd(rp_out *out, rp_str text)
{
    unsigned char c = (unsigned char)text.ptr[0];
    size_t size = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (c < 0x80) {
        add_escape(out, c);
        return 1;
    }
    if (size <= text.len && rp_utf8_is_valid(rp_str_make(text.ptr, size))) {
        rp_out_add(out, text.ptr, size);
        return size;
    }
    RP_OUT_LITERAL(out, "\xef\xbf\xbd");
    return 1;
}

// Copies; false if something is not plain.
static bool copy_plain(char *to, rp_str text)
{
    uint64_t word, odd = 0;
    size_t at = 0;
    for (; at + 8 <= text.len; at += 8) {
        memcpy(&word, text.ptr + at, sizeof word);
        memcpy(to + at, &word, sizeof word);
        odd |= odd_bits(word);
    }
    if (text.len >= 8) { // the last eight bytes, some of them again
        memcpy(&word, text.ptr + text.len - 8, sizeof word);
        memcpy(to + text.len - 8, &word, sizeof word);
        return (odd | odd_bits(word)) == 0;
    }
    while (at < text.len && is_plain((unsigned char)text.ptr[at])) {
        to[at] = text.ptr[at];
        at++;
    }
    return at == text.len;
}

// Most texts are plain: they are copied while they are looked at.
static bool add_plain(rp_out *out, rp_str text)
{
    if (text.len > RP_OUT_ROOM - 2) return false;
    char *to = rp_out_room(out, text.len + 2);
    to[0] = '"';
    if (!copy_plain(to + 1, text)) return false;
    to[text.len + 1] = '"';
    out->size += text.len + 2;
    return true;
}

void rp_out_json(rp_out *out, rp_str text)
{
    if (add_plain(out, text)) return;
    rp_out_char(out, '"');
    for (;;) {
        size_t plain = plain_size(text);
        rp_out_add(out, text.ptr, plain);
        text = rp_str_from_offset(text, plain);
        if (text.len == 0) break;
        text = rp_str_from_offset(text, add_odd(out, text));
    }
    rp_out_char(out, '"');
}

void rp_out_member(rp_out *out, const char *key, size_t size, rp_str text)
{
    if (text.len == 0) return;
    rp_out_add(out, key, size);
    rp_out_json(out, text);
}

void rp_out_json_value(rp_out *out, rp_str value)
{
    while (value.len > 0) {
        size_t ascii = 0;
        while (ascii < value.len && (unsigned char)value.ptr[ascii] < 0x80) ascii++;
        rp_out_add(out, value.ptr, ascii);
        value = rp_str_from_offset(value, ascii);
        if (value.len > 0) value = rp_str_from_offset(value, add_odd(out, value));
    }
}
