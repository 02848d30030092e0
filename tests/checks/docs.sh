#!/usr/bin/env bash
# docs.sh RDSPOL [--bless]: docs/reference equals what the program prints, and the example of each
# diagnostic gives exactly that diagnostic. --bless writes the pages anew.
set -euo pipefail
rdspol=$(realpath "$1")
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
broken=0

for topic in opcodes builtins diagnostics language schema cli; do
  "$rdspol" docs $topic >"$work/$topic.md"
  if [ "${2-}" = --bless ]; then
    cp "$work/$topic.md" "docs/reference/$topic.md"
  elif ! cmp -s "$work/$topic.md" "docs/reference/$topic.md"; then
    echo "docs/reference/$topic.md is not what \`rdspol docs $topic\` prints; see tests/checks/docs.sh --bless"
    broken=1
  fi
done

# An example is the indented part of `explain`; a code without one is allowed.
for code in $(grep -oE '^## [EW][0-9]{4}' docs/reference/diagnostics.md | cut -d' ' -f2); do
  "$rdspol" explain "$code" | sed -n '/^An example that gives it:/,$p' | sed '1,2d; s/^    //' >"$work/example.rdspol"
  [ -s "$work/example.rdspol" ] || continue
  found=$("$rdspol" check "$work/example.rdspol" 2>&1 | grep -oE '(error|warning)\[[EW][0-9]{4}\]' | grep -oE '[EW][0-9]{4}' | tr '\n' ' ' || true)
  if [ "$found" != "$code " ]; then
    echo "the example of $code gives: ${found:-nothing}"
    broken=1
  fi
done
exit $broken
