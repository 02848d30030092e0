// Asking AWS without AWS: delays, rates and dates, requests of each protocol, answers of every
// kind, names on the wire, saved documents, and what is put right after a failure. Each survives
// each failing allocation.
#include "collectors/live/call.h"
#include "collectors/live/fail.h"
#include "collectors/live/retry.h"
#include "collectors/live/saved.h"
#include "collectors/live/session.h"
#include "tests/unit/purse.h"
#include "tests/unit/runner.h"

#include <stdio.h>

static rp_alloc libc(void)
{
    return rp_alloc_or_libc((rp_alloc){0});
}

static void check_str(rp_str text, const char *expected)
{
    ck_assert_msg(rp_str_equal(text, rp_str_from(expected)), "\"%.*s\", not \"%s\"", (int)text.len,
                  text.ptr, expected);
}

// What is taken out of an answer leaves spaces.
static void check_without_spaces(rp_str text, const char *expected)
{
    char without[512];
    size_t size = 0;
    ck_assert_uint_lt(text.len, sizeof without);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != ' ') without[size++] = text.ptr[i];
    }
    check_str(rp_str_make(without, size), expected);
}

// ---- Retries -----------------------------------------------------------------------------------

START_TEST(delays_are_random_parts_of_a_time_that_doubles)
{
    uint64_t random = 7;
    for (uint32_t attempt = 1; attempt < 40; attempt++) {
        uint32_t most = attempt < 8 ? 100u << attempt : 20000, least = UINT32_MAX, highest = 0;
        if (most > 20000) most = 20000;
        for (int i = 0; i < 200; i++) {
            uint32_t delay = rp_retry_delay(&random, attempt, "");
            ck_assert_uint_le(delay, most);
            least = delay < least ? delay : least;
            highest = delay > highest ? delay : highest;
        }
        ck_assert_uint_lt(least, most / 4);
        ck_assert_uint_gt(highest, most / 4 * 3);
    }
}
END_TEST

