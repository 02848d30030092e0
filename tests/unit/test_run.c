// The machine as a whole: programs written by hand over small facts.
//
// Each test builds a bundle without a compiler and says what its verdicts, messages and missing
// facts are; those about rows run at several chunk sizes and must not notice.
#include "tests/unit/runner.h"
#include "tests/unit/world.h"
#include "vm/base/endian.h"

#include <stdio.h>
#include <stdlib.h>

#define B RP_TYPE(RP_KIND_BOOL, 0, 0)
#define I RP_TYPE(RP_KIND_INT, 0, 0)
#define N RP_KIND_NONE
#define INSN(op, type, a, b, c) image_insn(&w.im, RP_OP_##op, (type), (a), (b), (c))

static const uint32_t chunks[] = {1, 3, 64, 100, 1024};

static uint32_t text_piece(world *w, const char *text)
{
    return ADD(&w->im, PIECE, piece, image_string(&w->im, text), NONE, NONE, NONE, 0);
}

static uint32_t value_piece(world *w, uint32_t value, uint32_t style)
{
    return ADD(&w->im, PIECE, piece, NONE, value, NONE, NONE, style);
}

START_TEST(a_comparison_judges_rows_of_every_chunk)
{
    world w;
    world_init(&w);
    INSN(SCAN, N, T_INSTANCE, NONE, NONE);
    uint32_t port = INSN(LOAD, RP_TYPE(RP_KIND_INT, 1, 0), C_PORT, NONE, NONE);
    uint32_t limit = INSN(CONST, I, image_int(&w.im, 100), NONE, NONE);
    uint32_t less = INSN(LT_INT, B, port, limit, NONE);
    uint32_t there = INSN(PRESENT, B, port, NONE, NONE);
    uint32_t policy = world_policy(&w, "p", T_INSTANCE, 2, &there, 1, &less, 1, NULL);
    INSN(END, N, NONE, NONE, NONE);
    world_open(&w);
    world_facts(&w);
    rdspol_facts_assume_complete(w.facts);
    for (int i = 0; i < 1500; i++) {
        char text[32];
        uint32_t row;
        ck_assert(rdspol_facts_add(w.facts, str("instance"), str("1"), str("r"), &row) == 0);
        (void)snprintf(text, sizeof text, "db-%d", i);
        ck_assert(rdspol_facts_set(w.facts, str("instance"), row, str("id"), str(text)) == 0);
        (void)snprintf(text, sizeof text, "%d", i % 200);
        if (i % 7 == 0) {
            ck_assert(rdspol_facts_absent(w.facts, str("instance"), row, str("port")) == 0);
        } else if (i % 11 != 0) {
            ck_assert(rdspol_facts_set(w.facts, str("instance"), row, str("port"), str(text)) == 0);
        }
    }
    ck_assert(rdspol_facts_scope(w.facts, str("1"), str("r")) == 0);
    world_seal(&w);
    uint64_t expected[RDSPOL_VERDICT_COUNT] = {0};
    for (int i = 0; i < 1500; i++) {
        expected[i % 7 == 0      ? RDSPOL_VERDICT_NOT_APPLICABLE
                 : i % 11 == 0   ? RDSPOL_VERDICT_UNKNOWN
                 : i % 200 < 100 ? RDSPOL_VERDICT_PASS
                                 : RDSPOL_VERDICT_FAIL]++;
    }
    for (size_t c = 0; c < sizeof chunks / sizeof chunks[0]; c++) {
        world_run(&w, chunks[c]);
        for (int v = 0; v < RDSPOL_VERDICT_COUNT; v++) {
            ck_assert_uint_eq(rdspol_run_count(w.run, policy, (rdspol_verdict)v), expected[v]);
        }
    }
    world_free(&w);
}
END_TEST

