// All kernels: one small function for each opcode that is not a frame.
//
// A kernel computes the values of one chunk. Operands are verified: it does not test them.
#ifndef RP_VM_KERNELS_H
#define RP_VM_KERNELS_H

#include "vm/exec.h"

#define RP_KERNEL(name) void rp_kernel_##name(rp_exec *x, const rp_step *s, const rp_frame *f)

RP_KERNEL(load); RP_KERNEL(gather); RP_KERNEL(row); RP_KERNEL(outer); RP_KERNEL(lookup);
RP_KERNEL(unknown_cover);
RP_KERNEL(and); RP_KERNEL(or); RP_KERNEL(not); RP_KERNEL(present); RP_KERNEL(coalesce);
RP_KERNEL(select);
RP_KERNEL(eq_id); RP_KERNEL(eq_int); RP_KERNEL(eq_float); RP_KERNEL(eq_bool);
RP_KERNEL(eq_version); RP_KERNEL(lt_int); RP_KERNEL(lt_float); RP_KERNEL(lt_version);
RP_KERNEL(le_int); RP_KERNEL(le_float); RP_KERNEL(le_version); RP_KERNEL(in_set);
RP_KERNEL(add_int); RP_KERNEL(sub_int); RP_KERNEL(mul_int);
RP_KERNEL(add_float); RP_KERNEL(sub_float); RP_KERNEL(mul_float); RP_KERNEL(div);
RP_KERNEL(to_float); RP_KERNEL(days);
RP_KERNEL(text_starts); RP_KERNEL(text_ends); RP_KERNEL(text_contains); RP_KERNEL(text_glob);
RP_KERNEL(text_length); RP_KERNEL(version_series);
RP_KERNEL(cidr_within); RP_KERNEL(cidr_overlaps); RP_KERNEL(cidr_length); RP_KERNEL(cidr_private);
RP_KERNEL(cidr_v6); RP_KERNEL(cover_or); RP_KERNEL(cover_full);
RP_KERNEL(fold_any); RP_KERNEL(fold_one); RP_KERNEL(fold_count); RP_KERNEL(fold_sum_int);
RP_KERNEL(fold_sum_float); RP_KERNEL(fold_min_int); RP_KERNEL(fold_min_float);
RP_KERNEL(fold_min_version); RP_KERNEL(fold_max_int); RP_KERNEL(fold_max_float);
RP_KERNEL(fold_max_version); RP_KERNEL(fold_first); RP_KERNEL(fold_cover); RP_KERNEL(fold_text);
RP_KERNEL(fold_witness);
RP_KERNEL(store); RP_KERNEL(emit);

// The rows of a word that a bool does not make false, and those it makes true. Absent is unknown.
static inline uint64_t rp_word_true(const rp_val *v, uint32_t w)
{
    return v->p[w] & ~v->k[w];
}

static inline uint64_t rp_word_false(const rp_val *v, uint32_t w)
{
    return v->k[w] & ~v->p[w];
}

#endif
