// Reading inputs: one scheme, groups of files, threads, and one result.
//
// Files next to each other in the order of paths form groups of about a megabyte. The calling
// thread reads groups from the first on, into the caller's facts. The others read groups from the
// last one backwards, each into facts of its own, which are appended at the end in the order of the
// groups; that gives the same rows as one thread. So neither rows nor errors depend on who read
// what, and what is appended, and for a moment there twice, is the smaller part.
#define _POSIX_C_SOURCE 200809L

#include "collectors/files/include/rdspol_files.h"

#include "collectors/files/documents.h"
#include "collectors/files/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#if !defined(RP_NO_THREADS)
#include <pthread.h>
#endif

enum { GROUP_SIZE = 1024 * 1024, MAX_THREADS = 64 };

typedef struct group {
    size_t first, count; // files
    uint64_t size;
    rp_facts *facts;
    rdspol_status status;
    rdspol_error error;
    uint32_t identity_count; // accounts that GetCallerIdentity named outside folders
    rp_str identity;
} group;

typedef struct job {
    rp_documents documents;
    const rdspol_gunzip *gunzip;
    rp_str stdin_name;
    void (*begun)(void *ctx, rp_str name);
    void *begun_ctx;
    rp_scheme scheme;
    rp_arena arena;
    rp_paths paths;
    rp_facts *facts; // the caller's
    group *groups;
    size_t group_count;
    size_t front, back; // groups from `front` to `back` are not begun
    size_t failed;      // the first group that failed, or group_count
#if !defined(RP_NO_THREADS)
    pthread_mutex_t lock;
#endif
} job;

static void lock(job *j)
{
#if !defined(RP_NO_THREADS)
    (void)pthread_mutex_lock(&j->lock);
#else
    (void)j;
#endif
}

static void unlock(job *j)
{
#if !defined(RP_NO_THREADS)
    (void)pthread_mutex_unlock(&j->lock);
#else
    (void)j;
#endif
}

// ---- One file ----------------------------------------------------------------------------------

static ptrdiff_t read_descriptor(void *ctx, void *buffer, size_t capacity)
{
    const int *descriptor = ctx;
    for (;;) {
        ssize_t n = read(*descriptor, buffer, capacity);
        if (n >= 0 || errno != EINTR) {
            return n;
        }
    }
}

static rdspol_status cannot_open(const rp_path *path, int code, rdspol_error *error)
{
    const char *why = code == EACCES || code == EPERM ? "permission denied"
                      : code == ENOENT                ? "it has vanished"
                                                      : "cannot be opened";
    size_t skip = path->name.len > 100 ? path->name.len - 100 : 0;
    return rp_error_set(error, RDSPOL_INPUT, NULL, "%s: %s", path->name.ptr + skip, why);
}

static rdspol_status read_packed(const job *j, rp_facts *facts, rp_str name, int *descriptor,
                                 rp_kept *kept, rp_file_notes *notes, rdspol_error *error)
{
    if (j->gunzip == NULL) {
        return rp_error_set(error, RDSPOL_INPUT, NULL, "%.*s: compressed, which is not read here",
                            (int)(name.len < 200 ? name.len : 200), name.ptr);
    }
    void *stream = j->gunzip->open(j->gunzip->ctx, read_descriptor, descriptor);
    if (stream == NULL) {
        return rp_error_set(error, RDSPOL_NO_MEMORY, NULL, "out of memory");
    }
    rdspol_status status =
        rp_documents_read(&j->documents, facts, name, j->gunzip->read, stream, kept, notes, error);
    j->gunzip->close(stream);
    return status;
}

static void tell_begun(job *j, rp_str name)
{
    if (j->begun != NULL) {
        lock(j);
        j->begun(j->begun_ctx, name);
        unlock(j);
    }
}

