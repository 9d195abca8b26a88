//! What people ask: filters of lists, and the rows they get.

use super::Forward;
use crate::domain::clock::Timestamp;
use crate::domain::delivery::{Attempt, DeadReason, Delivery, DeliveryState};
use crate::domain::event::Accepted;
use crate::domain::id::{DeliveryId, EventId, SubscriptionId};

/// Which events are searched for. Every member narrows the search; times are of acceptance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Exactly this type.
    pub event_type: Option<String>,
    /// Exactly this source.
    pub source: Option<String>,
    /// Exactly this subject.
    pub subject: Option<String>,
    /// Accepted at or after this moment.
    pub after: Option<Timestamp>,
    /// Accepted before this moment.
    pub before: Option<Timestamp>,
    /// With an identifier made at or after this moment: what came lately, to the letter of the index.
    pub made_since: Option<Timestamp>,
}

/// An event in a list: what fits on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// Its identifier here.
    pub id: EventId,
    /// Its `id` attribute.
    pub event_id: String,
    /// Its `source` attribute.
    pub source: String,
    /// Its `type` attribute.
    pub event_type: String,
    /// Its `subject` attribute.
    pub subject: Option<String>,
    /// Its `time` attribute, as spelled.
    pub time: Option<String>,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// How long its body is.
    pub body_bytes: u64,
    /// When its data expired, if it did.
    pub data_expired_at: Option<Timestamp>,
}

/// One event with its deliveries.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    /// The event.
    pub accepted: Accepted,
    /// The routing version it was routed by.
    pub routing_version: i64,
    /// When its data expired, if it did: then it has its attributes alone.
    pub data_expired_at: Option<Timestamp>,
    /// Its deliveries, oldest first.
    pub deliveries: Vec<Delivery>,
}

/// Which deliveries are searched for. Every member narrows the search; times are of creation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// In this state.
    pub state: Option<DeliveryState>,
    /// To this subscription.
    pub subscription_id: Option<SubscriptionId>,
    /// Of this event.
    pub event_id: Option<EventId>,
    /// Created at or after this moment.
    pub after: Option<Timestamp>,
    /// Created before this moment.
    pub before: Option<Timestamp>,
}

/// One delivery with its attempts.
#[derive(Debug, Clone)]
pub struct DeliveryDetail {
    /// The delivery.
    pub delivery: Delivery,
    /// Its attempts, first one first.
    pub attempts: Vec<Attempt>,
    /// What became of sending it on, if it died and its subscription has a dead-letter sink.
    pub forward: Option<Forward>,
    /// The first delivery of its key, if it waits behind others: all of them wait for that one.
    pub waits_for: Option<DeliveryId>,
    /// How many deliveries of its key wait until somebody sees to it, if it is dead and holds them up; counted up to 1000.
    pub holds_up: Option<u32>,
}

/// Which dead letters are meant. Every member narrows; times are of creation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeadLetterFilter {
    /// To this subscription.
    pub subscription_id: Option<SubscriptionId>,
    /// Dead for this reason.
    pub reason: Option<DeadReason>,
    /// Created at or after this moment.
    pub after: Option<Timestamp>,
    /// Created before this moment.
    pub before: Option<Timestamp>,
}

/// What dead letters are counted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GroupBy {
    /// By subscription.
    pub subscription: bool,
    /// By reason.
    pub reason: bool,
}

/// A number of dead letters with something in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeadLetterGroup {
    /// Their subscription, if they were counted by it.
    pub subscription_id: Option<SubscriptionId>,
    /// Their reason, if they were counted by it.
    pub reason: Option<DeadReason>,
    /// How many there are.
    pub count: u64,
    /// When the oldest was created.
    pub oldest_at: Timestamp,
    /// When the newest was created.
    pub newest_at: Timestamp,
}
