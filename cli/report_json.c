// The native document, as one JSON object or as lines. Everything that other formats show is here.
//
// Most of a finding is said of its neighbours too: the policy and verdict, the account and Region,
// the input file. Such parts are written once, kept as they are in the document, and copied while
// they are the same; so is the state of the hash after what fingerprints have in common.
#include "cli/report.h"

#include "cli/json_text.h"
#include "cli/params.h"
#include "cli/version.h"
#include "vm/base/text.h"

#include <stdio.h>

// A part of a finding that is kept. What it was made of are views of texts that live as long as the
// run, so that the same place in memory is the same text.
typedef struct kept_part {
    rp_out text; // in memory
    rp_str from[3];
} kept_part;

typedef struct json_writer {
    const rp_report *report;
    rp_out *out;
    rdspol_error *error;
    kept_part head, where, file;
    uint32_t head_policy, head_verdict, head_about;
    rp_sha256 print, print_where; // after the policy; after account and Region too
    bool lines;                   // ndjson
    char name[512];
} json_writer;

static void key(rp_out *out, const char *name)
{
    rp_out_char(out, '"');
    rp_out_text(out, name);
    RP_OUT_LITERAL(out, "\":");
}

static void place(rp_out *out, const char *name, rp_str file, uint32_t line, uint32_t column)
{
    rp_out_char(out, ',');
    key(out, name);
    RP_OUT_LITERAL(out, "{\"file\":");
    rp_out_json(out, file);
    RP_OUT_LITERAL(out, ",\"line\":");
    rp_out_u64(out, line);
    if (column > 0) {
        RP_OUT_LITERAL(out, ",\"column\":");
        rp_out_u64(out, column);
    }
}

static bool is_same_text(rp_str a, rp_str b)
{
    return a.ptr == b.ptr && a.len == b.len;
}

// ---- Policies ----------------------------------------------------------------------------------

static rp_str name_of(json_writer *w, uint32_t policy)
{
    return rp_report_policy_name(w->report, policy, w->name, sizeof w->name);
}

static void policy_members(json_writer *w, rp_out *out, uint32_t index, const rdspol_policy *policy)
{
    rdspol_str title = policy->name;
    rdspol_str remedy = {"", 0};
    if (rdspol_run_title(w->report->run, index, &title) != RDSPOL_OK) title = policy->name;
    RP_OUT_LITERAL(out, "\"title\":");
    rp_out_json(out, title);
    RP_OUT_MEMBER(out, "description", policy->description);
    if (policy->practice != 0) {
        RP_OUT_LITERAL(out, ",\"practice\":");
        rp_out_u64(out, policy->practice);
    }
    RP_OUT_LITERAL(out, ",\"severity\":\"");
    rp_out_text(out, rdspol_severity_name(policy->severity));
    RP_OUT_LITERAL(out, "\",\"controls\":[");
    for (uint32_t i = 0; i < policy->control_count; i++) {
        if (i > 0) rp_out_char(out, ',');
        rp_out_json(out, rdspol_bundle_control(w->report->bundle, index, i));
    }
    rp_out_char(out, ']');
    // A line of ndjson has the remedy of its finding.
    if (!w->lines && rdspol_run_remedy(w->report->run, index, &remedy) == RDSPOL_OK)
        RP_OUT_MEMBER(out, "remedy", remedy);
    RP_OUT_MEMBER(out, "module", policy->module);
    if (policy->line > 0) {
        place(out, "source", policy->file, policy->line, policy->column);
        rp_out_char(out, '}');
    }
}

// ---- Fingerprints ------------------------------------------------------------------------------

static bool hash_part(const json_writer *w, rp_sha256 *hash, rp_str text)
{
    return rp_sha256_add(w->report->crypto, hash, text.ptr, text.len);
}

// A text and the zero byte that parts it from the next.
static bool hash_text(const json_writer *w, rp_sha256 *hash, rp_str text)
{
    return hash_part(w, hash, text) && rp_sha256_add(w->report->crypto, hash, "", 1);
}

