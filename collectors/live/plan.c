// Sources, mentions and rows to questions.
#include "collectors/live/plan.h"

#include "vm/base/text.h"

enum { MAX_QUESTIONS = 10 * 1000 * 1000 };

// ---- What is read ------------------------------------------------------------------------------

static rp_str source_text(const rp_plan *p, uint32_t text)
{
    return rp_bundle_text(p->bundle, text);
}

// A table is only known with the sources that list it.
static void need_listing(rp_plan *p, uint32_t table)
{
    const rp_rec_table *t = &p->bundle->tables[table];
    for (uint32_t s = t->first_source; s < t->first_source + t->source_count; s++) {
        if (p->bundle->sources[s].kind != RP_SOURCE_GROUP) p->needed[s] = true;
    }
}

// The column by which rows of a relation name their owner is read with it.
static void need_relation(rp_plan *p, const rp_rec_list *l)
{
    const rp_bundle *b = p->bundle;
    p->judged[l->element] = true;
    if (l->b != RP_NONE) p->read[l->b] = true;
    if ((l->flags & RP_LIST_BY_LIST) == 0) {
        p->read[l->a] = true;
    } else {
        p->read[b->column_count + l->a] = true;
        if (l->b == RP_NONE) p->read[b->tables[b->lists[l->a].element].first_column] = true;
    }
}

static void need_rows(rp_plan *p, uint32_t list)
{
    const rp_rec_list *l = &p->bundle->lists[list];
    p->read[p->bundle->column_count + list] = true;
    if (l->kind == RP_LIST_RELATION) need_relation(p, l);
}

static void note_need(rp_plan *p, const rp_rec_need *need)
{
    if (need->kind == RP_NEED_SOURCE) p->needed[need->index] = true;
    if (need->kind == RP_NEED_COLUMN) p->read[need->index] = true;
    if (need->kind == RP_NEED_LIST) need_rows(p, need->index);
}

static bool is_selected(uint32_t policy, const uint32_t *policies, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (policies[i] == policy) return true;
    }
    return false;
}

static void note_needs(rp_plan *p, const uint32_t *policies, size_t count)
{
    const rp_bundle *b = p->bundle;
    for (uint32_t i = 0; i < b->need_count; i++) {
        if (is_selected(b->needs[i].policy, policies, count)) note_need(p, &b->needs[i]);
    }
    for (size_t i = 0; i < count; i++) p->judged[b->policys[policies[i]].table] = true;
}

// ---- What leads to keys that are judged --------------------------------------------------------

// A type that is asked for by key and judged is known completely only where everything that may
// mention a key was listed (see vm/seal_keys.c), whether a policy reads it or not.
typedef struct leads {
    rp_plan *plan;
    uint32_t target;
    bool *tables;
} leads;

static bool column_leads(const leads *l, uint32_t column)
{
    const rp_rec_column *c = &l->plan->bundle->columns[column];
    if (c->origin != RP_COLUMN_FACT || RP_TYPE_KIND(c->type) != RP_KIND_REF) return false;
    uint32_t to = RP_TYPE_TABLE(c->type);
    return to == l->target ||
           (l->plan->bundle->tables[to].kind != RP_TABLE_RESOURCE && l->tables[to]);
}

static bool list_leads(const leads *l, uint32_t list)
{
    const rp_rec_list *r = &l->plan->bundle->lists[list];
    return (r->kind == RP_LIST_FACT || r->kind == RP_LIST_MAP) && l->tables[r->element];
}

// Of a source that says more than the listing: it is asked, too.
static void need_feeders(rp_plan *p, const rp_rec_table *t, uint64_t fed)
{
    for (uint32_t s = t->first_source; s < t->first_source + t->source_count; s++) {
        bool feeds = (fed >> (s - t->first_source) & 1) != 0;
        if (feeds && p->bundle->sources[s].kind == RP_SOURCE_GROUP) p->needed[s] = true;
    }
}

