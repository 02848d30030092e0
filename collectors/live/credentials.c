// The chain of places, in the order of the AWS CLI.
#include "collectors/live/credentials.h"

#include "collectors/live/chain.h"
#include "collectors/live/fail.h"
#include "collectors/live/file.h"
#include "vm/base/text.h"
#include "vm/base/wipe.h"

enum {
    MINUTE_MS = 60 * 1000,
    RENEW_MS = 5 * MINUTE_MS,
    RENEW_ROLE_MS = 15 * MINUTE_MS,
    MAX_PROFILES = 32 // in a row of source_profile
};

static rdspol_status lacks(rp_chain *chain, rp_str what, const char *name)
{
    return rp_fail(chain->error, RDSPOL_INPUT, "%.*s: %s is missing", RP_SHOW(what), name);
}

static rp_str or_empty(rp_str text)
{
    return text.ptr != NULL ? text : RP_STR("");
}

static rp_str text_of(const char *text)
{
    return rp_str_from(text != NULL ? text : "");
}

// ---- Environment -------------------------------------------------------------------------------

// Whoever has set keys together with their end means it.
static rdspol_status environment_expiry(rp_chain *chain, rp_keys *keys)
{
    const char *until = rp_chain_variable(chain, "AWS_CREDENTIAL_EXPIRATION");
    if (until == NULL) return RDSPOL_OK;
    if (!rp_time_parse_iso(rp_str_from(until), &keys->expires)) {
        return rp_fail(chain->error, RDSPOL_INPUT, "AWS_CREDENTIAL_EXPIRATION is no time");
    }
    if (keys->expires <= 0) keys->expires = 1;
    return RDSPOL_OK;
}

static rdspol_status find_environment(rp_chain *chain, rp_keys *keys)
{
    const char *token = rp_chain_variable(chain, "AWS_SECURITY_TOKEN");
    if (token == NULL) token = rp_chain_variable(chain, "AWS_SESSION_TOKEN");
    keys->access_key = text_of(rp_chain_variable(chain, "AWS_ACCESS_KEY_ID"));
    keys->secret_key = text_of(rp_chain_variable(chain, "AWS_SECRET_ACCESS_KEY"));
    keys->session_token = text_of(token);
    keys->source = RP_STR("environment");
    if (keys->access_key.len == 0) return RDSPOL_DONE;
    if (keys->secret_key.len == 0) return lacks(chain, keys->source, "AWS_SECRET_ACCESS_KEY");
    rdspol_status status = environment_expiry(chain, keys);
    return status == RDSPOL_OK ? rp_chain_check(chain, keys->source, keys) : status;
}

// ---- Keys in files -----------------------------------------------------------------------------

static rp_str profile_source(rp_chain *chain, rp_str profile, const char *how)
{
    return rp_chain_format(chain, "profile %.*s (%s)", RP_SHOW(profile), how);
}

static rdspol_status find_static(rp_chain *chain, rp_str profile, rp_profile_file file,
                                 rp_keys *keys)
{
    const rp_profiles *profiles = &chain->opts->settings->profiles;
    rp_str access_key = rp_profile_get(profiles, file, profile, "aws_access_key_id");
    rp_str secret_key = rp_profile_get(profiles, file, profile, "aws_secret_access_key");
    rp_str token = rp_profile_get(profiles, file, profile, "aws_security_token");
    if (token.ptr == NULL) token = rp_profile_get(profiles, file, profile, "aws_session_token");
    if (access_key.ptr == NULL) return RDSPOL_DONE;
    keys->source = profile_source(
        chain, profile, file == RP_PROFILE_CONFIG ? "configuration file" : "credentials file");
    if (keys->source.ptr == NULL) return rp_fail_no_memory(chain->error);
    if (secret_key.ptr == NULL) return lacks(chain, keys->source, "aws_secret_access_key");
    keys->access_key = access_key;
    keys->secret_key = secret_key;
    keys->session_token = or_empty(token);
    return rp_chain_check(chain, keys->source, keys);
}

