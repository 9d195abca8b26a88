//! How many deliveries there are, counted portion by portion: each portion costs the same however many there are.

use crate::domain::clock::Timestamp;
use crate::domain::id::{DeliveryId, SubscriptionId};
use crate::domain::tenant::TenantName;

/// What is counted, and after which place the count goes on; `None` is the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// Deliveries that are `pending`, by their place in the queue.
    Pending(Option<(SubscriptionId, Timestamp, DeliveryId)>),
    /// Deliveries that are `dead_lettered`, by tenant.
    DeadLettered(Option<(TenantName, DeliveryId)>),
}

/// A part of a count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portion {
    /// How many were counted.
    pub count: u64,
    /// When the oldest of them was created.
    pub oldest_at: Option<Timestamp>,
    /// Where to go on, if there may be more.
    pub rest: Option<Mark>,
}
