// Files and streams of the program: reading whole files, writing fast and whole.
//
// The one idea: a writer collects bytes and remembers failure, so that reports never look at it
// before they close. A file appears under its name only when everything was written. Must not know
// what is written.
#ifndef RP_CLI_IO_H
#define RP_CLI_IO_H

#include "vm/base/str.h"

#include <signal.h>
#include <stdint.h>

// The most that is read of a source, parameter or bundle file.
#define RP_MAX_FILE_SIZE (256u * 1024u * 1024u)

// Reads a file, or standard input if `path` is "-". The text is the caller's, to be freed; it ends
// in a NUL that is not counted. `ptr` is NULL, with errno, if that failed.
rp_str rp_read_file(const char *path);

typedef struct rp_out {
    char *data;
    size_t size, capacity;
    int fd;
    int error;       // errno of the first failure
    bool memory;     // nothing is written: `data` grows, and is the result
    char *path;      // where the file will be; NULL: `fd` is written directly
    char *temporary; // where it is until then
    sigset_t held;   // while there is a temporary file: the signals as they were
} rp_out;

// To an open descriptor, which stays open.
bool rp_out_open(rp_out *out, int fd);
// To memory: `data` and `size` until it is closed.
bool rp_out_open_memory(rp_out *out);
// To a file. What is no plain file (a pipe, /dev/null) is written directly. False, with errno.
// Until it is closed SIGINT, SIGTERM and SIGHUP wait: writing ends with EINTR when one has come,
// and it is delivered when the temporary file is gone.
bool rp_out_open_file(rp_out *out, const char *path);
// Writes what is left; puts the file in its place if `keep` and nothing failed, else leaves what
// was there. False, with errno, if anything failed.
bool rp_out_close(rp_out *out, bool keep);

void rp_out_flush(rp_out *out);
// Room for `size` more bytes, at most RP_OUT_ROOM; the caller adds to `size` what it has written.
#define RP_OUT_ROOM 4096u
static inline char *rp_out_room(rp_out *out, size_t size)
{
    if (out->capacity - out->size < size) rp_out_flush(out);
    return out->data + out->size;
}

void rp_out_add_large(rp_out *out, const char *data, size_t size);
static inline void rp_out_add(rp_out *out, const char *data, size_t size)
{
    if (size > RP_OUT_ROOM) {
        rp_out_add_large(out, data, size);
        return;
    }
    char *to = rp_out_room(out, size);
    if (size != 0) memcpy(to, data, size);
    out->size += size;
}
#define RP_OUT_LITERAL(out, literal) rp_out_add((out), (literal), sizeof(literal) - 1)
static inline void rp_out_str(rp_out *out, rp_str text)
{
    rp_out_add(out, text.ptr, text.len);
}
static inline void rp_out_text(rp_out *out, const char *text)
{
    rp_out_add(out, text, strlen(text));
}
static inline void rp_out_char(rp_out *out, char c)
{
    *rp_out_room(out, 1) = c;
    out->size++;
}
void rp_out_u64(rp_out *out, uint64_t value);

// Text from strangers for a terminal: control characters, broken UTF-8 and marks that turn the
// direction of writing become visible escapes. Line ends become \x0a.
void rp_out_safe(rp_out *out, rp_str text);

#endif
