//! What is measured.

use serde::Serialize;

/// How much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// One short round: whether something broke.
    Quick,
    /// Three long rounds and every scenario: what goes into `docs/benchmarks.md`.
    Full,
}

impl Size {
    /// How often each scenario is run; they alternate, so that a busy minute of the machine does not hit one alone.
    pub(crate) fn rounds(self) -> usize {
        match self {
            Self::Quick => 1,
            Self::Full => 3,
        }
    }
}

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

/// One thing that is measured.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) store: Store,
    pub(crate) connections: usize,
    pub(crate) fan_out: usize,
    /// Events a second; 0 is a closed loop.
    pub(crate) rate: u32,
    /// Events measured, after a tenth as many to warm up.
    pub(crate) count: usize,
    /// The scenario without a store that this one is held against.
    pub(crate) ceiling: Option<&'static str>,
}

const fn closed_loop(name: &'static str, store: Store, connections: usize, ceiling: Option<&'static str>) -> Scenario {
    Scenario { name, store, connections, fan_out: 1, rate: 0, count: 60_000, ceiling }
}

const fn fanned_out(name: &'static str, store: Store, connections: usize, ceiling: Option<&'static str>) -> Scenario {
    Scenario { fan_out: 5, count: 20_000, ..closed_loop(name, store, connections, ceiling) }
}

const fn at_rate(name: &'static str, store: Store, ceiling: Option<&'static str>) -> Scenario {
    Scenario { rate: 200, count: 2_000, ..closed_loop(name, store, 16, ceiling) }
}

/// All of them, each beside its ceiling.
const ALL: [Scenario; 10] = [
    closed_loop("ceiling-64", Store::None, 64, None),
    closed_loop("sqlite-64", Store::Sqlite, 64, Some("ceiling-64")),
    closed_loop("ceiling-256", Store::None, 256, None),
    closed_loop("postgres-256", Store::Postgres, 256, Some("ceiling-256")),
    fanned_out("ceiling-64-fan5", Store::None, 64, None),
    fanned_out("sqlite-64-fan5", Store::Sqlite, 64, Some("ceiling-64-fan5")),
    fanned_out("postgres-64-fan5", Store::Postgres, 64, Some("ceiling-64-fan5")),
    at_rate("ceiling-200s", Store::None, None),
    at_rate("sqlite-200s", Store::Sqlite, Some("ceiling-200s")),
    at_rate("postgres-200s", Store::Postgres, Some("ceiling-200s")),
];

/// The scenarios of a run; those on Postgres only if there is one.
pub(crate) fn of(size: Size, has_postgres: bool) -> Vec<Scenario> {
    let chosen = ALL.into_iter().filter(|scenario| has_postgres || scenario.store != Store::Postgres);
    match size {
        Size::Full => chosen.collect(),
        Size::Quick => chosen
            .filter(|scenario| scenario.fan_out == 1 && scenario.rate == 0)
            .map(|scenario| Scenario { count: 15_000, ..scenario })
            .collect(),
    }
}
