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
expect 2 "later option" "$rdspol" run ok.rdspol --live
says err "--live" "later option"
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
says out "bundle format 1" "version"
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

# Imports beside the importing file.
mkdir imports
printf 'module names\ndef instance.named: bool = instance.id != ""\n' >imports/names.rdspol
printf 'import names\nrequire instance.named\n' >imports/main.rdspol
expect 0 "import" "$rdspol" run imports/main.rdspol "$fleet"

# Formats: two at once equal two runs, twice the same bytes, and the same whatever the threads.
now=(--now 2026-11-24T00:00:00Z)
for format in text compact json ndjson; do
  expect 1 "$format" "$rdspol" run practices "${now[@]}" --format $format "$fleet" && cp out one.$format
  expect 1 "$format again" "$rdspol" run practices "${now[@]}" -j1 --format $format=two.$format "$fleet"
  holds "$format twice" cmp one.$format two.$format
done
expect 1 "two formats" "$rdspol" run practices "${now[@]}" --format json --format ndjson=three.ndjson "$fleet"
holds "two formats: json" cmp one.json out
holds "two formats: ndjson" cmp one.ndjson three.ndjson
expect 2 "two on standard output" "$rdspol" run practices --format json --format text "$fleet"
expect 2 "unknown format" "$rdspol" run practices --format yaml "$fleet"
expect 1 "quiet" "$rdspol" run practices -qq "$fleet"
holds "-qq says nothing" test ! -s out
expect 1 "colour" "$rdspol" run practices --color always "$fleet"
holds "colour" grep -q $'\x1b\[1;31mFAIL' out
expect 1 "no colour" env CLICOLOR_FORCE=1 NO_COLOR=1 "$rdspol" run practices "$fleet"
holds "no colour" bash -c '! grep -q $'"'"'\x1b'"'"' out'

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

# Tests in sources.
printf '\ntest "t" { instance { id: "a" } expect fail ok on "a" }\n' | cat ok.rdspol - >tested.rdspol
expect 1 "a test that fails" "$rdspol" test tested.rdspol
expect 0 "tests of the example" "$rdspol" test "$root/examples/own_resource/teams.rdspol"
expect 0 "house rules" "$rdspol" test "$root/examples/house_rules.rdspol"
expect 1 "the example" "$rdspol" run "$root/examples/own_resource/teams.rdspol" "$root/examples/own_resource/facts"

# A secret that the list leaves out may be described because a database refers to it: without the databases the type is not
# all there.
mkdir -p secrets/123456789012/us-east-1
echo '{"SecretList":[]}' >secrets/123456789012/us-east-1/secrets.json
echo '{"DBClusters":[]}' >secrets/123456789012/us-east-1/db-clusters.json
echo '{"DBProxies":[]}' >secrets/123456789012/us-east-1/db-proxies.json
expect 3 "databases that might refer to a secret" "$rdspol" run practices --policy rotating_secrets secrets
echo '{"DBInstances":[]}' >secrets/123456789012/us-east-1/db-instances.json
expect 0 "no database refers to a secret" "$rdspol" run practices --policy rotating_secrets secrets

# Values of conditions in a key policy are read, one text or a list of them.
key=arn:aws:kms:us-east-1:123456789012:key/k
mkdir -p policies/123456789012/us-east-1
cd policies/123456789012/us-east-1
echo '{"DBClusters":[]}' >db-clusters.json
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

[ $failures -eq 0 ] || echo "$failures failed"
exit $((failures > 0))
