// Numbers, times, durations, versions, ARNs and patterns as text. Ranges are in cidr.c.
//
// Everything is worked out from bytes: the locale of the program must not matter, and neither may
// the clock. The one use of the C library's own conversion (strtod, for the last bit of long
// numbers) goes through a copy with the locale's decimal point.
#include "vm/base/text.h"

#include "vm/base/checked.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define WEEK (7 * DAY)

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Takes digits from the front of `rest`; false if there are none or they do not fit.
static bool take_digits(rp_str *rest, int64_t *out)
{
    int64_t value = 0;
    size_t at = 0;
    for (; at < rest->len && is_digit(rest->ptr[at]); at++) {
        if (!rp_checked_mul_i64(value, 10, &value) ||
            !rp_checked_add_i64(value, rest->ptr[at] - '0', &value)) {
            return false;
        }
    }
    *rest = rp_str_from_offset(*rest, at);
    *out = value;
    return at != 0;
}

static bool take_char(rp_str *rest, char c)
{
    if (rest->len == 0 || rest->ptr[0] != c) {
        return false;
    }
    *rest = rp_str_from_offset(*rest, 1);
    return true;
}

bool rp_text_parse_int(rp_str text, int64_t *out)
{
    bool negative = take_char(&text, '-');
    if (!negative) {
        (void)take_char(&text, '+');
    }
    if (negative && rp_str_equal(text, RP_STR("9223372036854775808"))) {
        *out = INT64_MIN;
        return true;
    }
    int64_t value;
    if (!take_digits(&text, &value) || text.len != 0) {
        return false;
    }
    *out = negative ? -value : value;
    return true;
}

// [-+]digits[.digits][(e|E)[-+]digits], with a digit before the exponent.
static bool is_decimal(rp_str text)
{
    size_t at = 0, digits = 0;
    at += text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+');
    for (; at < text.len && is_digit(text.ptr[at]); at++, digits++) {
    }
    if (at < text.len && text.ptr[at] == '.') {
        for (at++; at < text.len && is_digit(text.ptr[at]); at++, digits++) {
        }
    }
    if (digits != 0 && at < text.len && (text.ptr[at] == 'e' || text.ptr[at] == 'E')) {
        at++;
        at += at < text.len && (text.ptr[at] == '-' || text.ptr[at] == '+');
        size_t first = at;
        for (; at < text.len && is_digit(text.ptr[at]); at++) {
        }
        digits = at == first ? 0 : digits;
    }
    return digits != 0 && at == text.len;
}

static char decimal_point(void)
{
    const struct lconv *conventions = localeconv();
    return conventions->decimal_point[0] == '\0' ? '.' : conventions->decimal_point[0];
}

bool rp_text_parse_float(rp_str text, double *out)
{
    char copy[400];
    if (!is_decimal(text) || text.len >= sizeof copy) {
        return false;
    }
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    char *point = memchr(copy, '.', text.len);
    if (point != NULL) {
        *point = decimal_point();
    }
    double value = strtod(copy, NULL);
    *out = value;
    return value - value == 0; // neither infinite nor NaN
}

size_t rp_text_print_int(int64_t value, char out[RP_TEXT_MAX])
{
    char digits[24];
    size_t count = 0, at = 0;
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[count++] = (char)('0' + (int)(left % 10));
        left /= 10;
    } while (left != 0);
    if (value < 0) {
        out[at++] = '-';
    }
    while (count != 0) {
        out[at++] = digits[--count];
    }
    return at;
}

// How many digits `%g` needs to write a number of up to 15 digits without an exponent.
static int digits_before_point(double value)
{
    int digits = 1;
    for (double power = 10; digits < 15 && (value >= power || value <= -power); power *= 10) {
        digits++;
    }
    return digits;
}

size_t rp_text_print_float(double value, char out[RP_TEXT_MAX])
{
    int size = 0;
    for (int precision = digits_before_point(value); precision <= 17; precision++) {
        size = snprintf(out, RP_TEXT_MAX, "%.*g", precision, value);
        if (size > 0 && strtod(out, NULL) == value) {
            break;
        }
    }
    size_t length = size < 0 ? 0 : (size_t)size;
    char *point = memchr(out, decimal_point(), length);
    if (point != NULL) {
        *point = '.';
    }
    return length;
}

// Days since 1970-01-01 of a day of the proleptic Gregorian calendar.
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void civil_from_days(int64_t days, int64_t *year, int *month, int *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t of_era = days - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * shifted + 2) / 5 + 1);
    *month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    static const int64_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

