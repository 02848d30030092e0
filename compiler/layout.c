// Which tables, columns and lists a program reads: made when lowering meets them, so a bundle holds
// no more. Every table of a resource brings what reports need: its key, ARN, account and Region.
#include "compiler/ir.h"
#include "vm/base/text.h"

rp_ltable *rp_layout_new_table(rp_ir_program *ir, rp_str name, uint32_t kind)
{
    rp_ltable *table = RP_NEW(ir->arena, rp_ltable);
    *table = (rp_ltable){.name = name, .kind = kind};
    table->last_column = &table->columns;
    table->last_list = &table->lists;
    table->last_policy = &table->policies;
    table->last_message = &table->messages;
    *ir->last_table = table;
    ir->last_table = &table->next;
    return table;
}

rp_lcolumn *rp_layout_add_column(rp_ir_program *ir, rp_ltable *table, rp_str name, rp_ir_type type,
                                 uint32_t origin)
{
    rp_lcolumn *column = RP_NEW(ir->arena, rp_lcolumn);
    *column = (rp_lcolumn){.table = table, .name = name, .type = type, .origin = origin};
    *table->last_column = column;
    table->last_column = &column->next;
    return column;
}

rp_llist *rp_layout_add_list(rp_ir_program *ir, rp_ltable *owner, rp_str name, rp_ltable *element,
                             uint32_t kind)
{
    rp_llist *list = RP_NEW(ir->arena, rp_llist);
    *list = (rp_llist){.owner = owner, .name = name, .element = element, .kind = kind};
    if (owner == NULL) return list;
    *owner->last_list = list;
    owner->last_list = &list->next;
    return list;
}

rp_ir_type rp_ir_type_of(rp_ir_program *ir, const rp_type *type)
{
    rp_ir_type result = {.kind = rp_kind_of(type), .optional = type->optional};
    if (type->kind == RP_T_REF) result.table = rp_layout_entity(ir, type->entity);
    return result;
}

// ---- entities ----

static uint32_t table_flags(const rp_entity *entity)
{
    return (entity->is_region ? (uint32_t)RP_TABLE_REGION : 0) |
           (entity->from_file ? (uint32_t)RP_TABLE_FROM_FILE : 0);
}

static bool is_any(const rp_field *field, const rp_module *module)
{
    (void)field;
    (void)module;
    return true;
}

static rp_field *field_named(const rp_entity *entity, rp_str name)
{
    return rp_entity_field(entity, name, is_any, NULL);
}

static void add_report_columns(rp_ir_program *ir, rp_ltable *table, rp_entity *entity)
{
    rp_field *arn = field_named(entity, RP_STR("arn"));
    if (entity->key != NULL) table->key = rp_layout_column(ir, entity->key);
    if (entity->unique != NULL) table->unique = rp_layout_column(ir, entity->unique);
    if (arn != NULL && arn->kind == RP_FIELD_FACT) table->arn = rp_layout_column(ir, arn);
    if (entity->account != NULL) table->account = rp_layout_column(ir, entity->account);
    if (entity->region != NULL) table->region = rp_layout_column(ir, entity->region);
    if (table->key == NULL) table->key = table->unique;
}

// The members that tell which account a row belongs to, and the arguments of calls, are read too:
// also those that stand in rows of another type, for each of which such a call is made.
static void add_source_columns(rp_ir_program *ir, rp_entity *entity)
{
    rp_field *owner = field_named(entity, RP_STR("owner_id"));
    if (owner != NULL && owner->kind == RP_FIELD_FACT) rp_layout_column(ir, owner);
    for (rp_schema_source *source = entity->sources; source != NULL; source = source->next) {
        for (rp_schema_arg *arg = source->args; arg != NULL; arg = arg->next) {
            if (arg->field != NULL && arg->field->kind == RP_FIELD_FACT) {
                rp_layout_column(ir, arg->field);
            }
        }
    }
}

rp_ltable *rp_layout_entity(rp_ir_program *ir, rp_entity *entity)
{
    if (entity->layout != NULL) return entity->layout;
    rp_ltable *table = rp_layout_new_table(
        ir, entity->name, entity->is_resource ? RP_TABLE_RESOURCE : RP_TABLE_RECORD);
    entity->layout = table;
    table->entity = entity;
    table->flags = table_flags(entity);
    if (!entity->is_resource) return table;
    add_report_columns(ir, table, entity);
    add_source_columns(ir, entity);
    return table;
}

// ---- columns ----

static uint32_t column_flags(const rp_field *field)
{
    return (field->role & RP_FLAG_KEY ? (uint32_t)RP_COLUMN_KEY : 0) |
           (field->role & RP_FLAG_UNIQUE ? (uint32_t)RP_COLUMN_UNIQUE : 0) |
           (field->json ? (uint32_t)RP_COLUMN_JSON : 0) |
           (field->weak ? (uint32_t)RP_COLUMN_WEAK : 0);
}

