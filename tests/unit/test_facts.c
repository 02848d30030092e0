// Sealing: fragments, conflicts, stubs, accounts and Regions, merged builders; parameters, waivers.
#include "tests/unit/runner.h"
#include "tests/unit/world.h"

#include "vm/facts.h"

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

// ---- The region table --------------------------------------------------------------------------

// Policies on region: the setting is "on"; some mark "a" is "1" and none is "2"; some key is
// enabled.
static void open_region_policies(world *w, uint32_t *setting, uint32_t *marks, uint32_t *keys)
{
    uint32_t text = RP_TYPE(RP_KIND_STRING, 0, 0);
    world_init(w);
    INSN(SCAN, N, T_REGION, NONE, NONE);
    uint32_t value = INSN(LOAD, RP_TYPE(RP_KIND_STRING, 1, 0), C_SETTING, NONE, NONE);
    uint32_t on = INSN(CONST, text, image_text(&w->im, RP_KIND_STRING, "on"), NONE, NONE);
    uint32_t is_on = INSN(EQ_ID, B, value, on, NONE);
    *setting = world_policy(w, "setting", T_REGION, 2, NULL, 0, &is_on, 1, NULL);
    INSN(UNNEST, N, L_MARKS, NONE, NONE);
    uint32_t mark = INSN(LOAD, text, C_TAGS_VALUE, NONE, NONE);
    uint32_t two = INSN(CONST, text, image_text(&w->im, RP_KIND_STRING, "2"), NONE, NONE);
    uint32_t is_two = INSN(EQ_ID, B, mark, two, NONE);
    uint32_t any_two = INSN(FOLD_ANY, B, is_two, NONE, NONE);
    INSN(END, N, NONE, NONE, NONE);
    uint32_t none_two = INSN(NOT, B, any_two, NONE, NONE);
    *marks = world_policy(w, "marks", T_REGION, 2, NULL, 0, &none_two, 1, NULL);
    INSN(UNNEST, N, L_KEYS, NONE, NONE);
    uint32_t state = INSN(LOAD, text, C_KEY_STATE, NONE, NONE);
    uint32_t lost = INSN(CONST, text, image_text(&w->im, RP_KIND_STRING, "lost"), NONE, NONE);
    uint32_t is_lost = INSN(EQ_ID, B, state, lost, NONE);
    uint32_t any_lost = INSN(FOLD_ANY, B, is_lost, NONE, NONE);
    INSN(END, N, NONE, NONE, NONE);
    uint32_t none_lost = INSN(NOT, B, any_lost, NONE, NONE);
    *keys = world_policy(w, "keys", T_REGION, 2, NULL, 0, &none_lost, 1, NULL);
    INSN(END, N, NONE, NONE, NONE);
    world_open(w);
    world_facts(w);
}

// What backup:DescribeRegionSettings says of an account and Region: a setting and a map of two.
static void add_settings(rp_facts *f, const char *account, const char *region, const char *setting,
                         const char *first, const char *second)
{
    uint32_t row = rp_facts_row_add(f, T_REGION), begin = rp_facts_row_count(f, T_TAGS);
    const char *values[] = {first, second};
    for (int i = 0; i < 2; i++) {
        uint32_t entry = rp_facts_row_add(f, T_TAGS);
        ck_assert(rp_facts_set_text(f, C_TAGS_KEY, entry, str("a")));
        ck_assert(rp_facts_set_text(f, C_TAGS_VALUE, entry, str(values[i])));
    }
    rp_facts_set_list(f, L_MARKS, row, begin, begin + 2, true);
    if (setting != NULL) {
        ck_assert(rp_facts_set_text(f, C_SETTING, row, str(setting)));
    } else {
        rp_facts_set_unknown(f, C_SETTING, row, RDSPOL_REASON_UNPARSABLE, RP_NONE);
    }
    rp_facts_row_source(f, T_REGION, row, S_SETTINGS);
    rp_facts_row_scope(f, T_REGION, row, account == NULL ? RP_NONE : rp_facts_text(f, str(account)),
                       region == NULL ? RP_NONE : rp_facts_text(f, str(region)));
}

