//! Filling from the database: what is known to wait there, what is claimed of it, and where it goes.

use std::time::Duration;

use super::room::{hold, let_go};
use super::tenants::{Held, in_turn};
use super::trouble::Gate;
use super::{Lanes, Wanted, weight};
use crate::domain::clock::Timestamp;
use crate::domain::id::SubscriptionId;
use crate::domain::subscription::Status;
use crate::store::{Directory, DueLane, Leased};

/// How far ahead due moments are noted; what is due later is found by a sweep in time.
const HORIZON: Duration = Duration::from_mins(1);

/// When a lane that can't send is looked at again, if nothing says when it can.
const AGAIN: Duration = Duration::from_secs(1);

/// Rounds of requests that a recovering sink's lane holds.
const ROUNDS: usize = 8;

impl Lanes {
    /// Notes that a delivery waits in the database. Says whether the feeder should look at once or set its alarm anew.
    pub(in crate::dispatch) fn note(&mut self, id: SubscriptionId, due_at: Timestamp, now: Timestamp) -> bool {
        due_at <= now.plus(HORIZON) && self.backlog.note(id, due_at)
    }

    /// Takes notice of what a sweep found.
    pub(in crate::dispatch) fn sweep(&mut self, found: &DueLane, now: Timestamp) {
        if let Some(until) = found.paused_until.filter(|&until| until > now) {
            self.pause(found.subscription_id, until);
        }
        self.note(found.subscription_id, found.next_attempt_at, now);
    }

    /// Picks what to claim, at most `max` in all: tenants in turn, the longest waiting lane of each first.
    pub(in crate::dispatch) fn wanted(&mut self, directory: &Directory, max: usize, now: Timestamp) -> Wanted {
        let mut wanted = Wanted::default();
        let mut left = max;
        let tenant_of = |id| directory.subscriptions.get(&id).map(|subscription| &subscription.tenant);
        for id in in_turn(self.backlog.due_by(now), tenant_of) {
            if left == 0 || !self.is_open {
                break;
            }
            match directory.subscriptions.get(&id).map(|subscription| subscription.status) {
                Some(Status::Active) => left -= self.want(id, directory, left, now, &mut wanted),
                // Kept in the database until it is resumed, or its sink agrees; a sweep finds it then.
                Some(Status::Paused | Status::Unverified) => self.backlog.forget(id, now),
                Some(Status::Disabled) | None => {
                    self.backlog.forget(id, now);
                    wanted.ended.push(id);
                }
            }
        }
        wanted
    }

    fn want(&mut self, id: SubscriptionId, directory: &Directory, left: usize, now: Timestamp, wanted: &mut Wanted) -> usize {
        let Some(subscription) = directory.subscriptions.get(&id) else { return 0 };
        let lane = self.by_id.entry(id).or_default();
        lane.refresh(Some(subscription), &self.limits.terms);
        self.tenants.adopt(lane, &subscription.tenant);
        let room = self.room(id).min(left);
        let Some(lane) = self.by_id.get_mut(&id) else { return 0 };
        if lane.part(self.crew) == 0 {
            // Another node's; should that one go, a sweep finds it.
            self.backlog.forget(id, now);
            self.forget_if_idle(id, now);
            return 0;
        }
        if !lane.flows(now) {
            let paused_until = lane.paused_until();
            self.backlog.forget(id, now);
            self.note(id, paused_until.max(now.plus(AGAIN)), now);
            return 0;
        }
        let room = match lane.gate(now) {
            Gate::Shut(until) => {
                self.backlog.forget(id, now);
                if until <= now {
                    wanted.tries.push(id);
                }
                self.note(id, if until > now { until } else { now.plus(AGAIN) }, now);
                return 0;
            }
            Gate::Probing(left) => room.min((left as usize).saturating_sub(lane.waiting())),
            Gate::Free => room.min(lane.allowance().saturating_mul(ROUNDS)),
        };
        let is_full = lane.waiting() > lane.max_waiting(self.limits.waiting_per_lane, self.crew) / 2;
        if room == 0 || lane.is_claiming || is_full || lane.can_wait(room, self.crew) {
            self.forget_if_idle(id, now);
            return 0;
        }
        lane.is_claiming = true;
        lane.reserved += room;
        hold(lane, &mut self.tenants, &mut self.held, Held { count: room, bytes: 0 });
        self.backlog.forget(id, now);
        wanted.claims.push((id, u32::try_from(room).unwrap_or(u32::MAX)));
        room
    }

    /// Takes what a claim brought for a lane, in place of the room reserved for it. A lane that came back full has more.
    pub(in crate::dispatch) fn claimed(
        &mut self,
        id: SubscriptionId,
        asked: u32,
        leased: Vec<Leased>,
        now: Timestamp,
    ) -> Vec<Leased> {
        let asked = asked as usize;
        let is_full = leased.len() >= asked;
        let lane = self.by_id.entry(id).or_default();
        lane.is_claiming = false;
        lane.reserved = lane.reserved.saturating_sub(asked);
        let brought = Held { count: leased.len(), bytes: leased.iter().map(weight).sum() };
        let_go(lane, &mut self.tenants, &mut self.held, Held { count: asked, bytes: 0 });
        hold(lane, &mut self.tenants, &mut self.held, brought);
        if is_full {
            self.backlog.note(id, now);
        }
        let refused = leased.into_iter().filter_map(|leased| self.enqueue(leased)).collect();
        self.forget_if_idle(id, now);
        refused
    }

    /// The first moment after `now` at which something in the database becomes due.
    pub(in crate::dispatch) fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        self.backlog.next_after(now)
    }

    /// Takes notice of changed subscriptions and forgets idle lanes.
    pub(in crate::dispatch) fn tidy(&mut self, directory: &Directory, now: Timestamp) {
        let ids: Vec<SubscriptionId> = self.by_id.keys().copied().collect();
        for id in ids {
            if let Some(lane) = self.by_id.get_mut(&id) {
                lane.refresh(directory.subscriptions.get(&id), &self.limits.terms);
            }
            self.list(id);
            self.forget_if_idle(id, now);
        }
    }
}
