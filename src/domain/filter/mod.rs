//! Filters of the Subscriptions API (SPECS SU-6 to SU-12): what they mean and what they may look like.
//!
//! A filter that can't be understood is refused when it is written, never skipped when it is asked: a subscription that lost a
//! filter would get events that it must not see.

mod answer;
mod check;
pub mod data;
mod explain;
mod facts;
mod read;
mod schema;
#[cfg(test)]
mod tests;
mod warnings;

use std::collections::BTreeMap;

use serde::Serialize;

pub use self::answer::Answer;
pub use self::check::{MAX_DEPTH, MAX_NODES, check};
pub use self::explain::{Clause, Explanation, MAX_CLAUSES, Seen, none_of};
pub use self::facts::Facts;
pub use self::warnings::warnings;
use super::cesql::Expression;

/// One filter expression: an object with exactly one dialect as its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Every attribute named equals its value.
    Exact(BTreeMap<String, String>),
    /// Every attribute named begins with its value.
    Prefix(BTreeMap<String, String>),
    /// Every attribute named ends with its value.
    Suffix(BTreeMap<String, String>),
    /// A CESQL expression is true (SPECS SU-10).
    Sql(Box<Expression>),
    /// Every expression matches.
    All(Vec<Filter>),
    /// At least one expression matches.
    Any(Vec<Filter>),
    /// The expression does not match.
    Not(Box<Filter>),
    /// What lies in the data is as it says.
    Data(data::Expression),
}

impl Filter {
    /// Whether the event matches. An attribute that is not there matches nothing, so that `not` of it matches; one that is no
    /// string is compared by its canonical string (SPECS SU-11).
    #[must_use]
    pub fn ask(&self, facts: &Facts<'_>) -> Answer {
        let every = |wanted: &BTreeMap<String, String>, holds: fn(&str, &str) -> bool| {
            wanted.iter().all(|(name, value)| facts.attribute(name).is_some_and(|actual| holds(actual, value))).into()
        };
        match self {
            Self::Exact(wanted) => every(wanted, |actual, value| actual == value),
            Self::Prefix(wanted) => every(wanted, |actual, value| actual.starts_with(value)),
            Self::Suffix(wanted) => every(wanted, |actual, value| actual.ends_with(value)),
            Self::Sql(expression) => expression.passes(facts.event()).map_or(Answer::Fault, Answer::from),
            Self::All(expressions) => Answer::all(expressions.iter().map(|expression| expression.ask(facts))),
            Self::Any(expressions) => Answer::any(expressions.iter().map(|expression| expression.ask(facts))),
            Self::Not(expression) => !expression.ask(facts),
            Self::Data(expression) => expression.ask(facts),
        }
    }

    /// What asking it costs, in comparisons of one attribute; only good for asking the cheap ones first.
    #[must_use]
    pub fn cost(&self) -> usize {
        match self {
            Self::Exact(wanted) | Self::Prefix(wanted) | Self::Suffix(wanted) => wanted.len(),
            Self::All(expressions) | Self::Any(expressions) => expressions.iter().map(Self::cost).sum(),
            Self::Not(expression) => expression.cost(),
            Self::Sql(expression) => 100 + expression.nodes(),
            Self::Data(expression) => 1000 + expression.condition_count(),
        }
    }

    /// Tells `found` every JSON Pointer by which it looks into data, for a [`data::Plan`] of many filters.
    pub fn each_pointer<'f>(&'f self, found: &mut impl FnMut(&'f data::Pointer)) {
        match self {
            Self::Exact(_) | Self::Prefix(_) | Self::Suffix(_) | Self::Sql(_) => {}
            Self::All(expressions) | Self::Any(expressions) => {
                for expression in expressions {
                    expression.each_pointer(found);
                }
            }
            Self::Not(expression) => expression.each_pointer(found),
            Self::Data(expression) => expression.clauses().iter().for_each(|clause| found(&clause.pointer)),
        }
    }
}
