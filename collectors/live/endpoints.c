// Names of hosts from the table of endpoints.
#include "collectors/live/endpoints.h"

#include "collectors/live/fail.h"
#include "vm/base/text.h"

#include <stdio.h>

enum { MAX_REGION = 40, MAX_URL = 1024, MAX_PORT = 65535 };

typedef enum choice { NO, YES, ANY } choice;

typedef struct partition {
    const char *name, *words, *suffix, *dual_suffix;
} partition;

static const partition partitions[] = {
#define PARTITION(name, words, suffix, dual_suffix) {name, words, suffix, dual_suffix},
#include "collectors/live/endpoints.def"
#undef PARTITION
};

typedef struct service {
    const char *name, *host, *variable;
} service;

static const service services[] = {
#define SERVICE(name, host, variable) {name, host, variable},
#include "collectors/live/endpoints.def"
#undef SERVICE
};

typedef struct exception {
    const char *service, *partition, *region;
    choice fips, dual;
    const char *host, *signing_region;
} exception;

static const exception exceptions[] = {
#define EXCEPTION(service, partition, region, fips, dual, host, signing_region)                    \
    {service, partition, region, fips, dual, host, signing_region},
#include "collectors/live/endpoints.def"
#undef EXCEPTION
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static bool is(rp_str text, const char *name)
{
    return rp_str_equal(text, rp_str_from(name));
}

// ---- Regions -----------------------------------------------------------------------------------

static bool is_all(rp_str text, char first, char last)
{
    bool all = text.len != 0;
    for (size_t i = 0; i < text.len; i++) all = all && text.ptr[i] >= first && text.ptr[i] <= last;
    return all;
}

bool rp_region_is_valid(rp_str region)
{
    rp_str rest = region;
    rp_str part = {NULL, 0};
    size_t words = 0;
    bool valid = region.len != 0 && region.len <= MAX_REGION;
    while (valid && rp_text_split(&rest, RP_STR("-"), &part)) {
        valid = rest.ptr == NULL ? is_all(part, '0', '9') : is_all(part, 'a', 'z');
        valid = valid && (words++ != 0 || part.len >= 2);
    }
    return valid && words >= 3;
}

// What comes before the last word and the number: "us-gov" of us-gov-west-1.
static rp_str beginning_of(rp_str region)
{
    for (int hyphens = 0; region.len != 0 && hyphens < 2;) {
        hyphens += region.ptr[--region.len] == '-';
    }
    return region;
}

static const partition *find_partition(rp_str region)
{
    char framed[MAX_REGION + 2];
    rp_str beginning = beginning_of(region);
    if (beginning.len > MAX_REGION) return &partitions[0];
    int size = snprintf(framed, sizeof framed, " %.*s ", (int)beginning.len, beginning.ptr);
    for (size_t i = 0; i < COUNT(partitions); i++) {
        rp_str words = rp_str_from(partitions[i].words);
        if (rp_text_contains(words, rp_str_make(framed, (size_t)size))) return &partitions[i];
    }
    return &partitions[0];
}

rp_str rp_region_partition(rp_str region)
{
    return rp_str_from(find_partition(region)->name);
}

// ---- Services ----------------------------------------------------------------------------------

static const service *find_service(rp_str name)
{
    for (size_t i = 0; i < COUNT(services); i++) {
        if (is(name, services[i].name)) return &services[i];
    }
    return NULL;
}

const char *rp_endpoint_variable(rp_str name)
{
    const service *s = find_service(name);
    return s != NULL ? s->variable : NULL;
}

static bool chosen(choice wanted, bool is_so)
{
    return wanted == ANY || (wanted == YES) == is_so;
}

static const exception *find_exception(const rp_endpoint_opts *opts, const partition *p)
{
    for (size_t i = 0; i < COUNT(exceptions); i++) {
        const exception *e = &exceptions[i];
        bool fits = is(opts->service, e->service) && strcmp(e->partition, p->name) == 0 &&
                    (e->region[0] == '\0' || is(opts->region, e->region)) &&
                    chosen(e->fips, opts->fips) && chosen(e->dual, opts->dual_stack);
        if (fits) return e;
    }
    return NULL;
}

// ---- URLs --------------------------------------------------------------------------------------

static bool is_host_byte(char c, bool bracketed)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || (bracketed && c == ':');
}

// The length of a host, with its brackets if it is an address of IPv6; 0 if there is none.
static size_t host_size(rp_str text)
{
    bool bracketed = text.len != 0 && text.ptr[0] == '[';
    size_t i = bracketed ? 1 : 0;
    while (i < text.len && is_host_byte(text.ptr[i], bracketed)) i++;
    if (bracketed) return i > 1 && i < text.len && text.ptr[i] == ']' ? i + 1 : 0;
    return i;
}

