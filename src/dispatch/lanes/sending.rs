//! Sending: which delivery goes next, what its end frees, and what keeps a lane from sending.

use super::lane::Turn;
use super::{Lanes, Next};
use crate::domain::clock::Timestamp;
use crate::domain::id::SubscriptionId;
use crate::store::{Directory, Leased};

impl Lanes {
    /// What is to be done next, if anything: lanes take turns.
    pub(in crate::dispatch) fn next(&mut self, directory: &Directory, now: Timestamp) -> Option<Next> {
        self.expire_timers(now);
        for _ in 0..self.round.len() {
            let free = self.limits.open.saturating_sub(self.open);
            let id = self.round.pop_front()?;
            let Some(lane) = self.by_id.get_mut(&id) else { continue };
            lane.refresh(directory.subscriptions.get(&id), &self.limits.terms);
            match lane.turn(now) {
                Turn::Rest => lane.is_listed = false,
                Turn::Wait(at) => {
                    lane.is_listed = false;
                    self.timers.insert((at, id));
                }
                Turn::Ask(limit, count) => {
                    lane.is_listed = false;
                    self.ask(id, limit, count);
                }
                Turn::Withdraw(due_at) => {
                    lane.is_listed = false;
                    return Some(Next::Withdraw(lane.queue.drain(..).collect(), due_at));
                }
                Turn::Go if lane.open >= free => {
                    self.round.push_back(id);
                    if free == 0 {
                        return None;
                    }
                }
                Turn::Go => {
                    self.round.push_back(id);
                    let (leased, target) = lane.begin()?;
                    self.open += 1;
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
        let is_low = !lane.is_claiming && lane.waiting() <= self.limits.waiting_per_lane / 2;
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
            lane.queue.push_back(leased);
        }
        self.list(id);
        None
    }

    /// Puts a lane with something queued into the round.
    pub(super) fn list(&mut self, id: SubscriptionId) {
        if let Some(lane) = self.by_id.get_mut(&id).filter(|lane| !lane.is_listed && !lane.queue.is_empty()) {
            lane.is_listed = true;
            self.round.push_back(id);
        }
    }

    fn expire_timers(&mut self, now: Timestamp) {
        while let Some(&(at, id)) = self.timers.first().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, id));
            self.list(id);
        }
    }
}
