// A run: one bundle bound to sealed facts and parameters, its verdicts, and details on demand.
//
// prepare.c binds (allocates), run.c judges (allocates nothing), results.c walks the findings,
// explain.c computes details. Everything that lives as long as the run comes from one arena.
#ifndef RP_VM_RUN_H
#define RP_VM_RUN_H

#include "vm/base/buf.h"
#include "vm/exec.h"

#define RP_VERDICT_NONE 0xffu // a row that is not judged

typedef struct rp_run_param {
    uint64_t *items; // bits of the members of a list
    uint32_t count;
    bool is_default;
} rp_run_param;

typedef struct rp_explainer rp_explainer;

typedef struct rdspol_run rp_run;

struct rdspol_run {
    const rp_bundle *bundle;
    const rp_facts *facts;
    rp_alloc alloc;
    rp_arena arena;
    rp_arena workspace; // of what only judging needs
    rp_strtab overlay;
    rp_world world;
    rp_val empty; // a column without rows
    void *no_values; // see rp_fact_column; NULL until it is needed
    rp_exec exec;
    uint32_t chunk;
    rp_run_param *params;
    unsigned char *selected;                  // per policy
    unsigned char *live;                      // per instruction
    unsigned char *reads;                     // per column: judging or explaining looks at it
    uint32_t *stands;                         // per instruction: the frame it stands in
    unsigned char **verdicts;                 // per policy, selected: one byte a row
    uint64_t (*counts)[RDSPOL_VERDICT_COUNT]; // per policy
    uint64_t totals[RDSPOL_VERDICT_COUNT];
    uint32_t *policy_order; // selected ones, in the order of reports
    uint32_t policy_count;
    uint32_t **order;       // per table: its rows in the order of reports; NULL if not needed
    uint64_t **waiver_true; // per waiver with a condition: plane over the rows of its table
    unsigned char *waiver_matched; // per waiver
    rp_str *titles; // per policy, made when first asked
    uint64_t cost;
    bool evaluated, finished;
    rp_explainer *explainer; // made when first asked
};

// Prepare, in the order of calls.
rdspol_status rp_prepare_params(rp_run *run, const rdspol_run_opts *opts, rdspol_error *error);
bool rp_prepare_live(rp_run *run);
bool rp_prepare_columns(rp_run *run);
bool rp_prepare_texts(rp_run *run);
bool rp_prepare_relations(rp_run *run);
bool rp_prepare_values(rp_run *run); // sets, ranks of versions, ranges
bool rp_prepare_order(rp_run *run);
bool rp_prepare_cost(rp_run *run);

// The id of a text, in the facts' dictionary or the run's own; RP_NONE if memory ran out.
uint32_t rp_run_text(rp_run *run, rp_str text);

// Whether a waiver covers a policy and a row (its time, glob and condition).
bool rp_run_is_waived(const rp_run *run, uint32_t waiver, uint32_t policy, uint32_t row);

// The first row from place `from` of the order on with a verdict, as its place; RP_NONE: no more.
uint32_t rp_run_next_row(const rp_run *run, uint32_t policy, uint32_t verdict, uint32_t from);

// Whether listing a policy's type left something open in a pair, so that `region` gets a finding.
bool rp_run_has_gap(const rp_run *run, uint32_t policy, uint32_t pair);

void rp_explainer_free(rp_run *run);
// Marks what a value needs, in `need` (per instruction), going backwards from it.
void rp_run_mark(const rp_run *run, unsigned char *need, uint32_t value);
// Marks the values that a message prints.
void rp_run_mark_message(const rp_run *run, unsigned char *need, uint32_t message);
// The same of all messages of a policy.
void rp_run_mark_messages(const rp_run *run, unsigned char *need, uint32_t policy);
// Marks what the marked instructions of an outermost frame need there.
void rp_run_spread_frame(const rp_run *run, unsigned char *need, const rp_frame_info *frame);
// Takes the marks from what stands in frames over tables that have no rows, but for their own
// folds, which have a result all the same.
void rp_run_drop_empty(const rp_run *run, unsigned char *need);
// Marks what the marked instructions need, and if `through_stores`, what fills the columns they load.
void rp_run_spread(const rp_run *run, unsigned char *need, bool through_stores);

#endif
