// Collecting diagnostics: fill in the text, count, limit, order.
#include "lang/diag.h"

#include <string.h>

static const rp_diag_info infos[RP_DIAG_COUNT] = {
#define DIAG(ID, code, severity, text, explanation, example)                                       \
    [RP_DIAG_##ID] = {code, RP_SEVERITY_##severity, text, explanation, example},
#include "lang/diagnostics.def"
#undef DIAG
};

const rp_diag_info *rp_diag_info_get(rp_diag_id id)
{
    return &infos[id];
}

const rp_diag_info *rp_diag_info_find(rp_str code)
{
    for (size_t i = 0; i < RP_DIAG_COUNT; i++) {
        if (strlen(infos[i].code) == code.len && memcmp(infos[i].code, code.ptr, code.len) == 0) {
            return &infos[i];
        }
    }
    return NULL;
}

void rp_diags_init(rp_diags *diags, rp_arena *arena, const rp_sources *sources)
{
    *diags = (rp_diags){.arena = arena, .sources = sources};
    diags->last = &diags->first;
}

static size_t hole_at(const char *text)
{
    return text[0] == '{' && text[1] >= '0' && text[1] <= '9' && text[2] == '}' ? 3 : 0;
}

// Replaces {0}, {1}, ... A hole without argument becomes nothing.
static rp_str fill(rp_arena *arena, const char *text, size_t count, const rp_str *args)
{
    size_t size = 0;
    for (const char *at = text; *at != '\0';) {
        size_t hole = hole_at(at);
        size_t index = hole ? (size_t)(at[1] - '0') : 0;
        size += hole == 0 ? 1 : index < count ? args[index].len : 0;
        at += hole ? hole : 1;
    }
    char *bytes = rp_arena_alloc(arena, size + 1);
    size_t used = 0;
    for (const char *at = text; *at != '\0';) {
        size_t hole = hole_at(at);
        size_t index = hole ? (size_t)(at[1] - '0') : 0;
        if (hole == 0)
            bytes[used++] = *at;
        else if (index < count && args[index].len > 0) {
            memcpy(bytes + used, args[index].ptr, args[index].len);
            used += args[index].len;
        }
        at += hole ? hole : 1;
    }
    return (rp_str){bytes, used};
}

static uint32_t count_of_file(rp_diags *diags, uint32_t file)
{
    if (file >= diags->per_file_capacity) {
        uint32_t capacity = (file + 1) * 2;
        uint32_t *counts = rp_arena_alloc(diags->arena, capacity * sizeof *counts);
        memset(counts, 0, capacity * sizeof *counts);
        if (diags->per_file_capacity > 0) {
            memcpy(counts, diags->per_file, diags->per_file_capacity * sizeof *counts);
        }
        diags->per_file = counts;
        diags->per_file_capacity = capacity;
    }
    return diags->per_file[file]++;
}

static rp_diag *append(rp_diags *diags, rp_diag_id id, rp_span span, rp_str text)
{
    rp_diag *diag = rp_arena_alloc(diags->arena, sizeof *diag);
    *diag = (rp_diag){.id = id, .span = span, .text = text, .order = diags->count};
    diag->last_line = &diag->lines;
    return diag;
}

static void keep(rp_diags *diags, rp_diag *diag)
{
    *diags->last = diag;
    diags->last = &diag->next;
    diags->count++;
}

rp_diag *rp_diags_add(rp_diags *diags, rp_diag_id id, rp_span span, size_t count,
                      const rp_str *args)
{
    rp_diag *diag = append(diags, id, span, fill(diags->arena, infos[id].text, count, args));
    bool error = infos[id].severity == RP_SEVERITY_ERROR;
    if (error)
        diags->error_count++;
    else
        diags->warning_count++;
    uint32_t before = count_of_file(diags, span.file);
    if (before < RP_MAX_DIAGS_PER_FILE)
        keep(diags, diag);
    else if (before == RP_MAX_DIAGS_PER_FILE) {
        const rp_diag_info *info = &infos[RP_DIAG_TOO_MANY_DIAGNOSTICS];
        keep(diags, append(diags, RP_DIAG_TOO_MANY_DIAGNOSTICS, span,
                           fill(diags->arena, info->text, 0, NULL)));
        if (!error) diags->error_count++;
    }
    return diag;
}

static void add_line(rp_diags *diags, rp_diag *diag, const char *kind, rp_span span, rp_str text)
{
    rp_diag_line *line = rp_arena_alloc(diags->arena, sizeof *line);
    *line = (rp_diag_line){.kind = kind, .text = text, .span = span};
    *diag->last_line = line;
    diag->last_line = &line->next;
}

void rp_diag_help(rp_diags *diags, rp_diag *diag, const char *text, size_t count,
                  const rp_str *args)
{
    add_line(diags, diag, "help", (rp_span){0, 0, 0}, fill(diags->arena, text, count, args));
}

void rp_diag_note(rp_diags *diags, rp_diag *diag, rp_span span, const char *text, size_t count,
                  const rp_str *args)
{
    add_line(diags, diag, "note", span, fill(diags->arena, text, count, args));
}

static bool comes_before(const rp_diag *a, const rp_diag *b)
{
    if (a->span.file != b->span.file) return a->span.file < b->span.file;
    if (a->span.begin != b->span.begin) return a->span.begin < b->span.begin;
    return a->order < b->order;
}

// Merge sort of the linked list: stable, and the depth is the logarithm of the length.
static rp_diag *sort(rp_diag *list, uint32_t count)
{
    if (count < 2) {
        if (list != NULL) list->next = NULL;
        return list;
    }
    rp_diag *middle = list;
    for (uint32_t i = 0; i < count / 2; i++) middle = middle->next;
    rp_diag *right = sort(middle, count - count / 2);
    rp_diag *left = sort(list, count / 2);
    rp_diag *merged = NULL;
    rp_diag **last = &merged;
    while (left != NULL && right != NULL) {
        rp_diag **from = comes_before(right, left) ? &right : &left;
        *last = *from;
        *from = (*from)->next;
        last = &(*last)->next;
    }
    *last = left != NULL ? left : right;
    return merged;
}

void rp_diags_sort(rp_diags *diags)
{
    diags->first = sort(diags->first, diags->count);
    diags->last = &diags->first;
    while (*diags->last != NULL) diags->last = &(*diags->last)->next;
}
