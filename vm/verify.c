// The verifier, first half: records that depend on each other. Indices are in range already.
//
// The one idea: after this pass nothing in the machine tests a bundle again. Each function checks
// one section and names the record that it refuses. The second half is verify_code.c.
#include "vm/verify.h"

#define CHECK(condition, section, index, problem)                                                  \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            return rp_verify_refuse(v, section, index, problem);                                   \
        }                                                                                          \
    } while (0)

rdspol_status rp_verify_refuse(const rp_verifier *v, const char *section, uint32_t index,
                               const char *problem)
{
    return rp_error_set(v->error, RDSPOL_INVALID_BUNDLE, NULL, "%s %u: %s", section,
                        (unsigned)index, problem);
}

static rdspol_status check_limits(const rp_verifier *v)
{
    const rp_bundle *b = v->bundle;
    CHECK(b->insn_count <= RP_MAX_INSNS, "insn", b->insn_count, "too many instructions");
    CHECK(b->policy_count <= RP_MAX_POLICIES, "policy", b->policy_count, "too many policies");
    CHECK(b->param_count <= RP_MAX_PARAMS, "param", b->param_count, "too many parameters");
    CHECK(b->table_count <= RP_MAX_TABLES, "table", b->table_count, "too many tables");
    CHECK(b->place_count == 0 || b->place_count == b->insn_count, "place", b->place_count,
          "as many places as instructions, or none");
    return RDSPOL_OK;
}

static rdspol_status check_strings(const rp_verifier *v)
{
    const rp_bundle *b = v->bundle;
    for (uint32_t i = 0; i < b->string_count; i++) {
        CHECK(rp_utf8_is_valid(rp_bundle_text(b, i)), "string", i, "not UTF-8");
    }
    return RDSPOL_OK;
}

static bool const_is_valid(const rp_bundle *b, const rp_rec_const *c)
{
    rp_kind kind = RP_TYPE_KIND(c->type);
    rp_cidr range;
    if (!rp_kind_is_plain(kind) || kind == RP_KIND_REF || c->type != (uint32_t)kind) {
        return false;
    }
    if (kind == RP_KIND_BOOL) {
        return c->lo <= 1 && c->hi == 0;
    }
    if (!rp_kind_is_text(kind)) {
        return true;
    }
    if (c->lo >= b->string_count || c->hi != 0) {
        return false;
    }
    rp_str text = rp_bundle_text(b, c->lo);
    return kind == RP_KIND_CIDR      ? rp_cidr_parse(text, &range)
           : kind == RP_KIND_VERSION ? rp_version_is_valid(text)
                                     : true;
}

static bool has_kind(const rp_bundle *b, uint32_t constant, rp_kind kind)
{
    return constant == RP_NONE || RP_TYPE_KIND(b->consts[constant].type) == kind;
}

static rdspol_status check_consts(const rp_verifier *v)
{
    const rp_bundle *b = v->bundle;
    for (uint32_t i = 0; i < b->const_count; i++) {
        CHECK(const_is_valid(b, &b->consts[i]), "const", i, "its value is not of its type");
    }
    for (uint32_t i = 0; i < b->set_count; i++) {
        const rp_rec_set *set = &b->sets[i];
        for (uint32_t k = 0; k < set->item_count; k++) {
            const rp_rec_item *item = &b->items[set->first_item + k];
            CHECK(item->constant != RP_NONE, "set", i, "a member is missing");
            CHECK(has_kind(b, item->constant,
                           RP_TYPE_KIND(b->consts[b->items[set->first_item].constant].type)),
                  "set", i, "members of different types");
        }
        CHECK(set->param == RP_NONE ||
                  (set->item_count == 0 && (b->params[set->param].flags & RP_PARAM_LIST) != 0),
              "set", i, "a set is a range of constants or a list parameter");
    }
    return RDSPOL_OK;
}

static bool in_range(uint32_t index, uint32_t first, uint32_t count)
{
    return index == RP_NONE || (index >= first && index - first < count);
}

