//! Delivering: attempts and what this node holds in memory.

use std::time::Duration;

use prometheus::{Gauge, Histogram, IntCounter, IntGauge};

use super::catalog::Catalog;
use super::node::signed;
use super::{BySubscription, Sinks};
use crate::domain::delivery::{ErrorClass, Outcome, VerdictKind};
use crate::domain::id::SubscriptionId;

/// Seconds, for sinks: their time limits are larger than what a person waits for.
const ATTEMPT: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

/// Seconds, from what is delivered at once to what needed every retry of a day.
const END_TO_END: [f64; 15] = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0, 600.0, 3600.0, 86_400.0];

/// The class of an attempt that did not fail.
const DELIVERED: &str = "delivered";

/// The handles of delivering.
#[derive(Debug)]
pub struct Deliver {
    /// By error class; the last one is of those that did not fail.
    attempts: Vec<IntCounter>,
    verdicts: Vec<IntCounter>,
    retries: IntCounter,
    attempt_seconds: Histogram,
    end_to_end_seconds: Histogram,
    by_subscription: BySubscription,
    forwards: Vec<IntCounter>,
    /// Sinks in trouble.
    pub sinks: Sinks,
    lag_seconds: Gauge,
    is_open: IntGauge,
    lanes: IntGauge,
    held: IntGauge,
    held_bytes: IntGauge,
    open_requests: IntGauge,
    nodes: IntGauge,
}

/// An attempt that ended.
#[derive(Debug, Clone, Copy)]
pub struct Attempted<'a> {
    /// Whose it was.
    pub subscription_id: SubscriptionId,
    /// Which attempt it was since the delivery was opened, from 1.
    pub number: u32,
    /// What came of it.
    pub outcome: &'a Outcome,
    /// What that means.
    pub verdict: VerdictKind,
    /// How old its event is, if that says how long delivering took: it was delivered, and nobody had opened it again.
    pub age: Option<Duration>,
}

/// What the dispatcher holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Whether deliveries flow: the node's sign of life was written.
    pub is_open: bool,
    /// Lanes it remembers.
    pub lanes: usize,
    /// Deliveries in memory, with room that is reserved for some.
    pub held: usize,
    /// Bytes of their events.
    pub held_bytes: usize,
    /// Requests that are open.
    pub open: usize,
    /// Nodes that deliver, as this one knows.
    pub nodes: u32,
}

impl Load {
    /// What the dispatchers of two databases hold together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self {
            is_open: self.is_open && other.is_open,
            nodes: if self.nodes > other.nodes { self.nodes } else { other.nodes },
            lanes: self.lanes + other.lanes,
            held: self.held + other.held,
            held_bytes: self.held_bytes + other.held_bytes,
            open: self.open + other.open,
        }
    }
}

/// What came of sending a dead letter on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forwarded {
    /// The dead-letter sink has it.
    Delivered,
    /// It will be tried again.
    Retry,
    /// It will not.
    Failed,
}

impl Forwarded {
    const ALL: [Self; 3] = [Self::Delivered, Self::Retry, Self::Failed];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retry => "retry",
            Self::Failed => "failed",
        }
    }
}

