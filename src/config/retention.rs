//! `[retention]`: how long events are kept.

use serde::{Deserialize, Serialize};

/// Settings of retention; `default.toml` says what each means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// How long events are kept where their tenant says nothing else; 0 is for ever.
    pub keep_ms: u64,
    /// How long their data is kept where their tenant says nothing else; 0 is for as long as the events.
    pub data_ms: u64,
    /// How often what is too old is looked for.
    pub interval_ms: u64,
    /// Events deleted in one transaction.
    pub batch_events: u32,
    /// The pause after each such transaction.
    pub pause_ms: u64,
}
