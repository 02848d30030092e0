// What every program of unit tests does: one suite with one case, its result as exit status.
#ifndef RP_TESTS_RUNNER_H
#define RP_TESTS_RUNNER_H

#include <check.h>

// `add` adds the tests. Each may take `seconds`.
static inline int run_suite(const char *name, double seconds, void (*add)(TCase *c))
{
    Suite *suite = suite_create(name);
    TCase *c = tcase_create(name);
    tcase_set_timeout(c, seconds);
    add(c);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

#endif
