// Calls: built-in functions, functions and methods of the program, and `unknown("…")`.
#include "compiler/check.h"
#include "compiler/schema.h"
#include "compiler/scope.h"
#include "vm/base/text.h"

typedef struct builtin {
    rp_str name;
    const char *arguments;
    const char *result;
} builtin;

static const builtin builtins[] = {
#define BUILTIN(ID, name, arguments, result, meaning, example)                                     \
    {{name, sizeof(name) - 1}, arguments, result},
#include "compiler/builtins.def"
#undef BUILTIN
};
#define BUILTIN_COUNT (sizeof builtins / sizeof *builtins)

static const rp_type *letter_type(rp_program *program, const char **letters)
{
    const rp_type *type = NULL;
    switch (*(*letters)++) {
    case 'b': type = program->t_bool; break;
    case 'i': type = program->t_int; break;
    case 'f': type = program->t_float; break;
    case 's':
    case 'T': type = program->t_string; break;
    case 't': type = program->t_time; break;
    case 'd': type = program->t_duration; break;
    case 'c': type = program->t_cidr; break;
    case 'v': type = program->t_version; break;
    case 'S': type = rp_type_list(&program->types, program->t_string); break;
    case 'C': type = rp_type_list(&program->types, program->t_cidr); break;
    default: break; // L: any list or map
    }
    if (**letters == '?') {
        (*letters)++;
        type = rp_type_optional(type);
    }
    return type;
}

static uint32_t argument_count(const char *letters)
{
    uint32_t count = 0;
    for (; *letters != '\0'; letters++) count += *letters != '?';
    return count;
}

static bool count_fits(rp_check *check, const rp_node *node, rp_str name, uint32_t expected)
{
    uint32_t found = rp_node_list_count(node->b);
    if (found == expected) return true;
    char wanted[RP_TEXT_MAX];
    char given[RP_TEXT_MAX];
    rp_str wanted_text = {wanted, rp_text_print_int(expected, wanted)};
    rp_str given_text = {given, rp_text_print_int(found, given)};
    RP_DIAG(check->program->diags, ARGUMENT_COUNT, node->span, name, wanted_text, given_text);
    return false;
}

static bool is_list_or_map(rp_check *check, const rp_core *core)
{
    if (core->type->kind == RP_T_LIST || core->type->kind == RP_T_MAP ||
        core->type->kind == RP_T_POISON)
        return true;
    RP_DIAG(check->program->diags, NOT_A_LIST, core->span,
            rp_type_name(check->program->arena, core->type));
    return false;
}

static rp_core *builtin_argument(rp_check *check, const rp_node *node, const char **letters)
{
    bool literal = **letters == 'T';
    const rp_type *type = letter_type(check->program, letters);
    if (type == NULL) {
        rp_core *list = rp_check_expr(check, node, NULL);
        return is_list_or_map(check, list) ? list : rp_core_error(check, node->span);
    }
    rp_core *core = rp_check_as(check, node, type);
    if (literal && core->kind != RP_CORE_CONST && core->kind != RP_CORE_ERROR) {
        RP_DIAG0(check->program->diags, LITERAL_ARGUMENT, node->span);
        return rp_core_error(check, node->span);
    }
    return core;
}

static rp_core *check_builtin(rp_check *check, const rp_node *node, size_t index)
{
    const builtin *found = &builtins[index];
    uint32_t count = argument_count(found->arguments);
    if (!count_fits(check, node, found->name, count)) return rp_core_error(check, node->span);
    const char *result = found->result;
    rp_core *core =
        rp_core_new(check, RP_CORE_BUILTIN, letter_type(check->program, &result), node->span);
    core->op = (int)index;
    core->count = count;
    core->items = RP_NEW_ARRAY(check->program->arena, rp_core *, count);
    const char *letters = found->arguments;
    uint32_t i = 0;
    bool failed = false;
    for (const rp_node *at = node->b; at != NULL; at = at->next) {
        core->items[i] = builtin_argument(check, at, &letters);
        failed |= core->items[i++]->kind == RP_CORE_ERROR;
    }
    return failed ? rp_core_error(check, node->span) : core;
}

