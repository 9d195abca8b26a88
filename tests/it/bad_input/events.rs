//! Malformed events, in all three content modes.

use super::case::{Case, Header, Pointer, Whole, case};

const STRUCTURED: &str = "application/cloudevents+json";
const BATCHED: &str = "application/cloudevents-batch+json";

fn structured(name: &'static str, body: impl Into<Vec<u8>>) -> Case {
    case(name, "POST", "/v1/events").header("content-type", STRUCTURED).body(body)
}

/// A right event with one member replaced or added.
fn with(name: &'static str, member: &str, value: &str) -> Case {
    let members = [("specversion", "\"1.0\""), ("id", "\"1\""), ("source", "\"/s\""), ("type", "\"t\"")];
    let mut text: Vec<String> =
        members.iter().filter(|(known, _)| *known != member).map(|(known, value)| format!("\"{known}\":{value}")).collect();
    if !value.is_empty() {
        text.push(format!("\"{member}\":{value}"));
    }
    structured(name, format!("{{{}}}", text.join(",")))
}

fn binary(name: &'static str, without: &str) -> Case {
    let headers = [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "t")];
    let request = case(name, "POST", "/v1/events").header("content-type", "application/json").body("{}");
    headers.iter().filter(|(name, _)| *name != without).fold(request, |request, (name, value)| request.header(name, value))
}

pub(super) fn cases() -> Vec<Case> {
    [structured_cases(), attribute_cases(), binary_cases(), batch_cases(), transport_cases()].concat()
}

