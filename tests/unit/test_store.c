// Packed facts: what is saved opens again, and what would lead the machine astray is refused.
#include "vm/run.h" // first: it names a parameter as the type of the tests

#include "tests/unit/library.h"
#include "tests/unit/runner.h"
#include "tests/unit/world.h"

#include <stdlib.h>

typedef struct packed {
    unsigned char *bytes; // at a multiple of 64
    size_t size;
} packed;

enum { ROOM = 1 << 16 };

static int take(void *ctx, const void *data, size_t size)
{
    packed *p = ctx;
    ck_assert_uint_le(size, ROOM - p->size);
    memcpy(p->bytes + p->size, data, size);
    p->size += size;
    return 1;
}

static packed pack(const rdspol_facts *facts)
{
    rdspol_error error;
    packed p = {aligned_alloc(64, ROOM), 0};
    ck_assert_ptr_nonnull(p.bytes);
    ck_assert_int_eq(rdspol_facts_save(facts, take, &p, &error), RDSPOL_OK);
    return p;
}

// The status of opening; the facts are the caller's if `out` is there.
static rdspol_status reopen(const world *w, const packed *p, rdspol_facts **out)
{
    rdspol_error error;
    rdspol_facts *facts;
    rdspol_status status = rdspol_facts_open(&facts, w->bundle, p->bytes, p->size, NULL, &error);
    if (out != NULL) {
        *out = facts;
    } else {
        rdspol_facts_free(facts);
    }
    return status;
}

// An instance in each of some Regions, in a group that nobody listed.
static void fill(world *w, uint32_t regions)
{
    world_facts(w);
    for (uint32_t i = 0; i < regions; i++) {
        const char name[] = {(char)('a' + i), '\0'};
        uint32_t row;
        rdspol_str groups[] = {{"sg-1", 4}};
        ck_assert(rdspol_facts_scope(w->facts, str("1"), str(name)) == 0);
        ck_assert(rdspol_facts_add(w->facts, str("instance"), str("1"), str(name), &row) == 0);
        ck_assert(rdspol_facts_set(w->facts, str("instance"), row, str("id"), str("db")) == 0);
        ck_assert(rdspol_facts_set(w->facts, str("instance"), row, str("group"), str("sg")) == 0);
        ck_assert(rdspol_facts_list(w->facts, str("instance"), row, str("groups"), groups, 1, 1) ==
                  0);
    }
    world_seal(w);
}

START_TEST(what_was_opened_can_be_saved_again)
{
    for (uint32_t regions = 1; regions < 20; regions++) {
        world w;
        rdspol_facts *again;
        world_init(&w);
        world_open(&w);
        fill(&w, regions);
        packed first = pack(w.facts);
        ck_assert_int_eq(reopen(&w, &first, &again), RDSPOL_OK);
        packed second = pack(again);
        ck_assert_uint_eq(first.size, second.size);
        ck_assert_int_eq(reopen(&w, &second, NULL), RDSPOL_OK);
        rdspol_facts_free(again);
        free(first.bytes);
        free(second.bytes);
        world_free(&w);
    }
}
END_TEST

// What a weak reference that leads nowhere says is no row, and is not taken for damage.
START_TEST(weak_references_that_lead_nowhere_are_kept)
{
    world w;
    world_init(&w);
    world_open(&w);
    union {
        const rp_rec_column *in;
        rp_rec_column *out;
    } group = {&w.bundle->columns[C_GROUP]};
    group.out->flags |= RP_COLUMN_WEAK;
    fill(&w, 1);
    const rp_fact_column *c = &w.facts->columns[C_GROUP];
    ck_assert_uint_eq(((const uint32_t *)c->values)[0], RP_NONE);
    packed p = pack(w.facts);
    ck_assert_int_eq(reopen(&w, &p, NULL), RDSPOL_OK);
    free(p.bytes);
    // But what is known is a row, and so is what other references say.
    c->known[0] |= 1;
    p = pack(w.facts);
    ck_assert_int_eq(reopen(&w, &p, NULL), RDSPOL_INPUT);
    free(p.bytes);
    c->known[0] &= ~(uint64_t)1;
    group.out->flags &= ~(uint32_t)RP_COLUMN_WEAK;
    p = pack(w.facts);
    ck_assert_int_eq(reopen(&w, &p, NULL), RDSPOL_INPUT);
    free(p.bytes);
    world_free(&w);
}
END_TEST

START_TEST(lists_of_rows_have_their_ranges)
{
    world w;
    world_init(&w);
    world_open(&w);
    fill(&w, 1);
    rp_fact_list *list = &w.facts->lists[L_GROUPS];
    uint32_t *begin = list->begin;
    list->begin = NULL;
    packed p = pack(w.facts);
    list->begin = begin;
    ck_assert_int_eq(reopen(&w, &p, NULL), RDSPOL_INPUT);
    free(p.bytes);
    world_free(&w);
}
END_TEST

static bool has_facts(const rp_bundle *b, uint32_t table)
{
    bool found = b->tables[table].kind == RP_TABLE_RESOURCE;
    for (uint32_t c = 0; c < b->column_count; c++) {
        found |= b->columns[c].table == table && b->columns[c].origin == RP_COLUMN_FACT;
    }
    return found;
}

