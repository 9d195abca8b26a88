//! CloudEvents as received: immutable, byte for byte.
//!
//! An [`Event`] keeps the bytes it came in and where in them its attributes and data lie; nothing is re-serialised and no JSON
//! tree of `data` is ever built. [`read`] makes events from the wire (binary, structured, batched), [`write`] lays them out for a
//! sink. It must never change an attribute's spelling or a byte of `data` (SPECS 1.A to 1.D).

pub mod read;
pub mod write;

use std::borrow::Cow;

use bytes::Bytes;

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

/// One CloudEvent.
#[derive(Debug, Clone)]
pub struct Event {
    body: Bytes,
}

impl Event {
    /// `id`.
    #[must_use]
    pub fn id(&self) -> &str {
        todo!()
    }

    /// `source`.
    #[must_use]
    pub fn source(&self) -> &str {
        todo!()
    }

    /// `type`.
    #[must_use]
    pub fn event_type(&self) -> &str {
        todo!()
    }

    /// The canonical string of any attribute but `data`, core or extension (SPECS CE-9).
    #[must_use]
    pub fn attribute(&self, _name: &str) -> Option<&str> {
        todo!()
    }

    /// All attributes in the order received.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &str, Kind)> {
        std::iter::empty()
    }

    /// The data.
    #[must_use]
    pub fn data(&self) -> Data<'_> {
        todo!()
    }

    /// The bytes that were received for this event.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// What is stored of it.
    #[must_use]
    pub fn to_stored(&self) -> StoredForm {
        todo!()
    }

    /// The event of which `stored` is what was stored.
    ///
    /// # Errors
    /// If the parts are not those of an event: the database was tampered with.
    pub fn from_stored(_stored: StoredForm) -> Result<Self, read::Invalid> {
        todo!()
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
