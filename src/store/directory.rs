//! The snapshot of every subscription, as of one routing version.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::domain::id::SubscriptionId;
use crate::domain::map::Map;
use crate::domain::subscription::Subscription;

/// All subscriptions of all tenants at one routing version. Deleted ones are absent.
#[derive(Debug, Default)]
pub struct Directory {
    /// The routing version this is the state of; it grows with every change to a subscription.
    pub version: i64,
    /// The subscriptions by identifier.
    pub subscriptions: Map<SubscriptionId, Arc<Subscription>>,
}

/// The newest snapshot this node has. `routing` replaces it, `dispatch` reads it.
pub type SharedDirectory = Arc<ArcSwap<Directory>>;
