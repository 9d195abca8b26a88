//! Events as they go to a sink.

use bytes::Bytes;
use http::{HeaderName, HeaderValue};

use super::Event;

/// The media type of an event in JSON format (SPECS HS-3).
pub const STRUCTURED_CONTENT_TYPE: &str = "application/cloudevents+json; charset=utf-8";

impl Event {
    /// The event in JSON format: the received bytes if it came so, else its attributes and data laid out once (SPECS FW-3).
    #[must_use]
    pub fn structured(&self) -> Bytes {
        todo!()
    }

    /// The event in binary mode, `content-type` among the headers; `None` for an event that may only go structured: without
    /// data, without content type, or with attributes too large for headers (SPECS HS-6, CE-14).
    #[must_use]
    pub fn binary(&self) -> Option<(Vec<(HeaderName, HeaderValue)>, Bytes)> {
        todo!()
    }
}
