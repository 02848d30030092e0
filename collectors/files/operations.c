// The table of operations, and names of files.
#include "collectors/files/operations.h"

#include "vm/base/text.h"

typedef struct entry {
    const char *service, *name, *member;
    rp_shape shape;
    const char *argument, *inside, *alias;
} entry;

static const entry known[] = {
#define OPERATION(SERVICE, NAME, MEMBER, SHAPE, ARGUMENT, INSIDE, ALIAS)                           \
    {#SERVICE, #NAME, MEMBER, RP_SHAPE_##SHAPE, ARGUMENT, INSIDE, ALIAS},
#include "collectors/files/operations.def"
#undef OPERATION
};
enum { KNOWN_COUNT = sizeof known / sizeof known[0] };

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Where the AWS CLI puts a dash: before a capital that follows a small letter or digit, and before
// the last capital of a run that a small letter follows.
static bool dash_before(rp_str name, size_t i)
{
    if (i == 0 || !is_upper(name.ptr[i])) {
        return false;
    }
    char before = name.ptr[i - 1];
    return is_lower(before) || is_digit(before) || (i + 1 < name.len && is_lower(name.ptr[i + 1]));
}

static rp_str kebab(rp_arena *arena, rp_str name)
{
    char *out = rp_arena_alloc(arena, name.len * 2 + 1);
    size_t n = 0;
    for (size_t i = 0; out != NULL && i < name.len; i++) {
        if (dash_before(name, i)) {
            out[n++] = '-';
        }
        out[n++] = is_upper(name.ptr[i]) ? (char)(name.ptr[i] + 'a' - 'A') : name.ptr[i];
    }
    return rp_str_make(out == NULL ? "" : out, n);
}

static rp_str without_verb(rp_str name)
{
    static const char *const verbs[] = {"describe-", "get-", "list-"};
    for (size_t i = 0; i < 3; i++) {
        rp_str verb = rp_str_from(verbs[i]);
        if (rp_str_starts(name, verb)) {
            return rp_str_from_offset(name, verb.len);
        }
    }
    return rp_str_make("", 0);
}

static bool set_names(rp_operation *op, rp_arena *arena, const char *alias)
{
    op->names[0] = kebab(arena, op->name);
    op->names[1] = without_verb(op->names[0]);
    op->names[2] = rp_str_from(alias);
    return op->names[0].len != 0 || op->name.len == 0;
}

static bool feeds(const rp_bundle *b, uint32_t source, const rp_operation *op)
{
    return rp_str_equal(rp_bundle_text(b, b->sources[source].operation), op->name) &&
           rp_str_equal(rp_bundle_text(b, b->sources[source].service), op->service);
}

static bool set_sources(rp_operation *op, const rp_bundle *b, rp_arena *arena)
{
    uint32_t count = 0;
    for (uint32_t s = 0; s < b->source_count; s++) {
        count += feeds(b, s, op);
    }
    op->sources = RP_NEW_ARRAY(arena, uint32_t, count);
    for (uint32_t s = 0; op->sources != NULL && s < b->source_count; s++) {
        if (feeds(b, s, op)) {
            op->sources[op->source_count++] = s;
        }
    }
    return op->sources != NULL;
}

// The operation of a source that the table does not have: an organization's own.
static void set_unlisted(rp_operation *op, const rp_bundle *b, const rp_rec_source *s)
{
    op->service = rp_bundle_text(b, s->service);
    op->name = rp_bundle_text(b, s->operation);
    op->member = rp_bundle_text(b, s->member);
    op->shape = RP_SHAPE_ANY;
    op->argument = op->inside = rp_str_make("", 0);
    for (uint32_t k = 0; k < s->arg_count; k++) {
        const rp_rec_arg *arg = &b->args[s->first_arg + k];
        if (arg->kind != RP_ARG_LITERAL && op->argument.len == 0) {
            op->argument = rp_bundle_text(b, arg->name);
        }
    }
}

static bool is_listed(const rp_operations *ops, const rp_bundle *b, uint32_t source)
{
    for (uint32_t i = 0; i < ops->count; i++) {
        if (feeds(b, source, &ops->items[i])) {
            return b->sources[source].kind != RP_SOURCE_FILE ||
                   rp_str_equal(ops->items[i].member, rp_bundle_text(b, b->sources[source].member));
        }
    }
    return false;
}

bool rp_operations_make(rp_operations *ops, const rp_bundle *bundle, rp_arena *arena)
{
    bool ok = true;
    ops->count = 0;
    ops->items = RP_NEW_ARRAY(arena, rp_operation, KNOWN_COUNT + (size_t)bundle->source_count);
    if (ops->items == NULL) {
        return false;
    }
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        rp_operation *op = &ops->items[ops->count++];
        op->service = rp_str_from(known[i].service);
        op->name = rp_str_from(known[i].name);
        op->member = rp_str_from(known[i].member);
        op->shape = known[i].shape;
        op->argument = rp_str_from(known[i].argument);
        op->inside = rp_str_from(known[i].inside);
        ok = ok && set_names(op, arena, known[i].alias) && set_sources(op, bundle, arena);
    }
    for (uint32_t s = 0; ok && s < bundle->source_count; s++) {
        if (!is_listed(ops, bundle, s)) {
            rp_operation *op = &ops->items[ops->count++];
            set_unlisted(op, bundle, &bundle->sources[s]);
            ok = set_names(op, arena, "") && set_sources(op, bundle, arena);
        }
    }
    return ok;
}

