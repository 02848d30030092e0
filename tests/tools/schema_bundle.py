#!/usr/bin/env python3
"""Write a bundle that holds the whole schema and no policies.

For tests and measurements of the readers: they need what a bundle says about fields, not what it
judges, and should not need the compiler. Reads stdlib-policies/schema/*.rdspol.

Usage: schema_bundle.py OUT.rpb [FIELD...]
FIELD: table.field; given any, only these, keys and what they refer to are kept.
"""
import os
import re
import struct
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCHEMA = os.path.join(ROOT, "stdlib-policies", "schema")
NONE = 0xffffffff
SECTIONS = ("bytes string const set item table column join list path step source arg text param policy label clause "
            "observed message witness template piece waiver member pack need file insn place info").split()
KINDS = {"bool": 0, "int": 1, "float": 2, "string": 3, "time": 4, "duration": 5, "cidr": 6, "version": 7}
REF = 8
RESOURCE, RECORD, ENTRIES, ELEMENTS = 1, 2, 3, 4
FORMAT = open(os.path.join(ROOT, "vm", "format.def")).read().replace("\\\n", " ")
RANGES = {name.lower(): [kind.startswith("FIRST_") for kind in re.findall(r"F\(\w+, (\w+)\)", fields)]
          for name, fields in re.findall(r"^#define RP_FIELDS_(\w+)\(F\)(.*)", FORMAT, re.M)}
TOKEN = re.compile(r'\s*(?:#[^\n]*|("(?:[^"\\]|\\.)*")|([A-Za-z_]\w*)|(\?\?|->|-?\d+|\S))')


def pack(section, rows):
    """Records as vm/format.h says: each word as how far it is from the expected one."""
    out, before = bytearray(), None
    for row in rows:
        for i, word in enumerate(row):
            guess = 0 if before is None else before[i] + (before[i + 1] if RANGES[section][i] else 0)
            off = (word - guess) & NONE
            number = (off << 1 ^ (NONE if off >> 31 else 0)) & NONE
            while number >= 0x80:
                out.append(number & 0x7f | 0x80)
                number >>= 7
            out.append(number)
        before = row
    return bytes(out)


class Parser:
    def __init__(self, text):
        self.toks, pos = [], 0
        while True:
            m = TOKEN.match(text, pos)
            if not m:
                break
            pos = m.end()
            if m.lastindex:
                self.toks.append(m.group(m.lastindex))
        self.i = 0

    def peek(self, k=0):
        return self.toks[self.i + k] if self.i + k < len(self.toks) else ""

    def next(self):
        self.i += 1
        return self.toks[self.i - 1]

    def take(self, tok):
        if self.peek() == tok:
            self.i += 1
            return True
        return False

    def parse(self, out):
        while self.i < len(self.toks):
            word = self.next()
            if word == "enum":
                out["enums"].add(self.next())
            elif word == "record":
                name = self.next()
                out["records"][name] = {"fields": self.fields(), "sources": []}
            elif word == "resource":
                name, kind, sources = self.next(), self.next().strip('"'), []
                if self.peek() == "from":
                    sources.append(self.source())
                out["resources"][name] = {"type": kind, "sources": sources, "fields": self.fields()}
            elif word == "def":
                return

    def source(self):
        self.take("from")
        service = self.next()
        self.take(":")
        operation, args, member = self.next(), [], None
        if self.take("("):
            while not self.take(")"):
                name = self.next()
                self.take(":")
                value = [self.next()]
                while self.take("."):
                    value.append(self.next())
                args.append((name, value))
                self.take(",")
        if self.peek().startswith('"'):
            member = self.next().strip('"')
        return {"service": service, "operation": operation, "args": args, "member": member}

    def fields(self):
        out = []
        self.take("{")
        while not self.take("}"):
            if self.peek() == "from":
                source = self.source()
                if self.peek() == "when":
                    while self.peek() != "{":
                        self.next()
                out.append(("group", source, self.fields()))
            else:
                out.append(self.field())
        return out

    def kind(self):
        if self.take("["):
            inner = self.kind()
            self.take("]")
            return ("list", inner)
        if self.take("{"):
            self.kind()
            self.take(":")
            inner = self.kind()
            self.take("}")
            return ("map", inner)
        if self.peek().startswith('"'):
            self.next()
            while self.take("|"):
                self.next()
            return "string"
        return self.next()

    def field(self):
        f = {"role": None, "paths": [], "json": False, "lower": False, "default": None, "joins": [], "by": False}
        if self.peek() in ("key", "unique") and self.peek(1) != ":":
            f["role"] = self.next()
        f["name"] = self.next()
        self.take(":")
        f["type"] = self.kind()
        f["optional"] = self.take("?")
        if self.take("by"):
            f["by"] = True
            self.next()
            while self.take("."):
                self.next()
        if self.take("="):
            f["paths"].append(self.next().strip('"'))
            while self.take(","):
                f["paths"].append(self.next().strip('"'))
        if self.take("as"):
            self.next()
            f["json"] = True
        if self.take("ignoring"):
            self.next()
            f["lower"] = True
        if self.take("??"):
            f["default"] = self.next()
            if f["default"] in "[{":
                self.next()
        if self.take("->"):
            while True:
                table = self.next()
                self.take(".")
                f["joins"].append((table, self.next()))
                if not self.take(","):
                    break
            self.take("?")
        return f


