// Opening what a collection needs, and watching it.
#include "cli/live.h"

#include "cli/live_log.h"
#include "cli/version.h"
#include "collectors/json.h"
#include "collectors/live/credentials.h"
#include "vm/base/text.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MAX_TARGETS = 4096, MAX_ACCOUNTS = 1024, DEFAULT_ATTEMPTS = 5, HOUR_MS = 3600 * 1000 };

extern char **environ;

struct live;

typedef struct live_account {
    rp_account account;
    rp_credentials credentials[2]; // those in force, and room for others
    size_t current;
    rp_credentials_opts opts;
    struct live *live;
    rdspol_error failure; // it has no credentials: nothing is asked again
} live_account;

typedef struct live {
    rp_app *app;
    rp_live_request *request;
    rp_arena arena;
    rp_settings settings;
    rp_http *http;
    rp_decoder decoder;
    rp_str endpoint_url; // of --endpoint-url
    live_account *accounts[MAX_ACCOUNTS];
    size_t account_count;
    rp_collect_target targets[MAX_TARGETS];
    size_t target_count;
    int64_t deadline; // of the clock that only goes forward
    bool holds;       // signals wait until what is known was reported
    rp_live_log log;
    uint32_t jobs, timeout_ms, attempts; // 0: not given
} live;

static bool refuse(int status)
{
    return status == RP_EXIT_OK;
}

static bool report(const rdspol_error *error)
{
    return refuse(rp_app_library_error("", error));
}

static bool no_memory(void)
{
    return refuse(rp_app_error("out of memory"));
}

static const char *variable(void *ctx, const char *name)
{
    (void)ctx;
    return getenv(name);
}

static int64_t now(void *ctx)
{
    (void)ctx;
    return rp_clock_now();
}

static bool is_stopped(void *ctx)
{
    sigset_t pending;
    (void)ctx;
    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1);
}

// For what is waited for: credentials, and calls before there is anything to report.
static bool gives_up(void *ctx)
{
    const live *l = ctx;
    return (l->holds && is_stopped(NULL)) || rp_clock_steady() >= l->deadline;
}

static void pause_ms(void *ctx, uint32_t ms)
{
    const struct timespec step = {0, 50 * 1000000};
    int64_t end = rp_clock_steady() + ms;
    while (rp_clock_steady() < end && !gives_up(ctx)) (void)nanosleep(&step, NULL);
}

static rp_str option(const live *l, rp_option name)
{
    const char *text = rp_args_text(&l->app->args, name, NULL);
    return text != NULL ? rp_str_from(text) : rp_str_make("", 0);
}

// ---- Accounts ----------------------------------------------------------------------------------

// Where that fails the ones of before stay.
static rdspol_status find_anew(live_account *a, rdspol_error *error)
{
    rp_credentials *fresh = &a->credentials[1 - a->current];
    rdspol_status status = rp_credentials_find(fresh, &a->opts, error);
    if (status != RDSPOL_OK) return status;
    rp_credentials_clear(&a->credentials[a->current]);
    a->current = 1 - a->current;
    return status;
}

static rdspol_status give_keys(void *ctx, bool renew, rp_keys *out, rdspol_error *error)
{
    live_account *a = ctx;
    if (a->failure.status != RDSPOL_OK) {
        if (error != NULL) *error = a->failure;
        return a->failure.status;
    }
    rdspol_status status = renew
                               ? find_anew(a, error)
                               : rp_credentials_renew(&a->credentials[a->current], &a->opts, error);
    const rp_credentials *c = &a->credentials[a->current];
    *out = (rp_keys){c->access_key, c->secret_key, c->session_token};
    return status;
}

static rdspol_status give_endpoint(void *ctx, rp_str service, rp_str region, rp_arena *arena,
                                   rp_endpoint *out, rdspol_error *error)
{
    const live_account *a = ctx;
    return rp_settings_endpoint(&a->live->settings, arena, service, region, a->live->endpoint_url,
                                out, error);
}

