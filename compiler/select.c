// Packs, waivers and tests: declarations that name policies.
#include "compiler/check.h"
#include "compiler/declare.h"
#include "compiler/scope.h"
#include "vm/base/text.h"

// ---- packs ----

typedef struct selecting {
    rp_program *program;
    rp_pack_decl *pack;
} selecting;

static void check_pack(rp_program *program, rp_pack_decl *pack);

static bool has_control(const rp_policy_decl *policy, rp_str pattern)
{
    for (const rp_label *label = policy->controls; label != NULL; label = label->next) {
        if (rp_glob_match(label->text, pattern)) return true;
    }
    return false;
}

static bool in_pack(selecting *selection, const rp_node *value, const rp_policy_decl *policy)
{
    rp_meaning found;
    rp_str qualifier =
        value->kind == RP_NODE_QNAME && value->a != NULL ? value->a->text : RP_STR_EMPTY;
    if (!rp_scope_peek(selection->pack->module, RP_SPACE_PACK, qualifier, value->text, &found))
        return false;
    check_pack(selection->program, found.pack);
    for (uint32_t i = 0; i < found.pack->policy_count; i++) {
        if (found.pack->policies[i] == policy) return true;
    }
    return false;
}

static bool has_practice(const rp_policy_decl *policy, const rp_node *value)
{
    if (value->kind == RP_NODE_META_RANGE) {
        return policy->practice >= value->a->value.number &&
               policy->practice <= value->b->value.number;
    }
    return value->kind == RP_NODE_INT && policy->practice == value->value.number;
}

static bool has_severity(const rp_policy_decl *policy, rp_str name)
{
    static const char *const names[] = {"info", "low", "medium", "high", "critical"};
    return rp_str_equal(name, rp_str_from(names[policy->severity]));
}

static bool value_selects(selecting *selection, rp_str kind, const rp_node *value,
                          const rp_policy_decl *policy)
{
    if (rp_str_equal(kind, RP_STR("policy"))) return rp_glob_match(policy->name, value->text);
    if (rp_str_equal(kind, RP_STR("controls"))) return has_control(policy, value->text);
    if (rp_str_equal(kind, RP_STR("module")))
        return rp_str_equal(policy->module->name, value->text);
    if (rp_str_equal(kind, RP_STR("practice"))) return has_practice(policy, value);
    if (rp_str_equal(kind, RP_STR("severity"))) return has_severity(policy, value->text);
    return in_pack(selection, value, policy);
}

// Values are alternatives, selectors of a line are joined by `and`.
static bool line_selects(selecting *selection, const rp_node *line, const rp_policy_decl *policy)
{
    for (const rp_node *selector = line->a; selector != NULL; selector = selector->next) {
        bool any = false;
        for (const rp_node *value = selector->a; value != NULL && !any; value = value->next) {
            any = value_selects(selection, selector->text, value, policy);
        }
        if (!any) return false;
    }
    return true;
}

static bool is_one_of(rp_str text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rp_str_equal(text, rp_str_from(words[i]))) return true;
    }
    return false;
}

static void suggest_one_of(rp_program *program, rp_diag *diag, rp_str text,
                           const char *const *words, size_t count)
{
    rp_suggest best = rp_suggest_start(text);
    for (size_t i = 0; i < count; i++) rp_suggest_add(&best, rp_str_from(words[i]));
    rp_suggest_help(program->diags, diag, &best);
}

static void check_selector(rp_program *program, const rp_node *selector)
{
    static const char *const kinds[] = {"policy",   "practice", "controls",
                                        "severity", "module",   "pack"};
    const size_t count = sizeof kinds / sizeof *kinds;
    if (is_one_of(selector->text, kinds, count)) return;
    rp_diag *diag = RP_DIAG(program->diags, UNKNOWN_SELECTOR, selector->name, selector->text);
    suggest_one_of(program, diag, selector->text, kinds, count);
}

static void check_pack_names(rp_program *program, rp_pack_decl *pack, const rp_node *selector)
{
    rp_meaning found;
    bool packs = rp_str_equal(selector->text, RP_STR("pack"));
    bool modules = rp_str_equal(selector->text, RP_STR("module"));
    for (const rp_node *value = selector->a; value != NULL; value = value->next) {
        if (packs && value->kind == RP_NODE_QNAME)
            rp_scope_find_node(program, pack->module, RP_SPACE_PACK, value, &found);
        if (!modules || rp_str_equal(value->text, pack->module->name)) continue;
        rp_import *import = pack->module->imports;
        while (import != NULL && !rp_str_equal(import->module->name, value->text))
            import = import->next;
        if (import == NULL)
            RP_DIAG(program->diags, UNKNOWN_MODULE, value->span, value->text);
        else
            import->used = true;
    }
}

typedef void (*policy_visitor)(rp_policy_decl *policy, void *context);

