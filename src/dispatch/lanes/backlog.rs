//! What this node knows to be waiting in the database, and when it is due. A hint only: the sweep finds what is not noted here,
//! so entries past the bounds are left out.

use std::collections::BTreeSet;

use crate::domain::clock::Timestamp;
use crate::domain::id::SubscriptionId;
use crate::domain::map::Map;

/// Moments noted over all subscriptions.
const MAX_NOTED: usize = 65_536;
/// Moments noted per subscription. More are of no use: the sweep comes by before they are due.
const MAX_NOTED_PER_LANE: usize = 64;

/// Subscriptions looked at in one go; as many as there can be deliveries in memory.
const MAX_DUE: usize = 4096;

/// Due moments by subscription, and the subscriptions by their first one.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    due: Map<SubscriptionId, BTreeSet<Timestamp>>,
    first: BTreeSet<(Timestamp, SubscriptionId)>,
    noted: usize,
}

impl Backlog {
    /// Notes that a delivery of `id` is due at `at`. Says whether that is the earliest of all.
    pub(super) fn note(&mut self, id: SubscriptionId, at: Timestamp) -> bool {
        if self.noted >= MAX_NOTED {
            return false;
        }
        let moments = self.due.entry(id).or_default();
        let first = moments.first().copied();
        if moments.len() >= MAX_NOTED_PER_LANE || !moments.insert(at) {
            return false;
        }
        self.noted += 1;
        if first.is_none_or(|first| at < first) {
            self.first.extend([(at, id)]);
            if let Some(first) = first {
                self.first.remove(&(first, id));
            }
        }
        self.first.first() == Some(&(at, id))
    }

    /// Forgets what of `id` is due by `now`.
    pub(super) fn forget(&mut self, id: SubscriptionId, now: Timestamp) {
        let Some(moments) = self.due.get_mut(&id) else { return };
        let Some(&first) = moments.first() else { return };
        if first > now {
            return;
        }
        let before = moments.len();
        moments.retain(|&at| at > now);
        self.noted -= before - moments.len();
        self.first.remove(&(first, id));
        match moments.first() {
            Some(&next) => {
                self.first.insert((next, id));
            }
            None => {
                self.due.remove(&id);
            }
        }
    }

    /// Whether something of `id` is due by `now`.
    pub(super) fn is_due(&self, id: SubscriptionId, now: Timestamp) -> bool {
        self.due.get(&id).and_then(BTreeSet::first).is_some_and(|&at| at <= now)
    }

    /// The subscriptions with something due by `now`, the longest waiting first; at most 4096.
    pub(super) fn due_by(&self, now: Timestamp) -> Vec<SubscriptionId> {
        self.first.iter().take_while(|(at, _)| *at <= now).take(MAX_DUE).map(|&(_, id)| id).collect()
    }

    /// The first moment after `now` at which something becomes due.
    pub(super) fn next_after(&self, now: Timestamp) -> Option<Timestamp> {
        self.first.iter().map(|&(at, _)| at).find(|&at| at > now)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> SubscriptionId {
        SubscriptionId::from_uuid(Uuid::from_u128(number))
    }

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn the_longest_waiting_comes_first_and_later_moments_stay_noted() {
        let mut backlog = Backlog::default();
        assert!(backlog.note(id(1), at(20)));
        assert!(backlog.note(id(2), at(10)));
        assert!(!backlog.note(id(1), at(30)));
        assert!(backlog.note(id(1), at(5)));
        assert_eq!(backlog.due_by(at(10)), [id(1), id(2)]);
        backlog.forget(id(1), at(20));
        assert_eq!(backlog.due_by(at(25)), [id(2)]);
        assert_eq!(backlog.next_after(at(25)), Some(at(30)));
        backlog.forget(id(1), at(30));
        backlog.forget(id(2), at(30));
        assert_eq!((backlog.due.len(), backlog.first.len(), backlog.noted), (0, 0, 0));
    }

    #[test]
    fn one_subscription_can_not_fill_it() {
        let mut backlog = Backlog::default();
        for micros in 0..1000 {
            backlog.note(id(1), at(micros));
        }
        assert_eq!(backlog.noted, MAX_NOTED_PER_LANE);
        assert!(backlog.is_due(id(1), at(0)));
    }

    #[test]
    fn it_is_bounded_over_all_subscriptions() {
        let mut backlog = Backlog::default();
        for number in 0..MAX_NOTED as u128 + 10 {
            backlog.note(id(number), at(1));
        }
        assert_eq!(backlog.noted, MAX_NOTED);
        assert_eq!(backlog.due.len(), MAX_NOTED);
    }
}
