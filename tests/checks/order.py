#!/usr/bin/env python3
"""order.py: no two arguments of one call in the front end build something.

C leaves open which argument is computed first, and compilers differ. Where two arguments (or two
members of an initialiser) both make nodes, values or sections, the bundle would depend on the
compiler. A call builds if its first argument is one of the contexts that hold what is built.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONTEXTS = r"&?(?:lower|inner|check|to|emit|emitter|sink->ctx|layout|builder|ir|\w+->ir)"
BUILDS = re.compile(rf"\b(\w+)\({CONTEXTS}\b\s*[,)]")
# Ask a context and change nothing that a bundle shows.
ASKS = {"name_of", "is_live", "rp_ir_type_of"}
LISTS = re.compile(r"\b\w+\(|[=)]\s*\{")


def blank(text):
    """Comments and literals as spaces, so that only code is left, at the same places."""
    pattern = r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)


def parts(text, opening):
    """What stands between the commas of the bracket at `opening`."""
    depth, start, found = 0, opening + 1, []
    for at in range(opening, len(text)):
        if text[at] in "([{":
            depth += 1
        elif text[at] in ")]}":
            depth -= 1
            if depth == 0:
                return [*found, text[start:at]]
        elif text[at] == "," and depth == 1:
            found.append(text[start:at])
            start = at + 1
        elif text[at] == ";" and depth == 1 and text[opening] == "{":
            return []  # a body
    return []


def offences(path):
    text = blank(path.read_text(encoding="utf-8"))
    for call in LISTS.finditer(text):
        building = [part for part in parts(text, call.end() - 1)
                    if any(name not in ASKS for name in BUILDS.findall(part))]
        if len(building) > 1:
            yield text.count("\n", 0, call.start()) + 1, building


def main():
    failed = False
    for path in sorted((ROOT / "compiler").glob("*.[ch]")):
        for line, building in offences(path):
            failed = True
            print(f"{path.relative_to(ROOT)}:{line}: which is computed first?")
            for part in building:
                print("    " + " ".join(part.split()))
    return failed


if __name__ == "__main__":
    sys.exit(main())