static void each_policy(rp_pack_decl *pack, policy_visitor visit, void *context)
{
    for (rp_policy_decl *policy = pack->module->policies; policy != NULL; policy = policy->next)
        visit(policy, context);
    for (rp_import *import = pack->module->imports; import != NULL; import = import->next) {
        for (rp_policy_decl *policy = import->module->policies; policy != NULL;
             policy = policy->next)
            visit(policy, context);
    }
}

typedef struct visit_state {
    selecting *selection;
    const rp_node *line; // whose selections are counted
    uint32_t line_count;
    bool store;
} visit_state;

static bool pack_selects(selecting *selection, const rp_policy_decl *policy)
{
    bool included = false;
    for (const rp_node *line = selection->pack->node->b; line != NULL; line = line->next) {
        bool exclude = rp_str_equal(line->text, RP_STR("exclude"));
        if (!line_selects(selection, line, policy)) continue;
        if (exclude) return false;
        included = true;
    }
    return included;
}

static void visit_for_pack(rp_policy_decl *policy, void *context)
{
    visit_state *state = context;
    if (!pack_selects(state->selection, policy)) return;
    rp_pack_decl *pack = state->selection->pack;
    if (state->store) pack->policies[pack->policy_count] = policy;
    pack->policy_count++;
}

static void visit_for_line(rp_policy_decl *policy, void *context)
{
    visit_state *state = context;
    state->line_count += line_selects(state->selection, state->line, policy);
}

static void check_lines(rp_program *program, selecting *selection)
{
    for (const rp_node *line = selection->pack->node->b; line != NULL; line = line->next) {
        uint32_t errors = program->diags->error_count;
        bool known = rp_str_equal(line->text, RP_STR("include")) ||
                     rp_str_equal(line->text, RP_STR("exclude"));
        if (!known)
            RP_DIAG(program->diags, SYNTAX, line->name, line->text,
                    RP_STR("`include` or `exclude`"));
        for (const rp_node *selector = line->a; selector != NULL; selector = selector->next) {
            check_selector(program, selector);
            check_pack_names(program, selection->pack, selector);
        }
        visit_state state = {selection, line, 0, false};
        each_policy(selection->pack, visit_for_line, &state);
        bool sound = errors == program->diags->error_count;
        if (sound && state.line_count == 0 && selection->pack->module->given &&
            !selection->pack->module->library) {
            RP_DIAG0(program->diags, EMPTY_LINE, line->span);
        }
    }
}

static void check_pack(rp_program *program, rp_pack_decl *pack)
{
    if (pack->state == RP_STATE_BUSY) {
        if (!pack->cyclic) RP_DIAG(program->diags, DEFINITION_CYCLE, pack->node->name, pack->name);
        pack->cyclic = true;
        return;
    }
    if (pack->state == RP_STATE_DONE) return;
    pack->state = RP_STATE_BUSY;
    selecting selection = {program, pack};
    uint32_t errors = program->diags->error_count;
    check_lines(program, &selection);
    visit_state count = {&selection, NULL, 0, false};
    each_policy(pack, visit_for_pack, &count);
    pack->policies = RP_NEW_ARRAY(program->arena, rp_policy_decl *, pack->policy_count);
    if (pack->policy_count == 0 && errors == program->diags->error_count)
        RP_DIAG(program->diags, EMPTY_PACK, pack->node->name, pack->name);
    pack->policy_count = 0;
    visit_state store = {&selection, NULL, 0, true};
    each_policy(pack, visit_for_pack, &store);
    pack->state = RP_STATE_DONE;
}

// ---- waivers ----

static void check_waiver(rp_program *program, rp_waiver_decl *waiver)
{
    const rp_node *target = waiver->node->b;
    rp_meaning found;
    if (!rp_scope_find_node(program, waiver->module, RP_SPACE_TYPE, target->a, &found)) return;
    if (found.entity == NULL || !found.entity->is_resource) {
        RP_DIAG(program->diags, NOT_A_RESOURCE, target->a->span, target->a->text);
        return;
    }
    waiver->entity = found.entity;
    waiver->policies =
        RP_NEW_ARRAY(program->arena, rp_policy_decl *, rp_node_list_count(waiver->node->a));
    for (const rp_node *name = waiver->node->a; name != NULL; name = name->next) {
        if (!rp_scope_find_node(program, waiver->module, RP_SPACE_POLICY, name, &found)) continue;
        if (found.policy->entity != waiver->entity && found.policy->entity != NULL) {
            RP_DIAG(program->diags, WRONG_RESOURCE, name->span, name->text,
                    found.policy->entity->name, waiver->entity->name);
            continue;
        }
        waiver->policies[waiver->policy_count++] = found.policy;
    }
    waiver->self = waiver->entity->self;
    waiver->self.id = program->var_ids++;
    rp_check check = {.program = program, .module = waiver->module, .scope = &waiver->self};
    if (target->b != NULL) waiver->condition = rp_check_condition(&check, target->b);
}

// ---- tests ----

static bool is_unknown_name(const rp_node *node)
{
    return node->kind == RP_NODE_NAME && rp_str_equal(node->text, RP_STR("unknown"));
}

