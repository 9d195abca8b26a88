//! `[explain]`: how much may be spent on explaining where events go.

use serde::{Deserialize, Serialize};

/// Settings of explanations and of trying filters on past events; `default.toml` says what each means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explain {
    /// Past events that one call may look at.
    pub max_events: u32,
    /// How long one call looks.
    pub time_limit_ms: u64,
    /// Calls at once.
    pub max_concurrency: usize,
}
