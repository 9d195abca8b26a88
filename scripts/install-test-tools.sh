#!/usr/bin/env bash
# Makes sure that what `make test` needs is there: a Postgres server, PgBouncer, Chromium, openssl, Python with venv, Node with npm,
# promtool, cargo-nextest.
# Debian packages are installed where that is allowed (root or passwordless sudo); else it says what is missing and fails.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=()
has_postgres() { command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb /opt/homebrew/opt/postgresql*/bin/initdb >/dev/null 2>&1; }
has_venv() { python3 -c 'import venv, ensurepip' 2>/dev/null; }

has_postgres || packages+=(postgresql)
command -v chromium >/dev/null || packages+=(chromium)
command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ] || packages+=(pgbouncer)
command -v openssl >/dev/null || packages+=(openssl)
has_venv || packages+=(python3 python3-venv)
command -v npm >/dev/null || packages+=(nodejs npm)

[ ${#packages[@]} -eq 0 ] || scripts/debian-packages.sh "the tests" "${packages[@]}"

# promtool alone, out of Debian's package of Prometheus: to install that would start a server.
if ! command -v promtool >/dev/null; then
    echo "installing promtool"
    if [ "$(id -u)" -eq 0 ]; then become=(); else become=(sudo -n); fi
    folder=$(mktemp -d)
    { "${become[@]}" apt-get update -qq && (cd "$folder" && apt-get download -qq prometheus 2>/dev/null && dpkg-deb -x prometheus_*.deb .) \
        && "${become[@]}" install -m 755 "$folder/usr/bin/promtool" /usr/local/bin/; } \
        || { echo "missing for the tests: promtool (in Debian's package prometheus). Install it and run this again." >&2; exit 1; }
    rm -rf "$folder"
fi

# The version the tests are run with; a newer one on the machine is fine.
if ! cargo nextest --version >/dev/null 2>&1; then
    echo "installing cargo-nextest"
    cargo install --locked --quiet cargo-nextest --version 0.9.143 \
        || echo "cargo-nextest can't be installed: tests run with 'cargo test' instead, without time limits or groups" >&2
fi
