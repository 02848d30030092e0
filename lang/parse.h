// One parse of one file: what the scanner, the grammar and their helpers share.
#ifndef RP_LANG_PARSE_H
#define RP_LANG_PARSE_H

#include "lang/ast.h"
#include "lang/diag.h"

#include <stdbool.h>
#include <stddef.h>

#define RP_MAX_NESTING 64u
#define RP_MAX_STRING (16u * 1024u)
#define RP_MAX_NAME 64u
#define RP_MAX_KEYWORDS 64u

typedef struct rp_parse {
    rp_arena *arena;
    rp_diags *diags;
    uint32_t *ids;
    uint32_t file;
    rp_str text;      // of the file
    uint32_t offset;  // behind the last token, or what was passed over
    uint32_t scanned; // where the scanner stands
    void *scanner;

    uint8_t word_slots[256], word_next[RP_MAX_KEYWORDS]; // see rp_lex_start

    rp_nodes declarations;
    rp_comment *comments;
    rp_comment **last_comment;

    // Strings under construction, one a nesting level of holes.
    struct {
        char *bytes;
        uint32_t size, capacity, begin;
        bool too_long;
    } string;
    struct {
        uint32_t braces; // open braces inside the hole
        bool triple;
    } holes[RP_MAX_NESTING];
    uint32_t hole_count;

    bool skip_tests;    // blocks of tests are passed over ...
    bool tests_skipped; // ... and some were
    int last_token;
    bool in_source;   // behind `from`: names of operations and members are the API's own
    uint32_t nesting; // open brackets
    bool stopped;     // nothing more is read: the file is not worth it
    bool panic;       // after a syntax error: tokens are dropped until something begins
    uint32_t panic_nesting;
    uint32_t last_end; // of the token before, for "expected after"
} rp_parse;

// Parses the text of file `file` (already checked: UTF-8, size). Never fails: what is wrong is in
// `diags`, and the declarations that could be read are in the tree.
// `skip_tests`: blocks of tests are looked for, not into.
rp_tree rp_parse_file(rp_arena *arena, rp_diags *diags, uint32_t *ids, uint32_t file, rp_str text,
                      bool skip_tests);

// Called by the scanner's rules (lex.c).
union RP_YYSTYPE;
void rp_lex_start(rp_parse *parse);
static inline void rp_lex_advance(rp_parse *parse, rp_span *span, uint32_t size)
{
    *span = (rp_span){parse->file, parse->offset, parse->offset + size};
    parse->offset += size;
    parse->scanned = parse->offset;
}
_Noreturn void rp_lex_fatal(rp_parse *parse, const char *text);
void rp_lex_comment(rp_parse *parse, rp_span span);
// A word that begins at `span`: keyword, two of them, name, or name in another style.
int rp_lex_word(rp_parse *parse, union RP_YYSTYPE *value, rp_span *span);
int rp_lex_int(rp_parse *parse, union RP_YYSTYPE *value, rp_span span, const char *text,
               size_t size);
int rp_lex_float(rp_parse *parse, union RP_YYSTYPE *value, rp_span span, const char *text,
                 size_t size);
int rp_lex_duration(rp_parse *parse, union RP_YYSTYPE *value, rp_span span, const char *text,
                    size_t size);
int rp_lex_time(rp_parse *parse, union RP_YYSTYPE *value, rp_span span, const char *text,
                size_t size);
int rp_lex_bad_number(rp_parse *parse, union RP_YYSTYPE *value, rp_span span, const char *text,
                      size_t size);
int rp_lex_single_quotes(rp_parse *parse, union RP_YYSTYPE *value, rp_span span, const char *text,
                         size_t size);
int rp_lex_open(rp_parse *parse, rp_span span, int token);
int rp_lex_close(rp_parse *parse, int token);
// After an error: whether the next token is a keyword that begins a declaration (else a clause).
// Then it is read on from there, and the next mistake is another one.
bool rp_lex_goes_on(rp_parse *parse, int token, bool declaration);
bool rp_lex_hole_ends(rp_parse *parse);
bool rp_lex_resume(rp_parse *parse);
// The rest of a string behind its quote, if it is plain: ends on its line, no escapes, no holes.
bool rp_lex_plain_string(rp_parse *parse, union RP_YYSTYPE *value, rp_span *span);
void rp_lex_string_begin(rp_parse *parse, rp_span span);
void rp_lex_string_add(rp_parse *parse, const char *text, size_t size);
void rp_lex_string_escape(rp_parse *parse, char escaped);
void rp_lex_string_bad_escape(rp_parse *parse, rp_span span, const char *text, size_t size);
int rp_lex_string_end(rp_parse *parse, union RP_YYSTYPE *value, rp_span *span);
int rp_lex_string_broken(rp_parse *parse, union RP_YYSTYPE *value, rp_span *span);
int rp_lex_hole_begin(rp_parse *parse, union RP_YYSTYPE *value, rp_span *span, bool triple);
void rp_lex_foreign(rp_parse *parse, rp_span span, const char *found, const char *meant);
void rp_lex_foreign_comment(rp_parse *parse, rp_span span, const char *found);
void rp_lex_semicolon(rp_parse *parse, rp_span span);
void rp_lex_stray(rp_parse *parse, rp_span span, const char *text, size_t size);
void rp_lex_end(rp_parse *parse, rp_span *span);

// The flex scanner itself.
int rp_yylex(union RP_YYSTYPE *value, rp_span *span, void *scanner);
// Passes over the next bytes of its text.
void rp_yy_pass_over(void *scanner, size_t size);
// What the parser calls: the scanner, less what is dropped after a syntax error.
int rp_lex_next(union RP_YYSTYPE *value, rp_span *span, rp_parse *parse);

#endif
