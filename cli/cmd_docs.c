// rdspol docs: reference pages, and the catalogue of the policies of a bundle.
#include "cli/docs.h"
#include "cli/policies.h"

#include <errno.h>
#include <unistd.h>

static int print_page(const rp_docs_page *page)
{
    rp_out out;
    if (!rp_out_open(&out, STDOUT_FILENO)) return rp_app_error("out of memory");
    page->print(&out);
    if (rp_out_close(&out, true)) return RP_EXIT_OK;
    return errno == EPIPE ? RP_EXIT_TROUBLE : rp_app_error("standard output: %s", strerror(errno));
}

static void print_policy(rp_out *out, rdspol_run *run, const rdspol_bundle *bundle, uint32_t index)
{
    rdspol_policy p;
    rdspol_str name;
    if (rdspol_bundle_policy(bundle, index, &p) != RDSPOL_OK ||
        rdspol_run_title(run, index, &name) != RDSPOL_OK)
        return;
    RP_OUT_LITERAL(out, "\n## ");
    rp_out_safe(out, p.name);
    RP_OUT_LITERAL(out, "\n\n");
    rp_out_safe(out, name);
    RP_OUT_LITERAL(out, "\n\n- resource: ");
    rp_out_safe(out, p.type.len > 0 ? p.type : p.kind);
    RP_OUT_LITERAL(out, "\n- severity: ");
    rp_out_text(out, rdspol_severity_name(p.severity));
    if (p.practice > 0) RP_OUT_LITERAL(out, "\n- practice: ");
    if (p.practice > 0) rp_out_u64(out, p.practice);
    if (p.control_count > 0) RP_OUT_LITERAL(out, "\n- controls:");
    for (uint32_t k = 0; k < p.control_count; k++) {
        rp_out_char(out, ' ');
        rp_out_safe(out, rdspol_bundle_control(bundle, index, k));
    }
    RP_OUT_LITERAL(out, "\n- source: ");
    rp_out_safe(out, p.file);
    rp_out_char(out, ':');
    rp_out_u64(out, p.line);
    RP_OUT_LITERAL(out, "\n");
    if (p.description.len > 0) RP_OUT_LITERAL(out, "\n");
    rp_out_safe(out, p.description);
    if (p.description.len > 0) RP_OUT_LITERAL(out, "\n");
}

// Titles hold parameters, so they are asked of a run; it judges nothing.
static int print_catalogue(const rp_policies *policies, const uint32_t *selected, size_t count)
{
    rp_out out;
    rdspol_error error = {0};
    rdspol_facts *facts = NULL;
    rdspol_run *run = NULL;
    rdspol_run_opts opts = {.size = sizeof opts, .policies = selected, .policy_count = count};
    error.status = rdspol_facts_new(&facts, policies->bundle, NULL, &error);
    if (error.status == RDSPOL_OK) error.status = rdspol_facts_seal(facts, &error);
    if (error.status == RDSPOL_OK)
        error.status = rdspol_run_new(&run, policies->bundle, facts, &opts, &error);
    int status = error.status == RDSPOL_OK ? RP_EXIT_OK : rp_app_library_error("", &error);
    if (status == RP_EXIT_OK && rp_out_open(&out, STDOUT_FILENO)) {
        RP_OUT_LITERAL(&out, "# Policies\n");
        for (size_t i = 0; i < count; i++) print_policy(&out, run, policies->bundle, selected[i]);
        status = rp_out_close(&out, true) || errno == EPIPE
                     ? RP_EXIT_OK
                     : rp_app_error("standard output: %s", strerror(errno));
    }
    rdspol_run_free(run);
    rdspol_facts_free(facts);
    return status;
}

int rp_cmd_docs(rp_app *app)
{
    rp_policies policies;
    size_t count = 0;
    if (app->args.operand_count != 1) {
        return rp_app_error("docs needs a topic (opcodes, builtins, diagnostics, language, schema, "
                            "cli) or POLICIES");
    }
    const rp_docs_page *page;
    for (size_t i = 0; (page = rp_docs_get(i)) != NULL; i++) {
        if (strcmp(page->topic, app->args.operands[0]) == 0) return print_page(page);
    }
    int status = RP_EXIT_TROUBLE;
    if (rp_policies_open(&policies, app, app->args.operands[0])) {
        uint32_t *selected = rp_policies_select(&policies, app, &count);
        if (selected != NULL) status = print_catalogue(&policies, selected, count);
        free(selected);
    }
    rp_policies_close(&policies);
    return status;
}
