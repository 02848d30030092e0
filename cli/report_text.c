// The report for people: a line for each finding that asks for something, a table of policies, and
// one line that says it all. On a terminal the findings stand below their resource, and sentences
// are broken at its width; elsewhere each line says everything, for grep. Everything that comes
// from input is made harmless.
#include "cli/report.h"

#include "vm/base/text.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct verdict_style {
    const char *word, *color;
} verdict_style;

static const verdict_style styles[RDSPOL_VERDICT_COUNT] = {
    [RDSPOL_VERDICT_FAIL] = {"FAIL", "\x1b[1;31m"},
    [RDSPOL_VERDICT_UNKNOWN] = {"UNKNOWN", "\x1b[1;33m"},
    [RDSPOL_VERDICT_WAIVED] = {"WAIVED", "\x1b[36m"},
    [RDSPOL_VERDICT_PASS] = {"PASS", "\x1b[32m"},
    [RDSPOL_VERDICT_NOT_APPLICABLE] = {"N/A", "\x1b[2m"},
};

typedef struct writer {
    const rp_report *report;
    rp_out *out;
    rdspol_error *error;
    bool several;      // accounts or Regions
    uint32_t accounts; // how many
    size_t column;     // of the line that is written, if the report has a width
    rp_out sentence;   // in memory: one that is put together
    rp_out safe;       // in memory: one that is broken into lines
    char name[512];    // of the policy at hand
} writer;

static void color(const writer *w, const char *code)
{
    if (w->report->color) rp_out_text(w->out, code);
}

static void plain(const writer *w)
{
    color(w, "\x1b[0m");
}

// ---- Lines -------------------------------------------------------------------------------------

static size_t columns_of(rp_str text)
{
    size_t columns = 0;
    for (size_t i = 0; i < text.len; i++) columns += ((unsigned char)text.ptr[i] & 0xc0u) != 0x80;
    return columns;
}

static void begin_line(writer *w, const char *indent)
{
    rp_out_char(w->out, '\n');
    rp_out_text(w->out, indent);
    w->column = strlen(indent);
}

static void write_word(writer *w, rp_str word)
{
    enum { INDENT = 6 };
    size_t columns = columns_of(word);
    bool breaks = w->column + 1 + columns > w->report->width && w->column > INDENT;
    if (breaks) begin_line(w, "      ");
    if (!breaks && w->column > INDENT) rp_out_char(w->out, ' ');
    w->column += columns + !breaks;
    rp_out_str(w->out, word);
}

// Part of a sentence: as it is, or word by word if the report has a width.
static void say(writer *w, rp_str text)
{
    rp_str rest, word;
    if (w->report->width == 0) {
        rp_out_safe(w->out, text);
        return;
    }
    w->safe.size = 0;
    rp_out_safe(&w->safe, text);
    rest = rp_str_make(w->safe.data, w->safe.size);
    while (rp_text_split(&rest, RP_STR(" "), &word)) {
        if (word.len > 0) write_word(w, word);
    }
}

// ---- Where the findings are --------------------------------------------------------------------

// Of a policy the findings of one verdict come sorted by account and Region, so that both change
// seldom; the few names are kept in a list.
typedef struct place_list {
    rp_str *accounts;
    size_t count, capacity;
    rp_str account, region; // of the finding before
    bool several;
} place_list;

static bool add_account(place_list *places, rp_str account)
{
    for (size_t i = 0; i < places->count; i++) {
        if (rp_str_equal(places->accounts[i], account)) return true;
    }
    if (places->count == places->capacity) {
        size_t capacity = places->capacity * 2 + 8;
        rp_str *list = realloc(places->accounts, capacity * sizeof *list);
        if (list == NULL) return false;
        places->accounts = list;
        places->capacity = capacity;
    }
    places->accounts[places->count++] = account;
    return true;
}

static bool add_place(place_list *places, const rdspol_finding *finding)
{
    if (finding->account.len == 0) return true;
    bool first = places->count == 0;
    bool same = !first && rp_str_equal(places->account, finding->account) &&
                rp_str_equal(places->region, finding->region);
    if (same) return true;
    places->several = places->several || !first;
    places->account = finding->account;
    places->region = finding->region;
    return add_account(places, finding->account);
}

static bool find_places(writer *w)
{
    place_list places = {0};
    rdspol_cursor cursor = {{0}};
    rdspol_finding finding;
    bool good = true;
    while (good && rdspol_run_next(w->report->run, &cursor, &finding) == RDSPOL_OK) {
        good = add_place(&places, &finding);
    }
    w->several = places.several;
    w->accounts = (uint32_t)places.count;
    free(places.accounts);
    return good;
}

