#!/usr/bin/env python3
"""Prints how fast rdspol is, each figure beside what it is held against.

usage: bench.py BUILD [--instances N] [--repeat R] [--large] [--instructions]

BUILD is a release build folder. Fleets come from $RDSPOL_SHARED/tools/make-fleet. `--large` adds ten
times as many instances, `--instructions` what callgrind counts; both take minutes.
"""
import argparse
import glob
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROWS = []


def row(what, target, measured, unit="", note=""):
    ROWS.append((what, target, measured, unit, note))
    met = "ok  " if measured <= target else "MISS"
    print(f"{met} {what:<58} {measured:>9.2f} {unit:<9} target {target:g}  {note}", flush=True)


class Spent:
    def __init__(self, wall, user, peak):
        self.wall, self.user, self.peak = wall, user, peak


def spend(command, shell=False):
    """Wall and user seconds and peak bytes of one command."""
    start = time.perf_counter()
    child = subprocess.Popen(command, shell=shell, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) > 1:
        raise SystemExit(f"failed: {command}")
    return Spent(wall, usage.ru_utime, usage.ru_maxrss * 1024)


def medians(repeat, *commands):
    """Of each command; they take turns, so that a slow moment meets all of them.

    Of user time it is the mean: the system counts ticks of some milliseconds, few in each run.
    """
    runs = [[] for _ in commands]
    for _ in range(repeat):
        for i, command in enumerate(commands):
            runs[i].append(spend(command, shell=isinstance(command, str)))
    return [Spent(statistics.median(s.wall for s in r), statistics.mean(s.user for s in r),
                  statistics.median(s.peak for s in r)) for r in runs]


def output(*command):
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def make_fleet(folder, instances, *options):
    maker = pathlib.Path(os.environ.get("RDSPOL_SHARED", "/nonexistent")) / "tools" / "make-fleet"
    subprocess.run([sys.executable, str(maker), "--instances", str(instances), "--out", folder,
                    "--quiet", *options], check=True)
    return sorted(glob.glob(folder + "/*.json"))


def instructions(command, toggle=None):
    with tempfile.TemporaryDirectory() as folder:
        more = [f"--toggle-collect={toggle}"] if toggle else []
        done = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out",
                               *more, *command], capture_output=True, check=False)
        found = re.search(rb"Collected : (\d+)", done.stderr)
        return int(found.group(1))


def process(b, folder, files, options):
    run = [f"{b}/rdspol", "run", "practices", folder, "-qq", "--exit-zero"]
    cat = "cat " + " ".join(files) + " | cat >/dev/null"
    ours, cjson, pipe = medians(options.repeat, run, [f"{b}/tests/bench_cjson_files", *files], cat)
    n = options.instances
    row("user time, whole run / cJSON parsing alone", 0.2, ours.user / cjson.user, "",
        f"{ours.user * 1e3:.0f} ms / {cjson.user * 1e3:.0f} ms")
    row("peak memory, whole run / cJSON parsing alone", 0.125, ours.peak / cjson.peak, "",
        f"{ours.peak / 1e6:.1f} MB / {cjson.peak / 1e6:.1f} MB")
    row("wall, whole run / cat FILES into a pipe", 1.5, ours.wall / pipe.wall, "",
        f"{ours.wall * 1e3:.0f} ms / {pipe.wall * 1e3:.0f} ms")
    row("peak memory", 8 + 1.5 * n / 1000, ours.peak / 1e6, "MB")


def json_report(b, folder, root, options):
    """What `--format json` costs above judging, in time and in memory."""
    run = [f"{b}/rdspol", "run", "practices", folder, "--exit-zero"]
    document = root + "/findings.json"
    subprocess.run([*run, "-qq", "--format", f"json={document}"], check=True)
    with open(document, "rb") as file:
        findings = file.read().count(b'"fingerprint":')
    silent = " ".join([*run, "-qq", "| cat >/dev/null"])
    piped = " ".join([*run, "--format", "json", "| cat >/dev/null"])
    plain, report, pipe = medians(options.repeat, silent, piped, f"cat {document} | cat >/dev/null")
    row("json above -qq / cat of the document into a pipe", 4, (report.wall - plain.wall) / pipe.wall,
        "", f"{(report.wall - plain.wall) * 1e3:.0f} ms / {pipe.wall * 1e3:.0f} ms, {findings} findings")
    plain, report = medians(options.repeat, [*run, "-qq"], [*run, "--format", "json"])
    row("peak memory of json above -qq, a finding", 2, (report.peak - plain.peak) / findings, "bytes",
        f"{(report.peak - plain.peak) / 1e3:.0f} kB")


def phases(b, folder, repeat):
    return output(f"{b}/tests/bench_phases", "practices", "1", str(repeat), folder)


def start_up(b, root):
    """A run that judges and reports one instance, beside a program that does nothing."""
    folder = root + "/one"
    os.mkdir(folder)
    one = {"DBInstanceIdentifier": "db-1", "Engine": "postgres", "StorageEncrypted": True,
           "DBInstanceArn": "arn:aws:rds:us-east-1:123456789012:db:db-1"}
    with open(folder + "/db-instances.json", "w", encoding="utf-8") as file:
        json.dump({"DBInstances": [one]}, file)
    run = [f"{b}/rdspol", "run", "practices", folder, "--exit-zero"]
    empty, judged, version = medians(201, [f"{b}/tests/bench_empty"], run, [f"{b}/rdspol", "version"])
    row("one instance judged, above an empty program", 1.5, (judged.wall - empty.wall) * 1e3, "ms",
        f"version: {(version.wall - empty.wall) * 1e3:.2f} ms")


