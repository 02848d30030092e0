// Prepare, second part: what runs, relations, the order of rows, and the cost.
//
// What runs: one pass backwards from the selected policies over what each instruction reads. A
// relation is a list view over the rows of another table in the order of account, Region and key.
#include "vm/run.h"

#include "vm/base/checked.h"
#include "vm/base/sort.h"

#include <stdlib.h>

// ---- What runs ---------------------------------------------------------------------------------

static inline void mark_half(unsigned char *need, rp_operand kind, uint32_t half)
{
    if (rp_operand_is_value(kind) && half != RP_INSN_NONE) {
        need[half] = 1;
    }
}

// Whole programs are marked several times in a run: an instruction is not taken apart for it.
static inline void mark_operands(const rp_bundle *b, unsigned char *need, uint32_t i)
{
    const rp_rec_insn *n = &b->insns[i];
    uint32_t op = n->head & 0xffu;
    const rp_operand *kinds = rp_op_infos[op].operands;
    mark_half(need, kinds[0], n->head >> 16);
    mark_half(need, kinds[1], n->tail & 0xffffu);
    mark_half(need, kinds[2], n->tail >> 16);
    if (op == RP_OP_EMIT) {
        const rp_rec_policy *policy = &b->policys[n->head >> 16];
        for (uint32_t k = 0; k < policy->clause_count; k++) {
            need[b->clauses[policy->first_clause + k].value] = 1;
        }
    }
}

// The column that an instruction reads, or RP_NONE: of a look-up that of the keys.
static inline uint32_t column_read(const rp_bundle *b, uint32_t i)
{
    const rp_rec_insn *n = &b->insns[i];
    switch (n->head & 0xffu) {
    case RP_OP_LOAD: return n->head >> 16;
    case RP_OP_GATHER: return n->tail & 0xffffu;
    case RP_OP_LOOKUP: return b->tables[b->lists[n->tail & 0xffffu].element].first_column;
    default: return RP_NONE;
    }
}

static void mark_store(const rp_run *run, unsigned char *need, uint32_t i)
{
    const rp_bundle *b = run->bundle;
    uint32_t column = column_read(b, i);
    if (column != RP_NONE && b->store_of[column] != RP_NONE) {
        need[b->store_of[column]] = 1;
    }
}

// Of `store` the column that it writes.
static void mark_column(rp_run *run, uint32_t i)
{
    bool stores = rp_bundle_op(run->bundle, i) == RP_OP_STORE;
    uint32_t column = stores ? rp_bundle_insn(run->bundle, i).a : column_read(run->bundle, i);
    if (column != RP_NONE) {
        run->reads[column] = 1;
    }
}

// The end of the marked ones from `first` to before `end`; `first` if there is none. Mostly few are
// marked: eight at once are passed over.
static uint32_t last_marked(const unsigned char *need, uint32_t first, uint32_t end)
{
    uint64_t eight = 0;
    while (end - first >= sizeof eight) {
        memcpy(&eight, need + end - sizeof eight, sizeof eight);
        if (eight != 0) {
            break;
        }
        end -= (uint32_t)sizeof eight;
    }
    while (end != first && need[end - 1] == 0) {
        end--;
    }
    return end;
}

// Everything that a marked instruction needs stands before it; but for what it loads, in the same
// outermost frame.
static void spread(const rp_run *run, unsigned char *need, uint32_t first, uint32_t last,
                   bool through_stores)
{
    const rp_bundle *b = run->bundle;
    for (uint32_t end = last + 1; (end = last_marked(need, first, end)) != first; end--) {
        uint32_t i = end - 1;
        mark_operands(b, need, i);
        if (through_stores) {
            mark_store(run, need, i);
        }
        uint32_t frame = run->stands[i];
        if (frame != RP_NONE) {
            need[b->frames[frame].first] = 1;
        }
    }
}

void rp_run_spread(const rp_run *run, unsigned char *need, bool through_stores)
{
    if (run->bundle->insn_count != 0) {
        spread(run, need, 0, run->bundle->insn_count - 1, through_stores);
    }
}

void rp_run_mark(const rp_run *run, unsigned char *need, uint32_t value)
{
    const rp_frame_info *f = &run->bundle->frames[run->bundle->frame_of[value]];
    while (f->depth != 0) {
        f = &run->bundle->frames[f->parent];
    }
    need[value] = 1;
    spread(run, need, f->first, value, false);
}

