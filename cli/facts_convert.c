// rdspol facts convert: what was collected in another layout: one document, or files of the AWS
// CLI.
//
// The reader of facts tells each answer as it stands, whatever layout it comes from; so both ways
// are one.
#include "cli/facts.h"
#include "cli/facts_sink.h"
#include "cli/json_text.h"
#include "cli/policies.h"
#include "collectors/files/include/rdspol_files.h"
#if RDSPOL_HAS_GZIP
#include "collectors/gzip.h"
#endif
#include "vm/base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

typedef struct converting {
    const char *target;
    rp_facts_sink sink; // of a document
    rp_buf scopes; // accounts and Regions that were looked at: pairs of texts, each with its NUL
    int reason;    // errno of the first failure
    uint64_t answers;
} converting;

static bool is_scope(const rdspol_files_answer *a)
{
    return a->operation.len == 0;
}

static void add_scope(converting *c, const rdspol_files_answer *a)
{
    rp_buf_add_str(&c->scopes, a->account);
    rp_buf_add_char(&c->scopes, '\0');
    rp_buf_add_str(&c->scopes, a->region);
    rp_buf_add_char(&c->scopes, '\0');
    if (c->scopes.failed && c->reason == 0) c->reason = ENOMEM;
}

// The next text of the pairs; NULL at their end.
static const char *next_text(const converting *c, size_t *at)
{
    if (*at >= c->scopes.size) return NULL;
    const char *text = c->scopes.data + *at;
    *at += strlen(text) + 1;
    return text;
}

// ---- Files of the AWS CLI ----------------------------------------------------------------------

