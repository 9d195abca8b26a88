//! Shares of tenants: they take turns, whatever number of lanes each has, and none can take all slots or all memory of the node.

use std::collections::VecDeque;

use super::lane::Lane;
use crate::domain::id::SubscriptionId;
use crate::domain::map::Map;
use crate::domain::tenant::TenantName;

/// How many times what is still free a tenant may have: one alone leaves a ninth to who comes next, however many lanes of it hang.
const TIMES_FREE: usize = 8;

/// Deliveries in memory, and the bytes of their events.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Held {
    pub(super) count: usize,
    pub(super) bytes: usize,
}

impl Held {
    pub(super) const fn add(&mut self, more: Self) {
        self.count += more.count;
        self.bytes += more.bytes;
    }

    pub(super) const fn take(&mut self, less: Self) {
        self.count = self.count.saturating_sub(less.count);
        self.bytes = self.bytes.saturating_sub(less.bytes);
    }

    /// How much of what is free a tenant may have besides what it has.
    pub(super) const fn more(self, has: Self) -> Self {
        Self { count: more(self.count, has.count), bytes: more(self.bytes, has.bytes) }
    }
}

/// What one tenant has of this node.
#[derive(Debug, Default)]
pub(super) struct Share {
    name: TenantName,
    /// Its lanes that may have something to send.
    pub(super) round: VecDeque<SubscriptionId>,
    /// Open requests.
    pub(super) open: usize,
    /// What is held for it.
    pub(super) held: Held,
    /// Whether it stands in the round of tenants.
    pub(super) is_listed: bool,
    /// Its lanes here.
    lanes: usize,
}

/// The tenants that have lanes on this node. Lanes know theirs by its place.
#[derive(Debug, Default)]
pub(super) struct Tenants {
    by_name: Map<TenantName, usize>,
    shares: Vec<Share>,
    vacant: Vec<usize>,
}

impl Tenants {
    /// Makes a lane the tenant's, if it is nobody's yet.
    pub(super) fn adopt(&mut self, lane: &mut Lane, tenant: &TenantName) {
        if lane.tenant.is_some() {
            return;
        }
        let place = self.by_name.get(tenant).copied().unwrap_or_else(|| {
            let place = self.vacant.pop().unwrap_or_else(|| {
                self.shares.push(Share::default());
                self.shares.len() - 1
            });
            self.by_name.insert(tenant.clone(), place);
            place
        });
        if let Some(share) = self.shares.get_mut(place) {
            if share.lanes == 0 {
                share.name = tenant.clone();
            }
            share.lanes += 1;
            lane.tenant = Some(place);
        }
    }

    /// Forgets a lane, and its tenant with the last of them. Nothing of it is held or stands in a round any more.
    pub(super) fn forget(&mut self, lane: &Lane) {
        let Some(place) = lane.tenant else { return };
        let Some(share) = self.shares.get_mut(place) else { return };
        share.lanes = share.lanes.saturating_sub(1);
        if share.lanes == 0 && !share.is_listed {
            self.by_name.remove(&std::mem::take(share).name);
            self.vacant.push(place);
        }
    }

    /// The share of a lane's tenant.
    pub(super) fn of(&mut self, lane: &Lane) -> Option<&mut Share> {
        self.at(lane.tenant?)
    }

    /// The share at a place.
    pub(super) fn at(&mut self, place: usize) -> Option<&mut Share> {
        self.shares.get_mut(place)
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.by_name.len()
    }
}

/// Subscriptions of tenants, so that each tenant's first comes before any tenant's second, and so on.
pub(super) fn in_turn<'d>(
    ids: Vec<SubscriptionId>,
    tenant: impl Fn(SubscriptionId) -> Option<&'d TenantName>,
) -> Vec<SubscriptionId> {
    if ids.len() < 2 {
        return ids;
    }
    let mut seen: Map<Option<&TenantName>, usize> = Map::default();
    let mut placed: Vec<(usize, SubscriptionId)> = ids
        .into_iter()
        .map(|id| {
            let turn = seen.entry(tenant(id)).or_default();
            *turn += 1;
            (*turn, id)
        })
        .collect();
    // Stable: within a turn the longest waiting stays first.
    placed.sort_by_key(|&(turn, _)| turn);
    placed.into_iter().map(|(_, id)| id).collect()
}

/// How many more a tenant may have that has so many while so many are free: it never has more than eight times what is left.
pub(super) const fn more(free: usize, has: usize) -> usize {
    free.saturating_mul(TIMES_FREE).saturating_sub(has).div_ceil(TIMES_FREE + 1)
}
