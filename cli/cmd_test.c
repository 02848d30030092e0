// rdspol test: the test blocks of sources.
#include "cli/mutate.h"

#include <errno.h>
#include <unistd.h>

typedef struct test_counts {
    uint32_t passed, failed;
} test_counts;

static void print_result(rp_out *out, const rdspol_test_result *result, bool verbose)
{
    if (result->passed != 0 && !verbose) return;
    rp_out_text(out, result->passed != 0 ? "ok    " : "FAIL  ");
    rp_out_safe(out, result->file);
    rp_out_char(out, ':');
    rp_out_u64(out, result->line);
    RP_OUT_LITERAL(out, "  ");
    rp_out_safe(out, result->name);
    if (result->failure.len > 0) RP_OUT_LITERAL(out, "\n      ");
    rp_out_safe(out, result->failure);
    rp_out_char(out, '\n');
}

// False if a test could not be run at all.
static bool run_tests(const rp_app *app, rdspol_compilation *done, rp_out *out, test_counts *counts)
{
    bool good = true;
    for (uint32_t i = 0; i < rdspol_compilation_test_count(done); i++) {
        rdspol_test_result result;
        rdspol_error error = {0};
        error.status = rdspol_compilation_test(done, i, 0, &result, &error);
        if (error.status != RDSPOL_OK) {
            (void)rp_app_library_error("a test", &error);
            good = false;
            continue;
        }
        counts->passed += result.passed != 0;
        counts->failed += result.passed == 0;
        if (rp_app_quiet(app) < 2) print_result(out, &result, rp_app_verbose(app) > 0);
    }
    return good;
}

static void print_counts(const rp_app *app, rp_out *out, const test_counts *counts)
{
    if (rp_app_quiet(app) > 0) return;
    rp_out_u64(out, counts->passed);
    RP_OUT_LITERAL(out, " passed, ");
    rp_out_u64(out, counts->failed);
    RP_OUT_LITERAL(out, " failed\n");
}

static int test(const rp_app *app, rdspol_compilation *done)
{
    rp_out out;
    test_counts counts = {0};
    if (!rp_out_open(&out, STDOUT_FILENO)) return rp_app_error("out of memory");
    bool good = run_tests(app, done, &out, &counts);
    print_counts(app, &out, &counts);
    if (!rp_out_close(&out, true) && errno != EPIPE)
        return rp_app_error("standard output: %s", strerror(errno));
    if (counts.passed + counts.failed == 0) rp_app_note(app, "there are no tests in these sources");
    if (!good) return RP_EXIT_TROUBLE;
    return counts.failed > 0 ? RP_EXIT_FOUND : RP_EXIT_OK;
}

static bool options_fit(const rp_app *app)
{
    bool mutates = rp_args_on(&app->args, RP_OPTION_MUTATE);
    if (mutates || rp_args_text(&app->args, RP_OPTION_POLICY, NULL) == NULL) return true;
    (void)rp_app_error("--policy says what --mutate changes: tests run all");
    return false;
}

int rp_cmd_test(rp_app *app)
{
    rp_source_set set = {0};
    rdspol_compilation *done = NULL;
    rp_app_keep_memory();
    uint32_t flags = RP_COMPILE_TESTS | (rp_app_quiet(app) > 0 ? RP_COMPILE_SILENT : 0u);
    if (options_fit(app) && rp_source_set_add_operands(&set, &app->args))
        done = rp_sources_compile(app, &set, flags);
    int status = RP_EXIT_TROUBLE;
    if (done != NULL && rp_args_on(&app->args, RP_OPTION_MUTATE))
        status = rp_mutate(app, &set, done);
    else if (done != NULL)
        status = test(app, done);
    rdspol_compilation_free(done);
    rp_source_set_free(&set);
    return status;
}