static live_account *new_account(live *l, rp_str role, rp_str external_id)
{
    live_account *a = l->account_count == MAX_ACCOUNTS ? NULL : calloc(1, sizeof *a);
    if (a == NULL) return NULL;
    l->accounts[l->account_count++] = a;
    a->live = l;
    a->account = (rp_account){.keys = give_keys, .endpoint = give_endpoint, .ctx = a};
    a->opts = (rp_credentials_opts){.crypto = &l->app->crypto,
                                    .fetch = rp_http_fetch(l->http),
                                    .clock = {now, pause_ms, l},
                                    .settings = &l->settings,
                                    .assume_role = role,
                                    .external_id = external_id,
                                    .variables = environ};
    return a;
}

static rp_str member(const rp_document *object, const char *name, char room[RP_DOCUMENT_ROOM])
{
    const rp_document *m = object == NULL ? NULL : rp_document_first(object);
    while (m != NULL && !rp_str_equal(rp_document_name(m), rp_str_from(name)))
        m = rp_document_after(m);
    return m == NULL ? rp_str_make("", 0) : rp_document_text(m, room);
}

// One call before the collection. False with `error`.
static bool ask(live *l, live_account *a, rp_str region, const rp_call *call, rp_outcome *out,
                rdspol_error *error)
{
    rp_session session;
    rp_session_init(&session, &a->account, region);
    rp_ask asked = {.crypto = &l->app->crypto,
                    .fetch = rp_http_fetch(l->http),
                    .decoder = &l->decoder,
                    .call = call,
                    .member = RP_STR(""),
                    .max_attempts = l->attempts,
                    .deadline = l->deadline};
    return rp_session_ask(&session, &asked, &l->arena, out, error);
}

// The account number, as AWS says it: no permission is needed for that. False with `error`.
static bool identify(live *l, live_account *a, rp_str region, rdspol_error *error)
{
    rp_outcome out;
    char room[RP_DOCUMENT_ROOM];
    size_t offset;
    rp_call call = {.info = rp_call_find(RP_STR("sts"), RP_STR("GetCallerIdentity"))};
    if (rp_credentials_find(&a->credentials[a->current], &a->opts, error) != RDSPOL_OK ||
        !ask(l, a, region, &call, &out, error))
        return false;
    rp_document *document = rp_document_parse(out.response, &offset);
    a->account.id = rp_arena_str(&l->arena, member(document, "Account", room));
    rp_document_free(document);
    if (a->account.id.len > 0) return true;
    *error =
        (rdspol_error){.status = RDSPOL_INPUT, .message = "sts:GetCallerIdentity names no account"};
    return false;
}

// Of several accounts one may fail: what depends on it is unknown, the others are judged.
static bool identify_or_note(live *l, live_account *a, rp_str region)
{
    rp_arn arn;
    rdspol_error error = {0};
    if (a->account.id.len > 0 || identify(l, a, region, &error)) return true;
    bool named = rp_arn_parse(a->opts.assume_role, &arn) && arn.account.len > 0;
    if (l->account_count == 1 || !named) return report(&error);
    a->account.id = arn.account;
    a->failure = error;
    (void)rp_app_library_error("", &error);
    return true;
}

// One line of --accounts-file: a role's ARN, and perhaps its external id.
static bool add_line(live *l, rp_str line)
{
    size_t size = 0;
    while (line.len > 0 && strchr(" \t\r", line.ptr[line.len - 1]) != NULL) line.len--;
    while (line.len > 0 && strchr(" \t", line.ptr[0]) != NULL) line = rp_str_from_offset(line, 1);
    if (line.len == 0 || line.ptr[0] == '#') return true;
    while (size < line.len && strchr(" \t", line.ptr[size]) == NULL) size++;
    rp_str rest = rp_str_from_offset(line, size);
    while (rest.len > 0 && strchr(" \t", rest.ptr[0]) != NULL) rest = rp_str_from_offset(rest, 1);
    rp_arn arn;
    rp_str role = rp_str_make(line.ptr, size);
    if (!rp_arn_parse(role, &arn) || !rp_str_equal(arn.service, RP_STR("iam")))
        return refuse(
            rp_app_error("--accounts-file: each line is the ARN of a role and perhaps its "
                         "external id, not `%.*s`",
                         (int)(size < 80 ? size : 80), role.ptr));
    return new_account(l, role, rest) != NULL || no_memory();
}

