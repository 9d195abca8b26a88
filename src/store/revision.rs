//! What a subscription was, as far as routing is concerned, from one routing version until another.

use crate::domain::clock::Timestamp;
use crate::domain::id::SubscriptionId;
use crate::domain::subscription::{DisabledReason, Rules, Status};

/// A stretch of a subscription's life in which routing saw it the same way.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// Whose life it is.
    pub subscription_id: SubscriptionId,
    /// The first routing version it was in force at.
    pub from_version: i64,
    /// The first routing version it was not in force at any more; none if it is in force now.
    pub until_version: Option<i64>,
    /// What the subscription's status was.
    pub status: Status,
    /// Why it was disabled, if it was.
    pub disabled_reason: Option<DisabledReason>,
    /// What it asked of an event.
    pub rules: Rules,
    /// When it began.
    pub began_at: Timestamp,
    /// When it ended; none if it is in force now.
    pub ended_at: Option<Timestamp>,
    /// When the subscription was deleted, if it is.
    pub deleted_at: Option<Timestamp>,
}

/// What is kept of one subscription's life.
#[derive(Debug, Clone, PartialEq)]
pub struct RoutingHistory {
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was deleted, if it is.
    pub deleted_at: Option<Timestamp>,
    /// Its revisions, oldest first, without gaps. Those from its creation on may be gone.
    pub revisions: Vec<Revision>,
}

impl Revision {
    /// Revisions kept of one subscription. The oldest goes when there is one more; what was accepted under it can't be explained
    /// any longer.
    pub const MAX_KEPT: u32 = 100;

    /// Whether events of this routing version were routed by it.
    #[must_use]
    pub fn was_in_force_at(&self, version: i64) -> bool {
        self.from_version <= version && self.until_version.is_none_or(|until| version < until)
    }
}
