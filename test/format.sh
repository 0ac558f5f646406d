#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Every C++ file of ours has the format of .clang-format and begins with its licence line. Comments are
# not reflowed (they may hold a picture or a list), so that their width is checked here.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t files < <(find proxy ca vault bindings audit test \( -name '*.cc' -o -name '*.h' \) | sort)
failed=0
for file in "${files[@]}"; do
  IFS= read -r first <"$file" || true
  [ "$first" = "// SPDX-License-Identifier: Apache-2.0" ] || {
    echo "$file:1: does not begin with the SPDX line"
    failed=1
  }
done
LC_ALL=C.UTF-8 grep -nP '^(?= *//).{101}' "${files[@]}" && {
  echo "a comment is wider than 100 columns"
  failed=1
}
printf '%s\0' "${files[@]}" | xargs -0 -n 100 -P "$(nproc)" clang-format --dry-run -Werror || {
  echo "not as .clang-format wants it; run: clang-format -i FILE"
  failed=1
}
exit $failed
