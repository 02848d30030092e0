// Saying what went wrong: status and message in one call.
//
// Messages are for people and may be printed: they must never hold a secret, so nothing that came
// from a file of credentials, an answer or a process is put into them but names and places.
#ifndef RP_LIVE_FAIL_H
#define RP_LIVE_FAIL_H

#include "vm/base/buf.h"
#include "vm/include/rdspol.h"

// Returns `status`. `error` may be NULL.
rdspol_status rp_fail(rdspol_error *error, rdspol_status status, const char *format, ...)
    RP_PRINTF(3, 4);
rdspol_status rp_fail_no_memory(rdspol_error *error);
// The start of a text in UTF-8, of at most so many bytes, without half a character at its end.
rp_str rp_fail_cut(rp_str text, size_t most);

#endif
