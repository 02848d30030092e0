// rdspol run: policies and facts to findings.
#include "cli/policies.h"
#include "cli/report.h"

#include "cli/live.h"
#include "cli/packed.h"
#include "cli/params.h"
#include "cli/progress.h"
#include "collectors/files/include/rdspol_files.h"
#if RDSPOL_HAS_GZIP
#include "collectors/gzip.h"
#endif
#include "vm/base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FORMATS = 16 };
// Input of less than this is judged in small chunks: results are the same, and most of the start of
// a run is clearing memory for 1,024 rows at once. Of more, half as many rows as there may be take
// half the memory in the same time.
// Without --jobs a thread reads at least so much: less is read about as fast by one, with less
// work.
#define THREAD_SIZE ((uint64_t)128 * 1024 * 1024)
enum { SMALL_INPUT_SIZE = 256 * 1024, SMALL_CHUNK = 64, LARGE_CHUNK = 512 };

typedef struct target {
    const rp_format *format;
    const char *path; // NULL: standard output
} target;

typedef struct run_state {
    rp_app *app;
    rp_policies policies;
    rp_params params;
    uint32_t *selected;
    size_t selected_count;
    target targets[MAX_FORMATS];
    size_t target_count;
    rdspol_severity fail_on;
    bool never_fails, unknown_fails;
    int64_t now;
    uint32_t jobs;
    rdspol_facts *facts;
    rp_packed packed; // what they lie in, if they were packed
    rp_inputs inputs; // listed if a report shows them
    rdspol_files_stats stats;
    rdspol_run *run;
    rp_live_request live;
    bool planned; // --plan: nothing was judged
} run_state;

static bool refuse(int status)
{
    return status == RP_EXIT_OK;
}

// ---- Options -----------------------------------------------------------------------------------

static bool add_target(run_state *s, const char *text)
{
    char name[32];
    const char *equals = strchr(text, '=');
    size_t size = equals != NULL ? (size_t)(equals - text) : strlen(text);
    if (size < sizeof name) memcpy(name, text, size);
    name[size < sizeof name ? size : 0] = '\0';
    target *t = &s->targets[s->target_count];
    t->format = rp_format_find(name);
    t->path = equals == NULL || strcmp(equals + 1, "-") == 0 ? NULL : equals + 1;
    if (t->format == NULL)
        return refuse(rp_app_error("--format is text, compact, json or ndjson, not `%s`", text));
    if (t->path != NULL && t->path[0] == '\0')
        return refuse(rp_app_error("--format %s: the name of the file is missing", text));
    for (size_t i = 0; i < s->target_count; i++) {
        bool both = t->path == NULL && s->targets[i].path == NULL;
        if (both) return refuse(rp_app_error("only one --format can go to standard output"));
    }
    s->target_count++;
    return true;
}

// -qq silences what goes to standard output; files that were asked for are written.
static bool is_wanted(const run_state *s, const target *t)
{
    return t->path != NULL || rp_app_quiet(s->app) < 2;
}

static bool shows_inputs(const run_state *s)
{
    for (size_t i = 0; i < s->target_count; i++) {
        if (is_wanted(s, &s->targets[i]) && s->targets[i].format->inputs) return true;
    }
    return false;
}

static bool read_targets(run_state *s)
{
    size_t cursor = 0;
    const char *text;
    while ((text = rp_args_next(&s->app->args, RP_OPTION_FORMAT, &cursor)) != NULL) {
        if (s->target_count == MAX_FORMATS) return refuse(rp_app_error("too many --format"));
        if (!add_target(s, text)) return false;
    }
    return s->target_count > 0 || add_target(s, "text");
}

static bool read_gates(run_state *s)
{
    const char *least = rp_args_text(&s->app->args, RP_OPTION_FAIL_ON, "low");
    const char *unknown = rp_args_text(&s->app->args, RP_OPTION_ON_UNKNOWN, "fail");
    s->never_fails = strcmp(least, "none") == 0;
    if (!s->never_fails && !rp_severity_parse(least, &s->fail_on)) {
        return refuse(rp_app_error(
            "--fail-on is critical, high, medium, low, info or none, not `%s`", least));
    }
    s->unknown_fails = strcmp(unknown, "fail") == 0;
    if (s->unknown_fails || strcmp(unknown, "warn") == 0 || strcmp(unknown, "ignore") == 0)
        return true;
    return refuse(rp_app_error("--on-unknown is fail, warn or ignore, not `%s`", unknown));
}

