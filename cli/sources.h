// Source files of policies: found, read, named, compiled.
//
// The one idea: a file has a path, by which it is read, and a name, by which messages and bundles
// know it. They are the same until names are shortened to what they do not have in common, so that
// a bundle does not depend on where its sources lie. Must not judge anything.
#ifndef RP_CLI_SOURCES_H
#define RP_CLI_SOURCES_H

#include "cli/app.h"
#include "compiler/include/rdspol_compiler.h"

typedef struct rp_source_file {
    char *path;
    const char *name; // within `path`
    rp_str text;
} rp_source_file;

typedef struct rp_source_set {
    rp_source_file *files;
    size_t count, capacity;
    size_t given;       // how many were given; the others were imported
    size_t prefix_size; // of paths, that names leave out
    bool library;       // the standard library itself
    bool failed;        // out of memory
} rp_source_set;

// Whether a name stands for a pack of the standard library.
bool rp_is_pack_name(const char *name);

// Adds a file, or a folder with all .rdspol files below it. False after a message.
bool rp_source_set_add(rp_source_set *set, const char *path);
// Adds all operands: files and folders, or one name of the standard library.
bool rp_source_set_add_operands(rp_source_set *set, const rp_args *args);
// Names from now on leave out the folders that all files have in common.
void rp_source_set_shorten(rp_source_set *set);
void rp_source_set_free(rp_source_set *set);

typedef enum rp_compile_flags {
    RP_COMPILE_HASHED = 1,       // sections carry their hash
    RP_COMPILE_TESTS = 2,        // tests can be run
    RP_COMPILE_BESIDE_PACKS = 4, // `main` sees all modules of the standard library
    RP_COMPILE_SILENT = 8        // say nothing about warnings
} rp_compile_flags;

// Compiles the set and prints the diagnostics to standard error. NULL after a message, if there are
// errors or warnings that count as such. The set must outlive the compilation.
rdspol_compilation *rp_sources_compile(rp_app *app, rp_source_set *set, uint32_t flags);

// Compiles the set anew, with tests and without a word, with another text for one of the given
// files. Several threads may do so at once.
rdspol_status rp_sources_recompile(const rp_source_set *set, size_t index, rp_str text,
                                   rdspol_compilation **out, rdspol_error *error);

#endif
