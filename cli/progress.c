// One line on the terminal while people wait.
#include "cli/progress.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { INTERVAL = 100, AT_ONCE = 10 }; // milliseconds between updates; updates without a wait

static bool is_watched(const rp_app *app)
{
    const char *term = getenv("TERM");
    bool dumb = term == NULL || strcmp(term, "dumb") == 0;
    return rp_app_quiet(app) == 0 && isatty(STDERR_FILENO) == 1 && getenv("CI") == NULL && !dumb;
}

static int64_t milliseconds(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void rp_progress_begin(rp_progress *progress, const rp_app *app)
{
    *progress = (rp_progress){.watched = is_watched(app)};
}

// The end of a path says more than its beginning. A line that breaks could not be cleared.
static rp_str fitting(rp_str name, size_t used)
{
    size_t width = rp_app_width(STDERR_FILENO);
    size_t room = width > used + 1 ? width - used - 1 : 0;
    size_t skip = name.len <= room ? 0 : name.len - room;
    while (skip < name.len && ((unsigned char)name.ptr[skip] & 0xc0u) == 0x80) skip++;
    return rp_str_from_offset(name, skip);
}

static void show(const rp_progress *progress, rp_str name)
{
    rp_out out, safe;
    if (!rp_out_open(&out, STDERR_FILENO)) return;
    RP_OUT_LITERAL(&out, "\r\x1b[Kreading facts: ");
    size_t before = sizeof "reading facts: " - 1;
    size_t at = out.size;
    rp_out_u64(&out, progress->files);
    rp_out_char(&out, ' ');
    if (rp_out_open_memory(&safe)) {
        rp_out_safe(&safe, name);
        rp_out_str(&out, fitting(rp_str_make(safe.data, safe.size), before + out.size - at));
        (void)rp_out_close(&safe, false);
    }
    (void)rp_out_close(&out, true);
}

void rp_progress_file(void *context, rdspol_str name)
{
    rp_progress *progress = context;
    progress->files++;
    if (!progress->watched) return;
    int64_t now = milliseconds();
    if (progress->paid - now > (int64_t)(AT_ONCE - 1) * INTERVAL) return;
    progress->paid = (progress->paid > now ? progress->paid : now) + INTERVAL;
    progress->shown = true;
    show(progress, name);
}

void rp_progress_end(rp_progress *progress)
{
    static const char clear[] = "\r\x1b[K";
    if (progress->shown) (void)!write(STDERR_FILENO, clear, sizeof clear - 1);
    progress->shown = false;
}
