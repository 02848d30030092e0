// IAM Identity Center (SSO): keys of a role for the token that `aws sso login` has left behind.
#include "collectors/live/chain.h"
#include "collectors/live/fail.h"
#include "collectors/live/file.h"
#include "collectors/live/sigv4.h"
#include "vm/base/text.h"

enum { MAX_QUERY = 4096, MAX_TOKEN = 16 * 1024 };

static const rp_key_names names = {
    "accessKeyId", "secretAccessKey", "sessionToken", "expiration", true, true, true, 0};

// What a profile says about SSO, with what its [sso-session] adds.
typedef struct sso {
    rp_str profile, session; // `session` NULL: the older form, without one
    rp_str start_url, region, role, account;
    rp_str what;
} sso;

// ---- Configuration -----------------------------------------------------------------------------

// A setting of the session; the profile may say it too, but nothing else.
static rdspol_status find_setting(rp_chain *chain, const sso *s, const char *name, rp_str *value)
{
    const rp_profiles *profiles = &chain->opts->settings->profiles;
    rp_str own = rp_chain_profile(chain, s->profile, name);
    rp_str shared = {NULL, 0};
    if (s->session.ptr != NULL) shared = rp_profile_sso_session(profiles, s->session, name);
    if (own.ptr != NULL && shared.ptr != NULL && !rp_str_equal(own, shared)) {
        return rp_fail(chain->error, RDSPOL_INPUT,
                       "profile %.*s: its %s is not that of [sso-session %.*s]",
                       RP_SHOW(s->profile), name, RP_SHOW(s->session));
    }
    *value = shared.ptr != NULL ? shared : own;
    if (value->len != 0) return RDSPOL_OK;
    return rp_fail(chain->error, RDSPOL_INPUT, "profile %.*s uses SSO, but %s is missing",
                   RP_SHOW(s->profile), name);
}

static rdspol_status find_settings(rp_chain *chain, sso *s)
{
    s->session = rp_chain_profile(chain, s->profile, "sso_session");
    if (s->session.ptr != NULL &&
        !rp_profile_has_sso_session(&chain->opts->settings->profiles, s->session)) {
        return rp_fail(chain->error, RDSPOL_INPUT,
                       "profile %.*s: there is no section [sso-session %.*s]", RP_SHOW(s->profile),
                       RP_SHOW(s->session));
    }
    const char *const texts[] = {"sso_start_url", "sso_region", "sso_role_name", "sso_account_id"};
    rp_str *const values[] = {&s->start_url, &s->region, &s->role, &s->account};
    rdspol_status status = RDSPOL_OK;
    for (size_t i = 0; i < 4 && status == RDSPOL_OK; i++) {
        status = find_setting(chain, s, texts[i], values[i]);
    }
    return status;
}

// ---- The token ---------------------------------------------------------------------------------

static rdspol_status ask_for_login(rp_chain *chain, const sso *s, const char *why)
{
    return rp_fail(chain->error, RDSPOL_INPUT,
                   "profile %.*s: %s; run: aws sso login --profile %.*s", RP_SHOW(s->profile), why,
                   RP_SHOW(s->profile));
}

// ~/.aws/sso/cache/SHA-1.json, of the name of the session or else of the start URL.
static const char *token_path(rp_chain *chain, const sso *s)
{
    unsigned char hash[RP_SHA1_SIZE];
    char digits[2 * RP_SHA1_SIZE];
    rp_str of = s->session.ptr != NULL ? s->session : s->start_url;
    if (!rp_crypto_sha1(chain->opts->crypto, of.ptr, of.len, hash)) return NULL;
    rp_crypto_hex_of(hash, sizeof hash, digits);
    rp_str path = rp_chain_format(chain, "~/.aws/sso/cache/%.*s.json", (int)sizeof digits, digits);
    if (path.ptr == NULL) return NULL;
    return rp_file_expand(chain->arena, chain->opts->settings->environment, path);
}

// 2027-03-31T12:00:00Z; older versions wrote UTC in place of Z.
static bool read_expiry(rp_chain *chain, rp_str text, int64_t *ms)
{
    if (rp_str_ends(text, RP_STR("UTC"))) {
        text = rp_chain_format(chain, "%.*sZ", (int)(text.len - 3), text.ptr);
    }
    return text.ptr != NULL && rp_time_parse_iso(text, ms);
}

