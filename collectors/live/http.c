// Transfers with libcurl's multi interface. Its functions are looked up by name: linking to it
// would cost every start some 3 ms.
#define CURL_DISABLE_TYPECHECK
#include "collectors/live/http.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <stdio.h>
#include <strings.h>

enum { DEFAULT_CONNECT_MS = 5000, DEFAULT_TOTAL_MS = 60000, DEFAULT_CONNECTIONS = 16 };
enum { OLDEST_VERSION = 0x075500 }; // 7.85: CURLOPT_PROTOCOLS_STR
#define DEFAULT_MAX_SIZE ((size_t)256 << 20)
#define MAX_HELD ((size_t)512 << 20) // bytes of all bodies together

// The functions that are used, once: X(name in libcurl, result, arguments).
#define CURL_FUNCTIONS(X)                                                                          \
    X(global_init, CURLcode, (long flags))                                                         \
    X(global_cleanup, void, (void))                                                                \
    X(version_info, curl_version_info_data *, (CURLversion))                                       \
    X(slist_append, struct curl_slist *, (struct curl_slist *, const char *))                      \
    X(slist_free_all, void, (struct curl_slist *))                                                 \
    X(easy_init, CURL *, (void))                                                                   \
    X(easy_cleanup, void, (CURL *))                                                                \
    X(easy_reset, void, (CURL *))                                                                  \
    X(easy_setopt, CURLcode, (CURL *, CURLoption, ...))                                            \
    X(easy_getinfo, CURLcode, (CURL *, CURLINFO, ...))                                             \
    X(easy_strerror, const char *, (CURLcode))                                                     \
    X(multi_init, CURLM *, (void))                                                                 \
    X(multi_cleanup, CURLMcode, (CURLM *))                                                         \
    X(multi_setopt, CURLMcode, (CURLM *, CURLMoption, ...))                                        \
    X(multi_add_handle, CURLMcode, (CURLM *, CURL *))                                              \
    X(multi_remove_handle, CURLMcode, (CURLM *, CURL *))                                           \
    X(multi_perform, CURLMcode, (CURLM *, int *))                                                  \
    X(multi_poll, CURLMcode, (CURLM *, struct curl_waitfd[], unsigned, int, int *))                \
    X(multi_info_read, CURLMsg *, (CURLM *, int *))

// libcurl's macros of the same names would get in the way.
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

typedef struct curl_table {
#define MEMBER(name, result, arguments) result(*name) arguments;
    CURL_FUNCTIONS(MEMBER)
#undef MEMBER
} curl_table;

typedef struct transfer {
    struct transfer *next;  // of those that ended, or are free
    struct transfer *other; // of all that were made
    bool active;            // libcurl knows the handle
    rp_http *http;
    CURL *easy;
    struct curl_slist *headers;
    void *tag;
    char *url, *body;
    size_t url_size, body_size;
    rp_http_answer answer;
    size_t held; // bytes of the body
    bool too_large;
    char reason[CURL_ERROR_SIZE];
} transfer;

struct rp_http {
    rp_alloc alloc;
    void *library;
    curl_table curl;
    CURLM *multi;
    bool initialised;
    const char *ca_bundle, *agent;
    uint32_t running;
    size_t held;                  // bytes of bodies that were not taken
    transfer *ended, *last_ended; // in the order in which they ended
    transfer *spare;              // with a handle that may be used again
    transfer *all;
    bool (*stopped)(void *ctx); // may be NULL
    void *stopped_ctx;
};

void rp_http_answer_clear(rp_http_answer *answer)
{
    rp_buf_free(&answer->body);
    *answer = (rp_http_answer){0};
}

// ---- The library -------------------------------------------------------------------------------

static void *open_library(void)
{
    static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.so",
                                        "libcurl.4.dylib"};
    void *library = NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && library == NULL; i++) {
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    }
    return library;
}

