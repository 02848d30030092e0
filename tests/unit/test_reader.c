// The reader: objects that come again become the same rows, however the bytes arrive. When memory
// runs out, whichever allocation fails, the answer is RDSPOL_NO_MEMORY with a message, nothing is
// kept, and with enough memory the same input is read.
#include "tests/unit/runner.h"
#include "collectors/files/include/rdspol_files.h"
#include "tests/unit/library.h"
#include "tests/unit/pieces.h"
#include "tests/unit/purse.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXAMPLE RDSPOL_SOURCE_DIR "/examples/fleet"

static rdspol_bundle *open_bundle(rdspol_compilation **done, library *lib)
{
    static const char source[] =
        "policy p on instance {\n"
        "  require instance.deletion_protection and instance.tags[\"owner\"] is present\n"
        "  require none g in instance.security_groups, r in g.ingress: any x in r.ranges: x == "
        "\"::/0\"\n"
        "  require none m in instance.parameter_groups: m.group.parameters[\"ssl\"]?.value == "
        "\"0\"\n"
        "  require none s in instance.subnet_group?.subnets: s.status == \"x\" or s.subnet.id == "
        "\"y\"\n"
        "  require instance.certificate_valid_till > now\n"
        "}\n";
    rdspol_bundle *bundle;
    library_open(lib);
    *done = library_compile(lib, source, 0);
    rdspol_str bytes = rdspol_compilation_bundle(*done);
    ck_assert_int_eq(rdspol_bundle_open(&bundle, bytes.ptr, bytes.len, NULL, NULL), RDSPOL_OK);
    return bundle;
}

// Reads and seals with so many allocations; the status of the first step that failed.
static rdspol_status read_with(const rdspol_bundle *bundle, int allocations, rdspol_error *error)
{
    purse p = {.left = allocations};
    rdspol_facts *facts = NULL;
    rdspol_facts_opts opts = {.size = sizeof opts, .alloc = purse_alloc, .alloc_ctx = &p};
    rdspol_files_opts files = {
        .size = sizeof files, .threads = 1, .alloc = purse_alloc, .alloc_ctx = &p};
    rdspol_str inputs[] = {{EXAMPLE, strlen(EXAMPLE)}};
    rdspol_status status = rdspol_facts_new(&facts, bundle, &opts, error);
    if (status == RDSPOL_OK) {
        status = rdspol_files_read(facts, inputs, 1, NULL, &files, error);
    }
    if (status == RDSPOL_OK) {
        status = rdspol_facts_seal(facts, error);
    }
    rdspol_facts_free(facts);
    ck_assert_int_eq(p.bytes, 0);
    ck_assert(p.denied == 0 || status != RDSPOL_OK); // nothing is left out quietly
    return status;
}

START_TEST(every_allocation_of_the_reader_may_fail)
{
    library lib;
    rdspol_compilation *done;
    rdspol_error error = {.message = ""};
    rdspol_bundle *bundle = open_bundle(&done, &lib);
    rdspol_status status = RDSPOL_NO_MEMORY;
    int failed = 0;
    for (int limit = 0; status != RDSPOL_OK; limit++) {
        status = read_with(bundle, limit, &error);
        if (status != RDSPOL_OK) {
            ck_assert_msg(status == RDSPOL_NO_MEMORY, "allocation %d: %s", limit, error.message);
            ck_assert_msg(strstr(error.message, "memory") != NULL, "allocation %d: %s", limit,
                          error.message);
            failed++;
        }
        ck_assert_int_lt(limit, 20000);
    }
    ck_assert_int_gt(failed, 50);
    rdspol_bundle_close(bundle);
    rdspol_compilation_free(done);
    library_close(&lib);
}
END_TEST

// ---- Objects that come again -------------------------------------------------------------------

