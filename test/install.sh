#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs what keyswap needs on Debian 12: the build packages, and with --tests those of the tests too;
# unpacks llhttp (only the parser's sources of Debian's node-llhttp) into build/llhttp. Says nothing
# unless something is wrong. Needs root or sudo only when a package is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

build_packages=(g++ cmake ninja-build pkg-config libssl-dev libsodium-dev libsqlite3-dev
  libyaml-cpp-dev libuv1-dev libc-ares-dev libcurl4-openssl-dev libspdlog-dev libfmt-dev libcli11-dev nlohmann-json3-dev libtomlplusplus-dev catch2
  libpsl-dev libidn2-dev libsecp256k1-dev libseccomp-dev libmimalloc-dev zlib1g-dev libbrotli-dev libzstd-dev esbuild
  ca-certificates)
test_packages=(awscli curl gh git openssl python3 python3-pip python3-requests python3-httpx python3-aiohttp python3-websocket
  python3-cryptography python3-yaml strace gnutls-bin zsh fish man-db iproute2 valgrind universal-ctags clang clang-format clang-tidy
  libclang-rt-14-dev node-typescript chromium)
# command:package - a machine that has the command from somewhere else keeps it.
test_commands=(node:nodejs npm:npm go:golang-go java:default-jdk-headless)

wanted=("${build_packages[@]}")
case "${1:-}" in
  "") ;;
  --tests)
    wanted+=("${test_packages[@]}")
    for pair in "${test_commands[@]}"; do
      command -v "${pair%%:*}" >/dev/null || wanted+=("${pair#*:}")
    done ;;
  *) echo "test/install.sh: unknown option '$1'" >&2
     echo "Use: test/install.sh [--tests]" >&2
     exit 2 ;;
esac

say_and_stop() {
  echo "test/install.sh: $1" >&2
  echo "$2" >&2
  exit 3
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    say_and_stop "packages are missing and this is neither root nor a machine with sudo" \
      "As root, run: apt-get install ${missing[*]}"
  fi
}

command -v apt-get >/dev/null && command -v dpkg-query >/dev/null ||
  say_and_stop "this is not a Debian system (no apt-get)" \
    "Install by hand what the lists at the top of test/install.sh name, then run cmake yourself."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
quietly() { "$@" >"$log" 2>&1 || { cat "$log" >&2; return 1; }; }

missing=()
for package in "${wanted[@]}"; do
  state=$(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null || true)
  [ "${state:0:2}" = ii ] || missing+=("$package")
done

if [ ${#missing[@]} -gt 0 ]; then
  quietly as_root apt-get update -qq ||
    say_and_stop "the package lists could not be fetched" "Look at the network and at /etc/apt, then run this again."
  quietly as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" ||
    say_and_stop "could not install: ${missing[*]}" "keyswap is built and tested on Debian 12 (bookworm)."
fi

# llhttp: the package pulls in a whole JavaScript runtime when installed, so it is only unpacked.
if [ ! -f build/llhttp/usr/share/llhttp/llhttp.c ] && [ ! -f /usr/share/llhttp/llhttp.c ]; then
  mkdir -p build
  unpack=$(mktemp -d "$PWD/build/llhttp.XXXXXX")
  trap 'rm -f "$log"; rm -rf "$unpack"' EXIT
  fetch_llhttp() { (cd "$unpack" && apt-get download -qq -o APT::Sandbox::User=root node-llhttp); }
  if ! fetch_llhttp >"$log" 2>&1; then
    quietly as_root apt-get update -qq || true
    quietly fetch_llhttp ||
      say_and_stop "could not download Debian's node-llhttp" "Look at the network and at /etc/apt, then run this again."
  fi
  quietly dpkg-deb -x "$unpack"/node-llhttp_*.deb "$unpack/root" ||
    say_and_stop "could not unpack node-llhttp" "Look at the free space here, then run this again."
  rm -rf build/llhttp
  mv "$unpack/root" build/llhttp
fi
