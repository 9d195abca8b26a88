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

/// What is known of an attempt beside its outcome.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances {
    /// Attempts made since the delivery was opened, this one included.
    pub budget_attempts_made: u32,
    /// What the sink asked for with `Retry-After`.
    pub pause: Option<Duration>,
    /// When the event expires: no attempt is made then or later (the extension `expirytime`, SPECS 1.H).
    pub expires_at: Option<Timestamp>,
    /// When the attempt ended.
    pub now: Timestamp,
    /// The draw for the jitter, in `0.0..1.0`.
    pub fraction: f64,
}

/// Decides what `outcome` means under `policy`.
#[must_use]
pub fn decide(outcome: &Outcome, policy: &RetryPolicy, circumstances: &Circumstances) -> Verdict {
    let &Circumstances { budget_attempts_made, pause, expires_at, now, fraction } = circumstances;
    match (outcome.status, outcome.error_class) {
        (Some(200..=299), None) => return Verdict::Delivered,
        (Some(410), _) => return Verdict::Gone,
        (Some(status @ 300..), _) if policy.is_permanent(status) => return Verdict::Dead(DeadReason::Permanent),
        (None, Some(ErrorClass::Request)) => return Verdict::Dead(DeadReason::Permanent),
        _ => {}
    }
    let Some(wait) = policy.wait(budget_attempts_made, fraction) else { return Verdict::Dead(DeadReason::Exhausted) };
    let at = now.plus(wait.max(pause.unwrap_or_default()));
    // What would come too late is dead now: waiting for that moment would only delay saying so.
    if expires_at.is_some_and(|end| end <= at) { Verdict::Dead(DeadReason::Expired) } else { Verdict::Retry(at) }
}

