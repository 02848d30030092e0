#!/usr/bin/env python3
"""A second opinion: the checks of the standard library once more, in Python, over the same files.

Written from what the checks mean and not from the policies, slow and obvious, in three values
(True, False, U for unknown). It makes fleets, judges them here and by `rdspol run all`, and prints
every resource on which the two disagree. It exists only to disagree.

Then it damages the files, members taken away or replaced by other values, and compares again.

usage: second_opinion.py [--instances N] [--seeds N] [--damages N] [--verbose] [FOLDER...]

Needs the program ($RDSPOL, else a build of the presets) and
$RDSPOL_SHARED/tools/make-fleet; exits with 77 if one is missing. Folders that are given must have
the layout of make-fleet: ACCOUNT/REGION/FILE.json, keyed files.
"""
import argparse
import collections
import datetime
import fnmatch
import ipaddress
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

from common import SKIPPED, find_maker, find_program

NOW = "2026-08-01T00:00:00Z"

# Parameters: their defaults, and another choice of each.
DEFAULTS = {
    "min_backup_days": 7, "max_days": 90, "trusted_accounts": [], "rds_11_backup_retention_minimum": 7,
    "rds_50_minimum_backup_retention_period": 7, "rds_6_monitoring_interval": None, "rds_14_backtrack_window_in_hours": None,
    "rds_26_backup_vault_lock_check": None, "rds_28_required_tag_keys": [], "rds_29_required_tag_keys": [],
    "rds_30_required_tag_keys": [], "rds_31_required_tag_keys": [], "rds_32_required_tag_keys": [], "rds_33_required_tag_keys": [],
    "rds_40_log_types": ["agent", "error"], "rds_42_log_types": ["audit", "error"], "ec2_18_authorized_tcp_ports": [80, 443],
    "ec2_18_authorized_udp_ports": [], "secretsmanager_1_maximum_allowed_rotation_frequency": None,
    "secretsmanager_4_max_days_since_rotation": 90}
OTHERS = {
    "min_backup_days": 14, "max_days": 30, "trusted_accounts": ["210987654321", "234567900123", "all"],
    "rds_11_backup_retention_minimum": 30, "rds_50_minimum_backup_retention_period": 8, "rds_6_monitoring_interval": 60,
    "rds_14_backtrack_window_in_hours": 24.0, "rds_26_backup_vault_lock_check": True, "rds_28_required_tag_keys": ["Team"],
    "rds_29_required_tag_keys": ["Team", "Service"], "rds_30_required_tag_keys": ["Environment"], "rds_31_required_tag_keys": ["Team"],
    "rds_32_required_tag_keys": ["Service"], "rds_33_required_tag_keys": ["Team"], "rds_40_log_types": ["error"],
    "rds_42_log_types": ["audit", "general"], "ec2_18_authorized_tcp_ports": [22, 80, 443, 8000],
    "ec2_18_authorized_udp_ports": [53], "secretsmanager_1_maximum_allowed_rotation_frequency": 10,
    "secretsmanager_4_max_days_since_rotation": 20}


# ---- Three values -------------------------------------------------------------------------------

class Unknown:
    def __repr__(self):
        return "U"

    def __bool__(self):
        raise TypeError("unknown is neither true nor false")


U = Unknown()


def no(a):
    return U if a is U else not a


def both(*values):
    return False if any(v is False for v in values) else U if any(v is U for v in values) else True


def either(*values):
    return True if any(v is True for v in values) else U if any(v is U for v in values) else False


def same(a, b):
    return U if a is U or b is U else a is not None and a == b


def among(a, values):
    return U if a is U else a in values


def choose(condition, yes, other):
    if condition is U:
        return yes if yes is not U and other is not U and yes == other else U
    return yes if condition else other


def lazily(condition, yes, other=None):
    """Like `choose` for what makes no sense where the condition does not hold."""
    return U if condition is U else yes() if condition else other() if callable(other) else other


class List:
    """Members that are known, some that may belong to it, and whether there may be more."""

    def __init__(self, items=(), complete=True, maybe=()):
        self.items, self.complete, self.maybe = list(items), complete, list(maybe)

    def any(self, test):
        return either(*[test(i) for i in self.items], *[both(U, test(i)) for i in self.maybe],
                      False if self.complete else U)

    def all(self, test):
        return no(self.any(lambda i: no(test(i))))

    def empty(self):
        return False if self.items else U if self.maybe or not self.complete else True

    def holds(self, value):
        return self.any(lambda i: same(i, value))


UNKNOWN_LIST = List((), False)


def verdict(whens, requires):
    if False in [w for w in whens if w is not U]:
        return "not_applicable"
    if any(w is U for w in whens):
        return "unknown"
    if False in [r for r in requires if r is not U]:
        return "fail"
    return "unknown" if any(r is U for r in requires) else "pass"


# ---- Records ------------------------------------------------------------------------------------

class Record:
    """A JSON object; without its ARN a projection took members away, and none that lacks is a fact."""

    def __init__(self, data, arn=None):
        self.data, self.cut = data, arn is not None and arn not in data

    def must(self, name):
        value = self.data.get(name)
        return U if value is None else value

    def may(self, name, otherwise=None):
        value = self.data.get(name)
        return value if value is not None else U if self.cut else otherwise

    def list(self, name, otherwise=None):
        """A list of which the absence is a fact (`otherwise`), or is not."""
        value = self.data.get(name)
        if value is None:
            return UNKNOWN_LIST if otherwise is None or self.cut else List(otherwise)
        return List(value)

    def tags(self):
        value = self.data.get("TagList")
        return U if value is None else {t["Key"]: t.get("Value", U) for t in value}


class Place:
    """The files of one account and Region."""

    def __init__(self, folder, account, region):
        self.account, self.region, self.files = account, region, {}
        for path in folder.glob("*.json"):
            self.files[path.name[:-len(".json")]] = json.loads(path.read_text())

    def list(self, name, member, arn=None):
        """None: not supplied."""
        data = self.files.get(name)
        if data is None or member not in data:
            return None
        cut = any(t in data for t in ("NextToken", "Marker", "NextMarker"))
        return List([Record(d, arn) for d in data[member]], not cut)

    def known(self, name, member, arn=None):
        """The same, where what was not supplied is a list of which nothing is known."""
        found = self.list(name, member, arn)
        return UNKNOWN_LIST if found is None else found

    def answer(self, name, key):
        data = self.files.get(name, {}).get(key)
        return None if data is None or "Error" in data else data

    def answered_list(self, name, key, member):
        data = self.answer(name, key)
        if data is None or member not in data:
            return UNKNOWN_LIST
        return List(data[member], not any(t in data for t in ("NextToken", "Marker")))


class World:
    def __init__(self, folder):
        self.places = {}
        for account in sorted(p for p in folder.iterdir() if p.is_dir()):
            for region in sorted(p for p in account.iterdir() if p.is_dir()):
                place = Place(region, account.name, region.name)
                self.places[(account.name, region.name)] = place
        self.accounts = {a for a, _ in self.places}
        self.now = datetime.datetime.fromisoformat(NOW.replace("Z", "+00:00"))

    def everywhere(self, name, member):
        for place in self.places.values():
            for record in place.known(name, member).items:
                yield place, record.data

    def time(self, value):
        if value is None or value is U:
            return value
        if isinstance(value, (int, float)):
            return datetime.datetime.fromtimestamp(value, datetime.timezone.utc)
        try:
            return datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            return U


# ---- Engines and versions -----------------------------------------------------------------------

def family(engine):
    if engine is U:
        return U
    for prefix in ("oracle", "sqlserver", "db2", "custom"):
        if engine.startswith(prefix + "-"):
            return prefix
    if engine in ("neptune", "docdb"):
        return "foreign"
    known = ("mysql", "mariadb", "postgres", "aurora", "aurora-mysql", "aurora-postgresql")
    return engine if engine in known else "other"


def numbers(version):
    """Components of a version; None if it is none."""
    if version is U or not re.match(r"\d", version):
        return None
    return [(1, int(p), "") if p.isdigit() else (0, 0, p) for p in re.split(r"[._+-]", version)]


def at_least(version, least):
    v = numbers(version)
    return U if v is None else v >= numbers(least)


def series(version, *starts):
    v = numbers(version)
    if v is None:
        return U
    return any(v[:len(numbers(s))] == numbers(s) for s in starts)


def aurora_mysql(version):
    """The version if it is one of Aurora MySQL, else U."""
    if version is U or numbers(version) is None:
        return U
    return version if ".mysql_aurora." in version or at_least(version, "8.4") is True else U


# ---- Keys ---------------------------------------------------------------------------------------

def arn_account(arn):
    parts = arn.split(":")
    return parts[4] if arn.startswith("arn:") and len(parts) > 5 and parts[4] else None


