// Explaining findings: what the three parts share.
//
// print.c turns values into text, missing.c finds the facts that kept a verdict open, explain.c
// puts details together. All of it runs on demand, on one row, with a second copy of the program
// whose values keep their places (no reuse), so that they can be looked at afterwards.
#ifndef RP_VM_EXPLAIN_H
#define RP_VM_EXPLAIN_H

#include "vm/run.h"

#define RP_EXPLAIN_CHUNK 64u
#define RP_MISSING_MAX 64u
#define RP_DERIVED_DEPTH_MAX 64u

struct rp_explainer {
    rp_run *run;
    rp_arena arena;   // as long as the explainer
    rp_arena scratch; // until the next explanation
    rp_exec exec;
    unsigned char *need; // per instruction, of the last policy
    uint32_t need_policy;
    unsigned char **message_need; // per message, when first printed: per instruction
    rp_str *titles; // per policy, made when asked; in the run's arena
    bool failed;    // memory ran out
};

// The state of one value in row 0 of its frame.
typedef enum rp_state { RP_STATE_UNKNOWN, RP_STATE_ABSENT, RP_STATE_PRESENT } rp_state;

rp_state rp_value_state(uint32_t type, const rp_val *v, size_t i);
// The bits of a present value (of a bool: 1 or 0).
uint64_t rp_value_bits(uint32_t type, const rp_val *v, size_t i);

// Prints a value for people; `bits` as above.
void rp_print_bits(const rp_run *run, uint32_t type, uint64_t bits, rp_buf *out);
void rp_print_value(const rp_run *run, uint32_t type, const rp_val *v, size_t i, rp_buf *out);
// JSON: null, true, a number or a string.
void rp_print_json(const rp_run *run, uint32_t type, uint64_t bits, rp_buf *out);
// Type of the members of a list text, following the folds that made it.
uint32_t rp_listtext_type(const rp_bundle *bundle, uint32_t insn);
// Prints a template; `vals` may be NULL if it has no values. False if a value cannot stand in a
// command: then `out` holds the whole replacement.
bool rp_print_template(const rp_run *run, uint32_t index, const rp_val *vals, rp_buf *out);
void rp_print_param(const rp_run *run, uint32_t param, rp_buf *out);

// The facts that keep `value`, evaluated for `row` of the outermost frame that holds it, undecided.
// Returns how many; at most RP_MISSING_MAX.
size_t rp_find_missing(rp_explainer *e, uint32_t value, uint32_t row, rdspol_missing *out,
                       size_t count);

#endif
