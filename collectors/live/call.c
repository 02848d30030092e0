// Calls as requests of four protocols, and answers as JSON.
#include "collectors/live/call.h"

#include "collectors/files/json_scan.h"
#include "collectors/json.h"
#include "collectors/live/fail.h"
#include "collectors/live/quote.h"
#include "collectors/live/sigv4.h"
#include "vm/base/text.h"

#include <stdio.h>

enum { MAX_BODY = 64 * 1024, MAX_TOKEN = 64 * 1024, MAX_CODE = 96, MAX_MESSAGE = 1024 };
#define MAX_RESPONSE ((size_t)1 << 30)

// ---- Tables ------------------------------------------------------------------------------------

static const rp_service_info services[] = {
#define SERVICE(name, PROTOCOL, version, target, burst, rate)                                      \
    {#name, RP_PROTOCOL_##PROTOCOL, version, target, burst, rate},
#include "collectors/live/calls.def"
#undef SERVICE
};

static const rp_call_info calls[] = {
#define CALL(service, Operation, limit, size, token, next, path)                                   \
    {RP_SERVICE_##service, #Operation, #service ":" #Operation, limit, size, token, next, path},
#include "collectors/live/calls.def"
#undef CALL
};

const rp_service_info *rp_service_info_of(rp_service service)
{
    return &services[service];
}

bool rp_call_only(const rp_call_info *info, rp_str *field, rp_str *value)
{
    static const struct {
        const char *operation, *field, *value;
    } rules[] = {
#define ONLY(service, Operation, field, value) {#service ":" #Operation, field, value},
#include "collectors/live/calls.def"
#undef ONLY
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (strcmp(rules[i].operation, info->operation) != 0) continue;
        *field = rp_str_from(rules[i].field);
        *value = rp_str_from(rules[i].value);
        return true;
    }
    return false;
}

rp_str rp_call_mentioned(const rp_call_info *info)
{
    static const struct {
        const char *operation, *part;
    } rules[] = {
#define MENTIONED(service, Operation, part) {#service ":" #Operation, part},
#include "collectors/live/calls.def"
#undef MENTIONED
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (strcmp(rules[i].operation, info->operation) == 0) return rp_str_from(rules[i].part);
    }
    return rp_str_make("", 0);
}

const rp_call_info *rp_call_find(rp_str service, rp_str operation)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (rp_str_equal(operation, rp_str_from(calls[i].name)) &&
            rp_str_equal(service, rp_str_from(services[calls[i].service].name)))
            return &calls[i];
    }
    return NULL;
}

rdspol_status rp_decoder_init(rp_decoder *decoder, rp_alloc alloc, rdspol_error *error)
{
    *decoder = (rp_decoder){.alloc = alloc};
    bool loaded = rp_wire_load(&decoder->wire, alloc);
    decoder->expat = loaded ? rp_expat_open(alloc) : NULL;
    if (decoder->expat != NULL) return RDSPOL_OK;
    *error = (rdspol_error){.status = loaded ? RDSPOL_INPUT : RDSPOL_NO_MEMORY};
    (void)snprintf(error->message, sizeof error->message, "%s",
                   loaded ? "live collection needs expat, which was not found" : "out of memory");
    return error->status;
}

void rp_decoder_clear(rp_decoder *decoder)
{
    rp_expat_close(decoder->expat);
    rp_wire_clear(&decoder->wire);
}

// ---- Requests ----------------------------------------------------------------------------------

static void add_field(rp_buf *out, rp_str name, rp_str value)
{
    if (out->size > 0) rp_buf_add_char(out, '&');
    rp_uri_encode(out, name, "");
    rp_buf_add_char(out, '=');
    rp_uri_encode(out, value, "");
}

