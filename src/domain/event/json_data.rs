//! The data of an event, as far as it is JSON.

use std::borrow::Cow;

use super::media_type::MediaType;
use super::{Data, Event};

/// What an event's data is to somebody who asks for JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonData<'a> {
    /// There is no data, or it does not say that it is JSON.
    None,
    /// A text that says it is JSON. It was checked only if it came within a JSON event.
    Text(Cow<'a, str>),
    /// Bytes that say they are JSON and are not even a text.
    NoText,
}

impl Event {
    /// The data, if it is JSON by where it lies (SPECS HR-24) or by `datacontenttype`. Nothing is parsed.
    #[must_use]
    pub fn json_data(&self) -> JsonData<'_> {
        let declared = || self.attribute("datacontenttype").and_then(MediaType::parse).is_some_and(MediaType::is_json);
        match self.data() {
            Data::Json(text) => JsonData::Text(Cow::Borrowed(text)),
            Data::Text(text) if declared() => JsonData::Text(text),
            Data::Bytes(bytes) if declared() => text(bytes).map_or(JsonData::NoText, JsonData::Text),
            Data::None | Data::Text(_) | Data::Bytes(_) => JsonData::None,
        }
    }
}

/// Bytes as the UTF-8 that JSON is written in (RFC 8259 section 8.1).
fn text(bytes: Cow<'_, [u8]>) -> Option<Cow<'_, str>> {
    match bytes {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    }
}
