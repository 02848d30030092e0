#!/usr/bin/env python3
"""What is collected live from moto, and what the AWS CLI writes of the same account, give the same findings.

    live_moto.py [--pack NAME] [--count N] [--keep FOLDER]

Exits 77 (skip) without moto, boto3 and the AWS CLI. Findings may differ in `inputs` and `location` only: files
have places, answers have none. Where moto answers nothing useful (a page of HTML), both must say `error`.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

import common

NOW = "2026-11-24T00:00:00Z"
LISTS = ["rds describe-db-instances", "rds describe-db-clusters", "rds describe-db-snapshots",
         "rds describe-db-cluster-snapshots", "rds describe-db-parameter-groups",
         "rds describe-db-cluster-parameter-groups", "rds describe-option-groups", "rds describe-db-subnet-groups",
         "rds describe-db-proxies", "rds describe-event-subscriptions", "rds describe-global-clusters",
         "rds describe-db-shard-groups", "rds describe-db-security-groups", "rds describe-tenant-databases",
         "rds describe-db-proxy-endpoints", "ec2 describe-security-groups", "ec2 describe-subnets",
         "ec2 describe-route-tables", "ec2 describe-vpcs", "ec2 describe-internet-gateways",
         "secretsmanager list-secrets", "backup list-backup-plans", "backup list-backup-vaults",
         "backup list-protected-resources", "backup describe-region-settings"]
# What is asked about one thing: command, option, where the values come from.
EACH = [("rds describe-db-snapshot-attributes", "--db-snapshot-identifier", ["DBSnapshots", "DBSnapshotIdentifier"]),
        ("rds describe-db-cluster-snapshot-attributes", "--db-cluster-snapshot-identifier",
         ["DBClusterSnapshots", "DBClusterSnapshotIdentifier"]),
        ("rds list-tags-for-resource", "--resource-name", ["DBSubnetGroups", "DBSubnetGroupArn"]),
        ("rds list-tags-for-resource", "--resource-name", ["DBParameterGroups", "DBParameterGroupArn"]),
        ("rds list-tags-for-resource", "--resource-name", ["DBProxies", "DBProxyArn"]),
        ("rds list-tags-for-resource", "--resource-name", ["EventSubscriptionsList", "EventSubscriptionArn"]),
        ("rds describe-db-proxy-targets", "--db-proxy-name", ["DBProxies", "DBProxyName"]),
        ("rds describe-db-proxy-target-groups", "--db-proxy-name", ["DBProxies", "DBProxyName"]),
        ("backup list-backup-selections", "--backup-plan-id", ["BackupPlansList", "BackupPlanId"]),
        ("backup get-backup-plan", "--backup-plan-id", ["BackupPlansList", "BackupPlanId"]),
        ("backup describe-backup-vault", "--backup-vault-name", ["BackupVaultList", "BackupVaultName"]),
        ("backup list-recovery-points-by-backup-vault", "--backup-vault-name", ["BackupVaultList", "BackupVaultName"])]


def aws(words, env):
    """The CLI's output, or its error as a document."""
    done = subprocess.run(["aws", *words, "--output", "json"], env=env, capture_output=True, text=True, timeout=120)
    if done.returncode == 0:
        return True, done.stdout or "{}"
    code = re.search(r"An error occurred \(([^)]*)\)", done.stderr)
    return False, json.dumps({"Code": code.group(1) if code else "Error", "Message": done.stderr.strip()[:200]})


