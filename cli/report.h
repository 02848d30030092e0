// Reports: what a run found, in the formats of `--format`.
//
// The one idea: a report walks the findings in their order and writes as it goes, so that memory
// does not grow with their number; two reports of one run walk twice. A report must not judge: all
// that it says comes from the run.
#ifndef RP_CLI_REPORT_H
#define RP_CLI_REPORT_H

#include "cli/inputs.h"

typedef struct rp_report {
    rdspol_run *run;
    const rdspol_facts *facts; // sealed
    const rdspol_bundle *bundle;
    rp_crypto *crypto;        // loaded, if the format has fingerprints
    const char *sha256;       // of the bundle, 64 digits; NULL if no format shows it
    const uint32_t *policies; // that ran
    size_t policy_count;
    rp_inputs *inputs; // that were read
    int64_t now;
    uint32_t quiet, verbose;
    bool color;   // of the output that is written
    size_t width; // of the terminal that it is; 0: it is none
    bool remedies;
} rp_report;

typedef struct rp_format {
    const char *name;
    bool hashed; // shows hashes
    bool inputs; // and those of the inputs
    // False, with a message in `error`, if something but the output failed.
    bool (*write)(const rp_report *report, rp_out *out, rdspol_error *error);
} rp_format;

// NULL if there is none of this name.
const rp_format *rp_format_find(const char *name);
const rp_format *rp_format_get(size_t index);

bool rp_report_text(const rp_report *report, rp_out *out, rdspol_error *error);
bool rp_report_compact(const rp_report *report, rp_out *out, rdspol_error *error);
bool rp_report_json(const rp_report *report, rp_out *out, rdspol_error *error);
bool rp_report_ndjson(const rp_report *report, rp_out *out, rdspol_error *error);

// The member `errors` of the native document: what could not be collected. False if memory ran out.
bool rp_report_errors(const rp_report *report, rp_out *out);
// 100 times the weight of pass and waived by that of all but not applicable; negative: nothing
// applies.
double rp_report_score(const rp_report *report);
// "name", or "module.name" where the name alone is not unique in the bundle.
rp_str rp_report_policy_name(const rp_report *report, uint32_t policy, char *room, size_t capacity);

#define RP_REPORT_TIME 64
// The last day before an instant: 2027-03-31.
rp_str rp_report_day(int64_t first_instant_too_late, char room[RP_REPORT_TIME]);

#endif
