// The writer of bundles. What it knows of the records comes from `format.def`: how many words each
// has and which of them are strings.
#include "compiler/image.h"
#include "compiler/pack.h"
#include "vm/base/endian.h"

#include <stdlib.h>

#define MAX_SECTION (64u * 1024u * 1024u)

static bool is_string(rp_section section, uint32_t field)
{
    const char *kind = rp_pack_kind(section, field);
    return strcmp(kind, "STRING") == 0 || strcmp(kind, "STRING_0") == 0;
}

void rp_image_init(rp_image *image, rp_arena *arena)
{
    rp_alloc alloc = arena->alloc;
    *image = (rp_image){.arena = arena};
    for (int i = 0; i < RP_SECTION_COUNT; i++) rp_buf_init(&image->sections[i], alloc, MAX_SECTION);
    rp_strtab_init(&image->strings, alloc);
}

void rp_image_free(rp_image *image)
{
    for (int i = 0; i < RP_SECTION_COUNT; i++) rp_buf_free(&image->sections[i]);
    rp_strtab_free(&image->strings);
}

void *rp_image_get(rp_image *image, rp_section section, uint32_t index)
{
    return image->sections[section].data +
           (size_t)index * rp_pack_words(section) * sizeof(uint32_t);
}

uint32_t rp_image_string(rp_image *image, rp_str text)
{
    uint32_t id = rp_strtab_add(&image->strings, text);
    if (id == RP_STRTAB_NONE) image->arena->fail(image->arena->fail_ctx);
    return id;
}

uint32_t rp_image_string_0(rp_image *image, rp_str text)
{
    return text.len == 0 ? RP_NONE : rp_image_string(image, text);
}

// ---- strings in order ----

typedef struct sorted_string {
    uint64_t begin; // its first eight bytes as a number, so that most are told apart by that
    rp_str text;
    uint32_t id;
} sorted_string;

static uint64_t begin_of(rp_str text)
{
    unsigned char bytes[8] = {0};
    if (text.len > 0) memcpy(bytes, text.ptr, text.len < 8 ? text.len : 8);
    uint64_t begin = 0;
    for (int i = 0; i < 8; i++) begin = begin << 8 | bytes[i];
    return begin;
}

static bool is_before(const sorted_string *a, const sorted_string *b)
{
    return a->begin != b->begin ? a->begin < b->begin : rp_str_compare(a->text, b->text) < 0;
}

// Merges two runs of `from` that follow each other, up to `middle` and `end`, into `to`.
static void merge(const sorted_string *from, uint32_t begin, uint32_t middle, uint32_t end,
                  sorted_string *to)
{
    uint32_t left = begin, right = middle;
    for (uint32_t at = begin; at < end; at++) {
        bool take_right = left == middle || (right < end && is_before(&from[right], &from[left]));
        to[at] = from[take_right ? right++ : left++];
    }
}

// Returns whichever of the two arrays the result is in.
static sorted_string *merge_sort(sorted_string *strings, sorted_string *other, uint32_t count)
{
    for (uint32_t run = 1; run < count; run *= 2) {
        for (uint32_t begin = 0; begin < count; begin += 2 * run) {
            uint32_t middle = count - begin > run ? begin + run : count;
            uint32_t end = count - middle > run ? middle + run : count;
            merge(strings, begin, middle, end, other);
        }
        sorted_string *sorted = other;
        other = strings;
        strings = sorted;
    }
    return strings;
}

static const sorted_string *sorted_strings(rp_image *image)
{
    uint32_t count = image->strings.count;
    sorted_string *strings = rp_arena_alloc(image->arena, count * sizeof *strings);
    sorted_string *other = rp_arena_alloc(image->arena, count * sizeof *other);
    for (uint32_t i = 0; i < count; i++) {
        rp_str text = rp_strtab_get(&image->strings, i);
        strings[i] = (sorted_string){begin_of(text), text, i};
    }
    return merge_sort(strings, other, count);
}

static void write_strings(rp_image *image, uint32_t *new_ids)
{
    uint32_t count = image->strings.count;
    const sorted_string *sorted = sorted_strings(image);
    for (uint32_t i = 0; i < count; i++) {
        rp_rec_string record = {(uint32_t)image->sections[RP_SECTION_BYTES].size,
                                (uint32_t)sorted[i].text.len};
        new_ids[sorted[i].id] = i;
        rp_buf_add_str(&image->sections[RP_SECTION_BYTES], sorted[i].text);
        rp_image_add(image, RP_SECTION_STRING, &record, sizeof record);
    }
    image->counts[RP_SECTION_BYTES] = (uint32_t)image->sections[RP_SECTION_BYTES].size;
}

static void renumber(uint32_t *word, const uint32_t *new_ids)
{
    if (*word != RP_NONE) *word = new_ids[*word];
}

static void renumber_section(rp_image *image, rp_section section, const uint32_t *new_ids)
{
    uint32_t words = rp_pack_words(section);
    uint32_t *data = (uint32_t *)(void *)image->sections[section].data;
    for (uint32_t field = 0; field < words; field++) {
        if (!is_string(section, field)) continue;
        for (uint32_t i = 0; i < image->counts[section]; i++)
            renumber(&data[i * words + field], new_ids);
    }
}