static void add_page(const rp_call *call, rp_buf *out)
{
    char size[16];
    const rp_call_info *info = call->info;
    (void)snprintf(size, sizeof size, "%u", (unsigned)info->page_size);
    if (info->page_size > 0) add_field(out, rp_str_from(info->limit), rp_str_from(size));
    if (call->token.len > 0) add_field(out, rp_str_from(info->token), call->token);
}

static void form_body(const rp_call *call, rp_buf *body)
{
    add_field(body, RP_STR("Action"), rp_str_from(call->info->name));
    add_field(body, RP_STR("Version"), rp_str_from(services[call->info->service].version));
    for (uint32_t i = 0; i < call->count; i++) add_field(body, call->names[i], call->values[i]);
    add_page(call, body);
}

static void json_body(const rp_call *call, rp_buf *body)
{
    const rp_call_info *info = call->info;
    rp_buf_add_char(body, '{');
    for (uint32_t i = 0; i < call->count; i++) {
        if (i > 0) rp_buf_add_char(body, ',');
        rp_quote(body, call->names[i]);
        rp_buf_add_char(body, ':');
        rp_quote(body, call->values[i]);
    }
    if (info->page_size > 0) {
        rp_buf_printf(body, "%s\"%s\":%u", call->count > 0 ? "," : "", info->limit,
                      (unsigned)info->page_size);
    }
    bool first = call->count == 0 && info->page_size == 0;
    if (call->token.len > 0) rp_quote_member(body, first, info->token, call->token);
    rp_buf_add_char(body, '}');
}

static rp_str argument(const rp_call *call, rp_str name)
{
    for (uint32_t i = 0; i < call->count; i++) {
        if (rp_str_equal(call->names[i], name)) return call->values[i];
    }
    return rp_str_make("", 0);
}

// An empty argument would ask for something else, so there is none.
static bool rest_path(const rp_call *call, rp_buf *url)
{
    const char *path = call->info->path;
    while (*path != '\0') {
        size_t plain = strcspn(path, "{");
        rp_buf_add(url, path, plain);
        path += plain;
        if (*path == '\0') break;
        size_t size = strcspn(path + 1, "}");
        rp_str value = argument(call, rp_str_make(path + 1, size));
        if (value.len == 0) return false;
        rp_uri_encode(url, value, "");
        path += size + 2;
    }
    return true;
}

static bool rest_url(const rp_call *call, rp_buf *url, rp_alloc alloc)
{
    rp_buf query;
    rp_buf_init(&query, alloc, MAX_BODY);
    bool good = rest_path(call, url);
    add_page(call, &query);
    if (query.size > 0) rp_buf_add_char(url, '?');
    rp_buf_add_str(url, rp_buf_str(&query));
    good = good && !query.failed;
    rp_buf_free(&query);
    return good;
}

static void add_header(rp_http_request *request, rp_str line)
{
    request->headers[request->header_count++] = line;
}

static bool add_target(const rp_call *call, rp_arena *arena, rp_http_request *request)
{
    char line[128];
    int size = snprintf(line, sizeof line, "X-Amz-Target: %s.%s",
                        services[call->info->service].target, call->info->name);
    rp_str kept = rp_arena_str(arena, rp_str_make(line, (size_t)size));
    add_header(request, kept);
    return kept.ptr != NULL;
}

static bool describe(const rp_call *call, rp_arena *arena, rp_http_request *request, rp_buf *url,
                     rp_buf *body)
{
    bool good = true;
    request->method = RP_STR("POST");
    switch (services[call->info->service].protocol) {
    case RP_PROTOCOL_QUERY:
    case RP_PROTOCOL_EC2:
        rp_buf_add_char(url, '/');
        form_body(call, body);
        add_header(request,
                   RP_STR("Content-Type: application/x-www-form-urlencoded; charset=utf-8"));
        break;
    case RP_PROTOCOL_JSON:
        rp_buf_add_char(url, '/');
        json_body(call, body);
        add_header(request, RP_STR("Content-Type: application/x-amz-json-1.1"));
        good = add_target(call, arena, request);
        break;
    case RP_PROTOCOL_REST:
        request->method = RP_STR("GET");
        good = rest_url(call, url, arena->alloc);
        break;
    }
    return good;
}