// Rows take room in the bytes: what a run allocates for them is no more than in proportion. The
// list of two texts is a table without facts.
START_TEST(tables_without_arrays_have_no_rows)
{
    static const char source[] = "require any x in [\"a\", \"b\"]: instance.id != x\n";
    library lib;
    rdspol_bundle *bundle;
    rdspol_facts *facts, *again;
    rdspol_error error;
    int tried = 0;
    library_open(&lib);
    rdspol_compilation *done = library_compile(&lib, source, 0);
    rdspol_str bytes = rdspol_compilation_bundle(done);
    ck_assert_int_eq(rdspol_bundle_open(&bundle, bytes.ptr, bytes.len, NULL, &error), RDSPOL_OK);
    ck_assert_int_eq(rdspol_facts_new(&facts, bundle, NULL, &error), RDSPOL_OK);
    ck_assert_int_eq(rdspol_facts_seal(facts, &error), RDSPOL_OK);
    for (uint32_t t = 0; t < bundle->table_count; t++) {
        if (has_facts(bundle, t)) continue;
        facts->tables[t].rows = 1u << 28;
        packed p = pack(facts);
        facts->tables[t].rows = 0;
        ck_assert_int_eq(rdspol_facts_open(&again, bundle, p.bytes, p.size, NULL, &error),
                         RDSPOL_INPUT);
        free(p.bytes);
        tried++;
    }
    ck_assert_int_gt(tried, 0);
    rdspol_facts_free(facts);
    rdspol_bundle_close(bundle);
    rdspol_compilation_free(done);
    library_close(&lib);
}
END_TEST

// Facts of another bundle are judged only if that reads the same.
START_TEST(facts_that_were_read_otherwise_do_not_fit)
{
    world w, other;
    rdspol_error error;
    rdspol_run *run;
    world_init(&w);
    world_open(&w);
    fill(&w, 1);
    world_init(&other);
    world_open(&other);
    ck_assert_int_eq(rdspol_run_new(&run, other.bundle, w.facts, NULL, &error), RDSPOL_OK);
    rdspol_run_free(run);
    union {
        const rp_rec_column *in;
        rp_rec_column *out;
    } group = {&other.bundle->columns[C_GROUP]};
    group.out->join_count = 0;
    ck_assert_int_eq(rdspol_run_new(&run, other.bundle, w.facts, NULL, &error),
                     RDSPOL_SCHEMA_MISMATCH);
    world_free(&other);
    world_free(&w);
}
END_TEST

static void change_text(packed *p, const char *from, const char *to)
{
    size_t size = strlen(from), changed = 0;
    for (size_t i = 0; i + size <= p->size; i++) {
        if (memcmp(p->bytes + i, from, size) == 0) {
            memcpy(p->bytes + i, to, size);
            changed++;
        }
    }
    ck_assert_uint_ne(changed, 0);
}

// Kernels shift by the length of a range and write bits from its address on.
START_TEST(texts_that_are_no_ranges_are_not_half_read)
{
    static const char *const bad[] = {"255.0.0.0/x", "10.0.0.0/99", "255.0.0.256", "10.0.0.0999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        world w;
        uint32_t group, rule;
        rdspol_str ranges[] = {{"10.0.0.0/16", 11}};
        world_init(&w);
        world_open(&w);
        world_facts(&w);
        ck_assert(rdspol_facts_add(w.facts, str("sg"), str("1"), str("r"), &group) == 0);
        ck_assert(rdspol_facts_set(w.facts, str("sg"), group, str("id"), str("sg-1")) == 0);
        ck_assert(rdspol_facts_add(w.facts, str("rule"), str(""), str(""), &rule) == 0);
        ck_assert(rdspol_facts_list(w.facts, str("rule"), rule, str("ranges"), ranges, 1, 1) == 0);
        ck_assert(rdspol_facts_rows(w.facts, str("sg"), group, str("ingress"), rule, 1, 1) == 0);
        world_seal(&w);
        packed p = pack(w.facts);
        change_text(&p, "10.0.0.0/16", bad[i]);
        rdspol_facts_free(w.facts);
        ck_assert_int_eq(reopen(&w, &p, &w.facts), RDSPOL_OK);
        world_run(&w, 64);
        const rp_cidr none = {0};
        ck_assert_mem_eq(&w.run->world.ranges[0], &none, sizeof none);
        world_free(&w);
        free(p.bytes);
    }
}
END_TEST

static void add_tests(TCase *c)
{
    tcase_add_test(c, what_was_opened_can_be_saved_again);
    tcase_add_test(c, weak_references_that_lead_nowhere_are_kept);
    tcase_add_test(c, texts_that_are_no_ranges_are_not_half_read);
    tcase_add_test(c, facts_that_were_read_otherwise_do_not_fit);
    tcase_add_test(c, lists_of_rows_have_their_ranges);
    tcase_add_test(c, tables_without_arrays_have_no_rows);
}

int main(void)
{
    return run_suite("store", 60, add_tests);
}
