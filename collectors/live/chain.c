// What the places that credentials come from share.
#include "collectors/live/chain.h"

#include "collectors/live/fail.h"
#include "vm/base/text.h"
#include "vm/base/wipe.h"

#include <stdarg.h>
#include <stdio.h>

enum { MAX_KEY = 1024, MAX_TOKEN = 32 * 1024, FIRST_PAUSE_MS = 500 };

const char *rp_chain_variable(const rp_chain *chain, const char *name)
{
    rp_environment environment = chain->opts->settings->environment;
    const char *value = environment.get(environment.ctx, name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

rp_str rp_chain_profile(const rp_chain *chain, rp_str profile, const char *name)
{
    return rp_profile_get(&chain->opts->settings->profiles, RP_PROFILE_BOTH, profile, name);
}

int64_t rp_chain_now(const rp_chain *chain)
{
    return chain->opts->clock.now(chain->opts->clock.ctx);
}

rp_str rp_chain_format(rp_chain *chain, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = size >= 0 ? rp_arena_alloc(chain->arena, (size_t)size + 1) : NULL;
    if (text != NULL) {
        va_start(args, format);
        (void)vsnprintf(text, (size_t)size + 1, format, args);
        va_end(args);
    }
    return rp_str_make(text, text != NULL ? (size_t)size : 0);
}

bool rp_chain_is_visible(rp_str text)
{
    bool visible = true;
    for (size_t i = 0; i < text.len; i++) {
        visible = visible && text.ptr[i] > ' ' && text.ptr[i] < 0x7f;
    }
    return visible;
}

// ---- Requests ----------------------------------------------------------------------------------

void rp_chain_forget(rp_http_answer *answer)
{
    rp_wipe(answer->body.data, answer->body.capacity);
    rp_http_answer_clear(answer);
}

// STS says with 400 that it is busy, or that it could not reach who has issued a web identity.
static bool is_busy(const rp_http_answer *answer)
{
    rp_str body = rp_buf_str(&answer->body);
    return answer->status == 400 && (rp_text_contains(body, RP_STR("Throttling")) ||
                                     rp_text_contains(body, RP_STR("IDPCommunicationError")));
}

static bool is_worth_another(const rp_http_answer *answer, bool is_there)
{
    bool silent = answer->fault == RP_HTTP_CONNECT || answer->fault == RP_HTTP_TIME;
    return (silent && is_there) || answer->fault == RP_HTTP_BROKEN || answer->status == 429 ||
           answer->status >= 500 || is_busy(answer);
}

void rp_chain_fetch(rp_chain *chain, const rp_http_request *request, bool is_there,
                    rp_http_answer *answer)
{
    const rp_credentials_opts *opts = chain->opts;
    uint32_t pause = FIRST_PAUSE_MS;
    for (int tries = 1;; tries++, pause *= 2) {
        *answer = (rp_http_answer){.fault = RP_HTTP_NONE};
        opts->fetch.fetch(opts->fetch.ctx, request, answer);
        if (tries == RP_CHAIN_TRIES || !is_worth_another(answer, is_there)) return;
        rp_chain_forget(answer);
        if (opts->clock.sleep != NULL) opts->clock.sleep(opts->clock.ctx, pause);
    }
}

static const char *fault_text(rp_http_fault fault)
{
    static const char *const texts[] = {"",
                                        "no connection",
                                        "TLS failed",
                                        "no answer in time",
                                        "a broken answer",
                                        "an answer that is too large",
                                        "memory ran out"};
    return (size_t)fault < sizeof texts / sizeof texts[0] ? texts[fault] : "a fault";
}

rdspol_status rp_chain_refuse(rp_chain *chain, rp_str what, const rp_http_answer *answer)
{
    if (answer->fault == RP_HTTP_NO_MEMORY) return rp_fail_no_memory(chain->error);
    if (answer->fault == RP_HTTP_NONE) {
        return rp_fail(chain->error, RDSPOL_INPUT, "%.*s: HTTP %ld", RP_SHOW(what), answer->status);
    }
    return rp_fail(chain->error, RDSPOL_INPUT, "%.*s: %s%s%s", RP_SHOW(what),
                   fault_text(answer->fault), answer->detail[0] != '\0' ? ": " : "",
                   answer->detail);
}

// ---- Members -----------------------------------------------------------------------------------

const rp_document *rp_chain_member(const rp_document *object, const char *name)
{
    if (object == NULL || rp_document_kind_of(object) != RP_DOCUMENT_OBJECT) return NULL;
    const rp_document *member = rp_document_first(object);
    while (member != NULL && !rp_str_equal(rp_document_name(member), rp_str_from(name))) {
        member = rp_document_after(member);
    }
    return member;
}

rp_str rp_chain_text(rp_chain *chain, const rp_document *object, const char *name)
{
    char room[RP_DOCUMENT_ROOM];
    const rp_document *member = rp_chain_member(object, name);
    if (member == NULL || rp_document_kind_of(member) != RP_DOCUMENT_STRING) {
        return rp_str_make(NULL, 0);
    }
    return rp_arena_str(chain->arena, rp_document_text(member, room));
}

static rdspol_status lacks(rp_chain *chain, rp_str what, const char *name)
{
    return rp_fail(chain->error, RDSPOL_INPUT, "%.*s: the answer has no proper %s", RP_SHOW(what),
                   name);
}

// A time as a number or as ISO text. One before 1970 is long gone, and must not read as never.
static bool read_time(const rp_document *member, bool in_milliseconds, int64_t *ms)
{
    char room[RP_DOCUMENT_ROOM];
    rp_document_kind kind = rp_document_kind_of(member);
    rp_str text = rp_document_text(member, room);
    bool read = in_milliseconds ? kind == RP_DOCUMENT_NUMBER && rp_text_parse_int(text, ms)
                                : (kind == RP_DOCUMENT_NUMBER || kind == RP_DOCUMENT_STRING) &&
                                      rp_time_parse(text, ms);
    if (read && *ms <= 0) *ms = 1;
    return read;
}

static rdspol_status read_expiry(rp_chain *chain, const rp_document *object,
                                 const rp_key_names *names, rp_str what, rp_keys *keys)
{
    const rp_document *member = rp_chain_member(object, names->expires);
    bool absent = member == NULL || rp_document_kind_of(member) == RP_DOCUMENT_NULL;
    keys->expires = 0;
    if (absent && !names->expires_required) return RDSPOL_OK;
    if (absent || !read_time(member, names->in_milliseconds, &keys->expires)) {
        return lacks(chain, what, names->expires);
    }
    int64_t least = rp_chain_now(chain) + names->least_ms;
    if (names->least_ms != 0 && keys->expires < least) keys->expires = least;
    return RDSPOL_OK;
}

// A member that is a text; one that may be missing may be null, too.
static rdspol_status read_text(rp_chain *chain, const rp_document *object, const char *name,
                               bool required, rp_str what, rp_str *text)
{
    const rp_document *member = rp_chain_member(object, name);
    bool absent = member == NULL || rp_document_kind_of(member) == RP_DOCUMENT_NULL;
    *text = RP_STR("");
    if (absent) return required ? lacks(chain, what, name) : RDSPOL_OK;
    if (rp_document_kind_of(member) != RP_DOCUMENT_STRING) return lacks(chain, what, name);
    *text = rp_chain_text(chain, object, name);
    return text->ptr != NULL ? RDSPOL_OK : rp_fail_no_memory(chain->error);
}

rdspol_status rp_chain_keys(rp_chain *chain, const rp_document *object, const rp_key_names *names,
                            rp_str what, rp_keys *keys)
{
    rdspol_status status =
        read_text(chain, object, names->access_key, true, what, &keys->access_key);
    if (status == RDSPOL_OK) {
        status = read_text(chain, object, names->secret_key, true, what, &keys->secret_key);
    }
    if (status == RDSPOL_OK) {
        status = read_text(chain, object, names->session_token, names->token_required, what,
                           &keys->session_token);
    }
    if (status == RDSPOL_OK) status = read_expiry(chain, object, names, what, keys);
    return status == RDSPOL_OK ? rp_chain_check(chain, what, keys) : status;
}

rdspol_status rp_chain_check(rp_chain *chain, rp_str what, const rp_keys *keys)
{
    const char *why = NULL;
    if (keys->access_key.len == 0 || keys->secret_key.len == 0) why = "a key is empty";
    if (!rp_chain_is_visible(keys->access_key) || !rp_chain_is_visible(keys->secret_key) ||
        !rp_chain_is_visible(keys->session_token)) {
        why = "a key holds blanks or characters that no key has";
    }
    if (keys->access_key.len > MAX_KEY || keys->secret_key.len > MAX_KEY ||
        keys->session_token.len > MAX_TOKEN) {
        why = "a key is longer than any key";
    }
    if (keys->expires != 0 && keys->expires <= rp_chain_now(chain))
        why = "the credentials have expired";
    if (why == NULL) return RDSPOL_OK;
    return rp_fail(chain->error, RDSPOL_INPUT, "%.*s: %s", RP_SHOW(what), why);
}
