// A run: binding, judging, waivers, counts.
//
// Judging is one pass over the outermost frames in the program's order; the clauses of a policy
// become one byte a row. Waivers come after that. Nothing here allocates while it judges.
#include "vm/base/endian.h"
#include "vm/run.h"

// ---- Binding -----------------------------------------------------------------------------------

static bool select_policies(rp_run *run, const rdspol_run_opts *opts)
{
    const rp_bundle *b = run->bundle;
    run->selected = RP_NEW_ARRAY(&run->arena, unsigned char, b->policy_count);
    if (run->selected == NULL) {
        return false;
    }
    for (uint32_t i = 0; opts->policies == NULL && i < b->policy_count; i++) {
        run->selected[i] = (b->policys[i].flags & RP_POLICY_JUDGED) != 0;
    }
    for (size_t i = 0; opts->policies != NULL && i < opts->policy_count; i++) {
        if (opts->policies[i] < b->policy_count) {
            run->selected[opts->policies[i]] = 1;
        }
    }
    return true;
}

static bool alloc_results(rp_run *run)
{
    const rp_bundle *b = run->bundle;
    run->verdicts = RP_NEW_ARRAY(&run->arena, unsigned char *, b->policy_count);
    void *counts = rp_arena_array(&run->arena, b->policy_count, sizeof *run->counts);
    run->counts = counts;
    run->waiver_true = RP_NEW_ARRAY(&run->arena, uint64_t *, b->waiver_count);
    run->waiver_matched = RP_NEW_ARRAY(&run->arena, unsigned char, b->waiver_count);
    run->titles = RP_NEW_ARRAY(&run->arena, rp_str, b->policy_count);
    bool ok = run->verdicts != NULL && counts != NULL && run->waiver_true != NULL &&
              run->waiver_matched != NULL && run->titles != NULL;
    for (uint32_t i = 0; ok && i < b->policy_count; i++) {
        if (run->selected[i] != 0) {
            run->verdicts[i] = rp_arena_alloc(&run->arena, run->world.rows[b->policys[i].table]);
            ok = run->verdicts[i] != NULL;
        }
    }
    for (uint32_t i = 0; ok && i < b->waiver_count; i++) {
        size_t words =
            rp_bits_words(run->world.rows[b->waivers[i].table]) + RP_MAX_CHUNK / RP_WORD_BITS;
        run->waiver_true[i] = RP_NEW_ARRAY(&run->arena, uint64_t, words);
        ok = run->waiver_true[i] != NULL;
    }
    return ok;
}

static void emit_verdicts(void *ctx, uint32_t policy, const rp_frame *f);
static void save_conditions(void *ctx, uint32_t frame, const rp_frame *f);

static bool prepare(rp_run *run)
{
    if (!rp_prepare_live(run) || !rp_prepare_columns(run) || !rp_prepare_texts(run) ||
        !rp_prepare_relations(run) || !rp_prepare_values(run) || !rp_prepare_order(run) ||
        !alloc_results(run)) {
        return false;
    }
    rp_run_drop_empty(run, run->live); // rows are known only now
    if (!rp_exec_init(&run->exec, &run->world, &run->workspace, run->chunk, run->live, NULL)) {
        return false;
    }
    run->exec.emit = emit_verdicts;
    run->exec.chunk_done = save_conditions;
    run->exec.ctx = run;
    return true;
}

