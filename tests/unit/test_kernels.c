// Kernels against their definition: every combination of unknown, absent and values, at the edges
// of words and chunks.
//
// The one idea: a row holds one combination of the fields port, created and enabled; a case is a
// program over them and a function that computes the same for one row, slowly and plainly.
#include "tests/unit/runner.h"
#include "tests/unit/world.h"

#include <stdio.h>

#define B RP_TYPE(RP_KIND_BOOL, 0, 0)
#define I RP_TYPE(RP_KIND_INT, 0, 0)
#define OPT_I RP_TYPE(RP_KIND_INT, 1, 0)
#define S RP_TYPE(RP_KIND_STRING, 0, 0)
#define N RP_KIND_NONE
#define INSN(op, type, a, b, c) image_insn(&w->im, RP_OP_##op, (type), (a), (b), (c))

enum { NO = 0, YES = 1, OPEN = 2 }; // of a bool
enum { UNKNOWN = -2, ABSENT = -1 }; // of a number, else its value 1 to 3
#define ROWS 300

typedef struct row {
    int port, created, enabled;
} row;

static row row_of(int i)
{
    static const int values[] = {UNKNOWN, ABSENT, 1, 2, 3};
    row r = {values[i % 5], values[i / 5 % 5], i / 25 % 3};
    return r;
}

// Loads of the three fields, made by `begin`.
typedef struct program {
    world *w;
    uint32_t port, created, enabled, number[4];
} program;

typedef struct test_case {
    const char *name;
    uint32_t (*build)(program *p);
    int (*expected)(row r);
} test_case;

static int not_of(int a)
{
    return a == OPEN ? OPEN : 1 - a;
}

static int and_of(int a, int b)
{
    return a == NO || b == NO ? NO : a == YES && b == YES ? YES : OPEN;
}

static int equal(int a, int b)
{
    if (a == UNKNOWN || b == UNKNOWN) {
        return OPEN;
    }
    return a == b && a != ABSENT;
}

static int less(int a, int b)
{
    return a < 0 || b < 0 ? OPEN : a < b;
}

#define CASE(NAME, BUILD, EXPECTED)                                                                \
    static uint32_t build_##NAME(program *p)                                                       \
    {                                                                                              \
        world *w = p->w;                                                                           \
        BUILD                                                                                      \
    }                                                                                              \
    static int expect_##NAME(row r)                                                                \
    {                                                                                              \
        EXPECTED                                                                                   \
    }

CASE(eq, return INSN(EQ_INT, B, p->port, p->created, NONE);, return equal(r.port, r.created);)
CASE(lt, return INSN(LT_INT, B, p->port, p->created, NONE);, return less(r.port, r.created);)
CASE(le, return INSN(LE_INT, B, p->port, p->created, NONE);
     , return not_of(less(r.created, r.port));)
CASE(present, return INSN(PRESENT, B, p->port, NONE, NONE);
     , return r.port == UNKNOWN ? OPEN : r.port != ABSENT;)
CASE(and, uint32_t eq = INSN(EQ_INT, B, p->port, p->created, NONE);
     return INSN(AND, B, p->enabled, eq, NONE);
     , return and_of(r.enabled, equal(r.port, r.created));)
CASE(or, uint32_t eq = INSN(EQ_INT, B, p->port, p->created, NONE);
     return INSN(OR, B, p->enabled, eq, NONE);
     , return not_of(and_of(not_of(r.enabled), not_of(equal(r.port, r.created))));)
CASE(not, return INSN(NOT, B, p->enabled, NONE, NONE);, return not_of(r.enabled);)
CASE(coalesce, uint32_t c = INSN(COALESCE, OPT_I, p->port, p->created, NONE);
     return INSN(EQ_INT, B, c, p->number[2], NONE);
     , return equal(r.port == ABSENT ? r.created : r.port, 2);)
