// Values as text for messages, titles and remedies (language.md 8).
//
// Absent prints (none), unknown (unknown); a list ten members and how many more; a reference its
// key. What stands in a command is quoted for a shell, and a value that no quoting makes safe
// replaces the whole command.
#include "vm/explain.h"

#include "vm/verify.h"

#include <stdio.h>

// Unknown: more than it covers surely.
static rp_state cover_state(const rp_val *v, size_t i)
{
    const rp_cover *cover = (const rp_cover *)v->v + i;
    bool open = rp_bits_get(v->p, i) && memcmp(cover->sure, cover->maybe, sizeof cover->sure) != 0;
    return open ? RP_STATE_UNKNOWN : RP_STATE_PRESENT;
}

rp_state rp_value_state(uint32_t type, const rp_val *v, size_t i)
{
    if (RP_TYPE_KIND(type) == RP_KIND_COVER) {
        return cover_state(v, i);
    }
    bool k = rp_bits_get(v->k, i), p = rp_bits_get(v->p, i);
    if (RP_TYPE_KIND(type) == RP_KIND_BOOL) {
        return k && p ? RP_STATE_ABSENT : k || p ? RP_STATE_PRESENT : RP_STATE_UNKNOWN;
    }
    return p ? RP_STATE_PRESENT : k ? RP_STATE_ABSENT : RP_STATE_UNKNOWN;
}

uint64_t rp_value_bits(uint32_t type, const rp_val *v, size_t i)
{
    switch (rp_plan_value_size(RP_TYPE_KIND(type))) {
    case 4: return ((const uint32_t *)v->v)[i];
    case 8: return ((const uint64_t *)v->v)[i];
    default: return rp_bits_get(v->p, i);
    }
}

static rp_str reference_text(const rp_run *run, uint32_t table, uint32_t row)
{
    if (run->bundle->tables[table].kind != RP_TABLE_RESOURCE) {
        return RP_STR("(record)");
    }
    rp_str key = rp_facts_row_key(run->facts, table, row);
    return key.len != 0 ? key : RP_STR("(unknown)");
}

void rp_print_bits(const rp_run *run, uint32_t type, uint64_t bits, rp_buf *out)
{
    rp_kind kind = RP_TYPE_KIND(type);
    if (kind == RP_KIND_REF) {
        rp_buf_add_str(out, reference_text(run, RP_TYPE_TABLE(type), (uint32_t)bits));
    } else if (!rp_print_scalar(kind, bits, out)) {
        rp_buf_add_str(out, rp_world_text(&run->world, (uint32_t)bits));
    }
}

static void print_list(const rp_run *run, uint32_t type, const rp_listtext *list, rp_buf *out)
{
    uint32_t shown = list->count < RP_LISTTEXT_SHOWN ? list->count : RP_LISTTEXT_SHOWN;
    for (uint32_t k = 0; k < shown; k++) {
        rp_buf_add_text(out, k == 0 ? "" : ", ");
        if ((list->unknown >> k & 1u) != 0) {
            rp_buf_add_text(out, "(unknown)");
        } else {
            rp_print_bits(run, type, list->items[k], out);
        }
    }
    if (list->count > shown) {
        rp_buf_printf(out, " and %u more", (unsigned)(list->count - shown));
    }
    if (list->incomplete != 0) {
        rp_buf_add_text(out, list->count == 0 ? "\xe2\x80\xa6" : ", \xe2\x80\xa6");
    } else if (list->count == 0) {
        rp_buf_add_text(out, "(none)");
    }
}

uint32_t rp_listtext_type(const rp_bundle *bundle, uint32_t insn)
{
    while (rp_bundle_op(bundle, insn) == RP_OP_OUTER) {
        insn = rp_bundle_insn(bundle, insn).a;
    }
    uint32_t type = rp_bundle_type(bundle, insn);
    while (RP_TYPE_KIND(type) == RP_KIND_LISTTEXT) {
        bool fold = rp_bundle_op(bundle, insn) == RP_OP_FOLD_TEXT;
        insn = fold ? rp_bundle_insn(bundle, insn).b : rp_bundle_insn(bundle, insn).a;
        type = rp_bundle_type(bundle, insn);
    }
    return type;
}

void rp_print_value(const rp_run *run, uint32_t type, const rp_val *v, size_t i, rp_buf *out)
{
    switch (rp_value_state(type, v, i)) {
    case RP_STATE_UNKNOWN: rp_buf_add_text(out, "(unknown)"); break;
    case RP_STATE_ABSENT: rp_buf_add_text(out, "(none)"); break;
    case RP_STATE_PRESENT: rp_print_bits(run, type, rp_value_bits(type, v, i), out); break;
    }
}

