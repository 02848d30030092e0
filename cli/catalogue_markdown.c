// The catalogue as Markdown: a chapter for each source file, a section for each policy.
#include "cli/catalogue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_ENGINES = 64 };

// ---- Text --------------------------------------------------------------------------------------

static bool is_word_char(rp_str text, size_t at)
{
    unsigned char c = at < text.len ? (unsigned char)text.ptr[at] : ' ';
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c >= 0x80;
}

// Whether a character could begin or end markup. `_` inside a word cannot, nor `&` of no entity.
static bool is_markup(rp_str text, size_t at)
{
    switch (text.ptr[at]) {
    case '_': return at == 0 || !is_word_char(text, at - 1) || !is_word_char(text, at + 1);
    case '&': return is_word_char(text, at + 1) || (at + 1 < text.len && text.ptr[at + 1] == '#');
    default: return strchr("\\|<*`[]~", text.ptr[at]) != NULL && text.ptr[at] != '\0';
    }
}

void rp_out_markdown(rp_out *out, rp_str text)
{
    size_t from = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool line = text.ptr[i] == '\n';
        if (!line && !is_markup(text, i)) continue;
        rp_out_safe(out, rp_str_make(text.ptr + from, i - from));
        rp_out_char(out, line ? ' ' : '\\');
        from = line ? i + 1 : i;
    }
    rp_out_safe(out, rp_str_from_offset(text, from));
}

static bool is_name(rp_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool other = text.ptr[i] != '\0' && strchr("_.:/-", text.ptr[i]) != NULL;
        if (!other && (!is_word_char(text, i) || (unsigned char)text.ptr[i] >= 0x80)) return false;
    }
    return text.len > 0;
}

bool rp_out_code(rp_out *out, rp_str name)
{
    bool plain = is_name(name);
    if (plain) rp_out_char(out, '`');
    if (plain) rp_out_str(out, name);
    if (plain) rp_out_char(out, '`');
    if (!plain) rp_out_markdown(out, name);
    return plain;
}

static void code(rp_out *out, rp_str name)
{
    (void)rp_out_code(out, name);
}

static void heading(rp_out *out, unsigned level)
{
    rp_out_char(out, '\n');
    for (unsigned i = 0; i < level; i++) rp_out_char(out, '#');
    rp_out_char(out, ' ');
}

// Indented, so that no fence can be closed from inside.
static void code_block(rp_out *out, rp_str text)
{
    RP_OUT_LITERAL(out, "\n    ");
    for (size_t at = 0; at < text.len;) {
        const char *end = memchr(text.ptr + at, '\n', text.len - at);
        size_t size = end != NULL ? (size_t)(end - text.ptr) - at : text.len - at;
        rp_out_safe(out, rp_str_make(text.ptr + at, size));
        if (end != NULL) RP_OUT_LITERAL(out, "\n    ");
        at += size + (end != NULL ? 1 : 0);
    }
    rp_out_char(out, '\n');
}

// ---- Parts of a policy -------------------------------------------------------------------------

static void print_needs(const rp_catalogue *c, rp_out *out, const uint32_t *policies, size_t count,
                        rp_need_kind kind)
{
    size_t found;
    rp_need *needs = rp_catalogue_needs(c->bundle, policies, count, kind, &found);
    if (needs == NULL) out->error = ENOMEM;
    for (size_t i = 0; needs != NULL && i < found; i++) {
        const rp_need *n = &needs[i];
        char name[512];
        int size = snprintf(name, sizeof name, "%.*s%c%.*s", (int)n->left.len, n->left.ptr,
                            kind == RP_NEEDS_FACTS ? '.' : ':', (int)n->right.len, n->right.ptr);
        rp_str text = rp_str_make(name, size > 0 && (size_t)size < sizeof name ? (size_t)size : 0);
        if (i > 0) RP_OUT_LITERAL(out, ", ");
        code(out, text);
        if (n->action.len == 0 || rp_str_equal(n->action, text)) continue;
        RP_OUT_LITERAL(out, " (IAM action ");
        code(out, n->action);
        rp_out_char(out, ')');
    }
    free(needs);
}

