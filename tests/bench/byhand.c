// The same checks by the machine and written by hand in C, over the same facts.
//
// Usage: byhand POLICIES REPEAT INPUT...    (POLICIES: byhand.rdspol)
// By hand: an array of structs a type, interned texts, references as pointers, three-valued logic
// because facts may be missing, a byte for each verdict. Filling the structs is not measured, as
// preparing a run is not. Both must count the same verdicts. Prints a JSON object.
#define _DEFAULT_SOURCE

#include "tests/bench/bench.h"
#include "vm/base/bits.h"
#include "vm/facts.h"

typedef enum truth { NO, YES, OPEN } truth;

typedef struct rule {
    uint32_t protocol, first_range, range_count;
    int64_t from_port, to_port;
    truth has_protocol, has_from, has_to, all_ranges; // YES or OPEN
} rule;

typedef struct group {
    uint32_t name, rule_count;
    const rule *rules;
    truth has_name, all_rules;
} group;

typedef struct instance {
    uint32_t engine, group_count, first_group;
    int64_t retention, port;
    truth public, protected, encrypted, member, has_engine, has_retention, has_port, all_groups;
} instance;

typedef struct fleet {
    instance *instances;
    group *groups;
    rule *rules;
    const group **members; // of all instances, one after another
    uint32_t *ranges;
    uint32_t count;
    uint32_t docdb, dflt, tcp, all, anywhere; // texts
} fleet;

// ---- From facts to structs ---------------------------------------------------------------------

typedef struct loader {
    const rp_facts *f;
    uint32_t instance, group, rule;
} loader;

static uint32_t column(const loader *l, uint32_t table, const char *name)
{
    uint32_t found = rp_bundle_find_column(l->f->bundle, table, rp_str_from(name));
    if (found == RP_NONE) {
        bench_die(name, NULL);
    }
    return found;
}

static uint32_t list(const loader *l, uint32_t table, const char *name)
{
    uint32_t found = rp_bundle_find_list(l->f->bundle, table, rp_str_from(name));
    if (found == RP_NONE) {
        bench_die(name, NULL);
    }
    return found;
}

static truth flag(const loader *l, uint32_t c, uint32_t row)
{
    const rp_fact_column *col = &l->f->columns[c];
    return rp_bits_get(col->present, row) ? YES : rp_bits_get(col->known, row) ? NO : OPEN;
}

static truth known(const loader *l, uint32_t c, uint32_t row)
{
    return rp_bits_get(l->f->columns[c].known, row) ? YES : OPEN;
}

static uint32_t text(const loader *l, uint32_t c, uint32_t row)
{
    return ((const uint32_t *)l->f->columns[c].values)[row];
}

static int64_t number(const loader *l, uint32_t c, uint32_t row)
{
    return ((const int64_t *)l->f->columns[c].values)[row];
}

static void *many(size_t count, size_t size)
{
    void *block = calloc(count + 1, size);
    if (block == NULL) {
        bench_die("memory", NULL);
    }
    return block;
}

static void load_rules(const loader *l, fleet *out)
{
    uint32_t protocol = column(l, l->rule, "protocol"), from = column(l, l->rule, "from_port");
    uint32_t to = column(l, l->rule, "to_port"), ranges = list(l, l->rule, "ranges");
    uint32_t element = l->f->bundle->lists[ranges].element, rows = l->f->tables[l->rule].rows;
    const rp_fact_list *r = &l->f->lists[ranges];
    out->rules = many(rows, sizeof *out->rules);
    out->ranges = many(l->f->tables[element].rows, sizeof *out->ranges);
    for (uint32_t i = 0; i < l->f->tables[element].rows; i++) {
        out->ranges[i] = text(l, l->f->bundle->tables[element].first_column, i);
    }
    for (uint32_t i = 0; i < rows; i++) {
        out->rules[i] = (rule){text(l, protocol, i), r->begin[i], r->end[i] - r->begin[i],
                               number(l, from, i), number(l, to, i), known(l, protocol, i),
                               known(l, from, i), known(l, to, i),
                               rp_bits_get(r->complete, i) ? YES : OPEN};
    }
}

static void load_groups(const loader *l, fleet *out)
{
    uint32_t name = column(l, l->group, "name"), rows = l->f->tables[l->group].rows;
    const rp_fact_list *r = &l->f->lists[list(l, l->group, "ingress")];
    out->groups = many(rows, sizeof *out->groups);
    for (uint32_t i = 0; i < rows; i++) {
        out->groups[i] = (group){text(l, name, i), r->end[i] - r->begin[i],
                                 out->rules + r->begin[i], known(l, name, i),
                                 rp_bits_get(r->complete, i) ? YES : OPEN};
    }
}

