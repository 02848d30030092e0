// Sealing: fragments, conflicts, stubs, accounts and Regions, merged builders; parameters, waivers.
#include "tests/unit/world.h"

#include "vm/facts.h"

#include <check.h>
#include <stdio.h>

#define B RP_TYPE(RP_KIND_BOOL, 0, 0)
#define I RP_TYPE(RP_KIND_INT, 0, 0)
#define N RP_KIND_NONE
#define INSN(op, type, a, b, c) image_insn(&w->im, RP_OP_##op, (type), (a), (b), (c))

static const char arn[] = "arn:aws:rds:eu-west-1:123456789012:db:db-1";

// Policies: the port is below 100; the group is present.
static void open_policies(world *w, uint32_t *port_policy, uint32_t *group_policy)
{
    world_init(w);
    INSN(SCAN, N, T_INSTANCE, NONE, NONE);
    uint32_t port = INSN(LOAD, RP_TYPE(RP_KIND_INT, 1, 0), C_PORT, NONE, NONE);
    uint32_t limit = INSN(CONST, I, image_int(&w->im, 100), NONE, NONE);
    uint32_t less = INSN(LT_INT, B, port, limit, NONE);
    *port_policy = world_policy(w, "port", T_INSTANCE, 2, NULL, 0, &less, 1, NULL);
    INSN(END, N, NONE, NONE, NONE);
    INSN(SCAN, N, T_SG, NONE, NONE);
    uint32_t id = INSN(LOAD, RP_TYPE(RP_KIND_STRING, 0, 0), C_SG_ID, NONE, NONE);
    uint32_t sg = INSN(CONST, RP_TYPE(RP_KIND_STRING, 0, 0),
                       image_text(&w->im, RP_KIND_STRING, "sg-"), NONE, NONE);
    uint32_t starts = INSN(TEXT_STARTS, B, id, sg, NONE);
    *group_policy = world_policy(w, "group", T_SG, 2, NULL, 0, &starts, 1, NULL);
    INSN(END, N, NONE, NONE, NONE);
    world_open(w);
    world_facts(w);
}

static uint32_t fragment(rp_facts *f, const char *port, const char *file)
{
    rp_place place = {rp_facts_file(f, str(file)), 3, 5, 9, 6};
    uint32_t row = rp_facts_row_add(f, T_INSTANCE);
    ck_assert(rp_facts_set_text(f, C_ID, row, str("db-1")));
    ck_assert(rp_facts_set_text(f, C_ARN, row, str(arn)));
    if (port != NULL) {
        ck_assert(rp_facts_set_text(f, C_PORT, row, str(port)));
    }
    rp_facts_row_place(f, T_INSTANCE, row, &place);
    rp_facts_row_source(f, T_INSTANCE, row, S_INSTANCES);
    rp_facts_answer(f, S_INSTANCES, RP_NONE, RP_NONE, RP_NONE, false, RDSPOL_REASON_NONE, RP_NONE);
    return row;
}

START_TEST(fragments_of_one_resource_become_one_row)
{
    world w;
    uint32_t port, group;
    open_policies(&w, &port, &group);
    (void)fragment(w.facts, NULL, "a.json");
    (void)fragment(w.facts, "5", "b.json");
    world_seal(&w);
    world_run(&w, 0);
    ck_assert_uint_eq(rdspol_run_count(w.run, port, RDSPOL_VERDICT_PASS), 1);
    ck_assert_uint_eq(rdspol_run_count(w.run, port, RDSPOL_VERDICT_UNKNOWN), 0);
    rdspol_finding f = world_finding(&w, port, "db-1");
    ck_assert(rp_str_equal(f.region, RP_STR("eu-west-1")));
    ck_assert(rp_str_equal(f.account, RP_STR("123456789012")));
    ck_assert(rp_str_equal(f.file, RP_STR("a.json")));
    // Security groups were not supplied: one finding on the Region.
    ck_assert_uint_eq(rdspol_run_count(w.run, group, RDSPOL_VERDICT_UNKNOWN), 1);
    ck_assert_uint_eq(world_finding(&w, group, "eu-west-1").about_type, 1);
    world_free(&w);
}
END_TEST

