#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Keeps the levels and doors of docs/architecture.md: which folder may include which, which file may
# include which third-party header, and where a secret's bytes may be read. Edit the tables below and
# docs/architecture.md together. What a table allows and no file needs is a mistake, too.
set -euo pipefail
cd "$(dirname "$0")/.."

# folder: what its files may include besides their own folder (prefixes of "..." includes).
levels='
proxy/base      :
proxy/http      : proxy/base/
proxy/http/h1   : proxy/base/ proxy/http/
vault           : proxy/base/
audit           : proxy/base/
proxy/limits    : proxy/base/
proxy/approvals : proxy/base/
proxy/coding    : proxy/base/
proxy/sandbox   : proxy/base/
ca              : proxy/base/ vault/
bindings        : proxy/base/ vault/ proxy/http/
bindings/schemes: proxy/base/ proxy/http/ bindings/
bindings/placements: proxy/base/ proxy/http/ bindings/
bindings/signatures: proxy/base/ proxy/http/ vault/ bindings/
vault/sources   : proxy/base/ vault/ bindings/basic_text.h bindings/digest.h bindings/json.h bindings/percent_text.h bindings/private_key.h bindings/signing_parts.h bindings/signatures/
bindings/venues : bindings/
bindings/venues/binance: proxy/base/ proxy/http/ bindings/
proxy/flow      : proxy/base/ proxy/http/ proxy/coding/ vault/ bindings/ audit/record.h
proxy/tls       : proxy/base/ ca/
proxy/uv        : proxy/base/
proxy/launcher  : proxy/base/ proxy/uv/ vault/secret.h vault/source_table.h vault/sources/run.h
proxy/outgoing  : proxy/base/ proxy/http/ proxy/flow/ proxy/launcher/ proxy/tls/ proxy/uv/ vault/ bindings/ audit/
proxy/services  : proxy/base/ proxy/http/ proxy/flow/ audit/record.h
proxy/manage    : proxy/services/ proxy/base/ proxy/http/ vault/ bindings/ audit/
proxy/net       : proxy/services/ proxy/base/ proxy/http/ proxy/flow/ proxy/limits/ proxy/approvals/ proxy/tls/ proxy/uv/ ca/ vault/ bindings/ audit/
proxy/cli       : proxy/manage/ proxy/base/ proxy/http/ proxy/flow/ proxy/launcher/ proxy/limits/ proxy/approvals/ proxy/outgoing/ proxy/sandbox/ proxy/tls/ proxy/net/ ca/ vault/ bindings/ audit/
proxy           : proxy/base/ proxy/cli/
'

# header prefix: the files that may include it (globs; * does not stop at a slash, so anchor folders).
doors='
uv.h            : proxy/uv/*.cc
ares.h          : proxy/uv/dns_channel.cc
openssl/evp.h   : proxy/tls/*.cc ca/*.cc bindings/digest.cc bindings/signatures/aes.cc bindings/signatures/public_key.cc proxy/http/websocket_handshake.cc
openssl/hmac.h  : bindings/digest.cc
openssl/sha.h   : audit/sha256.cc
openssl/ssl.h   : proxy/tls/*.cc
openssl/        : proxy/tls/*.cc ca/*.cc bindings/private_key.cc bindings/signatures/public_key.cc
sodium.h        : vault/*.cc audit/chain.cc proxy/base/bytes.cc
llhttp.h        : proxy/http/head_parser.cc
yaml-cpp/       : bindings/strict_yaml.cc
idn2.h          : bindings/host_pattern.cc
secp256k1       : bindings/signatures/secp256k1.cc
libpsl.h        : bindings/public_suffix.cc
sqlite3.h       : proxy/base/sqlite.cc proxy/base/sqlite_vfs.cc
zlib.h          : proxy/coding/deflate.cc
brotli/         : proxy/coding/brotli.cc
zstd            : proxy/coding/zstd.cc
seccomp.h       : proxy/sandbox/system_calls.cc
curl/           : proxy/outgoing/call_client.cc proxy/outgoing/call_memory.cc proxy/outgoing/call_transfer.cc
spdlog/         : proxy/base/log.cc
CLI/            : proxy/cli/command_line.cc
nlohmann/       : proxy/cli/*.cc
toml++/         : proxy/cli/import_fishnet.cc
'

# Where `.reveal(` and `->reveal(` may stand: every place that reads a secret's bytes.
reveals='proxy/flow/answer_capture.cc proxy/flow/approval_digest.cc proxy/cli/approving.cc proxy/cli/audit_place.cc proxy/cli/check_entries.cc proxy/cli/confirmation.cc proxy/cli/entry_home.cc proxy/cli/kept_head.cc proxy/cli/kept_records.cc proxy/cli/restore_record.cc proxy/flow/exchange_body.cc proxy/flow/substitute.cc proxy/flow/outgoing_request.cc proxy/flow/secret_search.cc proxy/flow/websocket_messages.cc proxy/cli/secret_private_key.cc bindings/schemes/*.cc
  bindings/placements/*.cc bindings/private_key*.cc bindings/signatures/jwt.cc bindings/signatures/oauth1.cc bindings/signatures/sigv4.cc bindings/signatures/sigv4a.cc bindings/signing_parts.cc bindings/venues/binance/messages.cc
  bindings/venues/binance/scheme.cc vault/*.cc vault/sources/*.cc ca/authority.cc proxy/net/upstream_codec.cc proxy/net/websocket_relay.cc
  proxy/outgoing/call_transfer.cc'

failed=0
complain() { echo "$1"; failed=1; }

trim() { local text=$1; text="${text#"${text%%[![:space:]]*}"}"; printf '%s' "${text%"${text##*[![:space:]]}"}"; }

is_one_of() {  # is_one_of FILE GLOB...
  local file=$1 glob
  shift
  for glob in "$@"; do
    # shellcheck disable=SC2053
    [[ "${file%/*}" = "${glob%/*}" && "${file##*/}" = ${glob##*/} ]] && return 0
  done
  return 1
}

