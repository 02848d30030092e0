// Any bytes as a bundle: refused, or evaluated and explained safely over facts of its own schema.
#include "tests/fuzz/fuzz.h"
#include "tests/oracle/generate.h"

#include <stdlib.h>
#include <string.h>

static void judge(const rdspol_bundle *bundle, uint64_t seed)
{
    rdspol_facts *facts = NULL;
    rdspol_run *run = NULL;
    rdspol_error error;
    random_state random = {seed};
    if (rdspol_facts_new(&facts, bundle, NULL, &error) == RDSPOL_OK &&
        generate_facts(&random, facts, 20) == RDSPOL_OK &&
        rdspol_facts_seal(facts, &error) == RDSPOL_OK) {
        rdspol_run_opts opts = {.size = sizeof opts,
                                .now = 1,
                                .chunk = 1 + (uint32_t)(seed % 5),
                                .cost_limit = 1000000};
        if (rdspol_run_new(&run, bundle, facts, &opts, &error) == RDSPOL_OK &&
            rdspol_run_evaluate(run, &error) == RDSPOL_OK)
            fuzz_explain(run);
    }
    rdspol_run_free(run);
    rdspol_facts_free(facts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rdspol_bundle *bundle = NULL;
    rdspol_error error;
    char *text = malloc(1u << 20);
    size_t length = 0;
    if (text == NULL) abort();
    if (rdspol_bundle_open(&bundle, data, size, NULL, &error) == RDSPOL_OK) {
        (void)!rdspol_bundle_disassemble(bundle, text, 1u << 20, &length);
        judge(bundle, size);
        rdspol_bundle_close(bundle);
    }
    free(text);
    return 0;
}
