// The syntax tree: one shape of node for everything, laid down in an arena.
//
// `nodes.def` says for each kind what `text` and the slots `a`, `b`, `c` hold. Lists are linked by
// `next`. The parser only builds; meaning (types, resolved names) is the compiler's, which keeps it
// in tables of its own, keyed by `id`.
#ifndef RP_LANG_AST_H
#define RP_LANG_AST_H

#include "vm/base/arena.h"
#include "vm/base/buf.h"
#include "vm/base/str.h"

#include <stdint.h>

#define RP_STR_EMPTY ((rp_str){NULL, 0})

// A half-open range of bytes of one source file.
typedef struct rp_span {
    uint32_t file;
    uint32_t begin;
    uint32_t end;
} rp_span;

typedef enum rp_node_kind {
#define NODE(KIND, name, text, a, b, c) RP_NODE_##KIND,
#include "lang/nodes.def"
#undef NODE
    RP_NODE_COUNT
} rp_node_kind;

// `op` of UNARY, BINARY and IS.
typedef enum rp_operator {
    RP_OPERATOR_OR,
    RP_OPERATOR_AND,
    RP_OPERATOR_NOT,
    RP_OPERATOR_EQ,
    RP_OPERATOR_NE,
    RP_OPERATOR_LT,
    RP_OPERATOR_LE,
    RP_OPERATOR_GT,
    RP_OPERATOR_GE,
    RP_OPERATOR_IN,
    RP_OPERATOR_NOT_IN,
    RP_OPERATOR_COALESCE,
    RP_OPERATOR_ADD,
    RP_OPERATOR_SUB,
    RP_OPERATOR_MUL,
    RP_OPERATOR_DIV,
    RP_OPERATOR_NEG,
    RP_OPERATOR_ABSENT,
    RP_OPERATOR_PRESENT,
    RP_OPERATOR_EMPTY,
    RP_OPERATOR_NOT_EMPTY,
    RP_OPERATOR_COUNT
} rp_operator;

// `op` of QUANTIFIER.
typedef enum rp_quantifier {
    RP_QUANTIFIER_ANY,
    RP_QUANTIFIER_ALL,
    RP_QUANTIFIER_NONE,
    RP_QUANTIFIER_ONE,
    RP_QUANTIFIER_COUNT,
    RP_QUANTIFIER_SUM,
    RP_QUANTIFIER_MIN,
    RP_QUANTIFIER_MAX,
    RP_QUANTIFIER_EACH,
    RP_QUANTIFIER_FIRST,
    RP_QUANTIFIER_KINDS
} rp_quantifier;

// `op` of other kinds: RP_FLAG_NEGATED on RANGE (`not in`), RP_FLAG_KEY and RP_FLAG_UNIQUE on
// SCHEMA_FIELD, RP_FLAG_ELSE on ARM (no labels), RP_FLAG_FILE on SOURCE (`from file`),
// RP_FLAG_STRING_KEY on PAIR (`"k": v`, an entry of a map).
enum {
    RP_FLAG_NEGATED = 1,
    RP_FLAG_KEY = 1,
    RP_FLAG_UNIQUE = 2,
    RP_FLAG_ELSE = 1,
    RP_FLAG_FILE = 1,
    RP_FLAG_STRING_KEY = 1
};

typedef struct rp_node rp_node;
struct rp_node {
    uint16_t kind;  // rp_node_kind
    uint16_t op;    // rp_operator, rp_quantifier or flags
    uint16_t depth; // of the tree below, held by the parser to RP_MAX_TREE_DEPTH
    uint32_t id;    // dense, from 0, unique within a compilation
    rp_span span;
    rp_span name; // where the name in `text` stands; equals `span` if there is none
    rp_str text;
    union {
        int64_t number; // INT; DURATION and TIME in milliseconds; BOOL
        double real;    // FLOAT
    } value;
    rp_node *a, *b, *c, *next;
};

// A list under construction: appending is constant time.
typedef struct rp_nodes {
    rp_node *first;
    rp_node *last;
} rp_nodes;

typedef struct rp_comment {
    rp_span span;
    struct rp_comment *next;
} rp_comment;

// What parsing one file gives.
typedef struct rp_tree {
    uint32_t file;
    rp_node *declarations;
    rp_comment *comments; // in order, for the formatter
    bool tests_skipped;   // it has tests that are not among the declarations
} rp_tree;

#define RP_MAX_TREE_DEPTH 400u

// Appends and returns the list.
rp_nodes rp_nodes_add(rp_nodes list, rp_node *node);
rp_nodes rp_nodes_of(rp_node *node);
uint32_t rp_node_list_count(const rp_node *first);

const char *rp_node_kind_name(rp_node_kind kind);
const char *rp_operator_name(rp_operator op);
const char *rp_quantifier_name(rp_quantifier quantifier);

// Prints declarations as indented text, for golden tests.
void rp_ast_print(rp_buf *out, const rp_node *first);
// Prints an expression in canonical form: one line, single spaces, the fewest parentheses.
void rp_expr_print(rp_buf *out, const rp_node *expr);

#endif
