//! What goes to sinks and into the store.

use proptest::prelude::*;

use super::*;
use crate::domain::event::HeaderEncoding;

fn json(event: &Event) -> String {
    String::from_utf8(event.structured().to_vec()).unwrap()
}

/// The headers but the required ones, and the body.
fn on_the_wire(event: &Event) -> Option<(Vec<(String, String)>, Bytes)> {
    let (headers, body) = event.binary()?;
    let required = ["ce-specversion", "ce-id", "ce-source", "ce-type"];
    let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
    let further = headers.iter().filter(|(name, _)| !required.contains(&name.as_str()));
    Some((further.map(|(name, value)| (name.to_string(), text(value))).collect(), body))
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn structured_event_goes_out_as_it_came() {
    let text = minimal(r#" , "data" : {"z":1.0, "a":12345678901234567890123}"#);
    assert_eq!(json(&read(&text).unwrap()), text);
}

#[test]
fn body_is_embedded_where_its_type_is_true_and_else_encoded() {
    let cases = [
        (None, "{}", r#","data_base64":"e30=""#),
        (Some("application/json"), " {\"z\":1.0}\n", ",\"datacontenttype\":\"application/json\",\"data\": {\"z\":1.0}\n"),
        (Some("a/b+json"), "null", r#","datacontenttype":"a/b+json","data":null"#),
        (Some("application/json"), "{x}", r#","datacontenttype":"application/json","data_base64":"e3h9""#),
        (Some("a/json;charset=utf-16"), "1", r#","datacontenttype":"a/json;charset=utf-16","data_base64":"MQ==""#),
        (Some("text/plain"), "a\"\n\u{e9}", ",\"datacontenttype\":\"text/plain\",\"data\":\"a\\\"\\n\u{e9}\""),
        (Some("application/xml"), "<a/>", r#","datacontenttype":"application/xml","data":"<a/>""#),
        (Some("text/plain;charset=latin1"), "a", r#","datacontenttype":"text/plain;charset=latin1","data_base64":"YQ==""#),
        (Some("image/png"), "a", r#","datacontenttype":"image/png","data_base64":"YQ==""#),
        (Some("application/json"), "", r#","datacontenttype":"application/json""#),
    ];
    for (content_type, body, members) in cases {
        let pairs: Vec<_> = content_type.map(|value| ("content-type", value)).into_iter().collect();
        assert_eq!(json(&strict(&pairs, body).unwrap()), minimal(members), "{content_type:?} {body}");
    }
}

#[test]
fn binary_event_has_its_attributes_encoded() {
    let event =
        with(r#","subject":"a \"\u20ac\"100%","n":5,"b":true,"datacontenttype":"text/plain; a=\"b\"","data":"\u00e9""#).unwrap();
    let (headers, body) = on_the_wire(&event).unwrap();
    let expected = [
        pair("content-type", "text/plain; a=\"b\""),
        pair("ce-subject", "a%20%22%E2%82%AC%22100%25"),
        pair("ce-n", "5"),
        pair("ce-b", "true"),
    ];
    assert_eq!(headers, expected);
    assert_eq!(body, "\u{e9}");
}

#[test]
fn json_data_goes_out_as_its_exact_text_and_says_that_it_is_json() {
    let event = with(r#","data": {"z":1.0, "a":1e2} "#).unwrap();
    let (headers, body) = on_the_wire(&event).unwrap();
    assert_eq!(headers, [pair("content-type", "application/json")]);
    assert_eq!(body, r#"{"z":1.0, "a":1e2}"#);
    assert!(event.body().as_ptr_range().contains(&body.as_ptr()), "the bytes were copied");
}

#[test]
fn what_needs_a_payload_and_a_type_goes_structured_without_them() {
    for members in [
        "",
        r#","datacontenttype":"text/plain""#,
        r#","data_base64":"e30=""#,
        r#","data":"","datacontenttype":"text/plain""#,
        r#","data_base64":"","datacontenttype":"text/plain""#,
    ] {
        assert!(with(members).unwrap().binary().is_none(), "{members}");
    }
    assert!(strict(&[], "x").unwrap().binary().is_none());
    assert!(strict(&[("content-type", "text/plain")], "").unwrap().binary().is_none());
}

#[test]
fn attributes_too_long_for_headers_go_structured() {
    let of = |length: usize| with(&format!(r#","data":1,"subject":"{}""#, "x".repeat(length))).unwrap();
    assert!(of(8000).binary().is_some());
    assert!(of(8192).binary().is_none());
    assert_eq!(of(8192).structured().len(), of(8192).body().len());
}

#[test]
fn stored_event_comes_back_the_same() {
    let pairs = [("content-type", "text/plain"), ("ce-subject", "%E2%82%AC%22"), ("ce-a", "")];
    for event in [with(r#","data":[1]"#).unwrap(), strict(&pairs, "x").unwrap(), strict(&[], "").unwrap()] {
        let back = Event::from_stored(event.to_stored()).unwrap();
        assert_eq!(back.attributes().collect::<Vec<_>>(), event.attributes().collect::<Vec<_>>());
        assert_eq!((back.data(), back.body(), back.wire()), (event.data(), event.body(), event.wire()));
        assert_eq!(back.structured(), event.structured());
    }
}

#[test]
fn tampered_store_is_noticed() {
    let stored = strict(&[], "x").unwrap().to_stored();
    for attributes in [None, Some("x"), Some("[[\"id\",\"\"]]"), Some("[]"), Some("[[\"id\"]]")] {
        let tampered = super::super::StoredForm { attributes: attributes.map(str::to_owned), ..stored.clone() };
        assert!(Event::from_stored(tampered).is_err(), "{attributes:?}");
    }
}

/// Characters that an attribute may have.
fn text() -> impl Strategy<Value = String> {
    "[^\\p{C}]{1,20}"
}

proptest! {
    #[test]
    fn binary_event_round_trips_through_json(subject in text(), ext in text(), body in any::<Vec<u8>>(), kind in 0_usize..4) {
        let content_type = ["application/json", "text/plain", "image/png", "application/xml; charset=utf-8"][kind];
        let mut headers = HeaderMap::new();
        for (name, value) in [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "t"), ("content-type", content_type)] {
            headers.append(name, HeaderValue::from_static(value));
        }
        for (name, value) in [("ce-subject", &subject), ("ce-ext", &ext)] {
            headers.append(name, crate::domain::event::header_value::encode(value).try_into().unwrap());
        }
        let event = binary(&headers, body.clone().into(), HeaderDecoding::Strict, Limits::default()).unwrap();
        prop_assert_eq!(event.attribute("subject"), Some(&*subject));
        let as_json = structured(event.structured(), Limits::default()).unwrap();
        prop_assert_eq!(as_json.attributes().collect::<Vec<_>>(), event.attributes().collect::<Vec<_>>());
        match as_json.binary() {
            None => prop_assert!(body.is_empty()),
            Some((sent, payload)) => {
                prop_assert_eq!(&payload, &body);
                let back = binary(&sent.into_iter().collect(), payload, HeaderDecoding::Strict, Limits::default()).unwrap();
                prop_assert_eq!(back.attribute("ext"), Some(&*ext));
            }
        }
    }

    /// SPECS CE-17: JSON says that it is JSON once it leaves the JSON format; bytes without a type get none.
    #[test]
    fn json_without_a_type_is_typed_wherever_it_goes_and_bytes_never_are(data in any::<String>(), bytes in any::<Vec<u8>>()) {
        let data = serde_json::to_string(&data).unwrap();
        let event = with(&format!(r#","data":{data}"#)).unwrap();
        let (headers, body) = on_the_wire(&event).unwrap();
        prop_assert_eq!((headers, body), (vec![pair("content-type", "application/json")], Bytes::from(data)));
        let message = crate::domain::event::read::protobuf(event.formatted(crate::domain::event::Format::Protobuf), Limits::default());
        let message = message.unwrap();
        prop_assert_eq!(message.attribute("datacontenttype"), Some("application/json"));

        let mut encoded = Vec::new();
        crate::domain::event::base64_text::encode_into(&bytes, &mut encoded);
        let event = with(&format!(r#","data_base64":"{}""#, String::from_utf8(encoded).unwrap())).unwrap();
        prop_assert!(event.binary().is_none());
        let message = crate::domain::event::read::protobuf(event.formatted(crate::domain::event::Format::Protobuf), Limits::default()).unwrap();
        prop_assert_eq!((message.attribute("datacontenttype"), message.data()), (None, Data::Bytes(bytes.into())));
    }

    #[test]
    fn structured_bytes_are_never_touched(subject in text(), data in any::<String>(), space in "[ \n\r\t]{0,3}") {
        let subject = serde_json::to_string(&subject).unwrap();
        let data = serde_json::to_string(&data).unwrap();
        let body = minimal(&format!(r#",{space}"subject"{space}:{space}{subject},"data":{space}{data}{space}"#));
        let event = read(&body).unwrap();
        prop_assert_eq!(event.structured(), body);
        prop_assert_eq!(event.data(), Data::Json(&data));
    }
}

#[test]
fn attributes_stand_literally_where_the_receiver_never_decodes() {
    let raw = |members: &str| {
        let (headers, _) = with(members).unwrap().binary_as(HeaderEncoding::RawAscii)?;
        let (_, value) = headers.into_iter().find(|(name, _)| name == "ce-subject")?;
        Some(value.to_str().unwrap().to_owned())
    };
    assert_eq!(raw(r#","subject":"a \"b\" 100%","data":1"#).as_deref(), Some("a \"b\" 100%"));
    // What a header can't hold as it is would arrive as something else.
    for subject in ["caf\u{e9}", " a", "a "] {
        assert_eq!(raw(&format!(r#","subject":"{subject}","data":1"#)), None, "{subject:?}");
    }
}

#[test]
fn bare_data_is_the_data_under_its_own_type() {
    let bare = |members: &str| {
        let (content_type, body) = with(members).unwrap().bare_data()?;
        Some((content_type.to_str().unwrap().to_owned(), String::from_utf8(body.to_vec()).unwrap()))
    };
    let some = |content_type: &str, body: &str| Some((content_type.to_owned(), body.to_owned()));
    assert_eq!(bare(r#","data":{"z":1.0}"#), some("application/json", r#"{"z":1.0}"#));
    assert_eq!(bare(r#","datacontenttype":"text/csv; header=present","data":"a;b""#), some("text/csv; header=present", "a;b"));
    assert_eq!(bare(r#","datacontenttype":"image/png","data_base64":"YQ==""#), some("image/png", "a"));
    assert_eq!(bare(r#","data":null"#), some("application/json", "null"));
    for dataless in
        ["", r#","datacontenttype":"text/plain""#, r#","data_base64":"YQ==""#, r#","datacontenttype":"text/plain","data":"""#]
    {
        assert_eq!(bare(dataless), None, "{dataless}");
    }
}

#[test]
fn attributes_are_added_in_place_of_others_of_their_names_and_the_data_stays() {
    let added = [("knativeerrorcode", "503", Kind::Integer), ("knativeerrordest", "https://a.example/?b=\"c\"", Kind::String)];
    let told = |event: &Event| event.annotated(&added).unwrap();
    let event = with(r#","knativeerrorcode":500,"n":5,"data" : {"z":1.0, "a":12345678901234567890123}"#).unwrap();
    let text = json(&told(&event));
    assert!(text.ends_with(r#","data":{"z":1.0, "a":12345678901234567890123}}"#), "{text}");
    assert_eq!(text.matches("knativeerrorcode").count(), 1);
    assert_eq!(told(&event).attribute("knativeerrorcode"), Some("503"));
    assert_eq!(told(&event).attribute("n"), event.attribute("n"));
    // In binary mode no byte around JSON is lost either.
    let event = strict(&[("content-type", "application/json")], " {\"z\":1.0}\n").unwrap();
    let (_, body) = on_the_wire(&told(&event)).unwrap();
    assert_eq!(body, " {\"z\":1.0}\n");
    assert!(with("").unwrap().annotated(&[("no name", "x", Kind::String)]).is_err());
}
