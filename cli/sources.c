// Source files of policies: found, read, named, compiled.
#include "cli/sources.h"

#include "cli/stdlib.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FOLDER_DEPTH = 32 };

static const char *const pack_names[] = {"practices", "securityhub", "cis", "strict", "all"};

bool rp_is_pack_name(const char *name)
{
    for (size_t i = 0; i < sizeof pack_names / sizeof pack_names[0]; i++) {
        if (strcmp(pack_names[i], name) == 0) return true;
    }
    return false;
}

// ---- The set -----------------------------------------------------------------------------------

static rp_source_file *new_file(rp_source_set *set)
{
    if (set->count == set->capacity) {
        size_t capacity = set->capacity == 0 ? 16 : set->capacity * 2;
        rp_source_file *files = realloc(set->files, capacity * sizeof *files);
        if (files == NULL) {
            set->failed = true;
            return NULL;
        }
        set->files = files;
        set->capacity = capacity;
    }
    return &set->files[set->count];
}

// Reads a file into the set; false with errno. Takes over `path`.
static bool add_file(rp_source_set *set, char *path)
{
    rp_source_file *file = path != NULL ? new_file(set) : NULL;
    rp_str text = file != NULL ? rp_read_file(path) : rp_str_make(NULL, 0);
    if (text.ptr == NULL) {
        int error = errno;
        free(path);
        errno = error;
        return false;
    }
    size_t skip = strlen(path) > set->prefix_size ? set->prefix_size : 0;
    *file = (rp_source_file){path, path + skip, text};
    set->count++;
    return true;
}

static bool add_library(rp_source_set *set)
{
    set->library = true;
    for (size_t i = 0; i < rp_stdlib_file_count; i++) {
        rp_source_file *file = new_file(set);
        char *path = strdup(rp_stdlib_files[i].name);
        char *text = malloc(rp_stdlib_files[i].size + 1);
        if (file == NULL || path == NULL || text == NULL) {
            free(path);
            free(text);
            set->failed = true;
            return false;
        }
        memcpy(text, rp_stdlib_files[i].text, rp_stdlib_files[i].size + 1);
        *file = (rp_source_file){path, path, rp_str_make(text, rp_stdlib_files[i].size)};
        set->count++;
    }
    return true;
}

void rp_source_set_free(rp_source_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        free(set->files[i].path);
        free((void *)(uintptr_t)set->files[i].text.ptr);
    }
    free(set->files);
    *set = (rp_source_set){0};
}

// ---- Folders -----------------------------------------------------------------------------------

