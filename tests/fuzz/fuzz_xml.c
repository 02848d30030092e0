// Fuzzing of answers: any bytes, as the answer of any status to one of a few operations, are an
// answer, an error or unreadable, and what is called an answer is JSON that can be saved.
//
// The first byte is the operation, the second the status.
#include "collectors/files/json_scan.h"
#include "collectors/live/call.h"
#include "collectors/live/retry.h"
#include "vm/base/text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
    const char *service, *operation, *member;
} asked[] = {
    {"rds", "DescribeDBInstances", "DBInstances"},
    {"rds", "DescribeDBParameters", "Parameters"},
    {"rds", "DescribeDBSnapshotAttributes", "DBSnapshotAttributesResult"},
    {"ec2", "DescribeSecurityGroups", "SecurityGroups"},
    {"sns", "GetTopicAttributes", "Attributes"},
    {"sts", "GetCallerIdentity", "Account"},
    {"kms", "DescribeKey", "KeyMetadata"},
    {"secretsmanager", "ListSecrets", "SecretList"},
    {"backup", "ListBackupVaults", "BackupVaultList"},
};
static const long statuses[] = {200, 200, 200, 400, 403, 429, 500, 503};

static void demand(bool good)
{
    if (!good) abort();
}

// One object and nothing else, without a token: what is saved and read again.
static void check_response(const rp_call_info *info, rp_str response)
{
    rp_str name;
    rp_json *json = malloc(sizeof *json);
    char *text = calloc(1, response.len + RP_JSON_PAD);
    demand(json != NULL && text != NULL);
    memcpy(text, response.ptr, response.len);
    rp_json_open_text(json, rp_alloc_or_libc((rp_alloc){0}), NULL, rp_str_make(text, response.len));
    demand(rp_json_peek(json) == RP_JSON_OBJECT && rp_json_enter(json));
    while (rp_json_member(json, &name)) {
        bool token = info->next[0] != '\0' && rp_str_equal(name, rp_str_from(info->next));
        demand(!token && rp_json_skip(json));
    }
    demand(!rp_json_failed(json) && rp_json_peek(json) == RP_JSON_END);
    rp_json_free(json);
    free(json);
    free(text);
}

static void check_outcome(const rp_call_info *info, const rp_http_answer *answer,
                          const rp_outcome *out)
{
    rp_next next = rp_retry_next(answer, out);
    demand((next == RP_NEXT_GOOD) == out->good);
    demand(rp_utf8_is_valid(out->code) && rp_utf8_is_valid(out->message));
    if (out->good) {
        check_response(info, out->response);
        demand(out->items.len == 0 ||
               (out->items.ptr >= out->response.ptr &&
                out->items.ptr + out->items.len <= out->response.ptr + out->response.len));
    } else {
        demand(out->code.len > 0 || !out->unreadable);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static rp_decoder decoder; // loaded once: that takes longer than an answer
    rdspol_error error;
    rp_alloc alloc = rp_alloc_or_libc((rp_alloc){0});
    if (decoder.expat == NULL) demand(rp_decoder_init(&decoder, alloc, &error) == RDSPOL_OK);
    if (size < 2) return 0;
    size_t which = data[0] % (sizeof asked / sizeof asked[0]);
    const rp_call_info *info =
        rp_call_find(rp_str_from(asked[which].service), rp_str_from(asked[which].operation));
    demand(info != NULL);
    rp_http_answer answer = {.status = statuses[data[1] % (sizeof statuses / sizeof statuses[0])]};
    rp_arena arena;
    rp_outcome out;
    rp_arena_init(&arena, alloc);
    rp_buf_init(&answer.body, alloc, SIZE_MAX);
    rp_buf_add(&answer.body, data + 2, size - 2);
    demand(
        rp_call_outcome(&decoder, info, rp_str_from(asked[which].member), &answer, &arena, &out));
    check_outcome(info, &answer, &out);
    rp_arena_clear(&arena);
    rp_http_answer_clear(&answer);
    return 0;
}
