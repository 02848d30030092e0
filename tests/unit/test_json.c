// The reader of AWS CLI JSON: what the scanner refuses, that pieces of any size give the same, and
// what answers become.
//
// The schema is written here record by record; the text of each case stands in the test.
#include "tests/unit/runner.h"
#include "collectors/files/include/rdspol_files.h"
#include "collectors/files/json_scan.h"
#include "tests/unit/image.h"
#include "tests/unit/pieces.h"
#include "vm/facts.h"

#include <stdio.h>
#include <stdlib.h>

// ---- The scanner -------------------------------------------------------------------------------

static void open_pieces(rp_json *j, pieces *p, rp_str text, size_t piece)
{
    p->rest = text;
    p->piece = piece;
    rp_json_open(j, (rp_alloc){NULL, NULL}, NULL, read_piece, p, NULL);
}

static void read_any(rp_json *j)
{
    rp_str text;
    rp_json_kind kind = rp_json_peek(j);
    if (kind == RP_JSON_OBJECT) {
        (void)rp_json_enter(j);
        while (rp_json_member(j, &text)) {
            read_any(j);
        }
    } else if (kind == RP_JSON_ARRAY) {
        (void)rp_json_enter(j);
        while (rp_json_element(j)) {
            read_any(j);
        }
    } else if (kind == RP_JSON_STRING) {
        (void)rp_json_string(j, &text);
    } else if (kind == RP_JSON_NUMBER) {
        (void)rp_json_number(j, &text);
    } else if (kind != RP_JSON_ERROR && kind != RP_JSON_END) {
        (void)rp_json_word(j);
    }
}

typedef struct outcome {
    rdspol_status status;
    uint64_t offset;
    char message[128], path[128];
} outcome;

static outcome scan(rp_str text, size_t piece, bool skip)
{
    pieces p;
    outcome out;
    rp_json *j = malloc(sizeof *j);
    ck_assert_ptr_nonnull(j);
    open_pieces(j, &p, text, piece);
    while (!rp_json_failed(j) && rp_json_peek(j) != RP_JSON_END) {
        if (skip) {
            (void)rp_json_skip(j);
        } else {
            read_any(j);
        }
    }
    out.status = j->status;
    out.offset = j->status == RDSPOL_OK ? rp_json_offset(j) : j->error_offset;
    memcpy(out.message, j->message, sizeof out.message);
    memcpy(out.path, j->path, sizeof out.path);
    rp_json_free(j);
    free(j);
    return out;
}

// Reads and skips, in pieces of 1, 7 and all bytes; all agree on status, offset and message.
static outcome scan_all_ways(rp_str text)
{
    static const size_t sizes[] = {1, 7, SIZE_MAX};
    outcome first = scan(text, SIZE_MAX, false);
    for (size_t i = 0; i < 3; i++) {
        outcome read = scan(text, sizes[i], false), skipped = scan(text, sizes[i], true);
        ck_assert_int_eq(read.status, first.status);
        ck_assert_int_eq(skipped.status, first.status);
        ck_assert_uint_eq(read.offset, first.offset);
        ck_assert_uint_eq(skipped.offset, first.offset);
        ck_assert_str_eq(read.message, first.message);
        ck_assert_str_eq(skipped.message, first.message);
        ck_assert_str_eq(read.path, first.path);
    }
    return first;
}

static const struct {
    const char *text, *message;
    unsigned offset;
} bad_texts[] = {
    {"{\"a\": NaN}", "expected a value, found `N`", 6},
    {"{\"a\": Infinity}", "expected a value, found `I`", 6},
    {"{\"a\": 1} // no", "expected a value, found `/`", 9},
    {"{\"a\": 1, /* no */ \"b\": 2}", "expected a member name, found `/`", 9},
    {"{\"a\": 1,}", "expected a member name, found `}`", 8},
    {"[1, 2,]", "expected a value, found `]`", 6},
    {"[1 2]", "expected `,` or `]`, found `2`", 3},
    {"{\"a\" 1}", "expected `:`, found `1`", 5},
    {"{\"a\": 1 \"b\": 2}", "expected `,` or `}`, found `\"`", 8},
    {"{a: 1}", "expected a member name, found `a`", 1},
    {"{'a': 1}", "expected a member name, found `'`", 1},
    {"[01]", "a number that JSON does not allow", 1},
    {"[1.]", "a number that JSON does not allow", 1},
    {"[.5]", "expected a value, found `.`", 1},
    {"[1e]", "a number that JSON does not allow", 1},
    {"[-]", "a number that JSON does not allow", 1},
    {"[+1]", "expected a value, found `+`", 1},
    {"[1x]", "expected `,` or `]`, found `x`", 2},
    {"[tru]", "a word that is no JSON value", 1},
    {"[nulL]", "a word that is no JSON value", 1},
    {"[\"a\\x\"]", "an escape that JSON does not have", 3},
    {"[\"\\u12g4\"]", "an escape \\u without four hex digits", 2},
    {"[\"a\tb\"]", "a control character in a string", 3},
    {"[\"\xff\"]", "invalid UTF-8 in a string", 2},
    {"[\"\xc0\xaf\"]", "invalid UTF-8 in a string", 2},
    {"[\"\xed\xa0\x80\"]", "invalid UTF-8 in a string", 2},
    {"[\"abc", "a string that does not end", 5},
    {"{\"a\": ", "expected a value, found the end of the input", 6},
    {"{\"a\": 1", "expected `,` or `}`, found the end of the input", 7},
    {"[1", "expected `,` or `]`, found the end of the input", 2},
    {"}", "expected a value, found `}`", 0},
    {"{\"a\":[{\"b\":]}", "expected a value, found `]`", 11},
};