const rp_operation *rp_operations_named(const rp_operations *ops, rp_str name)
{
    const char *colon = name.len == 0 ? NULL : memchr(name.ptr, ':', name.len);
    if (colon == NULL) {
        return NULL;
    }
    rp_str service = rp_str_make(name.ptr, (size_t)(colon - name.ptr));
    rp_str operation = rp_str_from_offset(name, service.len + 1);
    for (uint32_t i = 0; i < ops->count; i++) {
        if (rp_str_equal(ops->items[i].service, service) &&
            rp_str_equal(ops->items[i].name, operation)) {
            return &ops->items[i];
        }
    }
    return NULL;
}

// ---- Names of files ----------------------------------------------------------------------------

// The last component; `*rest` is what is before it.
static rp_str last_component(rp_str *rest)
{
    size_t end = rest->len;
    while (end > 0 && rest->ptr[end - 1] == '/') {
        end--;
    }
    size_t begin = end;
    while (begin > 0 && rest->ptr[begin - 1] != '/') {
        begin--;
    }
    rp_str part = rp_str_make(rest->ptr + begin, end - begin);
    rest->len = begin;
    return part;
}

static rp_str strip(rp_str name, const char *suffix, bool *had)
{
    rp_str end = rp_str_from(suffix);
    *had = name.len > end.len && rp_str_ends(name, end);
    return *had ? rp_str_make(name.ptr, name.len - end.len) : name;
}

static int hex(char c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    char small = (char)(c | 0x20);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

static size_t decode_percent(rp_str text, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool code = text.ptr[i] == '%' && i + 2 < text.len && hex(text.ptr[i + 1]) >= 0 &&
                    hex(text.ptr[i + 2]) >= 0;
        if (code) {
            out[n++] = (char)(hex(text.ptr[i + 1]) * 16 + hex(text.ptr[i + 2]));
            i += 2;
        } else {
            out[n++] = text.ptr[i];
        }
    }
    return n;
}

static bool has(rp_str text, const char *part)
{
    return rp_text_contains(text, rp_str_from(part));
}

