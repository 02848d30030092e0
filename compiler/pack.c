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

#define MAX_NUMBER 5u // bytes
#define MAX_WORDS 32u

// Seven bits a byte, the lowest first; a set high bit says that more follow.
static char *put_number(char *out, uint32_t number)
{
    for (; number >= 0x80u; number >>= 7) *out++ = (char)(number | 0x80u);
    *out++ = (char)number;
    return out;
}

// Small differences of both signs become small numbers: 0, -1, 1, -2, ...
static uint32_t folded(uint32_t difference)
{
    return difference << 1 ^ (0u - (difference >> 31));
}

// `before`: the record before, or zeros. `ranges`: which fields begin ranges.
static void pack_record(const uint32_t *record, const uint32_t *before, const bool *ranges,
                        uint32_t words, rp_buf *out)
{
    char bytes[MAX_WORDS * MAX_NUMBER];
    char *end = bytes;
    for (uint32_t f = 0; f < words; f++) {
        uint32_t expected = before[f] + (ranges[f] ? before[f + 1] : 0);
        end = put_number(end, folded(record[f] - expected));
    }
    rp_buf_add(out, bytes, (size_t)(end - bytes));
}

void rp_pack(rp_section section, const uint32_t *words, uint32_t count, rp_buf *out)
{
    static const uint32_t zeros[MAX_WORDS] = {0};
    uint32_t step = shapes[section].words;
    bool ranges[MAX_WORDS] = {false};
    for (uint32_t f = 0; f < step; f++)
        ranges[f] = strncmp(rp_pack_kind(section, f), "FIRST_", 6) == 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t *record = &words[(size_t)i * step];
        pack_record(record, i == 0 ? zeros : record - step, ranges, step, out);
    }
}
