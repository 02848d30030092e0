// What the clauses of a policy say of rows: messages, witnesses, observed values, remedies.
//
// The one idea: findings are asked for in the order of reports, so the clauses run for the next 64
// rows of the same verdict at once, and each message for those rows that it is about. What was
// printed for the others waits until they are asked for.
#include "vm/explain.h"

static rp_str keep_text(rp_explainer *e)
{
    const rp_buf *text = &e->text;
    rp_str copy =
        text->failed ? rp_str_make(NULL, 0) : rp_arena_str(&e->batch.arena, rp_buf_str(text));
    e->failed = e->failed || copy.ptr == NULL;
    return copy.ptr == NULL ? rp_str_make("", 0) : copy;
}

// ---- Clauses -----------------------------------------------------------------------------------

void rp_run_clauses(rp_explainer *e, uint32_t policy, uint32_t kinds, const uint32_t *rows,
                    uint32_t count)
{
    const rp_bundle *b = e->run->bundle;
    const rp_rec_policy *p = &b->policys[policy];
    if (e->need_policy != policy || e->need_kinds != kinds) {
        const rp_frame_info *f = &b->frames[b->frame_of[b->emit_of[policy]]];
        memset(e->need + f->first, 0, f->end - f->first);
        for (uint32_t k = 0; k < p->clause_count; k++) {
            const rp_rec_clause *c = &b->clauses[p->first_clause + k];
            if ((kinds & RP_CLAUSE_IS(c->kind)) != 0) {
                rp_run_mark(e->run, e->need, c->value);
            }
        }
        e->need_policy = policy;
        e->need_kinds = kinds;
    }
    e->exec.live = e->need;
    rp_exec_rows(&e->exec, b->frame_of[b->emit_of[policy]], rows, count);
}

uint64_t rp_clause_rows(const rp_explainer *e, const rp_rec_clause *c, bool truth)
{
    const rp_val *v = rp_exec_val(&e->exec, c->value);
    uint64_t yes = v->p[0], no = v->k[0];
    return (truth ? yes & ~no : no & ~yes) & e->exec.frames[0].mask[0];
}

// ---- One message for some rows of the batch ----------------------------------------------------

// Rows of the batch, as lanes of it.
typedef struct selection {
    uint32_t lanes[RP_BATCH_ROWS], rows[RP_BATCH_ROWS];
    uint32_t count;
} selection;

static selection select_lanes(const rp_batch *t, uint64_t lanes)
{
    selection s = {.count = 0};
    for (; lanes != 0; lanes &= lanes - 1) {
        s.lanes[s.count] = rp_bits_lowest(lanes);
        s.rows[s.count] = t->rows[s.lanes[s.count]];
        s.count++;
    }
    return s;
}

// The messages of a table share its frame, of which each runs what it prints.
static void run_message(rp_explainer *e, uint32_t message, const selection *s)
{
    const rp_bundle *b = e->run->bundle;
    const rp_rec_message *m = &b->messages[message];
    if (m->frame != RP_NONE) {
        const rp_frame_info *f = &b->frames[b->frame_of[m->frame]];
        memset(e->need + f->first, 0, f->end - f->first);
        rp_run_mark_message(e->run, e->need, message);
        rp_run_spread_frame(e->run, e->need, f);
        e->exec.live = e->need;
        rp_exec_rows(&e->exec, b->frame_of[m->frame], s->rows, s->count);
    }
}

static bool is_same_for_all(const rp_bundle *b, const rp_rec_template *t)
{
    for (uint32_t k = 0; k < t->piece_count; k++) {
        if (b->pieces[t->first_piece + k].value != RP_NONE) {
            return false;
        }
    }
    return true;
}

// The texts of a template for each row of a selection, after its frame ran.
static void print_texts(rp_explainer *e, uint32_t template, const selection *s, rp_str *texts)
{
    const rp_bundle *b = e->run->bundle;
    bool same = is_same_for_all(b, &b->templates[template]);
    for (uint32_t i = 0; i < s->count; i++) {
        if (i > 0 && same) {
            texts[i] = texts[0];
            continue;
        }
        rp_buf_reset(&e->text);
        (void)rp_print_template(e->run, template, &e->exec, i, &e->text);
        texts[i] = keep_text(e);
    }
}

// Whether a witness is shown: a list has none, nor has a record.
static bool is_shown(const rp_bundle *b, uint32_t type)
{
    return RP_TYPE_KIND(type) != RP_KIND_LISTTEXT && !rp_bundle_is_record(b, type);
}