static char *below(const char *folder, const char *name)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    bool slash = folder[0] != '\0' && folder[strlen(folder) - 1] == '/';
    if (path != NULL) (void)snprintf(path, size, "%s%s%s", folder, slash ? "" : "/", name);
    return path;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool is_source_name(const char *name)
{
    return rp_str_ends(rp_str_from(name), RP_STR(".rdspol"));
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool add_folder(rp_source_set *set, const char *folder, unsigned depth);

static bool add_entry(rp_source_set *set, const char *folder, const char *name, unsigned depth)
{
    char *path = below(folder, name);
    if (path == NULL) return false;
    if (is_folder(path)) {
        bool good = add_folder(set, path, depth + 1);
        free(path);
        return good;
    }
    if (is_source_name(name)) return add_file(set, path);
    free(path);
    return true;
}

// Sorted by name, so that the same folder gives the same bundle everywhere.
static bool add_folder(rp_source_set *set, const char *folder, unsigned depth)
{
    struct dirent **entries = NULL;
    if (depth == MAX_FOLDER_DEPTH) {
        errno = ELOOP;
        return false;
    }
    int count = scandir(folder, &entries, is_visible, by_bytes);
    bool good = count >= 0;
    int error = errno;
    for (int i = 0; i < count; i++) {
        if (good && !add_entry(set, folder, entries[i]->d_name, depth)) {
            good = false;
            error = errno;
        }
        free(entries[i]);
    }
    free(entries);
    errno = error;
    return good;
}

bool rp_source_set_add(rp_source_set *set, const char *path)
{
    size_t before = set->count;
    bool folder = is_folder(path);
    errno = ENOMEM;
    bool good = folder ? add_folder(set, path, 0) : add_file(set, strdup(path));
    if (!good) {
        (void)rp_app_error("%s: %s", path, strerror(errno));
    } else if (folder && set->count == before) {
        (void)rp_app_error("%s: no .rdspol file in this folder", path);
        return false;
    }
    set->given = set->count;
    return good;
}

bool rp_source_set_add_operands(rp_source_set *set, const rp_args *args)
{
    if (args->operand_count == 1 && rp_is_pack_name(args->operands[0])) {
        bool good = add_library(set);
        set->given = set->count;
        return good;
    }
    set->library = rp_args_on(args, RP_OPTION_LIBRARY);
    for (size_t i = 0; i < args->operand_count; i++) {
        if (!rp_source_set_add(set, args->operands[i])) return false;
    }
    if (args->operand_count == 0) (void)rp_app_error("no policies were named");
    return args->operand_count > 0;
}

static size_t common_folder(const rp_source_set *set)
{
    const char *first = set->files[0].path;
    size_t size = strlen(first);
    for (size_t i = 1; i < set->count; i++) {
        size_t same = 0;
        while (same < size && first[same] == set->files[i].path[same]) same++;
        size = same;
    }
    while (size > 0 && first[size - 1] != '/') size--;
    return size;
}

void rp_source_set_shorten(rp_source_set *set)
{
    if (set->count == 0) return;
    set->prefix_size = common_folder(set);
    for (size_t i = 0; i < set->count; i++)
        set->files[i].name = set->files[i].path + set->prefix_size;
}

// ---- Imports beside the importing file ---------------------------------------------------------

static const rp_source_file *find_by_name(const rp_source_set *set, rp_str name)
{
    for (size_t i = 0; i < set->count; i++) {
        if (rp_str_equal(rp_str_from(set->files[i].name), name)) return &set->files[i];
    }
    return NULL;
}

// "folder/of/importer/" and the module's name.
static char *path_beside(const rp_source_file *importer, rp_str module, const char *ending)
{
    const char *slash = strrchr(importer->path, '/');
    int folder = slash != NULL ? (int)(slash - importer->path) + 1 : 0;
    size_t size = (size_t)folder + module.len + strlen(ending) + 1;
    char *path = malloc(size);
    if (path == NULL) return NULL;
    (void)snprintf(path, size, "%.*s%.*s%s", folder, importer->path, (int)module.len, module.ptr,
                   ending);
    return path;
}

static bool is_in_set(const rp_source_set *set, const char *path)
{
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(set->files[i].path, path) == 0) return true;
    }
    return false;
}

static size_t load_module(void *ctx, rdspol_str module, rdspol_str importer, rdspol_source *out,
                          size_t capacity)
{
    rp_source_set *set = ctx;
    const rp_source_file *from = find_by_name(set, importer);
    char *file = from != NULL ? path_beside(from, module, ".rdspol") : NULL;
    char *folder = from != NULL ? path_beside(from, module, "") : NULL;
    size_t before = set->count;
    if (file != NULL && access(file, F_OK) == 0 && !is_in_set(set, file)) {
        (void)add_file(set, file);
        file = NULL;
    } else if (folder != NULL && is_folder(folder)) {
        (void)add_folder(set, folder, 0);
    }
    free(file);
    free(folder);
    size_t count = 0;
    for (size_t i = before; i < set->count && count < capacity; i++, count++) {
        out[count] =
            (rdspol_source){.name = rp_str_from(set->files[i].name), .text = set->files[i].text};
    }
    return count;
}

// ---- Compiling ---------------------------------------------------------------------------------

static const char packs_text[] = "import practices\nimport securityhub\nimport packs\n";

static rdspol_source *library_sources(void)
{
    rdspol_source *list = calloc(rp_stdlib_file_count, sizeof *list);
    for (size_t i = 0; list != NULL && i < rp_stdlib_file_count; i++) {
        const rp_stdlib_file *file = &rp_stdlib_files[i];
        list[i] = (rdspol_source){.name = rp_str_from(file->name),
                                  .text = rp_str_make((const char *)file->text, file->size),
                                  .module_hint = rp_str_from(file->module)};
    }
    return list;
}

static rdspol_source *given_sources(const rp_source_set *set, uint32_t flags, size_t *count)
{
    rdspol_source *list = calloc(set->given + 1, sizeof *list);
    for (size_t i = 0; list != NULL && i < set->given; i++) {
        list[i] =
            (rdspol_source){.name = rp_str_from(set->files[i].name), .text = set->files[i].text};
    }
    *count = set->given;
    if (list != NULL && (flags & RP_COMPILE_BESIDE_PACKS) != 0) {
        list[(*count)++] =
            (rdspol_source){.name = RP_STR("(packs)"), .text = rp_str_from(packs_text)};
    }
    return list;
}

