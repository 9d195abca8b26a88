//! Events from the wire and back to it: what is refused, what is kept to the byte, and what the SDK makes of it.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};

use super::read::{HeaderDecoding, Invalid, Limits, Place, batch, binary, structured};
use super::{Data, Event, Kind};
use crate::domain::tenant::TenantName;

mod json;
mod protobuf;
mod read_binary;
mod read_structured;
mod sdk;
mod write;

/// Reads an event in JSON format.
fn read(text: &str) -> Result<Event, Invalid> {
    structured(Bytes::copy_from_slice(text.as_bytes()), Limits::default())
}

/// A minimal event in JSON format with further members.
fn with(members: &str) -> Result<Event, Invalid> {
    read(&minimal(members))
}

fn minimal(members: &str) -> String {
    format!(r#"{{"specversion":"1.0","id":"1","source":"/s","type":"t"{members}}}"#)
}

/// A minimal event in binary mode with further headers, or other ones.
fn posted(pairs: &[(&'static str, &str)], body: &'static str, decoding: HeaderDecoding) -> Result<Event, Invalid> {
    let required = [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "t")];
    let mut headers = HeaderMap::new();
    for (name, value) in required.iter().filter(|(name, _)| pairs.iter().all(|(other, _)| other != name)).chain(pairs) {
        headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    binary(&headers, Bytes::from_static(body.as_bytes()), decoding, Limits::default())
}

fn strict(pairs: &[(&'static str, &str)], body: &'static str) -> Result<Event, Invalid> {
    posted(pairs, body, HeaderDecoding::Strict)
}

/// Where an event is at fault.
fn places<T: std::fmt::Debug>(result: Result<T, Invalid>) -> Vec<String> {
    let place = |place| match place {
        Place::Pointer(pointer) => pointer,
        Place::Header(name) => name,
    };
    result.unwrap_err().faults.into_iter().map(|fault| place(fault.place)).collect()
}

/// The first sentence about what is wrong.
fn detail<T: std::fmt::Debug>(result: Result<T, Invalid>) -> String {
    result.unwrap_err().faults.swap_remove(0).detail
}

#[test]
fn event_key_tells_tenants_sources_and_identifiers_apart() {
    let tenant = |name: &str| name.parse::<TenantName>().unwrap();
    let event = |source: &str, id: &str| strict(&[("ce-source", source), ("ce-id", id)], "").unwrap();
    let key = event("/a", "bc").key_digest(&tenant("one"));
    assert_eq!(key, with(r#","data":1"#).map(|_| event("/a", "bc")).unwrap().key_digest(&tenant("one")));
    for other in [
        event("/a", "bc").key_digest(&tenant("two")),
        event("/ab", "c").key_digest(&tenant("one")),
        event("/a", "bd").key_digest(&tenant("one")),
    ] {
        assert_ne!(key, other);
    }
    let same = read(r#"{"id":"bc","source":"/a","type":"other","specversion":"1.0"}"#).unwrap();
    assert_eq!(key, same.key_digest(&tenant("one")));
}
