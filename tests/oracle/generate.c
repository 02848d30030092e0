// Random policies by type: each production gives an expression of the type that is asked for, from
// the variables in scope. Random facts through the typed calls that hosts use.
#include "tests/oracle/generate.h"

#include <stdio.h>
#include <string.h>

uint32_t random_below(random_state *random, uint32_t limit)
{
    random->state = random->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    uint64_t x = random->state;
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    x ^= x >> 33;
    return (uint32_t)(x % limit);
}

const char generated_schema[] =
    "module aws\n"
    "enum color = \"red\" | \"green\" | \"blue\"\n"
    "resource region \"AWS::::Region\" { key name: string  audited: bool  as: [a] by a.region }\n"
    "record item { n: int = \"N\"  m: int? = \"M\"  tag: string = \"T\"  on: bool = \"O\"  names: "
    "[string] = \"Ns\"  c: color? = \"C\" }\n"
    "resource b \"T::B\" from rds:ListBs \"Bs\" {\n"
    "  key id: string = \"Id\"\n  x: int = \"X\"\n  y: int? = \"Y\"\n  on: bool = \"On\"\n  name: "
    "string? = \"Name\"\n  color: color = \"Color\"\n"
    "  v: version? = \"V\"\n  words: [string] = \"Words\"\n  items: [item] = \"Items\"\n  tags: "
    "{string: string} = \"Tags\"\n  ranges: [cidr] = \"Ranges\"\n  owners: [a] by a.b\n}\n"
    "resource a \"T::A\" from rds:ListAs \"As\" {\n"
    "  key id: string = \"Id\"\n  p: bool = \"P\"\n  q: bool? = \"Q\"\n  x: int = \"X\"\n  y: int? "
    "= \"Y\"\n  f: float = \"F\"\n  s: string = \"S\"\n  t: string? = \"T\"\n"
    "  color: color = \"Color\"\n  other: color? = \"Other\"\n  v: version = \"V\"\n  r: cidr = "
    "\"R\"\n  when: time = \"When\"\n  b: b? = \"B\" -> b.id\n  c: b = \"C\" -> b.id\n"
    "  words: [string] = \"Words\"\n  nums: [int] = \"Nums\"\n  ranges: [cidr] = \"Ranges\"\n  "
    "items: [item] = \"Items\"\n  bs: [b] = \"Bs\" -> b.id\n  tags: {string: string} = \"Tags\"\n  "
    "parts: {string: item} = \"Parts\"\n  item: item? = \"Item\"\n}\n"
    "def b.big: bool = b.x > 2\n"
    "def b.label: string? = if b.on then b.name else \"off\"\n"
    "def a.sum: int = a.x + (sum n in a.nums: n)\n"
    "def a.friends: [b] = each k in a.bs where k.on: k\n"
    "def item.good(limit: int): bool = item.on and item.n <= limit\n"
    "def b.has(word: string): bool = word in b.words or any i in b.items: i.tag == word\n"
    "def wide(xs: [b], limit: int): bool = any x in xs: x.x > limit\n"
    "def either(p: bool, xs: [string]): bool = p or xs is empty\n";

// ---- policies ----

typedef enum what {
    BOOL,
    INT,
    STRING,
    OPT_INT,
    OPT_STRING,
    COLOR,
    VERSION,
    CIDR,
    FLOAT_,
    REF_B,
    REF_ITEM
} what;

typedef struct variable {
    char name[8];
    what type;
} variable;

typedef struct generator {
    random_state *random;
    rp_buf *out;
    variable variables[16];
    uint32_t count;
    uint32_t names;
} generator;

static uint32_t pick(generator *g, uint32_t limit)
{
    return random_below(g->random, limit);
}
static void put(generator *g, const char *text)
{
    rp_buf_add_text(g->out, text);
}
static void expr(generator *g, what type, int depth);
static void list(generator *g, what element, int depth);

