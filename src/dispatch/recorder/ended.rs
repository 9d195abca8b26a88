//! What comes to the recorder.

use std::time::Duration;

use crate::dispatch::lanes::{Shown, weight};
use crate::domain::clock::Timestamp;
use crate::domain::id::SubscriptionId;
use crate::store::{Lease, Leased, Report, SinkPause};

/// A delivery that this node is done with.
#[derive(Debug)]
pub(in crate::dispatch) enum Ended {
    /// Something came of it.
    Report(Box<Reported>),
    /// It goes back untried.
    Release(Release),
}

/// A report, and what else follows from the attempt.
#[derive(Debug)]
pub(in crate::dispatch) struct Reported {
    /// What is recorded.
    pub(in crate::dispatch) report: Report,
    /// The delivery's subscription.
    pub(in crate::dispatch) subscription_id: SubscriptionId,
    /// The bytes it holds in its lane, if it came through one.
    pub(in crate::dispatch) held_bytes: Option<usize>,
    /// What the sink asked for.
    pub(in crate::dispatch) pause: Option<SinkPause>,
    /// What the attempt showed of its sink, until that is taken notice of.
    pub(in crate::dispatch) shown: Option<Shown>,
    /// Whether the sink wants nothing any more.
    pub(in crate::dispatch) is_gone: bool,
    /// How long after its event was accepted it was delivered, unless it was redelivered.
    pub(in crate::dispatch) latency: Option<Duration>,
}

/// A delivery that goes back to the database untried.
#[derive(Debug, Clone, Copy)]
pub(in crate::dispatch) struct Release {
    /// Its lease.
    pub(in crate::dispatch) lease: Lease,
    /// Its subscription.
    pub(in crate::dispatch) subscription_id: SubscriptionId,
    /// The bytes it holds in its lane, if it came through one.
    pub(in crate::dispatch) held_bytes: Option<usize>,
    /// When it is due again.
    pub(in crate::dispatch) due_at: Timestamp,
}

impl Ended {
    /// The lease that ends.
    pub(super) const fn lease(&self) -> Lease {
        match self {
            Self::Report(reported) => reported.report.lease,
            Self::Release(release) => release.lease,
        }
    }
}

impl Release {
    /// The release of a delivery held in memory.
    pub(in crate::dispatch) fn of(leased: &Leased, due_at: Timestamp) -> Self {
        Self { lease: leased.lease, subscription_id: leased.subscription_id, held_bytes: Some(weight(leased)), due_at }
    }
}
