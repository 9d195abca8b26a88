//! Retention: what was deleted because it was too old.

use std::time::Duration;

use prometheus::{Counter, IntCounter, IntGauge};

use super::catalog::Catalog;

/// What is counted, in the order of [`Retention::deleted`].
const KINDS: [&str; 5] = ["events", "deliveries", "dead_letters", "attempts", "data"];

/// The handles of retention.
#[derive(Debug)]
pub struct Retention {
    deleted: Vec<IntCounter>,
    dropped: IntCounter,
    kept: IntGauge,
    seconds: Counter,
    failed_rounds: IntCounter,
}

impl Retention {
    pub(super) fn new(catalog: &mut Catalog) -> Self {
        catalog.section("Retention");
        Self {
            deleted: catalog.counters(
                "waypost_retention_deleted_total",
                "What this node deleted because it was too old, row by row. Dead letters are deliveries too; `data` counts events whose data went while they stay.",
                "what",
                &KINDS,
            ),
            dropped: catalog.counter(
                "waypost_retention_dropped_partitions_total",
                "Stretches of time that this node dropped as a whole, on Postgres. Of what was in them only dead letters are counted.",
            ),
            kept: catalog.gauge(
                "waypost_retention_kept_events",
                "Events that are too old and stay, since a delivery of theirs has not ended, as this node saw it when it last looked at \
                 all of them.",
            ),
            seconds: catalog.float_counter(
                "waypost_retention_seconds_total",
                "How long this node was looking for what is too old and deleting it, pauses included.",
            ),
            failed_rounds: catalog.counter(
                "waypost_retention_rounds_failed_total",
                "Rounds that did not work and are made again: the database was not available.",
            ),
        }
    }

    /// Counts events, deliveries, dead letters and attempts that were deleted, and events of which only the data was.
    pub fn deleted(&self, counts: [u64; 5]) {
        for (counter, count) in self.deleted.iter().zip(counts) {
            counter.inc_by(count);
        }
    }

    /// Counts partitions that were dropped, and the dead letters among what was in them.
    pub fn dropped(&self, partitions: u64, dead_letters: u64) {
        self.dropped.inc_by(partitions);
        self.deleted([0, 0, dead_letters, 0, 0]);
    }

    /// Notes how many events stay although they are too old, and how many it said before.
    pub fn kept(&self, before: u64, now: u64) {
        let signed = |count| i64::try_from(count).unwrap_or(i64::MAX);
        self.kept.add(signed(now) - signed(before));
    }

    /// Counts the time of a round.
    pub fn took(&self, time: Duration) {
        self.seconds.inc_by(time.as_secs_f64());
    }

    /// Counts a round that is made again.
    pub fn round_failed(&self) {
        self.failed_rounds.inc();
    }
}
