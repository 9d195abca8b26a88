//! The handshake with a subscription's sink, as it is shown: where it stands, and why.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::clock::Timestamp;
use crate::domain::handshake::{self, Heard, State};

/// Whether a sink agrees to deliveries: the CloudEvents webhook handshake.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SubscriptionHandshake)]
pub(super) struct Handshake {
    /// Where it stands.
    state: State,
    /// The name that it was asked in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    origin: Option<String>,
    /// The requests a minute that were asked for, if any were.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    requested_rate: Option<u32>,
    /// The requests a minute that it allows; absent if it names no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    allowed_rate: Option<u32>,
    /// When it agreed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    allowed_at: Option<Timestamp>,
    /// When it was last asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    asked_at: Option<Timestamp>,
    /// When it is asked next.
    next_ask_at: Timestamp,
    /// How often it was asked in vain since it last said something.
    attempt_count: u32,
    /// Until when it may still agree by the callback.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    callback_expires_at: Option<Timestamp>,
    /// What was last heard of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_answer: Option<Heard>,
    /// The status of its last answer, which decides nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_status: Option<u16>,
    /// Why its last answer was no permission, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_error: Option<String>,
}

impl From<handshake::Handshake> for Handshake {
    fn from(handshake: handshake::Handshake) -> Self {
        let state = handshake.state();
        let (asked, permission, last) = (handshake.asked, handshake.permission, handshake.last);
        Self {
            state,
            requested_rate: asked.as_ref().and_then(|asked| asked.requested_rate),
            asked_at: asked.as_ref().map(|asked| asked.at),
            origin: asked.map(|asked| asked.origin),
            allowed_rate: permission.as_ref().and_then(|permission| permission.rate),
            allowed_at: permission.map(|permission| permission.at),
            next_ask_at: handshake.next_ask_at,
            attempt_count: handshake.attempt_count,
            callback_expires_at: handshake.callback.map(|callback| callback.expires_at),
            last_answer: last.as_ref().map(|last| last.heard),
            last_status: last.as_ref().and_then(|last| last.status),
            last_error: last.and_then(|last| last.error),
        }
    }
}
