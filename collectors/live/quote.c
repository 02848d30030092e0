// Texts as JSON strings.
#include "collectors/live/quote.h"

static void add_escape(rp_buf *out, unsigned char c)
{
    static const char names[] = "btn\0fr"; // 8 to 13
    if (c == '"' || c == '\\') {
        rp_buf_add_char(out, '\\');
        rp_buf_add_char(out, (char)c);
    } else if (c >= 8 && c <= 13 && c != 11) {
        rp_buf_add_char(out, '\\');
        rp_buf_add_char(out, names[c - 8]);
    } else {
        rp_buf_printf(out, "\\u%04x", (unsigned)c);
    }
}

void rp_quote(rp_buf *out, rp_str text)
{
    size_t begin = 0;
    if (text.len == 0) {
        rp_buf_add_text(out, "\"\"");
        return;
    }
    rp_buf_add_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        rp_buf_add(out, text.ptr + begin, i - begin);
        add_escape(out, c);
        begin = i + 1;
    }
    rp_buf_add(out, text.ptr + begin, text.len - begin);
    rp_buf_add_char(out, '"');
}

void rp_quote_member(rp_buf *out, bool first, const char *name, rp_str text)
{
    if (!first) rp_buf_add_char(out, ',');
    rp_buf_printf(out, "\"%s\":", name);
    rp_quote(out, text);
}
