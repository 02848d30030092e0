// Configuration and credentials files.
#include "collectors/live/profile.h"

#include "collectors/live/fail.h"
#include "collectors/live/file.h"
#include "collectors/live/words.h"
#include "vm/base/strtab.h"
#include "vm/base/text.h"
#include "vm/base/wipe.h"

// ---- Lines -------------------------------------------------------------------------------------

typedef struct parser {
    rp_ini *ini;
    rp_arena *arena;
    const char *path;
    rdspol_error *error;
    rp_str rest;
    size_t line;
    size_t indent; // of the section or entry that deeper lines belong to
    rp_ini_section *section;
    rp_str name;  // of the open entry; NULL if there is none
    size_t begun; // its line
    rp_buf value; // its lines so far
    rp_strtab seen;
    rp_buf key;
} parser;

static rdspol_status refuse(const parser *p, size_t line, const char *why)
{
    return rp_fail(p->error, RDSPOL_INPUT, "%s:%zu: %s", p->path, line, why);
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
}

static rp_str trim_end(rp_str text)
{
    while (text.len != 0 && is_space(text.ptr[text.len - 1])) text.len--;
    return text;
}

static rp_str trim(rp_str text)
{
    while (text.len != 0 && is_space(text.ptr[0])) text = rp_str_from_offset(text, 1);
    return trim_end(text);
}

// Lines end with LF, CR or both.
static bool next_line(parser *p, rp_str *line)
{
    if (p->rest.len == 0) return false;
    size_t end = 0;
    while (end < p->rest.len && p->rest.ptr[end] != '\n' && p->rest.ptr[end] != '\r') end++;
    *line = rp_str_make(p->rest.ptr, end);
    bool both = end + 1 < p->rest.len && p->rest.ptr[end] == '\r' && p->rest.ptr[end + 1] == '\n';
    size_t used = end + (both ? 2 : 1);
    p->rest = rp_str_from_offset(p->rest, used < p->rest.len ? used : p->rest.len);
    p->line++;
    return true;
}

static size_t find_byte(rp_str text, char c)
{
    const char *at = text.len != 0 ? memchr(text.ptr, c, text.len) : NULL;
    return at != NULL ? (size_t)(at - text.ptr) : text.len;
}

// ---- Entries -----------------------------------------------------------------------------------

// Whether this section, or this name in it, is new. False also if memory ran out: then `key`
// failed.
static bool is_new(parser *p, rp_str section, rp_str name)
{
    uint32_t before = p->seen.count;
    rp_buf_reset(&p->key);
    rp_buf_add_str(&p->key, section);
    rp_buf_add_char(&p->key, '\0');
    rp_buf_add_str(&p->key, name);
    if (p->key.failed || rp_strtab_add(&p->seen, rp_buf_str(&p->key)) == RP_STRTAB_NONE) {
        p->key.failed = true;
        return false;
    }
    return p->seen.count != before;
}

static rdspol_status add_entry(parser *p, rp_str outer, rp_str name, rp_str value)
{
    rp_ini_entry *entry = RP_NEW(p->arena, rp_ini_entry);
    rp_str name_copy = rp_arena_str(p->arena, name);
    rp_str value_copy = rp_arena_str(p->arena, value);
    if (entry == NULL || name_copy.ptr == NULL || value_copy.ptr == NULL) {
        return rp_fail_no_memory(p->error);
    }
    *entry = (rp_ini_entry){.outer = outer, .name = name_copy, .value = value_copy};
    rp_ini_section *s = p->section;
    *(s->last != NULL ? &s->last->next : &s->entries) = entry;
    s->last = entry;
    return RDSPOL_OK;
}

