// Facts: what was collected, as columns; built row by row, then sealed, then read only.
//
// The builder is made for readers: tables, columns and lists are named by their index in the
// bundle, nothing is looked up by name, and errors stick (`rp_facts_status`). A row of a resource
// starts as a fragment: what one answer said about one resource. Sealing gives fragments their
// account and Region, merges those of one resource, turns the texts of references into rows, and
// makes a stub for each target that nobody listed.
//
// Known, absent, unknown: `known` and `present` planes; `present` implies known; a value behind a
// zero plane is zero. Of a bool the two planes are true and false, and both set mean absent.
// Must not know JSON or AWS: readers call it.
#ifndef RP_VM_FACTS_H
#define RP_VM_FACTS_H

#include "vm/base/bits.h"
#include "vm/base/map.h"
#include "vm/base/strtab.h"
#include "vm/base/text.h"
#include "vm/bundle.h"

typedef struct rdspol_facts rp_facts;

typedef struct rp_place {
    uint32_t file; // from rp_facts_file, or RP_NONE
    uint32_t line, column, end_line, end_column;
} rp_place;

// How members are read that the record of an answer lacks.
typedef enum rp_fill {
    RP_FILL_ANSWER,    // default; or absent if optional; or unknown. Lists: empty if so declared
    RP_FILL_QUERY_CUT, // unknown, not_supplied: the record lacks its ARN
    RP_FILL_TEST       // as a `test` says: lists empty, optional absent, default, else unknown
} rp_fill;

// ---- Building ----------------------------------------------------------------------------------

rdspol_status rp_facts_new(rp_facts **out, const rp_bundle *bundle, rp_alloc alloc);
void rp_facts_free(rp_facts *facts);
// RDSPOL_NO_MEMORY once an allocation failed; every later call does nothing.
rdspol_status rp_facts_status(const rp_facts *facts);

// The id of a text, and of a file name for places.
uint32_t rp_facts_text(rp_facts *facts, rp_str text);
uint32_t rp_facts_file(rp_facts *facts, rp_str name);

// A new row, everything in it unknown. RP_NONE if memory ran out (then the calls below do nothing).
uint32_t rp_facts_row_add(rp_facts *facts, uint32_t table);
// New rows with the cells and lists of `count` others of the table, their records and elements copied
// with them; the first one. Reasons are not: nothing in the rows has any. Not for resources.
uint32_t rp_facts_rows_copy(rp_facts *facts, uint32_t table, uint32_t from, uint32_t count);
uint32_t rp_facts_row_count(const rp_facts *facts, uint32_t table);
// Of rows of resources: which source (an index into SOURCE) contributed; account and Region of the
// answer, as text ids or RP_NONE (the row's ARN and own account come before them); the place.
void rp_facts_row_source(rp_facts *facts, uint32_t table, uint32_t row, uint32_t source);
void rp_facts_row_scope(rp_facts *facts, uint32_t table, uint32_t row, uint32_t account,
                        uint32_t region);
void rp_facts_row_place(rp_facts *facts, uint32_t table, uint32_t row, const rp_place *place);

// Values. `set_text` parses by the kind of the column: false if a bool, int, float or duration does
// not parse (nothing is set); a time, version or cidr that does not is unknown (unparsable).
// Of a reference to a resource the text is what names the target.
void rp_facts_set_bool(rp_facts *facts, uint32_t column, uint32_t row, bool value);
void rp_facts_set_int(rp_facts *facts, uint32_t column, uint32_t row, int64_t value);
void rp_facts_set_float(rp_facts *facts, uint32_t column, uint32_t row, double value);
bool rp_facts_set_text(rp_facts *facts, uint32_t column, uint32_t row, rp_str text);
// A field that is a record: the row of the record's table.
void rp_facts_set_row(rp_facts *facts, uint32_t column, uint32_t row, uint32_t target);
void rp_facts_set_absent(rp_facts *facts, uint32_t column, uint32_t row);
// `detail` is a text id or RP_NONE.
void rp_facts_set_unknown(rp_facts *facts, uint32_t column, uint32_t row, rdspol_reason reason,
                          uint32_t detail);
// The rows begin to end of the element table. Rows of one list must be added one after another.
void rp_facts_set_list(rp_facts *facts, uint32_t list, uint32_t row, uint32_t begin, uint32_t end,
                       bool complete);
// Why a list is not complete; its members stay.
void rp_facts_list_unknown(rp_facts *facts, uint32_t list, uint32_t row, rdspol_reason reason,
                           uint32_t detail);

