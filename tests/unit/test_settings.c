// Configuration files, words, paths, and what environment and profile say together.
//
// That files are read as botocore reads them is the business of
// tests/integration/profile_botocore.py; here are messages, limits, and who stands before whom.
#include "tests/unit/runner.h"
#include "collectors/live/file.h"
#include "collectors/live/settings.h"
#include "collectors/live/words.h"
#include "tests/unit/aws.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void check_text(rp_str text, const char *expected)
{
    ck_assert_msg(expected == NULL ? text.ptr == NULL : rp_str_equal(text, rp_str_from(expected)),
                  "\"%.*s\", not \"%s\"", (int)text.len, text.ptr != NULL ? text.ptr : "",
                  expected != NULL ? expected : "(nothing)");
}

// ---- Words and paths ---------------------------------------------------------------------------

static void check_words(const char *text, const char *expected)
{
    char got[256] = "";
    size_t count;
    bool broken;
    rp_arena arena;
    rp_arena_init(&arena, (rp_alloc){NULL, NULL});
    char **words = rp_words_split(&arena, rp_str_from(text), &count, &broken);
    ck_assert_msg(broken == (expected == NULL), "%s", text);
    for (size_t i = 0; words != NULL && i < count; i++) {
        size_t used = strlen(got);
        (void)snprintf(got + used, sizeof got - used, "<%s>", words[i]);
    }
    ck_assert(words == NULL || words[count] == NULL);
    ck_assert_str_eq(got, expected != NULL ? expected : "");
    rp_arena_clear(&arena);
}

START_TEST(words_are_split_as_a_shell_does)
{
    check_words("", "");
    check_words("  \t ", "");
    check_words("a b  c ", "<a><b><c>");
    check_words("'a b' \"c d\" e\\ f", "<a b><c d><e f>");
    check_words("'' \"\" x", "<><><x>");
    check_words("a'b'\"c\"d", "<abcd>");
    check_words("\"\\\"\\\\\\n\" '\\'", "<\"\\\\n><\\>");
    check_words("$HOME `x` ; rm * # no", "<$HOME><`x`><;><rm><*><#><no>");
    check_words("'a", NULL);
    check_words("\"a", NULL);
    check_words("\"a\\", NULL);
    check_words("a\\", NULL);
}
END_TEST

static void check_path(world *w, const char *path, const char *expected)
{
    rp_arena arena;
    rp_arena_init(&arena, (rp_alloc){NULL, NULL});
    ck_assert_str_eq(rp_file_expand(&arena, world_environment(w), rp_str_from(path)), expected);
    rp_arena_clear(&arena);
}

START_TEST(paths_are_expanded)
{
    world w;
    world_open(&w);
    world_set(&w, "HOME", "/home/a");
    world_set(&w, "AT", "/there");
    check_path(&w, "~/x", "/home/a/x");
    check_path(&w, "~", "/home/a");
    check_path(&w, "~b/x", "~b/x");
    check_path(&w, "/x/~", "/x/~");
    check_path(&w, "$AT/x${AT}$NONE${NONE}$", "/there/x/there$NONE${NONE}$");
    check_path(&w, "${AT", "${AT");
    check_path(&w, "", "");
    world_close(&w);
}
END_TEST

// ---- Files -------------------------------------------------------------------------------------

// Opens settings, and closes them; the message.
static rdspol_status try_settings(world *w, const char *profile, char message[256])
{
    rp_settings s;
    rdspol_error error = {.message = ""};
    rdspol_status status =
        rp_settings_open(&s, world_environment(w), rp_str_from(profile), world_alloc(w), &error);
    rp_settings_close(&s);
    ck_assert(!is_marked(error.message, strlen(error.message)));
    (void)snprintf(message, 256, "%s", error.message);
    return status;
}

typedef struct mistake {
    const char *text, *message;
} mistake;

START_TEST(mistakes_are_named_with_their_line)
{
    static const mistake mistakes[] = {
        {"x = 1\n", "config:1: a line before the first [section]"},
        {"[a]\n\nx\n", "config:3: neither [section] nor name = value"},
        {"[a]\r\n= " MARK "\r\n", "config:2: a value without a name"},
        {"[a]\nx=1\nX=" MARK "\n", "config:3: this name is there twice in its section"},
        {"[a]\n[b]\n[a]\n", "config:3: this section is there twice"},
        {"[a]\ns3 =\n  x = 1\n  " MARK "\n", "config:4: a line of a block has no `=`"},
        {"[a]\n# fine\nx = \xff" MARK "\n", "config:3: text that is not UTF-8"},
        {"[a", "config:1: a line before the first [section]"}};
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        world w;
        char message[256];
        world_open(&w);
        world_write(&w, "/.aws/config", mistakes[i].text);
        ck_assert_int_eq(try_settings(&w, "", message), RDSPOL_INPUT);
        ck_assert_msg(strstr(message, mistakes[i].message) != NULL, "%s", message);
        world_close(&w);
    }
}
END_TEST

