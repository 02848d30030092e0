// The disassembler: names for indices, one line for each instruction or record.
//
// Operand kinds come from the opcode table. Must not judge: it prints verified bundles only.
#include "vm/disasm.h"

#include "vm/base/text.h"

static void add_name(const rp_bundle *b, uint32_t string, rp_buf *out)
{
    rp_buf_add_str(out, rp_bundle_text(b, string));
}

static void add_quoted(rp_str text, rp_buf *out)
{
    rp_buf_add_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c == '"' || c == '\\') {
            rp_buf_printf(out, "\\%c", c);
        } else if (c == '\n') {
            rp_buf_add_text(out, "\\n");
        } else if (c < 0x20) {
            rp_buf_printf(out, "\\x%02x", (unsigned)c);
        } else {
            rp_buf_add_char(out, (char)c);
        }
    }
    rp_buf_add_char(out, '"');
}

void rp_disasm_type(const rp_bundle *bundle, uint32_t type, rp_buf *out)
{
    rp_buf_add_text(out, rp_op_kind_name(RP_TYPE_KIND(type)));
    if (RP_TYPE_KIND(type) == RP_KIND_REF) {
        rp_buf_add_char(out, ' ');
        add_name(bundle, bundle->tables[RP_TYPE_TABLE(type)].name, out);
    }
    if (RP_TYPE_OPTIONAL(type)) {
        rp_buf_add_char(out, '?');
    }
}

void rp_disasm_const(const rp_bundle *bundle, uint32_t constant, rp_buf *out)
{
    if (constant == RP_NONE) {
        rp_buf_add_text(out, "absent");
        return;
    }
    uint64_t bits = rp_bundle_const_bits(bundle, constant);
    if (!rp_print_scalar(RP_TYPE_KIND(bundle->consts[constant].type), bits, out)) {
        add_quoted(rp_bundle_text(bundle, (uint32_t)bits), out);
    }
}

static void add_column(const rp_bundle *b, uint32_t column, rp_buf *out)
{
    add_name(b, b->tables[b->columns[column].table].name, out);
    rp_buf_add_char(out, '.');
    add_name(b, b->columns[column].name, out);
}

static void add_param(const rp_bundle *b, uint32_t param, rp_buf *out)
{
    add_name(b, b->params[param].module, out);
    rp_buf_add_char(out, '.');
    add_name(b, b->params[param].name, out);
}

static void add_list(const rp_bundle *b, uint32_t list, rp_buf *out)
{
    const rp_rec_list *l = &b->lists[list];
    if (l->kind == RP_LIST_PARAM) {
        add_param(b, l->a, out);
        return;
    }
    add_name(b, b->tables[l->owner != RP_NONE ? l->owner : l->element].name, out);
    if (l->owner == RP_NONE) {
        rp_buf_printf(out, "[%u..%u]", (unsigned)l->a, (unsigned)l->b);
    } else {
        rp_buf_add_char(out, '.');
        add_name(b, l->name, out);
    }
}

static void add_set(const rp_bundle *b, uint32_t set, rp_buf *out)
{
    const rp_rec_set *s = &b->sets[set];
    if (s->param != RP_NONE) {
        add_param(b, s->param, out);
        return;
    }
    rp_buf_add_char(out, '{');
    for (uint32_t k = 0; k < s->item_count; k++) {
        rp_buf_add_text(out, k == 0 ? "" : " ");
        rp_disasm_const(b, b->items[s->first_item + k].constant, out);
    }
    rp_buf_add_char(out, '}');
}

static void add_operand(const rp_bundle *b, rp_operand kind, uint32_t value, rp_buf *out)
{
    if (rp_operand_is_value(kind)) {
        rp_buf_printf(out, "%%%u", (unsigned)value);
        return;
    }
    switch (kind) {
    case RP_OPERAND_TABLE: add_name(b, b->tables[value].name, out); break;
    case RP_OPERAND_COLUMN: add_column(b, value, out); break;
    case RP_OPERAND_LIST: add_list(b, value, out); break;
    case RP_OPERAND_CONST: rp_disasm_const(b, value, out); break;
    case RP_OPERAND_SET: add_set(b, value, out); break;
    case RP_OPERAND_PARAM: add_param(b, value, out); break;
    case RP_OPERAND_POLICY: add_name(b, b->policys[value].name, out); break;
    default: add_quoted(rp_bundle_text(b, value), out); break;
    }
}

