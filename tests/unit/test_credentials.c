// Credentials: each place of the chain, who stands before whom, answers that are hostile, and that
// no secret is in a message or stays in memory.
#include "tests/unit/runner.h"
#include "collectors/json.h"
#include "collectors/live/credentials.h"
#include "tests/unit/aws.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define AKID "AKIAIOSFODNN7EXAMPLE"
#define LATER "2030-01-01T01:00:00Z" // an hour after NOW
#define BEFORE "2029-12-31T23:59:59Z"

#define STS_EU "https://sts.eu-west-1.amazonaws.com/"
#define STS_US "https://sts.us-east-1.amazonaws.com/"
#define IMDS "http://169.254.169.254/latest/"
#define IMDS_TOKEN                                                                                 \
    {                                                                                              \
        "PUT", IMDS "api/token", "x-aws-ec2-metadata-token-ttl-seconds: 21600", NULL, 200, 0,      \
            MARK "imds"                                                                            \
    }
#define IMDS_ROLE                                                                                  \
    {                                                                                              \
        "GET", IMDS "meta-data/iam/security-credentials/",                                         \
            "x-aws-ec2-metadata-token: " MARK "imds", NULL, 200, 0, "my-role"                      \
    }
#define IMDS_NONE                                                                                  \
    {                                                                                              \
        "PUT", IMDS "api/token", NULL, NULL, 0, RP_HTTP_TIME, NULL                                 \
    }

#define METADATA(expires)                                                                          \
    "{\"Code\":\"Success\",\"AccessKeyId\":\"ASIAMETA\",\"SecretAccessKey\":\"" MARK               \
    "meta\",\"Token\":\"" MARK "token\",\"Expiration\":\"" expires "\"}"
#define STS_JSON(action, id)                                                                       \
    "{\"" action "Response\":{\"" action                                                           \
    "Result\":{\"AssumedRoleUser\":{},\"Credentials\":{\"AccessKeyId\":\"" id                      \
    "\",\"SecretAccessKey\":\"" MARK "sts\",\"SessionToken\":\"" MARK                              \
    "token\",\"Expiration\":1.893459600E9}}}}"
#define STS_XML(id)                                                                                \
    "<AssumeRoleResponse "                                                                         \
    "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n<AssumeRoleResult><Credentials>\n"      \
    "<SessionToken>" MARK "token</SessionToken><SecretAccessKey>" MARK "sts</SecretAccessKey>\n"   \
    "<Expiration>" LATER "</Expiration><AccessKeyId>" id                                           \
    "</AccessKeyId></Credentials></AssumeRoleResult>"                                              \
    "</AssumeRoleResponse>"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])
#define SCRIPT(w, table) world_script((w), (table), COUNT(table))

// ---- One search --------------------------------------------------------------------------------

typedef struct search {
    const char *profile, *assume_role, *external_id, *session_name;
    uint32_t process_limit_ms;
    // What came of it.
    rdspol_status status;
    char access_key[64], secret_key[64], session_token[64], source[256], message[256];
    int64_t expires;
} search;

static void print(char *out, size_t size, rp_str text)
{
    (void)snprintf(out, size, "%.*s", (int)text.len, text.ptr);
}

static rp_str view(const char *text)
{
    return rp_str_from(text != NULL ? text : "");
}

static rp_credentials_opts search_opts(world *w, const rp_settings *settings, const search *s)
{
    rp_credentials_opts opts = world_opts(w, settings);
    opts.assume_role = view(s->assume_role);
    opts.external_id = view(s->external_id);
    opts.session_name = view(s->session_name);
    opts.process_limit_ms = s->process_limit_ms;
    return opts;
}

static void keep(search *s, const rp_credentials *c)
{
    print(s->access_key, sizeof s->access_key, c->access_key);
    print(s->secret_key, sizeof s->secret_key, c->secret_key);
    print(s->session_token, sizeof s->session_token, c->session_token);
    print(s->source, sizeof s->source, c->source);
    s->expires = c->expires;
}

static void find_all(world *w, search *s)
{
    rp_settings settings;
    rp_credentials c;
    rdspol_error error = {.message = ""};
    s->status =
        rp_settings_open(&settings, world_environment(w), view(s->profile), world_alloc(w), &error);
    if (s->status == RDSPOL_OK) {
        rp_credentials_opts opts = search_opts(w, &settings, s);
        s->status = rp_credentials_find(&c, &opts, &error);
        if (s->status == RDSPOL_OK) keep(s, &c);
        rp_credentials_clear(&c);
        ck_assert_ptr_null(c.secret_key.ptr);
    }
    rp_settings_close(&settings);
    ck_assert_msg(!is_marked(error.message, sizeof error.message), "%s", error.message);
    ck_assert_int_eq(s->status == RDSPOL_OK, error.message[0] == '\0');
    print(s->message, sizeof s->message, rp_str_from(error.message));
}

static void check_found(world *w, search *s, const char *access_key, const char *source)
{
    find_all(w, s);
    ck_assert_msg(s->status == RDSPOL_OK, "%s", s->message);
    ck_assert_str_eq(s->access_key, access_key);
    ck_assert_str_eq(s->source, source);
    ck_assert(is_marked(s->secret_key, strlen(s->secret_key)));
    world_close(w);
}

static void check_refused(world *w, search *s, const char *part)
{
    find_all(w, s);
    ck_assert_int_eq(s->status, RDSPOL_INPUT);
    ck_assert_msg(strstr(s->message, part) != NULL, "\"%s\" is not in: %s", part, s->message);
    world_close(w);
}

// A world without an instance, in a region.
static void open_plain(world *w, const char *config)
{
    world_open(w);
    world_set(w, "AWS_EC2_METADATA_DISABLED", "true");
    world_set(w, "AWS_REGION", "eu-west-1");
    if (config != NULL) world_write(w, "/.aws/config", config);
}

static void set_keys(world *w)
{
    world_set(w, "AWS_ACCESS_KEY_ID", AKID);
    world_set(w, "AWS_SECRET_ACCESS_KEY", MARK "env");
}

// ---- Environment -------------------------------------------------------------------------------

START_TEST(keys_of_the_environment)
{
    world w;
    search s = {.status = RDSPOL_OK};
    open_plain(&w, "[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = " MARK "\n");
    set_keys(&w);
    world_set(&w, "AWS_SESSION_TOKEN", MARK "token");
    check_found(&w, &s, AKID, "environment");
    ck_assert_str_eq(s.secret_key, MARK "env");
    ck_assert_str_eq(s.session_token, MARK "token");
    ck_assert_int_eq(s.expires, 0);
}
END_TEST

START_TEST(half_of_the_keys_is_an_error)
{
    world w;
    search s = {.status = RDSPOL_OK};
    open_plain(&w, NULL);
    world_set(&w, "AWS_ACCESS_KEY_ID", AKID);
    check_refused(&w, &s, "environment: AWS_SECRET_ACCESS_KEY is missing");
}
END_TEST

START_TEST(keys_of_the_environment_may_expire)
{
    world w;
    search s = {.status = RDSPOL_OK};
    open_plain(&w, NULL);
    set_keys(&w);
    world_set(&w, "AWS_CREDENTIAL_EXPIRATION", LATER);
    check_found(&w, &s, AKID, "environment");
    ck_assert_int_eq(s.expires, NOW + 3600 * 1000);
    open_plain(&w, NULL);
    set_keys(&w);
    world_set(&w, "AWS_CREDENTIAL_EXPIRATION", "1960-01-01T00:00:00Z");
    check_refused(&w, &s, "environment: the credentials have expired");
    open_plain(&w, NULL);
    set_keys(&w);
    world_set(&w, "AWS_CREDENTIAL_EXPIRATION", MARK);
    check_refused(&w, &s, "AWS_CREDENTIAL_EXPIRATION is no time");
}
END_TEST

