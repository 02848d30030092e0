// What a bundle says of its policies, gathered from its records.
#include "cli/catalogue.h"

#include "cli/stdlib.h"

#include <stdlib.h>

// ---- Needs -------------------------------------------------------------------------------------

static int compare_needs(const void *a, const void *b)
{
    const rp_need *x = a, *y = b;
    int order = rp_str_compare(x->left, y->left);
    return order != 0 ? order : rp_str_compare(x->right, y->right);
}

static bool is_asked(const uint32_t *policies, size_t count, uint32_t policy)
{
    for (size_t i = 0; i < count; i++) {
        if (policies[i] == policy) return true;
    }
    return false;
}

static bool operation_of(const rdspol_bundle *b, const rp_rec_need *need, rp_need *out)
{
    if (need->kind != RP_NEED_SOURCE) return false;
    const rp_rec_source *s = &b->sources[need->index];
    *out = (rp_need){rp_bundle_text(b, s->service), rp_bundle_text(b, s->operation),
                     rp_bundle_text(b, s->action)};
    return s->kind != RP_SOURCE_FILE;
}

// Only what is collected: derived fields are read from others, which are here themselves.
static bool fact_of(const rdspol_bundle *b, const rp_rec_need *need, rp_need *out)
{
    uint32_t table = RP_NONE, name = RP_NONE;
    if (need->kind == RP_NEED_COLUMN && b->columns[need->index].origin == RP_COLUMN_FACT) {
        table = b->columns[need->index].table;
        name = b->columns[need->index].name;
    } else if (need->kind == RP_NEED_LIST) {
        const rp_rec_list *list = &b->lists[need->index];
        bool fact = list->kind == RP_LIST_FACT || list->kind == RP_LIST_MAP;
        table = fact ? list->owner : RP_NONE;
        name = list->name;
    }
    if (table == RP_NONE) return false;
    *out = (rp_need){rp_bundle_text(b, b->tables[table].name), rp_bundle_text(b, name), RP_STR("")};
    return b->tables[table].kind == RP_TABLE_RESOURCE || b->tables[table].kind == RP_TABLE_RECORD;
}

static size_t keep_unique(rp_need *list, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || compare_needs(&list[kept - 1], &list[i]) != 0) list[kept++] = list[i];
    }
    return kept;
}

rp_need *rp_catalogue_needs(const rdspol_bundle *bundle, const uint32_t *policies, size_t count,
                            rp_need_kind kind, size_t *found)
{
    rp_need *list = calloc((size_t)bundle->need_count + 1, sizeof *list);
    *found = 0;
    for (uint32_t i = 0; list != NULL && i < bundle->need_count; i++) {
        const rp_rec_need *need = &bundle->needs[i];
        rp_need *to = &list[*found];
        if (!is_asked(policies, count, need->policy)) continue;
        *found += kind == RP_NEEDS_OPERATIONS ? operation_of(bundle, need, to)
                                              : fact_of(bundle, need, to);
    }
    if (list == NULL) return NULL;
    qsort(list, *found, sizeof *list, compare_needs);
    *found = keep_unique(list, *found);
    return list;
}

uint32_t rp_catalogue_param(const rdspol_bundle *bundle, uint32_t policy, size_t at)
{
    for (uint32_t i = 0; i < bundle->need_count; i++) {
        const rp_rec_need *need = &bundle->needs[i];
        if (need->policy == policy && need->kind == RP_NEED_PARAM && at-- == 0) return need->index;
    }
    return RP_NONE;
}

// ---- Engines -----------------------------------------------------------------------------------

typedef struct engine_list {
    const rdspol_bundle *bundle;
    rp_str *names;
    size_t count, most;
} engine_list;

// Shared values are kept in fields that the compiler made; what was stored is looked at instead.
static uint32_t made_from(const rdspol_bundle *b, uint32_t value)
{
    for (unsigned depth = 0; depth < 8; depth++) {
        const rp_insn n = rp_bundle_insn(b, value);
        bool loads = n.op == RP_OP_LOAD && b->store_of[n.a] != RP_NONE;
        if (!loads || !rp_str_starts(rp_bundle_text(b, b->columns[n.a].name), RP_STR("#"))) break;
        value = rp_bundle_insn(b, b->store_of[n.a]).b;
    }
    return value;
}

