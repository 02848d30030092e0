// Making a scheme: each path of each column and list is laid into the tree of its source.
#include "collectors/files/scheme.h"

#include "vm/facts.h"

typedef struct maker {
    rp_scheme *scheme;
    const rp_bundle *b;
    bool lenient;
    rp_feed *feed; // whose rows; NULL inside records
    rp_node *row;  // the node of the row whose fields are laid
} maker;

typedef struct steps {
    const rp_rec_step *step;
    uint32_t count;
} steps;

static void *make(maker *m, size_t size)
{
    void *block = rp_arena_zero(&m->scheme->arena, size);
    m->scheme->failed |= block == NULL;
    return block;
}

static steps rest(steps s)
{
    steps r = {s.step + 1, s.count - 1};
    return r;
}

static rp_node *new_node(maker *m)
{
    rp_node *node = make(m, sizeof *node);
    if (node != NULL) {
        node->lenient = m->lenient;
        node->id = m->scheme->node_count++;
    }
    return node;
}

static rp_reader *add_reader(maker *m, rp_node *node, rp_reader_kind kind, rp_node *inside)
{
    rp_reader *reader = make(m, sizeof *reader);
    if (reader == NULL) {
        return NULL;
    }
    reader->kind = kind;
    reader->node = inside;
    reader->field = reader->table = reader->key = reader->inner = RP_NONE;
    rp_reader **last = &node->readers;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = reader;
    return reader;
}

static void add_cell(maker *m, rp_node *node, uint32_t column)
{
    rp_cell *cell = make(m, sizeof *cell);
    const rp_rec_column *c = &m->b->columns[column];
    if (cell != NULL) {
        cell->column = column;
        cell->bit = column - m->b->tables[c->table].first_column;
        cell->kind = RP_TYPE_KIND(c->type);
        cell->plain = (cell->kind == RP_KIND_STRING || cell->kind == RP_KIND_REF) &&
                      (c->flags & RP_COLUMN_LOWER) == 0;
        cell->element = m->b->tables[c->table].kind == RP_TABLE_ELEMENTS;
        cell->next = node->cells;
        node->cells = cell;
    }
}

// The node of a member; an object is read for its members by one MEMBERS reader.
static rp_node *member_node(maker *m, rp_node *node, rp_str name)
{
    for (rp_child *c = node->children; c != NULL; c = c->next) {
        if (rp_str_equal(c->name, name)) {
            return c->node;
        }
    }
    rp_child *child = make(m, sizeof *child);
    rp_node *inside = new_node(m);
    if (child == NULL || inside == NULL ||
        (node->children == NULL && add_reader(m, node, RP_READ_MEMBERS, node) == NULL)) {
        return NULL;
    }
    child->name = name;
    child->node = inside;
    child->index = node->child_count++;
    child->next = node->children;
    node->children = child;
    return inside;
}

static rp_node *element_node(maker *m, rp_node *node, rp_reader_kind kind, rp_str name,
                             rp_str value)
{
    for (rp_reader *r = node->readers; r != NULL; r = r->next) {
        if (r->kind == kind && rp_str_equal(r->name, name) && rp_str_equal(r->value, value)) {
            return r->node;
        }
    }
    rp_reader *reader = add_reader(m, node, kind, new_node(m));
    if (reader == NULL || reader->node == NULL) {
        return NULL;
    }
    reader->name = name;
    reader->value = value;
    return reader->node;
}

static rp_node *record_node(maker *m, uint32_t table, bool lenient);

// The end of a column's path.
static void end_column(maker *m, rp_node *node, uint32_t column)
{
    if (!rp_bundle_is_record(m->b, m->b->columns[column].type)) {
        add_cell(m, node, column);
        return;
    }
    uint32_t table = RP_TYPE_TABLE(m->b->columns[column].type);
    rp_reader *reader = add_reader(m, node, RP_READ_RECORD, record_node(m, table, m->lenient));
    if (reader != NULL) {
        reader->field = column;
        reader->table = table;
    }
}

