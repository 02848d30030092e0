// rdspol.h: evaluate rdspol bundles over facts. The only header that an embedder needs.
//
//     rdspol_bundle *bundle;  rdspol_facts *facts;  rdspol_run *run;
//     rdspol_bundle_open(&bundle, bytes, size, NULL, &error);   // verify once, share freely
//     rdspol_facts_new(&facts, bundle, NULL, &error);           // add rows and fields ...
//     rdspol_facts_seal(facts, &error);                         // ... and close
//     rdspol_run_new(&run, bundle, facts, &options, &error);    // bind: allocates
//     rdspol_run_evaluate(run, &error);                         // judge: allocates nothing
//     while (rdspol_run_next(run, &cursor, &finding) == RDSPOL_OK) { ... }
//
// Promises: no global state, no init call, no thread of its own, nothing printed, no file opened,
// no clock read (bytes and the time come in). Reentrant, fork-safe, not async-signal-safe. Every
// allocation goes through the allocator of the handle. Bounded stack. The same input gives the same
// result everywhere. A handle belongs to one thread at a time; an opened bundle and sealed facts
// are immutable and may be shared by any number of threads.
//
// Conventions: the result comes first, options and error last; both may be NULL. Option structs
// begin with `size`, which the caller sets to sizeof the struct; a zero field means the default.
// Texts are views (`rdspol_str`): pointer and length, no NUL needed, and the comment says how long
// a returned one stays valid. Enums only grow.
#ifndef RDSPOL_H
#define RDSPOL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(RDSPOL_STATIC) || !defined(__GNUC__)
#define RDSPOL_API
#else
#define RDSPOL_API __attribute__((visibility("default")))
#endif

#if defined(__GNUC__)
#define RDSPOL_CHECKED __attribute__((warn_unused_result))
#else
#define RDSPOL_CHECKED
#endif

#define RDSPOL_ABI_VERSION 1
#define RDSPOL_NONE 0xffffffffu

// ---- Plain types -------------------------------------------------------------------------------

#ifndef RDSPOL_STR_DEFINED
#define RDSPOL_STR_DEFINED
typedef struct rdspol_str {
    const char *ptr;
    size_t len;
} rdspol_str;
#endif

typedef enum rdspol_status {
    RDSPOL_OK = 0,
    RDSPOL_DONE = 1, // an iteration has nothing left
    RDSPOL_NO_MEMORY = 2,
    RDSPOL_INVALID_ARGUMENT = 3,
    RDSPOL_INVALID_BUNDLE = 4,
    RDSPOL_UNSUPPORTED_VERSION = 5,
    RDSPOL_HASH_MISMATCH = 6,
    RDSPOL_PARAMETER = 7,
    RDSPOL_CONFLICT = 8,
    RDSPOL_LIMIT = 9,
    RDSPOL_SCHEMA_MISMATCH = 10,
    RDSPOL_TOO_SMALL = 11,
    RDSPOL_INPUT = 12
} rdspol_status;

// What went wrong, for a human. Owned by the caller, nothing to free. `offset` is a byte of the
// input, RDSPOL_NONE-like (all bits set) if there is none; texts end in NUL.
typedef struct rdspol_error {
    rdspol_status status;
    uint64_t offset;
    char message[256];
    char path[128];
} rdspol_error;

// fn(ctx, NULL, 0, n) allocates, fn(ctx, p, old, n) resizes, fn(ctx, p, old, 0) frees. NULL on
// failure.
typedef void *(*rdspol_alloc_fn)(void *ctx, void *ptr, size_t old_size, size_t new_size);

// SHA-256 of a section. Returns nonzero if it could be computed.
typedef int (*rdspol_sha256_fn)(void *ctx, const void *data, size_t size, unsigned char out[32]);

typedef enum rdspol_verdict {
    RDSPOL_VERDICT_FAIL = 0,
    RDSPOL_VERDICT_UNKNOWN = 1,
    RDSPOL_VERDICT_WAIVED = 2,
    RDSPOL_VERDICT_PASS = 3,
    RDSPOL_VERDICT_NOT_APPLICABLE = 4
} rdspol_verdict;
#define RDSPOL_VERDICT_COUNT 5

