// Parameters from the command line (`--param`) and from a file (`--params`), for a run.
#ifndef RP_CLI_PARAMS_H
#define RP_CLI_PARAMS_H

#include "cli/app.h"

typedef struct rp_params {
    rdspol_param *list;
    size_t count, capacity;
    rdspol_str *values; // of all parameters, one after another
    size_t value_count, value_capacity;
    char **texts; // what the values point into
    size_t text_count, text_capacity;
} rp_params;

// Reads both; a `--param` counts before the file. False after a message. To be freed in either
// case.
bool rp_params_read(rp_params *params, const rp_app *app, const rdspol_bundle *bundle);
void rp_params_free(rp_params *params);

bool rp_param_is_list(const rdspol_bundle *bundle, uint32_t index);
// Whether no other parameter of the bundle has this name.
bool rp_param_is_unique(const rdspol_bundle *bundle, uint32_t index);

#endif