START_TEST(what_answers_say_of_regions_stays_with_the_right_pair)
{
    world w;
    uint32_t setting, marks, keys;
    open_region_policies(&w, &setting, &marks, &keys);
    add_settings(w.facts, "222222222222", "us-east-1", "on", "1", "3");
    add_settings(w.facts, "111111111111", "us-west-2", NULL, "1", "3");
    add_settings(w.facts, "111111111111", "eu-west-1", "off", "2", "3");
    rp_facts_scope_add(w.facts, rp_facts_text(w.facts, str("111111111111")),
                       rp_facts_text(w.facts, str("ap-east-1")));
    world_seal(&w);
    world_run(&w, 0);
    ck_assert_int_eq(world_verdict(&w, setting, "ap-east-1"), RDSPOL_VERDICT_UNKNOWN);
    ck_assert_int_eq(world_verdict(&w, setting, "us-west-2"), RDSPOL_VERDICT_UNKNOWN);
    ck_assert_int_eq(world_verdict(&w, setting, "eu-west-1"), RDSPOL_VERDICT_FAIL);
    ck_assert_int_eq(world_verdict(&w, setting, "us-east-1"), RDSPOL_VERDICT_PASS);
    ck_assert_int_eq(world_verdict(&w, marks, "eu-west-1"), RDSPOL_VERDICT_FAIL);
    ck_assert_int_eq(world_verdict(&w, marks, "us-west-2"), RDSPOL_VERDICT_PASS);
    ck_assert_int_eq(world_verdict(&w, marks, "ap-east-1"), RDSPOL_VERDICT_UNKNOWN);
    // Pairs: ap-east-1, eu-west-1, us-west-2, us-east-1 of the other account.
    ck_assert_int_eq(rp_facts_column_gap(w.facts, C_SETTING, 2).reason, RDSPOL_REASON_UNPARSABLE);
    ck_assert_int_eq(rp_facts_column_gap(w.facts, C_SETTING, 1).reason,
                     RDSPOL_REASON_NOT_IN_ANSWER);
    ck_assert_uint_eq(rp_facts_row_count(w.facts, T_REGION), 4);
    world_free(&w);
}
END_TEST

// The machine fills a bool of that name; here it is a text of somebody's schema, with one plane.
START_TEST(a_field_audited_of_another_type_stays_as_it_was_read)
{
    world w;
    world_init(&w);
    rp_rec_column *column = image_get(&w.im, RP_SECTION_COLUMN, C_SETTING, sizeof(rp_rec_column));
    column->name = image_string(&w.im, "audited");
    column->type = RP_TYPE(RP_KIND_STRING, 0, 0);
    world_open(&w);
    world_facts(&w);
    add_settings(w.facts, "111111111111", "us-west-2", "on", "1", "3");
    rp_facts_scope_add(w.facts, rp_facts_text(w.facts, str("111111111111")),
                       rp_facts_text(w.facts, str("ap-east-1")));
    world_seal(&w);
    ck_assert_ptr_null(w.facts->columns[C_SETTING].present);
    rp_str text = rp_facts_cell_text(w.facts, C_SETTING, 1);
    ck_assert_uint_eq(text.len, 2);
    ck_assert_int_eq(memcmp(text.ptr, "on", 2), 0);
    world_free(&w);
}
END_TEST

START_TEST(settings_without_place_belong_to_the_one_pair_that_arns_name)
{
    world w;
    uint32_t setting, marks, keys;
    open_region_policies(&w, &setting, &marks, &keys);
    add_settings(w.facts, NULL, NULL, "on", "1", "3");
    (void)fragment(w.facts, "5", "a.json");
    world_seal(&w);
    world_run(&w, 0);
    ck_assert_int_eq(world_verdict(&w, setting, "eu-west-1"), RDSPOL_VERDICT_PASS);
    ck_assert_uint_eq(rp_facts_row_count(w.facts, T_REGION), 1);
    world_free(&w);
}
END_TEST

START_TEST(two_answers_about_one_region_are_merged)
{
    world w;
    uint32_t setting, marks, keys;
    rdspol_error error;
    open_region_policies(&w, &setting, &marks, &keys);
    add_settings(w.facts, "111111111111", "us-west-2", "on", "1", "3");
    add_settings(w.facts, "111111111111", "us-west-2", "off", "1", "3");
    ck_assert_int_eq(rdspol_facts_seal(w.facts, &error), RDSPOL_CONFLICT);
    ck_assert_ptr_ne(strstr(error.message, "region.setting of us-west-2"), NULL);
    world_free(&w);
}
END_TEST

