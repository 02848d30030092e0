// The command line as a list of what was given.
//
// The one idea: `commands.def` says what there is; parsing keeps the order of what was given and
// judges only what the table can judge. An option that was not given may come from the environment
// (`RDSPOL_FAIL_ON`). Must not know what options mean.
#ifndef RP_CLI_ARGS_H
#define RP_CLI_ARGS_H

#include "vm/base/str.h"

#include <stdint.h>

typedef enum rp_command {
#define COMMAND(ID, name, operands, help) RP_COMMAND_##ID,
#include "cli/commands.def"
#undef COMMAND
    RP_COMMAND_COUNT
} rp_command;

typedef enum rp_option {
#define OPTION(ID, name, letter, kind, value, commands, help) RP_OPTION_##ID,
#include "cli/commands.def"
#undef OPTION
#define LATER_OPTION(ID, name) RP_OPTION_##ID,
#include "cli/commands.def"
#undef LATER_OPTION
    RP_OPTION_COUNT
} rp_option;

typedef enum rp_option_kind {
    RP_OPTION_SWITCH,
    RP_OPTION_COUNTED, // COUNT
    RP_OPTION_TEXT,
    RP_OPTION_LIST,
    RP_OPTION_MANY,
    RP_OPTION_LATER
} rp_option_kind;

typedef struct rp_command_info {
    const char *name, *operands, *help;
} rp_command_info;

typedef struct rp_option_info {
    const char *name, *value, *help;
    rp_option_kind kind;
    uint32_t commands; // bit 1 << rp_command
    char letter;
} rp_option_info;

const rp_command_info *rp_command_get(rp_command command);
const rp_option_info *rp_option_get(rp_option option);

typedef struct rp_arg {
    rp_option option;
    const char *value; // of a switch "1" or "0"
} rp_arg;

typedef struct rp_args {
    rp_command command; // RP_COMMAND_COUNT: none was given
    rp_arg *given;
    size_t given_count;
    const char **operands;
    size_t operand_count;
    char problem[256]; // why parsing failed
} rp_args;

// Parses. Borrows argv. False, with `problem`, for what the table does not allow.
bool rp_args_parse(rp_args *args, int argc, char **argv);
void rp_args_free(rp_args *args);

bool rp_args_on(const rp_args *args, rp_option option);
uint32_t rp_args_count(const rp_args *args, rp_option option);
// The last value given, or `otherwise`.
const char *rp_args_text(const rp_args *args, rp_option option, const char *otherwise);
// The values of an option in order; `*cursor` starts at 0; NULL at the end.
const char *rp_args_next(const rp_args *args, rp_option option, size_t *cursor);

// A walk over the parts between commas of all values of an option.
typedef struct rp_arg_parts {
    size_t cursor;
    rp_str rest;
} rp_arg_parts;
bool rp_args_next_part(const rp_args *args, rp_option option, rp_arg_parts *walk, rp_str *out);

#endif
