// Settings of the AWS CLI: what flags, environment and profile say together.
//
// The one idea: a variable of the environment stands before the profile, the profile before what is
// built in; a variable that is set to nothing is not set. Flags are the caller's and stand before
// all of it. Names, meaning and order are those of AWS CLI version 2 ("Configuration and credential
// file settings", "Environment variables" of its user guide). Must not know credentials.
#ifndef RP_LIVE_SETTINGS_H
#define RP_LIVE_SETTINGS_H

#include "collectors/live/endpoints.h"
#include "collectors/live/profile.h"

// Must not be moved once open.
typedef struct rp_settings {
    rp_profiles profiles;
    rp_environment environment;
    rp_str profile;       // in force: --profile, AWS_PROFILE, AWS_DEFAULT_PROFILE, else "default"
    bool profile_by_flag; // then keys in the environment are not looked at
    rp_str region;        // AWS_REGION, AWS_DEFAULT_REGION, region; empty: none
    rp_str ca_bundle;     // AWS_CA_BUNDLE, ca_bundle: a path; empty: none
    rp_str retry_mode;    // AWS_RETRY_MODE, retry_mode: "legacy", "standard" (built in), "adaptive"
    rp_str app_id;        // AWS_SDK_UA_APP_ID, sdk_ua_app_id; empty: none
    int64_t max_attempts; // AWS_MAX_ATTEMPTS, max_attempts; 3 built in
    bool fips;            // AWS_USE_FIPS_ENDPOINT, use_fips_endpoint
    bool dual_stack;      // AWS_USE_DUALSTACK_ENDPOINT, use_dualstack_endpoint
    bool ignore_endpoints; // AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, ignore_configured_endpoint_urls
} rp_settings;

// `profile` is that of --profile, or empty; borrowed until the settings are closed. Views of the
// settings stay valid as long. RDSPOL_INPUT if a file is malformed, a profile that was named is not
// there, or a value has not the form it must have; RDSPOL_NO_MEMORY. `rp_settings_close` in any
// case.
rdspol_status rp_settings_open(rp_settings *settings, rp_environment environment, rp_str profile,
                               rp_alloc alloc, rdspol_error *error);
void rp_settings_close(rp_settings *settings);

// A variable, or what the profile says under `name`; either may be NULL. `ptr` is NULL if neither
// does.
rp_str rp_settings_get(const rp_settings *settings, const char *variable, const char *name);

// The endpoint of somebody's own for a service, or an empty text: AWS_ENDPOINT_URL_<SERVICE>,
// AWS_ENDPOINT_URL, endpoint_url of the service in the profile's [services], endpoint_url of the
// profile. RDSPOL_INPUT if the profile names a [services] section that is not there.
rdspol_status rp_settings_endpoint_url(const rp_settings *settings, rp_str service, rp_str *url,
                                       rdspol_error *error);
// Where a service answers in a region under these settings. `url` is that of --endpoint-url, or
// empty; it stands before all others. Texts of `out` are in `arena`.
rdspol_status rp_settings_endpoint(const rp_settings *settings, rp_arena *arena, rp_str service,
                                   rp_str region, rp_str url, rp_endpoint *out,
                                   rdspol_error *error);

#endif