START_TEST(of_equal_keys_of_a_map_the_first_counts)
{
    world w;
    uint32_t setting, marks, keys;
    open_region_policies(&w, &setting, &marks, &keys);
    add_settings(w.facts, "111111111111", "us-west-2", "on", "1", "2");
    add_settings(w.facts, "111111111111", "eu-west-1", "on", "2", "1");
    world_seal(&w);
    world_run(&w, 0);
    ck_assert_int_eq(world_verdict(&w, marks, "us-west-2"), RDSPOL_VERDICT_PASS);
    ck_assert_int_eq(world_verdict(&w, marks, "eu-west-1"), RDSPOL_VERDICT_FAIL);
    world_free(&w);
}
END_TEST

// ---- Identity ----------------------------------------------------------------------------------

static uint32_t add_key(rp_facts *f, const char *id, const char *key_arn, const char *state,
                        const char *rotation)
{
    uint32_t row = rp_facts_row_add(f, T_KEY);
    if (id != NULL) {
        ck_assert(rp_facts_set_text(f, C_KEY_ID, row, str(id)));
    }
    if (key_arn != NULL) {
        ck_assert(rp_facts_set_text(f, C_KEY_ARN, row, str(key_arn)));
    }
    if (state != NULL) {
        ck_assert(rp_facts_set_text(f, C_KEY_STATE, row, str(state)));
    }
    if (rotation != NULL) {
        ck_assert(rp_facts_set_text(f, C_KEY_ROTATION, row, str(rotation)));
    }
    rp_facts_row_source(f, T_KEY, row, rotation == NULL ? S_KEYS : S_ROTATION);
    rp_facts_row_scope(f, T_KEY, row, rp_facts_text(f, str("123456789012")),
                       rp_facts_text(f, str("eu-west-1")));
    return row;
}

static const char key_arn_1[] = "arn:aws:kms:eu-west-1:123456789012:key/k-1";

START_TEST(answers_that_know_the_arn_the_key_or_both_are_one_row_in_any_order)
{
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    world w;
    uint32_t port, group;
    open_policies(&w, &port, &group);
    for (int o = 0; o < 6; o++) {
        rdspol_facts_free(w.facts);
        world_facts(&w);
        for (int i = 0; i < 3; i++) {
            int which = orders[o][i];
            (void)add_key(w.facts, which == 0 ? NULL : "k-1", which == 2 ? NULL : key_arn_1,
                          which == 1 ? "Enabled" : NULL, which == 2 ? "on" : NULL);
        }
        world_seal(&w);
        uint32_t real = RP_NONE, dead = 0;
        for (uint32_t r = 0; r < 3; r++) {
            bool is_dead = w.facts->tables[T_KEY].meta[r].state == RP_ROW_DEAD;
            real = is_dead ? real : r;
            dead += is_dead;
        }
        ck_assert_uint_eq(dead, 2);
        ck_assert(rp_str_equal(rp_facts_cell_text(w.facts, C_KEY_ROTATION, real), RP_STR("on")));
        ck_assert(rp_str_equal(rp_facts_cell_text(w.facts, C_KEY_STATE, real), RP_STR("Enabled")));
    }
    world_free(&w);
}
END_TEST

static uint32_t add_global(rp_facts *f, const char *id, const char *row_arn, const char *port)
{
    uint32_t row = rp_facts_row_add(f, T_INSTANCE);
    ck_assert(rp_facts_set_text(f, C_ID, row, str(id)));
    ck_assert(rp_facts_set_text(f, C_ARN, row, str(row_arn)));
    ck_assert(rp_facts_set_text(f, C_PORT, row, str(port)));
    return row;
}

