// The shared schema of the machine's tests.
#include "tests/unit/world.h"

#include <check.h>

#define T(kind, optional, table) RP_TYPE(RP_KIND_##kind, optional, table)

static void add_table(world *w, const char *name, uint32_t kind, uint32_t flags, const char *type,
                      const uint32_t roles[5], uint32_t tags, uint32_t first_column,
                      uint32_t columns, uint32_t first_list, uint32_t lists, uint32_t first_source,
                      uint32_t sources)
{
    image *im = &w->im;
    ADD(im, TABLE, table, image_string(im, name), kind, flags,
        type == NULL ? NONE : image_string(im, type), roles[0], roles[1], roles[2], roles[3],
        roles[4], tags, first_column, columns, first_list, lists, first_source, sources, 0, 0);
}

static void add_column(world *w, uint32_t table, const char *name, uint32_t type, uint32_t origin,
                       uint32_t flags, uint32_t source, uint32_t first_join, uint32_t joins)
{
    image *im = &w->im;
    ADD(im, COLUMN, column, table, image_string(im, name), type, origin, flags, source, NONE,
        first_join, joins, 0, 0);
}

static void add_list(world *w, uint32_t owner, const char *name, uint32_t element, uint32_t kind,
                     uint32_t flags, uint32_t source, uint32_t a)
{
    image *im = &w->im;
    ADD(im, LIST, list, owner, image_string(im, name), element, kind, flags, source, a, 0, 0, 0);
}

static void add_tables(world *w)
{
    static const uint32_t none[5] = {NONE, NONE, NONE, NONE, NONE};
    add_table(w, "region", RP_TABLE_RESOURCE, RP_TABLE_REGION, "AWS::::Region",
              (uint32_t[]){C_REGION_NAME, NONE, NONE, C_REGION_ACCOUNT, NONE}, NONE, C_REGION_NAME,
              3, L_INSTANCES, 3, S_SETTINGS, 1);
    add_table(w, "instance", RP_TABLE_RESOURCE, 0, "AWS::RDS::DBInstance",
              (uint32_t[]){C_ID, C_ARN, C_ARN, C_ACCOUNT, C_REGION}, L_TAGS, C_ID, C_SG_ID - C_ID,
              L_GROUPS, 2, S_INSTANCES, 1);
    add_table(w, "sg", RP_TABLE_RESOURCE, 0, "AWS::EC2::SecurityGroup",
              (uint32_t[]){C_SG_ID, C_SG_ID, NONE, C_SG_ACCOUNT, C_SG_REGION}, NONE, C_SG_ID, 3,
              L_INGRESS, 2, S_GROUPS, 1);
    add_table(w, "rule", RP_TABLE_RECORD, 0, NULL, none, NONE, C_FROM_PORT, 2, L_RANGES, 1, S_COUNT,
              0);
    add_table(w, "sgs", RP_TABLE_ELEMENTS, 0, NULL, none, NONE, C_SGS_VALUE, 1, L_COUNT, 0, S_COUNT,
              0);
    add_table(w, "cidrs", RP_TABLE_ELEMENTS, 0, NULL, none, NONE, C_CIDRS_VALUE, 1, L_COUNT, 0,
              S_COUNT, 0);
    add_table(w, "tags", RP_TABLE_ENTRIES, 0, NULL, none, NONE, C_TAGS_KEY, 2, L_COUNT, 0, S_COUNT,
              0);
    add_table(w, "key", RP_TABLE_RESOURCE, 0, "AWS::KMS::Key",
              (uint32_t[]){C_KEY_ID, C_KEY_ARN, C_KEY_ARN, C_KEY_ACCOUNT, C_KEY_REGION}, NONE,
              C_KEY_ID, 6, L_COUNT, 0, S_KEYS, 2);
}

