// A pull scanner for JSON that arrives in pieces.
//
// The one idea: a window over the stream that ends in zero bytes, so that no loop asks for the end
// of the input; a zero byte stops it, and only then the window is refilled. A token stays in one
// piece; the window grows for one that does not fit. What is not read is skipped with the same
// checks (syntax, depth, UTF-8) but without being looked at. `rp_json_hold` keeps what follows in
// the window, so that a value can be read several times. Errors stick: after one, everything says
// "no more". Must not know AWS, and must not keep more of the input than a token or what is held.
#ifndef RP_FILES_JSON_SCAN_H
#define RP_FILES_JSON_SCAN_H

#include "collectors/files/json_bytes.h"
#include "vm/base/alloc.h"
#include "vm/base/buf.h"
#include "vm/base/str.h"
#include "vm/include/rdspol.h"

#include <stddef.h>
#include <stdint.h>

// Bytes read, 0 at the end, negative if reading failed (then -errno, or -1).
typedef ptrdiff_t (*rp_read_fn)(void *ctx, void *buffer, size_t capacity);

enum { RP_JSON_DEPTH = 128, RP_JSON_NAME = 40, RP_JSON_GLUE = 128, RP_JSON_GAP = 64 };

typedef struct rp_json_limits {
    uint32_t depth;        // nesting, at most RP_JSON_DEPTH
    size_t string_size;    // of one string, as written
    size_t hold_size;      // of a value that is read several times
    uint64_t input_size;   // of the whole input
    uint64_t member_count; // of one object or array
} rp_json_limits;

typedef enum rp_json_kind {
    RP_JSON_ERROR,
    RP_JSON_END, // of the input; only between documents
    RP_JSON_OBJECT,
    RP_JSON_ARRAY,
    RP_JSON_STRING,
    RP_JSON_NUMBER,
    RP_JSON_TRUE,
    RP_JSON_FALSE,
    RP_JSON_NULL
} rp_json_kind;

// A member's name, or its first bytes.
typedef struct rp_json_name {
    uint8_t size;
    bool cut;
    char text[RP_JSON_NAME];
} rp_json_name;

// Where the scanner stands, level by level: the member's name or the index.
typedef struct rp_json_frame {
    uint64_t count; // of elements so far; of members, those that were not guessed
    bool array;
    const rp_json_name *name; // `own`, that of a guess, or NULL
    rp_json_name own;
    uint8_t gap_size; // 0: not known
    unsigned char gap[RP_JSON_GAP]; // what last stood between two elements at this level
} rp_json_frame;

// What stood between a value and the next one, with a member's name in it. Documents that programs
// write repeat it byte for byte; then the name need not be looked for again.
typedef struct rp_json_guess {
    uint16_t size; // 0: nothing is guessed
    unsigned char bytes[RP_JSON_GLUE];
    rp_json_name name;
} rp_json_guess;

// A window that one scanner left for the next: files are many, and fresh memory costs more than
// reading a small one. Of one thread and one allocator.
typedef struct rp_json_spare {
    unsigned char *window; // of RP_JSON_WINDOW, or NULL
} rp_json_spare;

typedef struct rp_json {
    rp_alloc alloc;
    rp_json_limits limits;
    rp_read_fn read;
    void *ctx;
    rp_json_spare *spare;  // or NULL
    unsigned char *window; // RP_JSON_PAD bytes, then `capacity` bytes, then RP_JSON_PAD zeros
    size_t capacity;
    unsigned char *at, *end; // in the window
    unsigned char *keep;     // start of the token that must stay, or NULL
    unsigned char *held;     // start of what is held, or NULL
    unsigned char *counted;  // newlines before it are in `line`
    uint64_t base;           // offset of the window's first byte
    uint64_t line;           // newlines before `counted`
    uint64_t column;         // code points between the last newline and `counted`
    uint32_t depth;
    bool fresh;                  // the innermost object or array has had no member yet
    bool ended;                  // the input has no more bytes
    bool borrowed;               // the window is the caller's memory
    struct rp_json_trail *trail; // of what is skipped, or NULL
    rp_buf text;                 // the last string that had escapes
    rdspol_status status;
    uint64_t error_offset;
    char message[128];
    char path[128];
    rp_json_frame frame[RP_JSON_DEPTH + 1];
} rp_json;

