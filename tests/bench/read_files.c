// How fast inputs become facts, and in how much memory.
//
// Usage: read_files BUNDLE THREADS INPUT...     (tests/tools/schema_bundle.py makes a bundle)
// Prints bytes, wall seconds, user seconds and the peak of resident memory of the whole process.
#define _DEFAULT_SOURCE

#include "collectors/files/include/rdspol_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { MAX_INPUTS = 64, MAX_BUNDLE = 16 * 1024 * 1024 };

static double wall(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int read_inputs(rdspol_facts *facts, int threads, rdspol_str *inputs, size_t count)
{
    rdspol_files_stats stats = {0, 0};
    rdspol_files_opts opts;
    rdspol_error error;
    struct rusage use;
    memset(&opts, 0, sizeof opts);
    opts.size = sizeof opts;
    opts.threads = (uint32_t)threads;
    double start = wall();
    if (rdspol_files_read(facts, inputs, count, &stats, &opts, &error) != RDSPOL_OK) {
        (void)printf("%s (%s, byte %llu)\n", error.message, error.path,
                     (unsigned long long)error.offset);
        return EXIT_FAILURE;
    }
    double seconds = wall() - start;
    (void)getrusage(RUSAGE_SELF, &use);
    (void)printf("%llu bytes in %.3f s (%.2f GB/s), user %.3f s, peak %ld KiB\n",
                 (unsigned long long)stats.bytes, seconds, (double)stats.bytes / seconds / 1e9,
                 (double)use.ru_utime.tv_sec + 1e-6 * (double)use.ru_utime.tv_usec, use.ru_maxrss);
    return EXIT_SUCCESS;
}

static int run(const void *bytes, size_t size, int threads, rdspol_str *inputs, size_t count)
{
    rdspol_bundle *bundle;
    rdspol_facts *facts;
    rdspol_error error;
    if (rdspol_bundle_open(&bundle, bytes, size, NULL, &error) != RDSPOL_OK) {
        (void)printf("%s\n", error.message);
        return EXIT_FAILURE;
    }
    int code = EXIT_FAILURE;
    if (rdspol_facts_new(&facts, bundle, NULL, &error) == RDSPOL_OK) {
        code = read_inputs(facts, threads, inputs, count);
        rdspol_facts_free(facts);
    }
    rdspol_bundle_close(bundle);
    return code;
}

int main(int argc, char **argv)
{
    rdspol_str inputs[MAX_INPUTS];
    size_t count = 0;
    FILE *file = argc > 3 ? fopen(argv[1], "rb") : NULL;
    void *bytes = malloc(MAX_BUNDLE);
    if (file == NULL || bytes == NULL) {
        (void)fprintf(stderr, "usage: read_files BUNDLE THREADS INPUT...\n");
        free(bytes);
        return 2;
    }
    size_t size = fread(bytes, 1, MAX_BUNDLE, file);
    (void)fclose(file);
    for (int i = 3; i < argc && count < MAX_INPUTS; i++) {
        inputs[count].ptr = argv[i];
        inputs[count++].len = strlen(argv[i]);
    }
    int code = run(bytes, size, atoi(argv[2]), inputs, count);
    free(bytes);
    return code;
}
