//! The token bucket of a subscription's rate limit, as a generic cell rate algorithm: one moment of state, no refill timer.

use std::time::Duration;

use crate::domain::clock::Timestamp;
use crate::domain::subscription::RateLimit;

/// Who went when, condensed into the moment at which the bucket would be full again.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rate {
    full_at: Timestamp,
}

impl Rate {
    /// When the next request may go: not after `now` if it may go at once.
    pub(super) fn next_at(self, limit: RateLimit) -> Timestamp {
        self.full_at.minus(interval(limit).saturating_mul(limit.burst.max(1) - 1))
    }

    /// Counts a request that goes at `now`.
    pub(super) fn take(&mut self, limit: RateLimit, now: Timestamp) {
        self.full_at = self.full_at.max(now).plus(interval(limit));
    }

    /// Whether forgetting this bucket would allow nothing that it does not.
    pub(super) fn is_full(self, now: Timestamp) -> bool {
        self.full_at <= now
    }
}

fn interval(limit: RateLimit) -> Duration {
    // The bounds of the subscription's configuration make this finite; a limit that is none would be no reason to panic.
    Duration::try_from_secs_f64(1.0 / limit.per_second).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: RateLimit = RateLimit { per_second: 10.0, burst: 3 };
    const START: Timestamp = Timestamp::from_micros(1_000_000_000);

    fn may_go(rate: &mut Rate, now: Timestamp) -> bool {
        let is_allowed = rate.next_at(LIMIT) <= now;
        if is_allowed {
            rate.take(LIMIT, now);
        }
        is_allowed
    }

    #[test]
    fn a_burst_goes_at_once_and_then_one_per_interval() {
        let mut rate = Rate::default();
        let at_once: Vec<bool> = (0..4).map(|_| may_go(&mut rate, START)).collect();
        assert_eq!(at_once, [true, true, true, false]);
        assert!(!may_go(&mut rate, START.plus(Duration::from_millis(99))));
        assert!(may_go(&mut rate, START.plus(Duration::from_millis(100))));
        assert!(!may_go(&mut rate, START.plus(Duration::from_millis(150))));
    }

    #[test]
    fn over_ten_seconds_no_more_than_rate_and_burst_go() {
        let mut rate = Rate::default();
        let went = (0..10_000).filter(|&millis| may_go(&mut rate, START.plus(Duration::from_millis(millis)))).count();
        assert_eq!(went, 3 + 99);
    }

    #[test]
    fn quiet_time_fills_the_bucket_again_but_no_further() {
        let mut rate = Rate::default();
        rate.take(LIMIT, START);
        assert!(!rate.is_full(START));
        let later = START.plus(Duration::from_mins(1));
        assert!(rate.is_full(later));
        assert_eq!((0..10).filter(|_| may_go(&mut rate, later)).count(), 3);
    }
}
