//! All scenarios, and how those of a run are chosen.

use super::scenario::{Aside, Backlog, Flows, Scenario, Store};

const PLAIN: Scenario = Scenario { group: "one", quick: 15_000, ..Scenario::PLAIN };
const FAN5: Scenario = Scenario { group: "fan5", fan_out: 5, count: 20_000, quick: 4_000, ..Scenario::PLAIN };
const BATCH: Scenario =
    Scenario { group: "batch", connections: 16, batch: 100, count: 120_000, quick: 30_000, ..Scenario::PLAIN };
const RATE: Scenario = Scenario { group: "rate", connections: 16, rate: 200, count: 2_000, quick: 600, ..Scenario::PLAIN };

/// Every event goes to ten sinks; one of them answers after 15 seconds.
const HANG: Scenario = Scenario {
    group: "hang",
    connections: 16,
    fan_out: 9,
    rate: 50,
    count: 1_000,
    quick: 200,
    aside: &[Aside::Late(15_000)],
    ..Scenario::PLAIN
};

/// A hundred healthy sinks, each with a type of event of its own, at 200 events a second.
const FAIR: Scenario = Scenario { group: "fairness", connections: 16, topics: 100, rate: 200, count: 6_000, ..Scenario::PLAIN };

/// The same beside one sink that hangs, one that answers after ten seconds and one that fails, which get every event too, and beside
/// a tenant with 100,000 waiting deliveries, which are worked off meanwhile.
const CROWDED: Scenario = Scenario {
    aside: &[Aside::Late(15_000), Aside::Late(10_000), Aside::Fails],
    backlog: Some(Backlog { deliveries: 100_000, subscriptions: 10, answer_ms: 100, flows: Flows::Meanwhile, kept: 0 }),
    ..FAIR
};

/// Five hundred events a second over 256 connections while so many deliveries wait; then as many as can be; then the backlog flows.
const fn behind(deliveries: usize) -> Scenario {
    let backlog = Backlog { deliveries, subscriptions: 10, answer_ms: 0, flows: Flows::Afterwards, kept: 0 };
    Scenario { group: "backlog", connections: 256, rate: 500, count: 5_000, backlog: Some(backlog), ..Scenario::PLAIN }
}

/// The same with ten thousand waiting deliveries and so many small events kept.
const fn beside(kept: usize) -> Scenario {
    let backlog = Backlog { deliveries: 10_000, subscriptions: 10, answer_ms: 0, flows: Flows::Afterwards, kept };
    Scenario { group: "kept", backlog: Some(backlog), rounds: 1, ..behind(0) }
}

/// As fast as can be, with nothing too old.
const AGELESS: Scenario = Scenario { group: "retention", count: 120_000, quick: 0, keep_ms: 3_600_000, ..PLAIN };

/// The same while everything that is a second old is deleted, row by row.
const AGEING: Scenario = Scenario { keep_ms: 1_000, ..AGELESS };

/// The same while whole partitions of it are dropped.
const DROPPING: Scenario = Scenario { partition_ms: 2_000, ..AGEING };

/// As fast as can be, over so many servers on one Postgres.
const fn over(nodes: usize) -> Scenario {
    Scenario { group: "nodes", store: Postgres, nodes, connections: 240, quick: 0, ..PLAIN }
}

/// Two hundred events a second over three nodes, one of which is killed. Each event goes to a sink that answers at once and to one that
/// takes a second, so that every node holds leases at any moment.
const KILLED: Scenario = Scenario {
    group: "kill",
    store: Postgres,
    nodes: 3,
    is_one_killed: true,
    connections: 15,
    fan_out: 2,
    late_ms: 1_000,
    rate: 200,
    count: 6_000,
    ..Scenario::PLAIN
};

use Store::{None as Nothing, Postgres, Sqlite};

