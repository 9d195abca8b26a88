//! Integration tests: one binary, real databases, real sockets.

#![expect(clippy::unwrap_used, reason = "clippy sees only functions marked as tests as tests; here everything is")]
#![expect(clippy::print_stderr, reason = "tests say what they saw; the runner shows it for those that fail")]

mod api;
mod bad_input;
mod bench;
mod cloudevents;
mod commands;
mod conformance;
mod delaying;
mod dispatch;
mod fuzz;
mod handshake;
mod ingest;
mod install;
mod metrics;
mod nodes;
mod ordering;
mod promises;
mod replay;
mod shards;
mod store;
mod support;
mod tidy;
