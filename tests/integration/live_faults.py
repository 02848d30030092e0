#!/usr/bin/env python3
"""rdspol against an AWS that is slow, wrong and hostile: nothing is passed or failed that is not known.

    live_faults.py [--full] [--program PATH] [--only PART] [--seeds N]

Each part runs the program against fake_aws. Findings of a run with faults are those of the run without, or unknown
with a true reason; the exit status follows the findings; nothing hangs; nothing secret is printed. Without --full a
choice of faults that takes less than 40 s. Exits 77 (skip) without botocore or the maker of fleets.
"""
import argparse
import collections
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import common

NOW = "2026-11-24T00:00:00Z"
REASONS = {"access_denied", "throttled", "error", "incomplete_page", "not_supplied"}


class Problems:
    """What is wrong, by part."""

    def __init__(self):
        self.count = 0
        self.parts = collections.Counter()

    def add(self, part, text):
        self.count += 1
        self.parts[part] += 1
        if self.parts[part] <= 3:
            print(f"PROBLEM {part}: {text[:700]}", flush=True)

    def check(self, good, part, text):
        if not good:
            self.add(part, text)
        return good


class Run:
    """One run of the program: its status, time, output, and findings by identity."""

    def __init__(self, program, words, env, timeout=120):
        begun = time.monotonic()
        try:
            done = subprocess.run([program, *words], env=env, capture_output=True, timeout=timeout)
            self.status, self.out, self.err = done.returncode, done.stdout.decode(), done.stderr.decode()
        except subprocess.TimeoutExpired:
            self.status, self.out, self.err = None, "", "never ended"
        self.seconds = time.monotonic() - begun
        self.findings = self._findings() if self.out.startswith("{") else None

    def _findings(self):
        out = {}
        for finding in json.loads(self.out)["findings"]:
            finding.pop("location", None)
            finding.pop("inputs", None)
            resource = finding["resource"]
            out[(finding["policy"], resource.get("account"), resource.get("region"), resource["kind"],
                 resource["id"])] = finding
        return out

    def verdicts(self):
        return dict(collections.Counter(f["verdict"] for f in (self.findings or {}).values()))


class World:
    """A fleet, its files, and how it is asked live."""

    def __init__(self, fake_aws, maker, instances, scratch):
        self.fake = fake_aws
        folder = pathlib.Path(scratch) / "made"
        subprocess.run([maker, "--rich", "--instances", str(instances), "--quiet", "--out", str(folder)], check=True)
        self.fleet = fake_aws.load_fleet(folder)
        # What the maker leaves out is empty on both sides.
        for operation in fake_aws.LISTS:
            member = fake_aws.list_member(operation)
            if operation not in self.fleet and member and operation != "DescribeRegions":
                self.fleet[operation] = {member: []}
        self.folder = pathlib.Path(scratch) / "files" / fake_aws.ACCOUNT / fake_aws.REGION
        fake_aws.save_fleet(self.fleet, self.folder)

    def names_of(self, request):
        """Keys that a request asks for, by number."""
        if request.service != "kms" or request.argument is None:
            return set()
        answers = self.fleet["DescribeKey"].values()
        return {request.argument, request.argument.rpartition("/")[2]} | {
            a["KeyMetadata"]["KeyId"] for a in answers if a.get("KeyMetadata", {}).get("Arn") == request.argument}

    def serve(self, **options):
        return self.fake.FakeAws({(self.fake.ACCOUNT, self.fake.REGION): self.fleet}, **options)


def words(pack="practices", *more):
    return ["run", pack, "--live", "--now", NOW, "--format", "json", "-q", *more]


def is_true_unknown(finding):
    """Unknown, and says what is missing, with a reason of the list."""
    return finding["verdict"] == "unknown" and bool(finding.get("missing")) and all(m["reason"]
                                                                                  for m in finding["missing"])


def brief(finding):
    if finding is None:
        return "nothing"
    return f"{finding['verdict']} {json.dumps([finding.get('missing'), finding.get('messages')])[:250]}"


# What a row that was not seen changes: it has no findings, and what counts it is unknown.
def compare(part, base, run, problems, same=False):
    """No verdict but those of the faultless run, or unknown."""
    if run.findings is None:
        problems.add(part, f"no findings, status {run.status}: {run.err[-600:]}")
        return
    for key, finding in run.findings.items():
        before = base.findings.get(key)
        if finding == before:
            continue
        if same:
            problems.add(part, f"{key}: {brief(before)} NOW {brief(finding)}")
        elif not is_true_unknown(finding) and (before is None or finding["verdict"] != before["verdict"]):
            problems.add(part, f"{key}: {brief(before)} NOW {brief(finding)}")
    if same:
        for key in base.findings.keys() - run.findings.keys():
            problems.add(part, f"{key} is gone")


def check_exit(part, run, problems):
    verdicts = run.verdicts()
    wanted = 1 if verdicts.get("fail") or verdicts.get("unknown") else 0
    problems.check(run.status == wanted, part, f"exit status {run.status} with {verdicts}")


# ---- (a) Files and live --------------------------------------------------------------------------------------------


def part_files(program, world, problems, _args):
    """The same facts, asked for and read: the same findings."""
    for limit in (None, 20, 1):
        with world.serve(page_limit=limit) as aws:
            live = Run(program, words("all"), aws.environment())
            failed = [r for r in aws.requests if r.status != 200]
            problems.check(aws.signature_failures == 0, "files", f"{aws.signature_failures} wrong signatures")
            calls = len(aws.requests)
        errors = world.folder / "errors.json"
        # What the fake did not have is not there in the files, either.
        errors.write_text("".join(json.dumps({
            "Operation": f"{r.service}:{r.operation}", "Request": r.arguments,
            "Error": {"Code": error_code(world, r), "Message": "-"}}) + "\n" for r in failed))
        files = Run(program, ["run", "all", str(world.folder.parents[1]), "--now", NOW, "--format", "json", "-q"],
                    aws.environment())
        errors.unlink()
        # Keys that nothing mentions are in the files, and are never asked for.
        asked = {text for r in aws.requests for text in world.names_of(r)}
        files.findings = {key: f for key, f in files.findings.items() if key[3] != "kms_key" or key[4] in asked}
        compare(f"files, pages of {limit}", files, live, problems, same=True)
        print(f"files, pages of {limit}: {len(live.findings)} findings, {calls} requests, {live.verdicts()}", flush=True)


def error_code(world, request):
    return world.fake.NOT_FOUND.get(request.service, "DBResourceNotFoundFault")


PARTS = {"files": part_files}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--program")
    parser.add_argument("--only", action="append")
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    program = args.program and os.path.abspath(args.program) or common.find_program()
    maker = common.find_maker()
    try:
        import fake_aws
    except ImportError as missing:
        print(f"skipped: {missing}")
        return common.SKIPPED
    if program is None or maker is None:
        print("skipped: the program or the maker of fleets is not here")
        return common.SKIPPED
    problems = Problems()
    scratch = tempfile.mkdtemp()
    try:
        world = World(fake_aws, maker, 60, scratch)
        for name in args.only or PARTS:
            begun = time.monotonic()
            PARTS[name](program, world, problems, args)
            print(f"{name}: {time.monotonic() - begun:.1f} s, {problems.count} problems so far", flush=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return 1 if problems.count else 0


if __name__ == "__main__":
    sys.exit(main())
