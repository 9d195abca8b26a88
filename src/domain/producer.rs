//! Producers: named inbound doors, each with a verification of its own.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::clock::Timestamp;
use super::id::ProducerId;
use super::secret::Secret;
use super::tenant::TenantName;

/// How a producer proves that a request is its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProducerKind {
    /// Standard Webhooks headers, signed with HMAC-SHA256.
    StandardWebhooks,
}

/// A producer as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Producer {
    /// Its identifier, part of the URL it posts to.
    pub id: ProducerId,
    /// Whose events it posts.
    pub tenant: TenantName,
    /// What it is, in its creator's words.
    pub name: String,
    /// How it proves itself.
    pub kind: ProducerKind,
    /// Its secrets (`whsec_…`); any of them may sign, so that one can be replaced without a gap. Newest first.
    pub secrets: Vec<Secret>,
    /// When it was created.
    pub created_at: Timestamp,
}
