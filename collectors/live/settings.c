// What environment and profile say together.
#include "collectors/live/settings.h"

#include "collectors/live/fail.h"
#include "vm/base/text.h"

#include <stdio.h>

enum { MAX_ATTEMPTS = 1000, MAX_VARIABLE = 64 };

static rp_str variable(const rp_settings *s, const char *name)
{
    const char *value = s->environment.get(s->environment.ctx, name);
    bool is_set = value != NULL && value[0] != '\0';
    return is_set ? rp_str_from(value) : rp_str_make(NULL, 0);
}

rp_str rp_settings_get(const rp_settings *settings, const char *variable_name, const char *name)
{
    rp_str value = {NULL, 0};
    if (variable_name != NULL) value = variable(settings, variable_name);
    if (value.ptr == NULL && name != NULL) {
        value = rp_profile_get(&settings->profiles, RP_PROFILE_BOTH, settings->profile, name);
    }
    return value;
}

static bool is_true(rp_str text)
{
    char lower[4];
    if (text.len != sizeof lower) return false;
    (void)rp_text_lower(text, lower);
    return memcmp(lower, "true", sizeof lower) == 0;
}

static rdspol_status find_profile(rp_settings *s, rp_str flag, rdspol_error *error)
{
    rp_str name = flag;
    if (name.len == 0) name = variable(s, "AWS_PROFILE");
    if (name.len == 0) name = variable(s, "AWS_DEFAULT_PROFILE");
    s->profile_by_flag = flag.len != 0;
    s->profile = name.len != 0 ? name : RP_STR("default");
    if (name.len == 0 || rp_profile_exists(&s->profiles, name)) return RDSPOL_OK;
    return rp_fail(error, RDSPOL_INPUT, "profile %.*s is neither in %s nor in %s", (int)name.len,
                   name.ptr, s->profiles.config_path, s->profiles.credentials_path);
}

static rdspol_status find_retries(rp_settings *s, rdspol_error *error)
{
    rp_str attempts = rp_settings_get(s, "AWS_MAX_ATTEMPTS", "max_attempts");
    rp_str mode = rp_settings_get(s, "AWS_RETRY_MODE", "retry_mode");
    s->max_attempts = 3;
    s->retry_mode = mode.ptr != NULL ? mode : RP_STR("standard");
    if (attempts.ptr != NULL && (!rp_text_parse_int(rp_text_trim(attempts), &s->max_attempts) ||
                                 s->max_attempts < 1 || s->max_attempts > MAX_ATTEMPTS)) {
        return rp_fail(error, RDSPOL_INPUT,
                       "max_attempts (AWS_MAX_ATTEMPTS) is not a number from 1 to %d",
                       MAX_ATTEMPTS);
    }
    if (rp_str_equal(s->retry_mode, RP_STR("standard")) ||
        rp_str_equal(s->retry_mode, RP_STR("legacy")) ||
        rp_str_equal(s->retry_mode, RP_STR("adaptive"))) {
        return RDSPOL_OK;
    }
    return rp_fail(error, RDSPOL_INPUT,
                   "retry_mode (AWS_RETRY_MODE) is neither standard, adaptive nor legacy");
}

static rp_str or_empty(rp_str text)
{
    return text.ptr != NULL ? text : RP_STR("");
}

static void find_texts(rp_settings *s)
{
    rp_str region = variable(s, "AWS_REGION");
    if (region.ptr == NULL) region = rp_settings_get(s, "AWS_DEFAULT_REGION", "region");
    s->region = or_empty(region);
    s->ca_bundle = or_empty(rp_settings_get(s, "AWS_CA_BUNDLE", "ca_bundle"));
    s->app_id = or_empty(rp_settings_get(s, "AWS_SDK_UA_APP_ID", "sdk_ua_app_id"));
    s->fips = is_true(rp_settings_get(s, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"));
    s->dual_stack =
        is_true(rp_settings_get(s, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"));
    s->ignore_endpoints = is_true(rp_settings_get(s, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                                                  "ignore_configured_endpoint_urls"));
}

rdspol_status rp_settings_open(rp_settings *settings, rp_environment environment, rp_str profile,
                               rp_alloc alloc, rdspol_error *error)
{
    *settings = (rp_settings){.environment = environment};
    rdspol_status status = rp_profiles_open(&settings->profiles, environment, alloc, error);
    if (status == RDSPOL_OK) status = find_profile(settings, profile, error);
    if (status != RDSPOL_OK) return status;
    find_texts(settings);
    return find_retries(settings, error);
}

void rp_settings_close(rp_settings *settings)
{
    rp_profiles_close(&settings->profiles);
}

// ---- Endpoints ---------------------------------------------------------------------------------

static rp_str service_variable(const rp_settings *s, const char *suffix)
{
    char name[MAX_VARIABLE];
    (void)snprintf(name, sizeof name, "AWS_ENDPOINT_URL_%s", suffix);
    return variable(s, name);
}

// Of the profile's [services]: services stand there in lower case.
static rdspol_status service_url(const rp_settings *s, const char *suffix, rp_str *url,
                                 rdspol_error *error)
{
    char name[MAX_VARIABLE];
    rp_str services = rp_settings_get(s, NULL, "services");
    if (services.ptr == NULL) return RDSPOL_OK;
    if (!rp_profile_has_services(&s->profiles, services)) {
        return rp_fail(error, RDSPOL_INPUT, "profile %.*s: there is no section [services %.*s]",
                       (int)s->profile.len, s->profile.ptr, (int)services.len, services.ptr);
    }
    rp_str upper = rp_str_from(suffix);
    if (upper.len > sizeof name) return RDSPOL_OK;
    (void)rp_text_lower(upper, name);
    *url = rp_profile_service_url(&s->profiles, services, rp_str_make(name, upper.len));
    return RDSPOL_OK;
}

rdspol_status rp_settings_endpoint_url(const rp_settings *settings, rp_str service, rp_str *url,
                                       rdspol_error *error)
{
    const char *suffix = rp_endpoint_variable(service);
    rdspol_status status = RDSPOL_OK;
    *url = RP_STR("");
    if (suffix == NULL || settings->ignore_endpoints) return RDSPOL_OK;
    rp_str found = service_variable(settings, suffix);
    if (found.len == 0) found = variable(settings, "AWS_ENDPOINT_URL");
    if (found.len == 0) status = service_url(settings, suffix, &found, error);
    if (found.len == 0) found = rp_settings_get(settings, NULL, "endpoint_url");
    *url = or_empty(found);
    return status;
}

rdspol_status rp_settings_endpoint(const rp_settings *settings, rp_arena *arena, rp_str service,
                                   rp_str region, rp_str url, rp_endpoint *out, rdspol_error *error)
{
    rp_endpoint_opts opts = {.service = service,
                             .region = region,
                             .url = url,
                             .fips = settings->fips,
                             .dual_stack = settings->dual_stack};
    rdspol_status status = RDSPOL_OK;
    if (url.len == 0) status = rp_settings_endpoint_url(settings, service, &opts.url, error);
    return status == RDSPOL_OK ? rp_endpoint_find(arena, &opts, out, error) : status;
}
