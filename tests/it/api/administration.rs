//! Tenants, API keys and producers.

use serde_json::{Value, json};

use super::{event, subscribe, to};
use crate::support::server::on_both_databases;

/// 32 bytes in base64, after the prefix.
const OWN_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw7DzyNGuJ0aQ=";

on_both_databases!(tenant_is_created_used_and_deleted, async |server| {
    let client = &server.client;
    let body = json!({ "name": "acme", "description": "a customer" });
    let answer = client.post("/v1/tenants", &body).await;
    assert_eq!(answer.header("location"), Some("/v1/tenants/acme"));
    let created = answer.expect(201);
    assert_eq!(client.post("/v1/tenants", &body).await.problem(409).0, "conflict");
    assert_eq!(client.get("/v1/tenants/acme").await.expect(200), created);
    let inside = client.in_tenant("acme");
    let subscription = subscribe(&inside, &to("https://sink.example/")).await;
    assert_eq!(client.delete("/v1/tenants/acme").await.problem(409).0, "conflict");
    inside.delete(&format!("/v1/subscriptions/{subscription}")).await.expect(200);
    client.delete("/v1/tenants/acme").await.expect(204);
    assert_eq!(client.get("/v1/tenants/acme").await.problem(404).0, "not_found");
    assert_eq!(inside.get("/v1/events").await.problem(404).0, "tenant_not_found");
    assert_eq!(client.delete("/v1/tenants/default").await.problem(409).0, "conflict");
});

on_both_databases!(api_key_works_until_it_is_revoked, async |server| {
    let client = &server.client;
    let body = json!({ "name": "reader", "scopes": ["events:read", "events:read"], "expires_at": "2999-01-01T00:00:00Z" });
    let made = client.post("/v1/api-keys", &body).await.expect(201);
    let key = made["key"].as_str().unwrap();
    assert_eq!((&made["scopes"], &made["reach"]), (&json!(["events:read"]), &json!("tenant")));
    assert!(key.starts_with("wp_") && key.ends_with(made["hint"].as_str().unwrap()));
    let reader = client.with_key(key);
    reader.get("/v1/events").await.expect(200);
    let listed = client.get("/v1/api-keys").await.expect(200);
    assert!(!listed.to_string().contains(key));
    assert_eq!(listed["data"][0]["id"], made["id"]);
    let path = format!("/v1/api-keys/{}", made["id"].as_str().unwrap());
    client.delete(&path).await.expect(204);
    assert_eq!(reader.get("/v1/events").await.problem(401).0, "unauthenticated");
    assert_eq!(client.delete(&path).await.problem(404).0, "not_found");

    for (body, pointer) in [
        (json!({ "scopes": ["admin"] }), "/name"),
        (json!({ "name": "k", "scopes": [] }), "/scopes"),
        (json!({ "name": "k", "scopes": ["admin", "root"] }), "/scopes/1"),
        (json!({ "name": "k", "scopes": ["admin"], "expires_at": "2001-01-01T00:00:00Z" }), "/expires_at"),
        (json!({ "name": "k", "scopes": ["admin"], "tenant": "x" }), "/tenant"),
    ] {
        assert_eq!(client.post("/v1/api-keys", &body).await.problem(400).1, pointer, "{body}");
    }
});

on_both_databases!(producer_keeps_its_secrets_to_itself, async |server| {
    let client = &server.client;
    let made = client.post("/v1/producers", &json!({ "name": "shop" })).await.expect(201);
    let secret = made["secrets"][0].as_str().unwrap().to_owned();
    let path = format!("/v1/producers/{}", made["id"].as_str().unwrap());
    assert_eq!(made["path"], format!("{path}/events"));
    assert_eq!(client.get(&format!("{path}/secrets")).await.expect(200), json!({ "data": [secret] }));

    let patched = client.patch(&path, &json!({ "name": "the shop", "secrets": [OWN_SECRET, secret] })).await.expect(200);
    assert_eq!(patched["name"], "the shop");
    assert_eq!(client.get(&format!("{path}/secrets")).await.expect(200), json!({ "data": [OWN_SECRET, secret] }));
    let shown = [client.get("/v1/producers").await.expect(200), client.get(&path).await.expect(200), patched];
    for answer in shown.iter().map(Value::to_string) {
        assert!(!answer.contains("whsec_"), "{answer}");
    }
    for (patch, pointer) in [
        (json!({ "secrets": [] }), "/secrets"),
        (json!({ "secrets": [OWN_SECRET, "whsec_AA"] }), "/secrets/1"),
        (json!({ "name": "" }), "/name"),
        (json!({ "kind": "standard_webhooks" }), "/kind"),
    ] {
        assert_eq!(client.patch(&path, &patch).await.problem(400).1, pointer, "{patch}");
    }
    client.delete(&path).await.expect(204);
    assert_eq!(client.get(&path).await.problem(404).0, "not_found");
});

on_both_databases!(bodies_are_held_to_type_and_size, async |server| {
    let client = &server.client;
    let send = async |content_type: &str, body: String| {
        client.send(reqwest::Method::POST, "/v1/subscriptions", &[("content-type", content_type)], body).await
    };
    assert_eq!(send("text/plain", "{}".into()).await.problem(415), ("unsupported_media_type".into(), "Content-Type".into()));
    assert_eq!(send("application/json", "{\"sink\":".into()).await.problem(400).0, "invalid_request");
    let large = json!({ "sink": "https://sink.example/", "description": "x".repeat(300_000) }).to_string();
    assert_eq!(send("application/json", large).await.problem(413).0, "payload_too_large");
    client.post_event(&event("1")).await.expect(202);
});
