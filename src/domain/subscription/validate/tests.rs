use super::*;
use crate::domain::clock::Timestamp;
use crate::domain::filter::Filter;
use crate::domain::retry::{RetryBackoff, Waits};
use crate::domain::secret::Secret;
use crate::domain::subscription::OnFailure;
use crate::domain::subscription::{MessageAlgorithm, Signing};

fn minimal() -> Spec {
    serde_json::from_value(serde_json::json!({"sink": "https://shop.example/hooks"})).unwrap()
}

fn pointers(spec: &Spec) -> Vec<String> {
    super::spec(spec).err().unwrap_or_default().into_iter().map(|(pointer, _)| pointer).collect()
}

fn headers(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn sinks_that_can_be_posted_to_pass() {
    for sink in ["https://shop.example", "http://127.0.0.1:8080/a?b=c", "https://[2001:db8::1]/x", "HTTPS://Shop.Example/%20"] {
        assert_eq!(spec(&Spec { sink: sink.to_owned(), ..minimal() }), Ok(()), "{sink}");
    }
}

#[test]
fn sinks_that_are_no_plain_http_url_are_refused() {
    let long = format!("https://shop.example/{}", "a".repeat(2048));
    for sink in [
        "",
        "/hooks",
        "shop.example/hooks",
        "ftp://shop.example",
        "http:shop.example",
        "https:///hooks",
        "https://user:word@shop.example/",
        "https://user@shop.example/",
        "https://@shop.example/",
        "https://shop.example/#part",
        "https://shop.example/a b",
        "https://shop.example/caf\u{e9}",
        "https:\\\\shop.example\\",
        " https://shop.example",
        "https://shop.example:99999/",
        &long,
    ] {
        assert_eq!(pointers(&Spec { sink: sink.to_owned(), ..minimal() }), ["/sink"], "{sink}");
    }
}

#[test]
fn types_and_source_are_bounded() {
    let spec = Spec { types: vec!["a".into(), String::new(), "b".repeat(1025)], source: Some("a b".into()), ..minimal() };
    assert_eq!(pointers(&spec), ["/source", "/types/1", "/types/2"]);
    assert_eq!(pointers(&Spec { types: vec!["a".into(); 101], source: Some(String::new()), ..minimal() }), ["/source", "/types"]);
    assert_eq!(pointers(&Spec { types: vec!["a".into(); 100], source: Some("/orders".into()), ..minimal() }), [""; 0]);
}

#[test]
fn headers_of_its_own_are_refused_to_waypost_and_http() {
    let mut settings = ProtocolSettings {
        headers: headers(&[
            ("Content-Type", "text/plain"),
            ("Host", "x"),
            ("Webhook-Id", "x"),
            ("bad name", "x"),
            ("ce-id", "x"),
            ("traceparent", "x"),
            ("x-b~/", "x"),
            ("x-line", "a\nb"),
            ("x-ok", "a\tb"),
        ]),
        method: Some("GET".into()),
    };
    let at_fault = [
        "/method",
        "/headers/Content-Type",
        "/headers/Host",
        "/headers/Webhook-Id",
        "/headers/bad name",
        "/headers/ce-id",
        "/headers/traceparent",
        "/headers/x-b~0~1",
        "/headers/x-line",
    ];
    let found = pointers(&Spec { protocolsettings: settings.clone(), ..minimal() });
    assert_eq!(found, at_fault.map(|pointer| format!("/protocolsettings{pointer}")));
    settings.method = Some("PUT".into());
    settings.headers = headers(&[("X-A", "1"), ("x-a", "2")]);
    let found = pointers(&Spec { protocolsettings: settings, ..minimal() });
    assert_eq!(found, ["/protocolsettings/headers/x-a"]);
}

#[test]
fn one_thing_authorises_a_request() {
    let token = |token: &str, kind: Option<&str>| Credential::AccessToken {
        accesstoken: Secret::new(token),
        accesstokenexpiresutc: Some(Timestamp::default()),
        accesstokentype: kind.map(str::to_owned),
    };
    let mut spec = Spec { sinkcredential: Some(token("abc", Some("Bearer"))), ..minimal() };
    assert_eq!(pointers(&spec), [""; 0]);
    spec.protocolsettings.headers = headers(&[("Authorization", "Basic x")]);
    assert_eq!(pointers(&spec), ["/sinkcredential"]);
    spec.protocolsettings.headers.clear();
    spec.sinkcredential = Some(token("a b", Some("mac")));
    assert_eq!(pointers(&spec), ["/sinkcredential/accesstoken", "/sinkcredential/accesstokentype"]);
    spec.sinkcredential = Some(Credential::Plain { identifier: "a:b".into(), secret: Secret::new("a\nb") });
    assert_eq!(pointers(&spec), ["/sinkcredential/identifier", "/sinkcredential/secret"]);
}

#[test]
fn labels_and_description_are_bounded() {
    let long = headers(&[("", "x"), ("a/b", &"x".repeat(513)), ("ok", "\u{e9}")]);
    let spec = Spec { description: Some("\u{e9}".repeat(1001)), metadata: long, ..minimal() };
    assert_eq!(pointers(&spec), ["/description", "/metadata/", "/metadata/a~1b"]);
    let many = (0..51).map(|number| (number.to_string(), String::new())).collect();
    assert_eq!(pointers(&Spec { metadata: many, ..minimal() }), ["/metadata"]);
    assert_eq!(pointers(&Spec { description: Some("\u{e9}".repeat(1000)), ..minimal() }), [""; 0]);
}

#[test]
fn delivery_policy_keeps_its_bounds() {
    let config = Config {
        timeout_ms: 99,
        max_concurrency: 0,
        retry: Waits::Exponential(RetryBackoff { multiplier: 0.0, ..RetryBackoff::default() }).into(),
        rate_limit: Some(RateLimit { per_second: f64::NAN, burst: 0 }),
        delay_ms: Config::MAX_DELAY_MS + 1,
        ordering: Ordering::By(OrderedBy { by: "Partition-Key".into(), on_failure: OnFailure::Skip }),
        ..Config::default()
    };
    let members = [
        "timeout_ms",
        "max_concurrency",
        "retry/multiplier",
        "delay_ms",
        "ordering/by",
        "rate_limit/per_second",
        "rate_limit/burst",
    ];
    assert_eq!(pointers(&Spec { config, ..minimal() }), members.map(|member| format!("/config/{member}")));
}

#[test]
fn filters_are_bounded_with_their_place() {
    let deep = (0..16).fold(Filter::Exact(headers(&[("type", "a")])), |inner, _| Filter::Not(Box::new(inner)));
    let spec = Spec { filters: vec![Filter::Exact(headers(&[("type", "a")])), deep], ..minimal() };
    assert_eq!(pointers(&spec), ["/filters/1"]);
}

#[test]
fn signatures_are_v1_at_least_and_own_their_headers() {
    let signed = |schemes: &[Scheme], http_message| {
        let signature = Signing { schemes: schemes.to_vec(), http_message };
        let settings = ProtocolSettings { headers: headers(&[("Signature", "x")]), method: None };
        pointers(&Spec { config: Config { signature, ..Config::default() }, protocolsettings: settings, ..minimal() })
    };
    assert_eq!(signed(&[Scheme::V1, Scheme::V1a], None), [""; 0]);
    assert_eq!(signed(&[Scheme::V1a], None), ["/config/signature/schemes"]);
    assert_eq!(signed(&[], None), ["/config/signature/schemes"]);
    assert_eq!(signed(&[Scheme::V1, Scheme::V1], None), ["/config/signature/schemes"]);
    assert_eq!(signed(&[Scheme::V1], Some(MessageAlgorithm::Ed25519)), ["/protocolsettings/headers/Signature"]);
}