START_TEST(an_arn_and_the_key_at_its_end_name_one_row)
{
    for (int order = 0; order < 4; order++) {
        world w;
        uint32_t port, group;
        open_policies(&w, &port, &group);
        bool by_arn = order % 2 == 0;
        uint32_t first = fragment(w.facts, "5", "a.json");
        ck_assert(rp_facts_set_text(w.facts, C_KMS, first, str(by_arn ? key_arn_1 : "k-1")));
        uint32_t second =
            add_global(w.facts, "db-2", "arn:aws:rds:eu-west-1:123456789012:db:db-2", "5");
        ck_assert(rp_facts_set_text(w.facts, C_KMS, second, str(by_arn ? "k-1" : key_arn_1)));
        if (order >= 2) { // groups were asked for it by either name
            (void)add_key(w.facts, "k-1", NULL, NULL, "on");
            (void)add_key(w.facts, NULL, key_arn_1, NULL, "on");
        }
        world_seal(&w);
        uint32_t key = rp_facts_cell_id(w.facts, C_KMS, 0);
        ck_assert_uint_eq(rp_facts_cell_id(w.facts, C_KMS, 1), key);
        ck_assert_int_eq(w.facts->tables[T_KEY].meta[key].state, RP_ROW_STUB);
        ck_assert(rp_str_equal(rp_facts_cell_text(w.facts, C_KEY_ARN, key), str(key_arn_1)));
        ck_assert(rp_str_equal(rp_facts_cell_text(w.facts, C_KEY_ID, key), RP_STR("k-1")));
        world_free(&w);
    }
}
END_TEST

START_TEST(without_region_a_key_identifies_within_the_account)
{
    world w;
    uint32_t port, group;
    open_policies(&w, &port, &group);
    (void)add_global(w.facts, "worldwide", "arn:aws:rds::111111111111:global-cluster:worldwide",
                     "5");
    (void)add_global(w.facts, "worldwide", "arn:aws:rds::222222222222:global-cluster:worldwide",
                     "600");
    (void)fragment(w.facts, "5", "a.json");
    world_seal(&w);
    world_run(&w, 0);
    ck_assert_uint_eq(rdspol_run_count(w.run, port, RDSPOL_VERDICT_PASS), 2);
    ck_assert_uint_eq(rdspol_run_count(w.run, port, RDSPOL_VERDICT_FAIL), 1);
    world_free(&w);
}
END_TEST

// A group that account 1 owns and shares, as an account sees it.
static void add_shared(rp_facts *f, const char *viewer, const char *port)
{
    uint32_t row = rp_facts_row_add(f, T_INSTANCE);
    ck_assert(
        rp_facts_set_text(f, C_ARN, row, str("arn:aws:rds:eu-west-1:111111111111:db:shared")));
    ck_assert(rp_facts_set_text(f, C_ID, row, str("shared")));
    ck_assert(rp_facts_set_text(f, C_PORT, row, str(port)));
    rp_facts_row_source(f, T_INSTANCE, row, S_INSTANCES);
    rp_facts_row_scope(f, T_INSTANCE, row, rp_facts_text(f, str(viewer)),
                       rp_facts_text(f, str("eu-west-1")));
}

START_TEST(the_owners_answer_is_the_resource_whatever_others_see)
{
    static const char *const viewers[] = {"111111111111", "222222222222", "333333333333"};
    for (int first = 0; first < 3; first++) {
        world w;
        uint32_t port, group;
        open_policies(&w, &port, &group);
        for (int i = 0; i < 3; i++) {
            int who = (first + i) % 3;
            add_shared(w.facts, viewers[who], who == 0 ? "5" : who == 1 ? "600" : "700");
        }
        world_seal(&w);
        world_run(&w, 0);
        ck_assert_int_eq(world_verdict(&w, port, "shared"), RDSPOL_VERDICT_PASS);
        ck_assert_uint_eq(rdspol_run_count(w.run, port, RDSPOL_VERDICT_FAIL), 0);
        world_free(&w);
    }
}
END_TEST

// ---- Types that are fetched by key -------------------------------------------------------------

static void answer(rp_facts *f, uint32_t source, const char *argument, bool cut,
                   rdspol_reason reason)
{
    rp_facts_answer(f, source, argument == NULL ? RP_NONE : rp_facts_text(f, str(argument)),
                    rp_facts_text(f, str("123456789012")), rp_facts_text(f, str("eu-west-1")), cut,
                    reason, RP_NONE);
}

// An instance with a key of which everything is known, or whose key is unknown.
static void add_keyed_instance(rp_facts *f, bool known)
{
    uint32_t row = rp_facts_row_add(f, T_INSTANCE);
    ck_assert(rp_facts_set_text(f, C_ID, row, str("db-1")));
    ck_assert(rp_facts_set_text(f, C_ARN, row, str(arn)));
    rp_facts_row_source(f, T_INSTANCE, row, S_INSTANCES);
    if (known) {
        ck_assert(rp_facts_set_text(f, C_KMS, row, str(key_arn_1)));
    }
    (void)add_key(f, "k-1", key_arn_1, "Enabled", NULL);
    answer(f, S_KEYS, key_arn_1, false, RDSPOL_REASON_NONE);
}

