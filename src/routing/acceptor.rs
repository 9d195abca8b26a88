//! Group commit: requests that arrive together are committed together.

use std::time::Duration;

use crate::domain::clock::Timestamp;
use crate::domain::event::Event;
use crate::domain::id::{EventId, ProducerId};
use crate::domain::tenant::TenantName;

/// One request's events, parsed and authorised.
#[derive(Debug)]
pub struct Request {
    /// Whose they are.
    pub tenant: TenantName,
    /// The events; a batch is atomic.
    pub events: Vec<Event>,
    /// The `traceparent` header of the request, if valid.
    pub traceparent: Option<String>,
    /// The signed message they came as: its producer, a digest of its identifier and timestamp, and until when it verifies.
    pub replay: Option<(ProducerId, [u8; 16], Timestamp)>,
}

/// What was made of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The event's identifier; the first one's if it is a duplicate.
    pub id: EventId,
    /// Whether its key was accepted before.
    pub is_duplicate: bool,
    /// How many deliveries it got now.
    pub delivery_count: usize,
}

/// Why a request was not accepted. Nothing of it was, unless it is [`AcceptError::Unavailable`], which leaves that unknown.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// Too much waits for its commit.
    #[error("too many events wait to be committed")]
    Full {
        /// When to try again.
        retry_after: Duration,
    },
    /// The signed message was accepted before.
    #[error("this signed message was accepted before")]
    Replayed,
    /// The database is not available, or this node is stopping.
    #[error("events can't be stored right now")]
    Unavailable {
        /// When to try again.
        retry_after: Duration,
    },
}

/// The accepting side of a node. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Acceptor {}

impl Acceptor {
    /// Accepts a request: answers after its events and all their deliveries are committed.
    ///
    /// # Errors
    /// Why it was not accepted.
    pub async fn accept(&self, _request: Request) -> Result<Vec<Receipt>, AcceptError> {
        todo!()
    }
}
