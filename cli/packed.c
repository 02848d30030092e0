// Mapping packed facts.
#include "cli/packed.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

bool rp_packed_is(const char *file)
{
    char head[4];
    struct stat st;
    bool regular = stat(file, &st) == 0 && S_ISREG(st.st_mode);
    int fd = regular ? open(file, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return false;
    bool is = read(fd, head, sizeof head) == (ssize_t)sizeof head && memcmp(head, "RPF", 4) == 0;
    (void)close(fd);
    return is;
}

// A private mapping: what others write into the file later is not seen, as far as the system can.
static bool map(rp_packed *packed, const char *file)
{
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        if (fd >= 0) (void)close(fd);
        return false;
    }
    packed->size = (size_t)st.st_size;
    packed->data = mmap(NULL, packed->size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (packed->data == MAP_FAILED) packed->data = NULL;
    int reason = errno;
    (void)close(fd);
    errno = reason;
    return packed->data != NULL;
}

bool rp_packed_open(rp_packed *packed, const char *file, const rdspol_bundle *bundle,
                    rdspol_facts **facts)
{
    rdspol_error error = {0};
    rdspol_facts_opts opts = {.size = sizeof opts};
    if (!map(packed, file)) {
        (void)rp_app_error("%s: %s", file, strerror(errno));
        return false;
    }
    if (rdspol_facts_open(facts, bundle, packed->data, packed->size, &opts, &error) == RDSPOL_OK)
        return true;
    (void)rp_app_error("%s: %s", file, error.message);
    return false;
}

void rp_packed_close(rp_packed *packed)
{
    if (packed->data != NULL) (void)munmap(packed->data, packed->size);
    *packed = (rp_packed){0};
}
