//! What the rest of Waypost may ask of the jobs of this node, and what they ask of the rest.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::domain::clock::Timestamp;
use crate::domain::id::SubscriptionId;

/// The dispatcher, as jobs see it. `app` connects the two.
pub trait Outlet: Send + Sync + 'static {
    /// Says that deliveries wait in the database.
    fn queued(&self, subscription_id: SubscriptionId, due_at: Timestamp);
}

/// The outlet of nobody: sweeps find what waits.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoOutlet;

impl Outlet for NoOutlet {
    fn queued(&self, _: SubscriptionId, _: Timestamp) {}
}

/// A cheap reference to the worker of this node. On a node without one nothing hears it, and others find what is due by themselves.
#[derive(Debug, Clone, Default)]
pub struct Handle {
    wake: Arc<Notify>,
}

impl Handle {
    /// Says that a job is due now, so that it begins without waiting to be found.
    pub fn due(&self) {
        self.wake.notify_one();
    }

    /// Waits until somebody says so.
    pub(super) async fn is_due(&self) {
        self.wake.notified().await;
    }
}
