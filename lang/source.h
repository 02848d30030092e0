// Source files: their names, their bytes, and where a byte offset is.
#ifndef RP_LANG_SOURCE_H
#define RP_LANG_SOURCE_H

#include "lang/ast.h"

typedef struct rp_source {
    rp_str name; // as given, for messages; module-relative in bundles
    rp_str text;
    uint32_t *line_starts; // offsets of the first byte of each line
    uint32_t line_count;
    bool library; // of the standard library
} rp_source;

typedef struct rp_sources {
    rp_arena *arena;
    rp_source *files;
    uint32_t count;
    uint32_t capacity;
} rp_sources;

// 1-based; columns count code points.
typedef struct rp_position {
    uint32_t line;
    uint32_t column;
} rp_position;

void rp_sources_init(rp_sources *sources, rp_arena *arena);
// Adds a file and returns its id. Name and text are borrowed for as long as the arena lives.
uint32_t rp_sources_add(rp_sources *sources, rp_str name, rp_str text);
rp_position rp_sources_position(const rp_sources *sources, uint32_t file, uint32_t offset);
// The text of a 1-based line, without its line end.
rp_str rp_sources_line(const rp_sources *sources, uint32_t file, uint32_t line);
rp_str rp_sources_text(const rp_sources *sources, rp_span span);

#endif