fn structured_cases() -> Vec<Case> {
    let invalid = |case: Case, pointer| case.expects(400, "invalid_event", Pointer(pointer));
    vec![
        structured("an empty body", "").expects(400, "invalid_event", Whole),
        structured("not JSON", "{").expects(400, "invalid_event", Whole),
        structured("text after the event", r#"{"specversion":"1.0","id":"1","source":"/s","type":"t"} x"#).expects(
            400,
            "invalid_event",
            Whole,
        ),
        structured("an array", "[]").expects(400, "invalid_event", Whole),
        structured("a string", "\"event\"").expects(400, "invalid_event", Whole),
        structured("a byte order mark", b"\xEF\xBB\xBF{}".as_slice()).expects(400, "invalid_event", Whole),
        structured("bytes that are no UTF-8", b"{\"id\":\"\xFF\"}".as_slice()).expects(400, "invalid_event", Whole),
        structured(
            "nesting without end",
            format!(r#"{{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{}"#, "[".repeat(5000)),
        )
        .expects(400, "invalid_event", Whole),
        invalid(with("no id", "id", ""), "/id"),
        invalid(with("no source", "source", ""), "/source"),
        invalid(with("no type", "type", ""), "/type"),
        invalid(with("no specversion", "specversion", ""), "/specversion"),
        invalid(with("a null id", "id", "null"), "/id"),
        invalid(with("an empty id", "id", "\"\""), "/id"),
        invalid(with("a number as id", "id", "7"), "/id"),
        invalid(with("an object as type", "type", "{}"), "/type"),
        invalid(with("an empty source", "source", "\"\""), "/source"),
        invalid(with("a source with a space", "source", "\"/a b\""), "/source"),
        invalid(with("specversion 0.3", "specversion", "\"0.3\""), "/specversion"),
        invalid(with("specversion 1.0.2", "specversion", "\"1.0.2\""), "/specversion"),
        invalid(with("specversion as a number", "specversion", "1.0"), "/specversion"),
        invalid(structured("a member twice", r#"{"specversion":"1.0","id":"1","id":"2","source":"/s","type":"t"}"#), "/id"),
    ]
}

fn attribute_cases() -> Vec<Case> {
    let invalid = |case: Case, pointer| case.expects(400, "invalid_event", Pointer(pointer));
    vec![
        invalid(with("an empty subject", "subject", "\"\""), "/subject"),
        invalid(with("a time without seconds", "time", "\"2026-01-01T10:00Z\""), "/time"),
        invalid(with("a time that is no time", "time", "\"lunchtime\""), "/time"),
        invalid(with("a deliverafter that is no time", "deliverafter", "\"tomorrow\""), "/deliverafter"),
        invalid(with("a deliverafter that is a number", "deliverafter", "60"), "/deliverafter"),
        invalid(with("a deliverafter too far ahead", "deliverafter", "\"2999-01-01T00:00:00Z\""), "/deliverafter"),
        binary("a deliverafter too far ahead in a header", "").header("ce-deliverafter", "2999-01-01T00:00:00Z").expects(
            400,
            "invalid_event",
            Header("ce-deliverafter"),
        ),
        invalid(with("a content type without a slash", "datacontenttype", "\"json\""), "/datacontenttype"),
        invalid(with("a relative schema", "dataschema", "\"schema.json\""), "/dataschema"),
        invalid(with("a capital in an attribute's name", "myExt", "\"x\""), "/myExt"),
        invalid(with("a dot in an attribute's name", "my.ext", "\"x\""), "/my.ext"),
        invalid(with("a slash in an attribute's name", "my/ext", "\"x\""), "/my~1ext"),
        invalid(with("an object as extension", "ext", "{}"), "/ext"),
        invalid(with("an array as extension", "ext", "[1]"), "/ext"),
        invalid(with("a fraction as extension", "ext", "1.5"), "/ext"),
        invalid(with("an integer beyond 32 bits", "ext", "2147483648"), "/ext"),
        invalid(with("a control character in an attribute", "subject", "\"a\\u0007b\""), "/subject"),
        invalid(with("a lone surrogate in an attribute", "subject", "\"\\ud800\""), "/subject"),
        invalid(with("data_base64 that is no base64", "data_base64", "\"%%%\""), "/data_base64"),
        invalid(with("data_base64 as a number", "data_base64", "7"), "/data_base64"),
        invalid(
            structured(
                "data and data_base64",
                r#"{"specversion":"1.0","id":"1","source":"/s","type":"t","data":1,"data_base64":"AA=="}"#,
            ),
            "/data_base64",
        ),
        invalid(
            structured(
                "an object as text/plain",
                r#"{"specversion":"1.0","id":"1","source":"/s","type":"t","datacontenttype":"text/plain","data":{}}"#,
            ),
            "/data",
        ),
    ]
}

fn binary_cases() -> Vec<Case> {
    let invalid = |case: Case, header| case.expects(400, "invalid_event", Header(header));
    vec![
        invalid(binary("no ce-id", "ce-id"), "ce-id"),
        invalid(binary("no ce-source", "ce-source"), "ce-source"),
        invalid(binary("no ce-type", "ce-type"), "ce-type"),
        invalid(binary("no ce-specversion", "ce-specversion"), "ce-specversion"),
        invalid(binary("ce-specversion 2.0", "ce-specversion").header("ce-specversion", "2.0"), "ce-specversion"),
        invalid(binary("an empty ce-id", "ce-id").header("ce-id", ""), "ce-id"),
        invalid(binary("ce-id twice", "").header("ce-id", "2"), "ce-id"),
        invalid(binary("ce-datacontenttype", "").header("ce-datacontenttype", "text/plain"), "ce-datacontenttype"),
        invalid(binary("ce-data", "").header("ce-data", "x"), "ce-data"),
        invalid(binary("a hyphen in an extension's name", "").header("ce-my-ext", "x"), "ce-my-ext"),
        invalid(binary("a percent sign that encodes nothing", "").header("ce-subject", "100%"), "ce-subject"),
        invalid(binary("an encoded control character", "").header("ce-subject", "a%0Ab"), "ce-subject"),
        invalid(binary("an overlong encoding", "").header("ce-subject", "%C0%A0"), "ce-subject"),
        invalid(binary("bytes that are no UTF-8 in a header", "").header("ce-subject", b"\xFF"), "ce-subject"),
        invalid(binary("a quote that does not end", "").header("ce-subject", "\"open"), "ce-subject"),
        invalid(binary("a ce-time that is no time", "").header("ce-time", "today"), "ce-time"),
    ]
}

fn batch_cases() -> Vec<Case> {
    let batch = |name, body: &str| case(name, "POST", "/v1/events").header("content-type", BATCHED).body(body);
    let good = r#"{"specversion":"1.0","id":"1","source":"/s","type":"t"}"#;
    let many = format!("[{}]", vec![good; 1001].join(","));
    vec![
        batch("a batch that is an object", good).expects(400, "invalid_event", Whole),
        batch("a batch that does not end", "[").expects(400, "invalid_event", Whole),
        batch("a batch with one bad event", &format!(r#"[{good},{{"specversion":"1.0","source":"/s","type":"t"}}]"#)).expects(
            400,
            "invalid_event",
            Pointer("/1/id"),
        ),
        batch("a batch with a number in it", &format!("[{good},7]")).expects(400, "invalid_event", Pointer("/1")),
        batch("a batch of two specversions", &format!(r#"[{good},{{"specversion":"0.9","id":"2","source":"/s","type":"t"}}]"#))
            .expects(400, "invalid_event", Pointer("/1/specversion")),
        batch("a batch of 1001 events", &many).expects(413, "too_many_events", Whole),
    ]
}

fn transport_cases() -> Vec<Case> {
    let event = r#"{"specversion":"1.0","id":"1","source":"/s","type":"t"}"#;
    let typed = |name, content_type: &str| case(name, "POST", "/v1/events").header("content-type", content_type).body(event);
    let large = format!(r#"{{"specversion":"1.0","id":"1","source":"/s","type":"t","data":"{}"}}"#, "x".repeat(1_100_000));
    vec![
        typed("plain JSON", "application/json").expects(415, "unsupported_media_type", Whole),
        typed("XML events", "application/cloudevents+xml").expects(415, "unsupported_media_type", Whole),
        typed("Avro batches", "application/cloudevents-batch+avro").expects(415, "unsupported_media_type", Whole),
        typed("another charset", "application/cloudevents+json; charset=utf-16").expects(415, "unsupported_media_type", Whole),
        case("no content type and no ce- headers", "POST", "/v1/events").body(event).expects(
            415,
            "unsupported_media_type",
            Whole,
        ),
        structured("a body over the limit", large).expects(413, "payload_too_large", Whole),
        case("reading where one posts", "PUT", "/v1/events").expects(405, "method_not_allowed", Whole),
        case("a path that does not exist", "GET", "/v1/event").expects(404, "not_found", Whole),
        case("a path outside the API", "GET", "/nothing/here").expects(404, "not_found", Whole),
    ]
}
