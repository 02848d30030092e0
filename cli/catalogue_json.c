// The catalogue as JSON: everything that the pages show, for programs.
#include "cli/catalogue.h"

#include "cli/json_text.h"
#include "cli/params.h"
#include "cli/version.h"

#include <errno.h>
#include <stdlib.h>

enum { MAX_ENGINES = 64 };

static void number(rp_out *out, const char *name, uint64_t value)
{
    RP_OUT_LITERAL(out, ",\"");
    rp_out_text(out, name);
    RP_OUT_LITERAL(out, "\":");
    rp_out_u64(out, value);
}

// ,"name":[ and what is between members.
static void list_begin(rp_out *out, const char *name)
{
    RP_OUT_LITERAL(out, ",\"");
    rp_out_text(out, name);
    RP_OUT_LITERAL(out, "\":[");
}

static void between(rp_out *out, size_t index)
{
    if (index > 0) rp_out_char(out, ',');
}

static void write_labels(const rp_catalogue *c, rp_out *out, uint32_t index, const rdspol_policy *p)
{
    rp_str engines[MAX_ENGINES];
    size_t count = rp_catalogue_engines(c->bundle, index, engines, MAX_ENGINES);
    list_begin(out, "controls");
    for (uint32_t i = 0; i < p->control_count; i++) {
        between(out, i);
        rp_out_json(out, rdspol_bundle_control(c->bundle, index, i));
    }
    RP_OUT_LITERAL(out, "]");
    list_begin(out, "links");
    for (uint32_t i = 0; i < p->link_count; i++) {
        between(out, i);
        rp_out_json(out, rdspol_bundle_link(c->bundle, index, i));
    }
    RP_OUT_LITERAL(out, "]");
    list_begin(out, "engines");
    for (size_t i = 0; i < count; i++) {
        between(out, i);
        rp_out_json(out, engines[i]);
    }
    RP_OUT_LITERAL(out, "]");
}

static void write_clauses(const rp_catalogue *c, rp_out *out, uint32_t index, bool scope)
{
    rdspol_clause clause;
    size_t written = 0;
    list_begin(out, scope ? "scope" : "requirements");
    for (uint32_t i = 0; rdspol_run_clause(c->run, index, i, &clause) == RDSPOL_OK; i++) {
        if ((clause.is_when != 0) != scope) continue;
        between(out, written++);
        RP_OUT_LITERAL(out, "{\"file\":");
        rp_out_json(out, clause.file);
        number(out, "line", clause.line);
        RP_OUT_MEMBER(out, "text", clause.text);
        rp_out_char(out, '}');
    }
    rp_out_char(out, ']');
}

static void write_constant(const rdspol_bundle *b, rp_out *out, uint32_t constant)
{
    rp_buf text;
    rp_alloc libc = {NULL, NULL};
    rp_kind kind = RP_TYPE_KIND(b->consts[constant].type);
    uint64_t bits = rp_bundle_const_bits(b, constant);
    rp_buf_init(&text, rp_alloc_or_libc(libc), 4096);
    bool plain = kind == RP_KIND_INT || kind == RP_KIND_FLOAT || kind == RP_KIND_BOOL;
    bool scalar = rp_print_scalar(kind, bits, &text);
    if (scalar && plain) rp_out_str(out, rp_buf_str(&text));
    if (scalar && !plain) rp_out_json(out, rp_buf_str(&text));
    if (!scalar) rp_out_json(out, rp_bundle_text(b, (uint32_t)bits));
    rp_buf_free(&text);
}

static void write_limits(const rdspol_bundle *b, rp_out *out, const rp_rec_param *p)
{
    if (p->min != RP_NONE) RP_OUT_LITERAL(out, ",\"min\":");
    if (p->min != RP_NONE) write_constant(b, out, p->min);
    if (p->max != RP_NONE) RP_OUT_LITERAL(out, ",\"max\":");
    if (p->max != RP_NONE) write_constant(b, out, p->max);
    if (p->allowed != RP_NONE) {
        const rp_rec_set *set = &b->sets[p->allowed];
        list_begin(out, "allowed");
        for (uint32_t i = 0; i < set->item_count; i++) {
            between(out, i);
            write_constant(b, out, b->items[set->first_item + i].constant);
        }
        rp_out_char(out, ']');
    }
    if (p->size_max == RP_NONE) return;
    number(out, "min_members", p->size_min);
    number(out, "max_members", p->size_max);
}

static void write_param_value(const rp_catalogue *c, rp_out *out, uint32_t index)
{
    rdspol_param_state state;
    rdspol_str text;
    bool list = rp_param_is_list(c->bundle, index);
    if (rdspol_run_param(c->run, index, &state) != RDSPOL_OK) return;
    rp_out_text(out, state.is_default != 0 ? ",\"default\":" : ",\"value\":");
    if (list) rp_out_char(out, '[');
    for (uint32_t i = 0; i < state.member_count; i++) {
        between(out, i);
        if (rdspol_run_param_member(c->run, index, i, &text) == RDSPOL_OK)
            rp_out_json_value(out, text);
    }
    if (list) rp_out_char(out, ']');
    if (!list && state.member_count == 0) RP_OUT_LITERAL(out, "null");
}