declare -A may_include
while IFS=: read -r folder allowed; do
  folder=$(trim "$folder")
  [ -z "$folder" ] || may_include[$folder]=$(trim "$allowed")
done <<<"$levels"

set -f
declare -a door_headers door_files
while IFS=: read -r header files; do
  header=$(trim "$header")
  [ -z "$header" ] || { door_headers+=("$header"); door_files+=("$(trim "$files")"); }
done <<<"$doors"

# What was needed of the tables: "folder prefix", "door:header file", "reveals file", "exempt file".
declare -A needed

check_own() {  # check_own FILE LINE INCLUDED
  local file=$1 line=$2 included=$3 folder prefix
  folder=${file%/*}
  [ "${included%/*}" != "$folder" ] || return 0
  [ -n "${may_include[$folder]+known}" ] || { complain "$file: folder $folder stands in no level (test/layers.sh)"; return 0; }
  for prefix in ${may_include[$folder]}; do
    [[ "$included" = "$prefix"* ]] || continue
    needed["$folder $prefix"]=1
    return 0
  done
  complain "$file:$line: $folder may not include $included"
}

# A venue is known to its own folder and to the table, the table to those who read the bindings.
check_venue() {  # check_venue FILE LINE INCLUDED
  local file=$1 line=$2 included=$3
  case "$included" in
    bindings/venues/*/*)
      [ "${file%/*}" = "${included%/*}" ] || [ "$file" = bindings/venues/table.cc ] ||
        complain "$file:$line: only bindings/venues/table.cc may include $included" ;;
    bindings/venues/*)
      case "$file" in
        bindings/venues/table.cc|proxy/cli/policy.cc|proxy/cli/import_fishnet.cc) ;;
        *) complain "$file:$line: only proxy/cli/policy.cc and the importer may include $included" ;;
      esac ;;
  esac
}

check_door() {  # check_door FILE LINE INCLUDED
  local file=$1 line=$2 included=$3 at
  for at in "${!door_headers[@]}"; do
    [[ "$included" = "${door_headers[$at]}"* ]] || continue
    # shellcheck disable=SC2086
    is_one_of "$file" ${door_files[$at]} || complain "$file:$line: only ${door_files[$at]} may include ${door_headers[$at]}"
    needed["door:${door_headers[$at]} $file"]=1
    return 0
  done
}

while IFS=: read -r file line text; do
  [[ "$text" =~ include\ *[\<\"]([^\>\"]+)[\>\"] ]] || continue
  included=${BASH_REMATCH[1]}
  case "$text" in
    *'"'*)
      check_own "$file" "$line" "$included"
      check_venue "$file" "$line" "$included" ;;
    *) check_door "$file" "$line" "$included" ;;
  esac
  case "$file:$included" in
    *.h:openssl/*|*.h:sodium.h|*.h:uv.h|*.h:ares.h|*.h:sqlite3.h|*.h:zlib.h|*.h:brotli/*|*.h:zstd*|*.h:seccomp.h|*.h:yaml-cpp/*|*.h:spdlog/*|*.h:llhttp.h|*.h:secp256k1*|*.h:CLI/*|*.h:nlohmann/*|*.h:curl/*)
      complain "$file:$line: third-party headers stay out of our headers ($included)" ;;
  esac
done < <(grep -nE '^ *# *include' -r --include='*.cc' --include='*.h' proxy ca vault bindings audit)

while IFS=: read -r file line _; do
  # shellcheck disable=SC2086
  is_one_of "$file" $reveals || complain "$file:$line: reads a secret's bytes; that file is not in the list of test/layers.sh"
  needed["reveals $file"]=1
done < <(grep -nE '(\.|->)reveal\(' -r --include='*.cc' --include='*.h' proxy ca vault bindings audit || true)

# No line outside a venue's folder names it, not even a comment, but for the table and the importer.
for venue in $(find bindings/venues -mindepth 1 -type d -printf '%f\n'); do
  folder=bindings/venues/$venue/
  while IFS=: read -r file line _; do
    complain "$file:$line: names $venue, which is for $folder alone"
  done < <(grep -rniIF "$venue" proxy ca vault bindings audit |
    grep -vE "^(${folder}|bindings/venues/table\.cc:|proxy/cli/import_fishnet\.cc:)" || true)
done

while IFS= read -r line; do
  complain "$line: such a note does not land"
done < <(grep -nF 'TODO(''security)' -rs --include='*.cc' --include='*.h' --include='*.py' --include='*.cmake' \
  proxy ca vault bindings audit test examples || true)

# Mirror rule (docs/style.md, Tests): a .cc has a test of its name, or one that includes its header;
# doors and wiring are exempt (the end-to-end tests drive them).
# Parts of one machine or one language are tested through their whole (exchange_test, template_test).
exempt='proxy/main.cc proxy/cli/* proxy/base/log.cc proxy/uv/* proxy/net/server.cc proxy/net/loop_thread.cc
  proxy/net/listeners.cc proxy/net/room.cc proxy/net/requests_route.cc proxy/net/stream_actions.cc proxy/net/management_listener.cc
  bindings/template_*.cc proxy/launcher/launcher_process.cc proxy/launcher/command_child.cc
  proxy/outgoing/call_transfer.cc'
set +f
while IFS= read -r file; do
  test_file=${file#proxy/}
  [ -f "test/${test_file%.cc}_test.cc" ] ||
    grep -qF "\"${file%.cc}.h\"" -r --include='*_test.cc' test ||
    [ "${file%/*}" = bindings/schemes ] || [ "${file%/*}" = bindings/placements ] || {
    needed["exempt $file"]=1
    # shellcheck disable=SC2086
    (set -f; is_one_of "$file" $exempt) ||
      complain "$file: no test/${test_file%.cc}_test.cc, and no test includes its header"
  }
done < <(find proxy ca vault bindings audit -name '*.cc' | sort)

# check_needed TABLE GLOB...: is each of the table's entries needed by some file?
check_needed() {
  local table=$1 glob key
  shift
  for glob in "$@"; do
    for key in "${!needed[@]}"; do
      [ "${key% *}" = "$table" ] && is_one_of "${key##* }" "$glob" && continue 2
    done
    complain "test/layers.sh: $table: no file needs $glob"
  done
}
set -f
for folder in "${!may_include[@]}"; do
  for prefix in ${may_include[$folder]}; do
    [ -n "${needed["$folder $prefix"]+known}" ] || complain "test/layers.sh: levels: $folder does not need $prefix"
  done
done
for at in "${!door_headers[@]}"; do
  # shellcheck disable=SC2086
  check_needed "door:${door_headers[$at]}" ${door_files[$at]}
done
# shellcheck disable=SC2086
check_needed reveals $reveals
# shellcheck disable=SC2086
check_needed exempt $exempt

# What reads a file for `keyswap import` gets any bytes: the fuzzer feeds each reader of them.
readers=$(grep -oE '\bread_[a-z_]+' proxy/cli/importers.h
          grep -oE '\bimport_[a-z]+\(' proxy/cli/import.cc | tr -d '(' | sort -u
          grep -oE -m 1 '\bparse_env_file\b' proxy/cli/secret_import.cc)
[ "$(wc -w <<<"$readers")" -ge 9 ] || complain "test/layers.sh: fewer readers of imports than there are imports"
for reader in $readers; do
  grep -qE "\b$reader\b" test/fuzz/import_fuzz.cc || complain "test/fuzz/import_fuzz.cc: does not feed $reader"
done

[ $failed -eq 0 ] && echo "levels and doors: kept"
exit $failed
