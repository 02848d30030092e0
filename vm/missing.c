// Which facts kept a verdict open.
//
// The one idea: walk the program backwards from the undecided value, with its values for one row at
// hand, and follow only what is undecided: of `and` the unknown sides, of a fold the rows that left
// it open. A load of a derived column goes on in the frame that stores it; a load of a fact that is
// not known names it. Operands have lower numbers than results, so a frame is walked in one pass
// from its end; inner frames are entered row by row.
#include "vm/explain.h"

#include "vm/kernels.h"

typedef struct walker {
    rp_explainer *e;
    rp_exec *x;
    const rp_bundle *b;
    unsigned char *follow; // per instruction
    rdspol_missing *out;
    size_t count;
    uint32_t derived; // the derived column that is being looked into, or RP_NONE
    uint32_t depth;   // of derived columns
    rp_map seen;      // (column, row) of derived cells
} walker;

static void walk_cell(walker *w, uint32_t column, uint32_t row);
static void walk_frame(walker *w, uint32_t frame);

// ---- What is found -----------------------------------------------------------------------------

static rp_str copy_text(walker *w, rp_str text)
{
    rp_str copy = rp_arena_str(&w->e->scratch, text);
    w->e->failed = w->e->failed || copy.ptr == NULL;
    return copy.ptr == NULL ? rp_str_make("", 0) : copy;
}

static rp_str join(walker *w, rp_str a, const char *between, rp_str b)
{
    rp_buf text;
    rp_buf_init(&text, w->e->run->alloc, SIZE_MAX);
    rp_buf_add_str(&text, a);
    rp_buf_add_text(&text, between);
    rp_buf_add_str(&text, b);
    rp_str joined = text.failed ? rp_str_make("", 0) : copy_text(w, rp_buf_str(&text));
    w->e->failed = w->e->failed || text.failed;
    rp_buf_free(&text);
    return joined;
}

static bool is_same(const rdspol_missing *a, const rdspol_missing *b)
{
    return rp_str_equal(a->fact, b->fact) && rp_str_equal(a->resource, b->resource) &&
           a->reason == b->reason && rp_str_equal(a->detail, b->detail);
}

static int compare(const rdspol_missing *a, const rdspol_missing *b)
{
    int order = rp_str_compare(a->fact, b->fact);
    order = order != 0 ? order : rp_str_compare(a->resource, b->resource);
    return order != 0 ? order : rp_str_compare(a->detail, b->detail);
}

// Kept sorted and without duplicates; a full list keeps what comes first.
static void add_missing(walker *w, const rdspol_missing *found)
{
    size_t at = 0;
    while (at < w->count && compare(&w->out[at], found) < 0) {
        at++;
    }
    if (at < w->count && is_same(&w->out[at], found)) {
        return;
    }
    if (w->count == RP_MISSING_MAX) {
        if (at == w->count) {
            return;
        }
        w->count--;
    }
    memmove(&w->out[at + 1], &w->out[at], (w->count - at) * sizeof *w->out);
    w->out[at] = *found;
    w->count++;
}

static rp_str owner_id(const walker *w, uint32_t table, uint32_t row)
{
    const rp_facts *f = w->e->run->facts;
    if (w->b->tables[table].kind != RP_TABLE_RESOURCE) {
        const rp_fact_table *rows = &f->tables[table];
        if (rows->owner_table == NULL || row >= rows->rows || rows->owner_table[row] == RP_NONE) {
            return rp_str_make("", 0);
        }
        return rp_facts_row_id(f, rows->owner_table[row], rows->owner_row[row]);
    }
    return rp_facts_row_id(f, table, row);
}

static void report(walker *w, uint32_t table, uint32_t name, uint32_t row, const rp_gap *gap)
{
    rdspol_missing found;
    memset(&found, 0, sizeof found);
    rp_str kind = rp_bundle_text(w->b, w->b->tables[table].name);
    uint32_t of = w->b->tables[table].kind; // members of a list bear its name
    bool whole = name == RP_NONE || of == RP_TABLE_ELEMENTS || of == RP_TABLE_ENTRIES;
    found.fact = whole ? kind : join(w, kind, ".", rp_bundle_text(w->b, name));
    found.resource = owner_id(w, table, row);
    found.reason = gap->reason;
    found.detail = gap->detail == RP_NONE ? rp_str_make("", 0)
                                          : rp_strtab_get(&w->e->run->facts->texts, gap->detail);
    if (gap->source != RP_NONE) {
        const rp_rec_source *s = &w->b->sources[gap->source];
        found.operation = s->kind == RP_SOURCE_FILE ? rp_bundle_text(w->b, s->operation)
                                                    : join(w, rp_bundle_text(w->b, s->service), ":",
                                                           rp_bundle_text(w->b, s->operation));
    }
    add_missing(w, &found);
}