START_TEST(different_values_are_a_conflict_that_names_both_places)
{
    world w;
    uint32_t port, group;
    rdspol_error error;
    open_policies(&w, &port, &group);
    (void)fragment(w.facts, "6", "a.json");
    (void)fragment(w.facts, "5", "b.json");
    ck_assert_int_eq(rdspol_facts_seal(w.facts, &error), RDSPOL_CONFLICT);
    ck_assert_ptr_ne(strstr(error.message, "instance.port of db-1"), NULL);
    ck_assert_ptr_ne(strstr(error.message, "a.json:3:5 and b.json:3:5"), NULL);
    world_free(&w);
}
END_TEST

START_TEST(a_reference_without_target_makes_a_stub)
{
    world w;
    uint32_t port, group;
    open_policies(&w, &port, &group);
    uint32_t row = fragment(w.facts, "5", "a.json");
    ck_assert(rp_facts_set_text(w.facts, C_GROUP, row, str("sg-gone")));
    // Cut: the list was answered, so the stub is judged, and the Region is told too.
    rp_facts_answer(w.facts, S_GROUPS, RP_NONE, RP_NONE, RP_NONE, true, RDSPOL_REASON_NONE,
                    RP_NONE);
    world_seal(&w);
    world_run(&w, 0);
    ck_assert_int_eq(world_verdict(&w, group, "sg-gone"), RDSPOL_VERDICT_PASS);
    ck_assert_uint_eq(rdspol_run_count(w.run, group, RDSPOL_VERDICT_UNKNOWN), 1);
    world_free(&w);
}
END_TEST

START_TEST(merged_builders_equal_one)
{
    world w;
    uint32_t port, group;
    rp_facts *other;
    rp_alloc libc = {NULL, NULL};
    open_policies(&w, &port, &group);
    ck_assert_int_eq(rp_facts_new(&other, w.bundle, libc), RDSPOL_OK);
    for (int i = 0; i < 200; i++) {
        rp_facts *f = i % 2 == 0 ? w.facts : other;
        char id[32], target[32];
        (void)snprintf(id, sizeof id, "db-%d", i);
        (void)snprintf(target, sizeof target, "sg-%d", i % 10);
        uint32_t row = rp_facts_row_add(f, T_INSTANCE);
        ck_assert(rp_facts_set_text(f, C_ID, row, str(id)));
        rp_facts_set_int(f, C_PORT, row, i);
        uint32_t element = rp_facts_row_add(f, T_SGS);
        ck_assert(rp_facts_set_text(f, C_SGS_VALUE, element, str(target)));
        rp_facts_set_list(f, L_GROUPS, row, element, element + 1, true);
        rp_facts_set_unknown(f, C_ENGINE, row, RDSPOL_REASON_KNOWN_AFTER_APPLY, RP_NONE);
    }
    rp_facts_answer(other, S_INSTANCES, RP_NONE, RP_NONE, RP_NONE, false, RDSPOL_REASON_NONE,
                    RP_NONE);
    ck_assert_int_eq(rp_facts_merge(w.facts, other), RDSPOL_OK);
    rp_facts_free(other);
    world_seal(&w);
    world_run(&w, 0);
    ck_assert_uint_eq(rdspol_run_count(w.run, port, RDSPOL_VERDICT_PASS), 100);
    ck_assert_uint_eq(rdspol_run_count(w.run, port, RDSPOL_VERDICT_FAIL), 100);
    ck_assert_uint_eq(rp_facts_row_count(w.facts, T_SG), 10);
    for (uint32_t r = 0; r < 200; r++) {
        rp_gap gap = rp_facts_column_gap(w.facts, C_ENGINE, r);
        ck_assert_int_eq(gap.reason, RDSPOL_REASON_KNOWN_AFTER_APPLY);
    }
    // Nothing named an account: one pair, whose name is not known.
    ck_assert_uint_eq(world_finding(&w, group, "unknown").about_type, 1);
    world_free(&w);
}
END_TEST