static void lay_join_targets(rp_ir_program *ir, const rp_field *field)
{
    for (uint32_t i = 0; i < field->join_count; i++) rp_layout_column(ir, field->joins[i]);
}

rp_lcolumn *rp_layout_column(rp_ir_program *ir, rp_field *field)
{
    if (field->column != NULL) return field->column;
    rp_ltable *table = rp_layout_entity(ir, field->entity);
    if (field->column != NULL) return field->column; // a resource brings some with it
    uint32_t origin = field->kind == RP_FIELD_DERIVED ? RP_COLUMN_DERIVED : RP_COLUMN_FACT;
    rp_lcolumn *column = rp_layout_add_column(ir, table, field->name, (rp_ir_type){0}, origin);
    field->column = column;
    column->field = field;
    column->flags = column_flags(field);
    column->fallback = field->fallback;
    const rp_type *type = field->function != NULL ? field->function->type : field->type;
    column->type = rp_ir_type_of(ir, type);
    lay_join_targets(ir, field);
    return column;
}

// ---- lists ----

static rp_str joined_name(rp_ir_program *ir, rp_str a, const char *between, rp_str b)
{
    size_t middle = strlen(between);
    char *bytes = rp_arena_alloc(ir->arena, a.len + middle + b.len + 1);
    memcpy(bytes, a.ptr, a.len);
    memcpy(bytes + a.len, between, middle);
    if (b.len > 0) memcpy(bytes + a.len + middle, b.ptr, b.len);
    return (rp_str){bytes, a.len + middle + b.len};
}

static rp_ltable *element_table(rp_ir_program *ir, rp_ltable *owner, rp_field *field)
{
    const rp_type *element = field->type->element;
    bool map = field->type->kind == RP_T_MAP;
    bool rows = field->kind == RP_FIELD_RELATION ||
                (element->kind == RP_T_REF && !element->entity->is_resource);
    if (!map && rows) return rp_layout_entity(ir, element->entity);
    rp_ltable *table = rp_layout_new_table(ir, joined_name(ir, owner->name, ".", field->name),
                                           map ? RP_TABLE_ENTRIES : RP_TABLE_ELEMENTS);
    if (map) {
        rp_lcolumn *key = rp_layout_add_column(
            ir, table, RP_STR("key"), (rp_ir_type){.kind = RP_KIND_STRING}, RP_COLUMN_FACT);
        if (field->ignore_case) key->flags = RP_COLUMN_LOWER;
    }
    rp_lcolumn *value = rp_layout_add_column(ir, table, RP_STR("value"), rp_ir_type_of(ir, element),
                                             RP_COLUMN_FACT);
    value->field = field->kind == RP_FIELD_FACT ? field : NULL;
    lay_join_targets(ir, field);
    return table;
}

static void lay_relation(rp_ir_program *ir, rp_llist *list, const rp_field *field)
{
    rp_field *holder = field->through != NULL ? field->through : field->inverse;
    list->kind = RP_LIST_RELATION;
    rp_layout_leads(ir, field->type->element->entity);
    if (field->through != NULL) list->through = rp_layout_column(ir, field->inverse);
    if (holder->type->kind == RP_T_LIST) {
        list->by_list = rp_layout_list(ir, holder);
        list->flags |= RP_LIST_BY_LIST;
    } else {
        list->by_column = rp_layout_column(ir, holder);
        if (field->through != NULL) list->flags |= RP_LIST_BY_RECORD;
    }
}

rp_llist *rp_layout_list(rp_ir_program *ir, rp_field *field)
{
    if (field->list != NULL) return field->list;
    rp_ltable *owner = rp_layout_entity(ir, field->entity);
    if (field->list != NULL) return field->list;
    uint32_t kind = field->type->kind == RP_T_MAP ? RP_LIST_MAP : RP_LIST_FACT;
    rp_llist *list = rp_layout_add_list(ir, owner, field->name, NULL, kind);
    field->list = list;
    list->field = field;
    list->flags = (field->empty_default ? (uint32_t)RP_LIST_EMPTY : 0) |
                  (field->json ? (uint32_t)RP_LIST_JSON : 0) |
                  (field->ignore_case ? (uint32_t)RP_LIST_LOWER : 0);
    list->element = element_table(ir, owner, field);
    if (field->kind == RP_FIELD_RELATION) lay_relation(ir, list, field);
    if (kind == RP_LIST_MAP && rp_str_equal(field->name, RP_STR("tags"))) owner->tags = list;
    return list;
}

rp_lcolumn *rp_layout_first_column(rp_ltable *table)
{
    return table->columns;
}

// ---- text columns ----