impl Deliver {
    pub(super) fn new(catalog: &mut Catalog, max_subscriptions: Option<usize>) -> Self {
        catalog.section("Delivering");
        let classes: Vec<_> = ErrorClass::ALL.into_iter().map(ErrorClass::as_str).chain([DELIVERED]).collect();
        Self {
            attempts: catalog.counters(
                "waypost_attempts_total",
                "Attempts made, by what came of them: `delivered`, an answer that is an error (`redirect` 3xx, `client` 4xx, \
                 `server` 5xx), or why there was no usable answer.",
                "class",
                &classes,
            ),
            verdicts: catalog.counters(
                "waypost_verdicts_total",
                "What attempts meant for their deliveries.",
                "verdict",
                &VerdictKind::ALL.map(VerdictKind::as_str),
            ),
            retries: catalog.counter(
                "waypost_retries_total",
                "Attempts that were not their delivery's first since it was created or opened again.",
            ),
            attempt_seconds: catalog.histogram(
                "waypost_attempt_seconds",
                "How long attempts took, from the request to the end of the answer.",
                &ATTEMPT,
            ),
            end_to_end_seconds: catalog.histogram(
                "waypost_end_to_end_seconds",
                "From accepting an event to the sink's answer that it has it, retries included. Deliveries that somebody opened \
                 again are left out.",
                &END_TO_END,
            ),
            by_subscription: BySubscription::new(catalog, max_subscriptions),
            forwards: catalog.counters(
                "waypost_dead_letter_forwards_total",
                "Attempts to send dead letters on to dead-letter sinks, by what came of them; `failed` is not tried again.",
                "outcome",
                &Forwarded::ALL.map(Forwarded::as_str),
            ),
            sinks: Sinks::new(catalog),
            lag_seconds: catalog.float_gauge(
                "waypost_queue_lag_seconds",
                "How long the delivery that waits longest past its time is due. Of active subscriptions whose sinks did not ask \
                 for a pause and whose breakers are closed; 0 if nothing is late, and on nodes that do not deliver. As of the last sweep: while the database is away \
                 it stands still.",
            ),
            is_open: catalog.gauge(
                "waypost_dispatch_is_open",
                "1 while deliveries flow on this node: its leases hold. 0 without a database, and on nodes that do not deliver.",
            ),
            lanes: catalog.gauge("waypost_dispatch_lanes", "Subscriptions that this node has a lane for in memory."),
            held: catalog.gauge(
                "waypost_dispatch_held_deliveries",
                "Deliveries in this node's memory, with room reserved for those on their way; at most `dispatch.max_in_memory`.",
            ),
            held_bytes: catalog.gauge(
                "waypost_dispatch_held_bytes",
                "Bytes of the events of those deliveries; at most `dispatch.max_in_memory_bytes`.",
            ),
            open_requests: catalog
                .gauge("waypost_dispatch_open_requests", "Requests to sinks that are open; at most `dispatch.max_concurrency`."),
            nodes: catalog.gauge(
                "waypost_dispatch_nodes",
                "Nodes that deliver, this one included, as it learned with its last heartbeat; each has its part of every subscription's `max_concurrency`.",
            ),
        }
    }

    /// Counts an attempt.
    pub fn attempted(&self, attempted: Attempted<'_>) {
        let Attempted { subscription_id, number, outcome, verdict, age } = attempted;
        let class = outcome.error_class.map_or(ErrorClass::ALL.len(), |class| class as usize);
        self.attempts[class].inc();
        self.verdicts[verdict as usize].inc();
        self.retries.inc_by(u64::from(number > 1));
        self.by_subscription.attempted(subscription_id, verdict);
        // A request that could not be made took no time.
        if outcome.error_class != Some(ErrorClass::Request) {
            self.attempt_seconds.observe(outcome.duration.as_secs_f64());
        }
        if let Some(age) = age {
            self.end_to_end_seconds.observe(age.as_secs_f64());
        }
    }

    /// Counts an attempt to send a dead letter on.
    pub fn forwarded(&self, forwarded: Forwarded) {
        self.forwards[forwarded as usize].inc();
    }

    /// Notes by how much the queue is late.
    pub fn lags(&self, by: Duration) {
        self.lag_seconds.set(by.as_secs_f64());
    }

    /// Notes what the dispatcher holds.
    pub fn holds(&self, load: Load) {
        self.is_open.set(load.is_open.into());
        self.lanes.set(signed(load.lanes));
        self.held.set(signed(load.held));
        self.held_bytes.set(signed(load.held_bytes));
        self.open_requests.set(signed(load.open));
        self.nodes.set(load.nodes.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_and_verdicts_stand_where_they_are_counted() {
        assert!(ErrorClass::ALL.into_iter().enumerate().all(|(position, class)| class as usize == position));
        assert!(Forwarded::ALL.into_iter().enumerate().all(|(position, outcome)| outcome as usize == position));
        assert!(VerdictKind::ALL.into_iter().enumerate().all(|(position, verdict)| verdict as usize == position));
    }
}
