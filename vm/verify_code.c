// The verifier, second half: one linear pass over the program with a stack of open frames.
//
// The one idea: a value belongs to one frame (`frame_of`), the one whose instructions may use it; a
// fold's value belongs to the frame around the one it stands in, from that one's `end` on. The
// opcode table says what each operand must be; only rules that need more than that have a function
// here. After this pass kernels do not test.
#include "vm/verify.h"

typedef struct pass {
    const rp_verifier *v;
    rp_bundle *b;
    uint32_t at;                        // the instruction
    uint32_t depth;                     // open frames
    uint32_t stack[RP_MAX_FRAME_DEPTH]; // their indices
    rp_insn insn;
    const rp_op_info *info;
    uint32_t op, type; // the table of `type` is that of an operand, found last
} pass;

static rdspol_status refuse(const pass *p, const char *problem)
{
    return rp_verify_refuse(p->v, "insn", p->at, problem);
}

#define CHECK(condition, problem)                                                                  \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            return refuse(p, problem);                                                             \
        }                                                                                          \
    } while (0)

static uint32_t current(const pass *p)
{
    return p->depth == 0 ? RP_NONE : p->stack[p->depth - 1];
}

static uint32_t type_of(const pass *p, uint32_t value)
{
    return rp_bundle_type(p->b, value);
}

static uint32_t operand(const pass *p, int i)
{
    return i == 0 ? p->insn.a : i == 1 ? p->insn.b : p->insn.c;
}

static bool is_open(const pass *p, uint32_t frame)
{
    for (uint32_t d = 0; d < p->depth; d++) {
        if (p->stack[d] == frame) {
            return true;
        }
    }
    return false;
}

// Of a fold: its own frame has ended, so its value is there.
static bool is_finished(const pass *p, uint32_t value)
{
    const rp_bundle *b = p->b;
    if (!rp_op_folds(rp_bundle_op(b, value))) {
        return true;
    }
    for (uint32_t d = 0; d < p->depth; d++) {
        const rp_frame_info *f = &b->frames[p->stack[d]];
        if (f->parent == b->frame_of[value] && value > f->first) {
            return false;
        }
    }
    return true;
}

static bool is_usable(const pass *p, uint32_t value)
{
    return value < p->at && p->b->frame_of[value] == current(p) && is_finished(p, value);
}

static bool is_outer(const pass *p, uint32_t value)
{
    return value < p->at && p->b->frame_of[value] != RP_NONE &&
           p->b->frame_of[value] != current(p) && is_open(p, p->b->frame_of[value]) &&
           is_finished(p, value);
}

static bool kind_fits(rp_operand kind, uint32_t type)
{
    rp_kind k = RP_TYPE_KIND(type);
    switch (kind) {
    case RP_OPERAND_BOOL:
        return k == RP_KIND_BOOL;
    case RP_OPERAND_ID:
        return rp_kind_is_id(k);
    case RP_OPERAND_INT:
        return rp_kind_is_int(k);
    case RP_OPERAND_FLOAT:
        return k == RP_KIND_FLOAT;
    case RP_OPERAND_VERSION:
        return k == RP_KIND_VERSION;
    case RP_OPERAND_CIDR:
        return k == RP_KIND_CIDR;
    case RP_OPERAND_REF:
    case RP_OPERAND_REF_:
        return k == RP_KIND_REF;
    case RP_OPERAND_COVER:
        return k == RP_KIND_COVER;
    case RP_OPERAND_TEXT:
    case RP_OPERAND_LITERAL:
        return rp_kind_is_text(k);
    default: // ANY, ANY_A, OPT, OUTER: rules of their opcodes
        return k != RP_KIND_NONE;
    }
}

static uint32_t section_count(const pass *p, rp_operand kind)
{
    const rp_bundle *b = p->b;
    switch (kind) {
    case RP_OPERAND_TABLE:
        return b->table_count;
    case RP_OPERAND_COLUMN:
        return b->column_count;
    case RP_OPERAND_LIST:
        return b->list_count;
    case RP_OPERAND_CONST:
        return b->const_count;
    case RP_OPERAND_SET:
        return b->set_count;
    case RP_OPERAND_PARAM:
        return b->param_count;
    default:
        return b->policy_count;
    }
}

// Whether operand C is the table of a result that no other operand gives one.
static bool names_table(const pass *p)
{
    return p->info->result == RP_RESULT_TYPED && RP_TYPE_KIND(p->type) == RP_KIND_REF;
}

