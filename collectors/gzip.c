// A stream of unpacked bytes over a stream of packed ones.
#include "collectors/gzip.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { INPUT_SIZE = 64 * 1024, FREE_SIZE = 1024 * 1024 };

typedef struct gzip {
    z_stream z;
    rdspol_read_fn source;
    void *source_ctx;
    unsigned long long in, out;
    int begun; // inside a member
    int ended; // the source has no more
    unsigned char input[INPUT_SIZE];
} gzip;

static void *gzip_open(void *ctx, rdspol_read_fn source, void *source_ctx)
{
    (void)ctx;
    gzip *g = calloc(1, sizeof *g);
    if (g == NULL) {
        return NULL;
    }
    g->source = source;
    g->source_ctx = source_ctx;
    if (inflateInit2(&g->z, 15 + 16) != Z_OK) {
        free(g);
        return NULL;
    }
    return g;
}

// More packed bytes; negative if reading failed, 0 at the end.
static ptrdiff_t fill(gzip *g)
{
    if (g->z.avail_in != 0) {
        return 1;
    }
    ptrdiff_t n = g->ended ? 0 : g->source(g->source_ctx, g->input, sizeof g->input);
    g->ended = n == 0;
    if (n > 0) {
        g->z.next_in = g->input;
        g->z.avail_in = (uInt)n;
        g->in += (unsigned long long)n;
    }
    return n;
}

static int is_bomb(const gzip *g)
{
    return g->out > FREE_SIZE && g->out / RP_GZIP_RATIO > g->in;
}

// Between members: the end of the stream, or the next member. 1, 0 at the end, negative on failure.
static ptrdiff_t next_member(gzip *g)
{
    ptrdiff_t more = fill(g);
    if (more > 0 && g->begun == 0) {
        g->begun = 1;
        return inflateReset(&g->z) == Z_OK ? 1 : -1;
    }
    return more;
}

static ptrdiff_t gzip_read(void *stream, void *buffer, size_t capacity)
{
    gzip *g = stream;
    uInt room = capacity < 1u << 30 ? (uInt)capacity : 1u << 30;
    g->z.next_out = buffer;
    g->z.avail_out = room;
    while (g->z.avail_out == room) {
        ptrdiff_t more = next_member(g);
        if (more <= 0) {
            return more < 0 || g->begun ? -1 : 0; // the end inside a member: truncated
        }
        int code = inflate(&g->z, Z_NO_FLUSH);
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
            return -1;
        }
        g->begun = code != Z_STREAM_END;
    }
    g->out += room - g->z.avail_out;
    return is_bomb(g) ? -1 : (ptrdiff_t)(room - g->z.avail_out);
}

static void gzip_close(void *stream)
{
    gzip *g = stream;
    (void)inflateEnd(&g->z);
    free(g);
}

const rdspol_gunzip *rp_gzip(void)
{
    static const rdspol_gunzip callbacks = {gzip_open, gzip_read, gzip_close, NULL};
    return &callbacks;
}

// ---- Packing -----------------------------------------------------------------------------------

struct rp_gzip_writer {
    z_stream z;
    rp_gzip_write_fn write;
    void *ctx;
    int good;
    unsigned char output[INPUT_SIZE];
};

rp_gzip_writer *rp_gzip_writer_open(rp_gzip_write_fn write, void *ctx)
{
    rp_gzip_writer *w = calloc(1, sizeof *w);
    if (w == NULL) return NULL;
    w->write = write;
    w->ctx = ctx;
    w->good = 1;
    if (deflateInit2(&w->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK)
        return w;
    free(w);
    return NULL;
}

// Packs what is there; `flush` as in zlib.
static void pack(rp_gzip_writer *w, int flush)
{
    do {
        w->z.next_out = w->output;
        w->z.avail_out = sizeof w->output;
        if (deflate(&w->z, flush) == Z_STREAM_ERROR) w->good = 0;
        size_t size = sizeof w->output - w->z.avail_out;
        if (w->good && size > 0) w->good = w->write(w->ctx, w->output, size);
    } while (w->good && w->z.avail_out == 0);
}

int rp_gzip_writer_add(rp_gzip_writer *writer, const void *data, size_t size)
{
    const unsigned char *at = data;
    while (writer->good && size > 0) {
        uInt step = size < 1u << 30 ? (uInt)size : 1u << 30;
        writer->z.next_in = (z_const Bytef *)(uintptr_t)at;
        writer->z.avail_in = step;
        pack(writer, Z_NO_FLUSH);
        at += step;
        size -= step;
    }
    return writer->good;
}

int rp_gzip_writer_close(rp_gzip_writer *writer)
{
    if (writer->good) pack(writer, Z_FINISH);
    int good = writer->good;
    (void)deflateEnd(&writer->z);
    free(writer);
    return good;
}