START_TEST(parameters_have_limits_and_waivers_a_date)
{
    world wd, *w = &wd;
    world_init(w);
    uint32_t seven = image_int(&w->im, 7), most = image_int(&w->im, 35);
    uint32_t param =
        ADD(&w->im, PARAM, param, image_string(&w->im, "days"), image_string(&w->im, "main"), I,
            RP_PARAM_HAS_DEFAULT, seven, 0, 0, seven, most, NONE, 0, 0);
    INSN(SCAN, N, T_INSTANCE, NONE, NONE);
    uint32_t port = INSN(LOAD, RP_TYPE(RP_KIND_INT, 1, 0), C_PORT, NONE, NONE);
    uint32_t days = INSN(PARAM, I, param, NONE, NONE);
    uint32_t enough = INSN(LE_INT, B, days, port, NONE);
    uint32_t policy = world_policy(w, "days", T_INSTANCE, 2, NULL, 0, &enough, 1, NULL);
    INSN(END, N, NONE, NONE, NONE);
    uint32_t member = ADD(&w->im, MEMBER, member, policy);
    ADD(&w->im, WAIVER, waiver, T_INSTANCE, member, 1, image_string(&w->im, "db-*"), NONE, 1000, 0,
        image_string(&w->im, "later"), w->file, 9, 1);
    world_open(w);
    world_facts(w);
    (void)fragment(w->facts, "10", "a.json");
    world_seal(w);
    rdspol_str values[] = {{"14", 2}, {"3", 1}};
    rdspol_param given = {str("days"), &values[0], 1};
    rdspol_run_opts opts = {.size = sizeof opts, .params = &given, .param_count = 1, .now = 999};
    rdspol_error error;
    ck_assert_int_eq(rdspol_run_new(&w->run, w->bundle, w->facts, &opts, &error), RDSPOL_OK);
    ck_assert_int_eq(rdspol_run_evaluate(w->run, &error), RDSPOL_OK);
    ck_assert_int_eq(world_verdict(w, policy, "db-1"), RDSPOL_VERDICT_WAIVED);
    rdspol_run_set_now(w->run, 1000);
    ck_assert_int_eq(rdspol_run_evaluate(w->run, &error), RDSPOL_OK);
    ck_assert_int_eq(world_verdict(w, policy, "db-1"), RDSPOL_VERDICT_FAIL);
    rdspol_waiver_state state;
    ck_assert_int_eq(rdspol_run_waiver(w->run, 0, &state), RDSPOL_OK);
    ck_assert_uint_eq(state.expired, 1);
    rdspol_run_free(w->run);
    w->run = NULL;
    given.values = &values[1];
    ck_assert_int_eq(rdspol_run_new(&w->run, w->bundle, w->facts, &opts, &error), RDSPOL_PARAMETER);
    given.name = str("nights");
    ck_assert_int_eq(rdspol_run_new(&w->run, w->bundle, w->facts, &opts, &error), RDSPOL_PARAMETER);
    world_run(w, 0);
    ck_assert_int_eq(world_verdict(w, policy, "db-1"), RDSPOL_VERDICT_PASS);
    world_free(w);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("facts");
    TCase *c = tcase_create("facts");
    tcase_add_test(c, fragments_of_one_resource_become_one_row);
    tcase_add_test(c, different_values_are_a_conflict_that_names_both_places);
    tcase_add_test(c, a_reference_without_target_makes_a_stub);
    tcase_add_test(c, merged_builders_equal_one);
    tcase_add_test(c, parameters_have_limits_and_waivers_a_date);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
