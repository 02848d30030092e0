// Failures and rates.
#include "collectors/live/retry.h"

#include "vm/base/text.h"

#include <stdio.h>

enum { FIRST_DELAY_MS = 100, MAX_DELAY_MS = 20000, MAX_AFTER_MS = 60000 };

static bool has_any(rp_str code, const char *const *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rp_text_contains(code, rp_str_from(parts[i]))) return true;
    }
    return false;
}

#define HAS_ANY(code, parts) has_any((code), (parts), sizeof(parts) / sizeof(parts)[0])

// Codes of the SDKs' retry rules, and of the services' lists of common errors.
static rp_next next_of_code(rp_str code, long status)
{
    static const char *const throttled[] = {"Throttl",
                                            "TooManyRequests",
                                            "RequestLimitExceeded",
                                            "LimitExceededException",
                                            "PriorRequestNotComplete",
                                            "SlowDown",
                                            "BandwidthLimitExceeded",
                                            "EC2ThrottledException"};
    static const char *const expired[] = {"ExpiredToken", "RequestExpired", "TokenRefreshRequired"};
    static const char *const clock[] = {"RequestTimeTooSkewed", "RequestInTheFuture",
                                        "SignatureDoesNotMatch", "InvalidSignatureException"};
    static const char *const passing[] = {
        "InternalFailure", "InternalError",        "InternalServer", "ServiceUnavailable",
        "Unavailable",     "InternalServiceError", "KMSInternal",    "DependencyTimeout",
        "RequestTimeout",  "TransactionInProgress"};
    if (HAS_ANY(code, throttled) || status == 429) return RP_NEXT_SLOWER;
    if (HAS_ANY(code, expired)) return RP_NEXT_RENEW;
    if (HAS_ANY(code, clock)) return RP_NEXT_CLOCK;
    if (HAS_ANY(code, passing)) return RP_NEXT_AGAIN;
    return RP_NEXT_GIVE_UP;
}

rp_next rp_retry_next(const rp_http_answer *answer, const rp_outcome *outcome)
{
    switch (answer->fault) {
    case RP_HTTP_NONE: break;
    case RP_HTTP_CONNECT:
    case RP_HTTP_TIME:
    case RP_HTTP_BROKEN: return RP_NEXT_AGAIN;
    default: return RP_NEXT_GIVE_UP;
    }
    if (outcome->good) return RP_NEXT_GOOD;
    rp_next next = next_of_code(outcome->code, answer->status);
    bool server = answer->status == 500 || answer->status == 502 || answer->status == 503 ||
                  answer->status == 504;
    if (next == RP_NEXT_GIVE_UP && (server || (outcome->unreadable && answer->status == 200)))
        next = RP_NEXT_AGAIN;
    return next;
}

const char *rp_fault_code(rp_http_fault fault)
{
    switch (fault) {
    case RP_HTTP_NONE: return "";
    case RP_HTTP_CONNECT: return "NoConnection";
    case RP_HTTP_TLS: return "CertificateNotVerified";
    case RP_HTTP_TIME: return "TimedOut";
    case RP_HTTP_BROKEN: return "BrokenAnswer";
    case RP_HTTP_TOO_LARGE: return "AnswerTooLarge";
    case RP_HTTP_NO_MEMORY: break;
    }
    return "OutOfMemory";
}

uint64_t rp_random_next(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545f4914f6cdd1du;
}

uint32_t rp_retry_delay(uint64_t *random, uint32_t attempt, const char *after)
{
    int64_t seconds;
    uint32_t most = attempt < 8 ? (uint32_t)FIRST_DELAY_MS << attempt : MAX_DELAY_MS;
    if (most > MAX_DELAY_MS) most = MAX_DELAY_MS;
    uint32_t jitter = (uint32_t)((rp_random_next(random) >> 32) % (most + 1));
    if (!rp_text_parse_int(rp_str_from(after), &seconds) || seconds < 0) return jitter;
    uint32_t told = seconds > MAX_AFTER_MS / 1000 ? MAX_AFTER_MS : (uint32_t)seconds * 1000;
    return told > jitter ? told : jitter;
}

bool rp_http_date(const char *text, int64_t *ms)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char month[4], iso[48];
    unsigned day, year, hour, minute, second;
    if (sscanf(text, "%*3[A-Za-z], %2u %3[A-Za-z] %4u %2u:%2u:%2u", &day, month, &year, &hour,
               &minute, &second) != 6)
        return false;
    const char *at = strstr(months, month);
    if (at == NULL || strlen(month) != 3 || (at - months) % 3 != 0) return false;
    (void)snprintf(iso, sizeof iso, "%04u-%02u-%02uT%02u:%02u:%02uZ", year,
                   (unsigned)((at - months) / 3 + 1), day, hour, minute, second);
    return rp_time_parse_iso(rp_str_from(iso), ms);
}

// ---- Rates -------------------------------------------------------------------------------------

void rp_bucket_init(rp_bucket *bucket, uint32_t burst, uint32_t rate, int64_t now)
{
    double per_ms = rate / 1000.0;
    *bucket = (rp_bucket){.tokens = burst,
                          .burst = burst,
                          .rate = per_ms,
                          .full_rate = per_ms,
                          .at = now,
                          .slowed = INT64_MIN};
}

static void refill(rp_bucket *b, int64_t now)
{
    if (now > b->at) b->tokens += (double)(now - b->at) * b->rate;
    if (b->tokens > b->burst) b->tokens = b->burst;
    b->at = now;
}

bool rp_bucket_take(rp_bucket *bucket, int64_t now)
{
    refill(bucket, now);
    if (bucket->tokens < 1) return false;
    bucket->tokens -= 1;
    return true;
}

uint32_t rp_bucket_wait(rp_bucket *bucket, int64_t now)
{
    refill(bucket, now);
    return bucket->tokens >= 1 ? 0 : (uint32_t)((1 - bucket->tokens) / bucket->rate) + 1;
}

void rp_bucket_slow(rp_bucket *bucket, int64_t sent, int64_t now)
{
    refill(bucket, now);
    if (sent <= bucket->slowed) return;
    bucket->slowed = now;
    if (bucket->tokens > 0) bucket->tokens = 0;
    bucket->rate /= 2;
    if (bucket->rate < bucket->full_rate / 16) bucket->rate = bucket->full_rate / 16;
}

void rp_bucket_went_well(rp_bucket *bucket)
{
    bucket->rate += bucket->full_rate / 50;
    if (bucket->rate > bucket->full_rate) bucket->rate = bucket->full_rate;
}
