//! The part of a subscription that its owner writes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Config;
use crate::domain::clock::Timestamp;
use crate::domain::filter::{Answer, Facts, Filter};
use crate::domain::secret::Secret;

/// A subscription as its owner writes it; only `sink` is required (Subscriptions API, SU-1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SubscriptionSpec)]
pub struct Spec {
    /// The URL that events are delivered to.
    pub sink: String,
    /// How they get there.
    #[serde(default)]
    pub protocol: Protocol,
    /// Only events of exactly this source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Only events of one of these types; empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// Only events that all of these match.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<Filter>,
    /// How the request is made.
    #[serde(default)]
    pub protocolsettings: ProtocolSettings,
    /// What authorises the request at the sink. Write-only.
    #[schema(write_only)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sinkcredential: Option<Credential>,
    /// What it is for, in its owner's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The owner's own labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// How deliveries are made.
    #[serde(default)]
    pub config: Config,
}

impl Spec {
    /// Everything to `sink`, all else as it is by default.
    #[must_use]
    pub fn to(sink: impl Into<String>) -> Self {
        Self {
            sink: sink.into(),
            protocol: Protocol::Http,
            source: None,
            types: Vec::new(),
            filters: Vec::new(),
            protocolsettings: ProtocolSettings::default(),
            sinkcredential: None,
            description: None,
            metadata: BTreeMap::new(),
            config: Config::default(),
        }
    }

    /// Whether events of this type and source are asked for, whatever the filters say.
    #[must_use]
    pub fn asks_for(&self, event_type: &str, source: &str) -> bool {
        (self.types.is_empty() || self.types.iter().any(|wanted| wanted == event_type))
            && self.source.as_deref().is_none_or(|wanted| wanted == source)
    }

    /// Whether an event that is asked for passes all filters.
    #[must_use]
    pub fn ask(&self, facts: &Facts<'_>) -> Answer {
        Answer::all(self.filters.iter().map(|filter| filter.ask(facts)))
    }
}

/// A delivery protocol of the Subscriptions API. Case-sensitive (SU-1); Waypost delivers over HTTP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Protocol {
    /// HTTP and HTTPS.
    #[default]
    #[serde(rename = "HTTP")]
    Http,
}

/// Settings of the HTTP protocol.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProtocolSettings {
    /// Headers that every request carries, beside Waypost's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The request's method: `POST` (the default) or `PUT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
}

/// What authorises requests at the sink (SU-5). It is kept encrypted and never shown again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "credentialtype", deny_unknown_fields)]
#[schema(as = SinkCredential)]
pub enum Credential {
    /// `Authorization: Basic` with an identifier and a secret.
    #[serde(rename = "PLAIN")]
    Plain {
        /// The user name.
        identifier: String,
        /// The password.
        secret: Secret,
    },
    /// `Authorization: Bearer` with a token.
    #[serde(rename = "ACCESSTOKEN")]
    AccessToken {
        /// The token.
        accesstoken: Secret,
        /// When it stops working, if known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        accesstokenexpiresutc: Option<Timestamp>,
        /// Its type; only `bearer`, which is the default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        accesstokentype: Option<String>,
    },
}