// What has no fact behind it: `unknown("...")`, arithmetic that does not fit.
static void report_made(walker *w, uint32_t insn, rdspol_reason reason, rp_str detail)
{
    const rp_frame_info *info = &w->b->frames[w->b->frame_of[insn]];
    const rp_frame *f = &w->x->frames[info->depth];
    uint32_t table = info->table;
    rdspol_missing found;
    memset(&found, 0, sizeof found);
    rp_str kind = rp_bundle_text(w->b, w->b->tables[table].name);
    found.fact = kind;
    if (w->derived != RP_NONE && w->b->columns[w->derived].table == table) {
        rp_str name = rp_bundle_text(w->b, w->b->columns[w->derived].name);
        bool of_compiler = rp_str_starts(name, RP_STR("#")); // nobody wrote that name
        found.fact = of_compiler ? kind : join(w, kind, ".", name);
    }
    found.resource = owner_id(w, table, rp_frame_row(f, 0));
    found.reason = reason;
    found.detail = detail;
    add_missing(w, &found);
}

static void report_list(walker *w, uint32_t list, uint32_t row);

// Of a relation over lists, all rows of which were read: the first whose list was not. One is
// enough to say; looking at all would cost every row as many steps.
static bool report_open_list(walker *w, const rp_rec_list *l, uint32_t pair)
{
    const rp_facts *f = w->e->run->facts;
    bool lists = (l->flags & RP_LIST_BY_LIST) != 0;
    for (uint32_t r = 0; lists && r < f->tables[l->element].rows; r++) {
        const rp_fact_meta *meta = &f->tables[l->element].meta[r];
        uint32_t begin, end;
        bool here = meta->state == RP_ROW_REAL && (pair == RP_NONE || meta->pair == pair);
        if (here && !rp_list_range(&w->e->run->world.lists[l->a], r, &begin, &end)) {
            report_list(w, l->a, r);
            return true;
        }
    }
    return false;
}

static void report_relation(walker *w, uint32_t list, uint32_t row)
{
    const rp_rec_list *l = &w->b->lists[list];
    const rp_facts *f = w->e->run->facts;
    uint32_t pair = f->tables[l->owner].meta[row].pair;
    rp_gap gap = {RDSPOL_REASON_NOT_IN_ANSWER, RP_NONE, RP_NONE};
    for (uint32_t p = 0; p < f->pair_count; p++) {
        bool asked = pair == RP_NONE ? f->pair[p].scanned : p == pair;
        rp_listing listing = rp_facts_listing(f, l->element, p);
        if (asked && listing.answered != RP_ANSWERED_ALL) {
            gap = (rp_gap){listing.why.reason, listing.why.detail, listing.source};
            break;
        }
    }
    bool listed = gap.source == RP_NONE && gap.reason == RDSPOL_REASON_NOT_IN_ANSWER;
    if (!listed || !report_open_list(w, l, pair)) {
        report(w, l->owner, l->name, row, &gap);
    }
}

static void report_list(walker *w, uint32_t list, uint32_t row)
{
    const rp_rec_list *l = &w->b->lists[list];
    if (l->kind == RP_LIST_RELATION) {
        report_relation(w, list, row);
    } else if (l->kind == RP_LIST_TEXT) {
        walk_cell(w, w->b->texts[w->b->text_of_list[list]].column, row);
    } else if (l->kind == RP_LIST_FACT || l->kind == RP_LIST_MAP) {
        rp_gap gap = rp_facts_list_gap(w->e->run->facts, list, row);
        report(w, l->owner, l->name, row, &gap);
    }
}

// ---- Cells -------------------------------------------------------------------------------------

