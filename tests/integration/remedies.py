#!/usr/bin/env python3
"""Remedies are pasted into shells: names of strangers in them must arrive whole and unexecuted.

The example fleet is judged as it is, then with names that a shell would take for its own. A shell
splits every remedy, with `aws` a function that prints what it is given. Where quoting helps, the
words must be those of the plain fleet with the names exchanged; where it does not, the remedy must be
the replacement that is no command, and even that must do nothing.

usage: remedies.py [--verbose]     Needs the program ($RDSPOL) and a shell; exits with 77 without.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from common import ROOT, SKIPPED, find_program

FLEET = ROOT / "examples" / "fleet"
LEAST_POLICIES = 60  # of how many policies a remedy with a name in it must have been seen
REFUSAL = re.compile(r"\(no command: .* is not safe to paste\)\Z", re.S)
STUB = "aws() { printf 'aws\\0'; printf '%s\\0' \"$@\"; printf 'end\\0'; }\n"
RUN = "echo >pwned"  # leaves a file behind, with nothing but the shell

# Members whose values are names that a remedy may show.
NAMES = {
    "DBInstanceIdentifier", "DBInstanceArn", "DBClusterIdentifier", "DBClusterArn", "DBSnapshotIdentifier", "DBSnapshotArn",
    "DBClusterSnapshotIdentifier", "DBClusterSnapshotArn", "DBProxyName", "DBProxyArn", "DBParameterGroupName",
    "DBClusterParameterGroupName", "OptionGroupName", "GlobalClusterIdentifier", "DBShardGroupIdentifier", "GroupId",
    "VpcSecurityGroupId", "SecretArn", "ARN", "KeyId", "Arn", "KmsKeyId", "VpcId", "RecoveryPointArn", "BackupVaultName",
    "TopicArn", "SnsTopicArn", "DBSubnetGroupArn", "DBSecurityGroupArn", "DBInstanceClass", "ResourceName",
    "RotationLambdaARN"}
FREE = "fraud-dev-000000"  # a name of the fleet that stands in free text too: tags, descriptions
TAGS = [{"Key": "aws:owner", "Value": FREE}]
KEPT = re.compile(r"default|alias/aws/|arn:aws:iam::aws:")  # names that mean something

# Settings that fail, so that as many policies as can be have something to mend.
WORST = {
    "PubliclyAccessible": True, "MultiAZ": False, "AutoMinorVersionUpgrade": False, "CopyTagsToSnapshot": False,
    "DeletionProtection": False, "IAMDatabaseAuthenticationEnabled": False, "BackupRetentionPeriod": 1, "RequireTLS": False,
    "DebugLogging": True, "Encrypted": False, "KeyRotationEnabled": False, "RotationEnabled": False, "TagList": TAGS, "Tags": TAGS,
    "EnabledCloudwatchLogsExports": [], "MonitoringInterval": 0, "IAMAuth": "DISABLED", "KeyState": "PendingDeletion",
    "MasterUsername": "admin", "AttributeValues": ["all", "234567890123"], "IsEncrypted": False, "CidrIp": "0.0.0.0/0",
    "InternetAccessGatewayEnabled": True, "BacktrackWindow": 0, "SubscriptionsConfirmed": "0", "Description": FREE}

# Free text, and a place inside quotes, where the library's own remedies have none.
OWN = """policy outside on instance {
  require false
  remedy  "aws rds add-tags-to-resource --resource-name {instance.arn} --tags Key=owner,Value={instance.tags["aws:owner"]}"
}
policy described on security_group {
  require false
  remedy  "aws ec2 modify-security-group {security_group.description}"
}
policy inside on instance {
  require false
  remedy  "aws sns publish --subject 'ask {instance.tags["aws:owner"]} about it'"
}
policy doubly_inside on instance {
  require false
  remedy  "aws sns publish --subject \\"ask {instance.id} about it\\""
}
"""
INSIDE = ("inside", "doubly_inside")  # refused as soon as there is anything to quote

# What a name becomes; the name itself stays in it, so that names stay different.
QUOTED = {
    "quotes": "{}'\"' x", "substitution": "{}$(" + RUN + ")", "backticks": "{}`" + RUN + "`", "separators": "{};" + RUN + ";#&|<>",
    "spaces": "{} a  b", "unicode": "{}\u00e9 \u6f22\u5b57\u202e", "patterns": "{}*?[a]{{b,c}}~!\\", "variables": "{}$HOME${{IFS}}$1",
    "comment": "~# {}"}
REFUSED = {
    "line ends": "{}\n" + RUN + "\n", "controls": "{}\x1b[2J\x07$(" + RUN + ")", "option": "--profile={}$(" + RUN + ")",
    "address": "file://{}`" + RUN + "`"}


def strings(node, member=""):
    """Every text of a document with the member it stands in."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from strings(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value, member)
    elif isinstance(node, str):
        yield member, node


def worsen(node):
    """The document with settings that fail."""
    if isinstance(node, dict):
        return {k: WORST[k] if k in WORST and type(v) is type(WORST[k]) else worsen(v) for k, v in node.items()}
    return [worsen(v) for v in node] if isinstance(node, list) else node


def exchange(node, names):
    """The document with names exchanged wherever they stand, as keys too."""
    if isinstance(node, dict):
        return {names.get(k, k): exchange(v, names) for k, v in node.items()}
    if isinstance(node, list):
        return [exchange(v, names) for v in node]
    return names.get(node, node) if isinstance(node, str) else node


