// Mutation testing. Each change is compiled and tested alone, by whichever thread is free; what is
// printed is in the order of the sources, whatever came first.
#include "cli/mutate.h"

#include "vm/base/text.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_THREADS = 256 };

typedef enum fate {
    FATE_OTHER, // not selected
    FATE_WAITS,
    FATE_REFUSED, // does not compile
    FATE_KILLED,  // a test notices
    FATE_SURVIVED,
    FATE_KINDS
} fate;

typedef struct trial {
    const rp_app *app;
    const rp_source_set *set;
    const rdspol_mutation *mutations;
    rp_str *test_files; // of each test
    fate *fates;        // of each mutation
    uint32_t mutation_count, test_count;
    pthread_mutex_t lock;
    uint32_t next, failed_at; // failed_at: which mutation gave `error`
    rdspol_error error;       // of the first one, in order, that could not be tried
} trial;

// ---- One change --------------------------------------------------------------------------------

// The text of the source with the change in it, to be freed; NULL if memory runs out.
static char *changed_text(const trial *t, const rdspol_mutation *m, size_t *size)
{
    rp_str text = t->set->files[m->source].text;
    size_t rest = text.len - m->end;
    *size = m->begin + m->replacement.len + rest;
    char *bytes = malloc(*size + 1);
    if (bytes == NULL) return NULL;
    memcpy(bytes, text.ptr, m->begin);
    memcpy(bytes + m->begin, m->replacement.ptr, m->replacement.len);
    memcpy(bytes + m->begin + m->replacement.len, text.ptr + m->end, rest);
    return bytes;
}

// What a test cannot be run on is noticed by it.
static bool notices(rdspol_compilation *done, uint32_t test, rdspol_error *error)
{
    rdspol_test_result result;
    error->status = rdspol_compilation_test(done, test, 0, &result, error);
    return error->status != RDSPOL_OK || result.passed == 0;
}

// The test that noticed the change before is asked first, then those of the file, then all others.
static bool any_notices(const trial *t, rdspol_compilation *done, rp_str file, uint32_t *killer,
                        rdspol_error *error)
{
    if (notices(done, *killer, error)) return true;
    for (int others = 0; others < 2; others++) {
        for (uint32_t i = 0; i < t->test_count; i++) {
            if (i == *killer || rp_str_equal(t->test_files[i], file) == (others != 0)) continue;
            if (!notices(done, i, error)) continue;
            *killer = i;
            return true;
        }
    }
    return false;
}

// FATE_WAITS, with `error`, if it could not be tried.
static fate try_text(const trial *t, const rdspol_mutation *m, rp_str text, uint32_t *killer,
                     rdspol_error *error)
{
    rdspol_compilation *done = NULL;
    error->status = rp_sources_recompile(t->set, m->source, text, &done, error);
    if (error->status != RDSPOL_OK) return FATE_WAITS;
    bool compiled = rdspol_compilation_bundle(done).len > 0;
    bool noticed = compiled && any_notices(t, done, m->file, killer, error);
    rdspol_compilation_free(done);
    if (noticed && error->status == RDSPOL_NO_MEMORY) return FATE_WAITS;
    return !compiled ? FATE_REFUSED : noticed ? FATE_KILLED : FATE_SURVIVED;
}

static fate try_change(const trial *t, const rdspol_mutation *m, uint32_t *killer,
                       rdspol_error *error)
{
    size_t size = 0;
    char *text = changed_text(t, m, &size);
    error->status = RDSPOL_NO_MEMORY;
    fate found = text != NULL ? try_text(t, m, rp_str_make(text, size), killer, error) : FATE_WAITS;
    free(text);
    return found;
}

// ---- All of them -------------------------------------------------------------------------------

// The next change that waits; the count of all if there is none left.
static uint32_t take(trial *t)
{
    (void)pthread_mutex_lock(&t->lock);
    while (t->next < t->mutation_count && t->fates[t->next] != FATE_WAITS) t->next++;
    uint32_t taken = t->next < t->mutation_count ? t->next++ : t->mutation_count;
    (void)pthread_mutex_unlock(&t->lock);
    return taken;
}

