// Strings as JSON, fast: most text is plain ASCII and is copied as it is.
#ifndef RP_CLI_JSON_TEXT_H
#define RP_CLI_JSON_TEXT_H

#include "cli/io.h"

// The string with its quotes. Control characters, quotes and backslashes are escaped; bytes that
// are not UTF-8 become U+FFFD.
void rp_out_json(rp_out *out, rp_str text);

// ,"name":"text", if there is any text; `name` is a literal.
#define RP_OUT_MEMBER(out, name, text)                                                             \
    rp_out_member((out), ",\"" name "\":", sizeof(",\"" name "\":") - 1, (text))
void rp_out_member(rp_out *out, const char *key, size_t size, rp_str text);

// A value that is JSON already; bytes in it that are no UTF-8 are replaced.
void rp_out_json_value(rp_out *out, rp_str value);

#endif
