#!/usr/bin/env bash
# Runs a command with a throw-away Postgres cluster in WAYPOST_TEST_POSTGRES, and ends the cluster whatever happens.
#
#   scripts/with-postgres.sh COMMAND [ARGUMENT…]
set -euo pipefail
cd "$(dirname "$0")/.."
home=target/postgres-$$
trap 'scripts/postgres.sh stop "$home"' EXIT
trap 'exit 130' INT TERM
WAYPOST_TEST_POSTGRES=$(scripts/postgres.sh start "$home")
export WAYPOST_TEST_POSTGRES
"$@"
