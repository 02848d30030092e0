// Sealing facts: the parts in order, then what follows from all of them: which rows are judged, how
// each listing went, and why a cell is not known.
//
// After sealing facts are read only. Must not guess: what no answer tells stays unknown.
#include "vm/seal.h"

#include "vm/store.h"

// ---- Soundness of what the builder was given ---------------------------------------------------

static bool lists_are_sound(const rp_facts *f, uint32_t list, uint32_t rows)
{
    const rp_fact_list *l = &f->lists[list];
    uint32_t elements = f->tables[f->bundle->lists[list].element].rows;
    for (uint32_t r = 0; l->begin != NULL && r < rows; r++) {
        if (l->begin[r] > l->end[r] || l->end[r] > elements) {
            return false;
        }
    }
    return true;
}

static bool records_are_sound(const rp_facts *f, uint32_t column, uint32_t rows)
{
    uint32_t type = f->bundle->columns[column].type;
    const uint32_t *values = f->columns[column].values;
    if (values == NULL || !rp_bundle_is_record(f->bundle, type)) {
        return true;
    }
    for (uint32_t r = 0; r < rows; r++) {
        if (rp_seal_is_present(f, column, r) && values[r] >= f->tables[RP_TYPE_TABLE(type)].rows) {
            return false;
        }
    }
    return true;
}

static rdspol_status check_builder(const rp_facts *f, rdspol_error *error)
{
    const rp_bundle *b = f->bundle;
    bool sound = true;
    for (uint32_t l = 0; l < b->list_count; l++) {
        uint32_t owner = b->lists[l].owner;
        sound = sound && (owner == RP_NONE || lists_are_sound(f, l, f->tables[owner].rows));
    }
    for (uint32_t c = 0; c < b->column_count; c++) {
        sound = sound && records_are_sound(f, c, f->tables[b->columns[c].table].rows);
    }
    return sound ? RDSPOL_OK
                 : rp_error_set(error, RDSPOL_INVALID_ARGUMENT, NULL,
                                "a list or record names rows that were not added");
}

// ---- Listings ----------------------------------------------------------------------------------

static const rp_fact_answer *find_answer(const rp_facts *f, uint32_t source, uint32_t argument,
                                         uint32_t account, uint32_t region)
{
    uint64_t key = rp_map_pair(source, argument);
    uint32_t at = rp_map_find(&f->answers, key, rp_map_pair(account, region));
    if (at == RP_MAP_NONE) {
        at = rp_map_find(&f->answers, key, rp_map_pair(RP_NONE, RP_NONE));
    }
    return at == RP_MAP_NONE ? NULL : &f->answer[at];
}

static void set_listing(rp_listing *l, rp_answered answered, uint32_t source, rdspol_reason reason,
                        uint32_t detail)
{
    l->answered = answered;
    l->source = source;
    l->why.reason = reason;
    l->why.detail = detail;
}

// The best that one of the listing operations (or the file) said. Where everything else counts as
// answered, a failure may be recorded for any source.
static void listing_of_lists(const rp_facts *f, uint32_t table, uint32_t pair, rp_listing *out)
{
    const rp_rec_table *t = &f->bundle->tables[table];
    for (uint32_t s = t->first_source; s < t->first_source + t->source_count; s++) {
        uint32_t kind = f->bundle->sources[s].kind;
        if (kind != RP_SOURCE_LIST && kind != RP_SOURCE_FILE && !f->assume_complete) {
            continue;
        }
        const rp_fact_answer *a =
            find_answer(f, s, RP_NONE, f->pair[pair].account, f->pair[pair].region);
        if (a == NULL) {
            continue;
        }
        rp_answered how = !a->answered ? RP_ANSWERED_NOT
                          : a->cut     ? RP_ANSWERED_PART
                                       : RP_ANSWERED_ALL;
        if (how > out->answered || out->why.reason == RDSPOL_REASON_NOT_SUPPLIED) {
            set_listing(out, how, s, a->answered ? RDSPOL_REASON_INCOMPLETE_PAGE : a->why.reason,
                        a->why.detail);
        }
    }
}

