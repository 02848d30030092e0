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
import threading
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
        # The leak checker itself dies now and then, after everything was printed: that says nothing of the program.
        self.tool_died = "LeakSanitizer has encountered a fatal error" in self.err
        if self.tool_died:
            self.err = self.err[:self.err.index("Tracer caught")]
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


# A row that was not seen has no findings: then something of its policies is unknown.
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
    open_policies = {key[0] for key, f in run.findings.items() if f["verdict"] == "unknown"}
    for key in base.findings.keys() - run.findings.keys():
        if same:
            problems.add(part, f"{key} is gone")
        elif key[0] not in open_policies and base.findings[key]["verdict"] in ("fail", "pass"):
            problems.add(part, f"{key} is gone, and nothing of its policy is unknown: {brief(base.findings[key])}")


def check_exit(part, run, problems):
    verdicts = run.verdicts()
    if run.tool_died:
        print(f"{part}: the leak checker died")
        return
    wanted = 1 if verdicts.get("fail") else 3 if verdicts.get("unknown") else 0
    problems.check(run.status == wanted, part, f"exit status {run.status} with {verdicts}")


# ---- (a) Files and live --------------------------------------------------------------------------------------------


def part_files(program, world, problems, args):
    """The same facts, asked for and read: the same findings."""
    for limit in (None, 20, 10) if args.full else (None, 20):
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


# ---- (b) One fault alone ------------------------------------------------------------------------------------------

# A few operations of each protocol: listings, and answers about one thing.
SOME = {"DescribeDBInstances", "DescribeDBSnapshots", "DescribeSecurityGroups", "ListSecrets", "ListBackupVaults",
        "ListSubscriptionsByTopic"}
# What may pass by itself: asked again, it is as if nothing had been.
PASSING = ["throttling", "too_many_429", "internal_500", "unavailable_503", "retry_after_503", "retry_after_odd",
           "expired_token", "bare_500", "good_error", "html", "cut_body", "short_length", "long_length", "no_length",
           "reset_before", "reset_inside", "broken_text", "bad_utf8", "doctype", "external_entity", "deep",
           "deep_inside", "gzip_broken", "chunk_broken", "other_answer", "not_http", "long_headers"]
# Odd, but nothing is wrong.
HARMLESS = ["slow_headers", "slow_body", "cdata", "entities", "gzipped", "chunked", "empty_page"]
# What stays.
STAYING = ["access_denied", "unsupported", "unrecognized_client", "opt_in_required", "not_found", "long_message",
           "long_code", "bad_utf8_message", "bare_403", "redirect", "redirect_307", "same_token", "two_tokens",
           "wrong_types", "text_for_rows", "odd_token", "duplicate_members", "huge", "too_large"]
REASON_OF = {"access_denied": {"access_denied"}, "opt_in_required": {"access_denied"}, "bare_403": {"access_denied"},
             "throttling": {"throttled"}, "too_many_429": {"throttled"}, "good_error": {"throttled"},
             "wrong_types": {"error", "incomplete_page"}, "duplicate_members": {"error", "incomplete_page"},
             "same_token": {"incomplete_page"}, "two_tokens": {"incomplete_page"}, "empty_page": {"incomplete_page"}}
# Which make the program go slower: of RDS that would take minutes.
SLOWING = {"throttling", "too_many_429", "good_error"}
SHORT = {"throttling", "cut_body", "reset_inside", "expired_token", "html", "deep", "access_denied", "long_message",
         "bad_utf8_message", "redirect", "two_tokens", "wrong_types", "text_for_rows", "odd_token", "gzipped",
         "entities", "empty_page"}


def slowing(kind):
    return SOME - {"DescribeDBInstances", "DescribeDBSnapshots"} if kind in SLOWING else SOME


