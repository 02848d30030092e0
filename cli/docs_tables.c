// Reference pages as Markdown, one function a page. Tables of other layers are read as data.
#include "cli/docs.h"

#include "cli/stdlib.h"
#include "compiler/include/rdspol_compiler.h"

static void escaped(rp_out *out, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '|') rp_out_char(out, '\\');
        rp_out_char(out, *c == '\n' ? ' ' : *c);
    }
}

static void title(rp_out *out, const char *name, const char *text)
{
    RP_OUT_LITERAL(out, "# ");
    rp_out_text(out, name);
    RP_OUT_LITERAL(out, "\n\n");
    rp_out_text(out, text);
    RP_OUT_LITERAL(out, "\n");
}

static void code_cell(rp_out *out, const char *text)
{
    RP_OUT_LITERAL(out, " | `");
    escaped(out, text);
    rp_out_char(out, '`');
}

// ---- opcodes -----------------------------------------------------------------------------------

typedef struct opcode_line {
    const char *name, *result, *operands[3], *synopsis;
} opcode_line;

static const opcode_line opcodes[] = {
#define OP(ID, name, result, a, b, c, synopsis) {name, #result, {#a, #b, #c}, synopsis},
#include "vm/opcodes.def"
#undef OP
};

static void print_opcodes(rp_out *out)
{
    title(out, "Opcodes",
          "The instructions of the machine, from `vm/opcodes.def`; what the columns mean stands "
          "there.");
    RP_OUT_LITERAL(out,
                   "\n| instruction | operands | result | meaning |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < sizeof opcodes / sizeof opcodes[0]; i++) {
        RP_OUT_LITERAL(out, "| `");
        rp_out_text(out, opcodes[i].name);
        RP_OUT_LITERAL(out, "` |");
        for (size_t k = 0; k < 3 && strcmp(opcodes[i].operands[k], "_") != 0; k++) {
            rp_out_char(out, ' ');
            rp_out_text(out, opcodes[i].operands[k]);
        }
        RP_OUT_LITERAL(out, " | ");
        rp_out_text(out, opcodes[i].result);
        RP_OUT_LITERAL(out, " | ");
        escaped(out, opcodes[i].synopsis);
        RP_OUT_LITERAL(out, " |\n");
    }
}

// ---- builtins ----------------------------------------------------------------------------------

typedef struct builtin_line {
    const char *name, *arguments, *result, *meaning, *example;
} builtin_line;

static const builtin_line builtins[] = {
#define BUILTIN(ID, name, arguments, result, meaning, example)                                     \
    {name, arguments, result, meaning, example},
#include "compiler/builtins.def"
#undef BUILTIN
};

static const char *type_name(char letter)
{
    switch (letter) {
    case 'b': return "bool";
    case 'i': return "int";
    case 'f': return "float";
    case 's':
    case 'T': return "string";
    case 't': return "time";
    case 'd': return "duration";
    case 'c': return "cidr";
    case 'v': return "version";
    case 'S': return "[string]";
    case 'C': return "[cidr]";
    case 'L': return "[...]";
    default: return "";
    }
}

static void types(rp_out *out, const char *letters)
{
    for (const char *c = letters; *c != '\0'; c++) {
        if (c != letters && *c != '?') RP_OUT_LITERAL(out, ", ");
        if (*c == '?') rp_out_char(out, '?');
        rp_out_text(out, type_name(*c));
    }
}

static void print_builtins(rp_out *out)
{
    title(out, "Built-in functions", "From `compiler/builtins.def`.");
    RP_OUT_LITERAL(out, "\n| function | meaning | example |\n| --- | --- | --- |\n");
    for (size_t i = 0; i < sizeof builtins / sizeof builtins[0]; i++) {
        RP_OUT_LITERAL(out, "| `");
        rp_out_text(out, builtins[i].name);
        rp_out_char(out, '(');
        types(out, builtins[i].arguments);
        RP_OUT_LITERAL(out, "): ");
        types(out, builtins[i].result);
        RP_OUT_LITERAL(out, "` | ");
        escaped(out, builtins[i].meaning);
        code_cell(out, builtins[i].example);
        RP_OUT_LITERAL(out, " |\n");
    }
}

// ---- diagnostics -------------------------------------------------------------------------------

static void print_diagnostics(rp_out *out)
{
    title(out, "Diagnostics",
          "What the compiler says, from `lang/diagnostics.def`. `rdspol explain CODE` prints one "
          "of them.");
    for (uint32_t i = 0; rdspol_diagnostic_code(i).len > 0; i++) {
        rdspol_str code = rdspol_diagnostic_code(i);
        rdspol_str example = rdspol_diagnostic_example(code);
        RP_OUT_LITERAL(out, "\n## ");
        rp_out_str(out, code);
        RP_OUT_LITERAL(out, ": ");
        rp_out_str(out, rdspol_diagnostic_text(code));
        RP_OUT_LITERAL(out, "\n\n");
        rp_out_str(out, rdspol_diagnostic_explanation(code));
        rp_out_char(out, '\n');
        if (example.len == 0) continue;
        RP_OUT_LITERAL(out, "\n```\n");
        rp_out_str(out, example);
        RP_OUT_LITERAL(out, "```\n");
    }
}