// Exactly `width` digits.
static bool take_field(rp_str *rest, size_t width, int64_t *out)
{
    if (rest->len < width) {
        return false;
    }
    rp_str field = rp_str_make(rest->ptr, width);
    *rest = rp_str_from_offset(*rest, width);
    return take_digits(&field, out) && field.len == 0;
}

static bool take_date(rp_str *rest, int64_t *ms)
{
    int64_t year, month, day;
    if (!take_field(rest, 4, &year) || !take_char(rest, '-') || !take_field(rest, 2, &month) ||
        !take_char(rest, '-') || !take_field(rest, 2, &day)) {
        return false;
    }
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) {
        return false;
    }
    *ms = days_from_civil(year, month, day) * DAY;
    return true;
}

// Digits after the point as milliseconds, the rest cut off.
static bool take_fraction(rp_str *rest, int64_t *ms)
{
    int64_t scale = 100;
    size_t at = 0;
    *ms = 0;
    for (; at < rest->len && is_digit(rest->ptr[at]); at++) {
        *ms += (rest->ptr[at] - '0') * scale;
        scale /= 10;
    }
    *rest = rp_str_from_offset(*rest, at);
    return at != 0;
}

static bool take_clock(rp_str *rest, int64_t *ms)
{
    int64_t hour, minute, second = 0, fraction = 0;
    if (!take_field(rest, 2, &hour) || !take_char(rest, ':') || !take_field(rest, 2, &minute)) {
        return false;
    }
    if (take_char(rest, ':') && !take_field(rest, 2, &second)) {
        return false;
    }
    if (take_char(rest, '.') && !take_fraction(rest, &fraction)) {
        return false;
    }
    *ms = hour * HOUR + minute * MINUTE + second * SECOND + fraction;
    return hour < 24 && minute < 60 && second <= 60;
}

// Z, +01:00, -0130 or +01.
static bool take_offset(rp_str *rest, int64_t *ms)
{
    *ms = 0;
    if (take_char(rest, 'Z') || take_char(rest, 'z')) {
        return true;
    }
    bool west = take_char(rest, '-');
    int64_t hour, minute = 0;
    if ((!west && !take_char(rest, '+')) || !take_field(rest, 2, &hour)) {
        return false;
    }
    bool colon = take_char(rest, ':');
    if ((colon || rest->len != 0) && !take_field(rest, 2, &minute)) {
        return false;
    }
    *ms = (hour * HOUR + minute * MINUTE) * (west ? -1 : 1);
    return hour < 24 && minute < 60;
}

bool rp_time_parse_iso(rp_str text, int64_t *ms)
{
    int64_t date, clock = 0, offset = 0;
    if (!take_date(&text, &date)) {
        return false;
    }
    if (text.len == 0) {
        *ms = date;
        return true;
    }
    if (!take_char(&text, 'T') && !take_char(&text, 't') && !take_char(&text, ' ')) {
        return false;
    }
    if (!take_clock(&text, &clock) || !take_offset(&text, &offset) || text.len != 0) {
        return false;
    }
    *ms = date + clock - offset;
    return true;
}

// Years 0 to 9999, so that every time that parses prints.
static bool in_calendar(int64_t ms)
{
    return ms >= INT64_C(-62167219200000) && ms < INT64_C(253402300800000);
}

static bool parse_epoch(rp_str text, int64_t *ms)
{
    rp_str rest = text;
    bool negative = take_char(&rest, '-');
    int64_t seconds, fraction = 0;
    if (take_digits(&rest, &seconds) && seconds < INT64_C(1000000000000)) {
        bool point = take_char(&rest, '.');
        if ((!point || take_fraction(&rest, &fraction)) && rest.len == 0) {
            *ms = (seconds * SECOND + fraction) * (negative ? -1 : 1);
            return in_calendar(*ms);
        }
    }
    double value;
    if (!rp_text_parse_float(text, &value) || value < -1e11 || value > 1e12) {
        return false;
    }
    *ms = (int64_t)(value * 1000.0);
    return in_calendar(*ms);
}

bool rp_time_parse(rp_str text, int64_t *ms)
{
    return rp_time_parse_iso(text, ms) || parse_epoch(text, ms);
}

