// Making values: constants float, everything else is at home in the deepest frame of its operands.
#include "compiler/ir.h"
#include "vm/base/strtab.h"

// Most frames have few values, scans many.
#define FIRST_BUCKETS 16u
#define FIRST_OF_SCAN 256u

void rp_ir_init(rp_ir_program *ir, rp_program *program, bool optimize)
{
    *ir = (rp_ir_program){.program = program, .arena = program->arena, .optimize = optimize};
    ir->last_table = &ir->tables;
    ir->last_message = &ir->messages;
}

// What makes a value: equal ones are one value. The span is that of the first.
typedef struct wanted {
    rp_op op;
    rp_ir_type type;
    rp_frame *frame;
    rp_frame *child;
    rp_ir *in[3];
    const void *arg;
    rp_span span;
} wanted;

static uint32_t pointer_bits(const void *pointer)
{
    uintptr_t bits = (uintptr_t)pointer >> 4;
    return (uint32_t)(bits ^ (bits >> 32 % (sizeof bits * 8)));
}

// A sum of products by odd numbers, which do not wait for each other; the upper half depends on
// all bits. Where values lie decides the order in a chain, and nothing else.
static uint32_t hash_of(const wanted *want)
{
    uint64_t kind = (uint64_t)want->op << 8 | (uint64_t)want->type.kind;
    uint64_t hash = kind * UINT64_C(0x9e3779b97f4a7c15);
    hash += (uintptr_t)want->arg * UINT64_C(0x94d049bb133111eb);
    hash += (uintptr_t)want->in[0] * UINT64_C(0xd6e8feb86659fd93);
    hash += (uintptr_t)want->in[1] * UINT64_C(0xa0761d6478bd642f);
    hash += (uintptr_t)want->in[2] * UINT64_C(0xe7037ed1a0b428db);
    return (uint32_t)((hash ^ hash >> 15) >> 32);
}

// Of one frame.
static bool same(const rp_ir *a, const wanted *b)
{
    return a->op == b->op && a->arg == b->arg && a->in[0] == b->in[0] && a->in[1] == b->in[1] &&
           a->in[2] == b->in[2] && a->child == b->child && a->type.kind == b->type.kind &&
           a->type.optional == b->type.optional && a->type.table == b->type.table;
}

static void grow(rp_ir_program *ir, rp_ir_table *table, uint32_t count)
{
    rp_ir **buckets = RP_NEW_ARRAY(ir->arena, rp_ir *, count);
    for (uint32_t i = 0; i < table->bucket_count; i++) {
        for (rp_ir *value = table->buckets[i], *next; value != NULL; value = next) {
            next = value->chain;
            uint32_t at = value->hash & (count - 1);
            value->chain = buckets[at];
            buckets[at] = value;
        }
    }
    table->buckets = buckets;
    table->bucket_count = count;
}

// Each frame has a table of its own: values are made frame by frame, and what is at hand is near.
static rp_ir_table *table_of(rp_ir_program *ir, rp_frame *frame)
{
    rp_ir_table *table = frame != NULL ? &frame->by_identity : &ir->constants;
    bool scan = frame == NULL || frame->parent == NULL;
    if (table->count == table->bucket_count)
        grow(ir, table, table->count > 0 ? table->count * 2 : scan ? FIRST_OF_SCAN : FIRST_BUCKETS);
    return table;
}

// ---- what a value depends on ----

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

// The frame around a fold sees the rows of the inner one as rows of its own, or as members of what
// the list belongs to.
static uint32_t reach_of_fold(const rp_ir *fold, uint32_t inside)
{
    const rp_frame *child = fold->child;
    bool own = child->index == NULL && child->list != NULL && child->list->owner != NULL;
    uint32_t reach = child->index != NULL ? child->index->reach : RP_REACH_NONE;
    if (own || (child->kind == RP_FRAME_FILTER && inside == child->depth))
        reach = least(reach, child->parent->depth);
    return inside < child->depth ? least(reach, inside) : reach;
}