typedef enum rdspol_severity {
    RDSPOL_SEVERITY_INFO = 0,
    RDSPOL_SEVERITY_LOW = 1,
    RDSPOL_SEVERITY_MEDIUM = 2,
    RDSPOL_SEVERITY_HIGH = 3,
    RDSPOL_SEVERITY_CRITICAL = 4
} rdspol_severity;

// Why a fact is missing.
typedef enum rdspol_reason {
    RDSPOL_REASON_NONE = 0,
    RDSPOL_REASON_ACCESS_DENIED = 1,
    RDSPOL_REASON_THROTTLED = 2,
    RDSPOL_REASON_NOT_SUPPLIED = 3,
    RDSPOL_REASON_KNOWN_AFTER_APPLY = 4,
    RDSPOL_REASON_INTRINSIC_FUNCTION = 5,
    RDSPOL_REASON_REGION_NOT_SCANNED = 6,
    RDSPOL_REASON_OTHER_ACCOUNT = 7,
    RDSPOL_REASON_INCOMPLETE_PAGE = 8,
    RDSPOL_REASON_NOT_IN_INPUT_KIND = 9,
    RDSPOL_REASON_ERROR = 10,
    RDSPOL_REASON_NOT_IN_ANSWER = 11,
    RDSPOL_REASON_UNPARSABLE = 12,
    RDSPOL_REASON_UNEXPECTED_VALUE = 13,
    RDSPOL_REASON_ARITHMETIC = 14,
    RDSPOL_REASON_DECLARED = 15
} rdspol_reason;

typedef struct rdspol_bundle rdspol_bundle;
typedef struct rdspol_facts rdspol_facts;
typedef struct rdspol_run rdspol_run;

// The number of the binary interface of the library, to compare with RDSPOL_ABI_VERSION.
RDSPOL_API int rdspol_abi_version(void);
// Names as in reports ("not_applicable", "access_denied"); valid forever, "?" for an unknown
// number.
RDSPOL_API const char *rdspol_status_text(rdspol_status status);
RDSPOL_API const char *rdspol_verdict_name(rdspol_verdict verdict);
RDSPOL_API const char *rdspol_severity_name(rdspol_severity severity);
RDSPOL_API const char *rdspol_reason_name(rdspol_reason reason);

// ---- Bundles -----------------------------------------------------------------------------------

typedef struct rdspol_open_opts {
    size_t size;
    rdspol_alloc_fn alloc; // default: that of libc
    void *alloc_ctx;
    rdspol_sha256_fn sha256; // default: hashes are not compared
    void *sha256_ctx;
} rdspol_open_opts;

// Opens and verifies a bundle. Bytes from anywhere are safe: they are accepted or refused with a
// place. Borrows `data` until `rdspol_bundle_close`. Fails on anything the verifier refuses, on a
// wrong hash and when memory runs out; then `*out` is NULL. Any thread.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_bundle_open(rdspol_bundle **out, const void *data,
                                                           size_t size,
                                                           const rdspol_open_opts *opts,
                                                           rdspol_error *error);
// Releases the bundle; facts and runs made from it must be freed before. NULL is allowed.
RDSPOL_API void rdspol_bundle_close(rdspol_bundle *bundle);

// Views of a bundle stay valid until it is closed. Indices run from 0 to the count.
RDSPOL_API rdspol_str rdspol_bundle_name(const rdspol_bundle *bundle);
RDSPOL_API uint32_t rdspol_bundle_policy_count(const rdspol_bundle *bundle);
RDSPOL_API uint32_t rdspol_bundle_param_count(const rdspol_bundle *bundle);
RDSPOL_API uint32_t rdspol_bundle_pack_count(const rdspol_bundle *bundle);

