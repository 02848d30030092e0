// Types: interned, so that equal types are the same pointer.
#ifndef RP_COMPILER_TYPES_H
#define RP_COMPILER_TYPES_H

#include "compiler/index.h"
#include "lang/ast.h"
#include "vm/format.h"

#include <stdbool.h>

typedef enum rp_type_kind {
    RP_T_POISON, // of an expression that did not check; nobody complains about it
    RP_T_BOOL,
    RP_T_INT,
    RP_T_FLOAT,
    RP_T_STRING,
    RP_T_TIME,
    RP_T_DURATION,
    RP_T_CIDR,
    RP_T_VERSION,
    RP_T_ENUM,
    RP_T_REF,    // a record or a resource
    RP_T_LIST,   // of `element`
    RP_T_MAP,    // from string to `element`
    RP_T_NOTHING // of `absent` and `unknown("…")` where nothing tells which type is meant
} rp_type_kind;

typedef struct rp_enum rp_enum;
typedef struct rp_entity rp_entity;
typedef struct rp_type rp_type;

struct rp_type {
    rp_type_kind kind;
    bool optional;
    const rp_type *element; // LIST, MAP
    const rp_enum *members; // ENUM
    rp_entity *entity;      // REF
    const rp_type *other;   // the same with `optional` the other way round; NULL for lists and maps
};

struct rp_enum {
    rp_str name; // empty for one that is written in place
    const rp_str *values;
    uint32_t count;
};

typedef struct rp_types {
    rp_arena *arena;
    rp_type basic[RP_T_NOTHING + 1];
    rp_type basic_optional[RP_T_NOTHING + 1];
    rp_index made; // by what they are of
} rp_types;

void rp_types_init(rp_types *types, rp_arena *arena);
const rp_type *rp_type_basic(rp_types *types, rp_type_kind kind);
const rp_type *rp_type_list(rp_types *types, const rp_type *element);
const rp_type *rp_type_map(rp_types *types, const rp_type *element);
const rp_type *rp_type_enum(rp_types *types, const rp_enum *members);
const rp_type *rp_type_ref(rp_types *types, rp_entity *entity);
// T? of T and of T?; lists and maps stay what they are.
const rp_type *rp_type_optional(const rp_type *type);
const rp_type *rp_type_required(const rp_type *type);

static inline bool rp_type_is(const rp_type *type, rp_type_kind kind)
{
    return type->kind == kind;
}
// string, or an enum, which is one
bool rp_type_is_text(const rp_type *type);
// what `<` takes
bool rp_type_is_ordered(const rp_type *type);
bool rp_type_is_number(const rp_type *type);
// Whether a value of type `from` may stand where `to` is due.
bool rp_type_fits(const rp_type *from, const rp_type *to);
// The type that two branches have together; NULL if there is none.
const rp_type *rp_type_join(const rp_type *a, const rp_type *b);
bool rp_enum_has(const rp_enum *members, rp_str value);

// "bool", "[string]", "kms_key?"; in the arena.
rp_str rp_type_name(rp_arena *arena, const rp_type *type);

#endif
