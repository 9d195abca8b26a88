//! Counters gathered in memory and written every few seconds, so that counting costs the hot paths no statement.
//!
//! Routing adds what it accepted, dispatch what came of deliveries; whoever owns the node's housekeeping calls
//! [`StatsBuffer::flush`]. A stretch's row is the node's own and is written whole each time, so writing it twice changes nothing.

mod series;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use self::series::{Series, Stretch};
use super::{StatsBucket, StatsRow};
use crate::domain::clock::Timestamp;
use crate::domain::id::{NodeId, SubscriptionId};
use crate::domain::tenant::TenantName;
use crate::store::{Store, StoreError};

/// Tenants, and apart from them subscriptions, counted at once. Past it further ones are left out: numbers may not cost unbounded
/// memory.
const MAX_SERIES: usize = 8192;

/// Subscriptions of one tenant counted at once, so that one tenant's leave room for others'.
const MAX_PER_TENANT: usize = MAX_SERIES / 4;

/// Stretches written in one transaction: few enough that accepting hardly waits for it.
const WRITE_AT_ONCE: usize = 250;

/// What of it is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flush {
    /// Minutes at once, longer stretches when they have waited a little: they change with every count.
    Due,
    /// Everything: the node stops.
    All,
}

/// What this node counted since it was started, as far as it is not over and written.
#[derive(Debug, Default)]
pub struct StatsBuffer(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    tenants: HashMap<TenantName, Tenant>,
    subscription_count: usize,
    left_out: u64,
}

#[derive(Debug)]
struct Tenant {
    own: Series,
    subscriptions: HashMap<SubscriptionId, Series>,
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

    /// Notes how many deliveries of the tenant wait.
    pub fn note_waiting(&self, tenant: &TenantName, count: u64, now: Timestamp) {
        self.held().add(tenant, None, &StatsRow { waiting: Some(count), ..StatsRow::default() }, now);
    }

    /// The tenants whose events or deliveries were counted lately.
    #[must_use]
    pub fn tenants(&self) -> Vec<TenantName> {
        self.held().tenants.keys().cloned().collect()
    }

