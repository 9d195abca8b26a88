//! Where accepted deliveries go without touching the queue.

use crate::domain::clock::Timestamp;
use crate::domain::id::SubscriptionId;
use crate::store::Leased;

/// The dispatcher, as routing sees it. `app` connects the two.
pub trait Outlet: Send + Sync + 'static {
    /// Takes room for one delivery of `bytes` in a subscription's lane; `false` if there is none.
    fn reserve(&self, subscription_id: SubscriptionId, bytes: usize) -> bool;

    /// Gives back room that is not needed after all.
    fn give_back(&self, subscription_id: SubscriptionId, bytes: usize);

    /// Takes a committed delivery into the room reserved for it.
    fn hand_over(&self, leased: Leased);

    /// Says that a delivery waits in the database since there was no room.
    fn queued(&self, subscription_id: SubscriptionId, due_at: Timestamp);
}

/// The outlet of a node that does not deliver: everything is queued for other nodes.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoOutlet;

impl Outlet for NoOutlet {
    fn reserve(&self, _: SubscriptionId, _: usize) -> bool {
        false
    }

    fn give_back(&self, _: SubscriptionId, _: usize) {}

    fn hand_over(&self, _: Leased) {}

    fn queued(&self, _: SubscriptionId, _: Timestamp) {}
}
