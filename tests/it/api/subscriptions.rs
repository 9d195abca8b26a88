//! The life of a subscription.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{event, eventually, subscribe, to};
use crate::support::server::on_both_databases;
use crate::support::sink::{Reply, Sink};

const TOKEN: &str = "token-that-nobody-sees";

/// A body with every member.
fn full() -> Value {
    json!({
        "id": "mine", "sink": "https://shop.example/hooks", "protocol": "HTTP", "source": "/orders",
        "types": ["com.example.order.created"],
        "filters": [{ "prefix": { "subject": "eu-" } }, { "not": { "any": [{ "exact": { "type": "x" } }] } }],
        "protocolsettings": { "headers": { "X-Env": "prod" }, "method": "PUT" },
        "sinkcredential": { "credentialtype": "ACCESSTOKEN", "accesstoken": TOKEN },
        "description": "orders to the shop", "metadata": { "team": "shop" },
        "config": {
            "content_mode": "binary", "format": "protobuf", "timeout_ms": 2000, "max_concurrency": 3,
            "retry": { "initial_interval_ms": 100, "multiplier": 2.0, "max_interval_ms": 1000, "jitter": 0.5, "max_attempts": 4 },
            "rate_limit": { "per_second": 50.0, "burst": 100 }
        }
    })
}

on_both_databases!(what_was_created_is_read_changed_and_deleted, async |server| {
    let client = &server.client;
    let answer = client.post("/v1/subscriptions", &full()).await;
    let location = answer.header("location").unwrap().to_owned();
    let created = answer.expect(201);
    let path = format!("/v1/subscriptions/{}", created["id"].as_str().unwrap());
    assert_eq!(location, path);
    assert!(created["secret"].as_str().unwrap().starts_with("whsec_"));
    for member in ["sink", "protocol", "source", "types", "filters", "protocolsettings", "description", "metadata", "config"] {
        assert_eq!(created[member], full()[member], "{member}");
    }
    let read = client.get(&path).await.expect(200);
    assert_eq!(read["status"], "active");

    let replaced = client.put(&path, &json!({ "sink": "https://other.example/" })).await.expect(200);
    assert_eq!((&replaced["sink"], &replaced["types"]), (&json!("https://other.example/"), &json!([])));
    assert_eq!(replaced["created_at"], read["created_at"]);
    assert!(replaced["updated_at"].as_str() > read["updated_at"].as_str());

    assert_eq!(client.delete(&path).await.expect(200), replaced);
    assert_eq!(client.get(&path).await.problem(404).0, "not_found");
    assert_eq!(client.delete(&path).await.problem(404).0, "not_found");
    assert_eq!(client.patch(&path, &json!({})).await.problem(404).0, "not_found");
});