// ---- One finding -------------------------------------------------------------------------------

static bool is_shown(const rp_report *report, rdspol_verdict verdict)
{
    switch (verdict) {
    case RDSPOL_VERDICT_FAIL:
    case RDSPOL_VERDICT_UNKNOWN: return true;
    case RDSPOL_VERDICT_WAIVED: return report->quiet == 0;
    case RDSPOL_VERDICT_PASS: return report->quiet == 0 && report->verbose > 0;
    case RDSPOL_VERDICT_NOT_APPLICABLE: return report->quiet == 0 && report->verbose > 1;
    }
    return false;
}

static void write_resource(const writer *w, const rdspol_finding *finding)
{
    if (w->several) {
        rp_out_safe(w->out, finding->account.len > 0 ? finding->account : RP_STR("-"));
        rp_out_char(w->out, '/');
        rp_out_safe(w->out, finding->region.len > 0 ? finding->region : RP_STR("-"));
        rp_out_char(w->out, '/');
    }
    rp_out_safe(w->out, finding->id);
}

static void write_head(writer *w, const rdspol_finding *finding, rdspol_severity severity)
{
    const verdict_style *style = &styles[finding->verdict];
    rp_str policy = rp_report_policy_name(w->report, finding->policy, w->name, sizeof w->name);
    const char *severe = rdspol_severity_name(severity);
    if (w->report->width > 0) RP_OUT_LITERAL(w->out, "  ");
    color(w, style->color);
    rp_out_text(w->out, style->word);
    plain(w);
    rp_out_char(w->out, ' ');
    rp_out_text(w->out, severe);
    rp_out_char(w->out, ' ');
    rp_out_safe(w->out, policy);
    w->column = 4 + strlen(style->word) + strlen(severe) + policy.len;
    if (w->report->width > 0) return;
    rp_out_char(w->out, ' ');
    write_resource(w, finding);
}

// Where the clause stands, or the policy.
static void write_clause(writer *w, rp_str file, uint32_t line)
{
    if (file.len == 0) return;
    char text[32];
    int size = snprintf(text, sizeof text, ":%u", (unsigned)line);
    size_t columns = 2 + columns_of(file) + (size_t)size;
    if (w->report->width > 0 && w->column + columns > w->report->width) {
        begin_line(w, "      ");
    } else {
        RP_OUT_LITERAL(w->out, "  ");
    }
    color(w, "\x1b[2m");
    rp_out_safe(w->out, file);
    rp_out_add(w->out, text, (size_t)size);
    plain(w);
}

// The first sentence stands on the line of the finding, each further one on its own.
static void begin_sentence(writer *w, size_t index)
{
    if (index > 0) {
        begin_line(w, w->report->width > 0 ? "      " : "    ");
    } else {
        rp_out_char(w->out, ' ');
        if (w->report->width == 0) rp_out_char(w->out, ' ');
        w->column++;
    }
}

static void write_messages(writer *w, const rdspol_details *details)
{
    for (size_t i = 0; i < details->message_count; i++) {
        const rdspol_message *message = &details->messages[i];
        begin_sentence(w, i);
        say(w, message->text);
        write_clause(w, message->file, message->line);
    }
}

// "kms_key.key_state of KEY: access_denied (kms:DescribeKey): detail"
static bool put_missing(rp_out *out, const rdspol_missing *missing)
{
    out->size = 0;
    rp_out_str(out, missing->fact);
    if (missing->resource.len > 0) {
        RP_OUT_LITERAL(out, " of ");
        rp_out_str(out, missing->resource);
    }
    RP_OUT_LITERAL(out, ": ");
    rp_out_text(out, rdspol_reason_name(missing->reason));
    if (missing->operation.len > 0) {
        RP_OUT_LITERAL(out, " (");
        rp_out_str(out, missing->operation);
        rp_out_char(out, ')');
    }
    if (missing->detail.len > 0) {
        RP_OUT_LITERAL(out, ": ");
        rp_out_str(out, missing->detail);
    }
    return out->error == 0;
}

static bool write_missing(writer *w, const rdspol_details *details, const rdspol_policy *policy)
{
    for (size_t i = 0; i < details->missing_count; i++) {
        if (!put_missing(&w->sentence, &details->missing[i])) return false;
        begin_sentence(w, i);
        say(w, rp_str_make(w->sentence.data, w->sentence.size));
        if (i == 0) write_clause(w, policy->file, policy->line);
    }
    return true;
}

