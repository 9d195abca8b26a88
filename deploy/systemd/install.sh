#!/usr/bin/env bash
# Installs Waypost as a service of systemd: the program, the unit, and keys that are made once.
#
#   deploy/systemd/install.sh [BINARY]     (target/release/waypost)
#
# Runs as root. Run it again with a newer program to upgrade; settings and keys that are there are left as they are. With DESTDIR
# set it only lays the files below that folder, for packages.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
binary=${1:-$here/../../target/release/waypost}
root=${DESTDIR:-}

fail() { echo "install.sh: $*" >&2; exit 1; }
[ -x "$binary" ] || fail "$binary is not there: 'make' lists how to build it, or name the program as the argument"
[ -n "$root" ] || [ "$(id -u)" -eq 0 ] || fail "run it as root, or with DESTDIR set"

install -D -m 0755 "$binary" "$root/usr/local/bin/waypost"
install -D -m 0644 "$here/waypost.service" "$root/etc/systemd/system/waypost.service"
install -D -m 0644 "$here/../../docs/install.md" "$root/usr/local/share/doc/waypost/install.md"
install -d -m 0755 "$root/etc/waypost"
install -d -m 0700 "$root/etc/waypost/credentials"

# What a key is must not be seen in the list of processes, so it comes over a pipe.
keep() {
    local file=$root/etc/waypost/credentials/$1
    if [ -e "$file" ]; then cat >/dev/null; else (umask 077 && cat >"$file"); fi
}
echo "wp_$(head -c 512 /dev/urandom | LC_ALL=C tr -dc 'A-Za-z0-9' | head -c 40)" | keep bootstrap-key
head -c 32 /dev/urandom | base64 | keep encryption-key

[ -z "$root" ] || exit 0
systemctl daemon-reload
systemctl enable --quiet waypost
systemctl restart waypost
echo "waypost is running: systemctl status waypost"
echo "the administrator's key lies in /etc/waypost/credentials/bootstrap-key"
