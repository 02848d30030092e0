// Lines about a collection, on standard error.
#include "cli/live_log.h"

#include "cli/json_text.h"
#include "vm/base/text.h"

#include <stdio.h>
#include <unistd.h>

enum { INTERVAL_MS = 100, MAX_IN_FLIGHT = 256 };
#define MAX_TIMEOUT_MS ((int64_t)24 * 3600 * 1000)

void rp_live_log_begin(rp_live_log *log, const rp_app *app)
{
    const char *format = rp_args_text(&app->args, RP_OPTION_LOG_FORMAT, "text");
    *log = (rp_live_log){.app = app, .json = strcmp(format, "json") == 0};
    rp_progress_begin(&log->progress, app);
    log->begun = rp_clock_steady();
}

void rp_live_log_progress(rp_live_log *log, const rp_collect_stats *stats)
{
    char line[160];
    int64_t now = rp_clock_steady();
    if (!log->progress.watched || now - log->shown < INTERVAL_MS) return;
    log->shown = now;
    int size = snprintf(line, sizeof line, "\r\x1b[Kasking AWS: %llu of %llu calls, %u under way",
                        (unsigned long long)(stats->calls + stats->failed),
                        (unsigned long long)stats->planned, (unsigned)stats->running);
    if (stats->throttled > 0 && size > 0 && (size_t)size < sizeof line) {
        size += snprintf(line + size, sizeof line - (size_t)size, ", throttled %llu times",
                         (unsigned long long)stats->throttled);
    }
    log->progress.shown = true;
    (void)!write(STDERR_FILENO, line, (size_t)size);
}

// ---- Requests ----------------------------------------------------------------------------------

static void add_question_text(rp_out *out, const rp_question *q)
{
    for (uint32_t i = 0; i < q->count; i++) {
        rp_out_char(out, ' ');
        rp_out_safe(out, q->names[i]);
        rp_out_char(out, '=');
        rp_out_safe(out, q->values[i]);
    }
}

static void event_text(rp_out *out, const rp_collect_event *e)
{
    rp_out_text(out, e->info->operation);
    rp_out_char(out, ' ');
    rp_out_safe(out, e->account);
    rp_out_char(out, '/');
    rp_out_safe(out, e->region);
    add_question_text(out, e->question);
    if (e->page > 1) {
        RP_OUT_LITERAL(out, " page ");
        rp_out_u64(out, e->page);
    }
    RP_OUT_LITERAL(out, ": ");
    if (e->code.len == 0) {
        rp_out_u64(out, (uint64_t)e->status);
    } else {
        rp_out_safe(out, e->code);
        RP_OUT_LITERAL(out, ": ");
        rp_out_safe(out, e->message);
    }
    RP_OUT_LITERAL(out, ", ");
    rp_out_u64(out, e->ms);
    RP_OUT_LITERAL(out, " ms");
    if (!e->final) RP_OUT_LITERAL(out, ", again");
    rp_out_char(out, '\n');
}

static void add_number(rp_out *out, const char *key, uint64_t value)
{
    rp_out_text(out, key);
    rp_out_u64(out, value);
}

static void event_json(rp_out *out, const rp_collect_event *e)
{
    RP_OUT_LITERAL(out, "{\"event\":\"request\"");
    RP_OUT_MEMBER(out, "operation", rp_str_from(e->info->operation));
    RP_OUT_MEMBER(out, "account", e->account);
    RP_OUT_MEMBER(out, "region", e->region);
    RP_OUT_LITERAL(out, ",\"request\":{");
    for (uint32_t i = 0; i < e->question->count; i++) {
        if (i > 0) rp_out_char(out, ',');
        rp_out_json(out, e->question->names[i]);
        rp_out_char(out, ':');
        rp_out_json(out, e->question->values[i]);
    }
    rp_out_char(out, '}');
    add_number(out, ",\"status\":", (uint64_t)e->status);
    RP_OUT_MEMBER(out, "code", e->code);
    RP_OUT_MEMBER(out, "message", e->message);
    add_number(out, ",\"page\":", e->page);
    add_number(out, ",\"attempt\":", e->attempt);
    add_number(out, ",\"ms\":", e->ms);
    rp_out_text(out, e->final ? ",\"final\":true}\n" : ",\"final\":false}\n");
}

void rp_live_log_event(rp_live_log *log, const rp_collect_event *event)
{
    rp_out out;
    if (rp_app_verbose(log->app) == 0 || !rp_out_open(&out, STDERR_FILENO)) return;
    rp_progress_end(&log->progress);
    if (log->json) {
        event_json(&out, event);
    } else {
        event_text(&out, event);
    }
    (void)rp_out_close(&out, true);
}

// ---- The end -----------------------------------------------------------------------------------

static void end_json(const rp_live_log *log, const rp_collect_stats *s, size_t accounts,
                     size_t targets)
{
    rp_out out;
    if (rp_app_quiet(log->app) > 0 || !rp_out_open(&out, STDERR_FILENO)) return;
    RP_OUT_LITERAL(&out, "{\"event\":\"collected\"");
    add_number(&out, ",\"accounts\":", accounts);
    add_number(&out, ",\"regions\":", targets);
    add_number(&out, ",\"calls\":", s->calls);
    add_number(&out, ",\"requests\":", s->requests);
    add_number(&out, ",\"unanswered\":", s->failed);
    add_number(&out, ",\"throttled\":", s->throttled);
    add_number(&out, ",\"bytes\":", s->received);
    add_number(&out, ",\"ms\":", (uint64_t)(rp_clock_steady() - log->begun));
    RP_OUT_LITERAL(&out, "}\n");
    (void)rp_out_close(&out, true);
}

void rp_live_log_end(rp_live_log *log, const rp_collect_stats *stats, size_t accounts,
                     size_t targets)
{
    rp_progress_end(&log->progress);
    if (log->json) {
        end_json(log, stats, accounts, targets);
        return;
    }
    rp_app_note(
        log->app,
        "%llu calls answered, %llu not; %llu requests in %zu account%s and Region%s, %.1f s",
        (unsigned long long)stats->calls, (unsigned long long)stats->failed,
        (unsigned long long)stats->requests, targets, targets == 1 ? "" : "s",
        targets == 1 ? "" : "s", (double)(rp_clock_steady() - log->begun) / 1000);
}

// ---- Options -----------------------------------------------------------------------------------

bool rp_live_jobs(const rp_app *app, uint32_t *jobs)
{
    int64_t number;
    const char *text = rp_args_text(&app->args, RP_OPTION_JOBS, NULL);
    *jobs = 0;
    if (text == NULL) return true;
    bool good =
        rp_text_parse_int(rp_str_from(text), &number) && number >= 1 && number <= MAX_IN_FLIGHT;
    if (good) {
        *jobs = (uint32_t)number;
    } else {
        (void)rp_app_error("--jobs is a number from 1 to %d, not `%s`", (int)MAX_IN_FLIGHT, text);
    }
    return good;
}

bool rp_live_timeout(const rp_app *app, uint32_t *ms)
{
    int64_t time;
    const char *text = rp_args_text(&app->args, RP_OPTION_TIMEOUT, NULL);
    *ms = 0;
    if (text == NULL) return true;
    bool good = rp_duration_parse(rp_str_from(text), &time) && time > 0 && time <= MAX_TIMEOUT_MS;
    if (good) {
        *ms = (uint32_t)time;
    } else {
        (void)rp_app_error("--timeout is a duration such as 10m, at most 24h, not `%s`", text);
    }
    return good;
}
