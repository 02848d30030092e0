// The text of wire.txt as a tree.
#include "collectors/live/wire.h"

extern const char rp_wire_text[];
extern const size_t rp_wire_text_size;

enum { MAX_DEPTH = 24 };

static bool parse_kind(rp_str word, rp_wire_kind *kind)
{
    static const char *const names[] = {"text", "number", "bool", "time", "object", "list", "map"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (rp_str_equal(word, rp_str_from(names[i]))) {
            *kind = (rp_wire_kind)i;
            return true;
        }
    }
    return false;
}

// The next word of a line; empty at its end.
static rp_str take_word(rp_str *line)
{
    size_t size = 0;
    while (line->len > 0 && line->ptr[0] == ' ') *line = rp_str_from_offset(*line, 1);
    while (size < line->len && line->ptr[size] != ' ') size++;
    rp_str word = rp_str_make(line->ptr, size);
    *line = rp_str_from_offset(*line, size);
    return word;
}

static rp_wire_node *add(rp_arena *arena, rp_wire_node *parent)
{
    rp_wire_node *node = RP_NEW(arena, rp_wire_node);
    if (node == NULL) return NULL;
    if (parent->first == NULL) {
        parent->first = node;
    } else {
        parent->last->next = node;
    }
    return parent->last = node;
}

// NAME KIND [=WIRE] [ITEM], or the name of an operation.
static bool parse_line(rp_wire_node *node, rp_str line, bool operation)
{
    node->name = take_word(&line);
    node->wire = node->name;
    node->kind = RP_WIRE_OBJECT;
    if (operation) return line.len == 0;
    if (!parse_kind(take_word(&line), &node->kind)) return false;
    rp_str word = take_word(&line);
    if (word.len > 1 && word.ptr[0] == '=') {
        node->wire = rp_str_from_offset(word, 1);
        word = take_word(&line);
    }
    node->item = word;
    return line.len == 0 && (node->kind == RP_WIRE_LIST) == (word.len != 0);
}

static bool load_line(rp_wire *wire, rp_wire_node **open, size_t *depth, rp_str line)
{
    size_t indent = 0;
    while (indent < line.len && line.ptr[indent] == ' ') indent++;
    if (indent > *depth || indent + 1 >= MAX_DEPTH) return false;
    rp_wire_node *node = add(&wire->arena, open[indent]);
    if (node == NULL || !parse_line(node, rp_str_from_offset(line, indent), indent == 0))
        return false;
    open[indent + 1] = node;
    *depth = indent + 1;
    return true;
}

bool rp_wire_load(rp_wire *wire, rp_alloc alloc)
{
    rp_wire_node *open[MAX_DEPTH] = {&wire->top};
    rp_str text = rp_str_make(rp_wire_text, rp_wire_text_size);
    size_t depth = 0;
    bool good = true;
    *wire = (rp_wire){.top = {.kind = RP_WIRE_OBJECT}};
    rp_arena_init(&wire->arena, alloc);
    while (good && text.len > 0) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t size = end != NULL ? (size_t)(end - text.ptr) : text.len;
        rp_str line = rp_str_make(text.ptr, size);
        if (size > 0 && line.ptr[0] != '#') good = load_line(wire, open, &depth, line);
        text = rp_str_from_offset(text, size + (end != NULL));
    }
    return good;
}

void rp_wire_clear(rp_wire *wire)
{
    rp_arena_clear(&wire->arena);
}

const rp_wire_node *rp_wire_find(const rp_wire *wire, rp_str operation)
{
    return rp_wire_member(&wire->top, NULL, operation);
}

static const rp_wire_node *search(const rp_wire_node *from, const rp_wire_node *end, rp_str wire)
{
    while (from != end && !rp_str_equal(from->wire, wire)) from = from->next;
    return from == end ? NULL : from;
}

const rp_wire_node *rp_wire_member(const rp_wire_node *node, const rp_wire_node *after, rp_str wire)
{
    const rp_wire_node *found = NULL;
    if (after != NULL) found = search(after->next, NULL, wire);
    if (found == NULL) found = search(node->first, after != NULL ? after->next : NULL, wire);
    return found;
}
