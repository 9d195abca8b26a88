//! Receiving events (SPECS 1.B): from a request to the acceptor, and its receipt to the caller.
//!
//! [`events`] is the door for callers with a credential, [`producers`] the one for producers that sign, [`handshake`] answers
//! senders that ask first, and [`poster`] finds out who the caller is. Nothing is answered with 202 that is not committed, and no answer looks like an event itself.

mod events;
mod handshake;
mod media;
mod poster;
mod producers;
mod receipt;
mod schema;

pub use receipt::{BatchReceipt, EventReceipt, Receipts};
pub use schema::{CloudEvent, ProtobufMessage};

pub use producers::Doors;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::state::AppState;

/// The routes of this part.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(events::post_events, handshake::ask_permission))
        .routes(routes!(producers::post_producer_events, handshake::ask_producer_permission))
}
