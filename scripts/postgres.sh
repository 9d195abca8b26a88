#!/usr/bin/env bash
# One throw-away Postgres cluster on a free loopback port, as durable as a real one (fsync and synchronous_commit are on).
#
#   scripts/postgres.sh start  [DIR]   makes the cluster, starts it and prints its URL
#   scripts/postgres.sh replica DIR OF makes a streaming replica of the cluster OF, starts it and prints its URL
#   scripts/postgres.sh stop   [DIR]   stops it and deletes it
#   scripts/postgres.sh up|down [DIR]  starts and stops it, keeping data and port: for tests of an outage
#   scripts/postgres.sh url    [DIR]   prints its URL
#   scripts/postgres.sh pid    [DIR]   prints the process id of its postmaster
#
# DIR is where it lives (target/postgres). Postgres refuses to run as root, so root hands the folder to the user `postgres`
# or `nobody`; if that user can't reach DIR, the data lies in a temporary folder that DIR names.
set -euo pipefail

action=${1:-}
home=${2:-target/postgres}

fail() { echo "postgres.sh: $*" >&2; exit 1; }

# The newest server on this machine.
binaries() {
    local found
    found=$(ls -d /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql*/bin 2>/dev/null | sort -V | tail -n 1)
    if [ -n "$found" ] && [ -x "$found/initdb" ]; then echo "$found"; return; fi
    found=$(command -v initdb || true)
    [ -n "$found" ] || fail "no Postgres server found; scripts/install-test-tools.sh installs one"
    dirname "$found"
}

# Runs a command as whoever may run Postgres.
unprivileged() {
    if [ "$(id -u)" -ne 0 ]; then "$@"; return; fi
    runuser -u "$(cat "$home/user")" -- "$@"
}

# The log file must be opened by the server, not by this shell: a pipe held open would keep the caller waiting.
launch() {
    local data port
    data=$(cat "$home/data"); port=$(cat "$home/port")
    (cd / && home="$here" unprivileged "$(binaries)/pg_ctl" -D "$data" -l "$data/server.log" -w -t 60 -s \
        -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$data" start >/dev/null 2>&1 </dev/null)
}

halt() {
    (cd / && home="$here" unprivileged "$(binaries)/pg_ctl" -D "$(cat "$here/data")" -m "${1:-fast}" -w -t 60 -s stop >/dev/null 2>&1) || true
}

url() { echo "postgres://postgres@127.0.0.1:$(cat "$home/port")/postgres"; }

choose_data() {
    local data=$here/cluster
    mkdir -p "$data"
    if [ "$(id -u)" -eq 0 ]; then
        getent passwd postgres >/dev/null && echo postgres >"$home/user" || echo nobody >"$home/user"
        chown "$(cat "$home/user")" "$data"
        if ! (cd / && home="$here" unprivileged test -w "$data"); then
            rmdir "$data"
            data=$(mktemp -d "${TMPDIR:-/tmp}/waypost-postgres.XXXXXX")
            chown "$(cat "$home/user")" "$data"
        fi
    fi
    chmod 700 "$data"
    echo "$data" >"$home/data"
}

start() {
    [ ! -f "$home/data" ] || stop
    mkdir -p "$home"
    here=$(cd "$home" && pwd)
    choose_data
    local data
    data=$(cat "$home/data")
    (cd / && home="$here" unprivileged "$(binaries)/initdb" -D "$data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 >/dev/null) \
        || fail "initdb failed"
    {
        echo "max_connections = 400"
        echo "shared_buffers = 256MB"
        echo "max_wal_size = 2GB"
        echo "log_min_messages = warning"
    } >>"$data/postgresql.conf"
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        echo $((20000 + RANDOM % 12000)) >"$home/port"
        if launch; then url; return; fi
    done
    cat "$data/server.log" >&2
    fail "the cluster does not start"
}

replicate() {
    local source data
    source=$(cd "${1:?which cluster?}" && pwd)
    mkdir -p "$home"
    here=$(cd "$home" && pwd)
    choose_data
    data=$(cat "$home/data")
    (cd / && home="$here" unprivileged "$(binaries)/pg_basebackup" -D "$data" -h 127.0.0.1 -p "$(cat "$source/port")" -U postgres \
        -R -X stream -c fast >/dev/null) || fail "pg_basebackup failed"
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        echo $((20000 + RANDOM % 12000)) >"$home/port"
        if launch; then url; return; fi
    done
    cat "$data/server.log" >&2
    fail "the replica does not start"
}

stop() {
    [ -f "$home/data" ] || return 0
    here=$(cd "$home" && pwd)
    halt immediate
    rm -rf "$(cat "$home/data")" "$home"
}

here=$(cd "$home" 2>/dev/null && pwd || true)
case "$action" in
    start) start ;;
    replica) replicate "${3:-}" ;;
    stop) stop ;;
    up) launch || fail "the cluster does not start: see $(cat "$home/data")/server.log" ;;
    down) halt "${3:-fast}" ;;
    url) url ;;
    pid) head -n 1 "$(cat "$home/data")/postmaster.pid" ;;
    *) sed -n '2,14s/^# \{0,1\}//p' "$0"; exit 64 ;;
esac
