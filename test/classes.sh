#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# No class of proxy/net has more than 15 members (docs/style.md, "Ownership and machines"): what has
# more does more than one thing. Static constants do not count, nor do the members of a class inside.
set -euo pipefail
cd "$(dirname "$0")/.."
most=15
ctags --version 2>/dev/null | grep -q Universal || {
  echo "test/classes.sh needs universal-ctags (test/install.sh --tests)"
  exit 1
}
ctags -f - --languages=C++ --language-force=C++ --kinds-C++=m --fields=+sSE --fields=-f \
    --fields-C++=+{properties} -R proxy/net |
  awk -F '\t' -v most="$most" '
    { class = ""; properties = ""
      for (i = 4; i <= NF; ++i) {
        if ($i ~ /^(class|struct):/) { class = $i; sub(/^[a-z]*:/, "", class) }
        if ($i ~ /^properties:/) properties = $i
      }
      if (class == "" || properties ~ /static/) next
      ++members[class]; file[class] = $2 }
    END {
      for (class in members) {
        if (members[class] > largest) { largest = members[class]; name = class }
        if (members[class] > most) { print file[class] ": " class " has " members[class] " members; at most " most; failed = 1 }
      }
      if (!failed) print "classes: the largest is " name " with " largest " members"
      exit failed
    }'
