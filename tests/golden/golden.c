// Golden text cases: one file holds a policy text and what each stage makes of it.
//
//     golden [--bless] CASE.test...
//
// A case is a head of comment lines, then sections: `--- policy` is the input; `ast`, `typed`, `ir`,
// `disasm` and `diagnostics` are what the stages print; `verdicts` says how the case's own test
// blocks end, which run in chunks of 1, 3, 64 and 1,024 rows, optimised and not. A line of the policy
// that ends in `#~ CODE` must have that diagnostic: blessing cannot rewrite it.
#include "tests/unit/library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TEXT (1u << 22)

typedef struct section {
    char name[16];
    char *text;
} section;

typedef struct test_case {
    const char *path;
    char *head;
    section sections[8];
    size_t count;
} test_case;

static char *copy(const char *text, size_t size)
{
    char *made = malloc(size + 1);
    if (made == NULL) abort();
    if (size > 0) memcpy(made, text, size);
    made[size] = '\0';
    return made;
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = malloc(MAX_TEXT);
    if (file == NULL || text == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(2);
    }
    size_t size = fread(text, 1, MAX_TEXT - 1, file);
    text[size] = '\0';
    fclose(file);
    return text;
}

static void parse(test_case *test, char *text)
{
    char *at = strstr(text, "--- ");
    if (at == NULL) exit(2);
    test->head = copy(text, (size_t)(at - text));
    while (at != NULL && test->count < sizeof test->sections / sizeof *test->sections) {
        section *made = &test->sections[test->count++];
        size_t name = strcspn(at + 4, "\n");
        snprintf(made->name, sizeof made->name, "%.*s", (int)name, at + 4);
        char *body = at + 4 + name + (at[4 + name] == '\n');
        char *next = strncmp(body, "--- ", 4) == 0 ? body : strstr(body, "\n--- ");
        if (next != NULL && *next == '\n') next++;
        made->text = copy(body, next != NULL ? (size_t)(next - body) : strlen(body));
        at = next;
    }
}

static const char *input(const test_case *test)
{
    if (test->count == 0 || strcmp(test->sections[0].name, "policy") != 0) exit(2);
    return test->sections[0].text;
}

// ---- stages ----

static char *printed(rdspol_compilation *done, rdspol_print what)
{
    rdspol_str text = {NULL, 0};
    rdspol_error error;
    if (rdspol_compilation_print(done, what, &text, &error) != RDSPOL_OK) exit(2);
    return copy(text.ptr, text.len);
}

static char *disassembled(rdspol_compilation *done)
{
    rdspol_bundle *bundle = NULL;
    rdspol_error error;
    rdspol_str bytes = rdspol_compilation_bundle(done);
    size_t size = 0;
    char *text = malloc(MAX_TEXT);
    if (text == NULL || bytes.len == 0 || rdspol_bundle_open(&bundle, bytes.ptr, bytes.len, NULL, &error) != RDSPOL_OK) {
        free(text);
        return copy("(no bundle)\n", 12);
    }
    if (rdspol_bundle_disassemble(bundle, text, MAX_TEXT - 2, &size) != RDSPOL_OK) size = 0;
    if (size > 0 && text[size - 1] != '\n') text[size++] = '\n';
    text[size] = '\0';
    rdspol_bundle_close(bundle);
    return text;
}

static void run_tests(rdspol_compilation *done, uint32_t chunk, const char *how, char *out, size_t capacity)
{
    for (uint32_t i = 0; i < rdspol_compilation_test_count(done); i++) {
        rdspol_test_result result;
        rdspol_error error = {.message = ""};
        memset(&result, 0, sizeof result);
        rdspol_status status = rdspol_compilation_test(done, i, chunk, &result, &error);
        size_t used = strlen(out);
        if (status != RDSPOL_OK) snprintf(out + used, capacity - used, "%s, chunk %u: %s\n", how, chunk, error.message);
        else if (!result.passed) {
            snprintf(out + used, capacity - used, "%s, chunk %u: %.*s: %.*s\n", how, chunk, (int)result.name.len, result.name.ptr,
                     (int)result.failure.len, result.failure.ptr);
        }
    }
}

