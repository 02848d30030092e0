// The byte layout of a bundle: the contract between the compiler, which writes it, and the machine,
// which loads and verifies it.
//
// A bundle is a header, a section table and sections. Every section but the bytes of the strings
// holds records, and a record is a row of 32-bit words. No pointers: a word is a number or an index
// into another section (`format.def` says which), RP_NONE where there is nothing.
//
// Instructions lie there as little-endian words, which most hosts read in place. The other records
// are *packed*, one after the other: of each word stands how far it is (modulo 2^32) from what is
// expected of it, which is the same field of the record before, or, where the field begins a range,
// the end of that record's range; 0 in the first record. Differences 0, -1, 1, -2, ... are the
// numbers 0, 1, 2, 3, ..., written in groups of seven bits, the lowest first, each but the last
// with bit 7 set.
#ifndef RP_VM_FORMAT_H
#define RP_VM_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#define RP_MAGIC 0x00425052u // "RPB\0"
#define RP_FORMAT_VERSION 2u
#define RP_NONE 0xffffffffu

// Header: magic, version, file size, section count, as little-endian words; then for each section
// {id, record count, byte offset, byte size, SHA-256 as 8 words}. Sections are ordered by id,
// start at multiples of 8 and do not overlap; the gaps are zero.
#define RP_HEADER_WORDS 4u
#define RP_SECTION_WORDS 12u
#define RP_ALIGNMENT 8u
// Sections from this id on are not the machine's (a signature); it checks only where they lie.
#define RP_SECTION_EXTRA 0x100u

// Limits of language.md 10 that the loader holds too.
#define RP_MAX_INSNS 65535u
#define RP_MAX_FRAME_DEPTH 24u
#define RP_MAX_POLICIES 4096u
#define RP_MAX_PARAMS 1024u
#define RP_MAX_TABLES 4096u
#define RP_MAX_CHUNK 1024u

// Kinds of values. In a type word: kind in bits 0-6, optional in bit 7, table of a reference in
// bits 16-31.
typedef enum rp_kind {
    RP_KIND_BOOL,
    RP_KIND_INT,
    RP_KIND_FLOAT,
    RP_KIND_STRING, // enums too
    RP_KIND_TIME,   // milliseconds since 1970-01-01T00:00:00Z
    RP_KIND_DURATION, // milliseconds
    RP_KIND_CIDR,     // text id of the canonical form
    RP_KIND_VERSION,  // text id
    RP_KIND_REF,      // row of a table
    RP_KIND_COVER,
    RP_KIND_LISTTEXT,
    RP_KIND_NONE, // no result
    RP_KIND_COUNT
} rp_kind;

#define RP_OPTIONAL 0x80u
#define RP_TYPE(kind, optional, table)                                                             \
    ((uint32_t)(kind) | ((optional) ? RP_OPTIONAL : 0u) | ((uint32_t)(table) << 16))
#define RP_TYPE_KIND(type) ((rp_kind)((type) & 0x7fu))
#define RP_TYPE_OPTIONAL(type) (((type) & RP_OPTIONAL) != 0)
#define RP_TYPE_TABLE(type) ((type) >> 16)

// An instruction is two words. The first: opcode in bits 0-7, kind and optional bit of its result
// in bits 8-15, operand A in bits 16-31; the second: operands B and C. An operand that is not there
// is RP_INSN_NONE. Which table a result refers to follows from the operands; where nothing says it
// (see RP_RESULT_TYPED) operand C does.
#define RP_INSN_NONE 0xffffu
#define RP_INSN_HEAD(op, type, a)                                                                  \
    ((uint32_t)(op) | (((type) & 0xffu) << 8) | ((uint32_t)(a) & 0xffffu) << 16)
#define RP_INSN_TAIL(b, c) (((uint32_t)(b) & 0xffffu) | ((uint32_t)(c) & 0xffffu) << 16)

// TABLE.kind
enum { RP_TABLE_RESOURCE = 1, RP_TABLE_RECORD, RP_TABLE_ENTRIES, RP_TABLE_ELEMENTS, RP_TABLE_CONST };
// TABLE.flags
enum { RP_TABLE_REGION = 1, RP_TABLE_FROM_FILE = 2, RP_TABLE_JSON_TEXT = 4 };

// COLUMN.origin
enum {
    RP_COLUMN_FACT = 1, // filled by readers or the host
    RP_COLUMN_DERIVED,  // filled by `store`
    RP_COLUMN_TEXT,     // filled by prepare, from a TEXT record
    RP_COLUMN_CONST     // cells in the bundle
};
// COLUMN.flags. LOWER: text is stored in lower case. JSON: a member that is a string holding JSON.
enum { RP_COLUMN_KEY = 1, RP_COLUMN_UNIQUE = 2, RP_COLUMN_LOWER = 4, RP_COLUMN_JSON = 8,
       RP_COLUMN_WEAK = 16 };

