// The compiler from outside: every diagnostic's example gives exactly that diagnostic, every
// built-in function's example compiles, and no text makes it crash.
#include "tests/unit/runner.h"
#include "tests/unit/library.h"
#include "vm/bundle.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static library lib;

static void open_library(void)
{
    library_open(&lib);
}
static void close_library(void)
{
    library_close(&lib);
}

static void check_example(rdspol_str code, rdspol_str example)
{
    char text[4096];
    ck_assert_uint_lt(example.len, sizeof text);
    memcpy(text, example.ptr, example.len);
    text[example.len] = '\0';
    rdspol_compilation *done = library_compile(&lib, text, 0);
    ck_assert_ptr_nonnull(done);
    rdspol_diagnostic found;
    rdspol_status status = rdspol_compilation_diagnostic(done, 0, &found);
    ck_assert_msg(status == RDSPOL_OK, "%.*s: its example compiles cleanly:\n%s", (int)code.len,
                  code.ptr, text);
    ck_assert_msg(found.code.len == code.len && memcmp(found.code.ptr, code.ptr, code.len) == 0,
                  "%.*s: its example gives %.*s: %.*s\n%s", (int)code.len, code.ptr,
                  (int)found.code.len, found.code.ptr, (int)found.text.len, found.text.ptr, text);
    status = rdspol_compilation_diagnostic(done, 1, &found);
    ck_assert_msg(status == RDSPOL_DONE, "%.*s: its example gives %.*s too: %.*s", (int)code.len,
                  code.ptr, (int)found.code.len, found.code.ptr, (int)found.text.len,
                  found.text.ptr);
    rdspol_compilation_free(done);
}

START_TEST(each_example_gives_its_diagnostic)
{
    for (uint32_t i = 0; rdspol_diagnostic_code(i).len > 0; i++) {
        rdspol_str code = rdspol_diagnostic_code(i);
        rdspol_str example = rdspol_diagnostic_example(code);
        ck_assert_uint_gt(rdspol_diagnostic_explanation(code).len, 0);
        if (example.len > 0) check_example(code, example);
    }
}
END_TEST

static const char *const builtin_examples[] = {
#define BUILTIN(ID, name, arguments, result, meaning, example) example,
#include "compiler/builtins.def"
#undef BUILTIN
};

START_TEST(each_builtin_example_compiles)
{
    for (size_t i = 0; i < sizeof builtin_examples / sizeof *builtin_examples; i++) {
        char text[1024];
        snprintf(text, sizeof text,
                 "policy p on instance {\n  require instance.deletion_protection or (%s)\n}\n",
                 builtin_examples[i]);
        rdspol_compilation *done = library_compile(&lib, text, 0);
        ck_assert_ptr_nonnull(done);
        rdspol_str messages;
        rdspol_error error;
        ck_assert_int_eq(
            rdspol_compilation_print(done, RDSPOL_PRINT_DIAGNOSTICS, &messages, &error), RDSPOL_OK);
        ck_assert_msg(rdspol_compilation_error_count(done) == 0, "%s\n%.*s", text,
                      (int)messages.len, messages.ptr);
        rdspol_compilation_free(done);
    }
}
END_TEST

static void survives(const char *text)
{
    rdspol_compilation *done = library_compile(&lib, text, 0);
    ck_assert_ptr_nonnull(done);
    ck_assert_uint_gt(rdspol_compilation_error_count(done), 0);
    rdspol_compilation_free(done);
}

static char *repeated(const char *part, size_t count)
{
    size_t size = strlen(part);
    char *text = malloc(size * count + 1);
    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i < count; i++) memcpy(text + i * size, part, size);
    text[size * count] = '\0';
    return text;
}

START_TEST(hostile_texts_give_diagnostics)
{
    static const char *const parts[] = {
        "(", "[", "{", "not ", "- ", "require ", "\"{", "a.", "if true then ", "1 + ", "any x in "};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char *text = repeated(parts[i], 50000);
        survives(text);
        free(text);
    }
    survives("require \xff\xfe\n");
    survives("require instance.\x01\n");
    char *huge = repeated("(", 10u * 1024u * 1024u);
    survives(huge);
    free(huge);
}
END_TEST

// ---- Diagnostics that a line of text cannot show ------------------------------------------------