// The masks of open frames hold their one row again after something else ran.
static void restore(rp_exec *x, const rp_frame saved[RP_MAX_FRAME_DEPTH])
{
    memcpy(x->frames, saved, sizeof x->frames);
    for (uint32_t d = 0; d < x->plan.depths; d++) {
        x->frames[d].mask[0] = 1;
        x->frames[d].rows[0] = x->frames[d].base;
        x->frames[d].parents[0] = 0;
    }
}

// Marks for an outermost frame; NULL if memory ran out.
static const rp_marks *clear_marks(rp_explainer *e, uint32_t depth, uint32_t frame)
{
    const rp_bundle *b = e->run->bundle;
    const rp_frame_info *f = &b->frames[frame];
    rp_marks *marks = &e->marks[depth];
    if (marks->need == NULL) {
        marks->need = rp_arena_alloc(&e->arena, b->insn_count);
        marks->follow = rp_arena_alloc(&e->arena, b->insn_count);
    }
    if (marks->need == NULL || marks->follow == NULL) {
        marks->need = NULL;
        return NULL;
    }
    memset(marks->need + f->first, 0, f->end - f->first + 1);
    memset(marks->follow + f->first, 0, f->end - f->first + 1);
    return marks;
}

static void walk_derived(walker *w, uint32_t column, uint32_t row)
{
    uint32_t store = w->b->store_of[column], value = rp_bundle_insn(w->b, store).b;
    uint32_t frame = w->e->run->stands[store];
    uint32_t *seen = rp_map_add(&w->seen, column, row);
    if (seen == NULL || *seen != RP_MAP_NONE || w->depth == RP_DERIVED_DEPTH_MAX) {
        return;
    }
    *seen = 1;
    rp_frame *saved = RP_NEW_ARRAY(&w->e->scratch, rp_frame, RP_MAX_FRAME_DEPTH);
    const unsigned char *live = w->x->live;
    unsigned char *outer = w->follow;
    uint32_t derived = w->derived;
    const rp_marks *marks = clear_marks(w->e, w->depth + 1, frame);
    if (saved == NULL || marks == NULL) {
        w->e->failed = true;
        return;
    }
    memcpy(saved, w->x->frames, sizeof w->x->frames);
    rp_run_mark(w->e->run, marks->need, value);
    w->x->live = marks->need;
    w->follow = marks->follow;
    w->derived = column;
    w->depth++;
    rp_exec_one(w->x, frame, row, 0);
    w->follow[value] = 1;
    walk_frame(w, frame);
    w->depth--;
    w->derived = derived;
    w->follow = outer;
    w->x->live = live;
    restore(w->x, saved);
}

// The account and Region of a row, or of the resource that it belongs to.
static uint32_t pair_of(const rp_facts *f, uint32_t table, uint32_t row)
{
    const rp_fact_table *rows = &f->tables[table];
    if (rows->meta != NULL) {
        return rows->meta[row].pair;
    }
    bool owned = rows->owner_table != NULL && rows->owner_table[row] != RP_NONE;
    return owned ? f->tables[rows->owner_table[row]].meta[rows->owner_row[row]].pair : RP_NONE;
}

// A weak reference is open where its targets were not all listed.
static bool report_weak(walker *w, const rp_rec_column *c, uint32_t row)
{
    const rp_facts *f = w->e->run->facts;
    uint32_t target = RP_TYPE_TABLE(c->type), pair = pair_of(f, c->table, row);
    if ((c->flags & RP_COLUMN_WEAK) == 0 || pair == RP_NONE) {
        return false;
    }
    rp_listing listing = rp_facts_listing(f, target, pair);
    if (listing.answered == RP_ANSWERED_ALL) {
        return false;
    }
    rp_gap gap = {listing.why.reason, listing.why.detail, listing.source};
    report(w, c->table, c->name, row, &gap);
    return true;
}

static void walk_cell(walker *w, uint32_t column, uint32_t row)
{
    const rp_rec_column *c = &w->b->columns[column];
    const rp_val *v = &w->e->run->world.columns[column];
    if (rp_value_state(c->type, v, row) != RP_STATE_UNKNOWN) {
        return;
    }
    if (c->origin == RP_COLUMN_DERIVED) {
        walk_derived(w, column, row);
    } else if (c->origin == RP_COLUMN_TEXT && w->b->text_of[column] != RP_NONE) {
        walk_cell(w, w->b->texts[w->b->text_of[column]].column, row);
    } else if (c->origin == RP_COLUMN_FACT && !report_weak(w, c, row)) {
        rp_gap gap = rp_facts_column_gap(w->e->run->facts, column, row);
        report(w, c->table, c->name, row, &gap);
    }
}

