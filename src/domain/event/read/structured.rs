//! Events in JSON format, alone or in a batch: one pass over the bytes (SPECS HR-20 to HR-44).

use std::borrow::Cow;

use bytes::Bytes;

use super::draft::Draft;
use super::faults::{Faults, Origin};
use super::{Invalid, Limits};
use crate::domain::event::escape::{UnpairedSurrogate, unescape};
use crate::domain::event::json::{Scanner, SyntaxError, Value, ValueKind};
use crate::domain::event::media_type::MediaType;
use crate::domain::event::span::{MAX_BYTES, Span};
use crate::domain::event::{DataPlace, Event, Kind, Wire, base64_text};

const UNPAIRED: &str = "has half of a surrogate pair, which is no character";

/// Reads one event in JSON format.
///
/// # Errors
/// Everything that makes it no event.
pub fn structured(body: Bytes, limits: Limits) -> Result<Event, Invalid> {
    let mut reader = Reader::new(&body, limits)?;
    let read = reader.event(Origin::Document).and_then(|event| reader.scanner.finish().map(|()| event));
    let event = read.map_err(|error| reader.syntax(error))?;
    reader.faults.or(event)
}

/// Reads a batch in JSON format; each event keeps its exact bytes (SPECS HR-40, FW-3). It may be empty.
///
/// # Errors
/// Everything that makes it no batch, with the index of the event at fault in each pointer.
pub fn batch(body: &Bytes, limits: Limits) -> Result<Vec<Event>, Invalid> {
    let mut reader = Reader::new(body, limits)?;
    let read = reader.events().and_then(|events| reader.scanner.finish().map(|()| events));
    let events = read.map_err(|error| reader.syntax(error))?;
    if reader.faults.is_empty() { Ok(events) } else { Err(reader.faults.into()) }
}

/// A body and how far it was read.
struct Reader<'a> {
    body: &'a Bytes,
    text: &'a str,
    scanner: Scanner<'a>,
    limits: Limits,
    faults: Faults,
}

/// The members of an event that are no attributes.
#[derive(Default)]
struct Members<'a> {
    data: Option<Value>,
    data_base64: Option<Value>,
    /// Names of members that are `null`, which makes them absent but not repeatable.
    nulls: Vec<Cow<'a, str>>,
}

impl<'a> Reader<'a> {
    fn new(body: &'a Bytes, limits: Limits) -> Result<Self, Invalid> {
        if body.len() > MAX_BYTES {
            return Err(Invalid { is_too_large: true, ..Invalid::whole(format!("an event may have at most {MAX_BYTES} bytes")) });
        }
        if body.starts_with(b"\xEF\xBB\xBF") {
            return Err(Invalid::whole("the body begins with a byte order mark, which JSON forbids".to_owned()));
        }
        let text = std::str::from_utf8(body)
            .map_err(|error| Invalid::whole(format!("the body is not valid UTF-8 at byte {}", error.valid_up_to())))?;
        Ok(Self { body, text, scanner: Scanner::new(text), limits, faults: Faults::default() })
    }

    fn syntax(&self, error: SyntaxError) -> Invalid {
        let before = &self.body[..self.scanner.at.min(self.body.len())];
        let line = before.split(|&byte| byte == b'\n').count();
        let column = before.iter().rev().take_while(|&&byte| byte != b'\n').count() + 1;
        Invalid::whole(format!("not valid JSON at line {line}, column {column}: {error}"))
    }

    fn events(&mut self) -> Result<Vec<Event>, SyntaxError> {
        self.scanner.take(b'[', SyntaxError::Batch)?;
        let mut events = Vec::new();
        if self.scanner.peek() == Some(b']') {
            self.scanner.at += 1;
            return Ok(events);
        }
        for index in 0.. {
            if index >= self.limits.max_batch_events {
                let detail = format!("a batch may have at most {} events", self.limits.max_batch_events);
                self.faults.add_too_large(Origin::Element(index).whole(), detail);
                // The rest is not looked at: it is refused in any case.
                self.scanner.at = self.text.len();
                break;
            }
            events.extend(self.event(Origin::Element(index))?);
            if !self.scanner.goes_on(b']')? {
                break;
            }
        }
        Ok(events)
    }

    /// The event that lies next, or `None` if it has a fault that makes it none.
    fn event(&mut self, origin: Origin) -> Result<Option<Event>, SyntaxError> {
        if self.scanner.peek() != Some(b'{') {
            self.scanner.value(0)?;
            self.faults.add(origin.whole(), "an event must be a JSON object");
            return Ok(None);
        }
        let start = self.scanner.at;
        self.scanner.at += 1;
        let mut draft = Draft::new(origin, self.limits, self.text.len());
        let mut members = Members::default();
        let mut goes_on = self.scanner.peek() != Some(b'}');
        if !goes_on {
            self.scanner.at += 1;
        }
        while goes_on {
            self.member(origin, &mut draft, &mut members)?;
            goes_on = self.scanner.goes_on(b'}')?;
        }
        draft.check_required(&mut self.faults);
        let data = self.data(origin, &draft, &members, start);
        let body = self.body.slice(start..self.scanner.at);
        Ok(self.faults.is_empty().then_some(Event { body, wire: Wire::Structured, attributes: draft.attributes, data }))
    }

