//! Whether a group of outcomes is let grow before it is written. A lone outcome is not; where outcomes come thick and fast a little
//! patience makes transactions larger and fewer, and nobody waits for them.

use std::time::{Duration, Instant};

use super::ended::Ended;

/// So many at once are thick.
const THICK: usize = 8;
/// A group as large as this is not let grow.
const GOOD: usize = 100;
/// How long a group grows. Groups as close behind each other as this come fast.
pub(super) const PATIENCE: Duration = Duration::from_millis(3);

/// What was written last.
#[derive(Debug, Default)]
pub(super) struct Pace {
    size: usize,
    written_at: Option<Instant>,
}

impl Pace {
    /// A group of this size is written.
    pub(super) fn wrote(&mut self, size: usize, now: Instant) {
        *self = Self { size, written_at: Some(now) };
    }

    /// Whether this group is to wait for more. Not for few if others stand in line behind one of them: the next of a line goes only
    /// when the one before is recorded.
    pub(super) fn lets_grow(&self, group: &[Ended], now: Instant) -> bool {
        let is_fast = || self.written_at.is_some_and(|at| now.duration_since(at) < PATIENCE);
        group.len() < GOOD && (self.size >= THICK || (is_fast() && !group.iter().any(|ended| ended.lease().may_be_in_line())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::recorder::Release;
    use crate::dispatch::testing::{NOW, leased};
    use crate::store::Lease;

    fn ended(count: usize, token: i64) -> Vec<Ended> {
        let mut release = Release::of(&leased(1, 1), NOW);
        release.lease.token = token;
        (0..count).map(|_| Ended::Release(release)).collect()
    }

    #[test]
    fn a_lone_outcome_is_written_at_once() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        assert!(!pace.lets_grow(&ended(1, 1), now));
        pace.wrote(1, now);
        assert!(!pace.lets_grow(&ended(1, 1), now + PATIENCE));
    }

    #[test]
    fn groups_grow_when_the_one_before_was_large_or_just_now() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        pace.wrote(1, now);
        assert!(pace.lets_grow(&ended(1, 1), now + PATIENCE / 2));
        pace.wrote(THICK, now);
        assert!(pace.lets_grow(&ended(1, 1), now + PATIENCE * 100));
        assert!(!pace.lets_grow(&ended(GOOD, 1), now));
    }

    #[test]
    fn a_line_is_not_held_up_by_a_few() {
        let (mut pace, now, in_line) = (Pace::default(), Instant::now(), ended(1, Lease::BASE_IN_LINE));
        pace.wrote(1, now);
        assert!(!pace.lets_grow(&in_line, now));
        pace.wrote(THICK, now);
        assert!(pace.lets_grow(&in_line, now), "many lines at once share transactions");
    }
}
