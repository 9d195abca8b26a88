//! Events from the wire: by content mode, every rule of the specification checked, every fault named with its place.
//!
//! Nothing is repaired and nothing is guessed. What passes here is what goes out again, so a reader that lets something through
//! makes every sink pay for it.

mod binary;
mod draft;
mod faults;
mod mode;
mod protobuf;
mod request;
mod structured;

pub use binary::{binary, binary_counting, has_attributes};
pub use mode::{Mode, mode};
pub use protobuf::{protobuf, protobuf_batch};
pub use request::{Requested, request};
pub use structured::{batch, structured};

pub(super) use binary::from_parts;

use crate::domain::clock::Timestamp;

/// Why something is no event: every fault that was found, the first one first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a CloudEvent: {}", .faults.first().map_or("", |fault| fault.detail.as_str()))]
pub struct Invalid {
    /// The faults; at least one. Many faults are cut short.
    pub faults: Vec<Fault>,
    /// Whether it is refused for a limit on its size, not for what it says: 413, not 400.
    pub is_too_large: bool,
}

impl Invalid {
    /// A single fault of a whole body.
    pub(super) fn whole(detail: String) -> Self {
        Self { faults: vec![Fault { place: Place::Pointer(String::new()), detail }], is_too_large: false }
    }
}

/// How much one request may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Attributes of one event, extensions included.
    pub max_attributes: usize,
    /// Events in one batch.
    pub max_batch_events: usize,
    /// The latest moment until which an event may ask to be held back, with `deliverafter`.
    pub latest_delivery: Timestamp,
}

impl Limits {
    /// None: for what was accepted before.
    pub const NONE: Self = Self { max_attributes: usize::MAX, max_batch_events: usize::MAX, latest_delivery: Timestamp::MAX };
}

impl Default for Limits {
    /// 256 attributes and 1000 events, delivered whenever they like.
    fn default() -> Self {
        Self { max_attributes: 256, max_batch_events: 1000, ..Self::NONE }
    }
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
    /// In the body, as a JSON Pointer (RFC 6901); a batch's index is its first token. In a Protobuf message the tokens are the names
    /// of fields, `/events/3/attributes/time`.
    Pointer(String),
    /// In the header of that name.
    Header(String),
}

/// What to do with a header value that does not decode by the letter (SPECS HR-14, HR-15, T-1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HeaderDecoding {
    /// Refuse it.
    Strict,
    /// Take it literally where the attribute is a URI and only the text as it stands is one; else refuse it.
    #[default]
    LenientUris,
    /// Take it literally.
    Lenient,
}
