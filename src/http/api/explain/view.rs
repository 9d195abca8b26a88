//! Explanations as JSON shows them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::clock::Timestamp;
use crate::domain::filter;
use crate::domain::id::{EventId, SubscriptionId};
use crate::domain::subscription::{DisabledReason, Outcome, Status};
use crate::http::api::deliveries::Delivery;

/// What became of an event, or would become, at each subscription.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct Explanation {
    /// The event, if it is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) event_id: Option<EventId>,
    /// When it was accepted, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) accepted_at: Option<Timestamp>,
    /// All subscriptions counted, on the first page only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) summary: Option<Summary>,
    /// The subscriptions, newest first.
    pub(super) data: Vec<Finding>,
    /// The `cursor` of the next page; `null` on the last one.
    #[schema(required = true)]
    pub(super) next: Option<String>,
}

/// How many subscriptions had which outcome.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Summary {
    /// Subscriptions looked at: those there were.
    pub(super) looked_at: u64,
    /// Whether these are all; not if `explain.time_limit_ms` came first.
    pub(super) is_complete: bool,
    /// Outcome `matched`.
    matched: u64,
    /// Outcome `paused`.
    paused: u64,
    /// Outcome `expired`.
    expired: u64,
    /// Outcome `not_matched`.
    not_matched: u64,
    /// Outcome `fault`.
    fault: u64,
    /// Outcome `disabled`.
    disabled: u64,
    /// Outcome `unverified`.
    unverified: u64,
}

impl Summary {
    /// Counts one more.
    pub(super) const fn count(&mut self, outcome: Outcome) {
        self.looked_at += 1;
        match outcome {
            Outcome::Matched => self.matched += 1,
            Outcome::Paused => self.paused += 1,
            Outcome::Expired => self.expired += 1,
            Outcome::NotMatched => self.not_matched += 1,
            Outcome::Fault => self.fault += 1,
            Outcome::Disabled => self.disabled += 1,
            Outcome::Unverified => self.unverified += 1,
            // Nothing that was in force has one of these.
            Outcome::CreatedAfter | Outcome::Deleted | Outcome::Unknown => {}
        }
    }
}

/// What became of the event at one subscription.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SubscriptionOutcome)]
pub(super) struct Finding {
    /// The subscription; absent for a draft.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) subscription_id: Option<SubscriptionId>,
    /// What became of the event.
    pub(super) outcome: Outcome,
    /// The same in a sentence.
    pub(super) detail: String,
    /// What the outcome `not_matched` or `fault` rests on: every member that fails; at most 10.
    pub(super) clauses: Vec<Clause>,
    /// The subscription's status when the event was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) status: Option<Status>,
    /// Why it was disabled, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) disabled_reason: Option<DisabledReason>,
    /// The delivery of the event to it as it is now, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) delivery: Option<Delivery>,
    /// Since when its status and filters were what they were when the event was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) in_force_since: Option<Timestamp>,
    /// Until when they were; absent if they still are. Another event would be routed differently now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) in_force_until: Option<Timestamp>,
    /// When the subscription was deleted, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) deleted_at: Option<Timestamp>,
}

/// A part of a subscription that decided against an event.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http::api) struct Clause {
    /// Where it stands in the subscription, as a JSON Pointer (RFC 6901), such as `/filters/0/exact/type`.
    #[schema(example = "/filters/0/exact/type")]
    pointer: String,
    /// What it looked at, as the event has it.
    seen: Vec<Seen>,
    /// What it wants of that.
    #[schema(example = "begins with `com.example.`")]
    wanted: String,
    /// Both in a sentence.
    detail: String,
}

/// Something that a clause looked at.
#[derive(Debug, Serialize, ToSchema)]
struct Seen {
    /// The name of an attribute; or `data`, followed by the JSON Pointer of a place in it.
    #[schema(example = "type")]
    name: String,
    /// Its canonical string, only its beginning if it is long; `null` if the event does not have it.
    #[schema(required = true)]
    value: Option<String>,
}

impl Explanation {
    /// Of one subscription.
    pub(super) fn of_one(finding: Finding) -> Self {
        Self { data: vec![finding], ..Self::default() }
    }
}

impl From<filter::Clause> for Clause {
    fn from(clause: filter::Clause) -> Self {
        let filter::Clause { pointer, seen, wanted, detail } = clause;
        let seen = seen.into_iter().map(|filter::Seen { name, value }| Seen { name, value }).collect();
        Self { pointer, seen, wanted, detail }
    }
}