static uint32_t greatest(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

// A value that depends on the rows of its own frame, whatever its operands are.
static bool is_of_row(const rp_ir *value)
{
    return value->op == RP_OP_LOAD || value->op == RP_OP_ROW ||
           (value->op == RP_OP_LOOKUP && value->in[0] == NULL);
}

rp_lcolumn *rp_ir_derived(const rp_ir *value)
{
    if (value->op != RP_OP_LOAD && value->op != RP_OP_GATHER) return NULL;
    rp_lcolumn *column = (rp_lcolumn *)(uintptr_t)value->arg;
    return column->origin == RP_COLUMN_DERIVED ? column : NULL;
}

// The scan that a value can be computed in: after those that store the columns it reads.
static uint32_t stage_of(const rp_ir *value)
{
    uint32_t stage = value->child != NULL ? value->child->stage : 1;
    for (int i = 0; i < 3; i++) {
        if (value->in[i] != NULL) stage = greatest(stage, value->in[i]->stage);
    }
    const rp_lcolumn *column = rp_ir_derived(value);
    return column != NULL ? greatest(stage, column->definition->stage + 1) : stage;
}

// Enough to tell cheap from dear.
static uint16_t bounded(uint32_t number)
{
    return (uint16_t)least(number, 1000);
}

// `reach`, `deepest`, `outer`, `lists` and `weight` from those of the operands. The weight is that
// of a tree, not of a graph.
static void measure(rp_ir *value)
{
    bool outer = value->op == RP_OP_OUTER;
    bool fold = value->child != NULL;
    uint32_t reach = RP_REACH_NONE, lists = 0, weight = value->op > RP_OP_UNKNOWN;
    uint32_t outside = outer ? rp_ir_depth_bit(value->in[0]->frame) : 0;
    uint32_t deepest = fold ? value->child->depth : value->frame != NULL ? value->frame->depth : 0;
    for (int i = 0; i < 3; i++) {
        const rp_ir *in = value->in[i];
        if (in == NULL) continue;
        reach = least(reach, in->reach);
        deepest = greatest(deepest, in->deepest);
        outside |= in->outer;
        lists = outer ? 0 : greatest(lists, in->lists);
        weight += outer || fold ? 0 : in->weight;
    }
    if (fold) reach = reach_of_fold(value, reach);
    if (fold && value->child->index != NULL) outside |= value->child->index->outer;
    if (is_of_row(value)) reach = least(reach, value->frame->depth);
    value->reach = reach;
    value->deepest = deepest;
    value->outer = outside;
    value->lists = bounded(lists + (fold && value->child->kind == RP_FRAME_UNNEST));
    value->weight = bounded(weight);
    value->stage = stage_of(value);
}

// Each field is set for itself, here and by `measure`: there are many values, and to clear them as
// a whole first takes longer.
static rp_ir *make(rp_ir_program *ir, const wanted *want, uint32_t hash)
{
    rp_ir *value = rp_arena_alloc(ir->arena, sizeof *value);
    value->op = want->op;
    value->hash = hash;
    value->type = want->type;
    value->frame = want->frame;
    value->child = want->child;
    for (int i = 0; i < 3; i++) value->in[i] = want->in[i];
    value->arg = want->arg;
    value->span = want->span;
    value->id = ir->value_count++;
    measure(value);
    value->next = value->chain = value->moved = NULL;
    value->column = NULL;
    value->moved_by = value->mark = value->seen = value->insn = 0;
    if (value->frame != NULL) {
        *value->frame->last_value = value;
        value->frame->last_value = &value->next;
    }
    return value;
}

static rp_ir *intern(rp_ir_program *ir, const wanted *want)
{
    uint32_t hash = hash_of(want);
    rp_ir_table *table = table_of(ir, want->frame);
    rp_ir **bucket = &table->buckets[hash & (table->bucket_count - 1)];
    for (rp_ir *value = ir->optimize ? *bucket : NULL; value != NULL; value = value->chain) {
        if (value->hash == hash && same(value, want)) return value;
    }
    rp_ir *value = make(ir, want, hash);
    value->chain = *bucket;
    *bucket = value;
    table->count++;
    return value;
}

rp_frame *rp_ir_deeper(rp_frame *a, rp_frame *b)
{
    if (a == NULL) return b;
    if (b == NULL) return a;
    return b->depth > a->depth ? b : a;
}

// A constant is at home everywhere: each frame has its own.
static rp_ir *constant_in(rp_ir_program *ir, rp_frame *frame, const rp_ir *value)
{
    wanted want = {.op = value->op,
                   .type = value->type,
                   .frame = frame,
                   .child = value->child,
                   .in = {value->in[0], value->in[1], value->in[2]},
                   .arg = value->arg,
                   .span = value->span};
    return intern(ir, &want);
}

static rp_ir *in_frame(rp_ir_program *ir, rp_frame *frame, rp_ir *value);

// What belongs to a frame further out, as it is seen in this one.
static rp_ir *use(rp_ir_program *ir, rp_frame *frame, rp_ir *value)
{
    if (value->op == RP_OP_OUTER) return in_frame(ir, frame, value->in[0]);
    if (value->frame == NULL) return constant_in(ir, frame, value);
    wanted want = {.op = RP_OP_OUTER,
                   .type = value->type,
                   .frame = frame,
                   .in = {value, NULL, NULL},
                   .span = value->span};
    return intern(ir, &want);
}

static rp_ir *in_frame(rp_ir_program *ir, rp_frame *frame, rp_ir *value)
{
    bool there = value == NULL || value->frame == frame || frame == NULL;
    return there ? value : use(ir, frame, value);
}

rp_ir *rp_ir_use(rp_ir_program *ir, rp_frame *frame, rp_ir *value)
{
    return in_frame(ir, frame, value);
}

rp_ir *rp_ir_in(rp_ir_program *ir, rp_frame *frame, rp_op op, rp_ir_type type, const void *arg,
                rp_ir *a, rp_ir *b, rp_ir *c, rp_span span)
{
    wanted want = {.op = op, .type = type, .frame = frame, .arg = arg, .span = span};
    want.in[0] = in_frame(ir, frame, a);
    want.in[1] = in_frame(ir, frame, b);
    want.in[2] = in_frame(ir, frame, c);
    return intern(ir, &want);
}

rp_ir *rp_ir_make(rp_ir_program *ir, rp_op op, rp_ir_type type, const void *arg, rp_ir *a, rp_ir *b,
                  rp_ir *c, rp_span span)
{
    rp_frame *frame = a != NULL ? a->frame : NULL;
    if (b != NULL) frame = rp_ir_deeper(frame, b->frame);
    if (c != NULL) frame = rp_ir_deeper(frame, c->frame);
    return rp_ir_in(ir, frame, op, type, arg, a, b, c, span);
}

rp_ir *rp_ir_fold(rp_ir_program *ir, rp_op op, rp_ir_type type, rp_frame *child, rp_ir *a, rp_ir *b,
                  rp_span span)
{
    rp_ir *inside = in_frame(ir, child, a);
    bool same_as_filter = ir->optimize && op == RP_OP_FOLD_ANY && child->kind == RP_FRAME_FILTER &&
                          inside->op == RP_OP_OUTER && inside->in[0] == child->index;
    if (same_as_filter) return child->index;
    wanted want = {.op = op,
                   .type = type,
                   .frame = child->parent,
                   .child = child,
                   .in = {inside, in_frame(ir, child, b), NULL},
                   .span = span};
    return intern(ir, &want);
}

rp_ir *rp_ir_row(rp_ir_program *ir, rp_frame *frame, rp_span span)
{
    rp_ir_type type = {.kind = RP_KIND_REF, .table = frame->table};
    if (frame->row == NULL || !ir->optimize)
        frame->row = rp_ir_in(ir, frame, RP_OP_ROW, type, NULL, NULL, NULL, NULL, span);
    return frame->row;
}

rp_ir *rp_ir_read(rp_ir_program *ir, rp_ir *object, rp_lcolumn *column, rp_span span)
{
    if (object->op == RP_OP_ROW)
        return rp_ir_in(ir, object->frame, RP_OP_LOAD, column->type, column, NULL, NULL, NULL,
                        span);
    rp_ir_type type = column->type;
    type.optional |= object->type.optional;
    return rp_ir_make(ir, RP_OP_GATHER, type, column, object, NULL, NULL, span);
}

rp_lcolumn *rp_ir_column(rp_ir_program *ir, rp_ir *value, rp_str name)
{
    if (value->column == NULL) {
        value->column =
            rp_layout_add_column(ir, value->frame->table, name, value->type, RP_COLUMN_DERIVED);
        value->column->definition = value;
    }
    return value->column;
}

// ---- frames ----

static rp_frame *new_frame(rp_ir_program *ir, rp_frame_kind kind, rp_frame *parent,
                           rp_ltable *table, rp_ir *index)
{
    rp_frame *frame = RP_NEW(ir->arena, rp_frame);
    frame->kind = kind;
    frame->parent = parent;
    frame->table = table;
    frame->depth = parent != NULL ? parent->depth + 1 : 0;
    frame->index = index;
    frame->stage = parent != NULL ? parent->stage : 1;
    if (index != NULL) frame->stage = greatest(frame->stage, index->stage);
    frame->last_value = &frame->values;
    frame->last_child = &frame->children;
    if (parent != NULL) {
        *parent->last_child = frame;
        parent->last_child = &frame->next;
    }
    return frame;
}

rp_frame *rp_ir_scan(rp_ir_program *ir, rp_ltable *table)
{
    if (table->scan == NULL) table->scan = new_frame(ir, RP_FRAME_SCAN, NULL, table, NULL);
    return table->scan;
}

rp_frame *rp_ir_rows(rp_ir_program *ir, rp_ltable *table)
{
    if (table->rows == NULL) table->rows = new_frame(ir, RP_FRAME_ROWS, NULL, table, NULL);
    return table->rows;
}

static rp_frame *find_child(rp_ir_program *ir, rp_frame *parent, rp_frame_kind kind,
                            const rp_llist *list, const rp_ir *index)
{
    for (rp_frame *child = ir->optimize ? parent->children : NULL; child != NULL;
         child = child->next) {
        if (child->kind == kind && child->list == list && child->index == index) return child;
    }
    return NULL;
}

rp_frame *rp_ir_unnest(rp_ir_program *ir, rp_frame *parent, rp_llist *list, rp_ir *index)
{
    index = rp_ir_use(ir, parent, index);
    rp_frame *child = find_child(ir, parent, RP_FRAME_UNNEST, list, index);
    if (child != NULL) return child;
    child = new_frame(ir, RP_FRAME_UNNEST, parent, list->element, index);
    child->list = list;
    return child;
}

rp_frame *rp_ir_filter(rp_ir_program *ir, rp_frame *parent, rp_ir *condition)
{
    condition = rp_ir_use(ir, parent, condition);
    rp_frame *child = find_child(ir, parent, RP_FRAME_FILTER, NULL, condition);
    if (child != NULL) return child;
    return new_frame(ir, RP_FRAME_FILTER, parent, parent->table, condition);
}

// ---- constants ----

rp_kind rp_kind_of(const rp_type *type)
{
    switch (type->kind) {
    case RP_T_BOOL: return RP_KIND_BOOL;
    case RP_T_INT: return RP_KIND_INT;
    case RP_T_FLOAT: return RP_KIND_FLOAT;
    case RP_T_TIME: return RP_KIND_TIME;
    case RP_T_DURATION: return RP_KIND_DURATION;
    case RP_T_CIDR: return RP_KIND_CIDR;
    case RP_T_VERSION: return RP_KIND_VERSION;
    case RP_T_REF: return RP_KIND_REF;
    default: return RP_KIND_STRING;
    }
}

static bool same_value(const rp_value *a, const rp_value *b)
{
    return a->absent == b->absent && a->number == b->number &&
           memcmp(&a->real, &b->real, sizeof a->real) == 0 && rp_str_equal(a->text, b->text);
}

static uint64_t hash_of_value(const rp_value *value)
{
    uint64_t real;
    memcpy(&real, &value->real, sizeof real);
    uint64_t hash = rp_index_mix(rp_strtab_hash(value->text), (uint64_t)value->number);
    return rp_index_mix(hash, real ^ value->absent);
}

const rp_ir_const *rp_ir_constant(rp_ir_program *ir, const rp_value *value)
{
    rp_kind kind = rp_kind_of(value->type);
    uint64_t hash = rp_index_mix(hash_of_value(value), (uint64_t)kind);
    const rp_index_entry *at = rp_index_first(&ir->const_index, hash);
    for (; at != NULL; at = rp_index_next(at)) {
        const rp_ir_const *known = at->thing;
        if (known->kind == kind && same_value(&known->value, value)) return known;
    }
    rp_ir_const *made = RP_NEW(ir->arena, rp_ir_const);
    *made = (rp_ir_const){.value = *value, .kind = kind, .next = ir->consts};
    ir->consts = made;
    rp_index_add(ir->arena, &ir->const_index, hash, made);
    return made;
}

static bool same_values(const rp_ir_set *set, const rp_value *values, uint32_t count)
{
    if (set->count != count) return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!same_value(&set->values[i], &values[i])) return false;
    }
    return true;
}

