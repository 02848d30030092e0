// What a bundle says about itself, for callers: names, policies, packs; and the names of numbers.
//
// Views into the bundle; nothing is computed. Must not know facts or runs.
#include "vm/bundle.h"

#define STATUS(ID, NUMBER, text)                                                                   \
    _Static_assert((int)RDSPOL_##ID == (NUMBER), "status.def and rdspol.h disagree");
#include "vm/status.def"
#undef STATUS
#define VERDICT(ID, NUMBER, name)                                                                  \
    _Static_assert((int)RDSPOL_VERDICT_##ID == (NUMBER), "verdicts.def and rdspol.h disagree");
#define REASON(ID, NUMBER, name)                                                                   \
    _Static_assert((int)RDSPOL_REASON_##ID == (NUMBER), "verdicts.def and rdspol.h disagree");
#include "vm/verdicts.def"
#undef VERDICT
#undef REASON

int rdspol_abi_version(void)
{
    return RDSPOL_ABI_VERSION;
}

const char *rdspol_status_text(rdspol_status status)
{
    static const char *const texts[] = {
#define STATUS(ID, NUMBER, text) [NUMBER] = text,
#include "vm/status.def"
#undef STATUS
    };
    return (size_t)status < sizeof texts / sizeof texts[0] ? texts[status] : "?";
}

const char *rdspol_verdict_name(rdspol_verdict verdict)
{
    static const char *const names[] = {
#define VERDICT(ID, NUMBER, name) [NUMBER] = name,
#include "vm/verdicts.def"
#undef VERDICT
    };
    return (size_t)verdict < sizeof names / sizeof names[0] ? names[verdict] : "?";
}

const char *rdspol_reason_name(rdspol_reason reason)
{
    static const char *const names[] = {
        [0] = "none",
#define REASON(ID, NUMBER, name) [NUMBER] = name,
#include "vm/verdicts.def"
#undef REASON
    };
    return (size_t)reason < sizeof names / sizeof names[0] ? names[reason] : "?";
}

const char *rdspol_severity_name(rdspol_severity severity)
{
    static const char *const names[] = {"info", "low", "medium", "high", "critical"};
    return (size_t)severity < sizeof names / sizeof names[0] ? names[severity] : "?";
}

rdspol_str rdspol_bundle_name(const rdspol_bundle *bundle)
{
    return rp_bundle_text(bundle, bundle->info_count == 0 ? RP_NONE : bundle->infos[0].name);
}

uint32_t rdspol_bundle_policy_count(const rdspol_bundle *bundle)
{
    return bundle->policy_count;
}

uint32_t rdspol_bundle_param_count(const rdspol_bundle *bundle)
{
    return bundle->param_count;
}

uint32_t rdspol_bundle_pack_count(const rdspol_bundle *bundle)
{
    return bundle->pack_count;
}

rdspol_status rdspol_bundle_policy(const rdspol_bundle *bundle, uint32_t index, rdspol_policy *out)
{
    if (index >= bundle->policy_count) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    const rp_rec_policy *policy = &bundle->policys[index];
    const rp_rec_table *table = &bundle->tables[policy->table];
    memset(out, 0, sizeof *out);
    out->name = rp_bundle_text(bundle, policy->name);
    out->module = rp_bundle_text(bundle, policy->module);
    out->kind = rp_bundle_text(bundle, table->name);
    out->type = rp_bundle_text(bundle, table->type_name);
    out->description = rp_bundle_text(bundle, policy->description);
    out->owner = rp_bundle_text(bundle, policy->owner);
    out->file = rp_bundle_text(bundle, bundle->files[policy->file].name);
    out->line = policy->line;
    out->column = policy->column;
    out->practice = policy->practice;
    out->severity = (rdspol_severity)policy->severity;
    out->judged = (policy->flags & RP_POLICY_JUDGED) != 0;
    out->control_count = policy->control_count;
    out->link_count = policy->link_count;
    return RDSPOL_OK;
}

static rdspol_str label(const rdspol_bundle *bundle, uint32_t first, uint32_t count, uint32_t index)
{
    return rp_bundle_text(bundle, index < count ? bundle->labels[first + index].text : RP_NONE);
}

rdspol_str rdspol_bundle_control(const rdspol_bundle *bundle, uint32_t policy, uint32_t index)
{
    if (policy >= bundle->policy_count) {
        return rp_str_make("", 0);
    }
    const rp_rec_policy *p = &bundle->policys[policy];
    return label(bundle, p->first_control, p->control_count, index);
}

rdspol_str rdspol_bundle_link(const rdspol_bundle *bundle, uint32_t policy, uint32_t index)
{
    if (policy >= bundle->policy_count) {
        return rp_str_make("", 0);
    }
    const rp_rec_policy *p = &bundle->policys[policy];
    return label(bundle, p->first_link, p->link_count, index);
}

static bool is_qualified(rp_str name, rp_str module, rp_str own)
{
    return name.len == module.len + 1 + own.len && rp_str_starts(name, module) &&
           name.ptr[module.len] == '.' && rp_str_ends(name, own);
}

uint32_t rdspol_bundle_find_policy(const rdspol_bundle *bundle, rdspol_str name)
{
    uint32_t found = RP_NONE;
    for (uint32_t i = 0; i < bundle->policy_count; i++) {
        rp_str own = rp_bundle_text(bundle, bundle->policys[i].name);
        if (!rp_str_ends(name, own)) { // as most do not
            continue;
        }
        rp_str module = rp_bundle_text(bundle, bundle->policys[i].module);
        if (is_qualified(name, module, own)) {
            return i;
        }
        if (rp_str_equal(name, own)) {
            if (found != RP_NONE) {
                return RP_NONE;
            }
            found = i;
        }
    }
    return found;
}

rdspol_status rdspol_bundle_pack(const rdspol_bundle *bundle, uint32_t index, rdspol_pack *out)
{
    if (index >= bundle->pack_count) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    const rp_rec_pack *pack = &bundle->packs[index];
    out->name = rp_bundle_text(bundle, pack->name);
    out->module = rp_bundle_text(bundle, pack->module);
    out->title = rp_bundle_text(bundle, pack->title);
    // A MEMBER record is one word, the policy.
    out->policies = pack->member_count == 0 ? NULL : &bundle->members[pack->first_member].policy;
    out->policy_count = pack->member_count;
    return RDSPOL_OK;
}
