// Profiles: the configuration and credentials files of the AWS CLI.
//
// The one idea: both files are read once, by the rules of botocore (RawConfigParser of Python:
// [section], name = value or name: value, deeper lines go on, comments on lines of their own), and
// asked by name. A value of the credentials file stands before that of the configuration. Must not
// know what values mean.
#ifndef RP_LIVE_PROFILE_H
#define RP_LIVE_PROFILE_H

#include "collectors/live/http.h"
#include "vm/base/arena.h"
#include "vm/include/rdspol.h"

// name = value, or one of a block that stands under `outer =`.
typedef struct rp_ini_entry {
    rp_str outer; // NULL for a plain one
    rp_str name;  // lower case, but in blocks
    rp_str value;
    struct rp_ini_entry *next;
} rp_ini_entry;

typedef struct rp_ini_section {
    rp_str name;  // as between the brackets
    rp_str title; // the second of its two words; NULL if there are not two
    rp_ini_entry *entries, *last;
    struct rp_ini_section *next;
} rp_ini_section;

typedef struct rp_ini {
    rp_ini_section *sections, *last;
    rp_ini_section *defaults; // [DEFAULT]: of all sections
} rp_ini;

// Parses `text` into `arena`; `path` is for messages, which say path:line. RDSPOL_INPUT if it is
// not of that form, RDSPOL_NO_MEMORY.
rdspol_status rp_ini_parse(rp_ini *ini, rp_arena *arena, rp_str text, const char *path,
                           rdspol_error *error);

typedef enum rp_profile_file {
    RP_PROFILE_CONFIG,
    RP_PROFILE_CREDENTIALS,
    RP_PROFILE_BOTH
} rp_profile_file;

// Must not be moved once open: its memory is wiped through itself.
typedef struct rp_profiles {
    rp_alloc inner;
    rp_arena arena;
    rp_ini config, credentials;
    const char *config_path, *credentials_path;
} rp_profiles;

// Reads $AWS_CONFIG_FILE (~/.aws/config) and $AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials); one
// that is not there is empty. RDSPOL_INPUT with path and line, RDSPOL_NO_MEMORY.
// `rp_profiles_close` in any case.
rdspol_status rp_profiles_open(rp_profiles *profiles, rp_environment environment, rp_alloc alloc,
                               rdspol_error *error);
// Wipes what was read.
void rp_profiles_close(rp_profiles *profiles);

// Views stay valid until the profiles are closed. A `ptr` of NULL: not there.
bool rp_profile_exists(const rp_profiles *profiles, rp_str profile);
rp_str rp_profile_get(const rp_profiles *profiles, rp_profile_file file, rp_str profile,
                      const char *name);
// Of [sso-session NAME].
rp_str rp_profile_sso_session(const rp_profiles *profiles, rp_str session, const char *name);
bool rp_profile_has_sso_session(const rp_profiles *profiles, rp_str session);
// `endpoint_url` under `service` of [services NAME].
rp_str rp_profile_service_url(const rp_profiles *profiles, rp_str services, rp_str service);
bool rp_profile_has_services(const rp_profiles *profiles, rp_str services);

#endif
