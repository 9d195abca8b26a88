//! The part of a subscription that decides which events it gets.

use serde::{Deserialize, Serialize};

use super::Spec;
use crate::domain::filter::{self, Answer, Explanation, Facts, Filter, MAX_CLAUSES};

/// What an event must fulfil: the members of a [`Spec`] that routing looks at, under the same names. Holds no secret.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// Only events of exactly this source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Only events of one of these types; empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// Only events that all of these match.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<Filter>,
}

impl From<&Spec> for Rules {
    fn from(spec: &Spec) -> Self {
        Self { source: spec.source.clone(), types: spec.types.clone(), filters: spec.filters.clone() }
    }
}

impl Rules {
    /// Whether `source` and `types` let an event through: what can be told without its filters.
    #[must_use]
    pub fn admits(&self, source: &str, event_type: &str) -> bool {
        self.source.as_deref().is_none_or(|wanted| wanted == source)
            && (self.types.is_empty() || self.types.iter().any(|wanted| wanted == event_type))
    }

    /// Whether an event matches: what routing says of it.
    #[must_use]
    pub fn ask(&self, facts: &Facts<'_>) -> Answer {
        let event = facts.event();
        let admitted = Answer::from(self.admits(event.source(), event.event_type()));
        Answer::all(std::iter::once(admitted).chain(self.filters.iter().map(|filter| filter.ask(facts))))
    }

    /// Why an event matches or not: of a `No` every member that says so, of a `Fault` every filter at fault, with pointers into the
    /// spec; of a `Yes` nothing, for then there is nothing to mend.
    #[must_use]
    pub fn explain(&self, facts: &Facts<'_>) -> Explanation {
        let (answer, event) = (self.ask(facts), facts.event());
        let mut clauses = Vec::new();
        if answer == Answer::No {
            let is_wanted = |wanted: &String| wanted == event.event_type();
            if !self.types.is_empty() && !self.types.iter().any(is_wanted) {
                let wanted: Vec<_> = self.types.iter().map(String::as_str).collect();
                clauses.push(filter::none_of(facts, "type", &wanted, "/types"));
            }
            if let Some(wanted) = self.source.as_deref().filter(|wanted| *wanted != event.source()) {
                clauses.push(filter::none_of(facts, "source", &[wanted], "/source"));
            }
        }
        if answer != Answer::Yes {
            for (index, filter) in self.filters.iter().enumerate().filter(|(_, filter)| filter.ask(facts) == answer) {
                let found = filter.explain(facts).clauses;
                clauses.extend(found.into_iter().map(|clause| clause.below(&format!("/filters/{index}"))));
                if clauses.len() >= MAX_CLAUSES {
                    break;
                }
            }
        }
        clauses.truncate(MAX_CLAUSES);
        Explanation { answer, clauses }
    }
}

#[cfg(test)]
mod tests;