// What is filled where an answer says nothing: bit (column - first_column) for each column, then
// bit (column_count + list - first_list) for each list. Which ones a source (RP_NONE: any) may
// fill; and filling those of which the caller took what was there.
void rp_facts_fillable(const rp_bundle *bundle, uint32_t table, uint32_t source, uint64_t *bits);
void rp_facts_fill(rp_facts *facts, uint32_t table, uint32_t row, const uint64_t *bits,
                   rp_fill mode);
// Fills what is neither known nor has a reason.
void rp_facts_fill_missing(rp_facts *facts, uint32_t table, uint32_t row, rp_fill mode);
// Whether a column (or list) has a path in a source; true for all if `source` is RP_NONE.
bool rp_facts_column_fed(const rp_facts *facts, uint32_t column, uint32_t source);
bool rp_facts_list_fed(const rp_facts *facts, uint32_t list, uint32_t source);

// Answers. `argument`: text id of the key asked for, or RP_NONE for a listing.
// reason NONE: answered, perhaps cut; else it failed.
void rp_facts_answer(rp_facts *facts, uint32_t source, uint32_t argument, uint32_t account,
                     uint32_t region, bool cut, rdspol_reason reason, uint32_t detail);
// An account and Region that was looked at (flags, folders, live); an audited account.
void rp_facts_scope_add(rp_facts *facts, uint32_t account, uint32_t region);
void rp_facts_audited_add(rp_facts *facts, uint32_t account);
// What says no account so far belongs to this one (a text id): before sealing.
void rp_facts_default_account(rp_facts *facts, uint32_t account);
// Everything that no recorded error contradicts counts as completely answered (tests, typed hosts).
void rp_facts_assume_complete(rp_facts *facts);

// Where two answers differ about one resource the one that was added later counts. Without this a
// difference is an error: files were taken at one time, answers of a live collection were not.
void rp_facts_later_counts(rp_facts *facts);

// Gives back what only adding needs: nothing but `rp_facts_merge` as the source, and freeing, may
// follow.
void rp_facts_trim(rp_facts *facts);
// Appends what another builder of the same bundle holds; neither is sealed. Empties `src`, which
// can only be freed then.
rdspol_status rp_facts_merge(rp_facts *dst, rp_facts *src);

// ---- Storage, for sealing and the machine ------------------------------------------------------

// Rows are padded, so that a word or 64 values may be read from any row below the count.
typedef struct rp_fact_column {
    void *values;      // uint32_t, int64_t, double; NULL for bool, and while no cell has one
    uint64_t *known;   // of a bool: false
    uint64_t *present; // of a bool: true; NULL if not optional
} rp_fact_column;

typedef struct rp_fact_list {
    uint32_t *begin, *end;
    uint64_t *complete;
} rp_fact_list;

// PENDING: only groups told of it; a reference makes it a stub, otherwise it counts as dead.
enum { RP_ROW_REAL = 0, RP_ROW_STUB = 1, RP_ROW_DEAD = 2, RP_ROW_PENDING = 3 };

typedef struct rp_fact_meta {
    uint64_t sources;         // bit i: the i-th source of the table
    uint32_t account, region; // of the answer, before sealing; of the row after it
    uint32_t viewer;          // account whose answer it is, or RP_NONE
    uint32_t pair;            // after sealing, or RP_NONE
    uint32_t state;
    rp_place place;
} rp_fact_meta;

typedef struct rp_fact_table {
    uint32_t rows, capacity;
    uint32_t wanted, grown; // while it grows: the next capacity, and how many arrays have it
    rp_fact_meta *meta;     // of resources
    uint64_t *judged;       // of resources, after sealing
    uint32_t *owner_table;  // of others, after sealing: the resource they belong to, or RP_NONE
    uint32_t *owner_row;
} rp_fact_table;

typedef struct rp_fact_reason {
    rdspol_reason reason;
    uint32_t detail; // text id or RP_NONE
} rp_fact_reason;

typedef struct rp_fact_answer {
    uint32_t source, argument, account, region; // text ids or RP_NONE
    bool answered, cut;
    rp_fact_reason why; // of a failure
} rp_fact_answer;

// How listing a type in an account and Region went. PART: cut, or some calls failed.
typedef enum rp_answered { RP_ANSWERED_NOT, RP_ANSWERED_PART, RP_ANSWERED_ALL } rp_answered;

typedef struct rp_listing {
    rp_answered answered;
    uint32_t source; // the one that did not answer, or RP_NONE
    rp_fact_reason why;
} rp_listing;

