//! Events in the Protobuf format, alone or in a batch: one pass over the bytes (SPECS 1.I).
//!
//! What proto3 lets pass and what would make one event mean two things is refused: a field or a key of the map that is there twice,
//! of which readers take the last. Unknown fields are passed over; a sink that gets Protobuf gets them too.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;

use super::draft::Draft;
use super::faults::{Faults, Origin};
use super::{Invalid, Limits};
use crate::domain::event::media_type::MediaType;
use crate::domain::event::protobuf::wire::{Fields, Value, WireError};
use crate::domain::event::protobuf::{BATCH_EVENTS, event, pair, text_of_timestamp, value};
use crate::domain::event::span::{MAX_BYTES, Span};
use crate::domain::event::{DataPlace, Event, Kind, Wire, base64_text, json, rules, uri};

const TWICE: &str = "is given more than once";
const OTHER_TYPE: &str = "has another wire type than the field of this number";
const NOT_UTF8: &str = "is not valid UTF-8";

/// The content type of data that is a message of its own (Protobuf format, section 3).
const PROTOBUF: &str = "application/protobuf";

/// Reads one event in the Protobuf format.
///
/// # Errors
/// Everything that makes it no event; pointers name fields of the message.
pub fn protobuf(body: Bytes, limits: Limits) -> Result<Event, Invalid> {
    check_size(&body)?;
    let mut faults = Faults::default();
    let event = read(body, Origin::Message, limits, &mut faults);
    faults.or(event)
}

/// Reads a batch in the Protobuf format; each event keeps its exact bytes. It may be empty.
///
/// # Errors
/// Everything that makes it no batch, with the index of the event at fault in each pointer.
pub fn protobuf_batch(body: &Bytes, limits: Limits) -> Result<Vec<Event>, Invalid> {
    check_size(body)?;
    let mut faults = Faults::default();
    let mut events = Vec::new();
    let mut fields = Fields::new(body, 0..body.len());
    let mut count = 0;
    while let Some((number, value)) = fields.next().map_err(|error| Invalid::whole(broken(error, fields.at)))? {
        if number != BATCH_EVENTS {
            continue;
        }
        let origin = Origin::MessageElement(count);
        if count >= limits.max_batch_events {
            // The rest is not looked at: it is refused in any case.
            faults.add_too_large(origin.whole(), format!("a batch may have at most {} events", limits.max_batch_events));
            break;
        }
        count += 1;
        match value {
            Value::Bytes(range) => events.extend(read(body.slice(range), origin, limits, &mut faults)),
            _ => faults.add(origin.whole(), OTHER_TYPE),
        }
    }
    if faults.is_empty() { Ok(events) } else { Err(faults.into()) }
}

fn check_size(body: &Bytes) -> Result<(), Invalid> {
    if body.len() > MAX_BYTES {
        return Err(Invalid { is_too_large: true, ..Invalid::whole(format!("an event may have at most {MAX_BYTES} bytes")) });
    }
    Ok(())
}

fn broken(error: WireError, at: usize) -> String {
    format!("not a valid Protobuf message at byte {at}: {error}")
}

/// The event that `body` is, or `None` if it has a fault that makes it none.
fn read(body: Bytes, origin: Origin, limits: Limits, faults: &mut Faults) -> Option<Event> {
    let draft = Draft::new(origin, limits, body.len());
    let mut reader = Reader { bytes: &body, origin, draft, faults, data: None, schema: None, unset: Vec::new() };
    if let Err((error, at)) = reader.message() {
        faults.add(origin.whole(), broken(error, at));
        return None;
    }
    let data = reader.finish();
    let Reader { draft, faults, .. } = reader;
    let attributes = draft.attributes;
    faults.is_empty().then_some(Event { body, wire: Wire::Protobuf, attributes, data })
}