static const char *variable_of(generator *g, what type)
{
    const char *found = NULL;
    uint32_t seen = 0;
    for (uint32_t i = 0; i < g->count; i++) {
        if (g->variables[i].type == type && pick(g, ++seen) == 0) found = g->variables[i].name;
    }
    return found;
}

static void one_of(generator *g, const char *const *texts, uint32_t count)
{
    put(g, texts[pick(g, count)]);
}
#define ONE_OF(g, ...)                                                                             \
    one_of((g), (const char *const[]){__VA_ARGS__},                                                \
           (uint32_t)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)))

// quantifier variable in list [where …]: body
static void quantifier(generator *g, const char *word, what body, int depth)
{
    static const what elements[] = {INT, STRING, REF_B, REF_ITEM, CIDR};
    uint32_t before = g->count;
    uint32_t bindings = 1 + (uint32_t)(pick(g, 4) == 0 && strcmp(word, "exactly one") != 0);
    rp_buf_printf(g->out, "(%s ", word);
    for (uint32_t i = 0; i < bindings; i++) {
        what element = elements[pick(g, 5)];
        rp_buf_printf(g->out, "%sv%u in ", i > 0 ? ", " : "", g->names % 1000);
        char name[16];
        snprintf(name, sizeof name, "v%u", g->names % 1000);
        g->names++;
        list(g, element, depth - 1);
        variable *made = &g->variables[g->count++];
        memcpy(made->name, name, sizeof made->name - 1);
        made->name[sizeof made->name - 1] = '\0';
        made->type = element;
        if (pick(g, 3) != 0) continue;
        put(g, " where ");
        expr(g, BOOL, depth - 2);
    }
    put(g, ": ");
    expr(g, body, depth - 1);
    put(g, ")");
    g->count = before;
}

static void pair(generator *g, what type, const char *op, int depth)
{
    put(g, "(");
    expr(g, type, depth - 1);
    put(g, op);
    expr(g, type, depth - 1);
    put(g, ")");
}

static void compare(generator *g, int depth)
{
    switch (pick(g, 9)) {
    case 0: pair(g, INT, " == ", depth); break;
    case 1: pair(g, INT, pick(g, 2) ? " < " : " >= ", depth); break;
    case 2: pair(g, OPT_INT, " == ", depth); break;
    case 3: pair(g, STRING, " == ", depth); break;
    case 4: pair(g, OPT_STRING, " != ", depth); break;
    case 5: pair(g, VERSION, pick(g, 2) ? " < " : " <= ", depth); break;
    case 6: pair(g, CIDR, " == ", depth); break;
    case 7: pair(g, FLOAT_, " < ", depth); break;
    default: pair(g, REF_B, " == ", depth); break;
    }
}

static void membership(generator *g, int depth)
{
    static const what elements[] = {INT, STRING, CIDR, REF_B, STRING};
    what element = elements[pick(g, 5)];
    if (pick(g, 4) == 0) {
        expr(g, STRING, depth - 1);
        ONE_OF(g, " in a.tags", " not in a.tags", " in a.parts", " in a.c.tags");
        return;
    }
    put(g, "(");
    expr(g, element, depth - 1);
    put(g, pick(g, 2) ? " in " : " not in ");
    list(g, element, depth - 1);
    put(g, ")");
}

static void text_test(generator *g, int depth)
{
    static const char *const names[] = {"starts_with", "ends_with", "contains", "glob"};
    put(g, names[pick(g, 4)]);
    put(g, "(");
    expr(g, pick(g, 2) ? STRING : OPT_STRING, depth - 1);
    ONE_OF(g, ", \"a\")", ", \"b*\")", ", \"\")", ", \"*\")", ", \"ab\")");
}