class Keys:
    def __init__(self, world):
        self.world, self.by_arn, self.by_id, self.rotation, self.policy = world, {}, {}, {}, {}
        for pair, place in world.places.items():
            for key, answer in place.files.get("kms-keys", {}).items():
                meta = answer.get("KeyMetadata")
                if meta:
                    self.by_arn[meta["Arn"]] = meta
                    self.by_id[pair, meta["KeyId"]] = meta
            for name, into in (("get-key-rotation-status", self.rotation), ("get-key-policy", self.policy)):
                for key, answer in place.files.get(name, {}).items():
                    if "Error" not in answer:
                        into[key] = into[pair, key.rpartition("/")[2]] = answer

    def find(self, place, text):
        """Metadata of the key that a text stands for: U if it was not read, None if there is none."""
        pair = (place.account, place.region)
        if "alias/" in text:
            aliases = place.list("list-aliases", "Aliases")
            for alias in aliases.items if aliases else []:
                if text in (alias.data["AliasName"], alias.data["AliasArn"]):
                    target = alias.data.get("TargetKeyId")
                    return self.by_id.get((pair, target), U) if target else U
            return U
        return self.by_arn.get(text, self.by_id.get((pair, text), U))

    def of_customer(self, place, text):
        if text is None:
            return False
        if text is U:
            return U
        if text.startswith("alias/aws/") or ":alias/aws/" in text:
            return False
        if text.startswith("arn:") and arn_account(text) != place.account:
            return True
        meta = self.find(place, text)
        return U if meta is U else same(meta.get("KeyManager", U), "CUSTOMER")


# ---- Groups of parameters and options -----------------------------------------------------------

def parameters_of(place, name, file):
    """The parameters of a group in lower case; U if unread. The second: may others exist?"""
    if name is U:
        return U, True
    answer = place.answer(file, name)
    if answer is None:
        return U, True
    cut = any(t in answer for t in ("NextToken", "Marker"))
    filtered = all(p.get("Source") == "user" for p in answer["Parameters"])
    return {p["ParameterName"].lower(): p for p in answer["Parameters"]}, cut or filtered


class Group:
    def __init__(self, place, name, file):
        self.name = name
        self.found, self.open = parameters_of(place, name, file)

    def get(self, name):
        """U: unread. None: not known to the engine. Else the entry."""
        if self.found is U:
            return U
        entry = self.found.get(name.lower())
        return entry if entry is not None else U if self.open else None

    def value(self, name, default):
        """The value in force; None if the engine does not know the parameter."""
        entry = self.get(name)
        if entry is U or entry is None:
            return entry
        return default if entry.get("ParameterValue") is None else entry["ParameterValue"]


def is_on(value):
    return U if value is U else value is not None and value.lower() in ("1", "on", "true")


def instance_groups(place, i):
    groups = i.list("DBParameterGroups")
    return List([(Group(place, g["DBParameterGroupName"], "db-parameters"), g.get("ParameterApplyStatus", U))
                 for g in groups.items], groups.complete)


def options_in_force(place, i, name):
    """Options of that name in memberships that are in sync."""
    out, maybe, complete = [], [], True
    members = i.list("OptionGroupMemberships")
    listed = place.known("option-groups", "OptionGroupsList")
    for m in members.items:
        if m.get("Status", "in-sync") != "in-sync":
            continue
        group = [g.data for g in listed.items if g.data["OptionGroupName"] == m["OptionGroupName"]]
        if not group or "Options" not in group[0]:
            complete = False
            continue
        found = [o for o in group[0]["Options"] if o["OptionName"].upper() == name]
        (out if "Status" in m else maybe).extend(found)
    return List(out, complete and members.complete, maybe)


def setting(option, name, default):
    settings = option.get("OptionSettings")
    if settings is None:
        return U
    for s in settings:
        if s["Name"].upper() == name:
            return default if s.get("Value") is None else s["Value"]
    return default


# ---- Instances ----------------------------------------------------------------------------------

LIVE = ("available", "backing-up", "storage-optimization", "storage-full")
LISTED = ("mysql", "mariadb", "postgres", "oracle", "sqlserver", "db2", "custom")
RDS_8 = ("mariadb mysql custom-oracle-ee oracle-ee-cdb oracle-se2-cdb oracle-ee oracle-se2 oracle-se1 "
         "oracle-se postgres sqlserver-ee sqlserver-se sqlserver-ex sqlserver-web").split()


def encrypted(record, flag):
    stated, kind = record.must(flag), record.may("StorageEncryptionType")
    by_type = U if kind is U or kind not in (None, "none", "sse-kms", "sse-rds") else kind in ("sse-kms", "sse-rds")
    return either(stated, by_type)


def key_checks(out, world, keys, place, r, scope):
    enc = encrypted(r, "StorageEncrypted")
    text, kind = r.may("KmsKeyId"), r.may("StorageEncryptionType")
    customer = both(enc, no(same(kind, "sse-rds")), keys.of_customer(place, text))
    out["practice:1.a"] = verdict(scope, [enc])
    out["practice:1.b"] = verdict(scope, [customer])
    meta = keys.find(place, text) if isinstance(text, str) else U
    state = U if meta is U else meta.get("KeyState", U)
    bad = ("Disabled", "PendingDeletion", "PendingReplicaDeletion", "PendingImport", "Unavailable")
    usable = True if state == "Enabled" else False if state in bad else U
    out["practice:1.c"] = verdict(scope + [customer], [usable])
    out["practice:1.d"] = verdict(scope + [customer, can_rotate(meta)], [rotates(keys, place, meta, text)])
    return enc


def can_rotate(meta):
    if meta is U:
        return U
    spec = meta.get("KeySpec") or meta.get("CustomerMasterKeySpec") or U
    return both(same(meta.get("Origin", U), "AWS_KMS"), same(spec, "SYMMETRIC_DEFAULT"))


def rotates(keys, place, meta, text):
    arn = text if meta is U else meta["Arn"]
    if not isinstance(arn, str):
        return U
    pair = (place.account, place.region)
    answer = keys.rotation.get(arn) or keys.rotation.get((pair, arn.rpartition("/")[2]))
    return answer.get("KeyRotationEnabled", U) if answer else U


def iam_known(place, fam, i, version):
    """Does the engine in this version know IAM authentication?"""
    if fam is U:
        return U
    newest = {"mysql": "8.5", "aurora-mysql": "8.5", "postgres": "19", "aurora-postgresql": "18", "mariadb": "11.9"}
    if fam not in newest:
        return False
    if fam == "aurora-mysql":
        version = aurora_mysql(version)
    if version is U or numbers(version) is None:
        return U
    if at_least(version, newest[fam]):
        return U
    if fam in ("mysql", "aurora-mysql"):
        return series(version, "5.7", "8.0", "8.4")
    if fam == "postgres":
        return at_least(version, "10")
    if fam == "aurora-postgresql":
        return at_least(version, "11")
    supported = series(version, "10.11", "11.4", "11.8")
    arn = i.must("DBInstanceArn")
    if supported is not True:
        return supported
    if arn is U or arn.split(":")[1] != "aws":
        return U
    if place.region in ("ap-south-2", "ap-southeast-4", "eu-south-2", "eu-central-2", "il-central-1", "me-central-1"):
        return False
    fresh = ("ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ap-east-2", "mx-central-1")
    return not (place.region in fresh and series(version, "10.11"))


def tls(place, i, fam, version):
    """(does the engine know the parameter, is it demanded, are the groups in sync)"""
    if fam is U:
        found = [tls(place, i, f, version)[0] for f in ("postgres", "mysql", "db2")]
        return (False if all(f is False for f in found) else U), U, U
    name = {"postgres": "rds.force_ssl", "sqlserver": "rds.force_ssl", "db2": "DB2COMM"}.get(fam, "require_secure_transport")
    default = {"postgres": at_least(version, "15"), "mariadb": at_least(version, "11.8")}.get(fam, False)
    groups = instance_groups(place, i)

    def demanded(group):
        value = group.value(name, None if fam == "db2" else default)
        entry = group.get(name)
        if entry is U or entry is None:
            return U if entry is U else False
        if entry.get("ParameterValue") is None:
            return default
        return value.strip().upper() == "SSL" if fam == "db2" else is_on(value)

    knows = groups.any(lambda g: U if g[0].get(name) is U else g[0].get(name) is not None)
    return knows, groups.all(lambda g: demanded(g[0])), groups.all(lambda g: same(g[1], "in-sync"))


PGAUDIT = ("ddl", "function", "misc", "read", "role", "write")


def pgaudit_records(log, role):
    def classes(value):
        on, off = set(), set()
        for word in [w.strip().lower() for w in value.split(",") if w.strip()]:
            into, name = (off, word[1:]) if word.startswith("-") else (on, word)
            if name not in PGAUDIT + ("all", "none"):
                return set()
            into.update(PGAUDIT if name == "all" else () if name == "none" else (name,))
        return on - off
    by_log = U if log is U else log is not None and bool(classes(log))
    by_role = U if role is U else role == "rds_pgaudit"
    return either(by_log, by_role)


def pgaudit(group):
    libraries = group.value("shared_preload_libraries", "")
    loaded = U if libraries is U else "pgaudit" in [p.strip() for p in (libraries or "").split(",")]
    return both(loaded, pgaudit_records(group.value("pgaudit.log", "none"), group.value("pgaudit.role", "")))


PLUGIN = {"CONNECT", "QUERY", "QUERY_DDL", "QUERY_DML", "QUERY_DML_NO_SELECT", "QUERY_DCL"}
AURORA_EVENTS = {"CONNECT", "QUERY", "QUERY_DCL", "QUERY_DDL", "QUERY_DML", "TABLE"}


