//! One series in memory: the stretch under way in every width, and what ended and is not written.

use std::time::Duration;

use super::Flush;
use crate::domain::clock::Timestamp;
use crate::store::{StatsRow, StatsWidth};

/// Stretches of a series that ended and could not be written yet.
const MAX_ENDED: usize = 16;

/// How long a change of a longer stretch waits for others.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long after its end a stretch may still be counted into: by a commit that began before.
const GRACE: Duration = Duration::from_mins(5);

/// Counters of one tenant or subscription.
#[derive(Debug)]
pub(super) struct Series {
    open: [Stretch; 3],
    ended: Vec<Stretch>,
}

/// One stretch of it.
#[derive(Debug, Clone)]
pub(super) struct Stretch {
    /// How long it is.
    pub(super) width: StatsWidth,
    /// Its beginning.
    pub(super) begins_at: Timestamp,
    /// What was counted in it.
    pub(super) counts: StatsRow,
    /// Since when there is something that the database does not have.
    pub(super) unwritten_since: Option<Timestamp>,
}

impl Series {
    /// One in which nothing was counted.
    pub(super) fn new(now: Timestamp) -> Self {
        let stretch = |width: StatsWidth| Stretch {
            width,
            begins_at: width.begin(now),
            counts: StatsRow::default(),
            unwritten_since: None,
        };
        Self { open: StatsWidth::ALL.map(stretch), ended: Vec::new() }
    }

    /// Counts.
    pub(super) fn add(&mut self, counts: &StatsRow, now: Timestamp) {
        for stretch in &mut self.open {
            let begins_at = stretch.width.begin(now);
            // A clock that went back counts into the stretch that is open.
            if begins_at > stretch.begins_at {
                let fresh = Stretch { begins_at, counts: StatsRow::default(), unwritten_since: None, ..*stretch };
                let ended = std::mem::replace(stretch, fresh);
                if ended.unwritten_since.is_some() && self.ended.len() < MAX_ENDED {
                    self.ended.push(ended);
                }
            }
            stretch.counts.merge(counts);
            stretch.unwritten_since.get_or_insert(now);
        }
    }

    /// What is due, each stretch once.
    pub(super) fn take(&mut self, what: Flush, now: Timestamp) -> impl Iterator<Item = Stretch> + '_ {
        let is_due = move |stretch: &Stretch| {
            let patience = if stretch.width == StatsWidth::Minute { Duration::ZERO } else { PATIENCE };
            stretch.unwritten_since.is_some_and(|since| what == Flush::All || since.plus(patience) <= now)
        };
        let changed = self.open.iter_mut().filter(move |stretch| is_due(stretch)).map(|stretch| {
            stretch.unwritten_since = None;
            stretch.clone()
        });
        self.ended.drain(..).chain(changed)
    }

    /// Takes back what could not be written. What is held of the same stretch has counted on meanwhile and is newer.
    pub(super) fn give_back(&mut self, stretch: Stretch) {
        let is_same = |held: &&mut Stretch| (held.width, held.begins_at) == (stretch.width, stretch.begins_at);
        if self.ended.iter_mut().find(is_same).is_some() {
            return;
        }
        match self.open.iter_mut().find(is_same) {
            Some(open) if open.counts != StatsRow::default() => open.unwritten_since = stretch.unwritten_since,
            // The series was forgotten in between.
            Some(open) => *open = stretch,
            None if self.ended.len() < MAX_ENDED => self.ended.push(stretch),
            None => {}
        }
    }

    /// Whether everything is written and nothing will be added to what is here.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        let is_past = |stretch: &Stretch| stretch.begins_at.plus(stretch.width.duration() + GRACE) <= now;
        self.ended.is_empty() && self.open.iter().all(|stretch| stretch.unwritten_since.is_none() && is_past(stretch))
    }
}
