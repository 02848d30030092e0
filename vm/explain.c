// Details of one finding: messages, witnesses, missing facts, observed values, remedy.
//
// Computed when asked for, in memory that the next explanation uses again. What clauses say comes
// from a batch of rows (messages.c); everything else is of the finding's row alone.
#include "vm/explain.h"

static rp_str copy_text(rp_explainer *e, const rp_buf *text)
{
    rp_str copy = text->failed ? rp_str_make(NULL, 0) : rp_arena_str(&e->scratch, rp_buf_str(text));
    e->failed = e->failed || copy.ptr == NULL;
    return copy.ptr == NULL ? rp_str_make("", 0) : copy;
}

// ---- What of the program is needed -------------------------------------------------------------

// Of undecided rows everything behind the clauses is looked at, one value after another; findings
// about a whole type need nothing.
static void mark_policy(const rp_run *run, uint32_t policy, unsigned char *live,
                        unsigned char *keep)
{
    const uint64_t *counts = run->counts[policy];
    bool speaks = counts[RDSPOL_VERDICT_FAIL] + counts[RDSPOL_VERDICT_WAIVED] +
                      counts[RDSPOL_VERDICT_NOT_APPLICABLE] !=
                  0;
    if (speaks) {
        live[run->bundle->emit_of[policy]] = 1;
        rp_run_mark_messages(run, live, policy);
    }
    if (rp_run_next_row(run, policy, RDSPOL_VERDICT_UNKNOWN, 0) != RP_NONE) {
        keep[run->bundle->emit_of[policy]] = 1;
    }
}

// Passes, and findings about a whole type, are explained without a program.
static bool need_program(rp_explainer *e)
{
    const rp_run *run = e->run;
    if (e->exec.world != NULL) {
        return true;
    }
    uint32_t count = run->bundle->insn_count;
    unsigned char *keep = RP_NEW_ARRAY(&e->arena, unsigned char, count);
    e->live = RP_NEW_ARRAY(&e->arena, unsigned char, count);
    e->need = RP_NEW_ARRAY(&e->arena, unsigned char, count);
    if (keep == NULL || e->live == NULL || e->need == NULL) {
        return false;
    }
    for (uint32_t k = 0; k < run->policy_count; k++) {
        mark_policy(run, run->policy_order[k], e->live, keep);
    }
    rp_run_spread(run, e->live, false);
    rp_run_spread(run, keep, true);
    for (uint32_t i = 0; i < count; i++) {
        e->live[i] |= keep[i];
    }
    rp_run_drop_empty(run, e->live);
    bool ok = rp_exec_init(&e->exec, &run->world, &e->arena, RP_BATCH_ROWS, e->live, keep);
    if (!ok) {
        e->exec.world = NULL; // so that asking again tries again
    }
    return ok;
}

static rp_explainer *new_explainer(rp_run *run)
{
    rp_explainer *e = rp_alloc_get(run->alloc, sizeof *e);
    if (e == NULL) {
        return NULL;
    }
    memset(e, 0, sizeof *e);
    e->run = run;
    e->need_policy = e->batch.policy = RP_NONE;
    rp_arena_init(&e->arena, run->alloc);
    rp_arena_init(&e->scratch, run->alloc);
    rp_arena_init(&e->batch.arena, run->alloc);
    rp_buf_init(&e->text, run->alloc, SIZE_MAX);
    run->explainer = e;
    return e;
}

void rp_explainer_free(rp_run *run)
{
    rp_explainer *e = run->explainer;
    if (e != NULL) {
        rp_arena_clear(&e->arena);
        rp_arena_clear(&e->scratch);
        rp_arena_clear(&e->batch.arena);
        rp_buf_free(&e->text);
        rp_alloc_free(run->alloc, e, sizeof *e);
        run->explainer = NULL;
    }
}

// ---- What is missing ---------------------------------------------------------------------------

