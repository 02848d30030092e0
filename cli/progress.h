// One line on the terminal while people wait; nothing where nobody watches.
#ifndef RP_CLI_PROGRESS_H
#define RP_CLI_PROGRESS_H

#include "cli/app.h"

// Shows what is going on if standard error is a terminal and nobody asked for silence. Returns
// whether it did; then the line is to be cleared.
bool rp_progress_show(const rp_app *app, const char *what);
void rp_progress_clear(void);

#endif
