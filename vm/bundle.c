// Opening a bundle: header, section table, hashes, records, indices; then the verifier.
//
// The one idea: `format.def` is data. One loop checks every index of every record against the count
// of the section it names, so a new field is checked by being declared. What depends on more than
// one record is left to verify.c.
#include "vm/bundle.h"

#include "vm/base/endian.h"
#include "vm/base/text.h"

#include <stdarg.h>
#include <stdio.h>

// Kinds of fields: three for each section (index, index or none, first of a range), then the rest.
enum {
#define SECTION(ID, name, FIELDS) FIELD_##ID, FIELD_##ID##_0, FIELD_FIRST_##ID,
#include "vm/format.def"
#undef SECTION
    FIELD_NUM,
    FIELD_VALUE,
    FIELD_COUNT
};

typedef struct field_info {
    const char *name;
    uint32_t kind;
} field_info;

#define FIELD_INFO(name, kind) {#name, FIELD_##kind},
#define SECTION(ID, name, FIELDS) static const field_info name##_fields[] = {FIELDS(FIELD_INFO)};
#include "vm/format.def"
#undef SECTION

typedef struct section_info {
    const char *name;
    const field_info *fields;
    uint32_t words;
} section_info;

static const section_info sections[] = {
#define SECTION(ID, name, FIELDS)                                                                  \
    {#name, name##_fields, (uint32_t)(sizeof name##_fields / sizeof name##_fields[0])},
#include "vm/format.def"
#undef SECTION
};

typedef struct opening {
    rp_bundle *bundle;
    const unsigned char *data;
    size_t size;
    const rdspol_open_opts *opts;
    rdspol_error *error;
    const uint32_t *records[RP_SECTION_COUNT];
    uint32_t counts[RP_SECTION_COUNT];
} opening;

rdspol_status rp_error_set(rdspol_error *error, rdspol_status status, const char *path,
                           const char *format, ...)
{
    if (error == NULL) {
        return status;
    }
    memset(error, 0, sizeof *error);
    error->status = status;
    error->offset = UINT64_MAX;
    if (path != NULL) {
        (void)snprintf(error->path, sizeof error->path, "%s", path);
    }
    va_list args;
    va_start(args, format);
    (void)vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
    return status;
}

static rdspol_status refuse(const opening *o, size_t offset, const char *message)
{
    rdspol_status status = rp_error_set(o->error, RDSPOL_INVALID_BUNDLE, NULL, "%s", message);
    if (o->error != NULL) {
        o->error->offset = offset;
    }
    return status;
}

static rdspol_status check_header(const opening *o, uint32_t *section_count)
{
    const unsigned char *p = o->data;
    if (o->size < RP_HEADER_WORDS * 4 || rp_endian_get_u32(p) != RP_MAGIC) {
        return refuse(o, 0, "not an rdspol bundle");
    }
    uint32_t version = rp_endian_get_u32(p + 4);
    if (version != RP_FORMAT_VERSION) {
        return rp_error_set(o->error, RDSPOL_UNSUPPORTED_VERSION, NULL,
                            "bundle of format version %u, this library reads version %u",
                            (unsigned)version, RP_FORMAT_VERSION);
    }
    if (rp_endian_get_u32(p + 8) != o->size) {
        return refuse(o, 8, "the size in the header is not that of the bundle");
    }
    *section_count = rp_endian_get_u32(p + 12);
    if (*section_count > (o->size - RP_HEADER_WORDS * 4) / (RP_SECTION_WORDS * 4)) {
        return refuse(o, 12, "the section table does not fit into the bundle");
    }
    return RDSPOL_OK;
}

static bool is_zero(const unsigned char *data, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++) {
        if (data[i] != 0) {
            return false;
        }
    }
    return true;
}

static rdspol_status check_hash(const opening *o, size_t entry, uint32_t offset, uint32_t size)
{
    unsigned char hash[32];
    if (o->opts == NULL || o->opts->sha256 == NULL) {
        return RDSPOL_OK;
    }
    if (o->opts->sha256(o->opts->sha256_ctx, o->data + offset, size, hash) == 0) {
        return rp_error_set(o->error, RDSPOL_HASH_MISMATCH, NULL, "no hash could be computed");
    }
    for (size_t i = 0; i < 8; i++) {
        uint32_t stated = rp_endian_get_u32(o->data + entry + 16 + 4 * i);
        if (stated != rp_endian_get_u32(hash + 4 * i)) {
            return rp_error_set(o->error, RDSPOL_HASH_MISMATCH, NULL,
                                "the section at byte %u does not have the stated SHA-256",
                                (unsigned)offset);
        }
    }
    return RDSPOL_OK;
}

