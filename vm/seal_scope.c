// Sealing, first part: to which account and Region each row belongs.
//
// In order (decisions.md 10): the row's ARN, its own account column, what the reader said (folder,
// flags), and last the one pair that the ARNs of RDS resources name. The pairs that were looked at
// become the rows of the region table, in the order of their texts.
#include "vm/seal.h"

#include <stdlib.h>

typedef struct scopes {
    rp_facts *f;
    // The last ARN up to its resource, and what it says. Mostly the next one begins in the same
    // way.
    rp_str prefix;
    uint32_t account, region;
    bool noted;                           // it named an audited pair
    uint32_t named_account, named_region; // the pair that ARNs name
    uint32_t named_count;                 // 2: several
} scopes;

// Types whose ARNs name the accounts and Regions that are audited (decisions.md 14): RDS resources
// that cannot be shared with other accounts.
static bool names_pairs(const rp_bundle *b, uint32_t table)
{
    rp_str type = rp_bundle_text(b, b->tables[table].type_name);
    return rp_str_starts(type, RP_STR("AWS::RDS::")) && !rp_text_contains(type, RP_STR("Snapshot"));
}

static bool is_resource(const rp_facts *f, uint32_t table)
{
    return f->bundle->tables[table].kind == RP_TABLE_RESOURCE && table != f->region_table;
}

static void note_named(scopes *s, uint32_t account, uint32_t region)
{
    if (s->named_count == 0) {
        s->named_account = account;
        s->named_region = region;
        s->named_count = 1;
    } else if (account != s->named_account || region != s->named_region) {
        s->named_count = 2;
    }
}

static void take_prefix(scopes *s, rp_str text, const rp_arn *arn)
{
    s->prefix = rp_str_make(text.ptr, text.len - arn->resource.len);
    s->account = arn->account.len == 0 ? RP_NONE : rp_facts_text(s->f, arn->account);
    s->region = arn->region.len == 0 ? RP_NONE : rp_facts_text(s->f, arn->region);
    s->noted = false;
}

static void scope_from_arn(scopes *s, bool names, rp_fact_meta *meta)
{
    uint32_t account = s->account, region = s->region;
    meta->account = account != RP_NONE ? account : meta->account;
    meta->region = region;
    if (!names || s->noted || account == RP_NONE) {
        return;
    }
    s->noted = true;
    if (region == RP_NONE) {
        rp_facts_audited_add(s->f, account);
        return;
    }
    note_named(s, account, region);
    rp_facts_scope_add(s->f, account, region);
}

// Whether a row has an ARN, which `s` then tells of.
static bool look_at_arn(scopes *s, uint32_t table, uint32_t row)
{
    const rp_facts *f = s->f;
    const rp_rec_table *t = &f->bundle->tables[table];
    const uint32_t columns[] = {t->arn, t->unique, t->key};
    for (size_t i = 0; i < 3; i++) {
        rp_arn arn;
        if (columns[i] == RP_NONE || !rp_seal_is_present(f, columns[i], row)) {
            continue;
        }
        rp_str text = rp_facts_cell_text(f, columns[i], row);
        if (s->prefix.len != 0 && rp_str_starts(text, s->prefix)) {
            return true;
        }
        if (rp_arn_parse(text, &arn)) {
            take_prefix(s, text, &arn);
            return true;
        }
    }
    return false;
}

static void scope_own(scopes *s, uint32_t table)
{
    rp_facts *f = s->f;
    uint32_t account = f->bundle->tables[table].account;
    bool names = names_pairs(f->bundle, table);
    for (uint32_t r = 0; r < f->tables[table].rows; r++) {
        rp_fact_meta *meta = &f->tables[table].meta[r];
        meta->viewer = meta->account;
        if (account != RP_NONE && rp_seal_is_present(f, account, r)) {
            meta->account = rp_facts_cell_id(f, account, r);
        }
        if (look_at_arn(s, table, r)) {
            scope_from_arn(s, names, meta);
        }
    }
}

typedef struct sort_pair {
    rp_str account, region;
    rp_pair pair;
} sort_pair;

static int compare_pairs(const void *a, const void *b)
{
    const sort_pair *x = a, *y = b;
    int order = rp_str_compare(x->account, y->account);
    return order != 0 ? order : rp_str_compare(x->region, y->region);
}

static rp_str text_or_empty(const rp_facts *f, uint32_t id)
{
    return id == RP_NONE ? rp_str_make("", 0) : rp_strtab_get(&f->texts, id);
}

static bool sort_pairs(rp_facts *f)
{
    size_t size = f->pair_count * sizeof(sort_pair);
    sort_pair *sorted = rp_alloc_get(f->alloc, size);
    if (sorted == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < f->pair_count; i++) {
        sorted[i].pair = f->pair[i];
        sorted[i].account = text_or_empty(f, f->pair[i].account);
        sorted[i].region = text_or_empty(f, f->pair[i].region);
    }
    qsort(sorted, f->pair_count, sizeof *sorted, compare_pairs);
    bool ok = true;
    for (uint32_t i = 0; i < f->pair_count; i++) {
        f->pair[i] = sorted[i].pair;
        uint32_t *at = rp_map_add(&f->pairs, f->pair[i].account, f->pair[i].region);
        ok = ok && at != NULL;
        if (at != NULL) {
            *at = i;
        }
    }
    rp_alloc_free(f->alloc, sorted, size);
    return ok;
}

