//! Signatures with a key pair, as a receiver sees them: it asks for the public key and verifies what arrives by itself.

use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{event, subscribe};
use crate::support::client::Client;
use crate::support::server::on_both_databases;
use crate::support::sink::{Received, Sink};

fn asymmetric(sink: &str) -> Value {
    json!({ "sink": sink, "config": {
        "content_mode": "binary", "retry": { "schedule_ms": [0] },
        "signature": { "schemes": ["v1", "v1a"], "http_message": "ed25519" }
    } })
}

async fn public_keys(client: &Client, id: &str) -> Vec<(String, Vec<u8>)> {
    let answer = client.get(&format!("/v1/subscriptions/{id}/public-keys")).await.expect(200);
    let key = |row: &Value| {
        let text = row["public_key"].as_str().unwrap().strip_prefix("whpk_").unwrap();
        (row["key_id"].as_str().unwrap().to_owned(), STANDARD.decode(text).unwrap())
    };
    answer["data"].as_array().unwrap().iter().map(key).collect()
}

fn header<'a>(request: &'a Received, name: &str) -> &'a str {
    request.header(name).unwrap_or_else(|| panic!("{name} is not there"))
}

/// Whether one of the `v1a` signatures is this key's (Standard Webhooks 1.0.0).
fn v1a_holds(request: &Received, public: &[u8]) -> bool {
    let signed = [header(request, "webhook-id"), ".", header(request, "webhook-timestamp"), "."].concat();
    let signed = [signed.as_bytes(), &request.body[..]].concat();
    let given = header(request, "webhook-signature").split(' ').filter_map(|one| one.strip_prefix("v1a,"));
    given
        .map(|one| STANDARD.decode(one).unwrap())
        .any(|one| UnparsedPublicKey::new(&ED25519, public).verify(&signed, &one).is_ok())
}

/// Whether the message signature that names the key is its own (RFC 9421 section 3.2) and the body has the digest it covers.
fn message_holds(request: &Received, target: &str, key_id: &str, public: &[u8]) -> bool {
    let member = |name: &str, label: &str| -> Option<String> {
        let members = header(request, name).split(", ").filter_map(|member| member.split_once('='));
        members.filter(|(held, _)| *held == label).map(|(_, value)| value.to_owned()).next()
    };
    let keyid = format!("keyid=\"{key_id}\"");
    let Some(label) =
        ["wp", "wp2"].into_iter().find(|label| member("signature-input", label).is_some_and(|held| held.contains(&keyid)))
    else {
        return false;
    };
    let input = member("signature-input", label).unwrap();
    assert!(
        input.ends_with(";tag=\"waypost-delivery\"") && input.contains(";created=") && input.contains(";expires="),
        "{input}"
    );
    let (names, _) = input.strip_prefix('(').unwrap().split_once(')').unwrap();
    let mut base = String::new();
    for name in names.split(' ') {
        let value = match name.trim_matches('"') {
            "@method" => request.method.clone(),
            "@target-uri" => target.to_owned(),
            other => header(request, other).trim().to_owned(),
        };
        writeln!(base, "{name}: {value}").unwrap();
    }
    write!(base, "\"@signature-params\": {input}").unwrap();
    // Nothing of an attribute may stand outside.
    let attributes = request.headers.iter().filter(|(name, _)| name.to_ascii_lowercase().starts_with("ce-"));
    assert!(attributes.clone().count() >= 4 && attributes.clone().all(|(name, _)| names.contains(&name.to_ascii_lowercase())));
    let digest = format!("sha-256=:{}:", STANDARD.encode(digest(&SHA256, &request.body)));
    let signature = STANDARD.decode(member("signature", label).unwrap().trim_matches(':')).unwrap();
    digest == header(request, "content-digest")
        && UnparsedPublicKey::new(&ED25519, public).verify(base.as_bytes(), &signature).is_ok()
}

fn with_header(request: &Received, name: &str, value: &str) -> Received {
    let mut changed = request.clone();
    let held = changed.headers.iter_mut().find(|(held, _)| held.eq_ignore_ascii_case(name)).unwrap();
    value.clone_into(&mut held.1);
    changed
}