// any g in instance.groups: any rule in g.ingress: any range in rule.ranges: range is 0.0.0.0/0
static uint32_t open_world(world *wp)
{
    world w = *wp;
    uint32_t cidr = RP_TYPE(RP_KIND_CIDR, 0, 0);
    uint32_t sg = RP_TYPE(RP_KIND_REF, 0, T_SG);
    INSN(SCAN, N, T_RULE, NONE, NONE);
    INSN(UNNEST, N, L_RANGES, NONE, NONE);
    uint32_t range = INSN(LOAD, cidr, C_CIDRS_VALUE, NONE, NONE);
    uint32_t all = INSN(CONST, cidr, image_text(&w.im, RP_KIND_CIDR, "0.0.0.0/0"), NONE, NONE);
    uint32_t same = INSN(EQ_ID, B, range, all, NONE);
    uint32_t any = INSN(FOLD_ANY, B, same, NONE, NONE);
    INSN(END, N, NONE, NONE, NONE);
    INSN(STORE, N, C_WIDE, any, NONE);
    INSN(END, N, NONE, NONE, NONE);
    INSN(SCAN, N, T_INSTANCE, NONE, NONE);
    INSN(UNNEST, N, L_GROUPS, NONE, NONE);
    uint32_t group = INSN(LOAD, sg, C_SGS_VALUE, NONE, NONE);
    INSN(UNNEST, N, L_INGRESS, group, NONE);
    uint32_t wide = INSN(LOAD, B, C_WIDE, NONE, NONE);
    uint32_t inner = INSN(FOLD_ANY, B, wide, NONE, NONE);
    INSN(END, N, NONE, NONE, NONE);
    uint32_t outer = INSN(FOLD_ANY, B, inner, NONE, NONE);
    INSN(END, N, NONE, NONE, NONE);
    uint32_t closed = INSN(NOT, B, outer, NONE, NONE);
    *wp = w;
    return closed;
}

// rows T_INSTANCE: witness group, its id and the ranges of all rules
static uint32_t open_message(world *wp)
{
    world w = *wp;
    uint32_t sg = RP_TYPE(RP_KIND_REF, 0, T_SG), opt_sg = RP_TYPE(RP_KIND_REF, 1, T_SG);
    uint32_t rows = INSN(ROWS, N, T_INSTANCE, NONE, NONE);
    INSN(UNNEST, N, L_GROUPS, NONE, NONE);
    uint32_t group = INSN(LOAD, sg, C_SGS_VALUE, NONE, NONE);
    INSN(UNNEST, N, L_INGRESS, group, NONE);
    uint32_t wide = INSN(LOAD, B, C_WIDE, NONE, NONE);
    uint32_t any = INSN(FOLD_ANY, B, wide, NONE, NONE);
    INSN(END, N, NONE, NONE, NONE);
    uint32_t witness = INSN(FOLD_WITNESS, opt_sg, any, group, NONE);
    uint32_t yes = INSN(CONST, B, image_const(&w.im, RP_KIND_BOOL, 1), NONE, NONE);
    uint32_t list = INSN(FOLD_TEXT, RP_KIND_LISTTEXT, yes, group, NONE);
    INSN(END, N, NONE, NONE, NONE);
    uint32_t id = INSN(LOAD, RP_TYPE(RP_KIND_STRING, 0, 0), C_ID, NONE, NONE);
    INSN(END, N, NONE, NONE, NONE);
    uint32_t first = value_piece(&w, witness, RP_PIECE_PLAIN);
    text_piece(&w, " opens ");
    value_piece(&w, id, RP_PIECE_SHELL);
    text_piece(&w, " of ");
    value_piece(&w, list, RP_PIECE_PLAIN);
    uint32_t template = ADD(&w.im, TEMPLATE, template, first, 5);
    uint32_t named = ADD(&w.im, WITNESS, witness, image_string(&w.im, "g"), witness);
    uint32_t message = ADD(&w.im, MESSAGE, message, rows, template, named, 1);
    *wp = w;
    return message;
}

static uint32_t add_row(world *w, const char *kind, const char *id)
{
    uint32_t row;
    ck_assert(rdspol_facts_add(w->facts, str(kind), str("1"), str("r"), &row) == 0);
    if (id != NULL) {
        ck_assert(rdspol_facts_set(w->facts, str(kind), row, str("id"), str(id)) == 0);
    }
    return row;
}

static void add_group(world *w, const char *id, const char *range)
{
    uint32_t group = add_row(w, "sg", id);
    uint32_t rule = add_row(w, "rule", NULL);
    rdspol_str ranges[] = {str(range)};
    ck_assert(rdspol_facts_list(w->facts, str("rule"), rule, str("ranges"), ranges, 1, 1) == 0);
    ck_assert(rdspol_facts_rows(w->facts, str("sg"), group, str("ingress"), rule, 1, 1) == 0);
}

static void add_instance(world *w, const char *id, const char *a, const char *b, int complete)
{
    uint32_t row = add_row(w, "instance", id);
    rdspol_str groups[] = {str(a), str(b == NULL ? "" : b)};
    ck_assert(rdspol_facts_list(w->facts, str("instance"), row, str("groups"), groups,
                                b == NULL ? 1 : 2, complete) == 0);
}

