//! Faults as they are found, and where they lie.

use super::{Fault, Invalid, Place};
use crate::domain::event::Event;

/// Further faults are not kept: a body of a thousand bad events needs no answer of a thousand sentences.
const MAX_FAULTS: usize = 32;

/// What an event is read from, to name a place in it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Origin {
    /// A JSON document of its own.
    Document,
    /// An element of a batch.
    Element(usize),
    /// A Protobuf message of its own.
    Message,
    /// A message in a batch.
    MessageElement(usize),
    /// Headers.
    Headers,
}

impl Origin {
    /// The place of the member or header that holds an attribute.
    pub(super) fn place(self, name: &str) -> Place {
        match self {
            Self::Document => Place::Pointer(format!("/{}", escape(name))),
            Self::Element(index) => Place::Pointer(format!("/{index}/{}", escape(name))),
            Self::Message | Self::MessageElement(_) => match name {
                "specversion" => self.member("spec_version"),
                "id" | "source" | "type" => self.member(name),
                _ => self.attribute(name),
            },
            Self::Headers if name == "datacontenttype" => Place::Header("content-type".to_owned()),
            Self::Headers => Place::Header(format!("ce-{name}")),
        }
    }

    /// The place of the event as a whole.
    pub(super) fn whole(self) -> Place {
        match self {
            Self::Document | Self::Headers | Self::Message => Place::Pointer(String::new()),
            Self::Element(index) => Place::Pointer(format!("/{index}")),
            Self::MessageElement(index) => Place::Pointer(format!("/events/{index}")),
        }
    }

    /// The place of a field of a message.
    pub(super) fn member(self, name: &str) -> Place {
        match self {
            Self::MessageElement(index) => Place::Pointer(format!("/events/{index}/{name}")),
            _ => Place::Pointer(format!("/{name}")),
        }
    }

    /// The place of an entry of the attributes of a message.
    pub(super) fn attribute(self, name: &str) -> Place {
        self.member(&format!("attributes/{}", escape(name)))
    }
}

/// A reference token of a JSON Pointer (RFC 6901 section 3).
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The faults found so far.
#[derive(Debug, Default)]
pub(super) struct Faults {
    list: Vec<Fault>,
    is_too_large: bool,
}

impl Faults {
    /// Notes one.
    pub(super) fn add(&mut self, place: Place, detail: impl Into<String>) {
        if self.list.len() < MAX_FAULTS {
            self.list.push(Fault { place, detail: detail.into() });
        }
    }

    /// Notes that a limit on sizes is passed.
    pub(super) fn add_too_large(&mut self, place: Place, detail: String) {
        self.is_too_large = true;
        self.add(place, detail);
    }

    /// Whether there are none.
    pub(super) const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// `value`, if there are no faults.
    pub(super) fn or(self, value: Option<Event>) -> Result<Event, Invalid> {
        match value {
            Some(event) if self.list.is_empty() => Ok(event),
            _ => Err(self.into()),
        }
    }
}

impl From<Faults> for Invalid {
    fn from(faults: Faults) -> Self {
        Self { faults: faults.list, is_too_large: faults.is_too_large }
    }
}