// The field that a value is read from, or is computed for; RP_NONE if it is of none.
static uint32_t field_of(const rdspol_bundle *b, uint32_t value)
{
    const rp_insn n = rp_bundle_insn(b, value);
    if (n.op == RP_OP_LOAD) return n.a;
    if (n.op == RP_OP_GATHER) return n.b;
    for (uint32_t i = 0; i < b->column_count; i++) {
        if (b->store_of[i] != RP_NONE && rp_bundle_insn(b, b->store_of[i]).b == value) return i;
    }
    return RP_NONE;
}

static bool is_engine(const rdspol_bundle *b, uint32_t value)
{
    uint32_t column = field_of(b, made_from(b, value));
    if (column == RP_NONE) return false;
    rp_str name = rp_bundle_text(b, b->columns[column].name);
    return rp_str_equal(name, RP_STR("engine")) || rp_str_equal(name, RP_STR("family"));
}

static void add_engine(engine_list *list, uint32_t constant)
{
    const rdspol_bundle *b = list->bundle;
    if (RP_TYPE_KIND(b->consts[constant].type) != RP_KIND_STRING || list->count == list->most)
        return;
    list->names[list->count++] = rp_bundle_text(b, (uint32_t)rp_bundle_const_bits(b, constant));
}

static void add_engine_set(engine_list *list, uint32_t set)
{
    const rp_rec_set *s = &list->bundle->sets[set];
    for (uint32_t i = 0; i < s->item_count; i++)
        add_engine(list, list->bundle->items[s->first_item + i].constant);
}

static void add_equal(engine_list *list, uint32_t value, uint32_t other)
{
    const rp_insn n = rp_bundle_insn(list->bundle, other);
    if (is_engine(list->bundle, value) && n.op == RP_OP_CONST) add_engine(list, n.a);
}

static void add_engines(engine_list *list, uint32_t value)
{
    const rp_insn n = rp_bundle_insn(list->bundle, made_from(list->bundle, value));
    if (n.op == RP_OP_IN_SET && is_engine(list->bundle, n.a)) add_engine_set(list, n.b);
    if (n.op == RP_OP_EQ_ID) {
        add_equal(list, n.a, n.b);
        add_equal(list, n.b, n.a);
    }
}

size_t rp_catalogue_engines(const rdspol_bundle *bundle, uint32_t policy, rp_str *engines,
                            size_t most)
{
    engine_list list = {bundle, engines, 0, most};
    const rp_rec_policy *p = &bundle->policys[policy];
    for (uint32_t i = 0; i < p->clause_count; i++) {
        const rp_rec_clause *clause = &bundle->clauses[p->first_clause + i];
        if (clause->kind == RP_CLAUSE_WHEN) add_engines(&list, clause->value);
    }
    return list.count;
}

// ---- Heads of files ----------------------------------------------------------------------------

static rp_str text_of(rp_str file)
{
    for (size_t i = 0; i < rp_stdlib_file_count; i++) {
        const rp_stdlib_file *f = &rp_stdlib_files[i];
        if (rp_str_equal(rp_str_from(f->name), file))
            return rp_str_make((const char *)f->text, strlen((const char *)f->text));
    }
    return rp_str_make("", 0);
}

bool rp_catalogue_head_line(rp_str file, size_t index, rp_str *line)
{
    rp_str text = text_of(file);
    for (size_t i = 0; text.len > 0 && text.ptr[0] == '#'; i++) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t size = end != NULL ? (size_t)(end - text.ptr) : text.len;
        size_t skip = size > 1 && text.ptr[1] == ' ' ? 2 : 1;
        *line = rp_str_make(text.ptr + skip, size - skip);
        if (i == index) return true;
        text = rp_str_from_offset(text, end != NULL ? size + 1 : size);
    }
    return false;
}