CASE(select, uint32_t c = INSN(SELECT, OPT_I, p->enabled, p->port, p->created);
     return INSN(EQ_INT, B, c, p->number[2], NONE);
     , if (r.enabled == OPEN && r.port != r.created) return OPEN;
     return equal(r.enabled == NO ? r.created : r.port, 2);)
CASE(select_bool, uint32_t lt = INSN(LT_INT, B, p->port, p->created, NONE);
     uint32_t eq = INSN(EQ_INT, B, p->port, p->created, NONE);
     return INSN(SELECT, B, p->enabled, lt, eq);, int a = less(r.port, r.created);
     int b = equal(r.port, r.created); return r.enabled == OPEN  ? (a == b ? a : OPEN)
                                              : r.enabled == YES ? a
                                                                 : b;)
CASE(eq_bool, uint32_t lt = INSN(LT_INT, B, p->port, p->created, NONE);
     return INSN(EQ_BOOL, B, p->enabled, lt, NONE);, int a = less(r.port, r.created);
     return a == OPEN || r.enabled == OPEN ? OPEN : a == r.enabled;)
CASE(add, uint32_t sum = INSN(ADD_INT, I, p->port, p->created, NONE);
     return INSN(LT_INT, B, sum, p->number[3], NONE);
     , return r.port < 0 || r.created < 0 ? OPEN : r.port + r.created < 3;)
CASE(overflow, uint32_t big = INSN(CONST, I, image_int(&w->im, INT64_MAX - 1), NONE, NONE);
     uint32_t sum = INSN(ADD_INT, I, big, p->port, NONE);
     return INSN(LT_INT, B, p->number[0], sum, NONE);, return r.port == 1 ? YES : OPEN;)
CASE(divide, uint32_t a = INSN(TO_FLOAT, RP_TYPE(RP_KIND_FLOAT, 1, 0), p->port, NONE, NONE);
     uint32_t one = INSN(TO_FLOAT, RP_TYPE(RP_KIND_FLOAT, 0, 0), p->number[1], NONE, NONE);
     uint32_t less_one = INSN(SUB_FLOAT, RP_TYPE(RP_KIND_FLOAT, 0, 0), a, one, NONE);
     uint32_t q = INSN(DIV, RP_TYPE(RP_KIND_FLOAT, 0, 0), one, less_one, NONE);
     return INSN(EQ_FLOAT, B, q, one, NONE);
     , return r.port < 0 || r.port == 1 ? OPEN : r.port == 2;)
CASE(in_set, uint32_t first = ADD(&w->im, ITEM, item, image_int(&w->im, 3));
     ADD(&w->im, ITEM, item, image_int(&w->im, 1));
     uint32_t set = ADD(&w->im, SET, set, first, 2, NONE);
     return INSN(IN_SET, B, p->port, set, NONE);
     , return r.port == UNKNOWN ? OPEN : r.port == 1 || r.port == 3;)
// A filter keeps what is not false; folds over it give back one row each.
CASE(filter_any, INSN(FILTER, N, p->enabled, NONE, NONE);
     uint32_t a = INSN(OUTER, OPT_I, p->port, NONE, NONE);
     uint32_t one = INSN(CONST, I, image_int(&w->im, 1), NONE, NONE);
     uint32_t eq = INSN(EQ_INT, B, a, one, NONE);
     uint32_t c = INSN(OUTER, B, p->enabled, NONE, NONE); uint32_t both = INSN(AND, B, c, eq, NONE);
     uint32_t any = INSN(FOLD_ANY, B, both, NONE, NONE); INSN(END, N, NONE, NONE, NONE); return any;
     , return and_of(r.enabled, equal(r.port, 1));)
CASE(filter_first, INSN(FILTER, N, p->enabled, NONE, NONE);
     uint32_t a = INSN(OUTER, OPT_I, p->port, NONE, NONE);
     uint32_t c = INSN(OUTER, B, p->enabled, NONE, NONE);
     uint32_t first = INSN(FOLD_FIRST, OPT_I, c, a, NONE); INSN(END, N, NONE, NONE, NONE);
     return INSN(PRESENT, B, first, NONE, NONE);
     , return r.enabled == NO || r.port == ABSENT      ? NO
              : r.enabled == OPEN || r.port == UNKNOWN ? OPEN
                                                       : YES;)