enum { RP_JSON_PAD = 64, RP_JSON_WINDOW = 128 * 1024, RP_JSON_START = 256, RP_JSON_LIST_START = 1024 };

// Reads from a callback. The caller calls `rp_json_free` in any case. `spare` may be NULL; it is
// used until then.
void rp_json_open(rp_json *json, rp_alloc alloc, const rp_json_limits *limits, rp_read_fn read,
                  void *ctx, rp_json_spare *spare);
// Reads a text in memory, which is followed by RP_JSON_PAD zero bytes and outlives the scanner.
void rp_json_open_text(rp_json *json, rp_alloc alloc, const rp_json_limits *limits, rp_str text);
void rp_json_free(rp_json *json);
void rp_json_spare_free(rp_json_spare *spare, rp_alloc alloc);
rp_json_limits rp_json_limits_default(void);

// The kind of the next value. Consumes blanks only.
rp_json_kind rp_json_peek_slow(rp_json *json);
static inline rp_json_kind rp_json_peek(rp_json *json)
{
    static const uint8_t kinds[256] = {
        ['{'] = RP_JSON_OBJECT, ['['] = RP_JSON_ARRAY,  ['"'] = RP_JSON_STRING,
        ['t'] = RP_JSON_TRUE,   ['f'] = RP_JSON_FALSE,  ['n'] = RP_JSON_NULL,
        ['-'] = RP_JSON_NUMBER, ['0'] = RP_JSON_NUMBER, ['1'] = RP_JSON_NUMBER,
        ['2'] = RP_JSON_NUMBER, ['3'] = RP_JSON_NUMBER, ['4'] = RP_JSON_NUMBER,
        ['5'] = RP_JSON_NUMBER, ['6'] = RP_JSON_NUMBER, ['7'] = RP_JSON_NUMBER,
        ['8'] = RP_JSON_NUMBER, ['9'] = RP_JSON_NUMBER,
    };
    rp_json_kind kind = json->status == RDSPOL_OK ? (rp_json_kind)kinds[*json->at] : RP_JSON_ERROR;
    return kind != RP_JSON_ERROR ? kind : rp_json_peek_slow(json);
}
// Enters the object or array that is next. False on another kind, and at the depth limit.
bool rp_json_enter(rp_json *json);
// The next member: its name, valid until the next call; the value is next. False after the last
// one, which leaves the object.
bool rp_json_member(rp_json *json, rp_str *name);
// Leaves the object or array if `close` comes next, behind a value and in the window: then true.
static inline bool rp_json_quick_end(rp_json *json, unsigned char close)
{
    if (json->fresh || *json->at == ',') {
        return false;
    }
    unsigned char *p = rp_json_blank_end(json->at);
    if (*p != close) {
        return false;
    }
    json->at = p + 1;
    json->depth--;
    return true;
}
// The same for the elements of an array.
bool rp_json_element_slow(rp_json *json);
static inline bool rp_json_element(rp_json *json)
{
    rp_json_frame *frame = &json->frame[json->depth];
    size_t size = frame->gap_size;
    if (json->fresh || size == 0 || (size_t)(json->end - json->at) <= size ||
        !rp_json_same(json->at, frame->gap, size) || json->at[size] <= ' ' ||
        json->at[size] == ']' || frame->count >= json->limits.member_count) {
        return !rp_json_quick_end(json, ']') && rp_json_element_slow(json);
    }
    frame->count++;
    json->at += size;
    return true;
}
// A string's text, valid until the next call.
bool rp_json_string(rp_json *json, rp_str *text);
// A number as it is written, valid until the next call.
bool rp_json_number(rp_json *json, rp_str *text);
// true, false, null.
bool rp_json_word(rp_json *json);
// Any value, unread.
bool rp_json_skip(rp_json *json);