static void write_params(const rp_catalogue *c, rp_out *out, uint32_t policy)
{
    uint32_t param;
    list_begin(out, "parameters");
    for (size_t i = 0; (param = rp_catalogue_param(c->bundle, policy, i)) != RP_NONE; i++) {
        const rp_rec_param *p = &c->bundle->params[param];
        between(out, i);
        RP_OUT_LITERAL(out, "{\"name\":");
        rp_out_json(out, rp_bundle_text(c->bundle, p->name));
        RP_OUT_MEMBER(out, "module", rp_bundle_text(c->bundle, p->module));
        RP_OUT_MEMBER(out, "type", rp_str_from(rp_op_kind_name(RP_TYPE_KIND(p->type))));
        rp_out_text(out, rp_param_is_list(c->bundle, param) ? ",\"list\":true" : "");
        write_param_value(c, out, param);
        write_limits(c->bundle, out, p);
        rp_out_char(out, '}');
    }
    rp_out_char(out, ']');
}

static void write_needs(const rp_catalogue *c, rp_out *out, uint32_t policy, rp_need_kind kind)
{
    size_t found;
    rp_need *needs = rp_catalogue_needs(c->bundle, &policy, 1, kind, &found);
    bool facts = kind == RP_NEEDS_FACTS;
    if (needs == NULL) out->error = ENOMEM;
    list_begin(out, facts ? "facts" : "operations");
    for (size_t i = 0; needs != NULL && i < found; i++) {
        between(out, i);
        rp_out_text(out, facts ? "{\"of\":" : "{\"service\":");
        rp_out_json(out, needs[i].left);
        if (facts)
            RP_OUT_MEMBER(out, "field", needs[i].right);
        else
            RP_OUT_MEMBER(out, "operation", needs[i].right);
        RP_OUT_MEMBER(out, "action", needs[i].action);
        rp_out_char(out, '}');
    }
    rp_out_char(out, ']');
    free(needs);
}

static void write_words(const rp_catalogue *c, rp_out *out, uint32_t index, const rdspol_policy *p)
{
    rdspol_str title = {"", 0}, remedy = {"", 0};
    if (rdspol_run_title(c->run, index, &title) != RDSPOL_OK ||
        rdspol_run_remedy(c->run, index, &remedy) != RDSPOL_OK)
        out->error = ENOMEM;
    RP_OUT_MEMBER(out, "title", title);
    RP_OUT_MEMBER(out, "description", p->description);
    RP_OUT_MEMBER(out, "owner", p->owner);
    RP_OUT_MEMBER(out, "remedy", remedy);
}

static void write_policy(const rp_catalogue *c, rp_out *out, uint32_t index)
{
    rdspol_policy p;
    if (rdspol_bundle_policy(c->bundle, index, &p) != RDSPOL_OK) return;
    RP_OUT_LITERAL(out, "\n{\"name\":");
    rp_out_json(out, p.name);
    RP_OUT_MEMBER(out, "module", p.module);
    if (p.practice > 0) number(out, "practice", p.practice);
    RP_OUT_MEMBER(out, "severity", rp_str_from(rdspol_severity_name(p.severity)));
    write_words(c, out, index, &p);
    RP_OUT_LITERAL(out, ",\"resource\":{\"kind\":");
    rp_out_json(out, p.kind);
    RP_OUT_MEMBER(out, "type", p.type);
    rp_out_char(out, '}');
    write_labels(c, out, index, &p);
    write_clauses(c, out, index, true);
    write_clauses(c, out, index, false);
    write_params(c, out, index);
    write_needs(c, out, index, RP_NEEDS_OPERATIONS);
    write_needs(c, out, index, RP_NEEDS_FACTS);
    RP_OUT_LITERAL(out, ",\"source\":{\"file\":");
    rp_out_json(out, p.file);
    number(out, "line", p.line);
    RP_OUT_LITERAL(out, "}}");
}

void rp_catalogue_json(const rp_catalogue *c, rp_out *out)
{
    RP_OUT_LITERAL(out,
                   "{\"version\":1,\"tool\":{\"name\":\"rdspol\",\"version\":\"" RP_VERSION "\"}");
    RP_OUT_MEMBER(out, "bundle", rdspol_bundle_name(c->bundle));
    list_begin(out, "policies");
    for (size_t i = 0; i < c->count; i++) {
        between(out, i);
        write_policy(c, out, c->selected[i]);
    }
    RP_OUT_LITERAL(out, "\n]}\n");
}
