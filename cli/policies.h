// POLICIES of a command line, as an opened bundle; and which of its policies a run judges.
#ifndef RP_CLI_POLICIES_H
#define RP_CLI_POLICIES_H

#include "cli/sources.h"

typedef struct rp_policies {
    const rdspol_bundle *bundle;
    rdspol_bundle *opened; // the same, to be closed; NULL: the one inside the program
    rp_str bytes;
    const char *pack; // the pack that was named instead of a file, or NULL
    char sha256[64];  // of the bytes; see rp_policies_hash
    bool hashed;
    rp_source_set set;
    rdspol_compilation *compilation; // owns `bytes`, or
    char *file;                      // owns them, or nobody: the bundle inside the program
} rp_policies;

// Opens a bundle (.rpb), compiles sources, or takes the standard library; with files of --waivers
// compiled together. False after a message. To be closed in either case.
bool rp_policies_open(rp_policies *policies, rp_app *app, const char *name);
void rp_policies_close(rp_policies *policies);

// The hash of the bundle, computed when it is asked for. False if it cannot be.
bool rp_policies_hash(rp_policies *policies, rp_app *app);

// The indices of the policies that the options select, in bundle order, to be freed by the caller;
// NULL after a message: a value that is none, or nothing selected.
uint32_t *rp_policies_select(const rp_policies *policies, const rp_app *app, size_t *count);

// A severity by its name; false if it is none.
bool rp_severity_parse(const char *name, rdspol_severity *out);

#endif
