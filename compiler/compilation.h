// A compilation: what stays alive until the caller frees it.
#ifndef RP_COMPILER_COMPILATION_H
#define RP_COMPILER_COMPILATION_H

#include "compiler/image.h"
#include "compiler/include/rdspol_compiler.h"
#include "compiler/ir.h"

#include <setjmp.h>

struct rdspol_compilation {
    rp_alloc alloc;
    rdspol_compile_opts opts;
    rp_arena arena;
    rp_sources sources;
    rp_diags diags;
    rp_program program;
    rp_ir_program ir;
    rp_image image;
    rp_buf bundle, text;
    uint32_t node_ids;
    size_t source_count; // that were given: the first of `sources`
    bool lowered, written;
    rdspol_bundle *test_bundle; // opened when the first test runs
    jmp_buf escape;
};

// Closes what running tests has opened (test.c).
void rp_test_close(rdspol_compilation *done);
// The changes that mutation testing makes (mutate.c). False if memory runs out.
bool rp_mutations_find(rdspol_compilation *done, const rdspol_mutation **out, uint32_t *count);

#endif