static bool read_leads(const leads *l, uint32_t table)
{
    rp_plan *p = l->plan;
    const rp_rec_table *t = &p->bundle->tables[table];
    bool any = false;
    for (uint32_t c = t->first_column; c < t->first_column + t->column_count; c++) {
        if (!column_leads(l, c)) continue;
        p->read[c] = any = true;
        need_feeders(p, t, p->bundle->fed_by[c]);
    }
    for (uint32_t k = t->first_list; k < t->first_list + t->list_count; k++) {
        if (!list_leads(l, k)) continue;
        p->read[p->bundle->column_count + k] = any = true;
        need_feeders(p, t, p->bundle->fed_by[p->bundle->column_count + k]);
    }
    if (any && t->kind == RP_TABLE_RESOURCE) need_listing(p, table);
    return any;
}

// Records inside records need as many passes as they nest.
static bool need_leads(rp_plan *p, uint32_t target)
{
    leads l = {p, target, RP_NEW_ARRAY(&p->arena, bool, p->bundle->table_count)};
    bool fresh = l.tables != NULL;
    while (fresh) {
        fresh = false;
        for (uint32_t t = 0; t < p->bundle->table_count; t++) {
            if (l.tables[t] || t == target || !read_leads(&l, t)) continue;
            l.tables[t] = fresh = true;
        }
    }
    return l.tables != NULL;
}

// Asked for by key, or by a name that references tell, too.
static bool has_keys(const rp_plan *p, uint32_t table)
{
    const rp_rec_table *t = &p->bundle->tables[table];
    uint64_t named = t->key == RP_NONE ? 0 : p->bundle->fed_by[t->key];
    for (uint32_t s = t->first_source; s < t->first_source + t->source_count; s++) {
        uint32_t kind = p->bundle->sources[s].kind;
        bool tells = kind == RP_SOURCE_GROUP && (named >> (s - t->first_source) & 1) != 0;
        if (kind == RP_SOURCE_KEY || tells) return true;
    }
    return false;
}

static bool need_all_leads(rp_plan *p)
{
    for (uint32_t t = 0; t < p->bundle->table_count; t++) {
        if (p->judged[t] && has_keys(p, t) && !need_leads(p, t)) return false;
    }
    return true;
}

// The rows that a source is asked for come from other sources.
static void close_needs(rp_plan *p)
{
    const rp_bundle *b = p->bundle;
    for (uint32_t round = 0; round < b->source_count; round++) {
        for (uint32_t s = 0; s < b->source_count; s++) {
            if (!p->needed[s]) continue;
            const rp_rec_source *source = &b->sources[s];
            if (source->kind == RP_SOURCE_GROUP) need_listing(p, source->table);
            for (uint32_t a = source->first_arg; a < source->first_arg + source->arg_count; a++) {
                if (b->args[a].kind == RP_ARG_OTHER)
                    need_listing(p, b->columns[b->args[a].value].table);
            }
        }
    }
}

// Of the columns that are read, those whose texts name rows of types that are asked for.
static void settle_watched(rp_plan *p)
{
    const rp_bundle *b = p->bundle;
    for (uint32_t c = 0; c < b->column_count; c++) {
        const rp_rec_column *column = &b->columns[c];
        p->watched[c] = p->read[c] && column->origin == RP_COLUMN_FACT && column->join_count > 0;
    }
}

static void settle_calls(rp_plan *p)
{
    const rp_bundle *b = p->bundle;
    for (uint32_t s = 0; s < b->source_count; s++) {
        p->calls[s] = rp_call_find(source_text(p, b->sources[s].service),
                                   source_text(p, b->sources[s].operation));
    }
}

