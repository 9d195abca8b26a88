//! How numbers are held against goals. [`crate::targets`] lists those.

use serde::Serialize;

/// One number of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Figure {
    /// Events accepted a second.
    Accepted,
    /// Deliveries a second.
    Delivered,
    /// Milliseconds end to end.
    P50,
    /// The same.
    P99,
    /// Microseconds of CPU of Waypost per delivery.
    Cpu,
    /// Milliseconds until a request was answered.
    AcceptP50,
    /// Deliveries of a backlog a second, once it flows.
    WorkedOff,
    /// Seconds until the leases of a killed node were back at work.
    RecoveredS,
    /// Deliveries that never came.
    Missing,
    /// 99th percentile of other nodes before and after one is killed, in microseconds.
    OthersBefore,
    OthersAfter,
    /// Events deleted meanwhile, of those posted.
    Deleted,
    /// Partitions dropped meanwhile.
    Dropped,
    /// The most memory that Waypost ever held, in MiB.
    Peak,
}

/// Where a value has to lie.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

/// A goal: a number of a scenario, or that number as a multiple of another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Goal {
    what: &'static str,
    of: (Figure, &'static str),
    over: Option<(Figure, &'static str)>,
    unit: &'static str,
    bound: Bound,
}

/// What became of a goal.
#[derive(Debug, Serialize)]
pub(crate) struct Judged {
    pub(crate) what: String,
    pub(crate) goal: String,
    pub(crate) measured: String,
    pub(crate) is_met: bool,
}

use Bound::{AtLeast, AtMost};

/// A number of a scenario. `*` in the name of the scenario stands for either database.
pub(crate) type Number = (Figure, &'static str);

/// A number as a multiple of another.
pub(crate) const fn ratio(what: &'static str, of: Number, over: Number, bound: Bound) -> Goal {
    Goal { what, of, over: Some(over), unit: " ×", bound }
}

/// A number by itself.
pub(crate) const fn value(what: &'static str, of: Number, unit: &'static str, bound: Bound) -> Goal {
    Goal { what, of, over: None, unit, bound }
}

/// Holds what was measured against the goals; those of scenarios that were not measured are left out.
pub(crate) fn judge(goals: &[Goal], figure: impl Fn(Figure, &str) -> Option<f64>) -> Vec<Judged> {
    let stores = [("SQLite", "sqlite"), ("Postgres", "postgres")];
    let of_both = goals.iter().flat_map(|goal| stores.map(|store| (goal, store)));
    of_both
        .filter_map(|(goal, (store, prefix))| goal.judge(store, |(what, name)| figure(what, &name.replace('*', prefix))))
        .collect()
}

impl Goal {
    fn judge(&self, store: &str, figure: impl Fn(Number) -> Option<f64>) -> Option<Judged> {
        let is_of_both = self.of.1.starts_with('*');
        if !is_of_both && !self.of.1.starts_with(&store.to_lowercase()) {
            return None;
        }
        let (measured, unit) = (figure(self.of)? / self.over.map_or(Some(1.0), &figure)?, self.unit);
        let (goal, is_met) = match self.bound {
            AtLeast(least) => (format!("≥ {least}{unit}"), measured >= least),
            AtMost(most) => (format!("≤ {most}{unit}"), measured <= most),
        };
        Some(Judged { what: format!("{store}, {}", self.what), goal, measured: format!("{measured:.2}{unit}"), is_met })
    }
}

/// The table of goals, in Markdown.
pub(crate) fn table(judged: &[Judged]) -> String {
    let rows = judged.iter().map(|one| {
        let verdict = if one.is_met { "met" } else { "**not met**" };
        format!("| {} | {} | {} | {verdict} |\n", one.what, one.goal, one.measured)
    });
    format!("| goal | | measured | |\n|---|---|---|---|\n{}", rows.collect::<String>())
}
