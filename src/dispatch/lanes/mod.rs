//! Lanes: which delivery goes next. Pure state, moved by the clock it is told; the dispatcher keeps it behind one short lock.
//!
//! Tenants are served in turn, and the lanes of each in turn. A lane never has more open requests than its subscription allows, nor
//! more than are still free on the node: `n` sinks that hang together leave one part in `n + 1` of the slots, and of the memory, to all
//! others. (Dynamic thresholds as in shared-memory switches; a fixed share per lane would be used up by a handful of bad sinks.)
//! A tenant never has more than eight times what is free, so that a thousand bad sinks of one leave something to all others.

mod backlog;
mod filling;
mod lane;
mod limits;
mod rate;
mod room;
mod sending;
mod tenants;
#[cfg(test)]
mod tests;
mod trouble;

pub(super) use trouble::Shown;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use backlog::Backlog;
use lane::Lane;
use limits::Ask;
use tenants::{Held, Tenants};

use super::sink::{Target, Terms};
use crate::config;
use crate::domain::breaker::Seen;
use crate::domain::clock::Timestamp;
use crate::domain::crew::Crew;
use crate::domain::id::SubscriptionId;
use crate::domain::map::Map;
use crate::metrics::Load;
use crate::store::Leased;

/// All lanes of this node.
#[derive(Debug)]
pub(super) struct Lanes {
    limits: Limits,
    by_id: Map<SubscriptionId, Lane>,
    tenants: Tenants,
    /// Tenants with lanes that may have something to send, by their places.
    round: VecDeque<usize>,
    crew: Crew,
    timers: BTreeSet<(Timestamp, SubscriptionId)>,
    backlog: Backlog,
    /// What was seen of sinks in trouble and is to be told.
    news: Map<SubscriptionId, Seen>,
    /// Lanes that want slots of their rate limits.
    asks: Vec<Ask>,
    /// Looks at all sinks in trouble.
    looks: u64,
    open: usize,
    held: Held,
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
    /// What holds for subscriptions that do not say.
    terms: Terms,
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
    /// Subscriptions whose sinks are to be tried again: this node has to be let.
    pub(super) tries: Vec<SubscriptionId>,
    /// Subscriptions that deliveries wait for in vain: they are deleted or disabled, as far as this node knows.
    pub(super) ended: Vec<SubscriptionId>,
}

impl Limits {
    /// The bounds of these settings.
    pub(super) fn new(config: &config::Dispatch, terms: Terms) -> Self {
        Self {
            held: config.max_in_memory,
            held_bytes: config.max_in_memory_bytes,
            waiting_per_lane: config.max_in_memory_per_lane,
            open: config.max_concurrency,
            terms,
        }
    }
}

impl Lanes {
    /// No lanes yet, and closed: nothing is taken before [`Lanes::open`].
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            by_id: Map::default(),
            tenants: Tenants::default(),
            round: VecDeque::new(),
            crew: Crew::default(),
            timers: BTreeSet::new(),
            backlog: Backlog::default(),
            news: Map::default(),
            asks: Vec::new(),
            looks: 0,
            open: 0,
            held: Held::default(),
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

    /// Takes notice of the nodes that deliver now. Of what each subscription allows this one has its part.
    pub(super) fn join(&mut self, crew: Crew) {
        if self.crew != crew {
            self.crew = crew;
            let ids: Vec<_> = self.by_id.keys().copied().collect();
            for id in ids {
                self.list(id);
            }
        }
    }

    /// Whether deliveries are taken.
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// What is held.
    pub(super) fn load(&self) -> Load {
        Load {
            is_open: self.is_open,
            lanes: self.by_id.len(),
            held: self.held.count,
            held_bytes: self.held.bytes,
            open: self.open,
            nodes: if self.is_open { self.crew.size() } else { 0 },
        }
    }

    fn forget_if_idle(&mut self, id: SubscriptionId, now: Timestamp) {
        if self.by_id.get(&id).is_some_and(|lane| lane.is_idle(now) && !lane.is_listed)
            && let Some(lane) = self.by_id.remove(&id)
        {
            self.tenants.forget(&lane);
        }
    }
}

/// The bytes a delivery holds in memory, as far as they are counted.
pub(super) fn weight(leased: &Leased) -> usize {
    leased.event.event.body().len()
}
