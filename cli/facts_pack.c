// rdspol facts pack: inputs as columns, to be judged again and again.
#include "cli/facts.h"
#include "cli/policies.h"
#include "collectors/files/include/rdspol_files.h"
#if RDSPOL_HAS_GZIP
#include "collectors/gzip.h"
#endif

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int take(void *ctx, const void *data, size_t size)
{
    rp_out *out = ctx;
    const char *bytes = data;
    while (size > RP_OUT_ROOM && out->error == 0) {
        rp_out_add(out, bytes, RP_OUT_ROOM);
        bytes += RP_OUT_ROOM;
        size -= RP_OUT_ROOM;
    }
    rp_out_add(out, bytes, size);
    return out->error == 0;
}

static int write_packed(const rdspol_facts *facts, const char *path)
{
    rp_out out;
    rdspol_error error = {0};
    bool standard = strcmp(path, "-") == 0;
    if (!(standard ? rp_out_open(&out, STDOUT_FILENO) : rp_out_open_file(&out, path)))
        return rp_app_error("%s: %s", path, strerror(errno));
    rdspol_status status = rdspol_facts_save(facts, take, &out, &error);
    bool closed = rp_out_close(&out, status == RDSPOL_OK);
    if (status != RDSPOL_OK && status != RDSPOL_INPUT) return rp_app_library_error("", &error);
    return closed && status == RDSPOL_OK ? RP_EXIT_OK
                                         : rp_app_error("%s: %s", path, strerror(errno));
}

static rdspol_status read_all(rp_app *app, rdspol_facts *facts, rdspol_error *error)
{
    size_t count = app->args.operand_count - 2;
    rdspol_files_opts opts = {.size = sizeof opts};
#if RDSPOL_HAS_GZIP
    opts.gunzip = rp_gzip();
#endif
    rdspol_str *inputs = calloc(count, sizeof *inputs);
    if (inputs == NULL) return RDSPOL_NO_MEMORY;
    for (size_t i = 0; i < count; i++) inputs[i] = rp_str_from(app->args.operands[i + 2]);
    rdspol_status status = rdspol_files_read(facts, inputs, count, NULL, &opts, error);
    free(inputs);
    return status == RDSPOL_OK ? rdspol_facts_seal(facts, error) : status;
}

static int pack(rp_app *app, const rp_policies *policies, const char *path)
{
    rdspol_facts *facts = NULL;
    rdspol_error error = {0};
    rdspol_facts_opts opts = {.size = sizeof opts};
    error.status = rdspol_facts_new(&facts, policies->bundle, &opts, &error);
    if (error.status == RDSPOL_OK) error.status = read_all(app, facts, &error);
    int status =
        error.status == RDSPOL_OK ? write_packed(facts, path) : rp_app_library_error("", &error);
    rdspol_facts_free(facts);
    return status;
}

int rp_facts_pack(rp_app *app, const char *name)
{
    rp_policies policies = {0};
    const char *path = rp_args_text(&app->args, RP_OPTION_OUTPUT, NULL);
    if (path == NULL) return rp_app_error("facts pack needs --output FILE");
    if (app->args.operand_count < 3) return rp_app_error("facts pack needs POLICIES and INPUT");
    int status =
        rp_policies_open(&policies, app, name) ? pack(app, &policies, path) : RP_EXIT_TROUBLE;
    rp_policies_close(&policies);
    return status;
}