class Dump:
    """The account as files of the AWS CLI, in a folder named after account and Region."""

    def __init__(self, folder, account, region, env):
        self.folder = pathlib.Path(folder) / account / region
        self.folder.mkdir(parents=True)
        self.env = env
        self.answers = {}

    def ask(self, command, option=None, value=None):
        good, text = aws([*command.split(), *([option, value] if option else [])], self.env)
        name = command.split()[1]
        path = self.folder / name
        if value is not None:
            path.mkdir(exist_ok=True)
            path = path / urllib.parse.quote(value, safe="")
        path = path.with_name(path.name + (".json" if good else ".error.json"))
        path.write_text(text)
        if good and value is None:
            self.answers.update(json.loads(text))
        return path

    def ask_all(self, questions):
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            for future in [pool.submit(self.ask, *q) for q in questions]:
                future.result()

    def values(self, member, field):
        return [row[field] for row in self.answers.get(member, [])]

    def everything(self):
        self.ask_all([(command,) for command in LISTS])
        self.ask_all([(command, option, value) for command, option, path in EACH for value in self.values(*path)])
        texts = json.dumps(self.answers)
        for command, option, member in (
                ("rds describe-db-parameters", "--db-parameter-group-name", "DBParameterGroupName"),
                ("rds describe-db-cluster-parameters", "--db-cluster-parameter-group-name", "DBClusterParameterGroup")):
            self.ask_all([(command, option, name)
                          for name in sorted(set(re.findall(rf'"{member}": "([^"]+)"', texts)))])
        if "alias/" in texts:  # keys that only aliases name are no database's
            self.ask("kms list-aliases")
        keys = sorted(set(re.findall(r"arn:aws:kms:[^\"]*:key/[0-9a-f-]+", texts)) |
                      set(re.findall(r'"KmsKeyId": "([^"]*)"', texts)))
        self.ask_all([(f"kms {verb}", "--key-id", key) for key in keys
                      for verb in ("describe-key", "get-key-rotation-status", "get-key-policy")])
        self.ask_all([("ec2 get-managed-prefix-list-entries", "--prefix-list-id", name)
                      for name in sorted(set(re.findall(r'"PrefixListId": "(pl-[^"]*)"', texts)))])
        self.ask_all([(f"sns {verb}", "--topic-arn", arn)
                      for arn in sorted(set(self.values("EventSubscriptionsList", "SnsTopicArn")))
                      for verb in ("list-subscriptions-by-topic", "get-topic-attributes")])


def findings(document):
    """Findings by identity, without what files have and answers have not."""
    out = {}
    for finding in document["findings"]:
        finding.pop("location", None)
        for gap in finding.get("missing", []):
            if gap["reason"] == "error":
                gap.pop("detail", None)  # moto's pages of HTML have no code of their own
        key = (finding["policy"], json.dumps(finding["resource"].get("account")), finding["resource"]["kind"],
               finding["resource"]["id"])
        out[key] = finding
    return out


def run(program, words, env):
    done = subprocess.run([program, "run", *words, "--now", NOW, "--format", "json"], env=env, capture_output=True,
                          text=True, timeout=300)
    if done.returncode == 2:
        sys.exit(f"{' '.join(words)}: {done.stderr}")
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pack", default="all")
    parser.add_argument("--count", type=int, default=6)
    parser.add_argument("--keep")
    args = parser.parse_args()
    program = common.find_program()
    try:
        import boto3  # noqa: F401
        import moto   # noqa: F401
        import moto_world as world
    except ImportError as missing:
        print(f"skipped: {missing}")
        return common.SKIPPED
    if program is None or shutil.which("aws") is None:
        print("skipped: the program or the AWS CLI is not here")
        return common.SKIPPED
    folder = args.keep or tempfile.mkdtemp()
    scratch = tempfile.mkdtemp()
    try:
        with world.Moto() as moto_server:
            world.build(moto_server.url, args.count)
            env = world.environment(moto_server.url)
            live = run(program, [args.pack, "--live"], env)
            again = run(program, [args.pack, "--live"], env)
            saved = os.path.join(scratch, "facts.json.gz")
            subprocess.run([program, "facts", "collect", args.pack, "-q", "-o", saved], env=env, check=True)
            dump = Dump(folder, world.ACCOUNT, world.REGION, env)
            dump.everything()
        converted = os.path.join(scratch, "files")
        subprocess.run([program, "facts", "convert", saved, "-q", "-o", converted], env=env, check=True)
        others = {"a second live run": again, "saved facts": run(program, [args.pack, saved], env),
                  "saved facts, converted": run(program, [args.pack, converted], env)}
        files = run(program, [args.pack, folder], env)
    finally:
        if not args.keep:
            shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(scratch, ignore_errors=True)
    a, b = findings(live), findings(files)
    different = [key for key in sorted(a.keys() | b.keys()) if a.get(key) != b.get(key)]
    for key in different[:20]:
        print("different:", key)
        print("   live ", json.dumps(a.get(key))[:900])
        print("   files", json.dumps(b.get(key))[:900])
    verdicts = {}
    for finding in a.values():
        verdicts[finding["verdict"]] = verdicts.get(finding["verdict"], 0) + 1
    print(f"{len(a)} findings live, {len(b)} of files, {len(different)} differ; {verdicts}")
    odd = [what for what, document in others.items() if findings(document) != a]
    print("other findings than live: " + (", ".join(odd) or "none"))
    return 1 if different or odd or len(a) < 50 else 0


sys.exit(main())