static void bool_leaf(generator *g)
{
    const char *b = variable_of(g, REF_B);
    const char *item = variable_of(g, REF_ITEM);
    if (b != NULL && pick(g, 2) == 0)
        rp_buf_printf(g->out, pick(g, 2) ? "%s.on" : "%s.big", b);
    else if (item != NULL && pick(g, 2) == 0)
        rp_buf_printf(g->out, "%s.on", item);
    else
        ONE_OF(g, "a.p", "(a.q ?? a.p)", "a.c.on", "a.c.big", "true", "false", "a.b is present",
               "a.t is absent", "(a.b?.on ?? false)", "a.item is present");
}

static void narrowed(generator *g, int depth)
{
    switch (pick(g, 4)) {
    case 0:
        put(g, "(a.y is present and a.y > ");
        expr(g, INT, depth - 1);
        put(g, ")");
        break;
    case 1:
        put(g, "(a.b is absent or a.b.x < ");
        expr(g, INT, depth - 1);
        put(g, ")");
        break;
    case 2:
        put(g, "(if a.q is present then a.q else ");
        expr(g, BOOL, depth - 1);
        put(g, ")");
        break;
    default:
        put(g, "(a.item is present and a.item.n <= ");
        expr(g, INT, depth - 1);
        put(g, ")");
        break;
    }
}

static void match_bool(generator *g, int depth)
{
    put(g, pick(g, 2) ? "(match a.color { \"red\": " : "(match a.other { absent: true, \"red\": ");
    expr(g, BOOL, depth - 1);
    put(g, ", \"green\": ");
    expr(g, BOOL, depth - 1);
    put(g, pick(g, 2) ? ", \"blue\": true })" : ", else: false })");
}

static void call_bool(generator *g, int depth)
{
    switch (pick(g, 4)) {
    case 0:
        put(g, "wide(");
        list(g, REF_B, depth - 1);
        put(g, ", ");
        expr(g, INT, depth - 1);
        put(g, ")");
        break;
    case 1:
        put(g, "either(");
        expr(g, BOOL, depth - 1);
        put(g, ", ");
        list(g, STRING, depth - 1);
        put(g, ")");
        break;
    case 2:
        put(g, "a.c.has(");
        expr(g, STRING, depth - 1);
        put(g, ")");
        break;
    default:
        put(g, "covers_internet(");
        list(g, CIDR, depth - 1);
        put(g, ")");
        break;
    }
}

static void expr_bool(generator *g, int depth)
{
    if (depth <= 0) {
        bool_leaf(g);
        return;
    }
    switch (pick(g, 16)) {
    case 0:
    case 1: pair(g, BOOL, " and ", depth); break;
    case 2:
    case 3: pair(g, BOOL, " or ", depth); break;
    case 4:
        put(g, "(not ");
        expr(g, BOOL, depth - 1);
        put(g, ")");
        break;
    case 5:
    case 6: compare(g, depth); break;
    case 7: quantifier(g, "any", BOOL, depth); break;
    case 8: quantifier(g, "all", BOOL, depth); break;
    case 9: quantifier(g, pick(g, 3) ? "none" : "exactly one", BOOL, depth); break;
    case 10: membership(g, depth); break;
    case 11: text_test(g, depth); break;
    case 12: narrowed(g, depth); break;
    case 13: match_bool(g, depth); break;
    case 14: call_bool(g, depth); break;
    default:
        put(g, "(if ");
        expr(g, BOOL, depth - 1);
        put(g, " then ");
        expr(g, BOOL, depth - 1);
        put(g, " else ");
        expr(g, BOOL, depth - 1);
        put(g, ")");
        break;
    }
}

static void int_leaf(generator *g)
{
    const char *v = variable_of(g, INT);
    const char *b = variable_of(g, REF_B);
    const char *item = variable_of(g, REF_ITEM);
    if (v != NULL && pick(g, 2) == 0)
        put(g, v);
    else if (b != NULL && pick(g, 2) == 0)
        rp_buf_printf(g->out, "%s.x", b);
    else if (item != NULL && pick(g, 2) == 0)
        rp_buf_printf(g->out, "%s.n", item);
    else
        ONE_OF(g, "a.x", "a.c.x", "0", "1", "2", "3", "a.sum", "(a.y ?? 1)");
}

