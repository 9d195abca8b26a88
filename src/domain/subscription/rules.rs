//! The part of a subscription that decides which events it gets.

use serde::{Deserialize, Serialize};

use super::Spec;
use crate::domain::filter::Filter;

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
