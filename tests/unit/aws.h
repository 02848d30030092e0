// A world for the tests of what comes from AWS: environment, files, time, and a service that
// answers by a script. Every secret of it holds MARK, so that one that gets away is noticed: in a
// message, or in memory that is given back.
#ifndef RP_TESTS_AWS_H
#define RP_TESTS_AWS_H

#include "collectors/live/credentials.h"

#include <check.h>

#define MARK "SeCrEt"
#define NOW INT64_C(1893456000000) // 2030-01-01T00:00:00Z

// A request that is expected, and its answer.
typedef struct reply {
    const char *method, *url;
    const char *header; // one that must be there, or how it begins; NULL: any
    const char *body;   // a part of the body; NULL: any
    long status;        // 0: the fault instead
    rp_http_fault fault;
    const char *answer;
} reply;

typedef struct world {
    const char *variables[16][2];
    size_t variable_count;
    const reply *replies;
    size_t reply_count, at;
    int64_t now;
    size_t sleeps;
    char folder[64];
    rp_crypto crypto;
    // The allocator: how many may still succeed, what is out, and how many blocks came back with
    // MARK.
    int left;
    long long bytes;
    int leaks;
    size_t answer_size; // of bytes that are put behind an answer
} world;

void world_open(world *w);
void world_close(world *w);
void world_set(world *w, const char *name, const char *value);
// Writes a file of the folder, which is HOME: "/.aws/config".
void world_write(world *w, const char *name, const char *text);
void world_script(world *w, const reply *replies, size_t count);
rp_alloc world_alloc(world *w);
rp_environment world_environment(world *w);
// Options with this world in them.
rp_credentials_opts world_opts(world *w, const rp_settings *settings);
// How many blocks of JSON documents came back with MARK.
int world_json_leaks(void);
// Whether a text holds MARK.
bool is_marked(const void *text, size_t size);

#endif
