//! `io.cloudevents.v1` as published (`cloudevents.proto`), for `prost`: what Waypost reads and writes by hand is held against it.

use std::collections::BTreeMap;

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct CloudEvent {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub source: String,
    #[prost(string, tag = "3")]
    pub spec_version: String,
    #[prost(string, tag = "4")]
    pub r#type: String,
    #[prost(btree_map = "string, message", tag = "5")]
    pub attributes: BTreeMap<String, AttributeValue>,
    #[prost(oneof = "Content", tags = "6, 7, 8")]
    pub data: Option<Content>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
#[expect(clippy::enum_variant_names, reason = "named as in the schema")]
pub(crate) enum Content {
    #[prost(bytes, tag = "6")]
    BinaryData(Vec<u8>),
    #[prost(string, tag = "7")]
    TextData(String),
    #[prost(message, tag = "8")]
    ProtoData(Any),
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct AttributeValue {
    #[prost(oneof = "Attr", tags = "1, 2, 3, 4, 5, 6, 7")]
    pub attr: Option<Attr>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
#[expect(clippy::enum_variant_names, reason = "named as in the schema")]
pub(crate) enum Attr {
    #[prost(bool, tag = "1")]
    CeBoolean(bool),
    #[prost(int32, tag = "2")]
    CeInteger(i32),
    #[prost(string, tag = "3")]
    CeString(String),
    #[prost(bytes, tag = "4")]
    CeBytes(Vec<u8>),
    #[prost(string, tag = "5")]
    CeUri(String),
    #[prost(string, tag = "6")]
    CeUriRef(String),
    #[prost(message, tag = "7")]
    CeTimestamp(Timestamp),
}

impl From<Attr> for AttributeValue {
    fn from(attr: Attr) -> Self {
        Self { attr: Some(attr) }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Any {
    #[prost(string, tag = "1")]
    pub type_url: String,
    #[prost(bytes, tag = "2")]
    pub value: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(crate) struct Timestamp {
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Batch {
    #[prost(message, repeated, tag = "1")]
    pub events: Vec<CloudEvent>,
}
