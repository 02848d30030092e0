// Diagnostics as text: the first line is what editors and CI parse, the rest is for the reader.
#include "lang/diag.h"

#include <stdio.h>
#include <string.h>

#define MAX_EXCERPT 160u

static void put(rp_buf *out, const char *text)
{
    rp_buf_add(out, text, strlen(text));
}

static void put_number(rp_buf *out, uint32_t number)
{
    char digits[12];
    int size = snprintf(digits, sizeof digits, "%u", number);
    if (size > 0) rp_buf_add(out, digits, (size_t)size);
}

static void put_repeated(rp_buf *out, char byte, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) rp_buf_add(out, &byte, 1);
}

// Source text comes from strangers too: control bytes are shown, never sent to the terminal.
static void put_safe(rp_buf *out, rp_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (byte == '\t')
            put(out, " ");
        else if (byte < 0x20 || byte == 0x7f)
            put(out, "?");
        else
            rp_buf_add(out, text.ptr + i, 1);
    }
}

static uint32_t digits_of(uint32_t number)
{
    uint32_t digits = 1;
    for (; number >= 10; number /= 10) digits++;
    return digits;
}

static uint32_t code_points(rp_str text)
{
    uint32_t count = 0;
    for (size_t i = 0; i < text.len; i++) count += ((unsigned char)text.ptr[i] & 0xc0u) != 0x80u;
    return count;
}

static void put_place(rp_buf *out, const rp_sources *sources, rp_span span)
{
    rp_position at = rp_sources_position(sources, span.file, span.begin);
    put_safe(out, sources->files[span.file].name);
    put(out, ":");
    put_number(out, at.line);
    put(out, ":");
    put_number(out, at.column);
}

// The line of the span, and below it carets under the part of the span that is on this line.
static void put_excerpt(rp_buf *out, const rp_sources *sources, rp_span span, bool color)
{
    rp_position at = rp_sources_position(sources, span.file, span.begin);
    rp_str line = rp_sources_line(sources, span.file, at.line);
    if (line.len > MAX_EXCERPT) return;
    uint32_t margin = digits_of(at.line);
    put_repeated(out, ' ', margin + 1);
    put(out, "|\n");
    put_number(out, at.line);
    put(out, " | ");
    put_safe(out, line);
    put(out, "\n");
    put_repeated(out, ' ', margin + 1);
    put(out, "| ");
    put_repeated(out, ' ', at.column - 1);
    size_t rest = line.len - (span.begin - (size_t)(line.ptr - sources->files[span.file].text.ptr));
    rp_str marked = rp_sources_text(sources, span);
    if (marked.len > rest) marked.len = rest;
    uint32_t width = code_points(marked);
    if (color) put(out, "\033[1;31m");
    put_repeated(out, '^', width == 0 ? 1 : width);
    if (color) put(out, "\033[0m");
    put(out, "\n");
}

void rp_diag_render(rp_buf *out, const rp_sources *sources, const rp_diag *diag, bool color)
{
    const rp_diag_info *info = rp_diag_info_get(diag->id);
    bool error = info->severity == RP_SEVERITY_ERROR;
    put_place(out, sources, diag->span);
    put(out, ": ");
    if (color) put(out, error ? "\033[1;31m" : "\033[1;33m");
    put(out, error ? "error[" : "warning[");
    put(out, info->code);
    put(out, "]");
    if (color) put(out, "\033[0m");
    put(out, ": ");
    put_safe(out, diag->text);
    put(out, "\n");
    put_excerpt(out, sources, diag->span, color);
    for (const rp_diag_line *line = diag->lines; line != NULL; line = line->next) {
        put(out, "  = ");
        put(out, line->kind);
        put(out, ": ");
        put_safe(out, line->text);
        if (line->span.end > line->span.begin) {
            put(out, ": ");
            put_place(out, sources, line->span);
        }
        put(out, "\n");
    }
}
