// Reading and writing files.
#include "cli/io.h"

#include "vm/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OUT_CAPACITY = 64 * 1024, MAX_LINKS = 40, MAX_DIGITS = 20 };

// ---- Reading -----------------------------------------------------------------------------------

static rp_str nothing(char *text)
{
    int error = errno;
    free(text);
    errno = error;
    return rp_str_make(NULL, 0);
}

static rp_str read_descriptor(int fd)
{
    size_t capacity = 16 * 1024;
    size_t size = 0;
    char *text = malloc(capacity);
    for (;;) {
        ssize_t got = text != NULL ? read(fd, text + size, capacity - size - 1) : -1;
        if (got < 0 && text != NULL && errno == EINTR) continue;
        if (got < 0) return nothing(text);
        size += (size_t)got;
        if (got == 0) break;
        if (size > RP_MAX_FILE_SIZE) {
            errno = EFBIG;
            return nothing(text);
        }
        if (capacity - size < 2) {
            char *more = realloc(text, capacity * 2);
            if (more == NULL) return nothing(text);
            text = more;
            capacity *= 2;
        }
    }
    text[size] = '\0';
    return rp_str_make(text, size);
}

rp_str rp_read_file(const char *path)
{
    if (strcmp(path, "-") == 0) return read_descriptor(STDIN_FILENO);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return rp_str_make(NULL, 0);
    rp_str text = read_descriptor(fd);
    int error = errno;
    (void)close(fd);
    errno = error;
    return text;
}

// ---- Writing -----------------------------------------------------------------------------------

bool rp_out_open(rp_out *out, int fd)
{
    *out = (rp_out){.fd = fd, .capacity = OUT_CAPACITY, .data = malloc(OUT_CAPACITY)};
    return out->data != NULL;
}

bool rp_out_open_memory(rp_out *out)
{
    size_t capacity = RP_OUT_ROOM;
    *out = (rp_out){.fd = -1, .capacity = capacity, .data = malloc(capacity), .memory = true};
    return out->data != NULL;
}

static char *joined(const char *a, size_t a_size, const char *b)
{
    size_t size = a_size + strlen(b) + 1;
    char *text = malloc(size);
    if (text != NULL) (void)snprintf(text, size, "%.*s%s", (int)a_size, a, b);
    return text;
}

static size_t folder_size(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? (size_t)(slash - path) + 1 : 0;
}

// Where writing to `path` ends up: symbolic links are followed, also one that points nowhere yet.
static char *target_of(const char *path)
{
    char *at = joined(path, strlen(path), "");
    char link[PATH_MAX];
    for (int hops = 0; at != NULL; hops++) {
        ssize_t size = readlink(at, link, sizeof link - 1);
        if (size < 0) return at;
        link[size] = '\0';
        char *next = joined(at, link[0] == '/' ? 0 : folder_size(at), link);
        free(at);
        at = next;
        if (hops == MAX_LINKS) {
            free(at);
            errno = ELOOP;
            return NULL;
        }
    }
    return NULL;
}

// Permissions of the file that is replaced, or those of a new one.
static mode_t mode_for(const char *path)
{
    struct stat status;
    if (stat(path, &status) == 0) return status.st_mode & 07777;
    mode_t mask = umask(0);
    (void)umask(mask);
    return 0666 & ~mask;
}

static bool is_special(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

// ---- Signals -----------------------------------------------------------------------------------

enum { ENDING_COUNT = 3 };
static const int ending[ENDING_COUNT] = {SIGINT, SIGTERM, SIGHUP};

// Whether a signal ends the program: not if its parent made it ignore the signal.
static bool is_ending(int number)
{
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_IGN;
}

static void hold_signals(rp_out *out)
{
    sigset_t set;
    (void)sigemptyset(&set);
    for (size_t i = 0; i < ENDING_COUNT; i++) {
        if (is_ending(ending[i])) (void)sigaddset(&set, ending[i]);
    }
    (void)sigprocmask(SIG_BLOCK, &set, &out->held);
}

// A signal that came meanwhile takes effect here.
static void release_signals(const rp_out *out)
{
    (void)sigprocmask(SIG_SETMASK, &out->held, NULL);
}

static bool signal_came(void)
{
    sigset_t pending;
    if (sigpending(&pending) != 0) return false;
    for (size_t i = 0; i < ENDING_COUNT; i++) {
        if (sigismember(&pending, ending[i]) == 1 && is_ending(ending[i])) return true;
    }
    return false;
}

// ---- Files in the making -----------------------------------------------------------------------

static bool open_temporary(rp_out *out, const char *path)
{
    out->path = target_of(path);
    if (out->path == NULL) return false;
    size_t folder = folder_size(out->path);
    out->temporary = joined(out->path, folder, ".rdspol-XXXXXX");
    if (out->temporary == NULL) return false;
    hold_signals(out);
    out->fd = mkstemp(out->temporary);
    if (out->fd < 0) return false;
    (void)fcntl(out->fd, F_SETFD, FD_CLOEXEC);
    return fchmod(out->fd, mode_for(out->path)) == 0;
}

bool rp_out_open_file(rp_out *out, const char *path)
{
    if (!rp_out_open(out, -1)) return false;
    bool special = is_special(path);
    if (special) {
        out->fd = open(path, O_WRONLY | O_CLOEXEC);
        out->path = out->fd >= 0 ? joined(path, strlen(path), "") : NULL;
    }
    if (special ? out->path != NULL : open_temporary(out, path)) return true;
    int error = errno;
    (void)rp_out_close(out, false);
    errno = error;
    return false;
}

static void write_all(rp_out *out, const char *data, size_t size)
{
    while (size > 0 && out->error == 0) {
        ssize_t wrote = write(out->fd, data, size);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) {
            out->error = errno;
            return;
        }
        data += wrote;
        size -= (size_t)wrote;
    }
}

