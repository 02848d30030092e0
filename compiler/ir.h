// The intermediate code: typed values in frames, each built once.
//
// A *frame* is a context in which values exist row by row: the rows of a table, the elements of a
// list of each row of the frame around it, or the rows of that frame for which a condition may
// hold. A *value* belongs to the outermost frame in which it can be computed, and two equal values
// of one frame are one object, whatever policies they come from. Folds bring values of an inner
// frame to the one around it. `emit.c` lays frames out as instructions.
#ifndef RP_COMPILER_IR_H
#define RP_COMPILER_IR_H

#include "compiler/model.h"
#include "vm/op.h"

typedef struct rp_value_ir rp_ir;
typedef struct rp_frame rp_frame;
typedef struct rp_layout_table rp_ltable;
typedef struct rp_layout_column rp_lcolumn;
typedef struct rp_layout_list rp_llist;

// ---- layout: which tables, columns and lists a program uses ----

typedef struct rp_ir_type {
    rp_kind kind;
    bool optional;
    rp_ltable *table; // of a reference
} rp_ir_type;

struct rp_layout_column {
    rp_ltable *table;
    rp_str name;
    rp_ir_type type;
    uint32_t origin, flags; // RP_COLUMN_*
    rp_field *field;        // of a fact; of `value` in element tables the list's field
    const rp_value *fallback;
    rp_ir *definition; // DERIVED
    bool stored;       // DERIVED: the program stores it
    rp_lcolumn *next_stored;
    uint32_t text_op; // TEXT
    rp_lcolumn *text_source;
    rp_str text_argument;
    bool text_has_argument;
    rp_value *cells; // CONST, one a row
    uint32_t index;
    uint32_t seen; // of the emitter
    rp_lcolumn *next;
};

struct rp_layout_list {
    rp_ltable *owner; // NULL: of constants and parameters
    rp_str name;
    rp_ltable *element;
    uint32_t kind, flags; // RP_LIST_*
    rp_field *field;
    uint32_t begin, end;   // CONST
    rp_param_decl *param;  // PARAM
    rp_lcolumn *by_column; // RELATION
    rp_llist *by_list;
    rp_lcolumn *through;     // RELATION: reference column of the record or records
    rp_lcolumn *text_source; // TEXT
    rp_str text_argument;
    uint32_t index;
    uint32_t seen; // of the emitter
    rp_llist *next;
};

struct rp_layout_table {
    rp_str name;
    uint32_t kind, flags; // RP_TABLE_*
    rp_entity *entity;
    rp_lcolumn *columns, **last_column;
    rp_lcolumn *stored; // of these; once it is known which are
    rp_llist *lists, **last_list;
    rp_lcolumn *key, *unique, *arn, *account, *region;
    rp_llist *tags;
    rp_frame *scan, *rows;
    struct rp_ir_policy *policies, **last_policy;   // about its rows
    struct rp_ir_message *messages, **last_message; // of `rows`
    uint32_t row_count;                             // CONST
    bool of_run; // filled when a run is prepared: members of a parameter, parts of a text
    uint32_t index;
    uint32_t first_source; // of its entity, among those of all tables
    uint32_t seen;         // of the emitter
    rp_ltable *next;
};

// ---- values and frames ----

typedef enum rp_frame_kind {
    RP_FRAME_SCAN,
    RP_FRAME_ROWS,
    RP_FRAME_UNNEST,
    RP_FRAME_FILTER
} rp_frame_kind;

// Values by what they are: chains in buckets, of which there are a power of two.
typedef struct rp_ir_table {
    rp_ir **buckets;
    uint32_t bucket_count, count;
} rp_ir_table;

struct rp_frame {
    rp_frame_kind kind;
    rp_frame *parent;
    rp_ltable *table;
    rp_llist *list; // UNNEST
    rp_ir *index;   // UNNEST: the reference, or NULL for the row itself; FILTER: the condition
    uint32_t depth;
    uint32_t stage;              // the first scan in which its rows are known
    rp_ir *values, **last_value; // in the order of their making: operands first
    rp_ir_table by_identity;
    rp_ir *row; // its row as a reference, once it is asked for
    rp_frame *children, **last_child;
    rp_frame *next;                  // sibling
    uint32_t mark, seen, first_fold; // of the emitter
    uint32_t first_insn;             // ROWS: its own, once it is emitted
    rp_frame *moved;                 // where a mover put it, and which mover
    uint32_t moved_by;
};

