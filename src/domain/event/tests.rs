use bytes::Bytes;
use http::HeaderMap;
use proptest::prelude::*;

use super::read::{HeaderDecoding, Invalid, Limits, Place, batch, binary, structured};
use super::{Data, Event, Kind, Wire};

const FULL: &str = r#" {"specversion":"1.0","id":"A\u002d1","source":"/a","type":"t","subject":null,"n":-7,"b":true,
  "time":"2018-04-05T17:31:00.123456789012+02:00","data":{"z":1.0,"a":[1e2,null]} , "ext":"\ud83d\ude00" } "#;

fn read(text: &str) -> Result<Event, Invalid> {
    structured(Bytes::copy_from_slice(text.as_bytes()), Limits::default())
}

/// A minimal event with further members.
fn with(members: &str) -> Result<Event, Invalid> {
    read(&format!(r#"{{"specversion":"1.0","id":"1","source":"/s","type":"t"{members}}}"#))
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let minimal = [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "t")];
    let mut map = HeaderMap::new();
    for (name, value) in minimal.iter().filter(|(name, _)| !pairs.iter().any(|(other, _)| other == name)).chain(pairs) {
        map.append(*name, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    map
}

fn strict(pairs: &[(&'static str, &str)], body: &'static str) -> Result<Event, Invalid> {
    binary(&headers(pairs), Bytes::from_static(body.as_bytes()), HeaderDecoding::Strict, Limits::default())
}

fn pointers(result: Result<Event, Invalid>) -> Vec<String> {
    let Err(invalid) = result else { return vec!["accepted".to_owned()] };
    invalid
        .faults
        .into_iter()
        .map(|fault| match fault.place {
            Place::Pointer(pointer) => pointer,
            Place::Header(name) => name,
        })
        .collect()
}

#[test]
fn structured_event_shows_its_attributes_and_exact_data() {
    let event = read(FULL).unwrap();
    assert_eq!((event.id(), event.source(), event.event_type()), ("A-1", "/a", "t"));
    assert_eq!(event.attribute("time"), Some("2018-04-05T17:31:00.123456789012+02:00"));
    assert_eq!(event.attribute("ext"), Some("\u{1f600}"));
    assert_eq!(event.attribute("subject"), None);
    let kinds: Vec<_> = event.attributes().filter(|(.., kind)| *kind != Kind::String).collect();
    assert_eq!(kinds, [("n", "-7", Kind::Integer), ("b", "true", Kind::Boolean)]);
    assert_eq!(event.data(), Data::Json(r#"{"z":1.0,"a":[1e2,null]}"#));
}