static bool begin_print(json_writer *w, const rdspol_policy *policy, const rdspol_finding *finding)
{
    rp_sha256 *hash = &w->print;
    return rp_sha256_begin(w->report->crypto, hash) && hash_text(w, hash, RP_STR("rdspol-1")) &&
           hash_part(w, hash, policy->module) && hash_part(w, hash, RP_STR(".")) &&
           hash_text(w, hash, policy->name) &&
           hash_text(w, hash, finding->type.len > 0 ? finding->type : finding->kind);
}

static bool go_on_with_place(json_writer *w, const rdspol_finding *finding)
{
    w->print_where = w->print;
    return hash_text(w, &w->print_where, finding->account) &&
           hash_text(w, &w->print_where, finding->region);
}

static bool fingerprint(json_writer *w, const rdspol_finding *finding)
{
    unsigned char bytes[RP_SHA256_SIZE];
    rp_sha256 hash = w->print_where;
    if (!hash_part(w, &hash, finding->id) || !rp_sha256_end(w->report->crypto, &hash, bytes))
        return false;
    RP_OUT_LITERAL(w->out, ",\"fingerprint\":\"");
    rp_crypto_hex(bytes, rp_out_room(w->out, RP_SHA256_HEX_SIZE));
    w->out->size += RP_SHA256_HEX_SIZE;
    rp_out_char(w->out, '"');
    return true;
}

// ---- Parts of a finding ------------------------------------------------------------------------

// Everything up to the resource's kind and type.
static bool write_head(json_writer *w, const rdspol_finding *finding)
{
    rdspol_policy policy;
    rp_out *out = &w->head.text;
    w->error->status = rdspol_bundle_policy(w->report->bundle, finding->policy, &policy);
    if (w->error->status != RDSPOL_OK) return false;
    out->size = 0;
    RP_OUT_LITERAL(out, "{\"policy\":");
    rp_out_json(out, name_of(w, finding->policy));
    rp_out_char(out, ',');
    if (w->lines) {
        policy_members(w, out, finding->policy, &policy);
        rp_out_char(out, ',');
    }
    RP_OUT_LITERAL(out, "\"verdict\":\"");
    rp_out_text(out, rdspol_verdict_name(finding->verdict));
    RP_OUT_LITERAL(out, "\",\"resource\":{\"kind\":");
    rp_out_json(out, finding->kind);
    RP_OUT_MEMBER(out, "type", finding->type);
    RP_OUT_LITERAL(out, ",\"id\":");
    w->head_policy = finding->policy;
    w->head_verdict = (uint32_t)finding->verdict;
    w->head_about = finding->about_type;
    w->where.text.size = 0; // its hash goes on from that of the head
    w->error->status = RDSPOL_NO_MEMORY;
    return begin_print(w, &policy, finding) && out->error == 0;
}

static void copy_part(const json_writer *w, const kept_part *part)
{
    rp_out_add(w->out, part->text.data, part->text.size);
}

static bool copy_head(json_writer *w, const rdspol_finding *finding)
{
    bool same = w->head_policy == finding->policy &&
                w->head_verdict == (uint32_t)finding->verdict &&
                w->head_about == finding->about_type;
    if (!same && !write_head(w, finding)) return false;
    copy_part(w, &w->head);
    return true;
}

// The part of an ARN before the resource, the partition in it; empty if it is none.
static rp_str partition_of(rp_str arn, rp_str *before)
{
    rp_arn parts;
    *before = rp_str_make("", 0);
    if (arn.len == 0 || !rp_arn_parse(arn, &parts)) return *before;
    *before = rp_str_make(arn.ptr, (size_t)(parts.resource.ptr - arn.ptr));
    return parts.partition;
}

// Partition, account and Region.
static bool write_where(json_writer *w, const rdspol_finding *finding)
{
    kept_part *part = &w->where;
    rp_out *out = &part->text;
    part->from[0] = finding->account;
    part->from[1] = finding->region;
    out->size = 0;
    RP_OUT_MEMBER(out, "partition", partition_of(finding->arn, &part->from[2]));
    RP_OUT_MEMBER(out, "account", finding->account);
    RP_OUT_MEMBER(out, "region", finding->region);
    w->error->status = RDSPOL_NO_MEMORY;
    return go_on_with_place(w, finding) && out->error == 0;
}