static bool read_accounts(live *l, const char *path)
{
    rp_str text = rp_read_file(path);
    if (text.ptr == NULL) return refuse(rp_app_error("%s: cannot be read", path));
    rp_str left = rp_arena_str(&l->arena, text);
    free((void *)(uintptr_t)text.ptr);
    if (left.ptr == NULL) return no_memory();
    while (left.len > 0) {
        const char *end = memchr(left.ptr, '\n', left.len);
        size_t size = end != NULL ? (size_t)(end - left.ptr) : left.len;
        if (!add_line(l, rp_str_make(left.ptr, size))) return false;
        left = rp_str_from_offset(left, size + (end != NULL));
    }
    return l->account_count > 0 || refuse(rp_app_error("%s: names no role", path));
}

// What would be passed over in silence is refused.
static bool options_fit(const live *l)
{
    bool file = option(l, RP_OPTION_ACCOUNTS_FILE).len > 0;
    bool role = option(l, RP_OPTION_ASSUME_ROLE).len > 0;
    bool organization = option(l, RP_OPTION_ORGANIZATION).len > 0;
    bool external = option(l, RP_OPTION_EXTERNAL_ID).len > 0;
    if (file && (role || organization || external))
        return refuse(rp_app_error("--accounts-file names the roles and their external ids: not "
                                   "with --assume-role, --organization or --external-id"));
    if (role && organization)
        return refuse(rp_app_error("--assume-role and --organization do not go together: take on the "
                                   "first by a profile (role_arn)"));
    return !external || role || organization ||
           refuse(rp_app_error("--external-id is that of --assume-role or --organization"));
}

static bool open_accounts(live *l)
{
    if (!options_fit(l)) return false;
    const char *path = rp_args_text(&l->app->args, RP_OPTION_ACCOUNTS_FILE, NULL);
    if (path != NULL) return read_accounts(l, path);
    return new_account(l, option(l, RP_OPTION_ASSUME_ROLE), option(l, RP_OPTION_EXTERNAL_ID)) !=
               NULL ||
           no_memory();
}

// ---- An organization ---------------------------------------------------------------------------

// The account that asks is in the list, too: it needs no role.
static bool add_member(live *l, const live_account *own, rp_str id, rp_str status)
{
    char text[128];
    rp_str role = option(l, RP_OPTION_ORGANIZATION);
    if (!rp_str_equal(status, RP_STR("ACTIVE")) || rp_str_equal(id, own->account.id)) return true;
    rp_str partition = rp_region_partition(l->settings.region);
    int size = snprintf(text, sizeof text, "arn:%.*s:iam::%.*s:role/%.*s", (int)partition.len,
                        partition.ptr, (int)id.len, id.ptr, (int)role.len, role.ptr);
    if (size <= 0 || (size_t)size >= sizeof text)
        return refuse(rp_app_error("--organization: a name of a role that is too long"));
    rp_str arn = rp_arena_str(&l->arena, rp_str_make(text, (size_t)size));
    return (arn.ptr != NULL && new_account(l, arn, option(l, RP_OPTION_EXTERNAL_ID)) != NULL) ||
           refuse(rp_app_error("more than %d accounts, or out of memory", (int)MAX_ACCOUNTS));
}

static bool add_members(live *l, const live_account *own, rp_str response)
{
    size_t offset;
    char id[RP_DOCUMENT_ROOM], status[RP_DOCUMENT_ROOM];
    bool good = true;
    rp_document *document = rp_document_parse(response, &offset);
    const rp_document *list = document == NULL ? NULL : rp_document_first(document);
    while (list != NULL && rp_document_kind_of(list) != RP_DOCUMENT_LIST)
        list = rp_document_after(list);
    const rp_document *a = list == NULL ? NULL : rp_document_first(list);
    for (; good && a != NULL; a = rp_document_after(a)) {
        good = add_member(l, own, member(a, "Id", id), member(a, "Status", status));
    }
    rp_document_free(document);
    return good;
}