static bool is_text_column(const rp_bundle *b, uint32_t column)
{
    return column == RP_NONE || RP_TYPE_KIND(b->columns[column].type) == RP_KIND_STRING;
}

static rdspol_status check_table(const rp_verifier *v, uint32_t i)
{
    const rp_bundle *b = v->bundle;
    const rp_rec_table *t = &b->tables[i];
    const uint32_t own[] = {t->key, t->unique, t->arn, t->account};
    CHECK(t->kind >= RP_TABLE_RESOURCE && t->kind <= RP_TABLE_CONST, "table", i, "unknown kind");
    CHECK(t->source_count <= 64, "table", i, "more than 64 sources");
    for (size_t k = 0; k < sizeof own / sizeof own[0]; k++) {
        CHECK(in_range(own[k], t->first_column, t->column_count) && is_text_column(b, own[k]),
              "table", i, "key, unique, arn and account are texts of the table");
    }
    CHECK(in_range(t->region, t->first_column, t->column_count), "table", i, "region of another");
    if (t->region != RP_NONE) {
        uint32_t type = b->columns[t->region].type;
        CHECK(RP_TYPE_KIND(type) == RP_KIND_REF && RP_TYPE_TABLE(type) < b->table_count &&
                  (b->tables[RP_TYPE_TABLE(type)].flags & RP_TABLE_REGION) != 0,
              "table", i, "the region column does not refer to the region table");
    }
    CHECK(in_range(t->tags, t->first_list, t->list_count), "table", i, "tags of another table");
    CHECK(t->tags == RP_NONE || b->lists[t->tags].kind == RP_LIST_MAP, "table", i,
          "tags are a map");
    CHECK(t->kind != RP_TABLE_RESOURCE || t->key != RP_NONE || t->unique != RP_NONE, "table", i,
          "a resource without key");
    return RDSPOL_OK;
}

// Cells of a constant table: one a column and row, of the column's type.
static rdspol_status check_cells(const rp_verifier *v, uint32_t i)
{
    const rp_bundle *b = v->bundle;
    const rp_rec_table *t = &b->tables[i];
    if (t->cell_count == 0) {
        return RDSPOL_OK;
    }
    CHECK(t->kind == RP_TABLE_CONST && t->column_count != 0 && t->cell_count % t->column_count == 0,
          "table", i, "cells do not fill rows");
    for (uint32_t k = 0; k < t->cell_count; k++) {
        const rp_rec_column *c = &b->columns[t->first_column + k % t->column_count];
        CHECK(c->origin == RP_COLUMN_CONST, "table", i, "cells of a column that is not constant");
        CHECK(has_kind(b, b->items[t->first_cell + k].constant, RP_TYPE_KIND(c->type)), "table", i,
              "a cell is not of its column's type");
    }
    return RDSPOL_OK;
}

// Every column, list and source says whose it is, and lies in the range of its owner.
static rdspol_status check_tables(const rp_verifier *v)
{
    const rp_bundle *b = v->bundle;
    uint32_t regions = 0;
    for (uint32_t i = 0; i < b->table_count; i++) {
        const rp_rec_table *t = &b->tables[i];
        for (uint32_t k = 0; k < t->column_count; k++) {
            CHECK(b->columns[t->first_column + k].table == i, "table", i, "column of another");
        }
        for (uint32_t k = 0; k < t->list_count; k++) {
            CHECK(b->lists[t->first_list + k].owner == i, "table", i, "list of another");
        }
        for (uint32_t k = 0; k < t->source_count; k++) {
            CHECK(b->sources[t->first_source + k].table == i, "table", i, "source of another");
        }
        bool region = (t->flags & RP_TABLE_REGION) != 0;
        CHECK(!region || (t->kind == RP_TABLE_RESOURCE && t->key != RP_NONE), "table", i,
              "the region table is a resource with a key");
        CHECK(!region || regions++ == 0, "table", i, "a second region table");
    }
    for (uint32_t i = 0; i < b->table_count; i++) {
        RP_TRY(check_table(v, i));
        RP_TRY(check_cells(v, i));
    }
    return RDSPOL_OK;
}

