//! The Protobuf format, held against `prost` as an independent encoder and decoder of the published schema.

use prost::Message;

use self::schema::{Any, Attr, Batch, CloudEvent, Content, Timestamp};
use super::*;
use crate::domain::event::read::{protobuf, protobuf_batch};
use crate::domain::event::{Format, Wire};

mod refused;
#[path = "../../../../../tests/it/support/protobuf.rs"]
mod schema;
mod written;

/// A message with the required fields, `attributes` and data.
fn message(attributes: &[(&str, Attr)], data: Option<Content>) -> CloudEvent {
    CloudEvent {
        id: "1".into(),
        source: "/s".into(),
        spec_version: "1.0".into(),
        r#type: "t".into(),
        attributes: attributes.iter().map(|(name, attr)| ((*name).to_owned(), attr.clone().into())).collect(),
        data,
    }
}

fn decode(message: &CloudEvent) -> Result<Event, Invalid> {
    protobuf(message.encode_to_vec().into(), Limits::default())
}

fn string(text: &str) -> Attr {
    Attr::CeString(text.to_owned())
}

/// A minimal event as it is laid out: the required attributes in the order of their fields.
fn laid_out(members: &str) -> String {
    format!(r#"{{"id":"1","source":"/s","specversion":"1.0","type":"t"{members}}}"#)
}

fn as_json(event: &Event) -> String {
    String::from_utf8(event.structured().to_vec()).unwrap()
}

#[test]
fn every_type_of_attribute_has_its_canonical_text() {
    let moment = Timestamp { seconds: 1_522_949_460, nanos: 120_000_000 };
    let cases = [
        (Attr::CeBoolean(true), "true", Kind::Boolean),
        (Attr::CeBoolean(false), "false", Kind::Boolean),
        (Attr::CeInteger(i32::MIN), "-2147483648", Kind::Integer),
        (Attr::CeInteger(0), "0", Kind::Integer),
        (string("\u{20ac}"), "\u{20ac}", Kind::String),
        (string(""), "", Kind::String),
        (Attr::CeBytes(vec![0, 255]), "AP8=", Kind::String),
        (Attr::CeUri("HTTP://Example.com:80/a/../b".into()), "HTTP://Example.com:80/a/../b", Kind::String),
        (Attr::CeUriRef("../b".into()), "../b", Kind::String),
        (Attr::CeTimestamp(moment), "2018-04-05T17:31:00.120Z", Kind::String),
    ];
    for (attr, text, kind) in cases {
        let event = decode(&message(&[("ext", attr.clone())], None)).unwrap();
        assert_eq!(event.attributes().last(), Some(("ext", text, kind)), "{attr:?}");
        assert_eq!(event.wire(), Wire::Protobuf);
    }
    let event = decode(&message(&[("time", Attr::CeTimestamp(moment))], None)).unwrap();
    assert_eq!(event.attribute("time"), Some("2018-04-05T17:31:00.120Z"));
}

#[test]
fn each_kind_of_data_goes_into_json_as_what_it_is() {
    let text = |text: &str| Some(Content::TextData(text.to_owned()));
    let bytes = |bytes: &[u8]| Some(Content::BinaryData(bytes.to_vec()));
    let cases = [
        (Some("application/json"), text(r#" {"z":1.0}"#), r#","data": {"z":1.0}"#),
        (Some("application/json"), bytes(br#"{"z":1.0}"#), r#","data":{"z":1.0}"#),
        (Some("application/json"), text("null"), r#","data":null"#),
        (Some("application/json"), text("{no"), r#","data_base64":"e25v""#),
        (Some("text/plain"), text("a\"b"), r#","data":"a\"b""#),
        (Some("application/yaml"), text("a: b"), r#","data":"a: b""#),
        (Some("application/xml"), bytes(b"<a/>"), r#","data":"<a/>""#),
        (Some("image/png"), bytes(b"\x00\xFF"), r#","data_base64":"AP8=""#),
        (None, text("plain"), r#","data_base64":"cGxhaW4=""#),
        (None, bytes(b""), r#","data_base64":"""#),
        (None, None, ""),
    ];
    for (content_type, data, member) in cases {
        let attributes: Vec<_> = content_type.map(|text| ("datacontenttype", string(text))).into_iter().collect();
        let event = decode(&message(&attributes, data.clone())).unwrap();
        let content_type = content_type.map_or_else(String::new, |text| format!(r#","datacontenttype":"{text}""#));
        assert_eq!(as_json(&event), laid_out(&format!("{content_type}{member}")), "{data:?}");
        assert!(read(&as_json(&event)).is_ok());
    }
}

#[test]
fn text_and_bytes_are_the_body_in_binary_mode() {
    for data in [Content::TextData("\u{e9}".into()), Content::BinaryData("\u{e9}".into())] {
        let event = decode(&message(&[("datacontenttype", string("text/plain"))], Some(data))).unwrap();
        let (headers, body) = event.binary().unwrap();
        assert_eq!((&headers[0].1, &*body), (&HeaderValue::from_static("text/plain"), "\u{e9}".as_bytes()));
        assert!(event.body().as_ptr_range().contains(&body.as_ptr()), "the bytes were copied");
    }
    assert!(decode(&message(&[], Some(Content::TextData("x".into())))).unwrap().binary().is_none());
}

#[test]
fn message_as_data_goes_elsewhere_as_its_bytes_with_the_url_of_its_type() {
    let any = |url: &str| Content::ProtoData(Any { type_url: url.into(), value: vec![8, 150, 1] });
    let expected = |schema: &str| {
        laid_out(&format!(r#","datacontenttype":"application/protobuf","dataschema":"{schema}","data_base64":"CJYB""#))
    };
    let url = "type.googleapis.com/com.example.Order";
    let event = decode(&message(&[], Some(any(url)))).unwrap();
    assert_eq!(as_json(&event), expected(&format!("https://{url}")));
    let (headers, body) = event.binary().unwrap();
    assert_eq!((&headers[0].1, &*body), (&HeaderValue::from_static("application/protobuf"), &[8, 150, 1][..]));

    // As the format's own example has it, which no other URI could be.
    let named = [("datacontenttype", string("application/protobuf")), ("dataschema", Attr::CeUri(url.into()))];
    assert_eq!(as_json(&decode(&message(&named, Some(any(url)))).unwrap()), expected(&format!("https://{url}")));
    assert_eq!(places(decode(&message(&named[1..], None))), ["/attributes/dataschema"]);
    let whole = decode(&message(&[], Some(any("https://example.com/x")))).unwrap();
    assert_eq!(whole.attribute("dataschema"), Some("https://example.com/x"));
    let given = [("dataschema", Attr::CeUri("https://example.com/mine".into()))];
    assert_eq!(decode(&message(&given, Some(any(url)))).unwrap().attribute("dataschema"), Some("https://example.com/mine"));
}

#[test]
fn received_bytes_go_out_and_into_the_store_unchanged() {
    let mut bytes = message(&[("n", Attr::CeInteger(7))], Some(Content::BinaryData(vec![1]))).encode_to_vec();
    // An unknown field and a number written longer than it needs to be.
    bytes.extend([0x9A, 0x06, 3, b'n', b'e', b'w', 0xA0, 0x06, 0x81, 0x00]);
    let event = protobuf(bytes.clone().into(), Limits::default()).unwrap();
    assert_eq!(event.formatted(Format::Protobuf), bytes);
    let back = Event::from_stored(event.to_stored()).unwrap();
    assert_eq!(back.formatted(Format::Protobuf), bytes);
    assert_eq!(back.attributes().collect::<Vec<_>>(), event.attributes().collect::<Vec<_>>());
    assert_eq!(back.data(), event.data());
}

#[test]
fn each_event_of_a_batch_keeps_its_own_bytes() {
    let events = vec![message(&[], None), message(&[("a", string("b"))], Some(Content::TextData("x".into())))];
    let whole: Bytes = Batch { events: events.clone() }.encode_to_vec().into();
    let read = protobuf_batch(&whole, Limits::default()).unwrap();
    assert_eq!(read.len(), 2);
    for (event, message) in read.iter().zip(&events) {
        assert_eq!(event.body(), &message.encode_to_vec());
        assert!(whole.as_ptr_range().contains(&event.body().as_ptr()), "the bytes were copied");
    }
    assert!(protobuf_batch(&Bytes::new(), Limits::default()).unwrap().is_empty());
}
