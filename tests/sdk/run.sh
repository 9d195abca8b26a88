#!/usr/bin/env bash
# Official SDKs as black boxes: each posts to a real server in every mode it has, receives what Waypost delivers, and verifies it.
#
#   tests/sdk/run.sh BINARY
#
# Once on SQLite, once on the Postgres that WAYPOST_TEST_POSTGRES names (without one that half is left out and says so; with CI
# set that is a failure). SDKs are installed below target/ and node_modules/, in the versions the lock files pin.
set -euo pipefail
binary=$(realpath "${1:?usage: tests/sdk/run.sh BINARY}")
cd "$(dirname "$0")"
work=$(mktemp -d)
key=wp_sdk_tests_bootstrap_key_0123456789
server=
passed=0
failed=0

cleanup() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

install_python() {
    venv=${CARGO_TARGET_DIR:-../../target}/sdk-python
    stamp=$venv/$(sha256sum python/requirements.txt | cut -c1-16)
    if [ ! -f "$stamp" ]; then
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check -r python/requirements.txt
        touch "$stamp"
    fi
}

install_javascript() {
    local stamp
    stamp=javascript/node_modules/.installed-$(sha256sum javascript/package-lock.json | cut -c1-16)
    if [ ! -f "$stamp" ]; then
        (cd javascript && npm ci --silent --no-audit --no-fund)
        touch "$stamp"
    fi
}

# Starts the server on a database and leaves its address in `url`.
serve() {
    WAYPOST_BOOTSTRAP_KEY=$key "$binary" serve --dev --listen 127.0.0.1:0 --database-url "$1" >"$work/out" 2>"$work/log" &
    server=$!
    for _ in $(seq 1 300); do
        url=$(sed -n 's/^waypost listening on //p' "$work/out")
        [ -z "$url" ] || return 0
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    echo "the server does not start:" >&2
    cat "$work/log" >&2
    exit 1
}

stop() {
    kill -TERM "$server"
    wait "$server" || { echo "FAIL the server does not stop in good order" >&2; failed=$((failed + 1)); }
    server=
}

# Runs one SDK's program against the running server.
check() {
    local name=$1 begun=$SECONDS
    shift
    if WAYPOST_URL=$url WAYPOST_KEY=$key timeout 120 "$@"; then
        echo "PASS $name ($((SECONDS - begun)) s)"
        passed=$((passed + 1))
    else
        echo "FAIL $name"
        tail -n 20 "$work/log" >&2
        failed=$((failed + 1))
    fi
}

both_languages() {
    serve "$2"
    check "python on $1" "$venv/bin/python" python/check.py
    check "message signatures on $1" "$venv/bin/python" python/signatures.py
    check "javascript on $1" node javascript/check.mjs
    stop
}

install_python
install_javascript
both_languages sqlite "sqlite://$work/waypost.db"
if [ -n "${WAYPOST_TEST_POSTGRES:-}" ]; then
    psql "$WAYPOST_TEST_POSTGRES" --quiet -c "CREATE DATABASE sdk_$$"
    both_languages postgres "${WAYPOST_TEST_POSTGRES%/*}/sdk_$$"
    psql "$WAYPOST_TEST_POSTGRES" --quiet -c "DROP DATABASE sdk_$$ WITH (FORCE)"
elif [ -n "${CI:-}" ]; then
    echo "FAIL WAYPOST_TEST_POSTGRES names no Postgres" >&2
    failed=$((failed + 1))
else
    echo "left out: WAYPOST_TEST_POSTGRES names no Postgres"
fi

echo "sdk: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