static void load_instances(const loader *l, fleet *out)
{
    uint32_t t = l->instance, engine = column(l, t, "engine"), port = column(l, t, "port");
    uint32_t days = column(l, t, "backup_retention_period"), cluster = column(l, t, "cluster");
    uint32_t open = column(l, t, "publicly_accessible"), safe = column(l, t, "deletion_protection");
    uint32_t sealed = column(l, t, "storage_encrypted"), groups = list(l, t, "security_groups");
    uint32_t element = l->f->bundle->lists[groups].element, rows = l->f->tables[element].rows;
    const rp_fact_list *g = &l->f->lists[groups];
    const rp_fact_column *member = &l->f->columns[cluster];
    out->members = many(rows, sizeof *out->members);
    for (uint32_t i = 0; i < rows; i++) {
        out->members[i] =
            out->groups + text(l, l->f->bundle->tables[element].first_column, i);
    }
    out->count = l->f->tables[t].rows;
    out->instances = many(out->count, sizeof *out->instances);
    for (uint32_t i = 0; i < out->count; i++) {
        truth in = rp_bits_get(member->present, i) ? YES : rp_bits_get(member->known, i) ? NO : OPEN;
        out->instances[i] = (instance){
            text(l, engine, i), g->end[i] - g->begin[i], g->begin[i], number(l, days, i),
            number(l, port, i), flag(l, open, i), flag(l, safe, i), flag(l, sealed, i), in,
            known(l, engine, i), known(l, days, i), known(l, port, i),
            rp_bits_get(g->complete, i) ? YES : OPEN};
    }
}

static void load(const rdspol_facts *facts, fleet *out)
{
    loader l = {facts, 0, 0, 0};
    const rp_bundle *b = facts->bundle;
    l.instance = rp_bundle_find_table(b, RP_STR("instance"));
    l.group = rp_bundle_find_table(b, RP_STR("security_group"));
    l.rule = rp_bundle_find_table(b, RP_STR("ingress_rule"));
    load_rules(&l, out);
    load_groups(&l, out);
    load_instances(&l, out);
    out->docdb = rp_strtab_find(&facts->texts, RP_STR("docdb"));
    out->dflt = rp_strtab_find(&facts->texts, RP_STR("default"));
    out->tcp = rp_strtab_find(&facts->texts, RP_STR("tcp"));
    out->all = rp_strtab_find(&facts->texts, RP_STR("-1"));
    out->anywhere = rp_strtab_find(&facts->texts, RP_STR("0.0.0.0/0"));
}

// ---- The checks --------------------------------------------------------------------------------

static truth and2(truth a, truth b) { return a == NO || b == NO ? NO : a == OPEN || b == OPEN ? OPEN : YES; }
static truth or2(truth a, truth b) { return a == YES || b == YES ? YES : a == OPEN || b == OPEN ? OPEN : NO; }
static truth not1(truth a) { return a == OPEN ? OPEN : a == YES ? NO : YES; }
static truth is(bool value, truth there) { return there == OPEN ? OPEN : value ? YES : NO; }

static unsigned char verdict(truth when, truth require)
{
    if (when != YES) {
        return when == NO ? RDSPOL_VERDICT_NOT_APPLICABLE : RDSPOL_VERDICT_UNKNOWN;
    }
    return require == YES  ? RDSPOL_VERDICT_PASS
           : require == NO ? RDSPOL_VERDICT_FAIL
                           : RDSPOL_VERDICT_UNKNOWN;
}

static truth admits(const fleet *f, const rule *r, const instance *i)
{
    truth from = is(r->from_port <= i->port, and2(r->has_from, i->has_port));
    truth to = is(i->port <= r->to_port, and2(r->has_to, i->has_port));
    truth tcp = and2(is(r->protocol == f->tcp, r->has_protocol), and2(from, to));
    truth covers = or2(is(r->protocol == f->all, r->has_protocol), tcp);
    truth any = r->all_ranges == OPEN ? OPEN : NO;
    for (uint32_t k = 0; covers != NO && any != YES && k < r->range_count; k++) {
        any = f->ranges[r->first_range + k] == f->anywhere ? YES : any;
    }
    return and2(covers, any);
}

static truth is_open(const fleet *f, const instance *i)
{
    truth any = i->all_groups == OPEN ? OPEN : NO;
    for (uint32_t k = 0; any != YES && k < i->group_count; k++) {
        const group *g = f->members[i->first_group + k];
        any = g->all_rules == OPEN ? or2(any, OPEN) : any;
        for (uint32_t r = 0; any != YES && r < g->rule_count; r++) {
            any = or2(any, admits(f, &g->rules[r], i));
        }
    }
    return any;
}

static truth uses_default(const fleet *f, const instance *i)
{
    truth any = i->all_groups == OPEN ? OPEN : NO;
    for (uint32_t k = 0; any != YES && k < i->group_count; k++) {
        const group *g = f->members[i->first_group + k];
        any = or2(any, is(g->name == f->dflt, g->has_name));
    }
    return any;
}

enum { CHECKS = 6 };

