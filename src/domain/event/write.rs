//! Events as they go to a sink.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};

use super::media_type::MediaType;
use super::{Data, DataPlace, Event, HeaderEncoding, Kind, Wire, base64_text, header_value, json};

/// The content type of JSON data whose event names none (SPECS CE-17).
const JSON: &str = "application/json";

/// Headers longer than this together are more than common receivers take (SPECS CE-14).
const MAX_HEADER_BYTES: usize = 8 * 1024;

impl Event {
    /// The event in JSON format: the received bytes if it came so, else its attributes and data laid out once (SPECS FW-3).
    #[must_use]
    pub fn structured(&self) -> Bytes {
        match self.wire {
            Wire::Structured => self.body.clone(),
            Wire::Binary | Wire::Protobuf => lay_out(self.attributes(), self.embeddable()).into(),
        }
    }

    /// [`Event::binary_as`] with the spelling of the specification.
    #[must_use]
    pub fn binary(&self) -> Option<(Vec<(HeaderName, HeaderValue)>, Bytes)> {
        self.binary_as(HeaderEncoding::Spec)
    }

    /// The event in binary mode, `content-type` among the headers; `None` for an event that may only go structured: without
    /// data, without content type, with attributes too large for headers, or with one that can't be spelt so (SPECS HS-6, CE-14).
    #[must_use]
    pub fn binary_as(&self, encoding: HeaderEncoding) -> Option<(Vec<(HeaderName, HeaderValue)>, Bytes)> {
        let (content_type, body) = self.bare_data()?;
        let mut header_bytes = content_type.len();
        let mut headers = vec![(CONTENT_TYPE, content_type)];
        for (name, value, _) in self.attributes().filter(|(name, ..)| *name != "datacontenttype") {
            let value = match encoding {
                HeaderEncoding::Spec => header_value::encode(value),
                HeaderEncoding::RawAscii => header_value::literal(value)?.to_owned(),
            };
            header_bytes += "ce-: \r\n".len() + name.len() + value.len();
            headers.push((header_name(name)?, HeaderValue::try_from(value).ok()?));
        }
        (header_bytes <= MAX_HEADER_BYTES).then_some((headers, body))
    }

    /// The data alone with its media type; `None` for an event that may only go structured: without data or without content type
    /// (SPECS HS-6).
    #[must_use]
    pub fn bare_data(&self) -> Option<(HeaderValue, Bytes)> {
        let body = self.payload().filter(|body| !body.is_empty())?;
        let given = self.attribute("datacontenttype");
        let content_type = given.or(matches!(self.data, DataPlace::Json(_)).then_some(JSON))?;
        Some((HeaderValue::from_str(content_type).ok()?, body))
    }

    /// The data as the body of a request; a part of the received bytes wherever it can be.
    pub(super) fn payload(&self) -> Option<Bytes> {
        match self.data {
            DataPlace::None => None,
            DataPlace::Whole => Some(self.body.clone()),
            DataPlace::Bytes(span) | DataPlace::Json(span) | DataPlace::Text { inside: span, is_escaped: false } => {
                Some(self.body.slice(span.range()))
            }
            DataPlace::Text { .. } | DataPlace::Base64 { .. } => match self.data() {
                Data::Text(text) => Some(text.into_owned().into()),
                Data::Bytes(bytes) => Some(bytes.into_owned().into()),
                Data::None | Data::Json(_) => None,
            },
        }
    }

    /// The data as a member of a JSON object. Bytes that came in binary mode or in Protobuf are embedded where their content type says
    /// that they are JSON or text and they are, else as base64, which always comes back the same.
    #[must_use]
    pub fn embeddable(&self) -> Data<'_> {
        let media_type = || self.attribute("datacontenttype").and_then(MediaType::parse);
        match (self.wire, self.data()) {
            (Wire::Structured, data) => data,
            (_, Data::Bytes(Cow::Borrowed(bytes))) => embed(bytes, media_type()),
            // As a string of a JSON document it would be read as a JSON string.
            (_, Data::Text(Cow::Borrowed(text))) if media_type().is_none_or(MediaType::is_json) => {
                Data::Bytes(text.as_bytes().into())
            }
            (_, data) => data,
        }
    }
}

/// Bytes of that type as a member of a JSON object.
fn embed<'a>(bytes: &'a [u8], media_type: Option<MediaType<'_>>) -> Data<'a> {
    match (media_type.filter(|media_type| media_type.is_utf8()), std::str::from_utf8(bytes)) {
        (Some(media_type), Ok(text)) if media_type.is_json() && json::is_json(text) => Data::Json(text),
        (Some(media_type), Ok(text)) if media_type.is_text() && !media_type.is_json() => Data::Text(Cow::Borrowed(text)),
        _ => Data::Bytes(Cow::Borrowed(bytes)),
    }
}

/// An event in JSON format, from its parts.
pub(super) fn lay_out<'a>(attributes: impl Iterator<Item = (&'a str, &'a str, Kind)>, data: Data<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(512 + room(&data));
    for (name, value, kind) in attributes {
        out.push(if out.is_empty() { b'{' } else { b',' });
        push_string(name, &mut out);
        out.push(b':');
        match kind {
            Kind::String => push_string(value, &mut out),
            Kind::Integer | Kind::Boolean => out.extend_from_slice(value.as_bytes()),
        }
    }
    match data {
        Data::None => {}
        Data::Json(text) => {
            out.extend_from_slice(b",\"data\":");
            out.extend_from_slice(text.as_bytes());
        }
        Data::Text(text) => {
            out.extend_from_slice(b",\"data\":");
            push_string(&text, &mut out);
        }
        Data::Bytes(bytes) => {
            out.extend_from_slice(b",\"data_base64\":\"");
            base64_text::encode_into(&bytes, &mut out);
            out.push(b'"');
        }
    }
    out.push(b'}');
    out
}

/// About how many bytes data takes in a JSON document.
fn room(data: &Data<'_>) -> usize {
    match data {
        Data::None => 0,
        Data::Json(text) => text.len(),
        Data::Text(text) => text.len() + text.len() / 8,
        Data::Bytes(bytes) => bytes.len().div_ceil(3) * 4,
    }
}

/// Appends `text` as a JSON string.
fn push_string(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("a string is always JSON, and a vector takes all bytes");
}

fn header_name(attribute: &str) -> Option<HeaderName> {
    Some(match attribute {
        "id" => HeaderName::from_static("ce-id"),
        "source" => HeaderName::from_static("ce-source"),
        "type" => HeaderName::from_static("ce-type"),
        "specversion" => HeaderName::from_static("ce-specversion"),
        "time" => HeaderName::from_static("ce-time"),
        "subject" => HeaderName::from_static("ce-subject"),
        other => HeaderName::try_from(format!("ce-{other}")).ok()?,
    })
}