// ---- Packed records ----------------------------------------------------------------------------

#define MAX_WORDS 32u

#define SECTION(ID, name, FIELDS)                                                                  \
    _Static_assert(sizeof(rp_rec_##name) <= MAX_WORDS * sizeof(uint32_t), "a record too long");
#include "vm/format.def"
#undef SECTION

typedef struct unpacking {
    const unsigned char *at, *end;
    bool failed; // the bytes end in a number, or a number has more than 32 bits
} unpacking;

static uint32_t unpack_number(unpacking *u)
{
    uint32_t number = 0;
    for (uint32_t shift = 0; u->at != u->end && shift < 35; shift += 7) {
        uint32_t byte = *u->at++;
        number |= (byte & 0x7fu) << shift;
        if (byte < 0x80u) {
            u->failed = u->failed || (shift == 28 && byte > 0x0fu);
            return number;
        }
    }
    u->failed = true;
    return 0;
}

// Bit f: field f begins a range.
static uint32_t find_ranges(const section_info *info)
{
    uint32_t ranges = 0;
    for (uint32_t f = 0; f < info->words; f++) {
        uint32_t kind = info->fields[f].kind;
        ranges |= (uint32_t)(kind < FIELD_NUM && kind % 3 == 2) << f;
    }
    return ranges;
}

static void unpack_record(unpacking *u, uint32_t words, uint32_t ranges, const uint32_t *before,
                          uint32_t *out)
{
    for (uint32_t f = 0; f < words; f++, ranges >>= 1) {
        uint32_t expected = before[f] + ((ranges & 1u) != 0 ? before[f + 1] : 0);
        bool small = u->at != u->end && *u->at < 0x80u;
        uint32_t number = small ? *u->at++ : unpack_number(u);
        out[f] = expected + (number >> 1 ^ (0u - (number & 1u)));
    }
}

static bool unpack(const section_info *info, const unsigned char *bytes, size_t size,
                   uint32_t count, uint32_t *out)
{
    static const uint32_t zeros[MAX_WORDS] = {0};
    unpacking u = {bytes, bytes + size, false};
    const uint32_t *before = zeros;
    uint32_t ranges = find_ranges(info);
    for (uint32_t r = 0; r < count && !u.failed; r++) {
        unpack_record(&u, info->words, ranges, before, out);
        before = out;
        out += info->words;
    }
    return !u.failed && u.at == u.end;
}

static rdspol_status no_memory(const opening *o)
{
    return rp_error_set(o->error, RDSPOL_NO_MEMORY, NULL, "out of memory");
}

// A word takes at least a byte, so memory is at most four times that of the bundle.
static rdspol_status read_packed(opening *o, size_t entry, uint32_t id, uint32_t count,
                                 uint32_t offset, uint32_t size)
{
    const section_info *info = &sections[id];
    if ((uint64_t)count * info->words > size) {
        return refuse(o, entry + 4, "the number of records does not fit the size of the section");
    }
    uint32_t *words = RP_NEW_ARRAY(&o->bundle->arena, uint32_t, (size_t)count * info->words);
    if (words == NULL) {
        return no_memory(o);
    }
    o->records[id] = words;
    return unpack(info, o->data + offset, size, count, words)
               ? RDSPOL_OK
               : refuse(o, offset, "records that cannot be unpacked");
}

bool rp_bundle_places(const rp_bundle *bundle, rp_rec_place *out)
{
    return unpack(&sections[RP_SECTION_PLACE], bundle->place_bytes, bundle->place_size,
                  bundle->place_count, &out->at);
}

// ---- Sections ----------------------------------------------------------------------------------

// Words of a section: in place if the host can read them there.
static const uint32_t *read_words(const opening *o, uint32_t offset, uint32_t size)
{
    const unsigned char *bytes = o->data + offset;
    if (rp_endian_is_little() && (uintptr_t)bytes % sizeof(uint32_t) == 0) {
        const void *in_place = bytes;
        return in_place;
    }
    uint32_t *words = rp_arena_alloc(&o->bundle->arena, size);
    for (size_t i = 0; words != NULL && i < size / 4; i++) {
        words[i] = rp_endian_get_u32(bytes + 4 * i);
    }
    return words;
}

// Sections that lie there as they are: instructions, and the bytes of the strings.
static rdspol_status read_plain(opening *o, size_t entry, uint32_t id, uint32_t count,
                                uint32_t offset, uint32_t size)
{
    uint32_t record = id == RP_SECTION_BYTES ? 1 : sections[id].words * 4;
    if ((uint64_t)count * record != size) {
        return refuse(o, entry + 4, "the number of records does not fit the size of the section");
    }
    if (id == RP_SECTION_BYTES) {
        const void *text = o->data + offset;
        o->bundle->text = text;
        return RDSPOL_OK;
    }
    o->records[id] = read_words(o, offset, size);
    return o->records[id] != NULL ? RDSPOL_OK : no_memory(o);
}

static rdspol_status read_section(opening *o, size_t entry, uint32_t id, uint32_t count,
                                  uint32_t offset, uint32_t size)
{
    if (id >= RP_SECTION_COUNT) {
        return id >= RP_SECTION_EXTRA ? RDSPOL_OK : refuse(o, entry, "unknown section");
    }
    o->counts[id] = count;
    if (id == RP_SECTION_PLACE) {
        o->bundle->place_bytes = o->data + offset;
        o->bundle->place_size = size;
        return RDSPOL_OK;
    }
    return rp_section_is_packed(id) ? read_packed(o, entry, id, count, offset, size)
                                    : read_plain(o, entry, id, count, offset, size);
}

static rdspol_status read_sections(opening *o, uint32_t section_count)
{
    size_t table = RP_HEADER_WORDS * 4;
    size_t end = table + (size_t)section_count * RP_SECTION_WORDS * 4;
    uint32_t last = 0;
    for (uint32_t i = 0; i < section_count; i++) {
        size_t entry = table + (size_t)i * RP_SECTION_WORDS * 4;
        uint32_t id = rp_endian_get_u32(o->data + entry);
        uint32_t offset = rp_endian_get_u32(o->data + entry + 8);
        uint32_t size = rp_endian_get_u32(o->data + entry + 12);
        if (i != 0 && id <= last) {
            return refuse(o, entry, "sections are not in order");
        }
        last = id;
        if (offset % RP_ALIGNMENT != 0 || offset < end || offset > o->size ||
            size > o->size - offset || !is_zero(o->data, end, offset)) {
            return refuse(o, entry + 8, "a section does not lie where it may");
        }
        end = (size_t)offset + size;
        RP_TRY(check_hash(o, entry, offset, size));
        RP_TRY(read_section(o, entry, id, rp_endian_get_u32(o->data + entry + 4), offset, size));
    }
    return is_zero(o->data, end, o->size) ? RDSPOL_OK
                                          : refuse(o, end, "bytes after the last section");
}

static bool field_is_valid(const opening *o, uint32_t kind, uint32_t value, uint32_t next)
{
    uint32_t count = o->counts[kind / 3];
    if (kind % 3 == 0) {
        return value < count;
    }
    if (kind % 3 == 1) {
        return value < count || value == RP_NONE;
    }
    return value <= count && next <= count - value;
}

// One field of all records, so that those that are no indices cost nothing.
static rdspol_status check_field(const opening *o, uint32_t id, uint32_t field)
{
    const section_info *info = &sections[id];
    bool last = field + 1 == info->words;
    uint32_t kind = info->fields[field].kind;
    for (uint32_t r = 0; r < o->counts[id] && kind < FIELD_NUM; r++) {
        const uint32_t *at = o->records[id] + (size_t)r * info->words + field;
        if (!field_is_valid(o, kind, at[0], last ? 0 : at[1])) {
            return rp_error_set(o->error, RDSPOL_INVALID_BUNDLE, NULL,
                                "%s %u: %s %u is out of range", info->name, (unsigned)r,
                                info->fields[field].name, (unsigned)at[0]);
        }
    }
    return RDSPOL_OK;
}

static rdspol_status check_records(const opening *o, uint32_t id)
{
    for (uint32_t f = 0; f < sections[id].words; f++) {
        RP_TRY(check_field(o, id, f));
    }
    return RDSPOL_OK;
}

// A record is a struct of words without padding, so the words are the records.
static void bind_sections(const opening *o)
{
    rp_bundle *b = o->bundle;
    const void *records;
#define SECTION(ID, name, FIELDS)                                                                  \
    records = o->records[RP_SECTION_##ID];                                                         \
    b->name##s = records;                                                                          \
    b->name##_count = o->counts[RP_SECTION_##ID];
#include "vm/format.def"
#undef SECTION
}

static rdspol_status open_checked(opening *o)
{
    uint32_t section_count = 0;
    RP_TRY(check_header(o, &section_count));
    RP_TRY(read_sections(o, section_count));
    for (uint32_t id = RP_SECTION_BYTES + 1; id < RP_SECTION_COUNT; id++) {
        RP_TRY(check_records(o, id)); // of places nothing is checked
    }
    bind_sections(o);
    return rp_verify(o->bundle, o->error);
}

rdspol_status rdspol_bundle_open(rdspol_bundle **out, const void *data, size_t size,
                                 const rdspol_open_opts *opts, rdspol_error *error)
{
    rp_alloc alloc = {NULL, NULL};
    if (opts != NULL) {
        alloc.fn = opts->alloc;
        alloc.ctx = opts->alloc_ctx;
    }
    alloc = rp_alloc_or_libc(alloc);
    *out = NULL;
    rp_bundle *bundle = rp_alloc_get(alloc, sizeof *bundle);
    if (bundle == NULL) {
        return rp_error_set(error, RDSPOL_NO_MEMORY, NULL, "out of memory");
    }
    memset(bundle, 0, sizeof *bundle);
    bundle->alloc = alloc;
    bundle->text = "";
    rp_arena_init(&bundle->arena, alloc);
    opening o = {.bundle = bundle, .data = data, .size = size, .opts = opts, .error = error};
    rdspol_status status = open_checked(&o);
    if (status != RDSPOL_OK) {
        rdspol_bundle_close(bundle);
        return status;
    }
    *out = bundle;
    return RDSPOL_OK;
}

void rdspol_bundle_close(rdspol_bundle *bundle)
{
    if (bundle != NULL) {
        rp_alloc alloc = bundle->alloc;
        rp_arena_clear(&bundle->arena);
        rp_alloc_free(alloc, bundle, sizeof *bundle);
    }
}

uint32_t rp_bundle_find_table(const rp_bundle *bundle, rp_str name)
{
    for (uint32_t t = 0; t < bundle->table_count; t++) {
        if (rp_str_equal(rp_bundle_text(bundle, bundle->tables[t].name), name)) {
            return t;
        }
    }
    return RP_NONE;
}

uint32_t rp_bundle_find_column(const rp_bundle *bundle, uint32_t table, rp_str name)
{
    const rp_rec_table *t = &bundle->tables[table];
    for (uint32_t c = t->first_column; c < t->first_column + t->column_count; c++) {
        if (rp_str_equal(rp_bundle_text(bundle, bundle->columns[c].name), name)) {
            return c;
        }
    }
    return RP_NONE;
}

uint32_t rp_bundle_find_list(const rp_bundle *bundle, uint32_t table, rp_str name)
{
    const rp_rec_table *t = &bundle->tables[table];
    for (uint32_t l = t->first_list; l < t->first_list + t->list_count; l++) {
        if (rp_str_equal(rp_bundle_text(bundle, bundle->lists[l].name), name)) {
            return l;
        }
    }
    return RP_NONE;
}

bool rp_print_scalar(rp_kind kind, uint64_t bits, rp_buf *out)
{
    char text[RP_TEXT_MAX];
    double number;
    switch (kind) {
    case RP_KIND_BOOL: rp_buf_add_text(out, bits != 0 ? "true" : "false"); break;
    case RP_KIND_INT: rp_buf_add(out, text, rp_text_print_int((int64_t)bits, text)); break;
    case RP_KIND_FLOAT:
        memcpy(&number, &bits, sizeof number);
        rp_buf_add(out, text, rp_text_print_float(number, text));
        break;
    case RP_KIND_TIME: rp_buf_add(out, text, rp_time_print((int64_t)bits, text)); break;
    case RP_KIND_DURATION: rp_buf_add(out, text, rp_duration_print((int64_t)bits, text)); break;
    default: return false;
    }
    return true;
}