static bool is_same_where(const kept_part *part, const rdspol_finding *finding)
{
    bool prefixed =
        part->from[2].len > 0 ? rp_str_starts(finding->arn, part->from[2]) : finding->arn.len == 0;
    return part->text.size > 0 && prefixed && is_same_text(part->from[0], finding->account) &&
           is_same_text(part->from[1], finding->region);
}

static void write_tags(rp_out *out, const rdspol_details *details)
{
    if (details->tag_count == 0) return;
    RP_OUT_LITERAL(out, ",\"tags\":{");
    for (size_t i = 0; i < details->tag_count; i++) {
        if (i > 0) rp_out_char(out, ',');
        rp_out_json(out, details->tags[i].name);
        rp_out_char(out, ':');
        rp_out_json(out, details->tags[i].value);
    }
    rp_out_char(out, '}');
}

static bool write_resource(json_writer *w, const rdspol_finding *finding,
                           const rdspol_details *details)
{
    if (!is_same_where(&w->where, finding) && !write_where(w, finding)) return false;
    rp_out_json(w->out, finding->id);
    RP_OUT_MEMBER(w->out, "arn", finding->arn);
    copy_part(w, &w->where);
    write_tags(w->out, details);
    rp_out_char(w->out, '}');
    return true;
}

static void write_message(rp_out *out, const rdspol_message *message)
{
    RP_OUT_LITERAL(out, "{\"text\":");
    rp_out_json(out, message->text);
    if (message->file.len > 0 && message->line > 0) {
        place(out, "require", message->file, message->line, 0);
        rp_out_char(out, '}');
    }
    if (message->witness_count > 0) RP_OUT_LITERAL(out, ",\"witness\":{");
    for (size_t i = 0; i < message->witness_count; i++) {
        if (i > 0) rp_out_char(out, ',');
        rp_out_json(out, message->witnesses[i].name);
        rp_out_char(out, ':');
        rp_out_json(out, message->witnesses[i].value);
    }
    if (message->witness_count > 0) rp_out_char(out, '}');
    rp_out_char(out, '}');
}

static void write_messages(rp_out *out, const rdspol_details *details)
{
    if (details->message_count == 0) return;
    RP_OUT_LITERAL(out, ",\"messages\":[");
    for (size_t i = 0; i < details->message_count; i++) {
        if (i > 0) rp_out_char(out, ',');
        write_message(out, &details->messages[i]);
    }
    rp_out_char(out, ']');
}

static void write_missing(rp_out *out, const rdspol_details *details)
{
    if (details->missing_count == 0) return;
    RP_OUT_LITERAL(out, ",\"missing\":[");
    for (size_t i = 0; i < details->missing_count; i++) {
        const rdspol_missing *missing = &details->missing[i];
        rp_out_text(out, i > 0 ? ",{\"fact\":" : "{\"fact\":");
        rp_out_json(out, missing->fact);
        RP_OUT_MEMBER(out, "resource", missing->resource);
        RP_OUT_MEMBER(out, "operation", missing->operation);
        RP_OUT_LITERAL(out, ",\"reason\":\"");
        rp_out_text(out, rdspol_reason_name(missing->reason));
        rp_out_char(out, '"');
        RP_OUT_MEMBER(out, "detail", missing->detail);
        rp_out_char(out, '}');
    }
    rp_out_char(out, ']');
}

// A value is JSON already, but a whole number that not every reader can hold becomes a string.
static void write_value(rp_out *out, rp_str value)
{
    int64_t number;
    bool large = rp_text_parse_int(value, &number) &&
                 (number > 9007199254740992 || number < -9007199254740992);
    if (large) {
        rp_out_json(out, value);
    } else {
        rp_out_json_value(out, value);
    }
}

