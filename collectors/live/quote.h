// Texts as JSON strings into a buffer.
#ifndef RP_LIVE_QUOTE_H
#define RP_LIVE_QUOTE_H

#include "vm/base/buf.h"

// The string with its quotes. `text` is UTF-8.
void rp_quote(rp_buf *out, rp_str text);
// "name":"text", behind a comma unless `first`.
void rp_quote_member(rp_buf *out, bool first, const char *name, rp_str text);

#endif
