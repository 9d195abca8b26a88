//! Deliveries and attempts as JSON shows them.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::clock::Timestamp;
use crate::domain::delivery::{self, DeadReason, DeliveryState, ErrorClass, VerdictKind};
use crate::domain::id::{AttemptId, DeliveryId, EventId, JobId, SubscriptionId};
use crate::http::api::wire::{Header, Text, headers};
use crate::store::{self, ForwardState};

/// The duty to bring one event to one subscription.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http::api) struct Delivery {
    /// Its identifier.
    id: DeliveryId,
    /// The event to bring.
    event_id: EventId,
    /// The subscription to bring it to.
    subscription_id: SubscriptionId,
    /// Where it stands.
    state: DeliveryState,
    /// Attempts made in all.
    attempt_count: u32,
    /// Attempts made since it was last opened: the retry policy counts these.
    budget_attempt_count: u32,
    /// When it is due, while it is pending; absent while it waits behind another delivery of its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_attempt_at: Option<Timestamp>,
    /// Why it is dead, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<DeadReason>,
    /// The status of the last answer, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_status: Option<u16>,
    /// Why the last attempt failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_error_class: Option<ErrorClass>,
    /// When it was created: when its event was accepted, or when a replay made up for it.
    created_at: Timestamp,
    /// When it was delivered, died or was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    finished_at: Option<Timestamp>,
    /// The replay that created it or last opened it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    replay_job_id: Option<JobId>,
}

impl From<delivery::Delivery> for Delivery {
    fn from(delivery: delivery::Delivery) -> Self {
        Self {
            id: delivery.id,
            event_id: delivery.event_id,
            subscription_id: delivery.subscription_id,
            state: delivery.state,
            attempt_count: delivery.attempt_count,
            budget_attempt_count: delivery.budget_attempt_count,
            next_attempt_at: delivery.next_attempt_at,
            reason: delivery.reason,
            last_status: delivery.last_status,
            last_error_class: delivery.last_error_class,
            created_at: delivery.created_at,
            finished_at: delivery.finished_at,
            replay_job_id: delivery.replay_job_id,
        }
    }
}

/// A delivery with its attempts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeliveryDetail {
    #[serde(flatten)]
    delivery: Delivery,
    /// Its attempts, first one first.
    attempts: Vec<Attempt>,
    /// What became of sending it on to the subscription's dead-letter sink, if it died and there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    forward: Option<Forward>,
    /// The first delivery of its key that has not ended, if the subscription is ordered and this one waits behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    waits_for: Option<DeliveryId>,
    /// How many deliveries of its key wait until this dead letter is redelivered with success or purged; counted up to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, maximum = 1000)]
    holds_up: Option<u32>,
}

/// A dead letter on its way to a dead-letter sink.
#[derive(Debug, Serialize, ToSchema)]
struct Forward {
    /// Where it stands.
    state: ForwardState,
    /// Attempts made.
    attempt_count: u32,
    /// When it is due, while it is pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_attempt_at: Option<Timestamp>,
    /// The status of the last answer, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_status: Option<u16>,
    /// Why the last attempt failed, in words, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_error: Option<String>,
    /// When its delivery died.
    created_at: Timestamp,
    /// When it arrived or was given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    finished_at: Option<Timestamp>,
}

impl From<store::Forward> for Forward {
    fn from(forward: store::Forward) -> Self {
        let store::Forward { state, attempt_count, next_attempt_at, last_status, last_error, created_at, finished_at } = forward;
        Self { state, attempt_count, next_attempt_at, last_status, last_error, created_at, finished_at }
    }
}

impl From<store::DeliveryDetail> for DeliveryDetail {
    fn from(detail: store::DeliveryDetail) -> Self {
        Self {
            delivery: detail.delivery.into(),
            attempts: detail.attempts.into_iter().map(Attempt::from).collect(),
            forward: detail.forward.map(Forward::from),
            waits_for: detail.waits_for,
            holds_up: detail.holds_up,
        }
    }
}

/// One HTTP request made for a delivery, and what came of it.
#[derive(Debug, Serialize, ToSchema)]
struct Attempt {
    /// Its identifier.
    id: AttemptId,
    /// Which attempt of its delivery it was, from 1.
    number: u32,
    /// When the request began.
    started_at: Timestamp,
    /// How long the whole exchange took, in milliseconds with microseconds as the fraction.
    duration_ms: f64,
    /// The answer's status, if there was an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    status: Option<u16>,
    /// Why it failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error_class: Option<ErrorClass>,
    /// The error in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<String>,
    /// The answer's headers in the order they came.
    response_headers: Vec<Header>,
    /// The first 16 KiB of the answer's body.
    response_body: String,
    /// Whether `response_body` is base64, since the answer was no text.
    is_body_base64: bool,
    /// Whether the answer's body was longer than what is kept.
    is_body_truncated: bool,
    /// What the attempt meant for the delivery.
    verdict: VerdictKind,
}

impl From<delivery::Attempt> for Attempt {
    fn from(attempt: delivery::Attempt) -> Self {
        let outcome = attempt.outcome;
        let Text { text, is_base64 } = Text::new(&outcome.response_body, outcome.is_body_truncated);
        Self {
            id: attempt.id,
            number: attempt.number,
            started_at: attempt.started_at,
            duration_ms: duration_ms(outcome.duration),
            status: outcome.status,
            error_class: outcome.error_class,
            error: outcome.error,
            response_headers: headers(outcome.response_headers),
            response_body: text,
            is_body_base64: is_base64,
            is_body_truncated: outcome.is_body_truncated,
            verdict: attempt.verdict,
        }
    }
}

/// Milliseconds with microseconds as the fraction.
#[expect(clippy::cast_precision_loss, reason = "microseconds of an exchange of at most minutes are exact in an f64")]
pub(in crate::http::api) fn duration_ms(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}
