// rdspol compile and rdspol check.
#include "cli/sources.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int rp_cmd_check(rp_app *app)
{
    rp_source_set set = {0};
    rdspol_compilation *done = NULL;
    if (rp_source_set_add_operands(&set, &app->args))
        done = rp_sources_compile(app, &set, RP_COMPILE_TESTS);
    int status = done != NULL ? RP_EXIT_OK : RP_EXIT_TROUBLE;
    rdspol_compilation_free(done);
    rp_source_set_free(&set);
    return status;
}

// The first source with .rpb, in the folder where we are: "policies/", "a/b.rdspol" -> "b.rpb".
static char *default_output(const char *source)
{
    size_t size = strlen(source);
    while (size > 1 && source[size - 1] == '/') size--;
    if (rp_str_ends(rp_str_make(source, size), RP_STR(".rdspol"))) size -= 7;
    size_t begin = size;
    while (begin > 0 && source[begin - 1] != '/') begin--;
    size_t room = size - begin + 5;
    char *name = malloc(room);
    if (name != NULL) (void)snprintf(name, room, "%.*s.rpb", (int)(size - begin), source + begin);
    return name;
}

static int write_bundle(const char *path, rdspol_str bundle)
{
    rp_out out;
    if (strcmp(path, "-") == 0) return rp_app_print(bundle);
    bool good = rp_out_open_file(&out, path);
    if (good) {
        rp_out_str(&out, bundle);
        good = rp_out_close(&out, true);
    }
    return good ? RP_EXIT_OK : rp_app_error("%s: %s", path, strerror(errno));
}

// Diagnostics name files as people do; the bundle names them without what depends on where they
// lie.
static rdspol_compilation *compile(rp_app *app, rp_source_set *set)
{
    rdspol_compilation *shown = rp_sources_compile(app, set, 0);
    if (shown == NULL) return NULL;
    rdspol_compilation_free(shown);
    rp_source_set_shorten(set);
    return rp_sources_compile(app, set, RP_COMPILE_HASHED | RP_COMPILE_SILENT);
}

int rp_cmd_compile(rp_app *app)
{
    rp_source_set set = {0};
    rdspol_compilation *done = NULL;
    if (!rp_crypto_load(&app->crypto))
        return rp_app_error("compile needs libcrypto (OpenSSL), which was not found");
    if (rp_source_set_add_operands(&set, &app->args)) done = compile(app, &set);
    int status = RP_EXIT_TROUBLE;
    if (done != NULL) {
        char *name = default_output(app->args.operands[0]);
        const char *path = rp_args_text(&app->args, RP_OPTION_OUTPUT, name);
        status = path != NULL ? write_bundle(path, rdspol_compilation_bundle(done))
                              : rp_app_error("out of memory");
        free(name);
    }
    rdspol_compilation_free(done);
    rp_source_set_free(&set);
    return status;
}
