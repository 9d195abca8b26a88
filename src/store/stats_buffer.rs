//! Counters gathered in memory and written once a second, so that counting costs the hot paths no statement.
//!
//! Routing adds what it accepted, dispatch what it delivered; whoever owns the node's housekeeping calls [`StatsBuffer::flush`].

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, PoisonError};

use super::{StatsBucket, StatsRow, Store, StoreError};
use crate::domain::clock::Timestamp;
use crate::domain::id::NodeId;
use crate::domain::tenant::TenantName;

/// Tenants and minutes held at once. Past it counts of further ones are left out: numbers may not cost unbounded memory.
const MAX_BUCKETS: usize = 16_384;

const MINUTE_MICROS: i64 = 60_000_000;

/// What this node counted since it was last written, by tenant and minute.
#[derive(Debug, Default)]
pub struct StatsBuffer(Mutex<HashMap<(TenantName, Timestamp), StatsRow>>);

impl StatsBuffer {
    /// Adds `counts` to the tenant's minute in which `now` lies.
    pub fn add(&self, tenant: &TenantName, counts: StatsRow, now: Timestamp) {
        let minute_at = Timestamp::from_micros(now.as_micros().div_euclid(MINUTE_MICROS) * MINUTE_MICROS);
        self.merge(tenant.clone(), minute_at, &counts);
    }

    /// Takes everything counted so far.
    #[must_use]
    pub fn drain(&self) -> Vec<StatsBucket> {
        let counted = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        counted.into_iter().map(|((tenant, minute_at), counts)| StatsBucket { tenant, minute_at, counts }).collect()
    }

    /// Writes everything counted so far; what could not be written is kept for the next time.
    ///
    /// # Errors
    /// The store's own.
    pub async fn flush(&self, store: &dyn Store, node: NodeId) -> Result<(), StoreError> {
        let buckets = self.drain();
        if buckets.is_empty() {
            return Ok(());
        }
        let written = store.add_stats(node, &buckets).await;
        if written.is_err() {
            for bucket in buckets {
                self.merge(bucket.tenant, bucket.minute_at, &bucket.counts);
            }
        }
        written
    }

    fn merge(&self, tenant: TenantName, minute_at: Timestamp, counts: &StatsRow) {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = buckets.len() >= MAX_BUCKETS;
        match buckets.entry((tenant, minute_at)) {
            Entry::Occupied(held) => add(held.into_mut(), counts),
            Entry::Vacant(_) if is_full => {}
            Entry::Vacant(free) => {
                free.insert(*counts);
            }
        }
    }
}

fn add(sum: &mut StatsRow, counts: &StatsRow) {
    sum.accepted += counts.accepted;
    sum.duplicates += counts.duplicates;
    sum.attempts += counts.attempts;
    sum.delivered += counts.delivered;
    sum.failed += counts.failed;
    sum.dead_lettered += counts.dead_lettered;
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE_ATTEMPT: StatsRow = StatsRow { accepted: 0, duplicates: 0, attempts: 1, delivered: 0, failed: 0, dead_lettered: 0 };

    #[test]
    fn counts_of_one_minute_are_summed_and_minutes_are_kept_apart() {
        let buffer = StatsBuffer::default();
        let tenant = TenantName::default();
        for micros in [0, 59_999_999, 60_000_000] {
            buffer.add(&tenant, ONE_ATTEMPT, Timestamp::from_micros(micros));
        }
        let mut buckets = buffer.drain();
        buckets.sort_by_key(|bucket| bucket.minute_at);
        let seen: Vec<_> = buckets.iter().map(|bucket| (bucket.minute_at.as_micros(), bucket.counts.attempts)).collect();
        assert_eq!(seen, [(0, 2), (60_000_000, 1)]);
        assert!(buffer.drain().is_empty());
    }

    #[test]
    fn minutes_past_the_bound_are_left_out() {
        let buffer = StatsBuffer::default();
        for minute in 0..i64::try_from(MAX_BUCKETS).unwrap() + 5 {
            buffer.add(&TenantName::default(), ONE_ATTEMPT, Timestamp::from_micros(minute * MINUTE_MICROS));
        }
        assert_eq!(buffer.drain().len(), MAX_BUCKETS);
    }
}
