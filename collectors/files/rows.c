// Values, lists, records and rows. One function for each kind of reader of the scheme.
//
// Positions of touched bits are indices into a stack, not pointers: the stack moves when it grows.
#include "collectors/files/rows.h"

#include "vm/base/bits.h"
#include "vm/base/text.h"

enum { FEW_TEXTS = 100 };

typedef struct row {
    uint32_t table, id;
    size_t touched; // index into the bits: fields that were set
    size_t asked;   // fields whose list of FIND was there
} row;

static bool read_value(rp_reading *r, const rp_node *node, const row *at);

void rp_reading_init(rp_reading *r, rp_alloc alloc, const rp_scheme *scheme, rp_facts *facts)
{
    memset(r, 0, sizeof *r);
    r->alloc = rp_alloc_or_libc(alloc);
    r->scheme = scheme;
    r->facts = facts;
    rp_repeats_init(&r->repeats, r->alloc);
    rp_arena_init(&r->seen_arena, r->alloc);
    r->first = RP_NEW_ARRAY(&r->seen_arena, rp_seen *, (size_t)scheme->node_count * RP_NEXT);
}

void rp_reading_begin(rp_reading *r, rp_json *json)
{
    r->json = json;
    r->file = RP_NONE;
    r->bit_words = r->late_count = 0;
}

void rp_reading_clear(rp_reading *r)
{
    rp_repeats_clear(&r->repeats);
    rp_arena_clear(&r->seen_arena);
    rp_alloc_free(r->alloc, r->bits, r->bit_capacity * sizeof *r->bits);
    rp_alloc_free(r->alloc, r->late, r->late_capacity * sizeof *r->late);
}

static bool no_memory(rp_reading *r)
{
    return rp_json_fail(r->json, RDSPOL_NO_MEMORY, "out of memory");
}

// ---- Touched fields ----------------------------------------------------------------------------

static bool grow_bits(rp_reading *r, size_t words)
{
    size_t fresh = (r->bit_words + words) * 2 + 64;
    uint64_t *bits =
        rp_alloc_resize(r->alloc, r->bits, r->bit_capacity * sizeof *bits, fresh * sizeof *bits);
    if (bits == NULL) {
        return no_memory(r);
    }
    r->bits = bits;
    r->bit_capacity = fresh;
    return true;
}

// Room for `words` zero words on the stack; their index.
static inline bool push_bits(rp_reading *r, size_t words, size_t *at)
{
    if (r->bit_words + words > r->bit_capacity && !grow_bits(r, words)) {
        return false;
    }
    *at = r->bit_words;
    for (r->bit_words += words; words > 0; words--) {
        r->bits[r->bit_words - words] = 0;
    }
    return true;
}

static uint32_t column_bit(const rp_reading *r, const row *at, uint32_t column)
{
    return column - r->scheme->bundle->tables[at->table].first_column;
}

static uint32_t list_bit(const rp_reading *r, const row *at, uint32_t list)
{
    const rp_rec_table *t = &r->scheme->bundle->tables[at->table];
    return t->column_count + list - t->first_list;
}

static void touch_column(rp_reading *r, const row *at, uint32_t column)
{
    rp_bits_set(r->bits + at->touched, column_bit(r, at, column));
}

static void touch_list(rp_reading *r, const row *at, uint32_t list)
{
    rp_bits_set(r->bits + at->touched, list_bit(r, at, list));
}

static bool open_row(rp_reading *r, uint32_t table, row *out)
{
    const rp_rec_table *t = &r->scheme->bundle->tables[table];
    size_t words = ((size_t)t->column_count + t->list_count) / 64 + 1;
    out->table = table;
    out->id = rp_facts_row_add(r->facts, table);
    if (out->id == RP_NONE) {
        return no_memory(r);
    }
    if (!push_bits(r, 2 * words, &out->touched)) {
        return false;
    }
    out->asked = out->touched + words;
    return true;
}

static void close_row(rp_reading *r, const row *at)
{
    r->bit_words = at->touched;
}

// ---- Scalars -----------------------------------------------------------------------------------

static const char *kind_name(rp_json_kind kind)
{
    static const char *const names[] = {
        [RP_JSON_ERROR] = "nothing", [RP_JSON_END] = "nothing",     [RP_JSON_OBJECT] = "an object",
        [RP_JSON_ARRAY] = "a list",  [RP_JSON_STRING] = "a string", [RP_JSON_NUMBER] = "a number",
        [RP_JSON_TRUE] = "true",     [RP_JSON_FALSE] = "false",     [RP_JSON_NULL] = "null",
    };
    return names[kind];
}

static bool wrong_kind(rp_reading *r, uint64_t offset, const char *expected, rp_json_kind found)
{
    return rp_json_fail_at(r->json, offset, RDSPOL_INPUT, "expected %s, found %s", expected,
                           kind_name(found));
}

typedef struct scalar {
    rp_json_kind kind;
    rp_str text;
    uint64_t offset;
    bool lenient;
} scalar;

