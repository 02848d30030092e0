// What the compiler knows about a program: modules, declarations, and typed expressions.
//
// Names are resolved once, into pointers of this model. A typed expression (`rp_core`) says
// everything that the syntax left implicit: literals have their type, operators their operands'
// class, optionals their proofs. Everything lives in the compilation's arena.
#ifndef RP_COMPILER_MODEL_H
#define RP_COMPILER_MODEL_H

#include "compiler/index.h"
#include "compiler/types.h"
#include "lang/diag.h"

typedef struct rp_module rp_module;
typedef struct rp_field rp_field;
typedef struct rp_function rp_function;
typedef struct rp_param_decl rp_param_decl;
typedef struct rp_let rp_let;
typedef struct rp_policy_decl rp_policy_decl;
typedef struct rp_pack_decl rp_pack_decl;
typedef struct rp_core rp_core;

// Checking follows uses, so that declarations may stand in any order; a use of what is being
// checked is a cycle.
typedef enum rp_state { RP_STATE_NEW, RP_STATE_BUSY, RP_STATE_DONE } rp_state;

// A constant: the number, real or text, by the type.
typedef struct rp_value {
    const rp_type *type;
    int64_t number;
    double real;
    rp_str text;
    bool absent;
} rp_value;

// A variable: a quantifier's, a function's argument, the row of a policy or definition.
typedef struct rp_var {
    rp_str name;
    const rp_type *type;
    rp_span span;
    uint32_t id;
    bool used;
    bool is_row; // the row of a scanned table
    bool in_quantifier;
    struct rp_core *alias;            // a `let`: stands for this expression
    const struct rp_core *witness_of; // in messages: a variable of this quantifier ...
    const struct rp_var *witness;     // ... namely this one; the member that decided, or absent
    bool ambiguous;                   // two quantifiers of the `require` use the name
    struct rp_var *next;              // enclosing scope
    bool barrier;                     // names beyond are of other scopes (a function's body)
} rp_var;

typedef enum rp_core_kind {
    RP_CORE_ERROR,
    RP_CORE_CONST,
    RP_CORE_ABSENT,
    RP_CORE_UNKNOWN, // text: why
    RP_CORE_NOW,
    RP_CORE_PARAM,
    RP_CORE_VAR,
    RP_CORE_FIELD,  // a.field; through an absent `a` absent if the type is optional
    RP_CORE_LOOKUP, // a[b], a map
    RP_CORE_AND,
    RP_CORE_OR,
    RP_CORE_NOT,
    RP_CORE_EQ,
    RP_CORE_LT,
    RP_CORE_LE,
    RP_CORE_ADD,
    RP_CORE_SUB,
    RP_CORE_MUL,
    RP_CORE_DIV,
    RP_CORE_TO_FLOAT,
    RP_CORE_PRESENT,
    RP_CORE_EMPTY, // a list or map
    RP_CORE_COALESCE,
    RP_CORE_ASSUME, // an optional that a proof shows to be there
    RP_CORE_IF,
    RP_CORE_IN,         // a in list b
    RP_CORE_IN_MAP,     // a in map b
    RP_CORE_BUILTIN,    // items: the arguments
    RP_CORE_CALL,       // function, a: the receiver of a method, items: the arguments
    RP_CORE_QUANTIFIER, // items: lists; vars; wheres; a: body
    RP_CORE_LIST,       // items
    RP_CORE_RECORD,     // items, in the order of `names`
    RP_CORE_CONCAT,
    RP_CORE_TEXT, // items: pieces, alternating as in the syntax
    RP_CORE_COUNT
} rp_core_kind;

struct rp_core {
    rp_core_kind kind;
    int op; // rp_quantifier, or the index of a builtin
    const rp_type *type;
    rp_span span;
    rp_core *a, *b, *c;
    rp_core **items;
    rp_core **wheres; // of a quantifier; NULL where there is none
    rp_var **vars;
    const rp_str *names;
    uint32_t count;
    rp_value value;
    union {
        rp_var *var;
        rp_field *field;
        rp_function *function;
        rp_param_decl *param;
    } of;
};

