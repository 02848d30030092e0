// What to do after an answer, and how fast to go on.
//
// The one idea: whether a failure may pass by itself is decided here and nowhere else, by AWS's
// codes and HTTP's statuses; how long to wait is a random part of a time that doubles ("full
// jitter", AWS Architecture Blog, Exponential Backoff And Jitter). A token bucket keeps to each
// service's limit, and goes slower where AWS says that it was too fast. Must not wait or send.
#ifndef RP_LIVE_RETRY_H
#define RP_LIVE_RETRY_H

#include "collectors/live/call.h"

typedef enum rp_next {
    RP_NEXT_GOOD,    // an answer
    RP_NEXT_GIVE_UP, // a failure that stays
    RP_NEXT_AGAIN,   // a failure that may pass
    RP_NEXT_SLOWER,  // too many requests
    RP_NEXT_RENEW,   // credentials that have expired
    RP_NEXT_CLOCK    // our clock is wrong: `Date` of the answer tells how much
} rp_next;

rp_next rp_retry_next(const rp_http_answer *answer, const rp_outcome *outcome);
// A name for a fault of transport, in place of AWS's codes.
const char *rp_fault_code(rp_http_fault fault);

// Milliseconds to wait before attempt `attempt` (the first repetition is 1). `after`: Retry-After
// of the answer, or empty; a number of seconds there is kept to, up to a minute.
uint32_t rp_retry_delay(uint64_t *random, uint32_t attempt, const char *after);
// The next of a sequence of random numbers (xorshift64*); the state must not be 0.
uint64_t rp_random_next(uint64_t *state);

// Milliseconds since 1970 of a Date header ("Sun, 29 Nov 2026 21:08:35 GMT"); false if it is none.
bool rp_http_date(const char *text, int64_t *ms);

typedef struct rp_bucket {
    double tokens, burst, rate; // rate: a millisecond
    double full_rate;
    int64_t at;     // when `tokens` was right
    int64_t slowed; // when the rate was last halved
} rp_bucket;

void rp_bucket_init(rp_bucket *bucket, uint32_t burst, uint32_t rate, int64_t now);
// Takes a token, if there is one. `now` is in milliseconds of a clock that only goes forward.
bool rp_bucket_take(rp_bucket *bucket, int64_t now);
// Milliseconds until there is a token.
uint32_t rp_bucket_wait(rp_bucket *bucket, int64_t now);
// The service was asked too fast by a request `sent` then: half the rate from now on, and nothing
// saved up. Others that were under way when that happened say the same and change nothing. It
// recovers with each call that goes well.
void rp_bucket_slow(rp_bucket *bucket, int64_t sent, int64_t now);
void rp_bucket_went_well(rp_bucket *bucket);

#endif