// Marks of the own folds of a frame stay.
static void drop_frame(const rp_run *run, unsigned char *need, uint32_t frame)
{
    const rp_bundle *b = run->bundle;
    const rp_frame_info *f = &b->frames[frame];
    for (uint32_t end = f->end; (end = last_marked(need, f->first + 1, end)) != f->first + 1;
         end--) {
        bool own = run->stands[end - 1] == frame;
        need[end - 1] = own && rp_op_folds(rp_bundle_op(b, end - 1)) ? need[end - 1] : 0;
    }
    need[f->first] = f->depth == 0 ? 0 : need[f->first];
}

// Frames stand in the order of their beginnings; inside one that was dropped nothing is marked.
void rp_run_drop_empty(const rp_run *run, unsigned char *need)
{
    const rp_bundle *b = run->bundle;
    uint32_t end = 0;
    for (uint32_t i = 0; i < b->frame_count; i++) {
        const rp_frame_info *f = &b->frames[i];
        if (run->world.rows[f->table] == 0 && f->first >= end) {
            drop_frame(run, need, i);
            end = f->end;
        }
    }
}

void rp_run_spread_frame(const rp_run *run, unsigned char *need, const rp_frame_info *frame)
{
    spread(run, need, frame->first, frame->end - 1, false);
}

void rp_run_mark_message(const rp_run *run, unsigned char *need, uint32_t message)
{
    const rp_bundle *b = run->bundle;
    const rp_rec_message *m = message == RP_NONE ? NULL : &b->messages[message];
    const rp_rec_template *t = m == NULL ? NULL : &b->templates[m->template];
    for (uint32_t k = 0; m != NULL && k < t->piece_count; k++) {
        uint32_t value = b->pieces[t->first_piece + k].value;
        if (value != RP_NONE) {
            need[value] = 1;
        }
    }
    for (uint32_t k = 0; m != NULL && k < m->witness_count; k++) {
        need[b->witnesss[m->first_witness + k].value] = 1;
    }
}

// The frame that an instruction stands in; of an opening one the frame around it.
static void find_standing(rp_run *run)
{
    const rp_bundle *b = run->bundle;
    uint32_t frame = RP_NONE;
    for (uint32_t i = 0; i < b->insn_count; i++) {
        uint32_t op = rp_bundle_op(b, i);
        run->stands[i] = frame;
        if (rp_op_opens(op)) {
            frame = b->frame_of[i];
        } else if (op == RP_OP_END) {
            frame = b->frames[frame].parent;
        }
    }
}

static bool waiver_runs(const rp_run *run, uint32_t waiver)
{
    const rp_rec_waiver *w = &run->bundle->waivers[waiver];
    for (uint32_t k = 0; k < w->policy_count; k++) {
        if (run->selected[run->bundle->members[w->first_policy + k].policy] != 0) {
            return true;
        }
    }
    return false;
}

void rp_run_mark_messages(const rp_run *run, unsigned char *need, uint32_t policy)
{
    const rp_bundle *b = run->bundle;
    const rp_rec_policy *p = &b->policys[policy];
    rp_run_mark_message(run, need, p->remedy);
    for (uint32_t k = 0; k < p->clause_count; k++) {
        rp_run_mark_message(run, need, b->clauses[p->first_clause + k].message);
    }
}

// Messages are computed after judging, from columns that judging has to leave behind: those that
// they read.
static bool keep_columns_of_messages(rp_run *run)
{
    rp_arena scratch;
    rp_arena_init(&scratch, run->alloc);
    unsigned char *need = RP_NEW_ARRAY(&scratch, unsigned char, run->bundle->insn_count);
    for (uint32_t i = 0; need != NULL && i < run->bundle->policy_count; i++) {
        if (run->selected[i] != 0) {
            rp_run_mark_messages(run, need, i);
        }
    }
    if (need != NULL) {
        rp_run_spread(run, need, false);
    }
    for (uint32_t i = 0; need != NULL && i < run->bundle->insn_count; i++) {
        if (need[i] != 0) {
            mark_store(run, run->live, i);
            mark_column(run, i);
        }
    }
    rp_arena_clear(&scratch);
    return need != NULL;
}

// ---- Which columns are read --------------------------------------------------------------------

static void mark_observed(rp_run *run, uint32_t policy)
{
    const rp_bundle *b = run->bundle;
    const rp_rec_policy *p = &b->policys[policy];
    for (uint32_t k = 0; k < p->clause_count; k++) {
        const rp_rec_clause *c = &b->clauses[p->first_clause + k];
        for (uint32_t o = 0; o < c->observed_count; o++) {
            run->reads[b->observeds[c->first_observed + o].column] = 1;
        }
    }
}