// Compiles sources beside the library and wants `code` among the diagnostics.
static void gives(const char *code, const rdspol_source *sources, size_t count)
{
    rdspol_compile_opts opts = {
        .size = sizeof opts, .library = lib.sources, .library_count = lib.count};
    rdspol_compilation *done = NULL;
    rdspol_error error;
    rdspol_diagnostic found;
    bool seen = false;
    ck_assert_int_eq(rdspol_compile(&done, sources, count, &opts, &error), RDSPOL_OK);
    for (uint32_t i = 0; rdspol_compilation_diagnostic(done, i, &found) == RDSPOL_OK; i++)
        seen = seen || (found.code.len == 5 && memcmp(found.code.ptr, code, 5) == 0);
    ck_assert_msg(seen, "no %s", code);
    ck_assert_uint_gt(rdspol_compilation_error_count(done), 0);
    rdspol_compilation_free(done);
}

static void bytes_give(const char *code, const char *bytes, size_t length)
{
    rdspol_source source = {{"test.rdspol", 11}, {bytes, length}, {"", 0}};
    gives(code, &source, 1);
}

static void many_give(const char *code, const char *before, const char *part, size_t count,
                      const char *after)
{
    char *middle = repeated(part, count);
    size_t size = strlen(before) + strlen(middle) + strlen(after) + 1;
    char *text = malloc(size);
    ck_assert_ptr_nonnull(text);
    snprintf(text, size, "%s%s%s", before, middle, after);
    bytes_give(code, text, strlen(text));
    free(text);
    free(middle);
}

START_TEST(limits_and_bad_bytes_give_their_codes)
{
    many_give("E0011", "let a = \"", "0123456789abcdef", 1025, "\"\n");
    many_give("E0012", "require ", "(", 65, "instance.deletion_protection\n");
    many_give("E0012", "let a = 1", " + 1", 401, "\n");
    many_give("E0013", "", "# 0123456789abcde\n", 61682, "");
    bytes_give("E0014", "let a = \"\xc3\x28\"\n", 13);
    bytes_give("E0014", "# \xed\xa0\x80\n", 6);
    bytes_give("E0015", "let a = 1\0\n", 11);
    many_give("E0016", "", "require instance.nothing\n", 120, "");
}
END_TEST

START_TEST(limits_are_reached_and_not_passed)
{
    static const char *const texts[][3] = {
        {"let a = \"", "0123456789abcdef", "\"\nrequire instance.engine != a\n"},
        {"require ", "(", "instance.deletion_protection"}};
    static const size_t counts[] = {1024, 63};
    for (size_t i = 0; i < 2; i++) {
        char *middle = repeated(texts[i][1], counts[i]);
        char *close = repeated(")", i == 1 ? counts[i] : 0);
        size_t size = strlen(middle) + 200;
        char *text = malloc(size);
        ck_assert_ptr_nonnull(text);
        snprintf(text, size, "%s%s%s%s\n", texts[i][0], middle, texts[i][2], close);
        rdspol_compilation *done = library_compile(&lib, text, 0);
        ck_assert_ptr_nonnull(done);
        ck_assert_uint_eq(rdspol_compilation_error_count(done), 0);
        rdspol_compilation_free(done);
        free(text);
        free(close);
        free(middle);
    }
}
END_TEST

START_TEST(a_name_of_two_imports_is_ambiguous)
{
#define TEXT(text) {text, sizeof text - 1}
    rdspol_source sources[] = {
        {TEXT("a.rdspol"), TEXT("module one\ndef twice(x: int): int = x + x\n"), TEXT("")},
        {TEXT("b.rdspol"), TEXT("module two\ndef twice(x: int): int = x * 2\n"), TEXT("")},
        {TEXT("c.rdspol"), TEXT("import one\nimport two\nrequire twice(1) < instance.port ?? 0\n"),
         TEXT("")}};
#undef TEXT
    gives("E0113", sources, 3);
}
END_TEST

START_TEST(the_library_compiles_without_diagnostics)
{
    rdspol_compile_opts opts = {.size = sizeof opts, .is_library = 1, .keep_tests = 1};
    rdspol_compilation *done = NULL;
    rdspol_error error;
    ck_assert_int_eq(rdspol_compile(&done, lib.sources, lib.count, &opts, &error), RDSPOL_OK);
    rdspol_str messages;
    ck_assert_int_eq(rdspol_compilation_print(done, RDSPOL_PRINT_DIAGNOSTICS, &messages, &error),
                     RDSPOL_OK);
    ck_assert_msg(messages.len == 0, "%.*s", (int)messages.len, messages.ptr);
    rdspol_compilation_free(done);
}
END_TEST