static bool read_now(run_state *s)
{
    const char *text = rp_args_text(&s->app->args, RP_OPTION_NOW, NULL);
    struct timespec clock = {0};
    if (text != NULL) {
        if (rp_time_parse_iso(rp_str_from(text), &s->now)) return true;
        return refuse(
            rp_app_error("--now is a date or time such as 2027-03-31T12:00:00Z, not `%s`", text));
    }
    (void)clock_gettime(CLOCK_REALTIME, &clock);
    s->now = (int64_t)clock.tv_sec * 1000;
    return true;
}

static bool read_jobs(run_state *s)
{
    s->jobs = 1;
    return rp_app_jobs(s->app, &s->jobs);
}

static bool check_input_format(const run_state *s)
{
    const char *kind = rp_args_text(&s->app->args, RP_OPTION_INPUT_FORMAT, "auto");
    if (strcmp(kind, "auto") == 0 || strcmp(kind, "cli") == 0) return true;
    return refuse(rp_app_error("--input-format `%s` is not supported; auto and cli are", kind));
}

static bool read_options(run_state *s)
{
    const rp_args *args = &s->app->args;
    if (args->operand_count == 0)
        return refuse(rp_app_error("run needs POLICIES and INPUT; see `rdspol run --help`"));
    bool live = rp_args_on(args, RP_OPTION_LIVE);
    if (rp_live_plans(s->app) && !live) return refuse(rp_app_error("--plan is of --live"));
    if (args->operand_count == 1 && !live)
        return refuse(
            rp_app_error("run needs an INPUT: files or folders of AWS CLI JSON, or -; or --live"));
    if (args->operand_count > 1 && live)
        return refuse(rp_app_error("--live collects the facts: there is no INPUT beside it"));
    return read_targets(s) && read_gates(s) && read_now(s) && read_jobs(s) && check_input_format(s);
}

// ---- Facts -------------------------------------------------------------------------------------

static rdspol_str given_text(const run_state *s, rp_option option)
{
    const char *text = rp_args_text(&s->app->args, option, NULL);
    return text != NULL ? rp_str_from(text) : rp_str_make(NULL, 0);
}

static rdspol_files_opts reader_options(const run_state *s)
{
    rdspol_files_opts opts = {
        .size = sizeof opts,
        .threads = s->jobs,
        .thread_size = rp_args_on(&s->app->args, RP_OPTION_JOBS) ? 0 : THREAD_SIZE,
        .account = given_text(s, RP_OPTION_ACCOUNT),
        .region = given_text(s, RP_OPTION_REGION),
        .stdin_name = given_text(s, RP_OPTION_STDIN_NAME),
        .ignore_unknown_files = rp_args_on(&s->app->args, RP_OPTION_IGNORE_UNKNOWN_FILES)};
#if RDSPOL_HAS_GZIP
    opts.gunzip = rp_gzip();
#endif
    return opts;
}

static rdspol_status read_inputs(run_state *s, rdspol_error *error)
{
    const rp_args *args = &s->app->args;
    size_t count = args->operand_count - 1;
    rdspol_files_opts opts = reader_options(s);
    rdspol_str *inputs = calloc(count, sizeof *inputs);
    if (inputs == NULL) return RDSPOL_NO_MEMORY;
    for (size_t i = 0; i < count; i++) inputs[i] = rp_str_from(args->operands[i + 1]);
    if (shows_inputs(s) && !rp_inputs_note(&s->inputs, args->operands + 1, count)) {
        free(inputs);
        return RDSPOL_NO_MEMORY;
    }
    rp_progress progress;
    rp_progress_begin(&progress, s->app);
    opts.begun = rp_progress_file;
    opts.begun_ctx = &progress;
    rdspol_status status = rdspol_files_read(s->facts, inputs, count, &s->stats, &opts, error);
    rp_progress_end(&progress);
    free(inputs);
    return status;
}

