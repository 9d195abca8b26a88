//! The API over a real socket on both databases. Every answer is held against the document by the client.

mod administration;
mod bulk;
mod cesql;
mod deliveries;
mod document;
mod explain;
mod isolation;
mod lists;
mod pages;
mod preview;
mod retention;
mod scopes;
mod session;
mod signing;
mod stats;
mod subscriptions;
mod tail;

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::client::Client;

/// A subscription's body: any event, one attempt only, to `sink`.
fn to(sink: &str) -> Value {
    json!({ "sink": sink, "config": { "retry": { "schedule_ms": [0] } } })
}

/// An event whose `id` is `id`.
fn event(id: &str) -> Value {
    json!({ "specversion": "1.0", "id": id, "source": "/tests", "type": "com.example.test", "data": { "number": 1 } })
}

/// Creates a subscription and gives its identifier.
async fn subscribe(client: &Client, body: &Value) -> String {
    client.post("/v1/subscriptions", body).await.expect(201)["id"].as_str().unwrap().to_owned()
}

/// Posts an event and gives its identifier.
async fn post(client: &Client, id: &str) -> String {
    client.post_event(&event(id)).await.expect(202)["id"].as_str().unwrap().to_owned()
}

/// Asks until `is_so`, for some seconds at most.
async fn eventually(client: &Client, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let asking = async {
        loop {
            let body = client.get(path).await.expect(200);
            if is_so(&body) {
                return body;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asking)
        .await
        .unwrap_or_else(|_| panic!("{path} did not come to be as expected"))
}