static void expr_int(generator *g, int depth)
{
    if (depth <= 0) {
        int_leaf(g);
        return;
    }
    switch (pick(g, 8)) {
    case 0: pair(g, INT, " + ", depth); break;
    case 1: pair(g, INT, " - ", depth); break;
    case 2: quantifier(g, "count", BOOL, depth); break;
    case 3: quantifier(g, "sum", INT, depth); break;
    case 4:
        put(g, "(if ");
        expr(g, BOOL, depth - 1);
        put(g, " then ");
        expr(g, INT, depth - 1);
        put(g, " else ");
        expr(g, INT, depth - 1);
        put(g, ")");
        break;
    case 5:
        put(g, "(");
        expr(g, OPT_INT, depth - 1);
        put(g, " ?? ");
        expr(g, INT, depth - 1);
        put(g, ")");
        break;
    case 6:
        put(g, "size(");
        list(g, STRING, depth - 1);
        put(g, ")");
        break;
    default: int_leaf(g); break;
    }
}

static void expr_string(generator *g, int depth)
{
    const char *v = variable_of(g, STRING);
    const char *item = variable_of(g, REF_ITEM);
    if (v != NULL && pick(g, 2) == 0)
        put(g, v);
    else if (item != NULL && pick(g, 2) == 0)
        rp_buf_printf(g->out, "%s.tag", item);
    else if (depth > 0 && pick(g, 3) == 0) {
        put(g, "lower(");
        expr(g, STRING, 0);
        put(g, ")");
    } else if (depth > 0 && pick(g, 4) == 0) {
        put(g, "(if ");
        expr(g, BOOL, depth - 1);
        put(g, " then a.s else \"b\")");
    } else
        ONE_OF(g, "a.s", "\"a\"", "\"b\"", "\"ab\"", "(a.t ?? \"a\")", "a.id",
               "(a.tags[\"a\"] ?? a.s)");
}

static void expr_optional(generator *g, what type, int depth)
{
    if (type == OPT_STRING) {
        if (depth > 0 && pick(g, 4) == 0)
            quantifier(g, "first", STRING, depth);
        else
            ONE_OF(g, "a.t", "a.c.name", "a.b?.name", "a.tags[\"a\"]", "a.c.label",
                   "after(a.s, \"a\")", "a.item?.tag", "a.parts[\"a\"]?.tag");
        return;
    }
    if (depth > 0 && pick(g, 3) == 0)
        quantifier(g, pick(g, 3) == 0 ? "first" : pick(g, 2) ? "min" : "max", INT, depth);
    else
        ONE_OF(g, "a.y", "a.b?.x", "a.c.y", "a.b?.y", "number(a.s)", "a.item?.n", "a.item?.m");
}

static void expr_ref(generator *g)
{
    const char *v = variable_of(g, REF_B);
    if (v != NULL && pick(g, 2) == 0)
        put(g, v);
    else
        ONE_OF(g, "a.c", "(a.b ?? a.c)", "a.c");
}

static void expr(generator *g, what type, int depth)
{
    const char *v = variable_of(g, type);
    switch (type) {
    case BOOL: expr_bool(g, depth); break;
    case INT: expr_int(g, depth); break;
    case STRING: expr_string(g, depth); break;
    case OPT_INT:
    case OPT_STRING: expr_optional(g, type, depth); break;
    case COLOR: put(g, "a.color"); break;
    case VERSION: ONE_OF(g, "a.v", "(a.c.v ?? a.v)", "(version(a.s) ?? a.v)"); break;
    case CIDR:
        if (v != NULL && pick(g, 2))
            put(g, v);
        else
            ONE_OF(g, "a.r", "a.r", "(cidr(a.s) ?? a.r)");
        break;
    case FLOAT_: ONE_OF(g, "a.f", "(a.x / 2)", "(a.x / a.c.x)", "(a.f * 2.0)"); break;
    case REF_B: expr_ref(g); break;
    case REF_ITEM: put(g, variable_of(g, REF_ITEM)); break;
    }
}