// ISO C has no conversion from an object pointer to a function pointer; POSIX says that their
// representations agree.
static bool find(void *library, const char *name, void *function, size_t size)
{
    void *symbol = dlsym(library, name);
    memcpy(function, &symbol, size);
    return symbol != NULL;
}

static bool load(rp_http *http)
{
    curl_table *c = &http->curl;
    http->library = open_library();
    bool found = http->library != NULL;
#define FIND(name, result, arguments)                                                              \
    found = found && find(http->library, "curl_" #name, &c->name, sizeof c->name);
    CURL_FUNCTIONS(FIND)
#undef FIND
    return found && c->version_info(CURLVERSION_NOW)->version_num >= OLDEST_VERSION;
}

static bool begin(rp_http *http, uint32_t connections)
{
    const curl_table *c = &http->curl;
    http->initialised = c->global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    http->multi = http->initialised ? c->multi_init() : NULL;
    long limit = connections != 0 ? (long)connections : DEFAULT_CONNECTIONS;
    return http->multi != NULL &&
           c->multi_setopt(http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, limit) == CURLM_OK;
}

rdspol_status rp_http_open(rp_http **out, const rp_http_opts *opts, rdspol_error *error)
{
    static const char missing[] =
        "live collection needs libcurl 7.85 or later, which was not found";
    rp_alloc alloc = rp_alloc_or_libc(opts->alloc);
    rdspol_status status = RDSPOL_NO_MEMORY;
    rp_http *http = rp_alloc_get_zero(alloc, sizeof *http);
    *out = NULL;
    if (http != NULL) {
        http->alloc = alloc;
        http->ca_bundle = opts->ca_bundle;
        http->agent = opts->agent;
        status = !load(http) ? RDSPOL_INPUT
                             : (begin(http, opts->connections) ? RDSPOL_OK : RDSPOL_NO_MEMORY);
    }
    if (status == RDSPOL_OK) {
        *out = http;
        return status;
    }
    rp_http_close(http);
    if (error != NULL) {
        *error = (rdspol_error){.status = status};
        (void)snprintf(error->message, sizeof error->message, "%s",
                       status == RDSPOL_INPUT ? missing : "out of memory");
    }
    return status;
}

// ---- Transfers ---------------------------------------------------------------------------------

// What belongs to one request; the handle stays for the next.
static void forget(transfer *t)
{
    rp_http *http = t->http;
    http->curl.slist_free_all(t->headers);
    rp_alloc_free(http->alloc, t->url, t->url_size);
    rp_alloc_free(http->alloc, t->body, t->body_size);
    rp_http_answer_clear(&t->answer);
    http->held -= t->held;
    t->held = 0;
    t->headers = NULL;
    t->url = t->body = NULL;
    t->too_large = false;
}

static void release(transfer *t)
{
    forget(t);
    t->http->curl.easy_reset(t->easy);
    t->next = t->http->spare;
    t->http->spare = t;
}

static void destroy(transfer *t)
{
    if (t->active) (void)t->http->curl.multi_remove_handle(t->http->multi, t->easy);
    forget(t);
    t->http->curl.easy_cleanup(t->easy);
    rp_alloc_free(t->http->alloc, t, sizeof *t);
}

static transfer *obtain(rp_http *http)
{
    transfer *t = http->spare;
    if (t != NULL) {
        http->spare = t->next;
        return t;
    }
    t = rp_alloc_get_zero(http->alloc, sizeof *t);
    if (t == NULL) return NULL;
    t->http = http;
    t->easy = http->curl.easy_init();
    if (t->easy == NULL) {
        rp_alloc_free(http->alloc, t, sizeof *t);
        return NULL;
    }
    t->other = http->all;
    return http->all = t;
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
    transfer *t = ctx;
    bool room = size * count <= MAX_HELD - t->http->held;
    if (room) rp_buf_add(&t->answer.body, data, size * count);
    t->too_large = !room || t->answer.body.too_large;
    if (!room || t->answer.body.failed) return 0;
    t->held += size * count;
    t->http->held += size * count;
    return size * count;
}

static bool is_header(rp_str line, rp_str name)
{
    return line.len > name.len && line.ptr[name.len] == ':' &&
           strncasecmp(line.ptr, name.ptr, name.len) == 0;
}

// The value of a header line, up to `stop`, trimmed and cut to the room there is.
static void take_header(rp_str line, size_t skip, const char *stop, char *out, size_t capacity)
{
    size_t begin = skip + 1, size;
    while (begin < line.len && (line.ptr[begin] == ' ' || line.ptr[begin] == '\t')) begin++;
    for (size = 0; begin + size < line.len && strchr(stop, line.ptr[begin + size]) == NULL;) size++;
    size = size < capacity ? size : capacity - 1;
    memcpy(out, line.ptr + begin, size);
    out[size] = '\0';
}

static size_t on_header(char *data, size_t size, size_t count, void *ctx)
{
    transfer *t = ctx;
    rp_http_answer *a = &t->answer;
    rp_str line = {data, size * count};
    if (is_header(line, RP_STR("x-amzn-errortype")))
        take_header(line, strlen("x-amzn-errortype"), ":\r\n", a->error_type, sizeof a->error_type);
    if (is_header(line, RP_STR("date")))
        take_header(line, strlen("date"), "\r\n", a->date, sizeof a->date);
    if (is_header(line, RP_STR("retry-after")))
        take_header(line, strlen("retry-after"), "\r\n", a->retry_after, sizeof a->retry_after);
    return size * count;
}

static char *copy_text(rp_http *http, rp_str text, size_t *size)
{
    char *copy = rp_alloc_get(http->alloc, text.len + 1);
    if (copy == NULL) return NULL;
    *size = text.len + 1;
    if (text.len != 0) memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return copy;
}

static bool add_header(transfer *t, rp_str header)
{
    size_t size;
    char *text = copy_text(t->http, header, &size);
    struct curl_slist *list = text == NULL ? NULL : t->http->curl.slist_append(t->headers, text);
    if (text != NULL) rp_alloc_free(t->http->alloc, text, size);
    if (list == NULL) return false;
    t->headers = list;
    return true;
}

static bool copy_request(transfer *t, const rp_http_request *r)
{
    t->url = copy_text(t->http, r->url, &t->url_size);
    t->body = copy_text(t->http, r->body, &t->body_size);
    // libcurl would wait for leave to send a body.
    bool good = t->url != NULL && t->body != NULL && add_header(t, RP_STR("Expect:"));
    for (size_t i = 0; good && i < r->header_count; i++) good = add_header(t, r->headers[i]);
    return good;
}

// The safe choices of libcurl's documentation: verified TLS (its default), no redirects, no other
// protocols, no signals.
static bool set_transport(const transfer *t, const rp_http_request *r)
{
    const curl_table *c = &t->http->curl;
    CURL *e = t->easy;
    long connect = r->connect_ms != 0 ? (long)r->connect_ms : DEFAULT_CONNECT_MS;
    long total = r->total_ms != 0 ? (long)r->total_ms : DEFAULT_TOTAL_MS;
    bool good = c->easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
                c->easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
                c->easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
                c->easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, connect) == CURLE_OK &&
                c->easy_setopt(e, CURLOPT_TIMEOUT_MS, total) == CURLE_OK;
    // Both are wishes: a libcurl without HTTP/2 or zlib does without.
    (void)c->easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    (void)c->easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "gzip");
    if (good && t->http->ca_bundle != NULL)
        good = c->easy_setopt(e, CURLOPT_CAINFO, t->http->ca_bundle) == CURLE_OK;
    if (good && t->http->agent != NULL)
        good = c->easy_setopt(e, CURLOPT_USERAGENT, t->http->agent) == CURLE_OK;
    if (good && r->direct) good = c->easy_setopt(e, CURLOPT_PROXY, "") == CURLE_OK;
    return good;
}

