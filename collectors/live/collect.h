// From AWS to facts: all calls that the selected policies need, many at a time.
//
// The one idea: a loop over questions. The plan names them, buckets say when each may be sent, the
// client carries them, and what comes back is taken in whole or noted as missing, with AWS's own
// code; then the plan may have more. Nothing that fails ends the run. Must not know the command
// line.
#ifndef RP_LIVE_COLLECT_H
#define RP_LIVE_COLLECT_H

#include "collectors/live/feed.h"
#include "collectors/live/plan.h"
#include "collectors/live/session.h"

typedef struct rp_collect_target {
    rp_account *account; // with its id
    rp_str region;
} rp_collect_target;

// What has been done so far.
typedef struct rp_collect_stats {
    uint64_t calls;    // answered, repetitions not counted
    uint64_t planned;  // calls that are known to be needed, pages not counted
    uint64_t requests; // sent, with pages and repetitions
    uint64_t repeated, throttled;
    uint64_t failed;                       // calls without an answer in the end
    uint64_t received;                     // bytes of bodies, unpacked
    uint64_t by_service[RP_SERVICE_COUNT]; // requests
    uint32_t running;
} rp_collect_stats;

// One line of a log, about a request. No secrets: what was asked, and how it ended.
typedef struct rp_collect_event {
    const rp_call_info *info;
    rp_str account, region;
    const rp_question *question; // its names and values
    long status;                 // of HTTP; 0: none
    rp_str code, message;        // of a failure
    uint32_t attempt, page;      // from 1
    uint32_t ms;
    bool final; // it will not be tried again
} rp_collect_event;

typedef struct rp_collect_opts {
    const rp_bundle *bundle;
    const uint32_t *policies;
    size_t policy_count;
    const rp_collect_target *targets;
    size_t target_count;
    rp_http *http;
    rp_crypto *crypto;
    const rp_decoder *decoder;
    uint32_t in_flight;         // calls at once; 0: 16
    uint32_t max_attempts;      // of one call; 0: 5
    uint32_t timeout_ms;        // of everything; 0: an hour
    uint32_t call_ms;           // of one request; 0: a minute
    bool (*stopped)(void *ctx); // asked often: end at once; may be NULL
    void (*progress)(void *ctx, const rp_collect_stats *stats); // often
    void (*event)(void *ctx, const rp_collect_event *event);    // for each answer
    void (*sink)(void *ctx, rp_str envelope);                   // each envelope taken in
    void *ctx;
    rp_alloc alloc;
} rp_collect_opts;

// Collects into facts that are not sealed. What could not be had is noted in the facts with its
// reason. Fails with RDSPOL_NO_MEMORY, or with RDSPOL_INPUT if not one call was answered: then the
// message is of the first failure. Once `stopped` says so the rest is noted as interrupted.
rdspol_status rp_collect(rp_facts *facts, const rp_collect_opts *opts, rp_collect_stats *stats,
                         rdspol_error *error);

#endif
