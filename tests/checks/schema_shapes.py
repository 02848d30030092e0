#!/usr/bin/env python3
"""Check the schema against the recorded shapes of the AWS API.

Every operation, argument and member path of stdlib-policies/schema/*.rdspol must exist in
shapes.json, with a type that the field can hold. The one idea: walk the paths from each resource
down through its records, so that a shared record is checked in every answer that uses it. A member
that a record marks optional may be missing in some of these answers, but not in all.

Usage: schema_shapes.py [SHARED]    (or RDSPOL_SHARED; default: shared/ beside the project root)
Exit: 0 clean, 1 mistakes, 77 skipped because the shapes are not there.
"""
import json
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCHEMA = os.path.join(ROOT, "stdlib-policies", "schema")

TOKEN = re.compile(r'\s*(?:#[^\n]*|("(?:[^"\\]|\\.)*")|([a-z_][a-z0-9_]*|[A-Z]\w*)|(\?\?|\?\.|->|\S))')

# what a field's type may read; everything else is a record, an enum or a reference
SCALARS = {
    "string": {"string"}, "version": {"string"}, "cidr": {"string"},
    "bool": {"boolean"}, "int": {"integer", "long"}, "float": {"double", "float"},
    "time": {"timestamp"}, "duration": {"integer", "long"},
}


def tokens(text):
    out, pos = [], 0
    while pos < len(text):
        m = TOKEN.match(text, pos)
        if not m:
            break
        pos = m.end()
        if m.group(1) or m.group(2) or m.group(3):
            line = text.count("\n", 0, m.start(m.lastindex)) + 1
            out.append((m.group(m.lastindex), line))
    return out


class Parser:
    """Just enough of the grammar to read declarations of the schema; `def` and policies are skipped."""

    def __init__(self, name, text):
        self.name, self.toks, self.i = name, tokens(text), 0
        self.records, self.resources, self.enums = {}, [], set()

    def peek(self, k=0):
        return self.toks[self.i + k][0] if self.i + k < len(self.toks) else ""

    def next(self):
        tok = self.peek()
        self.i += 1
        return tok

    def where(self):
        return "%s:%d" % (self.name, self.toks[min(self.i, len(self.toks) - 1)][1])

    def want(self, tok):
        at = self.where()
        got = self.next()
        if got != tok:
            raise SystemExit("%s: cannot read the schema: expected %s, found %s" % (at, tok, got))

    def parse(self):
        while self.i < len(self.toks):
            word = self.next()
            if word == "enum":
                self.enums.add(self.next())
            elif word == "record":
                name = self.next()
                self.want("{")
                self.records[name] = self.fields()
            elif word == "resource":
                at, name, kind = self.where(), self.next(), self.next()
                source = self.source() if self.peek() == "from" else None
                self.want("{")
                self.resources.append((at, name, kind, source, self.fields()))
            elif word == "def":  # meaning.rdspol holds no shapes
                return

    def source(self):
        at = self.where()
        self.want("from")
        service = self.next()
        self.want(":")
        operation, args = self.next(), []
        if self.peek() == "(":
            self.next()
            while self.peek() != ")":
                args.append(self.next())
                self.want(":")
                self.next()
                while self.peek() == ".":
                    self.i += 2
                if self.peek() == ",":
                    self.next()
            self.want(")")
        member = self.next().strip('"') if self.peek().startswith('"') else ""
        return at, service, operation, args, member

    def fields(self):
        out = []
        while self.peek() != "}":
            if self.peek() == "from":
                source = self.source()
                if self.peek() == "when":
                    while self.peek() != "{":
                        self.next()
                self.want("{")
                out.append(("group", source, self.fields()))
            else:
                out.append(self.field())
        self.next()
        return out

    def field(self):
        if self.peek() in ("key", "unique") and self.peek(1) != ":":
            self.next()
        at, name = self.where(), self.next()
        self.want(":")
        base, shape = self.type()
        optional = self.peek() == "?"
        if optional:
            self.next()
        paths = []
        if self.peek() == "by":
            self.next()
            self.qname()
            return ("relation", at, name)
        if self.peek() == "=":
            self.next()
            paths.append(self.next().strip('"'))
            while self.peek() == ",":
                self.next()
                paths.append(self.next().strip('"'))
        as_json = self.peek() == "as"
        if as_json:
            self.i += 2
        if self.peek() == "ignoring":
            self.i += 2
        if self.peek() == "??":
            optional = True
            self.next()
            if self.next() in ("[", "{"):
                self.next()
        reference = self.peek() == "->"
        if reference:
            self.next()
            self.qname()
            while self.peek() == ",":
                self.next()
                self.qname()
            if self.peek() == "?":
                self.next()
        return ("field", at, name, base, shape, optional, paths, as_json, reference)

    def qname(self):
        self.next()
        while self.peek() == ".":
            self.i += 2

    def type(self):
        if self.peek() == "[":
            self.next()
            base, _ = self.type()
            self.want("]")
            return base, "list"
        if self.peek() == "{":
            self.next()
            self.want("string")
            self.want(":")
            base, _ = self.type()
            self.want("}")
            return base, "map"
        if self.peek().startswith('"'):
            self.next()
            while self.peek() == "|":
                self.i += 2
            return "string", "one"
        return self.next(), "one"