// From here on the JSON inside a string.
static rp_node *text_node(maker *m, rp_node *node)
{
    for (rp_reader *r = node->readers; r != NULL; r = r->next) {
        if (r->kind == RP_READ_TEXT) {
            return r->node;
        }
    }
    m->lenient = true;
    rp_reader *reader = add_reader(m, node, RP_READ_TEXT, new_node(m));
    return reader == NULL ? NULL : reader->node;
}

// Steps that stay in the same row. Stops at one that does not, or at the end.
static rp_node *walk(maker *m, rp_node *node, steps *s)
{
    while (node != NULL && s->count != 0) {
        rp_str name = rp_bundle_text(m->b, s->step->name);
        if (s->step->kind == RP_STEP_MEMBER) {
            node = member_node(m, node, name);
        } else if (s->step->kind == RP_STEP_FIRST) {
            node = element_node(m, node, RP_READ_FIRST, name, rp_str_make("", 0));
        } else if (s->step->kind == RP_STEP_FIND) {
            node = element_node(m, node, RP_READ_FIND, name, rp_bundle_text(m->b, s->step->value));
        } else {
            break;
        }
        *s = rest(*s);
    }
    return node;
}

static void lay_column(maker *m, rp_node *node, steps s, uint32_t column)
{
    bool lenient = m->lenient;
    node = walk(m, node, &s);
    if (node != NULL && (m->b->columns[column].flags & RP_COLUMN_JSON) != 0) {
        node = text_node(m, node);
    }
    if (node != NULL) {
        end_column(m, node, column);
    }
    m->lenient = lenient;
}

// ---- Lists -------------------------------------------------------------------------------------

static uint32_t column_named(const rp_bundle *b, uint32_t table, const char *name)
{
    return rp_bundle_find_column(b, table, rp_str_from(name));
}

static bool has_each(steps s)
{
    for (uint32_t i = 0; i < s.count; i++) {
        if (s.step[i].kind == RP_STEP_EACH) {
            return true;
        }
    }
    return false;
}

// The value of an element: the record itself, or its `value`.
static void lay_element(maker *m, rp_node *node, steps s, uint32_t table)
{
    uint32_t value = column_named(m->b, table, "value");
    if (value != RP_NONE) {
        lay_column(m, node, s, value);
    }
}

static uint64_t *fillable_of(maker *m, uint32_t table, uint32_t source)
{
    const rp_rec_table *t = &m->b->tables[table];
    size_t words = ((size_t)t->column_count + t->list_count) / 64 + 1;
    uint64_t *bits = make(m, words * sizeof *bits);
    if (bits != NULL) {
        rp_facts_fillable(m->b, table, source, bits);
    }
    return bits;
}

// Rows of records will be added to a table.
static void note_rows(maker *m, uint32_t table)
{
    uint64_t **bits = &m->scheme->fillable[table];
    if (*bits == NULL && m->b->tables[table].kind == RP_TABLE_RECORD) {
        *bits = fillable_of(m, table, RP_NONE);
    }
}

static rp_reader *list_reader(maker *m, rp_node *node, rp_reader_kind kind, uint32_t list,
                              uint32_t order, rp_node *inside)
{
    rp_reader *reader = add_reader(m, node, kind, inside);
    if (reader == NULL || inside == NULL) {
        return NULL;
    }
    const rp_rec_list *l = &m->b->lists[list];
    reader->field = list;
    reader->table = l->element;
    note_rows(m, l->element);
    reader->order = order;
    reader->lower = (l->flags & RP_LIST_LOWER) != 0;
    reader->several = l->path_count > 1;
    return reader;
}

static bool holds_records(const rp_bundle *b, uint32_t table)
{
    return b->tables[table].kind == RP_TABLE_RECORD;
}

