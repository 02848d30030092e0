// The base: bits at word edges, interning, buffers, texts of values.
#include "tests/unit/runner.h"
#include "vm/base/arena.h"
#include "vm/base/bits.h"
#include "vm/base/buf.h"
#include "vm/base/checked.h"
#include "vm/base/map.h"
#include "vm/base/sort.h"
#include "vm/base/strtab.h"
#include "vm/base/text.h"

#include <stdio.h>

static const rp_alloc libc = {NULL, NULL};

static void check_text(const char *got, size_t size, const char *expected)
{
    ck_assert_msg(size == strlen(expected) && memcmp(got, expected, size) == 0, "%.*s is not %s",
                  (int)size, got, expected);
}

START_TEST(bits_fill_and_window_at_word_edges)
{
    uint64_t plane[4];
    static const size_t rows[] = {0, 1, 63, 64, 65, 127, 128};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rp_bits_fill(plane, 3, rows[i]);
        for (size_t bit = 0; bit < 192; bit++) {
            ck_assert_int_eq(rp_bits_get(plane, bit), bit < rows[i]);
        }
    }
    memset(plane, 0, sizeof plane);
    rp_bits_set(plane, 70);
    ck_assert_uint_eq(rp_bits_window(plane, 10), (uint64_t)1 << 60);
    ck_assert_uint_eq(rp_bits_window(plane, 64), (uint64_t)1 << 6);
    ck_assert_uint_eq(rp_bits_window(plane, 70), 1);
    uint64_t word = 0;
    for (unsigned i = 0; i < 64; i++) {
        word |= (uint64_t)(i % 3 == 0) << i;
    }
    uint64_t exchanged = rp_bits_transpose8(word);
    for (unsigned i = 0; i < 64; i++) {
        ck_assert_int_eq((int)(exchanged >> (i % 8 * 8 + i / 8) & 1), i % 3 == 0);
    }
}
END_TEST

// Two texts each: of few letters (some of them zero) and of many lengths, mostly behind a prefix.
typedef struct sample {
    char bytes[2][40];
    size_t size[2];
} sample;

static rp_str sample_text(const void *ctx, uint32_t item, uint32_t level)
{
    const sample *s = (const sample *)ctx + item;
    return rp_str_make(s->bytes[level], s->size[level]);
}

static void make_samples(sample *samples, uint32_t count)
{
    static const char letters[] = {'a', 'b', 0, '\xff'};
    uint32_t state = 1;
    for (uint32_t i = 0; i < 2 * count; i++) {
        sample *s = &samples[i / 2];
        bool prefix = i % 2 == 1 && i % 5 != 0;
        s->size[i % 2] = prefix ? 11 : 0;
        memcpy(s->bytes[i % 2], "arn:aws:rds", 11);
        for (state = state * 1103515245u + 12345u; (state >> 16) % 8 != 0 && s->size[i % 2] < 40;
             state = state * 1103515245u + 12345u) {
            s->bytes[i % 2][s->size[i % 2]++] = letters[(state >> 20) % 4];
        }
    }
}

START_TEST(texts_sort_by_bytes_and_equal_ones_stay)
{
    enum { COUNT = 3000 };
    static sample samples[COUNT];
    static uint32_t items[COUNT];
    make_samples(samples, COUNT);
    for (uint32_t n = 0; n <= COUNT; n = n < 70 ? n + 1 : n * 2 + 1) {
        for (uint32_t i = 0; i < n; i++) {
            items[i] = i;
        }
        ck_assert(rp_sort_by_texts(items, n, 2, sample_text, samples, rp_alloc_or_libc(libc)));
        for (uint32_t i = 1; i < n; i++) {
            uint32_t a = items[i - 1], b = items[i];
            int order = rp_str_compare(sample_text(samples, a, 0), sample_text(samples, b, 0));
            order = order != 0
                        ? order
                        : rp_str_compare(sample_text(samples, a, 1), sample_text(samples, b, 1));
            ck_assert(order < 0 || (order == 0 && a < b));
        }
    }
}
END_TEST