def kind_of(text):
    """'list item=X of string: a|b' -> ('list', 'string'); 'integer wire=x' -> ('integer', None)"""
    head = text.split(":")[0]
    words = head.split()
    of = words[words.index("of") + 1] if "of" in words else None
    if words[0] == "map":
        of = words[words.index("to") + 1] if "to" in words else None
    return words[0], of


class Shapes:
    def __init__(self, path):
        with open(path, encoding="utf-8") as handle:
            self.services = json.load(handle)["services"]

    def operation(self, service, operation):
        return self.services.get(service, {}).get("operations", {}).get(operation)

    @staticmethod
    def find(output, path):
        """The type at a path; a member that is listed only through its children is a structure."""
        if path == "":
            return "structure", None
        if path in output:
            return kind_of(output[path])
        if any(p.startswith(path + ".") for p in output):
            return "structure", None
        return None, None


class Checker:
    def __init__(self, shapes, records, enums, resources):
        self.shapes, self.records, self.enums = shapes, records, enums
        self.resources = {name for _, name, _, _, _ in resources}
        self.errors, self.paths, self.seen = [], 0, {}

    def error(self, at, text):
        if (at, text) not in self.errors:
            self.errors.append((at, text))

    def resource(self, at, name, source, fields):
        if source is None and name != "region":
            self.error(at, "resource %s has no source" % name)
        self.block(source, fields, name)

    def block(self, source, fields, name):
        output, prefix, args = {}, "", set()
        if source:
            at, service, operation, given, member = source
            found = self.shapes.operation(service, operation)
            if not found:
                self.error(at, "no operation %s:%s" % (service, operation))
                return
            for arg in given:
                if arg not in found["input"]:
                    self.error(at, "%s:%s has no argument %s" % (service, operation, arg))
            for arg, text in found["input"].items():
                if "required" in text.split(":")[0] and "." not in arg and "[" not in arg and arg not in given:
                    self.error(at, "%s:%s needs the argument %s" % (service, operation, arg))
            output, args = found["output"], set(found["input"])
            prefix = self.member(at, output, member)
        self.fields(fields, output, prefix, args, name)

    def member(self, at, output, member):
        if not member:
            return ""
        kind, _ = self.shapes.find(output, member)
        if kind is None:
            self.error(at, "the answer has no member %s" % member)
        return member + ("[]." if kind == "list" else ".")

    def fields(self, fields, output, prefix, args, owner, shared=False):
        for field in fields:
            if field[0] == "group":
                self.block(field[1], field[2], owner)
            elif field[0] == "field":
                self.field(field, output, prefix, args, owner, shared)

    def field(self, field, output, prefix, args, owner, shared):
        _, at, name, base, shape, optional, paths, as_json, reference = field
        if base not in SCALARS and base not in self.records and base not in self.enums and base not in self.resources:
            self.error(at, "unknown type %s" % base)
        if not paths and owner != "region":
            self.error(at, "%s.%s has no path" % (owner, name))
        for path in paths:
            self.paths += 1
            problem, where, kind = self.path(path, output, prefix, args)
            key = (at, path)
            if problem and shared and optional:
                self.seen.setdefault(key, problem)
                continue
            self.seen[key] = None
            if problem:
                self.error(at, "%s.%s: %s" % (owner, name, problem))
            elif not as_json:
                self.fits(field, where, kind, output, owner)
            elif kind[0] != "string":
                self.error(at, "%s.%s: %s is no string that could hold JSON" % (owner, name, where))

    def path(self, path, output, prefix, args):
        """-> problem, full path, (kind, of)"""
        if path.startswith("^"):
            arg = path[1:]
            if arg not in args:
                return "the call has no argument %s" % arg, None, None
            return None, path, ("string", None)
        where, kind = prefix.rstrip("."), None
        through_list = False
        for step in re.findall(r"[^.\[\]]+(?:\[[^\]]*\])?", path):
            member, _, inside = step.partition("[")
            where = (prefix + member) if where == prefix.rstrip(".") and kind is None else where + "." + member
            kind = self.shapes.find(output, where)
            if kind[0] is None:
                return "the answer has no member %s" % where, None, None
            if inside:
                inside = inside.rstrip("]")
                if kind[0] != "list":
                    return "%s is no list" % where, None, None
                through_list = through_list or inside == ""
                where += "[]"
                label = inside.split("=")[0]
                if label and not label.isdigit() and self.shapes.find(output, where + "." + label)[0] is None:
                    return "elements of %s have no member %s" % (where, label), None, None
                kind = ("structure", None) if kind[1] is None else (kind[1], None)
                if label and not label.isdigit() and "=" not in inside:
                    kind = ("map", kind[0])
        return None, where, ("list", kind[0]) if through_list and kind[0] != "list" else kind

    def fits(self, field, where, kind, output, owner):
        _, at, name, base, shape, _, paths, _, reference = field
        kind, of = kind
        keyed = any(re.search(r"\[[A-Za-z]+\]", p) for p in paths)
        if shape == "map":
            if not keyed and kind != "map":
                self.error(at, "%s.%s: %s is a %s, not a map" % (owner, name, where, kind))
            inner = self.shapes.find(output, where)[0] if keyed else of
            self.scalar(at, owner, name, base, where if keyed else None, inner, output)
        elif shape == "list":
            if kind != "list":
                self.error(at, "%s.%s: %s is a %s, not a list" % (owner, name, where, kind))
            elif base in self.records:
                self.record(base, output, where + "[].")
            elif of not in (None, "structure"):
                self.scalar(at, owner, name, base, None, of, output)
            elif of is None and base in SCALARS:
                self.error(at, "%s.%s: elements of %s are structures" % (owner, name, where))
        elif base in self.records:
            if kind != "structure":
                self.error(at, "%s.%s: %s is a %s, not a structure" % (owner, name, where, kind))
            self.record(base, output, where + ".")
        else:
            self.scalar(at, owner, name, base, None, kind, output)

    def scalar(self, at, owner, name, base, where, kind, output):
        if base in self.records:
            if where is not None:
                self.record(base, output, where + ("" if where.endswith(".") else "."))
            return
        allowed = SCALARS.get(base, {"string"})  # enums and references are text
        if kind not in allowed:
            self.error(at, "%s.%s is a %s, the API gives a %s" % (owner, name, base, kind))

    def record(self, name, output, prefix):
        self.fields(self.records[name], output, prefix, set(), name, shared=True)

    def finish(self):
        for (at, path), problem in self.seen.items():
            if problem:
                self.error(at, "%s, in no answer that uses the record" % problem)


def main():
    shared = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("RDSPOL_SHARED", os.path.join(ROOT, "..", "shared"))
    shapes_path = os.path.join(shared, "spec", "shapes.json")
    if not os.path.exists(shapes_path):
        print("skipped: no spec/shapes.json where RDSPOL_SHARED or the argument says")
        return 77
    records, enums, resources = {}, set(), []
    for file in sorted(os.listdir(SCHEMA)):
        if file.endswith(".rdspol"):
            with open(os.path.join(SCHEMA, file), encoding="utf-8") as handle:
                parser = Parser(file, handle.read())
            parser.parse()
            records.update(parser.records)
            enums |= parser.enums
            resources += parser.resources
    checker = Checker(Shapes(shapes_path), records, enums, resources)
    for at, name, _, source, fields in resources:
        checker.resource(at, name, source, fields)
    checker.finish()
    for at, text in checker.errors:
        print("%s: %s" % (at, text))
    if not resources or not checker.paths:
        print("no schema was found")
        return 1
    print("%d resources, %d paths, %d mistakes" % (len(resources), checker.paths, len(checker.errors)))
    return 1 if checker.errors else 0


if __name__ == "__main__":
    sys.exit(main())