// ---- Web identity ------------------------------------------------------------------------------

// The token of a file, as it is handed to pods and jobs.
static rdspol_status read_web_token(rp_chain *chain, rp_str path, rp_str *token)
{
    rp_str copy = rp_arena_str(chain->arena, path);
    if (copy.ptr == NULL) return rp_fail_no_memory(chain->error);
    rdspol_status status = rp_file_read(chain->arena, copy.ptr, token, chain->error);
    if (status == RDSPOL_DONE) {
        return rp_fail(chain->error, RDSPOL_INPUT, "web identity: there is no file %.*s",
                       RP_SHOW(path));
    }
    if (status != RDSPOL_OK) return status;
    *token = rp_text_trim(*token);
    if (token->len != 0 && rp_chain_is_visible(*token)) return RDSPOL_OK;
    return rp_fail(chain->error, RDSPOL_INPUT, "web identity: there is no token in %.*s",
                   RP_SHOW(path));
}

// A variable, unless the environment is not to be asked, else what the profile says.
static rp_str web_setting(const rp_chain *chain, rp_str profile, bool by_environment,
                          const char *variable, const char *name)
{
    const char *value = by_environment ? rp_chain_variable(chain, variable) : NULL;
    return value != NULL ? rp_str_from(value) : or_empty(rp_chain_profile(chain, profile, name));
}

static rdspol_status find_web_identity(rp_chain *chain, rp_str profile, bool by_environment,
                                       rp_keys *keys)
{
    rp_str token;
    rp_str path = web_setting(chain, profile, by_environment, "AWS_WEB_IDENTITY_TOKEN_FILE",
                              "web_identity_token_file");
    rp_role role = {.arn = web_setting(chain, profile, by_environment, "AWS_ROLE_ARN", "role_arn"),
                    .session_name = web_setting(chain, profile, by_environment,
                                                "AWS_ROLE_SESSION_NAME", "role_session_name"),
                    .source = RP_STR("web identity")};
    if (path.len == 0) return RDSPOL_DONE;
    if (role.arn.len == 0) return lacks(chain, role.source, "role_arn (AWS_ROLE_ARN)");
    rdspol_status status = read_web_token(chain, path, &token);
    return status == RDSPOL_OK ? rp_sts_web_identity(chain, &role, token, keys) : status;
}

// ---- What a profile itself has -----------------------------------------------------------------

static rdspol_status find_login(rp_chain *chain, rp_str profile)
{
    if (rp_chain_profile(chain, profile, "login_session").ptr == NULL) return RDSPOL_DONE;
    return rp_fail(
        chain->error, RDSPOL_INPUT,
        "profile %.*s is one of `aws login`, which is not read here; put its keys into the "
        "environment: aws configure export-credentials --profile %.*s --format env",
        RP_SHOW(profile), RP_SHOW(profile));
}

static rdspol_status find_process(rp_chain *chain, rp_str profile, rp_keys *keys)
{
    rp_str command = rp_chain_profile(chain, profile, "credential_process");
    return command.ptr != NULL ? rp_process_run(chain, profile, command, keys) : RDSPOL_DONE;
}

static rdspol_status find_in_profile(rp_chain *chain, rp_str profile, bool by_environment,
                                     rp_keys *keys)
{
    rdspol_status status = find_web_identity(chain, profile, by_environment, keys);
    if (status == RDSPOL_DONE) status = rp_sso_find(chain, profile, keys);
    if (status == RDSPOL_DONE) status = find_static(chain, profile, RP_PROFILE_CREDENTIALS, keys);
    if (status == RDSPOL_DONE) status = find_login(chain, profile);
    if (status == RDSPOL_DONE) status = find_process(chain, profile, keys);
    if (status == RDSPOL_DONE) status = find_static(chain, profile, RP_PROFILE_CONFIG, keys);
    return status;
}

// ---- Roles of profiles -------------------------------------------------------------------------

