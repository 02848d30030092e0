// The bundle writer of the unit tests.
#include "tests/unit/image.h"

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
    for (size_t at = 0; at < size; at += 4) {
        uint32_t word;
        memcpy(&word, (const char *)record + at, sizeof word);
        rp_buf_add_u32(&im->sections[section], word);
    }
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
    return ADD(im, INSN, insn, RP_INSN_WORD(op, type), a, b, c);
}

void *image_get(image *im, rp_section section, uint32_t index, size_t size)
{
    return im->sections[section].data + index * size;
}

const void *image_bytes(image *im, size_t *size)
{
    rp_buf *out = &im->bytes;
    rp_buf_reset(out);
    uint32_t offset = RP_HEADER_WORDS * 4 + RP_SECTION_COUNT * RP_SECTION_WORDS * 4;
    uint32_t total = offset;
    for (int s = 0; s < RP_SECTION_COUNT; s++) {
        total = (total + 7) / 8 * 8 + (uint32_t)im->sections[s].size;
    }
    rp_buf_add_u32(out, RP_MAGIC);
    rp_buf_add_u32(out, RP_FORMAT_VERSION);
    rp_buf_add_u32(out, total);
    rp_buf_add_u32(out, RP_SECTION_COUNT);
    for (int s = 0; s < RP_SECTION_COUNT; s++) {
        offset = (offset + 7) / 8 * 8;
        rp_buf_add_u32(out, (uint32_t)s);
        rp_buf_add_u32(out, im->counts[s]);
        rp_buf_add_u32(out, offset);
        rp_buf_add_u32(out, (uint32_t)im->sections[s].size);
        for (int w = 0; w < 8; w++) {
            rp_buf_add_u32(out, 0);
        }
        offset += (uint32_t)im->sections[s].size;
    }
    for (int s = 0; s < RP_SECTION_COUNT; s++) {
        while (out->size % 8 != 0) {
            rp_buf_add_char(out, '\0');
        }
        rp_buf_add(out, im->sections[s].data, im->sections[s].size);
    }
    *size = out->size;
    return out->data;
}
