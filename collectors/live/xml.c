// XML to JSON with expat's events. Its functions are looked up by name, as those of libcurl are.
#include "collectors/live/xml.h"

#include "collectors/live/fail.h"
#include "collectors/live/quote.h"
#include "vm/base/text.h"

#include <dlfcn.h>
#include <expat.h>
#include <stdio.h>

enum { MAX_DEPTH = 128, MAX_TEXT = 16 << 20 };

#define EXPAT_FUNCTIONS(X)                                                                         \
    X(ParserCreate, XML_Parser, (const XML_Char *))                                                \
    X(ParserFree, void, (XML_Parser))                                                              \
    X(SetUserData, void, (XML_Parser, void *))                                                     \
    X(SetElementHandler, void, (XML_Parser, XML_StartElementHandler, XML_EndElementHandler))       \
    X(SetCharacterDataHandler, void, (XML_Parser, XML_CharacterDataHandler))                       \
    X(SetStartDoctypeDeclHandler, void, (XML_Parser, XML_StartDoctypeDeclHandler))                 \
    X(Parse, enum XML_Status, (XML_Parser, const char *, int, int))                                \
    X(StopParser, enum XML_Status, (XML_Parser, XML_Bool))                                         \
    X(GetErrorCode, enum XML_Error, (XML_Parser))                                                  \
    X(ErrorString, const XML_LChar *, (enum XML_Error))                                            \
    X(GetCurrentLineNumber, XML_Size, (XML_Parser))

struct rp_expat {
    rp_alloc alloc;
    void *library;
#define MEMBER(name, result, arguments) result(*name) arguments;
    EXPAT_FUNCTIONS(MEMBER)
#undef MEMBER
};

// An open element. SKIP: neither it nor what it holds is read.
typedef enum level_kind {
    LEVEL_SKIP,
    LEVEL_TOP,
    LEVEL_VALUE,
    LEVEL_ENTRY,
    LEVEL_KEY,
    LEVEL_ENTRY_VALUE
} level_kind;

typedef struct level {
    level_kind kind;
    const rp_wire_node *node;
    const rp_wire_node *last; // the member that was read last
    rp_wire_kind shape;       // of a value: its kind, where `node` is that of its list
    uint32_t count;           // of members written
} level;

typedef struct reading {
    const rp_expat *expat;
    XML_Parser parser;
    const rp_wire_node *members;
    rp_str wrapper;
    rp_buf *out;
    rp_buf text; // of the element that is open
    rp_xml_result *result;
    level levels[MAX_DEPTH];
    uint32_t depth;
    uint32_t error_depth; // of the Error element; 0 outside
    char *wanted;         // Code or Message of an error, being read
    size_t wanted_size;
} reading;

static bool find(void *library, const char *name, void *function, size_t size)
{
    void *symbol = dlsym(library, name);
    memcpy(function, &symbol, size);
    return symbol != NULL;
}

rp_expat *rp_expat_open(rp_alloc alloc)
{
    static const char *const names[] = {"libexpat.so.1", "libexpat.so", "libexpat.1.dylib"};
    rp_expat *e = rp_alloc_get_zero(alloc, sizeof *e);
    if (e == NULL) return NULL;
    e->alloc = alloc;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && e->library == NULL; i++) {
        e->library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    }
    bool found = e->library != NULL;
#define FIND(name, result, arguments)                                                              \
    found = found && find(e->library, "XML_" #name, &e->name, sizeof e->name);
    EXPAT_FUNCTIONS(FIND)
#undef FIND
    if (found) return e;
    rp_expat_close(e);
    return NULL;
}

void rp_expat_close(rp_expat *expat)
{
    if (expat == NULL) return;
    if (expat->library != NULL) (void)dlclose(expat->library);
    rp_alloc_free(expat->alloc, expat, sizeof *expat);
}

