//! What nodes tell each other, so that nobody waits for a look that comes anyway: hints, never facts.
//!
//! Whatever is told stands in the database. News that is lost, late or told twice changes when something is found, never whether.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::domain::clock::Timestamp;
use crate::domain::id::SubscriptionId;

/// Subscriptions named in one piece of news. Of more it is only said that there are some.
const MAX_LANES: usize = 1024;

/// Where to look sooner than a sweep or a poll would.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "what there is to tell is a list of facts, each of its own")]
pub struct News {
    /// The routing version grew.
    pub routing: bool,
    /// A job is due.
    pub jobs: bool,
    /// A node came or went.
    pub crew: bool,
    /// Deliveries wait of more subscriptions than are named.
    pub anywhere: bool,
    /// Subscriptions that deliveries wait for, and when the earliest of each is due.
    pub lanes: BTreeMap<SubscriptionId, Timestamp>,
}

impl News {
    /// What a node supposes that may have missed any.
    #[must_use]
    pub fn of_everything() -> Self {
        Self { routing: true, jobs: true, crew: true, anywhere: true, lanes: BTreeMap::new() }
    }

    /// Adds that a delivery of `id` waits, due at `due_at`.
    pub fn waits(&mut self, id: SubscriptionId, due_at: Timestamp) {
        if self.anywhere {
            return;
        }
        self.lanes.entry(id).and_modify(|known| *known = due_at.min(*known)).or_insert(due_at);
        if self.lanes.len() > MAX_LANES {
            self.anywhere = true;
            self.lanes.clear();
        }
    }

    /// Adds what `other` says.
    pub fn merge(&mut self, other: Self) {
        self.routing |= other.routing;
        self.jobs |= other.jobs;
        self.crew |= other.crew;
        if other.anywhere {
            self.anywhere = true;
            self.lanes.clear();
        }
        for (id, due_at) in other.lanes {
            self.waits(id, due_at);
        }
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Where news gathers until somebody takes all of it at once. Bounded: what is told twice lies there once.
#[derive(Debug, Default)]
pub struct NewsBox {
    gathered: Mutex<News>,
    came: Notify,
}

impl NewsBox {
    /// Adds news.
    pub fn add(&self, add: impl FnOnce(&mut News)) {
        add(&mut self.gathered.lock().unwrap_or_else(PoisonError::into_inner));
        self.came.notify_one();
    }

    /// Waits until there is news and takes all of it.
    pub async fn take(&self) -> News {
        loop {
            let taken = std::mem::take(&mut *self.gathered.lock().unwrap_or_else(PoisonError::into_inner));
            if !taken.is_empty() {
                return taken;
            }
            self.came.notified().await;
        }
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

    #[tokio::test]
    async fn what_gathers_is_taken_at_once_with_the_earliest_moment_of_each() {
        let gathered = NewsBox::default();
        gathered.add(|news| news.waits(id(1), at(20)));
        gathered.add(|news| news.waits(id(1), at(10)));
        gathered.add(|news| news.waits(id(1), at(30)));
        gathered.add(|news| news.jobs = true);
        let expected = News { jobs: true, lanes: [(id(1), at(10))].into(), ..News::default() };
        assert_eq!(gathered.take().await, expected);
        gathered.add(|news| news.routing = true);
        assert_eq!(gathered.take().await, News { routing: true, ..News::default() });
    }

    #[test]
    fn more_subscriptions_than_can_be_named_are_anywhere() {
        let mut news = News::default();
        for number in 0..=MAX_LANES as u128 {
            assert!(!news.anywhere);
            news.waits(id(number), at(1));
        }
        assert!(news.anywhere && news.lanes.is_empty());
        news.waits(id(1), at(1));
        assert!(news.lanes.is_empty());
        let mut other = News { lanes: [(id(1), at(10))].into(), ..News::default() };
        other.merge(news);
        assert_eq!(other, News { anywhere: true, ..News::default() });
    }
}