static rdspol_status read_path(job *j, rp_facts *facts, const rp_path *path, rp_kept *kept,
                               rp_file_notes *notes, rdspol_error *error)
{
    bool standard = rp_str_equal(path->name, RP_STR("-"));
    int descriptor = standard ? 0 : open(path->name.ptr, O_RDONLY | O_CLOEXEC);
    rp_str name = standard ? j->stdin_name : path->name;
    if (descriptor < 0) {
        return cannot_open(path, errno, error);
    }
    tell_begun(j, path->name);
    rdspol_status status = path->gzip
                               ? read_packed(j, facts, name, &descriptor, kept, notes, error)
                               : rp_documents_read(&j->documents, facts, name, read_descriptor,
                                                   &descriptor, kept, notes, error);
    if (!standard) {
        (void)close(descriptor);
    }
    return status;
}

// ---- Groups ------------------------------------------------------------------------------------

static void note_identity(group *g, const rp_facts *facts, const rp_file_notes *notes)
{
    if (notes->identity == RP_NONE) {
        return;
    }
    rp_str account = rp_strtab_get(&facts->texts, notes->identity);
    if (g->identity_count == 0 || !rp_str_equal(account, g->identity)) {
        g->identity_count++;
        g->identity = account;
    }
}

static void read_group(job *j, group *g, rp_facts *facts)
{
    rp_kept kept;
    rp_kept_init(&kept, &j->documents, facts);
    for (size_t i = g->first; i < g->first + g->count && g->status == RDSPOL_OK; i++) {
        rp_file_notes notes;
        g->status = read_path(j, facts, j->paths.items[i], &kept, &notes, &g->error);
        if (g->status == RDSPOL_OK) {
            note_identity(g, facts, &notes);
        }
    }
    rp_kept_clear(&kept);
}

static bool make_groups(job *j)
{
    j->groups = RP_NEW_ARRAY(&j->arena, group, j->paths.count + 1);
    if (j->groups == NULL) {
        return false;
    }
    group *g = NULL;
    for (size_t i = 0; i < j->paths.count; i++) {
        const rp_path *path = j->paths.items[i];
        if (g == NULL || g->size + path->size > GROUP_SIZE) {
            g = &j->groups[j->group_count++];
            g->first = i;
        }
        g->count++;
        g->size += path->size + 1;
    }
    j->failed = j->back = j->group_count;
    return true;
}

// The next group from the front or the back; NULL if none is left. Groups behind one that failed
// are left out.
static group *take_group(job *j, bool front)
{
    group *g = NULL;
    lock(j);
    while (g == NULL && j->front < j->back) {
        size_t index = front ? j->front++ : --j->back;
        g = index < j->failed ? &j->groups[index] : NULL;
    }
    unlock(j);
    return g;
}

static void finish_group(job *j, const group *g)
{
    size_t index = (size_t)(g - j->groups);
    lock(j);
    if (g->status != RDSPOL_OK && index < j->failed) {
        j->failed = index;
    }
    unlock(j);
}

static void read_front(job *j)
{
    for (group *g = take_group(j, true); g != NULL; g = take_group(j, true)) {
        read_group(j, g, j->facts);
        finish_group(j, g);
    }
}

#if !defined(RP_NO_THREADS)
static void *read_back(void *ctx)
{
    job *j = ctx;
    for (group *g = take_group(j, false); g != NULL; g = take_group(j, false)) {
        g->status = rp_facts_new(&g->facts, j->scheme.bundle, j->documents.alloc);
        if (g->status == RDSPOL_OK) {
            read_group(j, g, g->facts);
            rp_facts_trim(g->facts);
        } else {
            (void)rp_error_set(&g->error, g->status, NULL, "out of memory");
        }
        finish_group(j, g);
    }
    return NULL;
}

