//! Messages that are no event: what is said of them, and where.

use super::schema::AttributeValue;
use super::*;
use crate::domain::event::protobuf::wire::{put_bytes, put_number};

/// The bytes of a right message, and further fields.
fn followed_by(add: impl FnOnce(&mut Vec<u8>)) -> Result<Event, Invalid> {
    let mut bytes = message(&[("a", string("b"))], None).encode_to_vec();
    add(&mut bytes);
    protobuf(bytes.into(), Limits::default())
}

/// A right message with one more attribute, whose value is these bytes.
fn with_value(name: &str, value: &[u8]) -> Result<Event, Invalid> {
    followed_by(|out| {
        let mut entry = Vec::new();
        put_bytes(1, name.as_bytes(), &mut entry);
        put_bytes(2, value, &mut entry);
        put_bytes(5, &entry, out);
    })
}

fn bytes_of(add: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    add(&mut out);
    out
}

#[test]
fn required_fields_that_are_missing_or_empty_are_named() {
    assert_eq!(places(protobuf(Bytes::new(), Limits::default())), ["/spec_version", "/id", "/source", "/type"]);
    let empty = bytes_of(|out| (1..=4).for_each(|field| put_bytes(field, b"", out)));
    assert_eq!(places(protobuf(empty.into(), Limits::default())), ["/id", "/source", "/spec_version", "/type"]);
    let other = CloudEvent { spec_version: "1.0.2".into(), source: "a b".into(), ..message(&[], None) };
    assert_eq!(places(decode(&other)), ["/source", "/spec_version"]);
}

#[test]
fn what_would_be_there_twice_is_refused() {
    assert_eq!(places(followed_by(|out| put_bytes(1, b"2", out))), ["/id"]);
    assert_eq!(places(with_value("a", &bytes_of(|out| put_bytes(3, b"c", out)))), ["/attributes/a"]);
    assert_eq!(places(with_value("a", b"")), ["/attributes/a"]);
    assert_eq!(places(with_value("id", &bytes_of(|out| put_bytes(3, b"c", out)))), ["/attributes/id"]);
    let two = bytes_of(|out| {
        put_bytes(3, b"c", out);
        put_number(2, 1, out);
    });
    assert_eq!(places(with_value("x", &two)), ["/attributes/x"]);
    let two = followed_by(|out| {
        put_bytes(6, b"c", out);
        put_bytes(7, b"c", out);
    });
    assert_eq!(places(two), ["/text_data"]);
    let entry = bytes_of(|out| (0..2).for_each(|_| put_bytes(1, b"x", out)));
    assert_eq!(places(followed_by(|out| put_bytes(5, &entry, out))), ["/attributes"]);
}

#[test]
fn attribute_without_a_value_is_absent() {
    let mut unset = message(&[], None);
    unset.attributes.insert("subject".into(), AttributeValue { attr: None });
    let event = decode(&unset).unwrap();
    assert_eq!(event.attribute("subject"), None);
    assert_eq!(event.formatted(Format::Protobuf), unset.encode_to_vec());
}

#[test]
fn values_that_no_attribute_may_have_are_refused_at_their_name() {
    let cases = [
        ("MyExt", string("x"), "/attributes/MyExt"),
        ("", string("x"), "/attributes/"),
        ("a/b", string("x"), "/attributes/a~1b"),
        ("subject", string(""), "/attributes/subject"),
        ("subject", Attr::CeBoolean(true), "/attributes/subject"),
        ("subject", Attr::CeTimestamp(Timestamp::default()), "/attributes/subject"),
        ("datacontenttype", Attr::CeBytes(b"a/b".to_vec()), "/attributes/datacontenttype"),
        ("time", string("today"), "/attributes/time"),
        ("time", Attr::CeInteger(1), "/attributes/time"),
        ("dataschema", Attr::CeUri("schema".into()), "/attributes/dataschema"),
        ("ext", string("a\nb"), "/attributes/ext"),
        ("ext", Attr::CeUri("relative".into()), "/attributes/ext"),
        ("ext", Attr::CeUriRef("a b".into()), "/attributes/ext"),
        ("ext", Attr::CeTimestamp(Timestamp { seconds: i64::MAX, nanos: 0 }), "/attributes/ext"),
        ("ext", Attr::CeTimestamp(Timestamp { seconds: 0, nanos: -1 }), "/attributes/ext"),
    ];
    for (name, attr, place) in cases {
        assert_eq!(places(decode(&message(&[(name, attr.clone())], None))), [place], "{attr:?}");
    }
    assert_eq!(places(with_value("x", &bytes_of(|out| put_number(2, 1 << 31, out)))), ["/attributes/x"]);
    assert!(detail(with_value("x", &bytes_of(|out| put_bytes(2, b"1", out)))).contains("wire type"));
}

