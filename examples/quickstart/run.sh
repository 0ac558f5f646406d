#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# From a clean clone to a proxy at work, in one command: installs Debian's packages, builds the release
# binary, runs `keyswap demo`. Everything the demo makes is on loopback and removed at its end.
set -euo pipefail
cd "$(dirname "$0")/../.."
echo "1/3 packages"
test/install.sh
echo "2/3 build"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
{ cmake --preset release -DBUILD_TESTING=OFF && cmake --build --preset release --target keyswap; } >"$log" 2>&1 || {
  tail -n 40 "$log" >&2
  echo "The build failed; its last lines are above." >&2
  exit 1
}
echo "3/3 demo"
build/release/keyswap demo "$@"