START_TEST(retry_after_is_kept_to_up_to_a_minute)
{
    uint64_t random = 7;
    ck_assert_uint_eq(rp_retry_delay(&random, 1, "3"), 3000);
    ck_assert_uint_eq(rp_retry_delay(&random, 1, "60"), 60000);
    ck_assert_uint_eq(rp_retry_delay(&random, 1, "99999999999"), 60000);
    static const char *const none[] = {"", "-5", "soon", "Wed, 21 Oct 2015 07:28:00 GMT", "1.5"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        ck_assert_uint_le(rp_retry_delay(&random, 1, none[i]), 200);
}
END_TEST

static rp_next next_of(const char *code, long status, bool readable)
{
    rp_http_answer answer = {.status = status};
    rp_outcome out = {.code = rp_str_from(code), .unreadable = !readable};
    return rp_retry_next(&answer, &out);
}

START_TEST(codes_say_what_to_do)
{
    static const struct {
        const char *code;
        long status;
        rp_next next;
    } cases[] = {{"Throttling", 400, RP_NEXT_SLOWER},
                 {"ThrottlingException", 400, RP_NEXT_SLOWER},
                 {"RequestLimitExceeded", 503, RP_NEXT_SLOWER},
                 {"SlowDown", 503, RP_NEXT_SLOWER},
                 {"AnyThing", 429, RP_NEXT_SLOWER},
                 {"ExpiredToken", 403, RP_NEXT_RENEW},
                 {"ExpiredTokenException", 400, RP_NEXT_RENEW},
                 {"RequestExpired", 400, RP_NEXT_RENEW},
                 {"RequestTimeTooSkewed", 403, RP_NEXT_CLOCK},
                 {"SignatureDoesNotMatch", 403, RP_NEXT_CLOCK},
                 {"InvalidSignatureException", 400, RP_NEXT_CLOCK},
                 {"InternalFailure", 500, RP_NEXT_AGAIN},
                 {"ServiceUnavailable", 503, RP_NEXT_AGAIN},
                 {"AnyThing", 502, RP_NEXT_AGAIN},
                 {"AccessDenied", 403, RP_NEXT_GIVE_UP},
                 {"UnauthorizedOperation", 403, RP_NEXT_GIVE_UP},
                 {"NotFoundException", 400, RP_NEXT_GIVE_UP},
                 {"UnrecognizedClientException", 400, RP_NEXT_GIVE_UP},
                 {"OptInRequired", 401, RP_NEXT_GIVE_UP}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rp_next next = next_of(cases[i].code, cases[i].status, true);
        ck_assert_msg(next == cases[i].next, "%s %ld: %d", cases[i].code, cases[i].status,
                      (int)next);
    }
    ck_assert_int_eq(next_of("UnreadableAnswer", 200, false), RP_NEXT_AGAIN);
    ck_assert_int_eq(next_of("HTTP302", 302, false), RP_NEXT_GIVE_UP);
    ck_assert_int_eq(next_of("HTTP404", 404, false), RP_NEXT_GIVE_UP);
}
END_TEST

START_TEST(faults_of_transport_pass_but_for_those_that_stay)
{
    rp_outcome out = {0};
    for (int fault = RP_HTTP_CONNECT; fault <= RP_HTTP_NO_MEMORY; fault++) {
        rp_http_answer answer = {.fault = (rp_http_fault)fault};
        bool passes = fault == RP_HTTP_CONNECT || fault == RP_HTTP_TIME || fault == RP_HTTP_BROKEN;
        ck_assert_int_eq(rp_retry_next(&answer, &out), passes ? RP_NEXT_AGAIN : RP_NEXT_GIVE_UP);
        ck_assert_uint_gt(strlen(rp_fault_code((rp_http_fault)fault)), 4);
    }
}
END_TEST

START_TEST(dates_of_answers)
{
    int64_t ms = -1;
    ck_assert(rp_http_date("Thu, 01 Jan 1970 00:00:10 GMT", &ms));
    ck_assert_int_eq(ms, 10000);
    ck_assert(rp_http_date("Sun, 29 Nov 2026 21:08:35 GMT", &ms));
    ck_assert_int_eq(ms, INT64_C(1795986515000));
    static const char *const none[] = {"",
                                       "now",
                                       "Sun, 29 Foo 2026 21:08:35 GMT",
                                       "Sun, 29 ovD 2026 21:08:35 GMT",
                                       "Sun, 31 Feb 2026 21:08:35 GMT",
                                       "Sun, 29 Nov 2026 25:08:35 GMT",
                                       "Sun, 29 No 2026 21:08:35 GMT"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        ck_assert_msg(!rp_http_date(none[i], &ms), "%s", none[i]);
}
END_TEST

START_TEST(buckets_keep_to_a_rate)
{
    rp_bucket b;
    rp_bucket_init(&b, 3, 10, 1000);
    for (int i = 0; i < 3; i++) ck_assert(rp_bucket_take(&b, 1000));
    ck_assert(!rp_bucket_take(&b, 1000));
    uint32_t wait = rp_bucket_wait(&b, 1000);
    ck_assert(wait >= 100 && wait <= 102);
    ck_assert(!rp_bucket_take(&b, 1050));
    ck_assert(rp_bucket_take(&b, 1000 + wait));
    ck_assert(!rp_bucket_take(&b, 1000 + wait));
    int taken = 0; // never more than the burst, however long nothing was asked
    while (rp_bucket_take(&b, 1000000)) taken++;
    ck_assert_int_eq(taken, 3);
}
END_TEST

START_TEST(a_bucket_goes_slower_once_for_what_was_under_way)
{
    rp_bucket b;
    rp_bucket_init(&b, 100, 16, 0);
    for (int i = 0; i < 16; i++) rp_bucket_slow(&b, 50, 100);
    ck_assert(b.rate > 0.0079 && b.rate < 0.0081);
    ck_assert(!rp_bucket_take(&b, 100)); // nothing saved up
    rp_bucket_slow(&b, 150, 200);
    ck_assert(b.rate > 0.0039 && b.rate < 0.0041);
    for (int64_t t = 300; t < 3000; t += 100) rp_bucket_slow(&b, t, t);
    ck_assert(b.rate > 0.00099); // not slower than a sixteenth
    for (int i = 0; i < 50; i++) rp_bucket_went_well(&b);
    ck_assert(b.rate <= b.full_rate && b.rate > b.full_rate * 0.99);
}
END_TEST

// ---- Requests ----------------------------------------------------------------------------------

static rp_call call_of(const char *service, const char *operation)
{
    rp_call call = {.info = rp_call_find(rp_str_from(service), rp_str_from(operation))};
    ck_assert_ptr_nonnull(call.info);
    return call;
}

static void add(rp_call *call, const char *name, const char *value)
{
    call->names[call->count] = rp_str_from(name);
    call->values[call->count++] = rp_str_from(value);
}

static void check_request(const rp_call *call, const char *method, const char *url,
                          const char *body)
{
    rp_arena arena;
    rp_http_request request;
    rp_arena_init(&arena, libc());
    ck_assert(rp_call_request(call, RP_STR("https://x"), &arena, &request));
    check_str(request.method, method);
    check_str(request.url, url);
    check_str(request.body, body);
    rp_arena_clear(&arena);
}

START_TEST(requests_of_each_protocol)
{
    rp_call query = call_of("rds", "DescribeDBParameters");
    add(&query, "DBParameterGroupName", "a b&c=\xc3\xa9");
    query.token = RP_STR("+/=");
    check_request(&query, "POST", "https://x/",
                  "Action=DescribeDBParameters&Version=2014-10-31&DBParameterGroupName="
                  "a%20b%26c%3D%C3%A9&MaxRecords=100&Marker=%2B%2F%3D");
    rp_call ec2 = call_of("ec2", "DescribeRegions");
    check_request(&ec2, "POST", "https://x/", "Action=DescribeRegions&Version=2016-11-15");
    rp_call json = call_of("kms", "DescribeKey");
    add(&json, "KeyId", "a\"\\\n\x01");
    check_request(&json, "POST", "https://x/", "{\"KeyId\":\"a\\\"\\\\\\n\\u0001\"}");
    rp_call list = call_of("secretsmanager", "ListSecrets");
    list.token = RP_STR("t");
    check_request(&list, "POST", "https://x/", "{\"MaxResults\":100,\"NextToken\":\"t\"}");
    rp_call rest = call_of("backup", "ListBackupSelections");
    add(&rest, "BackupPlanId", "../p?#");
    rest.token = RP_STR("a=b");
    check_request(&rest, "GET",
                  "https://x/backup/plans/..%2Fp%3F%23/selections/?maxResults=1000&nextToken="
                  "a%3Db",
                  "");
}
END_TEST

START_TEST(a_path_without_its_argument_is_no_request)
{
    rp_arena arena;
    rp_http_request request;
    rp_arena_init(&arena, libc());
    rp_call call = call_of("backup", "GetBackupSelection");
    add(&call, "BackupPlanId", "p");
    ck_assert(!rp_call_request(&call, RP_STR("https://x"), &arena, &request));
    add(&call, "SelectionId", "");
    ck_assert(!rp_call_request(&call, RP_STR("https://x"), &arena, &request));
    rp_arena_clear(&arena);
    ck_assert_ptr_null(rp_call_find(RP_STR("rds"), RP_STR("DeleteDBInstance")));
}
END_TEST

START_TEST(requests_survive_each_failing_allocation)
{
    rp_call call = call_of("backup", "ListBackupSelections");
    add(&call, "BackupPlanId", "p");
    bool good = false;
    for (int n = 0; !good; n++) {
        purse p = {.left = n};
        rp_arena arena;
        rp_http_request request;
        rp_arena_init(&arena, (rp_alloc){purse_alloc, &p});
        good = rp_call_request(&call, RP_STR("https://x"), &arena, &request);
        ck_assert(good == (p.denied == 0));
        rp_arena_clear(&arena);
        ck_assert_int_eq(p.bytes, 0);
        ck_assert_int_lt(n, 100);
    }
}
END_TEST

// ---- Answers -----------------------------------------------------------------------------------

typedef struct answer_case {
    const char *service, *operation, *member;
    long status;
    const char *body;
    const char *code;     // NULL: a good answer
    const char *response; // of a good one
    const char *token, *items;
} answer_case;

#define RDS(rows)                                                                                  \
    "<DescribeDBInstancesResponse xmlns=\"http://x/\"><DescribeDBInstancesResult>" rows            \
    "</DescribeDBInstancesResult></DescribeDBInstancesResponse>"
#define INSTANCES "rds", "DescribeDBInstances", "DBInstances"
#define SECRETS "secretsmanager", "ListSecrets", "SecretList"
#define ROW "<DBInstance><DBInstanceIdentifier>a&amp;b</DBInstanceIdentifier></DBInstance>"

static const answer_case cases[] = {
    {INSTANCES, 200, RDS("<DBInstances>" ROW "</DBInstances>"), NULL,
     "{\"DBInstances\":[{\"DBInstanceIdentifier\":\"a&b\"}]}", "",
     "{\"DBInstanceIdentifier\":\"a&b\"}"},
    {INSTANCES, 200, RDS("<Marker>m</Marker><DBInstances/>"), NULL, "{\"DBInstances\":[]}", "m",
     ""},
    {INSTANCES, 200, RDS("<DBInstances/><Marker>m</Marker>"), NULL, "{\"DBInstances\":[]}", "m",
     ""},
    // Any name of a row, and members that nobody knows.
    {INSTANCES, 200,
     RDS("<New><Deep>x</Deep></New><DBInstances><member><Engine>e</Engine></member></DBInstances>"),
     NULL, "{\"DBInstances\":[{\"Engine\":\"e\"}]}", "", "{\"Engine\":\"e\"}"},
    {INSTANCES, 200,
     RDS("<DBInstances><DBInstance><MultiAZ>true</MultiAZ><AllocatedStorage> 5 "
         "</AllocatedStorage><Iops/></DBInstance></DBInstances>"),
     NULL, "{\"DBInstances\":[{\"MultiAZ\":true,\"AllocatedStorage\":5,\"Iops\":null}]}", "",
     "{\"MultiAZ\":true,\"AllocatedStorage\":5,\"Iops\":null}"},
    {INSTANCES, 200, RDS("<DBInstances>none</DBInstances>"), "UnreadableAnswer", NULL, NULL, NULL},
    {INSTANCES, 200,
     RDS("<DBInstances><DBInstance><Engine><x/>e</Engine></DBInstance></DBInstances>"),
     "UnreadableAnswer", NULL, NULL, NULL},
    {INSTANCES, 200, RDS("<DBInstances/><DBInstances/>"), "UnreadableAnswer", NULL, NULL, NULL},
    {INSTANCES, 200, RDS("<Marker>a</Marker><Marker>b</Marker>"), "UnreadableAnswer", NULL, NULL,
     NULL},
    {INSTANCES, 200, "<OtherResponse><OtherResult/></OtherResponse>", "UnreadableAnswer", NULL,
     NULL, NULL},
    {INSTANCES, 200, "<DescribeDBInstancesResponse>", "UnreadableAnswer", NULL, NULL, NULL},
    {INSTANCES, 200, "<!DOCTYPE x [<!ENTITY a \"b\">]>" RDS("<DBInstances/>"), "UnreadableAnswer",
     NULL, NULL, NULL},
    {INSTANCES, 200, "<html><body>hello</body></html>", "UnreadableAnswer", NULL, NULL, NULL},
    {INSTANCES, 200, "", "UnreadableAnswer", NULL, NULL, NULL},
    {INSTANCES, 200, RDS("<DBInstances>\xff</DBInstances>"), "UnreadableAnswer", NULL, NULL, NULL},
    {INSTANCES, 500, "", "HTTP500", NULL, NULL, NULL},
    {INSTANCES, 403, "<html>no</html>", "Forbidden", NULL, NULL, NULL},
    {INSTANCES, 401, "", "Unauthorized", NULL, NULL, NULL},
    {INSTANCES, 429, "slow", "TooManyRequests", NULL, NULL, NULL},
    {INSTANCES, 302, "", "HTTP302", NULL, NULL, NULL},
    {INSTANCES, 200, "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>",
     "Throttling", NULL, NULL, NULL},
    {INSTANCES, 400, "<ErrorResponse><Error/></ErrorResponse>", "Error", NULL, NULL, NULL},
    {"ec2", "DescribeVpcs", "Vpcs", 403,
     "<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>",
     "UnauthorizedOperation", NULL, NULL, NULL},
    {"sns", "GetTopicAttributes", "Attributes", 200,
     "<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes><entry><key>k</key>"
     "<value>v</value></entry></Attributes></GetTopicAttributesResult>"
     "</GetTopicAttributesResponse>",
     NULL, "{\"Attributes\":{\"k\":\"v\"}}", "", ""},
    {"sns", "GetTopicAttributes", "Attributes", 200,
     "<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes><entry><key>k</key>"
     "</entry></Attributes></GetTopicAttributesResult></GetTopicAttributesResponse>",
     "UnreadableAnswer", NULL, NULL, NULL},
    {SECRETS, 200, "{\"SecretList\":[ ]}", NULL, "{\"SecretList\":[]}", "", ""},
    {SECRETS, 200, "{\"NextToken\":\"t\", \"SecretList\":[1]}", NULL, "{\"SecretList\":[1]}", "t",
     "1"},
    {SECRETS, 200, "{\"SecretList\":[1] , \"NextToken\":\"t\"}", NULL, "{\"SecretList\":[1]}", "t",
     "1"},
    {SECRETS, 200, "{\"NextToken\":\"t\"}", NULL, "{}", "t", ""},
    {SECRETS, 200, "{\"SecretList\":[],\"NextToken\":null}", NULL, "{\"SecretList\":[]}", "", ""},
    {SECRETS, 200, "{\"SecretList\":[],\"NextToken\":7}", "UnreadableAnswer", NULL, NULL, NULL},
    {SECRETS, 200, "{\"SecretList\":{}}", "UnreadableAnswer", NULL, NULL, NULL},
    {SECRETS, 200, "{\"Other\":[]}", "UnreadableAnswer", NULL, NULL, NULL},
    {SECRETS, 200, "{\"SecretList\":[]} x", "UnreadableAnswer", NULL, NULL, NULL},
    {SECRETS, 200, "[]", "UnreadableAnswer", NULL, NULL, NULL},
    {SECRETS, 200, "{\"SecretList\":[\"\xff\"]}", "UnreadableAnswer", NULL, NULL, NULL},
    {"kms", "DescribeKey", "KeyMetadata", 400,
     "{\"__type\":\"com.amazonaws.kms#NotFoundException\",\"message\":\"m\"}", "NotFoundException",
     NULL, NULL, NULL},
    {"kms", "DescribeKey", "KeyMetadata", 403,
     "<?xml version=\"1.0\"?><ErrorResponse><Errors><Error><Code>AccessDenied</Code></Error>"
     "</Errors></ErrorResponse>",
     "AccessDenied", NULL, NULL, NULL},
    {"kms", "DescribeKey", "KeyMetadata", 403, "<html/>", "Forbidden", NULL, NULL, NULL},
    {"kms", "DescribeKey", "KeyMetadata", 200, "{\"Other\":{}}", "UnreadableAnswer", NULL, NULL,
     NULL},
    {"backup", "GetBackupSelection", "BackupSelection", 200, "{}", "UnreadableAnswer", NULL, NULL,
     NULL},
    {"backup", "GetBackupPlan", "BackupPlan", 200,
     "{\"BackupPlan\":{\"Rules\":[{\"RuleName\":\"a\",\"RecoveryPointTags\":{\"k\":\"s\"}}]}}", NULL,
     "{\"BackupPlan\":{\"Rules\":[{\"RuleName\":\"a\"}]}}", "", ""},
    {"rds", "DescribeOptionGroups", "OptionGroupsList", 200,
     "<DescribeOptionGroupsResponse><DescribeOptionGroupsResult><OptionGroupsList><OptionGroup>"
     "<Options><Option><OptionSettings>"
     "<OptionSetting><Name>SQLNET.SSL_VERSION</Name><Value>1.2</Value></OptionSetting>"
     "<OptionSetting><Name>AGENT_REGISTRATION_PASSWORD</Name><Value>x</Value></OptionSetting>"
     "</OptionSettings></Option></Options></OptionGroup></OptionGroupsList>"
     "</DescribeOptionGroupsResult></DescribeOptionGroupsResponse>",
     NULL,
     "{\"OptionGroupsList\":[{\"Options\":[{\"OptionSettings\":["
     "{\"Name\":\"SQLNET.SSL_VERSION\",\"Value\":\"1.2\"},"
     "{\"Name\":\"AGENT_REGISTRATION_PASSWORD\"}]}]}]}",
     "",
     "{\"Options\":[{\"OptionSettings\":[{\"Name\":\"SQLNET.SSL_VERSION\",\"Value\":\"1.2\"},"
     "{\"Name\":\"AGENT_REGISTRATION_PASSWORD\"}]}]}"},
    {"kms", "DescribeKey", "KeyMetadata", 500, "", "HTTP500", NULL, NULL, NULL},
    {"kms", "DescribeKey", "KeyMetadata", 400, "{}", "HTTP400", NULL, NULL, NULL},
};

static bool read_case(const answer_case *c, rp_decoder *decoder, rp_alloc alloc, rp_arena *arena,
                      rp_outcome *out)
{
    rp_call call = call_of(c->service, c->operation);
    rp_http_answer answer = {.status = c->status};
    rp_buf_init(&answer.body, libc(), SIZE_MAX);
    rp_buf_add_text(&answer.body, c->body);
    rp_arena_init(arena, alloc);
    bool good = rp_call_outcome(decoder, call.info, rp_str_from(c->member), &answer, arena, out);
    rp_http_answer_clear(&answer);
    return good;
}

START_TEST(answers_of_every_kind)
{
    const answer_case *c = &cases[_i];
    rp_decoder decoder;
    rp_arena arena;
    rp_outcome out;
    rdspol_error error;
    ck_assert_int_eq(rp_decoder_init(&decoder, libc(), &error), RDSPOL_OK);
    ck_assert(read_case(c, &decoder, libc(), &arena, &out));
    ck_assert_msg(out.good == (c->code == NULL), "%s: %.*s", c->body, (int)out.message.len,
                  out.message.ptr);
    if (c->code != NULL) {
        check_str(out.code, c->code);
    } else {
        check_without_spaces(out.response, c->response);
        check_str(out.token, c->token);
        check_str(out.items, c->items);
    }
    rp_arena_clear(&arena);
    rp_decoder_clear(&decoder);
}
END_TEST

// Memory that runs out is neither an answer nor an error of AWS.
START_TEST(answers_survive_each_failing_allocation)
{
    const answer_case *c = &cases[_i];
    bool done = false;
    for (int n = 0; !done; n++) {
        purse p = {.left = INT32_MAX};
        rp_alloc alloc = {purse_alloc, &p};
        rp_decoder decoder;
        rp_arena arena;
        rp_outcome out;
        rdspol_error error;
        ck_assert_int_eq(rp_decoder_init(&decoder, alloc, &error), RDSPOL_OK);
        p.left = n;
        bool read = read_case(c, &decoder, alloc, &arena, &out);
        done = p.denied == 0;
        ck_assert(read || p.denied > 0);
        // The scanner does without some of what it asks for.
        if (read && out.good) check_without_spaces(out.response, c->response);
        rp_arena_clear(&arena);
        rp_decoder_clear(&decoder);
        ck_assert_int_eq(p.bytes, 0);
        ck_assert_int_lt(n, 300);
    }
}
END_TEST

START_TEST(messages_are_cut_between_characters)
{
    char body[4096];
    rp_decoder decoder;
    rp_arena arena;
    rp_outcome out;
    rdspol_error error;
    answer_case c = {.service = "rds",
                     .operation = "DescribeDBInstances",
                     .member = "DBInstances",
                     .status = 400,
                     .body = body};
    ck_assert_int_eq(rp_decoder_init(&decoder, libc(), &error), RDSPOL_OK);
    for (int shift = 0; shift < 4; shift++) {
        int size = snprintf(body, sizeof body, "<ErrorResponse><Error><Code>X</Code><Message>%.*s",
                            shift, "aaa");
        for (int i = 0; i < 300; i++)
            size += snprintf(body + size, sizeof body - (size_t)size, "\xf0\x9f\x98\x80");
        snprintf(body + size, sizeof body - (size_t)size, "</Message></Error></ErrorResponse>");
        ck_assert(read_case(&c, &decoder, libc(), &arena, &out));
        ck_assert_uint_gt(out.message.len, 200);
        ck_assert_uint_eq((out.message.len - (size_t)shift) % 4, 0);
        rp_arena_clear(&arena);
    }
    rp_decoder_clear(&decoder);
    check_str(rp_fail_cut(RP_STR("a\xc3\xa9"), 2), "a");
    check_str(rp_fail_cut(RP_STR("a\xc3\xa9"), 3), "a\xc3\xa9");
    check_str(rp_fail_cut(RP_STR("\x80\x80"), 1), "");
}
END_TEST

// ---- Names on the wire -------------------------------------------------------------------------

START_TEST(members_are_found_from_where_the_last_one_was)
{
    rp_wire wire;
    ck_assert(rp_wire_load(&wire, libc()));
    const rp_wire_node *answer = rp_wire_find(&wire, RP_STR("ec2:DescribeSecurityGroups"));
    ck_assert_ptr_nonnull(answer);
    const rp_wire_node *groups = rp_wire_member(answer, NULL, RP_STR("securityGroupInfo"));
    ck_assert_ptr_nonnull(groups);
    check_str(groups->name, "SecurityGroups");
    ck_assert_int_eq(groups->kind, RP_WIRE_LIST);
    for (const rp_wire_node *a = groups->first; a != NULL; a = a->next) {
        for (const rp_wire_node *b = groups->first; b != NULL; b = b->next)
            ck_assert_ptr_eq(rp_wire_member(groups, a, b->wire), b);
        ck_assert_ptr_null(rp_wire_member(groups, a, RP_STR("none")));
    }
    ck_assert_ptr_null(rp_wire_find(&wire, RP_STR("rds:DeleteDBInstance")));
    rp_wire_clear(&wire);
}
END_TEST

START_TEST(names_survive_each_failing_allocation)
{
    bool good = false;
    for (int n = 0; !good; n++) {
        purse p = {.left = n};
        rp_wire wire;
        good = rp_wire_load(&wire, (rp_alloc){purse_alloc, &p});
        ck_assert(good == (p.denied == 0));
        rp_wire_clear(&wire);
        ck_assert_int_eq(p.bytes, 0);
    }
}
END_TEST

// ---- Saved documents ---------------------------------------------------------------------------

typedef struct seen {
    int count, stop_after;
    char last[64];
} seen;

static bool see(void *ctx, const rp_saved_answer *answer)
{
    seen *s = ctx;
    s->count++;
    (void)snprintf(s->last, sizeof s->last, "%.*s %zu %.*s %.*s", (int)answer->operation.len,
                   answer->operation.ptr, answer->count, (int)answer->code.len, answer->code.ptr,
                   (int)answer->response.len, answer->response.ptr);
    return s->count != s->stop_after;
}

static rdspol_status read_saved(const char *text, seen *s, rp_alloc alloc, rdspol_error *error)
{
    char padded[512] = {0};
    rp_saved_walk walk = {see, s, {0}};
    ck_assert_uint_lt(strlen(text) + RP_SAVED_PAD, sizeof padded);
    memcpy(padded, text, strlen(text));
    return rp_saved_read(rp_str_make(padded, strlen(text)), &walk, alloc, error);
}

static const char saved[] =
    "{\"rdspol_facts\":1,\"collected\":\"2026-11-24T00:00:00Z\",\"answers\":[\n"
    "{\"Operation\":\"kms:DescribeKey\",\"account\":\"1\",\"region\":\"r\",\"Request\":{\"KeyId\":"
    "\"k\"},\"Response\":{\"KeyMetadata\":{}}},\n"
    "{\"Operation\":\"rds:DescribeDBInstances\",\"Error\":{\"Code\":\"AccessDenied\"}}],"
    "\"scope\":[]}";

START_TEST(saved_documents_are_walked)
{
    seen s = {0};
    rdspol_error error;
    ck_assert_int_eq(read_saved(saved, &s, libc(), &error), RDSPOL_OK);
    ck_assert_int_eq(s.count, 2);
    ck_assert_str_eq(s.last, "rds:DescribeDBInstances 0 AccessDenied ");
    s = (seen){.stop_after = 1};
    ck_assert_int_eq(read_saved(saved, &s, libc(), &error), RDSPOL_OK);
    ck_assert_str_eq(s.last, "kms:DescribeKey 1  {\"KeyMetadata\":{}}");
    static const char *const odd[] = {"",
                                      "[]",
                                      "{}",
                                      "{\"rdspol_facts\":2,\"answers\":[]}",
                                      "{\"rdspol_facts\":1,\"answers\":{}}",
                                      "{\"rdspol_facts\":1,\"answers\":[7]}",
                                      "{\"rdspol_facts\":1,\"answers\":[{}",
                                      ("{\"rdspol_facts\":1,\"answers\":[{\"Request\":{\"a\":\"1\","
                                       "\"b\":\"1\",\"c\":\"1\",\"d\":\"1\",\"e\":\"1\"}}]}")};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        s = (seen){0};
        ck_assert_msg(read_saved(odd[i], &s, libc(), &error) != RDSPOL_OK, "%s", odd[i]);
        ck_assert_uint_gt(strlen(error.message), 5);
    }
}
END_TEST

START_TEST(saved_documents_survive_each_failing_allocation)
{
    rdspol_status status = RDSPOL_NO_MEMORY;
    for (int n = 0; status != RDSPOL_OK; n++) {
        purse p = {.left = n};
        seen s = {0};
        rdspol_error error = {.message = ""};
        status = read_saved(saved, &s, (rp_alloc){purse_alloc, &p}, &error);
        ck_assert_msg(status == (p.denied == 0 ? RDSPOL_OK : RDSPOL_NO_MEMORY), "%d: %s", n,
                      error.message);
        ck_assert_int_eq(p.bytes, 0);
        ck_assert_int_lt(n, 100);
    }
}
END_TEST

// ---- What is put right -------------------------------------------------------------------------

typedef struct holder {
    int asked, renewed;
    bool fails;
} holder;

static rdspol_status give_keys(void *ctx, bool renew, rp_keys *out, rdspol_error *error)
{
    holder *h = ctx;
    (void)error;
    h->asked++;
    h->renewed += renew;
    *out =
        (rp_keys){RP_STR("AKIA"), RP_STR("0123456789abcdefSECRET"), RP_STR("TOKENTOKENTOKENTOKEN")};
    return renew && h->fails ? RDSPOL_INPUT : RDSPOL_OK;
}

START_TEST(keys_are_renewed_once_for_all_that_were_under_way)
{
    holder h = {0};
    rp_account account = {.keys = give_keys, .ctx = &h};
    rp_session session;
    rp_http_answer answer = {.status = 403};
    rp_session_init(&session, &account, RP_STR("r"));
    rp_signed used = rp_session_signed(&session);
    for (int i = 0; i < 16; i++)
        ck_assert(rp_session_correct(&session, RP_NEXT_RENEW, &used, &answer));
    ck_assert_int_eq(h.renewed, 1);
    used = rp_session_signed(&session);
    ck_assert(rp_session_correct(&session, RP_NEXT_RENEW, &used, &answer));
    used = rp_session_signed(&session); // twice in vain is enough
    ck_assert(!rp_session_correct(&session, RP_NEXT_RENEW, &used, &answer));
    ck_assert_int_eq(h.renewed, 2);
    rp_session_went_well(&session);
    ck_assert(rp_session_correct(&session, RP_NEXT_RENEW, &used, &answer));
    h.fails = true;
    used = rp_session_signed(&session);
    ck_assert(!rp_session_correct(&session, RP_NEXT_RENEW, &used, &answer));
    ck_assert(!rp_session_correct(&session, RP_NEXT_AGAIN, &used, &answer));
}
END_TEST

START_TEST(the_clock_is_corrected_once_for_all_that_were_under_way)
{
    holder h = {0};
    rp_account account = {.keys = give_keys, .ctx = &h};
    rp_session session;
    rp_http_answer answer = {.status = 403, .date = "Thu, 01 Jan 2099 00:00:00 GMT"};
    rp_session_init(&session, &account, RP_STR("r"));
    rp_signed used = rp_session_signed(&session);
    for (int i = 0; i < 16; i++)
        ck_assert(rp_session_correct(&session, RP_NEXT_CLOCK, &used, &answer));
    ck_assert_int_gt(account.clock_offset, 0);
    used = rp_session_signed(&session); // signed by that clock, and refused again: it is not that
    ck_assert(!rp_session_correct(&session, RP_NEXT_CLOCK, &used, &answer));
    answer.date[0] = '\0';
    ck_assert(!rp_session_correct(&session, RP_NEXT_CLOCK, &used, &answer));
    ck_assert_int_eq(h.renewed, 0);
}
END_TEST

START_TEST(what_repeats_credentials_is_not_shown)
{
    static const struct {
        const char *message;
        bool shown;
    } texts[] = {{"User: x is not authorized", true},
                 {"should have been 'x-amz-security-token:abc'", false},
                 {"got TOKENTOKENTOKENTOKEN", false},
                 {"got TOKENTOKENTOKENT", false},
                 {"got 0123456789abcdefSECRET", false},
                 {"got 0123456789", true}};
    holder h = {0};
    rp_account account = {.keys = give_keys, .ctx = &h};
    rp_session session;
    rp_session_init(&session, &account, RP_STR("r"));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        rp_outcome out = {.code = RP_STR("X"), .message = rp_str_from(texts[i].message)};
        rp_session_hide(&session, &out);
        ck_assert_msg(rp_str_equal(out.message, rp_str_from(texts[i].message)) == texts[i].shown,
                      "%s", texts[i].message);
    }
}
END_TEST

