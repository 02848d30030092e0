#!/usr/bin/env python3
"""The IAM policy that `rdspol permissions` prints suffices, and nothing in it is spare.

    live_permissions.py [--pack NAME] [--actions N]

moto checks permissions. With the printed policy the findings are those of an administrator. With any one action
taken out, every finding that changes becomes unknown, says access_denied and that operation, and belongs to a
policy that the table names for the action. moto refuses AWS Backup whatever the policy says (spec: its signatures
are checked wrongly), so that both sides of a comparison run with checking on. Exits 77 (skip) without moto.
"""
import argparse
import json
import random
import subprocess
import sys

import common

NOW = "2026-11-24T00:00:00Z"


def findings(program, pack, env):
    done = subprocess.run([program, "run", pack, "--live", "-q", "--now", NOW, "--format", "json"], env=env,
                          capture_output=True, text=True, timeout=300)
    if done.returncode == 2:
        sys.exit(done.stderr)
    return {(f["policy"], f["resource"]["kind"], f["resource"]["id"]): f for f in json.loads(done.stdout)["findings"]}


def reset(url, count):
    import urllib.request
    request = urllib.request.Request(url + "/moto-api/reset-auth", data=str(count).encode(),
                                     headers={"Content-Type": "text/plain"})
    urllib.request.urlopen(request, timeout=10).read()


def judge(program, pack, table, base, world, url, iam, policy, action, keys):
    """Problems with one action taken out."""
    statement = {**policy["Statement"][0], "Action": [a for a in policy["Statement"][0]["Action"] if a != action]}
    reset(url, 1000000)
    iam.put_user_policy(UserName="auditor", PolicyName="read",
                        PolicyDocument=json.dumps({**policy, "Statement": [statement]}))
    reset(url, 0)
    now = findings(program, pack, world.environment(url, **keys))
    problems, changed = [], 0
    for key in base.keys() | now.keys():
        before, after = base.get(key), now.get(key)
        if before == after:
            continue
        changed += 1
        if after is None:
            continue  # a row that only this operation names
        if after["verdict"] != "unknown" and before is not None:
            problems.append(f"{action}: {key} was {before['verdict']} and is {after['verdict']}")
        elif not any(m["operation"] == action and m["reason"] == "access_denied" for m in after.get("missing", [])
                     if "operation" in m):
            problems.append(f"{action}: {key} does not name it: {after.get('missing')}")
        elif key[0] not in table.get(action, set()):
            problems.append(f"{action}: {key} changed, but the table does not name its policy")
    print(f"{action}: {changed} findings changed")
    return problems


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pack", default="practices")
    parser.add_argument("--actions", type=int, default=6)
    args = parser.parse_args()
    program = common.find_program()
    try:
        import boto3  # noqa: F401
        import moto_world as world
    except ImportError as missing:
        print(f"skipped: {missing}")
        return common.SKIPPED
    if program is None:
        return common.SKIPPED
    policy = json.loads(subprocess.check_output([program, "permissions", args.pack]))
    rows = subprocess.check_output([program, "permissions", args.pack, "--format", "table"], text=True).splitlines()
    table = {row.split("\t")[0]: {name.split(".")[-1] for name in row.split("\t")[1].split()} for row in rows}
    problems = []
    with world.Moto() as server:
        world.build(server.url)
        iam = world.client(server.url, "iam")
        iam.create_user(UserName="auditor")
        iam.create_user(UserName="administrator")
        admin = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        users = {}
        for name, document in (("auditor", policy), ("administrator", admin)):
            iam.put_user_policy(UserName=name, PolicyName="read", PolicyDocument=json.dumps(document))
            made = iam.create_access_key(UserName=name)["AccessKey"]
            users[name] = {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}
        reset(server.url, 0)
        base = findings(program, args.pack, world.environment(server.url, **users["administrator"]))
        own = findings(program, args.pack, world.environment(server.url, **users["auditor"]))
        problems += [f"{key} differs with the printed policy" for key in base if base[key] != own.get(key)]
        actions = [a for a in policy["Statement"][0]["Action"] if not a.startswith("backup:")]
        chosen = random.Random(7).sample(actions, min(args.actions, len(actions)))
        for action in chosen:
            problems += judge(program, args.pack, table, base, world, server.url, iam, policy, action, users["auditor"])
    for problem in problems[:30]:
        print(problem[:600])
    print(f"{len(chosen)} of {len(actions)} actions taken out, {len(base)} findings, {len(problems)} problems")
    return 1 if problems or len(base) < 50 else 0


sys.exit(main())
