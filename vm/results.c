// Walking the findings of a run in the order of reports, without storing that order.
//
// The one idea: for a verdict and a policy the rows come in their table's order; the findings on
// `region` about a type that was not answered are merged in by account, Region and kind. A cursor
// is where all of these stand. Resource by resource the rows are walked once for each verdict that
// may be the worst of a row, and the policies for each row; row i of `region` is pair i.
#include "vm/run.h"

// Fields of a cursor: verdict, place in the policy order, place in the row order, pair.
enum { AT_VERDICT, AT_POLICY, AT_ROW, AT_PAIR };

static rp_str text_of(const rp_facts *f, uint32_t id)
{
    return id == RP_NONE ? rp_str_make("", 0) : rp_strtab_get(&f->texts, id);
}

static void describe_place(const rp_run *run, const rp_place *place, rdspol_finding *out)
{
    if (place->file != RP_NONE) {
        out->file = rp_strtab_get(&run->facts->files, place->file);
        out->line = place->line;
        out->column = place->column;
        out->end_line = place->end_line;
        out->end_column = place->end_column;
    }
}

static void describe_row(const rp_run *run, uint32_t policy, uint32_t row, rdspol_finding *out)
{
    uint32_t table = run->bundle->policys[policy].table;
    const rp_rec_table *t = &run->bundle->tables[table];
    const rp_fact_meta *meta = &run->facts->tables[table].meta[row];
    out->table = table;
    out->row = row;
    out->kind = rp_bundle_text(run->bundle, t->name);
    out->type = rp_bundle_text(run->bundle, t->type_name);
    out->id = rp_facts_row_id(run->facts, table, row);
    out->arn = rp_facts_cell_text(run->facts, t->arn, row);
    if (out->arn.len == 0) {
        rp_str unique = rp_facts_cell_text(run->facts, t->unique, row);
        out->arn = rp_str_starts(unique, RP_STR("arn:")) ? unique : out->arn;
    }
    out->account = text_of(run->facts, meta->account);
    out->region = text_of(run->facts, meta->region);
    describe_place(run, &meta->place, out);
}

static void describe_pair(const rp_run *run, uint32_t pair, rdspol_finding *out)
{
    const rp_pair *p = &run->facts->pair[pair];
    out->table = run->facts->region_table;
    out->row = pair;
    out->kind = RP_STR("region");
    out->type = RP_STR("AWS::::Region");
    out->account = text_of(run->facts, p->account);
    out->region = text_of(run->facts, p->region);
    out->id = out->region.len != 0 ? out->region : RP_STR("unknown");
    out->about_type = 1;
}

uint32_t rp_run_next_row(const rp_run *run, uint32_t policy, uint32_t verdict, uint32_t from)
{
    uint32_t table = run->bundle->policys[policy].table;
    uint32_t rows = run->world.rows[table];
    while (from < rows && run->verdicts[policy][run->order[table][from]] != verdict) {
        from++;
    }
    return from < rows ? from : RP_NONE;
}

static uint32_t next_pair(const rp_run *run, uint32_t policy, uint32_t verdict, uint32_t from)
{
    if (verdict != RDSPOL_VERDICT_UNKNOWN) {
        return RP_NONE;
    }
    while (from < run->facts->pair_count && !rp_run_has_gap(run, policy, from)) {
        from++;
    }
    return from < run->facts->pair_count ? from : RP_NONE;
}

// Whether the finding about a pair comes before that about a row.
static bool pair_is_first(const rdspol_finding *pair, const rdspol_finding *row)
{
    int order = rp_str_compare(pair->account, row->account);
    order = order != 0 ? order : rp_str_compare(pair->region, row->region);
    order = order != 0 ? order : rp_str_compare(pair->kind, row->kind);
    return order < 0;
}

// Puts the finding about a pair in the place of that about a row, if it comes first.
static bool take_pair(const rp_run *run, uint32_t pair, bool has_row, rdspol_finding *out)
{
    rdspol_finding other;
    memset(&other, 0, sizeof other);
    describe_pair(run, pair, &other);
    if (has_row && !pair_is_first(&other, out)) {
        return false;
    }
    *out = other;
    return true;
}

static bool take_finding(const rp_run *run, rdspol_cursor *c, uint32_t policy, rdspol_finding *out)
{
    uint32_t verdict = c->state[AT_VERDICT];
    uint32_t at = rp_run_next_row(run, policy, verdict, c->state[AT_ROW]);
    uint32_t pair = next_pair(run, policy, verdict, c->state[AT_PAIR]);
    if (at == RP_NONE && pair == RP_NONE) {
        return false;
    }
    memset(out, 0, sizeof *out);
    if (at != RP_NONE) {
        describe_row(run, policy, run->order[run->bundle->policys[policy].table][at], out);
    }
    if (pair != RP_NONE && take_pair(run, pair, at != RP_NONE, out)) {
        c->state[AT_PAIR] = pair + 1;
    } else {
        c->state[AT_ROW] = at + 1;
    }
    out->policy = policy;
    out->verdict = (rdspol_verdict)verdict;
    return true;
}