// Columns of what runs, of what policies say, and what functions of texts make those of. A function
// stands behind those that make its argument.
static void mark_columns(rp_run *run)
{
    const rp_bundle *b = run->bundle;
    for (uint32_t i = 0; i < b->insn_count; i++) {
        if (run->live[i] != 0) {
            mark_column(run, i);
        }
    }
    for (uint32_t i = 0; i < b->policy_count; i++) {
        if (run->selected[i] != 0) {
            mark_observed(run, i);
        }
    }
    for (uint32_t i = b->text_count; i-- > 0;) {
        const rp_rec_text *t = &b->texts[i];
        if (t->result == RP_NONE || run->reads[t->result] != 0) {
            run->reads[t->column] = 1;
        }
    }
}

bool rp_prepare_live(rp_run *run)
{
    const rp_bundle *b = run->bundle;
    run->live = RP_NEW_ARRAY(&run->arena, unsigned char, b->insn_count);
    run->stands = RP_NEW_ARRAY(&run->arena, uint32_t, b->insn_count);
    run->reads = RP_NEW_ARRAY(&run->arena, unsigned char, b->column_count);
    if (run->live == NULL || run->stands == NULL || run->reads == NULL) {
        return false;
    }
    find_standing(run);
    for (uint32_t i = 0; i < b->policy_count; i++) {
        if (run->selected[i] != 0) {
            run->live[b->emit_of[i]] = 1;
        }
    }
    for (uint32_t i = 0; i < b->waiver_count; i++) {
        if (b->waivers[i].condition != RP_NONE && waiver_runs(run, i)) {
            run->live[b->waivers[i].condition] = 1;
        }
    }
    if (!keep_columns_of_messages(run)) {
        return false;
    }
    rp_run_spread(run, run->live, true);
    mark_columns(run);
    return true;
}

// ---- The order of rows -------------------------------------------------------------------------

static rp_str text_of(const rp_facts *f, uint32_t id)
{
    return id == RP_NONE ? rp_str_make("", 0) : rp_strtab_get(&f->texts, id);
}

// What rows are sorted by: account, Region, name; the first `passed` of these they share.
typedef struct row_order {
    const rp_facts *facts;
    uint32_t table, passed;
} row_order;

static rp_str row_text(const void *ctx, uint32_t row, uint32_t level)
{
    const row_order *o = ctx;
    const rp_fact_meta *meta = &o->facts->tables[o->table].meta[row];
    level += o->passed;
    return level == 2 ? rp_facts_row_id(o->facts, o->table, row)
                      : text_of(o->facts, level == 0 ? meta->account : meta->region);
}

static bool share_scope(const rp_fact_meta *meta, uint32_t rows)
{
    bool same = true;
    for (uint32_t r = 1; same && r < rows; r++) {
        same = meta[r].account == meta[0].account && meta[r].region == meta[0].region;
    }
    return same;
}

static bool order_table(rp_run *run, uint32_t table)
{
    const rp_fact_table *t = &run->facts->tables[table];
    row_order order = {run->facts, table, 0};
    if (run->order[table] != NULL) {
        return true;
    }
    uint32_t *sorted = rp_arena_alloc(&run->arena, t->rows * sizeof *sorted);
    for (uint32_t r = 0; sorted != NULL && r < t->rows; r++) {
        sorted[r] = r;
    }
    run->order[table] = sorted;
    order.passed = share_scope(t->meta, t->rows) ? 2 : 0;
    return sorted != NULL &&
           rp_sort_by_texts(sorted, t->rows, 3 - order.passed, row_text, &order, run->alloc);
}

typedef struct policy_key {
    const rp_rec_policy *policy;
    rp_str name, module;
    uint32_t index;
} policy_key;

