//! What goes into the accepting transaction, and what comes out of it.

use std::sync::Arc;

use crate::domain::clock::Timestamp;
use crate::domain::event::Accepted;
use crate::domain::id::{DeliveryId, EventId, NodeId, ProducerId, SubscriptionId};
use crate::domain::subscription::OrderKey;

/// Events that are committed together. Each submission is atomic in itself; all of them share one commit.
#[derive(Debug)]
pub struct AcceptBatch {
    /// The node that accepts, as the owner of the leases it takes.
    pub node: NodeId,
    /// The routing version the deliveries were computed for.
    pub routing_version: i64,
    /// The time of the batch.
    pub now: Timestamp,
    /// An event key seen before this moment may be used again: the deduplication window.
    pub keys_since: Timestamp,
    /// The requests.
    pub submissions: Vec<Submission>,
}

/// One request's events.
#[derive(Debug)]
pub struct Submission {
    /// The signed message this came as, which can be accepted once: its producer, a digest of its identifier and timestamp, and
    /// until when it would verify.
    pub replay: Option<(ProducerId, [u8; 16], Timestamp)>,
    /// The events with their deliveries, in the order of the request.
    pub events: Vec<Accepting>,
}

/// One event about to be accepted.
#[derive(Debug)]
pub struct Accepting {
    /// The event.
    pub accepted: Arc<Accepted>,
    /// A digest of tenant, `source` and `id`: the event key.
    pub key: [u8; 16],
    /// One delivery per subscription that matched.
    pub deliveries: Vec<NewDelivery>,
}

/// One delivery about to be created.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// Its identifier: [`DeliveryId::of`] its event and its subscription.
    pub id: DeliveryId,
    /// The subscription that matched.
    pub subscription_id: SubscriptionId,
    /// Who makes the first attempt, and when.
    pub placement: Placement,
}

/// Where a new delivery goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// Straight to this node's dispatcher, through memory: written as `in_flight` with lease token 1.
    HandedOver,
    /// Into the queue, for any node, due at this moment.
    Queued(Timestamp),
    /// Behind those of its key that were accepted before it and have not ended. Once it is the first of them it goes into the queue,
    /// due at this moment.
    InLine(OrderKey, Timestamp),
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// The routing version in the database is another: nothing was written. Route again and come back.
    Stale {
        /// The version found.
        routing_version: i64,
    },
    /// Committed. One entry per submission, in order.
    Committed(Vec<SubmissionResult>),
}

/// What became of a submission: `None` if its signed message was accepted before (nothing of it was written), else per event,
/// in order, the identifier of an earlier event with the same key, or `None` if the event is new.
pub type SubmissionResult = Option<Vec<Option<EventId>>>;
