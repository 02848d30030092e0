// Roles: AssumeRole and AssumeRoleWithWebIdentity of the Security Token Service.
#include "collectors/live/chain.h"
#include "collectors/live/fail.h"
#include "collectors/live/sigv4.h"
#include "vm/base/text.h"

enum { MAX_BODY = 128 * 1024, MAX_CODE = 64 };

static const rp_key_names names = {
    "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", true, true, false, 0};

// One call and what it is called in messages.
typedef struct call {
    rp_chain *chain;
    const char *action;
    const rp_role *role;
    rp_str token; // of a web identity; empty: the request is signed instead
    rp_str what;
    rp_str region;
} call;

// ---- The request -------------------------------------------------------------------------------

static void add_field(rp_buf *body, const char *name, rp_str value)
{
    if (value.len == 0) return;
    rp_buf_printf(body, "&%s=", name);
    rp_uri_encode(body, value, "");
}

static rp_str session_name(const call *c)
{
    if (c->role->session_name.len != 0) return c->role->session_name;
    return rp_chain_format(c->chain, "rdspol-%lld", (long long)(rp_chain_now(c->chain) / 1000));
}

static rp_str make_body(const call *c)
{
    rp_buf body;
    rp_buf_init(&body, c->chain->arena->alloc, MAX_BODY);
    rp_buf_printf(&body, "Action=%s&Version=2011-06-15", c->action);
    add_field(&body, "RoleArn", c->role->arn);
    add_field(&body, "RoleSessionName", session_name(c));
    add_field(&body, "ExternalId", c->role->external_id);
    add_field(&body, "WebIdentityToken", c->token);
    if (c->role->duration > 0) {
        rp_buf_printf(&body, "&DurationSeconds=%lld", (long long)c->role->duration);
    }
    rp_str text =
        body.failed ? rp_str_make(NULL, 0) : rp_arena_str(c->chain->arena, rp_buf_str(&body));
    rp_buf_free(&body);
    return text;
}

static rdspol_status sign_request(const call *c, rp_str region, const rp_keys *keys,
                                  rp_http_request *request)
{
    rp_signer signer = {.access_key = keys->access_key,
                        .secret_key = keys->secret_key,
                        .session_token = keys->session_token,
                        .region = region,
                        .service = RP_STR("sts"),
                        .now = rp_chain_now(c->chain)};
    return rp_sigv4_sign(c->chain->opts->crypto, &signer, request, c->chain->arena,
                         c->chain->error);
}

static rdspol_status make_request(const call *c, const rp_keys *keys, rp_http_request *request)
{
    rp_chain *chain = c->chain;
    rp_endpoint endpoint;
    rdspol_status status =
        rp_settings_endpoint(chain->opts->settings, chain->arena, RP_STR("sts"), c->region,
                             rp_str_make(NULL, 0), &endpoint, chain->error);
    if (status != RDSPOL_OK) return status;
    *request = (rp_http_request){
        .method = RP_STR("POST"),
        .url = rp_chain_format(chain, "%.*s/", (int)endpoint.url.len, endpoint.url.ptr),
        .headers = {RP_STR("Content-Type: application/x-www-form-urlencoded; charset=utf-8"),
                    RP_STR("Accept: application/json")},
        .header_count = 2,
        .body = make_body(c),
        .max_size = RP_CHAIN_MAX_ANSWER};
    if (request->url.ptr == NULL || request->body.ptr == NULL)
        return rp_fail_no_memory(chain->error);
    return c->token.len != 0 ? RDSPOL_OK : sign_request(c, endpoint.region, keys, request);
}

// ---- The answer --------------------------------------------------------------------------------

static size_t find_text(rp_str text, rp_str part)
{
    size_t at = 0;
    while (at + part.len <= text.len && memcmp(text.ptr + at, part.ptr, part.len) != 0) at++;
    return at + part.len <= text.len ? at : text.len;
}

// What stands between <name> and </name>, the first time; a `ptr` of NULL if it does not.
static rp_str element(rp_chain *chain, rp_str text, const char *name)
{
    rp_str open = rp_chain_format(chain, "<%s>", name);
    rp_str close = rp_chain_format(chain, "</%s>", name);
    if (open.ptr == NULL || close.ptr == NULL) return rp_str_make(NULL, 0);
    size_t at = find_text(text, open);
    if (at == text.len) return rp_str_make(NULL, 0);
    rp_str rest = rp_str_from_offset(text, at + open.len);
    size_t end = find_text(rest, close);
    return end == rest.len ? rp_str_make(NULL, 0) : rp_str_make(rest.ptr, end);
}

// An element that is text and nothing else: no keys of AWS need entities, and there is no DTD.
static rp_str plain_element(rp_chain *chain, rp_str text, const char *name)
{
    rp_str found = element(chain, text, name);
    for (size_t i = 0; i < found.len; i++) {
        if (found.ptr[i] == '<' || found.ptr[i] == '&') return rp_str_make(NULL, 0);
    }
    return found.ptr != NULL ? rp_text_trim(found) : found;
}