START_TEST(strtab_gives_each_text_one_id)
{
    rp_strtab table;
    char text[32];
    rp_strtab_init(&table, libc);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 5000; i++) {
            int size = snprintf(text, sizeof text, "text-%d", i);
            rp_str s = rp_str_make(text, (size_t)size);
            ck_assert_uint_eq(rp_strtab_add(&table, s), (uint32_t)i);
            ck_assert(rp_str_equal(rp_strtab_get(&table, (uint32_t)i), s));
        }
    }
    ck_assert_uint_eq(rp_strtab_find(&table, RP_STR("other")), RP_STRTAB_NONE);
    ck_assert_uint_eq(rp_strtab_add(&table, RP_STR("")), 5000);
    rp_strtab_free(&table);
}
END_TEST

START_TEST(map_and_arena_keep_what_they_are_given)
{
    rp_map map;
    rp_arena arena;
    rp_map_init(&map, libc);
    rp_arena_init(&arena, libc);
    for (uint32_t i = 0; i < 3000; i++) {
        *rp_map_add(&map, i, i % 7) = i;
        unsigned char *block = rp_arena_zero(&arena, i % 300);
        ck_assert_uint_eq((uintptr_t)block % 16, 0);
    }
    for (uint32_t i = 0; i < 3000; i++) {
        ck_assert_uint_eq(rp_map_find(&map, i, i % 7), i);
    }
    ck_assert_uint_eq(rp_map_find(&map, 1, 2), RP_MAP_NONE);
    rp_map_free(&map);
    rp_arena_clear(&arena);
}
END_TEST

START_TEST(buf_remembers_its_first_failure)
{
    rp_buf buf;
    rp_buf_init(&buf, libc, 10);
    rp_buf_add_text(&buf, "12345678");
    rp_buf_add_text(&buf, "90a");
    ck_assert(buf.failed && buf.too_large);
    rp_buf_add_char(&buf, 'x');
    ck_assert_uint_eq(buf.size, 8);
    rp_buf_free(&buf);
}
END_TEST

START_TEST(buf_has_room_for_nothing)
{
    rp_buf buf;
    rp_buf_init(&buf, libc, SIZE_MAX);
    ck_assert_ptr_nonnull(rp_buf_grow(&buf, 0));
    ck_assert_uint_eq(buf.size, 0);
    rp_buf_free(&buf);
}
END_TEST

START_TEST(checked_arithmetic_says_when_it_does_not_fit)
{
    int64_t out;
    ck_assert(!rp_checked_add_i64(INT64_MAX, 1, &out));
    ck_assert(!rp_checked_sub_i64(INT64_MIN, 1, &out));
    ck_assert(!rp_checked_mul_i64(INT64_MIN, -1, &out));
    ck_assert(!rp_checked_mul_i64(INT64_MAX / 2 + 1, 2, &out));
    ck_assert(rp_checked_mul_i64(INT64_MIN / 2, 2, &out) && out == INT64_MIN);
    ck_assert(rp_checked_add_i64(INT64_MIN, INT64_MAX, &out) && out == -1);
}
END_TEST

START_TEST(ranges_print_canonically)
{
    static const char *const cases[][2] = {
        {"10.1.2.3/8", "10.0.0.0/8"},
        {"0.0.0.0/0", "0.0.0.0/0"},
        {"2001:DB8::1/64", "2001:db8::/64"},
        {"::/0", "::/0"},
        {"1:0:0:2:0:0:0:3/128", "1:0:0:2::3/128"},
        {"1.2.3.4/32", "1.2.3.4/32"},
        {"fe80:0:0:0:0:0:0:1/10", "fe80::/10"},
    };
    static const char *const bad[] = {"1.2.3.4",     "1.2.3/8",   "1.2.3.4/33", "01.2.3.4/8",
                                      "::/129",      "1::2::3/8", "/8",         "",
                                      "256.0.0.0/8", "1.2.3.4/",  "1.2.3.4/+8"};
    char text[RP_TEXT_MAX];
    rp_cidr range;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert(rp_cidr_parse(rp_str_from(cases[i][0]), &range));
        check_text(text, rp_cidr_print(&range, text), cases[i][1]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(!rp_cidr_parse(rp_str_from(bad[i]), &range), "%s", bad[i]);
    }
}
END_TEST

