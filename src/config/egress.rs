//! `[egress]`: where deliveries may go.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// Settings of the egress guard; `default.toml` says what each means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Egress {
    /// Networks allowed although they are private, loopback or link-local.
    pub allow: Vec<IpNet>,
    /// Allow sinks with plain http.
    pub allow_http: bool,
}
