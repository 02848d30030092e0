#!/usr/bin/env bash
# docs.sh RDSPOL [--bless]: docs/reference equals what the program prints, the links of the policies'
# index lead to them, and the example of each diagnostic gives exactly that diagnostic. --bless writes the pages anew.
set -euo pipefail
rdspol=$(realpath "$1")
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
broken=0
bless=${2-}

# page FILE COMMAND...: docs/reference/FILE is what the command prints.
page() {
  local file=docs/reference/$1
  shift
  "$rdspol" "$@" >"$work/page.md"
  if [ "$bless" = --bless ]; then
    cp "$work/page.md" "$file"
  elif ! cmp -s "$work/page.md" "$file"; then
    echo "$file is not what \`rdspol $*\` prints; see tests/checks/docs.sh --bless"
    broken=1
  fi
}

for topic in opcodes builtins diagnostics language schema cli; do
  page $topic.md docs $topic
done
for practice in {1..12}; do
  page policies/practice-$(printf %02d "$practice").md docs strict --policy 'practices.*' --practice "$practice"
done
page policies/securityhub.md docs securityhub
page policies/index.md docs strict --format index

# The pages have no other files beside them, and the links of the index lead somewhere.
for file in docs/reference/policies/*; do
  case ${file##*/} in practice-[01][0-9].md | securityhub.md | index.md) ;; *) echo "$file is no page"; broken=1 ;; esac
done
while IFS='#' read -r file name; do
  grep -qE "^#+ $name\$" "docs/reference/policies/$file" || { echo "index.md: $file has no policy $name"; broken=1; }
done < <(grep -oE '\]\([a-z0-9.-]+#[a-z0-9_]+\)' docs/reference/policies/index.md | tr -d '])(' | sort -u)

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