def events_in(value, allowed):
    return U if value is U else bool(value) and all(e in allowed for e in value.split(","))


def audited_instance(place, i, fam, engine):
    if fam is U:
        return U
    exports = i.list("EnabledCloudwatchLogsExports", [])
    groups = instance_groups(place, i)
    synced = groups.all(lambda g: same(g[1], "in-sync"))
    need = {"postgres": ("postgresql",), "mysql": ("audit",), "mariadb": ("audit",), "oracle": ("audit",),
            "sqlserver": ("error",) if engine == "sqlserver-ex" else ("error", "agent"),
            "db2": ("diag.log", "notify.log")}[fam]
    published = both(*[exports.holds(n) for n in need])
    if fam == "postgres":
        recorded = both(groups.all(lambda g: pgaudit(g[0])), synced)
    elif fam == "oracle":
        def trail(group):
            entry = group.get("audit_trail")
            if entry is U or entry is None:
                return U if entry is U else False
            value = entry.get("ParameterValue")
            return U if value is None else value.upper() not in ("NONE", "")
        recorded = both(groups.all(lambda g: trail(g[0])), synced)
    elif fam in ("mysql", "mariadb"):
        allowed = PLUGIN | ({"TABLE"} if fam == "mariadb" else set())
        options = options_in_force(place, i, "MARIADB_AUDIT_PLUGIN")
        good = options.all(lambda o: events_in(setting(o, "SERVER_AUDIT_EVENTS", "CONNECT,QUERY"), allowed))
        recorded = both(no(options.empty()), good)
    else:
        recorded = no(options_in_force(place, i, "SQLSERVER_AUDIT" if fam == "sqlserver" else "DB2_AUDIT").empty())
    stream = both(same(i.may("ActivityStreamStatus", "stopped"), "started"), fam in ("oracle", "sqlserver"))
    return either(stream, both(recorded, published))


def selection_takes(sel, arn, tags):
    def pattern(p):
        if p in (arn, "*"):
            return True
        whole = re.fullmatch(r"arn:[^:*?]+:[^:*?]+:\*:\*:[^:*?]+:\*", p)
        last = p.count("*") == 1 and p.endswith("*") and "?" not in p
        return U if arn is U else bool(whole or last) and fnmatch.fnmatchcase(arn, p.replace("[", "[[]"))

    def tag(key):
        return U if tags is U else tags.get(key)

    def condition(c, test):
        value = tag(c["ConditionKey"].removeprefix("aws:ResourceTag/"))
        return U if value is U else test(value, c["ConditionValue"])

    def like(value, wanted):
        return value is not None and re.fullmatch(".*".join(map(re.escape, wanted.split("*"))), value) is not None

    conditions = sel.get("Conditions") or {}
    held = both(*[condition(c, lambda v, w: v == w) for c in conditions.get("StringEquals") or []],
                *[condition(c, lambda v, w: v != w) for c in conditions.get("StringNotEquals") or []],
                *[condition(c, like) for c in conditions.get("StringLike") or []],
                *[condition(c, lambda v, w: not like(v, w)) for c in conditions.get("StringNotLike") or []])
    named = either(*[pattern(p) for p in sel.get("Resources") or []])
    listed = either(*[same(tag(t["ConditionKey"]), t["ConditionValue"]) for t in sel.get("ListOfTags") or []])
    dropped = either(*[pattern(p) for p in sel.get("NotResources") or []])
    return both(no(dropped), either(both(named, held), listed))


def vault_locked(place, plan):
    """Does some rule of the plan write into a locked vault?"""
    answer = place.answer("get-backup-plan", plan)
    if answer is None or "Rules" not in answer["BackupPlan"]:
        return U
    vaults = place.list("list-backup-vaults", "BackupVaultList")
    known = {v.data["BackupVaultName"]: v.must("Locked") for v in vaults.items} if vaults else {}
    return either(*[known.get(r.get("TargetBackupVaultName"), U) for r in answer["BackupPlan"]["Rules"]])


def planned(place, arn, tags, kind, locked=False):
    if kind is U:
        opted = U
    else:
        opted = (place.files.get("describe-region-settings") or {}).get("ResourceTypeOptInPreference", {}).get(kind, U)
    plans = place.list("list-backup-plans", "BackupPlansList")
    found, complete = [], plans is not None and plans.complete
    for plan in plans.items if plans else []:
        selections = place.answered_list("list-backup-selections", plan.data["BackupPlanId"], "BackupSelectionsList")
        complete = complete and selections.complete
        for s in selections.items:
            answer = place.answer("get-backup-selection", s["SelectionId"])
            takes = U if answer is None else selection_takes(answer["BackupSelection"], arn, tags)
            found.append(both(takes, vault_locked(place, plan.data["BackupPlanId"])) if locked else takes)
    return both(opted, either(*found, False if complete else U))


def targets(place):
    """Of all proxies: (targets, were all of them read?)"""
    proxies = place.list("db-proxies", "DBProxies")
    found, complete = [], proxies is not None and proxies.complete
    for p in proxies.items if proxies else []:
        read = place.answered_list("db-proxy-targets", p.data["DBProxyName"], "Targets")
        found += read.items
        complete = complete and read.complete
    return List(found, complete)


# ---- Networks -----------------------------------------------------------------------------------

def network(world):
    """Route tables and security groups by id, whatever the account."""
    tables, groups = {}, {}
    for _, t in world.everywhere("route-tables", "RouteTables"):
        tables[t["RouteTableId"]] = t
    for _, g in world.everywhere("security-groups", "SecurityGroups"):
        groups[g["GroupId"]] = g
    return tables, groups


def tables_complete(world, region):
    return all((p.list("route-tables", "RouteTables") or UNKNOWN_LIST).complete
               for (_, r), p in world.places.items() if r == region)


def public_route(r, default_only):
    destination = r.get("DestinationCidrBlock") == "0.0.0.0/0" or r.get("DestinationIpv6CidrBlock") == "::/0"
    gateway = (r.get("GatewayId") or "").startswith("igw-")
    state = r["State"] == "active" if "State" in r else U
    return both(gateway, state, destination or not default_only)


def subnet_public(world, tables, region, subnet, vpc, default_only):
    def in_force(a):
        return (a.get("AssociationState") or {}).get("State") not in ("disassociated", "failed")
    own = [t for t in tables.values() if any(a.get("SubnetId") == subnet and in_force(a) for a in t["Associations"])]
    main = [t for t in tables.values()
            if t["VpcId"] == vpc and any(a.get("Main") is True and in_force(a) for a in t["Associations"])]
    complete = tables_complete(world, region)

    def public(found):
        return either(*[public_route(r, default_only) for t in found for r in t["Routes"]])
    if own:
        return either(public(own), False if complete else U)
    return U if not complete or not main else public(main)


BLOCKS = [n for n in range(224) if n not in (0, 10, 127)]


def covers_internet(ranges):
    four = [r for r in ranges if r.version == 4 and r.prefixlen <= 8]
    six = ipaddress.collapse_addresses([r for r in ranges if r.version == 6 and r.prefixlen <= 8])
    target = ipaddress.ip_network("2000::/3")
    return (all(any(ipaddress.ip_network(f"{n}.0.0.0/8").subnet_of(r) for r in four) for n in BLOCKS)
            or any(target.subnet_of(r) for r in six))


