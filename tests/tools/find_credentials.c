// Finds credentials in the world that each line of standard input describes, and prints the access
// key and the session token, or "error".
//
// A line is words between blanks, in hex digits: the profile of the flag ("-": none), then
// name=value of variables. Services answer what can be told from the request alone, as
// tests/integration/ credentials_botocore.py has them answer botocore: STS names role, external id
// and who has signed, SSO the role; instance and container have one key each.
#include "collectors/live/credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MAX_LINE = 1 << 16, MAX_VARIABLES = 32, MAX_TEXT = 1024 };

typedef struct variables {
    const char *texts[MAX_VARIABLES]; // NAME=VALUE
    size_t count;
} variables;

static const char *get_variable(void *ctx, const char *name)
{
    const variables *v = ctx;
    size_t size = strlen(name);
    for (size_t i = 0; i < v->count; i++) {
        if (strncmp(v->texts[i], name, size) == 0 && v->texts[i][size] == '=') {
            return v->texts[i] + size + 1;
        }
    }
    return NULL;
}

static int64_t get_now(void *ctx)
{
    (void)ctx;
    return (int64_t)time(NULL) * 1000;
}

// ---- The services ------------------------------------------------------------------------------

// What follows `begin` in a text, up to one of `ends`; "-" if it is not there.
static void take(rp_str text, const char *begin, const char *ends, char out[MAX_TEXT])
{
    char *copy = strndup(text.len != 0 ? text.ptr : "", text.len);
    const char *at = copy != NULL ? strstr(copy, begin) : NULL;
    (void)snprintf(out, MAX_TEXT, "-");
    if (at != NULL) {
        at += strlen(begin);
        (void)snprintf(out, MAX_TEXT, "%.*s", (int)strcspn(at, ends), at);
    }
    free(copy);
}

static rp_str find_header(const rp_http_request *request, const char *begin)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (rp_str_starts(request->headers[i], rp_str_from(begin))) return request->headers[i];
    }
    return rp_str_make("", 0);
}

static void answer_sts(const rp_http_request *request, rp_buf *body)
{
    char role[MAX_TEXT], external_id[MAX_TEXT], signer[MAX_TEXT], action[MAX_TEXT];
    take(request->body, "role%2F", "&", role);
    take(request->body, "&ExternalId=", "&", external_id);
    take(request->body, "Action=", "&", action);
    take(find_header(request, "Authorization: "), "Credential=", "/", signer);
    rp_buf_printf(body,
                  "{\"%sResponse\":{\"%sResult\":{\"Credentials\":{\"AccessKeyId\":\"%s(%s)<%s\","
                  "\"SecretAccessKey\":"
                  "\"s\",\"SessionToken\":\"t-%s\",\"Expiration\":4000000000}}}}",
                  action, action, role, external_id, signer, role);
}

static void answer_sso(const rp_http_request *request, rp_buf *body)
{
    char role[MAX_TEXT], token[MAX_TEXT];
    take(request->url, "role_name=", "&", role);
    take(find_header(request, "x-amz-sso_bearer_token: "), ": ", "", token);
    rp_buf_printf(body,
                  "{\"roleCredentials\":{\"accessKeyId\":\"sso-%s-%s\",\"secretAccessKey\":\"s\","
                  "\"sessionToken\":\"t\","
                  "\"expiration\":4000000000000}}",
                  role, token);
}

static void answer_metadata(const char *name, rp_buf *body)
{
    rp_buf_printf(body,
                  "{\"Code\":\"Success\",\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"s\","
                  "\"Token\":\"t\",\"Expiration\":"
                  "\"2090-01-01T00:00:00Z\"}",
                  name);
}

static bool ends(rp_str text, const char *with)
{
    return rp_str_ends(text, rp_str_from(with));
}

static void fetch(void *ctx, const rp_http_request *request, rp_http_answer *answer)
{
    (void)ctx;
    *answer = (rp_http_answer){.status = 200};
    rp_buf_init(&answer->body, (rp_alloc){NULL, NULL}, 1 << 16);
    if (rp_str_starts(request->url, RP_STR("https://sts."))) {
        answer_sts(request, &answer->body);
    } else if (rp_str_starts(request->url, RP_STR("https://portal.sso."))) {
        answer_sso(request, &answer->body);
    } else if (rp_str_starts(request->url, RP_STR("http://169.254.170.2/"))) {
        answer_metadata("container", &answer->body);
    } else if (ends(request->url, "/latest/api/token")) {
        rp_buf_add_text(&answer->body, "token");
    } else if (ends(request->url, "/security-credentials/")) {
        rp_buf_add_text(&answer->body, "role");
    } else {
        answer_metadata("instance", &answer->body);
    }
}

// In place of that of http.c, which is not linked here.
void rp_http_answer_clear(rp_http_answer *answer)
{
    rp_buf_free(&answer->body);
}

// ---- Lines -------------------------------------------------------------------------------------

static unsigned digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static char *unhex(char *text)
{
    size_t size = strcmp(text, "-") == 0 ? 0 : strlen(text) / 2;
    for (size_t i = 0; i < size; i++) {
        text[i] = (char)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
    }
    text[size] = '\0';
    return text;
}

static void find(rp_crypto *crypto, const char *profile, variables *v)
{
    rp_settings settings;
    rp_credentials c;
    rdspol_error error = {.message = ""};
    rp_environment environment = {get_variable, v};
    rp_alloc libc = {NULL, NULL};
    rdspol_status status =
        rp_settings_open(&settings, environment, rp_str_from(profile), libc, &error);
    rp_credentials_opts opts = {.crypto = crypto,
                                .fetch = {fetch, NULL},
                                .clock = {get_now, NULL, NULL},
                                .settings = &settings};
    if (status == RDSPOL_OK) status = rp_credentials_find(&c, &opts, &error);
    if (status == RDSPOL_OK) {
        (void)printf("%.*s %.*s\n", (int)c.access_key.len, c.access_key.ptr,
                     (int)c.session_token.len, c.session_token.ptr);
        rp_credentials_clear(&c);
    } else {
        (void)printf("error %s\n", error.message);
    }
    rp_settings_close(&settings);
}

static void find_line(rp_crypto *crypto, char *line)
{
    variables v = {.count = 0};
    char *profile = strtok(line, " \n");
    if (profile == NULL) return;
    for (char *w = strtok(NULL, " \n"); w != NULL && v.count < MAX_VARIABLES;
         w = strtok(NULL, " \n")) {
        v.texts[v.count++] = unhex(w);
    }
    find(crypto, unhex(profile), &v);
}

int main(void)
{
    rp_crypto crypto = {0};
    char *line = malloc(MAX_LINE);
    while (line != NULL && fgets(line, MAX_LINE, stdin) != NULL) find_line(&crypto, line);
    free(line);
    rp_crypto_clear(&crypto);
    return 0;
}