def parts(b, folder, options):
    p = phases(b, folder, 21)
    hand = output(f"{b}/tests/bench_byhand", str(ROOT / "tests/bench/byhand.rdspol"), "101", folder)
    row("evaluation, six checks / by hand in C", 1.0, hand["machine_us"] / hand["byhand_us"], "",
        f"{hand['machine_us']:.0f} us / {hand['byhand_us']:.0f} us")
    row("open and verify the bundle of the library", 0.5, p["open_us"] / 1e3, "ms")
    document = folder + ".json"
    subprocess.run([f"{b}/rdspol", "facts", "convert", folder, "-q", "-o", document], check=True)
    saved = phases(b, document, 21)
    row("opening packed facts / reading the same as JSON", 0.01,
        saved["packed_us"] / (saved["read_us"] + saved["seal_us"]), "",
        f"{saved['packed_us']:.0f} us / {(saved['read_us'] + saved['seal_us']) / 1e3:.0f} ms, "
        f"{saved['packed_bytes'] / 1e6:.1f} MB")
    print(f"     read {p['read_us'] / 1e3:.1f} ms, seal {p['seal_us'] / 1e3:.1f} ms, prepare "
          f"{p['prepare_us'] / 1e3:.1f} ms, evaluate {p['evaluate_us'] / 1e3:.1f} ms, "
          f"{p['verdicts']} verdicts")
    return p


def whole_library(b, folder, options):
    """Every policy beside the twelve practices: reading dominates both."""
    command = [f"{b}/rdspol", "run", "practices", folder, "-qq", "--exit-zero"]
    practices, every = medians(options.repeat, command, [*command[:2], "all", *command[3:]])
    row("user time of all policies / of the practices", 1.5, every.user / practices.user, "",
        f"{every.user * 1e3:.0f} ms / {practices.user * 1e3:.0f} ms")
    p = output(f"{b}/tests/bench_phases", "practices", "1", "101")
    row("compile the library", 5, p["compile_us"] / 1e3, "ms")
    row("bundle of every policy", 256, p["bundle_bytes"] / 1e3, "kB",
        f"{p['instructions']} instructions, as written {p['instructions_as_written']}")


def large(b, small, root, options):
    folder = root + "/large"
    make_fleet(folder, options.instances * 10)
    p = phases(b, folder, 5)
    row("evaluation a row, ten times the rows / these rows", 1.6,
        (p["evaluate_us"] / p["verdicts"]) / (small["evaluate_us"] / small["verdicts"]), "")


def counted(b, folder, root, small, options):
    spent = instructions([f"{b}/tests/bench_byhand", str(ROOT / "tests/bench/byhand.rdspol"), "1", folder],
                         "rdspol_run_evaluate")
    row("instructions a row and policy, six checks", 45, spent / (6 * options.instances), "")
    spent = instructions([f"{b}/tests/bench_phases", "practices", "1", "1", folder],
                         "rdspol_run_evaluate")
    print(f"     all practices, which nobody wrote by hand: {spent / small['verdicts']:.0f} "
          f"instructions a row and policy")
    sizes = []
    for n in (2000, 4000):
        make_fleet(f"{root}/{n}", n)
        sizes.append(instructions([f"{b}/rdspol", "run", "practices", f"{root}/{n}", "-qq",
                                   "--exit-zero", "-j1"]))
    none = instructions([f"{b}/rdspol", "version"])
    row("twice the rows: instructions", 2.2, (sizes[1] - none) / (sizes[0] - none), "times")
    compiled, opened = [], []
    for n in (200, 400):
        source, bundle = f"{root}/{n}.rdspol", f"{root}/{n}.rpb"
        pathlib.Path(source).write_text("".join(
            f"policy p{i} on instance {{ when instance.cluster is absent require "
            f"instance.backup_retention_period >= {i} }}\n" for i in range(n)))
        compiled.append(instructions([f"{b}/rdspol", "compile", source, "-o", bundle]))
        opened.append(instructions([f"{b}/rdspol", "run", bundle, f"{root}/2000", "-qq",
                                    "--exit-zero", "-j1"], "rdspol_bundle_open"))
    one = f"{root}/one.rdspol"
    pathlib.Path(one).write_text("require instance.deletion_protection\n")
    least = instructions([f"{b}/rdspol", "compile", one, "-o", f"{root}/one.rpb"])
    row("twice the source: instructions", 2.2, (compiled[1] - least) / (compiled[0] - least), "times")
    row("twice the bundle: instructions to open it", 2.2, opened[1] / opened[0], "times")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--instances", type=int, default=10000)
    parser.add_argument("--repeat", type=int, default=31)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--instructions", action="store_true")
    options = parser.parse_args()
    b = os.path.abspath(options.build)
    with tempfile.TemporaryDirectory() as root:
        files = make_fleet(root + "/fleet", options.instances)
        process(b, root + "/fleet", files, options)
        json_report(b, root + "/fleet", root, options)
        start_up(b, root)
        whole_library(b, root + "/fleet", options)
        small = parts(b, root + "/fleet", options)
        if options.large:
            large(b, small, root, options)
        if options.instructions and shutil.which("valgrind"):
            counted(b, root + "/fleet", root, small, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
