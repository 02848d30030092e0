#!/usr/bin/env python3
"""Every operation of the schema can be asked live, and collectors/live/wire.txt is what the service models say of
those that answer in XML.

    wire.py            compare; 77 (skip) without the models
    wire.py --bless    write it anew
"""
import glob
import json
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
MODELS = os.path.join(os.environ.get("RDSPOL_SHARED", os.path.join(ROOT, "..", "shared")), "spec", "shapes.json")
SHAPES = os.path.join(ROOT, "collectors", "live", "wire.txt")
CALLS = os.path.join(ROOT, "collectors", "live", "calls.def")
OPERATIONS = os.path.join(ROOT, "collectors", "files", "operations.def")
KINDS = {"string": "text", "integer": "number", "long": "number", "double": "number", "float": "number",
         "boolean": "bool", "timestamp": "time", "structure": "object"}
HEAD = """# Members of answers in XML: what each is called, and what it is on the wire. Read when a collection begins.
#
# service:Operation, then its members, one space deeper for each level: NAME KIND [=WIRE] [ITEM].
# KIND: text, number, bool, time; object; list, whose elements are called ITEM and are texts if nothing
# stands below; map, of texts. WIRE: the element's name where it is not NAME. Sensitive members are
# left out, so that they are dropped where they arrive. Checked against the service models by
# tests/checks/wire.py.
"""


def operations():
    for line in open(OPERATIONS):
        match = re.match(r"OPERATION\((\w+), (\w+),", line)
        if match:
            yield match.groups()


def describe(kind):
    """(our kind, wire name, item name) of a type such as `list wire=groups item=item of string`."""
    words = kind.split(":")[0].split()
    given = dict(word.split("=") for word in words if "=" in word)
    if words[0] == "list":
        return "list", given.get("wire"), given.get("item", "member")
    if words[0] == "map":
        return "map", given.get("wire"), None
    return KINDS[words[0]], given.get("wire"), None


def tree(output):
    """Nested [name, kind, wire, item, children] from paths; parents that are not listed are objects."""
    top = {}
    for path, kind in output.items():
        sensitive = "sensitive" in kind.split(":")[0].split()
        # Settings of options are marked as a whole; AWS itself masks those that are secret.
        if sensitive and not path.endswith("OptionSettings[].Value"):
            continue
        here = top
        names = path.replace("[]", "").split(".")
        for name in names[:-1]:
            here = here.setdefault(name, ["object", None, None, {}])[3]
        found = here.setdefault(names[-1], [None, None, None, {}])
        found[0:3] = describe(kind)
    return top


def lines(members, depth):
    for name, (kind, wire, item, children) in members.items():
        yield " " * depth + name + " " + kind + (f" ={wire}" if wire and wire != name else "") + (
            f" {item}" if item else "")
        yield from lines(children, depth + 1)


def text(models):
    out = [HEAD.rstrip("\n")]
    for service, operation in operations():
        model = models["services"][service]
        if model["protocol"] in ("query", "ec2"):
            out.append(f"{service}:{operation}")
            out.extend(lines(tree(model["operations"][operation]["output"]), 1))
    return "\n".join(out) + "\n"


def not_asked():
    """Operations of the schema that calls.def lacks."""
    calls = set(re.findall(r"^CALL\((\w+), (\w+),", open(CALLS).read(), re.M))
    for path in sorted(glob.glob(os.path.join(ROOT, "stdlib-policies", "schema", "*.rdspol"))):
        for service, operation in re.findall(r"\bfrom (\w+):(\w+)", open(path).read()):
            if (service, operation) not in calls:
                yield f"{os.path.basename(path)}: {service}:{operation} is not in collectors/live/calls.def"


def main():
    missing = list(not_asked())
    if missing:
        print("\n".join(missing))
        return 1
    if not os.path.exists(MODELS):
        print("skipped: the service models are not here")
        return 77
    wanted = text(json.load(open(MODELS)))
    if sys.argv[1:] == ["--bless"]:
        open(SHAPES, "w").write(wanted)
    elif open(SHAPES).read() != wanted:
        print("collectors/live/wire.txt differs from the service models: see --bless")
        return 1
    return 0


sys.exit(main())
