// Opening .gz: the only file that knows zlib.
//
// Gives `rdspol_gunzip` callbacks to readers, which so need libc only. A stream may have several
// members one after another. Must not look at what it unpacks; stops at a ratio that only a bomb
// has.
#ifndef RP_COLLECTORS_GZIP_H
#define RP_COLLECTORS_GZIP_H

#include "collectors/files/include/rdspol_files.h"

// Unpacked bytes for each packed one, beyond which a stream is refused (after the first MiB).
enum { RP_GZIP_RATIO = 1000 };

// Callbacks without state; they live as long as the program.
const rdspol_gunzip *rp_gzip(void);

// Packs a stream: `write` is told packed bytes, and returns 0 if it could not take them.
typedef struct rp_gzip_writer rp_gzip_writer;
typedef int (*rp_gzip_write_fn)(void *ctx, const void *data, size_t size);
// NULL if memory ran out.
rp_gzip_writer *rp_gzip_writer_open(rp_gzip_write_fn write, void *ctx);
// 0 after a failure, which sticks.
int rp_gzip_writer_add(rp_gzip_writer *writer, const void *data, size_t size);
// Writes what is left and frees; 0 if anything failed.
int rp_gzip_writer_close(rp_gzip_writer *writer);

#endif
