//! Room in memory: who may bring a delivery, and what it takes until its outcome is recorded.

use std::sync::Arc;

use super::lane::is_active;
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
        if !self.is_open || !subscription.is_some_and(|subscription| is_active(subscription)) || self.held >= self.limits.held {
            return false;
        }
        // Deliveries that wait in the database are older: new ones may fill what keeps the lane going, not take their place.
        let is_behind = self.backlog.is_due(id, now);
        let (free, free_bytes) = self.free_memory();
        let lane = self.by_id.entry(id).or_default();
        lane.refresh(subscription, &self.limits.terms);
        let max_waiting = self.limits.waiting_per_lane;
        let max_waiting = if is_behind || lane.is_claiming { max_waiting / 4 } else { max_waiting };
        let has_room = lane.takes(now)
            && lane.waiting() < max_waiting
            && lane.held < free
            && bytes <= free_bytes
            && lane.held_bytes <= free_bytes;
        if has_room {
            lane.reserved += 1;
            lane.reserved_bytes += bytes;
            lane.held += 1;
            lane.held_bytes += bytes;
            self.held += 1;
            self.held_bytes += bytes;
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
        if lane.reserved == 0 {
            lane.held += 1;
            self.held += 1;
        }
        lane.reserved = lane.reserved.saturating_sub(1);
        self.settle_bytes(id, weight(&leased));
        self.enqueue(leased)
    }

    /// Frees what a delivery took, after its outcome is recorded or it was given back.
    pub(in crate::dispatch) fn free(&mut self, id: SubscriptionId, bytes: usize, now: Timestamp) {
        if let Some(lane) = self.by_id.get_mut(&id) {
            lane.held = lane.held.saturating_sub(1);
            lane.held_bytes = lane.held_bytes.saturating_sub(bytes);
            self.held = self.held.saturating_sub(1);
            self.held_bytes = self.held_bytes.saturating_sub(bytes);
            self.forget_if_idle(id, now);
        }
    }

    /// How many deliveries may be claimed for a lane.
    pub(super) fn room(&self, id: SubscriptionId) -> usize {
        let (free, free_bytes) = self.free_memory();
        let (waiting, held, held_bytes) =
            self.by_id.get(&id).map_or((0, 0, 0), |lane| (lane.waiting(), lane.held, lane.held_bytes));
        // How large they are is known only when they are here: those in memory are the best guess.
        let average = (self.held_bytes / self.held.max(1)).max(1024);
        let by_bytes = free_bytes.saturating_sub(held_bytes) / average;
        self.limits.waiting_per_lane.saturating_sub(waiting).min(free.saturating_sub(held).div_ceil(2)).min(by_bytes.div_ceil(2))
    }

    fn free_memory(&self) -> (usize, usize) {
        (self.limits.held.saturating_sub(self.held), self.limits.held_bytes.saturating_sub(self.held_bytes))
    }

    /// Puts the delivery's own weight in place of what was reserved for it, in case the two differ.
    fn settle_bytes(&mut self, id: SubscriptionId, bytes: usize) {
        let Some(lane) = self.by_id.get_mut(&id) else { return };
        let covered = bytes.min(lane.reserved_bytes);
        lane.reserved_bytes -= covered;
        let surplus = if lane.reserved == 0 { std::mem::take(&mut lane.reserved_bytes) } else { 0 };
        lane.held_bytes = (lane.held_bytes + bytes - covered).saturating_sub(surplus);
        self.held_bytes = (self.held_bytes + bytes - covered).saturating_sub(surplus);
    }
}
