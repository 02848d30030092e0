// Prints the endpoint of each line "SERVICE REGION FIPS DUALSTACK [URL]" (0 or 1) of standard
// input: URL, signing region and partition, or "error". Made for
// tests/integration/endpoints_botocore.py.
#include "collectors/live/endpoints.h"

#include <stdio.h>

enum { MAX_LINE = 4096, MAX_WORDS = 5 };

static void print_line(char *line)
{
    rp_str words[MAX_WORDS] = {{NULL, 0}};
    size_t count = 0;
    for (char *w = strtok(line, " \n"); w != NULL && count < MAX_WORDS; w = strtok(NULL, " \n")) {
        words[count++] = rp_str_from(w);
    }
    rp_endpoint_opts opts = {.service = words[0],
                             .region = words[1],
                             .url = words[4],
                             .fips = rp_str_equal(words[2], RP_STR("1")),
                             .dual_stack = rp_str_equal(words[3], RP_STR("1"))};
    rp_arena arena;
    rp_endpoint found;
    rdspol_error error;
    rp_arena_init(&arena, (rp_alloc){NULL, NULL});
    if (rp_endpoint_find(&arena, &opts, &found, &error) == RDSPOL_OK) {
        (void)printf("%.*s %.*s %.*s\n", (int)found.url.len, found.url.ptr, (int)found.region.len,
                     found.region.ptr, (int)found.partition.len, found.partition.ptr);
    } else {
        (void)printf("error\n");
    }
    rp_arena_clear(&arena);
}

int main(void)
{
    char line[MAX_LINE];
    while (fgets(line, sizeof line, stdin) != NULL) print_line(line);
    return 0;
}