// A filter that drops nothing, and one in it.
CASE(all_first, uint32_t yes = INSN(CONST, B, image_const(&w->im, RP_KIND_BOOL, 1), NONE, NONE);
     INSN(FILTER, N, yes, NONE, NONE); uint32_t a = INSN(OUTER, OPT_I, p->port, NONE, NONE);
     uint32_t c = INSN(OUTER, B, p->enabled, NONE, NONE);
     uint32_t first = INSN(FOLD_FIRST, OPT_I, c, a, NONE); INSN(END, N, NONE, NONE, NONE);
     return INSN(PRESENT, B, first, NONE, NONE);
     , return r.enabled == NO || r.port == ABSENT      ? NO
              : r.enabled == OPEN || r.port == UNKNOWN ? OPEN
                                                       : YES;)
CASE(all_inner, uint32_t yes = INSN(CONST, B, image_const(&w->im, RP_KIND_BOOL, 1), NONE, NONE);
     INSN(FILTER, N, yes, NONE, NONE); uint32_t c = INSN(OUTER, B, p->enabled, NONE, NONE);
     INSN(FILTER, N, c, NONE, NONE); uint32_t a = INSN(OUTER, OPT_I, p->port, NONE, NONE);
     uint32_t one = INSN(CONST, I, image_int(&w->im, 1), NONE, NONE);
     uint32_t eq = INSN(EQ_INT, B, a, one, NONE); uint32_t d = INSN(OUTER, B, c, NONE, NONE);
     uint32_t both = INSN(AND, B, d, eq, NONE); uint32_t any = INSN(FOLD_ANY, B, both, NONE, NONE);
     INSN(END, N, NONE, NONE, NONE); uint32_t all = INSN(FOLD_ANY, B, any, NONE, NONE);
     INSN(END, N, NONE, NONE, NONE); return all;, return and_of(r.enabled, equal(r.port, 1));)
CASE(filter_sum, INSN(FILTER, N, p->enabled, NONE, NONE);
     uint32_t a = INSN(OUTER, OPT_I, p->port, NONE, NONE);
     uint32_t c = INSN(OUTER, B, p->enabled, NONE, NONE);
     uint32_t sum = INSN(FOLD_SUM_INT, I, c, a, NONE); INSN(END, N, NONE, NONE, NONE);
     return INSN(LT_INT, B, sum, p->number[2], NONE);
     , return r.enabled == NO                   ? YES
              : r.enabled == OPEN || r.port < 0 ? OPEN
                                                : r.port < 2;)
CASE(filter_min, INSN(FILTER, N, p->enabled, NONE, NONE);
     uint32_t a = INSN(OUTER, OPT_I, p->port, NONE, NONE);
     uint32_t c = INSN(OUTER, B, p->enabled, NONE, NONE);
     uint32_t min = INSN(FOLD_MIN_INT, OPT_I, c, a, NONE); INSN(END, N, NONE, NONE, NONE);
     return INSN(EQ_INT, B, min, p->number[2], NONE);
     , return r.enabled == NO                          ? NO
              : r.enabled == OPEN || r.port == UNKNOWN ? OPEN
                                                       : r.port == 2;)
CASE(filter_one, INSN(FILTER, N, p->enabled, NONE, NONE);
     uint32_t c = INSN(OUTER, B, p->enabled, NONE, NONE);
     uint32_t one = INSN(FOLD_ONE, B, c, NONE, NONE); INSN(END, N, NONE, NONE, NONE); return one;
     , return r.enabled;)

