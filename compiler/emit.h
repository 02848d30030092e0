// The last pass: layout, program and metadata as the records of a bundle.
#ifndef RP_COMPILER_EMIT_H
#define RP_COMPILER_EMIT_H

#include "compiler/image.h"
#include "compiler/ir.h"

// Writes a lowered program. False if a limit was hit (a diagnostic) or memory ran out.
bool rp_emit(rp_ir_program *ir, rp_str name, rp_image *image);

#endif
