// Parsing of the command line from the table. Unknown names are answered with the nearest one.
#include "cli/args.h"

#include "lang/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define ON(command) (1u << RP_COMMAND_##command)
#define EVERYWHERE 0xffffffffu

static const rp_command_info commands[] = {
#define COMMAND(ID, name, operands, help) {name, operands, help},
#include "cli/commands.def"
#undef COMMAND
};

static const char *const later_commands[] = {
#define LATER_COMMAND(name) name,
#include "cli/commands.def"
#undef LATER_COMMAND
};

#define KIND_SWITCH RP_OPTION_SWITCH
#define KIND_COUNT RP_OPTION_COUNTED
#define KIND_TEXT RP_OPTION_TEXT
#define KIND_LIST RP_OPTION_LIST
#define KIND_MANY RP_OPTION_MANY
static const rp_option_info options[] = {
#define OPTION(ID, name, letter, kind, value, commands, help)                                      \
    {name, value, help, KIND_##kind, commands, letter},
#include "cli/commands.def"
#undef OPTION
#define LATER_OPTION(ID, name) {name, "", "", RP_OPTION_LATER, EVERYWHERE, 0},
#include "cli/commands.def"
#undef LATER_OPTION
};

const rp_command_info *rp_command_get(rp_command command)
{
    return &commands[command];
}
const rp_option_info *rp_option_get(rp_option option)
{
    return &options[option];
}

static bool refuse(rp_args *args, const char *format, ...) RP_PRINTF(2, 3);
static bool refuse(rp_args *args, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    (void)vsnprintf(args->problem, sizeof args->problem, format, list);
    va_end(list);
    return false;
}

static bool refuse_unknown(rp_args *args, const char *what, rp_str name, const rp_suggest *near)
{
    if (near->best.len == 0) {
        return refuse(args, "unknown %s `%.*s`", what, (int)name.len, name.ptr);
    }
    return refuse(args, "unknown %s `%.*s`; did you mean `%s%.*s`?", what, (int)name.len, name.ptr,
                  name.ptr[0] == '-' ? "--" : "", (int)near->best.len, near->best.ptr);
}

static bool is_usable(const rp_args *args, rp_option option)
{
    return args->command == RP_COMMAND_COUNT ||
           (options[option].commands >> args->command & 1u) != 0;
}

// ---- Names -------------------------------------------------------------------------------------

static rp_option find_long(rp_str name)
{
    for (rp_option o = 0; o < RP_OPTION_COUNT; o++) {
        if (rp_str_equal(rp_str_from(options[o].name), name)) return o;
    }
    return RP_OPTION_COUNT;
}

static rp_option find_letter(char letter)
{
    for (rp_option o = 0; o < RP_OPTION_COUNT; o++) {
        if (options[o].letter == letter && letter != 0) return o;
    }
    return RP_OPTION_COUNT;
}

static bool unknown_option(rp_args *args, rp_str given, rp_str name)
{
    rp_suggest near = rp_suggest_start(name);
    for (rp_option o = 0; o < RP_OPTION_COUNT; o++) {
        bool fits = options[o].kind != RP_OPTION_LATER && is_usable(args, o);
        if (fits) rp_suggest_add(&near, rp_str_from(options[o].name));
    }
    return refuse_unknown(args, "option", given, &near);
}

static bool find_command(rp_args *args, const char *name)
{
    rp_suggest near = rp_suggest_start(rp_str_from(name));
    for (size_t i = 0; i < sizeof later_commands / sizeof later_commands[0]; i++) {
        if (strcmp(later_commands[i], name) == 0) {
            return refuse(args, "the command `%s` is not supported yet", name);
        }
    }
    for (rp_command c = 0; c < RP_COMMAND_COUNT; c++) {
        if (strcmp(commands[c].name, name) == 0) {
            args->command = c;
            return true;
        }
        rp_suggest_add(&near, rp_str_from(commands[c].name));
    }
    return refuse_unknown(args, "command", rp_str_from(name), &near);
}

// ---- One argument ------------------------------------------------------------------------------

static bool check_option(rp_args *args, rp_option option)
{
    const rp_option_info *info = &options[option];
    if (info->kind == RP_OPTION_LATER) {
        return refuse(args, "the option `--%s` is not supported yet", info->name);
    }
    if (!is_usable(args, option)) {
        return refuse(args, "the option `--%s` is none of `rdspol %s`", info->name,
                      commands[args->command].name);
    }
    return true;
}

static void add_value(rp_args *args, rp_option option, const char *value)
{
    args->given[args->given_count++] = (rp_arg){option, value};
}

static bool needs_value(rp_option option)
{
    rp_option_kind kind = options[option].kind;
    return kind == RP_OPTION_TEXT || kind == RP_OPTION_LIST || kind == RP_OPTION_MANY;
}

// `--name`, `--name=value`, `--name value`, `--no-name`. Moves `*at` over a value that is taken.
static bool parse_long(rp_args *args, int argc, char **argv, int *at)
{
    const char *begin = argv[*at] + 2;
    const char *equals = strchr(begin, '=');
    rp_str name = rp_str_make(begin, equals != NULL ? (size_t)(equals - begin) : strlen(begin));
    rp_option option = find_long(name);
    bool off = false;
    if (option == RP_OPTION_COUNT && rp_str_starts(name, RP_STR("no-"))) {
        option = find_long(rp_str_from_offset(name, 3));
        off = option != RP_OPTION_COUNT && options[option].kind == RP_OPTION_SWITCH;
        if (!off) option = RP_OPTION_COUNT;
    }
    if (option == RP_OPTION_COUNT) {
        return unknown_option(args, rp_str_make(argv[*at], name.len + 2), name);
    }
    if (!check_option(args, option)) return false;
    if (!needs_value(option)) {
        if (equals != NULL)
            return refuse(args, "the option `--%s` takes no value", options[option].name);
        add_value(args, option, off ? "0" : "1");
        return true;
    }
    if (equals == NULL && *at + 1 == argc) {
        return refuse(args, "the option `--%s` needs a value: %s", options[option].name,
                      options[option].value);
    }
    add_value(args, option, equals != NULL ? equals + 1 : argv[++*at]);
    return true;
}

// `-q`, `-qq`, `-o FILE`, `-oFILE`.
static bool parse_letters(rp_args *args, int argc, char **argv, int *at)
{
    for (const char *c = argv[*at] + 1; *c != '\0'; c++) {
        rp_option option = find_letter(*c);
        if (option == RP_OPTION_COUNT) return refuse(args, "unknown option `-%c`", *c);
        if (!check_option(args, option)) return false;
        if (!needs_value(option)) {
            add_value(args, option, "1");
            continue;
        }
        if (c[1] == '\0' && *at + 1 == argc) {
            return refuse(args, "the option `-%c` needs a value: %s", *c, options[option].value);
        }
        add_value(args, option, c[1] != '\0' ? c + 1 : argv[++*at]);
        return true;
    }
    return true;
}

static bool parse_operand(rp_args *args, const char *operand)
{
    if (args->command == RP_COMMAND_COUNT) return find_command(args, operand);
    args->operands[args->operand_count++] = operand;
    return true;
}

static bool parse_all(rp_args *args, int argc, char **argv)
{
    bool flags = true;
    for (int i = 1; i < argc; i++) {
        bool good = true;
        if (flags && strcmp(argv[i], "--") == 0) {
            flags = false;
        } else if (flags && strncmp(argv[i], "--", 2) == 0) {
            good = parse_long(args, argc, argv, &i);
        } else if (flags && argv[i][0] == '-' && argv[i][1] != '\0') {
            good = parse_letters(args, argc, argv, &i);
        } else {
            good = parse_operand(args, argv[i]);
        }
        if (!good) return false;
    }
    return true;
}

// Options that stood before the command could not be judged there.
static bool check_early(rp_args *args)
{
    for (size_t i = 0; i < args->given_count; i++) {
        if (!check_option(args, args->given[i].option)) return false;
    }
    return true;
}

// ---- Environment -------------------------------------------------------------------------------

static const char *environment_value(rp_option option)
{
    char name[64] = "RDSPOL_";
    size_t at = 7;
    for (const char *c = options[option].name; *c != '\0' && at + 1 < sizeof name; c++) {
        name[at++] = *c == '-' ? '_' : (char)(*c - 'a' + 'A');
    }
    name[at] = '\0';
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool is_given(const rp_args *args, rp_option option)
{
    size_t cursor = 0;
    return rp_args_next(args, option, &cursor) != NULL;
}

static bool add_switch(rp_args *args, rp_option option, const char *value)
{
    bool on = strcmp(value, "1") == 0 || strcmp(value, "true") == 0;
    bool off = strcmp(value, "0") == 0 || strcmp(value, "false") == 0;
    if (!on && !off) {
        return refuse(args, "the environment's `--%s` is neither true nor false: `%s`",
                      options[option].name, value);
    }
    add_value(args, option, on ? "1" : "0");
    return true;
}

static bool parse_environment(rp_args *args)
{
    for (rp_option o = 0; o < RP_OPTION_COUNT; o++) {
        bool fixed = o == RP_OPTION_HELP || o == RP_OPTION_VERSION;
        const char *value =
            fixed || !is_usable(args, o) || is_given(args, o) ? NULL : environment_value(o);
        if (value == NULL) continue;
        if (!check_option(args, o)) return false;
        if (needs_value(o)) {
            add_value(args, o, value);
        } else if (!add_switch(args, o, value)) {
            return false;
        }
    }
    return true;
}

// ---- What was given ----------------------------------------------------------------------------

bool rp_args_parse(rp_args *args, int argc, char **argv)
{
    *args = (rp_args){.command = RP_COMMAND_COUNT};
    // Letters can stand together: as many values as there are bytes at most.
    size_t most = RP_OPTION_COUNT;
    for (int i = 1; i < argc; i++)
        most += argv[i][0] == '-' && argv[i][1] != '-' ? strlen(argv[i]) : 1;
    args->given = calloc(most, sizeof *args->given);
    args->operands = calloc((size_t)argc + 1, sizeof *args->operands);
    if (args->given == NULL || args->operands == NULL) return refuse(args, "out of memory");
    return parse_all(args, argc, argv) && check_early(args) && parse_environment(args);
}

void rp_args_free(rp_args *args)
{
    free(args->given);
    free(args->operands);
    args->given = NULL;
    args->operands = NULL;
}

const char *rp_args_next(const rp_args *args, rp_option option, size_t *cursor)
{
    while (*cursor < args->given_count) {
        const rp_arg *arg = &args->given[(*cursor)++];
        if (arg->option == option) return arg->value;
    }
    return NULL;
}

const char *rp_args_text(const rp_args *args, rp_option option, const char *otherwise)
{
    size_t cursor = 0;
    const char *value;
    while ((value = rp_args_next(args, option, &cursor)) != NULL) otherwise = value;
    return otherwise;
}

bool rp_args_on(const rp_args *args, rp_option option)
{
    return strcmp(rp_args_text(args, option, "0"), "1") == 0;
}

uint32_t rp_args_count(const rp_args *args, rp_option option)
{
    uint32_t count = 0;
    size_t cursor = 0;
    const char *value;
    while ((value = rp_args_next(args, option, &cursor)) != NULL) count += value[0] == '1';
    return count;
}

bool rp_args_next_part(const rp_args *args, rp_option option, rp_arg_parts *walk, rp_str *out)
{
    while (walk->rest.len == 0) {
        const char *value = rp_args_next(args, option, &walk->cursor);
        if (value == NULL) return false;
        walk->rest = rp_str_from(value);
    }
    const char *comma = memchr(walk->rest.ptr, ',', walk->rest.len);
    size_t size = comma != NULL ? (size_t)(comma - walk->rest.ptr) : walk->rest.len;
    *out = rp_str_make(walk->rest.ptr, size);
    walk->rest = rp_str_from_offset(walk->rest, comma != NULL ? size + 1 : size);
    return true;
}
