// Random worlds and policies for the differential tests: typed, small, and rich in unknown, absent
// and incomplete. The same seed gives the same world everywhere.
#ifndef RP_TESTS_GENERATE_H
#define RP_TESTS_GENERATE_H

#include "vm/base/buf.h"
#include "vm/include/rdspol.h"

typedef struct random_state {
    uint64_t state;
} random_state;

uint32_t random_below(random_state *random, uint32_t limit);

// The schema that policies and worlds are about, as a module `aws`.
extern const char generated_schema[];
// Appends the text of `count` random policies.
void generate_policies(random_state *random, rp_buf *out, uint32_t count);
// Fills facts with random rows. What is hidden: of a hundred facts so many are unknown.
rdspol_status generate_facts(random_state *random, rdspol_facts *facts, uint32_t hidden);

#endif