static rdspol_status check_operand(const pass *p, int i)
{
    rp_operand kind = p->info->operands[i];
    uint32_t value = operand(p, i);
    if (kind == RP_OPERAND__) {
        CHECK(value == RP_NONE || (i == 2 && names_table(p)),
              "an operand that the instruction does not have");
        return RDSPOL_OK;
    }
    if (kind == RP_OPERAND_REF_ && value == RP_NONE) {
        return RDSPOL_OK;
    }
    if (!rp_operand_is_value(kind)) {
        CHECK(value < section_count(p, kind), "an operand that is out of range");
        return RDSPOL_OK;
    }
    CHECK(kind == RP_OPERAND_OUTER ? is_outer(p, value) : is_usable(p, value),
          "an operand that is no earlier value of the frame");
    CHECK(kind_fits(kind, type_of(p, value)), "an operand of another type");
    return RDSPOL_OK;
}

// The table of the row that a column or list is read of: a reference's, or the frame's own.
static uint32_t row_table(const pass *p, uint32_t reference)
{
    return reference == RP_NONE ? p->b->frames[current(p)].table
                                : RP_TYPE_TABLE(type_of(p, reference));
}

static rdspol_status check_column(const pass *p, uint32_t column, uint32_t reference)
{
    const rp_rec_column *c = &p->b->columns[column];
    CHECK(c->table == row_table(p, reference), "a column of another table");
    if (c->origin == RP_COLUMN_DERIVED) {
        uint32_t store = p->b->store_of[column];
        CHECK(store != RP_NONE && !is_open(p, p->b->frame_of[store]),
              "a derived column that is not stored yet");
    }
    return RDSPOL_OK;
}

static rdspol_status check_list(const pass *p, uint32_t list, uint32_t reference)
{
    uint32_t owner = p->b->lists[list].owner;
    CHECK(owner == RP_NONE ? reference == RP_NONE : owner == row_table(p, reference),
          "a list of another table");
    return RDSPOL_OK;
}

static bool is_plain(const pass *p, uint32_t value)
{
    return rp_kind_is_plain(RP_TYPE_KIND(type_of(p, value)));
}

static uint32_t element_kind(const pass *p)
{
    const rp_rec_set *set = &p->b->sets[p->insn.b];
    if (set->param != RP_NONE) {
        return RP_TYPE_KIND(p->b->params[set->param].type);
    }
    if (set->item_count == 0) {
        return RP_TYPE_KIND(type_of(p, p->insn.a));
    }
    return RP_TYPE_KIND(p->b->consts[p->b->items[set->first_item].constant].type);
}

static bool in_message(const pass *p)
{
    return p->b->frames[p->stack[0]].message;
}

static rdspol_status check_store(const pass *p)
{
    const rp_rec_column *c = &p->b->columns[p->insn.a];
    const rp_frame_info *f = &p->b->frames[current(p)];
    CHECK(f->depth == 0 && !f->message && c->table == f->table,
          "a store outside a scan of the table");
    CHECK(c->origin == RP_COLUMN_DERIVED && rp_type_same(c->type, type_of(p, p->insn.b)),
          "a store of another type");
    CHECK(p->b->store_of[p->insn.a] == RP_NONE, "a column that is stored twice");
    p->v->store_of[p->insn.a] = p->at;
    return RDSPOL_OK;
}

static rdspol_status check_emit(const pass *p)
{
    const rp_bundle *b = p->b;
    const rp_rec_policy *policy = &b->policys[p->insn.a];
    const rp_frame_info *f = &b->frames[current(p)];
    CHECK(f->depth == 0 && !f->message && policy->table == f->table,
          "an emit outside a scan of the policy's table");
    CHECK(b->emit_of[p->insn.a] == RP_NONE, "a policy that is emitted twice");
    for (uint32_t k = 0; k < policy->clause_count; k++) {
        uint32_t value = b->clauses[policy->first_clause + k].value;
        CHECK(is_usable(p, value) && RP_TYPE_KIND(type_of(p, value)) == RP_KIND_BOOL,
              "a clause that is no bool of the frame");
    }
    p->v->emit_of[p->insn.a] = p->at;
    return RDSPOL_OK;
}

