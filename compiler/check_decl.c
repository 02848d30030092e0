// Declarations: parameters, constants, definitions, policies and their clauses.
#include "compiler/check.h"
#include "compiler/declare.h"
#include "compiler/schema.h"
#include "compiler/scope.h"
#include "vm/base/text.h"

// ---- literals ----

static bool enum_member(rp_program *program, rp_str text, rp_span span, const rp_enum *members)
{
    if (rp_enum_has(members, text)) return true;
    rp_diag *diag = RP_DIAG(program->diags, UNKNOWN_ENUM_VALUE, span, text,
                            members->name.len > 0 ? members->name : RP_STR("its type"));
    rp_suggest best = rp_suggest_start(text);
    for (uint32_t i = 0; i < members->count; i++) rp_suggest_add(&best, members->values[i]);
    rp_suggest_help(program->diags, diag, &best);
    return false;
}

static bool range_text(rp_program *program, rp_str text, rp_span span, rp_value *out)
{
    rp_cidr range;
    char canonical[RP_TEXT_MAX];
    if (!rp_cidr_parse(text, &range)) {
        RP_DIAG(program->diags, BAD_CIDR, span, text);
        return false;
    }
    out->text = rp_arena_str(program->arena, (rp_str){canonical, rp_cidr_print(&range, canonical)});
    return true;
}

bool rp_check_literal_text(rp_program *program, rp_str text, rp_span span, const rp_type *type,
                           rp_value *out)
{
    out->type = type;
    out->text = text;
    switch (type->kind) {
    case RP_T_ENUM: return enum_member(program, text, span, type->members);
    case RP_T_CIDR: return range_text(program, text, span, out);
    case RP_T_VERSION:
        if (rp_version_is_valid(text)) return true;
        RP_DIAG(program->diags, BAD_VERSION, span, text);
        return false;
    default: return true;
    }
}

static rp_value *copy_value(rp_program *program, const rp_value *value)
{
    rp_value *copy = RP_NEW(program->arena, rp_value);
    *copy = *value;
    return copy;
}

rp_value *rp_check_literal(rp_program *program, rp_module *module, const rp_node *node,
                           const rp_type *type)
{
    rp_check check = {.program = program, .module = module, .constant = true, .no_params = true};
    rp_core *core = rp_check_as(&check, node, type);
    if (core->kind == RP_CORE_CONST) return copy_value(program, &core->value);
    if (core->kind == RP_CORE_ABSENT)
        return copy_value(program, &(rp_value){.type = type, .absent = true});
    if (core->kind != RP_CORE_ERROR)
        RP_DIAG(program->diags, NOT_CONSTANT, node->span, RP_STR("this"));
    return NULL;
}

// ---- parameters ----

static int compare_values(const rp_value *a, const rp_value *b)
{
    if (a->type->kind == RP_T_FLOAT) return (a->real > b->real) - (a->real < b->real);
    if (a->type->kind == RP_T_VERSION) return rp_version_compare(a->text, b->text);
    return (a->number > b->number) - (a->number < b->number);
}

static bool equal_values(const rp_value *a, const rp_value *b)
{
    return rp_type_is_text(a->type) || a->type->kind == RP_T_CIDR ? rp_str_equal(a->text, b->text)
                                                                  : compare_values(a, b) == 0;
}

static bool is_allowed(const rp_param_decl *param, const rp_value *value)
{
    if (value->absent) return true;
    if (param->min != NULL && compare_values(value, param->min) < 0) return false;
    if (param->max != NULL && compare_values(value, param->max) > 0) return false;
    if (param->allowed == NULL) return true;
    for (uint32_t i = 0; i < param->allowed_count; i++) {
        if (equal_values(&param->allowed[i], value)) return true;
    }
    return false;
}