static void count_rows(const rp_facts *f, uint32_t table, uint32_t pair, uint32_t *real,
                       uint32_t *stubs)
{
    *real = *stubs = 0;
    for (uint32_t r = 0; r < f->tables[table].rows; r++) {
        const rp_fact_meta *meta = &f->tables[table].meta[r];
        *real += meta->pair == pair && meta->state == RP_ROW_REAL;
        *stubs += meta->pair == pair && meta->state == RP_ROW_STUB;
    }
}

// Why the first stub has no row of its own.
static rp_fact_reason why_stub(const rp_facts *f, uint32_t table, uint32_t pair, uint32_t source)
{
    rp_fact_reason why = {RDSPOL_REASON_NOT_SUPPLIED, RP_NONE};
    for (uint32_t r = 0; r < f->tables[table].rows; r++) {
        const rp_fact_meta *meta = &f->tables[table].meta[r];
        if (meta->pair != pair || meta->state != RP_ROW_STUB) {
            continue;
        }
        const rp_fact_answer *a =
            find_answer(f, source, rp_facts_cell_id(f, f->bundle->tables[table].key, r),
                        f->pair[pair].account, f->pair[pair].region);
        if (a == NULL && f->bundle->tables[table].unique != RP_NONE) {
            a = find_answer(f, source, rp_facts_cell_id(f, f->bundle->tables[table].unique, r),
                            f->pair[pair].account, f->pair[pair].region);
        }
        if (a != NULL && !a->answered) {
            return a->why;
        }
    }
    return why;
}

// One call for each key that is mentioned: complete if no mentioned one is missing.
static void listing_of_keys(const rp_facts *f, uint32_t table, uint32_t pair, uint32_t source,
                            bool listed_too, rp_listing *out)
{
    uint32_t real, stubs;
    count_rows(f, table, pair, &real, &stubs);
    if (stubs == 0 && !listed_too) {
        set_listing(out, RP_ANSWERED_ALL, RP_NONE, RDSPOL_REASON_NONE, RP_NONE);
    } else if (real != 0) {
        rp_fact_reason why = why_stub(f, table, pair, source);
        set_listing(out, RP_ANSWERED_PART, source, why.reason, why.detail);
    } else if (stubs != 0) {
        rp_fact_reason why = why_stub(f, table, pair, source);
        set_listing(out, RP_ANSWERED_NOT, source, why.reason, why.detail);
    }
}

// The column of another table whose rows a source is asked for.
static uint32_t asked_column(const rp_bundle *b, uint32_t source)
{
    const rp_rec_source *s = &b->sources[source];
    for (uint32_t k = 0; k < s->arg_count; k++) {
        if (b->args[s->first_arg + k].kind == RP_ARG_OTHER) {
            return b->args[s->first_arg + k].value;
        }
    }
    return RP_NONE;
}

// One call for each row of another table: complete if that was, and each row's call answered.
static void listing_of_each(const rp_facts *f, uint32_t pair, uint32_t source, rp_listing *out)
{
    uint32_t column = asked_column(f->bundle, source);
    uint32_t other = column == RP_NONE ? RP_NONE : f->bundle->columns[column].table;
    uint32_t asked = 0, answered = 0, cut = 0;
    rp_fact_reason why = {RDSPOL_REASON_NOT_SUPPLIED, RP_NONE};
    for (uint32_t r = 0; other != RP_NONE && r < f->tables[other].rows; r++) {
        const rp_fact_meta *meta = &f->tables[other].meta[r];
        if (meta->pair != pair || meta->state != RP_ROW_REAL) {
            continue;
        }
        const rp_fact_answer *a = find_answer(f, source, rp_facts_cell_id(f, column, r),
                                              f->pair[pair].account, f->pair[pair].region);
        asked++;
        answered += a != NULL && a->answered;
        cut += a != NULL && a->answered && a->cut;
        if (a != NULL && !a->answered) {
            why = a->why;
        }
    }
    rp_listing outer = {RP_ANSWERED_ALL, RP_NONE, {RDSPOL_REASON_NONE, RP_NONE}};
    if (other != RP_NONE) {
        // Not listed until something says so: no rows to ask for would look like no rows at all.
        set_listing(&outer, RP_ANSWERED_NOT, f->bundle->tables[other].first_source,
                    RDSPOL_REASON_NOT_SUPPLIED, RP_NONE);
        listing_of_lists(f, other, pair, &outer);
    }
    if (asked == 0 && outer.answered == RP_ANSWERED_NOT) {
        *out = outer;
    } else if (answered == asked && cut == 0 && outer.answered == RP_ANSWERED_ALL) {
        set_listing(out, RP_ANSWERED_ALL, RP_NONE, RDSPOL_REASON_NONE, RP_NONE);
    } else if (answered == asked) {
        set_listing(out, RP_ANSWERED_PART, source, RDSPOL_REASON_INCOMPLETE_PAGE, RP_NONE);
    } else {
        set_listing(out, answered == 0 ? RP_ANSWERED_NOT : RP_ANSWERED_PART, source, why.reason,
                    why.detail);
    }
}

