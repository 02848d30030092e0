// Resolving the schema. A field's path is parsed here, once; readers see its steps in the bundle.
#include "compiler/schema.h"
#include "compiler/check.h"
#include "compiler/scope.h"
#include "vm/base/text.h"

// ---- types ----

static const rp_type *basic_type(rp_program *program, rp_str name)
{
#define BASIC(name, kind)                                                                          \
    {                                                                                              \
        {name, sizeof(name) - 1}, kind                                                             \
    }
    static const struct {
        rp_str name;
        rp_type_kind kind;
    } basics[] = {BASIC("bool", RP_T_BOOL),   BASIC("int", RP_T_INT),
                  BASIC("float", RP_T_FLOAT), BASIC("string", RP_T_STRING),
                  BASIC("time", RP_T_TIME),   BASIC("duration", RP_T_DURATION),
                  BASIC("cidr", RP_T_CIDR),   BASIC("version", RP_T_VERSION)};
#undef BASIC
    for (size_t i = 0; i < sizeof basics / sizeof *basics; i++) {
        if (rp_str_equal(name, basics[i].name))
            return rp_type_basic(&program->types, basics[i].kind);
    }
    return NULL;
}

static const rp_type *named_type(rp_program *program, rp_module *module, const rp_node *qname)
{
    const rp_type *basic = qname->a == NULL ? basic_type(program, qname->text) : NULL;
    if (basic != NULL) return basic;
    rp_meaning found;
    if (!rp_scope_find_node(program, module, RP_SPACE_TYPE, qname, &found))
        return program->t_poison;
    return found.entity != NULL ? found.entity->type : found.enumeration->type;
}

static const rp_type *enum_type(rp_program *program, const rp_node *node)
{
    rp_enum *members = RP_NEW(program->arena, rp_enum);
    members->count = rp_node_list_count(node->a);
    rp_str *values = RP_NEW_ARRAY(program->arena, rp_str, members->count);
    uint32_t i = 0;
    for (const rp_node *at = node->a; at != NULL; at = at->next) values[i++] = at->text;
    members->values = values;
    return rp_type_enum(&program->types, members);
}

static const rp_type *element_type(rp_program *program, rp_module *module, const rp_node *node)
{
    const rp_type *element = rp_schema_type(program, module, node);
    if (element->kind == RP_T_LIST || element->kind == RP_T_MAP || element->optional) {
        RP_DIAG(program->diags, LIST_OF, node->span, rp_type_name(program->arena, element));
        return program->t_poison;
    }
    return element;
}

const rp_type *rp_schema_type(rp_program *program, rp_module *module, const rp_node *node)
{
    switch (node->kind) {
    case RP_NODE_TYPE_NAME: return named_type(program, module, node->a);
    case RP_NODE_TYPE_ENUM: return enum_type(program, node);
    case RP_NODE_TYPE_LIST:
        return rp_type_list(&program->types, element_type(program, module, node->a));
    case RP_NODE_TYPE_MAP:
        return rp_type_map(&program->types, element_type(program, module, node->a));
    case RP_NODE_TYPE_OPTIONAL: {
        const rp_type *type = rp_schema_type(program, module, node->a);
        if (type->kind == RP_T_LIST || type->kind == RP_T_MAP) {
            RP_DIAG(program->diags, OPTIONAL_LIST, node->span, rp_type_name(program->arena, type));
        }
        return rp_type_optional(type);
    }
    default: return program->t_poison;
    }
}

// ---- paths ----

typedef struct path_text {
    rp_str rest;
    bool bad;
} path_text;

static bool is_member_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static rp_str take_member(path_text *path)
{
    size_t size = 0;
    while (size < path->rest.len && is_member_byte(path->rest.ptr[size])) size++;
    rp_str member = {path->rest.ptr, size};
    path->rest = rp_str_from_offset(path->rest, size);
    path->bad |= size == 0;
    return member;
}

static bool take(path_text *path, char byte)
{
    if (path->rest.len == 0 || path->rest.ptr[0] != byte) return false;
    path->rest = rp_str_from_offset(path->rest, 1);
    return true;
}

static void expect(path_text *path, char byte)
{
    path->bad |= !take(path, byte);
}