def split(text, folder):
    """The words that each call of `aws` is given; what the shell says if it does not end well."""
    checked = subprocess.run(["sh", "-n", "-c", text], capture_output=True, cwd=folder, check=False)
    env = {"PATH": str(folder), "HOME": "/home/nobody"}
    done = subprocess.run(["/bin/sh", "-c", STUB + text], capture_output=True, cwd=folder, env=env, stdin=subprocess.DEVNULL, check=False)
    calls, words = [], None
    for part in done.stdout.decode(errors="surrogateescape").split("\0")[:-1]:
        if words is None:
            words = []
        elif part == "end":
            calls.append(words)
            words = None
        else:
            words.append(part)
    trouble = "".join(d.stderr.decode(errors="replace") for d in (checked, done) if d.returncode != 0)
    return calls, trouble


class Judge:
    def __init__(self, program, work):
        self.program, self.work = program, work
        self.documents = {p.name: worsen(json.loads(p.read_text())) for p in FLEET.glob("*.json")}
        self.names = sorted({t for d in self.documents.values() for m, t in strings(d) if m in NAMES and t and not KEPT.match(t)},
                            key=len, reverse=True)
        self.pattern = re.compile("|".join(map(re.escape, self.names)))
        self.own = work / "own.rdspol"
        self.own.write_text(OWN)
        self.errors, self.seen, self.refused, self.plain = [], set(), set(), {}

    def findings(self, form):
        """The remedies of the fleet with its names in a form, by finding (with the plain name)."""
        names = {n: form.format(n) for n in self.names}
        plain = {v: k for k, v in names.items()}
        folder = self.work / "fleet"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, document in self.documents.items():
            (folder / name).write_text(json.dumps(exchange(document, names)))
        out = {}
        for policies in ("strict", self.own):
            for finding in self.run(policies, folder):
                resource = finding["resource"]
                if "remedy" in finding:
                    out[finding["policy"], resource["kind"], plain.get(resource["id"], resource["id"])] = finding["remedy"]
        return out

    def run(self, policies, folder):
        done = subprocess.run([self.program, "run", policies, folder, "--account", "123456789012", "--region", "us-east-1",
                               "--now", "2026-08-01T00:00:00Z", "--format", "json"], capture_output=True, check=False)
        if done.returncode not in (0, 1, 3):
            raise RuntimeError(done.stderr.decode())
        return json.loads(done.stdout)["findings"]

    def shell(self, remedy):
        folder = self.work / "shell"
        folder.mkdir(exist_ok=True)
        calls, trouble = split(remedy, folder)
        left = sorted(p.name for p in folder.iterdir())
        for name in left:
            (folder / name).unlink()
        return calls, trouble, left

    def complain(self, flavour, key, remedy, what):
        self.errors.append(f"{flavour}: {key[0]} on {key[2]}: {what}\n    {remedy!r}")

    def check_command(self, flavour, form, key, base, remedy):
        if base not in self.plain:
            self.plain[base] = self.shell(base)[0]
        words = [[self.pattern.sub(lambda m: form.format(m.group(0)), w) for w in call] for call in self.plain[base]]
        calls, trouble, left = self.shell(remedy)
        if left:
            self.complain(flavour, key, remedy, f"a name was executed: {left}")
        elif calls != words:
            self.complain(flavour, key, remedy, f"the words are {calls}, not {words} {trouble}")
        elif self.pattern.search(base):
            self.seen.add(key[0])

    def check_refusal(self, flavour, key, remedy):
        calls, _, left = self.shell(remedy)
        if not REFUSAL.match(remedy):
            self.complain(flavour, key, remedy, "quoting does not help here, and it is a command")
        elif left or calls:
            self.complain(flavour, key, remedy, f"the replacement does something: {left} {calls}")

    def compare(self, flavour, form, base, quoted):
        """Each remedy once: what differs only in the name says nothing new."""
        told = set()
        for key, remedy in self.findings(form).items():
            first = base.get(key)
            if first is None or key[0] in told:
                continue
            told.add(key[0])
            self.refused |= {key[0]} if REFUSAL.match(remedy) else set()
            if quoted and not REFUSAL.match(first) and key[0] not in INSIDE:
                self.check_command(flavour, form, key, first, remedy)
            elif REFUSAL.match(first) or self.pattern.search(first):
                self.check_refusal(flavour, key, remedy)
            elif remedy != first:
                self.complain(flavour, key, remedy, "it shows no name, and is another one")
        return told


def main():
    program = find_program()
    if shutil.which("sh") is None or program is None:
        print("remedies.py: no shell, or no program")
        return SKIPPED
    with tempfile.TemporaryDirectory() as work:
        judge = Judge(program, pathlib.Path(work))
        base = judge.findings("{}")
        for key, remedy in base.items():
            if key[0] in INSIDE and REFUSAL.match(remedy):
                judge.complain("plain", key, remedy, "a plain name may stand inside quotes")
        for flavours, quoted in ((QUOTED, True), (REFUSED, False)):
            for flavour, form in flavours.items():
                told = judge.compare(flavour, form, base, quoted)
                if "--verbose" in sys.argv:
                    print(f"{flavour}: {len(told)} policies")
        for name in {"outside", "described"} - judge.seen | set(INSIDE) - judge.refused:
            judge.errors.append(f"{name} was not seen")
        if len(judge.seen) < LEAST_POLICIES:
            judge.errors.append(f"remedies with a name of only {len(judge.seen)} policies were seen")
        if "--verbose" in sys.argv:
            print("not seen:", sorted({k[0] for k in base} - judge.seen))
    for error in judge.errors:
        print(error)
    print(f"{len(judge.seen)} policies, {len(judge.errors)} errors")
    return 1 if judge.errors else 0


if __name__ == "__main__":
    sys.exit(main())
