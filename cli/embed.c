// A tool of the build: standard library in, C source out.
//
//     rdspol-embed OUT.c ROOT FILE...      files relative to ROOT
//
// Compiles the files with the compiler that was just built and writes their texts, the bundle and
// the bundle's hash as C arrays; and the bundle once more as it is when it is opened, so that the
// program need not open it. A library that does not compile, or a bundle that the verifier refuses,
// breaks the build.
#include "cli/stdlib.h"
#include "crypto/crypto.h"
#include "vm/base/alloc.h"
#include "vm/bundle.h"

#include <stdbool.h>
#include <stdio.h>

enum { MAX_FILES = 256, MAX_PATH_SIZE = 4096 };

typedef struct embed {
    rdspol_source files[MAX_FILES];
    char names[MAX_FILES][256];
    size_t count;
    rp_crypto crypto;
} embed;

static rp_str read_whole(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return rp_str_make(NULL, 0);
    long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    char *text = size >= 0 ? malloc((size_t)size + 1) : NULL;
    rewind(file);
    size_t got = text != NULL ? fread(text, 1, (size_t)size, file) : 0;
    (void)fclose(file);
    if (text == NULL || got != (size_t)size) {
        free(text);
        return rp_str_make(NULL, 0);
    }
    text[got] = '\0';
    return rp_str_make(text, got);
}

// The name behind the `module` line.
static rp_str module_of(rp_str text)
{
    rp_str word = RP_STR("module ");
    for (size_t at = 0; at + word.len < text.len; at++) {
        bool line_start = at == 0 || text.ptr[at - 1] == '\n';
        if (!line_start || memcmp(text.ptr + at, word.ptr, word.len) != 0) continue;
        size_t begin = at + word.len;
        size_t end = begin;
        while (end < text.len && text.ptr[end] != '\n' && text.ptr[end] != ' ') end++;
        return rp_str_make(text.ptr + begin, end - begin);
    }
    return RP_STR("main");
}

static bool add_file(embed *e, const char *root, const char *name)
{
    char path[MAX_PATH_SIZE];
    int size = snprintf(path, sizeof path, "%s/%s", root, name);
    if (e->count == MAX_FILES || size < 0 || (size_t)size >= sizeof path) return false;
    rdspol_source *file = &e->files[e->count];
    (void)snprintf(e->names[e->count], sizeof e->names[0], "stdlib/%s", name);
    file->name = rp_str_from(e->names[e->count]);
    file->text = read_whole(path);
    if (file->text.ptr == NULL) {
        (void)fprintf(stderr, "rdspol-embed: cannot read %s\n", path);
        return false;
    }
    file->module_hint = module_of(file->text);
    e->count++;
    return true;
}

static void write_bytes(FILE *out, const char *begin, rp_str bytes, const char *end)
{
    (void)fputs(begin, out);
    for (size_t i = 0; i < bytes.len; i++) {
        (void)fprintf(out, "%u,%s", (unsigned)(unsigned char)bytes.ptr[i],
                      i % 24 == 23 ? "\n" : "");
    }
    (void)fputs(end, out);
}

static void write_files(const embed *e, FILE *out)
{
    for (size_t i = 0; i < e->count; i++) {
        (void)fprintf(out, "static const unsigned char text_%zu[] = {", i);
        write_bytes(out, "", e->files[i].text, "0};\n");
    }
    (void)fputs("const rp_stdlib_file rp_stdlib_files[] = {\n", out);
    for (size_t i = 0; i < e->count; i++) {
        (void)fprintf(out, "{\"%s\", \"%.*s\", text_%zu, %zu},\n", e->names[i],
                      (int)e->files[i].module_hint.len, e->files[i].module_hint.ptr, i,
                      e->files[i].text.len);
    }
    (void)fprintf(out, "};\nconst size_t rp_stdlib_file_count = %zu;\n", e->count);
}

