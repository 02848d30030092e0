// Keys from where the program runs: the endpoint of a container, and instance metadata version 2.
//
// Both are near, plain HTTP and without a name, so requests never go through a proxy, and a
// container's token is sent to no place that is not near or protected by TLS.
#include "collectors/live/chain.h"
#include "collectors/live/fail.h"
#include "collectors/live/file.h"
#include "collectors/live/sigv4.h"
#include "vm/base/text.h"
#include "vm/base/wipe.h"

#include <stdio.h>

enum {
    CONTAINER_LIMIT_MS = 2000,
    INSTANCE_LIMIT_MS = 1000,
    MAX_NAME = 256,
    MAX_URL = 2048,
    // Keys of an instance that expire sooner are kept that long: the service renews them late when
    // it has trouble, and they go on working.
    INSTANCE_LEAST_MS = 15 * 60 * 1000
};

static const rp_key_names container_names = {
    "AccessKeyId", "SecretAccessKey", "Token", "Expiration", true, true, false, 0};
static const rp_key_names instance_names = {
    "AccessKeyId", "SecretAccessKey", "Token", "Expiration", true, true, false, INSTANCE_LEAST_MS};

static rdspol_status refuse(rp_chain *chain, const char *what, const char *why)
{
    return rp_fail(chain->error, RDSPOL_INPUT, "%s: %s", what, why);
}

// ---- Containers --------------------------------------------------------------------------------

static bool is_near_address(rp_str host)
{
    static const char *const ranges[] = {"127.0.0.0/8", "169.254.170.2/32", "169.254.170.23/32",
                                         "::1/128", "fd00:ec2::23/128"};
    char text[RP_TEXT_MAX];
    rp_cidr address, range;
    bool bracketed = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    if (bracketed) host = rp_str_make(host.ptr + 1, host.len - 2);
    int size =
        snprintf(text, sizeof text, "%.*s/%s", (int)host.len, host.ptr, bracketed ? "128" : "32");
    if (host.len >= sizeof text || size < 0 || (size_t)size >= sizeof text ||
        !rp_cidr_parse(rp_str_make(text, (size_t)size), &address)) {
        return false;
    }
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (rp_cidr_parse(rp_str_from(ranges[i]), &range) && rp_cidr_within(&address, &range)) {
            return true;
        }
    }
    return false;
}

// The host of http://HOST[:PORT][/...]; with an @ there it is none.
static rp_str host_of(rp_str url)
{
    rp_str rest = rp_str_from_offset(url, sizeof "http://" - 1);
    size_t end = 0;
    while (end < rest.len && strchr("/?#", rest.ptr[end]) == NULL) end++;
    rp_str host = rp_str_make(rest.ptr, end);
    size_t colon = host.len;
    while (colon > 0 && host.ptr[colon - 1] >= '0' && host.ptr[colon - 1] <= '9') colon--;
    if (colon > 1 && host.ptr[colon - 1] == ':' && host.ptr[0] != '[') host.len = colon - 1;
    if (colon > 2 && host.ptr[0] == '[' && host.ptr[colon - 2] == ']') host.len = colon - 1;
    return host;
}

static bool is_allowed(rp_str url)
{
    if (!rp_chain_is_visible(url) || url.len > MAX_URL) return false;
    if (rp_str_starts(url, RP_STR("https://"))) return true;
    if (!rp_str_starts(url, RP_STR("http://"))) return false;
    rp_str host = host_of(url);
    return rp_str_equal(host, RP_STR("localhost")) || is_near_address(host);
}

