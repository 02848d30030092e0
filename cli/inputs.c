// The inputs of a run, hashed by a thread while reports are written.
#include "cli/inputs.h"

#include "vm/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_SIZE = 64 * 1024 };

// ---- The list ----------------------------------------------------------------------------------

static void note_status(rp_input *input, const struct stat *status)
{
    input->hashed = S_ISREG(status->st_mode);
    input->device = status->st_dev;
    input->number = status->st_ino;
    input->size = status->st_size;
    input->changed = status->st_mtim;
}

static bool is_unchanged(const rp_input *input, const struct stat *status)
{
    return input->device == status->st_dev && input->number == status->st_ino &&
           input->size == status->st_size && input->changed.tv_sec == status->st_mtim.tv_sec &&
           input->changed.tv_nsec == status->st_mtim.tv_nsec;
}

bool rp_inputs_note(rp_inputs *inputs, const char *const *names, size_t count)
{
    inputs->list = calloc(count, sizeof *inputs->list);
    for (size_t i = 0; inputs->list != NULL && i < count; i++) {
        struct stat status;
        rp_input *input = &inputs->list[inputs->count++];
        input->name = names[i];
        if (strcmp(names[i], "-") != 0 && stat(names[i], &status) == 0) note_status(input, &status);
    }
    return inputs->count == count;
}

void rp_inputs_free(rp_inputs *inputs)
{
    if (inputs->started) (void)pthread_join(inputs->thread, NULL);
    free(inputs->list);
    *inputs = (rp_inputs){0};
}

// ---- Hashing -----------------------------------------------------------------------------------

static bool hash_descriptor(rp_crypto *crypto, int fd, char *buffer, rp_sha256 *hash)
{
    if (!rp_sha256_begin(crypto, hash)) return false;
    for (;;) {
        ssize_t got = read(fd, buffer, READ_SIZE);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return got == 0;
        if (!rp_sha256_add(crypto, hash, buffer, (size_t)got)) return false;
    }
}

// False if the file is not what it was before it was read.
static bool hash_input(rp_crypto *crypto, rp_input *input, char *buffer)
{
    rp_sha256 hash;
    unsigned char bytes[RP_SHA256_SIZE];
    struct stat status;
    int fd = open(input->name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    bool good = hash_descriptor(crypto, fd, buffer, &hash) && fstat(fd, &status) == 0 &&
                is_unchanged(input, &status) && rp_sha256_end(crypto, &hash, bytes);
    (void)close(fd);
    if (good) rp_crypto_hex(bytes, input->sha256);
    return good;
}

static void *hash_all(void *context)
{
    rp_inputs *inputs = context;
    char *buffer = malloc(READ_SIZE);
    inputs->failed = inputs->failed || buffer == NULL;
    for (size_t i = 0; buffer != NULL && i < inputs->count && inputs->odd == NULL; i++) {
        rp_input *input = &inputs->list[i];
        if (input->hashed && !hash_input(inputs->crypto, input, buffer)) inputs->odd = input;
    }
    free(buffer);
    return NULL;
}

static bool has_files(const rp_inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++) {
        if (inputs->list[i].hashed) return true;
    }
    return false;
}

// Signals are for the thread that waits for them while it writes a file, so this one takes none.
void rp_inputs_hash(rp_inputs *inputs, rp_crypto *crypto)
{
    sigset_t all, before;
    inputs->crypto = crypto;
    inputs->done = !has_files(inputs);
    if (inputs->done) return;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    inputs->started = pthread_create(&inputs->thread, NULL, hash_all, inputs) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

bool rp_inputs_wait(rp_inputs *inputs, rdspol_error *error)
{
    if (inputs->started) (void)pthread_join(inputs->thread, NULL);
    if (!inputs->started && !inputs->done) (void)hash_all(inputs);
    inputs->started = false;
    inputs->done = true;
    if (inputs->failed) {
        return rp_error_set(error, RDSPOL_NO_MEMORY, NULL, "out of memory") == RDSPOL_OK;
    }
    return inputs->odd == NULL ||
           rp_error_set(error, RDSPOL_INPUT, NULL, "%.200s: changed while it was read",
                        inputs->odd->name) == RDSPOL_OK;
}
