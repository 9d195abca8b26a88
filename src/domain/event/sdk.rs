//! To and from `cloudevents::Event`, for those who hold one: the command line, operational events, tests.
//!
//! The SDK's event keeps values, not spellings: times become UTC, `dataschema` is normalised and JSON data re-ordered (SPECS
//! part 4). Nothing that is delivered goes through here.

use bytes::Bytes;
use cloudevents::event::ExtensionValue;
use cloudevents::{AttributesReader, EventBuilder, EventBuilderV10};

use super::read::{Invalid, Limits, structured};
use super::write::lay_out;
use super::{Data, Event, Kind, rules};

/// Why an event can't be held by the SDK.
#[derive(Debug, thiserror::Error)]
pub enum ToSdkError {
    /// `dataschema` or another attribute is legal but not to the SDK.
    #[error("the SDK refuses an attribute")]
    Attribute(#[from] cloudevents::event::EventBuilderError),
    /// The data can't be held as a tree.
    #[error("the SDK can't hold the data")]
    Data(#[from] serde_json::Error),
}

impl TryFrom<&Event> for cloudevents::Event {
    type Error = ToSdkError;

    fn try_from(event: &Event) -> Result<Self, Self::Error> {
        let mut builder = EventBuilderV10::new().id(event.id()).source(event.source()).ty(event.event_type());
        if let Some(subject) = event.attribute("subject") {
            builder = builder.subject(subject);
        }
        if let Some(time) = event.attribute("time") {
            builder = builder.time(time);
        }
        for (name, value, kind) in event.attributes().filter(|(name, ..)| !rules::is_core(name)) {
            builder = match kind {
                Kind::String => builder.extension(name, value),
                Kind::Integer => builder.extension(name, value.parse::<i64>().unwrap_or_default()),
                Kind::Boolean => builder.extension(name, value == "true"),
            };
        }
        let mut held = builder.build()?;
        set_data(&mut held, event)?;
        Ok(held)
    }
}

/// Data, its type and its schema; each may be there without the others.
fn set_data(held: &mut cloudevents::Event, event: &Event) -> Result<(), ToSdkError> {
    use cloudevents::AttributesWriter;
    match event.data() {
        Data::None => {}
        Data::Json(text) => {
            held.set_data_unchecked(serde_json::from_str::<serde_json::Value>(text)?);
        }
        Data::Text(text) => {
            held.set_data_unchecked(text.into_owned());
        }
        Data::Bytes(bytes) => {
            held.set_data_unchecked(bytes.into_owned());
        }
    }
    held.set_datacontenttype(event.attribute("datacontenttype"));
    if let Some(schema) = event.attribute("dataschema") {
        let url = url::Url::parse(schema)
            .map_err(|source| cloudevents::event::EventBuilderError::ParseUrlError { attribute_name: "dataschema", source })?;
        held.set_dataschema(Some(url));
    }
    Ok(())
}

impl TryFrom<&cloudevents::Event> for Event {
    type Error = Invalid;

    /// Reads what the SDK holds by all rules: it lets invalid events through.
    fn try_from(held: &cloudevents::Event) -> Result<Self, Invalid> {
        let mut attributes = vec![
            ("specversion", "1.0".to_owned(), Kind::String),
            ("id", held.id().to_owned(), Kind::String),
            ("source", held.source().clone(), Kind::String),
            ("type", held.ty().to_owned(), Kind::String),
        ];
        let optional = [
            ("subject", held.subject().map(str::to_owned)),
            ("time", held.time().map(|time| time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))),
            ("datacontenttype", held.datacontenttype().map(str::to_owned)),
            ("dataschema", held.dataschema().map(ToString::to_string)),
        ];
        attributes.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?, Kind::String))));
        attributes.extend(held.iter_extensions().map(|(name, value)| match value {
            ExtensionValue::String(text) => (name, text.clone(), Kind::String),
            ExtensionValue::Integer(number) => (name, number.to_string(), Kind::Integer),
            ExtensionValue::Boolean(truth) => (name, truth.to_string(), Kind::Boolean),
        }));
        // The SDK keeps extensions in no order; equal events are to read the same.
        attributes[4..].sort_by(|left, right| left.0.cmp(right.0));
        let json;
        let data = match held.data() {
            None => Data::None,
            Some(cloudevents::Data::Binary(bytes)) => Data::Bytes(bytes.into()),
            Some(cloudevents::Data::String(text)) => Data::Text(text.into()),
            Some(cloudevents::Data::Json(value)) => {
                json = value.to_string();
                Data::Json(&json)
            }
        };
        let pairs = attributes.iter().map(|(name, value, kind)| (*name, value.as_str(), *kind));
        structured(Bytes::from(lay_out(pairs, data)), Limits::NONE)
    }
}
