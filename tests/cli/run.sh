#!/usr/bin/env bash
# run.sh RDSPOL: the command line from outside: exit statuses, options, formats, hostile input,
# output that cannot be written, the same bytes twice.
set -uo pipefail
rdspol=$(realpath "$1")
root=$(realpath "$(dirname "$0")/../..")
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"
failures=0
unset "${!RDSPOL_@}" 2>/dev/null

# expect STATUS NAME COMMAND...: output in out and err.
expect() {
  local want=$1 name=$2
  shift 2
  "$@" >out 2>err </dev/null
  local got=$?
  [ $got -eq "$want" ] && return 0
  echo "FAIL $name: exit $got, not $want"
  sed 's/^/    /' err | head -5
  failures=$((failures + 1))
  return 1
}
says() { # FILE TEXT NAME
  grep -qF -- "$2" "$1" && return 0
  echo "FAIL $3: \"$2\" is not in $1:"
  sed 's/^/    /' "$1" | head -5
  failures=$((failures + 1))
}
holds() { # NAME COMMAND...
  local name=$1
  shift
  "$@" && return 0
  echo "FAIL $name"
  failures=$((failures + 1))
}

fleet=$root/examples/fleet
cat >ok.rdspol <<'P'
policy ok on instance {
  severity high
  require instance.id != ""
}
P
cat >bad.rdspol <<'P'
policy bad on instance {
  severity medium
  require instance.id == "" else "is {instance.id}"
}
P
cat >unknown.rdspol <<'P'
policy open on instance {
  severity low
  require unknown("nobody can see it")
}
P
echo 'require instance.no_such_field' >wrong.rdspol

# Exit statuses.
expect 0 "pass" "$rdspol" run ok.rdspol "$fleet"
expect 1 "fail" "$rdspol" run bad.rdspol "$fleet"
expect 3 "unknown" "$rdspol" run unknown.rdspol "$fleet"
expect 0 "unknown, warn" "$rdspol" run unknown.rdspol --on-unknown warn "$fleet"
expect 0 "fail below the gate" "$rdspol" run bad.rdspol --fail-on high "$fleet"
expect 0 "fail-on none" "$rdspol" run bad.rdspol --fail-on none "$fleet"
expect 0 "exit-zero" "$rdspol" run bad.rdspol --exit-zero "$fleet"
expect 2 "exit-zero and trouble" "$rdspol" run bad.rdspol --exit-zero no-such-folder
expect 2 "does not compile" "$rdspol" run wrong.rdspol "$fleet"
says err "no_such_field" "does not compile"
expect 2 "check" "$rdspol" check wrong.rdspol
expect 0 "check" "$rdspol" check ok.rdspol
expect 2 "no input" "$rdspol" run practices
expect 2 "nothing selected" "$rdspol" run practices --policy no_such_policy "$fleet"
mkdir both && cp bad.rdspol unknown.rdspol both/
expect 1 "fail before unknown" "$rdspol" run both "$fleet"

# Options.
expect 2 "unknown option" "$rdspol" run ok.rdspol --fail-om low "$fleet"
says err "did you mean \`--fail-on\`?" "unknown option"
expect 2 "unknown command" "$rdspol" rum
says err "did you mean \`run\`?" "unknown command"
expect 2 "later option" "$rdspol" run ok.rdspol --baseline old.json facts
says err "--baseline" "later option"

