// Live collection for commands: credentials, accounts and Regions, what people see while it runs.
//
// The one idea: everything that collecting needs is opened here, when it is asked for, and closed
// again before anything is judged. SIGINT and SIGTERM wait meanwhile: they end the collection, and
// then, once what is known has been reported, the program. Must not know what is done with facts.
#ifndef RP_CLI_LIVE_H
#define RP_CLI_LIVE_H

#include "cli/policies.h"
#include "collectors/live/collect.h"

typedef struct rp_live_request {
    const rp_policies *policies;
    const uint32_t *selected;
    size_t selected_count;
    rdspol_facts *facts; // not sealed
    // Told what was asked and answered, as envelopes, and how each request ended; may be NULL.
    void (*sink)(void *ctx, rp_str envelope);
    void (*event)(void *ctx, const rp_collect_event *event);
    void *ctx;
    int signal; // that ended the collection early, or 0
} rp_live_request;

// Collects. False after a message. `rp_live_finish` in any case.
bool rp_live_collect(rp_app *app, rp_live_request *request);
// Delivers the signal that ended the collection, if there was one: the program ends here.
void rp_live_finish(const rp_live_request *request);

// --plan: prints what would be asked. The exit status.
int rp_live_print_plan(rp_app *app, const rp_live_request *request);

// Whether the options ask for a plan only.
static inline bool rp_live_plans(const rp_app *app)
{
    return rp_args_on(&app->args, RP_OPTION_PLAN);
}

#endif
