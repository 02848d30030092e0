#!/usr/bin/env python3
"""coverage.py [--bless]: docs/reference/coverage.md is what the standard library's sources say.

For each check its policies, the kind of resource, and what their tests expect: how many passes,
fails, unknowns and resources out of scope, and of which engines a pass or a fail is shown. A policy
without a test for each of its verdicts is an error. --bless writes the page anew; read the diff.
"""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY, PAGE = ROOT / "stdlib-policies", ROOT / "docs" / "reference" / "coverage.md"
POLICY = re.compile(r"^policy (\w+) on (\w+) \{\n(.*?)^\}", re.M | re.S)
TEST = re.compile(r'^test "((?:[^"\\]|\\.)*)" \{\n(.*?)^\}', re.M | re.S)
ROW = re.compile(r'^  (\w+) \{ (?:id|name|arn): "([^"]+)"(.*)\}$', re.M)
EXPECT = re.compile(r'^  expect (\w+) (?:\w+\.)?(\w+)(?: on "([^"]+)")?', re.M)
VERDICTS = ("pass", "fail", "not_applicable", "unknown")


class Policy:
    def __init__(self, name, kind, body):
        self.name, self.kind = name, kind
        self.controls = re.findall(r'"((?:practice|securityhub|cis|strict):[^"]+)"', body)
        self.severity = re.search(r"^  severity +(\w+)", body, re.M).group(1)
        self.scoped = re.search(r"^  when ", body, re.M) is not None
        self.counts, self.engines = collections.Counter(), set()


def read():
    policies, errors = {}, []
    texts = [p.read_text() for p in sorted(LIBRARY.rglob("*.rdspol"))]
    for text in texts:
        for match in POLICY.finditer(text):
            policies[match.group(1)] = Policy(*match.groups())
    for text in texts:
        for _, body in TEST.findall(text):
            engines = {(kind, key): re.search(r'engine: "([^"]+)"', rest) for kind, key, rest in ROW.findall(body)}
            for verdict, name, key in EXPECT.findall(body):
                policy = policies[name]
                policy.counts[verdict] += 1
                engine = engines.get((policy.kind, key))
                if engine and verdict in ("pass", "fail"):
                    policy.engines.add(engine.group(1))
    for policy in policies.values():
        errors += [f"{policy.name} has no test for {v}" for v in VERDICTS
                   if not policy.counts[v] and (v != "not_applicable" or policy.scoped)]
    return policies, errors


def order(check):
    """Practices, then the strict level, then controls by number, then CIS."""
    module, rest = check.split(":", 1)
    parts = re.findall(r"\d+|[A-Za-z]+", rest)
    return (("practice", "strict", "securityhub", "cis").index(module),
            [(1, int(p), "") if p.isdigit() else (0, 0, p) for p in parts])


def page(policies):
    checks = collections.defaultdict(list)
    for policy in policies.values():
        for control in policy.controls:
            checks[control].append(policy)
    lines = ["# What is checked, and what its tests show", "",
             "From the sources of the standard library, by `tests/checks/coverage.py`. The numbers are expectations in tests:",
             "pass, fail, out of scope, unknown. Engines are those of which a test shows a pass or a fail.", "",
             f"{len(policies)} policies, {len(checks)} checks and items, "
             f"{sum(sum(p.counts.values()) for p in policies.values())} expectations.", "",
             "| check | policy | on | severity | pass | fail | n/a | unknown | engines |",
             "| --- | --- | --- | --- | ---: | ---: | ---: | ---: | --- |"]
    for check in sorted(checks, key=order):
        for p in sorted(checks[check], key=lambda p: p.kind):
            numbers = " | ".join(str(p.counts[v]) for v in VERDICTS)
            lines.append(f"| {check} | `{p.name}` | {p.kind} | {p.severity} | {numbers} | {' '.join(sorted(p.engines))} |")
    return "\n".join(lines) + "\n"


def main():
    policies, errors = read()
    text = page(policies)
    if "--bless" in sys.argv:
        PAGE.write_text(text)
    elif not PAGE.exists() or PAGE.read_text() != text:
        errors.append("docs/reference/coverage.md is not what the sources say; see tests/checks/coverage.py --bless")
    for error in errors:
        print(error)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
