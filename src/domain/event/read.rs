//! Events from the wire.

use bytes::Bytes;
use http::HeaderMap;

use super::Event;

/// Why something is no event: every fault that was found, the first one first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a CloudEvent: {}", .faults.first().map_or("", |fault| fault.detail.as_str()))]
pub struct Invalid {
    /// The faults; at least one.
    pub faults: Vec<Fault>,
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What, and how to mend it.
    pub detail: String,
}

/// Where a fault lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the JSON body, as a JSON Pointer (RFC 6901); a batch's index is its first token.
    Pointer(String),
    /// In the header of that name.
    Header(String),
}

/// The content mode of a request, by its `Content-Type` alone (SPECS HR-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `application/cloudevents+json`.
    Structured,
    /// `application/cloudevents-batch+json`.
    Batched,
    /// Anything that is no CloudEvents media type.
    Binary,
    /// A CloudEvents media type in a format or charset that is not understood: 415.
    Unsupported,
}

/// What to do with a header value that does not decode by the letter (SPECS HR-14, HR-15, T-1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HeaderDecoding {
    /// Refuse it.
    #[default]
    Strict,
    /// Take it literally.
    Lenient,
}

/// The content mode that a `Content-Type` announces.
#[must_use]
pub fn mode(_content_type: Option<&str>) -> Mode {
    todo!()
}

/// Reads one event in JSON format.
///
/// # Errors
/// Everything that makes it no event.
pub fn structured(_body: Bytes) -> Result<Event, Invalid> {
    todo!()
}

/// Reads a batch in JSON format; each event keeps its exact bytes (SPECS HR-40, FW-3). It may be empty.
///
/// # Errors
/// Everything that makes it no batch, with the index of the event at fault in each pointer.
pub fn batch(_body: &Bytes) -> Result<Vec<Event>, Invalid> {
    todo!()
}

/// Reads one event in binary mode (SPECS HR-10 to HR-18).
///
/// # Errors
/// Everything that makes it no event.
pub fn binary(_headers: &HeaderMap, _body: Bytes, _decoding: HeaderDecoding) -> Result<Event, Invalid> {
    todo!()
}
