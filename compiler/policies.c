// Policies: metadata, clauses in order (a `when` or `let` holds for what follows), messages.
#include "compiler/check.h"
#include "compiler/declare.h"
#include "compiler/scope.h"

// ---- the resource of a one-line policy ----

typedef struct bound {
    rp_str name;
    const struct bound *next;
} bound;

typedef struct search {
    rp_program *program;
    rp_module *module;
    rp_entity *found;
    bool several;
} search;

static bool is_bound(const bound *names, rp_str name)
{
    for (; names != NULL; names = names->next) {
        if (rp_str_equal(names->name, name)) return true;
    }
    return false;
}

static void note_name(search *subject, rp_str name)
{
    rp_meaning found;
    if (rp_scope_peek(subject->module, RP_SPACE_VALUE, RP_STR_EMPTY, name, &found)) return;
    if (!rp_scope_peek(subject->module, RP_SPACE_TYPE, RP_STR_EMPTY, name, &found)) return;
    if (found.entity == NULL || !found.entity->is_resource) return;
    if (subject->found != NULL && subject->found != found.entity) subject->several = true;
    subject->found = found.entity;
}

static void find_names(search *subject, const rp_node *node, const bound *names);

static void find_in_quantifier(search *subject, const rp_node *node, const rp_node *binding,
                               const bound *names)
{
    if (binding == NULL) {
        find_names(subject, node->b, names);
        return;
    }
    find_names(subject, binding->a, names);
    bound inner = {binding->text, names};
    if (binding->b != NULL) find_names(subject, binding->b, &inner);
    find_in_quantifier(subject, node, binding->next, &inner);
}

static void find_in_list(search *subject, const rp_node *first, const bound *names)
{
    for (const rp_node *node = first; node != NULL; node = node->next)
        find_names(subject, node, names);
}

static void find_names(search *subject, const rp_node *node, const bound *names)
{
    if (node->kind == RP_NODE_NAME) {
        if (!is_bound(names, node->text)) note_name(subject, node->text);
        return;
    }
    if (node->kind == RP_NODE_QUANTIFIER) {
        find_in_quantifier(subject, node, node->a, names);
        return;
    }
    if (node->kind == RP_NODE_CALL && node->a->kind == RP_NODE_NAME) {
        find_in_list(subject, node->b, names);
        return;
    }
    find_in_list(subject, node->a, names);
    find_in_list(subject, node->b, names);
    find_in_list(subject, node->c, names);
}

static rp_entity *entity_of_requirement(rp_program *program, rp_policy_decl *policy)
{
    search subject = {program, policy->module, NULL, false};
    find_names(&subject, policy->node->a, NULL);
    if (subject.found != NULL && !subject.several) return subject.found;
    RP_DIAG0(program->diags, WHICH_RESOURCE, policy->node->a->span);
    return NULL;
}

// ---- messages ----

// Variables of the quantifiers of a condition, for its message: there they stand for the member
// that decided, and are optional.
static void add_witness(rp_check *check, const rp_core *quantifier, rp_var *var)
{
    for (rp_var *known = check->scope; known != NULL; known = known->next) {
        if (known->witness != NULL && rp_str_equal(known->name, var->name)) {
            known->ambiguous = true;
            return;
        }
    }
    rp_var *witness = rp_check_var(check, var->name, rp_type_optional(var->type), var->span);
    witness->witness_of = quantifier;
    witness->witness = var;
    witness->used = true;
}

static void add_witnesses(rp_check *check, const rp_core *core)
{
    if (core == NULL) return;
    bool decides = core->kind == RP_CORE_QUANTIFIER &&
                   (core->op == RP_QUANTIFIER_ANY || core->op == RP_QUANTIFIER_ALL ||
                    core->op == RP_QUANTIFIER_NONE);
    for (uint32_t i = 0; i < core->count; i++) {
        if (core->kind == RP_CORE_QUANTIFIER && core->wheres[i] != NULL)
            add_witnesses(check, core->wheres[i]);
        if (decides) add_witness(check, core, core->vars[i]);
        if (core->kind != RP_CORE_TEXT) add_witnesses(check, core->items[i]);
    }
    add_witnesses(check, core->a);
    add_witnesses(check, core->b);
    add_witnesses(check, core->c);
}