// The lines of a block; each has a `=`. Of two with one name the last counts.
static rdspol_status add_block(parser *p, rp_str lines)
{
    rp_str line;
    rdspol_status status = RDSPOL_OK;
    while (status == RDSPOL_OK && rp_text_split(&lines, RP_STR("\n"), &line)) {
        size_t equals = find_byte(line, '=');
        if (equals == line.len) continue;
        status = add_entry(p, p->name, trim(rp_str_make(line.ptr, equals)),
                           trim(rp_str_from_offset(line, equals + 1)));
    }
    return status;
}

static bool is_block(rp_str value)
{
    return value.len != 0 && value.ptr[0] == '\n';
}

// A deeper line. Under a name without a value it belongs to a block.
static rdspol_status go_on(parser *p, rp_str text)
{
    rp_buf_add_char(&p->value, '\n');
    if (!p->value.failed && is_block(rp_buf_str(&p->value)) && find_byte(text, '=') == text.len) {
        return refuse(p, p->line, "a line of a block has no `=`");
    }
    rp_buf_add_str(&p->value, text);
    return RDSPOL_OK;
}

// The open entry ends: now its value is known.
static rdspol_status end_entry(parser *p)
{
    if (p->name.ptr == NULL) return RDSPOL_OK;
    if (p->value.failed) return rp_fail_no_memory(p->error);
    rp_str value = trim_end(rp_buf_str(&p->value));
    rdspol_status status =
        is_block(value) ? add_block(p, value) : add_entry(p, rp_str_make(NULL, 0), p->name, value);
    p->name = rp_str_make(NULL, 0);
    rp_buf_reset(&p->value);
    return status;
}

static rdspol_status begin_entry(parser *p, rp_str text)
{
    size_t equals = find_byte(text, '=');
    size_t colon = find_byte(text, ':');
    size_t at = equals < colon ? equals : colon;
    rp_str name = trim_end(rp_str_make(text.ptr, at));
    if (at == text.len) return refuse(p, p->line, "neither [section] nor name = value");
    if (name.len == 0) return refuse(p, p->line, "a value without a name");
    char *lower = rp_arena_alloc(p->arena, name.len);
    if (lower == NULL) return rp_fail_no_memory(p->error);
    (void)rp_text_lower(name, lower);
    p->name = rp_str_make(lower, name.len);
    p->begun = p->line;
    rp_buf_add_str(&p->value, trim(rp_str_from_offset(text, at + 1)));
    if (is_new(p, p->section->name, p->name)) return RDSPOL_OK;
    return p->key.failed ? rp_fail_no_memory(p->error)
                         : refuse(p, p->line, "this name is there twice in its section");
}

// ---- Sections ----------------------------------------------------------------------------------

// [profile x] is profile x; the name may be quoted. False if memory ran out.
static bool name_section(parser *p, rp_ini_section *s)
{
    size_t count;
    bool broken;
    char **words = rp_words_split(p->arena, s->name, &count, &broken);
    if (words != NULL && count == 2) s->title = rp_str_from(words[1]);
    return words != NULL || broken;
}

static rdspol_status begin_section(parser *p, rp_str name)
{
    bool defaults = rp_str_equal(name, RP_STR("DEFAULT"));
    p->section = p->ini->defaults;
    if (defaults && p->section != NULL) return RDSPOL_OK;
    if (!is_new(p, name, rp_str_make(NULL, 0))) {
        return p->key.failed ? rp_fail_no_memory(p->error)
                             : refuse(p, p->line, "this section is there twice");
    }
    rp_ini_section *s = RP_NEW(p->arena, rp_ini_section);
    rp_str copy = rp_arena_str(p->arena, name);
    if (s == NULL || copy.ptr == NULL) return rp_fail_no_memory(p->error);
    s->name = copy;
    p->section = s;
    if (!name_section(p, s)) return rp_fail_no_memory(p->error);
    if (defaults) {
        p->ini->defaults = s;
        return RDSPOL_OK;
    }
    *(p->ini->last != NULL ? &p->ini->last->next : &p->ini->sections) = s;
    p->ini->last = s;
    return RDSPOL_OK;
}