static void list_leaf(generator *g, what element)
{
    const char *b = variable_of(g, REF_B);
    switch (element) {
    case INT: ONE_OF(g, "a.nums", "[1, 2]", "[a.x, a.c.x]", "a.nums"); break;
    case STRING:
        if (b != NULL && pick(g, 2))
            rp_buf_printf(g->out, "%s.words", b);
        else
            ONE_OF(g, "a.words", "a.c.words", "a.b?.words", "[\"a\", \"b\"]", "split(a.s, \"b\")",
                   "[a.s, \"a\"]");
        break;
    case CIDR:
        if (b != NULL && pick(g, 2))
            rp_buf_printf(g->out, "%s.ranges", b);
        else
            ONE_OF(g, "a.ranges", "a.c.ranges", "a.ranges");
        break;
    case REF_ITEM:
        if (b != NULL && pick(g, 2))
            rp_buf_printf(g->out, "%s.items", b);
        else
            ONE_OF(g, "a.items", "a.c.items", "a.b?.items");
        break;
    default: ONE_OF(g, "a.bs", "a.friends", "a.bs", "[a.c]"); break;
    }
}

static void list(generator *g, what element, int depth)
{
    if (depth <= 0 || pick(g, 3) != 0) {
        list_leaf(g, element);
        return;
    }
    switch (pick(g, 3)) {
    case 0:
        put(g, "(");
        list(g, element, depth - 1);
        put(g, " + ");
        list(g, element, depth - 1);
        put(g, ")");
        break;
    case 1:
        put(g, "(if ");
        expr(g, BOOL, depth - 1);
        put(g, " then ");
        list(g, element, depth - 1);
        put(g, " else ");
        list(g, element, depth - 1);
        put(g, ")");
        break;
    default:
        if (element == REF_ITEM)
            list_leaf(g, element);
        else
            quantifier(g, "each", element, depth);
        break;
    }
}

void generate_policies(random_state *random, rp_buf *out, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        generator g = {.random = random, .out = out};
        rp_buf_printf(out, "policy p%u on a {\n", i);
        if (pick(&g, 2)) {
            put(&g, "  when ");
            expr(&g, BOOL, 3);
            put(&g, "\n");
        }
        put(&g, "  require ");
        expr(&g, BOOL, 5);
        put(&g, "\n}\n");
    }
}

// ---- facts ----

// What is hidden is drawn from numbers of its own, so that the same world with more hidden is the
// same world.
typedef struct filler {
    random_state *random;
    random_state hiding;
    rdspol_facts *facts;
    uint32_t hidden;
    rdspol_status status;
} filler;

static rdspol_str text(const char *bytes)
{
    return (rdspol_str){bytes, strlen(bytes)};
}

// A field that the bundle does not read cannot be set; nobody will miss it.
static void keep(filler *f, rdspol_status status)
{
    if (status == RDSPOL_INVALID_ARGUMENT) return;
    if (f->status == RDSPOL_OK) f->status = status;
}

static bool hides(filler *f)
{
    return random_below(&f->hiding, 100) < f->hidden;
}

typedef struct field_spec {
    const char *name;
    const char *kind; // letters: b bool, i int, f float, s string, c color, v version, r range, t
                      // time, B ref
    bool optional;
} field_spec;

