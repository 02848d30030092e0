// Nodes: made in an arena, printed as a tree for tests and as canonical text for names.
#include "lang/ast.h"

#include "vm/base/text.h"

#include <string.h>

static const struct {
    const char *name;
    const char *text;
    const char *slots[3];
} kinds[RP_NODE_COUNT] = {
#define NODE(KIND, name, text, a, b, c) [RP_NODE_##KIND] = {name, text, {a, b, c}},
#include "lang/nodes.def"
#undef NODE
};

static const char *const operators[RP_OPERATOR_COUNT] = {[RP_OPERATOR_OR] = "or",
                                                         [RP_OPERATOR_AND] = "and",
                                                         [RP_OPERATOR_NOT] = "not",
                                                         [RP_OPERATOR_EQ] = "==",
                                                         [RP_OPERATOR_NE] = "!=",
                                                         [RP_OPERATOR_LT] = "<",
                                                         [RP_OPERATOR_LE] = "<=",
                                                         [RP_OPERATOR_GT] = ">",
                                                         [RP_OPERATOR_GE] = ">=",
                                                         [RP_OPERATOR_IN] = "in",
                                                         [RP_OPERATOR_NOT_IN] = "not in",
                                                         [RP_OPERATOR_COALESCE] = "??",
                                                         [RP_OPERATOR_ADD] = "+",
                                                         [RP_OPERATOR_SUB] = "-",
                                                         [RP_OPERATOR_MUL] = "*",
                                                         [RP_OPERATOR_DIV] = "/",
                                                         [RP_OPERATOR_NEG] = "-",
                                                         [RP_OPERATOR_ABSENT] = "is absent",
                                                         [RP_OPERATOR_PRESENT] = "is present",
                                                         [RP_OPERATOR_EMPTY] = "is empty",
                                                         [RP_OPERATOR_NOT_EMPTY] = "is not empty"};

static const char *const quantifiers[RP_QUANTIFIER_KINDS] = {
    [RP_QUANTIFIER_ANY] = "any",     [RP_QUANTIFIER_ALL] = "all",
    [RP_QUANTIFIER_NONE] = "none",   [RP_QUANTIFIER_ONE] = "exactly one",
    [RP_QUANTIFIER_COUNT] = "count", [RP_QUANTIFIER_SUM] = "sum",
    [RP_QUANTIFIER_MIN] = "min",     [RP_QUANTIFIER_MAX] = "max",
    [RP_QUANTIFIER_EACH] = "each",   [RP_QUANTIFIER_FIRST] = "first"};

const char *rp_node_kind_name(rp_node_kind kind)
{
    return kinds[kind].name;
}
const char *rp_operator_name(rp_operator op)
{
    return operators[op];
}
const char *rp_quantifier_name(rp_quantifier quantifier)
{
    return quantifiers[quantifier];
}

rp_nodes rp_nodes_of(rp_node *node)
{
    return (rp_nodes){node, node};
}

rp_nodes rp_nodes_add(rp_nodes list, rp_node *node)
{
    if (node == NULL) return list;
    if (list.last == NULL) return rp_nodes_of(node);
    list.last->next = node;
    list.last = node;
    return list;
}

uint32_t rp_node_list_count(const rp_node *first)
{
    uint32_t count = 0;
    for (; first != NULL; first = first->next) count++;
    return count;
}

// ---- the tree as text ----

static void put_quoted(rp_buf *out, rp_str text, bool holes)
{
    rp_buf_add_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        if (byte == '\n')
            rp_buf_add_text(out, "\\n");
        else if (byte == '\t')
            rp_buf_add_text(out, "\\t");
        else if (byte == '"' || byte == '\\')
            rp_buf_printf(out, "\\%c", byte);
        else if (holes && byte == '{')
            rp_buf_add_text(out, "\\{");
        else
            rp_buf_add_char(out, byte);
    }
    rp_buf_add_char(out, '"');
}

static void put_number(rp_buf *out, const rp_node *node)
{
    char text[RP_TEXT_MAX];
    size_t size = 0;
    if (node->kind == RP_NODE_FLOAT)
        size = rp_text_print_float(node->value.real, text);
    else if (node->kind == RP_NODE_DURATION)
        size = rp_duration_print(node->value.number, text);
    else if (node->kind == RP_NODE_TIME)
        size = rp_time_print(node->value.number, text);
    else
        size = rp_text_print_int(node->value.number, text);
    rp_buf_add(out, text, size);
}

static bool is_number(const rp_node *node)
{
    return node->kind == RP_NODE_INT || node->kind == RP_NODE_FLOAT ||
           node->kind == RP_NODE_DURATION || node->kind == RP_NODE_TIME;
}

static void put_op(rp_buf *out, const rp_node *node)
{
    if (node->kind == RP_NODE_BINARY || node->kind == RP_NODE_UNARY || node->kind == RP_NODE_IS) {
        rp_buf_printf(out, " %s", operators[node->op]);
    } else if (node->kind == RP_NODE_QUANTIFIER) {
        rp_buf_printf(out, " %s", quantifiers[node->op]);
    } else if (node->kind == RP_NODE_BOOL) {
        rp_buf_add_text(out, node->value.number ? " true" : " false");
    } else if (node->op != 0) {
        rp_buf_printf(out, " #%u", (unsigned)node->op);
    }
}

