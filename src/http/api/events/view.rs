//! Events as JSON shows them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::domain::clock::Timestamp;
use crate::domain::event::{self, Kind};
use crate::domain::id::EventId;
use crate::http::api::deliveries::Delivery;
use crate::http::problem::{Problem, Result};
use crate::store::{EventRow, StoredEvent};

/// An event in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventLine {
    /// Its identifier here: the `webhook-id` of everything sent for it.
    id: EventId,
    /// Its `id` attribute.
    event_id: String,
    /// Its `source` attribute.
    source: String,
    /// Its `type` attribute.
    r#type: String,
    /// Its `subject` attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    subject: Option<String>,
    /// Its `time` attribute, as spelled by its producer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    time: Option<String>,
    /// When it was accepted.
    accepted_at: Timestamp,
    /// When its data expired, if it did: it can't be sent again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    data_expired_at: Option<Timestamp>,
}

impl From<EventRow> for EventLine {
    fn from(row: EventRow) -> Self {
        let EventRow { id, event_id, source, event_type, subject, time, accepted_at, body_bytes: _, data_expired_at } = row;
        Self { id, event_id, source, r#type: event_type, subject, time, accepted_at, data_expired_at }
    }
}

/// An event with its data and its deliveries. It has `data` or `data_base64`, as in the JSON event format, or neither.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Event {
    /// Its identifier here: the `webhook-id` of everything sent for it.
    id: EventId,
    /// When it was accepted.
    accepted_at: Timestamp,
    /// Its attributes, extensions included, in the order they were posted.
    #[schema(value_type = std::collections::BTreeMap<String, serde_json::Value>)]
    attributes: Attributes,
    /// JSON data exactly as posted, or text as a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    data: Option<Box<RawValue>>,
    /// Data that is neither JSON nor text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, content_encoding = "base64")]
    data_base64: Option<String>,
    /// When its data expired, if it did: its attributes are what is left, and it can't be sent again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    data_expired_at: Option<Timestamp>,
    /// Its deliveries, oldest first.
    deliveries: Vec<Delivery>,
}

impl Event {
    /// What is shown of `stored`.
    pub(super) fn new(stored: StoredEvent) -> Result<Self> {
        let event = stored.accepted.event;
        let (data, data_base64) = match event.embeddable() {
            event::Data::None => (None, None),
            event::Data::Json(text) => (Some(raw(text.to_owned())?), None),
            event::Data::Text(text) => (Some(raw(serde_json::Value::from(text).to_string())?), None),
            event::Data::Bytes(bytes) => (None, Some(STANDARD.encode(bytes))),
        };
        Ok(Self {
            id: stored.accepted.id,
            accepted_at: stored.accepted.accepted_at,
            attributes: Attributes(
                event.attributes().map(|(name, value, kind)| (name.to_owned(), value.to_owned(), kind)).collect(),
            ),
            data,
            data_base64,
            data_expired_at: stored.data_expired_at,
            deliveries: stored.deliveries.into_iter().map(Delivery::from).collect(),
        })
    }
}

/// JSON text that is written as it is; the event's reader made sure that it is JSON.
fn raw(text: String) -> Result<Box<RawValue>> {
    RawValue::from_string(text).map_err(|error| Problem::internal(&error))
}

/// Attributes in their order, each with the JSON type it was posted with.
#[derive(Debug)]
struct Attributes(Vec<(String, String, Kind)>);

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value, kind) in &self.0 {
            match (kind, value.parse::<i32>()) {
                (Kind::Integer, Ok(number)) => map.serialize_entry(name, &number)?,
                (Kind::Boolean, _) => map.serialize_entry(name, &(value == "true"))?,
                _ => map.serialize_entry(name, value)?,
            }
        }
        map.end()
    }
}