static const test_case cases[] = {
#define ROW(NAME)                                                                                  \
    {                                                                                              \
#NAME, build_##NAME, expect_##NAME                                                         \
    }
    ROW(eq),         ROW(lt),           ROW(le),         ROW(present),    ROW(and),
    ROW(or),         ROW(not ),         ROW(coalesce),   ROW(select),     ROW(select_bool),
    ROW(eq_bool),    ROW(add),          ROW(overflow),   ROW(divide),     ROW(in_set),
    ROW(filter_any), ROW(filter_first), ROW(filter_sum), ROW(filter_min), ROW(filter_one),
    ROW(all_first),  ROW(all_inner),
};

#define CASE_COUNT (sizeof cases / sizeof cases[0])

static void add_rows(world *w)
{
    for (int i = 0; i < ROWS; i++) {
        row r = row_of(i);
        char id[16], text[16];
        uint32_t at;
        (void)snprintf(id, sizeof id, "%d", i);
        ck_assert(rdspol_facts_add(w->facts, str("instance"), str("1"), str("r"), &at) == 0);
        ck_assert(rdspol_facts_set(w->facts, str("instance"), at, str("id"), str(id)) == 0);
        (void)snprintf(text, sizeof text, "%d", r.port);
        if (r.port == ABSENT) {
            ck_assert(rdspol_facts_absent(w->facts, str("instance"), at, str("port")) == 0);
        } else if (r.port != UNKNOWN) {
            ck_assert(rdspol_facts_set(w->facts, str("instance"), at, str("port"), str(text)) == 0);
        }
        (void)snprintf(text, sizeof text, "0.00%d", r.created); // seconds: milliseconds are 1 to 3
        if (r.created == ABSENT) {
            ck_assert(rdspol_facts_absent(w->facts, str("instance"), at, str("created")) == 0);
        } else if (r.created != UNKNOWN) {
            ck_assert(rdspol_facts_set(w->facts, str("instance"), at, str("created"), str(text)) ==
                      0);
        }
        if (r.enabled != OPEN) {
            ck_assert(rdspol_facts_set(w->facts, str("instance"), at, str("enabled"),
                                       str(r.enabled == YES ? "true" : "false")) == 0);
        }
    }
}

static void check_case(const world *w, uint32_t policy, const test_case *c, uint32_t chunk)
{
    static const int verdicts[] = {RDSPOL_VERDICT_FAIL, RDSPOL_VERDICT_PASS,
                                   RDSPOL_VERDICT_UNKNOWN};
    int found[ROWS];
    rdspol_cursor cursor = {{0}};
    rdspol_finding f;
    memset(found, 0xff, sizeof found);
    while (rdspol_run_next(w->run, &cursor, &f) == RDSPOL_OK) {
        char id[16];
        int row_number;
        (void)snprintf(id, sizeof id, "%.*s", (int)f.id.len, f.id.ptr);
        if (f.policy == policy && sscanf(id, "%d", &row_number) == 1) {
            found[row_number] = (int)f.verdict;
        }
    }
    for (int i = 0; i < ROWS; i++) {
        int expected = verdicts[c->expected(row_of(i))];
        row r = row_of(i);
        ck_assert_msg(found[i] == expected,
                      "%s, chunk %u, row %d (port %d, created %d, enabled %d): %d, expected %d",
                      c->name, (unsigned)chunk, i, r.port, r.created, r.enabled, found[i],
                      expected);
    }
}

