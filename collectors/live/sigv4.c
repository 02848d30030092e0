// AWS Signature Version 4: canonical request, string to sign, derived key, Authorization.
#include "collectors/live/sigv4.h"

#include "collectors/live/fail.h"
#include "vm/base/text.h"
#include "vm/base/wipe.h"

#include <stdio.h>

enum {
    MAX_SIGNED = RP_HTTP_MAX_HEADERS + 1, // and Host
    DATE_SIZE = 8,                        // 20150830
    STAMP_SIZE = 16,                      // 20150830T123600Z
    MAX_SIGNED_SIZE = 16 * 1024 * 1024    // of a canonical request, without its body
};

// Headers that proxies and clients change on the way.
#define RP_SIGV4_UNSIGNED                                                                          \
    " connection expect keep-alive proxy-authenticate proxy-authorization te trailer "             \
    "transfer-encoding upgrade user-agent x-amzn-trace-id "

typedef struct header {
    rp_str name; // lower case
    rp_str value;
} header;

// What one signature is made of. Texts are in the scratch arena, which is wiped.
typedef struct signing {
    rp_crypto *crypto;
    const rp_signer *signer;
    rp_arena *scratch;
    rp_alloc alloc;
    char stamp[STAMP_SIZE + 1];
    header headers[MAX_SIGNED];
    size_t count;
    rp_str host, path, query;
} signing;

// ---- Encoding ----------------------------------------------------------------------------------

static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

void rp_uri_encode(rp_buf *out, rp_str text, const char *safe)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (is_unreserved(c) || (c != '\0' && strchr(safe, c) != NULL)) {
            rp_buf_add_char(out, c);
        } else {
            unsigned char byte = (unsigned char)c;
            char code[3] = {'%', digits[byte >> 4], digits[byte & 15]};
            rp_buf_add(out, code, sizeof code);
        }
    }
}

// ---- The URL -----------------------------------------------------------------------------------

static size_t find_any(rp_str text, const char *set)
{
    size_t i = 0;
    while (i < text.len && (text.ptr[i] == '\0' || strchr(set, text.ptr[i]) == NULL)) i++;
    return i;
}

// Host without a name of a user and without the port that the scheme has anyway.
static rp_str host_of(rp_str authority, rp_str default_port)
{
    for (size_t at = find_any(authority, "@"); at < authority.len; at = find_any(authority, "@")) {
        authority = rp_str_from_offset(authority, at + 1);
    }
    if (rp_str_ends(authority, default_port)) authority.len -= default_port.len;
    return authority;
}

static bool split_url(signing *s, rp_str url)
{
    bool secure = rp_str_starts(url, RP_STR("https://"));
    if (!secure && !rp_str_starts(url, RP_STR("http://"))) return false;
    rp_str rest = rp_str_from_offset(url, secure ? 8 : 7);
    rest.len = find_any(rest, "#");
    size_t host = find_any(rest, "/?");
    s->host = host_of(rp_str_make(rest.ptr, host), secure ? RP_STR(":443") : RP_STR(":80"));
    s->path = rp_str_from_offset(rest, host);
    size_t path = find_any(s->path, "?");
    s->query = rp_str_from_offset(s->path, path < s->path.len ? path + 1 : path);
    s->path.len = path;
    return s->host.len != 0;
}

// ---- The canonical request ---------------------------------------------------------------------

static void forget_segment(rp_buf *out, size_t start)
{
    while (out->size > start && out->data[--out->size] != '/') {
    }
}

// RFC 3986, 5.2.4, without empty segments; each segment is encoded once more.
static void add_path(rp_buf *out, rp_str path)
{
    size_t start = out->size;
    rp_str rest = path;
    while (rest.len != 0) {
        size_t size = find_any(rest, "/");
        rp_str segment = rp_str_make(rest.ptr, size);
        rest = rp_str_from_offset(rest, size < rest.len ? size + 1 : size);
        if (size == 0 || rp_str_equal(segment, RP_STR("."))) continue;
        if (rp_str_equal(segment, RP_STR(".."))) {
            forget_segment(out, start);
        } else {
            rp_buf_add_char(out, '/');
            rp_uri_encode(out, segment, "");
        }
    }
    if (out->size == start || rp_str_ends(path, RP_STR("/"))) rp_buf_add_char(out, '/');
}

