// Signed requests, the clock, and single calls.
#include "collectors/live/session.h"

#include "collectors/live/fail.h"
#include "collectors/live/sigv4.h"
#include "vm/base/wipe.h"

#include <time.h>

enum { SKEW_MS = 60 * 1000 };

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now = {0};
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t rp_clock_now(void)
{
    return clock_ms(CLOCK_REALTIME);
}
int64_t rp_clock_steady(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

void rp_session_init(rp_session *session, rp_account *account, rp_str region)
{
    int64_t now = rp_clock_steady();
    *session = (rp_session){.account = account, .region = region};
    for (int s = 0; s < RP_SERVICE_COUNT; s++) {
        const rp_service_info *info = rp_service_info_of((rp_service)s);
        rp_bucket_init(&session->buckets[s], info->burst, info->rate, now);
    }
}

static rdspol_status sign(const rp_session *session, rp_crypto *crypto, const rp_endpoint *endpoint,
                          rp_str service, const rp_keys *keys, rp_arena *arena,
                          rp_http_request *request, rdspol_error *error)
{
    rp_signer signer = {.access_key = keys->access_key,
                        .secret_key = keys->secret_key,
                        .session_token = keys->session_token,
                        .region = endpoint->region,
                        .service = service,
                        .now = rp_clock_now() + session->account->clock_offset};
    return rp_sigv4_sign(crypto, &signer, request, arena, error);
}

rdspol_status rp_session_request(rp_session *session, rp_crypto *crypto, const rp_call *call,
                                 rp_arena *arena, rp_http_request *request, rdspol_error *error)
{
    rp_account *account = session->account;
    rp_str service = rp_str_from(rp_service_info_of(call->info->service)->name);
    rp_endpoint endpoint;
    rp_keys keys;
    rdspol_status status =
        account->endpoint(account->ctx, service, session->region, arena, &endpoint, error);
    if (status == RDSPOL_OK) status = account->keys(account->ctx, false, &keys, error);
    if (status == RDSPOL_OK && !rp_call_request(call, endpoint.url, arena, request)) {
        status = rp_fail(error, RDSPOL_INPUT, "%s: a question that cannot be asked",
                         call->info->operation);
    }
    return status == RDSPOL_OK
               ? sign(session, crypto, &endpoint, service, &keys, arena, request, error)
               : status;
}

bool rp_session_learn_clock(rp_session *session, const rp_http_answer *answer)
{
    int64_t told;
    if (!rp_http_date(answer->date, &told)) return false;
    int64_t offset = told - rp_clock_now();
    int64_t change = offset - session->account->clock_offset;
    if (change > -SKEW_MS && change < SKEW_MS) return false;
    session->account->clock_offset = offset;
    return true;
}

// ---- One call ----------------------------------------------------------------------------------

static void sleep_ms(uint32_t ms)
{
    struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};
    (void)nanosleep(&time, NULL);
}

// Whether to try again; waits before that.
static bool again(rp_session *session, rp_next next, const rp_http_answer *answer, uint32_t attempt)
{
    uint64_t random = (uint64_t)rp_clock_steady() | 1;
    rp_keys keys;
    switch (next) {
    case RP_NEXT_RENEW:
        return attempt == 1 &&
               session->account->keys(session->account->ctx, true, &keys, NULL) == RDSPOL_OK;
    case RP_NEXT_CLOCK: return rp_session_learn_clock(session, answer);
    case RP_NEXT_AGAIN:
    case RP_NEXT_SLOWER:
        sleep_ms(rp_retry_delay(&random, attempt, answer->retry_after));
        return true;
    case RP_NEXT_GOOD:
    case RP_NEXT_GIVE_UP: break;
    }
    return false;
}

static void describe_failure(const rp_call *call, const rp_http_answer *answer,
                             const rp_outcome *out, rdspol_error *error)
{
    if (answer->fault != RP_HTTP_NONE) {
        (void)rp_fail(error, RDSPOL_INPUT, "%s: %s", call->info->operation, answer->detail);
    } else {
        size_t size = out->message.len < 160 ? out->message.len : 160;
        (void)rp_fail(error, RDSPOL_INPUT, "%s: %.*s: %.*s", call->info->operation,
                      (int)out->code.len, out->code.ptr, (int)size, out->message.ptr);
    }
}

static bool attempt_call(rp_session *session, rp_crypto *crypto, rp_fetch fetch,
                         const rp_call *call, rp_http_answer *answer, rdspol_error *error)
{
    rp_arena arena;
    rp_http_request request;
    rp_alloc inner = {0};
    rp_arena_init(&arena, rp_alloc_wiping(&inner));
    bool good = rp_session_request(session, crypto, call, &arena, &request, error) == RDSPOL_OK;
    if (good) fetch.fetch(fetch.ctx, &request, answer);
    rp_arena_clear(&arena);
    return good;
}

bool rp_session_ask(rp_session *session, rp_crypto *crypto, rp_fetch fetch,
                    const rp_decoder *decoder, const rp_call *call, rp_str member,
                    uint32_t max_attempts, rp_arena *arena, rp_outcome *out, rdspol_error *error)
{
    for (uint32_t attempt = 1;; attempt++) {
        rp_http_answer answer = {0};
        if (!attempt_call(session, crypto, fetch, call, &answer, error)) return false;
        *out = (rp_outcome){0};
        bool memory = answer.fault != RP_HTTP_NONE ||
                      rp_call_outcome(decoder, call->info, member, &answer, arena, out);
        rp_next next = memory ? rp_retry_next(&answer, out) : RP_NEXT_GIVE_UP;
        bool repeat = attempt < max_attempts && again(session, next, &answer, attempt);
        if (!memory) {
            (void)rp_fail_no_memory(error);
        } else if (!repeat && next != RP_NEXT_GOOD) {
            describe_failure(call, &answer, out, error);
        }
        rp_http_answer_clear(&answer);
        if (!repeat) return memory && next == RP_NEXT_GOOD;
    }
}