bool rp_plan_init(rp_plan *plan, const rp_bundle *bundle, const rp_operations *operations,
                  const uint32_t *policies, size_t count, rp_alloc alloc)
{
    *plan = (rp_plan){.alloc = alloc, .bundle = bundle, .operations = operations};
    rp_arena_init(&plan->arena, alloc);
    rp_strtab_init(&plan->texts, alloc);
    rp_map_init(&plan->mentions, alloc);
    plan->needed = RP_NEW_ARRAY(&plan->arena, bool, bundle->source_count);
    plan->read =
        RP_NEW_ARRAY(&plan->arena, bool, (size_t)bundle->column_count + bundle->list_count);
    plan->watched = RP_NEW_ARRAY(&plan->arena, bool, bundle->column_count);
    plan->judged = RP_NEW_ARRAY(&plan->arena, bool, bundle->table_count);
    plan->calls = RP_NEW_ARRAY(&plan->arena, const rp_call_info *, bundle->source_count);
    plan->seen = RP_NEW_ARRAY(&plan->arena, uint32_t, bundle->table_count);
    if (plan->needed == NULL || plan->read == NULL || plan->watched == NULL ||
        plan->judged == NULL || plan->calls == NULL || plan->seen == NULL)
        return false;
    note_needs(plan, policies, count);
    if (!need_all_leads(plan)) return false;
    close_needs(plan);
    settle_watched(plan);
    settle_calls(plan);
    return true;
}

void rp_plan_clear(rp_plan *plan)
{
    rp_alloc_free(plan->alloc, plan->scopes, plan->scope_count * sizeof *plan->scopes);
    rp_alloc_free(plan->alloc, plan->waiting, plan->waiting_capacity * sizeof *plan->waiting);
    rp_alloc_free(plan->alloc, plan->questions, plan->question_capacity * sizeof *plan->questions);
    rp_map_free(&plan->mentions);
    rp_strtab_free(&plan->texts);
    rp_arena_clear(&plan->arena);
}

// ---- Questions ---------------------------------------------------------------------------------

// Room for one more; NULL if memory ran out.
static void *grow(rp_plan *p, void *items, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity) return items;
    uint32_t wanted = *capacity == 0 ? 64 : *capacity * 2;
    void *block = wanted > MAX_QUESTIONS * 2u
                      ? NULL
                      : rp_alloc_resize(p->alloc, items, *capacity * size, wanted * size);
    p->failed = p->failed || block == NULL;
    if (block != NULL) *capacity = wanted;
    return block;
}

// One text for scope, operation and arguments: whether it is new.
static bool is_new(rp_plan *p, const rp_question *q)
{
    rp_buf key;
    uint32_t before = p->texts.count;
    rp_buf_init(&key, p->alloc, 1 << 20);
    rp_buf_printf(&key, "%u %s", (unsigned)q->scope, q->info->operation);
    for (uint32_t i = 0; i < q->count; i++) {
        rp_buf_add_char(&key, '\0');
        rp_buf_add_str(&key, q->values[i]);
    }
    uint32_t id = key.failed ? RP_STRTAB_NONE : rp_strtab_add(&p->texts, rp_buf_str(&key));
    rp_buf_free(&key);
    p->failed = p->failed || id == RP_STRTAB_NONE;
    return id != RP_STRTAB_NONE && id >= before;
}

static bool keep_values(rp_plan *p, rp_question *q)
{
    for (uint32_t i = 0; i < q->count; i++) {
        q->values[i] = rp_arena_str(&p->arena, q->values[i]);
        if (q->values[i].ptr == NULL) return false;
    }
    return true;
}

static void ask(rp_plan *p, rp_question *q)
{
    const rp_call_info *info = p->calls[q->source];
    if (info == NULL) return;
    q->info = info;
    q->operation = rp_operations_named(p->operations, rp_str_from(info->operation));
    if (q->operation == NULL || !is_new(p, q)) return;
    void *block = grow(p, p->questions, p->question_count, &p->question_capacity, sizeof *q);
    if (block == NULL) return;
    p->questions = block;
    p->failed = p->failed || !keep_values(p, q);
    p->questions[p->question_count++] = *q;
}

static bool is_foreign_region(const rp_plan *p, rp_str text, uint32_t scope)
{
    rp_arn arn;
    return rp_arn_parse(text, &arn) && arn.region.len > 0 &&
           !rp_str_equal(arn.region, p->scopes[scope].region);
}

