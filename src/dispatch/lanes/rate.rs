//! A subscription's share of its rate limit: slots that this node reserved in the database, where all nodes reserve theirs.
//!
//! The bucket is a cell there (generic cell rate algorithm): the moment at which it would be full again. A block of slots moves that
//! moment on; each slot has its own time, an interval after the one before.

use std::time::Duration;

use crate::domain::clock::Timestamp;
use crate::domain::subscription::RateLimit;

/// How much is reserved at once, and how long after its time a slot may still be used.
const SPAN: Duration = Duration::from_millis(250);

/// Reserved slots.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Slots {
    next_at: Timestamp,
    granted_at: Timestamp,
    interval: Duration,
    left: u32,
    /// Whether some are to be granted.
    pub(super) is_asked: bool,
}

impl Slots {
    /// `count` slots of a bucket that would have been full at `full_at` without them.
    pub(super) fn granted(limit: RateLimit, count: u32, full_at: Timestamp, now: Timestamp) -> Self {
        let interval = interval(limit);
        let next_at = full_at.minus(interval.saturating_mul(limit.burst.max(1) - 1));
        Self { next_at, granted_at: now, interval, left: count, is_asked: false }
    }

    /// When the next one may be used; none if there is none. Those that were not used in time are gone.
    pub(super) fn next_at(&mut self, now: Timestamp) -> Option<Timestamp> {
        while self.left > 0 && self.next_at.max(self.granted_at).plus(SPAN) < now {
            self.take();
        }
        (self.left > 0).then_some(self.next_at)
    }

    /// Uses one.
    pub(super) fn take(&mut self) {
        self.left = self.left.saturating_sub(1);
        self.next_at = self.next_at.plus(self.interval);
    }
}

/// How many slots to reserve for so many deliveries: no more than go within a moment, so that other nodes get theirs.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
pub(super) fn wanted(limit: RateLimit, waiting: usize) -> u32 {
    let most = (limit.per_second * SPAN.as_secs_f64()).clamp(1.0, 100_000.0) as u32;
    most.min(u32::try_from(waiting).unwrap_or(u32::MAX)).max(1)
}

/// The time between two slots.
pub(super) fn interval(limit: RateLimit) -> Duration {
    // The bounds of the subscription's configuration make this finite; a limit that is none would be no reason to panic.
    Duration::try_from_secs_f64(1.0 / limit.per_second).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: RateLimit = RateLimit { per_second: 10.0, burst: 3 };
    const START: Timestamp = Timestamp::from_micros(1_000_000_000);

    /// A cell as the database keeps it.
    fn reserve(full_at: &mut Timestamp, count: u32, now: Timestamp) -> Slots {
        let begins = (*full_at).max(now);
        *full_at = begins.plus(interval(LIMIT) * count);
        Slots::granted(LIMIT, count, begins, now)
    }

    fn may_go(slots: &mut Slots, now: Timestamp) -> bool {
        let is_allowed = slots.next_at(now).is_some_and(|at| at <= now);
        if is_allowed {
            slots.take();
        }
        is_allowed
    }

    #[test]
    fn a_burst_goes_at_once_and_then_one_per_interval() {
        let mut slots = reserve(&mut Timestamp::default(), 5, START);
        let at_once: Vec<bool> = (0..4).map(|_| may_go(&mut slots, START)).collect();
        assert_eq!(at_once, [true, true, true, false]);
        assert!(!may_go(&mut slots, START.plus(Duration::from_millis(99))));
        assert!(may_go(&mut slots, START.plus(Duration::from_millis(100))));
        assert!(!may_go(&mut slots, START.plus(Duration::from_millis(150))));
    }

    #[test]
    fn three_nodes_together_send_no_more_than_rate_and_burst() {
        let (mut full_at, mut nodes, mut went) = (Timestamp::default(), [Slots::default(); 3], 0);
        for millis in 0..10_000 {
            let now = START.plus(Duration::from_millis(millis));
            for slots in &mut nodes {
                if slots.next_at(now).is_none() {
                    *slots = reserve(&mut full_at, wanted(LIMIT, 1000), now);
                }
                went += u32::from(may_go(slots, now));
            }
        }
        // Three of the burst, and then one per interval; two of the last may still be to come.
        assert!((3 + 97..=3 + 99).contains(&went), "{went}");
    }

    #[test]
    fn slots_that_are_not_used_in_time_are_gone() {
        let mut slots = reserve(&mut Timestamp::default(), 4, START);
        assert!(slots.next_at(START.plus(SPAN)).is_some());
        let late = START.plus(SPAN + Duration::from_millis(1));
        assert_eq!(slots.next_at(late), Some(START.plus(Duration::from_millis(100))), "the one with a time of its own is left");
        assert_eq!(slots.next_at(START.plus(Duration::from_secs(1))), None);
    }

    #[test]
    fn as_many_are_reserved_as_go_within_a_moment() {
        let wanted = |per_second, waiting| wanted(RateLimit { per_second, burst: 1 }, waiting);
        assert_eq!([wanted(0.5, 100), wanted(50.0, 100), wanted(50.0, 3), wanted(100_000.0, 1 << 40)], [1, 12, 3, 25_000]);
    }
}
