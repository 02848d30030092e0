// Packing the records of a section: see the head of `vm/format.h`.
#ifndef RP_COMPILER_PACK_H
#define RP_COMPILER_PACK_H

#include "vm/base/buf.h"
#include "vm/format.h"

// How many words a record of a section has.
uint32_t rp_pack_words(rp_section section);
// The name of a field's kind in `vm/format.def`.
const char *rp_pack_kind(rp_section section, uint32_t field);
// Appends `count` records, given as words, in their packed form.
void rp_pack(rp_section section, const uint32_t *words, uint32_t count, rp_buf *out);

#endif
