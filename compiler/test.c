// Running `test` blocks: each is a small world of typed rows, judged by the bundle that was
// compiled with it. Values were checked by the compiler, so here they only change form.
#include "compiler/compilation.h"
#include "compiler/scope.h"
#include "vm/base/text.h"
#include "vm/bundle.h"

void rp_test_close(rdspol_compilation *done)
{
    rdspol_bundle_close(done->test_bundle);
    done->test_bundle = NULL;
}

typedef struct world {
    rdspol_compilation *done;
    const rp_test_decl *test;
    rdspol_facts *facts;
    rdspol_run *run;
    rdspol_error *error;
    rp_arena arena;
    rdspol_param params[64];
    size_t param_count;
    int64_t now;
    rp_buf failure;
} world;

#define TEST_ACCOUNT RP_STR("123456789012")
#define TEST_REGION RP_STR("us-east-1")
#define TEST_NOW INT64_C(1767225600000) // 2026-01-01

static bool is_unknown(const rp_node *node)
{
    return node->kind == RP_NODE_NAME && rp_str_equal(node->text, RP_STR("unknown"));
}

// ---- values as texts ----

static rp_str number_text(world *w, const rp_node *node)
{
    char text[RP_TEXT_MAX];
    size_t size = 0;
    switch (node->kind) {
    case RP_NODE_FLOAT: size = rp_text_print_float(node->value.real, text); break;
    case RP_NODE_TIME: size = rp_time_print(node->value.number, text); break;
    case RP_NODE_DURATION: size = rp_duration_print(node->value.number, text); break;
    case RP_NODE_BOOL: return node->value.number ? RP_STR("true") : RP_STR("false");
    default: size = rp_text_print_int(node->value.number, text); break;
    }
    return rp_arena_str(&w->arena, (rp_str){text, size});
}

static rp_str value_text(world *w, const rp_node *node)
{
    if (node->kind == RP_NODE_STRING) return node->text;
    if (node->kind != RP_NODE_UNARY) return number_text(w, node);
    rp_node negative = *node->a;
    negative.value.number = -negative.value.number;
    if (negative.kind == RP_NODE_FLOAT) negative.value.real = -node->a->value.real;
    return number_text(w, &negative);
}

// ---- rows ----

static rdspol_status fill_row(world *w, rp_entity *entity, rp_str kind, uint32_t row,
                              const rp_node *record);

static rp_field *field_of(world *w, rp_entity *entity, rp_str name)
{
    return rp_scope_field(w->test->module, entity, name);
}

// Whether the bundle reads a field; what it does not read need not be set.
static bool is_read(const world *w, rp_str kind, rp_str field)
{
    uint32_t table = rp_bundle_find_table(w->done->test_bundle, kind);
    if (table == RP_NONE) return false;
    return rp_bundle_find_column(w->done->test_bundle, table, field) != RP_NONE ||
           rp_bundle_find_list(w->done->test_bundle, table, field) != RP_NONE;
}

static rdspol_status add_records(world *w, rp_entity *entity, const rp_node *first, uint32_t *begin,
                                 uint32_t *count)
{
    *begin = 0;
    *count = 0;
    for (const rp_node *item = first; item != NULL; item = item->next) {
        uint32_t row = 0;
        if (is_unknown(item)) break;
        rdspol_status status =
            rdspol_facts_add(w->facts, entity->name, RP_STR_EMPTY, RP_STR_EMPTY, &row);
        if (status != RDSPOL_OK) return status;
        if ((*count)++ == 0) *begin = row;
    }
    uint32_t at = *begin;
    for (const rp_node *item = first; item != NULL && !is_unknown(item); item = item->next) {
        rdspol_status status = fill_row(w, entity, entity->name, at++, item);
        if (status != RDSPOL_OK) return status;
    }
    return RDSPOL_OK;
}

static bool ends_open(const rp_node *first)
{
    bool open = false;
    for (const rp_node *item = first; item != NULL; item = item->next) open = is_unknown(item);
    return open;
}