static rdspol_status check_typed(const pass *p)
{
    rp_kind kind = RP_TYPE_KIND(p->type);
    switch (p->op) {
    case RP_OP_CONST:
        CHECK(kind == RP_TYPE_KIND(p->b->consts[p->insn.a].type), "a constant of another type");
        return RDSPOL_OK;
    case RP_OP_PARAM:
        CHECK(kind == RP_TYPE_KIND(p->b->params[p->insn.a].type) &&
                  (p->b->params[p->insn.a].flags & RP_PARAM_LIST) == 0,
              "a parameter of another type");
        return RDSPOL_OK;
    case RP_OP_NOW:
        CHECK(kind == RP_KIND_TIME, "now is a time");
        return RDSPOL_OK;
    case RP_OP_ABSENT:
        CHECK(rp_kind_is_plain(kind), "a type that cannot be absent");
        return RDSPOL_OK;
    case RP_OP_UNKNOWN:
        CHECK(RP_TYPE_KIND(p->b->consts[p->insn.a].type) == RP_KIND_STRING,
              "a reason that is no text");
        CHECK(rp_kind_is_plain(kind) || kind == RP_KIND_COVER, "a type that cannot be unknown");
        return RDSPOL_OK;
    case RP_OP_TO_FLOAT:
        CHECK(kind == RP_KIND_FLOAT, "to.float gives a float");
        return RDSPOL_OK;
    default:
        CHECK(rp_kind_is_int(kind), "an int, a time or a duration");
        return RDSPOL_OK;
    }
}

// Rules that the operand kinds of the table do not state.
static rdspol_status check_special(pass *p)
{
    const rp_insn *n = &p->insn;
    switch (p->op) {
    case RP_OP_LOAD:
        return check_column(p, n->a, RP_NONE);
    case RP_OP_GATHER:
        return check_column(p, n->b, n->a);
    case RP_OP_LOOKUP:
        CHECK(p->b->lists[n->b].kind == RP_LIST_MAP, "a look-up in a list that is no map");
        return check_list(p, n->b, n->a);
    case RP_OP_EQ_ID:
    case RP_OP_COALESCE:
        CHECK(is_plain(p, n->a) && rp_type_same(type_of(p, n->a), type_of(p, n->b)),
              "operands of different types");
        return RDSPOL_OK;
    case RP_OP_SELECT:
        CHECK(is_plain(p, n->b) && rp_type_same(type_of(p, n->b), type_of(p, n->c)),
              "operands of different types");
        return RDSPOL_OK;
    case RP_OP_PRESENT:
        CHECK(is_plain(p, n->a), "a type that is never absent");
        return RDSPOL_OK;
    case RP_OP_IN_SET:
        CHECK(is_plain(p, n->a) && element_kind(p) == RP_TYPE_KIND(type_of(p, n->a)) &&
                  RP_TYPE_KIND(type_of(p, n->a)) != RP_KIND_REF,
              "a set of another type");
        return RDSPOL_OK;
    case RP_OP_FOLD_FIRST:
    case RP_OP_FOLD_WITNESS:
        CHECK(is_plain(p, n->b), "a value that cannot be chosen");
        CHECK(p->op == RP_OP_FOLD_FIRST || in_message(p), "a witness outside a message");
        return RDSPOL_OK;
    case RP_OP_FOLD_COVER:
        CHECK(RP_TYPE_KIND(type_of(p, n->b)) == RP_KIND_CIDR ||
                  RP_TYPE_KIND(type_of(p, n->b)) == RP_KIND_COVER,
              "neither a range nor a cover");
        return RDSPOL_OK;
    case RP_OP_FOLD_TEXT:
        CHECK((is_plain(p, n->b) || RP_TYPE_KIND(type_of(p, n->b)) == RP_KIND_LISTTEXT) &&
                  in_message(p),
              "a list's text outside a message");
        return RDSPOL_OK;
    case RP_OP_STORE:
        return check_store(p);
    case RP_OP_EMIT:
        return check_emit(p);
    default:
        return RDSPOL_OK;
    }
}

static bool result_fits(const pass *p)
{
    const rp_insn *n = &p->insn;
    rp_kind kind = RP_TYPE_KIND(p->type);
    switch (p->info->result) {
    case RP_RESULT_NONE:
        return kind == RP_KIND_NONE;
    case RP_RESULT_BOOL:
        return p->type == RP_TYPE(RP_KIND_BOOL, 0, 0);
    case RP_RESULT_INT:
        return p->type == RP_TYPE(RP_KIND_INT, 0, 0);
    case RP_RESULT_FLOAT:
        return p->type == RP_TYPE(RP_KIND_FLOAT, 0, 0);
    case RP_RESULT_COVER:
        return p->type == RP_TYPE(RP_KIND_COVER, 0, 0);
    case RP_RESULT_SAME_A:
        return kind == RP_TYPE_KIND(type_of(p, n->a));
    case RP_RESULT_JOIN:
    case RP_RESULT_SAME_B:
    case RP_RESULT_OPT_B:
        return kind == RP_TYPE_KIND(type_of(p, n->b));
    case RP_RESULT_COLUMN:
        return kind == RP_TYPE_KIND(p->b->columns[n->a].type);
    case RP_RESULT_OPT_COLUMN:
        return kind == RP_TYPE_KIND(p->b->columns[n->b].type);
    case RP_RESULT_ENTRY:
    case RP_RESULT_ROW:
        return kind == RP_KIND_REF;
    case RP_RESULT_LISTTEXT:
        return kind == RP_KIND_LISTTEXT;
    case RP_RESULT_TYPED:
        return true;
    }
    return false;
}

