#!/usr/bin/env bash
# Writes every generated file anew; with --check it changes nothing and fails if one differs.
#
#   openapi/openapi.json    from the handlers (`waypost openapi`)
#   docs/errors.md          from the list of problem codes (`waypost openapi --errors`)
#   web/src/lib/api/schema.d.ts   from the document (openapi-typescript)
#   docs/metrics.md         the tables between its markers, from what is registered (`waypost openapi --metrics`)
#   docs/configuration.md   the block between its markers, from src/config/default.toml
#   helm/waypost/README.md  the table between its markers, from the chart's values.yaml
set -euo pipefail
cd "$(dirname "$0")/.."
check=${1:-}
waypost() { if [ -n "${BUILT_WAYPOST:-}" ]; then "$BUILT_WAYPOST" "$@"; else cargo run --locked --quiet -- "$@"; fi; }
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
status=0

# Puts a fresh file in its place, or compares.
settle() {
    if [ "$check" = --check ]; then
        diff -u "$1" "$fresh/file" || { echo "$1 is not what 'make generate' writes" >&2; status=1; }
    else
        mkdir -p "$(dirname "$1")"
        cat "$fresh/file" >"$1"
    fi
}

waypost openapi >"$fresh/file"
settle openapi/openapi.json

waypost openapi --errors >"$fresh/file"
settle docs/errors.md

# The generator's file names come from the document's place, so it is given the committed one, which was settled above.
(cd web && npx --no-install openapi-typescript ../openapi/openapi.json --output "$fresh/file" \
    --root-types --root-types-no-schema-prefix --alphabetize >/dev/null)
settle web/src/lib/api/schema.d.ts

waypost openapi --metrics >"$fresh/tables"
awk -v source="$fresh/tables" '
    /<!-- begin: metrics -->/ { print; print ""; while ((getline line < source) > 0) print line; print ""; inside = 1; next }
    /<!-- end: metrics -->/ { inside = 0 }
    !inside { print }
' docs/metrics.md >"$fresh/file"
settle docs/metrics.md

awk -v source=src/config/default.toml '
    /<!-- begin: default.toml -->/ { print; print "```toml"; while ((getline line < source) > 0) print line; print "```"; inside = 1; next }
    /<!-- end: default.toml -->/ { inside = 0 }
    !inside { print }
' docs/configuration.md >"$fresh/file"
settle docs/configuration.md

python3 scripts/chart-values.py >"$fresh/file"
settle helm/waypost/README.md

exit $status
