// Names, fields, literals, conversions: the expressions that are not operators.
#include "compiler/check.h"
#include "compiler/scope.h"
#include "vm/base/text.h"

// Each field is set for itself: to clear an expression as a whole first takes longer.
rp_core *rp_core_new(rp_check *check, rp_core_kind kind, const rp_type *type, rp_span span)
{
    rp_core *core = rp_arena_alloc(check->program->arena, sizeof *core);
    core->kind = kind;
    core->op = 0;
    core->type = type;
    core->span = span;
    core->a = core->b = core->c = NULL;
    core->items = core->wheres = NULL;
    core->vars = NULL;
    core->names = NULL;
    core->count = 0;
    core->value = (rp_value){.type = NULL};
    core->of.var = NULL;
    return core;
}

rp_core *rp_core_error(rp_check *check, rp_span span)
{
    return rp_core_new(check, RP_CORE_ERROR, check->program->t_poison, span);
}

rp_core *rp_core_bool(rp_check *check, bool value, rp_span span)
{
    rp_core *core = rp_core_new(check, RP_CORE_CONST, check->program->t_bool, span);
    core->value = (rp_value){.type = check->program->t_bool, .number = value};
    return core;
}

static rp_core *constant(rp_check *check, const rp_type *type, rp_value value, rp_span span)
{
    rp_core *core = rp_core_new(check, RP_CORE_CONST, type, span);
    value.type = type;
    core->value = value;
    return core;
}

// ---- variables ----

void rp_check_hiding(rp_check *check, rp_str name, rp_span span)
{
    for (rp_var *var = check->scope; var != NULL; var = var->next) {
        if (var->barrier || !rp_str_equal(var->name, name)) continue;
        rp_diag *diag = RP_DIAG(check->program->diags, HIDES, span, name);
        RP_NOTE(check->program->diags, diag, var->span, "`{0}` is introduced here", name);
        return;
    }
    const rp_param_decl *param = rp_module_find(check->module, RP_DECL_PARAM, name);
    const rp_let *let = rp_module_find(check->module, RP_DECL_LET, name);
    if (param == NULL && let == NULL) return;
    rp_diag *diag = RP_DIAG(check->program->diags, HIDES, span, name);
    RP_NOTE(check->program->diags, diag, param != NULL ? param->node->name : let->node->name,
            "`{0}` is introduced here", name);
}

rp_var *rp_check_var(rp_check *check, rp_str name, const rp_type *type, rp_span span)
{
    rp_var *var = RP_NEW(check->program->arena, rp_var);
    *var = (rp_var){.name = name,
                    .type = type,
                    .span = span,
                    .id = check->program->var_ids++,
                    .next = check->scope};
    check->scope = var;
    return var;
}

static rp_var *find_var(rp_check *check, rp_str name)
{
    for (rp_var *var = check->scope; var != NULL && !var->barrier; var = var->next) {
        if (rp_str_equal(var->name, name)) return var;
    }
    return NULL;
}

static rp_core *use_var(rp_check *check, rp_var *var, rp_span span)
{
    var->used = true;
    if (var->ambiguous) {
        RP_DIAG(check->program->diags, WITNESS_AMBIGUOUS, span, var->name);
        return rp_core_error(check, span);
    }
    if (var->alias != NULL) return var->alias;
    rp_core *core = rp_core_new(check, RP_CORE_VAR, var->type, span);
    core->of.var = var;
    return core;
}

static rp_core *use_param(rp_check *check, rp_param_decl *param, rp_span span)
{
    param->used = true;
    if (check->no_params) {
        RP_DIAG(check->program->diags, NOT_CONSTANT, span, param->name);
        return rp_core_error(check, span);
    }
    rp_core *core = rp_core_new(check, RP_CORE_PARAM, param->type, span);
    core->of.param = param;
    return core;
}

static rp_core *use_value(rp_check *check, const rp_meaning *found, rp_span span)
{
    if (found->param != NULL) return use_param(check, found->param, span);
    found->let->used = true;
    return rp_check_let(check->program, found->let);
}