static void print_judged(const rp_catalogue *c, rp_out *out, uint32_t index, const rdspol_policy *p)
{
    rp_str engines[MAX_ENGINES];
    size_t count = rp_catalogue_engines(c->bundle, index, engines, MAX_ENGINES);
    RP_OUT_LITERAL(out, "\n- Judges: ");
    code(out, p->kind);
    if (p->type.len > 0) {
        RP_OUT_LITERAL(out, " (");
        rp_out_markdown(out, p->type);
        rp_out_char(out, ')');
    }
    for (size_t i = 0; i < count; i++) {
        rp_out_text(out, i == 0 ? " of the engines " : ", ");
        code(out, engines[i]);
    }
    RP_OUT_LITERAL(out, "\n- Severity: ");
    rp_out_text(out, rdspol_severity_name(p->severity));
}

static void print_controls(const rp_catalogue *c, rp_out *out, uint32_t index,
                           const rdspol_policy *p, const char *before)
{
    for (uint32_t i = 0; i < p->control_count; i++) {
        rp_out_text(out, i == 0 ? before : ", ");
        rp_out_markdown(out, rdspol_bundle_control(c->bundle, index, i));
    }
}

// The words of the clauses of a kind. A clause without words of its own speaks with the title.
static void print_clauses(const rp_catalogue *c, rp_out *out, uint32_t index, bool scope,
                          const char *label)
{
    rdspol_clause clause;
    rdspol_str title = {"", 0};
    bool any = false, titled = rdspol_run_title(c->run, index, &title) != RDSPOL_OK;
    for (uint32_t i = 0; rdspol_run_clause(c->run, index, i, &clause) == RDSPOL_OK; i++) {
        if ((clause.is_when != 0) != scope) continue;
        if (!any) rp_out_text(out, label);
        any = true;
        if (clause.text.len == 0 || rp_str_equal(clause.text, title)) {
            if (!titled) RP_OUT_LITERAL(out, "\n  - its title");
            titled = true;
            continue;
        }
        RP_OUT_LITERAL(out, "\n  - \"");
        rp_out_markdown(out, clause.text);
        rp_out_char(out, '"');
    }
}

static void print_constant(const rdspol_bundle *b, rp_out *out, uint32_t constant)
{
    rp_buf text;
    rp_alloc libc = {NULL, NULL};
    uint64_t bits = rp_bundle_const_bits(b, constant);
    rp_buf_init(&text, rp_alloc_or_libc(libc), 4096);
    if (rp_print_scalar(RP_TYPE_KIND(b->consts[constant].type), bits, &text)) {
        rp_out_markdown(out, rp_buf_str(&text));
    } else {
        code(out, rp_bundle_text(b, (uint32_t)bits));
    }
    rp_buf_free(&text);
}

static void print_range(const rdspol_bundle *b, rp_out *out, const rp_rec_param *p)
{
    if (p->min != RP_NONE && p->max != RP_NONE) {
        RP_OUT_LITERAL(out, ", from ");
        print_constant(b, out, p->min);
        RP_OUT_LITERAL(out, " to ");
        print_constant(b, out, p->max);
    }
    const rp_rec_set *set = p->allowed != RP_NONE ? &b->sets[p->allowed] : NULL;
    for (uint32_t i = 0; set != NULL && i < set->item_count; i++) {
        rp_out_text(out, i == 0 ? ", one of " : ", ");
        print_constant(b, out, b->items[set->first_item + i].constant);
    }
    if (p->size_max == RP_NONE) return;
    RP_OUT_LITERAL(out, ", ");
    rp_out_u64(out, p->size_min);
    RP_OUT_LITERAL(out, " to ");
    rp_out_u64(out, p->size_max);
    RP_OUT_LITERAL(out, " members");
}