static rdspol_compilation *compile_library(const rdspol_source *sources, size_t count,
                                           int keep_tests)
{
    rdspol_compile_opts opts = {.size = sizeof opts, .is_library = 1, .keep_tests = keep_tests};
    rdspol_compilation *done = NULL;
    rdspol_error error;
    ck_assert_int_eq(rdspol_compile(&done, sources, count, &opts, &error), RDSPOL_OK);
    return done;
}

// The same bundle whether tests are read or passed over; returns how many were not passed over.
static uint32_t passes_over_tests(const rdspol_source *sources, size_t count)
{
    rdspol_compilation *kept = compile_library(sources, count, 1);
    rdspol_compilation *skipped = compile_library(sources, count, 0);
    rdspol_str a = rdspol_compilation_bundle(kept), b = rdspol_compilation_bundle(skipped);
    ck_assert_uint_gt(a.len, 0);
    ck_assert_uint_eq(a.len, b.len);
    ck_assert_int_eq(memcmp(a.ptr, b.ptr, a.len), 0);
    ck_assert_uint_eq(rdspol_compilation_warning_count(skipped), 0);
    ck_assert_uint_gt(rdspol_compilation_test_count(kept), 0);
    uint32_t left = rdspol_compilation_test_count(skipped);
    rdspol_compilation_free(kept);
    rdspol_compilation_free(skipped);
    return left;
}

START_TEST(tests_of_libraries_are_passed_over)
{
    static const char before[] = "module t\n"
                                 "resource thing \"T\" from x:List \"Things\" {\n"
                                 "  key id: string = \"Id\"\n  test: bool = \"Test\"\n}\n"
                                 "policy early on thing { require thing.test }\n";
    static const char after[] = "\npolicy late on thing { require not thing.test }\n"
                                "pack test \"A pack\" { include policy \"l*\" }\n";
    static const struct {
        const char *text;
        uint32_t left; // is anything but plain, so it is read all the same
    } tests[] = {
        {"test \"a\" { thing { id: \"x\" } }", 0},
        {"test \"a\"{}", 0},
        {"test\n  \"a \\\" { } \\{ b\"\n{ # } \" '\n thing { id: \"}\" } }", 0},
        {"test \"a\" { thing { id: \"{\\\"n\\\": 1}\" } } test \"b\" { thing { id: \"\" } }", 0},
        {"test # why\n \"a\" { thing { id: \"x\" } }", 1},
        {"test \"a\" { thing { id: \"\"\"}\"\"\" } }", 1},
    };
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        char text[1024];
        int size = snprintf(text, sizeof text, "%s%s%s", before, tests[i].text, after);
        rdspol_source source = {.name = {"t.rdspol", 8}, .text = {text, (size_t)size}};
        ck_assert_msg(passes_over_tests(&source, 1) == tests[i].left, "%s", tests[i].text);
    }
    ck_assert_uint_eq(passes_over_tests(lib.sources, lib.count), 0);
}
END_TEST

static bool is_in_a_file(const rdspol_bundle *bundle, uint32_t at)
{
    size_t size = 0;
    for (size_t i = 0; i < lib.count; i++) size += lib.sources[i].text.len;
    return bundle->files[0].base == 0 && at < size;
}

START_TEST(the_source_map_leads_into_the_sources)
{
    rdspol_compile_opts opts = {.size = sizeof opts, .is_library = 1};
    rdspol_compilation *done = NULL;
    rdspol_bundle *bundle = NULL;
    rdspol_error error;
    ck_assert_int_eq(rdspol_compile(&done, lib.sources, lib.count, &opts, &error), RDSPOL_OK);
    rdspol_str bytes = rdspol_compilation_bundle(done);
    ck_assert_int_eq(rdspol_bundle_open(&bundle, bytes.ptr, bytes.len, NULL, &error), RDSPOL_OK);
    rp_rec_place *places = malloc(bundle->place_count * sizeof *places);
    ck_assert_uint_eq(bundle->place_count, bundle->insn_count);
    ck_assert(rp_bundle_places(bundle, places));
    uint32_t found = 0;
    for (uint32_t i = 0; i < bundle->place_count; i++) {
        ck_assert(places[i].at == RP_NONE || is_in_a_file(bundle, places[i].at));
        found += places[i].at != RP_NONE;
    }
    ck_assert_uint_gt(found, bundle->insn_count / 2); // frames have none
    free(places);
    rdspol_bundle_close(bundle);
    rdspol_compilation_free(done);
}
END_TEST