START_TEST(keys_with_odd_bytes_are_refused)
{
    static const char *const bad[] = {MARK "\n", MARK " x", "\x80" MARK, "\r\nX-Evil: " MARK};
    for (size_t i = 0; i < COUNT(bad); i++) {
        world w;
        search s = {.status = RDSPOL_OK};
        open_plain(&w, NULL);
        set_keys(&w);
        world_set(&w, "AWS_SESSION_TOKEN", bad[i]);
        check_refused(&w, &s, "environment: a key holds blanks or characters that no key has");
    }
}
END_TEST

// ---- Profiles with keys ------------------------------------------------------------------------

START_TEST(nothing_anywhere_says_where_was_looked)
{
    world w;
    search s = {.status = RDSPOL_OK};
    open_plain(&w, NULL);
    check_refused(&w, &s,
                  "no AWS credentials: none in the environment, none for profile default in ");
    ck_assert(strstr(s.message, "/.aws/credentials and ") != NULL);
}
END_TEST

static void write_both(world *w)
{
    open_plain(w, "[default]\naws_access_key_id = AKIDCONFIG\naws_secret_access_key = " MARK "\n"
                  "[profile two]\naws_access_key_id = AKIDTWO\naws_secret_access_key = " MARK "\n"
                  "[profile half]\naws_access_key_id = AKIDHALF\n");
    world_write(w, "/.aws/credentials",
                "[default]\naws_access_key_id = AKIDSHARED\naws_secret_access_key = " MARK
                "\naws_session_token = " MARK "t\n");
}

START_TEST(the_credentials_file_stands_before_the_configuration)
{
    world w;
    search s = {.profile = NULL}, two = {.profile = "two"}, half = {.profile = "half"};
    write_both(&w);
    check_found(&w, &s, "AKIDSHARED", "profile default (credentials file)");
    ck_assert_str_eq(s.session_token, MARK "t");
    write_both(&w);
    check_found(&w, &two, "AKIDTWO", "profile two (configuration file)");
    ck_assert_str_eq(two.session_token, "");
    write_both(&w);
    check_refused(&w, &half, "profile half (configuration file): aws_secret_access_key is missing");
}
END_TEST

START_TEST(a_profile_by_flag_hides_the_environment_but_not_one_by_variable)
{
    world w;
    search flag = {.profile = "two"}, variable = {.profile = NULL};
    write_both(&w);
    set_keys(&w);
    world_set(&w, "AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere");
    check_found(&w, &flag, "AKIDTWO", "profile two (configuration file)");
    write_both(&w);
    set_keys(&w);
    world_set(&w, "AWS_PROFILE", "two");
    check_found(&w, &variable, AKID, "environment");
}
END_TEST

START_TEST(a_profile_that_is_not_there_is_an_error)
{
    world w;
    search s = {.profile = "nine"};
    write_both(&w);
    set_keys(&w);
    check_refused(&w, &s, "profile nine is neither in ");
}
END_TEST

// ---- Roles -------------------------------------------------------------------------------------

#define BASE "[profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = " MARK "base\n"
#define ROLE(name, rest) "[profile " name "]\nrole_arn = arn:aws:iam::1:role/" name "\n" rest "\n"

START_TEST(a_role_of_a_profile)
{
    static const reply replies[] = {
        {"POST", STS_EU,
         "Authorization: AWS4-HMAC-SHA256 Credential=AKIDBASE/20300101/eu-west-1/sts/aws4_request",
         "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fprod&"
         "RoleSessionName=me%40x&"
         "ExternalId=a%20b&DurationSeconds=900",
         200, 0, STS_JSON("AssumeRole", "ASIAPROD")}};
    world w;
    search s = {.profile = "prod"};
    open_plain(&w, BASE ROLE("prod",
                             "source_profile = base\nexternal_id = a b\nrole_session_name = me@x\n"
                             "duration_seconds = 900"));
    SCRIPT(&w, replies);
    check_found(&w, &s, "ASIAPROD", "profile prod (assume role)");
    ck_assert_str_eq(s.session_token, MARK "token");
    ck_assert_int_eq(s.expires, NOW + 3600 * 1000);
}
END_TEST

START_TEST(a_simulator_answers_in_xml)
{
    static const reply replies[] = {{"POST", "http://127.0.0.1:5005/", "Accept: application/json",
                                     "&RoleSessionName=rdspol-1893456000", 200, 0,
                                     STS_XML("ASIAXML")}};
    world w;
    search s = {.profile = "prod"};
    open_plain(&w, BASE ROLE("prod", "source_profile = base\nduration_seconds = soon"));
    world_set(&w, "AWS_ENDPOINT_URL_STS", "http://127.0.0.1:5005/");
    SCRIPT(&w, replies);
    check_found(&w, &s, "ASIAXML", "profile prod (assume role)");
    ck_assert_int_eq(s.expires, NOW + 3600 * 1000);
}
END_TEST

START_TEST(roles_in_a_row)
{
    static const reply replies[] = {
        {"POST", STS_EU, "Authorization: AWS4-HMAC-SHA256 Credential=AKIDBASE/", "role%2Fone&", 200,
         0, STS_JSON("AssumeRole", "ASIAONE")},
        {"POST", STS_EU, "X-Amz-Security-Token: " MARK "token", "role%2Ftwo&", 200, 0,
         STS_JSON("AssumeRole", "ASIATWO")},
        {"POST", STS_EU, "Authorization: AWS4-HMAC-SHA256 Credential=ASIATWO/", "role%2Ftop&", 200,
         0, STS_JSON("AssumeRole", "ASIATOP")}};
    static const char config[] = BASE ROLE("one", "source_profile = base")
        ROLE("two", "source_profile = one") "[profile x]\nregion = x\n";
    world w;
    search s = {.profile = "two", .assume_role = "arn:aws:iam::2:role/top"};
    open_plain(&w, config);
    SCRIPT(&w, replies);
    check_found(&w, &s, "ASIATOP", "profile two (assume role), then role arn:aws:iam::2:role/top");
}
END_TEST

START_TEST(a_role_on_top_of_keys)
{
    static const reply replies[] = {
        {"POST", STS_EU, NULL,
         "RoleArn=arn%3Aaws%3Aiam%3A%3A2%3Arole%2Ftop&RoleSessionName=audit&ExternalId=42", 200, 0,
         STS_JSON("AssumeRole", "ASIATOP")}};
    world w;
    search s = {
        .assume_role = "arn:aws:iam::2:role/top", .external_id = "42", .session_name = "audit"};
    open_plain(&w, NULL);
    set_keys(&w);
    SCRIPT(&w, replies);
    check_found(&w, &s, "ASIATOP", "environment, then role arn:aws:iam::2:role/top");
}
END_TEST

START_TEST(a_source_with_keys_of_its_own_is_not_assumed)
{
    static const reply replies[] = {{"POST", STS_EU,
                                     "Authorization: AWS4-HMAC-SHA256 Credential=AKIDSELF/",
                                     "role%2Fprod&", 200, 0, STS_JSON("AssumeRole", "ASIAPROD")}};
    world w;
    search s = {.profile = "prod"};
    open_plain(
        &w,
        ROLE("prod", "source_profile = self") ROLE(
            "self",
            "source_profile = prod\naws_access_key_id = AKIDSELF\naws_secret_access_key = " MARK));
    SCRIPT(&w, replies);
    check_found(&w, &s, "ASIAPROD", "profile prod (assume role)");
    open_plain(
        &w,
        ROLE("prod",
             "source_profile = prod\naws_access_key_id = AKIDSELF\naws_secret_access_key = " MARK));
    SCRIPT(&w, replies);
    check_found(&w, &s, "ASIAPROD", "profile prod (assume role)");
}
END_TEST

