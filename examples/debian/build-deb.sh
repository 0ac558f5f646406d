#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes keyswap_VERSION_ARCH.deb of a build tree:
#   examples/debian/build-deb.sh [--build TREE] [--output FOLDER]
# Without --build it builds first, in build/release. Needs what a build needs (test/install.sh) and dpkg-dev.
# Who makes it is named in it: $DEBFULLNAME and $DEBEMAIL, else whom git knows.
set -euo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
tree='' output=$PWD

while [ $# -gt 0 ]; do
  case "$1" in
    --build) tree=$(cd "$2" && pwd) ; shift 2 ;;
    --output) output=$(mkdir -p "$2" && cd "$2" && pwd) ; shift 2 ;;
    *) echo "usage: examples/debian/build-deb.sh [--build TREE] [--output FOLDER]" >&2 ; exit 2 ;;
  esac
done

if [ -z "$tree" ]; then
  tree=$source/build/release
  (cd "$source" && cmake --preset release -DBUILD_TESTING=OFF && cmake --build --preset release --target keyswap)
fi
# The man pages and completions are made of the program's own words, where the tree can make them.
if cmake --build "$tree" --target help 2>/dev/null | grep -w keyswap_pages >/dev/null; then
  cmake --build "$tree" --target keyswap_pages
fi

version=$(sed -nE 's/^project\(keyswap VERSION ([0-9.]+).*/\1/p' "$source/CMakeLists.txt")
architecture=$(dpkg --print-architecture)
date=$(git -C "$source" log -1 --format=%cD 2>/dev/null || date -R)
name=${DEBFULLNAME:-$(git -C "$source" config user.name || true)}
address=${DEBEMAIL:-$(git -C "$source" config user.email || true)}
[ -n "$name" ] && [ -n "$address" ] || { echo "who makes the package? set DEBFULLNAME and DEBEMAIL" >&2 ; exit 2 ; }
maintainer="$name <$address>"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022
root=$work/debian/keyswap
share=$root/usr/share
docs=$share/doc/keyswap
put() { install -D -m 0644 "$1" "$2"; }

install -D -s -m 0755 "$tree/keyswap" "$root/usr/bin/keyswap"

# The units are the examples, for a program that a package has installed.
for unit in keyswap.service user/keyswap.service; do
  sed 's,/usr/local/bin/keyswap,/usr/bin/keyswap,' "$source/examples/systemd/$unit" >"$work/unit"
  case $unit in
    user/*) put "$work/unit" "$root/usr/lib/systemd/user/keyswap.service" ;;
    *) put "$work/unit" "$root/lib/systemd/system/keyswap.service" ;;
  esac
done
put "$source/examples/debian/sysusers.conf" "$root/usr/lib/sysusers.d/keyswap.conf"
put "$source/examples/debian/tmpfiles.conf" "$root/usr/lib/tmpfiles.d/keyswap.conf"

for file in README.md SECURITY.md NOTICE docs/operations.md docs/bindings.md docs/providers.md docs/threat-model.md; do
  put "$source/$file" "$docs/${file##*/}"
done
put "$source/examples/debian/copyright" "$docs/copyright"
put "$source/CHANGELOG.md" "$docs/CHANGELOG.md"
printf 'keyswap (%s) unstable; urgency=medium\n\n  * What changes is in CHANGELOG.md.\n\n -- %s  %s\n' \
  "$version" "$maintainer" "$date" >"$work/changelog"
put "$work/changelog" "$docs/changelog"
gzip -9n "$docs/changelog"

for pages in man/man1 bash-completion/completions zsh/vendor-completions fish/vendor_completions.d; do
  [ -d "$tree/share/$pages" ] || continue
  for page in "$tree/share/$pages"/*; do
    put "$page" "$share/$pages/${page##*/}"
  done
done
[ ! -d "$share/man" ] || find "$share/man" -type f ! -name '*.gz' -exec gzip -9n {} +

# Which libraries of which packages it needs, the linker knows. (dpkg-shlibdeps wants a source package's folder.)
printf 'Source: keyswap\n\nPackage: keyswap\nArchitecture: any\n' >"$work/debian/control"
depends=$(cd "$work" && dpkg-shlibdeps -O debian/keyswap/usr/bin/keyswap | sed -n 's/^shlibs:Depends=//p')

mkdir -p "$root/DEBIAN"
cat >"$root/DEBIAN/control" <<CONTROL
Package: keyswap
Version: $version
Architecture: $architecture
Maintainer: $maintainer
Installed-Size: $(du -sk --apparent-size "$root" | cut -f1)
Depends: $depends, ca-certificates
Recommends: systemd
Section: net
Priority: optional
Description: proxy that keeps credentials out of programs
 Programs hold placeholders. keyswap is the proxy that they go through: it
 puts the real credential into a request where a binding allows it, for that
 host alone, writes down that it did, and takes it out of answers again.
 .
 The secrets are sealed by a passphrase. Who may use which of them, for which
 hosts, methods and paths, is said in one file.
CONTROL
for script in postinst prerm postrm; do
  install -m 0755 "$source/examples/debian/$script" "$root/DEBIAN/$script"
done
(cd "$root" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
chmod 0644 "$root/DEBIAN/md5sums"

package=$output/keyswap_${version}_$architecture.deb
dpkg-deb --root-owner-group --build -Zxz "$root" "$package" >/dev/null
echo "$package"
