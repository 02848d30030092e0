// The passes over declarations, beyond expressions.
#ifndef RP_COMPILER_DECLARE_H
#define RP_COMPILER_DECLARE_H

#include "compiler/model.h"

// Registers the names of a file (declare.c).
void rp_declare_file(rp_program *program, rp_module *module, const rp_tree *tree);
// Clauses, messages and metadata of the module's policies (policies.c).
void rp_check_policies(rp_program *program, rp_module *module);
// Packs, waivers and the names in tests (select.c).
void rp_check_selections(rp_program *program, rp_module *module);

#endif
