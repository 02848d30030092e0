// Any bytes as policy source: a diagnostic within limits, or a bundle that the verifier accepts. As
// a library: the same bundle whether its tests are read or passed over.
#include "compiler/include/rdspol_compiler.h"
#include "tests/oracle/generate.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static rdspol_compilation *compile_library(const rdspol_source *sources, int keep_tests)
{
    rdspol_compile_opts opts = {.size = sizeof opts, .is_library = 1, .keep_tests = keep_tests};
    rdspol_compilation *done = NULL;
    rdspol_error error = {.message = ""};
    if (rdspol_compile(&done, sources, 2, &opts, &error) != RDSPOL_OK) abort();
    return done;
}

static void pass_over_tests(const rdspol_source *sources)
{
    rdspol_compilation *kept = compile_library(sources, 1);
    rdspol_compilation *skipped = compile_library(sources, 0);
    rdspol_str a = rdspol_compilation_bundle(kept), b = rdspol_compilation_bundle(skipped);
    if (a.len != 0 && (a.len != b.len || memcmp(a.ptr, b.ptr, a.len) != 0)) abort();
    rdspol_compilation_free(kept);
    rdspol_compilation_free(skipped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rdspol_source sources[2] = {
        {{"fuzz", 4}, {(const char *)data, size}, {"", 0}},
        {{"schema", 6}, {generated_schema, strlen(generated_schema)}, {"aws", 3}}};
    rdspol_compile_opts opts = {.size = sizeof opts, .library = &sources[1], .library_count = 1};
    rdspol_compilation *done = NULL;
    rdspol_error error = {.message = ""};
    rdspol_str text;
    if (rdspol_compile(&done, sources, 1, &opts, &error) != RDSPOL_OK) abort();
    if (rdspol_compilation_print(done, RDSPOL_PRINT_DIAGNOSTICS, &text, &error) != RDSPOL_OK)
        abort();
    if (rdspol_compilation_print(done, RDSPOL_PRINT_AST, &text, &error) != RDSPOL_OK) abort();
    for (uint32_t i = 0; i < rdspol_compilation_test_count(done); i++) {
        rdspol_test_result result;
        if (rdspol_compilation_test(done, i, 0, &result, &error) == RDSPOL_NO_MEMORY) abort();
    }
    rdspol_compilation_free(done);
    pass_over_tests(sources);
    return 0;
}
