//! A sink in trouble, as all nodes know it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Failure, Policy, Seen, jittered};
use crate::domain::clock::Timestamp;
use crate::domain::id::NodeId;

/// Where a sink in trouble stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SinkState)]
pub enum State {
    /// Its last attempt failed; deliveries flow.
    Failing,
    /// The breaker is open: nothing is sent until `retry_at`.
    Open,
    /// A few deliveries try it out.
    HalfOpen,
    /// It answers again: deliveries flow, more of them from round to round.
    Recovering,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Failing, Self::Open, Self::HalfOpen, Self::Recovering];

    /// The state's name, as in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::Recovering => "recovering",
        }
    }

    /// Whether the breaker holds deliveries back.
    #[must_use]
    pub const fn is_shut(self) -> bool {
        matches!(self, Self::Open | Self::HalfOpen)
    }
}

/// What is known of a sink in trouble. One that is well has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Tells a change from what it was computed from; grows with every change, also over a time in which there was none.
    pub revision: i64,
    /// Where it stands.
    pub state: State,
    /// Since when.
    pub since: Timestamp,
    /// `open`: until when. `half_open`: until when the node that tries it may take. `recovering`: until when that is remembered.
    pub until: Option<Timestamp>,
    /// `half_open`: the node that tries it.
    pub prober: Option<NodeId>,
    /// How often in a row the breaker opened.
    pub trips: u32,
    /// Since when nothing went well; none after a success.
    pub failing_since: Option<Timestamp>,
    /// Failures since the last success that count for the breaker.
    pub failure_count: u32,
    /// The last failure.
    pub last: Failure,
}

impl Health {
    /// What becomes of a sink's health by what a node has `seen`; none if it is well. `fraction` is the draw for the jitter, in
    /// `0.0..1.0`.
    #[must_use]
    pub fn follow(before: Option<&Self>, seen: &Seen, policy: &Policy, now: Timestamp, fraction: f64) -> Option<Self> {
        let well = match (before, seen.well_begun_at) {
            (Some(before), Some(begun_at)) => before.well(begun_at, policy, now),
            (before, _) => before.cloned(),
        };
        let mut after = match (&seen.failed, &seen.tripped) {
            (Some((first_at, last)), _) => Some(Self::failed(well, seen, (*first_at, last), policy, now)),
            (None, Some(failure)) => well.or_else(|| Some(Self::begin(failure, failure.at))),
            (None, None) => well,
        };
        if let Some(after) = &mut after {
            after.open_if_due(seen, policy, now, fraction);
            after.revision = next_revision(before, now);
        }
        after
    }

    /// Its health when `node` tries it out until `until`; none if it is not to be tried now.
    #[must_use]
    pub fn tried(&self, node: NodeId, now: Timestamp, until: Timestamp) -> Option<Self> {
        let is_due = self.state.is_shut() && self.until.is_none_or(|until| until <= now);
        is_due.then(|| Self {
            revision: next_revision(Some(self), now),
            state: State::HalfOpen,
            since: now,
            until: Some(until),
            prober: Some(node),
            ..self.clone()
        })
    }

    /// Whether it failed for so long without a success that its subscription is to be disabled.
    #[must_use]
    pub fn is_hopeless(&self, policy: &Policy) -> bool {
        let failing = self.failing_since.map(|since| self.last.at.since(since));
        failing.zip(policy.disable_after).is_some_and(|(failing, limit)| failing >= limit)
    }

    /// Whether nothing is lost if it is forgotten: it recovered, and long enough ago.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.state == State::Recovering && self.failing_since.is_none() && self.until.is_none_or(|until| until <= now)
    }

    fn well(&self, begun_at: Timestamp, policy: &Policy, now: Timestamp) -> Option<Self> {
        let healed = Self { failing_since: None, failure_count: 0, ..self.clone() };
        match self.state {
            State::Failing => None,
            State::Recovering if healed.is_over(now) => None,
            // What was under way when the breaker opened says nothing of what comes now.
            State::HalfOpen if begun_at >= self.since => {
                let until = now.plus(policy.remembered(self.trips));
                Some(Self { state: State::Recovering, since: now, until: Some(until), prober: None, ..healed })
            }
            State::Open | State::HalfOpen | State::Recovering => Some(healed),
        }
    }

    fn begin(last: &Failure, since: Timestamp) -> Self {
        Self {
            revision: 0,
            state: State::Failing,
            since,
            until: None,
            prober: None,
            trips: 0,
            failing_since: None,
            failure_count: 0,
            last: last.clone(),
        }
    }

    fn failed(
        before: Option<Self>,
        seen: &Seen,
        (first_at, last): (Timestamp, &Failure),
        policy: &Policy,
        now: Timestamp,
    ) -> Self {
        let mut health = before.unwrap_or_else(|| Self::begin(last, first_at));
        // Silence is no failure: half the time without any attempt is too long to be sure of what lay in between.
        let is_long_ago = policy.disable_after.is_some_and(|after| first_at.since(health.last.at) > after / 2);
        if is_long_ago || health.failing_since.is_none() {
            health.failing_since = Some(first_at);
        }
        if health.state == State::Recovering && health.until.is_none_or(|until| until <= now) {
            health = Self { state: State::Failing, since: first_at, until: None, trips: 0, ..health };
        }
        health.failure_count = health.failure_count.saturating_add(seen.failure_count);
        health.last = last.clone();
        health
    }

    fn open_if_due(&mut self, seen: &Seen, policy: &Policy, now: Timestamp, fraction: f64) {
        let is_run = policy.consecutive_failures > 0 && self.failure_count >= policy.consecutive_failures;
        let is_due = match self.state {
            State::Failing | State::Recovering => seen.tripped.is_some() || is_run,
            State::HalfOpen => seen.are_probes_over,
            State::Open => false,
        };
        if is_due && policy.is_enabled {
            self.trips = self.trips.saturating_add(1);
            self.state = State::Open;
            self.since = now;
            self.until = Some(now.plus(jittered(policy.open_for(self.trips), fraction)));
            self.prober = None;
        }
    }
}

/// Grows also over a time in which a row was gone, and with clocks that differ.
fn next_revision(before: Option<&Health>, now: Timestamp) -> i64 {
    before.map_or(0, |before| before.revision + 1).max(now.as_micros())
}