static void suggest_variables(rp_check *check, rp_str name, rp_diag *diag)
{
    rp_suggest best = rp_suggest_start(name);
    for (rp_var *var = check->scope; var != NULL && !var->barrier; var = var->next)
        rp_suggest_add(&best, var->name);
    for (rp_param_decl *param = check->module->params; param != NULL; param = param->next)
        rp_suggest_add(&best, param->name);
    for (rp_let *let = check->module->lets; let != NULL; let = let->next)
        rp_suggest_add(&best, let->name);
    rp_suggest_help(check->program->diags, diag, &best);
}

static bool is_null_word(rp_str name)
{
    return rp_str_equal(name, RP_STR("null")) || rp_str_equal(name, RP_STR("nil")) ||
           rp_str_equal(name, RP_STR("undefined"));
}

static rp_core *check_name(rp_check *check, const rp_node *node)
{
    rp_var *var = find_var(check, node->text);
    if (var != NULL) return use_var(check, var, node->span);
    if (rp_str_equal(node->text, RP_STR("now"))) {
        return rp_core_new(check, RP_CORE_NOW, check->program->t_time, node->span);
    }
    rp_meaning found;
    if (rp_scope_peek(check->module, RP_SPACE_VALUE, RP_STR_EMPTY, node->text, &found)) {
        return use_value(check, &found, node->span);
    }
    if (is_null_word(node->text)) {
        RP_DIAG(check->program->diags, FOREIGN, node->span, node->text, RP_STR("absent"));
        return rp_core_error(check, node->span);
    }
    rp_diag *diag = RP_DIAG(check->program->diags, UNKNOWN_NAME, node->span, node->text);
    if (rp_scope_peek(check->module, RP_SPACE_TYPE, RP_STR_EMPTY, node->text, &found))
        RP_HELP(check->program->diags, diag,
                "`{0}` is a type, and nothing here is about one of them", node->text);
    else
        suggest_variables(check, node->text, diag);
    return rp_core_error(check, node->span);
}

// ---- fields ----

// An optional path that a condition has shown to be there loses its `?`.
static rp_core *narrowed(rp_check *check, rp_core *core)
{
    if (!core->type->optional || !rp_narrow_proves(check, core)) return core;
    rp_core *assume = rp_core_new(check, RP_CORE_ASSUME, rp_type_required(core->type), core->span);
    assume->a = core;
    return assume;
}

static void report_field(rp_check *check, const rp_node *node, rp_entity *entity)
{
    rp_diag *diag =
        RP_DIAG(check->program->diags, UNKNOWN_FIELD, node->name, entity->name, node->text);
    rp_suggest best = rp_suggest_start(node->text);
    for (rp_field *field = entity->fields; field != NULL; field = field->next) {
        if (field->module == entity->module || rp_scope_sees(check->module, field->module)) {
            rp_suggest_add(&best, field->name);
        }
    }
    rp_suggest_help(check->program->diags, diag, &best);
}

static void report_optional(rp_check *check, rp_core *object, const rp_node *node)
{
    rp_diag *diag = RP_DIAG(check->program->diags, OPTIONAL_FIELD, node->span, node->text);
    RP_HELP(check->program->diags, diag,
            "write `?.{0}`, or ask first: `{1} is present and …`, `when {1} is present`",
            node->text, rp_str_from("x"));
    (void)object;
}

static const rp_type *field_type(rp_check *check, const rp_field *field)
{
    if (field->function != NULL) rp_check_signature(check->program, field->function);
    return field->function != NULL ? field->function->type : field->type;
}

static rp_core *make_field(rp_check *check, rp_core *object, rp_field *field, rp_span span)
{
    const rp_type *type = field_type(check, field);
    rp_core *core = rp_core_new(check, RP_CORE_FIELD,
                                object->type->optional ? rp_type_optional(type) : type, span);
    core->a = object;
    core->of.field = field;
    if (field->kind == RP_FIELD_DERIVED && rp_check_is_cycle(check, field->function, span))
        return rp_core_error(check, span);
    return narrowed(check, core);
}