START_TEST(bad_json_is_refused_at_its_byte)
{
    outcome o = scan_all_ways(rp_str_from(bad_texts[_i].text));
    ck_assert_int_eq(o.status, RDSPOL_INPUT);
    ck_assert_str_eq(o.message, bad_texts[_i].message);
    ck_assert_uint_eq(o.offset, bad_texts[_i].offset);
}
END_TEST

static const char *const good_texts[] = {
    "{}",
    "[]",
    " \n[ ]\r\n\t",
    "\xef\xbb\xbf{\"a\": 1}",
    "{\"a\":{\"b\":[1,-0,2.5e-3,1E+9]}} [1] 3 \"x\" null",
    "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\", "
    "\"h\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]",
    "{\"a\": [[[[]]], {}, {\"b\": {}}], \"a long member name that does not fit sixteen bytes\": "
    "true}",
};

START_TEST(good_json_is_read)
{
    rp_str text = rp_str_from(good_texts[_i]);
    outcome o = scan_all_ways(text);
    ck_assert_int_eq(o.status, RDSPOL_OK);
    ck_assert_uint_eq(o.offset, text.len);
}
END_TEST

START_TEST(escapes_become_text)
{
    static const char in[] = "\"a\\n\\u00e9\\u20ac\\ud83d\\ude00\\\"\"";
    for (size_t piece = 1; piece < 9; piece++) {
        pieces p;
        rp_str text;
        rp_json *j = malloc(sizeof *j);
        open_pieces(j, &p, rp_str_from(in), piece);
        ck_assert(rp_json_string(j, &text));
        ck_assert(rp_str_equal(text, RP_STR("a\n\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"")));
        rp_json_free(j);
        free(j);
    }
    ck_assert_str_eq(scan(RP_STR("\"\\ud83d\""), SIZE_MAX, false).message,
                     "half of a surrogate pair in a string");
}
END_TEST

START_TEST(depth_has_a_limit)
{
    char text[400];
    memset(text, '[', 128);
    memset(text + 128, ']', 128);
    ck_assert_int_eq(scan_all_ways(rp_str_make(text, 256)).status, RDSPOL_OK);
    memset(text, '[', 129);
    memset(text + 129, ']', 129);
    outcome o = scan_all_ways(rp_str_make(text, 258));
    ck_assert_int_eq(o.status, RDSPOL_LIMIT);
    ck_assert_uint_eq(o.offset, 128);
}
END_TEST

START_TEST(strings_longer_than_the_window_are_read)
{
    size_t size = 3 * 1024 * 1024;
    char *text = malloc(size + 2);
    memset(text, 'x', size + 2);
    text[0] = text[size + 1] = '"';
    ck_assert_int_eq(scan(rp_str_make(text, size + 2), 65536, false).status, RDSPOL_OK);
    ck_assert_int_eq(scan(rp_str_make(text, size + 1), 65536, true).status, RDSPOL_INPUT);
    free(text);
    size = 17 * 1024 * 1024;
    text = malloc(size);
    memset(text, 'x', size);
    text[0] = '"';
    ck_assert_int_eq(scan(rp_str_make(text, size), SIZE_MAX, false).status, RDSPOL_LIMIT);
    ck_assert_int_eq(scan(rp_str_make(text, size), SIZE_MAX, true).status, RDSPOL_LIMIT);
    free(text);
}
END_TEST

START_TEST(errors_say_the_path)
{
    outcome o = scan(RP_STR("{\"DBInstances\": [{}, {\"Endpoint\": {\"Port\": x}}]}"), 3, false);
    ck_assert_str_eq(o.path, "DBInstances[1].Endpoint.Port");
}
END_TEST

START_TEST(a_held_value_is_read_again)
{
    pieces p;
    rp_str name;
    rp_json *j = malloc(sizeof *j);
    open_pieces(j, &p, RP_STR("{\"a\": [1, 2, {\"b\": 3}], \"c\": 4}"), 1);
    ck_assert(rp_json_enter(j) && rp_json_member(j, &name));
    rp_json_hold hold = rp_json_keep(j);
    for (int i = 0; i < 3; i++) {
        ck_assert(rp_json_skip(j));
        rp_json_rewind(j, &hold);
    }
    rp_json_release(j, &hold);
    ck_assert(rp_json_skip(j) && rp_json_member(j, &name) && rp_str_equal(name, RP_STR("c")));
    ck_assert(rp_json_skip(j) && !rp_json_member(j, &name) && !rp_json_failed(j));
    rp_json_free(j);
    free(j);
}
END_TEST

// ---- The schema of the tests -------------------------------------------------------------------

//   instance { key id, unique arn, port: int?, on: bool, made: time, restore: [string] by FIND,
//              tags: {string: string}, rules: [rule] }  from rds:DescribeDBInstances "DBInstances"
//   rule { ranges: [string] = "V4[].Cidr", "V6[].Cidr" ?? [] }
//   group { key name; values: {string: string} }  from rds:DescribeDBParameters(…: name)
//   key { key id, unique arn; doc: doc = "Policy" as json }  from kms:GetKeyPolicy(KeyId: arn)
//   doc { ids: [string] = "Ids"; pairs: [pair] = "C.{op}.{key}" }   pair { op, key, values:
//   [string] } prefix { unique id; entries: [string] = "Entries[].Cidr" }  from
//   ec2:GetEntries(PrefixListId: id)
enum {
    T_INSTANCE,
    T_RULE,
    T_GROUP,
    T_KEY,
    T_DOC,
    T_PAIR,
    T_TEXTS,
    T_TAGS,
    T_VALUES,
    T_RULES4,
    T_IDS,
    T_PAIRVALUES,
    T_PREFIX,
    T_ENTRIES
};
enum {
    C_ID,
    C_ARN,
    C_PORT,
    C_ON,
    C_MADE,
    C_NAME,
    C_KEY_ID,
    C_KEY_ARN,
    C_DOC,
    C_OP,
    C_KEY,
    C_TEXT,
    C_TAG_KEY,
    C_TAG_VALUE,
    C_VALUES_KEY,
    C_VALUES_VALUE,
    C_RANGE,
    C_ID_VALUE,
    C_PAIR_VALUE,
    C_PREFIX_ID,
    C_ENTRY
};
enum { L_RESTORE, L_TAGS, L_RULES, L_RANGES, L_VALUES, L_IDS, L_PAIRS, L_PAIR_VALUES, L_ENTRIES };
enum { S_INSTANCES, S_PARAMETERS, S_POLICY, S_PREFIX };

typedef struct fixture {
    image im;
    rdspol_bundle *bundle;
    rdspol_facts *facts;
    rdspol_error error;
} fixture;

// A path as "M:Name E F:Key=value B:Key P:op,key A:Arg".
static uint32_t add_path(image *im, uint32_t source, const char *text)
{
    uint32_t first = im->counts[RP_SECTION_STEP], count = 0;
    char copy[128];
    (void)snprintf(copy, sizeof copy, "%s", text);
    for (char *at = copy; *at != 0; count++) {
        char *end = strchr(at, ' ');
        char *next = end == NULL ? at + strlen(at) : end + 1;
        if (end != NULL) {
            *end = 0;
        }
        static const char letters[] = "MEZBFPA";
        uint32_t kind = (uint32_t)(strchr(letters, at[0]) - letters) + 1;
        char *value = strpbrk(at, "=,");
        if (value != NULL) {
            *value++ = 0;
        }
        ADD(im, STEP, step, kind, at[1] == ':' ? image_string(im, at + 2) : NONE,
            value == NULL ? NONE : image_string(im, value));
        at = next;
    }
    return ADD(im, PATH, path, source, first, count);
}

static void add_column(image *im, uint32_t table, const char *name, uint32_t type, uint32_t flags,
                       uint32_t source, const char *path)
{
    uint32_t first = im->counts[RP_SECTION_PATH];
    if (path != NULL) {
        (void)add_path(im, source, path);
    }
    ADD(im, COLUMN, column, table, image_string(im, name), type, RP_COLUMN_FACT, flags, NONE, NONE,
        0, 0, first, path != NULL);
}

static void add_list(image *im, uint32_t owner, const char *name, uint32_t element, uint32_t kind,
                     uint32_t flags, uint32_t source, const char *path, const char *second)
{
    uint32_t first = im->counts[RP_SECTION_PATH];
    if (path != NULL) {
        (void)add_path(im, source, path);
    }
    if (second != NULL) {
        (void)add_path(im, source, second);
    }
    ADD(im, LIST, list, owner, image_string(im, name), element, kind, flags, NONE, NONE, NONE,
        first, (uint32_t)(path != NULL) + (uint32_t)(second != NULL));
}

static void add_table(image *im, const char *name, uint32_t kind, uint32_t key, uint32_t unique,
                      uint32_t first_column, uint32_t columns, uint32_t first_list, uint32_t lists,
                      uint32_t first_source, uint32_t sources)
{
    ADD(im, TABLE, table, image_string(im, name), kind, 0, NONE, key, unique, unique, NONE, NONE,
        NONE, first_column, columns, first_list, lists, first_source, sources, 0, 0);
}

#define STRING RP_TYPE(RP_KIND_STRING, 0, 0)

static void add_columns(image *im)
{
    add_column(im, T_INSTANCE, "id", STRING, 1, S_INSTANCES, "M:DBInstanceIdentifier");
    add_column(im, T_INSTANCE, "arn", STRING, 2, S_INSTANCES, "M:DBInstanceArn");
    add_column(im, T_INSTANCE, "port", RP_TYPE(RP_KIND_INT, 1, 0), 0, S_INSTANCES,
               "M:Endpoint M:Port");
    add_column(im, T_INSTANCE, "on", RP_TYPE(RP_KIND_BOOL, 0, 0), 0, S_INSTANCES, "M:On");
    add_column(im, T_INSTANCE, "made", RP_TYPE(RP_KIND_TIME, 0, 0), 0, S_INSTANCES, "M:Made");
    add_column(im, T_GROUP, "name", STRING, 1, NONE, NULL);
    add_column(im, T_KEY, "id", STRING, 1, NONE, NULL);
    add_column(im, T_KEY, "arn", STRING, 2, NONE, NULL);
    add_column(im, T_KEY, "doc", RP_TYPE(RP_KIND_REF, 0, T_DOC), RP_COLUMN_JSON, S_POLICY,
               "M:Policy");
    add_column(im, T_PAIR, "op", STRING, 0, NONE, NULL);
    add_column(im, T_PAIR, "key", STRING, 0, NONE, NULL);
    add_column(im, T_TEXTS, "value", STRING, 0, NONE, NULL);
    add_column(im, T_TAGS, "key", STRING, RP_COLUMN_LOWER, NONE, NULL);
    add_column(im, T_TAGS, "value", STRING, 0, NONE, NULL);
    add_column(im, T_VALUES, "key", STRING, 0, NONE, NULL);
    add_column(im, T_VALUES, "value", STRING, 0, NONE, NULL);
    add_column(im, T_RULES4, "value", STRING, 0, NONE, NULL);
    add_column(im, T_IDS, "value", STRING, 0, NONE, NULL);
    add_column(im, T_PAIRVALUES, "value", STRING, 0, NONE, NULL);
    add_column(im, T_PREFIX, "id", STRING, 2, S_PREFIX, "A:PrefixListId");
    add_column(im, T_ENTRIES, "value", STRING, 0, NONE, NULL);
}

static void add_lists(image *im)
{
    add_list(im, T_INSTANCE, "restore", T_TEXTS, RP_LIST_FACT, RP_LIST_EMPTY, S_INSTANCES,
             "M:Attributes F:Name=restore M:Values", NULL);
    add_list(im, T_INSTANCE, "tags", T_TAGS, RP_LIST_MAP, RP_LIST_LOWER, S_INSTANCES,
             "M:TagList B:Key M:Value", NULL);
    add_list(im, T_INSTANCE, "rules", T_RULE, RP_LIST_FACT, 0, S_INSTANCES, "M:Rules", NULL);
    add_list(im, T_RULE, "ranges", T_RULES4, RP_LIST_FACT, RP_LIST_EMPTY, NONE, "M:V4 E M:Cidr",
             "M:V6 E M:Cidr");
    add_list(im, T_GROUP, "values", T_VALUES, RP_LIST_MAP, 0, S_PARAMETERS,
             "M:Parameters B:ParameterName M:ParameterValue", NULL);
    add_list(im, T_DOC, "ids", T_IDS, RP_LIST_FACT, 0, NONE, "M:Ids", NULL);
    add_list(im, T_DOC, "pairs", T_PAIR, RP_LIST_FACT, 0, NONE, "M:C P:op,key", NULL);
    add_list(im, T_PAIR, "values", T_PAIRVALUES, RP_LIST_FACT, 0, NONE, NULL, NULL);
    add_list(im, T_PREFIX, "entries", T_ENTRIES, RP_LIST_FACT, 0, S_PREFIX, "M:Entries E M:Cidr",
             NULL);
}

static void add_source(image *im, uint32_t table, uint32_t kind, const char *service,
                       const char *operation, const char *member, const char *argument,
                       uint32_t column)
{
    uint32_t first = im->counts[RP_SECTION_ARG];
    if (argument != NULL) {
        ADD(im, ARG, arg, image_string(im, argument), RP_ARG_OWN, column);
    }
    ADD(im, SOURCE, source, table, kind, image_string(im, service), image_string(im, operation),
        member == NULL ? NONE : image_string(im, member), image_string(im, operation), first,
        argument != NULL);
}

static void set_up(fixture *f)
{
    size_t size;
    image *im = &f->im;
    memset(f, 0, sizeof *f);
    image_init(im);
    add_columns(im);
    add_lists(im);
    add_source(im, T_INSTANCE, RP_SOURCE_LIST, "rds", "DescribeDBInstances", "DBInstances", NULL,
               0);
    add_source(im, T_GROUP, RP_SOURCE_GROUP, "rds", "DescribeDBParameters", NULL,
               "DBParameterGroupName", C_NAME);
    add_source(im, T_KEY, RP_SOURCE_GROUP, "kms", "GetKeyPolicy", NULL, "KeyId", C_KEY_ARN);
    add_source(im, T_PREFIX, RP_SOURCE_KEY, "ec2", "GetManagedPrefixListEntries", NULL,
               "PrefixListId", C_PREFIX_ID);
    add_table(im, "instance", RP_TABLE_RESOURCE, C_ID, C_ARN, C_ID, 5, L_RESTORE, 3, 0, 1);
    add_table(im, "rule", RP_TABLE_RECORD, NONE, NONE, 5, 0, L_RANGES, 1, 1, 0);
    add_table(im, "group", RP_TABLE_RESOURCE, C_NAME, NONE, C_NAME, 1, L_VALUES, 1, 1, 1);
    add_table(im, "key", RP_TABLE_RESOURCE, C_KEY_ID, C_KEY_ARN, C_KEY_ID, 3, L_IDS, 0, 2, 1);
    add_table(im, "doc", RP_TABLE_RECORD, NONE, NONE, C_OP, 0, L_IDS, 2, 3, 0);
    add_table(im, "pair", RP_TABLE_RECORD, NONE, NONE, C_OP, 2, L_PAIR_VALUES, 1, 3, 0);
    add_table(im, "texts", RP_TABLE_ELEMENTS, NONE, NONE, C_TEXT, 1, 8, 0, 3, 0);
    add_table(im, "tags", RP_TABLE_ENTRIES, NONE, NONE, C_TAG_KEY, 2, 8, 0, 3, 0);
    add_table(im, "values", RP_TABLE_ENTRIES, NONE, NONE, C_VALUES_KEY, 2, 8, 0, 3, 0);
    add_table(im, "rules4", RP_TABLE_ELEMENTS, NONE, NONE, C_RANGE, 1, 8, 0, 3, 0);
    add_table(im, "ids", RP_TABLE_ELEMENTS, NONE, NONE, C_ID_VALUE, 1, 8, 0, 3, 0);
    add_table(im, "pairvalues", RP_TABLE_ELEMENTS, NONE, NONE, C_PAIR_VALUE, 1, 8, 0, 3, 0);
    add_table(im, "prefix", RP_TABLE_RESOURCE, NONE, C_PREFIX_ID, C_PREFIX_ID, 1, L_ENTRIES, 1,
              S_PREFIX, 1);
    add_table(im, "entries", RP_TABLE_ELEMENTS, NONE, NONE, C_ENTRY, 1, 9, 0, 4, 0);
    const void *bytes = image_bytes(im, &size);
    rdspol_status status = rdspol_bundle_open(&f->bundle, bytes, size, NULL, &f->error);
    ck_assert_msg(status == RDSPOL_OK, "%s %s", f->error.message, f->error.path);
    ck_assert_int_eq(rdspol_facts_new(&f->facts, f->bundle, NULL, NULL), RDSPOL_OK);
}

static void tear_down(fixture *f)
{
    rdspol_facts_free(f->facts);
    rdspol_bundle_close(f->bundle);
    image_free(&f->im);
}

static rdspol_status read_pieces(fixture *f, const char *name, const char *text, size_t piece)
{
    pieces p = {rp_str_from(text), piece};
    return rdspol_files_read_stream(f->facts, rp_str_from(name), read_piece, &p, NULL, &f->error);
}

static void read_ok(fixture *f, const char *name, const char *text)
{
    rdspol_status status = read_pieces(f, name, text, 5);
    ck_assert_msg(status == RDSPOL_OK, "%s (%s)", f->error.message, f->error.path);
}

static bool cell_is(const fixture *f, uint32_t column, uint32_t row, const char *text)
{
    return rp_str_equal(rp_facts_cell_text(f->facts, column, row), rp_str_from(text));
}

static uint32_t list_size(const fixture *f, uint32_t list, uint32_t row)
{
    return f->facts->lists[list].end[row] - f->facts->lists[list].begin[row];
}

static bool is_complete(const fixture *f, uint32_t list, uint32_t row)
{
    return (f->facts->lists[list].complete[row / 64] >> row % 64 & 1u) != 0;
}

// ---- Answers -----------------------------------------------------------------------------------

START_TEST(a_listing_becomes_rows)
{
    static const size_t sizes[] = {1, 7, SIZE_MAX};
    fixture f;
    set_up(&f);
    ck_assert_int_eq(
        read_pieces(
            &f, "x.json",
            "{\"ResponseMetadata\": {},\n \"DBInstances\": [{\"DBInstanceIdentifier\": \"a\","
            " \"DBInstanceArn\": \"arn:aws:rds:us-east-1:123456789012:db:a\", \"Skipped\": [{}],"
            " \"Endpoint\": {\"Port\": 5432}, \"On\": true, \"Made\": 1700000000.5,\n"
            " \"TagList\": [{\"Value\": \"v\", \"Key\": \"Team\"}, {\"Key\": \"b\", \"Value\": "
            "\"w\"}]},\n"
            "  {\"DBInstanceIdentifier\": \"b\", \"DBInstanceArn\": null}], \"Marker\": \"m\"}",
            sizes[_i]),
        RDSPOL_OK);
    ck_assert_uint_eq(rp_facts_row_count(f.facts, T_INSTANCE), 2);
    ck_assert(cell_is(&f, C_ID, 0, "a") && cell_is(&f, C_ID, 1, "b"));
    ck_assert_int_eq(((int64_t *)f.facts->columns[C_PORT].values)[0], 5432);
    ck_assert_int_eq(((int64_t *)f.facts->columns[C_MADE].values)[0], 1700000000500);
    ck_assert_uint_eq(list_size(&f, L_TAGS, 0), 2);
    ck_assert(cell_is(&f, C_TAG_KEY, 0, "team") && cell_is(&f, C_TAG_VALUE, 0, "v"));
    ck_assert(is_complete(&f, L_TAGS, 0) && !is_complete(&f, L_TAGS, 1));
    // The second lacks its ARN: nothing that it does not say is a fact.
    ck_assert((f.facts->columns[C_PORT].known[0] & 2u) == 0);
    ck_assert_uint_eq(f.facts->tables[T_INSTANCE].meta[1].place.line, 4);
    ck_assert_uint_eq(f.facts->tables[T_INSTANCE].meta[1].place.column, 3);
    ck_assert(f.facts->answer_count == 1 && f.facts->answer[0].cut);
    tear_down(&f);
}
END_TEST

// The list of the row is cut, not only the answer; the token may stand on either side of it.
START_TEST(a_cut_answer_to_one_call_cuts_the_lists_of_its_row)
{
    static const char *const texts[] = {
        "{\"pl-1\": {\"NextToken\": \"more\", \"Entries\": [{\"Cidr\": \"10.0.0.0/8\"}]}}",
        "{\"pl-1\": {\"Entries\": [{\"Cidr\": \"10.0.0.0/8\"}], \"NextToken\": \"more\"}}",
        "{\"pl-1\": {\"Entries\": [{\"Cidr\": \"10.0.0.0/8\"}]}}",
    };
    for (int i = 0; i < 3; i++) {
        fixture f;
        set_up(&f);
        read_ok(&f, "get-managed-prefix-list-entries.json", texts[i]);
        ck_assert_uint_eq(list_size(&f, L_ENTRIES, 0), 1);
        ck_assert_int_eq(is_complete(&f, L_ENTRIES, 0), i == 2);
        tear_down(&f);
    }
}
END_TEST

START_TEST(several_paths_of_a_list_come_in_their_order)
{
    fixture f;
    set_up(&f);
    read_ok(&f, "x.json",
            "{\"DBInstances\": [{\"Rules\": [{\"V6\": [{\"Cidr\": \"six\"}], \"V4\": [{\"Cidr\": "
            "\"four\"}]},"
            " {\"V6\": [{\"Cidr\": \"6\"}]}, {}]}]}");
    ck_assert_uint_eq(rp_facts_row_count(f.facts, T_RULE), 3);
    ck_assert(cell_is(&f, C_RANGE, 0, "four") && cell_is(&f, C_RANGE, 1, "six"));
    ck_assert(cell_is(&f, C_RANGE, 2, "6") && list_size(&f, L_RANGES, 1) == 1);
    ck_assert(is_complete(&f, L_RANGES, 0) && is_complete(&f, L_RANGES, 2));
    tear_down(&f);
}
END_TEST

START_TEST(an_element_is_found_by_its_name)
{
    fixture f;
    set_up(&f);
    read_ok(&f, "x.json",
            "{\"DBInstances\": [{\"Attributes\": [{\"Values\": [\"z\"], \"Name\": \"other\"},"
            " {\"Values\": [\"all\"], \"Name\": \"restore\"}]}, {\"Attributes\": []}, {}]}");
    ck_assert(list_size(&f, L_RESTORE, 0) == 1 && cell_is(&f, C_TEXT, 0, "all"));
    ck_assert(is_complete(&f, L_RESTORE, 1) && !is_complete(&f, L_RESTORE, 2));
    tear_down(&f);
}
END_TEST

static const struct {
    const char *name, *text;
} asked[] = {
    {"describe-db-parameters.prod-pg.json",
     "{\"Parameters\": [{\"ParameterName\": \"n\", \"ParameterValue\": \"1\"}]}"},
    {"db-parameters/prod-pg.json",
     "{\"Parameters\": [{\"ParameterName\": \"n\", \"ParameterValue\": \"1\"}]}"},
    {"db-parameters.json",
     "{\"prod-pg\": {\"Parameters\": [{\"ParameterName\": \"n\", \"ParameterValue\": \"1\"}]}}"},
    {"x.json", "{\"Request\": {\"DBParameterGroupName\": \"prod-pg\"}, \"Response\": "
               "{\"Parameters\": [{\"ParameterName\": \"n\", \"ParameterValue\": \"1\"}]}}"},
    {"x.json", "{\"Response\": {\"Parameters\": [{\"ParameterName\": \"n\", \"ParameterValue\": "
               "\"1\"}]}, \"Request\": {\"DBParameterGroupName\": \"prod-pg\"}}"},
};

START_TEST(the_question_is_told_in_five_ways)
{
    fixture f;
    set_up(&f);
    read_ok(&f, asked[_i].name, asked[_i].text);
    ck_assert_uint_eq(rp_facts_row_count(f.facts, T_GROUP), 1);
    ck_assert(cell_is(&f, C_NAME, 0, "prod-pg"));
    ck_assert(cell_is(&f, C_VALUES_KEY, 0, "n") && cell_is(&f, C_VALUES_VALUE, 0, "1"));
    tear_down(&f);
}
END_TEST

START_TEST(names_of_arns_are_decoded)
{
    fixture f;
    set_up(&f);
    read_ok(&f, "get-key-policy/arn%3Aaws%3Akms%3Aus-east-1%3A123456789012%3Akey%2Fk.json",
            "{\"Policy\": \"{}\"}");
    read_ok(&f, "key-policy/arn_aws_kms_us-east-1_123456789012_key_k.json", "{\"Policy\": \"{}\"}");
    read_ok(&f, "get-key-policy.just-an-id.json", "{\"Policy\": \"{}\"}");
    ck_assert(cell_is(&f, C_KEY_ARN, 0, "arn:aws:kms:us-east-1:123456789012:key/k"));
    ck_assert(cell_is(&f, C_KEY_ARN, 1, "arn:aws:kms:us-east-1:123456789012:key/k"));
    ck_assert(cell_is(&f, C_KEY_ID, 2, "just-an-id"));
    tear_down(&f);
}
END_TEST

START_TEST(json_in_a_string_is_read)
{
    fixture f;
    set_up(&f);
    read_ok(
        &f, "get-key-policy.json",
        "{\"k\": {\"Policy\": \"{\\\"Ids\\\": \\\"one\\\", \\\"C\\\": {\\\"Like\\\": {\\\"x\\\": "
        "[\\\"1\\\", \\\"2\\\"], \\\"y\\\": \\\"3\\\"}}}\"}, \"bad\": {\"Policy\": \"{oops\"}}");
    ck_assert(list_size(&f, L_IDS, 0) == 1 && cell_is(&f, C_ID_VALUE, 0, "one"));
    ck_assert_uint_eq(list_size(&f, L_PAIRS, 0), 2);
    ck_assert(cell_is(&f, C_OP, 1, "Like") && cell_is(&f, C_KEY, 1, "y"));
    ck_assert(list_size(&f, L_PAIR_VALUES, 0) == 2 && list_size(&f, L_PAIR_VALUES, 1) == 1);
    ck_assert((f.facts->columns[C_DOC].known[0] & 3u) == 1);
    tear_down(&f);
}
END_TEST

START_TEST(errors_are_recorded)
{
    fixture f;
    set_up(&f);
    read_ok(&f, "describe-db-instances.json",
            "{\"Error\": {\"Code\": \"AccessDenied\", \"Message\": \"no\"}}");
    read_ok(&f, "get-key-policy/k.error.json",
            "{\"Code\": \"ThrottlingException\", \"Message\": \"\"}");
    ck_assert_uint_eq(f.facts->answer_count, 2);
    ck_assert_int_eq(f.facts->answer[0].why.reason, RDSPOL_REASON_ACCESS_DENIED);
    ck_assert_int_eq(f.facts->answer[1].why.reason, RDSPOL_REASON_THROTTLED);
    ck_assert(f.facts->answer[1].argument != RP_NONE);
    tear_down(&f);
}
END_TEST

static const struct {
    const char *name, *text, *message, *path;
} refused[] = {
    {"x.json", "", "x.json: holds no JSON (a call that failed?)", ""},
    {"x.json", "[]", "x.json: not an object: --query must keep the member at the top", ""},
    {"x.json", "{\"Foo\": 1}",
     "x.json: no kind of input that is known: expected a member such as DBInstances at the top",
     ""},
    {"x.json", "{\"Parameters\": []}",
     "x.json: `Parameters` may be of DescribeDBParameters or DescribeDBClusterParameters: name the "
     "file after the operation",
     ""},
    {"db-parameters.x.json", "{\"format_version\": \"1.2\"}",
     "db-parameters.x.json: a Terraform plan or state, which is not read here", ""},
    {"get-key-policy.json", "{\"Policy\": \"{}\"}",
     "get-key-policy.json: this answer of kms:GetKeyPolicy does not say its KeyId: name the file "
     "after it",
     ""},
    {"x.json", "{\"DBInstances\": [{\"On\": \"yes\"}]}",
     "x.json: expected true or false, found a string", "DBInstances[0].On"},
    {"x.json", "{\"DBInstances\": [{}, {\"Endpoint\": {\"Port\": 99999999999999999999}}]}",
     "x.json: a number that is not whole or does not fit 64 bits", "DBInstances[1].Endpoint.Port"},
    {"x.json", "{\"DBInstances\": [{\"On\": true, \"On\": true}]}",
     "x.json: a member that was there before", "DBInstances[0].On"},
    {"x.json", "{\"DBInstances\": [{\"TagList\": {}}]}", "x.json: expected a list, found an object",
     "DBInstances[0].TagList"},
    {"x.json", "{\"DBInstances\": [{\"On\": true}",
     "x.json: expected `,` or `]`, found the end of the input", "DBInstances[0]"},
    {"x.json", "{\"Results\": [\"{}\"]}",
     "x.json: the answer of an AWS Config query, which is not read here", ""},
};

START_TEST(what_cannot_be_read_is_refused)
{
    static const size_t sizes[] = {1, 7, SIZE_MAX};
    for (size_t i = 0; i < 3; i++) {
        fixture f;
        set_up(&f);
        ck_assert_int_eq(read_pieces(&f, refused[_i].name, refused[_i].text, sizes[i]),
                         RDSPOL_INPUT);
        ck_assert_str_eq(f.error.message, refused[_i].message);
        if (refused[_i].path[0] != 0) {
            ck_assert_str_eq(f.error.path, refused[_i].path);
        }
        tear_down(&f);
    }
}
END_TEST

START_TEST(folders_name_account_and_region)
{
    fixture f;
    set_up(&f);
    read_ok(&f, "a/123456789012/eu-west-3/db-instances.json",
            "{\"DBInstances\": []} {\"DBInstances\": []}");
    ck_assert_uint_eq(f.facts->pair_count, 1);
    ck_assert(
        rp_str_equal(rp_strtab_get(&f.facts->texts, f.facts->pair[0].region), RP_STR("eu-west-3")));
    ck_assert_uint_eq(f.facts->answer_count, 1);
    tear_down(&f);
}
END_TEST

static void add_tests(TCase *t)
{
    tcase_add_loop_test(t, bad_json_is_refused_at_its_byte, 0,
                        (int)(sizeof bad_texts / sizeof bad_texts[0]));
    tcase_add_loop_test(t, good_json_is_read, 0, (int)(sizeof good_texts / sizeof good_texts[0]));
    tcase_add_test(t, escapes_become_text);
    tcase_add_test(t, depth_has_a_limit);
    tcase_add_test(t, strings_longer_than_the_window_are_read);
    tcase_add_test(t, errors_say_the_path);
    tcase_add_test(t, a_held_value_is_read_again);
    tcase_add_loop_test(t, a_listing_becomes_rows, 0, 3);
    tcase_add_test(t, a_cut_answer_to_one_call_cuts_the_lists_of_its_row);
    tcase_add_test(t, several_paths_of_a_list_come_in_their_order);
    tcase_add_test(t, an_element_is_found_by_its_name);
    tcase_add_loop_test(t, the_question_is_told_in_five_ways, 0, 5);
    tcase_add_test(t, names_of_arns_are_decoded);
    tcase_add_test(t, json_in_a_string_is_read);
    tcase_add_test(t, errors_are_recorded);
    tcase_add_loop_test(t, what_cannot_be_read_is_refused, 0,
                        (int)(sizeof refused / sizeof refused[0]));
    tcase_add_test(t, folders_name_account_and_region);
}

int main(void)
{
    return run_suite("json", 60, add_tests);
}
