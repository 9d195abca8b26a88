//! The CloudEvent as the API document describes it. Never parsed into: events keep their received bytes.

use serde::Serialize;
use utoipa::ToSchema;

/// A CloudEvent 1.0 in JSON format. Any further member with a name of `a-z` and `0-9` is an extension attribute.
#[derive(Debug, Serialize, ToSchema)]
pub struct CloudEvent {
    /// The version of the specification: `1.0`.
    #[schema(pattern = r"^1\.0$", example = "1.0")]
    pub specversion: String,
    /// The producer's identity of the event, unique within its source.
    #[schema(min_length = 1, example = "A234-1234-1234")]
    pub id: String,
    /// Where it happened: a URI reference.
    #[schema(min_length = 1, format = "uri-reference", example = "/orders")]
    pub source: String,
    /// What happened.
    #[serde(rename = "type")]
    #[schema(min_length = 1, example = "com.example.order.created")]
    pub event_type: String,
    /// What it happened to.
    #[schema(nullable = true)]
    pub subject: Option<String>,
    /// When it happened (RFC 3339).
    #[schema(nullable = true, format = "date-time")]
    pub time: Option<String>,
    /// The media type of the data.
    #[schema(nullable = true, example = "application/json")]
    pub datacontenttype: Option<String>,
    /// The schema of the data: an absolute URI.
    #[schema(nullable = true, format = "uri")]
    pub dataschema: Option<String>,
    /// The data: any JSON value, or a text if the content type is not JSON.
    pub data: Option<serde_json::Value>,
    /// Binary data in base64; never together with `data`.
    #[schema(nullable = true)]
    pub data_base64: Option<String>,
}

/// A message of the CloudEvents Protobuf format, `io.cloudevents.v1.CloudEvent` or `CloudEventBatch`, in its wire form.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct ProtobufMessage(pub Vec<u8>);