/// How long a sink asks to be left alone: `Retry-After` of a 429 or 503, in seconds or as an HTTP date (RFC 9110 section
/// 10.2.3), at most as long as `policy` heeds it.
#[must_use]
pub fn retry_after(outcome: &Outcome, policy: &RetryPolicy, now: Timestamp) -> Option<Duration> {
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
    Some(pause.min(policy.max_retry_after()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::retry::Rule;

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

    fn at(made: u32) -> Circumstances {
        Circumstances { budget_attempts_made: made, pause: None, expires_at: None, now: NOW, fraction: 0.5 }
    }

    fn decided(outcome: &Outcome, made: u32) -> Verdict {
        decide(outcome, &RetryPolicy::default(), &at(made))
    }

    #[test]
    fn any_2xx_is_delivered_and_410_is_gone() {
        for rule in [Rule::Standard, Rule::Knative] {
            let policy = RetryPolicy::from(rule);
            for status in [200, 201, 202, 204, 299] {
                assert_eq!(decide(&answered(status), &policy, &at(1)), Verdict::Delivered);
            }
            assert_eq!(decide(&answered(410), &policy, &at(1)), Verdict::Gone);
        }
    }

    #[test]
    fn everything_else_is_retried_until_the_budget_is_spent() {
        for status in [301, 400, 401, 404, 409, 422, 429, 500, 503] {
            assert_eq!(decided(&answered(status), 1), Verdict::Retry(NOW.plus(Duration::from_secs(5))), "{status}");
            assert_eq!(decided(&answered(status), 10), Verdict::Dead(DeadReason::Exhausted), "{status}");
        }
    }

    #[test]
    fn a_refused_format_and_other_permanent_answers_end_it_at_once() {
        let dead = Verdict::Dead(DeadReason::Permanent);
        assert_eq!(decided(&answered(415), 1), dead);
        let cut_off = Outcome { error_class: Some(ErrorClass::Timeout), ..answered(415) };
        assert_eq!(decided(&cut_off, 1), dead);
        let knative = RetryPolicy::from(Rule::Knative);
        for status in [301, 400, 401, 403, 405, 413, 422] {
            assert_eq!(decide(&answered(status), &knative, &at(1)), dead, "{status}");
        }
        let named = RetryPolicy { permanent_statuses: vec![500], ..RetryPolicy::default() };
        assert_eq!(decide(&answered(500), &named, &at(1)), dead);
        assert!(matches!(decide(&answered(415), &named, &at(1)), Verdict::Retry(_)));
    }

    #[test]
    fn knative_retries_what_may_heal_and_what_was_not_answered() {
        let knative = RetryPolicy::from(Rule::Knative);
        let unanswered =
            [ErrorClass::Timeout, ErrorClass::Connect].map(|class| Outcome { error_class: Some(class), ..Outcome::default() });
        for outcome in [404, 408, 409, 429, 500, 502, 504].map(answered).into_iter().chain(unanswered) {
            let retried = Verdict::Retry(NOW.plus(Duration::from_millis(200)));
            assert_eq!(decide(&outcome, &knative, &at(1)), retried, "{outcome:?}");
        }
    }

    #[test]
    fn a_success_cut_off_in_its_body_is_retried() {
        let outcome = Outcome { error_class: Some(ErrorClass::Timeout), ..answered(200) };
        assert!(matches!(decided(&outcome, 1), Verdict::Retry(_)));
        assert!(matches!(decide(&outcome, &RetryPolicy::from(Rule::Knative), &at(1)), Verdict::Retry(_)));
    }

    #[test]
    fn no_attempt_is_planned_at_the_moment_an_event_expires_or_later() {
        let next = NOW.plus(Duration::from_secs(5));
        let policy = RetryPolicy::default();
        let until = |end| decide(&answered(500), &policy, &Circumstances { expires_at: Some(end), ..at(1) });
        assert_eq!(until(next), Verdict::Dead(DeadReason::Expired));
        assert_eq!(until(next.plus(Duration::from_micros(1))), Verdict::Retry(next));
        let late = Circumstances { pause: Some(Duration::from_mins(1)), expires_at: Some(next), ..at(1) };
        assert_eq!(decide(&answered(503), &policy, &late), Verdict::Dead(DeadReason::Expired));
        let last = Circumstances { expires_at: Some(next), ..at(10) };
        assert_eq!(decide(&answered(500), &policy, &last), Verdict::Dead(DeadReason::Exhausted));
        let arrived = Circumstances { expires_at: Some(NOW), ..at(1) };
        assert_eq!(decide(&answered(200), &policy, &arrived), Verdict::Delivered);
    }

    #[test]
    fn retry_after_only_lengthens_the_wait() {
        let outcome = answered(503);
        let policy = RetryPolicy::default();
        let paused = |pause| decide(&outcome, &policy, &Circumstances { pause: Some(pause), ..at(1) });
        assert_eq!(paused(Duration::from_mins(1)), Verdict::Retry(NOW.plus(Duration::from_mins(1))));
        assert_eq!(paused(Duration::from_secs(1)), Verdict::Retry(NOW.plus(Duration::from_secs(5))));
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_date_on_429_and_503_only() {
        let with =
            |status, value: &str| Outcome { response_headers: vec![("Retry-After".into(), value.into())], ..answered(status) };
        let policy = RetryPolicy::default();
        let read = |outcome: &Outcome| retry_after(outcome, &policy, NOW);
        assert_eq!(read(&with(429, "7")), Some(Duration::from_secs(7)));
        assert_eq!(read(&with(503, "Mon, 12 Jan 1970 13:47:00 GMT")), Some(Duration::from_secs(20)));
        assert_eq!(read(&with(503, "Mon, 12 Jan 1970 13:46:00 GMT")), Some(Duration::ZERO));
        assert_eq!(read(&with(429, "99999999999")), Some(Duration::from_hours(24)));
        assert_eq!(read(&with(500, "7")), None);
        assert_eq!(read(&with(429, "soon")), None);
        let capped = |max_retry_after_ms| RetryPolicy { max_retry_after_ms, ..RetryPolicy::default() };
        assert_eq!(retry_after(&with(429, "7"), &capped(2000), NOW), Some(Duration::from_secs(2)));
        assert_eq!(retry_after(&with(429, "7"), &capped(0), NOW), Some(Duration::ZERO));
    }
}