static void print_list(rp_buf *out, const rp_node *first, const char *slot, uint32_t indent)
{
    for (const rp_node *node = first; node != NULL; node = node->next) {
        for (uint32_t i = 0; i < indent; i++) rp_buf_add_text(out, "  ");
        if (slot != NULL) {
            size_t size = strcspn(slot, "*?");
            rp_buf_add(out, slot, size);
            rp_buf_add_text(out, ": ");
        }
        rp_buf_add_text(out, kinds[node->kind].name);
        if (kinds[node->kind].text[0] != '\0') {
            rp_buf_add_char(out, ' ');
            put_quoted(out, node->text, false);
        }
        put_op(out, node);
        if (is_number(node)) {
            rp_buf_add_char(out, ' ');
            put_number(out, node);
        }
        rp_buf_printf(out, " @%u-%u\n", node->span.begin, node->span.end);
        print_list(out, node->a, kinds[node->kind].slots[0], indent + 1);
        print_list(out, node->b, kinds[node->kind].slots[1], indent + 1);
        print_list(out, node->c, kinds[node->kind].slots[2], indent + 1);
    }
}

void rp_ast_print(rp_buf *out, const rp_node *first)
{
    print_list(out, first, NULL, 0);
}

// ---- canonical text of expressions ----

// How tightly each kind binds; parentheses stand where an operand binds more loosely than its
// place.
enum {
    LOOSE = 0,
    OR_LEVEL,
    AND_LEVEL,
    NOT_LEVEL,
    COMPARE,
    COALESCE,
    SUM_LEVEL,
    PRODUCT,
    NEGATION,
    PRIMARY
};

static int level_of_operator(rp_operator op)
{
    switch (op) {
    case RP_OPERATOR_OR: return OR_LEVEL;
    case RP_OPERATOR_AND: return AND_LEVEL;
    case RP_OPERATOR_NOT: return NOT_LEVEL;
    case RP_OPERATOR_COALESCE: return COALESCE;
    case RP_OPERATOR_ADD:
    case RP_OPERATOR_SUB: return SUM_LEVEL;
    case RP_OPERATOR_MUL:
    case RP_OPERATOR_DIV: return PRODUCT;
    case RP_OPERATOR_NEG: return NEGATION;
    default: return COMPARE;
    }
}

static int level_of(const rp_node *expr)
{
    switch (expr->kind) {
    case RP_NODE_UNARY:
    case RP_NODE_BINARY: return level_of_operator((rp_operator)expr->op);
    case RP_NODE_RANGE:
    case RP_NODE_IS: return COMPARE;
    case RP_NODE_IF:
    case RP_NODE_MATCH:
    case RP_NODE_QUANTIFIER: return LOOSE;
    default: return PRIMARY;
    }
}

static void put_expr(rp_buf *out, const rp_node *expr, int least);

static void put_exprs(rp_buf *out, const rp_node *first, const char *separator)
{
    for (const rp_node *node = first; node != NULL; node = node->next) {
        if (node != first) rp_buf_add_text(out, separator);
        put_expr(out, node, LOOSE);
    }
}

static void put_name(rp_buf *out, const rp_node *node)
{
    rp_buf_add_str(out, node->text);
}

static void put_pair(rp_buf *out, const rp_node *node)
{
    if (node->op == RP_FLAG_STRING_KEY)
        put_quoted(out, node->text, true);
    else
        put_name(out, node);
    rp_buf_add_text(out, ": ");
    put_expr(out, node->a, LOOSE);
}

static void put_binary(rp_buf *out, const rp_node *node)
{
    int level = level_of(node);
    bool right = node->op == RP_OPERATOR_COALESCE;
    bool comparison = level == COMPARE;
    put_expr(out, node->a, right || comparison ? level + 1 : level);
    rp_buf_printf(out, " %s ", operators[node->op]);
    put_expr(out, node->b, right ? level : level + 1);
}

static void put_unary(rp_buf *out, const rp_node *node)
{
    rp_buf_add_text(out, node->op == RP_OPERATOR_NOT ? "not " : "-");
    put_expr(out, node->a, level_of(node));
}

static void put_range(rp_buf *out, const rp_node *node)
{
    put_expr(out, node->a, COMPARE + 1);
    rp_buf_add_text(out, node->op & RP_FLAG_NEGATED ? " not in " : " in ");
    put_expr(out, node->b, COMPARE + 1);
    rp_buf_add_text(out, "..");
    put_expr(out, node->c, COMPARE + 1);
}

static void put_if(rp_buf *out, const rp_node *node)
{
    rp_buf_add_text(out, "if ");
    put_expr(out, node->a, LOOSE);
    rp_buf_add_text(out, " then ");
    put_expr(out, node->b, LOOSE);
    rp_buf_add_text(out, " else ");
    put_expr(out, node->c, LOOSE);
}

