// Packed facts with any words changed, or cut: refused, or judged and explained safely.
//
// The input is a list of changes, eight bytes each: where, and what stands there from now on. The
// first byte of a `where` in the header's reach is as likely as one far behind.
#include "compiler/include/rdspol_compiler.h"
#include "tests/fuzz/fuzz.h"
#include "tests/oracle/generate.h"

#include <stdlib.h>
#include <string.h>

enum { POLICIES = 40, HIDDEN = 20, ALIGNMENT = 64, MOST = 4 << 20 };

typedef struct image {
    unsigned char *bytes; // aligned
    size_t size;
} image;

static int take(void *ctx, const void *data, size_t size)
{
    image *made = ctx;
    if (made->size + size > MOST) return 0;
    memcpy(made->bytes + made->size, data, size);
    made->size += size;
    return 1;
}

// Policies and a world, as the seed says.
static rdspol_compilation *compile(uint64_t seed)
{
    rdspol_compilation *done = NULL;
    rdspol_error error;
    rp_buf text;
    random_state random = {seed};
    rp_buf_init(&text, rp_alloc_or_libc((rp_alloc){0}), 1 << 24);
    generate_policies(&random, &text, POLICIES);
    rdspol_source sources[2] = {
        {{"fuzz", 4}, {text.data, text.size}, {"", 0}},
        {{"schema", 6}, {generated_schema, strlen(generated_schema)}, {"aws", 3}}};
    rdspol_compile_opts opts = {.size = sizeof opts, .library = &sources[1], .library_count = 1};
    if (rdspol_compile(&done, sources, 1, &opts, &error) != RDSPOL_OK) abort();
    rp_buf_free(&text);
    return done;
}

static void pack(const rdspol_bundle *bundle, uint64_t seed, image *out)
{
    rdspol_facts *facts = NULL;
    rdspol_error error;
    random_state random = {seed};
    if (rdspol_facts_new(&facts, bundle, NULL, &error) != RDSPOL_OK ||
        generate_facts(&random, facts, HIDDEN) != RDSPOL_OK ||
        rdspol_facts_seal(facts, &error) != RDSPOL_OK ||
        rdspol_facts_save(facts, take, out, &error) != RDSPOL_OK)
        abort();
    rdspol_facts_free(facts);
}

static void change(image *packed, const uint8_t *data, size_t size)
{
    for (; size >= 8; data += 8, size -= 8) {
        uint32_t where, what;
        memcpy(&where, data, 4);
        memcpy(&what, data + 4, 4);
        size_t words = packed->size / 4;
        size_t at = (where & 1) != 0 ? (where >> 1) % 64 : (where >> 1) % words;
        if (where >> 28 == 0xf) {
            packed->size = (size_t)what % (packed->size + 1); // cut
            if (packed->size < 4) return;
        } else {
            memcpy(packed->bytes + 4 * at, &what, 4);
        }
    }
}

static void judge(const rdspol_bundle *bundle, const image *packed)
{
    rdspol_facts *facts = NULL;
    rdspol_run *run = NULL;
    rdspol_error error;
    rdspol_run_opts opts = {.size = sizeof opts, .now = 1, .chunk = 64, .cost_limit = 10000000};
    if (rdspol_facts_open(&facts, bundle, packed->bytes, packed->size, NULL, &error) == RDSPOL_OK &&
        rdspol_run_new(&run, bundle, facts, &opts, &error) == RDSPOL_OK &&
        rdspol_run_evaluate(run, &error) == RDSPOL_OK)
        fuzz_explain(run);
    rdspol_run_free(run);
    rdspol_facts_free(facts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t seed = size == 0 ? 0 : data[0] % 4;
    rdspol_compilation *done = compile(seed);
    rdspol_str bytes = rdspol_compilation_bundle(done);
    rdspol_bundle *bundle = NULL;
    rdspol_error error;
    image packed = {aligned_alloc(ALIGNMENT, MOST), 0};
    if (packed.bytes == NULL || bytes.len == 0 ||
        rdspol_bundle_open(&bundle, bytes.ptr, bytes.len, NULL, &error) != RDSPOL_OK)
        abort();
    pack(bundle, seed, &packed);
    change(&packed, data, size);
    judge(bundle, &packed);
    free(packed.bytes);
    rdspol_bundle_close(bundle);
    rdspol_compilation_free(done);
    return 0;
}
