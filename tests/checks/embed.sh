#!/usr/bin/env bash
# embed.sh RDSPOL EMBED: the example of embedding judges a bundle that the program compiled.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1" compile "$(dirname "$0")/../../examples/embed/policy.rdspol" -o "$work/policy.rpb"
"$2" "$work/policy.rpb" >"$work/out"
diff - "$work/out" <<'OUT'
fail scratch: scratch can be deleted by mistake
unknown hidden
pass orders
OUT