static void put_match(rp_buf *out, const rp_node *node)
{
    rp_buf_add_text(out, "match ");
    put_expr(out, node->a, LOOSE);
    rp_buf_add_text(out, " { ");
    put_exprs(out, node->b, ", ");
    rp_buf_add_text(out, " }");
}

static void put_arm(rp_buf *out, const rp_node *node)
{
    if (node->op == RP_FLAG_ELSE) rp_buf_add_text(out, "else");
    put_exprs(out, node->a, ", ");
    rp_buf_add_text(out, ": ");
    put_expr(out, node->b, LOOSE);
}

static void put_quantifier(rp_buf *out, const rp_node *node)
{
    rp_buf_printf(out, "%s ", quantifiers[node->op]);
    put_exprs(out, node->a, ", ");
    rp_buf_add_text(out, ": ");
    put_expr(out, node->b, LOOSE);
}

static void put_binding(rp_buf *out, const rp_node *node)
{
    put_name(out, node);
    rp_buf_add_text(out, " in ");
    put_expr(out, node->a, OR_LEVEL);
    if (node->b == NULL) return;
    rp_buf_add_text(out, " where ");
    put_expr(out, node->b, OR_LEVEL);
}

static void put_text_pieces(rp_buf *out, const rp_node *node)
{
    rp_buf_add_char(out, '"');
    bool hole = false;
    for (const rp_node *piece = node->a; piece != NULL; piece = piece->next, hole = !hole) {
        if (hole) {
            rp_buf_add_char(out, '{');
            put_expr(out, piece, LOOSE);
            rp_buf_add_char(out, '}');
        } else {
            rp_buf_add_str(out, piece->text);
        }
    }
    rp_buf_add_char(out, '"');
}

static void put_postfix(rp_buf *out, const rp_node *node)
{
    put_expr(out, node->a, PRIMARY);
    if (node->kind == RP_NODE_INDEX) {
        rp_buf_add_char(out, '[');
        put_expr(out, node->b, LOOSE);
        rp_buf_add_char(out, ']');
    } else if (node->kind == RP_NODE_CALL) {
        rp_buf_add_char(out, '(');
        put_exprs(out, node->b, ", ");
        rp_buf_add_char(out, ')');
    } else {
        rp_buf_add_text(out, node->kind == RP_NODE_FIELD ? "." : "?.");
        put_name(out, node);
    }
}

static void put_is(rp_buf *out, const rp_node *node)
{
    put_expr(out, node->a, COMPARE + 1);
    rp_buf_printf(out, " %s", operators[node->op]);
}

static void put_bracketed(rp_buf *out, const rp_node *node)
{
    bool list = node->kind == RP_NODE_LIST;
    rp_buf_add_text(out, list ? "[" : node->a != NULL ? "{ " : "{");
    put_exprs(out, node->a, ", ");
    rp_buf_add_text(out, list ? "]" : node->a != NULL ? " }" : "}");
}

static void put_bare(rp_buf *out, const rp_node *expr)
{
    switch (expr->kind) {
    case RP_NODE_INT:
    case RP_NODE_FLOAT:
    case RP_NODE_DURATION:
    case RP_NODE_TIME: put_number(out, expr); break;
    case RP_NODE_BOOL: rp_buf_add_text(out, expr->value.number ? "true" : "false"); break;
    case RP_NODE_ABSENT: rp_buf_add_text(out, "absent"); break;
    case RP_NODE_STRING: put_quoted(out, expr->text, true); break;
    case RP_NODE_TEXT: put_text_pieces(out, expr); break;
    case RP_NODE_NAME: put_name(out, expr); break;
    case RP_NODE_FIELD:
    case RP_NODE_OPT_FIELD:
    case RP_NODE_INDEX:
    case RP_NODE_CALL: put_postfix(out, expr); break;
    case RP_NODE_LIST:
    case RP_NODE_RECORD: put_bracketed(out, expr); break;
    case RP_NODE_PAIR: put_pair(out, expr); break;
    case RP_NODE_UNARY: put_unary(out, expr); break;
    case RP_NODE_BINARY: put_binary(out, expr); break;
    case RP_NODE_RANGE: put_range(out, expr); break;
    case RP_NODE_IS: put_is(out, expr); break;
    case RP_NODE_IF: put_if(out, expr); break;
    case RP_NODE_MATCH: put_match(out, expr); break;
    case RP_NODE_ARM: put_arm(out, expr); break;
    case RP_NODE_QUANTIFIER: put_quantifier(out, expr); break;
    case RP_NODE_BINDING: put_binding(out, expr); break;
    default: rp_buf_add_text(out, "<error>"); break;
    }
}

static void put_expr(rp_buf *out, const rp_node *expr, int least)
{
    bool parentheses = level_of(expr) < least;
    if (parentheses) rp_buf_add_char(out, '(');
    put_bare(out, expr);
    if (parentheses) rp_buf_add_char(out, ')');
}

void rp_expr_print(rp_buf *out, const rp_node *expr)
{
    put_expr(out, expr, LOOSE);
}
