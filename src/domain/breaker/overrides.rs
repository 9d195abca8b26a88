//! What a subscription wants different from how the server is set up.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Policy;

/// The longest time of any kind: thirty days.
const MAX_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// When a sink in trouble is left alone. Absent members are as the server is set up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SubscriptionBreaker)]
pub struct Overrides {
    /// Whether it is left alone at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub is_enabled: Option<bool>,
    /// Failures in a row that open the breaker, 0 to 10000; 0 never does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub consecutive_failures: Option<u32>,
    /// Failed attempts of a hundred that open it, 0 to 100; 0 never does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub failure_percent: Option<u32>,
    /// Attempts from which on that share counts, 1 to 100000.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub min_attempts: Option<u32>,
    /// Over how long that share is measured, in milliseconds; 1000 to 3600000.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub window_ms: Option<u64>,
    /// How long the breaker stays open at first, in milliseconds; 100 to 86400000.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub open_ms: Option<u64>,
    /// The longest that it stays open, in milliseconds; 100 to 86400000.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub max_open_ms: Option<u64>,
    /// Deliveries that try it out at once, 1 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub probes: Option<u32>,
    /// After how long without any success the subscription is disabled, in milliseconds; at most 30 days, 0 never does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub disable_after_ms: Option<u64>,
}

impl Overrides {
    /// Every number with its member, its least and its most.
    fn numbers(&self) -> [(&'static str, Option<u64>, u64, u64); 8] {
        [
            ("consecutive_failures", self.consecutive_failures.map(u64::from), 0, 10_000),
            ("failure_percent", self.failure_percent.map(u64::from), 0, 100),
            ("min_attempts", self.min_attempts.map(u64::from), 1, 100_000),
            ("window_ms", self.window_ms, 1000, 3_600_000),
            ("open_ms", self.open_ms, 100, 86_400_000),
            ("max_open_ms", self.max_open_ms, 100, 86_400_000),
            ("probes", self.probes.map(u64::from), 1, 100),
            ("disable_after_ms", self.disable_after_ms, 0, MAX_MS),
        ]
    }

    /// Checks the bounds.
    ///
    /// # Errors
    /// Each member out of its bounds, and a sentence that has it as its subject.
    pub fn validate(&self) -> Result<(), Vec<(&'static str, String)>> {
        let out =
            |&(_, value, least, most): &(_, Option<u64>, u64, u64)| value.is_some_and(|value| !(least..=most).contains(&value));
        let faults: Vec<_> = self.numbers().into_iter().filter(out).collect();
        let faults: Vec<_> =
            faults.into_iter().map(|(member, _, least, most)| (member, format!("must be between {least} and {most}"))).collect();
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

impl Policy {
    /// This policy with what a subscription wants different.
    #[must_use]
    pub fn with(self, wanted: &Overrides) -> Self {
        let millis = |wanted: Option<u64>, otherwise| wanted.map_or(otherwise, Duration::from_millis);
        Self {
            is_enabled: wanted.is_enabled.unwrap_or(self.is_enabled),
            consecutive_failures: wanted.consecutive_failures.unwrap_or(self.consecutive_failures),
            failure_percent: wanted.failure_percent.unwrap_or(self.failure_percent),
            min_attempts: wanted.min_attempts.unwrap_or(self.min_attempts),
            window: millis(wanted.window_ms, self.window),
            open: millis(wanted.open_ms, self.open),
            max_open: millis(wanted.max_open_ms, self.max_open),
            probes: wanted.probes.unwrap_or(self.probes),
            disable_after: match wanted.disable_after_ms {
                Some(0) => None,
                Some(millis) => Some(Duration::from_millis(millis)),
                None => self.disable_after,
            },
        }
    }
}
