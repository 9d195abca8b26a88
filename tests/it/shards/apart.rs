//! Every family of resources, of a tenant on each database.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use waypost::domain::clock::{Clock, SystemClock};
use waypost::domain::handshake::Policy;

use super::{Databases, EVENTUALLY, Node, event, on_two_databases, until};
use crate::support::client::Client;
use crate::support::sink::{Reply, Sink};

const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3";

fn id(body: &Value) -> String {
    body["id"].as_str().unwrap().to_owned()
}

/// Subscriptions and their secrets, as their owner sees them. Gives the one that works and the one whose sink refuses.
async fn subscribes(client: &Client, good: &Sink, bad: &Sink) -> [String; 2] {
    let created = client.post("/v1/subscriptions", &json!({ "sink": good.url("/good"), "types": ["t"] })).await.expect(201);
    let good = id(&created);
    let config = json!({ "retry": { "max_attempts": 1 } });
    let bad = json!({ "sink": bad.url("/bad"), "types": ["t"], "config": config });
    let bad = id(&client.post("/v1/subscriptions", &bad).await.expect(201));
    let path = format!("/v1/subscriptions/{good}");
    client.get(&path).await.expect(200);
    client.patch(&path, &json!({ "description": "changed" })).await.expect(200);
    client.post_empty(&format!("{path}/pause")).await.expect(200);
    client.post_empty(&format!("{path}/resume")).await.expect(200);
    client.post_empty(&format!("{path}/secrets/rotate")).await.expect(200);
    assert_eq!(client.get(&format!("{path}/secrets")).await.expect(200)["data"].as_array().unwrap().len(), 2);
    client.get(&format!("{path}/public-keys")).await.expect(200);
    client.post_empty(&format!("{path}/test")).await.expect(200);
    assert_eq!(client.get("/v1/subscriptions").await.expect(200)["data"].as_array().unwrap().len(), 2);
    let seen = json!({ "subscription": { "types": ["t"] }, "last": 10 });
    client.post("/v1/subscriptions/preview", &seen).await.expect(200);
    [good, bad]
}

/// A producer that signs, and an event that comes by it.
async fn produces(client: &Client) {
    let producer = client.post("/v1/producers", &json!({ "name": "shop", "secrets": [SECRET] })).await.expect(201);
    let path = format!("/v1/producers/{}", id(&producer));
    client.get(&path).await.expect(200);
    let (body, now) = (event("signed").to_string(), SystemClock.now().as_seconds());
    let signature = Webhook::new(SECRET).unwrap().sign("m1", now, body.as_bytes()).unwrap();
    let now = now.to_string();
    let headers = [
        ("content-type", "application/cloudevents+json"),
        ("webhook-id", "m1"),
        ("webhook-timestamp", now.as_str()),
        ("webhook-signature", signature.as_str()),
    ];
    let posted = client.anonymous().send(Method::POST, &format!("{path}/events"), &headers, body).await.expect(202);
    assert_eq!(posted["deliveries"], 2);
    client.patch(&path, &json!({ "name": "other" })).await.expect(200);
}

/// Events, what became of them, and mending it. Three events come in all.
async fn uses(client: &Client, good: &Sink, bad: &Sink) {
    let [good_id, bad_id] = subscribes(client, good, bad).await;
    produces(client).await;
    let posted = client.post_event(&event("one")).await.expect(202);
    assert_eq!(client.post_event(&event("one")).await.expect(202)["duplicate"], true);
    let batch = json!([event("two")]).to_string();
    let headers = [("content-type", "application/cloudevents-batch+json")];
    client.send(Method::POST, "/v1/events", &headers, batch).await.expect(202);
    let path = format!("/v1/events/{}", id(&posted));
    assert_eq!(client.get(&path).await.expect(200)["deliveries"].as_array().unwrap().len(), 2);
    client.get(&format!("{path}/cloudevent")).await.expect(200);
    client.get(&format!("{path}/explain")).await.expect(200);
    client.post("/v1/explain", &json!({ "event": event("never") })).await.expect(200);
    assert_eq!(client.get("/v1/events").await.expect(200)["data"].as_array().unwrap().len(), 3);

    let delivered = format!("/v1/deliveries?state=delivered&subscription_id={good_id}");
    let delivered = until(client, &delivered, "delivered", |seen| seen["data"].as_array().unwrap().len() == 3).await;
    let dead = format!("/v1/dead-letters?subscription_id={bad_id}");
    until(client, &dead, "dead", |seen| seen["data"].as_array().unwrap().len() == 3).await;
    client.get("/v1/dead-letters?group_by=subscription,reason").await.expect(200);
    let delivery = format!("/v1/deliveries/{}", id(&delivered["data"][0]));
    assert_eq!(client.get(&delivery).await.expect(200)["attempts"].as_array().unwrap().len(), 1);
    client.post_empty(&format!("{delivery}/redeliver")).await.expect(200);
    until(client, &delivery, "redelivered", |seen| seen["attempts"].as_array().unwrap().len() == 2).await;
    assert_eq!(client.post_empty("/v1/dead-letters/redrive").await.expect(200)["count"], 3);
    until(client, &dead, "dead again", |seen| seen["data"].as_array().unwrap().len() == 3).await;
    client.post_empty("/v1/deliveries/cancel?all=true").await.expect(200);

    let range = json!({ "after": SystemClock.now().minus(Duration::from_mins(1)).to_string(), "only": "all" });
    let job = client.post(&format!("/v1/subscriptions/{good_id}/replay"), &range).await.expect(202);
    let job = format!("/v1/jobs/{}", id(&job));
    until(client, &job, "replayed", |seen| seen["state"] == "completed").await;
    until(client, "/v1/stats?window=1h", "counted", |seen| seen["accepted_count"] == 3).await;
    client.get("/v1/stats/subscriptions?window=1h").await.expect(200);
}