static void print_json_text(rp_str text, rp_buf *out)
{
    rp_buf_add_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '"' || c == '\\') {
            rp_buf_add_char(out, '\\');
            rp_buf_add_char(out, c);
        } else if ((unsigned char)c < 0x20) {
            rp_buf_printf(out, "\\u%04x", (unsigned)(unsigned char)c);
        } else {
            rp_buf_add_char(out, c);
        }
    }
    rp_buf_add_char(out, '"');
}

void rp_print_json(const rp_run *run, uint32_t type, uint64_t bits, rp_buf *out)
{
    rp_kind kind = RP_TYPE_KIND(type);
    rp_buf text;
    if (kind == RP_KIND_BOOL || kind == RP_KIND_INT || kind == RP_KIND_FLOAT) {
        rp_print_bits(run, type, bits, out);
        return;
    }
    rp_buf_init(&text, run->alloc, SIZE_MAX);
    rp_print_bits(run, type, bits, &text);
    print_json_text(rp_buf_str(&text), out);
    out->failed = out->failed || text.failed;
    rp_buf_free(&text);
}

void rp_print_param(const rp_run *run, uint32_t param, rp_buf *out)
{
    const rp_run_param *p = &run->params[param];
    bool list = (run->bundle->params[param].flags & RP_PARAM_LIST) != 0;
    if (p->count == 0) {
        rp_buf_add_text(out, "(none)");
    }
    for (uint32_t k = 0; k < p->count && k < RP_LISTTEXT_SHOWN; k++) {
        rp_buf_add_text(out, k == 0 ? "" : ", ");
        rp_print_bits(run, run->bundle->params[param].type, p->items[k], out);
    }
    if (list && p->count > RP_LISTTEXT_SHOWN) {
        rp_buf_printf(out, " and %u more", (unsigned)(p->count - RP_LISTTEXT_SHOWN));
    }
}

// ---- Templates ---------------------------------------------------------------------------------

// Prints a hole that shows the same for every row: a parameter or a constant. False if it has no
// value.
static bool print_shared(const rp_run *run, const rp_rec_piece *piece, rp_buf *out)
{
    const rp_bundle *b = run->bundle;
    if (piece->param != RP_NONE) {
        rp_print_param(run, piece->param, out);
        return run->params[piece->param].count != 0;
    }
    rp_print_bits(run, b->consts[piece->constant].type, run->world.consts[piece->constant], out);
    return true;
}

// Prints a hole; false if it has no value.
static bool print_hole(const rp_run *run, const rp_rec_piece *piece, const rp_exec *x,
                       uint32_t lane, rp_buf *out)
{
    const rp_bundle *b = run->bundle;
    if (piece->value == RP_NONE) {
        return print_shared(run, piece, out);
    }
    const rp_val *v = rp_exec_val(x, piece->value);
    uint32_t type = rp_bundle_type(b, piece->value);
    if (RP_TYPE_KIND(type) == RP_KIND_LISTTEXT) {
        const rp_listtext *list = (const rp_listtext *)v->v + lane;
        print_list(run, rp_listtext_type(b, piece->value), list, out);
        return list->incomplete == 0 && list->unknown == 0 && list->count != 0 &&
               list->count <= RP_LISTTEXT_SHOWN;
    }
    rp_print_value(run, type, v, lane, out);
    return rp_value_state(type, v, lane) == RP_STATE_PRESENT;
}

// A letter, a digit or one of % + , - . / : = @ _
static bool is_plain_char(char c)
{
    static const uint64_t plain[4] = {UINT64_C(0x27fff82000000000), UINT64_C(0x07fffffe87ffffff)};
    unsigned char u = (unsigned char)c;
    return (plain[u / 64] >> (u % 64) & 1u) != 0;
}

static bool is_plain_text(rp_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_plain_char(text.ptr[i])) {
            return false;
        }
    }
    return true;
}

static bool has_control(rp_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x20 || c == 0x7f) {
            return true;
        }
    }
    return false;
}

// What replaces a command is pasted too: of the value only what no shell takes for its own is
// shown.
static void add_refusal(rp_buf *out, rp_str text)
{
    rp_buf_add_text(out, "(no command: ");
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool shown = is_plain_char(c) || c == ' ' || ((unsigned char)c & 0x80u) != 0;
        rp_buf_add_char(out, (char)(shown ? c : '_'));
    }
    rp_buf_add_text(out, " is not safe to paste)");
}

