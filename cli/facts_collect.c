// rdspol facts collect: from AWS to one document.
//
// Answers go to a nameless file while they come in, and from there to the document when all is
// known: an interrupted collection leaves a whole document that says what it lacks.
#include "cli/facts.h"
#include "cli/facts_sink.h"
#include "cli/json_text.h"
#include "cli/live.h"
#include "vm/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// How one operation went in one account and Region.
typedef struct tally {
    const rp_call_info *info;
    rp_str account, region;
    uint64_t calls, failed;
    char code[64]; // of the last failure
} tally;

typedef struct saving {
    rp_app *app;
    rp_out spool;
    FILE *file; // of the spool
    uint64_t answers;
    rp_arena arena;
    tally *tallies;
    size_t count, capacity;
    bool failed; // memory ran out
} saving;

// ---- While it is collected ---------------------------------------------------------------------

static void on_envelope(void *ctx, rp_str envelope)
{
    saving *s = ctx;
    rp_out_text(&s->spool, s->answers++ > 0 ? ",\n" : "\n");
    rp_out_str(&s->spool, envelope);
}

static tally *tally_of(saving *s, const rp_collect_event *e)
{
    for (size_t i = s->count; i > 0; i--) {
        tally *t = &s->tallies[i - 1];
        if (t->info == e->info && rp_str_equal(t->region, e->region) &&
            rp_str_equal(t->account, e->account))
            return t;
    }
    if (s->count == s->capacity) {
        size_t capacity = s->capacity == 0 ? 64 : s->capacity * 2;
        tally *grown = realloc(s->tallies, capacity * sizeof *grown);
        if (grown == NULL) return NULL;
        s->tallies = grown;
        s->capacity = capacity;
    }
    tally *t = &s->tallies[s->count++];
    *t = (tally){.info = e->info,
                 .account = rp_arena_str(&s->arena, e->account),
                 .region = rp_arena_str(&s->arena, e->region)};
    return t;
}

static void on_event(void *ctx, const rp_collect_event *event)
{
    saving *s = ctx;
    if (!event->final) return;
    tally *t = tally_of(s, event);
    s->failed = s->failed || t == NULL;
    if (t == NULL) return;
    if (event->code.len == 0) {
        t->calls++;
        return;
    }
    t->failed++;
    (void)snprintf(t->code, sizeof t->code, "%.*s", (int)event->code.len, event->code.ptr);
}

// ---- The document ------------------------------------------------------------------------------

static void add_operation(rp_out *out, const tally *t)
{
    const char *status = t->failed == 0 ? "complete" : t->calls > 0 ? "partial" : "failed";
    rp_out_json(out, rp_str_from(t->info->operation));
    RP_OUT_LITERAL(out, ":{\"status\":\"");
    rp_out_text(out, status);
    RP_OUT_LITERAL(out, "\",\"calls\":");
    rp_out_u64(out, t->calls + t->failed);
    RP_OUT_MEMBER(out, "reason", rp_str_from(t->code));
    rp_out_char(out, '}');
}

static bool same_scope(const tally *a, const tally *b)
{
    return rp_str_equal(a->account, b->account) && rp_str_equal(a->region, b->region);
}

static int compare_tallies(const void *a, const void *b)
{
    const tally *x = a, *y = b;
    int order = rp_str_compare(x->account, y->account);
    if (order == 0) order = rp_str_compare(x->region, y->region);
    return order != 0 ? order : strcmp(x->info->operation, y->info->operation);
}

static void add_scopes(rp_out *out, saving *s)
{
    if (s->count > 0) qsort(s->tallies, s->count, sizeof *s->tallies, compare_tallies);
    RP_OUT_LITERAL(out, "\n],\"scope\":[");
    for (size_t i = 0; i < s->count; i++) {
        const tally *t = &s->tallies[i];
        bool first = i == 0 || !same_scope(t, t - 1);
        if (first) {
            rp_out_text(out, i > 0 ? "}},\n{\"account\":" : "\n{\"account\":");
            rp_out_json(out, t->account);
            RP_OUT_LITERAL(out, ",\"region\":");
            rp_out_json(out, t->region);
            RP_OUT_LITERAL(out, ",\"operations\":{");
        } else {
            rp_out_char(out, ',');
        }
        add_operation(out, t);
    }
    rp_out_text(out, s->count > 0 ? "}}]}\n" : "]}\n");
}

