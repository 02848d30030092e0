// Random policies over random facts: the machine, with and without the optimiser and in chunks of
// several sizes, must agree with the evaluator of the definition on every verdict; and hiding facts
// may only turn a verdict into unknown.
//
//     differential [PAIRS [SEED]]      a pair is one policy over one world
//     differential --bundle FILE SEED  writes the bundle of a seed, to start fuzzing from
#include "compiler/compilation.h"
#include "tests/oracle/generate.h"
#include "tests/oracle/oracle.h"

#include <stdio.h>
#include <stdlib.h>

#define POLICIES 12u
#define WORLDS 6u
#define MAX_ROWS 64u

typedef struct verdicts {
    signed char of[POLICIES][MAX_ROWS]; // -1: no finding
} verdicts;

typedef struct differential {
    rdspol_compilation *plain, *optimized;
    rdspol_bundle *bundles[2];
    uint64_t pairs;
} differential;

static rdspol_str text(const char *bytes)
{
    return (rdspol_str){bytes, strlen(bytes)};
}

static void fail(const char *what, const rdspol_error *error)
{
    fprintf(stderr, "%s: %s\n", what, error->message);
    exit(1);
}

static rdspol_compilation *compile(const char *policies, size_t size, int no_optimize)
{
    rdspol_source sources[2] = {{text("policies"), {policies, size}, text("")},
                                {text("schema"), text(generated_schema), text("aws")}};
    rdspol_compile_opts opts = {.size = sizeof opts,
                                .library = &sources[1],
                                .library_count = 1,
                                .no_optimize = no_optimize};
    rdspol_compilation *done = NULL;
    rdspol_error error = {.message = ""};
    if (rdspol_compile(&done, sources, 1, &opts, &error) != RDSPOL_OK) {
        fprintf(stderr, "%.*s", (int)size, policies);
        fail("compile", &error);
    }
    if (rdspol_compilation_error_count(done) == 0) return done;
    rdspol_diagnostic at;
    bool limited = false;
    for (uint32_t i = 0; rdspol_compilation_diagnostic(done, i, &at) == RDSPOL_OK; i++)
        limited |= memcmp(at.code.ptr, "E0231", 5) == 0;
    if (limited) { // a function of texts over parts of a text: refused, and rightly so
        rdspol_compilation_free(done);
        return NULL;
    }
    rdspol_str messages;
    if (rdspol_compilation_print(done, RDSPOL_PRINT_DIAGNOSTICS, &messages, &error) == RDSPOL_OK)
        fwrite(messages.ptr, 1, messages.len, stderr);
    exit(1);
}

static rdspol_facts *world(const rdspol_bundle *bundle, uint64_t seed, uint32_t hidden)
{
    rdspol_facts *facts = NULL;
    rdspol_error error = {.message = ""};
    random_state random = {seed};
    if (rdspol_facts_new(&facts, bundle, NULL, &error) != RDSPOL_OK) fail("facts", &error);
    rdspol_status status = generate_facts(&random, facts, hidden);
    if (status != RDSPOL_OK) {
        fprintf(stderr, "world %llu: %s\n", (unsigned long long)seed, rdspol_status_text(status));
        exit(1);
    }
    if (rdspol_facts_seal(facts, &error) != RDSPOL_OK) fail("seal", &error);
    return facts;
}

static void judge(const rdspol_bundle *bundle, const rdspol_facts *facts, uint32_t chunk,
                  verdicts *out)
{
    rdspol_run *run = NULL;
    rdspol_error error = {.message = ""};
    rdspol_run_opts opts = {.size = sizeof opts, .now = INT64_C(1767225600000), .chunk = chunk};
    if (rdspol_run_new(&run, bundle, facts, &opts, &error) != RDSPOL_OK) fail("run", &error);
    if (rdspol_run_evaluate(run, &error) != RDSPOL_OK) fail("evaluate", &error);
    memset(out, -1, sizeof *out);
    rdspol_cursor cursor = {{0}};
    rdspol_finding finding;
    while (rdspol_run_next(run, &cursor, &finding) == RDSPOL_OK) {
        if (!finding.about_type && finding.row < MAX_ROWS)
            out->of[finding.policy][finding.row] = (signed char)finding.verdict;
    }
    rdspol_run_free(run);
}

static void define(rdspol_compilation *done, const rdspol_facts *facts, verdicts *out)
{
    rp_arena arena;
    rp_alloc libc = {rp_alloc_libc, NULL};
    memset(out, -1, sizeof *out);
    uint32_t table = rp_bundle_find_table(facts->bundle, text("a"));
    for (const rp_module *module = done->program.modules; module != NULL; module = module->next) {
        for (const rp_policy_decl *policy = module->policies; policy != NULL;
             policy = policy->next) {
            for (uint32_t row = 0; row < facts->tables[table].rows && row < MAX_ROWS; row++) {
                if (facts->tables[table].meta[row].state != RP_ROW_REAL) continue;
                rp_arena_init(&arena, libc);
                struct oracle judge_ = {&arena, facts, &done->program, INT64_C(1767225600000),
                                        false};
                out->of[policy->index][row] = (signed char)oracle_judge(&judge_, policy, row);
                rp_arena_clear(&arena);
            }
        }
    }
}

