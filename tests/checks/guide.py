#!/usr/bin/env python3
"""The examples of docs/language.md: each compiles without a warning, and its tests hold.

usage: guide.py RDSPOL
"""
import pathlib
import re
import subprocess
import sys
import tempfile

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "language.md"


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def main():
    rdspol, failed = sys.argv[1], 0
    text = PAGE.read_text()
    examples = list(re.finditer(r"^```rdspol\n(.*?)^```$", text, re.M | re.S))
    with tempfile.TemporaryDirectory() as folder:
        for number, example in enumerate(examples):
            line = text.count("\n", 0, example.start()) + 2
            file = pathlib.Path(folder, f"example_{number}.rdspol")
            file.write_text(example.group(1))
            tests = re.search(r"^test ", example.group(1), re.M)
            done = run(rdspol, "test" if tests else "check", str(file))
            said = done.stdout + done.stderr
            if done.returncode != 0 or "warning[" in said:
                failed += 1
                print(f"{PAGE.name}:{line}: this example does not hold\n{said}")
    print(f"{len(examples)} examples, {failed} failed")
    return 1 if failed or len(examples) < 10 else 0


if __name__ == "__main__":
    sys.exit(main())