static rp_live_request live_request(run_state *s)
{
    return (rp_live_request){.policies = &s->policies,
                             .selected = s->selected,
                             .selected_count = s->selected_count,
                             .facts = s->facts};
}

static bool collect_live(run_state *s)
{
    s->live = live_request(s);
    return rp_live_collect(s->app, &s->live);
}

// One file of packed facts: neither read nor sealed again.
static bool is_packed(const run_state *s)
{
    const rp_args *args = &s->app->args;
    return args->operand_count == 2 && rp_packed_is(args->operands[1]);
}

static bool check_packed(const run_state *s)
{
    const rp_args *args = &s->app->args;
    for (size_t i = 1; args->operand_count > 2 && i < args->operand_count; i++) {
        if (rp_packed_is(args->operands[i]))
            return refuse(rp_app_error("%s: packed facts are judged alone", args->operands[i]));
    }
    return true;
}

static bool open_packed(run_state *s)
{
    const char *const *file = s->app->args.operands + 1;
    if (shows_inputs(s) && !rp_inputs_note(&s->inputs, file, 1))
        return refuse(rp_app_error("out of memory"));
    if (!rp_packed_open(&s->packed, *file, s->policies.bundle, &s->facts)) return false;
    s->stats = (rdspol_files_stats){.files = 1, .bytes = s->packed.size};
    return true;
}

static bool obtain_facts(run_state *s)
{
    if (is_packed(s)) return open_packed(s);
    if (!check_packed(s)) return false;
    rdspol_error error = {0};
    rdspol_facts_opts opts = {.size = sizeof opts};
    error.status = rdspol_facts_new(&s->facts, s->policies.bundle, &opts, &error);
    if (error.status == RDSPOL_OK && rp_args_on(&s->app->args, RP_OPTION_LIVE)) {
        if (!collect_live(s)) return false;
    } else if (error.status == RDSPOL_OK) {
        error.status = read_inputs(s, &error);
    }
    if (error.status == RDSPOL_OK) error.status = rdspol_facts_seal(s->facts, &error);
    return error.status == RDSPOL_OK || refuse(rp_app_library_error("", &error));
}

// ---- Judging -----------------------------------------------------------------------------------

static bool is_small(const run_state *s)
{
    return s->stats.bytes < SMALL_INPUT_SIZE;
}

static bool judge(run_state *s)
{
    rdspol_error error = {0};
    rdspol_run_opts opts = {.size = sizeof opts,
                            .now = s->now,
                            .params = s->params.list,
                            .param_count = s->params.count,
                            .policies = s->selected,
                            .policy_count = s->selected_count,
                            .chunk = is_small(s) ? SMALL_CHUNK : LARGE_CHUNK};
    if (!is_small(s)) rp_app_trim(); // what only reading needed makes room for what judging needs
    error.status = rdspol_run_new(&s->run, s->policies.bundle, s->facts, &opts, &error);
    if (error.status == RDSPOL_OK) {
        rdspol_facts_finish(s->facts);
        error.status = rdspol_run_evaluate(s->run, &error);
    }
    return error.status == RDSPOL_OK || refuse(rp_app_library_error("", &error));
}

static int gate(const run_state *s)
{
    bool failed = false;
    bool unknown = false;
    for (size_t i = 0; i < s->selected_count && !s->never_fails; i++) {
        rdspol_policy policy;
        uint32_t index = s->selected[i];
        if (rdspol_bundle_policy(s->policies.bundle, index, &policy) != RDSPOL_OK ||
            policy.severity < s->fail_on)
            continue;
        failed = failed || rdspol_run_count(s->run, index, RDSPOL_VERDICT_FAIL) > 0;
        unknown = unknown || rdspol_run_count(s->run, index, RDSPOL_VERDICT_UNKNOWN) > 0;
    }
    if (rp_args_on(&s->app->args, RP_OPTION_EXIT_ZERO)) return RP_EXIT_OK;
    if (failed) return RP_EXIT_FOUND;
    return unknown && s->unknown_fails ? RP_EXIT_UNKNOWN : RP_EXIT_OK;
}