static void write_observed(rp_out *out, const rdspol_details *details)
{
    if (details->observed_count == 0) return;
    RP_OUT_LITERAL(out, ",\"observed\":{");
    for (size_t i = 0; i < details->observed_count; i++) {
        if (i > 0) rp_out_char(out, ',');
        rp_out_json(out, details->observed[i].field);
        rp_out_char(out, ':');
        write_value(out, details->observed[i].value);
    }
    rp_out_char(out, '}');
}

static void write_waiver(rp_out *out, const rdspol_details *details)
{
    char room[RP_REPORT_TIME];
    RP_OUT_LITERAL(out, ",\"waiver\":{\"until\":");
    rp_out_json(out, rp_report_day(details->waiver_until, room));
    RP_OUT_LITERAL(out, ",\"because\":");
    rp_out_json(out, details->waiver_because);
    if (details->waiver_file.len > 0 && details->waiver_line > 0) {
        place(out, "source", details->waiver_file, details->waiver_line, 0);
        rp_out_char(out, '}');
    }
    rp_out_char(out, '}');
}

static void write_file(kept_part *part, rp_str file)
{
    part->from[0] = file;
    part->text.size = 0;
    RP_OUT_LITERAL(&part->text, ",\"location\":{\"file\":");
    rp_out_json(&part->text, file);
    RP_OUT_LITERAL(&part->text, ",\"line\":");
}

#define NUMBER_MEMBER(out, name, number)                                                           \
    do {                                                                                           \
        if ((number) == 0) break;                                                                  \
        RP_OUT_LITERAL((out), ",\"" name "\":");                                                   \
        rp_out_u64((out), (number));                                                               \
    } while (0)

static bool write_location(json_writer *w, const rdspol_finding *finding)
{
    rp_out *out = w->out;
    if (finding->file.len == 0 || finding->line == 0) return true;
    if (!is_same_text(w->file.from[0], finding->file)) write_file(&w->file, finding->file);
    copy_part(w, &w->file);
    rp_out_u64(out, finding->line);
    NUMBER_MEMBER(out, "column", finding->column);
    NUMBER_MEMBER(out, "end_line", finding->end_line);
    NUMBER_MEMBER(out, "end_column", finding->end_column);
    rp_out_char(out, '}');
    w->error->status = RDSPOL_NO_MEMORY;
    return w->file.text.error == 0;
}

static bool write_finding(json_writer *w, const rdspol_finding *finding)
{
    rdspol_details details = {.size = sizeof details};
    w->error->status = rdspol_run_explain(w->report->run, finding, &details, w->error);
    if (w->error->status != RDSPOL_OK || !copy_head(w, finding) ||
        !write_resource(w, finding, &details) || !fingerprint(w, finding))
        return false;
    write_messages(w->out, &details);
    write_missing(w->out, &details);
    write_observed(w->out, &details);
    if (finding->verdict == RDSPOL_VERDICT_WAIVED) write_waiver(w->out, &details);
    if (!write_location(w, finding)) return false;
    RP_OUT_MEMBER(w->out, "remedy", details.remedy);
    rp_out_char(w->out, '}');
    return true;
}

static bool write_findings(json_writer *w)
{
    rdspol_cursor cursor = {{0}};
    rdspol_finding finding;
    bool first = true;
    while (rdspol_run_next(w->report->run, &cursor, &finding) == RDSPOL_OK && w->out->error == 0) {
        if (!w->lines) rp_out_text(w->out, first ? "\n" : ",\n");
        first = false;
        if (!write_finding(w, &finding)) return false;
        if (w->lines) rp_out_char(w->out, '\n');
    }
    return true;
}

// ---- The document around them ------------------------------------------------------------------

static bool write_parameter_value(json_writer *w, uint32_t index, uint32_t count)
{
    bool list = rp_param_is_list(w->report->bundle, index);
    if (count == 0) rp_out_text(w->out, list ? "[" : "null");
    for (uint32_t i = 0; i < count; i++) {
        rdspol_str member;
        w->error->status = rdspol_run_param_member(w->report->run, index, i, &member);
        if (w->error->status != RDSPOL_OK) return false;
        if (list) rp_out_char(w->out, i == 0 ? '[' : ',');
        write_value(w->out, member);
    }
    if (list) rp_out_char(w->out, ']');
    return true;
}