// `[]`, `[0]`, `[Key]`, `[Key=value]`
static rp_path_step bracket_step(path_text *path)
{
    if (take(path, ']')) return (rp_path_step){.kind = RP_STEP_EACH};
    if (take(path, '0')) {
        expect(path, ']');
        return (rp_path_step){.kind = RP_STEP_FIRST};
    }
    rp_path_step step = {.kind = RP_STEP_MAP_BY, .name = take_member(path)};
    if (take(path, '=')) {
        size_t size = 0;
        while (size < path->rest.len && path->rest.ptr[size] != ']') size++;
        step.kind = RP_STEP_FIND;
        step.value = (rp_str){path->rest.ptr, size};
        path->rest = rp_str_from_offset(path->rest, size);
    }
    expect(path, ']');
    return step;
}

static rp_path_step pairs_step(path_text *path)
{
    rp_path_step step = {.kind = RP_STEP_PAIRS, .name = take_member(path)};
    expect(path, '}');
    expect(path, '.');
    expect(path, '{');
    step.value = take_member(path);
    expect(path, '}');
    return step;
}

#define MAX_STEPS 16u

static rp_field_path *parse_path(rp_program *program, const rp_node *node)
{
    rp_path_step steps[MAX_STEPS];
    uint32_t count = 0;
    path_text path = {node->text, false};
    if (take(&path, '^')) {
        steps[count++] = (rp_path_step){.kind = RP_STEP_ARG, .name = take_member(&path)};
    }
    while (path.rest.len > 0 && !path.bad && count < MAX_STEPS) {
        if (count > 0 && !take(&path, '.') && path.rest.ptr[0] != '[') path.bad = true;
        if (take(&path, '['))
            steps[count++] = bracket_step(&path);
        else if (take(&path, '{'))
            steps[count++] = pairs_step(&path);
        else
            steps[count++] = (rp_path_step){.kind = RP_STEP_MEMBER, .name = take_member(&path)};
    }
    if (path.bad || path.rest.len > 0 || count == 0) {
        RP_DIAG(program->diags, BAD_PATH, node->span, node->text);
        return NULL;
    }
    rp_field_path *made = RP_NEW(program->arena, rp_field_path);
    made->steps = RP_NEW_ARRAY(program->arena, rp_path_step, count);
    memcpy(made->steps, steps, count * sizeof *steps);
    made->count = count;
    return made;
}

// ---- fields ----

static bool is_in_the_way(const rp_field *field, const rp_module *module)
{
    return field->module == module || field->module == field->entity->module;
}

static rp_field *declared_field(rp_entity *entity, rp_str name, const rp_module *module)
{
    return rp_entity_field(entity, name, is_in_the_way, module);
}

static void report_duplicate(rp_program *program, const rp_node *node, const rp_field *other)
{
    rp_diag *diag = RP_DIAG(program->diags, DUPLICATE_NAME, node->name, node->text);
    if (other->node != NULL) {
        RP_NOTE(program->diags, diag, other->node->name, "`{0}` is also declared here", node->text);
    }
}

rp_field *rp_schema_add_field(rp_program *program, rp_module *module, rp_entity *entity,
                              const rp_node *node, rp_field_kind kind)
{
    rp_field *other = declared_field(entity, node->text, module);
    if (other != NULL) {
        report_duplicate(program, node, other);
        return NULL;
    }
    rp_field *field = RP_NEW(program->arena, rp_field);
    *field = (rp_field){.name = node->text,
                        .module = module,
                        .entity = entity,
                        .node = node,
                        .kind = kind,
                        .type = program->t_poison};
    rp_entity_add_field(program->arena, entity, field);
    return field;
}

static void read_options(rp_program *program, rp_module *module, rp_field *field,
                         const rp_node *options)
{
    for (const rp_node *option = options; option != NULL; option = option->next) {
        if (option->kind == RP_NODE_OPT_JSON) field->json = true;
        if (option->kind == RP_NODE_OPT_NOCASE) field->ignore_case = true;
        if (option->kind == RP_NODE_OPT_WEAK) field->weak = true;
        if (option->kind != RP_NODE_OPT_FALLBACK) continue;
        if (option->a->kind == RP_NODE_LIST || option->a->kind == RP_NODE_RECORD)
            field->empty_default = true;
        else
            field->fallback = rp_check_literal(program, module, option->a, field->type);
    }
}