static const char *random_text(filler *f, char kind)
{
    static const char *const ints[] = {"0", "1", "2", "3", "4", "-1", "9223372036854775807"};
    static const char *const floats[] = {"0", "0.5", "1", "2.5", "-3"};
    static const char *const strings[] = {"a", "b",    "ab",   "A",         "",
                                          "3", "abba", "10.0", "10.0.0.0/8"};
    static const char *const colors[] = {"red", "green", "blue", "purple"};
    static const char *const versions[] = {"1", "1.2", "1.10", "8.0.mysql_aurora.3", "2", "none"};
    static const char *const ranges[] = {"0.0.0.0/0", "0.0.0.0/1",    "128.0.0.0/1", "10.0.0.0/8",
                                         "::/0",      "192.0.2.1/24", "nothing"};
    static const char *const times[] = {"2026-01-01", "2026-06-01T00:00:00Z"};
    static const char *const bs[] = {"b0", "b1", "b2", "b3", "b4"};
#define RANDOM_OF(array) array[random_below(f->random, (uint32_t)(sizeof array / sizeof *array))]
    switch (kind) {
    case 'b': return random_below(f->random, 2) ? "true" : "false";
    case 'i':
        return random_below(f->random, 12) ? ints[random_below(f->random, 5)] : RANDOM_OF(ints);
    case 'f': return RANDOM_OF(floats);
    case 'c': return random_below(f->random, 10) ? colors[random_below(f->random, 3)] : colors[3];
    case 'v':
        return random_below(f->random, 10) ? versions[random_below(f->random, 5)] : versions[5];
    case 'r': return random_below(f->random, 10) ? ranges[random_below(f->random, 6)] : ranges[6];
    case 't': return RANDOM_OF(times);
    case 'B': return RANDOM_OF(bs);
    default: return RANDOM_OF(strings);
    }
}

static void fill_field(filler *f, const char *kind, uint32_t row, const field_spec *spec)
{
    bool absent = random_below(f->random, 3) == 0;
    const char *value = random_text(f, spec->kind[0]);
    if (hides(f))
        keep(f, rdspol_facts_unknown(f->facts, text(kind), row, text(spec->name),
                                     RDSPOL_REASON_ACCESS_DENIED, text("")));
    else if (spec->optional && absent)
        keep(f, rdspol_facts_absent(f->facts, text(kind), row, text(spec->name)));
    else
        keep(f, rdspol_facts_set(f->facts, text(kind), row, text(spec->name), text(value)));
}

static void fill_list(filler *f, const char *kind, uint32_t row, const char *name, char element)
{
    rdspol_str values[4];
    size_t count = random_below(f->random, 4);
    for (size_t i = 0; i < count; i++) values[i] = text(random_text(f, element));
    bool hidden = hides(f);
    bool shorter = hides(f) && hidden; // a member that was not collected
    if (shorter && count > 0) count--;
    keep(f, rdspol_facts_list(f->facts, text(kind), row, text(name), values, count, !hidden));
}

static void fill_tags(filler *f, const char *kind, uint32_t row)
{
    static const char *const keys[] = {"a", "b", "ab"};
    rdspol_str values[6];
    size_t count = 0;
    for (size_t i = 0; i < 3; i++) {
        if (random_below(f->random, 2)) continue;
        values[count * 2] = text(keys[i]);
        values[count++ * 2 + 1] = text(random_text(f, 's'));
    }
    keep(f, rdspol_facts_map(f->facts, text(kind), row, text("tags"), values, count, !hides(f)));
}

static uint32_t add_item(filler *f)
{
    static const field_spec fields[] = {{"n", "i", false},
                                        {"m", "i", true},
                                        {"tag", "s", false},
                                        {"on", "b", false},
                                        {"c", "c", true}};
    uint32_t row = 0;
    keep(f, rdspol_facts_add(f->facts, text("item"), text(""), text(""), &row));
    for (size_t i = 0; i < sizeof fields / sizeof *fields && f->status == RDSPOL_OK; i++)
        fill_field(f, "item", row, &fields[i]);
    fill_list(f, "item", row, "names", 's');
    return row;
}

static void fill_items(filler *f, const char *kind, uint32_t row)
{
    uint32_t count = random_below(f->random, 4);
    uint32_t first = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t item = add_item(f);
        if (i == 0) first = item;
    }
    keep(f, rdspol_facts_rows(f->facts, text(kind), row, text("items"), first, count, !hides(f)));
}