static bool write_bundle(embed *e, rp_str bundle, FILE *out)
{
    unsigned char hash[RP_SHA256_SIZE];
    char hex[RP_SHA256_HEX_SIZE];
    if (!rp_crypto_sha256(&e->crypto, bundle.ptr, bundle.len, hash)) return false;
    rp_crypto_hex(hash, hex);
    write_bytes(out, "_Alignas(8) const unsigned char rp_stdlib_bundle[] = {", bundle, "};\n");
    (void)fprintf(out, "const size_t rp_stdlib_bundle_size = %zu;\n", bundle.len);
    (void)fprintf(out, "const char rp_stdlib_bundle_sha256[65] = \"%.64s\";\n", hex);
    return true;
}

// ---- The opened bundle -------------------------------------------------------------------------

// Records of a section, one in braces; an empty array is none in C.
static void write_records(FILE *out, const char *name, const uint32_t *words, size_t width,
                          size_t count)
{
    (void)fprintf(out, "static const rp_rec_%s %s_records[] = {", name, name);
    for (size_t i = 0; i < width * count; i++) {
        bool first = i % width == 0;
        bool last = i % width == width - 1;
        (void)fprintf(out, "%s%uu%s", first ? "{" : "", (unsigned)words[i], last ? "},\n" : ",");
    }
    (void)fputs(count == 0 ? "{0}};\n" : "};\n", out);
}

