// Address ranges: parsing, canonical printing (RFC 5952 for IPv6) and how two of them lie.
//
// A range is its first address and the length of its prefix; host bits are cleared when it is
// parsed, so two equal ranges print the same text.
#include "vm/base/text.h"

#include <stdio.h>

static bool parse_octet(rp_str text, unsigned char *out)
{
    int64_t value;
    bool padded = text.len > 1 && text.ptr[0] == '0';
    if (text.len == 0 || text.len > 3 || padded || text.ptr[0] == '+' || text.ptr[0] == '-' ||
        !rp_text_parse_int(text, &value) || value > 255) {
        return false;
    }
    *out = (unsigned char)value;
    return true;
}

static bool parse_v4(rp_str text, unsigned char out[4])
{
    for (int i = 0; i < 4; i++) {
        rp_str part;
        if (!rp_text_split(&text, RP_STR("."), &part) || !parse_octet(part, &out[i])) {
            return false;
        }
    }
    return text.ptr == NULL;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool parse_group(rp_str text, unsigned char out[2])
{
    unsigned value = 0;
    if (text.len == 0 || text.len > 4) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        int digit = hex_digit(text.ptr[i]);
        if (digit < 0) {
            return false;
        }
        value = value << 4 | (unsigned)digit;
    }
    out[0] = (unsigned char)(value >> 8);
    out[1] = (unsigned char)(value & 0xff);
    return true;
}

// Groups separated by colons, the last perhaps dotted; returns how many bytes, or -1.
static int parse_groups(rp_str text, unsigned char out[16])
{
    int size = 0;
    if (text.len == 0) {
        return 0;
    }
    rp_str part;
    while (rp_text_split(&text, RP_STR(":"), &part)) {
        bool last = text.ptr == NULL;
        if (last && size <= 12 && memchr(part.ptr, '.', part.len) != NULL) {
            return parse_v4(part, out + size) ? size + 4 : -1;
        }
        if (size > 14 || !parse_group(part, out + size)) {
            return -1;
        }
        size += 2;
    }
    return size;
}

static size_t find_gap(rp_str text)
{
    for (size_t at = 0; at + 1 < text.len; at++) {
        if (text.ptr[at] == ':' && text.ptr[at + 1] == ':') {
            return at;
        }
    }
    return SIZE_MAX;
}

static bool parse_v6(rp_str text, unsigned char out[16])
{
    unsigned char tail[16];
    size_t gap = find_gap(text);
    memset(out, 0, 16);
    if (gap == SIZE_MAX) {
        return parse_groups(text, out) == 16;
    }
    int head_size = parse_groups(rp_str_make(text.ptr, gap), out);
    int tail_size = parse_groups(rp_str_from_offset(text, gap + 2), tail);
    if (head_size < 0 || tail_size < 0 || head_size + tail_size > 14) {
        return false;
    }
    memcpy(out + (16 - tail_size), tail, (size_t)tail_size);
    return true;
}

static void clear_host_bits(rp_cidr *range)
{
    for (unsigned bit = range->length; bit < 128; bit++) {
        range->address[bit / 8] &= (unsigned char)~(0x80u >> (bit % 8));
    }
}

bool rp_cidr_parse(rp_str text, rp_cidr *out)
{
    const char *slash = text.len == 0 ? NULL : memchr(text.ptr, '/', text.len);
    if (slash == NULL) {
        return false;
    }
    size_t at = (size_t)(slash - text.ptr);
    rp_str address = rp_str_make(text.ptr, at);
    memset(out, 0, sizeof *out);
    bool v4 = memchr(address.ptr, ':', at) == NULL;
    out->family = v4 ? 4 : 6;
    if (!(v4 ? parse_v4(address, out->address) : parse_v6(address, out->address))) {
        return false;
    }
    if (!parse_octet(rp_str_from_offset(text, at + 1), &out->length) ||
        out->length > (v4 ? 32 : 128)) {
        return false;
    }
    clear_host_bits(out);
    return true;
}

static unsigned group(const rp_cidr *range, int i)
{
    return (unsigned)range->address[2 * i] << 8 | range->address[2 * i + 1];
}

// The longest run of at least two zero groups, the first of equals; length 0 if there is none.
static int longest_gap(const rp_cidr *range, int *length)
{
    int best = 0;
    *length = 0;
    for (int i = 0; i < 8; i++) {
        int run = 0;
        while (i + run < 8 && group(range, i + run) == 0) {
            run++;
        }
        if (run > 1 && run > *length) {
            best = i;
            *length = run;
        }
        i += run;
    }
    return best;
}

static size_t print_v6(const rp_cidr *range, char out[RP_TEXT_MAX])
{
    int gap_length;
    int gap = longest_gap(range, &gap_length);
    size_t at = 0;
    for (int i = 0; i < 8; i++) {
        if (gap_length != 0 && i == gap) {
            out[at++] = ':';
            out[at++] = ':';
            i += gap_length - 1;
            continue;
        }
        bool colon = i != 0 && !(gap_length != 0 && i == gap + gap_length);
        int size = snprintf(out + at, RP_TEXT_MAX - at, "%s%x", colon ? ":" : "", group(range, i));
        at += size < 0 ? 0 : (size_t)size;
    }
    return at;
}

size_t rp_cidr_print(const rp_cidr *range, char out[RP_TEXT_MAX])
{
    const unsigned char *a = range->address;
    size_t at;
    if (range->family == 4) {
        int size = snprintf(out, RP_TEXT_MAX, "%u.%u.%u.%u", (unsigned)a[0], (unsigned)a[1],
                            (unsigned)a[2], (unsigned)a[3]);
        at = size < 0 ? 0 : (size_t)size;
    } else {
        at = print_v6(range, out);
    }
    int size = snprintf(out + at, RP_TEXT_MAX - at, "/%u", (unsigned)range->length);
    return at + (size < 0 ? 0 : (size_t)size);
}

static bool same_prefix(const rp_cidr *a, const rp_cidr *b, unsigned bits)
{
    if (memcmp(a->address, b->address, bits / 8) != 0) {
        return false;
    }
    unsigned rest = bits % 8;
    unsigned differ = rest == 0 ? 0 : (unsigned)(a->address[bits / 8] ^ b->address[bits / 8]);
    return (differ >> (8 - rest)) == 0;
}

bool rp_cidr_within(const rp_cidr *a, const rp_cidr *b)
{
    return a->family == b->family && a->length >= b->length && same_prefix(a, b, b->length);
}

bool rp_cidr_overlaps(const rp_cidr *a, const rp_cidr *b)
{
    unsigned bits = a->length < b->length ? a->length : b->length;
    return a->family == b->family && same_prefix(a, b, bits);
}

bool rp_cidr_is_private(const rp_cidr *range)
{
    static const rp_cidr ranges[] = {
        {{10}, 4, 8}, {{172, 16}, 4, 12}, {{192, 168}, 4, 16}, {{100, 64}, 4, 10}, {{0xfc}, 6, 7},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (rp_cidr_within(range, &ranges[i])) {
            return true;
        }
    }
    return false;
}
