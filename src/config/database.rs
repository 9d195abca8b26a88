//! `[database]`: where everything is kept.

use serde::{Deserialize, Serialize};

use crate::domain::secret::Secret;

/// Settings of the database; `default.toml` says what each means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite://PATH` or `postgres://…`.
    pub url: String,
    /// A file that holds the URL.
    pub url_file: Option<String>,
    /// What stands between nodes and the server.
    pub pooler: Pooler,
    /// A URL of the server itself, where `url` is a pooler's.
    pub direct_url: Option<Secret>,
    /// A file that holds it.
    pub direct_url_file: Option<String>,
    /// A URL of a streaming replica that lists may be read from.
    pub replica_url: Option<Secret>,
    /// A file that holds it.
    pub replica_url_file: Option<String>,
    /// How far the replica may be behind.
    pub max_replica_lag_ms: u64,
    /// Bring the schema up to date at start.
    pub migrate: bool,
    /// The stretch of time that one partition holds, on Postgres; 0 makes none.
    pub partition_ms: u64,
    /// Connections of this node.
    pub max_connections: u32,
    /// Limit for getting a connection.
    pub acquire_timeout_ms: u64,
    /// Nodes on one Postgres tell each other what is due.
    pub notify: bool,
}

/// What stands between nodes and the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooler {
    /// Nothing, or what keeps a connection for as long as the node does.
    None,
    /// What gives a connection to somebody else after each transaction, such as `PgBouncer` with `pool_mode = transaction`.
    Transaction,
}
