//! What a credential may do is what the document says of each operation.

use reqwest::Method;
use serde_json::{Value, json};

use super::event;
use super::isolation::sample_body;
use crate::support::client::Client;
use crate::support::contract::Contract;
use crate::support::server::on_both_databases;

const SCOPES: [&str; 7] =
    ["events:write", "events:read", "subscriptions:write", "subscriptions:read", "deliveries:write", "deliveries:read", "admin"];

/// A client whose key has exactly these scopes, in all tenants.
async fn with_scopes(client: &Client, scopes: &[&str]) -> Client {
    let body = json!({ "name": scopes.join(" "), "scopes": scopes, "reach": "all" });
    let made = client.post("/v1/api-keys", &body).await.expect(201);
    client.with_key(made["key"].as_str().unwrap())
}

/// An identifier that is none of anything, of the kind that a path asks for.
fn unused_id(path: &str) -> String {
    let kind = match path.split('/').nth(2) {
        Some("subscriptions") => "sub",
        Some("events") => "evt",
        Some("deliveries") => "dlv",
        Some("jobs") => "job",
        Some("producers") => "prd",
        Some("api-keys") => "key",
        _ => return "nobody".into(),
    };
    format!("{kind}_01h455vb4pex5vsknk084sn02q")
}

/// The scope that an operation needs.
fn needed(operation: &Value) -> Option<&str> {
    operation["security"][0]["bearer"][0].as_str()
}

on_both_databases!(each_operation_needs_its_scope_and_no_other, async |server| {
    let mut seen = 0;
    for scope in SCOPES {
        let others: Vec<&str> = SCOPES.into_iter().filter(|other| *other != scope && *other != "admin").collect();
        let (allowed, refused) = (with_scopes(&server.client, &[scope]).await, with_scopes(&server.client, &others).await);
        for (method, path, operation) in
            Contract::shared().operations().filter(|(.., operation)| needed(operation) == Some(scope))
        {
            let path = path.replace("{id}", &unused_id(path));
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let (headers, body) = sample_body(operation);
            let answer = refused.send(method.clone(), &path, headers, body.clone()).await;
            assert_eq!(answer.problem(403).0, "forbidden", "{method} {path} without {scope}");
            let answer = allowed.send(method.clone(), &path, headers, body).await;
            assert!(![401, 403].contains(&answer.status.as_u16()), "{method} {path} with {scope}: {}", answer.status);
            seen += 1;
        }
    }
    assert!(seen >= 35, "only {seen} operations name a scope");
});

on_both_databases!(posting_events_needs_its_scope, async |server| {
    let writer = with_scopes(&server.client, &["events:write"]).await;
    writer.post_event(&event("1")).await.expect(202);
    let reader = with_scopes(&server.client, &["events:read", "subscriptions:write", "deliveries:write"]).await;
    assert_eq!(reader.post_event(&event("2")).await.problem(403).0, "forbidden");
});
