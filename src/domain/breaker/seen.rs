//! What a node has seen of a sink since it last told the others.

use crate::domain::clock::Timestamp;

/// A failed attempt, as far as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// When it ended.
    pub at: Timestamp,
    /// The status, if there was an answer.
    pub status: Option<u16>,
    /// What was wrong, in words.
    pub error: Option<String>,
}

/// Attempts, condensed: those after the last success, and that success.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// When the last attempt that went well began.
    pub(super) well_begun_at: Option<Timestamp>,
    /// When the first failure after it ended, and the last failure.
    pub(super) failed: Option<(Timestamp, Failure)>,
    /// Failures after it that count for the breaker.
    pub(super) failure_count: u32,
    /// The failure at which the node's own count said that the breaker is to open.
    pub(super) tripped: Option<Failure>,
    /// Whether all probes ended and none went well.
    pub(super) are_probes_over: bool,
}

impl Seen {
    /// An attempt begun at `begun_at` went well.
    pub fn well(&mut self, begun_at: Timestamp) {
        let last = self.well_begun_at.unwrap_or(begun_at);
        // Probes that failed before it are no news any more; that the node's own count tripped is.
        *self = Self { well_begun_at: Some(last.max(begun_at)), tripped: self.tripped.take(), ..Self::default() };
    }

    /// An attempt failed; `is_sick` says whether that counts for the breaker.
    pub fn failed(&mut self, failure: Failure, is_sick: bool) {
        let first_at = self.failed.as_ref().map_or(failure.at, |(first_at, _)| *first_at);
        self.failed = Some((first_at, failure));
        self.failure_count = self.failure_count.saturating_add(u32::from(is_sick));
    }

    /// The node's own count says, at the last failure, that the breaker is to open.
    pub fn trip(&mut self) {
        self.tripped = self.failed.as_ref().map(|(_, last)| last.clone());
    }

    /// All probes ended, and none went well.
    pub fn end_probes(&mut self) {
        self.are_probes_over = true;
    }

    /// Puts what was seen before in front of it.
    #[must_use]
    pub fn after(self, before: Self) -> Self {
        let well_begun_at = self.well_begun_at.max(before.well_begun_at);
        let tripped = self.tripped.or(before.tripped);
        if self.well_begun_at.is_some() {
            return Self { well_begun_at, tripped, ..self };
        }
        let failed = match (before.failed, self.failed) {
            (Some((first_at, _)), Some((_, last))) => Some((first_at, last)),
            (before, own) => own.or(before),
        };
        let failure_count = self.failure_count.saturating_add(before.failure_count);
        let are_probes_over = self.are_probes_over || before.are_probes_over;
        Self { well_begun_at, failed, failure_count, tripped, are_probes_over }
    }
}
