// From files to modules: parse, group, import, and register every declared name.
#ifndef RP_COMPILER_MODULES_H
#define RP_COMPILER_MODULES_H

#include "compiler/include/rdspol_compiler.h"
#include "compiler/model.h"

// Parses the sources and everything they import. What is wrong is in the diagnostics.
void rp_modules_load(rp_program *program, const rdspol_source *sources, size_t source_count,
                     const rdspol_compile_opts *opts);
rp_module *rp_modules_find(rp_program *program, rp_str name);

#endif