static void write_large(world *w, const char *name, size_t size)
{
    char *text = malloc(size + 1);
    memset(text, '#', size);
    text[size] = '\0';
    world_write(w, name, text);
    free(text);
}

START_TEST(files_have_a_limit)
{
    world w;
    char message[256];
    world_open(&w);
    write_large(&w, "/.aws/credentials", RP_FILE_MAX);
    ck_assert_int_eq(try_settings(&w, "", message), RDSPOL_OK);
    write_large(&w, "/.aws/credentials", RP_FILE_MAX + 1);
    ck_assert_int_eq(try_settings(&w, "", message), RDSPOL_INPUT);
    ck_assert_msg(strstr(message, "credentials cannot be read: it is larger") != NULL, "%s",
                  message);
    world_close(&w);
}
END_TEST

// Many sections, many names and one value of many lines: time grows with the size, not with its
// square.
START_TEST(large_files_are_read_in_time)
{
    static const char *const begin[] = {"[profile a", "a", " a"};
    static const char *const end[] = {"]\n", "=1\n", "=\n"};
    for (size_t kind = 0; kind < 3; kind++) {
        world w;
        char message[256], line[32];
        rp_buf text;
        rp_buf_init(&text, (rp_alloc){NULL, NULL}, (size_t)1 << 20);
        rp_buf_add_text(&text, "[default]\nx=\n");
        for (int i = 0; text.size < RP_FILE_MAX - 100; i++) {
            int size = snprintf(line, sizeof line, "%s%06d%s", begin[kind], i, end[kind]);
            rp_buf_add(&text, line, (size_t)size);
        }
        rp_buf_add_char(&text, '\0');
        world_open(&w);
        world_write(&w, "/.aws/config", text.data);
        ck_assert_int_eq(try_settings(&w, "default", message), RDSPOL_OK);
        world_close(&w);
        rp_buf_free(&text);
    }
}
END_TEST

// Whatever the bytes are, there is an answer; the sanitizers say the rest.
START_TEST(files_may_hold_anything)
{
    static const char alphabet[] = "[]=:#; \t\n\r\\\"'abprofile\x01\xc3\xa9";
    uint32_t seed = 1;
    for (int round = 0; round < 3000; round++) {
        char text[64];
        rp_arena arena;
        rp_ini ini;
        rdspol_error error;
        for (size_t i = 0; i < sizeof text; i++) {
            seed = seed * 1664525u + 1013904223u;
            text[i] = alphabet[(seed >> 16) % (sizeof alphabet - (seed >> 8 & 1))];
        }
        rp_arena_init(&arena, (rp_alloc){NULL, NULL});
        rp_str view = rp_str_make(text, seed % sizeof text);
        rdspol_status status = rp_ini_parse(&ini, &arena, view, "f", &error);
        ck_assert(status == RDSPOL_OK || status == RDSPOL_INPUT);
        rp_arena_clear(&arena);
    }
}
END_TEST

START_TEST(what_is_no_file_is_not_there)
{
    world w;
    char message[256], path[128];
    world_open(&w);
    world_set(&w, "AWS_CONFIG_FILE", "/dev/null");
    (void)snprintf(path, sizeof path, "%s/pipe", w.folder);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    world_set(&w, "AWS_SHARED_CREDENTIALS_FILE", "~/pipe");
    ck_assert_int_eq(try_settings(&w, "", message), RDSPOL_OK);
    world_set(&w, "AWS_SHARED_CREDENTIALS_FILE", "/dev/zero");
    ck_assert_int_eq(try_settings(&w, "default", message), RDSPOL_INPUT);
    ck_assert_msg(strstr(message, "profile default is neither in /dev/null nor in ") != NULL, "%s",
                  message);
    world_close(&w);
}
END_TEST

START_TEST(messages_do_not_steer_a_terminal)
{
    world w;
    char message[256];
    world_open(&w);
    ck_assert_int_eq(try_settings(&w, "a\x1b[31mb\nc", message), RDSPOL_INPUT);
    ck_assert_msg(strstr(message, "profile a?[31mb?c is neither") != NULL, "%s", message);
    world_close(&w);
}
END_TEST

// ---- Precedence --------------------------------------------------------------------------------

