// Saying what went wrong. A message that is too long is cut.
#include "collectors/live/fail.h"

#include <stdarg.h>
#include <stdio.h>

// Names come from files and services: they must not steer a terminal.
static void blot_controls(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f) *text = '?';
    }
}

rdspol_status rp_fail(rdspol_error *error, rdspol_status status, const char *format, ...)
{
    if (error == NULL) return status;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
    blot_controls(error->message);
    error->status = status;
    error->offset = UINT64_MAX;
    error->path[0] = '\0';
    return status;
}

rdspol_status rp_fail_no_memory(rdspol_error *error)
{
    return rp_fail(error, RDSPOL_NO_MEMORY, "memory ran out");
}

rp_str rp_fail_cut(rp_str text, size_t most)
{
    if (text.len <= most) return text;
    while (most > 0 && ((unsigned char)text.ptr[most] & 0xc0) == 0x80) most--;
    return rp_str_make(text.ptr, most);
}
