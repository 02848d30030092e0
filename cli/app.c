// Messages, colours and what else every command needs.
#include "cli/app.h"

#include "vm/base/buf.h"
#include "vm/base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

enum { MAX_MESSAGE = 8192, MAX_JOBS = 8 };

static void say(const char *prefix, const char *format, va_list list) RP_PRINTF(2, 0);
static void say(const char *prefix, const char *format, va_list list)
{
    char text[MAX_MESSAGE];
    rp_out out;
    int size = vsnprintf(text, sizeof text, format, list);
    if (size < 0 || !rp_out_open(&out, STDERR_FILENO)) return;
    rp_out_text(&out, prefix);
    rp_out_safe(&out,
                rp_str_make(text, (size_t)size < sizeof text ? (size_t)size : sizeof text - 1));
    rp_out_char(&out, '\n');
    (void)rp_out_close(&out, true);
}

int rp_app_error(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    say("rdspol: ", format, list);
    va_end(list);
    return RP_EXIT_TROUBLE;
}

int rp_app_library_error(const char *what, const rdspol_error *error)
{
    const char *between = what[0] != '\0' ? ": " : "";
    const char *message =
        error->message[0] != '\0' ? error->message : rdspol_status_text(error->status);
    const char *path = error->path;
    const char *at = path[0] != '\0' ? " (at " : "";
    bool placed = error->offset != UINT64_MAX &&
                  (error->status == RDSPOL_INPUT || error->status == RDSPOL_INVALID_BUNDLE);
    if (placed) {
        const char *joined = path[0] != '\0' ? ", byte " : " (at byte ";
        return rp_app_error("%s%s%s%s%s%s%llu)", what, between, message, at, path, joined,
                            (unsigned long long)error->offset);
    }
    return rp_app_error("%s%s%s%s%s%s", what, between, message, at, path,
                        path[0] != '\0' ? ")" : "");
}

void rp_app_note(const rp_app *app, const char *format, ...)
{
    va_list list;
    if (rp_app_quiet(app) > 0) return;
    va_start(list, format);
    say("rdspol: ", format, list);
    va_end(list);
}

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0';
}

static bool is_zero(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && strcmp(value, "0") == 0;
}

bool rp_app_color(const rp_app *app, int fd)
{
    const char *when = rp_args_text(&app->args, RP_OPTION_COLOR, "auto");
    if (strcmp(when, "always") == 0) return true;
    if (strcmp(when, "never") == 0 || is_set("NO_COLOR")) return false;
    bool forced = (is_set("CLICOLOR_FORCE") && !is_zero("CLICOLOR_FORCE")) ||
                  (is_set("FORCE_COLOR") && !is_zero("FORCE_COLOR"));
    if (forced) return true;
    const char *term = getenv("TERM");
    bool dumb = term != NULL && strcmp(term, "dumb") == 0;
    return !is_zero("CLICOLOR") && !dumb && isatty(fd) == 1;
}

size_t rp_app_width(int fd)
{
    enum { USUAL = 80, MOST = 1000 };
    const char *text = getenv("COLUMNS");
    int64_t columns = 0;
    struct winsize size;
    if (text != NULL && rp_text_parse_int(rp_str_from(text), &columns) && columns > 0)
        return columns < MOST ? (size_t)columns : MOST;
    bool known = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : USUAL;
}

uint32_t rp_app_quiet(const rp_app *app)
{
    return rp_args_count(&app->args, RP_OPTION_QUIET);
}
uint32_t rp_app_verbose(const rp_app *app)
{
    return rp_args_count(&app->args, RP_OPTION_VERBOSE);
}

bool rp_app_jobs(const rp_app *app, uint32_t *jobs)
{
    const char *text = rp_args_text(&app->args, RP_OPTION_JOBS, NULL);
    int64_t number = sysconf(_SC_NPROCESSORS_ONLN);
    if (text == NULL) {
        *jobs = number < 1 ? 1 : number > MAX_JOBS ? MAX_JOBS : (uint32_t)number;
        return true;
    }
    bool good = rp_text_parse_int(rp_str_from(text), &number) && number >= 1 && number <= 256;
    if (good)
        *jobs = (uint32_t)number;
    else
        (void)rp_app_error("--jobs is a number from 1 to 256, not `%s`", text);
    return good;
}

// glibc keeps what was freed unless it lies at the end of the heap.
void rp_app_trim(void)
{
#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
}

// Many short lives one after the other: what one gave back is for the next.
void rp_app_keep_memory(void)
{
#ifdef __GLIBC__
    (void)mallopt(M_TRIM_THRESHOLD, 256 * 1024 * 1024);
    (void)mallopt(M_MMAP_THRESHOLD, 256 * 1024 * 1024);
    (void)mallopt(M_TOP_PAD, 4 * 1024 * 1024);
#endif
}

static int close_output(rp_out *out)
{
    if (rp_out_close(out, true)) return RP_EXIT_OK;
    if (errno == EPIPE) return RP_EXIT_TROUBLE; // whoever read has had enough: no word about it
    return rp_app_error("standard output: %s", strerror(errno));
}

int rp_app_print(rp_str text)
{
    rp_out out;
    if (!rp_out_open(&out, STDOUT_FILENO)) return rp_app_error("out of memory");
    rp_out_str(&out, text);
    return close_output(&out);
}

int rp_app_print_safe(rp_str text)
{
    rp_out out;
    if (!rp_out_open(&out, STDOUT_FILENO)) return rp_app_error("out of memory");
    while (text.len > 0) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t size = end != NULL ? (size_t)(end - text.ptr) : text.len;
        rp_out_safe(&out, rp_str_make(text.ptr, size));
        if (end != NULL) rp_out_char(&out, '\n');
        text = rp_str_from_offset(text, end != NULL ? size + 1 : size);
    }
    return close_output(&out);
}
