// POLICIES of a command line, as an opened bundle.
#include "cli/policies.h"

#include "cli/stdlib.h"

#include <errno.h>
#include <stdlib.h>

// What was compiled just now is trusted: hashes are not compared.
static bool open_bytes(rp_policies *policies, const char *name, bool trusted, rp_app *app)
{
    rdspol_error error = {0};
    rdspol_open_opts opts = {.size = sizeof opts};
    if (!trusted) {
        opts.sha256 = rp_crypto_sha256_of_section;
        opts.sha256_ctx = &app->crypto;
    }
    rdspol_status status = rdspol_bundle_open(&policies->opened, policies->bytes.ptr,
                                              policies->bytes.len, &opts, &error);
    error.status = status;
    policies->bundle = policies->opened;
    if (status != RDSPOL_OK) (void)rp_app_library_error(name, &error);
    return status == RDSPOL_OK;
}

static bool take_pack(rp_policies *policies)
{
    policies->bytes = rp_str_make((const char *)rp_stdlib_bundle, rp_stdlib_bundle_size);
    policies->bundle = &rp_stdlib_opened;
    memcpy(policies->sha256, rp_stdlib_bundle_sha256, sizeof policies->sha256);
    policies->hashed = true;
    return true;
}

static bool open_file(rp_policies *policies, const char *path, rp_app *app)
{
    policies->bytes = rp_read_file(path);
    policies->file = (char *)(uintptr_t)policies->bytes.ptr;
    if (policies->file == NULL) {
        (void)rp_app_error("%s: %s", path, strerror(errno));
        return false;
    }
    return open_bytes(policies, path, false, app);
}

static bool add_waivers(rp_policies *policies, const rp_app *app)
{
    size_t cursor = 0;
    const char *path;
    while ((path = rp_args_next(&app->args, RP_OPTION_WAIVERS, &cursor)) != NULL) {
        if (!rp_source_set_add(&policies->set, path)) return false;
    }
    return true;
}

static bool open_sources(rp_policies *policies, const char *name, rp_app *app)
{
    uint32_t flags = policies->pack != NULL ? RP_COMPILE_BESIDE_PACKS | RP_COMPILE_SILENT : 0;
    if (rp_app_quiet(app) > 0) flags |= RP_COMPILE_SILENT;
    bool found = policies->pack != NULL || rp_source_set_add(&policies->set, name);
    if (!found || !add_waivers(policies, app)) return false;
    policies->compilation = rp_sources_compile(app, &policies->set, flags);
    if (policies->compilation == NULL) return false;
    policies->bytes = rdspol_compilation_bundle(policies->compilation);
    return open_bytes(policies, name, true, app);
}

bool rp_policies_open(rp_policies *policies, rp_app *app, const char *name)
{
    bool bundle = rp_str_ends(rp_str_from(name), RP_STR(".rpb"));
    bool waivers = rp_args_text(&app->args, RP_OPTION_WAIVERS, NULL) != NULL;
    *policies = (rp_policies){.pack = rp_is_pack_name(name) ? name : NULL};
    if (bundle && waivers) {
        (void)rp_app_error("--waivers needs sources: `%s` is compiled already", name);
        return false;
    }
    if (bundle) return open_file(policies, name, app);
    if (policies->pack != NULL && !waivers) return take_pack(policies);
    return open_sources(policies, name, app);
}

void rp_policies_close(rp_policies *policies)
{
    rdspol_bundle_close(policies->opened);
    rdspol_compilation_free(policies->compilation);
    rp_source_set_free(&policies->set);
    free(policies->file);
    *policies = (rp_policies){0};
}

bool rp_policies_hash(rp_policies *policies, rp_app *app)
{
    unsigned char hash[RP_SHA256_SIZE];
    if (policies->hashed) return true;
    if (!rp_crypto_sha256(&app->crypto, policies->bytes.ptr, policies->bytes.len, hash))
        return false;
    rp_crypto_hex(hash, policies->sha256);
    policies->hashed = true;
    return true;
}