// The name between `[` and the last `]`; what follows is not looked at.
static bool is_header(rp_str text, rp_str *name)
{
    size_t end = text.len;
    while (end > 0 && text.ptr[end - 1] != ']') end--;
    if (end < 3 || text.ptr[0] != '[') return false;
    *name = rp_str_make(text.ptr + 1, end - 2);
    return true;
}

static rdspol_status take_text(parser *p, rp_str text, size_t indent)
{
    rp_str name;
    if (p->name.ptr != NULL && indent > p->indent) return go_on(p, text);
    rdspol_status status = end_entry(p);
    p->indent = indent;
    if (status != RDSPOL_OK) return status;
    if (is_header(text, &name)) return begin_section(p, name);
    if (p->section == NULL) return refuse(p, p->line, "a line before the first [section]");
    return begin_entry(p, text);
}

static rdspol_status take_line(parser *p, rp_str line)
{
    rp_str text = trim(line);
    if (text.len != 0 && (text.ptr[0] == '#' || text.ptr[0] == ';')) return RDSPOL_OK;
    if (text.len == 0) {
        if (p->name.ptr != NULL) rp_buf_add_char(&p->value, '\n');
        return RDSPOL_OK;
    }
    return take_text(p, text, (size_t)(text.ptr - line.ptr));
}

static rdspol_status parse(parser *p)
{
    rp_str line;
    rdspol_status status = RDSPOL_OK;
    while (status == RDSPOL_OK && next_line(p, &line)) {
        if (find_byte(line, '\0') != line.len) return refuse(p, p->line, "a NUL byte");
        if (!rp_utf8_is_valid(line)) return refuse(p, p->line, "text that is not UTF-8");
        status = take_line(p, line);
    }
    return status == RDSPOL_OK ? end_entry(p) : status;
}

rdspol_status rp_ini_parse(rp_ini *ini, rp_arena *arena, rp_str text, const char *path,
                           rdspol_error *error)
{
    parser p = {.ini = ini, .arena = arena, .path = path, .error = error, .rest = text};
    *ini = (rp_ini){NULL, NULL, NULL};
    if (rp_str_starts(text, RP_STR("\xef\xbb\xbf"))) p.rest = rp_str_from_offset(text, 3);
    rp_buf_init(&p.value, arena->alloc, RP_FILE_MAX);
    rp_buf_init(&p.key, arena->alloc, (size_t)2 * RP_FILE_MAX);
    rp_strtab_init(&p.seen, arena->alloc);
    rdspol_status status = parse(&p);
    rp_strtab_free(&p.seen);
    rp_buf_free(&p.key);
    rp_buf_free(&p.value);
    return status;
}

static rp_str find_in(const rp_ini_section *section, rp_str outer, rp_str name)
{
    rp_str found = {NULL, 0};
    for (const rp_ini_entry *e = section != NULL ? section->entries : NULL; e != NULL;
         e = e->next) {
        if (rp_str_equal(e->outer, outer) && rp_str_equal(e->name, name)) found = e->value;
    }
    return found;
}

static rp_str find_value(const rp_ini *ini, const rp_ini_section *section, rp_str outer,
                         rp_str name)
{
    rp_str found = find_in(section, outer, name);
    return found.ptr != NULL || section == NULL ? found : find_in(ini->defaults, outer, name);
}

// ---- Profiles ----------------------------------------------------------------------------------

static rdspol_status read_ini(rp_profiles *p, rp_ini *ini, const char *path, rdspol_error *error)
{
    rp_str text;
    rdspol_status status = rp_file_read(&p->arena, path, &text, error);
    if (status == RDSPOL_DONE) return RDSPOL_OK;
    return status == RDSPOL_OK ? rp_ini_parse(ini, &p->arena, text, path, error) : status;
}

