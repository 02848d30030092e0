// Small files of the user: configuration, tokens.
//
// The one idea: a file that may hold secrets is read into memory of the caller's allocator, whole
// and with a limit. Only regular files are read, so that nothing hangs on a pipe. Must not look
// inside.
#ifndef RP_LIVE_FILE_H
#define RP_LIVE_FILE_H

#include "collectors/live/http.h"
#include "vm/base/arena.h"
#include "vm/include/rdspol.h"

enum { RP_FILE_MAX = 1024 * 1024 };

// The text of a file, in `arena`. RDSPOL_DONE without a message if there is no such regular file,
// RDSPOL_INPUT if it cannot be read or is larger than RP_FILE_MAX, RDSPOL_NO_MEMORY.
rdspol_status rp_file_read(rp_arena *arena, const char *path, rp_str *text, rdspol_error *error);

// `path` as the AWS CLI takes it: $NAME and ${NAME} (those that are set), then ~ at its beginning
// by HOME. In `arena`, with a NUL behind it; NULL if memory ran out.
const char *rp_file_expand(rp_arena *arena, rp_environment environment, rp_str path);

#endif
