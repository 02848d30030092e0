// The small schema that tests of the machine share: instances, security groups, rules.
//
//   region   { key name, account; instances: [instance] by instance.region;
//              keys: [key] by key.region; from a group: setting: string?, marks: {string: string} }
//   instance { key id, unique arn, account, region, engine: string, port: int?, enabled: bool,
//              created: time?, version: version, group: sg?, kms: key?, groups: [sg], tags:
//              {string: string} }
//   sg       { key id (unique), account, region, ingress: [rule], users: [instance] by its groups }
//   rule     { from_port: int?, ranges: [cidr] }
//   key      { key id, unique arn, account, region, state: string, rotation: string }, by key
#ifndef RP_TESTS_WORLD_H
#define RP_TESTS_WORLD_H

#include "tests/unit/image.h"

#include "vm/include/rdspol.h"

enum { T_REGION, T_INSTANCE, T_SG, T_RULE, T_SGS, T_CIDRS, T_TAGS, T_KEY, T_COUNT };
enum {
    C_REGION_NAME,
    C_REGION_ACCOUNT,
    C_SETTING,
    C_ID,
    C_ARN,
    C_ACCOUNT,
    C_REGION,
    C_ENGINE,
    C_PORT,
    C_ENABLED,
    C_CREATED,
    C_VERSION,
    C_GROUP,
    C_KMS,
    C_OPEN,  // derived
    C_LOWER, // text
    C_SG_ID,
    C_SG_ACCOUNT,
    C_SG_REGION,
    C_FROM_PORT,
    C_WIDE, // derived
    C_SGS_VALUE,
    C_CIDRS_VALUE,
    C_TAGS_KEY,
    C_TAGS_VALUE,
    C_KEY_ID,
    C_KEY_ARN,
    C_KEY_ACCOUNT,
    C_KEY_REGION,
    C_KEY_STATE,
    C_KEY_ROTATION,
    C_COUNT
};
enum { L_INSTANCES, L_KEYS, L_MARKS, L_GROUPS, L_TAGS, L_INGRESS, L_USERS, L_RANGES, L_COUNT };
enum { S_INSTANCES, S_GROUPS, S_SETTINGS, S_KEYS, S_ROTATION, S_COUNT };

typedef struct world {
    image im;
    uint32_t file;
    rdspol_bundle *bundle;
    rdspol_facts *facts;
    rdspol_run *run;
} world;

// The schema; then a test adds its program and policies.
void world_init(world *w);
void world_free(world *w);
// Adds a policy of whens and requires (instructions); emits it. `messages` may be NULL.
uint32_t world_policy(world *w, const char *name, uint32_t table, uint32_t severity,
                      const uint32_t *whens, uint32_t when_count, const uint32_t *requires,
                      uint32_t require_count, const uint32_t *messages);
void world_open(world *w);
void world_facts(world *w);
void world_seal(world *w);
void world_run(world *w, uint32_t chunk);
rdspol_str str(const char *text);
// The verdict of a policy for an id, or -1.
int world_verdict(const world *w, uint32_t policy, const char *id);
rdspol_finding world_finding(const world *w, uint32_t policy, const char *id);

#endif