typedef struct refusal {
    const char *config, *message;
} refusal;

START_TEST(roles_without_a_beginning_are_refused)
{
    static const refusal refusals[] = {
        {ROLE("p", ""), "profile p has role_arn, and neither source_profile nor credential_source"},
        {ROLE("p", "source_profile = q\ncredential_source = Environment"),
         "profile p has role_arn, and both source_profile and credential_source"},
        {ROLE("p", "source_profile = q"), "profile p: its source_profile q does not exist"},
        {ROLE("p", "source_profile = p"), "profile p: source_profile leads back to p"},
        {ROLE("p", "source_profile = q") ROLE("q", "source_profile = p"),
         "profile q: source_profile leads back to p"},
        {ROLE("p", "source_profile = q") ROLE("q", "source_profile = q"),
         "profile q: source_profile leads back to q"},
        {ROLE("p", "source_profile = q") "[profile q]\nregion = x\n",
         "profile p: its source_profile q has no credentials"},
        {ROLE("p", "credential_source = environment"), "profile p: credential_source is none of"},
        {ROLE("p", "credential_source = Environment"),
         "profile p: its credential_source Environment has no credentials"},
        {ROLE("p", "credential_source = EcsContainer"),
         "its credential_source EcsContainer has no credentials"},
        {ROLE("p", "credential_source = Ec2InstanceMetadata"),
         "its credential_source Ec2InstanceMetadata has no"},
        {"[profile p]\nrole_arn =\nsource_profile = base\n" BASE,
         "profile p (assume role): role_arn is missing"},
        {BASE ROLE("p", "source_profile = q")
             ROLE("q", "source_profile = base\nmfa_serial = arn:x"),
         "profile q wants an MFA code, which cannot be typed here; put its keys into the "
         "environment: aws configure "
         "export-credentials --profile p"},
        {"[profile p]\nlogin_session = x\n", "profile p is one of `aws login`"}};
    for (size_t i = 0; i < COUNT(refusals); i++) {
        world w;
        search s = {.profile = "p"};
        open_plain(&w, refusals[i].config);
        check_refused(&w, &s, refusals[i].message);
    }
}
END_TEST

START_TEST(a_row_has_a_limit)
{
    world w;
    search s = {.profile = "p0"};
    rp_buf text;
    rp_buf_init(&text, (rp_alloc){NULL, NULL}, 1 << 16);
    for (int i = 0; i < 40; i++) {
        rp_buf_printf(&text, "[profile p%d]\nrole_arn = arn:x\nsource_profile = p%d\n", i, i + 1);
    }
    rp_buf_printf(&text, "[profile p40]\nregion = x\n%c", '\0');
    open_plain(&w, text.data);
    check_refused(&w, &s, "profile p32: a row of more than 32 profiles");
    rp_buf_free(&text);
}
END_TEST

START_TEST(a_role_by_the_environment)
{
    static const reply replies[] = {{"POST", STS_EU,
                                     "Authorization: AWS4-HMAC-SHA256 Credential=" AKID "/", NULL,
                                     200, 0, STS_JSON("AssumeRole", "ASIAPROD")}};
    world w;
    search s = {.profile = "p"}; // by flag: yet the environment is where the profile says
    open_plain(&w, ROLE("p", "credential_source = Environment"));
    set_keys(&w);
    SCRIPT(&w, replies);
    check_found(&w, &s, "ASIAPROD", "profile p (assume role)");
}
END_TEST

START_TEST(sts_without_a_region)
{
    static const reply replies[] = {
        {"POST", STS_US, NULL, NULL, 200, 0, STS_JSON("AssumeRole", "ASIAPROD")}};
    world w;
    search s = {.assume_role = "arn:aws:iam::2:role/top"};
    open_plain(&w, NULL);
    world_set(&w, "AWS_REGION", "");
    set_keys(&w);
    SCRIPT(&w, replies);
    check_found(&w, &s, "ASIAPROD", "environment, then role arn:aws:iam::2:role/top");
    open_plain(&w, NULL);
    world_set(&w, "AWS_REGION", "evil.example/");
    set_keys(&w);
    find_all(&w, &s);
    ck_assert_int_eq(s.status, RDSPOL_INVALID_ARGUMENT);
    world_close(&w);
}
END_TEST

// ---- Answers of STS that are no good -----------------------------------------------------------

static void check_sts(const char *answer, long status, const char *message)
{
    const reply replies[] = {{"POST", STS_EU, NULL, NULL, status, 0, answer}};
    world w;
    search s = {.assume_role = "arn:aws:iam::2:role/top"};
    open_plain(&w, NULL);
    set_keys(&w);
    SCRIPT(&w, replies);
    check_refused(&w, &s, message);
}

#define CREDENTIALS(rest)                                                                          \
    "{\"AssumeRoleResponse\":{\"AssumeRoleResult\":{\"Credentials\":{" rest "}}}}"
#define KEYS3 "\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"" MARK "\",\"SessionToken\":\"" MARK "\""

START_TEST(sts_refuses)
{
    check_sts("{\"Error\":{\"Code\":\"AccessDenied\",\"Message\":\"" MARK
              "\"},\"RequestId\":\"1\"}",
              403, "assuming role arn:aws:iam::2:role/top: AccessDenied (HTTP 403)");
    check_sts("<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</"
              "Code><Message>x-amz-security-token:" MARK "</Message></Error></ErrorResponse>",
              403, "assuming role arn:aws:iam::2:role/top: SignatureDoesNotMatch (HTTP 403)");
    check_sts("<html>" MARK "</html>", 404, "assuming role arn:aws:iam::2:role/top: HTTP 404");
    check_sts("{\"Error\":{\"Code\":\"a " MARK "\\u001b[2J\"}}", 400,
              "assuming role arn:aws:iam::2:role/top: HTTP 400");
    check_sts(NULL, 302, "assuming role arn:aws:iam::2:role/top: HTTP 302");
}
END_TEST

START_TEST(sts_answers_nonsense)
{
    check_sts("", 200, "no proper AccessKeyId");
    check_sts("{", 200, "no proper AccessKeyId");
    check_sts("[\"" MARK "\"]", 200, "no proper AccessKeyId");
    check_sts("{\"AssumeRoleResponse\":{\"AssumeRoleResult\":\"" MARK "\"}}", 200,
              "no proper AccessKeyId");
    check_sts(STS_JSON("AssumeRoleWithWebIdentity", "A"), 200, "no proper AccessKeyId");
    check_sts(CREDENTIALS("\"AccessKeyId\":\"A\",\"SecretAccessKey\":7"), 200,
              "no proper SecretAccessKey");
    check_sts(CREDENTIALS("\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"" MARK "\""), 200,
              "no proper SessionToken");
    check_sts(CREDENTIALS(KEYS3), 200, "no proper Expiration");
    check_sts(CREDENTIALS(KEYS3 ",\"Expiration\":\"soon\""), 200, "no proper Expiration");
    check_sts(CREDENTIALS(KEYS3 ",\"Expiration\":true"), 200, "no proper Expiration");
    check_sts(CREDENTIALS(KEYS3 ",\"Expiration\":0"), 200, "have expired");
    check_sts(CREDENTIALS(KEYS3 ",\"Expiration\":\"" BEFORE "\""), 200, "have expired");
    check_sts(CREDENTIALS("\"AccessKeyId\":\"A B\",\"SecretAccessKey\":\"" MARK
                          "\",\"SessionToken\":\"t\",\"Expiration\":\"" LATER "\""),
              200, "a key holds blanks");
    check_sts(CREDENTIALS("\"AccessKeyId\":\"\",\"SecretAccessKey\":\"" MARK
                          "\",\"SessionToken\":\"t\",\"Expiration\":\"" LATER "\""),
              200, "a key is empty");
}
END_TEST

