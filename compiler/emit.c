// Records of a bundle from layout, schedule and declarations. Sections are filled table by table,
// so that the columns, lists and sources of one table stand together.
#include "compiler/emit.h"
#include "compiler/schedule.h"

typedef struct emission {
    rp_ir_program *ir;
    rp_image *image;
    uint32_t param_count;
    rp_index consts;       // const_at, by their bits
    bool too_wide;         // an index that an instruction names does not fit into it
    uint32_t *bases;       // of each file: where it begins if all stood one behind the other
    uint32_t *source_at;   // per source of the tables' entities: its index, or RP_NONE
    uint32_t *source_seen; // per index: see `reading`
} emission;

#define ADD(e, SECTION, record)                                                                    \
    rp_image_add((e)->image, RP_SECTION_##SECTION, &(record), sizeof(record))

static uint32_t string(emission *e, rp_str text)
{
    return rp_image_string(e->image, text);
}
static uint32_t string_0(emission *e, rp_str text)
{
    return rp_image_string_0(e->image, text);
}

static uint32_t type_word(rp_ir_type type)
{
    return RP_TYPE(type.kind, type.optional, type.table != NULL ? type.table->index : 0);
}

// ---- constants ----

typedef struct const_at {
    rp_rec_const record;
    uint32_t index;
} const_at;

static uint32_t add_const(emission *e, const rp_value *value, rp_kind kind)
{
    rp_rec_const record = {.type = RP_TYPE(kind, 0, 0)};
    uint64_t bits = (uint64_t)value->number;
    switch (kind) {
    case RP_KIND_FLOAT: memcpy(&bits, &value->real, sizeof bits); break;
    case RP_KIND_STRING:
    case RP_KIND_CIDR:
    case RP_KIND_VERSION: bits = string(e, value->text); break;
    default: break;
    }
    record.lo = (uint32_t)bits;
    record.hi = (uint32_t)(bits >> 32);
    uint64_t hash = rp_index_mix(record.type, bits);
    const rp_index_entry *at = rp_index_first(&e->consts, hash);
    for (; at != NULL; at = rp_index_next(at)) {
        const const_at *known = at->thing;
        if (memcmp(&known->record, &record, sizeof record) == 0) return known->index;
    }
    const_at *made = RP_NEW(e->ir->arena, const_at);
    *made = (const_at){record, ADD(e, CONST, record)};
    rp_index_add(e->ir->arena, &e->consts, hash, made);
    return made->index;
}

static uint32_t const_0(emission *e, const rp_value *value, const rp_type *type)
{
    if (value == NULL || value->absent) return RP_NONE;
    return add_const(e, value, rp_kind_of(type));
}

static uint32_t add_items(emission *e, const rp_value *values, uint32_t count, rp_kind kind)
{
    uint32_t first = e->image->counts[RP_SECTION_ITEM];
    for (uint32_t i = 0; i < count; i++) {
        rp_rec_item item = {values[i].absent ? RP_NONE : add_const(e, &values[i], kind)};
        ADD(e, ITEM, item);
    }
    return first;
}

// ---- indices, before anything is written ----

static bool is_written(const rp_lcolumn *column)
{
    return column->origin != RP_COLUMN_DERIVED || column->stored;
}

static void number_layout(emission *e)
{
    uint32_t tables = 0;
    uint32_t columns = 0;
    uint32_t lists = 0;
    for (rp_ltable *table = e->ir->tables; table != NULL; table = table->next) {
        table->index = tables++;
        for (rp_lcolumn *column = table->columns; column != NULL; column = column->next) {
            if (is_written(column)) column->index = columns++;
        }
        for (rp_llist *list = table->lists; list != NULL && list->owner != NULL; list = list->next)
            list->index = lists++;
    }
    for (rp_ltable *table = e->ir->tables; table != NULL; table = table->next) {
        if (table->lists != NULL && table->lists->owner == NULL) table->lists->index = lists++;
    }
}

static void number_declarations(emission *e)
{
    uint32_t policies = 0;
    uint32_t sets = 0;
    for (rp_ir_set *set = e->ir->sets; set != NULL; set = set->next) set->index = sets++;
    for (rp_ir_policy *policy = e->ir->policies; policy != NULL; policy = policy->next)
        policy->decl->index = policies++;
    for (rp_module *module = e->ir->program->modules; module != NULL; module = module->next) {
        for (rp_param_decl *param = module->params; param != NULL; param = param->next)
            param->index = e->param_count++;
    }
}

// ---- schema ----

// Whether a column is read from answers.
static bool has_paths(const rp_lcolumn *column)
{
    return column->table->entity != NULL && column->origin == RP_COLUMN_FACT;
}

static bool is_fact_list(const rp_llist *list)
{
    return list->kind == RP_LIST_FACT || list->kind == RP_LIST_MAP;
}

// The place of a source among all of the schema's that the bundle's tables have.
static uint32_t source_place(const rp_schema_source *source)
{
    return source->entity->layout->first_source + source->index;
}

// Counts them.
static uint32_t place_sources(emission *e)
{
    uint32_t count = 0;
    for (rp_ltable *table = e->ir->tables; table != NULL; table = table->next) {
        table->first_source = count;
        if (table->entity != NULL) count += table->entity->source_count;
    }
    return count;
}

static uint32_t source_index(emission *e, const rp_schema_source *source)
{
    return source == NULL ? RP_NONE : e->source_at[source_place(source)];
}

static void mark_sources(emission *e, const rp_field *field)
{
    for (const rp_field_path *path = field != NULL ? field->paths : NULL; path != NULL;
         path = path->next) {
        if (path->source != NULL) e->source_at[source_place(path->source)] = 0;
    }
}

static void mark_table(emission *e, const rp_ltable *table)
{
    for (const rp_lcolumn *c = table->columns; c != NULL; c = c->next) {
        if (is_written(c) && has_paths(c)) mark_sources(e, c->field);
    }
    for (const rp_llist *l = table->lists; l != NULL && l->owner != NULL; l = l->next) {
        if (is_fact_list(l)) mark_sources(e, l->field);
    }
}

// Which sources the bundle has: those that give rows, and of those that only give fields those of
// which a field is in it. Others would be asked for nothing.
static void number_sources(emission *e)
{
    uint32_t total = place_sources(e), place = 0, count = 0;
    e->source_at = RP_NEW_ARRAY(e->ir->arena, uint32_t, total);
    for (uint32_t i = 0; i < total; i++) e->source_at[i] = RP_NONE;
    for (const rp_ltable *table = e->ir->tables; table != NULL; table = table->next)
        mark_table(e, table);
    for (const rp_ltable *table = e->ir->tables; table != NULL; table = table->next) {
        const rp_schema_source *source = table->entity != NULL ? table->entity->sources : NULL;
        for (; source != NULL; source = source->next, place++) {
            bool has = source->kind != RP_SOURCE_GROUP || e->source_at[place] != RP_NONE;
            e->source_at[place] = has ? count++ : RP_NONE;
        }
    }
    e->source_seen = RP_NEW_ARRAY(e->ir->arena, uint32_t, count);
}

static uint32_t add_paths(emission *e, const rp_field *field, uint32_t *count)
{
    uint32_t first = e->image->counts[RP_SECTION_PATH];
    for (const rp_field_path *path = field != NULL ? field->paths : NULL; path != NULL;
         path = path->next) {
        rp_rec_path record = {source_index(e, path->source), e->image->counts[RP_SECTION_STEP],
                              path->count};
        for (uint32_t i = 0; i < path->count; i++) {
            rp_rec_step step = {path->steps[i].kind, string_0(e, path->steps[i].name),
                                string_0(e, path->steps[i].value)};
            ADD(e, STEP, step);
        }
        ADD(e, PATH, record);
        ++*count;
    }
    return first;
}

static uint32_t field_source(emission *e, const rp_field *field)
{
    return field != NULL && field->paths != NULL ? source_index(e, field->paths->source) : RP_NONE;
}

static uint32_t joined_column(const rp_field *target)
{
    return target->column != NULL ? target->column->index : RP_NONE;
}

static void add_joins(emission *e, const rp_lcolumn *column, rp_rec_column *record)
{
    record->first_join = e->image->counts[RP_SECTION_JOIN];
    if (column->field == NULL || column->type.kind != RP_KIND_REF ||
        column->origin != RP_COLUMN_FACT)
        return;
    for (uint32_t i = 0; i < column->field->join_count; i++) {
        rp_rec_join join = {joined_column(column->field->joins[i])};
        ADD(e, JOIN, join);
        record->join_count++;
    }
}

static void add_column(emission *e, const rp_lcolumn *column)
{
    bool whole = has_paths(column);
    rp_rec_column record = {.table = column->table->index,
                            .name = string(e, column->name),
                            .type = type_word(column->type),
                            .origin = column->origin,
                            .flags = column->flags,
                            .source = whole ? field_source(e, column->field) : RP_NONE,
                            .fallback = whole && column->fallback != NULL
                                            ? const_0(e, column->fallback, column->field->type)
                                            : RP_NONE};
    add_joins(e, column, &record);
    record.first_path = add_paths(e, whole ? column->field : NULL, &record.path_count);
    ADD(e, COLUMN, record);
}

static void add_list(emission *e, const rp_llist *list)
{
    rp_rec_list record = {.owner = list->owner != NULL ? list->owner->index : RP_NONE,
                          .name = string(e, list->name),
                          .element = list->element->index,
                          .kind = list->kind,
                          .flags = list->flags,
                          .a = RP_NONE,
                          .b = RP_NONE};
    bool fact = is_fact_list(list);
    record.source = fact ? field_source(e, list->field) : RP_NONE;
    if (list->kind == RP_LIST_RELATION)
        record.a = list->by_list != NULL ? list->by_list->index : list->by_column->index;
    if (list->through != NULL) record.b = list->through->index;
    if (list->kind == RP_LIST_CONST) record.a = list->begin;
    if (list->kind == RP_LIST_CONST) record.b = list->end;
    if (list->kind == RP_LIST_PARAM) record.a = list->param->index;
    record.first_path = add_paths(e, fact ? list->field : NULL, &record.path_count);
    ADD(e, LIST, record);
}

static rp_str iam_action(emission *e, const rp_schema_source *source)
{
    size_t size = source->service.len + 1 + source->operation.len;
    char *bytes = rp_arena_alloc(e->ir->arena, size + 1);
    memcpy(bytes, source->service.ptr, source->service.len);
    bytes[source->service.len] = ':';
    memcpy(bytes + source->service.len + 1, source->operation.ptr, source->operation.len);
    return (rp_str){bytes, size};
}

static void add_source(emission *e, const rp_ltable *table, const rp_schema_source *source)
{
    rp_rec_source record = {.table = table->index,
                            .kind = source->kind,
                            .service = string(e, source->service),
                            .operation = string(e, source->operation),
                            .member = string_0(e, source->member),
                            .action = string(e, iam_action(e, source)),
                            .first_arg = e->image->counts[RP_SECTION_ARG]};
    for (const rp_schema_arg *arg = source->args; arg != NULL; arg = arg->next) {
        rp_rec_arg made = {string(e, arg->name), arg->kind, 0};
        made.value =
            arg->kind == RP_ARG_LITERAL ? string(e, arg->literal) : joined_column(arg->field);
        ADD(e, ARG, made);
        record.arg_count++;
    }
    ADD(e, SOURCE, record);
}

static void add_table(emission *e, const rp_ltable *table)
{
    const rp_image *image = e->image;
    rp_rec_table record = {.name = string(e, table->name),
                           .kind = table->kind,
                           .flags = table->flags,
                           .first_column = image->counts[RP_SECTION_COLUMN],
                           .first_list = image->counts[RP_SECTION_LIST],
                           .first_source = image->counts[RP_SECTION_SOURCE]};
    record.type_name = table->entity != NULL ? string_0(e, table->entity->type_name) : RP_NONE;
    record.key = table->key != NULL ? table->key->index : RP_NONE;
    record.unique = table->unique != NULL ? table->unique->index : RP_NONE;
    record.arn = table->arn != NULL ? table->arn->index : RP_NONE;
    record.account = table->account != NULL ? table->account->index : RP_NONE;
    record.region = table->region != NULL ? table->region->index : RP_NONE;
    record.tags = table->tags != NULL ? table->tags->index : RP_NONE;
    for (const rp_lcolumn *column = table->columns; column != NULL; column = column->next) {
        if (!is_written(column)) continue;
        add_column(e, column);
        record.column_count++;
    }
    for (const rp_llist *list = table->lists; list != NULL && list->owner != NULL;
         list = list->next) {
        add_list(e, list);
        record.list_count++;
    }
    for (const rp_schema_source *source = table->entity != NULL ? table->entity->sources : NULL;
         source != NULL; source = source->next) {
        if (source_index(e, source) == RP_NONE) continue;
        add_source(e, table, source);
        record.source_count++;
    }
    record.first_cell = e->image->counts[RP_SECTION_ITEM];
    for (uint32_t row = 0; row < table->row_count; row++) {
        for (const rp_lcolumn *column = table->columns; column != NULL; column = column->next) {
            add_items(e, &column->cells[row], 1, column->type.kind);
            record.cell_count++;
        }
    }
    ADD(e, TABLE, record);
}

static void add_text(emission *e, const rp_lcolumn *column)
{
    rp_value argument = {.text = column->text_argument};
    rp_rec_text record = {.op = column->text_op,
                          .column = column->text_source->index,
                          .param = RP_NONE,
                          .result = column->index,
                          .list = RP_NONE};
    record.argument = column->text_has_argument ? add_const(e, &argument, RP_KIND_STRING) : RP_NONE;
    ADD(e, TEXT, record);
}

static void add_text_list(emission *e, const rp_llist *list)
{
    rp_value argument = {.text = list->text_argument};
    rp_rec_text record = {.op = RP_TEXT_SPLIT,
                          .column = list->text_source->index,
                          .param = RP_NONE,
                          .result = RP_NONE,
                          .list = list->index};
    record.argument = add_const(e, &argument, RP_KIND_STRING);
    ADD(e, TEXT, record);
}

// Columns before lists: a list is split from a column that may be computed itself. The table of the
// parts comes behind the table that is split, and with it functions of the parts.
static void add_texts(emission *e)
{
    for (const rp_ltable *table = e->ir->tables; table != NULL; table = table->next) {
        for (const rp_lcolumn *column = table->columns; column != NULL; column = column->next) {
            if (column->origin == RP_COLUMN_TEXT) add_text(e, column);
        }
        for (const rp_llist *list = table->lists; list != NULL && list->owner != NULL;
             list = list->next) {
            if (list->kind == RP_LIST_TEXT) add_text_list(e, list);
        }
    }
}

static void add_schema(emission *e)
{
    number_sources(e);
    for (const rp_ltable *table = e->ir->tables; table != NULL; table = table->next)
        add_table(e, table);
    for (const rp_ltable *table = e->ir->tables; table != NULL; table = table->next) {
        if (table->lists != NULL && table->lists->owner == NULL) add_list(e, table->lists);
    }
    add_texts(e);
}

// ---- parameters ----

static void add_param(emission *e, const rp_param_decl *param)
{
    bool list = param->type->kind == RP_T_LIST;
    const rp_type *type = list ? param->type->element : param->type;
    rp_kind kind = rp_kind_of(type);
    rp_rec_param record = {.name = string(e, param->name),
                           .module = string(e, param->module->name),
                           .type = RP_TYPE(kind, type->optional, 0),
                           .fallback = RP_NONE,
                           .allowed = RP_NONE};
    record.flags = (list ? (uint32_t)RP_PARAM_LIST : 0) |
                   (param->has_default ? (uint32_t)RP_PARAM_HAS_DEFAULT : 0);
    if (list) {
        record.first_item = add_items(e, param->values, param->value_count, kind);
        record.item_count = param->value_count;
    } else if (param->has_default) {
        record.fallback = const_0(e, &param->values[0], type);
    }
    record.min = const_0(e, param->min, type);
    record.max = const_0(e, param->max, type);
    if (param->allowed != NULL) {
        rp_rec_set set = {add_items(e, param->allowed, param->allowed_count, kind),
                          param->allowed_count, RP_NONE};
        record.allowed = ADD(e, SET, set);
    }
    record.size_min = param->has_size ? (uint32_t)param->size_min : 0;
    record.size_max = param->has_size ? (uint32_t)param->size_max : RP_NONE;
    ADD(e, PARAM, record);
}

static void add_params(emission *e)
{
    for (const rp_module *module = e->ir->program->modules; module != NULL; module = module->next) {
        for (const rp_param_decl *param = module->params; param != NULL; param = param->next)
            add_param(e, param);
    }
}

static void add_sets(emission *e)
{
    for (rp_ir_set *set = e->ir->sets; set != NULL; set = set->next) {
        rp_rec_set record = {add_items(e, set->values, set->count, set->kind), set->count,
                             set->param != NULL ? set->param->index : RP_NONE};
        ADD(e, SET, record);
    }
}

// ---- the program ----

// Whether an index does not fit into an operand.
static bool is_too_wide(uint32_t operand)
{
    return operand >= RP_INSN_NONE && operand != RP_NONE;
}

static uint32_t sink_add(void *ctx, rp_op op, rp_ir_type type, uint32_t a, uint32_t b, uint32_t c,
                         rp_span span)
{
    emission *e = ctx;
    const rp_ltable *names = rp_op_get(op)->result == RP_RESULT_TYPED ? type.table : NULL;
    if (names != NULL) c = names->index;
    rp_rec_insn record = {RP_INSN_HEAD(op, type_word(type), a), RP_INSN_TAIL(b, c)};
    e->too_wide |= is_too_wide(a) || is_too_wide(b) || is_too_wide(c);
    rp_rec_place place = {RP_NONE};
    if (span.end != 0) place.at = e->bases[span.file] + span.begin;
    ADD(e, PLACE, place);
    return ADD(e, INSN, record);
}

static uint32_t sink_index(void *ctx, const rp_ir *value)
{
    emission *e = ctx;
    const void *arg = value->arg;
    switch (value->op) {
    case RP_OP_CONST: {
        const rp_ir_const *constant = arg;
        return add_const(e, &constant->value, constant->kind);
    }
    case RP_OP_PARAM: return ((const rp_param_decl *)arg)->index;
    case RP_OP_UNKNOWN: {
        rp_value reason = {.text = ((const rp_ir_text *)arg)->text};
        return add_const(e, &reason, RP_KIND_STRING);
    }
    case RP_OP_IN_SET: return ((const rp_ir_set *)arg)->index;
    case RP_OP_LOOKUP: return ((const rp_llist *)arg)->index;
    default: return ((const rp_lcolumn *)arg)->index;
    }
}

static uint32_t sink_table(void *ctx, const rp_ltable *table)
{
    (void)ctx;
    return table->index;
}

static uint32_t sink_column(void *ctx, const rp_lcolumn *column)
{
    (void)ctx;
    return column->index;
}

static uint32_t sink_list(void *ctx, const rp_llist *list)
{
    (void)ctx;
    return list->index;
}

static void sink_policy(void *ctx, rp_ir_policy *policy)
{
    for (rp_ir_clause *clause = policy->clauses; clause != NULL; clause = clause->next)
        clause->insn = clause->value->insn;
    sink_add(ctx, RP_OP_EMIT, (rp_ir_type){.kind = RP_KIND_NONE}, policy->decl->index, RP_NONE,
             RP_NONE, (rp_span){0, 0, 0});
}

// ---- messages ----

static uint32_t add_template(emission *e, const rp_ir_message *message)
{
    rp_rec_template record = {e->image->counts[RP_SECTION_PIECE], message->piece_count};
    for (uint32_t i = 0; i < message->piece_count; i++) {
        const rp_ir_piece *piece = &message->pieces[i];
        rp_rec_piece made = {RP_NONE, RP_NONE, RP_NONE, RP_NONE, piece->style};
        if (piece->is_text)
            made.text = string(e, piece->text);
        else if (piece->value != NULL)
            made.value = piece->value->insn;
        else if (piece->param != NULL)
            made.param = piece->param->index;
        else
            made.constant = add_const(e, &piece->constant->value, piece->constant->kind);
        ADD(e, PIECE, made);
    }
    return ADD(e, TEMPLATE, record);
}

static uint32_t add_message(emission *e, rp_ir_message *message)
{
    if (message == NULL) return RP_NONE;
    rp_rec_message record = {.frame = message->frame != NULL ? message->frame->first_insn : RP_NONE,
                             .template = add_template(e, message),
                             .first_witness = e->image->counts[RP_SECTION_WITNESS]};
    for (const rp_ir_witness *witness = message->witnesses; witness != NULL;
         witness = witness->next) {
        rp_rec_witness made = {string(e, witness->name), witness->value->insn};
        ADD(e, WITNESS, made);
        record.witness_count++;
    }
    return ADD(e, MESSAGE, record);
}

// ---- what a policy reads ----

// Everything that is come across has the number of the walk that saw it last.
typedef struct reading {
    emission *e;
    uint32_t walk;
    const rp_ltable *table;
    uint32_t policy;
    bool observed; // collect what the judged row itself says, else needs
    uint32_t count;
} reading;

static bool is_new(const reading *reader, uint32_t *seen)
{
    bool first = *seen != reader->walk;
    *seen = reader->walk;
    return first;
}

static void add_need(const reading *reader, uint32_t kind, uint32_t index)
{
    rp_rec_need record = {reader->policy, kind, index};
    ADD(reader->e, NEED, record);
}

static void need_param(const reading *reader, rp_param_decl *param)
{
    if (param != NULL && !reader->observed && is_new(reader, &param->seen))
        add_need(reader, RP_NEED_PARAM, param->index);
}

static void need_source(const reading *reader, const rp_schema_source *source)
{
    uint32_t index = source_index(reader->e, source);
    if (index != RP_NONE && is_new(reader, &reader->e->source_seen[index]))
        add_need(reader, RP_NEED_SOURCE, index);
}

static void need_field(const reading *reader, const rp_field *field)
{
    for (const rp_field_path *path = field != NULL ? field->paths : NULL; path != NULL;
         path = path->next) {
        need_source(reader, path->source);
    }
}

// What lists a type; if that is asked for each row of another, what lists those, too.
static void need_entity(const reading *reader, const rp_entity *entity)
{
    const rp_schema_source *source = entity != NULL ? entity->sources : NULL;
    if (source == NULL || source->kind == RP_SOURCE_GROUP) return;
    need_source(reader, source);
    for (const rp_schema_arg *arg = source->args; arg != NULL; arg = arg->next) {
        if (arg->kind == RP_ARG_OTHER && arg->field->entity != entity)
            need_entity(reader, arg->field->entity);
    }
}

static void need_table(const reading *reader, rp_ltable *table)
{
    if (is_new(reader, &table->seen)) need_entity(reader, table->entity);
}

static void need_column(const reading *reader, rp_lcolumn *column)
{
    if (!is_new(reader, &column->seen)) return;
    if (column->origin == RP_COLUMN_FACT) add_need(reader, RP_NEED_COLUMN, column->index);
    need_field(reader, column->field);
    need_table(reader, column->table);
    if (column->type.table != NULL) need_table(reader, column->type.table);
}

static void observe(reading *reader, const rp_ir *value, rp_lcolumn *column)
{
    bool own = value->op == RP_OP_LOAD && column->table == reader->table &&
               column->origin == RP_COLUMN_FACT;
    if (!own || column->type.kind == RP_KIND_REF || !is_new(reader, &column->seen)) return;
    rp_rec_observed record = {column->index};
    ADD(reader->e, OBSERVED, record);
    reader->count++;
}

static void read_value(reading *reader, rp_ir *value);

static void read_column(reading *reader, const rp_ir *value, rp_lcolumn *column)
{
    while (column->text_source != NULL) column = column->text_source;
    if (column->origin == RP_COLUMN_DERIVED)
        read_value(reader, column->definition);
    else if (reader->observed)
        observe(reader, value, column);
    else
        need_column(reader, column);
}

static void read_list(const reading *reader, rp_llist *list)
{
    if (reader->observed || list->kind == RP_LIST_TEXT || !is_new(reader, &list->seen)) return;
    if (list->kind == RP_LIST_PARAM) need_param(reader, list->param);
    if (list->owner != NULL) add_need(reader, RP_NEED_LIST, list->index);
    need_field(reader, list->field);
    if (list->by_column != NULL) need_field(reader, list->by_column->field);
    if (list->by_list != NULL) need_field(reader, list->by_list->field);
    if (list->owner != NULL) need_table(reader, list->owner);
    need_table(reader, list->element);
}

static void read_frames(reading *reader, rp_frame *frame)
{
    for (; frame->parent != NULL && is_new(reader, &frame->seen); frame = frame->parent) {
        if (frame->list != NULL) read_list(reader, frame->list);
        if (frame->index != NULL) read_value(reader, frame->index);
    }
}

// What an instruction is about, other than its operands.
static void read_argument(reading *reader, const rp_ir *value)
{
    void *about = (void *)(uintptr_t)value->arg;
    switch (value->op) {
    case RP_OP_LOAD:
    case RP_OP_GATHER: read_column(reader, value, about); break;
    case RP_OP_LOOKUP: read_list(reader, about); break;
    case RP_OP_PARAM: need_param(reader, about); break;
    case RP_OP_IN_SET: need_param(reader, ((const rp_ir_set *)about)->param); break;
    default: break;
    }
}

static void read_value(reading *reader, rp_ir *value)
{
    if (!is_new(reader, &value->seen)) return;
    read_argument(reader, value);
    for (int i = 0; i < 3; i++) {
        if (value->in[i] != NULL) read_value(reader, value->in[i]);
    }
    if (value->child != NULL) read_frames(reader, value->child);
}

static void add_needs(emission *e, const rp_ir_policy *policy)
{
    reading reader = {
        .e = e, .walk = ++e->ir->seen, .table = policy->table, .policy = policy->decl->index};
    need_table(&reader, policy->table);
    for (const rp_ir_clause *clause = policy->clauses; clause != NULL; clause = clause->next)
        read_value(&reader, clause->value);
}

// ---- policies ----

static rp_position position(emission *e, rp_span span)
{
    return rp_sources_position(e->ir->program->sources, span.file, span.begin);
}

static void add_clause(emission *e, const rp_ir_policy *policy, const rp_ir_clause *clause)
{
    rp_position at = position(e, clause->clause->span);
    rp_rec_clause record = {.kind = clause->clause->is_when ? RP_CLAUSE_WHEN : RP_CLAUSE_REQUIRE,
                            .value = clause->insn,
                            .message = add_message(e, clause->message),
                            .first_observed = e->image->counts[RP_SECTION_OBSERVED],
                            .file = clause->clause->span.file,
                            .line = at.line,
                            .column = at.column};
    if (!clause->clause->is_when) {
        reading reader = {.e = e, .walk = ++e->ir->seen, .table = policy->table, .observed = true};
        read_value(&reader, clause->value);
        record.observed_count = reader.count;
    }
    ADD(e, CLAUSE, record);
}

static uint32_t add_labels(emission *e, const rp_label *label, uint32_t *count)
{
    uint32_t first = e->image->counts[RP_SECTION_LABEL];
    for (; label != NULL; label = label->next) {
        rp_rec_label record = {string(e, label->text)};
        ADD(e, LABEL, record);
        ++*count;
    }
    return first;
}

static void add_policy(emission *e, const rp_ir_policy *policy)
{
    const rp_policy_decl *decl = policy->decl;
    rp_span span = decl->nameless ? decl->node->span : decl->node->name;
    rp_position at = position(e, span);
    rp_rec_policy record = {.name = string(e, decl->name),
                            .module = string(e, decl->module->name),
                            .table = policy->table->index,
                            .flags = decl->judged ? RP_POLICY_JUDGED : 0,
                            .severity = decl->severity,
                            .practice = (uint32_t)decl->practice,
                            .title = add_template(e, policy->title),
                            .description = string_0(e, decl->description),
                            .owner = string_0(e, decl->owner),
                            .file = span.file,
                            .line = at.line,
                            .column = at.column};
    record.remedy = add_message(e, policy->remedy);
    record.first_control = add_labels(e, decl->controls, &record.control_count);
    record.first_link = add_labels(e, decl->links, &record.link_count);
    record.first_clause = e->image->counts[RP_SECTION_CLAUSE];
    for (const rp_ir_clause *clause = policy->clauses; clause != NULL; clause = clause->next) {
        add_clause(e, policy, clause);
        record.clause_count++;
    }
    ADD(e, POLICY, record);
    add_needs(e, policy);
}

static uint32_t add_members(emission *e, rp_policy_decl *const *policies, uint32_t count)
{
    uint32_t first = e->image->counts[RP_SECTION_MEMBER];
    for (uint32_t i = 0; i < count; i++) {
        rp_rec_member record = {policies[i]->index};
        ADD(e, MEMBER, record);
    }
    return first;
}

static void add_waiver(emission *e, const rp_ir_waiver *waiver)
{
    const rp_waiver_decl *decl = waiver->decl;
    const rp_node *target = decl->node->b;
    const rp_node *reason = decl->node->c;
    rp_position at = position(e, decl->node->span);
    uint64_t until = (uint64_t)(reason->a->value.number + 86400000); // through the end of the date
    rp_rec_waiver record = {.table = waiver->table->index,
                            .policy_count = decl->policy_count,
                            .glob = string(e, target->text),
                            .condition = waiver->condition != NULL ? waiver->insn : RP_NONE,
                            .until_lo = (uint32_t)until,
                            .until_hi = (uint32_t)(until >> 32),
                            .because = string(e, reason->text),
                            .file = decl->node->span.file,
                            .line = at.line,
                            .column = at.column};
    record.first_policy = add_members(e, decl->policies, decl->policy_count);
    ADD(e, WAIVER, record);
}

static void add_packs(emission *e)
{
    for (const rp_module *module = e->ir->program->modules; module != NULL; module = module->next) {
        for (const rp_pack_decl *pack = module->packs; pack != NULL; pack = pack->next) {
            rp_rec_pack record = {.name = string(e, pack->name),
                                  .module = string(e, module->name),
                                  .member_count = pack->policy_count};
            record.title = pack->node->a != NULL ? string_0(e, pack->node->a->text) : RP_NONE;
            record.first_member = add_members(e, pack->policies, pack->policy_count);
            ADD(e, PACK, record);
        }
    }
}

static void add_files(emission *e)
{
    const rp_sources *sources = e->ir->program->sources;
    uint32_t base = 0;
    e->bases = RP_NEW_ARRAY(e->ir->arena, uint32_t, sources->count);
    for (uint32_t i = 0; i < sources->count; i++) {
        rp_rec_file record = {string(e, sources->files[i].name), base};
        e->bases[i] = base;
        base += (uint32_t)sources->files[i].text.len;
        ADD(e, FILE, record);
    }
}

// What instructions name is counted like them: each names little, and what is named by few is few.
static bool within_limits(emission *e)
{
    bool insns = e->image->counts[RP_SECTION_INSN] > RP_MAX_INSNS || e->too_wide;
    if (!insns && e->param_count <= RP_MAX_PARAMS) return true;
    rp_span nowhere = {0, 0, 0};
    RP_DIAG(e->ir->program->diags, LIMIT, nowhere,
            insns ? RP_STR("instructions") : RP_STR("parameters"),
            insns ? RP_STR("65535") : RP_STR("1024"));
    return false;
}

bool rp_emit(rp_ir_program *ir, rp_str name, rp_image *image)
{
    emission e = {.ir = ir, .image = image};
    rp_sink sink = {sink_add, sink_index, sink_table, sink_column, sink_list, sink_policy, &e};
    rp_schedule_plan(ir);
    number_layout(&e);
    number_declarations(&e);
    add_files(&e);
    // First, so that what instructions name has the lowest numbers, which fit into them.
    rp_schedule_emit(ir, &sink);
    add_sets(&e);
    add_schema(&e);
    add_params(&e);
    for (const rp_ir_policy *policy = ir->policies; policy != NULL; policy = policy->next)
        add_policy(&e, policy);
    for (const rp_ir_waiver *waiver = ir->waivers; waiver != NULL; waiver = waiver->next)
        add_waiver(&e, waiver);
    add_packs(&e);
    rp_rec_info info = {string_0(&e, name)};
    ADD(&e, INFO, info);
    return within_limits(&e);
}