static bool set_int(rp_reading *r, const row *at, uint32_t column, const scalar *s)
{
    int64_t value;
    double number;
    if (rp_text_parse_int(s->text, &value)) {
        rp_facts_set_int(r->facts, column, at->id, value);
        return true;
    }
    bool whole = rp_text_parse_float(s->text, &number) && number > -9.2e18 && number < 9.2e18 &&
                 (double)(int64_t)number == number && memchr(s->text.ptr, '.', s->text.len) != NULL;
    if (whole) {
        rp_facts_set_int(r->facts, column, at->id, (int64_t)number);
        return true;
    }
    return rp_json_fail_at(r->json, s->offset, RDSPOL_INPUT,
                           "a number that is not whole or does not fit 64 bits");
}

static bool set_float(rp_reading *r, const row *at, uint32_t column, const scalar *s)
{
    double number;
    if (!rp_text_parse_float(s->text, &number)) {
        return rp_json_fail_at(r->json, s->offset, RDSPOL_INPUT, "a number that is too large");
    }
    rp_facts_set_float(r->facts, column, at->id, number);
    return true;
}

static const char *expected_kind(rp_kind kind)
{
    return kind == RP_KIND_BOOL                           ? "true or false"
           : kind == RP_KIND_INT || kind == RP_KIND_FLOAT ? "a number"
                                                          : "a string";
}

static bool fits(rp_kind kind, const scalar *s)
{
    switch (kind) {
    case RP_KIND_BOOL: return s->kind == RP_JSON_TRUE || s->kind == RP_JSON_FALSE;
    case RP_KIND_INT:
    case RP_KIND_FLOAT: return s->kind == RP_JSON_NUMBER;
    case RP_KIND_TIME: return s->kind == RP_JSON_STRING || s->kind == RP_JSON_NUMBER;
    default: return s->kind == RP_JSON_STRING;
    }
}

static uint64_t last_bytes(rp_str text)
{
    uint64_t word = 0;
    if (text.len >= 8) {
        memcpy(&word, text.ptr + text.len - 8, 8);
        return word;
    }
    for (size_t i = 0; i < text.len; i++) {
        word = word << 8 | (unsigned char)text.ptr[i];
    }
    return word;
}

// Notes a text that was there before: one that is new mostly never comes again.
static void note_recent(rp_recent *recent, rp_str text, uint32_t id, uint32_t known)
{
    if (id < known && text.len <= sizeof recent->text) {
        recent->id = id;
        recent->size = (uint32_t)text.len;
        memcpy(recent->text, text.ptr, text.len);
    }
}

// The place of a text in the small table, which is made when there is something to gain; or NULL.
static rp_recent *recent_of(rp_reading *r, rp_str text)
{
    if (r->recent == NULL && ++r->text_count > FEW_TEXTS && r->first != NULL) {
        r->recent = RP_NEW_ARRAY(&r->seen_arena, rp_recent, RP_RECENT);
    }
    uint64_t hash = (last_bytes(text) ^ text.len) * UINT64_C(0x9e3779b97f4a7c15);
    return r->recent == NULL || text.len == 0 ? NULL : &r->recent[hash >> 54];
}

// The id of a text. Answers repeat the same texts over and over; a small table in front of the
// large one finds them without going to memory that is far away.
static uint32_t text_id(rp_reading *r, rp_str text)
{
    rp_recent *recent = recent_of(r, text);
    if (recent == NULL) {
        return rp_facts_text(r->facts, text);
    }
    if (recent->size == text.len && memcmp(recent->text, text.ptr, text.len) == 0) {
        return recent->id;
    }
    uint32_t known = r->facts->texts.count, id = rp_facts_text(r->facts, text);
    note_recent(recent, text, id, known);
    return id;
}

static void put_text(rp_reading *r, const row *at, const rp_cell *cell, uint32_t id)
{
    rp_bits_set(r->bits + at->touched, cell->bit);
    rp_facts_put_row(r->facts, cell->column, at->id, id);
}

// One text, for several cells.
static void set_plain(rp_reading *r, const row *at, const rp_cell *cells, rp_str text)
{
    uint32_t id = text_id(r, text);
    for (const rp_cell *c = cells; c != NULL; c = c->next) {
        put_text(r, at, c, id);
    }
}

static void set_bool(rp_reading *r, const row *at, const rp_cell *cell, bool value)
{
    rp_bits_set(r->bits + at->touched, cell->bit);
    rp_facts_set_bool(r->facts, cell->column, at->id, value);
}

static bool set_cell(rp_reading *r, const row *at, const rp_cell *cell, const scalar *s)
{
    // IAM writes true and 5 also without quotes where a list of texts is due.
    bool as_text = s->lenient && cell->kind == RP_KIND_STRING && cell->element;
    if (!fits(cell->kind, s) && !as_text) {
        return s->lenient || wrong_kind(r, s->offset, expected_kind(cell->kind), s->kind);
    }
    if (cell->plain) {
        put_text(r, at, cell, text_id(r, s->text));
        return true;
    }
    if (cell->kind == RP_KIND_BOOL) {
        set_bool(r, at, cell, s->kind == RP_JSON_TRUE);
        return true;
    }
    rp_bits_set(r->bits + at->touched, cell->bit);
    if (cell->kind == RP_KIND_INT) {
        return set_int(r, at, cell->column, s);
    }
    if (cell->kind == RP_KIND_FLOAT) {
        return set_float(r, at, cell->column, s);
    }
    if (!rp_facts_set_text(r->facts, cell->column, at->id, s->text)) {
        return rp_json_fail_at(r->json, s->offset, RDSPOL_INPUT, "a value that does not parse");
    }
    return true;
}

