#!/usr/bin/env bash
# The benchmark (benches/pipeline): Waypost beside a pass-through without a store, on SQLite and on Postgres.
#
#   scripts/bench.sh quick               one short round, under two minutes once it is built
#   scripts/bench.sh full                three rounds of everything that is not on demand
#   scripts/bench.sh NAME… [--rounds N]  scenarios and groups by name, three rounds
#   scripts/bench.sh soak [DURATION] [sqlite|postgres]  an hour at a steady rate, watched for growth
#   scripts/bench.sh compare waypost|svix|outpost HOST:PORT TOKEN  a server that runs already
#   scripts/bench.sh list                their names
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- quick
exec scripts/with-postgres.sh cargo bench --locked --bench pipeline -- "$@"
