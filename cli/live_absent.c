// In place of live collection where libcurl's or expat's headers were missing when this was built.
#include "cli/live.h"

static int absent(void)
{
    return rp_app_error("this program was built without live collection (libcurl and expat)");
}

bool rp_live_collect(rp_app *app, rp_live_request *request)
{
    (void)app, (void)request;
    return absent() == RP_EXIT_OK;
}

void rp_live_finish(const rp_live_request *request)
{
    (void)request;
}

int rp_live_print_plan(rp_app *app, const rp_live_request *request)
{
    (void)app, (void)request;
    return absent();
}

int rp_cmd_facts(rp_app *app)
{
    (void)app;
    return absent();
}

int rp_cmd_permissions(rp_app *app)
{
    (void)app;
    return absent();
}
