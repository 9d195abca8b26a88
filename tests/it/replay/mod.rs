//! Replays from end to end: over the API, on both databases, with a sink that sees what arrives.

mod choosing;
mod crashing;
mod fairness;
mod holding;
mod refusing;
mod wire;

use std::time::Duration;

use serde_json::{Value, json};
use waypost::domain::clock::{Clock, SystemClock};

use crate::support::client::Client;

/// A moment before everything in these tests.
pub(crate) fn long_ago() -> String {
    SystemClock.now().minus(Duration::from_hours(1)).to_string()
}

/// A subscription's body: events whose type begins with `com.example.`, one attempt only.
fn to(sink: &str) -> Value {
    json!({
        "sink": sink,
        "filters": [{ "prefix": { "type": "com.example." } }],
        "config": { "retry": { "schedule_ms": [0] } },
    })
}

async fn subscribe(client: &Client, body: &Value) -> String {
    client.post("/v1/subscriptions", body).await.expect(201)["id"].as_str().unwrap().to_owned()
}

/// Posts an event of a type and gives its identifier.
async fn post(client: &Client, id: &str, event_type: &str) -> String {
    let event = json!({ "specversion": "1.0", "id": id, "source": "/tests", "type": event_type, "data": { "id": id } });
    client.post_event(&event).await.expect(202)["id"].as_str().unwrap().to_owned()
}

/// Posts many events of one type in batches.
async fn post_many(client: &Client, prefix: &str, event_type: &str, count: usize) {
    let event = |number: usize| json!({ "specversion": "1.0", "id": format!("{prefix}-{number}"), "source": "/tests", "type": event_type });
    let headers = [("content-type", "application/cloudevents-batch+json")];
    let events: Vec<Value> = (0..count).map(event).collect();
    for batch in events.chunks(500) {
        let body = serde_json::to_vec(batch).unwrap();
        client.send(reqwest::Method::POST, "/v1/events", &headers, body).await.expect(202);
    }
}

/// Asks for a replay with these members beside `after`, and gives the answer with this status.
async fn ask(client: &Client, subscription: &str, members: Value, status: u16) -> Value {
    let mut body = json!({ "after": long_ago() });
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    client.post(&format!("/v1/subscriptions/{subscription}/replay"), &body).await.expect(status)
}

/// Starts a replay and gives its identifier.
async fn replay(client: &Client, subscription: &str, members: Value) -> String {
    ask(client, subscription, members, 202).await["id"].as_str().unwrap().to_owned()
}

async fn job(client: &Client, id: &str) -> Value {
    client.get(&format!("/v1/jobs/{id}")).await.expect(200)
}

/// Waits until a job is as it should be.
async fn wait_for_job(client: &Client, id: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    eventually(client, &format!("/v1/jobs/{id}"), is_so).await
}

/// Waits until a job has come to its end, which must be `state`.
async fn ended(client: &Client, id: &str, state: &str) -> Value {
    let job = wait_for_job(client, id, |job| !["running", "paused"].contains(&job["state"].as_str().unwrap())).await;
    assert_eq!(job["state"], state, "{job:#}");
    assert!(job["finished_at"].is_string());
    job
}

/// Asks until `is_so`, for some seconds at most.
async fn eventually(client: &Client, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    let asking = async {
        loop {
            let body = client.get(path).await.expect(200);
            if is_so(&body) {
                return body;
            }
            last = body;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(30), asking).await;
    found.unwrap_or_else(|_| panic!("{path} did not come to be as expected: {last:#}"))
}

/// Waits until so many deliveries to a subscription are in a state.
async fn wait_for_state(client: &Client, subscription: &str, state: &str, count: usize) {
    let path = format!("/v1/deliveries?limit=250&subscription_id={subscription}&state={state}");
    eventually(client, &path, |page| page["data"].as_array().unwrap().len() == count).await;
}

/// Waits until nothing is on its way to a subscription any more.
async fn settled(client: &Client, subscription: &str) {
    for state in ["pending", "in_flight"] {
        wait_for_state(client, subscription, state, 0).await;
    }
}
