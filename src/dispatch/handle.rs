//! What the rest of Waypost may ask of the dispatcher.

use std::sync::Arc;

use super::asking::{self, Asking};
use super::dispatcher::{DispatchParts, Dispatcher};
use super::health;
use super::probe;
use super::shared::Shared;
use crate::domain::clock::Timestamp;
use crate::domain::delivery::Outcome;
use crate::domain::event::Accepted;
use crate::domain::id::SubscriptionId;
use crate::domain::subscription::Subscription;
use crate::metrics::Load;
use crate::store::{Conflict, Leased, StoreError};

/// How often a sink is asked anew while others keep asking it too.
const MAX_ASKS: usize = 5;

/// A cheap reference to the dispatcher of this node. On a node that does not dispatch there is never room.
#[derive(Debug, Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

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
pub struct Asked {
    /// Whether the sink allows this origin.
    pub is_allowed: bool,
    /// The rate it allows, in requests a minute; `None` is no limit.
    pub allowed_rate: Option<u32>,
    /// The exchange itself.
    pub exchange: Exchange,
}

impl Handle {
    /// A handle to these parts.
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The handle of a node that does not dispatch: it never has room, but tests and handshakes work.
    #[must_use]
    pub fn closed(parts: DispatchParts) -> Self {
        Dispatcher::new(parts).1
    }

    /// Takes room for one delivery in a subscription's lane, for a body of `bytes`; `false` if there is none (the lane or the
    /// node is full, the sink is paused, this node does not dispatch). Room taken is given to [`Handle::hand_over`] or back
    /// with [`Handle::give_back`].
    #[must_use]
    pub fn reserve(&self, subscription_id: SubscriptionId, bytes: usize) -> bool {
        let directory = self.shared.directory.load();
        let subscription = directory.subscriptions.get(&subscription_id);
        self.shared.lanes().reserve(subscription_id, bytes, subscription, self.shared.clock.now())
    }

    /// Gives back room that was reserved and is not needed.
    pub fn give_back(&self, subscription_id: SubscriptionId, bytes: usize) {
        self.shared.lanes().give_back(subscription_id, bytes, self.shared.clock.now());
    }

    /// Takes a delivery that was committed as leased to this node, into the room reserved for it.
    pub fn hand_over(&self, leased: Leased) {
        let refused = self.shared.lanes().hand_over(leased);
        match refused {
            Some(leased) => self.shared.release(vec![leased], self.shared.clock.now()),
            None => self.shared.ready.notify_one(),
        }
    }

    /// Says that a subscription has a pending delivery due at `due_at`, so that it is claimed without waiting for a sweep.
    pub fn queued(&self, subscription_id: SubscriptionId, due_at: Timestamp) {
        self.shared.note(subscription_id, due_at);
    }

    /// Looks through all lanes without waiting for the next sweep, but not more often than four times a second.
    pub fn sweep_soon(&self) {
        self.shared.sweep_soon.notify_one();
    }

    /// Gives a sign of life at once, to learn which nodes deliver now.
    pub fn beat_soon(&self) {
        self.shared.beat_soon.notify_one();
    }

    /// Forgets what is known of a subscription's sink: it was mended, or is another one.
    ///
    /// # Errors
    /// The store's own.
    pub async fn forget_health(&self, subscription_id: SubscriptionId) -> Result<(), StoreError> {
        health::forget(&self.shared, subscription_id).await
    }

    /// What the dispatcher holds right now.
    #[must_use]
    pub fn load(&self) -> Load {
        self.shared.lanes().load()
    }

    /// Sends `event` to a subscription's sink at once, outside its lane, and gives back the whole exchange. Nothing is stored.
    pub async fn test(&self, subscription: &Subscription, event: &Accepted) -> Exchange {
        probe::test(&self.shared, subscription, event).await
    }

    /// Asks a subscription's sink now, and draws the conclusions from what it says: the CloudEvents webhook handshake. Of a subscription without a handshake nothing is written.
    ///
    /// # Errors
    /// The store's own, and [`StoreError::NotFound`] if the subscription is gone.
    pub async fn ask(&self, subscription: &Subscription) -> Result<Asked, StoreError> {
        let mut subscription = subscription.clone();
        for _ in 0..MAX_ASKS {
            if let Some(asked) = asking::ask(&self.shared, &subscription).await? {
                return Ok(asked);
            }
            subscription = self.shared.store.any_subscription(subscription.id).await?;
        }
        Err(Conflict::State("being asked by others").into())
    }

    /// How sinks are asked.
    #[must_use]
    pub fn asking(&self) -> &Asking {
        &self.shared.asking
    }

    /// Says that a sink is to be asked by now, so that it is not found only by the next look.
    pub fn ask_soon(&self) {
        self.shared.ask_soon.notify_one();
    }
}
