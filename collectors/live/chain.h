// What the places that credentials come from share: keys, requests with tries, members of answers.
//
// The one idea: each place is a function that returns RDSPOL_OK with keys, RDSPOL_DONE if it has
// nothing to say, or a failure that ends the search. Keys and intermediate texts live in the
// chain's arena, which is wiped. For files of this folder only.
#ifndef RP_LIVE_CHAIN_H
#define RP_LIVE_CHAIN_H

#include "collectors/json.h"
#include "collectors/live/credentials.h"

enum {
    RP_CHAIN_MAX_ANSWER = 64 * 1024, // bytes of an answer with credentials
    RP_CHAIN_TRIES = 3
};

typedef struct rp_chain {
    const rp_credentials_opts *opts;
    rp_arena *arena;
    rdspol_error *error;
} rp_chain;

typedef struct rp_keys {
    rp_str access_key, secret_key, session_token;
    int64_t expires; // 0: never
    rp_str source;
    bool is_role;
} rp_keys;

// How a kind of answer calls its members.
typedef struct rp_key_names {
    const char *access_key, *secret_key, *session_token, *expires;
    bool token_required, expires_required;
    bool in_milliseconds; // otherwise seconds, or an ISO time
    int64_t least_ms;     // keys that expire sooner are taken to expire then; 0: as they say
} rp_key_names;

// ---- chain.c: what is shared ----

const char *rp_chain_variable(const rp_chain *chain, const char *name); // NULL if not set or empty
rp_str rp_chain_profile(const rp_chain *chain, rp_str profile, const char *name);
int64_t rp_chain_now(const rp_chain *chain);
// A text in the arena; the format must not be given secrets that outlive it. NULL if memory ran
// out.
rp_str rp_chain_format(rp_chain *chain, const char *format, ...) RP_PRINTF(2, 3);

// The longest that is shown of a text of somebody else.
#define RP_SHOW(text) (int)((text).len < 128 ? (text).len : 128), (text).ptr

// Whether all bytes are visible ASCII, as a header or a key may hold them.
bool rp_chain_is_visible(rp_str text);

// Makes a request up to RP_CHAIN_TRIES times: again after 429, 5xx and broken answers, and if
// somebody `is_there` for sure, also if nobody answers.
void rp_chain_fetch(rp_chain *chain, const rp_http_request *request, bool is_there,
                    rp_http_answer *answer);
// Wipes and frees an answer.
void rp_chain_forget(rp_http_answer *answer);
// Says that `what` failed, by the fault or the status of an answer; its body is not shown.
rdspol_status rp_chain_refuse(rp_chain *chain, rp_str what, const rp_http_answer *answer);

// The member of an object, or NULL; the object may be NULL or anything else, too.
const rp_document *rp_chain_member(const rp_document *object, const char *name);
// A member that is a text, copied into the arena. A `ptr` of NULL: there is none, or memory ran
// out.
rp_str rp_chain_text(rp_chain *chain, const rp_document *object, const char *name);
// Keys from an object. RDSPOL_INPUT if a member is missing, of a wrong type, or they have expired.
rdspol_status rp_chain_keys(rp_chain *chain, const rp_document *object, const rp_key_names *names,
                            rp_str what, rp_keys *keys);
// Whether keys can be used at all: not empty, visible, not too long, not expired.
rdspol_status rp_chain_check(rp_chain *chain, rp_str what, const rp_keys *keys);

// ---- The places ----

// sts.c. `keys` come in as those that sign, and go out as those of the role. Texts may be empty but
// the ARN.
typedef struct rp_role {
    rp_str arn, external_id, session_name, source;
    int64_t duration; // seconds; 0: that of the role
} rp_role;
rdspol_status rp_sts_assume(rp_chain *chain, const rp_role *role, rp_keys *keys);
rdspol_status rp_sts_web_identity(rp_chain *chain, const rp_role *role, rp_str token,
                                  rp_keys *keys);

// sso.c
rdspol_status rp_sso_find(rp_chain *chain, rp_str profile, rp_keys *keys);
// process.c. `command` is what credential_process says.
rdspol_status rp_process_run(rp_chain *chain, rp_str profile, rp_str command, rp_keys *keys);
// metadata.c
rdspol_status rp_container_find(rp_chain *chain, rp_keys *keys);
rdspol_status rp_instance_find(rp_chain *chain, rp_keys *keys);

#endif
