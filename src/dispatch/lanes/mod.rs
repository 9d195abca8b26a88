//! Lanes: which delivery goes next. Pure state, moved by the clock it is told; the dispatcher keeps it behind one short lock.
//!
//! Lanes are served in turn. A lane never has more open requests than its subscription allows, nor more than are still free on
//! the node: `n` sinks that hang together leave one part in `n + 1` of the slots, and of the memory, to all others. (Dynamic
//! thresholds as in shared-memory switches; a fixed share per lane would be used up by a handful of bad sinks.)

mod backlog;
mod lane;
mod rate;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use backlog::Backlog;
use lane::{Lane, Turn, is_active};

use super::sink::Target;
use crate::config;
use crate::domain::clock::Timestamp;
use crate::domain::id::SubscriptionId;
use crate::domain::subscription::{RateLimit, Status, Subscription};
use crate::metrics::Load;
use crate::store::{Directory, DueLane, Leased};

/// How far ahead due moments are noted; what is due later is found by a sweep in time.
const HORIZON: Duration = Duration::from_mins(1);

/// All lanes of this node.
#[derive(Debug)]
pub(super) struct Lanes {
    limits: Limits,
    by_id: HashMap<SubscriptionId, Lane>,
    round: VecDeque<SubscriptionId>,
    timers: BTreeSet<(Timestamp, SubscriptionId)>,
    backlog: Backlog,
    open: usize,
    held: usize,
    held_bytes: usize,
    is_open: bool,
}

/// The node's bounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Deliveries in memory.
    held: usize,
    /// Bytes of their events.
    held_bytes: usize,
    /// Deliveries of one lane that no request is open for.
    waiting_per_lane: usize,
    /// Open requests.
    open: usize,
    /// The pace to a sink that was asked and does not agree.
    unpermitted: Option<RateLimit>,
}

/// What is to be done next.
#[derive(Debug)]
pub(super) enum Next {
    /// Make this attempt.
    Attempt(Leased, Arc<Target>),
    /// Give these back to the database, due at this moment.
    Withdraw(Vec<Leased>, Timestamp),
}

/// What is to be claimed.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Lanes with room and how much of it; the room is reserved until [`Lanes::claimed`].
    pub(super) claims: Vec<(SubscriptionId, u32)>,
    /// Subscriptions that deliveries wait for in vain: they are deleted or disabled, as far as this node knows.
    pub(super) ended: Vec<SubscriptionId>,
}

impl Limits {
    /// The bounds of these settings.
    pub(super) fn new(config: &config::Dispatch, unpermitted: Option<RateLimit>) -> Self {
        Self {
            held: config.max_in_memory,
            held_bytes: config.max_in_memory_bytes,
            waiting_per_lane: config.max_in_memory_per_lane,
            open: config.max_concurrency,
            unpermitted,
        }
    }
}

