// Parameters of a run. Values are texts: the machine parses them by the parameter's type.
#include "cli/params.h"

#include "collectors/json.h"
#include "vm/bundle.h"

#include <errno.h>
#include <stdlib.h>

// ---- Growing lists -----------------------------------------------------------------------------

static bool grow(void **list, size_t *capacity, size_t count, size_t each)
{
    if (count < *capacity) return true;
    size_t more = *capacity == 0 ? 16 : *capacity * 2;
    void *grown = realloc(*list, more * each);
    if (grown == NULL) return rp_app_error("out of memory") == RP_EXIT_OK;
    *list = grown;
    *capacity = more;
    return true;
}

// A copy that lives as long as the parameters.
static const char *keep(rp_params *params, rp_str text)
{
    void *list = params->texts;
    if (!grow(&list, &params->text_capacity, params->text_count, sizeof *params->texts))
        return NULL;
    params->texts = list;
    char *copy = malloc(text.len + 1);
    if (copy == NULL) return NULL;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    params->texts[params->text_count++] = copy;
    return copy;
}

static bool add_value(rp_params *params, rp_str text)
{
    void *list = params->values;
    if (!grow(&list, &params->value_capacity, params->value_count, sizeof *params->values))
        return false;
    params->values = list;
    const char *copy = keep(params, text);
    if (copy == NULL) return false;
    params->values[params->value_count++] = rp_str_make(copy, text.len);
    params->list[params->count - 1].value_count++;
    return true;
}

static bool add_param(rp_params *params, rp_str name)
{
    void *list = params->list;
    if (!grow(&list, &params->capacity, params->count, sizeof *params->list)) return false;
    params->list = list;
    const char *copy = keep(params, name);
    if (copy == NULL) return false;
    params->list[params->count++] = (rdspol_param){.name = rp_str_make(copy, name.len)};
    return true;
}

// ---- Names -------------------------------------------------------------------------------------

static bool is_named(const rdspol_bundle *bundle, uint32_t index, rp_str asked)
{
    rp_str name = rp_bundle_text(bundle, bundle->params[index].name);
    rp_str module = rp_bundle_text(bundle, bundle->params[index].module);
    if (rp_str_equal(name, asked)) return true;
    return asked.len == module.len + 1 + name.len && rp_str_starts(asked, module) &&
           asked.ptr[module.len] == '.' && rp_str_ends(asked, name);
}

static bool is_list(const rdspol_bundle *bundle, rp_str name)
{
    for (uint32_t i = 0; i < bundle->param_count; i++) {
        if (is_named(bundle, i, name)) return (bundle->params[i].flags & RP_PARAM_LIST) != 0;
    }
    return false;
}

static bool is_known(const rp_params *params, rp_str name)
{
    for (size_t i = 0; i < params->count; i++) {
        if (rp_str_equal(params->list[i].name, name)) return true;
    }
    return false;
}

// ---- Both sources ------------------------------------------------------------------------------

static bool add_flag(rp_params *params, const rdspol_bundle *bundle, const char *text)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text) {
        return rp_app_error("--param is NAME=VALUE, not `%s`", text) == RP_EXIT_OK;
    }
    rp_str name = rp_str_make(text, (size_t)(equals - text));
    rp_str value = rp_str_from(equals + 1);
    if (is_known(params, name)) {
        return rp_app_error("the parameter `%.*s` is set twice", (int)name.len, name.ptr) ==
               RP_EXIT_OK;
    }
    if (!add_param(params, name)) return false;
    if (!is_list(bundle, name)) return add_value(params, value);
    while (value.len > 0) {
        const char *comma = memchr(value.ptr, ',', value.len);
        size_t size = comma != NULL ? (size_t)(comma - value.ptr) : value.len;
        if (!add_value(params, rp_str_make(value.ptr, size))) return false;
        value = rp_str_from_offset(value, comma != NULL ? size + 1 : size);
    }
    return true;
}