on_both_databases!(numbers_in_filters_keep_every_digit_through_every_change, async |server| {
    let client = &server.client;
    let condition = r#"{"data":{"/n":{"gte":12345678901234567890124.50}}}"#;
    let body = format!(r#"{{"sink":"https://shop.example/","filters":[{condition}]}}"#);
    let json = [("content-type", "application/json")];
    let created = client.send(Method::POST, "/v1/subscriptions", &json, body.clone()).await.expect(201);
    let path = format!("/v1/subscriptions/{}", created["id"].as_str().unwrap());
    let shown = async || String::from_utf8(client.get(&path).await.body.to_vec()).unwrap();
    assert!(shown().await.contains(condition));
    client.patch(&path, &json!({ "description": "more" })).await.expect(200);
    assert!(shown().await.contains(condition) && shown().await.contains("more"));
    client
        .send(Method::PATCH, &path, &json, r#"{"filters":[{"data":{"/n":0.10000000000000000000000000001}}]}"#)
        .await
        .expect(200);
    assert!(shown().await.contains(r#"{"data":{"/n":{"eq":0.10000000000000000000000000001}}}"#));
    client.send(Method::PUT, &path, &json, body).await.expect(200);
    assert!(shown().await.contains(condition) && !shown().await.contains("more"));
});

on_both_databases!(secrets_are_shown_where_that_is_the_purpose_and_nowhere_else, async |server| {
    let client = &server.client;
    let created = client.post("/v1/subscriptions", &full()).await.expect(201);
    let (path, secret) = (format!("/v1/subscriptions/{}", created["id"].as_str().unwrap()), created["secret"].as_str().unwrap());
    assert!(!created.to_string().contains(TOKEN));
    assert_eq!(created["sinkcredential"], json!({ "credentialtype": "ACCESSTOKEN" }));
    let mut answers = vec![client.get("/v1/subscriptions").await, client.get(&path).await];
    answers.push(client.patch(&path, &json!({ "description": "x" })).await);
    answers.push(client.put(&path, &json!({ "sink": "http://127.0.0.1:9/" })).await);
    answers.push(client.post_empty(&format!("{path}/pause")).await);
    answers.push(client.post_empty(&format!("{path}/resume")).await);
    answers.push(client.post_empty(&format!("{path}/test")).await);
    answers.push(client.post_empty(&format!("{path}/verify")).await);
    answers.push(client.delete(&path).await);
    for answer in answers {
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        assert!(answer.status.is_success() && !text.contains(secret) && !text.contains(TOKEN), "{text}");
    }
});

on_both_databases!(what_was_read_may_be_written_back, async |server| {
    let sink = Sink::answering(204).await;
    let client = &server.client;
    let body = json!({ "sink": sink.url("/"), "sinkcredential": { "credentialtype": "ACCESSTOKEN", "accesstoken": TOKEN } });
    let id = subscribe(client, &body).await;
    let path = format!("/v1/subscriptions/{id}");
    let mut read = client.get(&path).await.expect(200);
    read["description"] = json!("written back");
    let written = client.put(&path, &read).await.expect(200);
    assert_eq!(written["description"], "written back");
    // The credential was kept although nobody was shown it.
    client.post_event(&event("1")).await.expect(202);
    let received = sink.wait_for(1).await;
    assert_eq!(received[0].header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));

    for (member, value) in [("status", json!("paused")), ("id", json!("sub_01h455vb4pex5vsknk084sn02q")), ("secret", json!("x"))]
    {
        let mut changed = read.clone();
        changed[member] = value;
        assert_eq!(client.put(&path, &changed).await.problem(400).1, format!("/{member}"));
    }
});

on_both_databases!(merge_patch_changes_what_it_names, async |server| {
    let client = &server.client;
    let path = format!("/v1/subscriptions/{}", subscribe(client, &full()).await);
    let change = json!({
        "source": null, "types": ["b"], "metadata": { "team": null, "tier": "1" }, "config": { "timeout_ms": 3000, "rate_limit": null }
    });
    let headers = [("content-type", "application/merge-patch+json")];
    let changed = client.send(Method::PATCH, &path, &headers, change.to_string()).await.expect(200);
    assert_eq!(changed.get("source"), None);
    assert_eq!((&changed["types"], &changed["metadata"]), (&json!(["b"]), &json!({ "tier": "1" })));
    assert_eq!((&changed["config"]["timeout_ms"], changed["config"].get("rate_limit")), (&json!(3000), None));
    assert_eq!(changed["config"]["max_concurrency"], 3);
    let kind = json!({ "config": { "retry": {
        "schedule_ms": [0, 10], "initial_interval_ms": null, "multiplier": null, "max_interval_ms": null, "max_attempts": null
    } } });
    let changed = client.patch(&path, &kind).await.expect(200);
    assert_eq!(changed["config"]["retry"], json!({ "schedule_ms": [0, 10], "jitter": 0.5 }));

    let named = json!({ "config": { "retry": { "policy": "knative", "schedule_ms": null, "jitter": null, "permanent_statuses": [503] } } });
    let changed = client.patch(&path, &named).await.expect(200);
    let expected = json!({
        "policy": "knative", "initial_interval_ms": 200, "multiplier": 2.0, "max_interval_ms": 86_400_000, "jitter": 1.0,
        "max_attempts": 11, "permanent_statuses": [503],
    });
    assert_eq!(changed["config"]["retry"], expected);
    // Knative's spelling is read, and is one member with ours.
    for (sink, spelling) in [
        ("https://a.example/", "deadLetterSink"),
        ("https://b.example/", "dead_letter_sink"),
        ("https://c.example/", "deadLetterSink"),
    ] {
        let changed = client.patch(&path, &json!({ "config": { spelling: sink } })).await.expect(200);
        assert_eq!(changed["config"]["dead_letter_sink"], sink);
    }
    let none = client.patch(&path, &json!({ "config": { "deadLetterSink": null } })).await.expect(200);
    assert_eq!(none["config"].get("dead_letter_sink"), None);
    let changed = client.patch(&path, &kind).await.expect(200);

    for (patch, pointer) in [
        (json!({ "sink": null }), "/sink"),
        (json!({ "sink": "nowhere" }), "/sink"),
        (json!({ "colour": "red" }), "/colour"),
        (json!({ "status": "paused" }), "/status"),
        (json!({ "config": { "timeout_ms": "long" } }), "/config/timeout_ms"),
        (json!({ "config": { "retry": { "max_attempts": 3 } } }), "/config/retry"),
        (json!(["sink"]), ""),
    ] {
        let problem = client.patch(&path, &patch).await.problem(400);
        assert_eq!(problem, ("invalid_request".to_owned(), pointer.to_owned()), "{patch}");
    }
    let after = client.get(&path).await.expect(200);
    assert_eq!(after["updated_at"], changed["updated_at"], "a refused patch changed something");
});

on_both_databases!(simultaneous_patches_are_all_kept, async |server| {
    let client = &server.client;
    let path = format!("/v1/subscriptions/{}", subscribe(client, &to("https://sink.example/")).await);
    let mut patches = JoinSet::new();
    for number in 0..4 {
        let (client, path) = (client.clone(), path.clone());
        patches.spawn(async move {
            let change = json!({ "metadata": { format!("k{number}"): "v" } });
            client.patch(&path, &change).await.expect(200);
        });
    }
    patches.join_all().await;
    let read = client.get(&path).await.expect(200);
    let names: BTreeSet<&str> = read["metadata"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(["k0", "k1", "k2", "k3"]));
});

on_both_databases!(rotated_secrets_sign_along_for_their_overlap, async |server| {
    let client = &server.client;
    let created = client.post("/v1/subscriptions", &to("https://sink.example/")).await.expect(201);
    let path = format!("/v1/subscriptions/{}/secrets", created["id"].as_str().unwrap());
    let first = client.get(&path).await.expect(200);
    assert_eq!(first["data"][0]["secret"], created["secret"]);

    let rotate = format!("{path}/rotate");
    let second = client.post_empty(&rotate).await.expect(200);
    assert_eq!(second["data"].as_array().unwrap().len(), 2);
    assert_ne!(second["data"][0]["secret"], created["secret"]);
    assert_eq!(second["data"][1]["secret"], created["secret"]);
    assert!(second["data"][0].get("expires_at").is_none() && second["data"][1].get("expires_at").is_some());

    let third = client.post(&rotate, &json!({ "overlap_ms": 0 })).await.expect(200);
    assert_eq!(third["data"].as_array().unwrap().len(), 1);
    assert_eq!(client.post(&rotate, &json!({ "overlap_ms": 2_592_000_001_u64 })).await.problem(400).1, "/overlap_ms");
    assert_eq!(client.post(&rotate, &json!({ "overlap": 0 })).await.problem(400).1, "/overlap");
    for _ in 0..4 {
        client.post_empty(&rotate).await.expect(200);
    }
    assert_eq!(client.post_empty(&rotate).await.problem(409).0, "conflict");
});

on_both_databases!(paused_subscription_collects_and_resumed_one_delivers, async |server| {
    let sink = Sink::answering(204).await;
    let client = &server.client;
    let id = subscribe(client, &to(&sink.url("/"))).await;
    let path = format!("/v1/subscriptions/{id}");
    for _ in 0..2 {
        assert_eq!(client.post_empty(&format!("{path}/pause")).await.expect(200)["status"], "paused");
    }
    assert_eq!(client.post_event(&event("1")).await.expect(202)["deliveries"], 1);
    let waiting = client.get(&format!("/v1/deliveries?subscription_id={id}")).await.expect(200);
    assert_eq!(waiting["data"][0]["state"], "pending");
    assert_eq!(client.post_empty(&format!("{path}/resume")).await.expect(200)["status"], "active");
    sink.wait_for(1).await;
});

on_both_databases!(disabled_subscription_is_resumed, async |server| {
    let sink = Sink::start(|number, _| Reply::status(if number == 0 { 410 } else { 204 })).await;
    let client = &server.client;
    let path = format!("/v1/subscriptions/{}", subscribe(client, &to(&sink.url("/"))).await);
    client.post_event(&event("1")).await.expect(202);
    let disabled = eventually(client, &path, |body| body["status"] == "disabled").await;
    assert_eq!(disabled["disabled_reason"], "gone");
    assert_eq!(client.post_empty(&format!("{path}/pause")).await.problem(409).0, "conflict");
    let resumed = client.post_empty(&format!("{path}/resume")).await.expect(200);
    assert_eq!((&resumed["status"], resumed.get("disabled_reason")), (&json!("active"), None));
    client.post_event(&event("2")).await.expect(202);
    sink.wait_for(2).await;
});

on_both_databases!(test_shows_the_whole_exchange, async |server| {
    let sink = Sink::start(|_, _| Reply::Answer(503, vec![("x-reason", "lunch".into())], "later".into())).await;
    let client = &server.client;
    let body = json!({ "sink": sink.url("/hook"), "filters": [{ "exact": { "type": "never" } }] });
    let id = subscribe(client, &body).await;
    let result = client.post_empty(&format!("/v1/subscriptions/{id}/test")).await.expect(200);
    assert_eq!((&result["verdict"], &result["error_class"]), (&json!("retry"), &json!("server")));
    assert_eq!((&result["response"]["status"], &result["response"]["body"]), (&json!(503), &json!("later")));
    assert!(result["response"]["headers"].as_array().unwrap().contains(&json!({ "name": "x-reason", "value": "lunch" })));
    assert!(result["duration_ms"].as_f64().unwrap() > 0.0);

    let received = sink.wait_for(1).await.remove(0);
    assert_eq!(result["request"]["body"].as_str().unwrap().as_bytes(), received.body);
    let sent: Value = serde_json::from_slice(&received.body).unwrap();
    assert_eq!((&sent["type"], &sent["data"]["subscription_id"]), (&json!("com.waypost.test"), &json!(id)));
    assert!(received.header("webhook-signature").is_some());
    assert_eq!(client.get("/v1/events").await.expect(200)["data"], json!([]), "nothing is stored");

    let nobody = subscribe(client, &to("http://127.0.0.1:9/")).await;
    let result = client.post_empty(&format!("/v1/subscriptions/{nobody}/test")).await.expect(200);
    assert_eq!((&result["error_class"], result.get("response")), (&json!("connect"), None));
});

on_both_databases!(verify_asks_the_sink, async |server| {
    let sink = Sink::start(|_, request| {
        let origin = request.header("webhook-request-origin").unwrap_or_default().to_owned();
        Reply::Answer(200, vec![("webhook-allowed-origin", origin), ("webhook-allowed-rate", "120".into())], "".into())
    });
    let sink = sink.await;
    let client = &server.client;
    let id = subscribe(client, &to(&sink.url("/"))).await;
    let result = client.post_empty(&format!("/v1/subscriptions/{id}/verify")).await.expect(200);
    assert_eq!((&result["is_allowed"], &result["allowed_rate"]), (&json!(true), &json!(120)));
    assert_eq!(result["subscription"]["status"], "active");
    assert_eq!(sink.received()[0].method, "OPTIONS");
});

on_both_databases!(options_tell_what_can_be_done, async |server| {
    for (path, allow) in
        [("/v1/subscriptions", "GET, POST, OPTIONS"), ("/v1/subscriptions/x", "GET, PUT, PATCH, DELETE, OPTIONS")]
    {
        let answer = server.client.anonymous().send(Method::OPTIONS, path, &[], "").await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (204, Some(allow)));
    }
});

on_both_databases!(a_sink_in_trouble_is_shown_until_it_is_mended, async |server| {
    let (client, sink) = (&server.client, Sink::answering(500).await);
    let config = json!({
        "breaker": { "consecutive_failures": 2, "open_ms": 60000 },
        "retry": { "schedule_ms": [0, 0, 0, 0, 0], "jitter": 0.0 }, "max_concurrency": 1
    });
    let created = client.post("/v1/subscriptions", &json!({ "sink": sink.url("/"), "config": config })).await.expect(201);
    assert_eq!((&created["config"]["breaker"], &created["health"]), (&config["breaker"], &Value::Null));
    let path = format!("/v1/subscriptions/{}", created["id"].as_str().unwrap());
    client.post_event(&event("1")).await.expect(202);
    let shown = eventually(client, &path, |read| read["health"]["state"] == "open").await;
    let health = &shown["health"];
    assert_eq!((&health["failure_count"], &health["last_status"]), (&json!(2), &json!(500)));
    assert!(health["retry_at"].as_str() > health["failing_since"].as_str());
    let listed = client.get("/v1/subscriptions").await.expect(200);
    assert!(listed["data"].as_array().unwrap().iter().any(|one| one["health"] == *health));
    // What was read may be written back, and a change that leaves the sink alone leaves its trouble too.
    assert_eq!(client.put(&path, &shown).await.expect(200)["health"]["state"], "open");
    let moved = client.patch(&path, &json!({ "sink": sink.url("/other") })).await.expect(200);
    assert_eq!(moved["health"], Value::Null);
    let tried = sink.received().len();
    sink.wait_for(tried + 1).await;
});