static rdspol_status set_list(world *w, const rp_field *field, rp_str kind, uint32_t row,
                              const rp_node *list)
{
    const rp_type *element = field->type->element;
    int complete = !ends_open(list->a);
    if (element->kind == RP_T_REF && !element->entity->is_resource) {
        uint32_t begin;
        uint32_t count;
        rdspol_status status = add_records(w, element->entity, list->a, &begin, &count);
        return status != RDSPOL_OK
                   ? status
                   : rdspol_facts_rows(w->facts, kind, row, field->name, begin, count, complete);
    }
    rdspol_str *values = RP_NEW_ARRAY(&w->arena, rdspol_str, rp_node_list_count(list->a));
    size_t count = 0;
    for (const rp_node *item = list->a; item != NULL && !is_unknown(item); item = item->next)
        values[count++] = value_text(w, item);
    return rdspol_facts_list(w->facts, kind, row, field->name, values, count, complete);
}

static rdspol_status set_record_map(world *w, const rp_field *field, rp_str kind, uint32_t row,
                                    const rp_node *map)
{
    uint32_t count = 0;
    rdspol_str *keys = RP_NEW_ARRAY(&w->arena, rdspol_str, rp_node_list_count(map->a));
    uint32_t *rows = RP_NEW_ARRAY(&w->arena, uint32_t, rp_node_list_count(map->a));
    rp_entity *entity = field->type->element->entity;
    for (const rp_node *pair = map->a; pair != NULL; pair = pair->next) {
        rdspol_status status =
            rdspol_facts_add(w->facts, entity->name, RP_STR_EMPTY, RP_STR_EMPTY, &rows[count]);
        if (status == RDSPOL_OK) status = fill_row(w, entity, entity->name, rows[count], pair->a);
        if (status != RDSPOL_OK) return status;
        keys[count++] = pair->text;
    }
    return rdspol_facts_record_map(w->facts, kind, row, field->name, keys, rows, count, 1);
}

static rdspol_status set_map(world *w, const rp_field *field, rp_str kind, uint32_t row,
                             const rp_node *map)
{
    const rp_type *element = field->type->element;
    if (element->kind == RP_T_REF && !element->entity->is_resource)
        return set_record_map(w, field, kind, row, map);
    rdspol_str *values =
        RP_NEW_ARRAY(&w->arena, rdspol_str, (size_t)rp_node_list_count(map->a) * 2);
    size_t count = 0;
    for (const rp_node *pair = map->a; pair != NULL; pair = pair->next, count++) {
        values[count * 2] = pair->text;
        values[count * 2 + 1] = value_text(w, pair->a);
    }
    return rdspol_facts_map(w->facts, kind, row, field->name, values, count, 1);
}

static rdspol_status set_field(world *w, const rp_field *field, rp_str kind, uint32_t row,
                               const rp_node *node)
{
    if (is_unknown(node))
        return rdspol_facts_unknown(w->facts, kind, row, field->name, RDSPOL_REASON_NOT_SUPPLIED,
                                    RP_STR_EMPTY);
    if (node->kind == RP_NODE_ABSENT) return rdspol_facts_absent(w->facts, kind, row, field->name);
    if (field->type->kind == RP_T_LIST) return set_list(w, field, kind, row, node);
    if (field->type->kind == RP_T_MAP) return set_map(w, field, kind, row, node);
    if (field->type->kind == RP_T_REF && !field->type->entity->is_resource) {
        uint32_t record = 0;
        rp_str name = field->type->entity->name;
        rdspol_status status =
            rdspol_facts_add(w->facts, name, RP_STR_EMPTY, RP_STR_EMPTY, &record);
        if (status == RDSPOL_OK) status = fill_row(w, field->type->entity, name, record, node);
        return status != RDSPOL_OK
                   ? status
                   : rdspol_facts_rows(w->facts, kind, row, field->name, record, 1, 1);
    }
    return rdspol_facts_set(w->facts, kind, row, field->name, value_text(w, node));
}