struct rp_value_ir {
    rp_op op;
    uint32_t hash; // of what it is: from `op` to `arg`
    rp_ir_type type;
    rp_frame *frame; // NULL: a constant, at home everywhere
    rp_frame *child; // folds: the frame of the operands
    rp_ir *in[3];    // operands
    const void *arg; // what else it is about: column, list, constant, set, text, parameter
    rp_span span;
    uint32_t id;
    // The depth of the outermost frame whose rows it depends on (RP_REACH_NONE: of none), and of
    // the innermost one that it needs.
    uint32_t reach, deepest;
    uint32_t outer;     // depths of frames that it takes values of, in itself or inside; as bits
    uint16_t weight;    // about how many instructions computing it takes, in its own frame
    uint16_t lists;     // how deep folds over lists lie in each other in it
    rp_ir *next;        // in the frame
    rp_ir *chain;       // in the hash table
    rp_lcolumn *column; // derived column that keeps it for other frames
    rp_ir *moved;       // where a mover put it, and which mover
    uint32_t moved_by;
    uint32_t stage;            // the first scan in which it can be computed, from 1
    uint32_t mark, seen, insn; // of the emitter
};

#define RP_REACH_NONE UINT32_MAX

// The bit of a frame's depth in `outer`. What is too deep shares the last one.
static inline uint32_t rp_ir_depth_bit(const rp_frame *frame)
{
    return 1u << (frame->depth < 31 ? frame->depth : 31);
}

// A constant set, a template of a message, ...: see lower.h.
typedef struct rp_ir_set {
    const rp_value *values;
    uint32_t count;
    rp_param_decl *param;
    rp_kind kind;
    uint32_t index;
    struct rp_ir_set *next;
} rp_ir_set;

typedef struct rp_ir_const {
    rp_value value;
    rp_kind kind;
    uint32_t index;
    struct rp_ir_const *next;
} rp_ir_const;

typedef struct rp_ir_text {
    rp_str text;
    struct rp_ir_text *next;
} rp_ir_text;

typedef struct rp_ir_piece {
    rp_str text;
    rp_ir *value;
    rp_param_decl *param;
    const rp_ir_const *constant;
    uint32_t style;
    bool is_text;
} rp_ir_piece;

typedef struct rp_ir_witness {
    rp_str name;
    rp_ir *value;
    struct rp_ir_witness *next;
} rp_ir_witness;

typedef struct rp_ir_message {
    rp_frame *frame; // NULL: no holes but parameters and constants
    rp_ir_piece *pieces;
    uint32_t piece_count;
    rp_ir_witness *witnesses;
    struct rp_ir_message *next, *next_of_table;
} rp_ir_message;

typedef struct rp_ir_clause {
    const rp_clause *clause;
    rp_ir *value;
    rp_ir_message *message;
    uint32_t insn; // of the value, where the policy is emitted
    struct rp_ir_clause *next;
} rp_ir_clause;

typedef struct rp_ir_policy {
    rp_policy_decl *decl;
    rp_ltable *table;
    rp_ir_message *title; // a template only
    rp_ir_message *remedy;
    rp_ir_clause *clauses;
    uint32_t stage; // of the emitter
    struct rp_ir_policy *next, *next_of_table;
} rp_ir_policy;

typedef struct rp_ir_waiver {
    rp_waiver_decl *decl;
    rp_ltable *table;
    rp_ir *condition;
    uint32_t insn; // of the condition
    struct rp_ir_waiver *next;
} rp_ir_waiver;

typedef struct rp_ir_program {
    rp_program *program;
    rp_arena *arena;
    bool optimize;
    rp_ltable *tables, **last_table;
    rp_ir_policy *policies;
    rp_ir_waiver *waivers;
    rp_ir_message *messages, **last_message;
    rp_ir_set *sets;
    rp_ir_const *consts;
    rp_ir_text *texts;
    rp_index const_index, set_index, text_index;
    rp_ir_table constants; // of no frame
    uint32_t value_count;
    uint32_t seen;   // last number of a walk over values
    uint32_t steps;  // of expansion, against the limit
    uint32_t movers; // how many there were
    bool failed;
} rp_ir_program;