static void keep_error(trial *t, uint32_t at, const rdspol_error *error)
{
    (void)pthread_mutex_lock(&t->lock);
    if (at < t->failed_at) {
        t->failed_at = at;
        t->error = *error;
    }
    (void)pthread_mutex_unlock(&t->lock);
}

static void *work(void *ctx)
{
    trial *t = ctx;
    uint32_t killer = 0;
    for (uint32_t at; (at = take(t)) < t->mutation_count;) {
        rdspol_error error = {0};
        t->fates[at] = try_change(t, &t->mutations[at], &killer, &error);
        if (t->fates[at] == FATE_WAITS) keep_error(t, at, &error);
    }
    return NULL;
}

// Signals are for the thread that was there before.
static void try_all(trial *t, uint32_t jobs)
{
    pthread_t others[MAX_THREADS];
    sigset_t all, before;
    uint32_t started = 0;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    while (started + 1 < jobs && pthread_create(&others[started], NULL, work, t) == 0) started++;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)work(t);
    for (uint32_t i = 0; i < started; i++) (void)pthread_join(others[i], NULL);
}

// ---- What to try -------------------------------------------------------------------------------

static bool is_selected(const rp_app *app, const rdspol_mutation *m)
{
    rp_arg_parts walk = {0};
    rp_str glob;
    bool any = false;
    while (rp_args_next_part(&app->args, RP_OPTION_POLICY, &walk, &glob)) {
        if (rp_glob_match(m->name, glob) || rp_glob_match(m->file, glob)) return true;
        any = true;
    }
    return !any;
}

static uint32_t select_changes(trial *t)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < t->mutation_count; i++) {
        bool selected = is_selected(t->app, &t->mutations[i]);
        t->fates[i] = selected ? FATE_WAITS : FATE_OTHER;
        count += selected;
    }
    return count;
}

// Runs the tests on the sources as they stand: only then do changes say something.
static bool tests_pass(trial *t, rdspol_compilation *done)
{
    for (uint32_t i = 0; i < t->test_count; i++) {
        rdspol_test_result result;
        rdspol_error error = {0};
        error.status = rdspol_compilation_test(done, i, 0, &result, &error);
        if (error.status != RDSPOL_OK) {
            (void)rp_app_library_error("a test", &error);
            return false;
        }
        if (result.passed == 0) {
            (void)rp_app_error("%.*s:%u: this test fails before anything is changed",
                               (int)result.file.len, result.file.ptr, result.line);
            return false;
        }
        t->test_files[i] = result.file;
    }
    if (t->test_count == 0) (void)rp_app_error("there are no tests in these sources");
    return t->test_count > 0;
}

// ---- What came of it ---------------------------------------------------------------------------

static void print_change(rp_out *out, const char *heading, const rdspol_mutation *m)
{
    rp_out_text(out, heading);
    rp_out_safe(out, m->file);
    rp_out_char(out, ':');
    rp_out_u64(out, m->line);
    rp_out_char(out, ':');
    rp_out_u64(out, m->column);
    RP_OUT_LITERAL(out, "  ");
    rp_out_safe(out, m->name);
    RP_OUT_LITERAL(out, ": ");
    rp_out_safe(out, m->change);
    rp_out_char(out, '\n');
}

static void print_explained(rp_out *out, const rdspol_mutation *m)
{
    print_change(out, "explained   ", m);
    RP_OUT_LITERAL(out, "            ");
    rp_out_safe(out, m->explanation);
    rp_out_char(out, '\n');
}

static void print_fate(const trial *t, rp_out *out, uint32_t at)
{
    const rdspol_mutation *m = &t->mutations[at];
    bool explained = m->explanation.len > 0;
    uint32_t verbose = rp_app_verbose(t->app);
    if (t->fates[at] == FATE_SURVIVED && !explained) print_change(out, "SURVIVED    ", m);
    if (t->fates[at] == FATE_SURVIVED && explained && verbose > 0) print_explained(out, m);
    if (t->fates[at] == FATE_KILLED && verbose > 1) print_change(out, "noticed     ", m);
    if (t->fates[at] == FATE_REFUSED && verbose > 1) print_change(out, "no program  ", m);
}

static void print_count(rp_out *out, uint32_t count, const char *what)
{
    rp_out_u64(out, count);
    rp_out_text(out, what);
}