static rdspol_status fill_row(world *w, rp_entity *entity, rp_str kind, uint32_t row,
                              const rp_node *record)
{
    for (const rp_node *pair = record->a; pair != NULL; pair = pair->next) {
        rp_field *field = field_of(w, entity, pair->text);
        if (field == NULL || field->implicit || !is_read(w, kind, field->name)) continue;
        rdspol_status status = set_field(w, field, kind, row, pair->a);
        if (status != RDSPOL_OK)
            return rp_error_set(w->error, status, NULL, "field `%.*s` of the test's `%.*s`",
                                (int)pair->text.len, pair->text.ptr, (int)kind.len, kind.ptr);
    }
    return rdspol_facts_complete(w->facts, kind, row);
}

static rp_str text_of_pair(const rp_node *record, rp_str name, rp_str otherwise)
{
    for (const rp_node *pair = record->a; pair != NULL; pair = pair->next) {
        if (rp_str_equal(pair->text, name) && pair->a->kind == RP_NODE_STRING) return pair->a->text;
    }
    return otherwise;
}

static rdspol_status add_row(world *w, const rp_node *step)
{
    rp_meaning found;
    rp_str qualifier = step->a->a != NULL ? step->a->a->text : RP_STR_EMPTY;
    if (!rp_scope_peek(w->test->module, RP_SPACE_TYPE, qualifier, step->a->text, &found))
        return RDSPOL_OK;
    rp_entity *entity = found.entity;
    rp_str account = text_of_pair(step->b, RP_STR("account"), TEST_ACCOUNT);
    rp_str place = entity->is_region ? RP_STR("name") : RP_STR("region");
    rp_str region = text_of_pair(step->b, place, TEST_REGION);
    rdspol_status status = RDSPOL_OK;
    if (entity->is_region) status = rdspol_facts_scope(w->facts, account, region);
    if (status != RDSPOL_OK || rp_bundle_find_table(w->done->test_bundle, entity->name) == RP_NONE)
        return status;
    uint32_t row = 0;
    status = rdspol_facts_add(w->facts, entity->name, account, region, &row);
    return status != RDSPOL_OK ? status : fill_row(w, entity, entity->name, row, step->b);
}

// ---- the world ----

static void set_param(world *w, const rp_node *step)
{
    if (w->param_count == sizeof w->params / sizeof *w->params) return;
    rdspol_param *param = &w->params[w->param_count++];
    bool list = step->b->kind == RP_NODE_LIST;
    size_t count = list ? rp_node_list_count(step->b->a) : 1;
    rdspol_str *values = RP_NEW_ARRAY(&w->arena, rdspol_str, count);
    size_t i = 0;
    if (list) {
        for (const rp_node *item = step->b->a; item != NULL; item = item->next)
            values[i++] = value_text(w, item);
    } else {
        values[0] = value_text(w, step->b);
    }
    *param = (rdspol_param){step->a->text, values, count};
}

static rdspol_status build_world(world *w)
{
    rdspol_status status = rdspol_facts_new(&w->facts, w->done->test_bundle, NULL, w->error);
    if (status != RDSPOL_OK) return status;
    rdspol_facts_assume_complete(w->facts);
    status = rdspol_facts_scope(w->facts, TEST_ACCOUNT, TEST_REGION);
    for (const rp_node *step = w->test->node->a; step != NULL && status == RDSPOL_OK;
         step = step->next) {
        if (step->kind == RP_NODE_ROW) status = add_row(w, step);
        if (step->kind == RP_NODE_NOW) w->now = step->a->value.number;
        if (step->kind == RP_NODE_SET) set_param(w, step);
        if (step->kind != RP_NODE_UNKNOWN_TYPE ||
            rp_bundle_find_table(w->done->test_bundle, step->a->text) == RP_NONE)
            continue;
        status = rdspol_facts_listed(w->facts, step->a->text, TEST_ACCOUNT, TEST_REGION, 0,
                                     RDSPOL_REASON_ACCESS_DENIED, RP_STR_EMPTY);
    }
    return status == RDSPOL_OK ? rdspol_facts_seal(w->facts, w->error) : status;
}

