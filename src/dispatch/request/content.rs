//! How an event lies on HTTP, in each content mode (SPECS HS-1 to HS-7).
//!
//! A delivery must have a body and a content type (CloudEvents WebHook 2.1): an event that has none goes structured whatever the
//! subscription asked for, and so does one whose attributes don't fit into headers.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};

use crate::dispatch::sink::Sink;
use crate::domain::event::Event;
use crate::domain::subscription::ContentMode;

/// Adds the headers of the content, and gives its bytes.
pub(super) fn lay_out(sink: &Sink, event: &Event, headers: &mut HeaderMap) -> Bytes {
    match sink.content_mode {
        ContentMode::Structured => {}
        ContentMode::Binary => {
            if let Some((attributes, body)) = event.binary_as(sink.header_encoding) {
                headers.extend(attributes);
                return body;
            }
        }
        ContentMode::Data => {
            if let Some((content_type, body)) = event.bare_data() {
                headers.insert(CONTENT_TYPE, content_type);
                return body;
            }
        }
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(sink.format.content_type()));
    event.formatted(sink.format)
}