    /// Writes what was counted since the last time; what could not be written is kept for the next.
    ///
    /// # Errors
    /// The store's own.
    pub async fn flush(&self, store: &dyn Store, node: NodeId, what: Flush, now: Timestamp) -> Result<(), StoreError> {
        let mut buckets = self.take(what, now);
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

    /// What is due of what changed since the last time, each stretch once.
    fn take(&self, what: Flush, now: Timestamp) -> Vec<StatsBucket> {
        let mut held = self.held();
        let mut buckets = Vec::new();
        for (tenant, Tenant { own, subscriptions }) in &mut held.tenants {
            let all = subscriptions.iter_mut().map(|(id, series)| (Some(*id), series));
            for (subscription_id, series) in std::iter::once((None, own)).chain(all) {
                buckets.extend(series.take(what, now).map(|stretch| StatsBucket {
                    tenant: tenant.clone(),
                    subscription_id,
                    width: stretch.width,
                    begins_at: stretch.begins_at,
                    counts: stretch.counts,
                }));
            }
            subscriptions.retain(|_, series| !series.is_over(now));
        }
        held.tenants.retain(|_, tenant| !tenant.subscriptions.is_empty() || !tenant.own.is_over(now));
        held.subscription_count = held.tenants.values().map(|tenant| tenant.subscriptions.len()).sum();
        if std::mem::take(&mut held.left_out) > 0 {
            tracing::warn!("more tenants or subscriptions are active than counters are kept of: the roll-ups lack some");
        }
        buckets
    }

    fn give_back(&self, buckets: impl Iterator<Item = StatsBucket>) {
        let mut held = self.held();
        for StatsBucket { tenant, subscription_id, width, begins_at, counts } in buckets {
            if let Some(series) = held.series(&tenant, subscription_id, begins_at) {
                series.give_back(Stretch { width, begins_at, counts, unwritten_since: Some(begins_at) });
            }
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn add(&mut self, tenant: &TenantName, subscription_id: Option<SubscriptionId>, counts: &StatsRow, now: Timestamp) {
        match self.series(tenant, subscription_id, now) {
            Some(series) => series.add(counts, now),
            None => self.left_out += 1,
        }
    }

    /// The tenant's series, or one of its subscriptions', made if there is room for it.
    fn series(&mut self, tenant: &TenantName, subscription_id: Option<SubscriptionId>, now: Timestamp) -> Option<&mut Series> {
        if !self.tenants.contains_key(tenant) {
            if self.tenants.len() >= MAX_SERIES {
                return None;
            }
            self.tenants.insert(tenant.clone(), Tenant { own: Series::new(now), subscriptions: HashMap::new() });
        }
        let Tenant { own, subscriptions } = self.tenants.get_mut(tenant)?;
        let Some(id) = subscription_id else { return Some(own) };
        if !subscriptions.contains_key(&id) {
            if self.subscription_count >= MAX_SERIES || subscriptions.len() >= MAX_PER_TENANT {
                return None;
            }
            self.subscription_count += 1;
            subscriptions.insert(id, Series::new(now));
        }
        subscriptions.get_mut(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::entropy::SeededEntropy;
    use crate::store::StatsWidth;

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
        let buckets = buffer.take(Flush::All, at(MINUTE));
        assert_eq!(minutes(&buckets), [(0, 2), (MINUTE, 1)]);
        assert_eq!(buckets.len(), 4);
        assert!(buffer.take(Flush::All, at(MINUTE)).is_empty());
    }

    #[test]
    fn a_stretch_that_goes_on_is_given_whole_again() {
        let buffer = StatsBuffer::default();
        for expected in 1..=2 {
            buffer.add(&TenantName::default(), None, &one_attempt(), at(0));
            assert_eq!(minutes(&buffer.take(Flush::All, at(1))), [(0, expected)]);
        }
    }

    #[test]
    fn a_subscription_has_a_series_beside_its_tenants() {
        let buffer = StatsBuffer::default();
        let id = SubscriptionId::new(at(0), &SeededEntropy::new(1));
        buffer.add(&TenantName::default(), Some(id), &one_attempt(), at(0));
        buffer.add(&TenantName::default(), None, &one_attempt(), at(0));
        let buckets = buffer.take(Flush::All, at(0));
        let of = |subscription_id| {
            buckets.iter().find(|bucket| bucket.subscription_id == subscription_id).map(|bucket| bucket.counts.attempts)
        };
        assert_eq!((of(None), of(Some(id))), (Some(2), Some(1)));
    }

    #[test]
    fn what_could_not_be_written_is_given_again_with_what_came_since() {
        let buffer = StatsBuffer::default();
        buffer.add(&TenantName::default(), None, &one_attempt(), at(0));
        let lost = buffer.take(Flush::All, at(0));
        buffer.add(&TenantName::default(), None, &one_attempt(), at(MINUTE));
        buffer.give_back(lost.into_iter());
        assert_eq!(minutes(&buffer.take(Flush::All, at(MINUTE))), [(0, 1), (MINUTE, 1)]);
    }

    #[test]
    fn what_was_counted_while_a_write_failed_is_given_once_and_whole() {
        let buffer = StatsBuffer::default();
        let count = |micros| buffer.add(&TenantName::default(), None, &one_attempt(), at(micros));
        count(0);
        let lost = buffer.take(Flush::All, at(0));
        count(1);
        count(MINUTE);
        buffer.give_back(lost.into_iter());
        assert_eq!(minutes(&buffer.take(Flush::All, at(MINUTE))), [(0, 2), (MINUTE, 1)]);
    }

    #[test]
    fn minutes_are_due_at_once_and_longer_stretches_a_little_later() {
        let buffer = StatsBuffer::default();
        buffer.add(&TenantName::default(), None, &one_attempt(), at(0));
        let widths = |buckets: Vec<StatsBucket>| buckets.into_iter().map(|bucket| bucket.width).collect::<Vec<_>>();
        assert_eq!(widths(buffer.take(Flush::Due, at(1))), [StatsWidth::Minute]);
        assert_eq!(widths(buffer.take(Flush::Due, at(MINUTE / 2))), [StatsWidth::Quarter, StatsWidth::TwoHours]);
    }

    #[test]
    fn a_quiet_series_is_kept_for_a_while_and_then_forgotten() {
        let buffer = StatsBuffer::default();
        buffer.add(&TenantName::default(), None, &one_attempt(), at(0));
        for (minute, tenants) in [(0, 1), (121, 1), (130, 0)] {
            buffer.take(Flush::All, at(minute * MINUTE));
            assert_eq!(buffer.tenants().len(), tenants, "after {minute} minutes");
        }
    }

    #[test]
    fn one_tenants_subscriptions_leave_room_for_others() {
        let buffer = StatsBuffer::default();
        let id = |number: usize| Some(SubscriptionId::from_uuid(uuid::Uuid::from_u128(number as u128)));
        for number in 0..=MAX_PER_TENANT {
            buffer.add(&TenantName::default(), id(number), &one_attempt(), at(0));
        }
        assert_eq!(buffer.held().subscription_count, MAX_PER_TENANT);
        buffer.add(&"other".parse().unwrap(), id(0), &one_attempt(), at(0));
        assert_eq!(buffer.held().subscription_count, MAX_PER_TENANT + 1);
        assert_eq!(buffer.held().left_out, 1);
    }
}