// Simulators answer in XML whatever is asked for. Four elements are taken out of it; that is all.
static rdspol_status read_xml(const call *c, rp_str body, rp_keys *keys)
{
    rp_chain *chain = c->chain;
    rp_str credentials = element(chain, body, "Credentials");
    rp_str expires = plain_element(chain, credentials, names.expires);
    rp_str texts[] = {plain_element(chain, credentials, names.access_key),
                      plain_element(chain, credentials, names.secret_key),
                      plain_element(chain, credentials, names.session_token)};
    bool read = expires.ptr != NULL && rp_time_parse(expires, &keys->expires);
    for (size_t i = 0; i < 3; i++) read = read && texts[i].len != 0;
    if (!read) {
        return rp_fail(chain->error, RDSPOL_INPUT, "%.*s: the answer has no credentials",
                       RP_SHOW(c->what));
    }
    if (keys->expires <= 0) keys->expires = 1;
    keys->access_key = rp_arena_str(chain->arena, texts[0]);
    keys->secret_key = rp_arena_str(chain->arena, texts[1]);
    keys->session_token = rp_arena_str(chain->arena, texts[2]);
    if (keys->access_key.ptr == NULL || keys->secret_key.ptr == NULL ||
        keys->session_token.ptr == NULL) {
        return rp_fail_no_memory(chain->error);
    }
    return rp_chain_check(chain, c->what, keys);
}

static rdspol_status read_json(const call *c, rp_str body, rp_keys *keys)
{
    size_t offset;
    rp_str response = rp_chain_format(c->chain, "%sResponse", c->action);
    rp_str result = rp_chain_format(c->chain, "%sResult", c->action);
    if (response.ptr == NULL || result.ptr == NULL) return rp_fail_no_memory(c->chain->error);
    rp_document *document = rp_document_parse(body, &offset);
    const rp_document *inside =
        rp_chain_member(rp_chain_member(document, response.ptr), result.ptr);
    rdspol_status status =
        rp_chain_keys(c->chain, rp_chain_member(inside, "Credentials"), &names, c->what, keys);
    rp_document_wipe(document);
    return status;
}

static rdspol_status read_answer(const call *c, rp_str body, rp_keys *keys)
{
    rp_str text = rp_text_trim(body);
    bool xml = text.len != 0 && text.ptr[0] == '<';
    return xml ? read_xml(c, text, keys) : read_json(c, text, keys);
}

static bool is_code(rp_str text)
{
    bool good = text.len != 0 && text.len <= MAX_CODE;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        good = good && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.');
    }
    return good;
}

// The code of an error, in JSON or XML; "" if there is none. In the arena.
static rp_str error_code(const call *c, rp_str body)
{
    size_t offset;
    rp_str text = rp_text_trim(body);
    if (text.len != 0 && text.ptr[0] == '<') {
        text = plain_element(c->chain, text, "Code");
    } else {
        rp_document *document = rp_document_parse(text, &offset);
        text = rp_chain_text(c->chain, rp_chain_member(document, "Error"), "Code");
        rp_document_wipe(document);
    }
    return is_code(text) ? text : RP_STR("");
}

// What STS says about it is not shown but for its code: the text may repeat headers of the request.
static rdspol_status refuse(const call *c, const rp_http_answer *answer)
{
    rp_str code = error_code(c, rp_buf_str(&answer->body));
    if (answer->fault != RP_HTTP_NONE || code.len == 0) {
        return rp_chain_refuse(c->chain, c->what, answer);
    }
    return rp_fail(c->chain->error, RDSPOL_INPUT, "%.*s: %.*s (HTTP %ld)", RP_SHOW(c->what),
                   RP_SHOW(code), answer->status);
}

// ---- Calls -------------------------------------------------------------------------------------

static rdspol_status send_request(const call *c, const rp_http_request *request, rp_keys *keys)
{
    rp_http_answer answer;
    rp_chain_fetch(c->chain, request, true, &answer);
    bool good = answer.fault == RP_HTTP_NONE && answer.status == 200;
    rdspol_status status =
        good ? read_answer(c, rp_buf_str(&answer.body), keys) : refuse(c, &answer);
    rp_chain_forget(&answer);
    keys->source = c->role->source;
    keys->is_role = true;
    return status;
}

static rp_str find_region(const rp_chain *chain)
{
    if (chain->opts->region.len != 0) return chain->opts->region;
    return chain->opts->settings->region.len != 0 ? chain->opts->settings->region
                                                  : RP_STR("us-east-1");
}

static rdspol_status make_call(rp_chain *chain, const char *action, const rp_role *role,
                               rp_str token, rp_keys *keys)
{
    rp_http_request request;
    call c = {.chain = chain, .action = action, .role = role, .token = token};
    c.region = find_region(chain);
    c.what = rp_chain_format(chain, "assuming role %.*s", RP_SHOW(role->arn));
    if (c.what.ptr == NULL) return rp_fail_no_memory(chain->error);
    rdspol_status status = make_request(&c, keys, &request);
    return status == RDSPOL_OK ? send_request(&c, &request, keys) : status;
}

rdspol_status rp_sts_assume(rp_chain *chain, const rp_role *role, rp_keys *keys)
{
    return make_call(chain, "AssumeRole", role, rp_str_make(NULL, 0), keys);
}

rdspol_status rp_sts_web_identity(rp_chain *chain, const rp_role *role, rp_str token, rp_keys *keys)
{
    return make_call(chain, "AssumeRoleWithWebIdentity", role, token, keys);
}
