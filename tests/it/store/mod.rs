//! The conformance suite of the store: one behaviour, two databases.

mod bulk;
mod credentials;
mod dead_letters;
mod deliveries;
mod depth;
mod events;
mod handshakes;
mod jobs;
mod open;
mod outbox;
mod plans;
mod retention;
mod revisions;
mod sample;
mod schema;
mod sessions;
mod sinks;
mod stats;
mod subscriptions;
mod tenants;
mod vault;
