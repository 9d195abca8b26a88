//! The request of one attempt (DESIGN 6, SPECS 1.D): the same body every time, its own timestamp, signature and trace.
//!
//! [`content`] lays the event out in the subscription's content mode, [`signing`] signs what is laid out.

mod content;
mod signing;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use http_body_util::Full;

use super::sink::Sink;
use crate::domain::clock::Timestamp;
use crate::domain::entropy::Entropy;
use crate::domain::event::Accepted;
use crate::domain::id::{DeliveryId, JobId};
use crate::domain::trace::Traceparent;
use crate::store::Leased;

const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const DELIVERY_ID: HeaderName = HeaderName::from_static("waypost-delivery-id");
const ATTEMPT: HeaderName = HeaderName::from_static("waypost-attempt");
const REPLAY: HeaderName = HeaderName::from_static("waypost-replay");
const REDELIVERY: HeaderName = HeaderName::from_static("waypost-redelivery");

/// Headers that every request gets beside its sink's own.
const OWN_HEADERS: usize = 7;

/// Which attempt of which delivery a request is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbered {
    /// The delivery.
    pub(super) delivery_id: DeliveryId,
    /// The attempt, from 1.
    pub(super) attempt: u32,
    /// Why the sink may have seen the event before.
    pub(super) again: Again,
}

/// Why a delivery is made although its event is not new.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Again {
    /// It is new.
    #[default]
    Not,
    /// A person opened the delivery again.
    Redelivery,
    /// A replay created it or opened it again.
    Replay(JobId),
}

impl Again {
    /// Why `leased` is made.
    pub(super) const fn of(leased: &Leased) -> Self {
        match (leased.replay_job_id, leased.is_reopened) {
            (Some(job), _) => Self::Replay(job),
            (None, true) => Self::Redelivery,
            (None, false) => Self::Not,
        }
    }
}

/// Builds the request that brings `event` to `sink` at `now`. `numbered` is absent for a test, which belongs to no delivery.
///
/// # Errors
/// What can't be put into a header.
pub(super) fn build(
    sink: &Sink,
    event: &Accepted,
    numbered: Option<Numbered>,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<Request<Full<Bytes>>, String> {
    let mut headers = sink.headers.clone();
    // All that is inserted below at once: growing step by step would hash every name again.
    headers.reserve(OWN_HEADERS);
    let body = content::lay_out(sink, &event.event, &mut headers);
    let id = event.id.to_string();
    signing::webhook(sink, &id, now, &body, &mut headers)?;
    headers.insert(WEBHOOK_ID, value(id)?);
    headers.insert(WEBHOOK_TIMESTAMP, HeaderValue::from(now.as_seconds()));
    if let Some(signer) = &sink.message_signer {
        signing::message(signer, &sink.method, now, &body, &mut headers)?;
    }
    headers.insert(TRACEPARENT, value(trace(event, entropy).to_string())?);
    if let Some(Numbered { delivery_id, attempt, again }) = numbered {
        headers.insert(DELIVERY_ID, value(delivery_id.to_string())?);
        headers.insert(ATTEMPT, HeaderValue::from(attempt));
        match again {
            Again::Not => {}
            Again::Redelivery => drop(headers.insert(REDELIVERY, HeaderValue::from_static("true"))),
            Again::Replay(job) => drop(headers.insert(REPLAY, value(job.to_string())?)),
        }
    }
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = sink.method.clone();
    *request.uri_mut() = sink.uri.clone();
    *request.headers_mut() = headers;
    Ok(request)
}

/// The trace of the request: the poster's, else the one the event began in (its attribute itself stays untouched, SPECS 1.H), else
/// a new one.
fn trace(event: &Accepted, entropy: &dyn Entropy) -> Traceparent {
    let given = event.traceparent.as_deref().and_then(Traceparent::parse);
    given
        .or_else(|| event.event.attribute("traceparent").and_then(Traceparent::parse))
        .map_or_else(|| Traceparent::fresh(entropy), |parent| parent.child(entropy))
}

fn value(text: String) -> Result<HeaderValue, String> {
    HeaderValue::try_from(text).map_err(|_| "a header value holds what no header may hold".to_owned())
}