// Profiles whose roles are assumed one after another, the last one first.
typedef struct row {
    rp_str profiles[MAX_PROFILES];
    size_t count;
    rp_str source; // profile that has keys itself; NULL: they come from `origin`
    rp_str origin; // credential_source
} row;

static bool has_role(const rp_chain *chain, rp_str profile)
{
    return rp_chain_profile(chain, profile, "role_arn").ptr != NULL &&
           rp_chain_profile(chain, profile, "web_identity_token_file").ptr == NULL;
}

static bool has_static(const rp_chain *chain, rp_str profile)
{
    return rp_chain_profile(chain, profile, "aws_access_key_id").ptr != NULL ||
           rp_chain_profile(chain, profile, "aws_secret_access_key").ptr != NULL;
}

static bool is_in_row(const row *r, rp_str profile)
{
    for (size_t i = 0; i < r->count; i++) {
        if (rp_str_equal(r->profiles[i], profile)) return true;
    }
    return false;
}

// A profile may name itself if it has keys; any other way round has no beginning.
static rdspol_status check_source(rp_chain *chain, const row *r, rp_str profile, rp_str source)
{
    if (!rp_profile_exists(&chain->opts->settings->profiles, source)) {
        return rp_fail(chain->error, RDSPOL_INPUT,
                       "profile %.*s: its source_profile %.*s does not exist", RP_SHOW(profile),
                       RP_SHOW(source));
    }
    if (!is_in_row(r, source)) return RDSPOL_OK;
    if (rp_str_equal(source, profile) && has_static(chain, source)) return RDSPOL_OK;
    return rp_fail(chain->error, RDSPOL_INPUT, "profile %.*s: source_profile leads back to %.*s",
                   RP_SHOW(profile), RP_SHOW(source));
}

static rdspol_status check_origin(rp_chain *chain, rp_str profile, rp_str origin)
{
    if (rp_str_equal(origin, RP_STR("Environment")) ||
        rp_str_equal(origin, RP_STR("EcsContainer")) ||
        rp_str_equal(origin, RP_STR("Ec2InstanceMetadata"))) {
        return RDSPOL_OK;
    }
    return rp_fail(chain->error, RDSPOL_INPUT,
                   "profile %.*s: credential_source is none of Environment, Ec2InstanceMetadata, "
                   "EcsContainer",
                   RP_SHOW(profile));
}

// One step: the profile's role, and where keys for it come from. `*next` is the next profile with a
// role, or NULL at the end of the row.
static rdspol_status add_profile(rp_chain *chain, row *r, rp_str profile, rp_str *next)
{
    rp_str source = rp_chain_profile(chain, profile, "source_profile");
    rp_str origin = rp_chain_profile(chain, profile, "credential_source");
    *next = rp_str_make(NULL, 0);
    if (r->count == MAX_PROFILES) {
        return rp_fail(chain->error, RDSPOL_INPUT, "profile %.*s: a row of more than %d profiles",
                       RP_SHOW(profile), MAX_PROFILES);
    }
    r->profiles[r->count++] = profile;
    if ((source.ptr != NULL) == (origin.ptr != NULL)) {
        return rp_fail(chain->error, RDSPOL_INPUT,
                       "profile %.*s has role_arn, and %s source_profile %s credential_source",
                       RP_SHOW(profile), source.ptr != NULL ? "both" : "neither",
                       source.ptr != NULL ? "and" : "nor");
    }
    r->origin = origin;
    if (origin.ptr != NULL) return check_origin(chain, profile, origin);
    rdspol_status status = check_source(chain, r, profile, source);
    bool is_end = has_static(chain, source) || !has_role(chain, source);
    *(is_end ? &r->source : next) = source;
    return status;
}

static rdspol_status find_origin(rp_chain *chain, rp_str origin, rp_keys *keys)
{
    if (rp_str_equal(origin, RP_STR("Environment"))) return find_environment(chain, keys);
    if (rp_str_equal(origin, RP_STR("EcsContainer"))) return rp_container_find(chain, keys);
    return rp_instance_find(chain, keys);
}