on_two_databases!(every_familys_rows_lie_in_the_tenants_database_alone, async |databases: Databases| {
    let node = databases.start().await;
    let (good, bad) = (Sink::answering(204).await, Sink::answering(400).await);
    let (at_home, beside) = (node.tenant("at-home", 0).await, node.tenant("beside", 1).await);
    // All on the second database first: nothing may be at home then.
    uses(&beside, &good, &bad).await;
    let own = ["subscriptions", "producers", "events", "event_keys", "deliveries", "attempts", "jobs", "subscription_revisions"];
    let mut expected = Vec::new();
    for table in own {
        // The keys of events are written late on SQLite.
        let count = databases.count(table).await;
        assert_eq!(count[0], 0, "{table}");
        assert!(count[1] > 0 || table == "event_keys", "{table}");
        expected.push(count[1]);
    }
    uses(&at_home, &good, &bad).await;
    for (table, before) in own.into_iter().zip(expected) {
        let count = databases.count(table).await;
        assert!(table == "event_keys" || count[1] == before, "{table}: {count:?}, {before} before");
        assert!(table == "event_keys" || count[0] > 0, "{table}: {count:?}");
    }
    for line in ["waypost_subscriptions{status=\"active\"} 4", "waypost_deliveries{state=\"dead_lettered\"} 6"] {
        sums(&node, line).await;
    }
    // What belongs to the installation is at home.
    let key = json!({ "name": "k", "scopes": ["events:read", "events:write"] });
    let key = node.client.in_tenant("beside").post("/v1/api-keys", &key).await.expect(201);
    let own_key = Client::new(format!("http://{}", node.app.address()), key["key"].as_str().unwrap());
    assert_eq!(own_key.get("/v1/events").await.expect(200)["data"].as_array().unwrap().len(), 3);
    assert_eq!((databases.count("api_keys").await, databases.count("pins").await), (vec![2, 0], vec![2, 0]));
    // Neither sees what is the other's, and what is asked for by its identifier is not found elsewhere.
    let events = beside.get("/v1/events").await.expect(200);
    at_home.get(&format!("/v1/events/{}", id(&events["data"][0]))).await.expect(404);
    node.stop().await;
});

/// Waits until the metrics show the databases together.
async fn sums(node: &Node, line: &str) {
    let began = Instant::now();
    loop {
        let text = String::from_utf8(node.client.get("/metrics").await.body.to_vec()).unwrap();
        if text.lines().any(|shown| shown == line) {
            return;
        }
        assert!(began.elapsed() < EVENTUALLY, "{line} is not among {text}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

on_two_databases!(secrets_open_and_work_goes_on_after_a_restart, async |databases: Databases| {
    let node = databases.start().await;
    let sink = Sink::start(|number, _| Reply::status(if number == 0 { 500 } else { 204 })).await;
    let client = node.tenant("beside", 1).await;
    let config = json!({ "retry": { "schedule_ms": [0, 1500] } });
    let body = json!({ "sink": sink.url("/"), "config": config });
    let created = client.post("/v1/subscriptions", &body).await.expect(201);
    let secrets = client.get(&format!("/v1/subscriptions/{}/secrets", id(&created))).await.expect(200);
    client.post_event(&event("one")).await.expect(202);
    sink.wait_for(1).await;
    node.stop().await;

    let node = databases.start().await;
    let client = node.client.in_tenant("beside");
    assert_eq!(client.get(&format!("/v1/subscriptions/{}/secrets", id(&created))).await.expect(200), secrets);
    let received = sink.wait_for(2).await;
    let headers = received[1].headers.iter().filter(|(name, _)| name.starts_with("webhook-"));
    let headers = headers.map(|(name, value)| {
        (
            reqwest::header::HeaderName::from_bytes(name.as_bytes()).unwrap(),
            value.parse::<reqwest::header::HeaderValue>().unwrap(),
        )
    });
    let webhook = Webhook::new(created["secret"].as_str().unwrap()).unwrap();
    webhook.verify(&received[1].body, &headers.collect()).expect("it is signed with the same secret");
    node.stop().await;
});

on_two_databases!(a_sink_that_agrees_later_is_found_in_its_database, async |databases: Databases| {
    let mut config = databases.config();
    config.handshake.policy = Policy::Required;
    config.handshake.origin = "waypost.example".into();
    config.server.public_url = "https://hooks.example.com/".into();
    let node = Node::start(config).await.unwrap();
    let sink = Sink::answering(200).await;
    let client = node.tenant("beside", 1).await;
    let created = client.post("/v1/subscriptions", &json!({ "sink": sink.url("/") })).await.expect(201);
    let told = sink.wait_for(1).await[0].header("webhook-request-callback").expect("a callback is offered").to_owned();
    let path = told.strip_prefix("https://hooks.example.com").unwrap();
    node.client.anonymous().post_empty(&format!("{}x", &path[..path.len() - 1])).await.expect(404);
    node.client.anonymous().post_empty(path).await.expect(200);
    let seen = client.get(&format!("/v1/subscriptions/{}", id(&created))).await.expect(200);
    assert_eq!(seen["status"], "active");
    assert_eq!(databases.count("handshakes").await, [0, 1]);
    node.stop().await;
});