static void open_facts(world *w)
{
    world_facts(w);
    ck_assert(rdspol_facts_scope(w->facts, str("1"), str("r")) == 0);
    ck_assert(rdspol_facts_listed(w->facts, str("instance"), str("1"), str("r"), 0,
                                  RDSPOL_REASON_NONE, str("")) == 0);
    ck_assert(rdspol_facts_listed(w->facts, str("sg"), str("1"), str("r"), 0,
                                  RDSPOL_REASON_ACCESS_DENIED, str("no")) == 0);
    add_group(w, "sg-open", "0.0.0.0/0");
    add_group(w, "sg-closed", "10.0.0.0/8");
    add_instance(w, "open", "sg-closed", "sg-open", 1);
    add_instance(w, "closed", "sg-closed", NULL, 1);
    add_instance(w, "cut", "sg-closed", NULL, 0);
    add_instance(w, "cut-open", "sg-open", NULL, 0);
    add_instance(w, "stub", "sg-closed", "sg-gone", 1);
    add_instance(w, "stub open", "sg-gone", "sg-open", 1);
    world_seal(w);
}

START_TEST(nested_quantifiers_are_kleene)
{
    world w;
    world_init(&w);
    uint32_t closed = open_world(&w);
    uint32_t policy = world_policy(&w, "closed", T_INSTANCE, 4, NULL, 0, &closed, 1, NULL);
    INSN(END, N, NONE, NONE, NONE);
    world_open(&w);
    open_facts(&w);
    for (size_t c = 0; c < sizeof chunks / sizeof chunks[0]; c++) {
        world_run(&w, chunks[c]);
        ck_assert_int_eq(world_verdict(&w, policy, "open"), RDSPOL_VERDICT_FAIL);
        ck_assert_int_eq(world_verdict(&w, policy, "closed"), RDSPOL_VERDICT_PASS);
        ck_assert_int_eq(world_verdict(&w, policy, "cut"), RDSPOL_VERDICT_UNKNOWN);
        ck_assert_int_eq(world_verdict(&w, policy, "cut-open"), RDSPOL_VERDICT_FAIL);
        ck_assert_int_eq(world_verdict(&w, policy, "stub"), RDSPOL_VERDICT_UNKNOWN);
        ck_assert_int_eq(world_verdict(&w, policy, "stub open"), RDSPOL_VERDICT_FAIL);
    }
    world_free(&w);
}
END_TEST

static bool is(rdspol_str text, const char *expected)
{
    bool same = text.len == strlen(expected) && memcmp(text.ptr, expected, text.len) == 0;
    if (!same) {
        printf("got \"%.*s\", expected \"%s\"\n", (int)text.len, text.ptr, expected);
    }
    return same;
}

START_TEST(messages_name_the_witness)
{
    world w;
    world_init(&w);
    uint32_t closed = open_world(&w);
    INSN(END, N, NONE, NONE, NONE);
    // The emit must stand in the scan: take the end back.
    w.im.sections[RP_SECTION_INSN].size -= sizeof(rp_rec_insn);
    w.im.counts[RP_SECTION_INSN]--;
    uint32_t policy =
        world_policy(&w, "closed", T_INSTANCE, 4, NULL, 0, &closed, 1, (uint32_t[]){0});
    INSN(END, N, NONE, NONE, NONE);
    ck_assert_uint_eq(open_message(&w), 0);
    world_open(&w);
    open_facts(&w);
    world_run(&w, 0);
    rdspol_details d = {.size = sizeof d};
    rdspol_finding f = world_finding(&w, policy, "open");
    ck_assert_int_eq(rdspol_run_explain(w.run, &f, &d, NULL), RDSPOL_OK);
    ck_assert_uint_eq(d.message_count, 1);
    ck_assert(is(d.messages[0].text, "sg-open opens open of sg-closed, sg-open"));
    ck_assert_uint_eq(d.messages[0].witness_count, 1);
    ck_assert(is(d.messages[0].witnesses[0].value, "sg-open"));
    f = world_finding(&w, policy, "stub open");
    ck_assert_int_eq(rdspol_run_explain(w.run, &f, &d, NULL), RDSPOL_OK);
    ck_assert(is(d.messages[0].text, "sg-open opens 'stub open' of sg-gone, sg-open"));
    f = world_finding(&w, policy, "cut-open");
    ck_assert_int_eq(rdspol_run_explain(w.run, &f, &d, NULL), RDSPOL_OK);
    ck_assert(is(d.messages[0].text, "sg-open opens cut-open of sg-open, \xe2\x80\xa6"));
    ck_assert(is(d.title, "closed"));
    world_free(&w);
}
END_TEST