static rdspol_status find_first_keys(rp_chain *chain, const row *r, rp_keys *keys)
{
    bool by_profile = r->source.ptr != NULL;
    rdspol_status status = by_profile ? find_in_profile(chain, r->source, false, keys)
                                      : find_origin(chain, r->origin, keys);
    if (status != RDSPOL_DONE) return status;
    rp_str last = r->profiles[r->count - 1];
    return rp_fail(chain->error, RDSPOL_INPUT, "profile %.*s: its %s %.*s has no credentials",
                   RP_SHOW(last), by_profile ? "source_profile" : "credential_source",
                   RP_SHOW(by_profile ? r->source : r->origin));
}

static rdspol_status assume_of_profile(rp_chain *chain, rp_str profile, rp_keys *keys)
{
    rp_role role = {.arn = rp_chain_profile(chain, profile, "role_arn"),
                    .external_id = or_empty(rp_chain_profile(chain, profile, "external_id")),
                    .session_name = or_empty(rp_chain_profile(chain, profile, "role_session_name")),
                    .source = profile_source(chain, profile, "assume role")};
    rp_str duration = or_empty(rp_chain_profile(chain, profile, "duration_seconds"));
    if (role.source.ptr == NULL) return rp_fail_no_memory(chain->error);
    if (role.arn.len == 0) return lacks(chain, role.source, "role_arn");
    // As the AWS CLI does: what is no number is not sent.
    if (!rp_text_parse_int(rp_text_trim(duration), &role.duration)) role.duration = 0;
    return rp_sts_assume(chain, &role, keys);
}

// A code cannot be asked for, so a row with MFA is refused before anything is sent.
static rdspol_status refuse_mfa(rp_chain *chain, const row *r)
{
    for (size_t i = 0; i < r->count; i++) {
        rp_str profile = r->profiles[i];
        if (rp_chain_profile(chain, profile, "mfa_serial").ptr == NULL) continue;
        return rp_fail(
            chain->error, RDSPOL_INPUT,
            "profile %.*s wants an MFA code, which cannot be typed here; put its keys into "
            "the environment: aws configure export-credentials --profile %.*s --format env",
            RP_SHOW(profile), RP_SHOW(r->profiles[0]));
    }
    return RDSPOL_OK;
}

static rdspol_status find_role(rp_chain *chain, rp_keys *keys)
{
    row r = {.count = 0};
    rdspol_status status = RDSPOL_OK;
    rp_str profile = chain->opts->settings->profile;
    if (!has_role(chain, profile)) return RDSPOL_DONE;
    while (status == RDSPOL_OK && profile.ptr != NULL) {
        status = add_profile(chain, &r, profile, &profile);
    }
    if (status == RDSPOL_OK) status = refuse_mfa(chain, &r);
    if (status == RDSPOL_OK) status = find_first_keys(chain, &r, keys);
    for (size_t i = r.count; i > 0 && status == RDSPOL_OK; i--) {
        status = assume_of_profile(chain, r.profiles[i - 1], keys);
    }
    return status;
}

// ---- The chain ---------------------------------------------------------------------------------

static rdspol_status nothing(rp_chain *chain)
{
    const rp_settings *s = chain->opts->settings;
    return rp_fail(
        chain->error, RDSPOL_INPUT,
        "no AWS credentials: none in the environment, none for profile %.*s in %s and %s, no "
        "container and no instance metadata",
        (int)(s->profile.len < 48 ? s->profile.len : 48), s->profile.ptr,
        s->profiles.credentials_path, s->profiles.config_path);
}

static rdspol_status find_keys(rp_chain *chain, rp_keys *keys)
{
    const rp_settings *settings = chain->opts->settings;
    bool by_environment = !settings->profile_by_flag;
    rdspol_status status = by_environment ? find_environment(chain, keys) : RDSPOL_DONE;
    if (status == RDSPOL_DONE) status = find_role(chain, keys);
    if (status == RDSPOL_DONE) {
        status = find_in_profile(chain, settings->profile, by_environment, keys);
    }
    if (status == RDSPOL_DONE) status = rp_container_find(chain, keys);
    if (status == RDSPOL_DONE) status = rp_instance_find(chain, keys);
    return status == RDSPOL_DONE ? nothing(chain) : status;
}