static rdspol_status bind(rp_run *run, const rdspol_run_opts *opts, rdspol_error *error)
{
    run->world.bundle = run->bundle;
    run->world.now = opts->now;
    run->world.base_texts = run->facts->texts.items;
    run->world.base_count = run->facts->texts.count;
    run->world.overlay = &run->overlay;
    run->chunk = opts->chunk == 0 ? RP_MAX_CHUNK : opts->chunk;
    if (run->chunk > RP_MAX_CHUNK) {
        return rp_error_set(error, RDSPOL_INVALID_ARGUMENT, NULL, "a chunk of more than %u rows",
                            RP_MAX_CHUNK);
    }
    RP_TRY(rp_prepare_params(run, opts, error));
    if (!select_policies(run, opts) || !prepare(run) || !rp_prepare_cost(run)) {
        return rp_error_set(error, RDSPOL_NO_MEMORY, NULL, "out of memory");
    }
    if (opts->cost_limit != 0 && run->cost > opts->cost_limit) {
        return rp_error_set(error, RDSPOL_LIMIT, NULL,
                            "the run costs %llu cells, the limit is %llu",
                            (unsigned long long)run->cost, (unsigned long long)opts->cost_limit);
    }
    return RDSPOL_OK;
}

rdspol_status rdspol_run_new(rdspol_run **out, const rdspol_bundle *bundle,
                             const rdspol_facts *facts, const rdspol_run_opts *opts,
                             rdspol_error *error)
{
    static const rdspol_run_opts defaults = {.size = sizeof defaults};
    opts = opts != NULL ? opts : &defaults;
    rp_alloc given = {opts->alloc, opts->alloc_ctx};
    rp_alloc alloc = rp_alloc_or_libc(given);
    *out = NULL;
    if (!facts->sealed || facts->finished) {
        return rp_error_set(error, RDSPOL_INVALID_ARGUMENT, NULL, "facts that are %s",
                            facts->sealed ? "finished" : "not sealed");
    }
    if (!rp_facts_fit(facts, bundle)) {
        return rp_error_set(error, RDSPOL_SCHEMA_MISMATCH, NULL,
                            "the facts were made for another schema");
    }
    rp_run *run = rp_alloc_get(alloc, sizeof *run);
    if (run == NULL) {
        return rp_error_set(error, RDSPOL_NO_MEMORY, NULL, "out of memory");
    }
    memset(run, 0, sizeof *run);
    run->bundle = bundle;
    run->facts = facts;
    run->alloc = alloc;
    rp_arena_init(&run->arena, alloc);
    rp_arena_init(&run->workspace, alloc);
    rp_strtab_init(&run->overlay, alloc);
    rdspol_status status = bind(run, opts, error);
    if (status != RDSPOL_OK) {
        rdspol_run_free(run);
        return status;
    }
    *out = run;
    return RDSPOL_OK;
}

void rdspol_run_free(rdspol_run *run)
{
    if (run == NULL) {
        return;
    }
    rp_alloc alloc = run->alloc;
    rp_explainer_free(run);
    rp_arena_clear(&run->arena);
    rp_arena_clear(&run->workspace);
    rp_strtab_free(&run->overlay);
    rp_alloc_free(alloc, run, sizeof *run);
}

void rdspol_run_set_now(rdspol_run *run, int64_t now)
{
    run->world.now = now;
    run->evaluated = false;
    rp_explainer_free(run);
    if (!run->finished) {
        rp_exec_bind_now(&run->exec);
    }
}

void rdspol_run_finish(rdspol_run *run)
{
    run->finished = true;
    rp_arena_clear(&run->workspace);
    memset(&run->exec, 0, sizeof run->exec);
}

uint64_t rdspol_run_cost(const rdspol_run *run)
{
    return run->cost;
}

uint64_t rdspol_run_bytes(const rdspol_run *run)
{
    return run->arena.total + run->workspace.total + run->overlay.bytes.total;
}

// ---- Judging -----------------------------------------------------------------------------------

// What the clauses of a policy say about the rows of a chunk.
typedef struct outcome {
    uint64_t excluded[RP_MAX_CHUNK / RP_WORD_BITS], applies[RP_MAX_CHUNK / RP_WORD_BITS];
    uint64_t failed[RP_MAX_CHUNK / RP_WORD_BITS], passed[RP_MAX_CHUNK / RP_WORD_BITS];
} outcome;

// One more clause: rows where it is false, and those that were true all along.
static void add_clause(uint64_t *some_false, uint64_t *all_true, const rp_val *v, uint32_t words)
{
    for (uint32_t w = 0; w < words; w++) {
        some_false[w] |= v->k[w] & ~v->p[w];
        all_true[w] &= v->p[w] & ~v->k[w];
    }
}