// All accounts of the organization, asked with the credentials that were found.
static bool open_organization(live *l, rp_str home)
{
    rdspol_error error = {0};
    rp_outcome out = {0};
    live_account *own = l->accounts[0];
    rp_call call = {.info = rp_call_find(RP_STR("organizations"), RP_STR("ListAccounts"))};
    if (option(l, RP_OPTION_ORGANIZATION).len == 0) return true;
    do {
        call.token = out.token;
        if (!ask(l, own, home, &call, &out, &error)) return report(&error);
        if (!add_members(l, own, out.response)) return false;
    } while (out.token.len > 0 && !rp_str_equal(out.token, call.token));
    return true;
}

// ---- Regions -----------------------------------------------------------------------------------

static bool add_target(live *l, live_account *a, rp_str region)
{
    if (!rp_region_is_valid(region))
        return refuse(rp_app_error("`%.*s` is no Region", (int)region.len, region.ptr));
    for (size_t i = 0; i < l->target_count; i++) {
        const rp_collect_target *t = &l->targets[i];
        if (t->account == &a->account && rp_str_equal(t->region, region)) return true;
    }
    if (l->target_count == MAX_TARGETS)
        return refuse(rp_app_error("more than %d accounts and Regions", (int)MAX_TARGETS));
    rp_str kept = rp_arena_str(&l->arena, region);
    l->targets[l->target_count++] = (rp_collect_target){&a->account, kept};
    return kept.ptr != NULL || no_memory();
}

// DescribeRegions names the Regions that the account has enabled.
static bool add_enabled(live *l, live_account *a, rp_str response)
{
    size_t offset;
    char room[RP_DOCUMENT_ROOM];
    bool good = true;
    rp_document *document = rp_document_parse(response, &offset);
    const rp_document *list = document == NULL ? NULL : rp_document_first(document);
    while (list != NULL && rp_document_kind_of(list) != RP_DOCUMENT_LIST)
        list = rp_document_after(list);
    const rp_document *r = list == NULL ? NULL : rp_document_first(list);
    for (; good && r != NULL; r = rp_document_after(r)) {
        good = add_target(l, a, member(r, "RegionName", room));
    }
    rp_document_free(document);
    return good;
}

// As an account that cannot be entered: which Regions it has is not known.
static bool note_failure(live *l, live_account *a, rp_str home, const rdspol_error *error)
{
    if (l->account_count == 1) return report(error);
    a->failure = *error;
    (void)rp_app_library_error("", error);
    return add_target(l, a, home);
}

static bool ask_regions(live *l, live_account *a, rp_str home)
{
    rp_outcome out;
    rdspol_error error = {0};
    size_t before = l->target_count;
    rp_call call = {.info = rp_call_find(RP_STR("ec2"), RP_STR("DescribeRegions"))};
    if (a->failure.status != RDSPOL_OK) return add_target(l, a, home);
    if (!ask(l, a, home, &call, &out, &error)) return note_failure(l, a, home, &error);
    if (!add_enabled(l, a, out.response)) return false;
    return l->target_count > before ||
           refuse(rp_app_error("ec2:DescribeRegions names no Region of account %.*s",
                               (int)a->account.id.len, a->account.id.ptr));
}

static bool is_every(rp_str regions)
{
    return rp_str_equal(regions, RP_STR("all")) || rp_str_equal(regions, RP_STR("enabled"));
}

// The Region to ask what no Region answers alone.
static rp_str home_region(const live *l)
{
    rp_str regions = option(l, RP_OPTION_REGION);
    if (regions.len > 0 && !is_every(regions)) {
        const char *comma = memchr(regions.ptr, ',', regions.len);
        return comma == NULL ? regions : rp_str_make(regions.ptr, (size_t)(comma - regions.ptr));
    }
    return l->settings.region.len > 0 ? l->settings.region : RP_STR("us-east-1");
}

