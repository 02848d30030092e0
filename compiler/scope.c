// Name resolution: a module's own declarations win over imported ones; two imports that both have a
// name are an error only where the name is used.
#include "compiler/scope.h"

static const char *const space_names[] = {[RP_SPACE_TYPE] = "type",
                                          [RP_SPACE_FUNCTION] = "function",
                                          [RP_SPACE_POLICY] = "policy",
                                          [RP_SPACE_VALUE] = "name",
                                          [RP_SPACE_PACK] = "pack"};

static bool in_module(rp_module *module, rp_space space, rp_str name, rp_meaning *out)
{
    *out = (rp_meaning){.module = module};
    switch (space) {
    case RP_SPACE_TYPE:
        out->enumeration = rp_module_find(module, RP_DECL_ENUM, name);
        if (out->enumeration != NULL) return true;
        out->entity = rp_module_find(module, RP_DECL_ENTITY, name);
        return out->entity != NULL;
    case RP_SPACE_FUNCTION:
        out->function = rp_module_find(module, RP_DECL_FUNCTION, name);
        return out->function != NULL;
    case RP_SPACE_POLICY:
        out->policy = rp_module_find(module, RP_DECL_POLICY, name);
        return out->policy != NULL;
    case RP_SPACE_VALUE:
        out->param = rp_module_find(module, RP_DECL_PARAM, name);
        if (out->param != NULL) return true;
        out->let = rp_module_find(module, RP_DECL_LET, name);
        return out->let != NULL;
    case RP_SPACE_PACK:
        out->pack = rp_module_find(module, RP_DECL_PACK, name);
        return out->pack != NULL;
    }
    return false;
}

static bool is_private(rp_str name)
{
    return name.len > 0 && name.ptr[0] == '_';
}

static rp_import *import_named(rp_module *module, rp_str qualifier)
{
    for (rp_import *import = module->imports; import != NULL; import = import->next) {
        if (rp_str_equal(import->alias, qualifier)) return import;
    }
    return NULL;
}

static bool qualified(rp_module *module, rp_space space, rp_str qualifier, rp_str name,
                      rp_meaning *out)
{
    if (rp_str_equal(qualifier, module->name)) return in_module(module, space, name, out);
    rp_import *import = import_named(module, qualifier);
    if (import == NULL || is_private(name) || !in_module(import->module, space, name, out))
        return false;
    import->used = true;
    return true;
}

// How many imports have the name; `out` is the first.
static uint32_t imported(rp_module *module, rp_space space, rp_str name, rp_meaning *out,
                         rp_module **second)
{
    uint32_t count = 0;
    if (is_private(name)) return 0;
    for (rp_import *import = module->imports; import != NULL; import = import->next) {
        rp_meaning found;
        if (!in_module(import->module, space, name, &found)) continue;
        import->used = true;
        if (count++ == 0)
            *out = found;
        else
            *second = import->module;
    }
    return count;
}

bool rp_scope_peek(rp_module *module, rp_space space, rp_str qualifier, rp_str name,
                   rp_meaning *out)
{
    rp_module *second = NULL;
    if (qualifier.len > 0) return qualified(module, space, qualifier, name, out);
    return in_module(module, space, name, out) || imported(module, space, name, out, &second) == 1;
}

static void suggest_in(rp_module *module, rp_space space, rp_suggest *suggest, bool own)
{
#define OFFER(list, type)                                                                          \
    for (type *at = (list); at != NULL; at = at->next) {                                           \
        if (own || !is_private(at->name)) rp_suggest_add(suggest, at->name);                       \
    }
    switch (space) {
    case RP_SPACE_TYPE:
        OFFER(module->enums, rp_enum_decl)
        OFFER(module->entities, rp_entity)
        break;
    case RP_SPACE_FUNCTION: OFFER(module->functions, rp_function) break;
    case RP_SPACE_POLICY: OFFER(module->policies, rp_policy_decl) break;
    case RP_SPACE_VALUE:
        OFFER(module->params, rp_param_decl)
        OFFER(module->lets, rp_let)
        break;
    case RP_SPACE_PACK: OFFER(module->packs, rp_pack_decl) break;
    }
#undef OFFER
}