// In the Region that an ARN names, if it is one of those that are looked at.
static uint32_t scope_for(const rp_plan *p, rp_str text, uint32_t scope)
{
    rp_arn arn;
    if (!is_foreign_region(p, text, scope)) return scope;
    (void)rp_arn_parse(text, &arn);
    for (uint32_t i = 0; i < p->scope_count; i++) {
        if (rp_str_equal(p->scopes[i].region, arn.region) &&
            rp_str_equal(p->scopes[i].account, p->scopes[scope].account))
            return i;
    }
    return RP_NONE;
}

// ---- Keys --------------------------------------------------------------------------------------

static bool waits(const rp_plan *p, uint32_t table);
static bool is_told(const rp_plan *p, uint32_t source);

// Of a group whose argument is the very column that a text is looked up in nothing else needs to be
// known: it is asked also where the listing is denied.
static void ask_group_of(rp_plan *p, uint32_t column, rp_str text, uint32_t scope)
{
    uint32_t table = p->bundle->columns[column].table;
    const rp_rec_table *t = &p->bundle->tables[table];
    for (uint32_t s = t->first_source; s < t->first_source + t->source_count; s++) {
        const rp_rec_source *source = &p->bundle->sources[s];
        if (!p->needed[s] || source->kind != RP_SOURCE_GROUP || source->arg_count != 1) continue;
        const rp_rec_arg *arg = &p->bundle->args[source->first_arg];
        if (arg->kind != RP_ARG_OWN || arg->value != column || is_told(p, s) || !waits(p, table))
            continue;
        rp_question q = {.scope = scope_for(p, text, scope), .source = s, .count = 1};
        q.names[0] = source_text(p, arg->name);
        q.values[0] = text;
        if (q.scope != RP_NONE) ask(p, &q);
    }
}

static void ask_key(rp_plan *p, uint32_t table, rp_str text, uint32_t scope)
{
    const rp_rec_table *t = &p->bundle->tables[table];
    for (uint32_t s = t->first_source; s < t->first_source + t->source_count; s++) {
        const rp_rec_source *source = &p->bundle->sources[s];
        if (!p->needed[s] || source->kind != RP_SOURCE_KEY || source->arg_count != 1) continue;
        rp_question q = {.scope = scope_for(p, text, scope), .source = s, .count = 1};
        q.names[0] = source_text(p, p->bundle->args[source->first_arg].name);
        q.values[0] = text;
        if (q.scope != RP_NONE) ask(p, &q);
    }
}

// Listings that wait for a text such as this.
static void ask_listings(rp_plan *p, uint32_t table, rp_str text, uint32_t scope)
{
    const rp_rec_table *t = &p->bundle->tables[table];
    for (uint32_t s = t->first_source; s < t->first_source + t->source_count; s++) {
        if (!p->needed[s] || p->bundle->sources[s].kind != RP_SOURCE_LIST || p->calls[s] == NULL)
            continue;
        rp_str part = rp_call_mentioned(p->calls[s]);
        rp_question q = {.scope = scope, .source = s};
        if (part.len > 0 && rp_text_contains(text, part)) ask(p, &q);
    }
}

static void mention(rp_plan *p, const rp_facts *facts, uint32_t column, uint32_t row,
                    uint32_t scope)
{
    const rp_rec_column *c = &p->bundle->columns[column];
    uint32_t id = rp_facts_cell_id(facts, column, row);
    if (id == RP_NONE) return;
    for (uint32_t j = c->first_join; j < c->first_join + c->join_count; j++) {
        uint32_t table = p->bundle->columns[p->bundle->joins[j].column].table;
        uint32_t *at = rp_map_add(&p->mentions, rp_map_pair(table, id), scope);
        p->failed = p->failed || at == NULL;
        if (at == NULL || *at != RP_MAP_NONE) continue;
        *at = 1;
        p->fresh_mentions = true;
        ask_key(p, table, rp_strtab_get(&facts->texts, id), scope);
        ask_listings(p, table, rp_strtab_get(&facts->texts, id), scope);
        ask_group_of(p, p->bundle->joins[j].column, rp_strtab_get(&facts->texts, id), scope);
    }
}

// ---- Rows --------------------------------------------------------------------------------------