static void add_witnesses(rp_explainer *e, const rp_rec_message *m, uint32_t lane,
                          rdspol_message *out)
{
    const rp_bundle *b = e->run->bundle;
    rdspol_witness *list = RP_NEW_ARRAY(&e->batch.arena, rdspol_witness, m->witness_count);
    e->failed = e->failed || list == NULL;
    for (uint32_t k = 0; list != NULL && k < m->witness_count; k++) {
        const rp_rec_witness *w = &b->witnesss[m->first_witness + k];
        uint32_t type = rp_bundle_type(b, w->value);
        const rp_val *v = rp_exec_val(&e->exec, w->value);
        if (!is_shown(b, type) || rp_value_state(type, v, lane) != RP_STATE_PRESENT) {
            continue;
        }
        rp_buf_reset(&e->text);
        rp_print_value(e->run, type, v, lane, &e->text);
        list[out->witness_count].name = rp_bundle_text(b, w->name);
        list[out->witness_count++].value = keep_text(e);
    }
    out->witnesses = list;
}

// ---- Messages ----------------------------------------------------------------------------------

static rdspol_message *new_message(rp_explainer *e, uint32_t lane, const rp_rec_clause *c)
{
    const rp_bundle *b = e->run->bundle;
    rp_lane *d = &e->batch.lanes[lane];
    rdspol_message *m = &d->messages[d->message_count++];
    m->file = rp_bundle_text(b, b->files[c->file].name);
    m->line = c->line;
    return m;
}

// A clause without words of its own speaks with the policy's title.
static void add_message(rp_explainer *e, const rp_rec_clause *c, uint64_t lanes)
{
    const rp_bundle *b = e->run->bundle;
    selection s = select_lanes(&e->batch, lanes);
    rp_str texts[RP_BATCH_ROWS] = {{NULL, 0}};
    rdspol_str title = {"", 0};
    if (s.count == 0) {
        return;
    }
    if (c->message == RP_NONE) {
        e->failed |= rdspol_run_title(e->run, e->batch.policy, &title) != RDSPOL_OK;
    } else {
        run_message(e, c->message, &s);
        print_texts(e, b->messages[c->message].template, &s, texts);
    }
    for (uint32_t i = 0; i < s.count; i++) {
        rdspol_message *m = new_message(e, s.lanes[i], c);
        m->text = c->message == RP_NONE ? title : texts[i];
        if (c->message != RP_NONE) {
            add_witnesses(e, &b->messages[c->message], i, m);
        }
    }
}

// Of which rows each clause speaks: every false `require`; of not_applicable the first false
// `when`, if it has words of its own.
static void find_speaking(rp_explainer *e, const rp_rec_policy *p, uint64_t *lanes)
{
    const rp_batch *t = &e->batch;
    bool excluded = t->verdict == RDSPOL_VERDICT_NOT_APPLICABLE;
    uint32_t kind = excluded ? RP_CLAUSE_WHEN : RP_CLAUSE_REQUIRE;
    uint64_t silent = 0;
    rp_run_clauses(e, t->policy, RP_CLAUSE_IS(kind), t->rows, t->count);
    for (uint32_t k = 0; k < p->clause_count; k++) {
        const rp_rec_clause *c = &e->run->bundle->clauses[p->first_clause + k];
        lanes[k] = c->kind == kind ? rp_clause_rows(e, c, false) & ~silent : 0;
        silent |= excluded ? lanes[k] : 0;
        lanes[k] = excluded && c->message == RP_NONE ? 0 : lanes[k];
    }
}

static bool make_lists(rp_explainer *e, const uint64_t *lanes, uint32_t clause_count)
{
    for (uint32_t i = 0; i < e->batch.count; i++) {
        size_t count = 0;
        for (uint32_t k = 0; k < clause_count; k++) {
            count += lanes[k] >> i & 1u;
        }
        e->batch.lanes[i].messages = RP_NEW_ARRAY(&e->batch.arena, rdspol_message, count);
        if (e->batch.lanes[i].messages == NULL) {
            return false;
        }
    }
    return true;
}

// ---- Observed values and remedies --------------------------------------------------------------

static bool is_listed(const rp_lane *d, rp_str field)
{
    for (size_t i = 0; i < d->observed_count; i++) {
        if (rp_str_equal(d->observed[i].field, field)) {
            return true;
        }
    }
    return false;
}

static void observe(rp_explainer *e, uint32_t column, uint32_t row, rp_lane *out)
{
    const rp_rec_column *c = &e->run->bundle->columns[column];
    const rp_val *v = &e->run->world.columns[column];
    rp_state state = rp_value_state(c->type, v, row);
    rp_str name = rp_bundle_text(e->run->bundle, c->name);
    if (state == RP_STATE_UNKNOWN || is_listed(out, name)) {
        return;
    }
    rp_buf_reset(&e->text);
    if (state == RP_STATE_ABSENT) {
        rp_buf_add_text(&e->text, "null");
    } else {
        rp_print_json(e->run, c->type, rp_value_bits(c->type, v, row), &e->text);
    }
    out->observed[out->observed_count].field = name;
    out->observed[out->observed_count++].value = keep_text(e);
}

