//! Integration tests: one binary, real databases, real sockets.

#![expect(clippy::unwrap_used, reason = "clippy sees only functions marked as tests as tests; here everything is")]

mod api;
mod conformance;
mod dispatch;
mod ingest;
mod store;
mod support;
mod tidy;
