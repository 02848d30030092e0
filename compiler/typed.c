// Printers of two stages: typed expressions, and values in frames.
#include "compiler/check.h"
#include "compiler/ir.h"
#include "vm/base/text.h"

static const char *const core_names[RP_CORE_COUNT] = {[RP_CORE_ERROR] = "error",
                                                      [RP_CORE_CONST] = "const",
                                                      [RP_CORE_ABSENT] = "absent",
                                                      [RP_CORE_UNKNOWN] = "unknown",
                                                      [RP_CORE_NOW] = "now",
                                                      [RP_CORE_PARAM] = "param",
                                                      [RP_CORE_VAR] = "var",
                                                      [RP_CORE_FIELD] = "field",
                                                      [RP_CORE_LOOKUP] = "lookup",
                                                      [RP_CORE_AND] = "and",
                                                      [RP_CORE_OR] = "or",
                                                      [RP_CORE_NOT] = "not",
                                                      [RP_CORE_EQ] = "eq",
                                                      [RP_CORE_LT] = "lt",
                                                      [RP_CORE_LE] = "le",
                                                      [RP_CORE_ADD] = "add",
                                                      [RP_CORE_SUB] = "sub",
                                                      [RP_CORE_MUL] = "mul",
                                                      [RP_CORE_DIV] = "div",
                                                      [RP_CORE_TO_FLOAT] = "to_float",
                                                      [RP_CORE_PRESENT] = "present",
                                                      [RP_CORE_EMPTY] = "empty",
                                                      [RP_CORE_COALESCE] = "coalesce",
                                                      [RP_CORE_ASSUME] = "assume",
                                                      [RP_CORE_IF] = "if",
                                                      [RP_CORE_IN] = "in",
                                                      [RP_CORE_IN_MAP] = "in_map",
                                                      [RP_CORE_BUILTIN] = "builtin",
                                                      [RP_CORE_CALL] = "call",
                                                      [RP_CORE_QUANTIFIER] = "quantifier",
                                                      [RP_CORE_LIST] = "list",
                                                      [RP_CORE_RECORD] = "record",
                                                      [RP_CORE_CONCAT] = "concat",
                                                      [RP_CORE_TEXT] = "text"};

static void put_value(rp_buf *out, const rp_value *value, const rp_type *type)
{
    char text[RP_TEXT_MAX];
    size_t size = 0;
    if (type->kind == RP_T_FLOAT)
        size = rp_text_print_float(value->real, text);
    else if (type->kind == RP_T_TIME)
        size = rp_time_print(value->number, text);
    else if (type->kind == RP_T_DURATION)
        size = rp_duration_print(value->number, text);
    else if (type->kind == RP_T_INT || type->kind == RP_T_BOOL)
        size = rp_text_print_int(value->number, text);
    else {
        rp_buf_printf(out, "\"%.*s\"", (int)value->text.len, value->text.ptr);
        return;
    }
    rp_buf_add(out, text, size);
}

static void put_name(rp_buf *out, const rp_core *core)
{
    rp_str name = RP_STR_EMPTY;
    if (core->kind == RP_CORE_VAR) name = core->of.var->name;
    if (core->kind == RP_CORE_FIELD) name = core->of.field->name;
    if (core->kind == RP_CORE_CALL) name = core->of.function->name;
    if (core->kind == RP_CORE_PARAM) name = core->of.param->name;
    if (core->kind == RP_CORE_UNKNOWN) name = core->value.text;
    if (name.len > 0) rp_buf_printf(out, " %.*s", (int)name.len, name.ptr);
    if (core->kind == RP_CORE_QUANTIFIER)
        rp_buf_printf(out, " %s", rp_quantifier_name((rp_quantifier)core->op));
    if (core->kind == RP_CORE_CONST) {
        rp_buf_add_char(out, ' ');
        put_value(out, &core->value, core->type);
    }
}

// (kind name operand…)~type
void rp_core_print(rp_buf *out, const rp_program *program, const rp_core *core)
{
    rp_buf_printf(out, "(%s", core_names[core->kind]);
    put_name(out, core);
    for (uint32_t i = 0; i < core->count; i++) {
        rp_buf_add_char(out, ' ');
        if (core->kind == RP_CORE_QUANTIFIER)
            rp_buf_printf(out, "%.*s in ", (int)core->vars[i]->name.len, core->vars[i]->name.ptr);
        rp_core_print(out, program, core->items[i]);
        if (core->kind != RP_CORE_QUANTIFIER || core->wheres[i] == NULL) continue;
        rp_buf_add_text(out, " where ");
        rp_core_print(out, program, core->wheres[i]);
    }
    const rp_core *const slots[] = {core->a, core->b, core->c};
    for (size_t i = 0; i < 3; i++) {
        if (slots[i] == NULL) continue;
        rp_buf_add_char(out, ' ');
        rp_core_print(out, program, slots[i]);
    }
    rp_buf_add_text(out, ")~");
    rp_buf_add_str(out, rp_type_name(program->arena, core->type));
}

