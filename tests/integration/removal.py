#!/usr/bin/env python3
"""The law of the language, from outside: taking facts away never changes a decided answer.

Makes fleets, judges them, then takes away one thing at a time -- a file, a member deep inside an
answer, the answer to one call, the rest of a list -- and judges again. Each verdict must stay or
become `unknown`. A resource may vanish only where its type says `unknown` for the Region.

usage: removal.py [--seconds S] [--seed N] [--instances N] [--policies NAME] [--verbose]

Needs the program ($RDSPOL, else a build of the presets) and
$RDSPOL_SHARED/tools/make-fleet; exits with 77 if one is missing.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

from common import ROOT, SKIPPED, find_maker, find_program

NOW = "2026-08-01T00:00:00Z"
FLEETS = [
    # name, options of make-fleet, options of the run
    ("folders", ["--accounts", "2", "--regions", "2"], []),
    ("flags", [], ["--account", "123456789012", "--region", "us-east-1"]),
    ("gaps", ["--accounts", "2", "--regions", "2", "--gaps", "0.05"], []),
]


# ---- Tools --------------------------------------------------------------------------------------

class Judge:
    """Runs the program over a folder; a result is the set of its lines."""

    def __init__(self, program, policies, options):
        self.command = [program, "run", policies, ".", "--format", "ndjson", "--jobs", "1",
                        "--now", NOW, "--exit-zero"] + options

    def lines(self, folder):
        done = subprocess.run(self.command, cwd=folder, capture_output=True, check=False)
        if done.returncode not in (0, 2):
            raise RuntimeError(f"exit {done.returncode}: {done.stderr.decode()[-400:]}")
        if done.returncode == 2:
            return None, done.stderr.decode()
        return set(done.stdout.splitlines()), ""


# ---- Comparing ----------------------------------------------------------------------------------

# A line of ndjson, by its members in their order: parsing it whole costs more than judging it.
STRANGE = re.compile(rb'"fact":"([^"]*#[^"]*)"')
FINDING = re.compile(rb'\{"policy":"([^"]*)".*?"verdict":"(\w+)","resource":(\{.*?\}),"fingerprint":')


def finding(line):
    strange = STRANGE.search(line)
    if strange is not None:
        raise RuntimeError(f"a fact that no schema names: {strange.group(1).decode()}")
    match = FINDING.match(line)
    if match is None:
        return None
    policy, verdict, resource = match.groups()
    r = json.loads(resource)
    key = (policy.decode(), r.get("account", ""), r.get("region", ""), r["kind"], r["id"])
    return key, verdict.decode()


def table(lines):
    out = {}
    for line in lines:
        got = finding(line)
        if got is not None:
            out.setdefault(got[0], []).append(got[1])
    return out


def loose(key):
    return (key[0], key[3], key[4])


def open_regions(verdicts):
    """Of each policy the Regions for which it says `unknown`."""
    out = {}
    for key, found in verdicts.items():
        if key[3] == "region" and "unknown" in found:
            out.setdefault(key[0], set()).add(key[1:3])
    return out


class Base:
    def __init__(self, lines):
        self.lines = lines
        self.verdicts = table(lines)
        self.loose = {}
        self.pairs = {(k[1], k[2]) for k in self.verdicts if k[3] == "region" or k[3] == "instance"}
        for key, verdicts in self.verdicts.items():
            self.loose.setdefault(loose(key), set()).update(verdicts)

    def is_open(self, regions, key, place):
        """Whether the type says `unknown` for the Region of the resource or of the file that is
        gone; for some Region, if neither was looked at (no folders; a global resource)."""
        own = {key[1:3], place} & self.pairs
        return bool(regions & own if own else regions)

    def breaches(self, lines, place):
        """What the second run says that it must not."""
        fresh, gone = table(lines - self.lines), table(self.lines - lines)
        after, there, silent = None, set(), {}
        for key, verdicts in fresh.items():
            before = self.verdicts.get(key)
            allowed = set(before) if before else self.loose.get(loose(key), set())
            for verdict in verdicts:
                if verdict != "unknown" and verdict not in allowed:
                    yield f"{' '.join(key)}: {sorted(allowed) or 'nothing'} became {verdict}"
        for key in gone:
            if key in fresh:
                continue
            if after is None:
                after = table(lines)
                there, silent = {loose(k) for k in after}, open_regions(after)
            if key in after or loose(key) in there:
                continue
            if not self.is_open(silent.get(key[0], set()), key, place):
                yield f"{' '.join(key)}: {gone[key]} vanished, and nothing says unknown"


# ---- What may be taken away ---------------------------------------------------------------------

TOKENS = {"NextToken", "Marker", "NextMarker", "Truncated"}     # a list that lacks its own seems whole


def facts_by_absence():
    """Names of members whose absence says something: fields that are optional or have a default; and
    of those that name the resource, without which it is another one."""
    names = set()
    field = re.compile(r'^\s*((?:key |unique )?)\w+:\s*(.+?)\s*=\s*(".*)$')
    for path in (ROOT / "stdlib-policies" / "schema").glob("*.rdspol"):
        for line in path.read_text().splitlines():
            match = field.match(line)
            if not match or line.strip().startswith("#"):
                continue
            names_it, kind, rest = match.groups()
            if names_it or kind.endswith("?") or kind.startswith("{") or "??" in rest.split("#")[0]:
                for text in re.findall(r'"([^"]*)"', rest.split("??")[0].split("#")[0]):
                    names.update(re.split(r"[^A-Za-z0-9]+", text))
    return names - {""} | TOKENS


class Documents:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.paths = sorted(p.relative_to(folder) for p in self.folder.rglob("*.json"))
        self.data = {p: json.loads((self.folder / p).read_text()) for p in self.paths}

    def normalise(self):
        for path, data in self.data.items():
            (self.folder / path).write_text(json.dumps(data, indent=1))

    def fresh(self, path):
        return json.loads(json.dumps(self.data[path]))


def objects(value, trail=()):
    if isinstance(value, dict):
        yield value, trail
        for name, inner in value.items():
            yield from objects(inner, trail + (name,))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from objects(inner, trail + (i,))


def drop_member(documents, path, rng, exempt):
    data = documents.fresh(path)
    all_of = [(o, t) for o, t in objects(data) if t and o]
    rng.shuffle(all_of)
    for value, trail in all_of:
        names = [n for n in value if n not in exempt and not exempt & set(map(str, trail[-1:]))]
        if names:
            name = rng.choice(names)
            del value[name]
            return data, f"{path}: without {'.'.join(map(str, trail))}.{name}"
    return None, None


def is_keyed(data):
    return isinstance(data, dict) and data and all(isinstance(v, dict) for v in data.values())


def refuse_call(documents, path, rng, _):
    data = documents.fresh(path)
    if not is_keyed(data):
        return None, None
    name = rng.choice(list(data))
    data[name] = {"Error": {"Code": "AccessDenied", "Message": "not allowed"}}
    return data, f"{path}: {name} refused"


def lists(data):
    if not isinstance(data, dict):
        return
    for name, value in data.items():
        if isinstance(value, list):
            yield data, name
    if is_keyed(data):
        for answer in data.values():
            for name, value in answer.items():
                if isinstance(value, list):
                    yield answer, name


def cut_list(documents, path, rng, _):
    data = documents.fresh(path)
    found = list(lists(data))
    if not found:
        return None, None
    answer, name = rng.choice(found)
    kept = [e for e in answer[name] if rng.random() < rng.choice((0.2, 0.8, 0.97))]
    lost = len(answer[name]) - len(kept)
    answer[name] = kept
    answer["NextToken"] = "more"
    return data, f"{path}: {lost} of {name} not fetched"


WAYS = [drop_member, drop_member, refuse_call, cut_list]


# ---- One fleet ----------------------------------------------------------------------------------

class Trial:
    def __init__(self, judge, source, copy, base):
        self.judge, self.source, self.base = judge, source, base
        self.folder = pathlib.Path(copy)
        self.skipped = self.runs = 0

    def run(self, changes):
        """Breaches when files of one account and Region have another text, or are gone."""
        path = changes[0][0]
        whole = [(self.folder / file, (self.folder / file).read_text()) for file, _ in changes]
        for file, text in changes:
            if text is None:
                (self.folder / file).unlink()
            else:
                (self.folder / file).write_text(text)
        try:
            lines, error = self.judge.lines(self.folder)
        finally:
            for target, text in whole:
                target.write_text(text)
        self.runs += 1
        if lines is None:
            self.skipped += 1
            return [] if "rdspol" in error else [error]
        return list(self.base.breaches(lines, path.parts[:2]))


TOGETHER = ["backup", "kms|key|alias", "secret", "subnet|vpc|route", "topic|event", "snapshot", "parameter", "prox"]


def together(documents, rng):
    """Files that may be missing at once: of one kind, or any half of one account and Region."""
    for place in sorted({path.parts[:2] for path in documents.paths}):
        here = [path for path in documents.paths if path.parts[:2] == place]
        for words in TOGETHER:
            kind = [path for path in here if re.search(words, path.name)]
            yield kind, f"{'/'.join(place)}: no file about {words}"
        for _ in range(4):
            yield rng.sample(here, len(here) // 2), f"{'/'.join(place)}: half of the files"


def steps(documents, rng, exempt):
    """Lists of (file, its text or None), and what that is."""
    for path in documents.paths:
        yield [(path, None)], f"{path}: not there"
    for paths, what in together(documents, rng):
        if paths:
            yield [(path, None) for path in paths], what
    while True:
        path = rng.choice(documents.paths)
        data, what = rng.choice(WAYS)(documents, path, rng, exempt)
        if data is not None:
            yield [(path, json.dumps(data, indent=1))], what


def check_fleet(judge, folder, seconds, rng, verbose):
    documents = Documents(folder)
    documents.normalise()
    lines, error = judge.lines(folder)
    if lines is None:
        print(f"the fleet itself is refused: {error}")
        return 1
    base, workers = Base(lines), os.cpu_count() or 1
    trials = []
    for i in range(workers):
        copy = f"{folder}.{i}"
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        trials.append(Trial(judge, folder, copy, base))
    source, end, failed = steps(documents, rng, facts_by_absence()), time.monotonic() + seconds, 0
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        while True:
            batch = [next(source) for _ in trials]
            late = time.monotonic() > end and all(changes[0][1] is not None for changes, _ in batch)
            if late:
                break
            done = pool.map(lambda t: t[0].run(t[1][0]), zip(trials, batch))
            for (_, what), breaches in zip(batch, done):
                failed += bool(breaches)
                if breaches:
                    print(what)
                    for breach in breaches[:None if verbose else 5]:
                        print(f"    {breach}")
                    print(f"    ({len(breaches)} verdicts)")
    runs, skipped = sum(t.runs for t in trials), sum(t.skipped for t in trials)
    print(f"{runs} removals, {skipped} refused as input, {failed} breaches, "
          f"{len(base.verdicts)} verdicts each")
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=4,
                        help="for each fleet and policies; every file is removed in any case")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--instances", type=int, default=200)
    parser.add_argument("--policies", default="all")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    program, maker = find_program(), find_maker()
    if program is None or maker is None:
        print("skipped: needs the program and tools/make-fleet of shared/")
        return SKIPPED
    failed = 0
    with tempfile.TemporaryDirectory() as root:
        for name, fleet, run in FLEETS:
            folder = os.path.join(root, name)
            subprocess.run([sys.executable, maker, "--rich", "--instances", str(options.instances),
                            "--out", folder, "--quiet", "--now", NOW] + fleet, check=True)
            for policies in options.policies.split(","):
                print(f"== {policies} over {name}")
                failed += check_fleet(Judge(program, policies, run), folder, options.seconds,
                                      random.Random(options.seed), options.verbose)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
