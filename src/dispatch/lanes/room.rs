//! Room in memory: who may bring a delivery, and what it takes until its outcome is recorded.

use std::sync::Arc;

use super::lane::{Lane, is_active};
use super::tenants::{Held, Tenants};
use super::{Lanes, weight};
use crate::domain::clock::Timestamp;
use crate::domain::id::SubscriptionId;
use crate::domain::subscription::Subscription;
use crate::store::Leased;

impl Lanes {
    /// Takes room for one delivery of `bytes`, if there is any.
    pub(in crate::dispatch) fn reserve(
        &mut self,
        id: SubscriptionId,
        bytes: usize,
        subscription: Option<&Arc<Subscription>>,
        now: Timestamp,
    ) -> bool {
        let Some(subscription) = subscription.filter(|subscription| is_active(subscription)) else { return false };
        if !self.is_open || self.held.count >= self.limits.held {
            return false;
        }
        // Deliveries that wait in the database are older: new ones may fill what keeps the lane going, not take their place.
        let is_behind = self.backlog.is_due(id, now);
        let free = self.free_memory();
        let lane = self.by_id.entry(id).or_default();
        lane.refresh(Some(subscription), &self.limits.terms);
        self.tenants.adopt(lane, &subscription.tenant);
        let max_waiting = lane.max_waiting(self.limits.waiting_per_lane, self.crew);
        let max_waiting = if is_behind || lane.is_claiming { max_waiting / 4 } else { max_waiting };
        let free = free.more(self.tenants.of(lane).map_or(Held::default(), |share| share.held));
        let has_room = lane.takes(self.crew, now)
            && lane.waiting() < max_waiting
            && lane.held.count < free.count
            && bytes <= free.bytes
            && lane.held.bytes <= free.bytes;
        if has_room {
            lane.reserved += 1;
            lane.reserved_bytes += bytes;
            hold(lane, &mut self.tenants, &mut self.held, Held { count: 1, bytes });
        } else {
            self.forget_if_idle(id, now);
        }
        has_room
    }

    /// Gives back room that was reserved.
    pub(in crate::dispatch) fn give_back(&mut self, id: SubscriptionId, bytes: usize, now: Timestamp) {
        let Some(lane) = self.by_id.get_mut(&id) else { return };
        if lane.reserved > 0 {
            lane.reserved -= 1;
            lane.reserved_bytes = lane.reserved_bytes.saturating_sub(bytes);
            self.free(id, bytes, now);
        }
    }

    /// Takes a delivery into the room reserved for it. On a closed dispatcher it comes straight back.
    pub(in crate::dispatch) fn hand_over(&mut self, leased: Leased) -> Option<Leased> {
        let id = leased.subscription_id;
        let lane = self.by_id.entry(id).or_default();
        self.tenants.adopt(lane, &leased.event.tenant);
        if lane.reserved == 0 {
            hold(lane, &mut self.tenants, &mut self.held, Held { count: 1, bytes: 0 });
        }
        lane.reserved = lane.reserved.saturating_sub(1);
        self.settle_bytes(id, weight(&leased));
        self.enqueue(leased)
    }

    /// Frees what a delivery took, after its outcome is recorded or it was given back.
    pub(in crate::dispatch) fn free(&mut self, id: SubscriptionId, bytes: usize, now: Timestamp) {
        if let Some(lane) = self.by_id.get_mut(&id) {
            let_go(lane, &mut self.tenants, &mut self.held, Held { count: 1, bytes });
            self.forget_if_idle(id, now);
        }
    }

    /// How many deliveries may be claimed for a lane.
    pub(super) fn room(&mut self, id: SubscriptionId) -> usize {
        let Some(lane) = self.by_id.get(&id) else { return 0 };
        let free = self.free_memory().more(self.tenants.of(lane).map_or(Held::default(), |share| share.held));
        // How large they are is known only when they are here: those in memory are the best guess.
        let average = (self.held.bytes / self.held.count.max(1)).max(1024);
        let by_count = free.count.saturating_sub(lane.held.count);
        let by_bytes = free.bytes.saturating_sub(lane.held.bytes) / average;
        let waiting = lane.max_waiting(self.limits.waiting_per_lane, self.crew).saturating_sub(lane.waiting());
        waiting.min(by_count.div_ceil(2)).min(by_bytes.div_ceil(2))
    }

    fn free_memory(&self) -> Held {
        Held {
            count: self.limits.held.saturating_sub(self.held.count),
            bytes: self.limits.held_bytes.saturating_sub(self.held.bytes),
        }
    }

    /// Puts the delivery's own weight in place of what was reserved for it, in case the two differ.
    fn settle_bytes(&mut self, id: SubscriptionId, bytes: usize) {
        let Some(lane) = self.by_id.get_mut(&id) else { return };
        let covered = bytes.min(lane.reserved_bytes);
        lane.reserved_bytes -= covered;
        let surplus = if lane.reserved == 0 { std::mem::take(&mut lane.reserved_bytes) } else { 0 };
        hold(lane, &mut self.tenants, &mut self.held, Held { count: 0, bytes: bytes - covered });
        let_go(lane, &mut self.tenants, &mut self.held, Held { count: 0, bytes: surplus });
    }
}

/// Counts what is held more: in the lane, for its tenant and on the node.
pub(super) fn hold(lane: &mut Lane, tenants: &mut Tenants, all: &mut Held, more: Held) {
    lane.held.add(more);
    all.add(more);
    if let Some(share) = tenants.of(lane) {
        share.held.add(more);
    }
}

/// Counts what is held no more.
pub(super) fn let_go(lane: &mut Lane, tenants: &mut Tenants, all: &mut Held, less: Held) {
    lane.held.take(less);
    all.take(less);
    if let Some(share) = tenants.of(lane) {
        share.held.take(less);
    }
}