static void append_group(job *j, group *g)
{
    // The text must outlive the group's facts.
    if (g->identity_count != 0) {
        g->identity = rp_arena_str(&j->arena, g->identity);
    }
    g->status = rp_facts_merge(j->facts, g->facts);
    if (g->status != RDSPOL_OK) {
        (void)rp_error_set(&g->error, g->status, NULL, "out of memory");
        j->failed = (size_t)(g - j->groups);
    }
    rp_facts_free(g->facts);
    g->facts = NULL;
}
#endif

#if !defined(RP_NO_THREADS)
static void read_together(job *j, uint32_t threads)
{
    pthread_t others[MAX_THREADS];
    uint32_t started = 0;
    while (started + 1 < threads && started + 1 < j->group_count &&
           pthread_create(&others[started], NULL, read_back, j) == 0) {
        started++;
    }
    read_front(j);
    for (uint32_t i = 0; i < started; i++) {
        (void)pthread_join(others[i], NULL);
    }
    for (size_t i = 0; i < j->group_count && j->failed == j->group_count; i++) {
        if (j->groups[i].facts != NULL) {
            append_group(j, &j->groups[i]);
        }
    }
}
#else
static void read_together(job *j, uint32_t threads)
{
    (void)threads;
    read_front(j);
}
#endif

// ---- The whole ---------------------------------------------------------------------------------

// If one account is the caller's, what says no account belongs to it.
static void apply_identity(job *j)
{
    rp_str account = rp_str_make("", 0);
    for (size_t i = 0; i < j->group_count; i++) {
        const group *g = &j->groups[i];
        bool other = account.len != 0 && !rp_str_equal(account, g->identity);
        if (g->identity_count > 1 || (g->identity_count == 1 && other)) {
            return;
        }
        account = g->identity_count == 1 ? g->identity : account;
    }
    if (account.len != 0 && j->documents.account.len == 0) {
        rp_facts_default_account(j->facts, rp_facts_text(j->facts, account));
    }
}

static bool start(job *j, rp_facts *facts, const rdspol_files_opts *opts)
{
    rp_documents *d = &j->documents;
    j->facts = facts;
    d->alloc = rp_alloc_or_libc((rp_alloc){opts->alloc, opts->alloc_ctx});
    d->account = opts->account;
    d->region = opts->region;
    d->ignore_unknown = opts->ignore_unknown_files != 0;
    d->limits = rp_json_limits_default();
    d->limits.input_size = opts->max_input_size != 0 ? opts->max_input_size : d->limits.input_size;
    d->limits.string_size =
        opts->max_string_size != 0 ? (size_t)opts->max_string_size : d->limits.string_size;
    d->limits.depth = opts->max_depth != 0 ? opts->max_depth : d->limits.depth;
    d->limits.member_count = opts->max_members != 0 ? opts->max_members : d->limits.member_count;
    j->gunzip = opts->gunzip;
    j->begun = opts->begun;
    j->begun_ctx = opts->begun_ctx;
    d->answer = opts->answer;
    d->answer_ctx = opts->answer_ctx;
    j->stdin_name = opts->stdin_name.len != 0 ? opts->stdin_name : rp_str_from("(standard input)");
    d->scheme = &j->scheme;
    rp_arena_init(&j->arena, d->alloc);
    return rp_scheme_make(&j->scheme, facts->bundle, d->alloc) &&
           rp_operations_make(&d->operations, facts->bundle, &j->arena);
}

static void clear(job *j)
{
    for (size_t i = 0; i < j->group_count; i++) {
        rp_facts_free(j->groups[i].facts);
    }
    rp_scheme_clear(&j->scheme);
    rp_arena_clear(&j->arena);
}

static rdspol_files_opts given(const rdspol_files_opts *opts)
{
    rdspol_files_opts all;
    memset(&all, 0, sizeof all);
    if (opts != NULL) {
        memcpy(&all, opts, opts->size < sizeof all ? opts->size : sizeof all);
    }
    return all;
}

// What a gzip file of JSON holds, by guess.
static uint64_t unpacked_size(const rp_path *path)
{
    enum { PACKED = 10 };
    return path->gzip ? path->size * PACKED : path->size;
}

