// The program: parse, dispatch, return the exit status.
#include "cli/app.h"
#include "vm/base/buf.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

static int (*const run_command[])(rp_app *app) = {
    [RP_COMMAND_COMPILE] = rp_cmd_compile, [RP_COMMAND_CHECK] = rp_cmd_check,
    [RP_COMMAND_RUN] = rp_cmd_run,         [RP_COMMAND_TEST] = rp_cmd_test,
    [RP_COMMAND_INSPECT] = rp_cmd_inspect, [RP_COMMAND_EXPLAIN] = rp_cmd_explain,
    [RP_COMMAND_DOCS] = rp_cmd_docs,       [RP_COMMAND_PERMISSIONS] = rp_cmd_permissions,
    [RP_COMMAND_FACTS] = rp_cmd_facts,
    [RP_COMMAND_VERSION] = rp_cmd_version, [RP_COMMAND_HELP] = rp_cmd_help,
};

static int print_help(rp_command command, int fd)
{
    rp_out out;
    if (!rp_out_open(&out, fd)) return rp_app_error("out of memory");
    rp_help_print(&out, command);
    return rp_out_close(&out, true) || errno == EPIPE
               ? RP_EXIT_OK
               : rp_app_error("standard output: %s", strerror(errno));
}

int rp_cmd_help(rp_app *app)
{
    if (app->args.operand_count == 0) return print_help(RP_COMMAND_COUNT, STDOUT_FILENO);
    for (rp_command c = 0; c < RP_COMMAND_COUNT; c++) {
        if (strcmp(rp_command_get(c)->name, app->args.operands[0]) == 0)
            return print_help(c, STDOUT_FILENO);
    }
    return rp_app_error("there is no command `%s`", app->args.operands[0]);
}

static bool check_color(const rp_app *app)
{
    const char *when = rp_args_text(&app->args, RP_OPTION_COLOR, "auto");
    if (strcmp(when, "auto") == 0 || strcmp(when, "always") == 0 || strcmp(when, "never") == 0)
        return true;
    (void)rp_app_error("--color is auto, always or never, not `%s`", when);
    return false;
}

static int dispatch(rp_app *app)
{
    rp_command command = app->args.command;
    if (rp_args_on(&app->args, RP_OPTION_HELP)) return print_help(command, STDOUT_FILENO);
    if (rp_args_on(&app->args, RP_OPTION_VERSION)) return rp_cmd_version(app);
    if (command == RP_COMMAND_COUNT) {
        (void)print_help(command, STDERR_FILENO);
        return RP_EXIT_TROUBLE;
    }
    const char *folder = rp_args_text(&app->args, RP_OPTION_CHDIR, NULL);
    if (folder != NULL && chdir(folder) != 0)
        return rp_app_error("%s: %s", folder, strerror(errno));
    return check_color(app) ? run_command[command](app) : RP_EXIT_TROUBLE;
}

// glibc gives each thread an arena of its own and keeps there what readers gave back, a fifth of the
// peak. They allocate in large pieces, so one arena is as fast. And it stops giving large pieces maps
// of their own once one was freed: columns that grow then leave holes, a tenth of the peak.
static void share_memory(void)
{
#ifdef M_ARENA_MAX
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_MMAP_THRESHOLD, 128 * 1024);
#endif
}

int main(int argc, char **argv)
{
    rp_app app = {0};
    share_memory();
    // A closed pipe is an error of write(2), so that files are still cleaned up.
    (void)signal(SIGPIPE, SIG_IGN);
    int status = rp_args_parse(&app.args, argc, argv) ? dispatch(&app)
                                                      : rp_app_error("%s", app.args.problem);
    rp_crypto_clear(&app.crypto);
    rp_args_free(&app.args);
    return status;
}
