#!/usr/bin/env bash
# Each public header compiles alone, as C99 pedantic, C11 and C++17.
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"
include=(-Ivm/include -Icompiler/include -Icollectors/files/include)
for header in rdspol.h rdspol_compiler.h rdspol_files.h; do
  for std in c99 c11; do
    echo "#include <$header>" | ${CC:-cc} -std=$std -Wall -Wextra -Wpedantic -Werror "${include[@]}" -fsyntax-only -x c -
  done
  if command -v "${CXX:-c++}" >/dev/null; then
    echo "#include <$header>" | ${CXX:-c++} -std=c++17 -Wall -Wextra -Wpedantic -Werror "${include[@]}" -fsyntax-only -x c++ -
  fi
done