// ---- Instructions ------------------------------------------------------------------------------

static uint32_t type_of(const walker *w, uint32_t insn)
{
    return rp_bundle_type(w->b, insn);
}

static rp_state state_of(const walker *w, uint32_t insn)
{
    return rp_value_state(type_of(w, insn), rp_exec_val(w->x, insn), 0);
}

static bool is_unknown(const walker *w, uint32_t insn)
{
    return state_of(w, insn) == RP_STATE_UNKNOWN;
}

static bool is_true(const walker *w, uint32_t insn)
{
    return rp_word_true(rp_exec_val(w->x, insn), 0) & 1u;
}

static bool is_false(const walker *w, uint32_t insn)
{
    return rp_word_false(rp_exec_val(w->x, insn), 0) & 1u;
}

static void follow(walker *w, uint32_t insn)
{
    if (insn != RP_NONE && is_unknown(w, insn)) {
        w->follow[insn] = 1;
    }
}

static uint32_t row_of(const walker *w, uint32_t insn)
{
    return rp_frame_row(&w->x->frames[w->b->frames[w->b->frame_of[insn]].depth], 0);
}

static uint32_t target_of(const walker *w, uint32_t reference)
{
    return ((const uint32_t *)rp_exec_val(w->x, reference)->v)[0];
}

static void visit_gather(walker *w, const rp_insn *n)
{
    if (state_of(w, n->a) == RP_STATE_PRESENT) {
        walk_cell(w, n->b, target_of(w, n->a));
    }
    follow(w, n->a);
}

static void visit_lookup(walker *w, uint32_t i, const rp_insn *n)
{
    follow(w, n->c);
    if (n->a != RP_NONE) {
        follow(w, n->a);
        if (state_of(w, n->a) != RP_STATE_PRESENT) {
            return;
        }
    }
    if (!is_unknown(w, n->c)) {
        report_list(w, n->b, n->a != RP_NONE ? target_of(w, n->a) : row_of(w, i));
    }
}

static void visit_unknown(walker *w, uint32_t i, const rp_insn *n)
{
    rp_str text = rp_bundle_text(w->b, w->b->consts[n->a].lo);
    if (text.len == 0) {
        return; // where a condition already says that there is no value: nothing is missing
    }
    if (rp_str_equal(text, RP_STR("unexpected_value"))) {
        report_made(w, i, RDSPOL_REASON_UNEXPECTED_VALUE, rp_str_make("", 0));
    } else {
        report_made(w, i, RDSPOL_REASON_DECLARED, text);
    }
}

static void visit_select(walker *w, const rp_insn *n)
{
    if (is_unknown(w, n->a)) {
        follow(w, n->a);
    } else {
        follow(w, is_true(w, n->a) ? n->b : n->c);
    }
}

// Everything else needs all of its operands; with all of them present it did not fit.
static void visit_operands(walker *w, uint32_t i, const rp_insn *n)
{
    uint32_t op = n->op;
    const rp_op_info *info = rp_op_get(op);
    const uint32_t operands[] = {n->a, n->b, n->c};
    bool present = true;
    for (int k = 0; k < 3; k++) {
        if (rp_operand_is_value(info->operands[k]) && operands[k] != RP_NONE) {
            follow(w, operands[k]);
            present = present && state_of(w, operands[k]) == RP_STATE_PRESENT;
        }
    }
    if (present && op >= RP_OP_ADD_INT && op <= RP_OP_DIV) {
        report_made(w, i, RDSPOL_REASON_ARITHMETIC, rp_str_make("", 0));
    }
}

static void visit(walker *w, uint32_t i)
{
    const rp_insn n = rp_bundle_insn(w->b, i);
    switch (n.op) {
    case RP_OP_LOAD: walk_cell(w, n.a, row_of(w, i)); break;
    case RP_OP_GATHER: visit_gather(w, &n); break;
    case RP_OP_LOOKUP: visit_lookup(w, i, &n); break;
    case RP_OP_UNKNOWN: visit_unknown(w, i, &n); break;
    case RP_OP_SELECT: visit_select(w, &n); break;
    default: visit_operands(w, i, &n); break;
    }
}