static bool add_list(live *l, live_account *a, rp_str regions)
{
    bool good = true;
    while (good && regions.len > 0) {
        const char *comma = memchr(regions.ptr, ',', regions.len);
        size_t size = comma == NULL ? regions.len : (size_t)(comma - regions.ptr);
        good = add_target(l, a, rp_str_make(regions.ptr, size));
        regions = rp_str_from_offset(regions, size + (comma != NULL));
    }
    return good;
}

static bool add_targets(live *l, live_account *a)
{
    rp_str regions = option(l, RP_OPTION_REGION);
    if (is_every(regions)) return ask_regions(l, a, home_region(l));
    if (regions.len == 0) regions = l->settings.region;
    if (regions.len == 0)
        return refuse(rp_app_error("no Region is named: --region NAME (or all), AWS_REGION, or "
                                   "`region` of the profile"));
    return add_list(l, a, regions);
}

// ---- Opening -----------------------------------------------------------------------------------

// --max-attempts, else what the AWS CLI is told; 0 for ours. False after a message.
static bool read_attempts(const live *l, uint32_t *out)
{
    int64_t given;
    rp_str text = option(l, RP_OPTION_MAX_ATTEMPTS);
    bool told = rp_settings_get(&l->settings, "AWS_MAX_ATTEMPTS", "max_attempts").ptr != NULL;
    *out = told && l->settings.max_attempts > 0 ? (uint32_t)l->settings.max_attempts
                                                : DEFAULT_ATTEMPTS;
    if (text.len == 0) return true;
    bool good = rp_text_parse_int(text, &given) && given >= 1 && given <= 100;
    *out = good ? (uint32_t)given : 0;
    return good || refuse(rp_app_error("--max-attempts is a number from 1 to 100, not `%.*s`",
                                       (int)text.len, text.ptr));
}

// The time for everything counts from here.
static bool set_deadline(live *l)
{
    if (!rp_live_timeout(l->app, &l->timeout_ms)) return false;
    l->deadline = rp_clock_steady() + (l->timeout_ms != 0 ? l->timeout_ms : HOUR_MS);
    return true;
}

// The program and its version, and what AWS_SDK_UA_APP_ID calls the application, as AWS SDKs do.
static rp_str agent_of(live *l)
{
    static const char plain[] = "-._!#$%&'*+^`|~"; // RFC 9110: token
    char text[128];
    rp_str app = l->settings.app_id;
    for (size_t i = 0; i < app.len; i++) {
        char c = app.ptr[i];
        bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!word && strchr(plain, c) == NULL) app.len = 0;
    }
    bool named = app.len > 0 && app.len <= 50;
    int size = snprintf(text, sizeof text, "rdspol/" RP_VERSION "%s%.*s", named ? " app/" : "",
                        named ? (int)app.len : 0, named ? app.ptr : "");
    return rp_arena_str(&l->arena, rp_str_make(text, (size_t)size));
}

static bool open_client(live *l)
{
    rdspol_error error = {0};
    rp_str bundle = l->settings.ca_bundle;
    rp_http_opts opts = {.ca_bundle = bundle.len > 0 ? bundle.ptr : NULL};
    opts.connections = l->jobs;
    opts.agent = agent_of(l).ptr;
    if (!rp_crypto_load(&l->app->crypto))
        return refuse(
            rp_app_error("live collection needs libcrypto (OpenSSL), which was not found"));
    if (rp_http_open(&l->http, &opts, &error) != RDSPOL_OK ||
        rp_decoder_init(&l->decoder, l->arena.alloc, &error) != RDSPOL_OK)
        return report(&error);
    rp_http_set_stopped(l->http, gives_up, l);
    return true;
}

static bool open_all(live *l)
{
    rdspol_error error = {0};
    rp_environment environment = {variable, NULL};
    l->endpoint_url = option(l, RP_OPTION_ENDPOINT_URL);
    error.status = rp_settings_open(&l->settings, environment, option(l, RP_OPTION_PROFILE),
                                    l->arena.alloc, &error);
    if (error.status != RDSPOL_OK) return report(&error);
    rp_str home = home_region(l);
    if (!rp_live_jobs(l->app, &l->jobs) || !read_attempts(l, &l->attempts)) return false;
    if (!open_client(l) || !open_accounts(l) || !identify_or_note(l, l->accounts[0], home) ||
        !open_organization(l, home))
        return false;
    for (size_t i = 0; i < l->account_count; i++) {
        if (!identify_or_note(l, l->accounts[i], home) || !add_targets(l, l->accounts[i]))
            return false;
    }
    return true;
}

