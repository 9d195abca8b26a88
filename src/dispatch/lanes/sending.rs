//! Sending: which delivery goes next, what its end frees, and what keeps a lane from sending.

use super::lane::Turn;
use super::tenants::more;
use super::{Lanes, Next, limits};
use crate::domain::clock::Timestamp;
use crate::domain::id::SubscriptionId;
use crate::store::{Directory, Leased};

impl Lanes {
    /// What is to be done next, if anything: tenants take turns.
    pub(in crate::dispatch) fn next(&mut self, directory: &Directory, now: Timestamp) -> Option<Next> {
        self.expire_timers(now);
        if self.open >= self.limits.open {
            return None;
        }
        for _ in 0..self.round.len() {
            let place = self.round.pop_front()?;
            let next = self.next_of(place, directory, now);
            let Some(share) = self.tenants.at(place) else { continue };
            share.is_listed = !share.round.is_empty();
            if share.is_listed {
                self.round.push_back(place);
            }
            if next.is_some() {
                return next;
            }
        }
        None
    }

    /// What is to be done next for one tenant: its lanes take turns.
    fn next_of(&mut self, tenant: usize, directory: &Directory, now: Timestamp) -> Option<Next> {
        let free = self.limits.open.saturating_sub(self.open);
        let share = self.tenants.at(tenant)?;
        let free = more(free, share.open);
        if free == 0 {
            return None;
        }
        for _ in 0..share.round.len() {
            let id = share.round.pop_front()?;
            let Some(lane) = self.by_id.get_mut(&id) else { continue };
            lane.refresh(directory.subscriptions.get(&id), &self.limits.terms);
            match lane.turn(self.crew, now) {
                Turn::Rest => lane.is_listed = false,
                Turn::Wait(at) => {
                    lane.is_listed = false;
                    self.timers.insert((at, id));
                }
                Turn::Ask(limit, count) => {
                    lane.is_listed = false;
                    limits::ask(&mut self.asks, id, lane, limit, count);
                }
                Turn::Withdraw(due_at) => {
                    lane.is_listed = false;
                    return Some(Next::Withdraw(lane.queue.drain(..).collect(), due_at));
                }
                Turn::Go if lane.open >= free => share.round.push_back(id),
                Turn::Go => {
                    share.round.push_back(id);
                    let (leased, target) = lane.begin()?;
                    self.open += 1;
                    share.open += 1;
                    return Some(Next::Attempt(leased, target));
                }
            }
        }
        None
    }

    /// Ends a request. Says whether its lane should be filled again from the database.
    pub(in crate::dispatch) fn finish(&mut self, id: SubscriptionId, now: Timestamp) -> bool {
        self.open = self.open.saturating_sub(1);
        let Some(lane) = self.by_id.get_mut(&id) else { return false };
        lane.open = lane.open.saturating_sub(1);
        if let Some(share) = self.tenants.of(lane) {
            share.open = share.open.saturating_sub(1);
        }
        let is_low = !lane.is_claiming && lane.waiting() <= lane.max_waiting(self.limits.waiting_per_lane, self.crew) / 2;
        self.list(id);
        is_low && self.backlog.is_due(id, now)
    }

    /// Leaves a sink alone until then.
    pub(in crate::dispatch) fn pause(&mut self, id: SubscriptionId, until: Timestamp) {
        self.by_id.entry(id).or_default().pause(until);
        self.list(id);
    }

    /// Sends nothing more to a subscription as it is now.
    pub(in crate::dispatch) fn halt(&mut self, id: SubscriptionId) {
        self.by_id.entry(id).or_default().halt();
        self.list(id);
    }

    /// When a rate limit next lets something go.
    pub(in crate::dispatch) fn next_timer(&self) -> Option<Timestamp> {
        self.timers.first().map(|&(at, _)| at)
    }

    /// Queues a delivery whose room is taken. On a closed dispatcher it comes straight back.
    pub(super) fn enqueue(&mut self, leased: Leased) -> Option<Leased> {
        if !self.is_open {
            return Some(leased);
        }
        let id = leased.subscription_id;
        if let Some(lane) = self.by_id.get_mut(&id) {
            self.tenants.adopt(lane, &leased.event.tenant);
            lane.queue.push_back(leased);
        }
        self.list(id);
        None
    }

    /// Puts a lane with something queued into its tenant's round.
    pub(super) fn list(&mut self, id: SubscriptionId) {
        let Some(lane) = self.by_id.get_mut(&id).filter(|lane| !lane.is_listed && !lane.queue.is_empty()) else { return };
        let Some((place, share)) = lane.tenant.and_then(|place| Some((place, self.tenants.at(place)?))) else { return };
        lane.is_listed = true;
        share.round.push_back(id);
        if !share.is_listed {
            share.is_listed = true;
            self.round.push_back(place);
        }
    }

    fn expire_timers(&mut self, now: Timestamp) {
        while let Some(&(at, id)) = self.timers.first().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, id));
            self.list(id);
        }
    }
}
