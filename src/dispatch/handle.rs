//! What the rest of Waypost may ask of the dispatcher.

use crate::domain::clock::Timestamp;
use crate::domain::delivery::Outcome;
use crate::domain::event::Accepted;
use crate::domain::id::SubscriptionId;
use crate::domain::subscription::Subscription;
use crate::store::Leased;

/// A cheap reference to the dispatcher of this node. On a node that does not dispatch there is never room.
#[derive(Debug, Clone)]
pub struct Handle {}

/// A request that was made and what was answered, for showing to a person.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The method of the request.
    pub method: String,
    /// The URL of the request.
    pub url: String,
    /// The request's headers, credentials masked.
    pub request_headers: Vec<(String, String)>,
    /// The request's body.
    pub request_body: bytes::Bytes,
    /// What came of it.
    pub outcome: Outcome,
}

/// What a sink answered to the CloudEvents webhook handshake (SPECS WA-2 to WA-4).
#[derive(Debug, Clone)]
pub struct Handshake {
    /// Whether the sink allows this origin.
    pub is_allowed: bool,
    /// The rate it allows, in requests a minute; `None` is no limit.
    pub allowed_rate: Option<u32>,
    /// The exchange itself.
    pub exchange: Exchange,
}

impl Handle {
    /// Takes room for one delivery in a subscription's lane, for a body of `bytes`; `false` if there is none (the lane or the
    /// node is full, the sink is paused, this node does not dispatch). Room taken is given to [`Handle::hand_over`] or back
    /// with [`Handle::give_back`].
    #[must_use]
    pub fn reserve(&self, _subscription_id: SubscriptionId, _bytes: usize) -> bool {
        todo!()
    }

    /// Gives back room that was reserved and is not needed.
    pub fn give_back(&self, _subscription_id: SubscriptionId, _bytes: usize) {
        todo!()
    }

    /// Takes a delivery that was committed as leased to this node, into the room reserved for it.
    pub fn hand_over(&self, _leased: Leased) {
        todo!()
    }

    /// Says that a subscription has a pending delivery due at `due_at`, so that it is claimed without waiting for a sweep.
    pub fn queued(&self, _subscription_id: SubscriptionId, _due_at: Timestamp) {
        todo!()
    }

    /// Sends `event` to a subscription's sink at once, outside its lane, and gives back the whole exchange. Nothing is stored.
    pub async fn test(&self, _subscription: &Subscription, _event: &Accepted) -> Exchange {
        todo!()
    }

    /// Asks a sink whether it takes deliveries: the CloudEvents webhook handshake with `origin`.
    pub async fn handshake(&self, _subscription: &Subscription, _origin: &str) -> Handshake {
        todo!()
    }
}
