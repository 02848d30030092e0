// Packed facts with any words changed, or cut: refused, or judged and explained safely.
//
// The input is a list of changes, eight bytes each: where, and what stands there from now on. A
// place in the header's reach is as likely as one far behind; half of the changes are small, so
// that much of what is odd is accepted.
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

// One bit, or a number near the one that stands there.
static uint32_t small_change(const image *packed, size_t at, uint32_t what)
{
    uint32_t old;
    memcpy(&old, packed->bytes + 4 * at, 4);
    return (what & 1) != 0 ? old ^ 1u << (what >> 1) % 32 : old + (what >> 1) % 16 - 8;
}

static void change(image *packed, const uint8_t *data, size_t size)
{
    for (; size >= 8; data += 8, size -= 8) {
        uint32_t where, what;
        memcpy(&where, data, 4);
        memcpy(&what, data + 4, 4);
        size_t words = packed->size / 4;
        size_t at = (where & 1) != 0 ? (where >> 1) % 64 : (where >> 1) % words;
        if ((where >> 28 & 1) != 0 && where >> 28 != 0xf) what = small_change(packed, at, what);
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

// What a seed makes, once: images differ by their changes only.
typedef struct world {
    rdspol_bundle *bundle;
    image packed;
} world;

static world make_world(uint64_t seed)
{
    rdspol_compilation *done = compile(seed);
    rdspol_str bytes = rdspol_compilation_bundle(done);
    rdspol_error error;
    unsigned char *copy = malloc(bytes.len + 1);
    world made = {NULL, {aligned_alloc(ALIGNMENT, MOST), 0}};
    if (made.packed.bytes == NULL || copy == NULL || bytes.len == 0) abort();
    memcpy(copy, bytes.ptr, bytes.len);
    if (rdspol_bundle_open(&made.bundle, copy, bytes.len, NULL, &error) != RDSPOL_OK) abort();
    rdspol_compilation_free(done);
    pack(made.bundle, seed, &made.packed);
    return made;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static world worlds[4]; // kept until the end of the program
    world *w = &worlds[size == 0 ? 0 : data[0] % 4];
    if (w->bundle == NULL) *w = make_world((uint64_t)(w - worlds));
    size_t room = (w->packed.size + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
    image packed = {aligned_alloc(ALIGNMENT, room), w->packed.size};
    if (packed.bytes == NULL) abort();
    memcpy(packed.bytes, w->packed.bytes, packed.size);
    change(&packed, data, size);
    judge(w->bundle, &packed);
    free(packed.bytes);
    return 0;
}