// The arguments of a source that stand in a row; false if one is not known.
static bool fill_arguments(const rp_plan *p, const rp_facts *facts, uint32_t row, rp_question *q)
{
    const rp_rec_source *source = &p->bundle->sources[q->source];
    if (source->arg_count > RP_CALL_MAX_ARGUMENTS) return false;
    for (uint32_t i = 0; i < source->arg_count; i++) {
        const rp_rec_arg *arg = &p->bundle->args[source->first_arg + i];
        q->names[i] = source_text(p, arg->name);
        q->values[i] = arg->kind == RP_ARG_LITERAL ? source_text(p, arg->value)
                                                   : rp_facts_cell_text(facts, arg->value, row);
        if (q->values[i].len == 0) return false;
    }
    q->count = source->arg_count;
    return true;
}

static bool is_pointless(const rp_plan *p, const rp_facts *facts, uint32_t source, uint32_t row)
{
    rp_str field, value;
    uint32_t table = p->bundle->sources[source].table;
    if (p->calls[source] == NULL || !rp_call_only(p->calls[source], &field, &value)) return false;
    uint32_t column = rp_bundle_find_column(p->bundle, table, field);
    uint32_t id = column == RP_NONE ? RP_NONE : rp_facts_cell_id(facts, column, row);
    return id != RP_NONE && !rp_str_equal(rp_strtab_get(&facts->texts, id), value);
}

// Whether each field that a group would tell and that is read was in the listing already.
static bool is_told(const rp_plan *p, uint32_t source)
{
    const rp_bundle *b = p->bundle;
    const rp_rec_table *t = &b->tables[b->sources[source].table];
    uint64_t own = (uint64_t)1 << (source - t->first_source), listed = 0;
    for (uint32_t s = t->first_source; s < t->first_source + t->source_count; s++) {
        bool lists = b->sources[s].kind == RP_SOURCE_LIST;
        listed |= lists ? (uint64_t)1 << (s - t->first_source) : 0;
    }
    for (uint32_t c = t->first_column; c < t->first_column + t->column_count; c++) {
        if (p->read[c] && (b->fed_by[c] & own) != 0 && (b->fed_by[c] & listed) == 0) return false;
    }
    for (uint32_t l = t->first_list; l < t->first_list + t->list_count; l++) {
        uint64_t fed = b->fed_by[b->column_count + l];
        if (p->read[b->column_count + l] && (fed & own) != 0 && (fed & listed) == 0) return false;
    }
    return listed != 0;
}

static void ask_groups(rp_plan *p, const rp_facts *facts, uint32_t table, uint32_t row,
                       uint32_t scope)
{
    const rp_rec_table *t = &p->bundle->tables[table];
    for (uint32_t s = t->first_source; s < t->first_source + t->source_count; s++) {
        rp_question q = {.scope = scope, .source = s};
        if (p->needed[s] && p->bundle->sources[s].kind == RP_SOURCE_GROUP && !is_told(p, s) &&
            fill_arguments(p, facts, row, &q) && !is_pointless(p, facts, s, row))
            ask(p, &q);
    }
}

static bool has_group(const rp_plan *p, uint32_t table)
{
    const rp_rec_table *t = &p->bundle->tables[table];
    for (uint32_t s = t->first_source; s < t->first_source + t->source_count; s++) {
        if (p->needed[s] && p->bundle->sources[s].kind == RP_SOURCE_GROUP) return true;
    }
    return false;
}

// Whether a field that is read can mention rows of a type.
static bool is_mentionable(const rp_plan *p, uint32_t table)
{
    const rp_bundle *b = p->bundle;
    for (uint32_t c = 0; c < b->column_count; c++) {
        for (uint32_t j = 0; p->watched[c] && j < b->columns[c].join_count; j++) {
            if (b->columns[b->joins[b->columns[c].first_join + j].column].table == table)
                return true;
        }
    }
    return false;
}

static bool is_mentioned(const rp_plan *p, const rp_facts *facts, const rp_plan_row *row)
{
    const rp_rec_table *t = &p->bundle->tables[row->table];
    const uint32_t names[] = {t->key, t->unique, t->arn};
    for (size_t i = 0; i < 3; i++) {
        uint32_t id = names[i] == RP_NONE ? RP_NONE : rp_facts_cell_id(facts, names[i], row->row);
        if (id != RP_NONE &&
            rp_map_find(&p->mentions, rp_map_pair(row->table, id), row->scope) != RP_MAP_NONE)
            return true;
    }
    return false;
}

