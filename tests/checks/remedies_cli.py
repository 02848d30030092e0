#!/usr/bin/env python3
"""remedies_cli.py RDSPOL: the AWS CLI understands every remedy of the standard library.

Each remedy, of the catalogue with its holes filled and of fleets of every engine, is given to the
parser of the AWS CLI that is installed, and what it makes of the words to the validation of the
service's model. Nothing is sent. Exits with 77 where there is no AWS CLI of version 1.
"""
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

try:
    import awscli.clidriver
    import awscli.customizations.waiters
    import botocore
    import botocore.validate
except ImportError:
    print("remedies_cli.py: there is no AWS CLI of version 1")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parents[2]
FLEET = ROOT / "examples" / "fleet"
ENGINES = ("mysql", "mariadb", "postgres", "oracle-ee", "oracle-se2", "sqlserver-ee", "db2-se", "aurora-mysql", "aurora-postgresql")
CLUSTER_ENGINES = {"mysql": "mysql", "postgres": "postgres", "aurora-postgresql": "aurora-postgresql"}

# What a reader puts for the words in capitals, where it is no text.
CHOSEN = {"KEY_ARN": "arn:aws:kms:us-east-1:123456789012:key/x", "NEW_PORT": "5433", "PORT": "5432", "MAX_ACU": "64", "INBOUND_RULES": "IpProtocol=-1", "OUTBOUND_RULES": "IpProtocol=-1"}
# Options that older versions of the model lack.
NEWER = {"--no-enable-internet-access-gateway": (1, 44), "--enable-vpc-networking": (1, 44)}
# What holes of the catalogue hold, where it is no text. Computed pieces of commands come from fleets.
FILLED = {"arn": "arn:aws:kms:us-east-1:123456789012:key/x", "allocated_storage": "100", "port": "5432", "tls_apply_method": "immediate", "changed_on": "instance"}
COMPUTED = re.compile(r"\{(instance|cluster)\.audit_")
HOLE = re.compile(r"\{([^{}\"]+)\}")


class Checker:
    def __init__(self):
        os.environ.update(AWS_DEFAULT_REGION="us-east-1", AWS_ACCESS_KEY_ID="none", AWS_SECRET_ACCESS_KEY="none",
                          AWS_CONFIG_FILE="/nonexistent", AWS_SHARED_CREDENTIALS_FILE="/nonexistent", AWS_PAGER="")
        self.driver = awscli.clidriver.create_clidriver()
        self.sent, self.told = [], {}
        awscli.clidriver.CLIOperationCaller.invoke = self.invoke
        awscli.customizations.waiters.WaiterCaller.invoke = self.invoke

    def invoke(self, service, operation, parameters, _globals):
        model = self.driver.session.get_service_model(service).operation_model(operation)
        report = botocore.validate.ParamValidator().validate(parameters, model.input_shape)
        self.sent.append(report.generate_report())
        return 0

    def check(self, words):
        """What is wrong with a command; None if nothing is."""
        self.sent = []
        error = tempfile.TemporaryFile("w+")
        old, sys.stderr = sys.stderr, error
        try:
            status = self.driver.main(words)
        except SystemExit as end:
            status = end.code
        finally:
            sys.stderr = old
        error.seek(0)
        said = " ".join(error.read().split())[-300:]
        if status != 0 or len(self.sent) != 1:
            return f"exit {status}: {said}"
        return self.sent[0] or None


def commands(remedy):
    """The commands of a remedy as words, without `aws`."""
    lexer = shlex.shlex(remedy, posix=True, punctuation_chars="&;")
    lexer.whitespace_split = True
    out = [[]]
    for word in lexer:
        if word in ("&&", ";"):
            out.append([])
        else:
            out[-1].append(CHOSEN.get(word, word))
    return out


def is_newer(words):
    """Whether a command has options that the installed model is too old for."""
    version = tuple(int(p) for p in botocore.__version__.split(".")[:2])
    return any(version < NEWER.get(word, (0,)) for word in words)


def fill(match):
    return match.group(1).split(" or ")[0] if " or " in match.group(1) else FILLED.get(match.group(1).split(".")[-1], "x")


def from_catalogue(program):
    done = subprocess.run([program, "docs", "strict", "--format", "json"], capture_output=True, check=True)
    for policy in json.loads(done.stdout)["policies"]:
        remedy = policy.get("remedy", "")
        if COMPUTED.search(remedy):
            continue
        yield policy["name"], HOLE.sub(fill, remedy)
        if "{instance.changed_on}" in remedy:
            yield policy["name"], HOLE.sub(fill, remedy.replace("{instance.changed_on}", "cluster"))


def of_engine(engine, name, document):
    """The fleet's document with all databases of one engine."""
    for row in document.get("DBInstances", []):
        row.update(Engine=engine, EnabledCloudwatchLogsExports=[])
    for row in document.get("DBClusters", []):
        row.update(Engine=CLUSTER_ENGINES.get(engine, "aurora-mysql"), EnabledCloudwatchLogsExports=[])
    if name in ("db-parameters.json", "db-cluster-parameters.json"):
        for answer in document.values():
            answer["Parameters"] = [p for p in answer["Parameters"] if "audit" not in p["ParameterName"]]
    return document


def from_fleets(program):
    for engine in ENGINES:
        with tempfile.TemporaryDirectory() as folder:
            for path in FLEET.glob("*.json"):
                document = of_engine(engine, path.name, json.loads(path.read_text()))
                (pathlib.Path(folder) / path.name).write_text(json.dumps(document))
            done = subprocess.run([program, "run", "strict", folder, "--account", "123456789012", "--region", "us-east-1",
                                   "--now", "2026-08-01T00:00:00Z", "--format", "json"], capture_output=True, check=False)
        for finding in json.loads(done.stdout)["findings"]:
            if finding.get("remedy", "(").startswith("aws "):
                yield finding["policy"], finding["remedy"]


def main():
    program = os.path.realpath(sys.argv[1])
    checker, seen, errors, policies = Checker(), set(), 0, set()
    remedies = list(from_catalogue(program)) + list(from_fleets(program))
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        pathlib.Path("policy.json").write_text("{}")
        for policy, remedy in remedies:
            policies.add(policy)
            for words in commands(remedy):
                # Names differ, options do not: what stands behind options of the fleet is checked once.
                shape = tuple(re.sub(r"[0-9a-f-]{4,}", "", w) for w in words)
                if shape in seen or is_newer(words):
                    continue
                seen.add(shape)
                wrong = "it does not begin with aws" if words[0] != "aws" else checker.check(words[1:])
                if wrong:
                    errors += 1
                    print(f"{policy}: {wrong}\n    {shlex.join(words)}")
        os.chdir("/")
    for name in ("audited_instances", "audited_clusters"):
        if name not in policies:
            errors += 1
            print(f"{name}: no fleet shows its remedy")
    print(f"{len(policies)} policies, {len(seen)} commands, {errors} errors")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
