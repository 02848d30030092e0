// What the scanner's rules call: values of literals, strings with holes, words of other languages,
// and what is dropped after a syntax error.
#include "lang/parse.h"
#include "lang/parser.h"

#include "vm/base/bits.h"
#include "vm/base/endian.h"
#include "vm/base/text.h"

#include <stdlib.h>
#include <string.h>

// flex calls this for its own broken invariants and when memory runs out; the latter leaves by the
// arena before. It must not return.
_Noreturn void rp_lex_fatal(rp_parse *parse, const char *text)
{
    (void)text;
    parse->arena->fail(parse->arena->fail_ctx);
    abort();
}

void rp_lex_comment(rp_parse *parse, rp_span span)
{
    rp_comment *comment = rp_arena_alloc(parse->arena, sizeof *comment);
    *comment = (rp_comment){span, NULL};
    *parse->last_comment = comment;
    parse->last_comment = &comment->next;
}

static rp_str copy(rp_parse *parse, const char *text, size_t size)
{
    return rp_arena_str(parse->arena, (rp_str){text, size});
}

// ---- bytes that the scanner does not see ----

// Bytes that say where a string or a block goes on or ends, blanks, and what words begin with and
// are made of.
enum { IN_STRING = 1, IN_BLOCK = 2, BLANK = 4, FIRST = 8, WORD = 16, UPPER = 32 };
#define D WORD
#define W (WORD | FIRST)
#define U (UPPER | FIRST)
// clang-format off
static const unsigned char classes[256] = {
    ['0'] = D, D, D, D, D, D, D, D, D, D, ['_'] = W,
    ['a'] = W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
    ['A'] = U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U,
    [' '] = BLANK, ['\t'] = BLANK, ['\r'] = BLANK, ['\n'] = BLANK | IN_STRING,
    ['"'] = IN_STRING | IN_BLOCK, ['{'] = IN_STRING | IN_BLOCK, ['\\'] = IN_STRING,
    ['}'] = IN_BLOCK, ['#'] = IN_BLOCK, ['\''] = IN_BLOCK, ['/'] = IN_BLOCK};
// clang-format on
#undef D
#undef W
#undef U

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

// The lowest bit that is set is the high one of the first byte that is zero.
static uint64_t zeros(uint64_t bytes)
{
    return (bytes - EACH(0x01)) & ~bytes & EACH(0x80);
}

static uint64_t string_stops(uint64_t bytes)
{
    return zeros(bytes ^ EACH('"')) | zeros(bytes ^ EACH('{')) | zeros(bytes ^ EACH('\\')) |
           zeros(bytes ^ EACH('\n'));
}

// Two that differ in one bit are looked for together: `"` and `#`, `'` and `/`.
static uint64_t block_stops(uint64_t bytes)
{
    return zeros((bytes | EACH('"' ^ '#')) ^ EACH('#')) |
           zeros((bytes | EACH('\'' ^ '/')) ^ EACH('/')) | zeros(bytes ^ EACH('{')) |
           zeros(bytes ^ EACH('}'));
}

// The next byte that is a stop, eight at a time; the end of the text if there is none.
static inline size_t next_stop(rp_str text, size_t at, unsigned where)
{
    const unsigned char *p = (const unsigned char *)text.ptr;
    for (; at + 8 <= text.len; at += 8) {
        uint64_t bytes = rp_endian_get_u64(p + at);
        uint64_t found = where == IN_STRING ? string_stops(bytes) : block_stops(bytes);
        if (found != 0) return at + rp_bits_lowest(found) / 8;
    }
    while (at < text.len && (classes[p[at]] & where) == 0) at++;
    return at;
}

static size_t after_blanks(rp_str text, size_t at)
{
    while (at < text.len && (classes[(unsigned char)text.ptr[at]] & BLANK) != 0) at++;
    return at;
}

static size_t after_line(rp_str text, size_t at)
{
    const char *end = memchr(text.ptr + at, '\n', text.len - at);
    return end != NULL ? (size_t)(end - text.ptr) : text.len;
}

// Before the scanner is asked for the next token it is told of what was passed over.
static int ask_scanner(RP_YYSTYPE *value, rp_span *span, rp_parse *parse)
{
    if (parse->offset != parse->scanned)
        rp_yy_pass_over(parse->scanner, parse->offset - parse->scanned);
    return rp_yylex(value, span, parse->scanner);
}

