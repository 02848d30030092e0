// The type checker: from syntax to typed expressions.
//
// One mistake gives one message: what did not check is an ERROR expression of the poison type,
// which fits everywhere and which nobody complains about.
#ifndef RP_COMPILER_CHECK_H
#define RP_COMPILER_CHECK_H

#include "compiler/model.h"

// What a condition has shown to be present, innermost first.
typedef struct rp_proof {
    const rp_core *path;
    const struct rp_proof *next;
} rp_proof;

typedef struct rp_check {
    rp_program *program;
    rp_module *module;
    rp_var *scope;
    const rp_proof *proofs;
    bool in_text;   // inside a hole of a message: `.` reads as `?.`
    bool constant;  // only literals, parameters and lets (params, lets at top level, titles)
    bool no_params; // not even parameters
} rp_check;

// ---- check_expr.c ----

// Checks an expression. `hint` says what is due there, for literals; NULL if nothing does.
rp_core *rp_check_expr(rp_check *check, const rp_node *node, const rp_type *hint);
// The same, and the result has type `due` (converted, or an error said).
rp_core *rp_check_as(rp_check *check, const rp_node *node, const rp_type *due);
// Converts what was checked to a type, or says that it does not fit.
rp_core *rp_check_convert(rp_check *check, rp_core *core, const rp_type *due);
rp_core *rp_check_condition(rp_check *check, const rp_node *node);
// A text with holes, as a message.
rp_core *rp_check_text(rp_check *check, const rp_node *node);

rp_core *rp_core_new(rp_check *check, rp_core_kind kind, const rp_type *type, rp_span span);
rp_core *rp_core_error(rp_check *check, rp_span span);
rp_core *rp_core_bool(rp_check *check, bool value, rp_span span);
rp_var *rp_check_var(rp_check *check, rp_str name, const rp_type *type, rp_span span);
// Says so if the name hides an enclosing variable.
void rp_check_hiding(rp_check *check, rp_str name, rp_span span);

// ---- check_ops.c ----
rp_core *rp_check_binary(rp_check *check, const rp_node *node, const rp_type *hint);
rp_core *rp_check_unary(rp_check *check, const rp_node *node, const rp_type *hint);
rp_core *rp_check_is(rp_check *check, const rp_node *node);
rp_core *rp_check_range(rp_check *check, const rp_node *node);
rp_core *rp_check_equal(rp_check *check, rp_core *left, rp_core *right, rp_span span);

// ---- check_call.c ----
rp_core *rp_check_call(rp_check *check, const rp_node *node, const rp_type *hint);
// Checks signature and body of a function once; the body is NULL while it is being checked.
void rp_check_function(rp_program *program, rp_function *function);
// Checks it, and says so if it is being checked already: it is defined by itself.
bool rp_check_is_cycle(rp_check *check, rp_function *function, rp_span span);
void rp_check_signature(rp_program *program, rp_function *function);

// ---- check_flow.c: if, match, quantifiers ----
rp_core *rp_check_if(rp_check *check, const rp_node *node, const rp_type *hint);
rp_core *rp_check_match(rp_check *check, const rp_node *node, const rp_type *hint);
rp_core *rp_check_quantifier(rp_check *check, const rp_node *node, const rp_type *hint);

// ---- narrow.c ----

// The proofs that hold where `condition` is known to be `truth`, before those that hold already.
const rp_proof *rp_narrow(rp_check *check, const rp_core *condition, bool truth);
bool rp_narrow_proves(const rp_check *check, const rp_core *path);
bool rp_core_same(const rp_core *a, const rp_core *b);

// ---- check_decl.c ----

// A literal by the type that is due; NULL after a diagnostic.
rp_value *rp_check_literal(rp_program *program, rp_module *module, const rp_node *node,
                           const rp_type *type);
// Literal text as a value of a type: enum member, range, version, time. False after a diagnostic.
bool rp_check_literal_text(rp_program *program, rp_str text, rp_span span, const rp_type *type,
                           rp_value *out);
void rp_check_program(rp_program *program);
rp_core *rp_check_let(rp_program *program, rp_let *let);

// ---- typed.c ----
void rp_core_print(rp_buf *out, const rp_program *program, const rp_core *core);
void rp_typed_print(rp_buf *out, const rp_program *program);

#endif