rp_listing rp_seal_listing(const rp_facts *f, uint32_t table, uint32_t pair)
{
    const rp_rec_table *t = &f->bundle->tables[table];
    rp_listing out;
    set_listing(&out, RP_ANSWERED_NOT, t->source_count == 0 ? RP_NONE : t->first_source,
                RDSPOL_REASON_NOT_SUPPLIED, RP_NONE);
    listing_of_lists(f, table, pair, &out);
    bool failed = out.why.reason != RDSPOL_REASON_NOT_SUPPLIED && out.answered != RP_ANSWERED_ALL;
    bool listed = false;
    for (uint32_t s = t->first_source; s < t->first_source + t->source_count; s++) {
        listed |= f->bundle->sources[s].kind == RP_SOURCE_LIST;
    }
    if (table == f->region_table || (f->assume_complete && !failed)) {
        set_listing(&out, RP_ANSWERED_ALL, RP_NONE, RDSPOL_REASON_NONE, RP_NONE);
    }
    for (uint32_t s = t->first_source; s < t->first_source + t->source_count; s++) {
        if (out.answered != RP_ANSWERED_NOT || f->assume_complete) {
            break;
        }
        if (f->bundle->sources[s].kind == RP_SOURCE_KEY) {
            listing_of_keys(f, table, pair, s, listed, &out);
        } else if (f->bundle->sources[s].kind == RP_SOURCE_EACH) {
            listing_of_each(f, pair, s, &out);
        }
    }
    return out;
}

static bool make_listings(rp_facts *f)
{
    uint32_t tables = f->bundle->table_count;
    f->listing = rp_alloc_get(f->alloc, (size_t)tables * f->pair_count * sizeof *f->listing);
    if (f->listing == NULL) {
        return false;
    }
    f->listing_count = tables * f->pair_count;
    for (uint32_t t = 0; t < tables; t++) {
        for (uint32_t p = 0; p < f->pair_count; p++) {
            rp_listing *l = &f->listing[(size_t)t * f->pair_count + p];
            set_listing(l, RP_ANSWERED_NOT, RP_NONE, RDSPOL_REASON_NOT_SUPPLIED, RP_NONE);
            if (f->bundle->tables[t].kind == RP_TABLE_RESOURCE) {
                *l = rp_seal_listing(f, t, p);
            }
        }
    }
    return rp_seal_key_listings(f);
}

rp_listing rp_facts_listing(const rp_facts *facts, uint32_t table, uint32_t pair)
{
    return facts->listing[(size_t)table * facts->pair_count + pair];
}

// ---- Which rows are judged ---------------------------------------------------------------------

static bool is_foreign(const rp_facts *f, const rp_fact_meta *meta)
{
    return meta->account != RP_NONE && f->has_audited &&
           rp_map_find(&f->audited, meta->account, 0) != 1;
}

