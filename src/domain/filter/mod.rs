//! Filters of the Subscriptions API (SPECS SU-6 to SU-11).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::event::Event;

/// One filter expression: an object with exactly one dialect as its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Every attribute named equals its value.
    Exact(BTreeMap<String, String>),
    /// Every attribute named begins with its value.
    Prefix(BTreeMap<String, String>),
    /// Every attribute named ends with its value.
    Suffix(BTreeMap<String, String>),
    /// Every expression matches.
    #[schema(no_recursion)]
    All(Vec<Filter>),
    /// At least one expression matches.
    #[schema(no_recursion)]
    Any(Vec<Filter>),
    /// The expression does not match.
    #[schema(no_recursion)]
    Not(Box<Filter>),
}

impl Filter {
    /// Whether `event` matches.
    #[must_use]
    pub fn matches(&self, _event: &Event) -> bool {
        todo!()
    }
}
