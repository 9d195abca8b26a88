# The one task runner: CI runs `make test`, a desk runs the same. `make` alone lists the targets.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run demo test test-tools web web-check check fmt fmt-check clippy unit doc sdk browser screenshots install-check generate generated tested-binary deny fuzz bench bench-quick clean

# One profile for lints and tests, so that what a dependency builds in C is built once.
CARGO_FLAGS := --locked
DATA := data
BUILT := $(or $(CARGO_TARGET_DIR),target)/debug/waypost

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

run: web ## build and start Waypost for a look around (--dev, SQLite in data/)
	@mkdir -p $(DATA)
	cargo run $(CARGO_FLAGS) -- serve --dev --database-url sqlite://$(DATA)/waypost.db

# The pages that the binary takes in. Installed anew when the lockfile changed, built anew when a source did.
WEB_SOURCES := $(shell find web/src web/build web/public web/index.html web/*.json web/*.ts -type f 2>/dev/null)

web: web/dist/index.html ## build the dashboard

web/dist/index.html: web/node_modules/.package-lock.json $(WEB_SOURCES)
	cd web && npm run --silent build && npm run --silent size

web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci --no-audit --no-fund --silent
	@touch $@

web-check: web/node_modules/.package-lock.json ## the dashboard's format, lints, types and unit tests
	cd web && npm run --silent check

demo: ## run the main job by itself, once, and end
	cargo run $(CARGO_FLAGS) --quiet -- demo

test: test-tools check ## everything CI checks: lints, tests on both databases, pages, SDKs, installs, generated files
	scripts/with-postgres.sh $(MAKE) --no-print-directory unit doc sdk browser
	$(MAKE) --no-print-directory install-check generated deny

test-tools: ## install what the tests need (Postgres, Python, promtool, cargo-nextest), if it is missing
	scripts/install-test-tools.sh

check: fmt-check clippy web-check ## format, lints and types

fmt: ## format the code
	cargo fmt

fmt-check: ## fail if the code is not formatted
	cargo fmt --check

clippy: ## lints; a warning is an error
	cargo clippy $(CARGO_FLAGS) --all-targets -- -D warnings

unit: web ## unit and integration tests (on Postgres too, where WAYPOST_TEST_POSTGRES names one)
	scripts/cargo-tests.sh

doc: ## the code's documentation, private items included, builds without a warning
	RUSTDOCFLAGS="-D warnings -A rustdoc::private-intra-doc-links" cargo doc $(CARGO_FLAGS) --lib --no-deps --document-private-items --quiet

sdk: tested-binary ## official SDKs post and verify, as black boxes
	tests/sdk/run.sh $(BUILT)

browser: tested-binary ## the dashboard in a real browser on the real binary (both databases; Postgres as for `unit`)
	cd web && WAYPOST_BIN=$(abspath $(BUILT)) npm run --silent e2e

screenshots: tested-binary ## pictures of every page, both themes and phone width, into web/screenshots
	cd web && WAYPOST_BIN=$(abspath $(BUILT)) npm run --silent screenshots

install-check: ## the image, compose files, the chart and the systemd unit are valid and hang together
	scripts/install-check.sh

generate: web/node_modules/.package-lock.json ## write every generated file anew
	scripts/generate.sh

generated: tested-binary web/node_modules/.package-lock.json ## fail if a generated file is not what `make generate` writes
	BUILT_WAYPOST=$(BUILT) scripts/generate.sh --check

# The program as the tests build it: what tests use switches on features of shared dependencies, so `cargo build` would compile a
# good part of the tree once more.
tested-binary: web
	@cargo test $(CARGO_FLAGS) --quiet --no-run --test it

deny: ## licences, sources and banned crates (cargo-deny where installed; the test `tidy` holds the same list)
	@if cargo deny --version >/dev/null 2>&1; then cargo deny --offline check bans licenses sources; \
	else echo "cargo-deny is not installed: tests/it/tidy has checked licences and bans of deny.toml"; fi

fuzz: ## fuzz the event parser, CESQL and header decoding, FUZZ_SECONDS (600) each
	scripts/fuzz.sh

bench: ## measure everything beside a ceiling and the goals, on SQLite and Postgres (about half an hour)
	scripts/bench.sh full

bench-quick: ## the same, short: under two minutes once built
	scripts/bench.sh quick

clean: ## delete what was built and the data of `make run`
	cargo clean
	rm -rf $(DATA) web/node_modules
	find web/dist -mindepth 1 ! -name .gitkeep -delete
