//! `[dispatch]`: deliveries.

use serde::{Deserialize, Serialize};

/// Settings of delivering; `default.toml` says what each means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dispatch {
    /// Deliveries held in memory by this node.
    pub max_in_memory: usize,
    /// Bytes of their events.
    pub max_in_memory_bytes: usize,
    /// Deliveries of one subscription held in memory.
    pub max_in_memory_per_lane: usize,
    /// Open requests to all sinks.
    pub max_concurrency: usize,
    /// Limit for a connection to be made.
    pub connect_timeout_ms: u64,
    /// Idle connections kept per sink.
    pub max_idle_per_sink: usize,
    /// How long an idle connection is kept.
    pub idle_timeout_ms: u64,
    /// Bytes of an answer that are read.
    pub max_response_bytes: usize,
    /// How long a node's leases outlive its last heartbeat.
    pub lease_ms: u64,
    /// How often a node says that it is alive.
    pub heartbeat_ms: u64,
    /// How often the database is searched for due deliveries.
    pub sweep_ms: u64,
}