// Each test block of the library, in every chunk size and with and without the optimiser.
static void run_tests(rdspol_compilation *done, uint32_t chunk)
{
    for (uint32_t i = 0; i < rdspol_compilation_test_count(done); i++) {
        rdspol_test_result result;
        rdspol_error error;
        memset(&error, 0, sizeof error);
        rdspol_status status = rdspol_compilation_test(done, i, chunk, &result, &error);
        ck_assert_msg(status == RDSPOL_OK, "%s", error.message);
        ck_assert_msg(result.passed, "%.*s\n%.*s", (int)result.name.len, result.name.ptr,
                      (int)result.failure.len, result.failure.ptr);
    }
}

START_TEST(the_library_passes_its_tests_in_chunks_of_any_size)
{
    for (int no_optimize = 0; no_optimize < 2; no_optimize++) {
        rdspol_compile_opts opts = {
            .size = sizeof opts, .is_library = 1, .no_optimize = no_optimize, .keep_tests = 1};
        rdspol_compilation *done = NULL;
        rdspol_error error;
        ck_assert_int_eq(rdspol_compile(&done, lib.sources, lib.count, &opts, &error), RDSPOL_OK);
        ck_assert_uint_gt(rdspol_compilation_test_count(done), 40);
        run_tests(done, 1);
        run_tests(done, 3);
        run_tests(done, 64);
        run_tests(done, 1024);
        rdspol_compilation_free(done);
    }
}
END_TEST

// The allocator of the torture test: the n-th allocation fails.
typedef struct failing {
    size_t left;
} failing;

static void *fail_later(void *ctx, void *ptr, size_t old_size, size_t new_size)
{
    failing *state = ctx;
    (void)old_size;
    if (new_size == 0) {
        free(ptr);
        return NULL;
    }
    if (state->left == 0) return NULL;
    state->left--;
    return realloc(ptr, new_size);
}

START_TEST(compiling_survives_each_failing_allocation)
{
    static const char text[] = "policy p on instance {\n  when instance.cluster is absent\n  "
                               "require none g in instance.security_groups: any r in g.ingress: "
                               "r.protocol == \"tcp\"\n    else \"{g.id}\"\n}\n";
    rdspol_source source = {{"t.rdspol", 8}, {text, sizeof text - 1}, {"", 0}};
    rdspol_status status = RDSPOL_NO_MEMORY;
    for (size_t n = 0; status == RDSPOL_NO_MEMORY; n++) {
        failing state = {n};
        rdspol_compile_opts opts = {.size = sizeof opts,
                                    .alloc = fail_later,
                                    .alloc_ctx = &state,
                                    .library = lib.sources,
                                    .library_count = lib.count};
        rdspol_compilation *done = NULL;
        rdspol_error error;
        status = rdspol_compile(&done, &source, 1, &opts, &error);
        ck_assert(status == RDSPOL_OK || status == RDSPOL_NO_MEMORY);
        ck_assert((status == RDSPOL_OK) == (done != NULL));
        rdspol_compilation_free(done);
    }
    ck_assert_int_eq(status, RDSPOL_OK);
}
END_TEST

// ---- The words of a policy, without any row ----------------------------------------------------

static void check_text(rdspol_str text, const char *expected)
{
    ck_assert_msg(text.len == strlen(expected) && memcmp(text.ptr, expected, text.len) == 0,
                  "\"%.*s\", not \"%s\"", (int)text.len, text.ptr, expected);
}

