//! What a scenario is: the system, the load, and what stands beside it. All of them are listed in [`crate::catalog`].

use serde::Serialize;

/// What takes the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Store {
    /// Nothing keeps them.
    None,
    /// Waypost on a file.
    Sqlite,
    /// Waypost on Postgres.
    Postgres,
}

/// A sink beside the measured ones, which gets every event of a scenario and is no good at it. What it gets is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Aside {
    /// Answers 204 after so many milliseconds.
    Late(u32),
    /// Answers 500 at once.
    Fails,
}

/// Deliveries of another tenant that wait when the measuring begins: they came while its subscriptions were paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Backlog {
    pub(crate) deliveries: usize,
    /// They are spread over so many subscriptions.
    pub(crate) subscriptions: usize,
    /// How long the sink of those takes to answer, in milliseconds.
    pub(crate) answer_ms: u32,
    pub(crate) flows: Flows,
    /// Small events that nobody subscribed to and that are only kept besides.
    pub(crate) kept: usize,
}

/// When the subscriptions of a backlog are resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Flows {
    /// When the measuring begins: it is worked off beside the measured load.
    Meanwhile,
    /// When the measured load has been delivered: how fast it is worked off is measured by itself.
    Afterwards,
}

/// One thing that is measured.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// Scenarios that are chosen together.
    pub(crate) group: &'static str,
    pub(crate) store: Store,
    /// Servers on one database; connections are spread over them.
    pub(crate) nodes: usize,
    /// Whether the last of them is killed after a third of the load.
    pub(crate) is_one_killed: bool,
    pub(crate) connections: usize,
    /// Events in one request.
    pub(crate) batch: usize,
    /// Types of events. Each has subscriptions of its own.
    pub(crate) topics: usize,
    /// Subscriptions to each type.
    pub(crate) fan_out: usize,
    /// The last of those answers after so many milliseconds.
    pub(crate) late_ms: u32,
    /// Requests a second; 0 is a closed loop.
    pub(crate) rate: u32,
    /// Events measured, after a tenth as many to warm up.
    pub(crate) count: usize,
    /// Events measured in a quick run; 0 leaves the scenario out.
    pub(crate) quick: usize,
    /// The most rounds of it in one run.
    pub(crate) rounds: usize,
    /// Measured only when it is asked for by its name: it takes very long.
    pub(crate) is_on_demand: bool,
    pub(crate) aside: &'static [Aside],
    pub(crate) backlog: Option<Backlog>,
    /// For how many milliseconds events are kept; then they are deleted beside the load. 0 is as the settings say: longer than any run.
    pub(crate) keep_ms: u64,
    /// How many milliseconds of events a partition holds on Postgres; 0 is without: what is too old goes row by row.
    pub(crate) partition_ms: u64,
    /// The scenario without a store that this one is held against.
    pub(crate) ceiling: Option<&'static str>,
}

impl Scenario {
    /// A closed loop over 64 connections with one subscription on nothing: what the scenarios of the catalog are varied from.
    pub(crate) const PLAIN: Self = Self {
        name: "",
        group: "",
        store: Store::None,
        nodes: 1,
        is_one_killed: false,
        connections: 64,
        batch: 1,
        topics: 1,
        fan_out: 1,
        late_ms: 0,
        rate: 0,
        count: 60_000,
        quick: 0,
        rounds: 9,
        is_on_demand: false,
        aside: &[],
        backlog: None,
        keep_ms: 0,
        partition_ms: 0,
        ceiling: None,
    };

    /// Events posted before the measuring begins: a tenth, in whole requests and at least a hundred.
    pub(crate) fn warm_up(&self) -> usize {
        (self.count / 10).max(100).next_multiple_of(self.batch)
    }
}