static void judge(const rp_exec *x, uint32_t policy, const rp_frame *f, outcome *o)
{
    const rp_bundle *b = x->world->bundle;
    const rp_rec_policy *p = &b->policys[policy];
    for (uint32_t w = 0; w < f->words; w++) {
        o->excluded[w] = o->failed[w] = 0;
        o->applies[w] = o->passed[w] = ~(uint64_t)0;
    }
    for (uint32_t k = 0; k < p->clause_count; k++) {
        const rp_rec_clause *c = &b->clauses[p->first_clause + k];
        bool when = c->kind == RP_CLAUSE_WHEN;
        add_clause(when ? o->excluded : o->failed, when ? o->applies : o->passed,
                   rp_exec_val(x, c->value), f->words);
    }
}

// A byte for each row of a word: `rows[v]` are the rows with verdict v, the others are not judged.
// The binary digits of eight verdicts are eight bytes, and exchanged with them; digit 3 stands for
// rows that are not judged.
RP_WIDE static void spread_verdicts(uint64_t bytes[8], const uint64_t rows[RDSPOL_VERDICT_COUNT])
{
    _Static_assert(RDSPOL_VERDICT_FAIL == 0 && RDSPOL_VERDICT_UNKNOWN == 1 &&
                       RDSPOL_VERDICT_WAIVED == 2 && RDSPOL_VERDICT_PASS == 3 &&
                       RDSPOL_VERDICT_NOT_APPLICABLE == 4 && RDSPOL_VERDICT_COUNT == 5,
                   "the digits below");
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t odd = rows[RDSPOL_VERDICT_UNKNOWN] | rows[RDSPOL_VERDICT_PASS];
    uint64_t twos = rows[RDSPOL_VERDICT_WAIVED] | rows[RDSPOL_VERDICT_PASS];
    uint64_t fours = rows[RDSPOL_VERDICT_NOT_APPLICABLE];
    uint64_t others = ~(rows[RDSPOL_VERDICT_FAIL] | odd | twos | fours);
    for (unsigned g = 0; g < 8; g++) {
        uint64_t digits = (odd >> 8 * g & 0xffu) | (twos >> 8 * g & 0xffu) << 8 |
                          (fours >> 8 * g & 0xffu) << 16 | (others >> 8 * g & 0xffu) << 24;
        uint64_t verdicts = rp_bits_transpose8(digits), other = verdicts >> 3 & ones;
        bytes[g] = verdicts | ((other << 8) - other); // RP_VERDICT_NONE in each of those
    }
}

static void put_verdicts(unsigned char *out, const uint64_t rows[RDSPOL_VERDICT_COUNT], uint32_t n)
{
    uint64_t bytes[8];
    spread_verdicts(bytes, rows);
    if (n == RP_WORD_BITS && rp_endian_is_little()) {
        memcpy(out, bytes, sizeof bytes);
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        out[i] = (unsigned char)(bytes[i / 8] >> (8 * (i % 8)) & 0xffu);
    }
}

RP_WIDE static void count_rows(uint64_t *counts, const uint64_t rows[RDSPOL_VERDICT_COUNT])
{
    for (int v = 0; v < RDSPOL_VERDICT_COUNT; v++) {
        counts[v] += rp_bits_count(rows[v]);
    }
}

