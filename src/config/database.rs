//! `[database]`: where everything is kept.

use serde::{Deserialize, Serialize};

/// Settings of the database; `default.toml` says what each means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite://PATH` or `postgres://…`.
    pub url: String,
    /// A file that holds the URL.
    pub url_file: Option<String>,
    /// Bring the schema up to date at start.
    pub migrate: bool,
    /// Connections of this node.
    pub max_connections: u32,
    /// Limit for getting a connection.
    pub acquire_timeout_ms: u64,
    /// Nodes on one Postgres tell each other what is due.
    pub notify: bool,
}
