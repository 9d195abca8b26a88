//! CloudEvents as received: immutable, byte for byte.
//!
//! An [`Event`] keeps the bytes it came in and where in them its attributes and data lie; nothing is re-serialised and no JSON
//! tree of `data` is ever built. [`read`] makes events from the wire (binary, structured, batched), [`mod@write`] lays them out for a
//! sink. It must never change an attribute's spelling or a byte of `data` (SPECS 1.A to 1.D).

mod annotate;
mod attributes;
mod base64_text;
pub(super) mod escape;
mod format;
mod header_value;
pub(super) mod json;
mod json_data;
mod key;
mod media_type;
mod protobuf;
pub mod read;
pub mod rules;
mod sdk;
mod span;
mod stored;
pub mod uri;
pub mod write;

use std::borrow::Cow;

use bytes::Bytes;

use self::attributes::Attributes;
pub use self::format::Format;
pub use self::header_value::HeaderEncoding;
pub use self::json_data::JsonData;
pub use self::key::key_digest;
pub use self::sdk::ToSdkError;
use self::span::Span;

use super::clock::Timestamp;
use super::id::EventId;
use super::tenant::TenantName;

/// How the received bytes are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// The bytes are one event in JSON format.
    Structured,
    /// The bytes are the data; the attributes came as headers.
    Binary,
    /// The bytes are one event in the Protobuf format.
    Protobuf,
}

/// The parts of an event that are stored: [`Event::from_stored`] gives the event back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredForm {
    /// How `body` is to be read.
    pub wire: Wire,
    /// For [`Wire::Binary`], the attributes in the order received, as a JSON array of `[name, value]`.
    pub attributes: Option<String>,
    /// The bytes as received.
    pub body: Bytes,
}

/// The JSON type an attribute was written with; in headers everything is a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A string, or one of the types written as one.
    String,
    /// An integer of 32 bits.
    Integer,
    /// `true` or `false`.
    Boolean,
}

/// The data of an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Data<'a> {
    /// There is none.
    None,
    /// A JSON value, as its exact text; `null` is a value.
    Json(&'a str),
    /// A text that is no JSON, from a JSON string member.
    Text(Cow<'a, str>),
    /// Bytes of any kind.
    Bytes(Cow<'a, [u8]>),
}

/// Where the data lies in the received bytes.
#[derive(Debug, Clone, Copy)]
enum DataPlace {
    /// There is none.
    None,
    /// A JSON value.
    Json(Span),
    /// The inside of a JSON string that holds a text.
    Text { inside: Span, is_escaped: bool },
    /// The inside of a JSON string that holds base64.
    Base64 { inside: Span, is_escaped: bool },
    /// Bytes within the bytes.
    Bytes(Span),
    /// All of the bytes.
    Whole,
}

/// One CloudEvent.
#[derive(Debug, Clone)]
pub struct Event {
    body: Bytes,
    wire: Wire,
    attributes: Attributes,
    data: DataPlace,
}

impl Event {
    /// `id`.
    #[must_use]
    pub fn id(&self) -> &str {
        self.attributes.id()
    }

    /// `source`.
    #[must_use]
    pub fn source(&self) -> &str {
        self.attributes.source()
    }

    /// `type`.
    #[must_use]
    pub fn event_type(&self) -> &str {
        self.attributes.event_type()
    }

    /// The canonical string of any attribute but `data`, core or extension (SPECS CE-9).
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name)
    }

    /// When the event expires: the extension `expirytime` (SPECS 1.H), if it is a Timestamp.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.attribute("expirytime").and_then(Timestamp::parse)
    }

    /// Before when the event is not to be delivered: Waypost's extension `deliverafter`.
    #[must_use]
    pub fn deliver_after(&self) -> Option<Timestamp> {
        self.attribute("deliverafter").and_then(Timestamp::parse)
    }

    /// The same with the type it was written with.
    #[must_use]
    pub fn typed_attribute(&self, name: &str) -> Option<(&str, Kind)> {
        self.attributes.get_typed(name)
    }

    /// All attributes in the order received.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &str, Kind)> {
        self.attributes.iter()
    }

    /// The data. What came in binary mode is bytes, whatever its content type says (SPECS HR-11).
    #[must_use]
    pub fn data(&self) -> Data<'_> {
        match self.data {
            DataPlace::None => Data::None,
            DataPlace::Json(span) => Data::Json(self.text(span)),
            DataPlace::Text { inside, is_escaped } => Data::Text(self.string(inside, is_escaped)),
            DataPlace::Base64 { inside, is_escaped } => {
                let text = self.string(inside, is_escaped);
                Data::Bytes(Cow::Owned(base64_text::decode(text.as_bytes()).unwrap_or_default()))
            }
            DataPlace::Bytes(span) => Data::Bytes(Cow::Borrowed(&self.body[span.range()])),
            DataPlace::Whole => Data::Bytes(Cow::Borrowed(&self.body)),
        }
    }

    /// The bytes that were received for this event.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// How the received bytes are to be read.
    #[must_use]
    pub const fn wire(&self) -> Wire {
        self.wire
    }

    /// A stretch of a body whose UTF-8 was checked when it was read.
    fn text(&self, span: Span) -> &str {
        std::str::from_utf8(&self.body[span.range()]).unwrap_or_default()
    }

    /// What the inside of a JSON string says; it was checked when it was read.
    fn string(&self, inside: Span, is_escaped: bool) -> Cow<'_, str> {
        let raw = self.text(inside);
        if is_escaped { Cow::Owned(escape::unescape(raw).unwrap_or_default()) } else { Cow::Borrowed(raw) }
    }
}

/// An event that was accepted.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// Its identifier: the `webhook-id` of everything sent for it.
    pub id: EventId,
    /// Whose it is.
    pub tenant: TenantName,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// The `traceparent` header it was posted with, if that was valid (W3C Trace Context).
    pub traceparent: Option<String>,
    /// The event itself.
    pub event: Event,
}

#[cfg(test)]
mod tests;
