// Details of one finding: messages, witnesses, missing facts, observed values, remedy.
//
// Computed when asked for, in memory that the next explanation uses again. The clauses of the
// finding's policy are evaluated once more for its row alone.
#include "vm/explain.h"

static rp_str copy_text(rp_explainer *e, const rp_buf *text)
{
    rp_str copy = text->failed ? rp_str_make(NULL, 0) : rp_arena_str(&e->scratch, rp_buf_str(text));
    e->failed = e->failed || copy.ptr == NULL;
    return copy.ptr == NULL ? rp_str_make("", 0) : copy;
}

static rp_explainer *new_explainer(rp_run *run)
{
    rp_explainer *e = rp_alloc_get(run->alloc, sizeof *e);
    if (e == NULL) {
        return NULL;
    }
    memset(e, 0, sizeof *e);
    e->run = run;
    e->need_policy = RP_NONE;
    rp_arena_init(&e->arena, run->alloc);
    rp_arena_init(&e->scratch, run->alloc);
    run->explainer = e;
    e->need = RP_NEW_ARRAY(&e->arena, unsigned char, run->bundle->insn_count);
    e->titles = RP_NEW_ARRAY(&e->arena, rp_str, run->bundle->policy_count);
    e->message_need = RP_NEW_ARRAY(&e->arena, unsigned char *, run->bundle->message_count);
    bool ok = e->need != NULL && e->titles != NULL && e->message_need != NULL &&
              rp_exec_init(&e->exec, &run->world, &e->arena, RP_EXPLAIN_CHUNK, NULL, false);
    if (!ok) {
        rp_explainer_free(run);
        return NULL;
    }
    return e;
}

void rp_explainer_free(rp_run *run)
{
    rp_explainer *e = run->explainer;
    if (e != NULL) {
        rp_arena_clear(&e->arena);
        rp_arena_clear(&e->scratch);
        rp_alloc_free(run->alloc, e, sizeof *e);
        run->explainer = NULL;
    }
}

// ---- Clauses -----------------------------------------------------------------------------------

// Evaluates the clauses of a policy for one row.
static void run_clauses(rp_explainer *e, uint32_t policy, uint32_t row)
{
    const rp_bundle *b = e->run->bundle;
    const rp_rec_policy *p = &b->policys[policy];
    if (e->need_policy != policy) {
        memset(e->need, 0, b->insn_count);
        for (uint32_t k = 0; k < p->clause_count; k++) {
            rp_run_mark(e->run, e->need, b->clauses[p->first_clause + k].value, false);
        }
        e->need_policy = policy;
    }
    e->exec.live = e->need;
    rp_exec_one(&e->exec, b->frame_of[b->emit_of[policy]], row, 0);
}

static bool clause_is(const rp_explainer *e, const rp_rec_clause *c, bool truth)
{
    const rp_val *v = &e->exec.vals[c->value];
    bool yes = rp_bits_get(v->p, 0), no = rp_bits_get(v->k, 0);
    return yes != no && yes == truth;
}

// The instructions that a message's texts and witnesses need; made once, kept with the explainer.
static const unsigned char *message_need(rp_explainer *e, uint32_t message)
{
    const rp_bundle *b = e->run->bundle;
    const rp_rec_message *m = &b->messages[message];
    const rp_rec_template *t = &b->templates[m->template];
    if (e->message_need[message] != NULL) {
        return e->message_need[message];
    }
    unsigned char *need = RP_NEW_ARRAY(&e->arena, unsigned char, b->insn_count);
    for (uint32_t k = 0; need != NULL && k < t->piece_count; k++) {
        if (b->pieces[t->first_piece + k].value != RP_NONE) {
            rp_run_mark(e->run, need, b->pieces[t->first_piece + k].value, false);
        }
    }
    for (uint32_t k = 0; need != NULL && k < m->witness_count; k++) {
        rp_run_mark(e->run, need, b->witnesss[m->first_witness + k].value, false);
    }
    e->message_need[message] = need;
    return need;
}

// Runs a message's frame for a row, so that its values are at hand.
static bool run_message(rp_explainer *e, uint32_t message, uint32_t row)
{
    const rp_bundle *b = e->run->bundle;
    const rp_rec_message *m = &b->messages[message];
    if (m->frame == RP_NONE) {
        return true;
    }
    e->exec.live = message_need(e, message);
    if (e->exec.live == NULL) {
        e->failed = true;
        return false;
    }
    rp_exec_one(&e->exec, b->frame_of[m->frame], row, 0);
    return true;
}