// ---- words ----

static const struct {
    const char *text;
    size_t size;
    int token;
} words[] = {
#define KEYWORD(TOKEN, text, starts) {text, sizeof(text) - 1, RP_TOKEN_##TOKEN},
#include "lang/keywords.def"
#undef KEYWORD
    // Names, unless a second word follows.
    {"exactly", 7, RP_TOKEN_EXACTLY_ONE},
    {"ignoring", 8, RP_TOKEN_IGNORING_CASE},
};

// `name` lasts as long as the compilation.
static int name_token(rp_parse *parse, RP_YYSTYPE *value, rp_span span, rp_str name)
{
    if (name.len > RP_MAX_NAME) {
        RP_DIAG0(parse->diags, NAME_TOO_LONG, span);
        name.len = RP_MAX_NAME;
    }
    value->text = name;
    return RP_TOKEN_NAME;
}

#define WORD_COUNT (sizeof words / sizeof *words)
_Static_assert(WORD_COUNT <= RP_MAX_KEYWORDS, "each keyword has a place");

// By length, first and last letter nearly all keywords differ, and most names from all of them.
static uint8_t slot_of(const char *word, size_t size)
{
    return (uint8_t)(size + (unsigned char)word[0] * 11u + (unsigned char)word[size - 1]);
}

// Keywords by slot, as chains: 0 ends one, else it is the number of a word and 1.
void rp_lex_start(rp_parse *parse)
{
    for (uint8_t i = 0; i < WORD_COUNT; i++) {
        uint8_t *first = &parse->word_slots[slot_of(words[i].text, words[i].size)];
        parse->word_next[i] = *first;
        *first = (uint8_t)(i + 1);
    }
}

// `DeletionProtection` for `deletion_protection`: the name is taken as it would be written here.
static int bad_name(rp_parse *parse, RP_YYSTYPE *value, rp_span span, rp_str text)
{
    char *snake = rp_arena_alloc(parse->arena, text.len * 2 + 1);
    size_t used = 0;
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        bool upper = byte >= 'A' && byte <= 'Z';
        bool after_lower = i > 0 && text.ptr[i - 1] >= 'a' && text.ptr[i - 1] <= 'z';
        if (upper && after_lower) snake[used++] = '_';
        snake[used++] = (char)(upper ? byte - 'A' + 'a' : byte);
    }
    rp_str meant = {snake, used};
    rp_diag *diag = RP_DIAG(parse->diags, BAD_NAME, span, text);
    RP_HELP(parse->diags, diag, "write `{0}`", meant);
    return name_token(parse, value, span, meant);
}

// The token of a keyword, or that of a name.
static int token_of(const rp_parse *parse, rp_str word)
{
    uint8_t at = parse->word_slots[slot_of(word.ptr, word.len)];
    for (; at != 0; at = parse->word_next[at - 1]) {
        if (words[at - 1].size == word.len && memcmp(words[at - 1].text, word.ptr, word.len) == 0)
            return words[at - 1].token;
    }
    return RP_TOKEN_NAME;
}

// Whether a second word follows, which belongs to the token then.
static bool goes_on(rp_parse *parse, rp_span *span, rp_str second)
{
    rp_str text = parse->text;
    size_t at = after_blanks(text, span->end), end = at + second.len;
    if (at == span->end || end > text.len || memcmp(text.ptr + at, second.ptr, second.len) != 0)
        return false;
    if (end < text.len && classes[(unsigned char)text.ptr[end]] & (WORD | UPPER)) return false;
    parse->offset = span->end = (uint32_t)end;
    return true;
}