START_TEST(times_and_durations_read_back)
{
    static const char *const cases[][2] = {
        {"2027-03-31", "2027-03-31T00:00:00Z"},
        {"2024-02-29T12:34:56.789+01:00", "2024-02-29T11:34:56.789Z"},
        {"1700000000.5", "2023-11-14T22:13:20.500Z"},
        {"1.7e9", "2023-11-14T22:13:20Z"},
        {"1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"},
    };
    static const char *const bad[] = {
        "2026-02-29", "2026-13-01", "2026-01-01T00:00:00", "", "x", "2026-01-01T25:00:00Z", "1e99"};
    static const char *const durations[] = {"90d", "2w", "12h", "1s", "-3m", "0s"};
    char text[RP_TEXT_MAX];
    int64_t ms;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert(rp_time_parse(rp_str_from(cases[i][0]), &ms));
        check_text(text, rp_time_print(ms, text), cases[i][1]);
    }
    check_text(text, rp_time_print(INT64_MIN, text), "-292275055-05-16T16:47:04.192Z");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(!rp_time_parse(rp_str_from(bad[i]), &ms), "%s", bad[i]);
    }
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        ck_assert(rp_duration_parse(rp_str_from(durations[i]), &ms));
        check_text(text, rp_duration_print(ms, text), durations[i]);
    }
}
END_TEST

START_TEST(versions_are_compared_by_components)
{
    static const char *const ascending[] = {
        "1.a", "1.0", "1.0.1", "1.5", "1.10", "8.0.mysql_aurora.3.08.0", "8.0.mysql_aurora.3.10.1",
        "16",  "16.4"};
    size_t count = sizeof ascending / sizeof ascending[0];
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < count; k++) {
            int order = rp_version_compare(rp_str_from(ascending[i]), rp_str_from(ascending[k]));
            ck_assert_int_eq(order, (i > k) - (i < k));
        }
    }
    ck_assert_int_eq(rp_version_compare(RP_STR("8.00"), RP_STR("8.0")), 0);
    ck_assert(rp_version_in_series(RP_STR("10.11.3"), RP_STR("10.11")));
    ck_assert(!rp_version_in_series(RP_STR("10.1"), RP_STR("10.11")));
}
END_TEST

START_TEST(patterns_floats_and_arns)
{
    char text[RP_TEXT_MAX];
    rp_arn arn;
    double value;
    ck_assert(rp_glob_match(RP_STR("abcabc"), RP_STR("a*c")));
    ck_assert(rp_glob_match(RP_STR(""), RP_STR("*")));
    ck_assert(!rp_glob_match(RP_STR("ab"), RP_STR("a?c")));
    ck_assert(rp_text_contains(RP_STR("aab"), RP_STR("ab")));
    ck_assert(!rp_text_contains(RP_STR("aaa"), RP_STR("ab")));
    ck_assert(rp_arn_parse(RP_STR("arn:aws:kms:eu-west-1:1:key/x:y"), &arn));
    check_text(arn.resource.ptr, arn.resource.len, "key/x:y");
    ck_assert(!rp_arn_parse(RP_STR("arn:aws:kms"), &arn));
    ck_assert(rp_text_parse_float(RP_STR("0.1"), &value));
    check_text(text, rp_text_print_float(value, text), "0.1");
    check_text(text, rp_text_print_float(100, text), "100");
    check_text(text, rp_text_print_float(-1234567.5, text), "-1234567.5");
    check_text(text, rp_text_print_float(1e300, text), "1e+300");
    ck_assert(!rp_text_parse_float(RP_STR("1e999"), &value));
    ck_assert(!rp_text_parse_float(RP_STR("0x10"), &value));
    ck_assert(rp_utf8_is_valid(RP_STR("\xe2\x80\xa6")));
    ck_assert(!rp_utf8_is_valid(RP_STR("\xed\xa0\x80")));
}
END_TEST

static void add_tests(TCase *c)
{
    tcase_add_test(c, bits_fill_and_window_at_word_edges);
    tcase_add_test(c, strtab_gives_each_text_one_id);
    tcase_add_test(c, map_and_arena_keep_what_they_are_given);
    tcase_add_test(c, buf_remembers_its_first_failure);
    tcase_add_test(c, buf_has_room_for_nothing);
    tcase_add_test(c, checked_arithmetic_says_when_it_does_not_fit);
    tcase_add_test(c, texts_sort_by_bytes_and_equal_ones_stay);
    tcase_add_test(c, ranges_print_canonically);
    tcase_add_test(c, times_and_durations_read_back);
    tcase_add_test(c, versions_are_compared_by_components);
    tcase_add_test(c, patterns_floats_and_arns);
}

int main(void)
{
    return run_suite("base", 60, add_tests);
}
