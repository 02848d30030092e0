// Constructors that the grammar calls. Each lays one node into the arena; nothing here fails but by
// running out of memory, which leaves by the driver's jump.
#include "lang/build.h"

#include <string.h>

void *rp_build_alloc(rp_parse *parse, size_t size)
{
    return rp_arena_alloc(parse->arena, size);
}

rp_span rp_build_join(rp_span first, rp_span last)
{
    return (rp_span){first.file, first.begin, last.end};
}

// That of the deepest node of a list, or `depth` if that is more.
static uint16_t deeper(uint16_t depth, const rp_node *first)
{
    for (const rp_node *node = first; node != NULL; node = node->next) {
        if (node->depth > depth) depth = node->depth;
    }
    return depth;
}

// Each field is set for itself: to clear a node as a whole first takes longer.
static rp_node *new_node(rp_parse *parse, rp_node_kind kind, rp_span span, rp_node *a, rp_node *b,
                         rp_node *c)
{
    rp_node *node = rp_arena_alloc(parse->arena, sizeof *node);
    node->kind = (uint16_t)kind;
    node->op = 0;
    node->depth = (uint16_t)(deeper(deeper(deeper(0, a), b), c) + 1);
    node->id = (*parse->ids)++;
    node->span = span;
    node->name = span;
    node->text = RP_STR_EMPTY;
    node->value.number = 0;
    node->a = a;
    node->b = b;
    node->c = c;
    node->next = NULL;
    return node;
}

// A tree that is deeper than the limit is cut: the node becomes an error, said once.
static rp_node *hold_depth(rp_parse *parse, rp_node *node)
{
    if (node->depth <= RP_MAX_TREE_DEPTH) return node;
    rp_node *cut = new_node(parse, RP_NODE_ERROR, node->span, NULL, NULL, NULL);
    if (!parse->stopped) RP_DIAG(parse->diags, TOO_DEEP, node->span, RP_STR("expression"));
    parse->stopped = true;
    return cut;
}

rp_node *rp_build_node(rp_parse *parse, rp_node_kind kind, rp_span span, rp_node *a, rp_node *b,
                       rp_node *c)
{
    return hold_depth(parse, new_node(parse, kind, span, a, b, c));
}

rp_node *rp_build_named(rp_parse *parse, rp_node_kind kind, rp_span span, rp_str name,
                        rp_span name_span, rp_node *a, rp_node *b, rp_node *c)
{
    rp_node *node = rp_build_node(parse, kind, span, a, b, c);
    node->text = name;
    node->name = name_span;
    return node;
}

rp_node *rp_build_op(rp_parse *parse, rp_node_kind kind, rp_span span, int op, rp_node *a,
                     rp_node *b, rp_node *c)
{
    rp_node *node = rp_build_node(parse, kind, span, a, b, c);
    node->op = (uint16_t)op;
    return node;
}

rp_node *rp_build_number(rp_parse *parse, rp_node_kind kind, rp_span span, int64_t number)
{
    rp_node *node = rp_build_node(parse, kind, span, NULL, NULL, NULL);
    node->value.number = number;
    return node;
}

rp_node *rp_build_real(rp_parse *parse, rp_span span, double real)
{
    rp_node *node = rp_build_node(parse, RP_NODE_FLOAT, span, NULL, NULL, NULL);
    node->value.real = real;
    return node;
}

rp_node *rp_build_group(rp_parse *parse, rp_span span, rp_node *inner)
{
    (void)parse;
    inner->span = span;
    return inner;
}

static rp_node *string_node(rp_parse *parse, rp_str text, rp_span span)
{
    return rp_build_named(parse, RP_NODE_STRING, span, text, span, NULL, NULL, NULL);
}

// The pieces alternate: text, hole, text, ..., hole, text.
rp_node *rp_build_text(rp_parse *parse, rp_span span, rp_str head, rp_span head_span,
                       rp_node *first, rp_nodes rest, rp_str tail, rp_span tail_span)
{
    rp_nodes pieces = rp_nodes_of(string_node(parse, head, head_span));
    pieces = rp_nodes_add(pieces, first);
    if (rest.first != NULL) {
        pieces.last->next = rest.first;
        pieces.last = rest.last;
    }
    pieces = rp_nodes_add(pieces, string_node(parse, tail, tail_span));
    return rp_build_node(parse, RP_NODE_TEXT, span, pieces.first, NULL, NULL);
}

