// Files of one compilation. Line starts are found once, when a file is added; a position is then a
// binary search.
#include "lang/source.h"

#include <string.h>

void rp_sources_init(rp_sources *sources, rp_arena *arena)
{
    *sources = (rp_sources){.arena = arena};
}

// What follows the next line break; NULL if there is none.
static const char *next_line(const char *at, const char *end)
{
    const char *found = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
    return found != NULL ? found + 1 : NULL;
}

static uint32_t *grown(rp_arena *arena, const uint32_t *starts, uint32_t count, uint32_t capacity)
{
    uint32_t *made = rp_arena_alloc(arena, capacity * sizeof *made);
    memcpy(made, starts, count * sizeof *made);
    return made;
}

// Lines of the usual length need no growing.
#define USUAL_LINE 32u

static void find_lines(rp_arena *arena, rp_source *source)
{
    const char *end = source->text.ptr + source->text.len;
    uint32_t capacity = (uint32_t)(source->text.len / USUAL_LINE) + 1, count = 1;
    uint32_t *starts = rp_arena_alloc(arena, capacity * sizeof *starts);
    starts[0] = 0;
    for (const char *at = source->text.ptr; (at = next_line(at, end)) != NULL;) {
        if (count == capacity) starts = grown(arena, starts, count, capacity *= 2);
        starts[count++] = (uint32_t)(at - source->text.ptr);
    }
    source->line_starts = starts;
    source->line_count = count;
}

uint32_t rp_sources_add(rp_sources *sources, rp_str name, rp_str text)
{
    if (sources->count == sources->capacity) {
        uint32_t capacity = sources->capacity == 0 ? 16 : sources->capacity * 2;
        rp_source *files = rp_arena_alloc(sources->arena, capacity * sizeof *files);
        if (sources->count > 0) memcpy(files, sources->files, sources->count * sizeof *files);
        sources->files = files;
        sources->capacity = capacity;
    }
    rp_source *source = &sources->files[sources->count];
    *source = (rp_source){.name = name, .text = text};
    find_lines(sources->arena, source);
    return sources->count++;
}

static uint32_t line_of(const rp_source *source, uint32_t offset)
{
    uint32_t low = 0;
    uint32_t high = source->line_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (source->line_starts[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

rp_position rp_sources_position(const rp_sources *sources, uint32_t file, uint32_t offset)
{
    const rp_source *source = &sources->files[file];
    uint32_t line = line_of(source, offset);
    uint32_t column = 1;
    for (uint32_t i = source->line_starts[line]; i < offset && i < source->text.len; i++) {
        column += ((unsigned char)source->text.ptr[i] & 0xc0u) != 0x80u;
    }
    return (rp_position){line + 1, column};
}

rp_str rp_sources_line(const rp_sources *sources, uint32_t file, uint32_t line)
{
    const rp_source *source = &sources->files[file];
    if (line == 0 || line > source->line_count) return RP_STR_EMPTY;
    uint32_t begin = source->line_starts[line - 1];
    size_t end = line < source->line_count ? source->line_starts[line] - 1u : source->text.len;
    if (end > begin && source->text.ptr[end - 1] == '\r') end--;
    return (rp_str){source->text.ptr + begin, end - begin};
}

rp_str rp_sources_text(const rp_sources *sources, rp_span span)
{
    rp_str text = sources->files[span.file].text;
    return (rp_str){text.ptr + span.begin, span.end - span.begin};
}
