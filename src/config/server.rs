//! `[server]`: the HTTP server.

use serde::{Deserialize, Serialize};

/// Settings of the HTTP server; `default.toml` says what each means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port.
    pub listen: String,
    /// Where it is reached from outside; empty if that is not known.
    pub public_url: String,
    /// Connections open at once.
    pub max_connections: usize,
    /// Requests worked on at once.
    pub max_requests: usize,
    /// Limit for a request's headers to arrive, and for a connection to have none under way.
    pub header_timeout_ms: u64,
    /// Limit for a request's body to arrive.
    pub body_timeout_ms: u64,
    /// Bytes of headers in a request; at least 8192.
    pub max_header_bytes: u32,
    /// Header lines in a request.
    pub max_headers: usize,
    /// Live tails of events open at once.
    pub max_tails: usize,
    /// Those of one tenant.
    pub max_tails_per_tenant: usize,
    /// How long a stop waits for what is under way.
    pub grace_period_ms: u64,
}

/// What a node does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Accepts and delivers.
    All,
    /// Accepts and answers the API; delivers nothing.
    Api,
    /// Delivers; answers only health checks and metrics.
    Dispatcher,
}

impl Role {
    /// The role's name, as in `role`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Api => "api",
            Self::Dispatcher => "dispatcher",
        }
    }

    /// Whether this node serves the API.
    #[must_use]
    pub const fn serves_api(self) -> bool {
        matches!(self, Self::All | Self::Api)
    }

    /// Whether this node delivers.
    #[must_use]
    pub const fn dispatches(self) -> bool {
        matches!(self, Self::All | Self::Dispatcher)
    }
}
