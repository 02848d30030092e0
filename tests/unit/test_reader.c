// The reader when memory runs out: whichever allocation fails, the answer is RDSPOL_NO_MEMORY with
// a message, nothing is kept, and with enough memory the same input is read.
#include "tests/unit/runner.h"
#include "collectors/files/include/rdspol_files.h"
#include "tests/unit/library.h"

#include <stdlib.h>
#include <string.h>

#define EXAMPLE RDSPOL_SOURCE_DIR "/examples/fleet"

typedef struct purse {
    int left; // allocations that may still succeed
    int denied;
    long long bytes; // handed out and not given back
} purse;

static void *purse_alloc(void *ctx, void *ptr, size_t old_size, size_t new_size)
{
    purse *p = ctx;
    if (new_size != 0 && p->left == 0) {
        p->denied++;
        return NULL;
    }
    void *block = NULL;
    if (new_size == 0) {
        free(ptr);
    } else if ((block = realloc(ptr, new_size)) == NULL) {
        abort();
    } else {
        p->left--;
    }
    p->bytes += (long long)new_size - (long long)old_size;
    return block;
}

static rdspol_bundle *open_bundle(rdspol_compilation **done, library *lib)
{
    static const char source[] =
        "policy p on instance {\n"
        "  require instance.deletion_protection and instance.tags[\"owner\"] is present\n"
        "  require none g in instance.security_groups, r in g.ingress: any x in r.ranges: x == "
        "\"::/0\"\n"
        "  require none m in instance.parameter_groups: m.group.parameters[\"ssl\"]?.value == "
        "\"0\"\n"
        "}\n";
    rdspol_bundle *bundle;
    library_open(lib);
    *done = library_compile(lib, source, 0);
    rdspol_str bytes = rdspol_compilation_bundle(*done);
    ck_assert_int_eq(rdspol_bundle_open(&bundle, bytes.ptr, bytes.len, NULL, NULL), RDSPOL_OK);
    return bundle;
}

// Reads and seals with so many allocations; the status of the first step that failed.
static rdspol_status read_with(const rdspol_bundle *bundle, int allocations, rdspol_error *error)
{
    purse p = {.left = allocations};
    rdspol_facts *facts = NULL;
    rdspol_facts_opts opts = {.size = sizeof opts, .alloc = purse_alloc, .alloc_ctx = &p};
    rdspol_files_opts files = {
        .size = sizeof files, .threads = 1, .alloc = purse_alloc, .alloc_ctx = &p};
    rdspol_str inputs[] = {{EXAMPLE, strlen(EXAMPLE)}};
    rdspol_status status = rdspol_facts_new(&facts, bundle, &opts, error);
    if (status == RDSPOL_OK) {
        status = rdspol_files_read(facts, inputs, 1, NULL, &files, error);
    }
    if (status == RDSPOL_OK) {
        status = rdspol_facts_seal(facts, error);
    }
    rdspol_facts_free(facts);
    ck_assert_int_eq(p.bytes, 0);
    ck_assert(p.denied == 0 || status != RDSPOL_OK); // nothing is left out quietly
    return status;
}

START_TEST(every_allocation_of_the_reader_may_fail)
{
    library lib;
    rdspol_compilation *done;
    rdspol_error error = {.message = ""};
    rdspol_bundle *bundle = open_bundle(&done, &lib);
    rdspol_status status = RDSPOL_NO_MEMORY;
    int failed = 0;
    for (int limit = 0; status != RDSPOL_OK; limit++) {
        status = read_with(bundle, limit, &error);
        if (status != RDSPOL_OK) {
            ck_assert_msg(status == RDSPOL_NO_MEMORY, "allocation %d: %s", limit, error.message);
            ck_assert_msg(strstr(error.message, "memory") != NULL, "allocation %d: %s", limit,
                          error.message);
            failed++;
        }
        ck_assert_int_lt(limit, 20000);
    }
    ck_assert_int_gt(failed, 50);
    rdspol_bundle_close(bundle);
    rdspol_compilation_free(done);
    library_close(&lib);
}
END_TEST

static void add_tests(TCase *c)
{
    tcase_add_test(c, every_allocation_of_the_reader_may_fail);
}

int main(void)
{
    return run_suite("reader", 300, add_tests);
}