static bool set_cells(rp_reading *r, const rp_node *node, const row *at, const scalar *s)
{
    for (const rp_cell *c = node->cells; c != NULL; c = c->next) {
        if (!set_cell(r, at, c, s)) {
            return false;
        }
    }
    return true;
}

static bool take_scalar(rp_reading *r, rp_json_kind kind, scalar *out)
{
    out->kind = kind;
    out->offset = rp_json_offset(r->json);
    if (kind == RP_JSON_STRING) {
        return rp_json_string(r->json, &out->text);
    }
    if (kind == RP_JSON_NUMBER) {
        return rp_json_number(r->json, &out->text);
    }
    out->text = rp_str_from(kind == RP_JSON_TRUE ? "true" : "false");
    return rp_json_word(r->json);
}

// ---- Rows of lists and records -----------------------------------------------------------------

// In a JSON text a list that is missing is empty.
static void empty_lists(rp_reading *r, const row *at)
{
    const rp_rec_table *t = &r->scheme->bundle->tables[at->table];
    for (uint32_t l = t->first_list; l < t->first_list + t->list_count; l++) {
        if (!rp_bits_get(r->bits + at->touched, list_bit(r, at, l))) {
            rp_facts_set_list(r->facts, l, at->id, 0, 0, true);
            touch_list(r, at, l);
        }
    }
}

// At the end of a row: the bits of what was touched become those of what is to be filled.
static void fill_untouched(rp_reading *r, const row *at, const uint64_t *fillable, rp_fill mode)
{
    uint64_t *bits = r->bits + at->touched;
    for (size_t w = 0; w < at->asked - at->touched; w++) {
        bits[w] = fillable[w] & ~bits[w];
    }
    rp_facts_fill(r->facts, at->table, at->id, bits, mode);
}

static void fill_row(rp_reading *r, const row *at, bool lenient)
{
    if (r->scheme->bundle->tables[at->table].kind != RP_TABLE_RECORD) {
        return;
    }
    if (lenient) {
        empty_lists(r, at);
    }
    fill_untouched(r, at, r->scheme->fillable[at->table], RP_FILL_ANSWER);
}

static bool run_list(rp_reading *r, const rp_reader *reader, const row *at);

static bool late_before(const rp_late *a, const rp_late *b)
{
    return a->reader->field != b->reader->field ? a->reader->field < b->reader->field
                                                : a->reader->order < b->reader->order;
}

static void sort_late(rp_late *late, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        rp_late one = late[i];
        size_t k = i;
        for (; k > 0 && late_before(&one, &late[k - 1]); k--) {
            late[k] = late[k - 1];
        }
        late[k] = one;
    }
}

static bool add_elements(rp_reading *r, const rp_reader *reader, const row *at, bool *complete);

static bool late_is_complete(const rp_reading *r, uint32_t list, uint32_t seen)
{
    const rp_rec_list *l = &r->scheme->bundle->lists[list];
    return seen == l->path_count || (l->flags & RP_LIST_EMPTY) != 0;
}

// The lists that have several paths, each in the order of its paths, from what is still held.
static bool read_late(rp_reading *r, size_t first, const row *at)
{
    rp_json *j = r->json;
    rp_json_hold end = {rp_json_offset(j), false, j->fresh, j->frame[j->depth].count};
    sort_late(r->late + first, r->late_count - first);
    for (size_t i = first; i < r->late_count;) {
        const rp_reader *reader = r->late[i].reader;
        uint32_t begin = rp_facts_row_count(r->facts, reader->table), seen = 0;
        bool complete = true;
        for (; i < r->late_count && r->late[i].reader->field == reader->field; i++, seen++) {
            rp_json_hold hold = end;
            hold.offset = r->late[i].offset;
            rp_json_rewind(j, &hold);
            if (!add_elements(r, r->late[i].reader, at, &complete)) {
                return false;
            }
        }
        rp_facts_set_list(r->facts, reader->field, at->id, begin,
                          rp_facts_row_count(r->facts, reader->table),
                          complete && late_is_complete(r, reader->field, seen));
        touch_list(r, at, reader->field);
    }
    rp_json_rewind(j, &end);
    return true;
}

// The next value, for the fields of a row.
static bool read_row(rp_reading *r, const rp_node *node, const row *at)
{
    if (!node->lists) {
        return read_value(r, node, at);
    }
    rp_json_hold hold = rp_json_keep(r->json);
    size_t first = r->late_count;
    bool ok = read_value(r, node, at) && read_late(r, first, at);
    r->late_count = first;
    rp_json_release(r->json, &hold);
    return ok;
}