START_TEST(sts_answers_nonsense_in_xml)
{
    check_sts("<", 200, "the answer has no credentials");
    check_sts("<a><Credentials>", 200, "the answer has no credentials");
    check_sts("<AccessKeyId>A</AccessKeyId><SecretAccessKey>" MARK "</SecretAccessKey>", 200,
              "the answer has no credentials");
    check_sts("<Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>&x;" MARK
              "</SecretAccessKey><SessionToken>t</SessionToken>"
              "<Expiration>" LATER "</Expiration></Credentials>",
              200, "the answer has no credentials");
    check_sts("<Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey><b>" MARK
              "</b></SecretAccessKey><SessionToken>t"
              "</SessionToken><Expiration>" LATER "</Expiration></Credentials>",
              200, "the answer has no credentials");
    check_sts("<Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>" MARK
              "</SecretAccessKey><SessionToken>t</SessionToken>"
              "<Expiration>" BEFORE "</Expiration></Credentials>",
              200, "have expired");
}
END_TEST

static void check_tries(const reply *replies, size_t count, size_t sleeps, const char *message)
{
    world w;
    search s = {.assume_role = "arn:aws:iam::2:role/top"};
    open_plain(&w, NULL);
    set_keys(&w);
    world_script(&w, replies, count);
    find_all(&w, &s);
    ck_assert_msg(strstr(s.message, message) != NULL, "%s", s.message);
    ck_assert_int_eq(s.status == RDSPOL_OK, message[0] == '\0');
    ck_assert_uint_eq(w.sleeps, sleeps);
    world_close(&w);
}

START_TEST(sts_is_asked_three_times)
{
    static const reply late[] = {
        {"POST", STS_EU, NULL, NULL, 503, 0, MARK},
        {"POST", STS_EU, NULL, NULL, 0, RP_HTTP_CONNECT, NULL},
        {"POST", STS_EU, NULL, NULL, 200, 0, STS_JSON("AssumeRole", "ASIA")}};
    static const reply never[] = {{"POST", STS_EU, NULL, NULL, 0, RP_HTTP_TIME, NULL},
                                  {"POST", STS_EU, NULL, NULL, 0, RP_HTTP_BROKEN, NULL},
                                  {"POST", STS_EU, NULL, NULL, 500, 0, NULL}};
    static const reply busy[] = {
        {"POST", STS_EU, NULL, NULL, 400, 0, "{\"Error\":{\"Code\":\"Throttling\"}}"},
        {"POST", STS_EU, NULL, NULL, 400, 0, "<Code>IDPCommunicationError</Code>"},
        {"POST", STS_EU, NULL, NULL, 400, 0, "{\"Error\":{\"Code\":\"Throttling\"}}"}};
    static const reply untrusted[] = {{"POST", STS_EU, NULL, NULL, 0, RP_HTTP_TLS, NULL}};
    static const reply memory[] = {{"POST", STS_EU, NULL, NULL, 0, RP_HTTP_NO_MEMORY, NULL}};
    check_tries(late, 3, 2, "");
    check_tries(never, 3, 2, "assuming role arn:aws:iam::2:role/top: HTTP 500");
    check_tries(busy, 3, 2, "assuming role arn:aws:iam::2:role/top: Throttling (HTTP 400)");
    check_tries(untrusted, 1, 0, "assuming role arn:aws:iam::2:role/top: TLS failed");
    check_tries(memory, 1, 0, "memory ran out");
}
END_TEST

START_TEST(a_huge_answer_is_refused)
{
    static const reply replies[] = {{"POST", STS_EU, NULL, NULL, 200, 0, "{"}};
    world w;
    search s = {.assume_role = "arn:aws:iam::2:role/top"};
    open_plain(&w, NULL);
    set_keys(&w);
    w.answer_size = 100u * 1000 * 1000;
    SCRIPT(&w, replies);
    check_refused(&w, &s, "assuming role arn:aws:iam::2:role/top: an answer that is too large");
}
END_TEST

// ---- Web identity ------------------------------------------------------------------------------

START_TEST(web_identity_of_the_environment)
{
    static const reply replies[] = {{"POST", STS_EU, NULL,
                                     "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn="
                                     "arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fpod&RoleSessionName=pod&"
                                     "WebIdentityToken=" MARK ".jwt",
                                     200, 0, STS_JSON("AssumeRoleWithWebIdentity", "ASIAPOD")}};
    world w;
    char path[128];
    search s = {.profile = NULL};
    open_plain(&w, BASE);
    world_write(&w, "/token", MARK ".jwt\n");
    (void)snprintf(path, sizeof path, "%s/token", w.folder);
    world_set(&w, "AWS_WEB_IDENTITY_TOKEN_FILE", path);
    world_set(&w, "AWS_ROLE_ARN", "arn:aws:iam::1:role/pod");
    world_set(&w, "AWS_ROLE_SESSION_NAME", "pod");
    SCRIPT(&w, replies);
    check_found(&w, &s, "ASIAPOD", "web identity");
}
END_TEST

START_TEST(web_identity_of_a_profile)
{
    static const reply replies[] = {{"POST", STS_EU, NULL, "WebIdentityToken=" MARK ".jwt", 200, 0,
                                     STS_JSON("AssumeRoleWithWebIdentity", "ASIAPOD")},
                                    {"POST", STS_EU, "X-Amz-Security-Token: ", "role%2Ftop&", 200,
                                     0, STS_JSON("AssumeRole", "ASIATOP")}};
    world w;
    char config[512];
    search s = {.profile = "top"};
    open_plain(&w, NULL);
    (void)snprintf(config, sizeof config,
                   ROLE("pod", "web_identity_token_file = %s/token")
                       ROLE("top", "source_profile = pod"),
                   w.folder);
    world_write(&w, "/.aws/config", config);
    world_write(&w, "/token", MARK ".jwt");
    SCRIPT(&w, replies);
    check_found(&w, &s, "ASIATOP", "profile top (assume role)");
}
END_TEST

START_TEST(web_identity_must_be_whole)
{
    world w;
    search s = {.profile = NULL};
    open_plain(&w, NULL);
    world_set(&w, "AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token");
    check_refused(&w, &s, "web identity: role_arn (AWS_ROLE_ARN) is missing");
    open_plain(&w, NULL);
    world_set(&w, "AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token");
    world_set(&w, "AWS_ROLE_ARN", "arn:x");
    check_refused(&w, &s, "web identity: there is no file /nowhere/token");
}
END_TEST

// ---- SSO ---------------------------------------------------------------------------------------

#define SSO_PROFILE                                                                                \
    "[profile s]\nsso_session = corp\nsso_account_id = 123\nsso_role_name = Read Only\n"
#define SSO_SESSION                                                                                \
    "[sso-session corp]\nsso_region = eu-central-1\nsso_start_url = https://corp.example/start\n"
#define SSO_OLD                                                                                    \
    "[profile s]\nsso_start_url = https://corp.example/start\nsso_region = "                       \
    "eu-central-1\nsso_account_id = 123\n"                                                         \
    "sso_role_name = Read Only\n"
