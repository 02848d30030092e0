// The schema of the language: resources, records, their fields and where these come from.
#ifndef RP_COMPILER_SCHEMA_H
#define RP_COMPILER_SCHEMA_H

#include "compiler/model.h"

// A TYPE_* node as a type; poison (and a diagnostic) if it is none.
const rp_type *rp_schema_type(rp_program *program, rp_module *module, const rp_node *node);
// Resolves the fields of all entities, in three steps that need each other's results: types and
// paths, then joins and relations, then arguments of operations.
void rp_schema_resolve(rp_program *program);
// Adds a derived field or method to an entity.
rp_field *rp_schema_add_field(rp_program *program, rp_module *module, rp_entity *entity,
                              const rp_node *node, rp_field_kind kind);

#endif
