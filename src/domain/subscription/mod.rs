//! Subscriptions: a standing interest in events, where to bring them and how (CloudEvents Subscriptions API, SPECS 1.F).
//!
//! [`Subscription`] is the resource as kept; [`Spec`] is the part its owner writes. Validation is in [`validate`].

mod config;
mod ordering;
mod outcome;
mod rules;
mod signing;
mod spec;
pub mod validate;

pub use config::{Config, ContentMode, RateLimit};
pub use ordering::{OnFailure, OrderKey, OrderedBy, Ordering};
pub use outcome::Outcome;
pub use rules::Rules;
pub use signing::{MessageAlgorithm, Scheme, Signing};
pub use spec::{Credential, Protocol, ProtocolSettings, Spec};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::clock::Timestamp;
use super::handshake::Handshake;
use super::id::SubscriptionId;
use super::secret::Secret;
use super::tenant::TenantName;

/// A subscription as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// Its identifier.
    pub id: SubscriptionId,
    /// Whose it is.
    pub tenant: TenantName,
    /// Whether events are delivered to it.
    pub status: Status,
    /// Why it is disabled, if it is.
    pub disabled_reason: Option<DisabledReason>,
    /// What its owner asked for.
    pub spec: Spec,
    /// What signs its deliveries, shared secrets and key pairs, newest first; older ones sign too until they expire.
    pub secrets: Vec<SigningSecret>,
    /// Whether its sink agrees to deliveries; none if it is not asked.
    pub handshake: Option<Handshake>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Whether events are delivered to a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Events are matched and delivered.
    Active,
    /// Events are matched and kept; they flow when it is resumed.
    Paused,
    /// Nothing is matched or delivered; what it missed can be replayed.
    Disabled,
    /// Waits for its sink to agree to deliveries (CloudEvents webhook handshake); nothing is matched.
    Unverified,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Active, Self::Paused, Self::Disabled, Self::Unverified];

    /// The status's name, as in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
            Self::Unverified => "unverified",
        }
    }

    /// Whether new events get a delivery to a subscription in this status.
    #[must_use]
    pub const fn collects(self) -> bool {
        matches!(self, Self::Active | Self::Paused)
    }
}

/// Why a subscription was disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DisabledReason {
    /// The sink answered 410 Gone.
    Gone,
    /// Nothing went well at its sink for as long as the breaker's `disable_after_ms` says.
    Failing,
}

/// A secret that signs deliveries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningSecret {
    /// The secret in its text form (`whsec_…`), or a key pair in its own (`whsk_…`).
    pub secret: Secret,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it signs; the newest has no end.
    pub expires_at: Option<Timestamp>,
}

impl Subscription {
    /// The secrets that sign at `now`, newest first.
    pub fn active_secrets(&self, now: Timestamp) -> impl Iterator<Item = &Secret> {
        self.secrets.iter().filter(move |held| held.signs(now)).map(|held| &held.secret)
    }
}