static void missing_type(rp_explainer *e, const rdspol_finding *f, rdspol_details *out)
{
    const rp_bundle *b = e->run->bundle;
    rp_listing l = rp_facts_listing(e->run->facts, b->policys[f->policy].table, f->row);
    rdspol_missing *one = RP_NEW(&e->scratch, rdspol_missing);
    if (one == NULL) {
        e->failed = true;
        return;
    }
    rp_buf text;
    rp_buf_init(&text, e->run->alloc, SIZE_MAX);
    if (l.source == RP_NONE) {
        rp_buf_add_str(&text, rp_bundle_text(b, b->tables[b->policys[f->policy].table].name));
    } else if (b->sources[l.source].kind == RP_SOURCE_FILE) {
        rp_buf_add_str(&text, rp_bundle_text(b, b->sources[l.source].operation));
    } else {
        rp_buf_add_str(&text, rp_bundle_text(b, b->sources[l.source].service));
        rp_buf_add_char(&text, ':');
        rp_buf_add_str(&text, rp_bundle_text(b, b->sources[l.source].operation));
    }
    one->fact = copy_text(e, &text);
    rp_buf_free(&text);
    one->operation = l.source == RP_NONE ? rp_str_make("", 0) : one->fact;
    one->resource = f->id;
    one->reason = l.why.reason;
    one->detail = l.why.detail == RP_NONE ? rp_str_make("", 0)
                                          : rp_strtab_get(&e->run->facts->texts, l.why.detail);
    out->missing = one;
    out->missing_count = 1;
}

// Which clauses are undecided for the finding's row; NULL if memory ran out.
static unsigned char *find_undecided(rp_explainer *e, const rdspol_finding *f)
{
    const rp_bundle *b = e->run->bundle;
    const rp_rec_policy *p = &b->policys[f->policy];
    unsigned char *open = RP_NEW_ARRAY(&e->scratch, unsigned char, p->clause_count);
    uint32_t kinds = RP_CLAUSE_IS(RP_CLAUSE_WHEN) | RP_CLAUSE_IS(RP_CLAUSE_REQUIRE);
    rp_run_clauses(e, f->policy, kinds, &f->row, 1);
    for (uint32_t k = 0; open != NULL && k < p->clause_count; k++) {
        const rp_rec_clause *c = &b->clauses[p->first_clause + k];
        open[k] = (rp_clause_rows(e, c, true) | rp_clause_rows(e, c, false)) == 0;
    }
    return open;
}

// While a `when` is open, only the open whens count: they decide whether the requires matter.
static void add_missing(rp_explainer *e, const rdspol_finding *f, rdspol_details *out)
{
    const rp_bundle *b = e->run->bundle;
    const rp_rec_policy *p = &b->policys[f->policy];
    rdspol_missing *list = RP_NEW_ARRAY(&e->scratch, rdspol_missing, RP_MISSING_MAX + 1);
    const unsigned char *open = find_undecided(e, f);
    if (list == NULL || open == NULL) {
        e->failed = true;
        return;
    }
    bool when_open = false;
    for (uint32_t k = 0; k < p->clause_count; k++) {
        const rp_rec_clause *c = &b->clauses[p->first_clause + k];
        if (c->kind == RP_CLAUSE_REQUIRE && when_open) {
            break;
        }
        if (open[k] != 0) {
            when_open = when_open || c->kind == RP_CLAUSE_WHEN;
            out->missing_count = rp_find_missing(e, c->value, f->row, list, out->missing_count);
        }
    }
    out->missing = list;
}

// ---- Tags and waivers --------------------------------------------------------------------------