impl Lanes {
    /// No lanes yet, and closed: nothing is taken before [`Lanes::open`].
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            by_id: HashMap::new(),
            round: VecDeque::new(),
            timers: BTreeSet::new(),
            backlog: Backlog::default(),
            open: 0,
            held: 0,
            held_bytes: 0,
            is_open: false,
        }
    }

    /// Takes deliveries from now on.
    pub(super) fn open(&mut self) {
        self.is_open = true;
    }

    /// Takes and begins nothing more; gives out everything that was not begun.
    pub(super) fn close(&mut self) -> Vec<Leased> {
        self.is_open = false;
        self.by_id.values_mut().flat_map(|lane| lane.queue.drain(..)).collect()
    }

    /// Whether deliveries are taken.
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// What is held.
    pub(super) fn load(&self) -> Load {
        Load { is_open: self.is_open, lanes: self.by_id.len(), held: self.held, held_bytes: self.held_bytes, open: self.open }
    }

    // ── Room ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Takes room for one delivery of `bytes`, if there is any.
    pub(super) fn reserve(
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
        lane.refresh(subscription, self.limits.unpermitted);
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
    pub(super) fn give_back(&mut self, id: SubscriptionId, bytes: usize, now: Timestamp) {
        let Some(lane) = self.by_id.get_mut(&id) else { return };
        if lane.reserved > 0 {
            lane.reserved -= 1;
            lane.reserved_bytes = lane.reserved_bytes.saturating_sub(bytes);
            self.free(id, bytes, now);
        }
    }

    /// Takes a delivery into the room reserved for it. On a closed dispatcher it comes straight back.
    pub(super) fn hand_over(&mut self, leased: Leased) -> Option<Leased> {
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
    pub(super) fn free(&mut self, id: SubscriptionId, bytes: usize, now: Timestamp) {
        if let Some(lane) = self.by_id.get_mut(&id) {
            lane.held = lane.held.saturating_sub(1);
            lane.held_bytes = lane.held_bytes.saturating_sub(bytes);
            self.held = self.held.saturating_sub(1);
            self.held_bytes = self.held_bytes.saturating_sub(bytes);
            self.forget_if_idle(id, now);
        }
    }

    // ── Sending ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// What is to be done next, if anything: lanes take turns.
    pub(super) fn next(&mut self, directory: &Directory, now: Timestamp) -> Option<Next> {
        self.expire_timers(now);
        for _ in 0..self.round.len() {
            let free = self.limits.open.saturating_sub(self.open);
            let id = self.round.pop_front()?;
            let Some(lane) = self.by_id.get_mut(&id) else { continue };
            lane.refresh(directory.subscriptions.get(&id), self.limits.unpermitted);
            match lane.turn(now) {
                Turn::Rest => lane.is_listed = false,
                Turn::Wait(at) => {
                    lane.is_listed = false;
                    self.timers.insert((at, id));
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
                    let (leased, target) = lane.begin(now)?;
                    self.open += 1;
                    return Some(Next::Attempt(leased, target));
                }
            }
        }
        None
    }

    /// Ends a request. Says whether its lane should be filled again from the database.
    pub(super) fn finish(&mut self, id: SubscriptionId, now: Timestamp) -> bool {
        self.open = self.open.saturating_sub(1);
        let Some(lane) = self.by_id.get_mut(&id) else { return false };
        lane.open = lane.open.saturating_sub(1);
        let is_low = !lane.is_claiming && lane.waiting() <= self.limits.waiting_per_lane / 2;
        self.list(id);
        is_low && self.backlog.is_due(id, now)
    }

    /// Leaves a sink alone until then.
    pub(super) fn pause(&mut self, id: SubscriptionId, until: Timestamp) {
        self.by_id.entry(id).or_default().pause(until);
        self.list(id);
    }

    /// Sends nothing more to a subscription as it is now.
    pub(super) fn halt(&mut self, id: SubscriptionId) {
        self.by_id.entry(id).or_default().halt();
        self.list(id);
    }

    /// When a rate limit next lets something go.
    pub(super) fn next_timer(&self) -> Option<Timestamp> {
        self.timers.first().map(|&(at, _)| at)
    }

    // ── Filling from the database ─────────────────────────────────────────────────────────────────────────────────────

    /// Notes that a delivery waits in the database. Says whether the feeder should look at once or set its alarm anew.
    pub(super) fn note(&mut self, id: SubscriptionId, due_at: Timestamp, now: Timestamp) -> bool {
        due_at <= now.plus(HORIZON) && self.backlog.note(id, due_at)
    }

    /// Takes notice of what a sweep found.
    pub(super) fn sweep(&mut self, found: &DueLane, now: Timestamp) {
        if let Some(until) = found.paused_until.filter(|&until| until > now) {
            self.pause(found.subscription_id, until);
        }
        self.note(found.subscription_id, found.next_attempt_at, now);
    }

    /// Picks what to claim, the longest waiting first, at most `max` in all.
    pub(super) fn wanted(&mut self, directory: &Directory, max: usize, now: Timestamp) -> Wanted {
        let mut wanted = Wanted::default();
        let mut left = max;
        for id in self.backlog.due_by(now) {
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
        let room = self.room(id).min(left);
        let lane = self.by_id.entry(id).or_default();
        lane.refresh(directory.subscriptions.get(&id), self.limits.unpermitted);
        if !lane.takes(now) {
            let paused_until = lane.paused_until();
            self.backlog.forget(id, now);
            self.note(id, paused_until.max(now.plus(Duration::from_secs(1))), now);
            return 0;
        }
        if room == 0 || lane.is_claiming || lane.waiting() > self.limits.waiting_per_lane / 2 {
            self.forget_if_idle(id, now);
            return 0;
        }
        lane.is_claiming = true;
        lane.reserved += room;
        lane.held += room;
        self.held += room;
        self.backlog.forget(id, now);
        wanted.claims.push((id, u32::try_from(room).unwrap_or(u32::MAX)));
        room
    }

    /// Takes what a claim brought for a lane, in place of the room reserved for it. A lane that came back full has more.
    pub(super) fn claimed(&mut self, id: SubscriptionId, asked: u32, leased: Vec<Leased>, now: Timestamp) -> Vec<Leased> {
        let asked = asked as usize;
        let is_full = leased.len() >= asked;
        let lane = self.by_id.entry(id).or_default();
        lane.is_claiming = false;
        lane.reserved = lane.reserved.saturating_sub(asked);
        lane.held = lane.held.saturating_sub(asked) + leased.len();
        self.held = self.held.saturating_sub(asked) + leased.len();
        for bytes in leased.iter().map(weight) {
            lane.held_bytes += bytes;
            self.held_bytes += bytes;
        }
        if is_full {
            self.backlog.note(id, now);
        }
        let refused = leased.into_iter().filter_map(|leased| self.enqueue(leased)).collect();
        self.forget_if_idle(id, now);
        refused
    }

    /// The first moment after `now` at which something in the database becomes due.
    pub(super) fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        self.backlog.next_after(now)
    }

    /// Takes notice of changed subscriptions and forgets idle lanes.
    pub(super) fn tidy(&mut self, directory: &Directory, now: Timestamp) {
        let ids: Vec<SubscriptionId> = self.by_id.keys().copied().collect();
        for id in ids {
            if let Some(lane) = self.by_id.get_mut(&id) {
                lane.refresh(directory.subscriptions.get(&id), self.limits.unpermitted);
            }
            self.list(id);
            self.forget_if_idle(id, now);
        }
    }

    // ── Inside ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// How many deliveries may be claimed for a lane.
    fn room(&self, id: SubscriptionId) -> usize {
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

    fn enqueue(&mut self, leased: Leased) -> Option<Leased> {
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

    fn list(&mut self, id: SubscriptionId) {
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

    fn forget_if_idle(&mut self, id: SubscriptionId, now: Timestamp) {
        if self.by_id.get(&id).is_some_and(|lane| lane.is_idle(now) && !lane.is_listed) {
            self.by_id.remove(&id);
        }
    }
}

/// The bytes a delivery holds in memory, as far as they are counted.
pub(super) fn weight(leased: &Leased) -> usize {
    leased.event.event.body().len()
}