// The value itself is the list: A, or A[] with what follows.
static void lay_list_here(maker *m, rp_node *node, steps s, uint32_t list, uint32_t order)
{
    uint32_t table = m->b->lists[list].element;
    bool record = holds_records(m->b, table) && s.count == 0;
    rp_node *inside = record ? record_node(m, table, m->lenient) : new_node(m);
    rp_reader *reader = list_reader(m, node, RP_READ_LIST, list, order, inside);
    if (reader == NULL || record) {
        return;
    }
    if (!has_each(s)) {
        lay_element(m, inside, s, table);
        return;
    }
    reader->flat = true;
    inside = walk(m, inside, &s);
    if (inside != NULL && s.count != 0) {
        lay_list_here(m, inside, rest(s), list, order);
        for (rp_reader *r = inside->readers; r != NULL; r = r->next) {
            r->nested |= r->kind == RP_READ_LIST && r->field == list;
            r->several &= !r->nested;
        }
    }
}

static void lay_map_by(maker *m, rp_node *node, steps s, uint32_t list, uint32_t order)
{
    uint32_t table = m->b->lists[list].element;
    rp_node *inside = new_node(m);
    if (list_reader(m, node, RP_READ_LIST, list, order, inside) == NULL) {
        return;
    }
    uint32_t key = column_named(m->b, table, "key");
    rp_node *name = member_node(m, inside, rp_bundle_text(m->b, s.step->name));
    if (name != NULL && key != RP_NONE) {
        add_cell(m, name, key);
    }
    lay_element(m, inside, rest(s), table);
}

static void lay_map_here(maker *m, rp_node *node, uint32_t list, uint32_t order)
{
    uint32_t table = m->b->lists[list].element;
    rp_node *inside = new_node(m);
    rp_reader *reader = list_reader(m, node, RP_READ_MAP, list, order, inside);
    if (reader != NULL) {
        steps none = {NULL, 0};
        reader->key = column_named(m->b, table, "key");
        lay_element(m, inside, none, table);
    }
}

// Whether a field has no path of its own: none at all, or its own name, which stands for none.
static bool is_pathless(const rp_bundle *b, uint32_t first_path, uint32_t path_count, uint32_t name)
{
    const rp_rec_path *path = &b->paths[first_path];
    return path_count == 0 || (path_count == 1 && path->step_count == 1 &&
                               b->steps[path->first_step].kind == RP_STEP_MEMBER &&
                               b->steps[path->first_step].name == name);
}

// The field of the pair's record that has no path and is not one of the two names.
static void lay_pair_value(maker *m, rp_node *inside, const rp_reader *reader)
{
    const rp_rec_table *t = &m->b->tables[reader->table];
    steps none = {NULL, 0};
    for (uint32_t c = t->first_column; c < t->first_column + t->column_count; c++) {
        const rp_rec_column *column = &m->b->columns[c];
        if (c != reader->key && c != reader->inner && column->origin == RP_COLUMN_FACT &&
            is_pathless(m->b, column->first_path, column->path_count, column->name)) {
            lay_column(m, inside, none, c);
        }
    }
    for (uint32_t l = t->first_list; l < t->first_list + t->list_count; l++) {
        const rp_rec_list *list = &m->b->lists[l];
        if (list->kind == RP_LIST_FACT &&
            is_pathless(m->b, list->first_path, list->path_count, list->name)) {
            lay_list_here(m, inside, none, l, 0);
        }
    }
}

static void lay_pairs(maker *m, rp_node *node, steps s, uint32_t list, uint32_t order)
{
    rp_node *inside = new_node(m);
    rp_reader *reader = list_reader(m, node, RP_READ_PAIRS, list, order, inside);
    if (reader != NULL) {
        uint32_t table = reader->table;
        reader->key = rp_bundle_find_column(m->b, table, rp_bundle_text(m->b, s.step->name));
        reader->inner = rp_bundle_find_column(m->b, table, rp_bundle_text(m->b, s.step->value));
        lay_pair_value(m, inside, reader);
    }
}

