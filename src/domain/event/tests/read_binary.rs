//! Events in binary mode.

use super::*;

#[test]
fn headers_are_attributes_and_the_body_is_data() {
    let pairs =
        [("content-type", "Text/Plain; charset=UTF-8"), ("ce-subject", "Euro%20%e2%82%ac"), ("ce-n", "5"), ("x-other", "y")];
    let event = strict(&pairs, "body").unwrap();
    assert_eq!(event.attribute("datacontenttype"), Some("Text/Plain; charset=UTF-8"));
    assert_eq!(event.attribute("subject"), Some("Euro \u{20ac}"));
    assert_eq!(event.attribute("n"), Some("5"));
    assert_eq!(event.attributes().count(), 7);
    assert!(event.attributes().all(|(.., kind)| kind == Kind::String));
    assert_eq!(event.data(), Data::Bytes(b"body"[..].into()));
}

#[test]
fn empty_body_is_no_data_and_no_content_type_is_invented() {
    let event = strict(&[("content-type", "application/json")], "").unwrap();
    assert_eq!((event.data(), event.attribute("datacontenttype")), (Data::None, Some("application/json")));
    assert_eq!(strict(&[], "{}").unwrap().attribute("datacontenttype"), None);
}

#[test]
fn headers_at_fault_are_named() {
    for (header, value) in [
        ("ce-datacontenttype", "text/plain"),
        ("ce-my-ext", "x"),
        ("ce-data", "x"),
        ("ce-data_base64", "x"),
        ("ce-", "x"),
        ("ce-id", ""),
        ("ce-type", "\"\""),
        ("ce-specversion", "0.3"),
        ("ce-source", "a b"),
        ("ce-time", "2018-04-05T18:31Z"),
        ("ce-dataschema", "relative"),
        ("ce-subject", "100%"),
        ("ce-subject", "%C0%A0"),
        ("ce-subject", "a%0Ab"),
        ("ce-subject", "caf\u{e9}"),
        ("ce-subject", "\"open"),
        ("content-type", "xyz"),
        ("content-type", ""),
    ] {
        assert_eq!(places(strict(&[(header, value)], "")), [header], "{header}: {value}");
    }
}

#[test]
fn headers_given_twice_are_refused() {
    for header in ["ce-subject", "ce-id", "content-type"] {
        assert_eq!(places(strict(&[(header, "text/a"), (header, "text/a")], "")), [header]);
    }
}

#[test]
fn missing_headers_are_all_named() {
    let refused = binary(&HeaderMap::new(), Bytes::new(), HeaderDecoding::Strict, Limits::default());
    assert_eq!(places(refused), ["ce-specversion", "ce-id", "ce-source", "ce-type"]);
    let mut headers = HeaderMap::new();
    assert!(!super::super::read::has_attributes(&headers));
    headers.append("Ce-Id", HeaderValue::from_static("1"));
    assert!(super::super::read::has_attributes(&headers));
}

#[test]
fn lenient_decoding_takes_literally_what_does_not_decode() {
    let lenient = |value: &str| posted(&[("ce-subject", value)], "", HeaderDecoding::Lenient);
    for value in ["100%", "caf\u{e9}", "%C0%A0", "\"open", "a%0Ab"] {
        assert_eq!(lenient(value).unwrap().attribute("subject"), Some(value), "{value}");
    }
    assert_eq!(lenient("a%20b").unwrap().attribute("subject"), Some("a b"));
    assert_eq!(places(lenient("a\tb")), ["ce-subject"]);
}

/// SPECS T-1: some SDKs send attributes unencoded, and a URI has triplets of its own.
#[test]
fn uri_whose_decoded_form_is_none_is_taken_literally() {
    let source = |value: &'static str| {
        posted(&[("ce-source", value)], "", HeaderDecoding::default()).map(|event| event.source().to_owned())
    };
    assert_eq!(source("/a%20b").unwrap(), "/a%20b");
    assert_eq!(source("/a%2520b").unwrap(), "/a%20b");
    assert_eq!(source("/a%7Eb").unwrap(), "/a~b");
    assert_eq!(places(source("/a%2")), ["ce-source"]);
    assert_eq!(places(source("/a b")), ["ce-source"]);
    assert_eq!(places(posted(&[("ce-subject", "100%")], "", HeaderDecoding::default())), ["ce-subject"]);
    assert_eq!(places(strict(&[("ce-source", "/a%20b")], "")), ["ce-source"]);
}

#[test]
fn attributes_in_headers_are_counted() {
    let names: Vec<&'static str> = (0..253).map(|number| &*format!("ce-a{number}").leak()).collect();
    let pairs: Vec<_> = names.iter().map(|name| (*name, "")).collect();
    assert!(strict(&pairs[..252], "").is_ok());
    assert!(strict(&pairs, "").unwrap_err().is_too_large);
}
