// Mutations: each changes one place of the text of a policy, or of what policies use, as the parse
// tree shows it. They are edits of sources, to be compiled and tested like any source.
#include "compiler/compilation.h"
#include "compiler/reach.h"
#include "vm/base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SHOWN 60u
#define MAX_TEXT ((size_t)4 * 1024 * 1024)
#define NO_SUCH_TEXT RP_STR("\"no such text\"")

typedef struct site {
    rdspol_mutation mutation;
    uint32_t order;
} site;

typedef struct finder {
    rdspol_compilation *done;
    rp_arena *arena;
    rp_reach reach;
    const rp_module *module;
    const rp_comment *comments; // of the file
    rp_str name;                // of the declaration
    rdspol_mutation *list;
    uint32_t count, capacity;
    rp_buf text; // a scratch
} finder;

// ---- texts ----

static rp_str source_text(const finder *f, rp_span span)
{
    return rp_sources_text(&f->done->sources, span);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// A text on one line, its end left out if it is long.
static void add_shown(rp_buf *out, rp_str text)
{
    size_t begin = out->size;
    for (size_t i = 0; i < text.len; i++) {
        bool space = is_space(text.ptr[i]);
        if (out->size - begin >= MAX_SHOWN && ((unsigned char)text.ptr[i] & 0xc0u) != 0x80u) {
            rp_buf_add_text(out, "...");
            return;
        }
        if (!space || (i > 0 && !is_space(text.ptr[i - 1])))
            rp_buf_add(out, space ? " " : &text.ptr[i], 1);
    }
}

static rp_str take_text(finder *f)
{
    if (f->text.failed) f->arena->fail(f->arena->fail_ctx);
    rp_str copy = rp_arena_str(f->arena, rp_buf_str(&f->text));
    rp_buf_reset(&f->text);
    return copy;
}

static rp_str describe(finder *f, rp_str before, rp_str after)
{
    if (after.len == 0) rp_buf_add_text(&f->text, "without ");
    add_shown(&f->text, before);
    if (after.len > 0) rp_buf_add_text(&f->text, " -> ");
    add_shown(&f->text, after);
    return take_text(f);
}

// ---- explanations ----

// `# mutant: WHY` explains all of a line, `# mutant CHANGE: WHY` the change of that description.
static rp_str explanation_in(rp_str comment, rp_str change)
{
    static const char word[] = "mutant";
    size_t at = 1;
    while (at < comment.len && is_space(comment.ptr[at])) at++;
    rp_str rest = rp_str_from_offset(comment, at);
    if (!rp_str_starts(rest, RP_STR(word))) return RP_STR_EMPTY;
    rest = rp_str_from_offset(rest, sizeof word - 1);
    if (rest.len > 0 && rest.ptr[0] == ' ' && rp_str_starts(rp_str_from_offset(rest, 1), change))
        rest = rp_str_from_offset(rest, 1 + change.len);
    if (!rp_str_starts(rest, RP_STR(": "))) return RP_STR_EMPTY;
    return rp_str_from_offset(rest, 2);
}

static rp_str trimmed(rp_str line)
{
    while (line.len > 0 && is_space(line.ptr[0])) line = rp_str_from_offset(line, 1);
    return line;
}

// In a comment at the end of the line, or in the lines of comments right before it.
static rp_str find_explanation(const finder *f, uint32_t file, uint32_t line, rp_str change)
{
    const rp_sources *sources = &f->done->sources;
    for (const rp_comment *at = f->comments; at != NULL; at = at->next) {
        if (rp_sources_position(sources, file, at->span.begin).line != line) continue;
        rp_str found = explanation_in(source_text(f, at->span), change);
        if (found.len > 0) return found;
    }
    for (uint32_t above = line - 1; above > 0; above--) {
        rp_str comment = trimmed(rp_sources_line(sources, file, above));
        if (!rp_str_starts(comment, RP_STR("#"))) break;
        rp_str found = explanation_in(comment, change);
        if (found.len > 0) return found;
    }
    return RP_STR_EMPTY;
}

// ---- the list ----

static rdspol_mutation *new_mutation(finder *f)
{
    if (f->count == f->capacity) {
        uint32_t capacity = f->capacity == 0 ? 64 : f->capacity * 2;
        rdspol_mutation *list = RP_NEW_ARRAY(f->arena, rdspol_mutation, capacity);
        if (f->count > 0) memcpy(list, f->list, f->count * sizeof *list);
        f->list = list;
        f->capacity = capacity;
    }
    return &f->list[f->count++];
}

// Replaces `edit`; `shown` is the part of it that people are told of.
static void add_edit(finder *f, rp_span edit, rp_span shown, rp_str after)
{
    rp_position at = rp_sources_position(&f->done->sources, shown.file, shown.begin);
    rp_str change = describe(f, source_text(f, shown), after);
    *new_mutation(f) =
        (rdspol_mutation){.name = f->name,
                          .file = f->done->sources.files[edit.file].name,
                          .line = at.line,
                          .column = at.column,
                          .source = edit.file,
                          .begin = edit.begin,
                          .end = edit.end,
                          .replacement = after.len > 0 ? after : RP_STR(" "),
                          .change = change,
                          .explanation = find_explanation(f, edit.file, at.line, change)};
}

static void replace(finder *f, rp_span span, rp_str after)
{
    add_edit(f, span, span, after);
}

static void remove_span(finder *f, rp_span span)
{
    add_edit(f, span, span, RP_STR_EMPTY);
}

// ---- tokens between nodes ----

// Where the next token begins in `gap`; comments and opening parentheses are passed over.
static uint32_t next_token(const finder *f, rp_span gap)
{
    const char *text = f->done->sources.files[gap.file].text.ptr;
    uint32_t at = gap.begin;
    while (at < gap.end && (is_space(text[at]) || text[at] == '#' || text[at] == '(')) {
        bool comment = text[at] == '#';
        while (comment && at + 1 < gap.end && text[at] != '\n') at++;
        at++;
    }
    return at;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || c == '_';
}

// The word or sign that begins there.
static rp_span token_at(const finder *f, rp_span gap)
{
    const char *text = f->done->sources.files[gap.file].text.ptr;
    rp_span token = {gap.file, next_token(f, gap), gap.end};
    bool word = token.begin < gap.end && is_word(text[token.begin]);
    uint32_t end = token.begin;
    while (end < gap.end && !is_space(text[end]) && text[end] != '(' && text[end] != '#' &&
           is_word(text[end]) == word)
        end++;
    token.end = end;
    return token;
}

static rp_span between(const rp_node *left, const rp_node *right)
{
    return (rp_span){left->span.file, left->span.end, right->span.begin};
}

static rp_span before(const rp_node *outer, const rp_node *inner)
{
    return (rp_span){outer->span.file, outer->span.begin, inner->span.begin};
}

static rp_span behind(const rp_node *outer, const rp_node *inner)
{
    return (rp_span){outer->span.file, inner->span.end, outer->span.end};
}

// From the first token of `gap` to the last word of `words` that follow each other there.
static rp_span words_at(const finder *f, rp_span gap, uint32_t words)
{
    rp_span all = token_at(f, gap);
    for (rp_span rest = {gap.file, all.end, gap.end}; words > 1; words--) {
        all.end = token_at(f, rest).end;
        rest.begin = all.end;
    }
    return all;
}

// ---- operators ----

static const char *const other_operators[RP_OPERATOR_COUNT][2] = {
    [RP_OPERATOR_OR] = {"and"},
    [RP_OPERATOR_AND] = {"or"},
    [RP_OPERATOR_EQ] = {"!="},
    [RP_OPERATOR_NE] = {"=="},
    [RP_OPERATOR_LT] = {"<=", ">="},
    [RP_OPERATOR_LE] = {"<", ">"},
    [RP_OPERATOR_GT] = {">=", "<="},
    [RP_OPERATOR_GE] = {">", "<"},
    [RP_OPERATOR_IN] = {"not in"},
    [RP_OPERATOR_NOT_IN] = {"in"},
    [RP_OPERATOR_ADD] = {"-"},
    [RP_OPERATOR_SUB] = {"+"},
    [RP_OPERATOR_MUL] = {"/"},
    [RP_OPERATOR_DIV] = {"*"},
    [RP_OPERATOR_ABSENT] = {"is present"},
    [RP_OPERATOR_PRESENT] = {"is absent"},
    [RP_OPERATOR_EMPTY] = {"is not empty"},
    [RP_OPERATOR_NOT_EMPTY] = {"is empty"},
};

static const char *const other_quantifiers[RP_QUANTIFIER_KINDS] = {
    [RP_QUANTIFIER_ANY] = "all", [RP_QUANTIFIER_ALL] = "any", [RP_QUANTIFIER_NONE] = "any",
    [RP_QUANTIFIER_ONE] = "any", [RP_QUANTIFIER_MIN] = "max", [RP_QUANTIFIER_MAX] = "min",
};

static void operator_changes(finder *f, rp_span token, rp_operator op)
{
    for (size_t i = 0; i < 2; i++) {
        if (other_operators[op][i] != NULL) replace(f, token, rp_str_from(other_operators[op][i]));
    }
}

static void binary_changes(finder *f, const rp_node *node)
{
    uint32_t words = node->op == RP_OPERATOR_NOT_IN ? 2 : 1;
    operator_changes(f, words_at(f, between(node->a, node->b), words), (rp_operator)node->op);
}

static void range_changes(finder *f, const rp_node *node)
{
    bool negated = node->op == RP_FLAG_NEGATED;
    rp_span token = words_at(f, between(node->a, node->b), negated ? 2 : 1);
    replace(f, token, negated ? RP_STR("in") : RP_STR("not in"));
}

static void is_changes(finder *f, const rp_node *node)
{
    uint32_t words = node->op == RP_OPERATOR_NOT_EMPTY ? 3 : 2;
    operator_changes(f, words_at(f, behind(node, node->a), words), (rp_operator)node->op);
}

static void quantifier_changes(finder *f, const rp_node *node)
{
    const char *other = other_quantifiers[node->op];
    uint32_t words = node->op == RP_QUANTIFIER_ONE ? 2 : 1;
    if (other != NULL) replace(f, words_at(f, before(node, node->a), words), rp_str_from(other));
}

// ---- constants ----

static void number_changes(finder *f, rp_span span, int64_t number, rp_str behind_it)
{
    for (int step = 1; step >= -1; step -= 2) {
        if (step > 0 ? number == INT64_MAX : number <= 0) continue;
        rp_buf_printf(&f->text, "%" PRId64 "%.*s", number + step, (int)behind_it.len,
                      behind_it.ptr);
        replace(f, span, take_text(f));
    }
}

// The digits that `text` has from `from` on.
static size_t digits_of(rp_str text, size_t from)
{
    size_t end = from;
    while (end < text.len && text.ptr[end] >= '0' && text.ptr[end] <= '9') end++;
    return end - from;
}

// A number with what follows it: `5`, `7d`.
static void leading_number_changes(finder *f, const rp_node *node)
{
    rp_str text = source_text(f, node->span);
    size_t skip = 0;
    while (skip < text.len && digits_of(text, skip) == 0) skip++; // parentheses
    size_t size = digits_of(text, skip);
    int64_t number = 0;
    size_t unit = skip + size < text.len && is_word(text.ptr[skip + size]) ? 1 : 0;
    rp_span span = {node->span.file, node->span.begin + (uint32_t)skip,
                    node->span.begin + (uint32_t)(skip + size + unit)};
    if (size > 0 && rp_text_parse_int(rp_str_make(text.ptr + skip, size), &number))
        number_changes(f, span, number, rp_str_make(text.ptr + skip + size, unit));
}

// The last part of a version, one up and one down.
static void version_changes(finder *f, const rp_node *node)
{
    size_t begin = node->text.len;
    int64_t number = 0;
    while (begin > 0 && digits_of(node->text, begin - 1) > 0) begin--;
    rp_str last = rp_str_from_offset(node->text, begin);
    if (!rp_text_parse_int(last, &number)) return;
    for (int step = 1; step >= -1; step -= 2) {
        if (number + step < 0) continue;
        rp_buf_printf(&f->text, "\"%.*s%" PRId64 "\"", (int)begin, node->text.ptr, number + step);
        replace(f, node->span, take_text(f));
    }
}

static bool is_plain(rp_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\' || text.ptr[i] == '{') return false;
    }
    return true;
}

// The member that follows in the enum; nothing if it cannot be written simply.
static rp_str other_member(finder *f, const rp_enum *members, rp_str text)
{
    uint32_t i = 0;
    while (i < members->count && !rp_str_equal(members->values[i], text)) i++;
    if (members->count < 2) return RP_STR_EMPTY;
    rp_str other = members->values[(i + 1) % members->count];
    if (!is_plain(other)) return RP_STR_EMPTY;
    rp_buf_printf(&f->text, "\"%.*s\"", (int)other.len, other.ptr);
    return take_text(f);
}

static void string_changes(finder *f, const rp_node *node)
{
    const rp_core *core = rp_reach_at(&f->reach, node->span, RP_CORE_CONST);
    rp_type_kind kind = core != NULL ? core->type->kind : RP_T_STRING;
    if (kind == RP_T_VERSION) {
        version_changes(f, node);
    } else if (kind == RP_T_ENUM) {
        rp_str other = other_member(f, core->type->members, node->text);
        if (other.len > 0) replace(f, node->span, other);
    } else {
        replace(f, node->span, NO_SUCH_TEXT);
    }
}

static void bool_changes(finder *f, const rp_node *node)
{
    replace(f, token_at(f, node->span), node->value.number != 0 ? RP_STR("false") : RP_STR("true"));
}

// ---- members and arms ----

// One of a list with commas between its members, at least two of them.
static void remove_member(finder *f, const rp_node *previous, const rp_node *member)
{
    rp_span edit = member->span;
    if (member->next != NULL)
        edit.end = member->next->span.begin;
    else
        edit.begin = previous->span.end;
    add_edit(f, edit, member->span, RP_STR_EMPTY);
}

static void remove_members(finder *f, const rp_node *first)
{
    const rp_node *previous = NULL;
    for (const rp_node *member = first; member != NULL; member = member->next) {
        if (first->next != NULL) remove_member(f, previous, member);
        previous = member;
    }
}

static void match_changes(finder *f, const rp_node *node)
{
    for (const rp_node *arm = node->b; arm != NULL; arm = arm->next) {
        bool several = arm->a != NULL && arm->a->next != NULL;
        if (several)
            remove_members(f, arm->a);
        else
            remove_span(f, arm->span);
    }
}

static void binding_changes(finder *f, const rp_node *node)
{
    if (node->b == NULL) return;
    rp_span edit = {node->span.file, node->a->span.end, node->b->span.end};
    rp_span shown = {node->span.file, next_token(f, edit), edit.end};
    add_edit(f, edit, shown, RP_STR_EMPTY);
}

static void if_changes(finder *f, const rp_node *node)
{
    rp_str condition = source_text(f, node->a->span);
    rp_buf_printf(&f->text, "not (%.*s)", (int)condition.len, condition.ptr);
    replace(f, node->a->span, take_text(f));
}

// ---- fields ----

static const rp_type *type_of(const rp_field *field)
{
    return field->function != NULL ? field->function->type : field->type;
}

static bool is_alternative(const rp_field *field, const rp_field *to)
{
    return field != to && field->kind != RP_FIELD_METHOD && type_of(field) != NULL &&
           type_of(field) == type_of(to);
}

// The next field of the same entity and type, in the order of the schema.
static const rp_field *other_field(const rp_field *field)
{
    for (const rp_field *at = field->next; at != NULL; at = at->next) {
        if (is_alternative(at, field)) return at;
    }
    for (const rp_field *at = field->entity->fields; at != NULL && at != field; at = at->next) {
        if (is_alternative(at, field)) return at;
    }
    return NULL;
}

static void field_changes(finder *f, const rp_node *node)
{
    const rp_core *core = rp_reach_at(&f->reach, node->span, RP_CORE_FIELD);
    const rp_field *other = core != NULL ? other_field(core->of.field) : NULL;
    if (other != NULL) replace(f, node->name, other->name);
}

// ---- the walk ----

static void visit(finder *f, const rp_node *node);

static void visit_all(finder *f, const rp_node *first)
{
    for (const rp_node *node = first; node != NULL; node = node->next) visit(f, node);
}

// Reasons of `unknown("...")` are messages. The name of a method is no field.
static void visit_call(finder *f, const rp_node *node)
{
    bool reason = node->a->kind == RP_NODE_NAME && rp_str_equal(node->a->text, RP_STR("unknown"));
    if (node->a->kind != RP_NODE_NAME) visit(f, node->a->a);
    if (!reason) visit_all(f, node->b);
}

// Of texts in a list each is removed; what stands in its place need not be tried.
static void visit_list(finder *f, const rp_node *node)
{
    remove_members(f, node->a);
    for (const rp_node *member = node->a; member != NULL; member = member->next) {
        bool removed = node->a->next != NULL && member->kind == RP_NODE_STRING;
        if (!removed) visit(f, member);
    }
}

static void visit_match(finder *f, const rp_node *node)
{
    visit(f, node->a);
    match_changes(f, node);
    for (const rp_node *arm = node->b; arm != NULL; arm = arm->next) visit(f, arm->b);
}

static void own_changes(finder *f, const rp_node *node)
{
    switch ((rp_node_kind)node->kind) {
    case RP_NODE_INT:
    case RP_NODE_DURATION: leading_number_changes(f, node); break;
    case RP_NODE_BOOL: bool_changes(f, node); break;
    case RP_NODE_STRING: string_changes(f, node); break;
    case RP_NODE_FIELD:
    case RP_NODE_OPT_FIELD: field_changes(f, node); break;
    case RP_NODE_UNARY: remove_span(f, token_at(f, before(node, node->a))); break;
    case RP_NODE_BINARY: binary_changes(f, node); break;
    case RP_NODE_RANGE: range_changes(f, node); break;
    case RP_NODE_IS: is_changes(f, node); break;
    case RP_NODE_IF: if_changes(f, node); break;
    case RP_NODE_QUANTIFIER: quantifier_changes(f, node); break;
    case RP_NODE_BINDING: binding_changes(f, node); break;
    default: break;
    }
}

// The changes of an expression and of what stands in it. Texts with holes are messages.
static void visit(finder *f, const rp_node *node)
{
    switch ((rp_node_kind)node->kind) {
    case RP_NODE_TEXT: break;
    case RP_NODE_CALL: visit_call(f, node); break;
    case RP_NODE_LIST: visit_list(f, node); break;
    case RP_NODE_MATCH: visit_match(f, node); break;
    default:
        own_changes(f, node);
        visit_all(f, node->a);
        visit_all(f, node->b);
        visit_all(f, node->c);
    }
}

static bool is_reached(const finder *f, const rp_node *node)
{
    return rp_reach_at(&f->reach, node->span, RP_CORE_COUNT) != NULL;
}

static void visit_clauses(finder *f, const rp_node *first)
{
    for (const rp_node *clause = first; clause != NULL; clause = clause->next) {
        bool condition = clause->kind == RP_NODE_WHEN || clause->kind == RP_NODE_REQUIRE;
        if (condition) remove_span(f, clause->span);
        if (condition) visit(f, clause->a);
        if (clause->kind == RP_NODE_LET && is_reached(f, clause->b)) visit(f, clause->b);
    }
}

static rp_str field_name(finder *f, const rp_node *node)
{
    rp_buf_printf(&f->text, "%.*s.%.*s", (int)node->a->text.len, node->a->text.ptr,
                  (int)node->text.len, node->text.ptr);
    return take_text(f);
}

static void visit_declaration(finder *f, const rp_node *node)
{
    f->name = node->text;
    switch ((rp_node_kind)node->kind) {
    case RP_NODE_POLICY: visit_clauses(f, node->b); break;
    case RP_NODE_REQUIRE: visit(f, node->a); break;
    case RP_NODE_FUNCTION:
    case RP_NODE_FIELD_DEF:
    case RP_NODE_METHOD:
        if (node->kind != RP_NODE_FUNCTION) f->name = field_name(f, node);
        if (is_reached(f, node->c)) visit(f, node->c);
        break;
    case RP_NODE_LET:
        if (is_reached(f, node->b)) visit(f, node->b);
        break;
    case RP_NODE_PARAM: {
        const rp_param_decl *param = rp_module_find(f->module, RP_DECL_PARAM, node->text);
        if (node->b != NULL && param != NULL && rp_reach_has(&f->reach, param)) visit(f, node->b);
        break;
    }
    default: break;
    }
}

static void visit_file(finder *f, const rp_tree *tree)
{
    if (tree->file >= f->done->source_count) return;
    f->comments = tree->comments;
    for (const rp_node *node = tree->declarations; node != NULL; node = node->next)
        visit_declaration(f, node);
}

// ---- order ----

static int by_place(const void *a, const void *b)
{
    const site *one = a;
    const site *two = b;
    const rdspol_mutation *left = &one->mutation;
    const rdspol_mutation *right = &two->mutation;
    if (left->source != right->source) return left->source < right->source ? -1 : 1;
    if (left->line != right->line) return left->line < right->line ? -1 : 1;
    if (left->column != right->column) return left->column < right->column ? -1 : 1;
    return one->order < two->order ? -1 : one->order > two->order;
}

static void sort(finder *f)
{
    site *sites = RP_NEW_ARRAY(f->arena, site, f->count);
    for (uint32_t i = 0; i < f->count; i++) sites[i] = (site){f->list[i], i};
    if (f->count > 0) qsort(sites, f->count, sizeof *sites, by_place);
    for (uint32_t i = 0; i < f->count; i++) f->list[i] = sites[i].mutation;
}

static bool find_all(finder *f)
{
    if (setjmp(f->done->escape) != 0) return false;
    rp_reach_find(&f->reach, f->arena, &f->done->program);
    for (const rp_module *module = f->done->program.modules; module != NULL;
         module = module->next) {
        f->module = module;
        for (const rp_module_file *file = module->files; file != NULL; file = file->next)
            visit_file(f, &file->tree);
    }
    sort(f);
    return true;
}

bool rp_mutations_find(rdspol_compilation *done, const rdspol_mutation **out, uint32_t *count)
{
    finder f = {.done = done, .arena = &done->arena};
    rp_buf_init(&f.text, done->alloc, MAX_TEXT);
    bool found = find_all(&f);
    rp_buf_free(&f.text);
    *out = f.list;
    *count = f.count;
    return found;
}