rdspol_status rdspol_run_next(const rdspol_run *run, rdspol_cursor *cursor, rdspol_finding *out)
{
    if (!run->evaluated) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    while (cursor->state[AT_VERDICT] < RDSPOL_VERDICT_COUNT) {
        if (cursor->state[AT_POLICY] < run->policy_count) {
            uint32_t policy = run->policy_order[cursor->state[AT_POLICY]];
            bool any = run->counts[policy][cursor->state[AT_VERDICT]] != 0;
            if (any && take_finding(run, cursor, policy, out)) {
                return RDSPOL_OK;
            }
            cursor->state[AT_POLICY]++;
        } else {
            cursor->state[AT_VERDICT]++;
            cursor->state[AT_POLICY] = 0;
        }
        cursor->state[AT_ROW] = 0;
        cursor->state[AT_PAIR] = 0;
    }
    return RDSPOL_DONE;
}

// ---- Resource by resource ----------------------------------------------------------------------

// Fields of a cursor: worst verdict of the row, table, place in its order, verdict and policy there.
enum { BY_WORST, BY_TABLE, BY_ROW, BY_VERDICT, BY_POLICY };

static bool is_region(const rp_run *run, uint32_t table)
{
    return table == run->facts->region_table;
}

static uint32_t row_count(const rp_run *run, uint32_t table)
{
    if (is_region(run, table)) {
        return run->facts->pair_count;
    }
    return run->order[table] == NULL ? 0 : run->world.rows[table];
}

static uint32_t row_at(const rp_run *run, uint32_t table, uint32_t place)
{
    return is_region(run, table) ? place : run->order[table][place];
}

// What a policy says of a row, or of its whole type in a pair; RP_VERDICT_NONE: nothing.
static uint32_t verdict_on(const rp_run *run, uint32_t policy, uint32_t table, uint32_t row)
{
    if (run->bundle->policys[policy].table == table) {
        return run->verdicts[policy][row];
    }
    bool gap = is_region(run, table) && rp_run_has_gap(run, policy, row);
    return gap ? RDSPOL_VERDICT_UNKNOWN : RP_VERDICT_NONE;
}

static uint32_t worst_of(const rp_run *run, uint32_t table, uint32_t row)
{
    uint32_t worst = RP_VERDICT_NONE;
    for (uint32_t k = 0; k < run->policy_count; k++) {
        uint32_t verdict = verdict_on(run, run->policy_order[k], table, row);
        worst = verdict < worst ? verdict : worst;
    }
    return worst;
}

static bool take_of_row(const rp_run *run, rdspol_cursor *c, uint32_t row, rdspol_finding *out)
{
    uint32_t table = c->state[BY_TABLE];
    for (; c->state[BY_VERDICT] < RDSPOL_VERDICT_COUNT; c->state[BY_VERDICT]++) {
        while (c->state[BY_POLICY] < run->policy_count) {
            uint32_t policy = run->policy_order[c->state[BY_POLICY]++];
            if (verdict_on(run, policy, table, row) != c->state[BY_VERDICT]) {
                continue;
            }
            memset(out, 0, sizeof *out);
            if (run->bundle->policys[policy].table == table) {
                describe_row(run, policy, row, out);
            } else {
                describe_pair(run, row, out);
            }
            out->policy = policy;
            out->verdict = (rdspol_verdict)c->state[BY_VERDICT];
            return true;
        }
        c->state[BY_POLICY] = 0;
    }
    return false;
}

// The next finding of the rows of one table whose worst verdict is that of the cursor.
static bool take_of_table(const rp_run *run, rdspol_cursor *c, rdspol_finding *out)
{
    uint32_t table = c->state[BY_TABLE], rows = row_count(run, table);
    for (; c->state[BY_ROW] < rows; c->state[BY_ROW]++) {
        uint32_t row = row_at(run, table, c->state[BY_ROW]);
        bool begun = c->state[BY_VERDICT] != 0 || c->state[BY_POLICY] != 0;
        if (!begun && worst_of(run, table, row) != c->state[BY_WORST]) {
            continue;
        }
        if (take_of_row(run, c, row, out)) {
            return true;
        }
        c->state[BY_VERDICT] = c->state[BY_POLICY] = 0;
    }
    return false;
}

rdspol_status rdspol_run_next_by_resource(const rdspol_run *run, rdspol_cursor *cursor,
                                          rdspol_finding *out)
{
    if (!run->evaluated) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    for (; cursor->state[BY_WORST] < RDSPOL_VERDICT_COUNT; cursor->state[BY_WORST]++) {
        for (; cursor->state[BY_TABLE] < run->bundle->table_count; cursor->state[BY_TABLE]++) {
            if (take_of_table(run, cursor, out)) {
                return RDSPOL_OK;
            }
            cursor->state[BY_ROW] = 0;
        }
        cursor->state[BY_TABLE] = 0;
    }
    return RDSPOL_DONE;
}