#define CONFIG                                                                                     \
    "[default]\nregion = eu-west-1\nmax_attempts = 7\nuse_fips_endpoint = TRUE\n"                  \
    "[profile dev]\nregion = eu-west-2\nretry_mode = adaptive\nca_bundle = /ca\n"                  \
    "endpoint_url = http://all\nservices = mine\nsdk_ua_app_id = app\n"                            \
    "[profile \"two words\"]\nregion = eu-west-3\n"                                                \
    "[profile lost]\nservices = nowhere\n"                                                         \
    "[services mine]\nrds =\n  endpoint_url = http://rds\nsecrets_manager = \n  endpoint_url = "   \
    "http://sm\n"

typedef struct open_settings {
    world w;
    rp_settings s;
} open_settings;

// `pairs`: names and values of variables, up to a NULL.
static void open_with(open_settings *o, const char *profile, const char *const *pairs)
{
    rdspol_error error = {.message = ""};
    world_open(&o->w);
    world_write(&o->w, "/.aws/config", CONFIG);
    world_write(&o->w, "/.aws/credentials", "[dev]\nregion = us-east-2\n[only]\nx = y\n");
    for (; pairs != NULL && pairs[0] != NULL; pairs += 2) world_set(&o->w, pairs[0], pairs[1]);
    rdspol_status status = rp_settings_open(&o->s, world_environment(&o->w), rp_str_from(profile),
                                            world_alloc(&o->w), &error);
    ck_assert_msg(status == RDSPOL_OK, "%s", error.message);
}

static void close_settings(open_settings *o)
{
    rp_settings_close(&o->s);
    world_close(&o->w);
}

static void check_region(const char *profile, const char *const *pairs, const char *name,
                         const char *region)
{
    open_settings o;
    open_with(&o, profile, pairs);
    check_text(o.s.profile, name);
    check_text(o.s.region, region);
    ck_assert_int_eq(o.s.profile_by_flag, profile[0] != '\0');
    close_settings(&o);
}

START_TEST(flags_stand_before_variables_and_those_before_profiles)
{
    check_region("", NULL, "default", "eu-west-1");
    check_region("two words", NULL, "two words", "eu-west-3");
    check_region("dev", NULL, "dev", "us-east-2"); // of the credentials file
    check_region("only", NULL, "only", "");
    check_region("", (const char *[]){"AWS_PROFILE", "dev", "AWS_DEFAULT_PROFILE", "only", NULL},
                 "dev", "us-east-2");
    check_region("", (const char *[]){"AWS_PROFILE", "", "AWS_DEFAULT_PROFILE", "only", NULL},
                 "only", "");
    check_region("two words", (const char *[]){"AWS_PROFILE", "dev", NULL}, "two words",
                 "eu-west-3");
    check_region("", (const char *[]){"AWS_REGION", "a", "AWS_DEFAULT_REGION", "b", NULL},
                 "default", "a");
    check_region("", (const char *[]){"AWS_REGION", "", "AWS_DEFAULT_REGION", "b", NULL}, "default",
                 "b");
}
END_TEST

START_TEST(settings_are_found)
{
    open_settings o;
    open_with(&o, "", NULL);
    ck_assert_int_eq(o.s.max_attempts, 7);
    ck_assert(o.s.fips && !o.s.dual_stack);
    check_text(o.s.retry_mode, "standard");
    check_text(o.s.ca_bundle, "");
    close_settings(&o);
    open_with(&o, "dev",
              (const char *[]){"AWS_MAX_ATTEMPTS", "2", "AWS_USE_DUALSTACK_ENDPOINT", "true",
                               "AWS_CA_BUNDLE", "/other", NULL});
    ck_assert_int_eq(o.s.max_attempts, 2);
    ck_assert(!o.s.fips && o.s.dual_stack);
    check_text(o.s.retry_mode, "adaptive");
    check_text(o.s.ca_bundle, "/other");
    check_text(o.s.app_id, "app");
    close_settings(&o);
}
END_TEST

