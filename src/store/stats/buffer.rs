//! Counters gathered in memory and written every few seconds, so that counting costs the hot paths no statement.
//!
//! Routing adds what it accepted, dispatch what came of deliveries; whoever owns the node's housekeeping calls
//! [`StatsBuffer::flush`]. A stretch's row is the node's own and is written whole each time, so writing it twice changes nothing.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{StatsBucket, StatsRow, StatsWidth};
use crate::domain::clock::Timestamp;
use crate::domain::id::{NodeId, SubscriptionId};
use crate::domain::tenant::TenantName;
use crate::store::{Store, StoreError};

/// Series held at once. Past it counts of further ones are left out: numbers may not cost unbounded memory.
const MAX_SERIES: usize = 8192;

/// Stretches of a series that ended and could not be written yet.
const MAX_ENDED: usize = 16;

/// Stretches written in one transaction: few enough that accepting hardly waits for it.
const WRITE_AT_ONCE: usize = 250;

/// What this node counted since it was started, as far as it is not over and written.
#[derive(Debug, Default)]
pub struct StatsBuffer(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    tenants: HashMap<TenantName, HashMap<Option<SubscriptionId>, Series>>,
    series_count: usize,
}

#[derive(Debug)]
struct Series {
    /// The stretch under way, in every width.
    open: [Stretch; 3],
    /// Those that ended and are not written.
    ended: Vec<Stretch>,
}

#[derive(Debug, Clone)]
struct Stretch {
    width: StatsWidth,
    begins_at: Timestamp,
    counts: StatsRow,
    is_written: bool,
}

impl StatsBuffer {
    /// Adds `counts` to the tenant's series, and to that of the subscription they are about.
    pub fn add(&self, tenant: &TenantName, subscription_id: Option<SubscriptionId>, counts: &StatsRow, now: Timestamp) {
        let mut held = self.held();
        held.add(tenant, None, counts, now);
        if subscription_id.is_some() {
            held.add(tenant, subscription_id, counts, now);
        }
    }

    /// Writes what was counted since the last time; what could not be written is kept for the next.
    ///
    /// # Errors
    /// The store's own.
    pub async fn flush(&self, store: &dyn Store, node: NodeId, now: Timestamp) -> Result<(), StoreError> {
        let mut buckets = self.take(now);
        while !buckets.is_empty() {
            let rest = buckets.split_off(buckets.len().min(WRITE_AT_ONCE));
            if let Err(error) = store.put_stats(node, &buckets).await {
                self.give_back(buckets.into_iter().chain(rest));
                return Err(error);
            }
            buckets = rest;
        }
        Ok(())
    }

    /// Everything that changed since the last time.
    fn take(&self, now: Timestamp) -> Vec<StatsBucket> {
        let mut held = self.held();
        let mut buckets = Vec::new();
        for (tenant, all) in &mut held.tenants {
            for (subscription_id, series) in &mut *all {
                let changed = series.take().map(|Stretch { width, begins_at, counts, .. }| StatsBucket {
                    tenant: tenant.clone(),
                    subscription_id: *subscription_id,
                    width,
                    begins_at,
                    counts,
                });
                buckets.extend(changed);
            }
            all.retain(|_, series| !series.is_over(now));
        }
        held.tenants.retain(|_, all| !all.is_empty());
        held.series_count = held.tenants.values().map(HashMap::len).sum();
        buckets
    }

