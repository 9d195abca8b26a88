//! The breaker: when a sink in trouble is left alone, how it is tried again, and when its subscription is given up.
//!
//! Pure. [`Health`] is what all nodes know of a sink in trouble and lies in the database; a sink that is well has none. [`Watch`] and
//! [`Ramp`] are what one node knows of its own requests. [`Sign`] is what an answer says of the sink that gave it.

mod health;
mod overrides;
mod ramp;
mod seen;
mod sign;
#[cfg(test)]
mod tests;
mod watch;

pub use health::{Health, State};
pub use overrides::Overrides;
pub use ramp::Ramp;
pub use seen::{Failure, Seen};
pub use sign::Sign;
pub use watch::Watch;

use std::time::Duration;

/// How often and for how long a sink in trouble is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Whether it is left alone at all.
    pub is_enabled: bool,
    /// Failures in a row that open the breaker; 0 never does.
    pub consecutive_failures: u32,
    /// Failed attempts of a hundred that open it; 0 never does.
    pub failure_percent: u32,
    /// Attempts from which on that share counts.
    pub min_attempts: u32,
    /// Over how long it is measured.
    pub window: Duration,
    /// How long the breaker stays open at first. Each time that it opens again soon after doubles it.
    pub open: Duration,
    /// The longest that it stays open.
    pub max_open: Duration,
    /// Deliveries that try an open one out at once, over all nodes.
    pub probes: u32,
    /// After how long without any success the subscription is disabled.
    pub disable_after: Option<Duration>,
}

/// A fifth more or less, so that sinks that fell together are not tried together.
const JITTER: f64 = 0.2;

impl Policy {
    /// How long a breaker that opens for the `trips`th time in a row stays open, before jitter.
    #[must_use]
    pub fn open_for(&self, trips: u32) -> Duration {
        let doubled = 1_u32.checked_shl(trips.saturating_sub(1)).unwrap_or(u32::MAX);
        self.open.saturating_mul(doubled).min(self.max_open.max(self.open))
    }

    /// How long a recovered sink is remembered: opening again within it is the same trouble going on.
    fn remembered(&self, trips: u32) -> Duration {
        self.open_for(trips).saturating_mul(2).max(self.window)
    }
}

/// `wait`, shifted by the draw `fraction` in `0.0..1.0`.
fn jittered(wait: Duration, fraction: f64) -> Duration {
    wait.mul_f64(1.0 + JITTER * (2.0 * fraction - 1.0))
}