rp_node *rp_build_string_pair(rp_parse *parse, rp_span span, rp_str key, rp_span key_span,
                              rp_node *value)
{
    rp_node *pair = rp_build_named(parse, RP_NODE_PAIR, span, key, key_span, value, NULL, NULL);
    pair->op = RP_FLAG_STRING_KEY;
    return pair;
}

rp_node *rp_build_meta_range(rp_parse *parse, rp_span span, int64_t low, rp_span low_span,
                             int64_t high, rp_span high_span)
{
    return rp_build_node(parse, RP_NODE_META_RANGE, span,
                         rp_build_number(parse, RP_NODE_INT, low_span, low),
                         rp_build_number(parse, RP_NODE_INT, high_span, high), NULL);
}

static bool is_word(rp_parse *parse, rp_str word, rp_span span, rp_str expected)
{
    if (rp_str_equal(word, expected)) return true;
    RP_DIAG(parse->diags, SYNTAX, span, word, expected);
    return false;
}

rp_node *rp_build_limit_size(rp_parse *parse, rp_span span, rp_str word, rp_span word_span,
                             int64_t low, rp_span low_span, int64_t high, rp_span high_span)
{
    is_word(parse, word, word_span, RP_STR("size"));
    return rp_build_node(parse, RP_NODE_LIMIT_SIZE, span,
                         rp_build_number(parse, RP_NODE_INT, low_span, low),
                         rp_build_number(parse, RP_NODE_INT, high_span, high), NULL);
}

// `signature` is the type's qname, followed by the arguments.
rp_node *rp_build_method(rp_parse *parse, rp_span span, rp_str name, rp_span name_span,
                         rp_node *type, rp_nodes arguments, rp_node *result, rp_node *body)
{
    type->next = arguments.first;
    return rp_build_named(parse, RP_NODE_METHOD, span, name, name_span, type, result, body);
}

rp_node *rp_build_waive(rp_parse *parse, rp_span span, rp_nodes policies, rp_node *type,
                        rp_node *glob, rp_node *condition, int64_t until, rp_span until_span,
                        rp_node *because)
{
    rp_node *target = rp_build_named(parse, RP_NODE_WAIVE_TARGET, glob->span, glob->text,
                                     glob->span, type, condition, NULL);
    rp_node *time = rp_build_number(parse, RP_NODE_TIME, until_span, until);
    rp_node *reason = rp_build_named(parse, RP_NODE_WAIVE_REASON, because->span, because->text,
                                     because->span, time, NULL, NULL);
    return rp_build_node(parse, RP_NODE_WAIVE, span, policies.first, target, reason);
}

rp_node *rp_build_unknown_type(rp_parse *parse, rp_span span, rp_str word, rp_span word_span,
                               rp_str type, rp_span type_span)
{
    if (!is_word(parse, word, word_span, RP_STR("unknown"))) {
        return rp_build_node(parse, RP_NODE_ERROR, span, NULL, NULL, NULL);
    }
    rp_node *name =
        rp_build_named(parse, RP_NODE_QNAME, type_span, type, type_span, NULL, NULL, NULL);
    return rp_build_node(parse, RP_NODE_UNKNOWN_TYPE, span, name, NULL, NULL);
}

rp_node *rp_build_now(rp_parse *parse, rp_span span, rp_str word, rp_span word_span, int64_t time,
                      rp_span time_span)
{
    is_word(parse, word, word_span, RP_STR("now"));
    rp_node *node = rp_build_number(parse, RP_NODE_TIME, time_span, time);
    return rp_build_node(parse, RP_NODE_NOW, span, node, NULL, NULL);
}

rp_node *rp_build_source(rp_parse *parse, rp_span span, rp_node *service, rp_str operation,
                         rp_span operation_span, rp_nodes arguments, rp_node *member)
{
    return rp_build_named(parse, RP_NODE_SOURCE, span, operation, operation_span, service,
                          arguments.first, member);
}

rp_node *rp_build_file_source(rp_parse *parse, rp_span span, rp_str word, rp_span word_span,
                              rp_str member, rp_span member_span)
{
    is_word(parse, word, word_span, RP_STR("file"));
    rp_node *node = rp_build_named(parse, RP_NODE_SOURCE, span, member, member_span, NULL, NULL,
                                   string_node(parse, member, member_span));
    node->op = RP_FLAG_FILE;
    return node;
}

