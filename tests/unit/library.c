// Reading the standard library for tests. The list of folders is that of stdlib-policies/.
#include "tests/unit/library.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static rdspol_str text_of(const char *text) { return (rdspol_str){text, strlen(text)}; }

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

static void add_folder(library *library, const char *folder)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/stdlib-policies/%s", RDSPOL_SOURCE_DIR, folder);
    DIR *directory = opendir(path);
    if (directory == NULL) abort();
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot == NULL || strcmp(dot, ".rdspol") != 0) continue;
        snprintf(path, sizeof path, "%s/stdlib-policies/%s/%s", RDSPOL_SOURCE_DIR, folder, entry->d_name);
        char *text = read_file(path);
        char *name = malloc(strlen(entry->d_name) + 1);
        if (name == NULL || library->count == sizeof library->sources / sizeof *library->sources) abort();
        memcpy(name, entry->d_name, strlen(entry->d_name) + 1);
        library->sources[library->count++] = (rdspol_source){text_of(name), text_of(text), module_of(text)};
    }
    closedir(directory);
}

void library_open(library *library)
{
    library->count = 0;
    add_folder(library, ".");
    add_folder(library, "schema");
    add_folder(library, "practices");
    add_folder(library, "securityhub");
}

static void free_text(rdspol_str text)
{
    char *bytes;
    memcpy(&bytes, &text.ptr, sizeof bytes);
    free(bytes);
}

void library_close(library *library)
{
    for (size_t i = 0; i < library->count; i++) {
        free_text(library->sources[i].name);
        free_text(library->sources[i].text);
    }
}

rdspol_compilation *library_compile(const library *library, const char *text, int no_optimize)
{
    rdspol_source source = {text_of("test.rdspol"), text_of(text), text_of("")};
    rdspol_compile_opts opts = {.size = sizeof opts, .library = library->sources, .library_count = library->count, .no_optimize = no_optimize};
    rdspol_compilation *done = NULL;
    rdspol_error error;
    memset(&error, 0, sizeof error);
    if (rdspol_compile(&done, &source, 1, &opts, &error) != RDSPOL_OK) {
        fprintf(stderr, "compiling: %s\n%s\n", error.message, text);
        return NULL;
    }
    return done;
}
