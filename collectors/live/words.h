// Words of a line as a POSIX shell splits them, without anything else that a shell does.
//
// The one idea: the AWS CLI runs a credential_process from such words, not through a shell, and
// names its profiles by them. Rules: shlex.split of Python. Must not expand anything.
#ifndef RP_LIVE_WORDS_H
#define RP_LIVE_WORDS_H

#include "vm/base/arena.h"

// The words of `text`, in `arena`, each with a NUL behind it; behind the last a NULL, as
// posix_spawn wants it. NULL if a quote does not end or nothing follows a backslash (then `*broken`
// is true), or memory ran out.
char **rp_words_split(rp_arena *arena, rp_str text, size_t *count, bool *broken);

#endif