static int keys_verdict(bool listed, bool cut, bool known)
{
    world w;
    uint32_t setting, marks, keys;
    open_region_policies(&w, &setting, &marks, &keys);
    add_keyed_instance(w.facts, known);
    if (listed) {
        answer(w.facts, S_INSTANCES, NULL, cut, RDSPOL_REASON_NONE);
    }
    world_seal(&w);
    world_run(&w, 0);
    int verdict = world_verdict(&w, keys, "eu-west-1");
    world_free(&w);
    return verdict;
}

START_TEST(keys_are_complete_only_where_all_that_refers_to_them_is)
{
    ck_assert_int_eq(keys_verdict(true, false, true), RDSPOL_VERDICT_PASS);
    ck_assert_int_eq(keys_verdict(true, true, true), RDSPOL_VERDICT_UNKNOWN);
    ck_assert_int_eq(keys_verdict(false, false, true), RDSPOL_VERDICT_UNKNOWN);
    ck_assert_int_eq(keys_verdict(true, false, false), RDSPOL_VERDICT_UNKNOWN);
}
END_TEST

// ---- Rows that were merged away ----------------------------------------------------------------

START_TEST(rows_that_were_merged_away_are_nowhere)
{
    world w;
    uint32_t port, group;
    open_policies(&w, &port, &group);
    (void)fragment(w.facts, "5", "a.json");
    uint32_t second = fragment(w.facts, "5", "b.json");
    uint32_t element = rp_facts_row_add(w.facts, T_SGS);
    ck_assert(rp_facts_set_text(w.facts, C_SGS_VALUE, element, str("sg-1")));
    rp_facts_set_list(w.facts, L_GROUPS, second, element, element + 1, true);
    for (int i = 0; i < 2; i++) {
        uint32_t sg = rp_facts_row_add(w.facts, T_SG);
        ck_assert(rp_facts_set_text(w.facts, C_SG_ID, sg, str("sg-1")));
        rp_facts_row_source(w.facts, T_SG, sg, S_GROUPS);
    }
    world_seal(&w);
    world_run(&w, 0);
    ck_assert_uint_eq(rdspol_run_count(w.run, port, RDSPOL_VERDICT_PASS), 1);
    ck_assert_uint_eq(rdspol_run_count(w.run, group, RDSPOL_VERDICT_PASS), 1);
    const rp_fact_meta *meta = w.facts->tables[T_SG].meta;
    uint32_t target = rp_facts_cell_id(w.facts, C_SGS_VALUE, element);
    ck_assert_int_eq(meta[target].state, RP_ROW_REAL);
    ck_assert_int_eq(meta[1 - target].state, RP_ROW_DEAD);
    world_free(&w);
}
END_TEST

static void add_tests(TCase *c)
{
    tcase_add_test(c, fragments_of_one_resource_become_one_row);
    tcase_add_test(c, different_values_are_a_conflict_that_names_both_places);
    tcase_add_test(c, a_reference_without_target_makes_a_stub);
    tcase_add_test(c, merged_builders_equal_one);
    tcase_add_test(c, parameters_have_limits_and_waivers_a_date);
    tcase_add_test(c, what_answers_say_of_regions_stays_with_the_right_pair);
    tcase_add_test(c, a_field_audited_of_another_type_stays_as_it_was_read);
    tcase_add_test(c, settings_without_place_belong_to_the_one_pair_that_arns_name);
    tcase_add_test(c, two_answers_about_one_region_are_merged);
    tcase_add_test(c, of_equal_keys_of_a_map_the_first_counts);
    tcase_add_test(c, answers_that_know_the_arn_the_key_or_both_are_one_row_in_any_order);
    tcase_add_test(c, an_arn_and_the_key_at_its_end_name_one_row);
    tcase_add_test(c, without_region_a_key_identifies_within_the_account);
    tcase_add_test(c, the_owners_answer_is_the_resource_whatever_others_see);
    tcase_add_test(c, keys_are_complete_only_where_all_that_refers_to_them_is);
    tcase_add_test(c, rows_that_were_merged_away_are_nowhere);
}

int main(void)
{
    return run_suite("facts", 60, add_tests);
}
