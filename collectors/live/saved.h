// Saved facts: the document of `rdspol facts collect`, envelope by envelope.
//
// The one idea: the document is walked once and each answer is shown as it stands in the text, so
// that looking at it and writing it in another layout need no second form in memory. Must not know
// facts or policies.
#ifndef RP_LIVE_SAVED_H
#define RP_LIVE_SAVED_H

#include "vm/base/alloc.h"
#include "vm/base/str.h"
#include "vm/include/rdspol.h"

enum { RP_SAVED_MAX_ARGUMENTS = 4 };

// One answer. Views of the text; valid during the call.
typedef struct rp_saved_answer {
    rp_str operation; // "rds:DescribeDBInstances"
    rp_str account, region;
    rp_str names[RP_SAVED_MAX_ARGUMENTS], values[RP_SAVED_MAX_ARGUMENTS]; // of the question
    size_t count;
    rp_str response; // the object, or empty
    rp_str code;     // of an error, or empty
    rp_str error;    // the object, or empty
} rp_saved_answer;

typedef struct rp_saved_walk {
    bool (*answer)(void *ctx, const rp_saved_answer *answer); // false ends the walk
    void *ctx;
    rp_str collected; // when, as the document says
} rp_saved_walk;

// Walks a document. `text` is followed by RP_SAVED_PAD zero bytes. RDSPOL_INPUT, with byte and
// path, if it is not saved facts; RDSPOL_NO_MEMORY.
enum { RP_SAVED_PAD = 64 };
rdspol_status rp_saved_read(rp_str text, rp_saved_walk *walk, rp_alloc alloc, rdspol_error *error);

#endif