static void print_param(const rp_catalogue *c, rp_out *out, uint32_t index)
{
    const rp_rec_param *p = &c->bundle->params[index];
    bool list = (p->flags & RP_PARAM_LIST) != 0;
    rdspol_param_state state;
    RP_OUT_LITERAL(out, "\n  - ");
    code(out, rp_bundle_text(c->bundle, p->name));
    rp_out_text(out, list ? ": list of " : ": ");
    rp_out_text(out, rp_op_kind_name(RP_TYPE_KIND(p->type)));
    if (rdspol_run_param(c->run, index, &state) == RDSPOL_OK) {
        rp_out_text(out, state.is_default != 0 ? ", default " : ", set to ");
        if (state.member_count == 0) rp_out_text(out, list ? "empty" : "none");
        rp_out_markdown(out, state.value);
    }
    print_range(c->bundle, out, p);
}

static void print_params(const rp_catalogue *c, rp_out *out, uint32_t policy)
{
    uint32_t param;
    for (size_t i = 0; (param = rp_catalogue_param(c->bundle, policy, i)) != RP_NONE; i++) {
        if (i == 0) RP_OUT_LITERAL(out, "\n- Parameters:");
        print_param(c, out, param);
    }
}

static bool is_address(rp_str link)
{
    bool web = rp_str_starts(link, RP_STR("https://")) || rp_str_starts(link, RP_STR("http://"));
    for (size_t i = 0; web && i < link.len; i++) {
        unsigned char ch = (unsigned char)link.ptr[i];
        web = ch > 0x20 && ch < 0x7f && ch != '<' && ch != '>' && ch != '|';
    }
    return web;
}

static void print_links(const rp_catalogue *c, rp_out *out, uint32_t index, const rdspol_policy *p)
{
    for (uint32_t i = 0; i < p->link_count; i++) {
        rp_str link = rdspol_bundle_link(c->bundle, index, i);
        rp_out_text(out, i == 0 ? "\n- Sources: " : ", ");
        if (!is_address(link)) {
            rp_out_markdown(out, link);
            continue;
        }
        rp_out_char(out, '<');
        rp_out_str(out, link);
        rp_out_char(out, '>');
    }
}

// ---- A policy ----------------------------------------------------------------------------------

static void print_words(const rp_catalogue *c, rp_out *out, uint32_t index, const rdspol_policy *p)
{
    rdspol_str title = {"", 0};
    if (rdspol_run_title(c->run, index, &title) != RDSPOL_OK) out->error = ENOMEM;
    RP_OUT_LITERAL(out, "\n\n**");
    rp_out_markdown(out, title);
    RP_OUT_LITERAL(out, ".**");
    if (p->description.len > 0) rp_out_char(out, ' ');
    rp_out_markdown(out, p->description);
    rp_out_char(out, '\n');
}

static void print_policy(const rp_catalogue *c, rp_out *out, uint32_t index, unsigned level)
{
    rdspol_policy p;
    rdspol_str remedy;
    if (rdspol_bundle_policy(c->bundle, index, &p) != RDSPOL_OK) return;
    heading(out, level);
    rp_out_markdown(out, p.name);
    print_words(c, out, index, &p);
    print_judged(c, out, index, &p);
    print_controls(c, out, index, &p, "\n- Controls: ");
    print_clauses(c, out, index, true, "\n- Out of scope, with the reason:");
    print_clauses(c, out, index, false, "\n- Fails with:");
    print_params(c, out, index);
    RP_OUT_LITERAL(out, "\n- Operations and IAM actions: ");
    print_needs(c, out, &index, 1, RP_NEEDS_OPERATIONS);
    RP_OUT_LITERAL(out, "\n- Facts: ");
    print_needs(c, out, &index, 1, RP_NEEDS_FACTS);
    print_links(c, out, index, &p);
    RP_OUT_LITERAL(out, "\n- Policy: ");
    code(out, p.file);
    if (rdspol_run_remedy(c->run, index, &remedy) != RDSPOL_OK) out->error = ENOMEM;
    RP_OUT_LITERAL(out, "\n");
    if (out->error != 0 || remedy.len == 0) return;
    RP_OUT_LITERAL(out, "\nRemedy:\n");
    code_block(out, remedy);
}

