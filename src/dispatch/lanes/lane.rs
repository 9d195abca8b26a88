//! One subscription's lane: what is held in memory for it and what may be sent now.

use std::collections::VecDeque;
use std::sync::Arc;

use super::rate::{self, Slots};
use super::tenants::Held;
use super::trouble::{Gate, Trouble};
use crate::dispatch::sink::{Target, Terms};
use crate::domain::breaker::{Ramp, Watch};
use crate::domain::clock::Timestamp;
use crate::domain::crew::Crew;
use crate::domain::subscription::{RateLimit, Status, Subscription};
use crate::store::Leased;

/// So many deliveries make a claim worth its transaction, for a lane that has as many left to send.
const WORTH: usize = 64;

/// Rounds of requests that wait in a lane that several nodes share.
const ROUNDS: usize = 16;

/// The deliveries of one subscription that this node holds.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// The place of its tenant's share, once it is known whose it is.
    pub(super) tenant: Option<usize>,
    /// The subscription as it is, compiled when needed.
    pub(super) target: Option<Arc<Target>>,
    /// Leased and not yet begun.
    pub(super) queue: VecDeque<Leased>,
    /// Room taken for deliveries that are yet to come.
    pub(super) reserved: usize,
    /// Bytes of that room.
    pub(super) reserved_bytes: usize,
    /// Requests that are open.
    pub(super) open: usize,
    /// Everything held: queued, reserved, open, and finished but not yet recorded.
    pub(super) held: Held,
    /// Whether it stands in the round of lanes that may have something to send.
    pub(super) is_listed: bool,
    /// Whether a claim for it is under way.
    pub(super) is_claiming: bool,
    /// What is known of its sink, if that is in trouble.
    pub(super) trouble: Option<Box<Trouble>>,
    /// How much its sink gets while it recovers.
    pub(super) ramp: Option<Ramp>,
    /// What this node sees of its sink.
    pub(super) watch: Watch,
    /// The subscription in the newest directory that was looked at.
    seen: Option<Arc<Subscription>>,
    paused_until: Timestamp,
    is_halted: bool,
    /// What it has reserved of its rate limit.
    pub(super) slots: Slots,
}

/// Whether a lane may send now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Turn {
    /// It may.
    Go,
    /// All its own slots are taken, or it has nothing to send.
    Rest,
    /// Its rate limit lets the next request go at this moment.
    Wait(Timestamp),
    /// It needs so many slots of its rate limit.
    Ask(RateLimit, u32),
    /// What it holds is to go back to the database, due at this moment.
    Withdraw(Timestamp),
}

impl Lane {
    /// Takes notice of the subscription as it is now; `None` if it is gone.
    pub(super) fn refresh(&mut self, subscription: Option<&Arc<Subscription>>, terms: &Terms) {
        let is_seen = match (&self.seen, subscription) {
            (Some(seen), Some(subscription)) => Arc::ptr_eq(seen, subscription),
            (None, None) => true,
            _ => false,
        };
        if is_seen {
            return;
        }
        // A new directory has new pointers for all; what is the same stays compiled.
        let is_same = subscription.is_some_and(|new| self.seen.as_ref().is_some_and(|old| old == new));
        if !is_same {
            self.target = subscription.map(|subscription| Arc::new(Target::new(Arc::clone(subscription), terms)));
            self.is_halted = false;
        }
        self.seen = subscription.cloned();
    }

    /// Whether deliveries may be taken into it as they come.
    pub(super) fn takes(&self, crew: Crew, now: Timestamp) -> bool {
        self.flows(now) && self.gate(now) == Gate::Free && self.part(crew) > 0
    }

    /// How many requests of this node the subscription allows at once; none where others have all of them.
    pub(super) fn part(&self, crew: Crew) -> usize {
        self.target.as_ref().map_or(0, |target| {
            crew.part(target.subscription.id, target.subscription.spec.config.max_concurrency.max(1)) as usize
        })
    }

    /// How many deliveries may wait in it: among several nodes a few rounds of its part, so that what one accepted does not wait for it
    /// while the others have nothing to do.
    pub(super) fn max_waiting(&self, most: usize, crew: Crew) -> usize {
        if crew.is_alone() { most } else { most.min(self.part(crew).saturating_mul(ROUNDS)) }
    }

    /// Whether it has enough to send to wait until there is more room than this: where lanes share the memory, room comes back a few
    /// deliveries at a time, and a claim for each handful of them would cost more than the deliveries themselves.
    pub(super) fn can_wait(&self, room: usize, crew: Crew) -> bool {
        room < WORTH && self.waiting() >= WORTH.max(self.part(crew).saturating_mul(2))
    }

    /// Whether its subscription and its sink want deliveries.
    pub(super) fn flows(&self, now: Timestamp) -> bool {
        !self.is_halted && now >= self.paused_until && self.target.as_ref().is_some_and(|target| is_active(&target.subscription))
    }

    /// What it may do now.
    pub(super) fn turn(&mut self, crew: Crew, now: Timestamp) -> Turn {
        if self.queue.is_empty() {
            return Turn::Rest;
        }
        if !self.flows(now) {
            return Turn::Withdraw(self.paused_until.max(now));
        }
        match self.gate(now) {
            Gate::Shut(until) => return Turn::Withdraw(until.max(now)),
            Gate::Probing(0) => return Turn::Rest,
            Gate::Probing(_) | Gate::Free => {}
        }
        let part = self.part(crew);
        let Some(target) = self.target.as_ref().filter(|_| part > 0) else { return Turn::Withdraw(now) };
        if self.open >= part.min(self.allowance()) {
            return Turn::Rest;
        }
        let Some(limit) = target.limit() else { return Turn::Go };
        match self.slots.next_at(now) {
            Some(at) if at > now => Turn::Wait(at),
            Some(_) => Turn::Go,
            None => Turn::Ask(limit, rate::wanted(limit, self.queue.len())),
        }
    }

    /// Begins with its first delivery.
    pub(super) fn begin(&mut self) -> Option<(Leased, Arc<Target>)> {
        let target = Arc::clone(self.target.as_ref()?);
        let leased = self.queue.pop_front()?;
        if target.limit().is_some() {
            self.slots.take();
        }
        self.count_probe();
        self.open += 1;
        Some((leased, target))
    }

    /// Leaves the sink alone until then, or longer if it asked for longer before.
    pub(super) fn pause(&mut self, until: Timestamp) {
        self.paused_until = self.paused_until.max(until);
    }

    /// Sends nothing more to the subscription as it is now: its sink said that it is gone.
    pub(super) fn halt(&mut self) {
        self.is_halted = true;
    }

    /// Until when its sink asked to be left alone.
    pub(super) fn paused_until(&self) -> Timestamp {
        self.paused_until
    }

    /// Deliveries in memory that no request is open for.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len() + self.reserved
    }

    /// Whether nothing would be lost if it were forgotten.
    pub(super) fn is_idle(&self, now: Timestamp) -> bool {
        self.held.count == 0
            && self.open == 0
            && !self.is_claiming
            && !self.is_halted
            && self.trouble.is_none()
            && self.watch.is_quiet(now)
            && now >= self.paused_until
            && !self.slots.is_asked
    }
}

/// Whether deliveries to it flow.
pub(super) fn is_active(subscription: &Subscription) -> bool {
    subscription.status == Status::Active
}
