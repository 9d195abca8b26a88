//! The CloudEvents webhook handshake as its sender: whether a sink agrees to deliveries (SPECS WA-1 to WA-7).
//!
//! Pure: [`answer`] reads what a sink said, [`course`] decides what follows from it and from what an owner changes. Who asks, and
//! when, is `dispatch`'s business.

pub mod answer;
mod course;
#[cfg(test)]
mod tests;

pub use answer::Answer;
pub use course::{Pace, follow, grant, is_expected, release, resume, settle};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::clock::Timestamp;
use super::credential::KeyHash;

/// Whether a sink is asked before events are delivered to it (WA-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = HandshakePolicy)]
pub enum Policy {
    /// Nothing is delivered before the sink agrees.
    Required,
    /// The sink is asked; until it agrees, deliveries are slow (`handshake.unpermitted_rate`).
    Preferred,
    /// The sink is never asked.
    Off,
}

/// Where a handshake stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = HandshakeState)]
pub enum State {
    /// The sink has neither agreed nor refused yet.
    Pending,
    /// The sink agreed.
    Allowed,
    /// The sink refused, or no longer agrees.
    Refused,
}

/// What was last heard of a sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = HandshakeAnswer)]
pub enum Heard {
    /// It agreed.
    Allowed,
    /// It named another origin than ours.
    Refused,
    /// It answered without saying whether it agrees; it may do so later, by the callback.
    Withheld,
    /// It could not be reached, or was too busy to answer.
    Unreachable,
}

impl Heard {
    /// Everything that can be heard.
    pub const ALL: [Self; 4] = [Self::Allowed, Self::Refused, Self::Withheld, Self::Unreachable];

    /// The name, as in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
            Self::Withheld => "withheld",
            Self::Unreachable => "unreachable",
        }
    }
}

/// The handshake with a subscription's sink. Another sink begins another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    /// When it began; no two of a subscription began at once, so this tells them apart.
    pub begun_at: Timestamp,
    /// Grows with everything written about it, so that nobody writes what was computed from an older state.
    pub revision: i64,
    /// Whether the subscription was paused when it became unverified, and is to be so again.
    pub is_paused: bool,
    /// When the sink is asked next.
    pub next_ask_at: Timestamp,
    /// How often it was asked in vain since it last said something.
    pub attempt_count: u32,
    /// The last question.
    pub asked: Option<Asked>,
    /// What a callback must know, until it is used or replaced.
    pub callback: Option<Callback>,
    /// What the sink allows.
    pub permission: Option<Permission>,
    /// What was last heard.
    pub last: Option<Last>,
}

/// A question put to a sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// When.
    pub at: Timestamp,
    /// `WebHook-Request-Origin`.
    pub origin: String,
    /// `WebHook-Request-Rate`, in requests a minute, if one was asked for.
    pub requested_rate: Option<u32>,
}

/// What a callback must know to count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// SHA-256 of its secret.
    pub hash: KeyHash,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// What a sink allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The origin that may send; every delivery carries it (WA-5).
    pub origin: String,
    /// Requests a minute; none means no limit.
    pub rate: Option<u32>,
    /// When it was given.
    pub at: Timestamp,
}

/// What was last heard, and on what evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Last {
    /// What it means.
    pub heard: Heard,
    /// The status of the answer, which decides nothing.
    pub status: Option<u16>,
    /// What was wrong, in words.
    pub error: Option<String>,
}

impl Handshake {
    /// A handshake that begins now: the sink is to be asked at once.
    #[must_use]
    pub const fn begin(now: Timestamp) -> Self {
        Self {
            begun_at: now,
            revision: 1,
            is_paused: false,
            next_ask_at: now,
            attempt_count: 0,
            asked: None,
            callback: None,
            permission: None,
            last: None,
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> State {
        let has_refused = self.last.as_ref().is_some_and(|last| last.heard == Heard::Refused);
        match self.permission {
            Some(_) => State::Allowed,
            None if has_refused => State::Refused,
            None => State::Pending,
        }
    }

    /// Notes that the sink is being asked. If nothing is heard of it, it is asked again at `until`.
    pub fn ask(&mut self, asked: Asked, callback: Option<Callback>, until: Timestamp) {
        self.asked = Some(asked);
        self.callback = callback;
        self.next_ask_at = until;
    }
}
