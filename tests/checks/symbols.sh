#!/usr/bin/env bash
# symbols.sh LIBRARY...: every global name of our static libraries begins with rdspol_ or rp_, since
# static libraries hide nothing. Names that sanitizers and coverage bring along are not ours.
set -euo pipefail
foreign=$(nm -g --defined-only "$@" | awk 'NF == 3 {print $3}' |
  grep -vE '^(rdspol_|rp_|__asan_|__odr_asan|__ubsan|__gcov|__llvm|_ITM|__sancov)' | sort -u || true)
if [ -n "$foreign" ]; then
  echo "names that are not ours:"
  echo "$foreign"
  exit 1
fi
