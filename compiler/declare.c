// Registering names: one pass over the declarations of a module before anything is resolved, so
// that they may stand in any order.
#include "compiler/declare.h"
#include "vm/base/strtab.h"

static void taken(rp_program *program, rp_str name, rp_span span, rp_span other)
{
    rp_diag *diag = RP_DIAG(program->diags, DUPLICATE_NAME, span, name);
    RP_NOTE(program->diags, diag, other, "`{0}` is also declared here", name);
}

// ---- what a module has ----

static uint64_t hash_of(rp_decl kind, rp_str name)
{
    return rp_index_mix(rp_strtab_hash(name), (uint64_t)kind + 1);
}

void *rp_module_find(const rp_module *module, rp_decl kind, rp_str name)
{
    const rp_index_entry *at = rp_index_first(&module->names, hash_of(kind, name));
    while (at != NULL && !rp_str_equal(*(const rp_str *)at->thing, name)) at = rp_index_next(at);
    return at != NULL ? at->thing : NULL;
}

void rp_entity_add_field(rp_arena *arena, rp_entity *entity, rp_field *field)
{
    *(entity->last_field != NULL ? entity->last_field : &entity->fields) = field;
    entity->last_field = &field->next;
    rp_index_add(arena, &entity->field_names, rp_strtab_hash(field->name), field);
}

rp_field *rp_entity_field(const rp_entity *entity, rp_str name,
                          bool (*fits)(const rp_field *field, const rp_module *module),
                          const rp_module *module)
{
    rp_field *first = NULL; // the index has the latest in front
    const rp_index_entry *at = rp_index_first(&entity->field_names, rp_strtab_hash(name));
    for (; at != NULL; at = rp_index_next(at)) {
        rp_field *field = at->thing;
        if (rp_str_equal(field->name, name) && fits(field, module)) first = field;
    }
    return first;
}