bool rp_call_request(const rp_call *call, rp_str base, rp_arena *arena, rp_http_request *request)
{
    rp_buf url, body;
    rp_buf_init(&url, arena->alloc, MAX_BODY);
    rp_buf_init(&body, arena->alloc, MAX_BODY);
    *request = (rp_http_request){0};
    rp_buf_add_str(&url, base);
    bool good = describe(call, arena, request, &url, &body) && !url.failed && !body.failed;
    if (good) {
        request->url = rp_arena_str(arena, rp_buf_str(&url));
        request->body = rp_arena_str(arena, rp_buf_str(&body));
        good = request->url.ptr != NULL && request->body.ptr != NULL;
    }
    rp_buf_free(&url);
    rp_buf_free(&body);
    return good;
}

// ---- Answers -----------------------------------------------------------------------------------

static bool keep(rp_arena *arena, rp_str text, rp_str *out)
{
    *out = rp_arena_str(arena, text);
    return out->ptr != NULL;
}

// What somebody else wrote, as UTF-8 that can be saved and read again.
static bool keep_text(rp_arena *arena, rp_str text, size_t most, rp_str *out)
{
    text = rp_fail_cut(text, most);
    char *copy = rp_arena_alloc(arena, text.len + 1);
    if (copy == NULL) return false;
    bool valid = rp_utf8_is_valid(text);
    for (size_t i = 0; i < text.len; i++) {
        copy[i] = valid || (unsigned char)text.ptr[i] < 0x80 ? text.ptr[i] : '?';
    }
    *out = rp_str_make(copy, text.len);
    return true;
}

static bool refuse(rp_arena *arena, rp_outcome *out, rp_str code, rp_str message)
{
    out->good = false;
    return keep_text(arena, code, MAX_CODE, &out->code) &&
           keep_text(arena, message, MAX_MESSAGE, &out->message);
}

static bool fail(rp_arena *arena, rp_outcome *out, const char *code, const char *message)
{
    return refuse(arena, out, rp_str_from(code), rp_str_from(message));
}

// A status that says enough without a code of AWS.
static const char *code_of_status(long status)
{
    if (status >= 200 && status < 300) return "UnreadableAnswer";
    if (status == 401) return "Unauthorized";
    if (status == 403) return "Forbidden";
    return status == 429 ? "TooManyRequests" : "";
}

static bool unreadable(rp_arena *arena, rp_outcome *out, long status, const char *problem)
{
    char text[192], code[32];
    (void)snprintf(code, sizeof code, "%s", code_of_status(status));
    if (code[0] == '\0') (void)snprintf(code, sizeof code, "HTTP%ld", status);
    (void)snprintf(text, sizeof text, "HTTP status %ld: %s", status, problem);
    out->unreadable = true;
    return fail(arena, out, code, text);
}

// What is found in an answer: its text may be changed.
typedef struct found {
    const rp_call_info *info;
    rp_str member;
    rp_arena *arena;
    rp_outcome *out;
    char *text;
    bool has_member, has_token;
    size_t token, token_end; // of its member, with the comma before it
} found;

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Takes a member out of an object, between the ends of what stands before it and of itself: with
// the comma before it, or behind it if it is the first.
static void blank(char *text, size_t begin, size_t end)
{
    bool first = text[begin] != ',';
    for (size_t i = begin; first && is_space(text[i]); i++) first = text[i + 1] != ',';
    memset(text + begin, ' ', end - begin);
    while (is_space(text[end])) end++;
    if (first && text[end] == ',') text[end] = ' ';
}

