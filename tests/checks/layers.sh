#!/usr/bin/env bash
# The rule of layers: for each #include "x/y" in folder M, x/y must be allowed there.
# allowed(M) is a list of prefixes; ARCHITECTURE.md says why.
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"

allowed() {
  case $1 in
    vm/base/*) echo "vm/base/" ;;
    vm/*) echo "vm/" ;;
    lang/*) echo "vm/base/ vm/include/ lang/" ;;
    crypto/*) echo "vm/base/ crypto/" ;;
    compiler/test.c | compiler/driver.c) echo "vm/base/ vm/include/ vm/bundle.h vm/opcodes.def vm/op.h vm/format.h lang/ compiler/ crypto/" ;;
    compiler/*) echo "vm/base/ vm/include/ vm/opcodes.def vm/op.h vm/format.h vm/format.def lang/ compiler/ crypto/" ;;
    collectors/files/*) echo "vm/base/ vm/include/ vm/facts.h vm/bundle.h vm/format.h collectors/files/" ;;
    collectors/live/*) echo "vm/base/ vm/include/ vm/facts.h vm/bundle.h vm/format.h crypto/ collectors/" ;;
    collectors/*) echo "vm/base/ vm/include/ crypto/ collectors/" ;;
    cli/embed.c) echo "vm/base/ vm/bundle.h vm/format.def crypto/ cli/" ;; # writes what a bundle is when it is opened
    # The program shows what bundles hold, suggests names and prints tables: these headers, no others.
    cli/*) echo "vm/base/ vm/include/ compiler/include/ collectors/files/include/ collectors/live/ collectors/json.h collectors/gzip.h crypto/ cli/ vm/bundle.h vm/disasm.h vm/format.h lang/format.h lang/diag.h vm/opcodes.def compiler/builtins.def lang/keywords.def" ;;
  esac
}

broken=0
while IFS=: read -r file line; do
  header=$(sed 's/.*"\(.*\)".*/\1/' <<<"$line")
  # Public headers include each other as installed.
  case $file:$header in */include/*:rdspol*.h | *.c:rdspol*.h | *.h:rdspol*.h) continue ;; esac
  good=no
  for prefix in $(allowed "$file"); do
    case $header in "$prefix"*) good=yes ;; esac
  done
  if [ $good = no ]; then
    echo "$file must not include \"$header\""
    broken=1
  fi
done < <(grep -rHE '^ *# *include "' vm lang crypto compiler collectors cli --include='*.[chly]' | sed 's/:#/:#/')

# Third-party headers: each is known to one file.
one_file() {
  local users
  users=$({ grep -rlE "#include <$1" vm lang crypto compiler collectors cli --include='*.[ch]' || true; } | tr '\n' ' ')
  if [ -n "$users" ] && [ "$users" != "$2 " ]; then
    echo "<$1...> belongs to $2, not to: $users"
    broken=1
  fi
}
one_file openssl/ crypto/crypto.c
one_file zlib.h collectors/gzip.c
one_file cjson/ collectors/json.c
one_file curl/ collectors/live/http.c
one_file expat.h collectors/live/xml.c
exit $broken
