// From names to declarations: what a name means in a module.
#ifndef RP_COMPILER_SCOPE_H
#define RP_COMPILER_SCOPE_H

#include "compiler/model.h"

// What `find` looks for. Position separates the namespaces of language.md 1; a value is a parameter
// or a `let`.
typedef enum rp_space {
    RP_SPACE_TYPE,
    RP_SPACE_FUNCTION,
    RP_SPACE_POLICY,
    RP_SPACE_VALUE,
    RP_SPACE_PACK
} rp_space;

// At most one of the pointers is set.
typedef struct rp_meaning {
    rp_module *module;
    rp_enum_decl *enumeration;
    rp_entity *entity;
    rp_function *function;
    rp_param_decl *param;
    rp_let *let;
    rp_policy_decl *policy;
    rp_pack_decl *pack;
} rp_meaning;

// Own names, then those of imports; false and a diagnostic if there is none, or two. `qualifier`
// may be empty.
bool rp_scope_find(rp_program *program, rp_module *module, rp_space space, rp_str qualifier,
                   rp_str name, rp_span span, rp_meaning *out);
// The same without a diagnostic.
bool rp_scope_peek(rp_module *module, rp_space space, rp_str qualifier, rp_str name,
                   rp_meaning *out);
// A QNAME node.
bool rp_scope_find_node(rp_program *program, rp_module *module, rp_space space,
                        const rp_node *qname, rp_meaning *out);
// A field of an entity that is visible in the module; NULL if there is none (no diagnostic).
rp_field *rp_scope_field(rp_module *module, rp_entity *entity, rp_str name);
bool rp_scope_sees(const rp_module *module, const rp_module *other);

#endif