#define SSO_TOKEN(expires)                                                                         \
    "{\"accessToken\":\"" MARK "sso\",\"expiresAt\":\"" expires "\",\"region\":\"eu-central-1\"}"
#define SSO_URL                                                                                    \
    "https://portal.sso.eu-central-1.amazonaws.com/federation/"                                    \
    "credentials?role_name=Read%20Only&account_id=123"
#define SSO_KEYS                                                                                   \
    "{\"roleCredentials\":{\"accessKeyId\":\"ASIASSO\",\"secretAccessKey\":\"" MARK                \
    "\",\"sessionToken\":\"" MARK "\",\"expiration\":1893459600000}}"
#define SSO_GOOD                                                                                   \
    {                                                                                              \
        "GET", SSO_URL, "x-amz-sso_bearer_token: " MARK "sso", NULL, 200, 0, SSO_KEYS              \
    }

static void sso_path(const char *of, char out[96])
{
    unsigned char hash[RP_SHA1_SIZE];
    char digits[2 * RP_SHA1_SIZE];
    rp_crypto crypto = {0};
    ck_assert(rp_crypto_sha1(&crypto, of, strlen(of), hash));
    rp_crypto_hex_of(hash, sizeof hash, digits);
    (void)snprintf(out, 96, "/.aws/sso/cache/%.40s.json", digits);
    rp_crypto_clear(&crypto);
}

START_TEST(sso_by_session)
{
    static const reply replies[] = {SSO_GOOD};
    world w;
    char path[96];
    search s = {.profile = "s"};
    sso_path("corp", path);
    open_plain(&w, SSO_PROFILE SSO_SESSION);
    world_write(&w, path, SSO_TOKEN(LATER));
    SCRIPT(&w, replies);
    check_found(&w, &s, "ASIASSO", "profile s (SSO)");
    ck_assert_int_eq(s.expires, NOW + 3600 * 1000);
}
END_TEST

START_TEST(sso_without_session)
{
    static const reply replies[] = {SSO_GOOD};
    world w;
    char path[96];
    search s = {.profile = "s"};
    sso_path("https://corp.example/start", path);
    open_plain(&w, SSO_OLD);
    world_write(&w, path, SSO_TOKEN("2030-01-01T01:00:00UTC"));
    SCRIPT(&w, replies);
    check_found(&w, &s, "ASIASSO", "profile s (SSO)");
}
END_TEST

static void check_sso(const char *config, const char *token, const char *message)
{
    world w;
    char path[96];
    search s = {.profile = "s"};
    sso_path("corp", path);
    open_plain(&w, config);
    if (token != NULL) world_write(&w, path, token);
    check_refused(&w, &s, message);
}

START_TEST(sso_that_needs_a_login)
{
    static const char config[] = SSO_PROFILE SSO_SESSION;
    check_sso(config, NULL, "profile s: there is no token of SSO; run: aws sso login --profile s");
    check_sso(config, SSO_TOKEN(BEFORE),
              "profile s: the token of SSO has expired; run: aws sso login --profile s");
    check_sso(config, "", "profile s: the token of SSO is not readable; run: aws sso login");
    check_sso(config, "{\"accessToken\":\"" MARK "\"}", "is not readable");
    check_sso(config, "{\"accessToken\":7,\"expiresAt\":\"" LATER "\"}", "is not readable");
    check_sso(config, "{\"accessToken\":\"a\\r\\nX: " MARK "\",\"expiresAt\":\"" LATER "\"}",
              "is not readable");
    check_sso("[profile s]\nsso_session = none\nsso_account_id = 1\n", NULL,
              "there is no section [sso-session none]");
    check_sso("[profile s]\nsso_account_id = 1\n", NULL,
              "profile s uses SSO, but sso_start_url is missing");
    check_sso(SSO_PROFILE "sso_region = us-east-1\n" SSO_SESSION, NULL,
              "profile s: its sso_region is not that of [sso-session corp]");
}
END_TEST

START_TEST(sso_that_is_refused)
{
    static const reply expired[] = {
        {"GET", SSO_URL, NULL, NULL, 401, 0, "{\"message\":\"" MARK "\"}"}};
    static const reply denied[] = {
        {"GET", SSO_URL, NULL, NULL, 403, 0, "{\"message\":\"" MARK "\"}"}};
    static const reply seconds[] = {
        {"GET", SSO_URL, NULL, NULL, 200, 0,
         "{\"roleCredentials\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"" MARK
         "\",\"sessionToken\":\"t\",\"expiration\":\"" LATER "\"}}"}};
    static const reply *const all[] = {expired, denied, seconds};
    static const char *const messages[] = {
        "the token of SSO is no longer accepted; run: aws sso login --profile s",
        "profile s (SSO): HTTP 403", "profile s (SSO): the answer has no proper expiration"};
    char path[96];
    sso_path("corp", path);
    for (size_t i = 0; i < COUNT(all); i++) {
        world w;
        search s = {.profile = "s"};
        open_plain(&w, SSO_PROFILE SSO_SESSION);
        world_write(&w, path, SSO_TOKEN(LATER));
        world_script(&w, all[i], 1);
        check_refused(&w, &s, messages[i]);
    }
}
END_TEST

// ---- Processes ---------------------------------------------------------------------------------

#define PRINTED(rest)                                                                              \
    "{\\\"Version\\\": 1, \\\"AccessKeyId\\\": \\\"ASIAPROC\\\", \\\"SecretAccessKey\\\": "        \
    "\\\"" MARK "\\\"" rest "}"
#define PROCESS(command) "[profile s]\ncredential_process = " command "\n"

START_TEST(a_process_prints_keys)
{
    world w;
    search s = {.profile = "s"};
    open_plain(&w, PROCESS("printf \"" PRINTED("") "\""));
    check_found(&w, &s, "ASIAPROC", "profile s (credential_process)");
    ck_assert_int_eq(s.expires, 0);
    ck_assert_str_eq(s.session_token, "");
    open_plain(
        &w, PROCESS("/bin/echo \"" PRINTED(
                ", \\\"SessionToken\\\": \\\"t\\\", \\\"Expiration\\\": \\\"" LATER "\\\"") "\""));
    check_found(&w, &s, "ASIAPROC", "profile s (credential_process)");
    ck_assert_int_eq(s.expires, NOW + 3600 * 1000);
    ck_assert_str_eq(s.session_token, "t");
}
END_TEST

START_TEST(a_process_is_not_run_by_a_shell)
{
    world w;
    char path[128];
    search s = {.profile = "s"};
    open_plain(&w, PROCESS("printf %s $(touch pwned) ; touch pwned > pwned"));
    check_refused(&w, &s, "profile s (credential_process): what it printed is no JSON");
    open_plain(&w, PROCESS("touch '~/pwned' ; true"));
    (void)snprintf(path, sizeof path, "%s/pwned", w.folder);
    ck_assert_int_ne(access(path, F_OK), 0);
    world_close(&w);
    ck_assert_int_ne(access("pwned", F_OK), 0);
}
END_TEST