// LIST.kind. FACT and MAP are filled by readers or the host. RELATION: the rows of `element`'s
// table whose reference column `a` (or one of whose references in list `a`, if flag BY_LIST) is the
// row; where that list holds records, `b` is their reference column. CONST: rows a to b of the
// element table. PARAM: the members of list parameter `a`. TEXT: from a TEXT record.
enum { RP_LIST_FACT = 1, RP_LIST_MAP, RP_LIST_RELATION, RP_LIST_CONST, RP_LIST_PARAM, RP_LIST_TEXT };
// LIST.flags. EMPTY: a missing member is the empty list, not an unknown one. JSON as for columns.
// LOWER: keys of the map are stored and looked up in lower case.
enum { RP_LIST_EMPTY = 1, RP_LIST_JSON = 2, RP_LIST_LOWER = 4, RP_LIST_BY_LIST = 8, RP_LIST_BY_RECORD = 16 };

// SOURCE.kind. LIST: one call an account and Region. KEY: one call for each key that references
// mention. EACH: one call for each row of another table. GROUP: fields added by one call a row.
// FILE: an organization's own file.
enum { RP_SOURCE_LIST = 1, RP_SOURCE_KEY, RP_SOURCE_EACH, RP_SOURCE_GROUP, RP_SOURCE_FILE };
// ARG.kind
enum { RP_ARG_LITERAL = 1, RP_ARG_OWN, RP_ARG_OTHER };

// STEP.kind, a path of language.md 9. MEMBER name; EACH element of a list; FIRST element;
// MAP_BY: the list as a map by member `name`; FIND: the element whose member `name` is `value`;
// PAIRS: `.{name}.{value}`: one element for each pair of object keys, kept in the fields of these
// names; ARG: `^name`, an argument of the call.
enum { RP_STEP_MEMBER = 1, RP_STEP_EACH, RP_STEP_FIRST, RP_STEP_MAP_BY, RP_STEP_FIND, RP_STEP_PAIRS, RP_STEP_ARG };

// TEXT.op: functions of one text, computed in prepare, once for each distinct text. SPLIT fills a
// list, the others a column. VERSION_CHECK, CIDR_CHECK: version(text), cidr(text).
enum {
    RP_TEXT_LOWER = 1, RP_TEXT_SPLIT, RP_TEXT_AFTER, RP_TEXT_NUMBER, RP_TEXT_VERSION, RP_TEXT_CIDR,
    RP_TEXT_ARN_PARTITION, RP_TEXT_ARN_SERVICE, RP_TEXT_ARN_REGION, RP_TEXT_ARN_ACCOUNT, RP_TEXT_ARN_RESOURCE
};

// PARAM.flags. EMPTY_DEFAULT: without a value an optional parameter is absent.
enum { RP_PARAM_LIST = 1, RP_PARAM_HAS_DEFAULT = 2 };

// CLAUSE.kind
enum { RP_CLAUSE_WHEN = 1, RP_CLAUSE_REQUIRE };
// POLICY.flags. JUDGED: judged by a run that selects no pack.
enum { RP_POLICY_JUDGED = 1 };
// NEED.kind
enum { RP_NEED_SOURCE = 1, RP_NEED_COLUMN, RP_NEED_LIST, RP_NEED_PARAM };
// PIECE.style: how the value of a hole is printed. SHELL: quoted for a shell (language.md 8).
// INNER: its place is inside quotes already.
enum { RP_PIECE_PLAIN = 0, RP_PIECE_SHELL, RP_PIECE_SHELL_INNER };

typedef enum rp_section {
#define SECTION(ID, name, FIELDS) RP_SECTION_##ID,
#include "vm/format.def"
#undef SECTION
    RP_SECTION_COUNT
} rp_section;

// Whether the records of a section are packed.
static inline bool rp_section_is_packed(uint32_t section)
{
    return section != RP_SECTION_BYTES && section != RP_SECTION_INSN;
}

// Whether opening makes an array of a section's records: not of texts, nor of places, which are
// unpacked when they are asked for.
static inline bool rp_section_is_made(uint32_t section)
{
    return section != RP_SECTION_BYTES && section != RP_SECTION_PLACE;
}

// One struct a record type: rp_rec_string, rp_rec_const, ...
#define RP_FIELD_MEMBER(name, kind) uint32_t name;
#define SECTION(ID, name, FIELDS)                                                                  \
    typedef struct rp_rec_##name { FIELDS(RP_FIELD_MEMBER) } rp_rec_##name;
#include "vm/format.def"
#undef SECTION

#endif
