//! The same event in both content modes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use waypost::domain::event::read::{HeaderDecoding, Limits, binary, structured};
use waypost::domain::event::{Data, Event};

use super::{assert_only, cases, load, text};

/// Pairs that are not sent the same way, by the note on what differs.
const TO_BINARY: &[(&str, &str)] = &[(
    "pair 5",
    "bytes without content type: a webhook delivery must have one (WebHook 2.1) and none is invented, so it goes structured",
)];
const TO_STRUCTURED: &[(&str, &str)] = &[];

fn body(pair: &Value) -> Bytes {
    match (&pair["binary_body"], &pair["binary_body_base64"]) {
        (Value::String(text), _) => text.clone().into(),
        (_, encoded) => STANDARD.decode(text(encoded)).unwrap().into(),
    }
}

fn headers(pair: &Value) -> HeaderMap {
    let named = pair["binary_headers"].as_object().unwrap().iter();
    named.map(|(name, value)| (HeaderName::try_from(name).unwrap(), HeaderValue::from_str(text(value)).unwrap())).collect()
}

/// Whether two bodies say the same: as JSON where they are JSON, else byte for byte.
fn is_same_body(content_type: Option<&HeaderValue>, left: &[u8], right: &[u8]) -> bool {
    if content_type.is_some_and(|value| value == "application/json") {
        return serde_json::from_slice::<Value>(left).unwrap() == serde_json::from_slice::<Value>(right).unwrap();
    }
    left == right
}

/// The attributes as values: in headers all are strings.
fn attributes(event: &Event) -> Vec<(String, String)> {
    let mut all: Vec<_> = event.attributes().map(|(name, value, _)| (name.to_owned(), value.to_owned())).collect();
    all.sort();
    all
}

fn number(differs: impl Fn(&Value) -> bool, pairs: &[Value]) -> Vec<String> {
    pairs.iter().enumerate().filter(|(_, pair)| differs(pair)).map(|(index, _)| format!("pair {index}")).collect()
}

#[test]
fn json_events_are_sent_as_their_binary_counterparts() {
    let Some(document) = load("json-binary-pairs.json") else { return };
    let differs = |pair: &Value| {
        let event = structured(pair["structured"].to_string().into(), Limits::default()).unwrap();
        let Some((sent, payload)) = event.binary() else { return true };
        let (sent, expected): (HeaderMap, _) = (sent.into_iter().collect(), headers(pair));
        sent != expected || !is_same_body(expected.get("content-type"), &payload, &body(pair))
    };
    assert_only(&number(differs, cases(&document, "pairs")), TO_BINARY);
}

#[test]
fn binary_events_are_sent_as_their_json_counterparts() {
    let Some(document) = load("json-binary-pairs.json") else { return };
    let differs = |pair: &Value| {
        let posted = binary(&headers(pair), body(pair), HeaderDecoding::Strict, Limits::default()).unwrap();
        let laid_out = structured(posted.structured(), Limits::default()).unwrap();
        let expected = structured(pair["structured"].to_string().into(), Limits::default()).unwrap();
        // JSON data says what it is once it has been a body (SPECS CE-17).
        let mut wanted = attributes(&expected);
        if matches!(expected.data(), Data::Json(_)) && expected.attribute("datacontenttype").is_none() {
            wanted.push(("datacontenttype".to_owned(), "application/json".to_owned()));
            wanted.sort();
        }
        attributes(&laid_out) != wanted || !is_same_data(&laid_out.data(), &expected.data())
    };
    assert_only(&number(differs, cases(&document, "pairs")), TO_STRUCTURED);
}

fn is_same_data(left: &Data<'_>, right: &Data<'_>) -> bool {
    match (left, right) {
        (Data::Json(left), Data::Json(right)) => {
            serde_json::from_str::<Value>(left).unwrap() == serde_json::from_str::<Value>(right).unwrap()
        }
        _ => left == right,
    }
}
