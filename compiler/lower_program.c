// Policies, messages and waivers as values in frames.
#include "compiler/lower.h"

// ---- witnesses ----

typedef struct witness {
    const rp_core *quantifier;
    uint32_t index;
    rp_lower *caller;
} witness;

// Whether the rest of a quantifier decides, for one member of its list.
static rp_ir *rest_decides(rp_lower *lower, const rp_core *quantifier, uint32_t from)
{
    if (from == quantifier->count) {
        rp_ir *body = rp_lower_required(lower, quantifier->a);
        return quantifier->op == RP_QUANTIFIER_ALL ? rp_lower_not(lower, body, quantifier->span)
                                                   : body;
    }
    rp_core *rest = RP_NEW(lower->ir->arena, rp_core);
    *rest = *quantifier;
    rest->items += from;
    rest->vars += from;
    rest->wheres += from;
    rest->count -= from;
    rest->op = RP_QUANTIFIER_ANY;
    if (quantifier->op == RP_QUANTIFIER_ALL) {
        rp_core *negated = RP_NEW(lower->ir->arena, rp_core);
        *negated = (rp_core){.kind = RP_CORE_NOT,
                             .type = quantifier->a->type,
                             .a = quantifier->a,
                             .span = quantifier->span};
        rest->a = negated;
    }
    return rp_lower_quantifier(lower, rest);
}

static void witness_element(rp_lower *lower, rp_frame *frame, const rp_env *element, void *data,
                            rp_ir **condition, rp_ir **value)
{
    const witness *at = data;
    rp_lower inner = *lower;
    rp_env *env = RP_NEW(lower->ir->arena, rp_env);
    *env = *element;
    env->var = at->quantifier->vars[at->index];
    env->next = at->caller->env;
    inner.env = env;
    *condition = rest_decides(&inner, at->quantifier, at->index + 1);
    if (at->quantifier->wheres[at->index] != NULL) {
        rp_ir *where = rp_lower_required(&inner, at->quantifier->wheres[at->index]);
        *condition = rp_lower_and(&inner, where, *condition, at->quantifier->span);
    }
    *value = element->value != NULL ? element->value : element->choice;
    (void)frame;
}

static rp_ir *witness_value(rp_lower *lower, const rp_core *quantifier, uint32_t index)
{
    witness *at = RP_NEW(lower->ir->arena, witness);
    rp_lower *caller = RP_NEW(lower->ir->arena, rp_lower);
    *caller = *lower;
    *at = (witness){quantifier, index, caller};
    rp_consumer consumer = {.join = RP_JOIN_WITNESS,
                            .element = witness_element,
                            .data = at,
                            .span = quantifier->span,
                            .frame = lower->root,
                            .type = rp_ir_type_of(lower->ir, quantifier->vars[index]->type)};
    return rp_lower_list(lower, quantifier->items[index], &consumer);
}

static bool decides(const rp_core *core)
{
    return core->kind == RP_CORE_QUANTIFIER &&
           (core->op == RP_QUANTIFIER_ANY || core->op == RP_QUANTIFIER_ALL ||
            core->op == RP_QUANTIFIER_NONE);
}

static void note_witness(rp_lower *lower, rp_ir_message *message, const rp_var *var, rp_ir *value)
{
    bool record = var->type->kind == RP_T_REF && !var->type->entity->is_resource;
    if (record || message == NULL) return;
    rp_ir_witness **last = &message->witnesses;
    for (; *last != NULL; last = &(*last)->next) {
        if (rp_str_equal((*last)->name, var->name)) return;
    }
    *last = RP_NEW(lower->ir->arena, rp_ir_witness);
    **last = (rp_ir_witness){.name = var->name, .value = value};
}

// Binds the variables of the deciding quantifiers of a condition to their witnesses, outer ones
// first: an inner quantifier is asked about the outer one's member.
static void bind_witnesses(rp_lower *lower, const rp_core *core, rp_ir_message *message)
{
    if (core == NULL) return;
    for (uint32_t i = 0; i < core->count; i++) {
        bind_witnesses(lower, core->items[i], message);
        if (!decides(core)) continue;
        rp_ir *value = witness_value(lower, core, i);
        lower->env = rp_lower_bind(lower, core->vars[i], value);
        note_witness(lower, message, core->vars[i], value);
        if (core->wheres[i] != NULL) bind_witnesses(lower, core->wheres[i], message);
    }
    bind_witnesses(lower, core->a, message);
    bind_witnesses(lower, core->b, message);
    bind_witnesses(lower, core->c, message);
}

// ---- messages ----