// What a word is by what follows: one of two, or a name (`by` and `as` before a colon).
static int token_here(rp_parse *parse, rp_span *span, int token)
{
    size_t next;
    switch (token) {
    case RP_TOKEN_NOT: return goes_on(parse, span, RP_STR("in")) ? RP_TOKEN_NOT_IN : token;
    case RP_TOKEN_EXACTLY_ONE: return goes_on(parse, span, RP_STR("one")) ? token : RP_TOKEN_NAME;
    case RP_TOKEN_IGNORING_CASE:
        return goes_on(parse, span, RP_STR("case")) ? token : RP_TOKEN_NAME;
    case RP_TOKEN_BY:
    case RP_TOKEN_AS:
        next = after_blanks(parse->text, span->end);
        return next < parse->text.len && parse->text.ptr[next] == ':' ? RP_TOKEN_NAME : token;
    case RP_TOKEN_FROM: parse->in_source = true; return token;
    default: return token;
    }
}

// Reads on from the first letter.
int rp_lex_word(rp_parse *parse, RP_YYSTYPE *value, rp_span *span)
{
    rp_str text = parse->text;
    unsigned seen = 0;
    size_t end = span->begin;
    for (unsigned class; end < text.len; end++, seen |= class) {
        class = classes[(unsigned char)text.ptr[end]] & (WORD | UPPER);
        if (class == 0) break;
    }
    parse->offset = span->end = (uint32_t)end;
    rp_str word = {text.ptr + span->begin, end - span->begin};
    if (seen & UPPER && !parse->in_source) return bad_name(parse, value, *span, word);
    int token = seen & UPPER ? RP_TOKEN_NAME : token_of(parse, word);
    if (token != RP_TOKEN_NAME) token = token_here(parse, span, token);
    return token == RP_TOKEN_NAME ? name_token(parse, value, *span, word) : token;
}

static bool parse_int(const char *text, size_t size, int64_t *out)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++) {
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (number > (INT64_MAX - digit) / 10) return false;
        number = number * 10 + digit;
    }
    *out = (int64_t)number;
    return true;
}

static int number_range(rp_parse *parse, RP_YYSTYPE *value, rp_span span, const char *text,
                        size_t size, int token)
{
    RP_DIAG(parse->diags, NUMBER_RANGE, span, copy(parse, text, size));
    value->number = 0;
    return token;
}

int rp_lex_int(rp_parse *parse, RP_YYSTYPE *value, rp_span span, const char *text, size_t size)
{
    if (!parse_int(text, size, &value->number)) {
        return number_range(parse, value, span, text, size, RP_TOKEN_INT);
    }
    return RP_TOKEN_INT;
}

int rp_lex_float(rp_parse *parse, RP_YYSTYPE *value, rp_span span, const char *text, size_t size)
{
    rp_str digits = copy(parse, text, size);
    if (!rp_text_parse_float(digits, &value->real)) {
        RP_DIAG(parse->diags, NUMBER_RANGE, span, digits);
        value->real = 0;
    }
    return RP_TOKEN_FLOAT;
}

int rp_lex_duration(rp_parse *parse, RP_YYSTYPE *value, rp_span span, const char *text, size_t size)
{
    static const struct {
        char unit;
        int64_t milliseconds;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}, {'w', 604800000}};
    int64_t count = 0;
    int64_t unit = 1;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (units[i].unit == text[size - 1]) unit = units[i].milliseconds;
    }
    if (!parse_int(text, size - 1, &count) || count > INT64_MAX / unit) {
        return number_range(parse, value, span, text, size, RP_TOKEN_DURATION);
    }
    value->number = count * unit;
    return RP_TOKEN_DURATION;
}

int rp_lex_time(rp_parse *parse, RP_YYSTYPE *value, rp_span span, const char *text, size_t size)
{
    rp_str written = copy(parse, text, size);
    if (!rp_time_parse_iso(written, &value->number)) {
        RP_DIAG(parse->diags, BAD_TIME, span, written);
        value->number = 0;
    }
    return RP_TOKEN_TIME;
}

int rp_lex_bad_number(rp_parse *parse, RP_YYSTYPE *value, rp_span span, const char *text,
                      size_t size)
{
    RP_DIAG(parse->diags, BAD_NUMBER, span, copy(parse, text, size));
    value->number = 0;
    return RP_TOKEN_INT;
}

int rp_lex_single_quotes(rp_parse *parse, RP_YYSTYPE *value, rp_span span, const char *text,
                         size_t size)
{
    RP_DIAG(parse->diags, FOREIGN, span, RP_STR("'...'"), RP_STR("\"...\""));
    size_t end = size > 1 && text[size - 1] == '\'' ? size - 1 : size;
    value->text = copy(parse, text + 1, end - 1);
    return RP_TOKEN_STRING;
}

