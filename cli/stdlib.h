// The standard library inside the program: its sources, for `import`, and one bundle of them, for
// `run`, as bytes and as the build opened and verified it. The build makes the data with `embed.c`;
// all live as long as the program.
#ifndef RP_CLI_STDLIB_H
#define RP_CLI_STDLIB_H

#include "compiler/include/rdspol_compiler.h"

typedef struct rp_stdlib_file {
    const char *name;   // "stdlib/practices/07_backups.rdspol"
    const char *module; // "practices"
    const unsigned char *text;
    size_t size;
} rp_stdlib_file;

extern const rp_stdlib_file rp_stdlib_files[];
extern const size_t rp_stdlib_file_count;
extern const unsigned char rp_stdlib_bundle[];      // aligned to eight bytes: opened in place
extern const struct rdspol_bundle rp_stdlib_opened; // of those bytes; never closed
extern const size_t rp_stdlib_bundle_size;
extern const char rp_stdlib_bundle_sha256[65];

#endif
