//! What goes into and comes out of claiming deliveries and recording what came of them.

use std::sync::Arc;

use crate::domain::clock::Timestamp;
use crate::domain::delivery::{Attempt, DeadReason, ErrorAttributes};
use crate::domain::event::Accepted;
use crate::domain::id::{DeliveryId, JobId, NodeId, SubscriptionId};
use crate::domain::tenant::TenantName;

/// The right to attempt one delivery. `token` fences late writers: it grows with every claim, so a holder whose lease was
/// reclaimed can't record anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The delivery.
    pub delivery_id: DeliveryId,
    /// The value the row must still hold.
    pub token: i64,
}

impl Lease {
    /// The token of a delivery that is handed over when it is created.
    pub const FIRST_TOKEN: i64 = 1;

    /// Below the tokens of a delivery that was created in line. They tell whoever holds its lease that others may wait behind it,
    /// which costs those in no line nothing.
    pub const BASE_IN_LINE: i64 = 1 << 40;

    /// Whether others may wait until this delivery has ended.
    #[must_use]
    pub const fn may_be_in_line(self) -> bool {
        self.token >= Self::BASE_IN_LINE
    }
}

/// A delivery leased to this node, with everything needed to attempt it.
#[derive(Debug, Clone)]
pub struct Leased {
    /// The lease.
    pub lease: Lease,
    /// The subscription to bring it to.
    pub subscription_id: SubscriptionId,
    /// Attempts made in all.
    pub attempt_count: u32,
    /// Attempts made since it was last opened.
    pub budget_attempt_count: u32,
    /// Whether a person opened it again.
    pub is_reopened: bool,
    /// The replay that created it or last opened it.
    pub replay_job_id: Option<JobId>,
    /// The event to bring. Shared by all deliveries of the event.
    pub event: Arc<Accepted>,
}

/// A request for due deliveries.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Who asks.
    pub node: NodeId,
    /// The time: only deliveries due by now are given.
    pub now: Timestamp,
    /// For which subscriptions, and how many at most of each.
    pub lanes: Vec<(SubscriptionId, u32)>,
}

/// A subscription with pending deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueLane {
    /// The subscription.
    pub subscription_id: SubscriptionId,
    /// When its earliest delivery is due.
    pub next_attempt_at: Timestamp,
    /// Until when its sink asked to be left alone.
    pub paused_until: Option<Timestamp>,
}

/// What came of a leased delivery.
#[derive(Debug, Clone)]
pub struct Report {
    /// The lease it was attempted under.
    pub lease: Lease,
    /// Whose delivery it is.
    pub tenant: TenantName,
    /// The attempt, if one was made.
    pub attempt: Option<Attempt>,
    /// What is to become of the delivery.
    pub then: Resolution,
    /// For a death that a dead-letter sink is to be told of: what of.
    pub forward: Option<Box<ErrorAttributes>>,
}

/// What is to become of a delivery after its lease ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// `delivered`.
    Delivered,
    /// `pending` again, due at this moment.
    Retry(Timestamp),
    /// `dead_lettered`.
    Dead(DeadReason),
    /// `cancelled`, because its subscription was deleted by a person.
    Cancelled,
}

/// Whether a report was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// The delivery is in the state reported, and its attempt is kept.
    Done,
    /// The lease was lost before: somebody cancelled the delivery or another node has it. Nothing was written.
    LeaseLost,
}

/// A sink that asked to be left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SinkPause {
    /// Its subscription.
    pub subscription_id: SubscriptionId,
    /// Until when.
    pub until: Timestamp,
}
