// rdspol explain: a diagnostic by its code, or a policy of the standard library by its name.
#include "cli/app.h"

#include "cli/stdlib.h"
#include "lang/diag.h"

#include <errno.h>
#include <unistd.h>

static void explain_code(rp_out *out, rdspol_str code)
{
    rdspol_str example = rdspol_diagnostic_example(code);
    rp_out_str(out, code);
    RP_OUT_LITERAL(out, ": ");
    rp_out_str(out, rdspol_diagnostic_text(code));
    RP_OUT_LITERAL(out, "\n\n");
    rp_out_str(out, rdspol_diagnostic_explanation(code));
    rp_out_char(out, '\n');
    if (example.len == 0) return;
    RP_OUT_LITERAL(out, "\nAn example that gives it:\n\n");
    for (size_t at = 0; at < example.len;) {
        const char *end = memchr(example.ptr + at, '\n', example.len - at);
        size_t size = end != NULL ? (size_t)(end - example.ptr) - at + 1 : example.len - at;
        RP_OUT_LITERAL(out, "    ");
        rp_out_add(out, example.ptr + at, size);
        at += size;
    }
}

// The text of a policy in the sources: from its line to the brace at the beginning of a line.
static rp_str source_of(const rdspol_policy *policy)
{
    for (size_t i = 0; i < rp_stdlib_file_count; i++) {
        if (!rp_str_equal(rp_str_from(rp_stdlib_files[i].name), policy->file)) continue;
        const char *text = (const char *)rp_stdlib_files[i].text;
        for (uint32_t line = 1; line < policy->line && text != NULL; line++) {
            text = strchr(text, '\n');
            text = text != NULL ? text + 1 : NULL;
        }
        const char *end = text != NULL ? strstr(text, "\n}") : NULL;
        if (end != NULL) return rp_str_make(text, (size_t)(end - text) + 2);
    }
    return rp_str_make("", 0);
}

static void explain_policy(rp_out *out, const rdspol_bundle *bundle, uint32_t index)
{
    rdspol_policy p;
    if (rdspol_bundle_policy(bundle, index, &p) != RDSPOL_OK) return;
    rp_out_str(out, p.module);
    rp_out_char(out, '.');
    rp_out_str(out, p.name);
    RP_OUT_LITERAL(out, " on ");
    rp_out_str(out, p.kind);
    RP_OUT_LITERAL(out, ", ");
    rp_out_text(out, rdspol_severity_name(p.severity));
    for (uint32_t k = 0; k < p.control_count; k++) {
        rp_out_text(out, k == 0 ? "\ncontrols: " : ", ");
        rp_out_str(out, rdspol_bundle_control(bundle, index, k));
    }
    if (p.description.len > 0) RP_OUT_LITERAL(out, "\n\n");
    rp_out_str(out, p.description);
    RP_OUT_LITERAL(out, "\n\n");
    rp_out_str(out, source_of(&p));
    rp_out_char(out, '\n');
}

static int unknown_name(const rdspol_bundle *bundle, rp_str name)
{
    rp_suggest near = rp_suggest_start(name);
    rdspol_policy p;
    for (uint32_t i = 0; rdspol_bundle_policy(bundle, i, &p) == RDSPOL_OK; i++)
        rp_suggest_add(&near, p.name);
    for (uint32_t i = 0; rdspol_diagnostic_code(i).len > 0; i++)
        rp_suggest_add(&near, rdspol_diagnostic_code(i));
    if (near.best.len == 0)
        return rp_app_error("there is neither a diagnostic nor a policy `%.*s`", (int)name.len,
                            name.ptr);
    return rp_app_error("there is neither a diagnostic nor a policy `%.*s`; did you mean `%.*s`?",
                        (int)name.len, name.ptr, (int)near.best.len, near.best.ptr);
}

static int explain(const rdspol_bundle *bundle, rp_str name)
{
    rp_out out;
    uint32_t index = rdspol_bundle_find_policy(bundle, name);
    bool is_code = rdspol_diagnostic_text(name).len > 0;
    if (!is_code && index == RDSPOL_NONE) return unknown_name(bundle, name);
    if (!rp_out_open(&out, STDOUT_FILENO)) return rp_app_error("out of memory");
    if (is_code) {
        explain_code(&out, name);
    } else {
        explain_policy(&out, bundle, index);
    }
    return rp_out_close(&out, true) || errno == EPIPE
               ? RP_EXIT_OK
               : rp_app_error("standard output: %s", strerror(errno));
}

int rp_cmd_explain(rp_app *app)
{
    if (app->args.operand_count != 1)
        return rp_app_error("explain needs the code of a diagnostic or the name of a policy");
    return explain(&rp_stdlib_opened, rp_str_from(app->args.operands[0]));
}
