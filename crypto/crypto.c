// The only file that knows OpenSSL. Its functions are looked up by name in a library that is opened
// at the first use: linking to it would cost every start about 3 ms of relocation.
//
// The low-level SHA-256 functions are used although OpenSSL calls them deprecated: a fingerprint is
// two blocks, and fetching a digest through EVP takes several times as long as hashing them.
#define OPENSSL_API_COMPAT 0x10100000L
#define OPENSSL_SUPPRESS_DEPRECATED 1
#include "crypto/crypto.h"

#include <dlfcn.h>
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
                 FIND(crypto, final, "SHA256_Final");
    if (!found) rp_crypto_clear(crypto);
    return found;
}

void rp_crypto_clear(rp_crypto *crypto)
{
    if (crypto->library != NULL) (void)dlclose(crypto->library);
    *crypto = (rp_crypto){0};
}

bool rp_crypto_sha256(rp_crypto *crypto, const void *data, size_t size,
                      unsigned char out[RP_SHA256_SIZE])
{
    SHA256_CTX state;
    if (!rp_crypto_load(crypto)) return false;
    return crypto->init(&state) == 1 && crypto->update(&state, data, size) == 1 &&
           crypto->final(out, &state) == 1;
}

int rp_crypto_sha256_of_section(void *crypto, const void *data, size_t size,
                                unsigned char out[RP_SHA256_SIZE])
{
    return rp_crypto_sha256(crypto, data, size, out);
}

void rp_crypto_hex(const unsigned char hash[RP_SHA256_SIZE], char out[RP_SHA256_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < RP_SHA256_SIZE; i++) {
        out[2 * i] = digits[hash[i] >> 4];
        out[2 * i + 1] = digits[hash[i] & 15];
    }
}
