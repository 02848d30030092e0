// The index of the catalogue: which policy answers for which check, and on which page it stands.
#include "cli/catalogue.h"

#include <errno.h>
#include <stdlib.h>

typedef struct entry {
    rp_str check;
    uint32_t policy;
} entry;

static bool is_digit(rp_str text, size_t at)
{
    return at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9';
}

static size_t digits(rp_str text, size_t at)
{
    size_t count = 0;
    while (is_digit(text, at + count)) count++;
    return count;
}

// Digits compare as numbers: RDS.9 comes before RDS.10.
static int compare_checks(rp_str a, rp_str b)
{
    size_t at = 0, to = 0;
    while (at < a.len && to < b.len) {
        size_t x = digits(a, at), y = digits(b, to);
        size_t m = x > 0 && y > 0 ? x : 1, n = x > 0 && y > 0 ? y : 1;
        if (m != n) return m < n ? -1 : 1;
        int order = memcmp(a.ptr + at, b.ptr + to, m);
        if (order != 0) return order;
        at += m;
        to += n;
    }
    return (at < a.len) - (to < b.len);
}

static int compare_entries(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    int order = compare_checks(x->check, y->check);
    return order != 0 ? order : (x->policy > y->policy) - (x->policy < y->policy);
}

static size_t count_entries(const rp_catalogue *c)
{
    size_t count = 0;
    for (size_t i = 0; i < c->count; i++) {
        uint32_t controls = c->bundle->policys[c->selected[i]].control_count;
        count += controls > 0 ? controls : 1;
    }
    return count;
}

static entry *make_entries(const rp_catalogue *c, size_t *count)
{
    entry *list = calloc(count_entries(c) + 1, sizeof *list);
    *count = 0;
    for (size_t i = 0; list != NULL && i < c->count; i++) {
        uint32_t policy = c->selected[i], controls = c->bundle->policys[policy].control_count;
        for (uint32_t k = 0; k < controls; k++)
            list[(*count)++] = (entry){rdspol_bundle_control(c->bundle, policy, k), policy};
        if (controls == 0) list[(*count)++] = (entry){RP_STR(""), policy};
    }
    if (list != NULL) qsort(list, *count, sizeof *list, compare_entries);
    return list;
}

static rp_str family_of(rp_str check)
{
    const char *colon = check.len > 0 ? memchr(check.ptr, ':', check.len) : NULL;
    return rp_str_make(check.ptr, colon != NULL ? (size_t)(colon - check.ptr) : 0);
}

// The twelve practices have a page each, other modules one. A policy without a name of its own has
// no anchor.
static void link_to(rp_out *out, const rdspol_policy *p)
{
    rp_out_char(out, '[');
    bool named = rp_out_code(out, p->name);
    rp_out_char(out, ']');
    if (!named) return;
    rp_out_char(out, '(');
    if (p->practice > 0 && rp_str_equal(p->module, RP_STR("practices"))) {
        rp_out_text(out, p->practice < 10 ? "practice-0" : "practice-");
        rp_out_u64(out, p->practice);
    } else {
        rp_out_markdown(out, p->module);
    }
    RP_OUT_LITERAL(out, ".md#");
    rp_out_str(out, p->name);
    rp_out_char(out, ')');
}

static void print_entry(const rp_catalogue *c, rp_out *out, const entry *e)
{
    rdspol_policy p;
    rdspol_str title = {"", 0};
    if (rdspol_bundle_policy(c->bundle, e->policy, &p) != RDSPOL_OK) return;
    if (rdspol_run_title(c->run, e->policy, &title) != RDSPOL_OK) out->error = ENOMEM;
    RP_OUT_LITERAL(out, "| ");
    rp_out_markdown(out, e->check);
    RP_OUT_LITERAL(out, " | ");
    link_to(out, &p);
    RP_OUT_LITERAL(out, " | ");
    rp_out_markdown(out, title);
    RP_OUT_LITERAL(out, " | ");
    rp_out_text(out, rdspol_severity_name(p.severity));
    RP_OUT_LITERAL(out, " |\n");
}

static void print_family(rp_out *out, rp_str family)
{
    RP_OUT_LITERAL(out, "\n## ");
    rp_out_markdown(out, family.len > 0 ? family : RP_STR("other"));
    RP_OUT_LITERAL(out, "\n\n| check | policy | what holds | severity |\n"
                        "| --- | --- | --- | --- |\n");
}

void rp_catalogue_index(const rp_catalogue *c, rp_out *out)
{
    size_t count;
    entry *list = make_entries(c, &count);
    if (list == NULL) out->error = ENOMEM;
    RP_OUT_LITERAL(out, "# Checks, and the policies that make them\n");
    for (size_t i = 0; list != NULL && i < count; i++) {
        rp_str family = family_of(list[i].check);
        if (i == 0 || !rp_str_equal(family, family_of(list[i - 1].check)))
            print_family(out, family);
        print_entry(c, out, &list[i]);
    }
    free(list);
}