static bool is_judged(const rp_facts *f, uint32_t table, uint32_t row)
{
    const rp_fact_meta *meta = &f->tables[table].meta[row];
    if (meta->state != RP_ROW_STUB || table == f->region_table) {
        return meta->state == RP_ROW_REAL;
    }
    if (is_foreign(f, meta)) {
        return false;
    }
    return meta->pair == RP_NONE || !f->pair[meta->pair].scanned ||
           rp_facts_listing(f, table, meta->pair).answered != RP_ANSWERED_NOT;
}

static bool any_audited(const rp_facts *f)
{
    for (uint32_t i = 0; f->audited.slots != NULL && i <= f->audited.mask; i++) {
        if (f->audited.slots[i].used != 0 && f->audited.slots[i].value == 1) {
            return true;
        }
    }
    return false;
}

// The field `audited` of `region` is the machine's: whether the account of the pair is one of those
// under audit (decisions.md 14). If no audited account is known at all, every one is. A field of
// that name and another type is somebody else's and stays as it was read.
static void fill_audited(rp_facts *f)
{
    if (f->region_table == RP_NONE) {
        return;
    }
    uint32_t column = rp_bundle_find_column(f->bundle, f->region_table, rp_str_from("audited"));
    bool any = f->has_audited;
    bool ours = column != RP_NONE && RP_TYPE_KIND(f->bundle->columns[column].type) == RP_KIND_BOOL;
    for (uint32_t r = 0; ours && r < f->tables[f->region_table].rows; r++) {
        uint32_t account = f->tables[f->region_table].meta[r].account;
        bool is = account != RP_NONE && rp_map_find(&f->audited, account, 0) == 1;
        if (account != RP_NONE || !any) {
            rp_facts_set_bool(f, column, r, is || !any);
        }
    }
}

static bool make_judged(rp_facts *f)
{
    for (uint32_t t = 0; t < f->bundle->table_count; t++) {
        rp_fact_table *rows = &f->tables[t];
        if (f->bundle->tables[t].kind != RP_TABLE_RESOURCE || rows->capacity == 0) {
            continue;
        }
        size_t size = ((size_t)rows->capacity / 64 + 2) * sizeof(uint64_t);
        rows->judged = rp_alloc_get(f->alloc, size);
        if (rows->judged == NULL) {
            return false;
        }
        memset(rows->judged, 0, size);
        for (uint32_t r = 0; r < rows->rows; r++) {
            rp_bits_put(rows->judged, r, is_judged(f, t, r));
        }
    }
    return true;
}

// Resources get stubs while references are resolved; nothing gets rows after that.
static void shrink_tables(rp_facts *f, bool resources)
{
    for (uint32_t t = 0; t < f->bundle->table_count; t++) {
        if ((f->bundle->tables[t].kind == RP_TABLE_RESOURCE) == resources) {
            rp_facts_shrink(f, t);
        }
    }
}

rdspol_status rp_facts_seal(rp_facts *facts, rdspol_error *error)
{
    if (facts->sealed) {
        return rp_error_set(error, RDSPOL_INVALID_ARGUMENT, NULL, "facts that are sealed already");
    }
    if (facts->status != RDSPOL_OK) {
        return rp_seal_no_memory(error);
    }
    RP_TRY(check_builder(facts, error));
    shrink_tables(facts, false);
    RP_TRY(rp_seal_maps(facts, error));
    RP_TRY(rp_seal_scopes(facts, error));
    RP_TRY(rp_seal_merge(facts, error));
    RP_TRY(rp_seal_references(facts, error));
    shrink_tables(facts, true);
    facts->has_audited = any_audited(facts);
    fill_audited(facts);
    if (!make_listings(facts) || !make_judged(facts)) {
        return rp_seal_no_memory(error);
    }
    rp_strtab_trim(&facts->texts);
    facts->sealed = true;
    return RDSPOL_OK;
}

// ---- Reading -----------------------------------------------------------------------------------

uint32_t rp_facts_cell_id(const rp_facts *facts, uint32_t column, uint32_t row)
{
    if (column == RP_NONE || !rp_seal_is_present(facts, column, row)) {
        return RP_NONE;
    }
    return ((const uint32_t *)facts->columns[column].values)[row];
}