class Writer:
    def __init__(self, schema, keep):
        self.s, self.keep = schema, keep
        self.rows = {n: [] for n in SECTIONS}
        self.bytes, self.strings, self.consts = b"", {}, {}
        self.tables, self.names = [], {}
        self.later = []

    def string(self, text):
        if text is None:
            return NONE
        if text not in self.strings:
            data = text.encode()
            self.rows["string"].append((len(self.bytes), len(data)))
            self.bytes += data
            self.strings[text] = len(self.strings)
        return self.strings[text]

    def const(self, kind, text):
        number = {"true": 1, "false": 0}.get(text)
        if kind in (1, 0):
            value = number if number is not None else int(text)
            self.rows["const"].append((kind, value & 0xffffffff, value >> 32))
        else:
            self.rows["const"].append((kind, self.string(text.strip('"')), 0))
        return len(self.rows["const"]) - 1

    def base(self, name):
        """(kind, table) of a named type."""
        if name in KINDS:
            return KINDS[name], 0
        if name in self.s["enums"]:
            return 3, 0
        return REF, self.names[name]

    def add_table(self, name, kind, fields, sources, type_name=None):
        self.tables.append({"name": name, "kind": kind, "fields": fields, "sources": sources, "type": type_name})
        return len(self.tables) - 1

    def wanted(self, table, f):
        return not self.keep or f["role"] or "%s.%s" % (table, f["name"]) in self.keep

    def layout(self):
        for n, r in list(self.s["records"].items()) + list(self.s["resources"].items()):
            fields, sources = {}, list(r["sources"])
            resource = "type" in r
            for f in r["fields"]:
                group = f[1] if isinstance(f, tuple) else None
                for one in (f[2] if group else [f]):
                    if one["by"] or not self.wanted(n, one):
                        continue
                    known = fields.setdefault(one["name"], dict(one, at=[]))
                    if group and group not in sources:
                        sources.append(group)
                    known["at"].append((group or (sources[0] if resource and sources else None), one["paths"]))
            self.names[n] = self.add_table(n, RESOURCE if resource else RECORD, list(fields.values()), sources, r.get("type"))

    def type_word(self, name, optional):
        kind, table = self.base(name)
        return kind | (0x80 if optional else 0) | table << 16

    def steps(self, path):
        out = []
        for part in re.findall(r"\^\w+|\{\w+\}\.\{\w+\}|[\w:-]+|\[[^]]*\]", path):
            if part.startswith("^"):
                out.append((7, part[1:], None))
            elif part.startswith("{"):
                a, b = re.findall(r"\w+", part)
                out.append((6, a, b))
            elif part == "[]":
                out.append((2, None, None))
            elif part == "[0]":
                out.append((3, None, None))
            elif "=" in part:
                a, b = part[1:-1].split("=")
                out.append((5, a, b))
            elif part.startswith("["):
                out.append((4, part[1:-1], None))
            else:
                out.append((1, part, None))
        return out

    def paths(self, t, f):
        first, count = len(self.rows["path"]), 0
        for source, paths in f.get("at", []):
            number = t["first_source"] + t["sources"].index(source) if source in t["sources"] else NONE
            for p in paths:
                steps = self.steps(p)
                self.rows["path"].append((number, len(self.rows["step"]), len(steps)))
                for kind, name, value in steps:
                    self.rows["step"].append((kind, self.string(name), self.string(value)))
                count += 1
        return first, count

    def element(self, owner, f):
        """The table of a list's elements."""
        shape, inner = f["type"]
        if shape == "list" and inner in self.s["records"]:
            return self.names[inner]
        value = {"name": "value", "type": inner, "optional": False, "default": None, "joins": f["joins"], "json": False,
                 "role": None}
        fields = [value]
        if shape == "map":
            fields.insert(0, {"name": "key", "type": "string", "optional": False, "default": None, "joins": [], "json": False,
                              "role": None, "lower_key": f["lower"]})
        return self.add_table("%s.%s" % (owner, f["name"]), ENTRIES if shape == "map" else ELEMENTS, fields, [])

    def write_table(self, n):
        t = self.tables[n]
        hidden = []
        if t["kind"] == RESOURCE:
            hidden = [{"name": "account", "type": "string"}]
            if t["name"] != "region":
                hidden.append({"name": "region", "type": "region"})
        columns = [f for f in t["fields"] if isinstance(f["type"], str)] + [
            dict(h, optional=False, default=None, joins=[], json=False, role=None) for h in hidden]
        lists = [f for f in t["fields"] if not isinstance(f["type"], str)]
        t["first_column"], t["first_list"] = len(self.rows["column"]), len(self.rows["list"])
        t["columns"] = {f["name"]: t["first_column"] + i for i, f in enumerate(columns)}
        t["lists"] = {f["name"]: t["first_list"] + i for i, f in enumerate(lists)}
        for f in columns:
            kind = self.base(f["type"])[0]
            first, count = self.paths(t, f)
            flags = {"key": 1, "unique": 2}.get(f["role"], 0) | (8 if f["json"] else 0) | (4 if f.get("lower_key") else 0)
            default = self.const(kind, f["default"]) if f["default"] and f["default"] not in "[{" else NONE
            self.rows["column"].append([n, self.string(f["name"]), self.type_word(f["type"], f["optional"]), 1, flags, NONE,
                                        default, f["joins"], 0, first, count])
        for f in lists:
            first, count = self.paths(t, f)
            flags = (1 if f["default"] else 0) | (2 if f["json"] else 0) | (4 if f["lower"] else 0)
            self.rows["list"].append((n, self.string(f["name"]), self.element(t["name"], f), 2 if f["type"][0] == "map" else 1,
                                      flags, NONE, NONE, NONE, first, count))

    def write_sources(self, n):
        t = self.tables[n]
        for s in t["sources"]:
            group = s not in self.s["resources"].get(t["name"], {"sources": []})["sources"]
            first = len(self.rows["arg"])
            other = False
            for name, value in s["args"]:
                owner = t if len(value) == 1 else self.tables[self.names[value[0]]]
                other |= len(value) > 1
                self.rows["arg"].append((self.string(name), 3 if len(value) > 1 else 2, owner["columns"][value[-1]]))
            kind = 4 if group else 3 if other else 2 if s["args"] else 1
            self.rows["source"].append((n, kind, self.string(s["service"]), self.string(s["operation"]),
                                        self.string(s["member"]), self.string("%s:%s" % (s["service"], s["operation"])),
                                        first, len(self.rows["arg"]) - first))

    def write(self):
        self.layout()
        count = 0
        for t in self.tables:
            t["first_source"] = count
            count += len(t["sources"])
        n = 0
        while n < len(self.tables):
            self.tables[n].setdefault("first_source", count)
            self.write_table(n)
            n += 1
        for n in range(len(self.tables)):
            self.write_sources(n)
        for c in self.rows["column"]:
            joins, c[7] = c[7], len(self.rows["join"])
            target = self.tables[c[2] >> 16]
            wanted = [target["columns"][name] for table, name in joins if target["name"] == table and name in target["columns"]]
            if (c[2] & 0x7f) == REF and not wanted and target["kind"] == RESOURCE:
                wanted = [target["columns"][f["name"]] for f in target["fields"] if f["role"]][:1]
            self.rows["join"] += [(w,) for w in wanted]
            c[8] = len(wanted)
        for t in self.tables:
            role = {f["role"]: t["columns"][f["name"]] for f in t["fields"] if f["role"]}
            key, unique = role.get("key", NONE), role.get("unique", NONE)
            arn = t["columns"].get("arn", NONE)
            self.rows["table"].append((self.string(t["name"]), t["kind"], 1 if t["name"] == "region" else 0,
                                       self.string(t["type"]), key if key != NONE else unique, unique,
                                       arn, t["columns"].get("account", NONE) if t["kind"] == RESOURCE else NONE,
                                       t["columns"].get("region", NONE) if t["kind"] == RESOURCE else NONE,
                                       t["lists"].get("tags", NONE), t["first_column"], len(t["columns"]), t["first_list"],
                                       len(t["lists"]), t["first_source"], len(t["sources"]), 0, 0))
        self.rows["info"].append((self.string("schema"),))
        return self.image()

    def image(self):
        bodies = []
        for n in SECTIONS:
            data = self.bytes if n == "bytes" else pack(n, self.rows[n])
            bodies.append((len(self.bytes) if n == "bytes" else len(self.rows[n]), data))
        offset, head, out = 16 + 48 * len(SECTIONS), b"", b""
        for i, (count, data) in enumerate(bodies):
            pad = -offset % 8
            offset += pad
            out += b"\0" * pad + data
            head += struct.pack("<4I", i, count, offset, len(data)) + b"\0" * 32
            offset += len(data)
        return struct.pack("<4I", 0x00425052, 2, offset, len(SECTIONS)) + head + out


def main():
    schema = {"enums": set(), "records": {}, "resources": {}}
    for name in sorted(os.listdir(SCHEMA)):
        if not name.startswith("meaning"):
            with open(os.path.join(SCHEMA, name), encoding="utf-8") as file:
                Parser(file.read()).parse(schema)
    with open(sys.argv[1], "wb") as out:
        out.write(Writer(schema, set(sys.argv[2:])).write())


if __name__ == "__main__":
    main()