const rp_ir_set *rp_ir_set_of(rp_ir_program *ir, const rp_value *values, uint32_t count,
                              rp_param_decl *param, rp_kind kind)
{
    uint64_t hash = rp_index_mix((uint64_t)kind + 1, pointer_bits(param));
    for (uint32_t i = 0; i < count; i++) hash = rp_index_mix(hash, hash_of_value(&values[i]));
    const rp_index_entry *at = rp_index_first(&ir->set_index, hash);
    for (; at != NULL; at = rp_index_next(at)) {
        const rp_ir_set *set = at->thing;
        if (set->kind == kind && set->param == param && same_values(set, values, count)) return set;
    }
    rp_ir_set *set = RP_NEW(ir->arena, rp_ir_set);
    *set = (rp_ir_set){
        .values = values, .count = count, .param = param, .kind = kind, .next = ir->sets};
    ir->sets = set;
    rp_index_add(ir->arena, &ir->set_index, hash, set);
    return set;
}

const rp_ir_text *rp_ir_text_of(rp_ir_program *ir, rp_str text)
{
    uint64_t hash = rp_strtab_hash(text);
    const rp_index_entry *at = rp_index_first(&ir->text_index, hash);
    for (; at != NULL; at = rp_index_next(at)) {
        const rp_ir_text *known = at->thing;
        if (rp_str_equal(known->text, text)) return known;
    }
    rp_ir_text *made = RP_NEW(ir->arena, rp_ir_text);
    *made = (rp_ir_text){.text = text, .next = ir->texts};
    ir->texts = made;
    rp_index_add(ir->arena, &ir->text_index, hash, made);
    return made;
}
