// What people see of a collection: a line that changes on a terminal, one line at the end, and with
// -v a line for each request; as text, or as JSON with --log-format json.
//
// The one idea: what was asked and how it ended, never what was answered, and no secrets: there are
// none in an event.
#ifndef RP_CLI_LIVE_LOG_H
#define RP_CLI_LIVE_LOG_H

#include "cli/progress.h"
#include "collectors/live/collect.h"

typedef struct rp_live_log {
    const rp_app *app;
    rp_progress progress;
    int64_t begun, shown; // milliseconds
    bool json;
} rp_live_log;

void rp_live_log_begin(rp_live_log *log, const rp_app *app);
void rp_live_log_progress(rp_live_log *log, const rp_collect_stats *stats);
void rp_live_log_event(rp_live_log *log, const rp_collect_event *event);
void rp_live_log_end(rp_live_log *log, const rp_collect_stats *stats, size_t accounts,
                     size_t targets);

// --jobs as calls at once (0: not given), --timeout in milliseconds (0: not given). False after a
// message.
bool rp_live_jobs(const rp_app *app, uint32_t *jobs);
bool rp_live_timeout(const rp_app *app, uint32_t *ms);

#endif