// The length of ":8443"; 0 if there is none. A colon without a number stays, and is refused.
static size_t port_size(rp_str text)
{
    int64_t port;
    size_t i = 1;
    if (text.len == 0 || text.ptr[0] != ':') return 0;
    while (i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9') i++;
    bool good = rp_text_parse_int(rp_str_make(text.ptr + 1, i - 1), &port) && port <= MAX_PORT;
    return good ? i : 0;
}

static bool is_path(rp_str text)
{
    bool good = text.len == 0 || text.ptr[0] == '/';
    for (size_t i = 0; i < text.len; i++) {
        good = good && text.ptr[i] > ' ' && text.ptr[i] < 0x7f &&
               strchr("?#\\\"<>", text.ptr[i]) == NULL;
    }
    return good;
}

bool rp_endpoint_url_is_valid(rp_str url)
{
    bool secure = rp_str_starts(url, RP_STR("https://"));
    if (url.len > MAX_URL || (!secure && !rp_str_starts(url, RP_STR("http://")))) return false;
    rp_str rest = rp_str_from_offset(url, secure ? 8 : 7);
    size_t host = host_size(rest);
    rest = rp_str_from_offset(rest, host);
    return host != 0 && is_path(rp_str_from_offset(rest, port_size(rest)));
}

static rdspol_status take_own(rp_arena *arena, const rp_endpoint_opts *opts, rp_endpoint *out,
                              rdspol_error *error)
{
    if (!rp_endpoint_url_is_valid(opts->url)) {
        return rp_fail(
            error, RDSPOL_INVALID_ARGUMENT,
            "the endpoint of %.*s is no URL: http:// or https://, a host, perhaps port and path",
            (int)opts->service.len, opts->service.ptr);
    }
    if (opts->fips || opts->dual_stack) {
        return rp_fail(error, RDSPOL_INVALID_ARGUMENT,
                       "%s cannot be asked of an endpoint of one's own: %.*s",
                       opts->fips ? "FIPS" : "dual-stack", (int)opts->url.len, opts->url.ptr);
    }
    out->url = rp_arena_str(arena, opts->url);
    if (out->url.ptr == NULL) return rp_fail_no_memory(error);
    while (rp_str_ends(out->url, RP_STR("/"))) out->url.len--;
    return RDSPOL_OK;
}

// ---- The rule ----------------------------------------------------------------------------------

// `host` with the region in place of {}.
static void print_exception(char out[MAX_URL], const char *host, rp_str region)
{
    const char *place = strstr(host, "{}");
    if (place == NULL) {
        (void)snprintf(out, MAX_URL, "https://%s", host);
    } else {
        (void)snprintf(out, MAX_URL, "https://%.*s%.*s%s", (int)(place - host), host,
                       (int)region.len, region.ptr, place + 2);
    }
}

static rdspol_status take_rule(rp_arena *arena, const rp_endpoint_opts *opts, const service *s,
                               rp_endpoint *out, rdspol_error *error)
{
    char url[MAX_URL];
    const partition *p = find_partition(opts->region);
    const exception *e = find_exception(opts, p);
    if (e != NULL) {
        print_exception(url, e->host, opts->region);
        if (e->signing_region[0] != '\0') out->region = rp_str_from(e->signing_region);
    } else {
        (void)snprintf(url, sizeof url, "https://%s%s.%.*s.%s", s->host, opts->fips ? "-fips" : "",
                       (int)opts->region.len, opts->region.ptr,
                       opts->dual_stack ? p->dual_suffix : p->suffix);
    }
    out->url = rp_arena_str(arena, rp_str_from(url));
    return out->url.ptr != NULL ? RDSPOL_OK : rp_fail_no_memory(error);
}

// A name of a region may hold anything when it is wrong; only what can be shown is.
static rdspol_status refuse_region(rp_str region, rdspol_error *error)
{
    bool shown = region.len <= MAX_REGION;
    for (size_t i = 0; i < region.len; i++) {
        shown = shown && region.ptr[i] > ' ' && region.ptr[i] < 0x7f;
    }
    return rp_fail(error, RDSPOL_INVALID_ARGUMENT,
                   "%s%.*s%s is not a region: they look like eu-west-1", shown ? "`" : "",
                   shown ? (int)region.len : 4, shown ? region.ptr : "this", shown ? "`" : "");
}

rdspol_status rp_endpoint_find(rp_arena *arena, const rp_endpoint_opts *opts, rp_endpoint *out,
                               rdspol_error *error)
{
    const service *s = find_service(opts->service);
    if (!rp_region_is_valid(opts->region)) return refuse_region(opts->region, error);
    if (s == NULL) {
        return rp_fail(error, RDSPOL_INVALID_ARGUMENT, "no endpoint is known for service %.*s",
                       (int)opts->service.len, opts->service.ptr);
    }
    rp_str region = rp_arena_str(arena, opts->region);
    if (region.ptr == NULL) return rp_fail_no_memory(error);
    *out = (rp_endpoint){.region = region, .partition = rp_region_partition(region)};
    return opts->url.len != 0 ? take_own(arena, opts, out, error)
                              : take_rule(arena, opts, s, out, error);
}