static rp_core *check_message(rp_check *check, const rp_core *condition, const rp_node *node)
{
    if (node == NULL) return NULL;
    rp_check inner = *check;
    if (condition != NULL) add_witnesses(&inner, condition);
    return rp_check_text(&inner, node);
}

// ---- clauses ----

static rp_clause *add_clause(rp_check *check, rp_clause ***last, const rp_node *node)
{
    rp_clause *clause = RP_NEW(check->program->arena, rp_clause);
    clause->is_when = node->kind == RP_NODE_WHEN;
    clause->span = node->span;
    clause->condition = rp_check_condition(check, node->a);
    clause->message = check_message(check, clause->condition, node->b);
    if (clause->condition->kind == RP_CORE_CONST)
        RP_DIAG0(check->program->diags, CONSTANT_CONDITION, node->a->span);
    **last = clause;
    *last = &clause->next;
    return clause;
}

static void check_policy_let(rp_check *check, const rp_node *node)
{
    rp_core *value = rp_check_expr(check, node->b, NULL);
    rp_check_hiding(check, node->text, node->name);
    rp_var *var = rp_check_var(check, node->text, value->type, node->name);
    var->alias = value;
}

// ---- metadata ----

static const char *const severities[] = {"info", "low", "medium", "high", "critical"};

static void bad_meta(rp_program *program, const rp_node *meta, const char *wanted)
{
    RP_DIAG(program->diags, META_VALUE, meta->span, meta->text, rp_str_from(wanted));
}

static const rp_node *one_value(rp_program *program, const rp_node *meta, const char *wanted)
{
    if (meta->a != NULL && meta->a->next == NULL) return meta->a;
    bad_meta(program, meta, wanted);
    return NULL;
}

static void check_severity(rp_program *program, rp_policy_decl *policy, const rp_node *meta)
{
    static const char wanted[] = "critical, high, medium, low or info";
    const rp_node *value = one_value(program, meta, wanted);
    if (value == NULL) return;
    for (uint32_t i = 0; i < sizeof severities / sizeof *severities; i++) {
        if (rp_str_equal(value->text, rp_str_from(severities[i]))) {
            policy->severity = i;
            return;
        }
    }
    bad_meta(program, meta, wanted);
}

static void check_practice(rp_program *program, rp_policy_decl *policy, const rp_node *meta)
{
    const rp_node *value = one_value(program, meta, "a number");
    if (value == NULL) return;
    if (value->kind == RP_NODE_INT && value->value.number > 0 && value->value.number < 1000) {
        policy->practice = value->value.number;
    } else {
        bad_meta(program, meta, "a number");
    }
}

static rp_label *labels(rp_program *program, const rp_node *meta)
{
    rp_label *first = NULL;
    rp_label **last = &first;
    for (const rp_node *value = meta->a; value != NULL; value = value->next) {
        if (value->kind != RP_NODE_STRING) {
            bad_meta(program, meta, "strings");
            continue;
        }
        *last = RP_NEW(program->arena, rp_label);
        (*last)->text = value->text;
        last = &(*last)->next;
    }
    return first;
}

static rp_str plain_text(rp_program *program, const rp_node *meta)
{
    const rp_node *value = one_value(program, meta, "a string");
    if (value == NULL) return RP_STR_EMPTY;
    if (value->kind != RP_NODE_STRING) bad_meta(program, meta, "a string without holes");
    return value->text;
}

static bool is_text(const rp_node *node)
{
    return node->kind == RP_NODE_STRING || node->kind == RP_NODE_TEXT;
}

static void check_title(rp_program *program, rp_policy_decl *policy, const rp_node *meta)
{
    const rp_node *value = one_value(program, meta, "a string");
    if (value == NULL || !is_text(value)) return;
    rp_check check = {.program = program, .module = policy->module, .constant = true};
    policy->title = rp_check_text(&check, value);
}

static void check_remedy(rp_check *check, rp_policy_decl *policy, const rp_node *meta)
{
    const rp_node *value = one_value(check->program, meta, "a string");
    if (value != NULL && is_text(value)) policy->remedy = rp_check_text(check, value);
}

static bool is_meta(const rp_node *meta, const char *name)
{
    return rp_str_equal(meta->text, rp_str_from(name));
}

static const char *const meta_names[] = {"title",    "description", "severity", "practice",
                                         "controls", "remedy",      "owner",    "links"};

