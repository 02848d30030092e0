// Signatures: the vectors that AWS has published, what is refused, and memory that runs out.
//
// The vectors are those of the Signature Version 4 test suite and of the examples in the IAM User
// Guide; key, time and scope are the same in all but where said.
#include "tests/unit/runner.h"
#include "collectors/live/sigv4.h"
#include "vm/base/wipe.h"

#include <stdio.h>
#include <stdlib.h>

#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define TOKEN                                                                                      \
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpS"
#define MOMENT INT64_C(1440938160000) // 20150830T123600Z
#define EXAMPLE "https://example.amazonaws.com"

static rp_signer example_signer(void)
{
    return (rp_signer){.access_key = RP_STR("AKIDEXAMPLE"),
                       .secret_key = RP_STR(SECRET),
                       .region = RP_STR("us-east-1"),
                       .service = RP_STR("service"),
                       .now = MOMENT};
}

typedef struct vector {
    const char *method, *url, *headers[4], *body, *signed_names, *signature;
} vector;

static const vector vectors[] = {
    {"GET",
     EXAMPLE "/",
     {NULL},
     "",
     "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"GET",
     EXAMPLE "/?Param2=value2&Param1=value1",
     {NULL},
     "",
     "host;x-amz-date",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"GET",
     EXAMPLE "/?Param1=value1",
     {NULL},
     "",
     "host;x-amz-date",
     "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
    {"GET",
     EXAMPLE "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz="
             "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
     {NULL},
     "",
     "host;x-amz-date",
     "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
    {"GET",
     EXAMPLE "/\xe1\x88\xb4",
     {NULL},
     "",
     "host;x-amz-date",
     "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
    {"GET",
     EXAMPLE "/example/..",
     {NULL},
     "",
     "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"GET",
     EXAMPLE "//example//",
     {NULL},
     "",
     "host;x-amz-date",
     "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
    {"GET",
     EXAMPLE "/example space/",
     {NULL},
     "",
     "host;x-amz-date",
     "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
    {"GET",
     EXAMPLE "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
     {NULL},
     "",
     "host;x-amz-date",
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
    {"GET",
     EXAMPLE "/",
     {"My-Header1: value1", "My-Header2: \"a   b   c\""},
     "",
     "host;my-header1;my-header2;x-amz-date",
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"GET",
     EXAMPLE "/",
     {"My-Header1:value2", "My-Header1:value2", "My-Header1:value1"},
     "",
     "host;my-header1;x-amz-date",
     "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
    {"GET",
     EXAMPLE "/",
     {"My-Header1:value4", "My-Header1:value1", "My-Header1:value3", "My-Header1:value2"},
     "",
     "host;my-header1;x-amz-date",
     "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
    {"POST",
     EXAMPLE "/",
     {NULL},
     "",
     "host;x-amz-date",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"POST",
     EXAMPLE "/?Param1=value1",
     {NULL},
     "",
     "host;x-amz-date",
     "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
    {"POST",
     EXAMPLE "/",
     {"Content-Type:application/x-www-form-urlencoded"},
     "Param1=value1",
     "content-type;host;x-amz-date",
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
};

static void sign_vector(const vector *v, const rp_signer *signer, rp_http_request *request,
                        rp_arena *arena)
{
    rdspol_error error = {.message = ""};
    rp_crypto crypto = {0};
    *request = (rp_http_request){
        .method = rp_str_from(v->method), .url = rp_str_from(v->url), .body = rp_str_from(v->body)};
    for (size_t i = 0; i < 4 && v->headers[i] != NULL; i++) {
        request->headers[request->header_count++] = rp_str_from(v->headers[i]);
    }
    ck_assert_msg(rp_sigv4_sign(&crypto, signer, request, arena, &error) == RDSPOL_OK, "%s: %s",
                  v->url, error.message);
    rp_crypto_clear(&crypto);
}

static void check_text(rp_str text, const char *expected, const char *what)
{
    ck_assert_msg(rp_str_equal(text, rp_str_from(expected)), "%s: \"%.*s\", not \"%s\"", what,
                  (int)text.len, text.ptr, expected);
}

START_TEST(published_vectors)
{
    const vector *v = &vectors[_i];
    rp_signer signer = example_signer();
    rp_http_request request;
    rp_arena arena;
    char expected[512];
    rp_arena_init(&arena, (rp_alloc){NULL, NULL});
    sign_vector(v, &signer, &request, &arena);
    (void)snprintf(
        expected, sizeof expected,
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/"
        "aws4_request, SignedHeaders=%s, Signature=%s",
        v->signed_names, v->signature);
    check_text(request.headers[request.header_count - 1], expected, v->url);
    check_text(request.headers[request.header_count - 2], "X-Amz-Date: 20150830T123600Z", v->url);
    rp_arena_clear(&arena);
}
END_TEST

// The example of the IAM User Guide.
START_TEST(users_are_listed)
{
    static const vector v = {"GET",
                             "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
                             {"Content-Type: application/x-www-form-urlencoded; charset=utf-8"},
                             "",
                             "",
                             ""};
    rp_signer signer = example_signer();
    signer.service = RP_STR("iam");
    rp_http_request request;
    rp_arena arena;
    rp_arena_init(&arena, (rp_alloc){NULL, NULL});
    sign_vector(&v, &signer, &request, &arena);
    check_text(request.headers[2],
               "Authorization: AWS4-HMAC-SHA256 "
               "Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
               "SignedHeaders=content-type;host;x-amz-date, "
               "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
               "ListUsers");
    rp_arena_clear(&arena);
}
END_TEST

START_TEST(a_session_token_is_sent_and_signed)
{
    static const vector v = {"POST", EXAMPLE "/", {NULL}, "", "", ""};
    rp_signer signer = example_signer();
    signer.session_token = RP_STR(TOKEN);
    rp_http_request request;
    rp_arena arena;
    rp_arena_init(&arena, (rp_alloc){NULL, NULL});
    sign_vector(&v, &signer, &request, &arena);
    ck_assert_uint_eq(request.header_count, 3);
    check_text(request.headers[1], "X-Amz-Security-Token: " TOKEN, "token");
    ck_assert(strstr(request.headers[2].ptr,
                     "SignedHeaders=host;x-amz-date;x-amz-security-token, ") != NULL);
    rp_arena_clear(&arena);
}
END_TEST

// The Authorization of a URL with one more header, or "" if it is refused.
static void authorization(const char *url, const char *header, const char *service, char out[512])
{
    rp_signer signer = example_signer();
    rp_crypto crypto = {0};
    rp_http_request request = {.method = RP_STR("GET"), .url = rp_str_from(url)};
    rp_arena arena;
    rp_arena_init(&arena, (rp_alloc){NULL, NULL});
    signer.service = rp_str_from(service);
    if (header != NULL) request.headers[request.header_count++] = rp_str_from(header);
    size_t before = request.header_count;
    rdspol_status status = rp_sigv4_sign(&crypto, &signer, &request, &arena, NULL);
    ck_assert_uint_eq(request.header_count, status == RDSPOL_OK ? before + 2 : before);
    (void)snprintf(out, 512, "%s", status == RDSPOL_OK ? request.headers[before + 1].ptr : "");
    rp_arena_clear(&arena);
    rp_crypto_clear(&crypto);
}

static void check_same(const char *a, const char *b, bool same)
{
    char x[512], y[512];
    authorization(a, NULL, "service", x);
    authorization(b, NULL, "service", y);
    ck_assert_msg(x[0] != '\0' && (strcmp(x, y) == 0) == same, "%s and %s", a, b);
}

START_TEST(hosts_are_signed_as_they_are_sent)
{
    check_same("https://a.example:443/", "https://A.EXAMPLE/", true);
    check_same("http://a.example:80", "http://a.example/", true);
    check_same("https://a.example:80/", "https://a.example/", false);
    check_same("https://a.example:8443/", "https://a.example/", false);
    check_same("https://u:p@a.example/", "https://a.example/", true);
    check_same("https://a.example/#there", "https://a.example/", true);
    check_same("https://a.example?x", "https://a.example/?x=", true);
    check_same("https://a.example/?x=1&x=2", "https://a.example/?x=2&x=1", true);
    check_same("https://a.example/?x", "https://a.example/", false);
}
END_TEST

START_TEST(paths_of_s3_are_signed_as_they_are)
{
    char plain[512], odd[512];
    authorization(EXAMPLE "/a//b", NULL, "s3", odd);
    authorization(EXAMPLE "/a/b", NULL, "s3", plain);
    ck_assert_str_ne(odd, plain);
    authorization(EXAMPLE "/a//b", NULL, "service", odd);
    authorization(EXAMPLE "/a/b", NULL, "service", plain);
    ck_assert_str_eq(odd, plain);
}
END_TEST

START_TEST(headers_that_change_on_the_way_are_not_signed)
{
    static const char *const unsigned_[] = {"User-Agent: x", "TE: trailers", "Expect: 100-continue",
                                            "Connection: close"};
    char with[512], without[512];
    authorization(EXAMPLE, NULL, "service", without);
    for (size_t i = 0; i < sizeof unsigned_ / sizeof unsigned_[0]; i++) {
        authorization(EXAMPLE, unsigned_[i], "service", with);
        ck_assert_str_eq(with, without);
    }
    authorization(EXAMPLE, "T: x", "service", with);
    ck_assert(strstr(with, "SignedHeaders=host;t;x-amz-date,") != NULL);
}
END_TEST

START_TEST(what_is_no_request_is_refused)
{
    static const char *const urls[] = {
        "", "ftp://a/", "https://", "https:///path", "example.com", "http:/a"};
    char out[512];
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        authorization(urls[i], NULL, "service", out);
        ck_assert_msg(out[0] == '\0', "%s", urls[i]);
    }
    authorization(EXAMPLE, "no colon", "service", out);
    ck_assert_str_eq(out, "");
    authorization(EXAMPLE, ": no name", "service", out);
    ck_assert_str_eq(out, "");
}
END_TEST

START_TEST(a_full_request_is_refused)
{
    rp_signer signer = example_signer();
    rp_crypto crypto = {0};
    rp_http_request request = {.method = RP_STR("GET"), .url = RP_STR(EXAMPLE)};
    rdspol_error error;
    rp_arena arena;
    rp_arena_init(&arena, (rp_alloc){NULL, NULL});
    while (request.header_count < RP_HTTP_MAX_HEADERS - 2)
        request.headers[request.header_count++] = RP_STR("A: b");
    ck_assert_int_eq(rp_sigv4_sign(&crypto, &signer, &request, &arena, &error),
                     RDSPOL_INVALID_ARGUMENT);
    request.header_count--;
    ck_assert_int_eq(rp_sigv4_sign(&crypto, &signer, &request, &arena, &error), RDSPOL_OK);
    rp_arena_clear(&arena);
    rp_crypto_clear(&crypto);
}
END_TEST

// ---- Memory ------------------------------------------------------------------------------------

// Fails after so many allocations, and looks into each block that is given back for the secret.
typedef struct purse {
    int left;
    int leaks;
    long long bytes;
} purse;

static void *purse_alloc(void *ctx, void *ptr, size_t old_size, size_t new_size)
{
    purse *p = ctx;
    if (new_size != 0 && p->left-- <= 0) return NULL;
    for (size_t i = 0; ptr != NULL && i + 8 <= old_size; i++) {
        p->leaks += memcmp((char *)ptr + i, "wJalrXUt", 8) == 0;
    }
    p->bytes += (long long)new_size - (long long)old_size;
    if (new_size != 0) return realloc(ptr, new_size);
    free(ptr);
    return NULL;
}

START_TEST(memory_may_run_out_anywhere_and_keeps_no_secret)
{
    rdspol_status status = RDSPOL_NO_MEMORY;
    rp_crypto crypto = {0};
    rp_signer signer = example_signer();
    signer.session_token = RP_STR(TOKEN);
    int limit = 0;
    for (; status == RDSPOL_NO_MEMORY; limit++) {
        purse p = {.left = limit};
        rp_arena arena;
        rdspol_error error = {.message = ""};
        rp_http_request request = {.method = RP_STR("GET"), .url = RP_STR(EXAMPLE "/a?b=c&d")};
        rp_arena_init(&arena, (rp_alloc){purse_alloc, &p});
        status = rp_sigv4_sign(&crypto, &signer, &request, &arena, &error);
        ck_assert_uint_eq(request.header_count, status == RDSPOL_OK ? 3 : 0);
        ck_assert((strstr(error.message, "memory") != NULL) == (status != RDSPOL_OK));
        rp_arena_clear(&arena);
        ck_assert_int_eq(p.bytes, 0);
        ck_assert_int_eq(p.leaks, 0);
    }
    ck_assert_int_eq(status, RDSPOL_OK);
    ck_assert_int_gt(limit, 3);
    rp_crypto_clear(&crypto);
}
END_TEST

// ---- What signing is made of -------------------------------------------------------------------

START_TEST(text_is_uri_encoded)
{
    rp_buf out;
    rp_buf_init(&out, (rp_alloc){NULL, NULL}, 1000);
    rp_uri_encode(&out, RP_STR("aZ09-_.~ /%+&=\0\n\xc3\xa9*'()"), "");
    check_text(rp_buf_str(&out), "aZ09-_.~%20%2F%25%2B%26%3D%00%0A%C3%A9%2A%27%28%29", "encoded");
    rp_buf_reset(&out);
    rp_uri_encode(&out, RP_STR("/a b/:\0"), "/:");
    check_text(rp_buf_str(&out), "/a%20b/:%00", "path");
    rp_buf_free(&out);
}
END_TEST

static void check_hex(const unsigned char *bytes, size_t size, const char *expected)
{
    char digits[RP_SHA256_HEX_SIZE];
    rp_crypto_hex_of(bytes, size, digits);
    check_text(rp_str_make(digits, 2 * size), expected, "hash");
}

// RFC 4231, cases 2 and 6; FIPS 180.
START_TEST(hashes)
{
    rp_crypto crypto = {0};
    unsigned char out[RP_SHA256_SIZE];
    char key[131];
    memset(key, 0xaa, sizeof key);
    ck_assert(rp_crypto_hmac_sha256(&crypto, RP_STR("Jefe"), RP_STR("what do ya want for nothing?"),
                                    out));
    check_hex(out, sizeof out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    ck_assert(rp_crypto_hmac_sha256(
        &crypto, rp_str_make(key, sizeof key),
        RP_STR("Test Using Larger Than Block-Size Key - Hash Key First"), out));
    check_hex(out, sizeof out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    ck_assert(rp_crypto_hmac_sha256(&crypto, rp_str_make(NULL, 0), rp_str_make(NULL, 0), out));
    check_hex(out, sizeof out, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    ck_assert(rp_crypto_sha1(&crypto, "abc", 3, out));
    check_hex(out, RP_SHA1_SIZE, "a9993e364706816aba3e25717850c26c9cd0d89d");
    rp_crypto_clear(&crypto);
}
END_TEST

START_TEST(wiped_memory_is_zero)
{
    char text[] = "secret";
    rp_wipe(text, sizeof text);
    for (size_t i = 0; i < sizeof text; i++) ck_assert_int_eq(text[i], 0);
    rp_wipe(NULL, 0);
}
END_TEST

static void add_tests(TCase *c)
{
    tcase_add_loop_test(c, published_vectors, 0, (int)(sizeof vectors / sizeof vectors[0]));
    tcase_add_test(c, users_are_listed);
    tcase_add_test(c, a_session_token_is_sent_and_signed);
    tcase_add_test(c, hosts_are_signed_as_they_are_sent);
    tcase_add_test(c, paths_of_s3_are_signed_as_they_are);
    tcase_add_test(c, headers_that_change_on_the_way_are_not_signed);
    tcase_add_test(c, what_is_no_request_is_refused);
    tcase_add_test(c, a_full_request_is_refused);
    tcase_add_test(c, memory_may_run_out_anywhere_and_keeps_no_secret);
    tcase_add_test(c, text_is_uri_encoded);
    tcase_add_test(c, hashes);
    tcase_add_test(c, wiped_memory_is_zero);
}

int main(void)
{
    return run_suite("sigv4", 30, add_tests);
}
