#!/usr/bin/env bash
# Unit and integration tests: with cargo-nextest, or with `cargo test` where it is missing, and says so.
set -euo pipefail
cd "$(dirname "$0")/.."
if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --locked "$@"
else
    echo "cargo-nextest is missing: running 'cargo test', without time limits and one test binary after the other" >&2
    cargo test --locked "$@"
fi
cargo test --locked --doc --quiet
