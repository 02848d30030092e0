// rdspol_compiler.h: compile policies to bundles.
//
//     rdspol_compilation *done;
//     rdspol_compile(&done, sources, source_count, &options, &error);
//     if (rdspol_compilation_error_count(done) == 0) {
//         rdspol_str bytes = rdspol_compilation_bundle(done);   // for rdspol_bundle_open
//     }
//     rdspol_compilation_free(done);
//
// The same promises as rdspol.h: no global state, nothing printed, no file opened: texts come in.
// A compilation belongs to one thread at a time. Mistakes of policies are diagnostics, not errors.
#ifndef RDSPOL_COMPILER_H
#define RDSPOL_COMPILER_H

#include "rdspol.h"

#ifdef __cplusplus
extern "C" {
#endif

// A source file. `name` is what messages show; `module_hint` (of libraries): which module it
// belongs to, so that it is parsed only if that module is imported.
typedef struct rdspol_source {
    rdspol_str name;
    rdspol_str text;
    rdspol_str module_hint;
} rdspol_source;

// Finds the files of an imported module that is neither among the sources nor in the library,
// beside the file that imports it. Fills `out` with up to `capacity` sources and returns how many
// there are (0: not found). Their texts must stay valid until the compilation is freed.
typedef size_t (*rdspol_load_fn)(void *ctx, rdspol_str module, rdspol_str importer,
                                 rdspol_source *out, size_t capacity);

typedef struct rdspol_compile_opts {
    size_t size;
    rdspol_alloc_fn alloc; // default: that of libc
    void *alloc_ctx;
    const rdspol_source *library; // the standard library; its module names are reserved
    size_t library_count;
    int is_library;      // the sources are the standard library itself
    rdspol_load_fn load; // default: nothing is loaded
    void *load_ctx;
    int no_optimize;         // lower as written: for tests of the optimiser
    int keep_tests;          // of a library: read its tests, for rdspol_compilation_test
    rdspol_str name;         // of the bundle; default: none
    rdspol_sha256_fn sha256; // default: sections carry no hash
    void *sha256_ctx;
} rdspol_compile_opts;

typedef struct rdspol_compilation rdspol_compilation;

// Compiles. Sources are borrowed until the compilation is freed. RDSPOL_OK also if there are
// diagnostics of severity error: then there is no bundle. Fails only when memory runs out.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_compile(rdspol_compilation **out,
                                                       const rdspol_source *sources,
                                                       size_t source_count,
                                                       const rdspol_compile_opts *opts,
                                                       rdspol_error *error);
RDSPOL_API void rdspol_compilation_free(rdspol_compilation *compilation);

RDSPOL_API uint32_t rdspol_compilation_error_count(const rdspol_compilation *compilation);
RDSPOL_API uint32_t rdspol_compilation_warning_count(const rdspol_compilation *compilation);
// The bytes of the bundle, empty if there are errors. Valid until the compilation is freed.
RDSPOL_API rdspol_str rdspol_compilation_bundle(const rdspol_compilation *compilation);

typedef struct rdspol_diagnostic {
    rdspol_str code; // "E0102"
    rdspol_str text;
    rdspol_str file;
    uint32_t line, column; // from 1; columns count code points
    uint32_t is_error;
} rdspol_diagnostic;

// In the order of files and places. RDSPOL_DONE beyond the last.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_compilation_diagnostic(
    const rdspol_compilation *compilation, uint32_t index, rdspol_diagnostic *out);

// What texts can be asked for: diagnostics as people read them (with or without colour), and each
// stage of the compilation, for tests and the curious.
typedef enum rdspol_print {
    RDSPOL_PRINT_DIAGNOSTICS = 0,
    RDSPOL_PRINT_DIAGNOSTICS_COLOR = 1,
    RDSPOL_PRINT_AST = 2,
    RDSPOL_PRINT_TYPED = 3,
    RDSPOL_PRINT_IR = 4
} rdspol_print;
// Valid until the compilation is freed.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_compilation_print(rdspol_compilation *compilation,
                                                                 rdspol_print what, rdspol_str *out,
                                                                 rdspol_error *error);

// The `test` blocks of the sources that were given (not of imports).
typedef struct rdspol_test_result {
    rdspol_str name, file;
    uint32_t line;
    uint32_t passed;
    uint32_t expectation_count;
    rdspol_str failure; // of the first expectation that did not hold, with its place; else empty
} rdspol_test_result;
RDSPOL_API uint32_t rdspol_compilation_test_count(const rdspol_compilation *compilation);
// Runs one test against the bundle. `chunk` as in rdspol_run_opts.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_compilation_test(rdspol_compilation *compilation,
                                                                uint32_t index, uint32_t chunk,
                                                                rdspol_test_result *out,
                                                                rdspol_error *error);

// One change of one place of the sources that were given: an operator, a constant, a field, a
// clause of a policy or of what its conditions use. Tests that notice none of them test little.
typedef struct rdspol_mutation {
    rdspol_str name; // of the policy or definition
    rdspol_str file;
    uint32_t line, column;
    uint32_t source;        // index among the sources that were given
    uint32_t begin, end;    // the bytes of its text that are replaced ...
    rdspol_str replacement; // ... by these
    rdspol_str change;      // for people: "and -> or", "without not"
    rdspol_str explanation; // of a comment `# mutant: WHY` or `# mutant CHANGE: WHY`; else empty
} rdspol_mutation;
// All of them, in the order of sources and places; none if there are errors. Not each compiles.
// Valid until the compilation is freed.
RDSPOL_API RDSPOL_CHECKED rdspol_status
rdspol_compilation_mutations(rdspol_compilation *compilation, const rdspol_mutation **out,
                             uint32_t *count, rdspol_error *error);

// What `rdspol explain E0102` prints; empty if there is no such code. Valid forever.
RDSPOL_API rdspol_str rdspol_diagnostic_text(rdspol_str code);
RDSPOL_API rdspol_str rdspol_diagnostic_explanation(rdspol_str code);
RDSPOL_API rdspol_str rdspol_diagnostic_example(rdspol_str code);
// The codes, in order; empty beyond the last.
RDSPOL_API rdspol_str rdspol_diagnostic_code(uint32_t index);

#ifdef __cplusplus
}
#endif

#endif
