//! Event formats: how a whole event, attributes and data, becomes bytes.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Event, Wire, protobuf};

/// A format of the CloudEvents specification, for structured mode and for batches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = EventFormat)]
pub enum Format {
    /// JSON (`application/cloudevents+json`).
    #[default]
    Json,
    /// Protobuf, message `io.cloudevents.v1.CloudEvent` (`application/cloudevents+protobuf`).
    Protobuf,
}

impl Format {
    /// What follows `application/cloudevents` and `application/cloudevents-batch` in its media types.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Json => "+json",
            Self::Protobuf => "+protobuf",
        }
    }

    /// The `Content-Type` of one event in it (SPECS HS-3, 1.I).
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/cloudevents+json; charset=utf-8",
            Self::Protobuf => "application/cloudevents+protobuf",
        }
    }
}

impl Event {
    /// The event in a format: the received bytes if it came in that, else its attributes and data laid out once.
    #[must_use]
    pub fn formatted(&self, format: Format) -> Bytes {
        match format {
            Format::Json => self.structured(),
            Format::Protobuf if self.wire == Wire::Protobuf => self.body.clone(),
            Format::Protobuf => protobuf::write(self.attributes(), &self.embeddable()).into(),
        }
    }
}
