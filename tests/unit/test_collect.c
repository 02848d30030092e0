// The loop over questions with a transport that answers by a script: pages, failures, what is put
// right, the end, and each failing allocation. The functions of http.h are those of this file.
#include "collectors/live/collect.h"
#include "tests/unit/library.h"
#include "tests/unit/purse.h"
#include "tests/unit/runner.h"
#include "vm/base/text.h"

#include <stdio.h>
#include <time.h>

// ---- Transport ---------------------------------------------------------------------------------

// An answer to requests whose text (URL, headers and body) holds both parts.
typedef struct reply {
    const char *part, *other; // "": any
    int times;                // 0: always
    long status;              // 0: the fault
    const char *body;
    rp_http_fault fault;
} reply;

typedef struct transfer {
    void *tag;
    rp_http_answer answer;
} transfer;

struct rp_http {
    const reply *replies;
    size_t count;
    int used[32];
    transfer ended[64];
    uint32_t first, last; // of those that ended
    int requests;
    rp_alloc alloc;
};

void rp_http_answer_clear(rp_http_answer *answer)
{
    rp_buf_free(&answer->body);
    *answer = (rp_http_answer){0};
}

static const reply *choose(rp_http *http, const char *text)
{
    for (size_t i = 0; i < http->count; i++) {
        const reply *r = &http->replies[i];
        bool left = r->times == 0 || http->used[i] < r->times;
        if (!left || strstr(text, r->part) == NULL || strstr(text, r->other) == NULL) continue;
        http->used[i]++;
        return r;
    }
    return NULL;
}

bool rp_http_start(rp_http *http, const rp_http_request *request, void *tag)
{
    char text[4096];
    int size = snprintf(text, sizeof text, "%.*s %.*s ", (int)request->url.len, request->url.ptr,
                        (int)request->body.len, request->body.ptr);
    for (size_t i = 0; i < request->header_count; i++)
        size += snprintf(text + size, sizeof text - (size_t)size, "%.*s ",
                         (int)request->headers[i].len, request->headers[i].ptr);
    const reply *r = choose(http, text);
    transfer *t = &http->ended[http->last++ % 64];
    ck_assert_uint_le(http->last - http->first, 64);
    *t = (transfer){tag, {.fault = r != NULL ? r->fault : RP_HTTP_NONE}};
    rp_buf_init(&t->answer.body, http->alloc, SIZE_MAX);
    t->answer.status = r != NULL ? r->status : 404;
    if (r != NULL && r->body != NULL) rp_buf_add_text(&t->answer.body, r->body);
    if (t->answer.body.failed) t->answer = (rp_http_answer){.fault = RP_HTTP_NO_MEMORY};
    http->requests++;
    return true;
}

uint32_t rp_http_running(const rp_http *http)
{
    return http->last - http->first;
}

void rp_http_wait(rp_http *http, uint32_t ms)
{
    const struct timespec moment = {0, 1000000};
    if (ms > 0 && http->first == http->last) (void)nanosleep(&moment, NULL);
}

bool rp_http_take(rp_http *http, void **tag, rp_http_answer *answer)
{
    if (http->first == http->last) return false;
    transfer *t = &http->ended[http->first++ % 64];
    *tag = t->tag;
    *answer = t->answer;
    return true;
}

void rp_http_abandon(rp_http *http)
{
    while (http->first != http->last) rp_http_answer_clear(&http->ended[http->first++ % 64].answer);
}

// ---- The world ---------------------------------------------------------------------------------

typedef struct world {
    library lib;
    rdspol_compilation *done;
    rdspol_bundle *bundle;
    rp_crypto crypto;
    rp_decoder decoder;
    rp_http http;
    rp_account account;
    int renewals;
    purse purse;
    bool (*stopped)(void *ctx);
    uint32_t max_attempts;
    bool judges;
    uint64_t unknown, failed;
    rp_collect_stats stats;
    rdspol_error error;
    char saved[20000]; // envelopes, a line each
    size_t size;
} world;