rp_str rp_facts_cell_text(const rp_facts *facts, uint32_t column, uint32_t row)
{
    uint32_t id = rp_facts_cell_id(facts, column, row);
    return id == RP_NONE ? rp_str_make("", 0) : rp_strtab_get(&facts->texts, id);
}

// After the last slash or colon; of a secret without the dash and six characters behind its name.
rp_str rp_seal_id_from_arn(rp_str text)
{
    rp_arn arn;
    if (!rp_arn_parse(text, &arn)) {
        return text;
    }
    bool secret = rp_str_equal(arn.service, RP_STR("secretsmanager"));
    size_t at = arn.resource.len;
    while (at != 0 && arn.resource.ptr[at - 1] != ':' &&
           (secret || arn.resource.ptr[at - 1] != '/')) {
        at--;
    }
    rp_str id = rp_str_from_offset(arn.resource, at);
    if (secret && id.len > 7 && id.ptr[id.len - 7] == '-') {
        id.len -= 7;
    }
    return id;
}

rp_str rp_facts_row_key(const rp_facts *facts, uint32_t table, uint32_t row)
{
    const rp_rec_table *t = &facts->bundle->tables[table];
    rp_str key = rp_facts_cell_text(facts, t->key, row);
    return key.len != 0 ? key : rp_facts_cell_text(facts, t->unique, row);
}

rp_str rp_facts_row_id(const rp_facts *facts, uint32_t table, uint32_t row)
{
    const rp_rec_table *t = &facts->bundle->tables[table];
    rp_str key = rp_facts_cell_text(facts, t->key, row);
    if (key.len != 0) {
        return key;
    }
    if (table == facts->region_table) {
        return RP_STR("unknown");
    }
    return rp_seal_id_from_arn(rp_facts_cell_text(facts, t->unique, row));
}

// ---- The end -----------------------------------------------------------------------------------

void rdspol_facts_finish(rdspol_facts *facts)
{
    if (facts->sealed) {
        facts->finished = true;
    }
    if (facts->sealed && !facts->borrows) {
        rp_strtab_finish(&facts->texts);
    }
}

// ---- What was not answered ---------------------------------------------------------------------

static rp_str text_or_empty(const rp_facts *f, uint32_t id)
{
    return id == RP_NONE ? rp_str_make("", 0) : rp_strtab_get(&f->texts, id);
}

static void describe_unanswered(const rp_facts *f, const rp_fact_answer *a, rdspol_unanswered *out)
{
    const rp_rec_source *s = &f->bundle->sources[a->source];
    memset(out, 0, sizeof *out);
    out->service =
        s->kind == RP_SOURCE_FILE ? rp_str_make("", 0) : rp_bundle_text(f->bundle, s->service);
    out->operation = rp_bundle_text(f->bundle, s->operation);
    out->argument = text_or_empty(f, a->argument);
    out->account = text_or_empty(f, a->account);
    out->region = text_or_empty(f, a->region);
    out->reason = a->answered ? RDSPOL_REASON_INCOMPLETE_PAGE : a->why.reason;
    out->detail = text_or_empty(f, a->answered ? RP_NONE : a->why.detail);
}

rdspol_status rdspol_facts_next_unanswered(const rdspol_facts *facts, uint32_t *at,
                                           rdspol_unanswered *out)
{
    if (!facts->sealed) {
        return RDSPOL_INVALID_ARGUMENT;
    }
    while (*at < facts->answer_count) {
        const rp_fact_answer *a = &facts->answer[(*at)++];
        if (!a->answered || a->cut) {
            describe_unanswered(facts, a, out);
            return RDSPOL_OK;
        }
    }
    return RDSPOL_DONE;
}

// ---- Gaps --------------------------------------------------------------------------------------

// The resource that a row belongs to, and whether there is one.
static bool find_owner(const rp_facts *f, uint32_t table, uint32_t row, uint32_t *owner_table,
                       uint32_t *owner_row)
{
    const rp_fact_table *rows = &f->tables[table];
    *owner_table = table;
    *owner_row = row;
    if (f->bundle->tables[table].kind == RP_TABLE_RESOURCE) {
        return true;
    }
    if (rows->owner_table == NULL || rows->owner_table[row] == RP_NONE) {
        return false;
    }
    *owner_table = rows->owner_table[row];
    *owner_row = rows->owner_row[row];
    return true;
}