static void write_sections(const rp_bundle *b, FILE *out)
{
    // A record is a struct of words without padding.
#define SECTION(ID, name, FIELDS)                                                                  \
    if (rp_section_is_made(RP_SECTION_##ID))                                                       \
        write_records(out, #name, (const void *)b->name##s,                                        \
                      sizeof(rp_rec_##name) / sizeof(uint32_t), b->name##_count);
#include "vm/format.def"
#undef SECTION
}

static void write_numbers(FILE *out, const char *type, const char *name, const uint32_t *numbers,
                          size_t count)
{
    (void)fprintf(out, "static const %s %s[] = {", type, name);
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(out, "%uu,%s", (unsigned)numbers[i], i % 16 == 15 ? "\n" : "");
    }
    (void)fputs("0};\n", out);
}

static void write_tables(const rp_bundle *b, FILE *out)
{
    (void)fputs("static const uint16_t tables_of[] = {", out);
    for (uint32_t i = 0; i < b->insn_count; i++) (void)fprintf(out, "%uu,", b->table_of[i]);
    (void)fputs("0};\nstatic const uint64_t sources_of[] = {", out);
    for (uint32_t i = 0; i < b->column_count + b->list_count; i++)
        (void)fprintf(out, "0x%llxu,", (unsigned long long)b->fed_by[i]);
    (void)fputs("0};\nstatic const rp_frame_info frames[] = {", out);
    for (uint32_t i = 0; i < b->frame_count; i++) {
        const rp_frame_info *f = &b->frames[i];
        (void)fprintf(out, "{%uu,%uu,%uu,%uu,%uu,%d},\n", f->first, f->end, f->parent, f->table,
                      f->depth, f->message);
    }
    (void)fputs("{0}};\n", out);
}

static void write_verified(const rp_bundle *b, FILE *out)
{
    write_tables(b, out);
    write_numbers(out, "uint32_t", "frames_of", b->frame_of, b->insn_count);
    write_numbers(out, "uint32_t", "stores_of", b->store_of, b->column_count);
    write_numbers(out, "uint32_t", "emits_of", b->emit_of, b->policy_count);
    write_numbers(out, "uint32_t", "texts_of", b->text_of, b->column_count);
    write_numbers(out, "uint32_t", "texts_of_lists", b->text_of_list, b->list_count);
}

static void write_members(const rp_bundle *b, const void *bytes, FILE *out)
{
    const char *start = bytes;
    size_t places = (size_t)(b->place_bytes - (const unsigned char *)bytes);
#define SECTION(ID, name, FIELDS)                                                                  \
    if (rp_section_is_made(RP_SECTION_##ID))                                                       \
        (void)fprintf(out, ".%ss = %s_records,\n", #name, #name);                                  \
    (void)fprintf(out, ".%s_count = %uu,\n", #name, (unsigned)b->name##_count);
#include "vm/format.def"
#undef SECTION
    (void)fprintf(out,
                  ".text = (const char *)rp_stdlib_bundle + %zu,\n"
                  ".place_bytes = rp_stdlib_bundle + %zu,\n.place_size = %zu,\n"
                  ".frames = frames,\n.frame_count = %uu,\n"
                  ".frame_of = frames_of,\n.table_of = tables_of,\n.store_of = stores_of,\n"
                  ".emit_of = emits_of,\n.text_of = texts_of,\n"
                  ".text_of_list = texts_of_lists,\n.fed_by = sources_of,\n",
                  (size_t)(b->text - start), places, b->place_size, b->frame_count);
}

static bool write_opened(rp_str bundle, FILE *out)
{
    rdspol_bundle *b = NULL;
    rdspol_error error = {0};
    if (rdspol_bundle_open(&b, bundle.ptr, bundle.len, NULL, &error) != RDSPOL_OK) {
        (void)fprintf(stderr, "rdspol-embed: %s\n", error.message);
        return false;
    }
    write_sections(b, out);
    write_verified(b, out);
    (void)fputs("const struct rdspol_bundle rp_stdlib_opened = {\n", out);
    write_members(b, bundle.ptr, out);
    (void)fputs("};\n", out);
    rdspol_bundle_close(b);
    return true;
}

static bool write_source(embed *e, rp_str bundle, const char *path)
{
    FILE *out = fopen(path, "wb");
    if (out == NULL) return false;
    (void)fputs("// Made by rdspol-embed.\n#include \"cli/stdlib.h\"\n#include \"vm/bundle.h\"\n",
                out);
    write_files(e, out);
    bool written = write_bundle(e, bundle, out) && write_opened(bundle, out);
    return fclose(out) == 0 && written;
}

static void print_diagnostics(rdspol_compilation *done)
{
    rdspol_str text;
    rdspol_status status = rdspol_compilation_print(done, RDSPOL_PRINT_DIAGNOSTICS, &text, NULL);
    if (status != RDSPOL_OK || text.len == 0) return;
    (void)fwrite(text.ptr, 1, text.len, stderr);
}

static bool compile_and_write(embed *e, const char *path)
{
    rdspol_compilation *done = NULL;
    rdspol_error error = {0};
    rdspol_compile_opts opts = {.size = sizeof opts,
                                .is_library = 1,
                                .keep_tests = 1, // mistakes in them stop the build
                                .name = RP_STR("stdlib"),
                                .sha256 = rp_crypto_sha256_of_section,
                                .sha256_ctx = &e->crypto};
    if (rdspol_compile(&done, e->files, e->count, &opts, &error) != RDSPOL_OK) {
        (void)fprintf(stderr, "rdspol-embed: %s\n", error.message);
        return false;
    }
    print_diagnostics(done);
    bool good = rdspol_compilation_error_count(done) == 0 &&
                write_source(e, rdspol_compilation_bundle(done), path);
    rdspol_compilation_free(done);
    return good;
}

static void release(embed *e)
{
    for (size_t i = 0; i < e->count; i++) free((void *)(uintptr_t)e->files[i].text.ptr);
    rp_crypto_clear(&e->crypto);
    free(e);
}

int main(int argc, char **argv)
{
    embed *e = calloc(1, sizeof *e);
    if (e == NULL || argc < 4) {
        (void)fputs("usage: rdspol-embed OUT.c ROOT FILE...\n", stderr);
        free(e);
        return 2;
    }
    bool good = true;
    for (int i = 3; i < argc && good; i++) good = add_file(e, argv[2], argv[i]);
    good = good && compile_and_write(e, argv[1]);
    release(e);
    return good ? 0 : 2;
}
