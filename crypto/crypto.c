// The only file that knows OpenSSL. Its functions are looked up by name in a library that is opened
// at the first use: linking to it would cost every start about 3 ms of relocation.
//
// The low-level SHA-256 functions are used although OpenSSL calls them deprecated: a fingerprint is
// two blocks, and fetching a digest through EVP takes several times as long as hashing them.
#define OPENSSL_API_COMPAT 0x10100000L
#define OPENSSL_SUPPRESS_DEPRECATED 1
#include "crypto/crypto.h"

#include <dlfcn.h>
#include <limits.h>
#include <openssl/sha.h>

// A function found by name. ISO C has no conversion from an object pointer to a function pointer;
// POSIX says that their representations agree.
#define FIND(crypto, member, name)                                                                 \
    find((crypto)->library, name, &(crypto)->member, sizeof(crypto)->member)

static bool find(void *library, const char *name, void *function, size_t size)
{
    void *symbol = dlsym(library, name);
    memcpy(function, &symbol, size);
    return symbol != NULL;
}

static void *open_library(void)
{
    static const char *const names[] = {"libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.so",
                                        "libcrypto.3.dylib", "libcrypto.dylib"};
    void *library = NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && library == NULL; i++) {
        library = dlopen(names[i], RTLD_LAZY | RTLD_LOCAL);
    }
    return library;
}

bool rp_crypto_load(rp_crypto *crypto)
{
    if (crypto->library != NULL) return true;
    crypto->library = open_library();
    if (crypto->library == NULL) return false;
    bool found = FIND(crypto, init, "SHA256_Init") && FIND(crypto, update, "SHA256_Update") &&
                 FIND(crypto, final, "SHA256_Final") && FIND(crypto, sha256, "EVP_sha256") &&
                 FIND(crypto, hmac, "HMAC") && FIND(crypto, sha1, "SHA1");
    if (!found) rp_crypto_clear(crypto);
    return found;
}

void rp_crypto_clear(rp_crypto *crypto)
{
    if (crypto->library != NULL) (void)dlclose(crypto->library);
    *crypto = (rp_crypto){0};
}

_Static_assert(sizeof(SHA256_CTX) <= sizeof(rp_sha256), "the state of OpenSSL fits");

bool rp_sha256_begin(rp_crypto *crypto, rp_sha256 *hash)
{
    return rp_crypto_load(crypto) && crypto->init(hash) == 1;
}

bool rp_sha256_add(const rp_crypto *crypto, rp_sha256 *hash, const void *data, size_t size)
{
    return crypto->update(hash, data, size) == 1;
}

bool rp_sha256_end(const rp_crypto *crypto, rp_sha256 *hash, unsigned char out[RP_SHA256_SIZE])
{
    return crypto->final(out, hash) == 1;
}

bool rp_crypto_sha256(rp_crypto *crypto, const void *data, size_t size,
                      unsigned char out[RP_SHA256_SIZE])
{
    rp_sha256 hash;
    return rp_sha256_begin(crypto, &hash) && rp_sha256_add(crypto, &hash, data, size) &&
           rp_sha256_end(crypto, &hash, out);
}

int rp_crypto_sha256_of_section(void *crypto, const void *data, size_t size,
                                unsigned char out[RP_SHA256_SIZE])
{
    return rp_crypto_sha256(crypto, data, size, out);
}

bool rp_crypto_hmac_sha256(rp_crypto *crypto, rp_str key, rp_str data,
                           unsigned char out[RP_SHA256_SIZE])
{
    if (key.len > INT_MAX || !rp_crypto_load(crypto)) return false;
    unsigned int size = 0;
    // NULL would mean the key of the call before.
    const unsigned char *mac =
        crypto->hmac(crypto->sha256(), key.len == 0 ? "" : key.ptr, (int)key.len,
                     (const unsigned char *)data.ptr, data.len, out, &size);
    return mac != NULL && size == RP_SHA256_SIZE;
}

bool rp_crypto_sha1(rp_crypto *crypto, const void *data, size_t size,
                    unsigned char out[RP_SHA1_SIZE])
{
    return rp_crypto_load(crypto) && crypto->sha1(data, size, out) != NULL;
}

// All pairs of digits that begin with one.
#define ROW(d)                                                                                     \
    d "0" d "1" d "2" d "3" d "4" d "5" d "6" d "7" d "8" d "9" d "a" d "b" d "c" d "d" d "e" d "f"

void rp_crypto_hex_of(const unsigned char *bytes, size_t size, char *out)
{
    static const char pairs[] = ROW("0") ROW("1") ROW("2") ROW("3") ROW("4") ROW("5") ROW("6")
        ROW("7") ROW("8") ROW("9") ROW("a") ROW("b") ROW("c") ROW("d") ROW("e") ROW("f");
    for (size_t i = 0; i < size; i++) memcpy(out + 2 * i, pairs + 2 * (size_t)bytes[i], 2);
}

void rp_crypto_hex(const unsigned char hash[RP_SHA256_SIZE], char out[RP_SHA256_HEX_SIZE])
{
    rp_crypto_hex_of(hash, RP_SHA256_SIZE, out);
}
