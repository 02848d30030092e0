// Documents of facts, packed or not.
#include "cli/facts_sink.h"

#if RDSPOL_HAS_GZIP
#include "collectors/gzip.h"
#endif

#include <errno.h>
#include <unistd.h>

static bool is_packed(const char *path)
{
    return rp_str_ends(rp_str_from(path), RP_STR(".gz"));
}

#if RDSPOL_HAS_GZIP
static int take_packed(void *ctx, const void *data, size_t size)
{
    rp_out *out = ctx;
    rp_out_add(out, data, size);
    return out->error == 0;
}

static bool open_packer(rp_facts_sink *sink)
{
    sink->packed = rp_gzip_writer_open(take_packed, &sink->out);
    errno = ENOMEM;
    return sink->packed != NULL;
}
#else
static bool open_packer(rp_facts_sink *sink)
{
    (void)sink;
    errno = ENOTSUP;
    return false;
}
#endif

bool rp_facts_sink_open(rp_facts_sink *sink, const char *path)
{
    bool standard = strcmp(path, "-") == 0;
    bool opened =
        standard ? rp_out_open(&sink->out, STDOUT_FILENO) : rp_out_open_file(&sink->out, path);
    sink->packed = NULL;
    if (!opened || !is_packed(path) || open_packer(sink)) return opened;
    int reason = errno;
    (void)rp_out_close(&sink->out, false);
    errno = reason;
    return false;
}

void rp_facts_put(rp_facts_sink *sink, const char *data, size_t size)
{
#if RDSPOL_HAS_GZIP
    if (sink->packed != NULL) {
        bool good = rp_gzip_writer_add(sink->packed, data, size) != 0;
        if (!good && sink->out.error == 0) sink->out.error = EIO;
        return;
    }
#endif
    rp_out_add(&sink->out, data, size);
}

bool rp_facts_sink_close(rp_facts_sink *sink, bool keep)
{
#if RDSPOL_HAS_GZIP
    if (sink->packed != NULL) {
        bool good = rp_gzip_writer_close(sink->packed) != 0;
        if (!good && sink->out.error == 0) sink->out.error = EIO;
    }
#endif
    return rp_out_close(&sink->out, keep) && keep;
}
