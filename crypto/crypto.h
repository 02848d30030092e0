// SHA-256, its HMAC, and SHA-1: the door to OpenSSL, and the only one.
//
// The one idea: libcrypto is loaded when the first hash is asked for, because loading it takes
// longer than judging a fleet, and most runs need no hash. What was found lives in the caller's
// `rp_crypto`; there is no state of our own. Must not know what is hashed.
#ifndef RP_CRYPTO_H
#define RP_CRYPTO_H

#include "vm/base/str.h"

#include <stdint.h>

enum { RP_SHA256_SIZE = 32, RP_SHA256_HEX_SIZE = 64, RP_SHA1_SIZE = 20 };

// A table of functions; all zero before `rp_crypto_load`.
typedef struct rp_crypto {
    void *library;
    int (*init)(void *state);
    int (*update)(void *state, const void *data, size_t size);
    int (*final)(unsigned char *out, void *state);
    const void *(*sha256)(void);
    unsigned char *(*hmac)(const void *digest, const void *key, int key_size,
                           const unsigned char *data, size_t size, unsigned char *out,
                           unsigned int *out_size);
    unsigned char *(*sha1)(const unsigned char *data, size_t size, unsigned char *out);
} rp_crypto;

// Loads libcrypto unless that has been done. Returns false if there is none on this system.
bool rp_crypto_load(rp_crypto *crypto);
// Releases it; a cleared table may be loaded again.
void rp_crypto_clear(rp_crypto *crypto);

// A hash that is being made; a copy goes on by itself, so that a common beginning is hashed once.
typedef struct rp_sha256 {
    uint64_t opaque[16];
} rp_sha256;
// All false if there is no libcrypto.
bool rp_sha256_begin(rp_crypto *crypto, rp_sha256 *hash);
bool rp_sha256_add(const rp_crypto *crypto, rp_sha256 *hash, const void *data, size_t size);
// The hash is of no use afterwards.
bool rp_sha256_end(const rp_crypto *crypto, rp_sha256 *hash, unsigned char out[RP_SHA256_SIZE]);

// The hash of `data`. Loads libcrypto if need be; false if that fails.
bool rp_crypto_sha256(rp_crypto *crypto, const void *data, size_t size,
                      unsigned char out[RP_SHA256_SIZE]);
// The same in the form of `rdspol_sha256_fn`, with an `rp_crypto` as context.
int rp_crypto_sha256_of_section(void *crypto, const void *data, size_t size,
                                unsigned char out[RP_SHA256_SIZE]);
// HMAC with SHA-256 (RFC 2104). Loads libcrypto if need be; false if that fails.
bool rp_crypto_hmac_sha256(rp_crypto *crypto, rp_str key, rp_str data,
                           unsigned char out[RP_SHA256_SIZE]);
// SHA-1, for names of files that others chose so; never to protect anything.
bool rp_crypto_sha1(rp_crypto *crypto, const void *data, size_t size,
                    unsigned char out[RP_SHA1_SIZE]);
// Lower case hex digits, two for each byte, without NUL.
void rp_crypto_hex_of(const unsigned char *bytes, size_t size, char *out);
// 64 lower case hex digits, without NUL.
void rp_crypto_hex(const unsigned char hash[RP_SHA256_SIZE], char out[RP_SHA256_HEX_SIZE]);

#endif
