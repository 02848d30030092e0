// Walking saved facts with the scanner of the reader.
#include "collectors/live/saved.h"

#include "collectors/files/json_scan.h"
#include "collectors/live/fail.h"
#include "vm/base/arena.h"

_Static_assert((int)RP_SAVED_PAD == (int)RP_JSON_PAD, "what the scanner wants behind a text");

typedef struct walking {
    rp_saved_walk *walk;
    rp_json *json;
    rp_str text;
    rp_arena arena; // texts of one answer
    rp_arena kept;  // of the document
    bool ended;     // the caller wants no more
} walking;

static bool keep(walking *w, rp_arena *arena, rp_str *out)
{
    rp_str text;
    if (rp_json_peek(w->json) != RP_JSON_STRING) return rp_json_skip(w->json);
    if (!rp_json_string(w->json, &text)) return false;
    *out = rp_arena_str(arena, text);
    return out->ptr != NULL || rp_json_fail(w->json, RDSPOL_NO_MEMORY, "out of memory");
}

// The next value as it stands in the text.
static bool span(walking *w, rp_str *out)
{
    (void)rp_json_peek(w->json);
    size_t begin = (size_t)rp_json_offset(w->json);
    if (!rp_json_skip(w->json)) return false;
    *out = rp_str_make(w->text.ptr + begin, (size_t)rp_json_offset(w->json) - begin);
    return true;
}

static bool read_request(walking *w, rp_saved_answer *a)
{
    rp_str name;
    if (rp_json_peek(w->json) != RP_JSON_OBJECT) return rp_json_skip(w->json);
    if (!rp_json_enter(w->json)) return false;
    while (rp_json_member(w->json, &name)) {
        if (a->count == RP_SAVED_MAX_ARGUMENTS)
            return rp_json_fail(w->json, RDSPOL_LIMIT, "more arguments than a call has");
        a->names[a->count] = rp_arena_str(&w->arena, name);
        if (a->names[a->count].ptr == NULL || !keep(w, &w->arena, &a->values[a->count]))
            return false;
        a->count++;
    }
    return !rp_json_failed(w->json);
}

static bool read_error(walking *w, rp_saved_answer *a)
{
    rp_str name;
    (void)rp_json_peek(w->json);
    size_t begin = (size_t)rp_json_offset(w->json);
    a->code = RP_STR("Error");
    if (rp_json_peek(w->json) != RP_JSON_OBJECT) return rp_json_skip(w->json);
    if (!rp_json_enter(w->json)) return false;
    while (rp_json_member(w->json, &name)) {
        bool good = rp_str_equal(name, RP_STR("Code")) ? keep(w, &w->arena, &a->code)
                                                       : rp_json_skip(w->json);
        if (!good) return false;
    }
    a->error = rp_str_make(w->text.ptr + begin, (size_t)rp_json_offset(w->json) - begin);
    return !rp_json_failed(w->json);
}

static bool read_member(walking *w, rp_saved_answer *a, rp_str name)
{
    if (rp_str_equal(name, RP_STR("Operation"))) return keep(w, &w->arena, &a->operation);
    if (rp_str_equal(name, RP_STR("account"))) return keep(w, &w->arena, &a->account);
    if (rp_str_equal(name, RP_STR("region"))) return keep(w, &w->arena, &a->region);
    if (rp_str_equal(name, RP_STR("Request"))) return read_request(w, a);
    if (rp_str_equal(name, RP_STR("Error"))) return read_error(w, a);
    return rp_str_equal(name, RP_STR("Response")) ? span(w, &a->response) : rp_json_skip(w->json);
}

static bool read_answer(walking *w)
{
    rp_saved_answer a = {0};
    rp_str name;
    if (rp_json_peek(w->json) != RP_JSON_OBJECT)
        return rp_json_fail(w->json, RDSPOL_INPUT, "expected an answer, an object");
    if (!rp_json_enter(w->json)) return false;
    while (rp_json_member(w->json, &name)) {
        if (!read_member(w, &a, name)) return false;
    }
    if (rp_json_failed(w->json)) return false;
    w->ended = !w->walk->answer(w->walk->ctx, &a);
    rp_arena_clear(&w->arena);
    rp_arena_init(&w->arena, w->kept.alloc);
    return !w->ended;
}

static bool read_answers(walking *w)
{
    if (rp_json_peek(w->json) != RP_JSON_ARRAY || !rp_json_enter(w->json))
        return rp_json_fail(w->json, RDSPOL_INPUT, "expected a list of answers");
    while (rp_json_element(w->json)) {
        if (!read_answer(w)) return false;
    }
    return !rp_json_failed(w->json);
}

static bool read_version(walking *w)
{
    rp_str text;
    if (rp_json_peek(w->json) == RP_JSON_NUMBER && rp_json_number(w->json, &text) &&
        rp_str_equal(text, RP_STR("1")))
        return true;
    return rp_json_fail(w->json, RDSPOL_INPUT, "saved facts of another version: 1 is read");
}

static bool read_top(walking *w, rp_str name, bool *is_saved)
{
    if (rp_str_equal(name, RP_STR("rdspol_facts"))) {
        *is_saved = true;
        return read_version(w);
    }
    if (rp_str_equal(name, RP_STR("collected"))) return keep(w, &w->kept, &w->walk->collected);
    return rp_str_equal(name, RP_STR("answers")) ? read_answers(w) : rp_json_skip(w->json);
}

static bool read_document(walking *w)
{
    rp_str name;
    bool is_saved = false;
    if (rp_json_peek(w->json) != RP_JSON_OBJECT)
        return rp_json_fail(w->json, RDSPOL_INPUT, "no saved facts: not an object");
    if (!rp_json_enter(w->json)) return false;
    while (rp_json_member(w->json, &name)) {
        if (!read_top(w, name, &is_saved)) return false;
    }
    if (!rp_json_failed(w->json) && !is_saved)
        return rp_json_fail(w->json, RDSPOL_INPUT, "no saved facts: rdspol_facts is missing");
    return !rp_json_failed(w->json);
}

rdspol_status rp_saved_read(rp_str text, rp_saved_walk *walk, rp_alloc alloc, rdspol_error *error)
{
    rp_json_limits limits = rp_json_limits_default();
    walking w = {.walk = walk, .text = text};
    w.json = rp_alloc_get(alloc, sizeof *w.json);
    if (w.json == NULL) return rp_fail_no_memory(error);
    rp_arena_init(&w.arena, alloc);
    rp_arena_init(&w.kept, alloc);
    rp_json_open_text(w.json, alloc, &limits, text);
    bool good = read_document(&w) || w.ended;
    rdspol_status status = good ? RDSPOL_OK : w.json->status;
    if (!good) {
        (void)rp_fail(error, status, "%s", w.json->message);
        error->offset = w.json->error_offset;
        memcpy(error->path, w.json->path, sizeof error->path);
    }
    walk->collected = rp_str_make(NULL, 0);
    rp_json_free(w.json);
    rp_arena_clear(&w.arena);
    rp_arena_clear(&w.kept);
    rp_alloc_free(alloc, w.json, sizeof *w.json);
    return status;
}