def one_fault(program, world, base, problems, kind, same, fault, words_more=(), limit=20, seconds=60):
    part = f"{kind}, {'once' if fault.times else 'always'}"
    with world.serve(page_limit=limit) as aws:
        aws.faults.append(fault)
        run = Run(program, words("practices", *words_more), aws.environment(), seconds)
        problems.check(fault.count > 0, part, "the fault did not happen")
        problems.check(not aws.stolen, part, f"a redirect was followed: {aws.stolen[:1]}")
        problems.check(aws.signature_failures == 0, part, f"{aws.signature_failures} wrong signatures")
        count = len(aws.requests)
    if problems.check(run.status is not None, part, f"did not end in {seconds} s"):
        check_exit(part, run, problems)
        compare(part, base, run, problems, same)
        check_quiet(part, world, run, problems)
    print(f"{part}: {fault.count} times in {count} requests, {run.seconds:.1f} s, {run.verdicts()}", flush=True)
    return run


def check_quiet(part, world, run, problems):
    """No secrets, and nothing that a sanitizer says."""
    for secret in (world.fake.SECRET_KEY, world.fake.SESSION_TOKEN, world.fake.SESSION_TOKEN[:24]):
        problems.check(secret not in run.out and secret not in run.err, part, "a secret is printed")
    problems.check("Sanitizer" not in run.err and "runtime error" not in run.err, part, run.err[-3000:])


def base_run(program, world, limit=20):
    with world.serve(page_limit=limit) as aws:
        return Run(program, words(), aws.environment())


def part_once(program, world, problems, args):
    """What passes by itself changes nothing."""
    base = base_run(program, world)
    for kind in PASSING + HARMLESS:
        if not args.full and kind not in SHORT:
            continue
        times = None if kind in HARMLESS else 1
        one_fault(program, world, base, problems, kind, True,
                  world.fake.Fault(kind, operations=slowing(kind) if args.full or kind not in SLOWING
                                   else {"ListSecrets", "ListBackupVaults"}, times=times))


def part_always(program, world, problems, args):
    """What stays is unknown, with its reason; other verdicts are as they were."""
    base = base_run(program, world)
    for kind in STAYING + (PASSING if args.full else []):
        if not args.full and kind not in SHORT:
            continue
        operations = {"DescribeSecurityGroups", "ListSecrets"} if kind in ("huge", "too_large") else SOME
        more = ("--max-attempts", "2") if kind in ("too_large", "deep") or not args.full else ()
        run = one_fault(program, world, base, problems, kind, False,
                        world.fake.Fault(kind, operations=operations & slowing(kind)), more)
        wanted = REASON_OF.get(kind, {"error"})
        reasons = reasons_of(run) - reasons_of(base)
        problems.check(not reasons or reasons & wanted, kind, f"the reasons are {reasons}, not {wanted}")


def reasons_of(run):
    """Why facts of these listings are missing, in findings that say what of them."""
    return {m["reason"] for f in (run.findings or {}).values() for m in f.get("missing", [])
            if m.get("operation") in ("ec2:DescribeSecurityGroups", "rds:DescribeDBInstances")
            and m["fact"] == m["operation"]}


def part_later_pages(program, world, problems, args):
    """The second page of a listing is lost: the first stays, and nobody takes it for all."""
    base = base_run(program, world)
    kinds = ("access_denied", "html", "text_for_rows", "wrong_types", "odd_token")
    for kind in kinds if args.full else ("text_for_rows", "wrong_types", "odd_token"):
        fault = world.fake.Fault(kind, operations={*SOME, "DescribeDBParameters", "ListRecoveryPointsByBackupVault"},
                                 where=lambda request: request.page == 2 or
                                 (kind == "odd_token" and request.page == 1))
        one_fault(program, world, base, problems, kind, False, fault, ("--max-attempts", "2"),
                  limit=10 if args.full else 20)


