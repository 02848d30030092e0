#!/usr/bin/env python3
"""Prints what a live collection costs: time, calls, CPU and memory, each beside what it is held against.

usage: live.py BUILD [--instances N] [--latency MS] [--moto N]

BUILD is a release build folder. Fleets come from $RDSPOL_SHARED/tools/make-fleet and are served by fake_aws of the
integration tests, in this process: its own speed limits what can be seen, so the time of a call is that of a real one.
The least time is what latency and the rates of RDS (300 calls, then 12 a second) leave. Without moto the account of
moto_world is left out.
"""
import argparse
import collections
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import common    # noqa: E402
import fake_aws  # noqa: E402

NOW = "2026-11-24T00:00:00Z"
IN_FLIGHT, BURST, RATE = 16, 300, 12


def row(what, target, measured, unit="", note=""):
    met = "ok  " if measured <= target else "MISS"
    print(f"{met} {what:<56} {measured:>9.2f} {unit:<6} target {target:<8.4g} {note}", flush=True)


# Started from a small process: what this one holds would count as the peak of its child.
LAUNCHER = """
import os, sys, time
begun = time.monotonic()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[
    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
_, status, usage = os.wait4(child, 0)
print(time.monotonic() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024,
      os.waitstatus_to_exitcode(status))
"""


def spend(command, env):
    """Wall seconds, CPU seconds and peak bytes of a run; what it printed on standard error."""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", LAUNCHER, *command], env=env, capture_output=True,
                          text=True, check=True)
    wall, cpu, peak, status = (float(word) for word in done.stdout.split())
    if status > 1:
        raise SystemExit(f"failed: {command}: {done.stderr}")
    return wall, cpu, peak, done.stderr


def pages(rows, size=100):
    return max(1, math.ceil(rows / size))


def everything(fleet):
    """Calls of somebody who asks each operation of the schema for each row that it can be asked for."""
    calls = {}
    counts = {}
    for operation, answer in fleet.items():
        if operation in fake_aws.KEYED:
            continue
        member = fake_aws.list_member(operation)
        counts[operation] = len(answer.get(member, [])) if member else 1
        service = fake_aws.SERVICE_OF[operation]
        calls[operation] = pages(counts[operation], fake_aws.PAGES[service][2])
    for operation in ("DescribeInternetGateways", "DescribeDBProxyEndpoints", "DescribeTenantDatabases",
                      "ListProtectedResources"):
        calls.setdefault(operation, 1)
    parameters = {o: sum(pages(len(a.get("Parameters", []))) for a in fleet[o].values())
                  for o in ("DescribeDBParameters", "DescribeDBClusterParameters")}
    selections = sum(len(a.get("BackupSelectionsList", [])) for a in fleet["ListBackupSelections"].values())
    topics = len({s["SnsTopicArn"] for s in fleet["DescribeEventSubscriptions"]["EventSubscriptionsList"]
                  if "SnsTopicArn" in s})
    calls.update(parameters)
    calls.update({
        "DescribeDBSnapshotAttributes": counts["DescribeDBSnapshots"],
        "DescribeDBClusterSnapshotAttributes": counts["DescribeDBClusterSnapshots"],
        "DescribeDBProxyTargetGroups": counts["DescribeDBProxies"],
        "DescribeDBProxyTargets": counts["DescribeDBProxies"],
        "ListTagsForResource": sum(counts[o] for o in (
            "DescribeDBSubnetGroups", "DescribeDBParameterGroups", "DescribeDBClusterParameterGroups",
            "DescribeOptionGroups", "DescribeDBProxies", "DescribeEventSubscriptions", "DescribeDBSecurityGroups")),
        "GetManagedPrefixListEntries": len(fleet["GetManagedPrefixListEntries"]),
        "DescribeKey": len(fleet["DescribeKey"]), "GetKeyRotationStatus": len(fleet["DescribeKey"]),
        "GetKeyPolicy": len(fleet["DescribeKey"]), "DescribeSecret": counts["ListSecrets"],
        "GetBackupPlan": counts["ListBackupPlans"], "ListBackupSelections": counts["ListBackupPlans"],
        "GetBackupSelection": selections, "DescribeBackupVault": counts["ListBackupVaults"],
        "ListRecoveryPointsByBackupVault": counts["ListBackupVaults"], "ListSubscriptionsByTopic": topics,
        "GetTopicAttributes": topics})
    return calls


def print_calls(asked, calls):
    print(f"\n{'operation':<40} {'asked':>6} {'everything':>10}")
    for operation in sorted(asked.keys() | calls.keys(), key=lambda o: -max(asked[o], calls.get(o, 0))):
        print(f"{operation:<40} {asked[operation]:>6} {calls.get(operation, 0):>10}")
    print(f"{'together':<40} {sum(asked.values()):>6} {sum(calls.values()):>10}\n")


def measure_fleet(program, maker, instances, latency):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([maker, "--rich", "--instances", str(instances), "--quiet", "--out", folder], check=True)
        fleet = fake_aws.load_fleet(folder)
    with fake_aws.FakeAws({(fake_aws.ACCOUNT, fake_aws.REGION): fleet}, latency=latency) as aws:
        command = [program, "run", "practices", "--live", "--now", NOW, "--format", "json", "-q"]
        wall, cpu, peak, _ = spend(command, aws.environment())
        requests, most = list(aws.requests), aws.most_running
    asked = collections.Counter(r.operation for r in requests)
    rds = sum(r.service == "rds" for r in requests)
    by_latency, by_rate = len(requests) * latency / IN_FLIGHT, (rds - BURST) / RATE
    least = max(by_latency, by_rate)
    calls = everything(fleet)
    print_calls(asked, calls)
    row(f"{instances} instances, {latency * 1000:g} ms a call: wall time", 1.2 * least, wall, "s",
        f"least {least:.2f}: latency {by_latency:.2f}, rate of RDS {by_rate:.2f} ({rds} of {len(requests)} calls)")
    row("  wall time over the least time", 1.2, wall / least, "x")
    row("  calls under way at once", IN_FLIGHT, most, "")
    row("  calls, of all that could be asked", 1.0, len(requests) / sum(calls.values()), "x",
        f"{len(requests)} of {sum(calls.values())}")
    row("  CPU time", 0.6, cpu, "s")
    row("  peak memory", 64, peak / 2**20, "MiB")


def measure_moto(program, count):
    try:
        import moto        # noqa: F401
        import moto_world
    except ImportError as missing:
        print(f"left out: {missing}")
        return
    with moto_world.Moto() as moto_server:
        moto_world.build(moto_server.url, count)
        command = [program, "run", "practices", "--live", "--now", NOW, "--format", "json"]
        wall, cpu, peak, text = spend(command, moto_world.environment(moto_server.url))
    requests = int(re.search(r"(\d+) requests", text).group(1))
    row(f"moto_world, {count} instances: requests", 1049 / 15, requests, "", "1/15 of 1,049")
    row("  CPU time", 190, cpu * 1000, "ms")
    row("  peak memory", 30, peak / 2**20, "MiB", f"wall {wall:.2f} s, which is moto's")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--instances", type=int, default=1000)
    parser.add_argument("--latency", type=float, default=50)
    parser.add_argument("--moto", type=int, default=500)
    args = parser.parse_args()
    program, maker = os.path.abspath(os.path.join(args.build, "rdspol")), common.find_maker()
    if maker is None:
        raise SystemExit("the maker of fleets is not here")
    measure_fleet(program, maker, args.instances, args.latency / 1000)
    measure_moto(program, args.moto)


main()