size_t rp_time_print(int64_t ms, char out[RP_TEXT_MAX])
{
    int64_t days = ms / DAY - (ms % DAY < 0);
    int64_t rest = ms % DAY + (ms % DAY < 0 ? DAY : 0);
    int64_t year;
    int month, day;
    civil_from_days(days, &year, &month, &day);
    int size =
        snprintf(out, RP_TEXT_MAX, "%04lld-%02d-%02dT%02d:%02d:%02d", (long long)year, month, day,
                 (int)(rest / HOUR), (int)(rest / MINUTE % 60), (int)(rest / SECOND % 60));
    size_t at = size < 0 ? 0 : (size_t)size;
    if (rest % SECOND != 0) {
        size = snprintf(out + at, RP_TEXT_MAX - at, ".%03d", (int)(rest % SECOND));
        at += size < 0 ? 0 : (size_t)size;
    }
    out[at++] = 'Z';
    return at;
}

typedef struct unit {
    int64_t ms;
    char letter;
} unit;

static const unit units[] = {{WEEK, 'w'}, {DAY, 'd'}, {HOUR, 'h'}, {MINUTE, 'm'}, {SECOND, 's'}};

#define UNIT_COUNT (sizeof units / sizeof units[0])

bool rp_duration_parse(rp_str text, int64_t *ms)
{
    bool negative = take_char(&text, '-');
    int64_t count;
    if (!take_digits(&text, &count) || text.len != 1) {
        return false;
    }
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        if (units[i].letter == text.ptr[0]) {
            return rp_checked_mul_i64(negative ? -count : count, units[i].ms, ms);
        }
    }
    return false;
}

size_t rp_duration_print(int64_t ms, char out[RP_TEXT_MAX])
{
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        if (ms != 0 && ms % units[i].ms == 0) {
            size_t at = rp_text_print_int(ms / units[i].ms, out);
            out[at++] = units[i].letter;
            return at;
        }
    }
    if (ms == 0) {
        memcpy(out, "0s", 2);
        return 2;
    }
    uint64_t size = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
    int length = snprintf(out, RP_TEXT_MAX, "%s%llu.%03llus", ms < 0 ? "-" : "",
                          (unsigned long long)(size / 1000), (unsigned long long)(size % 1000));
    return length < 0 ? 0 : (size_t)length;
}

bool rp_version_is_valid(rp_str text)
{
    return text.len != 0 && is_digit(text.ptr[0]);
}

static bool is_separator(char c)
{
    return c == '.' || c == '-' || c == '_' || c == '+';
}

// The next component; false at the end. `*more` says whether a separator followed it.
static bool take_component(rp_str *rest, bool *more, rp_str *component)
{
    if (!*more) {
        return false;
    }
    size_t at = 0;
    while (at < rest->len && !is_separator(rest->ptr[at])) {
        at++;
    }
    *component = rp_str_make(rest->ptr, at);
    *more = at < rest->len;
    *rest = rp_str_from_offset(*rest, at + (*more ? 1 : 0));
    return true;
}

static bool is_number(rp_str component)
{
    for (size_t i = 0; i < component.len; i++) {
        if (!is_digit(component.ptr[i])) {
            return false;
        }
    }
    return component.len != 0;
}

static rp_str without_zeros(rp_str number)
{
    while (number.len > 1 && number.ptr[0] == '0') {
        number = rp_str_from_offset(number, 1);
    }
    return number;
}

static int compare_component(rp_str a, rp_str b)
{
    bool a_number = is_number(a), b_number = is_number(b);
    if (a_number != b_number) {
        return a_number ? 1 : -1;
    }
    if (!a_number) {
        return rp_str_compare(a, b);
    }
    a = without_zeros(a);
    b = without_zeros(b);
    return a.len == b.len ? rp_str_compare(a, b) : (a.len < b.len ? -1 : 1);
}

int rp_version_compare(rp_str a, rp_str b)
{
    bool a_more = true, b_more = true;
    for (;;) {
        rp_str x, y;
        bool has_x = take_component(&a, &a_more, &x), has_y = take_component(&b, &b_more, &y);
        if (!has_x || !has_y) {
            return (int)has_x - (int)has_y;
        }
        int order = compare_component(x, y);
        if (order != 0) {
            return order;
        }
    }
}

bool rp_version_in_series(rp_str version, rp_str series)
{
    bool more = true, series_more = true;
    rp_str x, y;
    while (take_component(&series, &series_more, &y)) {
        if (!take_component(&version, &more, &x) || compare_component(x, y) != 0) {
            return false;
        }
    }
    return true;
}

