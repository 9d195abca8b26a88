//! Configuration: built-in `default.toml` < `waypost.toml` < `WAYPOST_*` < flags. One file per section.
//!
//! Sections are plain data that every layer may read. Defaults stand in `default.toml` and nowhere else, so that the file
//! documents them. Unknown keys are errors, and so are numbers out of their [`bounds`]. [`load()`] reads all the layers; durations are in milliseconds, sizes in bytes.

mod accept;
mod auth;
mod bounds;
mod breaker;
mod database;
mod dispatch;
mod egress;
mod encryption;
mod explain;
mod handshake;
mod ingest;
mod jobs;
mod load;
mod log;
mod metrics;
mod retention;
mod secrets;
mod server;

pub use accept::Accept;
pub use auth::{Auth, Jwt, JwtKey};
pub use breaker::Breaker;
pub use database::{Database, Pooler, Shard};
pub use dispatch::Dispatch;
pub use egress::Egress;
pub use encryption::Encryption;
pub use explain::Explain;
pub use handshake::Handshake;
pub use ingest::{HeaderDecoding, Ingest};
pub use jobs::Jobs;
pub use load::{ConfigError, Source, load};
pub use log::{Log, LogFormat};
pub use metrics::Metrics;
pub use retention::Retention;
pub use server::{Role, Server};

use serde::{Deserialize, Serialize};

/// Everything that can be configured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Development mode: sinks on loopback and plain http allowed, a built-in inbox, a first subscription. Never in production.
    pub dev: bool,
    /// What this node does.
    pub role: Role,
    /// The HTTP server.
    pub server: Server,
    /// Where everything is kept.
    pub database: Database,
    /// What is taken in, and how.
    pub ingest: Ingest,
    /// Group commit and its queue.
    pub accept: Accept,
    /// Deliveries.
    pub dispatch: Dispatch,
    /// Sinks in trouble.
    pub breaker: Breaker,
    /// Replays.
    pub jobs: Jobs,
    /// How long events are kept.
    pub retention: Retention,
    /// Where deliveries may go.
    pub egress: Egress,
    /// Whether sinks are asked before events are delivered to them.
    pub handshake: Handshake,
    /// Who may do what.
    pub auth: Auth,
    /// How secrets are kept.
    pub encryption: Encryption,
    /// What explanations may cost.
    pub explain: Explain,
    /// What is logged.
    pub log: Log,
    /// What is counted.
    pub metrics: Metrics,
}

impl Config {
    /// The built-in defaults.
    ///
    /// # Panics
    /// Never: a test reads `default.toml`.
    #[must_use]
    pub fn builtin() -> Self {
        toml::from_str(DEFAULTS).expect("default.toml is complete and valid, as a test shows")
    }
}

/// The text of `default.toml`.
pub const DEFAULTS: &str = include_str!("default.toml");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_defaults_are_complete() {
        toml::from_str::<Config>(DEFAULTS).unwrap();
    }
}
