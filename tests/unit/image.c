// The bundle writer of the unit tests.
#include "tests/unit/image.h"

#include "compiler/pack.h"
#include "vm/base/endian.h"

void image_init(image *im)
{
    rp_alloc libc = {NULL, NULL};
    memset(im, 0, sizeof *im);
    for (int s = 0; s < RP_SECTION_COUNT; s++) {
        rp_buf_init(&im->sections[s], libc, 1u << 24);
    }
    rp_buf_init(&im->bytes, libc, 1u << 24);
}

void image_free(image *im)
{
    for (int s = 0; s < RP_SECTION_COUNT; s++) {
        rp_buf_free(&im->sections[s]);
    }
    rp_buf_free(&im->bytes);
}

uint32_t image_add(image *im, rp_section section, const void *record, size_t size)
{
    rp_buf_add(&im->sections[section], record, size);
    return im->counts[section]++;
}

uint32_t image_string(image *im, const char *text)
{
    rp_buf *bytes = &im->sections[RP_SECTION_BYTES];
    uint32_t offset = (uint32_t)bytes->size;
    rp_buf_add_text(bytes, text);
    im->counts[RP_SECTION_BYTES] = (uint32_t)bytes->size;
    return ADD(im, STRING, string, offset, (uint32_t)strlen(text));
}

uint32_t image_const(image *im, rp_kind kind, uint64_t bits)
{
    return ADD(im, CONST, const, (uint32_t)kind, (uint32_t)bits, (uint32_t)(bits >> 32));
}

uint32_t image_int(image *im, int64_t value)
{
    return image_const(im, RP_KIND_INT, (uint64_t)value);
}

uint32_t image_text(image *im, rp_kind kind, const char *text)
{
    return image_const(im, kind, image_string(im, text));
}

uint32_t image_insn(image *im, rp_op op, uint32_t type, uint32_t a, uint32_t b, uint32_t c)
{
    bool names = rp_op_get(op)->result == RP_RESULT_TYPED && RP_TYPE_KIND(type) == RP_KIND_REF;
    return ADD(im, INSN, insn, RP_INSN_HEAD(op, type, a),
               RP_INSN_TAIL(b, names ? RP_TYPE_TABLE(type) : c));
}

void *image_get(image *im, rp_section section, uint32_t index, size_t size)
{
    return im->sections[section].data + index * size;
}

// A section as it stands in the bundle.
static void add_section(const image *im, rp_section section, rp_buf *out)
{
    const rp_buf *in = &im->sections[section];
    const uint32_t *words = (const uint32_t *)(const void *)in->data;
    if (rp_section_is_packed(section)) {
        rp_pack(section, words, im->counts[section], out);
    } else if (section == RP_SECTION_BYTES) {
        rp_buf_add(out, in->data, in->size);
    } else {
        for (size_t i = 0; i < in->size / 4; i++) {
            rp_buf_add_u32(out, words[i]);
        }
    }
}

static void align(rp_buf *out)
{
    while (out->size % RP_ALIGNMENT != 0) {
        rp_buf_add_char(out, '\0');
    }
}

const void *image_bytes(image *im, size_t *size)
{
    rp_buf *out = &im->bytes;
    rp_buf_reset(out);
    rp_buf_add_u32(out, RP_MAGIC);
    rp_buf_add_u32(out, RP_FORMAT_VERSION);
    rp_buf_add_u32(out, 0);
    rp_buf_add_u32(out, RP_SECTION_COUNT);
    for (uint32_t s = 0; s < RP_SECTION_COUNT; s++) {
        for (uint32_t w = 0; w < RP_SECTION_WORDS; w++) {
            rp_buf_add_u32(out, w == 0 ? s : w == 1 ? im->counts[s] : 0);
        }
    }
    for (uint32_t s = 0; s < RP_SECTION_COUNT; s++) {
        align(out);
        size_t offset = out->size,
               entry = (RP_HEADER_WORDS + s * RP_SECTION_WORDS) * sizeof(uint32_t);
        add_section(im, (rp_section)s, out);
        rp_endian_put_u32((unsigned char *)out->data + entry + 8, (uint32_t)offset);
        rp_endian_put_u32((unsigned char *)out->data + entry + 12, (uint32_t)(out->size - offset));
    }
    rp_endian_put_u32((unsigned char *)out->data + 8, (uint32_t)out->size);
    *size = out->size;
    return out->data;
}
