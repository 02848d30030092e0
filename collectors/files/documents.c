// Documents: looking, envelopes, keyed files, answers, errors.
#include "collectors/files/documents.h"

#include "vm/base/text.h"

#include <stdio.h>

enum { MAX_ASKED = 16, MAX_CANDIDATES = 8 };

typedef struct reading_file {
    const rp_documents *d;
    rp_reading *rows;
    rp_json *json;
    rp_facts *facts;
    rp_arena arena; // texts that outlive the window
    rp_hint hint;
    uint32_t account, region;
    rp_file_notes *notes;
    const rp_operation *sibling; // of the answers before in a keyed file
} reading_file;

// What is known of one answer before it is read.
typedef struct question {
    const rp_operation *operation; // told by an envelope, or NULL
    rp_str names[MAX_ASKED], values[MAX_ASKED];
    size_t count;
    rp_str argument; // the one that the operation is asked with; ptr NULL if unknown
    uint32_t account, region;
} question;

typedef enum form {
    FORM_UNKNOWN,
    FORM_ANSWER,
    FORM_KEYED,
    FORM_ENVELOPE,
    FORM_SAVED,
    FORM_FOREIGN
} form;

typedef struct look {
    form form;
    const rp_operation *candidates[MAX_CANDIDATES];
    size_t count;
    const char *foreign;
} look;

static bool failed(reading_file *f)
{
    return rp_json_failed(f->json);
}

static rp_str keep_text(reading_file *f, rp_str text)
{
    rp_str kept = rp_arena_str(&f->arena, text);
    if (kept.ptr == NULL) {
        (void)rp_json_fail(f->json, RDSPOL_NO_MEMORY, "out of memory");
    }
    return kept;
}

// ---- Looking -----------------------------------------------------------------------------------

static bool is_token(rp_str name)
{
    return rp_str_equal(name, RP_STR("NextToken")) || rp_str_equal(name, RP_STR("Marker")) ||
           rp_str_equal(name, RP_STR("NextMarker"));
}

