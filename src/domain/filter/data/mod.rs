//! The dialect `data`: conditions on what lies where in an event's JSON data. One of Waypost's own.
//!
//! `{"data": {"/order/total": {"gte": 100}, "/items/*/sku": {"prefix": "A-"}}}` matches if each pointer leads to a value for which
//! all its conditions hold. It takes time linear in the data whatever is asked: general expression languages can't promise that
//! ([decision 15](../../../../docs/adr/0015-a-dialect-of-our-own-for-data.md)). The semantics stand in `docs/filters.md`.

mod condition;
mod look_up;
mod number;
mod plan;
mod pointer;
mod read;
mod schema;
#[cfg(test)]
mod tests;
mod value;
mod write;

use std::borrow::Cow;

pub use self::condition::{Bound, Condition, Decimal, Like, Scalar};
pub use self::look_up::MAX_VALUES;
pub use self::number::MAX_EXPONENT_DIGITS;
pub use self::plan::Plan;
pub use self::pointer::{MAX_POINTER_BYTES, MAX_TOKENS, Pointer};
pub use self::read::{MAX_LIST, MAX_POINTERS, MAX_TEXT_BYTES};
pub(super) use self::schema::schema;
pub use self::value::Value;

use self::look_up::{Failure, Found};
use super::{Answer, Facts};
use crate::domain::event::{Event, JsonData};

/// One expression of the dialect: pointers, each with what must be so there.
#[derive(Debug, Clone)]
pub struct Expression {
    clauses: Box<[Clause]>,
    /// For an event that is looked at for this expression alone.
    plan: Plan,
}

/// What must be so where one pointer leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Where.
    pub pointer: Pointer,
    /// What.
    pub wanted: Wanted,
}

/// What must be so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// There is a value for which all of these hold; with `*`, at least one.
    Value(Box<[Condition]>),
    /// There is no value: `exists` with `false`.
    Nothing,
}

/// The data of an event, ready to be looked through.
#[derive(Debug)]
pub(super) enum Reading<'e> {
    /// Nothing is there: no data, or no JSON.
    Nothing,
    /// It says that it is JSON and is none.
    Unreadable,
    /// A text; and what was found in it for all subscriptions at once, if that was possible.
    Text { text: Cow<'e, str>, shared: Option<(&'e Plan, Found)> },
}

impl Expression {
    pub(super) fn new(clauses: Box<[Clause]>) -> Self {
        let plan = Plan::new(clauses.iter().map(|clause| &clause.pointer));
        Self { clauses, plan }
    }

    /// Its clauses, in the order they were written.
    #[must_use]
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// How many conditions it has.
    #[must_use]
    pub fn condition_count(&self) -> usize {
        let count = |clause: &Clause| match &clause.wanted {
            Wanted::Nothing => 1,
            Wanted::Value(conditions) => conditions.len(),
        };
        self.clauses.iter().map(count).sum()
    }

    /// Whether the data is as the expression says.
    #[must_use]
    pub fn ask(&self, facts: &Facts<'_>) -> Answer {
        self.look(facts, |sight| {
            sight.map_or(Answer::Fault, |sight| {
                Answer::all(self.clauses.iter().map(|clause| clause.ask(sight.values(&clause.pointer))))
            })
        })
    }

    /// What each clause says by itself, with the values that its pointer leads to, as they are written, at most `max_values` of
    /// them. `None` if the data could not be looked through.
    #[must_use]
    pub fn answers(&self, facts: &Facts<'_>, max_values: usize) -> Option<Vec<(&Clause, Answer, Vec<String>)>> {
        self.look(facts, |sight| {
            let sight = sight?;
            let values = |clause: &Clause| sight.values(&clause.pointer);
            let answer = |clause| {
                let shown = values(clause).take(max_values).map(|value| value.as_json().to_owned()).collect();
                (clause, clause.ask(values(clause)), shown)
            };
            Some(self.clauses.iter().map(answer).collect())
        })
    }

    /// Finds what the pointers lead to: from what was found for everybody, or in a look-up of its own.
    fn look<T>(&self, facts: &Facts<'_>, then: impl FnOnce(Option<Sight<'_>>) -> T) -> T {
        match facts.data() {
            Reading::Nothing => then(Some(Sight::Nothing)),
            Reading::Unreadable => then(None),
            Reading::Text { text, shared: Some((plan, found)) } if self.is_in(plan) => {
                then(Some(Sight::Text { text, plan, found }))
            }
            Reading::Text { text, .. } => {
                let found = Found::in_text(text, &self.plan).ok();
                then(found.as_ref().map(|found| Sight::Text { text, plan: &self.plan, found }))
            }
        }
    }

    fn is_in(&self, plan: &Plan) -> bool {
        self.clauses.iter().all(|clause| plan.slot(&clause.pointer).is_some())
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.clauses == other.clauses
    }
}

impl Eq for Expression {}

impl Clause {
    fn ask<'t>(&self, mut values: impl Iterator<Item = Value<'t>>) -> Answer {
        match &self.wanted {
            Wanted::Nothing => values.next().is_none().into(),
            Wanted::Value(conditions) => Answer::any(values.map(|value| {
                let read = value.read();
                Answer::all(conditions.iter().map(|condition| condition.ask(value, &read)))
            })),
        }
    }
}

/// What was found in an event's data.
enum Sight<'f> {
    Nothing,
    Text { text: &'f str, plan: &'f Plan, found: &'f Found },
}

impl<'f> Sight<'f> {
    fn values(&self, pointer: &Pointer) -> impl Iterator<Item = Value<'f>> + use<'f> {
        let values = match self {
            Self::Nothing => None,
            Self::Text { text, plan, found } => plan.slot(pointer).map(|slot| found.values(slot, text)),
        };
        values.into_iter().flatten()
    }
}

impl<'e> Reading<'e> {
    /// The data of `event`, looked through for `plan` if there is one.
    pub(super) fn of(event: &'e Event, plan: Option<&'e Plan>) -> Self {
        let text = match event.json_data() {
            JsonData::None => return Self::Nothing,
            JsonData::NoText => return Self::Unreadable,
            JsonData::Text(text) => text,
        };
        match plan.map(|plan| (plan, Found::in_text(&text, plan))) {
            Some((_, Err(Failure::Syntax))) => Self::Unreadable,
            Some((plan, Ok(found))) => Self::Text { text, shared: Some((plan, found)) },
            // Too much for all of them together: each expression looks for its own, which is bounded.
            None | Some((_, Err(Failure::TooMuch))) => Self::Text { text, shared: None },
        }
    }
}