static void wait(rp_plan *p, uint32_t table, uint32_t row, uint32_t scope)
{
    void *block = grow(p, p->waiting, p->waiting_count, &p->waiting_capacity, sizeof *p->waiting);
    if (block == NULL) return;
    p->waiting = block;
    p->waiting[p->waiting_count++] = (rp_plan_row){table, row, scope};
}

static void mention_all(rp_plan *p, const rp_facts *facts, uint32_t table, uint32_t row,
                        uint32_t scope)
{
    const rp_rec_table *t = &p->bundle->tables[table];
    for (uint32_t c = t->first_column; c < t->first_column + t->column_count; c++) {
        if (p->watched[c]) mention(p, facts, c, row, scope);
    }
}

// Sources that are asked once for each row of this table.
static void ask_each(rp_plan *p, const rp_facts *facts, uint32_t table, uint32_t row,
                     uint32_t scope)
{
    const rp_bundle *b = p->bundle;
    for (uint32_t s = 0; s < b->source_count; s++) {
        rp_question q = {.scope = scope, .source = s};
        const rp_rec_source *source = &b->sources[s];
        if (!p->needed[s] || source->kind != RP_SOURCE_EACH || source->arg_count == 0) continue;
        const rp_rec_arg *arg = &b->args[source->first_arg];
        bool here = arg->kind == RP_ARG_OTHER && b->columns[arg->value].table == table;
        if (here && fill_arguments(p, facts, row, &q)) ask(p, &q);
    }
}

// A row that matters: what it mentions, and what is asked about it.
static void count_row(rp_plan *p, const rp_facts *facts, uint32_t table, uint32_t row,
                      uint32_t scope)
{
    mention_all(p, facts, table, row, scope);
    if (p->bundle->tables[table].kind != RP_TABLE_RESOURCE) return;
    ask_groups(p, facts, table, row, scope);
    ask_each(p, facts, table, row, scope);
}

// Until nothing new is mentioned.
static void count_waiting(rp_plan *p, const rp_facts *facts)
{
    while (p->fresh_mentions && !p->failed) {
        uint32_t kept = 0;
        p->fresh_mentions = false;
        for (uint32_t i = 0; i < p->waiting_count; i++) {
            rp_plan_row row = p->waiting[i];
            if (is_mentioned(p, facts, &row)) {
                count_row(p, facts, row.table, row.row, row.scope);
            } else {
                p->waiting[kept++] = row;
            }
        }
        p->waiting_count = kept;
    }
}

// Whether others are asked for each row of a type.
static bool has_each(const rp_plan *p, uint32_t table)
{
    const rp_bundle *b = p->bundle;
    for (uint32_t s = 0; s < b->source_count; s++) {
        const rp_rec_source *source = &b->sources[s];
        if (!p->needed[s] || source->kind != RP_SOURCE_EACH || source->arg_count == 0) continue;
        const rp_rec_arg *arg = &b->args[source->first_arg];
        if (arg->kind == RP_ARG_OTHER && b->columns[arg->value].table == table) return true;
    }
    return false;
}

// Types whose rows wait until they are mentioned, where that makes a difference.
static bool waits(const rp_plan *p, uint32_t table)
{
    const rp_rec_table *t = &p->bundle->tables[table];
    bool mentions = has_group(p, table);
    for (uint32_t c = t->first_column; c < t->first_column + t->column_count; c++) {
        mentions = mentions || p->watched[c];
    }
    return t->kind == RP_TABLE_RESOURCE && !p->judged[table] && mentions && !has_each(p, table) &&
           is_mentionable(p, table);
}

static void grow_table(rp_plan *p, const rp_facts *facts, uint32_t table, uint32_t scope)
{
    uint32_t rows = rp_facts_row_count(facts, table);
    bool later = waits(p, table);
    for (uint32_t r = p->seen[table]; r < rows; r++) {
        if (later) {
            wait(p, table, r, scope);
        } else {
            count_row(p, facts, table, r, scope);
        }
    }
    p->seen[table] = rows;
}

