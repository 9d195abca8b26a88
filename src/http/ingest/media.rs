//! From the bytes of a request to events, by its content mode.

use axum::http::{HeaderMap, HeaderValue, header};
use bytes::Bytes;

use crate::config::{self, Ingest};
use crate::domain::event::read::{self, Invalid, Mode, Place, Requested};
use crate::http::problem::{Code, Problem, Result};
use crate::http::state::AppState;

/// What is accepted, for those who sent something else.
const ACCEPTED: &str = "Send `application/cloudevents+json` or `application/cloudevents+protobuf`, a batch as \
                        `application/cloudevents-batch+json` or `application/cloudevents-batch+protobuf` (charset utf-8), or `ce-` \
                        headers with the data as the body.";

/// The same for programs (RFC 9110 section 15.5.16).
const ACCEPT: HeaderValue = HeaderValue::from_static(
    "application/cloudevents+json, application/cloudevents+protobuf, application/cloudevents-batch+json, \
     application/cloudevents-batch+protobuf",
);

/// The content mode of a request (SPECS HR-1).
///
/// # Errors
/// 415 for a format that is not understood, and for a request that does not look like an event at all (HR-4, HR-5).
pub(super) fn mode(headers: &HeaderMap) -> Result<Mode> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    match read::mode(content_type) {
        Mode::Unsupported => Err(unsupported("This CloudEvents format or charset is not understood.")),
        Mode::Binary if !read::has_attributes(headers) => Err(unsupported("The request holds no CloudEvent.")),
        mode => Ok(mode),
    }
}

/// 415 that names what is accepted.
fn unsupported(what: &str) -> Problem {
    Problem::new(Code::UnsupportedMediaType, format!("{what} {ACCEPTED}"))
        .header(header::ACCEPT, ACCEPT)
        .at_header("Content-Type", "announces no format that is understood here")
}

/// Reads the events of a request.
///
/// # Errors
/// 400 with every fault, 413 for a batch of too many.
pub(super) fn read(mode: Mode, headers: &HeaderMap, body: Bytes, state: &AppState) -> Result<Requested> {
    let config = &state.config.ingest;
    let limits = config.limits(state.clock.now());
    let mut literal_count = 0;
    let requested = read::request(mode, headers, body, decoding(config.header_decoding), limits, &mut literal_count);
    let requested = requested.map_err(|invalid| match mode {
        Mode::Batched(_) => refused_batch(invalid, config),
        _ => invalid.into(),
    })?;
    state.metrics.accept.took_literally(literal_count);
    Ok(requested)
}

/// A batch that is too long has a code of its own, since the way out is another one: to split it.
fn refused_batch(invalid: Invalid, config: &Ingest) -> Problem {
    let beyond = ["", "/events"].map(|before| Place::Pointer(format!("{before}/{}", config.max_batch_events)));
    if invalid.is_too_large && invalid.faults.iter().any(|fault| beyond.contains(&fault.place)) {
        return Problem::faulty(Code::TooManyEvents, invalid.faults);
    }
    invalid.into()
}

const fn decoding(configured: config::HeaderDecoding) -> read::HeaderDecoding {
    match configured {
        config::HeaderDecoding::Strict => read::HeaderDecoding::Strict,
        config::HeaderDecoding::LenientUris => read::HeaderDecoding::LenientUris,
        config::HeaderDecoding::Lenient => read::HeaderDecoding::Lenient,
    }
}
