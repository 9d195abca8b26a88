//! How a subscription's deliveries are signed, and the keys that do it.
//!
//! Symmetric secrets and key pairs lie in one list, newest first, and are rotated together: what signs is what the list holds and
//! [`Signing`] asks for.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{SigningSecret, Subscription};
use crate::domain::clock::Timestamp;
use crate::domain::entropy::Entropy;
use crate::domain::signature::{generate_key_pair, is_key_pair};

/// Which signatures a delivery carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = SubscriptionSignature)]
pub struct Signing {
    /// What stands in `webhook-signature` (Standard Webhooks): `v1` always, `v1a` beside it where wanted.
    pub schemes: Vec<Scheme>,
    /// With which algorithm the request is signed as an HTTP message besides (RFC 9421), headers of attributes included; absent:
    /// it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub http_message: Option<MessageAlgorithm>,
}

/// A scheme of Standard Webhooks 1.0.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SignatureScheme)]
pub enum Scheme {
    /// HMAC-SHA256 with a shared secret.
    V1,
    /// Ed25519: whoever verifies needs the public key alone.
    V1a,
}

/// An algorithm of RFC 9421, by its name in the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MessageAlgorithm {
    /// With the subscription's key pair.
    Ed25519,
    /// With the subscription's secret.
    HmacSha256,
}

impl Default for Signing {
    fn default() -> Self {
        Self { schemes: vec![Scheme::V1], http_message: None }
    }
}

impl Signing {
    /// Whether `webhook-signature` holds `v1a` signatures.
    #[must_use]
    pub fn has_v1a(&self) -> bool {
        self.schemes.contains(&Scheme::V1a)
    }

    /// Whether a key pair is needed.
    #[must_use]
    pub fn needs_key_pair(&self) -> bool {
        self.has_v1a() || self.http_message == Some(MessageAlgorithm::Ed25519)
    }
}

impl SigningSecret {
    /// Whether it is an Ed25519 key pair rather than a shared secret.
    #[must_use]
    pub fn is_key_pair(&self) -> bool {
        is_key_pair(&self.secret)
    }

    /// Whether it signs at `now`.
    #[must_use]
    pub fn signs(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

impl Subscription {
    /// Makes a key pair if one is needed and there is none that lasts.
    pub fn ensure_key_pair(&mut self, entropy: &dyn Entropy, now: Timestamp) {
        let has_one = || self.secrets.iter().any(|held| held.is_key_pair() && held.expires_at.is_none());
        if self.spec.config.signature.needs_key_pair() && !has_one() {
            self.secrets.push(SigningSecret { secret: generate_key_pair(entropy), created_at: now, expires_at: None });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_members_are_v1_alone() {
        assert_eq!(serde_json::from_str::<Signing>("{}").unwrap(), Signing::default());
        let text = r#"{"schemes":["v1","v1a"],"http_message":"hmac-sha256"}"#;
        let signing: Signing = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&signing).unwrap(), text);
        assert!(signing.needs_key_pair() && !Signing::default().needs_key_pair());
    }
}