// Appends a value so that a shell takes it as one word; false if that cannot be done.
static bool add_quoted(rp_buf *out, rp_str text, bool inner)
{
    bool dangerous = has_control(text) || rp_text_contains(text, RP_STR("://")) ||
                     rp_str_starts(text, RP_STR("-"));
    if (dangerous || (inner && !is_plain_text(text))) {
        return false;
    }
    if (is_plain_text(text) && (inner || text.len != 0)) {
        rp_buf_add_str(out, text);
        return true;
    }
    rp_buf_add_char(out, '\'');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\'') {
            rp_buf_add_text(out, "'\\''");
        } else {
            rp_buf_add_char(out, text.ptr[i]);
        }
    }
    rp_buf_add_char(out, '\'');
    return true;
}

static bool print_shell_hole(const rp_run *run, const rp_rec_piece *piece, const rp_exec *x,
                             uint32_t lane, rp_buf *out)
{
    rp_buf value;
    rp_buf_init(&value, run->alloc, SIZE_MAX);
    bool there = print_hole(run, piece, x, lane, &value);
    bool safe = there && add_quoted(out, rp_buf_str(&value), piece->style == RP_PIECE_SHELL_INNER);
    if (!safe) {
        bool failed = out->failed;
        rp_buf_reset(out);
        out->failed = failed;
        add_refusal(out, rp_buf_str(&value));
    }
    out->failed = out->failed || value.failed;
    rp_buf_free(&value);
    return safe;
}

bool rp_print_template(const rp_run *run, uint32_t index, const rp_exec *x, uint32_t lane,
                       rp_buf *out)
{
    const rp_bundle *b = run->bundle;
    const rp_rec_template *t = &b->templates[index];
    for (uint32_t k = 0; k < t->piece_count; k++) {
        const rp_rec_piece *piece = &b->pieces[t->first_piece + k];
        if (piece->text != RP_NONE) {
            rp_buf_add_str(out, rp_bundle_text(b, piece->text));
        } else if (piece->style == RP_PIECE_PLAIN) {
            (void)print_hole(run, piece, x, lane, out);
        } else if (!print_shell_hole(run, piece, x, lane, out)) {
            return false;
        }
    }
    return true;
}

// ---- Templates of no row -----------------------------------------------------------------------

#define MAX_NAME_STEPS 32u // from a hole to what it shows

// The field that a value shows, if it is simply one.
static uint32_t field_of(const rp_bundle *b, uint32_t value)
{
    const rp_insn n = rp_bundle_insn(b, value);
    switch (n.op) {
    case RP_OP_LOAD: return n.a;
    case RP_OP_GATHER: return n.b;
    default: return RP_NONE;
    }
}

// Whether the compiler made the field: such names are not of the language.
static bool is_made(const rp_bundle *b, uint32_t field)
{
    return rp_str_starts(rp_bundle_text(b, b->columns[field].name), RP_STR("#"));
}

// What a value is taken from, one step on; RP_NONE if that has no name either.
static uint32_t taken_from(const rp_bundle *b, uint32_t value)
{
    const rp_insn n = rp_bundle_insn(b, value);
    uint32_t field = field_of(b, value);
    switch (n.op) {
    case RP_OP_OUTER: return n.a;
    case RP_OP_FOLD_FIRST:
    case RP_OP_FOLD_WITNESS:
    case RP_OP_FOLD_TEXT: return n.b;
    default: break;
    }
    bool stored = field != RP_NONE && b->store_of[field] != RP_NONE;
    return stored ? rp_bundle_insn(b, b->store_of[field]).b : RP_NONE;
}

static void add_field(const rp_bundle *b, uint32_t field, rp_buf *out)
{
    const rp_rec_column *c = &b->columns[field];
    rp_buf_add_str(out, rp_bundle_text(b, b->tables[c->table].name));
    if (b->tables[c->table].kind != RP_TABLE_ELEMENTS) { // members have the name of their list
        rp_buf_add_char(out, '.');
        rp_buf_add_str(out, rp_bundle_text(b, c->name));
    }
}

static bool is_no_value(const rp_bundle *b, uint32_t value)
{
    uint32_t op = rp_bundle_op(b, value);
    return op == RP_OP_ABSENT || op == RP_OP_UNKNOWN;
}

// `p ?? x` of a parameter that is absent is x.
static uint32_t skip_absent(const rp_run *run, uint32_t value)
{
    const rp_bundle *b = run->bundle;
    while (rp_bundle_op(b, value) == RP_OP_COALESCE) {
        rp_insn first = rp_bundle_insn(b, rp_bundle_insn(b, value).a);
        if (first.op != RP_OP_PARAM) {
            break;
        }
        bool absent = run->params[first.a].count == 0;
        value = absent ? rp_bundle_insn(b, value).b : rp_bundle_insn(b, value).a;
    }
    return value;
}