static void add_part(rp_buf *path, rp_str part)
{
    static const char digits[] = "0123456789ABCDEF";
    rp_buf_add_char(path, '/');
    for (size_t i = 0; i < part.len; i++) {
        unsigned char c = (unsigned char)part.ptr[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     c == '-' || c == '_' || (c == '.' && i > 0);
        if (plain) {
            rp_buf_add_char(path, (char)c);
        } else {
            const char escape[3] = {'%', digits[c >> 4], digits[c & 15]};
            rp_buf_add(path, escape, sizeof escape);
        }
    }
}

// "rds:DescribeDBInstances" as /describe-db-instances, as the AWS CLI does.
static void add_command(rp_buf *path, rp_str operation)
{
    const char *colon = memchr(operation.ptr, ':', operation.len);
    size_t begin = colon != NULL ? (size_t)(colon - operation.ptr) + 1 : 0;
    rp_buf_add_char(path, '/');
    for (size_t i = begin; i < operation.len; i++) {
        char c = operation.ptr[i];
        bool upper = c >= 'A' && c <= 'Z';
        bool before = i > begin && operation.ptr[i - 1] >= 'a' && operation.ptr[i - 1] <= 'z';
        bool last = i > begin && upper && i + 1 < operation.len && operation.ptr[i + 1] >= 'a' &&
                    operation.ptr[i + 1] <= 'z' && operation.ptr[i - 1] >= 'A' &&
                    operation.ptr[i - 1] <= 'Z';
        if (upper && (before || last)) rp_buf_add_char(path, '-');
        rp_buf_add_char(path, (char)(upper ? c - 'A' + 'a' : c));
    }
}

// Makes the folders of a path; false with errno.
static bool make_folders(char *path)
{
    for (char *at = path + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        bool good = mkdir(path, 0777) == 0 || errno == EEXIST;
        *at = '/';
        if (!good) return false;
    }
    return true;
}

// Pages of one listing stand one after another in one file.
static bool append(char *path, rp_str text)
{
    if (!make_folders(path)) return false;
    FILE *file = fopen(path, "ab");
    if (file == NULL) return false;
    bool good = fwrite(text.ptr, 1, text.len, file) == text.len && fputc('\n', file) != EOF;
    return fclose(file) == 0 && good;
}

static void add_error(rp_buf *out, const rdspol_files_answer *a)
{
    rp_out text;
    if (!rp_out_open_memory(&text)) {
        out->failed = true;
        return;
    }
    RP_OUT_LITERAL(&text, "{\"Code\":");
    rp_out_json(&text, a->code);
    RP_OUT_LITERAL(&text, ",\"Message\":");
    rp_out_json(&text, a->message);
    rp_out_char(&text, '}');
    rp_buf_add(out, text.data, text.size);
    (void)rp_out_close(&text, false);
}

// FOLDER[/ACCOUNT/REGION]/COMMAND[/ARGUMENT].json; without a Region it would be taken for a name.
static void add_path(rp_buf *path, const char *folder, const rdspol_files_answer *a)
{
    rp_buf_add_text(path, folder);
    if (a->account.len > 0 && a->region.len > 0) {
        add_part(path, a->account);
        add_part(path, a->region);
    }
    add_command(path, a->operation);
    if (a->count > 0) add_part(path, a->values[a->count - 1]);
    rp_buf_add_text(path, a->code.len > 0 ? ".error.json" : ".json");
    rp_buf_add_char(path, '\0');
}

static void write_file(void *ctx, const rdspol_files_answer *a)
{
    converting *c = ctx;
    rp_alloc libc = rp_alloc_or_libc((rp_alloc){0});
    rp_buf path, text;
    if (is_scope(a)) add_scope(c, a);
    if (is_scope(a) || c->reason != 0) return;
    rp_buf_init(&path, libc, 1 << 16);
    rp_buf_init(&text, libc, (size_t)1 << 32);
    add_path(&path, c->target, a);
    if (a->code.len > 0) add_error(&text, a);
    rp_str content = a->code.len > 0 ? rp_buf_str(&text) : a->response;
    if (path.failed || text.failed) {
        c->reason = ENOMEM;
    } else if (!append(path.data, content)) {
        c->reason = errno;
    }
    c->answers++;
    rp_buf_free(&path);
    rp_buf_free(&text);
}

// ---- A document --------------------------------------------------------------------------------

static void add_head(rp_out *out, const rdspol_files_answer *a)
{
    RP_OUT_LITERAL(out, "{\"Operation\":");
    rp_out_json(out, a->operation);
    RP_OUT_MEMBER(out, "account", a->account);
    RP_OUT_MEMBER(out, "region", a->region);
    if (a->count > 0) RP_OUT_LITERAL(out, ",\"Request\":{");
    for (size_t i = 0; i < a->count; i++) {
        if (i > 0) rp_out_char(out, ',');
        rp_out_json(out, a->names[i]);
        rp_out_char(out, ':');
        rp_out_json(out, a->values[i]);
    }
    if (a->count > 0) rp_out_char(out, '}');
}

static void add_answer(void *ctx, const rdspol_files_answer *a)
{
    converting *c = ctx;
    rp_out text;
    if (is_scope(a)) add_scope(c, a);
    if (is_scope(a) || c->reason != 0) return;
    if (!rp_out_open_memory(&text)) {
        c->reason = ENOMEM;
        return;
    }
    rp_out_text(&text, c->answers++ > 0 ? ",\n" : "\n");
    add_head(&text, a);
    if (a->code.len > 0) {
        RP_OUT_LITERAL(&text, ",\"Error\":{\"Code\":");
        rp_out_json(&text, a->code);
        RP_OUT_MEMBER(&text, "Message", a->message);
        rp_out_char(&text, '}');
    } else {
        RP_OUT_LITERAL(&text, ",\"Response\":");
        rp_out_str(&text, a->response);
    }
    rp_out_char(&text, '}');
    rp_facts_put(&c->sink, text.data, text.size);
    (void)rp_out_close(&text, false);
}

// ---- The verb ----------------------------------------------------------------------------------

// Reads an input with the whole standard library, which knows all operations.
static bool read_input(rp_app *app, const char *input, rdspol_files_opts *opts)
{
    rp_policies policies = {0};
    rdspol_facts *facts = NULL;
    rdspol_error error = {0};
    rdspol_facts_opts how = {.size = sizeof how};
    rdspol_str name = rp_str_from(input);
    bool opened = rp_policies_open(&policies, app, "all");
#if RDSPOL_HAS_GZIP
    opts->gunzip = rp_gzip();
#endif
    bool good = opened && rdspol_facts_new(&facts, policies.bundle, &how, &error) == RDSPOL_OK &&
                rdspol_files_read(facts, &name, 1, NULL, opts, &error) == RDSPOL_OK;
    if (opened && !good) (void)rp_app_library_error("", &error);
    rdspol_facts_free(facts);
    rp_policies_close(&policies);
    return good;
}

// Where nothing was answered is known from here alone.
static void put_scopes(converting *c)
{
    rp_out text;
    size_t at = 0;
    const char *account;
    if (!rp_out_open_memory(&text)) {
        c->reason = ENOMEM;
        return;
    }
    RP_OUT_LITERAL(&text, "\n],\"scope\":[");
    while ((account = next_text(c, &at)) != NULL) {
        rp_out_text(&text, account == c->scopes.data ? "\n{\"account\":" : ",\n{\"account\":");
        rp_out_json(&text, rp_str_from(account));
        RP_OUT_LITERAL(&text, ",\"region\":");
        rp_out_json(&text, rp_str_from(next_text(c, &at)));
        rp_out_char(&text, '}');
    }
    RP_OUT_LITERAL(&text, "]}\n");
    rp_facts_put(&c->sink, text.data, text.size);
    (void)rp_out_close(&text, false);
}

static bool to_document(rp_app *app, const char *input, converting *c)
{
    static const char head[] = "{\"rdspol_facts\":1,\"answers\":[";
    rdspol_files_opts opts = {.size = sizeof opts, .answer = add_answer, .answer_ctx = c};
    if (!rp_facts_sink_open(&c->sink, c->target)) {
        (void)rp_app_error("%s: %s", c->target, strerror(errno));
        return false;
    }
    rp_facts_put(&c->sink, head, sizeof head - 1);
    bool good = read_input(app, input, &opts);
    put_scopes(c);
    bool closed = rp_facts_sink_close(&c->sink, good && c->reason == 0);
    if (!closed && good && c->reason == 0) c->reason = errno;
    return good;
}

// Files say of an account and Region only what was answered there: where nothing was, they would
// look as if nobody had asked.
static bool each_answered(const converting *c)
{
    size_t at = 0;
    const char *account;
    bool good = true;
    while (good && (account = next_text(c, &at)) != NULL) {
        char path[4096];
        struct stat st;
        const char *region = next_text(c, &at);
        int size = snprintf(path, sizeof path, "%s/%s/%s", c->target, account, region);
        good = size > 0 && (size_t)size < sizeof path && stat(path, &st) == 0;
        if (!good)
            (void)rp_app_error(
                "%s/%s: nothing was answered, which files cannot say: convert to one "
                "document (FILE.json)",
                account, region);
    }
    return good;
}

static bool to_files(rp_app *app, const char *input, converting *c)
{
    rdspol_files_opts opts = {.size = sizeof opts, .answer = write_file, .answer_ctx = c};
    if (mkdir(c->target, 0777) == 0) return read_input(app, input, &opts) && each_answered(c);
    (void)rp_app_error("%s: %s (the folder must be a new one)", c->target, strerror(errno));
    return false;
}

static bool is_document(const char *name)
{
    rp_str text = rp_str_from(name);
    return strcmp(name, "-") == 0 || rp_str_ends(text, RP_STR(".json")) ||
           rp_str_ends(text, RP_STR(".json.gz"));
}

static int convert(rp_app *app, const char *input, converting *c)
{
    bool good = is_document(c->target) ? to_document(app, input, c) : to_files(app, input, c);
    if (good && c->reason != 0) return rp_app_error("%s: %s", c->target, strerror(c->reason));
    if (good)
        rp_app_note(app, "%llu answers written to %s", (unsigned long long)c->answers, c->target);
    return good ? RP_EXIT_OK : RP_EXIT_TROUBLE;
}

int rp_facts_convert(rp_app *app, const char *input)
{
    converting c = {.target = rp_args_text(&app->args, RP_OPTION_OUTPUT, NULL)};
    if (c.target == NULL)
        return rp_app_error("facts convert needs --output FILE.json[.gz] or --output FOLDER");
    rp_buf_init(&c.scopes, rp_alloc_or_libc((rp_alloc){0}), 1u << 28);
    int status = convert(app, input, &c);
    rp_buf_free(&c.scopes);
    return status;
}
