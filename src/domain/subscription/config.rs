//! How deliveries to a subscription are made.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Ordering, Signing};
use crate::domain::breaker;
use crate::domain::clock::Timestamp;
use crate::domain::event::{Format, HeaderEncoding};
use crate::domain::handshake::Policy;
use crate::domain::retry::RetryPolicy;

/// The delivery policy of a subscription.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = SubscriptionConfig)]
pub struct Config {
    /// How events lie on HTTP.
    pub content_mode: ContentMode,
    /// The event format wherever the whole event is the body.
    pub format: Format,
    /// How attributes are spelt in `ce-` headers, in binary mode.
    #[serde(skip_serializing_if = "is_default")]
    #[schema(required = false)]
    pub header_encoding: HeaderEncoding,
    /// How deliveries are signed.
    #[serde(skip_serializing_if = "is_default")]
    #[schema(required = false)]
    pub signature: Signing,
    /// Limit of one whole exchange with the sink, answer included, in milliseconds; 100 to 120000.
    pub timeout_ms: u64,
    /// When to try again.
    pub retry: RetryPolicy,
    /// How many requests a second at most; none means no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// How many requests may be open at once, over all nodes together; 1 to 1000.
    pub max_concurrency: u32,
    /// How long each event is held back after it was accepted, in milliseconds; at most 30 days. An event's own `deliverafter` holds
    /// too: the later of the two counts.
    #[serde(skip_serializing_if = "is_default")]
    #[schema(required = false, maximum = 2_592_000_000_u64)]
    pub delay_ms: u64,
    /// Whether events with the same key are delivered one after the other, in the order in which they were accepted.
    #[serde(skip_serializing_if = "is_default")]
    #[schema(required = false)]
    pub ordering: Ordering,
    /// Whether the sink is asked before events are delivered to it (the CloudEvents webhook handshake); absent: as the server is set
    /// up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub handshake: Option<Policy>,
    /// When its sink is left alone because it fails; absent: as the server is set up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub breaker: Option<breaker::Overrides>,
    /// The URL that events are sent to whose deliveries died, with what they died of (Knative's `deadLetterSink`, which is read as
    /// well).
    #[serde(skip_serializing_if = "Option::is_none", alias = "deadLetterSink")]
    pub dead_letter_sink: Option<String>,
}

impl Config {
    /// The longest `delay_ms`: 30 days.
    pub const MAX_DELAY_MS: u64 = 30 * 24 * 60 * 60 * 1000;

    /// When an event that is accepted at `now` may be delivered for the first time, if it asks to wait for `deliver_after` itself.
    #[must_use]
    pub fn not_before(&self, deliver_after: Option<Timestamp>, now: Timestamp) -> Timestamp {
        let own = now.plus(Duration::from_millis(self.delay_ms));
        deliver_after.map_or(own, |moment| moment.max(own))
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            content_mode: ContentMode::Structured,
            format: Format::Json,
            header_encoding: HeaderEncoding::Spec,
            signature: Signing::default(),
            timeout_ms: 15_000,
            retry: RetryPolicy::default(),
            rate_limit: None,
            max_concurrency: 16,
            delay_ms: 0,
            ordering: Ordering::None,
            handshake: None,
            breaker: None,
            dead_letter_sink: None,
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// How an event lies on HTTP (CloudEvents HTTP binding).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContentMode {
    /// One JSON document with everything in it: the signature covers the attributes.
    Structured,
    /// Attributes as `ce-` headers, data as the body. Events without data or content type go structured all the same.
    Binary,
    /// The data alone, without any attribute: what a receiver of plain webhooks expects. Events without data or content type go
    /// structured all the same.
    Data,
}

/// A token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Requests a second in the long run; above 0, at most 100000.
    pub per_second: f64,
    /// Requests that may go at once after a quiet time; at least 1.
    pub burst: u32,
}