static rdspol_status check_joins(const rp_verifier *v, uint32_t i)
{
    const rp_bundle *b = v->bundle;
    const rp_rec_column *c = &b->columns[i];
    uint32_t target = RP_TYPE_TABLE(c->type);
    CHECK(c->join_count == 0 || RP_TYPE_KIND(c->type) == RP_KIND_REF, "column", i,
          "joins of a column that is no reference");
    for (uint32_t k = 0; k < c->join_count; k++) {
        uint32_t column = b->joins[c->first_join + k].column;
        CHECK(b->columns[column].table == target && is_text_column(b, column) &&
                  b->columns[column].origin == RP_COLUMN_FACT &&
                  b->tables[target].kind == RP_TABLE_RESOURCE,
              "column", i, "a join is a text of the table referred to");
    }
    return RDSPOL_OK;
}

static bool source_is_own(const rp_bundle *b, uint32_t table, uint32_t source)
{
    return table == RP_NONE ||
           in_range(source, b->tables[table].first_source, b->tables[table].source_count);
}

static rdspol_status check_columns(const rp_verifier *v)
{
    const rp_bundle *b = v->bundle;
    for (uint32_t i = 0; i < b->column_count; i++) {
        const rp_rec_column *c = &b->columns[i];
        rp_kind kind = RP_TYPE_KIND(c->type);
        const rp_rec_table *t = &b->tables[c->table];
        CHECK(i >= t->first_column && i - t->first_column < t->column_count, "column", i,
              "outside its table");
        bool cover = kind == RP_KIND_COVER && c->origin == RP_COLUMN_DERIVED;
        CHECK(cover ? c->type == (uint32_t)kind : rp_kind_is_plain(kind), "column", i,
              "a type that columns cannot have");
        CHECK(kind == RP_KIND_REF ? RP_TYPE_TABLE(c->type) < b->table_count
                                  : RP_TYPE_TABLE(c->type) == 0,
              "column", i, "its table is out of range");
        CHECK(c->origin >= RP_COLUMN_FACT && c->origin <= RP_COLUMN_CONST, "column", i,
              "unknown origin");
        CHECK(has_kind(b, c->fallback, kind), "column", i, "a default of another type");
        CHECK(source_is_own(b, c->table, c->source), "column", i, "source of another table");
        RP_TRY(check_joins(v, i));
        for (uint32_t k = 0; k < c->path_count; k++) {
            CHECK(source_is_own(b, c->table, b->paths[c->first_path + k].source), "column", i,
                  "path of another table's source");
        }
    }
    return RDSPOL_OK;
}

static bool refers_to(const rp_bundle *b, uint32_t column, uint32_t table)
{
    uint32_t type = b->columns[column].type;
    return RP_TYPE_KIND(type) == RP_KIND_REF && RP_TYPE_TABLE(type) == table;
}

// A column of values, and columns of functions of them.
static bool is_elements(const rp_verifier *v, uint32_t table)
{
    const rp_bundle *b = v->bundle;
    const rp_rec_table *t = &b->tables[table];
    return t->kind == RP_TABLE_ELEMENTS && t->column_count != 0 &&
           b->columns[t->first_column].origin == RP_COLUMN_FACT && v->other_columns[table] == 0;
}

// Of a relation: the column, or the list of references, through which rows of `element` point back.
static bool relation_is_valid(const rp_verifier *v, const rp_rec_list *l)
{
    const rp_bundle *b = v->bundle;
    if (l->owner == RP_NONE || b->tables[l->element].kind != RP_TABLE_RESOURCE) {
        return false;
    }
    if ((l->flags & RP_LIST_BY_RECORD) != 0) {
        return l->a < b->column_count && b->columns[l->a].table == l->element &&
               b->columns[l->a].origin == RP_COLUMN_FACT && l->b < b->column_count &&
               refers_to(b, l->a, b->columns[l->b].table) &&
               b->columns[l->b].origin == RP_COLUMN_FACT && refers_to(b, l->b, l->owner);
    }
    if ((l->flags & RP_LIST_BY_LIST) == 0) {
        return l->a < b->column_count && b->columns[l->a].table == l->element &&
               b->columns[l->a].origin == RP_COLUMN_FACT && refers_to(b, l->a, l->owner);
    }
    if (l->a >= b->list_count || b->lists[l->a].owner != l->element ||
        b->lists[l->a].kind != RP_LIST_FACT) {
        return false;
    }
    if (is_elements(v, b->lists[l->a].element)) {
        return refers_to(b, b->tables[b->lists[l->a].element].first_column, l->owner);
    }
    return l->b < b->column_count && b->columns[l->b].table == b->lists[l->a].element &&
           b->columns[l->b].origin == RP_COLUMN_FACT && refers_to(b, l->b, l->owner);
}

