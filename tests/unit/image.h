// Writes bundles for tests: sections are arrays of records, appended one by one.
//
// The one idea: no compiler between a test and the machine. Indices are returned by the call that
// adds a record; `image_bytes` lays out header, section table and sections as vm/format.h says.
#ifndef RP_TESTS_IMAGE_H
#define RP_TESTS_IMAGE_H

#include "vm/base/buf.h"
#include "vm/format.h"
#include "vm/op.h"

typedef struct image {
    rp_buf sections[RP_SECTION_COUNT];
    uint32_t counts[RP_SECTION_COUNT];
    rp_buf bytes;
} image;

#define NONE RP_NONE

void image_init(image *im);
void image_free(image *im);
// Appends a record of words; returns its index.
uint32_t image_add(image *im, rp_section section, const void *record, size_t size);
#define ADD(im, SECTION, name, ...)                                                                \
    image_add((im), RP_SECTION_##SECTION, &(rp_rec_##name){__VA_ARGS__}, sizeof(rp_rec_##name))

uint32_t image_string(image *im, const char *text);
uint32_t image_int(image *im, int64_t value);
uint32_t image_const(image *im, rp_kind kind, uint64_t bits);
uint32_t image_text(image *im, rp_kind kind, const char *text);
uint32_t image_insn(image *im, rp_op op, uint32_t type, uint32_t a, uint32_t b, uint32_t c);
// A record that was added, to be changed.
void *image_get(image *im, rp_section section, uint32_t index, size_t size);
// The finished bundle; valid until the next call.
const void *image_bytes(image *im, size_t *size);

#endif