static void add_witnesses(rp_explainer *e, const rp_rec_message *m, rdspol_message *out)
{
    const rp_bundle *b = e->run->bundle;
    rdspol_witness *list = RP_NEW_ARRAY(&e->scratch, rdspol_witness, m->witness_count);
    e->failed = e->failed || list == NULL;
    for (uint32_t k = 0; list != NULL && k < m->witness_count; k++) {
        const rp_rec_witness *w = &b->witnesss[m->first_witness + k];
        uint32_t type = RP_INSN_TYPE(b->insns[w->value].word);
        const rp_val *v = &e->exec.vals[w->value];
        bool record = RP_TYPE_KIND(type) == RP_KIND_REF &&
                      b->tables[RP_TYPE_TABLE(type)].kind != RP_TABLE_RESOURCE;
        if (RP_TYPE_KIND(type) == RP_KIND_LISTTEXT || record ||
            rp_value_state(type, v, 0) != RP_STATE_PRESENT) {
            continue;
        }
        rp_buf text;
        rp_buf_init(&text, e->run->alloc, SIZE_MAX);
        rp_print_value(e->run, type, v, 0, &text);
        list[out->witness_count].name = rp_bundle_text(b, w->name);
        list[out->witness_count++].value = copy_text(e, &text);
        rp_buf_free(&text);
    }
    out->witnesses = list;
}

static rp_str message_text(rp_explainer *e, uint32_t message, uint32_t row)
{
    rp_buf text;
    rp_buf_init(&text, e->run->alloc, SIZE_MAX);
    if (run_message(e, message, row)) {
        uint32_t template = e->run->bundle->messages[message].template;
        (void)rp_print_template(e->run, template, e->exec.vals, &text);
    }
    rp_str copy = copy_text(e, &text);
    rp_buf_free(&text);
    return copy;
}

static void add_message(rp_explainer *e, const rp_rec_clause *c, uint32_t policy, uint32_t row,
                        rdspol_message *out)
{
    const rp_bundle *b = e->run->bundle;
    memset(out, 0, sizeof *out);
    out->file = rp_bundle_text(b, b->files[c->file].name);
    out->line = c->line;
    if (c->message == RP_NONE) {
        e->failed = e->failed || rdspol_run_title(e->run, policy, &out->text) != RDSPOL_OK;
        return;
    }
    out->text = message_text(e, c->message, row);
    add_witnesses(e, &b->messages[c->message], out);
}

