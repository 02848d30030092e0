// rdspol docs: reference pages, and the catalogue of the policies of a bundle.
#include "cli/catalogue.h"
#include "cli/docs.h"
#include "cli/params.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int print_page(const rp_docs_page *page)
{
    rp_out out;
    if (!rp_out_open(&out, STDOUT_FILENO)) return rp_app_error("out of memory");
    page->print(&out);
    if (rp_out_close(&out, true)) return RP_EXIT_OK;
    return errno == EPIPE ? RP_EXIT_TROUBLE : rp_app_error("standard output: %s", strerror(errno));
}

// ---- The catalogue -----------------------------------------------------------------------------

typedef struct form {
    const char *name;
    void (*print)(const rp_catalogue *catalogue, rp_out *out);
} form;

static const form forms[] = {
    {"markdown", rp_catalogue_markdown},
    {"json", rp_catalogue_json},
    {"index", rp_catalogue_index},
};

// The last --format counts, NAME or NAME=FILE. NULL after a message.
static const form *find_form(const rp_app *app, const char **path)
{
    size_t cursor = 0;
    const char *text = "markdown", *next;
    while ((next = rp_args_next(&app->args, RP_OPTION_FORMAT, &cursor)) != NULL) text = next;
    size_t size = strcspn(text, "=");
    *path = text[size] == '=' && strcmp(text + size, "=-") != 0 ? text + size + 1 : NULL;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (strlen(forms[i].name) == size && strncmp(forms[i].name, text, size) == 0)
            return &forms[i];
    }
    (void)rp_app_error("--format of docs is markdown, json or index, not `%s`", text);
    return NULL;
}

static int write_catalogue(const rp_catalogue *catalogue, const rp_app *app)
{
    rp_out out;
    const char *path;
    const form *chosen = find_form(app, &path);
    if (chosen == NULL) return RP_EXIT_TROUBLE;
    bool opened = path == NULL ? rp_out_open(&out, STDOUT_FILENO) : rp_out_open_file(&out, path);
    if (opened) chosen->print(catalogue, &out);
    if (opened && rp_out_close(&out, true)) return RP_EXIT_OK;
    if (opened && path == NULL && errno == EPIPE) return RP_EXIT_OK;
    return rp_app_error("%s: %s", path != NULL ? path : "standard output", strerror(errno));
}

// Titles hold parameters, so they are asked of a run; it judges nothing.
static int make_catalogue(rp_catalogue *catalogue, const rp_params *params, const rp_app *app)
{
    rdspol_error error = {0};
    rdspol_facts *facts = NULL;
    rdspol_run_opts opts = {.size = sizeof opts,
                            .params = params->list,
                            .param_count = params->count,
                            .policies = catalogue->selected,
                            .policy_count = catalogue->count};
    error.status = rdspol_facts_new(&facts, catalogue->bundle, NULL, &error);
    if (error.status == RDSPOL_OK) error.status = rdspol_facts_seal(facts, &error);
    if (error.status == RDSPOL_OK)
        error.status = rdspol_run_new(&catalogue->run, catalogue->bundle, facts, &opts, &error);
    int status = error.status == RDSPOL_OK ? write_catalogue(catalogue, app)
                                           : rp_app_library_error("", &error);
    rdspol_run_free(catalogue->run);
    rdspol_facts_free(facts);
    return status;
}

static int print_catalogue(const rp_policies *policies, const rp_app *app)
{
    rp_params params = {0};
    rp_catalogue catalogue = {.bundle = policies->bundle};
    uint32_t *selected = rp_policies_select(policies, app, &catalogue.count);
    int status = RP_EXIT_TROUBLE;
    catalogue.selected = selected;
    if (selected != NULL && rp_params_read(&params, app, policies->bundle))
        status = make_catalogue(&catalogue, &params, app);
    rp_params_free(&params);
    free(selected);
    return status;
}

int rp_cmd_docs(rp_app *app)
{
    rp_policies policies;
    if (app->args.operand_count != 1) {
        return rp_app_error("docs needs a topic (opcodes, builtins, diagnostics, language, schema, "
                            "cli) or POLICIES");
    }
    const rp_docs_page *page;
    for (size_t i = 0; (page = rp_docs_get(i)) != NULL; i++) {
        if (strcmp(page->topic, app->args.operands[0]) != 0) continue;
        if (rp_args_text(&app->args, RP_OPTION_FORMAT, NULL) == NULL) return print_page(page);
        return rp_app_error("`docs %s` has one form; --format is for POLICIES", page->topic);
    }
    int status = RP_EXIT_TROUBLE;
    if (rp_policies_open(&policies, app, app->args.operands[0])) {
        status = print_catalogue(&policies, app);
    }
    rp_policies_close(&policies);
    return status;
}