static bool is_entries(const rp_bundle *b, uint32_t table)
{
    const rp_rec_table *t = &b->tables[table];
    return t->kind == RP_TABLE_ENTRIES && t->column_count >= 2 &&
           RP_TYPE_KIND(b->columns[t->first_column].type) == RP_KIND_STRING;
}

static bool list_is_valid(const rp_verifier *v, const rp_rec_list *l)
{
    const rp_bundle *b = v->bundle;
    const rp_rec_table *element = &b->tables[l->element];
    switch (l->kind) {
    case RP_LIST_FACT:
        return l->owner != RP_NONE && element->kind != RP_TABLE_RESOURCE &&
               element->kind != RP_TABLE_CONST;
    case RP_LIST_MAP: return l->owner != RP_NONE && is_entries(b, l->element);
    case RP_LIST_RELATION: return relation_is_valid(v, l);
    case RP_LIST_CONST:
        return l->owner == RP_NONE && element->kind == RP_TABLE_CONST && l->a <= l->b &&
               (l->b == 0 || (element->column_count != 0 &&
                              l->b <= element->cell_count / element->column_count));
    case RP_LIST_PARAM:
        return l->owner == RP_NONE && l->a < b->param_count && is_elements(v, l->element) &&
               (b->params[l->a].flags & RP_PARAM_LIST) != 0 &&
               rp_type_same(b->columns[element->first_column].type, b->params[l->a].type);
    case RP_LIST_TEXT:
        return l->owner != RP_NONE && is_elements(v, l->element) &&
               RP_TYPE_KIND(b->columns[element->first_column].type) == RP_KIND_STRING;
    default: return false;
    }
}

static rdspol_status check_lists(const rp_verifier *v)
{
    const rp_bundle *b = v->bundle;
    for (uint32_t i = 0; i < b->list_count; i++) {
        const rp_rec_list *l = &b->lists[i];
        CHECK(list_is_valid(v, l), "list", i, "owner and elements do not fit its kind");
        CHECK(l->owner == RP_NONE ||
                  (i >= b->tables[l->owner].first_list &&
                   i - b->tables[l->owner].first_list < b->tables[l->owner].list_count),
              "list", i, "outside its table");
        CHECK(source_is_own(b, l->owner, l->source), "list", i, "source of another table");
        for (uint32_t k = 0; k < l->path_count; k++) {
            CHECK(source_is_own(b, l->owner, b->paths[l->first_path + k].source), "list", i,
                  "path of another table's source");
        }
    }
    return RDSPOL_OK;
}

static rdspol_status check_sources(const rp_verifier *v)
{
    const rp_bundle *b = v->bundle;
    for (uint32_t i = 0; i < b->source_count; i++) {
        const rp_rec_source *s = &b->sources[i];
        CHECK(s->kind >= RP_SOURCE_LIST && s->kind <= RP_SOURCE_FILE, "source", i, "unknown kind");
        CHECK(b->tables[s->table].kind == RP_TABLE_RESOURCE, "source", i, "not of a resource");
        CHECK(source_is_own(b, s->table, i), "source", i, "outside its table");
        for (uint32_t k = 0; k < s->arg_count; k++) {
            const rp_rec_arg *a = &b->args[s->first_arg + k];
            bool literal = a->kind == RP_ARG_LITERAL;
            CHECK(a->kind >= RP_ARG_LITERAL && a->kind <= RP_ARG_OTHER &&
                      a->value < (literal ? b->string_count : b->column_count),
                  "source", i, "an argument is out of range");
            CHECK(literal || is_text_column(b, a->value), "source", i, "an argument is no text");
        }
    }
    for (uint32_t i = 0; i < b->step_count; i++) {
        CHECK(b->steps[i].kind >= RP_STEP_MEMBER && b->steps[i].kind <= RP_STEP_ARG, "step", i,
              "unknown kind");
    }
    return RDSPOL_OK;
}