// Of a result that is a reference, and fits.
static uint32_t result_table(const pass *p)
{
    const rp_insn *n = &p->insn;
    switch (p->info->result) {
    case RP_RESULT_SAME_A:
        return RP_TYPE_TABLE(type_of(p, n->a));
    case RP_RESULT_JOIN:
    case RP_RESULT_SAME_B:
    case RP_RESULT_OPT_B:
        return RP_TYPE_TABLE(type_of(p, n->b));
    case RP_RESULT_COLUMN:
        return RP_TYPE_TABLE(p->b->columns[n->a].type);
    case RP_RESULT_OPT_COLUMN:
        return RP_TYPE_TABLE(p->b->columns[n->b].type);
    case RP_RESULT_ENTRY:
        return p->b->lists[n->b].element;
    case RP_RESULT_ROW:
        return p->b->frames[current(p)].table;
    default:
        return n->c; // it is TYPED
    }
}

static rdspol_status check_type_word(const pass *p)
{
    rp_kind kind = RP_TYPE_KIND(p->type);
    CHECK(kind < RP_KIND_COUNT, "an unknown type");
    CHECK(!names_table(p) || p->insn.c < p->b->table_count,
          "the table of its type is out of range");
    CHECK(!RP_TYPE_OPTIONAL(p->type) || rp_kind_is_plain(kind), "a type that is never optional");
    return RDSPOL_OK;
}

static rdspol_status open_frame(pass *p)
{
    rp_bundle *b = p->b;
    bool top = p->op == RP_OP_SCAN || p->op == RP_OP_ROWS;
    CHECK(RP_TYPE_KIND(p->type) == RP_KIND_NONE, "a frame that is a value");
    CHECK(top == (p->depth == 0), "scan and rows stand outermost, unnest and filter inside");
    CHECK(p->depth < RP_MAX_FRAME_DEPTH, "frames nest too deep");
    uint32_t table = p->insn.a;
    if (p->op == RP_OP_UNNEST) {
        RP_TRY(check_list(p, p->insn.a, p->insn.b));
        table = b->lists[p->insn.a].element;
    } else if (p->op == RP_OP_FILTER) {
        table = b->frames[current(p)].table;
    }
    rp_frame_info *f = &p->v->frames[b->frame_count];
    f->first = p->at;
    f->parent = current(p);
    f->table = table;
    f->depth = p->depth;
    f->message = p->depth == 0 ? p->op == RP_OP_ROWS : in_message(p);
    p->v->frame_of[p->at] = b->frame_count;
    p->stack[p->depth++] = b->frame_count++;
    return RDSPOL_OK;
}

static rdspol_status check_insn(pass *p)
{
    RP_TRY(check_type_word(p));
    if (p->op == RP_OP_END) {
        CHECK(p->depth != 0, "no frame to end");
    } else if (!rp_op_opens(p->op)) {
        CHECK(p->depth != 0, "outside a frame");
    }
    for (int i = 0; i < 3; i++) {
        RP_TRY(check_operand(p, i));
    }
    if (rp_op_opens(p->op)) {
        return open_frame(p);
    }
    RP_TRY(check_special(p));
    CHECK(result_fits(p), "a result of another type");
    if (p->info->result == RP_RESULT_TYPED) {
        RP_TRY(check_typed(p));
    }
    if (RP_TYPE_KIND(p->type) == RP_KIND_REF) {
        p->v->table_of[p->at] = (uint16_t)result_table(p); // at most RP_MAX_TABLES
    }
    p->v->frame_of[p->at] = current(p);
    if (rp_op_folds(p->op)) {
        CHECK(p->depth > 1, "a fold in an outermost frame");
        p->v->frame_of[p->at] = p->stack[p->depth - 2];
    }
    if (p->op == RP_OP_END) {
        p->v->frames[current(p)].end = p->at;
        p->depth--;
    }
    return RDSPOL_OK;
}

