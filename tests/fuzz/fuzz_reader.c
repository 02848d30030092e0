// Fuzzing of the reader: objects that come again, in a document read in pieces, become the same
// facts as byte by byte, where nothing is ever taken whole.
//
// The first byte is the size of the pieces, the second says in which order two objects follow one
// another; what comes next is the first object, a zero byte, and the second one.
#include "collectors/files/include/rdspol_files.h"
#include "compiler/include/rdspol_compiler.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/library.h"
#include "tests/unit/pieces.h"
#include "vm/base/buf.h"

#include <stdlib.h>
#include <string.h>

enum { OBJECTS = 48, LONGEST = 4096 };

static rdspol_bundle *make_bundle(void)
{
    static const char source[] =
        "policy p on instance {\n"
        "  require instance.deletion_protection and instance.tags[\"owner\"] is present\n"
        "  require none s in instance.subnet_group?.subnets: s.status == \"x\" or s.subnet.id == "
        "\"y\"\n"
        "  require none m in instance.parameter_groups: m.group.name == \"z\" or m.apply_status == "
        "\"a\"\n"
        "  require instance.certificate_valid_till > now and instance.port == 1\n"
        "  require instance.master_user_secret?.kms_key?.id == \"k\"\n"
        "}\n";
    library lib;
    rdspol_bundle *bundle;
    rdspol_error error;
    library_open(&lib);
    rdspol_compilation *done = library_compile(&lib, source, 0);
    rdspol_str bytes = rdspol_compilation_bundle(done);
    char *copy = malloc(bytes.len + 1);
    if (copy == NULL || bytes.len == 0) abort();
    memcpy(copy, bytes.ptr, bytes.len);
    if (rdspol_bundle_open(&bundle, copy, bytes.len, NULL, &error) != RDSPOL_OK) abort();
    rdspol_compilation_free(done);
    library_close(&lib);
    return bundle;
}

static int take(void *ctx, const void *data, size_t size)
{
    rp_buf_add(ctx, data, size);
    return 1;
}

// What was read, packed, and the message of an error.
static rdspol_status run(const rdspol_bundle *bundle, rdspol_str document, size_t piece,
                         rp_buf *out, rdspol_error *error)
{
    rdspol_facts *facts;
    pieces p = {document, piece};
    rdspol_str name = {"x.json", 6};
    if (rdspol_facts_new(&facts, bundle, NULL, error) != RDSPOL_OK) abort();
    rdspol_status status = rdspol_files_read_stream(facts, name, read_piece, &p, NULL, error);
    if (status == RDSPOL_OK) status = rdspol_facts_seal(facts, error);
    if (status == RDSPOL_OK) status = rdspol_facts_save(facts, take, out, error);
    rdspol_facts_free(facts);
    return status;
}

static void make_document(const uint8_t *data, size_t size, rp_buf *out)
{
    const uint8_t *zero = size == 0 ? NULL : memchr(data + 1, 0, size - 1);
    const uint8_t *end = data + size, *second = zero == NULL ? data + 1 : zero + 1;
    rp_buf_add_str(out, RP_STR("{\"DBInstances\":["));
    for (unsigned i = 0; i < OBJECTS; i++) {
        bool other = (data[0] >> i % 8 & 1) != 0;
        const uint8_t *from = other ? second : data + 1;
        rp_buf_add_str(out, i == 0 ? RP_STR("") : RP_STR(",\n"));
        rp_buf_add(out, from, (size_t)((other || zero == NULL ? end : zero) - from));
    }
    rp_buf_add_str(out, RP_STR("]}"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static rdspol_bundle *bundle; // kept until the end of the program
    rdspol_error slow_error = {.message = ""}, error = {.message = ""};
    if (size < 3 || size > LONGEST) return 0;
    if (bundle == NULL) bundle = make_bundle();
    rp_buf document, slow, quick;
    rp_buf_init(&document, rp_alloc_or_libc((rp_alloc){0}), 1 << 24);
    rp_buf_init(&slow, document.alloc, 1 << 26);
    rp_buf_init(&quick, document.alloc, 1 << 26);
    make_document(data + 1, size - 1, &document);
    size_t piece = data[0] < 128 ? SIZE_MAX : (size_t)data[0] * 8;
    rdspol_status expected = run(bundle, rp_buf_str(&document), 1, &slow, &slow_error);
    if (run(bundle, rp_buf_str(&document), piece, &quick, &error) != expected ||
        (expected != RDSPOL_OK && strcmp(error.message, slow_error.message) != 0) ||
        slow.size != quick.size ||
        (slow.size != 0 && memcmp(slow.data, quick.data, slow.size) != 0))
        abort();
    rp_buf_free(&document);
    rp_buf_free(&slow);
    rp_buf_free(&quick);
    return 0;
}
