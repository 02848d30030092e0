// A small driver for the fuzz targets where libFuzzer is not: mutates seeds with a fixed sequence
// of random numbers for some seconds. A crash leaves the input in `mutate.crash`.
//
//     fuzz_NAME SECONDS SEED_FILE...
#include "tests/oracle/generate.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_INPUT (256u * 1024u)

typedef struct input {
    uint8_t *bytes;
    size_t size;
} input;

static input read_input(const char *path)
{
    input made = {malloc(MAX_INPUT), 0};
    FILE *file = fopen(path, "rb");
    if (file == NULL || made.bytes == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(2);
    }
    made.size = fread(made.bytes, 1, MAX_INPUT / 2, file);
    fclose(file);
    return made;
}

static void change(random_state *random, uint8_t *bytes, size_t *size)
{
    static const uint8_t interesting[] = {0,   1,   0x7f, 0x80, 0xff, '{',
                                          '}', '"', '(',  '\n', '[',  '#'};
    size_t at = *size == 0 ? 0 : random_below(random, (uint32_t)*size);
    switch (random_below(random, 6)) {
    case 0:
        if (*size > 0) bytes[at] ^= (uint8_t)(1u << random_below(random, 8));
        break;
    case 1:
        if (*size > 0) bytes[at] = interesting[random_below(random, sizeof interesting)];
        break;
    case 2: *size = at; break; // cut
    case 3:                    // repeat a part
        if (*size > 0 && *size < MAX_INPUT / 2) {
            size_t part = 1 + random_below(random, 32) % (*size - at);
            memmove(bytes + at + part, bytes + at, *size - at);
            *size += part;
        }
        break;
    case 4:
        if (*size > 0) bytes[at] = (uint8_t)random_below(random, 256);
        break;
    default:
        if (*size >= 4) {
            uint32_t word = random_below(random, 2) ? random_below(random, 300) : 0xffffffffu;
            memcpy(bytes + (at & ~(size_t)3) % (*size - 3), &word, 4);
        }
        break;
    }
}

static void save(const uint8_t *bytes, size_t size)
{
    FILE *file = fopen("mutate.crash", "wb");
    if (file == NULL) return;
    fwrite(bytes, 1, size, file);
    fclose(file);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: %s SECONDS SEED_FILE...\n", argv[0]);
        return 2;
    }
    time_t end = time(NULL) + strtol(argv[1], NULL, 10);
    random_state random = {42};
    uint8_t *bytes = malloc(MAX_INPUT);
    unsigned long runs = 0;
    if (bytes == NULL) return 2;
    for (int i = 2; time(NULL) < end; i = i + 1 < argc ? i + 1 : 2) {
        input seed = read_input(argv[i]);
        for (int k = 0; k < 200 && time(NULL) < end; k++, runs++) {
            size_t size = seed.size;
            memcpy(bytes, seed.bytes, size);
            for (uint32_t n = k == 0 ? 0 : 1 + random_below(&random, 4); n > 0; n--)
                change(&random, bytes, &size);
            save(bytes, size);
            LLVMFuzzerTestOneInput(bytes, size);
        }
        free(seed.bytes);
    }
    remove("mutate.crash");
    free(bytes);
    printf("%lu inputs survived\n", runs);
    return 0;
}
