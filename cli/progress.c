// One line on the terminal while people wait.
#include "cli/progress.h"

#include <stdlib.h>
#include <unistd.h>

static bool is_watched(const rp_app *app)
{
    const char *term = getenv("TERM");
    bool dumb = term == NULL || strcmp(term, "dumb") == 0;
    return rp_app_quiet(app) == 0 && isatty(STDERR_FILENO) == 1 && getenv("CI") == NULL && !dumb;
}

static void put(const char *text, const char *end)
{
    rp_out out;
    if (!rp_out_open(&out, STDERR_FILENO)) return;
    rp_out_text(&out, text);
    rp_out_text(&out, end);
    (void)rp_out_close(&out, true);
}

bool rp_progress_show(const rp_app *app, const char *what)
{
    if (!is_watched(app)) return false;
    put(what, " ...");
    return true;
}

void rp_progress_clear(void)
{
    put("\r\x1b[K", "");
}