void rp_plan_grow(rp_plan *plan, const rp_facts *facts, uint32_t scope)
{
    uint32_t waiting = plan->waiting_count;
    plan->fresh_mentions = false;
    for (uint32_t t = 0; t < plan->bundle->table_count; t++) {
        if (rp_facts_row_count(facts, t) > plan->seen[t]) grow_table(plan, facts, t, scope);
    }
    plan->fresh_mentions = plan->fresh_mentions || plan->waiting_count > waiting;
    count_waiting(plan, facts);
}

// ---- What no listing held ----------------------------------------------------------------------

// Whether a group says nothing that the listing does not, and is asked by a name: of rows that the
// listing lacks.
static bool fills_gaps(const rp_plan *p, uint32_t source)
{
    const rp_rec_source *s = &p->bundle->sources[source];
    return p->needed[source] && p->calls[source] != NULL && s->kind == RP_SOURCE_GROUP &&
           s->arg_count == 1 && p->bundle->args[s->first_arg].kind == RP_ARG_OWN &&
           is_told(p, source);
}

// The texts of a column; false if memory ran out.
static bool note_texts(const rp_facts *facts, uint32_t column, uint32_t table, rp_map *texts)
{
    for (uint32_t r = 0; r < rp_facts_row_count(facts, table); r++) {
        uint32_t id = rp_facts_cell_id(facts, column, r);
        uint32_t *at = id == RP_NONE ? NULL : rp_map_add(texts, id, 0);
        if (id != RP_NONE && at == NULL) return false;
        if (at != NULL) *at = 1;
    }
    return true;
}

static bool is_foreign_account(const rp_plan *p, rp_str text, uint32_t scope)
{
    rp_arn arn;
    return rp_arn_parse(text, &arn) && arn.account.len > 0 &&
           !rp_str_equal(arn.account, p->scopes[scope].account);
}

static void ask_gap(rp_plan *p, const rp_facts *facts, uint32_t source, uint32_t id)
{
    const rp_rec_source *s = &p->bundle->sources[source];
    rp_str text = rp_strtab_get(&facts->texts, id);
    for (uint32_t i = 0; i < p->scope_count; i++) {
        if (rp_map_find(&p->mentions, rp_map_pair(s->table, id), i) == RP_MAP_NONE ||
            is_foreign_account(p, text, i))
            continue;
        rp_question q = {.scope = scope_for(p, text, i), .source = source, .count = 1};
        q.names[0] = source_text(p, p->bundle->args[s->first_arg].name);
        q.values[0] = text;
        if (q.scope != RP_NONE) ask(p, &q);
    }
}

// What a column mentions of those that a group is asked by.
static void ask_gaps_of(rp_plan *p, const rp_facts *facts, uint32_t source, uint32_t column,
                        const rp_map *held)
{
    const rp_rec_column *c = &p->bundle->columns[column];
    uint32_t wanted = p->bundle->args[p->bundle->sources[source].first_arg].value;
    bool names = false;
    for (uint32_t j = c->first_join; j < c->first_join + c->join_count; j++) {
        names = names || p->bundle->joins[j].column == wanted;
    }
    for (uint32_t r = 0; names && r < rp_facts_row_count(facts, c->table); r++) {
        uint32_t id = rp_facts_cell_id(facts, column, r);
        if (id != RP_NONE && rp_map_find(held, id, 0) == RP_MAP_NONE) ask_gap(p, facts, source, id);
    }
}

void rp_plan_rest(rp_plan *plan, const rp_facts *facts)
{
    const rp_bundle *b = plan->bundle;
    for (uint32_t s = 0; s < b->source_count; s++) {
        rp_map held;
        if (!fills_gaps(plan, s)) continue;
        uint32_t wanted = b->args[b->sources[s].first_arg].value;
        rp_map_init(&held, plan->alloc);
        plan->failed = plan->failed || !note_texts(facts, wanted, b->sources[s].table, &held);
        for (uint32_t c = 0; !plan->failed && c < b->column_count; c++) {
            if (plan->watched[c]) ask_gaps_of(plan, facts, s, c, &held);
        }
        rp_map_free(&held);
    }
}

