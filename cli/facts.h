// What `rdspol facts` does: one function a verb; the result is the exit status.
#ifndef RP_CLI_FACTS_H
#define RP_CLI_FACTS_H

#include "cli/app.h"

// Collects what POLICIES read, into the file of --output.
int rp_facts_collect(rp_app *app, const char *policies);
// Prints what a file holds: by account, Region and operation.
int rp_facts_show(rp_app *app, const char *file);
// Writes an input in another layout: as one document if --output ends in .json or .json.gz, else as
// files of the AWS CLI in that folder, a new one.
int rp_facts_convert(rp_app *app, const char *input);
// Reads inputs for POLICIES, and writes them as they then lie in memory.
int rp_facts_pack(rp_app *app, const char *policies);

#endif
