// Interning and comparing of types.
#include "compiler/types.h"
#include "compiler/model.h"

static const char *const basic_names[] = {
    [RP_T_POISON] = "?",          [RP_T_BOOL] = "bool",     [RP_T_INT] = "int",
    [RP_T_FLOAT] = "float",       [RP_T_STRING] = "string", [RP_T_TIME] = "time",
    [RP_T_DURATION] = "duration", [RP_T_CIDR] = "cidr",     [RP_T_VERSION] = "version",
    [RP_T_ENUM] = "enum",         [RP_T_REF] = "record",    [RP_T_LIST] = "list",
    [RP_T_MAP] = "map",           [RP_T_NOTHING] = "absent"};

void rp_types_init(rp_types *types, rp_arena *arena)
{
    *types = (rp_types){.arena = arena};
    for (int kind = 0; kind <= RP_T_NOTHING; kind++) {
        types->basic[kind] =
            (rp_type){.kind = (rp_type_kind)kind, .other = &types->basic_optional[kind]};
        types->basic_optional[kind] =
            (rp_type){.kind = (rp_type_kind)kind, .optional = true, .other = &types->basic[kind]};
    }
}

const rp_type *rp_type_basic(rp_types *types, rp_type_kind kind)
{
    return &types->basic[kind];
}

static uint64_t hash_of(rp_type_kind kind, const void *of)
{
    return rp_index_mix((uint64_t)kind, (uintptr_t)of);
}

static const void *what_it_is_of(const rp_type *type)
{
    if (type->kind == RP_T_ENUM) return type->members;
    return type->kind == RP_T_REF ? (const void *)type->entity : type->element;
}

static const rp_type *find(const rp_types *types, rp_type_kind kind, const void *of, uint64_t hash)
{
    const rp_index_entry *at = rp_index_first(&types->made, hash);
    for (; at != NULL; at = rp_index_next(at)) {
        const rp_type *type = at->thing;
        if (type->kind == kind && what_it_is_of(type) == of) return type;
    }
    return NULL;
}

// One of `element`, `members` and `entity`.
static const rp_type *make(rp_types *types, rp_type_kind kind, const rp_type *element,
                           const rp_enum *members, rp_entity *entity)
{
    const void *of = element != NULL ? (const void *)element : members;
    of = of != NULL ? of : entity;
    uint64_t hash = hash_of(kind, of);
    const rp_type *found = find(types, kind, of, hash);
    if (found != NULL) return found;
    rp_type *type = RP_NEW(types->arena, rp_type);
    *type = (rp_type){.kind = kind, .element = element, .members = members, .entity = entity};
    rp_index_add(types->arena, &types->made, hash, type);
    if (kind == RP_T_LIST || kind == RP_T_MAP) return type;
    rp_type *optional = RP_NEW(types->arena, rp_type);
    *optional = *type;
    optional->optional = true;
    optional->other = type;
    type->other = optional;
    return type;
}

const rp_type *rp_type_list(rp_types *types, const rp_type *element)
{
    return make(types, RP_T_LIST, element, NULL, NULL);
}

const rp_type *rp_type_map(rp_types *types, const rp_type *element)
{
    return make(types, RP_T_MAP, element, NULL, NULL);
}

const rp_type *rp_type_enum(rp_types *types, const rp_enum *members)
{
    return make(types, RP_T_ENUM, NULL, members, NULL);
}

const rp_type *rp_type_ref(rp_types *types, rp_entity *entity)
{
    return make(types, RP_T_REF, NULL, NULL, entity);
}

const rp_type *rp_type_optional(const rp_type *type)
{
    return type->optional || type->other == NULL ? type : type->other;
}

const rp_type *rp_type_required(const rp_type *type)
{
    return type->optional ? type->other : type;
}

bool rp_type_is_text(const rp_type *type)
{
    return type->kind == RP_T_STRING || type->kind == RP_T_ENUM;
}

