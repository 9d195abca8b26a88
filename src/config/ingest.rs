//! `[ingest]`: what is taken in, and how.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::clock::Timestamp;
use crate::domain::event::read::Limits;

/// Settings of receiving events; `default.toml` says what each means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ingest {
    /// Bytes of one request's body.
    pub max_body_bytes: usize,
    /// Events in one batch.
    pub max_batch_events: usize,
    /// Attributes of one event.
    pub max_attributes: usize,
    /// How far ahead an event's `deliverafter` may lie.
    pub max_delay_ms: u64,
    /// Header values that do not decode by the letter.
    pub header_decoding: HeaderDecoding,
    /// Origins that may post after the webhook handshake.
    pub allowed_origins: Vec<String>,
    /// Requests a minute that such a sender is told it may make; 0 means no limit.
    pub allowed_rate: u32,
    /// Whether a credential may come as the query parameter `access_token`.
    pub access_token_in_query: bool,
}

impl Ingest {
    /// How much a request may hold that came at `now`.
    #[must_use]
    pub fn limits(&self, now: Timestamp) -> Limits {
        Limits {
            max_attributes: self.max_attributes,
            max_batch_events: self.max_batch_events,
            latest_delivery: now.plus(Duration::from_millis(self.max_delay_ms)),
        }
    }
}

/// What to do with a header value that does not decode by the letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeaderDecoding {
    /// Refuse it.
    Strict,
    /// Take it literally in `ce-source` and `ce-dataschema` where only the text as it stands is a URI.
    LenientUris,
    /// Take it literally.
    Lenient,
}
