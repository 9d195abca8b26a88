//! The events of one request, whatever its content mode.

use bytes::Bytes;
use http::HeaderMap;

use super::{HeaderDecoding, Invalid, Limits, Mode, batch, binary_counting, protobuf, protobuf_batch, structured};
use crate::domain::event::{Event, Format};

/// The events of one request.
#[derive(Debug)]
pub enum Requested {
    /// One event, answered as such.
    One(Event),
    /// A batch, answered as a list.
    Batch(Vec<Event>),
}

/// Reads the events of a request whose content mode is `mode`; for one that is not understood, in binary mode. Values of headers that
/// were taken literally are added to `literal_count` (SPECS T-1).
///
/// # Errors
/// Everything that makes it no event.
pub fn request(
    mode: Mode,
    headers: &HeaderMap,
    body: Bytes,
    decoding: HeaderDecoding,
    limits: Limits,
    literal_count: &mut u64,
) -> Result<Requested, Invalid> {
    match mode {
        Mode::Batched(Format::Json) => batch(&body, limits).map(Requested::Batch),
        Mode::Batched(Format::Protobuf) => protobuf_batch(&body, limits).map(Requested::Batch),
        Mode::Structured(Format::Json) => structured(body, limits).map(Requested::One),
        Mode::Structured(Format::Protobuf) => protobuf(body, limits).map(Requested::One),
        Mode::Binary | Mode::Unsupported => binary_counting(headers, body, decoding, limits, literal_count).map(Requested::One),
    }
}
