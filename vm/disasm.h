// A bundle as text, for people and golden tests. Made from the tables, so it cannot drift from
// them.
#ifndef RP_VM_DISASM_H
#define RP_VM_DISASM_H

#include "vm/base/buf.h"
#include "vm/bundle.h"

// The program, one instruction a line, frames indented (vm.md 6).
void rp_disasm_code(const rp_bundle *bundle, rp_buf *out);
// Tables with columns, lists and sources; parameters; policies with clauses and messages.
void rp_disasm_schema(const rp_bundle *bundle, rp_buf *out);
void rp_disasm_params(const rp_bundle *bundle, rp_buf *out);
void rp_disasm_policies(const rp_bundle *bundle, rp_buf *out);
// A type word: "string?", "ref kms_key".
void rp_disasm_type(const rp_bundle *bundle, uint32_t type, rp_buf *out);
// A constant as it stands in the language: "x", 7, 90d, absent.
void rp_disasm_const(const rp_bundle *bundle, uint32_t constant, rp_buf *out);

#endif