typedef struct piece_list {
    rp_ir_piece *pieces;
    uint32_t count, capacity;
} piece_list;

static rp_ir_piece *add_piece(rp_lower *lower, piece_list *list)
{
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity * 2;
        rp_ir_piece *grown = RP_NEW_ARRAY(lower->ir->arena, rp_ir_piece, capacity);
        if (list->count > 0) memcpy(grown, list->pieces, list->count * sizeof *grown);
        list->pieces = grown;
        list->capacity = capacity;
    }
    list->pieces[list->count] = (rp_ir_piece){.is_text = false};
    return &list->pieces[list->count++];
}

static void add_text(rp_lower *lower, piece_list *list, rp_str text)
{
    if (text.len == 0) return;
    rp_ir_piece *piece = add_piece(lower, list);
    piece->text = text;
    piece->is_text = true;
}

static void list_element(rp_lower *lower, rp_frame *frame, const rp_env *element, void *data,
                         rp_ir **condition, rp_ir **value)
{
    (void)lower;
    (void)frame;
    (void)data;
    *condition = NULL;
    *value = element->value != NULL ? element->value : element->choice;
}

static void add_list_hole(rp_lower *lower, piece_list *list, const rp_core *core, uint32_t style)
{
    if (core->kind == RP_CORE_CONCAT) {
        add_list_hole(lower, list, core->a, style);
        add_text(lower, list, RP_STR(", "));
        add_list_hole(lower, list, core->b, style);
        return;
    }
    rp_consumer consumer = {.join = RP_JOIN_TEXT,
                            .element = list_element,
                            .type = {.kind = RP_KIND_LISTTEXT},
                            .span = core->span,
                            .frame = lower->root};
    rp_ir_piece *piece = add_piece(lower, list);
    piece->value = rp_ir_use(lower->ir, lower->root, rp_lower_list(lower, core, &consumer));
    piece->style = style;
}

static void add_hole(rp_lower *lower, piece_list *list, const rp_core *core, uint32_t style)
{
    if (core->type->kind == RP_T_LIST) {
        add_list_hole(lower, list, core, style);
        return;
    }
    rp_ir *value = rp_lower_expr(lower, core);
    rp_ir_piece *piece = add_piece(lower, list);
    piece->style = style;
    if (value->op == RP_OP_CONST)
        piece->constant = value->arg;
    else if (value->op == RP_OP_PARAM)
        piece->param = (rp_param_decl *)(uintptr_t)value->arg;
    else
        piece->value = rp_ir_use(lower->ir, lower->root, value);
}

// Whether the text so far leaves a shell inside quotes.
static bool inside_quotes(rp_str text, bool inside)
{
    for (size_t i = 0; i < text.len; i++) inside ^= text.ptr[i] == '\'' || text.ptr[i] == '"';
    return inside;
}

static void add_pieces(rp_lower *lower, piece_list *list, const rp_core *text, bool shell)
{
    bool inside = false;
    for (uint32_t i = 0; i < text->count; i++) {
        const rp_core *item = text->items[i];
        if (i % 2 == 0) {
            if (item->kind != RP_CORE_CONST) continue;
            add_text(lower, list, item->value.text);
            if (shell) inside = inside_quotes(item->value.text, inside);
        } else {
            add_hole(lower, list, item,
                     !shell   ? RP_PIECE_PLAIN
                     : inside ? RP_PIECE_SHELL_INNER
                              : RP_PIECE_SHELL);
        }
    }
}

static bool needs_frame(const rp_ir_message *message)
{
    for (uint32_t i = 0; i < message->piece_count; i++) {
        if (message->pieces[i].value != NULL) return true;
    }
    return message->witnesses != NULL;
}

static rp_ir_message *new_message(rp_ir_program *ir)
{
    rp_ir_message *message = RP_NEW(ir->arena, rp_ir_message);
    *ir->last_message = message;
    ir->last_message = &message->next;
    return message;
}

static rp_ir_message *lower_text(rp_ir_program *ir, rp_ltable *table, const rp_var *self,
                                 const rp_core *text, const rp_core *condition, bool shell)
{
    rp_ir_message *message = new_message(ir);
    rp_lower lower = {.ir = ir, .root = rp_ir_rows(ir, table)};
    lower.env = rp_lower_bind(&lower, self, rp_ir_row(ir, lower.root, text->span));
    if (condition != NULL) bind_witnesses(&lower, condition, message);
    uint32_t capacity = text->count > 0 ? text->count : 1; // but for lists that are joined
    piece_list list = {RP_NEW_ARRAY(ir->arena, rp_ir_piece, capacity), 0, capacity};
    add_pieces(&lower, &list, text, shell);
    message->pieces = list.pieces;
    message->piece_count = list.count;
    for (rp_ir_witness *at = message->witnesses; at != NULL; at = at->next)
        at->value = rp_ir_use(ir, lower.root, at->value);
    message->frame = needs_frame(message) ? lower.root : NULL;
    return message;
}

