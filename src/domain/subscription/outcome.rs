//! What became of an event at a subscription.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Status;
use crate::domain::filter::Answer;

/// What became of an event at a subscription, or would become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It matched: there is a delivery.
    Matched,
    /// It matched while the subscription was paused: there is a delivery, which waited until it was resumed.
    Paused,
    /// It matched, and its delivery ended because the event's `expirytime` came first.
    Expired,
    /// The type, the source or a filter is another: `clauses` says which.
    NotMatched,
    /// A filter could not be asked of this event: `clauses` says why. What can't be told does not match.
    Fault,
    /// It would have matched, but the subscription was disabled.
    Disabled,
    /// It would have matched, but the sink had not agreed to deliveries yet.
    Unverified,
    /// The subscription was created after the event was accepted.
    CreatedAfter,
    /// The subscription was deleted before the event was accepted.
    Deleted,
    /// What the subscription was back then is not kept any longer.
    Unknown,
}

impl Outcome {
    /// What a subscription in this status makes of an event of which its rules say `answer`.
    #[must_use]
    pub const fn of(status: Status, answer: Answer) -> Self {
        match (answer, status) {
            (Answer::No, _) => Self::NotMatched,
            (Answer::Fault, _) => Self::Fault,
            (Answer::Yes, Status::Active) => Self::Matched,
            (Answer::Yes, Status::Paused) => Self::Paused,
            (Answer::Yes, Status::Disabled) => Self::Disabled,
            (Answer::Yes, Status::Unverified) => Self::Unverified,
        }
    }
}
