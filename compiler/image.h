// A bundle under construction: records by section, strings by text. Finishing sorts the strings,
// renumbers what refers to them, and writes the bytes.
#ifndef RP_COMPILER_IMAGE_H
#define RP_COMPILER_IMAGE_H

#include "vm/base/buf.h"
#include "vm/base/strtab.h"
#include "vm/format.h"
#include "vm/include/rdspol.h"

typedef struct rp_image {
    rp_buf sections[RP_SECTION_COUNT]; // 32-bit words
    uint32_t counts[RP_SECTION_COUNT];
    rp_strtab strings;
    rp_arena *arena; // of the compilation: running out of memory leaves by its way out
} rp_image;

void rp_image_init(rp_image *image, rp_arena *arena);
void rp_image_free(rp_image *image);
// Appends a record (one of the rp_rec_* structs, `size` is that of the struct), returns its index.
static inline uint32_t rp_image_add(rp_image *image, rp_section section, const void *record,
                                    size_t size)
{
    rp_buf_add(&image->sections[section], record, size);
    if (image->sections[section].failed) image->arena->fail(image->arena->fail_ctx);
    return image->counts[section]++;
}
// Index of a string; RP_NONE for an empty one where `optional`.
uint32_t rp_image_string(rp_image *image, rp_str text);
uint32_t rp_image_string_0(rp_image *image, rp_str text);
void *rp_image_get(rp_image *image, rp_section section, uint32_t index);
// Writes the bundle. False if memory ran out.
bool rp_image_write(rp_image *image, rp_buf *out, rdspol_sha256_fn sha256, void *sha256_ctx);

#endif