static const char *find_path(rp_profiles *p, rp_environment environment, const char *variable,
                             const char *otherwise)
{
    const char *path = environment.get(environment.ctx, variable);
    bool given = path != NULL && path[0] != '\0';
    return rp_file_expand(&p->arena, environment, rp_str_from(given ? path : otherwise));
}

rdspol_status rp_profiles_open(rp_profiles *profiles, rp_environment environment, rp_alloc alloc,
                               rdspol_error *error)
{
    *profiles = (rp_profiles){.inner = alloc};
    rp_arena_init(&profiles->arena, rp_alloc_wiping(&profiles->inner));
    profiles->config_path = find_path(profiles, environment, "AWS_CONFIG_FILE", "~/.aws/config");
    profiles->credentials_path =
        find_path(profiles, environment, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
    if (profiles->config_path == NULL || profiles->credentials_path == NULL) {
        return rp_fail_no_memory(error);
    }
    rdspol_status status = read_ini(profiles, &profiles->config, profiles->config_path, error);
    return status == RDSPOL_OK
               ? read_ini(profiles, &profiles->credentials, profiles->credentials_path, error)
               : status;
}

void rp_profiles_close(rp_profiles *profiles)
{
    if (profiles->arena.alloc.fn != NULL) rp_arena_clear(&profiles->arena);
    profiles->config = profiles->credentials = (rp_ini){NULL, NULL, NULL};
}

// Of two with one name the last counts.
static const rp_ini_section *find_named(const rp_profiles *p, rp_str kind, rp_str name)
{
    const rp_ini_section *found = NULL;
    bool bare = rp_str_equal(kind, RP_STR("profile")) && rp_str_equal(name, RP_STR("default"));
    for (const rp_ini_section *s = p->config.sections; s != NULL; s = s->next) {
        bool named =
            s->title.ptr != NULL && rp_str_starts(s->name, kind) && rp_str_equal(s->title, name);
        if (named || (bare && rp_str_equal(s->name, name))) found = s;
    }
    return found;
}

static const rp_ini_section *find_credentials(const rp_profiles *p, rp_str name)
{
    const rp_ini_section *s = p->credentials.sections;
    while (s != NULL && !rp_str_equal(s->name, name)) s = s->next;
    return s;
}

bool rp_profile_exists(const rp_profiles *profiles, rp_str profile)
{
    return find_named(profiles, RP_STR("profile"), profile) != NULL ||
           find_credentials(profiles, profile) != NULL;
}

rp_str rp_profile_get(const rp_profiles *profiles, rp_profile_file file, rp_str profile,
                      const char *name)
{
    rp_str found = {NULL, 0};
    rp_str plain = {NULL, 0};
    if (file != RP_PROFILE_CONFIG) {
        found = find_value(&profiles->credentials, find_credentials(profiles, profile), plain,
                           rp_str_from(name));
    }
    if (file != RP_PROFILE_CREDENTIALS && found.ptr == NULL) {
        found = find_value(&profiles->config, find_named(profiles, RP_STR("profile"), profile),
                           plain, rp_str_from(name));
    }
    return found;
}

bool rp_profile_has_sso_session(const rp_profiles *profiles, rp_str session)
{
    return find_named(profiles, RP_STR("sso-session"), session) != NULL;
}

rp_str rp_profile_sso_session(const rp_profiles *profiles, rp_str session, const char *name)
{
    return find_value(&profiles->config, find_named(profiles, RP_STR("sso-session"), session),
                      rp_str_make(NULL, 0), rp_str_from(name));
}

bool rp_profile_has_services(const rp_profiles *profiles, rp_str services)
{
    return find_named(profiles, RP_STR("services"), services) != NULL;
}

rp_str rp_profile_service_url(const rp_profiles *profiles, rp_str services, rp_str service)
{
    return find_value(&profiles->config, find_named(profiles, RP_STR("services"), services),
                      service, RP_STR("endpoint_url"));
}
