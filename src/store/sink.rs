//! What goes into writing the health of a sink.

use crate::domain::breaker::Health;
use crate::domain::id::SubscriptionId;

/// A change of what is known of a sink, computed from what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthChange {
    /// Its subscription.
    pub id: SubscriptionId,
    /// The revision it was computed from; none if the sink was well.
    pub read: Option<i64>,
    /// What is known now; none if the sink is well.
    pub after: Option<Health>,
}
