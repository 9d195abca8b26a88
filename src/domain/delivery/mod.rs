//! Deliveries: the duty to bring one event to one subscription, and the attempts made to fulfil it.
//!
//! [`state`] is the state machine, [`verdict`] decides what an attempt's outcome means. Both are pure.

mod attempt;
mod error_attributes;
pub mod state;
pub mod verdict;

pub use attempt::{Attempt, ErrorClass, Outcome, VerdictKind};
pub use error_attributes::ErrorAttributes;
pub use state::DeliveryState;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::clock::Timestamp;
use super::id::{DeliveryId, EventId, JobId, SubscriptionId};
use super::tenant::TenantName;

/// A delivery as stored: one per event and subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its identifier.
    pub id: DeliveryId,
    /// Whose it is.
    pub tenant: TenantName,
    /// The event to bring.
    pub event_id: EventId,
    /// The subscription to bring it to.
    pub subscription_id: SubscriptionId,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts made in all.
    pub attempt_count: u32,
    /// Attempts made since it was last opened: redelivering gives a fresh budget and keeps the history.
    pub budget_attempt_count: u32,
    /// When it is due, while it is pending; none if it waits behind another delivery of its key.
    pub next_attempt_at: Option<Timestamp>,
    /// Why it is dead, if it is.
    pub reason: Option<DeadReason>,
    /// The status of the last answer, if there was one.
    pub last_status: Option<u16>,
    /// Why the last attempt failed, if it did.
    pub last_error_class: Option<ErrorClass>,
    /// When it was created: when its event was accepted, or when a replay made up for it.
    pub created_at: Timestamp,
    /// When it was delivered, died or was cancelled.
    pub finished_at: Option<Timestamp>,
    /// The replay that created it or last opened it.
    pub replay_job_id: Option<JobId>,
}

impl Delivery {
    /// Whether it waits behind another delivery of its key.
    #[must_use]
    pub fn waits_in_line(&self) -> bool {
        self.state == DeliveryState::Pending && self.next_attempt_at.is_none()
    }
}

/// Why a delivery will not be tried again by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadReason {
    /// The retry policy allows no further attempt.
    Exhausted,
    /// The sink answered 410: it does not want events any more.
    Gone,
    /// Its subscription was disabled before it could be delivered.
    Disabled,
    /// Another attempt can't mend it: the request can't be made from the subscription and the event, or the sink's answer is one
    /// that the retry policy takes as final.
    Permanent,
    /// The event expired (its extension `expirytime`) before it could be delivered.
    Expired,
}

impl DeadReason {
    /// Every reason.
    pub const ALL: [Self; 5] = [Self::Exhausted, Self::Gone, Self::Disabled, Self::Permanent, Self::Expired];

    /// Whether the delivery failed, and a later one might succeed that somebody helps. Of an ordered subscription only these hold up
    /// what comes after: an event that expired is wanted no more, and a subscription that ended delivers nothing.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Exhausted | Self::Permanent)
    }

    /// The reason's name, as in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exhausted => "exhausted",
            Self::Gone => "gone",
            Self::Disabled => "disabled",
            Self::Permanent => "permanent",
            Self::Expired => "expired",
        }
    }

    /// The reason of that name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }
}
