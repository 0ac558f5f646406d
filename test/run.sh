#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Every check of the project, in one command; the last lines are ctest's summary of all of them.
# Builds three trees (release by GCC; the address and undefined behaviour sanitizers with the fuzzers,
# by clang; the thread sanitizer) and runs as one ctest: unit and end-to-end tests, the unit tests again
# under the sanitizers, the checks of the tree (layers, documents, references,
# format, rows), and each fuzz target for KEYSWAP_FUZZ_SECONDS (6; sessions three times that). clang-tidy
# over every file takes half an hour more: cmake --preset release -DKEYSWAP_LINT=ON, then ctest -L lint.
#
#   test/run.sh                everything
#   test/run.sh -L e2e         ctest's own options choose among the tests (-R NAME, -L unit|e2e|asan|...)
#   test/run.sh --quick [...]  release tree only: unit, end-to-end, checks of the tree
#   test/run.sh --sanitized    everything, and the end-to-end tests of the road of a request once more, with the
#                              program of the address sanitizer's tree (ten minutes more)
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=$(nproc)
whole=ON
sanitized=OFF
program=()
case ${1:-} in
  --quick) whole=OFF; shift ;;
  --sanitized) sanitized=ON; program=(keyswap); shift ;;
esac

step() { printf '\n== %s (%s)\n' "$1" "$(date +%H:%M:%S)"; }

log=$(mktemp)
trap 'rm -f "$log"' EXIT
build() {  # build PRESET CMAKE-OPTION... [-- TARGET...]
  local preset=$1 options=() targets=()
  shift
  while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1"); shift; done
  [ $# -eq 0 ] || { shift; targets=(--target "$@"); }
  step "build $preset"
  { cmake --preset "$preset" -DBUILD_TESTING=ON "${options[@]}" &&
      cmake --build --preset "$preset" -j "$jobs" "${targets[@]}"; } >"$log" 2>&1 || {
    tail -n 60 "$log"
    echo "The $preset build failed; its last lines are above."
    exit 1
  }
}

step "packages"
test/install.sh --tests

# The other trees first: the release tree's ctest runs what they hold.
if [ $whole = ON ]; then
  build asan -- tests_below_cli fuzzers "${program[@]}"
  build tsan -- audit_test ca_test limits_test vault_test
fi
build release -DKEYSWAP_WHOLE=$whole -DKEYSWAP_SANITIZED=$sanitized

step "tests"
# Most wait more than they compute; those that only compute count as two (test/e2e.cmake).
ctest --test-dir build/release --output-on-failure --no-tests=error -j $((2 * jobs)) "$@"
