// What leads to rows that are asked for by key.
//
// Nobody lists such rows: which there are is known only from the references of other rows. A bundle
// that judges them holds all fields of the schema that may mention one, whether a policy reads them
// or not: without them the rows that there are would be those that happened to be read, and the
// rest would not even be unknown (vm/seal_keys.c, collectors/live/plan.c).
#include "compiler/ir.h"

static bool feeds(const rp_field *field, const rp_schema_source *source)
{
    for (const rp_field_path *path = field != NULL ? field->paths : NULL; path != NULL;
         path = path->next) {
        if (path->source == source) return true;
    }
    return false;
}

// As is_keyed in vm/seal_keys.c.
static bool is_keyed(const rp_entity *entity)
{
    bool keyed = false, listed = false, named = false;
    for (const rp_schema_source *source = entity->sources; source != NULL; source = source->next) {
        if (source->kind == RP_SOURCE_EACH || source->kind == RP_SOURCE_FILE) return false;
        keyed |= source->kind == RP_SOURCE_KEY;
        listed |= source->kind == RP_SOURCE_LIST;
        named |= source->kind == RP_SOURCE_GROUP &&
                 feeds(entity->key != NULL ? entity->key : entity->unique, source);
    }
    return named || (keyed && !listed);
}

static bool holds(const rp_field *field, const rp_entity *entity)
{
    if (field->kind != RP_FIELD_FACT) return false;
    const rp_type *type = field->type;
    if (type->kind == RP_T_LIST || type->kind == RP_T_MAP) type = type->element;
    return type->kind == RP_T_REF && type->entity == entity && field != field->entity->region;
}

static void lay_field(rp_ir_program *ir, rp_field *field)
{
    bool list = field->type->kind == RP_T_LIST || field->type->kind == RP_T_MAP;
    if (list) {
        (void)rp_layout_list(ir, field);
    } else {
        (void)rp_layout_column(ir, field);
    }
}

static void lay_leads(rp_ir_program *ir, rp_entity *target);

// Fields that hold references to a type, or records that do.
static void lay_leads_of(rp_ir_program *ir, rp_entity *entity, const rp_entity *target)
{
    bool any = false;
    for (rp_field *field = entity->fields; field != NULL; field = field->next) {
        if (!holds(field, target)) continue;
        lay_field(ir, field);
        any = true;
    }
    if (any && (!entity->is_resource || is_keyed(entity))) lay_leads(ir, entity);
}

static void lay_leads(rp_ir_program *ir, rp_entity *target)
{
    if (target->has_leads) return;
    target->has_leads = true;
    for (rp_module *module = ir->program->modules; module != NULL; module = module->next) {
        for (rp_entity *entity = module->entities; entity != NULL; entity = entity->next) {
            lay_leads_of(ir, entity, target);
        }
    }
}

void rp_layout_leads(rp_ir_program *ir, rp_entity *entity)
{
    if (is_keyed(entity)) lay_leads(ir, entity);
}