static void add_clauses(const rp_bundle *b, uint32_t policy, rp_buf *out)
{
    const rp_rec_policy *p = &b->policys[policy];
    for (uint32_t k = 0; k < p->clause_count; k++) {
        const rp_rec_clause *c = &b->clauses[p->first_clause + k];
        rp_buf_printf(out, " %s=%%%u", c->kind == RP_CLAUSE_WHEN ? "when" : "require",
                      (unsigned)c->value);
    }
}

static void add_insn(const rp_bundle *b, uint32_t insn, rp_buf *out)
{
    const rp_insn n = rp_bundle_insn(b, insn);
    uint32_t op = n.op, type = n.type;
    const rp_op_info *info = rp_op_get(op);
    const uint32_t operands[] = {n.a, n.b, n.c};
    bool value = RP_TYPE_KIND(type) != RP_KIND_NONE;
    if (value) {
        rp_buf_printf(out, "%%%u = ", (unsigned)insn);
    }
    rp_buf_add_text(out, info->name);
    for (int k = 0; k < 3; k++) {
        if (info->operands[k] != RP_OPERAND__ && operands[k] != RP_NONE) {
            rp_buf_add_char(out, ' ');
            add_operand(b, info->operands[k], operands[k], out);
        }
    }
    if (op == RP_OP_EMIT) {
        add_clauses(b, n.a, out);
    }
    if (value) {
        rp_buf_add_text(out, " : ");
        rp_disasm_type(b, type, out);
    }
    rp_buf_add_char(out, '\n');
}

void rp_disasm_code(const rp_bundle *bundle, rp_buf *out)
{
    unsigned depth = 0;
    for (uint32_t i = 0; i < bundle->insn_count; i++) {
        uint32_t op = rp_bundle_op(bundle, i);
        depth -= op == RP_OP_END;
        for (unsigned d = 0; d < depth; d++) {
            rp_buf_add_text(out, "  ");
        }
        add_insn(bundle, i, out);
        depth += rp_op_opens(op);
    }
}

// ---- Records -----------------------------------------------------------------------------------

static void add_sources(const rp_bundle *b, const rp_rec_table *t, rp_buf *out)
{
    static const char *const kinds[] = {"?", "list", "key", "each", "group", "file"};
    for (uint32_t i = t->first_source; i < t->first_source + t->source_count; i++) {
        const rp_rec_source *s = &b->sources[i];
        rp_buf_printf(out, "  from %s ", kinds[s->kind]);
        add_name(b, s->service, out);
        rp_buf_add_char(out, ':');
        add_name(b, s->operation, out);
        rp_buf_add_char(out, '\n');
    }
}

static void add_columns(const rp_bundle *b, const rp_rec_table *t, rp_buf *out)
{
    static const char *const origins[] = {"?", "fact", "derived", "text", "const"};
    for (uint32_t i = t->first_column; i < t->first_column + t->column_count; i++) {
        const rp_rec_column *c = &b->columns[i];
        rp_buf_add_text(out, "  ");
        add_name(b, c->name, out);
        rp_buf_add_text(out, ": ");
        rp_disasm_type(b, c->type, out);
        rp_buf_printf(out, " %s%s%s\n", origins[c->origin], i == t->key ? " key" : "",
                      i == t->unique ? " unique" : "");
    }
}

static void add_lists(const rp_bundle *b, const rp_rec_table *t, rp_buf *out)
{
    static const char *const kinds[] = {"?", "fact", "map", "relation", "const", "param", "text"};
    for (uint32_t i = t->first_list; i < t->first_list + t->list_count; i++) {
        rp_buf_add_text(out, "  ");
        add_name(b, b->lists[i].name, out);
        rp_buf_add_text(out, ": [");
        add_name(b, b->tables[b->lists[i].element].name, out);
        rp_buf_printf(out, "] %s\n", kinds[b->lists[i].kind]);
    }
}