on_both_databases!(what_arrives_verifies_with_the_public_key_and_with_nothing_changed, async |server| {
    let client = &server.client;
    let sink = Sink::answering(204).await;
    let target = sink.url("/hooks?a=b");
    let id = subscribe(client, &asymmetric(&target)).await;
    let keys = public_keys(client, &id).await;
    assert_eq!(keys.len(), 1);
    let (key_id, public) = &keys[0];
    client.post_event(&event("1")).await.expect(202);
    let request = sink.wait_for(1).await.remove(0);

    assert!(v1a_holds(&request, public) && message_holds(&request, &target, key_id, public));
    let changed_body = Received { body: br#"{"number":2}"#[..].into(), ..request.clone() };
    assert!(!v1a_holds(&changed_body, public) && !message_holds(&changed_body, &target, key_id, public));
    // The attributes are out of reach of v1a, and within that of the message signature.
    let changed_type = with_header(&request, "ce-type", "com.example.other");
    assert!(v1a_holds(&changed_type, public) && !message_holds(&changed_type, &target, key_id, public));
    assert!(!message_holds(&request, &sink.url("/hooks"), key_id, public));
});

on_both_databases!(key_pairs_are_rotated_with_the_secrets_and_both_sign_meanwhile, async |server| {
    let client = &server.client;
    let sink = Sink::answering(204).await;
    let target = sink.url("/");
    let id = subscribe(client, &asymmetric(&target)).await;
    let rotate = format!("/v1/subscriptions/{id}/secrets/rotate");
    assert_eq!(client.post_empty(&rotate).await.expect(200)["data"].as_array().unwrap().len(), 2);
    let keys = public_keys(client, &id).await;
    assert_eq!(keys.len(), 2);
    client.post_event(&event("1")).await.expect(202);
    let request = sink.wait_for(1).await.remove(0);
    assert_eq!(header(&request, "webhook-signature").split(' ').count(), 4);
    for (key_id, public) in &keys {
        assert!(v1a_holds(&request, public) && message_holds(&request, &target, key_id, public));
    }
    client.post(&rotate, &json!({ "overlap_ms": 0 })).await.expect(200);
    let newest = public_keys(client, &id).await;
    assert!(newest.len() == 1 && !keys.contains(&newest[0]));
});

on_both_databases!(a_key_pair_is_made_when_it_is_first_asked_for, async |server| {
    let client = &server.client;
    let id = subscribe(client, &json!({ "sink": "https://sink.example/" })).await;
    let path = format!("/v1/subscriptions/{id}");
    assert!(public_keys(client, &id).await.is_empty());
    let on = json!({ "config": { "signature": { "schemes": ["v1", "v1a"] } } });
    let changed = client.patch(&path, &on).await.expect(200);
    assert_eq!(changed["config"]["signature"], json!({ "schemes": ["v1", "v1a"] }));
    let first = public_keys(client, &id).await;
    assert_eq!(first.len(), 1);
    client.patch(&path, &json!({ "description": "another" })).await.expect(200);
    assert_eq!(public_keys(client, &id).await, first);
    let off = client.patch(&path, &json!({ "config": { "signature": null } })).await.expect(200);
    assert_eq!(off["config"].get("signature"), None);
    assert!(public_keys(client, &id).await.is_empty());
    // A private key is shown nowhere.
    let shown = client.get(&format!("{path}/secrets")).await.expect(200);
    assert_eq!(shown["data"].as_array().unwrap().len(), 1);
    assert!(shown["data"][0]["secret"].as_str().unwrap().starts_with("whsec_"));
});

on_both_databases!(keys_from_elsewhere_are_taken_over_if_their_halves_agree, async |server| {
    const SEED: [u8; 32] = [7; 32];
    let client = &server.client;
    let id = subscribe(client, &asymmetric("https://sink.example/")).await;
    let rotate = format!("/v1/subscriptions/{id}/secrets/rotate");
    let text = |bytes: &[u8]| format!("whsk_{}", STANDARD.encode(bytes));
    client.post(&rotate, &json!({ "overlap_ms": 0, "key_pair": text(&SEED) })).await.expect(200);
    let short = public_keys(client, &id).await;
    let mut long = [&SEED[..], &short[0].1].concat();
    client.post(&rotate, &json!({ "overlap_ms": 0, "key_pair": text(&long) })).await.expect(200);
    assert_eq!(public_keys(client, &id).await, short);
    long[63] ^= 1;
    for (member, value) in [("key_pair", text(&long)), ("key_pair", text(&SEED[..31])), ("secret", "whsec_short".to_owned())] {
        let problem = client.post(&rotate, &json!({ member: value })).await.problem(400);
        assert_eq!(problem, ("invalid_request".to_owned(), format!("/{member}")));
    }
    let secret = format!("whsec_{}", STANDARD.encode([1; 24]));
    let rotated = client.post(&rotate, &json!({ "secret": secret })).await.expect(200);
    assert_eq!(rotated["data"][0]["secret"], secret);
    let plain = subscribe(client, &json!({ "sink": "https://sink.example/" })).await;
    let useless = client.post(&format!("/v1/subscriptions/{plain}/secrets/rotate"), &json!({ "key_pair": text(&SEED) })).await;
    assert_eq!(useless.problem(400).1, "/key_pair");
});
