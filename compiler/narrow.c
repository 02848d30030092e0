// Narrowing: what a condition proves about presence. A path is made of names, fields, constant keys
// and calls with the same arguments; two paths are the same if they are built alike.
#include "compiler/check.h"

static const rp_core *bare(const rp_core *core)
{
    while (core->kind == RP_CORE_ASSUME) core = core->a;
    return core;
}

static bool same_value(const rp_value *a, const rp_value *b)
{
    return a->absent == b->absent && a->number == b->number && a->real == b->real &&
           rp_str_equal(a->text, b->text);
}

static bool same_items(const rp_core *a, const rp_core *b)
{
    if (a->count != b->count) return false;
    for (uint32_t i = 0; i < a->count; i++) {
        if (!rp_core_same(a->items[i], b->items[i])) return false;
    }
    return true;
}

static bool same_or_none(const rp_core *a, const rp_core *b)
{
    return a == NULL || b == NULL ? a == b : rp_core_same(a, b);
}

bool rp_core_same(const rp_core *a, const rp_core *b)
{
    a = bare(a);
    b = bare(b);
    if (a == b) return true;
    if (a->kind != b->kind) return false;
    switch (a->kind) {
    case RP_CORE_VAR: return a->of.var == b->of.var;
    case RP_CORE_PARAM: return a->of.param == b->of.param;
    case RP_CORE_CONST: return a->type == b->type && same_value(&a->value, &b->value);
    case RP_CORE_FIELD: return a->of.field == b->of.field && rp_core_same(a->a, b->a);
    case RP_CORE_LOOKUP: return rp_core_same(a->a, b->a) && rp_core_same(a->b, b->b);
    case RP_CORE_CALL:
        return a->of.function == b->of.function && same_or_none(a->a, b->a) && same_items(a, b);
    case RP_CORE_BUILTIN: return a->op == b->op && same_items(a, b);
    default: return false;
    }
}

static bool is_path(const rp_core *core)
{
    core = bare(core);
    switch (core->kind) {
    case RP_CORE_VAR:
    case RP_CORE_PARAM: return true;
    case RP_CORE_FIELD: return is_path(core->a);
    case RP_CORE_LOOKUP: return is_path(core->a);
    case RP_CORE_CALL:
    case RP_CORE_BUILTIN: return true;
    default: return false;
    }
}

static const rp_proof *prove(rp_check *check, const rp_proof *proofs, const rp_core *path)
{
    if (!is_path(path)) return proofs;
    rp_proof *proof = RP_NEW(check->program->arena, rp_proof);
    *proof = (rp_proof){path, proofs};
    const rp_core *core = bare(path);
    // `x?.f is present` proves x too
    if (core->kind == RP_CORE_FIELD && core->a->type->optional) return prove(check, proof, core->a);
    return proof;
}

static const rp_proof *entry_of(rp_check *check, const rp_proof *proofs, const rp_core *in_map)
{
    rp_core *lookup = rp_core_new(check, RP_CORE_LOOKUP, rp_type_optional(in_map->b->type->element),
                                  in_map->span);
    lookup->a = in_map->b;
    lookup->b = in_map->a;
    return prove(check, proofs, lookup);
}

static const rp_proof *narrow(rp_check *check, const rp_proof *proofs, const rp_core *condition,
                              bool truth)
{
    switch (condition->kind) {
    case RP_CORE_PRESENT: return truth ? prove(check, proofs, condition->a) : proofs;
    case RP_CORE_NOT: return narrow(check, proofs, condition->a, !truth);
    case RP_CORE_IN_MAP: return truth ? entry_of(check, proofs, condition) : proofs;
    case RP_CORE_AND:
        if (!truth) return proofs;
        return narrow(check, narrow(check, proofs, condition->a, true), condition->b, true);
    case RP_CORE_OR:
        if (truth) return proofs;
        return narrow(check, narrow(check, proofs, condition->a, false), condition->b, false);
    default: return proofs;
    }
}

const rp_proof *rp_narrow(rp_check *check, const rp_core *condition, bool truth)
{
    return narrow(check, check->proofs, condition, truth);
}

bool rp_narrow_proves(const rp_check *check, const rp_core *path)
{
    for (const rp_proof *proof = check->proofs; proof != NULL; proof = proof->next) {
        if (rp_core_same(proof->path, path)) return true;
    }
    return false;
}