static bool set_message(transfer *t, const rp_http_request *r)
{
    const curl_table *c = &t->http->curl;
    CURL *e = t->easy;
    bool posts = rp_str_equal(r->method, RP_STR("POST"));
    bool puts = rp_str_equal(r->method, RP_STR("PUT"));
    bool good = c->easy_setopt(e, CURLOPT_URL, t->url) == CURLE_OK &&
                c->easy_setopt(e, CURLOPT_HTTPHEADER, t->headers) == CURLE_OK;
    if (posts || puts) {
        good =
            good && c->easy_setopt(e, CURLOPT_POST, 1L) == CURLE_OK &&
            c->easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.len) == CURLE_OK &&
            c->easy_setopt(e, CURLOPT_POSTFIELDS, t->body) == CURLE_OK;
    }
    if (puts) good = good && c->easy_setopt(e, CURLOPT_CUSTOMREQUEST, "PUT") == CURLE_OK;
    return good;
}

static bool set_callbacks(transfer *t)
{
    const curl_table *c = &t->http->curl;
    CURL *e = t->easy;
    t->reason[0] = '\0';
    return c->easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           c->easy_setopt(e, CURLOPT_WRITEDATA, (void *)t) == CURLE_OK &&
           c->easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           c->easy_setopt(e, CURLOPT_HEADERDATA, (void *)t) == CURLE_OK &&
           c->easy_setopt(e, CURLOPT_ERRORBUFFER, t->reason) == CURLE_OK &&
           c->easy_setopt(e, CURLOPT_PRIVATE, (void *)t) == CURLE_OK;
}

