//! What happened to deliveries, counted where it was committed: every transition of `docs/deliveries.md`.

use prometheus::{Histogram, IntCounter};

use super::BATCH;
use super::catalog::Catalog;
use crate::domain::delivery::DeadReason;
use crate::domain::delivery::state::Transition;

/// The handles of transitions.
#[derive(Debug)]
pub struct Transitions {
    happened: Vec<IntCounter>,
    dead_letters: Vec<IntCounter>,
    purged: IntCounter,
    reclaimed: IntCounter,
    lost: IntCounter,
    batch: Histogram,
}

impl Transitions {
    pub(super) fn new(catalog: &mut Catalog) -> Self {
        Self {
            happened: catalog.counters(
                "waypost_transitions_total",
                "Transitions of deliveries that this node committed.",
                "transition",
                &Transition::ALL.map(Transition::as_str),
            ),
            dead_letters: catalog.counters(
                "waypost_dead_letters_total",
                "Deliveries that died, by the reason.",
                "reason",
                &DeadReason::ALL.map(DeadReason::as_str),
            ),
            purged: catalog.counter("waypost_dead_letters_purged_total", "Dead letters that somebody deleted."),
            reclaimed: catalog.counter(
                "waypost_leases_reclaimed_total",
                "Deliveries taken back from nodes that died, and leases whose answer got lost.",
            ),
            lost: catalog.counter(
                "waypost_leases_lost_total",
                "Outcomes that could not be recorded because the lease was lost: somebody cancelled the delivery, or another node \
                 has it and the sink gets it twice.",
            ),
            batch: catalog.histogram("waypost_record_batch_deliveries", "Outcomes recorded in one transaction.", &BATCH),
        }
    }

    /// Counts transitions.
    pub fn happened(&self, transition: Transition, count: u64) {
        self.happened[transition as usize].inc_by(count);
    }

    /// Counts a delivery that died, beside its transition.
    pub fn died(&self, reason: DeadReason) {
        self.dead_letters[reason as usize].inc();
    }

    /// Counts dead letters that were deleted.
    pub fn purged(&self, count: u64) {
        self.purged.inc_by(count);
    }

    /// Counts leases that were taken back, and their transitions.
    pub fn reclaimed(&self, count: u64) {
        self.reclaimed.inc_by(count);
        self.happened(Transition::Release, count);
    }

    /// Counts a lease that was lost.
    pub fn lost(&self) {
        self.lost.inc();
    }

    /// Notes how many outcomes were recorded together.
    #[expect(clippy::cast_precision_loss, reason = "a batch has at most some hundred outcomes")]
    pub fn recorded(&self, count: usize) {
        self.batch.observe(count as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transitions_and_reasons_stand_where_they_are_counted() {
        assert!(Transition::ALL.into_iter().enumerate().all(|(position, one)| one as usize == position));
        assert!(DeadReason::ALL.into_iter().enumerate().all(|(position, one)| one as usize == position));
    }
}
