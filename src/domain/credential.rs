//! Who may do what: scopes, API keys, and the caller that authentication makes of a credential.

use std::fmt;

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::clock::Timestamp;
use super::id::ApiKeyId;
use super::tenant::TenantName;

/// One thing a credential allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub enum Scope {
    /// Post events.
    #[serde(rename = "events:write")]
    EventsWrite,
    /// Search and read events.
    #[serde(rename = "events:read")]
    EventsRead,
    /// Create, change and delete subscriptions, and see their secrets.
    #[serde(rename = "subscriptions:write")]
    SubscriptionsWrite,
    /// List and read subscriptions.
    #[serde(rename = "subscriptions:read")]
    SubscriptionsRead,
    /// Redeliver, cancel, redrive and purge.
    #[serde(rename = "deliveries:write")]
    DeliveriesWrite,
    /// List and read deliveries, attempts and dead letters.
    #[serde(rename = "deliveries:read")]
    DeliveriesRead,
    /// Everything, tenants, producers and API keys included.
    #[serde(rename = "admin")]
    Admin,
}

impl Scope {
    /// Every scope, in the order they are documented.
    pub const ALL: [Self; 7] = [
        Self::EventsWrite,
        Self::EventsRead,
        Self::SubscriptionsWrite,
        Self::SubscriptionsRead,
        Self::DeliveriesWrite,
        Self::DeliveriesRead,
        Self::Admin,
    ];

    /// The scope's name, as in JSON and in a JWT's scope claim.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EventsWrite => "events:write",
            Self::EventsRead => "events:read",
            Self::SubscriptionsWrite => "subscriptions:write",
            Self::SubscriptionsRead => "subscriptions:read",
            Self::DeliveriesWrite => "deliveries:write",
            Self::DeliveriesRead => "deliveries:read",
            Self::Admin => "admin",
        }
    }

    /// The scope of that name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Which tenants a credential reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Exactly this one.
    Tenant(TenantName),
    /// All of them; a request names one with the header `Waypost-Tenant`.
    All,
}

/// An API key as stored; the key itself is known only to its holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its identifier, for listing and revoking.
    pub id: ApiKeyId,
    /// What it is for, in its creator's words.
    pub name: String,
    /// Which tenants it reaches.
    pub reach: Reach,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// The last four characters of the key, to tell keys apart.
    pub hint: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it stops working, if ever.
    pub expires_at: Option<Timestamp>,
}

/// A person's time in the dashboard, begun with an API key. Its token is known only to the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The key it was begun with, as it is now; without one it is the development key, which is never stored.
    pub api_key: Option<ApiKey>,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What is stored and looked up instead of a text that only its holder knows: its SHA-256.
#[must_use]
pub fn hash(text: &str) -> KeyHash {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let mut hash = KeyHash::default();
    hash.copy_from_slice(digest.as_ref());
    hash
}

/// SHA-256 of an API key or of a session's token. Keys carry enough randomness that a slow hash would protect nothing and cost every request.
pub type KeyHash = [u8; 32];
