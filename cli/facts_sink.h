// Where a document of facts goes: a file or standard output, packed if its name ends in .gz.
#ifndef RP_CLI_FACTS_SINK_H
#define RP_CLI_FACTS_SINK_H

#include "cli/io.h"

typedef struct rp_facts_sink {
    rp_out out;
    struct rp_gzip_writer *packed; // NULL: as it is
} rp_facts_sink;

// False, with errno.
bool rp_facts_sink_open(rp_facts_sink *sink, const char *path);
void rp_facts_put(rp_facts_sink *sink, const char *data, size_t size);
// Puts the file in its place if `keep` and nothing failed. False, with errno.
bool rp_facts_sink_close(rp_facts_sink *sink, bool keep);

#endif