static void write_day(rp_out *out, int64_t first_instant_too_late)
{
    char text[RP_REPORT_TIME];
    rp_str day = rp_report_day(first_instant_too_late, text);
    rp_out_str(out, day);
}

static void write_waiver(const writer *w, const rdspol_details *details)
{
    rp_out_text(w->out, w->report->width > 0 ? "\n      waived until " : "\n    waived until ");
    write_day(w->out, details->waiver_until);
    RP_OUT_LITERAL(w->out, ": ");
    rp_out_safe(w->out, details->waiver_because);
}

static void write_place(const writer *w, const rdspol_finding *finding)
{
    if (finding->file.len == 0 || w->report->verbose == 0) return;
    rp_out_text(w->out, w->report->width > 0 ? "\n      at " : "\n    at ");
    rp_out_safe(w->out, finding->file);
    rp_out_char(w->out, ':');
    rp_out_u64(w->out, finding->line);
}

static bool write_finding(writer *w, const rdspol_finding *finding)
{
    rdspol_policy policy;
    rdspol_details details = {.size = sizeof details};
    if (rdspol_bundle_policy(w->report->bundle, finding->policy, &policy) != RDSPOL_OK)
        return false;
    w->error->status = rdspol_run_explain(w->report->run, finding, &details, w->error);
    if (w->error->status != RDSPOL_OK) return false;
    write_head(w, finding, policy.severity);
    write_messages(w, &details);
    w->error->status = RDSPOL_NO_MEMORY;
    if (!write_missing(w, &details, &policy)) return false;
    if (finding->verdict == RDSPOL_VERDICT_WAIVED) write_waiver(w, &details);
    write_place(w, finding);
    if (w->report->remedies && details.remedy.len > 0) {
        rp_out_text(w->out, w->report->width > 0 ? "\n      remedy: " : "\n    remedy: ");
        rp_out_safe(w->out, details.remedy);
    }
    rp_out_char(w->out, '\n');
    return true;
}

// The heading of a resource: "instance prod-db".
static void write_heading(writer *w, const rdspol_finding *finding, bool first)
{
    if (!first) rp_out_char(w->out, '\n');
    color(w, "\x1b[1m");
    rp_out_safe(w->out, finding->kind);
    rp_out_char(w->out, ' ');
    write_resource(w, finding);
    plain(w);
    rp_out_char(w->out, '\n');
}

static bool write_groups(writer *w)
{
    rdspol_cursor cursor = {{0}};
    rdspol_finding finding, last = {.table = RDSPOL_NONE};
    bool first = true, headed = false;
    while (rdspol_run_next_by_resource(w->report->run, &cursor, &finding) == RDSPOL_OK &&
           w->out->error == 0) {
        bool same = finding.table == last.table && finding.row == last.row;
        // Resources with nothing worse than a pass come last, and are most.
        if (!same && finding.verdict > RDSPOL_VERDICT_WAIVED && w->report->verbose == 0) break;
        headed = headed && same;
        last = finding;
        if (!is_shown(w->report, finding.verdict)) continue;
        if (!headed) write_heading(w, &finding, first);
        headed = true;
        first = false;
        if (!write_finding(w, &finding)) return false;
    }
    return true;
}

static bool write_findings(writer *w)
{
    rdspol_cursor cursor = {{0}};
    rdspol_finding finding;
    while (rdspol_run_next(w->report->run, &cursor, &finding) == RDSPOL_OK && w->out->error == 0) {
        // Passes come after all that asks for something, and are most of the findings.
        if (finding.verdict > RDSPOL_VERDICT_WAIVED && w->report->verbose == 0) break;
        if (is_shown(w->report, finding.verdict) && !write_finding(w, &finding)) return false;
    }
    return true;
}

// ---- The end -----------------------------------------------------------------------------------

