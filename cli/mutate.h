// Mutation testing: which changes of policies do their tests notice?
#ifndef RP_CLI_MUTATE_H
#define RP_CLI_MUTATE_H

#include "cli/sources.h"

// Tries every change of the sources that --policy selects and prints those that no test notices.
// `done` is the compilation of the set as it stands. The exit status.
int rp_mutate(const rp_app *app, const rp_source_set *set, rdspol_compilation *done);

#endif
