// One account in one Region: where its services are, how its requests are signed.
//
// The one idea: everything that a call needs besides its question. Keys come from a callback, which
// renews them; the clock is corrected by what AWS says. Must not know facts.
#ifndef RP_LIVE_SESSION_H
#define RP_LIVE_SESSION_H

#include "collectors/live/call.h"
#include "collectors/live/endpoints.h"
#include "collectors/live/retry.h"
#include "crypto/crypto.h"

// Keys to sign with; borrowed until the next call of the callback.
typedef struct rp_keys {
    rp_str access_key, secret_key, session_token;
} rp_keys;

// Where requests of an account come from. Callbacks fail with a message for people.
typedef struct rp_account {
    rp_str id; // twelve digits; empty until they are known
    // `renew`: the keys of before were refused as expired.
    rdspol_status (*keys)(void *ctx, bool renew, rp_keys *out, rdspol_error *error);
    rdspol_status (*endpoint)(void *ctx, rp_str service, rp_str region, rp_arena *arena,
                              rp_endpoint *out, rdspol_error *error);
    void *ctx;
    int64_t clock_offset; // milliseconds that AWS is ahead of us
    uint32_t renewals;    // how often keys were asked for anew
    uint32_t fruitless;   // of these, since AWS last took the keys
} rp_account;

// How a request was signed: what is put right once need not be put right by each that failed.
typedef struct rp_signed {
    int64_t clock_offset;
    uint32_t renewals;
} rp_signed;

// How often one call is sent again because keys or clock were put right: that is no attempt.
enum { RP_SESSION_MAX_CORRECTIONS = 3 };

typedef struct rp_session {
    rp_account *account;
    rp_str region;
    rp_bucket buckets[RP_SERVICE_COUNT];
    uint32_t silent[RP_SERVICE_COUNT];      // faults of transport in a row
    int64_t silent_since[RP_SERVICE_COUNT]; // when the first of them was sent
} rp_session;

// Milliseconds: since 1970, and of a clock that only goes forward.
int64_t rp_clock_now(void);
int64_t rp_clock_steady(void);

void rp_session_init(rp_session *session, rp_account *account, rp_str region);
// A signed request for a call; texts are in `arena`, which must be wiped when freed if that
// matters.
rdspol_status rp_session_request(rp_session *session, rp_crypto *crypto, const rp_call *call,
                                 rp_arena *arena, rp_http_request *request, rdspol_error *error);
// After RP_NEXT_RENEW and RP_NEXT_CLOCK: puts keys or clock right, unless that was done since the
// request was signed. False if there is nothing to put right, or it was no use before.
bool rp_session_correct(rp_session *session, rp_next next, const rp_signed *used,
                        const rp_http_answer *answer);
rp_signed rp_session_signed(const rp_session *session);
// AWS took the keys.
void rp_session_went_well(rp_session *session);
// Hides what AWS says where it repeats the request with its credentials.
void rp_session_hide(const rp_session *session, rp_outcome *out);

// One call that is waited for.
typedef struct rp_ask {
    rp_crypto *crypto;
    rp_fetch fetch;
    const rp_decoder *decoder;
    const rp_call *call;
    rp_str member;
    uint32_t max_attempts;
    int64_t deadline; // of the clock that only goes forward: no repetition begins later
} rp_ask;

// Asks, with repetitions. Texts of `out` are in `arena`. False after a failure: `error` says why.
bool rp_session_ask(rp_session *session, const rp_ask *ask, rp_arena *arena, rp_outcome *out,
                    rdspol_error *error);

#endif