bool rp_http_start(rp_http *http, const rp_http_request *request, void *tag)
{
    transfer *t = obtain(http);
    if (t == NULL) return false;
    size_t max = request->max_size != 0 ? request->max_size : DEFAULT_MAX_SIZE;
    rp_buf_init(&t->answer.body, http->alloc, max);
    t->tag = tag;
    bool good = copy_request(t, request) && set_transport(t, request) && set_message(t, request) &&
                set_callbacks(t) && http->curl.multi_add_handle(http->multi, t->easy) == CURLM_OK;
    t->active = good;
    if (good) {
        http->running++;
    } else {
        release(t);
    }
    return good;
}

uint32_t rp_http_running(const rp_http *http)
{
    return http->running;
}

static rp_http_fault fault_of(CURLcode code)
{
    switch (code) {
    case CURLE_OK: return RP_HTTP_NONE;
    case CURLE_OPERATION_TIMEDOUT: return RP_HTTP_TIME;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return RP_HTTP_CONNECT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR: return RP_HTTP_TLS;
    default: return RP_HTTP_BROKEN;
    }
}

// Nothing of a broken answer is kept. libcurl says that memory ran out of headers that are too
// long, too, so that this counts as broken.
static void settle(transfer *t, CURLcode code)
{
    rp_http_answer *a = &t->answer;
    const curl_table *c = &t->http->curl;
    a->fault = fault_of(code);
    if (code == CURLE_WRITE_ERROR && (a->body.failed || t->too_large))
        a->fault = t->too_large ? RP_HTTP_TOO_LARGE : RP_HTTP_NO_MEMORY;
    if (a->fault == RP_HTTP_NONE) {
        (void)c->easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &a->status);
        return;
    }
    const char *reason = t->reason[0] != '\0' ? t->reason : c->easy_strerror(code);
    (void)snprintf(a->detail, sizeof a->detail, "%.*s", (int)sizeof a->detail - 1,
                   a->fault == RP_HTTP_TOO_LARGE ? "an answer larger than the limit" : reason);
    rp_buf_reset(&a->body);
}

static void end(rp_http *http, transfer *t, CURLcode code)
{
    (void)http->curl.multi_remove_handle(http->multi, t->easy);
    t->active = false;
    settle(t, code);
    t->next = NULL;
    if (http->ended == NULL) {
        http->ended = t;
    } else {
        http->last_ended->next = t;
    }
    http->last_ended = t;
}

