// Signed requests, the clock, and single calls.
#include "collectors/live/session.h"

#include "collectors/live/fail.h"
#include "collectors/live/sigv4.h"
#include "vm/base/text.h"
#include "vm/base/wipe.h"

#include <time.h>

enum { SKEW_MS = 60 * 1000, MAX_FRUITLESS = 2 };

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

// Corrects the clock from an answer; false if that tells nothing new.
static bool learn_clock(rp_account *account, const rp_http_answer *answer)
{
    int64_t told;
    if (!rp_http_date(answer->date, &told)) return false;
    int64_t offset = told - rp_clock_now();
    int64_t change = offset - account->clock_offset;
    if (change > -SKEW_MS && change < SKEW_MS) return false;
    account->clock_offset = offset;
    return true;
}

static bool renew(rp_account *account)
{
    rp_keys keys;
    if (account->fruitless == MAX_FRUITLESS) return false;
    account->fruitless++;
    if (account->keys(account->ctx, true, &keys, NULL) != RDSPOL_OK) return false;
    account->renewals++;
    return true;
}

rp_signed rp_session_signed(const rp_session *session)
{
    return (rp_signed){session->account->clock_offset, session->account->renewals};
}

// EC2 says RequestExpired both of keys and of the clock.
bool rp_session_correct(rp_session *session, rp_next next, const rp_signed *used,
                        const rp_http_answer *answer)
{
    rp_account *account = session->account;
    if (next != RP_NEXT_RENEW && next != RP_NEXT_CLOCK) return false;
    if (used->clock_offset != account->clock_offset) return true;
    if (learn_clock(account, answer)) return true;
    return next == RP_NEXT_RENEW && (used->renewals != account->renewals || renew(account));
}

void rp_session_went_well(rp_session *session)
{
    session->account->fruitless = 0;
}

// ---- What must not be shown --------------------------------------------------------------------

static bool repeats(rp_str text, rp_str secret)
{
    enum { TELLING = 16 }; // bytes
    rp_str start = rp_str_make(secret.ptr, secret.len < TELLING ? secret.len : TELLING);
    return start.len > 0 && rp_text_contains(text, start);
}

// "The Canonical String for this request should have been ..." holds the header with the token.
void rp_session_hide(const rp_session *session, rp_outcome *out)
{
    rp_keys keys = {0};
    rp_account *account = session->account;
    bool known = account->keys(account->ctx, false, &keys, NULL) == RDSPOL_OK;
    bool shows = rp_text_contains(out->message, RP_STR("security-token:")) ||
                 (known && (repeats(out->message, keys.session_token) ||
                            repeats(out->message, keys.secret_key)));
    if (shows) out->message = RP_STR("(not shown: it repeats credentials)");
    if (known && (repeats(out->code, keys.session_token) || repeats(out->code, keys.secret_key)))
        out->code = RP_STR("Error");
}

// ---- One call ----------------------------------------------------------------------------------

static void sleep_ms(uint32_t ms)
{
    struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};
    (void)nanosleep(&time, NULL);
}

// Whether to try again; waits before that.
static bool again(const rp_ask *ask, rp_next next, const rp_http_answer *answer, uint32_t attempt)
{
    uint64_t random = (uint64_t)rp_clock_steady() | 1;
    if (next != RP_NEXT_AGAIN && next != RP_NEXT_SLOWER) return false;
    uint32_t delay = rp_retry_delay(&random, attempt, answer->retry_after);
    if (attempt >= ask->max_attempts || rp_clock_steady() + delay >= ask->deadline) return false;
    sleep_ms(delay);
    return true;
}

static void describe_failure(const rp_call *call, const rp_http_answer *answer,
                             const rp_outcome *out, rdspol_error *error)
{
    if (answer->fault != RP_HTTP_NONE) {
        (void)rp_fail(error, RDSPOL_INPUT, "%s: %s", call->info->operation, answer->detail);
    } else {
        rp_str message = rp_fail_cut(out->message, 160);
        (void)rp_fail(error, RDSPOL_INPUT, "%s: %.*s: %.*s", call->info->operation,
                      (int)out->code.len, out->code.ptr, (int)message.len, message.ptr);
    }
}

static bool attempt_call(rp_session *session, const rp_ask *ask, rp_http_answer *answer,
                         rdspol_error *error)
{
    rp_arena arena;
    rp_http_request request;
    rp_alloc inner = {0};
    rp_arena_init(&arena, rp_alloc_wiping(&inner));
    bool good =
        rp_session_request(session, ask->crypto, ask->call, &arena, &request, error) == RDSPOL_OK;
    if (good) ask->fetch.fetch(ask->fetch.ctx, &request, answer);
    rp_arena_clear(&arena);
    return good;
}

// What came back; false if memory ran out.
static bool read_answer(rp_session *session, const rp_ask *ask, const rp_http_answer *answer,
                        rp_arena *arena, rp_outcome *out)
{
    *out = (rp_outcome){0};
    if (answer->fault != RP_HTTP_NONE) return true;
    if (!rp_call_outcome(ask->decoder, ask->call->info, ask->member, answer, arena, out))
        return false;
    if (!out->good) rp_session_hide(session, out);
    return true;
}

bool rp_session_ask(rp_session *session, const rp_ask *ask, rp_arena *arena, rp_outcome *out,
                    rdspol_error *error)
{
    uint32_t attempt = 1, corrections = 0;
    for (;;) {
        rp_http_answer answer = {0};
        rp_signed used = rp_session_signed(session);
        if (!attempt_call(session, ask, &answer, error)) return false;
        bool memory = read_answer(session, ask, &answer, arena, out);
        rp_next next = memory ? rp_retry_next(&answer, out) : RP_NEXT_GIVE_UP;
        bool corrected = corrections < RP_SESSION_MAX_CORRECTIONS &&
                         rp_session_correct(session, next, &used, &answer);
        bool repeat = corrected || again(ask, next, &answer, attempt);
        corrections += corrected;
        attempt += !corrected;
        if (!memory) {
            (void)rp_fail_no_memory(error);
        } else if (!repeat && next != RP_NEXT_GOOD) {
            describe_failure(ask->call, &answer, out, error);
        }
        rp_http_answer_clear(&answer);
        if (!repeat) return memory && next == RP_NEXT_GOOD;
    }
}
