// Endpoints: what is no region or no URL is refused, and never becomes part of a name of a host.
//
// That the table is right is the business of tests/integration/endpoints_botocore.py.
#include "tests/unit/runner.h"
#include "collectors/live/endpoints.h"

#include <stdio.h>

typedef struct found {
    rdspol_status status;
    char url[256], region[64], partition[32], message[256];
} found;

static found find(rp_endpoint_opts opts)
{
    found out = {.url = ""};
    rp_endpoint e;
    rp_arena arena;
    rdspol_error error = {.message = ""};
    rp_arena_init(&arena, (rp_alloc){NULL, NULL});
    out.status = rp_endpoint_find(&arena, &opts, &e, &error);
    if (out.status == RDSPOL_OK) {
        (void)snprintf(out.url, sizeof out.url, "%.*s", (int)e.url.len, e.url.ptr);
        (void)snprintf(out.region, sizeof out.region, "%.*s", (int)e.region.len, e.region.ptr);
        (void)snprintf(out.partition, sizeof out.partition, "%.*s", (int)e.partition.len,
                       e.partition.ptr);
    }
    (void)snprintf(out.message, sizeof out.message, "%s", error.message);
    rp_arena_clear(&arena);
    return out;
}

static found find_in(const char *service, const char *region)
{
    return find((rp_endpoint_opts){.service = rp_str_from(service), .region = rp_str_from(region)});
}

static found find_own(const char *url, bool fips, bool dual)
{
    return find((rp_endpoint_opts){.service = RP_STR("rds"),
                                   .region = RP_STR("eu-west-1"),
                                   .url = rp_str_from(url),
                                   .fips = fips,
                                   .dual_stack = dual});
}

START_TEST(services_have_hosts_in_their_region)
{
    ck_assert_str_eq(find_in("rds", "eu-west-1").url, "https://rds.eu-west-1.amazonaws.com");
    ck_assert_str_eq(find_in("kms", "cn-north-1").url, "https://kms.cn-north-1.amazonaws.com.cn");
    ck_assert_str_eq(find_in("kms", "cn-north-1").partition, "aws-cn");
    found f = find_in("organizations", "us-gov-east-1");
    ck_assert_str_eq(f.url, "https://organizations.us-gov-west-1.amazonaws.com");
    ck_assert_str_eq(f.region, "us-gov-west-1");
    ck_assert_str_eq(f.partition, "aws-us-gov");
}
END_TEST

START_TEST(what_is_no_region_is_refused)
{
    static const char *const names[] = {"",
                                        "-",
                                        "us",
                                        "us-east",
                                        "us-1",
                                        "u-east-1",
                                        "us--1",
                                        "us-east-",
                                        "us-east-1a",
                                        "US-east-1",
                                        "us-east-1.evil.example",
                                        "us-east-1/x",
                                        "evil.example/us-east-1",
                                        "us-east-1 ",
                                        "us-east-1\n",
                                        "us_east-1",
                                        "us-\xc3\xa9st-1",
                                        "us-eastttttttttttttttttttttttttttttttttttttt-1"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        found f = find_in("rds", names[i]);
        ck_assert_msg(f.status == RDSPOL_INVALID_ARGUMENT, "%s", names[i]);
        ck_assert_msg(strstr(f.message, "is not a region") != NULL, "%s", f.message);
    }
    ck_assert(!rp_region_is_valid(rp_str_make("us-east-1\0", 10)));
    ck_assert(rp_region_is_valid(RP_STR("us-gov-west-12")));
    ck_assert_str_eq(find_in("rds", "us east").message,
                     "this is not a region: they look like eu-west-1");
}
END_TEST

START_TEST(services_that_are_not_ours_are_refused)
{
    found f = find_in("s3", "eu-west-1");
    ck_assert_int_eq(f.status, RDSPOL_INVALID_ARGUMENT);
    ck_assert(strstr(f.message, "s3") != NULL);
    ck_assert_ptr_null(rp_endpoint_variable(RP_STR("s3")));
    ck_assert_str_eq(rp_endpoint_variable(RP_STR("secretsmanager")), "SECRETS_MANAGER");
}
END_TEST

START_TEST(own_endpoints_are_taken)
{
    static const char *const urls[][2] = {
        {"http://127.0.0.1:5005", "http://127.0.0.1:5005"},
        {"https://vpce-1.rds.example/", "https://vpce-1.rds.example"},
        {"http://[::1]:80/a/b/", "http://[::1]:80/a/b"},
        {"http://local_host", "http://local_host"}};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        found f = find_own(urls[i][0], false, false);
        ck_assert_msg(f.status == RDSPOL_OK, "%s: %s", urls[i][0], f.message);
        ck_assert_str_eq(f.url, urls[i][1]);
        ck_assert_str_eq(f.region, "eu-west-1");
    }
}
END_TEST

START_TEST(what_is_no_url_is_refused)
{
    static const char *const urls[] = {"example.com",
                                       "ftp://example.com",
                                       "HTTP//x",
                                       "http://",
                                       "http:///x",
                                       "http://user:pw@example.com",
                                       "http://example.com:",
                                       "http://example.com:x",
                                       "http://example.com:70000",
                                       "http://example.com:-1",
                                       "http://a b",
                                       "http://a/?x=1",
                                       "http://a/#x",
                                       "http://a/\r\nX: y",
                                       "http://[::1",
                                       "http://[]",
                                       "http://a\\b"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        found f = find_own(urls[i], false, false);
        ck_assert_msg(f.status == RDSPOL_INVALID_ARGUMENT, "%s", urls[i]);
        ck_assert_msg(strstr(f.message, "is no URL") != NULL, "%s", f.message);
    }
}
END_TEST

START_TEST(own_endpoints_are_neither_fips_nor_dual_stack)
{
    ck_assert(strstr(find_own("http://a", true, false).message, "FIPS") != NULL);
    ck_assert(strstr(find_own("http://a", false, true).message, "dual-stack") != NULL);
}
END_TEST

static void *no_memory(void *ctx, void *ptr, size_t old_size, size_t new_size)
{
    (void)ctx, (void)ptr, (void)old_size, (void)new_size;
    return NULL;
}

START_TEST(memory_may_run_out)
{
    rp_endpoint_opts opts = {.service = RP_STR("rds"), .region = RP_STR("eu-west-1")};
    rp_endpoint e;
    rp_arena arena;
    rdspol_error error = {.message = ""};
    rp_arena_init(&arena, (rp_alloc){no_memory, NULL});
    ck_assert_int_eq(rp_endpoint_find(&arena, &opts, &e, &error), RDSPOL_NO_MEMORY);
    ck_assert(strstr(error.message, "memory") != NULL);
}
END_TEST

static void add_tests(TCase *c)
{
    tcase_add_test(c, services_have_hosts_in_their_region);
    tcase_add_test(c, what_is_no_region_is_refused);
    tcase_add_test(c, services_that_are_not_ours_are_refused);
    tcase_add_test(c, own_endpoints_are_taken);
    tcase_add_test(c, what_is_no_url_is_refused);
    tcase_add_test(c, own_endpoints_are_neither_fips_nor_dual_stack);
    tcase_add_test(c, memory_may_run_out);
}

int main(void)
{
    return run_suite("endpoints", 30, add_tests);
}