// ---- Scopes ------------------------------------------------------------------------------------

static bool has_literals_only(const rp_plan *p, const rp_rec_source *source)
{
    for (uint32_t a = source->first_arg; a < source->first_arg + source->arg_count; a++) {
        if (p->bundle->args[a].kind != RP_ARG_LITERAL) return false;
    }
    return true;
}

// What depends on nothing: listings, and what is said once of an account and Region.
bool rp_plan_begins(const rp_plan *plan, uint32_t source)
{
    const rp_rec_source *s = &plan->bundle->sources[source];
    bool region = (plan->bundle->tables[s->table].flags & RP_TABLE_REGION) != 0;
    bool later = plan->calls[source] != NULL && rp_call_mentioned(plan->calls[source]).len > 0;
    return plan->needed[source] && !later && has_literals_only(plan, s) &&
           (s->kind == RP_SOURCE_LIST || (s->kind == RP_SOURCE_GROUP && region));
}

void rp_plan_add_scope(rp_plan *plan, rp_str account, rp_str region)
{
    uint32_t scope = plan->scope_count;
    size_t size = sizeof *plan->scopes;
    rp_plan_scope *scopes =
        rp_alloc_resize(plan->alloc, plan->scopes, scope * size, (scope + 1) * size);
    if (scopes == NULL) {
        plan->failed = true;
        return;
    }
    plan->scopes = scopes;
    scopes[scope] =
        (rp_plan_scope){rp_arena_str(&plan->arena, account), rp_arena_str(&plan->arena, region)};
    plan->scope_count++;
    plan->failed =
        plan->failed || scopes[scope].account.ptr == NULL || scopes[scope].region.ptr == NULL;
    for (uint32_t s = 0; !plan->failed && s < plan->bundle->source_count; s++) {
        rp_question q = {.scope = scope, .source = s};
        if (rp_plan_begins(plan, s) && fill_arguments(plan, NULL, 0, &q)) ask(plan, &q);
    }
}

bool rp_plan_asks(const rp_plan *plan, uint32_t source)
{
    bool group = plan->bundle->sources[source].kind == RP_SOURCE_GROUP;
    return plan->needed[source] && plan->bundle->sources[source].kind != RP_SOURCE_FILE &&
           (!(group && is_told(plan, source)) || fills_gaps(plan, source));
}

// ---- In words ----------------------------------------------------------------------------------

static rp_str table_name(const rp_plan *p, uint32_t table)
{
    return source_text(p, p->bundle->tables[table].name);
}

void rp_plan_describe(const rp_plan *plan, uint32_t source, rp_buf *out)
{
    const rp_bundle *b = plan->bundle;
    const rp_rec_source *s = &b->sources[source];
    rp_str name = table_name(plan, s->table);
    if (s->kind == RP_SOURCE_EACH) {
        name = table_name(plan, b->columns[b->args[s->first_arg].value].table);
    }
    bool later = s->kind == RP_SOURCE_GROUP && waits(plan, s->table);
    if (rp_plan_begins(plan, source)) {
        rp_buf_add_text(out, "once, and for further pages");
        return;
    }
    if (s->kind == RP_SOURCE_LIST) {
        rp_buf_add_text(out, "once, if something names such a row");
        return;
    }
    const char *which = fills_gaps(plan, source)            ? " that is mentioned and in no list"
                        : s->kind == RP_SOURCE_KEY || later ? " that is mentioned"
                                                            : "";
    rp_buf_printf(out, "for each %.*s%s", (int)name.len, name.ptr, which);
    rp_str field, value;
    if (s->kind == RP_SOURCE_GROUP && plan->calls[source] != NULL &&
        rp_call_only(plan->calls[source], &field, &value))
        rp_buf_printf(out, " whose %.*s is %.*s", (int)field.len, field.ptr, (int)value.len,
                      value.ptr);
}
