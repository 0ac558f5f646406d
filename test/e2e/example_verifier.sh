#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The Python verifier of examples/ agrees with `keyswap audit verify` about a real log, and about a log
# in which one byte was changed.
#   example_verifier.sh KEYSWAP
set -euo pipefail
keyswap=$1
here=$(cd "$(dirname "$0")/../.." && pwd)
verifier=$(find "$here/examples/verify-audit" -name '*.py' | head -n 1)
[ -n "$verifier" ] || { echo "no Python verifier in examples/verify-audit"; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export KEYSWAP_HOME=$folder/home
"$keyswap" init --key-file >/dev/null
printf 'version: 1\nsecrets: {}\naudit: { path: audit }\n' >"$KEYSWAP_HOME/bindings.yaml"
"$keyswap" run -- true
"$keyswap" audit verify >/dev/null
python3 "$verifier" "$KEYSWAP_HOME/audit"
segment=$(find "$KEYSWAP_HOME/audit" -name 'audit-*.jsonl' | head -n 1)
sed -i '1s/"pid":[0-9]/"pid":X/; 1s/"pid":X/"pid":0/' "$segment"
if "$keyswap" audit verify >/dev/null 2>&1; then echo "keyswap did not see the change"; exit 1; fi
if python3 "$verifier" "$KEYSWAP_HOME/audit" >/dev/null 2>&1; then echo "the example did not see the change"; exit 1; fi
echo "both agree"