def part_twice(program, world, problems, _args):
    """A record that changed while pages were turned is there twice: what was said later counts."""
    def run(fleet):
        with world.fake.FakeAws({(world.fake.ACCOUNT, world.fake.REGION): fleet}, page_limit=20) as aws:
            return Run(program, words(), aws.environment())
    once, twice = (json.loads(json.dumps(world.fleet)) for _ in range(2))
    rows = once["DescribeDBInstances"]["DBInstances"]
    place = next(i for i, r in enumerate(rows) if r["Engine"] == "postgres" and "DBClusterIdentifier" not in r)
    first = rows[place]
    later = {**first, "StorageEncrypted": not first.get("StorageEncrypted"), "DeletionProtection":
             not first.get("DeletionProtection"), "BackupRetentionPeriod": 1, "PubliclyAccessible": True}
    rows[place] = later
    twice["DescribeDBInstances"]["DBInstances"].append(later)
    wanted = run(once)
    compare("twice", wanted, run(twice), problems, same=True)
    before = run(world.fleet)
    problems.check(wanted.findings != before.findings, "twice", "the change makes no difference")


def part_one_object(program, world, problems, args):
    """One key, snapshot or group among many: the others are judged as ever. And each kind of answer about one."""
    base = base_run(program, world)
    groups = sorted(world.fleet["DescribeDBParameters"])[3:5]
    few = {"DescribeKey": lambda r: r.argument.endswith(tuple("02468")),
           "DescribeDBParameters": lambda r: r.argument in groups,
           "DescribeDBSnapshotAttributes": lambda r: r.argument.endswith("-1")}
    every = {operation: None for operation in ("GetBackupSelection", "DescribeSecret", "GetKeyRotationStatus",
                                               "DescribeRegionSettings", "ListBackupSelections",
                                               "GetManagedPrefixListEntries")}
    kinds = ("access_denied", "not_found", "unsupported", "other_answer", "bad_utf8", "wrong_types", "text_for_rows")
    for kind in kinds if args.full else ("other_answer",):
        for operation, which in {**few, **every}.items():
            run = one_fault(program, world, base, problems, kind, False,
                            world.fake.Fault(kind, operations={operation}, where=which), ("--max-attempts", "2"))
            gained = run.verdicts().get("unknown", 0) - base.verdicts().get("unknown", 0)
            problems.check(operation in every or gained < len(base.findings) / 8, kind,
                           f"{operation}: {gained} more unknown")


def part_service(program, world, problems, args):
    """Nothing of a whole service is answered: the others are, and it takes no longer than it must."""
    base = base_run(program, world)
    services = ("rds", "ec2", "kms", "secretsmanager", "backup")
    for service in services if args.full else ("kms",):
        for kind in ("access_denied", "reset_before", "unavailable_503", "html") if args.full else ("reset_before",):
            run = one_fault(program, world, base, problems, kind, False,
                            world.fake.Fault(kind, services={service}), ("--max-attempts", "2"))
            problems.check(run.seconds < 45, kind, f"{service}: took {run.seconds:.1f} s")


def part_nothing(program, world, problems, _args):
    """Where not one call is answered there is one message and exit status 2."""
    for kind, services in (("access_denied", None), ("unrecognized_client", {"sts"}), ("reset_before", {"sts"}),
                           ("html", {"sts"}), ("expired_token", {"sts"})):
        with world.serve() as aws:
            aws.faults.append(world.fake.Fault(kind, services=services))
            run = Run(program, words("practices", "--max-attempts", "3"), aws.environment(), 60)
            lines = [line for line in run.err.splitlines() if line]
            print(f"nothing, {kind}: {run.seconds:.1f} s, {lines}", flush=True)
            problems.check(run.status == 2, "nothing", f"{kind}: exit status {run.status}")
            problems.check(len(lines) == 1 and not run.out, "nothing", f"{kind}: {lines[:5]} {run.out[:100]}")
            check_quiet("nothing", world, run, problems)


def part_clock(program, world, problems, _args):
    """A clock that is hours off is corrected from the answers."""
    base = base_run(program, world)
    for skew, more in ((3 * 3600, ()), (-26 * 3600, ()), (3 * 3600, ("--max-attempts", "1"))):
        with world.serve(page_limit=20, skew=skew) as aws:
            run = Run(program, words("practices", *more), aws.environment(), 60)
            failed = sum(r.status == 403 for r in aws.requests)
            compare(f"clock {skew}", base, run, problems, same=True)
            print(f"clock off by {skew} s {more}: {failed} requests refused", flush=True)
    # The server's clock jumps while many calls are under way.
    with world.serve(page_limit=20, latency=0.05) as aws:
        threading.Timer(0.6, lambda: setattr(aws, "skew", 7200.0)).start()
        run = Run(program, words(), aws.environment(), 60)
        failed = sum(r.status == 403 for r in aws.requests)
        compare("clock jumps", base, run, problems, same=True)
        problems.check(failed > 0, "clock jumps", "it did not")
        print(f"clock jumps: {failed} requests refused", flush=True)