static rp_ir_message *plain_message(rp_ir_program *ir, rp_str text)
{
    rp_ir_message *message = new_message(ir);
    message->pieces = RP_NEW(ir->arena, rp_ir_piece);
    message->pieces[0] = (rp_ir_piece){.text = text, .is_text = true};
    message->piece_count = text.len > 0 ? 1 : 0;
    return message;
}

// ---- policies ----

static rp_ir *lower_clause(rp_ir_program *ir, rp_policy_decl *decl, rp_ltable *table,
                           const rp_core *condition)
{
    rp_frame *scan = rp_ir_scan(ir, table);
    rp_lower lower = {.ir = ir, .root = scan};
    lower.env = rp_lower_bind(&lower, &decl->self, rp_ir_row(ir, scan, condition->span));
    return rp_ir_use(ir, scan, rp_lower_required(&lower, condition));
}

static const rp_core *message_text(const rp_policy_decl *decl, const rp_clause *clause)
{
    return clause->message != NULL ? clause->message : decl->title;
}

static void add_clause(rp_ir_program *ir, rp_ir_policy *policy, rp_ir_clause ***last,
                       const rp_clause *clause)
{
    rp_ir_clause *made = RP_NEW(ir->arena, rp_ir_clause);
    made->clause = clause;
    made->value = lower_clause(ir, policy->decl, policy->table, clause->condition);
    const rp_core *text = message_text(policy->decl, clause);
    if (text != NULL)
        made->message = lower_text(ir, policy->table, &policy->decl->self, text,
                                   clause->is_when ? NULL : clause->condition, false);
    else
        made->message = plain_message(ir, policy->decl->name);
    **last = made;
    *last = &made->next;
}

static void lower_policy(rp_ir_program *ir, rp_policy_decl *decl, rp_ir_policy ***last)
{
    if (decl->entity == NULL) return;
    rp_ir_policy *policy = RP_NEW(ir->arena, rp_ir_policy);
    *policy = (rp_ir_policy){.decl = decl, .table = rp_layout_entity(ir, decl->entity)};
    rp_layout_leads(ir, decl->entity);
    rp_ir_clause **last_clause = &policy->clauses;
    for (const rp_clause *clause = decl->clauses; clause != NULL; clause = clause->next) {
        if (clause->is_when) add_clause(ir, policy, &last_clause, clause);
    }
    for (const rp_clause *clause = decl->clauses; clause != NULL; clause = clause->next) {
        if (!clause->is_when) add_clause(ir, policy, &last_clause, clause);
    }
    policy->title = decl->title != NULL
                        ? lower_text(ir, policy->table, &decl->self, decl->title, NULL, false)
                        : plain_message(ir, decl->name);
    if (decl->remedy != NULL)
        policy->remedy = lower_text(ir, policy->table, &decl->self, decl->remedy, NULL, true);
    **last = policy;
    *last = &policy->next;
}

static void lower_waiver(rp_ir_program *ir, rp_waiver_decl *decl, rp_ir_waiver ***last)
{
    if (decl->entity == NULL) return;
    rp_ir_waiver *waiver = RP_NEW(ir->arena, rp_ir_waiver);
    *waiver = (rp_ir_waiver){.decl = decl, .table = rp_layout_entity(ir, decl->entity)};
    if (decl->condition != NULL) {
        rp_frame *scan = rp_ir_scan(ir, waiver->table);
        rp_lower lower = {.ir = ir, .root = scan};
        lower.env = rp_lower_bind(&lower, &decl->self, rp_ir_row(ir, scan, decl->condition->span));
        waiver->condition = rp_ir_use(ir, scan, rp_lower_required(&lower, decl->condition));
    }
    **last = waiver;
    *last = &waiver->next;
}

void rp_lower_program(rp_ir_program *ir)
{
    rp_ir_policy **last = &ir->policies;
    rp_ir_waiver **last_waiver = &ir->waivers;
    for (rp_module *module = ir->program->modules; module != NULL; module = module->next) {
        for (rp_policy_decl *decl = module->policies; decl != NULL; decl = decl->next)
            lower_policy(ir, decl, &last);
        for (rp_waiver_decl *decl = module->waivers; decl != NULL; decl = decl->next)
            lower_waiver(ir, decl, &last_waiver);
    }
}