static rdspol_status give_keys(void *ctx, bool renew, rp_keys *out, rdspol_error *error)
{
    world *w = ctx;
    (void)error;
    w->renewals += renew;
    *out = (rp_keys){RP_STR("AKIA"), RP_STR("SECRETSECRETSECRET"), RP_STR("")};
    return RDSPOL_OK;
}

static rdspol_status give_endpoint(void *ctx, rp_str service, rp_str region, rp_arena *arena,
                                   rp_endpoint *out, rdspol_error *error)
{
    (void)ctx, (void)service, (void)arena, (void)error;
    *out = (rp_endpoint){.url = RP_STR("https://x"), .region = region};
    return RDSPOL_OK;
}

static void save(void *ctx, rp_str envelope)
{
    world *w = ctx;
    ck_assert_uint_lt(w->size + envelope.len + 2, sizeof w->saved);
    memcpy(w->saved + w->size, envelope.ptr, envelope.len);
    w->size += envelope.len;
    w->saved[w->size++] = '\n';
    w->saved[w->size] = '\0';
}

static void open_world(world *w, const char *policy)
{
    *w = (world){.purse = {.left = INT32_MAX}, .max_attempts = 2};
    library_open(&w->lib);
    w->done = library_compile(&w->lib, policy, 0);
    rdspol_str bytes = rdspol_compilation_bundle(w->done);
    ck_assert_int_eq(rdspol_bundle_open(&w->bundle, bytes.ptr, bytes.len, NULL, NULL), RDSPOL_OK);
    ck_assert(rp_crypto_load(&w->crypto));
    ck_assert_int_eq(rp_decoder_init(&w->decoder, rp_alloc_or_libc((rp_alloc){0}), &w->error),
                     RDSPOL_OK);
}

static void close_world(world *w)
{
    rp_decoder_clear(&w->decoder);
    rdspol_bundle_close(w->bundle);
    rdspol_compilation_free(w->done);
    library_close(&w->lib);
}

static void judge(world *w, rp_facts *facts)
{
    rdspol_run *run = NULL;
    ck_assert_int_eq(rdspol_facts_seal(facts, &w->error), RDSPOL_OK);
    ck_assert_int_eq(rdspol_run_new(&run, w->bundle, facts, NULL, &w->error), RDSPOL_OK);
    ck_assert_int_eq(rdspol_run_evaluate(run, &w->error), RDSPOL_OK);
    w->unknown = rdspol_run_count(run, 0, RDSPOL_VERDICT_UNKNOWN);
    w->failed = rdspol_run_count(run, 0, RDSPOL_VERDICT_FAIL);
    rdspol_run_free(run);
}

static rdspol_status collect(world *w, const reply *replies, size_t count)
{
    static const uint32_t first[] = {0};
    rp_facts *facts = NULL;
    rp_alloc alloc = {purse_alloc, &w->purse};
    w->account = (rp_account){
        .id = RP_STR("123456789012"), .keys = give_keys, .endpoint = give_endpoint, .ctx = w};
    w->http = (rp_http){.replies = replies, .count = count, .alloc = alloc};
    w->size = 0;
    w->saved[0] = '\0';
    rp_collect_target target = {&w->account, RP_STR("us-east-1")};
    rp_collect_opts opts = {.bundle = w->bundle,
                            .policies = first,
                            .policy_count = 1,
                            .targets = &target,
                            .target_count = 1,
                            .http = &w->http,
                            .crypto = &w->crypto,
                            .decoder = &w->decoder,
                            .max_attempts = w->max_attempts,
                            .stopped = w->stopped,
                            .sink = save,
                            .ctx = w,
                            .alloc = alloc};
    rdspol_status status = rp_facts_new(&facts, w->bundle, alloc);
    if (status == RDSPOL_OK) status = rp_collect(facts, &opts, &w->stats, &w->error);
    if (w->judges && status == RDSPOL_OK) judge(w, facts);
    rp_facts_free(facts);
    rp_http_abandon(&w->http);
    ck_assert_int_eq(w->purse.bytes, 0);
    return status;
}

#define COLLECT(w, replies) collect((w), (replies), sizeof(replies) / sizeof(replies)[0])

