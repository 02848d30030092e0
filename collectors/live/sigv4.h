// AWS Signature Version 4, in headers.
//
// The one idea: a request is signed as it will be sent: method, path, query, headers and body are
// read from the request itself, so that what is signed and what is sent cannot differ. Rules:
// "Create a signed AWS API request" of the IAM User Guide. Must not know services, nor where keys
// come from.
#ifndef RP_LIVE_SIGV4_H
#define RP_LIVE_SIGV4_H

#include "collectors/live/http.h"
#include "crypto/crypto.h"
#include "vm/base/arena.h"
#include "vm/include/rdspol.h"

// Who signs, for what, when. Borrowed.
typedef struct rp_signer {
    rp_str access_key, secret_key;
    rp_str session_token; // empty: none
    rp_str region, service;
    int64_t now; // milliseconds since 1970
} rp_signer;

// Appends X-Amz-Date, X-Amz-Security-Token (with a session token) and Authorization to the headers
// of `request`, which must not have them yet; their texts go into `arena`, which so holds the
// session token and must not have a `fail` of its own. All other headers are signed, but for those
// that change on the way (User-Agent, Connection ...), and with Host as libcurl makes it of the
// URL. Path and query of the URL are URI-encoded already. Fails with RDSPOL_INVALID_ARGUMENT if the
// URL is none or there is no room for three more headers, RDSPOL_NO_MEMORY,
// RDSPOL_UNSUPPORTED_VERSION without libcrypto; then the request is not changed.
rdspol_status rp_sigv4_sign(rp_crypto *crypto, const rp_signer *signer, rp_http_request *request,
                            rp_arena *arena, rdspol_error *error);

// Appends `text` with all but A-Z a-z 0-9 - _ . ~ and the bytes of `safe` as %XX, upper case: for
// paths (safe "/"), queries and bodies of forms.
void rp_uri_encode(rp_buf *out, rp_str text, const char *safe);

#endif
