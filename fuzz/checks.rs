//! What is done with fuzzed input, and what must hold of it whatever it is. The fuzz targets call these, and so do the tests, with the
//! seeds.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use waypost::domain::cesql::{Attributes, Expression, Value};
use waypost::domain::clock::Timestamp;
use waypost::domain::event::read::{self, HeaderDecoding, Limits, Requested};
use waypost::domain::event::{Event, Format, Kind};

/// An expression; after a zero byte, the value of the attribute `x`.
pub(crate) fn cesql(input: &[u8]) {
    let (expression, value) = input.split_at(input.iter().position(|&byte| byte == 0).unwrap_or(input.len()));
    let (text, value) = (String::from_utf8_lossy(expression), String::from_utf8_lossy(value.get(1..).unwrap_or_default()));
    let (folded, written) = match (Expression::parse(&text), Expression::parse_literally(&text)) {
        (Ok(folded), Ok(written)) => (folded, written),
        (Err(one), Err(other)) => {
            assert_eq!(one, other);
            assert!(text.is_char_boundary(one.offset) && !one.detail.is_empty());
            return assert_eq!(text[..one.offset].chars().count() + 1, one.column);
        }
        (folded, written) => panic!("read one way only: {folded:?} and {written:?}"),
    };
    assert_eq!(folded.text(), text);
    assert!(folded.warnings().iter().all(|warning| text.is_char_boundary(warning.offset)));
    for kind in [Kind::String, Kind::Integer, Kind::Boolean] {
        let event = Sample { value: &value, kind };
        let outcome = written.evaluate(&event);
        assert_eq!(outcome, folded.evaluate(&event), "folding changed it");
        let passes = if outcome.errors.is_empty() { Ok(outcome.value == Value::Boolean(true)) } else { Err(()) };
        assert_eq!(written.passes(&event).map_err(drop), passes, "failing fast changed it");
        assert_eq!(folded.passes(&event).map_err(drop), passes, "folding and failing fast changed it");
    }
}

/// An event whose attribute `x` is fuzzed.
struct Sample<'a> {
    value: &'a str,
    kind: Kind,
}

impl Attributes for Sample<'_> {
    fn attribute(&self, name: &str) -> Option<(&str, Kind)> {
        match name {
            "specversion" => Some(("1.0", Kind::String)),
            "id" | "source" => Some(("/a", Kind::String)),
            "type" => Some(("com.example.created", Kind::String)),
            "n" => Some(("-7", Kind::Integer)),
            "b" => Some(("true", Kind::Boolean)),
            "x" => Some((self.value, self.kind)),
            _ => None,
        }
    }
}

/// A request as it may come to `/v1/events`: lines with headers, an empty line, the body.
pub(crate) fn event(input: &[u8]) {
    let (head, body) = split_request(input);
    let headers: HeaderMap = head.split(|&byte| byte == b'\n').filter_map(header_line).collect();
    let body = Bytes::copy_from_slice(body);
    for decoding in [HeaderDecoding::Strict, HeaderDecoding::Lenient] {
        let mode = read::mode(headers.get("content-type").and_then(|value| value.to_str().ok()));
        match read::request(mode, &headers, body.clone(), decoding, Limits::default(), &mut 0) {
            Ok(Requested::One(event)) => holds_together(&event),
            Ok(Requested::Batch(events)) => events.iter().for_each(holds_together),
            Err(invalid) => assert!(invalid.faults.iter().any(|fault| !fault.detail.is_empty()), "refused without a reason"),
        }
    }
}

fn split_request(input: &[u8]) -> (&[u8], &[u8]) {
    match input.windows(2).position(|pair| pair == b"\n\n") {
        Some(end) => (&input[..end], &input[end + 2..]),
        None => (input, &[]),
    }
}

fn header_line(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|&byte| byte == b':')?;
    let value = line[colon + 1..].strip_prefix(b" ").unwrap_or(&line[colon + 1..]);
    Some((HeaderName::from_bytes(&line[..colon]).ok()?, HeaderValue::from_bytes(value).ok()?))
}

/// An event that was accepted can be stored, and sent in every way, and is the same afterwards.
fn holds_together(event: &Event) {
    let stored = Event::from_stored(event.to_stored()).expect("what was accepted can be read from the store");
    assert_eq!(attributes(&stored), attributes(event));
    assert_eq!((stored.data(), stored.wire()), (event.data(), event.wire()));
    assert_eq!(stored.structured(), event.structured());

    let structured = read::structured(event.structured(), Limits::NONE).expect("what is sent in JSON is an event");
    assert_eq!(attributes(&structured), attributes(event));
    let protobuf = read::protobuf(event.formatted(Format::Protobuf), Limits::NONE).expect("what is sent in Protobuf is an event");
    assert_eq!(with_moment(values_sent(&protobuf, event)), with_moment(values(event)));

    if let Some((sent, body)) = event.binary() {
        let headers: HeaderMap = sent.into_iter().collect();
        let back =
            read::binary(&headers, body, HeaderDecoding::Strict, Limits::NONE).expect("what is sent in binary mode is an event");
        assert_eq!(values_sent(&back, event), values(event));
    }
}

/// What was received of an event that was sent: JSON data without a type is said to be JSON (SPECS CE-17), and that alone is added.
fn values_sent(received: &Event, sent: &Event) -> Vec<(String, String)> {
    let mut values = values(received);
    if sent.attribute("datacontenttype").is_none() {
        values.retain(|(name, value)| name != "datacontenttype" || value != "application/json");
    }
    values
}

/// With `time` as a moment: Protobuf has no other spelling of it.
fn with_moment(mut values: Vec<(String, String)>) -> Vec<(String, String)> {
    for (_, value) in values.iter_mut().filter(|(name, _)| name == "time") {
        if let Some(moment) = Timestamp::parse(value) {
            *value = moment.to_string();
        }
    }
    values
}

fn attributes(event: &Event) -> Vec<(&str, &str, Kind)> {
    event.attributes().collect()
}

/// Names and values, sorted.
fn values(event: &Event) -> Vec<(String, String)> {
    let mut values: Vec<_> = event.attributes().map(|(name, value, _)| (name.to_owned(), value.to_owned())).collect();
    values.sort();
    values
}

/// The value of a header `ce-ext`.
pub(crate) fn header(input: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(input) else { return };
    let strict = with_extension(value.clone(), HeaderDecoding::Strict);
    let lenient = with_extension(value, HeaderDecoding::Lenient);
    let Some(decoded) = strict.as_ref().and_then(|event| event.attribute("ext")) else { return };
    assert_eq!(lenient.as_ref().and_then(|event| event.attribute("ext")), Some(decoded), "leniency changed a legal value");

    // Too long for headers, it would go structured.
    let Some((headers, _)) = strict.as_ref().and_then(Event::binary) else { return };
    let sent = headers.into_iter().find(|(name, _)| name == "ce-ext").expect("every attribute is sent").1;
    assert!(sent.as_bytes().iter().all(u8::is_ascii_graphic), "sent raw: {sent:?}");
    let back = with_extension(sent, HeaderDecoding::Strict).expect("what is sent can be read");
    assert_eq!(back.attribute("ext"), Some(decoded));
}

fn with_extension(value: HeaderValue, decoding: HeaderDecoding) -> Option<Event> {
    let required =
        [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "t"), ("content-type", "text/plain")];
    let mut headers: HeaderMap =
        required.into_iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
    headers.insert("ce-ext", value);
    read::binary(&headers, Bytes::from_static(b"x"), decoding, Limits::default()).ok()
}