int rp_lex_open(rp_parse *parse, rp_span span, int token)
{
    if (token == RP_TOKEN_LBRACE && parse->hole_count > 0)
        parse->holes[parse->hole_count - 1].braces++;
    if (token == RP_TOKEN_LBRACE) parse->in_source = false;
    if (++parse->nesting <= RP_MAX_NESTING) return token;
    if (!parse->stopped) RP_DIAG(parse->diags, TOO_DEEP, span, RP_STR("source"));
    parse->stopped = true;
    return token;
}

int rp_lex_close(rp_parse *parse, int token)
{
    if (token == RP_TOKEN_RBRACE && parse->hole_count > 0)
        parse->holes[parse->hole_count - 1].braces--;
    if (parse->nesting > 0) parse->nesting--;
    return token;
}

// Whether the `}` at hand ends a hole; then the string goes on.
bool rp_lex_hole_ends(rp_parse *parse)
{
    return parse->hole_count > 0 && parse->holes[parse->hole_count - 1].braces == 0;
}

bool rp_lex_resume(rp_parse *parse)
{
    bool triple = parse->holes[--parse->hole_count].triple;
    if (parse->nesting > 0) parse->nesting--;
    parse->string.size = 0;
    parse->string.begin = parse->offset - 1;
    return triple;
}

// Most strings are: they are taken from the source as they stand.
bool rp_lex_plain_string(rp_parse *parse, RP_YYSTYPE *value, rp_span *span)
{
    rp_str text = parse->text;
    size_t begin = parse->offset;
    size_t end = next_stop(text, begin, IN_STRING);
    if (end >= text.len || text.ptr[end] != '"' || end - begin > RP_MAX_STRING) return false;
    value->text = (rp_str){text.ptr + begin, end - begin};
    parse->in_source = false;
    parse->offset = span->end = (uint32_t)end + 1;
    return true;
}

void rp_lex_string_begin(rp_parse *parse, rp_span span)
{
    parse->in_source = false;
    parse->string.size = 0;
    parse->string.begin = span.begin;
}

void rp_lex_string_add(rp_parse *parse, const char *text, size_t size)
{
    if (parse->string.size + size > RP_MAX_STRING) {
        parse->string.too_long = true;
        return;
    }
    if (parse->string.size + size > parse->string.capacity) {
        uint32_t capacity = (parse->string.size + (uint32_t)size) * 2;
        char *bytes = rp_arena_alloc(parse->arena, capacity);
        if (parse->string.size > 0) memcpy(bytes, parse->string.bytes, parse->string.size);
        parse->string.bytes = bytes;
        parse->string.capacity = capacity;
    }
    memcpy(parse->string.bytes + parse->string.size, text, size);
    parse->string.size += (uint32_t)size;
}

void rp_lex_string_escape(rp_parse *parse, char escaped)
{
    char byte = escaped;
    if (escaped == 'n') byte = '\n';
    if (escaped == 't') byte = '\t';
    rp_lex_string_add(parse, &byte, 1);
}

void rp_lex_string_bad_escape(rp_parse *parse, rp_span span, const char *text, size_t size)
{
    RP_DIAG(parse->diags, BAD_ESCAPE, span, copy(parse, text, size));
}

static rp_span string_span(rp_parse *parse)
{
    return (rp_span){parse->file, parse->string.begin, parse->offset};
}

static void take_string(rp_parse *parse, RP_YYSTYPE *value, rp_span *span)
{
    *span = string_span(parse);
    if (parse->string.too_long) RP_DIAG0(parse->diags, STRING_TOO_LONG, *span);
    parse->string.too_long = false;
    value->text =
        copy(parse, parse->string.size > 0 ? parse->string.bytes : "", parse->string.size);
}

// A string that began with its quote ends as STRING; one that went on after a hole as STRING_TAIL.
static bool resumed(const rp_parse *parse)
{
    return parse->text.ptr[parse->string.begin] == '}';
}

int rp_lex_string_end(rp_parse *parse, RP_YYSTYPE *value, rp_span *span)
{
    take_string(parse, value, span);
    return resumed(parse) ? RP_TOKEN_STRING_TAIL : RP_TOKEN_STRING;
}

