// `--help`, from the table.
#include "cli/app.h"

#include <stdio.h>

enum { NAME_WIDTH = 30 };

static void pad(rp_out *out, size_t used, size_t width)
{
    for (; used < width; used++) rp_out_char(out, ' ');
}

static void print_option(rp_out *out, const rp_option_info *info)
{
    char name[80];
    int size = info->letter != 0
                   ? snprintf(name, sizeof name, "  -%c, --%s", info->letter, info->name)
                   : snprintf(name, sizeof name, "      --%s", info->name);
    size_t used = (size_t)size;
    rp_out_text(out, name);
    if (info->value[0] != '\0') {
        rp_out_char(out, ' ');
        rp_out_text(out, info->value);
        used += 1 + strlen(info->value);
    }
    if (used + 1 > NAME_WIDTH) {
        rp_out_char(out, '\n');
        used = 0;
    }
    pad(out, used, NAME_WIDTH);
    rp_out_text(out, info->help);
    rp_out_char(out, '\n');
}

// Options of every command stand apart: those have all bits.
static void print_options(rp_out *out, rp_command command, bool common)
{
    for (rp_option o = 0; o < RP_OPTION_COUNT; o++) {
        const rp_option_info *info = rp_option_get(o);
        bool everywhere = info->commands == 0xffffffffu;
        bool usable = command != RP_COMMAND_COUNT && (info->commands >> command & 1u) != 0;
        if (info->kind == RP_OPTION_LATER || everywhere != common || (!everywhere && !usable))
            continue;
        print_option(out, info);
    }
}

static bool has_own_options(rp_command command)
{
    for (rp_option o = 0; o < RP_OPTION_COUNT; o++) {
        uint32_t commands = rp_option_get(o)->commands;
        if (commands != 0xffffffffu && (commands >> command & 1u) != 0) return true;
    }
    return false;
}

static void print_commands(rp_out *out)
{
    rp_out_text(out, "usage: rdspol COMMAND [OPTION...] [OPERAND...]\n\n");
    for (rp_command c = 0; c < RP_COMMAND_COUNT; c++) {
        const rp_command_info *info = rp_command_get(c);
        rp_out_text(out, "  ");
        rp_out_text(out, info->name);
        rp_out_char(out, ' ');
        rp_out_text(out, info->operands);
        pad(out, 3 + strlen(info->name) + strlen(info->operands), NAME_WIDTH + 2);
        rp_out_text(out, info->help);
        rp_out_char(out, '\n');
    }
    rp_out_text(
        out, "\nPOLICIES is a bundle (.rpb), a source file or folder, or a pack of the standard\n"
             "library: practices, securityhub, cis, strict, all.\n");
}

static void print_command(rp_out *out, rp_command command)
{
    const rp_command_info *info = rp_command_get(command);
    rp_out_text(out, "usage: rdspol ");
    rp_out_text(out, info->name);
    rp_out_text(out, has_own_options(command) ? " [OPTION...] " : " ");
    rp_out_text(out, info->operands);
    rp_out_text(out, "\n\n");
    rp_out_text(out, info->help);
    rp_out_text(out, "\n");
    if (has_own_options(command)) rp_out_text(out, "\n");
    print_options(out, command, false);
}

void rp_help_print(rp_out *out, rp_command command)
{
    if (command == RP_COMMAND_COUNT) {
        print_commands(out);
    } else {
        print_command(out, command);
    }
    rp_out_text(out, "\nEverywhere:\n");
    print_options(out, command, true);
    rp_out_text(out, "\nExit status: 0 nothing found, 1 found, 2 trouble, 3 undecided.\n");
}
