//! `[jobs]`: replays.

use serde::{Deserialize, Serialize};

/// Settings of jobs; `default.toml` says what each means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jobs {
    /// Steps made at once by this node.
    pub max_concurrency: usize,
    /// How long a node may take for a step.
    pub lease_ms: u64,
    /// How often a node looks for jobs that it was not told of.
    pub poll_ms: u64,
    /// Jobs of one tenant that run or are paused.
    pub max_open_per_tenant: u32,
    /// The longest stretch of the past that one replay covers.
    pub max_range_ms: u64,
    /// Deliveries opened in a second if the replay does not say.
    pub default_rate_per_second: u32,
    /// The most deliveries a replay may open in a second.
    pub max_rate_per_second: u32,
    /// Deliveries of one replay that were opened and nobody has tried yet.
    pub max_unattempted: u32,
    /// Pending deliveries of a subscription at which its replays wait.
    pub max_pending: u32,
    /// Events that a dry run looks at.
    pub max_dry_run_events: u32,
    /// How long finished jobs are kept.
    pub keep_ms: u64,
}
