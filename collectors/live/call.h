// One call to AWS: as a request, and its answer as JSON.
//
// The one idea: a call is an operation and its arguments; which protocol carries it stands in
// calls.def. What comes back is the text that the AWS CLI would print, whatever was on the wire.
// Must not send, sign or retry.
#ifndef RP_LIVE_CALL_H
#define RP_LIVE_CALL_H

#include "collectors/live/http.h"
#include "collectors/live/wire.h"
#include "collectors/live/xml.h"

typedef enum rp_protocol {
    RP_PROTOCOL_QUERY,
    RP_PROTOCOL_EC2,
    RP_PROTOCOL_JSON,
    RP_PROTOCOL_REST
} rp_protocol;

typedef enum rp_service {
#define SERVICE(name, PROTOCOL, version, target, burst, rate) RP_SERVICE_##name,
#include "collectors/live/calls.def"
#undef SERVICE
    RP_SERVICE_COUNT
} rp_service;

typedef struct rp_service_info {
    const char *name;
    rp_protocol protocol;
    const char *version, *target;
    uint32_t burst, rate; // calls; calls a second
} rp_service_info;

typedef struct rp_call_info {
    rp_service service;
    const char *name;      // "DescribeDBInstances"
    const char *operation; // "rds:DescribeDBInstances"
    const char *limit;
    uint32_t page_size;
    const char *token, *next, *path;
} rp_call_info;

const rp_service_info *rp_service_info_of(rp_service service);
// A call by service and operation; NULL if it cannot be asked live.
const rp_call_info *rp_call_find(rp_str service, rp_str operation);

// Whether a call about one row is asked of some rows only: those whose `field` has `value`.
bool rp_call_only(const rp_call_info *info, rp_str *field, rp_str *value);

// The part of a text that makes a listing worth asking; empty: it is asked in any case.
rp_str rp_call_mentioned(const rp_call_info *info);

enum { RP_CALL_MAX_ARGUMENTS = 4 };

typedef struct rp_call {
    const rp_call_info *info;
    rp_str names[RP_CALL_MAX_ARGUMENTS], values[RP_CALL_MAX_ARGUMENTS];
    uint32_t count;
    rp_str token; // of the page to ask for; empty: the first
} rp_call;

// What the answers are read with; shared by all calls.
typedef struct rp_decoder {
    rp_alloc alloc;
    rp_wire wire;
    rp_expat *expat;
} rp_decoder;

// Fails if expat is not there (RDSPOL_INPUT) or memory ran out. `rp_decoder_clear` in any case.
rdspol_status rp_decoder_init(rp_decoder *decoder, rp_alloc alloc, rdspol_error *error);
void rp_decoder_clear(rp_decoder *decoder);

// Fills method, URL, headers and body; their texts are in `arena`. `base` is the endpoint without a
// slash at its end. False if memory ran out, or an argument of the path is missing.
bool rp_call_request(const rp_call *call, rp_str base, rp_arena *arena, rp_http_request *request);

// What came back. Texts are in `arena`.
typedef struct rp_outcome {
    bool good;
    rp_str response; // the answer as an object, without its token
    rp_str token;    // of the next page, or empty
    rp_str items;    // of `member`, if it is a list: what stands between its brackets
    rp_str code;     // of an error: AWS's code, or one of ours
    rp_str message;  // for people
    bool unreadable; // neither an answer nor an error of AWS
} rp_outcome;

// Reads an answer of HTTP. `member` is the member that holds the rows, or empty. False if memory
// ran out.
bool rp_call_outcome(const rp_decoder *decoder, const rp_call_info *info, rp_str member,
                     const rp_http_answer *answer, rp_arena *arena, rp_outcome *out);

#endif
