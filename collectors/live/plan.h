// Which calls: from what the selected policies read, and from what the answers so far mention.
//
// The one idea: the sources of the bundle's schema say how each fact is asked for (once, for each
// key that is mentioned, for each row of another type, for each row of its own), so the plan
// follows from the bundle alone and grows with the facts. A call is never asked twice. Keys are
// asked only if a field that is read mentions them. Rows of a type that no selected policy judges
// count, and mention others, only once such a field mentions them. A call for one row is left out
// where the listing said already what it would say. Must not send anything.
#ifndef RP_LIVE_PLAN_H
#define RP_LIVE_PLAN_H

#include "collectors/files/operations.h"
#include "collectors/live/call.h"
#include "vm/base/map.h"
#include "vm/facts.h"

// Something to be asked, in one account and Region. Texts belong to the plan.
typedef struct rp_question {
    const rp_call_info *info;
    const rp_operation *operation; // how its answer is read
    uint32_t scope;
    uint32_t source; // of the bundle; several may be fed by one question
    rp_str names[RP_CALL_MAX_ARGUMENTS], values[RP_CALL_MAX_ARGUMENTS];
    uint32_t count;
} rp_question;

typedef struct rp_plan_scope {
    rp_str account, region;
} rp_plan_scope;

// A row that waits until something mentions it.
typedef struct rp_plan_row {
    uint32_t table, row, scope;
} rp_plan_row;

typedef struct rp_plan {
    rp_alloc alloc;
    rp_arena arena;
    const rp_bundle *bundle;
    const rp_operations *operations;
    bool *needed;  // by source
    bool *read;    // by column and then by list: a selected policy reads it
    bool *watched; // by column: its texts mention rows of other types
    bool *judged;  // by table: a selected policy is about it, or it is reached by a relation
    const rp_call_info **calls; // by source; NULL: it cannot be asked live
    uint32_t *seen;             // by table: rows that were looked at
    rp_plan_scope *scopes;
    uint32_t scope_count;
    rp_strtab texts; // what was asked
    rp_map mentions; // (table, text id of the facts), scope -> 1
    bool fresh_mentions;
    rp_plan_row *waiting;
    uint32_t waiting_count, waiting_capacity;
    rp_question *questions; // in the order in which they came up
    uint32_t question_count, question_capacity;
    bool failed; // memory ran out
} rp_plan;

// For the policies with these indices. The arguments outlive the plan; without `operations` it
// knows what is asked but takes in nothing. Scopes are copied. False if memory ran out;
// `rp_plan_clear` in any case.
bool rp_plan_init(rp_plan *plan, const rp_bundle *bundle, const rp_operations *operations,
                  const uint32_t *policies, size_t count, rp_alloc alloc);
void rp_plan_clear(rp_plan *plan);
// Adds an account and Region, and the questions that depend on nothing.
void rp_plan_add_scope(rp_plan *plan, rp_str account, rp_str region);
// Takes in the rows that an answer of `scope` has added to `facts`: adds questions.
void rp_plan_grow(rp_plan *plan, const rp_facts *facts, uint32_t scope);

// Once everything else is answered: adds questions by name for rows that are mentioned and that no
// listing held (a secret that is about to be deleted is in no list).
void rp_plan_rest(rp_plan *plan, const rp_facts *facts);

// Whether a source may be asked at all: a policy reads it, and no listing says the same.
bool rp_plan_asks(const rp_plan *plan, uint32_t source);
// Whether a source is asked at the beginning, because it depends on nothing.
bool rp_plan_begins(const rp_plan *plan, uint32_t source);
// How often a source is asked, in words: "once", "for each kms_key that is mentioned" ...
void rp_plan_describe(const rp_plan *plan, uint32_t source, rp_buf *out);

#endif