static rdspol_status read_token(rp_chain *chain, const sso *s, const rp_document *document,
                                rp_str *token)
{
    int64_t expires;
    rp_str until = rp_chain_text(chain, document, "expiresAt");
    *token = rp_chain_text(chain, document, "accessToken");
    if (token->len == 0 || token->len > MAX_TOKEN || !rp_chain_is_visible(*token) ||
        !read_expiry(chain, until, &expires)) {
        return ask_for_login(chain, s, "the token of SSO is not readable");
    }
    if (expires <= rp_chain_now(chain)) {
        return ask_for_login(chain, s, "the token of SSO has expired");
    }
    return RDSPOL_OK;
}

static rdspol_status load_token(rp_chain *chain, const sso *s, rp_str *token)
{
    rp_str text;
    size_t offset;
    if (!rp_crypto_load(chain->opts->crypto)) {
        return rp_fail(chain->error, RDSPOL_UNSUPPORTED_VERSION,
                       "libcrypto was not found: tokens of SSO cannot be found without it");
    }
    const char *path = token_path(chain, s);
    if (path == NULL) return rp_fail_no_memory(chain->error);
    rdspol_status status = rp_file_read(chain->arena, path, &text, chain->error);
    if (status == RDSPOL_DONE) return ask_for_login(chain, s, "there is no token of SSO");
    if (status != RDSPOL_OK) return status;
    rp_document *document = rp_document_parse(text, &offset);
    status = read_token(chain, s, document, token);
    rp_document_wipe(document);
    return status;
}

// ---- The request -------------------------------------------------------------------------------

static rp_str make_url(rp_chain *chain, const sso *s, rp_str base)
{
    rp_buf url;
    rp_buf_init(&url, chain->arena->alloc, MAX_QUERY);
    rp_buf_add_str(&url, base);
    rp_buf_add_text(&url, "/federation/credentials?role_name=");
    rp_uri_encode(&url, s->role, "");
    rp_buf_add_text(&url, "&account_id=");
    rp_uri_encode(&url, s->account, "");
    rp_str text = url.failed ? rp_str_make(NULL, 0) : rp_arena_str(chain->arena, rp_buf_str(&url));
    rp_buf_free(&url);
    return text;
}

static rdspol_status read_answer(rp_chain *chain, const sso *s, const rp_http_answer *answer,
                                 rp_keys *keys)
{
    size_t offset;
    if (answer->fault == RP_HTTP_NONE && answer->status == 401) {
        return ask_for_login(chain, s, "the token of SSO is no longer accepted");
    }
    if (answer->fault != RP_HTTP_NONE || answer->status != 200) {
        return rp_chain_refuse(chain, s->what, answer);
    }
    rp_document *document = rp_document_parse(rp_buf_str(&answer->body), &offset);
    rdspol_status status =
        rp_chain_keys(chain, rp_chain_member(document, "roleCredentials"), &names, s->what, keys);
    rp_document_wipe(document);
    return status;
}

static rdspol_status fetch_keys(rp_chain *chain, const sso *s, rp_str token, rp_keys *keys)
{
    rp_endpoint endpoint;
    rp_http_answer answer;
    rdspol_status status =
        rp_settings_endpoint(chain->opts->settings, chain->arena, RP_STR("sso"), s->region,
                             rp_str_make(NULL, 0), &endpoint, chain->error);
    if (status != RDSPOL_OK) return status;
    rp_http_request request = {.method = RP_STR("GET"),
                               .url = make_url(chain, s, endpoint.url),
                               .headers = {rp_chain_format(chain, "x-amz-sso_bearer_token: %.*s",
                                                           (int)token.len, token.ptr),
                                           RP_STR("Accept: application/json")},
                               .header_count = 2,
                               .max_size = RP_CHAIN_MAX_ANSWER};
    if (request.url.ptr == NULL || request.headers[0].ptr == NULL) {
        return rp_fail_no_memory(chain->error);
    }
    rp_chain_fetch(chain, &request, true, &answer);
    status = read_answer(chain, s, &answer, keys);
    rp_chain_forget(&answer);
    return status;
}

rdspol_status rp_sso_find(rp_chain *chain, rp_str profile, rp_keys *keys)
{
    sso s = {.profile = profile};
    rp_str token = {NULL, 0};
    if (rp_chain_profile(chain, profile, "sso_role_name").ptr == NULL &&
        rp_chain_profile(chain, profile, "sso_account_id").ptr == NULL) {
        return RDSPOL_DONE;
    }
    s.what = rp_chain_format(chain, "profile %.*s (SSO)", RP_SHOW(profile));
    if (s.what.ptr == NULL) return rp_fail_no_memory(chain->error);
    rdspol_status status = find_settings(chain, &s);
    if (status == RDSPOL_OK) status = load_token(chain, &s, &token);
    if (status == RDSPOL_OK) status = fetch_keys(chain, &s, token, keys);
    keys->source = s.what;
    return status;
}