static bool print_diagnostics(const rp_app *app, rdspol_compilation *done)
{
    rp_out out;
    rdspol_str text;
    bool color = rp_app_color(app, STDERR_FILENO);
    rdspol_print what = color ? RDSPOL_PRINT_DIAGNOSTICS_COLOR : RDSPOL_PRINT_DIAGNOSTICS;
    if (rdspol_compilation_print(done, what, &text, NULL) != RDSPOL_OK ||
        !rp_out_open(&out, STDERR_FILENO)) {
        return false;
    }
    rp_out_str(&out, text);
    return rp_out_close(&out, true);
}

static bool is_accepted(rp_app *app, rdspol_compilation *done, uint32_t flags)
{
    uint32_t errors = rdspol_compilation_error_count(done);
    uint32_t warnings = rdspol_compilation_warning_count(done);
    bool strict = rp_args_on(&app->args, RP_OPTION_WERROR);
    bool show = errors > 0 || (warnings > 0 && (flags & RP_COMPILE_SILENT) == 0);
    if (show) (void)print_diagnostics(app, done);
    return errors == 0 && (warnings == 0 || !strict);
}

rdspol_compilation *rp_sources_compile(rp_app *app, rp_source_set *set, uint32_t flags)
{
    size_t count = 0;
    rdspol_error error = {0};
    rdspol_compilation *done = NULL;
    rdspol_source *library = library_sources();
    rdspol_source *given = given_sources(set, flags, &count);
    rdspol_compile_opts opts = {.size = sizeof opts,
                                .library = library,
                                .library_count = set->library ? 0 : rp_stdlib_file_count,
                                .is_library = set->library,
                                .load = load_module,
                                .load_ctx = set,
                                .keep_tests = (flags & RP_COMPILE_TESTS) != 0};
    if ((flags & RP_COMPILE_HASHED) != 0) {
        opts.sha256 = rp_crypto_sha256_of_section;
        opts.sha256_ctx = &app->crypto;
    }
    rdspol_status status = RDSPOL_NO_MEMORY;
    if (library != NULL && given != NULL)
        status = rdspol_compile(&done, given, count, &opts, &error);
    error.status = status;
    if (status != RDSPOL_OK) (void)rp_app_library_error("", &error);
    if (status == RDSPOL_OK && !is_accepted(app, done, flags)) {
        rdspol_compilation_free(done);
        done = NULL;
    }
    free(library);
    free(given);
    return done;
}

// ---- Compiling again ---------------------------------------------------------------------------

// The files that `load_module` found for a module, all of which the set has already.
static size_t load_again(void *ctx, rdspol_str module, rdspol_str importer, rdspol_source *out,
                         size_t capacity)
{
    const rp_source_set *set = ctx;
    const rp_source_file *from = find_by_name(set, importer);
    char *file = from != NULL ? path_beside(from, module, ".rdspol") : NULL;
    char *folder = from != NULL ? path_beside(from, module, "/") : NULL;
    size_t count = 0;
    for (size_t i = set->given; i < set->count && file != NULL && folder != NULL; i++) {
        rp_str path = rp_str_from(set->files[i].path);
        bool found =
            rp_str_equal(path, rp_str_from(file)) || rp_str_starts(path, rp_str_from(folder));
        if (found && count < capacity)
            out[count++] = (rdspol_source){.name = rp_str_from(set->files[i].name),
                                           .text = set->files[i].text};
    }
    free(file);
    free(folder);
    return count;
}

rdspol_status rp_sources_recompile(const rp_source_set *set, size_t index, rp_str text,
                                   rdspol_compilation **out, rdspol_error *error)
{
    size_t count = 0;
    rdspol_status status = RDSPOL_NO_MEMORY;
    rdspol_source *library = library_sources();
    rdspol_source *given = given_sources(set, 0, &count);
    rdspol_compile_opts opts = {.size = sizeof opts,
                                .library = library,
                                .library_count = set->library ? 0 : rp_stdlib_file_count,
                                .is_library = set->library,
                                .load = load_again,
                                .load_ctx = (void *)(uintptr_t)set,
                                .keep_tests = 1};
    if (library != NULL && given != NULL) {
        given[index].text = text;
        status = rdspol_compile(out, given, count, &opts, error);
    }
    free(library);
    free(given);
    return status;
}