static void lay_list(maker *m, rp_node *node, steps s, uint32_t list, uint32_t order)
{
    bool lenient = m->lenient;
    const rp_rec_list *l = &m->b->lists[list];
    node = walk(m, node, &s);
    if (node != NULL && (l->flags & RP_LIST_JSON) != 0) {
        node = text_node(m, node);
    }
    if (node == NULL) {
        m->scheme->failed = true;
    } else if (s.count == 0 && l->kind == RP_LIST_MAP) {
        lay_map_here(m, node, list, order);
    } else if (s.count == 0) {
        lay_list_here(m, node, s, list, order);
    } else if (s.step->kind == RP_STEP_EACH) {
        lay_list_here(m, node, rest(s), list, order);
    } else if (s.step->kind == RP_STEP_MAP_BY) {
        lay_map_by(m, node, s, list, order);
    } else if (s.step->kind == RP_STEP_PAIRS) {
        lay_pairs(m, node, s, list, order);
    }
    m->row->lists |= l->path_count > 1;
    m->lenient = lenient;
}

// ---- Rows --------------------------------------------------------------------------------------

static void add_found(maker *m, steps s, uint32_t field, bool is_list)
{
    for (uint32_t i = 0; m->feed != NULL && i < s.count; i++) {
        if (s.step[i].kind != RP_STEP_FIND) {
            continue;
        }
        rp_found *found = make(m, sizeof *found);
        if (found != NULL) {
            found->field = field;
            found->is_list = is_list;
            found->next = m->feed->found;
            m->feed->found = found;
        }
        return;
    }
}

static void add_argument(maker *m, rp_str name, uint32_t column)
{
    rp_argument *argument = make(m, sizeof *argument);
    if (argument != NULL && m->feed != NULL) {
        argument->name = name;
        argument->column = column;
        argument->next = m->feed->arguments;
        m->feed->arguments = argument;
    }
}

static bool is_mine(const maker *m, uint32_t source, uint32_t own)
{
    return m->feed == NULL || (source != RP_NONE ? source : own) == m->feed->source;
}

static void lay_row(maker *m, rp_node *node, uint32_t table)
{
    const rp_rec_table *t = &m->b->tables[table];
    m->row = node;
    for (uint32_t c = t->first_column; c < t->first_column + t->column_count; c++) {
        const rp_rec_column *column = &m->b->columns[c];
        for (uint32_t k = 0; k < column->path_count; k++) {
            const rp_rec_path *p = &m->b->paths[column->first_path + k];
            steps s = {m->b->steps + p->first_step, p->step_count};
            if (!is_mine(m, p->source, column->source)) {
                continue;
            }
            if (s.count == 1 && s.step->kind == RP_STEP_ARG) {
                add_argument(m, rp_bundle_text(m->b, s.step->name), c);
                continue;
            }
            add_found(m, s, c, false);
            lay_column(m, node, s, c);
        }
    }
    for (uint32_t l = t->first_list; l < t->first_list + t->list_count; l++) {
        const rp_rec_list *list = &m->b->lists[l];
        for (uint32_t k = 0; k < list->path_count; k++) {
            const rp_rec_path *p = &m->b->paths[list->first_path + k];
            steps s = {m->b->steps + p->first_step, p->step_count};
            if (is_mine(m, p->source, list->source)) {
                add_found(m, s, l, true);
                lay_list(m, node, s, l, k);
            }
        }
    }
}

static rp_node *record_node(maker *m, uint32_t table, bool lenient)
{
    rp_node **made = lenient ? &m->scheme->in_json[table] : &m->scheme->records[table];
    if (*made == NULL) {
        maker inner = *m;
        note_rows(m, table);
        inner.feed = NULL;
        inner.lenient = lenient;
        *made = new_node(&inner);
        if (*made != NULL) {
            lay_row(&inner, *made, table);
        }
    }
    return *made;
}

// ---- Finding members ---------------------------------------------------------------------------

static void hash_children(maker *m, rp_node *node)
{
    uint32_t size = 4;
    while (size < node->child_count * 3) {
        size *= 2;
    }
    node->slots = make(m, size * sizeof *node->slots);
    node->slot_mask = size - 1;
    for (rp_child *c = node->children; c != NULL && node->slots != NULL; c = c->next) {
        uint32_t i = rp_name_hash(c->name) & node->slot_mask;
        while (node->slots[i] != NULL) {
            i = (i + 1) & node->slot_mask;
        }
        node->slots[i] = c;
    }
}