// ---- unknown ----

static rp_core *check_unknown(rp_check *check, const rp_node *node, const rp_type *hint)
{
    const rp_node *reason = node->b;
    if (reason == NULL || reason->next != NULL || reason->kind != RP_NODE_STRING) {
        RP_DIAG0(check->program->diags, UNKNOWN_REASON, node->span);
        return rp_core_error(check, node->span);
    }
    const rp_type *type = hint != NULL && hint->kind != RP_T_POISON ? rp_type_required(hint)
                                                                    : check->program->t_unknown;
    rp_core *core = rp_core_new(check, RP_CORE_UNKNOWN, type, node->span);
    core->value.text = reason->text;
    return core;
}

// ---- functions and methods ----

void rp_check_signature(rp_program *program, rp_function *function)
{
    if (function->type != NULL) return;
    const rp_node *node = function->node;
    function->type = rp_schema_type(program, function->module, node->b);
    const rp_node *first = node->kind == RP_NODE_METHOD     ? node->a->next
                           : node->kind == RP_NODE_FUNCTION ? node->a
                                                            : NULL;
    function->arg_count = rp_node_list_count(first);
    function->args = RP_NEW_ARRAY(program->arena, rp_var *, function->arg_count);
    uint32_t i = 0;
    for (const rp_node *at = first; at != NULL; at = at->next) {
        rp_var *var = RP_NEW(program->arena, rp_var);
        *var = (rp_var){.name = at->text,
                        .type = rp_schema_type(program, function->module, at->a),
                        .span = at->name,
                        .id = program->var_ids++,
                        .used = true};
        for (uint32_t j = 0; j < i; j++) {
            if (rp_str_equal(function->args[j]->name, var->name))
                RP_DIAG(program->diags, DUPLICATE_NAME, at->name, at->text);
        }
        function->args[i++] = var;
    }
    if (function->receiver != NULL) {
        rp_var *self = RP_NEW(program->arena, rp_var);
        *self = function->receiver->self;
        self->id = program->var_ids++;
        function->receiver_var = self;
    }
}

static void enter_arguments(rp_check *check, rp_function *function)
{
    if (function->receiver_var != NULL) {
        function->receiver_var->next = NULL;
        check->scope = function->receiver_var;
    }
    for (uint32_t i = 0; i < function->arg_count; i++) {
        rp_check_hiding(check, function->args[i]->name, function->args[i]->span);
        function->args[i]->next = check->scope;
        check->scope = function->args[i];
    }
}

void rp_check_function(rp_program *program, rp_function *function)
{
    rp_check_signature(program, function);
    if (function->state != RP_STATE_NEW) return;
    function->state = RP_STATE_BUSY;
    rp_check check = {.program = program, .module = function->module};
    enter_arguments(&check, function);
    function->body = rp_check_as(&check, function->body_node, function->type);
    function->state = RP_STATE_DONE;
}

bool rp_check_is_cycle(rp_check *check, rp_function *function, rp_span span)
{
    rp_check_function(check->program, function);
    if (function->state != RP_STATE_BUSY) return false;
    RP_DIAG(check->program->diags, DEFINITION_CYCLE, span, function->name);
    return true;
}

static rp_core *call_function(rp_check *check, const rp_node *node, rp_function *function,
                              rp_core *receiver)
{
    function->used = true;
    rp_check_signature(check->program, function);
    if (rp_check_is_cycle(check, function, node->span)) return rp_core_error(check, node->span);
    if (!count_fits(check, node, function->name, function->arg_count))
        return rp_core_error(check, node->span);
    const rp_type *type = function->type;
    if (receiver != NULL && receiver->type->optional) type = rp_type_optional(type);
    rp_core *core = rp_core_new(check, RP_CORE_CALL, type, node->span);
    core->of.function = function;
    core->a = receiver;
    core->count = function->arg_count;
    core->items = RP_NEW_ARRAY(check->program->arena, rp_core *, core->count);
    bool failed = false;
    uint32_t i = 0;
    for (const rp_node *at = node->b; at != NULL; at = at->next) {
        core->items[i] = rp_check_as(check, at, function->args[i]->type);
        failed |= core->items[i++]->kind == RP_CORE_ERROR;
    }
    return failed ? rp_core_error(check, node->span) : core;
}