// An empty text: there is neither variable.
static rp_str container_url(rp_chain *chain)
{
    const char *relative = rp_chain_variable(chain, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = rp_chain_variable(chain, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (relative != NULL) {
        return rp_chain_format(chain, "http://169.254.170.2%s%s", relative[0] == '/' ? "" : "/",
                               relative);
    }
    return rp_str_from(full != NULL ? full : "");
}

// RDSPOL_DONE: there is none.
static rdspol_status container_token(rp_chain *chain, rp_str *token)
{
    const char *path = rp_chain_variable(chain, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *text = rp_chain_variable(chain, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (path != NULL) {
        rdspol_status status = rp_file_read(chain->arena, path, token, chain->error);
        *token = status == RDSPOL_OK ? rp_text_trim(*token) : rp_str_make("", 0);
        return status == RDSPOL_DONE ? refuse(chain, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                                              "there is no such file")
                                     : status;
    }
    *token = rp_str_from(text != NULL ? text : "");
    return text != NULL ? RDSPOL_OK : RDSPOL_DONE;
}

static rdspol_status add_token(rp_chain *chain, rp_http_request *request)
{
    rp_str token;
    rdspol_status status = container_token(chain, &token);
    if (status != RDSPOL_OK) return status == RDSPOL_DONE ? RDSPOL_OK : status;
    for (size_t i = 0; i < token.len; i++) {
        if ((unsigned char)token.ptr[i] < ' ' || (unsigned char)token.ptr[i] >= 0x7f) {
            return refuse(chain, "container", "the authorization token cannot be sent in a header");
        }
    }
    rp_str header = rp_chain_format(chain, "Authorization: %.*s", (int)token.len, token.ptr);
    if (header.ptr == NULL) return rp_fail_no_memory(chain->error);
    request->headers[request->header_count++] = header;
    return RDSPOL_OK;
}

// The keys of an answer that has 200.
static rdspol_status read_answer(rp_chain *chain, const rp_http_answer *answer,
                                 const rp_key_names *names, rp_str what, rp_keys *keys)
{
    size_t offset;
    if (answer->fault != RP_HTTP_NONE || answer->status != 200) {
        return rp_chain_refuse(chain, what, answer);
    }
    rp_document *document = rp_document_parse(rp_buf_str(&answer->body), &offset);
    rdspol_status status = rp_chain_keys(chain, document, names, what, keys);
    rp_document_wipe(document);
    return status;
}

rdspol_status rp_container_find(rp_chain *chain, rp_keys *keys)
{
    rp_http_answer answer;
    rp_str url = container_url(chain);
    if (url.ptr == NULL) return rp_fail_no_memory(chain->error);
    if (url.len == 0) return RDSPOL_DONE;
    if (!is_allowed(url)) {
        return refuse(chain, "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                      "neither https nor an address of this host or its container service");
    }
    rp_http_request request = {.method = RP_STR("GET"),
                               .url = url,
                               .headers = {RP_STR("Accept: application/json")},
                               .header_count = 1,
                               .connect_ms = CONTAINER_LIMIT_MS,
                               .total_ms = CONTAINER_LIMIT_MS,
                               .max_size = RP_CHAIN_MAX_ANSWER,
                               .direct = !rp_str_starts(url, RP_STR("https://"))};
    rdspol_status status = add_token(chain, &request);
    if (status != RDSPOL_OK) return status;
    rp_chain_fetch(chain, &request, true, &answer);
    status = read_answer(chain, &answer, &container_names, RP_STR("container"), keys);
    rp_chain_forget(&answer);
    keys->source = RP_STR("container");
    return status;
}

// ---- Instance metadata -------------------------------------------------------------------------

// Where it answers, with a `/` at its end.
static rdspol_status instance_base(rp_chain *chain, rp_str *base)
{
    const rp_settings *settings = chain->opts->settings;
    rp_str own = rp_settings_get(settings, "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                                 "ec2_metadata_service_endpoint");
    rp_str mode = rp_settings_get(settings, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                                  "ec2_metadata_service_endpoint_mode");
    char lower[5] = "ipv4";
    if (mode.len == 4) (void)rp_text_lower(mode, lower);
    bool six = strcmp(lower, "ipv6") == 0;
    if ((mode.len != 0 && mode.len != 4) || (!six && strcmp(lower, "ipv4") != 0)) {
        return refuse(chain, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "neither IPv4 nor IPv6");
    }
    if (own.len == 0)
        own = six ? RP_STR("http://[fd00:ec2::254]") : RP_STR("http://169.254.169.254");
    if (!rp_endpoint_url_is_valid(own)) {
        return refuse(chain, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "it is no URL");
    }
    while (rp_str_ends(own, RP_STR("/"))) own.len--;
    *base = rp_chain_format(chain, "%.*s/", (int)own.len, own.ptr);
    return base->ptr != NULL ? RDSPOL_OK : rp_fail_no_memory(chain->error);
}

static bool is_disabled(const rp_chain *chain)
{
    char lower[4];
    const char *value = rp_chain_variable(chain, "AWS_EC2_METADATA_DISABLED");
    if (value == NULL || strlen(value) != sizeof lower) return false;
    (void)rp_text_lower(rp_str_make(value, sizeof lower), lower);
    return memcmp(lower, "true", sizeof lower) == 0;
}

static rp_http_request instance_request(const char *method, rp_str url, rp_str header)
{
    return (rp_http_request){.method = rp_str_from(method),
                             .url = url,
                             .headers = {header},
                             .header_count = 1,
                             .connect_ms = INSTANCE_LIMIT_MS,
                             .total_ms = INSTANCE_LIMIT_MS,
                             .max_size = RP_CHAIN_MAX_ANSWER,
                             .direct = true};
}

static bool is_good(const rp_http_answer *answer)
{
    return answer->fault == RP_HTTP_NONE && answer->status == 200 && answer->body.size != 0;
}

// The header that further requests carry. RDSPOL_DONE if nobody gives a token: then this is no
// instance, or one whose metadata a container may not reach; version 1 is never asked.
static rdspol_status instance_token(rp_chain *chain, rp_str base, rp_str *header)
{
    rp_http_answer answer;
    rp_str url = rp_chain_format(chain, "%.*slatest/api/token", (int)base.len, base.ptr);
    if (url.ptr == NULL) return rp_fail_no_memory(chain->error);
    rp_http_request request =
        instance_request("PUT", url, RP_STR("x-aws-ec2-metadata-token-ttl-seconds: 21600"));
    rp_chain_fetch(chain, &request, false, &answer);
    rp_str token = rp_text_trim(rp_buf_str(&answer.body));
    rdspol_status status = RDSPOL_DONE;
    if (is_good(&answer) && token.len != 0 && rp_chain_is_visible(token)) {
        *header =
            rp_chain_format(chain, "x-aws-ec2-metadata-token: %.*s", (int)token.len, token.ptr);
        status = header->ptr != NULL ? RDSPOL_OK : rp_fail_no_memory(chain->error);
    } else if (answer.fault == RP_HTTP_NO_MEMORY) {
        status = rp_fail_no_memory(chain->error);
    }
    rp_chain_forget(&answer);
    return status;
}

// The path of the role's keys. RDSPOL_DONE if the instance has no role.
static rdspol_status instance_role(rp_chain *chain, rp_str base, rp_str header, rp_str *url)
{
    rp_http_answer answer;
    rp_str list = rp_chain_format(chain, "%.*slatest/meta-data/iam/security-credentials/",
                                  (int)base.len, base.ptr);
    if (list.ptr == NULL) return rp_fail_no_memory(chain->error);
    rp_http_request request = instance_request("GET", list, header);
    rp_chain_fetch(chain, &request, true, &answer);
    rp_str name = rp_text_trim(rp_buf_str(&answer.body));
    rdspol_status status = RDSPOL_OK;
    if (answer.fault == RP_HTTP_NONE && answer.status == 404) {
        status = RDSPOL_DONE;
    } else if (!is_good(&answer)) {
        status = rp_chain_refuse(chain, RP_STR("instance metadata (name of the role)"), &answer);
    } else if (name.len == 0 || name.len > MAX_NAME || !rp_chain_is_visible(name)) {
        status = refuse(chain, "instance metadata", "the name of the role is none");
    } else {
        rp_buf text;
        rp_buf_init(&text, chain->arena->alloc, MAX_URL);
        rp_buf_add_str(&text, list);
        rp_uri_encode(&text, name, "");
        *url = text.failed ? rp_str_make(NULL, 0) : rp_arena_str(chain->arena, rp_buf_str(&text));
        rp_buf_free(&text);
        if (url->ptr == NULL) status = rp_fail_no_memory(chain->error);
    }
    rp_chain_forget(&answer);
    return status;
}

static rdspol_status instance_keys(rp_chain *chain, rp_str url, rp_str header, rp_keys *keys)
{
    rp_http_answer answer;
    rp_http_request request = instance_request("GET", url, header);
    rp_chain_fetch(chain, &request, true, &answer);
    rdspol_status status =
        read_answer(chain, &answer, &instance_names, RP_STR("instance metadata"), keys);
    rp_chain_forget(&answer);
    return status;
}

static rdspol_status instance_region(rp_chain *chain, rp_str *region)
{
    rp_http_answer answer;
    rp_str base = {NULL, 0}, header = {NULL, 0};
    if (is_disabled(chain)) return RDSPOL_DONE;
    rdspol_status status = instance_base(chain, &base);
    if (status == RDSPOL_OK) status = instance_token(chain, base, &header);
    if (status != RDSPOL_OK) return status;
    rp_str url =
        rp_chain_format(chain, "%.*slatest/meta-data/placement/region", (int)base.len, base.ptr);
    if (url.ptr == NULL) return rp_fail_no_memory(chain->error);
    rp_http_request request = instance_request("GET", url, header);
    rp_chain_fetch(chain, &request, true, &answer);
    rp_str text = rp_text_trim(rp_buf_str(&answer.body));
    status = RDSPOL_DONE;
    if (is_good(&answer) && rp_region_is_valid(text)) {
        *region = rp_chain_format(chain, "%.*s", (int)text.len, text.ptr);
        status = region->ptr != NULL ? RDSPOL_OK : rp_fail_no_memory(chain->error);
    }
    rp_chain_forget(&answer);
    return status;
}

rdspol_status rp_credentials_region(const rp_credentials_opts *opts, rp_arena *arena,
                                    rp_str *region, rdspol_error *error)
{
    rp_arena scratch;
    rp_alloc inner = opts->alloc;
    *region = opts->settings->region;
    if (region->len != 0) return RDSPOL_OK;
    rp_arena_init(&scratch, rp_alloc_wiping(&inner));
    rp_chain chain = {.opts = opts, .arena = &scratch, .error = error};
    rp_str found = {NULL, 0};
    rdspol_status status = instance_region(&chain, &found);
    if (status == RDSPOL_OK) {
        *region = rp_arena_str(arena, found);
        if (region->ptr == NULL) status = rp_fail_no_memory(error);
    }
    rp_arena_clear(&scratch);
    return status;
}

rdspol_status rp_instance_find(rp_chain *chain, rp_keys *keys)
{
    rp_str base = {NULL, 0}, header = {NULL, 0}, url = {NULL, 0};
    if (is_disabled(chain)) return RDSPOL_DONE;
    rdspol_status status = instance_base(chain, &base);
    if (status == RDSPOL_OK) status = instance_token(chain, base, &header);
    if (status == RDSPOL_OK) status = instance_role(chain, base, header, &url);
    if (status == RDSPOL_OK) status = instance_keys(chain, url, header, keys);
    keys->source = RP_STR("instance metadata");
    return status;
}
