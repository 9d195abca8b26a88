//! When the attempts of a delivery are made.

use std::time::Duration;

/// When attempts are made, and how many there are.
#[derive(Debug, Clone, PartialEq)]
pub enum Waits {
    /// The wait before each attempt is listed, the first included; there are as many attempts as entries.
    Schedule(RetrySchedule),
    /// Each wait is a multiple of the one before.
    Exponential(RetryBackoff),
}

/// Waits written out one by one.
#[derive(Debug, Clone, PartialEq)]
pub struct RetrySchedule {
    /// Milliseconds before each attempt, the first included; 1 to 100 entries.
    pub schedule_ms: Vec<u64>,
    /// Each wait is varied by up to this fraction of itself, up or down; 0 to 1.
    pub jitter: f64,
}

/// Waits that grow by a factor up to a cap.
#[derive(Debug, Clone, PartialEq)]
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

/// Thirty days, the longest wait a policy may name.
const MAX_WAIT_MS: u64 = 30 * 24 * 3600 * 1000;

impl Default for RetryBackoff {
    fn default() -> Self {
        Self {
            initial_interval_ms: 5000,
            multiplier: 3.0,
            max_interval_ms: 86_400_000,
            jitter: RetrySchedule::DEFAULT_JITTER,
            max_attempts: 10,
        }
    }
}

impl RetryBackoff {
    /// Ten retries at 0.2 s times powers of two, as Knative's broker is set up, but with full jitter, which Knative lacks
    /// (SPECS 3.3): each wait is anything between nothing and twice its base.
    #[must_use]
    pub fn knative() -> Self {
        Self { initial_interval_ms: 200, multiplier: 2.0, jitter: 1.0, max_attempts: 11, ..Self::default() }
    }

    pub(super) fn base_ms(&self, attempts_made: u32) -> f64 {
        if attempts_made == 0 {
            return 0.0;
        }
        let exponent = i32::try_from(attempts_made - 1).unwrap_or(i32::MAX);
        (as_f64(self.initial_interval_ms) * self.multiplier.powi(exponent)).min(as_f64(self.max_interval_ms))
    }
}

impl RetrySchedule {
    /// How far waits are varied when nothing is said of it.
    pub(super) const DEFAULT_JITTER: f64 = 0.2;

    /// The example schedule of Standard Webhooks 1.0.0 (SPECS SW-11).
    #[must_use]
    pub fn standard_webhooks() -> Self {
        const SECOND: u64 = 1000;
        const MINUTE: u64 = 60 * SECOND;
        const HOUR: u64 = 60 * MINUTE;
        let schedule_ms =
            vec![0, 5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
        Self { schedule_ms, jitter: Self::DEFAULT_JITTER }
    }
}

impl Waits {
    /// Attempts in all, the first included.
    #[must_use]
    pub fn max_attempts(&self) -> u32 {
        match self {
            Self::Schedule(schedule) => u32::try_from(schedule.schedule_ms.len()).unwrap_or(u32::MAX),
            Self::Exponential(backoff) => backoff.max_attempts,
        }
    }

    pub(super) fn wait(&self, attempts_made: u32, fraction: f64) -> Option<Duration> {
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

    pub(super) fn validate(&self) -> Result<(), (&'static str, String)> {
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

#[expect(clippy::cast_precision_loss, reason = "milliseconds of at most 30 days are exact in an f64")]
fn as_f64(millis: u64) -> f64 {
    millis as f64
}