START_TEST(missing_facts_name_row_and_reason)
{
    world w;
    world_init(&w);
    uint32_t closed = open_world(&w);
    uint32_t policy = world_policy(&w, "closed", T_INSTANCE, 4, NULL, 0, &closed, 1, NULL);
    INSN(END, N, NONE, NONE, NONE);
    world_open(&w);
    open_facts(&w);
    world_run(&w, 0);
    rdspol_details d = {.size = sizeof d};
    rdspol_finding f = world_finding(&w, policy, "stub");
    ck_assert_int_eq(rdspol_run_explain(w.run, &f, &d, NULL), RDSPOL_OK);
    ck_assert_uint_eq(d.missing_count, 1);
    ck_assert(is(d.missing[0].fact, "sg.ingress"));
    ck_assert(is(d.missing[0].resource, "sg-gone"));
    ck_assert(is(d.missing[0].operation, "ec2:DescribeSecurityGroups"));
    ck_assert(is(d.missing[0].detail, "no"));
    ck_assert_int_eq(d.missing[0].reason, RDSPOL_REASON_ACCESS_DENIED);
    f = world_finding(&w, policy, "cut");
    ck_assert_int_eq(rdspol_run_explain(w.run, &f, &d, NULL), RDSPOL_OK);
    ck_assert_uint_eq(d.missing_count, 1);
    ck_assert(is(d.missing[0].fact, "instance.groups"));
    world_free(&w);
}
END_TEST

START_TEST(relations_follow_account_and_region)
{
    world w;
    world_init(&w);
    INSN(SCAN, N, T_REGION, NONE, NONE);
    INSN(UNNEST, N, L_INSTANCES, NONE, NONE);
    uint32_t yes = INSN(CONST, B, image_const(&w.im, RP_KIND_BOOL, 1), NONE, NONE);
    uint32_t count = INSN(FOLD_COUNT, I, yes, NONE, NONE);
    INSN(END, N, NONE, NONE, NONE);
    uint32_t two = INSN(CONST, I, image_int(&w.im, 2), NONE, NONE);
    uint32_t same = INSN(EQ_INT, B, count, two, NONE);
    uint32_t policy = world_policy(&w, "two", T_REGION, 2, NULL, 0, &same, 1, NULL);
    INSN(END, N, NONE, NONE, NONE);
    INSN(SCAN, N, T_SG, NONE, NONE);
    INSN(UNNEST, N, L_USERS, NONE, NONE);
    uint32_t user = INSN(ROW, RP_TYPE(RP_KIND_REF, 0, T_INSTANCE), NONE, NONE, NONE);
    uint32_t id = INSN(GATHER, RP_TYPE(RP_KIND_STRING, 0, 0), user, C_ID, NONE);
    uint32_t open = INSN(CONST, RP_TYPE(RP_KIND_STRING, 0, 0),
                         image_text(&w.im, RP_KIND_STRING, "open"), NONE, NONE);
    uint32_t is_open = INSN(EQ_ID, B, id, open, NONE);
    uint32_t any = INSN(FOLD_ANY, B, is_open, NONE, NONE);
    INSN(END, N, NONE, NONE, NONE);
    uint32_t users = world_policy(&w, "users", T_SG, 2, NULL, 0, &any, 1, NULL);
    INSN(END, N, NONE, NONE, NONE);
    world_open(&w);
    open_facts(&w);
    for (size_t c = 0; c < sizeof chunks / sizeof chunks[0]; c++) {
        world_run(&w, chunks[c]);
        ck_assert_int_eq(world_verdict(&w, policy, "r"), RDSPOL_VERDICT_FAIL);
        ck_assert_int_eq(world_verdict(&w, users, "sg-open"), RDSPOL_VERDICT_PASS);
        // sg-closed is used by "open" too; the cut list may hold it, which does not matter
        ck_assert_int_eq(world_verdict(&w, users, "sg-closed"), RDSPOL_VERDICT_PASS);
    }
    // Groups were refused, so their policy has a finding on the region as well.
    rdspol_finding f = world_finding(&w, users, "r");
    ck_assert_uint_eq(f.about_type, 1);
    rdspol_details d = {.size = sizeof d};
    ck_assert_int_eq(rdspol_run_explain(w.run, &f, &d, NULL), RDSPOL_OK);
    ck_assert(is(d.missing[0].fact, "ec2:DescribeSecurityGroups"));
    ck_assert_int_eq(d.missing[0].reason, RDSPOL_REASON_ACCESS_DENIED);
    world_free(&w);
}
END_TEST

