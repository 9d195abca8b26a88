//! Look-ups in the database that are remembered for a short time: API keys, tenants, producers.
//!
//! What is asked for is untrusted, so what was found and what was not are kept apart: a flood of made-up keys can't push out the
//! real ones. Both are bounded. A change is seen at once where it was made ([`Remembered::forget`]), elsewhere after the time.

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use moka::sync::Cache;

use crate::domain::clock::{Clock, Timestamp};
use crate::store::StoreError;

/// Entries of either kind that are kept.
const CAPACITY: u64 = 10_000;

/// Look-ups of one kind.
pub(super) struct Remembered<K, V> {
    found: Cache<K, Arc<Entry<V>>>,
    absent: Cache<K, ()>,
    clock: Arc<dyn Clock>,
    /// After this time one caller looks again while the others go on with what is known, so that nobody waits in a crowd.
    look_again_after: Duration,
}

struct Entry<V> {
    value: V,
    looked_up_at: Timestamp,
    is_being_renewed: AtomicBool,
}

/// Whether an absence is remembered as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absence {
    /// It is: what does not exist can't come to exist under the same key, or only as long after as anything is remembered.
    Remembered,
    /// It is not: what is created on another node must be found at once.
    AskedAgain,
}

impl<K: Hash + Eq + Send + Sync + Clone + 'static, V: Clone + Send + Sync + 'static> Remembered<K, V> {
    pub(super) fn new(clock: Arc<dyn Clock>, time_to_live: Duration, absence: Absence) -> Self {
        let absent_capacity = if absence == Absence::Remembered { CAPACITY } else { 0 };
        Self {
            found: Cache::builder().max_capacity(CAPACITY).time_to_live(time_to_live).build(),
            absent: Cache::builder().max_capacity(absent_capacity).time_to_live(time_to_live).build(),
            clock,
            look_again_after: time_to_live / 2,
        }
    }

    /// What is known under `key`, or what `look_up` finds.
    pub(super) async fn get<F>(&self, key: &K, look_up: F) -> Result<Option<V>, StoreError>
    where
        F: Future<Output = Result<Option<V>, StoreError>>,
    {
        if let Some(entry) = self.found.get(key) {
            if !self.is_due(&entry) {
                return Ok(Some(entry.value.clone()));
            }
            let _turn = Turn(&entry);
            return match self.find(key, look_up).await {
                // The database is away for a moment: what is known holds until its time is over.
                Err(StoreError::Unavailable(_)) => Ok(Some(entry.value.clone())),
                other => other,
            };
        }
        if self.absent.contains_key(key) {
            return Ok(None);
        }
        self.find(key, look_up).await
    }

    /// Forgets everything, after a change made here.
    pub(super) fn forget(&self) {
        self.found.invalidate_all();
        self.absent.invalidate_all();
    }

    /// Forgets one, after a change made here.
    pub(super) fn forget_one(&self, key: &K) {
        self.found.invalidate(key);
    }

    async fn find<F>(&self, key: &K, look_up: F) -> Result<Option<V>, StoreError>
    where
        F: Future<Output = Result<Option<V>, StoreError>>,
    {
        let looked_up_at = self.clock.now();
        let found = look_up.await?;
        if let Some(value) = &found {
            let entry = Entry { value: value.clone(), looked_up_at, is_being_renewed: AtomicBool::new(false) };
            self.found.insert(key.clone(), Arc::new(entry));
        } else {
            self.found.invalidate(key);
            self.absent.insert(key.clone(), ());
        }
        Ok(found)
    }

    /// Whether it is this caller's turn to look again.
    fn is_due(&self, entry: &Entry<V>) -> bool {
        self.clock.now().since(entry.looked_up_at) >= self.look_again_after
            && !entry.is_being_renewed.swap(true, Ordering::Relaxed)
    }
}

/// The turn to look again, given back if the caller goes away.
struct Turn<'a, V>(&'a Entry<V>);

impl<V> Drop for Turn<'_, V> {
    fn drop(&mut self) {
        self.0.is_being_renewed.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::task::Poll;

    use super::*;
    use crate::domain::clock::ManualClock;

    const MINUTE: Duration = Duration::from_mins(1);

    fn remembered(absence: Absence) -> (Remembered<u8, u8>, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::default());
        (Remembered::new(clock.clone(), MINUTE, absence), clock)
    }

    fn count(looked: &AtomicUsize, answer: Option<u8>) -> impl Future<Output = Result<Option<u8>, StoreError>> {
        std::future::poll_fn(move |_| {
            looked.fetch_add(1, Ordering::SeqCst);
            Poll::Ready(Ok(answer))
        })
    }

    #[tokio::test]
    async fn presence_is_looked_up_once_until_half_its_time_is_over() {
        let (remembered, clock) = remembered(Absence::Remembered);
        let looked = AtomicUsize::new(0);
        for _ in 0..3 {
            assert_eq!(remembered.get(&1, count(&looked, Some(7))).await.unwrap(), Some(7));
        }
        assert_eq!(looked.load(Ordering::SeqCst), 1);
        clock.advance(MINUTE / 2);
        assert_eq!(remembered.get(&1, count(&looked, Some(8))).await.unwrap(), Some(8));
        assert_eq!(looked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn only_one_caller_looks_again_and_the_others_do_not_wait() {
        let (remembered, clock) = remembered(Absence::Remembered);
        let looked = AtomicUsize::new(0);
        remembered.get(&1, count(&looked, Some(7))).await.unwrap();
        clock.advance(MINUTE / 2);
        let renewing = remembered.get(&1, std::future::pending());
        tokio::pin!(renewing);
        assert!(futures_util::poll!(renewing.as_mut()).is_pending());
        assert_eq!(remembered.get(&1, count(&looked, None)).await.unwrap(), Some(7));
        assert_eq!(looked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn what_was_removed_is_gone_when_it_is_looked_up_again() {
        let (remembered, clock) = remembered(Absence::Remembered);
        let looked = AtomicUsize::new(0);
        remembered.get(&1, count(&looked, Some(7))).await.unwrap();
        clock.advance(MINUTE / 2);
        assert_eq!(remembered.get(&1, count(&looked, None)).await.unwrap(), None);
        assert_eq!(remembered.get(&1, count(&looked, Some(9))).await.unwrap(), None);
        assert_eq!(looked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn absence_is_asked_again_where_another_node_may_create() {
        let (remembered, _clock) = remembered(Absence::AskedAgain);
        let looked = AtomicUsize::new(0);
        assert_eq!(remembered.get(&1, count(&looked, None)).await.unwrap(), None);
        assert_eq!(remembered.get(&1, count(&looked, Some(9))).await.unwrap(), Some(9));
    }

    #[tokio::test]
    async fn unavailable_database_does_not_take_away_what_is_known() {
        let (remembered, clock) = remembered(Absence::Remembered);
        let looked = AtomicUsize::new(0);
        remembered.get(&1, count(&looked, Some(7))).await.unwrap();
        clock.advance(MINUTE / 2);
        let away = async { Err(StoreError::unavailable("away")) };
        assert_eq!(remembered.get(&1, away).await.unwrap(), Some(7));
    }

    #[tokio::test]
    async fn change_made_here_is_seen_at_once() {
        let (remembered, _clock) = remembered(Absence::Remembered);
        let looked = AtomicUsize::new(0);
        remembered.get(&1, count(&looked, Some(7))).await.unwrap();
        remembered.forget();
        assert_eq!(remembered.get(&1, count(&looked, Some(8))).await.unwrap(), Some(8));
    }
}
