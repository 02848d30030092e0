// What all commands share: the arguments, exit statuses, messages to people.
#ifndef RP_CLI_APP_H
#define RP_CLI_APP_H

#include "cli/args.h"
#include "cli/io.h"
#include "crypto/crypto.h"
#include "vm/base/buf.h"
#include "vm/include/rdspol.h"

// Exit statuses; 2 is stronger than 1, 1 than 3, 3 than 0.
enum { RP_EXIT_OK = 0, RP_EXIT_FOUND = 1, RP_EXIT_TROUBLE = 2, RP_EXIT_UNKNOWN = 3 };

typedef struct rp_app {
    rp_args args;
    rp_crypto crypto; // loaded when a hash is needed
} rp_app;

// One function a command; the result is the exit status.
int rp_cmd_compile(rp_app *app);
int rp_cmd_check(rp_app *app);
int rp_cmd_run(rp_app *app);
int rp_cmd_test(rp_app *app);
int rp_cmd_inspect(rp_app *app);
int rp_cmd_explain(rp_app *app);
int rp_cmd_docs(rp_app *app);
int rp_cmd_facts(rp_app *app);
int rp_cmd_permissions(rp_app *app);
int rp_cmd_version(rp_app *app);
int rp_cmd_help(rp_app *app);

// "rdspol: " and the text, made harmless, to standard error. Returns RP_EXIT_TROUBLE.
int rp_app_error(const char *format, ...) RP_PRINTF(1, 2);
// The same for an error of the library, with its place.
int rp_app_library_error(const char *what, const rdspol_error *error);
// Something that people should know, unless -q.
void rp_app_note(const rp_app *app, const char *format, ...) RP_PRINTF(2, 3);

// Whether to colour what is written to a descriptor: flag, then environment, then terminal.
bool rp_app_color(const rp_app *app, int fd);
// Columns of a terminal: COLUMNS, then what it says itself; 80 if neither does.
size_t rp_app_width(int fd);
uint32_t rp_app_quiet(const rp_app *app);
uint32_t rp_app_verbose(const rp_app *app);
// How many threads --jobs asks for; false after a message.
bool rp_app_jobs(const rp_app *app, uint32_t *jobs);
// Gives freed memory back to the system, where that has to be asked for.
void rp_app_trim(void);
// From now on the program keeps freed memory for itself.
void rp_app_keep_memory(void);
// Writes text to standard output; the exit status.
int rp_app_print(rp_str text);
// The same of text that holds names from strangers: only line ends are left as they are.
int rp_app_print_safe(rp_str text);

// The usage page: of the program for RP_COMMAND_COUNT.
void rp_help_print(rp_out *out, rp_command command);

#endif
