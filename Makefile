# The one task runner: CI runs `make test`, a desk runs the same. `make` alone lists the targets.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run demo test test-tools check fmt fmt-check clippy unit doc sdk generate generated tested-binary deny bench bench-quick clean

# One profile for lints and tests, so that what a dependency builds in C is built once.
CARGO_FLAGS := --locked
DATA := data
BUILT := $(or $(CARGO_TARGET_DIR),target)/debug/waypost

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: ## build and start Waypost for a look around (--dev, SQLite in data/)
	@mkdir -p $(DATA)
	cargo run $(CARGO_FLAGS) -- serve --dev --database-url sqlite://$(DATA)/waypost.db

demo: ## run the main job by itself, once, and end
	cargo run $(CARGO_FLAGS) --quiet -- demo

test: test-tools check ## everything CI checks: lints, tests on both databases, SDKs, generated files
	scripts/with-postgres.sh $(MAKE) --no-print-directory unit doc sdk
	$(MAKE) --no-print-directory generated deny

test-tools: ## install what the tests need (Postgres, Python, cargo-nextest), if it is missing
	scripts/install-test-tools.sh

check: fmt-check clippy ## format and lints

fmt: ## format the code
	cargo fmt

fmt-check: ## fail if the code is not formatted
	cargo fmt --check

clippy: ## lints; a warning is an error
	cargo clippy $(CARGO_FLAGS) --all-targets -- -D warnings

unit: ## unit and integration tests (on Postgres too, where WAYPOST_TEST_POSTGRES names one)
	scripts/cargo-tests.sh

doc: ## the code's documentation, private items included, builds without a warning
	RUSTDOCFLAGS="-D warnings -A rustdoc::private-intra-doc-links" cargo doc $(CARGO_FLAGS) --lib --no-deps --document-private-items --quiet

sdk: tested-binary ## official SDKs post and verify, as black boxes
	tests/sdk/run.sh $(BUILT)

generate: ## write every generated file anew
	scripts/generate.sh

generated: tested-binary ## fail if a generated file is not what `make generate` writes
	BUILT_WAYPOST=$(BUILT) scripts/generate.sh --check

# The program as the tests build it: what tests use switches on features of shared dependencies, so `cargo build` would compile a
# good part of the tree once more.
tested-binary:
	@cargo test $(CARGO_FLAGS) --quiet --no-run --test it

deny: ## licences, sources and banned crates (cargo-deny where installed; the test `tidy` holds the same list)
	@if cargo deny --version >/dev/null 2>&1; then cargo deny --offline check bans licenses sources; \
	else echo "cargo-deny is not installed: tests/it/tidy has checked licences and bans of deny.toml"; fi

bench: ## measure: accepted and delivered per second beside a ceiling, on SQLite and Postgres
	scripts/bench.sh full

bench-quick: ## the same, short
	scripts/bench.sh quick

clean: ## delete what was built and the data of `make run`
	cargo clean
	rm -rf $(DATA)
