// Reading the standard library for tests. The list of folders is that of stdlib-policies/.
#include "tests/unit/library.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static rdspol_str text_of(const char *text)
{
    return (rdspol_str){text, strlen(text)};
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) abort();
    long size = ftell(file);
    rewind(file);
    char *text = malloc((size_t)size + 1);
    if (text == NULL || fread(text, 1, (size_t)size, file) != (size_t)size) abort();
    text[size] = '\0';
    fclose(file);
    return text;
}

// The word behind the first line that begins with `module`.
static rdspol_str module_of(const char *text)
{
    const char *line = strncmp(text, "module ", 7) == 0 ? text : strstr(text, "\nmodule ");
    if (line == NULL) return text_of("");
    line = strchr(line, 'm') + 7;
    return (rdspol_str){line, strcspn(line, " \t\r\n#")};
}

static void add_folder(library *lib, const char *folder)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/stdlib-policies/%s", RDSPOL_SOURCE_DIR, folder);
    DIR *directory = opendir(path);
    if (directory == NULL) abort();
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot == NULL || strcmp(dot, ".rdspol") != 0) continue;
        snprintf(path, sizeof path, "%s/stdlib-policies/%s/%s", RDSPOL_SOURCE_DIR, folder,
                 entry->d_name);
        char *text = read_file(path);
        char *name = malloc(strlen(entry->d_name) + 1);
        if (name == NULL || lib->count == sizeof lib->sources / sizeof *lib->sources) abort();
        memcpy(name, entry->d_name, strlen(entry->d_name) + 1);
        lib->sources[lib->count++] = (rdspol_source){text_of(name), text_of(text), module_of(text)};
    }
    closedir(directory);
}

void library_open(library *lib)
{
    lib->count = 0;
    add_folder(lib, ".");
    add_folder(lib, "schema");
    add_folder(lib, "practices");
    add_folder(lib, "securityhub");
}

static void free_text(rdspol_str text)
{
    char *bytes;
    memcpy(&bytes, &text.ptr, sizeof bytes);
    free(bytes);
}

void library_close(library *lib)
{
    for (size_t i = 0; i < lib->count; i++) {
        free_text(lib->sources[i].name);
        free_text(lib->sources[i].text);
    }
}

rdspol_compilation *library_compile(const library *lib, const char *text, int no_optimize)
{
    rdspol_source source = {text_of("test.rdspol"), text_of(text), text_of("")};
    rdspol_compile_opts opts = {.size = sizeof opts,
                                .library = lib->sources,
                                .library_count = lib->count,
                                .no_optimize = no_optimize};
    rdspol_compilation *done = NULL;
    rdspol_error error;
    memset(&error, 0, sizeof error);
    if (rdspol_compile(&done, &source, 1, &opts, &error) != RDSPOL_OK) {
        fprintf(stderr, "compiling: %s\n%s\n", error.message, text);
        return NULL;
    }
    return done;
}