typedef struct rdspol_policy {
    rdspol_str name, module, kind, type; // kind "instance", type "AWS::RDS::DBInstance"
    rdspol_str description, owner;       // empty if there is none
    rdspol_str file;
    uint32_t line, column;
    uint32_t practice; // 0: none
    rdspol_severity severity;
    uint32_t judged; // by a run that selects nothing
    uint32_t control_count, link_count;
} rdspol_policy;

// RDSPOL_INVALID_ARGUMENT if there is no such policy.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_bundle_policy(const rdspol_bundle *bundle,
                                                             uint32_t index, rdspol_policy *out);
// Labels of a policy; empty beyond the count.
RDSPOL_API rdspol_str rdspol_bundle_control(const rdspol_bundle *bundle, uint32_t policy,
                                            uint32_t index);
RDSPOL_API rdspol_str rdspol_bundle_link(const rdspol_bundle *bundle, uint32_t policy,
                                         uint32_t index);
// The policy of that name, "name" where it is unique or "module.name"; RDSPOL_NONE if there is
// none.
RDSPOL_API uint32_t rdspol_bundle_find_policy(const rdspol_bundle *bundle, rdspol_str name);

typedef struct rdspol_pack {
    rdspol_str name, module, title;
    const uint32_t *policies; // the pack's policies, valid until the bundle is closed
    uint32_t policy_count;
} rdspol_pack;
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_bundle_pack(const rdspol_bundle *bundle,
                                                           uint32_t index, rdspol_pack *out);

// The bundle's code as text, for people and tests: RDSPOL_TOO_SMALL and the needed size in
// `*length` if `capacity` bytes do not hold it. Not NUL-terminated.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_bundle_disassemble(const rdspol_bundle *bundle,
                                                                  char *buffer, size_t capacity,
                                                                  size_t *length);

// ---- Facts -------------------------------------------------------------------------------------

typedef struct rdspol_facts_opts {
    size_t size;
    rdspol_alloc_fn alloc; // default: that of libc
    void *alloc_ctx;
} rdspol_facts_opts;

// Empty facts for the schema of a bundle, which must outlive them. Sealed facts serve every bundle
// with the same schema.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_facts_new(rdspol_facts **out,
                                                         const rdspol_bundle *bundle,
                                                         const rdspol_facts_opts *opts,
                                                         rdspol_error *error);
RDSPOL_API void rdspol_facts_free(rdspol_facts *facts);

// Says that an account and Region were looked at; policies about `region` judge each pair.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_facts_scope(rdspol_facts *facts, rdspol_str account,
                                                           rdspol_str region);
// Says that every type was completely listed everywhere; otherwise a type of which no answer is
// known gives `unknown` for each account and Region.
RDSPOL_API void rdspol_facts_assume_complete(rdspol_facts *facts);
// Says how listing a type went: reason RDSPOL_REASON_NONE and cut 0 is a complete answer.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_facts_listed(rdspol_facts *facts, rdspol_str kind,
                                                            rdspol_str account, rdspol_str region,
                                                            int cut, rdspol_reason reason,
                                                            rdspol_str detail);

// A new row of a type or record ("instance", "ingress_rule"); its fields are unknown until they are
// set. `account` and `region` may be empty. The row's number is for the calls below.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_facts_add(rdspol_facts *facts, rdspol_str kind,
                                                         rdspol_str account, rdspol_str region,
                                                         uint32_t *row);
// Sets a field from text, by the field's type: "true", "7", "0.1", "2027-03-31T12:00:00Z", "90d",
// "10.0.0.0/8", "16.4"; a reference by the text that names its target. Text that does not parse
// makes a version, cidr or time unknown and is RDSPOL_INVALID_ARGUMENT for the others.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_facts_set(rdspol_facts *facts, rdspol_str kind,
                                                         uint32_t row, rdspol_str field,
                                                         rdspol_str value);
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_facts_absent(rdspol_facts *facts, rdspol_str kind,
                                                            uint32_t row, rdspol_str field);
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_facts_unknown(rdspol_facts *facts, rdspol_str kind,
                                                             uint32_t row, rdspol_str field,
                                                             rdspol_reason reason,
                                                             rdspol_str detail);
