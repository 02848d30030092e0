// What the fuzz targets share.
#ifndef RP_TESTS_FUZZ_H
#define RP_TESTS_FUZZ_H

#include "vm/include/rdspol.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Explains the first findings of a run, whatever comes of it.
static inline void fuzz_explain(rdspol_run *run)
{
    rdspol_cursor cursor = {{0}};
    rdspol_finding finding;
    rdspol_error error;
    for (int i = 0; i < 200 && rdspol_run_next(run, &cursor, &finding) == RDSPOL_OK; i++) {
        rdspol_details details = {.size = sizeof details};
        (void)!rdspol_run_explain(run, &finding, &details, &error);
    }
}

#endif
