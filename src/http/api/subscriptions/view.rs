//! Subscriptions as JSON shows them: never with a secret, but where that is the purpose.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::agreement::Handshake;
use super::health::Health;
use crate::domain::clock::Timestamp;
use crate::domain::filter::{self, Filter};
use crate::domain::id::SubscriptionId;
use crate::domain::secret::Secret;
use crate::domain::subscription::{self, Config, Credential, DisabledReason, Protocol, ProtocolSettings, Spec, Status};

/// A standing interest in events, where to bring them and how.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Subscription {
    /// Its identifier.
    id: SubscriptionId,
    /// Whether events are delivered to it.
    status: Status,
    /// Why it is disabled, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    disabled_reason: Option<DisabledReason>,
    /// The URL that events are delivered to.
    sink: String,
    /// How they get there.
    protocol: Protocol,
    /// Only events of exactly this source.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    source: Option<String>,
    /// Only events of one of these types; empty means all.
    types: Vec<String>,
    /// Only events that all of these match.
    filters: Vec<Filter>,
    /// How the request is made.
    protocolsettings: ProtocolSettings,
    /// Of what kind the credential is that is used at the sink; the credential itself is never shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sinkcredential: Option<ShownCredential>,
    /// What it is for, in its owner's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    description: Option<String>,
    /// The owner's own labels.
    metadata: BTreeMap<String, String>,
    /// How deliveries are made.
    config: Config,
    /// What its owner should look at again: legal, but perhaps not what was meant. Absent if there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    warnings: Vec<Warning>,
    /// Whether its sink agrees to deliveries; absent if it is not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    handshake: Option<Handshake>,
    /// How its sink does; absent while that is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    health: Option<Health>,
    /// When it was created.
    created_at: Timestamp,
    /// When it was last changed.
    updated_at: Timestamp,
}

/// A doubt about a subscription. It changes nothing.
#[derive(Debug, Serialize, ToSchema)]
struct Warning {
    /// The member it is about, as a JSON Pointer (RFC 6901).
    pointer: String,
    /// What is doubtful, and how to write it beyond doubt.
    detail: String,
}

/// What is shown of a credential.
#[derive(Debug, Serialize, ToSchema)]
struct ShownCredential {
    /// Its kind: `PLAIN` or `ACCESSTOKEN`.
    credentialtype: &'static str,
}

/// The name of a credential's kind (SPECS SU-5).
pub(super) const fn credential_type(credential: &Credential) -> &'static str {
    match credential {
        Credential::Plain { .. } => "PLAIN",
        Credential::AccessToken { .. } => "ACCESSTOKEN",
    }
}

impl From<subscription::Subscription> for Subscription {
    fn from(subscription: subscription::Subscription) -> Self {
        let Spec { sink, protocol, source, types, filters, protocolsettings, sinkcredential, description, metadata, config } =
            subscription.spec;
        let warnings = filter::warnings(&filters).into_iter();
        let warnings = warnings.map(|(pointer, detail)| Warning { pointer: format!("/filters{pointer}"), detail }).collect();
        let sinkcredential = sinkcredential.map(|held| ShownCredential { credentialtype: credential_type(&held) });
        Self {
            id: subscription.id,
            status: subscription.status,
            disabled_reason: subscription.disabled_reason,
            sink,
            protocol,
            source,
            types,
            filters,
            protocolsettings,
            sinkcredential,
            description,
            metadata,
            config,
            warnings,
            handshake: subscription.handshake.map(Handshake::from),
            health: None,
            created_at: subscription.created_at,
            updated_at: subscription.updated_at,
        }
    }
}

impl Subscription {
    /// With the health of its sink.
    pub(super) fn with_health(self, health: Option<Health>) -> Self {
        Self { health, ..self }
    }
}

/// A subscription with its secret, as just created.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CreatedSubscription {
    #[serde(flatten)]
    pub(super) subscription: Subscription,
    /// What signs its deliveries (`whsec_…`); `/secrets` shows it again.
    pub(super) secret: Secret,
}