/// All of them, each behind its ceiling.
pub(crate) const ALL: &[Scenario] = &[
    Scenario { name: "ceiling-64", store: Nothing, ..PLAIN },
    Scenario { name: "sqlite-64", store: Sqlite, ceiling: Some("ceiling-64"), ..PLAIN },
    Scenario { name: "ceiling-256", store: Nothing, connections: 256, ..PLAIN },
    Scenario { name: "postgres-256", store: Postgres, connections: 256, ceiling: Some("ceiling-256"), ..PLAIN },
    Scenario { name: "ceiling-64-fan5", store: Nothing, ..FAN5 },
    Scenario { name: "sqlite-64-fan5", store: Sqlite, ceiling: Some("ceiling-64-fan5"), ..FAN5 },
    Scenario { name: "postgres-64-fan5", store: Postgres, ceiling: Some("ceiling-64-fan5"), ..FAN5 },
    Scenario { name: "sqlite-batch100", store: Sqlite, ..BATCH },
    Scenario { name: "postgres-batch100", store: Postgres, ..BATCH },
    Scenario { name: "ceiling-200s", store: Nothing, ..RATE },
    Scenario { name: "sqlite-200s", store: Sqlite, ceiling: Some("ceiling-200s"), ..RATE },
    Scenario { name: "postgres-200s", store: Postgres, ceiling: Some("ceiling-200s"), ..RATE },
    Scenario { name: "sqlite-hang", store: Sqlite, ..HANG },
    Scenario { name: "postgres-hang", store: Postgres, ..HANG },
    Scenario { name: "sqlite-fair-alone", store: Sqlite, ..FAIR },
    Scenario { name: "sqlite-fair-crowded", store: Sqlite, ..CROWDED },
    Scenario { name: "postgres-fair-alone", store: Postgres, ..FAIR },
    Scenario { name: "postgres-fair-crowded", store: Postgres, ..CROWDED },
    Scenario { name: "sqlite-ageless", store: Sqlite, ..AGELESS },
    Scenario { name: "sqlite-ageing", store: Sqlite, ..AGEING },
    Scenario { name: "postgres-ageless", store: Postgres, ..AGELESS },
    Scenario { name: "postgres-ageing", store: Postgres, ..AGEING },
    Scenario { name: "postgres-dropping", store: Postgres, ..DROPPING },
    Scenario { name: "postgres-nodes-1", ..over(1) },
    Scenario { name: "postgres-nodes-2", ..over(2) },
    Scenario { name: "postgres-nodes-3", ..over(3) },
    Scenario { name: "postgres-nodes-5", ..over(5) },
    Scenario { name: "postgres-node-killed", ..KILLED },
    Scenario { name: "sqlite-backlog-10k", store: Sqlite, ..behind(10_000) },
    Scenario { name: "postgres-backlog-10k", store: Postgres, ..behind(10_000) },
    Scenario { name: "sqlite-backlog-1m", store: Sqlite, ..behind(1_000_000) },
    Scenario { name: "postgres-backlog-1m", store: Postgres, ..behind(1_000_000) },
    Scenario { name: "sqlite-backlog-10m", store: Sqlite, is_on_demand: true, rounds: 1, ..behind(10_000_000) },
    Scenario { name: "postgres-backlog-10m", store: Postgres, is_on_demand: true, rounds: 1, ..behind(10_000_000) },
    Scenario { name: "sqlite-kept-1m", store: Sqlite, ..beside(1_000_000) },
    Scenario { name: "postgres-kept-1m", store: Postgres, ..beside(1_000_000) },
    Scenario { name: "sqlite-kept-20m", store: Sqlite, is_on_demand: true, ..beside(20_000_000) },
    Scenario { name: "postgres-kept-20m", store: Postgres, is_on_demand: true, ..beside(20_000_000) },
];

/// How much is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    /// One short round: whether something broke.
    Quick,
    /// Three long rounds of every scenario that is not on demand: what goes into `docs/benchmarks.md`.
    Full,
    /// The scenarios and groups of these names with their ceilings, as long as in a full run.
    Named(Vec<String>),
}

impl Choice {
    /// How often each scenario is run unless it says less; they alternate, so that a busy minute of the machine does not hit one alone.
    pub(crate) fn rounds(&self) -> usize {
        if *self == Self::Quick { 1 } else { 3 }
    }

    /// The scenarios of a run.
    ///
    /// # Errors
    ///
    /// Says which name there is none of, and which there are.
    pub(crate) fn scenarios(&self) -> Result<Vec<Scenario>, String> {
        match self {
            Self::Quick => Ok(ALL.iter().filter(|one| one.quick > 0).map(|one| Scenario { count: one.quick, ..*one }).collect()),
            Self::Full => Ok(ALL.iter().filter(|one| !one.is_on_demand).copied().collect()),
            Self::Named(names) => named(names),
        }
    }
}

fn named(names: &[String]) -> Result<Vec<Scenario>, String> {
    let is_meant = |one: &Scenario| names.iter().any(|name| name == one.name || (name == one.group && !one.is_on_demand));
    if let Some(unknown) = names.iter().find(|name| !ALL.iter().any(|one| *name == one.name || *name == one.group)) {
        let known: Vec<&str> = ALL.iter().map(|one| one.name).collect();
        return Err(format!("there is no scenario or group {unknown}; scenarios are {}", known.join(", ")));
    }
    let ceilings: Vec<&str> = ALL.iter().filter(|one| is_meant(one)).filter_map(|one| one.ceiling).collect();
    Ok(ALL.iter().filter(|one| is_meant(one) || ceilings.contains(&one.name)).copied().collect())
}
