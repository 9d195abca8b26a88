#!/usr/bin/env bash
# Fuzzes: each target FUZZ_SECONDS (600) long, one after the other, or only those that are named: `scripts/fuzz.sh cesql`.
#
# What was found interesting stays in fuzz/corpus, what broke in fuzz/artifacts. The domain has no `unsafe`, so no sanitizer is built in: it
# finds panics, overflows, failed checks, hangs and hunger for memory, at twice the speed.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds="${FUZZ_SECONDS:-600}"
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(cesql event header)

fail() { echo "fuzz: $*" >&2; exit 1; }

if ! cargo fuzz --version >/dev/null 2>&1; then
  echo "fuzz: installing cargo-fuzz" >&2
  cargo install --locked --quiet cargo-fuzz || fail "cargo-fuzz can't be installed; install it by hand: cargo install --locked cargo-fuzz"
fi
command -v c++ >/dev/null || fail "a C++ compiler is missing, which libFuzzer is built with; on Debian: apt-get install g++"

# The coverage that libFuzzer steers by needs flags that only a nightly compiler takes, or one that is told to pretend.
if command -v rustup >/dev/null && rustup run nightly rustc --version >/dev/null 2>&1; then
  cargo=(rustup run nightly cargo)
else
  echo "fuzz: no nightly toolchain (rustup toolchain install nightly); going on with RUSTC_BOOTSTRAP=1" >&2
  export RUSTC_BOOTSTRAP=1
  cargo=(cargo)
fi

for target in "${targets[@]}"; do
  echo "fuzz: $target, $seconds s"
  mkdir -p "fuzz/corpus/$target"
  "${cargo[@]}" fuzz run --sanitizer none "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
    -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=1024 -dict="fuzz/$target.dict" -print_final_stats=1 ||
    fail "$target broke; the input lies in fuzz/artifacts/$target, and 'cargo fuzz run $target THAT_FILE' shows it again"
done