// Sets a list of scalars or references from texts. `complete` 0: there may be more members.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_facts_list(rdspol_facts *facts, rdspol_str kind,
                                                          uint32_t row, rdspol_str field,
                                                          const rdspol_str *values, size_t count,
                                                          int complete);
// Sets a map: `values` holds key, value, key, value; `count` counts pairs.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_facts_map(rdspol_facts *facts, rdspol_str kind,
                                                         uint32_t row, rdspol_str field,
                                                         const rdspol_str *values, size_t count,
                                                         int complete);
// The same of a map whose values are records: key i has the row `rows[i]` of the record's kind.
RDSPOL_API RDSPOL_CHECKED rdspol_status
rdspol_facts_record_map(rdspol_facts *facts, rdspol_str kind, uint32_t row, rdspol_str field,
                        const rdspol_str *keys, const uint32_t *rows, size_t count, int complete);
// Sets a list of records to the rows `first` to `first + count` of the record's kind, or a field
// that is a record to the one row `first`.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_facts_rows(rdspol_facts *facts, rdspol_str kind,
                                                          uint32_t row, rdspol_str field,
                                                          uint32_t first, uint32_t count,
                                                          int complete);
// What follows the last field of a row: fields that were not set become absent where they may be,
// their default where they have one, lists empty; others stay unknown. Without it they are unknown.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_facts_complete(rdspol_facts *facts, rdspol_str kind,
                                                              uint32_t row);

// Closes the facts: resolves references, merges what several answers said about one resource.
// RDSPOL_CONFLICT if two disagree; the error names both places. Then the facts are immutable.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_facts_seal(rdspol_facts *facts, rdspol_error *error);

// Writes sealed facts as they lie in memory, to be opened again without reading them anew: packed
// facts. `write` returns 0 if it could not take the bytes. The same facts give the same bytes. Fails
// with RDSPOL_INVALID_ARGUMENT before sealing or after finishing, RDSPOL_INPUT if writing failed,
// RDSPOL_UNSUPPORTED_VERSION on a machine whose numbers are not little-endian.
typedef int (*rdspol_write_fn)(void *ctx, const void *data, size_t size);
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_facts_save(const rdspol_facts *facts,
                                                          rdspol_write_fn write, void *ctx,
                                                          rdspol_error *error);
// Opens packed facts for a bundle with the same schema. Borrows the bytes, which lie at a multiple of
// 64 and stay as they are until the facts are freed. The facts are sealed. Bytes from anywhere are
// checked: RDSPOL_INPUT if they are not packed facts or damaged, RDSPOL_SCHEMA_MISMATCH if they were
// made for another schema, RDSPOL_INVALID_ARGUMENT for bytes that lie elsewhere. The time is that of
// looking at each array once.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_facts_open(rdspol_facts **out,
                                                          const rdspol_bundle *bundle,
                                                          const void *data, size_t size,
                                                          const rdspol_facts_opts *opts,
                                                          rdspol_error *error);

// Gives back the memory that only making runs needs; the runs that there are go on as before, and
// `rdspol_run_new` of these facts is RDSPOL_INVALID_ARGUMENT. Does nothing before sealing. No other
// thread may use the facts meanwhile.
RDSPOL_API void rdspol_facts_finish(rdspol_facts *facts);

// A question that was not answered, or not completely (RDSPOL_REASON_INCOMPLETE_PAGE).
typedef struct rdspol_unanswered {
    rdspol_str service, operation; // "kms", "DescribeKey"; of a file that is no answer: "", its kind
    rdspol_str argument;           // what it was asked for, or empty
    rdspol_str account, region;    // empty where not known
    rdspol_reason reason;
    rdspol_str detail;
} rdspol_unanswered;
// Of sealed facts, in no order that means anything: the first from place `*at` on, and the place
// behind it in `*at`; begin with 0. RDSPOL_DONE at the end, RDSPOL_INVALID_ARGUMENT before sealing.
// Views stay valid until the facts are freed. Any thread.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_facts_next_unanswered(const rdspol_facts *facts,
                                                                     uint32_t *at,
                                                                     rdspol_unanswered *out);

