// Parses each line of standard input, in hex digits, as a configuration file and prints what it
// holds: section, block (- if none), name and value of each entry, in hex digits, then "end"; or
// "error". Made for tests/integration/profile_botocore.py.
#include "collectors/live/profile.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_LINE = 1 << 20 };

static unsigned digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static rp_str unhex(char *text)
{
    size_t size = strlen(text) / 2;
    for (size_t i = 0; i < size; i++) {
        text[i] = (char)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
    }
    return rp_str_make(text, size);
}

static void print_hex(rp_str text, char end)
{
    for (size_t i = 0; i < text.len; i++)
        (void)printf("%02x", (unsigned)(unsigned char)text.ptr[i]);
    (void)printf("%s%c", text.len == 0 ? "-" : "", end);
}

static void print_entries(rp_str section, const rp_ini_section *from)
{
    for (const rp_ini_entry *e = from != NULL ? from->entries : NULL; e != NULL; e = e->next) {
        print_hex(section, ' ');
        print_hex(e->outer, ' ');
        print_hex(e->name, ' ');
        print_hex(e->value, '\n');
    }
}

static void print_line(char *line)
{
    rp_arena arena;
    rp_ini ini;
    rdspol_error error;
    line[strcspn(line, "\n")] = '\0';
    rp_arena_init(&arena, (rp_alloc){NULL, NULL});
    if (rp_ini_parse(&ini, &arena, unhex(line), "file", &error) == RDSPOL_OK) {
        for (const rp_ini_section *s = ini.sections; s != NULL; s = s->next) {
            print_entries(s->name, ini.defaults); // those of the section stand behind and count
            print_entries(s->name, s);
        }
        (void)printf("end\n");
    } else {
        (void)printf("error %s\n", error.message);
    }
    rp_arena_clear(&arena);
}

int main(void)
{
    char *line = malloc(MAX_LINE);
    while (line != NULL && fgets(line, MAX_LINE, stdin) != NULL) print_line(line);
    free(line);
    return 0;
}
