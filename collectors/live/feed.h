// Answers into facts: each whole, or not at all.
//
// The one idea: an answer becomes the envelope that `rdspol facts collect` writes, and is read by
// the reader of files into facts of its own; only what was read to its end is appended to the
// others. So what is judged live and what is judged from a saved document is the same. Must not
// know HTTP.
#ifndef RP_LIVE_FEED_H
#define RP_LIVE_FEED_H

#include "collectors/files/documents.h"

typedef struct rp_feeder {
    rp_alloc alloc;
    rp_arena arena;
    rp_scheme scheme;
    rp_documents documents;
    rp_facts *facts;
    // Told each envelope that was taken in; may be NULL.
    void (*sink)(void *ctx, rp_str envelope);
    void *sink_ctx;
} rp_feeder;

// What an envelope says beside the answer.
typedef struct rp_envelope {
    rp_str operation; // "rds:DescribeDBInstances"
    rp_str account, region;
    const rp_str *names, *values; // of the question
    size_t count;
} rp_envelope;

// `facts` are not sealed. False if memory ran out; `rp_feeder_clear` in any case.
bool rp_feeder_init(rp_feeder *feeder, const rp_bundle *bundle, rp_facts *facts, rp_alloc alloc);
void rp_feeder_clear(rp_feeder *feeder);

// Takes in an answer, an object as the AWS CLI prints it. RDSPOL_INPUT if it cannot be read: then
// nothing of it was taken in and `error` says why. RDSPOL_NO_MEMORY.
rdspol_status rp_feed_answer(rp_feeder *feeder, const rp_envelope *envelope, rp_str response,
                             rdspol_error *error);
// Takes in that there was none.
rdspol_status rp_feed_error(rp_feeder *feeder, const rp_envelope *envelope, rp_str code,
                            rp_str message, rdspol_error *error);

#endif
