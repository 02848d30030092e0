// Signs the requests that are described on standard input, one a line, and prints Authorization.
//
// A line is fields in hex digits, between blanks; "-" is empty: method, URL, body, access key,
// secret, session token, region, service, milliseconds since 1970 (in decimal), headers. Made for
// tests/integration/sigv4_botocore.py.
#include "collectors/live/sigv4.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_LINE = 1 << 20, FIXED = 9 };

static unsigned digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

// In place: bytes are shorter than their digits.
static rp_str unhex(char *text)
{
    size_t size = strcmp(text, "-") == 0 ? 0 : strlen(text) / 2;
    for (size_t i = 0; i < size; i++) {
        text[i] = (char)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
    }
    return rp_str_make(text, size);
}

static void sign_line(rp_crypto *crypto, char *line)
{
    rp_arena arena;
    rp_http_request request = {0};
    rp_signer signer = {.now = 0};
    rp_str *fields[] = {&request.method,    &request.url,       &request.body,
                        &signer.access_key, &signer.secret_key, &signer.session_token,
                        &signer.region,     &signer.service};
    size_t at = 0;
    for (char *word = strtok(line, " \n"); word != NULL; word = strtok(NULL, " \n"), at++) {
        if (at < FIXED - 1) {
            *fields[at] = unhex(word);
        } else if (at == FIXED - 1) {
            signer.now = strtoll(word, NULL, 10);
        } else if (request.header_count < RP_HTTP_MAX_HEADERS) {
            request.headers[request.header_count++] = unhex(word);
        }
    }
    rdspol_error error;
    rp_arena_init(&arena, (rp_alloc){NULL, NULL});
    if (rp_sigv4_sign(crypto, &signer, &request, &arena, &error) == RDSPOL_OK) {
        rp_str header = request.headers[request.header_count - 1];
        (void)printf("%.*s\n", (int)header.len, header.ptr);
    } else {
        (void)printf("error: %s\n", error.message);
    }
    rp_arena_clear(&arena);
}

int main(void)
{
    rp_crypto crypto = {0};
    char *line = malloc(MAX_LINE);
    while (line != NULL && fgets(line, MAX_LINE, stdin) != NULL) sign_line(&crypto, line);
    free(line);
    rp_crypto_clear(&crypto);
    return 0;
}
