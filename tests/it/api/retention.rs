//! How long a tenant's events are kept, as it is said and as it comes about.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use waypost::domain::clock::{Clock, ManualClock, SystemClock};

use super::{event, eventually, post, subscribe, to};
use crate::support::database::Kind;
use crate::support::server::{TestServer, on_both_databases};
use crate::support::sink::Sink;

on_both_databases!(a_tenant_says_how_long_its_events_are_kept, async |server| {
    let client = &server.client;
    let said = json!({ "keep_ms": 604_800_000, "types": [{ "type": "audit.*", "keep_ms": 0 }, { "type": "x" }] });
    let made = client.post("/v1/tenants", &json!({ "name": "acme", "retention": said })).await.expect(201);
    assert_eq!(made["retention"], said);
    let described = client.patch("/v1/tenants/acme", &json!({ "description": "a customer" })).await.expect(200);
    assert_eq!((&described["retention"], &described["description"]), (&said, &json!("a customer")));
    let other = client.patch("/v1/tenants/acme", &json!({ "retention": { "keep_ms": 0 } })).await.expect(200);
    assert_eq!(other["retention"], json!({ "keep_ms": 0 }));
    assert_eq!(client.get("/v1/tenants/acme").await.expect(200), other);
    let nothing = client.patch("/v1/tenants/acme", &json!({ "retention": null, "description": null })).await.expect(200);
    assert!(nothing.get("retention").is_none() && nothing.get("description").is_none(), "{nothing}");
    client.patch("/v1/tenants/default", &json!({ "retention": { "keep_ms": 1000 } })).await.expect(200);
    assert_eq!(client.patch("/v1/tenants/nobody", &json!({})).await.problem(404).0, "not_found");
});

on_both_databases!(what_is_wrong_with_a_retention_is_named, async |server| {
    let client = &server.client;
    for (retention, pointer) in [
        (json!({ "keep_ms": 999 }), "/retention/keep_ms"),
        (json!({ "keep_ms": -1 }), "/retention/keep_ms"),
        (json!({ "keep_ms": 315_360_000_001_u64 }), "/retention/keep_ms"),
        (json!({ "keep": 1 }), "/retention/keep"),
        (json!({ "data_ms": 1 }), "/retention/data_ms"),
        (json!({ "types": [{ "type": "a", "data_ms": 999 }] }), "/retention/types/0/data_ms"),
        (json!({ "types": [{ "keep_ms": 1000 }] }), "/retention/types/0/type"),
        (json!({ "types": [{ "type": "a" }, { "type": "a*b" }] }), "/retention/types/1/type"),
        (json!({ "types": [{ "type": "a" }, { "type": "b", "keep_ms": 1 }] }), "/retention/types/1/keep_ms"),
    ] {
        let (code, place) = client.patch("/v1/tenants/default", &json!({ "retention": retention })).await.problem(400);
        assert_eq!((code.as_str(), place.as_str()), ("invalid_request", pointer), "{retention}");
        let new = json!({ "name": "acme", "retention": retention });
        assert_eq!(client.post("/v1/tenants", &new).await.problem(400).1, pointer, "{retention}");
    }
    assert!(client.get("/v1/tenants/default").await.expect(200).get("retention").is_none());
});

on_both_databases!(a_tenants_own_administrator_does_not_say_it, async |server| {
    let client = &server.client;
    let key = client.post("/v1/api-keys", &json!({ "name": "own", "scopes": ["admin"] })).await.expect(201);
    let own = client.with_key(key["key"].as_str().unwrap());
    let refused = own.patch("/v1/tenants/default", &json!({ "retention": { "keep_ms": 0 } })).await;
    assert_eq!(refused.problem(403).0, "forbidden");
});

/// Asks until something is gone.
async fn goes(server: &TestServer, path: &str) {
    for _ in 0..1000 {
        if server.client.get(path).await.status == 404 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{path} is still there");
}

async fn what_is_too_old_goes(kind: Kind) {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let server = TestServer::start_at(kind, Arc::clone(&clock) as _, |config| config.retention.interval_ms = 100).await;
    let client = &server.client;
    let sink = Sink::answering(204).await;
    subscribe(client, &to(&sink.url("/"))).await;
    let old = post(client, "1").await;
    let is_delivered = |body: &Value| body["deliveries"][0]["state"] == "delivered";
    let seen = eventually(client, &format!("/v1/events/{old}"), is_delivered).await;
    let delivery = seen["deliveries"][0]["id"].as_str().unwrap().to_owned();

    client.patch("/v1/tenants/default", &json!({ "retention": { "keep_ms": 3_600_000 } })).await.expect(200);
    clock.advance(Duration::from_mins(30));
    let young = post(client, "2").await;
    eventually(client, &format!("/v1/events/{young}"), is_delivered).await;
    clock.advance(Duration::from_mins(31));
    goes(&server, &format!("/v1/events/{old}")).await;
    assert_eq!(client.get(&format!("/v1/deliveries/{delivery}")).await.problem(404).0, "not_found");
    assert_eq!(client.post(&format!("/v1/deliveries/{delivery}/redeliver"), &json!({})).await.problem(404).0, "not_found");
    client.get(&format!("/v1/events/{young}")).await.expect(200);
    let again = client.post_event(&event("1")).await.expect(202);
    assert_eq!((&again["duplicate"], &again["id"]), (&json!(true), &json!(old)), "its key is remembered");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_old_goes_on_sqlite() {
    what_is_too_old_goes(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_old_goes_on_postgres() {
    what_is_too_old_goes(Kind::Postgres).await;
}

async fn data_goes_before_its_event(kind: Kind) {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let server = TestServer::start_at(kind, Arc::clone(&clock) as _, |config| config.retention.interval_ms = 100).await;
    let client = &server.client;
    let sink = Sink::answering(204).await;
    subscribe(client, &to(&sink.url("/"))).await;
    let id = post(client, "1").await;
    let path = format!("/v1/events/{id}");
    let seen = eventually(client, &path, |body| body["deliveries"][0]["state"] == "delivered").await;
    assert!(seen.get("data").is_some() && seen.get("data_expired_at").is_none(), "{seen}");
    let delivery = seen["deliveries"][0]["id"].as_str().unwrap().to_owned();

    client.patch("/v1/tenants/default", &json!({ "retention": { "data_ms": 3_600_000 } })).await.expect(200);
    clock.advance(Duration::from_mins(61));
    let left = eventually(client, &path, |body| body.get("data_expired_at").is_some()).await;
    assert!(left.get("data").is_none() && left["attributes"] == seen["attributes"], "{left}");
    assert_eq!(left["deliveries"], seen["deliveries"]);
    let list = client.get("/v1/events").await.expect(200);
    assert_eq!(list["data"][0]["data_expired_at"], left["data_expired_at"]);
    assert_eq!(client.get(&format!("{path}/cloudevent")).await.problem(409).0, "data_expired");
    assert_eq!(client.post(&format!("/v1/deliveries/{delivery}/redeliver"), &json!({})).await.problem(409).0, "data_expired");
    client.get(&format!("{path}/explain")).await.expect(200);
    assert_eq!(sink.received().len(), 1, "nothing is sent without its data");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_goes_before_its_event_on_sqlite() {
    data_goes_before_its_event(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_goes_before_its_event_on_postgres() {
    data_goes_before_its_event(Kind::Postgres).await;
}