static rdspol_status check_program(pass *p)
{
    for (p->at = 0; p->at < p->b->insn_count; p->at++) {
        p->insn = rp_bundle_insn(p->b, p->at);
        p->op = p->insn.op;
        p->type = p->insn.type;
        p->info = rp_op_get(p->op);
        CHECK(p->info != NULL, "an unknown opcode");
        RP_TRY(check_insn(p));
    }
    return p->depth == 0 ? RDSPOL_OK : refuse(p, "a frame that is not closed");
}

// Whether an instruction is a printable value of a message's own frame.
static bool is_hole(const rp_bundle *b, const rp_rec_message *m, uint32_t value)
{
    return m->frame != RP_NONE && b->frame_of[value] == b->frame_of[m->frame] &&
           rp_bundle_op(b, value) != RP_OP_END && value != m->frame &&
           (rp_kind_is_plain(RP_TYPE_KIND(rp_bundle_type(b, value))) ||
            RP_TYPE_KIND(rp_bundle_type(b, value)) == RP_KIND_LISTTEXT);
}

static bool piece_is_valid(const rp_bundle *b, const rp_rec_message *m, const rp_rec_piece *piece)
{
    int parts = (piece->text != RP_NONE) + (piece->value != RP_NONE) + (piece->param != RP_NONE) +
                (piece->constant != RP_NONE);
    return parts == 1 && piece->style <= RP_PIECE_SHELL_INNER &&
           (piece->value == RP_NONE || (m != NULL && is_hole(b, m, piece->value)));
}

static rdspol_status check_template(const rp_verifier *v, const rp_rec_message *m, uint32_t index)
{
    const rp_bundle *b = v->bundle;
    const rp_rec_template *t = &b->templates[index];
    for (uint32_t k = 0; k < t->piece_count; k++) {
        if (!piece_is_valid(b, m, &b->pieces[t->first_piece + k])) {
            return rp_verify_refuse(v, "template", index, "a piece that it cannot have");
        }
    }
    return RDSPOL_OK;
}

static rdspol_status check_message(const rp_verifier *v, uint32_t index, uint32_t table)
{
    const rp_bundle *b = v->bundle;
    if (index == RP_NONE) {
        return RDSPOL_OK;
    }
    const rp_rec_message *m = &b->messages[index];
    if (m->frame != RP_NONE && (rp_bundle_op(b, m->frame) != RP_OP_ROWS ||
                                b->frames[b->frame_of[m->frame]].table != table)) {
        return rp_verify_refuse(v, "message", index, "its frame has other rows");
    }
    for (uint32_t k = 0; k < m->witness_count; k++) {
        if (!is_hole(b, m, b->witnesss[m->first_witness + k].value)) {
            return rp_verify_refuse(v, "message", index, "a witness that is no value of its frame");
        }
    }
    return check_template(v, m, m->template);
}

static rdspol_status check_policy(const rp_verifier *v, uint32_t index)
{
    const rp_bundle *b = v->bundle;
    const rp_rec_policy *p = &b->policys[index];
    if (b->emit_of[index] == RP_NONE) {
        return rp_verify_refuse(v, "policy", index, "never emitted");
    }
    RP_TRY(check_template(v, NULL, p->title));
    RP_TRY(check_message(v, p->remedy, p->table));
    for (uint32_t k = 0; k < p->clause_count; k++) {
        RP_TRY(check_message(v, b->clauses[p->first_clause + k].message, p->table));
    }
    return RDSPOL_OK;
}

static rdspol_status check_waiver(const rp_verifier *v, uint32_t index)
{
    const rp_bundle *b = v->bundle;
    const rp_rec_waiver *w = &b->waivers[index];
    if (b->tables[w->table].kind != RP_TABLE_RESOURCE) {
        return rp_verify_refuse(v, "waiver", index, "not on a resource");
    }
    if (w->condition == RP_NONE) {
        return RDSPOL_OK;
    }
    const rp_frame_info *f = &b->frames[b->frame_of[w->condition]];
    if (f->depth != 0 || f->message || f->table != w->table ||
        rp_bundle_type(b, w->condition) != RP_TYPE(RP_KIND_BOOL, 0, 0)) {
        return rp_verify_refuse(v, "waiver", index, "its condition is no bool of its table");
    }
    return RDSPOL_OK;
}

rdspol_status rp_verify_code(const rp_verifier *v)
{
    pass p = {.v = v, .b = v->bundle};
    RP_TRY(check_program(&p));
    for (uint32_t i = 0; i < v->bundle->policy_count; i++) {
        RP_TRY(check_policy(v, i));
    }
    for (uint32_t i = 0; i < v->bundle->waiver_count; i++) {
        RP_TRY(check_waiver(v, i));
    }
    return RDSPOL_OK;
}
