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

#endif