static const char *foreign_kind(rp_str name, rp_json_kind kind)
{
    static const struct { const char *member, *kind; } table[] = {
        {"configurationItems", "an AWS Config file"},
        {"baseConfigurationItems", "an AWS Config file"},
        {"configSnapshotId", "an AWS Config file"},
        {"resource_changes", "a Terraform plan"},
        {"planned_values", "a Terraform plan"},
        {"format_version", "a Terraform plan or state"},
        {"AWSTemplateFormatVersion", "a CloudFormation template"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (rp_str_equal(name, rp_str_from(table[i].member))) {
            return table[i].kind;
        }
    }
    bool resources = rp_str_equal(name, RP_STR("Resources"));
    return resources && kind == RP_JSON_OBJECT ? "a CloudFormation template" : NULL;
}

static bool has_shape(rp_shape shape, rp_json_kind kind)
{
    switch (shape) {
    case RP_SHAPE_LIST:
        return kind == RP_JSON_ARRAY;
    case RP_SHAPE_ONE:
        return kind == RP_JSON_OBJECT;
    case RP_SHAPE_FIELD:
        return kind == RP_JSON_STRING || kind == RP_JSON_TRUE || kind == RP_JSON_FALSE;
    case RP_SHAPE_ANY:
        return kind == RP_JSON_ARRAY || kind == RP_JSON_OBJECT;
    }
    return false;
}

static size_t operations_with(const reading_file *f, rp_str member, rp_json_kind kind,
                              const rp_operation **out)
{
    const rp_operations *ops = &f->d->operations;
    size_t count = 0;
    for (uint32_t i = 0; i < ops->count && count < MAX_CANDIDATES; i++) {
        const rp_operation *op = &ops->items[i];
        if (op->member.len != 0 && rp_str_equal(op->member, member) && has_shape(op->shape, kind)) {
            out[count++] = op;
        }
    }
    return count;
}

static bool is_envelope_name(rp_str name)
{
    return rp_str_equal(name, RP_STR("Response")) || rp_str_equal(name, RP_STR("Request")) ||
           rp_str_equal(name, RP_STR("Operation")) || rp_str_equal(name, RP_STR("Error"));
}

static bool secret_arn(rp_str text)
{
    return rp_text_contains(text, RP_STR(":secretsmanager:"));
}

// `Results` of texts is AWS Config; an `ARN` is a secret only if it says so. Consumes the value.
static bool look_deeper(reading_file *f, look *out, rp_json_kind kind)
{
    rp_str text;
    if (kind == RP_JSON_STRING && rp_str_equal(out->candidates[0]->member, RP_STR("ARN"))) {
        bool ok = rp_json_string(f->json, &text);
        out->count = ok && secret_arn(text) ? out->count : 0;
        return ok;
    }
    if (kind != RP_JSON_ARRAY || !rp_str_equal(out->candidates[0]->member, RP_STR("Results"))) {
        return true;
    }
    bool ok = rp_json_enter(f->json);
    if (ok && rp_json_element(f->json) && rp_json_peek(f->json) == RP_JSON_STRING) {
        out->form = FORM_FOREIGN;
        out->foreign = "the answer of an AWS Config query";
    }
    return !failed(f);
}

// Whether the next value is an object that looks like an answer or an error. Consumes it in part.
static bool looks_like_answer(reading_file *f)
{
    const rp_operation *ops[MAX_CANDIDATES];
    rp_str name;
    if (rp_json_peek(f->json) != RP_JSON_OBJECT || !rp_json_enter(f->json)) {
        return false;
    }
    while (rp_json_member(f->json, &name)) {
        char copy[64];
        size_t size = name.len < sizeof copy ? name.len : sizeof copy;
        memcpy(copy, name.ptr, size);
        rp_json_kind kind = rp_json_peek(f->json);
        rp_str member = rp_str_make(copy, size);
        if (operations_with(f, member, kind, ops) != 0 || is_envelope_name(member)) {
            return true;
        }
        if (!rp_json_skip(f->json)) {
            return false;
        }
    }
    return false;
}

// What a member tells. `*done`: nothing more needs to be looked at.
static bool look_at_member(reading_file *f, look *out, rp_str name, bool *done)
{
    char copy[64];
    size_t size = name.len < sizeof copy ? name.len : sizeof copy;
    memcpy(copy, name.ptr, size);
    rp_str member = rp_str_make(copy, size);
    rp_json_kind kind = rp_json_peek(f->json);
    *done = true;
    if (is_envelope_name(member)) {
        out->form = FORM_ENVELOPE;
        return true;
    }
    if (rp_str_equal(member, RP_STR("rdspol_facts"))) {
        out->form = FORM_SAVED;
        return true;
    }
    out->foreign = foreign_kind(member, kind);
    if (out->foreign != NULL) {
        out->form = FORM_FOREIGN;
        return true;
    }
    out->count = operations_with(f, member, kind, out->candidates);
    if (out->count != 0) {
        out->form = FORM_ANSWER;
        if (!look_deeper(f, out, kind) || out->count != 0) {
            return !failed(f);
        }
        out->form = FORM_UNKNOWN;
        *done = false;
        return true;
    }
    rp_json_hold hold = rp_json_keep(f->json);
    uint32_t depth = f->json->depth;
    if (looks_like_answer(f)) {
        out->form = FORM_KEYED;
    } else if (!failed(f)) {
        f->json->depth = depth;
        rp_json_rewind(f->json, &hold);
        *done = false;
        (void)rp_json_skip(f->json);
    }
    rp_json_release(f->json, &hold);
    return !failed(f);
}

// Looks at the next value, an object, and goes back to its start.
static bool look_at(reading_file *f, look *out)
{
    rp_str name;
    bool done = false;
    memset(out, 0, sizeof *out);
    rp_json_hold hold = rp_json_keep(f->json);
    uint32_t depth = f->json->depth;
    bool ok = rp_json_enter(f->json);
    while (ok && !done && rp_json_member(f->json, &name)) {
        ok = look_at_member(f, out, name, &done);
    }
    if (!failed(f)) {
        f->json->depth = depth;
        rp_json_rewind(f->json, &hold);
    }
    rp_json_release(f->json, &hold);
    return !failed(f);
}

// ---- Questions ---------------------------------------------------------------------------------

static void ask(question *q, rp_str name, rp_str value)
{
    for (size_t i = 0; i < q->count; i++) {
        if (rp_str_equal(q->names[i], name)) {
            return;
        }
    }
    if (q->count < MAX_ASKED) {
        q->names[q->count] = name;
        q->values[q->count++] = value;
    }
}

static const rp_str *asked_value(const question *q, rp_str name)
{
    for (size_t i = 0; i < q->count; i++) {
        if (rp_str_equal(q->names[i], name)) {
            return &q->values[i];
        }
    }
    return NULL;
}

// The texts of an object: members of a Request, or of an answer.
static bool note_texts(reading_file *f, question *q)
{
    rp_str name, text;
    if (!rp_json_enter(f->json)) {
        return false;
    }
    while (rp_json_member(f->json, &name)) {
        rp_str kept = keep_text(f, name);
        if (rp_json_peek(f->json) != RP_JSON_STRING) {
            if (!rp_json_skip(f->json)) {
                return false;
            }
        } else if (rp_json_string(f->json, &text)) {
            ask(q, kept, keep_text(f, text));
        }
    }
    return !failed(f);
}

// The first element of a list.
static bool note_first(reading_file *f, question *q)
{
    bool first = true;
    if (!rp_json_enter(f->json)) {
        return false;
    }
    for (; rp_json_element(f->json); first = false) {
        bool object = first && rp_json_peek(f->json) == RP_JSON_OBJECT;
        if (!(object ? note_texts(f, q) : rp_json_skip(f->json))) {
            return false;
        }
    }
    return !failed(f);
}

static bool note_member(reading_file *f, const rp_operation *op, rp_str name, question *inside,
                        bool *cut)
{
    rp_str text;
    rp_json_kind kind = rp_json_peek(f->json);
    bool main = rp_str_equal(name, op->member);
    *cut = *cut || (is_token(name) && kind == RP_JSON_STRING);
    if (kind == RP_JSON_STRING && name.len < 64) {
        rp_str kept = keep_text(f, name);
        if (!rp_json_string(f->json, &text)) {
            return false;
        }
        if (!main || op->inside.len != 0) {
            ask(inside, kept, keep_text(f, text));
        }
        return true;
    }
    if (main && kind == RP_JSON_OBJECT) {
        return note_texts(f, inside);
    }
    return main && kind == RP_JSON_ARRAY ? note_first(f, inside) : rp_json_skip(f->json);
}

// What the answer itself says about its question, and whether it is cut. Goes back to its start.
static bool look_inside(reading_file *f, const rp_operation *op, question *inside, bool *cut)
{
    rp_str name;
    rp_json_hold hold = rp_json_keep(f->json);
    bool ok = rp_json_enter(f->json);
    while (ok && rp_json_member(f->json, &name)) {
        ok = note_member(f, op, name, inside, cut);
    }
    if (ok && !failed(f)) {
        rp_json_rewind(f->json, &hold);
    }
    rp_json_release(f->json, &hold);
    return ok && !failed(f);
}

// The argument that the operation is asked with: what was said, else what the answer says.
static void settle_argument(question *q, const rp_operation *op, const question *inside)
{
    const rp_str *value = asked_value(q, op->argument);
    if (q->argument.ptr == NULL && value != NULL) {
        q->argument = *value;
    }
    if (q->argument.ptr == NULL && op->inside.len != 0) {
        value = asked_value(inside, op->inside);
        value = value != NULL ? value : asked_value(inside, op->argument);
        if (value != NULL) {
            q->argument = *value;
        }
    }
    if (q->argument.ptr != NULL && op->argument.len != 0) {
        ask(q, op->argument, q->argument);
    }
    for (size_t i = 0; op->inside.len != 0 && i < inside->count; i++) {
        ask(q, inside->names[i], inside->values[i]);
    }
}

static bool is_candidate(const look *l, const rp_operation *op)
{
    for (size_t i = 0; op != NULL && i < l->count; i++) {
        if (l->candidates[i] == op) {
            return true;
        }
    }
    return false;
}

// One operation of several whose answers look alike: told, asked with, or named by the file.
static const rp_operation *choose(const reading_file *f, const look *l, const question *q)
{
    if (is_candidate(l, q->operation)) {
        return q->operation;
    }
    for (size_t i = 0; l->count > 1 && i < l->count; i++) {
        if (asked_value(q, l->candidates[i]->argument) != NULL) {
            return l->candidates[i];
        }
    }
    if (is_candidate(l, f->hint.operation)) {
        return f->hint.operation;
    }
    return l->count == 1 ? l->candidates[0] : NULL;
}

// ---- Answers -----------------------------------------------------------------------------------

typedef struct answer {
    const rp_operation *op;
    rp_asked asked;
    uint32_t argument;
    bool cut;
    uint32_t first_row[64]; // by source of the operation
} answer;

static const rp_feed *feed_of(const reading_file *f, uint32_t source)
{
    return &f->d->scheme->feeds[source];
}

static bool has_member(const reading_file *f, uint32_t source)
{
    const rp_bundle *b = f->d->scheme->bundle;
    return b->sources[source].member != RP_NONE && b->strings[b->sources[source].member].size != 0;
}

// Whether an answer is about one row: what it lists are that row's lists.
static bool fills_one_row(const reading_file *f, uint32_t source)
{
    uint32_t kind = f->d->scheme->bundle->sources[source].kind;
    return kind == RP_SOURCE_GROUP || (kind == RP_SOURCE_KEY && !has_member(f, source));
}

// What a cut answer lists is not all. The token may stand behind the rows.
static void cut_lists(reading_file *f, uint32_t source, uint32_t first)
{
    const rp_bundle *b = f->d->scheme->bundle;
    const rp_rec_table *t = &b->tables[b->sources[source].table];
    uint32_t rows = rp_facts_row_count(f->facts, b->sources[source].table);
    for (uint32_t l = t->first_list; l < t->first_list + t->list_count; l++) {
        for (uint32_t r = first; rp_facts_list_fed(f->facts, l, source) && r < rows; r++) {
            rp_facts_list_unknown(f->facts, l, r, RDSPOL_REASON_INCOMPLETE_PAGE, RP_NONE);
        }
    }
}

static bool read_row(reading_file *f, const answer *a, uint32_t source)
{
    uint32_t row;
    return rp_read_resource(f->rows, feed_of(f, source), &a->asked, &row);
}

// The next value as a row of each source that has (or has not) a member.
static bool read_rows(reading_file *f, const answer *a, bool with_member)
{
    rp_json_hold hold;
    bool held = a->op->source_count > 1, first = true, ok = true;
    if (held) {
        hold = rp_json_keep(f->json);
    }
    for (uint32_t i = 0; ok && i < a->op->source_count; i++) {
        if (has_member(f, a->op->sources[i]) != with_member) {
            continue;
        }
        if (!first && held) {
            rp_json_rewind(f->json, &hold);
        }
        first = false;
        ok = read_row(f, a, a->op->sources[i]);
    }
    if (held) {
        rp_json_release(f->json, &hold);
    }
    return ok && (!first || rp_json_skip(f->json));
}

static bool read_main(reading_file *f, const answer *a)
{
    if (rp_json_peek(f->json) != RP_JSON_ARRAY) {
        return rp_json_peek(f->json) == RP_JSON_NULL ? rp_json_word(f->json)
                                                     : read_rows(f, a, true);
    }
    if (!rp_json_enter(f->json)) {
        return false;
    }
    while (rp_json_element(f->json)) {
        if (!read_rows(f, a, true)) {
            return false;
        }
    }
    return !failed(f);
}

static bool note_identity(reading_file *f)
{
    rp_str text;
    if (rp_json_peek(f->json) != RP_JSON_STRING || !rp_json_string(f->json, &text)) {
        return !failed(f) && rp_json_skip(f->json);
    }
    f->notes->identity = rp_facts_text(f->facts, text);
    rp_facts_audited_add(f->facts, f->notes->identity);
    return true;
}

static bool is_identity(const rp_operation *op)
{
    return rp_str_equal(op->name, RP_STR("GetCallerIdentity"));
}

// Member by member: the rows, and what says that there are more.
static bool read_members(reading_file *f, answer *a)
{
    rp_str name;
    bool main_seen = false;
    if (!rp_json_enter(f->json)) {
        return false;
    }
    while (rp_json_member(f->json, &name)) {
        bool main = rp_str_equal(name, a->op->member), token = is_token(name);
        bool ok;
        if (main && main_seen) {
            return rp_json_fail(f->json, RDSPOL_INPUT, "a member that was there before");
        }
        if (main) {
            main_seen = true;
            ok = is_identity(a->op) ? note_identity(f) : read_main(f, a);
        } else {
            a->cut |= token && rp_json_peek(f->json) == RP_JSON_STRING;
            ok = rp_json_skip(f->json);
        }
        if (!ok) {
            return false;
        }
    }
    return !failed(f);
}

static bool any_source(const reading_file *f, const rp_operation *op, bool with_member)
{
    for (uint32_t i = 0; i < op->source_count; i++) {
        if (has_member(f, op->sources[i]) == with_member) {
            return true;
        }
    }
    return false;
}

// Where an answer comes from, if neither folder nor flags say: an ARN of a row that cannot be
// shared with other accounts.
static void scope_from_rows(reading_file *f, const rp_feed *feed, uint32_t first, uint32_t *account,
                            uint32_t *region)
{
    const rp_rec_table *t = &f->d->scheme->bundle->tables[feed->table];
    rp_str type = rp_bundle_text(f->d->scheme->bundle, t->type_name);
    rp_arn arn;
    bool shared = rp_text_contains(type, RP_STR("Snapshot")) ||
                  rp_text_contains(type, RP_STR("AWS::EC2::")) ||
                  rp_text_contains(type, RP_STR("AWS::KMS::Key"));
    uint32_t rows = rp_facts_row_count(f->facts, feed->table);
    for (uint32_t r = first; !shared && t->arn != RP_NONE && r < rows; r++) {
        if (rp_arn_parse(rp_facts_cell_text(f->facts, t->arn, r), &arn) && arn.account.len != 0 &&
            arn.region.len != 0) {
            *account = rp_facts_text(f->facts, arn.account);
            *region = rp_facts_text(f->facts, arn.region);
            return;
        }
    }
}

static void record_answer(reading_file *f, const answer *a)
{
    for (uint32_t i = 0; i < a->op->source_count; i++) {
        const rp_feed *feed = feed_of(f, a->op->sources[i]);
        uint32_t account = a->asked.account, region = a->asked.region;
        if (account == RP_NONE && i < 64) {
            scope_from_rows(f, feed, a->first_row[i], &account, &region);
        }
        if (a->cut && fills_one_row(f, feed->source) && i < 64) {
            cut_lists(f, feed->source, a->first_row[i]);
        }
        rp_facts_answer(f->facts, feed->source, a->argument, account, region, a->cut,
                        RDSPOL_REASON_NONE, RP_NONE);
    }
}

static bool read_with(reading_file *f, const rp_operation *op, question *q, bool cut)
{
    answer a = {.op = op, .argument = RP_NONE, .cut = cut};
    a.asked = (rp_asked){q->names, q->values, q->count, q->account, q->region};
    if (op->argument.len != 0 && q->argument.ptr != NULL) {
        a.argument = rp_facts_text(f->facts, q->argument);
    }
    for (uint32_t i = 0; i < op->source_count && i < 64; i++) {
        a.first_row[i] = rp_facts_row_count(f->facts, feed_of(f, op->sources[i])->table);
    }
    bool both = any_source(f, op, false) && any_source(f, op, true), ok = true;
    rp_json_hold hold;
    if (both) {
        hold = rp_json_keep(f->json);
    }
    if (any_source(f, op, false)) {
        ok = read_rows(f, &a, false);
    }
    if (both && ok) {
        rp_json_rewind(f->json, &hold);
    }
    if (ok && (any_source(f, op, true) || is_identity(op))) {
        ok = read_members(f, &a);
    }
    if (both) {
        rp_json_release(f->json, &hold);
    }
    if (ok) {
        record_answer(f, &a);
    }
    return ok;
}

static bool no_question(reading_file *f, const rp_operation *op)
{
    return rp_json_fail(f->json, RDSPOL_INPUT,
                        "this answer of %.*s:%.*s does not say its %.*s: name the file after it",
                        (int)op->service.len, op->service.ptr, (int)op->name.len, op->name.ptr,
                        (int)op->argument.len, op->argument.ptr);
}

static bool several_operations(reading_file *f, const look *l)
{
    const rp_operation *a = l->candidates[0], *b = l->candidates[1];
    return rp_json_fail(f->json, RDSPOL_INPUT,
                        "`%.*s` may be of %.*s or %.*s: name the file after the operation",
                        (int)a->member.len, a->member.ptr, (int)a->name.len, a->name.ptr,
                        (int)b->name.len, b->name.ptr);
}

// ---- Telling -----------------------------------------------------------------------------------

static rp_str fact_text(const reading_file *f, uint32_t id)
{
    return id == RP_NONE ? rp_str_make("", 0) : rp_strtab_get(&f->facts->texts, id);
}

static bool tell(reading_file *f, const rp_operation *op, const question *q, rp_str response,
                 rp_str code, rp_str message)
{
    char name[160];
    size_t service = op->service.len, size = service + 1 + op->name.len;
    if (size > sizeof name) {
        return rp_json_fail(f->json, RDSPOL_LIMIT, "an operation with a name that is too long");
    }
    memcpy(name, op->service.ptr, service);
    name[service] = ':';
    memcpy(name + service + 1, op->name.ptr, op->name.len);
    rdspol_files_answer a = {.operation = {name, size},
                             .account = fact_text(f, q->account),
                             .region = fact_text(f, q->region),
                             .names = q->names,
                             .values = q->values,
                             .count = q->count,
                             .response = response,
                             .code = code,
                             .message = message};
    f->d->answer(f->d->answer_ctx, &a);
    return true;
}

// The next value as it stands, with the first `asked` arguments and the one that names the answer:
// what the answer itself says is no question.
static bool tell_answer(reading_file *f, const rp_operation *op, question *q, size_t asked)
{
    q->count = asked;
    if (op->argument.len != 0 && q->argument.ptr != NULL) {
        ask(q, op->argument, q->argument);
    }
    rp_json_hold hold = rp_json_keep(f->json);
    bool ok = rp_json_skip(f->json);
    if (ok) {
        const unsigned char *start =
            f->json->window + RP_JSON_PAD + (size_t)(hold.offset - f->json->base);
        rp_str text = rp_str_make((const char *)start,
                                  (size_t)(rp_json_offset(f->json) - hold.offset));
        ok = tell(f, op, q, text, rp_str_make("", 0), rp_str_make("", 0));
    }
    rp_json_release(f->json, &hold);
    return ok;
}

// The next value, an answer that was looked at.
static bool read_answer(reading_file *f, const look *l, question *q)
{
    const rp_operation *op = choose(f, l, q);
    size_t asked = q->count;
    bool cut = false;
    if (op == NULL) {
        return several_operations(f, l);
    }
    f->sibling = op;
    if (q->argument.ptr == NULL && f->hint.has_argument && f->hint.operation == op) {
        q->argument = f->hint.argument;
    }
    if (op->source_count == 0 && !is_identity(op) && f->d->answer == NULL) {
        return rp_json_skip(f->json);
    }
    if (op->argument.len != 0 || any_source(f, op, false)) {
        question inside = {.count = 0};
        if (!look_inside(f, op, &inside, &cut)) {
            return false;
        }
        settle_argument(q, op, &inside);
        if (op->argument.len != 0 && q->argument.ptr == NULL) {
            return no_question(f, op);
        }
    }
    return f->d->answer != NULL ? tell_answer(f, op, q, asked) : read_with(f, op, q, cut);
}

// ---- Errors ------------------------------------------------------------------------------------

static rdspol_reason reason_of(rp_str code)
{
    static const char *const denied[] = {"AccessDenied", "Unauthorized", "NotAuthorized",
                                         "AuthFailure",  "OptInRequired", "Forbidden"};
    static const char *const throttled[] = {"Throttl", "LimitExceeded", "TooManyRequests",
                                            "SlowDown"};
    for (size_t i = 0; i < sizeof denied / sizeof denied[0]; i++) {
        if (rp_text_contains(code, rp_str_from(denied[i]))) {
            return RDSPOL_REASON_ACCESS_DENIED;
        }
    }
    for (size_t i = 0; i < sizeof throttled / sizeof throttled[0]; i++) {
        if (rp_text_contains(code, rp_str_from(throttled[i]))) {
            return RDSPOL_REASON_THROTTLED;
        }
    }
    return RDSPOL_REASON_ERROR;
}

static bool record_error(reading_file *f, question *q, rp_str code, rp_str message)
{
    const rp_operation *op = q->operation != NULL ? q->operation : f->hint.operation;
    uint32_t argument = RP_NONE;
    op = op != NULL ? op : f->sibling;
    if (op == NULL) {
        return rp_json_fail(f->json, RDSPOL_INPUT,
                            "this error does not say its operation: name the file after it");
    }
    if (q->argument.ptr == NULL && f->hint.has_argument && f->hint.operation == op) {
        q->argument = f->hint.argument;
    }
    if (op->argument.len != 0) {
        question nothing = {.count = 0};
        settle_argument(q, op, &nothing);
        argument = q->argument.ptr == NULL ? RP_NONE : rp_facts_text(f->facts, q->argument);
    }
    if (f->d->answer != NULL) {
        return tell(f, op, q, rp_str_make("", 0), code, message);
    }
    for (uint32_t i = 0; i < op->source_count; i++) {
        rp_facts_answer(f->facts, op->sources[i], argument, q->account, q->region, false,
                        reason_of(code), rp_facts_text(f->facts, code));
    }
    return true;
}

// {"Code", "Message"}
static bool read_code(reading_file *f, rp_str *code, rp_str *message)
{
    question texts = {.count = 0};
    if (rp_json_peek(f->json) != RP_JSON_OBJECT) {
        return rp_json_fail(f->json, RDSPOL_INPUT, "an error is an object with Code and Message");
    }
    if (!note_texts(f, &texts)) {
        return false;
    }
    const rp_str *value = asked_value(&texts, RP_STR("Code"));
    const rp_str *why = asked_value(&texts, RP_STR("Message"));
    *code = value != NULL ? *value : RP_STR("Error");
    *message = why != NULL ? *why : rp_str_make("", 0);
    return true;
}

// ---- Envelopes ---------------------------------------------------------------------------------

typedef struct envelope {
    question q;
    rp_json_hold response; // of a response that waits for its question
    uint32_t depth;
    bool waits, answered, is_error;
    rp_str code, message;
} envelope;

// A listing is read at once, however large, if it is known whose it is; an answer to a question
// waits for it. Members may stand in any order.
static bool read_response(reading_file *f, envelope *e)
{
    look l;
    if (rp_json_peek(f->json) != RP_JSON_OBJECT) {
        return rp_json_peek(f->json) == RP_JSON_NULL ? rp_json_word(f->json)
                                                     : rp_json_skip(f->json);
    }
    if (!look_at(f, &l)) {
        return false;
    }
    e->answered = true;
    bool placed = e->q.account != RP_NONE && e->q.region != RP_NONE;
    if (placed && l.form == FORM_ANSWER && l.count == 1 && l.candidates[0]->argument.len == 0) {
        return read_answer(f, &l, &e->q);
    }
    e->waits = true;
    e->response = rp_json_keep(f->json);
    return rp_json_skip(f->json);
}

static bool envelope_text(reading_file *f, envelope *e, rp_str name)
{
    rp_str text;
    char copy[16];
    size_t size = name.len < sizeof copy ? name.len : sizeof copy;
    memcpy(copy, name.ptr, size);
    rp_str member = rp_str_make(copy, size);
    if (rp_json_peek(f->json) != RP_JSON_STRING || !rp_json_string(f->json, &text)) {
        return !failed(f) && rp_json_skip(f->json);
    }
    if (rp_str_equal(member, RP_STR("Operation"))) {
        e->q.operation = rp_operations_named(&f->d->operations, text);
    } else if (rp_str_equal(member, RP_STR("account"))) {
        e->q.account = rp_facts_text(f->facts, text);
    } else if (rp_str_equal(member, RP_STR("region"))) {
        e->q.region = rp_facts_text(f->facts, text);
    }
    return true;
}

static bool envelope_member(reading_file *f, envelope *e, rp_str name)
{
    if (rp_str_equal(name, RP_STR("Response"))) {
        return e->answered ? rp_json_fail(f->json, RDSPOL_INPUT, "a member that was there before")
                           : read_response(f, e);
    }
    if (rp_str_equal(name, RP_STR("Request"))) {
        return rp_json_peek(f->json) == RP_JSON_OBJECT ? note_texts(f, &e->q)
                                                       : rp_json_skip(f->json);
    }
    if (rp_str_equal(name, RP_STR("Error"))) {
        e->is_error = true;
        return read_code(f, &e->code, &e->message);
    }
    return envelope_text(f, e, name);
}

static bool read_waiting(reading_file *f, envelope *e)
{
    look l;
    rp_json_hold end = {rp_json_offset(f->json), false, f->json->fresh,
                        f->json->frame[f->json->depth].count};
    rp_json_hold start = end;
    start.offset = e->response.offset;
    rp_json_rewind(f->json, &start);
    bool ok = look_at(f, &l);
    if (ok && l.form != FORM_ANSWER) {
        bool told = e->q.operation != NULL && e->q.operation->source_count == 0;
        l.count = e->q.operation != NULL;
        l.candidates[0] = e->q.operation;
        ok = l.count != 0 && (told || any_source(f, e->q.operation, false))
                 ? true
                 : rp_json_fail(f->json, RDSPOL_INPUT, "a Response of no known operation");
    }
    ok = ok && read_answer(f, &l, &e->q);
    rp_json_rewind(f->json, &end);
    return ok;
}

static bool read_envelope(reading_file *f, const question *q)
{
    envelope e = {.q = *q};
    rp_str name;
    bool ok = rp_json_enter(f->json);
    while (ok && rp_json_member(f->json, &name)) {
        ok = envelope_member(f, &e, name);
    }
    ok = ok && !failed(f);
    if (ok && e.answered && e.is_error) {
        ok = rp_json_fail(f->json, RDSPOL_INPUT, "both a Response and an Error");
    } else if (ok && e.waits) {
        ok = read_waiting(f, &e);
    } else if (ok && e.is_error) {
        ok = record_error(f, &e.q, e.code, e.message);
    } else if (ok && !e.answered) {
        ok = rp_json_fail(f->json, RDSPOL_INPUT, "neither a Response nor an Error");
    }
    if (e.waits) {
        rp_json_release(f->json, &e.response);
    }
    return ok;
}

// ---- Documents ---------------------------------------------------------------------------------

static question new_question(const reading_file *f)
{
    question q = {.count = 0};
    q.account = f->account;
    q.region = f->region;
    return q;
}

static bool refuse(reading_file *f, const char *what)
{
    if (f->d->ignore_unknown && what == NULL) {
        f->notes->ignored = true;
        return rp_json_skip(f->json);
    }
    return what != NULL
               ? rp_json_fail(f->json, RDSPOL_INPUT, "%s, which is not read here", what)
               : rp_json_fail(f->json, RDSPOL_INPUT,
                              "no kind of input that is known: expected a member such as "
                              "DBInstances at the top");
}

static bool read_keyed(reading_file *f);

// An object that names nothing known: an answer whose operation the name of the file tells, or a
// keyed file without any.
static bool read_by_name(reading_file *f, question *q, bool inner)
{
    const rp_operation *op = f->hint.operation;
    rp_str name;
    rp_json_hold hold = rp_json_keep(f->json);
    bool empty = rp_json_enter(f->json) && !rp_json_member(f->json, &name);
    if (failed(f)) {
        rp_json_release(f->json, &hold);
        return false;
    }
    f->json->depth -= empty ? 0 : 1;
    rp_json_rewind(f->json, &hold);
    rp_json_release(f->json, &hold);
    bool keyed = op != NULL && op->argument.len != 0 && !f->hint.has_argument && !inner;
    if (keyed && empty) {
        return rp_json_skip(f->json);
    }
    if (op != NULL && (op->shape == RP_SHAPE_FIELD || op->source_count == 0 ||
                       any_source(f, op, false))) {
        look l = {.form = FORM_ANSWER, .candidates = {op}, .count = 1};
        return read_answer(f, &l, q);
    }
    return refuse(f, NULL);
}

static bool read_saved(reading_file *f);

static bool read_object(reading_file *f, question *q, bool inner)
{
    look l;
    if (!look_at(f, &l)) {
        return false;
    }
    switch (l.form) {
    case FORM_ANSWER:
        return read_answer(f, &l, q);
    case FORM_ENVELOPE:
        return read_envelope(f, q);
    case FORM_KEYED:
        return inner ? refuse(f, NULL) : read_keyed(f);
    case FORM_SAVED:
        return inner ? refuse(f, NULL) : read_saved(f);
    case FORM_FOREIGN:
        return refuse(f, l.foreign);
    case FORM_UNKNOWN:
        break;
    }
    return read_by_name(f, q, inner);
}

static bool is_new_key(reading_file *f, rp_map *keys, rp_str key)
{
    uint32_t id = rp_facts_text(f->facts, key);
    uint32_t *at = id == RP_NONE ? NULL : rp_map_add(keys, id, 0);
    if (at == NULL) {
        return rp_json_fail(f->json, RDSPOL_NO_MEMORY, "out of memory");
    }
    if (*at != RP_MAP_NONE) {
        return rp_json_fail(f->json, RDSPOL_INPUT, "a member that was there before");
    }
    *at = 1;
    return true;
}

// An object from argument to answer.
static bool read_keyed(reading_file *f)
{
    rp_map keys;
    rp_str name;
    rp_map_init(&keys, f->d->alloc);
    bool ok = rp_json_enter(f->json);
    while (ok && rp_json_member(f->json, &name)) {
        question q = new_question(f);
        q.argument = keep_text(f, name);
        ok = !failed(f) && is_new_key(f, &keys, q.argument);
        if (ok && rp_json_peek(f->json) == RP_JSON_OBJECT) {
            ok = read_object(f, &q, true);
        } else if (ok) {
            ok = rp_json_fail(f->json, RDSPOL_INPUT, "expected an answer, an object");
        }
        rp_arena_clear(&f->arena);
        rp_arena_init(&f->arena, f->d->alloc);
    }
    rp_map_free(&keys);
    return ok && !failed(f);
}

// ---- Saved facts -------------------------------------------------------------------------------

static void forget_texts(reading_file *f)
{
    rp_arena_clear(&f->arena);
    rp_arena_init(&f->arena, f->d->alloc);
}

static bool read_version(reading_file *f)
{
    rp_str text;
    if (rp_json_peek(f->json) == RP_JSON_NUMBER && rp_json_number(f->json, &text) &&
        rp_str_equal(text, RP_STR("1"))) {
        return true;
    }
    return rp_json_fail(f->json, RDSPOL_INPUT, "saved facts of another version: 1 is read");
}

static bool read_envelopes(reading_file *f)
{
    if (rp_json_peek(f->json) != RP_JSON_ARRAY || !rp_json_enter(f->json)) {
        return rp_json_fail(f->json, RDSPOL_INPUT, "expected a list of answers");
    }
    while (rp_json_element(f->json)) {
        question q = new_question(f);
        if (rp_json_peek(f->json) != RP_JSON_OBJECT) {
            return rp_json_fail(f->json, RDSPOL_INPUT, "expected an answer, an object");
        }
        if (!read_envelope(f, &q)) {
            return false;
        }
        forget_texts(f);
    }
    return !failed(f);
}

// Accounts and Regions that were looked at, also where nothing was found.
static bool read_scopes(reading_file *f)
{
    if (rp_json_peek(f->json) != RP_JSON_ARRAY || !rp_json_enter(f->json)) {
        return rp_json_fail(f->json, RDSPOL_INPUT, "expected a list of accounts and Regions");
    }
    while (rp_json_element(f->json)) {
        question texts = {.count = 0};
        if (rp_json_peek(f->json) != RP_JSON_OBJECT || !note_texts(f, &texts)) {
            return rp_json_fail(f->json, RDSPOL_INPUT, "expected account and region, an object");
        }
        const rp_str *account = asked_value(&texts, RP_STR("account"));
        const rp_str *region = asked_value(&texts, RP_STR("region"));
        if (account != NULL && region != NULL && f->d->answer != NULL) {
            rdspol_files_answer scope = {.account = *account, .region = *region};
            f->d->answer(f->d->answer_ctx, &scope);
        } else if (account != NULL && region != NULL) {
            rp_facts_scope_add(f->facts, rp_facts_text(f->facts, *account),
                               rp_facts_text(f->facts, *region));
        }
        forget_texts(f);
    }
    return !failed(f);
}

// What a collection was told, in the order in which it was told.
static bool read_saved(reading_file *f)
{
    rp_str name;
    bool ok = rp_json_enter(f->json);
    rp_facts_later_counts(f->facts);
    while (ok && rp_json_member(f->json, &name)) {
        if (rp_str_equal(name, RP_STR("rdspol_facts"))) {
            ok = read_version(f);
        } else if (rp_str_equal(name, RP_STR("answers"))) {
            ok = read_envelopes(f);
        } else if (rp_str_equal(name, RP_STR("scope"))) {
            ok = read_scopes(f);
        } else {
            ok = rp_json_skip(f->json);
        }
    }
    return ok && !failed(f);
}

static bool read_document(reading_file *f, rp_json_kind kind)
{
    question q = new_question(f);
    rp_str code, message;
    if (kind != RP_JSON_OBJECT) {
        return f->d->ignore_unknown
                   ? refuse(f, NULL)
                   : rp_json_fail(f->json, RDSPOL_INPUT,
                                  "not an object: --query must keep the member at the top");
    }
    if (!f->hint.error) {
        return read_object(f, &q, false);
    }
    look l;
    if (!look_at(f, &l)) {
        return false;
    }
    if (l.form == FORM_ENVELOPE) {
        return read_envelope(f, &q);
    }
    return read_code(f, &code, &message) && record_error(f, &q, code, message);
}

static bool read_documents(reading_file *f)
{
    uint64_t count = 0;
    for (;; count++) {
        rp_json_kind kind = rp_json_peek(f->json);
        if (kind == RP_JSON_END && count == 0) {
            return rp_json_fail(f->json, RDSPOL_INPUT, "holds no JSON (a call that failed?)");
        }
        if (kind == RP_JSON_END || kind == RP_JSON_ERROR) {
            return kind == RP_JSON_END;
        }
        if (!read_document(f, kind)) {
            return false;
        }
        rp_arena_clear(&f->arena);
        rp_arena_init(&f->arena, f->d->alloc);
    }
}

static rdspol_status report(const reading_file *f, rp_str path, rdspol_error *error)
{
    const rp_json *j = f->json;
    // Where memory ran out for the facts, what the document seemed to lack comes from that.
    rdspol_status kept = rp_facts_status(f->facts);
    rdspol_status status = kept != RDSPOL_OK ? kept : j->status;
    if (status == RDSPOL_OK || error == NULL) {
        return status;
    }
    size_t skip = path.len > 100 ? path.len - 100 : 0;
    const char *message = kept == RDSPOL_OK ? j->message : "out of memory";
    (void)rp_error_set(error, status, j->path, "%.*s: %s", (int)(path.len - skip), path.ptr + skip,
                       message);
    error->offset = j->error_offset;
    return status;
}

// Account and Region of the file: folders, else flags.
static void set_scope(reading_file *f, const rp_documents *d)
{
    rp_str account = f->hint.account.len != 0 ? f->hint.account : d->account;
    rp_str region = f->hint.account.len != 0 ? f->hint.region : d->region;
    f->account = account.len == 0 ? RP_NONE : rp_facts_text(f->facts, account);
    f->region = region.len == 0 ? RP_NONE : rp_facts_text(f->facts, region);
    if (f->account != RP_NONE && f->region != RP_NONE) {
        rp_facts_scope_add(f->facts, f->account, f->region);
    } else {
        rp_facts_audited_add(f->facts, f->account);
    }
}

static bool read_file(reading_file *f, rp_str path, rp_arena *names)
{
    if (!rp_hint_of(&f->hint, &f->d->operations, path, names)) {
        return rp_json_fail(f->json, RDSPOL_NO_MEMORY, "out of memory");
    }
    f->rows->file = path.len == 0 ? RP_NONE : rp_facts_file(f->facts, path);
    set_scope(f, f->d);
    return read_documents(f);
}

void rp_kept_init(rp_kept *kept, const rp_documents *d, rp_facts *facts)
{
    kept->spare.window = NULL;
    rp_reading_init(&kept->rows, d->alloc, d->scheme, facts);
}

void rp_kept_clear(rp_kept *kept)
{
    rp_json_spare_free(&kept->spare, kept->rows.alloc);
    rp_reading_clear(&kept->rows);
}

rdspol_status rp_documents_read(const rp_documents *d, rp_facts *facts, rp_str path,
                                rp_read_fn read, void *ctx, rp_kept *kept,
                                rp_file_notes *notes, rdspol_error *error)
{
    reading_file f = {.d = d, .facts = facts, .notes = notes, .rows = &kept->rows};
    rp_arena names;
    notes->identity = RP_NONE;
    notes->ignored = false;
    f.json = rp_alloc_get(d->alloc, sizeof *f.json);
    if (f.json == NULL) {
        return rp_error_set(error, RDSPOL_NO_MEMORY, NULL, "out of memory");
    }
    rp_arena_init(&names, d->alloc);
    rp_arena_init(&f.arena, d->alloc);
    rp_json_open(f.json, d->alloc, &d->limits, read, ctx, &kept->spare);
    rp_reading_begin(f.rows, f.json);
    if (!rp_json_failed(f.json)) {
        (void)read_file(&f, path, &names);
    }
    rdspol_status status = report(&f, path, error);
    rp_json_free(f.json);
    rp_arena_clear(&f.arena);
    rp_arena_clear(&names);
    rp_alloc_free(d->alloc, f.json, sizeof *f.json);
    return status;
}

rdspol_status rp_documents_read_one(const rp_documents *d, rp_facts *facts, rp_str path,
                                    rp_read_fn read, void *ctx, rp_file_notes *notes,
                                    rdspol_error *error)
{
    rp_kept kept;
    rp_kept_init(&kept, d, facts);
    rdspol_status status = rp_documents_read(d, facts, path, read, ctx, &kept, notes, error);
    rp_kept_clear(&kept);
    return status;
}