typedef enum rp_field_kind {
    RP_FIELD_FACT,
    RP_FIELD_RELATION,
    RP_FIELD_DERIVED,
    RP_FIELD_METHOD
} rp_field_kind;

typedef struct rp_path_step {
    uint32_t kind; // RP_STEP_*
    rp_str name, value;
} rp_path_step;

typedef struct rp_field_path {
    struct rp_schema_source *source; // NULL in records
    rp_path_step *steps;
    uint32_t count;
    struct rp_field_path *next;
} rp_field_path;

struct rp_field {
    rp_str name;
    rp_module *module;
    rp_entity *entity;
    const rp_node *node;
    rp_field_kind kind;
    const rp_type *type;
    uint16_t role; // RP_FLAG_KEY, RP_FLAG_UNIQUE
    bool json, ignore_case, empty_default, implicit;
    bool weak; // a reference that is absent where the whole list of targets lacks it
    rp_value *fallback;
    rp_field_path *paths;
    rp_field **joins;
    uint32_t join_count;
    rp_field *inverse;               // RELATION: the reference or list of references
    rp_field *through;               // RELATION: the record, or list of records, that holds it
    struct rp_schema_source *group;  // of fields in a group with `when`
    rp_function *function;           // DERIVED, METHOD
    struct rp_layout_column *column; // once it is read (ir.h)
    struct rp_layout_list *list;     // the same of a list or map
    rp_field *next;
};

typedef struct rp_schema_arg {
    rp_str name;
    uint32_t kind; // RP_ARG_*
    rp_str literal;
    rp_field *field;
    struct rp_schema_arg *next;
} rp_schema_arg;

typedef struct rp_schema_source {
    rp_entity *entity;
    const rp_node *node;
    uint32_t kind; // RP_SOURCE_*
    rp_str service, operation, member;
    rp_schema_arg *args;
    const rp_node *when_node;
    rp_core *when;
    uint32_t index; // among the entity's sources
    struct rp_schema_source *next;
} rp_schema_source;

struct rp_entity {
    rp_str name;
    rp_module *module;
    const rp_node *node;
    const rp_type *type;
    bool is_resource, is_region, from_file;
    rp_str type_name;
    rp_field *fields, **last_field;
    rp_index field_names; // of these, by name
    rp_schema_source *sources, **last_source;
    uint32_t source_count;
    rp_field *key, *unique, *account, *region;
    rp_var self;                    // the row, in definitions
    rp_state record_state;          // for cycles of records
    bool has_leads;                 // fields that refer to it are laid out (leads.c)
    struct rp_layout_table *layout; // once a value is read of it (ir.h)
    struct rp_entity *next;
};

struct rp_function {
    rp_str name;
    rp_module *module;
    const rp_node *node, *body_node;
    rp_entity *receiver; // of derived fields and methods
    rp_var *receiver_var;
    rp_var **args;
    uint32_t arg_count;
    const rp_type *type;
    rp_core *body;
    rp_state state;
    bool used;
    uint32_t size; // of the body with everything expanded
    rp_function *next;
};

struct rp_param_decl {
    rp_str name;
    rp_module *module;
    const rp_node *node;
    const rp_type *type;
    bool has_default, used, was_set;
    rp_span set_span;
    rp_value *values; // the default; of a scalar one
    uint32_t value_count;
    rp_value *min, *max;
    rp_value *allowed;
    uint32_t allowed_count;
    bool has_size;
    int64_t size_min, size_max;
    uint32_t index, seen; // of the emitter
    rp_param_decl *next;
};

struct rp_let {
    rp_str name;
    rp_module *module;
    const rp_node *node;
    rp_core *value;
    rp_state state;
    bool used;
    rp_let *next;
};

typedef struct rp_clause {
    bool is_when;
    rp_core *condition;
    rp_core *message; // TEXT, or NULL
    rp_span span;
    struct rp_clause *next;
} rp_clause;

typedef struct rp_label {
    rp_str text;
    struct rp_label *next;
} rp_label;