// ---- Folds -------------------------------------------------------------------------------------

static bool stands_in(const walker *w, uint32_t insn, uint32_t frame)
{
    return rp_op_folds(rp_bundle_op(w->b, insn)) && w->e->run->stands[insn] == frame;
}

// What one row of the inner frame contributed to the open folds; false if the fold looks no
// further.
static void follow_row(walker *w, uint32_t fold)
{
    const rp_insn n = rp_bundle_insn(w->b, fold);
    follow(w, n.a);
    if (n.b != RP_NONE && !is_false(w, n.a)) {
        follow(w, n.b);
    }
}

static void enter_row(walker *w, uint32_t frame, uint32_t row)
{
    const rp_frame_info *f = &w->b->frames[frame];
    rp_exec_one(w->x, frame, row, 0);
    for (uint32_t i = f->first + 1; i < f->end; i++) {
        if (!stands_in(w, i, frame)) {
            w->follow[i] = 0;
        }
    }
    for (uint32_t i = f->first + 1; i < f->end; i++) {
        if (stands_in(w, i, frame) && w->follow[i] != 0) {
            follow_row(w, i);
        }
    }
    walk_frame(w, frame);
}

static void enter_list(walker *w, uint32_t frame)
{
    const rp_frame_info *f = &w->b->frames[frame];
    const rp_insn n = rp_bundle_insn(w->b, f->first);
    const rp_list_view *list = &w->e->run->world.lists[n.a];
    uint32_t row = rp_frame_row(&w->x->frames[f->depth - 1], 0), begin, end;
    if (n.b != RP_NONE) {
        if (state_of(w, n.b) != RP_STATE_PRESENT) {
            follow(w, n.b);
            return;
        }
        row = target_of(w, n.b);
    }
    if (!rp_list_range(list, row, &begin, &end)) {
        report_list(w, n.a, row);
    }
    for (uint32_t e = begin; e < end && w->count < RP_MISSING_MAX; e++) {
        enter_row(w, frame, list->order != NULL ? list->order[e] : e);
    }
}

static void enter_frame(walker *w, uint32_t frame)
{
    const rp_frame_info *f = &w->b->frames[frame];
    const rp_insn n = rp_bundle_insn(w->b, f->first);
    bool wanted = false;
    for (uint32_t i = f->first + 1; i < f->end; i++) {
        wanted |= stands_in(w, i, frame) && w->follow[i] != 0;
    }
    if (!wanted) {
        return;
    }
    if (n.op == RP_OP_UNNEST) {
        enter_list(w, frame);
    } else if (!is_false(w, n.a)) {
        enter_row(w, frame, rp_frame_row(&w->x->frames[f->depth - 1], 0));
    }
}

static void walk_frame(walker *w, uint32_t frame)
{
    const rp_frame_info *f = &w->b->frames[frame];
    for (uint32_t i = f->end - 1; i > f->first; i--) {
        if (rp_bundle_op(w->b, i) == RP_OP_END) {
            uint32_t inner = w->b->frame_of[i];
            enter_frame(w, inner);
            i = w->b->frames[inner].first;
        } else if (w->follow[i] != 0 && !stands_in(w, i, frame)) {
            visit(w, i);
        }
    }
}

size_t rp_find_missing(rp_explainer *e, uint32_t value, uint32_t row, rdspol_missing *out,
                       size_t count)
{
    const rp_bundle *b = e->run->bundle;
    walker w = {.e = e, .x = &e->exec, .b = b, .out = out, .count = count, .derived = RP_NONE};
    const rp_marks *marks = clear_marks(e, 0, b->frame_of[value]);
    if (marks == NULL) {
        e->failed = true;
        return count;
    }
    rp_map_init(&w.seen, e->run->alloc);
    rp_run_mark(e->run, marks->need, value);
    e->exec.live = marks->need;
    w.follow = marks->follow;
    rp_exec_one(&e->exec, b->frame_of[value], row, 0);
    follow(&w, value);
    walk_frame(&w, b->frame_of[value]);
    rp_map_free(&w.seen);
    return w.count;
}