    fn member(&mut self, origin: Origin, draft: &mut Draft, members: &mut Members<'a>) -> Result<(), SyntaxError> {
        let key = self.scanner.name()?;
        let Ok(name) = self.string(key) else {
            self.scanner.at = key.start;
            return Err(SyntaxError::Surrogate);
        };
        let value = self.scanner.value(1)?;
        let place = match &*name {
            "data" => &mut members.data,
            "data_base64" => &mut members.data_base64,
            _ => {
                self.attribute_or_null(origin, draft, members, name, value);
                return Ok(());
            }
        };
        if place.replace(value).is_some() {
            self.faults.add(origin.place(&name), "is given more than once");
        }
        Ok(())
    }

    fn attribute_or_null(
        &mut self,
        origin: Origin,
        draft: &mut Draft,
        members: &mut Members<'a>,
        name: Cow<'a, str>,
        value: Value,
    ) {
        let count = draft.attributes.len() + members.nulls.len() + 1;
        if !draft.has_room(count, &name, &mut self.faults) || !draft.check_name(&name, &mut self.faults) {
            return;
        }
        let is_null = value.kind == ValueKind::Null;
        if members.nulls.contains(&name) || (is_null && draft.attributes.get(&name).is_some()) {
            self.faults.add(origin.place(&name), "is given more than once");
        } else if is_null {
            members.nulls.push(name);
        } else {
            self.attribute(origin, draft, &name, value);
        }
    }

    fn attribute(&mut self, origin: Origin, draft: &mut Draft, name: &str, value: Value) {
        let raw = &self.text[value.start..value.end];
        let (text, kind) = match value.kind {
            ValueKind::Text { .. } => {
                let Ok(text) = self.string(value) else {
                    self.faults.add(origin.place(name), UNPAIRED);
                    return draft.attributes.push(name, "", Kind::String);
                };
                (text, Kind::String)
            }
            ValueKind::Boolean => (Cow::Borrowed(raw), Kind::Boolean),
            ValueKind::Number if raw == "-0" => (Cow::Borrowed("0"), Kind::Integer),
            ValueKind::Number if raw.parse::<i32>().is_ok() => (Cow::Borrowed(raw), Kind::Integer),
            _ => {
                let detail = "must be a string, a boolean or an integer of 32 bits without fraction or exponent";
                self.faults.add(origin.place(name), detail);
                return draft.attributes.push(name, "", Kind::String);
            }
        };
        draft.add(name, &text, kind, &mut self.faults);
    }

    /// What a string says.
    fn string(&self, value: Value) -> Result<Cow<'a, str>, UnpairedSurrogate> {
        let inside = &self.text[value.start + 1..value.end - 1];
        if value.kind == (ValueKind::Text { is_escaped: true }) {
            Ok(Cow::Owned(unescape(inside)?))
        } else {
            Ok(Cow::Borrowed(inside))
        }
    }

    /// Where the data lies in an event that begins at `start` (SPECS HR-24 to HR-29).
    fn data(&mut self, origin: Origin, draft: &Draft, members: &Members<'_>, start: usize) -> DataPlace {
        let encoded = members.data_base64.filter(|value| value.kind != ValueKind::Null);
        match (members.data, encoded) {
            (Some(_), Some(_)) => {
                self.faults.add(origin.place("data_base64"), "must not be given together with `data`");
                DataPlace::None
            }
            (None, None) => DataPlace::None,
            (None, Some(value)) => self.base64(origin, value, start),
            (Some(value), None) => {
                let media_type = draft.attributes.get("datacontenttype").and_then(MediaType::parse);
                if media_type.is_none_or(MediaType::is_json) {
                    DataPlace::Json(Span::new(value.start - start, value.end - start))
                } else {
                    self.text_data(origin, value, start)
                }
            }
        }
    }

    fn base64(&mut self, origin: Origin, value: Value, start: usize) -> DataPlace {
        let ValueKind::Text { is_escaped } = value.kind else {
            self.faults.add(origin.place("data_base64"), "must be a string");
            return DataPlace::None;
        };
        if !self.string(value).is_ok_and(|text| base64_text::is_valid(text.as_bytes())) {
            self.faults.add(origin.place("data_base64"), "must be base64 in the standard alphabet, with padding (RFC 4648)");
        }
        DataPlace::Base64 { inside: inside(value, start), is_escaped }
    }

    fn text_data(&mut self, origin: Origin, value: Value, start: usize) -> DataPlace {
        match value.kind {
            ValueKind::Text { is_escaped } => {
                if is_escaped && self.string(value).is_err() {
                    self.faults.add(origin.place("data"), UNPAIRED);
                }
                DataPlace::Text { inside: inside(value, start), is_escaped }
            }
            // `null` is a value only where the content is JSON; else it says what it says of every member.
            ValueKind::Null => DataPlace::None,
            _ => {
                let detail = "must be a string, since `datacontenttype` is no JSON media type; bytes go into `data_base64`";
                self.faults.add(origin.place("data"), detail);
                DataPlace::None
            }
        }
    }
}

/// A string without its quotes.
fn inside(value: Value, start: usize) -> Span {
    Span::new(value.start + 1 - start, value.end - 1 - start)
}
