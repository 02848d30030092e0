// Explaining findings: what the parts share.
//
// print.c turns values into text, messages.c says what clauses made of the rows of a batch,
// missing.c finds the facts that kept a verdict open, explain.c puts details together. All of it
// runs on demand, with a second copy of the program that holds only what the findings of this run
// need. Values that missing.c looks at keep their places, the others share them.
#ifndef RP_VM_EXPLAIN_H
#define RP_VM_EXPLAIN_H

#include "vm/run.h"

// The kernels work on whole words: so many rows cost little more than one.
#define RP_BATCH_ROWS 64u
#define RP_MISSING_MAX 64u
#define RP_DERIVED_DEPTH_MAX 64u

// What the clauses say of one row.
typedef struct rp_lane {
    rdspol_message *messages;
    rdspol_observed *observed;
    size_t message_count, observed_count;
    rp_str remedy;
} rp_lane;

// Rows of a policy with one verdict that follow each other in the order of reports, and what the
// clauses say of each; of one row alone where details are asked for in another order.
typedef struct rp_batch {
    rp_arena arena;
    uint32_t policy, verdict; // RP_NONE: there is no batch
    uint32_t rows[RP_BATCH_ROWS];
    rp_lane lanes[RP_BATCH_ROWS];
    uint32_t count;
    uint32_t given; // lane that was asked for last
    uint32_t next;  // place in the order behind the last row
} rp_batch;

// What a walk to missing facts runs and follows, per instruction. Of an outermost frame only what
// stands in it is cleared before use.
typedef struct rp_marks {
    unsigned char *need, *follow;
} rp_marks;

struct rp_explainer {
    rp_run *run;
    rp_arena arena;   // as long as the explainer
    rp_arena scratch; // until the next explanation
    rp_exec exec;
    rp_batch batch;
    rp_buf text;         // of one value or message, used again and again
    unsigned char *live; // per instruction: may run at all
    unsigned char *need; // per instruction, of the clauses that ran last
    uint32_t need_policy, need_kinds;
    rp_marks marks[RP_DERIVED_DEPTH_MAX + 1]; // by the depth of derived columns
    bool failed;                              // memory ran out
};

// The state of one value in one row of its frame.
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
// Prints a template for one row of its frame, which `x` ran; NULL if it has no values. False if a
// value cannot stand in a command: then `out` holds the whole replacement.
bool rp_print_template(const rp_run *run, uint32_t index, const rp_exec *x, uint32_t lane,
                       rp_buf *out);
// Prints a template of no row: names stand for its values.
void rp_print_form(const rp_run *run, uint32_t index, rp_buf *out);
void rp_print_param(const rp_run *run, uint32_t param, rp_buf *out);

// Evaluates the clauses of a policy for some rows, at most RP_BATCH_ROWS. `kinds` is a set of
// RP_CLAUSE_IS(kind).
#define RP_CLAUSE_IS(kind) ((uint32_t)1 << (kind))
void rp_run_clauses(rp_explainer *e, uint32_t policy, uint32_t kinds, const uint32_t *rows,
                    uint32_t count);
// The rows for which a clause that ran is decided so, one bit each.
uint64_t rp_clause_rows(const rp_explainer *e, const rp_rec_clause *c, bool truth);
// Fills messages, observed values and remedy of a finding, of fail, waived or not applicable.
void rp_explain_clauses(rp_explainer *e, const rdspol_finding *f, rdspol_details *out);

// The facts that keep `value`, evaluated for `row` of the outermost frame that holds it, undecided.
// Returns how many; at most RP_MISSING_MAX.
size_t rp_find_missing(rp_explainer *e, uint32_t value, uint32_t row, rdspol_missing *out,
                       size_t count);

#endif