static bool add_late(rp_reading *r, const rp_reader *reader)
{
    if (r->late_count == r->late_capacity) {
        size_t fresh = r->late_capacity * 2 + 16;
        rp_late *late = rp_alloc_resize(r->alloc, r->late, r->late_capacity * sizeof *late,
                                        fresh * sizeof *late);
        if (late == NULL) {
            return no_memory(r);
        }
        r->late = late;
        r->late_capacity = fresh;
    }
    r->late[r->late_count].offset = rp_json_offset(r->json);
    r->late[r->late_count++].reader = reader;
    return rp_json_skip(r->json);
}

// The next value as a row of the reader's table.
static bool add_row(rp_reading *r, const rp_reader *reader, uint32_t *id)
{
    row inner;
    rp_sight sight;
    if (rp_repeats_take(&r->repeats, r->json, reader, r->facts, &sight, id)) {
        return *id != RP_NONE || no_memory(r);
    }
    if (!open_row(r, reader->table, &inner)) {
        return false;
    }
    bool ok = read_row(r, reader->node, &inner);
    if (ok) {
        fill_row(r, &inner, reader->node->lenient);
        rp_repeats_note(&r->repeats, r->json, reader, r->facts, &sight);
        *id = inner.id;
    }
    close_row(r, &inner);
    return ok;
}

// A text as a row with one cell. False if the next value is none; then nothing was consumed.
static inline bool add_text(rp_reading *r, const rp_reader *reader)
{
    rp_str text;
    const rp_cell *cell = reader->node->cells;
    if (reader->node->simple != RP_SIMPLE_TEXTS || cell->next != NULL || !cell->element ||
        !rp_json_quick_string(r->json, &text)) {
        return false;
    }
    uint32_t id = rp_facts_row_add(r->facts, reader->table);
    rp_facts_put_row(r->facts, cell->column, id, text_id(r, text));
    return true;
}

static bool add_element(rp_reading *r, const rp_reader *reader)
{
    uint32_t id;
    return add_text(r, reader) || add_row(r, reader, &id);
}

static bool add_flat(rp_reading *r, const rp_reader *reader, const row *at, bool *complete)
{
    uint32_t before = r->inner_lists;
    bool ok = read_value(r, reader->node, at);
    *complete = *complete && r->inner_lists != before;
    return ok;
}

static bool add_elements(rp_reading *r, const rp_reader *reader, const row *at, bool *complete)
{
    if (rp_json_peek(r->json) != RP_JSON_ARRAY) {
        return rp_json_peek(r->json) == RP_JSON_NULL ? rp_json_word(r->json)
                                                     : add_element(r, reader);
    }
    if (!rp_json_enter(r->json)) {
        return false;
    }
    while (rp_json_element(r->json)) {
        if (!(reader->flat ? add_flat(r, reader, at, complete) : add_element(r, reader))) {
            return false;
        }
    }
    return !rp_json_failed(r->json);
}

static bool run_list(rp_reading *r, const rp_reader *reader, const row *at)
{
    bool complete = true;
    rp_sight sight;
    uint32_t begin;
    if (reader->nested) {
        r->inner_lists++;
        return add_elements(r, reader, at, &complete);
    }
    if (reader->flat || !rp_repeats_take(&r->repeats, r->json, reader, r->facts, &sight, &begin)) {
        begin = rp_facts_row_count(r->facts, reader->table);
        if (!add_elements(r, reader, at, &complete)) {
            return false;
        }
        if (!reader->flat) {
            rp_repeats_note(&r->repeats, r->json, reader, r->facts, &sight);
        }
    }
    rp_facts_set_list(r->facts, reader->field, at->id, begin,
                      rp_facts_row_count(r->facts, reader->table), complete);
    touch_list(r, at, reader->field);
    return true;
}

static bool run_record(rp_reading *r, const rp_reader *reader, const row *at)
{
    uint32_t id;
    if (!add_row(r, reader, &id)) {
        return false;
    }
    rp_facts_set_row(r->facts, reader->field, at->id, id);
    touch_column(r, at, reader->field);
    return true;
}

// ---- Objects whose names are data --------------------------------------------------------------

static bool set_name(rp_reading *r, const row *at, uint32_t column, rp_str name, bool lower)
{
    if (column == RP_NONE) {
        return true;
    }
    char small[256];
    if (lower && name.len <= sizeof small) {
        (void)rp_text_lower(name, small);
        name = rp_str_make(small, name.len);
    }
    touch_column(r, at, column);
    return rp_facts_set_text(r->facts, column, at->id, name) ||
           rp_json_fail(r->json, RDSPOL_INPUT, "a name that does not parse");
}

// Whether a name of an object is new; an error if it is not.
static bool is_new_name(rp_reading *r, rp_map *names, rp_str name)
{
    uint32_t id = rp_facts_text(r->facts, name);
    uint32_t *at = id == RP_NONE ? NULL : rp_map_add(names, id, 0);
    if (at == NULL) {
        return no_memory(r);
    }
    if (*at != RP_MAP_NONE) {
        return rp_json_fail(r->json, RDSPOL_INPUT, "a member that was there before");
    }
    *at = 1;
    return true;
}