static void unknown_meta(rp_program *program, const rp_node *meta)
{
    rp_diag *diag = RP_DIAG(program->diags, UNKNOWN_META, meta->name, meta->text);
    rp_suggest best = rp_suggest_start(meta->text);
    for (size_t i = 0; i < sizeof meta_names / sizeof *meta_names; i++)
        rp_suggest_add(&best, rp_str_from(meta_names[i]));
    rp_suggest_help(program->diags, diag, &best);
}

static void check_meta(rp_check *check, rp_policy_decl *policy, const rp_node *meta)
{
    rp_program *program = check->program;
    if (is_meta(meta, "title"))
        check_title(program, policy, meta);
    else if (is_meta(meta, "description"))
        policy->description = plain_text(program, meta);
    else if (is_meta(meta, "severity"))
        check_severity(program, policy, meta);
    else if (is_meta(meta, "practice"))
        check_practice(program, policy, meta);
    else if (is_meta(meta, "controls"))
        policy->controls = labels(program, meta);
    else if (is_meta(meta, "links"))
        policy->links = labels(program, meta);
    else if (is_meta(meta, "owner"))
        policy->owner = plain_text(program, meta);
    else if (!is_meta(meta, "remedy"))
        unknown_meta(program, meta);
}

static void report_meta_twice(rp_program *program, const rp_node *clauses)
{
    for (const rp_node *a = clauses; a != NULL; a = a->next) {
        for (const rp_node *b = clauses; b != a && a->kind == RP_NODE_META; b = b->next) {
            if (b->kind == RP_NODE_META && rp_str_equal(a->text, b->text)) {
                RP_DIAG(program->diags, DUPLICATE_NAME, a->name, a->text);
                break;
            }
        }
    }
}

// ---- policies ----

static void warn_unused_lets(rp_check *check, const rp_var *end)
{
    for (rp_var *var = check->scope; var != NULL && var != end; var = var->next) {
        if (!var->used)
            RP_DIAG(check->program->diags, UNUSED, var->span, RP_STR("constant"), var->name);
    }
}

static void check_block(rp_check *check, rp_policy_decl *policy, const rp_node *clauses)
{
    rp_clause **last = &policy->clauses;
    const rp_node *remedy = NULL;
    bool requires = false; // or might, where a clause could not be read
    for (const rp_node *node = clauses; node != NULL; node = node->next) {
        if (node->kind == RP_NODE_META) {
            check_meta(check, policy, node);
            if (is_meta(node, "remedy")) remedy = node;
        } else if (node->kind == RP_NODE_LET) {
            check_policy_let(check, node);
        } else if (node->kind == RP_NODE_ERROR) {
            requires = true;
        } else {
            rp_clause *clause = add_clause(check, &last, node);
            requires |= !clause->is_when;
            if (clause->is_when) check->proofs = rp_narrow(check, clause->condition, true);
        }
    }
    if (remedy != NULL) check_remedy(check, policy, remedy);
    if (!requires) RP_DIAG(check->program->diags, NO_REQUIRE, policy->node->name, policy->name);
    report_meta_twice(check->program, clauses);
    warn_unused_lets(check, &policy->self);
}

static rp_entity *entity_of(rp_program *program, rp_policy_decl *policy)
{
    if (policy->nameless) return entity_of_requirement(program, policy);
    rp_meaning found;
    if (!rp_scope_find_node(program, policy->module, RP_SPACE_TYPE, policy->node->a, &found))
        return NULL;
    if (found.entity != NULL && found.entity->is_resource) return found.entity;
    RP_DIAG(program->diags, NOT_A_RESOURCE, policy->node->a->span, policy->node->a->text);
    return NULL;
}

static void check_policy(rp_program *program, rp_policy_decl *policy)
{
    policy->entity = entity_of(program, policy);
    if (policy->entity == NULL) return;
    policy->self = policy->entity->self;
    policy->self.id = program->var_ids++;
    rp_check check = {.program = program, .module = policy->module, .scope = &policy->self};
    if (!policy->nameless) {
        check_block(&check, policy, policy->node->b);
        return;
    }
    rp_clause **last = &policy->clauses;
    add_clause(&check, &last, policy->node);
}

void rp_check_policies(rp_program *program, rp_module *module)
{
    for (rp_policy_decl *policy = module->policies; policy != NULL; policy = policy->next)
        check_policy(program, policy);
}