static void hold_limits(rp_program *program, rp_param_decl *param, rp_span span)
{
    for (uint32_t i = 0; i < param->value_count; i++) {
        if (!is_allowed(param, &param->values[i]))
            RP_DIAG(program->diags, PARAM_VALUE, span, param->name);
    }
    if (!param->has_size) return;
    int64_t size = (int64_t)param->value_count;
    if (size < param->size_min || size > param->size_max)
        RP_DIAG(program->diags, PARAM_VALUE, span, param->name);
}

static bool constant_value(rp_program *program, const rp_core *core, rp_value *out)
{
    if (core->kind == RP_CORE_CONST)
        *out = core->value;
    else if (core->kind == RP_CORE_ABSENT)
        *out = (rp_value){.type = core->type, .absent = true};
    else {
        if (core->kind != RP_CORE_ERROR)
            RP_DIAG(program->diags, NOT_CONSTANT, core->span, RP_STR("this"));
        return false;
    }
    return true;
}

static void take_values(rp_program *program, rp_param_decl *param, const rp_core *core)
{
    bool list = core->kind == RP_CORE_LIST;
    uint32_t count = list ? core->count : 1;
    rp_value *values = RP_NEW_ARRAY(program->arena, rp_value, count);
    for (uint32_t i = 0; i < count; i++) {
        if (!constant_value(program, list ? core->items[i] : core, &values[i])) return;
    }
    param->values = values;
    param->value_count = count;
    param->has_default = true;
}

static void set_param(rp_program *program, rp_module *module, rp_param_decl *param,
                      const rp_node *node)
{
    rp_check check = {.program = program, .module = module, .constant = true, .no_params = true};
    rp_core *core = rp_check_as(&check, node, param->type);
    if (core->kind == RP_CORE_ERROR) return;
    take_values(program, param, core);
    hold_limits(program, param, node->span);
}

static const rp_type *member_type(const rp_type *type)
{
    return rp_type_required(type->kind == RP_T_LIST ? type->element : type);
}

static void check_limit_list(rp_program *program, rp_param_decl *param, const rp_node *node)
{
    rp_check check = {
        .program = program, .module = param->module, .constant = true, .no_params = true};
    rp_core *list =
        rp_check_as(&check, node, rp_type_list(&program->types, member_type(param->type)));
    if (list->kind != RP_CORE_LIST) return;
    param->allowed = RP_NEW_ARRAY(program->arena, rp_value, list->count + 1);
    for (uint32_t i = 0; i < list->count; i++) {
        if (constant_value(program, list->items[i], &param->allowed[i])) param->allowed_count++;
    }
}

static void check_limit(rp_program *program, rp_param_decl *param, const rp_node *limit)
{
    if (limit->kind == RP_NODE_LIMIT_SIZE) {
        param->has_size = true;
        param->size_min = limit->a->value.number;
        param->size_max = limit->b->value.number;
        if (param->size_min > param->size_max || param->type->kind != RP_T_LIST)
            RP_DIAG0(program->diags, PARAM_LIMITS, limit->span);
        return;
    }
    const rp_node *range = limit->a;
    const rp_node *low = range->kind == RP_NODE_RANGE ? NULL : range;
    if (limit->b == NULL && low != NULL) {
        check_limit_list(program, param, range);
        return;
    }
    const rp_type *type = member_type(param->type);
    if (!rp_type_is_ordered(type) && type->kind != RP_T_POISON) {
        RP_DIAG0(program->diags, PARAM_LIMITS, limit->span);
        return;
    }
    param->min = rp_check_literal(program, param->module, limit->a, type);
    param->max = rp_check_literal(program, param->module, limit->b, type);
    bool empty =
        param->min != NULL && param->max != NULL && compare_values(param->min, param->max) > 0;
    if (empty) RP_DIAG0(program->diags, EMPTY_RANGE, limit->span);
}

static bool may_be_param(const rp_type *type)
{
    const rp_type *member = member_type(type);
    return member->kind != RP_T_REF && type->kind != RP_T_MAP && member->kind != RP_T_NOTHING;
}

