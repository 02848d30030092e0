#!/usr/bin/env python3
"""What the pages written by hand say holds: the examples of docs/language.md compile without a warning and their tests
hold; every option and command that README.md and docs/live.md name is there.

usage: guide.py RDSPOL
"""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "language.md"
PROSE = [ROOT / "README.md", ROOT / "docs" / "live.md"]


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def unknown_words(rdspol):
    """Options and commands of the prose that the reference page of the command line does not have."""
    page = run(rdspol, "docs", "cli").stdout
    options = set(re.findall(r"--[a-z][a-z-]+", page))
    commands = set(re.findall(r"rdspol ([a-z]+)", page))
    for path in PROSE:
        text = re.sub(r"^.*(aws |cmake |ctest ).*$", "", path.read_text(), flags=re.M)
        for word in re.findall(r"(?<![\w-])--[a-z][a-z-]+", text):
            if word not in options:
                yield f"{path.name}: there is no option {word}"
        for word in re.findall(r"^(?:build/release/)?rdspol ([a-z]+)", text, re.M):
            if word not in commands:
                yield f"{path.name}: there is no command {word}"


def main():
    rdspol, failed = sys.argv[1], 0
    for problem in unknown_words(rdspol):
        failed += 1
        print(problem)
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
