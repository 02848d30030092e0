// Splitting a line into words: blanks part them, quotes and backslashes keep them together.
#include "collectors/live/words.h"

typedef struct splitter {
    rp_str text;
    size_t at;
    char *out; // room for all words and their ends
    size_t used;
    bool broken;
} splitter;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void put(splitter *s, char c)
{
    s->out[s->used++] = c;
}

static void take_escaped(splitter *s)
{
    if (s->at == s->text.len) {
        s->broken = true;
    } else {
        put(s, s->text.ptr[s->at++]);
    }
}

// Up to the quote. In double ones a backslash escapes only itself and the quote.
static void take_quoted(splitter *s, char quote)
{
    while (s->at < s->text.len && s->text.ptr[s->at] != quote) {
        char c = s->text.ptr[s->at++];
        if (quote == '"' && c == '\\' && s->at < s->text.len) {
            c = s->text.ptr[s->at++];
            if (c != '"' && c != '\\') put(s, '\\');
        }
        put(s, c);
    }
    s->broken = s->broken || s->at == s->text.len;
    s->at++;
}

static void take_word(splitter *s)
{
    while (!s->broken && s->at < s->text.len && !is_blank(s->text.ptr[s->at])) {
        char c = s->text.ptr[s->at++];
        if (c == '\\') {
            take_escaped(s);
        } else if (c == '"' || c == '\'') {
            take_quoted(s, c);
        } else {
            put(s, c);
        }
    }
    put(s, '\0');
}

static void skip_blanks(splitter *s)
{
    while (s->at < s->text.len && is_blank(s->text.ptr[s->at])) s->at++;
}

char **rp_words_split(rp_arena *arena, rp_str text, size_t *count, bool *broken)
{
    // A word takes a byte of its own and an end; "a b" are two words and four bytes.
    size_t most = text.len / 2 + 1;
    char **words = RP_NEW_ARRAY(arena, char *, most + 1);
    splitter s = {.text = text, .out = rp_arena_alloc(arena, text.len + most + 1)};
    *count = 0;
    *broken = false;
    if (words == NULL || s.out == NULL) return NULL;
    for (skip_blanks(&s); s.at < text.len && !s.broken; skip_blanks(&s)) {
        words[(*count)++] = s.out + s.used;
        take_word(&s);
    }
    *broken = s.broken;
    return s.broken ? NULL : words;
}
