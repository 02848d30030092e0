// Which policies a run judges: packs are a union, every other option narrows.
#include "cli/policies.h"

#include "vm/base/text.h"

#include <stdio.h>
#include <stdlib.h>

bool rp_severity_parse(const char *name, rdspol_severity *out)
{
    for (int s = RDSPOL_SEVERITY_INFO; s <= RDSPOL_SEVERITY_CRITICAL; s++) {
        if (strcmp(rdspol_severity_name((rdspol_severity)s), name) == 0) {
            *out = (rdspol_severity)s;
            return true;
        }
    }
    return false;
}

typedef struct selection {
    const rdspol_bundle *bundle;
    const rp_args *args;
    unsigned char *chosen; // one for each policy
    uint32_t count;
    rdspol_severity least;
} selection;

// ---- Packs -------------------------------------------------------------------------------------

static bool is_named(rp_str name, rp_str module, rp_str asked)
{
    if (rp_str_equal(name, asked)) return true;
    return asked.len == module.len + 1 + name.len && rp_str_starts(asked, module) &&
           asked.ptr[module.len] == '.' && rp_str_ends(asked, name);
}

static bool add_pack(selection *s, rp_str asked)
{
    rdspol_pack pack;
    for (uint32_t i = 0; i < rdspol_bundle_pack_count(s->bundle); i++) {
        if (rdspol_bundle_pack(s->bundle, i, &pack) != RDSPOL_OK ||
            !is_named(pack.name, pack.module, asked))
            continue;
        for (uint32_t k = 0; k < pack.policy_count; k++) s->chosen[pack.policies[k]] = 1;
        return true;
    }
    (void)rp_app_error("there is no pack `%.*s`", (int)asked.len, asked.ptr);
    return false;
}

static bool choose_start(selection *s, const char *pack)
{
    rp_arg_parts walk = {0};
    rp_str asked;
    bool any = pack != NULL;
    if (pack != NULL && !add_pack(s, rp_str_from(pack))) return false;
    while (rp_args_next_part(s->args, RP_OPTION_PACK, &walk, &asked)) {
        if (!add_pack(s, asked)) return false;
        any = true;
    }
    for (uint32_t i = 0; i < s->count && !any; i++) {
        rdspol_policy policy;
        s->chosen[i] =
            rdspol_bundle_policy(s->bundle, i, &policy) == RDSPOL_OK && policy.judged != 0;
    }
    return true;
}

// ---- Narrowing ---------------------------------------------------------------------------------

static bool name_matches(const rdspol_policy *policy, rp_str glob)
{
    char qualified[256];
    int size = snprintf(qualified, sizeof qualified, "%.*s.%.*s", (int)policy->module.len,
                        policy->module.ptr, (int)policy->name.len, policy->name.ptr);
    bool fits = size > 0 && (size_t)size < sizeof qualified;
    return rp_glob_match(policy->name, glob) ||
           (fits && rp_glob_match(rp_str_make(qualified, (size_t)size), glob));
}

static bool is_given(const selection *s, rp_option option)
{
    size_t cursor = 0;
    return rp_args_next(s->args, option, &cursor) != NULL;
}

static bool any_name(const selection *s, rp_option option, const rdspol_policy *policy)
{
    rp_arg_parts walk = {0};
    rp_str glob;
    while (rp_args_next_part(s->args, option, &walk, &glob)) {
        if (name_matches(policy, glob)) return true;
    }
    return false;
}

static bool any_practice(const selection *s, const rdspol_policy *policy)
{
    rp_arg_parts walk = {0};
    rp_str text;
    int64_t number;
    while (rp_args_next_part(s->args, RP_OPTION_PRACTICE, &walk, &text)) {
        if (rp_text_parse_int(text, &number) && policy->practice != 0 &&
            number == (int64_t)policy->practice)
            return true;
    }
    return false;
}

// Without a colon the glob is over what follows it in the control's name: `RDS.3`.
static bool control_matches(rp_str control, rp_str glob)
{
    if (memchr(glob.ptr, ':', glob.len) != NULL) return rp_glob_match(control, glob);
    const char *colon = memchr(control.ptr, ':', control.len);
    size_t skip = colon != NULL ? (size_t)(colon - control.ptr) + 1 : 0;
    return rp_glob_match(rp_str_from_offset(control, skip), glob);
}

static bool any_control(const selection *s, uint32_t index, const rdspol_policy *policy)
{
    rp_arg_parts walk = {0};
    rp_str glob;
    while (rp_args_next_part(s->args, RP_OPTION_CONTROL, &walk, &glob)) {
        for (uint32_t k = 0; k < policy->control_count; k++) {
            if (control_matches(rdspol_bundle_control(s->bundle, index, k), glob)) return true;
        }
    }
    return false;
}

static bool is_kept(const selection *s, uint32_t index)
{
    rdspol_policy policy;
    if (rdspol_bundle_policy(s->bundle, index, &policy) != RDSPOL_OK) return false;
    return policy.severity >= s->least &&
           (!is_given(s, RP_OPTION_POLICY) || any_name(s, RP_OPTION_POLICY, &policy)) &&
           !any_name(s, RP_OPTION_SKIP, &policy) &&
           (!is_given(s, RP_OPTION_PRACTICE) || any_practice(s, &policy)) &&
           (!is_given(s, RP_OPTION_CONTROL) || any_control(s, index, &policy));
}

static bool check_values(selection *s)
{
    rp_arg_parts walk = {0};
    rp_str text;
    int64_t number;
    const char *least = rp_args_text(s->args, RP_OPTION_SEVERITY, "info");
    if (!rp_severity_parse(least, &s->least)) {
        (void)rp_app_error("--severity is critical, high, medium, low or info, not `%s`", least);
        return false;
    }
    while (rp_args_next_part(s->args, RP_OPTION_PRACTICE, &walk, &text)) {
        if (rp_text_parse_int(text, &number)) continue;
        (void)rp_app_error("--practice takes numbers, not `%.*s`", (int)text.len, text.ptr);
        return false;
    }
    return true;
}

static uint32_t *take_indices(const selection *s, size_t *count)
{
    uint32_t *list = calloc((size_t)s->count + 1, sizeof *list);
    for (uint32_t i = 0; list != NULL && i < s->count; i++) {
        if (s->chosen[i] != 0 && is_kept(s, i)) list[(*count)++] = i;
    }
    if (list == NULL) {
        (void)rp_app_error("out of memory");
    } else if (*count == 0) {
        (void)rp_app_error("no policy is selected");
        free(list);
        list = NULL;
    }
    return list;
}

uint32_t *rp_policies_select(const rp_policies *policies, const rp_app *app, size_t *count)
{
    selection s = {.bundle = policies->bundle,
                   .args = &app->args,
                   .count = rdspol_bundle_policy_count(policies->bundle)};
    s.chosen = calloc((size_t)s.count + 1, 1);
    *count = 0;
    bool good = s.chosen != NULL && check_values(&s) && choose_start(&s, policies->pack);
    uint32_t *list = good ? take_indices(&s, count) : NULL;
    free(s.chosen);
    return list;
}