static rp_kind text_result(uint32_t op)
{
    return op == RP_TEXT_NUMBER    ? RP_KIND_INT
           : op == RP_TEXT_VERSION ? RP_KIND_VERSION
           : op == RP_TEXT_CIDR    ? RP_KIND_CIDR
                                   : RP_KIND_STRING;
}

static rdspol_status check_text(const rp_verifier *v, uint32_t i)
{
    const rp_bundle *b = v->bundle;
    const rp_rec_text *t = &b->texts[i];
    CHECK(t->op >= RP_TEXT_LOWER && t->op <= RP_TEXT_ARN_RESOURCE, "text", i, "unknown function");
    const rp_rec_column *input = &b->columns[t->column];
    bool ready = (input->origin != RP_COLUMN_TEXT || b->text_of[t->column] != RP_NONE) &&
                 v->parts_done[input->table] == v->parts_due[input->table];
    v->parts_read[input->table] = 1;
    CHECK(rp_kind_is_text(RP_TYPE_KIND(input->type)) && input->origin != RP_COLUMN_DERIVED && ready,
          "text", i, "its argument is not there yet");
    bool literal = t->op == RP_TEXT_SPLIT || t->op == RP_TEXT_AFTER;
    CHECK(!literal || (t->argument == RP_NONE) != (t->param == RP_NONE), "text", i,
          "a constant or a parameter");
    CHECK(has_kind(b, t->argument, RP_KIND_STRING), "text", i, "its literal is no text");
    CHECK(t->param == RP_NONE || b->params[t->param].type == RP_TYPE(RP_KIND_STRING, 0, 0), "text",
          i, "its parameter is no text");
    if (t->op == RP_TEXT_SPLIT) {
        CHECK(t->list != RP_NONE && t->result == RP_NONE &&
                  b->lists[t->list].kind == RP_LIST_TEXT &&
                  b->lists[t->list].owner == input->table && b->text_of_list[t->list] == RP_NONE,
              "text", i, "split fills one list of its table");
        uint32_t element = b->lists[t->list].element;
        CHECK(v->parts_read[element] == 0, "text", i, "its parts were asked for before");
        v->parts_done[element]++;
        v->text_of_list[t->list] = i;
        return RDSPOL_OK;
    }
    CHECK(t->result != RP_NONE && t->list == RP_NONE && b->text_of[t->result] == RP_NONE, "text", i,
          "it fills one column");
    const rp_rec_column *result = &b->columns[t->result];
    CHECK(result->table == input->table && result->origin == RP_COLUMN_TEXT &&
              RP_TYPE_KIND(result->type) == text_result(t->op),
          "text", i, "its result has another type");
    v->text_of[t->result] = i;
    return RDSPOL_OK;
}

static rdspol_status check_texts(const rp_verifier *v)
{
    const rp_bundle *b = v->bundle;
    for (uint32_t i = 0; i < b->text_count; i++) {
        RP_TRY(check_text(v, i));
    }
    for (uint32_t i = 0; i < b->column_count; i++) {
        CHECK(b->columns[i].origin != RP_COLUMN_TEXT || b->text_of[i] != RP_NONE, "column", i,
              "no text function fills it");
    }
    for (uint32_t i = 0; i < b->list_count; i++) {
        CHECK(b->lists[i].kind != RP_LIST_TEXT || b->text_of_list[i] != RP_NONE, "list", i,
              "no text function fills it");
    }
    return RDSPOL_OK;
}

