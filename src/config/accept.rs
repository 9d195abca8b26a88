//! `[accept]`: group commit and its queue.

use serde::{Deserialize, Serialize};

/// Settings of accepting events; `default.toml` says what each means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accept {
    /// Requests that wait for their commit.
    pub max_queued_requests: usize,
    /// Bytes that wait for their commit.
    pub max_queued_bytes: usize,
    /// Events in one commit.
    pub max_batch_events: usize,
    /// How long an event key is remembered.
    pub deduplication_window_ms: u64,
    /// Batches accepted at once.
    pub writers: usize,
}