static void close_all(live *l)
{
    for (size_t i = 0; i < l->account_count; i++) {
        rp_credentials_clear(&l->accounts[i]->credentials[0]);
        rp_credentials_clear(&l->accounts[i]->credentials[1]);
        free(l->accounts[i]);
    }
    rp_http_close(l->http);
    rp_decoder_clear(&l->decoder);
    rp_settings_close(&l->settings);
    rp_arena_clear(&l->arena);
}

// ---- Collecting --------------------------------------------------------------------------------

static void on_progress(void *ctx, const rp_collect_stats *stats)
{
    live *l = ctx;
    rp_live_log_progress(&l->log, stats);
}

static void on_event(void *ctx, const rp_collect_event *event)
{
    live *l = ctx;
    rp_live_log_event(&l->log, event);
    if (l->request->event != NULL) l->request->event(l->request->ctx, event);
}

static void on_envelope(void *ctx, rp_str envelope)
{
    live *l = ctx;
    if (l->request->sink != NULL) l->request->sink(l->request->ctx, envelope);
}

typedef struct held_signals {
    sigset_t held, before;
    bool holds;
} held_signals;

static void hold_signals(held_signals *s)
{
    (void)sigemptyset(&s->held);
    (void)sigaddset(&s->held, SIGINT);
    (void)sigaddset(&s->held, SIGTERM);
    s->holds = pthread_sigmask(SIG_BLOCK, &s->held, &s->before) == 0;
}

// Takes the signal that came meanwhile: what is known is reported before it ends the program.
static int release_signals(const held_signals *s)
{
    const struct timespec none = {0};
    if (!s->holds) return 0;
    int came = sigtimedwait(&s->held, NULL, &none);
    (void)pthread_sigmask(SIG_SETMASK, &s->before, NULL);
    return came > 0 ? came : 0;
}

void rp_live_finish(const rp_live_request *request)
{
    if (request->signal != 0) (void)raise(request->signal);
}

static bool collect(live *l)
{
    rdspol_error error = {0};
    rp_collect_stats stats;
    rp_live_request *r = l->request;
    rp_collect_opts opts = {.bundle = r->policies->bundle,
                            .policies = r->selected,
                            .policy_count = r->selected_count,
                            .targets = l->targets,
                            .target_count = l->target_count,
                            .http = l->http,
                            .crypto = &l->app->crypto,
                            .decoder = &l->decoder,
                            .in_flight = l->jobs,
                            .timeout_ms = l->timeout_ms,
                            .max_attempts = l->attempts,
                            .stopped = is_stopped,
                            .progress = on_progress,
                            .event = on_event,
                            .sink = on_envelope,
                            .ctx = l};
    held_signals signals;
    int64_t left = l->deadline - rp_clock_steady();
    opts.timeout_ms = left > 0 ? (uint32_t)left : 1;
    hold_signals(&signals);
    l->holds = signals.holds;
    rp_live_log_begin(&l->log, l->app);
    rdspol_status status = rp_collect(r->facts, &opts, &stats, &error);
    r->signal = release_signals(&signals);
    rp_live_log_end(&l->log, &stats, l->account_count, l->target_count);
    return status == RDSPOL_OK || report(&error);
}

bool rp_live_collect(rp_app *app, rp_live_request *request)
{
    live *l = calloc(1, sizeof *l);
    if (l == NULL) return no_memory();
    l->app = app;
    l->request = request;
    rp_arena_init(&l->arena, rp_alloc_or_libc((rp_alloc){0}));
    bool good = set_deadline(l) && open_all(l) && collect(l);
    close_all(l);
    free(l);
    return good;
}
