//! The Protobuf event format: the fields of `io.cloudevents.v1.CloudEvent`, their wire form and times.
//!
//! Read and written by hand, over spans of the received bytes: a decoder that builds a struct would copy every value and forget what
//! it does not know, and what is forgotten can't go out again. `read::protobuf` has the reader, [`write()`] the writer.

mod time;
pub(super) mod wire;
mod write;

pub(super) use self::time::text_of_timestamp;
pub(super) use self::write::write;

/// Fields of `CloudEvent`.
pub(super) mod event {
    /// `string id`.
    pub(in crate::domain::event) const ID: u32 = 1;
    /// `string source`.
    pub(in crate::domain::event) const SOURCE: u32 = 2;
    /// `string spec_version`.
    pub(in crate::domain::event) const SPEC_VERSION: u32 = 3;
    /// `string type`.
    pub(in crate::domain::event) const TYPE: u32 = 4;
    /// `map<string, CloudEventAttributeValue> attributes`: all that are not required.
    pub(in crate::domain::event) const ATTRIBUTES: u32 = 5;
    /// `bytes binary_data`.
    pub(in crate::domain::event) const BINARY_DATA: u32 = 6;
    /// `string text_data`.
    pub(in crate::domain::event) const TEXT_DATA: u32 = 7;
    /// `google.protobuf.Any proto_data`.
    pub(in crate::domain::event) const PROTO_DATA: u32 = 8;
}

/// Fields of an entry of a map: its key and its value. `Any` numbers its `type_url` and its `value` the same, `Timestamp` its
/// `seconds` and its `nanos`.
pub(super) mod pair {
    /// The first one.
    pub(in crate::domain::event) const FIRST: u32 = 1;
    /// The second one.
    pub(in crate::domain::event) const SECOND: u32 = 2;
}

/// Fields of `CloudEventAttributeValue`, of which one is there.
pub(super) mod value {
    /// `bool ce_boolean`.
    pub(in crate::domain::event) const BOOLEAN: u32 = 1;
    /// `int32 ce_integer`.
    pub(in crate::domain::event) const INTEGER: u32 = 2;
    /// `string ce_string`.
    pub(in crate::domain::event) const STRING: u32 = 3;
    /// `bytes ce_bytes`.
    pub(in crate::domain::event) const BYTES: u32 = 4;
    /// `string ce_uri`.
    pub(in crate::domain::event) const URI: u32 = 5;
    /// `string ce_uri_ref`.
    pub(in crate::domain::event) const URI_REFERENCE: u32 = 6;
    /// `google.protobuf.Timestamp ce_timestamp`.
    pub(in crate::domain::event) const TIMESTAMP: u32 = 7;
}

/// The field of `CloudEventBatch`: `repeated CloudEvent events`.
pub(super) const BATCH_EVENTS: u32 = 1;