// The policy of `open_world` with its message, over `count` instances of which every second is
// open. Their order in reports is not that of the rows.
static uint32_t many_findings(world *w, int count)
{
    world_init(w);
    uint32_t closed = open_world(w);
    uint32_t policy =
        world_policy(w, "closed", T_INSTANCE, 4, NULL, 0, &closed, 1, (uint32_t[]){0});
    image_insn(&w->im, RP_OP_END, N, NONE, NONE, NONE);
    ck_assert_uint_eq(open_message(w), 0);
    world_open(w);
    world_facts(w);
    rdspol_facts_assume_complete(w->facts);
    ck_assert(rdspol_facts_scope(w->facts, str("1"), str("r")) == 0);
    add_group(w, "sg-open", "0.0.0.0/0");
    add_group(w, "sg-closed", "10.0.0.0/8");
    for (int i = 0; i < count; i++) {
        char id[32];
        (void)snprintf(id, sizeof id, "db-%03d", i * 7 % count);
        add_instance(w, id, i % 2 == 0 ? "sg-open" : "sg-closed", NULL, 1);
    }
    world_seal(w);
    world_run(w, 0);
    return policy;
}

static void check_own_message(world *w, const rdspol_finding *f)
{
    char expected[64];
    rdspol_details d = {.size = sizeof d};
    ck_assert_int_eq(rdspol_run_explain(w->run, f, &d, NULL), RDSPOL_OK);
    (void)snprintf(expected, sizeof expected, "sg-open opens %.*s of sg-open", (int)f->id.len,
                   f->id.ptr);
    ck_assert_uint_eq(d.message_count, f->verdict == RDSPOL_VERDICT_FAIL);
    ck_assert(d.message_count == 0 || is(d.messages[0].text, expected));
}

START_TEST(details_do_not_depend_on_the_order_of_questions)
{
    enum { COUNT = 300 };
    world w;
    static rdspol_finding all[COUNT];
    rdspol_cursor cursor = {{0}};
    size_t count = 0;
    (void)many_findings(&w, COUNT);
    while (rdspol_run_next(w.run, &cursor, &all[count]) == RDSPOL_OK) {
        check_own_message(&w, &all[count++]);
    }
    ck_assert_uint_eq(count, COUNT);
    for (size_t i = count; i-- > 0;) {
        check_own_message(&w, &all[i]);
    }
    for (size_t i = 0; i < count; i++) {
        check_own_message(&w, &all[i * 77 % count]);
    }
    world_free(&w);
}
END_TEST

START_TEST(what_nobody_found_has_no_details)
{
    world w;
    rdspol_finding f;
    rdspol_cursor cursor = {{0}};
    rdspol_details d = {.size = sizeof d};
    (void)many_findings(&w, 10);
    ck_assert_int_eq(rdspol_run_next(w.run, &cursor, &f), RDSPOL_OK);
    ck_assert_int_eq(f.verdict, RDSPOL_VERDICT_FAIL);
    for (int v = RDSPOL_VERDICT_UNKNOWN; v < RDSPOL_VERDICT_COUNT; v++) {
        f.verdict = (rdspol_verdict)v;
        ck_assert_int_eq(rdspol_run_explain(w.run, &f, &d, NULL), RDSPOL_INVALID_ARGUMENT);
    }
    f.verdict = RDSPOL_VERDICT_UNKNOWN;
    f.about_type = 1;
    f.row = 0;
    ck_assert_int_eq(rdspol_run_explain(w.run, &f, &d, NULL), RDSPOL_INVALID_ARGUMENT);
    world_free(&w);
}
END_TEST