static void fill_parts(filler *f, uint32_t row)
{
    static const char *const names[] = {"a", "b"};
    rdspol_str keys[2];
    uint32_t rows[2];
    size_t count = 0;
    for (size_t i = 0; i < 2; i++) {
        if (random_below(f->random, 2)) continue;
        keys[count] = text(names[i]);
        rows[count++] = add_item(f);
    }
    keep(f, rdspol_facts_record_map(f->facts, text("a"), row, text("parts"), keys, rows, count,
                                    !hides(f)));
}

static void fill_item(filler *f, uint32_t row)
{
    bool absent = random_below(f->random, 2) != 0;
    uint32_t item = add_item(f);
    if (hides(f))
        keep(f, rdspol_facts_unknown(f->facts, text("a"), row, text("item"),
                                     RDSPOL_REASON_ACCESS_DENIED, text("")));
    else if (absent)
        keep(f, rdspol_facts_absent(f->facts, text("a"), row, text("item")));
    else
        keep(f, rdspol_facts_rows(f->facts, text("a"), row, text("item"), item, 1, 1));
}

static void add_b(filler *f, uint32_t i)
{
    static const field_spec fields[] = {{"x", "i", false},     {"y", "i", true},
                                        {"on", "b", false},    {"name", "s", true},
                                        {"color", "c", false}, {"v", "v", true}};
    char id[16];
    uint32_t row = 0;
    snprintf(id, sizeof id, "b%u", i);
    keep(f, rdspol_facts_add(f->facts, text("b"), text("123456789012"), text("us-east-1"), &row));
    keep(f, rdspol_facts_set(f->facts, text("b"), row, text("id"), text(id)));
    for (size_t k = 0; k < sizeof fields / sizeof *fields; k++) fill_field(f, "b", row, &fields[k]);
    fill_list(f, "b", row, "words", 's');
    fill_list(f, "b", row, "ranges", 'r');
    fill_items(f, "b", row);
    fill_tags(f, "b", row);
}

static void add_a(filler *f, uint32_t i)
{
    static const field_spec fields[] = {
        {"p", "b", false},    {"q", "b", true},  {"x", "i", false}, {"y", "i", true},
        {"f", "f", false},    {"s", "s", false}, {"t", "s", true},  {"color", "c", false},
        {"other", "c", true}, {"v", "v", false}, {"r", "r", false}, {"when", "t", false},
        {"b", "B", true},     {"c", "B", false}};
    char id[16];
    uint32_t row = 0;
    snprintf(id, sizeof id, "a%u", i);
    keep(f, rdspol_facts_add(f->facts, text("a"), text("123456789012"), text("us-east-1"), &row));
    keep(f, rdspol_facts_set(f->facts, text("a"), row, text("id"), text(id)));
    for (size_t k = 0; k < sizeof fields / sizeof *fields; k++) fill_field(f, "a", row, &fields[k]);
    fill_list(f, "a", row, "words", 's');
    fill_list(f, "a", row, "nums", 'i');
    fill_list(f, "a", row, "ranges", 'r');
    fill_list(f, "a", row, "bs", 'B');
    fill_items(f, "a", row);
    fill_tags(f, "a", row);
    fill_parts(f, row);
    fill_item(f, row);
}

rdspol_status generate_facts(random_state *random, rdspol_facts *facts, uint32_t hidden)
{
    filler f = {random, {random->state ^ UINT64_C(0x9e3779b97f4a7c15)}, facts, hidden, RDSPOL_OK};
    rdspol_facts_assume_complete(facts);
    keep(&f, rdspol_facts_scope(facts, text("123456789012"), text("us-east-1")));
    uint32_t bs = random_below(random, 5);
    uint32_t as = 1 + random_below(random, 6);
    for (uint32_t i = 0; i < bs; i++) add_b(&f, i);
    for (uint32_t i = 0; i < as; i++) add_a(&f, i);
    return f.status;
}
