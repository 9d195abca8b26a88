//! Standard Webhooks: the libraries' vectors, and the Rust library as an independent verifier.

use http::{HeaderMap, HeaderValue};
use serde_json::Value;
use waypost::domain::clock::{Clock, SystemClock, Timestamp};
use waypost::domain::entropy::SystemEntropy;
use waypost::domain::signature::{SigningKey, generate_secret, sign, verify};

use super::{assert_only, cases, load, text};

const FILE: &str = "standard-webhooks.json";

#[test]
fn signatures_are_those_of_the_libraries() {
    let Some(document) = load(FILE) else { return };
    for (member, secret) in [("v1", "secret"), ("v1a", "secret_key")] {
        for case in cases(&document, member) {
            let key = SigningKey::parse(text(&case[secret])).unwrap();
            let seconds = case["timestamp"].as_i64().unwrap();
            let signature = sign(std::slice::from_ref(&key), text(&case["id"]), seconds, text(&case["payload"]).as_bytes());
            assert_eq!(signature, text(&case["signature"]), "{}", case["origin"]);
            assert_eq!(key.public_text().as_deref(), case["public_key"].as_str());
        }
    }
}

#[test]
fn private_key_may_come_without_its_public_half() {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let Some(document) = load(FILE) else { return };
    let case = &cases(&document, "v1a")[0];
    let mut bytes = STANDARD.decode(text(&case["secret_key"]).strip_prefix("whsk_").unwrap()).unwrap();
    let short = SigningKey::parse(&format!("whsk_{}", STANDARD.encode(&bytes[..32]))).unwrap();
    assert_eq!(short.public_text().as_deref(), case["public_key"].as_str());
    bytes[63] ^= 1;
    assert!(SigningKey::parse(&format!("whsk_{}", STANDARD.encode(&bytes))).is_err(), "halves that do not agree");
}

/// Whether a case's message verifies, its headers taken from the case it is based on.
fn verifies(document: &Value, case: &Value) -> bool {
    let base = &document["v1"][0];
    let secret = case["secret"].as_str().unwrap_or_else(|| text(&base["secret"]));
    let Ok(key) = SigningKey::parse(secret) else { return false };
    let timestamp = base["timestamp"].to_string();
    let header = |name: &str, value: &str| if case["drop"] == name { String::new() } else { value.to_owned() };
    let id = header("webhook-id", text(&base["id"]));
    let timestamp = header("webhook-timestamp", case["timestamp_header"].as_str().unwrap_or(&timestamp));
    let signature = header("webhook-signature", case["signature_header"].as_str().unwrap_or_else(|| text(&base["signature"])));
    let now = case["now"].as_i64().unwrap_or(base["timestamp"].as_i64().unwrap());
    let now = Timestamp::from_micros(now * 1_000_000);
    verify(&[key], &id, &timestamp, &signature, text(&base["payload"]).as_bytes(), now).is_ok()
}

#[test]
fn messages_verify_as_in_the_libraries() {
    let Some(document) = load(FILE) else { return };
    let expected = |case: &Value| case["ok"].as_bool().or(case["construct_ok"].as_bool()).unwrap();
    let differed: Vec<String> = cases(&document, "verify_cases")
        .iter()
        .filter(|case| verifies(&document, case) != expected(case))
        .map(|case| text(&case["name"]).to_owned())
        .collect();
    assert_only(&differed, &[]);
}

#[test]
fn secrets_are_read_as_in_the_libraries() {
    let Some(document) = load(FILE) else { return };
    let differed: Vec<String> = cases(&document, "secret_parse")
        .iter()
        .filter(|case| SigningKey::parse(text(&case["secret"])).is_ok() != case["ok"].as_bool().unwrap())
        .map(|case| text(&case["secret"]).to_owned())
        .collect();
    assert_only(&differed, &[]);
}

/// The library's headers for a message.
fn headers(id: &str, seconds: i64, signatures: &str) -> HeaderMap {
    let value = |text: &str| HeaderValue::from_str(text).unwrap();
    let named = [("webhook-id", value(id)), ("webhook-timestamp", seconds.into()), ("webhook-signature", value(signatures))];
    named.into_iter().map(|(name, value)| (http::HeaderName::from_static(name), value)).collect()
}

#[test]
fn the_rust_library_verifies_what_is_signed_here() {
    let (old, new) = (generate_secret(&SystemEntropy::new()), generate_secret(&SystemEntropy::new()));
    let keys = [&new, &old].map(|secret| SigningKey::parse(secret.expose()).unwrap());
    let (id, seconds, body) = ("evt_01h455vb4pex5vsknk084sn02q", SystemClock.now().as_seconds(), "{\"a\":\"\u{e9}\"}".as_bytes());
    let signatures = sign(&keys, id, seconds, body);
    for secret in [&old, &new] {
        let library = standardwebhooks::Webhook::new(secret.expose()).unwrap();
        library.verify(body, &headers(id, seconds, &signatures)).unwrap();
        assert!(library.verify(b"{}", &headers(id, seconds, &signatures)).is_err());
    }
}

#[test]
fn what_the_rust_library_signs_verifies_here() {
    let secret = generate_secret(&SystemEntropy::new());
    let now = SystemClock.now();
    let signature = standardwebhooks::Webhook::new(secret.expose()).unwrap().sign("msg_1", now.as_seconds(), b"{}").unwrap();
    let key = SigningKey::parse(secret.expose()).unwrap();
    let seconds = now.as_seconds().to_string();
    assert_eq!(verify(std::slice::from_ref(&key), "msg_1", &seconds, &signature, b"{}", now), Ok(()));
    assert!(verify(&[key], "msg_2", &seconds, &signature, b"{}", now).is_err());
}
