#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The unit in examples/systemd is as closed as docs/operations.md says, by systemd's own measure (0 is closed,
# 10 is open). Needs systemd-analyze; without it nothing is measured, and that is said.
set -euo pipefail
cd "$(dirname "$0")/.."
unit=examples/systemd/keyswap.service

grep -q "$unit" docs/operations.md || { echo "docs/operations.md does not name $unit"; exit 1; }
told=$(grep -oE 'exposure level of [0-9]+\.[0-9]' docs/operations.md | grep -oE '[0-9]+\.[0-9]' || true)
[ -n "$told" ] || { echo "docs/operations.md does not say the unit's exposure level"; exit 1; }

if ! systemd-analyze security --help 2>/dev/null | grep -q -- --offline; then
  echo "unit: systemd-analyze is not here, or cannot look at a file: nothing was measured"
  exit 0
fi
measured=$(systemd-analyze security --offline=true --no-pager "$unit" |
  sed -nE 's/.*Overall exposure level for [^:]*: ([0-9]+\.[0-9]).*/\1/p')
[ -n "$measured" ] || { echo "$unit: systemd-analyze measured nothing"; exit 1; }
# Later versions of systemd look at more.
awk -v told="$told" -v measured="$measured" 'BEGIN { exit !(measured <= told + 0.3) }' ||
  { echo "$unit has an exposure level of $measured; docs/operations.md says $told"; exit 1; }
echo "unit: exposure level $measured"