static void add_paths(rp_program *program, rp_field *field, rp_schema_source *source,
                      const rp_node *paths)
{
    rp_field_path **last = &field->paths;
    while (*last != NULL) last = &(*last)->next;
    for (const rp_node *node = paths; node != NULL; node = node->next) {
        rp_field_path *path = parse_path(program, node);
        if (path == NULL) continue;
        path->source = source;
        *last = path;
        last = &path->next;
    }
}

// In a record a field without a path has its own name as member name (pairs, constants).
static void add_own_name_path(rp_program *program, rp_field *field)
{
    rp_field_path *path = RP_NEW(program->arena, rp_field_path);
    path->steps = RP_NEW(program->arena, rp_path_step);
    path->steps[0] = (rp_path_step){.kind = RP_STEP_MEMBER, .name = field->name};
    path->count = 1;
    field->paths = path;
}

// A field that stands in a second source of its resource: the same name and type, more paths.
static bool joins_known_field(rp_program *program, rp_module *module, rp_entity *entity,
                              rp_schema_source *source, const rp_node *node)
{
    rp_field *known = declared_field(entity, node->text, module);
    if (known == NULL || known->kind != RP_FIELD_FACT || known->paths == NULL || node->b == NULL)
        return false;
    if (known->paths->source == source || source == NULL) return false;
    const rp_type *type = rp_schema_type(program, module, node->a);
    if (type->kind == RP_T_ENUM ? known->type->kind != RP_T_ENUM : type != known->type) {
        RP_DIAG(program->diags, TYPE_MISMATCH, node->a->span,
                rp_type_name(program->arena, known->type), rp_type_name(program->arena, type));
    }
    add_paths(program, known, source, node->b);
    return true;
}

static void add_fact(rp_program *program, rp_module *module, rp_entity *entity,
                     rp_schema_source *source, const rp_node *node)
{
    if (joins_known_field(program, module, entity, source, node)) return;
    rp_field *field = rp_schema_add_field(program, module, entity, node, RP_FIELD_FACT);
    if (field == NULL) return;
    field->type = rp_schema_type(program, module, node->a);
    field->role = node->op;
    if (source != NULL && source->when_node != NULL) field->group = source;
    add_paths(program, field, source, node->b);
    if (field->paths == NULL && !entity->is_resource) add_own_name_path(program, field);
    read_options(program, module, field, node->c);
    if (field->role & RP_FLAG_KEY) entity->key = field;
    if (field->role & RP_FLAG_UNIQUE) entity->unique = field;
}

static void add_relation(rp_program *program, rp_module *module, rp_entity *entity,
                         const rp_node *node)
{
    rp_field *field = rp_schema_add_field(program, module, entity, node, RP_FIELD_RELATION);
    if (field != NULL) field->type = rp_schema_type(program, module, node->a);
}

static uint32_t kind_of_source(const rp_entity *entity, const rp_node *node, bool group)
{
    if (node->op == RP_FLAG_FILE) return RP_SOURCE_FILE;
    if (group) return RP_SOURCE_GROUP;
    for (const rp_node *arg = node->b; arg != NULL; arg = arg->next) {
        if (arg->a->kind == RP_NODE_NAME) return RP_SOURCE_KEY;
        if (arg->a->kind == RP_NODE_FIELD) return RP_SOURCE_EACH;
    }
    (void)entity;
    return RP_SOURCE_LIST;
}

static rp_schema_source *add_source(rp_program *program, rp_entity *entity, const rp_node *node,
                                    bool group)
{
    rp_schema_source *source = RP_NEW(program->arena, rp_schema_source);
    *source = (rp_schema_source){.entity = entity, .node = node, .index = entity->source_count++};
    source->kind = kind_of_source(entity, node, group);
    source->service = node->a != NULL ? node->a->text : RP_STR("file");
    source->operation = node->text;
    source->member = node->c != NULL ? node->c->text : RP_STR_EMPTY;
    if (source->kind == RP_SOURCE_FILE) entity->from_file = true;
    *entity->last_source = source;
    entity->last_source = &source->next;
    return source;
}

static void add_members(rp_program *program, rp_module *module, rp_entity *entity,
                        rp_schema_source *source, const rp_node *fields);

