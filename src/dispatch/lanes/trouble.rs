//! Sinks in trouble: what this node knows of them, what it saw itself and has not told yet, and who may send now.

use std::collections::HashMap;
use std::time::Duration;

use super::Lanes;
use super::lane::Lane;
use crate::domain::breaker::{Failure, Health, Ramp, Seen, Sign, State};
use crate::domain::clock::Timestamp;
use crate::domain::id::SubscriptionId;

/// How long a lane waits at most to be told what follows from what it saw.
const HOLD: Duration = Duration::from_secs(1);

/// What an attempt showed of its sink.
#[derive(Debug)]
pub(in crate::dispatch) struct Shown {
    /// What it says of it.
    pub(in crate::dispatch) sign: Sign,
    /// When the attempt began.
    pub(in crate::dispatch) begun_at: Timestamp,
    /// The failure, if it is one.
    pub(in crate::dispatch) failure: Option<Failure>,
}

/// Whether the breaker lets a lane send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// It is closed.
    Free,
    /// It is not, until then.
    Shut(Timestamp),
    /// This node tries the sink with so many deliveries more.
    Probing(u32),
}

/// A sink in trouble, as this node knows it.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) health: Health,
    /// When that was learned, in looks at the database.
    look: u64,
    /// Deliveries that this node may still try it with.
    probes_left: u32,
    /// And those that are doing so.
    probes_open: u32,
}

impl Lane {
    /// Whether the breaker lets it send.
    pub(super) fn gate(&self, now: Timestamp) -> Gate {
        let Some(trouble) = &self.trouble else { return Gate::Free };
        let is_enabled = self.target.as_ref().is_none_or(|target| target.breaker.is_enabled);
        let until = trouble.health.until.unwrap_or_default();
        match trouble.probes_left {
            _ if !trouble.health.state.is_shut() || !is_enabled => Gate::Free,
            left if left > 0 && until > now => Gate::Probing(left),
            _ if trouble.probes_open > 0 => Gate::Probing(0),
            _ => Gate::Shut(until),
        }
    }

    /// A delivery begins.
    pub(super) fn count_probe(&mut self) {
        if let Some(trouble) = &mut self.trouble
            && trouble.probes_left > 0
        {
            trouble.probes_left -= 1;
            trouble.probes_open += 1;
        }
    }

    /// How many requests may be open: fewer than the subscription allows while its sink recovers.
    pub(super) fn allowance(&self) -> usize {
        self.ramp.map_or(usize::MAX, |ramp| ramp.allowance() as usize)
    }

    /// Takes notice of an attempt. Says what is to be told of it, which of a sink that is well is nothing.
    fn observe(&mut self, shown: Shown, now: Timestamp) -> Option<Seen> {
        let Shown { sign, begun_at, failure } = shown;
        let mut seen = Seen::default();
        let mut is_tripped = false;
        match sign {
            Sign::Well => {
                self.watch.well(now);
                self.ramp = self.ramp.take().and_then(|mut ramp| {
                    ramp.well();
                    let most = self.target.as_ref().map_or(u32::MAX, |target| target.subscription.spec.config.max_concurrency);
                    (ramp.allowance() < most).then_some(ramp)
                });
                self.trouble.as_ref()?;
                seen.well(begun_at);
            }
            Sign::Sick => {
                if let Some(ramp) = &mut self.ramp {
                    ramp.sick();
                }
                is_tripped = self.target.as_ref().is_some_and(|target| self.watch.sick(&target.breaker, now));
            }
            Sign::Busy | Sign::Silent => {}
        }
        if let Some(failure) = failure {
            seen.failed(failure, sign == Sign::Sick);
        }
        if is_tripped {
            seen.trip();
            // Nothing more until the others know: their answer says until when.
            let open = self.target.as_ref().map_or(HOLD, |target| target.breaker.open.min(HOLD));
            self.pause(now.plus(open));
        }
        if let Some(trouble) = self.trouble.as_mut().filter(|trouble| trouble.probes_open > 0 && begun_at >= trouble.health.since)
        {
            trouble.probes_open -= 1;
            if trouble.probes_open == 0 && sign != Sign::Well {
                trouble.probes_left = 0;
                seen.end_probes();
            }
        }
        (seen != Seen::default()).then_some(seen)
    }

    /// Takes notice of what is known of its sink. Says whether that lets it send again.
    fn learn(&mut self, health: Health, look: u64, now: Timestamp, probes: u32) -> bool {
        let was_shut = self.gate(now) != Gate::Free;
        let before = self.trouble.take();
        let is_recovering = health.state == State::Recovering;
        if is_recovering && before.as_ref().is_none_or(|before| before.health.state != State::Recovering) {
            self.ramp = Some(Ramp::new(probes));
        }
        // The same try, of which more is known.
        let trying = |health: &Health| (health.state == State::HalfOpen).then_some((health.prober, health.since));
        let same = before.filter(|before| trying(&health).is_some() && trying(&before.health) == trying(&health));
        let (probes_left, probes_open) = same.map_or((0, 0), |before| (before.probes_left, before.probes_open));
        self.trouble = Some(Box::new(Trouble { health, look, probes_left, probes_open }));
        was_shut && self.gate(now) == Gate::Free
    }