typedef struct rp_pair {
    uint32_t account, region; // text ids or RP_NONE
    bool scanned;             // a real row of `region`
} rp_pair;

struct rdspol_facts {
    const rp_bundle *bundle;
    rp_alloc alloc;
    rdspol_status status;
    bool sealed, assume_complete, later_counts, finished;
    bool borrows; // arrays, maps and slots lie in bytes of the caller; see vm/store.h
    rp_strtab texts, files;
    rp_fact_table *tables;
    rp_fact_column *columns;
    rp_fact_list *lists;
    rp_map reasons; // (column, or ~list), row -> index into `reason`
    rp_fact_reason *reason;
    uint32_t reason_count, reason_capacity;
    rp_map answers; // (source, argument), (account, region) -> index into `answer`
    rp_fact_answer *answer;
    uint32_t answer_count, answer_capacity;
    rp_pair *pair; // named ones before sealing; row i of the region table is pair i after it
    uint32_t pair_count, pair_capacity;
    rp_map pairs;
    rp_map audited;        // account -> 1
    bool has_audited;      // after sealing: some account is audited
    uint32_t region_table; // or RP_NONE
    rp_listing *listing;   // after sealing: per table and pair
    uint32_t listing_count;
};

// ---- For those who add rows in bulk ------------------------------------------------------------

// Room for `count` rows more. False if memory ran out, now or before.
bool rp_facts_reserve(rp_facts *facts, uint32_t table, uint32_t count);
// Frees the rows of a table: it is as if it had never had any.
void rp_facts_drop(rp_facts *facts, uint32_t table);
// The array of a column that is not bool, made if there is none; NULL if memory ran out.
void *rp_facts_values(rp_facts *facts, uint32_t column);
// Why the cell of a column, or the list ~field, is not known; nothing for the reason NONE.
void rp_facts_add_reason(rp_facts *facts, uint32_t field, uint32_t row, rdspol_reason reason,
                         uint32_t detail);
// An answer beside those that there are, or joined with one to the same question.
void rp_facts_add_answer(rp_facts *facts, const rp_fact_answer *answer);

// `rp_facts_set_row` for those who set many: most columns have values already.
static inline void rp_facts_put_row(rp_facts *facts, uint32_t column, uint32_t row, uint32_t target)
{
    const rp_fact_column *c = &facts->columns[column];
    if (c->values == NULL || row == RP_NONE || target == RP_NONE) {
        rp_facts_set_row(facts, column, row, target);
        return;
    }
    ((uint32_t *)c->values)[row] = target;
    rp_bits_set(c->known, row);
    if (c->present != NULL) {
        rp_bits_set(c->present, row);
    }
}

// ---- Reading sealed facts ----------------------------------------------------------------------

// `pair` is below pair_count.
rp_listing rp_facts_listing(const rp_facts *facts, uint32_t table, uint32_t pair);

// Whether a reference finds its target in any account and Region: it has a join that is unique.
bool rp_facts_refers_widely(const rp_facts *facts, uint32_t column);

typedef struct rp_gap {
    rdspol_reason reason;
    uint32_t detail; // text id or RP_NONE
    uint32_t source; // that would tell, or RP_NONE
} rp_gap;

// Why a cell or a list is not known.
rp_gap rp_facts_column_gap(const rp_facts *facts, uint32_t column, uint32_t row);
rp_gap rp_facts_list_gap(const rp_facts *facts, uint32_t list, uint32_t row);

// What names a row in reports: its key, of a stub what its ARN or text says (decisions.md 8).
rp_str rp_facts_row_id(const rp_facts *facts, uint32_t table, uint32_t row);
// What a reference prints as: the key, or the text that named the target.
rp_str rp_facts_row_key(const rp_facts *facts, uint32_t table, uint32_t row);
// A known and present text of a cell; empty otherwise.
rp_str rp_facts_cell_text(const rp_facts *facts, uint32_t column, uint32_t row);
uint32_t rp_facts_cell_id(const rp_facts *facts, uint32_t column, uint32_t row);

// Gives back what a large table has room for beyond its rows, of which there will be no more.
// Before it is known what is judged and who owns what.
void rp_facts_shrink(rp_facts *facts, uint32_t table);

rdspol_status rp_facts_seal(rp_facts *facts, rdspol_error *error);
// Whether facts that were built for one bundle can be judged by another.
bool rp_facts_fit(const rp_facts *facts, const rp_bundle *bundle);

#endif
