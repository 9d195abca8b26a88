//! The JSON format's vectors: events and batches, valid and not.

use bytes::Bytes;
use serde_json::Value;
use waypost::domain::event::read::{Limits, batch, structured};
use waypost::domain::event::{Event, Kind};

use super::{assert_only, cases, load, text};

/// Cases of the four files that are answered differently.
const DEVIATIONS: &[(&str, &str)] = &[];

/// Runs every case of a file: those for which `differs` says so must be the deviations.
fn run(file: &str, deviations: &[(&str, &str)], differs: impl Fn(&Value) -> bool) {
    let Some(document) = load(&format!("cloudevents_json/{file}")) else { return };
    let differed: Vec<String> =
        cases(&document, "tests").iter().filter(|case| differs(case)).map(|case| text(&case["id"]).to_owned()).collect();
    assert_only(&differed, deviations);
}

fn bytes(value: &Value) -> Bytes {
    value.to_string().into()
}

/// Whether an event has exactly the attributes of its JSON, as values, and its own bytes.
fn is_same(event: &Event, json: &Value) -> bool {
    let members = json.as_object().unwrap();
    let expected = members.iter().filter(|(name, value)| is_attribute(name, value));
    let expected: Vec<(&str, String, Kind)> = expected.map(|(name, value)| canonical(name, value)).collect();
    let mut actual: Vec<_> = event.attributes().map(|(name, value, kind)| (name, value.to_owned(), kind)).collect();
    actual.sort_by_key(|(name, ..)| *name);
    actual == sorted(expected) && serde_json::from_slice::<Value>(&event.structured()).unwrap() == *json
}

fn is_attribute(name: &str, value: &Value) -> bool {
    !value.is_null() && !matches!(name, "data" | "data_base64")
}

fn canonical<'a>(name: &'a str, value: &Value) -> (&'a str, String, Kind) {
    match value {
        Value::String(text) => (name, text.clone(), Kind::String),
        Value::Bool(truth) => (name, truth.to_string(), Kind::Boolean),
        other => (name, other.to_string(), Kind::Integer),
    }
}

fn sorted<T>(mut all: Vec<(&str, String, T)>) -> Vec<(&str, String, T)> {
    all.sort_by_key(|(name, ..)| *name);
    all
}

#[test]
fn valid_events_are_read_with_all_they_say() {
    run("valid-events.json", DEVIATIONS, |case| {
        !structured(bytes(&case["event"]), Limits::default()).is_ok_and(|event| is_same(&event, &case["event"]))
    });
}

#[test]
fn invalid_events_are_refused() {
    run("invalid-events.json", DEVIATIONS, |case| structured(bytes(&case["event"]), Limits::default()).is_ok());
}

#[test]
fn valid_batches_are_read_event_by_event() {
    run("valid-batches.json", DEVIATIONS, |case| {
        let expected = case["batch"].as_array().unwrap();
        let Ok(events) = batch(&bytes(&case["batch"]), Limits::default()) else { return true };
        events.len() != expected.len() || !events.iter().zip(expected).all(|(event, json)| is_same(event, json))
    });
}

#[test]
fn invalid_batches_are_refused() {
    run("invalid-batches.json", DEVIATIONS, |case| batch(&bytes(&case["batch"]), Limits::default()).is_ok());
}

/// The vector for fractions has an illegal name too, so it passes whatever is done with fractions (SPECS T-14).
#[test]
fn fraction_in_an_extension_is_refused_for_itself() {
    let event = |value: &str| format!(r#"{{"specversion":"1.0","id":"1","type":"t","source":"/s","ext":{value}}}"#);
    assert!(structured(event("1").into(), Limits::default()).is_ok());
    for value in ["1.5", "1.0", "1e0"] {
        assert!(structured(event(value).into(), Limits::default()).is_err(), "{value}");
    }
}

/// What the SDK can hold it gives back; what it reads from our bytes is the same event.
#[test]
fn valid_events_survive_the_sdk() {
    run("valid-events.json", DEVIATIONS, |case| {
        let event = structured(bytes(&case["event"]), Limits::default()).unwrap();
        let held = cloudevents::Event::try_from(&event).unwrap();
        let read_by_sdk: cloudevents::Event = serde_json::from_slice(&event.structured()).unwrap();
        let back = Event::try_from(&held).unwrap();
        read_by_sdk != held || cloudevents::Event::try_from(&back).unwrap() != held || back.data() != event.data()
    });
}