static int count_of(const world *w, const char *part)
{
    int count = 0;
    for (const char *at = w->saved; (at = strstr(at, part)) != NULL; at++) count++;
    return count;
}

#define POLICY "policy p on instance {\n  require instance.deletion_protection\n}\n"
#define PAGE(rows, more)                                                                           \
    "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances>" rows                   \
    "</DBInstances>" more "</DescribeDBInstancesResult></DescribeDBInstancesResponse>"
#define ROW(name)                                                                                  \
    "<DBInstance><DBInstanceIdentifier>" name "</DBInstanceIdentifier><DBInstanceArn>arn:aws:rds:" \
    "us-east-1:123456789012:db:" name                                                              \
    "</DBInstanceArn><DeletionProtection>true</DeletionProtection></DBInstance>"
#define ODD                                                                                        \
    "<DBInstance><DBInstanceIdentifier>odd</DBInstanceIdentifier><DeletionProtection>maybe"        \
    "</DeletionProtection></DBInstance>"
#define MORE(token) "<Marker>" token "</Marker>"
#define FAILURE(code)                                                                              \
    "<ErrorResponse><Error><Code>" code "</Code><Message>m</Message></Error></ErrorResponse>"
#define LOST "\"NextToken\":\"lost\""

// ---- Tests -------------------------------------------------------------------------------------

START_TEST(pages_are_taken_in_without_their_tokens)
{
    static const reply replies[] = {
        {"Marker=two", "", 0, 200, PAGE(ROW("c"), ""), 0},
        {"Marker=one", "", 0, 200, PAGE("", MORE("two")), 0}, // empty, and yet not the last
        {"DescribeDBInstances", "", 0, 200, PAGE(ROW("a") ROW("b"), MORE("one")), 0}};
    world w;
    open_world(&w, POLICY);
    ck_assert_int_eq(COLLECT(&w, replies), RDSPOL_OK);
    ck_assert_int_eq(w.http.requests, 3);
    ck_assert_uint_eq(w.stats.calls, 1);
    ck_assert_uint_eq(w.stats.failed, 0);
    ck_assert_int_eq(count_of(&w, "Operation"), 3);
    ck_assert_int_eq(count_of(&w, "DBInstanceArn"), 3);
    ck_assert_int_eq(count_of(&w, "Marker") + count_of(&w, "NextToken"), 0);
    close_world(&w);
}
END_TEST

START_TEST(a_page_that_is_refused_is_lost_and_the_others_stay)
{
    static const reply replies[] = {
        {"Marker=two", "", 0, 200, PAGE(ROW("c"), ""), 0},
        {"Marker=one", "", 0, 200, PAGE(ODD, MORE("two")), 0},
        {"DescribeDBInstances", "", 0, 200, PAGE(ROW("a"), MORE("one")), 0}};
    world w;
    open_world(&w, POLICY);
    ck_assert_int_eq(COLLECT(&w, replies), RDSPOL_OK);
    ck_assert_int_eq(count_of(&w, "DBInstanceArn"), 2);
    ck_assert_int_eq(count_of(&w, LOST), 1);
    ck_assert_uint_eq(w.stats.calls, 0);
    ck_assert_uint_gt(w.stats.failed, 0);
    close_world(&w);
}
END_TEST

START_TEST(a_page_that_fails_ends_the_listing_as_cut)
{
    static const reply replies[] = {
        {"Marker=one", "", 0, 403, FAILURE("AccessDenied"), 0},
        {"DescribeDBInstances", "", 0, 200, PAGE(ROW("a"), MORE("one")), 0}};
    world w;
    open_world(&w, POLICY);
    ck_assert_int_eq(COLLECT(&w, replies), RDSPOL_OK);
    ck_assert_int_eq(count_of(&w, LOST), 1);
    ck_assert_int_eq(count_of(&w, "\"Error\""), 0);
    close_world(&w);
}
END_TEST