static bool write_parameters(json_writer *w)
{
    RP_OUT_LITERAL(w->out, ",\n\"parameters\":{");
    for (uint32_t i = 0; i < rdspol_bundle_param_count(w->report->bundle); i++) {
        rdspol_param_state state;
        w->error->status = rdspol_run_param(w->report->run, i, &state);
        if (w->error->status != RDSPOL_OK) return false;
        int size = snprintf(w->name, sizeof w->name, "%.*s.%.*s", (int)state.module.len,
                            state.module.ptr, (int)state.name.len, state.name.ptr);
        bool alone = rp_param_is_unique(w->report->bundle, i) || size < 0;
        if (i > 0) rp_out_char(w->out, ',');
        rp_out_json(w->out, alone ? state.name : rp_str_make(w->name, (size_t)size));
        rp_out_char(w->out, ':');
        if (!write_parameter_value(w, i, state.member_count)) return false;
    }
    rp_out_char(w->out, '}');
    return true;
}

// They come last: their hashes are made while the findings are written.
static bool write_inputs(json_writer *w)
{
    if (!rp_inputs_wait(w->report->inputs, w->error)) return false;
    RP_OUT_LITERAL(w->out, ",\n\"inputs\":[");
    for (size_t i = 0; i < w->report->inputs->count; i++) {
        const rp_input *input = &w->report->inputs->list[i];
        rp_out_text(w->out, i > 0 ? ",\n" : "\n");
        RP_OUT_LITERAL(w->out, "{\"kind\":\"cli\",\"name\":");
        rp_out_json(w->out, rp_str_from(input->name));
        if (input->hashed) {
            RP_OUT_LITERAL(w->out, ",\"sha256\":\"");
            rp_out_add(w->out, input->sha256, RP_SHA256_HEX_SIZE);
            rp_out_char(w->out, '"');
        }
        rp_out_char(w->out, '}');
    }
    rp_out_char(w->out, ']');
    return true;
}

static void write_summary(json_writer *w)
{
    static const rdspol_verdict order[] = {RDSPOL_VERDICT_PASS, RDSPOL_VERDICT_FAIL,
                                           RDSPOL_VERDICT_UNKNOWN, RDSPOL_VERDICT_NOT_APPLICABLE,
                                           RDSPOL_VERDICT_WAIVED};
    double score = rp_report_score(w->report);
    RP_OUT_LITERAL(w->out, "\"summary\":{");
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        key(w->out, rdspol_verdict_name(order[i]));
        rp_out_u64(w->out, rdspol_run_count(w->report->run, RDSPOL_NONE, order[i]));
        rp_out_char(w->out, ',');
    }
    RP_OUT_LITERAL(w->out, "\"score\":");
    if (score < 0) {
        RP_OUT_LITERAL(w->out, "null}");
        return;
    }
    // Rounded down to hundredths: 100 means that nothing is left to do.
    char text[RP_TEXT_MAX];
    rp_out_add(w->out, text, rp_text_print_float((double)(uint64_t)(score * 100) / 100, text));
    rp_out_char(w->out, '}');
}

static bool write_policies(json_writer *w)
{
    RP_OUT_LITERAL(w->out, ",\n\"policies\":{");
    for (size_t i = 0; i < w->report->policy_count; i++) {
        rdspol_policy policy;
        uint32_t index = w->report->policies[i];
        w->error->status = rdspol_bundle_policy(w->report->bundle, index, &policy);
        if (w->error->status != RDSPOL_OK) return false;
        rp_out_text(w->out, i > 0 ? ",\n" : "\n");
        rp_out_json(w->out, name_of(w, index));
        RP_OUT_LITERAL(w->out, ":{");
        policy_members(w, w->out, index, &policy);
        rp_out_char(w->out, '}');
    }
    rp_out_char(w->out, '}');
    return true;
}