    fn give_back(&self, buckets: impl Iterator<Item = StatsBucket>) {
        let mut held = self.held();
        for StatsBucket { tenant, subscription_id, width, begins_at, counts } in buckets {
            if let Some(series) = held.series(&tenant, subscription_id, begins_at) {
                series.give_back(Stretch { width, begins_at, counts, is_written: false });
            }
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn add(&mut self, tenant: &TenantName, subscription_id: Option<SubscriptionId>, counts: &StatsRow, now: Timestamp) {
        if let Some(series) = self.series(tenant, subscription_id, now) {
            series.add(counts, now);
        }
    }

    /// The series, made if there is room for it.
    fn series(&mut self, tenant: &TenantName, subscription_id: Option<SubscriptionId>, now: Timestamp) -> Option<&mut Series> {
        let is_known = self.tenants.get(tenant).is_some_and(|all| all.contains_key(&subscription_id));
        if !is_known {
            if self.series_count >= MAX_SERIES {
                return None;
            }
            self.series_count += 1;
            self.tenants.entry(tenant.clone()).or_default().insert(subscription_id, Series::new(now));
        }
        self.tenants.get_mut(tenant)?.get_mut(&subscription_id)
    }
}

impl Series {
    fn new(now: Timestamp) -> Self {
        let stretch =
            |width: StatsWidth| Stretch { width, begins_at: width.begin(now), counts: StatsRow::default(), is_written: true };
        Self { open: StatsWidth::ALL.map(stretch), ended: Vec::new() }
    }

    fn add(&mut self, counts: &StatsRow, now: Timestamp) {
        for stretch in &mut self.open {
            let begins_at = stretch.width.begin(now);
            // A clock that went back counts into the stretch that is open.
            if begins_at > stretch.begins_at {
                let fresh = Stretch { begins_at, counts: StatsRow::default(), is_written: true, ..*stretch };
                let ended = std::mem::replace(stretch, fresh);
                if !ended.is_written && self.ended.len() < MAX_ENDED {
                    self.ended.push(ended);
                }
            }
            stretch.counts.merge(counts);
            stretch.is_written = false;
        }
    }

    fn take(&mut self) -> impl Iterator<Item = Stretch> + '_ {
        let changed = self.open.iter_mut().filter(|stretch| !stretch.is_written).map(|stretch| {
            stretch.is_written = true;
            stretch.clone()
        });
        self.ended.drain(..).chain(changed)
    }

    fn give_back(&mut self, stretch: Stretch) {
        match self.open.iter_mut().find(|open| (open.width, open.begins_at) == (stretch.width, stretch.begins_at)) {
            // It has counted on meanwhile; or it is a fresh one of a series that was forgotten.
            Some(open) if open.counts.attempts + open.counts.accepted + open.counts.duplicates > 0 => open.is_written = false,
            Some(open) => *open = stretch,
            None if self.ended.len() < MAX_ENDED => self.ended.push(stretch),
            None => {}
        }
    }

    /// Whether everything is written and the longest stretch has ended, so that nothing will be added to what is here.
    fn is_over(&self, now: Timestamp) -> bool {
        let has_ended = |stretch: &Stretch| stretch.begins_at.plus(stretch.width.duration()) <= now;
        self.ended.is_empty() && self.open.iter().all(|stretch| stretch.is_written && has_ended(stretch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::entropy::SeededEntropy;

    const MINUTE: i64 = 60_000_000;

    fn one_attempt() -> StatsRow {
        StatsRow { attempts: 1, ..StatsRow::default() }
    }

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    /// Beginning and attempts of the minutes among `buckets`.
    fn minutes(buckets: &[StatsBucket]) -> Vec<(i64, u64)> {
        let minutes = buckets.iter().filter(|bucket| bucket.width == StatsWidth::Minute);
        let mut seen: Vec<_> = minutes.map(|bucket| (bucket.begins_at.as_micros(), bucket.counts.attempts)).collect();
        seen.sort_unstable();
        seen
    }

    #[test]
    fn counts_of_one_stretch_are_summed_in_every_width_and_stretches_are_kept_apart() {
        let buffer = StatsBuffer::default();
        for micros in [0, MINUTE - 1, MINUTE] {
            buffer.add(&TenantName::default(), None, &one_attempt(), at(micros));
        }
        let buckets = buffer.take(at(MINUTE));
        assert_eq!(minutes(&buckets), [(0, 2), (MINUTE, 1)]);
        assert_eq!(buckets.len(), 4);
        assert!(buffer.take(at(MINUTE)).is_empty());
    }

    #[test]
    fn a_stretch_that_goes_on_is_given_whole_again() {
        let buffer = StatsBuffer::default();
        for expected in 1..=2 {
            buffer.add(&TenantName::default(), None, &one_attempt(), at(0));
            assert_eq!(minutes(&buffer.take(at(1))), [(0, expected)]);
        }
    }

    #[test]
    fn a_subscription_has_a_series_beside_its_tenants() {
        let buffer = StatsBuffer::default();
        let id = SubscriptionId::new(at(0), &SeededEntropy::new(1));
        buffer.add(&TenantName::default(), Some(id), &one_attempt(), at(0));
        buffer.add(&TenantName::default(), None, &one_attempt(), at(0));
        let buckets = buffer.take(at(0));
        let of = |subscription_id| {
            buckets.iter().find(|bucket| bucket.subscription_id == subscription_id).map(|bucket| bucket.counts.attempts)
        };
        assert_eq!((of(None), of(Some(id))), (Some(2), Some(1)));
    }

    #[test]
    fn what_could_not_be_written_is_given_again_with_what_came_since() {
        let buffer = StatsBuffer::default();
        buffer.add(&TenantName::default(), None, &one_attempt(), at(0));
        let lost = buffer.take(at(0));
        buffer.add(&TenantName::default(), None, &one_attempt(), at(MINUTE));
        buffer.give_back(lost.into_iter());
        assert_eq!(minutes(&buffer.take(at(MINUTE))), [(0, 1), (MINUTE, 1)]);
    }

    #[test]
    fn a_quiet_series_is_forgotten_when_its_longest_stretch_is_over() {
        let buffer = StatsBuffer::default();
        buffer.add(&TenantName::default(), None, &one_attempt(), at(0));
        buffer.take(at(0));
        assert_eq!(buffer.held().series_count, 1);
        buffer.take(at(120 * MINUTE));
        assert_eq!(buffer.held().series_count, 0);
    }

    #[test]
    fn series_past_the_bound_are_left_out() {
        let buffer = StatsBuffer::default();
        for number in 0..MAX_SERIES + 5 {
            let id = SubscriptionId::from_uuid(uuid::Uuid::from_u128(number as u128));
            buffer.add(&TenantName::default(), Some(id), &one_attempt(), at(0));
        }
        assert_eq!(buffer.held().series_count, MAX_SERIES);
    }
}
