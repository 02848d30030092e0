#!/usr/bin/env python3
"""Facts in every layout give the same findings: files of the AWS CLI, one saved document, and files made of that.

Exits 77 (skip) without the maker of fleets. Findings may differ in `inputs` and `location` only.
"""
import json
import os
import subprocess
import sys
import tempfile

import common

NOW = "2026-11-24T00:00:00Z"
FLEETS = [["--rich", "--seed", "3"], ["--rich", "--seed", "4", "--gaps", "0.1", "--bad", "3", "--layout", "split"]]


def findings(program, path):
    done = subprocess.run([program, "run", "all", path, "--now", NOW, "--format", "json"], capture_output=True, text=True)
    if done.returncode == 2:
        sys.exit(done.stderr)
    found = json.loads(done.stdout)["findings"]
    for finding in found:
        finding.pop("location", None)
    return found


def main():
    program, maker = common.find_program(), common.find_maker()
    if program is None or maker is None:
        print("skipped: the program or the maker of fleets is not here")
        return common.SKIPPED
    bad = 0
    for options in FLEETS:
        with tempfile.TemporaryDirectory() as folder:
            layouts = [os.path.join(folder, name) for name in ("fleet", "facts.json", "facts.json.gz", "files")]
            subprocess.run([sys.executable, maker, "--instances", "20", "--accounts", "2", "--regions", "2", *options, "--out", layouts[0]],
                           check=True, stdout=subprocess.DEVNULL)
            for before, after in zip(layouts, layouts[1:]):
                subprocess.run([program, "facts", "convert", before, "-q", "-o", after], check=True)
            wanted = findings(program, layouts[0])
            odd = [os.path.basename(path) for path in layouts[1:] if findings(program, path) != wanted]
            print(f"{len(wanted)} findings, other ones from: {', '.join(odd) or 'no layout'}")
            bad += bool(odd) or len(wanted) < 100
    return 1 if bad else 0


sys.exit(main())