# ---- (c) Everything at once ---------------------------------------------------------------------------------------

MIXED = [kind for kind in PASSING + HARMLESS + STAYING
         if kind not in ("huge", "too_large", "deep", "retry_after_503", "same_token", "two_tokens")]


ACCOUNTS = [f"{n}00000000000"[:12] for n in range(210, 217)]


def roles_file(accounts):
    path = os.path.join(tempfile.gettempdir(), f"rdspol-roles-{os.getpid()}")
    lines = "".join(f"arn:aws:iam::{a}:role/audit external-{a}\n" for a in accounts)
    pathlib.Path(path).write_text("# roles\n\n" + lines)
    return path


def many_worlds(world):
    """The same fleet in several accounts, each with its own rates: thousands of calls in little time."""
    text = json.dumps(world.fleet)
    return {(a, world.fake.REGION): json.loads(text.replace(world.fake.ACCOUNT, a)) for a in ACCOUNTS}


def part_mix(program, world, problems, args):
    """Any fault at any time; in full for thousands of calls."""
    path = roles_file(ACCOUNTS)
    worlds = many_worlds(world) if args.full else {(world.fake.ACCOUNT, world.fake.REGION): world.fleet}
    arguments = words("practices", "--timeout", "4m", "--accounts-file", path) if args.full else words(
        "practices", "--timeout", "12s")
    with world.fake.FakeAws(worlds, page_limit=20) as aws:
        base = Run(program, arguments, aws.environment(), 300)
    for seed in range(args.seeds if args.full else 1):
        with world.fake.FakeAws(worlds, page_limit=20, latency=0.002) as aws:
            for i, kind in enumerate(MIXED):
                if args.full or kind not in SLOWING:
                    aws.faults.append(world.fake.Fault(kind, share=0.003, seed=seed * 100 + i))
            run = Run(program, arguments, aws.environment(), 300)
            hits, count = sum(f.count for f in aws.faults), len(aws.requests)
            problems.check(not aws.stolen, "mix", "a redirect was followed")
        problems.check(count > (2000 if args.full else 100), "mix", f"only {count} requests")
        if problems.check(run.status is not None, "mix", f"seed {seed} did not end"):
            check_exit("mix", run, problems)
            compare(f"mix, seed {seed}", base, run, problems)
            check_quiet("mix", world, run, problems)
        print(f"mix, seed {seed}: {hits} faults in {count} requests, {run.seconds:.1f} s, {run.verdicts()}", flush=True)
    os.unlink(path)


# ---- (d), (e) The end ---------------------------------------------------------------------------------------------