static rp_core *record_member(rp_check *check, rp_core *record, rp_str name)
{
    for (uint32_t i = 0; i < record->count; i++) {
        if (rp_str_equal(record->names[i], name)) return record->items[i];
    }
    (void)check;
    return NULL;
}

static bool is_module_name(rp_check *check, const rp_node *object, const rp_meaning *ignored)
{
    (void)ignored;
    rp_meaning found;
    if (object->kind != RP_NODE_NAME || find_var(check, object->text) != NULL) return false;
    if (rp_scope_peek(check->module, RP_SPACE_VALUE, RP_STR_EMPTY, object->text, &found))
        return false;
    if (rp_str_equal(object->text, check->module->name)) return true;
    for (rp_import *import = check->module->imports; import != NULL; import = import->next) {
        if (rp_str_equal(import->alias, object->text)) return true;
    }
    return false;
}

static rp_core *check_qualified(rp_check *check, const rp_node *node)
{
    rp_meaning found;
    if (!rp_scope_find(check->program, check->module, RP_SPACE_VALUE, node->a->text, node->text,
                       node->span, &found)) {
        return rp_core_error(check, node->span);
    }
    return use_value(check, &found, node->span);
}

static rp_core *check_field(rp_check *check, const rp_node *node)
{
    if (node->kind == RP_NODE_FIELD && is_module_name(check, node->a, NULL))
        return check_qualified(check, node);
    rp_core *object = rp_check_expr(check, node->a, NULL);
    if (object->type->kind == RP_T_POISON) return rp_core_error(check, node->span);
    if (object->type->kind != RP_T_REF) {
        rp_diag *diag = RP_DIAG(check->program->diags, NO_FIELDS, node->name,
                                rp_type_name(check->program->arena, object->type), node->text);
        if (object->type->kind == RP_T_LIST) {
            RP_HELP(check->program->diags, diag, "ask about its members: `any x in …: x.{0}`",
                    node->text);
        }
        return rp_core_error(check, node->span);
    }
    rp_field *field = rp_scope_field(check->module, object->type->entity, node->text);
    if (field == NULL) {
        report_field(check, node, object->type->entity);
        return rp_core_error(check, node->span);
    }
    if (field->kind == RP_FIELD_METHOD) {
        RP_DIAG(check->program->diags, METHOD_AS_FIELD, node->name, node->text);
        return rp_core_error(check, node->span);
    }
    bool optional = object->type->optional;
    if (optional && node->kind == RP_NODE_FIELD && !check->in_text) {
        report_optional(check, object, node);
        return rp_core_error(check, node->span);
    }
    if (!optional && node->kind == RP_NODE_OPT_FIELD && object->kind != RP_CORE_ASSUME) {
        RP_DIAG(check->program->diags, NEVER_ABSENT, node->name, RP_STR("?."));
    }
    if (object->kind == RP_CORE_RECORD) {
        rp_core *member = record_member(check, object, node->text);
        if (member != NULL) return member;
    }
    return make_field(check, object, field, node->span);
}

static rp_core *check_index(rp_check *check, const rp_node *node)
{
    rp_core *map = rp_check_expr(check, node->a, NULL);
    if (map->type->kind == RP_T_POISON) return rp_core_error(check, node->span);
    if (map->type->kind != RP_T_MAP) {
        RP_DIAG(check->program->diags, NOT_A_MAP, node->span,
                rp_type_name(check->program->arena, map->type));
        return rp_core_error(check, node->span);
    }
    rp_core *key = rp_check_as(check, node->b, check->program->t_string);
    rp_core *core =
        rp_core_new(check, RP_CORE_LOOKUP, rp_type_optional(map->type->element), node->span);
    core->a = map;
    core->b = key;
    return narrowed(check, core);
}