// ---- Reports -----------------------------------------------------------------------------------

static rp_report report_for(run_state *s, const target *t)
{
    const rp_args *args = &s->app->args;
    bool shown = t->path == NULL && isatty(STDOUT_FILENO) == 1;
    return (rp_report){.run = s->run,
                       .facts = s->facts,
                       .bundle = s->policies.bundle,
                       .crypto = &s->app->crypto,
                       .sha256 = s->policies.sha256,
                       .policies = s->selected,
                       .policy_count = s->selected_count,
                       .inputs = &s->inputs,
                       .now = s->now,
                       .quiet = rp_app_quiet(s->app),
                       .verbose = rp_app_verbose(s->app),
                       .color = t->path == NULL && rp_app_color(s->app, STDOUT_FILENO),
                       .width = shown ? rp_app_width(STDOUT_FILENO) : 0,
                       .remedies = rp_args_on(args, RP_OPTION_REMEDIES)};
}

static bool report_failure(const target *t, int error)
{
    const char *path = t->path != NULL ? t->path : "standard output";
    if (t->path == NULL && error == EPIPE) return false; // whoever read has had enough
    return refuse(rp_app_error("%s: %s", path, strerror(error)));
}

static bool write_report(run_state *s, const target *t)
{
    rp_out out;
    rdspol_error error = {0};
    rp_report report = report_for(s, t);
    bool opened =
        t->path == NULL ? rp_out_open(&out, STDOUT_FILENO) : rp_out_open_file(&out, t->path);
    if (!opened) return report_failure(t, errno);
    bool written = t->format->write(&report, &out, &error);
    bool closed = rp_out_close(&out, written);
    int reason = errno;
    if (!written) return refuse(rp_app_library_error("", &error));
    return closed || report_failure(t, reason);
}

static bool prepare_hashes(run_state *s)
{
    bool needed = false;
    for (size_t i = 0; i < s->target_count; i++) {
        needed = needed || (is_wanted(s, &s->targets[i]) && s->targets[i].format->hashed);
    }
    if (!needed || (rp_crypto_load(&s->app->crypto) && rp_policies_hash(&s->policies, s->app)))
        return true;
    return refuse(rp_app_error("json needs libcrypto (OpenSSL), which was not found"));
}

// What only judging needed makes room for what only reports need.
static bool make_room(run_state *s)
{
    rdspol_run_finish(s->run);
    if (!is_small(s)) rp_app_trim();
    return prepare_hashes(s);
}

static bool write_reports(run_state *s)
{
    if (!make_room(s)) return false;
    if (shows_inputs(s)) rp_inputs_hash(&s->inputs, &s->app->crypto);
    bool good = true;
    for (size_t i = 0; i < s->target_count; i++) {
        if (is_wanted(s, &s->targets[i])) good = write_report(s, &s->targets[i]) && good;
    }
    return good;
}

// ---- The command -------------------------------------------------------------------------------

static bool run_all(run_state *s)
{
    if (!read_options(s) || !rp_policies_open(&s->policies, s->app, s->app->args.operands[0]))
        return false;
    s->selected = rp_policies_select(&s->policies, s->app, &s->selected_count);
    if (s->selected == NULL) return false;
    if (rp_live_plans(s->app)) {
        rp_live_request request = live_request(s);
        s->planned = true;
        return rp_live_print_plan(s->app, &request) == RP_EXIT_OK;
    }
    return rp_params_read(&s->params, s->app, s->policies.bundle) && obtain_facts(s) && judge(s) &&
           write_reports(s);
}

int rp_cmd_run(rp_app *app)
{
    run_state s = {.app = app};
    int status = !run_all(&s) ? RP_EXIT_TROUBLE : s.planned ? RP_EXIT_OK : gate(&s);
    rp_live_finish(&s.live);
    rdspol_run_free(s.run);
    rdspol_facts_free(s.facts);
    rp_packed_close(&s.packed);
    rp_params_free(&s.params);
    rp_inputs_free(&s.inputs);
    free(s.selected);
    rp_policies_close(&s.policies);
    return status;
}
