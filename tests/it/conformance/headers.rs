//! How attribute values stand in headers.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde_json::Value;
use waypost::domain::event::Event;
use waypost::domain::event::read::{HeaderDecoding, Invalid, Limits, Place, binary, structured};

use super::{assert_only, cases, load, text};

const DEVIATIONS: &[(&str, &str)] = &[(
    "line1\r\nline2",
    "an attribute must not have control characters (CloudEvents 1.0 section 3.1), so it is refused after it was decoded",
)];

/// An event posted with that header as its subject.
fn posted(header: &str) -> Result<Event, Invalid> {
    let mut headers = HeaderMap::new();
    for (name, value) in
        [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "t"), ("ce-subject", header)]
    {
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    headers.append("content-type", HeaderValue::from_static("text/plain"));
    binary(&headers, Bytes::from_static(b"x"), HeaderDecoding::Strict, Limits::default())
}

fn decodes(case: &Value) -> bool {
    posted(text(&case["header"])).is_ok_and(|event| event.attribute("subject") == Some(text(&case["value"])))
}

/// The subject's header as it is sent.
fn sent(event: &Event) -> Option<String> {
    let (headers, _) = event.binary()?;
    let (_, value) = headers.into_iter().find(|(name, _)| name == "ce-subject")?;
    Some(value.to_str().unwrap().to_owned())
}

#[test]
fn values_are_encoded_and_decoded_as_the_vectors_say() {
    let Some(document) = load("http-header-values.json") else { return };
    let is_right = |case: &&Value| {
        let subject = serde_json::json!({"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data": 1, "subject": case["value"]});
        let encoded = structured(subject.to_string().into(), Limits::default()).ok().and_then(|event| sent(&event));
        encoded.as_deref() == Some(text(&case["header"])) && decodes(case)
    };
    let differed: Vec<String> = cases(&document, "round_trip")
        .iter()
        .filter(|case| !is_right(case))
        .chain(cases(&document, "decode_only").iter().filter(|case| !decodes(case)))
        .map(|case| text(&case["value"]).to_owned())
        .collect();
    assert_only(&differed, DEVIATIONS);
}

#[test]
fn values_that_do_not_decode_are_refused_at_their_header() {
    let Some(document) = load("http-header-values.json") else { return };
    let is_refused = |case: &str| {
        posted(case)
            .is_err_and(|invalid| invalid.faults[0].place == Place::Header("ce-subject".into()) && invalid.faults.len() == 1)
    };
    let differed: Vec<String> =
        cases(&document, "decode_invalid").iter().map(text).filter(|case| !is_refused(case)).map(str::to_owned).collect();
    assert_only(&differed, &[]);
}

/// The deviation is refused for what it says, not for how it is written.
#[test]
fn decoded_line_break_is_refused_as_a_control_character() {
    let invalid = posted("line1%0D%0Aline2").unwrap_err();
    assert!(invalid.faults[0].detail.contains("control characters"), "{invalid}");
}
