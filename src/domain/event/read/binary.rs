//! Events in binary mode: attributes in headers, data as the body (SPECS HR-10 to HR-18).

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use super::draft::Draft;
use super::faults::{Faults, Origin};
use super::{HeaderDecoding, Invalid, Limits};
use crate::domain::event::span::MAX_BYTES;
use crate::domain::event::{DataPlace, Event, Kind, Wire, header_value, rules};

const PREFIX: &str = "ce-";

/// Whether any header names a CloudEvents attribute; without one nothing claims to be an event (SPECS HR-5).
#[must_use]
pub fn has_attributes(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| name.as_str().starts_with(PREFIX))
}

/// Reads one event in binary mode (SPECS HR-10 to HR-18).
///
/// # Errors
/// Everything that makes it no event.
pub fn binary(headers: &HeaderMap, body: Bytes, decoding: HeaderDecoding, limits: Limits) -> Result<Event, Invalid> {
    binary_counting(headers, body, decoding, limits, &mut 0)
}

/// The same, and counts the values that were taken literally although they do not decode to what the attribute may be (SPECS T-1).
///
/// # Errors
/// Everything that makes it no event.
pub fn binary_counting(
    headers: &HeaderMap,
    body: Bytes,
    decoding: HeaderDecoding,
    limits: Limits,
    literal_count: &mut u64,
) -> Result<Event, Invalid> {
    let mut faults = Faults::default();
    let mut draft = Draft::new(Origin::Headers, limits, 320);
    for (header, value) in headers {
        let name = match header.as_str().strip_prefix(PREFIX) {
            Some(name) => name,
            None if header == CONTENT_TYPE => "datacontenttype",
            None => continue,
        };
        if !draft.has_room(draft.attributes.len() + 1, name, &mut faults) {
            break;
        }
        if header == CONTENT_TYPE {
            // Verbatim: the percent-encoding is for `ce-` headers alone.
            let text = value.to_str().unwrap_or_default();
            draft.add(name, text, Kind::String, &mut faults);
        } else if name == "datacontenttype" {
            let detail = "must not be sent: in binary mode the `Content-Type` header says it";
            faults.add(super::Place::Header("ce-datacontenttype".to_owned()), detail);
        } else if draft.check_name(name, &mut faults) {
            *literal_count += u64::from(add_header(&mut draft, name, value, decoding, &mut faults));
        }
    }
    finish(draft, body, faults)
}

/// Reads an event in binary mode from decoded attributes.
pub(in crate::domain::event) fn from_parts(attributes: &[(String, String)], body: Bytes) -> Result<Event, Invalid> {
    let mut faults = Faults::default();
    let mut draft = Draft::new(Origin::Headers, Limits::NONE, 320);
    for (name, value) in attributes {
        if draft.check_name(name, &mut faults) {
            draft.add(name, value, Kind::String, &mut faults);
        }
    }
    finish(draft, body, faults)
}

/// Adds the attribute of a header, and says whether its value was taken literally instead of decoded.
fn add_header(draft: &mut Draft, name: &str, value: &HeaderValue, decoding: HeaderDecoding, faults: &mut Faults) -> bool {
    let literal = std::str::from_utf8(value.as_bytes()).ok();
    match (header_value::decode(value.as_bytes()), literal) {
        // What some SDKs send unencoded reads as a triplet: `/a%20b` is a URI, the `/a b` it decodes to is none (SPECS T-1).
        (Ok(text), Some(literal)) if prefers_literal(name, &text, literal, decoding) => {
            draft.add(name, literal, Kind::String, faults);
            return true;
        }
        (Ok(text), _) => draft.add(name, &text, Kind::String, faults),
        (Err(_), Some(literal)) if decoding == HeaderDecoding::Lenient => {
            draft.add(name, literal, Kind::String, faults);
            return true;
        }
        (Err(error), _) => {
            faults.add(Origin::Headers.place(name), error.to_string());
            // Not missing, only unreadable.
            draft.attributes.push(name, "", Kind::String);
        }
    }
    false
}

/// Whether the value as it stands is legal where the decoded one is not, and is to be taken then.
fn prefers_literal(name: &str, decoded: &str, literal: &str, decoding: HeaderDecoding) -> bool {
    let may = match decoding {
        HeaderDecoding::Strict => false,
        HeaderDecoding::LenientUris => matches!(name, "source" | "dataschema"),
        HeaderDecoding::Lenient => true,
    };
    may && decoded != literal && rules::fault(name, decoded).is_some() && rules::fault(name, literal).is_none()
}

fn finish(draft: Draft, body: Bytes, mut faults: Faults) -> Result<Event, Invalid> {
    draft.check_required(&mut faults);
    if body.len() > MAX_BYTES {
        faults.add_too_large(Origin::Headers.whole(), format!("an event may have at most {MAX_BYTES} bytes"));
    }
    let data = if body.is_empty() { DataPlace::None } else { DataPlace::Whole };
    faults.or(Some(Event { body, wire: Wire::Binary, attributes: draft.attributes, data }))
}
