#include "cli/app.h"
int rp_cmd_docs(rp_app *app) { (void)app; return 2; }
