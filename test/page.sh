#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The page's TypeScript: its types, strictly, and the tests of its pure parts on node's own runner.
set -euo pipefail
cd "$(dirname "$0")/.."

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
echo '{"type":"module"}' >"$out/package.json"
tsc --strict --noUnusedLocals --noImplicitReturns --target es2021 --module es2020 --lib es2021,dom \
  --outDir "$out" proxy/services/page/*.ts
PAGE_OUT="$out" node --test test/services/page/