static int compare_policies(const void *a, const void *b)
{
    const policy_key *x = a, *y = b;
    if (x->policy->severity != y->policy->severity) {
        return x->policy->severity > y->policy->severity ? -1 : 1;
    }
    if (x->policy->practice != y->policy->practice) {
        return x->policy->practice < y->policy->practice ? -1 : 1;
    }
    int order = rp_str_compare(x->name, y->name);
    order = order != 0 ? order : rp_str_compare(x->module, y->module);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

static bool order_policies(rp_run *run)
{
    const rp_bundle *b = run->bundle;
    size_t size = b->policy_count * sizeof(policy_key);
    policy_key *keys = rp_alloc_get(run->alloc, size);
    run->policy_order = RP_NEW_ARRAY(&run->arena, uint32_t, b->policy_count);
    bool ok = keys != NULL && run->policy_order != NULL;
    uint32_t count = 0;
    for (uint32_t i = 0; ok && i < b->policy_count; i++) {
        if (run->selected[i] != 0) {
            const rp_rec_policy *p = &b->policys[i];
            keys[count++] =
                (policy_key){p, rp_bundle_text(b, p->name), rp_bundle_text(b, p->module), i};
        }
    }
    if (count != 0) {
        qsort(keys, count, sizeof *keys, compare_policies);
    }
    for (uint32_t i = 0; i < count; i++) {
        run->policy_order[i] = keys[i].index;
    }
    run->policy_count = count;
    rp_alloc_free(run->alloc, keys, size);
    return ok;
}

bool rp_prepare_order(rp_run *run)
{
    bool ok = order_policies(run);
    for (uint32_t i = 0; ok && i < run->policy_count; i++) {
        ok = order_table(run, run->bundle->policys[run->policy_order[i]].table);
    }
    return ok;
}

// ---- Relations ---------------------------------------------------------------------------------

typedef struct relation {
    rp_run *run;
    const rp_rec_list *list;
    uint32_t *begin, *end; // per owner
    uint32_t *order;
    uint32_t *last;       // per owner: the member added last, so that none is added twice
    uint64_t *open_pairs; // pairs where some row's reference is unknown
    bool open_everywhere;
    bool shared;   // owners are referred to from other accounts too
    bool counting; // first pass: count; second: fill
} relation;

static bool is_member(const rp_facts *f, uint32_t table, uint32_t row)
{
    return f->tables[table].meta[row].state == RP_ROW_REAL;
}

static void mark_open(relation *r, uint32_t row)
{
    uint32_t pair = r->run->facts->tables[r->list->element].meta[row].pair;
    if (pair == RP_NONE) {
        r->open_everywhere = true;
    } else {
        rp_bits_set(r->open_pairs, pair);
    }
}

static void add_member(relation *r, uint32_t owner, uint32_t row)
{
    if (r->last[owner] == row) {
        return;
    }
    r->last[owner] = row;
    if (!r->counting) {
        r->order[r->end[owner]] = row;
    }
    r->end[owner]++;
}

// A weak reference may be open and yet known to be none of the rows that there are.
static bool leads_elsewhere(const relation *r, uint32_t column, uint32_t at)
{
    bool weak = (r->run->bundle->columns[column].flags & RP_COLUMN_WEAK) != 0;
    return weak && ((const uint32_t *)r->run->world.columns[column].v)[at] == RP_NONE;
}

static void visit_cell(relation *r, uint32_t column, uint32_t at, uint32_t row)
{
    const rp_val *c = &r->run->world.columns[column];
    if (rp_bits_get(c->p, at)) {
        add_member(r, ((const uint32_t *)c->v)[at], row);
    } else if (!rp_bits_get(c->k, at) && !leads_elsewhere(r, column, at)) {
        mark_open(r, row);
    }
}

static void visit_list(relation *r, uint32_t row)
{
    const rp_bundle *b = r->run->bundle;
    const rp_rec_table *element = &b->tables[b->lists[r->list->a].element];
    uint32_t column = element->kind == RP_TABLE_ELEMENTS ? element->first_column : r->list->b;
    uint32_t begin, end;
    if (!rp_list_range(&r->run->world.lists[r->list->a], row, &begin, &end)) {
        mark_open(r, row);
    }
    for (uint32_t e = begin; e < end; e++) {
        visit_cell(r, column, e, row);
    }
}

// The reference stands in a record of the row, which may be absent.
static void visit_record(relation *r, uint32_t row)
{
    const rp_val *c = &r->run->world.columns[r->list->a];
    bool optional = c->p != NULL;
    bool known = rp_bits_get(c->k, row);
    if (!known) {
        mark_open(r, row);
    } else if (!optional || rp_bits_get(c->p, row)) {
        visit_cell(r, r->list->b, ((const uint32_t *)c->v)[row], row);
    }
}

static void visit_rows(relation *r)
{
    const rp_facts *f = r->run->facts;
    uint32_t table = r->list->element;
    for (uint32_t k = 0; k < f->tables[table].rows; k++) {
        uint32_t row = r->run->order[table][k];
        if (!is_member(f, table, row)) {
            continue;
        }
        if ((r->list->flags & RP_LIST_BY_LIST) != 0) {
            visit_list(r, row);
        } else if ((r->list->flags & RP_LIST_BY_RECORD) != 0) {
            visit_record(r, row);
        } else {
            visit_cell(r, r->list->a, row, row);
        }
    }
}

static bool pair_is_complete(const relation *r, uint32_t pair)
{
    return rp_facts_listing(r->run->facts, r->list->element, pair).answered == RP_ANSWERED_ALL &&
           !rp_bits_get(r->open_pairs, pair);
}

// The column through which rows of the other type point back.
static uint32_t pointing_column(const rp_bundle *b, const rp_rec_list *l)
{
    if ((l->flags & (RP_LIST_BY_LIST | RP_LIST_BY_RECORD)) == 0) {
        return l->a;
    }
    const rp_rec_table *element = &b->tables[b->lists[l->a].element];
    bool values = (l->flags & RP_LIST_BY_LIST) != 0 && element->kind == RP_TABLE_ELEMENTS;
    return values ? element->first_column : l->b;
}

// Of owners of a pair. Complete where the other type was completely listed and every reference
// there is known. Who can be referred to from other accounts asks that of all that were looked at
// in its Region; rows without account and Region ask it of every pair.
static bool owners_are_complete(const relation *r, uint32_t pair)
{
    const rp_facts *f = r->run->facts;
    if (r->open_everywhere || (pair != RP_NONE && !pair_is_complete(r, pair))) {
        return false;
    }
    for (uint32_t p = 0; (r->shared || pair == RP_NONE) && p < f->pair_count; p++) {
        bool here = pair == RP_NONE || f->pair[p].region == f->pair[pair].region;
        if (here && f->pair[p].scanned && !pair_is_complete(r, p)) {
            return false;
        }
    }
    return true;
}

// Owners of one pair mostly come one after another.
static void put_complete(const relation *r, uint64_t *complete, uint32_t owners)
{
    const rp_fact_meta *meta = r->run->facts->tables[r->list->owner].meta;
    bool all = false;
    for (uint32_t o = 0; o < owners; o++) {
        if (o == 0 || meta[o].pair != meta[o - 1].pair) {
            all = owners_are_complete(r, meta[o].pair);
        }
        complete[o / RP_WORD_BITS] |= (uint64_t)all << o % RP_WORD_BITS;
    }
}

// Counts become ranges: each owner's members lie behind those of the owner before. How many there
// are; ranges of more than 2^32, which no memory holds, are not followed.
static uint64_t lay_out(relation *r, uint32_t owners)
{
    uint64_t total = 0;
    for (uint32_t o = 0; o < owners; o++) {
        uint32_t count = r->end[o];
        r->begin[o] = r->end[o] = (uint32_t)total;
        total += count;
        r->last[o] = RP_NONE;
    }
    return total;
}

// Counts the members of each owner, lays them out, and puts them there.
static bool add_members(relation *r, uint32_t owners)
{
    memset(r->last, 0xff, owners * sizeof *r->last);
    visit_rows(r);
    uint64_t members = lay_out(r, owners);
    r->order = members > UINT32_MAX
                   ? NULL
                   : rp_arena_alloc(&r->run->arena, (size_t)members * sizeof *r->order);
    r->counting = false;
    if (r->order != NULL) {
        visit_rows(r);
    }
    return r->order != NULL;
}

static bool build_relation(rp_run *run, uint32_t list)
{
    rp_arena *arena = &run->arena;
    const rp_rec_list *l = &run->bundle->lists[list];
    uint32_t owners = run->facts->tables[l->owner].rows;
    relation r = {.run = run, .list = l, .counting = true};
    r.shared = rp_facts_refers_widely(run->facts, pointing_column(run->bundle, l));
    r.begin = rp_arena_alloc(arena, owners * sizeof *r.begin);
    r.end = RP_NEW_ARRAY(arena, uint32_t, owners);
    r.last = rp_alloc_get(run->alloc, owners * sizeof *r.last);
    r.open_pairs = RP_NEW_ARRAY(arena, uint64_t, rp_bits_words(run->facts->pair_count));
    uint64_t *complete = RP_NEW_ARRAY(arena, uint64_t, rp_bits_words(owners) + 1);
    bool ok = r.begin != NULL && r.end != NULL && r.last != NULL && r.open_pairs != NULL &&
              complete != NULL && order_table(run, l->element) && add_members(&r, owners);
    rp_alloc_free(run->alloc, r.last, owners * sizeof *r.last);
    if (ok) {
        put_complete(&r, complete, owners);
        run->world.lists[list] =
            (rp_list_view){.begin = r.begin, .end = r.end, .complete = complete, .order = r.order};
    }
    return ok;
}

bool rp_prepare_relations(rp_run *run)
{
    const rp_bundle *b = run->bundle;
    run->order = RP_NEW_ARRAY(&run->arena, uint32_t *, b->table_count);
    bool ok = run->order != NULL;
    for (uint32_t i = 0; ok && i < b->insn_count; i++) {
        if (rp_bundle_op(b, i) != RP_OP_UNNEST) {
            continue;
        }
        uint32_t list = rp_bundle_insn(b, i).a;
        bool runs = run->live[i] != 0 || b->frames[b->frame_of[i]].message;
        if (runs && b->lists[list].kind == RP_LIST_RELATION &&
            run->world.lists[list].order == NULL) {
            ok = build_relation(run, list);
        }
    }
    return ok;
}

// ---- Cost --------------------------------------------------------------------------------------

typedef struct list_size {
    uint64_t total, longest;
    bool known;
} list_size;

static void measure_list(const rp_run *run, uint32_t list, list_size *out)
{
    const rp_list_view *view = &run->world.lists[list];
    uint32_t owner = run->bundle->lists[list].owner;
    if (out->known) {
        return;
    }
    out->known = true;
    if (view->fixed) {
        out->longest = view->last - view->first;
        return;
    }
    for (uint32_t r = 0; view->begin != NULL && r < run->world.rows[owner]; r++) {
        uint64_t size = view->end[r] - view->begin[r];
        out->total += size;
        out->longest = size > out->longest ? size : out->longest;
    }
}

static uint64_t frame_rows(const rp_run *run, uint32_t frame, const uint64_t *rows,
                           list_size *sizes)
{
    const rp_bundle *b = run->bundle;
    const rp_frame_info *f = &b->frames[frame];
    const rp_insn n = rp_bundle_insn(b, f->first);
    uint64_t product;
    if (n.op == RP_OP_SCAN) {
        return run->world.rows[n.a];
    }
    if (n.op == RP_OP_FILTER) {
        return rows[f->parent];
    }
    measure_list(run, n.a, &sizes[n.a]);
    bool top = b->frames[f->parent].depth == 0;
    if (top && n.b == RP_NONE && b->lists[n.a].owner != RP_NONE) {
        return sizes[n.a].total;
    }
    return rp_checked_mul_u64(rows[f->parent], sizes[n.a].longest, &product) ? product : UINT64_MAX;
}

// How many instructions run in each frame, without those of frames inside.
static void count_live(const rp_run *run, uint32_t *counts)
{
    for (uint32_t i = 0; i < run->bundle->insn_count; i++) {
        if (run->live[i] != 0 && run->stands[i] != RP_NONE) {
            counts[run->stands[i]]++;
        }
    }
}

static uint64_t sum_frames(const rp_run *run, const uint32_t *counts, uint64_t *rows,
                           list_size *sizes)
{
    const rp_bundle *b = run->bundle;
    uint64_t cost = 0, cells;
    for (uint32_t f = 0; f < b->frame_count; f++) {
        bool runs = run->live[b->frames[f].first] != 0 && !b->frames[f].message;
        rows[f] = runs ? frame_rows(run, f, rows, sizes) : 0;
        if (runs && (!rp_checked_mul_u64(rows[f], counts[f], &cells) ||
                     !rp_checked_add_u64(cost, cells, &cost))) {
            return UINT64_MAX;
        }
    }
    return cost;
}

bool rp_prepare_cost(rp_run *run)
{
    const rp_bundle *b = run->bundle;
    rp_arena scratch;
    rp_arena_init(&scratch, run->alloc);
    uint64_t *rows = RP_NEW_ARRAY(&scratch, uint64_t, b->frame_count);
    list_size *sizes = RP_NEW_ARRAY(&scratch, list_size, b->list_count);
    uint32_t *counts = RP_NEW_ARRAY(&scratch, uint32_t, b->frame_count);
    bool ok = rows != NULL && sizes != NULL && counts != NULL;
    if (ok) {
        count_live(run, counts);
        run->cost = sum_frames(run, counts, rows, sizes);
    }
    rp_arena_clear(&scratch);
    return ok;
}