static void check_param(rp_program *program, rp_param_decl *param)
{
    const rp_node *node = param->node;
    param->type = rp_schema_type(program, param->module, node->a);
    if (!may_be_param(param->type)) {
        RP_DIAG(program->diags, PARAM_TYPE, node->a->span,
                rp_type_name(program->arena, param->type));
        param->type = program->t_poison;
        return;
    }
    for (const rp_node *limit = node->c; limit != NULL; limit = limit->next)
        check_limit(program, param, limit);
    if (node->b != NULL) set_param(program, param->module, param, node->b);
}

static bool same_values(const rp_param_decl *a, const rp_param_decl *b)
{
    if (a->value_count != b->value_count) return false;
    for (uint32_t i = 0; i < a->value_count; i++) {
        if (a->values[i].absent != b->values[i].absent) return false;
        if (!a->values[i].absent && !equal_values(&a->values[i], &b->values[i])) return false;
    }
    return true;
}

static void check_set(rp_program *program, rp_module *module, const rp_node *node)
{
    rp_meaning found;
    if (!rp_scope_find_node(program, module, RP_SPACE_VALUE, node->a, &found)) return;
    if (found.param == NULL) {
        RP_DIAG(program->diags, NOT_A_PARAM, node->a->span, node->a->text);
        return;
    }
    rp_param_decl before = *found.param;
    set_param(program, module, found.param, node->b);
    if (before.was_set && !same_values(&before, found.param)) {
        rp_diag *diag = RP_DIAG(program->diags, SET_TWICE, node->span, node->a->text);
        RP_NOTE(program->diags, diag, before.set_span, "`{0}` is also set here", node->a->text);
    }
    found.param->was_set = true;
    found.param->set_span = node->span;
}

// ---- constants ----

static bool is_constant(const rp_core *core)
{
    switch (core->kind) {
    case RP_CORE_VAR:
    case RP_CORE_FIELD:
    case RP_CORE_LOOKUP:
    case RP_CORE_CALL:
    case RP_CORE_QUANTIFIER:
    case RP_CORE_NOW: return false;
    default: break;
    }
    for (uint32_t i = 0; i < core->count; i++) {
        if (!is_constant(core->items[i])) return false;
    }
    return (core->a == NULL || is_constant(core->a)) && (core->b == NULL || is_constant(core->b)) &&
           (core->c == NULL || is_constant(core->c));
}

rp_core *rp_check_let(rp_program *program, rp_let *let)
{
    rp_check check = {.program = program, .module = let->module, .constant = true};
    if (let->state == RP_STATE_BUSY) {
        RP_DIAG(program->diags, DEFINITION_CYCLE, let->node->span, let->name);
        return rp_core_error(&check, let->node->span);
    }
    if (let->state == RP_STATE_DONE) return let->value;
    let->state = RP_STATE_BUSY;
    const rp_type *type =
        let->node->a != NULL ? rp_schema_type(program, let->module, let->node->a) : NULL;
    let->value = type != NULL ? rp_check_as(&check, let->node->b, type)
                              : rp_check_expr(&check, let->node->b, NULL);
    if (!is_constant(let->value)) {
        RP_DIAG(program->diags, NOT_CONSTANT, let->node->b->span, let->name);
        let->value = rp_core_error(&check, let->node->span);
    }
    let->state = RP_STATE_DONE;
    return let->value;
}

// ---- definitions of fields and methods ----

static void add_definition(rp_program *program, rp_module *module, const rp_node *node)
{
    const rp_node *owner = node->a;
    rp_meaning found;
    if (!rp_scope_find_node(program, module, RP_SPACE_TYPE, owner, &found)) return;
    if (found.entity == NULL) {
        RP_DIAG(program->diags, NOT_A_RESOURCE, owner->span, owner->text);
        return;
    }
    rp_field_kind kind = node->kind == RP_NODE_METHOD ? RP_FIELD_METHOD : RP_FIELD_DERIVED;
    rp_field *field = rp_schema_add_field(program, module, found.entity, node, kind);
    if (field == NULL) return;
    rp_function *function = RP_NEW(program->arena, rp_function);
    *function = (rp_function){.name = node->text,
                              .module = module,
                              .node = node,
                              .body_node = node->c,
                              .receiver = found.entity};
    field->function = function;
}