static void add_columns(world *w)
{
    uint32_t f = RP_COLUMN_FACT, i = T_INSTANCE;
    add_column(w, T_REGION, "name", T(STRING, 0, 0), f, RP_COLUMN_KEY, NONE, 0, 0);
    add_column(w, T_REGION, "account", T(STRING, 0, 0), f, 0, NONE, 0, 0);
    add_column(w, T_REGION, "setting", T(STRING, 1, 0), f, 0, S_SETTINGS, 0, 0);
    add_column(w, i, "id", T(STRING, 0, 0), f, RP_COLUMN_KEY, S_INSTANCES, 0, 0);
    add_column(w, i, "arn", T(STRING, 0, 0), f, RP_COLUMN_UNIQUE, S_INSTANCES, 0, 0);
    add_column(w, i, "account", T(STRING, 0, 0), f, 0, NONE, 0, 0);
    add_column(w, i, "region", T(REF, 0, T_REGION), f, 0, NONE, 0, 0);
    add_column(w, i, "engine", T(STRING, 0, 0), f, 0, S_INSTANCES, 0, 0);
    add_column(w, i, "port", T(INT, 1, 0), f, 0, S_INSTANCES, 0, 0);
    add_column(w, i, "enabled", T(BOOL, 0, 0), f, 0, S_INSTANCES, 0, 0);
    add_column(w, i, "created", T(TIME, 1, 0), f, 0, S_INSTANCES, 0, 0);
    add_column(w, i, "version", T(VERSION, 0, 0), f, 0, S_INSTANCES, 0, 0);
    add_column(w, i, "group", T(REF, 1, T_SG), f, 0, S_INSTANCES, 0, 1);
    add_column(w, i, "kms", T(REF, 1, T_KEY), f, 0, S_INSTANCES, 1, 2);
    add_column(w, i, "open", T(BOOL, 0, 0), RP_COLUMN_DERIVED, 0, NONE, 0, 0);
    add_column(w, i, "lower", T(STRING, 0, 0), RP_COLUMN_TEXT, 0, NONE, 0, 0);
    add_column(w, T_SG, "id", T(STRING, 0, 0), f, RP_COLUMN_KEY | RP_COLUMN_UNIQUE, S_GROUPS, 0, 0);
    add_column(w, T_SG, "account", T(STRING, 0, 0), f, 0, NONE, 0, 0);
    add_column(w, T_SG, "region", T(REF, 0, T_REGION), f, 0, NONE, 0, 0);
    add_column(w, T_RULE, "from_port", T(INT, 1, 0), f, 0, NONE, 0, 0);
    add_column(w, T_RULE, "wide", T(BOOL, 0, 0), RP_COLUMN_DERIVED, 0, NONE, 0, 0);
    add_column(w, T_SGS, "value", T(REF, 0, T_SG), f, 0, NONE, 0, 1);
    add_column(w, T_CIDRS, "value", T(CIDR, 0, 0), f, 0, NONE, 0, 0);
    add_column(w, T_TAGS, "key", T(STRING, 0, 0), f, 0, NONE, 0, 0);
    add_column(w, T_TAGS, "value", T(STRING, 0, 0), f, 0, NONE, 0, 0);
    add_column(w, T_KEY, "id", T(STRING, 0, 0), f, RP_COLUMN_KEY, S_KEYS, 0, 0);
    add_column(w, T_KEY, "arn", T(STRING, 0, 0), f, RP_COLUMN_UNIQUE, S_KEYS, 0, 0);
    add_column(w, T_KEY, "account", T(STRING, 0, 0), f, 0, NONE, 0, 0);
    add_column(w, T_KEY, "region", T(REF, 0, T_REGION), f, 0, NONE, 0, 0);
    add_column(w, T_KEY, "state", T(STRING, 0, 0), f, 0, S_KEYS, 0, 0);
    add_column(w, T_KEY, "rotation", T(STRING, 0, 0), f, 0, S_ROTATION, 0, 0);
}

void world_init(world *w)
{
    image *im = &w->im;
    memset(w, 0, sizeof *w);
    image_init(im);
    w->file = ADD(im, FILE, file, image_string(im, "test.rdspol"), 0);
    ADD(im, INFO, info, image_string(im, "test"));
    add_tables(w);
    add_columns(w);
    ADD(im, JOIN, join, C_SG_ID);
    ADD(im, JOIN, join, C_KEY_ARN);
    ADD(im, JOIN, join, C_KEY_ID);
    add_list(w, T_REGION, "instances", T_INSTANCE, RP_LIST_RELATION, 0, NONE, C_REGION);
    add_list(w, T_REGION, "keys", T_KEY, RP_LIST_RELATION, 0, NONE, C_KEY_REGION);
    add_list(w, T_REGION, "marks", T_TAGS, RP_LIST_MAP, 0, S_SETTINGS, 0);
    add_list(w, T_INSTANCE, "groups", T_SGS, RP_LIST_FACT, 0, S_INSTANCES, 0);
    add_list(w, T_INSTANCE, "tags", T_TAGS, RP_LIST_MAP, 0, S_INSTANCES, 0);
    add_list(w, T_SG, "ingress", T_RULE, RP_LIST_FACT, 0, S_GROUPS, 0);
    add_list(w, T_SG, "users", T_INSTANCE, RP_LIST_RELATION, RP_LIST_BY_LIST, NONE, L_GROUPS);
    add_list(w, T_RULE, "ranges", T_CIDRS, RP_LIST_FACT, 0, NONE, 0);
    ADD(im, SOURCE, source, T_INSTANCE, RP_SOURCE_LIST, image_string(im, "rds"),
        image_string(im, "DescribeDBInstances"), NONE, image_string(im, ""), 0, 0);
    ADD(im, SOURCE, source, T_SG, RP_SOURCE_LIST, image_string(im, "ec2"),
        image_string(im, "DescribeSecurityGroups"), NONE, image_string(im, ""), 0, 0);
    ADD(im, SOURCE, source, T_REGION, RP_SOURCE_GROUP, image_string(im, "backup"),
        image_string(im, "DescribeRegionSettings"), NONE, image_string(im, ""), 0, 0);
    uint32_t arg = ADD(im, ARG, arg, image_string(im, "KeyId"), RP_ARG_OWN, C_KEY_ARN);
    ADD(im, SOURCE, source, T_KEY, RP_SOURCE_KEY, image_string(im, "kms"),
        image_string(im, "DescribeKey"), NONE, image_string(im, ""), arg, 1);
    ADD(im, SOURCE, source, T_KEY, RP_SOURCE_GROUP, image_string(im, "kms"),
        image_string(im, "GetKeyRotationStatus"), NONE, image_string(im, ""), arg, 1);
    ADD(im, TEXT, text, RP_TEXT_LOWER, C_ENGINE, NONE, NONE, C_LOWER, NONE);
}