// S3 alone signs the path as it is.
static void add_canonical_path(rp_buf *out, const signing *s)
{
    if (rp_str_equal(s->signer->service, RP_STR("s3"))) {
        rp_buf_add_str(out, s->path.len != 0 ? s->path : RP_STR("/"));
    } else {
        add_path(out, s->path);
    }
}

typedef struct parameter {
    rp_str name, value;
} parameter;

static int parameter_order(const void *a, const void *b)
{
    const parameter *x = a, *y = b;
    int order = rp_str_compare(x->name, y->name);
    return order != 0 ? order : rp_str_compare(x->value, y->value);
}

static size_t split_query(rp_str query, parameter *out)
{
    size_t count = 0;
    rp_str part;
    while (rp_text_split(&query, RP_STR("&"), &part)) {
        size_t equals = find_any(part, "=");
        out[count].name = rp_str_make(part.ptr, equals);
        out[count++].value = rp_str_from_offset(part, equals < part.len ? equals + 1 : equals);
    }
    return count;
}

// Sorted by name, then value; every parameter with its `=`.
static bool add_query(rp_buf *out, const signing *s)
{
    if (s->query.len == 0) return true;
    size_t room = 1;
    for (size_t i = 0; i < s->query.len; i++) room += s->query.ptr[i] == '&';
    parameter *parameters = RP_NEW_ARRAY(s->scratch, parameter, room);
    if (parameters == NULL) return false;
    size_t count = split_query(s->query, parameters);
    qsort(parameters, count, sizeof *parameters, parameter_order);
    for (size_t i = 0; i < count; i++) {
        if (i != 0) rp_buf_add_char(out, '&');
        rp_buf_add_str(out, parameters[i].name);
        rp_buf_add_char(out, '=');
        rp_buf_add_str(out, parameters[i].value);
    }
    return true;
}

// Trimmed, runs of white space as one blank.
static void add_value(rp_buf *out, rp_str value)
{
    bool blank = false;
    bool begun = false;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        bool space = c == ' ' || (c >= '\t' && c <= '\r');
        if (!space) {
            if (blank && begun) rp_buf_add_char(out, ' ');
            rp_buf_add_char(out, c);
            begun = true;
        }
        blank = space;
    }
}

static bool is_same_as_before(const signing *s, size_t i)
{
    return i != 0 && rp_str_equal(s->headers[i].name, s->headers[i - 1].name);
}

// Values of headers of one name stand in one line.
static void add_headers(rp_buf *out, const signing *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (is_same_as_before(s, i)) {
            rp_buf_add_char(out, ',');
        } else {
            if (i != 0) rp_buf_add_char(out, '\n');
            rp_buf_add_str(out, s->headers[i].name);
            rp_buf_add_char(out, ':');
        }
        add_value(out, s->headers[i].value);
    }
    rp_buf_add_text(out, "\n\n");
}

static void add_signed_names(rp_buf *out, const signing *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (is_same_as_before(s, i)) continue;
        if (i != 0) rp_buf_add_char(out, ';');
        rp_buf_add_str(out, s->headers[i].name);
    }
}

// The hex digits of a hash.
static bool add_hash(rp_buf *out, const signing *s, rp_str data)
{
    unsigned char hash[RP_SHA256_SIZE];
    char *digits = rp_buf_grow(out, RP_SHA256_HEX_SIZE);
    bool made = digits != NULL && rp_crypto_sha256(s->crypto, data.ptr, data.len, hash);
    if (made) rp_crypto_hex(hash, digits);
    return made;
}

static bool add_canonical_request(rp_buf *out, const signing *s, const rp_http_request *request)
{
    rp_buf_add_str(out, request->method);
    rp_buf_add_char(out, '\n');
    add_canonical_path(out, s);
    rp_buf_add_char(out, '\n');
    bool added = add_query(out, s);
    rp_buf_add_char(out, '\n');
    add_headers(out, s);
    add_signed_names(out, s);
    rp_buf_add_char(out, '\n');
    return added && add_hash(out, s, request->body) && !out->failed;
}

// ---- Headers -----------------------------------------------------------------------------------

// Keeps the order of headers with one name.
static void insert_header(signing *s, rp_str name, rp_str value)
{
    size_t at = s->count++;
    for (; at > 0 && rp_str_compare(name, s->headers[at - 1].name) < 0; at--) {
        s->headers[at] = s->headers[at - 1];
    }
    s->headers[at] = (header){name, value};
}