static rp_core *call_named(rp_check *check, const rp_node *node, rp_str qualifier,
                           const rp_node *name, const rp_type *hint)
{
    if (qualifier.len == 0 && rp_str_equal(name->text, RP_STR("unknown")))
        return check_unknown(check, node, hint);
    for (size_t i = 0; i < BUILTIN_COUNT && qualifier.len == 0; i++) {
        if (rp_str_equal(name->text, builtins[i].name)) return check_builtin(check, node, i);
    }
    rp_meaning found;
    if (!rp_scope_find(check->program, check->module, RP_SPACE_FUNCTION, qualifier, name->text,
                       name->span, &found)) {
        return rp_core_error(check, node->span);
    }
    return call_function(check, node, found.function, NULL);
}

static bool names_module(rp_check *check, const rp_node *object)
{
    if (object->kind != RP_NODE_NAME) return false;
    for (rp_var *var = check->scope; var != NULL && !var->barrier; var = var->next) {
        if (rp_str_equal(var->name, object->text)) return false;
    }
    rp_meaning found;
    if (rp_scope_peek(check->module, RP_SPACE_VALUE, RP_STR_EMPTY, object->text, &found))
        return false;
    if (rp_str_equal(object->text, check->module->name)) return true;
    for (rp_import *import = check->module->imports; import != NULL; import = import->next) {
        if (rp_str_equal(import->alias, object->text)) return true;
    }
    return false;
}

static void report_method(rp_check *check, const rp_node *callee, rp_entity *entity)
{
    rp_diag *diag = RP_DIAG(check->program->diags, UNKNOWN_FUNCTION, callee->name, callee->text);
    rp_suggest best = rp_suggest_start(callee->text);
    for (rp_field *field = entity->fields; field != NULL; field = field->next) {
        if (field->kind == RP_FIELD_METHOD) rp_suggest_add(&best, field->name);
    }
    rp_suggest_help(check->program->diags, diag, &best);
}

static rp_core *call_method(rp_check *check, const rp_node *node)
{
    const rp_node *callee = node->a;
    rp_core *receiver = rp_check_expr(check, callee->a, NULL);
    if (receiver->type->kind == RP_T_POISON) return rp_core_error(check, node->span);
    if (receiver->type->kind != RP_T_REF) {
        RP_DIAG(check->program->diags, NO_FIELDS, callee->name,
                rp_type_name(check->program->arena, receiver->type), callee->text);
        return rp_core_error(check, node->span);
    }
    rp_field *field = rp_scope_field(check->module, receiver->type->entity, callee->text);
    if (field == NULL || field->kind != RP_FIELD_METHOD) {
        report_method(check, callee, receiver->type->entity);
        return rp_core_error(check, node->span);
    }
    if (receiver->type->optional && callee->kind == RP_NODE_FIELD && !check->in_text) {
        rp_diag *diag = RP_DIAG(check->program->diags, OPTIONAL_FIELD, node->span, callee->text);
        RP_HELP(check->program->diags, diag, "write `?.{0}`, or ask first whether it `is present`",
                callee->text);
        return rp_core_error(check, node->span);
    }
    return call_function(check, node, field->function, receiver);
}

rp_core *rp_check_call(rp_check *check, const rp_node *node, const rp_type *hint)
{
    const rp_node *callee = node->a;
    if (callee->kind == RP_NODE_NAME) return call_named(check, node, RP_STR_EMPTY, callee, hint);
    if (callee->kind != RP_NODE_FIELD && callee->kind != RP_NODE_OPT_FIELD) {
        RP_DIAG0(check->program->diags, NOT_A_FUNCTION, callee->span);
        return rp_core_error(check, node->span);
    }
    if (names_module(check, callee->a))
        return call_named(check, node, callee->a->text, callee, hint);
    return call_method(check, node);
}
