// rdspol_files.h: read facts from files, folders and streams of AWS CLI JSON.
//
//     rdspol_facts_new(&facts, bundle, NULL, &error);
//     rdspol_files_opts opts = {.size = sizeof opts, .threads = 2};
//     rdspol_str inputs[] = {{"facts/", 6}};
//     rdspol_files_read(facts, inputs, 1, &opts, &error);
//     rdspol_facts_seal(facts, &error);                    // then judge: see rdspol.h
//
// Only what the bundle of the facts reads is kept; everything else is checked and skipped. The
// library needs libc, and POSIX for folders and threads; gzip comes from the caller, if at all.
// Nothing read is executed, no address is followed, and nothing half-read is judged: after an error
// the facts can only be freed.
//
// Promises: no global state, nothing printed, no environment read. Memory is bounded by what is
// kept of the input, not by its size. The result does not depend on the number of threads, nor on
// how the bytes arrive.
#ifndef RDSPOL_FILES_H
#define RDSPOL_FILES_H

#include "rdspol.h"

#ifdef __cplusplus
extern "C" {
#endif

// Reads up to `capacity` bytes: their number, 0 at the end, negative if reading failed.
typedef ptrdiff_t (*rdspol_read_fn)(void *ctx, void *buffer, size_t capacity);

// How a compressed stream is opened. `open` takes over nothing; it returns a stream that reads from
// `source`, or NULL if memory ran out; `read` is as rdspol_read_fn and negative also for damaged
// data and beyond the ratio limit; `close` frees the stream. `collectors/gzip.h` has one.
typedef struct rdspol_gunzip {
    void *(*open)(void *ctx, rdspol_read_fn source, void *source_ctx);
    ptrdiff_t (*read)(void *stream, void *buffer, size_t capacity);
    void (*close)(void *stream);
    void *ctx;
} rdspol_gunzip;

// One answer, as it stands in its document. Views are valid during the call. Without an operation it
// is none: an account and Region that saved facts say was looked at, whether anything answered or not.
typedef struct rdspol_files_answer {
    rdspol_str operation;       // "rds:DescribeDBInstances"
    rdspol_str account, region; // as far as document, folder or flags say
    const rdspol_str *names, *values; // what was asked
    size_t count;
    rdspol_str response;        // the answer, an object; or of a failure the next two
    rdspol_str code, message;
} rdspol_files_answer;

typedef struct rdspol_files_opts {
    size_t size;
    uint32_t threads;   // that read at once; default 1
    rdspol_str account; // of answers that do not say it; default: none
    rdspol_str region;
    rdspol_str stdin_name;         // of the input "-" in messages; default "(standard input)"
    uint32_t ignore_unknown_files; // 1: a file of no known kind is passed over; default: an error
    const rdspol_gunzip *gunzip;   // default: a compressed file is an error
    uint64_t max_input_size;       // bytes of one file, unpacked; default 4 GiB
    uint64_t max_string_size;      // bytes of one string; default 16 MiB
    uint32_t max_depth;            // of nesting; default and most 128
    uint64_t max_members;          // of one object or list; default 10 million
    rdspol_alloc_fn alloc;         // default: that of libc. With several threads: called from all.
    void *alloc_ctx;
    // Told when a file is begun, "-" of standard input; from the thread that reads it, one call at a
    // time. The name is valid during the call.
    void (*begun)(void *ctx, rdspol_str name);
    void *begun_ctx;
    // Told each answer of a known operation, which is then not taken in: to write what was collected
    // in another layout. The order is that of the inputs if `threads` is 1. Calls follow one another.
    void (*answer)(void *ctx, const rdspol_files_answer *answer);
    void *answer_ctx;
    // Bytes, unpacked by guess, for each of the threads: where there are fewer, so are threads. What
    // two threads read must be put together, which a small input is not worth. Default: any number.
    uint64_t thread_size;
} rdspol_files_opts;

// What was read.
typedef struct rdspol_files_stats {
    uint64_t files, bytes; // bytes as stored, before unpacking
} rdspol_files_stats;

// Reads files, folders (recursively, sorted by path, hidden files skipped) and "-", standard input,
// into facts that are not sealed. Borrows everything until it returns. Fails with RDSPOL_INPUT on
// what cannot be opened or is not an input, with the file in the message, the byte and the path in
// the JSON; of several the first in the order of paths. RDSPOL_LIMIT beyond a limit. The calling
// thread waits; `facts` must not be used meanwhile. `stats` may be NULL.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_files_read(rdspol_facts *facts,
                                                          const rdspol_str *inputs, size_t count,
                                                          rdspol_files_stats *stats,
                                                          const rdspol_files_opts *opts,
                                                          rdspol_error *error);

// Reads one stream. `name` stands in messages, and tells operation, argument, account and Region as
// the path of a file does. The callback is called until it says the end, from this thread only.
// Ownership, failure: as above.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_files_read_stream(rdspol_facts *facts,
                                                                 rdspol_str name,
                                                                 rdspol_read_fn read, void *ctx,
                                                                 const rdspol_files_opts *opts,
                                                                 rdspol_error *error);

// Reads one text in memory. Ownership, failure: as above.
RDSPOL_API RDSPOL_CHECKED rdspol_status rdspol_files_read_text(rdspol_facts *facts,
                                                               rdspol_str name, rdspol_str text,
                                                               const rdspol_files_opts *opts,
                                                               rdspol_error *error);

#ifdef __cplusplus
}
#endif

#endif
