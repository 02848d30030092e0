// The formats, and what they share.
#include "cli/report.h"

#include "vm/base/text.h"

#include <stdio.h>

static const rp_format formats[] = {
    {"text", false, false, rp_report_text},
    {"compact", false, false, rp_report_compact},
    {"json", true, true, rp_report_json},
    {"ndjson", true, false, rp_report_ndjson},
};

const rp_format *rp_format_get(size_t index)
{
    return index < sizeof formats / sizeof formats[0] ? &formats[index] : NULL;
}

const rp_format *rp_format_find(const char *name)
{
    const rp_format *format = NULL;
    for (size_t i = 0; (format = rp_format_get(i)) != NULL && strcmp(format->name, name) != 0; i++)
        continue;
    return format;
}

double rp_report_score(const rp_report *report)
{
    static const double weights[] = {0, 1, 2, 5, 10};
    double good = 0;
    double all = 0;
    for (size_t i = 0; i < report->policy_count; i++) {
        rdspol_policy policy;
        uint32_t index = report->policies[i];
        if (rdspol_bundle_policy(report->bundle, index, &policy) != RDSPOL_OK) continue;
        double weight = weights[policy.severity];
        double kept = (double)(rdspol_run_count(report->run, index, RDSPOL_VERDICT_PASS) +
                               rdspol_run_count(report->run, index, RDSPOL_VERDICT_WAIVED));
        double lost = (double)(rdspol_run_count(report->run, index, RDSPOL_VERDICT_FAIL) +
                               rdspol_run_count(report->run, index, RDSPOL_VERDICT_UNKNOWN));
        good += weight * kept;
        all += weight * (kept + lost);
    }
    return all > 0 ? 100.0 * good / all : -1;
}

rp_str rp_report_policy_name(const rp_report *report, uint32_t index, char *room, size_t capacity)
{
    rdspol_policy policy;
    if (rdspol_bundle_policy(report->bundle, index, &policy) != RDSPOL_OK)
        return rp_str_make("", 0);
    if (rdspol_bundle_find_policy(report->bundle, policy.name) == index) return policy.name;
    int size = snprintf(room, capacity, "%.*s.%.*s", (int)policy.module.len, policy.module.ptr,
                        (int)policy.name.len, policy.name.ptr);
    return size > 0 && (size_t)size < capacity ? rp_str_make(room, (size_t)size) : policy.name;
}

rp_str rp_report_day(int64_t first_instant_too_late, char room[RP_REPORT_TIME])
{
    enum { DAY_SIZE = 10 };
    size_t size = rp_time_print(first_instant_too_late - 1, room);
    return rp_str_make(room, size < DAY_SIZE ? size : DAY_SIZE);
}