START_TEST(numbers_and_modes_must_be_some)
{
    static const char *const bad[][2] = {{"AWS_MAX_ATTEMPTS", "0"},
                                         {"AWS_MAX_ATTEMPTS", "many"},
                                         {"AWS_MAX_ATTEMPTS", "100000"},
                                         {"AWS_RETRY_MODE", "Standard"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        world w;
        char message[256];
        world_open(&w);
        world_set(&w, bad[i][0], bad[i][1]);
        ck_assert_int_eq(try_settings(&w, "", message), RDSPOL_INPUT);
        ck_assert_msg(strstr(message, bad[i][0]) != NULL, "%s", message);
        world_close(&w);
    }
}
END_TEST

static void check_endpoint(const char *profile, const char *const *pairs, const char *service,
                           const char *url)
{
    open_settings o;
    rp_str found;
    rdspol_error error;
    open_with(&o, profile, pairs);
    ck_assert_int_eq(rp_settings_endpoint_url(&o.s, rp_str_from(service), &found, &error),
                     RDSPOL_OK);
    check_text(found, url);
    close_settings(&o);
}

START_TEST(endpoints_of_ones_own_have_an_order)
{
    const char *all[] = {"AWS_ENDPOINT_URL", "http://env", NULL};
    const char *one[] = {"AWS_ENDPOINT_URL", "http://env", "AWS_ENDPOINT_URL_SECRETS_MANAGER",
                         "http://env-sm", NULL};
    const char *none[] = {"AWS_ENDPOINT_URL", "http://env", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                          "true", NULL};
    check_endpoint("", NULL, "rds", "");
    check_endpoint("dev", NULL, "rds", "http://rds");
    check_endpoint("dev", NULL, "secretsmanager", "http://sm");
    check_endpoint("dev", NULL, "kms", "http://all");
    check_endpoint("dev", all, "rds", "http://env");
    check_endpoint("dev", one, "secretsmanager", "http://env-sm");
    check_endpoint("dev", one, "rds", "http://env");
    check_endpoint("dev", none, "rds", "");
}
END_TEST

START_TEST(endpoints_follow_settings)
{
    open_settings o;
    rp_endpoint e;
    rp_arena arena;
    rdspol_error error = {.message = ""};
    rp_arena_init(&arena, (rp_alloc){NULL, NULL});
    open_with(&o, "", NULL);
    ck_assert_int_eq(rp_settings_endpoint(&o.s, &arena, RP_STR("kms"), RP_STR("eu-west-1"),
                                          RP_STR(""), &e, &error),
                     RDSPOL_OK);
    check_text(e.url, "https://kms-fips.eu-west-1.amazonaws.com");
    close_settings(&o);
    open_with(&o, "dev", NULL);
    ck_assert_int_eq(rp_settings_endpoint(&o.s, &arena, RP_STR("rds"), RP_STR("eu-west-1"),
                                          RP_STR("http://flag/"), &e, &error),
                     RDSPOL_OK);
    check_text(e.url, "http://flag");
    close_settings(&o);
    open_with(&o, "lost", NULL);
    ck_assert_int_eq(rp_settings_endpoint(&o.s, &arena, RP_STR("rds"), RP_STR("eu-west-1"),
                                          RP_STR(""), &e, &error),
                     RDSPOL_INPUT);
    ck_assert_str_eq(error.message, "profile lost: there is no section [services nowhere]");
    close_settings(&o);
    rp_arena_clear(&arena);
}
END_TEST

START_TEST(memory_may_run_out_anywhere)
{
    rdspol_status status = RDSPOL_NO_MEMORY;
    int limit = 0;
    for (; status == RDSPOL_NO_MEMORY; limit++) {
        world w;
        char message[256];
        world_open(&w);
        world_write(&w, "/.aws/config", CONFIG);
        world_write(&w, "/.aws/credentials", "[default]\naws_secret_access_key = " MARK "\n");
        w.left = limit;
        status = try_settings(&w, "", message);
        ck_assert_msg(status == RDSPOL_OK || strstr(message, "memory") != NULL, "%s", message);
        world_close(&w);
    }
    ck_assert_int_eq(status, RDSPOL_OK);
    ck_assert_int_gt(limit, 8);
}
END_TEST

static void add_tests(TCase *c)
{
    tcase_add_test(c, words_are_split_as_a_shell_does);
    tcase_add_test(c, paths_are_expanded);
    tcase_add_test(c, mistakes_are_named_with_their_line);
    tcase_add_test(c, files_have_a_limit);
    tcase_add_test(c, large_files_are_read_in_time);
    tcase_add_test(c, files_may_hold_anything);
    tcase_add_test(c, what_is_no_file_is_not_there);
    tcase_add_test(c, messages_do_not_steer_a_terminal);
    tcase_add_test(c, flags_stand_before_variables_and_those_before_profiles);
    tcase_add_test(c, settings_are_found);
    tcase_add_test(c, numbers_and_modes_must_be_some);
    tcase_add_test(c, endpoints_of_ones_own_have_an_order);
    tcase_add_test(c, endpoints_follow_settings);
    tcase_add_test(c, memory_may_run_out_anywhere);
}

int main(void)
{
    return run_suite("settings", 60, add_tests);
}
