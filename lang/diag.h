// Diagnostics: what is told to the author of a policy. Collected, not printed; every message stands
// in `diagnostics.def`.
#ifndef RP_LANG_DIAG_H
#define RP_LANG_DIAG_H

#include "lang/ast.h"
#include "lang/source.h"

#define RP_MAX_DIAGS_PER_FILE 100u

typedef enum rp_diag_id {
#define DIAG(ID, code, severity, text, explanation, example) RP_DIAG_##ID,
#include "lang/diagnostics.def"
#undef DIAG
    RP_DIAG_COUNT
} rp_diag_id;

typedef enum rp_severity { RP_SEVERITY_ERROR, RP_SEVERITY_WARNING } rp_severity;

typedef struct rp_diag_info {
    const char *code;
    rp_severity severity;
    const char *text; // {0}, {1}, {2} stand for the arguments
    const char *explanation;
    const char *example; // compiles to exactly this diagnostic
} rp_diag_info;

// A further line: `help` says a way out, `note` says why, perhaps with a place.
typedef struct rp_diag_line {
    const char *kind; // "help" or "note"
    rp_str text;
    rp_span span; // empty: no place
    struct rp_diag_line *next;
} rp_diag_line;

typedef struct rp_diag {
    rp_diag_id id;
    rp_span span;
    rp_str text;
    rp_diag_line *lines;
    rp_diag_line **last_line;
    struct rp_diag *next;
    uint32_t order;
} rp_diag;

typedef struct rp_diags {
    rp_arena *arena;
    const rp_sources *sources;
    rp_diag *first;
    rp_diag **last;
    uint32_t count;
    uint32_t error_count;
    uint32_t warning_count;
    uint32_t *per_file;
    uint32_t per_file_capacity;
} rp_diags;

void rp_diags_init(rp_diags *diags, rp_arena *arena, const rp_sources *sources);
// Appends a diagnostic and returns it, so that lines can be added; beyond the limit of a file it is
// counted but not kept (the returned one is a scratch).
rp_diag *rp_diags_add(rp_diags *diags, rp_diag_id id, rp_span span, size_t count,
                      const rp_str *args);
void rp_diag_help(rp_diags *diags, rp_diag *diag, const char *text, size_t count,
                  const rp_str *args);
void rp_diag_note(rp_diags *diags, rp_diag *diag, rp_span span, const char *text, size_t count,
                  const rp_str *args);
// Sorts by file and place.
void rp_diags_sort(rp_diags *diags);

#define RP_DIAG(diags, ID, span, ...)                                                              \
    rp_diags_add((diags), RP_DIAG_##ID, (span), sizeof((rp_str[]){__VA_ARGS__}) / sizeof(rp_str),  \
                 (rp_str[]){__VA_ARGS__})
// The same without arguments.
#define RP_DIAG0(diags, ID, span) rp_diags_add((diags), RP_DIAG_##ID, (span), 0, NULL)
#define RP_HELP0(diags, diag, text) rp_diag_help((diags), (diag), (text), 0, NULL)
#define RP_HELP(diags, diag, text, ...)                                                            \
    rp_diag_help((diags), (diag), (text), sizeof((rp_str[]){__VA_ARGS__}) / sizeof(rp_str),        \
                 (rp_str[]){__VA_ARGS__})
#define RP_NOTE(diags, diag, span, text, ...)                                                      \
    rp_diag_note((diags), (diag), (span), (text),                                                  \
                 sizeof((rp_str[]){__VA_ARGS__}) / sizeof(rp_str), (rp_str[]){__VA_ARGS__})

const rp_diag_info *rp_diag_info_get(rp_diag_id id);
// By code ("E0102"); NULL if there is none.
const rp_diag_info *rp_diag_info_find(rp_str code);

// FILE:LINE:COLUMN: error[E0102]: text, then the excerpt with the span underlined, then the lines.
void rp_diag_render(rp_buf *out, const rp_sources *sources, const rp_diag *diag, bool color);

// "Did you mean": the candidate that is nearest to `name`, if it is near enough.
typedef struct rp_suggest {
    rp_str name;
    rp_str best;
    uint32_t distance;
} rp_suggest;
rp_suggest rp_suggest_start(rp_str name);
void rp_suggest_add(rp_suggest *suggest, rp_str candidate);
// Adds the help line if something was near enough.
void rp_suggest_help(rp_diags *diags, rp_diag *diag, const rp_suggest *suggest);

#endif
