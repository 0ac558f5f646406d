#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The Debian package on a bare system, asked for by hand (a few minutes; root, debootstrap, lintian and a mirror):
#   sudo test/package.sh [--build TREE]
# It is made, looked at by lintian, installed in a chroot, used there by an ordinary user, and purged.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "package: $1" >&2 ; exit 1 ; }

deb=$(examples/debian/build-deb.sh "$@" --output "$work" | tail -n 1)
# Whose name and address it has depends on who makes it.
lintian --fail-on error,warning --suppress-tags bogus-mail-host,bogus-mail-host-in-debian-changelog "$deb"

root=$work/root
debootstrap --variant=minbase bookworm "$root" >/dev/null
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp /etc/apt/apt.conf.d/*proxy* "$root/etc/apt/apt.conf.d/" 2>/dev/null || true
# In a mount and a PID namespace of its own nothing stays mounted or running.
inside() { unshare --mount --pid --fork sh -c 'mount --rbind /dev "$0/dev" && mount -t proc proc "$0/proc" && exec chroot "$0" sh -ec "$1"' "$root" "$1" ; }
files() { (cd "$root" && find etc lib usr var -xdev -path var/cache -prune -o -path var/lib/dpkg -prune -o -path var/log -prune -o -print | sort) ; }

# What it depends on is there before, so that what is left behind is its own.
depends=$(dpkg-deb -f "$deb" Depends | sed 's/([^)]*)//g; s/,//g')
inside "export DEBIAN_FRONTEND=noninteractive; apt-get update -qq; apt-get install -y -qq --no-install-recommends $depends systemd >/dev/null 2>&1; useradd -m ann"
files >"$work/before"
cp "$deb" "$root/keyswap.deb"
inside 'dpkg -i /keyswap.deb >/dev/null; getent passwd keyswap >/dev/null; keyswap --version; test -d /etc/keyswap'
inside 'cd /home/ann
printf "correct horse battery staple\n" > password; chmod 0600 password; chown ann: password
runuser -u ann -- env HOME=/home/ann sh -ec "
  keyswap init --password-file password
  printf %s sk-live-0123456789abcdefghij | keyswap secret add KEY_ONE --password-file password
  keyswap bindings add KEY_ONE --host api.example.com --password-file password
  keyswap run --password-file password -- sh -c \"test -n \\\"\\\$HTTPS_PROXY\\\" && test -n \\\"\\\$KEY_ONE\\\"\"
  keyswap audit verify
"' || fail "init to run does not work on a bare system"
# What the service has is made by hand here: there is no systemd that runs.
inside 'install -d -m 0700 -o keyswap -g keyswap /var/lib/keyswap; touch /var/lib/keyswap/home'
inside 'dpkg -P keyswap >/dev/null 2>&1'
files >"$work/after"
left=$(comm -13 "$work/before" "$work/after" | grep -vE '^(var/lib/keyswap(/home)?|etc/(passwd|group|g?shadow)-?|var/lib/systemd/deb-systemd.*)$' || true)
[ -z "$left" ] || fail "purging it leaves more than the home: $left"
[ -e "$root/var/lib/keyswap/home" ] || fail "purging it took the home"
echo "package: made, installed, used and purged"
