//! Dead letters on their way to their subscription's dead-letter sink.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::clock::Timestamp;
use crate::domain::delivery::ErrorAttributes;
use crate::domain::event::Accepted;
use crate::domain::id::{DeliveryId, SubscriptionId};

/// Where a forward stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ForwardState {
    /// Waits for its time.
    Pending,
    /// The dead-letter sink has it.
    Delivered,
    /// Will not be tried again.
    Failed,
}

impl ForwardState {
    /// The state's name, as in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    /// The state of that name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Pending, Self::Delivered, Self::Failed].into_iter().find(|state| state.as_str() == name)
    }
}

/// What became of sending a dead letter on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// Where it stands.
    pub state: ForwardState,
    /// Attempts made.
    pub attempt_count: u32,
    /// When it is due, while it is pending.
    pub next_attempt_at: Option<Timestamp>,
    /// The status of the last answer, if there was one.
    pub last_status: Option<u16>,
    /// Why the last attempt failed, in words, if it did.
    pub last_error: Option<String>,
    /// When its delivery died.
    pub created_at: Timestamp,
    /// When it arrived or was given up.
    pub finished_at: Option<Timestamp>,
}

/// A forward leased to whoever claimed it, with everything needed to attempt it.
#[derive(Debug, Clone)]
pub struct LeasedForward {
    /// The delivery that died.
    pub delivery_id: DeliveryId,
    /// The value the row must still hold to be changed.
    pub token: i64,
    /// Whose dead-letter sink is meant.
    pub subscription_id: SubscriptionId,
    /// Attempts made.
    pub attempt_count: u32,
    /// Why the delivery died.
    pub error: ErrorAttributes,
    /// The event.
    pub event: Accepted,
}

/// What came of a leased forward.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardReport {
    /// The delivery that died.
    pub delivery_id: DeliveryId,
    /// The token it was leased under.
    pub token: i64,
    /// What is to become of it.
    pub then: ForwardThen,
    /// Whether an attempt was made.
    pub is_attempted: bool,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// Why it failed, in words, if it did.
    pub error: Option<String>,
}

/// What is to become of a forward after its lease ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForwardThen {
    /// `delivered`.
    Delivered,
    /// `pending`, due at this moment.
    Retry(Timestamp),
    /// `failed`.
    Failed,
}