static rdspol_status check_params(const rp_verifier *v)
{
    const rp_bundle *b = v->bundle;
    for (uint32_t i = 0; i < b->param_count; i++) {
        const rp_rec_param *p = &b->params[i];
        rp_kind kind = RP_TYPE_KIND(p->type);
        CHECK(rp_kind_is_plain(kind) && kind != RP_KIND_REF && RP_TYPE_TABLE(p->type) == 0, "param",
              i, "a type that parameters cannot have");
        CHECK(has_kind(b, p->fallback, kind) && has_kind(b, p->min, kind) &&
                  has_kind(b, p->max, kind),
              "param", i, "a default or limit of another type");
        for (uint32_t k = 0; k < p->item_count; k++) {
            uint32_t item = b->items[p->first_item + k].constant;
            CHECK(item != RP_NONE && has_kind(b, item, kind), "param", i,
                  "a default of another type");
        }
        CHECK(p->allowed == RP_NONE || b->sets[p->allowed].param == RP_NONE, "param", i,
              "allowed values are constants");
        CHECK(p->allowed == RP_NONE || b->sets[p->allowed].item_count == 0 ||
                  has_kind(b, b->items[b->sets[p->allowed].first_item].constant, kind),
              "param", i, "allowed values of another type");
    }
    return RDSPOL_OK;
}

static rdspol_status check_policies(const rp_verifier *v)
{
    const rp_bundle *b = v->bundle;
    for (uint32_t i = 0; i < b->policy_count; i++) {
        const rp_rec_policy *p = &b->policys[i];
        CHECK(b->tables[p->table].kind == RP_TABLE_RESOURCE, "policy", i, "not on a resource");
        CHECK(p->severity <= RDSPOL_SEVERITY_CRITICAL, "policy", i, "unknown severity");
        uint32_t last = RP_CLAUSE_WHEN;
        for (uint32_t k = 0; k < p->clause_count; k++) {
            const rp_rec_clause *c = &b->clauses[p->first_clause + k];
            CHECK(c->kind >= last && c->kind <= RP_CLAUSE_REQUIRE, "policy", i,
                  "whens come before requires");
            last = c->kind;
            for (uint32_t o = 0; o < c->observed_count; o++) {
                CHECK(b->columns[b->observeds[c->first_observed + o].column].table == p->table,
                      "policy", i, "observes another table");
            }
        }
        CHECK(last == RP_CLAUSE_REQUIRE, "policy", i, "requires nothing");
    }
    for (uint32_t i = 0; i < b->need_count; i++) {
        const rp_rec_need *n = &b->needs[i];
        uint32_t count = n->kind == RP_NEED_SOURCE   ? b->source_count
                         : n->kind == RP_NEED_COLUMN ? b->column_count
                         : n->kind == RP_NEED_LIST   ? b->list_count
                         : n->kind == RP_NEED_PARAM  ? b->param_count
                                                     : 0;
        CHECK(n->index < count, "need", i, "out of range");
    }
    return RDSPOL_OK;
}

static uint32_t *new_index(rp_bundle *b, size_t count)
{
    uint32_t *index = RP_NEW_ARRAY(&b->arena, uint32_t, count);
    for (size_t i = 0; index != NULL && i < count; i++) {
        index[i] = RP_NONE;
    }
    return index;
}

// How many frames there can be.
static uint32_t count_opening(const rp_bundle *b)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < b->insn_count; i++) {
        count += rp_op_opens(rp_bundle_op(b, i));
    }
    return count;
}

static void show_indices(const rp_verifier *v)
{
    rp_bundle *b = v->bundle;
    b->frames = v->frames;
    b->frame_of = v->frame_of;
    b->table_of = v->table_of;
    b->store_of = v->store_of;
    b->emit_of = v->emit_of;
    b->text_of = v->text_of;
    b->text_of_list = v->text_of_list;
    b->fed_by = v->fed_by;
}

