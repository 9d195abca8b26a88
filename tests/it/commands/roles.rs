//! Roles: who serves the API and who delivers.

use std::time::Duration;

use serde_json::json;

use crate::support::database::{Database, Kind};
use crate::support::process::{KEY, Process};
use crate::support::sink::Sink;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_api_node_accepts_a_dispatcher_node_delivers() {
    let database = Database::create(Kind::Postgres).await;
    let sink = Sink::answering(204).await;
    let api = Process::start(database.url(), &[("WAYPOST_ROLE", "api")]);
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let post = async |path: &str, content_type: &str, body: serde_json::Value| {
        let request = http.post(format!("{}{path}", api.base())).bearer_auth(KEY).header("content-type", content_type);
        request.body(body.to_string()).send().await.expect("the node answers").status().as_u16()
    };
    let subscription = json!({ "sink": sink.url("/"), "types": ["split"] });
    assert_eq!(post("/v1/subscriptions", "application/json", subscription).await, 201);
    let event = json!({ "specversion": "1.0", "id": "1", "source": "/roles", "type": "split", "data": 1 });
    assert_eq!(post("/v1/events", "application/cloudevents+json", event).await, 202);
    tokio::time::timeout(Duration::from_millis(300), sink.wait_for(1)).await.expect_err("nobody delivers yet");

    let dispatcher = Process::start(database.url(), &[("WAYPOST_ROLE", "dispatcher")]);
    assert_eq!(sink.wait_for(1).await.len(), 1);

    for (path, expected) in [("/livez", 200), ("/readyz", 200), ("/metrics", 200), ("/v1/events", 404), ("/docs", 404)] {
        let answer = http.get(format!("{}{path}", dispatcher.base())).bearer_auth(KEY).send().await.expect("the node answers");
        assert_eq!(answer.status().as_u16(), expected, "{path}");
    }
    assert_eq!((api.stop(), dispatcher.stop()), (0, 0));
}