int rp_lex_string_broken(rp_parse *parse, RP_YYSTYPE *value, rp_span *span)
{
    take_string(parse, value, span);
    rp_span quote = {span->file, span->begin, span->begin + 1};
    RP_DIAG0(parse->diags, UNTERMINATED_STRING, quote);
    return resumed(parse) ? RP_TOKEN_STRING_TAIL : RP_TOKEN_STRING;
}

int rp_lex_hole_begin(rp_parse *parse, RP_YYSTYPE *value, rp_span *span, bool triple)
{
    bool tail = resumed(parse);
    take_string(parse, value, span);
    if (parse->hole_count == RP_MAX_NESTING || ++parse->nesting > RP_MAX_NESTING) {
        if (!parse->stopped) RP_DIAG(parse->diags, TOO_DEEP, *span, RP_STR("source"));
        parse->stopped = true;
        return RP_TOKEN_STRING;
    }
    parse->holes[parse->hole_count].braces = 0;
    parse->holes[parse->hole_count++].triple = triple;
    return tail ? RP_TOKEN_STRING_MID : RP_TOKEN_STRING_HEAD;
}

void rp_lex_foreign(rp_parse *parse, rp_span span, const char *found, const char *meant)
{
    if (!parse->panic) RP_DIAG(parse->diags, FOREIGN, span, rp_str_from(found), rp_str_from(meant));
}

void rp_lex_foreign_comment(rp_parse *parse, rp_span span, const char *found)
{
    rp_span start = {span.file, span.begin, span.begin + 2};
    if (!parse->panic) RP_DIAG(parse->diags, FOREIGN, start, rp_str_from(found), RP_STR("#"));
}

void rp_lex_semicolon(rp_parse *parse, rp_span span)
{
    if (!parse->panic) RP_DIAG0(parse->diags, SEMICOLON, span);
}

void rp_lex_stray(rp_parse *parse, rp_span span, const char *text, size_t size)
{
    if (!parse->panic) RP_DIAG(parse->diags, STRAY, span, copy(parse, text, size));
}

void rp_lex_end(rp_parse *parse, rp_span *span)
{
    uint32_t end = (uint32_t)parse->text.len;
    uint32_t begin = parse->last_end < end ? parse->last_end : end;
    *span = (rp_span){parse->file, begin, begin < end ? begin + 1 : end};
}

typedef enum starts { STARTS_N, STARTS_D, STARTS_C, STARTS_B } starts;

static starts starts_of(int token)
{
    switch (token) {
#define KEYWORD(TOKEN, text, starts)                                                               \
    case RP_TOKEN_##TOKEN:                                                                         \
        return STARTS_##starts;
#include "lang/keywords.def"
#undef KEYWORD
    default: return STARTS_N;
    }
}

bool rp_lex_goes_on(rp_parse *parse, int token, bool declaration)
{
    starts begun = starts_of(token);
    bool begins = begun == STARTS_B || begun == (declaration ? STARTS_D : STARTS_C);
    parse->panic = parse->panic && !begins;
    return begins;
}

static bool first_on_line(const rp_parse *parse, rp_span span)
{
    uint32_t at = span.begin;
    while (at > 0 && (parse->text.ptr[at - 1] == ' ' || parse->text.ptr[at - 1] == '\t')) at--;
    return at == 0 || parse->text.ptr[at - 1] == '\n';
}

// After a syntax error tokens are dropped until one that begins something: a word that starts a
// declaration or clause, a name that is the first on its line, or the bracket that closes.
static bool resumes(const rp_parse *parse, int token, rp_span span)
{
    if (token == RP_TOKEN_END) return true;
    if (parse->nesting < parse->panic_nesting) return true;
    if (parse->nesting > parse->panic_nesting) return false;
    if (starts_of(token) != STARTS_N) return first_on_line(parse, span);
    return token == RP_TOKEN_NAME && first_on_line(parse, span);
}

// ---- tests that are passed over ----

// Places in the text that is passed over; NOT_FOUND where it is anything but plain: then it is
// parsed like everything else.
#define NOT_FOUND SIZE_MAX

