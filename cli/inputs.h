// The inputs as they were named, and the hashes of those that are files.
//
// The one idea: hashing takes as long as writing a report, so a thread does it meanwhile and reads
// the files again; a file that is not the same as before it was read is an error. A folder has no
// hash, nor has standard input.
#ifndef RP_CLI_INPUTS_H
#define RP_CLI_INPUTS_H

#include "cli/app.h"

#include <pthread.h>
#include <sys/types.h>
#include <time.h>

typedef struct rp_input {
    const char *name;
    bool hashed;
    dev_t device;
    ino_t number;
    off_t size;
    struct timespec changed;
    char sha256[RP_SHA256_HEX_SIZE];
} rp_input;

typedef struct rp_inputs {
    rp_input *list;
    size_t count;
    bool failed; // memory ran out
    rp_crypto *crypto;
    pthread_t thread;
    bool started, done;
    const rp_input *odd; // the first that is not what was read
} rp_inputs;

// Notes what will be read, as it is before that. Borrows the names. False if memory ran out.
bool rp_inputs_note(rp_inputs *inputs, const char *const *names, size_t count);
// Begins to hash them; `crypto` is loaded, and stays so until they are waited for.
void rp_inputs_hash(rp_inputs *inputs, rp_crypto *crypto);
// Waits for the hashes. False, with what went wrong, if a file has changed or cannot be read again.
bool rp_inputs_wait(rp_inputs *inputs, rdspol_error *error);
void rp_inputs_free(rp_inputs *inputs);

#endif
