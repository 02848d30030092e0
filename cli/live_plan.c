// --plan: what a collection would ask, and why.
#include "cli/live.h"

#define MAX_PAGE (16u * 1024u * 1024u)

typedef struct plan_text {
    const rp_live_request *request;
    rp_plan plan;
    rp_buf out;
    uint32_t once, each;
} plan_text;

static rp_str text_of(const plan_text *t, uint32_t string)
{
    return rp_bundle_text(t->plan.bundle, string);
}

// How many of the selected policies read a source.
static uint32_t readers(const plan_text *t, uint32_t source)
{
    const rp_bundle *b = t->plan.bundle;
    uint32_t count = 0;
    for (uint32_t i = 0; i < b->need_count; i++) {
        const rp_rec_need *need = &b->needs[i];
        if (need->kind != RP_NEED_SOURCE || need->index != source) continue;
        for (size_t k = 0; k < t->request->selected_count; k++) {
            count += t->request->selected[k] == need->policy;
        }
    }
    return count;
}

// Several sources may be read from one answer: it is asked once.
static bool is_first(const plan_text *t, uint32_t source)
{
    const rp_bundle *b = t->plan.bundle;
    for (uint32_t s = 0; s < source; s++) {
        bool same = b->sources[s].operation == b->sources[source].operation &&
                    b->sources[s].service == b->sources[source].service &&
                    b->sources[s].table == b->sources[source].table;
        if (same && rp_plan_asks(&t->plan, s)) return false;
    }
    return true;
}

static void add_source(plan_text *t, uint32_t source)
{
    const rp_bundle *b = t->plan.bundle;
    const rp_rec_source *s = &b->sources[source];
    rp_str service = text_of(t, s->service), operation = text_of(t, s->operation);
    uint32_t count = readers(t, source);
    rp_buf_printf(&t->out, "%.*s:%.*s\t", (int)service.len, service.ptr, (int)operation.len,
                  operation.ptr);
    if (t->plan.calls[source] == NULL) {
        rp_buf_add_text(&t->out, "not asked: only files tell\t");
    } else {
        rp_plan_describe(&t->plan, source, &t->out);
        rp_buf_add_char(&t->out, '\t');
    }
    if (count == 0) {
        rp_buf_add_text(&t->out, "lists what others ask about\n");
    } else {
        rp_buf_printf(&t->out, "read by %u polic%s\n", (unsigned)count, count == 1 ? "y" : "ies");
    }
    *(rp_plan_begins(&t->plan, source) ? &t->once : &t->each) += 1;
}

static void add_all(plan_text *t)
{
    for (uint32_t s = 0; s < t->plan.bundle->source_count; s++) {
        if (rp_plan_asks(&t->plan, s) && is_first(t, s)) add_source(t, s);
    }
    rp_buf_printf(&t->out,
                  "\nFor each account and Region: %u calls at least, %u more for each of what they "
                  "name.\nRDS answers 300 calls at once and 12 a second afterwards.\n",
                  (unsigned)t->once, (unsigned)t->each);
}

int rp_live_print_plan(rp_app *app, const rp_live_request *request)
{
    rp_alloc alloc = rp_alloc_or_libc((rp_alloc){0});
    plan_text t = {.request = request};
    (void)app;
    rp_buf_init(&t.out, alloc, MAX_PAGE);
    bool good = rp_plan_init(&t.plan, request->policies->bundle, NULL, request->selected,
                             request->selected_count, alloc);
    if (good) add_all(&t);
    int status =
        good && !t.out.failed ? rp_app_print(rp_buf_str(&t.out)) : rp_app_error("out of memory");
    rp_plan_clear(&t.plan);
    rp_buf_free(&t.out);
    return status;
}
