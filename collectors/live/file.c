// Reading small files.
#include "collectors/live/file.h"

#include "collectors/live/fail.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_PATH = 16 * 1024 };

// ---- Reading -----------------------------------------------------------------------------------

static rdspol_status refuse(const char *path, const char *why, rdspol_error *error)
{
    return rp_fail(error, RDSPOL_INPUT, "%s cannot be read: %s", path, why);
}

// Fills `room` to the end of the file. Negative if reading failed.
static ptrdiff_t fill(int fd, char *room, size_t capacity)
{
    size_t size = 0;
    while (size < capacity) {
        ssize_t got = read(fd, room + size, capacity - size);
        if (got == 0) break;
        if (got < 0 && errno != EINTR) return -1;
        if (got > 0) size += (size_t)got;
    }
    return (ptrdiff_t)size;
}

// A byte more than the size tells whether it has grown since.
static rdspol_status read_open(rp_arena *arena, int fd, size_t expected, const char *path,
                               rp_str *text, rdspol_error *error)
{
    char *room = rp_arena_alloc(arena, expected + 1);
    if (room == NULL) return rp_fail_no_memory(error);
    ptrdiff_t size = fill(fd, room, expected + 1);
    if (size < 0) return refuse(path, strerror(errno), error);
    if ((size_t)size > expected) return refuse(path, "it changes while it is read", error);
    *text = rp_str_make(room, (size_t)size);
    return RDSPOL_OK;
}

rdspol_status rp_file_read(rp_arena *arena, const char *path, rp_str *text, rdspol_error *error)
{
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode)) return RDSPOL_DONE;
    if (status.st_size > RP_FILE_MAX) return refuse(path, "it is larger than 1 MiB", error);
    // Something else may stand there by now; it must not make us wait.
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return refuse(path, strerror(errno), error);
    rdspol_status result = read_open(arena, fd, (size_t)status.st_size, path, text, error);
    (void)close(fd);
    return result;
}

// ---- Paths -------------------------------------------------------------------------------------

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static const char *variable(rp_arena *arena, rp_environment environment, rp_str name)
{
    rp_str text = rp_arena_str(arena, name);
    return text.ptr != NULL ? environment.get(environment.ctx, text.ptr) : NULL;
}

// The length of $NAME or ${NAME} at the beginning of `text`, and its name; 0 if there is none.
static size_t find_name(rp_str text, rp_str *name)
{
    bool braced = text.len > 1 && text.ptr[1] == '{';
    size_t begin = braced ? 2 : 1;
    size_t end = begin;
    while (end < text.len && (braced ? text.ptr[end] != '}' : is_name_byte(text.ptr[end]))) end++;
    *name = rp_str_make(text.ptr + (begin < text.len ? begin : text.len), end - begin);
    if (text.len == 0 || text.ptr[0] != '$' || end == begin || (braced && end == text.len))
        return 0;
    return braced ? end + 1 : end;
}

static void add_variables(rp_buf *out, rp_arena *arena, rp_environment environment, rp_str path)
{
    while (path.len != 0) {
        rp_str name;
        size_t size = find_name(path, &name);
        const char *value = size != 0 ? variable(arena, environment, name) : NULL;
        if (value != NULL) {
            rp_buf_add_text(out, value);
            path = rp_str_from_offset(path, size);
        } else {
            rp_buf_add_char(out, path.ptr[0]);
            path = rp_str_from_offset(path, 1);
        }
    }
}

const char *rp_file_expand(rp_arena *arena, rp_environment environment, rp_str path)
{
    rp_buf plain, whole;
    rp_buf_init(&plain, arena->alloc, MAX_PATH);
    rp_buf_init(&whole, arena->alloc, MAX_PATH);
    add_variables(&plain, arena, environment, path);
    rp_str rest = rp_buf_str(&plain);
    const char *home = environment.get(environment.ctx, "HOME");
    bool tilde = rest.len != 0 && rest.ptr[0] == '~' && (rest.len == 1 || rest.ptr[1] == '/');
    if (tilde && home != NULL) {
        rp_buf_add_text(&whole, home);
        rest = rp_str_from_offset(rest, 1);
    }
    rp_buf_add_str(&whole, rest);
    bool failed = plain.failed || whole.failed;
    rp_str text = failed ? rp_str_make(NULL, 0) : rp_arena_str(arena, rp_buf_str(&whole));
    rp_buf_free(&plain);
    rp_buf_free(&whole);
    return text.ptr;
}
