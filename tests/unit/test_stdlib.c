// The bundle inside the program is never opened: what the build wrote must be what opening gives.
#include "cli/stdlib.h"
#include "vm/bundle.h"

#include <check.h>
#include <stdlib.h>

static rdspol_bundle *opened;

static void setup(void)
{
    rdspol_error error = {0};
    rdspol_status status =
        rdspol_bundle_open(&opened, rp_stdlib_bundle, rp_stdlib_bundle_size, NULL, &error);
    ck_assert_msg(status == RDSPOL_OK, "%s", error.message);
}

static void teardown(void)
{
    rdspol_bundle_close(opened);
}

static void same(const char *what, const void *a, const void *b, size_t size)
{
    ck_assert_msg(size == 0 || memcmp(a, b, size) == 0, "%s differ", what);
}

START_TEST(sections_are_those_of_the_bytes)
{
    const rp_bundle *made = &rp_stdlib_opened;
#define SECTION(ID, name, FIELDS)                                                                  \
    ck_assert_uint_eq(made->name##_count, opened->name##_count);                                   \
    if (rp_section_is_made(RP_SECTION_##ID))                                                       \
        same(#name, made->name##s, opened->name##s, made->name##_count * sizeof(rp_rec_##name));
#include "vm/format.def"
#undef SECTION
    ck_assert_ptr_eq(made->text, opened->text);
    ck_assert_ptr_eq(made->place_bytes, opened->place_bytes);
    ck_assert_uint_eq(made->place_size, opened->place_size);
}
END_TEST

START_TEST(indices_are_those_of_the_verifier)
{
    const rp_bundle *made = &rp_stdlib_opened;
    size_t insns = made->insn_count, columns = made->column_count, lists = made->list_count;
    ck_assert_uint_eq(made->frame_count, opened->frame_count);
    for (uint32_t i = 0; i < made->frame_count; i++) {
        const rp_frame_info *a = &made->frames[i], *b = &opened->frames[i];
        ck_assert(a->first == b->first && a->end == b->end && a->parent == b->parent &&
                  a->table == b->table && a->depth == b->depth && a->message == b->message);
    }
    same("frames", made->frame_of, opened->frame_of, insns * sizeof *made->frame_of);
    same("tables", made->table_of, opened->table_of, insns * sizeof *made->table_of);
    same("stores", made->store_of, opened->store_of, columns * sizeof *made->store_of);
    same("texts", made->text_of, opened->text_of, columns * sizeof *made->text_of);
    same("split texts", made->text_of_list, opened->text_of_list,
         lists * sizeof *made->text_of_list);
    same("emits", made->emit_of, opened->emit_of, made->policy_count * sizeof *made->emit_of);
    same("sources", made->fed_by, opened->fed_by, (columns + lists) * sizeof *made->fed_by);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stdlib");
    TCase *all = tcase_create("opened");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, sections_are_those_of_the_bytes);
    tcase_add_test(all, indices_are_those_of_the_verifier);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
