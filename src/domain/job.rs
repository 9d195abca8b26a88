//! Jobs: long work that a person starts, watches, holds and ends. So far there is one kind, the replay.
//!
//! What a replay does with one event is decided here and nowhere else: [`Only::treats`]. Where a job stands is its [`Progress`],
//! which every step changes in the transaction that does the step's work.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::clock::Timestamp;
use super::delivery::DeliveryState;
use super::id::{EventId, JobId, SubscriptionId};
use super::subscription::Status;
use super::tenant::TenantName;

/// A job as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its identifier.
    pub id: JobId,
    /// Whose it is.
    pub tenant: TenantName,
    /// Where it stands.
    pub state: JobState,
    /// Why it failed, if it did.
    pub failure: Option<JobFailure>,
    /// What it is to do.
    pub replay: Replay,
    /// What it has done.
    pub progress: Progress,
    /// How many of the deliveries it opened wait for their first attempt.
    pub unattempted: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last did something or was changed.
    pub updated_at: Timestamp,
    /// When it was completed, failed or was cancelled.
    pub finished_at: Option<Timestamp>,
}

/// What kind of work a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Delivers past events to a subscription.
    Replay,
}

impl JobKind {
    /// The kind's name, as in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Replay => "replay",
        }
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Goes on, on some node.
    Running,
    /// Held by a person until it is resumed.
    Paused,
    /// Ended by a person. What it opened until then is delivered all the same.
    Cancelled,
    /// Everything was looked at.
    Completed,
    /// Can't go on; its failure says why.
    Failed,
}

impl JobState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Running, Self::Paused, Self::Cancelled, Self::Completed, Self::Failed];

    /// Whether nothing happens to it any more.
    #[must_use]
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Cancelled | Self::Completed | Self::Failed)
    }

    /// The state's name, as in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Cancelled => "cancelled",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }

    /// The state of that name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// Why a job can't go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobFailure {
    /// Its subscription was deleted.
    SubscriptionDeleted,
    /// Its subscription was disabled: nothing is delivered to it.
    SubscriptionDisabled,
    /// Its subscription's sink has not agreed to deliveries.
    SubscriptionUnverified,
}

impl JobFailure {
    /// Every failure.
    pub const ALL: [Self; 3] = [Self::SubscriptionDeleted, Self::SubscriptionDisabled, Self::SubscriptionUnverified];

    /// Why nothing can be replayed to a subscription in this status; `None` if it can.
    #[must_use]
    pub const fn of(status: Status) -> Option<Self> {
        match status {
            Status::Active | Status::Paused => None,
            Status::Disabled => Some(Self::SubscriptionDisabled),
            Status::Unverified => Some(Self::SubscriptionUnverified),
        }
    }

    /// The failure's name, as in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SubscriptionDeleted => "subscription_deleted",
            Self::SubscriptionDisabled => "subscription_disabled",
            Self::SubscriptionUnverified => "subscription_unverified",
        }
    }

    /// The failure of that name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|failure| failure.as_str() == name)
    }
}

/// What is replayed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    /// The subscription that gets the events.
    pub subscription_id: SubscriptionId,
    /// Events accepted at or after this moment.
    pub after: Timestamp,
    /// Events accepted before this moment.
    pub before: Timestamp,
    /// Only events of one of these types; empty means all.
    pub types: Vec<String>,
    /// Which of them.
    pub only: Only,
    /// How many deliveries it opens in a second.
    pub rate_per_second: f64,
}

/// Which of the events that match are replayed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReplayOnly)]
pub enum Only {
    /// Those that have no delivery to the subscription yet: it was created, changed or enabled later.
    #[default]
    Missing,
    /// Those whose delivery died or was cancelled.
    Failed,
    /// Both, and those that were delivered.
    All,
}

/// What a replay does with an event that matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// Creates its delivery.
    Create,
    /// Opens its delivery again.
    Reopen,
    /// Leaves it alone.
    Skip(Reason),
}

/// Why an event is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Its delivery is pending or in flight.
    Open,
    /// It was delivered, and that was not asked for.
    Delivered,
    /// Its delivery died or was cancelled, and that was not asked for.
    Failed,
    /// It has no delivery, and that was not asked for.
    Missing,
    /// It was too old to be kept, and went while the replay was under way.
    Expired,
}