static bool add_entry(rp_reading *r, const rp_reader *reader, rp_str outer, rp_str name)
{
    row inner;
    if (!open_row(r, reader->table, &inner)) {
        return false;
    }
    bool pairs = reader->kind == RP_READ_PAIRS;
    bool ok = set_name(r, &inner, reader->key, pairs ? outer : name, reader->lower) &&
              (!pairs || set_name(r, &inner, reader->inner, name, false)) &&
              read_row(r, reader->node, &inner);
    if (ok) {
        fill_row(r, &inner, reader->node->lenient);
    }
    close_row(r, &inner);
    return ok;
}

static bool add_entries(rp_reading *r, const rp_reader *reader, rp_str outer)
{
    rp_map names;
    rp_str name;
    rp_map_init(&names, r->alloc);
    bool ok = rp_json_enter(r->json);
    while (ok && rp_json_member(r->json, &name)) {
        ok = is_new_name(r, &names, name) && add_entry(r, reader, outer, name);
    }
    rp_map_free(&names);
    return ok && !rp_json_failed(r->json);
}

static bool add_pairs(rp_reading *r, const rp_reader *reader)
{
    rp_map names;
    rp_str name;
    rp_map_init(&names, r->alloc);
    bool ok = rp_json_enter(r->json);
    while (ok && rp_json_member(r->json, &name)) {
        uint32_t id = rp_facts_text(r->facts, name);
        ok = is_new_name(r, &names, name);
        if (ok && rp_json_peek(r->json) == RP_JSON_OBJECT) {
            ok = add_entries(r, reader, rp_strtab_get(&r->facts->texts, id));
        } else {
            ok = ok && rp_json_skip(r->json);
        }
    }
    rp_map_free(&names);
    return ok && !rp_json_failed(r->json);
}

static bool run_names(rp_reading *r, const rp_reader *reader, const row *at)
{
    uint32_t begin = rp_facts_row_count(r->facts, reader->table);
    bool ok = reader->kind == RP_READ_PAIRS ? add_pairs(r, reader)
                                            : add_entries(r, reader, rp_str_make("", 0));
    if (ok) {
        rp_facts_set_list(r->facts, reader->field, at->id, begin,
                          rp_facts_row_count(r->facts, reader->table), true);
        touch_list(r, at, reader->field);
    }
    return ok;
}

// ---- One element of a list ---------------------------------------------------------------------

static bool run_first(rp_reading *r, const rp_reader *reader, const row *at)
{
    bool first = true;
    if (!rp_json_enter(r->json)) {
        return false;
    }
    for (; rp_json_element(r->json); first = false) {
        if (!(first ? read_value(r, reader->node, at) : rp_json_skip(r->json))) {
            return false;
        }
    }
    return !rp_json_failed(r->json);
}

// Whether the next value is an object whose member `name` is the text `value`. Consumes it.
static bool is_named(rp_reading *r, const rp_reader *reader, bool *named)
{
    rp_str name, text;
    *named = false;
    if (rp_json_peek(r->json) != RP_JSON_OBJECT) {
        return rp_json_skip(r->json);
    }
    if (!rp_json_enter(r->json)) {
        return false;
    }
    while (rp_json_member(r->json, &name)) {
        bool match = rp_str_equal(name, reader->name);
        if (match && rp_json_peek(r->json) == RP_JSON_STRING) {
            if (!rp_json_string(r->json, &text)) {
                return false;
            }
            *named = rp_str_equal(text, reader->value);
        } else if (!rp_json_skip(r->json)) {
            return false;
        }
    }
    return !rp_json_failed(r->json);
}

// There is no such element: its lists are empty, its other fields are missing, not unread.
static void nothing_found(rp_reading *r, const rp_node *node, const row *at)
{
    for (const rp_cell *c = node->cells; c != NULL; c = c->next) {
        rp_bits_set(r->bits + at->asked, column_bit(r, at, c->column));
    }
    for (const rp_reader *in = node->readers; in != NULL; in = in->next) {
        if (in->kind == RP_READ_RECORD) {
            rp_bits_set(r->bits + at->asked, column_bit(r, at, in->field));
        } else if (in->field != RP_NONE) {
            rp_facts_set_list(r->facts, in->field, at->id, 0, 0, true);
            touch_list(r, at, in->field);
        }
    }
    for (const rp_child *c = node->children; c != NULL; c = c->next) {
        nothing_found(r, c->node, at);
    }
}

static bool run_find(rp_reading *r, const rp_reader *reader, const row *at)
{
    bool found = false, named, ok = rp_json_enter(r->json);
    while (ok && rp_json_element(r->json)) {
        rp_json_hold hold = rp_json_keep(r->json);
        ok = is_named(r, reader, &named);
        if (ok && named && !found) {
            found = true;
            rp_json_rewind(r->json, &hold);
            ok = read_value(r, reader->node, at);
        }
        rp_json_release(r->json, &hold);
    }
    if (ok && !found) {
        nothing_found(r, reader->node, at);
    }
    return ok && !rp_json_failed(r->json);
}

// ---- JSON inside a string ----------------------------------------------------------------------