static void stop(reading *r, const char *problem)
{
    if (r->result->problem[0] == '\0') {
        (void)snprintf(r->result->problem, sizeof r->result->problem, "%s", problem);
    }
    (void)r->expat->StopParser(r->parser, XML_FALSE);
}

// ---- Writing -----------------------------------------------------------------------------------

static void separate(reading *r, level *parent)
{
    if (parent->count++ > 0) rp_buf_add_char(r->out, ',');
}

static void open_value(reading *r, rp_wire_kind shape)
{
    if (shape == RP_WIRE_OBJECT || shape == RP_WIRE_MAP) rp_buf_add_char(r->out, '{');
    if (shape == RP_WIRE_LIST) rp_buf_add_char(r->out, '[');
}

static rp_str trimmed(rp_str text)
{
    while (text.len > 0 && strchr(" \t\r\n", text.ptr[0]) != NULL)
        text = rp_str_from_offset(text, 1);
    while (text.len > 0 && strchr(" \t\r\n", text.ptr[text.len - 1]) != NULL) text.len--;
    return text;
}

static bool is_number(rp_str text)
{
    int64_t whole;
    double real;
    bool odd = text.len > 0 && text.ptr[0] == '+';
    return !odd && (rp_text_parse_int(text, &whole) || rp_text_parse_float(text, &real));
}

// A number or bool that is none is written as a text: who reads it will say what was expected.
static void write_scalar(reading *r, rp_wire_kind shape, rp_str text)
{
    rp_str plain = trimmed(text);
    bool truth = rp_str_equal(plain, RP_STR("true")) || rp_str_equal(plain, RP_STR("false"));
    bool bare = (shape == RP_WIRE_NUMBER && is_number(plain)) || (shape == RP_WIRE_BOOL && truth);
    if (shape != RP_WIRE_TEXT && plain.len == 0) {
        rp_buf_add_text(r->out, "null");
    } else if (bare) {
        rp_buf_add_str(r->out, plain);
    } else {
        rp_quote(r->out, shape == RP_WIRE_TEXT ? text : plain);
    }
}

static void close_value(reading *r, rp_wire_kind shape)
{
    if (shape == RP_WIRE_OBJECT || shape == RP_WIRE_MAP) {
        rp_buf_add_char(r->out, '}');
    } else if (shape == RP_WIRE_LIST) {
        rp_buf_add_char(r->out, ']');
    } else {
        write_scalar(r, shape, rp_buf_str(&r->text));
    }
}

// ---- Elements ----------------------------------------------------------------------------------

static void enter_member(reading *r, level *parent, level *fresh, rp_str name)
{
    const rp_wire_node *node = rp_wire_member(parent->node, parent->last, name);
    if (node == NULL) return;
    parent->last = node;
    separate(r, parent);
    rp_quote(r->out, node->name);
    rp_buf_add_char(r->out, ':');
    *fresh = (level){.kind = LEVEL_VALUE, .node = node, .shape = node->kind};
    open_value(r, node->kind);
}

// Whatever its name: a row must not be lost for that.
static void enter_item(reading *r, level *parent, level *fresh)
{
    const rp_wire_node *list = parent->node;
    separate(r, parent);
    rp_wire_kind shape = list->first != NULL ? RP_WIRE_OBJECT : RP_WIRE_TEXT;
    *fresh = (level){.kind = LEVEL_VALUE, .node = list, .shape = shape};
    open_value(r, shape);
}

static void enter_entry(reading *r, level *parent, level *fresh, rp_str name)
{
    if (parent->kind == LEVEL_VALUE) {
        if (!rp_str_equal(name, RP_STR("entry"))) return;
        separate(r, parent);
        fresh->kind = LEVEL_ENTRY;
    } else if (rp_str_equal(name, RP_STR("key")) && parent->count == 0) {
        fresh->kind = LEVEL_KEY;
        parent->count = 1;
    } else if (rp_str_equal(name, RP_STR("value")) && parent->count == 1) {
        fresh->kind = LEVEL_ENTRY_VALUE;
        parent->count = 2;
    } else {
        stop(r, "an entry of a map is a key and a value");
    }
}