impl Only {
    /// What is done with an event whose delivery is in this state; `None` if it has none.
    #[must_use]
    pub const fn treats(self, state: Option<DeliveryState>) -> Treatment {
        match (state, self) {
            (Some(DeliveryState::Pending | DeliveryState::InFlight), _) => Treatment::Skip(Reason::Open),
            (None, Self::Missing | Self::All) => Treatment::Create,
            (None, Self::Failed) => Treatment::Skip(Reason::Missing),
            (Some(DeliveryState::DeadLettered | DeliveryState::Cancelled), Self::Failed | Self::All)
            | (Some(DeliveryState::Delivered), Self::All) => Treatment::Reopen,
            (Some(DeliveryState::DeadLettered | DeliveryState::Cancelled), Self::Missing) => Treatment::Skip(Reason::Failed),
            (Some(DeliveryState::Delivered), Self::Missing | Self::Failed) => Treatment::Skip(Reason::Delivered),
        }
    }
}

/// What a job has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = JobProgress)]
pub struct Progress {
    /// Events looked at.
    pub looked_at: u64,
    /// Those of them that are of the types asked for and that the subscription's filters match.
    pub matched: u64,
    /// Deliveries created.
    pub created: u64,
    /// Deliveries opened again.
    pub reopened: u64,
    /// Events left alone, by the reason.
    pub skipped: Skipped,
    /// The last event looked at. The job goes on after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub position: Option<EventId>,
    /// When that event was accepted: how far between `after` and `before` the job is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub position_at: Option<Timestamp>,
}

/// Events that were left alone, by the reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = JobSkipped)]
pub struct Skipped {
    /// Of a type that was not asked for.
    pub other_type: u64,
    /// Not matched by the subscription.
    pub not_matching: u64,
    /// A filter of the subscription could not be answered for them, so they do not match.
    #[serde(default)]
    pub filter_failed: u64,
    /// On their way already: their delivery is pending or in flight.
    pub open: u64,
    /// Delivered before; `only: all` takes them.
    pub delivered: u64,
    /// Dead or cancelled; `only: failed` and `only: all` take them.
    pub failed: u64,
    /// Without a delivery; `only: missing` and `only: all` take them.
    pub missing: u64,
    /// Gone meanwhile, since they were too old to be kept.
    #[serde(default)]
    pub expired: u64,
}

impl Progress {
    /// Deliveries created or opened again.
    #[must_use]
    pub const fn opened(&self) -> u64 {
        self.created + self.reopened
    }

    /// Counts an event that was left alone although it matched.
    pub const fn skip(&mut self, reason: Reason) {
        let count = match reason {
            Reason::Open => &mut self.skipped.open,
            Reason::Delivered => &mut self.skipped.delivered,
            Reason::Failed => &mut self.skipped.failed,
            Reason::Missing => &mut self.skipped.missing,
            Reason::Expired => &mut self.skipped.expired,
        };
        *count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_its_way_is_always_left_alone() {
        for only in [Only::Missing, Only::Failed, Only::All] {
            for state in [DeliveryState::Pending, DeliveryState::InFlight] {
                assert_eq!(only.treats(Some(state)), Treatment::Skip(Reason::Open));
            }
        }
    }

    #[test]
    fn each_choice_takes_what_it_says() {
        use DeliveryState::{Cancelled, DeadLettered, Delivered};
        let taken = |only: Only| {
            [None, Some(DeadLettered), Some(Cancelled), Some(Delivered)].map(|state| match only.treats(state) {
                Treatment::Create => 'c',
                Treatment::Reopen => 'r',
                Treatment::Skip(_) => '-',
            })
        };
        assert_eq!(taken(Only::Missing), ['c', '-', '-', '-']);
        assert_eq!(taken(Only::Failed), ['-', 'r', 'r', '-']);
        assert_eq!(taken(Only::All), ['c', 'r', 'r', 'r']);
    }

    #[test]
    fn words_are_read_back() {
        assert!(JobState::ALL.into_iter().all(|state| JobState::parse(state.as_str()) == Some(state)));
        assert!(JobFailure::ALL.into_iter().all(|failure| JobFailure::parse(failure.as_str()) == Some(failure)));
    }
}
