#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The page's TypeScript: its types, strictly, and the tests of its pure parts on node's own runner; and how many files
# the program gets of it, with what bundles it and without.
set -euo pipefail
cd "$(dirname "$0")/.."

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
echo '{"type":"module"}' >"$out/package.json"
tsc --strict --noUnusedLocals --noImplicitReturns --target es2021 --module es2020 --lib es2021,dom \
  --outDir "$out" proxy/manage/page/*.ts
PAGE_OUT="$out" node --test test/manage/page/

files_with() {
  cmake "-DOUT=$out/table.cc" "-DFOLDER=$PWD/proxy/manage/page" "-DESBUILD=$1" -P cmake/page.cmake
  grep -cE '^ +PageFile\{' "$out/table.cc" || true
}
[ "$(files_with "$(command -v esbuild)")" = 4 ] || { echo "the page has not four files"; exit 1; }
[ "$(files_with "")" = 0 ] || { echo "a program without esbuild has a page"; exit 1; }
# Whatever is shown is text: nothing in the page reads markup, or runs text.
! grep -nE 'innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function|setHTML|srcdoc' \
  proxy/manage/page/*.ts