/// A message and what was read of it.
struct Reader<'a, 'f> {
    bytes: &'a [u8],
    origin: Origin,
    draft: Draft,
    faults: &'f mut Faults,
    /// The field that holds the data, and where that lies.
    data: Option<(u32, Range<usize>)>,
    /// For data that is a message: the URL of its type.
    schema: Option<&'a str>,
    /// Names of attributes without a value, which makes them absent but not repeatable.
    unset: Vec<&'a str>,
}

/// What a step answers; a message that breaks off says where.
type Step<T = ()> = Result<T, (WireError, usize)>;

/// An attribute's value as a text.
type Text<'a> = Result<(Cow<'a, str>, Kind, u32), &'static str>;

impl<'a> Reader<'a, '_> {
    fn message(&mut self) -> Step {
        // Data first: what the attributes must be depends on it.
        self.each(0..self.bytes.len(), |reader, number, value| match number {
            event::BINARY_DATA | event::TEXT_DATA | event::PROTO_DATA => reader.data_field(number, value),
            _ => Ok(()),
        })?;
        self.each(0..self.bytes.len(), |reader, number, value| {
            match number {
                event::ID => reader.required("id", value),
                event::SOURCE => reader.required("source", value),
                event::SPEC_VERSION => reader.required("specversion", value),
                event::TYPE => reader.required("type", value),
                event::ATTRIBUTES => return reader.entry(value),
                _ => {}
            }
            Ok(())
        })
    }

    /// Goes over the fields of the message that `range` is.
    fn each(&mut self, range: Range<usize>, mut take: impl FnMut(&mut Self, u32, Value) -> Step) -> Step {
        let mut fields = Fields::new(self.bytes, range);
        loop {
            match fields.next() {
                Ok(Some((number, value))) => take(self, number, value)?,
                Ok(None) => return Ok(()),
                Err(error) => return Err((error, fields.at)),
            }
        }
    }

    /// Notes what is wrong with a member of the message.
    fn add(&mut self, member: &str, detail: &'static str) {
        self.faults.add(self.origin.member(member), detail);
    }

    fn text(&self, range: Range<usize>) -> Option<&'a str> {
        std::str::from_utf8(&self.bytes[range]).ok()
    }

    fn required(&mut self, name: &'static str, value: Value) {
        let text = match value {
            Value::Bytes(range) => self.text(range).ok_or(NOT_UTF8),
            _ => Err(OTHER_TYPE),
        };
        match text {
            Ok(text) => self.draft.add(name, text, Kind::String, self.faults),
            Err(detail) => self.unreadable(name, detail),
        }
    }

    /// Notes an attribute that is there but can't be read, so that it is not called missing.
    fn unreadable(&mut self, name: &str, detail: &'static str) {
        self.faults.add(self.origin.place(name), detail);
        if self.draft.attributes.get(name).is_none() {
            self.draft.attributes.push(name, "", Kind::String);
        }
    }

    /// An attribute, as an entry of the map.
    fn entry(&mut self, value: Value) -> Step {
        let Value::Bytes(range) = value else {
            self.add("attributes", OTHER_TYPE);
            return Ok(());
        };
        let Some((key, value)) = self.pair(range, "attributes")? else { return Ok(()) };
        let key = match key.map(|range| self.text(range)) {
            None => "",
            Some(Some(key)) => key,
            Some(None) => {
                self.add("attributes", "has a key that is not valid UTF-8");
                return Ok(());
            }
        };
        let count = self.draft.attributes.len() + self.unset.len() + 1;
        if !self.draft.has_room(count, key, self.faults) || !self.draft.check_name(key, self.faults) {
            return Ok(());
        }
        if rules::REQUIRED.contains(&key) {
            self.faults.add(self.origin.attribute(key), "belongs into the field of the message that is made for it");
        } else if self.unset.contains(&key) {
            self.faults.add(self.origin.place(key), TWICE);
        } else {
            let text = value.map_or(Ok(None), |range| self.attribute_value(range))?;
            self.attribute(key, text);
        }
        Ok(())
    }

    fn attribute(&mut self, name: &'a str, text: Option<Text<'a>>) {
        match text {
            None if self.draft.attributes.get(name).is_some() => self.faults.add(self.origin.place(name), TWICE),
            None => self.unset.push(name),
            Some(Err(detail)) => self.unreadable(name, detail),
            Some(Ok((_, _, field))) if rules::is_core(name) && !is_text(name, field) => {
                self.unreadable(name, "must be a string");
            }
            Some(Ok((text, _, value::URI))) if name != "dataschema" && !uri::is_absolute(&text) => {
                self.unreadable(name, "must be a URI with a scheme (RFC 3986)");
            }
            Some(Ok((text, kind, _))) => {
                let text = if name == "dataschema" { self.schema_of(text) } else { text };
                self.draft.add(name, &text, kind, self.faults);
            }
        }
    }

    /// The one value of a `CloudEventAttributeValue`; `None` if it has none, which is as good as no attribute.
    fn attribute_value(&mut self, range: Range<usize>) -> Step<Option<Text<'a>>> {
        let mut found = None;
        self.each(range, |reader, number, value| {
            if (value::BOOLEAN..=value::TIMESTAMP).contains(&number) {
                let text = reader.typed(number, value)?;
                found = Some(if found.is_some() { Err("has more than one value") } else { text });
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// The canonical text of a value (SPECS CE-9), its kind and the field it stood in.
    fn typed(&mut self, field: u32, value: Value) -> Step<Text<'a>> {
        let text = match (field, value) {
            (value::BOOLEAN, Value::Varint(number)) => {
                Ok((Cow::Borrowed(if number == 0 { "false" } else { "true" }), Kind::Boolean))
            }
            (value::INTEGER, Value::Varint(number)) => match i32::try_from(number.cast_signed()) {
                Ok(number) => Ok((Cow::Owned(number.to_string()), Kind::Integer)),
                Err(_) => Err("must be an integer of 32 bits"),
            },
            (value::BYTES, Value::Bytes(range)) => {
                let mut encoded = Vec::new();
                base64_text::encode_into(&self.bytes[range], &mut encoded);
                Ok((Cow::Owned(String::from_utf8(encoded).unwrap_or_default()), Kind::String))
            }
            (value::STRING | value::URI | value::URI_REFERENCE, Value::Bytes(range)) => match self.text(range) {
                Some(text) if field == value::URI_REFERENCE && !uri::is_reference(text) => {
                    Err("must be a URI-reference (RFC 3986)")
                }
                Some(text) => Ok((Cow::Borrowed(text), Kind::String)),
                None => Err(NOT_UTF8),
            },
            (value::TIMESTAMP, Value::Bytes(range)) => self.timestamp(range)?.map(|text| (Cow::Owned(text), Kind::String)),
            _ => Err(OTHER_TYPE),
        };
        Ok(text.map(|(text, kind)| (text, kind, field)))
    }

    fn timestamp(&mut self, range: Range<usize>) -> Step<Result<String, &'static str>> {
        let (mut seconds, mut nanos) = (None, None);
        let mut fault = None;
        self.each(range, |_, number, value| {
            let part = match number {
                pair::FIRST => &mut seconds,
                pair::SECOND => &mut nanos,
                _ => return Ok(()),
            };
            match value {
                Value::Varint(number) if part.is_none() => *part = Some(number.cast_signed()),
                Value::Varint(_) => fault = Some(TWICE),
                _ => fault = Some(OTHER_TYPE),
            }
            Ok(())
        })?;
        let text = text_of_timestamp(seconds.unwrap_or_default(), nanos.unwrap_or_default());
        Ok(fault.map_or_else(|| text.ok_or("must be a moment between the years 1 and 9999"), Err))
    }

    /// The two fields of an entry of the map or of an `Any`; `None` if they are at fault.
    #[expect(clippy::type_complexity, reason = "two places, each there or not")]
    fn pair(&mut self, range: Range<usize>, member: &str) -> Step<Option<(Option<Range<usize>>, Option<Range<usize>>)>> {
        let (mut first, mut second) = (None, None);
        let mut fault = None;
        self.each(range, |_, number, value| {
            let part = match number {
                pair::FIRST => &mut first,
                pair::SECOND => &mut second,
                _ => return Ok(()),
            };
            match value {
                Value::Bytes(range) if part.is_none() => *part = Some(range),
                Value::Bytes(_) => fault = Some("has a part that is given more than once"),
                _ => fault = Some(OTHER_TYPE),
            }
            Ok(())
        })?;
        if let Some(detail) = fault {
            self.add(member, detail);
            return Ok(None);
        }
        Ok(Some((first, second)))
    }

    fn data_field(&mut self, number: u32, value: Value) -> Step {
        let name = data_name(number);
        let Value::Bytes(range) = value else {
            self.add(name, OTHER_TYPE);
            return Ok(());
        };
        if self.data.is_some() {
            self.add(name, "must not be given together with other data");
            return Ok(());
        }
        self.data = Some((number, range.clone()));
        match number {
            event::TEXT_DATA if self.text(range.clone()).is_none() => self.add(name, NOT_UTF8),
            event::PROTO_DATA => {
                let end = range.end;
                let Some((url, value)) = self.pair(range, name)? else { return Ok(()) };
                self.schema = url.and_then(|range| self.text(range));
                if !self.schema.is_some_and(|url| !url.is_empty() && uri::is_absolute(&with_scheme(url))) {
                    self.add("proto_data/type_url", "must be the URL of the message's type");
                }
                // A message without fields has no bytes.
                self.data = Some((number, value.unwrap_or(end..end)));
            }
            _ => {}
        }
        Ok(())
    }

    /// `dataschema`: for data that is a message the format asks for the URL of its type, which has no scheme and then means
    /// `https`; a CloudEvent may have none without one.
    fn schema_of(&self, text: Cow<'a, str>) -> Cow<'a, str> {
        if self.schema == Some(&*text) { with_scheme(&text).into_owned().into() } else { text }
    }

    /// Checks what must be there, adds what data that is a message implies, and says where the data lies.
    fn finish(&mut self) -> DataPlace {
        if let (true, Some(url)) = (self.faults.is_empty(), self.schema) {
            for (name, text) in [("datacontenttype", PROTOBUF), ("dataschema", &with_scheme(url))] {
                if self.draft.attributes.get(name).is_none() {
                    self.draft.attributes.push(name, text, Kind::String);
                }
            }
        }
        self.draft.check_required(self.faults);
        let Some((field, range)) = self.data.clone() else { return DataPlace::None };
        let inside = Span::new(range.start, range.end);
        if field != event::TEXT_DATA {
            return DataPlace::Bytes(inside);
        }
        let is_json = self.draft.attributes.get("datacontenttype").and_then(MediaType::parse).is_some_and(MediaType::is_json);
        if is_json && self.text(range).is_some_and(json::is_json) {
            DataPlace::Json(inside)
        } else {
            DataPlace::Text { inside, is_escaped: false }
        }
    }
}

/// Whether a core attribute may stand in a field of this type.
fn is_text(name: &str, field: u32) -> bool {
    matches!(field, value::STRING | value::URI | value::URI_REFERENCE) || (name == "time" && field == value::TIMESTAMP)
}

const fn data_name(field: u32) -> &'static str {
    match field {
        event::BINARY_DATA => "binary_data",
        event::TEXT_DATA => "text_data",
        _ => "proto_data",
    }
}

/// The URL of a type, `https` if it names no scheme (as `google.protobuf.Any` has it).
fn with_scheme(url: &str) -> Cow<'_, str> {
    if uri::is_absolute(url) { Cow::Borrowed(url) } else { Cow::Owned(format!("https://{url}")) }
}