static rp_simple simple_of(const rp_node *node)
{
    if (node->lenient || node->readers != NULL) {
        return RP_SIMPLE_NOT;
    }
    if (node->cells == NULL) {
        return RP_SIMPLE_NOTHING;
    }
    bool plain = true;
    for (const rp_cell *c = node->cells; c != NULL; c = c->next) {
        plain = plain && c->plain;
    }
    rp_kind kind = node->cells->next == NULL ? node->cells->kind : RP_KIND_NONE;
    return plain                  ? RP_SIMPLE_TEXTS
           : kind == RP_KIND_BOOL ? RP_SIMPLE_BOOL
           : kind == RP_KIND_INT  ? RP_SIMPLE_INT
                                  : RP_SIMPLE_NOT;
}

static void finish_node(maker *m, rp_node *node)
{
    if (node == NULL || node->slots != NULL) {
        return;
    }
    if (node->children != NULL) {
        hash_children(m, node);
    }
    node->simple = simple_of(node);
    for (rp_child *c = node->children; c != NULL; c = c->next) {
        finish_node(m, c->node);
    }
    for (rp_reader *r = node->readers; r != NULL; r = r->next) {
        if (r->node != node) {
            finish_node(m, r->node);
        }
    }
}

// An ARN that the operation always gives: the table's ARN, where this source has it as a member.
static uint32_t sure_arn(const rp_bundle *b, const rp_feed *feed)
{
    uint32_t arn = b->tables[feed->table].arn;
    if (arn == RP_NONE || RP_TYPE_OPTIONAL(b->columns[arn].type) ||
        b->sources[feed->source].kind == RP_SOURCE_GROUP) {
        return RP_NONE;
    }
    const rp_rec_column *column = &b->columns[arn];
    for (uint32_t k = 0; k < column->path_count; k++) {
        const rp_rec_path *p = &b->paths[column->first_path + k];
        uint32_t source = p->source != RP_NONE ? p->source : column->source;
        if (source == feed->source && p->step_count != 0 &&
            b->steps[p->first_step].kind == RP_STEP_MEMBER) {
            return arn;
        }
    }
    return RP_NONE;
}

static void make_feed(maker *m, uint32_t source)
{
    const rp_rec_source *s = &m->b->sources[source];
    rp_feed *feed = &m->scheme->feeds[source];
    feed->source = source;
    feed->table = s->table;
    m->feed = feed;
    m->lenient = false;
    feed->node = new_node(m);
    if (feed->node == NULL) {
        return;
    }
    lay_row(m, feed->node, s->table);
    for (uint32_t k = 0; k < s->arg_count; k++) {
        const rp_rec_arg *arg = &m->b->args[s->first_arg + k];
        if (arg->kind == RP_ARG_OWN) {
            add_argument(m, rp_bundle_text(m->b, arg->name), arg->value);
        }
    }
    feed->arn = sure_arn(m->b, feed);
    feed->fillable = fillable_of(m, s->table, source);
    finish_node(m, feed->node);
}

bool rp_scheme_make(rp_scheme *scheme, const rp_bundle *bundle, rp_alloc alloc)
{
    memset(scheme, 0, sizeof *scheme);
    rp_arena_init(&scheme->arena, rp_alloc_or_libc(alloc));
    scheme->bundle = bundle;
    scheme->feeds = RP_NEW_ARRAY(&scheme->arena, rp_feed, bundle->source_count);
    scheme->records = RP_NEW_ARRAY(&scheme->arena, rp_node *, bundle->table_count);
    scheme->in_json = RP_NEW_ARRAY(&scheme->arena, rp_node *, bundle->table_count);
    scheme->fillable = RP_NEW_ARRAY(&scheme->arena, uint64_t *, bundle->table_count);
    scheme->failed = scheme->feeds == NULL || scheme->records == NULL || scheme->in_json == NULL ||
                     scheme->fillable == NULL;
    maker m = {scheme, bundle, false, NULL, NULL};
    for (uint32_t s = 0; s < bundle->source_count && !scheme->failed; s++) {
        make_feed(&m, s);
    }
    return !scheme->failed;
}

void rp_scheme_clear(rp_scheme *scheme)
{
    rp_arena_clear(&scheme->arena);
}