static bool is_scalar(const rp_document *value)
{
    rp_document_kind kind = rp_document_kind_of(value);
    return kind == RP_DOCUMENT_BOOL || kind == RP_DOCUMENT_NUMBER || kind == RP_DOCUMENT_STRING;
}

static bool add_member(rp_params *params, const rp_document *member, const char *path)
{
    char room[RP_DOCUMENT_ROOM];
    rp_str name = rp_document_name(member);
    bool list = rp_document_kind_of(member) == RP_DOCUMENT_LIST;
    if (is_known(params, name)) return true;
    if (!list && !is_scalar(member)) {
        return rp_app_error("%s: the value of `%.*s` is neither text, number nor list", path,
                            (int)name.len, name.ptr) == RP_EXIT_OK;
    }
    if (!add_param(params, name)) return false;
    if (!list) return add_value(params, rp_document_text(member, room));
    for (const rp_document *item = rp_document_first(member); item != NULL;
         item = rp_document_after(item)) {
        if (!is_scalar(item)) {
            return rp_app_error("%s: a member of `%.*s` is neither text nor number", path,
                                (int)name.len, name.ptr) == RP_EXIT_OK;
        }
        if (!add_value(params, rp_document_text(item, room))) return false;
    }
    return true;
}

static bool add_file(rp_params *params, const char *path)
{
    rp_str text = rp_read_file(path);
    if (text.ptr == NULL) return rp_app_error("%s: %s", path, strerror(errno)) == RP_EXIT_OK;
    size_t offset = 0;
    rp_document *document = rp_document_parse(text, &offset);
    bool good = document != NULL && rp_document_kind_of(document) == RP_DOCUMENT_OBJECT;
    if (document == NULL) {
        (void)rp_app_error("%s: not JSON (byte %zu)", path, offset);
    } else if (!good) {
        (void)rp_app_error("%s: not an object of names and values", path);
    }
    const rp_document *member = good ? rp_document_first(document) : NULL;
    for (; member != NULL && good; member = rp_document_after(member))
        good = add_member(params, member, path);
    rp_document_free(document);
    free((void *)(uintptr_t)text.ptr);
    return good;
}

// Values are stored in one list that moves while it grows: only now do parameters point into it.
static void point_to_values(rp_params *params)
{
    size_t at = 0;
    for (size_t i = 0; i < params->count; i++) {
        params->list[i].values = params->values + at;
        at += params->list[i].value_count;
    }
}

bool rp_params_read(rp_params *params, const rp_app *app, const rdspol_bundle *bundle)
{
    size_t cursor = 0;
    const char *text;
    *params = (rp_params){0};
    while ((text = rp_args_next(&app->args, RP_OPTION_PARAM, &cursor)) != NULL) {
        if (!add_flag(params, bundle, text)) return false;
    }
    const char *path = rp_args_text(&app->args, RP_OPTION_PARAMS, NULL);
    if (path != NULL && !add_file(params, path)) return false;
    if (params->count > 0 && params->values != NULL) point_to_values(params);
    return true;
}

void rp_params_free(rp_params *params)
{
    for (size_t i = 0; i < params->text_count; i++) free(params->texts[i]);
    free(params->texts);
    free(params->values);
    free(params->list);
    *params = (rp_params){0};
}

// ---- For reports -------------------------------------------------------------------------------

bool rp_param_is_list(const rdspol_bundle *bundle, uint32_t index)
{
    return (bundle->params[index].flags & RP_PARAM_LIST) != 0;
}

bool rp_param_is_unique(const rdspol_bundle *bundle, uint32_t index)
{
    rp_str name = rp_bundle_text(bundle, bundle->params[index].name);
    for (uint32_t i = 0; i < bundle->param_count; i++) {
        if (i != index && rp_str_equal(rp_bundle_text(bundle, bundle->params[i].name), name))
            return false;
    }
    return true;
}
