//! What is answered for accepted events.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::event::Event;
use crate::domain::event::read::Requested;
use crate::domain::id::EventId;
use crate::routing::Receipt;

/// What was made of one event.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventReceipt {
    /// The event's identifier; the first one's if it is a duplicate.
    #[schema(value_type = String, example = "evt_01kafs5c6ye0xsm0sqw4b0z8jq")]
    pub id: EventId,
    /// Whether an event of the same `source` and `id` was accepted before, within the deduplication window.
    pub duplicate: bool,
    /// How many subscriptions it is delivered to; 0 for a duplicate.
    pub deliveries: usize,
}

/// What was made of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchReceipt {
    /// One receipt per event, in the order of the batch.
    pub data: Vec<EventReceipt>,
}

/// What is answered: one receipt for an event, a list of them for a batch.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Receipts {
    /// To one event.
    One(EventReceipt),
    /// To a batch.
    List(BatchReceipt),
}

/// Whether the answer is one receipt or a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    One,
    List,
}

/// The events, and how to answer for them.
pub(super) fn into_parts(requested: Requested) -> (Vec<Event>, Shape) {
    match requested {
        Requested::One(event) => (vec![event], Shape::One),
        Requested::Batch(events) => (events, Shape::List),
    }
}

/// 202 with the receipts: accepted and durable, not yet delivered (SPECS HR-50).
pub(super) fn accepted(receipts: Vec<Receipt>, shape: Shape) -> Response {
    let mut data = receipts.into_iter().map(EventReceipt::from);
    let answer = match (shape, data.len()) {
        (Shape::One, 1) => data.next().map(Receipts::One),
        _ => Some(Receipts::List(BatchReceipt { data: data.collect() })),
    };
    // Identifiers and numbers alone: serialising can't fail.
    (StatusCode::ACCEPTED, [(header::CONTENT_TYPE, "application/json")], serde_json::to_vec(&answer).unwrap_or_default())
        .into_response()
}

impl From<Receipt> for EventReceipt {
    fn from(receipt: Receipt) -> Self {
        Self { id: receipt.id, duplicate: receipt.is_duplicate, deliveries: receipt.delivery_count }
    }
}