static void emit_verdicts(void *ctx, uint32_t policy, const rp_frame *f)
{
    rp_run *run = ctx;
    const uint64_t *judged = run->facts->tables[f->info->table].judged;
    outcome o;
    judge(&run->exec, policy, f, &o);
    for (uint32_t w = 0; w < f->words; w++) {
        uint32_t first = f->base + w * RP_WORD_BITS, left = f->n - w * RP_WORD_BITS;
        uint64_t all = rp_bits_window(judged, first) & f->mask[w];
        uint64_t open = all & ~o.excluded[w], rows[RDSPOL_VERDICT_COUNT] = {0};
        rows[RDSPOL_VERDICT_FAIL] = open & o.applies[w] & o.failed[w];
        rows[RDSPOL_VERDICT_PASS] = open & o.applies[w] & ~o.failed[w] & o.passed[w];
        rows[RDSPOL_VERDICT_NOT_APPLICABLE] = all & o.excluded[w];
        rows[RDSPOL_VERDICT_UNKNOWN] =
            open & ~rows[RDSPOL_VERDICT_FAIL] & ~rows[RDSPOL_VERDICT_PASS];
        put_verdicts(run->verdicts[policy] + first, rows,
                     left < RP_WORD_BITS ? left : RP_WORD_BITS);
        count_rows(run->counts[policy], rows);
    }
}

// Conditions of waivers, after the chunk of their scan.
static void save_conditions(void *ctx, uint32_t frame, const rp_frame *f)
{
    rp_run *run = ctx;
    const rp_bundle *b = run->bundle;
    for (uint32_t i = 0; i < b->waiver_count; i++) {
        uint32_t value = b->waivers[i].condition;
        if (value == RP_NONE || b->frame_of[value] != frame || run->live[value] == 0) {
            continue;
        }
        const rp_val *v = rp_exec_val(&run->exec, value);
        for (uint32_t r = 0; r < f->n; r++) {
            bool yes = rp_bits_get(v->p, r) && !rp_bits_get(v->k, r);
            rp_bits_put(run->waiver_true[i], (size_t)f->base + r, yes);
        }
    }
}

static int64_t until_of(const rp_rec_waiver *w)
{
    return (int64_t)((uint64_t)w->until_hi << 32 | w->until_lo);
}

static bool glob_matches(const rp_run *run, const rp_rec_waiver *w, uint32_t row)
{
    rp_str glob = rp_bundle_text(run->bundle, w->glob);
    const rp_rec_table *t = &run->bundle->tables[w->table];
    if (!rp_str_starts(glob, RP_STR("arn:"))) {
        return rp_glob_match(rp_facts_row_id(run->facts, w->table, row), glob);
    }
    uint32_t arn = t->arn != RP_NONE ? t->arn : t->unique;
    rp_str text = rp_facts_cell_text(run->facts, arn, row);
    return text.len != 0 && rp_glob_match(text, glob);
}

bool rp_run_is_waived(const rp_run *run, uint32_t waiver, uint32_t policy, uint32_t row)
{
    const rp_rec_waiver *w = &run->bundle->waivers[waiver];
    if (w->table != run->bundle->policys[policy].table || run->world.now >= until_of(w)) {
        return false;
    }
    if (w->condition != RP_NONE && !rp_bits_get(run->waiver_true[waiver], row)) {
        return false;
    }
    bool named = false;
    for (uint32_t k = 0; k < w->policy_count && !named; k++) {
        named = run->bundle->members[w->first_policy + k].policy == policy;
    }
    return named && glob_matches(run, w, row);
}

static void apply_waiver(rp_run *run, uint32_t waiver, uint32_t policy)
{
    uint32_t rows = run->world.rows[run->bundle->policys[policy].table];
    unsigned char *verdicts = run->verdicts[policy];
    for (uint32_t r = 0; r < rows; r++) {
        bool failed = verdicts[r] == RDSPOL_VERDICT_FAIL || verdicts[r] == RDSPOL_VERDICT_WAIVED;
        if (failed && rp_run_is_waived(run, waiver, policy, r)) {
            run->counts[policy][verdicts[r]]--;
            run->counts[policy][RDSPOL_VERDICT_WAIVED]++;
            verdicts[r] = RDSPOL_VERDICT_WAIVED;
            run->waiver_matched[waiver] = 1;
        }
    }
}

