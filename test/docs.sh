#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What exists is in the documents, and is tested: each promise of docs/threat-model.md has a test tagged
# with it and the other way round; each bound of proxy/base/bounds.h and each reason of audit/record.h
# stands in docs/operations.md; each scheme, each placement and each key of bindings.yaml in docs/bindings.md. (What
# documents and comments point to is checked by test/references.sh.)
set -euo pipefail
cd "$(dirname "$0")/.."
failed=0
complain() { echo "$1"; failed=1; }

for name in architecture threat-model bindings providers sources audit-format vault-format operations style; do
  [ -s "docs/$name.md" ] || complain "docs/$name.md is missing"
done

# Invariants: headings "### I6 ..." of the threat model against tags [I6] of C++ and Python tests.
invariants=$(grep -oE '^### I[0-9]+' docs/threat-model.md 2>/dev/null | grep -oE 'I[0-9]+' | sort -u || true)
tagged=$(grep -rhoE '\[I[0-9]+\]' test --include='*.cc' --include='*.py' | tr -d '[]' | sort -u || true)
# One that says "Not kept yet" has no test to show.
later=$(awk '/^### I[0-9]+/ { id = $2 } /Not kept yet/ { print id }' docs/threat-model.md)
for id in $invariants; do
  grep -qx "$id" <<<"$later" && continue
  grep -qx "$id" <<<"$tagged" || complain "docs/threat-model.md: $id has no test tagged [$id]"
done
for id in $tagged; do
  grep -qx "$id" <<<"$invariants" || complain "a test is tagged [$id], which docs/threat-model.md does not have"
done
[ "$(wc -w <<<"$invariants")" -ge 15 ] || complain "docs/threat-model.md: fewer than fifteen invariants"

bounds_of() { grep -oE '\bk[A-Z][A-Za-z0-9]+\b *=' "$1" | tr -d ' =' | sort -u; }
for name in $(bounds_of proxy/base/bounds.h; bounds_of proxy/base/manage_bounds.h); do
  grep -qw "$name" docs/operations.md 2>/dev/null || complain "docs/operations.md: the table of bounds lacks $name"
done
# A bound that no code looks at bounds nothing. (One that only makes another one up is looked at there.)
for file in proxy/base/bounds.h proxy/base/manage_bounds.h bindings/bounds.h; do
  for name in $(bounds_of "$file"); do
    grep -qrw "$name" proxy ca vault bindings audit --include='*.cc' --include='*.h' --exclude="$(basename "$file")" ||
      complain "$file: no code uses $name"
  done
done
reasons=$(sed -n '/^enum class Reason/,/^};/p' audit/record.h | grep -oE '^ +[a-z_]+' | tr -d ' ')
for reason in $reasons; do
  grep -qw "$reason" docs/operations.md 2>/dev/null || complain "docs/operations.md: the refusals lack $reason"
done
# What no code ever says is not promised: reasons, and causes.
is_given() { grep -rhE "$1\b" proxy ca bindings audit --include='*.cc' --include='*.h' | grep -qvE '^ *case '; }
for reason in $reasons; do
  is_given "Reason::$reason" || complain "audit/record.h: no code gives the reason $reason"
done
for cause in $(sed -n '/^enum class Cause/,/^};/p' proxy/base/cause.h | grep -oE '^ +[a-z_]+' | tr -d ' '); do
  is_given "Cause::$cause" || complain "proxy/base/cause.h: no code gives the cause $cause"
done

for file in bindings/schemes/*.cc bindings/venues/*/scheme.cc; do
  grep -qs 'constinit const Scheme' "$file" || continue  # a part of one
  scheme=$(basename "$file" .cc)
  [ "$scheme" != scheme ] || scheme=$(basename "$(dirname "$file")")  # a venue's
  grep -qE "^#+ .*\b$scheme\b" docs/bindings.md 2>/dev/null || complain "docs/bindings.md: no section for the scheme '$scheme'"
done

# (Venues have a section of their own.)
road=$(sed -n '/^## The road/,/^## The machines/p' docs/architecture.md)
levels=$(grep -E '^\| L[0-9]' docs/architecture.md)
for folder in bindings/schemes bindings/placements bindings/signatures; do
  grep -q "\`$folder" <<<"$road" || complain "docs/architecture.md: the road of a request does not name $folder"
  grep -q "\`$folder" <<<"$levels" || complain "docs/architecture.md: the table of levels does not name $folder"
done

for file in bindings/placements/*.cc; do
  placement=$(basename "$file" .cc)
  grep -qE "^#+ .*\bPlacement \`$placement\`" docs/bindings.md || complain "docs/bindings.md: no section for the placement '$placement'"
done

# Those that `inject:` makes are told with their schemes.
for kind in $(awk '/constinit const BackendKind/ { on = 1; name = ""; minting = 0 }
    on && match($0, /\.name = "[^"]+"/) { name = substr($0, RSTART + 9, RLENGTH - 10) }
    on && /is_minting/ { minting = 1 }
    on && /;/ { if (name != "" && !minting) print name; on = 0 }' vault/sources/*.cc); do
  grep -qx "## $kind" docs/sources.md || complain "docs/sources.md: no section for the kind '$kind'"
done

"$(command -v python3)" test/keys.py || failed=1

[ $failed -eq 0 ] && echo "documents: agree with the code"
exit $failed