// Appends to a list of the module; lists keep the order of the sources.
#define APPEND(module, list, KIND, thing)                                                          \
    do {                                                                                           \
        __typeof__(thing) end_ = (module)->last[RP_DECL_##KIND];                                   \
        *(end_ != NULL ? &end_->next : &(module)->list) = (thing);                                 \
        (module)->last[RP_DECL_##KIND] = (thing);                                                  \
    } while (0)

#define NAME(program, module, list, KIND, thing)                                                   \
    do {                                                                                           \
        APPEND(module, list, KIND, thing);                                                         \
        rp_index_add((program)->arena, &(module)->names, hash_of(RP_DECL_##KIND, (thing)->name),   \
                     (thing));                                                                     \
    } while (0)

static bool type_is_free(rp_program *program, rp_module *module, const rp_node *node)
{
    const rp_enum_decl *enumeration = rp_module_find(module, RP_DECL_ENUM, node->text);
    const rp_entity *entity = rp_module_find(module, RP_DECL_ENTITY, node->text);
    if (enumeration == NULL && entity == NULL) return true;
    taken(program, node->text, node->name,
          enumeration != NULL ? enumeration->node->name : entity->node->name);
    return false;
}

static bool value_is_free(rp_program *program, rp_module *module, const rp_node *node)
{
    const rp_param_decl *param = rp_module_find(module, RP_DECL_PARAM, node->text);
    const rp_let *let = rp_module_find(module, RP_DECL_LET, node->text);
    if (param == NULL && let == NULL) return true;
    taken(program, node->text, node->name, param != NULL ? param->node->name : let->node->name);
    return false;
}

// ---- declaring ----

static void declare_enum(rp_program *program, rp_module *module, const rp_node *node)
{
    if (!type_is_free(program, module, node)) return;
    rp_enum_decl *decl = RP_NEW(program->arena, rp_enum_decl);
    rp_enum *members = RP_NEW(program->arena, rp_enum);
    members->count = rp_node_list_count(node->a);
    rp_str *values = RP_NEW_ARRAY(program->arena, rp_str, members->count);
    uint32_t i = 0;
    for (const rp_node *at = node->a; at != NULL; at = at->next) values[i++] = at->text;
    members->values = values;
    members->name = node->text;
    *decl = (rp_enum_decl){.name = node->text, .module = module, .node = node};
    decl->type = rp_type_enum(&program->types, members);
    NAME(program, module, enums, ENUM, decl);
}

static void declare_entity(rp_program *program, rp_module *module, const rp_node *node)
{
    if (!type_is_free(program, module, node)) return;
    rp_entity *entity = RP_NEW(program->arena, rp_entity);
    *entity = (rp_entity){.name = node->text, .module = module, .node = node};
    entity->is_resource = node->kind == RP_NODE_RESOURCE;
    entity->is_region = entity->is_resource && rp_str_equal(node->text, RP_STR("region")) &&
                        rp_str_equal(module->name, RP_STR("aws"));
    entity->last_source = &entity->sources;
    entity->type = rp_type_ref(&program->types, entity);
    entity->self = (rp_var){.name = node->text,
                            .type = entity->type,
                            .span = node->name,
                            .id = program->var_ids++,
                            .is_row = true,
                            .used = true};
    NAME(program, module, entities, ENTITY, entity);
}

static void declare_function(rp_program *program, rp_module *module, const rp_node *node)
{
    const rp_function *other = rp_module_find(module, RP_DECL_FUNCTION, node->text);
    if (other != NULL) {
        taken(program, node->text, node->name, other->node->name);
        return;
    }
    rp_function *function = RP_NEW(program->arena, rp_function);
    *function =
        (rp_function){.name = node->text, .module = module, .node = node, .body_node = node->c};
    NAME(program, module, functions, FUNCTION, function);
}

static void declare_param(rp_program *program, rp_module *module, const rp_node *node)
{
    if (!value_is_free(program, module, node)) return;
    rp_param_decl *param = RP_NEW(program->arena, rp_param_decl);
    *param = (rp_param_decl){.name = node->text, .module = module, .node = node};
    NAME(program, module, params, PARAM, param);
}

static void declare_let(rp_program *program, rp_module *module, const rp_node *node)
{
    if (!value_is_free(program, module, node)) return;
    rp_let *let = RP_NEW(program->arena, rp_let);
    *let = (rp_let){.name = node->text, .module = module, .node = node};
    NAME(program, module, lets, LET, let);
}

static void hold_policy_limit(rp_program *program, const rp_node *node)
{
    if (++program->policy_count == RP_MAX_POLICIES + 1) {
        RP_DIAG(program->diags, LIMIT, node->span, RP_STR("policies"), RP_STR("4096"));
    }
}

static rp_str requirement_text(rp_program *program, const rp_node *node)
{
    rp_buf text;
    rp_buf_init(&text, program->arena->alloc, 64u * 1024u);
    rp_expr_print(&text, node->a);
    rp_str copy = rp_arena_str(program->arena, rp_buf_str(&text));
    rp_buf_free(&text);
    return copy;
}

static void declare_policy(rp_program *program, rp_module *module, const rp_node *node)
{
    bool nameless = node->kind == RP_NODE_REQUIRE;
    rp_str name = nameless ? requirement_text(program, node) : node->text;
    const rp_policy_decl *other = rp_module_find(module, RP_DECL_POLICY, name);
    if (other != NULL) {
        taken(program, name, nameless ? node->span : node->name,
              other->nameless ? other->node->span : other->node->name);
        return;
    }
    hold_policy_limit(program, node);
    if (program->policy_count > RP_MAX_POLICIES) return;
    rp_policy_decl *policy = RP_NEW(program->arena, rp_policy_decl);
    *policy = (rp_policy_decl){.name = name,
                               .module = module,
                               .node = node,
                               .nameless = nameless,
                               .judged = module->given,
                               .severity = 2};
    NAME(program, module, policies, POLICY, policy);
}

static void declare_pack(rp_program *program, rp_module *module, const rp_node *node)
{
    const rp_pack_decl *other = rp_module_find(module, RP_DECL_PACK, node->text);
    if (other != NULL) {
        taken(program, node->text, node->name, other->node->name);
        return;
    }
    rp_pack_decl *pack = RP_NEW(program->arena, rp_pack_decl);
    *pack = (rp_pack_decl){.name = node->text, .module = module, .node = node};
    NAME(program, module, packs, PACK, pack);
}

static void declare_waiver(rp_program *program, rp_module *module, const rp_node *node)
{
    rp_waiver_decl *waiver = RP_NEW(program->arena, rp_waiver_decl);
    *waiver = (rp_waiver_decl){.node = node, .module = module};
    APPEND(module, waivers, WAIVER, waiver);
}

static void declare_test(rp_program *program, rp_module *module, const rp_node *node)
{
    rp_test_decl *test = RP_NEW(program->arena, rp_test_decl);
    *test = (rp_test_decl){.node = node, .module = module};
    APPEND(module, tests, TEST, test);
}

static void declare(rp_program *program, rp_module *module, const rp_node *node)
{
    switch (node->kind) {
    case RP_NODE_ENUM: declare_enum(program, module, node); break;
    case RP_NODE_RESOURCE:
    case RP_NODE_RECORD_TYPE: declare_entity(program, module, node); break;
    case RP_NODE_FUNCTION: declare_function(program, module, node); break;
    case RP_NODE_PARAM: declare_param(program, module, node); break;
    case RP_NODE_LET: declare_let(program, module, node); break;
    case RP_NODE_POLICY:
    case RP_NODE_REQUIRE: declare_policy(program, module, node); break;
    case RP_NODE_PACK: declare_pack(program, module, node); break;
    case RP_NODE_WAIVE: declare_waiver(program, module, node); break;
    case RP_NODE_TEST: declare_test(program, module, node); break;
    default: break; // module, import: done; extend, set, derived fields: when types are known
    }
}

void rp_declare_file(rp_program *program, rp_module *module, const rp_tree *tree)
{
    for (const rp_node *node = tree->declarations; node != NULL; node = node->next) {
        declare(program, module, node);
    }
}
