#!/usr/bin/env python3
"""Our reader of configuration files against that of botocore, on random files with everything that is odd.

usage: profile_botocore.py [COUNT [SEED]]    Needs print_profiles ($RDSPOL_PRINT_PROFILES) and botocore; exits with 77 without.
"""
import os
import random
import subprocess
import sys
import tempfile

from common import SKIPPED

try:
    import botocore.configloader
    import botocore.exceptions
except ImportError:
    print("botocore is not installed")
    sys.exit(SKIPPED)

HEADERS = ["[default]", "[profile a]", "[profile b]", "[ default ]", '[profile "x y"]', "[sso-session s]", "[services t]", "[DEFAULT]",
           "[profile c] # what", "[a]b]", "[]", "[", "[profile é]", "  [profile d]", "[profile 'q]"]
NAMES = ["region", "Region", "role_arn", "s3", "rds", "aws_access_key_id", "a b", "", "é"]
VALUES = ["", "eu-west-1", " x ", "a=b", "a:b", "x # no comment", "x ; no comment", '"quoted"', "é日", "\t", "[x]"]
INDENTS = ["", "", "", "  ", "    ", "\t", "\x0b "]
ENDS = ["\n", "\n", "\n", "\r\n", "\r"]


def make_line(rng):
    kind = rng.randrange(20)
    indent = rng.choice(INDENTS)
    if kind < 4:
        return rng.choice(HEADERS)
    if kind < 14:
        return indent + rng.choice(NAMES) + rng.choice(["=", " = ", ":", " : ", "= "]) + rng.choice(VALUES)
    if kind < 16:
        return indent
    if kind < 18:
        return indent + rng.choice(["# comment = 1", "; comment", "#"])
    return indent + rng.choice(["no delimiter", "x", "endpoint_url = http://a", "\\"])


def make_file(rng):
    lines = [] if rng.random() < 0.05 else [rng.choice(HEADERS[:7])]
    lines += [make_line(rng) for _ in range(rng.randrange(9))]
    text = "".join(line + rng.choice(ENDS) for line in lines).encode()
    return text.replace(b"x", b"\xff", 1) if rng.random() < 0.02 else text


def expected(path):
    try:
        parsed = botocore.configloader.raw_config_parse(path)
    except botocore.exceptions.ConfigParseError:
        return None
    entries = {}
    for section, names in parsed.items():
        for name, value in names.items():
            if isinstance(value, dict):
                entries.update({(section, name, inner): v for inner, v in value.items()})
            else:
                entries[section, "", name] = value
    return entries


def read_answers(lines):
    """For each file what it holds, or what is wrong with it."""
    entries = {}
    for line in lines:
        if line.startswith("error"):
            yield line
        elif line == "end":
            yield entries
            entries = {}
        else:
            section, outer, name, value = (bytes.fromhex(w.replace("-", "")).decode() for w in line.split())
            # A plain value takes the place of a block of [DEFAULT], and the other way round.
            stale = [k for k in entries if k[0] == section and ((outer and k[1:] == ("", outer)) or (not outer and k[1] == name))]
            for key in stale:
                del entries[key]
            entries[section, outer, name] = value


def main():
    tool = os.environ.get("RDSPOL_PRINT_PROFILES", "")
    if not os.access(tool, os.X_OK):
        print("no print_profiles: set RDSPOL_PRINT_PROFILES")
        return SKIPPED
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    files = [make_file(rng) for _ in range(count)]
    text = "".join(f.hex() + "\n" for f in files)
    lines = subprocess.run([tool], input=text, capture_output=True, text=True, check=True).stdout.splitlines()
    answers = list(read_answers(lines))
    if len(answers) != count:
        print(f"{len(answers)} answers to {count} files")
        return 1
    wrong = good = 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "config")
        for content, ours in zip(files, answers):
            with open(path, "wb") as out:
                out.write(content)
            theirs = expected(path)
            good += theirs is not None
            if b"[DEFAULT]" in content and "a block" in str(ours):
                continue  # botocore does not look at blocks of [DEFAULT] that no section lets through
            if (None if isinstance(ours, str) else ours) != theirs:
                wrong += 1
                if wrong <= 3:
                    print(content, ours, theirs, sep="\n  ")
    print(f"{count} files, {good} of them right, {wrong} read differently")
    return 1 if wrong or good < count // 10 else 0


if __name__ == "__main__":
    sys.exit(main())