#[test]
fn texts_that_are_no_utf8_are_refused_where_they_stand() {
    assert_eq!(places(protobuf(bytes_of(|out| put_bytes(1, b"\xFF", out)).into(), Limits::default()))[0], "/id");
    assert_eq!(places(with_value("x", &bytes_of(|out| put_bytes(3, b"\xC0\xA0", out)))), ["/attributes/x"]);
    assert_eq!(places(followed_by(|out| put_bytes(7, b"\xED\xA0\x80", out))), ["/text_data"]);
    assert_eq!(places(followed_by(|out| put_bytes(5, b"\x0A\x01\xFF", out))), ["/attributes"]);
}

#[test]
fn message_as_data_must_name_its_type() {
    for url in ["", "a b/c"] {
        let any = Any { type_url: url.into(), value: Vec::new() };
        assert_eq!(places(decode(&message(&[], Some(Content::ProtoData(any))))), ["/proto_data/type_url"], "{url:?}");
    }
}

#[test]
fn broken_messages_say_at_which_byte() {
    assert_eq!(detail(followed_by(|out| out.push(0x80))), "not a valid Protobuf message at byte 26: the message ends too early");
    assert!(detail(with_value("x", &[0x1A, 9])).contains("ends too early"));
    for bytes in [&b"{\"specversion\":\"1.0\"}"[..], b"\x0B\x0C", b"\x07"] {
        assert!(detail(protobuf(Bytes::copy_from_slice(bytes), Limits::default())).contains("not a valid Protobuf message"));
    }
}

#[test]
fn batch_names_the_event_at_fault_and_has_a_bound() {
    let good = message(&[], None);
    let bad = CloudEvent { id: String::new(), ..good.clone() };
    let whole = |events: Vec<CloudEvent>| Bytes::from(Batch { events }.encode_to_vec());
    assert_eq!(places(protobuf_batch(&whole(vec![good.clone(), bad]), Limits::default())), ["/events/1/id"]);
    let limits = Limits { max_batch_events: 2, ..Limits::default() };
    assert!(protobuf_batch(&whole(vec![good.clone(); 2]), limits).is_ok());
    let invalid = protobuf_batch(&whole(vec![good.clone(); 3]), limits).unwrap_err();
    assert!(invalid.is_too_large);
    assert_eq!(invalid.faults[0].place, Place::Pointer("/events/2".into()));
    let broken = bytes_of(|out| put_bytes(1, b"\x80", out));
    assert_eq!(places(protobuf_batch(&broken.into(), Limits::default())), ["/events/0"]);
}

#[test]
fn attributes_have_a_bound() {
    let names: Vec<String> = (0..8).map(|number| format!("x{number}")).collect();
    let attributes: Vec<_> = names.iter().map(|name| (&**name, string("x"))).collect();
    let limits = Limits { max_attributes: 11, ..Limits::default() };
    let invalid = protobuf(message(&attributes, None).encode_to_vec().into(), limits).unwrap_err();
    assert!(invalid.is_too_large);
    assert!(protobuf(message(&attributes[1..], None).encode_to_vec().into(), limits).is_ok());
}

proptest::proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::prelude::any::<Vec<u8>>()) {
        let _ = protobuf(bytes.clone().into(), Limits::default());
        let _ = protobuf_batch(&bytes.into(), Limits::default());
    }

    #[test]
    fn damaged_messages_never_panic(at in 0_usize..60, byte in proptest::prelude::any::<u8>()) {
        let any = Any { type_url: "a/b".into(), value: vec![1] };
        let mut bytes = message(&[("time", Attr::CeTimestamp(Timestamp { seconds: 5, nanos: 7 }))], Some(Content::ProtoData(any))).encode_to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(event) = protobuf(bytes.into(), Limits::default()) {
            proptest::prop_assert!(read(&as_json(&event)).is_ok());
        }
    }
}