static void add_tags(rp_explainer *e, const rdspol_finding *f, rdspol_details *out)
{
    const rp_bundle *b = e->run->bundle;
    if (f->table == RP_NONE || b->tables[f->table].tags == RP_NONE) {
        return;
    }
    uint32_t list = b->tables[f->table].tags;
    const rp_fact_list *l = &e->run->facts->lists[list];
    uint32_t key = b->tables[b->lists[list].element].first_column;
    uint32_t count = l->begin == NULL ? 0 : l->end[f->row] - l->begin[f->row];
    rdspol_witness *tags = RP_NEW_ARRAY(&e->scratch, rdspol_witness, count);
    e->failed = e->failed || tags == NULL;
    for (uint32_t k = 0; tags != NULL && k < count; k++) {
        tags[k].name = rp_facts_cell_text(e->run->facts, key, l->begin[f->row] + k);
        if (RP_TYPE_KIND(b->columns[key + 1].type) == RP_KIND_STRING) {
            tags[k].value = rp_facts_cell_text(e->run->facts, key + 1, l->begin[f->row] + k);
        }
    }
    out->tags = tags;
    out->tag_count = tags == NULL ? 0 : count;
}

static void add_waiver(rp_explainer *e, const rdspol_finding *f, rdspol_details *out)
{
    const rp_bundle *b = e->run->bundle;
    for (uint32_t i = 0; i < b->waiver_count; i++) {
        rdspol_waiver_state state;
        if (rp_run_is_waived(e->run, i, f->policy, f->row) &&
            rdspol_run_waiver(e->run, i, &state) == RDSPOL_OK) {
            out->waiver = i;
            out->waiver_until = state.until;
            out->waiver_because = state.because;
            out->waiver_file = state.file;
            out->waiver_line = state.line;
            return;
        }
    }
}

// Details are computed by what was found, so a finding that nobody found has none.
static bool is_valid(const rp_run *run, const rdspol_finding *f)
{
    if (!run->evaluated || f->policy >= run->bundle->policy_count ||
        run->selected[f->policy] == 0) {
        return false;
    }
    uint32_t table = run->bundle->policys[f->policy].table;
    if (f->about_type != 0) {
        return f->verdict == RDSPOL_VERDICT_UNKNOWN && f->row < run->facts->pair_count &&
               rp_run_has_gap(run, f->policy, f->row);
    }
    return f->table == table && f->row < run->world.rows[table] &&
           run->verdicts[f->policy][f->row] == (uint32_t)f->verdict;
}

static void explain(rp_explainer *e, const rdspol_finding *f, rdspol_details *out)
{
    e->failed = e->failed || rdspol_run_title(e->run, f->policy, &out->title) != RDSPOL_OK;
    if (f->about_type != 0) {
        missing_type(e, f, out);
        return;
    }
    add_tags(e, f, out);
    if (f->verdict != RDSPOL_VERDICT_PASS && !need_program(e)) {
        e->failed = true;
        return;
    }
    switch (f->verdict) {
    case RDSPOL_VERDICT_FAIL:
    case RDSPOL_VERDICT_NOT_APPLICABLE: rp_explain_clauses(e, f, out); break;
    case RDSPOL_VERDICT_WAIVED:
        rp_explain_clauses(e, f, out);
        add_waiver(e, f, out);
        break;
    case RDSPOL_VERDICT_UNKNOWN: add_missing(e, f, out); break;
    case RDSPOL_VERDICT_PASS: break;
    }
}

rdspol_status rdspol_run_explain(rdspol_run *run, const rdspol_finding *finding,
                                 rdspol_details *out, rdspol_error *error)
{
    size_t size = out->size;
    if (size != sizeof *out || !is_valid(run, finding)) {
        return rp_error_set(error, RDSPOL_INVALID_ARGUMENT, NULL, "no finding of this run");
    }
    memset(out, 0, sizeof *out);
    out->size = size;
    out->waiver = RP_NONE;
    rp_explainer *e = run->explainer != NULL ? run->explainer : new_explainer(run);
    if (e == NULL) {
        return rp_error_set(error, RDSPOL_NO_MEMORY, NULL, "out of memory");
    }
    rp_arena_clear(&e->scratch);
    e->failed = false;
    explain(e, finding, out);
    return e->failed ? rp_error_set(error, RDSPOL_NO_MEMORY, NULL, "out of memory") : RDSPOL_OK;
}