// Goes back to the last star only, so the time is at most the product of the lengths.
bool rp_glob_match(rp_str text, rp_str pattern)
{
    size_t t = 0, p = 0, star = SIZE_MAX, resume = 0;
    while (t < text.len) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.len && (pattern.ptr[p] == '?' || pattern.ptr[p] == text.ptr[t])) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*') {
        p++;
    }
    return p == pattern.len;
}

bool rp_text_contains(rp_str text, rp_str part)
{
    if (part.len == 0) {
        return true;
    }
    for (size_t at = 0; at + part.len <= text.len; at++) {
        const char *hit = memchr(text.ptr + at, part.ptr[0], text.len - part.len + 1 - at);
        if (hit == NULL) {
            return false;
        }
        at = (size_t)(hit - text.ptr);
        if (memcmp(hit, part.ptr, part.len) == 0) {
            return true;
        }
    }
    return false;
}

// Up to the next colon, which is taken too.
static bool take_part(rp_str *rest, rp_str *part)
{
    const char *colon = rest->len == 0 ? NULL : memchr(rest->ptr, ':', rest->len);
    if (colon == NULL) {
        return false;
    }
    *part = rp_str_make(rest->ptr, (size_t)(colon - rest->ptr));
    *rest = rp_str_from_offset(*rest, part->len + 1);
    return true;
}

bool rp_arn_parse(rp_str text, rp_arn *out)
{
    rp_str prefix;
    if (!take_part(&text, &prefix) || !rp_str_equal(prefix, RP_STR("arn"))) {
        return false;
    }
    if (!take_part(&text, &out->partition) || !take_part(&text, &out->service) ||
        !take_part(&text, &out->region) || !take_part(&text, &out->account)) {
        return false;
    }
    out->resource = text;
    return true;
}

bool rp_text_lower(rp_str text, char *out)
{
    bool changed = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool upper = c >= 'A' && c <= 'Z';
        out[i] = upper ? (char)(c - 'A' + 'a') : c;
        changed |= upper;
    }
    return changed;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

rp_str rp_text_trim(rp_str text)
{
    while (text.len != 0 && is_blank(text.ptr[0])) {
        text = rp_str_from_offset(text, 1);
    }
    while (text.len != 0 && is_blank(text.ptr[text.len - 1])) {
        text.len--;
    }
    return text;
}

bool rp_text_split(rp_str *rest, rp_str separator, rp_str *part)
{
    if (rest->ptr == NULL) {
        return false;
    }
    for (size_t at = 0; separator.len != 0 && at + separator.len <= rest->len; at++) {
        if (memcmp(rest->ptr + at, separator.ptr, separator.len) == 0) {
            *part = rp_str_make(rest->ptr, at);
            *rest = rp_str_from_offset(*rest, at + separator.len);
            return true;
        }
    }
    *part = *rest;
    *rest = rp_str_make(NULL, 0);
    return true;
}

// Length of the sequence that a lead byte begins, 0 if it begins none.
static size_t sequence_length(unsigned char lead)
{
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xc2 && lead <= 0xdf) {
        return 2;
    }
    if (lead >= 0xe0 && lead <= 0xef) {
        return 3;
    }
    return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

// Overlong forms, surrogates and what is beyond U+10FFFF show in the second byte.
static bool second_is_valid(unsigned char lead, unsigned char second)
{
    unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    return second >= low && second <= high;
}

// How many bytes from `at` on are ASCII, eight at a time.
static size_t ascii_run(rp_str text, size_t at)
{
    size_t from = at;
    for (uint64_t word; text.len - at >= sizeof word; at += sizeof word) {
        memcpy(&word, text.ptr + at, sizeof word);
        if ((word & UINT64_C(0x8080808080808080)) != 0) {
            break;
        }
    }
    return at - from;
}

bool rp_utf8_is_valid(rp_str text)
{
    const char *bytes = text.ptr;
    for (size_t at = ascii_run(text, 0); at < text.len; at += ascii_run(text, at)) {
        size_t length = sequence_length((unsigned char)bytes[at]);
        if (length == 0 || length > text.len - at) {
            return false;
        }
        if (length > 1 &&
            !second_is_valid((unsigned char)bytes[at], (unsigned char)bytes[at + 1])) {
            return false;
        }
        for (size_t i = 2; i < length; i++) {
            if (((unsigned char)bytes[at + i] & 0xc0) != 0x80) {
                return false;
            }
        }
        at += length;
    }
    return true;
}