START_TEST(kernels_do_what_the_language_says)
{
    static const uint32_t chunks[] = {1, 3, 63, 64, 65, 128, 1024};
    world wd, *w = &wd;
    uint32_t policies[CASE_COUNT];
    world_init(w);
    INSN(SCAN, N, T_INSTANCE, NONE, NONE);
    program p = {.w = w};
    p.port = INSN(LOAD, OPT_I, C_PORT, NONE, NONE);
    p.created = INSN(LOAD, RP_TYPE(RP_KIND_TIME, 1, 0), C_CREATED, NONE, NONE);
    p.enabled = INSN(LOAD, B, C_ENABLED, NONE, NONE);
    for (int i = 0; i < 4; i++) {
        p.number[i] = INSN(CONST, I, image_int(&w->im, i), NONE, NONE);
    }
    // `created` as a number, so that it can stand beside `port` in `coalesce` and `select`.
    uint32_t epoch =
        INSN(CONST, RP_TYPE(RP_KIND_TIME, 0, 0), image_const(&w->im, RP_KIND_TIME, 0), NONE, NONE);
    uint32_t absent = INSN(ABSENT, OPT_I, NONE, NONE, NONE);
    uint32_t there = INSN(PRESENT, B, p.created, NONE, NONE);
    uint32_t ms = INSN(SUB_INT, I, p.created, epoch, NONE);
    p.created = INSN(SELECT, OPT_I, there, ms, absent);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        uint32_t value = cases[i].build(&p);
        policies[i] = world_policy(w, cases[i].name, T_INSTANCE, 2, NULL, 0, &value, 1, NULL);
    }
    INSN(END, N, NONE, NONE, NONE);
    world_open(w);
    world_facts(w);
    ck_assert(rdspol_facts_scope(w->facts, str("1"), str("r")) == 0);
    rdspol_facts_assume_complete(w->facts);
    add_rows(w);
    world_seal(w);
    for (size_t c = 0; c < sizeof chunks / sizeof chunks[0]; c++) {
        world_run(w, chunks[c]);
        for (size_t i = 0; i < CASE_COUNT; i++) {
            check_case(w, policies[i], &cases[i], chunks[c]);
        }
    }
    world_free(w);
}
END_TEST

START_TEST(maps_are_looked_up_and_texts_are_lowered)
{
    world wd, *w = &wd;
    world_init(w);
    INSN(SCAN, N, T_INSTANCE, NONE, NONE);
    uint32_t key = INSN(CONST, S, image_text(&w->im, RP_KIND_STRING, "env"), NONE, NONE);
    uint32_t entry = INSN(LOOKUP, RP_TYPE(RP_KIND_REF, 1, T_TAGS), NONE, L_TAGS, key);
    uint32_t value = INSN(GATHER, RP_TYPE(RP_KIND_STRING, 1, 0), entry, C_TAGS_VALUE, NONE);
    uint32_t lower = INSN(LOAD, S, C_LOWER, NONE, NONE);
    uint32_t same = INSN(EQ_ID, B, value, lower, NONE);
    uint32_t policy = world_policy(w, "tag", T_INSTANCE, 2, NULL, 0, &same, 1, NULL);
    INSN(END, N, NONE, NONE, NONE);
    world_open(w);
    world_facts(w);
    rdspol_facts_assume_complete(w->facts);
    ck_assert(rdspol_facts_scope(w->facts, str("1"), str("r")) == 0);
    static const char *const ids[] = {"same", "other", "cut", "none"};
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t row_number;
        rdspol_str tags[] = {
            {"a", 1}, {"x", 1}, {"env", 3}, {i == 1 ? "test" : "mysql", i == 1 ? 4 : 5}};
        ck_assert(rdspol_facts_add(w->facts, str("instance"), str("1"), str("r"), &row_number) ==
                  0);
        ck_assert(rdspol_facts_set(w->facts, str("instance"), row_number, str("id"), str(ids[i])) ==
                  0);
        ck_assert(rdspol_facts_set(w->facts, str("instance"), row_number, str("engine"),
                                   str("MySQL")) == 0);
        ck_assert(rdspol_facts_map(w->facts, str("instance"), row_number, str("tags"), tags,
                                   i < 2 ? 2 : 1, i != 2) == 0);
    }
    world_seal(w);
    for (uint32_t chunk = 1; chunk < 5; chunk++) {
        world_run(w, chunk);
        ck_assert_int_eq(world_verdict(w, policy, "same"), RDSPOL_VERDICT_PASS);
        ck_assert_int_eq(world_verdict(w, policy, "other"), RDSPOL_VERDICT_FAIL);
        ck_assert_int_eq(world_verdict(w, policy, "cut"), RDSPOL_VERDICT_UNKNOWN);
        ck_assert_int_eq(world_verdict(w, policy, "none"), RDSPOL_VERDICT_FAIL);
    }
    world_free(w);
}
END_TEST

