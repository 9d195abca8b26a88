//! What one node counts of its own requests to a sink, to notice that it fails.

use super::Policy;
use crate::domain::clock::Timestamp;

/// Failures in a row, and their share in a window that begins with a failure. Two words for a sink that never fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Watch {
    run: u32,
    window: Option<Window>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    ends_at: Timestamp,
    attempts: u32,
    failures: u32,
}

impl Watch {
    /// An attempt went well.
    pub fn well(&mut self, now: Timestamp) {
        self.run = 0;
        if let Some(window) = &mut self.window {
            if window.ends_at > now {
                window.attempts = window.attempts.saturating_add(1);
            } else {
                self.window = None;
            }
        }
    }

    /// An attempt failed. Says whether the breaker is to open; then it counts from the beginning.
    pub fn sick(&mut self, policy: &Policy, now: Timestamp) -> bool {
        self.run = self.run.saturating_add(1);
        let new = Window { ends_at: now.plus(policy.window), attempts: 0, failures: 0 };
        let window = self.window.filter(|window| window.ends_at > now).unwrap_or(new);
        let window =
            Window { attempts: window.attempts.saturating_add(1), failures: window.failures.saturating_add(1), ..window };
        self.window = Some(window);
        let is_run = policy.consecutive_failures > 0 && self.run >= policy.consecutive_failures;
        let is_share = policy.failure_percent > 0
            && window.attempts >= policy.min_attempts
            && u64::from(window.failures) * 100 >= u64::from(window.attempts) * u64::from(policy.failure_percent);
        let is_tripped = policy.is_enabled && (is_run || is_share);
        if is_tripped {
            *self = Self::default();
        }
        is_tripped
    }

    /// Whether nothing is lost if it is forgotten: failures in a row are counted in the database as well.
    #[must_use]
    pub fn is_quiet(&self, now: Timestamp) -> bool {
        self.window.is_none_or(|window| window.ends_at <= now)
    }
}