static void check_row_value(rp_program *program, rp_module *module, const rp_node *node,
                            const rp_type *type);

static void check_row_record(rp_program *program, rp_module *module, const rp_node *record,
                             rp_entity *entity)
{
    for (const rp_node *pair = record->a; pair != NULL; pair = pair->next) {
        rp_field *field = rp_scope_field(module, entity, pair->text);
        if (field == NULL || field->kind != RP_FIELD_FACT) {
            rp_diag *diag =
                RP_DIAG(program->diags, UNKNOWN_FIELD, pair->name, entity->name, pair->text);
            rp_suggest best = rp_suggest_start(pair->text);
            for (rp_field *at = entity->fields; at != NULL; at = at->next) {
                if (at->kind == RP_FIELD_FACT) rp_suggest_add(&best, at->name);
            }
            rp_suggest_help(program->diags, diag, &best);
            continue;
        }
        check_row_value(program, module, pair->a, field->type);
    }
}

static void check_row_list(rp_program *program, rp_module *module, const rp_node *node,
                           const rp_type *element)
{
    for (const rp_node *item = node->a; item != NULL; item = item->next) {
        if (is_unknown_name(item) && item->next == NULL) return; // perhaps more
        check_row_value(program, module, item, element);
    }
}

static void check_row_value(rp_program *program, rp_module *module, const rp_node *node,
                            const rp_type *type)
{
    if (is_unknown_name(node) || type->kind == RP_T_POISON) return;
    if (type->kind == RP_T_LIST && node->kind == RP_NODE_LIST)
        check_row_list(program, module, node, type->element);
    else if (type->kind == RP_T_MAP && node->kind == RP_NODE_RECORD) {
        for (const rp_node *pair = node->a; pair != NULL; pair = pair->next)
            check_row_value(program, module, pair->a, type->element);
    } else if (type->kind == RP_T_REF && !type->entity->is_resource &&
               node->kind == RP_NODE_RECORD) {
        check_row_record(program, module, node, type->entity);
    } else if (type->kind == RP_T_REF && type->entity->is_resource) {
        rp_check_literal(program, module, node,
                         type->optional ? rp_type_optional(program->t_string) : program->t_string);
    } else if (type->kind == RP_T_ENUM) {
        rp_check_literal(program, module, node,
                         type->optional ? rp_type_optional(program->t_string) : program->t_string);
    } else {
        rp_check_literal(program, module, node, type);
    }
}

static void check_row(rp_program *program, rp_module *module, const rp_node *step)
{
    rp_meaning found;
    if (!rp_scope_find_node(program, module, RP_SPACE_TYPE, step->a, &found)) return;
    if (found.entity == NULL || !found.entity->is_resource)
        RP_DIAG(program->diags, NOT_A_RESOURCE, step->a->span, step->a->text);
    else
        check_row_record(program, module, step->b, found.entity);
}

static void check_expectation(rp_program *program, rp_module *module, const rp_node *step)
{
    static const char *const verdicts[] = {"pass", "fail", "unknown", "not_applicable", "waived"};
    const size_t count = sizeof verdicts / sizeof *verdicts;
    if (!is_one_of(step->text, verdicts, count)) {
        rp_diag *diag = RP_DIAG(program->diags, UNKNOWN_VERDICT, step->name, step->text);
        suggest_one_of(program, diag, step->text, verdicts, count);
    }
    rp_meaning found;
    rp_scope_find_node(program, module, RP_SPACE_POLICY, step->a, &found);
    if (step->c != NULL && step->c->kind != RP_NODE_STRING)
        RP_DIAG0(program->diags, INTERPOLATION, step->c->span);
}

static void check_test(rp_program *program, rp_test_decl *test)
{
    for (const rp_node *step = test->node->a; step != NULL; step = step->next) {
        rp_meaning found;
        if (step->kind == RP_NODE_ROW) check_row(program, test->module, step);
        if (step->kind == RP_NODE_UNKNOWN_TYPE)
            rp_scope_find_node(program, test->module, RP_SPACE_TYPE, step->a, &found);
        if (step->kind == RP_NODE_EXPECT) check_expectation(program, test->module, step);
        if (step->kind != RP_NODE_SET) continue;
        if (!rp_scope_find_node(program, test->module, RP_SPACE_VALUE, step->a, &found)) continue;
        if (found.param == NULL)
            RP_DIAG(program->diags, NOT_A_PARAM, step->a->span, step->a->text);
        else {
            rp_check check = {
                .program = program, .module = test->module, .constant = true, .no_params = true};
            rp_check_as(&check, step->b, found.param->type);
            found.param->used = true;
        }
    }
}

void rp_check_selections(rp_program *program, rp_module *module)
{
    for (rp_pack_decl *pack = module->packs; pack != NULL; pack = pack->next)
        check_pack(program, pack);
    for (rp_waiver_decl *waiver = module->waivers; waiver != NULL; waiver = waiver->next)
        check_waiver(program, waiver);
    for (rp_test_decl *test = module->tests; test != NULL; test = test->next)
        check_test(program, test);
}