// One for each false `require`; of not_applicable the first false `when`. The clauses have run;
// messages, in frames of their own, leave their values alone.
static void add_messages(rp_explainer *e, const rdspol_finding *f, rdspol_details *out)
{
    const rp_bundle *b = e->run->bundle;
    const rp_rec_policy *p = &b->policys[f->policy];
    bool excluded = f->verdict == RDSPOL_VERDICT_NOT_APPLICABLE;
    rdspol_message *list = RP_NEW_ARRAY(&e->scratch, rdspol_message, p->clause_count);
    unsigned char *is_false = RP_NEW_ARRAY(&e->scratch, unsigned char, p->clause_count);
    if (list == NULL || is_false == NULL) {
        e->failed = true;
        return;
    }
    for (uint32_t k = 0; k < p->clause_count; k++) {
        const rp_rec_clause *c = &b->clauses[p->first_clause + k];
        bool wanted = c->kind == (excluded ? RP_CLAUSE_WHEN : RP_CLAUSE_REQUIRE);
        is_false[k] = wanted && clause_is(e, c, false);
    }
    for (uint32_t k = 0; k < p->clause_count; k++) {
        const rp_rec_clause *c = &b->clauses[p->first_clause + k];
        bool more = !excluded || (out->message_count == 0 && c->message != RP_NONE);
        if (is_false[k] != 0 && more) {
            add_message(e, c, f->policy, f->row, &list[out->message_count++]);
        }
        if (is_false[k] != 0 && excluded) {
            break;
        }
    }
    out->messages = list;
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

static bool is_undecided(const rp_explainer *e, const rp_rec_clause *c)
{
    return !clause_is(e, c, true) && !clause_is(e, c, false);
}

// While a `when` is open, only the open whens count: they decide whether the requires matter.
static void add_missing(rp_explainer *e, const rdspol_finding *f, rdspol_details *out)
{
    const rp_bundle *b = e->run->bundle;
    const rp_rec_policy *p = &b->policys[f->policy];
    rdspol_missing *list = RP_NEW_ARRAY(&e->scratch, rdspol_missing, RP_MISSING_MAX + 1);
    if (list == NULL) {
        e->failed = true;
        return;
    }
    bool when_open = false;
    for (uint32_t k = 0; k < p->clause_count; k++) {
        const rp_rec_clause *c = &b->clauses[p->first_clause + k];
        if (c->kind == RP_CLAUSE_REQUIRE && when_open) {
            break;
        }
        run_clauses(e, f->policy, f->row);
        if (is_undecided(e, c)) {
            when_open = when_open || c->kind == RP_CLAUSE_WHEN;
            out->missing_count = rp_find_missing(e, c->value, f->row, list, out->missing_count);
        }
    }
    out->missing = list;
}

// ---- Observed values, tags, remedy, waiver -----------------------------------------------------

static bool is_listed(const rdspol_observed *list, size_t count, rp_str field)
{
    for (size_t i = 0; i < count; i++) {
        if (rp_str_equal(list[i].field, field)) {
            return true;
        }
    }
    return false;
}

static void observe(rp_explainer *e, uint32_t column, uint32_t row, rdspol_observed *list,
                    size_t *count)
{
    const rp_rec_column *c = &e->run->bundle->columns[column];
    const rp_val *v = &e->run->world.columns[column];
    rp_state state = rp_value_state(c->type, v, row);
    rp_str name = rp_bundle_text(e->run->bundle, c->name);
    if (state == RP_STATE_UNKNOWN || is_listed(list, *count, name)) {
        return;
    }
    rp_buf text;
    rp_buf_init(&text, e->run->alloc, SIZE_MAX);
    if (state == RP_STATE_ABSENT) {
        rp_buf_add_text(&text, "null");
    } else {
        rp_print_json(e->run, c->type, rp_value_bits(c->type, v, row), &text);
    }
    list[*count].field = name;
    list[(*count)++].value = copy_text(e, &text);
    rp_buf_free(&text);
}

static void add_observed(rp_explainer *e, const rdspol_finding *f, rdspol_details *out)
{
    const rp_bundle *b = e->run->bundle;
    const rp_rec_policy *p = &b->policys[f->policy];
    size_t most = 0;
    for (uint32_t k = 0; k < p->clause_count; k++) {
        most += b->clauses[p->first_clause + k].observed_count;
    }
    rdspol_observed *list = RP_NEW_ARRAY(&e->scratch, rdspol_observed, most);
    if (list == NULL) {
        e->failed = true;
        return;
    }
    for (uint32_t k = 0; k < p->clause_count; k++) {
        const rp_rec_clause *c = &b->clauses[p->first_clause + k];
        bool failed = c->kind == RP_CLAUSE_REQUIRE && clause_is(e, c, false);
        for (uint32_t o = 0; failed && o < c->observed_count; o++) {
            observe(e, b->observeds[c->first_observed + o].column, f->row, list,
                    &out->observed_count);
        }
    }
    out->observed = list;
}

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

static bool is_valid(const rp_run *run, const rdspol_finding *f)
{
    if (!run->evaluated || f->policy >= run->bundle->policy_count ||
        run->selected[f->policy] == 0) {
        return false;
    }
    uint32_t table = run->bundle->policys[f->policy].table;
    return f->about_type != 0 ? f->row < run->facts->pair_count
                              : f->table == table && f->row < run->world.rows[table];
}

static void explain(rp_explainer *e, const rdspol_finding *f, rdspol_details *out)
{
    const rp_rec_policy *p = &e->run->bundle->policys[f->policy];
    bool failed = f->verdict == RDSPOL_VERDICT_FAIL || f->verdict == RDSPOL_VERDICT_WAIVED;
    e->failed = e->failed || rdspol_run_title(e->run, f->policy, &out->title) != RDSPOL_OK;
    if (f->about_type != 0) {
        missing_type(e, f, out);
        return;
    }
    add_tags(e, f, out);
    if (failed || f->verdict == RDSPOL_VERDICT_NOT_APPLICABLE) {
        run_clauses(e, f->policy, f->row);
        add_messages(e, f, out);
    }
    if (failed) {
        add_observed(e, f, out);
    }
    if (failed && p->remedy != RP_NONE) {
        out->remedy = message_text(e, p->remedy, f->row);
    }
    if (f->verdict == RDSPOL_VERDICT_UNKNOWN) {
        add_missing(e, f, out);
    }
    if (f->verdict == RDSPOL_VERDICT_WAIVED) {
        add_waiver(e, f, out);
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

rdspol_status rdspol_run_title(rdspol_run *run, uint32_t policy, rdspol_str *out)
{
    if (policy >= run->bundle->policy_count) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    rp_explainer *e = run->explainer != NULL ? run->explainer : new_explainer(run);
    if (e == NULL) {
        return RDSPOL_NO_MEMORY;
    }
    if (e->titles[policy].ptr == NULL) {
        rp_buf text;
        rp_buf_init(&text, run->alloc, SIZE_MAX);
        (void)rp_print_template(run, run->bundle->policys[policy].title, NULL, &text);
        e->titles[policy] =
            text.failed ? rp_str_make(NULL, 0) : rp_arena_str(&run->arena, rp_buf_str(&text));
        rp_buf_free(&text);
    }
    *out = e->titles[policy];
    return out->ptr != NULL ? RDSPOL_OK : RDSPOL_NO_MEMORY;
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
    out->value = text.failed ? rp_str_make(NULL, 0) : rp_arena_str(&run->arena, rp_buf_str(&text));
    rp_buf_free(&text);
    return out->value.ptr != NULL ? RDSPOL_OK : RDSPOL_NO_MEMORY;
}