PRIVATE = [ipaddress.ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")]


def is_private(r):
    return any(r.version == n.version and r.subnet_of(n) for n in PRIVATE)


def lists_of(world):
    out = {}
    for place in world.places.values():
        for name, answer in place.files.get("get-managed-prefix-list-entries", {}).items():
            if "Entries" in answer:
                cut = "NextToken" in answer
                out[name] = ([ipaddress.ip_network(e["Cidr"]) for e in answer["Entries"]], not cut)
    return out


class Reach:
    """What the groups of a database let in together."""

    def __init__(self, groups, lists, ids):
        self.rules, self.complete, self.lists = [], ids.complete, lists
        for i in ids.items:
            group = groups.get(i)
            if group is None or "IpPermissions" not in group:
                self.complete = False
            else:
                self.rules += group["IpPermissions"]

    def covers(self, rule, port):
        """A port that is not known (None) is covered where all are."""
        if rule["IpProtocol"] == "-1":
            return True
        if rule["IpProtocol"] not in ("tcp", "6"):
            return False
        low, high = rule.get("FromPort"), rule.get("ToPort")
        if low is None or high is None:
            return U
        return (True if low <= 1 and high >= 65535 else U) if port is None else low <= port <= high

    def broad_at(self, port):
        """The strict level: does one covering rule admit a public range, or a private one of /8 or wider?"""
        def broad(rule):
            known, unread = [], False
            for name in [p["PrefixListId"] for p in rule.get("PrefixListIds", [])]:
                entries, complete = self.lists.get(name, ([], False))
                known, unread = known + entries, unread or not complete
            known += [ipaddress.ip_network(r["CidrIp"], strict=False) for r in rule.get("IpRanges", [])]
            known += [ipaddress.ip_network(r["CidrIpv6"], strict=False) for r in rule.get("Ipv6Ranges", [])]
            return either(*[not is_private(r) or r.prefixlen <= 8 for r in known], U if unread else False)
        return either(*[both(self.covers(r, port), broad(r)) for r in self.rules], False if self.complete else U)

    def at(self, port):
        sure, maybe, unread = [], [], not self.complete
        for rule in self.rules:
            covered = self.covers(rule, port)
            if covered is False:
                continue
            ranges = [ipaddress.ip_network(r["CidrIp"], strict=False) for r in rule.get("IpRanges", [])]
            ranges += [ipaddress.ip_network(r["CidrIpv6"], strict=False) for r in rule.get("Ipv6Ranges", [])]
            for name in [p["PrefixListId"] for p in rule.get("PrefixListIds", [])]:
                entries, complete = self.lists.get(name, ([], False))
                ranges += entries
                unread = unread or not complete
            (sure if covered is True else maybe).extend(ranges)
        if covers_internet(sure):
            return True
        return U if unread or covers_internet(sure + maybe) else False

    def at_any_port(self):
        """Where the port is not known: true if all are open, false if none is."""
        edges = {1} | {p for r in self.rules for p in (r.get("FromPort"), (r.get("ToPort") or 0) + 1)
                       if p is not None and 1 <= p <= 65535}
        found = [self.at(p) for p in edges]
        return True if all(f is True for f in found) else False if all(f is False for f in found) else U


# ---- One kind of resource after the other -------------------------------------------------------

class Judge:
    def __init__(self, folder, parameters):
        self.p = parameters
        self.world = World(folder)
        self.keys = Keys(self.world)
        self.tables, self.groups = network(self.world)
        self.lists = lists_of(self.world)
        self.out = {}

    def put(self, place, kind, name, checks):
        for check, found in checks.items():
            self.out[(check, place.account, place.region, kind, name)] = found

    def run(self):
        for place in self.world.places.values():
            for i in place.known("db-instances", "DBInstances", "DBInstanceArn").items:
                self.put(place, "instance", i.data["DBInstanceIdentifier"], self.instance(place, i))
            for c in place.known("db-clusters", "DBClusters", "DBClusterArn").items:
                self.put(place, "cluster", c.data["DBClusterIdentifier"], self.cluster(place, c))
            for p in place.known("db-proxies", "DBProxies", "DBProxyArn").items:
                self.put(place, "proxy", p.data["DBProxyName"], self.proxy(place, p))
            for s in self.secrets(place):
                self.put(place, "secret", s.data["Name"], self.secret(place, s))
            for kind, file, member, arn, key in SNAPSHOTS:
                for s in place.known(file, member, arn).items:
                    if arn in s.data and arn_account(s.data[arn]) != place.account:
                        continue            # an audited account's snapshot is judged where it is its own
                    self.put(place, kind, s.data[key], self.snapshot(place, s, kind))
            self.put(place, "region", place.region, self.region(place))
            self.tagged(place)
            self.protection(place)
        return self.out

    def protection(self, place):
        """What stands around the databases: keys, security groups, recovery points, global clusters."""
        for meta in [a["KeyMetadata"] for a in place.files.get("kms-keys", {}).values() if "KeyMetadata" in a]:
            if arn_account(meta["Arn"]) == place.account:
                self.put(place, "kms_key", meta["KeyId"], self.key(place, meta))
        for g in place.known("security-groups", "SecurityGroups").items:
            if g.data.get("OwnerId", place.account) == place.account:
                self.put(place, "security_group", g.data["GroupId"], self.group(place, g))
        for answer in place.files.get("list-recovery-points-by-backup-vault", {}).values():
            for r in answer.get("RecoveryPoints", []):
                kind = r.get("ResourceType", U)
                self.put(place, "recovery_point", r["RecoveryPointArn"], {"securityhub:Backup.1": verdict(
                    [among(kind, ("RDS", "Aurora"))], [r.get("IsEncrypted", U)])})
        for s in place.known("event-subscriptions", "EventSubscriptionsList", "EventSubscriptionArn").items:
            heard = place.answered_list("list-subscriptions-by-topic", s.data.get("SnsTopicArn", ""), "Subscriptions").any(
                lambda n: n["SubscriptionArn"].startswith("arn:") if "SubscriptionArn" in n else U)
            self.put(place, "event_subscription", s.data["CustSubscriptionId"], {"strict:12": verdict([s.must("Enabled")], [heard])})
        for c in place.known("global-clusters", "GlobalClusters", "GlobalClusterArn").items:
            name = c.data["GlobalClusterIdentifier"]        # every Region of the account lists it
            known = [r for (a, _), p in self.world.places.items() if a == place.account
                     for r in p.known("global-clusters", "GlobalClusters").items if r.data["GlobalClusterIdentifier"] == name]
            merged = {k: v for r in known for k, v in r.data.items()}
            self.global_cluster(place, Record(merged, "GlobalClusterArn"))

    def key(self, place, meta):
        out = {}
        customer = same(meta.get("KeyManager", U), "CUSTOMER")
        state = meta.get("KeyState", U)

        def names(record):
            text = record.may("KmsKeyId")
            if text is None or text is U:
                return U if text is U else False
            if "alias/" not in text:
                return text in (meta["Arn"], meta["KeyId"])
            aliases = place.list("list-aliases", "Aliases")
            if aliases is None:
                return U
            named = [a.data for a in aliases.items if text in (a.data["AliasName"], a.data["AliasArn"])]
            return either(any(a.get("TargetKeyId") == meta["KeyId"] for a in named), False if named or aliases.complete else U)
        used = either(self.of_region(place, "db-instances", "DBInstances", "DBInstanceArn").any(names),
                      self.of_region(place, "db-clusters", "DBClusters", "DBClusterArn").any(names))
        out["securityhub:KMS.3"] = verdict([customer, used], [no(among(state, ("PendingDeletion", "PendingReplicaDeletion")))])
        out["securityhub:KMS.4"] = verdict([customer, can_rotate(meta), same(state, "Enabled")],
                                           [rotates(self.keys, place, meta, meta["Arn"])])
        answer = self.keys.policy.get(meta["Arn"]) or self.keys.policy.get(((place.account, place.region), meta["KeyId"]))
        public = U if answer is None or "Policy" not in answer else key_is_public(json.loads(answer["Policy"]))
        out["securityhub:KMS.5"] = verdict([customer, used], [no(public)])
        return out

    def group(self, place, g):
        name, me = g.must("GroupName"), g.data["GroupId"]
        used = either(*[self.of_region(place, file, member, arn).any(
            lambda r, f=field, k=key: List([x[k] if k else x for x in r.list(f).items], r.list(f).complete).holds(me))
            for file, member, arn, field, key in (
                ("db-instances", "DBInstances", "DBInstanceArn", "VpcSecurityGroups", "VpcSecurityGroupId"),
                ("db-clusters", "DBClusters", "DBClusterArn", "VpcSecurityGroups", "VpcSecurityGroupId"),
                ("db-proxies", "DBProxies", "DBProxyArn", "VpcSecurityGroupIds", None))])
        rules = g.list("IpPermissions")

        def anywhere(rule):
            return any(r.get("CidrIp", "").endswith("/0") for r in rule.get("IpRanges", [])) or \
                any(r.get("CidrIpv6", "").endswith("/0") for r in rule.get("Ipv6Ranges", []))

        def authorized(rule):
            kind = rule["IpProtocol"]
            if kind not in ("-1", "tcp", "6", "udp", "17"):
                return True
            ports = self.p["ec2_18_authorized_tcp_ports" if kind in ("tcp", "6") else "ec2_18_authorized_udp_ports"]
            low, high = rule.get("FromPort"), rule.get("ToPort")
            if kind == "-1":
                return False
            return U if low is None or high is None else high - low < 100 and all(p in ports for p in range(low, high + 1))
        reach = Reach({}, {}, List([]))
        risky = either(*[rules.any(lambda r, p=port: both(anywhere(r), reach.covers(r, p))) for port in RISKY])
        return {"securityhub:EC2.2": verdict([same(name, "default")], [g.list("IpPermissions").empty(), g.list("IpPermissionsEgress").empty()]),
                "securityhub:EC2.18": verdict([used], [rules.all(lambda r: either(not anywhere(r), authorized(r)))]),
                "securityhub:EC2.19": verdict([used], [no(risky)])}

    def global_cluster(self, place, c):
        engine, version = c.must("Engine"), aurora_mysql(c.must("EngineVersion"))
        long_term = ["8.0.mysql_aurora.3.04.%d" % n for n in range(4)]
        supported = U if version is U else either(any(numbers(version) == numbers(v) for v in long_term),
                                                  at_least(version, "8.0.mysql_aurora.3.08.0"))
        found = {"practice:9.c": verdict([no(same(family(engine), "foreign"))], [c.must("DeletionProtection")]),
                 "securityhub:RDS.51": verdict([same(engine, "aurora-mysql")], [supported])}
        for check, result in found.items():
            self.out[(check, place.account, "", "global_cluster", c.data["GlobalClusterIdentifier"])] = result

    def instance(self, place, i):
        out = {}
        engine, version = i.must("Engine"), i.must("EngineVersion")
        fam = family(engine)
        standalone = same_absent(i.may("DBClusterIdentifier"))
        replica = no(both(same_absent(i.may("ReadReplicaSourceDBInstanceIdentifier")),
                          same_absent(i.may("ReadReplicaSourceDBClusterIdentifier"))))
        own = no(same(fam, "foreign"))
        rds = no(among(fam, ("foreign", "other")))
        listed = among(fam, LISTED)
        scope = [standalone, own]
        enc = key_checks(out, self.world, self.keys, place, i, scope)
        out["securityhub:RDS.3"] = verdict([rds], [enc])
        out["securityhub:RDS.2"] = out["practice:3.a"] = verdict([no(same(engine, "docdb"))], [no(i.must("PubliclyAccessible"))])
        self.instance_tls(place, i, out, fam, version, standalone, own)
        self.instance_network(place, i, out, fam, standalone, own)
        live = among(i.must("DBInstanceStatus"), LIVE)
        group = i.may("DBSubnetGroup")
        subnets = List([]) if group is None else UNKNOWN_LIST if group is U or "Subnets" not in group else List(group["Subnets"])
        outpost = subnets.any(lambda s: bool((s.get("SubnetOutpost") or {}).get("Arn")))
        knows = iam_known(place, fam, i, version)
        flag = i.must("IAMDatabaseAuthenticationEnabled")
        out["practice:5.a"] = verdict(scope + [among(fam, ("mysql", "mariadb", "postgres")), live, no(outpost), knows], [flag])
        aurora = ("aurora", "aurora-mysql", "aurora-postgresql")
        out["securityhub:RDS.10"] = verdict([among(fam, ("mysql", "mariadb", "postgres") + aurora), live, no(outpost), knows], [flag])
        served = choose(same(fam, "sqlserver"), no(series(version, "12", "16")), among(fam, ("mysql", "mariadb", "postgres")))
        name = i.data["DBInstanceIdentifier"]
        out["practice:6.d"] = verdict(scope + [no(replica), served], [targets(place).any(
            lambda t: both(same(t.get("Type", U), "RDS_INSTANCE"), same(t.get("RdsResourceId", U), name)))])
        days = i.must("BackupRetentionPeriod")
        out["practice:7.a"] = verdict(scope + [no(replica)], [reaches(days, self.p["min_backup_days"])])
        out["securityhub:RDS.11"] = verdict([listed, standalone, no(replica)],
                                            [reaches(days, self.p["rds_11_backup_retention_minimum"])])
        plan = planned(place, i.must("DBInstanceArn"), i.tags(), "RDS")
        out["practice:7.c"] = verdict(scope, [plan])
        if self.p["rds_26_backup_vault_lock_check"]:
            plan = planned(place, i.must("DBInstanceArn"), i.tags(), "RDS", locked=True)
        out["securityhub:RDS.26"] = verdict([listed, standalone], [plan])
        protection = i.must("DeletionProtection")
        out["practice:9.a"] = verdict(scope, [protection])
        out["securityhub:RDS.8"] = verdict([among(engine, RDS_8), standalone], [protection])
        audited = ("mysql", "mariadb", "postgres", "oracle", "sqlserver", "db2")
        out["practice:10.a"] = verdict(scope + [among(fam, audited)],
                                       [audited_instance(place, i, fam, engine) if fam in audited else U])
        self.instance_logs(place, i, out, fam, engine, standalone, live)
        self.instance_password(place, i, out, fam, scope, replica)
        for control, scope2, held in (
                ("RDS.5", [among(fam, LISTED[:-1]), standalone], i.must("MultiAZ")),
                ("RDS.6", [rds, no(same(fam, "custom"))], self.monitored(i.may("MonitoringInterval", 0))),
                ("RDS.13", [rds, no(same(fam, "custom"))], i.must("AutoMinorVersionUpgrade")),
                ("RDS.17", [listed, standalone], i.must("CopyTagsToSnapshot")),
                ("RDS.25", [listed, standalone], no(among(i.must("MasterUsername"), ("admin", "postgres")))),
                ("RDS.30", [own], own_tag(i.tags(), self.p["rds_30_required_tag_keys"]))):
            out["securityhub:" + control] = verdict(scope2, [held])
        return out

    def monitored(self, seconds):
        wanted = self.p["rds_6_monitoring_interval"]
        return U if seconds is U else seconds != 0 and wanted in (None, seconds)

    def backtracks(self, seconds):
        hours = self.p["rds_14_backtrack_window_in_hours"]
        return U if seconds is U else seconds > 0 and (hours is None or seconds / 3600 == hours)

    def instance_tls(self, place, i, out, fam, version, standalone, own):
        listed, demanded, synced = tls(place, i, fam, version)
        knows, judged = listed, among(fam, ("mysql", "mariadb", "postgres", "sqlserver", "db2", "custom"))
        unparsed = version is not U and numbers(version) is None
        if fam == "mariadb" and version is U:
            result = verdict([standalone, own, judged, U], [])
        elif fam == "mariadb" and not unparsed and at_least(version, "10.5") is False:
            result = verdict([standalone, own, judged], [False])
        elif fam == "custom":
            result = verdict([standalone, own, judged], [U])
        else:
            if fam is U or (fam == "mariadb" and unparsed):     # RDS Custom, or a version without the parameter
                knows = either(knows, U)
            result = verdict([standalone, own, judged, knows], [demanded, synced])
        out["practice:2.a"] = result
        for control, engine, extra in (("RDS.38", "postgres", [standalone]), ("RDS.39", "mysql", [standalone]),
                                       ("RDS.41", "sqlserver", []), ("RDS.44", "mariadb", [at_least(version, "10.5")])):
            out["securityhub:" + control] = verdict([same(fam, engine)] + extra + [listed], [demanded, synced])
        oracle = same(fam, "oracle")
        ssl = options_in_force(place, i, "SSL")
        only = both(no(ssl.empty()), ssl.all(lambda o: same(setting(o, "SQLNET.SSL_VERSION", "1.0"), "1.2")))
        out["practice:2.o1"] = verdict([oracle], [only])

        def required(o):
            value = setting(o, "SQLNET.ENCRYPTION_SERVER", "REQUESTED")
            return U if value is U else value.upper() == "REQUIRED"
        native = options_in_force(place, i, "NATIVE_NETWORK_ENCRYPTION").any(required)
        ids = self.group_ids(i, "VpcSecurityGroups")
        reach = Reach(self.groups, self.lists, ids)
        port = (i.data.get("Endpoint") or {}).get("Port")
        rules = List(reach.rules, reach.complete)

        out["practice:2.o2"] = verdict([oracle], [either(native, both(only, no(rules.any(lambda r: reach.covers(r, port)))))])

    @staticmethod
    def group_ids(record, member):
        found = record.list(member)
        return List([g["VpcSecurityGroupId"] for g in found.items], found.complete)

    def instance_network(self, place, i, out, fam, standalone, own):
        group, ids = i.may("DBSubnetGroup"), self.group_ids(i, "VpcSecurityGroups")
        has_vpc = U if group is U else group is not None
        for check, default_only in (("practice:3.e", False), ("securityhub:RDS.46", True)):
            members = List([]) if group is None else UNKNOWN_LIST if group is U or "Subnets" not in group else List(group["Subnets"])
            public = members.any(lambda s, d=default_only: both(same(s.get("SubnetStatus", U), "Active"), subnet_public(
                self.world, self.tables, place.region, s["SubnetIdentifier"], group.get("VpcId"), d)))
            out[check] = verdict([own, has_vpc], [no(public)])
        networked = either(no(ids.empty()), has_vpc)
        options = options_in_force(place, i, "SSL") if fam in ("oracle", U) else List([])
        of_options = options.any(lambda o: either(*[self.is_default(m["VpcSecurityGroupId"])
                                                    for m in o.get("VpcSecurityGroupMemberships") or []]))
        out["practice:4.b"] = "skipped" if fam is U else verdict(
            [own, networked], [no(either(ids.any(self.is_default), of_options))])
        reach = Reach(self.groups, self.lists, ids)
        port = (i.data.get("Endpoint") or {}).get("Port")
        listener = (i.data.get("ListenerEndpoint") or {}).get("Port")
        open_at = reach.at_any_port() if port is None else reach.at(port)
        second = reach.at(listener) if listener is not None else U if i.cut else False
        third = self.tls_port_open(place, i, fam, ids, options, lambda r, p: r.at_any_port() if p is None else r.at(p))
        out["practice:4.a"] = "skipped" if fam is U else verdict([own, networked], [no(open_at), no(second), no(third)])
        broad = [reach.broad_at(port), False if listener is None and not i.cut else reach.broad_at(listener),
                 self.tls_port_open(place, i, fam, ids, options, Reach.broad_at)]
        out["strict:4"] = "skipped" if fam is U or i.cut else verdict([own, networked], [no(b) for b in broad])
        usual = {"mysql": 3306, "mariadb": 3306, "postgres": 5432, "oracle": 1521, "sqlserver": 1433, "db2": 50000}
        out["practice:4.c"] = out["securityhub:RDS.23"] = verdict(
            [standalone, among(fam, usual)], [U if port is None else port != usual.get(fam)])

    def tls_port_open(self, place, i, fam, ids, options, test):
        """The port that Oracle's SSL option or Db2's SSL_SVCENAME opens besides the first one."""
        if fam == "oracle":
            def option_open(o):
                groups = List(ids.items + [m["VpcSecurityGroupId"] for m in o.get("VpcSecurityGroupMemberships") or []], ids.complete)
                return test(Reach(self.groups, self.lists, groups), o.get("Port"))
            return options.any(option_open)
        if fam != "db2":
            return False
        reach = Reach(self.groups, self.lists, ids)

        def service_open(group):
            entry = group.get("SSL_SVCENAME")
            if entry is None:
                return False
            value = entry if entry is U else entry.get("ParameterValue")
            if value is None:
                return False
            return test(reach, int(value) if value is not U and value.isdigit() else None)
        return instance_groups(place, i).any(lambda g: service_open(g[0]))

    def is_default(self, group_id):
        group = self.groups.get(group_id)
        return U if group is None or "GroupName" not in group else group["GroupName"] == "default"

    def instance_logs(self, place, i, out, fam, engine, standalone, live):
        exports = i.list("EnabledCloudwatchLogsExports", [])
        name = i.may("DBClusterIdentifier")
        if name is U:
            exports = UNKNOWN_LIST
        elif name is not None:
            found = [c for c in place.known("db-clusters", "DBClusters", "DBClusterArn").items
                     if c.data["DBClusterIdentifier"] == name]
            exports = found[0].list("EnabledCloudwatchLogsExports", []) if found else UNKNOWN_LIST
        four = ("audit", "error", "general", "slowquery")
        need = {"oracle": ("alert", "audit", "trace", "listener"), "postgres": ("postgresql", "upgrade"), "mariadb": four,
                "mysql": four if standalone is True else four[1:], "aurora-mysql": four, "sqlserver": ("error", "agent"),
                "aurora-postgresql": ("postgresql",)}
        logs = need.get(fam, ()) if fam is not U else ()
        out["securityhub:RDS.9"] = verdict([among(fam, need), live], [exports.holds(n) for n in logs] or [U])
        direct = i.list("EnabledCloudwatchLogsExports", [])
        out["securityhub:RDS.36"] = verdict([same(engine, "postgres")], [exports.holds("postgresql")])
        out["securityhub:RDS.40"] = verdict([same(fam, "sqlserver")], [direct.holds(n) for n in self.p["rds_40_log_types"]])
        out["securityhub:RDS.42"] = verdict([same(fam, "mariadb")], [direct.holds(n) for n in self.p["rds_42_log_types"]])

    def instance_password(self, place, i, out, fam, scope, replica):
        scope = scope + [no(same(fam, "custom")), either(no(replica), same(fam, "sqlserver"))]
        managed = password(i.may("MasterUserSecret"))
        if i.may("MasterUserSecret") is None:
            managed = choose(i.may("MultiTenant", False), U, False)
        out["practice:11.a"] = verdict(scope, [managed])
        out["practice:11.b"] = verdict(scope + [managed], [self.secret_key(place, i)])

    def secret_key(self, place, record):
        secret = record.may("MasterUserSecret")
        return U if secret is U or secret is None else self.keys.of_customer(place, secret.get("KmsKeyId"))

    def cluster(self, place, c):
        out = {}
        engine, version = c.must("Engine"), c.must("EngineVersion")
        fam = family(engine)
        own = no(same(fam, "foreign"))
        rds = among(engine, ("aurora", "aurora-mysql", "aurora-postgresql", "mysql", "postgres"))
        key_checks(out, self.world, self.keys, place, c, [own])
        out["practice:1.a"] = out["securityhub:RDS.27"] = verdict([rds], [encrypted(c, "StorageEncrypted")])
        self.cluster_groups(place, c, out, fam, engine, version, own)
        public = c.must("PubliclyAccessible")
        shards = place.known("db-shard-groups", "DBShardGroups", "DBShardGroupArn")
        own_shards = List([s for s in shards.items if s.data.get("DBClusterIdentifier") == c.data["DBClusterIdentifier"]], shards.complete)
        out["practice:3.c"] = verdict([same(c.may("ClusterScalabilityType", "standard"), "limitless"), no(own_shards.empty())],
                                      [own_shards.all(lambda s: no(s.must("PubliclyAccessible")))])
        out["practice:3.b"] = verdict([among(engine, ("mysql", "postgres"))], [no(public)])
        out["practice:3.d"] = verdict([same(engine, "aurora-postgresql")], [no(c.may("InternetAccessGatewayEnabled", False))])
        groups = self.group_ids(c, "VpcSecurityGroups")
        networked = either(no(groups.empty()), both(no(same_absent(c.may("DBSubnetGroup"))), c.may("VPCNetworkingEnabled", True)))
        reach, port = Reach(self.groups, self.lists, groups), c.must("Port")
        out["practice:4.a"] = verdict([own, networked], [no(reach.at_any_port() if port is U else reach.at(port))])
        out["strict:4"] = verdict([own, networked], [no(reach.broad_at(None if port is U else port))])
        out["practice:4.b"] = verdict([own, networked], [no(groups.any(self.is_default))])
        flag = c.must("IAMDatabaseAuthenticationEnabled")
        known = ("aurora-mysql", "aurora-postgresql", "mysql", "postgres")
        knows = iam_known(place, fam, c, version) if fam in known else U
        out["practice:5.b"] = verdict([own, among(fam, known), knows], [flag])
        out["securityhub:RDS.12"] = verdict([rds], [flag])
        name = c.data["DBClusterIdentifier"]
        served = targets(place).any(lambda t: either(
            t.get("TrackedClusterId") == name,
            both(same(t.get("Type", U), "TRACKED_CLUSTER"), same(t.get("RdsResourceId", U), name))))
        replica = no(same_absent(c.may("ReplicationSourceIdentifier")))
        out["practice:6.d"] = verdict([own, among(fam, known), no(replica), no(same(c.must("EngineMode"), "serverless")),
                                       c.may("VPCNetworkingEnabled", True)], [served])
        days = c.must("BackupRetentionPeriod")
        out["practice:7.b"] = verdict([], [reaches(days, self.p["min_backup_days"])])
        out["securityhub:RDS.50"] = verdict([either(rds, same(fam, "foreign"))],
                                            [reaches(days, self.p["rds_50_minimum_backup_retention_period"])])
        kind = choose(among(engine, ("mysql", "postgres")), "RDS", "Aurora")
        out["practice:7.d"] = verdict([own], [planned(place, c.must("DBClusterArn"), c.tags(), kind)])
        out["practice:9.b"] = out["securityhub:RDS.7"] = verdict([rds], [c.must("DeletionProtection")])
        managed = password(c.may("MasterUserSecret"))
        out["practice:11.a"] = verdict([own, no(replica)], [managed])
        out["practice:11.b"] = verdict([own, no(replica), managed], [self.secret_key(place, c)])
        aurora = among(engine, ("aurora", "aurora-mysql", "aurora-postgresql"))
        window = c.may("BacktrackWindow", 0)
        exports = c.list("EnabledCloudwatchLogsExports", [])
        for control, scope, held in (
                ("RDS.14", [among(engine, ("aurora", "aurora-mysql"))], self.backtracks(window)),
                ("RDS.15", [rds], c.must("MultiAZ")), ("RDS.35", [rds], c.must("AutoMinorVersionUpgrade")),
                ("RDS.16", [aurora], c.must("CopyTagsToSnapshot")),
                ("RDS.47", [same(engine, "postgres")], c.must("CopyTagsToSnapshot")),
                ("RDS.48", [same(engine, "mysql")], c.must("CopyTagsToSnapshot")),
                ("RDS.24", [rds], no(among(c.must("MasterUsername"), ("admin", "postgres")))),
                ("RDS.28", [own], own_tag(c.tags(), self.p["rds_28_required_tag_keys"])),
                ("RDS.34", [same(engine, "aurora-mysql"), no(same(c.must("EngineMode"), "serverless"))], exports.holds("audit")),
                ("RDS.37", [same(engine, "aurora-postgresql")], exports.holds("postgresql"))):
            out["securityhub:" + control] = verdict(scope, [held])
        return out

    def cluster_groups(self, place, c, out, fam, engine, version, own):
        group = Group(place, c.must("DBClusterParameterGroup"), "db-cluster-parameters")
        members = c.list("DBClusterMembers")
        synced = U if members.empty() is not False else members.all(
            lambda m: same(m.get("DBClusterParameterGroupStatus", U), "in-sync"))
        if members.items:
            synced = members.all(lambda m: same(m.get("DBClusterParameterGroupStatus", U), "in-sync"))
        judged = ("aurora-mysql", "aurora-postgresql", "mysql", "postgres")
        if fam in judged:
            name = "rds.force_ssl" if fam.endswith(("postgres", "postgresql")) else "require_secure_transport"
            default = {"aurora-mysql": at_least(aurora_mysql(version), "8.4"), "aurora-postgresql": at_least(version, "17"),
                       "postgres": at_least(version, "15"), "mysql": False}[fam]
            entry = group.get(name)
            on = entry if entry is U else False if entry is None else \
                default if entry.get("ParameterValue") is None else is_on(entry["ParameterValue"])
            out["practice:2.b"] = verdict([own, True, U if entry is U else entry is not None], [on, synced])
        else:
            out["practice:2.b"] = verdict([own, among(fam, judged)], [])
        exports = c.list("EnabledCloudwatchLogsExports", [])
        logging, events = is_on(group.value("server_audit_logging", "0")), group.value("server_audit_events", "")
        stream = same(c.may("ActivityStreamStatus", "stopped"), "started")
        if fam == "aurora-mysql":
            recorded = both(logging, events_in(events, AURORA_EVENTS), synced)
            audited = either(stream, both(recorded, exports.holds("audit")))
        else:
            audited = either(both(stream, same(fam, "aurora-postgresql")),
                             both(pgaudit(group), synced, exports.holds("postgresql")))
        out["practice:10.b"] = verdict([own, among(fam, ("aurora-mysql", "aurora-postgresql", "postgres"))],
                                       [audited if fam is not U else U])
        out["securityhub:RDS.45"] = verdict([same(engine, "aurora-mysql")],
                                            [logging, U if events is U else bool(events), synced])

    def proxy(self, place, p):
        out = {}
        alive = no(same(p.must("Status"), "deleting"))
        out["practice:6.a"] = verdict([alive], [p.must("RequireTLS")])
        out["securityhub:RDS.43"] = verdict([], [p.must("RequireTLS")])
        auth = p.list("Auth")
        end_to_end = same(p.may("DefaultAuthScheme", "NONE"), "IAM_AUTH")
        out["practice:6.b"] = verdict([alive], [auth.all(lambda a: same(a.get("IAMAuth", U), "REQUIRED")),
                                                either(no(auth.empty()), end_to_end)])
        out["practice:6.c"] = verdict([alive], [no(p.must("DebugLogging"))])
        groups = p.list("VpcSecurityGroupIds")
        kind = p.must("EngineFamily")
        reach = Reach(self.groups, self.lists, groups)
        port = U if kind is U else {"MYSQL": 3306, "POSTGRESQL": 5432, "SQLSERVER": 1433}.get(kind, U)
        out["practice:4.a"] = verdict([], [no(reach.at_any_port() if port is U else reach.at(port))])
        out["strict:4"] = verdict([], [no(reach.broad_at(None if port is U else port))])
        out["practice:4.b"] = verdict([], [no(groups.any(self.is_default))])
        return out

    def of_region(self, place, file, member, arn):
        """Those of the place, which must be complete, and those of other accounts that were listed:
        each of them may refer to what an ARN names."""
        own = place.known(file, member, arn)
        others = [r for other in self.world.places.values() if other.region == place.region and other is not place
                  for r in other.known(file, member, arn).items]
        return List(own.items + others, own.complete)

    def secrets(self, place):
        """Secrets that were listed."""
        return place.known("secrets", "SecretList", "ARN").items

    def secret(self, place, s):
        arn = s.data.get("ARN")
        if arn is None:
            return {}

        def managed(file, member, own_arn):
            return self.of_region(place, file, member, own_arn).any(
                lambda r: U if r.may("MasterUserSecret") is U else same((r.may("MasterUserSecret") or {}).get("SecretArn"), arn))
        signs_in = self.of_region(place, "db-proxies", "DBProxies", "DBProxyArn").any(
            lambda p: p.list("Auth").any(lambda a: same(a.get("SecretArn"), arn)))
        used = either(managed("db-instances", "DBInstances", "DBInstanceArn"),
                      managed("db-clusters", "DBClusters", "DBClusterArn"), signs_in)
        extra = place.answer("describe-secret", arn)
        described = Record({**(extra or {}), **s.data}, "ARN")
        kept = same_absent(described.may("DeletedDate"))
        on = described.may("RotationEnabled", False)
        last, following = self.world.time(described.may("LastRotatedDate")), self.world.time(described.must("NextRotationDate"))
        def recent(days):
            return U if last is U else last is not None and self.world.now - last <= datetime.timedelta(days=days)
        out = {"practice:11.c": verdict([used, kept], [on]), "practice:11.d": verdict([used, kept], [recent(self.p["max_days"])]),
               "practice:11.e": verdict([used, kept, on], [U if following is U else following >= self.world.now])}
        often = self.p["secretsmanager_1_maximum_allowed_rotation_frequency"]
        interval = True if often is None else reaches(often * 24, rotation_hours(described)) if rotation_hours(described) is not U else U
        out["securityhub:SecretsManager.1"] = verdict([used, kept], [on, either(no(on), interval)])
        out["securityhub:SecretsManager.4"] = verdict([used, kept], [recent(self.p["secretsmanager_4_max_days_since_rotation"])])
        out["securityhub:SecretsManager.2"] = out["practice:11.e"]
        return out

    def snapshot(self, place, s, kind):
        engine, name = s.must("Engine"), s.data[SNAPSHOT_KEY[kind]]
        fam, how = family(engine), s.must("SnapshotType")
        ours = no(among(how, ("shared", "public")))
        shared = List([])
        if how is U:
            shared = UNKNOWN_LIST
        elif how == "manual":
            answer = place.answer(*((("db-snapshot-attributes", name) if kind == "snapshot" else
                                     ("db-cluster-snapshot-attributes", name))))
            shared = UNKNOWN_LIST
            if answer is not None:
                result = answer["DBSnapshotAttributesResult" if kind == "snapshot" else "DBClusterSnapshotAttributesResult"]
                attributes = result.get("DBSnapshotAttributes" if kind == "snapshot" else "DBClusterSnapshotAttributes")
                if attributes is not None:
                    restore = [a for a in attributes if a["AttributeName"] == "restore"]
                    values = restore[0].get("AttributeValues") if restore else []
                    shared = UNKNOWN_LIST if values is None else List(values)
        out = {"practice:8.a": verdict([ours], [no(shared.holds("all"))])}
        out["securityhub:RDS.1"] = out["practice:8.a"]
        trusted = {*self.p["trusted_accounts"], place.account}
        out["practice:8.b"] = verdict([ours, no(same(fam, "foreign")), no(shared.empty())],
                                      [shared.all(lambda w: w != "all" and w in trusted)])
        held = encrypted(s, "Encrypted" if kind == "snapshot" else "StorageEncrypted")
        out["practice:8.c"] = out["securityhub:RDS.4"] = verdict([ours, no(among(fam, ("foreign", "other")))], [held])
        control, keys = ("RDS.32", "rds_32_required_tag_keys") if kind == "snapshot" else ("RDS.29", "rds_29_required_tag_keys")
        out["securityhub:" + control] = verdict([no(same(fam, "foreign"))], [own_tag(s.tags(), self.p[keys])])
        return out

    def region(self, place):
        instances = place.known("db-instances", "DBInstances")
        clusters = place.known("db-clusters", "DBClusters")
        databases = either(no(instances.empty()), no(clusters.empty()))
        ours = clusters.any(lambda c: no(same(family(c.must("Engine")), "foreign")))
        classic = no(place.known("db-security-groups", "DBSecurityGroups").empty())
        subscriptions = place.known("event-subscriptions", "EventSubscriptionsList", "EventSubscriptionArn")

        def announces(s, source, category):
            kinds, categories = s.may("SourceType"), s.list("EventCategoriesList", [])
            about = U if kinds is U else kinds is None or kinds == source
            return both(s.must("Enabled"), same(s.must("Status"), "active"), s.list("SourceIdsList", []).empty(), about,
                        either(categories.empty(), categories.holds(category)))
        out = {}
        for check, source, wanted, scope in (
                ("12.a", "db-cluster", ("maintenance", "failure"), [ours]),
                ("12.b", "db-instance", ("maintenance", "configuration change", "failure"), []),
                ("12.c", "db-parameter-group", ("configuration change",), []),
                ("12.d", "db-security-group", ("configuration change", "failure"), [classic]),
                ("12.e", "db-snapshot", ("creation", "deletion", "restoration"), []),
                ("12.f", "db-cluster-snapshot", ("backup", "notification", "failure"), [ours])):
            together = both(*[subscriptions.any(lambda s, c=c, k=source: announces(s, k, c)) for c in wanted])
            alone = subscriptions.any(lambda s, k=source, w=wanted: both(*[announces(s, k, c) for c in w]))
            out["practice:" + check] = verdict([databases] + scope, [together])
            control = {"12.a": "RDS.19", "12.b": "RDS.20", "12.c": "RDS.21", "12.d": "RDS.22"}.get(check)
            if control:
                out["securityhub:" + control] = verdict([databases], [either(subscriptions.empty(), alone)])
        return out

    def tagged(self, place):
        for control, kind, file, member, key, arn in (
                ("RDS.31", "db_security_group", "db-security-groups", "DBSecurityGroups", "DBSecurityGroupName", "DBSecurityGroupArn"),
                ("RDS.33", "subnet_group", "db-subnet-groups", "DBSubnetGroups", "DBSubnetGroupName", "DBSubnetGroupArn")):
            for r in place.known(file, member, arn).items:
                tags = place.answered_list("list-tags-for-resource", r.data.get(arn, ""), "TagList")
                keys = self.p[control.lower().replace(".", "_") + "_required_tag_keys"]
                found = both(*[tags.any(lambda t, k=k: t["Key"] == k) for k in keys]) if keys else \
                    tags.any(lambda t: not t["Key"].startswith("aws:"))
                self.put(place, kind, r.data[key], {"securityhub:" + control: verdict([], [found])})


SNAPSHOTS = (("snapshot", "db-snapshots", "DBSnapshots", "DBSnapshotArn", "DBSnapshotIdentifier"),
             ("cluster_snapshot", "db-cluster-snapshots", "DBClusterSnapshots", "DBClusterSnapshotArn", "DBClusterSnapshotIdentifier"))
SNAPSHOT_KEY = {s[0]: s[4] for s in SNAPSHOTS}


RISKY = (20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432, 5500, 5601,
         8080, 8088, 8888, 9200, 9300)
FIXING = ("StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "IpAddress", "NumericEquals")


def as_list(value):
    return value if isinstance(value, list) else [] if value is None else [value]


def key_is_public(policy):
    """Does an Allow for anyone lack a condition that fixes a value?"""
    for s in as_list(policy.get("Statement")):
        who = s.get("Principal")
        anyone = "NotPrincipal" in s or who == "*" or (isinstance(who, dict) and "*" in as_list(who.get("AWS")))
        fixed = any(operator in FIXING and all(not any(x in str(v) for x in ("*", "?", "${")) and v not in ("0.0.0.0/0", "::/0")
                                               for v in as_list(values))
                    for operator, keys in (s.get("Condition") or {}).items() for values in keys.values())
        if s["Effect"] == "Allow" and anyone and not fixed:
            return True
    return False


def rotation_hours(secret):
    rules = secret.data.get("RotationRules") or {}
    schedule, days = rules.get("ScheduleExpression"), rules.get("AutomaticallyAfterDays")
    if schedule is None:
        return U if days is None or secret.cut else days * 24
    rate = re.fullmatch(r"rate\((\d{1,3}) (day|hour)s?\)", schedule)
    return int(rate.group(1)) * (24 if rate.group(2) == "day" else 1) if rate else U


def same_absent(value):
    return U if value is U else value is None


def own_tag(tags, required):
    if tags is U:
        return U
    own = [k for k in tags if not k.startswith("aws:")]
    return all(k in own for k in required) if required else bool(own)


def reaches(days, least):
    return U if days is U else days >= least


def password(secret):
    if secret is U or secret is None:
        return U if secret is U else False
    status = secret.get("SecretStatus")
    return True if status in ("active", "rotating", "creating") else False if status == "impaired" else U


# ---- Against the program ------------------------------------------------------------------------

def program_says(program, folder, parameters):
    """None: it refuses the files. Says the same whether one thread reads them or three."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({k: v for k, v in parameters.items() if v != DEFAULTS[k]}, file)
        file.flush()
        command = [program, "run", "strict", str(folder), "--format", "json", "--now", NOW, "--exit-zero",
                   "--params", file.name]
        done = subprocess.run([*command, "-j1"], capture_output=True, check=False)
        again = subprocess.run([*command, "-j3"], capture_output=True, check=False)
    if (done.returncode, done.stdout, done.stderr) != (again.returncode, again.stdout, again.stderr):
        raise SystemExit(f"{folder}: three threads say something else than one")
    if done.returncode != 0:
        print(done.stderr.decode().strip()[:200])
        return None
    document = json.loads(done.stdout)
    out = {}
    for f in document["findings"]:
        r = f["resource"]
        for control in document["policies"][f["policy"]]["controls"]:
            key = (control, r.get("account", ""), r.get("region", ""), r["kind"], r["id"])
            out.setdefault(key, set()).add(f["verdict"])
    return out


def compare(program, folder, verbose, parameters=None):
    parameters = parameters or DEFAULTS
    theirs = program_says(program, folder, parameters)
    if theirs is None:
        return 0
    mine = Judge(pathlib.Path(folder), parameters).run()
    mine = {k: v for k, v in mine.items() if v != "skipped"}
    compared, differ = collections.Counter(), collections.defaultdict(list)
    for key, verdict_here in mine.items():
        compared[key[0]] += 1
        if theirs.get(key) != {verdict_here}:
            differ[key[0]].append((key, verdict_here, theirs.get(key)))
    for check in sorted(differ):
        found = differ[check]
        print(f"{check}: {len(found)} of {compared[check]} differ")
        for key, here, there in found[:None if verbose else 3]:
            print(f"    {' '.join(key[1:])}: here {here}, program {', '.join(sorted(there or ['nothing']))}")
    verdicts = collections.Counter(mine.values())
    print(f"{sum(compared.values())} verdicts of {len(compared)} checks compared ({dict(verdicts)}), "
          f"{sum(map(len, differ.values()))} differ")
    return sum(map(len, differ.values()))


# ---- Damage -------------------------------------------------------------------------------------

# What tells which resource or answer something is, or makes a file one that can be read.
KEPT = re.compile(r"(Identifier|Arn|ARN|Name|Id|Cidr\w*|Key|Token)$|^(Marker|Name|Error|Policy|Parameters|Options|Entries|"
                  r"Associations|Main|Routes|IpPermissions|IpProtocol|IpRanges|Ipv6Ranges|SnapshotType|SnapshotCreateTime|"
                  r"KeyMetadata|EngineFamily|Type|Auth|Effect|ConditionType|ConditionValue|DestinationCidrBlock|Targets|"
                  r"DBSubnetGroup|DBParameterGroups|OptionGroupMemberships|MasterUserSecret|BackupSelection|"
                  r"ResourceTypeOptInPreference|DB\w+Result|[A-Za-z]+List|DB[A-Za-z]+s|GlobalClusters)$|:")
DAMAGED = ("db-instances db-clusters db-proxies db-parameters db-cluster-parameters option-groups secrets db-snapshots "
           "db-cluster-snapshots event-subscriptions kms-keys get-backup-selection db-proxy-targets "
           "describe-region-settings get-key-rotation-status db-snapshot-attributes").split()
OTHER_VALUES = {
    "EngineVersion": ["16.4", "9.6", "15", "8.0.mysql_aurora.3.10.1", "8.0.39", "next", "19.1", "10.11.6", "10.4", "11.9.1",
                      "17.4-limitless", "12.00.1", "16.00.4"],
    "Engine": ["newsql", "mysql", "postgres", "aurora", "aurora-mysql", "custom-oracle-ee", "oracle-ee", "db2-se",
               "sqlserver-ex", "mariadb", "neptune", "docdb", "aurora-postgresql"],
    "ParameterValue": ["1", "0", "ON", "", "TRUE", "SSL", "TCPIP", "all,-all", "ddl", "pgaudit", " pgaudit ,x", "none",
                       "CONNECT,", "CONNECT,TABLE", "NONE"],
    "Value": ["1.2", "REQUIRED", "required", "", "CONNECT,QUERY", "CONNECT,TABLE", "CONNECT,,QUERY"],
    "Source": ["user", "system"], "Status": ["active", "in-sync", "pending", "deleting", "available"],
    "DBInstanceStatus": ["available", "stopped"], "ActivityStreamStatus": ["started", "starting"],
    "EngineMode": ["serverless", "provisioned"], "SourceType": ["db-cluster", "db-instance", "db-parameter-group"]}


def objects(value):
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from objects(inner)


def damage(folder, rng):
    """One object in sixty loses a member, or has another value in it."""
    for path in sorted(pathlib.Path(folder).rglob("*.json")):
        if path.name[:-len(".json")] not in DAMAGED:
            continue
        data = json.loads(path.read_text())
        found = [o for o in objects(data) if o]
        for _ in range(max(1, len(found) // 60)):
            target = rng.choice(found)
            names = [n for n in target if not KEPT.search(n)]
            if not names:
                continue
            name = rng.choice(names)
            if name in OTHER_VALUES and rng.random() < 0.6:
                target[name] = rng.choice(OTHER_VALUES[name])
            elif isinstance(target[name], bool) and rng.random() < 0.5:
                target[name] = not target[name]
            else:
                del target[name]
        path.write_text(json.dumps(data))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--instances", type=int, default=250)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--damages", type=int, default=4)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("folders", nargs="*")
    options = parser.parse_args()
    program, maker = find_program(), find_maker()
    if program is None or (maker is None and not options.folders):
        print("skipped: needs the program and tools/make-fleet of shared/")
        return SKIPPED
    differ = sum(compare(program, folder, options.verbose) for folder in options.folders)
    for seed in range(options.seeds if not options.folders else 0):
        for gaps in ("0", "0.1"):
            with tempfile.TemporaryDirectory() as folder:
                subprocess.run([sys.executable, maker, "--rich", "--instances", str(options.instances), "--seed", str(seed + 1),
                                "--accounts", "2", "--regions", "2", "--gaps", gaps, "--quiet", "--now", NOW,
                                "--out", folder], check=True)
                print(f"== seed {seed + 1}, gaps {gaps}")
                differ += compare(program, folder, options.verbose)
                differ += compare(program, folder, options.verbose, OTHERS)
                for n in range(options.damages):
                    copy = folder + ".damaged"
                    shutil.copytree(folder, copy)
                    damage(copy, random.Random(f"{seed} {gaps} {n}"))
                    differ += compare(program, copy, options.verbose)
                    shutil.rmtree(copy)
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