static uint16_t role_flags(rp_parse *parse, rp_str role, rp_span span)
{
    if (role.len == 0) return 0;
    if (rp_str_equal(role, RP_STR("key"))) return RP_FLAG_KEY;
    if (rp_str_equal(role, RP_STR("unique"))) return RP_FLAG_UNIQUE;
    RP_DIAG(parse->diags, SYNTAX, span, role, RP_STR("`key`, `unique` or `:`"));
    return 0;
}

rp_node *rp_build_field(rp_parse *parse, rp_span span, rp_str role, rp_span role_span, rp_str name,
                        rp_span name_span, rp_node *type, rp_nodes paths, rp_nodes options)
{
    rp_node *field = rp_build_named(parse, RP_NODE_SCHEMA_FIELD, span, name, name_span, type,
                                    paths.first, options.first);
    field->op = role_flags(parse, role, role_span);
    return field;
}

rp_node *rp_build_path(rp_parse *parse, rp_span span)
{
    rp_str text = {parse->text.ptr + span.begin + 1, span.end - span.begin - 2};
    return rp_build_named(parse, RP_NODE_PATH, span, text, span, NULL, NULL, NULL);
}

rp_node *rp_build_as_json(rp_parse *parse, rp_span span, rp_str word, rp_span word_span)
{
    is_word(parse, word, word_span, RP_STR("json"));
    return rp_build_node(parse, RP_NODE_OPT_JSON, span, NULL, NULL, NULL);
}

rp_node *rp_build_map_type(rp_parse *parse, rp_span span, rp_str key, rp_span key_span,
                           rp_node *value)
{
    is_word(parse, key, key_span, RP_STR("string"));
    return rp_build_node(parse, RP_NODE_TYPE_MAP, span, value, NULL, NULL);
}

// Names of tokens come from the grammar in double quotes; they are shown in backquotes, classes of
// tokens (a name, a string) without.
static rp_str shown(rp_arena *arena, const char *token)
{
    static const char *const classes[] = {"name", "string",         "number",     "duration",
                                          "date", "decimal number", "end of file"};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        if (strcmp(token, classes[i]) == 0) return rp_str_from(token);
    }
    size_t size = strlen(token);
    char *text = rp_arena_alloc(arena, size + 2);
    text[0] = '`';
    memcpy(text + 1, token, size);
    text[size + 1] = '`';
    return (rp_str){text, size + 2};
}

static bool expects(const char *const *expected, size_t count, const char *token)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(expected[i], token) == 0) return true;
    }
    return false;
}

// Few possibilities are listed; of many only what kind of thing belongs there.
static rp_str summary(rp_parse *parse, const char *const *expected, size_t count)
{
    if (expects(expected, count, "not") && expects(expected, count, "match"))
        return RP_STR("an expression");
    if (expects(expected, count, "policy") && expects(expected, count, "pack"))
        return RP_STR("a declaration");
    if (expects(expected, count, "module") && expects(expected, count, "import"))
        return RP_STR("a name");
    if (expects(expected, count, "and") && expects(expected, count, "??"))
        return RP_STR("an operator or the end of the expression");
    if (count == 0 || count > 5) return RP_STR("something else");
    rp_buf text;
    rp_buf_init(&text, parse->arena->alloc, 512);
    for (size_t i = 0; i < count; i++) {
        if (i > 0) rp_buf_add_text(&text, i + 1 == count ? " or " : ", ");
        rp_buf_add_str(&text, shown(parse->arena, expected[i]));
    }
    rp_str copy = rp_arena_str(parse->arena, rp_buf_str(&text));
    rp_buf_free(&text);
    return copy;
}

void rp_build_syntax_error(rp_parse *parse, rp_span span, const char *found,
                           const char *const *expected, size_t count)
{
    if (parse->stopped) return;
    parse->panic = true;
    parse->panic_nesting = parse->nesting;
    if (strcmp(found, "=") == 0 && expects(expected, count, "==")) {
        RP_DIAG(parse->diags, FOREIGN, span, RP_STR("="), RP_STR("=="));
        return;
    }
    RP_DIAG(parse->diags, SYNTAX, span, shown(parse->arena, found),
            summary(parse, expected, count));
}

void rp_build_too_deep(rp_parse *parse, rp_span span, const char *message)
{
    (void)message; // the parser's own words: its stack is full
    if (!parse->stopped) RP_DIAG(parse->diags, TOO_DEEP, span, RP_STR("source"));
    parse->stopped = true;
}