static void write_waiver_state(json_writer *w, const rdspol_waiver_state *waiver)
{
    char room[RP_REPORT_TIME];
    RP_OUT_LITERAL(w->out, "{\"state\":\"");
    rp_out_text(w->out, waiver->expired != 0 ? "expired" : "unmatched");
    RP_OUT_LITERAL(w->out, "\",\"policies\":[");
    for (uint32_t k = 0; k < waiver->policy_count; k++) {
        if (k > 0) rp_out_char(w->out, ',');
        rp_out_json(w->out, name_of(w, waiver->policies[k]));
    }
    rp_out_char(w->out, ']');
    RP_OUT_MEMBER(w->out, "kind", waiver->kind);
    RP_OUT_MEMBER(w->out, "resource", waiver->glob);
    RP_OUT_MEMBER(w->out, "until", rp_report_day(waiver->until, room));
    RP_OUT_MEMBER(w->out, "because", waiver->because);
    if (waiver->file.len > 0) {
        place(w->out, "source", waiver->file, waiver->line, 0);
        rp_out_char(w->out, '}');
    }
    rp_out_char(w->out, '}');
}

static void write_waivers(json_writer *w)
{
    bool first = true;
    RP_OUT_LITERAL(w->out, ",\n\"waivers\":[");
    for (uint32_t i = 0; i < rdspol_run_waiver_count(w->report->run); i++) {
        rdspol_waiver_state waiver;
        if (rdspol_run_waiver(w->report->run, i, &waiver) != RDSPOL_OK) continue;
        if (waiver.expired == 0 && waiver.unmatched == 0) continue;
        rp_out_text(w->out, first ? "\n" : ",\n");
        first = false;
        write_waiver_state(w, &waiver);
    }
    rp_out_char(w->out, ']');
}

static bool write_document(json_writer *w)
{
    char room[RP_TEXT_MAX];
    rdspol_str name = rdspol_bundle_name(w->report->bundle);
    RP_OUT_LITERAL(w->out,
                   "{\"version\":1,\"tool\":{\"name\":\"rdspol\",\"version\":\"" RP_VERSION "\"},\n"
                   "\"bundle\":{\"sha256\":\"");
    rp_out_add(w->out, w->report->sha256, RP_SHA256_HEX_SIZE);
    rp_out_char(w->out, '"');
    RP_OUT_MEMBER(w->out, "name", name);
    RP_OUT_LITERAL(w->out, "},\n\"now\":");
    rp_out_json(w->out, rp_str_make(room, rp_time_print(w->report->now, room)));
    if (!write_parameters(w)) return false;
    RP_OUT_LITERAL(w->out, ",\n");
    write_summary(w);
    if (!write_policies(w)) return false;
    RP_OUT_LITERAL(w->out, ",\n\"findings\":[");
    if (!write_findings(w)) return false;
    RP_OUT_LITERAL(w->out, "]");
    write_waivers(w);
    w->error->status = RDSPOL_NO_MEMORY;
    if (!rp_report_errors(w->report, w->out)) return false;
    if (!write_inputs(w)) return false;
    RP_OUT_LITERAL(w->out, "}\n");
    return true;
}

static bool write_lines(json_writer *w)
{
    if (!write_findings(w)) return false;
    rp_out_char(w->out, '{');
    write_summary(w);
    RP_OUT_LITERAL(w->out, "}\n");
    return true;
}

static bool write_report(const rp_report *report, rp_out *out, rdspol_error *error, bool lines)
{
    json_writer w = {
        .report = report, .out = out, .error = error, .lines = lines, .head_policy = RDSPOL_NONE};
    error->status = RDSPOL_NO_MEMORY;
    bool opened = rp_out_open_memory(&w.head.text);
    opened = rp_out_open_memory(&w.where.text) && opened;
    opened = rp_out_open_memory(&w.file.text) && opened;
    bool good = opened && (lines ? write_lines(&w) : write_document(&w));
    (void)rp_out_close(&w.head.text, false);
    (void)rp_out_close(&w.where.text, false);
    (void)rp_out_close(&w.file.text, false);
    return good;
}

bool rp_report_json(const rp_report *report, rp_out *out, rdspol_error *error)
{
    return write_report(report, out, error, false);
}

bool rp_report_ndjson(const rp_report *report, rp_out *out, rdspol_error *error)
{
    return write_report(report, out, error, true);
}