static void enter_value(reading *r, level *parent, level *fresh, rp_str name)
{
    switch (parent->shape) {
    case RP_WIRE_OBJECT: enter_member(r, parent, fresh, name); break;
    case RP_WIRE_LIST: enter_item(r, parent, fresh); break;
    case RP_WIRE_MAP: enter_entry(r, parent, fresh, name); break;
    default: stop(r, "an element inside a text"); break;
    }
}

static void enter_top(reading *r, level *fresh, rp_str name)
{
    r->result->is_error =
        rp_str_equal(name, RP_STR("ErrorResponse")) || rp_str_equal(name, RP_STR("Response"));
    if (r->result->is_error) return;
    *fresh = (level){.kind = LEVEL_TOP, .node = r->members, .shape = RP_WIRE_OBJECT};
    if (r->wrapper.len == 0) {
        fresh->kind = LEVEL_VALUE;
        rp_buf_add_char(r->out, '{');
    }
}

static void enter_wrapper(reading *r, level *fresh, rp_str name)
{
    if (!rp_str_equal(name, r->wrapper)) return;
    *fresh = (level){.kind = LEVEL_VALUE, .node = r->members, .shape = RP_WIRE_OBJECT};
    rp_buf_add_char(r->out, '{');
}

// In an error document: Error, and in it Code and Message.
static void enter_error(reading *r, rp_str name)
{
    if (rp_str_equal(name, RP_STR("Error")) && r->error_depth == 0) r->error_depth = r->depth;
    bool inside = r->error_depth != 0 && r->depth == r->error_depth + 1;
    if (inside && rp_str_equal(name, RP_STR("Code"))) {
        r->wanted = r->result->code;
        r->wanted_size = sizeof r->result->code;
    } else if (inside && rp_str_equal(name, RP_STR("Message"))) {
        r->wanted = r->result->message;
        r->wanted_size = sizeof r->result->message;
    }
}

static void XMLCALL on_start(void *ctx, const XML_Char *element, const XML_Char **attributes)
{
    reading *r = ctx;
    rp_str name = rp_str_from(element);
    (void)attributes;
    if (r->depth + 1 >= MAX_DEPTH) {
        stop(r, "nested too deeply");
        return;
    }
    level *parent = &r->levels[r->depth], *fresh = &r->levels[++r->depth];
    *fresh = (level){.kind = LEVEL_SKIP};
    rp_buf_reset(&r->text);
    if (r->depth == 1) {
        enter_top(r, fresh, name);
    } else if (r->result->is_error) {
        enter_error(r, name);
    } else if (parent->kind == LEVEL_TOP) {
        enter_wrapper(r, fresh, name);
    } else if (parent->kind == LEVEL_VALUE) {
        enter_value(r, parent, fresh, name);
    } else if (parent->kind == LEVEL_ENTRY) {
        enter_entry(r, parent, fresh, name);
    }
}

static void leave_error(reading *r)
{
    if (r->wanted == NULL) return;
    rp_str text = trimmed(rp_buf_str(&r->text));
    text = rp_fail_cut(text, r->wanted_size - 1);
    if (text.len > 0) memcpy(r->wanted, text.ptr, text.len);
    r->wanted[text.len] = '\0';
    r->wanted = NULL;
}

static void XMLCALL on_end(void *ctx, const XML_Char *element)
{
    reading *r = ctx;
    level *l = &r->levels[r->depth];
    (void)element;
    leave_error(r);
    if (l->kind == LEVEL_VALUE) close_value(r, l->shape);
    if (l->kind == LEVEL_KEY) {
        rp_quote(r->out, rp_buf_str(&r->text));
        rp_buf_add_char(r->out, ':');
    }
    if (l->kind == LEVEL_ENTRY_VALUE) rp_quote(r->out, rp_buf_str(&r->text));
    if (l->kind == LEVEL_ENTRY && l->count != 2) stop(r, "an entry of a map is a key and a value");
    rp_buf_reset(&r->text);
    r->depth--;
}

