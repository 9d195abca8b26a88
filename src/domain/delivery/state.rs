//! The delivery state machine. `docs/deliveries.md` draws it, and a test walks that table against [`DeliveryState::after`].

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Waits for its time: new, or to be tried again.
    Pending,
    /// Leased to a node that is trying it.
    InFlight,
    /// The sink has it.
    Delivered,
    /// Will not be tried again by itself.
    DeadLettered,
    /// A person ended it.
    Cancelled,
}

/// What can happen to a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transition {
    /// A node takes it for a limited time.
    Claim,
    /// An attempt succeeded.
    Succeed,
    /// An attempt failed and another is to follow.
    Retry,
    /// It will not be tried again by itself.
    Die,
    /// Its node gave it back untried, or lost its lease.
    Release,
    /// A person ends it.
    Cancel,
    /// A person opens it again.
    Redeliver,
}

impl Transition {
    /// Every transition.
    pub const ALL: [Self; 7] = [Self::Claim, Self::Succeed, Self::Retry, Self::Die, Self::Release, Self::Cancel, Self::Redeliver];

    /// The transition's name, as in `docs/deliveries.md`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Succeed => "succeed",
            Self::Retry => "retry",
            Self::Die => "die",
            Self::Release => "release",
            Self::Cancel => "cancel",
            Self::Redeliver => "redeliver",
        }
    }
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Pending, Self::InFlight, Self::Delivered, Self::DeadLettered, Self::Cancelled];

    /// The state after `transition`, or `None` where it can't happen.
    #[must_use]
    pub const fn after(self, transition: Transition) -> Option<Self> {
        match (self, transition) {
            (Self::Pending, Transition::Claim) => Some(Self::InFlight),
            (Self::InFlight, Transition::Succeed) => Some(Self::Delivered),
            (Self::InFlight, Transition::Retry | Transition::Release)
            | (Self::Delivered | Self::DeadLettered | Self::Cancelled, Transition::Redeliver) => Some(Self::Pending),
            (Self::InFlight, Transition::Die) => Some(Self::DeadLettered),
            (Self::Pending | Self::InFlight, Transition::Cancel) => Some(Self::Cancelled),
            _ => None,
        }
    }

    /// Whether nothing happens to it any more by itself.
    #[must_use]
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Delivered | Self::DeadLettered | Self::Cancelled)
    }

    /// The state's name, as in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InFlight => "in_flight",
            Self::Delivered => "delivered",
            Self::DeadLettered => "dead_lettered",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of that name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}