static void collect_ended(rp_http *http)
{
    CURLMsg *message;
    int left;
    while ((message = http->curl.multi_info_read(http->multi, &left)) != NULL) {
        char *t = NULL;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE) continue;
        (void)http->curl.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
        end(http, (transfer *)(void *)t, code);
    }
}

void rp_http_wait(rp_http *http, uint32_t ms)
{
    int running;
    (void)http->curl.multi_perform(http->multi, &running);
    collect_ended(http);
    if (http->ended != NULL) return;
    (void)http->curl.multi_poll(http->multi, NULL, 0, (int)ms, NULL);
    (void)http->curl.multi_perform(http->multi, &running);
    collect_ended(http);
}

bool rp_http_take(rp_http *http, void **tag, rp_http_answer *answer)
{
    transfer *t = http->ended;
    if (t == NULL) return false;
    http->ended = t->next;
    http->running--;
    *tag = t->tag;
    *answer = t->answer;
    t->answer = (rp_http_answer){0};
    release(t);
    return true;
}

// Takes the answer with this tag out of those that ended.
static bool take_tagged(rp_http *http, const void *tag, rp_http_answer *answer)
{
    transfer **at = &http->ended, *before = NULL;
    while (*at != NULL && (*at)->tag != tag) {
        before = *at;
        at = &(*at)->next;
    }
    transfer *t = *at;
    if (t == NULL) return false;
    *at = t->next;
    if (http->last_ended == t) http->last_ended = before;
    http->running--;
    *answer = t->answer;
    t->answer = (rp_http_answer){0};
    release(t);
    return true;
}

void rp_http_set_stopped(rp_http *http, bool (*stopped)(void *ctx), void *ctx)
{
    http->stopped = stopped;
    http->stopped_ctx = ctx;
}

// Ends a transfer that is under way: it may be taken then.
static void stop_tagged(rp_http *http, const void *tag)
{
    transfer *t = http->all;
    while (t != NULL && !(t->active && t->tag == tag)) t = t->other;
    if (t == NULL) return;
    end(http, t, CURLE_OPERATION_TIMEDOUT);
    (void)snprintf(t->answer.detail, sizeof t->answer.detail,
                   "given up before there was an answer");
}

static void fetch(void *ctx, const rp_http_request *request, rp_http_answer *answer)
{
    enum { STEP_MS = 100 };
    rp_http *http = ctx;
    *answer = (rp_http_answer){.fault = RP_HTTP_NO_MEMORY};
    (void)snprintf(answer->detail, sizeof answer->detail, "out of memory");
    if (!rp_http_start(http, request, answer)) return;
    while (!take_tagged(http, answer, answer)) {
        int running;
        if (http->stopped != NULL && http->stopped(http->stopped_ctx)) {
            stop_tagged(http, answer);
            continue;
        }
        (void)http->curl.multi_poll(http->multi, NULL, 0, STEP_MS, NULL);
        (void)http->curl.multi_perform(http->multi, &running);
        collect_ended(http);
    }
}

rp_fetch rp_http_fetch(rp_http *http)
{
    return (rp_fetch){fetch, http};
}

void rp_http_abandon(rp_http *http)
{
    while (http->all != NULL) {
        transfer *next = http->all->other;
        destroy(http->all);
        http->all = next;
    }
    http->ended = http->last_ended = http->spare = NULL;
    http->running = 0;
}

void rp_http_close(rp_http *http)
{
    if (http == NULL) return;
    rp_http_abandon(http);
    if (http->multi != NULL) (void)http->curl.multi_cleanup(http->multi);
    if (http->initialised) http->curl.global_cleanup();
    if (http->library != NULL) (void)dlclose(http->library);
    rp_alloc_free(http->alloc, http, sizeof *http);
}