// ---- Chapters ----------------------------------------------------------------------------------

static rp_str file_of(const rp_catalogue *c, size_t at)
{
    const rdspol_bundle *b = c->bundle;
    return rp_bundle_text(b, b->files[b->policys[c->selected[at]].file].name);
}

static size_t chapter_size(const rp_catalogue *c, size_t at)
{
    size_t size = 1;
    while (at + size < c->count && rp_str_equal(file_of(c, at), file_of(c, at + size))) size++;
    return size;
}

// The first sentence of a line, without its full stop.
static size_t sentence_size(rp_str line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (line.ptr[i] == '.' && (i + 1 == line.len || line.ptr[i + 1] == ' ')) return i;
    }
    return line.len;
}

// The comment at the head of the file: its first sentence is the heading, the rest a paragraph.
static void print_head(rp_out *out, rp_str file, unsigned level)
{
    rp_str line;
    if (level > 1) heading(out, level);
    if (level == 1) RP_OUT_LITERAL(out, "# ");
    if (!rp_catalogue_head_line(file, 0, &line)) {
        code(out, file);
        rp_out_char(out, '\n');
        return;
    }
    size_t size = sentence_size(line);
    rp_out_markdown(out, rp_str_make(line.ptr, size));
    rp_out_char(out, '\n');
    bool begun = false;
    rp_str rest = rp_str_from_offset(line, size + 2 < line.len ? size + 2 : line.len);
    for (size_t i = 1; rest.len > 0 || rp_catalogue_head_line(file, i++, &rest);) {
        if (rest.len > 0) rp_out_text(out, begun ? " " : "\n");
        begun = begun || rest.len > 0;
        rp_out_markdown(out, rest);
        rest = rp_str_make("", 0);
    }
    if (begun) rp_out_char(out, '\n');
}

static void print_row(const rp_catalogue *c, rp_out *out, uint32_t index)
{
    rdspol_policy p;
    rdspol_str title = {"", 0};
    if (rdspol_bundle_policy(c->bundle, index, &p) != RDSPOL_OK) return;
    if (rdspol_run_title(c->run, index, &title) != RDSPOL_OK) out->error = ENOMEM;
    RP_OUT_LITERAL(out, "| ");
    code(out, p.name);
    RP_OUT_LITERAL(out, " | ");
    rp_out_markdown(out, title);
    RP_OUT_LITERAL(out, " | ");
    code(out, p.kind);
    RP_OUT_LITERAL(out, " | ");
    rp_out_text(out, rdspol_severity_name(p.severity));
    RP_OUT_LITERAL(out, " |");
    print_controls(c, out, index, &p, " ");
    RP_OUT_LITERAL(out, " |\n");
}

static void print_chapter(const rp_catalogue *c, rp_out *out, size_t at, size_t count,
                          unsigned level)
{
    print_head(out, file_of(c, at), level);
    RP_OUT_LITERAL(out, "\n| policy | what holds | judges | severity | controls |\n"
                        "| --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < count; i++) print_row(c, out, c->selected[at + i]);
    RP_OUT_LITERAL(out, "\nNeeds: ");
    print_needs(c, out, c->selected + at, count, RP_NEEDS_OPERATIONS);
    rp_out_char(out, '\n');
    if (level == 1) {
        RP_OUT_LITERAL(out, "\nIn remedies names in braces stand for values of the resource, words "
                            "in capitals for what you choose.\n");
    }
    for (size_t i = 0; i < count; i++) print_policy(c, out, c->selected[at + i], level + 1);
}

void rp_catalogue_markdown(const rp_catalogue *c, rp_out *out)
{
    if (c->count > 0 && chapter_size(c, 0) == c->count) {
        print_chapter(c, out, 0, c->count, 1);
        return;
    }
    RP_OUT_LITERAL(out, "# Policies\n\nIn remedies names in braces stand for values of the "
                        "resource, words in capitals for what you choose.\n");
    for (size_t at = 0; at < c->count; at += chapter_size(c, at))
        print_chapter(c, out, at, chapter_size(c, at), 2);
}