static const rp_policy_decl *expected_policy(const world *w, const rp_node *step)
{
    rp_meaning meaning;
    rp_str qualifier = step->a->a != NULL ? step->a->a->text : RP_STR_EMPTY;
    bool found =
        rp_scope_peek(w->test->module, RP_SPACE_POLICY, qualifier, step->a->text, &meaning);
    return found ? meaning.policy : NULL;
}

// The policies that the test expects something of, in the order of the bundle: others are not
// looked at.
static uint32_t *expected_policies(world *w, uint32_t *count)
{
    uint32_t all = rdspol_bundle_policy_count(w->done->test_bundle);
    bool *wanted = RP_NEW_ARRAY(&w->arena, bool, all);
    uint32_t *list = RP_NEW_ARRAY(&w->arena, uint32_t, all);
    for (const rp_node *step = w->test->node->a; step != NULL; step = step->next) {
        const rp_policy_decl *policy =
            step->kind == RP_NODE_EXPECT ? expected_policy(w, step) : NULL;
        if (policy != NULL && policy->index < all) wanted[policy->index] = true;
    }
    *count = 0;
    for (uint32_t i = 0; i < all; i++) {
        if (wanted[i]) list[(*count)++] = i;
    }
    return list;
}

static rdspol_status judge(world *w, uint32_t chunk)
{
    uint32_t count = 0;
    uint32_t *policies = expected_policies(w, &count);
    rdspol_run_opts opts = {.size = sizeof opts,
                            .now = w->now,
                            .params = w->params,
                            .param_count = w->param_count,
                            .policies = policies,
                            .policy_count = count,
                            .chunk = chunk};
    rdspol_status status = rdspol_run_new(&w->run, w->done->test_bundle, w->facts, &opts, w->error);
    return status == RDSPOL_OK ? rdspol_run_evaluate(w->run, w->error) : status;
}

// ---- expectations ----

static bool find_finding(world *w, uint32_t policy, rp_str id, rdspol_finding *out,
                         uint32_t *matches)
{
    rdspol_cursor cursor = {{0}};
    rdspol_finding finding;
    *matches = 0;
    while (rdspol_run_next(w->run, &cursor, &finding) == RDSPOL_OK) {
        if (finding.policy != policy) continue;
        if (id.len > 0 && !rp_str_equal(finding.id, id)) continue;
        if (id.len == 0 && finding.about_type) continue;
        if ((*matches)++ == 0) *out = finding;
    }
    return *matches > 0;
}

static void put_place(world *w, const rp_node *step)
{
    rp_position at = rp_sources_position(&w->done->sources, step->span.file, step->span.begin);
    rp_str file = w->done->sources.files[step->span.file].name;
    rp_buf_printf(&w->failure, "%.*s:%u:%u: ", (int)file.len, file.ptr, at.line, at.column);
}

static bool mentions(world *w, const rdspol_finding *finding, const rp_node *text, rp_str *found)
{
    rdspol_details details = {.size = sizeof details};
    if (rdspol_run_explain(w->run, finding, &details, w->error) != RDSPOL_OK) return false;
    bool unknown = finding->verdict == RDSPOL_VERDICT_UNKNOWN;
    size_t count = unknown ? details.missing_count : details.message_count;
    for (size_t i = 0; i < count; i++) {
        rp_str candidate = unknown ? details.missing[i].fact : details.messages[i].text;
        if (i == 0) *found = candidate;
        if (rp_str_equal(candidate, text->text)) return true;
    }
    return false;
}

