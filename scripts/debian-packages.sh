#!/usr/bin/env bash
# Installs Debian packages where that is allowed (root or passwordless sudo); else it says what is missing and fails.
#
#   scripts/debian-packages.sh PURPOSE PACKAGE…
set -euo pipefail
purpose=$1
shift
if [ "$(id -u)" -eq 0 ]; then become=(); else become=(sudo -n); fi
if command -v apt-get >/dev/null && { [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null; }; then
    echo "installing $*"
    "${become[@]}" apt-get update -qq
    "${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null
else
    echo "missing for $purpose: $* (Debian names). Install them and run this again." >&2
    exit 1
fi