START_TEST(processes_that_are_no_good)
{
    static const refusal refusals[] = {
        {PROCESS("false"), "profile s (credential_process): it failed"},
        {PROCESS("/nowhere/program"), "profile s (credential_process): No such file"},
        {PROCESS("'x"), "profile s (credential_process): a quote in it does not end"},
        {PROCESS(""), "profile s (credential_process): it is empty"},
        {PROCESS("echo " MARK), "what it printed is no JSON"},
        {PROCESS("echo '{\"Version\": \"1\"}'"), "does not have \"Version\": 1"},
        {PROCESS("echo '{\"Version\": 2}'"), "does not have \"Version\": 1"},
        {PROCESS("echo '[]'"), "does not have \"Version\": 1"},
        {PROCESS("echo '{\"Version\": 1}'"), "no proper AccessKeyId"},
        {PROCESS("echo '{\"Version\": 1, \"AccessKeyId\": \"A\", \"SecretAccessKey\": {}}'"),
         "no proper SecretAccessKey"},
        {PROCESS("printf \"" PRINTED(", \\\"Expiration\\\": \\\"" BEFORE "\\\"") "\""),
         "have expired"},
        {PROCESS("yes " MARK), "it prints more than keys"},
        {PROCESS("sh -c 'echo " MARK "; kill -9 $$'"), "it failed"},
        {PROCESS("sleep 60"), "it did not end in time"},
        {PROCESS("sh -c 'exec >/dev/null; exec sleep 60'"), "it did not end in time"},
        {PROCESS("sh -c \"trap '' TERM; while :; do sleep 1; done\""), "it did not end in time"}};
    for (size_t i = 0; i < COUNT(refusals); i++) {
        world w;
        search s = {.profile = "s", .process_limit_ms = 400};
        open_plain(&w, refusals[i].config);
        check_refused(&w, &s, refusals[i].message);
    }
}
END_TEST

START_TEST(a_process_that_is_late_is_asked_to_end)
{
    world w;
    char path[128], config[512];
    search s = {.profile = "s", .process_limit_ms = 400};
    open_plain(&w, NULL);
    (void)snprintf(path, sizeof path, "%s/ended", w.folder);
    (void)snprintf(config, sizeof config,
                   PROCESS("sh -c \"trap 'touch %s; exit 0' TERM; while :; do sleep 0.05; done\""),
                   path);
    world_write(&w, "/.aws/config", config);
    find_all(&w, &s);
    ck_assert_int_eq(s.status, RDSPOL_INPUT);
    ck_assert_int_eq(access(path, F_OK), 0);
    world_close(&w);
}
END_TEST

START_TEST(a_process_stands_between_both_files)
{
    static const char config[] = PROCESS(
        "printf \"" PRINTED("") "\"") "aws_access_key_id = AKIDCONFIG\naws_secret_access_key = x\n";
    world w;
    search s = {.profile = "s"};
    open_plain(&w, config);
    check_found(&w, &s, "ASIAPROC", "profile s (credential_process)");
    open_plain(&w, config);
    world_write(&w, "/.aws/credentials",
                "[s]\naws_access_key_id = AKIDSHARED\naws_secret_access_key = " MARK "\n");
    check_found(&w, &s, "AKIDSHARED", "profile s (credentials file)");
}
END_TEST

// ---- Containers --------------------------------------------------------------------------------

