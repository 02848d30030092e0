// The world of the tests of what comes from AWS.
#include "tests/unit/aws.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <malloc.h>
#define BLOCK_SIZE(block) malloc_usable_size(block)
#else
#define BLOCK_SIZE(block) 0 // nobody knows: nothing is looked at
#endif

bool is_marked(const void *text, size_t size)
{
    const char *bytes = text;
    for (size_t i = 0; i + sizeof MARK - 1 <= size; i++) {
        if (memcmp(bytes + i, MARK, sizeof MARK - 1) == 0) return true;
    }
    return false;
}

// ---- Memory ------------------------------------------------------------------------------------

static void *purse_alloc(void *ctx, void *ptr, size_t old_size, size_t new_size)
{
    world *w = ctx;
    if (new_size != 0 && w->left-- <= 0) return NULL;
    w->leaks += ptr != NULL && is_marked(ptr, old_size);
    w->bytes += (long long)new_size - (long long)old_size;
    if (new_size != 0) return realloc(ptr, new_size);
    free(ptr);
    return NULL;
}

// Documents take their blocks from libc. Each test is a process of its own.
static int json_leaks;

static void look_and_free(void *block)
{
    if (block != NULL) json_leaks += is_marked(block, BLOCK_SIZE(block));
    free(block);
}

int world_json_leaks(void)
{
    return json_leaks;
}

rp_alloc world_alloc(world *w)
{
    return (rp_alloc){purse_alloc, w};
}

// ---- Environment, time, files ------------------------------------------------------------------

static const char *get_variable(void *ctx, const char *name)
{
    world *w = ctx;
    for (size_t i = w->variable_count; i > 0; i--) {
        if (strcmp(w->variables[i - 1][0], name) == 0) return w->variables[i - 1][1];
    }
    return NULL;
}

rp_environment world_environment(world *w)
{
    return (rp_environment){get_variable, w};
}

static int64_t get_now(void *ctx)
{
    return ((world *)ctx)->now;
}

static void count_sleep(void *ctx, uint32_t ms)
{
    ((world *)ctx)->sleeps++;
    ck_assert_uint_le(ms, 2000);
}

void world_set(world *w, const char *name, const char *value)
{
    ck_assert_uint_lt(w->variable_count, 16);
    w->variables[w->variable_count][0] = name;
    w->variables[w->variable_count++][1] = value;
}

void world_open(world *w)
{
    *w = (world){.now = NOW, .left = 1 << 30, .folder = "/tmp/rdspol-aws-XXXXXX"};
    cJSON_Hooks hooks = {malloc, look_and_free};
    cJSON_InitHooks(&hooks);
    ck_assert_ptr_nonnull(mkdtemp(w->folder));
    world_set(w, "HOME", w->folder);
}

void world_write(world *w, const char *name, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s%s", w->folder, name);
    for (char *slash = path + strlen(w->folder) + 1; (slash = strchr(slash, '/')) != NULL;
         slash++) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, strlen(text), file), strlen(text));
    ck_assert_int_eq(fclose(file), 0);
}

void world_close(world *w)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", w->folder);
    ck_assert_int_eq(system(command), 0);
    rp_crypto_clear(&w->crypto);
    ck_assert_int_eq(w->bytes, 0);
    ck_assert_int_eq(w->leaks, 0);
    ck_assert_int_eq(json_leaks, 0);
    ck_assert_uint_eq(w->at, w->reply_count); // what was scripted was asked for
}

// ---- The service -------------------------------------------------------------------------------

void world_script(world *w, const reply *replies, size_t count)
{
    w->replies = replies;
    w->reply_count = count;
    w->at = 0;
}

static void check_request(const reply *r, const rp_http_request *request)
{
    bool found = r->header == NULL;
    for (size_t i = 0; i < request->header_count && !found; i++) {
        found = rp_str_starts(request->headers[i], rp_str_from(r->header));
    }
    ck_assert_msg(found, "%s: no header %s", r->url, r->header);
    char *body = strndup(request->body.len != 0 ? request->body.ptr : "", request->body.len);
    ck_assert_msg(r->body == NULL || strstr(body, r->body) != NULL, "%s: %s", r->url, body);
    free(body);
    ck_assert_uint_gt(request->max_size, 0);
    ck_assert_uint_le(request->max_size, 1 << 20);
}

static void add_padding(world *w, const rp_http_request *request, rp_http_answer *answer)
{
    for (size_t i = 0; i < w->answer_size && answer->body.size <= request->max_size; i += 16) {
        rp_buf_add_text(&answer->body, "                ");
    }
    if (answer->body.size > request->max_size) {
        rp_buf_reset(&answer->body);
        memset(answer->body.data, 0, answer->body.capacity);
        answer->fault = RP_HTTP_TOO_LARGE;
        answer->status = 0;
    }
}

static void fetch(void *ctx, const rp_http_request *request, rp_http_answer *answer)
{
    world *w = ctx;
    ck_assert_msg(w->at < w->reply_count, "nothing is scripted for %.*s %.*s",
                  (int)request->method.len, request->method.ptr, (int)request->url.len,
                  request->url.ptr);
    const reply *r = &w->replies[w->at++];
    ck_assert_msg(rp_str_equal(request->method, rp_str_from(r->method)) &&
                      rp_str_equal(request->url, rp_str_from(r->url)),
                  "%.*s %.*s, not %s %s", (int)request->method.len, request->method.ptr,
                  (int)request->url.len, request->url.ptr, r->method, r->url);
    check_request(r, request);
    *answer = (rp_http_answer){.fault = r->fault, .status = r->status};
    rp_buf_init(&answer->body, (rp_alloc){NULL, NULL}, (size_t)1 << 28);
    if (r->answer != NULL) rp_buf_add_text(&answer->body, r->answer);
    if (w->answer_size != 0) add_padding(w, request, answer);
}

// In place of that of http.c, which is not linked here: a body must have been wiped.
void rp_http_answer_clear(rp_http_answer *answer)
{
    ck_assert(!is_marked(answer->body.data, answer->body.capacity));
    rp_buf_free(&answer->body);
}

rp_credentials_opts world_opts(world *w, const rp_settings *settings)
{
    return (rp_credentials_opts){.alloc = world_alloc(w),
                                 .crypto = &w->crypto,
                                 .fetch = {fetch, w},
                                 .clock = {get_now, count_sleep, w},
                                 .settings = settings};
}