// --assume-role, on top of what was found.
static rdspol_status assume_on_top(rp_chain *chain, rp_keys *keys)
{
    const rp_credentials_opts *opts = chain->opts;
    if (opts->assume_role.len == 0) return RDSPOL_OK;
    rp_role role = {.arn = opts->assume_role,
                    .external_id = or_empty(opts->external_id),
                    .session_name = or_empty(opts->session_name),
                    .source = rp_chain_format(chain, "%.*s, then role %.*s", RP_SHOW(keys->source),
                                              RP_SHOW(opts->assume_role))};
    if (role.source.ptr == NULL) return rp_fail_no_memory(chain->error);
    return rp_sts_assume(chain, &role, keys);
}

// Everything moves into the arena, so that the environment and the settings may go.
static rdspol_status keep(rp_chain *chain, const rp_keys *keys, rp_credentials *out)
{
    out->access_key = rp_arena_str(chain->arena, keys->access_key);
    out->secret_key = rp_arena_str(chain->arena, keys->secret_key);
    out->session_token = rp_arena_str(chain->arena, keys->session_token);
    out->source = rp_arena_str(chain->arena, keys->source);
    out->expires = keys->expires;
    out->is_role = keys->is_role;
    out->obtained = rp_chain_now(chain);
    bool kept = out->access_key.ptr != NULL && out->secret_key.ptr != NULL &&
                out->session_token.ptr != NULL && out->source.ptr != NULL;
    return kept ? RDSPOL_OK : rp_fail_no_memory(chain->error);
}

rdspol_status rp_credentials_find(rp_credentials *out, const rp_credentials_opts *opts,
                                  rdspol_error *error)
{
    rp_keys keys = {.expires = 0};
    *out = (rp_credentials){.inner = opts->alloc};
    rp_arena_init(&out->arena, rp_alloc_wiping(&out->inner));
    rp_chain chain = {.opts = opts, .arena = &out->arena, .error = error};
    rdspol_status status = find_keys(&chain, &keys);
    if (status == RDSPOL_OK) status = assume_on_top(&chain, &keys);
    if (status == RDSPOL_OK) status = keep(&chain, &keys, out);
    if (status != RDSPOL_OK) rp_credentials_clear(out);
    return status;
}

void rp_credentials_clear(rp_credentials *credentials)
{
    if (credentials->arena.alloc.fn != NULL) rp_arena_clear(&credentials->arena);
    rp_wipe(credentials, sizeof *credentials);
}

// ---- Renewal -----------------------------------------------------------------------------------

// How long before their end they are renewed: a short life is not spent on renewing.
static int64_t margin(const rp_credentials *c)
{
    int64_t most = c->is_role ? RENEW_ROLE_MS : RENEW_MS;
    int64_t quarter = (c->expires - c->obtained) / 4;
    return quarter < most ? quarter : most;
}

// The arena wipes through a field of its owner, who is another now.
static void take_over(rp_credentials *to, rp_credentials *from)
{
    rp_credentials_clear(to);
    *to = *from;
    to->arena.alloc.ctx = &to->inner;
}

rdspol_status rp_credentials_renew(rp_credentials *credentials, const rp_credentials_opts *opts,
                                   rdspol_error *error)
{
    rp_credentials fresh;
    int64_t now = opts->clock.now(opts->clock.ctx);
    bool good = credentials->expires == 0 || now < credentials->expires;
    if (credentials->expires == 0 || now < credentials->expires - margin(credentials) ||
        (good && now < credentials->next_try)) {
        return RDSPOL_OK;
    }
    rdspol_status status = rp_credentials_find(&fresh, opts, error);
    if (status == RDSPOL_OK) {
        take_over(credentials, &fresh);
    } else if (good) {
        credentials->next_try = now + MINUTE_MS;
        status = RDSPOL_OK;
    }
    return status;
}
