//! Delays outlive the node that accepted, and another one keeps them.

use std::time::Duration;

use serde_json::{Value, json};
use waypost::domain::clock::{Clock, SystemClock, Timestamp};

use super::{arrived_at, assert_on_time, event, id_of};
use crate::support::database::{Database, Kind};
use crate::support::process::{KEY, Process};
use crate::support::sink::Sink;

async fn post(base: &str, path: &str, content_type: &str, body: &Value) {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let request = http.post(format!("{base}{path}")).bearer_auth(KEY).header("content-type", content_type);
    let response = request.body(body.to_string()).send().await.expect("the node answers");
    assert!(response.status().is_success(), "{}", response.text().await.unwrap_or_default());
}

/// Posts many events, each held back until another moment, and gives what these are.
async fn post_delayed(base: &str, count: u64, first_ms: u64) -> impl Fn(&str) -> Timestamp + use<> {
    let begun = SystemClock.now();
    let due = move |id: &str| begun.plus(Duration::from_millis(first_ms + id.parse::<u64>().expect("a number") * 37 % 2500));
    let events: Vec<Value> = (0..count).map(|number| event(&number.to_string(), Some(due(&number.to_string())))).collect();
    post(base, "/v1/events", "application/cloudevents-batch+json", &json!(events)).await;
    due
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_keeps_the_delays_of_events_that_another_one_accepted() {
    let database = Database::create(Kind::Postgres).await;
    let sink = Sink::answering(204).await;
    let api = Process::start(database.url(), &[("WAYPOST_ROLE", "api")]);
    let dispatcher = Process::start(database.url(), &[("WAYPOST_ROLE", "dispatcher")]);
    post(api.base(), "/v1/subscriptions", "application/json", &json!({ "sink": sink.url("/") })).await;
    let due = post_delayed(api.base(), 100, 1500).await;
    let requests = sink.wait_for(100).await;
    let late = requests.iter().map(|request| arrived_at(request).since(due(&id_of(request)))).max();
    eprintln!("the latest of {} came {late:?} after it was due", requests.len());
    for request in requests {
        assert_on_time(&request, due(&id_of(&request)));
    }
    assert_eq!((api.stop(), dispatcher.stop()), (0, 0));
}

/// A node is killed while it holds events back; the next one keeps their delays.
async fn survive(kind: Kind) {
    let database = Database::create(kind).await;
    let sink = Sink::answering(204).await;
    let node = Process::start(database.url(), &[]);
    post(node.base(), "/v1/subscriptions", "application/json", &json!({ "sink": sink.url("/") })).await;
    let due = post_delayed(node.base(), 50, 4000).await;
    node.kill();
    let node = Process::start(database.url(), &[]);
    for request in sink.wait_for(50).await {
        assert_on_time(&request, due(&id_of(&request)));
    }
    assert_eq!(node.stop(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delays_outlive_a_kill_on_sqlite() {
    survive(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delays_outlive_a_kill_on_postgres() {
    survive(Kind::Postgres).await;
}
