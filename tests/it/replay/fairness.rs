//! A replay of thousands starves nobody, whatever its rate: shown by what arrives before what, not by time.

use serde_json::{Value, json};

use super::{job, post, post_many, replay, subscribe, to, wait_for_job};
use crate::support::database::Kind;
use crate::support::server::TestServer;
use crate::support::sink::{Received, Reply, Sink};

const PAST: usize = 3000;

fn is_replayed(request: &Received) -> bool {
    request.header("waypost-replay").is_some()
}

/// A sink whose answers take a while, so that everything waits for its turn.
async fn slow() -> Sink {
    Sink::start(|_, _| {
        std::thread::sleep(std::time::Duration::from_millis(4));
        Reply::status(204)
    })
    .await
}

async fn live_events_are_not_starved(kind: Kind) {
    let server = TestServer::start_with(kind, |config| config.jobs.max_unattempted = 40).await;
    let client = &server.client;
    post_many(client, "past", "com.example.past", PAST).await;
    let (busy, other) = (slow().await, Sink::answering(204).await);
    let mut one_at_a_time = to(&busy.url("/"));
    one_at_a_time["config"]["max_concurrency"] = json!(1);
    let subscription = subscribe(client, &one_at_a_time).await;
    let mut other_body = to(&other.url("/"));
    other_body["types"] = json!(["com.example.live"]);
    subscribe(client, &other_body).await;
    let id = replay(client, &subscription, json!({ "rate_per_second": 1000 })).await;
    busy.wait_for(100).await;

    let mut behind = Vec::new();
    for number in 0..10 {
        let replayed_before = busy.received().iter().filter(|request| is_replayed(request)).count();
        let event = post(client, &format!("live-{number}"), "com.example.live").await;
        let is_it = |request: &Received| request.header("webhook-id") == Some(event.as_str());
        let place = loop {
            let received = busy.received();
            if let Some(place) = received.iter().position(is_it) {
                break received[..place].iter().filter(|request| is_replayed(request)).count();
            }
            assert!(received.len() < PAST, "the live event came behind the whole past");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        };
        behind.push(place - replayed_before);
        // The other subscription has it long before.
        other.wait_for(number + 1).await;
    }
    // Waiting for it: what the replay may have opened at once, and what it opened while the event was accepted.
    assert!(behind.iter().all(|count| *count <= 2 * 40), "live events waited behind so many replayed ones: {behind:?}");
    let still = job(client, &id).await;
    assert_eq!(still["state"], "running", "the replay was to be under way all the time: {still:#}");
    assert!(still["unattempted"].as_u64().unwrap() <= 40);
    client.post_empty(&format!("/v1/jobs/{id}/cancel")).await.expect(200);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_events_are_not_starved_by_a_replay_of_thousands_on_sqlite() {
    live_events_are_not_starved(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_events_are_not_starved_by_a_replay_of_thousands_on_postgres() {
    live_events_are_not_starved(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_to_a_sink_that_hangs_opens_two_seconds_of_its_rate_and_no_more() {
    let server = TestServer::start_with(Kind::Sqlite, |config| config.server.grace_period_ms = 100).await;
    let client = &server.client;
    post_many(client, "past", "com.example.past", 500).await;
    let sink = Sink::start(|_, _| Reply::Hang).await;
    let subscription = subscribe(client, &to(&sink.url("/"))).await;
    let id = replay(client, &subscription, json!({ "rate_per_second": 20 })).await;
    let full = |job: &Value| job["unattempted"] == 40;
    let first = wait_for_job(client, &id, full).await;
    let later = wait_for_job(client, &id, |job| job["updated_at"] != first["updated_at"]).await;
    let last = wait_for_job(client, &id, |job| job["updated_at"] != later["updated_at"]).await;
    assert_eq!((&last["progress"]["created"], &last["state"]), (&json!(40), &json!("running")));
    client.post_empty(&format!("/v1/jobs/{id}/cancel")).await.expect(200);
    server.stop().await;
}