static void all_unknown(rp_reading *r, const rp_node *node, const row *at)
{
    for (const rp_cell *c = node->cells; c != NULL; c = c->next) {
        rp_facts_set_unknown(r->facts, c->column, at->id, RDSPOL_REASON_UNPARSABLE, RP_NONE);
        touch_column(r, at, c->column);
    }
    for (const rp_reader *in = node->readers; in != NULL; in = in->next) {
        if (in->kind == RP_READ_RECORD) {
            rp_facts_set_unknown(r->facts, in->field, at->id, RDSPOL_REASON_UNPARSABLE, RP_NONE);
            touch_column(r, at, in->field);
        } else if (in->field != RP_NONE) {
            rp_facts_set_list(r->facts, in->field, at->id, 0, 0, false);
            rp_facts_list_unknown(r->facts, in->field, at->id, RDSPOL_REASON_UNPARSABLE, RP_NONE);
            touch_list(r, at, in->field);
        }
    }
}

static bool read_inner(rp_reading *r, rp_json *inner, const rp_node *node, const row *at)
{
    rp_json *outer = r->json;
    r->json = inner;
    bool ok = read_value(r, node, at) && rp_json_peek(inner) == RP_JSON_END;
    r->json = outer;
    if (ok) {
        return true;
    }
    if (inner->status == RDSPOL_NO_MEMORY) {
        return no_memory(r);
    }
    all_unknown(r, node, at);
    return true;
}

static bool run_text(rp_reading *r, const rp_reader *reader, const row *at, rp_str text)
{
    size_t size = text.len + 2 * (size_t)RP_JSON_PAD;
    char *bytes = rp_alloc_get(r->alloc, size);
    rp_json *inner = rp_alloc_get(r->alloc, sizeof *inner);
    bool ok = bytes != NULL && inner != NULL;
    if (ok) {
        memset(bytes, 0, size);
        memcpy(bytes + RP_JSON_PAD, text.ptr, text.len);
        rp_json_open_text(inner, r->alloc, &r->json->limits,
                          rp_str_make(bytes + RP_JSON_PAD, text.len));
        ok = read_inner(r, inner, reader->node, at);
        rp_json_free(inner);
    } else {
        ok = no_memory(r);
    }
    rp_alloc_free(r->alloc, inner, sizeof *inner);
    rp_alloc_free(r->alloc, bytes, size);
    return ok;
}

// ---- Any value ---------------------------------------------------------------------------------

// Looks at the next member, and remembers it as the likeliest to come here again.
static bool meet_member(rp_reading *r, const rp_node *node, rp_seen ***from, const rp_child **child)
{
    rp_str name;
    uint64_t offset = rp_json_offset(r->json);
    if (!rp_json_member(r->json, &name)) {
        return false;
    }
    *child = rp_node_find(node, name);
    rp_seen *seen =
        *from == NULL || r->seen_count == RP_MAX_SEEN ? NULL : RP_NEW(&r->seen_arena, rp_seen);
    if (seen == NULL) {
        *from = NULL;
        return true;
    }
    rp_json_learn(r->json, offset, &seen->guess);
    if (seen->guess.size != 0) {
        r->seen_count++;
        seen->child = *child;
        memmove(*from + 1, *from, (RP_NEXT - 1) * sizeof **from);
        **from = seen;
        *from = seen->next;
    } else {
        *from = NULL;
    }
    return true;
}

// The next member of an object; `*from`: what may come, by what came before, or NULL.
static inline bool next_member(rp_reading *r, const rp_node *node, rp_seen ***from,
                               const rp_child **child)
{
    for (size_t i = 0; *from != NULL && i < RP_NEXT && (*from)[i] != NULL; i++) {
        rp_seen *seen = (*from)[i];
        if (rp_json_follows(r->json, &seen->guess)) {
            *child = seen->child;
            *from = seen->next;
            return true;
        }
    }
    return !rp_json_quick_end(r->json, '}') && meet_member(r, node, from, child);
}

// The usual value of a member, in a few steps. False if it is another one; then nothing was consumed.
static inline bool read_quickly(rp_reading *r, const rp_node *node, const row *at)
{
    rp_str text;
    bool yes;
    int64_t number;
    switch (node->simple) {
    case RP_SIMPLE_NOT: return false;
    case RP_SIMPLE_NOTHING: return rp_json_quick_skip(r->json);
    case RP_SIMPLE_TEXTS:
        if (!rp_json_quick_string(r->json, &text)) {
            return false;
        }
        set_plain(r, at, node->cells, text);
        return true;
    case RP_SIMPLE_BOOL:
        if (!rp_json_quick_bool(r->json, &yes)) {
            return false;
        }
        set_bool(r, at, node->cells, yes);
        return true;
    case RP_SIMPLE_INT:
        if (!rp_json_quick_int(r->json, &number)) {
            return false;
        }
        rp_bits_set(r->bits + at->touched, node->cells->bit);
        rp_facts_set_int(r->facts, node->cells->column, at->id, number);
        return true;
    }
    return false;
}