uint32_t world_policy(world *w, const char *name, uint32_t table, uint32_t severity,
                      const uint32_t *whens, uint32_t when_count, const uint32_t *requires,
                      uint32_t require_count, const uint32_t *messages)
{
    image *im = &w->im;
    uint32_t string = image_string(im, name);
    uint32_t piece = ADD(im, PIECE, piece, string, NONE, NONE, NONE, 0);
    uint32_t title = ADD(im, TEMPLATE, template, piece, 1);
    uint32_t first = im->counts[RP_SECTION_CLAUSE];
    for (uint32_t i = 0; i < when_count; i++) {
        ADD(im, CLAUSE, clause, RP_CLAUSE_WHEN, whens[i], NONE, 0, 0, w->file, 1, 1);
    }
    for (uint32_t i = 0; i < require_count; i++) {
        ADD(im, CLAUSE, clause, RP_CLAUSE_REQUIRE, requires[i],
            messages == NULL ? NONE : messages[i], 0, 0, w->file, 2, 1);
    }
    uint32_t policy = ADD(im, POLICY, policy, string, image_string(im, "main"), table,
                          RP_POLICY_JUDGED, severity, 0, title, NONE, NONE, NONE, 0, 0, 0, 0, first,
                          when_count + require_count, w->file, 1, 1);
    image_insn(im, RP_OP_EMIT, RP_KIND_NONE, policy, NONE, NONE);
    return policy;
}

void world_open(world *w)
{
    size_t size;
    rdspol_error error;
    const void *bytes = image_bytes(&w->im, &size);
    rdspol_status status = rdspol_bundle_open(&w->bundle, bytes, size, NULL, &error);
    ck_assert_msg(status == RDSPOL_OK, "%s", error.message);
}

void world_facts(world *w)
{
    ck_assert_int_eq(rdspol_facts_new(&w->facts, w->bundle, NULL, NULL), RDSPOL_OK);
}

void world_seal(world *w)
{
    rdspol_error error;
    rdspol_status status = rdspol_facts_seal(w->facts, &error);
    ck_assert_msg(status == RDSPOL_OK, "%s", error.message);
}

void world_run(world *w, uint32_t chunk)
{
    rdspol_error error;
    rdspol_run_opts opts = {.size = sizeof opts, .chunk = chunk};
    rdspol_run_free(w->run);
    rdspol_status status = rdspol_run_new(&w->run, w->bundle, w->facts, &opts, &error);
    ck_assert_msg(status == RDSPOL_OK, "%s", error.message);
    ck_assert_int_eq(rdspol_run_evaluate(w->run, &error), RDSPOL_OK);
}

void world_free(world *w)
{
    rdspol_run_free(w->run);
    rdspol_facts_free(w->facts);
    rdspol_bundle_close(w->bundle);
    image_free(&w->im);
}

rdspol_str str(const char *text)
{
    rdspol_str s = {text, strlen(text)};
    return s;
}

rdspol_finding world_finding(const world *w, uint32_t policy, const char *id)
{
    rdspol_cursor cursor = {{0}};
    rdspol_finding f;
    while (rdspol_run_next(w->run, &cursor, &f) == RDSPOL_OK) {
        if (f.policy == policy && f.id.len == strlen(id) && memcmp(f.id.ptr, id, f.id.len) == 0) {
            return f;
        }
    }
    memset(&f, 0, sizeof f);
    f.policy = RDSPOL_NONE;
    return f;
}

int world_verdict(const world *w, uint32_t policy, const char *id)
{
    rdspol_finding f = world_finding(w, policy, id);
    return f.policy == RDSPOL_NONE ? -1 : (int)f.verdict;
}