static void judge(const fleet *f, unsigned char *verdicts[CHECKS], uint64_t counts[CHECKS][5])
{
    memset(counts, 0, sizeof(uint64_t) * CHECKS * 5);
    for (uint32_t k = 0; k < f->count; k++) {
        const instance *i = &f->instances[k];
        truth alone = not1(i->member);
        verdicts[0][k] = verdict(is(i->engine != f->docdb, i->has_engine), not1(i->public));
        verdicts[1][k] = verdict(alone, is(i->retention >= 7, i->has_retention));
        verdicts[2][k] = verdict(alone, i->protected);
        verdicts[3][k] = verdict(YES, i->encrypted);
        verdicts[4][k] = verdict(YES, not1(uses_default(f, i)));
        verdicts[5][k] = verdict(YES, not1(is_open(f, i)));
        for (int c = 0; c < CHECKS; c++) {
            counts[c][verdicts[c][k]]++;
        }
    }
}

// ---- Both --------------------------------------------------------------------------------------

static const char *const names[CHECKS] = {"byhand_private",   "byhand_backups",   "byhand_protected",
                                          "byhand_encrypted", "byhand_own_group", "byhand_closed"};

static void compare(const rdspol_run *run, const rdspol_bundle *bundle, uint64_t counts[CHECKS][5])
{
    for (int c = 0; c < CHECKS; c++) {
        uint32_t policy = rdspol_bundle_find_policy(bundle, rp_str_from(names[c]));
        for (int v = 0; v < 5; v++) {
            uint64_t machine = rdspol_run_count(run, policy, (rdspol_verdict)v);
            if (machine != counts[c][v]) {
                (void)fprintf(stderr, "%s: verdict %d: %llu by the machine, %llu by hand\n",
                              names[c], v, (unsigned long long)machine,
                              (unsigned long long)counts[c][v]);
                exit(1);
            }
        }
    }
}

static void measure(const rdspol_bundle *bundle, rdspol_facts *facts, int repeat)
{
    fleet f;
    rdspol_run *run;
    rdspol_error error;
    uint64_t counts[CHECKS][5];
    unsigned char *verdicts[CHECKS];
    double machine[BENCH_MAX], hand[BENCH_MAX];
    load(facts, &f);
    for (int c = 0; c < CHECKS; c++) {
        verdicts[c] = many(f.count, 1);
    }
    if (rdspol_run_new(&run, bundle, facts, NULL, &error) != RDSPOL_OK) {
        bench_die("prepare", &error);
    }
    for (int i = 0; i < repeat; i++) {
        double start = bench_now();
        if (rdspol_run_evaluate(run, &error) != RDSPOL_OK) {
            bench_die("evaluate", &error);
        }
        machine[i] = bench_now() - start;
        start = bench_now();
        judge(&f, verdicts, counts);
        hand[i] = bench_now() - start;
    }
    compare(run, bundle, counts);
    printf("{\"machine_us\": %.1f, \"byhand_us\": %.1f, \"instances\": %u}\n",
           bench_median(machine, repeat), bench_median(hand, repeat), (unsigned)f.count);
    rdspol_run_free(run);
    for (int c = 0; c < CHECKS; c++) {
        free(verdicts[c]);
    }
    free(f.instances);
    free(f.groups);
    free(f.rules);
    free(f.members);
    free(f.ranges);
}

static void read_and_measure(const rdspol_bundle *bundle, int argc, char **argv)
{
    rdspol_facts *facts;
    rdspol_error error;
    rdspol_str inputs[64];
    size_t count = 0;
    for (int i = 3; i < argc && count < 64; i++) {
        inputs[count++] = rp_str_from(argv[i]);
    }
    rdspol_files_opts opts = {.size = sizeof opts, .threads = 1};
    if (rdspol_facts_new(&facts, bundle, NULL, &error) != RDSPOL_OK ||
        rdspol_files_read(facts, inputs, count, NULL, &opts, &error) != RDSPOL_OK ||
        rdspol_facts_seal(facts, &error) != RDSPOL_OK) {
        bench_die("read", &error);
    }
    measure(bundle, facts, atoi(argv[2]));
    rdspol_facts_free(facts);
}

int main(int argc, char **argv)
{
    static char source[1 << 16];
    FILE *file = argc > 3 ? fopen(argv[1], "rb") : NULL;
    int repeat = argc > 3 ? atoi(argv[2]) : 0;
    if (file == NULL || repeat < 1 || repeat > BENCH_MAX) {
        (void)fprintf(stderr, "usage: byhand POLICIES REPEAT INPUT...\n");
        return 2;
    }
    size_t size = fread(source, 1, sizeof source - 1, file);
    (void)fclose(file);
    source[size] = 0;
    library sources;
    rdspol_bundle *bundle;
    rdspol_error error;
    library_open(&sources);
    rdspol_compilation *done = library_compile(&sources, source, 0);
    rdspol_str bytes = rdspol_compilation_bundle(done);
    if (rdspol_bundle_open(&bundle, bytes.ptr, bytes.len, NULL, &error) != RDSPOL_OK) {
        bench_die("the policies do not compile", &error);
    }
    read_and_measure(bundle, argc, argv);
    rdspol_bundle_close(bundle);
    rdspol_compilation_free(done);
    library_close(&sources);
    return 0;
}
