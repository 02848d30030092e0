// Credentials: found exactly where AWS CLI version 2 finds them, and renewed before they expire.
//
// The one idea: a chain of places, asked in the order of the AWS CLI; the first that has something
// decides, also when it then fails. All that may hold a secret is kept in memory that is wiped
// before it is given back, and no message holds any of it. Nothing is written anywhere, and nobody
// is asked for a code: MFA is an error. So are a token of SSO that has expired, which the AWS CLI
// might renew, and profiles of `aws login`; files of boto 2 and of tools before the AWS CLI are not
// read. Must not know what the credentials are for.
#ifndef RP_LIVE_CREDENTIALS_H
#define RP_LIVE_CREDENTIALS_H

#include "collectors/live/http.h"
#include "collectors/live/settings.h"
#include "crypto/crypto.h"

// Time, given so that tests can have their own.
typedef struct rp_clock {
    int64_t (*now)(void *ctx);             // milliseconds since 1970
    void (*sleep)(void *ctx, uint32_t ms); // between tries; NULL: they follow at once
    void *ctx;
} rp_clock;

// Everything is borrowed for the call.
typedef struct rp_credentials_opts {
    rp_alloc alloc;
    rp_crypto *crypto;
    rp_fetch fetch;
    rp_clock clock;
    const rp_settings *settings;
    rp_str region;       // of STS; empty: that of the settings, without one us-east-1
    rp_str assume_role;  // --assume-role: an ARN, on top of what was found; empty: none
    rp_str external_id;  // of that role; empty: none
    rp_str session_name; // of that role; empty: rdspol-<seconds>
    // The environment of a credential_process, as posix_spawn takes it; NULL: empty.
    char *const *variables;
    uint32_t process_limit_ms; // for a credential_process; 0: two minutes
} rp_credentials_opts;

// Must not be moved: its memory is wiped through itself.
typedef struct rp_credentials {
    rp_str access_key, secret_key;
    rp_str session_token; // empty: none
    int64_t expires;      // milliseconds since 1970; 0: never
    rp_str source;        // for people: "environment", "profile prod (assume role)"
    bool is_role;         // from STS
    int64_t obtained, next_try;
    rp_alloc inner;
    rp_arena arena;
} rp_credentials;

// Finds credentials. RDSPOL_INPUT if there are none or their place fails, with a message that says
// what to do; RDSPOL_INVALID_ARGUMENT for a region or endpoint that is none;
// RDSPOL_UNSUPPORTED_VERSION without libcrypto; RDSPOL_NO_MEMORY. After a failure `out` is cleared.
rdspol_status rp_credentials_find(rp_credentials *out, const rp_credentials_opts *opts,
                                  rdspol_error *error);

// Finds them anew if they expire within 5 minutes (of a role: 15; never more than a quarter of
// their life). While the old ones are good a failure leaves them and returns RDSPOL_OK, with what
// went wrong in `error`, and is not tried again for a minute. Views of the old ones are gone when
// they were replaced.
rdspol_status rp_credentials_renew(rp_credentials *credentials, const rp_credentials_opts *opts,
                                   rdspol_error *error);

// The region in force: that of the settings, else, as the AWS CLI does last, that of the instance
// this runs on. Text is in `arena` or lives as long as the settings. RDSPOL_DONE if there is none.
rdspol_status rp_credentials_region(const rp_credentials_opts *opts, rp_arena *arena,
                                    rp_str *region, rdspol_error *error);

// Wipes and frees. May be called for cleared ones.
void rp_credentials_clear(rp_credentials *credentials);

#endif
