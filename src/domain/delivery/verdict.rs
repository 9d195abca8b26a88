//! What an attempt's outcome means for its delivery and its sink (DESIGN 6, Standard Webhooks, CloudEvents WebHook 2.2).

use std::time::Duration;

use super::{DeadReason, ErrorClass, Outcome, VerdictKind};
use crate::domain::clock::Timestamp;
use crate::domain::retry::RetryPolicy;

/// What is to be done after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: the sink has it.
    Delivered,
    /// Try again at this moment.
    Retry(Timestamp),
    /// Give up.
    Dead(DeadReason),
    /// Give up and disable the subscription.
    Gone,
}

impl Verdict {
    /// The verdict without its particulars, as an attempt keeps it.
    #[must_use]
    pub const fn kind(self) -> VerdictKind {
        match self {
            Self::Delivered => VerdictKind::Delivered,
            Self::Retry(_) => VerdictKind::Retry,
            Self::Dead(_) => VerdictKind::Dead,
            Self::Gone => VerdictKind::Gone,
        }
    }
}

/// The longest pause a sink can ask for with `Retry-After`; longer ones are cut to it.
pub const MAX_RETRY_AFTER: Duration = Duration::from_hours(24);

/// Decides what `outcome` means when it ended at `now` and `budget_attempts_made` attempts, this one included, have been made
/// since the delivery was opened. `pause` is what the sink asked for with `Retry-After`; `fraction` is the draw for the jitter.
#[must_use]
pub fn decide(
    outcome: &Outcome,
    policy: &RetryPolicy,
    budget_attempts_made: u32,
    pause: Option<Duration>,
    now: Timestamp,
    fraction: f64,
) -> Verdict {
    match (outcome.status, outcome.error_class) {
        (Some(200..=299), None) => return Verdict::Delivered,
        (Some(410), _) => return Verdict::Gone,
        (None, Some(ErrorClass::Request)) => return Verdict::Dead(DeadReason::Permanent),
        _ => {}
    }
    match policy.wait(budget_attempts_made, fraction) {
        Some(wait) => Verdict::Retry(now.plus(wait.max(pause.unwrap_or_default()))),
        None => Verdict::Dead(DeadReason::Exhausted),
    }
}

/// How long a sink asks to be left alone: `Retry-After` of a 429 or 503, in seconds or as an HTTP date (RFC 9110 section
/// 10.2.3), at most [`MAX_RETRY_AFTER`].
#[must_use]
pub fn retry_after(outcome: &Outcome, now: Timestamp) -> Option<Duration> {
    if !matches!(outcome.status, Some(429 | 503)) {
        return None;
    }
    let (_, value) = outcome.response_headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
    let value = value.trim();
    let pause = if let Ok(seconds) = value.parse::<u64>() {
        Duration::from_secs(seconds)
    } else {
        let moment = httpdate::parse_http_date(value).ok()?;
        let since_epoch = moment.duration_since(std::time::UNIX_EPOCH).ok()?;
        Timestamp::default().plus(since_epoch).since(now)
    };
    Some(pause.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000_000_000);

    fn answered(status: u16) -> Outcome {
        let error_class = match status {
            200..=299 => None,
            300..=399 => Some(ErrorClass::Redirect),
            400..=499 => Some(ErrorClass::Client),
            _ => Some(ErrorClass::Server),
        };
        Outcome { status: Some(status), error_class, ..Outcome::default() }
    }

    fn decided(outcome: &Outcome, made: u32) -> Verdict {
        decide(outcome, &RetryPolicy::default(), made, None, NOW, 0.5)
    }

    #[test]
    fn any_2xx_is_delivered_and_410_is_gone() {
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(decided(&answered(status), 1), Verdict::Delivered);
        }
        assert_eq!(decided(&answered(410), 1), Verdict::Gone);
    }

    #[test]
    fn everything_else_is_retried_until_the_budget_is_spent() {
        for status in [301, 400, 401, 404, 409, 415, 429, 500, 503] {
            assert_eq!(decided(&answered(status), 1), Verdict::Retry(NOW.plus(Duration::from_secs(5))), "{status}");
            assert_eq!(decided(&answered(status), 10), Verdict::Dead(DeadReason::Exhausted), "{status}");
        }
    }

    #[test]
    fn a_success_cut_off_in_its_body_is_retried() {
        let outcome = Outcome { error_class: Some(ErrorClass::Timeout), ..answered(200) };
        assert!(matches!(decided(&outcome, 1), Verdict::Retry(_)));
    }

    #[test]
    fn retry_after_only_lengthens_the_wait() {
        let outcome = answered(503);
        let policy = RetryPolicy::default();
        let longer = decide(&outcome, &policy, 1, Some(Duration::from_mins(1)), NOW, 0.5);
        let shorter = decide(&outcome, &policy, 1, Some(Duration::from_secs(1)), NOW, 0.5);
        assert_eq!(longer, Verdict::Retry(NOW.plus(Duration::from_mins(1))));
        assert_eq!(shorter, Verdict::Retry(NOW.plus(Duration::from_secs(5))));
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_date_on_429_and_503_only() {
        let with =
            |status, value: &str| Outcome { response_headers: vec![("Retry-After".into(), value.into())], ..answered(status) };
        assert_eq!(retry_after(&with(429, "7"), NOW), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(&with(503, "Mon, 12 Jan 1970 13:47:00 GMT"), NOW), Some(Duration::from_secs(20)));
        assert_eq!(retry_after(&with(503, "Mon, 12 Jan 1970 13:46:00 GMT"), NOW), Some(Duration::ZERO));
        assert_eq!(retry_after(&with(429, "99999999999"), NOW), Some(MAX_RETRY_AFTER));
        assert_eq!(retry_after(&with(500, "7"), NOW), None);
        assert_eq!(retry_after(&with(429, "soon"), NOW), None);
    }
}
