//! An event inside a request's body, read as one that is posted.

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::config::Ingest;
use crate::domain::clock::Timestamp;
use crate::domain::event::Event;
use crate::domain::event::read::{self, Fault, Limits, Place};
use crate::http::problem::{Code, Problem, Result};

/// Where it stands in the body.
const POINTER: &str = "/event";

/// Reads it byte for byte, within the limits of one that is posted.
///
/// # Errors
/// 400 or 413 with a pointer for each fault.
pub(super) fn read(text: &RawValue, config: &Ingest, now: Timestamp) -> Result<Event> {
    let text = text.get();
    if text.len() > config.max_body_bytes {
        let detail = format!("The event is longer than {} bytes (`ingest.max_body_bytes`).", config.max_body_bytes);
        return Err(Problem::new(Code::PayloadTooLarge, detail).at_pointer(POINTER, "is too long"));
    }
    let limits = Limits { max_batch_events: 1, ..config.limits(now) };
    read::structured(Bytes::copy_from_slice(text.as_bytes()), limits).map_err(|invalid| {
        let code = if invalid.is_too_large { Code::PayloadTooLarge } else { Code::InvalidRequest };
        Problem::faulty(code, invalid.faults.into_iter().map(below).collect())
    })
}

fn below(fault: Fault) -> Fault {
    let place = match fault.place {
        Place::Pointer(pointer) => Place::Pointer(format!("{POINTER}{pointer}")),
        place @ Place::Header(_) => place,
    };
    Fault { place, ..fault }
}
