// The instruction table, made from opcodes.def.
#include "vm/op.h"

#include <stddef.h>

const rp_op_info rp_op_infos[RP_OP_COUNT] = {
#define OP(ID, name, result, a, b, c, synopsis)                                                    \
    {name, RP_RESULT_##result, {RP_OPERAND_##a, RP_OPERAND_##b, RP_OPERAND_##c}, synopsis},
#include "vm/opcodes.def"
#undef OP
};

const char *rp_op_result_name(rp_result result)
{
    static const char *const names[] = {"none",   "bool",   "int",   "float",  "cover",
                                        "same_a", "same_b", "join",  "column", "opt_column",
                                        "entry",  "row",    "typed", "opt_b",  "listtext"};
    return names[result];
}

const char *rp_op_operand_name(rp_operand operand)
{
    static const char *const names[] = {"-",    "bool",  "id",   "int",   "float",  "version",
                                        "cidr", "ref",   "ref?", "cover", "text",   "literal",
                                        "any",  "any_a", "opt",  "outer", "table",  "column",
                                        "list", "const", "set",  "param", "policy"};
    return names[operand];
}

const char *rp_op_kind_name(uint32_t kind)
{
    static const char *const names[] = {"bool", "int",     "float", "string", "time", "duration",
                                        "cidr", "version", "ref",   "cover",  "list", "none"};
    return kind < RP_KIND_COUNT ? names[kind] : "?";
}
