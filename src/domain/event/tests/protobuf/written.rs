//! What Waypost writes in Protobuf, as `prost` reads it.

use proptest::prelude::*;

use super::*;

fn written(event: &Event) -> CloudEvent {
    CloudEvent::decode(event.formatted(Format::Protobuf)).unwrap()
}

#[test]
fn event_from_json_is_a_message_with_types() {
    let event = with(concat!(
        r#","subject":"s","time":"2018-04-05T19:31:00.5+02:00","dataschema":"https://example.com/x","n":-5,"b":false,"#,
        r#""bytes":"AP8=","data": {"z":1.0}"#
    ))
    .unwrap();
    let expected = [
        ("subject", string("s")),
        ("time", Attr::CeTimestamp(Timestamp { seconds: 1_522_949_460, nanos: 500_000_000 })),
        ("dataschema", Attr::CeUri("https://example.com/x".into())),
        ("n", Attr::CeInteger(-5)),
        ("b", Attr::CeBoolean(false)),
        ("bytes", string("AP8=")),
        ("datacontenttype", string("application/json")),
    ];
    assert_eq!(written(&event), message(&expected, Some(Content::TextData(r#"{"z":1.0}"#.into()))));
}

#[test]
fn time_that_no_timestamp_can_say_keeps_its_text() {
    for time in ["2018-04-05T17:31:00.1234567891Z", "2016-12-31T23:59:60Z"] {
        let event = with(&format!(r#","time":"{time}""#)).unwrap();
        assert_eq!(written(&event), message(&[("time", string(time))], None));
        assert_eq!(decode(&written(&event)).unwrap().attribute("time"), Some(time));
    }
}

#[test]
fn data_goes_into_the_field_for_its_kind() {
    let text = |text: &str| Some(Content::TextData(text.to_owned()));
    let bytes = |bytes: &[u8]| Some(Content::BinaryData(bytes.to_vec()));
    let json = |members| with(members).unwrap();
    let posted = |content_type, body| strict(&[("content-type", content_type)], body).unwrap();
    for (event, data) in [
        (json(""), None),
        (json(r#","data":null"#), text("null")),
        (json(r#","data":"a""#), text("\"a\"")),
        (json(r#","data":"a","datacontenttype":"text/plain""#), text("a")),
        (json(r#","data_base64":"AP8=""#), bytes(&[0, 255])),
        (posted("application/json", " [1] "), text(" [1] ")),
        (posted("application/json", "[1"), bytes(b"[1")),
        (posted("text/plain", "a"), text("a")),
        (posted("image/png", "a"), bytes(b"a")),
        (strict(&[], "a").unwrap(), bytes(b"a")),
        (strict(&[], "").unwrap(), None),
    ] {
        assert_eq!(written(&event).data, data, "{event:?}");
    }
}

/// Characters that an attribute may have.
fn allowed() -> impl Strategy<Value = String> {
    "[^\\p{C}]{1,20}"
}

fn attr() -> impl Strategy<Value = Attr> {
    prop_oneof![
        any::<bool>().prop_map(Attr::CeBoolean),
        any::<i32>().prop_map(Attr::CeInteger),
        allowed().prop_map(Attr::CeString),
        any::<Vec<u8>>().prop_map(Attr::CeBytes),
        "[a-z]{1,5}:[a-z/]{0,9}".prop_filter("a host", |text| !text.contains("//")).prop_map(Attr::CeUri),
        "/[a-z]{1,9}".prop_map(Attr::CeUriRef),
        (-62_135_596_800..=253_402_300_799_i64, 0..1_000_000_000)
            .prop_map(|(seconds, nanos)| Attr::CeTimestamp(Timestamp { seconds, nanos })),
    ]
}

fn content() -> impl Strategy<Value = Option<Content>> {
    prop_oneof![
        Just(None),
        any::<Vec<u8>>().prop_map(|bytes| Some(Content::BinaryData(bytes))),
        any::<String>().prop_map(|text| Some(Content::TextData(text))),
        any::<Vec<u8>>().prop_map(|value| Some(Content::ProtoData(Any { type_url: "example.com/a.B".into(), value }))),
    ]
}

fn payload(content: Option<Content>) -> Vec<u8> {
    match content {
        None => Vec::new(),
        Some(Content::BinaryData(bytes)) => bytes,
        Some(Content::TextData(text)) => text.into_bytes(),
        Some(Content::ProtoData(any)) => any.value,
    }
}

proptest! {
    /// Protobuf to Protobuf is the same bytes; by way of JSON every attribute keeps its canonical text and the data every byte.
    #[test]
    fn events_keep_their_data_through_json_and_back(ext in attr(), data in content(), kind in 0_usize..4) {
        let content_type = ["application/json", "text/plain", "image/png", "application/x+xml"][kind];
        let sent = message(&[("ext", ext), ("datacontenttype", string(content_type))], data.clone());
        let event = decode(&sent).unwrap();
        prop_assert_eq!(event.formatted(Format::Protobuf), sent.encode_to_vec());
        let stored = Event::from_stored(event.to_stored()).unwrap();
        prop_assert_eq!((stored.body(), stored.data()), (event.body(), event.data()));
        let json = read(&as_json(&event)).unwrap();
        prop_assert_eq!(json.attributes().collect::<Vec<_>>(), event.attributes().collect::<Vec<_>>());
        let back = decode(&written(&json)).unwrap();
        prop_assert_eq!(back.attribute("ext"), event.attribute("ext"));
        prop_assert_eq!(payload(written(&json).data), payload(data));
    }

    #[test]
    fn written_message_reads_back_with_the_same_attributes(subject in allowed(), ext in allowed(), n in any::<i32>(), b in any::<bool>()) {
        let text = |text: &str| serde_json::to_string(text).unwrap();
        let event = with(&format!(r#","subject":{},"ext":{},"n":{n},"b":{b}"#, text(&subject), text(&ext))).unwrap();
        let back = protobuf(event.formatted(Format::Protobuf), Limits::default()).unwrap();
        let sorted = |event: &Event| {
            let mut all: Vec<_> = event.attributes().map(|(name, value, kind)| (name.to_owned(), value.to_owned(), kind == Kind::String)).collect();
            all.sort();
            all
        };
        prop_assert_eq!(sorted(&back), sorted(&event));
    }
}