static char *verdicts(const library *lib, const char *policy)
{
    static const uint32_t chunks[] = {1, 3, 64, 1024};
    char *out = calloc(1, MAX_TEXT);
    uint32_t tests = 0;
    if (out == NULL) abort();
    for (int no_optimize = 0; no_optimize < 2; no_optimize++) {
        rdspol_compilation *done = library_compile(lib, policy, no_optimize);
        if (done == NULL) exit(2);
        tests = rdspol_compilation_test_count(done);
        if (rdspol_compilation_error_count(done) > 0) snprintf(out, MAX_TEXT, "does not compile\n");
        for (size_t i = 0; i < 4; i++) run_tests(done, chunks[i], no_optimize ? "as written" : "optimised", out, MAX_TEXT);
        rdspol_compilation_free(done);
    }
    if (out[0] == '\0') snprintf(out, MAX_TEXT, "%u tests hold\n", tests);
    return out;
}

static char *stage(const library *lib, rdspol_compilation *done, const char *name, const char *policy)
{
    if (strcmp(name, "ast") == 0) return printed(done, RDSPOL_PRINT_AST);
    if (strcmp(name, "typed") == 0) return printed(done, RDSPOL_PRINT_TYPED);
    if (strcmp(name, "ir") == 0) return printed(done, RDSPOL_PRINT_IR);
    if (strcmp(name, "diagnostics") == 0) return printed(done, RDSPOL_PRINT_DIAGNOSTICS);
    if (strcmp(name, "disasm") == 0) return disassembled(done);
    if (strcmp(name, "verdicts") == 0) return verdicts(lib, policy);
    fprintf(stderr, "no stage is called %s\n", name);
    exit(2);
}

// ---- marks ----

static int has_diagnostic(rdspol_compilation *done, uint32_t line, const char *code, size_t size)
{
    rdspol_diagnostic found;
    for (uint32_t i = 0; rdspol_compilation_diagnostic(done, i, &found) == RDSPOL_OK; i++) {
        if (found.line == line && found.code.len == size && memcmp(found.code.ptr, code, size) == 0) return 1;
    }
    return 0;
}

static int marks_hold(rdspol_compilation *done, const test_case *test)
{
    uint32_t line = 1;
    int holds = 1;
    for (const char *at = input(test); *at != '\0'; line++) {
        size_t size = strcspn(at, "\n");
        const char *mark = strstr(at, "#~ ");
        if (mark != NULL && mark < at + size) {
            size_t code = strcspn(mark + 3, " \n");
            if (!has_diagnostic(done, line, mark + 3, code)) {
                fprintf(stderr, "%s: line %u of the policy has no %.*s\n", test->path, line, (int)code, mark + 3);
                holds = 0;
            }
        }
        at += size + (at[size] == '\n');
    }
    return holds;
}

// ---- cases ----

static void bless(const test_case *test)
{
    FILE *file = fopen(test->path, "wb");
    if (file == NULL) exit(2);
    fputs(test->head, file);
    for (size_t i = 0; i < test->count; i++) fprintf(file, "--- %s\n%s", test->sections[i].name, test->sections[i].text);
    if (fclose(file) != 0) exit(2);
}

static int run_case(const library *lib, const char *path, int blessing)
{
    test_case test = {.path = path};
    char *text = read_file(path);
    parse(&test, text);
    rdspol_compilation *done = library_compile(lib, input(&test), 0);
    if (done == NULL) exit(2);
    int holds = marks_hold(done, &test);
    for (size_t i = 1; i < test.count; i++) {
        char *found = stage(lib, done, test.sections[i].name, input(&test));
        if (strcmp(found, test.sections[i].text) != 0 && !blessing) {
            fprintf(stderr, "%s: %s\n- expected\n%s- found\n%s", path, test.sections[i].name, test.sections[i].text, found);
            holds = 0;
        }
        free(test.sections[i].text);
        test.sections[i].text = found;
    }
    if (blessing && holds) bless(&test);
    for (size_t i = 0; i < test.count; i++) free(test.sections[i].text);
    rdspol_compilation_free(done);
    free(test.head);
    free(text);
    return holds;
}

int main(int argc, char **argv)
{
    library lib;
    int blessing = argc > 1 && strcmp(argv[1], "--bless") == 0;
    int failed = 0;
    int passed = 0;
    library_open(&lib);
    for (int i = 1 + blessing; i < argc; i++) {
        if (run_case(&lib, argv[i], blessing)) passed++;
        else failed++;
    }
    library_close(&lib);
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}
