// Walking folders with opendir and lstat; a folder that contains itself through a link is an error.
#define _POSIX_C_SOURCE 200809L

#include "collectors/files/folder.h"

#include "vm/bundle.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

enum { MAX_FOLDERS = 64 };

// The folders that are open, from the outermost: a link back to one of them is a loop.
typedef struct walk {
    rp_paths *paths;
    bool ignore_unknown;
    rdspol_error *error;
    struct { dev_t device; ino_t inode; } open[MAX_FOLDERS];
    size_t depth;
} walk;

static rdspol_status fail(const walk *w, const char *path, const char *what)
{
    size_t size = strlen(path), skip = size > 100 ? size - 100 : 0;
    return rp_error_set(w->error, RDSPOL_INPUT, NULL, "%s: %s", path + skip, what);
}

static rdspol_status no_memory(const walk *w)
{
    return rp_error_set(w->error, RDSPOL_NO_MEMORY, NULL, "out of memory");
}

static const char *errno_text(int code)
{
    switch (code) {
    case EACCES:
    case EPERM:
        return "permission denied";
    case ENOENT:
        return "there is no such file or folder";
    case ELOOP:
        return "a link that leads to itself";
    case ENAMETOOLONG:
        return "a path that is too long";
    default:
        return "cannot be read";
    }
}

static bool ends(rp_str name, const char *suffix)
{
    return rp_str_ends(name, rp_str_from(suffix));
}

// NULL: a name of AWS CLI JSON; "": of nothing known; else what it is and that it is not read.
static const char *kind_of_name(rp_str name, bool *gzip)
{
    *gzip = ends(name, ".gz");
    if (*gzip) {
        name.len -= 3;
    }
    if (ends(name, ".json")) {
        return NULL;
    }
    if (ends(name, ".ndjson")) {
        return "one document a line (NDJSON), which is not read here";
    }
    if (ends(name, ".yaml") || ends(name, ".yml") || ends(name, ".template")) {
        return "a CloudFormation template, which is not read here";
    }
    return "";
}

static rdspol_status add_path(walk *w, const char *path, uint64_t size, bool gzip)
{
    rp_path *item = RP_NEW(w->paths->arena, rp_path);
    if (item == NULL) {
        return no_memory(w);
    }
    item->name = rp_arena_str(w->paths->arena, rp_str_from(path));
    item->size = size;
    item->gzip = gzip;
    item->next = w->paths->list;
    w->paths->list = item;
    w->paths->count++;
    return item->name.ptr == NULL ? no_memory(w) : RDSPOL_OK;
}

static rdspol_status add_file(walk *w, const char *path, const struct stat *info, bool named)
{
    bool gzip;
    const char *kind = kind_of_name(rp_str_from(path), &gzip);
    if (kind != NULL && kind[0] != 0) {
        return fail(w, path, kind);
    }
    if (kind != NULL && !named) {
        return w->ignore_unknown ? RDSPOL_OK
                                 : fail(w, path, "no kind of input that is known (expected .json)");
    }
    return add_path(w, path, (uint64_t)info->st_size, gzip);
}

static rdspol_status add_any(walk *w, const char *path, bool named);

static char *join(walk *w, const char *folder, const char *name)
{
    size_t a = strlen(folder), b = strlen(name);
    char *path = rp_arena_alloc(w->paths->arena, a + b + 2);
    if (path != NULL) {
        memcpy(path, folder, a);
        a -= a > 1 && path[a - 1] == '/';
        path[a] = '/';
        memcpy(path + a + 1, name, b + 1);
    }
    return path;
}

static rdspol_status read_entries(walk *w, const char *path, DIR *folder)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (entry == NULL) {
            return errno == 0 ? RDSPOL_OK : fail(w, path, errno_text(errno));
        }
        if (entry->d_name[0] == '.') {
            continue;
        }
        char *inside = join(w, path, entry->d_name);
        RP_TRY(inside == NULL ? no_memory(w) : add_any(w, inside, false));
    }
}

static rdspol_status add_folder(walk *w, const char *path, const struct stat *info)
{
    for (size_t i = 0; i < w->depth; i++) {
        if (w->open[i].device == info->st_dev && w->open[i].inode == info->st_ino) {
            return fail(w, path, "a folder that contains itself through a link");
        }
    }
    if (w->depth == MAX_FOLDERS) {
        return fail(w, path, "folders nested deeper than 64");
    }
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return fail(w, path, errno_text(errno));
    }
    w->open[w->depth].device = info->st_dev;
    w->open[w->depth++].inode = info->st_ino;
    rdspol_status status = read_entries(w, path, folder);
    w->depth--;
    (void)closedir(folder);
    return status;
}

static rdspol_status add_any(walk *w, const char *path, bool named)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        return fail(w, path, errno_text(errno));
    }
    if (S_ISDIR(info.st_mode)) {
        return add_folder(w, path, &info);
    }
    if (S_ISREG(info.st_mode) || named) {
        return add_file(w, path, &info, named);
    }
    return w->ignore_unknown ? RDSPOL_OK : fail(w, path, "neither a file nor a folder");
}

static int compare(const void *a, const void *b)
{
    const rp_path *const *x = a, *const *y = b;
    return rp_str_compare((*x)->name, (*y)->name);
}

// Sorted; a file that two inputs name is read once.
static rdspol_status sort_paths(walk *w)
{
    rp_paths *p = w->paths;
    size_t n = 0, kept = 0;
    p->items = RP_NEW_ARRAY(p->arena, rp_path *, p->count);
    if (p->items == NULL) {
        return no_memory(w);
    }
    for (rp_path *item = p->list; item != NULL; item = item->next) {
        p->items[n++] = item;
    }
    qsort(p->items, n, sizeof *p->items, compare);
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || !rp_str_equal(p->items[kept - 1]->name, p->items[i]->name)) {
            p->items[kept++] = p->items[i];
        }
    }
    p->count = kept;
    return RDSPOL_OK;
}

rdspol_status rp_paths_find(rp_paths *paths, rp_arena *arena, const rp_str *inputs, size_t count,
                            bool ignore_unknown, rdspol_error *error)
{
    walk w = {.paths = paths, .ignore_unknown = ignore_unknown, .error = error};
    memset(paths, 0, sizeof *paths);
    paths->arena = arena;
    for (size_t i = 0; i < count; i++) {
        rp_str path = rp_arena_str(arena, inputs[i]);
        if (path.ptr == NULL) {
            return no_memory(&w);
        }
        if (rp_str_equal(path, RP_STR("-"))) {
            RP_TRY(add_path(&w, "-", 0, false));
        } else {
            size_t before = paths->count;
            RP_TRY(add_any(&w, path.ptr, true));
            if (paths->count == before) {
                return fail(&w, path.ptr, "a folder without any file of AWS CLI JSON");
            }
        }
    }
    return sort_paths(&w);
}
