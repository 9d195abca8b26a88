//! When to try again: a pure function of the policy, the number of attempts made and a random fraction.

use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// When a failed delivery is tried again, and how often at most.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum RetryPolicy {
    /// The wait before each attempt is listed, the first included; there are as many attempts as entries.
    Schedule(RetrySchedule),
    /// Each wait is a multiple of the one before.
    Exponential(RetryBackoff),
}

/// Waits written out one by one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetrySchedule {
    /// Milliseconds before each attempt, the first included; 1 to 100 entries.
    pub schedule_ms: Vec<u64>,
    /// Each wait is varied by up to this fraction of itself, up or down; 0 to 1.
    #[serde(default = "default_jitter")]
    pub jitter: f64,
}

/// Waits that grow by a factor up to a cap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetryBackoff {
    /// Milliseconds before the second attempt; the first is made at once.
    pub initial_interval_ms: u64,
    /// Each further wait is the one before times this; at least 1.
    pub multiplier: f64,
    /// No wait is longer than this, in milliseconds.
    pub max_interval_ms: u64,
    /// Each wait is varied by up to this fraction of itself, up or down; 0 to 1.
    pub jitter: f64,
    /// Attempts in all, the first included; 1 to 100.
    pub max_attempts: u32,
}

/// Every member of both kinds: read as one object first, so that a fault is reported at its own member.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    schedule_ms: Option<Vec<u64>>,
    initial_interval_ms: Option<u64>,
    multiplier: Option<f64>,
    max_interval_ms: Option<u64>,
    jitter: Option<f64>,
    max_attempts: Option<u32>,
}

impl<'de> Deserialize<'de> for RetryPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Members::deserialize(deserializer)?;
        let jitter = members.jitter.unwrap_or_else(default_jitter);
        let is_backoff = members.initial_interval_ms.is_some()
            || members.multiplier.is_some()
            || members.max_interval_ms.is_some()
            || members.max_attempts.is_some();
        match members.schedule_ms {
            Some(_) if is_backoff => Err(D::Error::custom("`schedule_ms` stands alone, but for `jitter`")),
            Some(schedule_ms) => Ok(Self::Schedule(RetrySchedule { schedule_ms, jitter })),
            None => {
                let default = RetryBackoff::default();
                Ok(Self::Exponential(RetryBackoff {
                    initial_interval_ms: members.initial_interval_ms.unwrap_or(default.initial_interval_ms),
                    multiplier: members.multiplier.unwrap_or(default.multiplier),
                    max_interval_ms: members.max_interval_ms.unwrap_or(default.max_interval_ms),
                    jitter,
                    max_attempts: members.max_attempts.unwrap_or(default.max_attempts),
                }))
            }
        }
    }
}

const fn default_jitter() -> f64 {
    0.2
}

impl Default for RetryBackoff {
    fn default() -> Self {
        Self {
            initial_interval_ms: 5000,
            multiplier: 3.0,
            max_interval_ms: 86_400_000,
            jitter: default_jitter(),
            max_attempts: 10,
        }
    }
}

impl Default for RetryPolicy {
    /// The schedule of Standard Webhooks 1.0.0: ten attempts within about three days.
    fn default() -> Self {
        const SECOND: u64 = 1000;
        const MINUTE: u64 = 60 * SECOND;
        const HOUR: u64 = 60 * MINUTE;
        let schedule_ms =
            vec![0, 5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
        Self::Schedule(RetrySchedule { schedule_ms, jitter: default_jitter() })
    }
}

impl RetryPolicy {
    /// Attempts in all, the first included.
    #[must_use]
    pub fn max_attempts(&self) -> u32 {
        match self {
            Self::Schedule(schedule) => u32::try_from(schedule.schedule_ms.len()).unwrap_or(u32::MAX),
            Self::Exponential(backoff) => backoff.max_attempts,
        }
    }

    /// The wait before the next attempt when `attempts_made` have been made, or `None` when there is to be none.
    /// `fraction` in `0.0..1.0` is the random draw for the jitter.
    #[must_use]
    pub fn wait(&self, attempts_made: u32, fraction: f64) -> Option<Duration> {
        if attempts_made >= self.max_attempts() {
            return None;
        }
        let (base_ms, jitter) = match self {
            Self::Schedule(schedule) => (as_f64(*schedule.schedule_ms.get(attempts_made as usize)?), schedule.jitter),
            Self::Exponential(backoff) => (backoff.base_ms(attempts_made), backoff.jitter),
        };
        let varied_ms = base_ms * (1.0 + jitter * (2.0 * fraction - 1.0));
        Some(Duration::from_secs_f64(varied_ms.max(0.0) / 1000.0))
    }