static void each_node(rp_program *program, rp_module *module,
                      void (*visit)(rp_program *, rp_module *, const rp_node *))
{
    for (rp_module_file *file = module->files; file != NULL; file = file->next) {
        for (const rp_node *node = file->tree.declarations; node != NULL; node = node->next)
            visit(program, module, node);
    }
}

static void visit_definition(rp_program *program, rp_module *module, const rp_node *node)
{
    if (node->kind == RP_NODE_FIELD_DEF || node->kind == RP_NODE_METHOD)
        add_definition(program, module, node);
}

static void visit_set(rp_program *program, rp_module *module, const rp_node *node)
{
    if (node->kind == RP_NODE_SET) check_set(program, module, node);
}

static void check_definitions(rp_program *program, rp_entity *entity)
{
    for (rp_field *field = entity->fields; field != NULL; field = field->next) {
        if (field->function != NULL) rp_check_function(program, field->function);
    }
    for (rp_schema_source *source = entity->sources; source != NULL; source = source->next) {
        if (source->when_node == NULL) continue;
        rp_check check = {.program = program, .module = entity->module, .scope = &entity->self};
        source->when = rp_check_condition(&check, source->when_node);
    }
}

#define EACH_MODULE(program, module)                                                               \
    for (rp_module *module = (program)->modules; module != NULL; module = module->next)

static void warn_unused(rp_program *program, rp_module *module)
{
    if (!module->given) return;
    for (rp_import *import = module->imports; import != NULL; import = import->next) {
        bool tested = module->tests != NULL || module->tests_skipped;
        bool selected = module->packs != NULL || tested || import->module->waivers != NULL;
        if (!import->used && !import->implicit && !selected) {
            RP_DIAG(program->diags, UNUSED, import->span, RP_STR("import"), import->module->name);
        }
    }
    for (rp_param_decl *param = module->params; param != NULL; param = param->next) {
        bool may_be_set = module->tests_skipped;
        if (!param->used && !may_be_set && param->type->kind != RP_T_POISON)
            RP_DIAG(program->diags, UNUSED, param->node->name, RP_STR("parameter"), param->name);
    }
    for (rp_let *let = module->lets; let != NULL; let = let->next) {
        if (!let->used && let->name.ptr[0] == '_')
            RP_DIAG(program->diags, UNUSED, let->node->name, RP_STR("constant"), let->name);
    }
    for (rp_function *function = module->functions; function != NULL; function = function->next) {
        if (!function->used && function->name.ptr[0] == '_') {
            RP_DIAG(program->diags, UNUSED, function->node->name, RP_STR("function"),
                    function->name);
        }
    }
}

void rp_check_program(rp_program *program)
{
    EACH_MODULE(program, module)
    {
        for (rp_module_file *file = module->files; file != NULL; file = file->next)
            rp_declare_file(program, module, &file->tree);
    }
    rp_schema_resolve(program);
    EACH_MODULE(program, module)
    {
        each_node(program, module, visit_definition);
    }
    EACH_MODULE(program, module)
    {
        for (rp_param_decl *param = module->params; param != NULL; param = param->next)
            check_param(program, param);
    }
    EACH_MODULE(program, module)
    {
        each_node(program, module, visit_set);
    }
    EACH_MODULE(program, module)
    {
        for (rp_let *let = module->lets; let != NULL; let = let->next) rp_check_let(program, let);
        for (rp_entity *entity = module->entities; entity != NULL; entity = entity->next)
            check_definitions(program, entity);
        for (rp_function *function = module->functions; function != NULL; function = function->next)
            rp_check_function(program, function);
    }
    EACH_MODULE(program, module)
    {
        rp_check_policies(program, module);
    }
    EACH_MODULE(program, module)
    {
        rp_check_selections(program, module);
    }
    EACH_MODULE(program, module)
    {
        warn_unused(program, module);
    }
}
