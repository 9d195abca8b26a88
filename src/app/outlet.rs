//! The outlet of routing, and that of jobs, is dispatch's handle: the one place where siblings meet.

use crate::dispatch::Handle;
use crate::domain::clock::Timestamp;
use crate::domain::id::SubscriptionId;
use crate::jobs;
use crate::routing::Outlet;
use crate::store::Leased;

impl Outlet for Handle {
    fn reserve(&self, subscription_id: SubscriptionId, bytes: usize) -> bool {
        Self::reserve(self, subscription_id, bytes)
    }

    fn give_back(&self, subscription_id: SubscriptionId, bytes: usize) {
        Self::give_back(self, subscription_id, bytes);
    }

    fn hand_over(&self, leased: Leased) {
        Self::hand_over(self, leased);
    }

    fn queued(&self, subscription_id: SubscriptionId, due_at: Timestamp) {
        Self::queued(self, subscription_id, due_at);
    }
}

impl jobs::Outlet for Handle {
    fn queued(&self, subscription_id: SubscriptionId, due_at: Timestamp) {
        Self::queued(self, subscription_id, due_at);
    }
}