static void add_group(rp_program *program, rp_module *module, rp_entity *entity,
                      const rp_node *node)
{
    if (!entity->is_resource) {
        RP_DIAG0(program->diags, GROUP_IN_RECORD, node->a->span);
        return;
    }
    rp_schema_source *source = add_source(program, entity, node->a, true);
    source->when_node = node->b;
    add_members(program, module, entity, source, node->c);
}

static void add_members(rp_program *program, rp_module *module, rp_entity *entity,
                        rp_schema_source *source, const rp_node *fields)
{
    for (const rp_node *node = fields; node != NULL; node = node->next) {
        if (node->kind == RP_NODE_SCHEMA_FIELD) add_fact(program, module, entity, source, node);
        if (node->kind == RP_NODE_RELATION) add_relation(program, module, entity, node);
        if (node->kind == RP_NODE_GROUP) add_group(program, module, entity, node);
    }
}

static rp_field *implicit_field(rp_program *program, rp_entity *entity, rp_str name,
                                const rp_type *type)
{
    rp_field *field = RP_NEW(program->arena, rp_field);
    *field = (rp_field){.name = name,
                        .module = entity->module,
                        .entity = entity,
                        .kind = RP_FIELD_FACT,
                        .type = type,
                        .implicit = true};
    rp_entity_add_field(program->arena, entity, field);
    return field;
}

static bool comes_from_api(const rp_entity *entity)
{
    return entity->is_resource && !entity->from_file && !entity->is_region;
}

static rp_entity *region_entity(rp_program *program)
{
    for (rp_module *module = program->modules; module != NULL; module = module->next) {
        for (rp_entity *entity = module->entities; entity != NULL; entity = entity->next) {
            if (entity->is_region) return entity;
        }
    }
    return NULL;
}

static void add_entity(rp_program *program, rp_entity *entity, rp_entity *region)
{
    const rp_node *node = entity->node;
    rp_schema_source *source = NULL;
    if (entity->is_resource) {
        entity->type_name = node->a != NULL ? node->a->text : entity->name;
        if (node->b != NULL) source = add_source(program, entity, node->b, false);
    }
    if (entity->is_region)
        entity->account = implicit_field(program, entity, RP_STR("account"), program->t_string);
    if (comes_from_api(entity) && region != NULL) {
        entity->account = implicit_field(program, entity, RP_STR("account"), program->t_string);
        entity->region = implicit_field(program, entity, RP_STR("region"), region->type);
    }
    add_members(program, entity->module, entity, source, entity->is_resource ? node->c : node->a);
}

static void add_extension(rp_program *program, rp_module *module, const rp_node *node)
{
    rp_meaning found;
    if (!rp_scope_find_node(program, module, RP_SPACE_TYPE, node->a, &found)) return;
    if (found.entity == NULL) {
        RP_DIAG(program->diags, NOT_A_RESOURCE, node->a->span, node->a->text);
        return;
    }
    add_members(program, module, found.entity, found.entity->sources, node->b);
}

static void each_extension(rp_program *program, rp_module *module)
{
    for (rp_module_file *file = module->files; file != NULL; file = file->next) {
        for (const rp_node *node = file->tree.declarations; node != NULL; node = node->next) {
            if (node->kind == RP_NODE_EXTEND) add_extension(program, module, node);
        }
    }
}

// ---- joins, relations, arguments ----

static rp_field *target_field(rp_program *program, rp_module *module, const rp_node *qname)
{
    if (qname->a == NULL) {
        RP_DIAG(program->diags, BAD_JOIN, qname->span, qname->text);
        return NULL;
    }
    rp_meaning found;
    if (!rp_scope_find_node(program, module, RP_SPACE_TYPE, qname->a, &found)) return NULL;
    rp_field *field =
        found.entity != NULL ? rp_scope_field(module, found.entity, qname->text) : NULL;
    if (field == NULL)
        RP_DIAG(program->diags, UNKNOWN_FIELD, qname->name, qname->a->text, qname->text);
    return field;
}

static const rp_type *joined_type(const rp_field *field)
{
    return field->type->kind == RP_T_LIST || field->type->kind == RP_T_MAP ? field->type->element
                                                                           : field->type;
}