bool rp_type_is_ordered(const rp_type *type)
{
    switch (type->kind) {
    case RP_T_INT:
    case RP_T_FLOAT:
    case RP_T_TIME:
    case RP_T_DURATION:
    case RP_T_VERSION: return true;
    default: return false;
    }
}

bool rp_type_is_number(const rp_type *type)
{
    return type->kind == RP_T_INT || type->kind == RP_T_FLOAT;
}

static bool base_fits(const rp_type *from, const rp_type *to)
{
    if (from == to) return true;
    if (from->kind == RP_T_INT && to->kind == RP_T_FLOAT) return true;
    if (from->kind == RP_T_ENUM && to->kind == RP_T_STRING) return true;
    bool both_lists = (from->kind == RP_T_LIST && to->kind == RP_T_LIST) ||
                      (from->kind == RP_T_MAP && to->kind == RP_T_MAP);
    return both_lists && rp_type_fits(from->element, to->element);
}

bool rp_type_fits(const rp_type *from, const rp_type *to)
{
    if (from->kind == RP_T_POISON || to->kind == RP_T_POISON) return true;
    if (from->kind == RP_T_NOTHING) return !from->optional || to->optional;
    if (to->kind == RP_T_NOTHING) return false;
    if (from->optional && !to->optional) return false;
    return base_fits(rp_type_required(from), rp_type_required(to));
}

const rp_type *rp_type_join(const rp_type *a, const rp_type *b)
{
    if (rp_type_fits(a, b)) return b;
    if (rp_type_fits(b, a)) return a;
    const rp_type *wide_a = rp_type_optional(a);
    const rp_type *wide_b = rp_type_optional(b);
    if (rp_type_fits(wide_a, wide_b)) return wide_b;
    if (rp_type_fits(wide_b, wide_a)) return wide_a;
    return NULL;
}

bool rp_enum_has(const rp_enum *members, rp_str value)
{
    for (uint32_t i = 0; i < members->count; i++) {
        if (rp_str_equal(members->values[i], value)) return true;
    }
    return false;
}

static rp_str in_place_enum(rp_arena *arena, const rp_enum *members)
{
    rp_buf text;
    rp_buf_init(&text, arena->alloc, 4096);
    for (uint32_t i = 0; i < members->count; i++) {
        rp_buf_printf(&text, "%s\"%.*s\"", i > 0 ? " | " : "", (int)members->values[i].len,
                      members->values[i].ptr);
    }
    rp_str copy = rp_arena_str(arena, rp_buf_str(&text));
    rp_buf_free(&text);
    return copy;
}

static rp_str bare_name(rp_arena *arena, const rp_type *type)
{
    if (type->kind == RP_T_ENUM) {
        return type->members->name.len > 0 ? type->members->name
                                           : in_place_enum(arena, type->members);
    }
    if (type->kind == RP_T_REF) return type->entity->name;
    return rp_str_from(basic_names[type->kind]);
}

static rp_str wrap(rp_arena *arena, const char *before, rp_str text, const char *after)
{
    size_t size = strlen(before) + text.len + strlen(after);
    char *bytes = rp_arena_alloc(arena, size + 1);
    char *at = bytes;
    memcpy(at, before, strlen(before));
    at += strlen(before);
    if (text.len > 0) memcpy(at, text.ptr, text.len);
    memcpy(at + text.len, after, strlen(after) + 1);
    return (rp_str){bytes, size};
}

rp_str rp_type_name(rp_arena *arena, const rp_type *type)
{
    if (type->kind == RP_T_LIST) return wrap(arena, "[", rp_type_name(arena, type->element), "]");
    if (type->kind == RP_T_MAP)
        return wrap(arena, "{string: ", rp_type_name(arena, type->element), "}");
    if (type->kind == RP_T_NOTHING) return rp_str_from(type->optional ? "absent" : "unknown");
    rp_str name = bare_name(arena, type);
    return type->optional ? wrap(arena, "", name, "?") : name;
}
