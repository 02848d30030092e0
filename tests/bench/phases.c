// How long each part of a run takes: compile, open, read, seal, prepare, evaluate.
//
// Usage: phases MODULE THREADS REPEAT INPUT...
// Judges the policies of one module of the standard library over the inputs. Prints a JSON object:
// medians in microseconds, the instructions of the library as it is and as written (without
// sharing, moving and pruning), and the rows times policies that were judged.
#define _DEFAULT_SOURCE

#include "tests/bench/bench.h"
#include "vm/bundle.h"

#include <sys/mman.h>

static double compile_once(const library *sources, int no_optimize, bundle_bytes *out)
{
    rdspol_compile_opts opts = {.size = sizeof opts, .is_library = 1, .no_optimize = no_optimize};
    rdspol_compilation *done;
    rdspol_error error;
    double start = bench_now();
    if (rdspol_compile(&done, sources->sources, sources->count, &opts, &error) != RDSPOL_OK) {
        bench_die("compile", &error);
    }
    double spent = bench_now() - start;
    rdspol_str bytes = rdspol_compilation_bundle(done);
    free(out->bytes);
    out->bytes = malloc(bytes.len + 1);
    out->size = bytes.len;
    if (out->bytes == NULL || bytes.len == 0) {
        bench_die("compile: no bundle", NULL);
    }
    memcpy(out->bytes, bytes.ptr, bytes.len);
    rdspol_compilation_free(done);
    return spent;
}

static double open_once(const bundle_bytes *from, rdspol_bundle **out)
{
    rdspol_error error;
    double start = bench_now();
    if (rdspol_bundle_open(out, from->bytes, from->size, NULL, &error) != RDSPOL_OK) {
        bench_die("open", &error);
    }
    return bench_now() - start;
}

static uint32_t instructions_of(const library *sources, int no_optimize)
{
    bundle_bytes bytes = {NULL, 0};
    rdspol_bundle *bundle;
    (void)compile_once(sources, no_optimize, &bytes);
    (void)open_once(&bytes, &bundle);
    uint32_t count = bundle->insn_count;
    rdspol_bundle_close(bundle);
    free(bytes.bytes);
    return count;
}

// The policies of a module, and for each the rows of its table.
static size_t select_module(const rdspol_bundle *bundle, const char *module, uint32_t *out)
{
    size_t count = 0;
    for (uint32_t i = 0; i < rdspol_bundle_policy_count(bundle); i++) {
        rdspol_policy info;
        if (rdspol_bundle_policy(bundle, i, &info) == RDSPOL_OK &&
            info.module.len == strlen(module) &&
            memcmp(info.module.ptr, module, info.module.len) == 0) {
            out[count++] = i;
        }
    }
    return count;
}

static uint64_t judged(const rdspol_run *run)
{
    uint64_t sum = 0;
    for (int v = 0; v < RDSPOL_VERDICT_COUNT; v++) {
        sum += rdspol_run_count(run, RDSPOL_NONE, (rdspol_verdict)v);
    }
    return sum;
}

static void measure_run(const rdspol_bundle *bundle, rdspol_facts *facts, const char *module,
                        int repeat)
{
    uint32_t policies[4096];
    double prepare[BENCH_MAX], evaluate[BENCH_MAX];
    size_t count = select_module(bundle, module, policies);
    uint64_t cells = 0, bytes = 0;
    rdspol_error error;
    for (int i = 0; i < repeat; i++) {
        rdspol_run *run;
        rdspol_run_opts opts = {.size = sizeof opts, .policies = policies, .policy_count = count};
        opts.now = INT64_C(1785542400000);
        double start = bench_now();
        if (rdspol_run_new(&run, bundle, facts, &opts, &error) != RDSPOL_OK) {
            bench_die("prepare", &error);
        }
        prepare[i] = bench_now() - start;
        start = bench_now();
        if (rdspol_run_evaluate(run, &error) != RDSPOL_OK) {
            bench_die("evaluate", &error);
        }
        evaluate[i] = bench_now() - start;
        cells = judged(run);
        bytes = rdspol_run_bytes(run);
        rdspol_run_free(run);
    }
    printf("\"prepare_us\": %.1f, \"evaluate_us\": %.1f, \"policies\": %zu, \"verdicts\": %llu, "
           "\"run_bytes\": %llu",
           bench_median(prepare, repeat), bench_median(evaluate, repeat), count,
           (unsigned long long)cells, (unsigned long long)bytes);
}

