//! The request of one attempt (DESIGN 6, SPECS 1.D): the same body every time, its own timestamp, signature and trace.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Request};
use http_body_util::Full;

use super::sink::Sink;
use crate::domain::clock::Timestamp;
use crate::domain::entropy::Entropy;
use crate::domain::event::{Accepted, write};
use crate::domain::id::DeliveryId;
use crate::domain::signature;
use crate::domain::subscription::ContentMode;

const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const DELIVERY_ID: HeaderName = HeaderName::from_static("waypost-delivery-id");
const ATTEMPT: HeaderName = HeaderName::from_static("waypost-attempt");
const STRUCTURED: HeaderValue = HeaderValue::from_static(write::STRUCTURED_CONTENT_TYPE);

/// Which attempt of which delivery a request is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbered {
    /// The delivery.
    pub(super) delivery_id: DeliveryId,
    /// The attempt, from 1.
    pub(super) attempt: u32,
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
    let body = match binary(sink, event) {
        Some((attributes, body)) => {
            headers.extend(attributes);
            body
        }
        None => {
            headers.insert(CONTENT_TYPE, STRUCTURED);
            event.event.structured()
        }
    };
    let id = event.id.to_string();
    if let Some(signatures) = sign(sink, &id, now, &body) {
        headers.insert(WEBHOOK_SIGNATURE, value(signatures)?);
    }
    headers.insert(WEBHOOK_ID, value(id)?);
    headers.insert(WEBHOOK_TIMESTAMP, HeaderValue::from(now.as_seconds()));
    // The event's own attribute belongs to whoever produced it: it starts the trace, the header continues it (SPECS 1.H).
    let parent = event.traceparent.as_deref().or_else(|| event.event.attribute("traceparent"));
    headers.insert(TRACEPARENT, value(child(parent, entropy))?);
    if let Some(Numbered { delivery_id, attempt }) = numbered {
        headers.insert(DELIVERY_ID, value(delivery_id.to_string())?);
        headers.insert(ATTEMPT, HeaderValue::from(attempt));
    }
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = sink.method.clone();
    *request.uri_mut() = sink.uri.clone();
    *request.headers_mut() = headers;
    Ok(request)
}

fn binary(sink: &Sink, event: &Accepted) -> Option<(Vec<(HeaderName, HeaderValue)>, Bytes)> {
    match sink.content_mode {
        ContentMode::Structured => None,
        ContentMode::Binary => event.event.binary(),
    }
}

fn sign(sink: &Sink, id: &str, now: Timestamp, body: &[u8]) -> Option<String> {
    let keys = sink.active_keys(now);
    (!keys.is_empty()).then(|| signature::sign(&keys, id, now.as_seconds(), body))
}

fn value(text: String) -> Result<HeaderValue, String> {
    HeaderValue::try_from(text).map_err(|_| "a header value holds what no header may hold".to_owned())
}

fn child(parent: Option<&str>, entropy: &dyn Entropy) -> String {
    let mut id = [0; 24];
    entropy.fill(&mut id);
    let hex = |bytes: &[u8]| bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let (trace, flags) = match parent.filter(|parent| parent.len() >= 55) {
        Some(parent) => (parent[3..35].to_owned(), &parent[53..55]),
        None => (hex(&id[..16]), "00"),
    };
    format!("00-{trace}-{}-{flags}", hex(&id[16..]))
}