// Tags, groups and records of few kinds, which come again in any order; some with a brace, an
// escape or a name twice in a text, some with members that are not read or are null, some longer
// than what is looked at to find them, one that does not parse.
static char *repeating_document(int instances)
{
    static const char *const tags[] = {"{\"Key\":\"owner\",\"Value\":\"a\"}",
                                       "{ \"Key\" : \"owner\", \"Value\" : \"}{\" }",
                                       "{\"Key\":\"o\\u0077ner\",\"Value\":\"b\"}",
                                       "{\"Value\":null,\"Key\":\"team\"}",
                                       "{\"Key\":\"x\"}",
                                       "{\"Other\":{\"Key\":1},\"Key\":\"y\",\"Value\":\"}\"}"};
    static const char *const groups[] = {
        "{\"DBParameterGroupName\":\"one\",\"ParameterApplyStatus\":\"in-sync\"}",
        "{\"ParameterApplyStatus\":\"pending-reboot\",\"DBParameterGroupName\":\"two\"}"};
    static const char *const subnets[] = {
        "{\"SubnetIdentifier\":\"subnet-1\",\"SubnetAvailabilityZone\":{\"Name\":\"a\"}}",
        "{\"SubnetIdentifier\":\"subnet-2\"}", "{}"};
    static const char *const certificates[] = {
        "{\"CAIdentifier\":\"ca\",\"ValidTill\":\"2027-01-01T00:00:00Z\"}",
        "{\"CAIdentifier\":\"ca\",\"ValidTill\":\"some day\"}"};
    static const char *const ranges[] = {"{\"CidrIp\":\"10.0.0.0/8\"}",
                                         "{\"CidrIp\":\"not a range\"}",
                                         "{\"CidrIp\":\"0.0.0.0/0\",\"Description\":\"} \\\" {\"}"};
    static const char *const rules[] = {
        "{\"IpProtocol\":\"-1\",\"IpRanges\":[{\"CidrIp\":\"nowhere, of many bytes\"}]}",
        "{\"IpProtocol\":\"tcp\",\"FromPort\":1,\"ToPort\":2,\"IpRanges\":[{\"CidrIp\":\"::/"
        "0\"}]}"};
    size_t capacity = (size_t)instances * 4096, at = 0;
    char *text = malloc(capacity);
    ck_assert_ptr_nonnull(text);
    at += (size_t)snprintf(text, capacity, "{\"DBInstances\":[");
    for (int i = 0; i < instances; i++) {
        char filler[400];
        memset(filler, 'a' + i % 3, sizeof filler);
        at += (size_t)snprintf(
            text + at, capacity - at,
            "%s{\"DBInstanceIdentifier\":\"i-%d\",\"Engine\":\"mysql\",\"DBInstanceArn\":"
            "\"arn:aws:rds:us-east-1:123456789012:db:i-%d\",\"TagList\":[%s,%s,%s],"
            "\"DBParameterGroups\":[%s],\"DBSubnetGroup\":{\"DBSubnetGroupDescription\":\"%.*s\","
            "\"DBSubnetGroupName\":\"group-%d\",\"Subnets\":[%s,%s]},\"CertificateDetails\":%s}",
            i == 0 ? "" : ",\n", i, i, tags[i % 6], tags[i * 5 % 7 % 6], tags[i * i % 6],
            groups[i / 3 % 2], (int)sizeof filler, filler, i % 4, subnets[i % 3],
            subnets[i / 2 % 3], certificates[i % 5 == 0]);
    }
    at += (size_t)snprintf(text + at, capacity - at, "]}\n{\"SecurityGroups\":[");
    for (int i = 0; i < instances; i++) {
        at +=
            (size_t)snprintf(text + at, capacity - at,
                             "%s{\"GroupId\":\"sg-%d\",\"GroupName\":\"g\",\"IpPermissions\":["
                             "{\"IpProtocol\":\"tcp\",\"IpRanges\":[%s,%s]},%s]}",
                             i == 0 ? "" : ",", i, ranges[i % 3], ranges[i / 2 % 3], rules[i % 2]);
    }
    (void)snprintf(text + at, capacity - at, "]}");
    return text;
}

typedef struct packed {
    char *bytes;
    size_t size;
} packed;

static int take(void *ctx, const void *data, size_t size)
{
    packed *p = ctx;
    p->bytes = realloc(p->bytes, p->size + size);
    ck_assert_ptr_nonnull(p->bytes);
    memcpy(p->bytes + p->size, data, size);
    p->size += size;
    return 1;
}

// What was read, packed.
static packed read_pieces(const rdspol_bundle *bundle, const char *text, size_t piece)
{
    rdspol_facts *facts;
    rdspol_error error = {.message = ""};
    pieces p = {{text, strlen(text)}, piece};
    rdspol_str name = {"x.json", 6};
    packed out = {NULL, 0};
    ck_assert_int_eq(rdspol_facts_new(&facts, bundle, NULL, &error), RDSPOL_OK);
    rdspol_status status = rdspol_files_read_stream(facts, name, read_piece, &p, NULL, &error);
    ck_assert_msg(status == RDSPOL_OK, "%s", error.message);
    ck_assert_int_eq(rdspol_facts_seal(facts, &error), RDSPOL_OK);
    ck_assert_int_eq(rdspol_facts_save(facts, take, &out, &error), RDSPOL_OK);
    rdspol_facts_free(facts);
    return out;
}

START_TEST(objects_that_come_again_become_the_same_rows)
{
    static const size_t sizes[] = {1, 7, 1000, SIZE_MAX};
    library lib;
    rdspol_compilation *done;
    rdspol_bundle *bundle = open_bundle(&done, &lib);
    char *text = repeating_document(300);
    packed slow = read_pieces(bundle, text, 1);
    ck_assert_uint_gt(slow.size, 10000);
    for (size_t i = 1; i < sizeof sizes / sizeof *sizes; i++) {
        packed other = read_pieces(bundle, text, sizes[i]);
        ck_assert_uint_eq(other.size, slow.size);
        ck_assert_msg(memcmp(other.bytes, slow.bytes, slow.size) == 0, "pieces of %zu", sizes[i]);
        free(other.bytes);
    }
    free(slow.bytes);
    free(text);
    rdspol_bundle_close(bundle);
    rdspol_compilation_free(done);
    library_close(&lib);
}
END_TEST