// ---- literals ----

static rp_core *check_number(rp_check *check, const rp_node *node, const rp_type *hint)
{
    rp_program *program = check->program;
    rp_value value = {.number = node->value.number};
    switch (node->kind) {
    case RP_NODE_INT:
        if (hint != NULL && hint->kind == RP_T_FLOAT) {
            value.real = (double)node->value.number;
            return constant(check, program->t_float, value, node->span);
        }
        return constant(check, program->t_int, value, node->span);
    case RP_NODE_FLOAT:
        return constant(check, program->t_float, (rp_value){.real = node->value.real}, node->span);
    case RP_NODE_DURATION: return constant(check, program->t_duration, value, node->span);
    case RP_NODE_TIME: return constant(check, program->t_time, value, node->span);
    default: return constant(check, program->t_bool, value, node->span);
    }
}

// A string takes its type from where it stands.
static rp_core *check_string(rp_check *check, const rp_node *node, const rp_type *hint)
{
    const rp_type *type = check->program->t_string;
    bool parses = hint != NULL && (hint->kind == RP_T_ENUM || hint->kind == RP_T_CIDR ||
                                   hint->kind == RP_T_VERSION);
    if (parses) type = rp_type_required(hint);
    rp_value value = {.text = node->text};
    if (parses && !rp_check_literal_text(check->program, node->text, node->span, type, &value)) {
        return rp_core_error(check, node->span);
    }
    return constant(check, type, value, node->span);
}

static rp_core *check_list(rp_check *check, const rp_node *node, const rp_type *hint)
{
    rp_core *core = rp_core_new(check, RP_CORE_LIST, check->program->t_poison, node->span);
    const rp_type *element = hint != NULL && hint->kind == RP_T_LIST ? hint->element : NULL;
    core->count = rp_node_list_count(node->a);
    if (core->count > 4096)
        RP_DIAG(check->program->diags, LIMIT, node->span, RP_STR("members of a list"),
                RP_STR("4096"));
    core->items = RP_NEW_ARRAY(check->program->arena, rp_core *, core->count);
    uint32_t i = 0;
    for (const rp_node *at = node->a; at != NULL; at = at->next) {
        rp_core *item = rp_check_expr(check, at, element);
        const rp_type *joined = element == NULL ? item->type : rp_type_join(item->type, element);
        if (item->type->kind != RP_T_POISON && (joined == NULL || joined->optional)) {
            item = rp_check_convert(check, item,
                                    element != NULL ? element : rp_type_required(item->type));
        } else if (item->type->kind != RP_T_POISON) {
            element = joined;
        }
        core->items[i++] = item;
    }
    if (element == NULL && core->count > 0) return rp_core_error(check, node->span);
    if (element != NULL && (element->kind == RP_T_LIST || element->kind == RP_T_MAP)) {
        RP_DIAG(check->program->diags, LIST_OF, node->span,
                rp_type_name(check->program->arena, element));
        return rp_core_error(check, node->span);
    }
    for (i = 0; i < core->count; i++)
        core->items[i] = rp_check_convert(check, core->items[i], element);
    core->type =
        rp_type_list(&check->program->types, element != NULL ? element : check->program->t_unknown);
    return core;
}

static rp_core *missing_record_member(rp_check *check, const rp_field *field, rp_span span)
{
    if (field->type->kind == RP_T_LIST || field->type->kind == RP_T_MAP) {
        rp_core *empty = rp_core_new(check, RP_CORE_LIST, field->type, span);
        return empty;
    }
    if (field->fallback != NULL) return constant(check, field->type, *field->fallback, span);
    if (field->type->optional) return rp_core_new(check, RP_CORE_ABSENT, field->type, span);
    rp_core *unknown = rp_core_new(check, RP_CORE_UNKNOWN, field->type, span);
    return unknown;
}

static const rp_node *pair_named(const rp_node *record, rp_str name)
{
    for (const rp_node *pair = record->a; pair != NULL; pair = pair->next) {
        if (rp_str_equal(pair->text, name)) return pair;
    }
    return NULL;
}