    /// Forgets all trouble. Says whether that lets it send again.
    fn heal(&mut self, now: Timestamp) -> bool {
        let was_shut = self.gate(now) != Gate::Free;
        (self.trouble, self.ramp) = (None, None);
        was_shut
    }
}

impl Lanes {
    /// Takes notice of what an attempt showed of its sink. Says whether there is something to tell.
    pub(in crate::dispatch) fn observe(&mut self, id: SubscriptionId, shown: Shown, now: Timestamp) -> bool {
        let seen = self.by_id.get_mut(&id).and_then(|lane| lane.observe(shown, now));
        let is_news = seen.is_some();
        if let Some(seen) = seen {
            self.tell(id, seen);
        }
        is_news
    }

    /// What is to be told of sinks, of at most `max` of them.
    pub(in crate::dispatch) fn take_news(&mut self, max: usize) -> Vec<(SubscriptionId, Seen)> {
        let ids: Vec<_> = self.news.keys().take(max).copied().collect();
        ids.into_iter().filter_map(|id| self.news.remove_entry(&id)).collect()
    }

    /// Puts back what could not be told: it is older than what came meanwhile.
    pub(in crate::dispatch) fn put_back_news(&mut self, untold: Vec<(SubscriptionId, Seen)>) {
        for (id, before) in untold {
            let after = self.news.remove(&id).unwrap_or_default();
            self.news.insert(id, after.after(before));
        }
    }

    fn tell(&mut self, id: SubscriptionId, seen: Seen) {
        let before = self.news.remove(&id).unwrap_or_default();
        self.news.insert(id, seen.after(before));
    }

    /// Begins a look at all sinks in trouble.
    pub(in crate::dispatch) fn begin_look(&mut self) -> u64 {
        self.looks += 1;
        self.looks
    }

    /// Ends it with what was found: sinks that are not among them are well, unless they were learned of since it began.
    pub(in crate::dispatch) fn end_look(&mut self, look: u64, found: HashMap<SubscriptionId, Health>, now: Timestamp) {
        let is_known = |lane: &Lane| lane.trouble.as_ref().is_some_and(|trouble| trouble.look < look);
        let known: Vec<_> = self.by_id.iter().filter(|(_, lane)| is_known(lane)).map(|(id, _)| *id).collect();
        for id in known.into_iter().filter(|id| !found.contains_key(id)) {
            self.learn(id, None, now);
        }
        for (id, health) in found {
            self.learn(id, Some(health), now);
        }
    }

    /// Takes notice of what the database says of a sink; none if it is well.
    pub(in crate::dispatch) fn learn(&mut self, id: SubscriptionId, health: Option<Health>, now: Timestamp) {
        let look = self.looks;
        let is_free = match health {
            Some(health) => {
                let until = health.until.filter(|_| health.state.is_shut());
                let lane = self.by_id.entry(id).or_default();
                let is_news = lane.trouble.as_ref().is_none_or(|known| known.health.revision < health.revision);
                if !is_news {
                    if let Some(known) = &mut lane.trouble {
                        known.look = look;
                    }
                    return;
                }
                let probes = lane.target.as_ref().map_or(self.limits.terms.breaker.probes, |target| target.breaker.probes);
                let is_free = lane.learn(health, look, now, probes);
                if let Some(until) = until {
                    self.note(id, until.max(now), now);
                }
                is_free
            }
            None => self.by_id.get_mut(&id).is_some_and(|lane| lane.heal(now)),
        };
        if is_free {
            self.note(id, now, now);
        }
        self.list(id);
        self.forget_if_idle(id, now);
    }

    /// Lets this node try a sink, as the database says that it may.
    pub(in crate::dispatch) fn permit(&mut self, id: SubscriptionId, health: Health, now: Timestamp) {
        self.learn(id, Some(health), now);
        let Some(lane) = self.by_id.get_mut(&id) else { return };
        let probes = lane.target.as_ref().map_or(self.limits.terms.breaker.probes, |target| target.breaker.probes);
        if let Some(trouble) = &mut lane.trouble {
            trouble.probes_left = probes;
        }
        self.note(id, now, now);
    }

    /// Whether the breaker holds a sink's deliveries back.
    pub(in crate::dispatch) fn is_shut(&self, id: SubscriptionId, now: Timestamp) -> bool {
        self.by_id.get(&id).is_some_and(|lane| lane.gate(now) != Gate::Free)
    }
}
