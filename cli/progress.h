// One line on the terminal while people wait: which file is read, and how many there were.
//
// The one idea: ten updates at once, then one every tenth of a second: of few files, which may be
// large, each is shown, and many small ones cost nothing. Never where nobody watches.
#ifndef RP_CLI_PROGRESS_H
#define RP_CLI_PROGRESS_H

#include "cli/app.h"

typedef struct rp_progress {
    bool watched; // standard error is a terminal, and nothing asks for silence
    bool shown;
    uint64_t files;
    int64_t paid; // milliseconds: until then the updates were used up
} rp_progress;

void rp_progress_begin(rp_progress *progress, const rp_app *app);
// A file is begun; in the form of `begun` of rdspol_files_opts.
void rp_progress_file(void *progress, rdspol_str name);
void rp_progress_end(rp_progress *progress);

#endif
