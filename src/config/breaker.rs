//! `[breaker]`: sinks in trouble.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::breaker::Policy;

/// Settings of the breaker for subscriptions that do not say; `default.toml` says what each means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Breaker {
    /// Whether sinks in trouble are left alone.
    pub is_enabled: bool,
    /// Failures in a row that open the breaker.
    pub consecutive_failures: u32,
    /// Failed attempts of a hundred that open it.
    pub failure_percent: u32,
    /// Attempts from which on that share counts.
    pub min_attempts: u32,
    /// Over how long it is measured.
    pub window_ms: u64,
    /// How long the breaker stays open at first.
    pub open_ms: u64,
    /// The longest that it stays open.
    pub max_open_ms: u64,
    /// Deliveries that try an open one out at once.
    pub probes: u32,
    /// After how long without any success a subscription is disabled.
    pub disable_after_ms: u64,
}

impl Breaker {
    /// The policy for subscriptions that do not say.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            is_enabled: self.is_enabled,
            consecutive_failures: self.consecutive_failures,
            failure_percent: self.failure_percent,
            min_attempts: self.min_attempts,
            window: Duration::from_millis(self.window_ms),
            open: Duration::from_millis(self.open_ms),
            max_open: Duration::from_millis(self.max_open_ms),
            probes: self.probes,
            disable_after: (self.disable_after_ms > 0).then(|| Duration::from_millis(self.disable_after_ms)),
        }
    }
}