// What ought to be elements, and is text, is of another type than we know.
static bool is_misplaced(const level *l, rp_str text)
{
    bool holds = l->shape == RP_WIRE_OBJECT || l->shape == RP_WIRE_LIST || l->shape == RP_WIRE_MAP;
    return l->kind == LEVEL_VALUE && holds && trimmed(text).len > 0;
}

static void XMLCALL on_text(void *ctx, const XML_Char *text, int size)
{
    reading *r = ctx;
    const level *l = &r->levels[r->depth];
    if (is_misplaced(l, rp_str_make(text, (size_t)size))) {
        stop(r, "a text where elements are expected");
        return;
    }
    bool read = l->kind != LEVEL_SKIP || r->wanted != NULL;
    if (read) rp_buf_add(&r->text, text, (size_t)size);
    if (r->text.failed) stop(r, r->text.too_large ? "a text that is too long" : "out of memory");
}

static void XMLCALL on_doctype(void *ctx, const XML_Char *name, const XML_Char *system,
                               const XML_Char *public, int has_subset)
{
    (void)name, (void)system, (void)public, (void)has_subset;
    stop(ctx, "a document type, which no answer has");
}

// ---- Documents ---------------------------------------------------------------------------------

static void explain(reading *r)
{
    const rp_expat *e = r->expat;
    if (r->result->problem[0] != '\0') return;
    (void)snprintf(r->result->problem, sizeof r->result->problem, "not XML: %s in line %lu",
                   e->ErrorString(e->GetErrorCode(r->parser)),
                   (unsigned long)e->GetCurrentLineNumber(r->parser));
}

// expat counts bytes as int.
static bool parse(reading *r, rp_str text)
{
    enum { STEP = 1 << 24 };
    enum XML_Status status = XML_STATUS_OK;
    do {
        size_t size = text.len < STEP ? text.len : STEP;
        bool last = size == text.len;
        status = r->expat->Parse(r->parser, text.ptr, (int)size, last);
        text = rp_str_from_offset(text, size);
    } while (status == XML_STATUS_OK && text.len > 0);
    if (status != XML_STATUS_OK) explain(r);
    return status == XML_STATUS_OK;
}

static bool parse_with(reading *r, rp_str text)
{
    const rp_expat *e = r->expat;
    e->SetUserData(r->parser, r);
    e->SetElementHandler(r->parser, on_start, on_end);
    e->SetCharacterDataHandler(r->parser, on_text);
    e->SetStartDoctypeDeclHandler(r->parser, on_doctype);
    size_t begin = r->out->size;
    if (!parse(r, text)) return false;
    bool empty = !r->result->is_error && r->out->size == begin;
    if (empty) stop(r, "an answer to another question");
    return !empty && !r->out->failed;
}

bool rp_xml_read(const rp_expat *expat, rp_str text, const rp_wire_node *members, rp_str wrapper,
                 rp_buf *out, rp_xml_result *result)
{
    *result = (rp_xml_result){0};
    reading *r = rp_alloc_get_zero(expat->alloc, sizeof *r);
    XML_Parser parser = r == NULL ? NULL : expat->ParserCreate(NULL);
    bool good = false;
    if (parser != NULL) {
        *r = (reading){.expat = expat,
                       .parser = parser,
                       .members = members,
                       .wrapper = wrapper,
                       .out = out,
                       .result = result};
        rp_buf_init(&r->text, expat->alloc, MAX_TEXT);
        good = parse_with(r, text);
        rp_buf_free(&r->text);
        expat->ParserFree(parser);
    }
    if (!good && result->problem[0] == '\0') {
        (void)snprintf(result->problem, sizeof result->problem, "out of memory");
    }
    rp_alloc_free(expat->alloc, r, sizeof *r);
    return good;
}