// ---- Runs --------------------------------------------------------------------------------------

// A parameter from the caller. `name` may leave out the module where it is unique. A scalar has one
// value, a list any number; texts as for `rdspol_facts_set`.
typedef struct rdspol_param {
    rdspol_str name;
    const rdspol_str *values;
    size_t value_count;
} rdspol_param;

typedef struct rdspol_run_opts {
    size_t size;
    rdspol_alloc_fn alloc; // default: that of libc
    void *alloc_ctx;
    int64_t now; // milliseconds since 1970: the start of the run
    const rdspol_param *params;
    size_t param_count;
    const uint32_t *policies; // indices; default: those that the bundle judges by itself
    size_t policy_count;
    uint32_t chunk;      // rows at once, 1 to 1024; default 1024. Results do not depend on it.
    uint64_t cost_limit; // cells; default: no limit
} rdspol_run_opts;

// Binds a bundle to sealed facts; both must outlive the run. Fails on parameters
// (RDSPOL_PARAMETER), on the cost limit (RDSPOL_LIMIT), on facts of another schema, and when memory
// runs out.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_run_new(rdspol_run **out,
                                                       const rdspol_bundle *bundle,
                                                       const rdspol_facts *facts,
                                                       const rdspol_run_opts *opts,
                                                       rdspol_error *error);
RDSPOL_API void rdspol_run_free(rdspol_run *run);
// Judges. Allocates nothing and cannot fail but for a wrong call. May be repeated.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_run_evaluate(rdspol_run *run, rdspol_error *error);
// Gives back the memory that only judging needs, so that details and reports can have it. What was
// found stays; RDSPOL_INVALID_ARGUMENT is what evaluating again gives.
RDSPOL_API void rdspol_run_finish(rdspol_run *run);
// Another start of the run, for the next evaluation.
RDSPOL_API void rdspol_run_set_now(rdspol_run *run, int64_t now);
// Known before evaluation: the cost in cells, and the bytes that the run holds.
RDSPOL_API uint64_t rdspol_run_cost(const rdspol_run *run);
RDSPOL_API uint64_t rdspol_run_bytes(const rdspol_run *run);
// How many findings of a policy have a verdict; `policy` RDSPOL_NONE: of all.
RDSPOL_API uint64_t rdspol_run_count(const rdspol_run *run, uint32_t policy,
                                     rdspol_verdict verdict);

typedef struct rdspol_finding {
    uint32_t policy; // index in the bundle
    rdspol_verdict verdict;
    uint32_t table, row;                             // for the calls below
    rdspol_str kind, type, id, arn, account, region; // empty where not known
    rdspol_str file;                                 // empty if the facts came without a place
    uint32_t line, column, end_line, end_column;
    // Of a type of which nothing, or not everything, was answered: the finding stands on `region`.
    uint32_t about_type;
} rdspol_finding;

// A place in the order of findings; all zero is the beginning. The fields are the library's.
typedef struct rdspol_cursor {
    uint32_t state[8];
} rdspol_cursor;

// The next finding, in the order of reports: verdict, severity, practice, policy, account, Region,
// kind, id. Views stay valid until the run is freed. RDSPOL_DONE at the end.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_run_next(const rdspol_run *run,
                                                        rdspol_cursor *cursor, rdspol_finding *out);

// The same findings resource by resource: first the resources with a fail, then those with an
// unknown, and so on; of one resource by verdict, severity, practice and policy. A cursor is of one
// of the two walks. Everything else as above.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_run_next_by_resource(const rdspol_run *run,
                                                                    rdspol_cursor *cursor,
                                                                    rdspol_finding *out);

