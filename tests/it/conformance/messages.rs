//! HTTP Message Signatures: the examples of RFC 9421 appendix B, through the code that signs deliveries.

use serde_json::Value;
use waypost::domain::signature::SigningKey;
use waypost::domain::signature::message::{Parameters, content_digest, sign};

use super::{cases, load, text};

/// The key of a case, from the document's forms into those of Standard Webhooks.
fn key(document: &Value, case: &Value) -> (SigningKey, String) {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let id = if case["alg"] == "ed25519" { "test-key-ed25519" } else { "test-shared-secret" };
    let held = &document["keys"][id];
    let half = |name: &str| URL_SAFE_NO_PAD.decode(text(&held[name])).unwrap();
    let text = held
        .as_str()
        .map_or_else(|| format!("whsk_{}", STANDARD.encode([half("d"), half("x")].concat())), |shared| format!("whsec_{shared}"));
    (SigningKey::parse(&text).unwrap(), id.to_owned())
}

#[test]
fn message_signatures_are_those_of_rfc_9421() {
    let Some(document) = load("rfc9421.json") else { return };
    for case in cases(&document, "cases") {
        let base = text(&case["signature_base"]);
        // The components as the example covers them; the last line is what is made here.
        let components: Vec<(&str, &str)> = base
            .lines()
            .filter(|line| !line.starts_with("\"@signature-params\""))
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.trim_matches('"'), value))
            .collect();
        let (key, id) = key(&document, case);
        let parameters = Parameters { created: 1_618_884_473, expires: None, key_id: &id, tag: None };
        let signed = sign(&key, &components, &parameters);
        let label = text(&case["signature_input"]).split_once('=').unwrap().0;
        assert_eq!(format!("{label}={}", signed.input), text(&case["signature_input"]), "{}", case["id"]);
        assert_eq!(format!("{label}={}", signed.signature), text(&case["signature"]), "{}", case["id"]);
    }
}

#[test]
fn content_digests_are_those_of_rfc_9530() {
    let Some(document) = load("rfc9421.json") else { return };
    let body = text(&document["request"]["body"]);
    assert_eq!(content_digest(body.as_bytes()), text(&document["content_digest"]["sha-256"]));
}
