// rdspol permissions: the IAM actions that collecting for these policies takes.
//
// The one idea: the plan of a collection knows what it may ask; so the policy is exactly as wide.
#include "cli/policies.h"

#include "collectors/live/plan.h"

#include <stdlib.h>

#define MAX_PAGE (16u * 1024u * 1024u)

typedef struct action {
    rp_str name;
    uint32_t source;
} action;

typedef struct permissions {
    const rdspol_bundle *bundle;
    rp_plan plan;
    action *actions; // sorted, each once
    size_t count;
    const uint32_t *selected;
    size_t selected_count;
} permissions;

static int compare_actions(const void *a, const void *b)
{
    return rp_str_compare(((const action *)a)->name, ((const action *)b)->name);
}

static bool collect_actions(permissions *p)
{
    const rdspol_bundle *b = p->bundle;
    p->actions = calloc((size_t)b->source_count + 1, sizeof *p->actions);
    if (p->actions == NULL) return false;
    for (uint32_t s = 0; s < b->source_count; s++) {
        if (rp_plan_asks(&p->plan, s))
            p->actions[p->count++] = (action){rp_bundle_text(b, b->sources[s].action), s};
    }
    qsort(p->actions, p->count, sizeof *p->actions, compare_actions);
    size_t kept = 0;
    for (size_t i = 0; i < p->count; i++) {
        bool again = kept > 0 && rp_str_equal(p->actions[kept - 1].name, p->actions[i].name);
        if (!again) p->actions[kept++] = p->actions[i];
    }
    p->count = kept;
    return true;
}

// ---- Formats -----------------------------------------------------------------------------------

static void add_iam(const permissions *p, rp_buf *out)
{
    rp_buf_add_text(out, "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n"
                         "      \"Sid\": \"RdspolRead\",\n      \"Effect\": \"Allow\",\n"
                         "      \"Action\": [\n");
    for (size_t i = 0; i < p->count; i++) {
        rp_buf_printf(out, "        \"%.*s\"%s\n", (int)p->actions[i].name.len,
                      p->actions[i].name.ptr, i + 1 < p->count ? "," : "");
    }
    rp_buf_add_text(out, "      ],\n      \"Resource\": \"*\"\n    }\n  ]\n}\n");
}

// A property of a function in a SAM template.
static void add_sam(const permissions *p, rp_buf *out)
{
    rp_buf_add_text(out, "Policies:\n  - Version: \"2012-10-17\"\n    Statement:\n"
                         "      - Sid: RdspolRead\n        Effect: Allow\n        Action:\n");
    for (size_t i = 0; i < p->count; i++) {
        rp_buf_printf(out, "          - %.*s\n", (int)p->actions[i].name.len,
                      p->actions[i].name.ptr);
    }
    rp_buf_add_text(out, "        Resource: \"*\"\n");
}

// Whether a policy reads a source with this action.
static bool needs_action(const permissions *p, uint32_t policy, rp_str name)
{
    const rdspol_bundle *b = p->bundle;
    for (uint32_t i = 0; i < b->need_count; i++) {
        const rp_rec_need *need = &b->needs[i];
        if (need->policy == policy && need->kind == RP_NEED_SOURCE &&
            rp_str_equal(rp_bundle_text(b, b->sources[need->index].action), name))
            return true;
    }
    return false;
}

static void add_row(const permissions *p, const action *a, rp_buf *out)
{
    bool any = false;
    rp_buf_printf(out, "%.*s", (int)a->name.len, a->name.ptr);
    for (size_t i = 0; i < p->selected_count; i++) {
        rdspol_policy policy;
        if (!needs_action(p, p->selected[i], a->name) ||
            rdspol_bundle_policy(p->bundle, p->selected[i], &policy) != RDSPOL_OK)
            continue;
        rp_buf_printf(out, "%s%.*s.%.*s", any ? " " : "\t", (int)policy.module.len,
                      policy.module.ptr, (int)policy.name.len, policy.name.ptr);
        any = true;
    }
    // Rows of a type are only known with what lists them.
    rp_buf_add_text(out, any ? "\n" : "\t(lists what others ask about)\n");
}

static void add_table(const permissions *p, rp_buf *out)
{
    for (size_t i = 0; i < p->count; i++) add_row(p, &p->actions[i], out);
}

typedef struct format {
    const char *name;
    void (*add)(const permissions *p, rp_buf *out);
} format;

static const format *find_format(const char *name)
{
    static const format formats[] = {{"iam", add_iam}, {"sam", add_sam}, {"table", add_table}};
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (strcmp(formats[i].name, name) == 0) return &formats[i];
    }
    (void)rp_app_error("--format is iam, sam or table, not `%s`", name);
    return NULL;
}

// ---- The command -------------------------------------------------------------------------------

static int print(const permissions *p, const format *f)
{
    rp_buf out;
    rp_buf_init(&out, rp_alloc_or_libc((rp_alloc){0}), MAX_PAGE);
    f->add(p, &out);
    int status = out.failed ? rp_app_error("out of memory") : rp_app_print(rp_buf_str(&out));
    rp_buf_free(&out);
    return status;
}

static int show(rp_app *app, const rp_policies *policies, const format *f)
{
    permissions p = {.bundle = policies->bundle};
    uint32_t *selected = rp_policies_select(policies, app, &p.selected_count);
    if (selected == NULL) return RP_EXIT_TROUBLE;
    p.selected = selected;
    bool good = rp_plan_init(&p.plan, p.bundle, NULL, selected, p.selected_count,
                             rp_alloc_or_libc((rp_alloc){0})) &&
                collect_actions(&p);
    int status = good ? print(&p, f) : rp_app_error("out of memory");
    rp_plan_clear(&p.plan);
    free(p.actions);
    free(selected);
    return status;
}

int rp_cmd_permissions(rp_app *app)
{
    const format *f = find_format(rp_args_text(&app->args, RP_OPTION_FORMAT, "iam"));
    rp_policies policies = {0};
    if (f == NULL) return RP_EXIT_TROUBLE;
    if (app->args.operand_count != 1) return rp_app_error("permissions needs one POLICIES");
    int status = rp_policies_open(&policies, app, app->args.operands[0]) ? show(app, &policies, f)
                                                                         : RP_EXIT_TROUBLE;
    rp_policies_close(&policies);
    return status;
}