START_TEST(tokens_that_go_round_end)
{
    static const reply replies[] = {
        {"Marker=one", "", 0, 200, PAGE("", MORE("two")), 0},
        {"Marker=two", "", 0, 200, PAGE("", MORE("three")), 0},
        {"Marker=three", "", 0, 200, PAGE("", MORE("one")), 0},
        {"DescribeDBInstances", "", 0, 200, PAGE(ROW("a"), MORE("one")), 0}};
    world w;
    open_world(&w, POLICY);
    ck_assert_int_eq(COLLECT(&w, replies), RDSPOL_OK);
    ck_assert_int_eq(count_of(&w, LOST), 1);
    ck_assert_int_lt(w.http.requests, 16);
    close_world(&w);
}
END_TEST

START_TEST(what_passes_is_asked_again_and_what_stays_is_noted)
{
    static const reply passing[] = {{"DescribeDBInstances", "", 1, 503, "", 0},
                                    {"DescribeDBInstances", "", 0, 200, PAGE(ROW("a"), ""), 0}};
    static const reply expired[] = {{"DescribeDBInstances", "", 1, 403, FAILURE("ExpiredToken"), 0},
                                    {"DescribeDBInstances", "", 0, 200, PAGE(ROW("a"), ""), 0}};
    static const reply denied[] = {{"", "", 0, 403, FAILURE("AccessDenied"), 0}};
    static const reply silent[] = {{"", "", 0, 0, NULL, RP_HTTP_CONNECT}};
    world w;
    open_world(&w, POLICY);
    ck_assert_int_eq(COLLECT(&w, passing), RDSPOL_OK);
    ck_assert_int_eq(w.http.requests, 2);
    w.max_attempts = 1; // to renew keys is no attempt
    ck_assert_int_eq(COLLECT(&w, expired), RDSPOL_OK);
    ck_assert_int_eq(w.renewals, 1);
    ck_assert_int_eq(count_of(&w, "DBInstanceArn"), 1);
    ck_assert_int_eq(COLLECT(&w, denied), RDSPOL_INPUT);
    ck_assert_str_eq(w.error.message, "rds:DescribeDBInstances: AccessDenied: m");
    ck_assert_int_eq(w.http.requests, 1);
    ck_assert_int_eq(COLLECT(&w, silent), RDSPOL_INPUT);
    ck_assert_int_eq(count_of(&w, "NoConnection"), 1);
    close_world(&w);
}
END_TEST

static bool at_once(void *ctx)
{
    (void)ctx;
    return true;
}

START_TEST(what_is_left_when_it_is_stopped_has_its_reason)
{
    static const reply replies[] = {{"", "", 0, 200, PAGE("", ""), 0}};
    world w;
    open_world(&w, POLICY);
    w.stopped = at_once;
    ck_assert_int_eq(COLLECT(&w, replies), RDSPOL_INPUT);
    ck_assert_int_eq(w.http.requests, 0);
    ck_assert_int_eq(count_of(&w, "Interrupted"), 1);
    close_world(&w);
}
END_TEST

// Selections are asked plan by plan: without the plans none is missing.
START_TEST(what_is_asked_for_each_of_what_was_not_listed_is_unknown)
{
    static const reply denied[] = {
        {"DescribeDBInstances", "", 0, 200, PAGE(ROW("a"), ""), 0},
        {"/backup/plans/", "", 0, 403, "{\"Code\":\"AccessDeniedException\"}", 0}};
    static const reply empty[] = {{"DescribeDBInstances", "", 0, 200, PAGE(ROW("a"), ""), 0},
                                  {"/backup/plans/", "", 0, 200, "{\"BackupPlansList\":[]}", 0}};
    world w;
    open_world(&w, "policy p on instance {\n  require any s in instance.region.backup_selections: "
                   "s.plan.id == \"daily\"\n}\n");
    w.judges = true;
    ck_assert_int_eq(COLLECT(&w, denied), RDSPOL_OK);
    ck_assert_uint_eq(w.unknown, 1);
    ck_assert_int_eq(COLLECT(&w, empty), RDSPOL_OK);
    ck_assert_uint_eq(w.unknown, 0);
    ck_assert_uint_eq(w.failed, 1);
    close_world(&w);
}
END_TEST

#define SECRET "arn:aws:secretsmanager:us-east-1:123456789012:secret:s-1"