// The members of an object; which were seen is a bit for each child.
static bool read_members(rp_reading *r, const rp_node *node, const row *at)
{
    rp_json *j = r->json;
    const rp_child *child;
    size_t seen;
    if (!rp_json_enter(j) || !push_bits(r, node->child_count / 64 + 1, &seen)) {
        return false;
    }
    rp_seen **from = r->first == NULL ? NULL : r->first + (size_t)node->id * RP_NEXT;
    while (next_member(r, node, &from, &child)) {
        if (child == NULL) {
            if (!rp_json_quick_skip(j) && !rp_json_skip(j)) {
                return false;
            }
            continue;
        }
        if (rp_bits_get(r->bits + seen, child->index)) {
            return rp_json_fail(j, RDSPOL_INPUT, "a member that was there before");
        }
        rp_bits_set(r->bits + seen, child->index);
        if (!read_quickly(r, child->node, at) && !read_value(r, child->node, at)) {
            return false;
        }
    }
    r->bit_words = seen;
    return !rp_json_failed(j);
}

static bool run_reader(rp_reading *r, const rp_reader *reader, const row *at)
{
    switch (reader->kind) {
    case RP_READ_MEMBERS: return read_members(r, reader->node, at);
    case RP_READ_RECORD: return run_record(r, reader, at);
    case RP_READ_LIST: return reader->several ? add_late(r, reader) : run_list(r, reader, at);
    case RP_READ_MAP:
    case RP_READ_PAIRS: return run_names(r, reader, at);
    case RP_READ_FIRST: return run_first(r, reader, at);
    case RP_READ_FIND: return run_find(r, reader, at);
    case RP_READ_TEXT: break;
    }
    return rp_json_skip(r->json);
}

static bool reads(const rp_reader *reader, rp_json_kind kind, bool lenient)
{
    switch (reader->kind) {
    case RP_READ_MEMBERS:
    case RP_READ_RECORD:
    case RP_READ_MAP:
    case RP_READ_PAIRS: return kind == RP_JSON_OBJECT;
    case RP_READ_LIST: return kind == RP_JSON_ARRAY || (lenient && !reader->nested);
    case RP_READ_FIRST:
    case RP_READ_FIND: return kind == RP_JSON_ARRAY;
    case RP_READ_TEXT: return kind == RP_JSON_STRING;
    }
    return false;
}

static const char *expected_of(const rp_node *node)
{
    for (const rp_reader *in = node->readers; in != NULL; in = in->next) {
        return reads(in, RP_JSON_OBJECT, false)  ? "an object"
               : reads(in, RP_JSON_ARRAY, false) ? "a list"
                                                 : "a string";
    }
    return "another value";
}

static bool read_again(rp_reading *r, const rp_node *node, const row *at, rp_json_kind kind)
{
    rp_json_hold hold = rp_json_keep(r->json);
    bool ok = true, first = true;
    for (const rp_reader *in = node->readers; ok && in != NULL; in = in->next) {
        if (reads(in, kind, node->lenient)) {
            if (!first) {
                rp_json_rewind(r->json, &hold);
            }
            first = false;
            ok = run_reader(r, in, at);
        }
    }
    rp_json_release(r->json, &hold);
    return ok;
}

static bool read_inside(rp_reading *r, const rp_node *node, const row *at, rp_json_kind kind)
{
    const rp_reader *one = NULL;
    unsigned count = 0;
    for (const rp_reader *in = node->readers; in != NULL; in = in->next) {
        if (reads(in, kind, node->lenient)) {
            one = in;
            count++;
        }
    }
    if (!node->lenient && (node->cells != NULL || count == 0)) {
        const char *expected = node->cells == NULL ? expected_of(node) : "a single value";
        return wrong_kind(r, rp_json_offset(r->json), expected, kind);
    }
    if (count == 0) {
        return rp_json_skip(r->json);
    }
    return count == 1 ? run_reader(r, one, at) : read_again(r, node, at, kind);
}

// In a JSON text a single value is a list of one.
static bool add_single(rp_reading *r, const rp_reader *reader, const row *at, const scalar *s)
{
    row inner;
    uint32_t begin = rp_facts_row_count(r->facts, reader->table);
    if (!open_row(r, reader->table, &inner)) {
        return false;
    }
    bool ok = set_cells(r, reader->node, &inner, s);
    close_row(r, &inner);
    rp_facts_set_list(r->facts, reader->field, at->id, begin, begin + 1, true);
    touch_list(r, at, reader->field);
    return ok;
}

static bool read_scalar(rp_reading *r, const rp_node *node, const row *at, rp_json_kind kind)
{
    scalar s = {kind, {NULL, 0}, 0, node->lenient};
    const rp_reader *in = node->readers;
    if (!node->lenient && in != NULL && !(in->kind == RP_READ_TEXT && kind == RP_JSON_STRING)) {
        return wrong_kind(r, rp_json_offset(r->json), expected_of(node), kind);
    }
    if (!take_scalar(r, kind, &s) || !set_cells(r, node, at, &s)) {
        return false;
    }
    for (; in != NULL; in = in->next) {
        bool text = in->kind == RP_READ_TEXT && kind == RP_JSON_STRING;
        bool single = node->lenient && in->kind == RP_READ_LIST && in->node->cells != NULL;
        if ((text && !run_text(r, in, at, s.text)) || (single && !add_single(r, in, at, &s))) {
            return false;
        }
    }
    return true;
}