// ---- Bad values where good ones were before ----------------------------------------------------

// Objects of one shape, and behind them one with another value in the place of a member.
static char *document_with(int place, const char *value)
{
    static const char *const good[] = {
        "\"name\"",
        "true",
        "7",
        "5432",
        "[]",
        "{}",
        "[{\"Key\":\"a\",\"Value\":\"b\"},{\"Key\":\"c\",\"Value\":\"d\"}]"};
    static const char *const names[] = {
        "Engine",         "DeletionProtection", "BackupRetentionPeriod",
        "DbInstancePort", "DomainMemberships",  "Unread",
        "TagList"};
    enum { MEMBERS = sizeof good / sizeof *good, UNREAD = 5, OBJECTS = 90, ROOM = 64 * 1024 };
    char *text = malloc(ROOM);
    ck_assert_ptr_nonnull(text);
    int at = snprintf(text, ROOM, "{\"DBInstances\":[");
    for (int i = 0; i < OBJECTS; i++) {
        at += snprintf(text + at, (size_t)(ROOM - at), "%s\n {\"DBInstanceIdentifier\":\"i-%d\"",
                       i == 0 ? "" : ",", i);
        // Names that are data: each such value is another one.
        char strange[64];
        (void)snprintf(strange, sizeof strange, "{\"n-%d\": [\"x\", {\"y%d\": 1}, []]}", i, i);
        for (int m = 0; m < MEMBERS; m++) {
            bool here = m == place && i == OBJECTS - 1;
            at += snprintf(text + at, (size_t)(ROOM - at), ",\n  \"%s\": %s", names[m],
                           here          ? value
                           : m == UNREAD ? strange
                                         : good[m]);
        }
        at += snprintf(text + at, (size_t)(ROOM - at), "}");
    }
    (void)snprintf(text + at, (size_t)(ROOM - at), "\n]}");
    return text;
}

static rdspol_status read_as(const rdspol_bundle *bundle, const char *text, size_t piece,
                             rdspol_error *error)
{
    rdspol_facts *facts;
    pieces p = {{text, strlen(text)}, piece};
    rdspol_str name = {"x.json", 6};
    ck_assert_int_eq(rdspol_facts_new(&facts, bundle, NULL, error), RDSPOL_OK);
    error->message[0] = '\0';
    rdspol_status status = rdspol_files_read_stream(facts, name, read_piece, &p, NULL, error);
    rdspol_facts_free(facts);
    return status;
}

// Values, some of them no JSON, some not what a member may have.
// clang-format off
static const char *const odd_values[] = {
    "tru", "truex", "fals", "nul", "01", "1.", "1x", "-", "1e", "+1", "[", "[1,]", "[}", "{]",
    "{,}", "\"a", "\"\x01\"", "\"\\x\"", "\"\xff\"", "", "99999999999999999999", "1 2",
    "true false", "\"a\" \"b\"", "[{\"Key\":\"a\",\"Value\":\"b\"}",
    "[{\"Key\":\"a\",\"Value\":\"b\"},]", "[{\"Key\":\"a\",\"Key\":\"b\"}]", "[{\"Key\":1}]",
    "null", "0", "-0", "12", "false", "\"\"", "[ ]", "{ }", "[[]]", "3.0", "\"\\u0041\""};
// clang-format on

// Whether a document is refused: with the same message in pieces of any size.
static bool is_refused(const rdspol_bundle *bundle, int place, const char *value)
{
    static const size_t sizes[] = {7, 100, SIZE_MAX};
    rdspol_error slow, other;
    char *text = document_with(place, value);
    rdspol_status expected = read_as(bundle, text, 1, &slow);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        ck_assert_msg(read_as(bundle, text, sizes[i], &other) == expected, "%s at %d: %s / %s",
                      value, place, slow.message, other.message);
        ck_assert_str_eq(slow.message, other.message);
    }
    free(text);
    return expected != RDSPOL_OK;
}

// What is read in a few steps, because it was so before, is checked like what is read byte by byte.
START_TEST(bad_values_behind_good_ones_are_found_in_pieces_of_any_size)
{
    library lib;
    rdspol_compilation *done;
    rdspol_bundle *bundle = open_bundle(&done, &lib);
    int refused = 0;
    for (size_t v = 0; v < sizeof odd_values / sizeof *odd_values; v++) {
        for (int place = 0; place < 7; place++) {
            refused += is_refused(bundle, place, odd_values[v]);
        }
    }
    ck_assert_int_gt(refused, 150);
    ck_assert_int_lt(refused, 240);
    rdspol_bundle_close(bundle);
    rdspol_compilation_free(done);
    library_close(&lib);
}
END_TEST

static void add_tests(TCase *c)
{
    tcase_add_test(c, bad_values_behind_good_ones_are_found_in_pieces_of_any_size);
    tcase_add_test(c, objects_that_come_again_become_the_same_rows);
    tcase_add_test(c, every_allocation_of_the_reader_may_fail);
}

int main(void)
{
    return run_suite("reader", 300, add_tests);
}
