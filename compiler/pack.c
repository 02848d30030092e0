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

// `before`: the record before, or zeros. `ranges`: all bits of the fields that begin ranges.
static char *pack_record(char *out, const uint32_t *record, const uint32_t *before,
                         const uint32_t *ranges, uint32_t words)
{
    for (uint32_t f = 0; f < words; f++) {
        uint32_t expected = before[f] + (before[f + 1] & ranges[f]);
        out = put_number(out, folded(record[f] - expected));
    }
    return out;
}

// So many records get room at a time: as much as they may take, of which the rest is given back.
#define BATCH 64u

void rp_pack(rp_section section, const uint32_t *words, uint32_t count, rp_buf *out)
{
    static const uint32_t zeros[MAX_WORDS + 1] = {0};
    uint32_t step = shapes[section].words;
    uint32_t ranges[MAX_WORDS] = {0};
    const uint32_t *before = zeros;
    for (uint32_t f = 0; f < step; f++)
        ranges[f] = strncmp(rp_pack_kind(section, f), "FIRST_", 6) == 0 ? UINT32_MAX : 0;
    for (uint32_t i = 0; i < count;) {
        uint32_t end = count - i > BATCH ? i + BATCH : count;
        char *at = rp_buf_grow(out, (size_t)(end - i) * step * MAX_NUMBER);
        if (at == NULL) return;
        for (; i < end; i++, before = words, words += step)
            at = pack_record(at, words, before, ranges, step);
        out->size = (size_t)(at - out->data);
    }
}
