// Packed facts in a file: mapped, not read.
#ifndef RP_CLI_PACKED_H
#define RP_CLI_PACKED_H

#include "cli/app.h"

typedef struct rp_packed {
    void *data; // NULL: nothing is mapped
    size_t size;
} rp_packed;

// Whether a file holds packed facts: its first bytes say so. False also if it cannot be read.
bool rp_packed_is(const char *file);
// Maps a file and opens its facts, which borrow the mapping. False after a message; to be closed in
// either case, after the facts were freed.
bool rp_packed_open(rp_packed *packed, const char *file, const rdspol_bundle *bundle,
                    rdspol_facts **facts);
void rp_packed_close(rp_packed *packed);

#endif