def interrupted(program, arguments, env, after):
    """Runs and sends SIGINT: (status, output, errors, seconds from the signal to the end)."""
    process = subprocess.Popen([program, *arguments], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(after)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    try:
        out, err = process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
    return process.returncode, out.decode(), err.decode(), time.monotonic() - begun


def part_interrupt(program, world, problems, args):
    """SIGINT: what is known is reported, the rest is unknown, and the document is whole."""
    base = base_run(program, world)
    slack = 2 if "dev" in program else 1
    for latency, hangs in ((0.15, False), (0.05, True)) if args.full else ((0.05, True),):
        with world.serve(page_limit=20, latency=latency) as aws:
            if hangs:
                aws.faults.append(world.fake.Fault("hang", services={"kms", "ec2", "backup"}))
            status, out, err, seconds = interrupted(program, words(), aws.environment(), 0.8 * slack)
            run = Run.__new__(Run)
            run.status, run.out, run.err, run.tool_died = status, out, err, False
            run.findings = run._findings() if out.startswith("{") else None
            problems.check(status == -signal.SIGINT, "interrupt", f"status {status}, {err[-300:]}")
            problems.check(seconds < slack, "interrupt", f"ended {seconds:.2f} s after the signal")
            compare("interrupt", base, run, problems)
            print(f"interrupt: {seconds:.2f} s after the signal, {run.verdicts()}", flush=True)
            path = os.path.join(tempfile.gettempdir(), f"rdspol-facts-{os.getpid()}.json")
            status, out, err, seconds = interrupted(
                program, ["facts", "collect", "practices", "-q", "-o", path], aws.environment(), 0.8 * slack)
            problems.check(status == -signal.SIGINT and seconds < slack, "interrupt", f"collect: {status}, {seconds}")
            read = Run(program, ["run", "practices", path, "--now", NOW, "--format", "json", "-q"], aws.environment())
            compare("interrupt, saved", base, read, problems)
            os.unlink(path)
    # While a role is assumed by a server that does not answer.
    with world.serve() as aws:
        aws.faults.append(world.fake.Fault("expired_token", operations={"DescribeDBInstances"}))
        hang = world.fake.Fault("hang", services={"sts"}, operations={"AssumeRole"},
                                where=lambda request: aws.assumed > 1)
        aws.faults.append(hang)
        status, _, err, seconds = interrupted(
            program, words("practices", "--assume-role", "arn:aws:iam::123456789012:role/audit"), aws.environment(),
            1.5 * slack)
        problems.check(hang.count > 0, "interrupt, role", "nothing hung")
        problems.check(status == -signal.SIGINT and seconds < slack, "interrupt, role", f"{status}, {seconds:.2f} s {err}")


def part_timeout(program, world, problems, args):
    """--timeout ends a run, whatever does not answer."""
    base = base_run(program, world)
    cases = [("hang", None, "kms"), ("hang_inside", None, "rds"), ("hang", None, "sts"), ("slow_body", None, "ec2"),
             ("unavailable_503", None, "rds"), ("retry_after_503", None, "sts")]
    limit = 2 if args.full else 1
    for kind, operations, service in cases if args.full else cases[:4]:
        with world.serve(page_limit=20) as aws:
            aws.faults.append(world.fake.Fault(kind, operations=operations, services={service}))
            run = Run(program, words("practices", "--timeout", f"{limit}s", "--max-attempts", "50"), aws.environment(), 40)
            part = f"timeout, {kind} of {service}"
            problems.check(run.seconds < limit + 1.5 + 3 * ("dev" in program), part, f"took {run.seconds:.1f} s")
            if service == "sts":
                problems.check(run.status == 2, part, f"status {run.status} {run.err}")
            else:
                compare(part, base, run, problems)
            print(f"{part}: {run.seconds:.1f} s, {run.verdicts()} {run.err[-200:].strip()}", flush=True)


# ---- (f) Secrets --------------------------------------------------------------------------------------------------


def part_secrets(program, world, problems, _args):
    """Keys never appear, whatever is printed or saved, even if AWS repeats them."""
    with world.serve() as aws:
        path = os.path.join(tempfile.gettempdir(), f"rdspol-secrets-{os.getpid()}.json")
        echo = f"Canonical String should have been 'POST\nx-amz-security-token:{world.fake.SESSION_TOKEN}\n'"
        world.fake._error("echo", "InvalidParameterValue", 400, message=echo)
        for changed in ({}, {"AWS_SECRET_ACCESS_KEY": world.fake.SECRET_KEY + "x"}):
            for log in ("text", "json"):
                aws.faults = [world.fake.Fault("echo", operations={"DescribeDBInstances", "DescribeKey",
                                                                   "DescribeSecurityGroups", "ListBackupVaults"})]
                for command in (["run", "practices", "--live", "--format", "json"],
                                ["facts", "collect", "practices", "-o", path]):
                    run = Run(program, [*command, "-v", "-v", "--log-format", log], aws.environment(**changed))
                    check_quiet("secrets", world, run, problems)
                    if os.path.exists(path):
                        text = pathlib.Path(path).read_text()
                        problems.check(world.fake.SESSION_TOKEN[:24] not in text, "secrets", "in saved facts")
                        os.unlink(path)
            print(f"secrets: {len(run.err)} bytes of log looked at, status {run.status}", flush=True)


# ---- (g) Accounts and Regions -------------------------------------------------------------------------------------


def part_accounts(program, world, problems, _args):
    """Several accounts and Regions, each with its own facts."""
    fake = world.fake
    other = json.loads(json.dumps(world.fleet).replace(fake.ACCOUNT, "210000000002").replace("us-east-1", "eu-west-1"))
    worlds = {(fake.ACCOUNT, "us-east-1"): world.fleet, ("210000000002", "eu-west-1"): other}
    with fake.FakeAws(worlds, regions=["us-east-1", "eu-west-1", "eu-central-1"]) as aws:
        path = roles_file([fake.ACCOUNT, "210000000002"])
        for regions in ("all", "us-east-1,eu-west-1,eu-central-1"):
            run = Run(program, words("practices", "--accounts-file", path, "--region", regions), aws.environment())
            scopes = collections.Counter(key[1:3] for key in run.findings or {})
            rows = {scope: n for scope, n in scopes.items() if n > 100}
            problems.check(set(rows) == set(worlds), "accounts", f"{scopes} {run.err[-300:]}")
            print(f"accounts, {regions}: {dict(rows)}, {len(aws.requests)} requests", flush=True)
        one = Run(program, words(), aws.environment())
        for key, finding in one.findings.items():
            before = (run.findings or {}).get(key)
            problems.check(before is not None and before["verdict"] == finding["verdict"], "accounts",
                           f"{key}: alone {brief(finding)}, among others {brief(before)}")
        # An account that does not say its Regions is unknown, the others are judged.
        aws.faults.append(fake.Fault("access_denied", operations={"DescribeRegions"},
                                     where=lambda request: request.account == "210000000002"))
        run = Run(program, words("practices", "--accounts-file", path, "--region", "all"), aws.environment())
        found = run.findings or {}
        problems.check(run.status in (1, 3) and "DescribeRegions" in run.err, "accounts", f"{run.status} {run.err[-300:]}")
        problems.check(all(finding["verdict"] == "unknown" for key, finding in found.items() if key[1] == "210000000002"),
                       "accounts", "an account whose Regions are not known is judged")
        problems.check({key[1] for key in found} >= {fake.ACCOUNT, "210000000002"}, "accounts", "an account is missing")
        aws.faults.clear()
        # Keys that expire while the run goes on are renewed, and not for every call.
        aws.forget()
        aws.faults.append(fake.Fault("expired_token", times=1, services={"rds", "kms"}))
        aws.latency = 0.02
        run = Run(program, words("practices", "--assume-role", f"arn:aws:iam::{fake.ACCOUNT}:role/audit"),
                  aws.environment())
        compare("renewal", one, run, problems, same=True)
        problems.check(aws.assumed < 40, "renewal", f"a role was assumed {aws.assumed} times")
        print(f"renewal: the role was assumed {aws.assumed} times for {aws.faults[0].count} refusals", flush=True)
        aws.forget()
        aws.faults.append(fake.Fault("expired_token"))
        run = Run(program, words("practices", "--assume-role", f"arn:aws:iam::{fake.ACCOUNT}:role/audit"),
                  aws.environment())
        problems.check(run.status == 2 and aws.assumed < 40, "renewal", f"for ever: {run.status}, {aws.assumed} times")
        print(f"renewal for ever: status {run.status}, assumed {aws.assumed} times, {run.err.strip()[:200]}", flush=True)
        os.unlink(path)


PARTS = {"files": part_files, "once": part_once, "always": part_always, "later_pages": part_later_pages, "twice": part_twice,
         "one_object": part_one_object, "service": part_service,
         "nothing": part_nothing, "clock": part_clock, "mix": part_mix,
         "interrupt": part_interrupt, "timeout": part_timeout, "secrets": part_secrets, "accounts": part_accounts}


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