// ---- language ----------------------------------------------------------------------------------

typedef struct keyword_line {
    const char *text;
    char starts;
} keyword_line;

#define STARTS_D 'D'
#define STARTS_C 'C'
#define STARTS_B 'B'
#define STARTS_N 'N'
static const keyword_line keywords[] = {
#define KEYWORD(TOKEN, text, starts) {text, STARTS_##starts},
#include "lang/keywords.def"
#undef KEYWORD
};

static void keyword_list(rp_out *out, const char *heading, const char *kinds)
{
    RP_OUT_LITERAL(out, "\n## ");
    rp_out_text(out, heading);
    RP_OUT_LITERAL(out, "\n\n");
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (strchr(kinds, keywords[i].starts) == NULL) continue;
        RP_OUT_LITERAL(out, "- `");
        rp_out_text(out, keywords[i].text);
        RP_OUT_LITERAL(out, "`\n");
    }
}

static void print_language(rp_out *out)
{
    title(out, "Words of the language", "The reserved words, from `lang/keywords.def`.");
    keyword_list(out, "Words that begin a declaration", "DB");
    keyword_list(out, "Words that begin a clause of a policy", "CB");
    keyword_list(out, "Other words", "N");
}

// ---- schema ------------------------------------------------------------------------------------

static bool begins_with(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0;
}

static bool is_declaration(const char *line)
{
    return begins_with(line, "resource ") || begins_with(line, "record ") ||
           begins_with(line, "enum ") || begins_with(line, "extend ");
}

static size_t line_size(const char *text)
{
    const char *end = strchr(text, '\n');
    return end != NULL ? (size_t)(end - text) + 1 : strlen(text);
}

// A declaration ends on its own line, or with the line that closes its brace.
static size_t declaration_size(const char *text)
{
    size_t size = line_size(text);
    bool open = size >= 2 && text[size - 2] == '{';
    while (open && text[size] != '\0') {
        const char *line = text + size;
        size += line_size(line);
        open = line[0] != '}';
    }
    return size;
}

static void declaration(rp_out *out, const char *text, size_t size)
{
    size_t name = strcspn(text, " ") + 1;
    RP_OUT_LITERAL(out, "\n## ");
    rp_out_add(out, text + name, strcspn(text + name, " :={\n"));
    RP_OUT_LITERAL(out, "\n\n```\n");
    rp_out_add(out, text, size);
    RP_OUT_LITERAL(out, "```\n");
}

static void print_schema(rp_out *out)
{
    title(out, "Schema",
          "Resource types, records and enums of the standard library, from "
          "`stdlib-policies/schema/`.");
    for (size_t i = 0; i < rp_stdlib_file_count; i++) {
        const char *text = (const char *)rp_stdlib_files[i].text;
        if (strstr(rp_stdlib_files[i].name, "/schema/") == NULL) continue;
        while (*text != '\0') {
            size_t size = is_declaration(text) ? declaration_size(text) : line_size(text);
            if (is_declaration(text)) declaration(out, text, size);
            text += size;
        }
    }
}

// ---- cli ---------------------------------------------------------------------------------------

static void print_cli(rp_out *out)
{
    title(out, "Command line",
          "What `rdspol help` and `rdspol COMMAND --help` print, from `cli/commands.def`.");
    for (rp_command c = RP_COMMAND_COUNT;; c = c == RP_COMMAND_COUNT ? 0 : c + 1) {
        RP_OUT_LITERAL(out, "\n## rdspol");
        if (c != RP_COMMAND_COUNT) rp_out_char(out, ' ');
        if (c != RP_COMMAND_COUNT) rp_out_text(out, rp_command_get(c)->name);
        RP_OUT_LITERAL(out, "\n\n```\n");
        rp_help_print(out, c);
        RP_OUT_LITERAL(out, "```\n");
        if (c + 1 == RP_COMMAND_COUNT) break;
    }
}

static const rp_docs_page pages[] = {
    {"opcodes", print_opcodes},   {"builtins", print_builtins}, {"diagnostics", print_diagnostics},
    {"language", print_language}, {"schema", print_schema},     {"cli", print_cli},
};

const rp_docs_page *rp_docs_get(size_t index)
{
    return index < sizeof pages / sizeof pages[0] ? &pages[index] : NULL;
}
