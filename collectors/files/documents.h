// From a file of JSON documents to answers: which operation answered, to what question, where.
//
// The one idea: look first, then read. A document is looked at, held in the window, until its
// operation is known, which mostly takes one member; then it is read from its start as a stream.
// What was asked is known before a row is read, also where it stands behind the answer. Must not
// open files: bytes come from a callback.
#ifndef RP_FILES_DOCUMENTS_H
#define RP_FILES_DOCUMENTS_H

#include "collectors/files/include/rdspol_files.h"
#include "collectors/files/operations.h"
#include "collectors/files/rows.h"

// Shared by all files of one reading, also between threads.
typedef struct rp_documents {
    rp_alloc alloc;
    const rp_scheme *scheme;
    rp_operations operations;
    rp_json_limits limits;
    rp_str account, region; // of the flags, or empty
    bool ignore_unknown;
    void (*answer)(void *ctx, const rdspol_files_answer *answer); // in place of taking it in
    void *answer_ctx;
} rp_documents;

// What one file said beside facts: the account of GetCallerIdentity, RP_NONE or a text id.
typedef struct rp_file_notes {
    uint32_t identity;
    bool ignored; // its kind is unknown, and that is allowed
} rp_file_notes;

// What one file leaves for the next one: a window, and what was met. Of one builder of facts and of
// one thread.
typedef struct rp_kept {
    rp_json_spare spare;
    rp_reading rows;
} rp_kept;

void rp_kept_init(rp_kept *kept, const rp_documents *d, rp_facts *facts);
void rp_kept_clear(rp_kept *kept);

// Reads all documents of a stream into facts, those of `kept`. `path` is the file's name: for hints
// and places. The error has the file's name in its message, the byte offset and the path in the JSON.
rdspol_status rp_documents_read(const rp_documents *d, rp_facts *facts, rp_str path,
                                rp_read_fn read, void *ctx, rp_kept *kept,
                                rp_file_notes *notes, rdspol_error *error);
// The same where no other file follows.
rdspol_status rp_documents_read_one(const rp_documents *d, rp_facts *facts, rp_str path,
                                    rp_read_fn read, void *ctx, rp_file_notes *notes,
                                    rdspol_error *error);

#endif