static uint32_t thread_count(const job *j, const rdspol_files_opts *opts)
{
    uint64_t size = 0, most = opts->threads < MAX_THREADS ? opts->threads : MAX_THREADS;
    for (size_t i = 0; i < j->paths.count; i++) {
        size += unpacked_size(j->paths.items[i]);
    }
    uint64_t worth = opts->thread_size == 0 ? most : size / opts->thread_size + 1;
    return opts->answer != NULL ? 1 : (uint32_t)(worth < most ? worth : most);
}

static rdspol_status read_all(job *j, uint32_t threads, rdspol_error *error)
{
    if (!make_groups(j)) {
        return rp_error_set(error, RDSPOL_NO_MEMORY, NULL, "out of memory");
    }
#if !defined(RP_NO_THREADS)
    if (pthread_mutex_init(&j->lock, NULL) != 0) {
        return rp_error_set(error, RDSPOL_NO_MEMORY, NULL, "out of memory");
    }
#endif
    read_together(j, threads);
#if !defined(RP_NO_THREADS)
    (void)pthread_mutex_destroy(&j->lock);
#endif
    if (j->failed < j->group_count) {
        if (error != NULL) {
            *error = j->groups[j->failed].error;
        }
        return j->groups[j->failed].status;
    }
    apply_identity(j);
    return rp_facts_status(j->facts);
}

static void count_files(const job *j, rdspol_files_stats *stats)
{
    for (size_t i = 0; stats != NULL && i < j->paths.count; i++) {
        stats->files++;
        stats->bytes += j->paths.items[i]->size;
    }
}

rdspol_status rdspol_files_read(rdspol_facts *facts, const rdspol_str *inputs, size_t count,
                                rdspol_files_stats *stats, const rdspol_files_opts *opts,
                                rdspol_error *error)
{
    job j;
    rdspol_files_opts all = given(opts);
    memset(&j, 0, sizeof j);
    rdspol_status status = RDSPOL_NO_MEMORY;
    if (start(&j, facts, &all)) {
        status =
            rp_paths_find(&j.paths, &j.arena, inputs, count, j.documents.ignore_unknown, error);
        if (status == RDSPOL_OK) {
            count_files(&j, stats);
            status = read_all(&j, thread_count(&j, &all), error);
        }
    } else {
        (void)rp_error_set(error, status, NULL, "out of memory");
    }
    clear(&j);
    return status;
}

rdspol_status rdspol_files_read_stream(rdspol_facts *facts, rdspol_str name, rdspol_read_fn read,
                                       void *ctx, const rdspol_files_opts *opts,
                                       rdspol_error *error)
{
    job j;
    rdspol_files_opts all = given(opts);
    rp_file_notes notes;
    memset(&j, 0, sizeof j);
    rdspol_status status = RDSPOL_NO_MEMORY;
    if (start(&j, facts, &all)) {
        status = rp_documents_read_one(&j.documents, facts, name, read, ctx, &notes, error);
        if (status == RDSPOL_OK && notes.identity != RP_NONE && all.account.len == 0) {
            rp_facts_default_account(facts, notes.identity);
        }
    } else {
        (void)rp_error_set(error, status, NULL, "out of memory");
    }
    clear(&j);
    return status;
}

static ptrdiff_t read_text(void *ctx, void *buffer, size_t capacity)
{
    rp_str *rest = ctx;
    size_t n = rest->len < capacity ? rest->len : capacity;
    memcpy(buffer, rest->ptr, n);
    *rest = rp_str_from_offset(*rest, n);
    return (ptrdiff_t)n;
}

rdspol_status rdspol_files_read_text(rdspol_facts *facts, rdspol_str name, rdspol_str text,
                                     const rdspol_files_opts *opts, rdspol_error *error)
{
    return rdspol_files_read_stream(facts, name, read_text, &text, opts, error);
}