static rdspol_status make_indices(rp_verifier *v)
{
    rp_bundle *b = v->bundle;
    v->text_of = new_index(b, b->column_count);
    v->text_of_list = new_index(b, b->list_count);
    v->store_of = new_index(b, b->column_count);
    v->emit_of = new_index(b, b->policy_count);
    v->frame_of = new_index(b, b->insn_count);
    v->table_of = RP_NEW_ARRAY(&b->arena, uint16_t, b->insn_count);
    v->frames = RP_NEW_ARRAY(&b->arena, rp_frame_info, count_opening(b));
    v->fed_by = RP_NEW_ARRAY(&b->arena, uint64_t, (size_t)b->column_count + b->list_count);
    if (v->text_of == NULL || v->text_of_list == NULL || v->store_of == NULL ||
        v->emit_of == NULL || v->frame_of == NULL || v->table_of == NULL || v->frames == NULL ||
        v->fed_by == NULL) {
        return rp_error_set(v->error, RDSPOL_NO_MEMORY, NULL, "out of memory");
    }
    show_indices(v);
    return RDSPOL_OK;
}

static rdspol_status make_parts(rp_verifier *v)
{
    rp_bundle *b = v->bundle;
    v->other_columns = RP_NEW_ARRAY(&b->arena, uint32_t, b->table_count);
    v->parts_due = RP_NEW_ARRAY(&b->arena, uint32_t, b->table_count);
    v->parts_done = RP_NEW_ARRAY(&b->arena, uint32_t, b->table_count);
    v->parts_read = RP_NEW_ARRAY(&b->arena, unsigned char, b->table_count);
    if (v->other_columns == NULL || v->parts_due == NULL || v->parts_done == NULL ||
        v->parts_read == NULL) {
        return rp_error_set(v->error, RDSPOL_NO_MEMORY, NULL, "out of memory");
    }
    for (uint32_t i = 0; i < b->column_count; i++) {
        const rp_rec_column *c = &b->columns[i];
        v->other_columns[c->table] +=
            i != b->tables[c->table].first_column && c->origin != RP_COLUMN_TEXT;
    }
    for (uint32_t i = 0; i < b->list_count; i++) {
        v->parts_due[b->lists[i].element] += b->lists[i].kind == RP_LIST_TEXT;
    }
    return RDSPOL_OK;
}

// Which of its table's sources feed a field: those of its paths, and its own.
static uint64_t sources_of(const rp_bundle *b, uint32_t table, uint32_t own, uint32_t first_path,
                           uint32_t path_count)
{
    if (table == RP_NONE) {
        return 0;
    }
    uint32_t first = b->tables[table].first_source;
    uint64_t mask = own == RP_NONE ? 0 : (uint64_t)1 << (own - first);
    for (uint32_t k = 0; k < path_count; k++) {
        uint32_t source = b->paths[first_path + k].source;
        mask |= source == RP_NONE ? 0 : (uint64_t)1 << (source - first);
    }
    return mask;
}

static void find_feeding_sources(const rp_verifier *v)
{
    const rp_bundle *b = v->bundle;
    for (uint32_t i = 0; i < b->column_count; i++) {
        const rp_rec_column *c = &b->columns[i];
        v->fed_by[i] = sources_of(b, c->table, c->source, c->first_path, c->path_count);
    }
    for (uint32_t i = 0; i < b->list_count; i++) {
        const rp_rec_list *l = &b->lists[i];
        v->fed_by[b->column_count + i] =
            sources_of(b, l->owner, l->source, l->first_path, l->path_count);
    }
}

rdspol_status rp_verify(rp_bundle *bundle, rdspol_error *error)
{
    rp_verifier checker = {.bundle = bundle, .error = error};
    const rp_verifier *v = &checker;
    RP_TRY(check_limits(v));
    RP_TRY(make_indices(&checker));
    RP_TRY(make_parts(&checker));
    RP_TRY(check_strings(v));
    RP_TRY(check_consts(v));
    RP_TRY(check_tables(v));
    RP_TRY(check_columns(v));
    RP_TRY(check_lists(v));
    RP_TRY(check_sources(v));
    RP_TRY(check_params(v));
    RP_TRY(check_texts(v));
    RP_TRY(check_policies(v));
    find_feeding_sources(v);
    return rp_verify_code(v);
}