START_TEST(a_finished_run_keeps_what_it_found)
{
    world w;
    rdspol_finding f;
    rdspol_cursor cursor = {{0}};
    rdspol_error error;
    uint32_t policy = many_findings(&w, 100);
    uint64_t before = rdspol_run_bytes(w.run);
    uint64_t failed = rdspol_run_count(w.run, policy, RDSPOL_VERDICT_FAIL);
    rdspol_run_finish(w.run);
    ck_assert_uint_lt(rdspol_run_bytes(w.run), before);
    ck_assert_uint_eq(rdspol_run_count(w.run, policy, RDSPOL_VERDICT_FAIL), failed);
    for (uint64_t i = 0; i < failed; i++) {
        ck_assert_int_eq(rdspol_run_next(w.run, &cursor, &f), RDSPOL_OK);
        check_own_message(&w, &f);
    }
    ck_assert_int_eq(rdspol_run_evaluate(w.run, &error), RDSPOL_INVALID_ARGUMENT);
    rdspol_run *another;
    rdspol_facts_finish(w.facts);
    ck_assert_int_eq(rdspol_run_new(&another, w.bundle, w.facts, NULL, &error),
                     RDSPOL_INVALID_ARGUMENT);
    check_own_message(&w, &f);
    rdspol_run_finish(w.run);
    rdspol_run_set_now(w.run, 1);
    ck_assert_int_eq(rdspol_run_evaluate(w.run, &error), RDSPOL_INVALID_ARGUMENT);
    world_free(&w);
}
END_TEST

// Two policies on instances and one on groups, which were refused, so that the region has a
// finding.
static void three_policies(world *wp)
{
    world w;
    world_init(&w);
    uint32_t closed = open_world(&w);
    world_policy(&w, "closed", T_INSTANCE, 4, NULL, 0, &closed, 1, NULL);
    uint32_t open = INSN(NOT, B, closed, NONE, NONE);
    world_policy(&w, "open", T_INSTANCE, 2, NULL, 0, &open, 1, NULL);
    INSN(END, N, NONE, NONE, NONE);
    INSN(SCAN, N, T_SG, NONE, NONE);
    uint32_t yes = INSN(CONST, B, image_const(&w.im, RP_KIND_BOOL, 1), NONE, NONE);
    world_policy(&w, "groups", T_SG, 3, NULL, 0, &yes, 1, NULL);
    INSN(END, N, NONE, NONE, NONE);
    *wp = w;
    world_open(wp);
    open_facts(wp);
    world_run(wp, 0);
}

static bool is_same_finding(const rdspol_finding *a, const rdspol_finding *b)
{
    return a->policy == b->policy && a->verdict == b->verdict && a->table == b->table &&
           a->row == b->row && a->about_type == b->about_type;
}

START_TEST(resource_by_resource_everything_comes_once)
{
    enum { MOST = 64 };
    world w;
    static rdspol_finding flat[MOST], grouped[MOST];
    size_t count = 0, others = 0;
    rdspol_cursor cursor = {{0}};
    three_policies(&w);
    while (rdspol_run_next(w.run, &cursor, &flat[count]) == RDSPOL_OK) {
        count++;
    }
    memset(&cursor, 0, sizeof cursor);
    while (rdspol_run_next_by_resource(w.run, &cursor, &grouped[others]) == RDSPOL_OK) {
        others++;
    }
    ck_assert_uint_eq(count, others);
    ck_assert_uint_gt(count, 12);
    int worst = 0;
    for (size_t i = 0; i < count; i++) {
        size_t found = 0, begins = i == 0 || grouped[i].table != grouped[i - 1].table ||
                                   grouped[i].row != grouped[i - 1].row;
        for (size_t k = 0; k < count; k++) {
            found += is_same_finding(&flat[k], &grouped[i]);
            // A resource that is left does not come again.
            ck_assert(!begins || k >= i || grouped[k].table != grouped[i].table ||
                      grouped[k].row != grouped[i].row);
        }
        ck_assert_uint_eq(found, 1);
        ck_assert_int_ge((int)grouped[i].verdict, begins ? worst : (int)grouped[i - 1].verdict);
        worst = begins ? (int)grouped[i].verdict : worst;
        rdspol_details d = {.size = sizeof d};
        ck_assert_int_eq(rdspol_run_explain(w.run, &grouped[i], &d, NULL), RDSPOL_OK);
    }
    world_free(&w);
}
END_TEST

static void *failing_alloc(void *ctx, void *ptr, size_t old_size, size_t new_size)
{
    int *left = ctx;
    (void)old_size;
    if (new_size == 0) {
        free(ptr);
        return NULL;
    }
    if (*left == 0) {
        return NULL;
    }
    --*left;
    return realloc(ptr, new_size);
}

