// From values in frames to one stream of instructions.
#ifndef RP_COMPILER_SCHEDULE_H
#define RP_COMPILER_SCHEDULE_H

#include "compiler/ir.h"

// Receives instructions in order. `type` RP_KIND_NONE for those without result.
typedef struct rp_sink {
    uint32_t (*add)(void *ctx, rp_op op, rp_ir_type type, uint32_t a, uint32_t b, uint32_t c,
                    rp_span span);
    // Index of what an instruction is about (column, list, constant, set, parameter, text).
    uint32_t (*index)(void *ctx, const rp_ir *value);
    uint32_t (*table)(void *ctx, const rp_ltable *table);
    uint32_t (*column)(void *ctx, const rp_lcolumn *column);
    uint32_t (*list)(void *ctx, const rp_llist *list);
    void (*policy)(void *ctx, rp_ir_policy *policy); // its clauses are computed: emit
    void *ctx;
} rp_sink;

// Finds out which derived columns have to be stored, and in which order scans run. Afterwards
// `stored` of the columns is known.
void rp_schedule_plan(rp_ir_program *ir);
// Emits scans, then the frames of messages. Every value that is asked for later has its `insn`.
void rp_schedule_emit(rp_ir_program *ir, const rp_sink *sink);

#endif
