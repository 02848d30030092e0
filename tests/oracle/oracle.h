// A slow evaluator straight from the definition of the language (language.md 3 to 6), over typed
// expressions and sealed facts, one row at a time. It exists only to disagree with the machine.
#ifndef RP_TESTS_ORACLE_H
#define RP_TESTS_ORACLE_H

#include "compiler/model.h"
#include "vm/facts.h"

typedef enum oracle_state { ORACLE_UNKNOWN, ORACLE_ABSENT, ORACLE_KNOWN } oracle_state;

typedef struct oracle_value {
    oracle_state state;
    const rp_type *type;
    int64_t number; // bool, int, time, duration
    double real;
    rp_str text;         // string, enum, version, cidr
    uint32_t table, row; // reference
    uint32_t entries;    // of an entry of a map: its table; 0 otherwise
} oracle_value;

// A list: members that surely or possibly belong, and whether there may be more.
typedef struct oracle_member {
    oracle_value value;
    bool sure;
} oracle_member;

typedef struct oracle_list {
    oracle_member *members;
    uint32_t count;
    bool complete;
} oracle_list;

typedef struct oracle {
    rp_arena *arena;
    const rp_facts *facts;
    const rp_program *program;
    int64_t now;
    bool nested; // the member asked last is a level of `exactly one`: it belongs if any below does
} oracle;

// The verdict of a policy for a row (real rows only).
rdspol_verdict oracle_judge(oracle *oracle, const rp_policy_decl *policy, uint32_t row);

#endif
