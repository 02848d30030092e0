// Strings as JSON. Eight bytes are looked at together; only what is not plain is looked at singly.
#include "cli/json_text.h"

#include "vm/base/text.h"

#define ONES 0x0101010101010101u
#define HIGHS 0x8080808080808080u

// Whether a word has a byte below 0x20, a quote, a backslash, or one above 0x7f. False alarms are
// possible, misses are not.
static bool is_odd(uint64_t word)
{
    uint64_t quote = word ^ (ONES * '"');
    uint64_t backslash = word ^ (ONES * '\\');
    uint64_t low = word - ONES * 0x20;
    return ((low | (quote - ONES) | (backslash - ONES) | word) & HIGHS) != 0;
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
        if (is_odd(word)) break;
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

void rp_out_json(rp_out *out, rp_str text)
{
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