static bool is_text_kind(uint32_t type)
{
    rp_kind kind = RP_TYPE_KIND(type);
    return kind == RP_KIND_STRING || kind == RP_KIND_CIDR || kind == RP_KIND_VERSION;
}

// Strings where the kind of a field depends on a neighbour: constants, literals of arguments.
static void renumber_values(rp_image *image, const uint32_t *new_ids)
{
    for (uint32_t i = 0; i < image->counts[RP_SECTION_CONST]; i++) {
        rp_rec_const *record = rp_image_get(image, RP_SECTION_CONST, i);
        if (is_text_kind(record->type)) renumber(&record->lo, new_ids);
    }
    for (uint32_t i = 0; i < image->counts[RP_SECTION_ARG]; i++) {
        rp_rec_arg *record = rp_image_get(image, RP_SECTION_ARG, i);
        if (record->kind == RP_ARG_LITERAL) renumber(&record->value, new_ids);
    }
}

static void sort_strings(rp_image *image)
{
    uint32_t *new_ids = RP_NEW_ARRAY(image->arena, uint32_t, (size_t)image->strings.count + 1);
    write_strings(image, new_ids);
    for (int i = 0; i < RP_SECTION_COUNT; i++) {
        if (i != RP_SECTION_BYTES && i != RP_SECTION_STRING)
            renumber_section(image, (rp_section)i, new_ids);
    }
    renumber_values(image, new_ids);
}

// ---- bytes ----

static size_t aligned(size_t size)
{
    return (size + RP_ALIGNMENT - 1) / RP_ALIGNMENT * RP_ALIGNMENT;
}

// Words in memory become packed records.
static void pack(rp_image *image, rp_section section)
{
    rp_buf *words = &image->sections[section];
    rp_buf packed;
    rp_buf_init(&packed, image->arena->alloc, MAX_SECTION);
    rp_pack(section, (const uint32_t *)(const void *)words->data, image->counts[section], &packed);
    rp_buf_free(words);
    *words = packed;
}

// Words in memory become little-endian bytes.
static void to_little_endian(rp_buf *section)
{
    for (size_t at = 0; at + 4 <= section->size; at += 4) {
        uint32_t word;
        memcpy(&word, section->data + at, 4);
        rp_endian_put_u32((unsigned char *)section->data + at, word);
    }
}

static void write_header(rp_image *image, rp_buf *out, size_t total)
{
    rp_buf_add_u32(out, RP_MAGIC);
    rp_buf_add_u32(out, RP_FORMAT_VERSION);
    rp_buf_add_u32(out, (uint32_t)total);
    rp_buf_add_u32(out, RP_SECTION_COUNT);
    (void)image;
}

static void write_section_entry(rp_image *image, rp_buf *out, rp_section section, size_t offset,
                                rdspol_sha256_fn sha256, void *ctx)
{
    unsigned char hash[32] = {0};
    const rp_buf *bytes = &image->sections[section];
    if (sha256 != NULL)
        (void)sha256(ctx, bytes->data != NULL ? bytes->data : "", bytes->size, hash);
    rp_buf_add_u32(out, (uint32_t)section);
    rp_buf_add_u32(out, image->counts[section]);
    rp_buf_add_u32(out, (uint32_t)offset);
    rp_buf_add_u32(out, (uint32_t)bytes->size);
    rp_buf_add(out, hash, sizeof hash);
}

static void pad(rp_buf *out)
{
    static const char zeros[RP_ALIGNMENT] = {0};
    rp_buf_add(out, zeros, aligned(out->size) - out->size);
}

static void write_records(rp_image *image)
{
    for (int i = 0; i < RP_SECTION_COUNT; i++) {
        if (rp_section_is_packed((uint32_t)i)) pack(image, (rp_section)i);
    }
    to_little_endian(&image->sections[RP_SECTION_INSN]);
}

static bool has_failed(const rp_image *image)
{
    bool failed = false;
    for (int i = 0; i < RP_SECTION_COUNT; i++) failed |= image->sections[i].failed;
    return failed;
}

bool rp_image_write(rp_image *image, rp_buf *out, rdspol_sha256_fn sha256, void *sha256_ctx)
{
    sort_strings(image);
    write_records(image);
    size_t offset = aligned(RP_HEADER_WORDS * 4 + (size_t)RP_SECTION_COUNT * RP_SECTION_WORDS * 4);
    size_t total = offset;
    for (int i = 0; i < RP_SECTION_COUNT; i++) total = aligned(total + image->sections[i].size);
    write_header(image, out, total);
    for (int i = 0; i < RP_SECTION_COUNT; i++) {
        write_section_entry(image, out, (rp_section)i, offset, sha256, sha256_ctx);
        offset = aligned(offset + image->sections[i].size);
    }
    pad(out);
    for (int i = 0; i < RP_SECTION_COUNT; i++) {
        rp_buf_add(out, image->sections[i].data != NULL ? image->sections[i].data : "",
                   image->sections[i].size);
        pad(out);
    }
    return !out->failed && !has_failed(image);
}