// What a keyed call for this row would be asked with.
static uint32_t argument_of(const rp_facts *f, uint32_t source, uint32_t row)
{
    const rp_rec_source *s = &f->bundle->sources[source];
    for (uint32_t k = 0; k < s->arg_count; k++) {
        const rp_rec_arg *a = &f->bundle->args[s->first_arg + k];
        if (a->kind == RP_ARG_OWN) {
            return rp_facts_cell_id(f, a->value, row);
        }
    }
    return RP_NONE;
}

static const rp_fact_answer *answer_for(const rp_facts *f, uint32_t source, uint32_t table,
                                        uint32_t row)
{
    const rp_rec_table *t = &f->bundle->tables[table];
    const rp_fact_meta *meta = &f->tables[table].meta[row];
    uint32_t kind = f->bundle->sources[source].kind;
    if (kind == RP_SOURCE_LIST || kind == RP_SOURCE_FILE || kind == RP_SOURCE_EACH) {
        return find_answer(f, source, RP_NONE, meta->account, meta->region);
    }
    const uint32_t arguments[] = {argument_of(f, source, row), rp_facts_cell_id(f, t->key, row),
                                  rp_facts_cell_id(f, t->unique, row)};
    for (size_t i = 0; i < 3; i++) {
        const rp_fact_answer *a =
            arguments[i] == RP_NONE
                ? NULL
                : find_answer(f, source, arguments[i], meta->account, meta->region);
        if (a != NULL) {
            return a;
        }
    }
    return find_answer(f, source, RP_NONE, meta->account, meta->region);
}

static rp_gap gap_from_sources(const rp_facts *f, uint32_t table, uint32_t row, uint64_t mask)
{
    const rp_rec_table *t = &f->bundle->tables[table];
    const rp_fact_meta *meta = &f->tables[table].meta[row];
    rp_gap gap = {RDSPOL_REASON_NOT_SUPPLIED, RP_NONE, RP_NONE};
    if (mask == 0 && t->source_count != 0) {
        mask = 1;
    }
    for (uint32_t i = 0; i < t->source_count; i++) {
        uint32_t source = t->first_source + i;
        if ((mask >> i & 1u) == 0) {
            continue;
        }
        gap.source = gap.source == RP_NONE ? source : gap.source;
        if ((meta->sources >> i & 1u) != 0) {
            gap.reason = RDSPOL_REASON_NOT_IN_ANSWER;
            gap.source = source;
            return gap;
        }
        const rp_fact_answer *a = answer_for(f, source, table, row);
        if (a != NULL && !a->answered && gap.reason == RDSPOL_REASON_NOT_SUPPLIED) {
            gap = (rp_gap){a->why.reason, a->why.detail, source};
        }
    }
    if (meta->state == RP_ROW_STUB && is_foreign(f, meta) &&
        gap.reason == RDSPOL_REASON_NOT_SUPPLIED) {
        gap.reason = RDSPOL_REASON_OTHER_ACCOUNT;
    }
    return gap;
}

// Whether a table's lists or columns hold records of a type.
static bool holds(const rp_bundle *b, uint32_t table, uint32_t records)
{
    const rp_rec_table *t = &b->tables[table];
    for (uint32_t l = t->first_list; l < t->first_list + t->list_count; l++) {
        if (b->lists[l].element == records) {
            return true;
        }
    }
    for (uint32_t c = t->first_column; c < t->first_column + t->column_count; c++) {
        uint32_t type = b->columns[c].type;
        if (RP_TYPE_KIND(type) == RP_KIND_REF && RP_TYPE_TABLE(type) == records) {
            return true;
        }
    }
    return false;
}