// Maps are read from rows; only the empty one can be written.
static rp_core *check_map_literal(rp_check *check, const rp_node *node, const rp_type *type)
{
    if (node->a == NULL) return rp_core_new(check, RP_CORE_LIST, type, node->span);
    RP_DIAG0(check->program->diags, MAP_SOURCE, node->span);
    return rp_core_error(check, node->span);
}

static rp_core *check_record(rp_check *check, const rp_node *node, const rp_type *hint)
{
    if (hint != NULL && hint->kind == RP_T_MAP) return check_map_literal(check, node, hint);
    if (hint == NULL || hint->kind != RP_T_REF || hint->entity->is_resource) {
        RP_DIAG0(check->program->diags, RECORD_TYPE, node->span);
        return rp_core_error(check, node->span);
    }
    rp_entity *entity = hint->entity;
    rp_core *core = rp_core_new(check, RP_CORE_RECORD, rp_type_required(hint), node->span);
    for (rp_field *field = entity->fields; field != NULL; field = field->next)
        core->count += field->kind == RP_FIELD_FACT;
    core->items = RP_NEW_ARRAY(check->program->arena, rp_core *, core->count);
    rp_str *names = RP_NEW_ARRAY(check->program->arena, rp_str, core->count);
    uint32_t i = 0;
    for (rp_field *field = entity->fields; field != NULL; field = field->next) {
        if (field->kind != RP_FIELD_FACT) continue;
        const rp_node *pair = pair_named(node, field->name);
        names[i] = field->name;
        core->items[i++] = pair != NULL ? rp_check_as(check, pair->a, field->type)
                                        : missing_record_member(check, field, node->span);
    }
    core->names = names;
    for (const rp_node *pair = node->a; pair != NULL; pair = pair->next) {
        if (rp_scope_field(check->module, entity, pair->text) == NULL)
            report_field(check, pair, entity);
    }
    return core;
}

// ---- conversions ----

static rp_core *retyped(rp_check *check, const rp_core *core, const rp_type *type)
{
    rp_core *copy = rp_arena_alloc(check->program->arena, sizeof *copy);
    *copy = *core;
    copy->type = type;
    return copy;
}

static rp_core *to_float(rp_check *check, rp_core *core, const rp_type *due)
{
    if (core->kind == RP_CORE_CONST) {
        return constant(check, check->program->t_float,
                        (rp_value){.real = (double)core->value.number}, core->span);
    }
    const rp_type *type =
        core->type->optional ? rp_type_optional(check->program->t_float) : check->program->t_float;
    rp_core *converted = rp_core_new(check, RP_CORE_TO_FLOAT, type, core->span);
    converted->a = core;
    (void)due;
    return converted;
}

static void report_mismatch(rp_check *check, const rp_core *core, const rp_type *due)
{
    rp_program *program = check->program;
    rp_str found = rp_type_name(program->arena, core->type);
    rp_str wanted = rp_type_name(program->arena, due);
    if (core->type->optional && rp_type_fits(rp_type_required(core->type), due)) {
        rp_diag *diag = RP_DIAG(program->diags, OPTIONAL_VALUE, core->span, found, wanted);
        RP_HELP0(program->diags, diag,
                 "say what holds when it is absent: `x ?? default`, or `x is present and …`");
        return;
    }
    RP_DIAG(program->diags, TYPE_MISMATCH, core->span, wanted, found);
}

rp_core *rp_check_convert(rp_check *check, rp_core *core, const rp_type *due)
{
    if (core->type->kind == RP_T_POISON || due == NULL || due->kind == RP_T_POISON ||
        core->type == due)
        return core;
    if (core->type->kind == RP_T_LIST && core->type->element == check->program->t_unknown &&
        due->kind == RP_T_LIST) {
        return retyped(check, core, due); // `[]`
    }
    if (!rp_type_fits(core->type, due)) {
        report_mismatch(check, core, due);
        return rp_core_error(check, core->span);
    }
    if (core->type->kind == RP_T_NOTHING) return retyped(check, core, due);
    if (core->type->kind == RP_T_INT && due->kind == RP_T_FLOAT) return to_float(check, core, due);
    return core;
}