static bool is_unsigned(rp_str name)
{
    char framed[40];
    if (name.len > sizeof framed - 2) return false;
    framed[0] = framed[name.len + 1] = ' ';
    memcpy(framed + 1, name.ptr, name.len);
    return rp_text_contains(RP_STR(RP_SIGV4_UNSIGNED), rp_str_make(framed, name.len + 2));
}

static rdspol_status take_header(signing *s, rp_str line)
{
    size_t colon = find_any(line, ":");
    char *name = rp_arena_alloc(s->scratch, colon + 1);
    if (name == NULL) return RDSPOL_NO_MEMORY;
    if (colon == 0 || colon == line.len) return RDSPOL_INVALID_ARGUMENT;
    (void)rp_text_lower(rp_str_make(line.ptr, colon), name);
    rp_str lower = rp_str_make(name, colon);
    if (!is_unsigned(lower)) insert_header(s, lower, rp_str_from_offset(line, colon + 1));
    return RDSPOL_OK;
}

// libcurl sends the host of the URL; it is signed in lower case, as it is compared.
static rdspol_status take_host(signing *s)
{
    char *host = rp_arena_alloc(s->scratch, s->host.len);
    if (host == NULL) return RDSPOL_NO_MEMORY;
    (void)rp_text_lower(s->host, host);
    insert_header(s, RP_STR("host"), rp_str_make(host, s->host.len));
    return RDSPOL_OK;
}

static rdspol_status take_headers(signing *s, const rp_http_request *request)
{
    rdspol_status status = take_host(s);
    for (size_t i = 0; i < request->header_count && status == RDSPOL_OK; i++) {
        status = take_header(s, request->headers[i]);
    }
    return status;
}

// "Name: value" as one more header of the request.
static bool append_header(rp_http_request *request, rp_arena *arena, const char *name, rp_str value)
{
    size_t size = strlen(name);
    char *text = rp_arena_alloc(arena, size + value.len + 1);
    if (text == NULL) return false;
    memcpy(text, name, size);
    memcpy(text + size, value.ptr, value.len);
    text[size + value.len] = '\0';
    request->headers[request->header_count++] = rp_str_make(text, size + value.len);
    return true;
}

// ---- The signature -----------------------------------------------------------------------------

static rp_str bytes_of(const unsigned char *hash)
{
    return rp_str_make((const char *)hash, RP_SHA256_SIZE);
}

// The key of a day, a region and a service: "AWS4" and the secret, through four HMACs.
static bool derive_key(const signing *s, unsigned char key[RP_SHA256_SIZE])
{
    rp_str steps[] = {rp_str_make(s->stamp, DATE_SIZE), s->signer->region, s->signer->service,
                      RP_STR("aws4_request")};
    size_t size = 4 + s->signer->secret_key.len;
    char *secret = rp_arena_alloc(s->scratch, size + 1);
    if (secret == NULL) return false;
    (void)snprintf(secret, size + 1, "AWS4%.*s", (int)s->signer->secret_key.len,
                   s->signer->secret_key.ptr);
    rp_str with = rp_str_make(secret, size);
    unsigned char next[RP_SHA256_SIZE];
    bool made = true;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && made; i++) {
        made = rp_crypto_hmac_sha256(s->crypto, with, steps[i], next);
        if (made) memcpy(key, next, RP_SHA256_SIZE);
        with = bytes_of(key);
    }
    rp_wipe(next, sizeof next);
    return made;
}

// 20150830/us-east-1/service/aws4_request
static void add_scope(rp_buf *out, const signing *s)
{
    rp_buf_add(out, s->stamp, DATE_SIZE);
    rp_buf_add_char(out, '/');
    rp_buf_add_str(out, s->signer->region);
    rp_buf_add_char(out, '/');
    rp_buf_add_str(out, s->signer->service);
    rp_buf_add_text(out, "/aws4_request");
}

static bool add_string_to_sign(rp_buf *out, const signing *s, rp_str canonical)
{
    rp_buf_add_text(out, "AWS4-HMAC-SHA256\n");
    rp_buf_add(out, s->stamp, STAMP_SIZE);
    rp_buf_add_char(out, '\n');
    add_scope(out, s);
    rp_buf_add_char(out, '\n');
    return add_hash(out, s, canonical);
}