START_TEST(a_container_by_path)
{
    static const reply replies[] = {{"GET", "http://169.254.170.2/v2/credentials/1?x=y",
                                     "Accept: application/json", NULL, 200, 0, METADATA(LATER)}};
    world w;
    search s = {.profile = NULL};
    open_plain(&w, NULL);
    world_set(&w, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/1?x=y");
    world_set(&w, "AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://evil.example/");
    SCRIPT(&w, replies);
    check_found(&w, &s, "ASIAMETA", "container");
    ck_assert_str_eq(s.session_token, MARK "token");
}
END_TEST

START_TEST(a_container_by_url)
{
    static const char *const urls[] = {"https://anywhere.example/keys",
                                       "http://localhost:99/keys",
                                       "http://127.9.9.9/keys",
                                       "http://[::1]:8080/keys",
                                       "http://169.254.170.23/v1/credentials",
                                       "http://[fd00:ec2::23]/v1/credentials"};
    for (size_t i = 0; i < COUNT(urls); i++) {
        const reply replies[] = {
            {"GET", urls[i], "Authorization: " MARK "auth", NULL, 200, 0, METADATA(LATER)}};
        world w;
        search s = {.profile = NULL};
        open_plain(&w, NULL);
        world_set(&w, "AWS_CONTAINER_CREDENTIALS_FULL_URI", urls[i]);
        world_set(&w, "AWS_CONTAINER_AUTHORIZATION_TOKEN", MARK "auth");
        SCRIPT(&w, replies);
        check_found(&w, &s, "ASIAMETA", "container");
    }
}
END_TEST

START_TEST(a_container_elsewhere_is_refused)
{
    static const char *const urls[] = {"http://evil.example/",
                                       "http://127.0.0.1.evil.example/",
                                       "http://127.0.0.1@evil.example/",
                                       "http://169.254.170.2@evil/",
                                       "http://169.254.170.3/",
                                       "http://[::2]/",
                                       "http://[::1",
                                       "http://[::1]evil/",
                                       "http://",
                                       "ftp://127.0.0.1/",
                                       "http://127.0.0.1/a b",
                                       "http://127.1/",
                                       "http://evil\\@127.0.0.1/",
                                       "http://127.0.0.1:80:80/",
                                       "http://0x7f.0.0.1/",
                                       "http://126.0.0.1/",
                                       "http://128.0.0.1/"};
    for (size_t i = 0; i < COUNT(urls); i++) {
        world w;
        search s = {.profile = NULL};
        open_plain(&w, NULL);
        world_set(&w, "AWS_CONTAINER_CREDENTIALS_FULL_URI", urls[i]);
        world_set(&w, "AWS_CONTAINER_AUTHORIZATION_TOKEN", MARK);
        check_refused(&w, &s, "AWS_CONTAINER_CREDENTIALS_FULL_URI: neither https nor an address");
    }
}
END_TEST

START_TEST(a_container_token_may_be_a_file)
{
    static const reply replies[] = {{"GET", "http://169.254.170.2/x", "Authorization: " MARK "file",
                                     NULL, 200, 0, METADATA(LATER)}};
    world w;
    char path[128];
    search s = {.profile = NULL};
    open_plain(&w, NULL);
    world_write(&w, "/auth", MARK "file\n");
    (void)snprintf(path, sizeof path, "%s/auth", w.folder);
    world_set(&w, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
    world_set(&w, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path);
    world_set(&w, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "other");
    SCRIPT(&w, replies);
    check_found(&w, &s, "ASIAMETA", "container");
    open_plain(&w, NULL);
    world_set(&w, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
    world_set(&w, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/nowhere");
    check_refused(&w, &s, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: there is no such file");
    open_plain(&w, NULL);
    world_set(&w, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
    world_set(&w, "AWS_CONTAINER_AUTHORIZATION_TOKEN", MARK "\r\nX: y");
    check_refused(&w, &s, "container: the authorization token cannot be sent in a header");
}
END_TEST

// ---- Instances ---------------------------------------------------------------------------------

START_TEST(an_instance)
{
    static const reply replies[] = {IMDS_TOKEN,
                                    IMDS_ROLE,
                                    {"GET", IMDS "meta-data/iam/security-credentials/my-role",
                                     "x-aws-ec2-metadata-token: " MARK "imds", NULL, 200, 0,
                                     METADATA(LATER)}};
    world w;
    search s = {.profile = NULL};
    world_open(&w);
    SCRIPT(&w, replies);
    check_found(&w, &s, "ASIAMETA", "instance metadata");
    ck_assert_int_eq(s.expires, NOW + 3600 * 1000);
}
END_TEST

START_TEST(an_instance_renews_late)
{
    static const reply replies[] = {IMDS_TOKEN,
                                    IMDS_ROLE,
                                    {"GET", IMDS "meta-data/iam/security-credentials/my-role", NULL,
                                     NULL, 200, 0, METADATA(BEFORE)}};
    world w;
    search s = {.profile = NULL};
    world_open(&w);
    SCRIPT(&w, replies);
    check_found(&w, &s, "ASIAMETA", "instance metadata");
    ck_assert_int_eq(s.expires, NOW + 15 * 60 * 1000);
}
END_TEST

START_TEST(no_instance_means_nothing)
{
    static const reply silent[] = {IMDS_NONE};
    static const reply forbidden[] = {{"PUT", IMDS "api/token", NULL, NULL, 403, 0, NULL}};
    static const reply without[] = {
        IMDS_TOKEN, {"GET", IMDS "meta-data/iam/security-credentials/", NULL, NULL, 404, 0, NULL}};
    static const reply *const all[] = {silent, forbidden, without};
    static const size_t counts[] = {1, 1, 2};
    for (size_t i = 0; i < COUNT(all); i++) {
        world w;
        search s = {.profile = NULL};
        world_open(&w);
        world_script(&w, all[i], counts[i]);
        check_refused(&w, &s, "no AWS credentials");
    }
}
END_TEST

START_TEST(instances_that_are_no_good)
{
    static const reply slow[] = {
        IMDS_TOKEN,
        {"GET", IMDS "meta-data/iam/security-credentials/", NULL, NULL, 0, RP_HTTP_TIME, NULL},
        {"GET", IMDS "meta-data/iam/security-credentials/", NULL, NULL, 500, 0, NULL},
        {"GET", IMDS "meta-data/iam/security-credentials/", NULL, NULL, 500, 0, MARK}};
    static const reply odd[] = {
        IMDS_TOKEN,
        {"GET", IMDS "meta-data/iam/security-credentials/", NULL, NULL, 200, 0, "a\nb " MARK}};
    static const reply failed[] = {
        IMDS_TOKEN,
        IMDS_ROLE,
        {"GET", IMDS "meta-data/iam/security-credentials/my-role", NULL, NULL, 200, 0,
         "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"" MARK "\"}"}};
    static const reply *const all[] = {slow, odd, failed};
    static const size_t counts[] = {4, 2, 3};
    static const char *const messages[] = {
        "instance metadata (name of the role): HTTP 500",
        "instance metadata: the name of the role is none",
        "instance metadata: the answer has no proper AccessKeyId"};
    for (size_t i = 0; i < COUNT(all); i++) {
        world w;
        search s = {.profile = NULL};
        world_open(&w);
        world_script(&w, all[i], counts[i]);
        check_refused(&w, &s, messages[i]);
    }
}
END_TEST

START_TEST(an_instance_elsewhere)
{
    static const reply own[] = {
        {"PUT", "http://127.0.0.1:1338/m/latest/api/token", NULL, NULL, 405, 0, NULL}};
    static const reply six[] = {
        {"PUT", "http://[fd00:ec2::254]/latest/api/token", NULL, NULL, 0, RP_HTTP_CONNECT, NULL}};
    world w;
    search s = {.profile = NULL};
    world_open(&w);
    world_set(&w, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1338/m/");
    SCRIPT(&w, own);
    check_refused(&w, &s, "no AWS credentials");
    world_open(&w);
    world_set(&w, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6");
    SCRIPT(&w, six);
    check_refused(&w, &s, "no AWS credentials");
    world_open(&w);
    world_set(&w, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "127.0.0.1");
    check_refused(&w, &s, "AWS_EC2_METADATA_SERVICE_ENDPOINT: it is no URL");
    world_open(&w);
    world_set(&w, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv5");
    check_refused(&w, &s, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: neither");
}
END_TEST

static void check_instance_region(const char *variable, const reply *replies, size_t count,
                                  rdspol_status expected, const char *region)
{
    world w;
    rp_settings settings;
    rp_arena arena;
    rp_str found;
    rdspol_error error = {.message = ""};
    world_open(&w);
    if (variable != NULL) world_set(&w, "AWS_REGION", variable);
    world_script(&w, replies, count);
    rp_arena_init(&arena, (rp_alloc){NULL, NULL});
    ck_assert_int_eq(
        rp_settings_open(&settings, world_environment(&w), RP_STR(""), world_alloc(&w), &error),
        RDSPOL_OK);
    rp_credentials_opts opts = world_opts(&w, &settings);
    ck_assert_int_eq(rp_credentials_region(&opts, &arena, &found, &error), expected);
    ck_assert(rp_str_equal(found, rp_str_from(region)));
    rp_settings_close(&settings);
    rp_arena_clear(&arena);
    world_close(&w);
}

START_TEST(the_region_of_an_instance_comes_last)
{
    static const reply good[] = {IMDS_TOKEN,
                                 {"GET", IMDS "meta-data/placement/region",
                                  "x-aws-ec2-metadata-token: " MARK "imds", NULL, 200, 0,
                                  "eu-west-3\n"}};
    static const reply odd[] = {
        IMDS_TOKEN,
        {"GET", IMDS "meta-data/placement/region", NULL, NULL, 200, 0, "evil.example/"}};
    static const reply none[] = {IMDS_NONE};
    check_instance_region("eu-west-1", NULL, 0, RDSPOL_OK, "eu-west-1");
    check_instance_region(NULL, good, 2, RDSPOL_OK, "eu-west-3");
    check_instance_region(NULL, odd, 2, RDSPOL_DONE, "");
    check_instance_region(NULL, none, 1, RDSPOL_DONE, "");
}
END_TEST

// ---- Renewal -----------------------------------------------------------------------------------

typedef struct life {
    world w;
    rp_settings settings;
    rp_credentials c;
    rp_credentials_opts opts;
} life;

static void begin_life(life *l, const reply *replies, size_t count)
{
    rdspol_error error = {.message = ""};
    open_plain(&l->w, NULL);
    set_keys(&l->w);
    ck_assert_int_eq(rp_settings_open(&l->settings, world_environment(&l->w), RP_STR(""),
                                      world_alloc(&l->w), &error),
                     RDSPOL_OK);
    l->opts = world_opts(&l->w, &l->settings);
    l->opts.assume_role = RP_STR("arn:aws:iam::2:role/top");
    world_script(&l->w, replies, count);
    ck_assert_int_eq(rp_credentials_find(&l->c, &l->opts, &error), RDSPOL_OK);
}

static void renew_at(life *l, int64_t minutes, rdspol_status status, size_t requests,
                     const char *access_key)
{
    rdspol_error error = {.message = ""};
    l->w.now = NOW + minutes * 60 * 1000;
    ck_assert_int_eq(rp_credentials_renew(&l->c, &l->opts, &error), status);
    ck_assert_uint_eq(l->w.at, requests);
    ck_assert(rp_str_equal(l->c.access_key, rp_str_from(access_key)));
}

static void end_life(life *l)
{
    rp_credentials_clear(&l->c);
    rp_credentials_clear(&l->c); // twice is fine
    rp_settings_close(&l->settings);
    world_close(&l->w);
}

START_TEST(roles_are_renewed_before_their_end)
{
    static const reply replies[] = {
        {"POST", STS_EU, NULL, NULL, 200, 0, STS_JSON("AssumeRole", "ASIAOLD")},
        {"POST", STS_EU, NULL, NULL, 200, 0, STS_JSON("AssumeRole", "ASIANEW")}};
    life l;
    begin_life(&l, replies, 2);
    renew_at(&l, 0, RDSPOL_OK, 1, "ASIAOLD");
    renew_at(&l, 44, RDSPOL_OK, 1, "ASIAOLD");
    renew_at(&l, 46, RDSPOL_OK, 2, "ASIANEW"); // which live 14 minutes by now
    renew_at(&l, 55, RDSPOL_OK, 2, "ASIANEW");
    end_life(&l);
}
END_TEST

START_TEST(a_failed_renewal_leaves_what_is_good)
{
    static const reply replies[] = {
        {"POST", STS_EU, NULL, NULL, 200, 0, STS_JSON("AssumeRole", "ASIAOLD")},
        {"POST", STS_EU, NULL, NULL, 403, 0, NULL},
        {"POST", STS_EU, NULL, NULL, 403, 0, NULL},
        {"POST", STS_EU, NULL, NULL, 403, 0, NULL}};
    life l;
    begin_life(&l, replies, 4);
    renew_at(&l, 46, RDSPOL_OK, 2, "ASIAOLD");
    renew_at(&l, 46, RDSPOL_OK, 2, "ASIAOLD"); // not again for a minute
    renew_at(&l, 59, RDSPOL_OK, 3, "ASIAOLD");
    renew_at(&l, 60, RDSPOL_INPUT, 4, "ASIAOLD");
    end_life(&l);
}
END_TEST

START_TEST(keys_that_do_not_expire_are_not_renewed)
{
    static const reply replies[] = {
        {"POST", STS_EU, NULL, NULL, 200, 0, STS_JSON("AssumeRole", "ASIAOLD")}};
    life l;
    begin_life(&l, replies, 1);
    l.c.expires = 0;
    renew_at(&l, 1000000, RDSPOL_OK, 1, "ASIAOLD");
    end_life(&l);
}
END_TEST

// ---- Memory ------------------------------------------------------------------------------------

typedef struct torture {
    const char *config, *token; // a token of SSO
    const reply *replies;
    size_t count;
    const char *assume_role;
} torture;

static rdspol_status run_torture(const torture *t, int limit)
{
    world w;
    char path[96];
    search s = {.profile = "s", .assume_role = t->assume_role};
    world_open(&w);
    world_set(&w, "AWS_REGION", "eu-west-1");
    world_write(&w, "/.aws/config", t->config);
    sso_path("corp", path);
    if (t->token != NULL) world_write(&w, path, t->token);
    world_script(&w, t->replies, t->count);
    w.left = limit;
    find_all(&w, &s);
    ck_assert(s.status == RDSPOL_OK || s.status == RDSPOL_NO_MEMORY);
    ck_assert_msg(s.status == RDSPOL_OK || strstr(s.message, "memory") != NULL, "%d: %s", limit,
                  s.message);
    w.reply_count = w.at; // not all are asked for when memory runs out
    world_close(&w);
    return s.status;
}

START_TEST(memory_may_run_out_anywhere_and_keeps_no_secret)
{
    static const reply sso[] = {
        SSO_GOOD, {"POST", STS_EU, NULL, NULL, 200, 0, STS_JSON("AssumeRole", "ASIATOP")}};
    static const reply role[] = {{"POST", STS_EU, NULL, NULL, 200, 0, STS_XML("ASIAXML")}};
    static const reply instance[] = {IMDS_TOKEN,
                                     IMDS_ROLE,
                                     {"GET", IMDS "meta-data/iam/security-credentials/my-role",
                                      NULL, NULL, 200, 0, METADATA(LATER)}};
    static const torture all[] = {
        {SSO_PROFILE SSO_SESSION, SSO_TOKEN(LATER), sso, 2, "arn:aws:iam::2:role/top"},
        {BASE ROLE("s", "source_profile = base"), NULL, role, 1, NULL},
        {"[profile s]\nregion = eu-west-1\n", NULL, instance, 3, NULL},
        {PROCESS("printf \"" PRINTED("") "\""), NULL, NULL, 0, NULL}};
    const torture *t = &all[_i];
    int limit = 0;
    while (run_torture(t, limit) == RDSPOL_NO_MEMORY) limit++;
    ck_assert_int_gt(limit, 5);
}
END_TEST

START_TEST(documents_are_wiped)
{
    static const char text[] = "{\"a\":{\"b\":[1,\"" MARK "1\",{\"" MARK "2\":\"" MARK
                               "3\"}]},\"c\":\"" MARK "4\",\"d\":null}";
    size_t offset;
    world w;
    world_open(&w);
    rp_document_wipe(rp_document_parse(rp_str_make(text, sizeof text - 1), &offset));
    world_close(&w);
    rp_document_free(rp_document_parse(rp_str_make(text, sizeof text - 1), &offset));
#ifdef __GLIBC__
    ck_assert_int_gt(world_json_leaks(), 0); // the test can tell
#endif
    rp_document_wipe(NULL);
}
END_TEST

static void add_tests(TCase *c)
{
    tcase_add_test(c, keys_of_the_environment);
    tcase_add_test(c, half_of_the_keys_is_an_error);
    tcase_add_test(c, keys_of_the_environment_may_expire);
    tcase_add_test(c, keys_with_odd_bytes_are_refused);
    tcase_add_test(c, nothing_anywhere_says_where_was_looked);
    tcase_add_test(c, the_credentials_file_stands_before_the_configuration);
    tcase_add_test(c, a_profile_by_flag_hides_the_environment_but_not_one_by_variable);
    tcase_add_test(c, a_profile_that_is_not_there_is_an_error);
    tcase_add_test(c, a_role_of_a_profile);
    tcase_add_test(c, a_simulator_answers_in_xml);
    tcase_add_test(c, roles_in_a_row);
    tcase_add_test(c, a_role_on_top_of_keys);
    tcase_add_test(c, a_source_with_keys_of_its_own_is_not_assumed);
    tcase_add_test(c, roles_without_a_beginning_are_refused);
    tcase_add_test(c, a_row_has_a_limit);
    tcase_add_test(c, a_role_by_the_environment);
    tcase_add_test(c, sts_without_a_region);
    tcase_add_test(c, sts_refuses);
    tcase_add_test(c, sts_answers_nonsense);
    tcase_add_test(c, sts_answers_nonsense_in_xml);
    tcase_add_test(c, sts_is_asked_three_times);
    tcase_add_test(c, a_huge_answer_is_refused);
    tcase_add_test(c, web_identity_of_the_environment);
    tcase_add_test(c, web_identity_of_a_profile);
    tcase_add_test(c, web_identity_must_be_whole);
    tcase_add_test(c, sso_by_session);
    tcase_add_test(c, sso_without_session);
    tcase_add_test(c, sso_that_needs_a_login);
    tcase_add_test(c, sso_that_is_refused);
    tcase_add_test(c, a_process_prints_keys);
    tcase_add_test(c, a_process_is_not_run_by_a_shell);
    tcase_add_test(c, processes_that_are_no_good);
    tcase_add_test(c, a_process_that_is_late_is_asked_to_end);
    tcase_add_test(c, a_process_stands_between_both_files);
    tcase_add_test(c, a_container_by_path);
    tcase_add_test(c, a_container_by_url);
    tcase_add_test(c, a_container_elsewhere_is_refused);
    tcase_add_test(c, a_container_token_may_be_a_file);
    tcase_add_test(c, an_instance);
    tcase_add_test(c, an_instance_renews_late);
    tcase_add_test(c, no_instance_means_nothing);
    tcase_add_test(c, instances_that_are_no_good);
    tcase_add_test(c, an_instance_elsewhere);
    tcase_add_test(c, the_region_of_an_instance_comes_last);
    tcase_add_test(c, roles_are_renewed_before_their_end);
    tcase_add_test(c, a_failed_renewal_leaves_what_is_good);
    tcase_add_test(c, keys_that_do_not_expire_are_not_renewed);
    tcase_add_loop_test(c, memory_may_run_out_anywhere_and_keeps_no_secret, 0, 4);
    tcase_add_test(c, documents_are_wiped);
}

int main(void)
{
    return run_suite("credentials", 120, add_tests);
}
