// Values as text: parsing and printing of numbers, times, durations, ranges, versions and ARNs.
//
// Used by the compiler for literals, by readers for facts and by the machine for messages, so that
// all three agree. No locale, no allocation: printers write into an array of the caller and return
// the length. Every parser takes the whole text or refuses.
#ifndef RP_BASE_TEXT_H
#define RP_BASE_TEXT_H

#include "vm/base/str.h"

#include <stdint.h>

#define RP_TEXT_MAX 64 // enough for every printer here

// A decimal int with an optional sign.
bool rp_text_parse_int(rp_str text, int64_t *out);
// A finite decimal number: digits, fraction, exponent.
bool rp_text_parse_float(rp_str text, double *out);
size_t rp_text_print_int(int64_t value, char out[RP_TEXT_MAX]);
// The shortest form that reads back to the same double.
size_t rp_text_print_float(double value, char out[RP_TEXT_MAX]);

// Milliseconds since 1970. A date, a date and time with offset (fraction allowed), or a number of
// seconds since 1970 (fraction allowed). `rp_time_parse_iso` refuses the last.
bool rp_time_parse(rp_str text, int64_t *ms);
bool rp_time_parse_iso(rp_str text, int64_t *ms);
// 2027-03-31T12:00:00Z, with milliseconds only if there are any.
size_t rp_time_print(int64_t ms, char out[RP_TEXT_MAX]);

// A number and one unit of w d h m s, perhaps negative: 90d. Prints the largest exact unit.
bool rp_duration_parse(rp_str text, int64_t *ms);
size_t rp_duration_print(int64_t ms, char out[RP_TEXT_MAX]);

typedef struct rp_cidr {
    unsigned char address[16]; // of IPv4 the first four
    unsigned char family;      // 4 or 6
    unsigned char length;      // of the prefix, in bits
} rp_cidr;

// "10.0.0.0/8"; host bits are cleared.
bool rp_cidr_parse(rp_str text, rp_cidr *out);
size_t rp_cidr_print(const rp_cidr *range, char out[RP_TEXT_MAX]);
bool rp_cidr_within(const rp_cidr *a, const rp_cidr *b);
bool rp_cidr_overlaps(const rp_cidr *a, const rp_cidr *b);
bool rp_cidr_is_private(const rp_cidr *range);

// A version begins with a digit. Components are separated by . - _ + ; digits compare as numbers,
// anything else as text, text before numbers, a missing component before any.
bool rp_version_is_valid(rp_str text);
int rp_version_compare(rp_str a, rp_str b);
// Whether `version` begins with the components of `series`.
bool rp_version_in_series(rp_str version, rp_str series);

// The whole text; * is any run of bytes, ? any byte.
bool rp_glob_match(rp_str text, rp_str pattern);
bool rp_text_contains(rp_str text, rp_str part);

typedef struct rp_arn {
    rp_str partition, service, region, account, resource;
} rp_arn;

// arn:partition:service:region:account:resource; parts may be empty.
bool rp_arn_parse(rp_str text, rp_arn *out);

// ASCII letters to lower case; `out` has room for text.len bytes. Returns whether any changed.
bool rp_text_lower(rp_str text, char *out);
rp_str rp_text_trim(rp_str text); // blanks, tabs, line ends
// The next part of `*rest` up to `separator`; false when there is none left.
bool rp_text_split(rp_str *rest, rp_str separator, rp_str *part);

bool rp_utf8_is_valid(rp_str text);

#endif