// ---- Titles and parameters ---------------------------------------------------------------------

// Keeps a text as long as the run, and frees the buffer.
static rdspol_status keep_for_run(rdspol_run *run, rp_buf *text, rdspol_str *out)
{
    *out = text->failed ? rp_str_make(NULL, 0) : rp_arena_str(&run->arena, rp_buf_str(text));
    rp_buf_free(text);
    return out->ptr != NULL ? RDSPOL_OK : RDSPOL_NO_MEMORY;
}

rdspol_status rdspol_run_title(rdspol_run *run, uint32_t policy, rdspol_str *out)
{
    if (policy >= run->bundle->policy_count) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    rdspol_status status = RDSPOL_OK;
    if (run->titles[policy].ptr == NULL) {
        rp_buf text;
        rp_buf_init(&text, run->alloc, SIZE_MAX);
        (void)rp_print_template(run, run->bundle->policys[policy].title, NULL, 0, &text);
        status = keep_for_run(run, &text, &run->titles[policy]);
    }
    *out = run->titles[policy];
    return status;
}

// A message of no row; RP_NONE is the empty text.
static rdspol_status form_of(rdspol_run *run, uint32_t message, rdspol_str *out)
{
    rp_buf text;
    *out = rp_str_make("", 0);
    if (message == RP_NONE) {
        return RDSPOL_OK;
    }
    rp_buf_init(&text, run->alloc, SIZE_MAX);
    rp_print_form(run, run->bundle->messages[message].template, &text);
    return keep_for_run(run, &text, out);
}

rdspol_status rdspol_run_remedy(rdspol_run *run, uint32_t policy, rdspol_str *out)
{
    if (policy >= run->bundle->policy_count) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    return form_of(run, run->bundle->policys[policy].remedy, out);
}

rdspol_status rdspol_run_clause(rdspol_run *run, uint32_t policy, uint32_t index,
                                rdspol_clause *out)
{
    const rp_bundle *b = run->bundle;
    if (policy >= b->policy_count || index >= b->policys[policy].clause_count) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    const rp_rec_clause *c = &b->clauses[b->policys[policy].first_clause + index];
    *out = (rdspol_clause){.is_when = c->kind == RP_CLAUSE_WHEN,
                           .file = rp_bundle_text(b, b->files[c->file].name),
                           .line = c->line,
                           .column = c->column};
    return form_of(run, c->message, &out->text);
}

rdspol_status rdspol_run_param(rdspol_run *run, uint32_t index, rdspol_param_state *out)
{
    const rp_bundle *b = run->bundle;
    if (index >= b->param_count) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    const rp_run_param *p = &run->params[index];
    rp_buf text;
    rp_buf_init(&text, run->alloc, SIZE_MAX);
    for (uint32_t k = 0; k < p->count; k++) {
        rp_buf_add_text(&text, k == 0 ? "" : ", ");
        rp_print_bits(run, b->params[index].type, p->items[k], &text);
    }
    out->name = rp_bundle_text(b, b->params[index].name);
    out->module = rp_bundle_text(b, b->params[index].module);
    out->is_default = p->is_default;
    out->member_count = p->count;
    return keep_for_run(run, &text, &out->value);
}

rdspol_status rdspol_run_param_member(rdspol_run *run, uint32_t index, uint32_t member,
                                      rdspol_str *out)
{
    if (index >= run->bundle->param_count || member >= run->params[index].count) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    rp_buf text;
    rp_buf_init(&text, run->alloc, SIZE_MAX);
    rp_print_json(run, run->bundle->params[index].type, run->params[index].items[member], &text);
    return keep_for_run(run, &text, out);
}