// A token that cannot be sent back must not look like the end. Null is none.
static bool read_token(rp_json *json, found *a)
{
    rp_str text;
    if (a->has_token) return rp_json_fail(json, RDSPOL_INPUT, "a token that was there before");
    a->has_token = true;
    if (rp_json_peek(json) == RP_JSON_NULL) return rp_json_skip(json);
    if (rp_json_peek(json) != RP_JSON_STRING)
        return rp_json_fail(json, RDSPOL_INPUT, "a token that is no text");
    if (!rp_json_string(json, &text)) return false;
    if (text.len > MAX_TOKEN) return rp_json_fail(json, RDSPOL_LIMIT, "a token that is too long");
    return keep(a->arena, text, &a->out->token);
}

// Rows in pages are a list.
static bool read_rows(rp_json *json, found *a)
{
    rp_json_kind kind = rp_json_peek(json);
    size_t begin = (size_t)rp_json_offset(json) + 1;
    if (a->has_member) return rp_json_fail(json, RDSPOL_INPUT, "a member that was there before");
    a->has_member = true;
    if (a->info->token[0] != '\0' && kind != RP_JSON_ARRAY && kind != RP_JSON_NULL)
        return rp_json_fail(json, RDSPOL_INPUT, "rows that are no list");
    if (!rp_json_skip(json)) return false;
    if (kind != RP_JSON_ARRAY) return true;
    size_t end = (size_t)rp_json_offset(json) - 1;
    while (begin < end && is_space(a->text[begin])) begin++;
    while (end > begin && is_space(a->text[end - 1])) end--;
    a->out->items = rp_str_make(a->text + begin, end - begin);
    return true;
}

static bool scan_member(rp_json *json, found *a, rp_str name, size_t begin)
{
    if (a->info->next[0] != '\0' && rp_str_equal(name, rp_str_from(a->info->next))) {
        if (!read_token(json, a)) return false;
        a->token = begin;
        a->token_end = (size_t)rp_json_offset(json);
        return true;
    }
    bool rows = a->member.len > 0 && rp_str_equal(name, a->member);
    return rows ? read_rows(json, a) : rp_json_skip(json);
}

// JSON does not say what it is an answer to but by its members, and what they leave out counts as
// absent. A page may have no rows.
static bool answers(rp_json *json, const found *a)
{
    rp_protocol protocol = services[a->info->service].protocol;
    bool wrapped = protocol == RP_PROTOCOL_QUERY || protocol == RP_PROTOCOL_EC2;
    if (wrapped || a->member.len == 0 || a->has_member || a->out->token.len > 0) return true;
    return rp_json_fail(json, RDSPOL_INPUT, "an answer to another question");
}

// Checks the whole text, and finds token and rows.
static bool scan(rp_json *json, found *a)
{
    rp_str name;
    if (rp_json_peek(json) != RP_JSON_OBJECT) return rp_json_fail(json, RDSPOL_INPUT, "no object");
    if (!rp_json_enter(json)) return false;
    size_t begin = (size_t)rp_json_offset(json);
    while (rp_json_member(json, &name)) {
        if (!scan_member(json, a, name, begin)) return false;
        begin = (size_t)rp_json_offset(json);
    }
    if (!rp_json_failed(json) && rp_json_peek(json) != RP_JSON_END)
        return rp_json_fail(json, RDSPOL_INPUT, "something behind the answer");
    return !rp_json_failed(json) && answers(json, a);
}

// `text`, followed by RP_JSON_PAD zeros, as the response.
static bool take_response(const rp_decoder *d, const rp_call_info *info, rp_str member, char *text,
                          size_t size, long status, rp_arena *arena, rp_outcome *out)
{
    rp_json_limits limits = rp_json_limits_default();
    found a = {.info = info, .member = member, .arena = arena, .out = out, .text = text};
    rp_json *json = rp_alloc_get(d->alloc, sizeof *json);
    if (json == NULL) return false;
    rp_json_open_text(json, d->alloc, &limits, rp_str_make(text, size));
    bool good = scan(json, &a);
    bool memory = good || json->status != RDSPOL_NO_MEMORY;
    out->good = good;
    if (good) {
        if (a.has_token) blank(text, a.token, a.token_end);
        out->response = rp_str_make(text, size);
    } else if (memory) {
        memory = unreadable(arena, out, status, json->message);
    }
    rp_json_free(json);
    rp_alloc_free(d->alloc, json, sizeof *json);
    return memory;
}