# Live collection, as far as it goes without AWS. Nothing of the user's own configuration is read.
alone=(env -i "PATH=$PATH" AWS_EC2_METADATA_DISABLED=true AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null)
expect 2 "no credentials" "${alone[@]}" "$rdspol" run ok.rdspol --live --region eu-west-1
says err "no AWS credentials" "no credentials"
expect 2 "no Region" "${alone[@]}" AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b AWS_ENDPOINT_URL=http://127.0.0.1:9 "$rdspol" run ok.rdspol --live
expect 2 "nobody answers" "${alone[@]}" AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b AWS_ENDPOINT_URL=http://127.0.0.1:9 AWS_REGION=eu-west-1 "$rdspol" run ok.rdspol --live
says err "sts:GetCallerIdentity" "nobody answers"
expect 2 "no profile" "${alone[@]}" "$rdspol" run ok.rdspol --live --profile nobody
says err "nobody" "no profile"
expect 2 "--live and an input" "$rdspol" run ok.rdspol facts --live
expect 2 "--plan alone" "$rdspol" run ok.rdspol facts --plan
expect 0 "a plan asks nobody" "${alone[@]}" "$rdspol" run practices --practice 9 --live --plan
says out "rds:DescribeGlobalClusters" "a plan asks nobody"
expect 0 "permissions" "$rdspol" permissions practices --practice 9
says out '"rds:DescribeGlobalClusters"' "permissions"
holds "permissions is JSON" bash -c "python3 -m json.tool out >/dev/null"
expect 2 "a format of permissions" "$rdspol" permissions practices --format yaml
expect 2 "facts needs a verb" "$rdspol" facts
expect 2 "facts collect needs a file" "$rdspol" facts collect practices
expect 2 "a folder that is not there" "${alone[@]}" "$rdspol" facts collect practices -o nowhere/facts.json
says err "nowhere/facts.json: No such file" "a folder that is not there"
expect 2 "attempts" "${alone[@]}" AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b AWS_ENDPOINT_URL=http://127.0.0.1:9 "$rdspol" run ok.rdspol --live --region eu-west-1 --max-attempts 0
says err "from 1 to 100" "attempts"
echo "arn:aws:iam::123456789012:role/audit" >roles
aws=("${alone[@]}" AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b AWS_ENDPOINT_URL=http://127.0.0.1:9 AWS_MAX_ATTEMPTS=1)
for other in "--assume-role arn:aws:iam::123456789012:role/x" "--organization x" "--external-id x"; do
  expect 2 "an accounts file and $other" "${aws[@]}" "$rdspol" run ok.rdspol --live --region eu-west-1 --accounts-file roles $other
  says err "not with --assume-role" "an accounts file and $other"
done
expect 2 "a role and an organization" "${aws[@]}" "$rdspol" run ok.rdspol --live --region eu-west-1 --assume-role arn:aws:iam::123456789012:role/x --organization y
says err "do not go together" "a role and an organization"
expect 2 "an external id of nothing" "${aws[@]}" "$rdspol" run ok.rdspol --live --region eu-west-1 --external-id x
says err "that of --assume-role" "an external id of nothing"

# Where nothing was answered must not be lost on the way.
cat >silent.json <<'J'
{"rdspol_facts":1,"answers":[{"Operation":"rds:DescribeDBInstances","account":"123456789012","region":"us-east-1","Response":{"DBInstances":[]}}],
 "scope":[{"account":"123456789012","region":"us-east-1"},{"account":"123456789012","region":"eu-west-1"}]}
J
expect 3 "a Region without answers" "$rdspol" run ok.rdspol silent.json
expect 0 "to another document" "$rdspol" facts convert silent.json -o spoken.json
expect 3 "still without answers" "$rdspol" run ok.rdspol spoken.json
says out "eu-west-1" "still without answers"
expect 2 "files cannot say it" "$rdspol" facts convert silent.json -o spoken
says err "123456789012/eu-west-1: nothing was answered" "files cannot say it"

# Packed facts: the same findings, and nothing else is taken for them.
expect 0 "pack" "$rdspol" facts pack practices "$fleet" -o fleet.rpf
"$rdspol" run practices "$fleet" --now 2026-11-24 --format ndjson | sed 's/,"location":{[^}]*}//' >files.ndjson
"$rdspol" run practices fleet.rpf --now 2026-11-24 --format ndjson | sed 's/,"location":{[^}]*}//' >packed.ndjson
holds "packed facts are the same facts" cmp files.ndjson packed.ndjson
expect 2 "packed facts of other policies" "$rdspol" run ok.rdspol fleet.rpf
says err "pack them anew" "packed facts of other policies"
expect 2 "packed facts and others" "$rdspol" run practices fleet.rpf "$fleet"
says err "judged alone" "packed facts and others"
"$rdspol" facts pack practices "$fleet" -o - >standard.rpf
holds "packed facts on standard output" cmp standard.rpf fleet.rpf
head -c 5000 fleet.rpf >cut.rpf
expect 2 "packed facts that were cut" "$rdspol" run practices cut.rpf
says err "damaged" "packed facts that were cut"
cat >widgets.rdspol <<'P'
resource widget "My::Widget" from file "Widgets" {
  unique id: string = "Id"
  safe: bool = "Safe" ?? true
}
policy safe on widget { require widget.safe }
P
sed 's/"Safe"/"ReallySafe"/' widgets.rdspol >other_path.rdspol
sed "s/?? true/?? false/" widgets.rdspol >other_default.rdspol
mkdir widgets && echo '{"Widgets":[{"Id":"w","ReallySafe":false}]}' >widgets/widgets.json
expect 0 "pack widgets" "$rdspol" facts pack widgets.rdspol widgets -o widgets.rpf
expect 0 "run packed widgets" "$rdspol" run widgets.rdspol widgets.rpf
for other in path default; do
  expect 1 "another $other" "$rdspol" run other_$other.rdspol widgets
  expect 2 "packed by another $other" "$rdspol" run other_$other.rdspol widgets.rpf
  says err "pack them anew" "packed by another $other"
done
echo 'policy p on kms_key { require kms_key.enabled }' >keys.rdspol
mkdir mentions && cp "$fleet/db-instances.json" mentions
expect 3 "keys that are mentioned and were not described" "$rdspol" run keys.rdspol mentions
# Saved facts whose members another tool has sorted are the same facts.
echo 'policy p on instance { require instance.multi_az }' >zones.rdspol
answer='"Operation":"rds:DescribeDBInstances"' first='"account":"111111111111","region":"eu-west-1"'
second='"account":"222222222222","region":"eu-west-1"' denied='"Error":{"Code":"AccessDenied"}'
echo "{\"rdspol_facts\":1,\"answers\":[{$answer,$first,\"Response\":{\"DBInstances\":[]}},{$answer,$second,$denied}]}" >written.json
echo "{\"answers\":[{$answer,\"Response\":{\"DBInstances\":[]},$first},{$denied,$answer,$second}],\"rdspol_facts\":1}" >sorted.json
expect 3 "saved facts" "$rdspol" run zones.rdspol written.json --format ndjson
mv out written.out
expect 3 "saved facts, sorted" "$rdspol" run zones.rdspol sorted.json --format ndjson
holds "the order of members means nothing" cmp written.out out
echo "{\"rdspol_facts\":1,\"answers\":[{$answer,$first,\"Response\":{\"DBInstances\":[]},$denied}]}" >both.json
expect 2 "an answer that is a refusal, too" "$rdspol" run zones.rdspol both.json
says err "both a Response and an Error" "an answer that is a refusal, too"
expect 2 "facts show needs saved facts" "$rdspol" facts show "$fleet/db-instances.json"
says err "rdspol_facts is missing" "facts show needs saved facts"
expect 2 "later command" "$rdspol" fmt ok.rdspol
expect 2 "option of another command" "$rdspol" version --fail-on low
expect 0 "no-" "$rdspol" run bad.rdspol --no-exit-zero --exit-zero "$fleet"
expect 1 "no-" "$rdspol" run bad.rdspol --exit-zero --no-exit-zero "$fleet"
expect 2 "no- of a value" "$rdspol" run bad.rdspol --no-format "$fleet"
expect 0 "environment" env RDSPOL_FAIL_ON=none "$rdspol" run bad.rdspol "$fleet"
expect 1 "flag before environment" env RDSPOL_FAIL_ON=none "$rdspol" run bad.rdspol --fail-on low "$fleet"
expect 2 "environment, later" env RDSPOL_LIVE=1 "$rdspol" run ok.rdspol "$fleet"
expect 0 "help" "$rdspol" --help
expect 0 "help of a command" "$rdspol" run --help
says out "--on-unknown" "help of a command"
expect 0 "version" "$rdspol" --version
says out "bundle format 2" "version"
cp ok.rdspol ./-odd.rdspol
expect 0 "--" "$rdspol" run -- -odd.rdspol "$fleet"
expect 0 "stdin" bash -c "'$rdspol' run ok.rdspol --stdin-name db-instances.json - <'$fleet/db-instances.json'"
expect 0 "chdir" "$rdspol" run --chdir "$root" "$work/ok.rdspol" examples/fleet
expect 2 "parameter that is none" "$rdspol" run practices --param no_such=1 "$fleet"
expect 2 "parameter out of range" "$rdspol" run practices --param min_backup_days=99 "$fleet"
expect 1 "parameter" "$rdspol" run practices --param min_backup_days=30 --policy 'backed_up_*' "$fleet"
says out "keeps backups for 14 days" "parameter"
echo '{"practices.min_backup_days": 30}' >params.json
expect 1 "parameters from a file" "$rdspol" run practices --params params.json --format json=params.out --policy 'backed_up_*' "$fleet"
says params.out '"min_backup_days":30' "parameters from a file"
echo '{"min_backup_days": ' >params.json
expect 2 "parameters that are no JSON" "$rdspol" run practices --params params.json "$fleet"
expect 1 "waivers" "$rdspol" run practices --waivers "$root/examples/waivers.rdspol" "$fleet"
says out "WAIVED" "waivers"
expect 2 "unsupported input" "$rdspol" run ok.rdspol --input-format terraform "$fleet"

# Bundles: reproducible, whatever folder the sources lie in; judged without the compiler's sources.
mkdir -p a/deep/folder b
cp ok.rdspol a/deep/folder/p.rdspol && cp ok.rdspol b/p.rdspol
expect 0 "compile" "$rdspol" compile a/deep/folder/p.rdspol -o a.rpb
expect 0 "compile" "$rdspol" compile "$work/b/p.rdspol" -o b.rpb
expect 0 "compile" "$rdspol" compile --chdir b p.rdspol -o "$work/c.rpb"
holds "same bytes from different folders" cmp a.rpb b.rpb
holds "same bytes from different folders" cmp a.rpb c.rpb
expect 0 "run a bundle" "$rdspol" run a.rpb "$fleet"
expect 0 "inspect" "$rdspol" inspect a.rpb
says out "rds:DescribeDBInstances" "inspect"
expect 0 "inspect -d" "$rdspol" inspect -d a.rpb
says out "scan" "inspect -d"
head -c 1000 a.rpb >cut.rpb
expect 2 "a cut bundle" "$rdspol" run cut.rpb "$fleet"
python3 - <<'P' 2>/dev/null || cp cut.rpb changed.rpb
data = bytearray(open("a.rpb", "rb").read())
data[-3] ^= 1
open("changed.rpb", "wb").write(data)
P
expect 2 "a changed bundle" "$rdspol" run changed.rpb "$fleet"
expect 0 "explain a code" "$rdspol" explain E0102
expect 0 "explain a policy" "$rdspol" explain backed_up_instances
expect 2 "explain nothing" "$rdspol" explain no_such_thing_at_all

# A bundle has the sources that it reads, also of types that are there only to be referred to.
printf 'policy protected on instance { require instance.deletion_protection }\n' >least.rdspol
printf 'policy opted on region { require region.backup_opt_in["RDS"] == true }\n' >most.rdspol
for name in least most; do
  expect 0 "compile $name" "$rdspol" compile $name.rdspol -o $name.rpb
  expect 0 "inspect $name" "$rdspol" inspect -d $name.rpb && cp out $name.txt
done
holds "no source without a field" bash -c '! grep -q DescribeRegionSettings least.txt'
says most.txt "from group backup:DescribeRegionSettings" "a source with a field"
says most.txt "needs backup:DescribeRegionSettings" "a source with a field"
expect 1 "a file that no field needs" "$rdspol" run least.rpb "$fleet"

# Imports beside the importing file.
mkdir imports
printf 'module names\ndef instance.named: bool = instance.id != ""\n' >imports/names.rdspol
printf 'import names\nrequire instance.named\n' >imports/main.rdspol
expect 0 "import" "$rdspol" run imports/main.rdspol "$fleet"

# Formats: two at once equal two runs, twice the same bytes, and the same whatever the threads.
now=(--now 2026-11-24T00:00:00Z)
for format in text compact json ndjson; do
  expect 1 "$format" "$rdspol" run practices "${now[@]}" --format $format "$fleet" && cp out one.$format
  expect 1 "$format again" "$rdspol" run practices "${now[@]}" -j2 --format $format=two.$format "$fleet"
  holds "$format twice" cmp one.$format two.$format
done
expect 1 "two formats" "$rdspol" run practices "${now[@]}" --format json --format ndjson=three.ndjson "$fleet"
holds "two formats: json" cmp one.json out
holds "two formats: ndjson" cmp one.ndjson three.ndjson
expect 1 "four formats" "$rdspol" run practices "${now[@]}" -qq --format json=4.json --format ndjson=4.ndjson --format text=4.text --format compact=4.compact "$fleet"
for format in ndjson compact; do holds "four formats: $format" cmp one.$format 4.$format; done
holds "the formats agree" python3 -c '
import collections, json
document = json.load(open("4.json"))
counts = collections.Counter(f["verdict"] for f in document["findings"])
for verdict, number in counts.items():
    assert document["summary"][verdict] == number, verdict
lines = [json.loads(l) for l in open("4.ndjson")]
assert lines[-1] == {"summary": document["summary"]}
for line, finding in zip(lines, document["findings"], strict=False):
    policy = document["policies"][finding["policy"]]
    policy.pop("remedy", None)
    assert line == {**policy, **finding}, line
text, compact = open("4.text").read().splitlines(), open("4.compact").read().splitlines()
for verdict in "fail", "unknown":
    assert sum(l.startswith(verdict.upper() + " ") for l in text) == counts[verdict], verdict
assert len(compact) == counts["fail"] + counts["unknown"], len(compact)
assert text[-1].startswith("%d failed, %d unknown, %d waived, %d passed, %d not applicable" % tuple(
    document["summary"][v] for v in ("fail", "unknown", "waived", "pass", "not_applicable"))), text[-1]'
expect 2 "two on standard output" "$rdspol" run practices --format json --format text "$fleet"
expect 2 "unknown format" "$rdspol" run practices --format yaml "$fleet"
expect 1 "quiet" "$rdspol" run practices -qq "$fleet"
holds "-qq says nothing" test ! -s out
expect 1 "colour" "$rdspol" run practices --color always "$fleet"
holds "colour" grep -q $'\x1b\[1;31mFAIL' out
expect 1 "no colour" env CLICOLOR_FORCE=1 NO_COLOR=1 "$rdspol" run practices "$fleet"
holds "no colour" bash -c '! grep -q $'"'"'\x1b'"'"' out'

# The document: members of lists have their type, a remedy shows where values will stand.
cat >typed.rdspol <<'P'
param ports: [int] = [80, 443]
param names: [string] = []
param ratio: float = 0.5
param most: int = 9007199254740993
policy typed on instance {
  require instance.port in ports or instance.id in names
  require most > 0 and ratio > 0.0
  remedy "aws rds modify-db-instance --db-instance-identifier {instance.id} --port {most} --tags {instance.cluster.id}"
}
P
expect 1 "typed parameters" "$rdspol" run typed.rdspol --format json --param "ports=22" --params <(printf '%s' '{"names":["a, b","c\"d"]}') "$fleet"
holds "typed parameters" python3 -c '
import json
p = json.load(open("out"))["parameters"]
assert p == {"ports": [22], "names": ["a, b", "c\"d"], "ratio": 0.5, "most": "9007199254740993"}, p'
holds "a remedy with names" python3 -c '
import json
d = json.load(open("out"))
assert d["policies"]["typed"]["remedy"] == "aws rds modify-db-instance --db-instance-identifier {instance.id} --port 9007199254740993 --tags {cluster.id}", d["policies"]
assert all("{" not in f["remedy"] for f in d["findings"] if f["verdict"] == "fail")'
expect 1 "invalid UTF-8 in a parameter" "$rdspol" run typed.rdspol --format json --param $'names=a\xffb' "$fleet"
holds "invalid UTF-8 in a parameter" python3 -c 'import json; p = json.load(open("out"))["parameters"]; assert p["names"] == ["a\ufffdb"], p'

# On a terminal: which file is read, and the line is gone at the end. Nowhere else.
terminal() { # COMMAND...
  python3 -c '
import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' "$@"
}
plain_terminal=(env -u CI -u NO_COLOR -u COLUMNS -u FORCE_COLOR -u CLICOLOR_FORCE TERM=xterm)
expect 1 "progress" terminal "${plain_terminal[@]}" "$rdspol" run practices "${now[@]}" "$fleet/db-instances.json" "$fleet/vpcs.json"
holds "progress" grep -q $'\r\x1b\[Kreading facts: 2 .*/vpcs.json' out
holds "progress is cleared" bash -c 'tr -d "\n" <out | grep -q "json"$'"'"'\r\x1b\[K[^\r]*'"'"''
expect 1 "a long name" terminal "${plain_terminal[@]}" COLUMNS=40 "$rdspol" run practices "${now[@]}" "$fleet/db-instances.json"
holds "a long name fits" grep -qP '\[Kreading facts: 1 [^\r\x1b]{1,21}instances\.json\r' out
for quiet in CI=1 TERM=dumb; do
  expect 1 "$quiet" terminal "${plain_terminal[@]}" $quiet "$rdspol" run practices "${now[@]}" "$fleet"
  holds "$quiet: no progress" bash -c '! grep -q "reading facts" out'
done
expect 1 "-q" terminal "${plain_terminal[@]}" "$rdspol" run practices -q "${now[@]}" "$fleet"
holds "-q: no progress" bash -c '! grep -q "reading facts" out'
expect 1 "no terminal" "$rdspol" run practices "${now[@]}" "$fleet"
holds "no terminal: no progress" test ! -s err

# Findings stand below their resource on a terminal, broken at its width; elsewhere on one line each.
expect 1 "grouped" terminal "${plain_terminal[@]}" CI=1 COLUMNS=60 "$rdspol" run practices "${now[@]}" --color never "$fleet"
tr -d '\r' <out >grouped.txt
holds "a heading for each resource" test "$(grep -c '^instance .*/crm-prod-000002$' grouped.txt)" -eq 1
holds "its findings below" bash -c 'grep -A1 "/crm-prod-000002$" grouped.txt | grep -q "^  FAIL medium rotated_key_instances  key$"'
holds "sixty columns" python3 -c '
text = open("grouped.txt").read().split("\n  judged")[0]
wide = [l for l in text.splitlines() if len(l) > 60 and l[0] == " " and len(l.split()) > 1]
assert text.count("\n      ") > 9 and not wide, wide'
holds "the same findings" test "$(grep -c '^  [FU][AN][IK][LN]' grouped.txt)" -eq "$(grep -c '^[FU][AN][IK][LN]' one.text)"
holds "the same end" cmp <(tail -1 grouped.txt) <(tail -1 one.text)
holds "a clause has its place" grep -q 'keeps backups for 1 days  stdlib/practices/07_backups.rdspol:[0-9]*$' one.text

# Inputs: a file with its hash, and one that changes meanwhile is an error.
expect 1 "inputs" "$rdspol" run bad.rdspol --format json "$fleet/db-instances.json" "$fleet"
holds "inputs" python3 -c '
import hashlib, json, sys
file, folder = json.load(open("out"))["inputs"]
assert file["sha256"] == hashlib.sha256(open(file["name"], "rb").read()).hexdigest(), file
assert folder == {"kind": "cli", "name": sys.argv[1]}, folder' "$fleet"
expect 1 "standard input has no hash" bash -c "'$rdspol' run bad.rdspol --stdin-name db-instances.json --format json - <'$fleet/db-instances.json'"
holds "standard input has no hash" python3 -c 'import json; i = json.load(open("out"))["inputs"]; assert i == [{"kind": "cli", "name": "-"}], i'
mkdir changing && cp "$fleet/db-instances.json" changing && mkfifo changing/zz.json
(cat "$fleet/vpcs.json"; echo >>changing/db-instances.json) >changing/zz.json &
expect 2 "an input that changes" "$rdspol" run bad.rdspol --format json=changed.json -j1 changing/db-instances.json changing/zz.json
wait
says err "db-instances.json: changed while it was read" "an input that changes"
holds "an input that changes: no document" test ! -e changed.json

# What could not be collected: once for each operation and reason, in one order.
mkdir -p refused/describe-key
cp "$fleet/db-instances.json" refused
for key in b a c; do
  printf '{"Error":{"Code":"AccessDeniedException","Message":"no \\u001b[31m"}}' >refused/describe-key/$key.error.json
done
printf '{"Error":{"Code":"ThrottlingException"}}' >refused/db-clusters.error.json
expect 1 "errors" "$rdspol" run all "${now[@]}" --format json refused && cp out refused.json
holds "errors" python3 -c '
import json
e = json.load(open("refused.json"))["errors"]
assert [(x["operation"], x["reason"], x["detail"]) for x in e] == [
    ("kms:DescribeKey", "access_denied", "AccessDeniedException"),
    ("rds:DescribeDBClusters", "throttled", "ThrottlingException")], e'
holds "a page that is cut" python3 -c '
import json
e = json.load(open("one.json"))["errors"]
assert [(x["operation"], x["reason"]) for x in e] == [("ec2:GetManagedPrefixListEntries", "incomplete_page")], e'

# Output that cannot be written leaves what was there.
echo old >old.json
ln -s old.json link.json
expect 1 "through a link" "$rdspol" run practices "${now[@]}" --format json=link.json "$fleet"
holds "the link stays" test -L link.json
holds "the target is new" cmp -s old.json one.json
expect 2 "no such folder" "$rdspol" run practices --format json=no/such/folder.json "$fleet"
[ -e /dev/full ] && expect 2 "disk full" bash -c "'$rdspol' run practices '$fleet' >/dev/full"
mkdir closed && echo old >closed/old.json && chmod a-w closed
if ! touch closed/probe 2>/dev/null; then
  expect 2 "unwritable folder" "$rdspol" run practices --format json=closed/old.json "$fleet"
fi
holds "the old file stays" grep -q old closed/old.json
expect 2 "bad input" "$rdspol" run practices --format json=old.json no-such-input
holds "a failed run leaves the old file" cmp -s old.json one.json
holds "no temporary file is left" bash -c '! ls -A | grep -q "^\.rdspol-"'
# A signal while a file is written: it is here before the first byte, so that this is no race.
signalled() { # SIGNAL DISPOSITION COMMAND...
  python3 -c '
import os, signal, sys
number = getattr(signal, sys.argv[1])
signal.signal(number, getattr(signal, sys.argv[2]))
signal.pthread_sigmask(signal.SIG_BLOCK, [number])
os.kill(os.getpid(), number)
os.execv(sys.argv[3], sys.argv[3:])' "$@"
}
for signal in SIGINT SIGTERM SIGHUP; do
  echo old >kept.json
  expect 2 "$signal" signalled $signal SIG_DFL "$rdspol" run all --format json=kept.json "$fleet"
  holds "$signal: the old file stays" grep -q old kept.json
  holds "$signal: no temporary file" bash -c '! ls -A | grep -q "^\.rdspol-"'
  expect 1 "$signal, ignored" signalled $signal SIG_IGN "$rdspol" run all --format json=kept.json "$fleet"
  holds "$signal, ignored: the file is new" grep -q '"findings"' kept.json
done
# The same from outside: whenever it comes, the program ends by it and leaves nothing half.
python3 -c '
import json
one = {"DBInstanceArn": "arn:aws:rds:us-east-1:123456789012:db:", "StorageEncrypted": True, "Engine": "mysql"}
rows = [dict(one, DBInstanceIdentifier=f"db-{i}", DBInstanceArn=one["DBInstanceArn"] + f"db-{i}") for i in range(3000)]
mk = __import__("os").makedirs; mk("many"); json.dump({"DBInstances": rows}, open("many/db-instances.json", "w"))'
# More than one buffer and more than one batch of details: the document is whole and in order.
expect 1 "many" "$rdspol" run all "${now[@]}" -qq --format json=many.json --format ndjson=many.ndjson many
holds "many" python3 -c '
import json
document = json.load(open("many.json"))
findings, verdicts = document["findings"], ["fail", "unknown", "waived", "pass", "not_applicable"]
severity = ["critical", "high", "medium", "low", "info"]
def place(f):
    policy, r = document["policies"][f["policy"]], f["resource"]
    return (verdicts.index(f["verdict"]), severity.index(policy["severity"]), policy.get("practice") or 99,
            f["policy"], r.get("account", ""), r.get("region", ""), r["kind"], r["id"])
keys = [place(f)[:2] for f in findings]
assert keys == sorted(keys)
for policy in document["policies"]:
    one = [place(f) for f in findings if f["policy"] == policy]
    assert one == sorted(one), policy
assert len(findings) > 40000 and len({f["fingerprint"] for f in findings}) == len(findings)
assert [json.loads(l)["fingerprint"] for l in list(open("many.ndjson"))[:-1]] == [f["fingerprint"] for f in findings]'
echo old >kept.json
"$rdspol" run all -qq --format json=kept.json many/db-instances.json & pid=$!
until compgen -G ".rdspol-*" >/dev/null || ! kill -0 $pid 2>/dev/null; do :; done
kill -TERM $pid 2>/dev/null
wait $pid 2>/dev/null
got=$?
holds "ended by SIGTERM ($got)" test $got -eq 143 -o $got -eq 1
holds "SIGTERM: no temporary file" bash -c '! ls -A | grep -q "^\.rdspol-"'
holds "SIGTERM: old or whole" bash -c 'grep -qx old kept.json || python3 -m json.tool kept.json >/dev/null'
"$rdspol" run practices -v "$fleet" 2>pipe.err | head -1 >/dev/null
holds "a closed pipe is quiet" test ! -s pipe.err

# Hostile text: no control character reaches the terminal, JSON stays JSON.
mkdir hostile
printf '{"DBInstances":[{"DBInstanceIdentifier":"db\\u001b[31m\\u202e\\n::error::x\\u0085","DBInstanceArn":"arn:aws:rds:us-east-1:123456789012:db:x","TagList":[{"Key":"a\\"b","Value":"\\u0000\\u007f"}]}]}' >hostile/db-instances.json
expect 1 "hostile, text" "$rdspol" run bad.rdspol hostile
holds "no escape reaches the terminal" bash -c '! LC_ALL=C grep -q $'"'"'[\x01-\x08\x0b-\x1f\x7f]\|\xe2\x80\xae\|\xc2\x85'"'"' out'
holds "no line begins with ::" bash -c '! grep -q "^::" out'
expect 1 "hostile, compact" "$rdspol" run bad.rdspol --format compact hostile
holds "no escape reaches the editor" bash -c '! LC_ALL=C grep -q $'"'"'[\x01-\x08\x0b-\x1f\x7f]\|\xe2\x80\xae\|\xc2\x85'"'"' out'
expect 1 "hostile, json" "$rdspol" run bad.rdspol --format json=hostile.out hostile
holds "json stays json" python3 -c 'import json; f = json.load(open("hostile.out"))["findings"][0]["resource"]; assert f["id"].startswith("db\x1b[31m\u202e\n"), f'
printf '{"DBInstances":[{"DBInstanceIdentifier":' >hostile/db-instances.json
expect 2 "cut input" "$rdspol" run bad.rdspol hostile
says err "db-instances.json" "cut input"

printf '{"DBInstances":[{"DBInstanceIdentifier":"db\\u001b[31m\\u202e\\n::error::x\\u0085","DBInstanceArn":"arn:aws:rds:us-east-1:123456789012:db:x"}]}' >hostile/db-instances.json
expect 1 "hostile, terminal" terminal "${plain_terminal[@]}" CI=1 "$rdspol" run bad.rdspol --color never hostile
holds "no escape reaches the terminal's groups" bash -c '! tr -d "\r" <out | LC_ALL=C grep -q $'"'"'[\x01-\x08\x0b-\x1f\x7f]\|\xe2\x80\xae\|\xc2\x85'"'"''

# Tests in sources.
printf '\ntest "t" { instance { id: "a" } expect fail ok on "a" }\n' | cat ok.rdspol - >tested.rdspol
expect 1 "a test that fails" "$rdspol" test tested.rdspol
expect 0 "tests of the example" "$rdspol" test "$root/examples/own_resource/teams.rdspol"
expect 0 "house rules" "$rdspol" test "$root/examples/house_rules.rdspol"
expect 0 "house rules, changed" "$rdspol" test --mutate "$root/examples/house_rules.rdspol"
expect 1 "the example" "$rdspol" run "$root/examples/own_resource/teams.rdspol" "$root/examples/own_resource/facts"

# Mutation testing: which changes of a policy does no test notice?
cat >mutated.rdspol <<'P'
policy old on instance {
  severity low
  when not instance.multi_az or instance.engine == "mysql" else "is no {instance.engine}" # mutant or -> and: the same in practice
  require instance.backup_retention_period >= 7
}
test "t" {
  instance { id: "a", multi_az: false, engine: "mysql", backup_retention_period: 8 }
  instance { id: "b", multi_az: false, engine: "mysql", backup_retention_period: 1 }
  instance { id: "c", multi_az: true, engine: "x", backup_retention_period: 8 }
  expect pass old on "a"
  expect fail old on "b"
  expect not_applicable old on "c"
}
P
expect 1 "changes that no test notices" "$rdspol" test --mutate mutated.rdspol
cat >mutated.want <<'P'
SURVIVED    mutated.rdspol:3:52  old: "mysql" -> "no such text"
SURVIVED    mutated.rdspol:4:44  old: >= -> >
SURVIVED    mutated.rdspol:4:47  old: 7 -> 8
SURVIVED    mutated.rdspol:4:47  old: 7 -> 6
P
grep SURVIVED out >mutated.got
holds "survivors" diff mutated.want mutated.got
cp out mutated.first
expect 1 "one thread" "$rdspol" test --mutate -j 1 mutated.rdspol
holds "the same with one thread" cmp out mutated.first
expect 1 "explained ones with -v" "$rdspol" test --mutate -v mutated.rdspol
says out "explained   mutated.rdspol:3:30  old: or -> and" "an explained change"
says out "            the same in practice" "why"
expect 1 "all of them with -vv" "$rdspol" test --mutate -vv mutated.rdspol
says out "noticed     mutated.rdspol:3:8  old: without not" "a change that is noticed"
sed -e 's/backup_retention_period: 8 }$/backup_retention_period: 7 }/; s/backup_retention_period: 1 }$/backup_retention_period: 6 }/' \
  -e 's/multi_az: false, engine: "mysql", backup_retention_period: 7/multi_az: true, engine: "mysql", backup_retention_period: 7/' mutated.rdspol >stale.rdspol
expect 1 "an explanation of what tests notice by now" "$rdspol" test --mutate stale.rdspol
says out "STALE       stale.rdspol:3:30  old: or -> and" "a stale explanation"
sed 's/ # mutant.*//' stale.rdspol >noticed.rdspol
expect 0 "changes that tests notice" "$rdspol" test --mutate noticed.rdspol
says out " noticed, 0 survived, " "none survives"
expect 0 "definitions and files by name" "$rdspol" test --mutate --policy 'noticed.*' noticed.rdspol
sed 's/^  require/  # mutant: the days are a matter of taste\n  # and of money\n  require/; s/ # mutant or.*//' mutated.rdspol >taste.rdspol
expect 1 "a line explained, another not" "$rdspol" test --mutate taste.rdspol
says out "SURVIVED    taste.rdspol:3:30  old: or -> and" "not explained"
says out " 2 survived, 3 explained" "a comment before the line"
expect 2 "nothing to change" "$rdspol" test --mutate --policy 'none*' noticed.rdspol
says err "there is nothing to change" "nothing to change"
expect 2 "--policy without --mutate" "$rdspol" test --policy old noticed.rdspol
expect 2 "a test that fails already" "$rdspol" test --mutate tested.rdspol
says err "fails before anything is changed" "a test that fails already"
expect 2 "no tests" "$rdspol" test --mutate ok.rdspol

# A secret that the list leaves out may be described because a database refers to it: without the databases the type is not
# all there.
mkdir -p secrets/123456789012/us-east-1
echo '{"SecretList":[]}' >secrets/123456789012/us-east-1/secrets.json
echo '{"DBClusters":[]}' >secrets/123456789012/us-east-1/db-clusters.json
echo '{"DBProxies":[]}' >secrets/123456789012/us-east-1/db-proxies.json
expect 3 "databases that might refer to a secret" "$rdspol" run practices --policy rotating_secrets secrets
echo '{"TenantDatabases":[]}' >secrets/123456789012/us-east-1/tenant-databases.json
expect 3 "instances that might refer to a secret" "$rdspol" run practices --policy rotating_secrets secrets
echo '{"DBInstances":[]}' >secrets/123456789012/us-east-1/db-instances.json
expect 0 "no database refers to a secret" "$rdspol" run practices --policy rotating_secrets secrets

# Values of conditions in a key policy are read, one text or a list of them.
key=arn:aws:kms:us-east-1:123456789012:key/k
mkdir -p policies/123456789012/us-east-1
cd policies/123456789012/us-east-1
echo '{"DBClusters":[]}' >db-clusters.json
echo '{"DBSnapshots":[]}' >db-snapshots.json
echo '{"DBClusterSnapshots":[]}' >db-cluster-snapshots.json
echo '{"TenantDatabases":[]}' >tenant-databases.json
echo '{"DBProxies":[]}' >db-proxies.json
echo '{"SecretList":[]}' >secrets.json
echo '{"Aliases":[]}' >list-aliases.json
echo '{"DBInstances":[{"DBInstanceIdentifier":"db","DBInstanceArn":"arn:aws:rds:us-east-1:123456789012:db:db","KmsKeyId":"'$key'"}]}' >db-instances.json
echo '{"'$key'":{"KeyMetadata":{"KeyId":"k","Arn":"'$key'","KeyManager":"CUSTOMER"}}}' >describe-key.json
cd "$work"
condition() { # STATUS NAME VALUE
  echo '{"'$key'":{"Policy":"{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Condition\":{\"StringLike\":{\"aws:PrincipalArn\":'"$3"'}}}}"}}' \
    >policies/123456789012/us-east-1/get-key-policy.json
  expect "$1" "$2" "$rdspol" run securityhub --policy kms_5_keys_not_public policies
}
condition 1 "a condition that fixes nothing" '\"arn:aws:iam::*:role/x\"'
condition 1 "one value of two fixes nothing" '[\"arn:aws:iam::1:role/x\",\"*\"]'
condition 0 "a condition that fixes a value" '[\"arn:aws:iam::1:role/x\"]'

# The catalogue: pages, JSON, an index; what stands in a policy is text, not markup.
cat >catalogue.rdspol <<'P'
param days: int in 1..9
param names: [string] = ["a", "b"] in ["a", "b", "c"] size 1..3
policy marked on instance {
  title    "at least {days} <b>days</b> | [x](y)"
  severity low
  controls "house:1", "house:10", "house:9"
  links    "https://example.com/why", "see <script>"
  when     instance.engine in ["mysql", "mariadb"] else "{instance.engine} has no `log`"
  require  instance.backup_retention_period >= days and instance.id not in names else "keeps {instance.backup_retention_period}"
  remedy   "aws rds modify-db-instance --db-instance-identifier {instance.id} --backup-retention-period {days} --tags {first g in instance.security_groups: g.id}"
}
P
expect 2 "docs without a parameter" "$rdspol" docs catalogue.rdspol
says err "days" "docs without a parameter"
expect 0 "docs" "$rdspol" docs catalogue.rdspol --param days=3
says out 'at least 3 \<b>days\</b> \| \[x\](y).**' "docs: title"
says out '  - "{instance.engine} has no \`log\`"' "docs: scope"
says out '(AWS::RDS::DBInstance) of the engines `mysql`, `mariadb`' "docs: engines"
says out '  - `days`: int, set to 3, from 1 to 9' "docs: parameter"
says out '  - `names`: list of string, default a, b, one of `a`, `b`, `c`, 1 to 3 members' "docs: list parameter"
says out '- Facts: `instance.backup_retention_period`, `instance.engine`, `instance.id`' "docs: facts"
says out '- Operations and IAM actions: `rds:DescribeDBInstances`' "docs: operations"
says out '- Sources: <https://example.com/why>, see \<script>' "docs: links"
says out '    aws rds modify-db-instance --db-instance-identifier {instance.id} --backup-retention-period 3 --tags {security_group.id}' "docs: remedy"
expect 0 "docs in JSON" "$rdspol" docs catalogue.rdspol --param days=3 --format json
says out '"parameters":[{"name":"days","module":"main","type":"int","value":3,"min":1,"max":9},' "docs: JSON of a parameter"
says out '"engines":["mysql","mariadb"]' "docs: JSON of engines"
cp out all.json
expect 0 "docs to a file" "$rdspol" docs catalogue.rdspol --param days=3 --format json=docs.json
holds "docs to a file" cmp docs.json all.json
expect 0 "docs index" "$rdspol" docs catalogue.rdspol --param days=3 --format index
grep -o 'house:[0-9]*' out | tr '\n' ' ' >order
says order "house:1 house:9 house:10 " "docs: numbers are ordered as numbers"
says out '| house:1 | [`marked`](main.md#marked) | at least 3 \<b>days' "docs: a row of the index"
expect 2 "docs in no known form" "$rdspol" docs catalogue.rdspol --param days=3 --format jsn
expect 2 "a reference page in another form" "$rdspol" docs opcodes --format json
expect 0 "docs of one control" "$rdspol" docs securityhub --control RDS.7
says out "## protected_clusters" "docs of one control"
if command -v python3 >/dev/null; then
  cat >whole.py <<'P'
import json, sys
for policy in json.load(open(sys.argv[1]))["policies"]:
    for key in ("title", "description", "remedy", "controls", "requirements", "operations", "facts", "links"):
        assert policy.get(key), (policy["name"], key)
    assert "{...}" not in policy["remedy"], policy["name"]
P
  expect 0 "the catalogue is JSON and whole" "$rdspol" docs strict --format json=strict.json
  expect 0 "the catalogue is JSON and whole" python3 whole.py strict.json
fi

# Packed facts say the same as what they were packed from: a whole fleet, and targets of proxies whose
# instances nobody listed. Only a build with live collection has `facts`.
if "$rdspol" facts --help >/dev/null 2>&1; then
  mkdir proxies && cp "$fleet"/db-prox*.json proxies/
  for facts in "$fleet" proxies; do
    expect 0 "facts pack" "$rdspol" facts pack all "$facts" -q -o packed.rpf
    expect 0 "packed facts" "$rdspol" run all packed.rpf -v --format ndjson --exit-zero --now 2026-11-24
    grep -v '"input' out >of_packed
    expect 0 "the facts themselves" "$rdspol" run all "$facts" -v --format ndjson --exit-zero --now 2026-11-24
    grep -v '"input' out >of_files
    holds "packed facts say the same as files" cmp of_packed of_files
  done
fi

[ $failures -eq 0 ] || echo "$failures failed"
exit $((failures > 0))