// Instance i has as many tags as `counts` says; the key of the last is "last".
static void add_tagged(const world *w, const uint32_t *counts, uint32_t count)
{
    static const char *const keys[] = {"a", "b", "c", "d", "e", "f", "g"};
    for (uint32_t i = 0; i < count; i++) {
        rdspol_str tags[2 * 8];
        char id[16];
        uint32_t at;
        for (uint32_t k = 0; k < counts[i]; k++) {
            tags[2 * k] = str(k + 1 < counts[i] ? keys[k] : "last");
            tags[2 * k + 1] = str("x");
        }
        (void)snprintf(id, sizeof id, "%u", (unsigned)i);
        ck_assert(rdspol_facts_add(w->facts, str("instance"), str("1"), str("r"), &at) == 0);
        ck_assert(rdspol_facts_set(w->facts, str("instance"), at, str("id"), str(id)) == 0);
        ck_assert(
            rdspol_facts_map(w->facts, str("instance"), at, str("tags"), tags, counts[i], 1) == 0);
    }
}

// However lists lie in chunks: one element each, more than a chunk before those, none at all.
START_TEST(lists_are_folded_row_by_row)
{
    static const uint32_t lists[][4] = {{1, 1, 1, 1}, {5, 1, 1, 1}, {1, 1, 1, 2},
                                        {0, 1, 2, 1}, {2, 0, 0, 2}, {0, 0, 0, 0}};
    for (size_t l = 0; l < sizeof lists / sizeof lists[0]; l++) {
        world wd, *w = &wd;
        world_init(w);
        INSN(SCAN, N, T_INSTANCE, NONE, NONE);
        INSN(UNNEST, N, L_TAGS, NONE, NONE);
        uint32_t yes = INSN(CONST, B, image_const(&w->im, RP_KIND_BOOL, 1), NONE, NONE);
        uint32_t key = INSN(LOAD, S, C_TAGS_KEY, NONE, NONE);
        uint32_t first = INSN(FOLD_FIRST, RP_TYPE(RP_KIND_STRING, 1, 0), yes, key, NONE);
        INSN(END, N, NONE, NONE, NONE);
        uint32_t last = INSN(CONST, S, image_text(&w->im, RP_KIND_STRING, "last"), NONE, NONE);
        uint32_t same = INSN(EQ_ID, B, first, last, NONE);
        uint32_t policy = world_policy(w, "first", T_INSTANCE, 2, NULL, 0, &same, 1, NULL);
        INSN(END, N, NONE, NONE, NONE);
        world_open(w);
        world_facts(w);
        rdspol_facts_assume_complete(w->facts);
        ck_assert(rdspol_facts_scope(w->facts, str("1"), str("r")) == 0);
        add_tagged(w, lists[l], 4);
        world_seal(w);
        for (uint32_t chunk = 1; chunk < 6; chunk++) {
            world_run(w, chunk);
            for (uint32_t i = 0; i < 4; i++) {
                char id[2] = {(char)('0' + i), 0};
                ck_assert_int_eq(world_verdict(w, policy, id),
                                 lists[l][i] == 1 ? RDSPOL_VERDICT_PASS : RDSPOL_VERDICT_FAIL);
            }
        }
        world_free(w);
    }
}
END_TEST

static void add_tests(TCase *c)
{
    tcase_add_test(c, kernels_do_what_the_language_says);
    tcase_add_test(c, maps_are_looked_up_and_texts_are_lowered);
    tcase_add_test(c, lists_are_folded_row_by_row);
}

int main(void)
{
    return run_suite("kernels", 120, add_tests);
}
