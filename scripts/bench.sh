#!/usr/bin/env bash
# The benchmark (benches/pipeline): Waypost beside a pass-through without a store, on SQLite and on Postgres.
#
#   scripts/bench.sh quick|full
set -euo pipefail
cd "$(dirname "$0")/.."
exec scripts/with-postgres.sh cargo bench --locked --bench pipeline -- "${1:-quick}"