static void print_counts(rp_out *out, const uint32_t *counts, uint32_t explained)
{
    uint32_t survived = counts[FATE_SURVIVED] - explained;
    print_count(out, counts[FATE_KILLED] + counts[FATE_SURVIVED], " changes: ");
    print_count(out, counts[FATE_KILLED], " noticed, ");
    print_count(out, survived, " survived, ");
    print_count(out, explained, " explained; ");
    print_count(out, counts[FATE_REFUSED], " more do not compile\n");
}

// An explanation is the same text for all changes of its line.
static bool still_explains(const trial *t, uint32_t at)
{
    const char *text = t->mutations[at].explanation.ptr;
    for (uint32_t i = 0; i < t->mutation_count; i++) {
        if (t->fates[i] == FATE_SURVIVED && t->mutations[i].explanation.len > 0 &&
            t->mutations[i].explanation.ptr == text)
            return true;
    }
    return false;
}

// Explanations of changes that the tests notice by now; each once.
static uint32_t print_stale(const trial *t, rp_out *out)
{
    uint32_t count = 0;
    const char *last = NULL;
    for (uint32_t i = 0; i < t->mutation_count; i++) {
        const rdspol_mutation *m = &t->mutations[i];
        bool fresh = m->explanation.len > 0 && m->explanation.ptr != last;
        if (t->fates[i] != FATE_KILLED || !fresh || still_explains(t, i)) continue;
        last = m->explanation.ptr;
        count++;
        if (rp_app_quiet(t->app) < 2) print_change(out, "STALE       ", m);
    }
    return count;
}

static int print_fates(const trial *t, rp_out *out)
{
    uint32_t counts[FATE_KINDS] = {0};
    uint32_t explained = 0;
    for (uint32_t i = 0; i < t->mutation_count; i++) {
        counts[t->fates[i]]++;
        explained += t->fates[i] == FATE_SURVIVED && t->mutations[i].explanation.len > 0;
        if (rp_app_quiet(t->app) < 2) print_fate(t, out, i);
    }
    uint32_t stale = print_stale(t, out);
    if (rp_app_quiet(t->app) == 0) print_counts(out, counts, explained);
    return counts[FATE_SURVIVED] > explained || stale > 0 ? RP_EXIT_FOUND : RP_EXIT_OK;
}

static int report(const trial *t)
{
    rp_out out;
    if (t->failed_at < t->mutation_count)
        return rp_app_library_error("a changed policy", &t->error);
    if (!rp_out_open(&out, STDOUT_FILENO)) return rp_app_error("out of memory");
    int status = print_fates(t, &out);
    if (!rp_out_close(&out, true) && errno != EPIPE)
        return rp_app_error("standard output: %s", strerror(errno));
    return status;
}

// ---- The whole ---------------------------------------------------------------------------------

static int run(trial *t, rdspol_compilation *done)
{
    uint32_t jobs = 1;
    if (!rp_app_jobs(t->app, &jobs) || !tests_pass(t, done)) return RP_EXIT_TROUBLE;
    if (select_changes(t) == 0) return rp_app_error("there is nothing to change");
    if (pthread_mutex_init(&t->lock, NULL) != 0) return rp_app_error("out of memory");
    try_all(t, jobs);
    (void)pthread_mutex_destroy(&t->lock);
    return report(t);
}

int rp_mutate(const rp_app *app, const rp_source_set *set, rdspol_compilation *done)
{
    trial t = {.app = app, .set = set, .test_count = rdspol_compilation_test_count(done)};
    rdspol_error error = {0};
    error.status = rdspol_compilation_mutations(done, &t.mutations, &t.mutation_count, &error);
    if (error.status != RDSPOL_OK) return rp_app_library_error("", &error);
    t.failed_at = t.mutation_count;
    t.fates = calloc((size_t)t.mutation_count + 1, sizeof *t.fates);
    t.test_files = calloc((size_t)t.test_count + 1, sizeof *t.test_files);
    int status =
        t.fates != NULL && t.test_files != NULL ? run(&t, done) : rp_app_error("out of memory");
    free(t.fates);
    free(t.test_files);
    return status;
}