static int write_file(void *ctx, const void *data, size_t size)
{
    return fwrite(data, 1, size, ctx) == size;
}

// Packs the facts into a file, and opens that: mapped anew each time.
static void measure_packed(const rdspol_bundle *bundle, const rdspol_facts *facts, int repeat)
{
    double open[BENCH_MAX];
    rdspol_error error;
    FILE *file = tmpfile();
    if (file == NULL || rdspol_facts_save(facts, write_file, file, &error) != RDSPOL_OK ||
        fflush(file) != 0) {
        bench_die("pack", NULL);
    }
    size_t size = (size_t)ftell(file);
    for (int i = 0; i < repeat; i++) {
        rdspol_facts *again = NULL;
        double start = bench_now();
        void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fileno(file), 0);
        if (data == MAP_FAILED ||
            rdspol_facts_open(&again, bundle, data, size, NULL, &error) != RDSPOL_OK) {
            bench_die("open packed", &error);
        }
        open[i] = bench_now() - start;
        rdspol_facts_free(again);
        (void)munmap(data, size);
    }
    (void)fclose(file);
    printf("\"packed_us\": %.1f, \"packed_bytes\": %zu, ", bench_median(open, repeat), size);
}

static void measure_facts(const rdspol_bundle *bundle, int argc, char **argv, int repeat)
{
    rdspol_str inputs[64];
    size_t count = 0;
    rdspol_facts *facts;
    rdspol_error error;
    rdspol_files_opts opts = {.size = sizeof opts, .threads = (uint32_t)atoi(argv[2])};
    for (int i = 4; i < argc && count < 64; i++) {
        inputs[count++] = (rdspol_str){argv[i], strlen(argv[i])};
    }
    double start = bench_now();
    if (rdspol_facts_new(&facts, bundle, NULL, &error) != RDSPOL_OK ||
        rdspol_files_read(facts, inputs, count, NULL, &opts, &error) != RDSPOL_OK) {
        bench_die("read", &error);
    }
    double read = bench_now() - start;
    start = bench_now();
    if (rdspol_facts_seal(facts, &error) != RDSPOL_OK) {
        bench_die("seal", &error);
    }
    printf("\"read_us\": %.1f, \"seal_us\": %.1f, ", read, bench_now() - start);
    measure_packed(bundle, facts, repeat);
    measure_run(bundle, facts, argv[1], repeat);
    rdspol_facts_free(facts);
}

int main(int argc, char **argv)
{
    int repeat = argc > 3 ? atoi(argv[3]) : 0;
    if (repeat < 1 || repeat > BENCH_MAX) {
        (void)fprintf(stderr, "usage: phases MODULE THREADS REPEAT INPUT...\n");
        return 2;
    }
    library sources;
    bundle_bytes bytes = {NULL, 0};
    rdspol_bundle *bundle = NULL;
    double compile[BENCH_MAX], open[BENCH_MAX];
    library_open(&sources);
    for (int i = 0; i < repeat; i++) {
        compile[i] = compile_once(&sources, 0, &bytes);
    }
    for (int i = 0; i < repeat; i++) {
        rdspol_bundle_close(bundle);
        open[i] = open_once(&bytes, &bundle);
    }
    printf("{\"compile_us\": %.1f, \"open_us\": %.1f, \"bundle_bytes\": %zu, "
           "\"instructions\": %u, \"instructions_as_written\": %u",
           bench_median(compile, repeat), bench_median(open, repeat), bytes.size,
           instructions_of(&sources, 0), instructions_of(&sources, 1));
    if (argc > 4) {
        printf(", ");
        measure_facts(bundle, argc, argv, repeat);
    }
    printf("}\n");
    rdspol_bundle_close(bundle);
    free(bytes.bytes);
    library_close(&sources);
    return 0;
}
