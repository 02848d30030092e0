// What `rdspol facts` does: one function a verb; the result is the exit status.
#ifndef RP_CLI_FACTS_H
#define RP_CLI_FACTS_H

#include "cli/app.h"

// Collects what POLICIES read, into the file of --output.
int rp_facts_collect(rp_app *app, const char *policies);
// Prints what a file holds: by account, Region and operation.
int rp_facts_show(rp_app *app, const char *file);
// Writes a file as answers of the AWS CLI, into the folder of --output.
int rp_facts_convert(rp_app *app, const char *file);

// Reads a file of saved facts, packed or not; the text is followed by zeros for the scanner, and to
// be freed by the caller. `ptr` is NULL after a message.
rp_str rp_facts_read(const char *file);

#endif