static void add_observed(rp_explainer *e, const rp_rec_policy *p, const uint64_t *lanes,
                         uint32_t lane)
{
    const rp_bundle *b = e->run->bundle;
    rp_lane *d = &e->batch.lanes[lane];
    size_t most = 0;
    for (uint32_t k = 0; k < p->clause_count; k++) {
        most += (lanes[k] >> lane & 1u) * b->clauses[p->first_clause + k].observed_count;
    }
    d->observed = RP_NEW_ARRAY(&e->batch.arena, rdspol_observed, most);
    e->failed = e->failed || d->observed == NULL;
    for (uint32_t k = 0; d->observed != NULL && k < p->clause_count; k++) {
        const rp_rec_clause *c = &b->clauses[p->first_clause + k];
        bool failed = (lanes[k] >> lane & 1u) != 0;
        for (uint32_t o = 0; failed && o < c->observed_count; o++) {
            observe(e, b->observeds[c->first_observed + o].column, e->batch.rows[lane], d);
        }
    }
}

static void add_remedies(rp_explainer *e, uint32_t remedy)
{
    const rp_rec_message *m = &e->run->bundle->messages[remedy];
    uint32_t count = e->batch.count;
    uint64_t all = count == RP_BATCH_ROWS ? ~(uint64_t)0 : ((uint64_t)1 << count) - 1;
    selection s = select_lanes(&e->batch, all);
    rp_str texts[RP_BATCH_ROWS];
    run_message(e, remedy, &s);
    print_texts(e, m->template, &s, texts);
    for (uint32_t i = 0; i < count; i++) {
        e->batch.lanes[i].remedy = texts[i];
    }
}

// ---- Batches -----------------------------------------------------------------------------------

// The rows from that of the finding on, if it is the next in the order; else its row alone.
static void choose_rows(const rp_explainer *e, const rdspol_finding *f, rp_batch *t)
{
    const rp_run *run = e->run;
    const uint32_t *order = run->order[run->bundle->policys[f->policy].table];
    bool goes_on = t->policy == f->policy && t->verdict == (uint32_t)f->verdict;
    uint32_t from = goes_on ? t->next : 0;
    uint32_t at = rp_run_next_row(run, f->policy, f->verdict, from);
    bool is_next = at != RP_NONE && order[at] == f->row;
    t->policy = f->policy;
    t->verdict = f->verdict;
    t->next = from;
    t->rows[0] = f->row;
    t->count = 1;
    while (is_next && at != RP_NONE) {
        t->next = at + 1;
        at = rp_run_next_row(run, f->policy, f->verdict, t->next);
        if (at == RP_NONE || t->count == RP_BATCH_ROWS) {
            break;
        }
        t->rows[t->count++] = order[at];
    }
}

static void fill_batch(rp_explainer *e, const rdspol_finding *f)
{
    rp_batch *t = &e->batch;
    const rp_bundle *b = e->run->bundle;
    const rp_rec_policy *p = &b->policys[f->policy];
    rp_arena_clear(&t->arena);
    choose_rows(e, f, t);
    t->given = 0;
    memset(t->lanes, 0, sizeof t->lanes);
    uint64_t *lanes = RP_NEW_ARRAY(&t->arena, uint64_t, p->clause_count);
    if (lanes == NULL) {
        e->failed = true;
        return;
    }
    find_speaking(e, p, lanes);
    if (!make_lists(e, lanes, p->clause_count)) {
        e->failed = true;
        return;
    }
    for (uint32_t k = 0; k < p->clause_count; k++) {
        add_message(e, &b->clauses[p->first_clause + k], lanes[k]);
    }
    bool failed = f->verdict != RDSPOL_VERDICT_NOT_APPLICABLE;
    for (uint32_t i = 0; failed && i < t->count; i++) {
        add_observed(e, p, lanes, i);
    }
    if (failed && p->remedy != RP_NONE) {
        add_remedies(e, p->remedy);
    }
}

// The lane of a finding; of one that is not in the batch RP_NONE. Findings are asked for one after
// another, so looking begins at the last one.
static uint32_t find_lane(const rp_batch *t, const rdspol_finding *f)
{
    for (uint32_t i = 0; t->policy == f->policy && i < t->count; i++) {
        uint32_t lane = (t->given + i) % t->count;
        if (t->rows[lane] == f->row) {
            return lane;
        }
    }
    return RP_NONE;
}

void rp_explain_clauses(rp_explainer *e, const rdspol_finding *f, rdspol_details *out)
{
    rp_batch *t = &e->batch;
    uint32_t lane = find_lane(t, f);
    if (lane == RP_NONE) {
        fill_batch(e, f);
        lane = 0;
    }
    if (e->failed) {
        t->policy = RP_NONE;
        return;
    }
    const rp_lane *d = &t->lanes[lane];
    out->messages = d->messages;
    out->message_count = d->message_count;
    out->observed = d->observed;
    out->observed_count = d->observed_count;
    out->remedy = d->remedy;
    t->given = lane;
}