static void resolve_join(rp_program *program, rp_field *field, const rp_node *option)
{
    field->joins = RP_NEW_ARRAY(program->arena, rp_field *, rp_node_list_count(option->a));
    const rp_type *type = rp_type_required(joined_type(field));
    for (const rp_node *qname = option->a; qname != NULL; qname = qname->next) {
        rp_field *target = target_field(program, field->module, qname);
        if (target == NULL) continue;
        bool fits = type->kind == RP_T_REF && type->entity == target->entity &&
                    type->entity->is_resource && target->kind == RP_FIELD_FACT &&
                    rp_type_is_text(rp_type_required(target->type));
        if (fits)
            field->joins[field->join_count++] = target;
        else if (type->kind != RP_T_POISON)
            RP_DIAG(program->diags, BAD_JOIN, qname->span, qname->text);
    }
}

static void resolve_field(rp_program *program, rp_field *field)
{
    if (field->kind != RP_FIELD_FACT || field->node == NULL) return;
    bool joins = false;
    for (const rp_node *option = field->node->c; option != NULL; option = option->next) {
        joins |= option->kind == RP_NODE_OPT_JOIN;
        if (option->kind == RP_NODE_OPT_JOIN) resolve_join(program, field, option);
    }
    const rp_type *type = rp_type_required(joined_type(field));
    bool reference = type->kind == RP_T_REF && type->entity->is_resource;
    if (reference && field->join_count == 0 && field->node->a != NULL) {
        if (!joins)
            RP_DIAG(program->diags, MISSING_JOIN, field->node->name, field->name,
                    type->entity->name);
        field->type = program->t_poison;
        return;
    }
    bool one = joined_type(field)->optional && field->type->kind == RP_T_REF;
    if (reference && field->weak && !one)
        RP_DIAG(program->diags, WEAK_REFERENCE, field->node->name, type->entity->name);
    if (reference && type->entity->from_file && !joined_type(field)->optional &&
        field->type->kind == RP_T_REF) {
        RP_DIAG(program->diags, FILE_REFERENCE, field->node->a->span, type->entity->name);
    }
}

// `x.reference`, `x.record.reference`, `x.records.reference`, perhaps behind the module's name.
static rp_field *inverse_of(rp_program *program, rp_field *field, const rp_node *qname)
{
    rp_meaning found;
    const rp_node *owner = qname->a;
    bool direct = owner != NULL && rp_scope_peek(field->module, RP_SPACE_TYPE,
                                                 owner->a != NULL ? owner->a->text : RP_STR_EMPTY,
                                                 owner->text, &found);
    if (direct || owner == NULL || owner->a == NULL)
        return target_field(program, field->module, qname);
    field->through = target_field(program, field->module, owner);
    const rp_type *record =
        field->through != NULL ? rp_type_required(joined_type(field->through)) : program->t_poison;
    if (record->kind != RP_T_REF || record->entity->is_resource) return NULL;
    return rp_scope_field(field->module, record->entity, qname->text);
}

static void resolve_relation(rp_program *program, rp_field *field)
{
    if (field->kind != RP_FIELD_RELATION || field->type->kind == RP_T_POISON) return;
    const rp_node *qname = field->node->b;
    const rp_type *element = field->type->kind == RP_T_LIST ? field->type->element : field->type;
    if (element->kind == RP_T_POISON) return;
    rp_field *inverse = inverse_of(program, field, qname);
    const rp_type *back =
        inverse != NULL ? rp_type_required(joined_type(inverse)) : program->t_poison;
    const rp_entity *holder = field->through != NULL ? field->through->entity
                              : inverse != NULL      ? inverse->entity
                                                     : NULL;
    bool fits = field->type->kind == RP_T_LIST && element->kind == RP_T_REF &&
                element->entity == holder && back->kind == RP_T_REF &&
                back->entity == field->entity &&
                (field->through == NULL || inverse->type->kind == RP_T_REF);
    if (!fits && inverse != NULL)
        RP_DIAG(program->diags, BAD_RELATION, qname->span, qname->text, field->entity->name);
    else if (!fits && field->through != NULL)
        RP_DIAG(program->diags, BAD_RELATION, qname->span, qname->text, field->entity->name);
    field->inverse = fits ? inverse : NULL;
    if (!fits) field->type = program->t_poison;
}