static void add_head(rp_out *out, int64_t now)
{
    char text[RP_TEXT_MAX];
    size_t size = rp_time_print(now, text);
    RP_OUT_LITERAL(out, "{\"rdspol_facts\":1,\"collected\":");
    rp_out_json(out, rp_str_make(text, size));
    RP_OUT_LITERAL(out, ",\"answers\":[");
}

static bool put_made(rp_facts_sink *k, void (*make)(rp_out *out, void *ctx), void *ctx)
{
    rp_out text;
    if (!rp_out_open_memory(&text)) return false;
    make(&text, ctx);
    rp_facts_put(k, text.data, text.size);
    bool good = text.error == 0;
    (void)rp_out_close(&text, false);
    return good;
}

static void make_head(rp_out *out, void *ctx)
{
    (void)ctx;
    add_head(out, rp_clock_now());
}

static void make_tail(rp_out *out, void *ctx)
{
    add_scopes(out, ctx);
}

static bool put_spool(rp_facts_sink *k, saving *s)
{
    char block[16384];
    size_t size;
    rewind(s->file);
    while ((size = fread(block, 1, sizeof block, s->file)) > 0) rp_facts_put(k, block, size);
    return ferror(s->file) == 0;
}

static bool write_document(saving *s, const char *path)
{
    rp_facts_sink k;
    if (!rp_facts_sink_open(&k, path)) return false;
    bool good = put_made(&k, make_head, NULL) && put_spool(&k, s) && put_made(&k, make_tail, s);
    return rp_facts_sink_close(&k, good);
}

// ---- The verb ----------------------------------------------------------------------------------

static bool open_spool(saving *s)
{
    s->file = tmpfile();
    return s->file != NULL && rp_out_open(&s->spool, fileno(s->file));
}

// Whether the document can be written at all is known before AWS is asked.
static bool can_write(const char *path)
{
    rp_facts_sink k;
    if (!rp_facts_sink_open(&k, path)) return false;
    (void)rp_facts_sink_close(&k, false);
    return true;
}

static int save(saving *s, rp_live_request *request, const char *path)
{
    if (strcmp(path, "-") != 0 && !can_write(path)) {
        int reason = errno;
        (void)rp_out_close(&s->spool, false);
        return rp_app_error("%s: %s", path, strerror(reason));
    }
    bool good = rp_live_collect(s->app, request);
    bool spooled = rp_out_close(&s->spool, true);
    if (!good) return RP_EXIT_TROUBLE;
    if (!spooled || s->failed) return rp_app_error("a temporary file: %s", strerror(errno));
    return write_document(s, path) ? RP_EXIT_OK : rp_app_error("%s: %s", path, strerror(errno));
}

static int collect(rp_app *app, const rp_policies *policies, const uint32_t *selected, size_t count,
                   const char *path)
{
    saving s = {.app = app};
    rdspol_error error = {0};
    rdspol_facts *facts = NULL;
    rdspol_facts_opts opts = {.size = sizeof opts};
    rp_live_request request = {.policies = policies,
                               .selected = selected,
                               .selected_count = count,
                               .sink = on_envelope,
                               .event = on_event,
                               .ctx = &s};
    if (rp_live_plans(app)) return rp_live_print_plan(app, &request);
    if (rdspol_facts_new(&facts, policies->bundle, &opts, &error) != RDSPOL_OK)
        return rp_app_library_error("", &error);
    rp_arena_init(&s.arena, rp_alloc_or_libc((rp_alloc){0}));
    request.facts = facts;
    int status = open_spool(&s) ? save(&s, &request, path)
                                : rp_app_error("a temporary file: %s", strerror(errno));
    if (s.file != NULL) (void)fclose(s.file);
    free(s.tallies);
    rp_arena_clear(&s.arena);
    rdspol_facts_free(facts);
    rp_live_finish(&request);
    return status;
}

int rp_facts_collect(rp_app *app, const char *name)
{
    rp_policies policies = {0};
    size_t count;
    const char *path = rp_args_text(&app->args, RP_OPTION_OUTPUT, NULL);
    if (path == NULL && !rp_live_plans(app))
        return rp_app_error(
            "facts collect needs --output FILE (.gz packs it; - is standard output)");
    uint32_t *selected = NULL;
    int status = RP_EXIT_TROUBLE;
    if (rp_policies_open(&policies, app, name))
        selected = rp_policies_select(&policies, app, &count);
    if (selected != NULL) status = collect(app, &policies, selected, count, path);
    free(selected);
    rp_policies_close(&policies);
    return status;
}