// What is the same for all resources: a constant or a parameter.
static bool add_same(const rp_run *run, uint32_t value, rp_buf *out)
{
    const rp_insn n = rp_bundle_insn(run->bundle, skip_absent(run, value));
    switch (n.op) {
    case RP_OP_PARAM: rp_print_param(run, n.a, out); return true;
    case RP_OP_CONST:
        rp_print_bits(run, run->bundle->consts[n.a].type, run->world.consts[n.a], out);
        return true;
    default: return false;
    }
}

// Puts what a value is made from on the list of what is still to be shown; false if that is nothing
// that is known here.
static bool open_value(const rp_bundle *b, uint32_t value, uint32_t *open, uint32_t *count)
{
    const rp_insn n = rp_bundle_insn(b, value);
    uint32_t op = n.op, next = taken_from(b, value);
    if (op == RP_OP_COALESCE || op == RP_OP_SELECT) {
        open[(*count)++] = op == RP_OP_SELECT ? n.c : n.b;
        next = op == RP_OP_SELECT ? n.b : n.a;
    }
    if (next != RP_NONE) {
        open[(*count)++] = next;
    }
    return next != RP_NONE;
}

// The members of a list that stands in a policy: one of them is what is shown. False if they are
// too many to name.
static bool add_members(const rp_run *run, uint32_t field, rp_buf *out)
{
    const rp_bundle *b = run->bundle;
    const rp_rec_table *t = &b->tables[b->columns[field].table];
    uint32_t first = t->first_cell + (field - t->first_column);
    if (t->cell_count / t->column_count > RP_LISTTEXT_SHOWN) {
        return false;
    }
    for (uint32_t i = 0; i < t->cell_count; i += t->column_count) {
        uint32_t constant = b->items[first + i].constant;
        rp_buf_add_text(out, i > 0 ? " or " : "");
        if (constant == RP_NONE) {
            return false;
        }
        rp_print_bits(run, b->consts[constant].type, run->world.consts[constant], out);
    }
    return t->cell_count > 0;
}

// One name or constant, or members of a list of constants; false if the value is nothing of these.
static bool add_known(const rp_run *run, uint32_t value, rp_buf *out)
{
    uint32_t field = field_of(run->bundle, value);
    if (field != RP_NONE && run->bundle->columns[field].origin == RP_COLUMN_CONST) {
        return add_members(run, field, out);
    }
    if (field == RP_NONE || is_made(run->bundle, field)) {
        return add_same(run, value, out);
    }
    add_field(run->bundle, field, out);
    return true;
}

// What a value shows: names of fields, and what is the same for all resources, with "or" between
// those that are chosen from. False if it shows anything else.
static bool add_shown(const rp_run *run, uint32_t value, rp_buf *out)
{
    const rp_bundle *b = run->bundle;
    uint32_t open[MAX_NAME_STEPS + 2] = {value};
    uint32_t count = 1;
    for (uint32_t step = 0; count > 0; step++) {
        value = open[--count];
        if (step == MAX_NAME_STEPS) {
            return false;
        }
        if (is_no_value(b, value)) {
            continue;
        }
        size_t before = out->size;
        rp_buf_add_text(out, before > 0 ? " or " : "");
        if (add_known(run, value, out)) {
            continue;
        }
        out->size = before;
        if (!open_value(b, value, open, &count)) {
            return false;
        }
    }
    return out->size > 0;
}

// A hole of no row: what is the same for all resources, or names in braces; `{...}` for what is
// computed.
static void print_name(const rp_run *run, uint32_t value, rp_buf *out)
{
    rp_buf name;
    if (add_same(run, value, out)) {
        return;
    }
    rp_buf_init(&name, run->alloc, SIZE_MAX);
    bool named = add_shown(run, value, &name);
    rp_buf_add_char(out, '{');
    if (named) {
        rp_buf_add_str(out, rp_buf_str(&name));
    } else {
        rp_buf_add_text(out, "...");
    }
    rp_buf_add_char(out, '}');
    out->failed = out->failed || name.failed;
    rp_buf_free(&name);
}

void rp_print_form(const rp_run *run, uint32_t index, rp_buf *out)
{
    const rp_bundle *b = run->bundle;
    const rp_rec_template *t = &b->templates[index];
    for (uint32_t k = 0; k < t->piece_count; k++) {
        const rp_rec_piece *piece = &b->pieces[t->first_piece + k];
        if (piece->text != RP_NONE) {
            rp_buf_add_str(out, rp_bundle_text(b, piece->text));
        } else if (piece->value != RP_NONE) {
            print_name(run, piece->value, out);
        } else {
            (void)print_shared(run, piece, out);
        }
    }
}