// What a call can be asked with: a member of an answer that is one text.
static bool is_text_fact(const rp_field *field)
{
    if (field == NULL || field->kind != RP_FIELD_FACT) return false;
    const rp_type *type = field->type;
    bool record = type != NULL && type->kind == RP_T_REF && !type->entity->is_resource;
    return type == NULL || (!record && (type->kind == RP_T_STRING || type->kind == RP_T_ENUM ||
                                        type->kind == RP_T_REF || type->kind == RP_T_POISON));
}

static void resolve_arg(rp_program *program, rp_schema_source *source, const rp_node *node,
                        rp_schema_arg *arg)
{
    rp_module *module = source->entity->module;
    const rp_node *value = node->a;
    arg->name = node->text;
    if (value->kind == RP_NODE_STRING) {
        arg->kind = RP_ARG_LITERAL;
        arg->literal = value->text;
    } else if (value->kind == RP_NODE_NAME) {
        arg->kind = RP_ARG_OWN;
        arg->field = rp_scope_field(module, source->entity, value->text);
    } else if (value->kind == RP_NODE_FIELD && value->a->kind == RP_NODE_NAME) {
        rp_meaning found;
        arg->kind = RP_ARG_OTHER;
        if (rp_scope_find(program, module, RP_SPACE_TYPE, RP_STR_EMPTY, value->a->text,
                          value->a->span, &found) &&
            found.entity != NULL) {
            arg->field = rp_scope_field(module, found.entity, value->text);
        }
    }
    if (arg->kind != RP_ARG_LITERAL && !is_text_fact(arg->field)) {
        arg->field = NULL;
        RP_DIAG(program->diags, BAD_ARGUMENT, value->span, node->text);
    }
}

static void resolve_source(rp_program *program, rp_schema_source *source)
{
    rp_schema_arg **last = &source->args;
    for (const rp_node *node = source->node->b; node != NULL; node = node->next) {
        if (source->kind == RP_SOURCE_FILE) break;
        rp_schema_arg *arg = RP_NEW(program->arena, rp_schema_arg);
        resolve_arg(program, source, node, arg);
        *last = arg;
        last = &arg->next;
    }
}

// A record that holds itself would have no end.
static void find_record_cycle(rp_program *program, rp_entity *entity)
{
    entity->record_state = RP_STATE_BUSY;
    for (rp_field *field = entity->fields; field != NULL; field = field->next) {
        const rp_type *type = rp_type_required(joined_type(field));
        if (field->kind != RP_FIELD_FACT || type->kind != RP_T_REF || type->entity->is_resource)
            continue;
        if (type->entity->record_state == RP_STATE_BUSY) {
            RP_DIAG(program->diags, RECORD_CYCLE, field->node->span, type->entity->name);
            field->type = program->t_poison;
        } else if (type->entity->record_state == RP_STATE_NEW) {
            find_record_cycle(program, type->entity);
        }
    }
    entity->record_state = RP_STATE_DONE;
}

#define EACH_ENTITY(program, entity)                                                               \
    for (rp_module *module_ = (program)->modules; module_ != NULL; module_ = module_->next)        \
        for (rp_entity *entity = module_->entities; entity != NULL; entity = entity->next)

static void resolve_entity(rp_program *program, rp_entity *entity)
{
    for (rp_field *field = entity->fields; field != NULL; field = field->next)
        resolve_field(program, field);
    for (rp_field *field = entity->fields; field != NULL; field = field->next)
        resolve_relation(program, field);
    for (rp_schema_source *source = entity->sources; source != NULL; source = source->next) {
        resolve_source(program, source);
    }
    if (entity->is_resource && entity->key == NULL && entity->unique == NULL) {
        RP_DIAG(program->diags, NO_KEY, entity->node->name, entity->name);
    }
}

void rp_schema_resolve(rp_program *program)
{
    rp_entity *region = region_entity(program);
    EACH_ENTITY(program, entity)
    {
        add_entity(program, entity, region);
    }
    for (rp_module *module = program->modules; module != NULL; module = module->next) {
        each_extension(program, module);
    }
    EACH_ENTITY(program, entity)
    {
        resolve_entity(program, entity);
    }
    EACH_ENTITY(program, entity)
    {
        if (!entity->is_resource && entity->record_state == RP_STATE_NEW)
            find_record_cycle(program, entity);
    }
}
