#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# clang-tidy over every .cc of ours that the given build tree compiles (.clang-tidy says what it asks).
#   test/tidy.sh BUILD-TREE [FILE...]
set -euo pipefail
cd "$(dirname "$0")/.."
tree=${1:?usage: test/tidy.sh BUILD-TREE [FILE...]}
shift
if [ $# -eq 0 ]; then
  mapfile -t files < <(find proxy ca vault bindings audit -name '*.cc' | sort)
  set -- "${files[@]}"
fi
tool=$(command -v clang-tidy-14 || command -v clang-tidy)
# clang does not know gcc's hardening words, and warnings are the compiler's business.
printf '%s\0' "$@" | xargs -0 -n 1 -P "$(nproc)" \
  "$tool" -p "$tree" --quiet --extra-arg=-Wno-unknown-warning-option 2> >(grep -v 'warnings\? generated' >&2)