static bool run_all(world *w, int *left)
{
    size_t size;
    const void *bytes = image_bytes(&w->im, &size);
    rdspol_open_opts open = {.size = sizeof open, .alloc = failing_alloc, .alloc_ctx = left};
    rdspol_facts_opts facts = {.size = sizeof facts, .alloc = failing_alloc, .alloc_ctx = left};
    rdspol_run_opts opts = {.size = sizeof opts, .alloc = failing_alloc, .alloc_ctx = left};
    rdspol_error error;
    rdspol_str groups[] = {{"sg-open", 7}};
    uint32_t row;
    bool ok = rdspol_bundle_open(&w->bundle, bytes, size, &open, &error) == RDSPOL_OK &&
              rdspol_facts_new(&w->facts, w->bundle, &facts, &error) == RDSPOL_OK &&
              rdspol_facts_scope(w->facts, str("1"), str("r")) == RDSPOL_OK &&
              rdspol_facts_add(w->facts, str("instance"), str("1"), str("r"), &row) == RDSPOL_OK &&
              rdspol_facts_set(w->facts, str("instance"), row, str("id"), str("db")) == RDSPOL_OK &&
              rdspol_facts_list(w->facts, str("instance"), row, str("groups"), groups, 1, 1) ==
                  RDSPOL_OK &&
              rdspol_facts_seal(w->facts, &error) == RDSPOL_OK &&
              rdspol_run_new(&w->run, w->bundle, w->facts, &opts, &error) == RDSPOL_OK;
    if (ok) {
        int before = *left;
        ok = rdspol_run_evaluate(w->run, &error) == RDSPOL_OK;
        ck_assert_int_eq(*left, before); // evaluation allocates nothing
    }
    rdspol_details d = {.size = sizeof d};
    rdspol_cursor cursor = {{0}};
    rdspol_finding f;
    while (ok && rdspol_run_next(w->run, &cursor, &f) == RDSPOL_OK) {
        ok = rdspol_run_explain(w->run, &f, &d, &error) == RDSPOL_OK;
    }
    rdspol_run_free(w->run);
    rdspol_facts_free(w->facts);
    rdspol_bundle_close(w->bundle);
    w->run = NULL;
    w->facts = NULL;
    w->bundle = NULL;
    return ok;
}

START_TEST(every_allocation_may_fail)
{
    world w;
    world_init(&w);
    uint32_t closed = open_world(&w);
    world_policy(&w, "closed", T_INSTANCE, 4, NULL, 0, &closed, 1, NULL);
    INSN(END, N, NONE, NONE, NONE);
    bool done = false;
    for (int limit = 0; !done; limit++) {
        int left = limit;
        done = run_all(&w, &left);
        ck_assert_int_lt(limit, 5000);
    }
    world_free(&w);
}
END_TEST

START_TEST(a_list_of_texts_that_no_function_fills_is_refused)
{
    world w;
    rdspol_error error;
    size_t size;
    world_init(&w);
    rp_rec_list *list = image_get(&w.im, RP_SECTION_LIST, L_RANGES, sizeof(rp_rec_list));
    rp_rec_table *table = image_get(&w.im, RP_SECTION_TABLE, list->element, sizeof(rp_rec_table));
    rp_rec_column *column =
        image_get(&w.im, RP_SECTION_COLUMN, table->first_column, sizeof(rp_rec_column));
    list->kind = RP_LIST_TEXT;
    column->type = RP_TYPE(RP_KIND_STRING, 0, 0);
    const void *bytes = image_bytes(&w.im, &size);
    ck_assert_int_ne(rdspol_bundle_open(&w.bundle, bytes, size, NULL, &error), RDSPOL_OK);
    ck_assert_ptr_nonnull(strstr(error.message, "no text function fills it"));
    w.bundle = NULL;
    world_free(&w);
}
END_TEST

// Where a section's bytes end in a bundle.
static size_t end_of_section(const unsigned char *bytes, rp_section section)
{
    const unsigned char *entry =
        bytes + (RP_HEADER_WORDS + (size_t)section * RP_SECTION_WORDS) * sizeof(uint32_t);
    return (size_t)rp_endian_get_u32(entry + 8) + rp_endian_get_u32(entry + 12);
}

START_TEST(records_that_cannot_be_unpacked_are_refused)
{
    static const unsigned char bad[][5] = {
        {0x80, 0x80, 0x80, 0x80, 0x10}, // more than 32 bits
        {0x80, 0x80, 0x80, 0x80, 0x80}, // does not end
        {0, 0, 0, 0, 0x80},             // the section ends in a number
        {0, 0, 0, 0x81, 0},             // a byte too many
    };
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        world w;
        rdspol_error error;
        size_t size;
        world_init(&w);
        const void *bytes = image_bytes(&w.im, &size);
        unsigned char *copy = malloc(size);
        memcpy(copy, bytes, size);
        memcpy(copy + end_of_section(copy, RP_SECTION_COLUMN) - 5, bad[k], 5);
        ck_assert_int_eq(rdspol_bundle_open(&w.bundle, copy, size, NULL, &error),
                         RDSPOL_INVALID_BUNDLE);
        ck_assert_str_eq(error.message, "records that cannot be unpacked");
        w.bundle = NULL;
        free(copy);
        world_free(&w);
    }
}
END_TEST

