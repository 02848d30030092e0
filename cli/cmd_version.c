// rdspol version
#include "cli/app.h"
#include "cli/version.h"
#include "vm/format.h"

#include <stdio.h>

int rp_cmd_version(rp_app *app)
{
    char text[128];
    (void)app;
    int size = snprintf(text, sizeof text, "rdspol %s (abi %d, bundle format %u)\n", RP_VERSION,
                        rdspol_abi_version(), (unsigned)RP_FORMAT_VERSION);
    return rp_app_print(rp_str_make(text, (size_t)size));
}