// A pair that only a row names: not scanned, and its account is not audited for that.
uint32_t rp_seal_pair(rp_facts *facts, uint32_t account, uint32_t region)
{
    uint32_t known = rp_map_find(&facts->pairs, account, region);
    if (known != RP_MAP_NONE) {
        return known;
    }
    bool audited = account != RP_NONE && rp_map_find(&facts->audited, account, 0) == 1;
    rp_facts_scope_add(facts, account, region);
    if (facts->status != RDSPOL_OK) {
        return RP_NONE;
    }
    uint32_t pair = facts->pair_count - 1;
    facts->pair[pair].scanned = false;
    uint32_t *at = account == RP_NONE ? NULL : rp_map_add(&facts->audited, account, 0);
    if (at != NULL) {
        *at = audited ? 1 : 0;
    }
    return rp_seal_region_add(facts, pair) ? pair : RP_NONE;
}

// The only Region that was looked at in an account.
static uint32_t only_region(const rp_facts *f, uint32_t account)
{
    uint32_t region = RP_NONE;
    for (uint32_t i = 0; i < f->pair_count; i++) {
        if (f->pair[i].scanned && f->pair[i].account == account) {
            if (region != RP_NONE) {
                return RP_NONE;
            }
            region = f->pair[i].region;
        }
    }
    return region;
}

static bool has_arn(const rp_facts *f, uint32_t table, uint32_t row)
{
    const rp_rec_table *t = &f->bundle->tables[table];
    const uint32_t columns[] = {t->arn, t->unique, t->key};
    rp_arn arn;
    for (size_t i = 0; i < 3; i++) {
        if (columns[i] != RP_NONE && rp_seal_is_present(f, columns[i], row) &&
            rp_arn_parse(rp_facts_cell_text(f, columns[i], row), &arn)) {
            return true;
        }
    }
    return false;
}

void rp_seal_hidden(rp_facts *facts, uint32_t table, uint32_t row)
{
    const rp_rec_table *t = &facts->bundle->tables[table];
    const rp_fact_meta *meta = &facts->tables[table].meta[row];
    if (t->account != RP_NONE && meta->account != RP_NONE) {
        rp_facts_set_row(facts, t->account, row, meta->account);
    }
    if (t->region != RP_NONE && meta->pair != RP_NONE) {
        rp_facts_set_row(facts, t->region, row, meta->pair);
    }
}

// Rows without a place of their own: the fallback, or none. Without pair a row stays only if its
// identity does not need one.
static void settle_row(rp_facts *f, uint32_t table, uint32_t row, const rp_pair *fallback)
{
    const rp_rec_table *t = &f->bundle->tables[table];
    rp_fact_meta *meta = &f->tables[table].meta[row];
    if ((t->flags & RP_TABLE_FROM_FILE) != 0) {
        return;
    }
    bool global = meta->region == RP_NONE && has_arn(f, table, row);
    if (meta->account == RP_NONE) {
        meta->account = fallback->account;
        meta->region = meta->region == RP_NONE && !global ? fallback->region : meta->region;
    } else if (meta->region == RP_NONE && !global) {
        meta->region = only_region(f, meta->account);
    }
    bool none = meta->region == RP_NONE && !(f->pair_count == 1 && f->pair[0].region == RP_NONE);
    if (!none && !global) {
        uint32_t pair = rp_seal_pair(f, meta->account, meta->region);
        f->tables[table].meta[row].pair = pair;
    } else if (meta->account == RP_NONE && !global &&
               !(t->unique != RP_NONE && rp_seal_is_present(f, t->unique, row))) {
        meta->state = RP_ROW_DEAD;
    }
    rp_seal_hidden(f, table, row);
}

// Answers that did not say where they come from are the fallback's; files are nobody's.
static bool settle_answers(rp_facts *f, const rp_pair *fallback)
{
    rp_map_free(&f->answers);
    uint32_t count = f->answer_count;
    f->answer_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        rp_fact_answer a = f->answer[i];
        bool file = f->bundle->sources[a.source].kind == RP_SOURCE_FILE;
        if (a.account == RP_NONE && !file) {
            a.account = fallback->account;
            a.region = fallback->region;
        } else if (a.region == RP_NONE && !file) {
            a.region = only_region(f, a.account);
        }
        if (file) {
            a.account = a.region = RP_NONE;
        }
        rp_facts_answer(f, a.source, a.argument, a.account, a.region, a.cut,
                        a.answered ? RDSPOL_REASON_NONE : a.why.reason, a.why.detail);
    }
    return f->status == RDSPOL_OK;
}

rdspol_status rp_seal_scopes(rp_facts *facts, rdspol_error *error)
{
    rp_facts *f = facts;
    scopes s = {.f = f, .named_account = RP_NONE, .named_region = RP_NONE};
    rp_pair fallback = {RP_NONE, RP_NONE, false};
    rp_seal_region_pairs(f);
    for (uint32_t t = 0; t < f->bundle->table_count; t++) {
        if (is_resource(f, t)) {
            scope_own(&s, t);
        }
    }
    if (f->pair_count == 0) {
        rp_facts_scope_add(f, RP_NONE, RP_NONE);
    }
    if (f->status != RDSPOL_OK || !sort_pairs(f)) {
        return rp_seal_no_memory(error);
    }
    if (s.named_count == 1) {
        fallback.account = s.named_account;
        fallback.region = s.named_region;
    } else if (s.named_count == 0 && f->pair_count == 1) {
        fallback = f->pair[0];
    }
    RP_TRY(rp_seal_region_rows(f, &fallback, error));
    for (uint32_t t = 0; t < f->bundle->table_count; t++) {
        for (uint32_t r = 0; is_resource(f, t) && r < f->tables[t].rows; r++) {
            settle_row(f, t, r, &fallback);
        }
    }
    return settle_answers(f, &fallback) ? RDSPOL_OK : rp_seal_no_memory(error);
}