// Details of a finding, computed when asked for. They live in the run until the next call of
// `rdspol_run_explain` or its end.
typedef struct rdspol_witness {
    rdspol_str name, value;
} rdspol_witness;
typedef struct rdspol_message {
    rdspol_str text; // one of each false `require`, or of the false `when` of not_applicable
    rdspol_str file; // where the clause stands
    uint32_t line;
    const rdspol_witness *witnesses;
    size_t witness_count;
} rdspol_message;
typedef struct rdspol_missing {
    rdspol_str fact;      // "kms_key.key_state", or the operation for a whole type
    rdspol_str resource;  // key of the row that lacks it
    rdspol_str operation; // "kms:DescribeKey", empty if none would tell
    rdspol_reason reason;
    rdspol_str detail;
} rdspol_missing;
// `value` is JSON: null, true, a number or a string.
typedef struct rdspol_observed {
    rdspol_str field, value;
} rdspol_observed;
typedef struct rdspol_details {
    size_t size; // set by the caller
    const rdspol_message *messages;
    size_t message_count;
    const rdspol_missing *missing;
    size_t missing_count;
    const rdspol_observed *observed;
    size_t observed_count;
    const rdspol_witness *tags; // key and value
    size_t tag_count;
    rdspol_str title, remedy; // remedy: of fail and waived
    uint32_t waiver;          // index for rdspol_run_waiver, or RDSPOL_NONE
    int64_t waiver_until;     // milliseconds, the first instant that is too late
    rdspol_str waiver_because, waiver_file;
    uint32_t waiver_line;
} rdspol_details;

// Computes the details of a finding. Allocates from the run's allocator; not thread-safe for one
// run.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_run_explain(rdspol_run *run,
                                                           const rdspol_finding *finding,
                                                           rdspol_details *out,
                                                           rdspol_error *error);
// The policy's title with the run's parameters; valid until the run is freed.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_run_title(rdspol_run *run, uint32_t policy,
                                                         rdspol_str *out);

// The policy's remedy with the run's parameters and, where the resource's own values will stand,
// their names in braces: "aws rds ... {instance.id}", `{...}` for what is computed; empty if it has
// none. Valid until the run is freed.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_run_remedy(rdspol_run *run, uint32_t policy,
                                                          rdspol_str *out);

// A clause as the policy's author wrote its words: parameters filled in, the resource's own values by
// their names in braces. RDSPOL_INVALID_ARGUMENT beyond the last. Valid until the run is freed.
typedef struct rdspol_clause {
    uint32_t is_when; // a condition of the scope, else a requirement
    rdspol_str text;  // of its `else`; without one the title, or empty for it
    rdspol_str file;
    uint32_t line, column;
} rdspol_clause;
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_run_clause(rdspol_run *run, uint32_t policy,
                                                          uint32_t index, rdspol_clause *out);

typedef struct rdspol_waiver_state {
    rdspol_str kind, glob, because, file;
    uint32_t line;
    int64_t until;
    uint32_t expired;   // its time is over
    uint32_t unmatched; // its policies ran, and it matched no failed resource
    const uint32_t *policies;
    uint32_t policy_count;
} rdspol_waiver_state;
RDSPOL_API uint32_t rdspol_run_waiver_count(const rdspol_run *run);
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_run_waiver(const rdspol_run *run, uint32_t index,
                                                          rdspol_waiver_state *out);

// The value of a parameter as text, as the run uses it (a list joined by ", "; empty if absent).
typedef struct rdspol_param_state {
    rdspol_str name, module, value;
    uint32_t is_default;
    uint32_t member_count; // of a list; of a scalar 1, or 0 if it is absent
} rdspol_param_state;
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_run_param(rdspol_run *run, uint32_t index,
                                                         rdspol_param_state *out);
// One member of the value as JSON: true, a number or a string. RDSPOL_INVALID_ARGUMENT beyond the
// last. Valid until the run is freed.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_run_param_member(rdspol_run *run, uint32_t index,
                                                                uint32_t member, rdspol_str *out);

#ifdef __cplusplus
}
#endif

#endif