static void add_tests(TCase *c)
{
    int count = (int)(sizeof cases / sizeof cases[0]);
    tcase_add_test(c, delays_are_random_parts_of_a_time_that_doubles);
    tcase_add_test(c, retry_after_is_kept_to_up_to_a_minute);
    tcase_add_test(c, codes_say_what_to_do);
    tcase_add_test(c, faults_of_transport_pass_but_for_those_that_stay);
    tcase_add_test(c, dates_of_answers);
    tcase_add_test(c, buckets_keep_to_a_rate);
    tcase_add_test(c, a_bucket_goes_slower_once_for_what_was_under_way);
    tcase_add_test(c, requests_of_each_protocol);
    tcase_add_test(c, a_path_without_its_argument_is_no_request);
    tcase_add_test(c, requests_survive_each_failing_allocation);
    tcase_add_loop_test(c, answers_of_every_kind, 0, count);
    tcase_add_loop_test(c, answers_survive_each_failing_allocation, 0, count);
    tcase_add_test(c, messages_are_cut_between_characters);
    tcase_add_test(c, members_are_found_from_where_the_last_one_was);
    tcase_add_test(c, names_survive_each_failing_allocation);
    tcase_add_test(c, saved_documents_are_walked);
    tcase_add_test(c, saved_documents_survive_each_failing_allocation);
    tcase_add_test(c, keys_are_renewed_once_for_all_that_were_under_way);
    tcase_add_test(c, the_clock_is_corrected_once_for_all_that_were_under_way);
    tcase_add_test(c, what_repeats_credentials_is_not_shown);
}

int main(void)
{
    return run_suite("live", 120, add_tests);
}