// The usual values of a member, without a call: a string without escapes, all of it in the window; a
// number of digits; a word; an empty list or object. False if the next value is none of these, or if
// there is anything to say against it: then nothing was consumed.
static inline bool rp_json_quick_string(rp_json *json, rp_str *text)
{
    unsigned char *begin = json->at + 1;
    if (*json->at != '"') {
        return false;
    }
    unsigned char *end = rp_json_text_end(begin);
    size_t size = (size_t)(end - begin);
    if (*end != '"' || size + 2 > json->limits.string_size) {
        return false;
    }
    *text = rp_str_make((const char *)begin, size);
    json->at = end + 1;
    return true;
}

static inline bool rp_json_quick_bool(rp_json *json, bool *value)
{
    *value = memcmp(json->at, "true", 4) == 0;
    if (!*value && memcmp(json->at, "false", 5) != 0) {
        return false;
    }
    json->at += *value ? 4 : 5;
    return true;
}

bool rp_json_quick_int(rp_json *json, int64_t *value);
bool rp_json_quick_other(rp_json *json);
static inline bool rp_json_quick_skip(rp_json *json)
{
    rp_str text;
    return rp_json_quick_string(json, &text) || rp_json_quick_other(json);
}

// Keeps everything from the next byte on in the window, until `rp_json_release`. Holds nest: the
// outer one stays. A value may be read or skipped, then `rp_json_rewind` goes back to any offset
// that is held. Frames are not restored: rewind at the depth where the offset was taken.
typedef struct rp_json_hold {
    uint64_t offset;
    bool outer; // this hold is the outermost
    bool fresh;
    uint64_t count;
} rp_json_hold;
rp_json_hold rp_json_keep(rp_json *json);
void rp_json_rewind(rp_json *json, const rp_json_hold *hold);
void rp_json_release(rp_json *json, const rp_json_hold *hold);

static inline bool rp_json_failed(const rp_json *json)
{
    return json->status != RDSPOL_OK;
}

static inline uint64_t rp_json_offset(const rp_json *json)
{
    return json->base + (uint64_t)(json->at - (json->window + RP_JSON_PAD));
}

// Takes the next member if exactly what was guessed is there. The guess must come from an object at
// the same place of the tree, from behind the same kind of member: then it is known to be valid.
static inline bool rp_json_follows(rp_json *json, const rp_json_guess *guess)
{
    // No guess has a zero byte, and one stands at the end of the window.
    if (!rp_json_same(json->at, guess->bytes, guess->size)) {
        return false;
    }
    json->frame[json->depth].name = &guess->name;
    json->at += guess->size;
    json->fresh = false;
    return true;
}
// After `rp_json_member`: makes a guess of what stood between `offset` and the value that is next.
void rp_json_learn(rp_json *json, uint64_t offset, rp_json_guess *guess);

// The first bytes of the next value, if it is an object or a list: up to the first bracket that might
// close it, or RP_JSON_START (RP_JSON_LIST_START) of them. Empty otherwise, and where the window ends
// before. Valid until the next call.
rp_str rp_json_start(rp_json *json);
// Takes the next value if exactly these bytes are there, which are followed by RP_JSON_PAD others.
// They must have been a value of this scanner.
bool rp_json_take(rp_json *json, const unsigned char *bytes, size_t size);
// What was read since an offset; empty if the window no longer has all of it.
rp_str rp_json_since(const rp_json *json, uint64_t offset);

// 1-based line and column (code points) of the next byte. Cheap only if asked in order.
void rp_json_place(rp_json *json, uint32_t *line, uint32_t *column);
// Fails the scanner: the place is the next byte, or that of the value before `offset`.
bool rp_json_fail(rp_json *json, rdspol_status status, const char *format, ...) RP_PRINTF(3, 4);
bool rp_json_fail_at(rp_json *json, uint64_t offset, rdspol_status status, const char *format, ...)
    RP_PRINTF(4, 5);
// Where the scanner stands: "DBInstances[3].KmsKeyId", at most `size` bytes with the NUL.
void rp_json_path(const rp_json *json, char *out, size_t size);

#endif