START_TEST(a_damaged_bundle_is_refused_or_runs)
{
    world w;
    world_init(&w);
    uint32_t closed = open_world(&w);
    world_policy(&w, "closed", T_INSTANCE, 4, NULL, 0, &closed, 1, (uint32_t[]){0});
    INSN(END, N, NONE, NONE, NONE);
    ck_assert_uint_eq(open_message(&w), 0);
    size_t size;
    const void *bytes = image_bytes(&w.im, &size);
    unsigned char *copy = malloc(size);
    static const uint32_t values[] = {0, 1, 2, 7, 0x7f, 0xff, 0xffff, 0x7fffffff, 0xffffffff};
    int accepted = 0;
    for (size_t at = 0; at + 4 <= size; at += 3) {
        for (size_t k = 0; k < sizeof values / sizeof values[0]; k++) {
            memcpy(copy, bytes, size);
            memcpy(copy + at, &values[k], 4);
            world v;
            memset(&v, 0, sizeof v);
            image_init(&v.im);
            if (rdspol_bundle_open(&v.bundle, copy, size, NULL, NULL) == RDSPOL_OK) {
                accepted++;
                uint32_t row;
                rdspol_details d = {.size = sizeof d};
                rdspol_cursor cursor = {{0}};
                rdspol_finding f;
                rdspol_str groups[] = {{"sg-open", 7}, {"x", 1}};
                world_facts(&v);
                (void)!rdspol_facts_scope(v.facts, str("1"), str("r"));
                if (rdspol_facts_add(v.facts, str("instance"), str("1"), str("r"), &row) == 0) {
                    (void)!rdspol_facts_set(v.facts, str("instance"), row, str("id"), str("db"));
                    (void)!rdspol_facts_list(v.facts, str("instance"), row, str("groups"), groups,
                                             2, 1);
                }
                (void)!rdspol_facts_add(v.facts, str("sg"), str("1"), str("r"), &row);
                if (rdspol_facts_seal(v.facts, NULL) == RDSPOL_OK &&
                    rdspol_run_new(&v.run, v.bundle, v.facts, NULL, NULL) == RDSPOL_OK &&
                    rdspol_run_evaluate(v.run, NULL) == RDSPOL_OK) {
                    while (rdspol_run_next(v.run, &cursor, &f) == RDSPOL_OK) {
                        (void)!rdspol_run_explain(v.run, &f, &d, NULL);
                    }
                }
                size_t length;
                char text[4096];
                (void)!rdspol_bundle_disassemble(v.bundle, text, sizeof text, &length);
            }
            world_free(&v);
        }
    }
    for (size_t cut = 0; cut < size; cut += 13) {
        rdspol_bundle *bundle;
        memcpy(copy, bytes, cut);
        ck_assert_int_ne(rdspol_bundle_open(&bundle, copy, cut, NULL, NULL), RDSPOL_OK);
    }
    ck_assert_int_gt(accepted, 0);
    free(copy);
    world_free(&w);
}
END_TEST

static void add_tests(TCase *c)
{
    tcase_add_test(c, a_comparison_judges_rows_of_every_chunk);
    tcase_add_test(c, nested_quantifiers_are_kleene);
    tcase_add_test(c, messages_name_the_witness);
    tcase_add_test(c, missing_facts_name_row_and_reason);
    tcase_add_test(c, relations_follow_account_and_region);
    tcase_add_test(c, details_do_not_depend_on_the_order_of_questions);
    tcase_add_test(c, what_nobody_found_has_no_details);
    tcase_add_test(c, a_finished_run_keeps_what_it_found);
    tcase_add_test(c, resource_by_resource_everything_comes_once);
    tcase_add_test(c, every_allocation_may_fail);
    tcase_add_test(c, a_list_of_texts_that_no_function_fills_is_refused);
    tcase_add_test(c, records_that_cannot_be_unpacked_are_refused);
    tcase_add_test(c, a_damaged_bundle_is_refused_or_runs);
}

int main(void)
{
    return run_suite("run", 300, add_tests);
}
