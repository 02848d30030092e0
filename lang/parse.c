// One file: checks its bytes, runs scanner and grammar over them, and gives the tree.
#include "lang/parse.h"
#include "lang/parser.h"

#include "vm/base/text.h"

#include <string.h>

#define MAX_FILE (1024u * 1024u)

// The scanner's own functions; flex writes no header that is free of its macros.
int rp_yylex_init_extra(rp_parse *parse, void **scanner);
struct yy_buffer_state;
struct yy_buffer_state *rp_yy_scan_buffer(char *base, size_t size, void *scanner);

static rp_span at(uint32_t file, size_t begin, size_t end)
{
    return (rp_span){file, (uint32_t)begin, (uint32_t)end};
}

// Where the first line begins that is not valid UTF-8.
static size_t first_bad_line(rp_str text)
{
    size_t begin = 0;
    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && text.ptr[i] != '\n') continue;
        if (!rp_utf8_is_valid((rp_str){text.ptr + begin, i - begin})) return begin;
        begin = i + 1;
    }
    return 0;
}

// Whether the file can be scanned at all.
static bool text_is_sound(rp_diags *diags, uint32_t file, rp_str text)
{
    if (text.len > MAX_FILE) {
        RP_DIAG0(diags, FILE_TOO_LARGE, at(file, 0, 0));
        return false;
    }
    const char *nul = text.len > 0 ? memchr(text.ptr, 0, text.len) : NULL;
    if (nul != NULL) {
        size_t offset = (size_t)(nul - text.ptr);
        RP_DIAG0(diags, NUL_BYTE, at(file, offset, offset + 1));
        return false;
    }
    if (rp_utf8_is_valid(text)) return true;
    size_t line = first_bad_line(text);
    RP_DIAG0(diags, NOT_UTF8, at(file, line, line));
    return false;
}

// flex wants two NULs behind the text and writes into it: a copy. The line end before them lets
// every word be followed by something.
static void scan(rp_parse *parse)
{
    size_t size = parse->text.len + 3;
    char *bytes = rp_arena_alloc(parse->arena, size);
    if (parse->text.len > 0) memcpy(bytes, parse->text.ptr, parse->text.len);
    memcpy(bytes + parse->text.len, "\n\0", 3);
    rp_yylex_init_extra(parse, &parse->scanner);
    rp_yy_scan_buffer(bytes, size, parse->scanner);
}

rp_tree rp_parse_file(rp_arena *arena, rp_diags *diags, uint32_t *ids, uint32_t file, rp_str text,
                      bool skip_tests)
{
    rp_parse parse = {.arena = arena,
                      .diags = diags,
                      .ids = ids,
                      .file = file,
                      .text = text,
                      .skip_tests = skip_tests};
    parse.last_comment = &parse.comments;
    if (text_is_sound(diags, file, text)) {
        rp_lex_start(&parse);
        scan(&parse);
        (void)rp_yyparse(&parse);
    }
    return (rp_tree){file, parse.declarations.first, parse.comments, parse.tests_skipped};
}
