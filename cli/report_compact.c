// One line for each fail and unknown, as compilers write them, for editors:
//
//     file:line:column: severity: message [policy]
//
// The place is that of the resource; where it has none, that of the policy.
#include "cli/report.h"

static void write_place(rp_out *out, const rdspol_finding *finding, const rdspol_policy *policy)
{
    bool own = finding->file.len > 0 && finding->line > 0;
    rp_str file = own ? finding->file : policy->file;
    // A line that begins with two colons is a command to some build services.
    if (file.len > 0 && file.ptr[0] == ':') RP_OUT_LITERAL(out, "./");
    rp_out_safe(out, file);
    rp_out_char(out, ':');
    rp_out_u64(out, own ? finding->line : policy->line);
    rp_out_char(out, ':');
    rp_out_u64(out, own && finding->column > 0 ? finding->column : 1);
    RP_OUT_LITERAL(out, ": ");
    rp_out_text(out, rdspol_severity_name(policy->severity));
    RP_OUT_LITERAL(out, ": ");
}

static void write_message(rp_out *out, const rdspol_finding *finding, const rdspol_details *details)
{
    rp_out_safe(out, finding->id);
    RP_OUT_LITERAL(out, ": ");
    for (size_t i = 0; i < details->message_count; i++) {
        if (i > 0) RP_OUT_LITERAL(out, "; ");
        rp_out_safe(out, details->messages[i].text);
    }
    if (finding->verdict != RDSPOL_VERDICT_UNKNOWN) return;
    RP_OUT_LITERAL(out, "unknown: ");
    for (size_t i = 0; i < details->missing_count; i++) {
        if (i > 0) RP_OUT_LITERAL(out, "; ");
        rp_out_safe(out, details->missing[i].fact);
        RP_OUT_LITERAL(out, " ");
        rp_out_text(out, rdspol_reason_name(details->missing[i].reason));
    }
}

bool rp_report_compact(const rp_report *report, rp_out *out, rdspol_error *error)
{
    char room[512];
    rdspol_cursor cursor = {{0}};
    rdspol_finding finding;
    while (rdspol_run_next(report->run, &cursor, &finding) == RDSPOL_OK && out->error == 0) {
        rdspol_policy policy;
        rdspol_details details = {.size = sizeof details};
        if (finding.verdict > RDSPOL_VERDICT_UNKNOWN) break;
        error->status = rdspol_bundle_policy(report->bundle, finding.policy, &policy);
        if (error->status == RDSPOL_OK) {
            error->status = rdspol_run_explain(report->run, &finding, &details, error);
        }
        if (error->status != RDSPOL_OK) return false;
        write_place(out, &finding, &policy);
        write_message(out, &finding, &details);
        RP_OUT_LITERAL(out, " [");
        rp_out_safe(out, rp_report_policy_name(report, finding.policy, room, sizeof room));
        RP_OUT_LITERAL(out, "]\n");
    }
    return true;
}
