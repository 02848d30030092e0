#!/usr/bin/env python3
"""schema.py RDSPOL: the json report is valid by docs/findings.schema.json, and ndjson agrees with it.

Without the module jsonschema (exit status 77: skipped) only the counts are compared.
"""
import collections
import json
import os
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def report(rdspol, form, *arguments):
    command = [rdspol, "run", "all", "--now", "2026-11-24", "--format", form, *arguments, "examples/fleet"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False)
    assert done.returncode in (0, 1, 3), done.returncode
    return done.stdout.decode()


def main():
    rdspol = os.path.abspath(sys.argv[1])
    documents = []
    for extra in ([], ["--waivers", "examples/waivers.rdspol"]):
        document = json.loads(report(rdspol, "json", *extra))
        counts = collections.Counter(finding["verdict"] for finding in document["findings"])
        for verdict in ("pass", "fail", "unknown", "not_applicable", "waived"):
            assert counts[verdict] == document["summary"][verdict], verdict
        lines = [json.loads(line) for line in report(rdspol, "ndjson", *extra).splitlines()]
        assert lines[-1]["summary"] == document["summary"]
        assert [line["fingerprint"] for line in lines[:-1]] == [f["fingerprint"] for f in document["findings"]]
        assert len({f["fingerprint"] for f in document["findings"]}) == len(document["findings"])
        documents.append(document)
    assert documents[1]["summary"]["waived"] > 0
    try:
        import jsonschema
    except ImportError:
        print("jsonschema is not installed: the document was not validated")
        return 77
    with open(os.path.join(ROOT, "docs", "findings.schema.json"), encoding="utf-8") as file:
        schema = json.load(file)
    for document in documents:
        jsonschema.validate(document, schema)
    return 0


if __name__ == "__main__":
    sys.exit(main())