rp_core *rp_check_as(rp_check *check, const rp_node *node, const rp_type *due)
{
    return rp_check_convert(check, rp_check_expr(check, node, due), due);
}

rp_core *rp_check_condition(rp_check *check, const rp_node *node)
{
    return rp_check_as(check, node, check->program->t_bool);
}

// ---- texts ----

static bool prints(const rp_type *type)
{
    if (type->kind == RP_T_LIST) return prints(type->element);
    if (type->kind == RP_T_REF) return type->entity->is_resource;
    return type->kind != RP_T_MAP;
}

static rp_core *check_hole(rp_check *check, const rp_node *node)
{
    rp_core *core = rp_check_expr(check, node, NULL);
    if (prints(core->type)) return core;
    RP_DIAG(check->program->diags, NOT_PRINTABLE, node->span,
            rp_type_name(check->program->arena, core->type));
    return rp_core_error(check, node->span);
}

rp_core *rp_check_text(rp_check *check, const rp_node *node)
{
    rp_core *text = rp_core_new(check, RP_CORE_TEXT, check->program->t_string, node->span);
    rp_check inner = *check;
    inner.in_text = true;
    if (node->kind == RP_NODE_STRING) {
        text->count = 1;
        text->items = RP_NEW(check->program->arena, rp_core *);
        text->items[0] = check_string(&inner, node, NULL);
        return text;
    }
    text->count = rp_node_list_count(node->a);
    text->items = RP_NEW_ARRAY(check->program->arena, rp_core *, text->count);
    uint32_t i = 0;
    for (const rp_node *piece = node->a; piece != NULL; piece = piece->next, i++) {
        text->items[i] = i % 2 == 0 ? check_string(&inner, piece, NULL) : check_hole(&inner, piece);
    }
    return text;
}

// ---- dispatch ----

static rp_core *interpolation(rp_check *check, const rp_node *node)
{
    RP_DIAG0(check->program->diags, INTERPOLATION, node->span);
    return rp_core_error(check, node->span);
}

rp_core *rp_check_expr(rp_check *check, const rp_node *node, const rp_type *hint)
{
    switch (node->kind) {
    case RP_NODE_INT:
    case RP_NODE_FLOAT:
    case RP_NODE_DURATION:
    case RP_NODE_TIME:
    case RP_NODE_BOOL: return check_number(check, node, hint);
    case RP_NODE_ABSENT:
        return rp_core_new(check, RP_CORE_ABSENT, check->program->t_absent, node->span);
    case RP_NODE_STRING: return check_string(check, node, hint);
    case RP_NODE_TEXT: return interpolation(check, node);
    case RP_NODE_NAME: return narrowed(check, check_name(check, node));
    case RP_NODE_FIELD:
    case RP_NODE_OPT_FIELD: return check_field(check, node);
    case RP_NODE_INDEX: return check_index(check, node);
    case RP_NODE_CALL: return narrowed(check, rp_check_call(check, node, hint));
    case RP_NODE_LIST: return check_list(check, node, hint);
    case RP_NODE_RECORD: return check_record(check, node, hint);
    case RP_NODE_UNARY: return rp_check_unary(check, node, hint);
    case RP_NODE_BINARY: return rp_check_binary(check, node, hint);
    case RP_NODE_RANGE: return rp_check_range(check, node);
    case RP_NODE_IS: return rp_check_is(check, node);
    case RP_NODE_IF: return rp_check_if(check, node, hint);
    case RP_NODE_MATCH: return rp_check_match(check, node, hint);
    case RP_NODE_QUANTIFIER: return rp_check_quantifier(check, node, hint);
    default: return rp_core_error(check, node->span);
    }
}
