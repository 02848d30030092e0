// rdspol inspect: what a bundle holds and needs.
#include "cli/policies.h"

#include "vm/base/buf.h"
#include "vm/bundle.h"
#include "vm/disasm.h"

#include <stdlib.h>

#define MAX_PAGE (256u * 1024u * 1024u)

static void print_metadata(const rp_policies *policies, rp_buf *out)
{
    const rdspol_bundle *b = policies->bundle;
    rdspol_str name = rdspol_bundle_name(b);
    rp_buf_printf(out, "bundle %.*s\n", (int)name.len, name.len > 0 ? name.ptr : "");
    if (policies->hashed) rp_buf_printf(out, "  sha256 %.64s\n", policies->sha256);
    rp_buf_printf(out, "  format %u, %zu bytes, %u instructions\n", (unsigned)RP_FORMAT_VERSION,
                  policies->bytes.len, (unsigned)b->insn_count);
    rp_buf_printf(out, "  %u policies, %u parameters, %u packs, %u waivers\n\n",
                  (unsigned)b->policy_count, (unsigned)b->param_count, (unsigned)b->pack_count,
                  (unsigned)b->waiver_count);
}

static void print_policies(const rdspol_bundle *bundle, rp_buf *out)
{
    for (uint32_t i = 0; i < rdspol_bundle_policy_count(bundle); i++) {
        rdspol_policy p;
        if (rdspol_bundle_policy(bundle, i, &p) != RDSPOL_OK) continue;
        rp_buf_printf(out, "policy %.*s.%.*s on %.*s %s", (int)p.module.len, p.module.ptr,
                      (int)p.name.len, p.name.ptr, (int)p.kind.len, p.kind.ptr,
                      rdspol_severity_name(p.severity));
        for (uint32_t k = 0; k < p.control_count; k++) {
            rdspol_str control = rdspol_bundle_control(bundle, i, k);
            rp_buf_printf(out, " %.*s", (int)control.len, control.ptr);
        }
        rp_buf_add_char(out, '\n');
    }
}

static void print_packs(const rdspol_bundle *bundle, rp_buf *out)
{
    for (uint32_t i = 0; i < rdspol_bundle_pack_count(bundle); i++) {
        rdspol_pack pack;
        if (rdspol_bundle_pack(bundle, i, &pack) != RDSPOL_OK) continue;
        rp_buf_printf(out, "pack %.*s.%.*s: %u policies\n", (int)pack.module.len, pack.module.ptr,
                      (int)pack.name.len, pack.name.ptr, (unsigned)pack.policy_count);
    }
}

static bool is_needed(const rdspol_bundle *b, uint32_t kind, uint32_t index)
{
    for (uint32_t i = 0; i < b->need_count; i++) {
        if (b->needs[i].kind == kind && b->needs[i].index == index) return true;
    }
    return false;
}

static void add_text(const rdspol_bundle *b, uint32_t string, rp_buf *out)
{
    rp_buf_add_str(out, rp_bundle_text(b, string));
}

static void print_operations(const rdspol_bundle *b, rp_buf *out)
{
    for (uint32_t i = 0; i < b->source_count; i++) {
        if (!is_needed(b, RP_NEED_SOURCE, i)) continue;
        rp_buf_add_text(out, "needs ");
        add_text(b, b->sources[i].service, out);
        rp_buf_add_char(out, ':');
        add_text(b, b->sources[i].operation, out);
        rp_buf_add_text(out, " (action ");
        add_text(b, b->sources[i].action, out);
        rp_buf_add_text(out, ")\n");
    }
}

static void print_field(const rdspol_bundle *b, uint32_t table, uint32_t name, rp_buf *out)
{
    rp_buf_add_text(out, "reads ");
    add_text(b, b->tables[table].name, out);
    rp_buf_add_char(out, '.');
    add_text(b, name, out);
    rp_buf_add_char(out, '\n');
}

// Only what is collected: derived fields are read from others, which are here themselves.
static void print_fields(const rdspol_bundle *b, rp_buf *out)
{
    for (uint32_t i = 0; i < b->column_count; i++) {
        bool fact = b->columns[i].origin == RP_COLUMN_FACT;
        if (fact && is_needed(b, RP_NEED_COLUMN, i))
            print_field(b, b->columns[i].table, b->columns[i].name, out);
    }
    for (uint32_t i = 0; i < b->list_count; i++) {
        bool fact = b->lists[i].kind == RP_LIST_FACT || b->lists[i].kind == RP_LIST_MAP;
        bool owned = b->lists[i].owner != RP_NONE;
        if (fact && owned && is_needed(b, RP_NEED_LIST, i))
            print_field(b, b->lists[i].owner, b->lists[i].name, out);
    }
}

static int inspect(const rp_app *app, const rp_policies *policies)
{
    rp_buf page;
    rp_alloc libc = {NULL, NULL};
    rp_buf_init(&page, rp_alloc_or_libc(libc), MAX_PAGE);
    print_metadata(policies, &page);
    rp_disasm_params(policies->bundle, &page);
    print_policies(policies->bundle, &page);
    print_packs(policies->bundle, &page);
    print_operations(policies->bundle, &page);
    print_fields(policies->bundle, &page);
    if (rp_args_on(&app->args, RP_OPTION_DISASSEMBLE)) {
        rp_buf_add_char(&page, '\n');
        rp_disasm_schema(policies->bundle, &page);
        rp_disasm_policies(policies->bundle, &page);
        rp_disasm_code(policies->bundle, &page);
    }
    int status = page.failed ? rp_app_error("out of memory") : rp_app_print_safe(rp_buf_str(&page));
    rp_buf_free(&page);
    return status;
}

int rp_cmd_inspect(rp_app *app)
{
    rp_policies policies;
    if (app->args.operand_count != 1)
        return rp_app_error("inspect needs one BUNDLE; see `rdspol inspect --help`");
    int status = RP_EXIT_TROUBLE;
    if (rp_policies_open(&policies, app, app->args.operands[0])) {
        // Without libcrypto there is no hash to show; all else is there.
        (void)rp_policies_hash(&policies, app);
        status = inspect(app, &policies);
    }
    rp_policies_close(&policies);
    return status;
}
