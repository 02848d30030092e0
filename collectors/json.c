// The only file that knows cJSON.
#include "collectors/json.h"

#include "vm/base/text.h"
#include "vm/base/wipe.h"

#include <cjson/cJSON.h>

static const cJSON *inside(const rp_document *value) { return (const cJSON *)value; }
static const rp_document *outside(const cJSON *value) { return (const rp_document *)value; }

rp_document *rp_document_parse(rp_str text, size_t *offset)
{
    if (text.ptr == NULL) text = RP_STR("");
    const char *end = text.ptr;
    cJSON *document = cJSON_ParseWithLengthOpts(text.ptr, text.len, &end, 0);
    size_t stop = end >= text.ptr && end <= text.ptr + text.len ? (size_t)(end - text.ptr) : 0;
    size_t rest = stop;
    while (rest < text.len && strchr(" \t\r\n", text.ptr[rest]) != NULL) rest++;
    if (document != NULL && rest < text.len) {
        cJSON_Delete(document);
        document = NULL;
    }
    *offset = stop;
    return (rp_document *)document;
}

void rp_document_free(rp_document *document) { cJSON_Delete((cJSON *)document); }

static void wipe_text(char *text)
{
    if (text != NULL) rp_wipe(text, strlen(text));
}

// Members are put behind their parent, so that one chain holds all values, however deep they were.
void rp_document_wipe(rp_document *document)
{
    cJSON *last = (cJSON *)document;
    for (cJSON *value = last; value != NULL; value = value->next) {
        wipe_text(value->valuestring);
        wipe_text(value->string);
        last->next = value->child;
        value->child = NULL;
        while (last->next != NULL) last = last->next;
    }
    cJSON_Delete((cJSON *)document);
}

rp_document_kind rp_document_kind_of(const rp_document *value)
{
    const cJSON *v = inside(value);
    if (cJSON_IsBool(v)) return RP_DOCUMENT_BOOL;
    if (cJSON_IsNumber(v)) return RP_DOCUMENT_NUMBER;
    if (cJSON_IsString(v)) return RP_DOCUMENT_STRING;
    if (cJSON_IsArray(v)) return RP_DOCUMENT_LIST;
    return cJSON_IsObject(v) ? RP_DOCUMENT_OBJECT : RP_DOCUMENT_NULL;
}

const rp_document *rp_document_first(const rp_document *value) { return outside(inside(value)->child); }
const rp_document *rp_document_after(const rp_document *member) { return outside(inside(member)->next); }

rp_str rp_document_name(const rp_document *member)
{
    const char *name = inside(member)->string;
    return rp_str_from(name != NULL ? name : "");
}

static rp_str number_text(double number, char room[RP_DOCUMENT_ROOM])
{
    bool whole = number >= -9007199254740992.0 && number <= 9007199254740992.0 &&
                 number == (double)(int64_t)number;
    size_t size = whole ? rp_text_print_int((int64_t)number, room) : rp_text_print_float(number, room);
    return rp_str_make(room, size);
}

rp_str rp_document_text(const rp_document *value, char room[RP_DOCUMENT_ROOM])
{
    const cJSON *v = inside(value);
    if (cJSON_IsString(v)) return rp_str_from(v->valuestring);
    if (cJSON_IsBool(v)) return rp_str_from(cJSON_IsTrue(v) ? "true" : "false");
    return cJSON_IsNumber(v) ? number_text(v->valuedouble, room) : rp_str_make("", 0);
}

// Members to take out: those named `name`, of objects whose text `by` holds `part`, or of all.
typedef struct dropping {
    const char *name, *by, *part; // `by` NULL: of all
} dropping;

static bool is_holder(const cJSON *value, const dropping *d)
{
    if (!cJSON_IsObject(value) || !cJSON_HasObjectItem(value, d->name)) return false;
    if (d->by == NULL) return true;
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(value, d->by));
    return text != NULL && strstr(text, d->part) != NULL;
}

// An object, anywhere in a document, that has such a member; NULL if there is none. Walks without
// recursion: what is open is kept here, because cJSON has no way up.
static cJSON *find_holder(cJSON *value, const dropping *d)
{
    enum { MAX_DEPTH = 1000 }; // as deep as cJSON parses
    cJSON *open[MAX_DEPTH];
    size_t depth = 0;
    while (value != NULL || depth > 0) {
        if (value == NULL) {
            value = open[--depth]->next;
            continue;
        }
        if (is_holder(value, d)) return value;
        bool deeper = value->child != NULL && depth < MAX_DEPTH;
        if (deeper) open[depth++] = value;
        value = deeper ? value->child : value->next;
    }
    return NULL;
}

static void drop(rp_document *document, const dropping *d)
{
    cJSON *holder;
    while ((holder = find_holder((cJSON *)document, d)) != NULL) {
        cJSON_DeleteItemFromObject(holder, d->name);
    }
}

void rp_document_drop(rp_document *document, const char *name)
{
    drop(document, &(dropping){.name = name});
}

void rp_document_drop_beside(rp_document *document, const char *name, const char *by,
                             const char *part)
{
    drop(document, &(dropping){name, by, part});
}

char *rp_document_print(const rp_document *document)
{
    return cJSON_PrintUnformatted(inside(document));
}

void rp_document_text_free(char *text) { cJSON_free(text); }