// arn_aws_kms_REGION_ACCOUNT_key_ID: five colons, then what the service writes before a name.
static void restore_arn(char *text, size_t size)
{
    size_t colons = 0, i = 0;
    if (size < 4 || memcmp(text, "arn_", 4) != 0) {
        return;
    }
    for (; i < size && colons < 5; i++) {
        if (text[i] == '_') {
            text[i] = ':';
            colons++;
        }
    }
    rp_str head = rp_str_make(text, i);
    char *mark = has(head, ":sns:") ? NULL : memchr(text + i, '_', size - i);
    if (mark != NULL) {
        *mark = has(head, ":kms:") ? '/' : ':';
    }
}

static bool set_argument(rp_hint *hint, rp_str text, rp_arena *arena)
{
    char *out = rp_arena_alloc(arena, text.len + 1);
    if (out == NULL) {
        return false;
    }
    size_t size = decode_percent(text, out);
    restore_arn(out, size);
    hint->argument = rp_str_make(out, size);
    hint->has_argument = true;
    return true;
}

static const rp_operation *whole_name(const rp_operations *ops, rp_str name)
{
    for (uint32_t i = 0; i < ops->count; i++) {
        for (size_t k = 0; k < 3; k++) {
            if (ops->items[i].names[k].len != 0 && rp_str_equal(ops->items[i].names[k], name)) {
                return &ops->items[i];
            }
        }
    }
    return NULL;
}

// The longest name of an operation that begins `name` and is followed by . - or @.
static const rp_operation *name_before(const rp_operations *ops, rp_str name, size_t *size)
{
    const rp_operation *best = NULL;
    *size = 0;
    for (uint32_t i = 0; i < ops->count; i++) {
        for (size_t k = 0; k < 3; k++) {
            rp_str n = ops->items[i].names[k];
            if (n.len > *size && rp_str_starts(name, n) && name.len > n.len + 1 &&
                strchr(".-@", name.ptr[n.len]) != NULL) {
                best = &ops->items[i];
                *size = n.len;
            }
        }
    }
    return best;
}

static bool is_account(rp_str part)
{
    bool digits = part.len == 12;
    for (size_t i = 0; digits && i < part.len; i++) {
        digits = is_digit(part.ptr[i]);
    }
    return digits;
}

// us-east-1, us-gov-west-1
static bool is_region(rp_str part)
{
    size_t i = 0, dashes = 0;
    for (; i < part.len && (is_lower(part.ptr[i]) || part.ptr[i] == '-'); i++) {
        dashes += part.ptr[i] == '-';
    }
    bool letters = i >= 5 && dashes >= 2 && part.ptr[i - 1] == '-' && is_lower(part.ptr[0]);
    for (; i < part.len && letters; i++) {
        letters = is_digit(part.ptr[i]);
        if (letters && i + 1 == part.len) {
            return true;
        }
    }
    return false;
}

static void set_scope(rp_hint *hint, rp_str folders)
{
    rp_str below = rp_str_make("", 0);
    while (folders.len != 0) {
        rp_str part = last_component(&folders);
        if (is_account(part) && is_region(below)) {
            hint->account = part;
            hint->region = below;
            return;
        }
        below = part;
    }
}

bool rp_hint_of(rp_hint *hint, const rp_operations *ops, rp_str path, rp_arena *arena)
{
    bool had;
    size_t size;
    rp_str rest = path;
    memset(hint, 0, sizeof *hint);
    rp_str stem = strip(last_component(&rest), ".gz", &had);
    set_scope(hint, rest);
    stem = strip(stem, ".json", &had);
    stem = strip(stem, ".error", &hint->error);
    hint->operation = whole_name(ops, stem);
    if (hint->operation != NULL) {
        return true;
    }
    const rp_operation *folder = whole_name(ops, last_component(&rest));
    const rp_operation *before = name_before(ops, stem, &size);
    if (before != NULL && (folder == NULL || folder == before)) {
        hint->operation = before;
        return before->argument.len == 0 ||
               set_argument(hint, rp_str_from_offset(stem, size + 1), arena);
    }
    hint->operation = folder;
    return folder == NULL || folder->argument.len == 0 || set_argument(hint, stem, arena);
}