struct rp_policy_decl {
    rp_str name;
    rp_module *module;
    const rp_node *node;
    rp_entity *entity;
    rp_var self;
    bool nameless; // a top-level `require`
    bool judged;
    rp_str description, owner;
    rp_core *title, *remedy;
    uint32_t severity;
    int64_t practice;
    rp_label *controls, *links;
    rp_clause *clauses;
    uint32_t index;
    rp_policy_decl *next;
};

struct rp_pack_decl {
    rp_str name;
    rp_module *module;
    const rp_node *node;
    rp_policy_decl **policies;
    uint32_t policy_count;
    rp_state state;
    bool cyclic; // which was said
    rp_pack_decl *next;
};

typedef struct rp_waiver_decl {
    const rp_node *node;
    rp_module *module;
    rp_entity *entity;
    rp_var self;
    rp_policy_decl **policies;
    uint32_t policy_count;
    rp_core *condition;
    struct rp_waiver_decl *next;
} rp_waiver_decl;

typedef struct rp_enum_decl {
    rp_str name;
    rp_module *module;
    const rp_node *node;
    const rp_type *type;
    struct rp_enum_decl *next;
} rp_enum_decl;

typedef struct rp_test_decl {
    const rp_node *node;
    rp_module *module;
    struct rp_test_decl *next;
} rp_test_decl;

typedef struct rp_import {
    rp_module *module;
    rp_str alias;
    rp_span span;
    bool used, implicit;
    struct rp_import *next;
} rp_import;

typedef struct rp_module_file {
    rp_tree tree;
    struct rp_module_file *next;
} rp_module_file;

// What a module declares. Each begins with its name, if it has one.
typedef enum rp_decl {
    RP_DECL_ENUM,
    RP_DECL_ENTITY,
    RP_DECL_FUNCTION,
    RP_DECL_PARAM,
    RP_DECL_LET,
    RP_DECL_POLICY,
    RP_DECL_PACK,
    RP_DECL_WAIVER,
    RP_DECL_TEST,
    RP_DECL_COUNT
} rp_decl;

struct rp_module {
    rp_str name;
    rp_module_file *files, **last_file;
    rp_import *imports, **last_import;
    bool given;   // given to the compiler, not imported
    bool library; // of the standard library
    rp_state import_state;
    rp_index names;            // of declarations that have one, by kind and name
    void *last[RP_DECL_COUNT]; // of each list below
    rp_enum_decl *enums;
    rp_entity *entities;
    rp_function *functions;
    rp_param_decl *params;
    rp_let *lets;
    rp_policy_decl *policies;
    rp_pack_decl *packs;
    rp_waiver_decl *waivers;
    rp_test_decl *tests;
    bool tests_skipped; // there are more
    rp_module *next;
};

typedef struct rp_program {
    rp_arena *arena;
    rp_sources *sources;
    rp_diags *diags;
    rp_types types;
    rp_module *modules, **last_module;
    uint32_t *node_ids;
    uint32_t var_ids;
    uint32_t policy_count;
    const rp_type *t_bool, *t_int, *t_float, *t_string, *t_time, *t_duration, *t_cidr, *t_version;
    const rp_type *t_poison, *t_absent, *t_unknown;
} rp_program;

// A declaration of a module itself; NULL if there is none.
void *rp_module_find(const rp_module *module, rp_decl kind, rp_str name);

// Appends to the fields of an entity.
void rp_entity_add_field(rp_arena *arena, rp_entity *entity, rp_field *field);
// The first of an entity's fields that has the name and that `fits`; NULL if there is none. Modules
// that extend an entity may use a name that others use, too.
rp_field *rp_entity_field(const rp_entity *entity, rp_str name,
                          bool (*fits)(const rp_field *field, const rp_module *module),
                          const rp_module *module);

#define RP_SEARCH(list, wanted, found)                                                             \
    do {                                                                                           \
        (found) = (list);                                                                          \
        while ((found) != NULL && !rp_str_equal((found)->name, (wanted))) (found) = (found)->next; \
    } while (0)

#endif
