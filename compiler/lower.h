// From typed expressions to values in frames.
#ifndef RP_COMPILER_LOWER_H
#define RP_COMPILER_LOWER_H

#include "compiler/ir.h"

// What a variable stands for: a value; a list, as an expression in its own environment; or one of
// several expressions, chosen by a number (members of a list that is written out).
typedef struct rp_env {
    const rp_var *var;
    rp_ir *value;
    const rp_core *list;
    const struct rp_env *list_env;
    rp_core *const *choices;
    uint32_t choice_count;
    rp_ir *choice;
    const struct rp_env *next;
} rp_env;

typedef struct rp_lower {
    rp_ir_program *ir;
    rp_frame *root; // the scan or rows frame
    const rp_env *env;
} rp_lower;

// What is done with each element of a list, and how the results are joined.
typedef enum rp_join {
    RP_JOIN_ANY,
    RP_JOIN_ONE,
    RP_JOIN_COUNT,
    RP_JOIN_SUM,
    RP_JOIN_MIN,
    RP_JOIN_MAX,
    RP_JOIN_FIRST,
    RP_JOIN_COVER,
    RP_JOIN_TEXT,
    RP_JOIN_WITNESS
} rp_join;

typedef struct rp_consumer {
    rp_join join;
    // Gives condition and value of an element in its frame. `element`: how the element is bound.
    void (*element)(rp_lower *lower, rp_frame *frame, const rp_env *element, void *data,
                    rp_ir **condition, rp_ir **value);
    void *data;
    rp_frame *frame; // results are wanted in this frame
    rp_ir_type type; // of the result of UNKNOWN lists and of min, max, first
    rp_span span;
} rp_consumer;

// What is asked about a member of a record. A record that is written out has expressions for
// members, and a choice between records becomes a choice between answers.
typedef struct rp_member {
    rp_ir *(*apply)(rp_lower *lower, const rp_core *member, const struct rp_member *of);
    rp_ir *(*join)(rp_lower *lower, rp_ir *condition, rp_ir *a, rp_ir *b,
                   const struct rp_member *of);
    // The same of a field of a row.
    rp_ir *(*on_row)(rp_lower *lower, const rp_core *field, const struct rp_member *of);
    const void *data;
    rp_span span;
} rp_member;

// `field`: an RP_CORE_FIELD.
rp_ir *rp_lower_member(rp_lower *lower, const rp_core *field, const rp_member *of);

rp_ir *rp_lower_expr(rp_lower *lower, const rp_core *core);
// The same, and never absent: an absent value where the type says there is none is unknown.
rp_ir *rp_lower_required(rp_lower *lower, const rp_core *core);
rp_ir *rp_lower_list(rp_lower *lower, const rp_core *list, const rp_consumer *consumer);
rp_ir *rp_lower_quantifier(rp_lower *lower, const rp_core *core);
rp_ir *rp_lower_covers(rp_lower *lower, const rp_core *list, rp_span span);
// The deepest frame that an expression's free variables live in.
rp_frame *rp_lower_home(rp_lower *lower, const rp_core *core);
const rp_env *rp_lower_find(const rp_env *env, const rp_var *var);
rp_env *rp_lower_bind(rp_lower *lower, const rp_var *var, rp_ir *value);
// Environment of a function's body.
const rp_env *rp_lower_arguments(rp_lower *lower, const rp_core *call);

// The value of a member of a list that is written out, by its number.
rp_ir *rp_lower_choice(rp_lower *lower, const rp_env *env, rp_span span);

rp_ir *rp_lower_text(rp_lower *lower, uint32_t op, rp_ir *value, rp_str argument, bool has_argument,
                     rp_kind kind, bool optional, rp_span span);
rp_ir *rp_lower_split(rp_lower *lower, rp_ir *value, rp_str separator, const rp_consumer *consumer);
rp_ir *rp_lower_field(rp_lower *lower, rp_ir *object, rp_field *field, rp_span span);
rp_ir *rp_lower_const(rp_lower *lower, const rp_value *value, rp_span span);
rp_ir *rp_lower_bool(rp_lower *lower, bool value, rp_span span);
rp_ir *rp_lower_unknown(rp_lower *lower, rp_ir_type type, rp_str why, rp_span span);
rp_ir *rp_lower_select(rp_lower *lower, rp_ir *condition, rp_ir *a, rp_ir *b, rp_span span);
rp_ir *rp_lower_and(rp_lower *lower, rp_ir *a, rp_ir *b, rp_span span);
rp_ir *rp_lower_or(rp_lower *lower, rp_ir *a, rp_ir *b, rp_span span);
rp_ir *rp_lower_not(rp_lower *lower, rp_ir *a, rp_span span);
rp_ir *rp_lower_fold(rp_lower *lower, const rp_consumer *consumer, rp_frame *child,
                     rp_ir *condition, rp_ir *value);

// Everything: policies, messages, waivers.
void rp_lower_program(rp_ir_program *ir);
rp_ir_message *rp_lower_message(rp_ir_program *ir, rp_ltable *table, const rp_var *self,
                                const rp_core *text, bool shell);

#endif