// The sources of a resource that fill records of a type: its own, and those inside its own. 0 if
// they lie deeper.
static uint64_t sources_of_records(const rp_bundle *b, uint32_t owner, uint32_t records)
{
    const rp_rec_table *t = &b->tables[owner];
    uint64_t mask = 0;
    for (uint32_t l = t->first_list; l < t->first_list + t->list_count; l++) {
        uint32_t to = b->lists[l].element;
        bool inside = b->tables[to].kind != RP_TABLE_RESOURCE && holds(b, to, records);
        mask |= to == records || inside ? b->fed_by[b->column_count + l] : 0;
    }
    for (uint32_t c = t->first_column; c < t->first_column + t->column_count; c++) {
        uint32_t type = b->columns[c].type, to = RP_TYPE_TABLE(type);
        mask |= rp_bundle_is_record(b, type) && (to == records || holds(b, to, records))
                    ? b->fed_by[c]
                    : 0;
    }
    return mask;
}

// `field` is a column, or ~list.
static rp_gap find_gap(const rp_facts *f, uint32_t field, uint32_t table, uint32_t row,
                       uint64_t mask)
{
    uint32_t owner_table, owner_row;
    rp_gap gap = {RDSPOL_REASON_NOT_IN_ANSWER, RP_NONE, RP_NONE};
    bool owned = find_owner(f, table, row, &owner_table, &owner_row);
    if (owned) {
        bool own = owner_table == table;
        mask = own ? mask : sources_of_records(f->bundle, owner_table, table);
        gap = gap_from_sources(f, owner_table, owner_row, mask);
        if (!own) { // the record itself was answered
            gap.reason = RDSPOL_REASON_NOT_IN_ANSWER;
            gap.detail = RP_NONE;
        }
    }
    uint32_t at = rp_map_find(&f->reasons, field, row);
    if (at != RP_MAP_NONE) {
        gap.reason = f->reason[at].reason;
        gap.detail = f->reason[at].detail;
    }
    return gap;
}

rp_gap rp_facts_column_gap(const rp_facts *facts, uint32_t column, uint32_t row)
{
    const rp_bundle *b = facts->bundle;
    return find_gap(facts, column, b->columns[column].table, row, b->fed_by[column]);
}

rp_gap rp_facts_list_gap(const rp_facts *facts, uint32_t list, uint32_t row)
{
    const rp_bundle *b = facts->bundle;
    return find_gap(facts, ~list, b->lists[list].owner, row, b->fed_by[b->column_count + list]);
}

// ---- Other bundles -----------------------------------------------------------------------------

static bool same_text(const rp_bundle *a, uint32_t x, const rp_bundle *b, uint32_t y)
{
    return rp_str_equal(rp_bundle_text(a, x), rp_bundle_text(b, y));
}

static bool same_column(const rp_bundle *a, const rp_bundle *b, uint32_t i)
{
    const rp_rec_column *x = &a->columns[i], *y = &b->columns[i];
    return x->type == y->type && x->origin == y->origin && x->table == y->table &&
           x->flags == y->flags && same_text(a, x->name, b, y->name);
}

static bool same_list(const rp_bundle *a, const rp_bundle *b, uint32_t i)
{
    const rp_rec_list *x = &a->lists[i], *y = &b->lists[i];
    return x->owner == y->owner && x->element == y->element && x->kind == y->kind && x->a == y->a &&
           same_text(a, x->name, b, y->name);
}

bool rp_facts_fit(const rp_facts *facts, const rp_bundle *bundle)
{
    const rp_bundle *own = facts->bundle;
    bool same = own->table_count == bundle->table_count &&
                own->column_count == bundle->column_count &&
                own->list_count == bundle->list_count && own->source_count == bundle->source_count;
    for (uint32_t t = 0; same && own != bundle && t < own->table_count; t++) {
        same = own->tables[t].kind == bundle->tables[t].kind &&
               same_text(own, own->tables[t].name, bundle, bundle->tables[t].name);
    }
    for (uint32_t c = 0; same && own != bundle && c < own->column_count; c++) {
        same = same_column(own, bundle, c);
    }
    for (uint32_t l = 0; same && own != bundle && l < own->list_count; l++) {
        same = same_list(own, bundle, l);
    }
    return same && (own == bundle || rp_store_schema(own) == rp_store_schema(bundle));
}
