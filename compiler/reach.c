// A walk over typed expressions. They share parts (a `let`, the subject of a `match`), so that each
// is entered once.
#include "compiler/reach.h"

static uint64_t hash_span(rp_span span)
{
    return rp_index_mix(rp_index_mix(span.file, span.begin), span.end);
}

static uint64_t hash_address(const void *thing)
{
    return rp_index_mix(0, (uint64_t)(uintptr_t)thing);
}

static bool holds(const rp_index *index, uint64_t hash, const void *thing)
{
    const rp_index_entry *at = rp_index_first(index, hash);
    while (at != NULL && at->thing != thing) at = rp_index_next(at);
    return at != NULL;
}

static void visit(rp_reach *reach, rp_core *core);

static void visit_function(rp_reach *reach, rp_function *function)
{
    if (function == NULL || rp_reach_has(reach, function)) return;
    rp_index_add(reach->arena, &reach->others, hash_address(function), function);
    visit(reach, function->body);
}

static void visit_meaning(rp_reach *reach, const rp_core *core)
{
    if (core->kind == RP_CORE_CALL) visit_function(reach, core->of.function);
    if (core->kind == RP_CORE_FIELD) visit_function(reach, core->of.field->function);
    if (core->kind == RP_CORE_PARAM && !rp_reach_has(reach, core->of.param))
        rp_index_add(reach->arena, &reach->others, hash_address(core->of.param), core->of.param);
}

static void visit_items(rp_reach *reach, const rp_core *core)
{
    for (uint32_t i = 0; i < core->count; i++) {
        if (core->items != NULL) visit(reach, core->items[i]);
        if (core->wheres != NULL) visit(reach, core->wheres[i]);
    }
}

static void visit(rp_reach *reach, rp_core *core)
{
    if (core == NULL || holds(&reach->spans, hash_span(core->span), core)) return;
    rp_index_add(reach->arena, &reach->spans, hash_span(core->span), core);
    visit(reach, core->a);
    visit(reach, core->b);
    visit(reach, core->c);
    visit_items(reach, core);
    visit_meaning(reach, core);
}

void rp_reach_find(rp_reach *reach, rp_arena *arena, const rp_program *program)
{
    *reach = (rp_reach){.arena = arena};
    for (const rp_module *module = program->modules; module != NULL; module = module->next) {
        for (const rp_policy_decl *policy = module->policies; policy != NULL; policy = policy->next)
            for (const rp_clause *clause = policy->clauses; clause != NULL; clause = clause->next)
                visit(reach, clause->condition);
    }
}

bool rp_reach_has(const rp_reach *reach, const void *thing)
{
    return holds(&reach->others, hash_address(thing), thing);
}

const rp_core *rp_reach_at(const rp_reach *reach, rp_span span, rp_core_kind kind)
{
    const rp_index_entry *at = rp_index_first(&reach->spans, hash_span(span));
    for (; at != NULL; at = rp_index_next(at)) {
        const rp_core *core = at->thing;
        bool same = core->span.file == span.file && core->span.begin == span.begin &&
                    core->span.end == span.end;
        if (same && (kind == RP_CORE_COUNT || core->kind == kind)) return core;
    }
    return NULL;
}