static bool begins_hole(rp_str text, size_t at)
{
    char next = at + 1 < text.len ? text.ptr[at + 1] : '\0';
    return (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z') || next == '_' ||
           next == '(';
}

// A string on one line, without holes.
static size_t after_string(rp_str text, size_t at)
{
    bool triple = text.len - at >= 3 && memcmp(text.ptr + at, "\"\"\"", 3) == 0;
    if (triple) return NOT_FOUND;
    for (at = next_stop(text, at + 1, IN_STRING); at < text.len;
         at = next_stop(text, at + 1, IN_STRING)) {
        char byte = text.ptr[at];
        if (byte == '"') return at + 1;
        if (byte == '\n' || (byte == '{' && begins_hole(text, at))) break;
        at += byte == '\\';
    }
    return NOT_FOUND;
}

// Behind the bracket that closes the one at `at`.
static size_t after_braces(rp_str text, size_t at)
{
    size_t depth = 0;
    while (at < text.len) {
        switch (text.ptr[at]) {
        case '{':
            depth++;
            at++;
            break;
        case '}':
            at++;
            if (--depth == 0) return at;
            break;
        case '#': at = after_line(text, at); break;
        case '"':
            at = after_string(text, at);
            if (at == NOT_FOUND) return NOT_FOUND;
            break;
        default: return NOT_FOUND; // words of other languages
        }
        at = next_stop(text, at, IN_BLOCK);
    }
    return NOT_FOUND;
}

// Passes over a test whose first word was read. `pack test "..." { }` is none.
static bool skip_test(rp_parse *parse, rp_span word)
{
    if (!parse->skip_tests || parse->nesting != 0 || parse->last_token == RP_TOKEN_PACK)
        return false;
    rp_str text = parse->text;
    size_t at = after_blanks(text, word.end);
    at = at < text.len && text.ptr[at] == '"' ? after_string(text, at) : NOT_FOUND;
    at = at != NOT_FOUND ? after_blanks(text, at) : at;
    at = at != NOT_FOUND && at < text.len && text.ptr[at] == '{' ? after_braces(text, at)
                                                                 : NOT_FOUND;
    if (at == NOT_FOUND) return false;
    parse->offset = (uint32_t)at;
    parse->tests_skipped = true;
    return true;
}

// Passes over blanks and comments, which the scanner would look at byte by byte.
static void skip_blanks(rp_parse *parse)
{
    rp_str text = parse->text;
    size_t at = after_blanks(text, parse->offset);
    while (at < text.len && text.ptr[at] == '#') {
        size_t end = after_line(text, at);
        rp_lex_comment(parse, (rp_span){parse->file, (uint32_t)at, (uint32_t)end});
        at = after_blanks(text, end);
    }
    parse->offset = (uint32_t)at;
}

// Words are read here, all else by the scanner.
static int scan_token(RP_YYSTYPE *value, rp_span *span, rp_parse *parse)
{
    skip_blanks(parse);
    uint32_t at = parse->offset;
    unsigned class = at < parse->text.len ? classes[(unsigned char)parse->text.ptr[at]] : 0;
    if ((class & FIRST) == 0) return ask_scanner(value, span, parse);
    *span = (rp_span){parse->file, at, at};
    return rp_lex_word(parse, value, span);
}

static int next_token(RP_YYSTYPE *value, rp_span *span, rp_parse *parse)
{
    int token;
    do {
        token = scan_token(value, span, parse);
    } while (token == RP_TOKEN_TEST && skip_test(parse, *span));
    parse->last_token = token;
    return token;
}

// Whether a token is dropped, after a syntax error.
static bool drops(rp_parse *parse, int token, rp_span span)
{
    if (resumes(parse, token, span)) return false;
    if (parse->nesting < parse->panic_nesting) parse->panic_nesting = parse->nesting;
    return true;
}

int rp_lex_next(RP_YYSTYPE *value, rp_span *span, rp_parse *parse)
{
    int token;
    do {
        token = next_token(value, span, parse);
    } while (parse->panic && drops(parse, token, *span));
    parse->panic = false;
    if (parse->stopped) {
        rp_lex_end(parse, span);
        return RP_TOKEN_END;
    }
    parse->last_end = span->end;
    return token;
}