void rp_disasm_schema(const rp_bundle *bundle, rp_buf *out)
{
    static const char *const kinds[] = {"?", "resource", "record", "entries", "elements", "const"};
    for (uint32_t i = 0; i < bundle->table_count; i++) {
        const rp_rec_table *t = &bundle->tables[i];
        rp_buf_printf(out, "%s ", kinds[t->kind]);
        add_name(bundle, t->name, out);
        if (t->type_name != RP_NONE) {
            rp_buf_add_char(out, ' ');
            add_quoted(rp_bundle_text(bundle, t->type_name), out);
        }
        rp_buf_add_char(out, '\n');
        add_sources(bundle, t, out);
        add_columns(bundle, t, out);
        add_lists(bundle, t, out);
    }
}

void rp_disasm_params(const rp_bundle *bundle, rp_buf *out)
{
    for (uint32_t i = 0; i < bundle->param_count; i++) {
        const rp_rec_param *p = &bundle->params[i];
        bool list = (p->flags & RP_PARAM_LIST) != 0;
        rp_buf_add_text(out, "param ");
        add_param(bundle, i, out);
        rp_buf_add_text(out, list ? ": [" : ": ");
        rp_disasm_type(bundle, p->type, out);
        rp_buf_add_text(out, list ? "]" : "");
        if (!list && p->fallback != RP_NONE) {
            rp_buf_add_text(out, " = ");
            rp_disasm_const(bundle, p->fallback, out);
        }
        rp_buf_add_char(out, '\n');
    }
}

static void add_template(const rp_bundle *b, uint32_t index, rp_buf *out)
{
    const rp_rec_template *t = &b->templates[index];
    rp_buf_add_char(out, '"');
    for (uint32_t k = 0; k < t->piece_count; k++) {
        const rp_rec_piece *piece = &b->pieces[t->first_piece + k];
        if (piece->text != RP_NONE) {
            add_name(b, piece->text, out);
        } else if (piece->value != RP_NONE) {
            rp_buf_printf(out, "{%%%u}", (unsigned)piece->value);
        } else if (piece->param != RP_NONE) {
            rp_buf_add_char(out, '{');
            add_param(b, piece->param, out);
            rp_buf_add_char(out, '}');
        } else {
            rp_disasm_const(b, piece->constant, out);
        }
    }
    rp_buf_add_text(out, "\"\n");
}

static void add_policy(const rp_bundle *b, const rp_rec_policy *p, rp_buf *out)
{
    rp_buf_add_text(out, "policy ");
    add_name(b, p->module, out);
    rp_buf_add_char(out, '.');
    add_name(b, p->name, out);
    rp_buf_add_text(out, " on ");
    add_name(b, b->tables[p->table].name, out);
    rp_buf_printf(out, " %s\n  title ", rdspol_severity_name((rdspol_severity)p->severity));
    add_template(b, p->title, out);
    for (uint32_t k = 0; k < p->clause_count; k++) {
        const rp_rec_clause *c = &b->clauses[p->first_clause + k];
        rp_buf_printf(out, "  %s %%%u", c->kind == RP_CLAUSE_WHEN ? "when" : "require",
                      (unsigned)c->value);
        if (c->message != RP_NONE) {
            rp_buf_add_text(out, " else ");
            add_template(b, b->messages[c->message].template, out);
        } else {
            rp_buf_add_char(out, '\n');
        }
    }
    if (p->remedy != RP_NONE) {
        rp_buf_add_text(out, "  remedy ");
        add_template(b, b->messages[p->remedy].template, out);
    }
}

void rp_disasm_policies(const rp_bundle *bundle, rp_buf *out)
{
    for (uint32_t i = 0; i < bundle->policy_count; i++) {
        add_policy(bundle, &bundle->policys[i], out);
    }
}

rdspol_status rdspol_bundle_disassemble(const rdspol_bundle *bundle, char *buffer, size_t capacity,
                                        size_t *length)
{
    rp_buf text;
    rp_buf_init(&text, bundle->alloc, SIZE_MAX);
    rp_disasm_code(bundle, &text);
    rdspol_status status = text.failed            ? RDSPOL_NO_MEMORY
                           : text.size > capacity ? RDSPOL_TOO_SMALL
                                                  : RDSPOL_OK;
    *length = text.size;
    if (status == RDSPOL_OK && text.size != 0) {
        memcpy(buffer, text.data, text.size);
    }
    rp_buf_free(&text);
    return status;
}