static void check_words(rdspol_run *run)
{
    static const char *const words[] = {
        "field {instance.id}",
        "param 7, optional 60",
        "first {security_group.id}",
        "choice {NEW or instance.class}",
        "coalesced {instance.monitoring_role_arn or ROLE}",
        "member {instance.enabled_cloudwatch_logs_exports}",
        "constant {audit or error}",
        "computed {...}",
        "p", // the title
    };
    rdspol_clause clause;
    rdspol_str remedy;
    uint32_t count = sizeof words / sizeof words[0];
    for (uint32_t i = 0; i < count; i++) {
        ck_assert_int_eq(rdspol_run_clause(run, 0, i, &clause), RDSPOL_OK);
        check_text(clause.text, words[i]);
        ck_assert_uint_eq(clause.is_when, i == 0);
        ck_assert_uint_eq(clause.line, 4 + i);
    }
    ck_assert_int_eq(rdspol_run_clause(run, 0, count, &clause), RDSPOL_INVALID_ARGUMENT);
    ck_assert_int_eq(rdspol_run_clause(run, 1, 0, &clause), RDSPOL_INVALID_ARGUMENT);
    ck_assert_int_eq(rdspol_run_remedy(run, 0, &remedy), RDSPOL_OK);
    check_text(remedy, "aws x --id {instance.id} --days 7");
}

START_TEST(words_of_no_row_name_what_they_show)
{
    static const char text[] =
        "param days: int = 7\n"
        "param often: int?\n"
        "policy p on instance {\n"
        "  when    instance.multi_az else \"field {instance.id}\"\n"
        "  require instance.multi_az else \"param {days}, optional {often ?? 60}\"\n"
        "  require instance.multi_az else \"first {first g in instance.security_groups: g.id}\"\n"
        "  require instance.multi_az else \"choice {if instance.multi_az then \"NEW\" else "
        "instance.class}\"\n"
        "  require instance.multi_az else \"coalesced {instance.monitoring_role_arn ?? "
        "\"ROLE\"}\"\n"
        "  require none l in instance.enabled_cloudwatch_logs_exports: l == \"x\" else \"member "
        "{l}\"\n"
        "  require none k in [\"audit\", \"error\"]: k in instance.enabled_cloudwatch_logs_exports "
        "else \"constant {k}\"\n"
        "  require instance.multi_az else \"computed {size(instance.security_groups)}\"\n"
        "  require instance.multi_az\n"
        "  remedy  \"aws x --id {instance.id} --days {days}\"\n"
        "}\n";
    rdspol_compilation *done = library_compile(&lib, text, 0);
    ck_assert_ptr_nonnull(done);
    ck_assert_uint_eq(rdspol_compilation_error_count(done), 0);
    rdspol_str bytes = rdspol_compilation_bundle(done);
    rdspol_bundle *bundle = NULL;
    rdspol_facts *facts = NULL;
    rdspol_run *run = NULL;
    rdspol_error error;
    ck_assert_int_eq(rdspol_bundle_open(&bundle, bytes.ptr, bytes.len, NULL, &error), RDSPOL_OK);
    ck_assert_int_eq(rdspol_facts_new(&facts, bundle, NULL, &error), RDSPOL_OK);
    ck_assert_int_eq(rdspol_facts_seal(facts, &error), RDSPOL_OK);
    ck_assert_int_eq(rdspol_run_new(&run, bundle, facts, NULL, &error), RDSPOL_OK);
    check_words(run);
    rdspol_run_free(run);
    rdspol_facts_free(facts);
    rdspol_bundle_close(bundle);
    rdspol_compilation_free(done);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_unchecked_fixture(tests, open_library, close_library);
    tcase_add_test(tests, the_library_compiles_without_diagnostics);
    tcase_add_test(tests, tests_of_libraries_are_passed_over);
    tcase_add_test(tests, the_source_map_leads_into_the_sources);
    tcase_add_test(tests, the_library_passes_its_tests_in_chunks_of_any_size);
    tcase_add_test(tests, each_example_gives_its_diagnostic);
    tcase_add_test(tests, each_builtin_example_compiles);
    tcase_add_test(tests, hostile_texts_give_diagnostics);
    tcase_add_test(tests, limits_and_bad_bytes_give_their_codes);
    tcase_add_test(tests, limits_are_reached_and_not_passed);
    tcase_add_test(tests, a_name_of_two_imports_is_ambiguous);
    tcase_add_test(tests, words_of_no_row_name_what_they_show);
    tcase_add_test(tests, compiling_survives_each_failing_allocation);
}

int main(void)
{
    return run_suite("compiler", 300, add_tests);
}
