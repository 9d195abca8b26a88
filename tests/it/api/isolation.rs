//! A tenant can't see or touch another's things, whatever the operation.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use super::{event, eventually, subscribe, to};
use crate::replay::long_ago;
use crate::support::client::Client;
use crate::support::contract::Contract;
use crate::support::server::on_both_databases;

/// A body that an operation understands, if it takes one.
pub(super) fn sample_body(operation: &Value) -> (&'static [(&'static str, &'static str)], String) {
    let body = match operation["operationId"].as_str().unwrap() {
        "create_subscription" | "replace_subscription" => json!({ "sink": "https://sink.example/" }),
        "replay_subscription" => json!({ "after": long_ago() }),
        "update_subscription" | "update_tenant" => json!({ "description": "changed" }),
        "create_producer" | "update_producer" | "create_tenant" => json!({ "name": "changed" }),
        "preview_subscription" => json!({ "subscription": {} }),
        "explain_any_event" => json!({ "event": event("1") }),
        "create_api_key" => json!({ "name": "changed", "scopes": ["events:read"] }),
        _ => return (&[], String::new()),
    };
    (&[("content-type", "application/json")], body.to_string())
}

/// A new tenant and its own administrator.
async fn tenant(client: &Client, name: &str) -> Client {
    client.post("/v1/tenants", &json!({ "name": name })).await.expect(201);
    let body = json!({ "name": "its administrator", "scopes": ["admin"] });
    let made = client.in_tenant(name).post("/v1/api-keys", &body).await.expect(201);
    assert_eq!((&made["reach"], &made["tenant"]), (&json!("tenant"), &json!(name)));
    client.with_key(made["key"].as_str().unwrap())
}

/// One of everything, by the beginning of its path.
async fn one_of_everything(client: &Client) -> BTreeMap<&'static str, String> {
    let id = |answer: Value| answer["id"].as_str().unwrap().to_owned();
    let subscription = subscribe(client, &to("http://127.0.0.1:9/")).await;
    client.post_empty(&format!("/v1/subscriptions/{subscription}/pause")).await.expect(200);
    let event = id(client.post_event(&event("1")).await.expect(202));
    let deliveries = client.get(&format!("/v1/deliveries?event_id={event}")).await.expect(200);
    let key = json!({ "name": "a key", "scopes": ["events:read"] });
    let replay = json!({ "after": long_ago(), "rate_per_second": 0.1 });
    let job = id(client.post(&format!("/v1/subscriptions/{subscription}/replay"), &replay).await.expect(202));
    // It ends by itself, after which nothing of it changes any more.
    eventually(client, &format!("/v1/jobs/{job}"), |job| job["state"] == "completed").await;
    BTreeMap::from([
        ("/v1/jobs", job),
        ("/v1/deliveries", id(deliveries["data"][0].clone())),
        ("/v1/subscriptions", subscription),
        ("/v1/events", event),
        ("/v1/producers", id(client.post("/v1/producers", &json!({ "name": "a producer" })).await.expect(201))),
        ("/v1/api-keys", id(client.post("/v1/api-keys", &key).await.expect(201))),
        ("/v1/tenants", "alpha".to_owned()),
    ])
}

/// What the owner sees of everything.
async fn seen(owner: &Client, things: &BTreeMap<&'static str, String>) -> Vec<Value> {
    let mut seen = vec![owner.get("/v1/api-keys").await.expect(200)];
    for (path, id) in things.iter().filter(|(path, _)| **path != "/v1/api-keys") {
        seen.push(owner.get(&format!("{path}/{id}")).await.expect(200));
    }
    seen
}

on_both_databases!(another_tenants_things_are_not_found, async |server| {
    let (owner, stranger) = (tenant(&server.client, "alpha").await, tenant(&server.client, "beta").await);
    let things = one_of_everything(&owner).await;
    let before = seen(&owner, &things).await;
    let mut tried = 0;
    for (method, path, operation) in Contract::shared().operations() {
        let Some((_, id)) = things.iter().find(|(beginning, _)| path.starts_with(&format!("{beginning}/{{id}}"))) else {
            continue;
        };
        if method == "OPTIONS" {
            continue;
        }
        let (headers, body) = sample_body(operation);
        let path = path.replace("{id}", id);
        let answer = stranger.send(Method::from_bytes(method.as_bytes()).unwrap(), &path, headers, body).await;
        // Tenants are not made or deleted by who belongs to one: that is told before it is looked for.
        let expected = if path.starts_with("/v1/tenants") && method != "GET" { 403 } else { 404 };
        assert_eq!(answer.status.as_u16(), expected, "{method} {path}: {}", String::from_utf8_lossy(&answer.body));
        tried += 1;
    }
    assert!(tried >= 20, "only {tried} operations were tried");
    assert_eq!(seen(&owner, &things).await, before, "a stranger changed something");
});

on_both_databases!(lists_show_the_own_tenant_only, async |server| {
    let (owner, stranger) = (tenant(&server.client, "alpha").await, tenant(&server.client, "beta").await);
    one_of_everything(&owner).await;
    for path in ["/v1/subscriptions", "/v1/events", "/v1/deliveries", "/v1/dead-letters", "/v1/jobs", "/v1/producers"] {
        assert_eq!(stranger.get(path).await.expect(200)["data"], json!([]), "{path}");
    }
    let names = |answer: Value, member: &str| -> Vec<String> {
        answer["data"].as_array().unwrap().iter().map(|row| row[member].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(stranger.get("/v1/tenants").await.expect(200), "name"), ["beta"]);
    assert_eq!(names(stranger.get("/v1/api-keys").await.expect(200), "tenant"), ["beta"]);
    assert_eq!(stranger.get("/v1/stats").await.expect(200)["waiting"]["count"], 0);
    assert_eq!(stranger.delete("/v1/dead-letters?all=true&dry_run=true").await.expect(200)["count"], 0);
});

on_both_databases!(a_tenants_administrator_stays_in_its_tenant, async |server| {
    let bound = tenant(&server.client, "alpha").await;
    assert_eq!(bound.post("/v1/tenants", &json!({ "name": "gamma" })).await.problem(403).0, "forbidden");
    let for_all = json!({ "name": "k", "scopes": ["events:read"], "reach": "all" });
    assert_eq!(bound.post("/v1/api-keys", &for_all).await.problem(403).0, "forbidden");
    assert_eq!(bound.in_tenant("default").get("/v1/events").await.problem(403).0, "forbidden");
});