static void print_policy(const char *policies, uint32_t policy)
{
    char head[32];
    snprintf(head, sizeof head, "policy p%u on", policy);
    const char *at = strstr(policies, head);
    const char *end = at != NULL ? strstr(at, "\n}\n") : NULL;
    if (end != NULL) fprintf(stderr, "%.*s\n", (int)(end - at) + 2, at);
}

static void compare(const verdicts *a, const verdicts *b, const char *what, const char *policies,
                    uint64_t seed)
{
    for (uint32_t p = 0; p < POLICIES; p++) {
        for (uint32_t r = 0; r < MAX_ROWS; r++) {
            if (a->of[p][r] == b->of[p][r]) continue;
            fprintf(stderr, "%s: world %llu, row %u: %d against %d\n", what,
                    (unsigned long long)seed, r, a->of[p][r], b->of[p][r]);
            print_policy(policies, p);
            exit(1);
        }
    }
}

// The law: the same world with more hidden gives the same verdicts, or unknown.
static void hold_law(const verdicts *full, const verdicts *less, const char *policies,
                     uint64_t seed)
{
    for (uint32_t p = 0; p < POLICIES; p++) {
        for (uint32_t r = 0; r < MAX_ROWS; r++) {
            signed char now = less->of[p][r];
            if (now == full->of[p][r] || now == RDSPOL_VERDICT_UNKNOWN) continue;
            fprintf(stderr, "the law: world %llu, row %u: %d, and with less known %d\n",
                    (unsigned long long)seed, r, full->of[p][r], now);
            print_policy(policies, p);
            exit(1);
        }
    }
}

static void run_world(differential *suite, const char *policies, uint64_t seed, uint32_t hidden)
{
    verdicts expected;
    verdicts found;
    static const uint32_t chunks[] = {1, 3, 64, 1024};
    rdspol_facts *facts = world(suite->bundles[0], seed, hidden);
    define(suite->plain, facts, &expected);
    judge(suite->bundles[0], facts, 1024, &found);
    compare(&expected, &found, "definition against the machine, not optimised", policies, seed);
    rdspol_facts_free(facts);
    facts = world(suite->bundles[1], seed, hidden);
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        judge(suite->bundles[1], facts, chunks[i], &found);
        compare(&expected, &found, "definition against the machine, optimised", policies, seed);
    }
    rdspol_facts_free(facts);
    facts = world(suite->bundles[1], seed, hidden + 20);
    judge(suite->bundles[1], facts, 1024, &found);
    hold_law(&expected, &found, policies, seed);
    rdspol_facts_free(facts);
    suite->pairs += POLICIES;
}

static void open(differential *suite, int i, const rdspol_compilation *done)
{
    rdspol_error error = {.message = ""};
    rdspol_str bytes = rdspol_compilation_bundle(done);
    if (rdspol_bundle_open(&suite->bundles[i], bytes.ptr, bytes.len, NULL, &error) != RDSPOL_OK)
        fail("open", &error);
}

static void run_suite(uint64_t seed, uint64_t *pairs)
{
    rp_buf policies;
    rp_alloc libc = {rp_alloc_libc, NULL};
    rp_buf_init(&policies, libc, 1024u * 1024u);
    random_state random = {seed};
    generate_policies(&random, &policies, POLICIES);
    rp_buf_add_char(&policies, '\0');
    size_t size = policies.size - 1;
    differential suite = {
        compile(policies.data, size, 1), compile(policies.data, size, 0), {NULL, NULL}, 0};
    if (suite.plain == NULL || suite.optimized == NULL) {
        rdspol_compilation_free(suite.plain);
        rdspol_compilation_free(suite.optimized);
        rp_buf_free(&policies);
        return;
    }
    open(&suite, 0, suite.plain);
    open(&suite, 1, suite.optimized);
    for (uint32_t i = 0; i < WORLDS; i++)
        run_world(&suite, policies.data, seed * WORLDS + i, i % 3 == 0 ? 0 : 8 * i);
    *pairs += suite.pairs;
    for (int i = 0; i < 2; i++) rdspol_bundle_close(suite.bundles[i]);
    rdspol_compilation_free(suite.plain);
    rdspol_compilation_free(suite.optimized);
    rp_buf_free(&policies);
}

static int write_bundle(const char *path, uint64_t seed)
{
    rp_buf policies;
    rp_alloc libc = {rp_alloc_libc, NULL};
    rp_buf_init(&policies, libc, 1024u * 1024u);
    random_state random = {seed};
    generate_policies(&random, &policies, POLICIES);
    rdspol_compilation *done = compile(policies.data, policies.size, 0);
    rdspol_str bytes = done != NULL ? rdspol_compilation_bundle(done) : text("");
    FILE *file = fopen(path, "wb");
    bool written = file != NULL && fwrite(bytes.ptr, 1, bytes.len, file) == bytes.len;
    if (file != NULL) written = fclose(file) == 0 && written;
    rdspol_compilation_free(done);
    rp_buf_free(&policies);
    return written ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--bundle") == 0)
        return write_bundle(argv[2], strtoull(argv[3], NULL, 10));
    uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : 5000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    uint64_t pairs = 0;
    for (; pairs < wanted; seed++) run_suite(seed, &pairs);
    printf("%llu pairs of policy and world agree\n", (unsigned long long)pairs);
    return 0;
}
