//! `[metrics]`: what is counted, and who may look.

use serde::{Deserialize, Serialize};

/// Settings of metrics; `default.toml` says what each means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Only credentials with the scope `admin` for all tenants may look.
    pub require_key: bool,
    /// How often waiting and dead deliveries are counted.
    pub count_interval_ms: u64,
    /// Count attempts of single subscriptions too.
    pub per_subscription: bool,
    /// How many subscriptions get series of their own then.
    pub max_subscriptions: usize,
}
