// The instruction table as data: what `opcodes.def` says, for the verifier, the compiler's
// assertions, the disassembler and the reference page. Numbers of opcodes are part of the format.
#ifndef RP_VM_OP_H
#define RP_VM_OP_H

#include "vm/format.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum rp_op {
#define OP(ID, name, result, a, b, c, synopsis) RP_OP_##ID,
#include "vm/opcodes.def"
#undef OP
    RP_OP_COUNT
} rp_op;

// What an instruction yields; see the head of `opcodes.def`.
typedef enum rp_result {
    RP_RESULT_NONE,
    RP_RESULT_BOOL,
    RP_RESULT_INT,
    RP_RESULT_FLOAT,
    RP_RESULT_COVER,
    RP_RESULT_SAME_A,
    RP_RESULT_SAME_B,
    RP_RESULT_JOIN,
    RP_RESULT_COLUMN,
    RP_RESULT_OPT_COLUMN,
    RP_RESULT_ENTRY,
    RP_RESULT_ROW,
    RP_RESULT_TYPED,
    RP_RESULT_OPT_B,
    RP_RESULT_LISTTEXT
} rp_result;

// What an operand is; RP_OPERAND__ is unused.
typedef enum rp_operand {
    RP_OPERAND__,
    RP_OPERAND_BOOL,
    RP_OPERAND_ID,
    RP_OPERAND_INT,
    RP_OPERAND_FLOAT,
    RP_OPERAND_VERSION,
    RP_OPERAND_CIDR,
    RP_OPERAND_REF,
    RP_OPERAND_REF_,
    RP_OPERAND_COVER,
    RP_OPERAND_TEXT,
    RP_OPERAND_LITERAL,
    RP_OPERAND_ANY,
    RP_OPERAND_ANY_A,
    RP_OPERAND_OPT,
    RP_OPERAND_OUTER,
    RP_OPERAND_TABLE,
    RP_OPERAND_COLUMN,
    RP_OPERAND_LIST,
    RP_OPERAND_CONST,
    RP_OPERAND_SET,
    RP_OPERAND_PARAM,
    RP_OPERAND_POLICY
} rp_operand;

typedef struct rp_op_info {
    const char *name;
    rp_result result;
    rp_operand operands[3];
    const char *synopsis;
} rp_op_info;

extern const rp_op_info rp_op_infos[RP_OP_COUNT];

// Information about an opcode below RP_OP_COUNT, otherwise NULL.
static inline const rp_op_info *rp_op_get(uint32_t op)
{
    return op < RP_OP_COUNT ? &rp_op_infos[op] : NULL;
}

const char *rp_op_result_name(rp_result result);
const char *rp_op_operand_name(rp_operand operand);
// "string", "ref", ...
const char *rp_op_kind_name(uint32_t kind);

// Whether an operand is a value (an instruction's index) and not an index into another section.
static inline bool rp_operand_is_value(rp_operand operand)
{
    return operand >= RP_OPERAND_BOOL && operand <= RP_OPERAND_OUTER;
}

static inline bool rp_op_opens(uint32_t op)
{
    return op <= RP_OP_FILTER;
}

static inline bool rp_op_folds(uint32_t op)
{
    return (op >= RP_OP_FOLD_ANY && op <= RP_OP_FOLD_COVER) || op == RP_OP_FOLD_TEXT ||
           op == RP_OP_FOLD_WITNESS;
}

#endif