    /// What is wrong with the policy, as the member at fault and a sentence; `Ok` if nothing is.
    ///
    /// # Errors
    /// The first member that is out of its bounds.
    pub fn validate(&self) -> Result<(), (&'static str, String)> {
        let (jitter, attempts) = match self {
            Self::Schedule(schedule) => (schedule.jitter, ("schedule_ms", schedule.schedule_ms.len())),
            Self::Exponential(backoff) => {
                if !(1.0..=100.0).contains(&backoff.multiplier) {
                    return Err(("multiplier", "must be between 1 and 100".into()));
                }
                if !(1..=MAX_WAIT_MS).contains(&backoff.initial_interval_ms) {
                    return Err(("initial_interval_ms", format!("must be between 1 and {MAX_WAIT_MS}")));
                }
                if backoff.max_interval_ms < backoff.initial_interval_ms || backoff.max_interval_ms > MAX_WAIT_MS {
                    return Err(("max_interval_ms", format!("must be between initial_interval_ms and {MAX_WAIT_MS}")));
                }
                (backoff.jitter, ("max_attempts", backoff.max_attempts as usize))
            }
        };
        if !(0.0..=1.0).contains(&jitter) {
            return Err(("jitter", "must be between 0 and 1".into()));
        }
        if !(1..=100).contains(&attempts.1) {
            return Err((attempts.0, "must allow between 1 and 100 attempts".into()));
        }
        match self {
            Self::Schedule(schedule) if schedule.schedule_ms.iter().any(|&wait| wait > MAX_WAIT_MS) => {
                Err(("schedule_ms", format!("no wait may be longer than {MAX_WAIT_MS} milliseconds (30 days)")))
            }
            _ => Ok(()),
        }
    }
}

/// Thirty days, the longest wait a policy may name.
const MAX_WAIT_MS: u64 = 30 * 24 * 3600 * 1000;

impl RetryBackoff {
    fn base_ms(&self, attempts_made: u32) -> f64 {
        if attempts_made == 0 {
            return 0.0;
        }
        let exponent = i32::try_from(attempts_made - 1).unwrap_or(i32::MAX);
        (as_f64(self.initial_interval_ms) * self.multiplier.powi(exponent)).min(as_f64(self.max_interval_ms))
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of at most 30 days are exact in an f64")]
fn as_f64(millis: u64) -> f64 {
    millis as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn default_is_the_standard_webhooks_schedule() {
        let policy = RetryPolicy::default();
        let waits: Vec<u64> = (0..10).map(|made| policy.wait(made, 0.5).unwrap().as_secs()).collect();
        assert_eq!(waits, [0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]);
        assert_eq!(waits.iter().sum::<u64>(), 75 * 3600 + 35 * 60 + 5);
        assert_eq!(policy.wait(10, 0.5), None);
    }

    #[test]
    fn backoff_grows_by_its_multiplier_up_to_its_cap() {
        let policy = RetryPolicy::Exponential(RetryBackoff { jitter: 0.0, max_interval_ms: 60_000, ..RetryBackoff::default() });
        let waits: Vec<u64> = (0..5).map(|made| policy.wait(made, 0.9).unwrap().as_secs()).collect();
        assert_eq!(waits, [0, 5, 15, 45, 60]);
    }

    #[test]
    fn both_kinds_are_read_and_a_mixture_is_refused() {
        let schedule: RetryPolicy = serde_json::from_str(r#"{"schedule_ms":[0,10]}"#).unwrap();
        assert_eq!(schedule.max_attempts(), 2);
        let backoff: RetryPolicy = serde_json::from_str(r#"{"max_attempts":3}"#).unwrap();
        assert_eq!(backoff, RetryPolicy::Exponential(RetryBackoff { max_attempts: 3, ..RetryBackoff::default() }));
        for policy in [&schedule, &backoff] {
            let text = serde_json::to_string(policy).unwrap();
            assert_eq!(&serde_json::from_str::<RetryPolicy>(&text).unwrap(), policy);
        }
        assert!(serde_json::from_str::<RetryPolicy>(r#"{"schedule_ms":[0],"max_attempts":3}"#).is_err());
    }

    #[test]
    fn members_out_of_bounds_are_named() {
        let backoff = RetryBackoff::default();
        let cases = [
            (RetryBackoff { multiplier: 0.5, ..backoff.clone() }, "multiplier"),
            (RetryBackoff { initial_interval_ms: 0, ..backoff.clone() }, "initial_interval_ms"),
            (RetryBackoff { max_interval_ms: 1, ..backoff.clone() }, "max_interval_ms"),
            (RetryBackoff { jitter: f64::NAN, ..backoff.clone() }, "jitter"),
            (RetryBackoff { max_attempts: 0, ..backoff }, "max_attempts"),
        ];
        for (backoff, member) in cases {
            assert_eq!(RetryPolicy::Exponential(backoff).validate().unwrap_err().0, member);
        }
    }

    proptest! {
        #[test]
        fn jitter_stays_within_its_fraction(made in 1_u32..9, fraction in 0.0_f64..1.0, jitter in 0.0_f64..=1.0) {
            let backoff = RetryBackoff { jitter, ..RetryBackoff::default() };
            let base = backoff.base_ms(made);
            let wait = RetryPolicy::Exponential(backoff).wait(made, fraction).unwrap().as_secs_f64() * 1000.0;
            prop_assert!(wait >= base * (1.0 - jitter) - 0.01 && wait <= base * (1.0 + jitter) + 0.01);
        }
    }
}