static void suggest(rp_program *program, rp_module *module, rp_space space, rp_str name,
                    rp_diag *diag)
{
    static const char *const basics[] = {"bool", "int",      "float", "string",
                                         "time", "duration", "cidr",  "version"};
    static const char *const builtins[] = {
#define BUILTIN(ID, name, arguments, result, meaning, example) name,
#include "compiler/builtins.def"
#undef BUILTIN
    };
    rp_suggest best = rp_suggest_start(name);
    suggest_in(module, space, &best, true);
    for (rp_import *import = module->imports; import != NULL; import = import->next) {
        suggest_in(import->module, space, &best, false);
    }
    if (space == RP_SPACE_TYPE) {
        for (size_t i = 0; i < sizeof basics / sizeof *basics; i++)
            rp_suggest_add(&best, rp_str_from(basics[i]));
    }
    if (space == RP_SPACE_FUNCTION) {
        for (size_t i = 0; i < sizeof builtins / sizeof *builtins; i++)
            rp_suggest_add(&best, rp_str_from(builtins[i]));
    }
    rp_suggest_help(program->diags, diag, &best);
}

static void report_missing(rp_program *program, rp_module *module, rp_space space, rp_str qualifier,
                           rp_str name, rp_span span)
{
    rp_diag *diag = NULL;
    if (qualifier.len > 0 && import_named(module, qualifier) == NULL &&
        !rp_str_equal(qualifier, module->name)) {
        diag = RP_DIAG(program->diags, UNKNOWN_MODULE, span, qualifier);
        rp_suggest best = rp_suggest_start(qualifier);
        for (rp_import *import = module->imports; import != NULL; import = import->next) {
            rp_suggest_add(&best, import->alias);
        }
        rp_suggest_help(program->diags, diag, &best);
        return;
    }
    switch (space) {
    case RP_SPACE_TYPE: diag = RP_DIAG(program->diags, UNKNOWN_TYPE, span, name); break;
    case RP_SPACE_FUNCTION: diag = RP_DIAG(program->diags, UNKNOWN_FUNCTION, span, name); break;
    case RP_SPACE_POLICY: diag = RP_DIAG(program->diags, UNKNOWN_POLICY, span, name); break;
    case RP_SPACE_PACK: diag = RP_DIAG(program->diags, UNKNOWN_PACK, span, name); break;
    case RP_SPACE_VALUE: diag = RP_DIAG(program->diags, UNKNOWN_NAME, span, name); break;
    }
    suggest(program, module, space, name, diag);
}

bool rp_scope_find(rp_program *program, rp_module *module, rp_space space, rp_str qualifier,
                   rp_str name, rp_span span, rp_meaning *out)
{
    if (qualifier.len > 0) {
        if (qualified(module, space, qualifier, name, out)) return true;
        report_missing(program, module, space, qualifier, name, span);
        return false;
    }
    if (in_module(module, space, name, out)) return true;
    rp_module *second = NULL;
    uint32_t count = imported(module, space, name, out, &second);
    if (count == 1) return true;
    if (count > 1) {
        RP_DIAG(program->diags, AMBIGUOUS_NAME, span, rp_str_from(space_names[space]), name,
                out->module->name, second->name);
        return false;
    }
    report_missing(program, module, space, qualifier, name, span);
    return false;
}

bool rp_scope_find_node(rp_program *program, rp_module *module, rp_space space,
                        const rp_node *qname, rp_meaning *out)
{
    rp_str qualifier = qname->a != NULL ? qname->a->text : RP_STR_EMPTY;
    return rp_scope_find(program, module, space, qualifier, qname->text, qname->span, out);
}

bool rp_scope_sees(const rp_module *module, const rp_module *other)
{
    if (module == other) return true;
    for (const rp_import *import = module->imports; import != NULL; import = import->next) {
        if (import->module == other) return true;
    }
    return false;
}

static bool is_visible(const rp_field *field, const rp_module *module)
{
    if (is_private(field->name) && field->module != module) return false;
    return field->module == field->entity->module || rp_scope_sees(module, field->module);
}

rp_field *rp_scope_field(rp_module *module, rp_entity *entity, rp_str name)
{
    return rp_entity_field(entity, name, is_visible, module);
}