// What no memory can be found for is lost, and remembered as lost.
static void grow(rp_out *out)
{
    char *data = realloc(out->data, out->capacity * 2);
    if (data == NULL) {
        out->error = ENOMEM;
        out->size = 0;
        return;
    }
    out->data = data;
    out->capacity *= 2;
}

void rp_out_flush(rp_out *out)
{
    if (out->memory) {
        grow(out);
        return;
    }
    if (out->temporary != NULL && out->error == 0 && signal_came()) out->error = EINTR;
    write_all(out, out->data, out->size);
    out->size = 0;
}

void rp_out_add_large(rp_out *out, const char *data, size_t size)
{
    while (out->memory && size > 0) {
        size_t part = size < RP_OUT_ROOM ? size : RP_OUT_ROOM;
        rp_out_add(out, data, part);
        data += part;
        size -= part;
    }
    if (size == 0) return;
    rp_out_flush(out);
    write_all(out, data, size);
}

static void note_failure(rp_out *out, bool failed)
{
    if (failed && out->error == 0) out->error = errno != 0 ? errno : EIO;
}

// Only a file that was opened here is closed, synchronised and put in its place.
static void finish_file(rp_out *out, bool keep)
{
    bool replace = out->temporary != NULL && keep;
    if (replace && out->error == 0) note_failure(out, fsync(out->fd) != 0);
    if (out->fd >= 0) note_failure(out, close(out->fd) != 0);
    if (replace && out->error == 0) note_failure(out, rename(out->temporary, out->path) != 0);
    bool left = out->temporary != NULL && (!keep || out->error != 0);
    if (left) (void)unlink(out->temporary);
    if (out->temporary != NULL) release_signals(out);
}

bool rp_out_close(rp_out *out, bool keep)
{
    bool standard = out->path == NULL && out->temporary == NULL;
    if (!out->memory && (keep || standard)) rp_out_flush(out);
    if (!standard) finish_file(out, keep);
    free(out->data);
    free(out->path);
    free(out->temporary);
    errno = out->error;
    bool good = out->error == 0;
    *out = (rp_out){.fd = -1};
    return good;
}

void rp_out_u64(rp_out *out, uint64_t value)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    size_t count = 1;
    for (uint64_t limit = 10; count < MAX_DIGITS && value >= limit; limit *= 10) count++;
    char *at = rp_out_room(out, count) + count;
    out->size += count;
    for (; count >= 2; count -= 2, value /= 100) memcpy(at -= 2, pairs + value % 100 * 2, 2);
    if (count == 1) at[-1] = (char)('0' + value);
}

// ---- Text of strangers -------------------------------------------------------------------------

// The length of the valid UTF-8 sequence at the beginning of `text`, or 0; its code point.
static size_t decode(rp_str text, uint32_t *code)
{
    unsigned char first = (unsigned char)text.ptr[0];
    size_t size = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
    if (size == 0 || size > text.len || !rp_utf8_is_valid(rp_str_make(text.ptr, size))) return 0;
    static const unsigned char mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    *code = first & mask[size];
    for (size_t i = 1; i < size; i++) *code = *code << 6 | ((unsigned char)text.ptr[i] & 0x3fu);
    return size;
}

static bool turns_writing(uint32_t code)
{
    return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
           code == 0x200e || code == 0x200f || code == 0x061c;
}

static void add_escaped_bytes(rp_out *out, rp_str bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.ptr[i];
        char escape[4] = {'\\', 'x', digits[c >> 4], digits[c & 15]};
        rp_out_add(out, escape, sizeof escape);
    }
}

// One character of `text` that is not plain ASCII; returns its size.
static size_t add_strange(rp_out *out, rp_str text)
{
    uint32_t code = 0;
    size_t size = decode(text, &code);
    if (size == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0)) {
        size = size == 0 ? 1 : size;
        add_escaped_bytes(out, rp_str_make(text.ptr, size));
    } else if (turns_writing(code) || code == 0x2028 || code == 0x2029) {
        char escape[16];
        int length = snprintf(escape, sizeof escape, "\\u{%x}", (unsigned)code);
        rp_out_add(out, escape, (size_t)length);
    } else {
        rp_out_add(out, text.ptr, size);
    }
    return size;
}

void rp_out_safe(rp_out *out, rp_str text)
{
    size_t done = 0;
    while (done < text.len) {
        size_t plain = done;
        while (plain < text.len && text.ptr[plain] >= 0x20 && text.ptr[plain] < 0x7f) plain++;
        rp_out_add(out, text.ptr + done, plain - done);
        done = plain;
        if (done < text.len) done += add_strange(out, rp_str_from_offset(text, done));
    }
}