void rp_ir_init(rp_ir_program *ir, rp_program *program, bool optimize);

// Makes a value or finds the equal one. Operands are brought to the deepest frame among them.
rp_ir *rp_ir_make(rp_ir_program *ir, rp_op op, rp_ir_type type, const void *arg, rp_ir *a, rp_ir *b,
                  rp_ir *c, rp_span span);
// The same in a given frame (loads, folds).
rp_ir *rp_ir_in(rp_ir_program *ir, rp_frame *frame, rp_op op, rp_ir_type type, const void *arg,
                rp_ir *a, rp_ir *b, rp_ir *c, rp_span span);
rp_ir *rp_ir_fold(rp_ir_program *ir, rp_op op, rp_ir_type type, rp_frame *child, rp_ir *a, rp_ir *b,
                  rp_span span);
// The row of a frame as a reference.
rp_ir *rp_ir_row(rp_ir_program *ir, rp_frame *frame, rp_span span);
// A column of what `object` refers to; of a frame's own row a load.
rp_ir *rp_ir_read(rp_ir_program *ir, rp_ir *object, rp_lcolumn *column, rp_span span);
// The derived column that keeps a value of a scan for other frames; made if there is none.
rp_lcolumn *rp_ir_column(rp_ir_program *ir, rp_ir *value, rp_str name);
// The derived column that a load or gather reads; NULL if it is none.
rp_lcolumn *rp_ir_derived(const rp_ir *value);
// A value as seen in a frame inside its own.
rp_ir *rp_ir_use(rp_ir_program *ir, rp_frame *frame, rp_ir *value);
rp_frame *rp_ir_deeper(rp_frame *a, rp_frame *b);

rp_frame *rp_ir_scan(rp_ir_program *ir, rp_ltable *table);
// The frame of what the messages about rows of a table print: one, so that they share values.
rp_frame *rp_ir_rows(rp_ir_program *ir, rp_ltable *table);
rp_frame *rp_ir_unnest(rp_ir_program *ir, rp_frame *parent, rp_llist *list, rp_ir *index);
rp_frame *rp_ir_filter(rp_ir_program *ir, rp_frame *parent, rp_ir *condition);

// ---- layout.c ----
rp_ltable *rp_layout_entity(rp_ir_program *ir, rp_entity *entity);
// All fields that may mention rows of a type, if rows of it are asked for by key.
void rp_layout_leads(rp_ir_program *ir, rp_entity *entity);
rp_lcolumn *rp_layout_column(rp_ir_program *ir, rp_field *field);
rp_llist *rp_layout_list(rp_ir_program *ir, rp_field *field);
rp_lcolumn *rp_layout_add_column(rp_ir_program *ir, rp_ltable *table, rp_str name, rp_ir_type type,
                                 uint32_t origin);
rp_ltable *rp_layout_new_table(rp_ir_program *ir, rp_str name, uint32_t kind);
rp_llist *rp_layout_add_list(rp_ir_program *ir, rp_ltable *owner, rp_str name, rp_ltable *element,
                             uint32_t kind);
rp_lcolumn *rp_layout_text_column(rp_ir_program *ir, rp_lcolumn *source, uint32_t op,
                                  rp_str argument, bool has_argument, rp_kind kind, bool optional);
rp_llist *rp_layout_text_list(rp_ir_program *ir, rp_lcolumn *source, rp_str argument);
rp_llist *rp_layout_const_list(rp_ir_program *ir, const rp_value *values, uint32_t count,
                               rp_kind kind);
rp_llist *rp_layout_param_list(rp_ir_program *ir, rp_param_decl *param);
rp_lcolumn *rp_layout_first_column(rp_ltable *table); // `value`, or `key` of entries
rp_ir_type rp_ir_type_of(rp_ir_program *ir, const rp_type *type);
rp_kind rp_kind_of(const rp_type *type);

const rp_ir_const *rp_ir_constant(rp_ir_program *ir, const rp_value *value);
const rp_ir_set *rp_ir_set_of(rp_ir_program *ir, const rp_value *values, uint32_t count,
                              rp_param_decl *param, rp_kind kind);
const rp_ir_text *rp_ir_text_of(rp_ir_program *ir, rp_str text);

void rp_ir_print(rp_buf *out, rp_ir_program *ir);

#endif
