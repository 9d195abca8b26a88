//! The hot path's values as columns: what both databases store the same way.
//!
//! Computed by the caller's task, so that SQLite's one writer thread only binds.

use bytes::Bytes;
use uuid::Uuid;

use crate::domain::clock::Timestamp;
use crate::domain::delivery::{Attempt, DeliveryState, ErrorClass};
use crate::domain::event::{Accepted, Event, StoredForm, Wire};
use crate::domain::id::EventId;
use crate::domain::tenant::TenantName;
use crate::store::{Report, Resolution, StoreError};

/// A report as the columns it changes.
#[derive(Debug)]
pub(super) struct ReportRow {
    pub(super) delivery_id: Uuid,
    pub(super) token: i64,
    pub(super) ending: Ending,
    pub(super) attempt: Option<AttemptRow>,
    /// Why it died, as JSON, if that is to be sent on.
    pub(super) failure: Option<String>,
}

impl ReportRow {
    /// The row of a report made at `now`.
    pub(super) fn new(report: &Report, now: Timestamp) -> Result<Self, StoreError> {
        Ok(Self {
            delivery_id: report.lease.delivery_id.as_uuid(),
            token: report.lease.token,
            ending: Ending::new(report.then, now),
            attempt: report.attempt.as_ref().map(AttemptRow::new).transpose()?,
            failure: report.forward.as_ref().map(serde_json::to_string).transpose().map_err(StoreError::corrupt)?,
        })
    }
}

/// The columns a delivery gets when its lease ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending {
    /// `state`.
    pub(super) state: &'static str,
    /// `next_attempt_at`.
    pub(super) next_attempt_at: Option<i64>,
    /// `reason`.
    pub(super) reason: Option<&'static str>,
    /// `finished_at`.
    pub(super) finished_at: Option<i64>,
}

impl Ending {
    /// What `then`, decided at `now`, means for the row.
    pub(super) fn new(then: Resolution, now: Timestamp) -> Self {
        let finished = |state: DeliveryState| Self {
            state: state.as_str(),
            next_attempt_at: None,
            reason: None,
            finished_at: Some(now.as_micros()),
        };
        match then {
            Resolution::Delivered => finished(DeliveryState::Delivered),
            Resolution::Cancelled => finished(DeliveryState::Cancelled),
            Resolution::Dead(reason) => Self { reason: Some(reason.as_str()), ..finished(DeliveryState::DeadLettered) },
            Resolution::Retry(due) => Self {
                state: DeliveryState::Pending.as_str(),
                next_attempt_at: Some(due.as_micros()),
                reason: None,
                finished_at: None,
            },
        }
    }
}

/// A row of `attempts`, without the delivery it belongs to.
#[derive(Debug)]
pub(super) struct AttemptRow {
    pub(super) id: Uuid,
    pub(super) number: i64,
    pub(super) started_at: i64,
    pub(super) duration_us: i64,
    pub(super) verdict: &'static str,
    pub(super) status: Option<i64>,
    pub(super) error_class: Option<&'static str>,
    pub(super) error: Option<String>,
    /// `[[name, value], …]`; null if there were none.
    pub(super) response_headers: Option<String>,
    /// Null if there was none.
    pub(super) response_body: Option<Bytes>,
    pub(super) is_body_truncated: bool,
}

impl AttemptRow {
    /// The row of an attempt.
    pub(super) fn new(attempt: &Attempt) -> Result<Self, StoreError> {
        let outcome = &attempt.outcome;
        let headers = (!outcome.response_headers.is_empty()).then(|| serde_json::to_string(&outcome.response_headers));
        Ok(Self {
            id: attempt.id.as_uuid(),
            number: attempt.number.into(),
            started_at: attempt.started_at.as_micros(),
            duration_us: i64::try_from(outcome.duration.as_micros()).unwrap_or(i64::MAX),
            verdict: attempt.verdict.as_str(),
            status: outcome.status.map(i64::from),
            error_class: outcome.error_class.map(ErrorClass::as_str),
            error: outcome.error.clone(),
            response_headers: headers.transpose().map_err(StoreError::corrupt)?,
            response_body: (!outcome.response_body.is_empty()).then(|| outcome.response_body.clone()),
            is_body_truncated: outcome.is_body_truncated,
        })
    }
}

/// The columns of `events` from which an event is made again.
#[derive(Debug)]
pub(super) struct EventColumns {
    pub(super) id: Uuid,
    pub(super) tenant: String,
    pub(super) accepted_at: i64,
    pub(super) traceparent: Option<String>,
    pub(super) wire: String,
    pub(super) attributes: Option<String>,
    pub(super) body: Vec<u8>,
}

impl EventColumns {
    /// The event as it was accepted.
    pub(super) fn read(self) -> Result<Accepted, StoreError> {
        let wire = parse_wire(&self.wire).ok_or_else(|| StoreError::corrupt("events.wire is no word of this version"))?;
        let stored = StoredForm { wire, attributes: self.attributes, body: self.body.into() };
        Ok(Accepted {
            id: EventId::from_uuid(self.id),
            tenant: self.tenant.parse::<TenantName>().map_err(StoreError::corrupt)?,
            accepted_at: Timestamp::from_micros(self.accepted_at),
            traceparent: self.traceparent,
            event: Event::from_stored(stored).map_err(StoreError::corrupt)?,
        })
    }
}

/// What is stored of an event once its data expired. `None` if it can't be read: then it is better left as it is, and the log tells of it.
pub(super) fn attributes_of(columns: EventColumns) -> Option<String> {
    let id = EventId::from_uuid(columns.id);
    match columns.read() {
        Ok(accepted) => accepted.event.without_data().attributes,
        Err(error) => {
            tracing::error!(%id, error = &error as &dyn std::error::Error, "a stored event can't be read; its data stays");
            None
        }
    }
}

/// The word for how an event's body is to be read.
pub(super) const fn wire_word(wire: Wire) -> &'static str {
    match wire {
        Wire::Structured => "structured",
        Wire::Binary => "binary",
        Wire::Protobuf => "protobuf",
    }
}

fn parse_wire(word: &str) -> Option<Wire> {
    [Wire::Structured, Wire::Binary, Wire::Protobuf].into_iter().find(|&wire| wire_word(wire) == word)
}
