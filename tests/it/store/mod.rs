//! The conformance suite of the store: one behaviour, two databases.

mod open;
mod outbox;
mod schema;
