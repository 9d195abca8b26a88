//! Jobs: replays that run, and what they did.

use prometheus::{IntCounter, IntGauge};

use super::catalog::Catalog;

/// The handles of jobs.
#[derive(Debug)]
pub struct Jobs {
    running: IntGauge,
    looked_at: IntCounter,
    created: IntCounter,
    reopened: IntCounter,
    failed_steps: IntCounter,
}

impl Jobs {
    pub(super) fn new(catalog: &mut Catalog) -> Self {
        catalog.section("Replays");
        let opened = catalog.counters(
            "waypost_replay_deliveries_total",
            "Deliveries that replays opened on this node: created for an event that had none, or opened again.",
            "how",
            &["created", "reopened"],
        );
        let [created, reopened] = <[IntCounter; 2]>::try_from(opened).expect("two values make two counters");
        Self {
            running: catalog.gauge("waypost_jobs_running", "Jobs that run, on all nodes together, as this node saw it last."),
            looked_at: catalog.counter("waypost_replay_events_total", "Events of the past that replays looked at on this node."),
            created,
            reopened,
            failed_steps: catalog.counter(
                "waypost_job_steps_failed_total",
                "Steps of jobs that did not work and are made again: the database was not available.",
            ),
        }
    }

    /// Notes how many run.
    pub fn running(&self, count: u64) {
        self.running.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Counts events looked at.
    pub fn looked_at(&self, count: u64) {
        self.looked_at.inc_by(count);
    }

    /// Counts deliveries opened.
    pub fn opened(&self, created: u64, reopened: u64) {
        self.created.inc_by(created);
        self.reopened.inc_by(reopened);
    }

    /// Counts a step that is made again.
    pub fn step_failed(&self) {
        self.failed_steps.inc();
    }
}