START_TEST(a_secret_that_no_list_holds_is_asked_for_by_name)
{
    static const char with_secret[] =
        PAGE("<DBInstance><DBInstanceIdentifier>a</DBInstanceIdentifier><DBInstanceArn>arn:aws:rds:"
             "us-east-1:123456789012:db:a</DBInstanceArn><MasterUserSecret><SecretArn>" SECRET
             "</SecretArn></MasterUserSecret></DBInstance>",
             "");
    static const reply gone[] = {
        {"DescribeDBInstances", "", 0, 200, with_secret, 0},
        {"secretsmanager.ListSecrets", "", 0, 200, "{\"SecretList\":[]}", 0},
        {"secretsmanager.DescribeSecret", SECRET, 0, 200,
         "{\"ARN\":\"" SECRET "\",\"Name\":\"s\",\"RotationEnabled\":true}", 0}};
    static const reply listed[] = {{"DescribeDBInstances", "", 0, 200, with_secret, 0},
                                   {"secretsmanager.ListSecrets", "", 0, 200,
                                    "{\"SecretList\":[{\"ARN\":\"" SECRET "\",\"Name\":\"s\"}]}",
                                    0}};
    world w;
    open_world(&w, "policy p on secret {\n  when any i in secret.instances: i.id is present\n  "
                   "require secret.rotation_enabled\n}\n");
    ck_assert_int_eq(COLLECT(&w, gone), RDSPOL_OK);
    ck_assert_int_eq(count_of(&w, "\"secretsmanager:DescribeSecret\""), 1);
    ck_assert_int_eq(COLLECT(&w, listed), RDSPOL_OK);
    ck_assert_int_eq(count_of(&w, "\"secretsmanager:DescribeSecret\""), 0);
    close_world(&w);
}
END_TEST

#define KEY "arn:aws:kms:us-east-1:123456789012:key/k-1"

// Which keys there are only other rows tell: they are asked for, whether a policy reads them or not.
START_TEST(what_leads_to_keys_is_asked_for)
{
    static const char with_key[] =
        PAGE("<DBInstance><DBInstanceIdentifier>a</DBInstanceIdentifier><DBInstanceArn>arn:aws:rds:"
             "us-east-1:123456789012:db:a</DBInstanceArn><KmsKeyId>" KEY "</KmsKeyId></DBInstance>",
             "");
    static const reply replies[] = {
        {"DescribeDBInstances", "", 0, 200, with_key, 0},
        {"secretsmanager.ListSecrets", "", 0, 200, "{\"SecretList\":[]}", 0},
        {"TrentService.DescribeKey", KEY, 0, 200,
         "{\"KeyMetadata\":{\"KeyId\":\"k-1\",\"Arn\":\"" KEY "\",\"Enabled\":false}}", 0}};
    world w;
    open_world(&w, "policy p on kms_key {\n  require kms_key.enabled\n}\n");
    w.judges = true;
    ck_assert_int_eq(COLLECT(&w, replies), RDSPOL_OK);
    ck_assert_int_eq(count_of(&w, "\"kms:DescribeKey\""), 1);
    ck_assert_uint_eq(w.failed, 1);
    ck_assert_uint_eq(w.unknown, 1); // nobody said which keys snapshots have
    close_world(&w);
    open_world(&w, "policy p on secret {\n  require secret.rotation_enabled\n}\n");
    ck_assert_int_eq(COLLECT(&w, replies), RDSPOL_OK);
    ck_assert_int_eq(count_of(&w, "\"rds:DescribeDBInstances\""), 1);
    close_world(&w);
}
END_TEST

#define PARAMETERS(rows, more)                                                                     \
    "<DescribeDBParametersResponse><DescribeDBParametersResult><Parameters>" rows                  \
    "</Parameters>" more "</DescribeDBParametersResult></DescribeDBParametersResponse>"
#define PARAMETER(name)                                                                            \
    "<Parameter><ParameterName>" name "</ParameterName><ParameterValue>1</ParameterValue>"         \
    "</Parameter>"