static rp_str text_name(rp_ir_program *ir, rp_str source, uint32_t op, rp_str argument)
{
    static const char *const names[] = {
        "",     "lower",         "split",       "after",      "number",      "version",
        "cidr", "arn_partition", "arn_service", "arn_region", "arn_account", "arn_resource"};
    rp_str name = joined_name(ir, source, "#", rp_str_from(names[op]));
    return argument.len > 0 ? joined_name(ir, name, ":", argument) : name;
}

rp_lcolumn *rp_layout_text_column(rp_ir_program *ir, rp_lcolumn *source, uint32_t op,
                                  rp_str argument, bool has_argument, rp_kind kind, bool optional)
{
    for (rp_lcolumn *column = source->table->columns; column != NULL; column = column->next) {
        if (column->text_source == source && column->text_op == op &&
            rp_str_equal(column->text_argument, argument))
            return column;
    }
    rp_ir_type type = {.kind = kind, .optional = optional || source->type.optional};
    rp_lcolumn *column = rp_layout_add_column(
        ir, source->table, text_name(ir, source->name, op, argument), type, RP_COLUMN_TEXT);
    column->text_source = source;
    column->text_op = op;
    column->text_argument = argument;
    column->text_has_argument = has_argument;
    return column;
}

rp_llist *rp_layout_text_list(rp_ir_program *ir, rp_lcolumn *source, rp_str argument)
{
    for (rp_llist *list = source->table->lists; list != NULL; list = list->next) {
        if (list->text_source == source && rp_str_equal(list->text_argument, argument)) return list;
    }
    rp_str name = text_name(ir, source->name, RP_TEXT_SPLIT, argument);
    rp_ltable *element =
        rp_layout_new_table(ir, joined_name(ir, source->table->name, ".", name), RP_TABLE_ELEMENTS);
    element->of_run = true;
    rp_layout_add_column(ir, element, RP_STR("value"), (rp_ir_type){.kind = RP_KIND_STRING},
                         RP_COLUMN_FACT);
    rp_llist *list = rp_layout_add_list(ir, source->table, name, element, RP_LIST_TEXT);
    list->text_source = source;
    list->text_argument = argument;
    return list;
}

// ---- constants and parameters ----

static rp_str numbered(rp_ir_program *ir, const char *prefix, uint32_t number)
{
    char digits[RP_TEXT_MAX];
    return joined_name(ir, rp_str_from(prefix), "",
                       (rp_str){digits, rp_text_print_int(number, digits)});
}

static bool same_cells(const rp_ltable *table, const rp_value *values, uint32_t count)
{
    if (table->row_count != count) return false;
    for (uint32_t i = 0; i < count; i++) {
        const rp_value *cell = &table->columns->cells[i];
        if (cell->number != values[i].number || !rp_str_equal(cell->text, values[i].text))
            return false;
        if (memcmp(&cell->real, &values[i].real, sizeof cell->real) != 0) return false;
    }
    return true;
}

rp_llist *rp_layout_const_list(rp_ir_program *ir, const rp_value *values, uint32_t count,
                               rp_kind kind)
{
    uint32_t number = 0;
    for (rp_ltable *table = ir->tables; table != NULL; table = table->next) {
        number += table->kind == RP_TABLE_CONST;
        if (table->kind == RP_TABLE_CONST && table->columns->type.kind == kind &&
            same_cells(table, values, count))
            return table->lists;
    }
    rp_ltable *table = rp_layout_new_table(ir, numbered(ir, "constants ", number), RP_TABLE_CONST);
    rp_layout_add_column(ir, table, RP_STR("value"), (rp_ir_type){.kind = kind}, RP_COLUMN_CONST);
    table->columns->cells = RP_NEW_ARRAY(ir->arena, rp_value, count);
    if (count > 0) memcpy(table->columns->cells, values, count * sizeof *values);
    table->row_count = count;
    rp_llist *list = rp_layout_add_list(ir, NULL, table->name, table, RP_LIST_CONST);
    list->end = count;
    table->lists = list; // found again through its table; written as an ownerless list
    return list;
}

rp_llist *rp_layout_param_list(rp_ir_program *ir, rp_param_decl *param)
{
    for (rp_ltable *table = ir->tables; table != NULL; table = table->next) {
        if (table->lists != NULL && table->lists->kind == RP_LIST_PARAM &&
            table->lists->param == param)
            return table->lists;
    }
    rp_ltable *table = rp_layout_new_table(
        ir, joined_name(ir, param->module->name, ".", param->name), RP_TABLE_ELEMENTS);
    table->of_run = true;
    rp_layout_add_column(ir, table, RP_STR("value"), rp_ir_type_of(ir, param->type->element),
                         RP_COLUMN_FACT);
    rp_llist *list = rp_layout_add_list(ir, NULL, table->name, table, RP_LIST_PARAM);
    list->param = param;
    table->lists = list;
    return list;
}
