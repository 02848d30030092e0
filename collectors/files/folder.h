// From inputs to the files that are read: folders walked, paths sorted, kinds refused by name.
//
// The one idea: the list is complete and in its final order before the first byte is read, so that
// nothing depends on how a folder is stored. Must not read files.
#ifndef RP_FILES_FOLDER_H
#define RP_FILES_FOLDER_H

#include "vm/base/arena.h"
#include "vm/include/rdspol.h"

#include <stdbool.h>

typedef struct rp_path {
    rp_str name;   // NUL-terminated, in the arena; "-" is standard input
    uint64_t size; // as stored
    bool gzip;
    struct rp_path *next;
} rp_path;

typedef struct rp_paths {
    rp_arena *arena;
    rp_path **items; // sorted by name
    size_t count;
    rp_path *list;
} rp_paths;

// Files named by the caller are taken as they are; in folders only those whose names are of a known
// kind, the others are an error unless `ignore_unknown`.
rdspol_status rp_paths_find(rp_paths *paths, rp_arena *arena, const rp_str *inputs, size_t count,
                            bool ignore_unknown, rdspol_error *error);

#endif