static bool sign_text(const signing *s, rp_str text, char out[RP_SHA256_HEX_SIZE])
{
    unsigned char key[RP_SHA256_SIZE], mac[RP_SHA256_SIZE];
    bool made = derive_key(s, key) && rp_crypto_hmac_sha256(s->crypto, bytes_of(key), text, mac);
    if (made) rp_crypto_hex(mac, out);
    rp_wipe(key, sizeof key);
    return made;
}

static bool add_authorization(rp_buf *out, const signing *s, rp_str text)
{
    char signature[RP_SHA256_HEX_SIZE];
    if (!sign_text(s, text, signature)) return false;
    rp_buf_add_text(out, "AWS4-HMAC-SHA256 Credential=");
    rp_buf_add_str(out, s->signer->access_key);
    rp_buf_add_char(out, '/');
    add_scope(out, s);
    rp_buf_add_text(out, ", SignedHeaders=");
    add_signed_names(out, s);
    rp_buf_add_text(out, ", Signature=");
    rp_buf_add(out, signature, sizeof signature);
    return !out->failed;
}

static rdspol_status authorize(signing *s, rp_http_request *request, rp_arena *arena)
{
    rp_buf canonical, text;
    rp_buf_init(&canonical, s->alloc, MAX_SIGNED_SIZE);
    rp_buf_init(&text, s->alloc, MAX_SIGNED_SIZE);
    bool signed_ = add_canonical_request(&canonical, s, request) &&
                   add_string_to_sign(&text, s, rp_buf_str(&canonical));
    rp_buf_reset(&canonical);
    signed_ = signed_ && !text.failed && add_authorization(&canonical, s, rp_buf_str(&text)) &&
              append_header(request, arena, "Authorization: ", rp_buf_str(&canonical));
    rp_buf_free(&canonical);
    rp_buf_free(&text);
    return signed_ ? RDSPOL_OK : RDSPOL_NO_MEMORY;
}

// 2015-08-30T12:36:00Z without what separates.
static bool make_stamp(int64_t now, char out[STAMP_SIZE + 1])
{
    char text[RP_TEXT_MAX];
    size_t size = rp_time_print(now - now % 1000, text);
    size_t used = 0;
    for (size_t i = 0; i < size && used < STAMP_SIZE; i++) {
        if (text[i] != '-' && text[i] != ':') out[used++] = text[i];
    }
    out[used] = '\0';
    return now >= 0 && used == STAMP_SIZE;
}

static rdspol_status sign(signing *s, rp_http_request *request, rp_arena *arena)
{
    if (request->header_count + 3 > RP_HTTP_MAX_HEADERS || !split_url(s, request->url) ||
        !make_stamp(s->signer->now, s->stamp)) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    if (!append_header(request, arena, "X-Amz-Date: ", rp_str_make(s->stamp, STAMP_SIZE)) ||
        (s->signer->session_token.len != 0 &&
         !append_header(request, arena, "X-Amz-Security-Token: ", s->signer->session_token))) {
        return RDSPOL_NO_MEMORY;
    }
    rdspol_status status = take_headers(s, request);
    return status == RDSPOL_OK ? authorize(s, request, arena) : status;
}

rdspol_status rp_sigv4_sign(rp_crypto *crypto, const rp_signer *signer, rp_http_request *request,
                            rp_arena *arena, rdspol_error *error)
{
    if (!rp_crypto_load(crypto)) {
        return rp_fail(error, RDSPOL_UNSUPPORTED_VERSION,
                       "libcrypto was not found: requests cannot be signed without it");
    }
    rp_arena scratch;
    rp_alloc inner = arena->alloc;
    rp_alloc wiping = rp_alloc_wiping(&inner);
    rp_arena_init(&scratch, wiping);
    signing s = {.crypto = crypto, .signer = signer, .scratch = &scratch, .alloc = wiping};
    size_t before = request->header_count;
    rdspol_status status = sign(&s, request, arena);
    rp_arena_clear(&scratch);
    if (status == RDSPOL_OK) return status;
    request->header_count = before;
    return status == RDSPOL_NO_MEMORY
               ? rp_fail_no_memory(error)
               : rp_fail(error, status, "this request cannot be signed: no host, time or room");
}