static void write_waivers(const writer *w)
{
    rdspol_waiver_state waiver;
    for (uint32_t i = 0; i < rdspol_run_waiver_count(w->report->run); i++) {
        bool odd = rdspol_run_waiver(w->report->run, i, &waiver) == RDSPOL_OK &&
                   (waiver.expired != 0 || waiver.unmatched != 0);
        if (!odd) continue;
        rp_out_text(w->out,
                    waiver.expired != 0 ? "waiver expired on " : "waiver matches nothing, until ");
        write_day(w->out, waiver.until);
        RP_OUT_LITERAL(w->out, ": ");
        rp_out_safe(w->out, waiver.kind);
        RP_OUT_LITERAL(w->out, " \"");
        rp_out_safe(w->out, waiver.glob);
        RP_OUT_LITERAL(w->out, "\" (");
        rp_out_safe(w->out, waiver.file);
        rp_out_char(w->out, ':');
        rp_out_u64(w->out, waiver.line);
        RP_OUT_LITERAL(w->out, ")\n");
    }
}

static uint64_t count(const writer *w, uint32_t policy, rdspol_verdict verdict)
{
    return rdspol_run_count(w->report->run, policy, verdict);
}

static void write_number(rp_out *out, uint64_t number, size_t width)
{
    char text[32];
    int size = snprintf(text, sizeof text, "%*llu", (int)width, (unsigned long long)number);
    rp_out_add(out, text, size > 0 ? (size_t)size : 0);
}

static void write_policies(writer *w)
{
    RP_OUT_LITERAL(w->out, "\n  judged  failed  undecided  policy\n");
    for (size_t i = 0; i < w->report->policy_count; i++) {
        uint32_t policy = w->report->policies[i];
        uint64_t failed = count(w, policy, RDSPOL_VERDICT_FAIL);
        uint64_t unknown = count(w, policy, RDSPOL_VERDICT_UNKNOWN);
        uint64_t decided =
            count(w, policy, RDSPOL_VERDICT_PASS) + count(w, policy, RDSPOL_VERDICT_WAIVED);
        write_number(w->out, failed + unknown + decided, 8);
        write_number(w->out, failed, 8);
        write_number(w->out, unknown, 11);
        RP_OUT_LITERAL(w->out, "  ");
        rp_out_safe(w->out, rp_report_policy_name(w->report, policy, w->name, sizeof w->name));
        rp_out_char(w->out, '\n');
    }
}

static void write_count(const writer *w, rdspol_verdict verdict, const char *what)
{
    uint64_t found = count(w, RDSPOL_NONE, verdict);
    bool colored = w->report->color && found > 0;
    if (colored) rp_out_text(w->out, styles[verdict].color);
    rp_out_u64(w->out, found);
    rp_out_text(w->out, what);
    if (colored) plain(w);
}

static void write_summary(const writer *w)
{
    double score = rp_report_score(w->report);
    write_count(w, RDSPOL_VERDICT_FAIL, " failed");
    RP_OUT_LITERAL(w->out, ", ");
    write_count(w, RDSPOL_VERDICT_UNKNOWN, " unknown");
    RP_OUT_LITERAL(w->out, ", ");
    write_count(w, RDSPOL_VERDICT_WAIVED, " waived");
    RP_OUT_LITERAL(w->out, ", ");
    write_count(w, RDSPOL_VERDICT_PASS, " passed");
    RP_OUT_LITERAL(w->out, ", ");
    write_count(w, RDSPOL_VERDICT_NOT_APPLICABLE, " not applicable");
    if (score >= 0) {
        // Rounded down: 100 means that nothing is left to do.
        RP_OUT_LITERAL(w->out, " (score ");
        rp_out_u64(w->out, (uint64_t)score);
        rp_out_char(w->out, ')');
    }
    if (w->accounts > 0) {
        RP_OUT_LITERAL(w->out, " in ");
        rp_out_u64(w->out, w->accounts);
        rp_out_text(w->out, w->accounts == 1 ? " account" : " accounts");
    }
    rp_out_char(w->out, '\n');
}

static bool write_all(writer *w)
{
    const rp_report *report = w->report;
    w->error->status = RDSPOL_NO_MEMORY;
    if (w->safe.data == NULL || w->sentence.data == NULL || !find_places(w)) return false;
    if (!(report->width > 0 ? write_groups(w) : write_findings(w))) return false;
    write_waivers(w);
    if (report->quiet == 0) write_policies(w);
    if (report->quiet == 0) rp_out_char(w->out, '\n');
    write_summary(w);
    return true;
}

bool rp_report_text(const rp_report *report, rp_out *out, rdspol_error *error)
{
    writer w = {.report = report, .out = out, .error = error};
    (void)rp_out_open_memory(&w.safe);
    (void)rp_out_open_memory(&w.sentence);
    bool good = write_all(&w);
    (void)rp_out_close(&w.safe, false);
    (void)rp_out_close(&w.sentence, false);
    return good;
}