static void apply_waivers(rp_run *run)
{
    const rp_bundle *b = run->bundle;
    for (uint32_t i = 0; i < b->waiver_count; i++) {
        const rp_rec_waiver *w = &b->waivers[i];
        run->waiver_matched[i] = 0;
        for (uint32_t k = 0; k < w->policy_count; k++) {
            uint32_t policy = b->members[w->first_policy + k].policy;
            if (run->selected[policy] != 0 && b->policys[policy].table == w->table) {
                apply_waiver(run, i, policy);
            }
        }
    }
}

bool rp_run_has_gap(const rp_run *run, uint32_t policy, uint32_t pair)
{
    uint32_t table = run->bundle->policys[policy].table;
    return table != run->facts->region_table && run->facts->pair[pair].scanned &&
           rp_facts_listing(run->facts, table, pair).answered != RP_ANSWERED_ALL;
}

// Rows were counted when they were judged; the findings about whole types come on top.
static void count_findings(rp_run *run)
{
    memset(run->totals, 0, sizeof run->totals);
    for (uint32_t k = 0; k < run->policy_count; k++) {
        uint32_t policy = run->policy_order[k];
        uint64_t *counts = run->counts[policy];
        for (uint32_t p = 0; p < run->facts->pair_count; p++) {
            counts[RDSPOL_VERDICT_UNKNOWN] += rp_run_has_gap(run, policy, p);
        }
        for (int v = 0; v < RDSPOL_VERDICT_COUNT; v++) {
            run->totals[v] += counts[v];
        }
    }
}

rdspol_status rdspol_run_evaluate(rdspol_run *run, rdspol_error *error)
{
    const rp_bundle *b = run->bundle;
    if (run->finished) {
        return rp_error_set(error, RDSPOL_INVALID_ARGUMENT, NULL, "a run that is finished");
    }
    if (b->policy_count != 0) {
        memset(run->counts, 0, b->policy_count * sizeof *run->counts);
    }
    for (uint32_t f = 0; f < b->frame_count; f++) {
        const rp_frame_info *info = &b->frames[f];
        if (info->depth == 0 && !info->message && run->live[info->first] != 0) {
            rp_exec_scan(&run->exec, f, 0, run->world.rows[info->table]);
        }
    }
    apply_waivers(run);
    count_findings(run);
    run->evaluated = true;
    return RDSPOL_OK;
}

uint64_t rdspol_run_count(const rdspol_run *run, uint32_t policy, rdspol_verdict verdict)
{
    if ((uint32_t)verdict >= RDSPOL_VERDICT_COUNT) {
        return 0;
    }
    if (policy == RDSPOL_NONE) {
        return run->totals[verdict];
    }
    return policy < run->bundle->policy_count ? run->counts[policy][verdict] : 0;
}

uint32_t rdspol_run_waiver_count(const rdspol_run *run)
{
    return run->bundle->waiver_count;
}

static bool some_policy_ran(const rp_run *run, const rp_rec_waiver *w)
{
    for (uint32_t k = 0; k < w->policy_count; k++) {
        if (run->selected[run->bundle->members[w->first_policy + k].policy] != 0) {
            return true;
        }
    }
    return false;
}

rdspol_status rdspol_run_waiver(const rdspol_run *run, uint32_t index, rdspol_waiver_state *out)
{
    const rp_bundle *b = run->bundle;
    if (index >= b->waiver_count) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    const rp_rec_waiver *w = &b->waivers[index];
    memset(out, 0, sizeof *out);
    out->kind = rp_bundle_text(b, b->tables[w->table].name);
    out->glob = rp_bundle_text(b, w->glob);
    out->because = rp_bundle_text(b, w->because);
    out->file = rp_bundle_text(b, b->files[w->file].name);
    out->line = w->line;
    out->until = until_of(w);
    out->expired = run->world.now >= until_of(w);
    out->unmatched = out->expired == 0 && run->evaluated && some_policy_ran(run, w) &&
                     run->waiver_matched[index] == 0;
    out->policies = w->policy_count == 0 ? NULL : &b->members[w->first_policy].policy;
    out->policy_count = w->policy_count;
    return RDSPOL_OK;
}