static const char groups_policy[] =
    "policy p on instance {\n"
    "  require none m in instance.parameter_groups: m.group.parameters[\"ssl\"]?.value == \"0\"\n"
    "}\n";

static const reply groups[] = {
    {"DescribeDBInstances", "", 0, 200,
     PAGE("<DBInstance><DBInstanceIdentifier>a</DBInstanceIdentifier><DBInstanceArn>arn:aws:rds:"
          "us-east-1:123456789012:db:a</DBInstanceArn><DBParameterGroups><DBParameterGroup>"
          "<DBParameterGroupName>g</DBParameterGroupName></DBParameterGroup></DBParameterGroups>"
          "</DBInstance>",
          ""),
     0},
    {"DescribeDBParameterGroups", "", 0, 200,
     "<DescribeDBParameterGroupsResponse><DescribeDBParameterGroupsResult><DBParameterGroups>"
     "<DBParameterGroup><DBParameterGroupName>g</DBParameterGroupName><DBParameterGroupArn>"
     "arn:aws:rds:us-east-1:123456789012:pg:g</DBParameterGroupArn></DBParameterGroup>"
     "</DBParameterGroups></DescribeDBParameterGroupsResult></DescribeDBParameterGroupsResponse>",
     0},
    {"DescribeDBParameters", "Marker=one", 0, 200, PARAMETERS(PARAMETER("b"), ""), 0},
    {"DescribeDBParameters", "", 0, 200, PARAMETERS(PARAMETER("a"), MORE("one")), 0}};

START_TEST(pages_of_one_answer_are_taken_in_together)
{
    world w;
    open_world(&w, groups_policy);
    ck_assert_int_eq(COLLECT(&w, groups), RDSPOL_OK);
    ck_assert_int_eq(count_of(&w, "\"Parameters\":["), 1);
    ck_assert_int_eq(count_of(&w, "ParameterName\":\"a\""), 1);
    ck_assert_int_eq(count_of(&w, "ParameterName\":\"b\""), 1);
    ck_assert_int_eq(count_of(&w, "NextToken"), 0);
    ck_assert_uint_eq(w.stats.calls, w.stats.planned);
    close_world(&w);
}
END_TEST

// A run ends for want of memory, or what could not be read is noted: nothing is left out quietly.
START_TEST(a_collection_survives_each_failing_allocation)
{
    world w;
    int failed = 0;
    rdspol_status status = RDSPOL_NO_MEMORY;
    open_world(&w, groups_policy);
    w.max_attempts = 1;
    for (int n = 0; status != RDSPOL_OK || w.purse.denied > 0; n++) {
        w.purse = (purse){.left = n};
        status = COLLECT(&w, groups);
        ck_assert_msg(status == RDSPOL_OK || status == RDSPOL_NO_MEMORY || status == RDSPOL_INPUT,
                      "allocation %d: %s", n, w.error.message);
        ck_assert(status == RDSPOL_OK || w.purse.denied > 0);
        failed += status != RDSPOL_OK;
        ck_assert_int_lt(n, 20000);
    }
    ck_assert_int_gt(failed, 100);
    close_world(&w);
}
END_TEST

static void add_tests(TCase *c)
{
    tcase_add_test(c, pages_are_taken_in_without_their_tokens);
    tcase_add_test(c, a_page_that_is_refused_is_lost_and_the_others_stay);
    tcase_add_test(c, a_page_that_fails_ends_the_listing_as_cut);
    tcase_add_test(c, tokens_that_go_round_end);
    tcase_add_test(c, what_passes_is_asked_again_and_what_stays_is_noted);
    tcase_add_test(c, what_is_left_when_it_is_stopped_has_its_reason);
    tcase_add_test(c, what_is_asked_for_each_of_what_was_not_listed_is_unknown);
    tcase_add_test(c, what_leads_to_keys_is_asked_for);
    tcase_add_test(c, a_secret_that_no_list_holds_is_asked_for_by_name);
    tcase_add_test(c, pages_of_one_answer_are_taken_in_together);
    tcase_add_test(c, a_collection_survives_each_failing_allocation);
}

int main(void)
{
    return run_suite("collect", 300, add_tests);
}
