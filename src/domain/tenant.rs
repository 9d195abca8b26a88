//! Tenants: whose events, subscriptions and deliveries are kept apart from all others'.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::clock::Timestamp;
use super::retention::Retention;
use super::shard::ShardNumber;

/// A tenant's name: `[a-z0-9][a-z0-9_-]{0,62}`, chosen by whoever creates it. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantName(Arc<str>);

/// A text that is no tenant name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a tenant name: 1 to 63 of a-z, 0-9, `_` and `-`, beginning with a letter or digit")]
pub struct InvalidTenantName;

impl TenantName {
    /// The tenant that exists from the start.
    pub const DEFAULT: &'static str = "default";

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TenantName {
    fn default() -> Self {
        Self(Self::DEFAULT.into())
    }
}

impl FromStr for TenantName {
    type Err = InvalidTenantName;

    fn from_str(text: &str) -> Result<Self, InvalidTenantName> {
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let is_valid = (1..=63).contains(&text.len())
            && text.bytes().all(|byte| is_letter(byte) || byte == b'_' || byte == b'-')
            && is_letter(text.as_bytes()[0]);
        if is_valid { Ok(Self(text.into())) } else { Err(InvalidTenantName) }
    }
}

impl fmt::Display for TenantName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for TenantName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// A tenant as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its name, which is its identity.
    pub name: TenantName,
    /// What it is, in its administrator's words.
    pub description: Option<String>,
    /// How long its events are kept, if it says so.
    pub retention: Option<Retention>,
    /// When it was created.
    pub created_at: Timestamp,
    /// The database that all its own lies in, for ever.
    pub shard: ShardNumber,
}