static bool read_value(rp_reading *r, const rp_node *node, const row *at)
{
    rp_json_kind kind = rp_json_peek(r->json);
    switch (kind) {
    case RP_JSON_OBJECT:
    case RP_JSON_ARRAY:
        return rp_node_is_empty(node) ? rp_json_skip(r->json) : read_inside(r, node, at, kind);
    case RP_JSON_STRING:
    case RP_JSON_NUMBER:
    case RP_JSON_TRUE:
    case RP_JSON_FALSE:
        return rp_node_is_empty(node) ? rp_json_skip(r->json) : read_scalar(r, node, at, kind);
    case RP_JSON_NULL: return rp_json_word(r->json);
    case RP_JSON_END:
        return rp_json_fail(r->json, RDSPOL_INPUT, "expected a value, found the end of the input");
    case RP_JSON_ERROR: break;
    }
    return false;
}

// ---- Resources ---------------------------------------------------------------------------------

// What was asked names the row where the answer does not. An ARN belongs to the column of ARNs,
// anything else to the key, whichever of the two the schema asks with: people do both.
static void set_argument(rp_reading *r, const row *at, uint32_t column, rp_str text)
{
    const rp_rec_table *t = &r->scheme->bundle->tables[at->table];
    bool arn = rp_str_starts(text, RP_STR("arn:"));
    bool for_arn = column == t->arn || column == t->unique;
    if (arn && column == t->key && t->arn != RP_NONE) {
        column = t->arn;
    } else if (!arn && for_arn && t->arn != RP_NONE && t->key != RP_NONE) {
        column = t->key;
    }
    if (!rp_bits_get(r->bits + at->touched, column_bit(r, at, column))) {
        touch_column(r, at, column);
        (void)rp_facts_set_text(r->facts, column, at->id, text);
    }
}

static void set_arguments(rp_reading *r, const rp_feed *feed, const row *at, const rp_asked *asked)
{
    for (const rp_argument *a = feed->arguments; a != NULL; a = a->next) {
        for (size_t i = 0; i < asked->count; i++) {
            if (rp_str_equal(asked->names[i], a->name)) {
                set_argument(r, at, a->column, asked->values[i]);
            }
        }
    }
}

// A list that was searched for an element and is missing altogether tells nothing.
static void set_unasked(rp_reading *r, const rp_feed *feed, const row *at)
{
    for (const rp_found *f = feed->found; f != NULL; f = f->next) {
        uint32_t bit = f->is_list ? list_bit(r, at, f->field) : column_bit(r, at, f->field);
        if (rp_bits_get(r->bits + at->touched, bit) || rp_bits_get(r->bits + at->asked, bit)) {
            continue;
        }
        rp_bits_set(r->bits + at->touched, bit);
        if (f->is_list) {
            rp_facts_list_unknown(r->facts, f->field, at->id, RDSPOL_REASON_NOT_IN_ANSWER, RP_NONE);
        } else {
            rp_facts_set_unknown(r->facts, f->field, at->id, RDSPOL_REASON_NOT_IN_ANSWER, RP_NONE);
        }
    }
}

static void finish(rp_reading *r, const rp_feed *feed, const rp_asked *asked, const row *at)
{
    bool cut =
        feed->arn != RP_NONE && !rp_bits_get(r->bits + at->touched, column_bit(r, at, feed->arn));
    set_arguments(r, feed, at, asked);
    set_unasked(r, feed, at);
    fill_untouched(r, at, feed->fillable, cut ? RP_FILL_QUERY_CUT : RP_FILL_ANSWER);
    const rp_rec_table *t = &r->scheme->bundle->tables[at->table];
    if ((t->flags & RP_TABLE_REGION) != 0 && t->key != RP_NONE && asked->region != RP_NONE) {
        rp_facts_set_row(r->facts, t->key, at->id, asked->region);
    }
    rp_facts_row_source(r->facts, at->table, at->id, feed->source);
    rp_facts_row_scope(r->facts, at->table, at->id, asked->account, asked->region);
}

bool rp_read_resource(rp_reading *r, const rp_feed *feed, const rp_asked *asked, uint32_t *row_id)
{
    row at;
    rp_place place = {r->file, 0, 0, 0, 0};
    *row_id = RP_NONE;
    rp_json_kind kind = rp_json_peek(r->json);
    if (kind != RP_JSON_OBJECT) {
        return !rp_json_failed(r->json) &&
               wrong_kind(r, rp_json_offset(r->json), "an object", kind);
    }
    rp_json_place(r->json, &place.line, &place.column);
    if (!open_row(r, feed->table, &at)) {
        return false;
    }
    bool ok = rp_node_is_empty(feed->node) ? rp_json_skip(r->json) : read_row(r, feed->node, &at);
    if (ok) {
        rp_json_place(r->json, &place.end_line, &place.end_column);
        finish(r, feed, asked, &at);
        rp_facts_row_place(r->facts, at.table, at.id, &place);
        *row_id = at.id;
    }
    close_row(r, &at);
    return ok;
}
