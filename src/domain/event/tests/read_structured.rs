//! Events in JSON format, alone and in batches.

use proptest::prelude::*;

use super::*;

#[test]
fn attributes_and_data_keep_their_spelling() {
    let text =
        " {\"specversion\":\"1.0\",\"id\":\"A\\u002d1\",\"source\":\"/a\",\"type\":\"t\",\"subject\":null,\"n\":-7,\"b\":true,
      \"time\":\"2018-04-05T17:31:00.123456789012+02:00\",\"data\" : {\"z\":1.0,\"a\":[1e2,null]} ,\"ext\":\"\\ud83d\\ude00\"} ";
    let event = read(text).unwrap();
    assert_eq!((event.id(), event.source(), event.event_type()), ("A-1", "/a", "t"));
    assert_eq!(event.attribute("time"), Some("2018-04-05T17:31:00.123456789012+02:00"));
    assert_eq!(event.attribute("ext"), Some("\u{1f600}"));
    assert_eq!(event.attribute("subject"), None);
    let typed: Vec<_> = event.attributes().filter(|(.., kind)| *kind != Kind::String).collect();
    assert_eq!(typed, [("n", "-7", Kind::Integer), ("b", "true", Kind::Boolean)]);
    let order: Vec<_> = event.attributes().map(|(name, ..)| name).collect();
    assert_eq!(order, ["specversion", "id", "source", "type", "n", "b", "time", "ext"]);
    assert_eq!(event.data(), Data::Json(r#"{"z":1.0,"a":[1e2,null]}"#));
    assert_eq!(event.body(), text.trim());
}

#[test]
fn missing_attributes_are_all_named() {
    assert_eq!(places(read("{}")), ["/specversion", "/id", "/source", "/type"]);
    let nulls = r#"{"specversion":"1.0","id":null,"source":"/s","type":null}"#;
    assert_eq!(places(read(nulls)), ["/id", "/type"]);
}

#[test]
fn every_fault_is_named_with_its_place() {
    let text = r#"{"specversion":"1.0.2","id":25,"source":"a b","type":"","time":"lunchtime","dataschema":"/relative","n":2147483648,
        "f":1.5,"e":1e2,"o":{},"a":[],"My~Ext/":1,"datacontenttype":"xyz","s":"\ud800","c":"a\u0007b"}"#;
    let expected = [
        "/specversion",
        "/id",
        "/source",
        "/type",
        "/time",
        "/dataschema",
        "/n",
        "/f",
        "/e",
        "/o",
        "/a",
        "/My~0Ext~1",
        "/datacontenttype",
        "/s",
        "/c",
    ];
    assert_eq!(places(read(text)), expected);
}

#[test]
fn members_given_twice_are_refused_even_as_null() {
    for (members, place) in [
        (r#","id":"2""#, "/id"),
        (r#","\u0069d":"2""#, "/id"),
        (r#","subject":null,"subject":"x""#, "/subject"),
        (r#","subject":"x","subject":null"#, "/subject"),
        (r#","subject":null,"subject":null"#, "/subject"),
        (r#","data":1,"data":1"#, "/data"),
        (r#","data_base64":null,"data_base64":"""#, "/data_base64"),
    ] {
        assert_eq!(places(with(members)), [place], "{members}");
    }
}

#[test]
fn integers_are_those_of_32_bits() {
    for (text, value) in [("2147483647", "2147483647"), ("-2147483648", "-2147483648"), ("0", "0"), ("-0", "0")] {
        assert_eq!(with(&format!(r#","n":{text}"#)).unwrap().attribute("n"), Some(value));
    }
    for text in ["2147483648", "-2147483649", "1.0", "1e0", "99999999999999999999"] {
        assert_eq!(places(with(&format!(r#","n":{text}"#))), ["/n"], "{text}");
    }
}

#[test]
fn data_is_read_by_its_content_type() {
    for (members, data) in [
        ("", Data::None),
        (r#","data":null"#, Data::Json("null")),
        (r#","data":"text""#, Data::Json("\"text\"")),
        (r#","data":"{}","datacontenttype":"Image/VND.x+JSON; a=b""#, Data::Json("\"{}\"")),
        (r#","datacontenttype":"text/plain","data":"a\n\"b\"""#, Data::Text("a\n\"b\"".into())),
        (r#","data":"plain","datacontenttype":"text/plain""#, Data::Text("plain".into())),
        (r#","data":null,"datacontenttype":"text/plain""#, Data::None),
        (r#","data_base64":null"#, Data::None),
        (r#","data_base64":null,"data":1"#, Data::Json("1")),
        (r#","data_base64":"AAFy\u0059Xf\/""#, Data::Bytes(b"\0\x01raw\xff"[..].into())),
        (r#","data_base64":"e30=","datacontenttype":"application/json""#, Data::Bytes(b"{}"[..].into())),
    ] {
        assert_eq!(with(members).unwrap().data(), data, "{members}");
    }
}

#[test]
fn data_that_contradicts_itself_is_refused() {
    for (members, place) in [
        (r#","data":1,"data_base64":"e30=""#, "/data_base64"),
        (r#","data":null,"data_base64":"e30=""#, "/data_base64"),
        (r#","data_base64":"e30""#, "/data_base64"),
        (r#","data_base64":"-_-_""#, "/data_base64"),
        (r#","data_base64":7"#, "/data_base64"),
        (r#","data_base64":"\ud800""#, "/data_base64"),
        (r#","data":{},"datacontenttype":"text/plain""#, "/data"),
        (r#","data":"\udc00","datacontenttype":"text/plain""#, "/data"),
    ] {
        assert_eq!(places(with(members)), [place], "{members}");
    }
}

#[test]
fn text_that_is_no_json_says_where() {
    assert_eq!(detail(read("{\n  \"id\": tru }")), "not valid JSON at line 2, column 9: expected `true`, `false` or `null`");
    for text in ["", "{", "{\"a\":1}x", "{\"a\"}", "[", "{\"a\":1,}", "{\"\\ud800\":1}"] {
        let refused = read(text);
        assert!(detail(refused.clone()).starts_with("not valid JSON"), "{text}");
        assert_eq!(places(refused), [""], "{text}");
    }
    assert!(detail(read("\u{feff}{}")).contains("byte order mark"));
    assert!(detail(structured(Bytes::from_static(b"{\"id\":\"\xff\"}"), Limits::default())).contains("UTF-8 at byte 7"));
    assert_eq!(detail(read("[]")), "an event must be a JSON object");
    let deep = format!(r#","data":{}{}"#, "[".repeat(128), "]".repeat(128));
    assert!(detail(with(&deep)).contains("nested"));
}

#[test]
fn attributes_are_counted_and_the_limit_is_told_apart() {
    let members = (0..252).map(|number| format!(r#","a{number}":"""#)).collect::<Vec<_>>().concat();
    assert_eq!(with(&members).unwrap().attributes().count(), 256);
    let invalid = with(&format!(r#"{members},"b":null"#)).unwrap_err();
    assert!(invalid.is_too_large);
    assert_eq!(places::<()>(Err(invalid)), ["/b"]);
}

#[test]
fn batch_keeps_the_exact_bytes_of_each_event() {
    let (first, second) = (minimal(r#", "data" : [1, 2]"#), minimal(r#","datacontenttype":"text/plain","data":"\u0041""#));
    let body = Bytes::from(format!(" [ {first} ,\n{second}] "));
    let events = batch(&body, Limits::default()).unwrap();
    assert_eq!(events.iter().map(Event::body).collect::<Vec<_>>(), [first.as_bytes(), second.as_bytes()]);
    assert_eq!(events[0].data(), Data::Json("[1, 2]"));
    assert_eq!(events[1].data(), Data::Text("A".into()));
    assert!(body.as_ptr_range().contains(&events[1].body().as_ptr()), "the bytes were copied");
    assert!(batch(&Bytes::from_static(b" [ ] "), Limits::default()).unwrap().is_empty());
}

#[test]
fn faults_in_a_batch_begin_with_the_index() {
    let body = format!(r#"["x", {}, {{"specversion":"0.9","id":"1","source":"/s","A/b":1}}]"#, minimal(""));
    assert_eq!(places(batch(&body.into(), Limits::default())), ["/0", "/2/specversion", "/2/A~1b", "/2/type"]);
    for text in ["{}", "", "[", "[{}", "[{},]", "[] x", "null"] {
        assert_eq!(places(batch(&text.to_owned().into(), Limits::default())), [""], "{text}");
    }
}

#[test]
fn batch_of_too_many_events_is_refused_for_its_size() {
    let limits = Limits { max_batch_events: 2, ..Limits::default() };
    let of = |count: usize| Bytes::from(format!("[{}]", vec![minimal(""); count].join(",")));
    assert_eq!(batch(&of(2), limits).unwrap().len(), 2);
    let invalid = batch(&of(3), limits).unwrap_err();
    assert!(invalid.is_too_large);
    assert_eq!(places::<()>(Err(invalid)), ["/2"]);
}

#[test]
fn number_of_faults_is_bounded() {
    let body = format!("[{}]", vec!["0"; 1000].join(","));
    assert_eq!(batch(&body.into(), Limits::default()).unwrap_err().faults.len(), 32);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in any::<Vec<u8>>()) {
        let _ = structured(bytes.clone().into(), Limits::default());
        let _ = batch(&bytes.into(), Limits::default());
    }

    #[test]
    fn damaged_events_never_panic(at in 0_usize..120, byte in any::<u8>(), end in 0_usize..140) {
        let mut bytes = minimal(r#","subject":"\ud83d\ude00","n":12,"datacontenttype":"text/plain","data":"\n""#).into_bytes();
        if at < bytes.len() {
            bytes[at] = byte;
        }
        bytes.truncate(end);
        if let Ok(event) = structured(bytes.clone().into(), Limits::default()) {
            let _ = (event.data(), event.binary());
        }
        let _ = batch(&[b"[", &*bytes, b"]"].concat().into(), Limits::default());
    }
}
