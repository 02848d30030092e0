// Where a service answers in a region, and which region its requests are signed for.
//
// The one idea: one rule and a table of what differs from it (endpoints.def). A region becomes part
// of a name of a host, so it must look like one before it is used. Must not know requests, nor
// where settings come from.
#ifndef RP_LIVE_ENDPOINTS_H
#define RP_LIVE_ENDPOINTS_H

#include "vm/base/arena.h"
#include "vm/include/rdspol.h"

// What is looked for. Borrowed.
typedef struct rp_endpoint_opts {
    rp_str service; // "rds", "secretsmanager": the name that requests are signed with
    rp_str region;
    rp_str url; // somebody's own endpoint; empty: none
    bool fips, dual_stack;
} rp_endpoint_opts;

typedef struct rp_endpoint {
    rp_str url;       // scheme, host and perhaps a path, never with `/` at its end
    rp_str region;    // for the signature
    rp_str partition; // "aws", "aws-cn" ...
} rp_endpoint;

// Texts of `out` are in `arena` or live for ever. Fails with RDSPOL_INVALID_ARGUMENT if the region
// is no name of one, the service is none of ours, the URL is none, or FIPS or dual-stack are wanted
// of somebody's own endpoint.
rdspol_status rp_endpoint_find(rp_arena *arena, const rp_endpoint_opts *opts, rp_endpoint *out,
                               rdspol_error *error);

// Lower case words and a number, between hyphens: us-east-1.
bool rp_region_is_valid(rp_str region);
// "aws", "aws-cn" ...: the first for a region that fits none. Lives for ever.
rp_str rp_region_partition(rp_str region);
// http:// or https://, a host, perhaps a port and a path; no name of a user, no query.
bool rp_endpoint_url_is_valid(rp_str url);
// What follows AWS_ENDPOINT_URL_ in the variable of a service: "SECRETS_MANAGER"; NULL if it is
// none of ours. Lives for ever.
const char *rp_endpoint_variable(rp_str service);

#endif
