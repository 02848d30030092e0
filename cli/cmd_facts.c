// rdspol facts: collect and save, look at what was saved, write it as files of the AWS CLI.
#include "cli/facts.h"
#include "cli/live.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int rp_cmd_facts(rp_app *app)
{
    static const struct {
        const char *name;
        int (*run)(rp_app *app, const char *operand);
    } verbs[] = {
        {"collect", rp_facts_collect},
        {"show", rp_facts_show},
        {"convert", rp_facts_convert},
        {"pack", rp_facts_pack},
    };
    const rp_args *args = &app->args;
    const char *verb = args->operand_count > 0 ? args->operands[0] : "";
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verb, verbs[i].name) != 0) continue;
        bool several = verbs[i].run == rp_facts_pack;
        if (args->operand_count < 2 || (args->operand_count > 2 && !several))
            return rp_app_error("facts %s needs %s", verb,
                                i == 0    ? "one POLICIES"
                                : several ? "POLICIES and INPUT"
                                          : "one INPUT");
        return verbs[i].run(app, args->operands[1]);
    }
    return rp_app_error("facts is followed by collect, show, convert or pack, not `%s`", verb);
}
