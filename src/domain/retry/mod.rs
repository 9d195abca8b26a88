//! When to try again: a pure function of the policy, the answer, the number of attempts made and a random fraction.
//!
//! [`Waits`] says when, [`Rule`] and the permanent statuses say after which answers at all. [`wire`] is the JSON of it.

#[cfg(test)]
mod tests;
mod waits;
mod wire;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use waits::{RetryBackoff, RetrySchedule, Waits};

/// The longest pause a sink can ask for with `Retry-After`, in milliseconds; longer ones are cut to it.
pub const MAX_RETRY_AFTER_MS: u64 = 24 * 3600 * 1000;

/// Answers of 415 say that the format is not understood, which no repetition mends (CloudEvents WebHook 2.2, SPECS WS-7).
const FORMAT_REFUSED: u16 = 415;

/// When a failed delivery is tried again, and how often at most.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "wire::Members", into = "wire::Members")]
pub struct RetryPolicy {
    /// Which answers are worth another attempt.
    pub rule: Rule,
    /// When the attempts are made.
    pub waits: Waits,
    /// Statuses that end the delivery at once beside those that the rule ends, 300 to 599; at most 100.
    pub permanent_statuses: Vec<u16>,
    /// `Retry-After` is heeded up to this many milliseconds; 0 ignores it. At most [`MAX_RETRY_AFTER_MS`].
    pub max_retry_after_ms: u64,
}

/// Which answers are worth another attempt (SPECS 3.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RetryRule)]
pub enum Rule {
    /// Every failure but 410 and the permanent statuses, as Standard Webhooks has it: most refusals are mistakes that heal.
    #[default]
    Standard,
    /// 404, 408, 409, 429, 5xx and no answer, as Knative Eventing has it: every other refusal is for good.
    Knative,
}

impl Rule {
    /// The waits that come with the rule when none are named.
    #[must_use]
    pub fn waits(self) -> Waits {
        match self {
            Self::Standard => Waits::Schedule(RetrySchedule::standard_webhooks()),
            Self::Knative => Waits::Exponential(self.backoff()),
        }
    }

    /// What a back-off that names only some of its members has for the others.
    #[must_use]
    pub fn backoff(self) -> RetryBackoff {
        match self {
            Self::Standard => RetryBackoff::default(),
            Self::Knative => RetryBackoff::knative(),
        }
    }

    const fn ends(self, status: u16) -> bool {
        match self {
            Self::Standard => false,
            Self::Knative => matches!(status, 300..=499) && !matches!(status, 404 | 408 | 409 | 429),
        }
    }
}

impl Default for RetryPolicy {
    /// The schedule of Standard Webhooks 1.0.0: ten attempts within about three days.
    fn default() -> Self {
        Self::from(Rule::default())
    }
}

impl From<Rule> for RetryPolicy {
    /// The policy of that name, as it is when nothing else is said.
    fn from(rule: Rule) -> Self {
        Self { rule, waits: rule.waits(), permanent_statuses: vec![FORMAT_REFUSED], max_retry_after_ms: MAX_RETRY_AFTER_MS }
    }
}

impl From<Waits> for RetryPolicy {
    /// The default policy at other times.
    fn from(waits: Waits) -> Self {
        Self { waits, ..Self::default() }
    }
}

impl RetryPolicy {
    /// Attempts in all, the first included.
    #[must_use]
    pub fn max_attempts(&self) -> u32 {
        self.waits.max_attempts()
    }

    /// The wait before the next attempt when `attempts_made` have been made, or `None` when there is to be none.
    /// `fraction` in `0.0..1.0` is the random draw for the jitter.
    #[must_use]
    pub fn wait(&self, attempts_made: u32, fraction: f64) -> Option<Duration> {
        self.waits.wait(attempts_made, fraction)
    }

    /// Whether an answer with this status, which is no success, makes another attempt pointless.
    #[must_use]
    pub fn is_permanent(&self, status: u16) -> bool {
        self.rule.ends(status) || self.permanent_statuses.contains(&status)
    }

    /// The longest `Retry-After` that is heeded.
    #[must_use]
    pub const fn max_retry_after(&self) -> Duration {
        Duration::from_millis(self.max_retry_after_ms)
    }

    /// What is wrong with the policy, as the member at fault and a sentence; `Ok` if nothing is.
    ///
    /// # Errors
    /// The first member that is out of its bounds.
    pub fn validate(&self) -> Result<(), (String, String)> {
        const MAX_STATUSES: usize = 100;
        self.waits.validate().map_err(|(member, detail)| (member.to_owned(), detail))?;
        if self.permanent_statuses.len() > MAX_STATUSES {
            return Err(("permanent_statuses".to_owned(), format!("must have at most {MAX_STATUSES} entries")));
        }
        if let Some(position) = self.permanent_statuses.iter().position(|status| !(300..=599).contains(status)) {
            return Err((format!("permanent_statuses/{position}"), "must be a status between 300 and 599".to_owned()));
        }
        if self.max_retry_after_ms > MAX_RETRY_AFTER_MS {
            return Err(("max_retry_after_ms".to_owned(), format!("must be at most {MAX_RETRY_AFTER_MS} (24 hours)")));
        }
        Ok(())
    }
}
