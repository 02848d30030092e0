// HTTP requests, many at a time, on one thread: the only door to libcurl.
//
// The one idea: libcurl is looked up by name in a library that is opened by `rp_http_open`, so that
// who reads files does not pay for it. A transfer is started, and handed back when it has ended,
// whole or failed; nothing half-read is an answer. TLS is always verified, redirects are never
// followed, and only http and https are spoken. Must not know AWS, nor retry.
#ifndef RP_LIVE_HTTP_H
#define RP_LIVE_HTTP_H

#include "vm/base/alloc.h"
#include "vm/base/buf.h"
#include "vm/base/str.h"
#include "vm/include/rdspol.h"

// Looks up a variable of the environment; NULL if it is not set. Text is valid until the end.
typedef struct rp_environment {
    const char *(*get)(void *ctx, const char *name);
    void *ctx;
} rp_environment;

enum { RP_HTTP_MAX_HEADERS = 16 };

// Everything is borrowed until the transfer has been started, which copies what it needs.
typedef struct rp_http_request {
    rp_str method; // "GET", "POST", "PUT"
    rp_str url;
    rp_str headers[RP_HTTP_MAX_HEADERS]; // "Name: value", without line end
    size_t header_count;
    rp_str body;
    uint32_t connect_ms; // limit for making the connection; 0: 5 s
    uint32_t total_ms;   // limit for the whole transfer; 0: 60 s
    size_t max_size;     // bytes of the answer's body, unpacked; 0: 256 MiB
    bool direct;         // never through a proxy (instance metadata)
} rp_http_request;

typedef enum rp_http_fault {
    RP_HTTP_NONE,      // there is an answer, whatever its status
    RP_HTTP_CONNECT,   // no connection: name, refused, unreachable
    RP_HTTP_TLS,       // a certificate that does not verify, no common protocol
    RP_HTTP_TIME,      // a limit of time
    RP_HTTP_BROKEN,    // connection lost, body cut or malformed
    RP_HTTP_TOO_LARGE, // more than max_size
    RP_HTTP_NO_MEMORY
} rp_http_fault;

// What a transfer brought. `rp_http_answer_clear` frees it.
typedef struct rp_http_answer {
    rp_http_fault fault;
    long status;          // of HTTP; 0 after a fault
    rp_buf body;          // empty after a fault
    char error_type[96];  // x-amzn-errortype, up to `:`
    char date[40];        // Date
    char retry_after[24]; // Retry-After
    char detail[160];     // of a fault, for people
} rp_http_answer;

void rp_http_answer_clear(rp_http_answer *answer);

// How somebody makes one request and waits for it: for credentials, which need few. Always fills
// `answer`, which the caller clears.
typedef struct rp_fetch {
    void (*fetch)(void *ctx, const rp_http_request *request, rp_http_answer *answer);
    void *ctx;
} rp_fetch;

// A client: many transfers at once, connections kept between them.
typedef struct rp_http rp_http;

typedef struct rp_http_opts {
    const char *ca_bundle; // PEM file of trusted certificates; NULL: those of the system
    const char *agent;     // what User-Agent says; NULL: nothing
    uint32_t connections;  // at most at once to one host; 0: 16
    rp_alloc alloc;
} rp_http_opts;

// Loads libcurl and makes a client. Fails with RDSPOL_INPUT if there is no libcurl (7.85 or later),
// or RDSPOL_NO_MEMORY. A client is for one thread, and there is one at a time in a process: libcurl
// has state of its own.
rdspol_status rp_http_open(rp_http **out, const rp_http_opts *opts, rdspol_error *error);
// Ends what is under way. NULL is allowed.
void rp_http_close(rp_http *http);

// Starts a transfer; `tag` comes back with its answer. False if memory ran out.
bool rp_http_start(rp_http *http, const rp_http_request *request, void *tag);
uint32_t rp_http_running(const rp_http *http);
// Moves bytes until a transfer has ended, or `ms` have passed.
void rp_http_wait(rp_http *http, uint32_t ms);
// A transfer that has ended: false if there is none. The caller clears the answer.
bool rp_http_take(rp_http *http, void **tag, rp_http_answer *answer);

// Ends everything that is under way, or has ended and was not taken.
void rp_http_abandon(rp_http *http);

// One request, waited for; what else is under way moves on meanwhile.
rp_fetch rp_http_fetch(rp_http *http);
// Asked often while a request is waited for: true ends the wait, and the answer is a fault of time.
void rp_http_set_stopped(rp_http *http, bool (*stopped)(void *ctx), void *ctx);

#endif