// A copy in the arena with the zeros that the scanner wants behind it.
static char *padded(rp_arena *arena, rp_str text)
{
    char *copy = rp_arena_alloc(arena, text.len + RP_JSON_PAD);
    if (copy == NULL) return NULL;
    if (text.len > 0) memcpy(copy, text.ptr, text.len);
    memset(copy + text.len, 0, RP_JSON_PAD);
    return copy;
}

static rp_str body_of(const rp_http_answer *answer)
{
    return answer->body.size > 0 ? rp_buf_str(&answer->body) : RP_STR("");
}

static bool is_success(long status)
{
    return status >= 200 && status < 300;
}

// Members that the service models mark as sensitive. Those of answers in XML are not in wire.txt,
// but for the values of options, of which most are read and some are passwords.
static const struct {
    const char *name, *by, *part; // of objects whose `by` holds `part`; NULL: of all
} sensitive[] = {{"RecoveryPointTags", NULL, "RecoveryPointTags"}, {"Value", "Name", "PASSWORD"}};

static bool print_into(rp_arena *arena, const rp_document *document, rp_str *out)
{
    char *text = rp_document_print(document);
    bool good = text != NULL && keep(arena, rp_str_from(text), out);
    rp_document_text_free(text);
    return good;
}

// An answer without its sensitive members, if it has any. False if memory ran out.
static bool without_sensitive(rp_arena *arena, rp_str body, rp_str *out)
{
    bool good = true;
    *out = body;
    for (size_t i = 0; good && i < sizeof sensitive / sizeof sensitive[0]; i++) {
        size_t offset;
        if (!rp_text_contains(*out, rp_str_from(sensitive[i].part))) continue;
        rp_document *document = rp_document_parse(*out, &offset);
        if (document == NULL) continue; // who reads it will say what is wrong
        if (sensitive[i].by == NULL) {
            rp_document_drop(document, sensitive[i].name);
        } else {
            rp_document_drop_beside(document, sensitive[i].name, sensitive[i].by,
                                    sensitive[i].part);
        }
        good = print_into(arena, document, out);
        rp_document_free(document);
    }
    return good;
}

static bool xml_outcome(const rp_decoder *d, const rp_call_info *info, rp_str member,
                        const rp_http_answer *answer, rp_arena *arena, rp_outcome *out)
{
    char wrapper[96] = "";
    rp_xml_result result;
    rp_buf json;
    const rp_wire_node *members = rp_wire_find(&d->wire, rp_str_from(info->operation));
    if (services[info->service].protocol == RP_PROTOCOL_QUERY)
        (void)snprintf(wrapper, sizeof wrapper, "%sResult", info->name);
    rp_buf_init(&json, d->alloc, MAX_RESPONSE);
    bool read = members != NULL && rp_xml_read(d->expat, body_of(answer), members,
                                               rp_str_from(wrapper), &json, &result);
    bool good;
    if (!read) {
        good =
            unreadable(arena, out, answer->status, members == NULL ? "no shape" : result.problem);
    } else if (result.is_error || !is_success(answer->status)) {
        const char *code = result.code[0] != '\0' ? result.code : "Error";
        good = fail(arena, out, code, result.message);
    } else {
        rp_str body;
        good = !json.failed && without_sensitive(arena, rp_buf_str(&json), &body);
        char *text = good ? padded(arena, body) : NULL;
        good = text != NULL &&
               take_response(d, info, member, text, body.len, answer->status, arena, out);
    }
    rp_buf_free(&json);
    return good;
}