static bool expectation_holds(world *w, const rp_node *step)
{
    const rp_policy_decl *policy = expected_policy(w, step);
    if (policy == NULL) return true;
    rdspol_finding finding;
    uint32_t matches = 0;
    rp_str id = step->b != NULL ? step->b->text : RP_STR_EMPTY;
    if (!find_finding(w, policy->index, id, &finding, &matches)) {
        put_place(w, step);
        rp_buf_printf(&w->failure, "expected %.*s, but %.*s judged no such row",
                      (int)step->text.len, step->text.ptr, (int)policy->name.len, policy->name.ptr);
        return false;
    }
    rp_str verdict = rp_str_from(rdspol_verdict_name(finding.verdict));
    rp_str found = RP_STR_EMPTY;
    bool text_fits = step->c == NULL || mentions(w, &finding, step->c, &found);
    if (rp_str_equal(verdict, step->text) && text_fits && (matches == 1 || id.len > 0)) return true;
    put_place(w, step);
    rp_buf_printf(&w->failure, "expected %.*s, found %.*s", (int)step->text.len, step->text.ptr,
                  (int)verdict.len, verdict.ptr);
    if (step->c == NULL) mentions(w, &finding, step->a, &found);
    if (found.len > 0) rp_buf_printf(&w->failure, ": %.*s", (int)found.len, found.ptr);
    if (matches > 1 && id.len == 0)
        rp_buf_add_text(&w->failure, " (several rows: say which, `on \"…\"`)");
    return false;
}

static void check_expectations(world *w, rdspol_test_result *out)
{
    out->passed = 1;
    for (const rp_node *step = w->test->node->a; step != NULL; step = step->next) {
        if (step->kind != RP_NODE_EXPECT) continue;
        out->expectation_count++;
        if (out->passed && !expectation_holds(w, step)) out->passed = 0;
    }
}

// ---- entry points ----

static const rp_test_decl *test_at(const rdspol_compilation *done, uint32_t index)
{
    for (const rp_module *module = done->program.modules; module != NULL; module = module->next) {
        if (!module->given) continue;
        for (const rp_test_decl *test = module->tests; test != NULL; test = test->next) {
            if (index-- == 0) return test;
        }
    }
    return NULL;
}

uint32_t rdspol_compilation_test_count(const rdspol_compilation *done)
{
    uint32_t count = 0;
    for (const rp_module *module = done->program.modules; module != NULL; module = module->next) {
        if (!module->given) continue;
        for (const rp_test_decl *test = module->tests; test != NULL; test = test->next) count++;
    }
    return count;
}

static rdspol_status open_bundle(rdspol_compilation *done, rdspol_error *error)
{
    if (done->test_bundle != NULL) return RDSPOL_OK;
    return rdspol_bundle_open(&done->test_bundle, done->bundle.data, done->bundle.size, NULL,
                              error);
}

static rdspol_status run_test(world *w, uint32_t chunk, rdspol_test_result *out)
{
    rdspol_status status = build_world(w);
    if (status == RDSPOL_OK) status = judge(w, chunk);
    if (status == RDSPOL_OK) check_expectations(w, out);
    if (status == RDSPOL_OK && w->failure.size > 0) {
        rp_buf_reset(&w->done->text);
        rp_buf_add_str(&w->done->text, rp_buf_str(&w->failure));
        out->failure = rp_buf_str(&w->done->text);
    }
    return status;
}

rdspol_status rdspol_compilation_test(rdspol_compilation *done, uint32_t index, uint32_t chunk,
                                      rdspol_test_result *out, rdspol_error *error)
{
    const rp_test_decl *test = done->written ? test_at(done, index) : NULL;
    if (test == NULL) return RDSPOL_DONE;
    rdspol_status status = open_bundle(done, error);
    if (status != RDSPOL_OK) return status;
    rp_position at =
        rp_sources_position(&done->sources, test->node->span.file, test->node->span.begin);
    *out = (rdspol_test_result){.name = test->node->text,
                                .file = done->sources.files[test->node->span.file].name,
                                .line = at.line};
    world w = {.done = done, .test = test, .error = error, .now = TEST_NOW};
    rp_arena_init(&w.arena, done->alloc);
    rp_buf_init(&w.failure, done->alloc, 64u * 1024u);
    status = run_test(&w, chunk, out);
    rdspol_run_free(w.run);
    rdspol_facts_free(w.facts);
    rp_buf_free(&w.failure);
    rp_arena_clear(&w.arena);
    return status;
}