static void print_policy(rp_buf *out, const rp_program *program, const rp_policy_decl *policy)
{
    rp_buf_printf(out, "policy %.*s on %.*s\n", (int)policy->name.len, policy->name.ptr,
                  policy->entity != NULL ? (int)policy->entity->name.len : 0,
                  policy->entity != NULL ? policy->entity->name.ptr : "");
    for (const rp_clause *clause = policy->clauses; clause != NULL; clause = clause->next) {
        rp_buf_add_text(out, clause->is_when ? "  when " : "  require ");
        rp_core_print(out, program, clause->condition);
        rp_buf_add_char(out, '\n');
        if (clause->message == NULL) continue;
        rp_buf_add_text(out, "    else ");
        rp_core_print(out, program, clause->message);
        rp_buf_add_char(out, '\n');
    }
}

void rp_typed_print(rp_buf *out, const rp_program *program)
{
    for (const rp_module *module = program->modules; module != NULL; module = module->next) {
        if (!module->given) continue;
        for (const rp_function *function = module->functions; function != NULL;
             function = function->next) {
            if (function->body == NULL) continue;
            rp_buf_printf(out, "def %.*s = ", (int)function->name.len, function->name.ptr);
            rp_core_print(out, program, function->body);
            rp_buf_add_char(out, '\n');
        }
        for (const rp_policy_decl *policy = module->policies; policy != NULL; policy = policy->next)
            print_policy(out, program, policy);
    }
}

// ---- values in frames ----

static void put_type(rp_buf *out, const rp_ir_type *type)
{
    rp_buf_add_text(out, rp_op_kind_name(type->kind));
    if (type->table != NULL)
        rp_buf_printf(out, " %.*s", (int)type->table->name.len, type->table->name.ptr);
    if (type->optional) rp_buf_add_char(out, '?');
}

static void put_about(rp_buf *out, const rp_ir *value)
{
    const rp_lcolumn *column = value->arg;
    if (value->op == RP_OP_LOAD || value->op == RP_OP_GATHER) {
        rp_buf_printf(out, " %.*s.%.*s", (int)column->table->name.len, column->table->name.ptr,
                      (int)column->name.len, column->name.ptr);
    }
    if (value->op == RP_OP_CONST) {
        const rp_ir_const *constant = value->arg;
        rp_buf_add_char(out, ' ');
        put_value(out, &constant->value, constant->value.type);
    }
}

static void print_frame(rp_buf *out, const rp_frame *frame, int indent)
{
    static const char *const names[] = {"scan", "rows", "unnest", "filter"};
    rp_buf_printf(out, "%*s%s %.*s", indent, "", names[frame->kind], (int)frame->table->name.len,
                  frame->table->name.ptr);
    if (frame->list != NULL)
        rp_buf_printf(out, " list %.*s", (int)frame->list->name.len, frame->list->name.ptr);
    if (frame->index != NULL) rp_buf_printf(out, " v%u", frame->index->id);
    rp_buf_add_char(out, '\n');
    for (const rp_ir *value = frame->values; value != NULL; value = value->next) {
        rp_buf_printf(out, "%*sv%u = %s", indent + 2, "", value->id, rp_op_get(value->op)->name);
        put_about(out, value);
        for (int i = 0; i < 3; i++) {
            if (value->in[i] != NULL) rp_buf_printf(out, " v%u", value->in[i]->id);
        }
        rp_buf_add_text(out, " : ");
        put_type(out, &value->type);
        rp_buf_add_char(out, '\n');
    }
    for (const rp_frame *child = frame->children; child != NULL; child = child->next)
        print_frame(out, child, indent + 2);
}

void rp_ir_print(rp_buf *out, rp_ir_program *ir)
{
    for (const rp_ltable *table = ir->tables; table != NULL; table = table->next) {
        if (table->scan != NULL) print_frame(out, table->scan, 0);
    }
}
