// Packing: each word is written as how far it is from the expected one. What that is stands in
// `vm/format.h`; which fields begin ranges in `vm/format.def`.
#include "compiler/pack.h"

#include <string.h>

#define FIELD_KIND(name, kind) #kind,
#define SECTION(ID, name, FIELDS) static const char *const name##_kinds[] = {FIELDS(FIELD_KIND)};
#include "vm/format.def"
#undef SECTION

static const struct {
    const char *const *kinds;
    uint32_t words;
} shapes[RP_SECTION_COUNT] = {
#define SECTION(ID, name, FIELDS)                                                                  \
    [RP_SECTION_##ID] = {name##_kinds, sizeof name##_kinds / sizeof *name##_kinds},
#include "vm/format.def"
#undef SECTION
};

uint32_t rp_pack_words(rp_section section)
{
    return shapes[section].words;
}

const char *rp_pack_kind(rp_section section, uint32_t field)
{
    return shapes[section].kinds[field];
}

static bool begins_range(rp_section section, uint32_t field)
{
    return strncmp(rp_pack_kind(section, field), "FIRST_", 6) == 0;
}

// Seven bits a byte, the lowest first; a set high bit says that more follow.
static void add_number(rp_buf *out, uint32_t number)
{
    for (; number >= 0x80u; number >>= 7) rp_buf_add_char(out, (char)(number | 0x80u));
    rp_buf_add_char(out, (char)number);
}

// Small differences of both signs become small numbers: 0, -1, 1, -2, ...
static uint32_t folded(uint32_t difference)
{
    return difference << 1 ^ (0u - (difference >> 31));
}

// What a field is expected to be behind the record `before`.
static uint32_t expected(rp_section section, const uint32_t *before, uint32_t field)
{
    return before[field] + (begins_range(section, field) ? before[field + 1] : 0);
}

void rp_pack(rp_section section, const uint32_t *words, uint32_t count, rp_buf *out)
{
    uint32_t step = shapes[section].words;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t *record = &words[(size_t)i * step];
        for (uint32_t f = 0; f < step; f++) {
            uint32_t guess = i == 0 ? 0 : expected(section, record - step, f);
            add_number(out, folded(record[f] - guess));
        }
    }
}