static rp_str member_text(const rp_document *object, const char *name, char room[RP_DOCUMENT_ROOM])
{
    const rp_document *m = rp_document_first(object);
    for (; m != NULL; m = rp_document_after(m)) {
        bool same = rp_str_equal(rp_document_name(m), rp_str_from(name));
        if (same && rp_document_kind_of(m) == RP_DOCUMENT_STRING) return rp_document_text(m, room);
    }
    return rp_str_make("", 0);
}

// com.amazonaws.kms#NotFoundException:... is NotFoundException.
static rp_str short_code(rp_str code)
{
    for (size_t i = code.len; i > 0; i--) {
        if (code.ptr[i - 1] == '#') return rp_str_from_offset(code, i);
    }
    return code;
}

static bool json_error(const rp_http_answer *answer, rp_arena *arena, rp_outcome *out)
{
    size_t offset;
    char room[RP_DOCUMENT_ROOM];
    rp_document *document = rp_document_parse(body_of(answer), &offset);
    rp_str code = rp_str_from(answer->error_type), message = RP_STR("");
    if (document != NULL && rp_document_kind_of(document) == RP_DOCUMENT_OBJECT) {
        if (code.len == 0) code = member_text(document, "__type", room);
        if (code.len == 0) code = member_text(document, "code", room);
        if (code.len == 0) code = member_text(document, "Code", room);
        message = member_text(document, "message", room);
        if (message.len == 0) message = member_text(document, "Message", room);
    }
    bool good = code.len == 0 ? unreadable(arena, out, answer->status, "an error without a code")
                              : refuse(arena, out, short_code(code), message);
    rp_document_free(document);
    return good;
}

// Some answer a call in JSON with an error in XML (simulators, proxies).
static bool is_xml(rp_str body)
{
    while (body.len > 0 && strchr(" \t\r\n", body.ptr[0]) != NULL)
        body = rp_str_from_offset(body, 1);
    return rp_str_starts(body, RP_STR("<?xml")) || rp_str_starts(body, RP_STR("<Error"));
}

static bool xml_error(const rp_decoder *d, const rp_http_answer *answer, rp_arena *arena,
                      rp_outcome *out)
{
    static const rp_wire_node nothing = {.kind = RP_WIRE_OBJECT};
    rp_xml_result result;
    rp_buf unused;
    rp_buf_init(&unused, d->alloc, MAX_BODY);
    bool read = rp_xml_read(d->expat, body_of(answer), &nothing, RP_STR(""), &unused, &result);
    rp_buf_free(&unused);
    bool known = read && result.is_error && result.code[0] != '\0';
    return known ? fail(arena, out, result.code, result.message)
                 : unreadable(arena, out, answer->status, "neither JSON nor an error");
}

static bool json_outcome(const rp_decoder *d, const rp_call_info *info, rp_str member,
                         const rp_http_answer *answer, rp_arena *arena, rp_outcome *out)
{
    rp_str body;
    if (is_success(answer->status)) {
        if (!without_sensitive(arena, body_of(answer), &body)) return false;
        char *text = padded(arena, body);
        return text != NULL &&
               take_response(d, info, member, text, body.len, answer->status, arena, out);
    }
    return is_xml(body_of(answer)) ? xml_error(d, answer, arena, out)
                                   : json_error(answer, arena, out);
}

bool rp_call_outcome(const rp_decoder *decoder, const rp_call_info *info, rp_str member,
                     const rp_http_answer *answer, rp_arena *arena, rp_outcome *out)
{
    rp_protocol protocol = services[info->service].protocol;
    *out = (rp_outcome){0};
    bool xml = protocol == RP_PROTOCOL_QUERY || protocol == RP_PROTOCOL_EC2;
    return xml ? xml_outcome(decoder, info, member, answer, arena, out)
               : json_outcome(decoder, info, member, answer, arena, out);
}
