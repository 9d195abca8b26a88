//! Looks every few seconds at how many deliveries wait and are dead, for the metrics.
//!
//! A look costs at most some portions however long the backlog is. What fits into one look is exact; longer than that, the count
//! goes on with the next look, and the number is that of the last whole count. Counting transitions instead would need every
//! node's: a node that only accepts would see a backlog grow for ever, and one that only delivers, shrink below nothing.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::domain::clock::Clock;
use crate::domain::shard::ShardNumber;
use crate::domain::subscription::Status;
use crate::metrics::{Counted, Depth, Pile};
use crate::store::{Directory, Mark, Portion, SharedDirectory, Store, StoreError};

/// The shortest time between two counts, whatever is configured: each reads many rows.
const MIN_INTERVAL: Duration = Duration::from_millis(100);

/// Deliveries counted by one statement: 10 ms on SQLite, 20 ms on Postgres.
const PORTION: u32 = 10_000;
/// Portions of one look.
const PORTIONS: usize = 3;

/// Looks until told to stop.
pub(super) async fn follow(
    shard: ShardNumber,
    store: Arc<dyn Store>,
    directory: SharedDirectory,
    metrics: Arc<Depth>,
    interval_ms: u64,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let mut piles =
        [(Pile::Pending, Count::from(Mark::Pending(None))), (Pile::DeadLettered, Count::from(Mark::DeadLettered(None)))];
    let mut ticks = interval(Duration::from_millis(interval_ms).max(MIN_INTERVAL));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => break,
        }
        metrics.subscriptions(shard, by_status(&directory.load()));
        for (pile, count) in &mut piles {
            match look(&*store, count).await {
                Ok(counted) => metrics.counted(shard, *pile, counted, clock.now()),
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        ?pile,
                        "deliveries could not be counted; it is tried again"
                    );
                }
            }
        }
    }
}

async fn look(store: &dyn Store, count: &mut Count) -> Result<Counted, StoreError> {
    count.begin();
    for _ in 0..PORTIONS {
        if count.take(store.count_portion(&count.mark, PORTION).await?) {
            break;
        }
    }
    Ok(count.known())
}

fn by_status(directory: &Directory) -> [usize; Status::ALL.len()] {
    let mut counts = [0; Status::ALL.len()];
    for subscription in directory.subscriptions.values() {
        counts[subscription.status as usize] += 1;
    }
    counts
}

/// A count that goes round and round.
struct Count {
    start: Mark,
    /// Where it stands.
    mark: Mark,
    so_far: Counted,
    /// The last whole count.
    whole: Option<Counted>,
    /// Whether this round began before this look.
    is_continued: bool,
}

impl From<Mark> for Count {
    fn from(start: Mark) -> Self {
        Self { mark: start.clone(), start, so_far: Counted::default(), whole: None, is_continued: false }
    }
}

impl Count {
    fn begin(&mut self) {
        self.is_continued = self.mark != self.start;
    }

    /// Adds a portion, and says whether that was the last.
    fn take(&mut self, portion: Portion) -> bool {
        self.so_far = sum(self.so_far, Counted { count: portion.count, oldest_at: portion.oldest_at, is_estimated: false });
        let is_last = portion.rest.is_none();
        self.mark = portion.rest.unwrap_or_else(|| self.start.clone());
        if is_last {
            self.whole = Some(Counted { is_estimated: self.is_continued, ..std::mem::take(&mut self.so_far) });
        }
        is_last
    }

    /// The number as it is known now: no less than what was counted already.
    fn known(&self) -> Counted {
        if self.mark == self.start {
            return self.whole.unwrap_or_default();
        }
        let whole = self.whole.unwrap_or_default();
        let oldest_at = sum(whole, self.so_far).oldest_at;
        Counted { count: whole.count.max(self.so_far.count), oldest_at, is_estimated: true }
    }
}

fn sum(one: Counted, other: Counted) -> Counted {
    let oldest_at = [one.oldest_at, other.oldest_at].into_iter().flatten().min();
    Counted { count: one.count + other.count, oldest_at, is_estimated: one.is_estimated || other.is_estimated }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::clock::Timestamp;
    use crate::domain::id::DeliveryId;
    use crate::domain::tenant::TenantName;

    fn portion(count: u64, oldest: i64, is_last: bool) -> Portion {
        let place = (TenantName::default(), DeliveryId::from_uuid(Uuid::from_u128(7)));
        let rest = (!is_last).then_some(Mark::DeadLettered(Some(place)));
        Portion { count, oldest_at: Some(Timestamp::from_micros(oldest)), rest }
    }

    fn look(count: &mut Count, portions: &[(u64, i64, bool)]) -> (u64, i64, bool) {
        count.begin();
        for &(size, oldest, is_last) in portions {
            assert_eq!(count.take(portion(size, oldest, is_last)), is_last);
        }
        let Counted { count, oldest_at, is_estimated } = count.known();
        (count, oldest_at.unwrap().as_micros(), is_estimated)
    }

    #[test]
    fn statuses_stand_where_they_are_counted() {
        assert!(Status::ALL.into_iter().enumerate().all(|(position, status)| status as usize == position));
    }

    #[test]
    fn what_fits_into_one_look_is_exact() {
        let mut count = Count::from(Mark::DeadLettered(None));
        assert_eq!(look(&mut count, &[(10, 5, false), (3, 2, true)]), (13, 2, false));
        assert_eq!(look(&mut count, &[(4, 3, true)]), (4, 3, false));
    }

    #[test]
    fn longer_counts_go_on_and_say_that_they_are_estimates() {
        let mut count = Count::from(Mark::DeadLettered(None));
        assert_eq!(look(&mut count, &[(10, 5, false)]), (10, 5, true), "at least so many");
        assert_eq!(look(&mut count, &[(10, 7, false)]), (20, 5, true));
        assert_eq!(look(&mut count, &[(1, 9, true)]), (21, 5, true), "whole, but not of one moment");
        assert_eq!(look(&mut count, &[(10, 8, false)]), (21, 5, true), "the last whole count, while the next is under way");
        assert_eq!(look(&mut count, &[(20, 8, false)]), (30, 5, true), "it is more by now");
        assert_eq!(look(&mut count, &[(5, 8, true)]), (35, 8, true));
        assert_eq!(look(&mut count, &[(5, 9, true)]), (5, 9, false), "it drained");
    }
}
